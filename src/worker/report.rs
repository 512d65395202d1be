//! Outcomes become log lines and numbers, here and nowhere else.
//!
//! A line holds ids, words, counts and the chains of failures, all of which are free of personal
//! data by contract.

use std::collections::BTreeMap;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use tracing::{Level, Span, debug, error, event, info, info_span, warn};

use crate::domain::event::Facts;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::outcome::ItemOutcome;
use crate::domain::request::{RequestId, RequestKind};
use crate::domain::state::{Event, State};
use crate::ports::ledger::{Callback, Ledger, Record};
use crate::ports::standing::Standing;
use crate::ports::tasks::{Shard, Sweep};
use crate::stages::announce::Turn;
use crate::stages::intake::{Decided, Taken};
use crate::stages::walk::meter::{Meter, News};
use crate::telemetry::floods::Tell;
use crate::telemetry::metrics::{
    self, Announced, Ended, InState, Kind, KindState, Metrics, OfSource, Purpose, Settled,
    StepFailure,
};
use crate::telemetry::traces::Traces;
use crate::worker::pace::shift::Shift;

/// A delivery was ledgered and may be settled. `traceparent` is its producer's.
pub fn taken(shift: &Shift, taken: &Taken, traceparent: Option<&str>) {
    let metrics = &*shift.metrics;
    let new = match taken {
        Taken::Accepted(id, _) | Taken::Refused(id, _) => Some(id),
        Taken::Repeated(_) | Taken::Decided(_) => None,
    };
    let _told_within = trace(&shift.traces, new, traceparent).entered();
    let settlement = match taken {
        Taken::Accepted(id, kind) => {
            info!(request.id = %id, request.kind = kind.word(), "accepted");
            came(metrics, kind.word(), State::Accepted, SignedDuration::ZERO);
            "taken"
        }
        Taken::Repeated(id) => {
            info!(request.id = %id, "known already; its status is announced again");
            "taken"
        }
        Taken::Decided(decided) => {
            decision(metrics, decided);
            "taken"
        }
        Taken::Refused(id, codes) => {
            warn!(request.id = %id, fault.codes = codes.join(","), "refused as bad input");
            came(metrics, "none", State::Rejected, SignedDuration::ZERO);
            "refused"
        }
    };
    metrics.deliveries.get_or_create(&Settled { settlement }).inc();
}

/// A person decided.
pub fn decision(metrics: &Metrics, decided: &Decided) {
    let Decided { id, kind, verb, actor, key, state, age } = decided;
    // What people wrote may hold what drives a terminal.
    let actor = actor.escape_debug().to_string();
    let (verb, key) = (verb.word(), key.as_deref());
    info!(
        request.id = %id, request.state = state.word(), decision = verb, decision.actor = actor,
        decision.key = key, "{actor:?} decided: {verb}"
    );
    came(metrics, kind.map_or("none", RequestKind::word), *state, *age);
}

/// A request came to a state, so long after it was accepted.
fn came(metrics: &Metrics, kind: &'static str, state: State, age: SignedDuration) {
    let state = state.word();
    metrics.requests.get_or_create(&KindState { kind, state }).inc();
    // Clocks step back.
    metrics.request_age.get_or_create(&InState { state }).observe(age.as_secs_f64().max(0.0));
}

/// The producer's trace (W3C Trace Context), around what is told of its request, or that of the
/// request without one where it has spans: every line within names it.
fn trace(traces: &Traces, id: Option<&RequestId>, traceparent: Option<&str>) -> Span {
    if let Some(id) = traceparent.and_then(|traceparent| traceparent.split('-').nth(1)) {
        return info_span!("request", trace.id = id);
    }
    match id.and_then(|id| traces.of_request(id.as_str(), None)) {
        Some(trace) => info_span!("request", trace.id = hex::encode(trace.root.trace)),
        None => Span::none(),
    }
}

/// A delivery goes back to the queue.
pub fn returned(metrics: &Metrics) {
    metrics.deliveries.get_or_create(&Settled { settlement: "returned" }).inc();
}

/// What a walk came to since this was told last; `before` is what others came to in its source.
pub fn walked(metrics: &Metrics, source: &str, meter: &Meter, before: u64) {
    let News { items, bytes, known, timed } = meter.news();
    metrics.sweep_items.inc_by(items);
    metrics.sweep_bytes.inc_by(bytes);
    metrics.sweep_items_known.inc_by(known);
    for (took, bytes) in timed {
        metrics.item_time.observe(took.as_secs_f64());
        metrics.item_bytes.observe(bytes as f64);
    }
    let source = OfSource { source: source.to_owned() };
    metrics.source_items.get_or_create(&source).set(gauge(before + meter.items()));
}

fn gauge(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// What was learned ahead since this was told last.
pub fn learned(metrics: &Metrics, meter: &Meter) {
    let News { items, bytes, known, .. } = meter.news();
    metrics.learned_items.inc_by(items.saturating_sub(known));
    metrics.learned_bytes.inc_by(bytes);
}

/// Learning ahead came to its end, or gave way to a request.
pub fn learned_ahead(meter: &Meter, (began, now): (Timestamp, Timestamp)) {
    info!(
        item.count = meter.items(),
        item.known = meter.known(),
        sweep.size_bytes = meter.bytes(),
        duration_ms = millis(began, now),
        "learned ahead"
    );
}

/// A sweep was opened.
pub fn sweeping(purpose: &'static str, requests: usize, sources: &[String]) {
    let sources = sources.join(",");
    info!(sweep.purpose = purpose, request.count = requests, sources, "sweep begins");
}

/// A shard is about to be walked.
pub fn walking(purpose: &'static str, shard: &Shard) {
    let (source, part, parts) = (&shard.source, shard.part.number, shard.part.of);
    debug!(sweep.purpose = purpose, source, part, parts, "walk begins");
}

/// A walk of a shard ended, well or not.
pub fn walk_ended(
    metrics: &Metrics,
    purpose: &'static str,
    shard: &Shard,
    meter: &Meter,
    (began, now): (Timestamp, Timestamp),
) {
    let (source, part) = (&shard.source, shard.part.number);
    info!(
        sweep.purpose = purpose,
        source,
        part,
        item.count = meter.items(),
        item.known = meter.known(),
        sweep.size_bytes = meter.bytes(),
        duration_ms = millis(began, now),
        "source walked"
    );
    let source = OfSource { source: source.clone() };
    metrics.source_walked.get_or_create(&source).set(now.as_second());
}

/// A sweep ended.
pub fn swept(
    metrics: &Metrics,
    purpose: &'static str,
    requests: usize,
    sweep: &Sweep,
    now: Timestamp,
) {
    metrics.sweeps.get_or_create(&Purpose { purpose }).inc();
    metrics.sweep_ended.get_or_create(&Purpose { purpose }).set(now.as_second());
    let total = |of: fn(&Shard) -> u64| sweep.shards.iter().map(of).sum::<u64>();
    // When an earlier version opened one is not known.
    let took = (sweep.opened > Timestamp::UNIX_EPOCH).then(|| millis(sweep.opened, now));
    if let Some(took) = took {
        let seconds = SignedDuration::from_millis(took).as_secs_f64();
        metrics.sweep_time.get_or_create(&Purpose { purpose }).observe(seconds);
    }
    info!(
        sweep.purpose = purpose,
        request.count = requests,
        item.count = total(|shard| shard.items),
        item.known = total(|shard| shard.known),
        sweep.size_bytes = total(|shard| shard.bytes),
        duration_ms = took,
        "swept"
    );
}

/// A plan is about to be carried out, or gone on with.
pub fn acting(id: &RequestId, kind: RequestKind, state: State) {
    let (kind, state) = (kind.word(), state.word());
    info!(request.id = %id, request.kind = kind, request.state = state, "act begins");
}

/// A try to carry out a plan ended, well or not.
pub fn act_ended(
    metrics: &Metrics,
    id: &RequestId,
    kind: RequestKind,
    (began, now): (Timestamp, Timestamp),
    items: u64,
    is_well: bool,
) {
    let (kind, duration_ms) = (kind.word(), millis(began, now));
    info!(
        request.id = %id, request.kind = kind, item.count = items, duration_ms, well = is_well,
        "act ended"
    );
    let seconds = SignedDuration::from_millis(duration_ms).as_secs_f64();
    metrics.act_time.get_or_create(&Kind { kind }).observe(seconds);
}

/// Clocks step back; nothing takes less than no time.
fn millis(from: Timestamp, to: Timestamp) -> i64 {
    i64::try_from(to.duration_since(from).as_millis()).unwrap_or(i64::MAX).max(0)
}

/// Where the records that a request got brought it.
#[derive(Clone, Copy, Default)]
pub struct Moved {
    /// The state, if there is any record.
    pub state: Option<State>,
    /// Items that the last of them is about.
    pub items: Option<u64>,
}

/// Tells of every record that a request got since it stood there.
///
/// # Errors
/// The ledger cannot be read.
pub async fn moved(shift: &Shift, ledger: &dyn Ledger, since: &Standing) -> Result<Moved, Failure> {
    let (metrics, id) = (&*shift.metrics, &since.id);
    let records = ledger.records(id).await?;
    let kind = since.kind.map_or("none", RequestKind::word);
    let traceparent = since.correspondence.traceparent.as_deref();
    let trace = trace(&shift.traces, Some(id), traceparent);
    let (mut state, mut before, mut moved) = (State::Received, None, Moved::default());
    for record in &records {
        // The ledger admits legal records only.
        state = state.next(&record.event).unwrap_or(state);
        let stood_ms = before.map(|before| millis(before, record.at));
        before = Some(record.at);
        if record.sequence > since.sequence {
            let facts = Facts::of(&record.event);
            let items = facts.items.or(facts.counts.map(|counts| counts.seen));
            moved = Moved { state: Some(state), items };
            trace.in_scope(|| tell(id, kind, state, &record.event, stood_ms));
            if let Event::Returned { items, .. } = &record.event {
                metrics.items_returned.inc_by(*items);
            } else if record.event.decision().is_none() {
                // Decisions were counted by whoever took them in.
                let accepted = records.first().map_or(record.at, |first| first.at);
                came(metrics, kind, state, record.at.duration_since(accepted));
            }
        }
    }
    if records.last().is_some_and(|record| ends(record, since.sequence)) && state.is_end() {
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
    Ok(moved)
}

/// Whether a record is new and may have ended its request; what comes after the end does not.
fn ends(record: &Record, since: u64) -> bool {
    record.sequence > since && !matches!(record.event, Event::Returned { .. })
}

/// `stood_ms` is how long it was where it stood before.
fn tell(id: &RequestId, kind: &'static str, state: State, event: &Event, stood_ms: Option<i64>) {
    let facts = Facts::of(event);
    let outcomes = facts.counts.map(|counts| in_words(&counts.outcomes));
    let seen = facts.seen.or(facts.counts.map(|counts| counts.seen));
    let reason = facts.reason.as_deref().filter(|_| !matches!(event, Event::Stopped(_)));
    macro_rules! say {
        ($level:expr, $($text:tt)+) => {
            event!(
                $level, request.id = %id, request.kind = kind, request.state = state.word(),
                item.count = facts.items, item.unreadable = facts.unreadable, item.seen = seen,
                item.outcomes = outcomes, duration_ms = stood_ms, reason, $($text)+
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
        | Event::Extended(_)
        | Event::ActStarted
        | Event::Acted { .. } => say!(Level::INFO, "{}", event.word()),
    }
}

/// `erased 5, kept 1`.
fn in_words(outcomes: &BTreeMap<String, u64>) -> String {
    let told: Vec<String> =
        outcomes.iter().map(|(outcome, count)| format!("{outcome} {count}")).collect();
    told.join(", ")
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

/// What was learned of a source is forgotten, for nobody has named it for so long.
pub fn forgot_source(source: &str) {
    info!(source, "what was learned of it is forgotten: the settings name it no more");
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

/// The queue answered for an event, well or not.
pub fn published(metrics: &Metrics, began: Timestamp, now: Timestamp) {
    let took = now.duration_since(began).as_secs_f64();
    metrics.publish_time.observe(took.max(0.0));
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
    if failure.is_of_the_ledger() {
        metrics.ledger_troubles.note(error.clone(), Instant::now());
    }
    let text = match failure.is_transient() {
        true => "did not work; will be tried again",
        false => "did not work",
    };
    match metrics.floods.tell(format!("{step} {error}"), Instant::now()) {
        Tell::Singly => {}
        Tell::Last => {
            warn!(step, kind, "more of this are told for a minute at the debug level alone")
        }
        Tell::Never => {
            debug!(request.id = id, step, kind, error, "{text}");
            return;
        }
    }
    // What may pass by itself needs nobody yet.
    if failure.passes_by_itself() {
        event!(Level::WARN, request.id = id, step, kind, error, "{text}");
    } else {
        event!(Level::ERROR, request.id = id, step, kind, error, "{text}");
    }
}
