//! Archives in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::stream::{self, StreamExt};

use crate::domain::failure::Failure;
use crate::ports::exports::{Exports, Upload};
use crate::ports::sources::ByteStream;

/// Bytes handed out at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// Each archive with the attempt that wrote it.
type Shelf = Arc<Mutex<BTreeMap<String, (u64, Bytes)>>>;

/// The archives, by name.
#[derive(Default)]
pub struct MemoryExports {
    archives: Shelf,
}

impl MemoryExports {
    /// No archives yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The bytes of an archive.
    pub fn get(&self, name: &str) -> Option<Bytes> {
        locked(&self.archives).get(name).map(|(_, bytes)| bytes.clone())
    }

    /// The names of all archives, in order.
    pub fn names(&self) -> Vec<String> {
        locked(&self.archives).keys().cloned().collect()
    }

    /// Puts other bytes in the place of an archive, as a broken store would.
    pub fn overwrite(&self, name: &str, bytes: impl Into<Bytes>) {
        locked(&self.archives).insert(name.to_owned(), (0, bytes.into()));
    }
}

#[async_trait]
impl Exports for MemoryExports {
    async fn create(&self, name: &str, attempt: u64) -> Result<Box<dyn Upload>, Failure> {
        let (archives, name) = (Arc::clone(&self.archives), name.to_owned());
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
        locked(&self.archives).remove(name);
        Ok(())
    }

    fn url(&self, name: &str) -> String {
        format!("memory:{name}")
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

    async fn finish(self: Box<Self>) -> Result<(), Failure> {
        let Self { archives, name, attempt, bytes } = *self;
        let mut archives = locked(&archives);
        if archives.get(&name).is_some_and(|(other, _)| *other > attempt) {
            return Err(Failure::transient("finishing an archive that a later attempt finished"));
        }
        archives.insert(name, (attempt, bytes.freeze()));
        Ok(())
    }
}

/// Every change is one insert or remove, so a panic elsewhere leaves nothing half done.
fn locked(archives: &Shelf) -> MutexGuard<'_, BTreeMap<String, (u64, Bytes)>> {
    archives.lock().unwrap_or_else(PoisonError::into_inner)
}
