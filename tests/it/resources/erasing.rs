//! How resources go: every shape of a long operation, every end, every refusal; and nothing else
//! goes with them.

use dsrd::domain::item::Item;
use dsrd::domain::outcome::{Barrier, Block};
use dsrd::ports::sources::{Erased, Followed, Source, Walked};
use jiff::SignedDuration;

use crate::resources::world::World;
use crate::support::azure::faults::{Fault, Verb};
use crate::support::azure::kind::Kind;
use crate::support::azure::operations::{Course, End, RetryAfter, Shape};
use crate::support::azure::refusal::Refusal;
use crate::support::azure::seed::sample_id;
use crate::support::azure::state::Switches;

/// One of each sort, and what goes with it.
const ONE_OF_EACH: [(Kind, &str, &[&str]); 15] = [
    (Kind::Job, "run/quiet_river_0a1b2c3d4e", &["run/quiet_river_0a1b2c3d4e/history"]),
    (Kind::Compute, "compute/hanako-ci", &[]),
    (Kind::Compute, "compute/attached-k8s", &[]),
    (Kind::ModelVersion, "model/churn-model/1", &[]),
    (Kind::Model, "model/churn-model", &["model/churn-model/1", "model/churn-model/2"]),
    (Kind::DataVersion, "dataset/customers/1", &[]),
    (Kind::EnvironmentVersion, "environment/env/1", &[]),
    (Kind::ComponentVersion, "component/train/1", &[]),
    (Kind::Component, "component/train", &["component/train/1"]),
    (Kind::OnlineDeployment, "online_endpoint/churn-endpoint/deployments/blue", &[]),
    (Kind::BatchDeployment, "batch_endpoint/churn-batch/deployments/one", &[]),
    (Kind::Schedule, "schedule/nightly", &[]),
    (Kind::Environment, "environment/env", &["environment/env/1"]),
    (Kind::Datastore, "datastore/workspaceblobstore", &[]),
    (Kind::Connection, "connection/shared-blobs", &[]),
];

#[tokio::test]
async fn each_sort_goes_alone() {
    for (_, name, along) in ONE_OF_EACH {
        let world = World::new(Switches::default()).await;
        let mut left = world.names().await;
        let item = world.item(name).await;
        let words = world.erased(&item, 5).await;
        assert_eq!(words.last().unwrap(), "Done", "{name}");
        left.retain(|other| other != name && !along.contains(&other.as_str()));
        assert_eq!(world.names().await, left, "{name}");
        assert_eq!(world.source.erase(&item).await.unwrap(), Erased::AlreadyAbsent, "{name}");
    }
}

#[tokio::test]
async fn every_shape_and_every_end_is_followed_for_every_sort() {
    let failed = || End::Failed { code: "Boom".to_owned(), message: "ann".to_owned() };
    let ends: [(End, &[&str]); 6] = [
        (End::Succeeded, &["Begun", "Running", "Done"]),
        (failed(), &["Begun", "Running", "Failed(Boom)"]),
        (End::Canceled, &["Begun", "Running", "Failed(OperationCanceled)"]),
        (End::Forgotten, &["Begun", "Running", "Unknown"]),
        (End::Never, &["Begun", "Running", "Running", "Running"]),
        // It says so, and the resource stands.
        (End::NotDone, &["Begun", "Running", "Running", "Running"]),
    ];
    let world = World::new(Switches::default()).await;
    for (kind, name, _) in ONE_OF_EACH {
        let item = world.item(name).await;
        for shape in [Shape::AsyncOperation, Shape::Location, Shape::Both] {
            for (end, words) in ends.iter().filter(|(end, _)| !is_an_end(end)) {
                world.simulator.state().operations = Default::default();
                let course = Course { shape, end: end.clone(), ..Course::default() };
                world.simulator.plan(Verb::Delete, kind, Fault::Goes(course));
                assert_eq!(world.erased(&item, 3).await, *words, "{name} {shape:?} {end:?}");
                assert_eq!(world.source.remains(name).await.unwrap().len(), 1, "{name}");
            }
        }
    }
    for (kind, name, _) in ONE_OF_EACH {
        for shape in [Shape::AsyncOperation, Shape::Location, Shape::Both] {
            for (end, words) in ends.iter().filter(|(end, _)| is_an_end(end)) {
                let world = World::new(Switches::default()).await;
                world.simulator.state().operations.newest_link_only = true;
                let item = world.item(name).await;
                let course = Course { shape, end: end.clone(), ..Course::default() };
                world.simulator.plan(Verb::Delete, kind, Fault::Goes(course));
                assert_eq!(world.erased(&item, 3).await, *words, "{name} {shape:?} {end:?}");
                assert!(world.source.remains(name).await.unwrap().is_empty(), "{name}");
            }
        }
    }
}

fn is_an_end(end: &End) -> bool {
    matches!(end, End::Succeeded | End::Forgotten)
}

#[tokio::test]
async fn a_service_may_name_what_it_does_as_it_likes() {
    let world = World::new(Switches::default()).await;
    let item = world.item("compute/hanako-ci").await;
    let words = ["Accepted", "Deleting", "Updating", ""].map(str::to_owned).to_vec();
    let course = Course { polls: 4, words, shape: Shape::AsyncOperation, ..Course::default() };
    world.simulator.plan(Verb::Delete, Kind::Compute, Fault::Goes(course));
    let expected = ["Begun", "Running", "Running", "Running", "Running", "Done"];
    assert_eq!(world.erased(&item, 9).await, expected);
}

/// With every look the service gives another link, and only the newest may be good.
#[tokio::test]
async fn the_newest_link_is_followed() {
    for shape in [Shape::AsyncOperation, Shape::Location, Shape::Both] {
        let world = World::new(Switches::default()).await;
        world.simulator.state().operations.newest_link_only = true;
        let item = world.item("compute/hanako-ci").await;
        let course = Course { shape, polls: 4, ..Course::default() };
        world.simulator.plan(Verb::Delete, Kind::Compute, Fault::Goes(course));
        assert_eq!(world.erased(&item, 9).await.last().unwrap(), "Done", "{shape:?}");
    }
}

/// A link that is good no more leaves the resource to tell.
#[tokio::test]
async fn a_stale_link_is_unknown_work() {
    let world = World::new(Switches::default()).await;
    world.simulator.state().operations.newest_link_only = true;
    let item = world.item("compute/hanako-ci").await;
    let never = Course { shape: Shape::AsyncOperation, end: End::Never, ..Course::default() };
    world.simulator.plan(Verb::Delete, Kind::Compute, Fault::Goes(never));
    let Erased::Begun(ticket) = world.source.erase(&item).await.unwrap() else { panic!() };
    world.source.follow(&item, &ticket.handle).await.unwrap();
    let again = world.source.follow(&item, &ticket.handle).await.unwrap();
    assert_eq!(again, Followed::Unknown);
}

#[tokio::test]
async fn waits_are_bounded() {
    let table = [
        (RetryAfter::Absent, 10_000),
        (RetryAfter::Seconds(0), 1_000),
        (RetryAfter::Seconds(7), 7_000),
        (RetryAfter::Seconds(86_400 * 365), 3_600_000),
        (RetryAfter::Odd("Wed, 21 Oct 2099 07:28:00 GMT"), 10_000),
        (RetryAfter::Odd("-5"), 10_000),
    ];
    for (retry_after, expected) in table {
        let world = World::new(Switches::default()).await;
        let item = world.item("compute/hanako-ci").await;
        let course = Course { shape: Shape::Both, retry_after, polls: 9, ..Course::default() };
        world.simulator.plan(Verb::Delete, Kind::Compute, Fault::Goes(course));
        let Erased::Begun(ticket) = world.source.erase(&item).await.unwrap() else { panic!() };
        assert_eq!(ticket.look_in_ms, expected, "{retry_after:?}");
        let look = world.source.follow(&item, &ticket.handle).await.unwrap();
        let Followed::Running { look_in_ms, handle, .. } = look else { panic!() };
        assert_eq!((look_in_ms, handle.is_some()), (expected, true), "{retry_after:?}");
    }
}

#[tokio::test]
async fn what_forbids_it_is_told_and_nothing_is_done() {
    let world = World::new(Switches::default()).await;
    let all = world.names().await;
    for (kind, name, _) in ONE_OF_EACH {
        let item = world.item(name).await;
        world.simulator.plan(Verb::Delete, kind, Fault::locked("/subscriptions/ann"));
        let locked = Erased::Blocked(Barrier::new(Block::Lock, "ScopeLocked"));
        assert_eq!(world.source.erase(&item).await.unwrap(), locked, "{name}");
        world.simulator.state().switches.denied.insert((Verb::Delete, kind));
        let denied = Erased::Blocked(Barrier::new(Block::Lock, "AuthorizationFailed"));
        assert_eq!(world.source.erase(&item).await.unwrap(), denied, "{name}");
        world.simulator.state().switches.denied.clear();
    }
    let told = async |name: &str| {
        let failure = world.source.erase(&world.item(name).await).await.err().unwrap();
        (failure.is_transient(), failure.chain())
    };
    let (is_transient, text) = told("online_endpoint/churn-endpoint").await;
    assert!(is_transient && text.ends_with("409 EndpointHasDeployments"), "{text}");
    assert_eq!(world.names().await, all);
}

#[tokio::test]
async fn failures_of_the_service_pass() {
    for fault in
        [Fault::too_many(0), Fault::broken(500), Fault::broken_silently(503), Fault::Dropped]
    {
        let world = World::new(Switches::default()).await;
        let item = world.item("compute/hanako-ci").await;
        world.simulator.plan(Verb::Delete, Kind::Compute, fault.clone());
        world.simulator.plan(Verb::Poll, Kind::Compute, fault.clone());
        assert_eq!(world.erased(&item, 5).await.last().unwrap(), "Done", "{fault:?}");
    }
    // It was done, and nobody heard.
    for (kind, name) in
        [(Kind::Compute, "compute/hanako-ci"), (Kind::DataVersion, "dataset/customers/1")]
    {
        for fault in [Fault::LostAnswer, Fault::HalfAnswer] {
            let world = World::new(Switches::default()).await;
            let item = world.item(name).await;
            world.simulator.plan(Verb::Delete, kind, fault.clone());
            let last = match world.source.erase(&item).await {
                Ok(Erased::Begun(_)) | Err(_) => world.erased(&item, 5).await.pop().unwrap(),
                Ok(erased) => format!("{erased:?}"),
            };
            assert!(matches!(last.as_str(), "Done" | "AlreadyAbsent"), "{name} {fault:?}: {last}");
        }
    }
}

/// Whoever died before its handle was kept begins again, and is not told twice.
#[tokio::test]
async fn what_is_under_way_is_waited_for() {
    let world = World::new(Switches::default()).await;
    let long = SignedDuration::from_mins(5);
    for (kind, name) in
        [(Kind::Compute, "compute/hanako-ci"), (Kind::Job, "run/quiet_river_0a1b2c3d4e")]
    {
        let item = world.item(name).await;
        let course = Course { shape: Shape::Location, ..Course::default() }.lasting(long);
        world.simulator.plan(Verb::Delete, kind, Fault::Goes(course));
        let lost = world.source.erase(&item).await.unwrap();
        assert!(matches!(lost, Erased::Begun(_)), "{lost:?}");
        assert_eq!(world.erased(&item, 2).await, ["Begun", "Running", "Running"], "{name}");
        let Erased::Begun(ticket) = world.source.erase(&item).await.unwrap() else { panic!() };
        world.simulator.advance(long);
        let look = world.source.follow(&item, &ticket.handle).await.unwrap();
        assert_eq!(look, Followed::Done, "{name}");
    }
    // Whatever the code: who says that it is about to go is waited for.
    let item = world.item("online_endpoint/churn-endpoint/deployments/blue").await;
    let course = Course { shape: Shape::Both, ..Course::default() }.lasting(long);
    world.simulator.plan(Verb::Delete, Kind::OnlineDeployment, Fault::Goes(course));
    world.source.erase(&item).await.unwrap();
    let odd = Refusal::front_end(409, "NobodyKnowsThisCode", "");
    world.simulator.plan(Verb::Delete, Kind::OnlineDeployment, Fault::Refused(odd));
    assert_eq!(world.erased(&item, 1).await, ["Begun", "Running"]);
    // Something else is under way: it is begun when that is over.
    let item = world.item("schedule/nightly").await;
    world.simulator.plan(Verb::Delete, Kind::Schedule, Fault::in_progress());
    assert_eq!(world.erased(&item, 5).await, ["Begun", "Running", "Running", "Done"]);
}

#[tokio::test]
async fn only_what_was_seen_goes() {
    let world = World::new(Switches::default()).await;
    let seen = world.item("schedule/nightly").await;
    {
        let mut state = world.simulator.state();
        let workspace = state.live(&sample_id()).unwrap();
        let key = (Kind::Schedule, "nightly".to_owned());
        let schedule = workspace.resources.get_mut(&key).unwrap();
        schedule.properties.insert("displayName".to_owned(), "another".into());
    }
    assert_eq!(world.source.erase(&seen).await.unwrap(), Erased::Changed);
    let strange = Item { name: "schedule/nightly2".to_owned(), ..seen };
    assert_eq!(world.source.erase(&strange).await.unwrap(), Erased::AlreadyAbsent);
    let deletes = world.simulator.requests().into_iter().filter(|it| it.method == "DELETE");
    assert_eq!(deletes.count(), 0);
}

/// What the workspace only knows of is not deleted behind it.
#[tokio::test]
async fn machines_that_were_attached_are_let_go() {
    let world = World::new(Switches::default()).await;
    for name in ["compute/attached-k8s", "compute/cpu-cluster"] {
        world.erased(&world.item(name).await, 5).await;
    }
    let asked = world.simulator.requests().into_iter().filter(|it| it.method == "DELETE");
    let actions: Vec<bool> = asked.map(|it| it.query.contains("Action=Detach")).collect();
    assert_eq!(actions, [true, false]);
}

#[tokio::test]
async fn handles_of_strangers_are_not_followed() {
    let world = World::new(Switches::default()).await;
    let item = world.item("compute/hanako-ci").await;
    let before = world.simulator.requests().len();
    for handle in ["", "https://elsewhere.example/a", "{}", r#"{"by":"status"}"#] {
        assert!(world.source.follow(&item, handle).await.is_err(), "{handle}");
    }
    let elsewhere = r#"{"by":"status","url":"https://elsewhere.example/a"}"#;
    assert_eq!(world.source.follow(&item, elsewhere).await.unwrap(), Followed::Unknown);
    assert_eq!(world.simulator.requests().len(), before);
}
