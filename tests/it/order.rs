//! In which order people are served, whatever brokers and clocks do.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;

use dsrd::domain::failure::Failure;
use dsrd::domain::policy::guard::Guard;
use serde_json::Value;

use crate::support::simulation::scenario::{Scenario, control, correspondence, request};
use crate::support::simulation::story::check;

const BOTH: &str = "\"outcomes\":{\"exported\":2}";

fn submitted(id: &str, kind: &str, at: &str) -> Value {
    let mut request = request(id, kind);
    request["submitted_time"] = at.into();
    request
}

/// What a broker hands out again comes after what was published later, and so does what another
/// daemon was slow to take.
#[test]
fn an_export_goes_before_an_erasure_that_was_not_known_when_it_was_asked_for() {
    for (export, erasure) in [
        ("2026-11-23T09:00:00Z", "2026-11-23T09:00:01Z"),
        ("2026-11-23T09:00:00Z", "2026-11-23T09:00:00Z"),
        ("2026-11-23T11:59:59Z", "2026-11-20T09:00:00Z"),
        ("2026-11-23T11:59:59Z", "2026-11-23T23:00:00Z"),
        // A time in the future is the time at which it is taken: here both are taken together.
        ("2026-11-23T23:00:00Z", "2026-11-23T09:00:00Z"),
        ("2026-11-23T23:00:00Z", "2026-11-23T23:30:00Z"),
    ] {
        let scenario = Scenario::small()
            .sent(submitted("r-1", "erasure", erasure))
            .sent(submitted("r-2", "access", export));
        let ended = check(scenario);
        assert!(ended.contains(BOTH), "{export} against {erasure}:\n{ended}");
        assert!(ended.contains("r-1 (erasure) is completed"), "{ended}");
        assert!(ended.contains("azureml holds ComputeRecord/dcid.r2\n"), "{ended}");
    }
}

#[test]
fn what_came_first_goes_first_where_it_was_submitted_last() {
    let scenario = Scenario::small()
        .sent(submitted("r-1", "access", "2026-11-23T09:00:00Z"))
        .sent(submitted("r-2", "erasure", "2026-11-20T09:00:00Z"));
    let ended = check(scenario);
    assert!(ended.contains(BOTH), "{ended}");
}

/// Exports and erasures of every order of arrival and submission: all come to an end, and no export
/// that was asked for before the erasure lacks anything.
#[test]
fn nobody_waits_in_a_circle() {
    let times = ["2026-11-20T09:00:00Z", "2026-11-22T09:00:00Z", "2026-11-23T20:00:00Z"];
    for order in 0..27 {
        let kinds = ["erasure", "access", "erasure"];
        let mut scenario = Scenario::small();
        for (place, kind) in kinds.into_iter().enumerate() {
            let time = times[order / 3_usize.pow(u32::try_from(place).unwrap()) % 3];
            scenario = scenario.sent(submitted(&format!("r-{place}"), kind, time));
        }
        let ended = check(scenario);
        assert_eq!(ended.matches("is completed").count(), 3, "{order}:\n{ended}");
    }
}

/// An erasure under the guard, and an export of the same person that comes once it is held.
fn held_and_asked(decide_at: &'static str, times: usize) -> Scenario {
    let mut scenario = Scenario::small().sent(request("r-1", "erasure"));
    scenario.guard = Guard { items_max: 1, share_max: 1.0, share_items_min: 0 };
    let inbox = Arc::clone(&scenario.inbox);
    scenario.wire.on("held", move || {
        inbox.push(request("r-2", "access").to_string(), correspondence());
    });
    let (inbox, met) = (Arc::clone(&scenario.inbox), AtomicUsize::new(0));
    scenario.wire.on(decide_at, move || {
        if met.fetch_add(1, SeqCst) + 1 == times {
            inbox.push(control("approve", "r-1").to_string(), correspondence());
        }
    });
    scenario
}

#[test]
fn an_export_does_not_wait_for_an_erasure_that_is_held() {
    let ended = check(held_and_asked("verified", 1));
    assert!(ended.contains(BOTH), "{ended}");
    assert!(ended.contains("{\"erased\":2}"), "{ended}");
}

/// It is `acting` from its approval on.
#[test]
fn an_approved_erasure_waits_for_the_export_that_is_under_way() {
    for (word, times) in [("find_started", 2), ("planned", 2), ("act_started", 1), ("acted", 1)] {
        let ended = check(held_and_asked(word, times));
        assert!(ended.contains(BOTH), "approved at {word}:\n{ended}");
        assert!(ended.contains("{\"erased\":2}"), "{ended}");
    }
}

/// Its archive cannot be written while the erasure is held, and somebody tries it again after the
/// erasure was approved.
#[test]
fn an_approved_erasure_waits_for_an_export_that_failed() {
    let mut scenario = Scenario::small().sent(request("r-1", "erasure"));
    scenario.guard = Guard { items_max: 1, share_max: 1.0, share_items_min: 0 };
    scenario.wire.fail("create", || Failure::permanent("writing an archive"));
    let inbox = Arc::clone(&scenario.inbox);
    scenario.wire.on("held", move || {
        inbox.push(request("r-2", "access").to_string(), correspondence());
    });
    let inbox = Arc::clone(&scenario.inbox);
    scenario.wire.on("failed", move || {
        inbox.push(control("approve", "r-1").to_string(), correspondence());
    });
    let (inbox, wire) = (Arc::clone(&scenario.inbox), Arc::downgrade(&scenario.wire));
    scenario.wire.on("approved", move || {
        if let Some(wire) = wire.upgrade() {
            wire.heal();
        }
        inbox.push(control("retry", "r-2").to_string(), correspondence());
    });
    let ended = check(scenario);
    assert!(ended.contains(BOTH), "{ended}");
    assert!(ended.contains("{\"erased\":2}"), "{ended}");
}
