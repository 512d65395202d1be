//! What a walk saw, as two keyed numbers an item.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::inventory::Print;
use crate::domain::item::Item;
use crate::evidence::seal::PrintKey;

/// What a walk sees.
pub struct Inventory {
    key: PrintKey,
    prints: Mutex<Prints>,
}

#[derive(Default)]
struct Prints {
    all: Vec<Print>,
    /// How many of them were asked for.
    asked: usize,
}

impl Inventory {
    /// An empty one.
    pub fn new(key: PrintKey) -> Self {
        Self { key, prints: Mutex::default() }
    }

    /// Begins with what an earlier walk saw.
    pub fn resume(&self, prints: Vec<Print>) {
        *self.prints() = Prints { asked: prints.len(), all: prints };
    }

    /// Adds an item as it was read.
    pub fn add(&self, item: &Item) {
        let print = print(&self.key, item);
        self.prints().all.push(print);
    }

    /// What was added since this was asked last.
    pub fn news(&self) -> Vec<Print> {
        let Prints { all, asked } = &mut *self.prints();
        let news = all.get(*asked..).unwrap_or_default().to_vec();
        *asked = all.len();
        news
    }

    /// All that was added, each name once, however often a listing showed it.
    pub fn take(&self) -> Vec<Print> {
        let Prints { all: mut prints, .. } = std::mem::take(&mut *self.prints());
        prints.sort_unstable();
        prints.dedup_by_key(|print| print.name);
        prints
    }

    fn prints(&self) -> MutexGuard<'_, Prints> {
        self.prints.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an item is known by in inventories, as it was read.
pub fn print(key: &PrintKey, item: &Item) -> Print {
    Print { name: name(key, item), etag: key.print(&[&item.etag]) }
}

/// What a form of a name is known by in inventories.
pub fn name(key: &PrintKey, item: &Item) -> u64 {
    let (form, id) = item.version.parts();
    key.print(&[&item.source, &item.name, form, id])
}
