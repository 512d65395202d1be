//! Jobs and runs, which are one; assets; workspaces; the data plane.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::azure_simulator::caller::{Caller, arm};
use crate::support::azure::faults::{Fault, Verb};
use crate::support::azure::kind::Kind;
use crate::support::azure::place::WorkspaceId;
use crate::support::azure::seed::{Seed, sample_id, workspace_document};
use crate::support::azure::simulator::Simulator;
use crate::support::azure::state::Phase;

const JOB: &str = "jobs/quiet_river_0a1b2c3d4e";
const RUN: &str = "runs/quiet_river_0a1b2c3d4e";

#[tokio::test]
async fn a_job_is_a_run() {
    let (simulator, caller) = start().await;
    // PUT merges tags and takes none away; the data plane does.
    let body = json!({"properties": {"jobType": "Command", "tags": {"team": "churn"},
        "displayName": "renamed", "isArchived": true}});
    let job = caller.arm("PUT", JOB, &body).await;
    assert_eq!(job.status, 200);
    let run = caller.data("GET", "history/v1.0", RUN, &Value::Null).await.body;
    assert_eq!(
        (run["displayName"].as_str(), run["hidden"].as_bool()),
        (Some("renamed"), Some(true))
    );
    assert_eq!(run["tags"].as_object().unwrap().len(), 3);
    let names = json!(["owner", "mlflow.user"]);
    let tags = format!("{RUN}/tags");
    assert_eq!(caller.data("DELETE", "history/v1.0", &tags, &names).await.status, 200);
    let change =
        json!({"hidden": false, "description": "", "properties": {"azureml.git.branch": "x"}});
    let run = caller.data("PATCH", "history/v1.0", RUN, &change).await.body;
    assert_eq!(run["properties"]["azureml.git.branch"], "users/hanako/retrain", "immutable");
    let job = caller.arm("GET", JOB, &Value::Null).await.body;
    assert_eq!(job["properties"]["tags"], json!({"team": "churn"}));
    assert_eq!(job["properties"]["isArchived"], false);
    // The end of the job is the end of the run, and of its artifacts where that is switched on.
    assert_eq!(caller.arm("DELETE", JOB, &Value::Null).await.status, 202);
    assert_eq!(caller.data("GET", "history/v1.0", RUN, &Value::Null).await.status, 404);
    assert_eq!(caller.status("jobs/quiet_river_0a1b2c3d4e_1").await, 200);
    let artifacts = simulator.state().live(&sample_id()).unwrap().artifacts.len();
    assert_eq!(artifacts, 4);
    simulator.state().switches.job_delete_takes_artifacts = true;
    caller.arm("DELETE", "jobs/quiet_river_0a1b2c3d4e_1", &Value::Null).await;
    assert_eq!(simulator.state().live(&sample_id()).unwrap().artifacts.len(), 3);
}

#[tokio::test]
async fn a_job_is_cancelled_in_time() {
    let (simulator, caller) = start().await;
    let rest = "jobs/busy_cloud_1b2c3d4e5f";
    let status = async || {
        let job = caller.arm("GET", rest, &Value::Null).await.body;
        job["properties"]["status"].as_str().unwrap().to_owned()
    };
    let lasting = Kind::Job.course().lasting(SignedDuration::from_mins(2));
    simulator.plan(Verb::Act, Kind::Job, Fault::Goes(lasting));
    let cancelled = caller.arm("POST", &format!("{rest}/cancel"), &Value::Null).await;
    assert_eq!((cancelled.status, cancelled.has("location")), (202, true));
    assert_eq!(status().await, "CancelRequested");
    assert_eq!(caller.arm("DELETE", rest, &Value::Null).await.status, 409);
    simulator.advance(SignedDuration::from_mins(2));
    assert_eq!(status().await, "Canceled");
    assert_eq!(caller.arm("DELETE", rest, &Value::Null).await.status, 202);
}

#[tokio::test]
async fn children_of_a_pipeline_go_with_it() {
    let (_simulator, caller) = start().await;
    let child = caller.arm("GET", "jobs/step_5f60718293", &Value::Null).await.body;
    assert!(child["properties"].is_null());
    let rest = "runs/pipe_4e5f607182/children";
    let children = caller.data("GET", "history/v1.0", rest, &Value::Null).await.body;
    assert_eq!(children["value"][0]["runId"], "step_5f60718293");
    let hide = json!({"hidden": true});
    let patch = caller.data("PATCH", "history/v1.0", "runs/step_5f60718293", &hide).await;
    assert_eq!(patch.status, 400);
    caller.arm("DELETE", "jobs/pipe_4e5f607182", &Value::Null).await;
    assert_eq!(caller.status("jobs/step_5f60718293").await, 404);
}

#[tokio::test]
async fn assets_are_archived_and_deleted_by_version() {
    let (simulator, caller) = start().await;
    let container = caller.arm("GET", "models/churn-model", &Value::Null).await.body;
    assert_eq!(container["properties"]["nextVersion"], "3");
    let mut version = caller.arm("GET", "models/churn-model/versions/1", &Value::Null).await.body;
    version["properties"]["isArchived"] = true.into();
    simulator.state().switches.archive_is_ignored.insert(Kind::ModelVersion);
    let rest = "models/churn-model/versions/1";
    assert_eq!(caller.arm("PUT", rest, &version).await.status, 200);
    assert_eq!(caller.list("models/churn-model/versions", "name").await.0.len(), 2, "nothing done");
    simulator.state().switches.archive_is_ignored.clear();
    caller.arm("PUT", rest, &version).await;
    assert_eq!(caller.list("models/churn-model/versions", "name").await.0, ["2"]);
    let all = "models/churn-model/versions?listViewType=All";
    assert_eq!(caller.list(all, "name").await.0, ["1", "2"]);
    for version in ["1", "2"] {
        let rest = format!("models/churn-model/versions/{version}");
        assert_eq!(caller.arm("DELETE", &rest, &Value::Null).await.status, 200);
        assert_eq!(caller.arm("DELETE", &rest, &Value::Null).await.status, 204);
    }
    let container = caller.arm("GET", "models/churn-model", &Value::Null).await;
    assert_eq!(container.body["properties"]["nextVersion"], "3", "the container stays");
    caller.arm("DELETE", "models/churn-model", &Value::Null).await;
    caller.arm("PUT", "models/churn-model/versions/1", &version).await;
    let container = caller.arm("GET", "models/churn-model", &Value::Null).await;
    assert_eq!(container.body["properties"]["nextVersion"], "3", "the name is not freed");
}

#[tokio::test]
async fn a_workspace_is_deleted_softly_then_purged() {
    let (simulator, caller) = start().await;
    let create = Value::Object(workspace_document(&sample_id()));
    assert_eq!(caller.arm("DELETE", "", &Value::Null).await.status, 202);
    assert_eq!(caller.status("").await, 404);
    assert_eq!(caller.status("jobs").await, 404);
    let refused = caller.arm("PUT", "", &create).await;
    assert_eq!(refused.status, 409);
    assert!(refused.body["error"]["message"].as_str().unwrap().contains("Soft-deleted workspace"));
    simulator.state().workspaces.get_mut(&sample_id().key()).unwrap().phase = Phase::Deadlocked;
    assert_eq!(caller.arm("DELETE", "?forceToPurge=true", &Value::Null).await.status, 404);
    assert_eq!(caller.arm("PUT", "", &create).await.status, 409);
    let since = simulator.state().now;
    let softly = Phase::SoftDeleted(since);
    simulator.state().workspaces.get_mut(&sample_id().key()).unwrap().phase = softly;
    assert_eq!(caller.arm("DELETE", "", &Value::Null).await.status, 204);
    assert_eq!(caller.arm("DELETE", "?forceToPurge=true", &Value::Null).await.status, 202);
    assert_eq!(caller.arm("PUT", "", &create).await.status, 201);
    assert_eq!(caller.list("jobs", "name").await.0.len(), 0);
    caller.arm("DELETE", "", &Value::Null).await;
    simulator.advance(SignedDuration::from_hours(14 * 24));
    assert!(simulator.state().workspaces.is_empty(), "nobody can have it back");
}

#[tokio::test]
async fn runs_are_found_by_query_and_what_they_left_by_list() {
    let (simulator, caller) = start().await;
    simulator.state().switches.page_items = 2;
    let (mut token, mut found) = (Value::Null, Vec::new());
    loop {
        let asked = json!({"continuationToken": token});
        let page = caller.data("POST", "history/v1.0", "runs:query", &asked).await.body;
        found.extend(page["value"].as_array().unwrap().iter().map(|run| run["runId"].clone()));
        token = page["continuationToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(found.len(), 7);
    simulator.state().switches.page_items = 30;
    let queries = [
        ("experiments/churn-2024/runs:query", json!({}), 1),
        ("runs:query", json!({"filter": "Status eq 'Running'"}), 1),
        ("runs:query", json!({"filter": "ParentRunId eq null and Tags/owner ne null"}), 1),
        ("runs:query", json!({"viewType": "ArchivedOnly"}), 1),
    ];
    for (rest, asked, count) in queries {
        let page = caller.data("POST", "history/v1.0", rest, &asked).await.body;
        assert_eq!(page["value"].as_array().unwrap().len(), count, "{rest} {asked}");
    }
    let details = caller.data("GET", "history/v1.0", &format!("{RUN}/details"), &Value::Null).await;
    let logs = details.body["logFiles"].as_object().unwrap();
    assert!(logs.len() == 2 && logs["user_logs/std_log.txt"].as_str().unwrap().contains("&sig="));
    let container = "artifacts/ExperimentRun/dcid.quiet_river_0a1b2c3d4e";
    let list = async || {
        let list = caller.data("GET", "artifact/v2.0", container, &Value::Null).await.body;
        list["value"].as_array().unwrap().len()
    };
    assert_eq!(list().await, 3);
    let one = "artifacts/metadata/ExperimentRun/dcid.quiet_river_0a1b2c3d4e/outputs/model.pkl";
    assert_eq!(caller.data("DELETE", "artifact/v2.0", one, &Value::Null).await.status, 200);
    assert_eq!(list().await, 2);
    let rest = format!("{container}/batch?hardDelete=true");
    assert_eq!(caller.data("DELETE", "artifact/v2.0", &rest, &Value::Null).await.status, 200);
    assert_eq!(list().await, 0);
}

#[tokio::test]
async fn a_web_service_ends_before_its_model() {
    let (_simulator, caller) = start().await;
    let service = "services/churn-aci";
    let gone = caller.data("DELETE", "modelmanagement/v1.0", service, &Value::Null).await;
    assert_eq!(gone.status, 202);
    let link = gone.header("operation-location");
    let states = [
        caller.ask("GET", link, &Value::Null).await.body["state"].clone(),
        caller.ask("GET", link, &Value::Null).await.body["state"].clone(),
    ];
    assert_eq!(states, ["Running", "Succeeded"]);
    let again = caller.data("DELETE", "modelmanagement/v1.0", service, &Value::Null).await;
    assert_eq!(again.status, 204);
    let model = "models/churn-model:2";
    let gone = caller.data("DELETE", "modelmanagement/v1.0", model, &Value::Null).await;
    assert_eq!(gone.status, 200);
    assert_eq!(caller.status("models/churn-model/versions/2").await, 404);
    let datasets = caller.data("GET", "dataset/v1.0", "datasets", &Value::Null).await.body;
    assert_eq!(datasets["value"][0]["name"], "customers-v1");
    let rest = "datasets/customers-v1";
    assert_eq!(caller.data("DELETE", "dataset/v1.0", rest, &Value::Null).await.status, 200);
    assert_eq!(caller.data("GET", "dataset/v1.0", rest, &Value::Null).await.status, 404);
    assert_eq!(caller.ask("GET", &arm("data/customers"), &Value::Null).await.status, 200);
}

#[tokio::test]
async fn a_subscription_has_several_workspaces() {
    let (simulator, caller) = start().await;
    for (group, name) in [("test-rg", "second"), ("other-rg", "third")] {
        let id = WorkspaceId { group: group.to_owned(), name: name.to_owned(), ..sample_id() };
        simulator.state().add_workspace(&id, workspace_document(&id));
    }
    let count = async |path: &str| {
        let path = format!("{path}/workspaces?api-version=2024-10-01");
        let list = caller.ask("GET", &path, &Value::Null).await.body;
        list["value"].as_array().unwrap().len()
    };
    let path = sample_id().path();
    let group = path.strip_suffix("/workspaces/my-aml-workspace").unwrap();
    assert_eq!(count(group).await, 2);
    let (subscription, _) = group.split_once("/resourceGroups").unwrap();
    let provider = "/providers/Microsoft.MachineLearningServices";
    assert_eq!(count(&format!("{subscription}{provider}")).await, 3);
}

#[tokio::test]
async fn runs_leave_more_than_artifacts() {
    let (_simulator, caller) = start().await;
    let snapshot = "snapshots/cccccccc-0000-4000-8000-000000000003";
    let output = "PipelineRuns/pipe_4e5f607182/PipelineRunOutputs/scores";
    let metrics = "runs/quiet_river_0a1b2c3d4e/deleteMetrics";
    let asked = [
        ("GET", "content/v1.0", format!("{snapshot}/metadata"), 200, "/root/children/0/name"),
        ("GET", "content/v1.0", snapshot.to_owned(), 200, "/zipSas"),
        ("DELETE", "content/v1.0", snapshot.to_owned(), 200, ""),
        ("GET", "content/v1.0", snapshot.to_owned(), 404, "/error/message"),
        ("DELETE", "metric/v2.0", metrics.to_owned(), 200, ""),
        ("DELETE", "metric/v2.0", metrics.to_owned(), 204, ""),
        ("GET", "pipelines/v1.0", output.to_owned(), 200, "/DataLocation/DataReference/Type"),
        ("GET", "pipelines/v1.0", format!("{output}-none"), 404, "/error/message"),
    ];
    for (method, service, rest, status, place) in asked {
        let answer = caller.data(method, service, &rest, &Value::Null).await;
        assert_eq!(answer.status, status, "{method} {rest}");
        assert!(place.is_empty() || answer.body.pointer(place).unwrap().is_string(), "{rest}");
    }
}

async fn start() -> (Simulator, Caller) {
    let simulator = Simulator::start(Seed { is_plain: true, ..Seed::default() }).await;
    let caller = Caller::of(&simulator);
    (simulator, caller)
}
