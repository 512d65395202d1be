//! Dense content: told once for a source and a form, and declared where somebody answers for it.

use std::io::{Cursor, Read};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use crate::support::contract::{CERTIFICATE, MANIFEST, faults};
use crate::support::simulation::leaks::EMAIL;
use crate::support::simulation::scenario::{
    SOURCE, Scenario, notes, request, request_with, run_document, simulate,
};

const DENSE: &str = "binary: compressed or encrypted content";

/// As dense as the weights of a model.
fn weights(seed: u64) -> Vec<u8> {
    let block = |number: u64| Sha256::digest([seed, number].map(u64::to_be_bytes).concat());
    (0..256).flat_map(block).collect()
}

/// Models of others among what speaks of the subject.
fn workspace(models: u64) -> Scenario {
    let scenario = Scenario::new();
    let source = scenario.source(SOURCE);
    source.put("ExperimentRun/dcid.r1/run.json", run_document());
    source.put("notes.txt", notes("some"));
    for number in 0..models {
        source.put(&format!("models/of-bob/{number}.pt"), weights(number));
    }
    scenario
}

/// The data of the last event of `r-1`, and its archive's manifest and report if it has one.
fn lived(scenario: Scenario) -> (Value, Value, String) {
    simulate(async || {
        scenario.live().await;
        scenario.assert_silent().await;
    });
    let published = scenario.announcer.published();
    let event: Value = serde_json::from_str(&published.last().unwrap().body).unwrap();
    crate::support::contract::assert_event(&event);
    let Some(archive) = scenario.exports.get("r-1.zip") else {
        let document = scenario.exports.get("r-1.certificate.json").unwrap();
        let page = scenario.exports.get("r-1.certificate.html").unwrap();
        let document = serde_json::from_slice(&document).unwrap();
        assert_eq!(faults(CERTIFICATE, &document), [""; 0]);
        return (event["data"].clone(), document, String::from_utf8(page.to_vec()).unwrap());
    };
    let mut zip = ZipArchive::new(Cursor::new(archive)).unwrap();
    let mut read = |name: &str| {
        let mut text = String::new();
        zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        text
    };
    let manifest = serde_json::from_str(&read("manifest.json")).unwrap();
    assert_eq!(faults(MANIFEST, &manifest), [""; 0]);
    (event["data"].clone(), manifest, read("report.html"))
}

#[test]
fn a_thousand_models_are_one_line() {
    let (event, manifest, report) = lived(workspace(300).sent(request("r-1", "access")));
    assert_eq!(event["outcome"], "partially_completed");
    let refusals = json!([
        { "source": SOURCE, "outcome": "unreadable", "reason": DENSE, "items": 300 }
    ]);
    assert_eq!(event["refusals"], refusals);
    assert_eq!(manifest["unreadable"], json!([]));
    let counted = json!([{ "source": SOURCE, "reason": DENSE, "items": 300 }]);
    assert_eq!(manifest["unsearched"], counted);
    assert!(!manifest.to_string().contains("of-bob") && !report.contains("of-bob"));
    assert_eq!(report.matches(DENSE).count(), 1, "{report}");
}

#[test]
fn what_is_declared_to_hold_no_person_leaves_a_request_completed() {
    let declared = |kind: &str| {
        let message = request_with("r-1", kind, json!({ "language": "de" }));
        lived(workspace(40).declaring("models/**", &[DENSE]).sent(message))
    };
    let says = "40 items of the form \"binary: compressed or encrypted content\" in azureml were \
                not looked through: DPO of Contoso declared on 2026-11-01 that they hold no person \
                (weights of models)";
    let (event, manifest, report) = declared("access");
    assert_eq!(event["outcome"], "completed");
    assert_eq!(event["refusals"], Value::Null);
    assert_eq!(event["declared"][0]["says"], says);
    assert_eq!(event["counts"]["found"], 2);
    assert_eq!(event["counts"]["outcomes"], json!({ "declared": 40, "exported": 2 }));
    assert_eq!(manifest["unsearched"][0]["declared"]["on"], "2026-11-01");
    assert!(report.contains("hat am 2026-11-01 erklärt"), "{report}");
    let (event, certificate, page) = declared("erasure");
    assert_eq!(event["outcome"], "completed");
    assert_eq!(certificate["declared"][0]["says"], says);
    assert_eq!(certificate["state"], "completed");
    assert!(page.contains("DPO of Contoso hat am 2026-11-01 erklärt"), "{page}");
    assert!(page.contains("Artikel 17 der Datenschutz-Grundverordnung"), "{page}");
}

#[test]
fn a_declaration_hides_nothing_that_can_be_found_and_no_other_fault() {
    let scenario = workspace(3).declaring("models/**", &[DENSE]);
    let source = scenario.source(SOURCE);
    // Between the weights stands whose they are.
    let mut spoken = weights(7);
    spoken.splice(..0, format!("\0\0owner={EMAIL}\0\0").into_bytes());
    source.put("models/a.pt", spoken);
    source.put(&format!("models/{EMAIL}.pt"), weights(8));
    source.put("models/broken.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\x03nothing".as_slice());
    source.put("elsewhere/b.pt", weights(9));
    let (event, ..) = lived(scenario.sent(request("r-1", "erasure")));
    assert_eq!(event["outcome"], "partially_completed");
    let outcomes = json!({ "declared": 3, "erased": 4, "unreadable": 2 });
    assert_eq!(event["counts"]["outcomes"], outcomes, "{event}");
}

/// What is declared to hold no person holds nobody else either, so that its owner gets it.
#[test]
fn a_declared_model_of_the_persons_own_is_given() {
    let own = |scenario: Scenario| {
        let mut spoken = weights(7);
        spoken.splice(..0, format!("\0\0owner={EMAIL}\0\0").into_bytes());
        scenario.source(SOURCE).put("models/own.pt", spoken);
        lived(scenario.sent(request("r-1", "access")))
    };
    let (event, manifest, _) = own(workspace(1));
    assert_eq!(event["outcome"], "partially_completed");
    let reason = manifest["unreadable"][0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("others: cannot be ruled out"), "{reason}");
    let (event, manifest, _) = own(workspace(1).declaring("models/**", &[DENSE]));
    assert_eq!(event["outcome"], "completed", "{event}");
    let items = manifest["files"].as_array().unwrap().iter().map(|file| &file["item"]);
    assert!(items.into_iter().any(|item| item == "models/own.pt"), "{manifest}");
}

/// Names of what nobody could look through are told of what is the person's, and of nothing else.
#[test]
fn names_of_others_are_not_given_away() {
    let scenario = workspace(0);
    let source = scenario.source(SOURCE);
    let packed = b"Rar!\x1a\x07\0\x04".as_slice();
    source.put("hr/dismissal-of-bob.rar", packed);
    source.put("ExperimentRun/dcid.r1/outputs/own.rar", packed);
    source.put("ExperimentRun/dcid.r10/outputs/bobs.rar", packed);
    let (_, manifest, report) = lived(scenario.sent(request("r-1", "access")));
    let named: Vec<&str> = manifest["unreadable"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| each["item"].as_str().unwrap())
        .collect();
    assert_eq!(named, ["ExperimentRun/dcid.r1/outputs/own.rar"]);
    assert_eq!(manifest["unsearched"][0]["items"], 2);
    for text in [manifest.to_string(), report] {
        assert!(!text.contains("bob"), "{text}");
    }
}
