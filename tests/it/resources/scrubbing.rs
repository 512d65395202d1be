//! Records of runs that stay are scrubbed: what the service lets be changed says what it is to say,
//! and what it does not is told.

use dsrd::domain::outcome::{Barrier, Block, FIXED};
use dsrd::ports::sources::{Rewritten, Walked};
use serde_json::{Map, Value, json};

use crate::resources::world::{World, form};
use crate::source_contract::listing;
use crate::support::azure::faults::{Fault, Verb};
use crate::support::azure::kind::Kind;
use crate::support::azure::seed::{HANAKO, person, sample_id};
use crate::support::azure::state::Switches;

const ERASED: &str = "[erased]";
/// Somebody else's run, in which she is named; and one of her own.
const SHARED: &str = "calm_stone_2c3d4e5f60";
const OWN: &str = "quiet_river_0a1b2c3d4e";

async fn world() -> World {
    World::new(Switches::default()).await
}

fn fixed() -> Rewritten {
    Rewritten::Blocked(Barrier::new(Block::Immutable, FIXED))
}

/// What run history says of a run now.
fn said(world: &World, run: &str) -> Map<String, Value> {
    world.simulator.state().live(&sample_id()).unwrap().run(run).unwrap().document()
}

/// How many calls there were that change something.
fn writes(world: &World) -> usize {
    let requests = world.simulator.requests();
    requests.iter().filter(|it| matches!(it.method.as_str(), "PATCH" | "PUT" | "DELETE")).count()
}

fn take_out(document: &mut Value) {
    let of_job = document.get("properties").is_some_and(|it| it.get("tags").is_some());
    let place = if of_job { &mut document["properties"] } else { document };
    place["tags"]["reviewer"] = ERASED.into();
}

/// The job and its history are one record: whoever scrubs both changes it once.
#[tokio::test]
async fn a_run_of_somebody_else_loses_her_and_nothing_else() {
    for (first, second) in [("", "/history"), ("/history", "")] {
        let world = world().await;
        let before = listing(&world.source).await;
        let [one, other] = [first, second].map(|below| format!("run/{SHARED}{below}"));
        let (one, other) = (world.item(&one).await, world.item(&other).await);
        let done = world.rewritten(&one, take_out).await.unwrap();
        let etag = world.item(&one.name).await.etag;
        assert_eq!(done, Rewritten::Done { etag }, "{first}");
        assert_eq!(writes(&world), 1);
        assert_eq!(said(&world, SHARED)["tags"], json!({"reviewer": ERASED, "team": "churn"}));
        // As it was seen before, it is another; as it is to be, it is so already.
        let mut wanted = world.item(&other.name).await;
        let done = world.rewritten(&wanted, |_| {}).await.unwrap();
        assert_eq!(done, Rewritten::Done { etag: wanted.etag.clone() });
        wanted.etag.clone_from(&other.etag);
        let text = document(&world, &other.name).await.to_string();
        let again = world.source.rewrite(&wanted, form(text)).await.unwrap();
        assert!(matches!(again, Rewritten::Done { .. }), "{again:?}");
        assert_eq!(writes(&world), 1);
        let own = |name: &str| name.starts_with(&format!("run/{SHARED}"));
        let after = listing(&world.source).await;
        for (before, after) in before.iter().zip(&after).filter(|(it, _)| !own(&it.name)) {
            assert_eq!(before, after, "another is touched");
        }
    }
}

async fn document(world: &World, name: &str) -> Value {
    use dsrd::ports::sources::Read;
    use futures::TryStreamExt;
    let item = world.item(name).await;
    let Read::Bytes(bytes) = world.source.read(&item).await.unwrap() else { panic!() };
    let bytes: Vec<bytes::Bytes> = bytes.try_collect().await.unwrap();
    serde_json::from_slice(&bytes.concat()).unwrap()
}

/// What can be changed is, and what cannot is told.
#[tokio::test]
async fn who_created_a_run_stays_in_it() {
    let world = world().await;
    let item = world.item(&format!("run/{OWN}/history")).await;
    let wants = |document: &mut Value| {
        document["createdBy"]["upn"] = ERASED.into();
        document["userId"] = ERASED.into();
        document["properties"]["azureml.git.branch"] = "users/[erased]/retrain".into();
        document["description"] = "retrain for ticket 881, ask [erased]".into();
        document["displayName"] = ERASED.into();
        document["tags"] = json!({"owner": ERASED, "[erased].user": "x"});
    };
    assert_eq!(world.rewritten(&item, wants).await.unwrap(), fixed());
    let now = said(&world, OWN);
    assert_eq!(now["createdBy"], person(HANAKO));
    assert_eq!(now["description"], "retrain for ticket 881, ask [erased]");
    assert_eq!(now["displayName"], ERASED);
    assert_eq!(now["tags"], json!({"owner": ERASED, "[erased].user": "x"}));
    // Once more: nothing is left that could be changed.
    let before = writes(&world);
    let item = world.item(&item.name).await;
    let only_fixed = |document: &mut Value| document["userId"] = ERASED.into();
    assert_eq!(world.rewritten(&item, only_fixed).await.unwrap(), fixed());
    assert_eq!(writes(&world), before);
}

#[tokio::test]
async fn nobody_is_notified_any_more() {
    for (change, ends) in [(true, "Done"), (false, "Blocked")] {
        let switches = Switches { notifications_change: change, ..Switches::default() };
        let world = World::new(switches).await;
        let item = world.item(&format!("run/{OWN}")).await;
        let emails = "/properties/notificationSetting/emails";
        let done = world
            .rewritten(&item, |document| {
                *document.pointer_mut(emails).unwrap() = json!([ERASED]);
            })
            .await
            .unwrap();
        assert!(format!("{done:?}").starts_with(ends), "{done:?}");
        let now = document(&world, &item.name).await;
        let expected = if change { json!([ERASED]) } else { json!([HANAKO]) };
        assert_eq!(now.pointer(emails), Some(&expected));
        assert_eq!(now["properties"]["command"], "python train.py");
    }
}

/// Whoever writes last is named instead.
#[tokio::test]
async fn who_changed_it_last_goes_with_the_next_change() {
    let world = world().await;
    {
        let mut state = world.simulator.state();
        let run = state.live(&sample_id()).unwrap().run_mut(SHARED).unwrap();
        run.say("lastModifiedBy", person(HANAKO));
    }
    let item = world.item(&format!("run/{SHARED}/history")).await;
    let wants = |document: &mut Value| document["lastModifiedBy"]["upn"] = ERASED.into();
    let done = world.rewritten(&item, wants).await.unwrap();
    assert!(matches!(done, Rewritten::Done { .. }), "{done:?}");
    assert!(!Value::from(said(&world, SHARED))["lastModifiedBy"].to_string().contains("hanako"));
}

#[tokio::test]
async fn only_what_was_seen_is_scrubbed() {
    let world = world().await;
    let item = world.item(&format!("run/{SHARED}/history")).await;
    let wanted = {
        let mut wanted = document(&world, &item.name).await;
        take_out(&mut wanted);
        wanted.to_string()
    };
    {
        let mut state = world.simulator.state();
        let run = state.live(&sample_id()).unwrap().run_mut(SHARED).unwrap();
        run.say("description", "another's words".into());
    }
    let changed = world.source.rewrite(&item, form(wanted.clone())).await.unwrap();
    assert_eq!(changed, Rewritten::Changed);
    assert_eq!(said(&world, SHARED)["tags"]["reviewer"], HANAKO);
    for (name, text) in [
        ("model/churn-model/1", "{}"),
        ("compute/hanako-ci", "{}"),
        ("experiment/churn", "{}"),
        ("run/x/metrics", "{}"),
    ] {
        let item = dsrd::domain::item::Item { name: name.to_owned(), ..item.clone() };
        let refused = world.source.rewrite(&item, form(text.to_owned())).await.unwrap();
        assert_eq!(refused, Rewritten::Refused("service_document".to_owned()), "{name}");
    }
    let gone = dsrd::domain::item::Item { name: "run/none/history".to_owned(), ..item.clone() };
    let absent = world.source.rewrite(&gone, form(wanted)).await.unwrap();
    assert_eq!(absent, Rewritten::AlreadyAbsent);
    for text in ["", "[]", "{", "nonsense"] {
        assert!(world.source.rewrite(&item, form(text.to_owned())).await.is_err(), "{text}");
    }
    let short = dsrd::ports::sources::NewForm { size: 7, ..form("{}".to_owned()) };
    assert!(world.source.rewrite(&item, short).await.is_err());
    assert_eq!(writes(&world), 0);
}

/// What forbids one step leaves the steps before it, and who comes back does the rest.
#[tokio::test]
async fn who_stops_on_the_way_goes_on() {
    let wants = |document: &mut Value| {
        let properties = &mut document["properties"];
        properties["description"] = ERASED.into();
        properties["tags"]["owner"] = ERASED.into();
        properties["tags"].as_object_mut().unwrap().shift_remove("mlflow.user");
        properties["notificationSetting"]["emails"][0] = ERASED.into();
    };
    let steps =
        [(Verb::Patch, Kind::Run, 1), (Verb::Patch, Kind::Run, 2), (Verb::Put, Kind::Job, 1)];
    for (number, (verb, kind, nth)) in steps.into_iter().enumerate() {
        let world = world().await;
        let name = format!("run/{OWN}");
        world.simulator.plan_nth(verb, kind, nth, Fault::locked("/subscriptions/ann"));
        let locked = world.rewritten(&world.item(&name).await, wants).await.unwrap();
        let expected = Rewritten::Blocked(Barrier::new(Block::Lock, "ScopeLocked"));
        assert_eq!(locked, expected, "step {number}");
        assert_eq!(said(&world, OWN)["description"] == ERASED, number > 0, "step {number}");
        assert_eq!(said(&world, OWN)["tags"]["owner"] == ERASED, number > 1, "step {number}");
        let done = world.rewritten(&world.item(&name).await, wants).await.unwrap();
        assert!(matches!(done, Rewritten::Done { .. }), "step {number}: {done:?}");
        assert_eq!(said(&world, OWN)["tags"], json!({"owner": ERASED}));
    }
    // Answers may get lost, and the service may be away for a while.
    for fault in [Fault::Dropped, Fault::LostAnswer, Fault::broken(503), Fault::too_many(0)] {
        for (verb, kind, nth) in steps {
            let world = world().await;
            world.simulator.plan_nth(verb, kind, nth, fault.clone());
            let name = format!("run/{OWN}");
            let mut done = world.rewritten(&world.item(&name).await, wants).await;
            if done.is_err() {
                done = world.rewritten(&world.item(&name).await, wants).await;
            }
            let done = done.unwrap();
            assert!(matches!(done, Rewritten::Done { .. }), "{fault:?}: {done:?}");
        }
    }
    let world = world().await;
    world.simulator.state().switches.denied.insert((Verb::Patch, Kind::Run));
    let denied = world.rewritten(&world.item(&format!("run/{OWN}")).await, wants).await.unwrap();
    assert_eq!(denied, Rewritten::Blocked(Barrier::new(Block::Lock, "AuthorizationFailed")));
}
