//! What is purged: the rows that have a value, and never another's.

use dsrd::config::settings::Of;
use dsrd::domain::outcome::{Barrier, Block};
use dsrd::ports::sources::{Asked, Erased, Followed, Source};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::azure::faults::{Fault, Verb};
use crate::support::azure::kind::Kind;
use crate::support::azure::monitor::people::{logs_id, other_resource};
use crate::support::azure::monitor::spot::{Owner, Part};
use crate::support::azure::refusal::Refusal;
use crate::support::azure::seed::{HANAKO, JIRO};
use crate::telemetry::world::{World, classic, found, hanako, logs, rows_of};

async fn erase(world: &World, item: &str, value: &str) -> Erased {
    world.source.erase_rows(&rows_of(item), &[value.to_owned()]).await.unwrap()
}

async fn begun(world: &World, item: &str, value: &str) -> String {
    match erase(world, item, value).await {
        Erased::Begun(ticket) => ticket.handle,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn rows_of_the_person_go_and_nobody_elses() {
    for of in [found(), logs(&[crate::support::azure::monitor::people::own_resource()])] {
        let world = World::new(of).await;
        let item = "examplela01/AmlRunStatusChangedEvent/Identity";
        let handle = begun(&world, item, HANAKO).await;
        let running = world.source.follow(&rows_of(item), &handle).await.unwrap();
        assert!(matches!(running, Followed::Running { .. }), "{running:?}");
        world.simulator.advance(SignedDuration::from_mins(30));
        let over = world.source.follow(&rows_of(item), &handle).await.unwrap();
        assert!(over == Followed::Done);
        let left = world.seen("AmlRunStatusChangedEvent");
        let left: Vec<(&Value, &Value)> =
            left.iter().map(|row| (&row["Identity"], &row["_ResourceId"])).collect();
        assert!(left.iter().any(|(who, whose)| *who == HANAKO && **whose == other_resource()));
        assert!(left.iter().any(|(who, _)| *who == JIRO) && left.len() == 2, "{left:?}");
        assert_eq!(erase(&world, item, HANAKO).await, Erased::AlreadyAbsent);
        let again = world.source.ask(&[&hanako()], Some(&rows_of(item))).await.unwrap();
        assert!(again.seen.is_empty() && again.unread.is_empty());
    }
}

/// What is asked of the service is exactly the values, the key and whose the rows are.
#[tokio::test]
async fn a_purge_says_what_and_whose() {
    let world = World::new(found()).await;
    begun(&world, "examplela01/AppTraces/Properties.caller", HANAKO).await;
    let requests = world.simulator.requests().into_iter();
    let purges = requests.filter(|request| request.path.ends_with("/purge"));
    let filters = purges
        .map(|request| serde_json::from_slice::<Value>(&request.body).unwrap()["filters"].take());
    let purges: Vec<Value> = filters.collect();
    let own = crate::support::azure::monitor::people::own_insights();
    assert_eq!(
        purges,
        [json!([
            {"column": "Properties", "operator": "in", "value": [HANAKO], "key": "caller"},
            {"column": "_ResourceId", "operator": "in", "value": [own]},
        ])]
    );
    world.simulator.advance(SignedDuration::from_mins(30));
    let left = world.seen("AppTraces");
    assert!(left.len() == 2 && left.iter().any(|row| row["Properties"]["caller"] == JIRO));
}

#[tokio::test]
async fn a_component_that_holds_its_rows_itself_purges_them_itself() {
    let world = World::new(classic()).await;
    let handle = begun(&world, "classicai01/traces/user_Id", HANAKO).await;
    world.simulator.advance(SignedDuration::from_mins(30));
    let over = world.source.follow(&rows_of("classicai01/traces/user_Id"), &handle).await;
    assert!(over.unwrap() == Followed::Done);
    assert!(world.told(&hanako()).await.is_empty());
}

#[tokio::test]
async fn what_takes_no_purge_is_blocked() {
    let world = World::new(found()).await;
    let blocked = |block, code: &str| Erased::Blocked(Barrier::new(block, code));
    let message = format!("hello {HANAKO}");
    let basic = erase(&world, "examplela01/ContainerLogV2/LogMessage", &message).await;
    assert_eq!(basic, blocked(Block::Immutable, "BasicPlan"));
    let bag = json!({"caller": HANAKO, "batch": "7"}).to_string();
    let whole = erase(&world, "examplela01/AppTraces/Properties", &bag).await;
    assert_eq!(whole, blocked(Block::Immutable, "ColumnType"));
    for (status, code) in [(403, "AuthorizationFailed"), (409, "ScopeLocked")] {
        let refusal = Refusal::gateway(status, code, "no");
        let table = "apprequests".to_owned();
        world.simulator.state().monitor.switches.purge_refused.insert(table, refusal);
        let refused = erase(&world, "examplela01/AppRequests/UserId", HANAKO).await;
        assert_eq!(refused, blocked(Block::Lock, code));
    }
    let refusal = Refusal::gateway(400, "TableNotPurgeable", "no");
    world
        .simulator
        .state()
        .monitor
        .switches
        .purge_refused
        .insert("azureactivity".to_owned(), refusal);
    let item = rows_of("examplela01/AzureActivity/Caller");
    let failure = world.source.erase_rows(&item, &[HANAKO.to_owned()]).await.unwrap_err();
    assert!(failure.chain().contains("400 TableNotPurgeable"), "{}", failure.chain());
    assert!(!failure.is_transient());
}

/// A ticket can lead anywhere; a token goes to our own cloud alone.
#[tokio::test]
async fn a_link_to_elsewhere_is_not_followed() {
    let world = World::new(found()).await;
    let item = rows_of("examplela01/AppTraces/Message");
    for handle in [
        r#"{"url":"https://evil.example/purge"}"#,
        r#"{"url":"http://127.0.0.1:1/purge"}"#,
        r#"{"url":null}"#,
    ] {
        assert!(world.source.follow(&item, handle).await.unwrap() == Followed::Unknown);
    }
    assert!(world.simulator.requests().is_empty());
    assert!(world.source.follow(&item, "none").await.is_err());
}

/// Whichever sources ask of a store, its budget is one.
#[tokio::test]
async fn a_budget_is_the_stores() {
    let mut names = Vec::new();
    let all: [Of; 2] = [found(), logs(&[])];
    for of in all {
        let world = World::new(of).await;
        let item = rows_of("examplela01/AppTraces/Message");
        assert!(world.source.settled(&item, &[]).await.unwrap().is_none());
        let budget = world.source.budget(&item).unwrap();
        assert_eq!(budget.per_hour, 50);
        names.push(budget.name);
    }
    let id = Owner::Workspace.path(&logs_id()).to_lowercase();
    assert_eq!(names, [format!("purge {id}"), format!("purge {id}")]);
}

/// What was seen and cannot be asked for any more is not gone, whatever keeps us from it.
#[tokio::test]
async fn rows_whose_store_is_out_of_reach_are_not_gone() {
    let telemetry = Kind::Telemetry;
    let shut = || Fault::Refused(Refusal::gateway(403, "AuthorizationFailed", "no"));
    type Change = Box<dyn Fn(&World)>;
    let shut_at = |verb, part| -> Change {
        Box::new(move |world| world.simulator.plan_all(verb, telemetry(part), Some(shut())))
    };
    let unlinked: Change = Box::new(|world| {
        let mut state = world.simulator.state();
        state.monitor.settings.clear();
        let key = crate::support::azure::monitor::people::insights_id().key();
        state.monitor.components.remove(&key);
    });
    let changes: [(&str, Change); 4] = [
        ("nothing leads there any more", unlinked),
        ("the workspace is shut", shut_at(Verb::Get, Part::Workspace)),
        ("its tables are not listed", shut_at(Verb::List, Part::Table)),
        (
            "its tables are shut",
            Box::new(|world| {
                let mut state = world.simulator.state();
                state.monitor.switches.denied_tables.insert("AmlRunStatusChangedEvent".to_owned());
            }),
        ),
    ];
    for (what, change) in changes {
        let world = World::new(found()).await;
        change(&world);
        let item = rows_of("examplela01/AmlRunStatusChangedEvent/Identity");
        let values = [HANAKO.to_owned()];
        let asked = world.source.ask(&[&hanako()], Some(&item)).await;
        assert!(asked.is_err() || !asked.unwrap().unread.is_empty(), "{what}");
        assert!(world.source.settled(&item, &values).await.is_err(), "{what}");
        assert!(world.source.erase_rows(&item, &values).await.is_err(), "{what}");
        assert!(world.source.rows(&item, &values).await.is_err(), "{what}");
    }
}

/// Rows are a workspace's own whichever way leads to where they are.
#[tokio::test]
async fn rows_are_found_by_another_way_than_the_one_they_came_by() {
    let world = World::new(found()).await;
    let expected = world.told(&hanako()).await;
    let world = World::new(found()).await;
    world.simulator.state().monitor.settings.clear();
    assert_eq!(world.told(&hanako()).await, expected);
}

/// Each call is counted, so that none is made that nobody asked for.
#[tokio::test]
async fn a_purge_is_one_call_whatever_comes_of_it() {
    for fault in [
        Fault::Refused(Refusal::gateway(429, "TooManyRequests", "no")),
        Fault::Refused(Refusal::gateway(503, "ServiceUnavailable", "no")),
        Fault::LostAnswer,
    ] {
        let world = World::new(found()).await;
        world.simulator.plan(Verb::Act, Kind::Telemetry(Part::Purge), fault.clone());
        let item = rows_of("examplela01/AppRequests/UserId");
        let failure = world.source.erase_rows(&item, &[HANAKO.to_owned()]).await.unwrap_err();
        assert!(failure.is_transient(), "{fault:?}");
        let requests = world.simulator.requests();
        let purges = requests.iter().filter(|request| request.path.ends_with("/purge"));
        assert_eq!(purges.count(), 1, "{fault:?}");
    }
}

/// What takes no purge, and what is gone, costs no call.
#[tokio::test]
async fn what_needs_no_purge_costs_none() {
    let world = World::new(found()).await;
    let table = [
        ("examplela01/ContainerLogV2/LogMessage", HANAKO, "Blocked"),
        ("examplela01/AppTraces/Properties", HANAKO, "Blocked"),
        ("examplela01/AppRequests/UserId", "nobody@example.org", "AlreadyAbsent"),
        ("examplela01/AppRequests/UserId", HANAKO, ""),
    ];
    for (item, value, expected) in table {
        let settled = world.source.settled(&rows_of(item), &[value.to_owned()]).await.unwrap();
        let told = settled.map(|settled| format!("{settled:?}")).unwrap_or_default();
        assert!(told.starts_with(expected) && told.is_empty() == expected.is_empty(), "{told}");
    }
    let requests = world.simulator.requests();
    assert!(!requests.iter().any(|request| request.path.ends_with("/purge")));
}

/// Long values are asked for and purged in parts, however long: none makes a query too long.
#[tokio::test]
async fn long_values_are_purged_too() {
    let world = World::new(found()).await;
    let text = |number: usize| format!("{number} {HANAKO} {}", "x".repeat(30_000));
    let values: Vec<String> = (0..5).map(text).collect();
    for value in &values {
        world.add("AmlComputeJobEvent", json!({"JobErrorMessage": value}));
    }
    let item = rows_of("examplela01/AmlComputeJobEvent/JobErrorMessage");
    assert!(world.source.settled(&item, &values).await.unwrap().is_none());
    let queries = world.simulator.requests();
    let queries = queries.iter().filter(|request| request.path.ends_with("/query"));
    assert!(queries.map(|request| request.body.len()).max().unwrap() < 110_000);
    assert!(world.source.values_bytes_max() < 30_000);
}
