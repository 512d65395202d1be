//! Two daemons on one ledger, one of which dies or stands still at any effect: the same ending.

use dsrd::adapters::memory::sources::shelves::Fault;
use dsrd::adapters::memory::sources::slow::{Slow, SlowEnd};
use dsrd::domain::outcome::Block;
use serde_json::json;

use crate::support::simulation::scenario::Start::{Late, Together};
use crate::support::simulation::scenario::{
    SOURCE, Scenario, THINGS, notes, patient, request, request_told, request_with, simulate,
};
use crate::support::simulation::story::{RECIPIENT, ending};
use crate::support::simulation::tripwire::{Fuse, Trip, assert_stopped, is_tried};
use crate::things::about;

/// Lives the life once in peace, and then once for each effect of the first daemon, stopped there
/// while the second goes on.
fn survives(name: &str, life: impl Fn() -> Scenario + Sync, trip: Trip) {
    simulate(async || {
        let scenario = life();
        scenario.live().await;
        let expected = ending(&scenario).await;
        let starts = [(Late, false), (Late, true), (Together, trip == Trip::Freeze)];
        for (start, after) in starts {
            // Ends: a life has so many effects and no more.
            for at in (1..).filter(|at| is_tried(name, *at, after, trip)) {
                let scenario = life();
                scenario.wire.set(Fuse { at, after, trip });
                scenario.live_in_pair(start).await;
                let Some(effect) = scenario.wire.blown() else {
                    assert_stopped(at);
                    break;
                };
                scenario.assert_silent().await;
                let when = if after { "after" } else { "before" };
                let stop = format!("{trip:?} {when} effect {at}, which is {effect}; {start:?}");
                let got = ending(&scenario).await;
                assert_eq!(expected, got, "{stop}\n{}", scenario.logs.text());
            }
        }
    });
}

macro_rules! lives {
    ($($life:ident),* $(,)?) => {$(
        mod $life {
            use super::*;

            #[test]
            fn one_killed() {
                survives(stringify!($life), super::$life, Trip::Kill);
            }

            #[test]
            fn one_frozen() {
                survives(stringify!($life), super::$life, Trip::Freeze);
            }
        }
    )*};
}

lives!(
    export,
    expiring,
    several_sources,
    called_back,
    waiting_for_services,
    asking_tables,
    sharing_a_purge,
    removing_a_thing,
    removing_a_run
);

/// Which of the two is accepted first would be chance if one daemon stood still.
#[test]
fn same_person_one_killed() {
    survives("same_person", same_person, Trip::Kill);
}

fn export() -> Scenario {
    patient(Scenario::small().paged(1).sent(request("r-1", "access")))
}

/// Encrypted, and removed by whichever daemon.
fn expiring() -> Scenario {
    let options = json!({ "encrypt_to": [RECIPIENT] });
    let mut scenario = patient(Scenario::small().sent(request_with("r-1", "access", options)));
    scenario.keeping.archive_life_ms = 2_000;
    scenario.until_expired = true;
    scenario
}

/// The shards are walked by both, those of one source too.
fn several_sources() -> Scenario {
    let scenario = Scenario::small().with_source("billing").keeping("billing", "tax law");
    scenario.source("billing").put("invoice.txt", notes("invoice"));
    let source = scenario.source(SOURCE);
    source.put("held.txt", notes("held"));
    source.set_fault("held.txt", Some(Fault::Blocks(Block::LegalHold)));
    patient(scenario.in_parts(2).paged(2).sent(request("r-1", "erasure")))
}

/// A service takes its time, and whichever daemon looks after it.
fn waiting_for_services() -> Scenario {
    let scenario = Scenario::small();
    let slow = Slow { looks: 2, look_in_ms: 2_000, end: SlowEnd::Done };
    let source = scenario.source(SOURCE);
    source.set_fault("LocalUpload/zyxcanary.q7/notes.txt", Some(Fault::Takes(slow)));
    patient(scenario.sent(request("r-1", "erasure")))
}

/// A service that is asked, and takes its time.
fn asking_tables() -> Scenario {
    let scenario = Scenario::small().with_tables().sent(request("r-1", "erasure"));
    scenario.tables[0].take_time(Slow { looks: 1, look_in_ms: 2_000, end: SlowEnd::Done });
    patient(scenario)
}

/// Two people in one removal.
fn sharing_a_purge() -> Scenario {
    let mut other = request("r-2", "erasure");
    other["subject_identities"] =
        json!([{ "identity_type": "email", "identity_value": "bob@example.org" }]);
    let scenario = Scenario::new().with_tables().sent(request("r-1", "erasure")).sent(other);
    scenario.tables[0].take_time(Slow { looks: 1, look_in_ms: 2_000, end: SlowEnd::Done });
    patient(scenario)
}

/// What belongs to the thing goes first, and takes its time.
fn removing_a_thing() -> Scenario {
    let scenario = Scenario::new().with_things();
    let slow = Slow { looks: 1, look_in_ms: 2_000, end: SlowEnd::Done };
    scenario.source(THINGS).set_fault("online_endpoint/score/blue", Some(Fault::Takes(slow)));
    patient(scenario.sent(about("r-1", "delete", "online_endpoint", "score")))
}

/// A run that has to end first, and what is kept of it beside.
fn removing_a_run() -> Scenario {
    let scenario = Scenario::new().with_things();
    let things = scenario.source(THINGS);
    for name in ["run/r1/history", "run/r1/metrics"] {
        things.put(name, format!("{{\"name\":\"{name}\"}}"));
    }
    let slow = Slow { looks: 2, look_in_ms: 2_000, end: SlowEnd::Done };
    things.set_fault("run/r1", Some(Fault::Takes(slow)));
    patient(scenario.sent(about("r-1", "delete", "run", "r1")))
}

/// Told by HTTP, by whichever daemon.
fn called_back() -> Scenario {
    let scenario = Scenario::small().trusting(&["crm.example"]);
    patient(scenario.sent(request_told("r-1", "access", &["https://crm.example/hook"])))
}

/// One waits for the other, in whichever daemon.
fn same_person() -> Scenario {
    patient(Scenario::small().sent(request("r-1", "access")).sent(request("r-2", "erasure")))
}
