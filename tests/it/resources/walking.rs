//! All that is in a workspace is listed once and read, however its pages are cut.

use std::collections::BTreeSet;

use dsrd::domain::item::{Item, Kind as ItemKind};
use dsrd::ports::sources::{Read, Source, Walked};
use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use crate::resources::world::{NAME, World};
use crate::source_contract::{bytes_of, listing, listing_of};
use crate::support::azure::faults::{Fault, Verb};
use crate::support::azure::kind::Kind;
use crate::support::azure::seed::{HANAKO, sample_id};
use crate::support::azure::state::{Phase, Switches};

#[tokio::test]
async fn every_resource_is_an_item() {
    let world = World::new(Switches::default()).await;
    world.source.ping().await.unwrap();
    insta::assert_snapshot!(world.names().await.join("\n"), @"
    batch_endpoint/churn-batch
    batch_endpoint/churn-batch/deployments/one
    component/train
    component/train/1
    compute/attached-k8s
    compute/cpu-cluster
    compute/hanako-ci
    connection/shared-blobs
    dataset/customers
    dataset/customers/1
    datastore/workspaceblobstore
    environment/env
    environment/env/1
    experiment/churn
    experiment/empty
    experiment/churn-2024
    run/busy_cloud_1b2c3d4e5f/history
    run/calm_stone_2c3d4e5f60/history
    run/pipe_4e5f607182/history
    run/quiet_river_0a1b2c3d4e/history
    run/quiet_river_0a1b2c3d4e_1/history
    run/step_5f60718293/history
    run/old_leaf_3d4e5f6071/history
    model/churn-model
    model/churn-model/1
    model/churn-model/2
    online_endpoint/churn-endpoint
    online_endpoint/churn-endpoint/deployments/blue
    registered_dataset/customers-v1
    run/busy_cloud_1b2c3d4e5f
    run/calm_stone_2c3d4e5f60
    run/old_leaf_3d4e5f6071
    run/pipe_4e5f607182
    run/quiet_river_0a1b2c3d4e
    run/quiet_river_0a1b2c3d4e_1
    schedule/nightly
    web_service/churn-aci
    ");
}

#[tokio::test]
async fn its_bytes_are_its_document() {
    let world = World::new(Switches { odd_case: true, ..Switches::default() }).await;
    for item in listing(&world.source).await {
        let bytes = bytes_of(&world.source, &item).await;
        assert_eq!((item.source.as_str(), item.kind), (NAME, ItemKind::Thing));
        assert_eq!(item.size, bytes.len() as u64, "{}", item.name);
        let document: Value = serde_json::from_slice(&bytes).unwrap();
        match item.name.strip_suffix("/history").and_then(|run| run.strip_prefix("run/")) {
            Some(run) => assert_eq!(document["runId"], run),
            None => assert_eq!(document["name"], item.name.rsplit('/').next().unwrap()),
        }
        assert!(world.item(&item.name).await == item, "{}", item.name);
    }
    let instance = world.item("compute/hanako-ci").await;
    let text = String::from_utf8(bytes_of(&world.source, &instance).await).unwrap();
    assert!(text.contains(HANAKO) && text.contains("assignedUser"), "{text}");
}

/// However many are on a page, whatever lies between pages.
#[tokio::test]
async fn every_item_comes_once_and_in_one_order() {
    let all = World::new(Switches::default()).await.names().await;
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    for page_items in [1, 2, 3] {
        for (empty_page, pages_by_offset) in [(false, false), (true, false), (true, true)] {
            let switches =
                Switches { page_items, empty_page, pages_by_offset, ..Switches::default() };
            let world = World::new(switches).await;
            let names = world.names().await;
            let told = format!("{page_items} {empty_page} {pages_by_offset}");
            assert_eq!(world.names().await, names, "{told}");
            // What is below something comes after the page that this is on.
            assert_eq!(names.iter().collect::<BTreeSet<_>>(), all.iter().collect(), "{told}");
            assert_eq!(names.len(), all.len(), "{told}");
        }
    }
}

#[tokio::test]
async fn a_prefix_asks_for_no_more_than_it_must() {
    let world = World::new(Switches { page_items: 2, ..Switches::default() }).await;
    let all = listing(&world.source).await;
    let others = [
        "",
        "model",
        "model/",
        "model/churn",
        "model/churn-model/",
        "run/quiet",
        "r",
        "c",
        "online_endpoint/churn-endpoint/deployments/b",
        "ExperimentRun/dcid.a/",
        "nothing/",
        "run/q/",
        "run/quiet_river_0a1b2c3d4e/",
        "experiment/",
        "registered_dataset/c",
        "web",
    ];
    for prefix in others.into_iter().chain(all.iter().map(|item| item.name.as_str())) {
        let found = listing_of(&world.source, prefix).await;
        assert!(
            found.iter().eq(all.iter().filter(|item| item.name.starts_with(prefix))),
            "{prefix}"
        );
    }
    let before = world.simulator.requests().len();
    assert!(listing_of(&world.source, "ExperimentRun/dcid.a/").await.is_empty());
    assert_eq!(world.simulator.requests().len(), before, "nothing is asked for");
    listing_of(&world.source, "compute/h").await;
    assert_eq!(world.simulator.requests().len(), before + 2, "two pages of computes");
}

#[tokio::test]
async fn what_is_hidden_is_listed_too() {
    let world = World::new(Switches::default()).await;
    {
        let mut state = world.simulator.state();
        let workspace = state.live(&sample_id()).unwrap();
        for ((kind, _), resource) in &mut workspace.resources {
            if kind.is_version() || kind.is_container() {
                resource.properties.insert("isArchived".to_owned(), true.into());
            }
            if *kind == Kind::Schedule {
                resource.properties.insert("isEnabled".to_owned(), false.into());
            }
        }
    }
    let all = World::new(Switches::default()).await.names().await;
    assert_eq!(world.names().await, all);
}

#[tokio::test]
async fn many_are_listed_in_pages_of_ours() {
    let world = World::new(Switches { page_items: 100, ..Switches::default() }).await;
    {
        let mut state = world.simulator.state();
        let now = state.now;
        let workspace = state.live(&sample_id()).unwrap();
        for number in 0..1000 {
            let name = format!("many_{number:05}");
            workspace.add_run(&name, "many", &json!({}), &Map::new(), now);
            workspace.put(Kind::EnvironmentVersion, &["many", &name], &document(), HANAKO, now);
        }
    }
    let (items, pages) = world.pages("").await;
    assert_eq!(items.iter().filter(|item| item.name.contains("/many")).count(), 3002);
    assert!((5..25).contains(&pages), "{pages}");
}

fn document() -> Value {
    json!({"properties": {"isArchived": false}})
}

/// What stood through the listing is in it.
#[tokio::test]
async fn others_come_and_go_meanwhile() {
    let world = World::new(Switches { page_items: 1, ..Switches::default() }).await;
    let all = world.names().await;
    let first = world.source.list("", None).await.unwrap();
    {
        let mut state = world.simulator.state();
        let now = state.now;
        let workspace = state.live(&sample_id()).unwrap();
        workspace.remove(Kind::Component, &["train".to_owned()], now);
        workspace.remove(Kind::OnlineEndpoint, &["churn-endpoint".to_owned()], now);
        workspace.put(Kind::ModelVersion, &["new", "1"], &document(), HANAKO, now);
    }
    let (mut items, mut marker) = (first.items, first.next);
    while let Some(at) = &marker {
        let page = world.source.list("", Some(at)).await.unwrap();
        items.extend(page.items);
        marker = page.next;
    }
    let seen: BTreeSet<String> = items.into_iter().map(|item| item.name).collect();
    for name in all {
        let went = name.starts_with("component/train") || name.contains("churn-endpoint");
        assert!(went || seen.contains(&name), "{name}");
    }
}

#[tokio::test]
async fn a_list_that_lags_shows_what_cannot_be_read() {
    let lag = SignedDuration::from_mins(3);
    let world = World::new(Switches { list_lag: lag, ..Switches::default() }).await;
    let item = world.item("model/churn-model/1").await;
    world.erased(&item, 1).await;
    let listed = listing(&world.source).await;
    let ghost = listed.iter().find(|listed| listed.name == item.name).unwrap();
    assert!(matches!(world.source.read(ghost).await.unwrap(), Read::Absent));
    assert!(world.source.remains(&item.name).await.unwrap().is_empty());
}

#[tokio::test]
async fn only_the_bytes_that_were_listed_are_given() {
    let world = World::new(Switches::default()).await;
    let item = world.item("compute/hanako-ci").await;
    let change = |field: &str, value: &str| {
        let mut state = world.simulator.state();
        let workspace = state.live(&sample_id()).unwrap();
        let key = (Kind::Compute, "hanako-ci".to_owned());
        let compute = workspace.resources.get_mut(&key).unwrap();
        let inner = compute.properties["properties"].as_object_mut().unwrap();
        inner.insert(field.to_owned(), value.into());
    };
    change("state", "Running");
    assert!(matches!(world.source.read(&item).await.unwrap(), Read::Bytes(_)), "it is the same");
    change("vmSize", "another");
    assert!(matches!(world.source.read(&item).await.unwrap(), Read::Changed));
    for name in ["compute/..", "compute/a/b/c", "compute", "a", ""] {
        let strange = Item { name: name.to_owned(), ..item.clone() };
        assert!(matches!(world.source.read(&strange).await.unwrap(), Read::Refused(_)), "{name}");
        assert!(world.source.remains(name).await.unwrap().is_empty());
        assert!(world.source.erase(&strange).await.is_err(), "{name}");
    }
}

/// A token goes nowhere else, and a list is no list for ever.
#[tokio::test]
async fn links_that_lead_elsewhere_are_refused() {
    let hosts = ["https://elsewhere.example", "http://127.0.0.1:1", "javascript:"];
    for host in hosts {
        let next_link_host = Some(host.to_owned());
        let switches = Switches { page_items: 1, next_link_host, ..Switches::default() };
        let world = World::new(switches).await;
        let failure = world.source.list("compute/", None).await.err().unwrap();
        assert!(failure.chain().contains("a link to another place"), "{}", failure.chain());
        assert!(!failure.chain().contains(host), "{}", failure.chain());
        assert!(!failure.is_transient());
    }
}

#[tokio::test]
async fn a_page_that_fails_is_asked_for_again_or_told() {
    let world = World::new(Switches { page_items: 1, ..Switches::default() }).await;
    let all = world.names().await;
    let kinds = [
        Kind::Compute,
        Kind::Job,
        Kind::ModelVersion,
        Kind::OnlineDeployment,
        Kind::Experiment,
        Kind::Run,
        Kind::WebService,
        Kind::V1Dataset,
        Kind::Datastore,
        Kind::Connection,
    ];
    let faults = || {
        [
            Fault::too_many(0),
            Fault::broken(500),
            Fault::broken_silently(503),
            Fault::Dropped,
            Fault::LostAnswer,
            Fault::HalfAnswer,
        ]
    };
    for kind in kinds {
        for fault in faults() {
            world.simulator.plan(Verb::List, kind, fault.clone());
            assert_eq!(world.names().await, all, "{kind:?} {fault:?}");
        }
    }
    for kind in kinds {
        world.simulator.state().switches.denied.insert((Verb::List, kind));
        let mut marker = None;
        let failure = loop {
            match world.source.list("", marker.as_deref()).await {
                Ok(page) => marker = Some(page.next.expect("one cannot be listed")),
                Err(failure) => break failure,
            }
        };
        assert!(failure.chain().ends_with("403 AuthorizationFailed"), "{}", failure.chain());
        world.simulator.state().switches.denied.clear();
    }
}

/// Nobody is told that a person is not there because the workspace is not.
#[tokio::test]
async fn a_workspace_that_is_gone_is_a_failure() {
    let world = World::new(Switches::default()).await;
    let item = world.item("compute/hanako-ci").await;
    let now = world.simulator.state().now;
    let gone = |phase| {
        let mut state = world.simulator.state();
        state.workspaces.get_mut(&sample_id().key()).unwrap().phase = phase;
    };
    gone(Phase::SoftDeleted(now));
    for again in [false, true] {
        if again {
            world.simulator.state().workspaces.clear();
            world.simulator.state().groups.clear();
        }
        assert!(world.source.ping().await.is_err());
        assert!(world.source.list("", None).await.is_err());
        assert!(world.source.read(&item).await.is_err());
        assert!(world.source.erase(&item).await.is_err());
        assert!(world.source.remains(&item.name).await.is_err());
    }
}
