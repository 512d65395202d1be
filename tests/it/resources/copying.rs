//! Exports of what a workspace keeps: the program itself, before a workspace and the account that
//! its files are in.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;

use serde_json::{Value, json};
use zip::ZipArchive;

use crate::resources::lives::{Life, about};
use crate::support::azure::kind::Kind;
use crate::support::azure::seed::{JIRO, sample_id};
use crate::support::blob_server::account::Policy;
use crate::support::blob_server::server::{ACCOUNT, BlobServer};

/// The account of the sample workspace, and its container of outputs.
const STORAGE: &str = "examplews01";
const OUTPUTS: &str = "azureml-blobstore-eeeeeeee-0000-4000-8000-000000000014";

const RUN: &str = "quiet_river_0a1b2c3d4e";

/// The files that the archive of a request has below `data`.
fn files(life: &Life, id: &str) -> BTreeMap<String, Vec<u8>> {
    let archive = life.home.path("dsrd-data/exports").join(format!("{id}.zip"));
    let mut zip = ZipArchive::new(File::open(archive).unwrap()).unwrap();
    let names: Vec<String> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
    let data = names.iter().filter_map(|name| name.strip_prefix("data/"));
    let read = |name: &str| {
        let mut bytes = Vec::new();
        zip.by_name(&format!("data/{name}")).unwrap().read_to_end(&mut bytes).unwrap();
        (name.to_owned(), bytes)
    };
    data.map(read).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_are_what_lies_there() {
    let server = BlobServer::start(Policy::default()).await;
    let artifacts = format!("ExperimentRun/dcid.{RUN}");
    let stored: BTreeMap<String, Vec<u8>> = [
        ("azureml", format!("{artifacts}/user_logs/std_log.txt"), "started\n"),
        ("azureml", format!("{artifacts}/outputs/model.pkl"), "\u{80}weights"),
        ("azureml", format!("{artifacts}_1/user_logs/std_log.txt"), "of another\n"),
        ("azureml", "LocalUpload/m/model.pkl".to_owned(), "the model"),
        (OUTPUTS, format!("azureml/{RUN}/scores/a.csv"), "1,2\n"),
        (OUTPUTS, "customers/a.csv".to_owned(), "customers\n"),
        (OUTPUTS, "customers/2026/b.csv".to_owned(), "more\n"),
        (OUTPUTS, "customers2/a.csv".to_owned(), "of others\n"),
        (OUTPUTS, "azureml/pipe/scores/part-0.csv".to_owned(), "scores\n"),
    ]
    .into_iter()
    .map(|(container, name, text)| (format!("{container}/{name}"), text.as_bytes().to_vec()))
    .collect();
    for container in ["azureml", OUTPUTS] {
        server.create_container(container);
    }
    for (name, bytes) in &stored {
        let (container, name) = name.split_once('/').unwrap();
        server.put(container, name, bytes);
    }
    let url = server.blob("azureml*").url.to_string();
    let url = url.replace(&format!("/{ACCOUNT}/"), &format!("/{STORAGE}/"));
    let sources = format!(
        "[[sources]]\nname = \"store\"\nurl = \"{url}\"\ncredential = \"account_key\"\n\
         account_key = \"a2V5\"\n"
    );
    let life = Life::begin(&sources).await;
    {
        let store = json!({ "properties": {
            "datastoreType": "AzureBlob", "accountName": STORAGE, "protocol": "https",
            "containerName": "azureml", "endpoint": "core.windows.net", "isDefault": false,
        } });
        let mut state = life.simulator.state();
        let now = state.now;
        let workspace = state.live(&sample_id()).unwrap();
        workspace.put(Kind::Datastore, &["workspaceartifactstore"], &store, JIRO, now);
    }
    let customers = ["customers/a.csv", "customers/2026/b.csv"];
    let customers = customers.map(|name| format!("{OUTPUTS}/{name}"));
    let log = format!("azureml/{artifacts}/user_logs/std_log.txt");
    let of_run = [
        log,
        format!("azureml/{artifacts}/outputs/model.pkl"),
        format!("{OUTPUTS}/azureml/{RUN}/scores/a.csv"),
    ];
    let model = ["azureml/LocalUpload/m/model.pkl".to_owned()];
    let scores = [format!("{OUTPUTS}/azureml/pipe/scores/part-0.csv")];
    let of_version = "workspace/datasets/customers/1.json";
    let cases: [(&str, &str, &[String], &[&str]); 5] = [
        ("run", RUN, &of_run, &["workspace/runs/quiet_river_0a1b2c3d4e.json"]),
        ("model", "churn-model:1", &model, &["workspace/models/churn-model/1.json"]),
        ("dataset", "customers", &customers, &[of_version]),
        ("pipeline_output", "pipe_4e5f607182", &scores, &[]),
        ("environment", "env:1", &[], &["workspace/environments/env/1.json"]),
    ];
    for (number, (sort, name, expected, documents)) in cases.into_iter().enumerate() {
        let id = format!("r-{number}");
        let mut asked = about(&id, "export", sort, name);
        if sort == "pipeline_output" {
            asked["resource"]["output"] = Value::from("scores");
        }
        life.send(&id, &asked);
        let end = life.ended(&id).await;
        assert_eq!(end["type"], "io.dsrd.request.completed.v1", "{sort} {end:#}");
        let files = files(&life, &id);
        let given: BTreeMap<&str, &Vec<u8>> = files
            .iter()
            .filter_map(|(name, bytes)| Some((name.strip_prefix("store/")?, bytes)))
            .collect();
        let expected: BTreeMap<&str, &Vec<u8>> =
            expected.iter().map(|name| (name.as_str(), &stored[name])).collect();
        assert_eq!(given, expected, "{sort}");
        for document in documents {
            let bytes = files.get(*document).unwrap_or_else(|| panic!("{:?}", files.keys()));
            assert!(serde_json::from_slice::<Value>(bytes).unwrap().is_object(), "{document}");
        }
    }
    life.end();
}
