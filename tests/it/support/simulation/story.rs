//! What a person could see of a scenario once it ended, as one text.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::Cursor;

use dsrd::adapters::memory::callbacks::Posted;
use dsrd::domain::event::{Announcement, event_id};
use dsrd::domain::state::{Event, Evidence, State};
use dsrd::ports::exports::Exports;
use dsrd::ports::ledger::{Ledger, Record};
use dsrd::ports::sources::Source;
use dsrd::ports::standing::Standing;
use dsrd::worker::offline::verify_certificate;
use memchr::memmem;
use serde_json::Value;
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use crate::support::contract::{CERTIFICATE, assert_event, faults};
use crate::support::simulation::scenario::{Scenario, simulate};

/// To whom archives are encrypted, and their private key: the test vector of the age crate.
pub const RECIPIENT: &str = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa";
pub const IDENTITY: &str =
    "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";

/// What the scenario comes to. Nobody may learn of the person by it.
pub fn check(scenario: Scenario) -> String {
    simulate(async || {
        scenario.live().await;
        scenario.assert_silent().await;
        ending(&scenario).await
    })
}

/// The ending: the same however often the daemon was killed on the way.
pub async fn ending(scenario: &Scenario) -> String {
    let ledger = scenario.ledger().await;
    let published = scenario.announcer.published();
    let posted = scenario.callbacks.posted();
    published.iter().for_each(|event| assert_event(&serde_json::from_str(&event.body).unwrap()));
    let mut text = String::new();
    for standing in ledger.standings(&State::ALL, u32::MAX).await.unwrap() {
        life(&mut text, scenario, &*ledger, &standing, &published, &posted).await;
    }
    for source in &scenario.sources {
        writeln!(text, "{} holds {}", source.name(), listed(&source.names())).unwrap();
        if !source.copies().is_empty() {
            writeln!(text, "{} keeps copies of {}", source.name(), listed(&source.copies()))
                .unwrap();
        }
    }
    if let Some(copies) = &scenario.copies {
        writeln!(text, "copies lie in {}", listed(&copies.containers())).unwrap();
    }
    for tables in &scenario.tables {
        for (table, rows) in tables.all() {
            writeln!(text, "{} holds {} rows of {table}", tables.name(), rows.len()).unwrap();
        }
    }
    for source in &scenario.sources {
        for name in source.names() {
            let bytes = source.get(&name).unwrap();
            if memmem::find(&bytes, b"[erased").is_some() {
                writeln!(text, "{name} reads {:?}", String::from_utf8_lossy(&bytes)).unwrap();
            }
        }
    }
    for name in scenario.exports.names() {
        // Of those everything is judged that is not the same each time.
        if !name.contains(".certificate") {
            archive(&mut text, scenario, &name);
        }
    }
    for letter in scenario.inbox.dead_letters() {
        let bytes = letter.body.len();
        writeln!(text, "dead letter of {bytes} bytes: {}", letter.reason).unwrap();
    }
    text
}

/// The ending, and how often things were done on the way.
pub async fn story(scenario: &Scenario) -> String {
    let mut text = ending(scenario).await;
    let mut times: BTreeMap<_, usize> = BTreeMap::new();
    for event in scenario.announcer.published() {
        *times.entry((event.request.to_string(), event.sequence)).or_default() += 1;
    }
    for ((request, sequence), times) in times.iter().filter(|(_, times)| **times > 1) {
        writeln!(text, "{request} {sequence} was published {times} times").unwrap();
    }
    let metrics = scenario.metrics.lock().unwrap().concat();
    let sweeps = |purpose: &str| {
        let name = format!("dsrd_sweeps_total{{purpose=\"{purpose}\"}} ");
        metrics.lines().find_map(|line| line.strip_prefix(&name)).unwrap_or("0").to_owned()
    };
    writeln!(text, "sweeps: {} to find, {} to verify", sweeps("find"), sweeps("verify")).unwrap();
    text
}

async fn life(
    text: &mut String,
    scenario: &Scenario,
    ledger: &dyn Ledger,
    standing: &Standing,
    published: &[Announcement],
    posted: &[Posted],
) {
    let id = &standing.id;
    let kind = standing.kind.map_or("message", |kind| kind.word());
    writeln!(text, "{} ({kind}) is {}", shortened(id.as_str()), standing.state.word()).unwrap();
    let mut state = State::Received;
    for record in ledger.records(id).await.unwrap() {
        state = state.next(&record.event).unwrap();
        let told = told(&record, published) + &called_back(&record, posted);
        let Record { sequence, event, .. } = &record;
        writeln!(text, "  {sequence} {} -> {}{told}", event.word(), state.word()).unwrap();
    }
    let is_aside = standing.kind.is_some_and(|kind| kind.aside().is_some());
    certified(scenario, &ledger.records(id).await.unwrap(), is_aside);
    let items = ledger.items(id, None, false, u32::MAX).await.unwrap();
    for (number, item) in items.iter().enumerate() {
        let outcome = item.outcome.as_ref().map_or("open", |outcome| outcome.word());
        let detail = item.outcome.as_ref().map_or("", |outcome| outcome.detail());
        let kept = if item.sealed.is_empty() { "" } else { ", still sealed in the ledger" };
        let line = format!("  item {number}: {outcome} {detail}");
        writeln!(text, "{}{kept}", line.trim_end()).unwrap();
    }
}

/// Insists that an erasure which came to rest after it was carried out has a certificate that
/// holds, that it is the one in the store, and that a page lies beside it; and that nothing else
/// has one.
fn certified(scenario: &Scenario, records: &[Record], is_aside: bool) {
    for (index, record) in records.iter().enumerate() {
        let Event::Verified { counts, certificate, logically_erased_at, .. } = &record.event else {
            continue;
        };
        // What is put aside is certified, and not erased.
        let is_erased = certificate.is_some() && !is_aside;
        assert_eq!(is_erased, logically_erased_at.is_some());
        let Some(Evidence { name, url, sha256 }) = certificate.as_deref() else { continue };
        let document = scenario.exports.get(name).unwrap();
        assert_eq!(
            (&hex::encode(Sha256::digest(&document)), url),
            (sha256, &scenario.exports.url(name))
        );
        verify_certificate(&document, None, None).map_err(|failure| failure.chain()).unwrap();
        let document: Value = serde_json::from_slice(&document).unwrap();
        assert_eq!(faults(CERTIFICATE, &document), [""; 0]);
        assert_eq!(document["counts"]["outcomes"], serde_json::json!(counts.outcomes));
        if document["thing"].is_null() {
            adds_up(&document);
        }
        assert_eq!(document["ledger"]["head"], records[index - 1].hash);
        assert!(scenario.exports.get(&name.replace(".json", ".html")).is_some());
    }
}

/// Reckons a certificate up again, by other means than the program does: what the find saw is in
/// the plan or untouched, and in one of them only; and the words of the items are those of the
/// counts.
fn adds_up(document: &Value) {
    let number = |value: &Value| value.as_u64().unwrap_or_else(|| panic!("no number: {document}"));
    let items = document["items"].as_array().unwrap();
    let (mut places, mut words) = (BTreeMap::new(), BTreeMap::new());
    for item in items {
        *words.entry(item["outcome"].as_str().unwrap()).or_insert(0) += 1;
        if item["unseen"].is_null() {
            *places.entry(item["item"].as_str().unwrap()).or_insert(0) += 1;
        }
        assert!(item["after"].is_null() || item["outcome"] == "redacted", "{item}");
    }
    assert!(places.values().all(|times| *times == 1), "an item in two parts: {document}");
    let counts = &document["counts"];
    let planned = number(&counts["planned"]);
    assert_eq!(places.len() as u64, planned, "{document}");
    assert_eq!(planned + number(&document["untouched"]["items"]), number(&counts["seen"]));
    let searched = document["sources"].as_array().unwrap().iter();
    assert_eq!(
        searched.map(|source| number(&source["seen"])).sum::<u64>(),
        number(&counts["seen"])
    );
    assert_eq!(counts["outcomes"], serde_json::json!(words));
    let found = items.iter().filter(|item| item["action"] != "list").count() as u64;
    assert_eq!(found, number(&counts["found"]));
    let is_gone =
        ["erased", "redacted", "already_absent"].iter().any(|word| words.contains_key(word));
    // Sources in memory tell until when they keep what is erased.
    assert_eq!(document["horizon"]["unrecoverable_after"].is_string(), is_gone, "{document}");
}

/// What was published of a record; an event that was published twice was so to the byte.
fn told(record: &Record, published: &[Announcement]) -> String {
    let id = event_id(&record.id, record.sequence);
    let mut events = published.iter().filter(|event| event.id == id);
    let Some(first) = events.next() else { return ", not announced".to_owned() };
    for again in events {
        assert_eq!(again.body, first.body, "the same id, the same event");
    }
    let body: Value = serde_json::from_str(&first.body).unwrap();
    let mut text = format!(", announced {} {}", first.name, &id.to_string()[..8]);
    let data = &body["data"];
    for key in ["counts", "results_count", "failed_reason", "held_reason"] {
        if !data[key].is_null() {
            let mut told = data[key].clone();
            // What is known depends on how often a walk was broken off.
            told.as_object_mut().and_then(|told| told.remove("known"));
            write!(text, "\n      {key} {told}").unwrap();
        }
    }
    let untouched = &data["untouched"];
    if untouched["items"] != untouched["unchanged"] {
        write!(text, "\n      untouched {untouched}").unwrap();
    }
    for refusal in data["refusals"].as_array().into_iter().flatten() {
        let word = |key: &str| refusal[key].as_str().unwrap().to_owned();
        match refusal["items"].as_u64() {
            None => write!(text, "\n      {} {}", word("pointer"), word("code")).unwrap(),
            Some(items) => {
                let (source, outcome, reason) = (word("source"), word("outcome"), word("reason"));
                write!(text, "\n      {items} {outcome} in {source}: {reason}").unwrap();
            }
        }
    }
    text
}

/// Whom a record was posted to; a letter that was posted twice was so to the byte.
fn called_back(record: &Record, posted: &[Posted]) -> String {
    let id = event_id(&record.id, record.sequence).to_string();
    let mut told: BTreeMap<&str, &[u8]> = BTreeMap::new();
    for letter in posted.iter().filter(|letter| letter.headers["ce-id"] == id) {
        let first = told.entry(&letter.host).or_insert(&letter.body);
        assert_eq!(*first, letter.body, "the same id, the same letter");
    }
    told.keys().map(|host| format!(", told {host}")).collect()
}

fn archive(text: &mut String, scenario: &Scenario, name: &str) {
    let bytes = scenario.exports.get(name).unwrap();
    let bytes = if name.ends_with(".age") { opened(&bytes) } else { bytes.to_vec() };
    let Ok(mut zip) = ZipArchive::new(Cursor::new(bytes)) else {
        writeln!(text, "{name} is damaged").unwrap();
        return;
    };
    let mut names: Vec<String> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
    names.sort();
    // In every archive; its own test sees to that.
    names.retain(|name| !["files.csv", "runs.csv", "report.html"].contains(&name.as_str()));
    writeln!(text, "{name} holds {}", listed(&names)).unwrap();
    let manifest: Value = serde_json::from_reader(zip.by_name("manifest.json").unwrap()).unwrap();
    for unreadable in manifest["unreadable"].as_array().unwrap() {
        let (item, reason) = (&unreadable["item"], &unreadable["reason"]);
        writeln!(text, "{name} lacks {item}: {reason}").unwrap();
    }
    for group in manifest["unsearched"].as_array().unwrap() {
        let word = |key: &str| group[key].as_str().unwrap();
        let (items, source, reason) = (&group["items"], word("source"), word("reason"));
        writeln!(text, "{name} counts {items} of {source}: {reason}").unwrap();
    }
}

/// What the recipient of the simulations sees.
fn opened(encrypted: &[u8]) -> Vec<u8> {
    let identity: age::x25519::Identity = IDENTITY.parse().unwrap();
    age::decrypt(&identity, encrypted).unwrap()
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

/// Ids that we make of a digest are long; the digest is keyed, and so the same in every run.
fn shortened(id: &str) -> &str {
    if id.starts_with("rejected-") { &id[..17] } else { id }
}
