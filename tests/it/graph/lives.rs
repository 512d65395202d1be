//! How a copy of the tenant's logs goes, and what is told of it.

use std::io::{Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dsrd::domain::request::RequestId;
use dsrd::ports::tenant_logs::Asked;
use dsrd::worker::status::Status;
use jiff::SignedDuration;
use serde_json::{Value, json};
use zip::ZipArchive;

use crate::support::simulation::copies::{Answer, Copies, End};
use crate::support::simulation::leaks::OBJECT_ID;
use crate::support::simulation::scenario::{
    SOURCE, Scenario, control, correspondence, request, request_with, simulate,
};
use crate::support::simulation::story::ending;
use crate::support::simulation::tripwire::{Fuse, Trip};

const AT: &str = "account/logs-r-1";

fn copying(copies: Copies) -> Scenario {
    let mut scenario = Scenario::small().with_copies(copies).sent(request("r-1", "access"));
    scenario.tick_ms = 60_000;
    scenario
}

/// What the last event about `r-1` says.
fn lived(scenario: &Scenario) -> Value {
    simulate(async || {
        scenario.live().await;
        scenario.assert_silent().await;
        // Whoever announces keeps the contract.
        ending(scenario).await;
    });
    let published = scenario.announcer.published();
    let last = published.iter().rfind(|event| event.request.as_str() == "r-1").unwrap();
    serde_json::from_str(&last.body).unwrap()
}

/// What it says of the tenant's logs.
fn told(event: &Value) -> Value {
    let coverage = event["data"]["coverage"].as_array().unwrap();
    let mut lines = coverage.iter().filter(|line| line["sort"] == "tenant_logs");
    let line = lines.next().unwrap().clone();
    assert!(lines.next().is_none(), "{event:#}");
    line
}

fn entry(scenario: &Scenario, name: &str) -> String {
    let archive = scenario.exports.get("r-1.zip").unwrap();
    let (mut zip, mut text) = (ZipArchive::new(Cursor::new(archive)).unwrap(), String::new());
    zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

/// The words of all records of a request.
fn words(scenario: &Scenario, id: &str) -> Vec<&'static str> {
    let id = RequestId::new(id).unwrap();
    let records = simulate(async || scenario.ledger().await.records(&id).await.unwrap());
    records.iter().map(|record| record.event.word()).collect()
}

fn refused(why: &str) -> Answer {
    Answer::Says(Asked::Refused(why.to_owned()))
}

fn later(why: &str) -> Answer {
    Answer::Says(Asked::Later { look_in_ms: 30_000, why: why.to_owned() })
}

#[test]
fn what_was_copied_is_told_everywhere_and_handed_over_by_hand() {
    for (language, says) in [
        ("en", "Fetch what Microsoft Graph has copied to account/logs-r-1."),
        ("de", "Holen, was Microsoft Graph nach account/logs-r-1 kopiert hat."),
        ("fr", "Chercher ce que Microsoft Graph a copié dans account/logs-r-1."),
        ("ja", "Microsoft Graph が account/logs-r-1 に複製したものを取り出します。"),
    ] {
        let message = request_with("r-1", "access", json!({ "language": language }));
        let mut scenario = Scenario::small().with_copies(Copies::after(3)).sent(message);
        scenario.tick_ms = 60_000;
        let event = lived(&scenario);
        assert_eq!(event["type"], "io.dsrd.request.completed.v1", "{event:#}");
        let line = told(&event);
        assert_eq!((&line["looked"], &line["at"]), (&json!("looked"), &json!(AT)));
        let step = &event["data"]["manual_steps"][0];
        assert_eq!((&step["system"], &step["copied_to"]), (&json!("Microsoft Graph"), &json!(AT)));
        assert!(!step.to_string().contains("--left"), "{step}");
        let manifest: Value = serde_json::from_str(&entry(&scenario, "manifest.json")).unwrap();
        assert_eq!(manifest["manual_steps"], event["data"]["manual_steps"]);
        assert!(manifest["coverage"].as_array().unwrap().contains(&line), "{manifest:#}");
        let report = entry(&scenario, "report.html");
        assert!(report.contains(says) && !report.contains("Add export request"), "{language}");
        let copies = scenario.copies.as_ref().unwrap();
        assert_eq!(copies.asked(), [OBJECT_ID]);
        assert_eq!(copies.containers(), [AT]);
        let words = words(&scenario, "r-1");
        let waits = ["act_started", "wait_started", "act_started", "acted", "verified"];
        assert!(words.ends_with(&waits), "{words:?}");
        let status = simulate(async || {
            let status = Status { ledger: scenario.ledger().await };
            status.describe(&RequestId::new("r-1").unwrap()).await.unwrap().unwrap()
        });
        assert!(status["coverage"].as_array().unwrap().contains(&line), "{status:?}");
    }
}

#[test]
fn meanwhile_it_says_what_it_waits_for_and_others_go_on() {
    let scenario = copying(Copies::after(20)).sent(request("r-2", "portability"));
    lived(&scenario);
    let published = scenario.announcer.published();
    let place = |id: &str, name: &str| {
        published.iter().position(|it| it.request.as_str() == id && it.name == name).unwrap()
    };
    assert!(place("r-2", "completed") < place("r-1", "completed"));
    let waits = published.iter().find_map(|event| {
        let event: Value = serde_json::from_str(&event.body).unwrap();
        (!event["data"]["waiting"].is_null()).then(|| event["data"].clone())
    });
    let waits = waits.unwrap();
    assert_eq!(waits["progress"]["stage"], "waiting");
    assert_eq!(waits["waiting"]["for"], json!([{ "source": "Microsoft Graph", "items": 1 }]));
    // Two days before it is due, for who has to hand the archive over.
    assert_eq!(waits["waiting"]["until_at_most"], "2026-12-22T00:00:00Z");
}

/// Whatever the service does, everything else is exported; the request says why this is not, and
/// what a person can do.
#[test]
fn what_is_not_copied_is_told_and_keeps_nothing_else_from_being_exported() {
    let hours = |hours| SignedDuration::from_hours(hours);
    let lost = || vec![Answer::Lost; 3];
    let always = |answer: Answer| vec![answer; 1_000];
    let table: [(&str, Copies); 8] = [
        ("forbidden", Copies::default().answering(&[refused("forbidden")])),
        ("no_such_user", Copies::default().answering(&[refused("no_such_user")])),
        ("failed", Copies::after(2).ending(End::Failed)),
        ("unfinished", Copies::after(2).ending(End::Never).lasting(hours(5))),
        ("unfinished", Copies::after(2).ending(End::Forgotten).lasting(hours(5))),
        ("unanswered", Copies::default().answering(&lost())),
        ("throttled", Copies::default().answering(&always(later("throttled"))).lasting(hours(5))),
        ("no_time_left", Copies::default().lasting(SignedDuration::from_mins(59))),
    ];
    for (why, copies) in table {
        let scenario = copying(copies);
        let event = lived(&scenario);
        assert_eq!(event["type"], "io.dsrd.request.partially_completed.v1", "{why}: {event:#}");
        let line = told(&event);
        assert_eq!((&line["looked"], &line["why"]), (&json!("refused"), &json!(why)));
        let step = &event["data"]["manual_steps"][0];
        assert_eq!(step["system"], "Azure Privacy portal");
        assert_eq!(step["not_copied"], why);
        assert!(step["steps"][0].as_str().unwrap().contains("--left"), "{step}");
        assert_eq!(event["data"]["counts"]["outcomes"], json!({ "exported": 2 }));
        let report = entry(&scenario, "report.html");
        assert!(report.contains("Add export request") && report.contains(why));
        assert!(scenario.copies.as_ref().unwrap().asked().len() <= 1_000);
    }
}

#[test]
fn what_passes_is_waited_for_and_a_lost_answer_is_asked_for_again_a_few_times() {
    for (answers, asked) in [
        (vec![later("throttled"), later("unavailable"), later("unreachable")], 4),
        (vec![Answer::Lost], 2),
        (vec![Answer::Lost, later("throttled"), Answer::Lost], 4),
    ] {
        let scenario = copying(Copies::after(1).answering(&answers));
        let event = lived(&scenario);
        assert_eq!(event["type"], "io.dsrd.request.completed.v1", "{event:#}");
        assert_eq!(scenario.copies.as_ref().unwrap().asked().len(), asked);
    }
}

/// Only for a copy of everything, for a person whom the tenant knows, and only where it is set up.
#[test]
fn nobody_is_asked_where_it_makes_no_sense() {
    let unnamed = {
        let mut message = request("r-1", "access");
        let identities = message["subject_identities"].as_array_mut().unwrap();
        identities.retain(|identity| identity["identity_type"] != "object_id");
        message
    };
    let table = [
        (request("r-1", "portability"), "tenant_administrator"),
        (request("r-1", "erasure"), "tenant_administrator"),
        (request_with("r-1", "access", json!({ "sources": [SOURCE] })), "tenant_administrator"),
        (request_with("r-1", "access", json!({ "dry_run": true })), "tenant_administrator"),
        (unnamed, "no_object_id"),
    ];
    for (message, why) in table {
        let scenario = Scenario::small().with_copies(Copies::after(1)).sent(message);
        let event = lived(&scenario);
        assert_eq!(event["type"], "io.dsrd.request.completed.v1", "{event:#}");
        let line = told(&event);
        let expected = (json!("cannot_be_looked_at"), json!(why));
        assert_eq!((line["looked"].clone(), line["why"].clone()), expected);
        let copies = scenario.copies.as_ref().unwrap();
        assert!(copies.asked().is_empty() && copies.containers().is_empty());
    }
    let scenario = Scenario::small().sent(request("r-1", "access"));
    assert_eq!(told(&lived(&scenario))["why"], "tenant_administrator");
}

#[test]
fn each_object_id_of_a_person_is_asked_about_once() {
    let second = "1b2c3d4e-0000-4000-8000-00000000c0de";
    let mut message = request("r-1", "access");
    let identities = message["subject_identities"].as_array_mut().unwrap();
    for id in [second, OBJECT_ID] {
        identities.push(json!({ "identity_type": "object_id", "identity_value": id }));
    }
    for (copies, name) in [
        (Copies::after(2), "completed"),
        (Copies::after(2).answering(&[refused("no_such_user")]), "partially_completed"),
    ] {
        let mut scenario = Scenario::small().with_copies(copies).sent(message.clone());
        scenario.tick_ms = 60_000;
        let event = lived(&scenario);
        assert_eq!(event["type"], format!("io.dsrd.request.{name}.v1"), "{event:#}");
        assert_eq!(told(&event)["at"], AT);
        let mut asked = scenario.copies.as_ref().unwrap().asked();
        asked.sort();
        let mut expected = [OBJECT_ID, second];
        expected.sort_unstable();
        assert_eq!(asked, expected);
    }
}

#[test]
fn what_was_copied_is_removed_with_the_archive() {
    let mut scenario = copying(Copies::after(1));
    scenario.keeping.archive_life_ms = 600_000;
    scenario.until_expired = true;
    let event = lived(&scenario);
    assert_eq!(event["type"], "io.dsrd.request.completed.v1", "{event:#}");
    assert_eq!(scenario.copies.as_ref().unwrap().containers(), Vec::<String>::new());
    assert!(scenario.exports.names().is_empty());
}

/// Stopped while the service is at it, or once it is done: what it writes has
/// nowhere to go any more. Tried again, it is asked again, and nothing is told that is not there.
#[test]
fn what_was_stopped_leaves_nothing_and_is_asked_for_anew() {
    for (word, time) in [("wait_started", 1), ("act_started", 2)] {
        let mut scenario = copying(Copies::after(30));
        scenario.until_expired = true;
        say_on(&scenario, word, time, control("cancel", "r-1"));
        let event = lived(&scenario);
        assert_eq!(event["type"], "io.dsrd.request.failed.v1", "{word}: {event:#}");
        let copies = Arc::clone(scenario.copies.as_ref().unwrap());
        assert_eq!(copies.containers(), Vec::<String>::new(), "{word}");
        let asked = copies.asked().len();
        scenario.until_expired = false;
        scenario.inbox.push(control("retry", "r-1").to_string(), correspondence());
        let event = lived(&scenario);
        assert_eq!(event["type"], "io.dsrd.request.completed.v1", "{word}: {event:#}");
        assert_eq!(told(&event)["at"], AT, "{word}");
        assert_eq!(copies.containers(), [AT], "{word}");
        assert_eq!(copies.asked().len(), asked + 1, "{word}");
    }
}

/// Says it once that happened so often.
fn say_on(scenario: &Scenario, word: &'static str, time: usize, message: Value) {
    let (inbox, times) = (Arc::clone(&scenario.inbox), AtomicUsize::new(0));
    scenario.wire.on(word, move || {
        if times.fetch_add(1, Ordering::Relaxed) + 1 == time {
            inbox.push(message.to_string(), correspondence());
        }
    });
}

/// Once it is turned off, what waits for it goes on.
#[test]
fn what_is_not_set_up_any_more_is_waited_for_by_nobody() {
    let scenario = copying(Copies::after(10_000));
    scenario.wire.count("wait_started");
    scenario.wire.set(Fuse { at: 1, after: true, trip: Trip::Kill });
    simulate(async || scenario.live().await);
    let mut scenario = scenario;
    scenario.wire.mend();
    scenario.inbox.take_back();
    scenario.copies = None;
    let event = lived(&scenario);
    assert_eq!(event["type"], "io.dsrd.request.partially_completed.v1", "{event:#}");
    assert_eq!(told(&event)["why"], "not_configured");
}

/// The tenant knows people by GUIDs in one form, whatever form they come in.
#[test]
fn an_object_id_is_asked_about_as_the_tenant_writes_it() {
    let plain = OBJECT_ID.replace('-', "");
    for value in [OBJECT_ID.to_uppercase(), plain, format!("{{{OBJECT_ID}}}")] {
        let mut message = request("r-1", "access");
        for identity in message["subject_identities"].as_array_mut().unwrap() {
            if identity["identity_type"] == "object_id" {
                identity["identity_value"] = value.clone().into();
            }
        }
        let mut scenario = Scenario::small().with_copies(Copies::after(1)).sent(message);
        scenario.tick_ms = 60_000;
        let event = lived(&scenario);
        assert_eq!(event["type"], "io.dsrd.request.completed.v1", "{value}: {event:#}");
        assert_eq!(scenario.copies.as_ref().unwrap().asked(), [OBJECT_ID], "{value}");
        assert_eq!(told(&event)["at"], AT);
    }
}

/// A service that wants to be asked again later about one is not asked sooner for the sake of
/// another.
#[test]
fn each_copy_has_its_own_time() {
    let mut message = request("r-1", "access");
    let second = "1b2c3d4e-0000-4000-8000-00000000c0de";
    let identities = message["subject_identities"].as_array_mut().unwrap();
    identities.push(json!({ "identity_type": "object_id", "identity_value": second }));
    let copies = Copies::after(5).answering(&[Answer::Lost]);
    let mut scenario = Scenario::small().with_copies(copies).sent(message);
    scenario.tick_ms = 10_000;
    let event = lived(&scenario);
    assert_eq!(event["type"], "io.dsrd.request.completed.v1", "{event:#}");
    assert_eq!(scenario.copies.as_ref().unwrap().asked().len(), 3);
    let id = RequestId::new("r-1").unwrap();
    let records = simulate(async || scenario.ledger().await.records(&id).await.unwrap());
    let at = |word: &str| records.iter().rfind(|it| it.event.word() == word).unwrap().at;
    let waited = at("act_started").duration_since(at("wait_started"));
    assert!((600..1_000).contains(&waited.as_secs()), "{waited}");
}
