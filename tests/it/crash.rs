//! The same lives, stopped before and after every effect and started again: the same ending.

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::{Value, json};

use dsrd::adapters::memory::callbacks::Mood;
use dsrd::adapters::memory::exports::MemoryExports;
use dsrd::adapters::memory::sources::shelves::Fault;
use dsrd::adapters::memory::sources::slow::{Slow, SlowEnd};
use dsrd::domain::policy::guard::Guard;
use dsrd::domain::policy::pattern::Pattern;
use dsrd::domain::policy::rules::{Rule, Treatment};
use dsrd::ports::messages::callbacks::Answer;
use dsrd::ports::sources::Source;

use crate::abreast::{abreast, asked_by, of_person};
use crate::dependents;
use crate::exporting_things;
use crate::homes;
use crate::policies;
use crate::support::simulation::copies::Copies;
use crate::support::simulation::leaks::EMAIL;
use crate::support::simulation::ports::{Kind, declared};
use crate::support::simulation::scenario::{
    SOURCE, Scenario, THINGS, control, correspondence, notes, patient, request, request_told,
    request_with, rule, simulate,
};
use crate::support::simulation::story::{RECIPIENT, ending};
use crate::support::simulation::tripwire::{Fuse, Point, Trip, assert_stopped, is_tried};
use crate::things::about;
use crate::tidy::source::sources;
use crate::whole_runs;

/// Lives the life once in peace, and then once for each of its effects, stopped there.
fn survives(name: &str, life: impl Fn() -> Scenario + Sync, trip: Trip) {
    simulate(async || {
        let scenario = life();
        scenario.live().await;
        let expected = ending(&scenario).await;
        for after in [false, true] {
            // Ends: a life has so many effects and no more.
            for at in (1..).filter(|at| is_tried(name, *at, after, trip)) {
                let scenario = life();
                let Some(effect) = stopped(&scenario, Fuse { at, after, trip }).await else {
                    break;
                };
                let when = if after { "after" } else { "before" };
                let stop = format!("{trip:?} {when} effect {at}, which is {effect}");
                same(&expected, &ending(&scenario).await, &stop, &scenario);
            }
        }
    });
}

/// Lives a life to where it stops, and to its end from there; the effect where it stopped, if it
/// has so many.
async fn stopped(scenario: &Scenario, fuse: Fuse) -> Option<&'static str> {
    let at = fuse.at;
    scenario.wire.set(fuse);
    scenario.live().await;
    let Some(effect) = scenario.wire.blown() else {
        assert_stopped(at);
        return None;
    };
    scenario.wire.mend();
    scenario.inbox.take_back();
    scenario.assert_silent().await;
    scenario.live().await;
    Some(effect)
}

fn same(expected: &str, got: &str, stop: &str, scenario: &Scenario) {
    if expected != got {
        let logs = scenario.logs.text();
        panic!("{stop}\n--- in peace\n{expected}\n--- stopped\n{got}\n--- log\n{logs}");
    }
}

/// Each life three times: the process dies, everything is away for a while, one answer is lost.
macro_rules! lives {
    ($($life:ident),* $(,)?) => {$(
        mod $life {
            use super::*;

            #[test]
            fn killed() {
                survives(stringify!($life), super::$life, Trip::Kill);
            }

            #[test]
            fn cut_off() {
                survives(stringify!($life), super::$life, Trip::Outage);
            }

            #[test]
            fn unanswered() {
                survives(stringify!($life), super::$life, Trip::Hiccup);
            }
        }
    )*};
}

lives!(
    export,
    encrypted,
    expiring,
    archive_kept_as_written,
    erasure,
    certificate_kept_as_written,
    second_round,
    partly_blocked,
    rejected,
    duplicate,
    conflict,
    cancelled,
    held,
    lengthened,
    dry,
    called_back,
    redacting,
    taking_out,
    running,
    came_back,
    waiting_for_services,
    copying_logs,
    asking_tables,
    sharing_a_purge,
    removing_a_thing,
    taking_a_run_whole,
    taking_a_folder_whole,
    exporting_a_folder,
    removing_a_run,
    removing_a_workspace,
    removing_a_workspace_with_all,
    exporting_a_thing,
    acting_on_several
);

fn export() -> Scenario {
    patient(Scenario::small().paged(2).sent(request("r-1", "access")))
}

fn encrypted() -> Scenario {
    let options = json!({ "encrypt_to": [RECIPIENT] });
    patient(Scenario::small().sent(request_with("r-1", "access", options)))
}

/// With a link, until the archive was removed.
fn expiring() -> Scenario {
    let mut scenario = export();
    scenario.keeping.archive_life_ms = 2_000;
    scenario.until_expired = true;
    scenario.exports = Arc::new(MemoryExports::new().with_links(SignedDuration::from_secs(1)));
    scenario
}

fn erasure() -> Scenario {
    patient(Scenario::small().sent(request("r-1", "erasure")))
}

/// Into a store in which nothing is written over. An encrypted archive is another each time.
fn archive_kept_as_written() -> Scenario {
    let scenario = encrypted().sent(about_another("r-2", "access"));
    scenario.exports.fix();
    scenario
}

fn certificate_kept_as_written() -> Scenario {
    let scenario = erasure();
    scenario.exports.fix();
    scenario
}

/// With what others write there meanwhile.
fn taking_a_folder_whole() -> Scenario {
    let scenario = homes::user_folders();
    let share = scenario.source(homes::NOTEBOOKS);
    whole_runs::once(&scenario, "planned", move || share.put(homes::LATE, "late"));
    patient(scenario)
}

fn exporting_a_folder() -> Scenario {
    patient(homes::user_folder_of("access"))
}

fn about_another(id: &str, kind: &str) -> Value {
    let mut other = request(id, kind);
    other["subject_identities"] =
        json!([{ "identity_type": "email", "identity_value": "somebody.else@elsewhere.example" }]);
    other
}

fn redacting() -> Scenario {
    patient(policies::redacting())
}

/// What cannot be rewritten is removed, and the copies of it that are kept are purged by whoever
/// comes back.
fn taking_out() -> Scenario {
    let scenario = patient(policies::unrewritable());
    scenario.source(SOURCE).keep_copies(3);
    scenario
}

fn running() -> Scenario {
    patient(policies::running().paged(2))
}

/// A service takes its time with one item, forgets what it did with another, and what it was to do
/// with a third.
fn waiting_for_services() -> Scenario {
    let scenario = erasure();
    let source = scenario.source(SOURCE);
    let ends = [
        ("ExperimentRun/dcid.r1/run.json", SlowEnd::Done),
        ("LocalUpload/zyxcanary.q7/notes.txt", SlowEnd::DoneAndForgotten),
        ("third.txt", SlowEnd::Forgotten),
    ];
    source.put("third.txt", notes("third"));
    for (name, end) in ends {
        let slow = Slow { looks: 1, look_in_ms: 2_000, end };
        source.set_fault(name, Some(Fault::Takes(slow)));
    }
    scenario
}

/// Somebody copies the tenant's logs first, and what was copied is removed with the archive.
fn copying_logs() -> Scenario {
    let mut scenario = export().with_copies(Copies::after(1));
    scenario.keeping.archive_life_ms = 60_000;
    scenario.until_expired = true;
    scenario.tick_ms = 10_000;
    scenario
}

/// A service that is asked, takes its time and takes one removal in an hour.
fn asking_tables() -> Scenario {
    let mut scenario = Scenario::small().with_tables().sent(request("r-1", "erasure"));
    scenario.tables[0].take_time(Slow { looks: 1, look_in_ms: 2_000, end: SlowEnd::Done });
    scenario.tables[0].take_an_hour(1);
    scenario.tick_ms = 600_000;
    scenario
}

/// Two people in one removal, of a service that takes one in an hour and a value in each.
fn sharing_a_purge() -> Scenario {
    let mut other = request("r-2", "erasure");
    other["subject_identities"] =
        json!([{ "identity_type": "email", "identity_value": "bob@example.org" }]);
    let mut scenario = Scenario::new().with_tables().sent(request("r-1", "erasure")).sent(other);
    scenario.tables[0].take_time(Slow { looks: 1, look_in_ms: 2_000, end: SlowEnd::Done });
    scenario.tables[0].take_an_hour(1);
    scenario.tables[0].take_values(1);
    scenario.tick_ms = 600_000;
    scenario
}

/// A run with its blobs, a run of somebody else, and a model with a version of somebody else, by a
/// service that takes its time.
fn taking_a_run_whole() -> Scenario {
    let mut scenario = whole_runs::two_people().ruled_by(vec![whole_runs::of_models()]);
    scenario.sources.retain(|source| source.name() != whole_runs::ELSEWHERE);
    let (source, things) = (scenario.source(SOURCE), scenario.source(THINGS));
    // Each of these is one more effect at which everything is stopped.
    let is_needed = |name: &&String| name.contains("dcid.r1/") || name.contains("dcid.r10/");
    source.names().iter().filter(|name| !is_needed(name)).for_each(|name| source.remove(name));
    let is_needed = |name: &&String| {
        let needed = ["run/r1/", "run/5f60", "run/r10", "run/calm/", "model/", "snapshot/"];
        name.as_str() == "run/r1" || needed.iter().any(|start| name.starts_with(start))
    };
    things.names().iter().filter(|name| !is_needed(name)).for_each(|name| things.remove(name));
    let slow = Slow { looks: 1, look_in_ms: 2_000, end: SlowEnd::Done };
    things.set_fault("run/r1", Some(Fault::Takes(slow)));
    let late = "azureml/ExperimentRun/dcid.5f60/outputs/late.pkl";
    whole_runs::once(&scenario, "acted", move || source.put(late, "late"));
    patient(scenario.sent(request("r-1", "erasure")))
}

/// What belongs to the thing goes first, and takes its time.
fn removing_a_thing() -> Scenario {
    let scenario = Scenario::new().with_things();
    let slow = Slow { looks: 1, look_in_ms: 2_000, end: SlowEnd::Done };
    scenario.source(THINGS).set_fault("online_endpoint/score/blue", Some(Fault::Takes(slow)));
    scenario
        .sent(about("r-1", "delete", "online_endpoint", "score"))
        .sent(about("r-2", "archive", "model", "churn:1"))
}

/// A run that has to end first, and what is kept of it beside; its child goes with it.
fn removing_a_run() -> Scenario {
    let scenario = Scenario::new().with_things();
    let things = scenario.source(THINGS);
    for name in ["run/r1/history", "run/r1/metrics", "run/r1/artifacts"] {
        things.put(name, format!("{{\"name\":\"{name}\"}}"));
    }
    let slow = Slow { looks: 2, look_in_ms: 2_000, end: SlowEnd::Done };
    things.set_fault("run/r1", Some(Fault::Takes(slow)));
    scenario.sent(about("r-1", "delete", "run", "r1"))
}

/// Held, approved, and gone after a while.
fn removing_a_workspace() -> Scenario {
    let scenario = Scenario::new().with_things();
    let things = scenario.source(THINGS);
    things.put("workspace/w", "{\"name\":\"w\"}");
    let slow = Slow { looks: 1, look_in_ms: 2_000, end: SlowEnd::Done };
    things.set_fault("workspace/w", Some(Fault::Takes(slow)));
    let inbox = Arc::clone(&scenario.inbox);
    let approve = control("approve", "r-1").to_string();
    scenario.wire.on("held", move || inbox.push(approve.clone(), correspondence()));
    scenario.sent(about("r-1", "delete", "workspace", "w"))
}

/// Of what it depends on one is shared, and some go by themselves.
fn removing_a_workspace_with_all() -> Scenario {
    dependents::approved(dependents::workspace(&["log_analytics/s/g/l", "workspace/w"]))
}

/// Three people at the same time, each with a source of their own: what a second look compares is
/// then the same whoever else was acted on by then.
fn acting_on_several() -> Scenario {
    let mut scenario = abreast(0);
    for (person, kind) in ["erasure", "access", "erasure"].into_iter().enumerate() {
        let source = format!("of-{person}");
        scenario = scenario.with_source(&source);
        scenario.source(&source).put("it.txt", asked_by(person));
        let mut message = of_person(person, kind);
        message["extensions"]["dsrd"]["sources"] = json!([source]);
        scenario = scenario.sent(message);
    }
    patient(scenario)
}

/// One version of a model is there, and a file of the other is where nobody looks.
fn exporting_a_thing() -> Scenario {
    let scenario = patient(exporting_things::exporting("model", "churn"));
    let elsewhere = exporting_things::at("private", "models/churn/2.pkl");
    scenario.source(THINGS).set_files("model/churn/2", vec![elsewhere]);
    scenario
}

fn second_round() -> Scenario {
    let scenario = erasure().paged(1);
    let source = scenario.source(SOURCE);
    let name = "LocalUpload/zyxcanary.q7/notes.txt";
    scenario.wire.on("planned", move || source.put(name, notes("second")));
    scenario
}

fn partly_blocked() -> Scenario {
    let scenario = Scenario::obstructed("tax law");
    patient(scenario.sent(request("r-1", "erasure")))
}

fn rejected() -> Scenario {
    patient(Scenario::small().sent(json!({ "subject_request_id": "r-1" })))
}

fn duplicate() -> Scenario {
    patient(Scenario::small().sent(request("r-1", "erasure")).sent(request("r-1", "erasure")))
}

fn conflict() -> Scenario {
    patient(Scenario::small().sent(request("r-1", "access")).sent(request("r-1", "erasure")))
}

/// Withdrawn while the sweep is under way.
fn cancelled() -> Scenario {
    let scenario = patient(Scenario::small().sent(request("r-1", "erasure")));
    let inbox = Arc::clone(&scenario.inbox);
    let cancel = control("cancel", "r-1").to_string();
    scenario.wire.on("find_started", move || inbox.push(cancel.clone(), correspondence()));
    scenario.wire.hold(Point::List, "cancelled");
    scenario
}

/// An erasure that the guard holds, and what a person says once which record is there.
fn looked_at(says: &[(&'static str, &str)]) -> Scenario {
    let mut scenario = patient(Scenario::small().sent(request("r-1", "erasure")));
    scenario.guard = Guard { items_max: 1, share_max: 1.0, share_items_min: 0 };
    for (word, verb) in says {
        let inbox = Arc::clone(&scenario.inbox);
        let says = control(verb, "r-1").to_string();
        scenario.wire.on(word, move || inbox.push(says.clone(), correspondence()));
    }
    scenario
}

/// Held by the guard, and approved.
fn held() -> Scenario {
    looked_at(&[("held", "approve")])
}

/// Given more time while a person is to decide, and approved then.
fn lengthened() -> Scenario {
    looked_at(&[("held", "extend"), ("extended", "approve")])
}

/// Told by HTTP, by one host at once and by another that refuses at first.
fn called_back() -> Scenario {
    let scenario = Scenario::small().trusting(&["crm.example", "other.example"]);
    let refused = Answer::Refused { status: 500, retry_after_ms: None };
    scenario.callbacks.set_mood("other.example", Mood::Answers(refused, 1));
    let urls = ["https://crm.example/1", "https://other.example/2"];
    patient(scenario.sent(request_told("r-1", "access", &urls)))
}

/// Restored after it was erased, and met by the next sweep, which is for somebody else.
fn came_back() -> Scenario {
    let mut scenario = erasure();
    scenario.keeping.tombstone_days = 90;
    let (source, inbox) = (scenario.source(SOURCE), Arc::clone(&scenario.inbox));
    let other = about_another("r-2", "access");
    let once = std::sync::Once::new();
    scenario.wire.on("verified", move || {
        once.call_once(|| {
            source.put("restored.txt", notes("restored"));
            inbox.push(other.to_string(), correspondence());
        });
    });
    scenario
}

fn dry() -> Scenario {
    let mut message = request("r-1", "erasure");
    message["extensions"] = json!({ "dsrd": { "dry_run": true } });
    patient(Scenario::small().sent(message))
}

/// Two people are verified by one sweep, of whom one goes back to acting while the other comes to
/// rest. Whatever fails there, what was written about the first meanwhile is looked for again.
#[test]
fn nobody_comes_to_rest_without_a_last_look() {
    simulate(async || {
        // Ends: a life has so many effects and no more.
        for at in 1.. {
            let scenario = two_people();
            scenario.wire.set(Fuse { at, after: false, trip: Trip::Hiccup });
            scenario.live().await;
            let Some(effect) = scenario.wire.blown() else {
                assert_stopped(at);
                break;
            };
            let ended = ending(&scenario).await;
            for part in [
                "r-1 (erasure) is completed",
                "r-2 (erasure) is completed",
                "azureml holds ComputeRecord/dcid.r2\n",
            ] {
                assert!(ended.contains(part), "before effect {at}, {effect}:\n{ended}");
            }
        }
    });
}

/// A service lets the record of a run be changed in part. Wherever its scrubbing stops, what can be
/// changed is changed in the end, once for all, and what cannot is told.
#[test]
fn a_record_that_is_scrubbed_in_part_comes_to_the_same_end() {
    simulate(async || {
        for after in [false, true] {
            // Ends: a life has so many effects and no more.
            for at in (1..).filter(|at| is_tried("scrubbing", *at, after, Trip::Kill)) {
                let scenario = scrubbing();
                let Some(effect) = stopped(&scenario, Fuse { at, after, trip: Trip::Kill }).await
                else {
                    break;
                };
                scenario.assert_silent().await;
                let ended = ending(&scenario).await;
                for part in [
                    "r-1 (erasure) is partially_completed",
                    "blocked immutable: FixedByTheService",
                    r#""outcomes":{"blocked":1}"#,
                ] {
                    assert!(ended.contains(part), "at effect {at}, {effect}:\n{ended}");
                }
                let record = scenario.source(THINGS).get("run/r1").unwrap();
                let record: Value = serde_json::from_slice(&record).unwrap();
                assert!(record["createdBy"].to_string().contains("zyxcanary"), "{record}");
                let description = record["description"].as_str().unwrap();
                assert!(!description.contains("zyxcanary"), "at effect {at}: {record}");
            }
        }
    });
}

/// Her name stands where it can be taken out, and where it cannot.
fn scrubbing() -> Scenario {
    let source = Some(Pattern::new(THINGS).unwrap());
    let redact = Rule { source, ..rule(Treatment::Redact) };
    let scenario = Scenario::new().with_things().ruled_by(vec![redact]);
    let things = scenario.source(THINGS);
    let record = json!({
        "runId": "r1", "createdBy": { "upn": EMAIL }, "description": format!("ask {EMAIL}"),
    });
    things.put("run/r1", record.to_string());
    things.set_fault("run/r1", Some(Fault::Fixes("createdBy")));
    patient(scenario.sent(request("r-1", "erasure")))
}

fn two_people() -> Scenario {
    let mut other = request("r-2", "erasure");
    other["subject_identities"] =
        json!([{ "identity_type": "email", "identity_value": "zyxcanary.too@leaky.example" }]);
    let scenario = erasure().sent(other);
    let source = scenario.source(SOURCE);
    source.put("too.txt", "zyxcanary.too@leaky.example hushhush-canary-secret-93");
    for (word, name) in
        [("planned", "LocalUpload/zyxcanary.q7/notes.txt"), ("left_over", "late.txt")]
    {
        let (source, once) = (scenario.source(SOURCE), std::sync::Once::new());
        scenario.wire.on(word, move || once.call_once(|| source.put(name, notes(word))));
    }
    scenario
}

/// A method that nobody declared would never be stopped at.
#[test]
fn every_method_of_a_port_is_an_effect_or_a_look() {
    let declared = declared();
    let mut faults = Vec::new();
    // Keys are replaced while no daemon works; `rekeyed` has that stopped anywhere.
    let of_daemons = methods_of_ports().into_iter().filter(|(port, ..)| port != "Sealings");
    for (port, method, signature) in of_daemons {
        let known = declared.iter().find(|(of, name, _)| *of == port && *name == method);
        match known.map(|(.., kind)| kind) {
            None => faults.push(format!("{port}::{method} is neither effect nor look")),
            // Nothing is written without a lease that is asked for, and none is asked for in vain.
            Some(Kind::Look) if signature.contains("&Lease") => {
                faults.push(format!("{port}::{method} writes under a lease: it is no look"));
            }
            Some(_) => {}
        }
    }
    let known: Vec<_> =
        methods_of_ports().into_iter().map(|(port, name, _)| (port, name)).collect();
    for (port, method, _) in &declared {
        if !known.iter().any(|(of, name)| of == port && name == method) {
            faults.push(format!("{port}::{method} is declared, and not there"));
        }
    }
    assert!(known.len() > 80, "the ports cannot be read: {known:?}");
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Port, name and signature of every method that may take time.
fn methods_of_ports() -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for source in sources("src/ports") {
        let code: String = source.code().map(|(_, line)| format!("{line}\n")).collect();
        for (at, opens) in code.match_indices("pub trait ") {
            let of_trait = &code[at + opens.len()..];
            let of_trait = &of_trait[..of_trait.find("\n}").unwrap_or(of_trait.len())];
            let port = word(of_trait);
            for (at, opens) in of_trait.match_indices("async fn ") {
                let method = &of_trait[at + opens.len()..];
                let signature = &method[..method.find([';', '{']).unwrap_or(method.len())];
                found.push((port.to_owned(), word(method).to_owned(), signature.to_owned()));
            }
        }
    }
    found
}

fn word(text: &str) -> &str {
    &text[..text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())]
}
