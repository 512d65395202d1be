//! The program lists what a workspace makes sources of, and what it makes nothing of.

use serde_json::{Value, json};

use crate::support::azure::entra::{CLIENT_ID, CLIENT_SECRET};
use crate::support::azure::kind::Kind;
use crate::support::azure::seed::{JIRO, Seed, TENANT, sample_id};
use crate::support::azure::simulator::Simulator;
use crate::support::program::{Home, Ran};

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
