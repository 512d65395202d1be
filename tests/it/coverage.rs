//! Where was looked, and where not: told in everything that is signed or sent, by names that speak
//! of nobody; and what somebody has to do by hand.

use std::io::{Cursor, Read};
use std::sync::Arc;

use dsrd::adapters::system::SystemEntropy;
use dsrd::domain::coverage::place::{Known, Looked, PlaceSort};
use dsrd::domain::failure::Failure;
use dsrd::domain::layout::{Containers, Location, OneContainer};
use dsrd::domain::request::RequestId;
use dsrd::evidence::certificate::check::check;
use dsrd::ports::system::Clock;
use dsrd::stages::coverage::{Held, Told, settled};
use dsrd::worker::status::{Plans, Status};
use serde_json::{Value, json};
use zeroize::Zeroizing;
use zip::ZipArchive;

use crate::support::simulation::leaks::{EMAIL, OBJECT_ID};
use crate::support::simulation::scenario::{SOURCE, Scenario, request, request_with, simulate};

fn known(sort: PlaceSort, name: &str, looked: Looked) -> Known {
    let (name, why) = (name.to_owned(), String::new());
    Known { sort, name, place: None, looked, why }
}

fn at(account: &str, container: &str) -> Option<Location> {
    let (account, container) = (account.to_owned(), container.to_owned());
    Some(Location { account, container, path: String::new() })
}

/// A workspace that knows of places of all sorts.
fn knowing(places: Vec<Known>) -> Scenario {
    let scenario = Scenario::small();
    scenario.source(SOURCE).set_places(places);
    scenario
}

/// The data of the event that ended `r-1`.
fn ended(scenario: &Scenario) -> Value {
    let published = scenario.announcer.published();
    let last = published.iter().rfind(|event| event.name.ends_with("completed")).unwrap();
    assert!(last.body.len() <= 64 << 10, "{} bytes", last.body.len());
    serde_json::from_str::<Value>(&last.body).unwrap()["data"].clone()
}

/// Its coverage, a line each.
fn lines(list: &Value) -> Vec<String> {
    let line = |one: &Value| {
        let text = |key: &str| match &one[key] {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        };
        let parts = ["looked", "sort", "name", "places", "at", "why"].map(text);
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    list.as_array().into_iter().flatten().map(line).collect()
}

fn lived(scenario: &Scenario) -> Value {
    simulate(async || {
        scenario.live().await;
        scenario.assert_silent().await;
    });
    ended(scenario)
}

fn certificate(scenario: &Scenario) -> Vec<u8> {
    scenario.exports.get("r-1.certificate.json").unwrap().to_vec()
}

fn entry(scenario: &Scenario, name: &str) -> String {
    let archive = scenario.exports.get("r-1.zip").unwrap();
    let (mut zip, mut text) = (ZipArchive::new(Cursor::new(archive)).unwrap(), String::new());
    zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

fn some_places() -> Vec<Known> {
    let datastore = Known {
        place: at("acc", "elsewhere"),
        ..known(PlaceSort::Datastore, "old", Looked::NotConfigured)
    };
    vec![
        datastore,
        known(PlaceSort::Registry, "acr", Looked::CannotBeLookedAt),
        known(PlaceSort::Container, "acc/*", Looked::Refused),
        known(PlaceSort::Service, "model", Looked::Looked),
    ]
}

const TOLD: [&str; 6] = [
    "not_configured datastore old acc/elsewhere",
    "refused container acc/*",
    "cannot_be_looked_at registry acr",
    "cannot_be_looked_at tenant_logs Azure Privacy portal tenant_administrator",
    "looked source azureml",
    "looked service model",
];

/// What no source was set up for, and what nobody can look at, is named everywhere and changes no
/// outcome.
#[test]
fn places_are_told_in_all_that_is_signed_or_sent() {
    let scenario = knowing(some_places()).sent(request("r-1", "erasure"));
    let told = lived(&scenario);
    assert_eq!(told["outcome"], "completed");
    assert_eq!(lines(&told["coverage"]), TOLD);
    let document = certificate(&scenario);
    assert!(check(&document, &[]).is_ok());
    let document: Value = serde_json::from_slice(&document).unwrap();
    assert_eq!(lines(&document["coverage"]), TOLD);
    let page = scenario.exports.get("r-1.certificate.html").unwrap();
    let page = String::from_utf8(page.to_vec()).unwrap();
    assert!(page.contains("old (acc/elsewhere)") && page.contains("set up for it"), "{page}");
    let described = simulate(async || {
        let status = Status { ledger: scenario.ledger().await };
        status.describe(&RequestId::new("r-1").unwrap()).await.unwrap().unwrap()
    });
    assert_eq!(lines(&described["coverage"]), TOLD);

    let scenario = knowing(some_places()).sent(request("r-1", "access"));
    let told = lived(&scenario);
    assert_eq!((&told["outcome"], lines(&told["coverage"]).len()), (&json!("completed"), 6));
    let manifest: Value = serde_json::from_str(&entry(&scenario, "manifest.json")).unwrap();
    assert_eq!(lines(&manifest["coverage"]), TOLD);
    assert!(entry(&scenario, "report.html").contains("old (acc/elsewhere)"));
}

/// A place that a source was to look at and that did not let it in makes the rest no whole answer.
#[test]
fn who_was_not_let_in_is_not_done() {
    for (sort, looked, expected) in [
        (PlaceSort::Service, Looked::Refused, "partially_completed"),
        (PlaceSort::TelemetryTable, Looked::Refused, "partially_completed"),
        (PlaceSort::Container, Looked::Refused, "completed"),
        (PlaceSort::Service, Looked::CannotBeLookedAt, "completed"),
        (PlaceSort::FileShare, Looked::NotConfigured, "completed"),
    ] {
        for kind in ["erasure", "access"] {
            let scenario = knowing(vec![known(sort, "x", looked)]).sent(request("r-1", kind));
            assert_eq!(lived(&scenario)["outcome"], expected, "{kind} {sort:?} {looked:?}");
            if kind == "erasure" {
                // It says the same of itself.
                assert!(check(&certificate(&scenario), &[]).is_ok(), "{sort:?} {looked:?}");
            }
        }
    }
}

/// A request that names its sources waits for no other, and says that they were not asked.
#[test]
fn sources_that_a_request_does_not_name_are_told_of() {
    let scenario = Scenario::small().with_source("billing").sent(request_with(
        "r-1",
        "erasure",
        json!({ "sources": [SOURCE] }),
    ));
    scenario.source("billing").shut_after(Some(0));
    let told = lived(&scenario);
    assert_eq!(told["outcome"], "completed");
    let lines = lines(&told["coverage"]);
    assert!(lines.contains(&"not_asked source billing".to_owned()), "{lines:?}");
}

/// A source that does not say for now is asked again, and what is told in the end is the same.
#[test]
fn a_source_that_does_not_answer_is_asked_again() {
    let scenario = knowing(some_places()).sent(request("r-1", "erasure"));
    scenario.wire.fail("places", || Failure::transient("listing places"));
    scenario.wire.heal_after(2);
    let told = lived(&scenario);
    assert_eq!(lines(&told["coverage"]), TOLD);
}

/// Names that may speak of a person are told to nobody: neither of the one who asks, in any
/// spelling, nor of another.
#[test]
fn names_that_may_speak_of_somebody_are_withheld() {
    let compact = OBJECT_ID.replace('-', "");
    let named = [
        EMAIL,
        "zyxwvuta-canarybird",
        "data_zyxwvuta_canarybird_2",
        OBJECT_ID,
        &compact,
        "of-CNRY-770-ZYX",
        "zyxcanary.q7%40leaky.example",
        "users-otherbob",
        "Users/otherbob",
        "home_otherbob",
        "otherbob@contoso.example",
        "otherbob_contoso.example#EXT#",
    ];
    let safe = ["users", "azureml", "insights-logs-runs", "azureml-blobstore-0a1b"];
    let place = |name: &&str| Known {
        place: at("acc", name),
        ..known(PlaceSort::Datastore, name, Looked::NotConfigured)
    };
    for kind in ["erasure", "access"] {
        let places = named.iter().chain(&safe).map(place).collect();
        let scenario = knowing(places).sent(request("r-1", kind));
        let told = lived(&scenario);
        let mut expected: Vec<String> =
            safe.iter().map(|name| format!("not_configured datastore {name} acc/{name}")).collect();
        let count = named.len();
        expected.push(format!("not_configured datastore (name withheld) {count}"));
        expected.sort();
        let datastores = |list: &Value| {
            let mut lines = lines(list);
            lines.retain(|line| line.contains(" datastore "));
            lines.sort();
            lines
        };
        assert_eq!(datastores(&told["coverage"]), expected);
        simulate(async || {
            for (place, bytes) in scenario.everything_written().await {
                let text = String::from_utf8_lossy(&bytes);
                assert!(!text.contains("otherbob"), "in {place}");
            }
        });
        if kind == "access" {
            let manifest: Value = serde_json::from_str(&entry(&scenario, "manifest.json")).unwrap();
            assert_eq!(datastores(&manifest["coverage"]), expected);
            assert!(!entry(&scenario, "report.html").contains("otherbob"));
        }
    }
}

/// However many places there are, an event stays as short as it has to be and counts all of them.
#[test]
fn very_many_places_are_counted() {
    let place = |number: usize| {
        let name = format!("container-{number:05}");
        let looked = [Looked::NotConfigured, Looked::Looked][number % 2];
        Known { place: at("acc", &name), ..known(PlaceSort::Container, &name, looked) }
    };
    let scenario = knowing((0..600).map(place).collect()).sent(request("r-1", "erasure"));
    let told = lived(&scenario);
    let counted = lines(&told["coverage"]);
    for expected in ["not_configured container 300", "looked container 300"] {
        assert!(counted.contains(&expected.to_owned()), "{counted:?}");
    }
    let document: Value = serde_json::from_slice(&certificate(&scenario)).unwrap();
    assert_eq!(document["coverage"].as_array().unwrap().len(), 602, "it has them all");
}

/// Which source covers what another one knows of.
#[test]
fn what_another_source_holds_is_looked_at() {
    let held = |source: &str, account: &str, container: &str, is_asked| Held {
        source: source.to_owned(),
        containers: Containers {
            account: account.to_owned(),
            each: vec![OneContainer::whole(Some(container))],
            are_shares: false,
        },
        is_asked,
    };
    let held = [
        held("asked", "https://acc.blob.core.windows.net/", "a", true),
        held("other", "https://acc.blob.core.windows.net/", "b", false),
        held("again", "https://acc.blob.core.windows.net/", "b", false),
    ];
    let place = |sort, container: &str, account: &str| Told {
        source: "workspace".to_owned(),
        known: Known {
            place: at(account, container),
            ..known(sort, container, Looked::NotConfigured)
        },
    };
    let (container, datastore) = (PlaceSort::Container, PlaceSort::Datastore);
    for (told, expected) in [
        // The source that holds it tells of it itself.
        (place(container, "a", "acc"), None),
        (place(container, "a", "another"), Some("workspace not_configured")),
        (place(container, "b", "acc"), Some("other not_asked")),
        (place(container, "c", "acc"), Some("workspace not_configured")),
        (place(datastore, "a", "ACC"), Some("asked looked")),
        (place(datastore, "b", "acc"), Some("other not_asked")),
        (place(datastore, "c", "acc"), Some("workspace not_configured")),
        // A share of the same name is another place.
        (place(PlaceSort::FileShare, "a", "acc"), Some("workspace not_configured")),
    ] {
        let settled = settled(vec![told], &held);
        let said: Vec<String> = settled
            .iter()
            .map(|told| format!("{} {}", told.source, told.known.looked.word()))
            .collect();
        assert_eq!(said, Vec::from_iter(expected.map(str::to_owned)));
    }
    // Two workspaces of one account know of the same container.
    let twice = || place(container, "c", "acc");
    assert_eq!(settled(vec![twice(), twice()], &held).len(), 1);
}

/// The steps of a tenant's administrator are told in order; whom they are about stands in the
/// person's own archive and in what is sealed, and nowhere else.
#[test]
fn what_is_done_by_hand_is_told_and_whom_it_is_about_only_to_who_may_know() {
    for (kind, takes) in [("access", "Hours or days"), ("erasure", "30 days")] {
        let scenario = Scenario::small().sent(request("r-1", kind));
        let told = lived(&scenario);
        let step = &told["manual_steps"][0];
        assert_eq!(step["system"], "Azure Privacy portal");
        assert!(step["who"].as_str().unwrap().contains("administrator"));
        assert!(step["takes"].as_str().unwrap().contains(takes), "{step}");
        let first = step["steps"][0].as_str().unwrap();
        assert!(first.contains("dsrd status r-1 --left"), "{first}");
        assert_eq!(by_hand(&scenario), [format!("Azure Privacy portal {OBJECT_ID}")]);
        if kind == "access" {
            let manifest: Value = serde_json::from_str(&entry(&scenario, "manifest.json")).unwrap();
            assert_eq!(manifest["manual_steps"][0]["object_ids"], json!([OBJECT_ID]));
            assert!(entry(&scenario, "report.html").contains("Add export request"));
        } else {
            let document: Value = serde_json::from_slice(&certificate(&scenario)).unwrap();
            assert_eq!(document["manual_steps"], told["manual_steps"]);
        }
    }
}

#[test]
fn where_the_object_id_is_not_named_it_is_to_be_looked_up() {
    for kind in ["access", "erasure"] {
        let mut message = request("r-1", kind);
        let identities = message["subject_identities"].as_array_mut().unwrap();
        identities.retain(|identity| identity["identity_type"] != "object_id");
        let scenario = Scenario::small().sent(message);
        let told = lived(&scenario);
        let first = told["manual_steps"][0]["steps"][0].as_str().unwrap().to_owned();
        assert!(first.starts_with("Look up the object ID"), "{first}");
        assert_eq!(by_hand(&scenario), Vec::<String>::new());
        let page = match kind {
            "access" => entry(&scenario, "report.html"),
            _ => {
                let page = scenario.exports.get("r-1.certificate.html").unwrap();
                String::from_utf8(page.to_vec()).unwrap()
            }
        };
        assert!(page.contains("Look up the object ID"));
    }
}

/// What `dsrd status r-1 --left` shows beside the items.
fn by_hand(scenario: &Scenario) -> Vec<String> {
    simulate(async || {
        let plans = Plans {
            ledger: scenario.ledger().await,
            master_key: Zeroizing::new("5a".repeat(32)),
            clock: Arc::clone(&scenario.clock) as Arc<dyn Clock>,
            entropy: Arc::new(SystemEntropy),
        };
        let mut shown = Vec::new();
        let id = RequestId::new("r-1").unwrap();
        let show = plans.left(&id, |left| {
            if left.outcome == "by_hand" {
                shown.push(format!("{} {}", left.source, left.item));
            }
        });
        assert!(show.await.unwrap().is_some());
        shown
    })
}
