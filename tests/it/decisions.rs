//! What waits for a person, and what a person may decide.

use std::sync::Arc;

use dsrd::domain::policy::guard::Guard;

use crate::support::simulation::scenario::{Scenario, control, correspondence, request};
use crate::support::simulation::story::check;

/// An erasure of two items of three, where a person must see what takes more than one.
fn guarded(kind: &str) -> Scenario {
    let mut scenario = Scenario::small().sent(request("r-1", kind));
    scenario.guard = Guard { items_max: 1, share_max: 1.0, share_items_min: 0 };
    scenario
}

/// The same, and once it is held somebody decides.
fn decided(verb: &'static str) -> Scenario {
    let scenario = guarded("erasure");
    let inbox = Arc::clone(&scenario.inbox);
    let decision = control(verb, "r-1").to_string();
    scenario.wire.on("held", move || inbox.push(decision.clone(), correspondence()));
    scenario
}

#[test]
fn a_plan_over_the_guard_is_held_and_nothing_is_touched() {
    insta::assert_snapshot!(check(guarded("erasure")), @r#"
    r-1 (erasure) is held
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 held -> held, announced held 7e0610b5
          held_reason "azureml: 2 items would be removed, over 1"
      item 0: open, still sealed in the ledger
      item 1: open, still sealed in the ledger
    azureml holds ComputeRecord/dcid.r2, ExperimentRun/dcid.r1/run.json, LocalUpload/zyxcanary.q7/notes.txt
    "#);
}

#[test]
fn a_share_over_the_guard_is_held() {
    let mut scenario = guarded("erasure");
    scenario.guard = Guard { items_max: 1_000, share_max: 0.5, share_items_min: 2 };
    let held = check(scenario);
    assert!(held.contains("azureml: 2 of 3 items would be removed, over 50%"), "{held}");
}

#[test]
fn a_held_request_goes_on_when_it_is_approved() {
    insta::assert_snapshot!(check(decided("approve")), @r#"
    r-1 (erasure) is completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 held -> held, announced held 7e0610b5
          held_reason "azureml: 2 items would be removed, over 1"
      5 approved -> acting, announced progressed fe203068
      6 acted -> verifying, announced progressed 96b68ac5
      7 verified -> completed, announced completed 35c7ff7d
          counts {"seen":3,"found":2,"outcomes":{"erased":2}}
      item 0: erased
      item 1: erased
    azureml holds ComputeRecord/dcid.r2
    "#);
}

#[test]
fn a_held_request_ends_when_it_is_rejected() {
    insta::assert_snapshot!(check(decided("reject")), @r#"
    r-1 (erasure) is cancelled
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 held -> held, announced held 7e0610b5
          held_reason "azureml: 2 items would be removed, over 1"
      5 refused -> cancelled, announced cancelled fe203068
    azureml holds ComputeRecord/dcid.r2, ExperimentRun/dcid.r1/run.json, LocalUpload/zyxcanary.q7/notes.txt
    "#);
}

#[test]
fn an_export_is_never_held() {
    let ended = check(guarded("access"));
    assert!(ended.starts_with("r-1 (access) is completed"), "{ended}");
}

#[test]
fn another_request_for_the_same_person_waits_for_the_held_one() {
    let scenario = decided("approve").sent(request("r-2", "erasure"));
    let ended = check(scenario);
    assert!(ended.contains("r-2 (erasure) is completed"), "{ended}");
    assert!(ended.contains("\"seen\":1,\"found\":0"), "it found nothing left: {ended}");
}
