//! Several requests acted on at the same time: nobody waits for a long one, exports go one by one,
//! and so do those that are at the same item.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dsrd::domain::policy::action::Otherwise;
use dsrd::domain::policy::rules::{Rule, Treatment};
use serde_json::{Value, json};

use crate::support::simulation::scenario::{
    SOURCE, Scenario, control, correspondence, request_with, rule, simulate,
};
use crate::support::simulation::story::ending;
use crate::support::simulation::tripwire::Point;

/// Requests acted on at the same time.
const ABREAST: usize = 4;

fn address(person: usize) -> String {
    format!("zyxcanary.{person}@leaky.example")
}

/// What an item of theirs reads.
pub fn asked_by(person: usize) -> String {
    format!("asked by {}\n", address(person))
}

/// What somebody else asks for, due the later the higher the number.
pub fn of_person(person: usize, kind: &str) -> Value {
    let due = format!("2026-12-{:02}T00:00:00Z", 10 + person);
    let mut asked = request_with(&format!("r-{person}"), kind, json!({ "due_time": due }));
    asked["subject_identities"] =
        json!([{ "identity_type": "email", "identity_value": address(person) }]);
    asked
}

/// Items of so many people, each of one person.
pub fn abreast(people: usize) -> Scenario {
    let mut scenario = Scenario::new();
    scenario.limits.act_requests_max = ABREAST;
    for person in 0..people {
        scenario.source(SOURCE).put(&format!("of/{person}.txt"), asked_by(person));
    }
    scenario
}

fn lived(scenario: &Scenario) -> String {
    simulate(async || {
        scenario.live().await;
        scenario.assert_silent().await;
        ending(scenario).await
    })
}

/// Which acts of that kind began and ended, in this order: how many there were at most at once.
fn most_at_once(scenario: &Scenario, kind: &str) -> usize {
    let (mut now, mut most) = (0, 0);
    for line in scenario.logs.text().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let (message, of) = (line["message"].as_str(), line["request.kind"].as_str());
        match message.filter(|_| of == Some(kind)) {
            Some("act begins") => now += 1,
            Some("act ended") => now -= 1,
            _ => {}
        }
        most = most.max(now);
    }
    most
}

/// The first is held at its item until somebody else was acted on.
#[test]
fn nobody_waits_for_an_erasure_that_takes_long() {
    let scenario = abreast(1).sent(of_person(0, "erasure")).sent(of_person(1, "erasure"));
    scenario.wire.hold(Point::Erase, "acted");
    let ended = lived(&scenario);
    assert_eq!(ended.matches("is completed").count(), 2, "{ended}");
    assert_eq!(most_at_once(&scenario, "erasure"), 2);
}

/// Nobody goes on before all were planned, of whom the last is told then to go.
#[test]
fn so_many_are_acted_on_and_no_more() {
    const PEOPLE: usize = 3 * ABREAST;
    let mut scenario = abreast(PEOPLE);
    for person in 0..PEOPLE {
        scenario = scenario.sent(of_person(person, "erasure"));
    }
    scenario.wire.hold(Point::Erase, "cancelled");
    let (inbox, planned) = (Arc::clone(&scenario.inbox), AtomicUsize::new(0));
    let cancel = control("cancel", &format!("r-{}", PEOPLE - 1)).to_string();
    scenario.wire.on("planned", move || {
        if planned.fetch_add(1, Ordering::Relaxed) + 1 == PEOPLE {
            inbox.push(cancel.clone(), correspondence());
        }
    });
    let ended = lived(&scenario);
    assert_eq!(ended.matches("is completed").count(), PEOPLE - 1, "{ended}");
    assert_eq!(most_at_once(&scenario, "erasure"), ABREAST);
    assert_eq!(scenario.source(SOURCE).names().len(), 1);
}

#[test]
fn exports_go_one_by_one() {
    let mut scenario = abreast(ABREAST);
    for person in 0..ABREAST {
        let kind = if person == 1 { "erasure" } else { "access" };
        scenario = scenario.sent(of_person(person, kind));
    }
    let ended = lived(&scenario);
    assert_eq!(ended.matches("is completed").count(), ABREAST, "{ended}");
    assert_eq!(most_at_once(&scenario, "access"), 1);
}

/// What the sweeps saw and whom they met is the same for all, and is read once.
#[test]
fn what_a_sweep_came_to_is_read_once_for_all_whom_it_is_about() {
    const PEOPLE: usize = 8;
    let mut scenario = abreast(PEOPLE).ruled_by(vec![redacting()]);
    for person in 0..PEOPLE {
        scenario = scenario.sent(of_person(person, "erasure"));
    }
    scenario.limits.verify_gather_ms = 60_000;
    let ended = lived(&scenario);
    assert_eq!(ended.matches("is completed").count(), PEOPLE, "{ended}");
    for (name, times) in [("seen", 2), ("people", 1)] {
        assert_eq!(scenario.wire.looks(name), times, "{name}");
    }
}

fn redacting() -> Rule {
    Rule { shared: Some(Treatment::Redact), otherwise: Otherwise::Leave, ..rule(Treatment::Redact) }
}

/// All are found in the same bytes, and each takes out of them what the others left.
#[test]
fn an_item_that_speaks_of_many_is_rewritten_for_each_of_them() {
    const PEOPLE: usize = 8;
    let mut scenario = abreast(0).ruled_by(vec![redacting()]);
    let text: String = (0..PEOPLE).map(asked_by).collect();
    scenario.source(SOURCE).put("team.txt", text + "and kofi@contoso.com\n");
    for person in 0..PEOPLE {
        scenario = scenario.sent(of_person(person, "erasure"));
    }
    let ended = lived(&scenario);
    assert_eq!(ended.matches("is completed").count(), PEOPLE, "{ended}");
    let left = scenario.source(SOURCE).get("team.txt").unwrap();
    let expected = "asked by [erased]\n".repeat(PEOPLE) + "and kofi@contoso.com\n";
    assert_eq!(String::from_utf8_lossy(&left), expected);
}
