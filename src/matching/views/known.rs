//! What decoded bytes came to when they were met before in the same item.
//!
//! A window is read in many ways, and most of them show the same runs of base64 again. Without
//! this, packed content within packed content would be opened once for each of the readings of each
//! of the streams that it lies in.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

/// Bytes in which nothing can be seen.
#[derive(Default)]
pub struct Worthless {
    hasher: RandomState,
    hashes: HashSet<u64>,
}

/// Short texts that were looked at, each with where it stands: who looks again sees the same.
#[derive(Default)]
pub struct Labelled(Worthless);

/// What was seen in packed bytes, and through which readings.
pub struct Packed<W> {
    hasher: RandomState,
    seen: HashMap<u64, Vec<(W, String)>>,
}

/// Hashes that are kept at a time; two that are hashed alike, once in 2^64, are taken for one.
const HASHES_MAX: usize = 1 << 14;

/// Packed bytes of which is kept what was seen in them.
const PACKED_MAX: usize = 1 << 8;

/// Sights in packed bytes that are kept.
const SIGHTS_MAX: usize = 1 << 10;

impl Worthless {
    /// The hash by which bytes are known that lie so deep in others.
    pub fn hash(&self, bytes: &[u8], nested: usize) -> u64 {
        self.hasher.hash_one((bytes, nested))
    }

    /// Whether bytes of this hash were put in.
    pub fn has(&self, hash: u64) -> bool {
        self.hashes.contains(&hash)
    }

    /// Puts a hash in.
    pub fn insert(&mut self, hash: u64) {
        if self.hashes.len() >= HASHES_MAX {
            self.hashes.clear();
        }
        self.hashes.insert(hash);
    }
}

impl Labelled {
    /// Whether this text was looked at, by way of that view and in that place; from now on it was.
    pub fn is_again(&mut self, label: &(&str, &str, &str)) -> bool {
        let hash = self.0.hasher.hash_one(label);
        let is_again = self.0.has(hash);
        if !is_again {
            self.0.insert(hash);
        }
        is_again
    }
}

impl<W> Default for Packed<W> {
    fn default() -> Self {
        Self { hasher: RandomState::new(), seen: HashMap::new() }
    }
}

impl<W: Clone> Packed<W> {
    /// The hash by which bytes are known that lie so deep in others.
    pub fn hash(&self, bytes: &[u8], nested: usize) -> u64 {
        self.hasher.hash_one((bytes, nested))
    }

    /// What was seen in bytes of this hash, if they were looked at.
    pub fn seen(&self, hash: u64) -> Option<Vec<(W, String)>> {
        self.seen.get(&hash).cloned()
    }

    /// Keeps what was seen.
    pub fn keep(&mut self, hash: u64, seen: &[(W, String)]) {
        if seen.len() > SIGHTS_MAX {
            return;
        }
        if self.seen.len() >= PACKED_MAX {
            self.seen.clear();
        }
        self.seen.insert(hash, seen.to_vec());
    }
}
