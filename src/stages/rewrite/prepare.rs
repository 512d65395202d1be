//! What becomes of one item on its way into an archive.

use std::sync::Arc;

use crate::domain::failure::Failure;
use crate::domain::item::Finding;
use crate::domain::outcome::ItemOutcome;
use crate::matching::people::mask::Mask;
use crate::ports::sources::{ByteStream, Read, Source};
use crate::stages::rewrite::mask::{Masked, Withheld, mask, masked_name};
use crate::stages::walk::ask::bytes_for;
use crate::stages::walk::look::Look;
use crate::stages::walk::pass::{self, Walk, again, item_at_fault};

/// An item, prepared.
pub enum Prepared {
    /// It goes into the archive.
    Ready(Box<Masked>),
    /// It stays out and is listed.
    Out {
        /// As it may be named.
        finding: Box<Finding>,
        /// A stable word first.
        reason: String,
        /// What became of it.
        outcome: ItemOutcome,
    },
}

/// How often an item that others rewrite all the time is looked at anew in one try.
const LOOKS_MAX: u32 = 5;

/// The reasons of what stays out because of what others did since the find.
const GONE: &str = "removed since it was found";
const SAYS_NOTHING: &str = "speaks of the person no more";
const RESTLESS: &str = "changes faster than it can be read";

/// Prepares one item, of which the bytes may be kept.
///
/// If it was rewritten since the find, it is as it is now, provided that it still speaks of the
/// subject. What has become of it otherwise is listed: nothing that was found is left out of an
/// archive in silence.
///
/// # Errors
/// A failure that may pass, where another try will follow; one that is not the item's.
pub async fn prepare(
    sources: &[Arc<dyn Source>],
    (finding, kept): (Finding, Option<ByteStream>),
    masks: Option<&Arc<Mask>>,
    with: &Walk,
) -> Result<Prepared, Failure> {
    let out = |finding: &Finding, reason: String, outcome: ItemOutcome| Prepared::Out {
        finding: Box::new(masked_name(finding, masks.map(Arc::as_ref))),
        outcome,
        reason,
    };
    let unreadable = |finding: &Finding, reason: String| {
        let outcome = ItemOutcome::Unreadable(reason.clone());
        out(finding, reason, outcome)
    };
    let Some(source) = sources.iter().find(|source| source.name() == finding.item.source) else {
        return Ok(unreadable(&finding, "the source is not configured any more".into()));
    };
    let found = match kept {
        Some(bytes) => Ok(Found::Bytes(Box::new(finding.clone()), bytes)),
        None => read(&**source, &finding, with).await,
    };
    let found = match found {
        Ok(found) => found,
        Err(failure) => {
            let failure = item_at_fault(&**source, failure, with).await?;
            return Ok(unreadable(&finding, failure.chain()));
        }
    };
    let (finding, bytes) = match found {
        Found::Bytes(finding, bytes) => (*finding, bytes),
        Found::Refused(why) => return Ok(unreadable(&finding, why)),
        Found::Gone => return Ok(out(&finding, GONE.into(), ItemOutcome::AlreadyAbsent)),
        Found::SaysNothing => {
            return Ok(out(&finding, SAYS_NOTHING.into(), ItemOutcome::AlreadyAbsent));
        }
        Found::Restless if !with.is_last_try() => {
            return Err(Failure::transient(format!("reading an item that {RESTLESS}")));
        }
        Found::Restless => return Ok(out(&finding, RESTLESS.into(), ItemOutcome::Changed)),
    };
    let masks = masks.cloned();
    match mask(&finding, bytes, masks, with).await {
        Ok(Ok(masked)) => Ok(Prepared::Ready(Box::new(masked))),
        Ok(Err(Withheld(why))) => Ok(unreadable(&finding, why)),
        Err(failure) => {
            let failure = item_at_fault(&**source, failure, with).await?;
            Ok(unreadable(&finding, failure.chain()))
        }
    }
}

enum Found {
    Bytes(Box<Finding>, ByteStream),
    Refused(String),
    Gone,
    /// It is there, and is about somebody else now.
    SaysNothing,
    /// Rewritten again and again while it was looked at.
    Restless,
}

async fn read(source: &dyn Source, finding: &Finding, with: &Walk) -> Result<Found, Failure> {
    let mut finding = finding.clone();
    for _ in 0..LOOKS_MAX {
        match bytes_for(source, &finding.item, &with.asking()).await? {
            Read::Bytes(bytes) => return Ok(Found::Bytes(Box::new(finding), bytes)),
            Read::Absent => return Ok(Found::Gone),
            Read::Refused(why) => return Ok(Found::Refused(why)),
            Read::Changed => {}
        }
        let Some(walked) = source.finds().walked() else { return Ok(Found::Gone) };
        if with.subjects.is_empty() || finding.hits.is_empty() {
            // It was asked for itself, or is the person's by where it lies, whatever it says.
            let Some(item) = again(walked, &finding.item).await? else { return Ok(Found::Gone) };
            finding = Finding { item, ..finding };
            continue;
        }
        // As it is now, with what it says of the subject now.
        let look = pass::look(walked, finding.item.clone(), with).await?;
        let Some(Look { item, hits, digest, unreadable, .. }) = look else {
            return Ok(Found::Gone);
        };
        let hits: Vec<_> = hits.into_iter().map(|hit| hit.hit).collect();
        match (hits.is_empty(), unreadable.into_iter().next()) {
            (false, _) => finding = Finding { item, hits, digest, others: false },
            (true, Some(why)) if why == RESTLESS => return Ok(Found::Restless),
            // Who can say of whom the rest of it speaks?
            (true, Some(why)) => return Ok(Found::Refused(why)),
            (true, None) => return Ok(Found::SaysNothing),
        }
    }
    Ok(Found::Restless)
}
