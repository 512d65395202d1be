//! What is refused is told as what it is: a message that was refused, and not the end of the
//! request that it names.

use std::collections::BTreeMap;
use std::sync::Arc;

use dsrd::domain::policy::guard::Guard;
use dsrd::domain::request::RequestId;
use dsrd::domain::state::State;
use dsrd::worker::status::Status;
use serde_json::{Value, json};
use sqlx::{Connection, Executor, SqliteConnection};

use crate::support::simulation::leaks::{CUSTOMER, EMAIL, NAME, OBJECT_ID};
use crate::support::simulation::scenario::{
    Scenario, control, correspondence, request, request_with, simulate,
};

fn events(scenario: &Scenario) -> Vec<Value> {
    simulate(async || scenario.live().await);
    let published = scenario.announcer.published();
    published.iter().map(|event| serde_json::from_str(&event.body).unwrap()).collect()
}

/// The last status of each request, as OpenDSR has it.
fn statuses(events: &[Value]) -> BTreeMap<&str, &str> {
    let each = events.iter().map(|event| &event["data"]);
    each.map(|data| {
        let id = data["subject_request_id"].as_str().unwrap();
        (id, data["request_status"].as_str().unwrap())
    })
    .collect()
}

/// All that can be wrong with a message which names that request.
fn refused(id: &str, verb: &str) -> [Value; 4] {
    let mut conflict = request(id, "erasure");
    conflict["submitted_time"] = "2026-11-23T10:00:00Z".into();
    let mut malformed = request(id, "erasure");
    malformed["regulation"] = json!(7);
    let mut stray = control(verb, id);
    stray["colour"] = "red".into();
    [conflict, malformed, stray, control(verb, id)]
}

#[test]
fn a_refusal_is_not_the_end_of_the_request_that_it_names() {
    for (guard, ends, verb) in
        [(1, "held", "retry"), (1_000, "completed", "approve"), (1, "cancelled", "retry")]
    {
        let mut scenario = Scenario::small().sent(request("r-1", "erasure"));
        scenario.guard = Guard { items_max: guard, share_max: 1.0, share_items_min: 0 };
        let cancel = control("cancel", "r-1").to_string();
        if ends == "cancelled" {
            let inbox = Arc::clone(&scenario.inbox);
            scenario.wire.on("held", move || inbox.push(cancel.clone(), correspondence()));
        }
        drop(events(&scenario));
        for message in refused("r-1", verb) {
            scenario.inbox.push(message.to_string(), correspondence());
        }
        let events = events(&scenario);
        let status = match ends {
            "held" => "in_progress",
            other => other,
        };
        assert_eq!(statuses(&events), BTreeMap::from([("r-1", status)]), "{ends}");
        let of_type = |event: &&Value| event["type"] == "io.dsrd.request.rejected.v1";
        let refusals: Vec<&Value> = events.iter().filter(of_type).collect();
        assert_eq!(refusals.len(), 4, "{ends}");
        for refusal in refusals {
            assert!(refusal["subject"].as_str().unwrap().starts_with("rejected-"), "{refusal}");
        }
        // Who follows one subject sees each sequence once, and all of them.
        let of_it = events.iter().filter(|event| event["subject"] == "r-1");
        let sequences: Vec<String> =
            of_it.map(|event| event["sequence"].as_str().unwrap().to_owned()).collect();
        let expected: Vec<String> = (1..=sequences.len()).map(|n| format!("{n:010}")).collect();
        assert_eq!(sequences, expected, "{ends}");
    }
}

#[test]
fn a_refusal_in_one_batch_with_its_request_is_none_of_its_end_either() {
    let mut scenario = Scenario::small().sent(request("r-1", "access"));
    for message in refused("r-1", "approve") {
        scenario = scenario.sent(message);
    }
    let events = events(&scenario);
    // Of what was ledgered in one moment any subject may be announced first.
    let (of_it, refusals): (Vec<Value>, Vec<Value>) =
        events.into_iter().partition(|event| event["subject"] == "r-1");
    assert_eq!(statuses(&of_it)["r-1"], "completed");
    assert_eq!(refusals.len(), 4);
    for refusal in refusals {
        assert_eq!(refusal["type"], "io.dsrd.request.rejected.v1");
        assert!(refusal["subject"].as_str().unwrap().starts_with("rejected-"), "{refusal}");
        let status = refusal["data"]["request_status"].as_str().unwrap();
        assert!(["pending", "in_progress"].contains(&status), "{refusal}");
    }
}

#[test]
fn a_refused_message_that_names_no_request_of_ours_is_known_by_its_id() {
    let mut bad = request("r-1", "erasure");
    bad["regulation"] = json!(7);
    let scenario = Scenario::small().sent(bad);
    let seen = events(&scenario);
    assert_eq!((&seen[0]["subject"], seen.len()), (&json!("r-1"), 1));
    assert_eq!(statuses(&seen), BTreeMap::from([("r-1", "cancelled")]));
    let described = simulate(async || {
        let status = Status { ledger: scenario.ledger().await };
        let id = |text| RequestId::new(text).unwrap();
        assert!(status.describe(&id("r-2")).await.unwrap().is_none());
        status.describe(&id("r-1")).await.unwrap().unwrap()
    });
    assert_eq!(described["state"], "rejected");
}

#[test]
fn the_same_request_is_the_same_however_it_is_written() {
    let first = request_with("r-1", "access", json!({ "language": "de" }));
    let fields = first.as_object().unwrap();
    let reversed: serde_json::Map<String, Value> =
        fields.iter().rev().map(|(key, value)| (key.clone(), value.clone())).collect();
    let with = |field: &str, value: Value| {
        let mut message = first.clone();
        message[field] = value;
        message.to_string()
    };
    let mut identities = first["subject_identities"].as_array().unwrap().clone();
    identities.reverse();
    let by_type = json!({
        "email": { "value": EMAIL, "encoding": "raw" },
        "object_id": { "value": OBJECT_ID, "encoding": "raw" },
        "name": { "value": NAME, "encoding": "raw" },
        "controller_customer_id": { "value": CUSTOMER, "encoding": "raw" },
    });
    let escaped = first.to_string().replace("zyxcanary", "\\u007ayxcanary");
    let messages = [
        serde_json::to_string_pretty(&first).unwrap(),
        format!("\u{feff}{first}\n"),
        Value::from(reversed).to_string(),
        escaped,
        with("subject_identities", identities.clone().into()),
        with("subject_identities", [identities.clone(), identities].concat().into()),
        with("subject_identities", by_type),
        with("subject_request_type", "export".into()),
        with("submitted_time", "2026-11-23T18:00:00.000+09:00".into()),
        with("regulation", "GDPR".into()),
        with("api_version", "3.0".into()),
        with("property_id", "p-1".into()),
        with("skip_waiting_period", true.into()),
        with("extensions", json!({ "crm": { "n": 1 }, "dsrd": { "language": "de" } })),
        with("extensions", json!({ "dsrd": { "dry_run": false, "language": "de" } })),
    ];
    let mut scenario = Scenario::small().sent(first.clone());
    for message in &messages {
        scenario.inbox.push(message.clone(), correspondence());
    }
    scenario = scenario.sent(first.clone());
    let seen = events(&scenario);
    let letters: Vec<String> =
        scenario.inbox.dead_letters().into_iter().map(|letter| letter.reason).collect();
    assert_eq!(letters, [""; 0]);
    assert_eq!(statuses(&seen), BTreeMap::from([("r-1", "completed")]));
}

#[test]
fn another_request_under_the_same_id_is_another() {
    let first = request_with("r-1", "access", json!({ "language": "de" }));
    let with = |field: &str, value: Value| {
        let mut message = first.clone();
        message[field] = value;
        message
    };
    let fewer = first["subject_identities"].as_array().unwrap()[1..].to_vec();
    let others = [
        with("subject_request_type", "portability".into()),
        with("submitted_time", "2026-11-23T09:00:01Z".into()),
        with("regulation", "ccpa".into()),
        with("subject_identities", fewer.into()),
        with("extensions", json!({ "dsrd": { "language": "ja" } })),
        with("extensions", json!({ "dsrd": { "language": "de", "sources": ["azureml"] } })),
        with("extensions", json!({ "dsrd": { "language": "de", "dry_run": true } })),
        with("extensions", json!({})),
    ];
    let count = others.len();
    let mut scenario = Scenario::small().sent(first.clone());
    for message in others {
        scenario = scenario.sent(message);
    }
    drop(events(&scenario));
    let letters = scenario.inbox.dead_letters();
    assert_eq!(letters.len(), count);
    assert!(letters.iter().all(|letter| letter.reason == "conflict /subject_request_id"));
}

/// Whatever of it that is: the next ones are served.
#[test]
fn what_the_ledger_will_never_hold_stops_nothing() {
    let poisoned = |id: &str| {
        let mut to = correspondence();
        to.correlation_id = Some("poison".to_owned());
        (request(id, "access").to_string(), to)
    };
    let scenario = Scenario::small();
    simulate(async || {
        drop(scenario.ledger().await);
        let url = format!("sqlite:{}/ledger.db", scenario.path().display());
        let mut database = SqliteConnection::connect(&url).await.unwrap();
        // A mismatch of types is one of the few things that no wait mends.
        database.execute("CREATE TABLE numbers (n INTEGER PRIMARY KEY)").await.unwrap();
        let trigger = "CREATE TRIGGER picky BEFORE INSERT ON requests \
             WHEN NEW.correlation_id = 'poison' BEGIN INSERT INTO numbers VALUES ('x'); END";
        database.execute(trigger).await.unwrap();
        database.close().await.unwrap();
        scenario.inbox.push(request("r-1", "access").to_string(), correspondence());
        let (body, to) = poisoned("r-2");
        scenario.inbox.push(body, to);
        let (_, to) = poisoned("r-3");
        scenario.inbox.push("no json", to);
        scenario.inbox.push(request("r-4", "access").to_string(), correspondence());
        scenario.live().await;
        scenario.assert_silent().await;
        let letters: Vec<String> =
            scenario.inbox.dead_letters().into_iter().map(|letter| letter.reason).collect();
        assert_eq!(letters, ["not_storable", "not_storable"]);
        let ended = scenario.ledger().await.standings(&[State::Completed], 9).await.unwrap();
        let ended: Vec<&str> = ended.iter().map(|standing| standing.id.as_str()).collect();
        assert_eq!(ended, ["r-1", "r-4"]);
    });
}

/// As PostgreSQL refuses some, and an older encoding more; see the ledger's contract for those.
#[test]
fn properties_of_any_text_come_back_as_they_were() {
    let texts = ["a\0b", "Ω", "日本", "😀", "\\u0041", "\u{85}", "\r\n"];
    let scenario = Scenario::small();
    for (number, text) in texts.iter().enumerate() {
        let mut to = correspondence();
        to.correlation_id = Some((*text).to_owned());
        let id = format!("r-{number}");
        scenario.inbox.push(request(&id, "access").to_string(), to);
    }
    simulate(async || scenario.live().await);
    let published = scenario.announcer.published();
    for (number, text) in texts.iter().enumerate() {
        let id = format!("r-{number}");
        let of_it: Vec<_> = published.iter().filter(|e| e.request.as_str() == id).collect();
        assert!(of_it.len() > 3);
        assert!(of_it.iter().all(|e| e.correspondence.correlation_id.as_deref() == Some(*text)));
    }
}
