//! Requests about a thing: looked up by name, acted on in order, looked up again; nothing else of
//! the workspace is touched.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dsrd::adapters::azureml::kinds::KINDS;
use dsrd::adapters::memory::sources::shelves::Fault;
use dsrd::adapters::memory::sources::slow::{Slow, SlowEnd};
use dsrd::adapters::memory::sources::store::MemorySource;
use dsrd::app;
use dsrd::config::build;
use dsrd::config::reading::layers;
use dsrd::domain::asked::thing::{Aside, Thing, ThingKind};
use dsrd::domain::failure::FailureKind;
use dsrd::domain::item::Kind;
use dsrd::domain::outcome::Block;
use dsrd::domain::policy::rules::Policy;
use dsrd::domain::request::{Asked, Options, Request, RequestId, RequestKind};
use dsrd::ports::sources::{Erased, Source, Things};
use dsrd::stages::plan::things;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::simulation::leaks::EMAIL;
use crate::support::simulation::scenario::{
    SOURCE, Scenario, THINGS, control, correspondence, request, request_with,
};
use crate::support::simulation::story::check;

/// A request about a thing.
pub fn about(id: &str, verb: &str, sort: &str, name: &str) -> Value {
    json!({
        "resource_request_id": id, "resource_request_type": verb,
        "resource": { "type": sort, "name": name },
    })
}

fn asking(verb: &str, sort: &str, name: &str) -> Scenario {
    Scenario::small().with_things().sent(about("r-1", verb, sort, name))
}

fn holds(ended: &str) -> &str {
    ended.lines().find(|line| line.starts_with("workspace holds")).unwrap()
}

async fn looked_up(things: &dyn Things, kind: ThingKind, name: &str) -> Vec<(String, u16)> {
    let named = thing(kind, name);
    let found = things.look_up(&named, None).await.unwrap();
    found.into_iter().map(|each| (each.item.name, each.waits_for)).collect()
}

fn thing(kind: ThingKind, name: &str) -> Thing {
    let name = name.to_owned();
    Thing { kind, name, output: None, with_dependents: false, permanently: true }
}

/// The promises of the `Things` port, over the one adapter that there is.
#[tokio::test]
async fn the_contract_in_memory() {
    let scenario = Scenario::new().with_things();
    let source = scenario.source(THINGS);
    let things = source.things().unwrap();
    let named = |names: &[(&str, u16)]| -> Vec<(String, u16)> {
        names.iter().map(|(name, waits_for)| ((*name).to_owned(), *waits_for)).collect()
    };
    let (model, endpoint) = (ThingKind::Model, ThingKind::OnlineEndpoint);
    assert!(things.kinds().contains(&model));
    for absent in ["", "chur", "churn:3", "churn/1/x", "CHURN", "../churn", "*"] {
        assert_eq!(looked_up(things, model, absent).await, named(&[]), "{absent}");
    }
    assert_eq!(looked_up(things, model, "churn:1").await, named(&[("model/churn/1", 0)]));
    let all = named(&[("model/churn/1", 0), ("model/churn/2", 0)]);
    assert_eq!(looked_up(things, model, "churn").await, all);
    let ordered = named(&[("online_endpoint/score", 1), ("online_endpoint/score/blue", 0)]);
    assert_eq!(looked_up(things, endpoint, "score").await, ordered);
    for how in [Aside::Archived, Aside::Unregistered] {
        let asked = thing(model, if how == Aside::Archived { "churn:1" } else { "churn:2" });
        let item = things.look_up(&asked, Some(how)).await.unwrap().remove(0).item;
        assert!(item.kind == Kind::Thing && !item.etag.is_empty());
        assert!(!things.is_aside(&item, how).await.unwrap());
        assert_eq!(things.put_aside(&item, how).await.unwrap(), Erased::Done);
        assert!(things.is_aside(&item, how).await.unwrap());
        // Who lost the answer asks again, under what stood there before.
        let again = things.put_aside(&item, how).await.unwrap();
        assert!(matches!(again, Erased::Changed | Erased::AlreadyAbsent), "{again:?}");
        assert!(things.is_aside(&item, how).await.unwrap());
    }
    assert_eq!(looked_up(things, model, "churn").await, named(&[("model/churn/1", 0)]));
}

#[test]
fn a_thing_goes_with_all_that_belongs_to_it_and_nothing_else() {
    insta::assert_snapshot!(check(asking("delete", "model", "churn")), @r#"
    r-1 (delete) is completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 acted -> verifying, announced progressed fe203068
      6 verified -> completed, announced completed 96b68ac5
          counts {"seen":2,"found":2,"outcomes":{"erased":2}}
      item 0: erased
      item 1: erased
    azureml holds ComputeRecord/dcid.r2, ExperimentRun/dcid.r1/run.json, LocalUpload/zyxcanary.q7/notes.txt
    workspace holds compute/ci-7, experiment/e1, experiment/e1/first, experiment/e10, model/churn2/1, online_endpoint/score, online_endpoint/score/blue, run/r1, run/r10
    "#);
}

#[test]
fn a_version_goes_alone() {
    let ended = check(asking("delete", "model", "churn:1"));
    assert!(ended.contains("r-1 (delete) is completed"), "{ended}");
    assert!(holds(&ended).contains("model/churn/2") && !ended.contains("model/churn/1"), "{ended}");
}

/// `r1` is no `r10`.
#[test]
fn names_are_compared_whole() {
    let ended = check(asking("delete", "run", "r1"));
    assert!(holds(&ended).contains("run/r10") && !holds(&ended).contains("run/r1,"), "{ended}");
    let ended = check(asking("delete", "run", "r"));
    assert!(ended.contains("r-1 (delete) is completed"), "{ended}");
    assert!(ended.contains(r#"{"seen":0,"found":0,"outcomes":{}}"#), "{ended}");
}

#[test]
fn what_is_put_aside_is_no_erasure_and_says_so() {
    let ended = check(asking("archive", "model", "churn:1"));
    assert!(ended.contains("item 0: archived"), "{ended}");
    assert!(holds(&ended).contains("model/churn/1"), "{ended}");
    let ended = check(asking("unregister", "compute", "ci-7"));
    assert!(ended.contains("item 0: unregistered"), "{ended}");
    assert!(!holds(&ended).contains("compute/ci-7"), "{ended}");
}

/// Again and again: what is put aside stays so.
#[test]
fn what_is_aside_already_is_left_as_it_is() {
    let scenario = asking("archive", "model", "churn:1");
    let (inbox, asked) = (Arc::clone(&scenario.inbox), AtomicBool::new(false));
    scenario.wire.on("verified", move || {
        if !asked.swap(true, Ordering::Relaxed) {
            let again = about("r-2", "archive", "model", "churn:1");
            inbox.push(again.to_string(), correspondence());
        }
    });
    let ended = check(scenario);
    assert!(ended.contains("r-1 (archive) is completed"), "{ended}");
    assert!(ended.contains("r-2 (archive) is completed"), "{ended}");
    assert_eq!(ended.matches(": archived").count(), 1, "{ended}");
}

/// What is in a thing, or needs it, goes first, however long that takes.
#[test]
fn what_goes_first_is_waited_for() {
    let scenario = asking("delete", "online_endpoint", "score");
    let source = scenario.source(THINGS);
    let slow = Slow { looks: 3, look_in_ms: 1_000, end: SlowEnd::Done };
    source.set_fault("online_endpoint/score/blue", Some(Fault::Takes(slow)));
    insta::assert_snapshot!(check(scenario), @r#"
    r-1 (delete) is completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 wait_started -> waiting, announced progressed fe203068
      6 act_started -> acting, announced progressed 96b68ac5
      7 acted -> verifying, announced progressed 35c7ff7d
      8 verified -> completed, announced completed 6f54405f
          counts {"seen":2,"found":2,"outcomes":{"erased":2}}
      item 0: erased
      item 1: erased
    azureml holds ComputeRecord/dcid.r2, ExperimentRun/dcid.r1/run.json, LocalUpload/zyxcanary.q7/notes.txt
    workspace holds compute/ci-7, experiment/e1, experiment/e1/first, experiment/e10, model/churn/1, model/churn/2, model/churn2/1, run/r1, run/r10
    "#);
}

#[test]
fn what_a_service_forgot_is_begun_anew_before_what_comes_after_it() {
    for end in [SlowEnd::Forgotten, SlowEnd::Claimed, SlowEnd::DoneAndForgotten] {
        let scenario = asking("delete", "online_endpoint", "score");
        let source = scenario.source(THINGS);
        let slow = Slow { looks: 1, look_in_ms: 1_000, end };
        source.set_fault("online_endpoint/score/blue", Some(Fault::Takes(slow)));
        let ended = check(scenario);
        assert!(ended.contains("r-1 (delete) is completed"), "{end:?}\n{ended}");
        assert!(!ended.contains("online_endpoint/score"), "{end:?}\n{ended}");
    }
}

/// Nothing is removed from under what could not be removed.
#[test]
fn what_comes_after_something_that_stays_stays_too() {
    let failed = Slow { looks: 0, look_in_ms: 1_000, end: SlowEnd::Failed };
    for fault in [Fault::Blocks(Block::Lock), Fault::Takes(failed)] {
        let scenario = asking("delete", "online_endpoint", "score");
        scenario.source(THINGS).set_fault("online_endpoint/score/blue", Some(fault));
        let ended = check(scenario);
        assert!(ended.contains("r-1 (delete) is partially_completed"), "{ended}");
        assert!(ended.contains("failed order: what goes before it is still there"), "{ended}");
        assert!(holds(&ended).contains("online_endpoint/score,"), "{ended}");
    }
}

/// Stopped while a service is at it, and tried again: what was begun is known, and each item is
/// one.
#[test]
fn what_was_stopped_is_tried_again() {
    for (verb, sort, name, child) in [
        ("delete", "online_endpoint", "score", "online_endpoint/score/blue"),
        ("unregister", "compute", "ci-7", "compute/ci-7"),
    ] {
        for end in [SlowEnd::Done, SlowEnd::DoneAndForgotten, SlowEnd::Forgotten] {
            let scenario = asking(verb, sort, name);
            let slow = Slow { looks: 1, look_in_ms: 3_000, end };
            scenario.source(THINGS).set_fault(child, Some(Fault::Takes(slow)));
            let (inbox, stopped) = (Arc::clone(&scenario.inbox), AtomicBool::new(false));
            scenario.wire.on("wait_started", move || {
                if !stopped.swap(true, Ordering::Relaxed) {
                    inbox.push(control("cancel", "r-1").to_string(), correspondence());
                }
            });
            let inbox = Arc::clone(&scenario.inbox);
            scenario.wire.on("stopped", move || {
                inbox.push(control("retry", "r-1").to_string(), correspondence());
            });
            let ended = check(scenario);
            let items = if sort == "compute" { 1 } else { 2 };
            assert!(ended.contains(&format!("r-1 ({verb}) is completed")), "{end:?}\n{ended}");
            assert_eq!(ended.matches("  item ").count(), items, "{end:?}\n{ended}");
            assert!(!holds(&ended).contains(child), "{end:?}\n{ended}");
        }
    }
}

/// Others write to it while it is worked on.
#[test]
fn what_comes_meanwhile_is_found_by_the_second_look() {
    let scenario = asking("delete", "experiment", "e1");
    let source = scenario.source(THINGS);
    scenario.wire.on("act_started", move || source.put("experiment/e1/late", "{}"));
    let ended = check(scenario);
    assert!(ended.contains("r-1 (delete) is completed"), "{ended}");
    assert!(!holds(&ended).contains("experiment/e1/"), "{ended}");
    assert!(holds(&ended).contains("experiment/e10"), "{ended}");
}

#[test]
fn a_dry_run_touches_nothing() {
    let mut asked = about("r-1", "delete", "model", "churn");
    asked["extensions"] = json!({ "dsrd": { "dry_run": true } });
    let ended = check(Scenario::small().with_things().sent(asked));
    assert!(ended.contains("r-1 (delete) is completed"), "{ended}");
    assert!(ended.contains(r#""outcomes":{"planned":2}"#), "{ended}");
    assert!(holds(&ended).contains("model/churn/1, model/churn/2"), "{ended}");
}

/// By hand, and of the very thing that was shown.
#[test]
fn a_plan_that_takes_much_is_held() {
    let mut scenario = asking("delete", "experiment", "e1");
    scenario.guard.items_max = 1;
    let ended = check(scenario);
    assert!(ended.contains("r-1 (delete) is held"), "{ended}");
    let mut scenario = asking("delete", "experiment", "e1");
    scenario.guard.items_max = 1;
    let inbox = Arc::clone(&scenario.inbox);
    scenario.wire.on("held", move || {
        let message = control("approve", "r-1").to_string();
        inbox.push(message, correspondence());
    });
    let ended = check(scenario);
    assert!(ended.contains("r-1 (delete) is completed"), "{ended}");
}

/// People's requests find the same documents by what they say, and are not kept waiting.
#[test]
fn people_are_found_in_things() {
    let ended = check(
        Scenario::small()
            .with_things()
            .sent(request_with("r-1", "erasure", json!({ "sources": [THINGS] })))
            .sent(about("r-2", "delete", "run", "r10"))
            .sent(request("r-3", "access")),
    );
    assert!(ended.contains("r-1 (erasure) is completed"), "{ended}");
    assert!(ended.contains("r-2 (delete) is completed"), "{ended}");
    assert!(ended.contains("r-3 (access) is completed"), "{ended}");
    assert!(!holds(&ended).contains("run/r10"), "{ended}");
}

/// A message is answered once, however often it comes and however it is written.
#[test]
fn the_same_request_twice_is_one() {
    let mut same = about("r-1", "delete", "model", "churn:1");
    same["permanently"] = json!(true);
    same["api_version"] = json!("2.0");
    let ended = check(asking("delete", "model", "churn:1").sent(same));
    assert!(!ended.contains("dead letter"), "{ended}");
    let other = about("r-1", "delete", "model", "churn:2");
    let ended = check(asking("delete", "model", "churn:1").sent(other));
    assert!(ended.contains("conflict"), "{ended}");
}

/// A thing may have the name of a person: it is told to nobody, in no log and in no event.
#[test]
fn what_it_is_called_is_told_to_nobody() {
    for (sort, verb) in [("compute", "delete"), ("compute", "unregister"), ("model", "archive")] {
        let scenario = asking(verb, sort, EMAIL);
        scenario.source(THINGS).put(&format!("{sort}/{EMAIL}"), "{}");
        let ended = check(scenario);
        assert!(ended.contains(&format!("r-1 ({verb}) is completed")), "{ended}");
    }
    // Nor if it goes wrong.
    let scenario = asking("delete", "compute", EMAIL);
    let source = scenario.source(THINGS);
    source.put(&format!("compute/{EMAIL}"), "{}");
    source.set_fault(&format!("compute/{EMAIL}"), Some(Fault::Blocks(Block::Lock)));
    source.fail_next(2);
    let ended = check(scenario);
    assert!(ended.contains("r-1 (delete) is partially_completed"), "{ended}");
}

/// Nobody who would be asked means nobody who could say that it is gone.
#[test]
fn nobody_holds_it() {
    let scenario = Scenario::small().sent(about("r-1", "delete", "model", "churn"));
    assert!(check(scenario).contains("resource_not_supported"));
    let mut asked = about("r-1", "delete", "model", "churn");
    asked["extensions"] = json!({ "dsrd": { "sources": [SOURCE] } });
    let ended = check(Scenario::small().with_things().sent(asked));
    assert!(ended.contains("resource_not_supported"), "{ended}");
}

/// `dsrd submit` judges by what the settings name, without asking anybody.
#[tokio::test]
async fn who_submits_is_told_what_a_workspace_does_not_serve() {
    let id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/g/providers/\
              Microsoft.MachineLearningServices/workspaces/ws";
    let variables = [("DSRD__WORKSPACES__0__NAME", "ws"), ("DSRD__WORKSPACES__0__ID", id)];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let settings = build::settings(&layers::read(None, variables).unwrap()).unwrap();
    for kind in ThingKind::ALL {
        let mut asked = about("r-1", "export", kind.word(), "a");
        if kind == ThingKind::PipelineOutput {
            asked["resource"]["output"] = json!("o");
        }
        let body = asked.to_string();
        let faults = app::faults(&settings, body.as_bytes()).await.unwrap();
        let codes: Vec<&str> = faults.iter().map(|fault| fault.code).collect();
        let is_served = KINDS.contains(&kind.held_as());
        let expected: &[&str] = if is_served { &[] } else { &["resource_not_supported"] };
        assert_eq!(codes, expected, "{}", kind.word());
    }
}

/// A source may leave the settings after a request was accepted.
#[tokio::test]
async fn nobody_to_ask_is_no_answer() {
    let mut request = Request {
        id: RequestId::new("r-1").unwrap(),
        kind: RequestKind::DeleteThing,
        regulation: "gdpr".to_owned(),
        submitted: Timestamp::UNIX_EPOCH,
        asked: Asked::Thing(thing(ThingKind::Model, "churn")),
        callbacks: Vec::new(),
        options: Options::default(),
    };
    let others: [Arc<dyn Source>; 1] = [Arc::new(MemorySource::new("blobs"))];
    let failure = things::looked_up(&others, &Policy::default(), &request).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::NeedsPerson, "{}", failure.chain());
    request.options.sources = vec!["gone".to_owned()];
    let failure = things::looked_up(&others, &Policy::default(), &request).await.unwrap_err();
    assert_eq!(failure.blamed_source(), Some("gone"));
}

/// What the operator keeps stays, whoever names it, and what comes after it stays too.
#[test]
fn what_a_policy_keeps_is_kept() {
    let scenario = asking("delete", "online_endpoint", "score").keeping(THINGS, "audit law");
    let ended = check(scenario);
    assert!(ended.contains("r-1 (delete) is completed"), "{ended}");
    assert!(ended.contains("item 0: kept audit law"), "{ended}");
    assert!(holds(&ended).contains("online_endpoint/score/blue"), "{ended}");
}

#[test]
fn a_name_of_two_things_is_no_name() {
    let mut scenario = asking("delete", "model", "churn");
    let other = MemorySource::new("other").of_things();
    other.put("model/churn/7", "{}");
    scenario.sources.push(Arc::new(other));
    let ended = check(scenario);
    assert!(ended.contains("r-1 (delete) is failed"), "{ended}");
    assert!(ended.contains("other holds model/churn/7"), "{ended}");
    let mut asked = about("r-1", "delete", "model", "churn");
    asked["extensions"] = json!({ "dsrd": { "sources": ["other"] } });
    let mut scenario = Scenario::small().with_things().sent(asked);
    let other = MemorySource::new("other").of_things();
    other.put("model/churn/7", "{}");
    scenario.sources.push(Arc::new(other));
    let ended = check(scenario);
    assert!(ended.contains("r-1 (delete) is completed"), "{ended}");
    assert!(ended.contains("other holds nothing"), "{ended}");
    assert!(holds(&ended).contains("model/churn/1"), "{ended}");
}

/// However few things it holds.
#[test]
fn deleting_a_workspace_waits_for_a_person() {
    let scenario = asking("delete", "workspace", "ws");
    scenario.source(THINGS).put("workspace/ws", "{}");
    let ended = check(scenario);
    assert!(ended.contains("r-1 (delete) is held"), "{ended}");
    assert!(holds(&ended).contains("workspace/ws"), "{ended}");
}

/// Nobody asked for what somebody made under the same name since.
#[test]
fn what_is_made_anew_under_its_name_stays() {
    let scenario = asking("delete", "compute", "ci-7");
    let things = scenario.source(THINGS);
    let once = std::sync::Once::new();
    scenario.wire.on("acted", move || {
        once.call_once(|| things.put("compute/ci-7", r#"{"name":"another"}"#));
    });
    let ended = check(scenario);
    assert!(ended.starts_with("r-1 (delete) is completed"), "{ended}");
    assert!(holds(&ended).contains("compute/ci-7"), "{ended}");
}
