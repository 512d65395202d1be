//! How far a walk has come, for who watches it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use crate::stages::walk::look::Look;

/// How far a pass has come.
#[derive(Debug, Default)]
pub struct Meter {
    items: AtomicU64,
    bytes: AtomicU64,
    known: AtomicU64,
    fresh: Mutex<News>,
}

/// What a pass came to since somebody asked last.
#[derive(Debug, Default)]
pub struct News {
    /// Items looked at.
    pub items: u64,
    /// Stored bytes read.
    pub bytes: u64,
    /// Items of those that were known, and not read.
    pub known: u64,
    /// Of each item that was read, how long that took and its bytes: the first [`TIMED_MAX`].
    pub timed: Vec<(Duration, u64)>,
}

/// Items whose times are kept until somebody asks; of more it is not kept.
const TIMED_MAX: usize = 1 << 16;

impl Meter {
    /// Items looked at.
    pub fn items(&self) -> u64 {
        self.items.load(Ordering::Relaxed)
    }

    /// Stored bytes read.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Items of those that were known, and not read.
    pub fn known(&self) -> u64 {
        self.known.load(Ordering::Relaxed)
    }

    /// What it came to since this was asked last.
    pub fn news(&self) -> News {
        std::mem::take(&mut *self.fresh())
    }

    /// Counts what was looked at.
    pub(super) fn count(&self, look: &Look) {
        self.items.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(look.bytes, Ordering::Relaxed);
        self.known.fetch_add(u64::from(look.is_known), Ordering::Relaxed);
        let mut fresh = self.fresh();
        fresh.items += 1;
        fresh.bytes += look.bytes;
        fresh.known += u64::from(look.is_known);
    }

    /// Notes how long an item took of so many bytes.
    pub(super) fn time(&self, took: Duration, bytes: u64) {
        let mut fresh = self.fresh();
        if fresh.timed.len() < TIMED_MAX {
            fresh.timed.push((took, bytes));
        }
    }

    fn fresh(&self) -> MutexGuard<'_, News> {
        self.fresh.lock().expect("nobody panics with the numbers in hand")
    }
}
