//! Work that services finish by themselves: the request waits for it, keeps nobody meanwhile, and
//! is completed only when a second look says so.

use std::sync::Arc;

use dsrd::adapters::memory::sources::shelves::Fault;
use dsrd::adapters::memory::sources::slow::{Slow, SlowEnd};
use dsrd::domain::state::State;
use dsrd::ports::system::Clock;
use serde_json::{Value, json};

use crate::support::simulation::scenario::{
    SOURCE, Scenario, control, correspondence, notes, request, simulate,
};
use crate::support::simulation::story::{check, ending, story};

const NOTES: &str = "LocalUpload/zyxcanary.q7/notes.txt";
const HOUR_MS: u64 = 3_600_000;

fn erasure() -> Scenario {
    Scenario::small().sent(request("r-1", "erasure"))
}

fn slow(scenario: &Scenario, name: &str, looks: u32, look_in_ms: u64, end: SlowEnd) {
    let slow = Slow { looks, look_in_ms, end };
    scenario.source(SOURCE).set_fault(name, Some(Fault::Takes(slow)));
}

/// In each way in which a service can end what it began.
fn ends_as(end: SlowEnd) -> String {
    let scenario = erasure();
    slow(&scenario, NOTES, 2, 1_000, end);
    check(scenario)
}

#[test]
fn what_a_service_has_done_is_erased() {
    insta::assert_snapshot!(ends_as(SlowEnd::Done), @r#"
    r-1 (erasure) is completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 wait_started -> waiting, announced progressed fe203068
      6 acted -> verifying, announced progressed 96b68ac5
      7 verified -> completed, announced completed 35c7ff7d
          counts {"seen":3,"found":2,"outcomes":{"erased":2}}
      item 0: erased
      item 1: erased
    azureml holds ComputeRecord/dcid.r2
    "#);
}

#[test]
fn what_a_service_did_and_forgot_is_erased() {
    assert_eq!(ends_as(SlowEnd::DoneAndForgotten), ends_as(SlowEnd::Done));
}

#[test]
fn what_a_service_forgot_is_begun_anew() {
    insta::assert_snapshot!(ends_as(SlowEnd::Forgotten), @r#"
    r-1 (erasure) is completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 wait_started -> waiting, announced progressed fe203068
      6 left_over -> acting, announced progressed 96b68ac5
      7 acted -> verifying, announced progressed 35c7ff7d
      8 verified -> completed, announced completed 6f54405f
          counts {"seen":3,"found":2,"outcomes":{"erased":2}}
      item 0: erased
      item 1: erased
    azureml holds ComputeRecord/dcid.r2
    "#);
}

#[test]
fn what_a_service_only_says_that_it_did_is_found_again() {
    insta::assert_snapshot!(ends_as(SlowEnd::Claimed), @r#"
    r-1 (erasure) is completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 wait_started -> waiting, announced progressed fe203068
      6 acted -> verifying, announced progressed 96b68ac5
      7 left_over -> acting, announced progressed 35c7ff7d
      8 acted -> verifying, announced progressed 6f54405f
      9 verified -> completed, announced completed 6c5187ee
          counts {"seen":3,"found":3,"outcomes":{"erased":3}}
      item 0: erased
      item 1: erased
      item 2: erased
    azureml holds ComputeRecord/dcid.r2
    "#);
}

#[test]
fn what_a_service_gives_up_is_left_and_told() {
    insta::assert_snapshot!(ends_as(SlowEnd::Failed), @r#"
    r-1 (erasure) is partially_completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 wait_started -> waiting, announced progressed fe203068
      6 acted -> verifying, announced progressed 96b68ac5
      7 verified -> partially_completed, announced partially_completed 35c7ff7d
          counts {"seen":3,"found":2,"outcomes":{"erased":1,"failed":1}}
          1 failed in azureml: service: gave_up
      item 0: erased
      item 1: failed service: gave_up
    azureml holds ComputeRecord/dcid.r2, LocalUpload/zyxcanary.q7/notes.txt
    "#);
}

/// A purge of telemetry may take 30 days.
#[test]
fn a_month_is_waited() {
    let mut scenario = erasure();
    scenario.tick_ms = HOUR_MS;
    slow(&scenario, NOTES, 30 * 24, HOUR_MS, SlowEnd::Done);
    let (before, ended) = simulate(async || {
        let before = scenario.clock.now();
        scenario.live().await;
        scenario.assert_silent().await;
        (before, ending(&scenario).await)
    });
    assert!(ended.contains("r-1 (erasure) is completed"), "{ended}");
    assert!(scenario.clock.now().duration_since(before).as_hours() >= 30 * 24);
}

#[test]
fn what_never_ends_is_given_up_and_told() {
    let mut scenario = erasure();
    scenario.tick_ms = HOUR_MS;
    slow(&scenario, NOTES, u32::MAX, HOUR_MS, SlowEnd::Done);
    let ended = check(scenario);
    assert!(ended.contains("r-1 (erasure) is partially_completed"), "{ended}");
    assert!(ended.contains("service: it has not finished the work in 45 days"), "{ended}");
}

/// Others are served meanwhile, and of the one that waits nothing is held.
#[test]
fn who_waits_keeps_nobody() {
    let mut other = request("r-2", "access");
    other["subject_identities"] =
        json!([{ "identity_type": "email", "identity_value": "zyxcanary.too@leaky.example" }]);
    let mut scenario = erasure().sent(other);
    scenario.tick_ms = HOUR_MS;
    scenario.source(SOURCE).put("too.txt", "zyxcanary.too@leaky.example");
    slow(&scenario, NOTES, 300, HOUR_MS, SlowEnd::Done);
    let ended_at = |scenario: &Scenario, id: &str| {
        let mut told = scenario.announcer.published().into_iter();
        let end = told.find(|event| event.request.as_str() == id && event.name == "completed");
        let event: Value = serde_json::from_str(&end.unwrap().body).unwrap();
        event["time"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap()
    };
    simulate(async || scenario.live().await);
    let between = ended_at(&scenario, "r-1").duration_since(ended_at(&scenario, "r-2"));
    assert!(between.as_hours() > 200, "{between}");
}

/// An operator can end the wait; a retry goes on with what the service has done by then.
#[test]
fn a_wait_can_be_stopped_and_tried_again() {
    let scenario = erasure();
    slow(&scenario, NOTES, 1, 1_000, SlowEnd::Done);
    for (word, verb) in [("wait_started", "cancel"), ("stopped", "retry")] {
        let (inbox, once) = (Arc::clone(&scenario.inbox), std::sync::Once::new());
        let decision = control(verb, "r-1").to_string();
        scenario.wire.on(word, move || {
            once.call_once(|| inbox.push(decision.clone(), correspondence()));
        });
    }
    insta::assert_snapshot!(check(scenario), @r#"
    r-1 (erasure) is completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 wait_started -> waiting, announced progressed fe203068
      6 stopped -> failed, announced failed 96b68ac5
          counts {"seen":3,"found":2,"outcomes":{"erased":1,"pending":1}}
          failed_reason "stopped by op: asked for"
      7 retried -> accepted, announced progressed 35c7ff7d
      8 find_started -> finding, announced progressed 6f54405f
      9 planned -> planned, announced progressed 6c5187ee
      10 act_started -> acting, announced progressed f849f613
      11 wait_started -> waiting, announced progressed 0139ee94
      12 acted -> verifying, announced progressed e5935e94
      13 verified -> completed, announced completed 33a7881b
          counts {"seen":2,"found":2,"outcomes":{"erased":2}}
      item 0: erased
      item 1: erased
    azureml holds ComputeRecord/dcid.r2
    "#);
}

/// The handle may let in whoever has it.
#[test]
fn tickets_are_sealed_and_go_with_the_rest() {
    simulate(async || {
        let scenario = erasure();
        slow(&scenario, NOTES, u32::MAX, 1_000, SlowEnd::Done);
        let (inbox, once) = (Arc::clone(&scenario.inbox), std::sync::Once::new());
        let cancel = control("cancel", "r-1").to_string();
        scenario.wire.on("wait_started", move || {
            once.call_once(|| inbox.push(cancel.clone(), correspondence()));
        });
        scenario.live().await;
        let ledger = scenario.ledger().await;
        let id = dsrd::domain::request::RequestId::new("r-1").unwrap();
        assert_eq!(ledger.open_tickets(&id).await.unwrap().count, 1, "it can be tried again");
        drop(ledger);
        for file in ["ledger.db", "ledger.db-wal"] {
            let bytes = std::fs::read(scenario.path().join(file)).unwrap_or_default();
            assert!(memchr::memmem::find(&bytes, b"service.example").is_none(), "{file}");
        }
        let mut given_up = control("cancel", "r-1");
        given_up["reason"] = "given up".into();
        scenario.inbox.push(given_up.to_string(), correspondence());
        scenario.live().await;
        let ledger = scenario.ledger().await;
        let standing = ledger.standing(&id).await.unwrap().unwrap();
        assert_eq!(standing.state, State::Cancelled);
        assert_eq!(ledger.open_tickets(&id).await.unwrap().count, 0);
    });
}

/// Several at once, each with its own pace.
#[test]
fn each_ticket_is_looked_after_in_its_own_time() {
    let scenario = erasure();
    let source = scenario.source(SOURCE);
    for (number, look_in_ms) in [(0, 500), (1, 30_000), (2, 1_500)] {
        let name = format!("n{number}.txt");
        source.put(&name, notes("of her"));
        slow(&scenario, &name, 2, look_in_ms, SlowEnd::Done);
    }
    let story = simulate(async || {
        scenario.live().await;
        story(&scenario).await
    });
    assert!(story.contains("r-1 (erasure) is completed"), "{story}");
    assert!(story.contains("wait_started -> waiting"), "{story}");
}
