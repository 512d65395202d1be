//! What was done for one request, in the trace that its producer began, or in one that follows from
//! its id.

use jiff::Timestamp;

use crate::domain::event::Announcement;
use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::domain::state::State;
use crate::ports::ledger::Ledger;
use crate::ports::messages::announcer::Announced;
use crate::ports::standing::Standing;
use crate::stages::intake::Taken;
use crate::telemetry::traces::{Fact, Piece, Trace, Traces, Value, Way, parse};
use crate::worker::report::Moved;

/// When something began, and when it ended.
pub type Times = (Timestamp, Timestamp);

/// A delivery was taken. `traceparent` is its own; that of its request, if it is about one that is
/// known, stands in the ledger.
pub async fn taken(
    traces: &Traces,
    ledger: &dyn Ledger,
    taken: &Taken,
    traceparent: Option<&str>,
    times: Times,
) {
    if !traces.is_on() {
        return;
    }
    let (id, outcome, is_new) = match taken {
        Taken::Accepted(id, _) => (id, "accepted", true),
        Taken::Refused(id, _) => (id, "refused", true),
        Taken::Repeated(id) => (id, "repeated", false),
        Taken::Decided(decided) => (&decided.id, decided.verb.word(), false),
    };
    let trace = match is_new {
        true => traces.of_request(id.as_str(), traceparent),
        // If the ledger is away, that is told by others.
        false => match ledger.standing(id).await {
            Ok(Some(standing)) => of(traces, &standing),
            _ => None,
        },
    };
    let Some(trace) = trace else { return };
    let mut piece = about(traces.piece("intake", &trace, times), id).with(Fact::Outcome, outcome);
    piece.way = Way::In;
    if let Taken::Accepted(_, kind) = taken {
        piece = piece.with(Fact::Kind, kind.word());
    }
    if is_new {
        piece = piece.as_root(&trace);
    } else {
        let (sender, _) = traceparent.and_then(parse).unzip();
        piece = piece.linked(sender.filter(|sender| *sender != trace.root));
    }
    traces.tell(piece);
}

/// A step of a request that stood there before it ended.
pub fn worked(
    traces: &Traces,
    step: &'static str,
    standing: &Standing,
    (moved, failure): (Moved, Option<&Failure>),
    times: Times,
) {
    let Some(trace) = of(traces, standing) else { return };
    let state = moved.state.unwrap_or(standing.state).word();
    let name = name(step, standing.state);
    let mut piece = about(traces.piece(name, &trace, times), &standing.id)
        .with(Fact::State, state)
        .failed(failure.map(|failure| failure.kind.word()));
    piece.facts.extend(standing.kind.map(|kind| (Fact::Kind, Value::Word(kind.word()))));
    piece.facts.extend(moved.items.map(|items| (Fact::Items, Value::Count(items))));
    traces.tell(piece);
}

/// What a loop calls its step says which loop that is; here it is said what it does.
fn name(step: &'static str, state: State) -> &'static str {
    match (step, state) {
        // Of an archive: it is read back.
        ("act" | "look_up", State::Verifying) => "verify",
        ("look_up", _) => "find",
        // What the sweep itself did is told where that ends.
        ("find" | "verify", _) => "conclude",
        (step, _) => step,
    }
}

/// An event was published, or was to be.
pub fn announced(
    traces: &Traces,
    announcement: &Announcement,
    came_of_it: &Result<Announced, Failure>,
    times: Times,
) {
    let traceparent = announcement.correspondence.traceparent.as_deref();
    let Some(trace) = traces.of_request(announcement.request.as_str(), traceparent) else { return };
    let (outcome, failure) = match came_of_it {
        Ok(Announced::Confirmed) => ("confirmed", None),
        Ok(Announced::Unroutable) => ("unroutable", None),
        Err(failure) => ("failed", Some(failure.kind.word())),
    };
    let mut piece = about(traces.piece("publish", &trace, times), &announcement.request)
        .with(Fact::Event, announcement.name.clone())
        .with(Fact::Outcome, outcome)
        .failed(failure);
    piece.way = Way::Out;
    traces.tell(piece);
}

/// The trace of a request; `None` if it is not told.
pub fn of(traces: &Traces, standing: &Standing) -> Option<Trace> {
    traces.of_request(standing.id.as_str(), standing.correspondence.traceparent.as_deref())
}

/// A piece of work for that request.
pub fn about(piece: Piece, id: &RequestId) -> Piece {
    piece.with(Fact::Request, id.as_str().to_owned())
}
