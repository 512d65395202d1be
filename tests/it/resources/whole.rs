//! A person goes from a workspace and from the storage account of its runs: the program itself,
//! before our simulator and our blob server.

use serde_json::{Value, json};

use crate::azure_simulator::clients;
use crate::resources::dependents;
use crate::resources::lives::{Life, erasure, prepared};
use crate::support::azure::kind::Kind;
use crate::support::azure::seed::{WORKSPACE, sample_id};
use crate::support::azure::simulator::Simulator;
use crate::support::blob_server::account::Policy;
use crate::support::blob_server::server::{ACCOUNT, BlobServer};

/// Runs of the sample workspace: hers, the pipeline's step, and those of somebody else.
const OWN: [&str; 3] = ["quiet_river_0a1b2c3d4e", "pipe_4e5f607182", "step_5f60718293"];
const OF_OTHERS: [&str; 3] =
    ["quiet_river_0a1b2c3d4e_1", "calm_stone_2c3d4e5f60", "quiet_river_0a1b2c3d4e0"];

/// A daemon before both, of which the workspace keeps its blobs in the blob server.
async fn begun() -> (Life, BlobServer) {
    let blobs = BlobServer::start(Policy::default()).await;
    blobs.create_container("azureml");
    for run in OWN.iter().chain(&OF_OTHERS) {
        for path in ["user_logs/std_log.txt", "outputs/model.pkl"] {
            blobs.put("azureml", &format!("ExperimentRun/dcid.{run}/{path}"), run.as_bytes());
        }
        blobs.put("azureml", &format!("ArtifactZip/ExperimentRun/dcid.{run}.zip"), b"");
    }
    let url = blobs.blob("azureml").url;
    let sources = format!(
        "[[sources]]\nname = \"run-history\"\nurl = \"{url}\"\ncredential = \"account_key\"\n\
         account_key = \"a2V5\"\n"
    );
    let (home, simulator) = prepared(&sources).await;
    {
        let mut state = simulator.state();
        let workspace = state.live(&sample_id()).unwrap();
        let id = workspace.document["properties"]["storageAccount"].as_str().unwrap();
        let (place, _) = id.rsplit_once('/').unwrap();
        let id = format!("{place}/{ACCOUNT}");
        workspace.document["properties"]["storageAccount"] = Value::String(id);
        // One that still runs is another matter.
        workspace.runs.remove("busy_cloud_1b2c3d4e5f");
    }
    (Life::over(home, simulator), blobs)
}

fn runs(simulator: &Simulator) -> Vec<String> {
    simulator.state().live(&sample_id()).unwrap().run_ids()
}

fn blobs_of(blobs: &BlobServer, run: &str) -> usize {
    let of_run = [format!("dcid.{run}/"), format!("dcid.{run}.zip")];
    let names = blobs.names("azureml");
    names.iter().filter(|name| of_run.iter().any(|part| name.contains(part))).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_goes_with_her_runs_and_their_blobs() {
    let (life, blobs) = begun().await;
    life.send("r-1", &erasure("r-1"));
    let end = life.ended("r-1").await;
    assert_eq!(end["data"]["request_status"], "completed", "{end:#}");
    let simulator = life.end();
    let left = runs(&simulator);
    for run in OWN {
        assert!(!left.iter().any(|id| id == run), "{run} is there still: {end:#}");
        assert_eq!(blobs_of(&blobs, run), 0, "{run}: {end:#}");
    }
    for run in OF_OTHERS {
        assert_eq!(blobs_of(&blobs, run), 3, "{run}: {end:#}");
        let log = blobs.get("azureml", &format!("ExperimentRun/dcid.{run}/user_logs/std_log.txt"));
        assert_eq!(log.as_deref(), Some(run.as_bytes()));
    }
    assert_eq!(left, ["calm_stone_2c3d4e5f60", "old_leaf_3d4e5f6071", "quiet_river_0a1b2c3d4e_1"]);
    let mut state = simulator.state();
    let workspace = state.live(&sample_id()).unwrap();
    assert_eq!(workspace.names(Kind::Compute), ["attached-k8s", "cpu-cluster"]);
    assert_eq!(workspace.names(Kind::ModelVersion).len(), 2);
    assert_eq!(workspace.names(Kind::OnlineEndpoint), ["churn-endpoint"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_a_request_names_goes_with_its_blobs_alone() {
    let (life, blobs) = begun().await;
    let message = json!({
        "resource_request_id": "r-1", "resource_request_type": "delete",
        "resource": { "type": "run", "name": "quiet_river_0a1b2c3d4e" },
    });
    life.send("r-1", &message);
    let end = life.ended("r-1").await;
    assert_eq!(end["type"], "io.dsrd.request.completed.v1", "{end:#}");
    let simulator = life.end();
    assert!(!runs(&simulator).iter().any(|id| id == "quiet_river_0a1b2c3d4e"));
    assert_eq!(runs(&simulator).len(), 5);
    assert_eq!(blobs_of(&blobs, "quiet_river_0a1b2c3d4e"), 0);
    for run in OWN[1..].iter().chain(&OF_OTHERS) {
        assert_eq!(blobs_of(&blobs, run), 3, "{run}");
    }
}

/// With all that depends on it: the program is killed after each step, and Microsoft's clients find
/// nothing left but what another workspace uses.
#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_goes_with_what_depends_on_it_however_often_the_program_dies() {
    let (home, simulator) = prepared("").await;
    dependents::fill(&simulator);
    dependents::share_vault(&simulator);
    let mut life = Life::over(home, simulator);
    let message = json!({
        "resource_request_id": "r-1", "resource_request_type": "delete",
        "resource": { "type": "workspace", "name": WORKSPACE },
        "delete_dependent_resources": true,
    });
    life.send("r-1", &message);
    let held = life.ended("r-1").await;
    assert_eq!(held["type"], "io.dsrd.request.held.v1", "{held:#}");
    assert_eq!(dependents::deletes(&life.simulator), 0);
    let approval = json!({
        "control": "approve", "subject_request_id": "r-1", "actor": "dpo", "reason": "closed",
    });
    life.send("approval", &approval);
    for deletes in [1, 4, 7] {
        life.simulated(|simulator| dependents::deletes(simulator) >= deletes).await;
        life.restart();
    }
    let end = life.event("r-1", &["completed", "partially_completed", "failed"]).await;
    assert_eq!(end["type"], "io.dsrd.request.completed.v1", "{end:#}");
    assert_eq!(end["data"]["counts"]["outcomes"]["kept"], 1, "{end:#}");
    let simulator = life.end();
    // Who judges may see more than the program.
    simulator.state().switches.roles = None;
    assert!(!simulator.state().workspaces.contains_key(&sample_id().key()));
    let left = clients::run(&simulator, "azure_dependents.py", &["look"]).await;
    insta::assert_snapshot!(left, @r#"
    look accounts: []
    look containers: []
    look deleted accounts: ["examplews01"]
    look deleted vaults: []
    look registries: []
    look shares: []
    look vaults: ["examplekv01"]
    "#);
}
