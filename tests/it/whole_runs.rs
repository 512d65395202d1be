//! What an erasure takes of the services of a workspace: a run whole, with its blobs; of runs of
//! others the person alone; what holds others' work not at all. Nothing else is touched.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dsrd::adapters::memory::sources::shelves::Fault;
use dsrd::adapters::memory::sources::slow::{Slow, SlowEnd};
use dsrd::adapters::memory::sources::store::MemorySource;
use dsrd::domain::layout::Container;
use dsrd::domain::outcome::Block;
use dsrd::domain::policy::action::Otherwise;
use dsrd::domain::policy::pattern::Pattern;
use dsrd::domain::policy::rules::{Rule, Treatment, Unit};
use dsrd::ports::sources::Source;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::simulation::leaks::{EMAIL, OBJECT_ID};
use crate::support::simulation::scenario::{SOURCE, Scenario, THINGS, request, request_with, rule};
use crate::support::simulation::story::check;
use crate::things::about;

const BOB: &str = "bob@contoso.example";
/// Blobs of another account.
pub const ELSEWHERE: &str = "elsewhere";

/// What the service says of a run: its job, and its history.
fn run(things: &MemorySource, id: &str, by: &str, more: &Value) {
    let mut job = json!({
        "name": id, "properties": { "jobType": "Command", "tags": more["tags"] },
        "systemData": { "createdBy": by },
    });
    let mut history = json!({
        "runId": id, "createdBy": { "upn": by }, "experimentName": "churn", "tags": more["tags"],
        "parentRunId": more["parent"],
        "properties": { "ContentSnapshotId": more["snapshot"] },
    });
    for document in [&mut job, &mut history] {
        document.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    }
    things.put(&format!("run/{id}"), job.to_string());
    things.put(&format!("run/{id}/history"), history.to_string());
}

/// A workspace in which two people work, and the blobs of its account and of another.
pub fn two_people() -> Scenario {
    let things = MemorySource::new(THINGS).of_things().in_account("acct");
    run(&things, "r1", EMAIL, &json!({ "snapshot": "own" }));
    things.put("run/r1/metrics", "[0.9]");
    things.put("run/r1/artifacts", "[]");
    // What the service says is its child, whoever started that, and however it is called.
    run(&things, "5f60", "the service", &json!({ "parent": "r1", "snapshot": "shared" }));
    // What two runs of hers have in common nobody else has.
    run(&things, "r7", EMAIL, &json!({ "snapshot": "own" }));
    run(&things, "r10", BOB, &json!({ "snapshot": "shared" }));
    things.put("run/r10/metrics", "[0.1]");
    run(&things, "r1_2", BOB, &json!({ "parent": "r10" }));
    run(&things, "calm", BOB, &json!({ "tags": { "reviewer": EMAIL, "team": "churn" } }));
    things.put("snapshot/own", "{}");
    things.put("snapshot/shared", "{}");
    let by = |who: &str| json!({ "systemData": { "createdBy": who } });
    let assigned = json!({ "assignedUser": { "objectId": OBJECT_ID } });
    let assigned = json!({ "properties": {
        "properties": { "personalComputeInstanceSettings": assigned } } });
    things.put("compute/ci-7", assigned.to_string());
    things.put("compute/cluster", by(EMAIL).to_string());
    things.put("model/churn", by(EMAIL).to_string());
    things.put("model/churn/1", by(EMAIL).to_string());
    things.put("model/churn/2", by(BOB).to_string());
    things.put("online_endpoint/score", by(EMAIL).to_string());
    things.put("online_endpoint/score/deployments/blue", by(BOB).to_string());
    things.put("experiment/churn", by(EMAIL).to_string());
    let mut scenario = Scenario::new();
    scenario.sources = vec![
        Arc::new(blobs(SOURCE, "acct")),
        Arc::new(blobs(ELSEWHERE, "https://other.blob.core.windows.net/")),
        Arc::new(things),
    ];
    scenario
}

/// The container of run histories and that of outputs, with what several runs wrote.
fn blobs(name: &str, account: &str) -> MemorySource {
    let source = MemorySource::new(name).laid_out(Container::Leading).in_account(account);
    for run in ["r1", "5f60", "r10", "r1_1", "r1_2", "calm"] {
        for name in [
            format!("azureml/ExperimentRun/dcid.{run}/user_logs/std_log.txt"),
            format!("azureml/ArtifactZip/ExperimentRun/dcid.{run}.zip"),
            format!("azureml-blobstore-1/azureml/{run}/out/part.csv"),
        ] {
            source.put(&name, "of nobody in particular");
        }
    }
    source
}

/// When this is first recorded.
pub fn once(scenario: &Scenario, event: &'static str, work: impl Fn() + Send + Sync + 'static) {
    let is_done = AtomicBool::new(false);
    scenario.wire.on(event, move || {
        if !is_done.swap(true, Ordering::Relaxed) {
            work();
        }
    });
}

fn holds<'a>(ended: &'a str, source: &str) -> &'a str {
    let start = format!("{source} holds ");
    ended.lines().find_map(|line| line.strip_prefix(&start)).unwrap()
}

/// A rule of that source alone.
fn its_own(path: &str, action: Treatment) -> Rule {
    Rule {
        source: Some(Pattern::new(THINGS).unwrap()),
        path: Some(Pattern::new(path).unwrap()),
        otherwise: Otherwise::Delete,
        reason: "ours".into(),
        ..rule(action)
    }
}

/// A rule that would have models removed.
pub fn of_models() -> Rule {
    its_own("model/**", Treatment::Delete)
}

const BLOBS_OF_OTHERS: &str = "azureml-blobstore-1/azureml/calm/out/part.csv, \
    azureml-blobstore-1/azureml/r10/out/part.csv, azureml-blobstore-1/azureml/r1_2/out/part.csv, \
    azureml/ArtifactZip/ExperimentRun/dcid.calm.zip, \
    azureml/ArtifactZip/ExperimentRun/dcid.r10.zip, \
    azureml/ArtifactZip/ExperimentRun/dcid.r1_2.zip, \
    azureml/ExperimentRun/dcid.calm/user_logs/std_log.txt, \
    azureml/ExperimentRun/dcid.r10/user_logs/std_log.txt, \
    azureml/ExperimentRun/dcid.r1_2/user_logs/std_log.txt";

const KEPT: &str = "compute/cluster, experiment/churn, model/churn, model/churn/1, model/churn/2, \
    online_endpoint/score, online_endpoint/score/deployments/blue, run/calm, run/calm/history, \
    run/r10, run/r10/history, run/r10/metrics, run/r1_2, run/r1_2/history, snapshot/shared";

#[test]
fn a_run_goes_whole_and_of_others_runs_the_person_alone() {
    let scenario = two_people().sent(request("r-1", "erasure"));
    let (elsewhere, things) = (scenario.source(ELSEWHERE), scenario.source(THINGS));
    let before: Vec<_> = elsewhere.names();
    let untouched = ["model/churn", "model/churn/2", "run/r10/history", "run/r1_2"];
    let bytes = untouched.map(|name| things.get(name));
    let ended = check(scenario);
    assert!(ended.starts_with("r-1 (erasure) is completed"), "{ended}");
    assert_eq!(holds(&ended, SOURCE), BLOBS_OF_OTHERS, "{ended}");
    assert_eq!(holds(&ended, THINGS), KEPT, "{ended}");
    assert_eq!(elsewhere.names(), before, "what is in another account is another's");
    assert_eq!(untouched.map(|name| things.get(name)), bytes);
    for name in ["run/calm", "run/calm/history"] {
        let document = things.get(name).unwrap();
        let document = String::from_utf8_lossy(&document).into_owned();
        assert!(!document.contains(EMAIL) && document.contains(BOB), "{document}");
        assert!(document.contains(r#""team":"churn""#), "{document}");
    }
    let kept = "kept others may use it, and no rule names its source";
    assert_eq!(ended.matches(kept).count(), 5, "{ended}");
}

/// Whatever rules there are for files.
#[test]
fn the_rules_of_files_decide_of_the_blobs_of_a_run() {
    let keep = Rule {
        source: None,
        path: Some(Pattern::new("**/*.csv").unwrap()),
        reason: "contract".into(),
        ..rule(Treatment::Keep)
    };
    let scenario = two_people().sent(request("r-1", "erasure")).ruled_by(vec![keep]);
    let ended = check(scenario);
    assert!(holds(&ended, SOURCE).contains("azureml-blobstore-1/azureml/r1/out/part.csv"));
    assert!(!holds(&ended, SOURCE).contains("dcid.r1/"), "{ended}");
    assert_eq!(ended.matches("kept contract").count(), 3, "{ended}");
}

/// A rule that names the source decides, as of any other.
#[test]
fn a_rule_of_the_source_decides_otherwise() {
    let keep = its_own("run/**", Treatment::Keep);
    let ended = check(two_people().sent(request("r-1", "erasure")).ruled_by(vec![keep]));
    assert!(holds(&ended, THINGS).contains("run/r1, run/r1/artifacts"), "{ended}");
    assert!(holds(&ended, SOURCE).contains("dcid.r1/"), "{ended}");
    // By item: only what names the person.
    let delete = its_own("run/**", Treatment::Delete);
    let ended = check(two_people().sent(request("r-1", "erasure")).ruled_by(vec![delete.clone()]));
    assert!(!holds(&ended, THINGS).contains("run/calm"), "{ended}");
    assert!(holds(&ended, SOURCE).contains("dcid.r1/"), "{ended}");
    // By run.
    let whole = Rule { unit: Unit::Run, ..delete };
    let ended = check(two_people().sent(request("r-1", "erasure")).ruled_by(vec![whole]));
    assert!(!holds(&ended, SOURCE).contains("dcid.r1/"), "{ended}");
    assert!(holds(&ended, SOURCE).contains("dcid.calm/"), "{ended}");
    // Who asks for redaction wants the run to stay.
    let redact = request_with("r-1", "erasure", json!({ "on_erase": "redact" }));
    let ended = check(two_people().sent(redact));
    assert!(holds(&ended, THINGS).contains("run/r1, run/r1/artifacts"), "{ended}");
    assert!(holds(&ended, SOURCE).contains("dcid.r1/"), "{ended}");
}

/// Two workspaces may keep blobs in one account, and have runs of one id; also where the request is
/// about one of them alone.
#[test]
fn what_may_be_another_workspaces_stays() {
    let named = json!({ "sources": [THINGS, SOURCE] });
    for message in [request("r-1", "erasure"), request_with("r-1", "erasure", named)] {
        let mut scenario = two_people().sent(message);
        let other = MemorySource::new("other").of_things().in_account("acct");
        run(&other, "r1", BOB, &json!({}));
        scenario.sources.push(Arc::new(other));
        let ended = check(scenario);
        assert!(ended.starts_with("r-1 (erasure) is completed"), "{ended}");
        assert_eq!(holds(&ended, THINGS), KEPT, "{ended}");
        assert!(holds(&ended, SOURCE).contains("dcid.r1/"), "{ended}");
        assert!(!holds(&ended, SOURCE).contains("dcid.5f60/"), "{ended}");
        assert_eq!(holds(&ended, "other"), "run/r1, run/r1/history", "{ended}");
    }
    // In another account it is none of this.
    let mut scenario = two_people().sent(request("r-1", "erasure"));
    let other = MemorySource::new("other").of_things().in_account("other");
    run(&other, "r1", BOB, &json!({}));
    scenario.sources.push(Arc::new(other));
    let ended = check(scenario);
    assert_eq!(holds(&ended, SOURCE), BLOBS_OF_OTHERS, "{ended}");
    assert_eq!(holds(&ended, "other"), "run/r1, run/r1/history", "{ended}");
}

/// Of what was found only so much is kept, and who created a run may stand behind that.
#[test]
fn a_document_that_names_the_person_often_is_read_to_its_end() {
    let mut scenario = two_people().sent(request("r-1", "erasure"));
    scenario.limits.hits_per_item_max = 2;
    let tags: serde_json::Map<String, Value> =
        (0..9).map(|number| (format!("t{number}"), EMAIL.into())).collect();
    let things = scenario.source(THINGS);
    let job = json!({ "name": "r1", "properties": { "tags": tags },
        "systemData": { "createdBy": EMAIL } });
    things.put("run/r1", job.to_string());
    things.remove("run/r1/history");
    let ended = check(scenario);
    assert!(!holds(&ended, THINGS).contains("run/r1,"), "{ended}");
    assert!(!holds(&ended, SOURCE).contains("dcid.r1/"), "{ended}");
}

/// What a service removes with a holder is nobody's to take along.
#[test]
fn what_has_others_work_below_it_is_kept() {
    let below = "what is below it stays, and would go along";
    let table = [
        // rules; what of the holder and below it is left; whether it is kept for what is below
        (
            vec![("model/churn", Treatment::Delete)],
            "model/churn, model/churn/1, model/churn/2",
            true,
        ),
        (vec![("model/**", Treatment::Delete)], "model/churn, model/churn/2", true),
        (
            vec![("online_endpoint/score", Treatment::Delete)],
            "online_endpoint/score, online_endpoint/score/deployments/blue",
            true,
        ),
        (vec![("online_endpoint/**", Treatment::Delete)], "", false),
        (vec![("experiment/**", Treatment::Delete)], "experiment/churn", true),
    ];
    for (rules, expected, is_kept) in table {
        let own: Vec<Rule> = rules.iter().map(|(path, action)| its_own(path, *action)).collect();
        let ended = check(two_people().sent(request("r-1", "erasure")).ruled_by(own));
        let sort = rules[0].0.split('/').next().unwrap();
        let left: Vec<&str> =
            holds(&ended, THINGS).split(", ").filter(|name| name.starts_with(sort)).collect();
        assert_eq!(left.join(", "), expected, "{rules:?}\n{ended}");
        assert_eq!(ended.contains(below), is_kept, "{rules:?}\n{ended}");
        assert!(ended.starts_with("r-1 (erasure) is completed"), "{rules:?}\n{ended}");
    }
}

/// A version that others add while a plan is carried out is no part of it.
#[test]
fn what_comes_below_meanwhile_keeps_its_holder() {
    let scenario = two_people().sent(request("r-1", "erasure")).ruled_by(vec![of_models()]);
    let things = scenario.source(THINGS);
    things.remove("model/churn/2");
    scenario.wire.on("act_started", move || {
        let by_bob = json!({ "systemData": { "createdBy": BOB } });
        things.put("model/churn/3", by_bob.to_string());
    });
    let ended = check(scenario);
    assert!(holds(&ended, THINGS).contains("model/churn, model/churn/3"), "{ended}");
    assert!(ended.contains("what is below it stays"), "{ended}");
    assert!(ended.starts_with("r-1 (erasure) is completed"), "{ended}");
}

/// An experiment of which all runs go.
#[test]
fn an_empty_experiment_goes_after_its_runs() {
    let rules = vec![its_own("experiment/**", Treatment::Delete)];
    let scenario = two_people().sent(request("r-1", "erasure")).ruled_by(rules);
    // A rule names the source, and of runs that says nothing.
    let things = scenario.source(THINGS);
    for id in ["r10", "r1_2", "calm"] {
        things.remove(&format!("run/{id}"));
        things.remove(&format!("run/{id}/history"));
    }
    let slow = Slow { looks: 2, look_in_ms: 1_000, end: SlowEnd::Done };
    things.set_fault("run/r1", Some(Fault::Takes(slow)));
    let ended = check(scenario);
    assert!(!holds(&ended, THINGS).contains("experiment/churn"), "{ended}");
    assert!(!holds(&ended, THINGS).contains("run/r1/"), "{ended}");
    assert!(ended.contains("wait_started"), "{ended}");
    assert!(ended.starts_with("r-1 (erasure) is completed"), "{ended}");
}

/// What could not be removed keeps what comes after it at its service, and nothing else.
#[test]
fn what_stays_keeps_what_comes_after_it() {
    let scenario = two_people().sent(request("r-1", "erasure"));
    scenario.source(THINGS).set_fault("run/r1", Some(Fault::Blocks(Block::Lock)));
    let ended = check(scenario);
    assert!(ended.starts_with("r-1 (erasure) is partially_completed"), "{ended}");
    assert!(ended.contains("blocked lock"), "{ended}");
    assert!(ended.contains("failed order: what goes before it is still there"), "{ended}");
    assert!(holds(&ended, THINGS).contains("run/r1, run/r1/artifacts, run/r1/history"), "{ended}");
    assert!(!holds(&ended, THINGS).contains("compute/ci-7"), "{ended}");
    assert_eq!(holds(&ended, SOURCE), BLOBS_OF_OTHERS, "{ended}");
}

/// Rows are purged for weeks; nothing at other services waits for that.
#[test]
fn a_purge_keeps_no_run_waiting() {
    let scenario = two_people().with_tables().sent(request("r-1", "erasure"));
    scenario.tables[0].take_time(Slow { looks: 9, look_in_ms: 5_000, end: SlowEnd::Done });
    let things = scenario.source(THINGS);
    let slow = Slow { looks: 1, look_in_ms: 1_000, end: SlowEnd::Done };
    things.set_fault("run/r1", Some(Fault::Takes(slow)));
    let ended = check(scenario);
    assert!(ended.starts_with("r-1 (erasure) is completed"), "{ended}");
    assert_eq!(ended.matches("wait_started").count(), 2, "{ended}");
    assert_eq!(holds(&ended, THINGS), KEPT, "{ended}");
}

/// A run goes on until it is gone.
#[test]
fn what_is_written_meanwhile_is_found_by_the_second_look() {
    let scenario = two_people().sent(request("r-1", "erasure"));
    let (things, source) = (scenario.source(THINGS), scenario.source(SOURCE));
    once(&scenario, "acted", move || {
        source.put("azureml/ExperimentRun/dcid.r1/outputs/late.pkl", "late");
        things.put("run/r1/metrics", "[1.0]");
        things.put("snapshot/own", "{}");
        run(&things, "r1", EMAIL, &json!({}));
    });
    let ended = check(scenario);
    assert!(ended.starts_with("r-1 (erasure) is completed"), "{ended}");
    assert_eq!(holds(&ended, THINGS), KEPT, "{ended}");
    assert_eq!(holds(&ended, SOURCE), BLOBS_OF_OTHERS, "{ended}");
}

/// What the operator lets stand of it does not.
#[test]
fn a_dry_run_says_what_would_go() {
    let dry = request_with("r-1", "erasure", json!({ "dry_run": true }));
    let scenario = two_people().sent(dry);
    let before = scenario.source(THINGS).names().join(", ");
    let ended = check(scenario);
    assert!(ended.starts_with("r-1 (erasure) is completed"), "{ended}");
    assert_eq!(holds(&ended, THINGS), before, "{ended}");
}

/// The run that a request names goes with its blobs, and no other.
#[test]
fn a_run_that_a_request_names_goes_with_its_blobs() {
    let of_the_run = ["dcid.r1/", "dcid.r1.zip", "/r1/out", "dcid.5f60"];
    let stays = ["dcid.r10", "dcid.r1_1", "dcid.r1_2", "/r10/out"];
    let scenario = two_people().sent(about("r-1", "delete", "run", "r1"));
    let elsewhere = scenario.source(ELSEWHERE).names();
    let ended = check(scenario);
    assert!(ended.starts_with("r-1 (delete) is completed"), "{ended}");
    let left = holds(&ended, SOURCE);
    assert!(of_the_run.iter().all(|name| !left.contains(name)), "{ended}");
    assert!(stays.iter().all(|name| left.contains(name)), "{ended}");
    assert_eq!(holds(&ended, ELSEWHERE), elsewhere.join(", "));
    assert!(!holds(&ended, THINGS).contains("run/r1,"), "{ended}");
    assert!(!holds(&ended, THINGS).contains("run/5f60"), "{ended}");
    // Where the request is about the services alone, it is.
    let mut alone = about("r-1", "delete", "run", "r1");
    alone["extensions"] = json!({ "dsrd": { "sources": [THINGS] } });
    let ended = check(two_people().sent(alone));
    assert!(holds(&ended, SOURCE).contains("dcid.r1/"), "{ended}");
}

/// Its record may be gone while its blobs are not: removed before by others, or by us.
#[test]
fn the_blobs_of_a_run_are_looked_for_when_its_record_is_gone() {
    let scenario = two_people().sent(about("r-1", "delete", "run", "r1"));
    let source = scenario.source(SOURCE);
    once(&scenario, "acted", move || {
        for run in ["r1", "5f60", "r10"] {
            source.put(&format!("azureml/ExperimentRun/dcid.{run}/outputs/late.pkl"), "late");
        }
    });
    let ended = check(scenario);
    assert!(ended.starts_with("r-1 (delete) is completed"), "{ended}");
    let late = holds(&ended, SOURCE).matches("late.pkl").count();
    assert_eq!(late, 1, "{ended}");
    let scenario = two_people().sent(about("r-1", "delete", "run", "r1"));
    let things = scenario.source(THINGS);
    ["run/r1", "run/r1/history"].iter().for_each(|name| things.remove(name));
    let ended = check(scenario);
    assert!(!holds(&ended, SOURCE).contains("dcid.r1/"), "{ended}");
    assert!(holds(&ended, SOURCE).contains("dcid.r1_1/"), "{ended}");
}

/// An experiment goes with its runs and their blobs.
#[test]
fn an_experiment_goes_with_the_blobs_of_its_runs() {
    let scenario = two_people().sent(about("r-1", "delete", "experiment", "churn"));
    let ended = check(scenario);
    assert!(ended.starts_with("r-1 (delete) is completed"), "{ended}");
    let left = holds(&ended, SOURCE);
    assert!(!left.contains("dcid.r10/") && !left.contains("dcid.calm/"), "{ended}");
    assert!(left.contains("dcid.r1_1/"), "nobody says whose it is: {ended}");
}

/// What is put aside stays whole.
#[test]
fn what_is_archived_keeps_its_blobs() {
    let ended = check(two_people().sent(about("r-1", "archive", "run", "r1")));
    assert!(holds(&ended, SOURCE).contains("dcid.r1/"), "{ended}");
    assert!(ended.contains("archived"), "{ended}");
}

/// A run as it is drawn: which workspace, which id, whose, and the run above it, if any.
type Drawn = (usize, usize, bool, Option<usize>);

const IDS: [&str; 7] = ["r", "r1", "r1_0", "r1_0_2", "r10", "x", "y"];
/// Two workspaces keep their blobs in one account, and the third in another.
const WORKSPACES: [(&str, &str); 3] = [("w0", "a"), ("w1", "a"), ("w2", "b")];

/// What is known of runs, by workspace and id: whose, and the run above.
type Told = BTreeMap<(usize, usize), (bool, Option<usize>)>;

/// Whether a run goes: the person created it, or one above it.
fn goes(told: &Told, workspace: usize, id: usize) -> bool {
    let mut at = Some(id);
    while let Some((is_own, above)) = at.and_then(|id| told.get(&(workspace, id))) {
        if *is_own {
            return true;
        }
        at = *above;
    }
    false
}

/// Whether the blobs of a run go: all workspaces of the account that know it, or else the next one
/// by its name, let it go.
fn blobs_go(told: &Told, account: &str, id: usize) -> bool {
    let by_name = std::iter::successors(Some(IDS[id]), |name| {
        name.rsplit_once('_').map(|(parent, _)| parent)
    });
    for name in by_name {
        let Some(id) = IDS.iter().position(|each| *each == name) else { continue };
        let knowing: Vec<usize> = (0..WORKSPACES.len())
            .filter(|at| WORKSPACES[*at].1 == account && told.contains_key(&(*at, id)))
            .collect();
        if !knowing.is_empty() {
            return knowing.iter().all(|at| goes(told, *at, id));
        }
    }
    false
}

/// Erases the person from these workspaces, and gives what is left, and what should be.
fn erased(drawn: &[Drawn]) -> (BTreeSet<String>, BTreeSet<String>, String) {
    let told: Told = drawn
        .iter()
        .map(|(at, id, is_own, above)| ((*at, *id), (*is_own, above.filter(|above| above < id))))
        .collect();
    let mut scenario = Scenario::new().sent(request("r-1", "erasure"));
    scenario.sources.clear();
    let mut expected = BTreeSet::new();
    for (at, (name, account)) in WORKSPACES.iter().enumerate() {
        let things = MemorySource::new(name).of_things().in_account(account);
        for (id, run_id) in IDS.iter().enumerate() {
            let Some((is_own, above)) = told.get(&(at, id)) else { continue };
            let parent = above.map(|above| IDS[above]);
            run(&things, run_id, if *is_own { EMAIL } else { BOB }, &json!({ "parent": parent }));
            let names = [format!("{name} run/{run_id}"), format!("{name} run/{run_id}/history")];
            expected.extend(names.into_iter().filter(|_| !goes(&told, at, id)));
        }
        scenario.sources.push(Arc::new(things));
    }
    for account in ["a", "b"] {
        let source = MemorySource::new(account).laid_out(Container::Leading).in_account(account);
        for (id, run_id) in IDS.iter().enumerate() {
            let name = format!("azureml/ExperimentRun/dcid.{run_id}/a.txt");
            source.put(&name, "of nobody in particular");
            let stays = !blobs_go(&told, account, id);
            expected.extend(stays.then(|| format!("{account} {name}")));
        }
        scenario.sources.push(Arc::new(source));
    }
    let sources = scenario.sources.clone();
    let ended = check(scenario);
    let left = sources.iter().flat_map(|source| {
        source
            .names()
            .into_iter()
            .map(|name| format!("{} {name}", source.name()))
            .collect::<Vec<_>>()
    });
    (left.collect(), expected, ended)
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(16)
    })]

    /// Against an oracle that knows who created what: nothing of others goes, and nothing of hers
    /// stays.
    #[test]
    fn of_any_runs_the_persons_go_and_no_others(
        drawn in proptest::collection::vec(
            (0..WORKSPACES.len(), 0..IDS.len(), any::<bool>(), proptest::option::of(0..IDS.len())),
            1..14,
        )
    ) {
        let (left, expected, ended) = erased(&drawn);
        prop_assert_eq!(left, expected, "{}", ended);
    }
}
