//! Rows that a program or a dump writes into a table: `INSERT INTO users (name, mail) VALUES ('Kofi
//! Brandt', 'k@x.org')`. What each value is stands in the list before them.

use std::ops::Range;

use memchr::memmem;

use crate::matching::keys::sorts::Key;
use crate::matching::people::doubts::trimmed;
use crate::matching::people::named::Named;
use crate::matching::people::records::values::{range_of, value_of};
use crate::matching::views::spelling::cut::{ceil, floor};

/// Bytes of a row on either side of an address, and bytes before it in which its statement begins:
/// one may write many rows.
const ROW_BYTES_MAX: usize = 2000;
const STATEMENT_BYTES_MAX: usize = 16 << 10;

/// Values of a row that are looked at, and beginnings of it that are tried.
const VALUES_MAX: usize = 64;
const ROWS_TRIED_MAX: usize = 8;

/// What the other values say of the person whose address stands at this range.
pub fn inserted_beside(text: &str, address: &Range<usize>, tell: &mut dyn FnMut(Named)) {
    if !text[..address.start].ends_with(['\'', '"']) {
        return;
    }
    let before = ceil(text, address.start.saturating_sub(STATEMENT_BYTES_MAX));
    let Some(heads) = heads(&text[before..address.start]) else { return };
    // A parenthesis may stand within a value.
    let rows = rows_around(text, address);
    let rows = rows.map(|row| values(&text[row]).take(VALUES_MAX).collect::<Vec<_>>());
    let Some(values) = rows.take(ROWS_TRIED_MAX).find(|values| values.len() == heads.len()) else {
        return;
    };
    if values.iter().filter(|value| value.contains('@')).count() > 1 {
        return;
    }
    for (head, value) in heads.into_iter().zip(values) {
        let Some(key) = Key::of(head) else { continue };
        if !value.contains('@')
            && let Some((named, range)) = value_of(text, &key, &range_of(text, value))
        {
            tell((named, range));
        }
    }
}

/// What may stand in the same parentheses, the shortest first.
fn rows_around<'t>(
    text: &'t str,
    address: &Range<usize>,
) -> impl Iterator<Item = Range<usize>> + 't {
    let address = address.clone();
    let before = ceil(text, address.start.saturating_sub(ROW_BYTES_MAX));
    text[before..address.start].rmatch_indices('(').filter_map(move |(at, _)| {
        let open = before + at + 1;
        let after = &text[open..floor(text, address.end + ROW_BYTES_MAX)];
        let len = values(after).last().map(|last| range_of(text, last).end - open)?;
        (open + len >= address.end).then_some(open..open + len)
    })
}

/// The columns that the statement names before its rows.
fn heads(statement: &str) -> Option<Vec<&str>> {
    let lower = statement.to_ascii_lowercase();
    let insert = memmem::rfind(lower.as_bytes(), b"insert into")?;
    let (_, list) = statement[insert..].split_once('(')?;
    let (list, rest) = list.split_once(')')?;
    let is_such = rest.trim_start().get(..6).is_some_and(|w| w.eq_ignore_ascii_case("values"));
    let bare = |head| trimmed(head).trim_matches(['[', ']']);
    is_such.then(|| list.split(',').map(bare).collect())
}

/// The values of a row, with their quotes; it ends at its parenthesis.
fn values(row: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(row);
    std::iter::from_fn(move || {
        let here = rest?;
        let mut quote = None;
        let end = here.find(|c| match (quote, c) {
            (Some(open), _) => {
                if c == open {
                    quote = None;
                }
                false
            }
            (None, '\'' | '"') => {
                quote = Some(c);
                false
            }
            (None, _) => matches!(c, ',' | ')'),
        });
        let end = end.unwrap_or(here.len());
        rest = here[end..].strip_prefix(',');
        Some(&here[..end])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let start = text.find("k@x.org").expect("the address");
        let mut all = Vec::new();
        inserted_beside(text, &(start..start + "k@x.org".len()), &mut |(found, range)| {
            assert!(text.get(range).is_some());
            all.push(found.value);
        });
        all
    }

    #[test]
    fn what_other_values_of_a_row_are() {
        for (text, expected) in [
            (
                "INSERT INTO u (id, name, mail, passport) VALUES (2, 'Kofi Brandt', 'k@x.org', \
                 'C01X00T47');",
                vec!["kofi brandt", "c01x00t47"],
            ),
            (
                "insert into \"u\" (\"mail\", `phone`, [model])\nvalues\n('a@x.org', '1', 'a'),\n\
                 ('k@x.org', '+49 (30) 123456', 'Quiet, River')",
                vec!["+49 (30) 123456"],
            ),
            (
                "INSERT INTO u (phone, mail, passport) VALUES ('+49 (30) 123456', 'k@x.org', \
                 'C01X00T47')",
                vec!["+49 (30) 123456", "c01x00t47"],
            ),
            ("INSERT INTO u VALUES (2, 'Kofi Brandt', 'k@x.org')", vec![]),
            ("INSERT INTO u (mail, passport) VALUES ('k@x.org')", vec![]),
            ("print('k@x.org', 'C01X00T47')", vec![]),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }
}
