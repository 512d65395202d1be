//! What people are told is true: which law, where data came from, who decided, and no more than is
//! known.

use std::io::{Cursor, Read};
use std::sync::Arc;

use dsrd::domain::policy::guard::Guard;
use dsrd::domain::request::RequestId;
use dsrd::ports::messages::inbox::Label;
use dsrd::stages::message::fault::Terms;
use dsrd::stages::message::read;
use dsrd::worker::status::Status;
use serde_json::{Value, json};
use zip::ZipArchive;

use crate::support::simulation::leaks::EMAIL;
use crate::support::simulation::scenario::{
    SOURCE, Scenario, correspondence, notes, request, request_with, run_document, simulate,
};

/// The state that `r-1` ends in, its manifest and its report.
fn exported(scenario: &Scenario) -> (String, Value, String) {
    simulate(async || {
        scenario.live().await;
        scenario.assert_silent().await;
    });
    let published = scenario.announcer.published();
    let mut zip = ZipArchive::new(Cursor::new(scenario.exports.get("r-1.zip").unwrap())).unwrap();
    let mut read = |name: &str| {
        let mut text = String::new();
        zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        text
    };
    let manifest = serde_json::from_str(&read("manifest.json")).unwrap();
    (published.last().unwrap().name.clone(), manifest, read("report.html"))
}

/// The subject's data all over a workspace.
fn all_over() -> Scenario {
    let scenario = Scenario::new();
    let source = scenario.source(SOURCE);
    let of_bob = json!({ "runId": "r9", "createdBy": { "upn": "bob@contoso.example" },
                         "tags": { "reviewer": EMAIL } });
    source.put("ExperimentRun/dcid.r9/run.json", of_bob.to_string());
    source.put("ExperimentRun/dcid.r1/run.json", run_document());
    for name in [
        "ComputeRecord/dcid.r1",
        "ExperimentRun/dcid.r1/logs/a.txt",
        "ExperimentRun/dcid.r1/outputs/scores.csv",
        "ExperimentRun/dcid.r9/logs/a.txt",
        "LocalUpload/bobs/review.txt",
        "azureml/r1/predictions/part.csv",
        "datasets/customers.csv",
        "Users/bob/about.txt",
    ] {
        source.put(name, notes(name));
    }
    source.put(&format!("Users/{EMAIL}/own.txt"), "nothing else");
    scenario
}

const ORIGINS: [(&str, &str); 11] = [
    ("ComputeRecord/dcid.r1", "observed"),
    ("ExperimentRun/dcid.r1/logs/a.txt", "observed"),
    ("ExperimentRun/dcid.r1/outputs/scores.csv", "inferred"),
    ("ExperimentRun/dcid.r1/run.json", "observed"),
    ("ExperimentRun/dcid.r9/logs/a.txt", "not_known"),
    ("ExperimentRun/dcid.r9/run.json", "not_known"),
    ("LocalUpload/bobs/review.txt", "not_known"),
    ("OWN", "provided"),
    ("Users/bob/about.txt", "not_known"),
    ("azureml/r1/predictions/part.csv", "inferred"),
    ("datasets/customers.csv", "not_known"),
];

#[test]
fn where_data_came_from_is_told_only_where_the_workspace_says_so() {
    let (state, manifest, _) = exported(&all_over().sent(request("r-1", "access")));
    assert_eq!(state, "completed");
    let own = format!("Users/{EMAIL}/own.txt");
    let mut told: Vec<(&str, &str)> = manifest["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| (file["item"].as_str().unwrap(), file["legal_tag"].as_str().unwrap()))
        .map(|(item, tag)| (if item == own { "OWN" } else { item }, tag))
        .map(|(item, tag)| {
            (if item.starts_with("Users/Person") { "Users/bob/about.txt" } else { item }, tag)
        })
        .collect();
    told.sort_unstable();
    assert_eq!(told, ORIGINS);
}

#[test]
fn a_person_takes_along_what_was_provided_and_observed_and_the_rest_is_listed() {
    let (state, manifest, report) = exported(&all_over().sent(request("r-1", "portability")));
    // What the right does not cover is no failure.
    assert_eq!(state, "completed");
    let tags: Vec<&str> = manifest["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["legal_tag"].as_str().unwrap())
        .collect();
    let given = ORIGINS.iter().filter(|(_, tag)| ["provided", "observed"].contains(tag)).count();
    assert_eq!(tags.len(), given);
    assert!(tags.iter().all(|tag| ["provided", "observed"].contains(tag)), "{tags:?}");
    let left = manifest["unreadable"].as_array().unwrap();
    assert_eq!(left.len(), ORIGINS.len() - given, "{manifest}");
    let reasons = left.iter().map(|each| each["reason"].as_str().unwrap());
    let inferred = reasons.filter(|reason| *reason == "portability: inferred").count();
    assert_eq!(inferred, 2);
    assert!(report.contains("It was calculated."), "{report}");
}

#[test]
fn nobody_is_said_to_be_in_what_could_not_be_looked_through() {
    for (language, unsure, others) in [
        ("en", "It could not be ruled out", "other people’s data or keys"),
        ("de", "Es ließ sich nicht ausschließen", "Daten oder Schlüssel anderer"),
        ("fr", "Il n’a pas pu être exclu", "des données ou des clés d’autrui"),
        ("ja", "可能性を否定できませんでした", "他の人のデータまたは鍵"),
    ] {
        let message = request_with("r-1", "access", json!({ "language": language }));
        let alone = Scenario::new().sent(message.clone());
        let cv = format!("Rar!\x1a\x07 by {EMAIL}\n");
        alone.source(SOURCE).put("LocalUpload/a/cv.rar", cv);
        let (_, manifest, report) = exported(&alone);
        let reason = manifest["unreadable"][0]["reason"].as_str().unwrap();
        assert!(reason.starts_with("others: cannot be ruled out"), "{reason}");
        assert!(report.contains(unsure) && !report.contains(others), "{language}: {report}");
        let shared = Scenario::new().sent(message);
        let packed =
            [b"\x93NUMPY\x01\x00\x19".as_slice(), EMAIL.as_bytes(), b"\0bob@contoso.example\0"];
        shared.source(SOURCE).put("packed.bin", packed.concat());
        let (_, _, report) = exported(&shared);
        assert!(report.contains(others) && !report.contains(unsure), "{language}: {report}");
    }
}

#[test]
fn nothing_found_is_not_said_where_what_was_found_is_withheld() {
    let scenario = Scenario::new().sent(request("r-1", "access"));
    let cv = format!("Rar!\x1a\x07 by {EMAIL}\n");
    scenario.source(SOURCE).put("cv.rar", cv);
    let (_, _, report) = exported(&scenario);
    assert!(!report.contains("Nothing was found that mentions you."), "{report}");
}

#[test]
fn the_law_is_the_one_that_was_invoked() {
    for (regulation, due, article, foreign) in [
        ("GDPR", "2026-12-24T00:00:00Z", "Article 15 GDPR", "CCPA"),
        ("uk_gdpr", "2026-12-24T00:00:00Z", "Article 15 UK GDPR", "CCPA"),
        ("CCPA", "2027-01-08T00:00:00Z", "Section 1798.110 CCPA", "GDPR"),
        ("lgpd", "2026-12-09T00:00:00Z", "Article 18 II LGPD", "GDPR"),
    ] {
        let mut message = request("r-1", "access");
        message["regulation"] = regulation.into();
        let scenario = Scenario::small().sent(message);
        let (_, manifest, report) = exported(&scenario);
        let first: Value = serde_json::from_str(&scenario.announcer.published()[0].body).unwrap();
        assert_eq!(first["data"]["expected_completion_time"], due, "{regulation}");
        assert_eq!(first["dataregulation"], regulation.to_lowercase());
        assert_eq!(manifest["request"]["regulation"], regulation.to_lowercase());
        assert!(report.contains(article), "{regulation}: {report}");
        assert!(!report.contains(foreign), "{regulation}: {report}");
    }
}

#[test]
fn a_law_that_nobody_knows_is_refused_and_an_old_request_with_one_is_read() {
    let mut message = request("r-1", "access");
    message["regulation"] = "banana".into();
    let body = message.to_string();
    let now =
        Terms { now: Some("2026-11-23T12:00:00Z".parse().unwrap()), ..Terms::of_the_ledger() };
    let refusal = read::read(body.as_bytes(), &Label::default(), &now).err().unwrap();
    let faults: Vec<_> = refusal.faults.iter().map(|fault| (fault.code, &*fault.message)).collect();
    let known = "regulation is none of gdpr, uk_gdpr, ccpa, lgpd";
    assert_eq!(faults, [("unknown_regulation", known)]);
    assert!(read::read(body.as_bytes(), &Label::default(), &Terms::of_the_ledger()).is_ok());
}

#[test]
fn who_decided_when_and_why_stands_in_status_event_and_certificate() {
    let mut scenario = Scenario::small().sent(request("r-1", "erasure"));
    scenario.guard = Guard { items_max: 1, share_max: 1.0, share_items_min: 0 };
    let inbox = Arc::clone(&scenario.inbox);
    let decision = json!({ "control": "approve", "subject_request_id": "r-1",
                           "actor": "maria", "reason": "seen with legal" });
    scenario.wire.on("held", move || inbox.push(decision.to_string(), correspondence()));
    let described = simulate(async || {
        scenario.live().await;
        let status = Status { ledger: scenario.ledger().await };
        status.describe(&RequestId::new("r-1").unwrap()).await.unwrap().unwrap()
    });
    let told = |decision: &Value| {
        assert_eq!(decision["decision"], "approved");
        assert_eq!(decision["actor"], "maria");
        assert_eq!(decision["reason"], "seen with legal");
    };
    told(&described["decisions"][0]);
    assert!(described["decisions"][0]["at"].as_str().unwrap().starts_with("2026-11-23T12:00:"));
    let published = scenario.announcer.published();
    let bodies = published.iter().map(|event| serde_json::from_str::<Value>(&event.body).unwrap());
    let decided: Vec<Value> = bodies
        .map(|body| body["data"]["decision"].clone())
        .filter(|decision| !decision.is_null())
        .collect();
    assert_eq!(decided.len(), 1);
    told(&decided[0]);
    let certificate = scenario.exports.get("r-1.certificate.json").unwrap();
    let certificate: Value = serde_json::from_slice(&certificate).unwrap();
    told(&certificate["decisions"][0]);
    let page = scenario.exports.get("r-1.certificate.html").unwrap();
    let page = String::from_utf8(page.to_vec()).unwrap();
    assert!(page.contains("maria") && page.contains("seen with legal"), "{page}");
}
