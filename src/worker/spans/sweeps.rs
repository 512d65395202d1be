//! Sweeps, which many requests share: each is a trace of its own. It points to the part that it has
//! in the trace of each request, and each of these points back.

use jiff::Timestamp;

use crate::domain::failure::Failure;
use crate::ports::standing::Standing;
use crate::ports::tasks::{Purpose, Shard, Sweep};
use crate::stages::account::case::Case;
use crate::stages::walk::meter::Meter;
use crate::telemetry::traces::{Fact, Piece, Trace, Traces};
use crate::worker::spans::requests::{Times, about, of};

/// A shard was walked, well or not, for these.
pub fn walked(
    traces: &Traces,
    (purpose, sweep, shard): (Purpose, &Sweep, &Shard),
    cases: &[Case],
    (meter, failure): (&Meter, Option<&Failure>),
    times: Times,
) {
    if !cases.iter().any(|case| of(traces, &case.standing).is_some()) {
        return;
    }
    let Some(trace) = trace(traces, purpose, sweep) else { return };
    let piece = traces
        .piece("walk", &trace, times)
        .with(Fact::Purpose, purpose.word())
        .with(Fact::Source, shard.source.clone())
        .with(Fact::Part, shard.part.number)
        .with(Fact::Items, meter.items())
        .with(Fact::Known, meter.known())
        .with(Fact::Bytes, meter.bytes())
        .failed(failure.map(|failure| failure.kind.word()));
    traces.tell(piece);
}

/// A sweep could not go on, and these end with it.
pub fn failed(
    traces: &Traces,
    (purpose, sweep): (Purpose, &Sweep),
    cases: &[Case],
    failure: &Failure,
    times: Times,
) {
    let Some(trace) = trace(traces, purpose, sweep) else { return };
    let parts =
        cases.iter().filter_map(|case| part(traces, purpose, &trace, &case.standing, times));
    for piece in parts {
        traces.tell(piece.failed(Some(failure.kind.word())));
    }
}

/// A sweep ended, for these.
pub fn swept(
    traces: &Traces,
    purpose: Purpose,
    sweep: &Sweep,
    members: &[Standing],
    now: Timestamp,
) {
    let Some(trace) = trace(traces, purpose, sweep) else { return };
    let times = (sweep.opened.min(now), now);
    let parts = members.iter().filter_map(|it| part(traces, purpose, &trace, it, times));
    let parts: Vec<Piece> = parts.collect();
    if parts.is_empty() {
        return;
    }
    let total = |of: fn(&Shard) -> u64| sweep.shards.iter().map(of).sum::<u64>();
    let whole = traces
        .piece("sweep", &trace, times)
        .as_root(&trace)
        .linked(parts.iter().map(|part| part.context))
        .with(Fact::Purpose, purpose.word())
        .with(Fact::Requests, members.len() as u64)
        .with(Fact::Items, total(|shard| shard.items))
        .with(Fact::Known, total(|shard| shard.known))
        .with(Fact::Bytes, total(|shard| shard.bytes));
    traces.tell(whole);
    for part in parts {
        traces.tell(part.with(Fact::Items, total(|shard| shard.items)));
    }
}

/// The part that a sweep has in the trace of one of its requests.
fn part(
    traces: &Traces,
    purpose: Purpose,
    sweep: &Trace,
    standing: &Standing,
    times: Times,
) -> Option<Piece> {
    let piece = traces.piece(purpose.word(), &of(traces, standing)?, times).linked([sweep.root]);
    Some(about(piece, &standing.id))
}

fn trace(traces: &Traces, purpose: Purpose, sweep: &Sweep) -> Option<Trace> {
    traces.of_sweep(purpose.word(), sweep.id, sweep.opened)
}
