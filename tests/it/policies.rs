//! What an erasure does by the operator's rules: what is redacted and how, what goes with a run;
//! and what of others an export shows.

use std::io::{Cursor, Read};

use dsrd::domain::policy::action::Otherwise;
use dsrd::domain::policy::rules::{Rule, Treatment, Unit};
use serde_json::{Value, json};
use zip::ZipArchive;

use crate::support::simulation::leaks::{EMAIL, NAME, OBJECT_ID};
use crate::support::simulation::scenario::{
    SOURCE, Scenario, notes, request, request_with, rule, run_document, simulate,
};
use crate::support::simulation::story::{check, ending};

/// What others are named in is redacted; what cannot be is deleted.
fn shared() -> Rule {
    Rule {
        shared: Some(Treatment::Redact),
        otherwise: Otherwise::Delete,
        ..rule(Treatment::Delete)
    }
}

/// A run that the subject created and Bob changed.
fn run_of_two() -> String {
    let bob = json!({ "upn": "bob@contoso.example", "userName": "Bob Builder" });
    let mut run: Value = serde_json::from_str(&run_document()).unwrap();
    run["lastModifiedBy"] = bob;
    run["cost"] = json!(1.50);
    serde_json::to_string_pretty(&run).unwrap()
}

/// Lives a life and gives its ending and what a source then has under these names.
fn lived(scenario: Scenario, names: &[&str]) -> (String, Vec<Option<String>>) {
    let source = scenario.source(SOURCE);
    let text = check(scenario);
    let read = |name: &&str| source.get(name).map(|bytes| String::from_utf8_lossy(&bytes).into());
    (text, names.iter().map(read).collect())
}

#[test]
fn what_others_need_is_written_anew_without_the_person() {
    let scenario = Scenario::new().ruled_by(vec![shared()]).sent(request("r-1", "erasure"));
    let source = scenario.source(SOURCE);
    let own_folder = format!("Users/{EMAIL}/team.txt");
    source.put("ExperimentRun/dcid.r1/run.json", run_of_two());
    source.put("alone.txt", notes("alone"));
    source.put("team.csv", format!("who,what\r\n\"{NAME}\",1\r\nbob@contoso.example,\"2\"\r\n"));
    source.put(&own_folder, format!("{EMAIL} and bob@contoso.example"));
    let packed =
        [b"\x93NUMPY\x01\x00\x19".as_slice(), EMAIL.as_bytes(), b"\0bob@contoso.example\0"];
    source.put("packed.bin", packed.concat());
    let names =
        ["ExperimentRun/dcid.r1/run.json", "team.csv", "alone.txt", &own_folder, "packed.bin"];
    let (text, left) = lived(scenario, &names);
    assert!(text.contains(r#""outcomes":{"erased":3,"redacted":2}"#), "{text}");
    assert!(text.starts_with("r-1 (erasure) is completed"), "{text}");
    let mut run = run_of_two();
    for value in [EMAIL, OBJECT_ID, NAME] {
        run = run.replace(value, "[erased]");
    }
    let team = "who,what\r\n\"[erased]\",1\r\nbob@contoso.example,\"2\"\r\n";
    assert_eq!(left, [Some(run), Some(team.to_owned()), None, None, None]);
}

/// Somebody else may be named by other things than an address, and two others by what looks like
/// the person: of the former the document is redacted, the latter is nobody's who asked.
#[test]
fn what_may_be_others_too_is_not_deleted() {
    let scenario = Scenario::new().ruled_by(vec![shared()]).sent(request("r-1", "erasure"));
    let source = scenario.source(SOURCE);
    let (given, family) = NAME.split_once(' ').unwrap();
    let job = |who: &str| format!("creation_context:\n  created_by: {who}\nowner: {EMAIL}\n");
    source.put("job.yaml", job("Kofi Brandt"));
    source.put("own.yaml", job(NAME));
    source.put("names.csv", format!("name,role\n{NAME},dev\nKofi Brandt,lead\n"));
    source.put("paper.txt", format!("Kofi {family}, {given} Brandt\n"));
    source.put("rows.tsv", format!("Lars\t{given}\n{family}\tBrandt\n"));
    let names = ["job.yaml", "own.yaml", "names.csv", "paper.txt", "rows.tsv"];
    let (text, left) = lived(scenario, &names);
    assert!(text.contains(r#""outcomes":{"erased":1,"redacted":2}"#), "{text}");
    let job = job("Kofi Brandt").replace(EMAIL, "'[erased]'");
    let list = "name,role\n[erased],dev\nKofi Brandt,lead\n".to_owned();
    let paper = format!("Kofi {family}, {given} Brandt\n");
    let rows = format!("Lars\t{given}\n{family}\tBrandt\n");
    assert_eq!(left, [Some(job), None, Some(list), Some(paper), Some(rows)]);
}

#[test]
fn a_request_may_ask_for_redaction_and_what_cannot_be_redacted_stays() {
    let redact = request_with("r-1", "erasure", json!({ "on_erase": "redact" }));
    let scenario = Scenario::new().sent(redact);
    let source = scenario.source(SOURCE);
    source.put("a.txt", format!("by {EMAIL}."));
    source.put(&format!("Users/{EMAIL}/b.txt"), "nothing else");
    source.snapshot("a.txt");
    let (text, left) = lived(scenario, &["a.txt", &format!("Users/{EMAIL}/b.txt")]);
    assert!(text.contains("r-1 (erasure) is partially_completed"), "{text}");
    assert!(text.contains("1 failed in azureml: redaction: name"), "{text}");
    assert!(text.contains(r#""outcomes":{"erased":1,"failed":1,"redacted":1}"#), "{text}");
    assert_eq!(left, [Some("by [erased].".to_owned()), Some("nothing else".to_owned())]);
}

/// A life in which items are redacted; told with what they then hold.
pub fn redacting() -> Scenario {
    let scenario = Scenario::new().ruled_by(vec![shared()]).sent(request("r-1", "erasure"));
    let source = scenario.source(SOURCE);
    source.put("ExperimentRun/dcid.r1/run.json", run_of_two());
    source.put("team.txt", format!("{NAME} and bob@contoso.example"));
    source.put("alone.txt", notes("alone"));
    scenario
}

/// A life in which an item that names others too cannot be written without the subject.
pub fn unrewritable() -> Scenario {
    let scenario = Scenario::new().ruled_by(vec![shared()]).sent(request("r-1", "erasure"));
    let packed =
        [b"\x93NUMPY\x01\x00\x19".as_slice(), EMAIL.as_bytes(), b"\0bob@contoso.example\0"];
    scenario.source(SOURCE).put("packed.bin", packed.concat());
    scenario.source(SOURCE).put("team.txt", format!("{NAME} and bob@contoso.example"));
    scenario
}

/// A life in which a run goes as a whole.
pub fn running() -> Scenario {
    let whole = Rule { unit: Unit::Run, ..rule(Treatment::Delete) };
    let scenario = Scenario::new().ruled_by(vec![whole]).sent(request("r-1", "erasure"));
    let source = scenario.source(SOURCE);
    let of_bob = json!({ "runId": "r1_2", "createdBy": { "upn": "bob@contoso.example" } });
    let of_bob_too =
        json!({ "runId": "r1_3", "parentRunId": "r1", "createdBy": { "upn": "b@c.example" } });
    source.put("ExperimentRun/dcid.r1/run.json", run_document());
    source.put("ExperimentRun/dcid.r1_2/run.json", of_bob.to_string());
    source.put("ExperimentRun/dcid.r1_3/run.json", of_bob_too.to_string());
    for name in [
        "ArtifactZip/ExperimentRun/dcid.r1.zip",
        "ComputeRecord/dcid.r1",
        "ComputeRecord/dcid.r1_2",
        "ExperimentRun/dcid.r1/outputs/model.pkl",
        "ExperimentRun/dcid.r10/outputs/model.pkl",
        "ExperimentRun/dcid.r1_1/logs/a.txt",
        "ExperimentRun/dcid.r1_2/logs/a.txt",
        "ExperimentRun/dcid.r1_setup/logs/a.txt",
        "ExperimentRun/dcid.r1_v2/logs/a.txt",
        "azureml/r1/predictions/part.csv",
        "azureml/r10/predictions/part.csv",
    ] {
        source.put(name, "of nobody in particular");
    }
    source.put(
        "ExperimentRun/dcid.r1/outputs/broken.gz",
        b"\x1f\x8b\x08\0\0\0\0\0\0\x03nothing".as_slice(),
    );
    scenario
}

#[test]
fn a_run_goes_as_a_whole_and_its_neighbours_stay() {
    let text = check(running());
    let holds = "azureml holds ComputeRecord/dcid.r1_2, ExperimentRun/dcid.r10/outputs/model.pkl, \
                 ExperimentRun/dcid.r1_2/logs/a.txt, ExperimentRun/dcid.r1_2/run.json, \
                 ExperimentRun/dcid.r1_v2/logs/a.txt, azureml/r10/predictions/part.csv\n";
    assert!(text.contains(holds), "{text}");
    assert!(text.contains(r#""outcomes":{"erased":9}"#), "{text}");
    assert!(text.starts_with("r-1 (erasure) is completed"), "{text}");
}

#[test]
fn a_rule_for_its_path_wins_over_a_runs() {
    let whole = Rule { unit: Unit::Run, ..rule(Treatment::Delete) };
    let models = Rule {
        path: Some(dsrd::domain::policy::pattern::Pattern::new("**/*.pkl").unwrap()),
        reason: "contract".into(),
        ..rule(Treatment::Keep)
    };
    let text = check(running().ruled_by(vec![models, whole]));
    assert!(text.contains(r#""outcomes":{"erased":8,"kept":1}"#), "{text}");
    assert!(text.contains("1 kept in azureml: contract"), "{text}");
}

#[test]
fn an_export_shows_nobody_else() {
    let scenario = Scenario::new().sent(request("r-1", "access"));
    let source = scenario.source(SOURCE);
    source.put("ExperimentRun/dcid.r1/run.json", run_of_two());
    let secret = "https://x.blob.core.windows.net/c/a?sv=2021-12-02&sig=c2VjcmV0c2VjcmV0%3D";
    source.put(
        "Users/bob/shared.log",
        format!("{EMAIL} asked Bob Builder <bob@contoso.example>, see {secret}\n"),
    );
    let packed =
        [b"\x93NUMPY\x01\x00\x19".as_slice(), EMAIL.as_bytes(), b"\0bob@contoso.example\0"];
    source.put("packed.bin", packed.concat());
    let exports = std::sync::Arc::clone(&scenario.exports);
    let text = simulate(async || {
        scenario.live().await;
        ending(&scenario).await
    });
    assert!(text.contains("r-1 (access) is partially_completed"), "{text}");
    let mut zip = ZipArchive::new(Cursor::new(exports.get("r-1.zip").unwrap())).unwrap();
    let mut files = Vec::new();
    for index in 0..zip.len() {
        let mut file = zip.by_index(index).unwrap();
        let mut content = String::new();
        file.read_to_string(&mut content).unwrap();
        files.push((file.name().unwrap().into_owned(), content));
    }
    for (name, content) in &files {
        for piece in ["bob", "builder", "c2VjcmV0", "sig=c"] {
            let both = format!("{name}\n{content}").to_lowercase();
            assert!(!both.contains(&piece.to_lowercase()), "{piece} in {name}:\n{content}");
        }
    }
    let content = |end: &str| &files.iter().find(|(name, _)| name.ends_with(end)).unwrap().1;
    let log = content("shared.log");
    assert!(log.starts_with(&format!("{EMAIL} asked Person 2 <Person 2>, see ")), "{log}");
    let manifest: Value = serde_json::from_str(content("manifest.json")).unwrap();
    let log = manifest["files"].as_array().unwrap().iter();
    let log = log.clone().find(|file| file["item"] == "Users/Person 2/shared.log").unwrap();
    assert_eq!(log["masked"].as_array().unwrap().len(), 2, "{log}");
    assert_eq!(manifest["unreadable"][0]["item"], "packed.bin", "{manifest}");
}

/// Whose run it is was written down only while it was being erased, and so was a part of a run that
/// the find knew.
#[test]
fn a_run_that_is_known_later_goes_as_a_whole_too() {
    for word in ["planned", "acted"] {
        let scenario = running();
        let source = scenario.source(SOURCE);
        // One part stood there before, and said nothing of anybody.
        source.put("ExperimentRun/dcid.r9/outputs/model.pkl", "of nobody in particular");
        let once = std::sync::Once::new();
        scenario.wire.on(word, move || {
            once.call_once(|| {
                let of_subject = json!({ "runId": "r9", "createdBy": { "upn": EMAIL } });
                source.put("ExperimentRun/dcid.r9/run.json", of_subject.to_string());
                for name in [
                    "ArtifactZip/ExperimentRun/dcid.r9.zip",
                    "azureml/r9/predictions/part.csv",
                    "azureml/r1/predictions/late.csv",
                    "azureml/r90/predictions/part.csv",
                ] {
                    source.put(name, "of nobody in particular");
                }
            });
        });
        let text = check(scenario);
        let holds = "azureml holds ComputeRecord/dcid.r1_2, \
                     ExperimentRun/dcid.r10/outputs/model.pkl, \
                     ExperimentRun/dcid.r1_2/logs/a.txt, ExperimentRun/dcid.r1_2/run.json, \
                     ExperimentRun/dcid.r1_v2/logs/a.txt, azureml/r10/predictions/part.csv, \
                     azureml/r90/predictions/part.csv\n";
        assert!(text.contains(holds), "{word}:\n{text}");
        assert!(text.starts_with("r-1 (erasure) is completed"), "{text}");
    }
}
