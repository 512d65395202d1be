//! Reckons from time to time how long it took lately to answer, and how much of it was in time.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::domain::failure::Failure;
use crate::domain::request::RequestKind;
use crate::domain::state::State;
use crate::ports::ledger::Ledger;
use crate::ports::register::AnsweredRequest;
use crate::telemetry::metrics::{KindState, Metrics};
use crate::worker::pace::shift::Shift;
use crate::worker::register::median;
use crate::worker::report::failed;

/// How often. It reads a row for each request of the time, and nothing of it changes fast.
const RECKON_EVERY_MS: u64 = 300_000;

/// How far back.
const LATELY: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Requests that are looked at, the latest first. More of them change no median by much.
const REQUESTS_MAX: u32 = 20_000;

/// Reckons until stopped.
pub async fn run(shift: &Shift, ledger: &dyn Ledger) {
    while !shift.stopper.is_stopped() {
        if let Err(failure) = reckon(&shift.metrics, ledger).await {
            failed(&shift.metrics, "census", &failure);
        }
        shift.pause_ms(RECKON_EVERY_MS).await;
    }
}

async fn reckon(metrics: &Metrics, ledger: &dyn Ledger) -> Result<(), Failure> {
    let from = ledger.now().await? - LATELY;
    let all = ledger.answered(from, REQUESTS_MAX).await?;
    let Reckoned { by_kind, in_time } = Reckoned::of(&all, from);
    // What was answered too long ago by now is in no series any more.
    metrics.answered.clear();
    metrics.answered_median.clear();
    for ((kind, state), (count, seconds)) in by_kind {
        let labels = KindState { kind, state: state.word() };
        metrics.answered.get_or_create(&labels).set(i64::try_from(count).unwrap_or(i64::MAX));
        metrics.answered_median.get_or_create(&labels).set(seconds);
    }
    // As Prometheus says that there is nothing to be said.
    metrics.answered_in_time.set(in_time.unwrap_or(f64::NAN));
    Ok(())
}

/// What it comes to.
#[derive(Debug, PartialEq)]
struct Reckoned {
    /// How many of each kind ended in which way, and how many seconds half of them took at most.
    by_kind: BTreeMap<(&'static str, State), (usize, f64)>,
    /// Which share of those that were to be answered by a time were.
    in_time: Option<f64>,
}

impl Reckoned {
    /// Of those that ended then or later.
    fn of(all: &[AnsweredRequest], from: Timestamp) -> Self {
        let mut seconds: BTreeMap<_, Vec<f64>> = BTreeMap::new();
        let (mut due, mut in_time) = (0_u64, 0_u64);
        for AnsweredRequest { kind, state, received, ended, due: by } in all {
            if *ended < from {
                continue;
            }
            let took = ended.duration_since(*received).as_secs_f64().max(0.0);
            seconds.entry((RequestKind::word(*kind), *state)).or_default().push(took);
            // What was withdrawn or refused was not answered.
            if let Some(by) = by.filter(|_| *state != State::Cancelled) {
                due += 1;
                in_time += u64::from(*ended < by);
            }
        }
        let by_kind = seconds.into_iter().filter_map(|(key, mut seconds)| {
            seconds.sort_by(f64::total_cmp);
            Some((key, (seconds.len(), median(&seconds)?)))
        });
        Self { by_kind: by_kind.collect(), in_time: (due > 0).then(|| in_time as f64 / due as f64) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_and_way_has_its_median_and_what_was_withdrawn_is_not_late() {
        let from: Timestamp = "2026-09-01T00:00:00Z".parse().unwrap();
        let at = |hours: i64| from + SignedDuration::from_hours(hours);
        let one = |kind, state, received, ended, due: Option<i64>| AnsweredRequest {
            kind,
            state,
            received: at(received),
            ended: at(ended),
            due: due.map(at),
        };
        let (access, erasure) = (RequestKind::Access, RequestKind::Erasure);
        let all = [
            one(access, State::Completed, 0, 2, Some(3)),
            one(access, State::Completed, 0, 6, Some(6)),
            one(access, State::PartiallyCompleted, 0, 1, Some(3)),
            one(erasure, State::Cancelled, 0, 9, Some(1)),
            one(erasure, State::Completed, -9, 1, None),
            // It ended before; it only came back.
            one(erasure, State::Completed, -9, -1, Some(1)),
        ];
        let hours = |hours: f64| hours * 3_600.0;
        let expected = Reckoned {
            by_kind: BTreeMap::from([
                (("access", State::Completed), (2, hours(4.0))),
                (("access", State::PartiallyCompleted), (1, hours(1.0))),
                (("erasure", State::Cancelled), (1, hours(9.0))),
                (("erasure", State::Completed), (1, hours(10.0))),
            ]),
            in_time: Some(2.0 / 3.0),
        };
        assert_eq!(Reckoned::of(&all, from), expected);
        assert_eq!(Reckoned::of(&[], from).in_time, None);
    }
}
