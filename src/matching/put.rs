//! What stands in the place of what was taken out, and how much was.
//!
//! All of it is plain ASCII without quotes, commas and backslashes, so that it may stand in JSON
//! strings, CSV cells and text.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

/// What is put in the place of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Put {
    /// For the subject of an erasure.
    Erased,
    /// For another person, by number; the subject is person 1.
    Person(u32),
    /// For a secret.
    Removed,
}

/// Places replaced, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replaced {
    /// That spoke of the subject.
    pub erased: u64,
    /// That spoke of other persons.
    pub persons: u64,
    /// That held a secret.
    pub secrets: u64,
}

impl Put {
    /// The text that is put.
    pub fn text(self) -> String {
        match self {
            Self::Erased => "[erased]".into(),
            Self::Person(number) => format!("Person {number}"),
            Self::Removed => "[removed]".into(),
        }
    }

    /// The text that is put into the key of an object that has such a key already.
    pub fn numbered(self, number: u64) -> String {
        match self {
            Self::Erased => format!("[erased {number}]"),
            Self::Person(person) => format!("Person {person} ({number})"),
            Self::Removed => format!("[removed {number}]"),
        }
    }
}

/// How what is put begins.
pub const BEGINNINGS: [&str; 3] = ["[erased", "Person ", "[removed"];

/// Whether what is put stands here: it names nobody and is no secret. Whoever reads a list has its
/// bracket taken off.
pub fn stands_at(text: &str, at: usize) -> bool {
    let rest = &text[at - usize::from(text[..at].ends_with('['))..];
    rest.starts_with("[erased") || rest.starts_with("[removed") || is_person(rest)
}

fn is_person(rest: &str) -> bool {
    let number = rest.strip_prefix("Person ");
    number.is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
}

impl Replaced {
    /// How many places, of any kind.
    pub fn places(&self) -> u64 {
        self.erased + self.persons + self.secrets
    }

    /// Counts these as well.
    pub fn add(&mut self, other: Self) {
        self.erased += other.erased;
        self.persons += other.persons;
        self.secrets += other.secrets;
    }

    /// Counts one more.
    pub fn count(&mut self, put: Put) {
        match put {
            Put::Erased => self.erased += 1,
            Put::Person(_) => self.persons += 1,
            Put::Removed => self.secrets += 1,
        }
    }
}

/// What a cell became, and what was replaced in it.
pub type Anew = (Option<Vec<u8>>, Replaced);

/// What cells became that were rewritten before: those of a column are often alike.
#[derive(Default)]
pub struct Rewritten {
    hasher: RandomState,
    cells: HashMap<u64, Anew>,
}

/// Cells that are kept at a time, and bytes of the longest; two that are hashed alike, once in
/// 2^64, are taken for one.
const CELLS_MAX: usize = 1 << 14;
const CELL_BYTES_MAX: usize = 256;

impl Rewritten {
    /// The hash by which a cell of this column is known.
    pub fn hash(&self, column: &str, cell: &str) -> u64 {
        self.hasher.hash_one((column, cell))
    }

    /// What the cell of this hash became.
    pub fn of(&self, hash: u64) -> Option<&Anew> {
        self.cells.get(&hash)
    }

    /// Keeps what a cell became.
    pub fn keep(&mut self, hash: u64, cell: &str, anew: Anew) {
        if cell.len() > CELL_BYTES_MAX {
            return;
        }
        if self.cells.len() >= CELLS_MAX {
            self.cells.clear();
        }
        self.cells.insert(hash, anew);
    }
}
