//! Whole lives through the door: a small world and some messages in, one text out.

use std::io::Write;
use std::sync::{Arc, Once};

use dsrd::adapters::memory::sources::shelves::Fault;
use dsrd::domain::failure::Failure;
use dsrd::domain::outcome::Block;
use serde_json::{Value, json};

use crate::support::simulation::leaks::{CONTENT, EMAIL, OBJECT_ID};
use crate::support::simulation::scenario::{
    SOURCE, Scenario, control, correspondence, notes, request, request_with, run_document, simulate,
};
use crate::support::simulation::story::{check, story};
use crate::support::simulation::tripwire::Point;

const RUN: &str = "ExperimentRun/dcid.r1/run.json";
const NOTES: &str = "LocalUpload/zyxcanary.q7/notes.txt";

/// The same, and how often things were done on the way.
fn check_closely(scenario: Scenario) -> String {
    simulate(async || {
        scenario.live().await;
        scenario.assert_silent().await;
        story(&scenario).await
    })
}

#[test]
fn access() {
    let scenario = Scenario::small().sent(request("r-1", "access"));
    insta::assert_snapshot!(check(scenario), @r#"
    r-1 (access) is completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 acted -> verifying, announced progressed fe203068
          results_count 2
      6 verified -> completed, announced completed 96b68ac5
          counts {"seen":3,"found":2,"outcomes":{"exported":2}}
          results_count 2
      item 0: exported
      item 1: exported
    azureml holds ComputeRecord/dcid.r2, ExperimentRun/dcid.r1/run.json, LocalUpload/zyxcanary.q7/notes.txt
    r-1.zip holds data/azureml/ExperimentRun/dcid.r1/run.json, data/azureml/LocalUpload/zyxcanary.q7/notes.txt, manifest.json
    "#);
}

#[test]
fn portability() {
    let scenario = Scenario::small().sent(request("r-1", "portability"));
    insta::assert_snapshot!(check(scenario), @r#"
    r-1 (portability) is completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 acted -> verifying, announced progressed fe203068
          results_count 1
      6 verified -> completed, announced completed 96b68ac5
          counts {"seen":3,"found":2,"outcomes":{"exported":1,"kept":1}}
          results_count 1
          1 kept in azureml: portability: not known to be provided or observed
      item 0: exported
      item 1: kept portability: not known to be provided or observed
    azureml holds ComputeRecord/dcid.r2, ExperimentRun/dcid.r1/run.json, LocalUpload/zyxcanary.q7/notes.txt
    r-1.zip holds data/azureml/ExperimentRun/dcid.r1/run.json, manifest.json
    r-1.zip lacks "LocalUpload/zyxcanary.q7/notes.txt": "portability: not known to be provided or observed"
    "#);
}

#[test]
fn erasure() {
    let scenario = Scenario::small().sent(request("r-1", "erasure"));
    insta::assert_snapshot!(check_closely(scenario), @r#"
    r-1 (erasure) is completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 acted -> verifying, announced progressed fe203068
      6 verified -> completed, announced completed 96b68ac5
          counts {"seen":3,"found":2,"outcomes":{"erased":2}}
      item 0: erased
      item 1: erased
    azureml holds ComputeRecord/dcid.r2
    sweeps: 1 to find, 1 to verify
    "#);
}

#[test]
fn nothing_is_held_about_the_person() {
    let scenario = Scenario::new().sent(request("r-1", "erasure")).sent(request("r-2", "access"));
    scenario.source(SOURCE).put("notes.txt", "somebody else");
    insta::assert_snapshot!(check(scenario), @r#"
    r-1 (erasure) is completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 acted -> verifying, announced progressed fe203068
      6 verified -> completed, announced completed 96b68ac5
          counts {"seen":1,"found":0,"outcomes":{}}
    r-2 (access) is completed
      1 accepted -> accepted, announced accepted 08354b61
      2 find_started -> finding, announced progressed 47ad7007
      3 planned -> planned, announced progressed 89a44991
      4 act_started -> acting, announced progressed 48c43652
      5 acted -> verifying, announced progressed 492572eb
          results_count 0
      6 verified -> completed, announced completed 56f5735d
          counts {"seen":1,"found":0,"outcomes":{}}
          results_count 0
    azureml holds notes.txt
    r-2.zip holds manifest.json
    "#);
}

#[test]
fn snapshots_go_too() {
    let scenario = Scenario::small().sent(request("r-1", "erasure"));
    let source = scenario.source(SOURCE);
    source.snapshot(RUN);
    source.put(RUN, "{}");
    insta::assert_snapshot!(check(scenario), @r#"
    r-1 (erasure) is completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 acted -> verifying, announced progressed fe203068
      6 verified -> completed, announced completed 96b68ac5
          counts {"seen":4,"found":2,"outcomes":{"erased":2}}
      item 0: erased
      item 1: erased
    azureml holds ComputeRecord/dcid.r2, ExperimentRun/dcid.r1/run.json
    "#);
}

#[test]
fn rewritten_between_find_and_act() {
    let scenario = Scenario::small().sent(request("r-1", "erasure"));
    let source = scenario.source(SOURCE);
    scenario.wire.on("planned", move || source.put(NOTES, notes("second")));
    insta::assert_snapshot!(check_closely(scenario), @r#"
    r-1 (erasure) is completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 acted -> verifying, announced progressed fe203068
      6 left_over -> acting, announced progressed 96b68ac5
      7 acted -> verifying, announced progressed 35c7ff7d
      8 verified -> completed, announced completed 6f54405f
          counts {"seen":3,"found":2,"outcomes":{"erased":2}}
      item 0: erased
      item 1: erased
    azureml holds ComputeRecord/dcid.r2
    sweeps: 1 to find, 2 to verify
    "#);
}

#[test]
fn rewritten_without_the_person_between_find_and_act() {
    let scenario = Scenario::small().sent(request("r-1", "erasure"));
    let source = scenario.source(SOURCE);
    scenario.wire.on("planned", move || source.put(NOTES, "nothing about anybody"));
    insta::assert_snapshot!(check(scenario), @r#"
    r-1 (erasure) is completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 acted -> verifying, announced progressed fe203068
      6 verified -> completed, announced completed 96b68ac5
          counts {"seen":3,"found":2,"outcomes":{"already_absent":1,"erased":1}}
      item 0: erased
      item 1: already_absent
    azureml holds ComputeRecord/dcid.r2, LocalUpload/zyxcanary.q7/notes.txt
    "#);
}

/// What others write and remove meanwhile is told apart from what the erasure left as it was.
#[test]
fn others_go_on_working() {
    let scenario = Scenario::small().with_source("blobs").sent(request("r-1", "erasure"));
    for name in ["a", "b", "c", "d"] {
        scenario.source("blobs").put(name, "nothing about anybody");
    }
    let source = scenario.source("blobs");
    scenario.wire.on("planned", move || {
        source.put("b", "still nothing");
        source.remove("c");
        source.put("e", "new");
    });
    insta::assert_snapshot!(check(scenario), @r#"
    r-1 (erasure) is completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 acted -> verifying, announced progressed fe203068
      6 verified -> completed, announced completed 96b68ac5
          counts {"seen":7,"found":2,"outcomes":{"erased":2}}
          untouched {"items":5,"unchanged":3,"changed":1,"gone":1}
      item 0: erased
      item 1: erased
    azureml holds ComputeRecord/dcid.r2
    blobs holds a, b, d, e
    "#);
}

#[test]
fn keeps_being_rewritten() {
    let scenario = Scenario::small().sent(request("r-1", "erasure"));
    for word in ["planned", "left_over"] {
        let source = scenario.source(SOURCE);
        scenario.wire.on(word, move || source.put(NOTES, notes("again")));
    }
    insta::assert_snapshot!(check(scenario), @r#"
    r-1 (erasure) is partially_completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 acted -> verifying, announced progressed fe203068
      6 left_over -> acting, announced progressed 96b68ac5
      7 acted -> verifying, announced progressed 35c7ff7d
      8 left_over -> acting, announced progressed 6f54405f
      9 acted -> verifying, announced progressed 6c5187ee
      10 verified -> partially_completed, announced partially_completed f849f613
          counts {"seen":3,"found":2,"outcomes":{"changed":1,"erased":1}}
          1 changed in azureml: rewritten
      item 0: erased
      item 1: changed
    azureml holds ComputeRecord/dcid.r2, LocalUpload/zyxcanary.q7/notes.txt
    "#);
}

#[test]
fn keeps_being_written_anew_after_it_was_erased() {
    let scenario = Scenario::small().sent(request("r-1", "erasure"));
    let source = scenario.source(SOURCE);
    scenario.wire.on("acted", move || source.put(NOTES, notes("anew")));
    insta::assert_snapshot!(check(scenario), @r#"
    r-1 (erasure) is partially_completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 acted -> verifying, announced progressed fe203068
      6 left_over -> acting, announced progressed 96b68ac5
      7 acted -> verifying, announced progressed 35c7ff7d
      8 left_over -> acting, announced progressed 6f54405f
      9 acted -> verifying, announced progressed 6c5187ee
      10 verified -> partially_completed, announced partially_completed f849f613
          counts {"seen":3,"found":5,"outcomes":{"changed":1,"erased":4}}
          1 changed in azureml: rewritten
      item 0: erased
      item 1: erased
      item 2: erased
      item 3: erased
      item 4: changed
    azureml holds ComputeRecord/dcid.r2, LocalUpload/zyxcanary.q7/notes.txt
    "#);
}

#[test]
fn removed_by_somebody_else_before_the_act() {
    let scenario = Scenario::small().sent(request("r-1", "erasure"));
    let source = scenario.source(SOURCE);
    scenario.wire.on("planned", move || source.remove(NOTES));
    insta::assert_snapshot!(check(scenario), @r#"
    r-1 (erasure) is completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 acted -> verifying, announced progressed fe203068
      6 verified -> completed, announced completed 96b68ac5
          counts {"seen":3,"found":2,"outcomes":{"already_absent":1,"erased":1}}
      item 0: erased
      item 1: already_absent
    azureml holds ComputeRecord/dcid.r2
    "#);
}

#[test]
fn unreadable_items_of_an_erasure() {
    let scenario = unreadable().sent(request("r-1", "erasure"));
    insta::assert_snapshot!(check(scenario), @r#"
    r-1 (erasure) is partially_completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 acted -> verifying, announced progressed fe203068
      6 verified -> partially_completed, announced partially_completed 96b68ac5
          counts {"seen":7,"found":2,"outcomes":{"erased":2,"unreadable":4}}
          1 unreadable in azureml: archived
          1 unreadable in azureml: could not be read: reading from memory: told to break off
          2 unreadable in azureml: gzip: broken
      item 0: erased
      item 1: erased
      item 2: unreadable archived
      item 3: unreadable gzip: broken
      item 4: unreadable could not be read: reading from memory: told to break off
      item 5: unreadable gzip: broken
    azureml holds ComputeRecord/dcid.r2, archived.log, broken.gz, broken.log, members.zip
    "#);
}

#[test]
fn unreadable_items_of_an_access() {
    let scenario = unreadable().sent(request("r-1", "access"));
    insta::assert_snapshot!(check(scenario), @r#"
    r-1 (access) is partially_completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 acted -> verifying, announced progressed fe203068
          results_count 2
      6 verified -> partially_completed, announced partially_completed 96b68ac5
          counts {"seen":7,"found":2,"outcomes":{"exported":2,"unreadable":4}}
          results_count 2
          1 unreadable in azureml: archived
          1 unreadable in azureml: could not be read: reading from memory: told to break off
          2 unreadable in azureml: gzip: broken
      item 0: exported
      item 1: exported
      item 2: unreadable archived
      item 3: unreadable gzip: broken
      item 4: unreadable could not be read: reading from memory: told to break off
      item 5: unreadable gzip: broken
    azureml holds ComputeRecord/dcid.r2, ExperimentRun/dcid.r1/run.json, LocalUpload/zyxcanary.q7/notes.txt, archived.log, broken.gz, broken.log, members.zip
    r-1.zip holds data/azureml/ExperimentRun/dcid.r1/run.json, data/azureml/LocalUpload/zyxcanary.q7/notes.txt, manifest.json
    r-1.zip counts 1 of azureml: archived
    r-1.zip counts 1 of azureml: could not be read: reading from memory: told to break off
    r-1.zip counts 2 of azureml: gzip: broken
    "#);
}

fn unreadable() -> Scenario {
    let scenario = Scenario::small();
    let source = scenario.source(SOURCE);
    source.put("archived.log", notes("cold"));
    source.set_fault("archived.log", Some(Fault::Refuses("archived".into())));
    source.put("broken.log", notes("broken"));
    source.set_fault("broken.log", Some(Fault::BreaksAfter(3)));
    let broken = [&b"\x1f\x8b\x08\x00"[..], &[7; 40]].concat();
    source.put("members.zip", zip_of("Users/zyxcanary.q7@leaky.example.org", &broken));
    source.put("broken.gz", broken);
    scenario
}

#[test]
fn blocked_by_a_lease() {
    let scenario = Scenario::small().sent(request("r-1", "erasure"));
    scenario.source(SOURCE).set_fault(NOTES, Some(Fault::Blocks(Block::Lease)));
    insta::assert_snapshot!(check(scenario), @r#"
    r-1 (erasure) is partially_completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 acted -> verifying, announced progressed fe203068
      6 verified -> partially_completed, announced partially_completed 96b68ac5
          counts {"seen":3,"found":2,"outcomes":{"blocked":1,"erased":1}}
          1 blocked in azureml: lease
      item 0: erased
      item 1: blocked lease
    azureml holds ComputeRecord/dcid.r2, LocalUpload/zyxcanary.q7/notes.txt
    "#);
}

#[test]
fn kept_by_policy() {
    let scenario = Scenario::small().with_source("billing").keeping("billing", "tax law");
    scenario.source("billing").put("invoice.txt", notes("invoice"));
    insta::assert_snapshot!(check(scenario.sent(request("r-1", "erasure"))), @r#"
    r-1 (erasure) is completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 acted -> verifying, announced progressed fe203068
      6 verified -> completed, announced completed 96b68ac5
          counts {"seen":4,"found":3,"outcomes":{"erased":2,"kept":1}}
          1 kept in billing: tax law
      item 0: erased
      item 1: erased
      item 2: kept tax law
    azureml holds ComputeRecord/dcid.r2
    billing holds invoice.txt
    "#);
}

#[test]
fn a_dry_run_touches_nothing() {
    let dry = json!({ "dry_run": true });
    let scenario = Scenario::small()
        .sent(request_with("r-1", "erasure", dry.clone()))
        .sent(request_with("r-2", "access", dry));
    insta::assert_snapshot!(check(scenario), @r#"
    r-1 (erasure) is completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 verified -> completed, announced completed 7e0610b5
          counts {"seen":3,"found":2,"outcomes":{"planned":2}}
      item 0: planned
      item 1: planned
    r-2 (access) is completed
      1 accepted -> accepted, announced accepted 08354b61
      2 find_started -> finding, announced progressed 47ad7007
      3 planned -> planned, announced progressed 89a44991
      4 verified -> completed, announced completed 48c43652
          counts {"seen":3,"found":2,"outcomes":{"planned":2}}
      item 0: planned
      item 1: planned
    azureml holds ComputeRecord/dcid.r2, ExperimentRun/dcid.r1/run.json, LocalUpload/zyxcanary.q7/notes.txt
    "#);
}

#[test]
fn only_some_sources() {
    let scenario = Scenario::small().with_source("billing");
    scenario.source("billing").put("invoice.txt", notes("invoice"));
    let options = json!({ "sources": ["billing"] });
    insta::assert_snapshot!(check(scenario.sent(request_with("r-1", "erasure", options))), @r#"
    r-1 (erasure) is completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 acted -> verifying, announced progressed fe203068
      6 verified -> completed, announced completed 96b68ac5
          counts {"seen":1,"found":1,"outcomes":{"erased":1}}
      item 0: erased
    azureml holds ComputeRecord/dcid.r2, ExperimentRun/dcid.r1/run.json, LocalUpload/zyxcanary.q7/notes.txt
    billing holds nothing
    "#);
}

#[test]
fn both_identity_forms() {
    let mut dictionary = request("r-2", "access");
    dictionary["api_version"] = "3.0".into();
    dictionary["subject_identities"] = json!({
        "email": { "value": EMAIL, "encoding": "raw" },
        "controller_customer_id": { "value": "CNRY-770-ZYX", "encoding": "raw" },
    });
    let scenario = Scenario::small().sent(request("r-1", "access")).sent(dictionary);
    insta::assert_snapshot!(check(scenario), @r#"
    r-1 (access) is completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 acted -> verifying, announced progressed fe203068
          results_count 2
      6 verified -> completed, announced completed 96b68ac5
          counts {"seen":3,"found":2,"outcomes":{"exported":2}}
          results_count 2
      item 0: exported
      item 1: exported
    r-2 (access) is completed
      1 accepted -> accepted, announced accepted 08354b61
      2 find_started -> finding, announced progressed 47ad7007
      3 planned -> planned, announced progressed 89a44991
      4 act_started -> acting, announced progressed 48c43652
      5 acted -> verifying, announced progressed 492572eb
          results_count 2
      6 verified -> completed, announced completed 56f5735d
          counts {"seen":3,"found":2,"outcomes":{"exported":2}}
          results_count 2
      item 0: exported
      item 1: exported
    azureml holds ComputeRecord/dcid.r2, ExperimentRun/dcid.r1/run.json, LocalUpload/zyxcanary.q7/notes.txt
    r-1.zip holds data/azureml/ExperimentRun/dcid.r1/run.json, data/azureml/LocalUpload/zyxcanary.q7/notes.txt, manifest.json
    r-2.zip holds data/azureml/ExperimentRun/dcid.r1/run.json, data/azureml/LocalUpload/zyxcanary.q7/notes.txt, manifest.json
    "#);
}

#[test]
fn the_same_request_twice() {
    let scenario =
        Scenario::small().sent(request("r-1", "erasure")).sent(request("r-1", "erasure"));
    insta::assert_snapshot!(check(scenario), @r#"
    r-1 (erasure) is completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 acted -> verifying, announced progressed fe203068
      6 verified -> completed, announced completed 96b68ac5
          counts {"seen":3,"found":2,"outcomes":{"erased":2}}
      item 0: erased
      item 1: erased
    azureml holds ComputeRecord/dcid.r2
    "#);
}

#[test]
fn the_same_request_after_it_came_to_rest() {
    let scenario = Scenario::small().sent(request("r-1", "erasure"));
    simulate(async || scenario.live().await);
    let scenario = scenario.sent(request("r-1", "erasure"));
    insta::assert_snapshot!(check_closely(scenario), @r#"
    r-1 (erasure) is completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 acted -> verifying, announced progressed fe203068
      6 verified -> completed, announced completed 96b68ac5
          counts {"seen":3,"found":2,"outcomes":{"erased":2}}
      item 0: erased
      item 1: erased
    azureml holds ComputeRecord/dcid.r2
    r-1 6 was published 2 times
    sweeps: 1 to find, 1 to verify
    "#);
}

#[test]
fn the_same_id_with_another_body() {
    let scenario = Scenario::small().sent(request("r-1", "access")).sent(request("r-1", "erasure"));
    insta::assert_snapshot!(check(scenario), @r#"
    r-1 (access) is completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 acted -> verifying, announced progressed fe203068
          results_count 2
      6 verified -> completed, announced completed 96b68ac5
          counts {"seen":3,"found":2,"outcomes":{"exported":2}}
          results_count 2
      item 0: exported
      item 1: exported
    rejected-dfa20e2a (message) is rejected
      1 rejected -> rejected, announced rejected 35553f4b
          /subject_request_id conflict
    azureml holds ComputeRecord/dcid.r2, ExperimentRun/dcid.r1/run.json, LocalUpload/zyxcanary.q7/notes.txt
    r-1.zip holds data/azureml/ExperimentRun/dcid.r1/run.json, data/azureml/LocalUpload/zyxcanary.q7/notes.txt, manifest.json
    dead letter of 557 bytes: conflict /subject_request_id
    "#);
}

#[test]
fn bad_input_with_many_faults() {
    let mut bad = request("r-1", "forget");
    bad["regulation"] = json!(12);
    bad["submitted_time"] = "yesterday".into();
    bad["zyxcanary.q7@leaky.example"] = "stray".into();
    bad["subject_identities"] = json!([
        { "identity_type": "email", "identity_value": "no address", "identity_format": "raw" },
        { "identity_type": "shoe_size", "identity_value": EMAIL, "identity_format": "raw" },
        { "identity_type": "name", "identity_value": "ab", "identity_format": "sha256" },
        { "identity_type": "object_id", "identity_value": OBJECT_ID, "colour": EMAIL },
    ]);
    bad["extensions"] = json!({ "dsrd": { "sources": ["nowhere"], "dry_run": CONTENT } });
    let scenario = Scenario::small().sent(bad).sent(json!([EMAIL])).sent(json!({ "control": "x" }));
    scenario.inbox.push(format!("{{ not json {EMAIL}"), correspondence());
    insta::assert_snapshot!(check(scenario), @r#"
    rejected-064ad3b5 (message) is rejected
      1 rejected -> rejected, announced rejected 5a5d2c83
          /subject_request_id missing
          /control unknown_control
          /actor missing
    rejected-2fbc304d (message) is rejected
      1 rejected -> rejected, announced rejected a073e9b4
           not_an_object
    rejected-69015c05 (message) is rejected
      1 rejected -> rejected, announced rejected f0c8430d
           not_json
    rejected-c4b889fc (message) is rejected
      1 rejected -> rejected, announced rejected 67aace24
           unknown_field
          /regulation wrong_type
          /subject_request_type unknown_type
          /submitted_time bad_time
          /subject_identities/0/identity_value bad_address
          /subject_identities/1/identity_type unknown_identity_type
          /subject_identities/2/identity_format format_not_supported
          /subject_identities/3/colour unknown_field
          /extensions/dsrd/sources/0 unknown_source
          /extensions/dsrd/dry_run wrong_type
    azureml holds ComputeRecord/dcid.r2, ExperimentRun/dcid.r1/run.json, LocalUpload/zyxcanary.q7/notes.txt
    dead letter of 647 bytes: unknown_field; wrong_type /regulation; unknown_type /subject_request_type; bad_time /submitted_time; bad_address /subject_identities/0/identity_value; unknown_identity_type /subject_identities/1/identity_type; format_not_supported /subject_identities/2/identity_format; unknown_field /subject_identities/3/colour; unknown_source /extensions/dsrd/sources/0; wrong_type /extensions/dsrd/dry_run
    dead letter of 30 bytes: not_an_object
    dead letter of 15 bytes: missing /subject_request_id; unknown_control /control; missing /actor
    dead letter of 37 bytes: not_json
    "#);
}

#[test]
fn cancelled_before_anything_was_touched() {
    let scenario = Scenario::small().sent(request("r-1", "erasure"));
    tell_when(&scenario, "find_started", control("cancel", "r-1"));
    scenario.wire.hold(Point::List, "cancelled");
    insta::assert_snapshot!(check(scenario), @r#"
    r-1 (erasure) is cancelled
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 cancelled -> cancelled, announced cancelled e2218a47
    azureml holds ComputeRecord/dcid.r2, ExperimentRun/dcid.r1/run.json, LocalUpload/zyxcanary.q7/notes.txt
    "#);
}

/// What is in hand ends, and what was done until then stands.
#[test]
fn stopped_while_it_is_carried_out() {
    let scenario = Scenario::small().sent(request("r-1", "erasure"));
    let (inbox, told) = (Arc::clone(&scenario.inbox), Once::new());
    let cancel = control("cancel", "r-1").to_string();
    let tell = move || told.call_once(|| inbox.push(cancel.clone(), correspondence()));
    scenario.wire.on("erase", tell);
    scenario.wire.hold(Point::Erase, "stopped");
    insta::assert_snapshot!(check(scenario), @r#"
    r-1 (erasure) is failed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 stopped -> failed, announced failed fe203068
          failed_reason "stopped by op: asked for"
      item 0: erased, still sealed in the ledger
      item 1: erased, still sealed in the ledger
    azureml holds ComputeRecord/dcid.r2
    "#);
}

#[test]
fn a_decision_about_nothing() {
    let scenario = Scenario::new().sent(control("approve", "r-9")).sent(control("retry", "r-9"));
    insta::assert_snapshot!(check(scenario), @r#"
    rejected-cf474f3b (message) is rejected
      1 rejected -> rejected, announced rejected e702c0e3
          /subject_request_id unknown_request
    rejected-f1b28d8c (message) is rejected
      1 rejected -> rejected, announced rejected 8039d8c2
          /subject_request_id unknown_request
    azureml holds nothing
    dead letter of 82 bytes: unknown_request /subject_request_id
    dead letter of 80 bytes: unknown_request /subject_request_id
    "#);
}

#[test]
fn failed_and_tried_again() {
    let scenario = Scenario::small().sent(request("r-1", "access"));
    scenario.wire.fail("create", || Failure::needs_person("writing an archive: no permission"));
    tell_when(&scenario, "failed", control("retry", "r-1"));
    let wire = Arc::clone(&scenario.wire);
    scenario.wire.on("retried", move || wire.heal());
    insta::assert_snapshot!(check(scenario), @r#"
    r-1 (access) is completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 failed -> failed, announced failed fe203068
          failed_reason "needs_person; change what is named, then dsrd retry: writing an archive: no permission"
      6 retried -> accepted, announced progressed 96b68ac5
      7 find_started -> finding, announced progressed 35c7ff7d
      8 planned -> planned, announced progressed 6f54405f
      9 act_started -> acting, announced progressed 6c5187ee
      10 acted -> verifying, announced progressed f849f613
          results_count 2
      11 verified -> completed, announced completed 0139ee94
          counts {"seen":3,"found":2,"outcomes":{"exported":2}}
          results_count 2
      item 0: exported
      item 1: exported
    azureml holds ComputeRecord/dcid.r2, ExperimentRun/dcid.r1/run.json, LocalUpload/zyxcanary.q7/notes.txt
    r-1.zip holds data/azureml/ExperimentRun/dcid.r1/run.json, data/azureml/LocalUpload/zyxcanary.q7/notes.txt, manifest.json
    "#);
}

#[test]
fn a_source_that_cannot_be_listed_for_now() {
    let scenario = Scenario::small().with_source("billing").sent(request("r-1", "erasure"));
    scenario.source("billing").put("invoice.txt", notes("invoice"));
    scenario.source("billing").fail_next(3);
    insta::assert_snapshot!(check(scenario), @r#"
    r-1 (erasure) is completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 acted -> verifying, announced progressed fe203068
      6 verified -> completed, announced completed 96b68ac5
          counts {"seen":4,"found":3,"outcomes":{"erased":3}}
      item 0: erased
      item 1: erased
      item 2: erased
    azureml holds ComputeRecord/dcid.r2
    billing holds nothing
    "#);
}

#[test]
fn a_source_that_cannot_be_listed_for_long() {
    let scenario = Scenario::small().with_source("billing").sent(request("r-1", "erasure"));
    scenario.source("billing").fail_next(u32::MAX);
    insta::assert_snapshot!(check(scenario), @r#"
    r-1 (erasure) is failed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 failed -> failed, announced failed b043ff48
          failed_reason "source_shut; see that it can be entered, then dsrd retry: the source billing: asking a source in memory: told to fail"
    azureml holds ComputeRecord/dcid.r2, ExperimentRun/dcid.r1/run.json, LocalUpload/zyxcanary.q7/notes.txt
    billing holds nothing
    "#);
}

#[test]
fn sources_in_parts_end_as_whole_ones_do() {
    let export = || Scenario::small().sent(request("r-1", "access"));
    let erasure = || {
        let scenario = Scenario::small().with_source("billing").sent(request("r-1", "erasure"));
        (0..20).for_each(|n| scenario.source("billing").put(&format!("{n}"), notes("invoice")));
        scenario
    };
    let lost = || {
        let scenario = erasure();
        scenario.source("billing").fail_next(u32::MAX);
        scenario
    };
    let lives: [&dyn Fn() -> Scenario; 3] = [&export, &erasure, &lost];
    for life in lives {
        let whole = check(life());
        for parts in [2, 5, 64] {
            assert_eq!(check(life().in_parts(parts)), whole, "in {parts} parts");
        }
    }
}

#[test]
fn a_source_that_may_not_be_listed() {
    let scenario = Scenario::small().sent(request("r-1", "access"));
    scenario.wire.fail("list", || Failure::needs_person("listing a source: no permission"));
    insta::assert_snapshot!(check(scenario), @r#"
    r-1 (access) is failed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 failed -> failed, announced failed e2218a47
          failed_reason "source_shut; see that it can be entered, then dsrd retry: the source azureml: listing a source: no permission"
    azureml holds ComputeRecord/dcid.r2, ExperimentRun/dcid.r1/run.json, LocalUpload/zyxcanary.q7/notes.txt
    "#);
}

#[test]
fn an_export_of_what_changed_since_the_find() {
    let scenario = Scenario::small().sent(request("r-1", "access"));
    let source = scenario.source(SOURCE);
    source.put("gone.txt", notes("gone"));
    source.put("another.txt", notes("another"));
    scenario.wire.on("planned", move || {
        source.remove("gone.txt");
        source.put("another.txt", "somebody else");
        source.put(NOTES, notes("second"));
    });
    insta::assert_snapshot!(check(scenario), @r#"
    r-1 (access) is completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 acted -> verifying, announced progressed fe203068
          results_count 2
      6 verified -> completed, announced completed 96b68ac5
          counts {"seen":5,"found":4,"outcomes":{"already_absent":2,"exported":2}}
          results_count 2
      item 0: exported
      item 1: exported
      item 2: already_absent
      item 3: already_absent
    azureml holds ComputeRecord/dcid.r2, ExperimentRun/dcid.r1/run.json, LocalUpload/zyxcanary.q7/notes.txt, another.txt
    r-1.zip holds data/azureml/ExperimentRun/dcid.r1/run.json, data/azureml/LocalUpload/zyxcanary.q7/notes.txt, manifest.json
    r-1.zip lacks "another.txt": "speaks of the person no more"
    r-1.zip lacks "gone.txt": "removed since it was found"
    "#);
}

#[test]
fn those_who_wait_share_a_sweep() {
    // Two come while the first sweep is under way, which is held up until they are there.
    let scenario = Scenario::small().sent(request("r-1", "access"));
    let (inbox, once) = (Arc::clone(&scenario.inbox), Once::new());
    scenario.wire.on("find_started", move || {
        once.call_once(|| {
            let late = [request("r-2", "access"), request("r-3", "access")];
            for message in late.into_iter().chain([control("cancel", "nothing")]) {
                inbox.push(message.to_string(), correspondence());
            }
        });
    });
    scenario.wire.hold(Point::List, "rejected");
    insta::assert_snapshot!(check_closely(scenario), @r#"
    r-1 (access) is completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 acted -> verifying, announced progressed fe203068
          results_count 2
      6 verified -> completed, announced completed 96b68ac5
          counts {"seen":3,"found":2,"outcomes":{"exported":2}}
          results_count 2
      item 0: exported
      item 1: exported
    r-2 (access) is completed
      1 accepted -> accepted, announced accepted 08354b61
      2 find_started -> finding, announced progressed 47ad7007
      3 planned -> planned, announced progressed 89a44991
      4 act_started -> acting, announced progressed 48c43652
      5 acted -> verifying, announced progressed 492572eb
          results_count 2
      6 verified -> completed, announced completed 56f5735d
          counts {"seen":3,"found":2,"outcomes":{"exported":2}}
          results_count 2
      item 0: exported
      item 1: exported
    r-3 (access) is completed
      1 accepted -> accepted, announced accepted 2515e02d
      2 find_started -> finding, announced progressed 79caf3ae
      3 planned -> planned, announced progressed b5b21265
      4 act_started -> acting, announced progressed 9ec70477
      5 acted -> verifying, announced progressed 399810bb
          results_count 2
      6 verified -> completed, announced completed bbb73f2f
          counts {"seen":3,"found":2,"outcomes":{"exported":2}}
          results_count 2
      item 0: exported
      item 1: exported
    rejected-b47f7952 (message) is rejected
      1 rejected -> rejected, announced rejected 38ff3022
          /subject_request_id unknown_request
    azureml holds ComputeRecord/dcid.r2, ExperimentRun/dcid.r1/run.json, LocalUpload/zyxcanary.q7/notes.txt
    r-1.zip holds data/azureml/ExperimentRun/dcid.r1/run.json, data/azureml/LocalUpload/zyxcanary.q7/notes.txt, manifest.json
    r-2.zip holds data/azureml/ExperimentRun/dcid.r1/run.json, data/azureml/LocalUpload/zyxcanary.q7/notes.txt, manifest.json
    r-3.zip holds data/azureml/ExperimentRun/dcid.r1/run.json, data/azureml/LocalUpload/zyxcanary.q7/notes.txt, manifest.json
    dead letter of 85 bytes: unknown_request /subject_request_id
    sweeps: 2 to find, 0 to verify
    "#);
}

#[test]
fn an_event_that_no_queue_takes() {
    let scenario = Scenario::small().sent(request("r-1", "erasure"));
    scenario.announcer.unbind("accepted", 4);
    insta::assert_snapshot!(check(scenario), @r#"
    r-1 (erasure) is completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 acted -> verifying, announced progressed fe203068
      6 verified -> completed, announced completed 96b68ac5
          counts {"seen":3,"found":2,"outcomes":{"erased":2}}
      item 0: erased
      item 1: erased
    azureml holds ComputeRecord/dcid.r2
    "#);
}

#[test]
fn a_damaged_archive_is_written_again() {
    let scenario = Scenario::small().sent(request("r-1", "access"));
    damage(&scenario, 1);
    insta::assert_snapshot!(check_closely(scenario), @r#"
    r-1 (access) is completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 acted -> verifying, announced progressed fe203068
          results_count 2
      6 left_over -> acting, announced progressed 96b68ac5
      7 acted -> verifying, announced progressed 35c7ff7d
          results_count 2
      8 verified -> completed, announced completed 6f54405f
          counts {"seen":3,"found":2,"outcomes":{"exported":2}}
          results_count 2
      item 0: exported
      item 1: exported
    azureml holds ComputeRecord/dcid.r2, ExperimentRun/dcid.r1/run.json, LocalUpload/zyxcanary.q7/notes.txt
    r-1.zip holds data/azureml/ExperimentRun/dcid.r1/run.json, data/azureml/LocalUpload/zyxcanary.q7/notes.txt, manifest.json
    sweeps: 1 to find, 0 to verify
    "#);
}

#[test]
fn an_archive_that_never_reads_back() {
    let scenario = Scenario::small().sent(request("r-1", "access"));
    damage(&scenario, usize::MAX);
    insta::assert_snapshot!(check(scenario), @r#"
    r-1 (access) is failed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 acted -> verifying, announced progressed fe203068
          results_count 2
      6 left_over -> acting, announced progressed 96b68ac5
      7 acted -> verifying, announced progressed 35c7ff7d
          results_count 2
      8 left_over -> acting, announced progressed 6f54405f
      9 acted -> verifying, announced progressed 6c5187ee
          results_count 2
      10 failed -> failed, announced failed f849f613
          failed_reason "permanent; mend the cause, then dsrd retry: writing an archive that reads back whole: the archive has another digest than was written"
      item 0: exported, still sealed in the ledger
      item 1: exported, still sealed in the ledger
    azureml holds ComputeRecord/dcid.r2, ExperimentRun/dcid.r1/run.json, LocalUpload/zyxcanary.q7/notes.txt
    "#);
}

#[test]
fn two_requests_for_one_person_at_once() {
    let scenario = Scenario::small()
        .sent(request("r-1", "access"))
        .sent(request("r-2", "erasure"))
        .sent(request("r-3", "erasure"));
    let source = scenario.source(SOURCE);
    source.put("a.json", run_document());
    insta::assert_snapshot!(check(scenario), @r#"
    r-1 (access) is completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 acted -> verifying, announced progressed fe203068
          results_count 3
      6 verified -> completed, announced completed 96b68ac5
          counts {"seen":4,"found":3,"outcomes":{"exported":3}}
          results_count 3
      item 0: exported
      item 1: exported
      item 2: exported
    r-2 (erasure) is completed
      1 accepted -> accepted, announced accepted 08354b61
      2 find_started -> finding, announced progressed 47ad7007
      3 planned -> planned, announced progressed 89a44991
      4 act_started -> acting, announced progressed 48c43652
      5 acted -> verifying, announced progressed 492572eb
      6 verified -> completed, announced completed 56f5735d
          counts {"seen":4,"found":3,"outcomes":{"erased":3}}
      item 0: erased
      item 1: erased
      item 2: erased
    r-3 (erasure) is completed
      1 accepted -> accepted, announced accepted 2515e02d
      2 find_started -> finding, announced progressed 79caf3ae
      3 planned -> planned, announced progressed b5b21265
      4 act_started -> acting, announced progressed 9ec70477
      5 acted -> verifying, announced progressed 399810bb
      6 verified -> completed, announced completed bbb73f2f
          counts {"seen":1,"found":0,"outcomes":{}}
    azureml holds ComputeRecord/dcid.r2
    r-1.zip holds data/azureml/ExperimentRun/dcid.r1/run.json, data/azureml/LocalUpload/zyxcanary.q7/notes.txt, data/azureml/a.json, manifest.json
    "#);
}

/// A note of the progress once waited for a write that only the sweep it interrupted could have
/// ended.
#[test]
fn time_passes_while_a_sweep_writes() {
    let mut scenario = Scenario::new().sent(request("r-1", "erasure"));
    for number in 0..600 {
        scenario.source(SOURCE).put(&format!("{number}.txt"), notes("one of many"));
    }
    scenario.hasty = true;
    simulate(async || {
        scenario.live().await;
        let lines = scenario.logs.text();
        assert!(!lines.contains("did not work"), "{lines}");
        assert_eq!(scenario.source(SOURCE).names(), Vec::<String>::new());
    });
}

fn zip_of(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(bytes).unwrap();
    zip.finish().unwrap().into_inner()
}

fn tell_when(scenario: &Scenario, word: &'static str, message: Value) {
    let inbox = Arc::clone(&scenario.inbox);
    scenario.wire.on(word, move || inbox.push(message.to_string(), correspondence()));
}

fn damage(scenario: &Scenario, times: usize) {
    let exports = Arc::clone(&scenario.exports);
    let left = std::sync::atomic::AtomicUsize::new(times);
    scenario.wire.on("acted", move || {
        use std::sync::atomic::Ordering::SeqCst;
        if left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok() {
            let mut bytes = exports.get("r-1.zip").unwrap().to_vec();
            bytes[50] ^= 1;
            exports.overwrite("r-1.zip", bytes);
        }
    });
}
