//! What becomes of one item on its way into an archive.

use std::sync::Arc;

use crate::domain::failure::Failure;
use crate::domain::item::Finding;
use crate::domain::outcome::ItemOutcome;
use crate::matching::people::mask::Mask;
use crate::ports::sources::{ByteStream, Read, Source};
use crate::stages::rewrite::mask::{Masked, Withheld, mask, masked_name};
use crate::stages::walk::pass::{self, Look, Walk};

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
    /// It is gone, or speaks of the subject no more.
    Gone,
}

/// Prepares one item; if it was rewritten since the find, as it is now, provided that it still
/// speaks of the subject.
///
/// # Errors
/// A transient failure of the source or of the disk, where another try will follow.
pub async fn prepare(
    sources: &[Arc<dyn Source>],
    finding: Finding,
    masks: Option<&Arc<Mask>>,
    with: &Walk,
) -> Result<Prepared, Failure> {
    let out = |finding: &Finding, reason: String| Prepared::Out {
        finding: Box::new(masked_name(finding, masks.map(Arc::as_ref))),
        outcome: ItemOutcome::Unreadable(reason.clone()),
        reason,
    };
    let Some(source) = sources.iter().find(|source| source.name() == finding.item.source) else {
        return Ok(out(&finding, "the source is not configured any more".into()));
    };
    let found = match read(&**source, &finding, with).await {
        Ok(found) => found,
        Err(failure) if with.is_patient_with(&failure) => return Err(failure),
        Err(failure) => return Ok(out(&finding, failure.chain())),
    };
    let (finding, bytes) = match found {
        Found::Bytes(finding, bytes) => (*finding, bytes),
        Found::Refused(why) => return Ok(out(&finding, why)),
        Found::Gone => return Ok(Prepared::Gone),
        Found::Restless => {
            return Ok(Prepared::Out {
                finding: Box::new(masked_name(&finding, masks.map(Arc::as_ref))),
                reason: "changes faster than it can be read".into(),
                outcome: ItemOutcome::Changed,
            });
        }
    };
    let masks = masks.cloned();
    match mask(&finding, bytes, masks, with).await {
        Ok(Ok(masked)) => Ok(Prepared::Ready(Box::new(masked))),
        Ok(Err(Withheld(why))) => Ok(out(&finding, why)),
        Err(failure) if with.is_patient_with(&failure) => Err(failure),
        Err(failure) => Ok(out(&finding, failure.chain())),
    }
}

enum Found {
    Bytes(Box<Finding>, ByteStream),
    Refused(String),
    Gone,
    /// Rewritten again while it was looked at.
    Restless,
}

async fn read(source: &dyn Source, finding: &Finding, with: &Walk) -> Result<Found, Failure> {
    match source.read(&finding.item).await? {
        Read::Bytes(bytes) => return Ok(Found::Bytes(Box::new(finding.clone()), bytes)),
        Read::Absent => return Ok(Found::Gone),
        Read::Refused(why) => return Ok(Found::Refused(why)),
        Read::Changed => {}
    }
    let Some(now) = fresh(source, finding, with).await? else { return Ok(Found::Gone) };
    Ok(match source.read(&now.item).await? {
        Read::Bytes(bytes) => Found::Bytes(Box::new(now), bytes),
        Read::Absent => Found::Gone,
        Read::Refused(why) => Found::Refused(why),
        Read::Changed => Found::Restless,
    })
}

/// The item as it is now, with what it says of the subject now.
async fn fresh(
    source: &dyn Source,
    finding: &Finding,
    with: &Walk,
) -> Result<Option<Finding>, Failure> {
    let look = pass::look(source, finding.item.clone(), with).await?;
    let Some(Look { item, hits, digest, .. }) = look else { return Ok(None) };
    let hits: Vec<_> = hits.into_iter().map(|hit| hit.hit).collect();
    Ok((!hits.is_empty()).then_some(Finding { item, hits, digest, others: false }))
}
