//! What sweeps learn of items: a later one reads what is new or changed, and what may speak of whom
//! it looks for, and comes to the same.

use std::io::Write;

use dsrd::domain::failure::Failure;
use dsrd::domain::request::RequestId;
use dsrd::ports::system::Clock;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::simulation::leaks::{EMAIL, NAME, OBJECT_ID};
use crate::support::simulation::scenario::{
    SOURCE, Scenario, correspondence, notes, request, request_with, simulate,
};
use crate::support::simulation::story::ending;

/// Items that speak of nobody.
const OTHERS: usize = 300;

/// How many of them are read all the same, at most: a filter says yes wrongly to one in some dozens.
const BY_CHANCE: u64 = 15;

fn about(id: &str, kind: &str, identity_type: &str, value: &str) -> Value {
    let mut request = request(id, kind);
    request["subject_identities"] =
        json!([{ "identity_type": identity_type, "identity_value": value }]);
    request
}

/// A workspace of many logs, of which a few speak of the person.
fn workspace() -> Scenario {
    let scenario = Scenario::new();
    let source = scenario.source(SOURCE);
    for number in 0..OTHERS {
        source.put(
            &format!("logs/{number:04}.txt"),
            format!("step {number} of job-{number} by Kofi Mensa <kofi.{number}@fabrikam.example>"),
        );
    }
    source.put("logs/of her.txt", format!("asked by {EMAIL}"));
    source.put("logs/by name.txt", format!("# {NAME}"));
    scenario
}

/// What the last sweep looked at, and how much of that was known.
fn last_sweep(scenario: &Scenario) -> (u64, u64) {
    let text = scenario.logs.text();
    let line = text.lines().rfind(|line| line.contains("swept")).expect("a sweep ended");
    let line: Value = serde_json::from_str(line).unwrap();
    let number = |name: &str| line[name].as_u64().expect("the line has it");
    (number("item.count"), number("item.known"))
}

async fn ask(scenario: &Scenario, request: Value) -> (u64, u64) {
    scenario.inbox.push(request.to_string(), correspondence());
    scenario.live().await;
    scenario.assert_silent().await;
    last_sweep(scenario)
}

/// How many items the last finished plan of the request has.
async fn found(scenario: &Scenario, id: &str) -> usize {
    let ledger = scenario.ledger().await;
    let id = RequestId::new(id).unwrap();
    ledger.drafted(&id).await.unwrap().iter().map(|(.., count)| *count as usize).sum()
}

#[test]
fn the_second_person_costs_a_listing() {
    simulate(async || {
        let scenario = workspace();
        let all = OTHERS as u64 + 2;
        let nobody = about("r-1", "access", "email", "nobody@elsewhere.example");
        assert_eq!(ask(&scenario, nobody).await, (all, 0), "nothing was known");
        let (seen, known) = ask(&scenario, request("r-2", "access")).await;
        assert_eq!((seen, found(&scenario, "r-2").await), (all, 2));
        assert!((2..=2 + BY_CHANCE).contains(&(all - known)), "{known} of {all} were known");
        // An erasure, and its second look.
        let (seen, known) = ask(&scenario, request("r-3", "erasure")).await;
        assert_eq!(seen, all - 2);
        assert!(seen - known <= BY_CHANCE, "{known} of {seen} were known");
        let source = scenario.source(SOURCE);
        assert!(
            source.get("logs/of her.txt").is_none() && source.get("logs/by name.txt").is_none()
        );
        let ended = ending(&scenario).await;
        assert!(ended.contains("r-3 (erasure) is completed"), "{ended}");
        // What was known is told to whoever asked.
        let events = scenario.announcer.published();
        let last: Value = serde_json::from_str(&events.last().unwrap().body).unwrap();
        let counts = &last["data"]["counts"];
        assert!(counts["known"].as_u64().unwrap() + 2 + BY_CHANCE >= all, "{counts}");
    });
}

#[test]
fn whatever_was_changed_is_read_again() {
    simulate(async || {
        let scenario = workspace();
        let source = scenario.source(SOURCE);
        let all = OTHERS as u64 + 2;
        ask(&scenario, about("r-0", "access", "email", "nobody@elsewhere.example")).await;
        let changes: [(&str, &dyn Fn()); 6] = [
            ("new", &|| source.put("logs/0000 b.txt", format!("to {EMAIL}"))),
            ("rewritten", &|| source.put("logs/0007.txt", format!("to {EMAIL}"))),
            ("of the same length", &|| {
                let before = source.get("logs/0008.txt").unwrap();
                let mut text = format!("to {EMAIL}").into_bytes();
                text.resize(before.len(), b' ');
                source.put("logs/0008.txt", text);
            }),
            ("renamed", &|| {
                let bytes = source.get("logs/of her.txt").unwrap();
                source.remove("logs/of her.txt");
                source.put("logs/of somebody.txt", bytes);
            }),
            ("a snapshot of it", &|| source.snapshot("logs/of somebody.txt")),
            ("by its name alone", &|| source.put(&format!("logs/{EMAIL}.txt"), "nothing")),
        ];
        let (mut expected, mut number) = (2, 0);
        for (change, make) in changes {
            make();
            expected += usize::from(change != "renamed");
            number += 1;
            let id = format!("r-{number}");
            let (seen, known) = ask(&scenario, request(&id, "access")).await;
            assert_eq!(found(&scenario, &id).await, expected, "{change}");
            assert!(
                seen - known <= expected as u64 + BY_CHANCE,
                "{change}: {known} of {seen} were known"
            );
        }
        // What is gone is forgotten with its leaf.
        for number in 0..OTHERS {
            source.remove(&format!("logs/{number:04}.txt"));
        }
        ask(&scenario, request("r-9", "access")).await;
        let kept = scenario.ledger().await.catalogued().await.unwrap();
        assert!(kept[0].items < 20, "{kept:?} of {all}");
    });
}

#[test]
fn whoever_was_erased_is_met_by_what_is_known() {
    simulate(async || {
        let mut scenario = workspace();
        scenario.keeping.tombstone_days = 90;
        let source = scenario.source(SOURCE);
        ask(&scenario, request("r-1", "erasure")).await;
        source.put("restored.txt", notes("back"));
        source.put("id.txt", format!("for {{{OBJECT_ID}}}"));
        let other = about("r-2", "access", "name", "Quentin Vasseur");
        ask(&scenario, other).await;
        let returned = |scenario: &Scenario| {
            let events = scenario.announcer.published();
            events.into_iter().filter(|event| event.name == "returned").count()
        };
        assert_eq!(returned(&scenario), 1);
        // They are known now, and met all the same; others are known and not read.
        let (seen, known) = ask(&scenario, about("r-3", "access", "name", "Quentin Vasseur")).await;
        assert!(seen - known <= 4 + BY_CHANCE, "{known} of {seen} were known");
        source.put("later.txt", format!("to {EMAIL}"));
        ask(&scenario, about("r-4", "access", "name", "Quentin Vasseur")).await;
        assert_eq!(returned(&scenario), 2);
    });
}

#[test]
fn what_is_known_grows_old() {
    simulate(async || {
        let mut scenario = workspace();
        scenario.catalogue_age_max = Some(SignedDuration::from_hours(24));
        let all = OTHERS as u64 + 2;
        let nobody = |id: &str| about(id, "access", "email", "nobody@elsewhere.example");
        ask(&scenario, nobody("r-1")).await;
        let known_after = async |id: &str, hours: i64| {
            let now = scenario.clock.now();
            scenario.clock.set(now + SignedDuration::from_hours(hours));
            ask(&scenario, nobody(id)).await.1
        };
        let at_once = known_after("r-2", 1).await;
        assert!(at_once + 8 >= all, "{at_once}");
        // In the last quarter of the time a part of them is read again, and each once.
        let amid = known_after("r-3", 20).await;
        assert!(amid > all / 4 && amid < all * 9 / 10, "{amid}");
        assert!(known_after("r-4", 0).await > amid);
        assert!(known_after("r-5", 48).await < 3);
    });
}

#[test]
fn a_catalogue_of_others_counts_for_nothing() {
    simulate(async || {
        let mut scenario = workspace();
        let all = OTHERS as u64 + 2;
        ask(&scenario, about("r-1", "access", "email", "nobody@elsewhere.example")).await;
        // Under other limits something else may have been read.
        scenario.limits.depth_max -= 1;
        let (seen, known) = ask(&scenario, request("r-2", "access")).await;
        assert_eq!((seen, known), (all, 0));
        // And where it is switched off nobody asks it.
        scenario.catalogue_age_max = None;
        assert_eq!(ask(&scenario, request("r-3", "access")).await, (all, 0));
        assert_eq!(found(&scenario, "r-3").await, 2);
    });
}

#[test]
fn documents_of_runs_are_read_for_exports() {
    simulate(async || {
        let scenario = workspace();
        let source = scenario.source(SOURCE);
        let run = json!({ "runId": "run1", "createdBy": { "userName": "Kofi Mensa" } });
        source.put("ExperimentRun/dcid.run1/run.json", run.to_string());
        ask(&scenario, about("r-1", "access", "email", "nobody@elsewhere.example")).await;
        let (seen, known) = ask(&scenario, request("r-2", "access")).await;
        // Whom they name is known to nobody but the sweep: what an archive shows is masked by it.
        assert!(seen - known >= 3, "{known} of {seen}");
    });
}

#[test]
fn what_cannot_be_read_is_told_of_each_time() {
    simulate(async || {
        let scenario = workspace();
        let source = scenario.source(SOURCE);
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file("a.7z", options).unwrap();
        zip.write_all(b"7z\xbc\xaf\x27\x1c broken").unwrap();
        source.put("logs/broken.zip", zip.finish().unwrap().into_inner());
        for id in ["r-1", "r-2", "r-3"] {
            ask(&scenario, request_with(id, "access", json!({}))).await;
            assert_eq!(found(&scenario, id).await, 3, "two of her, and one that nobody can read");
        }
    });
}

/// A walk that fails while it keeps what it learned goes on, and finds the same.
#[test]
fn a_walk_that_fails_while_it_learns_loses_nothing() {
    simulate(async || {
        for effect in ["keep_leaves", "weed"] {
            let scenario = workspace().paged(40);
            scenario.wire.fail(effect, || Failure::transient("keeping what was learned"));
            scenario.wire.heal_after(2);
            ask(&scenario, request("r-1", "access")).await;
            assert_eq!(found(&scenario, "r-1").await, 2, "{effect}");
            let (seen, known) = ask(&scenario, request("r-2", "access")).await;
            assert_eq!(found(&scenario, "r-2").await, 2, "{effect}");
            assert!(known * 2 > seen, "{effect}: {known} of {seen}");
        }
    });
}
