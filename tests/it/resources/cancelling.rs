//! Runs that have not ended are cancelled first, and deleted once they have; whoever dies on the
//! way goes on.

use dsrd::domain::item::Item;
use dsrd::domain::outcome::{Barrier, Block};
use dsrd::ports::sources::{Erased, Followed, Source, Walked};
use jiff::SignedDuration;
use serde_json::json;

use crate::resources::world::World;
use crate::support::azure::faults::{Fault, Verb};
use crate::support::azure::kind::Kind;
use crate::support::azure::operations::{Course, Shape};
use crate::support::azure::seed::sample_id;
use crate::support::azure::state::Switches;

const BUSY: &str = "run/busy_cloud_1b2c3d4e5f";
const LONG: SignedDuration = SignedDuration::from_mins(5);

/// A world in which the busy run stands like this.
async fn standing(status: &str) -> (World, Item) {
    let world = World::new(Switches::default()).await;
    say(&world, status);
    let item = world.item(BUSY).await;
    (world, item)
}

fn say(world: &World, status: &str) {
    let mut state = world.simulator.state();
    let workspace = state.live(&sample_id()).unwrap();
    let run = workspace.run_mut(BUSY.strip_prefix("run/").unwrap()).unwrap();
    run.say("status", status.into());
}

/// How often somebody asked for a run to be cancelled, and for it to be deleted.
fn asked(world: &World) -> (usize, usize) {
    let requests = world.simulator.requests();
    let cancels = requests.iter().filter(|it| it.path.ends_with("/cancel"));
    let deletes = requests.iter().filter(|it| it.method == "DELETE");
    (cancels.count(), deletes.count())
}

async fn begun(world: &World, item: &Item) -> String {
    match world.source.erase(item).await.unwrap() {
        Erased::Begun(ticket) => ticket.handle,
        erased => panic!("{erased:?}"),
    }
}

/// Where a run stands that is looked after.
async fn state(world: &World, item: &Item, handle: &str) -> String {
    match world.source.follow(item, handle).await.unwrap() {
        Followed::Running { state, .. } => state.unwrap_or_default(),
        followed => format!("{followed:?}"),
    }
}

#[tokio::test]
async fn whatever_it_does_it_goes_in_the_end() {
    let table = [
        // where it stands, how often it is asked to end
        ("Running", 1),
        ("Queued", 1),
        ("NotStarted", 1),
        ("Starting", 1),
        ("Paused", 1),
        ("Unknown", 1),
        ("AWordOfTomorrow", 1),
        ("CancelRequested", 0),
        ("Finalizing", 0),
        ("Completed", 0),
        ("Failed", 0),
        ("Canceled", 0),
    ];
    for (status, cancels) in table {
        let (world, item) = standing(status).await;
        let mut left = world.names().await;
        if matches!(status, "CancelRequested" | "Finalizing") {
            let handle = begun(&world, &item).await;
            assert_eq!(state(&world, &item, &handle).await, status);
            assert_eq!(asked(&world).1, 0, "{status}");
            say(&world, "Completed");
        }
        let words = world.erased(&item, 6).await;
        assert_eq!(words.last().unwrap(), "Done", "{status}: {words:?}");
        assert_eq!(asked(&world).0, cancels, "{status}");
        left.retain(|name| !name.starts_with(BUSY));
        assert_eq!(world.names().await, left, "{status}");
    }
}

#[tokio::test]
async fn it_is_deleted_once_it_has_ended_and_not_before() {
    let (world, item) = standing("Running").await;
    let course = Course { shape: Shape::Location, ..Course::default() }.lasting(LONG);
    world.simulator.plan(Verb::Act, Kind::Job, Fault::Goes(course));
    let handle = begun(&world, &item).await;
    for _ in 0..3 {
        assert_eq!(state(&world, &item, &handle).await, "CancelRequested");
    }
    assert_eq!(asked(&world), (1, 0));
    // Whoever died before the ticket was kept begins again, and asks nobody twice.
    let handle = begun(&world, &item).await;
    assert_eq!(asked(&world), (1, 0));
    world.simulator.advance(LONG);
    let Followed::Running { handle: Some(deleting), .. } =
        world.source.follow(&item, &handle).await.unwrap()
    else {
        panic!("it is not being deleted");
    };
    assert_eq!(asked(&world), (1, 1));
    // Killed between the two: what was asked for is done, and nothing is left to do.
    let again = world.source.erase(&item).await.unwrap();
    assert!(matches!(again, Erased::AlreadyAbsent), "{again:?}");
    assert_eq!(world.source.follow(&item, &handle).await.unwrap(), Followed::Done);
    let mut followed = world.source.follow(&item, &deleting).await.unwrap();
    while let Followed::Running { handle, .. } = followed {
        followed = world.source.follow(&item, &handle.unwrap()).await.unwrap();
    }
    assert_eq!(followed, Followed::Done);
}

/// Its state is told to whoever waits in vain.
#[tokio::test]
async fn a_machine_that_does_not_respond_is_waited_for_and_told() {
    let (world, item) = standing("NotResponding").await;
    let handle = begun(&world, &item).await;
    for _ in 0..3 {
        let look = world.source.follow(&item, &handle).await.unwrap();
        let state = Some("NotResponding".to_owned());
        let expected = Followed::Running { look_in_ms: 3_600_000, handle: None, state };
        assert_eq!(look, expected);
    }
    assert_eq!(asked(&world), (0, 0));
}

/// A child of a pipeline says nothing of itself, and a run may begin to finish meanwhile.
#[tokio::test]
async fn what_does_not_say_that_it_goes_on_is_cancelled_when_it_is_refused() {
    let world = World::new(Switches::default()).await;
    {
        let mut state = world.simulator.state();
        let workspace = state.live(&sample_id()).unwrap();
        let said = json!({"parentRunId": "quiet_river_0a1b2c3d4e", "status": "Running"});
        let now = jiff::Timestamp::UNIX_EPOCH;
        workspace.add_run("quiet_river_0a1b2c3d4e_1", "churn", &said, &Default::default(), now);
    }
    let item = world.item("run/quiet_river_0a1b2c3d4e_1").await;
    assert_eq!(world.erased(&item, 6).await.last().unwrap(), "Done");
    assert_eq!(asked(&world), (1, 2));
    let (world, item) = standing("Running").await;
    let refusal = Fault::Refused(crate::support::azure::refusal::Refusal::front_end(
        409,
        "JobCannotBeCanceled",
        "",
    ));
    world.simulator.plan(Verb::Act, Kind::Job, refusal);
    let handle = begun(&world, &item).await;
    // It goes on all the same: it is asked again.
    assert!(state(&world, &item, &handle).await.is_empty());
    assert_eq!(asked(&world), (2, 0));
}

#[tokio::test]
async fn what_forbids_it_is_told() {
    for (fault, code) in
        [(Some(Fault::locked("/subscriptions/ann")), "ScopeLocked"), (None, "AuthorizationFailed")]
    {
        let (world, item) = standing("Running").await;
        match fault {
            Some(fault) => world.simulator.plan(Verb::Act, Kind::Job, fault),
            None => {
                world.simulator.state().switches.denied.insert((Verb::Act, Kind::Job));
            }
        }
        let erased = world.source.erase(&item).await.unwrap();
        assert_eq!(erased, Erased::Blocked(Barrier::new(Block::Lock, code)));
        assert_eq!(asked(&world).1, 0);
    }
}

/// The answer to each step may get lost, or the step be refused for a while.
#[tokio::test]
async fn failures_of_the_service_pass() {
    for fault in [
        Fault::too_many(0),
        Fault::broken(500),
        Fault::broken_silently(503),
        Fault::Dropped,
        Fault::LostAnswer,
    ] {
        for verb in [Verb::Get, Verb::Act, Verb::Delete] {
            let (world, item) = standing("Running").await;
            world.simulator.plan(verb, Kind::Job, fault.clone());
            let last = match world.source.erase(&item).await {
                Ok(Erased::Begun(_)) | Err(_) => world.erased(&item, 8).await.pop().unwrap(),
                Ok(erased) => format!("{erased:?}"),
            };
            let is_gone = matches!(last.as_str(), "Done" | "AlreadyAbsent");
            assert!(is_gone, "{verb:?} {fault:?}: {last}");
        }
    }
}
