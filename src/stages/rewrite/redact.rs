//! One item written anew without the subject, under the `ETag` seen at the find. Nothing is put in
//! its place before the same eyes have found nobody in the whole of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::failure::Failure;
use crate::domain::item::Item;
use crate::domain::outcome::Barrier;
use crate::matching::limits::Limits;
use crate::matching::matcher::Matcher;
use crate::matching::redact::looks::Erasing;
use crate::matching::redact::refusal::Unredacted;
use crate::matching::redact::rewriting::{is_clean, redact as redact_bytes, redact_short};
use crate::matching::scan::scan_head;
use crate::ports::sources::{ByteStream, NewForm, Read, Rewritten, Source};
use crate::stages::rewrite::spool::Spool;
use crate::stages::walk::content::{failure_in, on_a_thread, reader_of};
use crate::stages::walk::pass::Walk;

/// How a redaction ended.
pub enum Redaction {
    /// The item is there without the subject.
    Done {
        /// Hex SHA-256 of its bytes as they are now, where they are other bytes.
        digest: Option<String>,
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
pub async fn redact(source: &dyn Source, item: &Item, with: &Walk) -> Result<Redaction, Failure> {
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
    let Redacted { spool, metadata, tags } = redacted;
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
    Ok(match source.rewrite(item, NewForm { bytes, size, metadata, tags }).await? {
        Rewritten::Done { .. } => Redaction::Done { digest },
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
    content: &mut dyn std::io::Read,
    matcher: &Matcher,
    limits: &Limits,
) -> Result<Redacted, Unredacted> {
    let mut look = Erasing(matcher);
    let (metadata, tags) = (beside(&mut look, &item.metadata)?, beside(&mut look, &item.tags)?);
    let head = Item { metadata: metadata.clone(), tags: tags.clone(), ..item };
    if !scan_head(&head, matcher).is_empty() {
        // The name, or a key of metadata: they cannot be changed in place.
        return Err(Unredacted::NotRewritable("name".to_owned()));
    }
    let mut spool = Spool::new();
    let replaced = redact_bytes(&mut look, content, &mut spool, limits)?;
    let mut reader = spool.reader().map_err(Unredacted::Failed)?;
    if !is_clean(&mut look, &mut reader, limits).map_err(Unredacted::Failed)? {
        return Err(Unredacted::NotRewritable("still found".to_owned()));
    }
    drop(reader);
    Ok(Redacted { spool: (replaced.places() > 0).then_some(spool), metadata, tags })
}

fn beside(
    look: &mut Erasing<'_>,
    pairs: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Unredacted> {
    let each = pairs.iter();
    each.map(|(key, value)| Ok((key.clone(), redact_short(look, Some(key), value)?.text))).collect()
}
