//! The words for what became of an item, when answers are lost, purges fail and daemons die.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Once};

use dsrd::adapters::memory::clock::MemoryClock;
use dsrd::adapters::memory::sources::shelves::Fault;
use dsrd::adapters::memory::sources::store::MemorySource;
use dsrd::domain::failure::Failure;
use dsrd::domain::plan::Planned;
use dsrd::worker::preview::Preview;
use serde_json::Value;

use crate::policies;
use crate::support::simulation::leaks::NAME;
use crate::support::simulation::scenario::{
    SOURCE, Scenario, control, correspondence, notes, patient, request, simulate,
};
use crate::support::simulation::story::{check, ending};
use crate::support::simulation::tripwire::{Fuse, Trip};

/// The certificate of `r-1`.
fn certificate(scenario: &Scenario) -> Value {
    serde_json::from_slice(&scenario.exports.get("r-1.certificate.json").unwrap()).unwrap()
}

/// Who comes back after the removal went through purges what it left, and says who removed it.
#[test]
fn copies_are_purged_by_whoever_comes_back() {
    for life in [policies::unrewritable, policies::redacting, small as fn() -> Scenario] {
        for failing in [0, 1, 3] {
            let scenario = patient(life());
            let source = scenario.source(SOURCE);
            source.keep_copies(failing);
            let text = check(scenario);
            assert!(text.starts_with("r-1 (erasure) is completed"), "{text}");
            assert!(!text.contains("already_absent"), "{text}");
            assert!(source.copies().is_empty(), "{text}");
        }
    }
}

fn small() -> Scenario {
    Scenario::small().sent(request("r-1", "erasure"))
}

/// Others may remove or write over an item before its turn: what is kept of it goes all the same.
#[test]
fn copies_of_what_others_took_away_are_purged_too() {
    for (life, name) in [
        (policies::redacting as fn() -> Scenario, "team.txt"),
        (policies::unrewritable, "packed.bin"),
        (small, "LocalUpload/zyxcanary.q7/notes.txt"),
    ] {
        for goes in [true, false] {
            let scenario = life();
            let source = scenario.source(SOURCE);
            source.keep_copies(0);
            let others = scenario.source(SOURCE);
            scenario.wire.on("planned", move || match goes {
                true => others.let_go(name),
                false => others.put(name, "nobody any more"),
            });
            let text = check(scenario);
            assert!(text.contains(r#""already_absent":1"#), "{text}");
            assert!(source.copies().is_empty(), "{text}");
        }
    }
}

/// A write whose answer was lost is told that others were there first; what stands there is ours.
#[test]
fn a_rewrite_whose_answer_was_lost_is_a_rewrite() {
    let scenario = policies::redacting();
    for name in ["team.txt", "ExperimentRun/dcid.r1/run.json"] {
        scenario.source(SOURCE).set_fault(name, Some(Fault::LosesAnswers));
    }
    simulate(async || {
        scenario.live().await;
        let text = ending(&scenario).await;
        assert!(text.contains(r#""outcomes":{"erased":1,"redacted":2}"#), "{text}");
    });
    all_have_their_digests(&certificate(&scenario));
}

/// The digest of the new bytes is in the certificate, whenever the daemon died.
#[test]
fn what_was_redacted_has_its_digest_before_and_after_a_crash() {
    simulate(async || {
        for at in 1.. {
            let scenario = patient(policies::redacting());
            scenario.wire.set(Fuse { at, after: true, trip: Trip::Kill });
            scenario.live().await;
            if scenario.wire.blown().is_none() {
                assert!(at > 10, "the lives of these tests have effects");
                break;
            }
            scenario.wire.mend();
            scenario.inbox.take_back();
            scenario.live().await;
            all_have_their_digests(&certificate(&scenario));
        }
    });
}

fn all_have_their_digests(certificate: &Value) {
    for item in certificate["items"].as_array().unwrap() {
        let is_redacted = item["outcome"] == "redacted";
        assert_eq!(item["after"].is_string(), is_redacted, "{item}");
        assert!(item["after"] != item["before"], "{item}");
    }
}

/// What is written over with something that still speaks of the person is no rewrite of ours.
#[test]
fn what_others_wrote_meanwhile_is_not_taken_for_ours() {
    let scenario = policies::redacting();
    let source = scenario.source(SOURCE);
    scenario.wire.on("planned", move || source.put("team.txt", notes("again")));
    let text = check(scenario);
    assert!(text.contains(r#""found":3,"outcomes":{"erased":2,"redacted":1}"#), "{text}");
}

/// A request that failed is tried again once, with what failed mended.
fn tried_again(scenario: &Scenario) {
    let (wire, inbox, once) =
        (Arc::clone(&scenario.wire), Arc::clone(&scenario.inbox), Once::new());
    scenario.wire.on("failed", move || {
        once.call_once(|| {
            wire.heal();
            inbox.push(control("retry", "r-1").to_string(), correspondence());
        });
    });
}

/// An erasure that was carried out and then failed has its evidence when it is tried again.
#[test]
fn a_retry_forgets_nothing_that_was_done() {
    for life in
        [small as fn() -> Scenario, policies::redacting, policies::running, policies::unrewritable]
    {
        let expected = life();
        simulate(async || expected.live().await);
        let expected = certificate(&expected);
        let scenario = life();
        scenario.wire.fail("create", || Failure::needs_person("writing: no permission"));
        tried_again(&scenario);
        simulate(async || {
            scenario.live().await;
            let text = ending(&scenario).await;
            assert!(text.contains("failed -> failed") && text.contains("retried"), "{text}");
            assert!(text.starts_with("r-1 (erasure) is completed"), "{text}");
        });
        let got = certificate(&scenario);
        let items = |certificate: &Value| {
            let items = certificate["items"].as_array().unwrap().iter();
            let mut items: Vec<String> = items
                .map(|item| format!("{} {} {}", item["item"], item["outcome"], item["after"]))
                .collect();
            items.sort();
            items
        };
        assert_eq!(items(&got), items(&expected));
        assert!(got["horizon"]["unrecoverable_after"].is_string(), "{got}");
    }
}

/// One that failed in the midst of it does not take what it removed for another's doing.
#[test]
fn what_was_begun_with_before_a_failure_is_ours_after_it() {
    for life in
        [small as fn() -> Scenario, policies::redacting, policies::running, policies::unrewritable]
    {
        let scenario = life();
        scenario.source(SOURCE).keep_copies(0);
        scenario.wire.fail("record_outcomes", || Failure::permanent("noting what became of it"));
        scenario.wire.heal_after(1);
        tried_again(&scenario);
        let source = scenario.source(SOURCE);
        let text = check(scenario);
        assert!(text.starts_with("r-1 (erasure) is completed"), "{text}");
        assert!(!text.contains("already_absent"), "{text}");
        assert!(source.copies().is_empty(), "{text}");
    }
}

/// What stands there when it is tried again is found again, and is in the certificate once.
#[test]
fn what_a_failed_try_left_is_found_again_once() {
    let scenario = small();
    scenario.wire.fail("begin_items", || Failure::permanent("noting that it begins"));
    scenario.wire.heal_after(3);
    tried_again(&scenario);
    let text = check(scenario);
    assert!(text.contains(r#""found":2,"outcomes":{"erased":2}"#), "{text}");
}

/// The last look is believed, whatever the find could not read.
#[test]
fn what_could_not_be_read_at_first_ends_as_the_last_look_saw_it() {
    for (content, outcomes) in [
        (notes("cold"), r#""found":3,"outcomes":{"erased":3}"#),
        ("nobody in particular".to_owned(), r#""found":2,"outcomes":{"erased":2}"#),
    ] {
        let scenario = small();
        let source = scenario.source(SOURCE);
        source.put("cold.txt", content);
        source.set_fault("cold.txt", Some(Fault::Refuses("archived".into())));
        scenario.wire.on("acted", move || source.set_fault("cold.txt", None));
        let text = check(scenario);
        assert!(text.starts_with("r-1 (erasure) is completed"), "{text}");
        assert!(text.contains(outcomes), "{text}");
    }
    // The other way round, and as it was. Where the find has read the very bytes, and it is known
    // what they have in them, they need not be read again.
    for (word, is_known) in [("acted", false), ("planned", false), ("acted", true)] {
        let mut scenario = small();
        if !is_known {
            scenario.catalogue_age_max = None;
        }
        let source = scenario.source(SOURCE);
        source.put("cold.txt", "nobody in particular");
        scenario.wire.on(word, move || {
            source.set_fault("cold.txt", Some(Fault::Refuses("archived".into())));
        });
        let text = check(scenario);
        let (state, outcomes) = match is_known {
            true => ("completed", r#""outcomes":{"erased":2}"#),
            false => ("partially_completed", r#""outcomes":{"erased":2,"unreadable":1}"#),
        };
        assert!(text.starts_with(&format!("r-1 (erasure) is {state}")), "{text}");
        assert!(text.contains(&format!(r#"{{"seen":4,"found":2,{outcomes}"#)), "{text}");
    }
}

/// What speaks of the person was found, also if it could not be given.
#[test]
fn what_is_left_out_of_an_archive_was_found_all_the_same() {
    let scenario = Scenario::small().sent(request("r-1", "access"));
    let source = scenario.source(SOURCE);
    scenario.wire.on("planned", move || {
        source.set_fault("ExperimentRun/dcid.r1/run.json", Some(Fault::Refuses("archived".into())));
    });
    let text = check(scenario);
    assert!(text.contains(r#""found":2,"outcomes":{"exported":1,"unreadable":1}"#), "{text}");
}

/// Carrying out a plan reads it a few times, however long it is.
#[test]
fn the_cost_of_an_erasure_follows_the_length_of_its_plan() {
    let rows = |items: usize| {
        let scenario = small();
        for number in 0..items {
            scenario.source(SOURCE).put(&format!("many/{number:05}.txt"), notes("one of many"));
        }
        simulate(async || scenario.live().await);
        let reads = scenario.wire.reads();
        let from_the_start = reads.iter().filter(|read| read.open_only && read.after.is_none());
        assert_eq!(from_the_start.count(), 1, "acting goes on from where it was");
        reads.iter().map(|read| read.rows).sum::<usize>()
    };
    let (short, long) = (rows(200), rows(800));
    assert!(short >= 200 && long < 5 * short, "{short} rows of 200 items, {long} of 800");
    assert!(long < 7 * 800, "{long} rows for 800 items");
}

/// The store removes no blob without its snapshots, whomever these speak of: what went so was
/// planned, and is told. Where the blob can stay without the person they stay too.
#[test]
fn snapshots_that_go_with_their_blob_are_part_of_the_plan() {
    let with_snapshot = |scenario: Scenario, name: &str, speaks: &str| {
        let source = scenario.source(SOURCE);
        source.put(name, "nobody in particular");
        source.snapshot(name);
        source.put(name, speaks.to_owned());
        scenario
    };
    let text = check(with_snapshot(small(), "kept.txt", &notes("new")));
    assert!(text.contains(r#""seen":5,"found":4,"outcomes":{"erased":4}"#), "{text}");
    assert!(!text.contains("untouched"), "{text}");

    let named = format!("{NAME} and bob@contoso.example");
    let text = check(with_snapshot(policies::redacting(), "both.txt", &named));
    assert!(text.contains(r#""seen":5,"found":4,"outcomes":{"erased":1,"redacted":3}"#), "{text}");
    assert!(!text.contains("untouched"), "{text}");

    // It speaks of the person as well, and goes by itself, whichever of them a listing shows first.
    let scenario = small();
    let source = scenario.source(SOURCE);
    source.put("twice.txt", notes("old"));
    source.snapshot("twice.txt");
    let text = check(scenario);
    assert!(text.contains(r#""outcomes":{"erased":4}"#), "{text}");
}

/// What cannot be read of a blob's snapshots goes with it unread.
#[test]
fn what_goes_along_is_shown_before() {
    let scenario = small();
    let source = scenario.source(SOURCE);
    source.put("a.txt", "nobody in particular");
    source.snapshot("a.txt");
    source.put("a.txt", notes("new"));
    let preview = Preview {
        sources: vec![source],
        directories: Vec::new(),
        mandate: scenario.mandate(),
        clock: Arc::<MemoryClock>::clone(&scenario.clock),
        learned: None,
    };
    let body = request("r-1", "erasure").to_string();
    let mut shown = Vec::new();
    let summary = simulate(async || {
        let each = |planned: Planned| {
            shown.push((planned.action.word().word(), planned.finding.item.name))
        };
        preview
            .run(body.as_bytes(), Arc::default(), each, |_| ())
            .await
            .map_err(|failure| failure.chain())
    });
    assert_eq!(summary.unwrap().unwrap_or_else(|_| panic!("no fault")).found, 3);
    shown.retain(|(_, name)| name == "a.txt");
    assert_eq!(shown, [("delete", "a.txt".to_owned()), ("along", "a.txt".to_owned())]);
}

/// Names that archives, file systems and pages have trouble with.
fn hostile_names() -> Vec<String> {
    let mut names: Vec<String> = [
        "plain.txt",
        "../../etc/passwd",
        "/absolute.txt",
        "a//b/./c.txt",
        "folder/",
        "Case.txt",
        "case.txt",
        "CON",
        "nul.txt",
        "trailing. ",
        "back\\slash.txt",
        "C:\\x.txt",
        "manifest.json",
        "report.html",
        "data/run.json",
        "quote\"and'<tag>&.txt",
        "new\nline\tand\u{1}.txt",
        "right\u{202e}left.txt",
        "caf\u{e9}.txt",
        "cafe\u{301}.txt",
        "山田/太郎.txt",
        "%2e%2e%2fescaped.txt",
        "emoji-😀.txt",
        "=formula(1).csv",
        "~3a.txt",
        "Users/zyxcanary.q7/notes.txt",
    ]
    .map(str::to_owned)
    .into();
    names.extend([200, 255, 1000].map(|long| format!("long/{}", "n".repeat(long))));
    names
}

/// What others do to an item between the find and the archive.
const CHANGES: [fn(&MemorySource, &str); 8] = [
    |_, _| {},
    |source, name| source.put(name, notes("rewritten")),
    |source, name| source.put(name, "about nobody any more"),
    |source, name| source.put(name, b"\x1f\x8b\x08\0\0\0\0\0\0\x03nothing".as_slice()),
    |source, name| source.remove(name),
    |source, name| source.set_fault(name, Some(Fault::Refuses("archived".into()))),
    |source, name| source.set_fault(name, Some(Fault::RewrittenFor(2))),
    |source, name| source.set_fault(name, Some(Fault::BreaksAfter(3))),
];

/// Whatever it is called and whatever others do to it meanwhile: what was planned is in the archive
/// as a file, or listed with a reason, and once.
#[test]
fn nothing_that_was_planned_is_missing_in_an_archive() {
    for before in ["planned", "act_started"] {
        let scenario = Scenario::new().sent(request("r-1", "access"));
        let source = scenario.source(SOURCE);
        let mut planned = BTreeMap::new();
        for name in hostile_names() {
            for (number, change) in CHANGES.iter().enumerate() {
                let name = if number == 0 { name.clone() } else { format!("{number}/{name}") };
                source.put(&name, notes("first"));
                planned.insert(name, *change);
            }
        }
        source.put("of-nobody.txt", "nothing");
        let (names, once) = (planned.clone(), Once::new());
        scenario.wire.on(before, move || {
            once.call_once(|| names.iter().for_each(|(name, change)| change(&source, name)));
        });
        simulate(async || {
            scenario.live().await;
            scenario.assert_silent().await;
        });
        let archive = scenario.exports.get("r-1.zip").unwrap();
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(archive)).unwrap();
        let manifest = archive.by_name("manifest.json").unwrap();
        let manifest: Value = serde_json::from_reader(manifest).unwrap();
        let mut told: BTreeMap<String, usize> = BTreeMap::new();
        let mut paths = BTreeSet::new();
        for file in manifest["files"].as_array().unwrap() {
            let path = file["path"].as_str().unwrap();
            assert!(paths.insert(path.to_lowercase()), "two at {path}");
            assert!(archive.by_name(path).is_ok(), "{path} is not there");
            // Of one that is not whole it is said why below.
            let is_whole = file["complete"] == true;
            let name = file["item"].as_str().unwrap().to_owned();
            *told.entry(name).or_default() += usize::from(is_whole);
        }
        for out in manifest["unreadable"].as_array().unwrap() {
            assert_ne!(out["reason"], "", "{out}");
            *told.entry(out["item"].as_str().unwrap().into()).or_default() += 1;
        }
        for name in planned.keys() {
            // Of what is left out, parts that look like somebody's name are not told.
            let alike = |told: &&String| {
                let parts = told.split('/').zip(name.split('/'));
                told.matches('/').count() == name.matches('/').count()
                    && parts.into_iter().all(|(t, n)| t == n || t.starts_with("[removed]"))
            };
            let key = told.keys().find(|told| *told == name).or(told.keys().find(alike)).cloned();
            let key = key.unwrap_or_else(|| panic!("{before}: {name:?} is missing"));
            match told.remove(&key) {
                Some(1) => {}
                // Two that are told alike.
                Some(more) if key != *name => drop(told.insert(key, more - 1)),
                times => panic!("{before}: {name:?} is told {times:?} times"),
            }
        }
        assert_eq!(told, BTreeMap::new(), "{before}");
    }
}
