//! Carries out the plan of an erasure, item by item, each under the ETag seen at the find.

use std::sync::Arc;

use futures::stream::{self, StreamExt};

use crate::domain::failure::Failure;
use crate::domain::outcome::ItemOutcome;
use crate::domain::plan::Action;
use crate::domain::state::Event;
use crate::ports::sources::{Erased, Source};
use crate::stages::docket::{Case, Docket, Entry};
use crate::stages::walk::Patience;

/// Items whose intent and outcome are ledgered together. A kill repeats at most this many erasures,
/// each of which then finds the item gone.
const BATCH: u32 = 128;

/// Erases what has no outcome yet and brings the request to `verifying`.
///
/// # Errors
/// A transient failure, once every other item of its batch has its outcome.
pub async fn erase(
    docket: &Docket,
    sources: &[Arc<dyn Source>],
    case: &Case,
    concurrency: usize,
    patience: Patience,
) -> Result<(), Failure> {
    // Ends: each round gives at least one open item an outcome, or fails.
    loop {
        let batch = docket.items(case, None, true, BATCH).await?;
        if batch.is_empty() {
            docket.advance(case, Event::Acted { archive: None }).await?;
            return Ok(());
        }
        let ordinals: Vec<u64> = batch.iter().map(|entry| entry.ordinal).collect();
        docket.ledger.begin_items(&case.lease, &case.request.id, &ordinals).await?;
        let ends: Vec<(u64, Result<ItemOutcome, Failure>)> = stream::iter(batch)
            .map(|entry| async move { (entry.ordinal, end(sources, entry, patience).await) })
            .buffer_unordered(concurrency)
            .collect()
            .await;
        let mut outcomes = Vec::new();
        let mut failure = None;
        for (ordinal, end) in ends {
            match end {
                Ok(outcome) => outcomes.push((ordinal, outcome)),
                Err(error) => failure = Some(error),
            }
        }
        docket.record_outcomes(case, &outcomes).await?;
        if let Some(failure) = failure {
            return Err(failure);
        }
    }
}

async fn end(
    sources: &[Arc<dyn Source>],
    entry: Entry,
    patience: Patience,
) -> Result<ItemOutcome, Failure> {
    if let Some(outcome) = entry.planned.settled() {
        return Ok(outcome);
    }
    let item = &entry.planned.finding.item;
    let Some(source) = sources.iter().find(|source| source.name() == item.source) else {
        return Ok(ItemOutcome::Failed("the source is not configured any more".into()));
    };
    if matches!(entry.planned.action, Action::Redact(_)) {
        return Ok(ItemOutcome::Failed("redaction: not possible yet".into()));
    }
    match source.erase(item).await {
        Ok(Erased::Done) => Ok(ItemOutcome::Erased),
        Ok(Erased::AlreadyAbsent) if entry.begun => Ok(ItemOutcome::Erased),
        Ok(Erased::AlreadyAbsent) => Ok(ItemOutcome::AlreadyAbsent),
        Ok(Erased::Changed) => Ok(ItemOutcome::Changed),
        Ok(Erased::Blocked(barrier)) => Ok(ItemOutcome::Blocked(barrier)),
        Err(failure) if failure.is_transient() && patience == Patience::Left => Err(failure),
        Err(failure) => Ok(ItemOutcome::Failed(failure.chain())),
    }
}
