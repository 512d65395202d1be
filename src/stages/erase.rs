//! Carries out the plan of an erasure, item by item, each under the `ETag` seen at the find:
//! removed, or written anew without the subject.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::stream::{self, StreamExt};

use crate::domain::failure::Failure;
use crate::domain::item::{Item, Kind};
use crate::domain::outcome::{Block, ItemOutcome};
use crate::domain::plan::Action;
use crate::domain::policy::rules::Otherwise;
use crate::domain::state::Event;
use crate::ports::ledger::ItemEnd;
use crate::ports::sources::{Erased, Source};
use crate::stages::docket::{Case, Docket, Entry};
use crate::stages::rewrite::redact::{Redaction, redact};
use crate::stages::walk::pass::{self, Walk, item_at_fault};

/// Items whose intent and outcome are ledgered together. A kill repeats at most this many erasures,
/// each of which then finds the item gone.
const BATCH: u32 = 128;

/// Erases what has no outcome yet and brings the request to `verifying`.
///
/// Where a source does not let us in, what lies in the others is erased meanwhile. A request that
/// got another record, because a person stopped it, is left once the items in hand have ended.
///
/// # Errors
/// What could not be had of some items, once every other item has its outcome.
pub async fn erase(
    docket: &Docket,
    sources: &[Arc<dyn Source>],
    case: &Case,
    concurrency: usize,
    with: &Walk,
) -> Result<(), Failure> {
    let acting = Acting { docket, sources, case, with };
    let (mut failed, mut after, mut directories) = (Failed::default(), None, Vec::new());
    // Ends: each round goes on behind the last.
    loop {
        if docket.is_overtaken(case).await? {
            return Ok(());
        }
        let batch = docket.items(case, after, true, BATCH).await?;
        let Some(last) = batch.last() else { break };
        after = Some(last.ordinal);
        let (later, now): (Vec<Entry>, Vec<Entry>) = batch.into_iter().partition(is_directory);
        directories.extend(later.into_iter().map(|e| (e.planned.finding.item.name, e.ordinal)));
        acting.act(now, concurrency, &mut failed).await?;
    }
    if let Some(failure) = failed.failure {
        return Err(failure);
    }
    // After all that is in them, and one that is in another before that one.
    directories.sort();
    for (_, ordinal) in directories.into_iter().rev() {
        let one = docket.items(case, ordinal.checked_sub(1), true, 1).await?;
        acting.act(one, 1, &mut failed).await?;
    }
    if let Some(failure) = failed.failure {
        return Err(failure);
    }
    docket.advance(case, Event::Acted { archive: None }).await?;
    Ok(())
}

fn is_directory(entry: &Entry) -> bool {
    entry.planned.finding.item.kind == Kind::Directory
}

/// What acting on items takes.
struct Acting<'a> {
    docket: &'a Docket,
    sources: &'a [Arc<dyn Source>],
    case: &'a Case,
    with: &'a Walk,
}

impl Acting<'_> {
    /// Gives some open items their outcomes, but for those of sources that let nobody in.
    async fn act(
        &self,
        mut batch: Vec<Entry>,
        concurrency: usize,
        failed: &mut Failed,
    ) -> Result<(), Failure> {
        let Self { docket, sources, case, with } = *self;
        batch.retain(|entry| !failed.shut.contains(&entry.planned.finding.item.source));
        if batch.is_empty() {
            return Ok(());
        }
        let ordinals: Vec<u64> = batch.iter().map(|entry| entry.ordinal).collect();
        docket.ledger.begin_items(&case.lease, &case.request.id, &ordinals).await?;
        let ends: Vec<(u64, Result<Ended, Failure>)> = stream::iter(batch)
            .map(|entry| async move {
                if with.is_halted() {
                    return None;
                }
                Some((entry.ordinal, end(sources, entry, with).await))
            })
            .buffer_unordered(concurrency)
            .filter_map(std::future::ready)
            .collect()
            .await;
        let hashes = docket.hashes(&case.request.id);
        let mut ended = Vec::new();
        for (ordinal, end) in ends {
            match end {
                Ok((outcome, digest)) => {
                    let rewritten = digest.map(|digest| hashes.content(&digest).to_string());
                    ended.push(ItemEnd { ordinal, outcome, rewritten });
                }
                Err(failure) => failed.note(failure),
            }
        }
        docket.record_ends(case, &ended).await
    }
}

/// What did not work for now, over all items.
#[derive(Default)]
struct Failed {
    /// Sources that let nobody in: nothing more is asked of them in this try.
    shut: BTreeSet<String>,
    /// The failure to tell: rather that of a whole source than that of an item.
    failure: Option<Failure>,
}

impl Failed {
    fn note(&mut self, failure: Failure) {
        self.shut.extend(failure.blamed_source().map(str::to_owned));
        if self.failure.as_ref().is_none_or(|known| known.blame().is_none()) {
            self.failure = Some(failure);
        }
    }
}

/// What became of an item, and the digest of its new bytes if it was redacted.
type Ended = (ItemOutcome, Option<String>);

async fn end(sources: &[Arc<dyn Source>], entry: Entry, with: &Walk) -> Result<Ended, Failure> {
    if let Some(outcome) = entry.planned.settled() {
        return Ok((outcome, None));
    }
    let item = &entry.planned.finding.item;
    let Some(source) = sources.iter().find(|source| source.name() == item.source) else {
        return Ok((ItemOutcome::Failed("the source is not configured any more".into()), None));
    };
    let ended = match entry.planned.action {
        Action::Redact(otherwise) => rewritten(&**source, item, entry.begun, otherwise, with).await,
        Action::Delete | Action::Export | Action::Keep(_) | Action::List(_) => {
            removed(&**source, item, entry.begun).await.map(|outcome| (outcome, None))
        }
    };
    match ended {
        Err(failure) => {
            let failure = item_at_fault(&**source, failure, with).await?;
            Ok((ItemOutcome::Failed(failure.chain()), None))
        }
        // Most leases have an end, a minute away at most.
        Ok((ItemOutcome::Blocked(barrier), _))
            if barrier.block == Block::Lease && !with.is_last_try() =>
        {
            Err(Failure::transient("erasing an item on which somebody has a lease"))
        }
        Ok(ended) => Ok(ended),
    }
}

async fn removed(source: &dyn Source, item: &Item, begun: bool) -> Result<ItemOutcome, Failure> {
    Ok(match source.erase(item).await? {
        Erased::Done => ItemOutcome::Erased,
        Erased::AlreadyAbsent if begun => ItemOutcome::Erased,
        Erased::AlreadyAbsent => ItemOutcome::AlreadyAbsent,
        Erased::Changed => ItemOutcome::Changed,
        Erased::Blocked(barrier) => ItemOutcome::Blocked(barrier),
    })
}

/// What became of an item that was to be redacted.
async fn rewritten(
    source: &dyn Source,
    item: &Item,
    begun: bool,
    otherwise: Otherwise,
    with: &Walk,
) -> Result<Ended, Failure> {
    let outcome = match redact(source, item, with).await? {
        Redaction::Done { digest } => return Ok((ItemOutcome::Redacted, digest)),
        // We may have been here before, and died before we could say so.
        Redaction::Changed if begun => return settled_before(source, item, with).await,
        Redaction::Changed => ItemOutcome::Changed,
        Redaction::Absent => ItemOutcome::AlreadyAbsent,
        Redaction::Blocked(barrier) => ItemOutcome::Blocked(barrier),
        Redaction::Impossible(why) => match otherwise {
            Otherwise::Delete => removed(source, item, begun).await?,
            Otherwise::Leave => ItemOutcome::Failed(format!("redaction: {why}")),
        },
    };
    Ok((outcome, None))
}

/// What became of an item that was begun with and is another now: without the subject, it was
/// redacted by us, or by others as well as by us.
async fn settled_before(source: &dyn Source, item: &Item, with: &Walk) -> Result<Ended, Failure> {
    // What the source keeps of the old bytes goes in any case.
    if let Erased::Blocked(barrier) = source.erase_replaced(item).await? {
        return Ok((ItemOutcome::Blocked(barrier), None));
    }
    Ok(match pass::look(source, item.clone(), with).await? {
        None => (ItemOutcome::AlreadyAbsent, None),
        Some(look) if look.hits.is_empty() && look.unreadable.is_empty() => {
            (ItemOutcome::Redacted, look.digest)
        }
        Some(_) => (ItemOutcome::Changed, None),
    })
}
