//! What requests name is found with all that belongs to it, and put aside without being erased.

use dsrd::domain::asked::thing::{Aside, Thing, ThingKind};
use dsrd::domain::outcome::{Barrier, Block};
use dsrd::ports::sources::{Erased, Things};

use serde_json::{Map, json};

use crate::resources::world::World;
use crate::support::azure::faults::{Fault, Verb};
use crate::support::azure::kind::Kind;
use crate::support::azure::seed::sample_id;
use crate::support::azure::state::Switches;

/// Names and steps of what is looked up.
async fn found(world: &World, kind: ThingKind, name: &str, aside: Option<Aside>) -> String {
    let thing = thing(kind, name);
    let found = match world.source.look_up(&thing, aside).await {
        Ok(found) => found,
        Err(failure) => return failure.chain().rsplit(": ").next().unwrap().to_owned(),
    };
    let told = found.iter().map(|it| format!("{} {}", it.waits_for, it.item.name));
    told.collect::<Vec<_>>().join(", ")
}

fn thing(kind: ThingKind, name: &str) -> Thing {
    let name = name.to_owned();
    Thing { kind, name, output: None, with_dependents: false, permanently: true }
}

#[tokio::test]
async fn things_are_found_by_name_and_by_id() {
    let id = sample_id().path();
    let both =
        "0 online_endpoint/churn-endpoint/deployments/blue, 1 online_endpoint/churn-endpoint";
    let model = "0 model/churn-model/1, 0 model/churn-model/2, 1 model/churn-model";
    let run = "0 run/quiet_river_0a1b2c3d4e, 2 run/quiet_river_0a1b2c3d4e/history, \
               2 run/quiet_river_0a1b2c3d4e/metrics, 2 run/quiet_river_0a1b2c3d4e/artifacts, \
               2 snapshot/cccccccc-0000-4000-8000-000000000003";
    let pipeline = "0 run/pipe_4e5f607182, 2 run/pipe_4e5f607182/history, \
                    1 run/step_5f60718293, 2 run/step_5f60718293/history";
    let no_name = "no resource of its type has such a name or id";
    let table = [
        (ThingKind::Compute, "hanako-ci".to_owned(), "0 compute/hanako-ci"),
        (ThingKind::Compute, "HANAKO-CI".to_owned(), "0 compute/hanako-ci"),
        (ThingKind::Compute, "hanako".to_owned(), ""),
        (ThingKind::Compute, "..".to_owned(), no_name),
        (ThingKind::Compute, "../workspaces/x".to_owned(), no_name),
        (ThingKind::Model, "churn-model".to_owned(), model),
        (ThingKind::Model, "churn-model:2".to_owned(), "0 model/churn-model/2"),
        (ThingKind::Model, "churn-model:3".to_owned(), ""),
        (ThingKind::Model, "churn-model/2".to_owned(), no_name),
        (ThingKind::Model, format!("{}/Models/churn-model", id.to_uppercase()), model),
        (ThingKind::Model, format!("{id}/models/churn-model/versions/1"), "0 model/churn-model/1"),
        (ThingKind::Model, format!("{id}2/models/churn-model"), ""),
        (ThingKind::Model, format!("{id}/data/customers"), no_name),
        (ThingKind::Dataset, "customers".to_owned(), "0 dataset/customers/1, 1 dataset/customers"),
        (ThingKind::Dataset, "customers-v1".to_owned(), "0 registered_dataset/customers-v1"),
        (ThingKind::Dataset, "customers-v".to_owned(), ""),
        (ThingKind::Datastore, "workspaceblobstore".to_owned(), "0 datastore/workspaceblobstore"),
        (ThingKind::OnlineEndpoint, "churn-endpoint".to_owned(), both),
        (ThingKind::BatchEndpoint, "churn-endpoint".to_owned(), ""),
        (ThingKind::WebService, "churn-aci".to_owned(), "0 web_service/churn-aci"),
        (ThingKind::WebService, "churn".to_owned(), ""),
        (ThingKind::Run, "quiet_river_0a1b2c3d4e".to_owned(), run),
        (ThingKind::Run, format!("{id}/jobs/quiet_river_0a1b2c3d4e"), run),
        (ThingKind::Run, "quiet_river_0a1b2c3d4".to_owned(), ""),
        (ThingKind::Run, "quiet_river_0a1b2c3d4e/history".to_owned(), no_name),
        (ThingKind::Run, "pipe_4e5f607182".to_owned(), pipeline),
        (ThingKind::Experiment, "empty".to_owned(), "3 experiment/empty"),
        (ThingKind::Experiment, "churn2".to_owned(), ""),
        (ThingKind::Schedule, "nightly".to_owned(), "0 schedule/nightly"),
        (ThingKind::Workspace, "my-aml-workspace".to_owned(), "4 workspace/my-aml-workspace"),
        (ThingKind::Workspace, id.clone(), "4 workspace/my-aml-workspace"),
        (ThingKind::Workspace, "my-aml".to_owned(), ""),
        (ThingKind::PipelineOutput, "scores".to_owned(), ""),
    ];
    for switches in
        [Switches::default(), Switches { page_items: 1, odd_case: true, ..Switches::default() }]
    {
        let world = World::new(switches).await;
        for (kind, name, expected) in &table {
            assert_eq!(found(&world, *kind, name, None).await, *expected, "{name}");
        }
        let methods = world.simulator.requests().into_iter().map(|request| request.method);
        let changes = methods.filter(|method| !matches!(method.as_str(), "GET" | "POST"));
        assert_eq!(changes.count(), 0, "who looks changes nothing");
    }
}

/// What another workspace's id names is not here, which is not that it is not there.
#[tokio::test]
async fn things_of_other_workspaces_are_no_things_of_this_one() {
    let world = World::new(Switches::default()).await;
    let id = sample_id().path();
    let table = [
        ("churn-model".to_owned(), true),
        (format!("{id}/models/churn-model"), true),
        (format!("{id}2/models/churn-model"), false),
        (id.replace("0000-1111", "0000-1112") + "/models/churn-model", false),
    ];
    let before = world.simulator.requests().len();
    for (name, expected) in table {
        let is_named = world.source.is_named(&thing(ThingKind::Model, &name)).unwrap();
        assert_eq!(is_named, expected, "{name}");
    }
    for name in ["a/b", "..", ""] {
        assert!(world.source.is_named(&thing(ThingKind::Model, name)).is_err(), "{name}");
    }
    assert_eq!(world.simulator.requests().len(), before);
}

/// All runs with what belongs to each, the experiment at last.
#[tokio::test]
async fn an_experiment_is_found_with_all_its_runs() {
    for page_items in [1, 30] {
        let world = World::new(Switches { page_items, ..Switches::default() }).await;
        let told = found(&world, ThingKind::Experiment, "churn", None).await;
        let mut found: Vec<&str> = told.split(", ").collect();
        assert_eq!(found.last(), Some(&"3 experiment/churn"));
        found.sort_unstable();
        insta::allow_duplicates! {
            insta::assert_snapshot!(found.join("\n"), @"
            0 run/busy_cloud_1b2c3d4e5f
            0 run/calm_stone_2c3d4e5f60
            0 run/pipe_4e5f607182
            0 run/quiet_river_0a1b2c3d4e
            1 run/quiet_river_0a1b2c3d4e_1
            1 run/step_5f60718293
            2 run/busy_cloud_1b2c3d4e5f/history
            2 run/calm_stone_2c3d4e5f60/history
            2 run/pipe_4e5f607182/history
            2 run/quiet_river_0a1b2c3d4e/artifacts
            2 run/quiet_river_0a1b2c3d4e/history
            2 run/quiet_river_0a1b2c3d4e/metrics
            2 run/quiet_river_0a1b2c3d4e_1/artifacts
            2 run/quiet_river_0a1b2c3d4e_1/history
            2 run/step_5f60718293/history
            2 snapshot/cccccccc-0000-4000-8000-000000000003
            3 experiment/churn
            ");
        }
    }
}

/// The source of a run stays as long as a run that stays has it.
#[tokio::test]
async fn a_snapshot_goes_with_the_last_run_that_has_it() {
    let snapshot = "snapshot/cccccccc-0000-4000-8000-000000000003";
    for experiment in ["churn", "another"] {
        let world = World::new(Switches { page_items: 2, ..Switches::default() }).await;
        let has_it = async || {
            let told = found(&world, ThingKind::Run, "quiet_river_0a1b2c3d4e", None).await;
            told.contains(snapshot)
        };
        let properties = json!({"ContentSnapshotId": "cccccccc-0000-4000-8000-000000000003"});
        let other = json!({ "properties": properties });
        assert!(has_it().await);
        {
            let mut state = world.simulator.state();
            let now = state.now;
            let workspace = state.live(&sample_id()).unwrap();
            workspace.add_run("zz_other", experiment, &other, &Map::new(), now);
        }
        assert!(!has_it().await, "{experiment}");
        let now = world.simulator.state().now;
        world.simulator.state().live(&sample_id()).unwrap().remove_run("zz_other", false, now);
        assert!(has_it().await, "{experiment}");
    }
}

/// A child is one's own by what it says, whatever the service lists.
#[tokio::test]
async fn children_go_along_however_deep_and_others_do_not() {
    let world = World::new(Switches { page_items: 1, ..Switches::default() }).await;
    {
        let mut state = world.simulator.state();
        let now = state.now;
        let workspace = state.live(&sample_id()).unwrap();
        let child = |of: &str| json!({ "parentRunId": of });
        for (id, parent) in [("deep_a", "step_5f60718293"), ("deep_b", "deep_a")] {
            workspace.add_run(id, "another", &child(parent), &Map::new(), now);
        }
        // A ring, which nothing forbids.
        workspace.add_run("ring_a", "another", &child("ring_b"), &Map::new(), now);
        workspace.add_run("ring_b", "another", &child("ring_a"), &Map::new(), now);
        workspace.add_run("pipe_4e5f607182_1", "another", &json!({}), &Map::new(), now);
    }
    let told = found(&world, ThingKind::Run, "pipe_4e5f607182", None).await;
    for id in ["pipe_4e5f607182", "step_5f60718293", "deep_a", "deep_b"] {
        assert!(told.contains(&format!("run/{id},")) && told.contains(&format!("{id}/history")));
    }
    assert!(told.contains("1 run/deep_b"), "{told}");
    assert!(!told.contains("pipe_4e5f607182_1"), "{told}");
    let ring = found(&world, ThingKind::Run, "ring_a", None).await;
    assert_eq!(ring.matches("history").count(), 2, "{ring}");
}

#[tokio::test]
async fn of_what_is_put_aside_only_that_is_found() {
    let world = World::new(Switches::default()).await;
    let archived = found(&world, ThingKind::Model, "churn-model", Some(Aside::Archived)).await;
    assert_eq!(archived, "1 model/churn-model");
    let version = found(&world, ThingKind::Model, "churn-model:1", Some(Aside::Archived)).await;
    assert_eq!(version, "0 model/churn-model/1");
    let gone = found(&world, ThingKind::Dataset, "customers", Some(Aside::Unregistered)).await;
    assert_eq!(gone, "0 dataset/customers/1, 1 dataset/customers");
}

/// One act does not let another find its thing changed.
#[tokio::test]
async fn a_thing_goes_step_by_step() {
    for (kind, name) in [
        (ThingKind::Model, "churn-model"),
        (ThingKind::OnlineEndpoint, "churn-endpoint"),
        (ThingKind::BatchEndpoint, "churn-batch"),
        (ThingKind::Environment, "env"),
    ] {
        let world = World::new(Switches::default()).await;
        let mut left = world.names().await;
        let mut belonging = world.source.look_up(&thing(kind, name), None).await.unwrap();
        belonging.sort_by_key(|one| one.waits_for);
        for one in belonging {
            assert_eq!(
                world.erased(&one.item, 5).await.last().unwrap(),
                "Done",
                "{}",
                one.item.name
            );
            left.retain(|name| *name != one.item.name);
        }
        assert_eq!(found(&world, kind, name, None).await, "");
        assert_eq!(world.names().await, left, "{name}");
    }
}

#[tokio::test]
async fn what_is_archived_stays_and_is_hidden() {
    for name in [
        "model/churn-model",
        "model/churn-model/1",
        "dataset/customers",
        "environment/env/1",
        "component/train/1",
        "run/quiet_river_0a1b2c3d4e",
        "experiment/churn",
        "registered_dataset/customers-v1",
    ] {
        let world = World::new(Switches::default()).await;
        let item = world.item(name).await;
        assert!(!world.source.is_aside(&item, Aside::Archived).await.unwrap(), "{name}");
        let all = world.names().await;
        let put = world.source.put_aside(&item, Aside::Archived).await.unwrap();
        assert_eq!(put, Erased::Done, "{name}");
        assert!(world.source.is_aside(&item, Aside::Archived).await.unwrap(), "{name}");
        assert!(!world.source.is_aside(&item, Aside::Unregistered).await.unwrap(), "{name}");
        assert_eq!(world.names().await, all, "{name}");
        let again = world.source.put_aside(&item, Aside::Archived).await.unwrap();
        assert_eq!(again, Erased::Changed, "{name}");
    }
}

/// A service may take it and do nothing.
#[tokio::test]
async fn what_only_says_that_it_is_archived_is_told() {
    let world = World::new(Switches::default()).await;
    let item = world.item("environment/env/1").await;
    let kind = Kind::EnvironmentVersion;
    world.simulator.plan(Verb::Put, kind, Fault::locked("/a"));
    let locked = world.source.put_aside(&item, Aside::Archived).await.unwrap();
    assert_eq!(locked, Erased::Blocked(Barrier::new(Block::Lock, "ScopeLocked")));
    world.simulator.state().switches.archive_is_ignored.insert(kind);
    let failure = world.source.put_aside(&item, Aside::Archived).await.err().unwrap();
    assert!(!failure.is_transient() && failure.chain().ends_with("it was taken and not done"));
    for name in ["compute/hanako-ci", "schedule/nightly", "online_endpoint/churn-endpoint"] {
        let item = world.item(name).await;
        assert!(world.source.put_aside(&item, Aside::Archived).await.is_err(), "{name}");
    }
    let puts = world.simulator.requests().into_iter().filter(|it| it.method == "PUT");
    assert_eq!(puts.count(), 2);
}

#[tokio::test]
async fn what_is_unregistered_is_let_go() {
    for (name, word) in [
        ("compute/hanako-ci", "Begun"),
        ("dataset/customers/1", "Done"),
        ("model/churn-model/1", "Done"),
        ("registered_dataset/customers-v1", "Done"),
        ("datastore/workspaceblobstore", "Done"),
    ] {
        let world = World::new(Switches::default()).await;
        let item = world.item(name).await;
        let put = world.source.put_aside(&item, Aside::Unregistered).await.unwrap();
        assert!(format!("{put:?}").starts_with(word), "{name}: {put:?}");
        assert!(world.source.is_aside(&item, Aside::Unregistered).await.unwrap(), "{name}");
        assert!(world.source.is_aside(&item, Aside::Archived).await.unwrap(), "gone is aside");
        let asked = world.simulator.requests();
        let detaches = asked.iter().filter(|it| it.query.contains("Action=Detach"));
        assert_eq!(detaches.count(), usize::from(word == "Begun"), "{name}");
    }
    let world = World::new(Switches::default()).await;
    let item = world.item("run/quiet_river_0a1b2c3d4e").await;
    assert!(world.source.put_aside(&item, Aside::Unregistered).await.is_err());
}
