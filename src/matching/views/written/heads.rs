//! The head of a table in text: which of its columns speak of users, or hold the parts of a name.

use std::ops::Range;

use crate::matching::keys::parts::{Part, part_of};
use crate::matching::keys::sorts::{Key, Sort};
use crate::matching::keys::users::speaks_of_users;

/// Longest head of a column, in bytes.
const COLUMN_BYTES_MAX: usize = 40;

/// What parts the cells of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Border {
    Sign(u8),
    /// Blanks: cells stand below their heads.
    Blank,
}

/// The head of a table, as far as it speaks of people.
#[derive(Clone, Debug)]
pub struct Head {
    border: Border,
    columns: usize,
    speaking: Vec<Column>,
}

/// The head of a column that speaks of people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// What it says, in lower case.
    pub text: String,
    /// Which column.
    pub column: usize,
}

/// The heads of columns that speak of people, if all of these may be heads.
pub fn speaking<'c>(cells: impl Iterator<Item = &'c str>) -> Vec<Name> {
    let cells: Vec<&str> = cells.collect();
    if !cells.iter().all(|cell| is_label(cell)) {
        return Vec::new();
    }
    let bare = |cell: &str| cell.trim_matches(['*', '`', '_']).to_lowercase();
    let names = cells.iter().enumerate().map(|(column, cell)| Name { text: bare(cell), column });
    let names: Vec<Name> = names.collect();
    let beside = beside_addresses(&names);
    let mut all = spoken_of(names, |name| &name.text);
    all.extend(beside);
    all.sort_by_key(|name| name.column);
    all.dedup();
    all
}

/// The columns that say more of whoever has the address in another one, with that one. Lines that
/// a sign parts are asked for these where the address stands.
fn beside_addresses(names: &[Name]) -> Vec<Name> {
    let sorts = || names.iter().map(|name| (name, Key::of(&name.text).map(|key| key.sort)));
    let more = sorts().filter(|(_, sort)| {
        matches!(sort, Some(Sort::Number | Sort::Phone | Sort::Puid | Sort::ObjectId | Sort::Name))
    });
    let mut all: Vec<Name> = more.map(|(name, _)| name.clone()).collect();
    if !all.is_empty() {
        let mails = sorts().filter(|(_, sort)| *sort == Some(Sort::Mail));
        let mails: Vec<Name> = mails.map(|(name, _)| name.clone()).collect();
        if mails.is_empty() {
            return mails;
        }
        all.extend(mails);
    }
    all
}

/// Those that speak of users, and those of the parts of a name, if there is more than one part.
fn spoken_of<T>(all: Vec<T>, name: impl Fn(&T) -> &str) -> Vec<T> {
    let has = |part| all.iter().any(|one| part_of(name(one)) == Some(part));
    let parts = [Part::Given, Part::Family, Part::Either];
    let has_parts = parts.into_iter().filter(|part| has(*part)).count() > 1;
    let speaks = |one: &T| speaks_of_users(name(one)) || has_parts && part_of(name(one)).is_some();
    all.into_iter().filter(speaks).collect()
}

/// A column that speaks of people.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its head.
    pub name: String,
    index: usize,
    /// Where its head stands in the line.
    range: Range<usize>,
}

impl Head {
    /// The first line of a text, if it is a head.
    pub fn of_first(line: &str) -> Option<Self> {
        let line = line.trim_start_matches(['\u{feff}', '#']).trim();
        // A document, a time, a path.
        if !line.starts_with(|c: char| is_label_start(c) || "\t,;|\"'".contains(c)) {
            return None;
        }
        let count = |sign: u8| memchr::memchr_iter(sign, line.as_bytes()).count();
        let sign = *b"\t,;|".iter().max_by_key(|sign| count(**sign))?;
        if count(sign) == 0 {
            const ALONE: [&str; 11] = [
                "user",
                "users",
                "username",
                "usernames",
                "user_name",
                "owner",
                "owners",
                "login",
                "alias",
                "aliases",
                "author",
            ];
            let is_head = ALONE.contains(&line.trim_matches('"').to_lowercase().as_str());
            return is_head.then(|| Self::of(line, Border::Sign(b',')))?;
        }
        Self::of(line, Border::Sign(sign))
    }

    /// The line above a rule of dashes.
    pub fn above_rule(line: &str, rule: &str) -> Option<Self> {
        let border = match rule {
            _ if rule.contains(['|', '+']) || line.contains('|') => Border::Sign(b'|'),
            _ => Border::Blank,
        };
        Self::of(line, border)
    }

    /// A line of capitals, as programs print above what they list: `USER  PID %CPU COMMAND`.
    pub fn of_capitals(line: &str) -> Option<Self> {
        let words = line.split_whitespace().count();
        let is_loud = !line.contains(char::is_lowercase) && words > 1;
        is_loud.then(|| Self::of(line, Border::Blank))?
    }

    fn of(line: &str, border: Border) -> Option<Self> {
        let cells = cells(line.as_bytes(), border);
        let names: Vec<&str> = cells.iter().map(|cell| &line[cell.clone()]).collect();
        let are_labels = border == Border::Blank || names.iter().all(|name| is_label(name));
        if !are_labels {
            return None;
        }
        let column = |(index, cell): (usize, &Range<usize>)| {
            let name = line[cell.clone()].trim_matches(['*', '`', '_']).to_lowercase();
            Column { name, index, range: cell.clone() }
        };
        let all: Vec<Column> = cells.iter().enumerate().map(column).collect();
        let (columns, speaking) = (all.len(), spoken_of(all, |column| &column.name));
        (!speaking.is_empty()).then_some(Self { border, columns, speaking })
    }

    /// The cells of a row that speak of people, each with its column.
    pub fn speaking<'h>(&'h self, row: &[u8]) -> Vec<(&'h Column, Range<usize>)> {
        let cells = cells(row, self.border);
        if self.border != Border::Blank {
            let is_row = cells.len() == self.columns;
            let speaking = self.speaking.iter().filter(|_| is_row);
            return speaking.map(|column| (column, cells[column.index].clone())).collect();
        }
        // Programs write columns that are not aligned, too: nothing but the number of its cells
        // tells then where a row has them, unless one begins or ends with its head.
        let is_whole = cells.len() == self.columns;
        let below = |column: &'h Column| {
            let head = &column.range;
            let touches = |cell: &&Range<usize>| cell.start < head.end && head.start < cell.end;
            let is_aligned = |cell: &&Range<usize>| {
                !is_whole || cell.start == head.start || cell.end == head.end
            };
            let below = cells.iter().find(touches).filter(is_aligned);
            Some((column, below.or_else(|| cells.get(column.index))?.clone()))
        };
        self.speaking.iter().filter_map(below).collect()
    }

    /// Whether an empty line ends the table.
    pub fn ends_at_empty_line(&self) -> bool {
        matches!(self.border, Border::Blank | Border::Sign(b'|'))
    }
}

fn is_label_start(c: char) -> bool {
    c.is_alphabetic() || "*`_%".contains(c)
}

fn is_label(name: &str) -> bool {
    let mut chars = name.chars();
    name.len() <= COLUMN_BYTES_MAX
        && (name.is_empty() || chars.next().is_some_and(is_label_start))
        && name.split_whitespace().count() <= 4
        && name.chars().all(|c| c.is_alphanumeric() || " _-./%()*`#".contains(c))
}

/// The cells of a line, without quotes and blanks around them.
fn cells(line: &[u8], border: Border) -> Vec<Range<usize>> {
    match border {
        Border::Blank => blank_cells(line),
        Border::Sign(sign) => signed_cells(line, sign),
    }
}

fn blank_cells(line: &[u8]) -> Vec<Range<usize>> {
    let is_blank = |at: usize| line.get(at).is_none_or(|byte| matches!(byte, b' ' | b'\t'));
    let mut cells = Vec::new();
    let mut start = None;
    for at in 0..=line.len() {
        match (is_blank(at), start) {
            (false, None) => start = Some(at),
            (true, Some(from)) => {
                cells.push(from..at);
                start = None;
            }
            _ => {}
        }
    }
    cells
}

fn signed_cells(line: &[u8], sign: u8) -> Vec<Range<usize>> {
    let mut inner = trimmed(line, 0..line.len());
    if sign == b'|' {
        // The frame of a table is none of its cells.
        let framed = line[inner.clone()].first() == Some(&b'|');
        inner.start += usize::from(framed);
        let framed = inner.start < inner.end && line[inner.end - 1] == b'|';
        inner.end -= usize::from(framed);
    } else {
        inner = 0..line.len();
    }
    let mut cells = Vec::new();
    let (mut start, mut quoted, mut empty) = (inner.start, false, true);
    for at in inner.clone() {
        match line[at] {
            b'"' if quoted => quoted = false,
            b'"' if empty || line[at - 1] == b'"' => quoted = true,
            byte if byte == sign && !quoted => {
                cells.push(unquoted(line, start..at));
                start = at + 1;
                empty = true;
                continue;
            }
            _ => {}
        }
        empty &= line[at] == b' ';
    }
    cells.push(unquoted(line, start..inner.end));
    cells
}

fn unquoted(line: &[u8], cell: Range<usize>) -> Range<usize> {
    let mut cell = trimmed(line, cell);
    let bytes = &line[cell.clone()];
    if bytes.len() > 1 && matches!(bytes[0], b'"' | b'\'' | b'`') && bytes.last() == bytes.first() {
        cell = cell.start + 1..cell.end - 1;
    }
    trimmed(line, cell)
}

fn trimmed(line: &[u8], mut cell: Range<usize>) -> Range<usize> {
    let is_blank = |byte: u8| matches!(byte, b' ' | b'\r' | b'\t');
    while cell.start < cell.end && is_blank(line[cell.start]) {
        cell.start += 1;
    }
    while cell.start < cell.end && is_blank(line[cell.end - 1]) {
        cell.end -= 1;
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(head: Option<Head>, row: &str) -> Vec<(String, String)> {
        let head = head.expect("a head");
        let speaking = head.speaking(row.as_bytes());
        speaking
            .into_iter()
            .map(|(column, cell)| (column.name.clone(), row[cell].to_owned()))
            .collect()
    }

    fn pair(name: &str, cell: &str) -> Vec<(String, String)> {
        vec![(name.to_owned(), cell.to_owned())]
    }

    #[test]
    fn cells_below_their_heads() {
        for (head, row, expected) in [
            ("run,user,hours", "1,ann,3", pair("user", "ann")),
            ("\u{feff}run;Submitted By;hours", "1;\"ann\";3", pair("submitted by", "ann")),
            ("run\towner", "1\tann", pair("owner", "ann")),
            ("#run,user", "\"a,b\",ann", pair("user", "ann")),
            ("username", "ann", pair("username", "ann")),
        ] {
            assert_eq!(told(Head::of_first(head), row), expected, "{head}");
        }
        let head = Head::above_rule("| run | **user** |", "|---|---|");
        assert_eq!(told(head, "| 1 | `ann` |"), pair("user", "ann"));
        let head = Head::above_rule(" id | owner", "----+-------");
        assert_eq!(told(head, "  1 | ann"), pair("owner", "ann"));
        let head = Head::above_rule("JobID        User      State", "------------ --------- -----");
        assert_eq!(told(head, "4121         ann       done"), pair("user", "ann"));
        let head = Head::of_capitals("  PID USER      PR  NI COMMAND");
        assert_eq!(told(head, " 4312 ann       20   0 python"), pair("user", "ann"));
        let queue =
            || Head::of_capitals("JOBID PARTITION NAME USER ST TIME NODES NODELIST(REASON)");
        assert_eq!(told(queue(), "7 gpu train kofim R 1:02 1 node7"), pair("user", "kofim"));
        let row = "    7       gpu train kofim PD 0:00     1 (Resources, x)";
        let aligned = Head::of_capitals("JOBID PARTITION  NAME  USER ST TIME NODES REASON");
        assert_eq!(told(aligned, row), pair("user", "kofim"));
    }

    #[test]
    fn columns_beside_addresses_speak_of_who_has_them() {
        for (heads, expected) in [
            ("Mail,Passport,Phone,Model", "mail passport phone"),
            ("E-Mail,Passport No.,Mobile", "e-mail mobile passport no."),
            ("run,user,phone", "user"),
            ("passport,phone,score", ""),
            ("mail,model,score", ""),
        ] {
            let mut told: Vec<String> =
                speaking(heads.split(',')).into_iter().map(|name| name.text).collect();
            told.sort();
            assert_eq!(told.join(" "), expected, "{heads}");
        }
    }

    #[test]
    fn what_is_no_head() {
        for line in [
            "run,score",
            "1,user,3",
            "{\"user\": \"x\", \"y\": 1}",
            "2026-11-03 INFO user=kofi, started",
            "see user@host, x",
            "first_name,score",
            "users go here",
            "http://x/user,y",
        ] {
            assert!(Head::of_first(line).is_none(), "{line}");
        }
        assert!(Head::of_capitals("USER").is_none());
        assert!(Head::of_capitals("User pid").is_none());
    }

    #[test]
    fn rows_of_another_shape_are_none() {
        let head = Head::of_first("run,user").unwrap();
        assert!(head.speaking(b"1,ann,3").is_empty());
        assert!(head.speaking(b"ann").is_empty());
    }
}
