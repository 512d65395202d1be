//! Archives in memory.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::stream::{self, StreamExt};
use jiff::{SignedDuration, Timestamp};

use crate::domain::failure::Failure;
use crate::ports::exports::{Exports, SignedLink, Stored, Upload};
use crate::ports::sources::ByteStream;

/// Bytes handed out at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// What there is of each name.
type Shelf = Arc<Mutex<BTreeMap<String, Slot>>>;

/// The place of one archive.
#[derive(Default)]
struct Slot {
    /// The first attempt that may still be finished.
    first: u64,
    /// The last that was begun.
    last: u64,
    archive: Option<Bytes>,
    /// Whether what stands there stays as it is.
    is_fixed: bool,
}

/// Stands in every link.
pub const SIGNATURE: &str = "c2lnbmF0dXJl";

/// The archives, by name.
#[derive(Default)]
pub struct MemoryExports {
    archives: Shelf,
    /// How long links live; without it there are none.
    links: Option<SignedDuration>,
    minted: AtomicU64,
    refused: Mutex<Option<String>>,
    fixes: AtomicBool,
}

impl MemoryExports {
    /// No archives yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives out links, which live so long.
    #[must_use]
    pub fn with_links(mut self, lives: SignedDuration) -> Self {
        self.links = Some(lives);
        self
    }

    /// Takes nothing any more under names that begin so; `None` takes everything.
    pub fn refuse(&self, start: Option<&str>) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        *refused = start.map(str::to_owned);
    }

    /// Keeps everything as it was written first, as a container under a policy does.
    pub fn fix(&self) {
        self.fixes.store(true, Ordering::Relaxed);
    }

    /// The bytes of an archive.
    pub fn get(&self, name: &str) -> Option<Bytes> {
        locked(&self.archives).get(name)?.archive.clone()
    }

    /// The names of all archives, in order.
    pub fn names(&self) -> Vec<String> {
        let archives = locked(&self.archives);
        let there = archives.iter().filter(|(_, place)| place.archive.is_some());
        there.map(|(name, _)| name.clone()).collect()
    }

    /// Puts other bytes in the place of an archive, as a broken store would.
    pub fn overwrite(&self, name: &str, bytes: impl Into<Bytes>) {
        let archive = Some(bytes.into());
        locked(&self.archives).insert(name.to_owned(), Slot { archive, ..Slot::default() });
    }
}

#[async_trait]
impl Exports for MemoryExports {
    async fn create(&self, name: &str, attempt: u64) -> Result<Box<dyn Upload>, Failure> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if refused.is_some_and(|start| name.starts_with(&start)) {
            return Err(Failure::needs_person("writing to a store in memory: not under this name"));
        }
        let (archives, name) = (Arc::clone(&self.archives), name.to_owned());
        let mut places = locked(&archives);
        let place = places.entry(name.clone()).or_default();
        place.last = attempt.max(place.last);
        place.is_fixed = self.fixes.load(Ordering::Relaxed);
        drop(places);
        Ok(Box::new(MemoryUpload { archives, name, attempt, bytes: BytesMut::new() }))
    }

    async fn open(&self, name: &str) -> Result<Option<ByteStream>, Failure> {
        let Some(bytes) = self.get(name) else { return Ok(None) };
        let ends = (0..bytes.len()).step_by(CHUNK_BYTES);
        let chunk = |start| Ok(bytes.slice(start..bytes.len().min(start + CHUNK_BYTES)));
        let chunks: Vec<Result<Bytes, Failure>> = ends.map(chunk).collect();
        Ok(Some(stream::iter(chunks).boxed()))
    }

    async fn remove(&self, name: &str) -> Result<(), Failure> {
        if let Some(place) = locked(&self.archives).get_mut(name) {
            // Whoever is writing it was to finish before.
            place.first = place.last + 1;
            place.archive = None;
        }
        Ok(())
    }

    fn url(&self, name: &str) -> String {
        format!("memory:{name}")
    }

    async fn link(
        &self,
        name: &str,
        now: Timestamp,
        until: Option<Timestamp>,
    ) -> Result<Option<SignedLink>, Failure> {
        let Some(lives) = self.links else { return Ok(None) };
        let most = now + lives;
        let until = until.map_or(most, |until| until.min(most));
        let minted = self.minted.fetch_add(1, Ordering::Relaxed);
        let url = format!("memory:{name}?number={minted}&sig={SIGNATURE}");
        Ok(Some(SignedLink::new(url, until)))
    }

    async fn ping(&self) -> Result<(), Failure> {
        Ok(())
    }
}

struct MemoryUpload {
    archives: Shelf,
    name: String,
    attempt: u64,
    bytes: BytesMut,
}

#[async_trait]
impl Upload for MemoryUpload {
    async fn write(&mut self, bytes: Bytes) -> Result<(), Failure> {
        self.bytes.extend_from_slice(&bytes);
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<Stored, Failure> {
        let Self { archives, name, attempt, bytes } = *self;
        let mut archives = locked(&archives);
        let place = archives.entry(name).or_default();
        if attempt < place.first {
            return Err(Failure::transient("finishing an archive that is not wanted any more"));
        }
        if place.is_fixed && place.archive.is_some() {
            return Ok(Stored::Fixed);
        }
        place.first = attempt;
        place.archive = Some(bytes.freeze());
        Ok(Stored::Whole)
    }
}

/// Every change is one insert or remove, so a panic elsewhere leaves nothing half done.
fn locked(archives: &Shelf) -> MutexGuard<'_, BTreeMap<String, Slot>> {
    archives.lock().unwrap_or_else(PoisonError::into_inner)
}
