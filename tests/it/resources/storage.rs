//! The program lists what a workspace makes sources of, and what it makes nothing of; and works with
//! these sources as with others, also when they change under its hands.

use serde_json::{Value, json};

use crate::support::azure::dependents::sample::CONTAINERS;
use crate::support::azure::entra::{CLIENT_ID, CLIENT_SECRET};
use crate::support::azure::front::Front;
use crate::support::azure::kind::Kind;
use crate::support::azure::seed::{JIRO, Seed, TENANT, sample_id};
use crate::support::azure::simulator::Simulator;
use crate::support::blob_server::account::Policy;
use crate::support::blob_server::server::BlobServer;
use crate::support::file_server::server::FileServer;
use crate::support::lake_server::server::LakeServer;
use crate::support::program::{Daemon, Home, Ran};

/// Where the notebooks of every workspace are.
const SHARE: &str = "code-391ff5ac-6576-460f-ba4d-7e03433c68b6";

fn ran(home: &Home, simulator: &Simulator, args: &[&str]) -> Ran {
    let mut command = home.command(args);
    command.args(["--config", "dsrd.toml"]);
    command.env("SSL_CERT_FILE", home.path("ca.pem"));
    command.env("AZURE_AUTHORITY_HOST", &simulator.base_url);
    Ran::of(command.output().unwrap())
}

/// A file system, a share, and what no service of storage has.
fn datastores() -> Vec<(&'static str, Value)> {
    let store = |kind: &str, fields: &Value| {
        let mut properties = json!({ "datastoreType": kind, "isDefault": false,
            "credentials": { "credentialsType": "None" }, "tags": {}, "properties": {},
            "description": null });
        let fields = fields.as_object().unwrap().clone();
        properties.as_object_mut().unwrap().extend(fields);
        json!({ "properties": properties })
    };
    vec![
        (
            "raw",
            store(
                "AzureDataLakeGen2",
                &json!({ "accountName": "examplelake", "filesystem": "raw",
                         "endpoint": "core.windows.net", "protocol": "https" }),
            ),
        ),
        (
            "workspaceworkingdirectory",
            store(
                "AzureFile",
                &json!({ "accountName": "examplews01", "fileShareName": SHARE,
                         "endpoint": "core.windows.net", "protocol": "https" }),
            ),
        ),
        (
            "fabric",
            store(
                "OneLake",
                &json!({ "oneLakeWorkspaceName": "w",
                         "artifact": { "artifactType": "LakeHouse", "artifactName": "a" } }),
            ),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_workspace_makes_sources_of_is_listed() {
    let simulator = Simulator::start(Seed::default()).await;
    let stores = datastores();
    {
        let mut state = simulator.state();
        let now = state.now;
        let workspace = state.workspaces.get_mut(&sample_id().key()).unwrap();
        for (name, body) in &stores {
            workspace.put(Kind::Datastore, &[name], body, JIRO, now);
        }
    }
    let home = Home::new();
    home.write("ca.pem", &simulator.ca_pem);
    home.write("secret", CLIENT_SECRET);
    let settings = format!(
        "[[sources]]\nname = \"runs\"\n\
         url = \"https://examplews01.blob.core.windows.net/azureml\"\n\
         [[workspaces]]\nname = \"ws\"\nid = \"{}\"\ntelemetry = false\nstorage = \"all\"\n\
         cloud = \"public\"\n\
         endpoint = \"{}\"\ncredential = \"client_secret\"\ntenant_id = \"{TENANT}\"\n\
         client_id = \"{CLIENT_ID}\"\nclient_secret_file = \"secret\"\n",
        sample_id().path(),
        simulator.base_url
    );
    home.write("dsrd.toml", &settings);
    let shown = ran(&home, &simulator, &["config"]);
    assert_eq!(shown.code, 0, "{}{}", shown.out, shown.err);
    let lines: Vec<&str> = shown.out.lines().filter(|line| line.starts_with('#')).collect();
    for expected in [
        "# no source of container azureml of examplews01, by workspace ws: source runs serves it",
        "# source ws-52497949: file system raw of examplelake (datastore raw), by workspace ws",
        "# no source of datastore fabric, by workspace ws: its kind cannot be read (OneLake)",
    ] {
        assert!(lines.iter().any(|line| line.starts_with(expected)), "{expected}: {lines:#?}");
    }
    let share = format!("# source ws-{SHARE}: share {SHARE} of examplews01");
    assert_eq!(lines.iter().filter(|line| line.starts_with(&share)).count(), 1, "{lines:#?}");
    let text: Value = toml::from_str(&shown.out).unwrap();
    assert_eq!(text["workspaces"][0]["storage"], "all", "what is printed is a file still");
    // What cannot be asked is told, and is no fault of the settings.
    simulator.state().workspaces.clear();
    let shown = ran(&home, &simulator, &["config"]);
    assert_eq!(shown.code, 0, "{}", shown.err);
    assert!(shown.out.contains("# the storage of workspace ws: "), "{}", shown.out);
    let checked = ran(&home, &simulator, &["check"]);
    assert_ne!(checked.code, 0);
    assert!(checked.out.contains("the storage of workspace ws: "), "{}", checked.out);
}

/// A workspace whose storage is served by services of our own, behind the hosts that it names.
struct Stored {
    home: Home,
    simulator: Simulator,
    front: Front,
    blobs: BlobServer,
    files: FileServer,
    lake: LakeServer,
}

impl Stored {
    async fn new(more: &str) -> Self {
        let simulator = Simulator::start(Seed::default()).await;
        let (blobs, files, lake) = tokio::join!(
            BlobServer::start(Policy::default()),
            FileServer::start(),
            LakeServer::start()
        );
        CONTAINERS.iter().for_each(|container| blobs.create_container(container));
        files.create_share(SHARE);
        lake.create("raw");
        let of_blobs = blobs.blob(CONTAINERS[0]).url.to_string();
        let of_blobs = of_blobs.strip_suffix(&format!("/{}", CONTAINERS[0])).unwrap();
        let front = Front::start(&[
            ("examplews01.blob.core.windows.net", of_blobs),
            ("examplews01.file.core.windows.net", files.endpoint()),
            ("examplelake.dfs.core.windows.net", lake.endpoint()),
            ("examplelake.blob.core.windows.net", lake.endpoint()),
        ])
        .await;
        let home = Home::new();
        home.write("ca.pem", &format!("{}{}", simulator.ca_pem, front.ca_pem));
        home.write("secret", CLIENT_SECRET);
        let settings = format!(
            "{more}[limits]\nlease_ms = 1000\nretry_delay_ms_min = 50\n\
             retry_delay_ms_max = 500\n\
             [[workspaces]]\nname = \"ws\"\nid = \"{}\"\ntelemetry = false\nstorage = \"all\"\n\
             cloud = \"public\"\nendpoint = \"{}\"\ncredential = \"client_secret\"\n\
             tenant_id = \"{TENANT}\"\nclient_id = \"{CLIENT_ID}\"\n\
             client_secret_file = \"secret\"\n",
            sample_id().path(),
            simulator.base_url
        );
        home.write("dsrd.toml", &settings);
        let stored = Self { home, simulator, front, blobs, files, lake };
        stored.set_lake(true);
        stored.bring(&datastores()[1]);
        stored
    }

    /// Whether the workspace has a datastore that leads to the file system.
    fn set_lake(&self, is_there: bool) {
        let store = &datastores()[0];
        if is_there {
            return self.bring(store);
        }
        let mut state = self.simulator.state();
        let now = state.now;
        let workspace = state.workspaces.get_mut(&sample_id().key()).unwrap();
        workspace.remove(Kind::Datastore, &[store.0.to_owned()], now);
    }

    fn bring(&self, (name, body): &(&str, Value)) {
        let mut state = self.simulator.state();
        let now = state.now;
        let workspace = state.workspaces.get_mut(&sample_id().key()).unwrap();
        workspace.put(Kind::Datastore, &[name], body, JIRO, now);
    }

    fn start(&self) -> Daemon {
        let ca = self.home.path("ca.pem");
        let settings = [
            ("SSL_CERT_FILE", ca.to_str().unwrap()),
            ("AZURE_AUTHORITY_HOST", &self.simulator.base_url),
            ("HTTPS_PROXY", &self.front.url),
            ("NO_PROXY", "127.0.0.1"),
        ];
        self.home.start(&["--config", "dsrd.toml"], &settings)
    }

    fn send(&self, id: &str, kind: &str) {
        let draft = self.home.request(id, kind, &[("email", "ann.only@contoso.com")]);
        let incoming = self.home.path("dsrd-data/queue/incoming");
        crate::support::program::wait_for("the queue", || incoming.exists());
        std::fs::rename(draft, incoming.join(format!("{id}.json"))).unwrap();
    }

    /// What speaks of her, in each of the four places; and what does not.
    fn fill(&self) {
        for text in ["of ann.only@contoso.com", "of nobody"] {
            let name = format!("notes/{}.txt", text.len());
            for container in CONTAINERS {
                self.blobs.put(container, &name, text.as_bytes());
            }
            self.files.put(SHARE, &name, text.as_bytes());
            self.lake.put("raw", &name, text.as_bytes());
        }
    }

    /// How many files there are of each place.
    fn left(&self) -> [usize; 4] {
        let [one, other] = CONTAINERS.map(|container| self.blobs.names(container).len());
        [one, other, self.files.names(SHARE).len(), self.lake.names("raw").len()]
    }
}

/// From what Resource Manager answers to what is gone in containers, a share and a file system.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_workspace_makes_sources_of_is_searched_and_erased_in_one_request() {
    let stored = Stored::new("").await;
    stored.fill();
    let daemon = stored.start();
    stored.send("r-1", "access");
    let event = stored.home.wait_for_event("r-1", "completed");
    assert_eq!(event["data"]["results_count"], 4, "{event:#}");
    stored.send("r-2", "erasure");
    let event = stored.home.wait_for_event("r-2", "completed");
    assert_eq!(event["data"]["counts"]["outcomes"], json!({ "erased": 4 }), "{event:#}");
    assert_eq!(stored.left(), [1; 4]);
    let (code, log) = daemon.end("-TERM");
    assert_eq!(code, Some(0), "{log}");
}

/// What was planned in a place that is the workspace's no more is told as left; a new request does it
/// once the place is there again.
#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_a_workspace_loses_between_find_and_act_is_told_as_left() {
    let stored = Stored::new("[guard]\nitems_max = 0\n").await;
    stored.fill();
    let daemon = stored.start();
    stored.send("r-1", "erasure");
    stored.home.wait_for_event("r-1", "held");
    daemon.end("-TERM");
    stored.set_lake(false);
    let daemon = stored.start();
    stored.home.done(&["approve", "r-1", "--reason", "hers", "--config", "dsrd.toml"]);
    let event = stored.home.wait_for_event("r-1", "partially_completed");
    let outcomes = &event["data"]["counts"]["outcomes"];
    assert_eq!(*outcomes, json!({ "erased": 3, "failed": 1 }), "{event:#}");
    let why = event["data"]["refusals"].to_string();
    assert!(why.contains("the source is not configured any more"), "{event:#}");
    assert_eq!(stored.left(), [1, 1, 1, 2]);
    daemon.end("-TERM");
    stored.set_lake(true);
    let daemon = stored.start();
    stored.send("r-2", "erasure");
    stored.home.wait_for_event("r-2", "held");
    stored.home.done(&["approve", "r-2", "--reason", "hers", "--config", "dsrd.toml"]);
    stored.home.wait_for_event("r-2", "completed");
    assert_eq!(stored.left(), [1; 4]);
    let (code, log) = daemon.end("-TERM");
    assert_eq!(code, Some(0), "{log}");
}
