//! Pages: each item once, whatever lies between.

use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use crate::azure_simulator::caller::{Caller, arm};
use crate::support::azure::kind::Kind;
use crate::support::azure::seed::{Seed, sample_id};
use crate::support::azure::simulator::Simulator;
use crate::support::azure::state::Switches;

/// Jobs without archived ones and children of pipelines.
const ACTIVE: [&str; 5] = [
    "busy_cloud_1b2c3d4e5f",
    "calm_stone_2c3d4e5f60",
    "pipe_4e5f607182",
    "quiet_river_0a1b2c3d4e",
    "quiet_river_0a1b2c3d4e_1",
];

#[tokio::test]
async fn every_item_comes_once() {
    for (empty_page, pages_by_offset, pages) in
        [(false, false, 3), (true, false, 4), (true, true, 4)]
    {
        let switches =
            Switches { page_items: 2, empty_page, pages_by_offset, ..Switches::default() };
        let (simulator, caller) = start(switches).await;
        assert_eq!(caller.list("jobs", "name").await, (ACTIVE.map(str::to_owned).to_vec(), pages));
        assert_eq!(simulator.requests().len(), pages);
    }
}

#[tokio::test]
async fn views_tell_what_is_listed() {
    let (simulator, caller) = start(Switches::default()).await;
    let views = [
        ("jobs?listViewType=All", 6),
        ("jobs?listViewType=ArchivedOnly", 1),
        ("jobs?listViewType=All&jobType=Pipeline", 1),
        ("jobs?tag=owner", 1),
        ("models/churn-model/versions", 2),
        ("computes", 3),
        ("onlineEndpoints/churn-endpoint/deployments", 1),
        ("schedules", 1),
        ("schedules?listViewType=DisabledOnly", 0),
    ];
    for (path, count) in views {
        assert_eq!(caller.list(path, "name").await.0.len(), count, "{path}");
    }
    simulator.state().switches.children_are_hidden = false;
    assert_eq!(caller.list("jobs", "name").await.0.len(), 6);
}

#[tokio::test]
async fn items_go_between_pages() {
    for (pages_by_offset, seen) in [(false, 4), (true, 3)] {
        let switches = Switches { page_items: 2, pages_by_offset, ..Switches::default() };
        let (simulator, caller) = start(switches).await;
        let first = caller.arm("GET", "jobs", &Value::Null).await.body;
        let count = first["value"].as_array().unwrap().len();
        let now = simulator.state().now;
        simulator.state().live(&sample_id()).unwrap().remove_run(ACTIVE[0], false, now);
        let (mut next, mut names) = (first["nextLink"].as_str().unwrap().to_owned(), Vec::new());
        loop {
            let page = caller.ask("GET", &next, &Value::Null).await.body;
            names.extend(page["value"].as_array().unwrap().iter().map(|it| it["name"].clone()));
            let Some(link) = page["nextLink"].as_str() else { break };
            next = link.to_owned();
        }
        assert_eq!(count + names.len(), seen + 1, "by offset, one is passed over");
    }
}

#[tokio::test]
async fn a_link_may_lead_elsewhere_and_a_list_may_lag() {
    let elsewhere = Some("https://elsewhere.example".to_owned());
    let switches = Switches { page_items: 1, next_link_host: elsewhere, ..Switches::default() };
    let (simulator, caller) = start(switches).await;
    let page = caller.arm("GET", "computes", &Value::Null).await.body;
    assert!(page["nextLink"].as_str().unwrap().starts_with("https://elsewhere.example/subscr"));
    let broken = caller.ask("GET", &arm("computes?$skip=nonsense"), &Value::Null).await;
    assert_eq!(broken.status, 400);
    let lag = SignedDuration::from_mins(3);
    simulator.state().switches = Switches { list_lag: lag, ..Switches::default() };
    let rest = "computes/hanako-ci?underlyingResourceAction=Detach";
    caller.arm("DELETE", rest, &Value::Null).await;
    assert_eq!(caller.status("computes/hanako-ci").await, 404);
    assert_eq!(caller.list("computes", "name").await.0.len(), 3, "the list does not know yet");
    simulator.advance(lag);
    assert_eq!(caller.list("computes", "name").await.0.len(), 2);
}

#[tokio::test]
async fn a_page_of_many_is_found_quickly() {
    let (simulator, caller) = start(Switches { page_items: 100, ..Switches::default() }).await;
    {
        let mut state = simulator.state();
        let now = state.now;
        let workspace = state.live(&sample_id()).unwrap();
        for number in 0..2000 {
            let name = format!("run_{number:05}");
            workspace.add_run(&name, "many", &json!({}), &Map::new(), now);
        }
    }
    let (names, pages) = caller.list("jobs?listViewType=All", "name").await;
    assert_eq!((names.len(), pages), (2006, 21));
    assert_eq!(simulator.state().live(&sample_id()).unwrap().names(Kind::Compute).len(), 3);
}

async fn start(switches: Switches) -> (Simulator, Caller) {
    let simulator = Simulator::start(Seed { is_plain: true, switches, ..Seed::default() }).await;
    let caller = Caller::of(&simulator);
    (simulator, caller)
}
