//! People who were erased and come back: restored, or written late.

use serde_json::{Value, json};
use sqlx::{AnyConnection, Connection, Executor};

use crate::support::simulation::leaks::{EMAIL, NAME, OBJECT_ID};
use crate::support::simulation::scenario::{
    SOURCE, Scenario, correspondence, notes, request, request_with, simulate,
};
use crate::support::simulation::story::ending;

/// About somebody of whom nothing is held: its sweep reads everything all the same.
fn about_another(id: &str) -> Value {
    let mut other = request(id, "access");
    other["subject_identities"] =
        json!([{ "identity_type": "email", "identity_value": "somebody.else@elsewhere.example" }]);
    other
}

/// A workspace in which erased people are looked for, and an erasure in it.
fn remembering(request: Value) -> Scenario {
    let mut scenario = Scenario::small().sent(request);
    scenario.keeping.tombstone_days = 90;
    scenario
}

/// Lets an export of somebody else follow.
async fn sweep_again(scenario: &Scenario, id: &str) {
    scenario.inbox.push(about_another(id).to_string(), correspondence());
    scenario.live().await;
    scenario.assert_silent().await;
}

/// What was announced of things that came back, in order.
fn told(scenario: &Scenario) -> Vec<Value> {
    let events = scenario.announcer.published();
    let events = events.into_iter().filter(|event| event.name == "returned");
    events
        .map(|event| serde_json::from_str::<Value>(&event.body).unwrap()["data"].clone())
        .collect()
}

async fn known(scenario: &Scenario) -> usize {
    let ledger = scenario.ledger().await;
    ledger.buried().await.unwrap().len()
}

#[test]
fn what_comes_back_is_told_of_once() {
    simulate(async || {
        let scenario = remembering(request("r-1", "erasure"));
        let source = scenario.source(SOURCE);
        scenario.live().await;
        // Of name and customer id nothing is kept.
        assert_eq!(known(&scenario).await, 2);
        sweep_again(&scenario, "r-2").await;
        assert_eq!(told(&scenario), Vec::<Value>::new(), "nothing came back yet");

        source.put("restored/notes.txt", format!("zz {EMAIL} zz"));
        source.put(&format!("by/{OBJECT_ID}"), "nothing");
        source.put("by name.txt", NAME);
        sweep_again(&scenario, "r-3").await;
        let told_now = told(&scenario);
        assert_eq!(told_now.len(), 1);
        assert_eq!(told_now[0]["subject_request_id"], "r-1");
        assert_eq!(told_now[0]["request_status"], "completed");
        assert_eq!(told_now[0]["outcome"], "completed");
        assert_eq!(
            told_now[0]["returned"],
            json!({ "items": 2, "sources": [{ "source": SOURCE, "items": 2 }] })
        );

        sweep_again(&scenario, "r-4").await;
        assert_eq!(told(&scenario).len(), 1, "once is enough");
        source.put("later.txt", notes("late"));
        sweep_again(&scenario, "r-5").await;
        assert_eq!(told(&scenario)[1]["returned"]["items"], 1, "what is new is told of");
        assert!(source.get("later.txt").is_some(), "and nothing is erased by that");

        let ended = ending(&scenario).await;
        assert!(ended.contains("r-1 (erasure) is completed"), "{ended}");
        assert!(ended.contains("7 returned -> completed, announced returned"), "{ended}");
        let metrics = scenario.metrics.lock().unwrap().concat();
        assert!(metrics.contains("dsrd_items_returned_total 2"), "{metrics}");
        assert!(scenario.logs.text().contains("what was erased came back"));
    });
}

#[test]
fn what_was_left_has_not_come_back() {
    let scenario = Scenario::obstructed("tax law");
    let source = scenario.source(SOURCE);
    let mut scenario = scenario.sent(request("r-1", "erasure"));
    scenario.keeping.tombstone_days = 90;
    simulate(async || {
        scenario.live().await;
        // It can be read again, and is what it was.
        source.set_fault("archived.txt", None);
        sweep_again(&scenario, "r-2").await;
        assert_eq!(told(&scenario), Vec::<Value>::new());
        scenario.source("billing").put("invoice 2.txt", notes("another"));
        sweep_again(&scenario, "r-3").await;
        assert_eq!(told(&scenario)[0]["returned"]["sources"][0]["source"], "billing");
        assert_eq!(told(&scenario)[0]["outcome"], "partially_completed");
    });
}

#[test]
fn where_nobody_was_looked_for_nobody_comes_back() {
    let only = json!({ "sources": [SOURCE] });
    let mut scenario = remembering(request_with("r-1", "erasure", only)).with_source("billing");
    scenario.source("billing").put("invoice.txt", notes("invoice"));
    scenario.keeping.tombstone_days = 90;
    simulate(async || {
        scenario.live().await;
        sweep_again(&scenario, "r-2").await;
        assert_eq!(told(&scenario), Vec::<Value>::new());
    });
}

#[test]
fn a_new_request_erases_what_came_back() {
    simulate(async || {
        let scenario = remembering(request("r-1", "erasure"));
        let source = scenario.source(SOURCE);
        scenario.live().await;
        source.put("restored.txt", notes("restored"));
        scenario.inbox.push(request("r-2", "erasure").to_string(), correspondence());
        scenario.live().await;
        scenario.assert_silent().await;
        assert_eq!(told(&scenario)[0]["subject_request_id"], "r-1");
        assert!(source.get("restored.txt").is_none());
        source.put("restored.txt", notes("again"));
        sweep_again(&scenario, "r-3").await;
        let told: Vec<Value> =
            told(&scenario).iter().map(|data| data["subject_request_id"].clone()).collect();
        assert_eq!(told, ["r-1", "r-2"], "of the same place each request is told once");
    });
}

#[test]
fn people_are_forgotten_in_the_end() {
    simulate(async || {
        let scenario = remembering(request("r-1", "erasure"));
        scenario.live().await;
        scenario.clock.advance_ms(89 * 86_400_000);
        sweep_again(&scenario, "r-2").await;
        assert_eq!(known(&scenario).await, 2);
        scenario.clock.advance_ms(2 * 86_400_000);
        scenario.source(SOURCE).put("restored.txt", notes("restored"));
        sweep_again(&scenario, "r-3").await;
        assert_eq!(told(&scenario), Vec::<Value>::new());
        let url = format!("sqlite:{}/ledger.db", scenario.path().display());
        let mut ledger = AnyConnection::connect(&url).await.unwrap();
        let rows = ledger.fetch_all("SELECT request FROM tombstones").await.unwrap();
        assert!(rows.is_empty(), "the rows are gone");
    });
}

#[test]
fn nobody_is_remembered_where_that_is_off() {
    simulate(async || {
        let mut scenario = remembering(request("r-1", "erasure"));
        scenario.keeping.tombstone_days = 0;
        scenario.live().await;
        assert_eq!(known(&scenario).await, 0);
    });
}

#[test]
fn a_dry_run_and_an_export_leave_no_trace() {
    simulate(async || {
        let scenario = remembering(request_with("r-1", "erasure", json!({ "dry_run": true })))
            .sent(request("r-2", "access"));
        scenario.live().await;
        assert_eq!(known(&scenario).await, 0);
    });
}
