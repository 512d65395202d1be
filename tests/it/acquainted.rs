//! Who is a person is known from the whole workspace: what only somebody else's run says is masked
//! in the archive of whoever shares a log with them, and nothing of it is left in the ledger.

use std::io::{Cursor, Read, Write};

use dsrd::adapters::memory::exports::MemoryExports;
use dsrd::domain::plan::Planned;
use dsrd::domain::policy::action::{ActionWord, Otherwise};
use dsrd::domain::policy::rules::{Rule, Treatment};
use dsrd::domain::request::RequestId;
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::names::planned;
use crate::support::simulation::leaks::{EMAIL, NAME, OBJECT_ID, found};
use crate::support::simulation::scenario::{
    SOURCE, Scenario, THINGS, control, correspondence, request, rule, run_document, simulate,
};
use crate::support::simulation::tripwire::{Fuse, Trip, assert_stopped};

const GUID: &str = "6f9619ff-8b86-d011-b42d-00cf4fc964ff";

/// A workspace in which the subject has a run with this log, and somebody else has another run,
/// whose document is this.
fn shared(log: &str, document: &Value) -> Scenario {
    let scenario = Scenario::new();
    let source = scenario.source(SOURCE);
    source.put("ExperimentRun/dcid.r1/run.json", run_document());
    source.put("ExperimentRun/dcid.r1/logs/std.log", format!("{EMAIL} began\n{log}\n"));
    source.put("ExperimentRun/dcid.r2/run.json", document.to_string());
    scenario
}

/// What the archive of a request has under a name that ends so.
fn given(exports: &MemoryExports, id: &str, end: &str) -> String {
    let bytes = exports.get(&format!("{id}.zip")).expect("the archive is there");
    let mut zip = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let names: Vec<String> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
    let name = names.iter().find(|name| name.ends_with(end)).expect("the archive has it");
    let mut text = String::new();
    zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

/// The log as the subject gets it, without its first line.
fn told(scenario: &Scenario) -> String {
    simulate(async || lived(scenario).await)
}

async fn lived(scenario: &Scenario) -> String {
    scenario.live().await;
    assert_eq!(kept(scenario).await, 0, "nothing of it is kept");
    let text = given(&scenario.exports, "r-1", "std.log");
    text.strip_prefix(&format!("{EMAIL} began\n")).unwrap().trim_end().to_owned()
}

/// How many people the ledger keeps of all sweeps.
async fn kept(scenario: &Scenario) -> usize {
    let ledger = scenario.ledger().await;
    let mut kept = 0;
    for sweep in 1..10 {
        kept += ledger.people(sweep, "", u32::MAX).await.unwrap().len();
    }
    kept
}

#[test]
fn whoever_another_run_names_is_masked() {
    let kofi = json!({ "userName": "Kofi Mensa", "userObjectId": GUID, "upn": "kmensa@x.example" });
    let log = format!("then Kofi Mensa ({GUID}) went on\nMENSA, KOFI stopped it, {NAME} saw it");
    for (form, document, expected) in [
        ("camel", json!({ "createdBy": kofi }), "all"),
        (
            "snake",
            json!({ "created_by": { "user_name": "Kofi Mensa", "user_object_id": GUID } }),
            "all",
        ),
        (
            "the SDK's",
            json!({ "creation_context": { "created_by": "Kofi Mensa", "created_by_type": "User" } }),
            "name",
        ),
        (
            "ARM's",
            json!({ "systemData": { "createdBy": "Kofi Mensa", "createdByType": "User" } }),
            "name",
        ),
        (
            "a compute's",
            json!({ "assignedUser": { "objectId": GUID, "userName": "Kofi Mensa" } }),
            "all",
        ),
        ("an address", json!({ "notification": { "emails": ["kofi.mensa@x.example"] } }), "name"),
        (
            "an application's",
            json!({ "createdBy": "Kofi Mensa", "createdByType": "Application" }),
            "",
        ),
    ] {
        let scenario = shared(&log, &document).sent(request("r-1", "access"));
        let id = if expected == "all" { "Person 2" } else { GUID };
        let name = if expected.is_empty() { "Kofi Mensa" } else { "Person 2" };
        let last = if expected.is_empty() { "MENSA, KOFI" } else { "Person 2, Person 2" };
        let masked = format!("then {name} ({id}) went on\n{last} stopped it, {NAME} saw it");
        assert_eq!(told(&scenario), masked, "{form}");
    }
}

#[test]
fn what_is_no_name_by_itself_is_left() {
    let log = "the admin will test it with the model trainer, user=kmensa in kmensa.py";
    for (name, expected) in [
        ("Will", log.to_owned()),
        ("admin", log.to_owned()),
        ("Test User", log.to_owned()),
        ("Model Trainer", log.to_owned()),
        ("kmensa", log.replace("user=kmensa", "user=Person 2")),
    ] {
        let document = json!({ "createdBy": { "userName": name }, "submittedBy": name });
        let scenario = shared(log, &document).sent(request("r-1", "access"));
        assert_eq!(told(&scenario), expected, "{name}");
    }
}

#[test]
fn the_subject_is_not_masked_by_what_another_run_says() {
    let log = format!("{NAME} and zyxcanary.q7 and {OBJECT_ID}, and Kofi Mensa");
    for by in [
        // A person of the same name, and the subject by what they did not ask by.
        json!({ "userName": NAME, "userObjectId": GUID }),
        json!({ "userName": "Zyxwvuta Q. Canarybird", "upn": EMAIL }),
    ] {
        let document = json!({ "createdBy": by, "lastModifiedBy": { "userName": "Kofi Mensa" } });
        let scenario = shared(&log, &document).sent(request("r-1", "access"));
        let told = told(&scenario);
        let own = told.rsplit_once("Person ").unwrap().0;
        assert_eq!(own, log.strip_suffix("Kofi Mensa").unwrap());
    }
}

#[test]
fn a_resource_of_the_workspace_names_people_too() {
    let document = json!({ "properties": { "assignedUser": { "userName": "Kofi Mensa" } } });
    let scenario = shared("Kofi Mensa", &json!({})).with_things().sent(request("r-1", "access"));
    scenario.source(THINGS).put("compute/ci-7", document.to_string());
    assert_eq!(told(&scenario), "Person 2");
}

/// What lies only in the zipped copy of a run's artifacts names people as the run's own document
/// does; what else is in it does not.
#[test]
fn a_zipped_copy_of_a_run_names_people_too() {
    let document = json!({ "createdBy": { "userName": "Kofi Mensa" } }).to_string();
    let other = json!({ "createdBy": { "userName": "Ada Boateng" } }).to_string();
    for (members, expected) in [
        (vec![("run.json", &document)], "Person 2 and Ada Boateng"),
        (vec![("ExperimentRun/dcid.r3/run.json", &document)], "Person 2 and Ada Boateng"),
        (vec![("logs/a.json", &other), ("run.json", &document)], "Person 2 and Ada Boateng"),
        (vec![("ExperimentRun/dcid.r4/run.json", &document)], "Kofi Mensa and Ada Boateng"),
        (vec![("logs/run.json", &document)], "Kofi Mensa and Ada Boateng"),
    ] {
        let log = "Kofi Mensa and Ada Boateng";
        let scenario = shared(log, &json!({})).sent(request("r-1", "access"));
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in &members {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        let bytes = zip.finish().unwrap().into_inner();
        scenario.source(SOURCE).put("ArtifactZip/ExperimentRun/dcid.r3.zip", bytes);
        assert_eq!(told(&scenario), expected, "{:?}", members[0].0);
    }
}

/// What a source that is asked has seen of others is known of them in everybody's items.
#[test]
fn rows_that_are_asked_for_name_people_too() {
    for (column, value, expected) in [
        ("UserId", "kofi.mensa@x.example", "Person 2"),
        ("mlflow.user", "kofi.mensa@x.example", "Person 2"),
        ("Properties", r#"{"createdBy":{"userName":"Kofi Mensa"}}"#, "Person 2"),
        ("Url", "/kofi/mensa", "Kofi Mensa"),
    ] {
        let log = "Kofi Mensa";
        let mut scenario = shared(log, &json!({})).with_tables().sent(request("r-1", "access"));
        scenario.limits.source_parts = 2;
        scenario.tables[0].add("AppRequests", &[(column, value)]);
        assert_eq!(told(&scenario), expected, "{column}");
    }
}

/// A name has one pseudonym in all that a person gets, whichever document gives it.
#[test]
fn a_person_has_one_pseudonym() {
    let document = json!({ "createdBy": { "userName": "Kofi Mensa", "userObjectId": GUID } });
    let scenario = shared("Ada Boateng and Kofi Mensa", &document).sent(request("r-1", "access"));
    let source = scenario.source(SOURCE);
    let ada = json!({ "createdBy": { "userName": "Ada Boateng", "upn": "ada@x.example" } });
    source.put("ExperimentRun/dcid.r3/run.json", ada.to_string());
    source.put("a.log", format!("{GUID} of {EMAIL}, with ada@x.example\n"));
    let log = told(&scenario);
    let first = given(&scenario.exports, "r-1", "a.log");
    let pseudonyms = |text: &str| -> Vec<String> {
        let parts = text.split("Person ").skip(1);
        parts.map(|part| part.chars().take_while(char::is_ascii_digit).collect()).collect()
    };
    let (log, first) = (pseudonyms(&log), pseudonyms(&first));
    assert_eq!((log.len(), first.len()), (2, 2));
    assert_eq!(log.iter().rev().collect::<Vec<_>>(), first.iter().collect::<Vec<_>>());
}

/// An erasure learns nobody that is not asked who else is named, and what is learned is readable to
/// nobody and goes with the request, whatever becomes of it.
#[test]
fn whom_a_sweep_met_goes_with_the_last_export() {
    let document = || json!({ "createdBy": { "userName": NAME, "userObjectId": OBJECT_ID } });
    for (kind, verb) in
        [("erasure", None), ("access", None), ("access", Some("cancel")), ("portability", None)]
    {
        let scenario = shared("", &document()).sent(request("r-1", kind));
        scenario.wire.count("keep_people");
        scenario.wire.set(Fuse { at: 1, after: true, trip: Trip::Kill });
        let met = simulate(async || {
            scenario.live().await;
            let met = kept(&scenario).await;
            for (place, bytes) in scenario.everything_written().await {
                assert_eq!(found(&bytes), Vec::<String>::new(), "in {place}");
            }
            scenario.wire.mend();
            scenario.inbox.take_back();
            if let Some(verb) = verb {
                scenario.inbox.push(control(verb, "r-1").to_string(), correspondence());
            }
            scenario.live().await;
            assert_eq!(kept(&scenario).await, 0, "after {kind} {verb:?}");
            let id = RequestId::new("r-1").unwrap();
            let standing = scenario.ledger().await.standing(&id).await.unwrap().unwrap();
            assert!(standing.state.rests(), "{:?}", standing.state);
            met
        });
        assert_eq!(met > 0, kind != "erasure", "{kind}: {met}");
    }
}

/// Wherever it is stopped, the same people are masked and nobody stays in the ledger.
#[test]
fn the_same_are_masked_wherever_it_was_stopped() {
    let life = || {
        let document = json!({ "createdBy": { "userName": "Kofi Mensa", "userObjectId": GUID } });
        shared("Kofi Mensa", &document).paged(1).in_parts(2).sent(request("r-1", "access"))
    };
    simulate(async || {
        let expected = lived(&life()).await;
        assert_eq!(expected, "Person 2");
        // Ends: a life keeps people so often and no more.
        for at in 1.. {
            let scenario = life();
            scenario.wire.count("keep_people");
            scenario.wire.set(Fuse { at, after: at % 2 == 0, trip: Trip::Kill });
            scenario.live().await;
            if scenario.wire.blown().is_none() {
                assert_stopped(at);
                break;
            }
            scenario.wire.mend();
            scenario.inbox.take_back();
            assert_eq!(lived(&scenario).await, expected, "stopped at {at}");
        }
    });
}

/// What names somebody else too is redacted and not deleted, whoever says that it is somebody; and
/// that is shown before.
#[test]
fn what_names_whom_another_run_names_is_not_deleted() {
    let shared_too = Rule {
        shared: Some(Treatment::Redact),
        otherwise: Otherwise::Delete,
        ..rule(Treatment::Delete)
    };
    let log = "\nstep 1\nstep 2\n\nreviewed by kofi mensa\n";
    for (by, is_known) in [("Kofi Mensa", true), ("Ada Boateng", false), (NAME, false)] {
        let document = json!({ "createdBy": { "userName": by, "userObjectId": GUID } });
        let scenario = shared(log, &document)
            .ruled_by(vec![shared_too.clone()])
            .sent(request("r-1", "erasure"));
        let source = scenario.source(SOURCE);
        let policy = scenario.mandate().policy;
        simulate(async || {
            let shown = planned(vec![scenario.source(SOURCE)], policy).await;
            let is_log = |planned: &&Planned| planned.finding.item.name.ends_with("std.log");
            let shown = shown.iter().filter(is_log).map(|planned| planned.action.word());
            let action = if is_known { ActionWord::Redact } else { ActionWord::Delete };
            assert_eq!(shown.collect::<Vec<_>>(), [action], "{by}");
            scenario.live().await;
            assert_eq!(kept(&scenario).await, 0);
            scenario.assert_silent().await;
        });
        let left = source.get("ExperimentRun/dcid.r1/logs/std.log");
        let left = left.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let rewritten = format!("[erased] began\n{log}\n");
        assert_eq!(left, is_known.then_some(rewritten), "{by}");
    }
}
