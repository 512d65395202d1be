//! Tables that JSON has by column, as pandas and the services that take its tables write them:
//! `{"user": {"0": "mosei"}}` and `{"columns": ["user"], "data": [["mosei"]]}`.

use std::collections::BTreeMap;
use std::ops::Range;

use memchr::{memmem, memrchr};

use crate::matching::keys::parts::part_of;
use crate::matching::keys::users::speaks_of_users;
use crate::matching::views::spelling::reading::Reading;
use crate::matching::views::written::heads::speaking;

/// How a column begins whose rows are numbered.
const COLUMN: &[u8] = b"{\"0\":";

/// How the heads of a table begin, and how its rows do.
const HEADS: &[u8] = b"\"columns\":";
const ROWS: &[u8] = b"\"data\":";

/// Rows that are read of the tables in a window.
const ROWS_MAX: usize = 1 << 16;

/// Columns of a table.
const COLUMNS_MAX: usize = 1 << 10;

/// Bytes of the head of a column.
const HEAD_BYTES_MAX: usize = 80;

/// Cells that speak of one person, each with the head of its column.
type Rows = BTreeMap<(usize, usize), Vec<(String, Range<usize>)>>;

/// What is said of people in such tables; `None` where there are none.
pub fn rows(window: &[u8], part: &Range<usize>) -> Option<Reading> {
    let text = &window[..part.end];
    let mut rows = Rows::new();
    for at in memmem::find_iter(&text[part.start..], COLUMN) {
        numbered(text, part.start + at, &mut rows);
    }
    for at in memmem::find_iter(&text[part.start..], HEADS) {
        listed(text, part.start + at + HEADS.len(), &mut rows);
    }
    if rows.is_empty() {
        return None;
    }
    let mut reading = Reading::default();
    for row in rows.values() {
        for (name, cell) in row {
            let Ok(said) = std::str::from_utf8(&text[cell.clone()]) else { continue };
            reading.replace(&format!("\n{name}: "), cell.start);
            reading.copy(said, cell.start);
        }
        // Nothing more is said of one.
        reading.replace("\n\n", row.last().map_or(0, |(_, cell)| cell.end));
    }
    Some(reading)
}

/// Takes the cells of the column that begins here.
fn numbered(text: &[u8], open: usize, rows: &mut Rows) {
    let Some(name) = key_before(text, open) else { return };
    if !speaks_of_users(&name) && part_of(&name).is_none() {
        return;
    }
    let mut at = open + 1;
    while rows.len() < ROWS_MAX
        && let Some((Value::Text(number), end)) = value(text, at)
        && let Some(end) = sign(text, end, b':')
        && let Some((cell, end)) = value(text, end)
    {
        let number = std::str::from_utf8(&text[number]).ok().and_then(|number| number.parse().ok());
        if let (Some(number), Value::Text(cell)) = (number, cell) {
            rows.entry((0, number)).or_default().push((name.clone(), cell));
        }
        let Some(next) = sign(text, end, b',') else { return };
        at = next;
    }
}

/// Takes the cells of the rows that follow the heads which begin here.
fn listed(text: &[u8], at: usize, rows: &mut Rows) {
    let Some((names, end)) = list(text, at) else { return };
    let names = names.iter().map(|name| match name {
        Value::Text(range) => std::str::from_utf8(&text[range.clone()]).unwrap_or_default(),
        Value::Other => "",
    });
    let heads = speaking(names);
    let Some(data) = memmem::find(&text[end..], ROWS).filter(|_| !heads.is_empty()) else { return };
    let Some(mut at) = sign(text, end + data + ROWS.len(), b'[') else { return };
    while rows.len() < ROWS_MAX
        && let Some((cells, end)) = list(text, at)
    {
        let told = heads.iter().filter_map(|head| match cells.get(head.column)? {
            Value::Text(cell) => Some((head.text.clone(), cell.clone())),
            Value::Other => None,
        });
        rows.insert((1, at), told.collect());
        let Some(next) = sign(text, end, b',') else { return };
        at = next;
    }
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

/// The plain value that begins here, and where it ends.
fn value(text: &[u8], at: usize) -> Option<(Value, usize)> {
    let start = at + blanks(text, at);
    if *text.get(start)? != b'"' {
        let len = text[start..].iter().take_while(|byte| !b",]}[{\"".contains(byte)).count();
        return (len > 0).then_some((Value::Other, start + len));
    }
    let mut end = start + 1;
    while *text.get(end)? != b'"' {
        end += 1 + usize::from(text[end] == b'\\');
    }
    Some((Value::Text(start + 1..end), end + 1))
}

/// The plain values of the list that begins here, and where it ends.
fn list(text: &[u8], at: usize) -> Option<(Vec<Value>, usize)> {
    let mut at = sign(text, at, b'[')?;
    let mut all = Vec::new();
    while all.len() < COLUMNS_MAX {
        let (one, end) = value(text, at)?;
        all.push(one);
        match sign(text, end, b',') {
            Some(next) => at = next,
            None => return Some((all, sign(text, end, b']')?)),
        }
    }
    None
}

/// Where a text goes on behind this sign, if it comes next.
fn sign(text: &[u8], at: usize, sign: u8) -> Option<usize> {
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
        rows(text.as_bytes(), &(0..text.len())).map(|reading| reading.text).unwrap_or_default()
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
}
