//! What a store answered: values with all that is known of their rows, each once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use crate::adapters::monitor::query::candidates::Candidate;
use crate::adapters::monitor::tables::names::{Spot, whole};
use crate::domain::item::Unreadable;
use crate::ports::sources::{Answers, Seen};

/// The answers so far.
#[derive(Default)]
pub struct Told {
    seen: BTreeMap<(Spot, String), Rows>,
    unread: BTreeSet<(String, Option<String>, Option<String>, String)>,
}

/// Rows that have a value.
#[derive(Clone, Copy, Default)]
pub struct Rows {
    /// How many.
    pub count: u64,
    /// The time of the first.
    pub first: Option<Timestamp>,
    /// The time of the last.
    pub last: Option<Timestamp>,
}

impl Told {
    /// Adds rows whose column has that text.
    pub fn add(&mut self, spot: Spot, value: String, rows: Rows) {
        let known = self.seen.entry((spot, value)).or_default();
        known.count = known.count.saturating_add(rows.count);
        known.first = [known.first, rows.first].into_iter().flatten().min();
        known.last = known.last.max(rows.last);
    }

    /// Adds rows whose column has that JSON: by the keys whose values may name one of these people.
    /// What they are named by in no single one, or in a key itself, is told as a whole.
    pub fn add_bag(&mut self, spot: &Spot, bag: String, rows: Rows, people: &[&Candidate]) {
        let admits = |text: &str| people.iter().any(|person| person.admits(text));
        let mut is_told = false;
        if let Ok(Value::Object(dimensions)) = serde_json::from_str(&bag) {
            is_told = !dimensions.keys().any(|key| admits(key));
            let values = dimensions.into_iter().map(|(key, value)| (key, text(value)));
            let meant: Vec<_> =
                values.filter(|(key, value)| !key.is_empty() && admits(value)).collect();
            is_told &= !meant.is_empty();
            for (key, value) in meant {
                self.add(spot.at(&key), value, rows);
            }
        }
        if !is_told {
            self.add(spot.clone(), bag, rows);
        }
    }

    /// Says that a store, a table or a column could not be asked, or not to the end.
    pub fn unread(&mut self, store: &str, table: Option<&str>, column: Option<&str>, why: &str) {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        self.unread.insert((store.to_owned(), owned(table), owned(column), why.to_owned()));
    }

    /// How many values of that column were seen.
    pub fn count(&self, spot: &Spot) -> usize {
        let from = (spot.clone(), String::new());
        self.seen.range(from..).take_while(|((own, _), _)| own.column == spot.column).count()
    }

    /// Adds what was told of others.
    pub fn join(&mut self, other: Self) {
        for ((spot, value), rows) in other.seen {
            self.add(spot, value, rows);
        }
        self.unread.extend(other.unread);
    }

    /// All of it, as items of that source; only of one of them where that is meant.
    pub fn finish(self, source: &str, within: Option<&Spot>) -> Answers {
        let seen =
            self.seen.into_iter().filter(|((spot, _), _)| within.is_none_or(|it| it == spot));
        let seen = seen.map(|((spot, value), rows)| {
            let Rows { count, first, last } = rows;
            Seen { item: spot.item(source), value, rows: count, first, last }
        });
        let unread = self.unread.into_iter().map(|(store, table, column, reason)| {
            let item = match (table, column) {
                (Some(table), Some(column)) => {
                    Spot { store, table, column, key: None }.item(source)
                }
                (table, _) => whole(source, &store, table.as_deref()),
            };
            Unreadable { item, reason }
        });
        Answers { seen: seen.collect(), unread: unread.collect() }
    }
}

/// As a query would write it: a string is what it says.
fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
