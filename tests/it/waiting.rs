//! What waits for something outside: that it says so, that nobody else waits for it, that it ends,
//! and that a person can go on from there.

use std::sync::Arc;

use dsrd::adapters::memory::sources::shelves::Fault;
use dsrd::adapters::memory::sources::store::MemorySource;
use dsrd::domain::failure::{Failure, FailureKind};
use dsrd::domain::outcome::Block;
use dsrd::domain::request::RequestId;
use dsrd::domain::state::{Event, State};
use dsrd::ports::ledger::Record;
use dsrd::ports::sources::Source;
use dsrd::ports::system::Clock;
use dsrd::worker::status::Status;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::simulation::leaks::{CUSTOMER, EMAIL};
use crate::support::simulation::scenario::{
    SOURCE, Scenario, control, correspondence, notes, request, request_with, simulate,
};
use crate::support::simulation::story::ending;

const NOTES: &str = "LocalUpload/zyxcanary.q7/notes.txt";

/// A request about somebody else, in this source alone.
fn of_another(id: &str, kind: &str, source: &str) -> Value {
    let mut request = request_with(id, kind, json!({ "sources": [source] }));
    request["subject_identities"] = json!([
        { "identity_type": "email", "identity_value": "someone.else@leaky.example", "identity_format": "raw" },
    ]);
    request
}

fn lived(scenario: &Scenario) -> String {
    simulate(async || {
        scenario.live().await;
        scenario.assert_silent().await;
        ending(scenario).await
    })
}

/// The words of all records of a request, with its last state.
fn words(scenario: &Scenario, id: &str) -> String {
    let records = records(scenario, id);
    let words: Vec<&str> = records.iter().map(|record| record.event.word()).collect();
    words.join(" ")
}

fn records(scenario: &Scenario, id: &str) -> Vec<Record> {
    let id = RequestId::new(id).unwrap();
    simulate(async || scenario.ledger().await.records(&id).await.unwrap())
}

fn reason(scenario: &Scenario, id: &str) -> String {
    let failed = records(scenario, id).into_iter().find_map(|record| match record.event {
        Event::Failed { reason } => Some(reason),
        _ => None,
    });
    failed.unwrap()
}

/// Says it once that happened.
fn say_on(scenario: &Scenario, word: &'static str, message: Value) {
    let (inbox, once) = (Arc::clone(&scenario.inbox), std::sync::Once::new());
    scenario.wire.on(word, move || {
        once.call_once(|| inbox.push(message.to_string(), correspondence()));
    });
}

/// Mends the source once a request failed, and has it tried again.
fn mend_and_retry(scenario: &Scenario, source: &str) {
    let source = scenario.source(source);
    scenario.wire.on("failed", move || {
        source.shut_after(None);
        source.fail_next(0);
    });
    say_on(scenario, "failed", control("retry", "r-1"));
}

/// However a source cannot be entered, from its first moment or after some calls, in a find, an act
/// or a second look: nothing is reported of its items, the request fails, and a retry ends it.
#[test]
fn a_source_that_cannot_be_entered_is_waited_for_and_then_the_request_fails() {
    let away: fn(&MemorySource) = |source| source.fail_next(u32::MAX);
    let shut: fn(&MemorySource) = |source| source.shut_after(Some(0));
    for break_it in [away, shut] {
        for (at, kind) in [
            ("accepted", "erasure"),
            ("accepted", "access"),
            ("find_started", "erasure"),
            ("act_started", "erasure"),
            ("act_started", "access"),
            ("acted", "erasure"),
        ] {
            let scenario = Scenario::small().with_source("billing").sent(request("r-1", kind));
            scenario.source("billing").put("invoice.txt", notes("invoice"));
            let source = scenario.source("billing");
            let once = std::sync::Once::new();
            scenario.wire.on(at, move || once.call_once(|| break_it(&source)));
            mend_and_retry(&scenario, "billing");
            let ended = lived(&scenario);
            assert!(ended.contains(&format!("r-1 ({kind}) is completed")), "{at} {kind}: {ended}");
            let reason = reason(&scenario, "r-1");
            assert!(
                reason.starts_with(
                    "source_shut; see that it can be entered, then dsrd retry: the source billing: "
                ),
                "{reason}"
            );
            assert!(!ended.contains("unreadable") && !ended.contains("{\"failed"), "{ended}");
            let gone = scenario.source("billing").names().is_empty();
            assert_eq!(gone, kind == "erasure", "{at}: {ended}");
        }
    }
}

/// A signature that ends after some calls: wherever that is, all is well once it is renewed.
#[test]
fn a_source_that_is_shut_midway_costs_nothing_but_time() {
    for kind in ["erasure", "access"] {
        let mut shut_at_all = false;
        for calls in 0..40 {
            let scenario = Scenario::small().sent(request("r-1", kind));
            for number in 0..5 {
                scenario.source(SOURCE).put(&format!("{number}.txt"), notes("one of many"));
            }
            let source = scenario.source(SOURCE);
            source.shut_after(Some(calls));
            mend_and_retry(&scenario, SOURCE);
            let ended = lived(&scenario);
            assert!(
                ended.contains(&format!("r-1 ({kind}) is completed")),
                "after {calls} calls: {ended}"
            );
            assert!(!ended.contains("unreadable"), "after {calls} calls: {ended}");
            shut_at_all |= words(&scenario, "r-1").contains("failed");
            let left = scenario.source(SOURCE).names().len();
            assert_eq!(left, if kind == "erasure" { 1 } else { 8 }, "after {calls} calls");
        }
        assert!(shut_at_all, "no try met a source that was shut");
    }
}

/// It is not ended by it either, if the source lets us in again in time.
#[test]
fn a_source_that_is_mended_in_time_ends_nothing() {
    let mut scenario = Scenario::small().with_source("billing").sent(request("r-1", "erasure"));
    scenario.limits.source_patience_ms = 60_000;
    scenario.source("billing").put("invoice.txt", notes("invoice"));
    scenario.source("billing").fail_next(20);
    let ended = lived(&scenario);
    assert!(ended.contains("r-1 (erasure) is completed"), "{ended}");
    assert!(!words(&scenario, "r-1").contains("failed"));
    let logs = scenario.logs.text();
    assert!(logs.contains("requests wait for a source that cannot be entered"));
}

/// Who does not ask for what a source holds does not wait for it, whoever comes first.
#[test]
fn requests_that_are_about_other_sources_go_on() {
    for kind in ["erasure", "access"] {
        let scenario = Scenario::small()
            .with_source("billing")
            .sent(request_with("r-1", kind, json!({ "sources": ["billing", SOURCE] })))
            .sent(of_another("r-2", kind, SOURCE));
        scenario.source("billing").shut_after(Some(0));
        say_on(&scenario, "planned", of_another("r-3", kind, SOURCE));
        let ended = lived(&scenario);
        for id in ["r-2", "r-3"] {
            assert!(ended.contains(&format!("{id} ({kind}) is completed")), "{ended}");
        }
        assert!(ended.contains(&format!("r-1 ({kind}) is failed")), "{ended}");
        let published = scenario.announcer.published();
        let at = |id: &str, name: &str| {
            published.iter().position(|event| event.request.as_str() == id && event.name == name)
        };
        assert!(at("r-3", "completed").unwrap() < at("r-1", "failed").unwrap(), "{ended}");
    }
}

/// What waits says for what, of which kind, and since when.
#[test]
fn what_waits_says_so() {
    let mut scenario = Scenario::small().with_source("billing").sent(request("r-1", "erasure"));
    scenario.limits.source_patience_ms = 60_000;
    scenario.source("billing").shut_after(Some(0));
    let told = simulate(async || {
        let ledger = scenario.ledger().await;
        let status = Status { ledger: Arc::clone(&ledger) };
        let id = RequestId::new("r-1").unwrap();
        let looking = async {
            // Ends with the request's obstacle, or with its life.
            loop {
                if ledger.obstacle(&id).await.unwrap().is_some() {
                    return status.describe(&id).await.unwrap().unwrap();
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            told = looking => told,
            () = scenario.live() => panic!("it never said what it waited for"),
        }
    });
    let obstacle = &told["obstacle"];
    assert_eq!(obstacle["source"], "billing");
    assert_eq!(obstacle["kind"], FailureKind::NeedsPerson.word());
    let reason = obstacle["reason"].as_str().unwrap();
    assert!(reason.contains("nobody is let in"), "{reason}");
    assert!(obstacle["since"].as_str().unwrap().starts_with("2026-11-23T12:00:"), "{obstacle}");
}

/// One certificate that is never taken keeps no other request from its end, nor any sweep from
/// being opened; and whoever mends the store has it written.
#[test]
fn sweeps_conclude_request_by_request() {
    let mut scenario = Scenario::small()
        .with_source("billing")
        .sent(request_with("r-1", "erasure", json!({ "sources": [SOURCE] })))
        .sent(of_another("r-2", "erasure", "billing"));
    scenario.limits.tries_max = 10;
    scenario.exports.refuse(Some("r-1.certificate"));
    say_on(&scenario, "verified", of_another("r-3", "erasure", "billing"));
    let exports = Arc::clone(&scenario.exports);
    scenario.wire.on("failed", move || exports.refuse(None));
    say_on(&scenario, "failed", control("retry", "r-1"));
    let ended = lived(&scenario);
    for id in ["r-1", "r-2", "r-3"] {
        assert!(ended.contains(&format!("{id} (erasure) is completed")), "{ended}");
    }
    assert!(
        reason(&scenario, "r-1").starts_with("tries_spent; see that it works again"),
        "{ended}"
    );
    let published = scenario.announcer.published();
    let at = |id: &str, name: &str| {
        published.iter().position(|event| event.request.as_str() == id && event.name == name)
    };
    assert!(at("r-3", "completed").unwrap() < at("r-1", "failed").unwrap());
}

/// Every failure of an act that may pass ends at the last try, and the request can be tried again.
#[test]
fn an_act_that_never_works_ends_at_its_tries() {
    for effect in ["create", "write", "finish"] {
        let scenario = Scenario::small().sent(request("r-1", "access"));
        scenario.wire.fail(effect, || Failure::transient("writing an archive: no space"));
        let wire = Arc::clone(&scenario.wire);
        scenario.wire.on("failed", move || wire.heal());
        say_on(&scenario, "failed", control("retry", "r-1"));
        let ended = lived(&scenario);
        assert!(ended.contains("r-1 (access) is completed"), "{effect}: {ended}");
        let told = reason(&scenario, "r-1");
        assert!(told.starts_with("tries_spent; ") && told.ends_with("no space"), "{told}");
    }
}

/// A lease with an end is waited for; one without is reported when the tries are over.
#[test]
fn a_lease_with_an_end_is_waited_for() {
    let scenario = Scenario::small().sent(request("r-1", "erasure"));
    let fault = Fault::BlocksFor(Block::Lease, 3);
    scenario.source(SOURCE).set_fault(NOTES, Some(fault));
    let ended = lived(&scenario);
    assert!(ended.contains("r-1 (erasure) is completed"), "{ended}");
    assert!(ended.contains("\"erased\":2"), "{ended}");
}

/// What others write anew all the time is given in the end, or listed; and what is there no more is
/// listed too.
#[test]
fn an_export_loses_nothing_that_others_rewrite() {
    for (rewrites, given) in [(1, true), (7, true), (12, true), (u32::MAX, false)] {
        let scenario = Scenario::small().sent(request("r-1", "access"));
        scenario.source(SOURCE).put("gone.txt", notes("gone"));
        let source = scenario.source(SOURCE);
        scenario.wire.on("planned", move || {
            source.set_fault(NOTES, Some(Fault::RewrittenFor(rewrites)));
            source.remove("gone.txt");
        });
        let ended = lived(&scenario);
        let outcome = if given { "completed" } else { "partially_completed" };
        assert!(ended.contains(&format!("r-1 (access) is {outcome}")), "{rewrites}: {ended}");
        assert_eq!(ended.contains(&format!("data/azureml/{NOTES}")), given, "{rewrites}: {ended}");
        let lacks = format!("r-1.zip lacks \"{NOTES}\": \"changes faster than it can be read\"");
        assert_eq!(ended.contains(&lacks), !given, "{rewrites}: {ended}");
        assert!(ended.contains("r-1.zip lacks \"gone.txt\": \"removed since it was found\""));
    }
}

/// An erasure of two items that is stopped after the first.
fn stopped() -> Scenario {
    let scenario = Scenario::small().sent(request("r-1", "erasure"));
    let source = scenario.source(SOURCE);
    source.set_fault(NOTES, Some(Fault::Blocks(Block::Lease)));
    say_on(&scenario, "act_started", control("cancel", "r-1"));
    scenario
}

#[test]
fn what_is_being_carried_out_can_be_stopped_and_gone_on_with() {
    let scenario = stopped();
    let source = scenario.source(SOURCE);
    scenario.wire.on("stopped", move || source.set_fault(NOTES, None));
    // The broker hands the decision out again.
    say_on(&scenario, "stopped", control("cancel", "r-1"));
    let ended = lived(&scenario);
    assert!(ended.contains("r-1 (erasure) is failed"), "{ended}");
    assert!(ended.contains("failed_reason \"stopped by op: asked for\""), "{ended}");
    let scenario = scenario.sent(control("retry", "r-1"));
    let ended = lived(&scenario);
    assert!(ended.contains("r-1 (erasure) is completed"), "{ended}");
    assert_eq!(scenario.source(SOURCE).names(), ["ComputeRecord/dcid.r2"]);
}

#[test]
fn what_was_stopped_or_failed_can_be_given_up() {
    let scenario = stopped();
    let mut final_word = control("cancel", "r-1");
    final_word["reason"] = "the customer stays".into();
    say_on(&scenario, "stopped", final_word);
    let ended = lived(&scenario);
    assert!(ended.contains("r-1 (erasure) is cancelled"), "{ended}");
    assert!(!ended.contains("still sealed"), "{ended}");
}

/// Whatever an access that failed was to give is not erased before somebody decided.
#[test]
fn a_failed_access_holds_the_erasure_of_its_person() {
    for (verb, files) in [("retry", 3), ("cancel", 0)] {
        let scenario = Scenario::small().sent(request("r-1", "access"));
        let mut later = request("r-2", "erasure");
        later["subject_identities"] = json!([
            { "identity_type": "email", "identity_value": EMAIL, "identity_format": "raw" },
            { "identity_type": "controller_customer_id", "identity_value": CUSTOMER, "identity_format": "raw" },
        ]);
        let scenario = scenario.sent(later);
        scenario.wire.fail("create", || Failure::needs_person("writing an archive: no permission"));
        let wire = Arc::clone(&scenario.wire);
        scenario.wire.on("failed", move || wire.heal());
        // A decision comes some time later: after what somebody else asked for was done.
        say_on(&scenario, "failed", of_another("r-9", "erasure", SOURCE));
        say_on(&scenario, "verified", control(verb, "r-1"));
        let ended = lived(&scenario);
        assert!(ended.contains("r-2 (erasure) is completed"), "{ended}");
        let archive = ended.contains(&format!("r-1.zip holds data/azureml/{NOTES}"))
            || ended.contains("r-1.zip holds data/azureml/ExperimentRun/dcid.r1/run.json");
        assert_eq!(archive, files > 0, "{verb}: {ended}");
        let decided = if files > 0 { "completed" } else { "cancelled" };
        assert!(ended.contains(&format!("r-1 (access) is {decided}")), "{ended}");
    }
}

#[test]
fn an_erasure_that_falls_due_waits_for_a_failed_access_no_longer() {
    let due = json!({ "due_time": "2026-11-24T12:01:00Z" });
    let scenario =
        Scenario::small().sent(request("r-1", "access")).sent(request_with("r-2", "erasure", due));
    scenario.wire.fail("create", || Failure::needs_person("writing an archive: no permission"));
    let wire = Arc::clone(&scenario.wire);
    scenario.wire.on("failed", move || wire.heal());
    let ended = lived(&scenario);
    assert!(ended.contains("r-1 (access) is failed"), "{ended}");
    assert!(ended.contains("r-2 (erasure) is completed"), "{ended}");
    assert!(scenario.logs.text().contains("waits no longer for an export"), "{ended}");
    let ledger = simulate(async || {
        let ledger = scenario.ledger().await;
        ledger.standings(&State::ALL, 9).await.unwrap()
    });
    let changed = ledger.iter().find(|standing| standing.id.as_str() == "r-2").unwrap().changed;
    let margin = "2026-11-23T12:01:00Z".parse().unwrap();
    assert!(changed >= margin, "not before it had to: {changed}");
    assert_eq!(scenario.source(SOURCE).name(), SOURCE);
}

/// How many sweeps of each purpose there were.
fn sweeps(scenario: &Scenario) -> (usize, usize) {
    let text = scenario.logs.text();
    let of = |purpose: &str| {
        let told = format!("\"sweep.purpose\":\"{purpose}\"");
        text.lines().filter(|line| line.contains("swept") && line.contains(&told)).count()
    };
    (of("find"), of("verify"))
}

/// Erasures of several people at once, a few a sweep.
fn crowd(gather_ms: u64) -> Scenario {
    let mut scenario = Scenario::small();
    scenario.limits.sweep_requests_max = 4;
    scenario.limits.verify_gather_ms = gather_ms;
    for number in 0..12 {
        let email = format!("person.{number}@contoso.example");
        scenario.source(SOURCE).put(&format!("of/{number}.txt"), format!("asked by {email}"));
        let mut request = request(&format!("r-{number}"), "erasure");
        request["subject_identities"] =
            json!([{ "identity_type": "email", "identity_value": email }]);
        scenario.inbox.push(request.to_string(), correspondence());
    }
    scenario
}

#[test]
fn second_looks_wait_for_each_other() {
    let alone = crowd(0);
    let together = crowd(60_000);
    for scenario in [&alone, &together] {
        let ended = lived(scenario);
        assert_eq!(ended.matches("is completed").count(), 12, "{ended}");
        assert!((0..12).all(|n| scenario.source(SOURCE).get(&format!("of/{n}.txt")).is_none()));
    }
    let (finds, verifies) = sweeps(&together);
    assert!(verifies <= finds + 1, "{verifies} second looks for {finds} sweeps");
    assert!(verifies <= sweeps(&alone).1);
}

/// Seconds from the act of a request to the end of its second look.
fn waited(scenario: &Scenario) -> i64 {
    let records = records(scenario, "r-1");
    let at = |word: &str| records.iter().find(|record| record.event.word() == word).unwrap().at;
    at("verified").duration_since(at("acted")).as_secs()
}

#[test]
fn nobody_waits_for_a_second_look_while_nobody_else_comes() {
    let mut scenario = Scenario::small().sent(request("r-1", "erasure"));
    scenario.limits.verify_gather_ms = 3_000_000;
    lived(&scenario);
    let waited = waited(&scenario);
    assert!(waited < 600, "{waited} s");
}

/// One whose source is shut is on its way for longer than anybody would gather.
#[test]
fn a_second_look_waits_for_others_no_longer_than_that() {
    for (is_due, least, most) in [(false, 30, 60), (true, 0, 20)] {
        let mut scenario = Scenario::small().with_source("shut");
        scenario.limits.verify_gather_ms = 30_000;
        scenario.limits.source_patience_ms = 60_000;
        scenario.source("shut").shut_after(Some(0));
        let mut mine = request_with("r-1", "erasure", json!({ "sources": [SOURCE] }));
        if is_due {
            let due = scenario.clock.now() + SignedDuration::from_hours(2);
            mine["extensions"]["dsrd"]["due_time"] = json!(due);
        }
        let scenario = scenario.sent(mine).sent(of_another("r-2", "erasure", "shut"));
        lived(&scenario);
        let waited = waited(&scenario);
        assert!((least..most).contains(&waited), "{is_due}: {waited} s");
    }
}
