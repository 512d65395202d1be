//! Looks again, with fresh eyes: nothing of the subject is left where it was erased.
//!
//! Every source is listed and every item read again, shard by shard as in the find. What still
//! speaks of the subject and is not there for a ledgered reason (kept, blocked, failed) joins the
//! plan, and the request goes back to acting, a bounded number of rounds: somebody may go on
//! writing about the subject while we erase.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::pin::pin;
use std::sync::Arc;

use futures::StreamExt;
use jiff::Timestamp;

use crate::domain::failure::Failure;
use crate::domain::item::{Item, Place};
use crate::domain::outcome::ItemOutcome;
use crate::domain::plan::Planned;
use crate::domain::policy::rules::Policy;
use crate::domain::state::Event;
use crate::ports::exports::Exports;
use crate::ports::ledger::{Cleared, RUNS_SHARD, ordinals};
use crate::ports::sources::Source;
use crate::ports::tasks::{Shard, Sweep};
use crate::stages::docket::{Case, Docket, Entry};
use crate::stages::find::keep_seen;
use crate::stages::plan::finding::plan;
use crate::stages::signing::Signer;
use crate::stages::verify::certificate::{Conclusion, certify};
use crate::stages::verify::counts::counts;
use crate::stages::verify::tombstones::bury;
use crate::stages::verify::untouched::{Touched, still_standing, untouched};
use crate::stages::walk::pass::{Patience, Walk, blamed, walk_named};

/// Planned items read from the ledger at a time.
const PAGE: u32 = 1000;

/// Walks one shard again for all `cases`, erasures in the state `verifying`, and ledgers what is
/// left as drafts.
///
/// # Errors
/// A failure of the source or of the ledger; the look at the shard then starts anew.
pub async fn verify(
    docket: &Docket,
    sources: &[Arc<dyn Source>],
    policy: &Policy,
    cases: &[Case],
    shard: &Shard,
    with: Walk,
) -> Result<(), Failure> {
    let mut looks = Vec::new();
    for case in cases {
        looks.push(SecondLook::new(docket, case, shard).await?);
    }
    let inventory = with.inventory.clone();
    let mut seen = pin!(walk_named(sources, &shard.source, with));
    while let Some(seen) = seen.next().await {
        let seen = seen?;
        for (subject, look) in looks.iter_mut().enumerate() {
            if let Some(planned) = plan(&look.case.request, subject, policy, &seen) {
                look.meet(docket, planned).await?;
            }
        }
    }
    keep_seen(docket, cases, shard, inventory).await
}

/// The second look at one request in one shard.
struct SecondLook<'a> {
    case: &'a Case,
    /// What the ledger says of every place in the plan.
    known: HashMap<Place, ItemOutcome>,
    next_ordinal: u64,
}

impl<'a> SecondLook<'a> {
    async fn new(docket: &Docket, case: &'a Case, shard: &Shard) -> Result<Self, Failure> {
        let round = rounds(docket, case).await? + 1;
        let ordinals = ordinals(round, shard.number);
        let next_ordinal = ordinals.start;
        docket.clear_items(case, Cleared::Ordinals(ordinals)).await?;
        let mut known = HashMap::new();
        let mut pages = pin!(docket.entries(case));
        while let Some(entry) = pages.next().await {
            let Entry { planned, outcome, .. } = entry?;
            if let Some(outcome) = outcome
                && planned.finding.item.source == shard.source
            {
                known.insert(planned.finding.item.place(), outcome);
            }
        }
        Ok(Self { case, known, next_ordinal })
    }

    /// Something in the sources still concerns the request.
    async fn meet(&mut self, docket: &Docket, planned: Planned) -> Result<(), Failure> {
        let expected = match self.known.get(&planned.finding.item.place()) {
            Some(ItemOutcome::Kept(_) | ItemOutcome::Blocked(_) | ItemOutcome::Failed(_)) => true,
            // Unreadable then and now; but what can be read now and names the subject is new.
            Some(ItemOutcome::Unreadable(_)) => planned.settled().is_some(),
            Some(
                ItemOutcome::Exported
                | ItemOutcome::Erased
                | ItemOutcome::Redacted
                | ItemOutcome::AlreadyAbsent
                | ItemOutcome::Changed
                | ItemOutcome::Planned,
            )
            | None => false,
        };
        if expected {
            return Ok(());
        }
        let ordinal = self.next_ordinal;
        self.next_ordinal += 1;
        let one = std::slice::from_ref(&planned);
        let added = docket.add_items(self.case, ordinal, one).await?;
        match planned.settled() {
            Some(outcome) if added => {
                docket.record_outcomes(self.case, &[(ordinal, outcome)]).await
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// What a conclusion is drawn with.
pub struct Ending<'a> {
    /// The sweep that looked again.
    pub sweep: &'a Sweep,
    /// Which say until when their soft-deleted copies last.
    pub sources: &'a [Arc<dyn Source>],
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
}

/// Draws the conclusion of a second look that was walked whole: what is left joins the plan, and
/// where nothing is left, or the rounds are spent, the request comes to rest.
///
/// When a source that lets us in does not say when soft-deleted copies expire, and no try is left,
/// that stays unknown.
///
/// # Errors
/// A failure of a source or of the ledger.
pub async fn conclude(docket: &Docket, case: &Case, with: &Ending<'_>) -> Result<(), Failure> {
    let rounds = rounds(docket, case).await?;
    let this_round = ordinals(rounds + 1, 0).start;
    let (mut gone, mut left) = (Vec::new(), Vec::new());
    let mut erased: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut company = Vec::new();
    let mut touched = Touched::new(docket.print_key());
    let mut pages = pin!(docket.entries(case));
    while let Some(entry) = pages.next().await {
        let Entry { ordinal, planned, outcome, .. } = entry?;
        touched.note(&planned.finding.item, outcome.as_ref());
        match outcome {
            None => left.push(ordinal),
            // The bytes that we were to erase are gone from there: others took their place, and
            // what of those concerns the request was met by this look.
            Some(ItemOutcome::Changed) if ordinal < this_round => {
                gone.push((ordinal, ItemOutcome::AlreadyAbsent));
            }
            Some(ItemOutcome::Erased) => {
                let Item { source, name, .. } = &planned.finding.item;
                erased.entry(source.clone()).or_default().insert(name.clone());
                // It went with a run.
                if planned.finding.hits.is_empty() {
                    company.push(planned);
                }
            }
            Some(_) => {}
        }
    }
    docket.record_outcomes(case, &gone).await?;
    let again = ordinals(rounds + 1, RUNS_SHARD);
    docket.clear_items(case, Cleared::Ordinals(again.clone())).await?;
    left.retain(|ordinal| !again.contains(ordinal));
    let still = still_standing(docket, company, with.sweep.id).await?;
    docket.add_items(case, again.start, &still).await?;
    left.extend((again.start..).take(still.len()));
    if !left.is_empty() && rounds < u64::from(with.rounds_max) {
        docket.advance(case, Event::LeftOver { items: left.len() as u64 }).await?;
        return Ok(());
    }
    let still: Vec<_> = left.into_iter().map(|ordinal| (ordinal, ItemOutcome::Changed)).collect();
    docket.record_outcomes(case, &still).await?;
    let records = docket.ledger.records(&case.request.id).await?;
    let acted = records.iter().rev().find(|r| matches!(r.event, Event::Acted { .. }));
    let erased_at = acted.map_or_else(|| docket.clock.now(), |record| record.at);
    let unrecoverable_after = horizon(with.sources, erased, erased_at, with.patience).await?;
    let counts = counts(docket, case).await?;
    let untouched = untouched(docket, case, with.sweep.id, &touched).await?;
    let conclusion = Conclusion {
        counts: &counts,
        logically_erased_at: erased_at,
        unrecoverable_after,
        untouched,
    };
    let certificate = certify(docket, with.exports, with.signer, case, &conclusion).await?;
    if let Some(until) = with.remembered_until {
        bury(docket, case, until).await?;
    }
    let verified = Event::Verified {
        counts,
        archive: None,
        logically_erased_at: Some(erased_at),
        unrecoverable_after,
        untouched,
        certificate: Some(Box::new(certificate)),
    };
    docket.advance(case, verified).await?;
    Ok(())
}

/// When nothing of what was erased can be recovered from any of the sources; `None` where nothing
/// was erased, or one of them does not tell.
async fn horizon(
    sources: &[Arc<dyn Source>],
    erased: BTreeMap<String, BTreeSet<String>>,
    erased_at: Timestamp,
    patience: Patience,
) -> Result<Option<Timestamp>, Failure> {
    let mut latest = None;
    for (name, items) in erased {
        let Some(source) = sources.iter().find(|source| source.name() == name) else {
            return Ok(None);
        };
        let items: Vec<String> = items.into_iter().collect();
        match source.unrecoverable_after(&items, erased_at).await {
            Ok(Some(after)) => latest = latest.max(Some(after)),
            Ok(None) => return Ok(None),
            Err(failure) => {
                let failure = blamed(&**source, failure).await;
                let may_pass = failure.is_transient() && patience == Patience::Left;
                if failure.blame().is_some() || may_pass {
                    return Err(failure);
                }
                // It lets us in, and does not tell this.
                return Ok(None);
            }
        }
    }
    Ok(latest)
}

/// Second looks that found something.
async fn rounds(docket: &Docket, case: &Case) -> Result<u64, Failure> {
    let records = docket.ledger.records(&case.request.id).await?;
    let rounds = records.iter().filter(|r| matches!(r.event, Event::LeftOver { .. })).count();
    Ok(rounds as u64)
}

/// The plan of a dry run, as an outcome: every item that would have been acted on.
pub async fn rest_dry(docket: &Docket, case: &Case) -> Result<(), Failure> {
    loop {
        let open = docket.items(case, None, true, PAGE).await?;
        if open.is_empty() {
            break;
        }
        let outcome = |planned: &Planned| planned.settled().unwrap_or(ItemOutcome::Planned);
        let outcomes: Vec<_> = open.iter().map(|e| (e.ordinal, outcome(&e.planned))).collect();
        docket.record_outcomes(case, &outcomes).await?;
    }
    let verified = Event::Verified {
        counts: counts(docket, case).await?,
        archive: None,
        logically_erased_at: None,
        unrecoverable_after: None,
        untouched: None,
        certificate: None,
    };
    docket.advance(case, verified).await?;
    Ok(())
}
