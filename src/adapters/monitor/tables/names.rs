//! Names of items: `STORE/TABLE/COLUMN`, or `STORE/TABLE/COLUMN.KEY` of what a bag has under a key.
//!
//! Should a part have a slash it is `%2F`, and `%` is `%25`; letters beyond ASCII are written so
//! too. Names of columns have no dot, keys may.

use percent_encoding::{AsciiSet, percent_decode_str, utf8_percent_encode};

use crate::adapters::monitor::tables::table::Table;
use crate::domain::item::{Item, Kind, Version};

const ESCAPED: &AsciiSet = &AsciiSet::EMPTY.add(b'/').add(b'%');
/// What of a column's own name is escaped too, so that the first dot ends it.
const ESCAPED_DOT: &AsciiSet = &ESCAPED.add(b'.');

/// A place in a store. A key may be a person's name, so that it cannot be printed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// The store.
    pub store: String,
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// The key in the bag.
    pub key: Option<String>,
}

impl Spot {
    /// That of a column of a table.
    pub fn new(store: &str, table: &Table, column: &str) -> Self {
        let (store, table) = (store.to_owned(), table.name.clone());
        Self { store, table, column: column.to_owned(), key: None }
    }

    /// That of what it has under a key.
    pub fn at(&self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self.clone() }
    }

    /// That of an item's name.
    pub fn of(item_name: &str) -> Option<Self> {
        let mut parts = item_name.split('/');
        let (store, table, last) = (parts.next()?, parts.next()?, parts.next()?);
        let (column, key) = match last.split_once('.') {
            Some((column, key)) => (column, Some(decoded(key)?)),
            None => (last, None),
        };
        let (store, table, column) = (decoded(store)?, decoded(table)?, decoded(column)?);
        parts.next().is_none().then_some(Self { store, table, column, key })
    }

    /// The item of it in that source.
    pub fn item(&self, source: &str) -> Item {
        let column = utf8_percent_encode(&self.column, ESCAPED_DOT);
        let mut name = format!("{}/{}/{column}", escaped(&self.store), escaped(&self.table));
        if let Some(key) = &self.key {
            name = format!("{name}.{}", escaped(key));
        }
        rows(source, &name)
    }
}

/// The item that stands for a whole store, or for a whole table of it.
pub fn whole(source: &str, store: &str, table: Option<&str>) -> Item {
    let name = match table {
        None => escaped(store),
        Some(table) => format!("{}/{}", escaped(store), escaped(table)),
    };
    rows(source, &name)
}

fn rows(source: &str, name: &str) -> Item {
    Item { kind: Kind::Rows, ..Item::bare(source, name, Version::Current) }
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

fn decoded(text: &str) -> Option<String> {
    let text = percent_decode_str(text).decode_utf8().ok()?;
    (!text.is_empty()).then(|| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_where_they_are_from() {
        let table = [
            ("la", "AppTraces", "Message", None, "la/AppTraces/Message"),
            ("la", "AppTraces", "Properties", Some("user"), "la/AppTraces/Properties.user"),
            ("la", "AppTraces", "Properties", Some("a.b"), "la/AppTraces/Properties.a.b"),
            ("la", "T", "P", Some("a/b%é"), "la/T/P.a%2Fb%25%C3%A9"),
            ("a/b", "T", "c.d", None, "a%2Fb/T/c%2Ed"),
        ];
        for (store, table, column, key, expected) in table {
            let text = |text: &str| text.to_owned();
            let (store, table, column) = (text(store), text(table), text(column));
            let spot = Spot { store, table, column, key: key.map(text) };
            let item = spot.item("s");
            assert_eq!(item.name, expected);
            assert!(Spot::of(&item.name).unwrap() == spot, "{expected}");
        }
        for name in ["", "la", "la/T", "la/T/", "la/T/C/more", "la//C", "la/T/.k"] {
            assert!(Spot::of(name).is_none(), "{name}");
        }
    }
}
