//! One item written anew without the subject, under the `ETag` seen at the find. Nothing is put in
//! its place before the same eyes have found nobody in the whole of it.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use crate::domain::failure::Failure;
use crate::domain::item::Item;
use crate::domain::outcome::Barrier;
use crate::matching::encoding::{Coding, Undone, encode};
use crate::matching::limits::ItemLimits;
use crate::matching::matcher::Matcher;
use crate::matching::redact::looks::Erasing;
use crate::matching::redact::refusal::Unredacted;
use crate::matching::redact::rewriting::{PASSES_MAX, is_clean, redact_named, redact_short};
use crate::matching::scan::scan_head;
use crate::ports::sources::{ByteStream, NewForm, Read, Rewritten, Walked};
use crate::stages::rewrite::spool::Spool;
use crate::stages::walk::content::{failure_in, on_a_thread, reader_of};
use crate::stages::walk::pass::Walk;

/// Why a part of a repository stays: others are told by the digest of its bytes.
const GIT: &str = "git";

/// How a redaction ended.
pub enum Redaction {
    /// The item is there without the subject.
    Done {
        /// Hex SHA-256 of its bytes as they are now, where they are other bytes.
        digest: Option<String>,
        /// What it is known by now.
        etag: String,
    },
    /// It was gone.
    Absent,
    /// Other bytes are there now.
    Changed,
    /// Other bytes were there when ours were to take the place. They may be ours: where the answer
    /// to a write was lost, the next one is refused.
    Overtaken {
        /// Hex SHA-256 of ours, where they are other bytes.
        digest: Option<String>,
    },
    /// Something outside our authority forbids it.
    Blocked(Barrier),
    /// It cannot be written without the subject; a stable word says why. It is as it was.
    Impossible(String),
}

/// Redacts one current item.
///
/// # Errors
/// The source's failure, or the disk's.
pub async fn redact(source: &dyn Walked, item: &Item, with: &Walk) -> Result<Redaction, Failure> {
    if item.layout().is_of_git() {
        return Ok(Redaction::Impossible(GIT.to_owned()));
    }
    let bytes = match source.read(item).await? {
        Read::Bytes(bytes) => bytes,
        Read::Absent => return Ok(Redaction::Absent),
        Read::Changed => return Ok(Redaction::Changed),
        Read::Refused(why) => return Ok(Redaction::Impossible(why)),
    };
    let redacted = match rewritten(item, bytes, with).await? {
        Ok(redacted) => redacted,
        Err(why) => return Ok(Redaction::Impossible(why)),
    };
    let Redacted { spool, beside } = redacted;
    let (bytes, size, digest) = match spool {
        Some(spool) => {
            let (size, digest) = (spool.size(), spool.digest());
            (spool.into_stream()?, size, Some(digest))
        }
        // Only what stands beside the bytes changes.
        None => match source.read(item).await? {
            Read::Bytes(bytes) => (bytes, item.size, None),
            Read::Absent => return Ok(Redaction::Absent),
            Read::Changed => return Ok(Redaction::Changed),
            Read::Refused(why) => return Ok(Redaction::Impossible(why)),
        },
    };
    let Beside { content_type, properties, metadata, tags } = beside;
    let form = NewForm { bytes, size, content_type, properties, metadata, tags };
    Ok(match source.rewrite(item, form).await? {
        Rewritten::Done { etag } => Redaction::Done { digest, etag },
        Rewritten::AlreadyAbsent => Redaction::Absent,
        Rewritten::Changed => Redaction::Overtaken { digest },
        Rewritten::Blocked(barrier) => Redaction::Blocked(barrier),
        Rewritten::Refused(why) => Redaction::Impossible(why),
    })
}

/// What takes the place of an item.
struct Redacted {
    /// `None` where the bytes may stay.
    spool: Option<Spool>,
    beside: Beside,
}

/// What stands beside the bytes.
struct Beside {
    content_type: Option<String>,
    properties: BTreeMap<String, String>,
    metadata: BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
}

async fn rewritten(
    item: &Item,
    bytes: ByteStream,
    with: &Walk,
) -> Result<Result<Redacted, String>, Failure> {
    let (item, matcher, limits) = (item.clone(), Arc::clone(&with.matcher), with.limits);
    let mut content = reader_of(bytes);
    let rewriting = on_a_thread(move || match rewrite(item, &mut content, &matcher, &limits) {
        Ok(redacted) => Ok(Ok(redacted)),
        Err(Unredacted::NotRewritable(why)) => Ok(Err(why)),
        Err(Unredacted::Failed(error)) => Err(failure_in(error)),
    });
    // A rewriting that panics on hostile bytes has met what it cannot read.
    rewriting.await.unwrap_or_else(|_| Ok(Err("broken".to_owned())))
}

fn rewrite(
    item: Item,
    content: &mut dyn io::Read,
    matcher: &Matcher,
    limits: &ItemLimits,
) -> Result<Redacted, Unredacted> {
    let mut look = Erasing(matcher);
    let beside = beside(&mut look, &item)?;
    let encoding = item.content_encoding.clone();
    let head = Item {
        content_type: beside.content_type.clone(),
        properties: beside.properties.clone(),
        metadata: beside.metadata.clone(),
        tags: beside.tags.clone(),
        ..item
    };
    if !scan_head(&head, matcher).is_empty() {
        // The name, or a key of metadata: they cannot be changed in place.
        return Err(Unredacted::NotRewritable("name".to_owned()));
    }
    let mut spool = Spool::new();
    let undone = Undone::new(encoding.as_deref(), content, limits);
    let mut undone = undone.map_err(Unredacted::Failed)?;
    let replaced = redact_named(&mut look, &head.name, &mut undone, &mut spool, limits)?;
    if let Some(why) = undone.trouble() {
        return Err(Unredacted::NotRewritable(why.to_owned()));
    }
    let codings = undone.codings();
    let mut places = replaced.places();
    for passes in 1.. {
        let mut reader = spool.reader().map_err(Unredacted::Failed)?;
        let clean = is_clean(&mut look, &head.name, &mut reader, limits);
        if clean.map_err(Unredacted::Failed)? {
            break;
        }
        if passes == PASSES_MAX {
            return Err(Unredacted::NotRewritable("still found".to_owned()));
        }
        drop(reader);
        let mut again = Spool::new();
        let mut reader = spool.reader().map_err(Unredacted::Failed)?;
        places += redact_named(&mut look, &head.name, &mut reader, &mut again, limits)?.places();
        drop(reader);
        spool = again;
    }
    if places == 0 {
        return Ok(Redacted { spool: None, beside });
    }
    for coding in codings {
        spool = encoded(coding, spool).map_err(Unredacted::Failed)?;
    }
    Ok(Redacted { spool: Some(spool), beside })
}

fn encoded(coding: Coding, mut spool: Spool) -> io::Result<Spool> {
    let mut out = Spool::new();
    encode(coding, &mut spool.reader()?, &mut out)?;
    Ok(out)
}

fn beside(look: &mut Erasing<'_>, item: &Item) -> Result<Beside, Unredacted> {
    let mut pairs = |pairs: &BTreeMap<String, String>| {
        let each = pairs.iter();
        let redacted =
            each.map(|(key, value)| Ok((key.clone(), redact_short(look, Some(key), value)?.text)));
        redacted.collect::<Result<BTreeMap<_, _>, Unredacted>>()
    };
    let mut properties = item.properties.clone();
    // New bytes are no copy of anything.
    properties.retain(|name, _| !name.starts_with("Copy"));
    let properties = pairs(&properties)?;
    let (metadata, tags) = (pairs(&item.metadata)?, pairs(&item.tags)?);
    let content_type = item.content_type.as_ref().map(|text| redact_short(look, None, text));
    let content_type = content_type.transpose()?.map(|short| short.text);
    Ok(Beside { content_type, properties, metadata, tags })
}
