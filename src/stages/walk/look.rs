//! What a walk saw of one item.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::domain::item::Item;
use crate::matching::matcher::SubjectHit;
use crate::matching::people::named::Group;
use crate::stages::walk::catalogue::{Entry, Keyed};

/// One item, looked at.
pub struct Look {
    /// As listed, or as it was when read again.
    pub item: Item,
    /// Whom it speaks of, and where.
    pub hits: Vec<SubjectHit>,
    /// Who else is met, of those who are watched for.
    pub met: Vec<usize>,
    /// What of it could not be read; stable words.
    pub unreadable: Vec<String>,
    /// What of it could not be read for some alone.
    pub unreadable_of: BTreeMap<usize, Vec<String>>,
    /// Hex SHA-256 of its bytes, where it speaks of somebody, or is asked for, and all were read.
    pub digest: Option<String>,
    /// For which subjects it names other people too; none unless the walk asks.
    pub others: Vec<usize>,
    /// Everyone whom it names, where the walk learns that.
    pub people: Vec<Group>,
    /// Stored bytes read.
    pub bytes: u64,
    /// Whether it was not read, because what is known of it told enough.
    pub is_known: bool,
    /// What the catalogue is to know of it.
    pub learned: Option<(Keyed, Entry)>,
}

impl Look {
    /// An item of which nothing is known yet.
    pub fn of(item: Item) -> Self {
        Self {
            item,
            hits: Vec::new(),
            met: Vec::new(),
            unreadable: Vec::new(),
            unreadable_of: BTreeMap::new(),
            digest: None,
            others: Vec::new(),
            people: Vec::new(),
            bytes: 0,
            is_known: false,
            learned: None,
        }
    }

    /// Whether nothing is to be told of it.
    pub fn is_silent(&self) -> bool {
        let is_read = self.unreadable.is_empty() && self.unreadable_of.is_empty();
        self.hits.is_empty() && self.met.is_empty() && is_read
    }

    /// What of it could not be read for that subject.
    pub fn unreadable_for(&self, subject: usize) -> Cow<'_, [String]> {
        match self.unreadable_of.get(&subject) {
            None => Cow::Borrowed(&self.unreadable),
            Some(own) => Cow::Owned(self.unreadable.iter().chain(own).cloned().collect()),
        }
    }
}
