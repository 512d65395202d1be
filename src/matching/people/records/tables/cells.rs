//! The row that an address is a cell of: the names and ids in its other cells, where no head says
//! what they are. What is below heads is told by these.

use std::ops::Range;

use crate::domain::asked::subject::IdentityType;
use crate::matching::keys::sorts::{Key, Sort};
use crate::matching::people::doubts::{full_name, identifier, trimmed};
use crate::matching::people::named::{Identifier, Named};
use crate::matching::people::records::bounds::{line_end, line_start};
use crate::matching::people::records::values::{
    id, is_alias_of, is_passport, is_written_small, number_by_form, range_of, value_of,
};
use crate::matching::views::spelling::cut::{ceil, floor};
use crate::matching::work;

/// Bytes of a row, and cells of it, that are looked at.
const ROW_BYTES_MAX: usize = 2000;
const CELLS_MAX: usize = 64;

/// What the other cells say of the person whose address stands at this range.
pub fn cells_beside(text: &str, address: &Range<usize>, tell: &mut dyn FnMut(Named)) {
    let row = line_start(text, address.start)..line_end(text, address.end);
    if row.len() > ROW_BYTES_MAX {
        return;
    }
    let row = &text[row];
    let own = &text[address.clone()];
    let Some(sign) = ['\t', '|', ';', ',']
        .into_iter()
        .find(|sign| row.contains(*sign) && split(row, *sign).any(|cell| trimmed(cell) == own))
    else {
        return;
    };
    let cells: Vec<&str> = split(row, sign).take(CELLS_MAX).map(trimmed).collect();
    // A sentence has commas too.
    if cells.iter().all(|cell| cell.split(' ').count() <= 5) {
        let heads = heads(text, address, sign);
        told(text, &Row { heads, cells, pieces: None }, own, tell);
    }
}

/// The rows of elements that a text has, of which many may stand in one line.
pub struct Elements<'a> {
    text: &'a str,
    sorts: Vec<&'static Tags>,
}

impl<'a> Elements<'a> {
    /// Those of this text.
    pub fn of(text: &'a str) -> Self {
        let sorts = ROWS.iter().filter(|tags| text.contains(tags.row)).collect();
        Self { text, sorts }
    }

    /// The same where the address is a cell of such a row.
    pub fn beside(&self, address: &Range<usize>, tell: &mut dyn FnMut(Named)) {
        let text = self.text;
        let is_tagged =
            text[..address.start].ends_with('>') && text[address.end..].starts_with('<');
        if let Some(row) = is_tagged.then(|| tagged(text, address, &self.sorts)).flatten() {
            told(text, &row, &text[address.clone()], tell);
        }
    }
}

/// A row, and what its columns are called.
struct Row<'a> {
    cells: Vec<&'a str>,
    heads: Option<Vec<&'a str>>,
    /// Of a row of elements the texts of cells that have several.
    pieces: Option<Vec<&'a str>>,
}

/// What a row says of whoever has this address.
fn told(text: &str, row: &Row<'_>, own: &str, tell: &mut dyn FnMut(Named)) {
    let Row { cells, heads, pieces } = row;
    if cells.iter().filter(|cell| cell.contains('@')).count() > 1 {
        return;
    }
    // Heads that say nothing are none: of a sheet those that speak of nobody are not told.
    let heads = heads
        .as_ref()
        .filter(|heads| heads.len() == cells.len() && heads.iter().any(|head| !head.is_empty()));
    let ids = cells.iter().filter(|cell| id(cell).is_some()).count();
    let local = own.split('@').next().unwrap_or_default();
    // Of two that look like one, one is something else.
    let is_one = cells.iter().filter(|cell| is_passport(cell)).count() == 1;
    for (column, cell) in cells.iter().enumerate() {
        let key = heads.map(|heads| Key::of(heads[column]));
        if *cell == own {
            continue;
        }
        // A head that says nothing of people is one of something else; what people head the tables
        // by that they read is said in many languages.
        if key.as_ref().is_some_and(Option::is_none) {
            if pieces.is_some() && full_name(cell) {
                tell((identifier(IdentityType::Name, cell), range_of(text, cell)));
            }
            continue;
        }
        let key = key.flatten();
        let is_name = key.as_ref().is_some_and(|key| matches!(key.sort, Sort::Name | Sort::Label));
        let named = match &key {
            _ if is_name && is_written_small(cell) => Some(identifier(IdentityType::Name, cell)),
            Some(key) => value_of(text, key, &range_of(text, cell)).map(|(named, _)| named),
            None => number_by_form(cell).filter(|_| is_one || !is_passport(cell)),
        };
        let by_form = || cell_of(cell, local, key.is_some() || ids == 1);
        if let Some(named) = named.or_else(by_form) {
            tell((named, range_of(text, cell)));
        }
    }
    for piece in pieces.iter().flatten().filter(|piece| **piece != own) {
        if let Some(named) = cell_of(piece, local, false) {
            tell((named, range_of(text, piece)));
        }
    }
}

/// What the columns are called: in the first line, or in the one above where rows have one each.
fn heads<'a>(text: &'a str, address: &Range<usize>, sign: char) -> Option<Vec<&'a str>> {
    let first = &text[..line_end(&text[..floor(text, ROW_BYTES_MAX)], 0)];
    let above = || {
        let row = line_start(text, address.start).checked_sub(1)?;
        Some(&text[line_start(text, row)..row]).filter(|line| line.len() <= ROW_BYTES_MAX)
    };
    let is_head = |line: &&str| line.contains(sign) && !line.contains('@');
    let line = Some(first).filter(is_head).or_else(|| above().filter(is_head));
    match line {
        Some(line) => Some(split(line, sign).map(trimmed).collect()),
        None => copied(text, address).filter(|_| sign == '\t'),
    }
}

/// The columns that a dump names before its rows: `COPY users (name, mail) FROM stdin;`.
fn copied<'a>(text: &'a str, address: &Range<usize>) -> Option<Vec<&'a str>> {
    const ROWS_BYTES_MAX: usize = 16 << 10;
    let before = &text[ceil(text, address.start.saturating_sub(ROWS_BYTES_MAX))..address.start];
    let said = before.rfind(" FROM stdin;")?;
    let list = &before[before[..said].rfind("COPY ")?..said];
    let (_, list) = list.split_once('(')?;
    let ends = before[said..].contains("\n\\.");
    (!ends).then(|| list.trim_end_matches(')').split(',').map(trimmed).collect())
}

/// The cells of a row. What stands in quotes is one: `"Brandt, Kofi",k@x.org`.
fn split(row: &str, sign: char) -> impl Iterator<Item = &str> {
    let mut rest = Some(row);
    std::iter::from_fn(move || {
        let here = rest?;
        let quoted = here.strip_prefix('"').and_then(|inner| {
            let end = inner.find(&['"', sign].iter().collect::<String>());
            let last = inner.strip_suffix('"').filter(|inner| !inner.contains('"'));
            end.map(|end| end + 2).or_else(|| last.map(|_| here.len()))
        });
        let end = quoted.or_else(|| here.find(sign)).unwrap_or(here.len());
        rest = here[end..].strip_prefix(sign);
        Some(&here[..end])
    })
}

/// How rows of elements begin and end, and their cells and tables.
struct Tags {
    row: &'static str,
    end: &'static str,
    cells: &'static [&'static str],
    table: &'static str,
}

/// Of HTML, of documents and slides, and of open documents.
const ROWS: [Tags; 4] = [
    Tags { row: "<tr", end: "</tr", cells: &["</td", "</th"], table: "<table" },
    Tags { row: "<w:tr", end: "</w:tr>", cells: &["</w:tc>"], table: "<w:tbl>" },
    Tags { row: "<a:tr", end: "</a:tr>", cells: &["</a:tc>"], table: "<a:tbl>" },
    Tags {
        row: "<table:table-row",
        end: "</table:table-row>",
        cells: &["</table:table-cell>"],
        table: "<table:table ",
    },
];

/// The row of elements that an address is a cell of:
/// `<tr><td>Kofi Brandt</td><td>k@x.org</td></tr>`.
fn tagged<'a>(text: &'a str, address: &Range<usize>, sorts: &[&Tags]) -> Option<Row<'a>> {
    work::charge(sorts.len() * TAGGED_BYTES_MAX);
    let before = &text[ceil(text, address.start.saturating_sub(TAGGED_BYTES_MAX))..address.start];
    let after = &text[address.end..floor(text, address.end + TAGGED_BYTES_MAX)];
    let begun = sorts.iter().filter_map(|tags| Some((before.rfind(tags.row)?, *tags)));
    let (open, Tags { end, cells, table, .. }) = begun.max_by_key(|(open, _)| *open)?;
    let len = after.find(end)?;
    let first = address.start - before.len();
    let whole = &text[first + open..address.end + len];
    // The first row of the table, if it is not this one.
    let head = before[..open].rfind(table).and_then(|table| {
        let above = &before[table..open];
        above.find(end).map(|end| only(&split_tagged(&above[..end], cells)))
    });
    // A first row that says nothing of people is a row like the others.
    let is_head = |heads: &Vec<&str>| {
        heads.iter().any(|head| Key::of(head).is_some())
            && !heads.iter().any(|head| head.contains('@'))
    };
    let cells = split_tagged(whole, cells);
    let pieces = cells.iter().filter(|texts| texts.len() > 1).flatten().copied().collect();
    Some(Row { cells: only(&cells), heads: head.filter(is_head), pieces: Some(pieces) })
}

/// Bytes of such a row: with the tags of a document it is long.
const TAGGED_BYTES_MAX: usize = 8 << 10;

/// The texts of the cells that such a row has, cell by cell.
fn split_tagged<'a>(row: &'a str, ends: &[&str]) -> Vec<Vec<&'a str>> {
    let mut ends: Vec<usize> =
        ends.iter().flat_map(|end| row.match_indices(end)).map(|(at, _)| at).collect();
    ends.sort_unstable();
    let mut start = 0;
    let texts = |end: usize| {
        let cell = &row[std::mem::replace(&mut start, end)..end];
        let pieces = cell.split('<').skip(1).filter_map(|piece| Some(piece.split_once('>')?.1));
        pieces.map(trimmed).filter(|text| !text.is_empty()).collect()
    };
    ends.into_iter().take(CELLS_MAX).map(texts).collect()
}

/// The text of each cell; nothing of one with more than one text.
fn only<'a>(cells: &[Vec<&'a str>]) -> Vec<&'a str> {
    let text = |texts: &Vec<&'a str>| match texts.as_slice() {
        [text] => text,
        [first, ..] => &first[..0],
        [] => "",
    };
    cells.iter().map(text).collect()
}

fn cell_of(cell: &str, local: &str, may_be_id: bool) -> Option<Identifier> {
    if full_name(cell) {
        return Some(identifier(IdentityType::Name, cell));
    }
    if is_alias_of(cell, local) {
        return Some(identifier(IdentityType::Username, cell));
    }
    id(cell).filter(|_| may_be_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let start = text.rfind("k@x.org").expect("the address");
        let mut all = Vec::new();
        let mut tell = |(found, range): Named| {
            assert!(text.get(range).is_some());
            all.push(found.value);
        };
        let address = start..start + "k@x.org".len();
        cells_beside(text, &address, &mut tell);
        Elements::of(text).beside(&address, &mut tell);
        all
    }

    #[test]
    fn what_other_cells_say() {
        const OID: &str = "22222222-3333-4444-5555-666666666666";
        for (text, expected) in [
            ("user,mail,oid\nKofi Brandt,k@x.org,OID\n", vec!["kofi brandt", OID]),
            ("name;mail\nkofi brandt;k@x.org\n", vec!["kofi brandt"]),
            ("name,mail\n\"Brandt, Kofi\",\"k@x.org\"\n", vec!["brandt, kofi"]),
            (
                "mail,passport,phone,epoch\nk@x.org,C01X00T47,+49 30 123456,1000000\n",
                vec!["c01x00t47", "+49 30 123456"],
            ),
            ("mail: k@x.org\n\nmail|passport|\nk@x.org|C01X00T47|\n", vec!["c01x00t47"]),
            ("Kofi Brandt\tk@x.org\t1\tOID", vec!["kofi brandt", OID]),
            ("| k@x.org | 7 | Kofi Brandt |", vec!["kofi brandt"]),
            ("mail,run,model\nk@x.org,OID,Quiet River\n", vec![]),
            ("k@x.org,OID,OID", vec![]),
            (
                "<tr><td>Kofi Brandt</td><td>k@x.org</td><td>OID</td></tr><tr><td>Bo Ek</td></tr>",
                vec!["kofi brandt", OID],
            ),
            (
                "COPY u (id, name, mail, passport) FROM stdin;\n1\tA\ta@x.org\tX\n2\tKofi \
                 Brandt\tk@x.org\tC01X00T47\n",
                vec!["kofi brandt", "c01x00t47"],
            ),
            (
                "k@x.org\t+49 30 1234567\tC01X00T47\t2026-11-03\tNC24\tJOB123456",
                vec!["+49 30 1234567", "c01x00t47"],
            ),
            ("mail,order\nk@x.org,C01X00T47\n", vec![]),
            ("||\nk@x.org|+49 30 1234567|C01X00T47", vec!["+49 30 1234567", "c01x00t47"]),
            (
                "<w:tr><w:tc><w:p><w:t>Kofi Brandt</w:t></w:p></w:tc><w:tc><w:t>k@x.org</w:t>\
                 </w:tc><w:tc><w:t>+49 30 1234567</w:t></w:tc><w:tc><w:t>C01X00T47</w:t></w:tc>\
                 </w:tr>",
                vec!["kofi brandt", "+49 30 1234567", "c01x00t47"],
            ),
            (
                "<w:tbl><w:tr><w:tc><w:t>Mail</w:t></w:tc><w:tc><w:t>Order</w:t></w:tc>\
                 <w:tc><w:t>Passport</w:t></w:tc></w:tr><w:tr><w:tc><w:t>k@x.org</w:t></w:tc>\
                 <w:tc><w:t>E12345678</w:t></w:tc><w:tc><w:t>L8765</w:t></w:tc></w:tr></w:tbl>",
                vec!["l8765"],
            ),
            (
                "<table><tr><th>Ansprechpartner</th><th>Mail</th></tr><tr><td>Kofi Brandt</td>\
                 <td>k@x.org</td></tr></table>",
                vec!["kofi brandt"],
            ),
            (
                "<table><tr><td>Project</td><td>Alpha</td></tr><tr><td>Kofi Brandt</td>\
                 <td>k@x.org</td></tr></table>",
                vec!["kofi brandt"],
            ),
            (
                "<tr><td>Kofi Brandt<br>Accra</td><td>k@x.org</td><td><a>Bo Ek</a> (x)</td></tr>",
                vec!["kofi brandt", "bo ek"],
            ),
            (
                "<table><tr><th>Mail</th><th>Since</th><th>Passport</th></tr><tr><td>k@x.org</td>\
                 <td><time>2026</time></td><td>L8765</td></tr></table>",
                vec!["l8765"],
            ),
            ("k@x.org\tE12345678\tT12345679", vec![]),
            ("so k@x.org, who was here before all the others, said Kofi Brandt", vec![]),
        ] {
            assert_eq!(told(&text.replace("OID", OID)), expected, "{text}");
        }
    }
}
