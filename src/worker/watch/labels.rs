//! Every series that there can be stands at zero from the start: what appears only with the first
//! failure cannot be told from what was never looked at, and its first increase is seen by nobody.

use crate::domain::failure::FailureKind;
use crate::domain::outcome::OutcomeKind;
use crate::domain::request::RequestKind;
use crate::domain::state::State;
use crate::ports::tasks::Purpose as SweepPurpose;
use crate::telemetry::metrics::{
    Announced, CalledBack, Ended, InState, Kind, KindState, Metrics, OfSource, Purpose, Settled,
    StepFailure, begin,
};

/// The steps that may fail.
const STEPS: [&str; 15] = [
    "act", "announce", "callback", "census", "conclude", "expire", "find", "follow", "forget",
    "intake", "learn", "look_up", "purge", "start", "verify",
];

/// Sets up every series, but for those of parts, which their first answer makes, and times of what
/// has not happened yet.
pub fn prime<'a>(metrics: &Metrics, sources: impl Iterator<Item = &'a str>) {
    for state in State::ALL.into_iter().filter(|state| *state != State::Received) {
        let state_word = state.word();
        for kind in RequestKind::ALL.map(RequestKind::word) {
            if state != State::Rejected {
                begin(&metrics.requests, KindState { kind, state: state_word });
            }
        }
        begin(&metrics.request_age, InState { state: state_word });
        if !state.is_end() {
            begin(&metrics.requests_open, InState { state: state_word });
            begin(&metrics.requests_oldest, InState { state: state_word });
        }
    }
    let rejected = KindState { kind: "none", state: State::Rejected.word() };
    begin(&metrics.requests, rejected);
    for kind in RequestKind::ALL.map(RequestKind::word) {
        begin(&metrics.act_time, Kind { kind });
    }
    for settlement in ["taken", "refused", "returned"] {
        begin(&metrics.deliveries, Settled { settlement });
    }
    for purpose in [SweepPurpose::Find, SweepPurpose::Verify].map(SweepPurpose::word) {
        begin(&metrics.sweeps, Purpose { purpose });
        begin(&metrics.sweep_time, Purpose { purpose });
    }
    for outcome in OutcomeKind::ALL.map(OutcomeKind::word).into_iter().chain(["unknown"]) {
        begin(&metrics.item_outcomes, Ended { outcome });
    }
    for result in ["confirmed", "unroutable"] {
        begin(&metrics.events, Announced { result });
    }
    for result in ["delivered", "retried", "given_up"] {
        begin(&metrics.callbacks, CalledBack { result });
    }
    for step in STEPS {
        for kind in FailureKind::ALL.map(FailureKind::word) {
            begin(&metrics.step_failures, StepFailure { step, kind });
        }
    }
    for source in sources {
        let source = OfSource { source: source.to_owned() };
        begin(&metrics.source_items, source);
    }
}
