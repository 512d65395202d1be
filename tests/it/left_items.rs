//! What stays known of the items that a request left: to whoever has the master key, for a while,
//! and to nobody else.

use std::sync::Arc;

use dsrd::adapters::system::SystemEntropy;
use dsrd::domain::request::RequestId;
use dsrd::ports::system::Clock;
use dsrd::worker::status::{Plans, Status};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::support::simulation::scenario::{Scenario, request, request_with, simulate};
use crate::support::simulation::tripwire::{Fuse, Trip, assert_stopped};

const KEY: &str = "5a";

/// What `dsrd status r-1 --left` would show, or why it shows nothing.
async fn left(scenario: &Scenario, key: &str) -> Result<Vec<String>, String> {
    let plans = Plans {
        ledger: scenario.ledger().await,
        master_key: Zeroizing::new(key.repeat(32)),
        clock: Arc::clone(&scenario.clock) as Arc<dyn Clock>,
        entropy: Arc::new(SystemEntropy),
    };
    let mut lines = Vec::new();
    let id = RequestId::new("r-1").unwrap();
    let shown = plans.left(&id, |left| {
        // Whom to ask for elsewhere is no item: tests/it/coverage.rs.
        if left.outcome == "by_hand" {
            return;
        }
        lines.push(format!("{} {}/{}: {}", left.outcome, left.source, left.item, left.reason));
    });
    assert!(shown.await.map_err(|failure| failure.chain())?.is_some());
    lines.sort();
    Ok(lines)
}

async fn described(scenario: &Scenario) -> Value {
    let status = Status { ledger: scenario.ledger().await };
    let id = RequestId::new("r-1").unwrap();
    Value::Object(status.describe(&id).await.unwrap().unwrap())
}

/// The data of the event that ended `r-1`.
fn ended(scenario: &Scenario) -> Value {
    let published = scenario.announcer.published();
    let last = published.iter().rfind(|event| event.name.ends_with("completed")).unwrap();
    serde_json::from_str::<Value>(&last.body).unwrap()["data"].clone()
}

const OBSTACLES: [&str; 3] = [
    "blocked azureml/held.txt: legal_hold",
    "kept billing/invoice.txt: tax law",
    "unreadable azureml/archived.txt: archived",
];

#[test]
fn an_operator_learns_which_items_an_erasure_left_and_nobody_else_does() {
    let scenario = Scenario::obstructed("tax law").sent(request("r-1", "erasure"));
    simulate(async || {
        scenario.live().await;
        scenario.assert_silent().await;
        assert_eq!(left(&scenario, KEY).await.unwrap(), OBSTACLES);
        let refused = left(&scenario, "a5").await.unwrap_err();
        assert!(refused.contains("was the master key replaced?"), "{refused}");
        let until = "2026-12-23T12:00:0";
        for told in [ended(&scenario), described(&scenario).await] {
            assert_eq!(told["left"]["items"], 3, "{told}");
            assert!(told["left"]["known_until"].as_str().unwrap().starts_with(until), "{told}");
            assert_eq!(told["refusals"].as_array().unwrap().len(), 3);
            assert!(!told.to_string().contains("held.txt"));
        }
        // Its time passes: the daemon forgets it, and says until when it was known.
        scenario.clock.advance_ms(30 * 24 * 3_600_000);
        scenario.live().await;
        let refused = left(&scenario, KEY).await.unwrap_err();
        assert!(refused.contains(&format!("was known until {until}")), "{refused}");
        let ledger = scenario.ledger().await;
        let id = RequestId::new("r-1").unwrap();
        let past = "2026-11-23T12:00:00Z".parse().unwrap();
        assert!(ledger.left(&id, 0, past).await.unwrap().is_none(), "the row is there still");
    });
}

#[test]
fn nothing_is_kept_where_nothing_is_to_be_kept_or_nothing_was_left() {
    let mut scenario = Scenario::obstructed("tax law").sent(request("r-1", "erasure"));
    scenario.keeping.follow_up_days = 0;
    simulate(async || {
        scenario.live().await;
        let refused = left(&scenario, KEY).await.unwrap_err();
        assert!(refused.contains("follow_up_days"), "{refused}");
        assert_eq!(ended(&scenario)["left"], Value::Null);
        let clean = Scenario::small().sent(request("r-1", "erasure"));
        clean.live().await;
        assert_eq!(left(&clean, KEY).await, Ok(Vec::new()));
    });
}

#[test]
fn an_export_and_a_dry_run_tell_what_they_left_too() {
    for message in
        [request("r-1", "access"), request_with("r-1", "erasure", json!({ "dry_run": true }))]
    {
        let scenario = Scenario::obstructed("tax law").sent(message);
        simulate(async || {
            scenario.live().await;
            let left = left(&scenario, KEY).await.unwrap();
            assert!(left.contains(&OBSTACLES[2].to_owned()), "{left:?}");
        });
    }
}

/// Wherever the daemon dies, whoever finds the request at rest finds what it left.
#[test]
fn what_was_left_is_known_however_the_daemon_dies() {
    simulate(async || {
        for at in 1.. {
            let scenario = Scenario::obstructed("tax law").sent(request("r-1", "erasure"));
            scenario.wire.set(Fuse { at, after: at % 2 == 0, trip: Trip::Kill });
            scenario.live().await;
            if scenario.wire.blown().is_none() {
                assert_stopped(at);
                break;
            }
            scenario.wire.mend();
            scenario.inbox.take_back();
            scenario.live().await;
            assert_eq!(left(&scenario, KEY).await.unwrap(), OBSTACLES, "killed at effect {at}");
        }
    });
}
