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
    unread_of: BTreeSet<(usize, Spot, String)>,
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
        let dimensions = match serde_json::from_str(&bag) {
            Ok(Value::Object(dimensions)) => dimensions,
            _ => return self.add(spot.clone(), bag, rows),
        };
        let dimensions: Vec<(String, String)> =
            dimensions.into_iter().map(|(key, value)| (key, text(value))).collect();
        // For one person a key may tell all, and for another nothing of it.
        let is_told = |person: &&Candidate| {
            !dimensions.iter().any(|(key, _)| person.admits(key))
                && dimensions.iter().any(|(key, value)| !key.is_empty() && person.admits(value))
        };
        let is_meant = |person: &&Candidate| person.admits(&bag);
        let mut is_whole = people.iter().any(|person| is_meant(person) && !is_told(person));
        let admits = |text: &str| people.iter().any(|person| person.admits(text));
        let by_key = dimensions.iter().filter(|(key, value)| !key.is_empty() && admits(value));
        let by_key: Vec<_> = by_key.collect();
        is_whole |= by_key.is_empty();
        for (key, value) in by_key {
            self.add(spot.at(key), value.clone(), rows);
        }
        if is_whole {
            self.add(spot.clone(), bag, rows);
        }
    }

    /// Says that a store, a table or a column could not be asked, or not to the end.
    pub fn unread(&mut self, store: &str, table: Option<&str>, column: Option<&str>, why: &str) {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        self.unread.insert((store.to_owned(), owned(table), owned(column), why.to_owned()));
    }

    /// Says that a column could not be asked to the end for these people, by their numbers.
    pub fn unread_of(&mut self, whose: impl Iterator<Item = usize>, spot: Spot, why: &str) {
        self.unread_of.extend(whose.map(|person| (person, spot.clone(), why.to_owned())));
    }

    /// Adds what was told of others.
    pub fn join(&mut self, other: Self) {
        for ((spot, value), rows) in other.seen {
            self.add(spot, value, rows);
        }
        self.unread.extend(other.unread);
        self.unread_of.extend(other.unread_of);
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
        let unread_of = self.unread_of.into_iter();
        let unread_of = unread_of
            .map(|(person, spot, reason)| (person, Unreadable { item: spot.item(source), reason }));
        Answers { seen: seen.collect(), unread: unread.collect(), unread_of: unread_of.collect() }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};

    fn candidate(address: &str) -> Candidate {
        let kind = IdentityType::Email;
        let identity = Identity::new(kind, IdentityFormat::Raw, address.to_owned());
        Candidate::of(&Subject { identities: vec![identity] })
    }

    /// What a key tells of one person says nothing of whom a key itself names.
    #[test]
    fn a_bag_is_told_whole_where_no_key_tells_all_of_somebody() {
        let (ann, bob) = (candidate("ann@example.org"), candidate("bob@example.org"));
        let table: [(&str, &[&Candidate], &[&str]); 6] = [
            (r#"{"user":"ann@example.org"}"#, &[&ann, &bob], &["user"]),
            (
                r#"{"user":"ann@example.org","to":"bob@example.org"}"#,
                &[&ann, &bob],
                &["to", "user"],
            ),
            (r#"{"user":"ann@example.org","bob@example.org":1}"#, &[&ann, &bob], &["", "user"]),
            (r#"{"user":"ann@example.org","bob@example.org":1}"#, &[&ann], &["user"]),
            (r#"{"bob@example.org":1}"#, &[&ann, &bob], &[""]),
            (r#"["ann@example.org"]"#, &[&ann], &[""]),
        ];
        for (bag, people, expected) in table {
            let spot = Spot::of("la/T/Properties").unwrap();
            let mut told = Told::default();
            told.add_bag(&spot, bag.to_owned(), Rows::default(), people);
            let keys = told.seen.keys().map(|(spot, _)| spot.key.clone().unwrap_or_default());
            assert_eq!(keys.collect::<Vec<_>>(), expected, "{bag}");
        }
    }
}
