//! Keeps the gauges true, and says what stands still.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tracing::{info, warn};

use crate::domain::event::Facts;
use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::domain::state::State;
use crate::ports::ledger::{Ledger, Record};
use crate::telemetry::metrics::{InState, Metrics};
use crate::worker::pace::shift::Shift;
use crate::worker::report::failed;
use crate::worker::watch::dues::{self, SOON, Warned};
use crate::worker::watch::notices::Notices;

/// How often the census is taken.
const CENSUS_EVERY_MS: u64 = 5_000;

/// Most requests that are told of because they wait or are due, earliest due first.
const DUE_MAX: u32 = 10_000;

/// Keeps the gauges true until stopped, and warns of each due date that comes near or passes.
pub async fn run(shift: &Shift, ledger: &dyn Ledger, notices: &Notices) {
    let (mut warned, mut shut) = (Warned::default(), BTreeMap::new());
    while !shift.stopper.is_stopped() {
        match census(shift, ledger).await {
            Ok(dues) => {
                match obstructed(&shift.metrics, ledger).await {
                    Ok(now) => tell_of_sources(std::mem::replace(&mut shut, now.clone()), now),
                    Err(failure) => failed(&shift.metrics, "census", &failure),
                }
                let news = warned.news(dues, shift.clock.now());
                notices.add(&news);
                for news in dues::tell_of_many(news) {
                    let waits_for = waits_for(ledger, &news.id).await;
                    dues::tell(&news, waits_for.as_deref());
                }
            }
            Err(failure) => failed(&shift.metrics, "census", &failure),
        }
        shift.pause_ms(CENSUS_EVERY_MS).await;
    }
}

/// Counts the requests that something keeps; gives the sources that cannot be entered, and why.
async fn obstructed(
    metrics: &Metrics,
    ledger: &dyn Ledger,
) -> Result<BTreeMap<String, String>, Failure> {
    let obstacles = ledger.obstacles(DUE_MAX).await?;
    metrics.requests_obstructed.set(gauge(obstacles.len() as u64));
    let mut shut = BTreeMap::new();
    for (_, obstacle) in obstacles {
        shut.extend(obstacle.source.map(|source| (source, obstacle.reason)));
    }
    Ok(shut)
}

/// Says once that a source cannot be entered, and once that it can again.
fn tell_of_sources(before: BTreeMap<String, String>, now: BTreeMap<String, String>) {
    for (source, error) in now.iter().filter(|(source, _)| !before.contains_key(*source)) {
        warn!(source, error, "requests wait for a source that cannot be entered");
    }
    for source in before.keys().filter(|source| !now.contains_key(*source)) {
        info!(source, "no request waits for the source any more");
    }
}

/// What a request waits for at services, for people. A ledger that cannot be read is told of
/// elsewhere.
async fn waits_for(ledger: &dyn Ledger, id: &RequestId) -> Option<String> {
    let records = ledger.records(id).await.ok()?;
    let Record { event, at, .. } = records.last()?;
    Facts::of(event).waits_for(*at)
}

/// Sets the gauges; gives when each request is due that was not answered and is due soon.
async fn census(
    shift: &Shift,
    ledger: &dyn Ledger,
) -> Result<Vec<(RequestId, Timestamp)>, Failure> {
    let (metrics, now) = (&shift.metrics, shift.clock.now());
    let open: Vec<State> = State::ALL.into_iter().filter(|state| !state.is_end()).collect();
    let counted: BTreeMap<State, u64> = ledger.census().await?.into_iter().collect();
    for state in &open {
        let count = counted.get(state).copied().unwrap_or_default();
        metrics.requests_open.get_or_create(&InState { state: state.word() }).set(gauge(count));
    }
    metrics.outbox_backlog.set(gauge(ledger.backlog().await?));
    metrics.callbacks_backlog.set(gauge(ledger.callback_backlog().await?));
    let (tickets, oldest) = ledger.all_tickets().await?;
    metrics.tickets_open.set(gauge(tickets));
    metrics.tickets_oldest.set(oldest.map_or(0, |begun| seconds(begun, now)));
    let longest: BTreeMap<State, Timestamp> = ledger.longest().await?.into_iter().collect();
    for state in &open {
        let age = longest.get(state).map_or(0, |since| seconds(*since, now));
        metrics.requests_oldest.get_or_create(&InState { state: state.word() }).set(age);
    }
    let late = ledger.count_unanswered(now).await?;
    let urgent = ledger.count_unanswered(now + SOON).await?;
    metrics.requests_overdue.set(gauge(late));
    metrics.requests_due_soon.set(gauge(urgent.saturating_sub(late)));
    ledger.unanswered(now + SOON, DUE_MAX).await
}

/// Clocks step back; no age is below nothing.
fn seconds(since: Timestamp, now: Timestamp) -> i64 {
    now.duration_since(since).as_secs().max(0)
}

fn gauge(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
