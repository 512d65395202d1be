//! Every row of Microsoft's table of what a workspace lets be exported and deleted, in the SDK and
//! in Studio: filled by Microsoft's clients, asked for over `RabbitMQ`, done by the program itself
//! over TLS, and judged by the same clients afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::azure_simulator::clients;
use crate::resources::lives::erasure;
use crate::resources::world::NAME;
use crate::support::azure::entra::{CLIENT_ID, CLIENT_SECRET};
use crate::support::azure::kind::Kind;
use crate::support::azure::operations::{Course, RetryAfter};
use crate::support::azure::seed::{GROUP, SUBSCRIPTION, Seed, TENANT, sample_id};
use crate::support::azure::simulator::Simulator;
use crate::support::azure::state::Switches;
use crate::support::azurite::{ACCOUNT, Azurite};
use crate::support::producer::Producer;
use crate::support::program::{Daemon, Home, wait_for};
use crate::support::rabbitmq::RabbitMq;
use crate::things::about;

const ANSWERS: &str = "answers";
const HISTORY: &str = "azureml";
const STORE: &str = "azureml-blobstore-eeeeeeee-0000-4000-8000-000000000014";

/// Blobs of the workspace: container, name.
const BLOBS: [(&str, &str); 8] = [
    (HISTORY, "ExperimentRun/dcid.quiet_river_0a1b2c3d4e/outputs/model.pkl"),
    (HISTORY, "ExperimentRun/dcid.quiet_river_0a1b2c3d4e/user_logs/std_log.txt"),
    (HISTORY, "ExperimentRun/dcid.quiet_river_0a1b2c3d4e_1/user_logs/std_log.txt"),
    (HISTORY, "ExperimentRun/dcid.calm_stone_2c3d4e5f60/user_logs/std_log.txt"),
    (HISTORY, "ExperimentRun/dcid.old_leaf_3d4e5f6071/user_logs/std_log.txt"),
    (HISTORY, "LocalUpload/m/model.pkl"),
    (STORE, "azureml/pipe/scores/part-0.csv"),
    (STORE, "customers/2024.csv"),
];

/// A workspace, its storage, a broker, and the program between them.
struct Office {
    _home: Home,
    simulator: Simulator,
    azurite: Azurite,
    producer: Producer,
    daemon: Daemon,
    events: Vec<Value>,
    _broker: RabbitMq,
}

impl Office {
    async fn open() -> Self {
        let (broker, azurite, simulator) =
            tokio::join!(RabbitMq::start(), Azurite::start_in_memory(), simulator());
        for container in [HISTORY, STORE] {
            azurite.create_container(container).await;
        }
        for (container, name) in BLOBS {
            azurite.put(container, name, name.as_bytes(), &[]).await;
        }
        let producer = Producer::connect(&broker.url()).await;
        producer.declare_requests().await;
        producer.listen(ANSWERS, "#").await;
        let home = Home::new();
        home.write("ca.pem", &simulator.ca_pem);
        home.write("secret", CLIENT_SECRET);
        let sources = [("history", HISTORY), ("store", STORE)].map(|(name, container)| {
            let url = azurite.container_url(container);
            format!("[[sources]]\nname = \"{name}\"\nurl = \"{url}\"\n")
        });
        let settings = format!(
            "[queue]\nurl = \"{}\"\n[[workspaces]]\nname = \"{NAME}\"\nid = \"{}\"\n\
             telemetry = false\nendpoint = \"{}\"\ncredential = \"client_secret\"\ntenant_id = \"{TENANT}\"\n\
             client_id = \"{CLIENT_ID}\"\nclient_secret_file = \"secret\"\n{}",
            broker.url(),
            sample_id().path(),
            simulator.base_url,
            sources.concat(),
        );
        home.write("dsrd.toml", &settings);
        let ca = home.path("ca.pem").display().to_string();
        let variables =
            [("SSL_CERT_FILE", ca.as_str()), ("AZURE_AUTHORITY_HOST", simulator.base_url.as_str())];
        let daemon = home.start(&["--config", "dsrd.toml"], &variables);
        wait_for("the daemon to serve", || daemon.log().contains("serving"));
        Self {
            _home: home,
            simulator,
            azurite,
            producer,
            daemon,
            events: Vec::new(),
            _broker: broker,
        }
    }

    /// Asks, and waits for how it ends.
    async fn ask(&mut self, id: &str, message: &Value) -> Value {
        self.producer.send(message.to_string().as_bytes()).await;
        self.ended(id).await
    }

    async fn ended(&mut self, id: &str) -> Value {
        let ends = ["completed", "partially_completed", "failed", "held", "rejected"]
            .map(|word| format!("io.dsrd.request.{word}.v1"));
        for _ in 0..1200 {
            for body in self.producer.drain(ANSWERS).await {
                self.events.push(serde_json::from_slice(&body).unwrap());
            }
            let of_it = |event: &&Value| {
                event["subject"] == id && ends.iter().any(|end| event["type"] == end.as_str())
            };
            if let Some(event) = self.events.iter().find(of_it).cloned() {
                self.events.retain(|each| each["id"] != event["id"]);
                return event;
            }
            self.simulator.advance(SignedDuration::from_millis(50));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("waited in vain for the end of {id}:\n{}", self.daemon.log());
    }

    /// What both generations of Microsoft's clients see, a line each.
    async fn looked(&self) -> BTreeSet<String> {
        let today = clients::run(&self.simulator, "azure_sdk2.py", &["look"]).await;
        let before = clients::run(&self.simulator, "azure_sdk1.py", &["look"]).await;
        let lines = today.lines().map(|line| format!("2 {line}"));
        lines.chain(before.lines().map(|line| format!("1 {line}"))).collect()
    }

    /// Names of all blobs, the container first.
    async fn blobs(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for container in [HISTORY, STORE] {
            let listed = self.azurite.names(container).await;
            names.extend(listed.into_iter().map(|name| format!("{container}/{name}")));
        }
        names
    }

    /// What the archive of an export holds: sources and names, as stored.
    fn archived(end: &Value) -> BTreeMap<String, Vec<u8>> {
        let path = end["data"]["results_url"].as_str().unwrap().strip_prefix("file://");
        let mut zip = zip::ZipArchive::new(std::fs::File::open(path.unwrap()).unwrap()).unwrap();
        let manifest: Value =
            serde_json::from_reader(zip.by_name("manifest.json").unwrap()).unwrap();
        let mut files = BTreeMap::new();
        for listed in manifest["files"].as_array().unwrap() {
            let mut bytes = Vec::new();
            let mut entry = zip.by_name(listed["path"].as_str().unwrap()).unwrap();
            entry.read_to_end(&mut bytes).unwrap();
            let (source, item) = (listed["source"].as_str(), listed["item"].as_str());
            files.insert(format!("{}/{}", source.unwrap(), item.unwrap()), bytes);
        }
        files
    }
}

/// Over TLS, on today's date, and nobody waits long; its storage is the emulator's account.
async fn simulator() -> Simulator {
    let kinds = [
        Kind::Workspace,
        Kind::Job,
        Kind::Compute,
        Kind::OnlineEndpoint,
        Kind::OnlineDeployment,
        Kind::WebService,
    ];
    let soon = |kind: Kind| {
        let (retry_after, lasts) = (RetryAfter::Seconds(1), SignedDuration::from_secs(1));
        (kind, Course { retry_after, polls: 1, lasts, ..kind.course() })
    };
    let courses = BTreeMap::from(kinds.map(soon));
    let switches = Switches { page_items: 3, courses, ..Switches::default() };
    let simulator =
        Simulator::start(Seed { now: Timestamp::now(), switches, ..Seed::default() }).await;
    let storage = format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/\
         Microsoft.Storage/storageAccounts/{ACCOUNT}"
    );
    for workspace in simulator.state().workspaces.values_mut() {
        workspace.document["properties"]["storageAccount"] = storage.as_str().into();
        for resource in workspace.resources.values_mut() {
            if let Some(account) = resource.properties.get_mut("accountName") {
                *account = ACCOUNT.into();
            }
        }
    }
    simulator
}

/// What went and what came, a line each.
fn changes(before: &BTreeSet<String>, after: &BTreeSet<String>) -> String {
    let went = before.difference(after).map(|line| format!("- {line}"));
    let came = after.difference(before).map(|line| format!("+ {line}"));
    went.chain(came).collect::<Vec<_>>().join("\n")
}

/// Deeds of the table: verb, type, name, and what becomes of it.
const DEEDS: [(&str, &str, &str, &str); 10] = [
    ("delete", "model", "made-model", r#"{"erased":2}"#),
    ("delete", "model", "churn-model:1", r#"{"erased":1}"#),
    ("delete", "compute", "made-cluster", r#"{"erased":1}"#),
    ("delete", "web_service", "churn-aci", r#"{"erased":1}"#),
    ("unregister", "dataset", "customers-v1", r#"{"unregistered":1}"#),
    ("unregister", "dataset", "customers:1", r#"{"unregistered":1}"#),
    ("archive", "experiment", "churn-2024", r#"{"archived":1}"#),
    ("archive", "run", "calm_stone_2c3d4e5f60", r#"{"archived":1}"#),
    ("delete", "experiment", "empty", r#"{"erased":1}"#),
    ("delete", "online_endpoint", "made-endpoint", r#"{"erased":1}"#),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_the_table_lets_be_deleted_is_gone_for_microsofts_clients_and_nothing_else() {
    let mut office = Office::open().await;
    clients::run(&office.simulator, "azure_sdk2.py", &["create"]).await;
    let (before, blobs) = (office.looked().await, office.blobs().await);
    for (number, (verb, sort, name, outcomes)) in DEEDS.into_iter().enumerate() {
        let id = format!("deed-{number}");
        let end = office.ask(&id, &about(&id, verb, sort, name)).await;
        assert_eq!(end["type"], "io.dsrd.request.completed.v1", "{verb} {sort}: {end:#}");
        let told = end["data"]["counts"]["outcomes"].to_string();
        assert_eq!(told, outcomes, "{verb} {sort}");
    }
    let changes = changes(&before, &office.looked().await);
    insta::assert_snapshot!(changes, @r#"
    - 1 look computes: ["attached-k8s","cpu-cluster","hanako-ci","made-cluster"]
    - 1 look datasets: ["customers-v1"]
    - 1 look experiments: ["churn","churn-2024","empty","made"]
    - 1 look models: ["churn-model:1","churn-model:2","made-model:1"]
    - 1 look runs churn-2024: []
    - 1 look runs churn: ["busy_cloud_1b2c3d4e5f","calm_stone_2c3d4e5f60","pipe_4e5f607182","quiet_river_0a1b2c3d4e","quiet_river_0a1b2c3d4e_1","step_5f60718293"]
    - 1 look runs empty: []
    - 1 look services: ["churn-aci"]
    - 2 look computes: ["attached-k8s","cpu-cluster","hanako-ci","made-cluster"]
    - 2 look models: ["churn-model","made-model"]
    - 2 look online_endpoints: ["churn-endpoint","made-endpoint"]
    - 2 look published: ["attached-k8s","cpu-cluster","hanako-ci","made-cluster"]
    - 2 look versions: ["churn-model:1","churn-model:2","made-model:1"]
    + 1 look computes: ["attached-k8s","cpu-cluster","hanako-ci"]
    + 1 look datasets: []
    + 1 look experiments: ["churn","made"]
    + 1 look models: ["churn-model:2"]
    + 1 look runs churn: ["busy_cloud_1b2c3d4e5f","pipe_4e5f607182","quiet_river_0a1b2c3d4e","quiet_river_0a1b2c3d4e_1","step_5f60718293"]
    + 1 look services: []
    + 2 look computes: ["attached-k8s","cpu-cluster","hanako-ci"]
    + 2 look models: ["churn-model"]
    + 2 look online_endpoints: ["churn-endpoint"]
    + 2 look published: ["attached-k8s","cpu-cluster","hanako-ci"]
    + 2 look versions: ["churn-model:2"]
    "#);
    assert_eq!(office.blobs().await, blobs, "none of these is about what lies in storage");
}

/// Exports of the table: type, name, output, and what the archive has of the storage.
const EXPORTS: [(&str, &str, Option<&str>, &[&str]); 4] = [
    (
        "run",
        "quiet_river_0a1b2c3d4e",
        None,
        &[
            "history/ExperimentRun/dcid.quiet_river_0a1b2c3d4e/outputs/model.pkl",
            "history/ExperimentRun/dcid.quiet_river_0a1b2c3d4e/user_logs/std_log.txt",
        ],
    ),
    ("model", "churn-model:1", None, &["history/LocalUpload/m/model.pkl"]),
    ("dataset", "customers", None, &["store/customers/2024.csv"]),
    (
        "pipeline_output",
        "pipe_4e5f607182",
        Some("scores"),
        &["store/azureml/pipe/scores/part-0.csv"],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_the_table_lets_be_downloaded_is_in_the_archive_as_it_lies_there() {
    let mut office = Office::open().await;
    let blobs = office.blobs().await;
    for (sort, name, output, expected) in EXPORTS {
        let id = format!("export-{sort}");
        let mut message = about(&id, "export", sort, name);
        if let Some(output) = output {
            message["resource"]["output"] = output.into();
        }
        let end = office.ask(&id, &message).await;
        assert_eq!(end["type"], "io.dsrd.request.completed.v1", "{sort}: {end:#}");
        let mut files = Office::archived(&end);
        files.retain(|path, _| !path.starts_with(NAME));
        assert_eq!(files.keys().map(String::as_str).collect::<Vec<_>>(), expected, "{sort}");
        for (path, bytes) in files {
            assert!(path.as_bytes().ends_with(&bytes), "{path} holds its own name");
        }
    }
    assert_eq!(office.blobs().await, blobs);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_gone_for_microsofts_clients_and_others_work_is_there() {
    let mut office = Office::open().await;
    let (before, blobs) = (office.looked().await, office.blobs().await);
    let mut end = office.ask("hers", &erasure("hers")).await;
    if end["type"] == "io.dsrd.request.held.v1" {
        let approve = json!({ "control": "approve", "subject_request_id": "hers",
            "actor": "o", "reason": "seen" });
        end = office.ask("hers", &approve).await;
    }
    let outcomes = end["data"]["counts"]["outcomes"].to_string();
    insta::assert_snapshot!(format!("{}\n{outcomes}", end["type"]), @r#"
    "io.dsrd.request.completed.v1"
    {"already_absent":1,"erased":14,"kept":11,"redacted":1}
    "#);
    let seen = changes(&before, &office.looked().await);
    let stored = changes(&blobs, &office.blobs().await);
    insta::assert_snapshot!(format!("{seen}\n{stored}"), @r#"
    - 1 look computes: ["attached-k8s","cpu-cluster","hanako-ci"]
    - 1 look runs churn: ["busy_cloud_1b2c3d4e5f","calm_stone_2c3d4e5f60","pipe_4e5f607182","quiet_river_0a1b2c3d4e","quiet_river_0a1b2c3d4e_1","step_5f60718293"]
    - 2 look computes: ["attached-k8s","cpu-cluster","hanako-ci"]
    - 2 look jobs: ["busy_cloud_1b2c3d4e5f","calm_stone_2c3d4e5f60","old_leaf_3d4e5f6071","pipe_4e5f607182","quiet_river_0a1b2c3d4e","quiet_river_0a1b2c3d4e_1"]
    - 2 look published: ["attached-k8s","cpu-cluster","hanako-ci"]
    + 1 look computes: ["attached-k8s","cpu-cluster"]
    + 1 look runs churn: ["calm_stone_2c3d4e5f60","quiet_river_0a1b2c3d4e_1"]
    + 2 look computes: ["attached-k8s","cpu-cluster"]
    + 2 look jobs: ["calm_stone_2c3d4e5f60","old_leaf_3d4e5f6071","quiet_river_0a1b2c3d4e_1"]
    + 2 look published: ["attached-k8s","cpu-cluster"]
    - azureml/ExperimentRun/dcid.quiet_river_0a1b2c3d4e/outputs/model.pkl
    - azureml/ExperimentRun/dcid.quiet_river_0a1b2c3d4e/user_logs/std_log.txt
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_is_deleted_once_a_person_says_so() {
    let mut office = Office::open().await;
    let blobs = office.blobs().await;
    let name = sample_id().name;
    let end = office.ask("all", &about("all", "delete", "workspace", &name)).await;
    assert_eq!(end["type"], "io.dsrd.request.held.v1", "{end:#}");
    let approve = json!({ "control": "approve", "subject_request_id": "all",
        "actor": "o", "reason": "the project has ended" });
    let end = office.ask("all", &approve).await;
    assert_eq!(end["type"], "io.dsrd.request.completed.v1", "{end:#}");
    assert_eq!(end["data"]["counts"]["outcomes"], json!({ "erased": 1 }), "{end:#}");
    assert!(office.simulator.state().workspaces.is_empty(), "not even softly");
    assert_eq!(office.blobs().await, blobs, "what hangs on it was not asked for");
}
