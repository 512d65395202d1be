//! Looks again, with fresh eyes: nothing of the subject is left where it was erased.
//!
//! Every source is listed again, shard by shard as in the find, and read but for what is known to
//! be as it was and to speak of nobody sought. What still speaks of the subject and is not there
//! for a ledgered reason (kept, blocked, failed) joins the plan, and the request goes back to
//! acting, a bounded number of rounds: somebody may go on writing about the subject while we erase.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::pin::pin;
use std::sync::Arc;

use futures::StreamExt;
use jiff::Timestamp;

use crate::domain::failure::Failure;
use crate::domain::item::Place;
use crate::domain::outcome::ItemOutcome;
use crate::domain::plan::Planned;
use crate::domain::policy::rules::Policy;
use crate::domain::state::Event;
use crate::ports::exports::Exports;
use crate::ports::ledger::{Cleared, RUNS_SHARD, SealedItem, goes_along, ordinals};
use crate::ports::sources::Source;
use crate::ports::tasks::Shard;
use crate::stages::account::case::Case;
use crate::stages::account::entries::Entry;
use crate::stages::account::history::rounds;
use crate::stages::account::records::Account;
use crate::stages::homes::along::Along;
use crate::stages::homes::folders::Look;
use crate::stages::homes::whose::Around;
use crate::stages::plan::draft::{Draft, Drafts, Walked};
use crate::stages::plan::known::{More, amend};
use crate::stages::signing::Signer;
use crate::stages::verify::certificate::certify;
use crate::stages::verify::counts::{Telling, counts};
use crate::stages::verify::horizon::Horizon;
use crate::stages::verify::reckoning::reckon;
use crate::stages::verify::tombstones::bury;
use crate::stages::verify::untouched::{Again, still_standing};
use crate::stages::walk::pass::{Patience, Walk};

/// Planned items read from the ledger at a time.
const PAGE: u32 = 1000;

/// Walks one shard again for all `cases`, erasures in the state `verifying`, and ledgers what is
/// left as drafts.
///
/// # Errors
/// A failure of the source or of the ledger; the next look at the shard goes on behind what was
/// noted of this one.
pub async fn verify(
    account: &Account,
    sources: &[Arc<dyn Source>],
    policy: &Policy,
    cases: &[Case],
    shard: &Shard,
    with: Walk,
) -> Result<Walked, Failure> {
    let mut drafts = Vec::new();
    for case in cases {
        drafts.push(Draft::again(case, expected(account, case, shard).await?));
    }
    Drafts::new(account, sources, policy, drafts, shard, with)?.walk().await
}

/// What of a request stands in the shard's source for a reason that was ledgered before this look.
async fn expected(
    account: &Account,
    case: &Case,
    shard: &Shard,
) -> Result<HashSet<Place>, Failure> {
    let Range { start, end } = ordinals(account.look(case).await?, shard.number);
    let mut expected = HashSet::new();
    let mut entries = pin!(account.entries_if(case, move |item| {
        !(start..end).contains(&item.ordinal)
            && item.outcome.as_ref().is_some_and(|outcome| outcome.kind().stays())
    }));
    while let Some(entry) = entries.next().await {
        let item = entry?.planned.finding.item;
        if item.source == shard.source {
            expected.insert(item.place());
        }
    }
    Ok(expected)
}

/// What a conclusion is drawn with.
pub struct Ending<'a> {
    /// The sweep that looked again; none where the thing itself was looked up.
    pub again: Option<Again<'a>>,
    /// The sources, which say until when their soft-deleted copies last; and who knows people.
    pub around: Around<'a>,
    /// Which runs and folders are taken along.
    pub policy: &'a Policy,
    /// Where the certificate goes.
    pub exports: &'a dyn Exports,
    /// Who signs it.
    pub signer: &'a Signer,
    /// Rounds of act and verify.
    pub rounds_max: u32,
    /// What to do about a source that does not answer.
    pub patience: Patience,
    /// How long the person is looked for again; `None` not at all.
    pub remembered_until: Option<Timestamp>,
    /// How long it is known which items were left; `None` not at all.
    pub left_until: Option<Timestamp>,
}

/// Draws the conclusion of a second look that was walked whole: what is left joins the plan, and
/// where nothing is left, or the rounds are spent, the request comes to rest.
///
/// When a source that lets us in does not say when soft-deleted copies expire, and no try is left,
/// that stays unknown.
///
/// # Errors
/// A failure of a source or of the ledger.
pub async fn conclude(account: &Account, case: &Case, with: &Ending<'_>) -> Result<(), Failure> {
    let left = take_stock(account, case, with).await?;
    let records = account.past(case).await?;
    if !left.is_empty() && rounds(records) < with.rounds_max {
        account.advance(case, Event::LeftOver { items: left.len() as u64 }).await?;
        return Ok(());
    }
    let still: Vec<_> = left.into_iter().map(|ordinal| (ordinal, ItemOutcome::Changed)).collect();
    account.record_outcomes(case, &still).await?;
    let acted = records.iter().rev().find(|r| matches!(r.event, Event::Acted { .. }));
    let erased_at = acted.map_or_else(|| account.clock.now(), |record| record.at);
    let horizon =
        Horizon::new(with.around.sources, erased_at, with.patience).of(case.request.thing());
    let telling = Telling::new(account, case, with.left_until);
    let reckoning = reckon(account, case, with.again, horizon, telling).await?;
    let (unrecoverable_after, untouched) = (reckoning.unrecoverable_after, reckoning.untouched);
    let counts = reckoning.counts.clone();
    let remembered = with.remembered_until.map(|until| (until, reckoning.standing()));
    let certificate = certify(account, with.exports, with.signer, case, reckoning).await?;
    if let Some((until, left)) = remembered {
        bury(account, case, until, left).await?;
    }
    // What was put aside was not erased.
    let is_erased = case.request.kind.aside().is_none();
    let verified = Event::Verified {
        counts,
        archive: None,
        logically_erased_at: is_erased.then_some(erased_at),
        unrecoverable_after,
        untouched: untouched.map(Box::new),
        certificate: Some(Box::new(certificate)),
    };
    account.advance(case, verified).await?;
    Ok(())
}

/// Brings the plan up to what this look saw, and gives the ordinals of what is left to be done.
async fn take_stock(
    account: &Account,
    case: &Case,
    with: &Ending<'_>,
) -> Result<Vec<u64>, Failure> {
    let round = account.look(case).await?;
    let (before, again) = (0..ordinals(round, 0).start, ordinals(round, RUNS_SHARD));
    // What could not be read by then either, this look has listed itself.
    account.clear_items(case, Cleared::Listed(before.clone())).await?;
    account.clear_items(case, Cleared::Ordinals(again.clone())).await?;
    let (mut not_ours, mut left, mut met_any) = (HashMap::new(), Vec::new(), false);
    {
        let mut items = pin!(account.sealed_items(case));
        while let Some(item) = items.next().await {
            let SealedItem { ordinal, outcome, .. } = item?;
            met_any |= ordinal >= before.end;
            match outcome {
                None => left.push(ordinal),
                Some(outcome @ (ItemOutcome::Changed | ItemOutcome::AlreadyAbsent))
                    if before.contains(&ordinal) =>
                {
                    not_ours.insert(ordinal, outcome);
                }
                Some(_) => {}
            }
        }
    }
    if met_any && !not_ours.is_empty() {
        forget_met_again(account, case, before.end, &mut not_ours).await?;
    }
    // The bytes that we were to erase are gone from there: others took their place, and nothing of
    // those concerns the request.
    let changed = not_ours.into_iter().filter(|(_, outcome)| *outcome == ItemOutcome::Changed);
    let gone: Vec<_> = changed.map(|(ordinal, _)| (ordinal, ItemOutcome::AlreadyAbsent)).collect();
    account.record_outcomes(case, &gone).await?;
    let more = company_since(account, case, with, &mut left).await?;
    if !more.is_empty() {
        account.add_settled(case, again.start, &more).await?;
    }
    let open = (again.start..).zip(&more).filter(|(_, planned)| planned.settled().is_none());
    left.extend(open.map(|(ordinal, _)| ordinal));
    Ok(left)
}

/// What went along with runs or folders of the person and stands there still; and what belongs to
/// those and is not planned: the document of a run, or a part of one, may have been written since
/// the find, and so may a file in a folder. Of what is `left` that does not go which would take
/// along what stays.
async fn company_since(
    account: &Account,
    case: &Case,
    with: &Ending<'_>,
    left: &mut Vec<u64>,
) -> Result<Vec<Planned>, Failure> {
    let matters = Along::matters(with.policy, with.around, &case.request);
    let went_along = |ordinal: u64, outcome: &Option<ItemOutcome>| {
        goes_along(ordinal) && matches!(outcome, Some(ItemOutcome::Erased))
    };
    let concerns = |item: &SealedItem| matters || went_along(item.ordinal, &item.outcome);
    let (mut erased, mut along) = (Vec::new(), Along::default());
    {
        let mut entries = pin!(account.entries_if(case, concerns));
        while let Some(entry) = entries.next().await {
            let Entry { ordinal, planned, outcome, .. } = entry?;
            if matters {
                along.note(with.policy, ordinal, &planned, outcome.as_ref());
            }
            if went_along(ordinal, &outcome) {
                erased.push(planned);
            }
        }
    }
    let mut more = match with.again {
        Some(again) => still_standing(account, erased, again.sweep).await?,
        None => Vec::new(),
    };
    let met: HashSet<Place> = more.iter().map(|planned| planned.finding.item.place()).collect();
    let more_since = along.more(Look::Again, with.around, with.policy, &case.request);
    let More { new, amended } = more_since.await?;
    for (planned, superseded) in new {
        if met.contains(&planned.finding.item.place()) {
            continue;
        }
        // What could not be read goes unread.
        if let Some(ordinal) = superseded {
            account.clear_items(case, Cleared::Ordinals(ordinal..ordinal + 1)).await?;
        }
        more.push(planned);
    }
    let kept: HashSet<u64> =
        amended.iter().filter(|line| line.is_kept()).map(|line| line.ordinal).collect();
    left.retain(|ordinal| !kept.contains(ordinal));
    amend(account, case, amended, Planned::settled).await?;
    Ok(more)
}

/// What was changed by others before we came, or gone, and that this look met again is one item:
/// what becomes of it now is what became of it.
async fn forget_met_again(
    account: &Account,
    case: &Case,
    this_look: u64,
    not_ours: &mut HashMap<u64, ItemOutcome>,
) -> Result<(), Failure> {
    let (mut met, mut before) = (HashSet::new(), Vec::new());
    {
        let candidates: HashSet<u64> = not_ours.keys().copied().collect();
        let concerns =
            |item: &SealedItem| item.ordinal >= this_look || candidates.contains(&item.ordinal);
        let mut entries = pin!(account.entries_if(case, concerns));
        while let Some(entry) = entries.next().await {
            let Entry { ordinal, planned, .. } = entry?;
            let place = planned.finding.item.place();
            match ordinal >= this_look {
                true => drop(met.insert(place)),
                false => before.push((ordinal, place)),
            }
        }
    }
    for (ordinal, _) in before.into_iter().filter(|(_, place)| met.contains(place)) {
        account.clear_items(case, Cleared::Ordinals(ordinal..ordinal + 1)).await?;
        not_ours.remove(&ordinal);
    }
    Ok(())
}

/// The plan of a dry run, as an outcome: every item that would have been acted on.
pub async fn rest_dry(
    account: &Account,
    case: &Case,
    left_until: Option<Timestamp>,
) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let open = account.items(case, after, true, PAGE).await?;
        let Some(last) = open.last() else { break };
        after = Some(last.ordinal);
        let outcome = |planned: &Planned| planned.settled().unwrap_or(ItemOutcome::Planned);
        let outcomes: Vec<_> = open.iter().map(|e| (e.ordinal, outcome(&e.planned))).collect();
        account.record_outcomes(case, &outcomes).await?;
    }
    let verified = Event::Verified {
        counts: counts(account, case, left_until).await?,
        archive: None,
        logically_erased_at: None,
        unrecoverable_after: None,
        untouched: None,
        certificate: None,
    };
    account.advance(case, verified).await?;
    Ok(())
}
