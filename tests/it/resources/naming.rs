//! What requests name is found with all that belongs to it, and put aside without being erased.

use dsrd::domain::asked::thing::{Aside, Thing, ThingKind};
use dsrd::domain::outcome::{Barrier, Block};
use dsrd::ports::sources::{Erased, Things};

use crate::resources::world::World;
use crate::support::azure::faults::{Fault, Verb};
use crate::support::azure::kind::Kind;
use crate::support::azure::seed::sample_id;
use crate::support::azure::state::Switches;

/// Names and steps of what is looked up.
async fn found(world: &World, kind: ThingKind, name: &str, aside: Option<Aside>) -> String {
    let thing = thing(kind, name);
    let found = world.source.look_up(&thing, aside).await.unwrap();
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
    let table = [
        (ThingKind::Compute, "hanako-ci".to_owned(), "0 compute/hanako-ci"),
        (ThingKind::Compute, "HANAKO-CI".to_owned(), "0 compute/hanako-ci"),
        (ThingKind::Compute, "hanako".to_owned(), ""),
        (ThingKind::Compute, "..".to_owned(), ""),
        (ThingKind::Compute, "../workspaces/x".to_owned(), ""),
        (ThingKind::Model, "churn-model".to_owned(), model),
        (ThingKind::Model, "churn-model:2".to_owned(), "0 model/churn-model/2"),
        (ThingKind::Model, "churn-model:3".to_owned(), ""),
        (ThingKind::Model, format!("{}/Models/churn-model", id.to_uppercase()), model),
        (ThingKind::Model, format!("{id}/models/churn-model/versions/1"), "0 model/churn-model/1"),
        (ThingKind::Model, format!("{id}2/models/churn-model"), ""),
        (ThingKind::Model, format!("{id}/data/customers"), ""),
        (ThingKind::Dataset, "customers".to_owned(), "0 dataset/customers/1, 1 dataset/customers"),
        (ThingKind::OnlineEndpoint, "churn-endpoint".to_owned(), both),
        (ThingKind::BatchEndpoint, "churn-endpoint".to_owned(), ""),
        (ThingKind::Run, "quiet_river_0a1b2c3d4e".to_owned(), "0 run/quiet_river_0a1b2c3d4e"),
        (ThingKind::Run, "quiet_river_0a1b2c3d4".to_owned(), ""),
        (ThingKind::Schedule, "nightly".to_owned(), "0 schedule/nightly"),
        (ThingKind::Workspace, "my-aml-workspace".to_owned(), ""),
    ];
    for switches in
        [Switches::default(), Switches { page_items: 1, odd_case: true, ..Switches::default() }]
    {
        let world = World::new(switches).await;
        for (kind, name, expected) in &table {
            assert_eq!(found(&world, *kind, name, None).await, *expected, "{name}");
        }
    }
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
