//! Short items that were read for whom they name, kept until they are packed: a source is asked
//! for them once. What is longer is read again, since nothing that long is held.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use futures::StreamExt;
use futures::stream;

use crate::domain::failure::Failure;
use crate::ports::sources::ByteStream;

/// Longest item that is kept, in bytes.
const ITEM_BYTES_MAX: usize = 1 << 20;

/// Bytes that are kept of one request.
const BYTES_MAX: usize = 16 << 20;

/// Items by their number in the plan, with the bytes that they had when they were found. `Debug` is
/// not implemented: they speak of people.
#[derive(Default)]
pub struct Kept(Mutex<Items>);

#[derive(Default)]
struct Items {
    all: HashMap<u64, Bytes>,
    bytes: usize,
}

impl Kept {
    /// Reads an item as far as it may be kept, and gives all of it on.
    ///
    /// # Errors
    /// The source's failure.
    pub async fn reading(
        &self,
        ordinal: u64,
        mut bytes: ByteStream,
    ) -> Result<ByteStream, Failure> {
        let (mut chunks, mut len) = (Vec::new(), 0);
        while len <= ITEM_BYTES_MAX {
            let Some(chunk) = bytes.next().await.transpose()? else {
                self.keep(ordinal, &chunks, len);
                return Ok(stream::iter(chunks.into_iter().map(Ok)).boxed());
            };
            len += chunk.len();
            chunks.push(chunk);
        }
        Ok(stream::iter(chunks.into_iter().map(Ok)).chain(bytes).boxed())
    }

    /// The bytes of an item, if they were kept; they are not kept any longer.
    pub fn take(&self, ordinal: u64) -> Option<ByteStream> {
        let mut items = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = items.all.remove(&ordinal)?;
        items.bytes -= held(bytes.len());
        Some(stream::iter([Ok(bytes)]).boxed())
    }

    fn keep(&self, ordinal: u64, chunks: &[Bytes], len: usize) {
        let mut items = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if items.bytes + held(len) <= BYTES_MAX {
            items.bytes += held(len);
            // A copy: a chunk may be a small part of a large buffer.
            items.all.insert(ordinal, chunks.concat().into());
        }
    }
}

/// What it takes to hold so many bytes.
fn held(len: usize) -> usize {
    const ITEM_BYTES_MIN: usize = 256;
    len + ITEM_BYTES_MIN
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt;

    use super::*;

    /// Ten thousand bytes at a time.
    fn source(len: usize) -> ByteStream {
        let chunk = |start: usize| Ok(Bytes::from(vec![7; (len - start).min(10_000)]));
        stream::iter((0..len).step_by(10_000).map(chunk).collect::<Vec<_>>()).boxed()
    }

    async fn len(stream: ByteStream) -> usize {
        let chunks: Vec<Bytes> = stream.try_collect().await.unwrap();
        chunks.iter().map(Bytes::len).sum()
    }

    #[tokio::test]
    async fn what_is_short_is_kept_once_and_all_is_given_on() {
        let kept = Kept::default();
        for (ordinal, size) in
            [0, 1, 25_000, ITEM_BYTES_MAX, ITEM_BYTES_MAX + 1, 3 << 20].into_iter().enumerate()
        {
            let ordinal = ordinal as u64;
            let given = kept.reading(ordinal, source(size)).await.unwrap();
            assert_eq!(len(given).await, size);
            match kept.take(ordinal) {
                Some(again) => assert_eq!((len(again).await, size <= ITEM_BYTES_MAX), (size, true)),
                None => assert!(size > ITEM_BYTES_MAX, "{size}"),
            }
            assert!(kept.take(ordinal).is_none());
        }
    }

    #[tokio::test]
    async fn no_more_is_kept_than_there_is_room_for() {
        let kept = Kept::default();
        for ordinal in 0..40 {
            let given = kept.reading(ordinal, source(1_000_000)).await.unwrap();
            assert_eq!(len(given).await, 1_000_000);
        }
        let held = (0..40).filter(|ordinal| kept.take(*ordinal).is_some()).count();
        assert_eq!(held, BYTES_MAX / 1_000_000);
        drop(kept.reading(41, source(1_000_000)).await.unwrap());
        assert!(kept.take(41).is_some());
    }

    #[tokio::test]
    async fn what_breaks_off_is_not_kept() {
        let broken = stream::iter([Ok(Bytes::from_static(b"a")), Err(Failure::transient("x"))]);
        let kept = Kept::default();
        assert!(kept.reading(0, broken.boxed()).await.is_err());
        assert!(kept.take(0).is_none());
    }
}
