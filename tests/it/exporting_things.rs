//! Exports of a thing: what its service says of it, and its files where they lie; no more, no less,
//! and byte for byte.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::sync::Arc;

use dsrd::adapters::memory::sources::shelves::Fault;
use dsrd::adapters::memory::sources::store::MemorySource;
use dsrd::domain::asked::thing::ThingKind;
use dsrd::domain::layout::{Container, Location};
use dsrd::domain::plan::Planned;
use dsrd::ports::sources::Source;
use dsrd::worker::preview::Preview;
use serde_json::{Value, json};
use zip::ZipArchive;

use crate::support::contract::{MANIFEST, faults};
use crate::support::simulation::leaks::{EMAIL, NAME};
use crate::support::simulation::scenario::{
    Scenario, THINGS, control, correspondence, request, run_document, simulate,
};
use crate::support::simulation::story::{RECIPIENT, check, ending};
use crate::things::about;

/// The account that holds what the workspace's services keep in blobs.
const ACCOUNT: &str = "https://contoso.blob.core.windows.net/";

/// The source of its containers.
const STORE: &str = "store";

/// A signature in a URL.
const SIGNED: &str = "https://contoso.blob.core.windows.net/azureml/x?sv=1&sig=aB%2Fc%3D&sp=r";

pub fn at(container: &str, path: &str) -> Location {
    let (container, path) = (container.to_owned(), path.to_owned());
    Location { account: "contoso".to_owned(), container, path }
}

/// A workspace with a run of somebody and its child, a model of two versions, a data set and an
/// output of a pipeline, and the account where their files lie beside those of others.
pub fn workspace() -> Scenario {
    let mut scenario = Scenario::new();
    let store = MemorySource::new(STORE).laid_out(Container::Leading).in_account(ACCOUNT);
    let history = "azureml/ExperimentRun/dcid.r1";
    for (name, bytes) in [
        (format!("{history}/logs/std.txt"), format!("start by {NAME}\nGET {SIGNED}\n")),
        (format!("{history}/outputs/model.bin"), "\u{1}\u{2}weights".to_owned()),
        ("azureml/ExperimentRun/dcid.r1_2/logs/std.txt".to_owned(), "child\n".to_owned()),
        ("azureml/ExperimentRun/dcid.r10/logs/std.txt".to_owned(), "r10\n".to_owned()),
        ("azureml/ArtifactZip/ExperimentRun/dcid.r1.zip".to_owned(), "a copy".to_owned()),
        ("azureml-blobstore-0f/azureml/r1/scores/a.csv".to_owned(), "1,2\n".to_owned()),
        ("azureml-blobstore-0f/azureml/r10/scores/a.csv".to_owned(), "r10\n".to_owned()),
        ("azureml-blobstore-0f/models/churn/1/model.pkl".to_owned(), "first".to_owned()),
        ("azureml-blobstore-0f/models/churn/1/MLmodel".to_owned(), "flavors:\n".to_owned()),
        ("azureml-blobstore-0f/models/churn/2.pkl".to_owned(), "second".to_owned()),
        ("azureml-blobstore-0f/models/churn/2.pkl.bak".to_owned(), "of others".to_owned()),
        ("azureml-blobstore-0f/rides/a.csv".to_owned(), "rides\n".to_owned()),
    ] {
        store.put(&name, bytes);
    }
    store.snapshot(&format!("{history}/logs/std.txt"));
    scenario.sources.push(Arc::new(store));
    let things = MemorySource::new(THINGS).of_things().in_account(ACCOUNT);
    for name in ["model/churn/1", "model/churn/2", "dataset/rides/1", "run/r1_2", "run/r10"] {
        things.put(name, format!("{{\"name\":\"{name}\"}}"));
    }
    things.put("run/r1", run_document());
    let token = json!({ "runId": "r1", "status": "Completed", "password": "hunter2" });
    things.put("run/r1/history", token.to_string());
    things.set_files("run/r1", vec![at("azureml", "ExperimentRun/dcid.r1/")]);
    let churn = "models/churn";
    things.set_files("model/churn/1", vec![at("azureml-blobstore-0f", &format!("{churn}/1"))]);
    things.set_files("model/churn/2", vec![at("azureml-blobstore-0f", &format!("{churn}/2.pkl"))]);
    things.set_files("dataset/rides/1", vec![at("azureml-blobstore-0f", "rides/")]);
    things.set_files(
        "pipeline_output/r1/scores",
        vec![at("azureml-blobstore-0f", "azureml/r1/scores/")],
    );
    scenario.sources.push(Arc::new(things));
    scenario
}

pub fn exporting(sort: &str, name: &str) -> Scenario {
    workspace().sent(about("r-1", "export", sort, name))
}

fn output(name: &str, output: &str) -> Value {
    let mut asked = about("r-1", "export", "pipeline_output", name);
    asked["resource"]["output"] = json!(output);
    asked
}

/// How it ended, and the archive's files.
fn exported(scenario: Scenario) -> (String, BTreeMap<String, Vec<u8>>) {
    simulate(async || {
        scenario.live().await;
        scenario.assert_silent().await;
        let archive = scenario.exports.get("r-1.zip").unwrap();
        let mut zip = ZipArchive::new(Cursor::new(archive)).unwrap();
        let names: Vec<String> = zip.file_names().map(|n| n.unwrap().into_owned()).collect();
        let read = |name: String| {
            let mut bytes = Vec::new();
            zip.by_name(&name).unwrap().read_to_end(&mut bytes).unwrap();
            (name, bytes)
        };
        let files: BTreeMap<_, _> = names.into_iter().map(read).collect();
        let manifest: Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
        assert_eq!(faults(MANIFEST, &manifest), [""; 0]);
        // Nothing was touched.
        for source in &scenario.sources {
            assert!(source.names().iter().all(|name| source.get(name).is_some()));
        }
        (ending(&scenario).await, files)
    })
}

fn text(files: &BTreeMap<String, Vec<u8>>, name: &str) -> String {
    let bytes = files.get(name).unwrap_or_else(|| panic!("{name} is not in {:?}", files.keys()));
    String::from_utf8_lossy(bytes).into_owned()
}

fn data(files: &BTreeMap<String, Vec<u8>>) -> Vec<&str> {
    files.keys().filter_map(|name| name.strip_prefix("data/")).collect()
}

#[test]
fn a_run_with_its_documents_outputs_and_logs() {
    let (ended, files) = exported(exporting("run", "r1"));
    let life: Vec<&str> = ended.lines().take_while(|line| !line.contains(" item ")).collect();
    insta::assert_snapshot!(life.join("\n"), @r#"
    r-1 (export) is completed
      1 accepted -> accepted, announced accepted 5bd46fec
      2 find_started -> finding, announced progressed b043ff48
      3 planned -> planned, announced progressed e2218a47
      4 act_started -> acting, announced progressed 7e0610b5
      5 acted -> verifying, announced progressed fe203068
          results_count 5
      6 verified -> completed, announced completed 96b68ac5
          counts {"seen":5,"found":5,"outcomes":{"exported":5}}
          results_count 5
    "#);
    assert_eq!(
        data(&files),
        [
            "store/azureml-blobstore-0f/azureml/r1/scores/a.csv",
            "store/azureml/ExperimentRun/dcid.r1/logs/std.txt",
            "store/azureml/ExperimentRun/dcid.r1/outputs/model.bin",
            "workspace/runs/r1.history.json",
            "workspace/runs/r1.json",
        ]
    );
    let scores = text(&files, "data/store/azureml-blobstore-0f/azureml/r1/scores/a.csv");
    assert_eq!(scores, "1,2\n");
    assert_eq!(text(&files, "data/workspace/runs/r1.json"), run_document());
    // Nobody is masked, and what would let somebody in is taken out.
    let log = text(&files, "data/store/azureml/ExperimentRun/dcid.r1/logs/std.txt");
    let without = SIGNED.replace("aB%2Fc%3D", "[removed]");
    assert_eq!(log, format!("start by {NAME}\nGET {without}\n"));
    assert!(!text(&files, "data/workspace/runs/r1.history.json").contains("hunter2"));
    let manifest: Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
    assert_eq!(manifest["request"]["type"], "export");
    assert_eq!(manifest["request"]["resource"], json!({ "type": "run", "name": "r1" }));
    assert!(manifest["masking"].as_str().unwrap().starts_with("No person asked"));
    // Two documents are one run.
    assert_eq!(manifest["tables"][1]["rows"], 1);
    assert!(text(&files, "runs.csv").contains("Completed"), "{}", text(&files, "runs.csv"));
    let report = text(&files, "report.html");
    assert!(report.contains("A copy of a resource") && !report.contains("id=\"rights\""));
}

#[test]
fn a_model_of_all_versions_or_of_one() {
    let (ended, files) = exported(exporting("model", "churn"));
    assert!(ended.contains("r-1 (export) is completed"), "{ended}");
    let (first, second) = ("store/azureml-blobstore-0f/models/churn/1", "workspace/models/churn");
    let of_first = [format!("{first}/MLmodel"), format!("{first}/model.pkl")];
    let mut all = of_first.to_vec();
    all.push("store/azureml-blobstore-0f/models/churn/2.pkl".to_owned());
    all.extend([format!("{second}/1.json"), format!("{second}/2.json")]);
    assert_eq!(data(&files), all);
    assert_eq!(text(&files, &format!("data/{first}/model.pkl")), "first");
    let (_, files) = exported(exporting("model", "churn:1"));
    assert_eq!(data(&files), [&of_first[..], &[format!("{second}/1.json")]].concat());
}

/// Nobody may say whether it is a file or a folder, and one of the two is no loss.
#[test]
fn a_name_is_that_of_a_file_or_a_folder() {
    for path in ["models/churn/1", "models/churn/2.pkl"] {
        let scenario = exporting("model", "churn:2");
        let either = ["", "/"].map(|end| at("azureml-blobstore-0f", &format!("{path}{end}")));
        scenario.source(THINGS).set_files("model/churn/2", either.to_vec());
        let (ended, files) = exported(scenario);
        assert!(ended.contains("r-1 (export) is completed"), "{ended}");
        let all = data(&files);
        let theirs = all.iter().filter(|name| name.contains(path)).count();
        assert_eq!((theirs, all.len()), if path.ends_with('1') { (2, 3) } else { (1, 2) });
    }
}

#[test]
fn a_data_set_and_an_output_of_a_pipeline() {
    let (ended, files) = exported(exporting("dataset", "rides:1"));
    assert!(ended.contains("r-1 (export) is completed"), "{ended}");
    let rides = ["store/azureml-blobstore-0f/rides/a.csv", "workspace/datasets/rides/1.json"];
    assert_eq!(data(&files), rides);
    let (ended, files) = exported(workspace().sent(output("r1", "scores")));
    assert!(ended.contains("r-1 (export) is completed"), "{ended}");
    assert_eq!(data(&files), ["store/azureml-blobstore-0f/azureml/r1/scores/a.csv"]);
}

/// Whatever can be named can be copied; where there is nothing of that name the archive says so.
#[test]
fn things_of_every_sort() {
    for kind in ThingKind::ALL {
        let word = kind.word();
        let asked = match kind {
            ThingKind::PipelineOutput => output("seven", "scores"),
            _ => about("r-1", "export", word, "seven"),
        };
        let (ended, files) = exported(workspace().sent(asked.clone()));
        assert!(ended.contains("r-1 (export) is completed"), "{word}: {ended}");
        assert_eq!(data(&files), [""; 0], "{word}");
        assert!(text(&files, "report.html").contains("There is no resource of this name"));
        if kind == ThingKind::PipelineOutput {
            continue;
        }
        let scenario = workspace().sent(asked);
        scenario.source(THINGS).put(&format!("{word}/seven"), "{\"a\":1}");
        let (ended, files) = exported(scenario);
        assert!(ended.contains("r-1 (export) is completed"), "{word}: {ended}");
        assert_eq!(data(&files), [format!("workspace/{word}s/seven.json")], "{word}");
    }
}

/// What lies where nobody looks, and what is not where it should be, is told in event, manifest and
/// report.
#[test]
fn what_is_missing_is_told() {
    let elsewhere = |location| {
        let scenario = exporting("dataset", "rides:1");
        scenario
            .source(THINGS)
            .set_files("dataset/rides/1", vec![at("azureml-blobstore-0f", "rides/"), location]);
        scenario
    };
    let web = Location {
        account: String::new(),
        container: String::new(),
        path: format!("{SIGNED}#all"),
    };
    let other = Location { account: "fabrikam".to_owned(), ..at("azureml-blobstore-0f", "rides/") };
    for (location, reason, lacks) in [
        (at("private", "rides/"), "no_source", "contoso/private/rides/"),
        (other, "no_source", "fabrikam/azureml-blobstore-0f/rides/"),
        (web, "no_source", &*format!("{}#all", SIGNED.replace("aB%2Fc%3D", "[removed]"))),
        (at("azureml-blobstore-0f", "rides2/"), "missing", "contoso/azureml-blobstore-0f/rides2/"),
        (at("azureml-blobstore-0f", "ride"), "missing", "contoso/azureml-blobstore-0f/ride"),
    ] {
        let (ended, files) = exported(elsewhere(location));
        assert!(ended.contains("r-1 (export) is partially_completed"), "{ended}");
        assert!(ended.contains(&format!("1 unreadable in workspace: {reason}: ")), "{ended}");
        assert!(ended.contains(&format!("r-1.zip lacks \"{lacks}\": \"{reason}: ")), "{ended}");
        assert_eq!(data(&files).len(), 2, "{ended}");
        assert!(text(&files, "report.html").contains(&format!("<code>{reason}: ")));
    }
}

/// A source that is away is no reason to say that nothing is there.
#[test]
fn files_of_a_source_that_is_shut_are_waited_for() {
    let scenario = exporting("model", "churn:1");
    scenario.source(STORE).shut_after(Some(0));
    let ended = check(scenario);
    assert!(ended.contains("r-1 (export) is failed"), "{ended}");
    let scenario = exporting("model", "churn:1");
    scenario.source(STORE).fail_next(2);
    let (ended, files) = exported(scenario);
    assert!(ended.contains("r-1 (export) is completed"), "{ended}");
    assert_eq!(data(&files).len(), 3);
}

/// Whom all items name is known before the first is masked, and what is short is kept until then.
#[test]
fn short_items_are_read_once_for_a_person_too() {
    const ITEMS: u32 = 30;
    let scenario = Scenario::small().with_source("notes").sent(request("r-1", "access"));
    let source = scenario.source("notes");
    for number in 0..ITEMS {
        source.put(&format!("{number}.txt"), format!("by {EMAIL} and kofi.{number}@x.example"));
    }
    // It is asked for a few other things beside.
    scenario.wire.on("act_started", move || source.shut_after(Some(ITEMS + 10)));
    let ended = check(scenario);
    assert!(ended.contains("r-1 (access) is completed"), "{ended}");
}

/// Others write while it is exported: each file is given as it is then.
#[test]
fn what_changes_meanwhile_is_given_as_it_is() {
    let scenario = exporting("dataset", "rides:1");
    let store = scenario.source(STORE);
    scenario.wire.on("act_started", move || {
        store.put("azureml-blobstore-0f/rides/a.csv", "other rides\n");
    });
    let (ended, files) = exported(scenario);
    assert!(ended.contains("r-1 (export) is completed"), "{ended}");
    let rides = text(&files, "data/store/azureml-blobstore-0f/rides/a.csv");
    assert_eq!(rides, "other rides\n");
}

#[test]
fn files_that_cannot_be_read_are_told() {
    let scenario = exporting("dataset", "rides:1");
    let fault = Fault::Refuses("archived".to_owned());
    scenario.source(STORE).set_fault("azureml-blobstore-0f/rides/a.csv", Some(fault));
    let (ended, _) = exported(scenario);
    assert!(ended.contains("r-1 (export) is partially_completed"), "{ended}");
    assert!(ended.contains("1 unreadable in store: archived"), "{ended}");
}

/// Bytes that are no text stay what they are, and so does what only looks like a secret.
#[test]
fn files_stay_what_they_are() {
    let tokenizer = r#"{"bos_token": "<|begin_of_text|>", "password": "hunter2"}"#;
    let noise: Vec<u8> =
        (0..200_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut binary = noise.clone();
    binary.extend_from_slice(b"sig=abcdefgh&x");
    for bytes in [tokenizer.as_bytes(), &noise, &binary, b"\x1f\x8bbroken", b""] {
        let scenario = exporting("dataset", "rides:1");
        scenario.source(STORE).put("azureml-blobstore-0f/rides/a.csv", bytes.to_vec());
        let (ended, files) = exported(scenario);
        assert!(ended.contains("r-1 (export) is completed"), "{ended}");
        let given = &files["data/store/azureml-blobstore-0f/rides/a.csv"];
        assert!(given == bytes, "{} bytes", bytes.len());
    }
}

/// Its name may be a person's: that is in the archive, and nowhere else.
#[test]
fn what_it_is_called_is_told_to_nobody() {
    let scenario = exporting("compute", EMAIL);
    scenario.source(THINGS).put(&format!("compute/{EMAIL}"), "{}");
    let (ended, files) = exported(scenario);
    assert!(ended.contains("r-1 (export) is completed"), "{ended}");
    assert!(text(&files, "report.html").contains(EMAIL));
}

/// What a request may say of its archive.
#[test]
fn options_of_an_archive() {
    let asking = |options: Value| {
        let mut asked = about("r-1", "export", "model", "churn");
        asked["extensions"] = json!({ "dsrd": options });
        workspace().sent(asked)
    };
    let ended = check(asking(json!({ "encrypt_to": [RECIPIENT] })));
    assert!(ended.contains("r-1 (export) is completed"), "{ended}");
    assert!(ended.contains("r-1.zip.age holds data/store/"), "{ended}");
    let ended = check(asking(json!({ "dry_run": true })));
    assert!(ended.contains(r#""outcomes":{"planned":5}"#), "{ended}");
    assert!(!ended.contains("r-1.zip"), "{ended}");
    let (_, files) = exported(asking(json!({ "language": "de" })));
    assert!(text(&files, "report.html").contains("Kopie einer Ressource"));
    // Of which workspace it is, wherever its files lie.
    let (_, files) = exported(asking(json!({ "sources": [THINGS] })));
    assert_eq!(data(&files).len(), 5);
    let ended = check(asking(json!({ "on_erase": "redact" })));
    assert!(ended.contains("not_of_a_resource"), "{ended}");
    let mut dependents = about("r-1", "export", "workspace", "ws");
    dependents["delete_dependent_resources"] = json!(true);
    let ended = check(workspace().sent(dependents));
    assert!(ended.contains("not_of_a_resource"), "{ended}");
    let ended = check(workspace().sent(about("r-1", "export", "pipeline_output", "r1")));
    assert!(ended.contains("/resource/output missing"), "{ended}");
}

/// A person's export of the same workspace: masked, by the sort of each document, one run.
#[test]
fn a_persons_archive_has_the_services_documents() {
    let scenario = workspace();
    let [created, other] = [EMAIL, "tina@other.example"].map(|upn| json!({ "upn": upn }));
    let history = json!({
        "runId": "r1", "status": "Completed", "createdBy": created, "lastModifiedBy": other,
        "createdUtc": "2026-04-05T19:34:38Z", "token": "eyJhbGciOiJub25l.eyJzdWIiOiIxMjM0",
    });
    let job = json!({
        "name": "r1", "properties": {
            "jobType": "Command", "experimentName": "churn", "status": "Completed",
            "displayName": "quiet river",
        },
        "systemData": { "createdAt": "2026-04-05T19:34:38Z", "createdBy": EMAIL },
    });
    let things = scenario.source(THINGS);
    things.put("run/r1", job.to_string());
    things.put("run/r1/history", history.to_string());
    things.put("compute/ci-7", json!({ "assignedUser": EMAIL }).to_string());
    let store = scenario.source(STORE);
    store.put("azureml/ExperimentRun/dcid.r1/run.json", run_document());
    let (ended, files) = exported(scenario.sent(request("r-1", "access")));
    assert!(ended.contains("r-1 (access) is completed"), "{ended}");
    let expected = [
        "store/azureml/ExperimentRun/dcid.r1/logs/std.txt",
        "store/azureml/ExperimentRun/dcid.r1/logs/std~snapshot-00000013.txt",
        "store/azureml/ExperimentRun/dcid.r1/run.json",
        "workspace/computes/ci-7.json",
        "workspace/runs/r1.history.json",
        "workspace/runs/r1.json",
    ];
    assert_eq!(data(&files), expected);
    let history = text(&files, "data/workspace/runs/r1.history.json");
    assert!(!history.contains("tina") && !history.contains("eyJ"), "{history}");
    let runs = text(&files, "runs.csv");
    assert_eq!(runs.lines().count(), 2, "{runs}");
    assert!(runs.contains("r1,quiet river,churn,Completed,2026-04-05T19:34:38Z"), "{runs}");
    let manifest: Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
    assert!(manifest["masking"].is_null() && manifest["request"]["resource"].is_null());
}

/// Whatever ids they have, and though they come at once: whoever asks for a copy and for the end
/// gets both.
#[test]
fn a_copy_comes_before_the_end() {
    for (export, delete) in [("r-1", "r-2"), ("r-2", "r-1")] {
        for verb in ["delete", "unregister"] {
            let ended = check(
                workspace()
                    .sent(about(export, "export", "model", "churn"))
                    .sent(about(delete, verb, "model", "churn:1")),
            );
            assert!(ended.contains(&format!("{export} (export) is completed")), "{ended}");
            assert!(ended.contains(&format!("{delete} ({verb}) is completed")), "{ended}");
            let all = format!("{export}.zip holds data/store/azureml-blobstore-0f/models/churn/1/");
            assert!(ended.contains(&all), "{ended}");
            assert!(ended.contains("data/workspace/models/churn/1.json"), "{ended}");
            assert!(!ended.contains(" model/churn/1,"), "{ended}");
        }
    }
}

/// An export of a thing whose source leaves meanwhile, or that was withdrawn.
#[test]
fn a_withdrawn_export_leaves_nothing() {
    let scenario = exporting("run", "r1");
    let inbox = Arc::clone(&scenario.inbox);
    scenario.wire.on("planned", move || {
        inbox.push(control("cancel", "r-1").to_string(), correspondence());
    });
    let ended = check(scenario);
    let is_over = ["cancelled", "completed", "failed"];
    assert!(is_over.iter().any(|word| ended.contains(&format!("r-1 (export) is {word}"))));
}

#[tokio::test]
async fn a_preview_shows_all_of_it() {
    let scenario = workspace();
    let preview = Preview {
        sources: scenario
            .sources
            .iter()
            .map(|source| Arc::clone(source) as Arc<dyn Source>)
            .collect(),
        directories: Vec::new(),
        mandate: scenario.mandate(),
        clock: Arc::clone(&scenario.clock) as _,
        learned: None,
    };
    let body = about("r-1", "export", "run", "r1").to_string();
    let mut shown = Vec::new();
    let print = |planned: Planned| shown.push(planned.finding.item.name);
    let ended = preview.run(body.as_bytes(), Arc::default(), print, |_| {}).await;
    assert_eq!(ended.unwrap().unwrap().items, 5);
    assert_eq!(shown.len(), 5, "{shown:?}");
}
