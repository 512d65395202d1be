//! Microsoft's Python clients as a judge: they sign in, list, read, delete and wait, and find gone
//! what is gone. They believe that this is Azure.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;

use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::resources::dependents;
use crate::support::azure::dependents::sample;
use crate::support::azure::entra::{CLIENT_ID, CLIENT_SECRET};
use crate::support::azure::faults::{Fault, Verb};
use crate::support::azure::kind::Kind;
use crate::support::azure::operations::{Course, End, RetryAfter};
use crate::support::azure::seed::{GROUP, SUBSCRIPTION, Seed, TENANT, WORKSPACE, sample_id};
use crate::support::azure::simulator::Simulator;
use crate::support::azure::state::Switches;

#[tokio::test]
async fn the_clients_of_today_take_it_for_azure() {
    let simulator = start().await;
    let before = run(&simulator, "azure_sdk2.py", &["look", "read"]).await;
    insta::assert_snapshot!(before, @r#"
    look batch_endpoints: ["churn-batch"]
    look codes: ["source"]
    look components: ["train"]
    look computes: ["attached-k8s","cpu-cluster","hanako-ci"]
    look connections: ["shared-blobs"]
    look data: ["customers"]
    look datastores: ["workspaceblobstore"]
    look deployments: ["blue"]
    look environments: ["env"]
    look jobs: ["busy_cloud_1b2c3d4e5f","calm_stone_2c3d4e5f60","old_leaf_3d4e5f6071","pipe_4e5f607182","quiet_river_0a1b2c3d4e","quiet_river_0a1b2c3d4e_1"]
    look models: ["churn-model"]
    look online_endpoints: ["churn-endpoint"]
    look published: ["attached-k8s","cpu-cluster","hanako-ci"]
    look schedules: ["nightly"]
    look storage: "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/test-rg/providers/Microsoft.Storage/storageAccounts/examplews01"
    look versions: ["churn-model:1","churn-model:2"]
    look workspaces: ["my-aml-workspace"]
    read absent: "UserError"
    read child: "step_5f60718293"
    read children: ["step_5f60718293"]
    read data: "azureml://subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/test-rg/providers/Microsoft.MachineLearningServices/workspaces/my-aml-workspace/datastores/workspaceblobstore/paths/customers/"
    read emails: ["hanako.example@contoso.example"]
    read endpoint: ["churn-endpoint",{"owner":"hanako.example@contoso.example"}]
    read instance: ["hanako-ci","computeinstance","STANDARD_DS3_V2","Stopped"]
    read job: ["quiet_river_0a1b2c3d4e","command",{"mlflow.user":"hanako","owner":"hanako.example@contoso.example"},"retrain for ticket 881, ask hanako.example@contoso.example","Completed","hanako.example@contoso.example"]
    read model owner: "hanako.example@contoso.example"
    read schedule: "nightly"
    "#);
    let after = run(&simulator, "azure_sdk2.py", &["delete", "look"]).await;
    insta::assert_snapshot!(after, @r#"
    delete cancelled: "Canceled"
    delete refused: "UserError"
    delete schedule: null
    look batch_endpoints: ["churn-batch"]
    look codes: ["source"]
    look components: ["train"]
    look computes: ["attached-k8s","cpu-cluster"]
    look connections: []
    look data: []
    look datastores: []
    look deployments: []
    look environments: ["env"]
    look jobs: ["busy_cloud_1b2c3d4e5f","calm_stone_2c3d4e5f60","old_leaf_3d4e5f6071","pipe_4e5f607182","quiet_river_0a1b2c3d4e_1"]
    look models: ["churn-model"]
    look online_endpoints: []
    look published: ["attached-k8s","cpu-cluster"]
    look schedules: []
    look storage: "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/test-rg/providers/Microsoft.Storage/storageAccounts/examplews01"
    look versions: []
    look workspaces: ["my-aml-workspace"]
    "#);
    let mut state = simulator.state();
    let left = state.live(&sample_id()).unwrap().run_ids();
    assert_eq!(left.len(), 6, "one went, and none whose id begins like its id: {left:?}");
}

#[tokio::test]
async fn the_clients_of_today_fill_it() {
    let simulator = start().await;
    let made = run(&simulator, "azure_sdk2.py", &["create", "look"]).await;
    let made: Vec<&str> = made.lines().filter(|line| line.contains("made")).collect();
    insta::assert_snapshot!(made.join("\n"), @r#"
    create container: "my-aml-workspace/models/made-model/versions/1"
    look computes: ["attached-k8s","cpu-cluster","hanako-ci","made-cluster"]
    look data: ["customers","made-data"]
    look datastores: ["made_store","workspaceblobstore"]
    look environments: ["env","made-env"]
    look jobs: ["busy_cloud_1b2c3d4e5f","calm_stone_2c3d4e5f60","made_job","old_leaf_3d4e5f6071","pipe_4e5f607182","quiet_river_0a1b2c3d4e","quiet_river_0a1b2c3d4e_1"]
    look models: ["churn-model","made-model"]
    look online_endpoints: ["churn-endpoint","made-endpoint"]
    look published: ["attached-k8s","cpu-cluster","hanako-ci","made-cluster"]
    look versions: ["churn-model:1","churn-model:2","made-model:1"]
    "#);
}

#[tokio::test]
async fn the_clients_of_today_are_told_what_fails() {
    let simulator = start().await;
    let broken = End::Failed { code: "Boom".to_owned(), message: "it broke".to_owned() };
    let course = Course { retry_after: RetryAfter::Absent, ..Kind::Compute.course() };
    let course = Course { end: broken, ..course };
    simulator.plan_nth(Verb::Delete, Kind::Compute, 1, Fault::Goes(course));
    simulator.plan_nth(Verb::Delete, Kind::Compute, 2, Fault::locked("/subscriptions/s"));
    let seen = run(&simulator, "azure_sdk2.py", &["failing", "purge"]).await;
    insta::assert_snapshot!(seen, @r#"
    failing after: "cpu-cluster"
    failing first: "Boom"
    failing second: "ScopeLocked"
    purge gone: "ResourceNotFound"
    "#);
    assert!(simulator.state().workspaces.is_empty());
}

#[tokio::test]
async fn sdk_v1_takes_it_for_azure() {
    let simulator = start().await;
    let before = run(&simulator, "azure_sdk1.py", &["look", "read"]).await;
    insta::assert_snapshot!(before, @r#"
    look computes: ["attached-k8s","cpu-cluster","hanako-ci"]
    look datasets: ["customers-v1"]
    look experiments: ["churn","churn-2024","empty"]
    look models: ["churn-model:1","churn-model:2"]
    look runs churn: ["busy_cloud_1b2c3d4e5f","calm_stone_2c3d4e5f60","pipe_4e5f607182","quiet_river_0a1b2c3d4e","quiet_river_0a1b2c3d4e_1","step_5f60718293"]
    look runs churn-2024: []
    look runs empty: []
    look services: ["churn-aci"]
    read children: ["step_5f60718293"]
    read files: ["outputs/model.pkl","system_logs/lifecycler/x.log","user_logs/std_log.txt"]
    read logs: ["system_logs/lifecycler/x.log","user_logs/std_log.txt"]
    read properties ContentSnapshotId: "cccccccc-0000-4000-8000-000000000003"
    read properties azureml.git.branch: "users/hanako/retrain"
    read tags mlflow.user: "hanako"
    read tags owner: "hanako.example@contoso.example"
    "#);
    let after = run(&simulator, "azure_sdk1.py", &["delete", "look"]).await;
    insta::assert_snapshot!(after, @r#"
    delete full: "ServiceException: Code: 400 Message: (UserError) Only empty Experiments can be deleted. This experiment contains run(s) "
    delete tags team: "churn"
    delete used: "WebserviceException: Message: Received bad response from Model Management Service: Response Code: 412 Correlation: None "
    look computes: ["attached-k8s","cpu-cluster"]
    look datasets: []
    look experiments: ["churn","churn-2024"]
    look models: ["churn-model:1"]
    look runs churn: ["busy_cloud_1b2c3d4e5f","calm_stone_2c3d4e5f60","pipe_4e5f607182","quiet_river_0a1b2c3d4e","quiet_river_0a1b2c3d4e_1","step_5f60718293"]
    look runs churn-2024: []
    look services: []
    "#);
}

/// Over TLS, on today's date, which the clients compare with the end of their tokens; and nobody is
/// told to wait.
async fn start() -> Simulator {
    let kinds = [Kind::Workspace, Kind::Job, Kind::Schedule, Kind::WebService];
    let soon = |kind: Kind| (kind, Course { retry_after: RetryAfter::Absent, ..kind.course() });
    let courses = BTreeMap::from(kinds.map(soon));
    let switches = Switches { page_items: 2, empty_page: true, courses, ..Switches::default() };
    Simulator::start(Seed { now: Timestamp::now(), switches, ..Seed::default() }).await
}

/// Runs a script of `foreign`, and lays out the line of JSON that it prints.
pub async fn run(simulator: &Simulator, script: &str, verbs: &[&str]) -> String {
    let home = TempDir::new().unwrap();
    let authority = home.path().join("authority.pem");
    std::fs::write(&authority, &simulator.ca_pem).unwrap();
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests");
    let packages = tests.join("emulators/azure-python");
    assert!(packages.is_dir(), "{} is missing: tests/run", packages.display());
    let output = Command::new("python3")
        .arg(tests.join("it/foreign").join(script))
        .args([&simulator.base_url, TENANT, CLIENT_ID, CLIENT_SECRET])
        .args([SUBSCRIPTION, GROUP, WORKSPACE])
        .args(verbs)
        .env("PYTHONPATH", &packages)
        // Compiled once, they start in a quarter of the time.
        .env_remove("PYTHONDONTWRITEBYTECODE")
        .env("REQUESTS_CA_BUNDLE", &authority)
        .env("SSL_CERT_FILE", &authority)
        .env("HOME", home.path())
        .stderr(Stdio::piped())
        .output()
        .await
        .expect("python3 is missing: apt-get install python3");
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script} {verbs:?}: {err}");
    let line = out.lines().last().unwrap_or_default();
    let seen: Value =
        serde_json::from_str(line).unwrap_or_else(|_| panic!("{script} {verbs:?}: {out}{err}"));
    laid_out("", &seen)
}

/// A line for each list or text.
fn laid_out(path: &str, seen: &Value) -> String {
    match seen {
        Value::Object(object) => {
            let lines =
                object.iter().map(|(name, value)| laid_out(&format!("{path} {name}"), value));
            lines.collect::<Vec<_>>().join("\n")
        }
        other => format!("{}: {other}", path.trim_start()),
    }
}

/// What workspaces depend on: storage, vaults and registries by Microsoft's own clients of each.
#[tokio::test]
async fn the_clients_of_what_workspaces_depend_on_take_it_for_azure() {
    let simulator = start().await;
    dependents::fill(&simulator);
    let hold = {
        let mut state = simulator.state();
        let id = sample::id("Microsoft.Storage/storageAccounts", sample::ACCOUNT);
        let id = format!("{id}/blobServices/default/containers/azureml");
        state.dependents.get(&id).unwrap().properties().insert("hasLegalHold".into(), true.into());
        id
    };
    let before = run(&simulator, "azure_dependents.py", &["look", "read"]).await;
    insta::assert_snapshot!(before, @r#"
    look accounts: ["examplews01"]
    look containers: ["azureml","azureml-blobstore-eeeeeeee-0000-4000-8000-000000000014"]
    look deleted accounts: []
    look deleted vaults: []
    look registries: ["examplecr01"]
    look shares: ["code-391ff5ac-6576-460f-ba4d-7e03433c68b6"]
    look vaults: ["examplekv01"]
    read kind: "StorageV2"
    read retention: 7
    read soft delete: 90
    "#);
    let held = run(&simulator, "azure_dependents.py", &["delete", "look"]).await;
    insta::assert_snapshot!(held, @r#"
    delete purged: ["examplekv01"]
    delete refused: [["azureml","ContainerProtectedFromDeletion"],["examplews01","StorageAccountProtectedFromDeletion"]]
    look accounts: ["examplews01"]
    look containers: ["azureml"]
    look deleted accounts: []
    look deleted vaults: []
    look registries: []
    look shares: []
    look vaults: []
    "#);
    simulator.state().dependents.get(&hold).unwrap().properties().shift_remove("hasLegalHold");
    let after = run(&simulator, "azure_dependents.py", &["delete", "look"]).await;
    insta::assert_snapshot!(after, @r#"
    delete purged: []
    delete refused: []
    look accounts: []
    look containers: []
    look deleted accounts: ["examplews01"]
    look deleted vaults: []
    look registries: []
    look shares: []
    look vaults: []
    "#);
}
