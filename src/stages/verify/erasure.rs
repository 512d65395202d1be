//! Looks again, with fresh eyes: nothing of the subject is left where it was erased.
//!
//! Every source is listed and every item read again. What still speaks of the subject and is not
//! there for a ledgered reason (kept, blocked, failed) joins the plan, and the request goes back to
//! acting, a bounded number of rounds: somebody may go on writing about the subject while we erase.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;

use futures::StreamExt;

use crate::domain::failure::Failure;
use crate::domain::item::{Finding, Version};
use crate::domain::outcome::ItemOutcome;
use crate::domain::plan::Planned;
use crate::domain::policy::Policy;
use crate::domain::state::Event;
use crate::ports::sources::Source;
use crate::stages::docket::{Case, Docket};
use crate::stages::find::wanted;
use crate::stages::plan::plan;
use crate::stages::walk::{Walk, walk};

/// Planned items read from the ledger at a time.
const PAGE: u32 = 1000;

/// Looks again for all `cases`, erasures in the state `verifying`, in one walk.
///
/// # Errors
/// A transient failure of a source or of the ledger; the look then starts anew.
pub async fn verify(
    docket: &Docket,
    sources: &[Arc<dyn Source>],
    policy: &Policy,
    cases: &[Case],
    rounds_max: u32,
    with: Walk,
) -> Result<(), Failure> {
    let mut looks = Vec::new();
    for case in cases {
        looks.push(SecondLook::new(docket, case).await?);
    }
    let requests = cases.iter().map(|case| &case.request);
    let mut seen = pin!(walk(&wanted(sources, requests), with));
    while let Some(seen) = seen.next().await {
        let seen = seen?;
        for (subject, look) in looks.iter_mut().enumerate() {
            if let Some(planned) = plan(&look.case.request, subject, policy, &seen) {
                look.meet(docket, planned).await?;
            }
        }
    }
    for look in looks {
        look.end(docket, sources, rounds_max).await?;
    }
    Ok(())
}

/// Source, name and form of an item.
type Place = (String, String, Version);

/// The second look at one request.
struct SecondLook<'a> {
    case: &'a Case,
    /// What the ledger says of every place in the plan.
    known: HashMap<Place, ItemOutcome>,
    changed: Vec<u64>,
    next_ordinal: u64,
    left: Vec<u64>,
}

impl<'a> SecondLook<'a> {
    async fn new(docket: &Docket, case: &'a Case) -> Result<Self, Failure> {
        // Everything planned has its outcome by now: what has none was staged by a second look that
        // did not end.
        docket.ledger.clear_items(&case.request.id, true).await?;
        let (mut known, mut changed) = (HashMap::new(), Vec::new());
        let mut after = None;
        loop {
            let page = docket.items(case, after, false, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.ordinal);
            for entry in page {
                let Some(outcome) = entry.outcome else { continue };
                if outcome == ItemOutcome::Changed {
                    changed.push(entry.ordinal);
                }
                known.insert(place(&entry.planned.finding), outcome);
            }
        }
        let next_ordinal = after.map_or(0, |last| last + 1);
        Ok(Self { case, known, changed, next_ordinal, left: Vec::new() })
    }

    /// Something in the sources still concerns the request.
    async fn meet(&mut self, docket: &Docket, planned: Planned) -> Result<(), Failure> {
        let expected = match self.known.get(&place(&planned.finding)) {
            Some(ItemOutcome::Kept(_) | ItemOutcome::Blocked(_) | ItemOutcome::Failed(_)) => true,
            // Unreadable then and now; but what can be read now and names the subject is new.
            Some(ItemOutcome::Unreadable(_)) => planned.settled().is_some(),
            Some(
                ItemOutcome::Exported
                | ItemOutcome::Erased
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
        docket.add_items(self.case, ordinal, std::slice::from_ref(&planned)).await?;
        match planned.settled() {
            Some(outcome) => {
                docket.ledger.record_outcomes(&self.case.request.id, &[(ordinal, outcome)]).await
            }
            None => {
                self.left.push(ordinal);
                Ok(())
            }
        }
    }

    async fn end(
        self,
        docket: &Docket,
        sources: &[Arc<dyn Source>],
        rounds_max: u32,
    ) -> Result<(), Failure> {
        let id = &self.case.request.id;
        // The bytes that we were to erase are gone from there: others took their place, and what of
        // those concerns the request was met by this look.
        let gone: Vec<_> =
            self.changed.iter().map(|ordinal| (*ordinal, ItemOutcome::AlreadyAbsent)).collect();
        docket.ledger.record_outcomes(id, &gone).await?;
        let records = docket.ledger.records(id).await?;
        let rounds = records.iter().filter(|r| matches!(r.event, Event::LeftOver { .. })).count();
        if !self.left.is_empty() {
            if rounds < rounds_max as usize {
                let items = self.left.len() as u64;
                docket.append(&self.case.standing, Event::LeftOver { items }).await?;
                return Ok(());
            }
            let still: Vec<_> =
                self.left.iter().map(|ordinal| (*ordinal, ItemOutcome::Changed)).collect();
            docket.ledger.record_outcomes(id, &still).await?;
        }
        let acted = records.iter().rev().find(|r| matches!(r.event, Event::Acted { .. }));
        let erased_at = acted.map_or_else(|| docket.clock.now(), |record| record.at);
        let touched = |source: &&Arc<dyn Source>| {
            self.known.iter().any(|((name, ..), outcome)| {
                name == source.name() && *outcome == ItemOutcome::Erased
            })
        };
        let mut unrecoverable_after = None;
        for source in sources.iter().filter(touched) {
            unrecoverable_after =
                unrecoverable_after.max(source.unrecoverable_after(erased_at).await?);
        }
        let verified = Event::Verified {
            counts: docket.counts(id).await?,
            archive: None,
            logically_erased_at: Some(erased_at),
            unrecoverable_after,
        };
        docket.append(&self.case.standing, verified).await?;
        Ok(())
    }
}

fn place(finding: &Finding) -> Place {
    let item = &finding.item;
    (item.source.clone(), item.name.clone(), item.version.clone())
}

/// The plan of a dry run, as an outcome: every item that would have been acted on.
pub async fn rest_dry(docket: &Docket, case: &Case) -> Result<(), Failure> {
    let id = &case.request.id;
    loop {
        let open = docket.items(case, None, true, PAGE).await?;
        if open.is_empty() {
            break;
        }
        let outcome = |planned: &Planned| planned.settled().unwrap_or(ItemOutcome::Planned);
        let outcomes: Vec<_> = open.iter().map(|e| (e.ordinal, outcome(&e.planned))).collect();
        docket.ledger.record_outcomes(id, &outcomes).await?;
    }
    let verified = Event::Verified {
        counts: docket.counts(id).await?,
        archive: None,
        logically_erased_at: None,
        unrecoverable_after: None,
    };
    docket.append(&case.standing, verified).await?;
    Ok(())
}
