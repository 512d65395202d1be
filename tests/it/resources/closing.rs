//! The workspace itself: deleted alone, softly or for good, and purged where nobody sees it.

use dsrd::domain::asked::thing::{Thing, ThingKind};
use dsrd::domain::item::Item;
use dsrd::domain::outcome::{Barrier, Block};
use dsrd::ports::sources::{Erased, Followed, Source, Things, Walked};
use jiff::SignedDuration;

use crate::resources::world::World;
use crate::support::azure::faults::{Fault, Verb};
use crate::support::azure::kind::Kind;
use crate::support::azure::operations::{Course, End, Shape};
use crate::support::azure::refusal::Refusal;
use crate::support::azure::seed::{WORKSPACE, sample_id};
use crate::support::azure::state::{Phase, Switches};

fn thing(name: &str, permanently: bool) -> Thing {
    let (kind, name) = (ThingKind::Workspace, name.to_owned());
    Thing { kind, name, output: None, with_dependents: false, permanently }
}

async fn world() -> World {
    World::new(Switches::default()).await
}

/// The workspace as it is looked up; `None` where it is not.
async fn found(world: &World, permanently: bool) -> Option<Item> {
    let mut found = world.source.look_up(&thing(WORKSPACE, permanently), None).await.unwrap();
    assert!(found.len() < 2);
    found.pop().map(|one| one.item)
}

fn phase(world: &World) -> Option<Phase> {
    let state = world.simulator.state();
    state.workspaces.get(&sample_id().key()).map(|workspace| workspace.phase)
}

fn set_phase(world: &World, phase: Phase) {
    let mut state = world.simulator.state();
    state.workspaces.get_mut(&sample_id().key()).unwrap().phase = phase;
}

/// How it was deleted: with a purge, or without.
fn deletes(world: &World) -> Vec<bool> {
    let requests = world.simulator.requests().into_iter().filter(|it| it.method == "DELETE");
    requests.map(|it| it.query.contains("forceToPurge=true")).collect()
}

#[tokio::test]
async fn it_goes_softly_or_for_good_as_it_was_asked() {
    for permanently in [true, false] {
        let world = world().await;
        let item = found(&world, permanently).await.unwrap();
        assert_eq!(item.name, format!("workspace/{WORKSPACE}"));
        assert_eq!(world.erased(&item, 5).await, ["Begun", "Running", "Done"]);
        assert_eq!(deletes(&world), [permanently]);
        assert_eq!(phase(&world).is_none(), permanently, "what is purged is not kept");
        let kept = world.source.recoverable_for(&thing(WORKSPACE, permanently));
        let days = if permanently { 0 } else { 14 };
        assert_eq!(kept, SignedDuration::from_hours(days * 24));
        // Whoever lost the answer asks again.
        assert_eq!(world.source.erase(&item).await.unwrap(), Erased::AlreadyAbsent);
    }
}

/// One that was deleted softly before is not seen, and can be had back.
#[tokio::test]
async fn what_nobody_sees_is_purged_where_it_is_to_go_for_good() {
    let world = world().await;
    let now = world.simulator.state().now;
    set_phase(&world, Phase::SoftDeleted(now));
    assert!(found(&world, false).await.is_none());
    let item = found(&world, true).await.unwrap();
    assert!(item.etag.is_empty());
    assert_eq!(world.erased(&item, 5).await, ["Begun", "Running", "Done"]);
    assert!(phase(&world).is_none());
    // Nothing is there any more, and nothing was to be purged.
    assert_eq!(world.source.erase(&item).await.unwrap(), Erased::AlreadyAbsent);
    assert_eq!(deletes(&world), [true, true]);
}

/// Creating says that it is deleted softly, and purging that it is not there.
#[tokio::test]
async fn one_that_is_stuck_is_told_with_its_code() {
    let world = world().await;
    set_phase(&world, Phase::Deadlocked);
    let item = found(&world, true).await.unwrap();
    let failure = world.source.erase(&item).await.err().unwrap();
    let text = failure.chain();
    assert!(!failure.is_transient() && text.ends_with("404 ResourceNotFound"), "{text}");
    assert_eq!(failure.kind, dsrd::domain::failure::FailureKind::Permanent);
}

/// A group or a subscription that is not there says nothing of what was in it.
#[tokio::test]
async fn what_it_is_in_is_no_word_about_it() {
    for permanently in [true, false] {
        let world = world().await;
        let item = found(&world, permanently).await.unwrap();
        let groups = std::mem::take(&mut world.simulator.state().groups);
        assert!(world.source.look_up(&thing(WORKSPACE, permanently), None).await.is_err());
        assert!(world.source.erase(&item).await.is_err());
        let (subscription, _) = groups.first().unwrap().clone();
        world.simulator.state().groups.insert((subscription, "another".to_owned()));
        assert!(world.source.look_up(&thing(WORKSPACE, permanently), None).await.is_err());
        assert!(deletes(&world).is_empty());
    }
}

#[tokio::test]
async fn only_what_was_seen_goes_and_what_forbids_it_is_told() {
    let world = world().await;
    let item = found(&world, true).await.unwrap();
    world.simulator.plan(Verb::Delete, Kind::Workspace, Fault::locked("/subscriptions/ann"));
    let locked = Erased::Blocked(Barrier::new(Block::Lock, "ScopeLocked"));
    assert_eq!(world.source.erase(&item).await.unwrap(), locked);
    world.simulator.state().switches.denied.insert((Verb::Delete, Kind::Workspace));
    let denied = Erased::Blocked(Barrier::new(Block::Lock, "AuthorizationFailed"));
    assert_eq!(world.source.erase(&item).await.unwrap(), denied);
    world.simulator.state().switches.denied.clear();
    {
        let mut state = world.simulator.state();
        let workspace = state.live(&sample_id()).unwrap();
        workspace.document.insert("tags".to_owned(), serde_json::json!({"new": "1"}));
    }
    assert_eq!(world.source.erase(&item).await.unwrap(), Erased::Changed);
    // One that came back is another than the one that nobody saw.
    let unseen = Item { etag: String::new(), ..item };
    assert_eq!(world.source.erase(&unseen).await.unwrap(), Erased::Changed);
    assert_eq!(phase(&world), Some(Phase::Live));
}

/// Before the answer was heard, and while it is under way.
#[tokio::test]
async fn who_is_killed_on_the_way_goes_on() {
    let world = world().await;
    let item = found(&world, true).await.unwrap();
    let long = SignedDuration::from_mins(5);
    let course = Course { shape: Shape::Location, ..Course::default() }.lasting(long);
    world.simulator.plan(Verb::Delete, Kind::Workspace, Fault::Goes(course));
    let lost = world.source.erase(&item).await.unwrap();
    assert!(matches!(lost, Erased::Begun(_)), "{lost:?}");
    let Erased::Begun(ticket) = world.source.erase(&item).await.unwrap() else { panic!() };
    let look = world.source.follow(&item, &ticket.handle).await.unwrap();
    assert!(matches!(look, Followed::Running { .. }), "{look:?}");
    world.simulator.advance(long);
    assert_eq!(world.source.follow(&item, &ticket.handle).await.unwrap(), Followed::Done);
    assert!(phase(&world).is_none());
}

#[tokio::test]
async fn every_end_is_told() {
    let failed = || End::Failed { code: "Boom".to_owned(), message: "ann".to_owned() };
    for (end, last) in [
        (failed(), "Failed(Boom)"),
        (End::Canceled, "Failed(OperationCanceled)"),
        (End::Never, "Running"),
        (End::NotDone, "Running"),
        (End::Forgotten, "Unknown"),
    ] {
        let world = world().await;
        let item = found(&world, true).await.unwrap();
        let course = Course { shape: Shape::Location, end: end.clone(), ..Course::default() };
        world.simulator.plan(Verb::Delete, Kind::Workspace, Fault::Goes(course));
        let words = world.erased(&item, 4).await;
        assert!(words.last().unwrap().starts_with(last), "{end:?}: {words:?}");
    }
    let world = world().await;
    let item = found(&world, true).await.unwrap();
    let nested = Refusal::gateway(400, "CannotDeleteResource", "").because("Deep", "ann");
    world.simulator.plan(Verb::Delete, Kind::Workspace, Fault::Refused(nested));
    let failure = world.source.erase(&item).await.err().unwrap();
    assert!(failure.chain().ends_with("400 CannotDeleteResource"), "{}", failure.chain());
}
