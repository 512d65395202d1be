//! Every fault of a service, once for each sort of resource: the same end, its code told, and
//! nothing else touched.

use std::collections::{BTreeMap, BTreeSet};

use dsrd::domain::asked::thing::{Thing, ThingKind};
use dsrd::domain::item::Item;
use dsrd::ports::sources::{Erased, Followed, Source, Things, Walked};
use futures::stream::{self, StreamExt};

use crate::resources::world::World;
use crate::support::azure::faults::{Fault, Verb};
use crate::support::azure::kind::Kind;
use crate::support::azure::operations::{Course, End, RetryAfter, Shape};
use crate::support::azure::refusal::{Envelope, Refusal};
use crate::support::azure::seed::{WORKSPACE, sample_id};
use crate::support::azure::state::Switches;

/// One of each sort.
const ONE_OF_EACH: [(Kind, &str); 19] = [
    (Kind::Job, "run/old_leaf_3d4e5f6071"),
    (Kind::Compute, "compute/hanako-ci"),
    (Kind::ModelVersion, "model/churn-model/1"),
    (Kind::Model, "model/churn-model"),
    (Kind::DataVersion, "dataset/customers/1"),
    (Kind::EnvironmentVersion, "environment/env/1"),
    (Kind::ComponentVersion, "component/train/1"),
    (Kind::OnlineDeployment, "online_endpoint/churn-endpoint/deployments/blue"),
    (Kind::BatchDeployment, "batch_endpoint/churn-batch/deployments/one"),
    (Kind::Schedule, "schedule/nightly"),
    (Kind::Datastore, "datastore/workspaceblobstore"),
    (Kind::Connection, "connection/shared-blobs"),
    (Kind::Experiment, "experiment/empty"),
    (Kind::WebService, "web_service/churn-aci"),
    (Kind::V1Dataset, "registered_dataset/customers-v1"),
    (Kind::Metrics, "run/quiet_river_0a1b2c3d4e/metrics"),
    (Kind::Artifact, "run/quiet_river_0a1b2c3d4e/artifacts"),
    (Kind::Snapshot, "snapshot/dddddddd-0000-4000-8000-000000000004"),
    (Kind::Workspace, "workspace/my-aml-workspace"),
];

/// How a deletion comes out.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Gone,
    /// Refused, with this code; it stands as it stood.
    Told(String),
    /// Still under way; it stands, or nobody knows.
    Open,
}

async fn world() -> World {
    let world = World::new(Switches::default()).await;
    let mut state = world.simulator.state();
    let workspace = state.live(&sample_id()).unwrap();
    workspace.add_snapshot("dddddddd-0000-4000-8000-000000000004", &["train.py"]);
    drop(state);
    world
}

async fn item(world: &World, name: &str) -> Item {
    if !name.starts_with("workspace/") {
        return world.item(name).await;
    }
    let (kind, name) = (ThingKind::Workspace, WORKSPACE.to_owned());
    let thing = Thing { kind, name, output: None, with_dependents: false, permanently: true };
    world.source.look_up(&thing, None).await.unwrap().remove(0).item
}

/// All that is there and what it says, but for the workspace itself, which is not walked.
async fn standing(world: &World) -> BTreeMap<String, String> {
    let items = crate::source_contract::listing(&world.source).await;
    items.into_iter().map(|item| (item.name, item.etag)).collect()
}

/// Acts as the stages do: again where that may help, and a bounded number of times.
async fn driven(world: &World, item: &Item) -> Outcome {
    let mut told = String::new();
    for _ in 0..4 {
        let ticket = match world.source.erase(item).await {
            Ok(Erased::Done | Erased::AlreadyAbsent) => return Outcome::Gone,
            Ok(Erased::Begun(ticket)) => ticket,
            Ok(Erased::Blocked(barrier)) => return Outcome::Told(barrier.detail().to_owned()),
            Ok(Erased::Changed) => panic!("{} is another", item.name),
            Err(failure) if failure.is_transient() => {
                told = failure.chain();
                continue;
            }
            Err(failure) => return Outcome::Told(code(&failure.chain())),
        };
        let mut handle = ticket.handle;
        for look in 0.. {
            match world.source.follow(item, &handle).await {
                Ok(Followed::Done) => return Outcome::Gone,
                Ok(Followed::Failed(why)) => return Outcome::Told(why),
                Ok(Followed::Blocked(barrier)) => {
                    return Outcome::Told(barrier.detail().to_owned());
                }
                Ok(Followed::Unknown) => break,
                Ok(Followed::Running { .. }) | Err(_) if look > 8 => return Outcome::Open,
                Ok(Followed::Running { handle: newer, .. }) => handle = newer.unwrap_or(handle),
                Err(_) => {}
            }
        }
    }
    Outcome::Told(code(&told))
}

fn code(chain: &str) -> String {
    chain.trim_end().rsplit(' ').next().unwrap_or_default().to_owned()
}

/// All that the simulator holds.
fn held(world: &World) -> BTreeSet<String> {
    let state = world.simulator.state();
    let Some(workspace) = state.workspaces.get(&sample_id().key()) else { return [].into() };
    let resources = workspace.resources.iter().filter(|(_, it)| it.gone.is_none());
    let resources = resources.map(|((kind, name), _)| format!("{kind:?} {name}"));
    let runs = workspace.run_ids().into_iter().map(|run| format!("run {run}"));
    let experiments = workspace.experiments.values().map(|it| format!("experiment {}", it.name));
    let artifacts = workspace.artifacts.keys().map(|(_, run, path)| format!("file {run}/{path}"));
    let snapshots = workspace.snapshots.keys().map(|id| format!("snapshot {id}"));
    let metrics = workspace.metrics.keys().map(|run| format!("metrics {run}"));
    let services = workspace.web_services.keys().map(|name| format!("service {name}"));
    let datasets = workspace.datasets.values().map(|it| format!("dataset {:?}", it.get("name")));
    let all = resources.chain(runs).chain(experiments).chain(artifacts).chain(snapshots);
    all.chain(metrics).chain(services).chain(datasets).collect()
}

/// What passes, at whatever call: what goes without a fault goes, and all else stands.
#[tokio::test]
async fn what_passes_leaves_no_trace() {
    let faults = [
        None,
        Some(Fault::too_many(0)),
        Some(Fault::broken(500)),
        Some(Fault::broken_silently(503)),
        Some(Fault::Dropped),
        Some(Fault::LostAnswer),
        Some(Fault::HalfAnswer),
    ];
    // Side by side, for they wait before they try again.
    let faults = &faults;
    let each = stream::iter(ONE_OF_EACH);
    each.for_each_concurrent(None, |(kind, name)| passes(kind, name, faults)).await;
}

async fn passes(kind: Kind, name: &str, faults: &[Option<Fault>]) {
    let mut expected = None;
    for fault in faults {
        let world = world().await;
        let before = held(&world);
        let item = item(&world, name).await;
        for verb in [Verb::Get, Verb::Delete, Verb::Poll] {
            if let Some(fault) = fault {
                world.simulator.plan(verb, kind, fault.clone());
            }
        }
        assert_eq!(driven(&world, &item).await, Outcome::Gone, "{name} {fault:?}");
        let gone: BTreeSet<String> = before.difference(&held(&world)).cloned().collect();
        let expected = expected.get_or_insert_with(|| gone.clone());
        assert!(!gone.is_empty() && gone == *expected, "{name} {fault:?}: {gone:?}");
    }
}

/// What stays is told with the service's code, and nothing is done.
#[tokio::test]
async fn what_forbids_it_is_told_for_every_sort() {
    let refused = |status, code| Fault::Refused(Refusal::gateway(status, code, "ann"));
    let faults = [
        (Fault::locked("/subscriptions/ann"), "lock: ScopeLocked"),
        (refused(403, "AuthorizationFailed"), "lock: AuthorizationFailed"),
        (refused(403, "LinkedAuthorizationFailed"), "lock: LinkedAuthorizationFailed"),
        (refused(404, "ResourceGroupNotFound"), "ResourceGroupNotFound"),
        (refused(404, "SubscriptionNotFound"), "SubscriptionNotFound"),
        (refused(412, "DeletionRequired"), "DeletionRequired"),
        (refused(400, "AnythingElse"), "AnythingElse"),
        (refused(405, "MethodNotAllowed"), "MethodNotAllowed"),
        (Fault::Refused(Refusal::new(Envelope::Nothing, 418, "", "")), "418"),
    ];
    let world = world().await;
    let expected = standing(&world).await;
    for (kind, name) in ONE_OF_EACH {
        let item = item(&world, name).await;
        for (fault, told) in &faults {
            world.simulator.plan_all(Verb::Delete, kind, Some(fault.clone()));
            let outcome = driven(&world, &item).await;
            assert_eq!(outcome, Outcome::Told((*told).to_owned()), "{name} {fault:?}");
            world.simulator.plan_all(Verb::Delete, kind, None);
        }
    }
    assert_eq!(standing(&world).await, expected);
}

/// How long work goes: with links that change, words and waits that make no sense, and every end.
#[tokio::test]
async fn work_comes_to_the_same_end_for_every_sort() {
    let course = || Course { shape: Shape::Both, polls: 2, ..Course::default() };
    let words = ["Accepted", "Deleting", "", "Updating"].map(str::to_owned).to_vec();
    let failed = End::Failed { code: "Boom".to_owned(), message: "ann".to_owned() };
    let courses = [
        (course(), Outcome::Gone),
        (Course { words, polls: 4, ..course() }, Outcome::Gone),
        (Course { retry_after: RetryAfter::Odd("-5"), ..course() }, Outcome::Gone),
        (Course { retry_after: RetryAfter::Seconds(u64::MAX), ..course() }, Outcome::Gone),
        (Course { end: End::Forgotten, ..course() }, Outcome::Gone),
        (Course { end: failed, ..course() }, Outcome::Told("Boom".to_owned())),
        (Course { end: End::Never, ..course() }, Outcome::Open),
        (Course { end: End::NotDone, ..course() }, Outcome::Open),
    ];
    let lasting = [
        Kind::Job,
        Kind::Compute,
        Kind::OnlineDeployment,
        Kind::BatchDeployment,
        Kind::Schedule,
        Kind::Workspace,
    ];
    for (kind, name) in ONE_OF_EACH.into_iter().filter(|(kind, _)| lasting.contains(kind)) {
        for (course, expected) in &courses {
            let world = world().await;
            world.simulator.state().operations.newest_link_only = true;
            let item = item(&world, name).await;
            world.simulator.plan_all(Verb::Delete, kind, Some(Fault::Goes(course.clone())));
            assert_eq!(driven(&world, &item).await, *expected, "{name} {course:?}");
            // Who may delete, and not ask how far it is, finds out all the same.
            if *expected == Outcome::Gone && course.end == End::Succeeded {
                let world = self::world().await;
                let item = self::item(&world, name).await;
                let denied = Refusal::gateway(403, "AuthorizationFailed", "");
                world.simulator.plan_all(Verb::Poll, kind, Some(Fault::Refused(denied)));
                assert_eq!(driven(&world, &item).await, Outcome::Gone, "{name}");
            }
        }
    }
}

/// The source of a run stays as long as a run uses it.
#[tokio::test]
async fn what_another_run_uses_stays() {
    let world = world().await;
    let name = "snapshot/cccccccc-0000-4000-8000-000000000003";
    let used = item(&world, name).await;
    let Erased::Begun(ticket) = world.source.erase(&used).await.unwrap() else { panic!() };
    let mut handle = ticket.handle;
    for look in 0.. {
        match world.source.follow(&used, &handle).await.unwrap() {
            Followed::Running { handle: Some(newer), .. } => handle = newer,
            Followed::Blocked(barrier) => {
                assert_eq!(barrier.detail(), "lock: SnapshotInUse");
                break;
            }
            followed => panic!("{followed:?}"),
        }
        assert!(look < 200);
    }
    assert_eq!(world.source.remains(name).await.unwrap().len(), 1);
    // The run goes, and its source with it.
    let Erased::Begun(ticket) = world.source.erase(&used).await.unwrap() else { panic!() };
    world.erased(&world.item("run/quiet_river_0a1b2c3d4e").await, 5).await;
    assert_eq!(world.source.follow(&used, &ticket.handle).await.unwrap(), Followed::Done);
    assert!(world.source.remains(name).await.unwrap().is_empty());
}
