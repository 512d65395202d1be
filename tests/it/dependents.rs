//! A workspace with all that depends on it, in memory: in which order it goes, what of it stays and
//! what stays with that, and what is said where nobody can look.

use std::sync::Arc;

use dsrd::adapters::memory::sources::shelves::{Content, Fault};
use dsrd::adapters::memory::sources::slow::{Slow, SlowEnd};
use dsrd::adapters::memory::sources::store::MemorySource;
use dsrd::adapters::memory::sources::things::SHARED;
use dsrd::domain::dependents::dependent::{PARENT, RECOVERABLE_DAYS};
use dsrd::domain::outcome::Block;
use dsrd::domain::policy::pattern::Pattern;
use dsrd::domain::policy::rules::{Rule, Treatment};
use dsrd::domain::request::RequestId;
use dsrd::domain::state::Event;
use serde_json::{Value, json};

use crate::support::simulation::scenario::{
    Scenario, THINGS, control, correspondence, rule, simulate,
};
use crate::support::simulation::story::check;
use crate::things::about;

const ACCOUNT: &str = "storage_account/s/g/a";
const CONTAINER: &str = "storage_container/s/g/a/azureml";
const LOGS: &str = "log_analytics/s/g/l";
const COMPONENT: &str = "application_insights/s/g/c";

/// What a workspace depends on, and of what each is a part.
const DEPENDENTS: [(&str, &str); 8] = [
    (ACCOUNT, ""),
    (CONTAINER, ACCOUNT),
    ("file_share/s/g/a/code", ACCOUNT),
    ("key_vault/s/g/v", ""),
    ("container_registry/s/g/r", ""),
    (LOGS, ""),
    (COMPONENT, LOGS),
    ("alert_rule/s/g/failure", COMPONENT),
];

fn asked() -> Value {
    let mut asked = about("r-1", "delete", "workspace", "w");
    asked["delete_dependent_resources"] = json!(true);
    asked
}

fn put(things: &MemorySource, name: &str, parent: &str, is_shared: bool) {
    let mut content = Content { bytes: name.to_owned().into(), ..Content::default() };
    if !parent.is_empty() {
        content.properties.insert(PARENT.to_owned(), parent.to_owned());
    }
    if name == ACCOUNT {
        content.properties.insert(RECOVERABLE_DAYS.to_owned(), "14".to_owned());
    }
    if is_shared {
        content.metadata.insert(SHARED.to_owned(), "yes".to_owned());
    }
    things.put_content(name, content);
}

/// One with all of them, of which a service takes its time for some. The vault is shared.
pub fn workspace(slow: &[&str]) -> Scenario {
    let scenario = Scenario::new().with_things();
    let things = scenario.source(THINGS);
    things.put("workspace/w", "{\"name\":\"w\"}");
    for (name, parent) in DEPENDENTS {
        put(&things, name, parent, name.starts_with("key_vault/"));
    }
    for name in slow {
        let slow = Slow { looks: 1, look_in_ms: 2_000, end: SlowEnd::Done };
        things.set_fault(name, Some(Fault::Takes(slow)));
    }
    scenario
}

/// Asked for, and approved once it is held.
pub fn approved(scenario: Scenario) -> Scenario {
    let inbox = Arc::clone(&scenario.inbox);
    let approve = control("approve", "r-1").to_string();
    scenario.wire.on("held", move || inbox.push(approve.clone(), correspondence()));
    scenario.sent(asked())
}

fn holds(ended: &str) -> &str {
    ended.lines().find(|line| line.starts_with("workspace holds")).unwrap()
}

/// What is left of the workspace and of what it depends on.
fn left(ended: &str) -> Vec<&str> {
    let names = holds(ended).trim_start_matches("workspace holds ").split(", ");
    names.filter(|name| name.contains("/s/g/") || *name == "workspace/w").collect()
}

#[test]
fn all_goes_that_is_its_own_and_what_is_shared_stays() {
    let ended = check(approved(workspace(&[])));
    assert!(ended.starts_with("r-1 (delete) is completed"), "{ended}");
    assert_eq!(left(&ended), ["key_vault/s/g/v"], "{ended}");
    assert!(ended.contains(r#""erased":8"#) && ended.contains(r#""kept":1"#), "{ended}");
    assert!(ended.contains("shared") && !ended.contains("w2"), "{ended}");
}

/// However few things there are, and in a dry run too nothing goes.
#[test]
fn it_waits_for_a_person() {
    let ended = check(workspace(&[]).sent(asked()));
    assert!(ended.contains("r-1 (delete) is held"), "{ended}");
    assert_eq!(holds(&ended).matches("/s/g/").count(), DEPENDENTS.len());
}

/// What had to go first and is there still keeps all that comes after it.
#[test]
fn nothing_goes_from_under_what_stays_against_the_plan() {
    let rows: [(&str, &[&str]); 3] = [
        (CONTAINER, &[CONTAINER, ACCOUNT, COMPONENT, LOGS, "container_registry/s/g/r"]),
        (COMPONENT, &[COMPONENT, LOGS]),
        (LOGS, &[LOGS]),
    ];
    for (blocked, stays) in rows {
        let scenario = workspace(&[]);
        scenario.source(THINGS).set_fault(blocked, Some(Fault::Blocks(Block::LegalHold)));
        let ended = check(approved(scenario));
        assert!(ended.starts_with("r-1 (delete) is partially_completed"), "{blocked}: {ended}");
        let mut expected: Vec<&str> =
            stays.iter().copied().chain(["workspace/w", "key_vault/s/g/v"]).collect();
        expected.sort_unstable();
        assert_eq!(left(&ended), expected, "{blocked}: {ended}");
        assert!(ended.contains("legal_hold") && ended.contains("order"), "{ended}");
    }
}

/// What a rule keeps keeps what it is in, and nothing else.
#[test]
fn what_holds_something_that_is_kept_is_kept() {
    for (kept, mut stays) in [
        (CONTAINER, vec![ACCOUNT, CONTAINER]),
        ("alert_rule/s/g/failure", vec!["alert_rule/s/g/failure", COMPONENT, LOGS]),
    ] {
        let rule = Rule {
            source: Some(Pattern::new(THINGS).unwrap()),
            path: Some(Pattern::new(kept).unwrap()),
            reason: "tax law".to_owned(),
            ..rule(Treatment::Keep)
        };
        let ended = check(approved(workspace(&[]).ruled_by(vec![rule])));
        assert!(ended.starts_with("r-1 (delete) is completed"), "{kept}: {ended}");
        stays.push("key_vault/s/g/v");
        stays.sort_unstable();
        assert_eq!(left(&ended), stays, "{kept}: {ended}");
    }
}

/// What a rule keeps of the workspace itself keeps all that it stands on.
#[test]
fn what_a_workspace_that_is_kept_stands_on_is_kept() {
    let rule = Rule {
        source: Some(Pattern::new(THINGS).unwrap()),
        path: Some(Pattern::new("workspace/w").unwrap()),
        reason: "tax law".to_owned(),
        ..rule(Treatment::Keep)
    };
    let ended = check(approved(workspace(&[]).ruled_by(vec![rule])));
    assert!(ended.starts_with("r-1 (delete) is completed"), "{ended}");
    assert_eq!(left(&ended).len(), DEPENDENTS.len() + 1, "{ended}");
}

/// What is made or made anew while people look at the plan is nobody's to delete, in no round.
#[test]
fn what_was_made_since_the_approval_stays() {
    let scenario = workspace(&[]);
    let things = scenario.source(THINGS);
    // So that the workspace is there still for the next look.
    things.set_fault("key_vault/s/g/own", Some(Fault::Blocks(Block::LegalHold)));
    put(&things, "key_vault/s/g/own", "", false);
    things.set_fault("workspace/w", Some(Fault::Blocks(Block::Lock)));
    let inbox = Arc::clone(&scenario.inbox);
    let approve = control("approve", "r-1").to_string();
    scenario.wire.on("held", move || {
        put(&things, "container_registry/s/g/new", "", false);
        put(&things, "alert_rule/s/g/failure", "", false);
        inbox.push(approve.clone(), correspondence());
    });
    let ended = check(scenario.sent(asked()));
    let left = left(&ended);
    for name in ["container_registry/s/g/new", "alert_rule/s/g/failure"] {
        assert!(left.contains(&name), "{name}: {ended}");
    }
    assert!(!left.contains(&"container_registry/s/g/r"), "{ended}");
}

/// Its dependents are known by it alone.
#[test]
fn of_a_workspace_that_is_gone_nobody_says_that_it_had_none() {
    let ended = check(approved(Scenario::new().with_things()));
    assert!(ended.starts_with("r-1 (delete) is partially_completed"), "{ended}");
    assert!(ended.contains("workspace_gone"), "{ended}");
}

/// A service may say so and not have done it, and nobody but the plan names it by then.
#[test]
fn what_went_is_looked_for_again() {
    let scenario = workspace(&[]);
    let slow = Slow { looks: 0, look_in_ms: 1_000, end: SlowEnd::Claimed };
    scenario.source(THINGS).set_fault("container_registry/s/g/r", Some(Fault::Takes(slow)));
    let ended = check(approved(scenario));
    assert!(ended.starts_with("r-1 (delete) is completed"), "{ended}");
    assert_eq!(left(&ended), ["key_vault/s/g/v"], "{ended}");
}

/// The horizon of the certificate is that of what can be had back longest.
#[test]
fn it_is_told_until_when_something_can_be_had_back() {
    simulate(async || {
        let mut horizons = Vec::new();
        for days in ["3", "90"] {
            let scenario = workspace(&[]);
            let mut content = Content::default();
            content.properties.insert(RECOVERABLE_DAYS.to_owned(), days.to_owned());
            scenario.source(THINGS).put_content("container_registry/s/g/r", content);
            let scenario = approved(scenario);
            scenario.live().await;
            let id = RequestId::new("r-1").unwrap();
            let records = scenario.ledger().await.records(&id).await.unwrap();
            let verified = records.iter().find_map(|record| match &record.event {
                Event::Verified { logically_erased_at, unrecoverable_after, .. } => {
                    Some(unrecoverable_after.unwrap().duration_since(logically_erased_at.unwrap()))
                }
                _ => None,
            });
            horizons.push(verified.unwrap().as_hours() / 24);
        }
        // The account can be had back for two weeks in any case.
        assert_eq!(horizons, [14, 90]);
    });
}
