//! Carries out the plan of an erasure, item by item, each under the `ETag` seen at the find:
//! removed, or written anew without the subject.
//!
//! What a service removes by itself is pending until it says that it has.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::stream::{self, StreamExt};

use crate::domain::failure::Failure;
use crate::domain::item::{Finding, Kind, Version};
use crate::domain::outcome::{Block, ItemOutcome};
use crate::domain::plan::Planned;
use crate::domain::policy::action::Action;
use crate::domain::policy::action::Otherwise;
use crate::domain::state::Event;
use crate::ports::ledger::{Cleared, ItemEnd};
use crate::ports::sources::{Erased, Source, Ticket};
use crate::stages::account::case::Case;
use crate::stages::account::entries::Entry;
use crate::stages::account::records::Account;
use crate::stages::rewrite::redact::{Redaction, redact};
use crate::stages::walk::pass::{self, Walk, item_at_fault};

/// Items whose intent and outcome are ledgered together. A kill repeats at most this many erasures,
/// each of which then finds the item gone.
const BATCH: u32 = 128;

/// Erases what has no outcome yet and brings the request to `verifying`, or to `waiting` where
/// services have begun what they finish by themselves.
///
/// Where a source does not let us in, what lies in the others is erased meanwhile. A request that
/// got another record, because a person stopped it, is left once the items in hand have ended.
///
/// # Errors
/// What could not be had of some items, once every other item has its outcome.
pub async fn erase(
    account: &Account,
    sources: &[Arc<dyn Source>],
    case: &Case,
    concurrency: usize,
    with: &Walk,
) -> Result<(), Failure> {
    let acting = Acting { account, sources, case, with };
    let (mut failed, mut after, mut directories) = (Failed::default(), None, Vec::new());
    // Ends: each round looks at what comes after the batch of the one before.
    loop {
        if account.is_overtaken(case).await? {
            return Ok(());
        }
        let batch = account.items(case, after, true, BATCH).await?;
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
        let one = account.items(case, ordinal.checked_sub(1), true, 1).await?;
        acting.act(one, 1, &mut failed).await?;
    }
    if let Some(failure) = failed.failure {
        return Err(failure);
    }
    let event = match account.ledger.open_tickets(&case.request.id).await?.count {
        0 => Event::Acted { archive: None },
        pending => Event::WaitStarted { pending },
    };
    account.advance(case, event).await?;
    Ok(())
}

fn is_directory(entry: &Entry) -> bool {
    entry.planned.finding.item.kind == Kind::Directory
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
    /// Whether an item is tried still. What goes along with others waits until it is known of all
    /// of them whether they are gone.
    fn admits(&self, planned: &Planned) -> bool {
        let is_open = !self.shut.contains(&planned.finding.item.source);
        is_open && (self.failure.is_none() || !goes_along(planned))
    }

    fn note(&mut self, failure: Failure) {
        self.shut.extend(failure.blamed_source().map(str::to_owned));
        if self.failure.as_ref().is_none_or(|known| known.blame().is_none()) {
            self.failure = Some(failure);
        }
    }
}

/// What became of a batch.
#[derive(Default)]
struct Acted {
    ended: Vec<ItemEnd>,
    begun: Vec<(u64, Ticket)>,
    /// What is as it was, and no part of the plan any more.
    untouched: Vec<u64>,
    failures: Vec<Failure>,
}

/// What acting on items takes.
struct Acting<'a> {
    account: &'a Account,
    sources: &'a [Arc<dyn Source>],
    case: &'a Case,
    with: &'a Walk,
}

impl Acting<'_> {
    /// Gives some open items their outcomes, but for those that have to wait.
    async fn act(
        &self,
        mut batch: Vec<Entry>,
        concurrency: usize,
        failed: &mut Failed,
    ) -> Result<(), Failure> {
        let Self { account, case, .. } = *self;
        batch.retain(|entry| failed.admits(&entry.planned));
        if batch.is_empty() {
            return Ok(());
        }
        let ordinals: Vec<u64> = batch.iter().map(|entry| entry.ordinal).collect();
        account.ledger.begin_items(&case.lease, &case.request.id, &ordinals).await?;
        let Acted { ended, begun, untouched, failures } = self.take_turns(batch, concurrency).await;
        for ordinal in untouched {
            account.clear_items(case, Cleared::Ordinals(ordinal..ordinal + 1)).await?;
        }
        account.record_ends(case, &ended).await?;
        if !begun.is_empty() {
            account.add_tickets(case, &begun).await?;
        }
        failures.into_iter().for_each(|failure| failed.note(failure));
        Ok(())
    }

    async fn take_turns(&self, batch: Vec<Entry>, concurrency: usize) -> Acted {
        let Self { account, sources, case, with } = *self;
        let hashes = account.keys.hashes(&case.request.id);
        let mut acted = Acted::default();
        let [earlier, current, along] = in_turn(batch);
        for (entries, is_along) in [(earlier, false), (current, false), (along, true)] {
            // It waits until it is known of all others whether they are gone.
            if is_along && !(acted.failures.is_empty() && acted.begun.is_empty()) {
                break;
            }
            let mut ends = stream::iter(entries)
                .map(|entry| async move {
                    if with.is_halted() {
                        return None;
                    }
                    Some((entry.ordinal, end(sources, entry, with).await))
                })
                .buffer_unordered(concurrency)
                .filter_map(std::future::ready);
            while let Some((ordinal, end)) = ends.next().await {
                match end {
                    Ok(Some(Ended::So(outcome, digest))) => {
                        let rewritten = digest.map(|digest| hashes.content(&digest).to_string());
                        acted.ended.push(ItemEnd { ordinal, outcome, rewritten });
                    }
                    Ok(Some(Ended::Later(ticket))) => acted.begun.push((ordinal, ticket)),
                    Ok(None) => acted.untouched.push(ordinal),
                    Err(failure) => acted.failures.push(failure),
                }
            }
        }
        acted
    }
}

/// How acting on an item ended.
enum Ended {
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

/// A batch in the order in which it can be told what became of whose doing: a current form takes
/// its snapshots along, so those that go by themselves go first.
fn in_turn(batch: Vec<Entry>) -> [Vec<Entry>; 3] {
    let (along, others): (Vec<_>, Vec<_>) =
        batch.into_iter().partition(|entry| goes_along(&entry.planned));
    let is_current = |entry: &Entry| entry.planned.finding.item.version == Version::Current;
    let (current, earlier) = others.into_iter().partition(is_current);
    [earlier, current, along]
}

fn goes_along(planned: &Planned) -> bool {
    matches!(planned.action, Action::Along)
}

/// What became of an item; `None` if it is as it was and no part of the plan any more.
async fn end(
    sources: &[Arc<dyn Source>],
    entry: Entry,
    with: &Walk,
) -> Result<Option<Ended>, Failure> {
    if let Some(outcome) = entry.planned.settled() {
        return Ok(Some(outcome.into()));
    }
    let item = &entry.planned.finding.item;
    let Some(source) = sources.iter().find(|source| source.name() == item.source) else {
        let why = "the source is not configured any more";
        return Ok(Some(ItemOutcome::Failed(why.into()).into()));
    };
    let target = Target { source: &**source, finding: &entry.planned.finding, begun: entry.begun };
    let ended = match entry.planned.action {
        Action::Redact(otherwise) => rewritten(&target, otherwise, with).await.map(Some),
        Action::Along => went_along(&target).await.map(|gone| gone.map(Ended::from)),
        Action::Delete
        | Action::Export
        | Action::Keep(_)
        | Action::List(_)
        | Action::Declare { .. } => removed(&target).await.map(Some),
    };
    match ended {
        Err(failure) => {
            let failure = item_at_fault(&**source, failure, with).await?;
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

/// Whether a snapshot went with its current form; `None` if it did not have to.
async fn went_along(target: &Target<'_>) -> Result<Option<ItemOutcome>, Failure> {
    let item = &target.finding.item;
    let left = target.source.remains(&item.name).await?;
    let stands = left.iter().any(|form| form.version == item.version);
    Ok((!stands).then_some(ItemOutcome::Erased))
}

/// What is acted on.
struct Target<'a> {
    source: &'a dyn Source,
    finding: &'a Finding,
    /// Whether we may have been here before, and died before we could say so.
    begun: bool,
}

/// What became of an item that was to be removed. What the source keeps of it goes too, whoever
/// removed it or wrote over it, and however often we come by.
async fn removed(target: &Target<'_>) -> Result<Ended, Failure> {
    let Target { source, finding: Finding { item, .. }, begun } = target;
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
    let Target { source, finding: Finding { item, .. }, begun } = target;
    let outcome = match redact(*source, item, with).await? {
        Redaction::Done { digest } => return Ok(Ended::So(ItemOutcome::Redacted, digest)),
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
    let Target { source, finding: Finding { item, .. }, begun } = target;
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
