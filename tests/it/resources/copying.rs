//! Exports of what a workspace keeps: the program itself, before a workspace and the account that
//! its files are in.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;

use serde_json::{Value, json};
use zip::ZipArchive;

use crate::resources::lives::Life;
use crate::support::azure::kind::Kind;
use crate::support::azure::seed::{JIRO, sample_id};
use crate::support::blob_server::account::Policy;
use crate::support::blob_server::server::{ACCOUNT, BlobServer};
use crate::things::about;

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

/// What lies in the account, by container and name.
fn stored() -> BTreeMap<String, Vec<u8>> {
    let artifacts = format!("azureml/ExperimentRun/dcid.{RUN}");
    [
        (format!("{artifacts}/user_logs/std_log.txt"), "started\n"),
        (format!("{artifacts}/outputs/model.pkl"), "\u{80}weights"),
        (format!("{artifacts}_1/user_logs/std_log.txt"), "of another\n"),
        ("azureml/LocalUpload/m/model.pkl".to_owned(), "the model"),
        (format!("{OUTPUTS}/azureml/{RUN}/scores/a.csv"), "1,2\n"),
        (format!("{OUTPUTS}/customers/a.csv"), "customers\n"),
        (format!("{OUTPUTS}/customers/2026/b.csv"), "more\n"),
        (format!("{OUTPUTS}/customers2/a.csv"), "of others\n"),
        (format!("{OUTPUTS}/azureml/pipe/scores/part-0.csv"), "scores\n"),
    ]
    .map(|(name, text)| (name, text.as_bytes().to_vec()))
    .into()
}

/// A daemon before the workspace and its account, in which all that lies.
async fn begun(server: &BlobServer, stored: &BTreeMap<String, Vec<u8>>) -> Life {
    for container in ["azureml", OUTPUTS] {
        server.create_container(container);
    }
    for (name, bytes) in stored {
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
    let store = json!({ "properties": {
        "datastoreType": "AzureBlob", "accountName": STORAGE, "protocol": "https",
        "containerName": "azureml", "endpoint": "core.windows.net", "isDefault": false,
    } });
    let mut state = life.simulator.state();
    let now = state.now;
    let workspace = state.live(&sample_id()).unwrap();
    workspace.put(Kind::Datastore, &["workspaceartifactstore"], &store, JIRO, now);
    drop(state);
    life
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_are_what_lies_there() {
    let (server, stored) = (BlobServer::start(Policy::default()).await, stored());
    let life = begun(&server, &stored).await;
    let artifacts = format!("azureml/ExperimentRun/dcid.{RUN}");
    let of_run = [
        format!("{artifacts}/user_logs/std_log.txt"),
        format!("{artifacts}/outputs/model.pkl"),
        format!("{OUTPUTS}/azureml/{RUN}/scores/a.csv"),
    ];
    let model = ["azureml/LocalUpload/m/model.pkl".to_owned()];
    let customers = ["a.csv", "2026/b.csv"].map(|name| format!("{OUTPUTS}/customers/{name}"));
    let scores = [format!("{OUTPUTS}/azureml/pipe/scores/part-0.csv")];
    let cases: [(&str, &str, &[String], &str); 5] = [
        ("run", RUN, &of_run, "workspace/runs/quiet_river_0a1b2c3d4e.json"),
        ("model", "churn-model:1", &model, "workspace/models/churn-model/1.json"),
        ("dataset", "customers", &customers, "workspace/datasets/customers/1.json"),
        ("pipeline_output", "pipe_4e5f607182", &scores, ""),
        ("environment", "env:1", &[], "workspace/environments/env/1.json"),
    ];
    for (number, (sort, name, expected, document)) in cases.into_iter().enumerate() {
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
        if !document.is_empty() {
            let bytes = files.get(document).unwrap_or_else(|| panic!("{:?}", files.keys()));
            assert!(serde_json::from_slice::<Value>(bytes).unwrap().is_object(), "{document}");
        }
    }
    life.end();
}
