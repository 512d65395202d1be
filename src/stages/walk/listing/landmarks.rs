//! Names at which the listing of a source may be begun, so that several stretches of it are listed
//! side by side and each takes as long as the others.
//!
//! They are had from the walk before, which saw all names, and are kept in memory alone: names may
//! speak of people. The first walk of a daemon lists in sequence.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::item::Item;
use crate::domain::layout::Container;
use crate::ports::tasks::Part;

/// Stretches that are listed side by side.
const STRETCHES_MAX: u64 = 8;

/// Pages of a stretch: to begin one costs a request, and fewer would not be worth it.
const STRETCH_PAGES_MIN: u64 = 4;

/// Names that are kept of a stretch while it is measured, at most.
const MARKS_MAX: usize = 128;

/// Where the listings of the sources may be begun; of no source before a walk was measured.
#[derive(Default)]
pub struct Landmarks(Mutex<BTreeMap<(String, u64, u64), Vec<String>>>);

impl Landmarks {
    /// Those of a part of a source, in its order.
    pub fn of(&self, source: &str, part: Part) -> Vec<String> {
        self.kept().get(&key(source, part)).cloned().unwrap_or_default()
    }

    /// Keeps those of a part of a source, in the place of what was kept before.
    pub fn keep(&self, source: &str, part: Part, names: Vec<String>) {
        self.kept().insert(key(source, part), names);
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<(String, u64, u64), Vec<String>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(source: &str, part: Part) -> (String, u64, u64) {
    (source.to_owned(), part.of, part.number)
}

/// Measures a walk, stretch by stretch.
#[derive(Default)]
pub struct Ruler {
    /// By the number of the stretch.
    stretches: BTreeMap<usize, Measured>,
    /// Whether a name came behind one that is greater.
    is_unsorted: bool,
}

#[derive(Default)]
struct Measured {
    pages: u64,
    items: u64,
    last: String,
    /// Items that were listed before each of these names, which lie at least `step` apart.
    marks: Vec<(u64, String)>,
    step: u64,
}

impl Ruler {
    /// Takes in a page of a stretch.
    pub fn turn(&mut self, stretch: usize) {
        self.stretches.entry(stretch).or_default().pages += 1;
    }

    /// Takes in an item, at which a listing may be begun if it says so.
    pub fn pass(&mut self, stretch: usize, item: &Item, is_landmark: bool) {
        let measured = self.stretches.entry(stretch).or_default();
        let name = item.name.as_str();
        self.is_unsorted |= match item.container {
            // Containers come one after the other, whatever stands behind their names.
            Container::Leading => name.split_once('/') < measured.last.split_once('/'),
            _ => name < measured.last.as_str(),
        };
        if is_landmark && name != measured.last {
            measured.mark(name);
        }
        name.clone_into(&mut measured.last);
        measured.items += 1;
    }

    /// Where the next walk may cut what was measured; nowhere if it is short, or if the names did
    /// not come in the order of their bytes: of such a source nobody knows where a name stands.
    pub fn landmarks(&self) -> Vec<String> {
        let pages: u64 = self.stretches.values().map(|measured| measured.pages).sum();
        let items: u64 = self.stretches.values().map(|measured| measured.items).sum();
        let stretches = STRETCHES_MAX.min(pages / STRETCH_PAGES_MIN);
        if self.is_unsorted || stretches < 2 {
            return Vec::new();
        }
        let mut before = 0;
        let mut marks = Vec::new();
        for measured in self.stretches.values() {
            marks.extend(measured.marks.iter().map(|(at, name)| (before + at, name)));
            before += measured.items;
        }
        let wanted = (1..stretches).map(|stretch| items * stretch / stretches);
        let nearest = |at| marks.iter().find(|(mark, _)| *mark >= at).map(|(_, name)| *name);
        let mut names: Vec<String> = wanted.filter_map(nearest).cloned().collect();
        names.dedup();
        names
    }
}

impl Measured {
    fn mark(&mut self, name: &str) {
        let is_near = |(last, _): &(u64, String)| self.items - last < self.step;
        if self.marks.last().is_some_and(is_near) {
            return;
        }
        self.marks.push((self.items, name.to_owned()));
        if self.marks.len() > MARKS_MAX {
            let mut index = 0;
            self.marks.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.step = 2 * self.items / self.marks.len() as u64;
        }
    }
}
