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
        .find(|sign| row.contains(*sign) && row.split(*sign).any(|cell| trimmed(cell) == own))
    else {
        return;
    };
    let first = &text[..line_end(&text[..floor(text, ROW_BYTES_MAX)], 0)];
    let cells: Vec<&str> = row.split(sign).take(CELLS_MAX).map(trimmed).collect();
    // A sentence has commas too.
    let is_row = cells.iter().all(|cell| cell.split(' ').count() <= 5);
    if !is_row || cells.iter().filter(|cell| cell.contains('@')).count() > 1 {
        return;
    }
    let heads: Vec<&str> = first.split(sign).map(trimmed).collect();
    let is_headed = !first.contains('@') && heads.len() == cells.len();
    let ids = cells.iter().filter(|cell| id(cell).is_some()).count();
    let local = own.split('@').next().unwrap_or_default();
    for (column, cell) in cells.iter().enumerate() {
        let key = is_headed.then(|| Key::of(heads[column]));
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
        let start = text.find("k@x.org").expect("the address");
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
            ("Kofi Brandt\tk@x.org\t1\tOID", vec!["kofi brandt", OID]),
            ("| k@x.org | 7 | Kofi Brandt |", vec!["kofi brandt"]),
            ("mail,run,model\nk@x.org,OID,Quiet River\n", vec![]),
            ("k@x.org,OID,OID", vec![]),
            (
                "<tr><td>Kofi Brandt</td><td>k@x.org</td><td>OID</td></tr><tr><td>Bo Ek</td></tr>",
                vec!["kofi brandt", OID],
            ),
            ("so k@x.org, who was here before all the others, said Kofi Brandt", vec![]),
        ] {
            assert_eq!(told(&text.replace("OID", OID)), expected, "{text}");
        }
    }
}
