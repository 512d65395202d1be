//! More time for a request: once, before it is over, as its law allows, and whatever is under way
//! goes on.

use std::sync::Arc;

use dsrd::domain::policy::guard::Guard;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::program::{Home, wait_for};
use crate::support::simulation::scenario::{
    Scenario, control, correspondence, patient, request, request_with,
};
use crate::support::simulation::story::check;
use crate::support::simulation::tripwire::Point;

/// Sends these as soon as a record with that word is ledgered.
fn then(scenario: Scenario, word: &'static str, messages: Vec<Value>) -> Scenario {
    let inbox = Arc::clone(&scenario.inbox);
    scenario.wire.on(word, move || {
        for message in &messages {
            inbox.push(message.to_string(), correspondence());
        }
    });
    scenario
}

#[test]
fn a_held_request_gets_more_time_once() {
    let mut scenario = Scenario::small().sent(request("r-1", "erasure"));
    scenario.guard = Guard { items_max: 1, share_max: 1.0, share_items_min: 0 };
    let another = json!({
        "control": "extend", "subject_request_id": "r-1", "actor": "op", "reason": "more of them",
    });
    // The same message twice is one decision; another one is refused.
    let twice = vec![control("extend", "r-1"), control("extend", "r-1"), another];
    let scenario = then(scenario, "held", twice);
    let scenario = then(scenario, "extended", vec![control("approve", "r-1")]);
    insta::assert_snapshot!(check(scenario), @r#"
    r-1 (erasure) is completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 held -> held, announced held 7e0610b5
          held_reason "azureml: 2 items would be removed, over 1"
      5 extended -> held, announced extended fe203068
      6 approved -> acting, announced progressed 96b68ac5
      7 acted -> verifying, announced progressed 35c7ff7d
      8 verified -> completed, announced completed 6f54405f
          counts {"seen":3,"found":2,"outcomes":{"erased":2}}
      item 0: erased
      item 1: erased
    rejected-2f32751b (message) is rejected
      1 rejected -> rejected, announced rejected c6979831
          /control not_possible
    azureml holds ComputeRecord/dcid.r2
    dead letter of 84 bytes: not_possible /control
    "#);
}

/// Wherever a request is when it gets more time, and however far a walk came for it: the same is
/// found, the same done, and nothing is missing from what is certified or exported.
#[test]
fn whatever_is_under_way_comes_to_the_same_end() {
    let ends = |told: &str| -> Vec<String> {
        let said = ["is completed", "counts", "item ", "holds"];
        let lines = told.lines().filter(|line| said.iter().any(|say| line.contains(say)));
        lines.map(str::to_owned).collect()
    };
    for kind in ["erasure", "access"] {
        let life = || patient(Scenario::small().paged(1).sent(request("r-1", kind)));
        let plain = check(life());
        for word in ["accepted", "find_started", "planned", "act_started", "acted"] {
            if !plain.contains(&format!(" {word} -> ")) {
                continue;
            }
            let scenario = then(life(), word, vec![control("extend", "r-1")]);
            if word == "find_started" {
                // The walk stands still until the request has more time.
                scenario.wire.hold(Point::List, "extended");
            }
            let told = check(scenario);
            assert!(told.contains(" extended -> "), "{kind} {word}: {told}");
            assert_eq!(ends(&told), ends(&plain), "{kind} {word}: {told}");
        }
    }
}

#[test]
fn what_no_law_gives_is_not_taken() {
    let held = |message: Value| {
        let mut scenario = Scenario::small().sent(message);
        scenario.guard = Guard { items_max: 1, share_max: 1.0, share_items_min: 0 };
        scenario
    };
    let of_law = |law: &str| {
        let mut message = request("r-1", "erasure");
        message["regulation"] = law.into();
        message
    };
    let without_reason = json!({ "control": "extend", "subject_request_id": "r-1", "actor": "op" });
    let over = json!({ "due_time": "2026-11-23T09:00:01Z" });
    let extend = || control("extend", "r-1");
    let table = [
        (of_law("lgpd"), extend(), "not_possible"),
        (request_with("r-1", "erasure", over), extend(), "not_possible"),
        (request("r-1", "erasure"), without_reason, "missing"),
        (request("r-1", "erasure"), control("extend", "r-2"), "unknown_request"),
    ];
    for (message, decision, code) in table {
        let told = check(then(held(message.clone()), "held", vec![decision.clone()]));
        assert!(told.contains(code), "{message} {decision}: {told}");
        assert!(!told.contains("extended"), "{message} {decision}: {told}");
    }
    for law in ["gdpr", "uk_gdpr", "ccpa"] {
        let told = check(then(held(of_law(law)), "held", vec![extend()]));
        assert!(told.contains("5 extended -> held, announced extended"), "{law}: {told}");
    }
    // What rests is answered.
    let rests = Scenario::small().sent(request("r-1", "erasure"));
    let told = check(then(rests, "verified", vec![extend()]));
    assert!(told.contains("not_possible") && !told.contains("extended"), "{told}");
}

/// Told once each, under the same id after a start, and not of a time that was moved.
#[test]
fn a_due_time_that_comes_near_or_passed_is_announced() {
    let home = Home::new();
    home.write("dsrd.toml", "[guard]\nitems_max = 1\n");
    let now = Timestamp::now();
    for (id, submitted, due) in [
        ("r-late", "2026-11-23T09:00:00Z".to_owned(), "2026-11-24T09:00:00Z".to_owned()),
        ("r-soon", now.to_string(), (now + SignedDuration::from_hours(48)).to_string()),
        ("r-far", now.to_string(), (now + SignedDuration::from_hours(480)).to_string()),
    ] {
        home.put(&format!("{id}/a.txt"), format!("{id}@contoso.com"));
        home.put(&format!("{id}/b.txt"), format!("{id}@contoso.com"));
        let mut message = request(id, "erasure");
        let address =
            json!({ "identity_type": "email", "identity_value": format!("{id}@contoso.com") });
        message["subject_identities"] = json!([address]);
        message["submitted_time"] = submitted.into();
        message["extensions"] = json!({ "dsrd": { "due_time": due } });
        home.write(&format!("{id}.json"), &message.to_string());
    }
    let daemon = home.serve_with(&["--config", "dsrd.toml"]);
    for id in ["r-late", "r-soon", "r-far"] {
        home.done(&["submit", &format!("{id}.json")]);
        home.wait_for_event(id, "held");
    }
    let late = home.wait_for_event("r-late", "due");
    assert_eq!(late["data"]["due"], json!({ "due_time": "2026-11-24T09:00:00Z", "passed": true }));
    let soon = home.wait_for_event("r-soon", "due");
    assert_eq!(soon["data"]["due"]["passed"], false);
    let over = home.run(&["extend", "r-late", "--reason", "many items"]);
    assert!(over.code == 1 && over.err.contains("its time is over"), "{}", over.err);
    let words = ["extend", "r-soon", "--reason", "many items", "--actor", "lee", "--wait"];
    assert_eq!(home.done(&words), "decided: extend r-soon; it is held\n");
    // Why it is held still stands there, and a second time is told at once.
    let told: Value = serde_json::from_str(&home.done(&["status", "r-soon", "--json"])).unwrap();
    assert!(told["reason"].as_str().unwrap().contains("would be removed"), "{told}");
    let twice = home.run(&["extend", "r-soon", "--reason", "more"]);
    assert!(twice.code == 1 && twice.err.contains("can be done once"), "{}", twice.err);
    let extended = home.wait_for_event("r-soon", "extended");
    assert_eq!(extended["data"]["decision"]["reason"], "many items");
    assert_ne!(
        extended["data"]["expected_completion_time"],
        soon["data"]["expected_completion_time"]
    );
    let log = daemon.end("-TERM").1;
    assert_eq!(log.matches("is past its due time").count(), 1, "{log}");
    let told = || -> Vec<Value> {
        let due = |event: &Value| event["type"] == "io.dsrd.request.due.v1";
        home.events().into_iter().filter(due).collect()
    };
    let before = told();
    assert_eq!(before.len(), 2, "{before:?}");
    // Begun again: `r-soon` has more time now, and `r-late` is told of under the same id.
    let daemon = home.serve_with(&["--config", "dsrd.toml"]);
    wait_for("a second warning", || daemon.log().contains("is past its due time"));
    assert_eq!(daemon.end("-TERM").0, Some(0));
    assert_eq!(told(), before);
}
