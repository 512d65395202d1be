//! Acts on one item of a plan: what becomes of it.

use std::sync::Arc;

use crate::domain::asked::thing::Aside;
use crate::domain::failure::Failure;
use crate::domain::item::{Finding, Kind, Version};
use crate::domain::outcome::{Block, ItemOutcome};
use crate::domain::plan::Planned;
use crate::domain::policy::action::{Action, Otherwise};
use crate::ports::sources::{Erased, Finds, Source, Things, Ticket, Walked};
use crate::stages::account::entries::Entry;
use crate::stages::act::hands::InHand;
use crate::stages::rewrite::redact::{Redaction, redact};
use crate::stages::walk::pass::{self, Walk, item_at_fault};

/// How acting on an item ended.
pub enum Ended {
    /// What became of it, and the digest of its new bytes if it was redacted.
    So(ItemOutcome, Option<String>),
    /// A service has begun to remove it.
    Later(Ticket),
}

impl From<ItemOutcome> for Ended {
    fn from(outcome: ItemOutcome) -> Self {
        Self::So(outcome, None)
    }
}

/// What became of an item; `None` if it is as it was and no part of the plan any more.
///
/// # Errors
/// A failure that may pass, where another try will follow; one that is not the item's.
pub async fn end(
    sources: &[Arc<dyn Source>],
    mut entry: Entry,
    in_hand: &InHand<'_>,
    with: &Walk,
) -> Result<Option<Ended>, Failure> {
    if let Some(outcome) = entry.planned.settled() {
        return Ok(Some(outcome.into()));
    }
    let Some(source) = source_of(sources, &entry) else {
        let why = "the source is not configured any more";
        return Ok(Some(ItemOutcome::Failed(why.into()).into()));
    };
    let ended = match source.finds() {
        Finds::Walk(walked) => {
            let (things, source) = (source.things(), walked);
            let begun = entry.begun || goes_with_its_run(&entry.planned);
            let Planned { finding, action, .. } = &mut entry.planned;
            match caught_up(source, finding, in_hand).await {
                Ok(()) => {
                    let target = Target { source, finding, begun, in_hand };
                    acted_on(&target, things, action, with).await
                }
                Err(failure) => Err(failure),
            }
        }
        // Rows go together with what others wait for; nobody can be taken out of one.
        Finds::Ask(_) => Ok(Some(ItemOutcome::Failed("redaction: rows".to_owned()).into())),
    };
    match ended {
        Err(failure) => {
            let failure = item_at_fault(source, failure, with).await?;
            Ok(Some(ItemOutcome::Failed(failure.chain()).into()))
        }
        // Most leases have an end, a minute away at most.
        Ok(Some(Ended::So(ItemOutcome::Blocked(barrier), _)))
            if barrier.block == Block::Lease && !with.is_last_try() =>
        {
            Err(Failure::transient("erasing an item on which somebody has a lease"))
        }
        Ok(ended) => Ok(ended),
    }
}

/// An item that was written anew for others since it was found is the one that was found, without
/// them.
async fn caught_up(
    source: &dyn Walked,
    finding: &mut Finding,
    in_hand: &InHand<'_>,
) -> Result<(), Failure> {
    let Some(etag) = in_hand.of_now(&finding.item.etag) else { return Ok(()) };
    let now = pass::again(source, &finding.item).await?;
    if let Some(now) = now.filter(|now| now.etag == etag) {
        finding.item = now;
    }
    Ok(())
}

/// Whether a service removes it with a run that went before: it is gone by our hand.
fn goes_with_its_run(planned: &Planned) -> bool {
    let Planned { finding: Finding { item, .. }, action, waits_for, .. } = planned;
    let is_of_run = item.kind == Kind::Thing && item.layout().run().is_some();
    is_of_run && *waits_for > 0 && matches!(action, Action::Delete)
}

/// The source that holds what an entry is about; `None` if it is not configured any more.
pub fn source_of<'a>(sources: &'a [Arc<dyn Source>], entry: &Entry) -> Option<&'a dyn Source> {
    let name = &entry.planned.finding.item.source;
    sources.iter().find(|source| source.name() == name).map(|source| &**source)
}

async fn acted_on(
    target: &Target<'_>,
    things: Option<&dyn Things>,
    action: &Action,
    with: &Walk,
) -> Result<Option<Ended>, Failure> {
    match action {
        Action::PutAside(aside) => put_aside(target, things, *aside).await.map(Some),
        Action::Redact(otherwise) => rewritten(target, *otherwise, with).await.map(Some),
        Action::Along => went_along(target).await.map(|gone| gone.map(Ended::from)),
        Action::Delete
        | Action::Export
        | Action::Keep(_)
        | Action::List(_)
        | Action::Declare { .. } => removed(target).await.map(Some),
    }
}

/// What became of a thing that was to be put aside.
async fn put_aside(
    target: &Target<'_>,
    things: Option<&dyn Things>,
    aside: Aside,
) -> Result<Ended, Failure> {
    let Some(things) = things else {
        let why = "the source puts nothing aside";
        return Ok(ItemOutcome::Failed(why.to_owned()).into());
    };
    let item = &target.finding.item;
    let outcome = match things.put_aside(item, aside).await? {
        Erased::Begun(ticket) => return Ok(Ended::Later(ticket)),
        Erased::Done => aside.into(),
        Erased::AlreadyAbsent if target.begun && aside == Aside::Unregistered => aside.into(),
        Erased::AlreadyAbsent => ItemOutcome::AlreadyAbsent,
        // We may have changed it ourselves, and died before we could say so.
        Erased::Changed if things.is_aside(item, aside).await? => aside.into(),
        Erased::Changed => ItemOutcome::Changed,
        Erased::Blocked(barrier) => ItemOutcome::Blocked(barrier),
    };
    Ok(outcome.into())
}

/// Whether a snapshot went with its current form; `None` if it did not have to.
async fn went_along(target: &Target<'_>) -> Result<Option<ItemOutcome>, Failure> {
    let item = &target.finding.item;
    let left = target.source.remains(&item.name).await?;
    let stands = left.iter().any(|form| form.version == item.version);
    Ok((!stands).then_some(ItemOutcome::Erased))
}

/// What is acted on.
struct Target<'a> {
    source: &'a dyn Walked,
    finding: &'a Finding,
    /// Whether we may have been here before, and died before we could say so.
    begun: bool,
    in_hand: &'a InHand<'a>,
}

/// What became of an item that was to be removed. What the source keeps of it goes too, whoever
/// removed it or wrote over it, and however often we come by.
async fn removed(target: &Target<'_>) -> Result<Ended, Failure> {
    let Target { source, finding: Finding { item, .. }, begun, .. } = target;
    let outcome = match source.erase(item).await? {
        Erased::Begun(ticket) => return Ok(Ended::Later(ticket)),
        Erased::Done => ItemOutcome::Erased,
        Erased::AlreadyAbsent if *begun => ItemOutcome::Erased,
        Erased::AlreadyAbsent => ItemOutcome::AlreadyAbsent,
        Erased::Changed => changed(target).await?,
        Erased::Blocked(barrier) => ItemOutcome::Blocked(barrier),
    };
    Ok(outcome.into())
}

/// What became of an item that was to be redacted.
async fn rewritten(
    target: &Target<'_>,
    otherwise: Otherwise,
    with: &Walk,
) -> Result<Ended, Failure> {
    let Target { source, finding: Finding { item, .. }, begun, in_hand } = target;
    let outcome = match redact(*source, item, with).await? {
        Redaction::Done { digest, etag } => {
            in_hand.rewrote(&item.etag, etag);
            return Ok(Ended::So(ItemOutcome::Redacted, digest));
        }
        Redaction::Overtaken { digest } => {
            let ours = digest.as_ref().or(target.finding.digest.as_ref());
            return settled(target, otherwise, ours, with).await;
        }
        Redaction::Changed if *begun => return settled(target, otherwise, None, with).await,
        Redaction::Changed => changed(target).await?,
        Redaction::Absent => return gone(target, otherwise).await,
        Redaction::Blocked(barrier) => ItemOutcome::Blocked(barrier),
        Redaction::Impossible(why) => match otherwise {
            Otherwise::Delete => return removed(target).await,
            Otherwise::Leave => ItemOutcome::Failed(format!("redaction: {why}")),
        },
    };
    Ok(outcome.into())
}

/// Others wrote over an item, or in its place. Of what the source keeps of the old bytes, what is
/// held is an item by itself, and the second look meets it.
async fn changed(target: &Target<'_>) -> Result<ItemOutcome, Failure> {
    let item = &target.finding.item;
    if item.version == Version::Current {
        target.source.erase_replaced(item).await?;
    }
    Ok(ItemOutcome::Changed)
}

/// An item that was to be redacted is gone. Where it would have been removed if need be, we may
/// have done that; and whoever did, what the source keeps of it goes.
async fn gone(target: &Target<'_>, otherwise: Otherwise) -> Result<Ended, Failure> {
    if otherwise == Otherwise::Delete {
        return removed(target).await;
    }
    let outcome = match target.source.erase_replaced(&target.finding.item).await? {
        Erased::Blocked(barrier) => ItemOutcome::Blocked(barrier),
        Erased::Done | Erased::AlreadyAbsent | Erased::Changed | Erased::Begun(_) => {
            ItemOutcome::AlreadyAbsent
        }
    };
    Ok(outcome.into())
}

/// What became of an item that is another now, and that we may have written: with `ours` for its
/// digest it is what we wrote. One that was begun with and is without the subject was redacted by
/// us, or by others as well as by us.
async fn settled(
    target: &Target<'_>,
    otherwise: Otherwise,
    ours: Option<&String>,
    with: &Walk,
) -> Result<Ended, Failure> {
    let Target { source, finding: Finding { item, .. }, begun, .. } = target;
    // What the source keeps of the old bytes goes in any case.
    if let Erased::Blocked(barrier) = source.erase_replaced(item).await? {
        return Ok(ItemOutcome::Blocked(barrier).into());
    }
    let Some(look) = pass::look(*source, item.clone(), &with.digesting()).await? else {
        return gone(target, otherwise).await;
    };
    let is_clean = look.hits.is_empty() && look.unreadable.is_empty();
    let is_ours = ours.is_some() && ours == look.digest.as_ref();
    if !is_clean || !(is_ours || *begun) {
        return Ok(ItemOutcome::Changed.into());
    }
    // Bytes that stayed are no others: what stands beside them was rewritten.
    let after = look.digest.filter(|digest| target.finding.digest.as_ref() != Some(digest));
    Ok(Ended::So(ItemOutcome::Redacted, after))
}
