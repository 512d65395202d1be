//! What sweeps learn of items: a later one reads what is new or changed, and what may speak of whom
//! it looks for, and comes to the same.

use std::io::Write;

use dsrd::adapters::memory::sources::shelves::Fault;
use dsrd::domain::failure::Failure;
use dsrd::domain::policy::mandate::{Ahead, Hours};
use dsrd::domain::request::RequestId;
use dsrd::ports::system::Clock;
use jiff::SignedDuration;
use serde_json::{Value, json};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use crate::support::simulation::leaks::{EMAIL, NAME, OBJECT_ID};
use crate::support::simulation::scenario::{
    SOURCE, Scenario, correspondence, notes, request, request_with, simulate,
};
use crate::support::simulation::story::ending;
use crate::support::simulation::tripwire::{Fuse, Trip};

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

/// All that the ledger keeps of the catalogue, without the times at which it was learned.
/// Wherever a walk is gone on with, at the beginning of a leaf too, nothing that was learned before
/// is forgotten but the leaf that it was amid.
#[test]
fn a_walk_that_is_gone_on_with_forgets_nothing() {
    simulate(async || {
        let life = || workspace().paged(2).sent(request("r-1", "access"));
        let peace = life();
        peace.live().await;
        let all = kept(&peace).await.len();
        assert!(all > 4, "{all} leaves");
        for at in (1..OTHERS / 2).step_by(3) {
            let scenario = life();
            scenario.wire.count("note_checkpoint");
            scenario.wire.set(Fuse { at, after: true, trip: Trip::Kill });
            scenario.live().await;
            scenario.wire.mend();
            scenario.inbox.take_back();
            scenario.live().await;
            let kept = kept(&scenario).await.len();
            assert!(kept + 1 >= all, "{kept} of {all} leaves are kept after page {at}");
        }
    });
}

async fn kept(scenario: &Scenario) -> Vec<(i64, String, i64, i64, Vec<u8>)> {
    let file = scenario.path().join("ledger.db");
    let ledger = SqliteConnectOptions::new().filename(file).read_only(true);
    let mut ledger = SqliteConnection::connect_with(&ledger).await.unwrap();
    let statement = "SELECT leaf, terms, items, open, entries FROM catalogue \
         ORDER BY source, parts, part, leaf";
    let rows = sqlx::query_as::<_, (i64, String, i64, i64, Vec<u8>)>(statement);
    let mut all = rows.fetch_all(&mut ledger).await.unwrap();
    for (.., entries) in &mut all {
        let mut at = 0;
        while at < entries.len() {
            entries[at + 16..at + 20].fill(0);
            let len = u32::from_be_bytes(entries[at + 20..at + 24].try_into().unwrap());
            at += 24 + if len == u32::MAX { 0 } else { len as usize };
        }
    }
    all
}

/// One that reads so much in a second, at any hour.
fn ahead(items: u64, bytes: u64) -> Ahead {
    let hours = Hours::parse("0-24").unwrap();
    Ahead { hours, items_per_second_max: items, bytes_per_second_max: bytes }
}

/// Items of all sorts: packed, in other charsets, broken, of no use, in more than one form.
fn mixed(scenario: &Scenario) {
    let source = scenario.source(SOURCE);
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    zip.start_file("a.txt", options).unwrap();
    zip.write_all(format!("for {EMAIL}").as_bytes()).unwrap();
    source.put("a/packed.zip", zip.finish().unwrap().into_inner());
    source.put("a/broken.zip", b"PK\x03\x04 and no more".to_vec());
    source.put("a/empty", "");
    source.put("a/notes.ipynb", json!({ "cells": [{ "source": [NAME, EMAIL] }] }).to_string());
    source.put(
        "a/wide.txt",
        format!("by {NAME}").encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>(),
    );
    source.put(
        "a/random",
        (0..5_000_u32).flat_map(|n| n.wrapping_mul(0x9e37_79b9).to_le_bytes()).collect::<Vec<_>>(),
    );
    source.snapshot("a/notes.ipynb");
    source.put("a/shut.txt", "shut");
    source.set_fault("a/shut.txt", Some(Fault::Refuses("archived".into())));
}

#[test]
fn what_is_learned_ahead_is_what_a_sweep_learns() {
    simulate(async || {
        for parts in [1, 3] {
            let swept = workspace().paged(40).in_parts(parts);
            mixed(&swept);
            ask(&swept, request("r-1", "access")).await;
            let expected = kept(&swept).await;
            assert!(expected.len() > 3);
            // Slowly, in any order; a leaf is keyed by its name, and so by the master key alone.
            for ahead in [ahead(0, 0), ahead(40, 0)] {
                let mut learned = workspace().paged(40).in_parts(parts);
                mixed(&learned);
                learned.ahead = Some(ahead);
                learned.until_known = expected.iter().map(|(_, _, items, ..)| *items as u64).sum();
                learned.live().await;
                learned.assert_silent().await;
                assert!(kept(&learned).await == expected, "in {parts} parts");
                // The first person costs a listing.
                learned.ahead = None;
                let all = OTHERS as u64 + 2 + 8;
                let (seen, known) = ask(&learned, request("r-1", "access")).await;
                assert_eq!(seen, all);
                assert!(all - known <= 8 + BY_CHANCE, "{known} of {all} were known");
                assert_eq!(found(&learned, "r-1").await, found(&swept, "r-1").await);
            }
        }
    });
}

/// Returns once the clock was moved on by so much.
async fn after(scenario: &Scenario, seconds: u64) {
    scenario.clock.sleep_ms(seconds * 1000).await;
}

/// What each round of learning ahead came to: items looked at, and how many of them were known.
fn rounds(scenario: &Scenario) -> Vec<(u64, u64)> {
    let text = scenario.logs.text();
    let lines = text.lines().filter(|line| line.contains("\"learned ahead\""));
    let lines = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    let number = |line: &Value, name: &str| line[name].as_u64().unwrap();
    lines.map(|line| (number(&line, "item.count"), number(&line, "item.known"))).collect()
}

#[test]
fn learning_ahead_gives_way_to_a_request() {
    simulate(async || {
        let mut scenario = workspace().paged(40);
        let all = OTHERS as u64 + 2;
        // In five minutes.
        scenario.ahead = Some(ahead(1, 0));
        scenario.until_known = all;
        let came = async {
            after(&scenario, 120).await;
            scenario.inbox.push(request("r-1", "access").to_string(), correspondence());
            scenario.clock.now()
        };
        let ((), came) = tokio::join!(scenario.live(), came);
        let id = RequestId::new("r-1").unwrap();
        let records = scenario.ledger().await.records(&id).await.unwrap();
        let took = records.last().unwrap().at.duration_since(came);
        assert!(took.as_secs() < 30, "{took}");
        let (items, known) = rounds(&scenario)[0];
        assert!((20..200).contains(&items) && known == 0, "{items}, {known} known");
        // What it had learned by then the sweep need not read.
        let (seen, known) = last_sweep(&scenario);
        assert!(seen == all && known + 130 > items && known > 0, "{known} of {items} were known");
        let metrics = scenario.metrics.lock().unwrap().concat();
        let name = "dsrd_learned_ahead_items_total ";
        let counted = metrics.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        assert!(counted.parse::<u64>().unwrap() >= items, "{counted} of {items}");
    });
}

#[test]
fn whoever_dies_while_he_learns_goes_on_later() {
    simulate(async || {
        let mut scenario = workspace().paged(40);
        let all = OTHERS as u64 + 2;
        scenario.ahead = Some(ahead(2, 0));
        scenario.until_known = all;
        tokio::select! {
            () = scenario.live() => panic!("it had learned all"),
            () = after(&scenario, 80) => {}
        }
        let by_then = scenario.ledger().await.catalogued().await.unwrap()[0].items;
        assert!((40..200).contains(&by_then), "{by_then}");
        scenario.live().await;
        let [(items, known)] = rounds(&scenario)[..] else { panic!("{:?}", rounds(&scenario)) };
        assert_eq!((items, known), (all, by_then), "what was kept is not read again");
    });
}

#[test]
fn it_is_learned_in_the_hours_that_are_given_for_it() {
    simulate(async || {
        let mut scenario = workspace();
        scenario.ahead = Some(Ahead { hours: Hours::parse("13-14").unwrap(), ..ahead(0, 0) });
        scenario.until_known = OTHERS as u64 + 2;
        scenario.tick_ms = 10_000;
        let began = scenario.clock.now();
        scenario.live().await;
        let took = scenario.clock.now().duration_since(began).as_secs();
        assert!((3_600..3_700).contains(&took), "{took} s after noon");
    });
}

#[test]
fn a_source_that_is_shut_keeps_nobody_from_learning_of_the_others() {
    simulate(async || {
        let mut scenario = workspace().with_source("shut").with_source("open").with_things();
        scenario.source("shut").put("a.txt", "nobody");
        scenario.source("shut").shut_after(Some(0));
        scenario.source("open").put("a.txt", "nobody");
        scenario.ahead = Some(ahead(0, 0));
        scenario.until_known = OTHERS as u64 + 3;
        scenario.live().await;
        let names = async |scenario: &Scenario| {
            let known = scenario.ledger().await.catalogued().await.unwrap();
            known.into_iter().map(|of| of.source).collect::<Vec<_>>()
        };
        assert_eq!(names(&scenario).await, [SOURCE, "open"]);
        // It is tried again before long.
        scenario.source("shut").shut_after(None);
        scenario.until_known += 1;
        scenario.live().await;
        assert_eq!(
            names(&scenario).await,
            [SOURCE, "open", "shut"],
            "what services list is not kept"
        );
    });
}
