//! Whom a walk meets in the documents of runs and of what else a workspace has: what others are
//! called is known from all of the workspace, and not from the items of whoever asks alone.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::item::{Item, Kind};
use crate::matching::people::kin::known::lasting;
use crate::matching::people::named::Group;
use crate::ports::kept::people::PEOPLE_MAX;

/// Bytes of the longest document: what is longer is a list, and says nothing of who works here. Of
/// a zipped copy of documents, as it lies there and as each of them is.
pub const DOCUMENT_BYTES_MAX: u64 = 4 << 20;

/// Whom a walk meets.
#[derive(Default)]
pub struct Learned {
    hasher: RandomState,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    /// Of each group, so that memory is bounded by their number. Two that are hashed alike, once in
    /// 2^64, are taken for one.
    hashes: HashSet<u64>,
    /// Those that were not asked for yet.
    news: Vec<Group>,
}

impl Learned {
    /// Whether whom an item names is worth to be known.
    pub fn wants(item: &Item) -> bool {
        item.size <= DOCUMENT_BYTES_MAX
            && (item.kind == Kind::Thing
                || item.layout().run_document().is_some()
                || item.layout().is_zipped_copy())
    }

    /// Adds whom a document names.
    pub fn add(&self, groups: &[Group]) {
        let mut held = self.held();
        for group in groups.iter().map(lasting).filter(|group| !group.is_empty()) {
            let has_room = (held.hashes.len() as u64) < PEOPLE_MAX;
            if has_room && held.hashes.insert(self.hasher.hash_one(&group)) {
                held.news.push(group);
            }
        }
    }

    /// Whom it met since this was asked last.
    pub fn news(&self) -> Vec<Group> {
        std::mem::take(&mut self.held().news)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
