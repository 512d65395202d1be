//! Tables that JSON has by column, as pandas and the services that take its tables write them:
//! `{"user": {"0": "mosei"}}` and `{"columns": ["user"], "data": [["mosei"]]}`.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memrchr;

use crate::matching::blocks::few::Few;
use crate::matching::keys::parts::part_of;
use crate::matching::keys::users::speaks_of_users;
use crate::matching::views::spelling::reading::Reading;
use crate::matching::views::written::heads::{Name, speaking};
use crate::matching::work;

/// How a column begins whose rows are numbered; how the heads of a table begin, and its rows.
const SIGNS: [&[u8]; 3] = [COLUMN, HEADS, ROWS];
const COLUMN: &[u8] = b"{\"0\":";
const HEADS: &[u8] = b"\"columns\":";
const ROWS: &[u8] = b"\"data\":";

static FEW: LazyLock<Few> = LazyLock::new(|| Few::new(&SIGNS));

/// Cells that are read of the tables in a window.
const CELLS_MAX: usize = 1 << 20;

/// Columns of a table.
const COLUMNS_MAX: usize = 1 << 10;

/// Bytes of the head of a column.
const HEAD_BYTES_MAX: usize = 80;

/// Bytes of a list or an object in a cell, which is passed over.
const NESTED_BYTES_MAX: usize = 8 << 10;

/// The tables that are open at some place in a stream.
#[derive(Clone, Debug, Default)]
pub struct Frames {
    /// Heads of which the rows are to come.
    heads: Vec<Name>,
    open: Option<Open>,
}

/// A table that goes on.
#[derive(Clone, Debug)]
struct Open {
    table: Table,
    /// Where its next row begins, from the end of the part.
    next: isize,
}

#[derive(Clone, Debug)]
enum Table {
    /// A column of this name, of which the rows are numbered.
    Column(String),
    /// Rows below these heads.
    Rows(Vec<Name>),
}

/// A cell that speaks of a person.
struct Cell {
    /// What all cells that speak of the same one have alike.
    row: (bool, usize),
    /// The number of its head.
    head: usize,
    range: Range<usize>,
}

/// What tables say of people.
#[derive(Default)]
struct Said {
    heads: Vec<String>,
    cells: Vec<Cell>,
}

/// What is said of people in such tables, in the rows that begin in a part of a window or reach
/// into it; `None` where there are none. The tables are those at the end of the part then.
pub fn rows(window: &[u8], part: &Range<usize>, frames: &mut Frames) -> Option<Reading> {
    let Said { heads, mut cells } = frames.pass(window, part);
    if cells.is_empty() {
        return None;
    }
    cells.sort_by_key(|cell| cell.row);
    let mut reading = Reading::default();
    for row in cells.chunk_by(|one, other| one.row == other.row) {
        for Cell { head, range, .. } in row {
            let Ok(said) = std::str::from_utf8(&window[range.clone()]) else { continue };
            reading.replace(&format!("\n{}: ", heads[*head]), range.start);
            reading.copy(said, range.start);
        }
        // Nothing more is said of one.
        reading.replace("\n\n", row.last().map_or(0, |cell| cell.range.end));
    }
    Some(reading)
}

impl Frames {
    /// Goes on to the end of a part of a window.
    fn pass(&mut self, window: &[u8], part: &Range<usize>) -> Said {
        let (mut said, mut done) = (Said::default(), part.start);
        if let Some(Open { table, next }) = self.open.take()
            && let Some(at) = part.start.checked_add_signed(next)
        {
            done = self.table(table, window, at, part, &mut said);
        }
        // A sign may go on beyond the part.
        let end = window.len().min(part.end + HEADS.len());
        FEW.each(&window[part.start..end], &mut |sign, range| {
            let (start, end) = (part.start + range.start, part.start + range.end);
            if start < done || start >= part.end {
                return;
            }
            let begun = match SIGNS[sign] {
                COLUMN => speaking_key(window, start).map(|key| (Table::Column(key), start + 1)),
                HEADS => {
                    self.heads = heads(window, end);
                    None
                }
                _ => {
                    let rows = sign_at(window, end, b'[').filter(|_| !self.heads.is_empty());
                    rows.map(|rows| (Table::Rows(std::mem::take(&mut self.heads)), rows))
                }
            };
            if let Some((table, at)) = begun {
                done = self.table(table, window, at, part, &mut said);
            }
        });
        said
    }

    /// Reads the rows of a table that begin in the part, the first of them here, and tells how far
    /// that went.
    fn table(
        &mut self,
        table: Table,
        window: &[u8],
        from: usize,
        part: &Range<usize>,
        said: &mut Said,
    ) -> usize {
        let first = said.heads.len();
        match &table {
            Table::Column(name) => said.heads.push(name.clone()),
            Table::Rows(heads) => said.heads.extend(heads.iter().map(|head| head.text.clone())),
        }
        let (mut at, mut is_open) = (from, true);
        while at < part.end {
            let start = sign_at(window, at, b',').unwrap_or(at);
            let Some(end) = table.row(window, start, first, &mut said.cells) else {
                // What is no row here may be cut by the end of the window.
                let next = window.get(start + blanks(window, start));
                is_open = !matches!(next, Some(b']' | b'}'));
                break;
            };
            at = end;
        }
        work::charge(at.saturating_sub(from));
        if is_open {
            self.open = Some(Open { table, next: at as isize - part.end as isize });
        }
        at
    }
}

impl Table {
    /// Takes the cells of the row that begins here, if it is one, and tells where it ends; `first`
    /// is the number of the first head.
    fn row(&self, text: &[u8], at: usize, first: usize, cells: &mut Vec<Cell>) -> Option<usize> {
        let has_room = cells.len() < CELLS_MAX;
        match self {
            Self::Column(_) => {
                let (Value::Text(number), end) = value(text, at)? else { return None };
                let (cell, end) = value(text, sign_at(text, end, b':')?)?;
                let number = std::str::from_utf8(&text[number]).ok();
                if let Some(number) = number.and_then(|number| number.parse().ok())
                    && let Value::Text(range) = cell
                    && has_room
                {
                    cells.push(Cell { row: (false, number), head: first, range });
                }
                Some(end)
            }
            Self::Rows(heads) => {
                let (values, end) = list(text, at)?;
                for (head, name) in heads.iter().enumerate().filter(|_| has_room) {
                    if let Some(Value::Text(range)) = values.get(name.column) {
                        let (head, range) = (first + head, range.clone());
                        cells.push(Cell { row: (true, at), head, range });
                    }
                }
                Some(end)
            }
        }
    }
}

/// The heads that speak of people in the list that begins here.
fn heads(text: &[u8], at: usize) -> Vec<Name> {
    let Some((names, _)) = list(text, at) else { return Vec::new() };
    let name = |name: &Value| match name {
        Value::Text(range) => std::str::from_utf8(&text[range.clone()]).unwrap_or_default(),
        Value::Other => "",
    };
    speaking(names.iter().map(name))
}

/// The key of the object that begins here, if it speaks of people.
fn speaking_key(text: &[u8], open: usize) -> Option<String> {
    key_before(text, open).filter(|key| speaks_of_users(key) || part_of(key).is_some())
}

/// The key of the object that begins here, in lower case.
fn key_before(text: &[u8], open: usize) -> Option<String> {
    let before = text[..open].trim_ascii_end().strip_suffix(b":")?.trim_ascii_end();
    let before = before.strip_suffix(b"\"")?;
    let near = &before[before.len().saturating_sub(HEAD_BYTES_MAX)..];
    let key = &near[memrchr(b'"', near)? + 1..];
    Some(std::str::from_utf8(key).ok()?.to_lowercase())
}

/// A value in JSON: what stands between the quotes of a string, or something else.
enum Value {
    Text(Range<usize>),
    Other,
}

/// The value that begins here, and where it ends.
fn value(text: &[u8], at: usize) -> Option<(Value, usize)> {
    let start = at + blanks(text, at);
    match text.get(start)? {
        b'"' => {
            let end = string_end(text, start)?;
            Some((Value::Text(start + 1..end - 1), end))
        }
        b'{' | b'[' => Some((Value::Other, nested_end(text, start)?)),
        _ => {
            let len = text[start..].iter().take_while(|byte| !b",]}[{\"".contains(byte)).count();
            (len > 0).then_some((Value::Other, start + len))
        }
    }
}

/// Where the string that begins here ends.
fn string_end(text: &[u8], start: usize) -> Option<usize> {
    let mut end = start + 1;
    while *text.get(end)? != b'"' {
        end += 1 + usize::from(text[end] == b'\\');
    }
    Some(end + 1)
}

/// Where the list or object that begins here ends.
fn nested_end(text: &[u8], start: usize) -> Option<usize> {
    let text = &text[..text.len().min(start + NESTED_BYTES_MAX)];
    work::charge(text.len() - start);
    let (mut at, mut depth) = (start, 0);
    loop {
        match text.get(at)? {
            b'"' => {
                at = string_end(text, at)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}

/// The values of the list that begins here, and where it ends.
fn list(text: &[u8], at: usize) -> Option<(Vec<Value>, usize)> {
    let mut at = sign_at(text, at, b'[')?;
    let mut all = Vec::new();
    if let Some(end) = sign_at(text, at, b']') {
        return Some((all, end));
    }
    while all.len() < COLUMNS_MAX {
        let (one, end) = value(text, at)?;
        all.push(one);
        match sign_at(text, end, b',') {
            Some(next) => at = next,
            None => return Some((all, sign_at(text, end, b']')?)),
        }
    }
    None
}

/// Where a text goes on behind this sign, if it comes next.
fn sign_at(text: &[u8], at: usize, sign: u8) -> Option<usize> {
    let at = at + blanks(text, at);
    (text.get(at) == Some(&sign)).then_some(at + 1)
}

fn blanks(text: &[u8], at: usize) -> usize {
    text.get(at..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let reading = rows(text.as_bytes(), &(0..text.len()), &mut Frames::default());
        reading.map(|reading| reading.text).unwrap_or_default()
    }

    #[test]
    fn cells_of_one_row() {
        for (text, expected) in [
            (
                r#"{"first":{"0":"Kofi","1":"Mira"},"x":{"0":1},"last":{"0":"Brandt","1":"Osei"}}"#,
                "\nfirst: Kofi\nlast: Brandt\n\n\nfirst: Mira\nlast: Osei\n\n",
            ),
            (r#"{"user": {"0": null, "1": "mosei"}}"#, "\nuser: mosei\n\n"),
            (
                r#"{"columns":["id","user"],"index":[0],"data":[[1,"mosei"],[2,"kofi"]]}"#,
                "\nuser: mosei\n\n\nuser: kofi\n\n",
            ),
            (
                r#"{"columns":["x","user"],"data":[[{"a":["]"]},"mosei"],[],[[1],"kofi"]]}"#,
                "\nuser: mosei\n\n\nuser: kofi\n\n",
            ),
            (r#"{"user":{"0":{"x":1},"1":"mosei"},"x":{"0":"kofi"}}"#, "\nuser: mosei\n\n"),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
        for text in [
            r#"{"model":{"0":"mosei"}}"#,
            r#"{"columns":["id"],"data":[["mosei"]]}"#,
            r#"{"0": "mosei"}"#,
            r#"{"user":{"0":"#,
            r#""columns":["user"],"data":[[{"x":1}]]"#,
            r#""columns":"#,
        ] {
            assert_eq!(told(text).replace('\n', ""), "", "{text}");
        }
    }

    #[test]
    fn tables_go_on_from_part_to_part() {
        for text in [
            r#"{"columns": ["id", "user"], "index": [0, 1], "data": [[1, "mosei"], [2, "kofi"]]}"#,
            r#"{"id": {"0": 7, "1": 8}, "user": {"0": "mosei", "1": "kofi"}, "x": {"0": "y"}}"#,
        ] {
            for cut in 1..text.len() {
                let mut frames = Frames::default();
                let mut all = String::new();
                for part in [0..cut, cut..text.len()] {
                    let at = part.clone();
                    if let Some(reading) = rows(text.as_bytes(), &at, &mut frames) {
                        all.push_str(&reading.text);
                    }
                }
                for name in ["mosei", "kofi"] {
                    assert!(all.contains(&format!("\nuser: {name}\n")), "{cut} {name}: {all}");
                }
                assert!(!all.contains(": y"), "{cut}: {all}");
            }
        }
    }

    #[test]
    fn a_part_may_be_cut_out_of_its_window() {
        let rows_of = |from: usize| (from..from + 40).map(|row| format!("[{row},\"u{row}\"]"));
        let text = format!(
            "{{\"columns\":[\"id\",\"user\"],\"data\":[{}]}}",
            rows_of(0).collect::<Vec<_>>().join(",")
        );
        let (mut frames, mut all, margin) = (Frames::default(), String::new(), 16);
        for from in (0..text.len()).step_by(50) {
            let window = from.saturating_sub(margin)..text.len().min(from + 50 + margin);
            let part = from - window.start..text.len().min(from + 50) - window.start;
            if let Some(reading) = rows(text[window].as_bytes(), &part, &mut frames) {
                all.push_str(&reading.text);
            }
        }
        for row in 0..40 {
            assert!(all.contains(&format!("\nuser: u{row}\n")), "{row}: {all}");
        }
    }
}
