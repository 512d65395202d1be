//! The row that an address is a cell of: the names and ids in its other cells, where no head says
//! what they are. What is below heads is told by these.

use std::ops::Range;

use crate::domain::asked::subject::IdentityType;
use crate::matching::people::doubts::{full_name, identifier, trimmed};
use crate::matching::people::named::{Identifier, Named};
use crate::matching::people::records::bounds::{line_end, line_start};
use crate::matching::people::records::keys::{Key, Sort};
use crate::matching::people::records::values::{
    id, is_alias_of, is_written_small, range_of, value_of,
};
use crate::matching::views::spelling::cut::{ceil, floor};

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
    if text[..address.start].ends_with('>') && text[address.end..].starts_with('<') {
        return tagged(text, address, tell);
    }
    let Some(sign) = ['\t', '|', ';', ',']
        .into_iter()
        .find(|sign| row.contains(*sign) && split(row, *sign).any(|cell| trimmed(cell) == own))
    else {
        return;
    };
    let cells: Vec<&str> = split(row, sign).take(CELLS_MAX).map(trimmed).collect();
    // A sentence has commas too.
    let is_row = cells.iter().all(|cell| cell.split(' ').count() <= 5);
    if !is_row || cells.iter().filter(|cell| cell.contains('@')).count() > 1 {
        return;
    }
    let heads = heads(text, address, sign).filter(|heads| heads.len() == cells.len());
    let ids = cells.iter().filter(|cell| id(cell).is_some()).count();
    let local = own.split('@').next().unwrap_or_default();
    for (column, cell) in cells.iter().enumerate() {
        let key = heads.as_ref().map(|heads| Key::of(heads[column]));
        // A head that says nothing of people is one of something else.
        if key.as_ref().is_some_and(Option::is_none) || *cell == own {
            continue;
        }
        let key = key.flatten();
        let is_name = key.as_ref().is_some_and(|key| matches!(key.sort, Sort::Name | Sort::Label));
        let named = match &key {
            _ if is_name && is_written_small(cell) => Some(identifier(IdentityType::Name, cell)),
            Some(key) => value_of(text, key, &range_of(text, cell)).map(|(named, _)| named),
            None => None,
        };
        let by_form = || cell_of(cell, local, key.is_some() || ids == 1);
        if let Some(named) = named.or_else(by_form) {
            tell((named, range_of(text, cell)));
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

/// The same in a row of elements: `<tr><td>Kofi Brandt</td><td>k@x.org</td></tr>`.
fn tagged(text: &str, address: &Range<usize>, tell: &mut dyn FnMut(Named)) {
    let before = &text[ceil(text, address.start.saturating_sub(ROW_BYTES_MAX))..address.start];
    let after = &text[address.end..floor(text, address.end + ROW_BYTES_MAX)];
    let (Some(open), Some(end)) = (before.rfind("<tr"), after.find("</tr")) else { return };
    let row = &text[address.start - (before.len() - open)..address.end + end];
    let local = text[address.clone()].split('@').next().unwrap_or_default();
    let cells = || row.split(['<', '>']).map(trimmed).take(4 * CELLS_MAX);
    let ids = cells().filter(|cell| id(cell).is_some()).count();
    if row.matches('@').count() > 1 {
        return;
    }
    for cell in cells() {
        if let Some(named) = cell_of(cell, local, ids == 1) {
            tell((named, range_of(text, cell)));
        }
    }
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
        cells_beside(text, &(start..start + "k@x.org".len()), &mut |(found, range)| {
            assert!(text.get(range).is_some());
            all.push(found.value);
        });
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
            ("so k@x.org, who was here before all the others, said Kofi Brandt", vec![]),
        ] {
            assert_eq!(told(&text.replace("OID", OID)), expected, "{text}");
        }
    }
}
