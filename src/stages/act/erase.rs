//! Carries out the plan of an erasure, item by item, each under the `ETag` seen at the find:
//! removed, or written anew without the subject. What goes after others waits for its step.
//!
//! What a service removes by itself is pending until it says that it has.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::Arc;

use futures::stream::{self, StreamExt};

use crate::domain::failure::Failure;
use crate::domain::item::Version;
use crate::domain::outcome::ItemOutcome;
use crate::domain::plan::{Planned, Step};
use crate::domain::policy::action::{Action, Otherwise};
use crate::domain::policy::limits::Limits;
use crate::domain::state::{Awaited, Event};
use crate::ports::ledger::{Cleared, ItemEnd, SealedItem};
use crate::ports::sources::{Finds, Source, Ticket};
use crate::stages::account::case::Case;
use crate::stages::account::entries::Entry;
use crate::stages::account::records::Account;
use crate::stages::act::hands::Hands;
use crate::stages::act::order::{Order, Turn};
use crate::stages::act::target::{Ended, end, source_of};
use crate::stages::walk::pass::Walk;

/// Items whose intent and outcome are ledgered together. A kill repeats at most this many erasures,
/// each of which then finds the item gone.
const BATCH: u32 = 128;

/// Erases what has no outcome yet and brings the request to `verifying`, or to `waiting` where
/// services have begun what they finish by themselves.
///
/// Rows join what is removed for several requests together. Where a source does not let us in, as
/// those of `shut` do not, what lies in the others is erased meanwhile. A request that got another
/// record, because a person stopped it, is left once the items in hand have ended.
///
/// # Errors
/// What could not be had of some items, once every other item that has its turn has its outcome.
pub async fn erase(
    account: &Account,
    sources: &[Arc<dyn Source>],
    case: &Case,
    (limits, hands, shut): (&Limits, &Hands, Vec<Failure>),
    with: &Walk,
) -> Result<(), Failure> {
    let concurrency = limits.act_concurrency_max;
    let acting = Acting { account, sources, case, concurrency, hands, with };
    let (mut open, mut after) = (Open::default(), None);
    shut.into_iter().for_each(|failure| open.note(failure));
    let mut later: BTreeMap<Step, Vec<u64>> = BTreeMap::new();
    // Ends: each round looks at what comes after the batch of the one before.
    loop {
        if account.is_overtaken(case).await? {
            return Ok(());
        }
        let batch = account.items(case, after, true, BATCH).await?;
        let Some(last) = batch.last() else { break };
        after = Some(last.ordinal);
        let mut now = Vec::new();
        for entry in batch {
            match entry.planned.step() {
                Step::FIRST => now.push(entry),
                step => later.entry(step).or_default().push(entry.ordinal),
            }
        }
        acting.act(now, &mut open).await?;
    }
    for ordinals in later.into_values() {
        if !acting.is_settled(&open).await? {
            break;
        }
        if account.is_overtaken(case).await? {
            return Ok(());
        }
        acting.act_later(&ordinals, &mut open).await?;
    }
    if let Some(failure) = open.failure {
        return Err(failure);
    }
    let event = match account.ledger.open_tickets(&case.request.id).await?.count {
        0 => Event::Acted { archive: None },
        pending => {
            let until_at_most = account.clock.now().checked_add(limits.service_age_max()).ok();
            Event::WaitStarted { pending, sources: awaited(account, case).await?, until_at_most }
        }
    };
    account.advance(case, event).await?;
    Ok(())
}

/// Of which sources how many items are under way at services.
async fn awaited(account: &Account, case: &Case) -> Result<Vec<Awaited>, Failure> {
    let is_pending = |item: &SealedItem| matches!(item.outcome, Some(ItemOutcome::Pending));
    let mut by_source: BTreeMap<String, u64> = BTreeMap::new();
    let mut pending = pin!(account.entries_if(case, is_pending));
    while let Some(entry) = pending.next().await {
        *by_source.entry(entry?.planned.finding.item.source).or_default() += 1;
    }
    Ok(by_source.into_iter().map(|(source, items)| Awaited { source, items }).collect())
}

/// What is still open for now, over all items.
#[derive(Default)]
struct Open {
    /// Sources that let nobody in: nothing more is asked of them in this try.
    shut: BTreeSet<String>,
    /// The failure to tell: rather that of a whole source than that of an item.
    failure: Option<Failure>,
}

impl Open {
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
    concurrency: usize,
    /// What is in hand for all requests.
    hands: &'a Hands,
    with: &'a Walk,
}

impl Acting<'_> {
    /// Gives some open items their outcomes, but for those that have to wait.
    async fn act(&self, mut batch: Vec<Entry>, open: &mut Open) -> Result<(), Failure> {
        batch.retain(|entry| open.admits(&entry.planned));
        let (rows, batch): (Vec<Entry>, Vec<Entry>) =
            batch.into_iter().partition(|entry| self.is_purged(entry));
        self.enrol(&rows).await?;
        self.carry_out(batch, open).await
    }

    /// Whether it goes together with what others wait for.
    fn is_purged(&self, entry: &Entry) -> bool {
        let source = source_of(self.sources, entry).map(Source::finds);
        matches!(source, Some(Finds::Ask(_)))
            && entry.planned.settled().is_none()
            && !matches!(entry.planned.action, Action::Redact(Otherwise::Leave))
    }

    /// Lets rows wait for the removal that takes them along.
    async fn enrol(&self, rows: &[Entry]) -> Result<(), Failure> {
        let Self { account, case, with, .. } = *self;
        if rows.is_empty() || with.is_halted() {
            return Ok(());
        }
        let ordinals: Vec<u64> = rows.iter().map(|entry| entry.ordinal).collect();
        account.ledger.begin_items(&case.lease, &case.request.id, &ordinals).await?;
        account.enrol(case, rows).await
    }

    async fn carry_out(&self, batch: Vec<Entry>, open: &mut Open) -> Result<(), Failure> {
        let Self { account, case, .. } = *self;
        if batch.is_empty() {
            return Ok(());
        }
        let ordinals: Vec<u64> = batch.iter().map(|entry| entry.ordinal).collect();
        account.ledger.begin_items(&case.lease, &case.request.id, &ordinals).await?;
        let Acted { ended, begun, untouched, failures } = self.take_turns(batch).await;
        for ordinal in untouched {
            account.clear_items(case, Cleared::Ordinals(ordinal..ordinal + 1)).await?;
        }
        account.record_ends(case, &ended).await?;
        if !begun.is_empty() {
            account.add_tickets(case, &begun).await?;
        }
        failures.into_iter().for_each(|failure| open.note(failure));
        Ok(())
    }

    /// Gives open items of a later step their outcomes, but for those that have to wait.
    async fn act_later(&self, ordinals: &[u64], open: &mut Open) -> Result<(), Failure> {
        let Self { account, sources, case, .. } = *self;
        let order = Order { account, sources, case };
        let before = order.before().await?;
        for ordinals in ordinals.chunks(BATCH as usize) {
            let (mut now, mut ended) = (Vec::new(), Vec::new());
            for ordinal in ordinals {
                for entry in account.items(case, ordinal.checked_sub(1), true, 1).await? {
                    match order.turn(&entry, &before).await? {
                        Turn::Now => now.push(entry),
                        Turn::Never(outcome) => ended.push((entry.ordinal, outcome)),
                        Turn::Later => {}
                    }
                }
            }
            account.record_outcomes(case, &ended).await?;
            self.act(now, open).await?;
        }
        Ok(())
    }

    /// Whether the next step can be looked at: all that goes before it was acted on, and of what
    /// belongs to a thing all has ended, at services too.
    async fn is_settled(&self, open: &Open) -> Result<bool, Failure> {
        if open.failure.is_some() {
            return Ok(false);
        }
        if self.case.request.thing().is_none() {
            return Ok(true);
        }
        let id = &self.case.request.id;
        Ok(self.account.ledger.open_tickets(id).await?.count == 0)
    }

    async fn take_turns(&self, batch: Vec<Entry>) -> Acted {
        let Self { account, sources, case, concurrency, hands, with } = *self;
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
                    let item = &entry.planned.finding.item;
                    let in_hand = hands.take(&case.request.id, item).await;
                    if with.is_halted() {
                        return None;
                    }
                    Some((entry.ordinal, end(sources, entry, &in_hand, with).await))
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
