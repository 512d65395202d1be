//! Outcomes become log lines and numbers, here and nowhere else.
//!
//! A line holds ids, words, counts and the chains of failures, all of which are free of personal
//! data by contract.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use tracing::{Level, Span, debug, error, event, field, info, info_span, warn};

use crate::domain::event::Facts;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::outcome::ItemOutcome;
use crate::domain::request::{RequestId, RequestKind};
use crate::domain::state::{Event, State};
use crate::ports::ledger::{Callback, Ledger, Record};
use crate::ports::tasks::{Shard, Sweep};
use crate::stages::announce::Turn;
use crate::stages::intake::Taken;
use crate::stages::walk::pass::Meter;
use crate::telemetry::metrics::{
    self, Announced, Ended, InState, KindState, Metrics, Purpose, Settled, StepFailure,
};
use crate::worker::pace::shift::Shift;

/// How often the census is taken.
const CENSUS_EVERY_MS: u64 = 5_000;

/// Requests due within this time are counted as due soon.
const SOON: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Most open requests that the census looks at for their due dates, earliest first.
const DUE_MAX: u32 = 10_000;

/// Keeps the gauges true until stopped, and warns of each due date that comes near or passes.
pub async fn run(shift: &Shift, ledger: &dyn Ledger) {
    let (mut warned, mut shut) = (Warned::default(), BTreeMap::new());
    while !shift.stopper.is_stopped() {
        match census(shift, ledger).await {
            Ok(dues) => {
                match obstructed(&shift.metrics, ledger).await {
                    Ok(now) => tell_of_sources(std::mem::replace(&mut shut, now.clone()), now),
                    Err(failure) => failed(&shift.metrics, "census", &failure),
                }
                for (id, due, urgency) in warned.news(dues, shift.clock.now()) {
                    let waits_for = waits_for(ledger, &id).await;
                    warn_of(&id, due, urgency, waits_for.as_deref());
                }
            }
            Err(failure) => failed(&shift.metrics, "census", &failure),
        }
        shift.pause_ms(CENSUS_EVERY_MS).await;
    }
}

/// Open requests that are due soon, or late, and were warned of.
#[derive(Debug, Default)]
struct Warned(BTreeMap<RequestId, Urgency>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Urgency {
    Soon,
    Late,
}

impl Urgency {
    fn of(due: Timestamp, now: Timestamp) -> Option<Self> {
        match due {
            _ if due <= now => Some(Self::Late),
            _ if due <= now + SOON => Some(Self::Soon),
            _ => None,
        }
    }
}

impl Warned {
    /// What has become more urgent since the last time; what ended is forgotten.
    fn news(
        &mut self,
        dues: Vec<(RequestId, Timestamp)>,
        now: Timestamp,
    ) -> Vec<(RequestId, Timestamp, Urgency)> {
        let (mut urgent, mut news) = (BTreeMap::new(), Vec::new());
        for (id, due) in dues {
            let Some(urgency) = Urgency::of(due, now) else { continue };
            if self.0.get(&id).is_none_or(|warned| *warned < urgency) {
                news.push((id.clone(), due, urgency));
            }
            urgent.insert(id, urgency);
        }
        self.0 = urgent;
        news
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

fn warn_of(id: &RequestId, due: Timestamp, urgency: Urgency, waits_for: Option<&str>) {
    macro_rules! say {
        ($level:ident, $text:literal) => {
            match waits_for {
                Some(what) => {
                    $level!(request.id = %id, request.due = %due, concat!($text, "; it {}"), what);
                }
                None => $level!(request.id = %id, request.due = %due, $text),
            }
        };
    }
    match urgency {
        Urgency::Soon => say!(warn, "falls due within seven days"),
        Urgency::Late => say!(error, "is past its due time"),
    }
}

/// Sets the gauges; gives when each open request is due.
async fn census(
    shift: &Shift,
    ledger: &dyn Ledger,
) -> Result<Vec<(RequestId, Timestamp)>, Failure> {
    let metrics = &shift.metrics;
    for state in State::ALL.into_iter().filter(|state| !state.is_end()) {
        metrics.requests_open.get_or_create(&InState { state: state.word() }).set(0);
    }
    for (state, count) in ledger.census().await?.into_iter().filter(|(state, _)| !state.is_end()) {
        metrics.requests_open.get_or_create(&InState { state: state.word() }).set(gauge(count));
    }
    metrics.outbox_backlog.set(gauge(ledger.backlog().await?));
    metrics.callbacks_backlog.set(gauge(ledger.callback_backlog().await?));
    let open: Vec<State> = State::ALL.into_iter().filter(|state| !state.is_end()).collect();
    let now = shift.clock.now();
    let dues = ledger.standings(&open, DUE_MAX).await?;
    let dues: Vec<_> =
        dues.into_iter().filter_map(|standing| Some((standing.id, standing.due?))).collect();
    let count = |urgency| {
        let urgent = dues.iter().filter(|(_, due)| Urgency::of(*due, now) == Some(urgency));
        gauge(urgent.count() as u64)
    };
    metrics.requests_due_soon.set(count(Urgency::Soon));
    metrics.requests_overdue.set(count(Urgency::Late));
    Ok(dues)
}

fn gauge(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A delivery was ledgered and may be settled. `traceparent` is its producer's.
pub fn taken(metrics: &Metrics, taken: &Taken, traceparent: Option<&str>) {
    let _told_within = trace(traceparent).entered();
    let settlement = match taken {
        Taken::Accepted(id) => {
            info!(request.id = %id, "accepted");
            "taken"
        }
        Taken::Repeated(id) => {
            info!(request.id = %id, "known already; its status is announced again");
            "taken"
        }
        Taken::Decided(id, verb) => {
            info!(request.id = %id, decision = verb.word(), "a person decided");
            "taken"
        }
        Taken::Refused(id, codes) => {
            warn!(request.id = %id, fault.codes = codes.join(","), "refused as bad input");
            "refused"
        }
    };
    metrics.deliveries.get_or_create(&Settled { settlement }).inc();
}

/// The producer's trace (W3C Trace Context), around what is told of its request: every line within
/// names it.
fn trace(traceparent: Option<&str>) -> Span {
    match traceparent.and_then(|traceparent| traceparent.split('-').nth(1)) {
        Some(id) => info_span!("request", trace.id = id),
        None => Span::none(),
    }
}

/// A delivery goes back to the queue.
pub fn returned(metrics: &Metrics) {
    metrics.deliveries.get_or_create(&Settled { settlement: "returned" }).inc();
}

/// A shard was walked, to its end or not.
pub fn walked(metrics: &Metrics, meter: &Meter) {
    metrics.sweep_items.inc_by(meter.items());
    metrics.sweep_bytes.inc_by(meter.bytes());
    metrics.sweep_items_known.inc_by(meter.known());
}

/// A sweep ended.
pub fn swept(metrics: &Metrics, purpose: &'static str, requests: usize, sweep: &Sweep) {
    metrics.sweeps.get_or_create(&Purpose { purpose }).inc();
    let total = |of: fn(&Shard) -> u64| sweep.shards.iter().map(of).sum::<u64>();
    info!(
        sweep.purpose = purpose,
        request.count = requests,
        item.count = total(|shard| shard.items),
        item.known = total(|shard| shard.known),
        sweep.size_bytes = total(|shard| shard.bytes),
        "swept"
    );
}

/// Tells of every record that a request got after `since`.
///
/// # Errors
/// The ledger cannot be read.
pub async fn moved(
    metrics: &Metrics,
    ledger: &dyn Ledger,
    id: &RequestId,
    since: u64,
) -> Result<(), Failure> {
    let records = ledger.records(id).await?;
    let standing = ledger.standing(id).await?;
    let kind = standing.as_ref().and_then(|standing| standing.kind);
    let kind = kind.map_or("none", RequestKind::word);
    let traceparent = standing.and_then(|standing| standing.correspondence.traceparent);
    let trace = trace(traceparent.as_deref());
    let mut state = State::Received;
    for record in &records {
        // The ledger admits legal records only.
        state = state.next(&record.event).unwrap_or(state);
        if record.sequence > since {
            trace.in_scope(|| tell(id, kind, state, &record.event));
            if let Event::Returned { items, .. } = &record.event {
                metrics.items_returned.inc_by(*items);
                continue;
            }
            let label = KindState { kind, state: state.word() };
            metrics.requests.get_or_create(&label).inc();
        }
    }
    if records.last().is_some_and(|record| ends(record, since)) && state.is_end() {
        let tally = ledger.tally(id).await?;
        for (word, count) in &tally.by_outcome {
            let known = ItemOutcome::parse(word, "lease").map(|outcome| outcome.word());
            let outcome = known.unwrap_or("unknown");
            metrics.item_outcomes.get_or_create(&Ended { outcome }).inc_by(*count);
            if outcome == "unreadable" {
                metrics.items_unreadable.inc_by(*count);
            }
        }
    }
    Ok(())
}

/// Whether a record is new and may have ended its request; what comes after the end does not.
fn ends(record: &Record, since: u64) -> bool {
    record.sequence > since && !matches!(record.event, Event::Returned { .. })
}

fn tell(id: &RequestId, kind: &'static str, state: State, event: &Event) {
    let facts = Facts::of(event);
    let outcomes = facts.counts.map(|counts| field::debug(&counts.outcomes));
    let seen = facts.seen.or(facts.counts.map(|counts| counts.seen));
    let reason = facts.reason.as_deref().filter(|_| !matches!(event, Event::Stopped(_)));
    macro_rules! say {
        ($level:expr, $($text:tt)+) => {
            event!(
                $level, request.id = %id, request.kind = kind, request.state = state.word(),
                item.count = facts.items, item.unreadable = facts.unreadable, item.seen = seen,
                item.outcomes = outcomes, reason, $($text)+
            )
        };
    }
    match event {
        Event::Verified { .. } => say!(Level::INFO, "verified: {}", state.word()),
        Event::Held { .. } => say!(
            Level::WARN,
            "held for a person; decide with: dsrd approve {id}, or: dsrd reject {id}"
        ),
        Event::Failed { .. } => {
            say!(Level::ERROR, "failed; mend the cause and send: dsrd retry {id}");
        }
        Event::Stopped(decision) => {
            say!(Level::WARN, "{}; go on with: dsrd retry {id}", decision.stop_reason());
        }
        Event::Returned { .. } => {
            say!(Level::WARN, "what was erased came back; erasing it takes a new request");
        }
        Event::LeftOver { .. } => say!(Level::WARN, "not all is gone yet; acting again"),
        Event::WaitStarted { .. } => {
            say!(Level::INFO, "services finish the rest by themselves; looking after that")
        }
        Event::Accepted
        | Event::Rejected { .. }
        | Event::FindStarted
        | Event::Planned { .. }
        | Event::Approved(_)
        | Event::Refused(_)
        | Event::Cancelled(_)
        | Event::Retried(_)
        | Event::ActStarted
        | Event::Acted { .. } => say!(Level::INFO, "{}", event.word()),
    }
}

/// An archive was removed, because it was not to be kept longer.
pub fn removed(metrics: &Metrics, id: &RequestId) {
    metrics.archives_removed.inc();
    info!(request.id = %id, "its archive was removed");
}

/// Which items requests left is not to be known any longer.
pub fn forgot_left() {
    info!("which items ended requests left is forgotten: their time was over");
}

/// One turn of announcing ended.
pub fn announced(metrics: &Metrics, turn: Turn) {
    let count = |result| metrics.events.get_or_create(&Announced { result });
    count("confirmed").inc_by(turn.confirmed as u64);
    if turn.unroutable > 0 {
        count("unroutable").inc_by(turn.unroutable as u64);
        warn!(
            event.count = turn.unroutable,
            "no queue is bound for these events; they are kept and tried again"
        );
    }
}

/// What became of a try to call back.
pub enum CalledBack {
    /// The host has it.
    Delivered,
    /// It is tried again later; why.
    Retried(String),
    /// It is not tried again; why.
    GivenUp(String),
}

/// A callback was tried. Of a URL the host alone is told.
pub fn called_back(metrics: &Metrics, callback: &Callback, how: &CalledBack) {
    let (id, host) = (&callback.id.request, callback.url.host());
    let result = match how {
        CalledBack::Delivered => {
            debug!(request.id = %id, callback.host = host, "called back");
            "delivered"
        }
        CalledBack::Retried(error) => {
            // The first says all; the others would say it for days.
            if callback.tries == 0 {
                let text = "calling back did not work; will be tried again";
                warn!(request.id = %id, callback.host = host, error, "{text}");
            } else {
                debug!(request.id = %id, callback.host = host, error, "did not work again");
            }
            "retried"
        }
        CalledBack::GivenUp(error) => {
            warn!(request.id = %id, callback.host = host, error, "a callback was given up");
            "given_up"
        }
    };
    metrics.callbacks.get_or_create(&metrics::CalledBack { result }).inc();
}

/// An erasure goes on although exports of its person failed: its own due time is too near.
pub fn pressed(id: &RequestId, failed: &[RequestId]) {
    for export in failed {
        warn!(
            request.id = %id, failed.id = %export,
            "falls due soon and waits no longer for an export of the same person that failed"
        );
    }
}

/// This daemon's clock is not the ledger's.
pub fn clock_off(millis: i128) {
    let text =
        "this daemon's clock is not that of the ledger: records and due dates are told by it";
    error!(clock.ahead_ms = i64::try_from(millis).unwrap_or(i64::MAX), "{text}");
}

/// A step failed that concerns no single request.
pub fn failed(metrics: &Metrics, step: &'static str, failure: &Failure) {
    step_failed(metrics, step, failure, None);
}

/// A step of one request failed.
pub fn request_failed(metrics: &Metrics, step: &'static str, failure: &Failure, id: &RequestId) {
    step_failed(metrics, step, failure, Some(id));
}

fn step_failed(metrics: &Metrics, step: &'static str, failure: &Failure, id: Option<&RequestId>) {
    let kind = match failure.kind {
        FailureKind::Transient => "transient",
        FailureKind::Permanent => "permanent",
        FailureKind::NeedsPerson => "needs_person",
    };
    metrics.step_failures.get_or_create(&StepFailure { step, kind }).inc();
    let (id, error) = (id.map(RequestId::as_str), failure.chain());
    let text = match failure.is_transient() {
        true => "did not work; will be tried again",
        false => "did not work",
    };
    // What may pass by itself needs nobody yet.
    if failure.passes_by_itself() {
        event!(Level::WARN, request.id = id, step, kind, error, "{text}");
    } else {
        event!(Level::ERROR, request.id = id, step, kind, error, "{text}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_due_date_is_warned_of_once_as_it_comes_near_and_once_as_it_passes() {
        let start: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let at = |days: i64| start + SignedDuration::from_hours(24 * days);
        let dues = |open: &[(&str, i64)]| -> Vec<_> {
            open.iter().map(|(id, due)| (RequestId::new(id).unwrap(), at(*due))).collect()
        };
        let all = [("a", 2), ("b", 10), ("c", 30)];
        type Day<'a> = (i64, &'a [(&'a str, i64)], &'a str);
        let table: [Day<'_>; 7] = [
            (0, &all, "a Soon"),
            (1, &all, ""),
            (2, &all, "a Late"),
            (3, &all, "b Soon"),
            (9, &all[1..], ""),
            (40, &all[1..], "b Late, c Late"),
            (41, &[], ""),
        ];
        let mut warned = Warned::default();
        for (day, open, expected) in table {
            let news = warned.news(dues(open), at(day));
            let told: Vec<_> =
                news.iter().map(|(id, _, urgency)| format!("{id} {urgency:?}")).collect();
            assert_eq!(told.join(", "), expected, "on day {day}");
        }
    }
}
