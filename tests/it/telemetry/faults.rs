//! Answers that are late, cut short or lost: what is there is found all the same, or it is told
//! that nobody knows.

use jiff::SignedDuration;
use serde_json::json;

use crate::support::azure::faults::{Fault, Verb};
use crate::support::azure::kind::Kind;
use crate::support::azure::monitor::query::too_many;
use crate::support::azure::monitor::spot::Part;
use crate::support::azure::seed::HANAKO;
use crate::telemetry::world::{World, found, hanako};

const QUERY: Kind = Kind::Telemetry(Part::Query);

#[tokio::test]
async fn what_went_wrong_once_is_asked_again() {
    let world = World::new(found()).await;
    let expected = world.told(&hanako()).await;
    for fault in [Fault::Refused(too_many(0)), Fault::Dropped, Fault::LostAnswer, Fault::HalfAnswer]
    {
        let world = World::new(found()).await;
        for number in [1, 2, 5] {
            world.simulator.plan_nth(Verb::Act, QUERY, number, fault.clone());
        }
        assert_eq!(world.told(&hanako()).await, expected, "{fault:?}");
    }
}

#[tokio::test]
async fn answers_that_are_cut_short_are_asked_for_in_halves() {
    let expected = World::new(found()).await.told(&hanako()).await;
    let world = World::new(found()).await;
    world.simulator.state().monitor.switches.partial.insert("AppTraces".to_owned(), 3);
    assert_eq!(world.told(&hanako()).await, expected);
    let world = World::new(found()).await;
    world.simulator.state().monitor.switches.rows_max = 1;
    let told = world.told(&hanako()).await;
    let found: Vec<&String> = expected.iter().filter(|line| !line.contains("Container")).collect();
    for line in found {
        assert!(told.contains(line), "{line} in {told:?}");
    }
}

#[tokio::test]
async fn what_stays_cut_short_is_told() {
    let world = World::new(found()).await;
    world.simulator.state().monitor.switches.partial.insert("AppTraces".to_owned(), u32::MAX);
    let told = world.told(&hanako()).await;
    assert!(told.iter().any(|line| line == "examplela01/AppTraces/Message: partial"), "{told:?}");
    let other = format!("examplela01/AmlRunStatusChangedEvent/Identity 2 {HANAKO}");
    assert!(told.contains(&other), "{told:?}");
}

#[tokio::test]
async fn what_takes_too_long_is_told() {
    let world = World::new(found()).await;
    world.simulator.state().monitor.switches.query_takes = SignedDuration::from_mins(5);
    let told = world.told(&hanako()).await;
    assert!(!told.is_empty() && told.iter().all(|line| line.ends_with(": timed_out")), "{told:?}");
}

/// Rows by the thousand come in parts, in order, each once.
#[tokio::test]
async fn many_rows_are_read_in_parts() {
    let world = World::new(found()).await;
    for number in 0..50 {
        world.add("AmlRunEvent", json!({"RunId": format!("r{number}"), "Identity": HANAKO}));
        world.simulator.advance(SignedDuration::from_mins(1));
    }
    world.simulator.state().monitor.switches.rows_max = 7;
    let rows = world.rows("examplela01/AmlRunEvent/Identity", &[HANAKO, "nobody"]).await;
    let ids: Vec<String> = (0..50).map(|number| format!("r{number}")).collect();
    assert_eq!(rows.iter().map(|row| row["RunId"].as_str().unwrap()).collect::<Vec<_>>(), ids);
    assert!(rows[0].get("Level").is_none());
}
