//! The roles in `deploy/roles` grant what our work calls, and nothing else; what is not granted is
//! told, and nothing is done.

use dsrd::domain::asked::thing::{Aside, Thing, ThingKind};
use dsrd::domain::outcome::{Barrier, Block};
use dsrd::ports::sources::{Erased, Rewritten, Source, Things, Walked};

use crate::resources::dependents;
use crate::resources::world::World;
use crate::source_contract::listing;
use crate::support::azure::kind::Kind;
use crate::support::azure::operations::{Course, Shape};
use crate::support::azure::rights::{self, Actions, Role, assert_listed, called, granted};
use crate::support::azure::state::Switches;

async fn with(roles: &[&str]) -> World {
    let roles = roles.iter().map(|role| Role::published(role)).collect();
    World::new(Switches { roles: Some(roles), ..Switches::default() }).await
}

#[tokio::test]
async fn what_finds_and_exports_needs_each_action_of_its_role() {
    let world = with(&["find"]).await;
    world.source.ping().await.unwrap();
    assert!(!world.source.lacks().await.unwrap().is_empty());
    for item in listing(&world.source).await {
        world.source.read(&item).await.unwrap();
    }
    for kind in world.source.kinds() {
        let name = "none".to_owned();
        let thing =
            Thing { kind: *kind, name, output: None, with_dependents: false, permanently: true };
        world.source.look_up(&thing, None).await.unwrap();
    }
    // What it left is only known by it.
    for run in world.source.remains("run/quiet_river_0a1b2c3d4e").await.unwrap() {
        let name = run.layout().run().unwrap().to_owned();
        let kind = ThingKind::Run;
        let thing = Thing { kind, name, output: None, with_dependents: false, permanently: true };
        let found = world.source.look_up(&thing, None).await.unwrap();
        assert!(found.iter().any(|one| one.item.name.starts_with("snapshot/")));
    }
    assert_eq!(called(&world.simulator), granted("find"));
}

#[tokio::test]
async fn who_lists_places_needs_each_action_of_its_role() {
    let world = with(&["find", "places"]).await;
    world.source.places().await.unwrap();
    let called: Actions = called(&world.simulator).difference(&granted("find")).cloned().collect();
    assert_eq!(called, granted("places"));
}

#[tokio::test]
async fn what_erases_needs_each_action_of_its_role() {
    let mut all = Actions::new();
    for shape in [Shape::AsyncOperation, Shape::Location] {
        let world = with(&["find", "erase"]).await;
        for kind in [Kind::Job, Kind::Compute, Kind::OnlineEndpoint] {
            let course = Course { shape, ..Course::default() };
            world.simulator.state().switches.courses.insert(kind, course);
        }
        let name = "quiet_river_0a1b2c3d4e".to_owned();
        let kind = ThingKind::Run;
        let run = Thing { kind, name, output: None, with_dependents: false, permanently: true };
        let belonging = world.source.look_up(&run, None).await.unwrap();
        let job = world.item("run/quiet_river_0a1b2c3d4e").await;
        let scrubbed = world.rewritten(&job, |document| {
            document["properties"]["description"] = "[erased]".into();
            document["properties"]["notificationSetting"]["emails"][0] = "[erased]".into();
        });
        assert!(matches!(scrubbed.await.unwrap(), Rewritten::Done { .. }));
        let items = listing(&world.source).await;
        for item in &items {
            // Not every sort can be.
            let _not_of_this_sort = world.source.put_aside(item, Aside::Archived).await;
        }
        for name in items.iter().rev().map(|item| &item.name) {
            if let [item] = &world.source.remains(name).await.unwrap()[..] {
                let _still_runs = world.source.erase(item).await.map(|erased| match erased {
                    Erased::Begun(ticket) => Some(ticket),
                    erased => {
                        // The history of a run goes with its job.
                        let is_fixed = name.ends_with("/history");
                        let is_blocked = matches!(erased, Erased::Blocked(_));
                        assert!(is_fixed || !is_blocked, "{name}: {erased:?}");
                        None
                    }
                });
                if let Ok(Some(ticket)) = _still_runs {
                    world.source.follow(item, &ticket.handle).await.unwrap();
                }
            }
        }
        let left = belonging.into_iter().map(|one| one.item);
        for item in left.filter(|item| !item.name.starts_with("run/quiet_river_0a1b2c3d4e/h")) {
            let erased = world.source.erase(&item).await.unwrap();
            assert!(matches!(erased, Erased::Done | Erased::AlreadyAbsent), "{erased:?}");
        }
        all.append(&mut called(&world.simulator));
    }
    let found = granted("find");
    let own: Actions = all.difference(&found).cloned().collect();
    assert_eq!(own, granted("erase"));
}

#[tokio::test]
async fn what_deletes_a_workspace_needs_each_action_of_its_role() {
    let world = with(&["find", "delete-workspace"]).await;
    let name = crate::support::azure::seed::WORKSPACE.to_owned();
    let kind = ThingKind::Workspace;
    let thing = Thing { kind, name, output: None, with_dependents: false, permanently: true };
    let one = world.source.look_up(&thing, None).await.unwrap().remove(0);
    assert_eq!(world.erased(&one.item, 5).await.last().unwrap(), "Done");
    let found = granted("find");
    let own: Actions = called(&world.simulator).difference(&found).cloned().collect();
    assert_eq!(own, granted("delete-workspace"));
}

#[tokio::test]
async fn what_deletes_what_a_workspace_depends_on_needs_each_action_of_its_role() {
    let world = with(&["find", "delete-dependents"]).await;
    dependents::fill(&world.simulator);
    dependents::add_neighbour(&world.simulator);
    dependents::all_go(&world).await;
    let other = with(&["find", "delete-dependents"]).await;
    dependents::fill(&other.simulator);
    dependents::a_vault_is_missed(&other).await;
    // Some of it stands in the other role too, which is that of the workspace alone.
    let mut called = called(&world.simulator);
    called.extend(rights::called(&other.simulator));
    let own = granted("delete-dependents");
    let unused: Vec<_> = own.difference(&called).collect();
    let found = granted("find");
    let missing: Vec<_> = called.difference(&found).filter(|it| !own.contains(*it)).collect();
    assert!(unused.is_empty() && missing.is_empty(), "{unused:?} {missing:?}");
}

#[tokio::test]
async fn what_is_not_granted_is_told_and_not_done() {
    let world = with(&["find"]).await;
    let all = listing(&world.source).await;
    for item in &all {
        // What asks for that is not known.
        if item.name == "environment/env" {
            continue;
        }
        let erased = world.source.erase(item).await.unwrap();
        let denied = match item.name.ends_with("/history") {
            // It goes with its job.
            true => Barrier::new(Block::Immutable, "FixedByTheService"),
            false => Barrier::new(Block::Lock, "AuthorizationFailed"),
        };
        let denied = Erased::Blocked(denied);
        assert_eq!(erased, denied, "{}", item.name);
    }
    assert_eq!(listing(&world.source).await, all);
}

/// The page says what the files say.
#[test]
fn the_page_lists_what_the_roles_grant() {
    assert_listed(&["find", "erase", "delete-workspace", "delete-dependents", "places"]);
}
