//! The bytes of an item: read, decoded and looked through on another thread, unless they are few.

use std::error::Error;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, StreamExt, TryStreamExt};
use sha2::{Digest, Sha256};
use tokio::task::JoinError;
use tokio_util::io::{StreamReader, SyncIoBridge};

use crate::domain::asked::subject::Subject;
use crate::domain::failure::Failure;
use crate::domain::item::Item;
use crate::matching::limits::{ItemLimits, PeopleLimits};
use crate::matching::matcher::Matcher;
use crate::matching::people::census::{Census, census, census_among, census_of_copy};
use crate::matching::people::kin::known::Known;
use crate::matching::people::named::Group;
use crate::matching::people::others::names_others;
use crate::matching::scan::{self, Scan};
use crate::matching::terms::filter::{Salt, TermKey, Terms};
use crate::matching::work::Leash;
use crate::ports::sources::{ByteStream, Read, Walked};
use crate::stages::walk::learned::DOCUMENT_BYTES_MAX;

/// What is asked of the bytes of an item.
#[derive(Clone)]
pub struct Asked {
    /// Whom it speaks of.
    pub matcher: Arc<Matcher>,
    /// How far it is opened.
    pub limits: ItemLimits,
    /// Whether they are digested.
    pub digested: Digested,
    /// Whether it tells everyone whom it names.
    pub learns: bool,
    /// With what its terms are collected, where they are.
    pub terms: Option<(TermKey, Salt)>,
}

/// What an item says.
pub struct Said {
    /// Of whom it was asked about.
    pub scan: Scan,
    /// The digest of its bytes, if it says anything, or in any case.
    pub digest: Option<String>,
    /// Everyone whom it names, if that is asked.
    pub people: Vec<Group>,
    /// Its terms, if they are asked.
    pub terms: Option<Terms>,
}

/// What an item says.
///
/// # Errors
/// The bytes' own failure; a decoder that gives up.
pub async fn read(item: &Item, mut bytes: ByteStream, asked: Asked) -> Result<Said, Failure> {
    let first = bytes.next().await.transpose()?.unwrap_or_default();
    let content = match bytes.next().await {
        // Most items are small and come in one piece.
        None => Content::Whole(first),
        Some(second) => {
            Content::Stream(reader_of(stream::iter([Ok(first), second]).chain(bytes).boxed()))
        }
    };
    if let Content::Whole(bytes) = &content
        && bytes.len() <= SHORT_BYTES_MAX
        && let Ok(Some(said)) = scan_here(item, bytes, &asked)
    {
        return said.map_err(failure_in);
    }
    let item = item.clone();
    let scanning = on_a_thread(move || scan_content(&item, content, &asked));
    match scanning.await {
        Ok(Ok(said)) => Ok(said),
        Ok(Err(error)) => Err(failure_in(error)),
        // A decoder that panics on hostile bytes has met what it cannot read.
        Err(_) => Err(Failure::permanent("decoding an item")),
    }
}

/// Bytes of an item that is looked through where it came, if that is as short as it seems: to hand
/// it to another thread takes as long as most of them take.
const SHORT_BYTES_MAX: usize = 8 << 10;

/// Bytes that may be looked at in it: a few milliseconds. In a few bytes much may be packed.
const SHORT_WORK_BYTES: u64 = 1 << 20;

fn scan_here(
    item: &Item,
    bytes: &Bytes,
    asked: &Asked,
) -> std::thread::Result<Option<io::Result<Said>>> {
    let content = Content::Whole(bytes.clone());
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        Leash::run_if_short(SHORT_WORK_BYTES, || scan_content(item, content, asked))
    }))
}

/// Everyone named in an item that was read so, those too who are known from elsewhere; `None` where
/// its bytes are not to be had, or not to be decoded.
///
/// # Errors
/// The source's failure.
pub async fn census_of(
    read: Read,
    item: &Item,
    limits: &ItemLimits,
    known: &Arc<Known>,
) -> Result<Option<Census>, Failure> {
    let bytes = match read {
        Read::Bytes(bytes) => bytes,
        Read::Absent | Read::Changed | Read::Refused(_) => return Ok(None),
    };
    let (item, limits, mut content) = (item.clone(), *limits, reader_of(bytes));
    let (known, people) = (Arc::clone(known), PeopleLimits::default());
    let counting = on_a_thread(move || census_among(&known, &item, &mut content, &limits, &people));
    match counting.await {
        Ok(census) => census.map(Some).map_err(failure_in),
        // A decoder that panics on hostile bytes has met what it cannot read.
        Err(_) => Ok(None),
    }
}

/// For which of these subjects, by number, an item names others too. Where its bytes are not to be
/// had, or not to be decoded, it is taken to do so for all.
///
/// # Errors
/// The source's failure.
pub async fn shared_of(
    source: &dyn Walked,
    item: &Item,
    subjects: &Arc<[Subject]>,
    named: &[usize],
    known: &Arc<Known>,
    limits: &ItemLimits,
) -> Result<Vec<usize>, Failure> {
    let Read::Bytes(bytes) = source.read(item).await? else { return Ok(named.to_vec()) };
    let (item, limits, mut content) = (item.clone(), *limits, reader_of(bytes));
    let (subjects, asked, known) = (Arc::clone(subjects), named.to_vec(), Arc::clone(known));
    let telling = on_a_thread(move || {
        let people: Vec<&Subject> = asked.iter().map(|subject| &subjects[*subject]).collect();
        let bound = PeopleLimits::default();
        let told = names_others(&item, &mut content, &people, &known, &limits, &bound)?;
        let with_others = asked.into_iter().zip(told).filter(|(_, others)| *others);
        Ok(with_others.map(|(subject, _)| subject).collect())
    });
    match telling.await {
        Ok(told) => told.map_err(failure_in),
        // A decoder that panics on hostile bytes has met what it cannot read.
        Err(_) => Ok(named.to_vec()),
    }
}

/// Of which items the bytes are digested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digested {
    /// Those that speak of somebody: they are few, and the others need no digest.
    Speaking,
    /// All.
    All,
}

/// Does work that may be long on another thread. If whoever waits for it goes away, as at a stop,
/// the work is called off: threads cannot be ended, and the process would wait for it.
///
/// # Errors
/// It panicked.
pub async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, JoinError> {
    let (leash, _holder) = Leash::new();
    tokio::task::spawn_blocking(move || leash.run(work)).await
}

enum Content {
    /// All of it.
    Whole(Bytes),
    /// To be read.
    Stream(Box<dyn io::Read + Send>),
}

fn scan_content(item: &Item, content: Content, asked: &Asked) -> io::Result<Said> {
    let Asked { limits, digested, learns, .. } = asked;
    let is_wanted = |scan: &Scan| *digested == Digested::All || !scan.hits.is_empty();
    match content {
        Content::Whole(bytes) => {
            let (scan, terms) = scanned(item, &mut &bytes[..], asked)?;
            let digest = is_wanted(&scan).then(|| hex::encode(Sha256::digest(&bytes)));
            let people = if *learns { people_in(item, &bytes, limits)? } else { Vec::new() };
            Ok(Said { scan, digest, people, terms })
        }
        Content::Stream(bytes) => {
            let copy = learns.then(Vec::new);
            let mut hashed = Hashed { bytes, hash: Sha256::new(), size: 0, copy };
            let (scan, terms) = scanned(item, &mut hashed, asked)?;
            // What went over a limit was not read to its end.
            let whole = hashed.size == item.size && is_wanted(&scan);
            let digest = whole.then(|| hex::encode(hashed.hash.finalize()));
            let people = hashed.copy.map(|bytes| people_in(item, &bytes, limits)).transpose()?;
            Ok(Said { scan, digest, people: people.unwrap_or_default(), terms })
        }
    }
}

fn scanned(
    item: &Item,
    content: &mut dyn io::Read,
    asked: &Asked,
) -> io::Result<(Scan, Option<Terms>)> {
    let Asked { matcher, limits, terms, .. } = asked;
    let Some((key, salt)) = terms else {
        return Ok((scan::scan(item, content, matcher, limits)?, None));
    };
    let (scan, terms) = scan::scan_and_collect(item, content, matcher, limits, key, *salt)?;
    Ok((scan, Some(terms)))
}

/// Everyone whom an item names; of a zipped copy of a run's artifacts, whom the documents among
/// them name.
///
/// # Errors
/// Our own disk's.
pub fn people_in(item: &Item, bytes: &[u8], limits: &ItemLimits) -> io::Result<Vec<Group>> {
    let (mut content, people) = (bytes, PeopleLimits::default());
    if item.layout().is_zipped_copy() {
        return census_of_copy(item, &mut content, limits, &people, DOCUMENT_BYTES_MAX);
    }
    Ok(census(item, &mut content, limits, &people)?.groups)
}

/// Bytes that are hashed as they are read.
struct Hashed {
    bytes: Box<dyn io::Read + Send>,
    hash: Sha256,
    size: u64,
    /// The same bytes, where they are read again: of what is as short as its listing says.
    copy: Option<Vec<u8>>,
}

impl io::Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(buffer)?;
        self.hash.update(&buffer[..read]);
        self.size += read as u64;
        self.copy = self.copy.take().filter(|_| self.size <= DOCUMENT_BYTES_MAX);
        if let Some(copy) = &mut self.copy {
            copy.extend_from_slice(&buffer[..read]);
        }
        Ok(read)
    }
}

/// Bytes to be read on another thread; a failure of theirs travels through `std::io`.
pub fn reader_of(bytes: ByteStream) -> Box<dyn io::Read + Send> {
    Box::new(SyncIoBridge::new(StreamReader::new(bytes.map_err(io::Error::other))))
}

/// The source's own failure, which travelled through `std::io`, also where a decoder put it into an
/// error of its own; else what our disk or the decoder says.
pub fn failure_in(error: io::Error) -> Failure {
    const DOING: &str = "reading an item";
    let error = match error.downcast::<Failure>() {
        Ok(failure) => return failure,
        Err(error) => error,
    };
    let (mut inner, mut said): (Option<&(dyn Error + 'static)>, _) = (Some(&error), None);
    while let Some(error) = inner {
        if let Some(failure) = error.downcast_ref::<Failure>() {
            return failure.retold(DOING);
        }
        said = error.downcast_ref::<io::Error>().or(said);
        // What such an error holds is not its source but itself.
        let held = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        inner = match held {
            Some(held) => Some(held),
            None => error.source(),
        };
    }
    Failure::of_io(DOING, said.unwrap_or(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("a member cannot be read")]
    struct Wrapped(#[source] io::Error);

    #[test]
    fn a_failure_of_the_source_is_found_however_deep() {
        let away = || io::Error::other(Failure::transient("reading a blob"));
        let wrapped = io::Error::new(io::ErrorKind::InvalidData, Wrapped(away()));
        let twice = io::Error::other(Wrapped(io::Error::other(Wrapped(away()))));
        for error in [away(), wrapped, twice] {
            let failure = failure_in(error);
            assert!(failure.is_transient() && failure.chain().contains("reading a blob"));
        }
        let broken = failure_in(io::Error::new(io::ErrorKind::InvalidData, "no such block"));
        assert!(!broken.is_transient());
        let full = io::Error::other(Wrapped(io::ErrorKind::StorageFull.into()));
        assert!(failure_in(full).is_transient(), "a decoder may wrap our own disk too");
    }
}
