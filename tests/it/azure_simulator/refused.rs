//! What is not done, with the code that says why; and what goes wrong by plan.

use serde_json::{Value, json};

use crate::azure_simulator::caller::{Caller, arm};
use crate::support::azure::faults::{Fault, Verb};
use crate::support::azure::kind::Kind;
use crate::support::azure::refusal::Refusal;
use crate::support::azure::seed::{Seed, sample_id};
use crate::support::azure::simulator::Simulator;

#[tokio::test]
async fn each_reason_has_its_code() {
    let (simulator, caller) = start().await;
    {
        let mut state = simulator.state();
        let workspace = state.live(&sample_id()).unwrap();
        let now = jiff::Timestamp::UNIX_EPOCH;
        let finalizing = json!({"status": "Finalizing"});
        workspace.add_run("last", "churn", &finalizing, &serde_json::Map::new(), now);
    }
    let cases = [
        ("GET", "jobs/none", 404, "NotFound"),
        ("GET", "computes/none", 404, "ComputeNotFound"),
        ("GET", "models/churn-model/versions/9", 404, "NotFound"),
        ("GET", "models/none/versions", 404, "NotFound"),
        ("GET", "connections/none", 404, "NotFound"),
        ("DELETE", "jobs/busy_cloud_1b2c3d4e5f", 409, "JobNotInTerminalState"),
        ("POST", "jobs/last/cancel", 409, "JobCannotBeCanceled"),
        ("DELETE", "onlineEndpoints/churn-endpoint", 409, "EndpointHasDeployments"),
        ("DELETE", "batchEndpoints/churn-batch", 409, "EndpointHasDeployments"),
        ("DELETE", "computes/hanako-ci", 400, "InvalidUnderlyingResourceAction"),
        (
            "DELETE",
            "computes/attached-k8s?underlyingResourceAction=Delete",
            400,
            "DeleteNotSupported",
        ),
        ("PUT", "models/m/versions/1", 400, "ValidationError"),
        ("PUT", "onlineEndpoints/none/deployments/d", 400, "ValidationError"),
        ("POST", "computes/hanako-ci/explode", 405, "MethodNotAllowed"),
    ];
    for (method, rest, status, code) in cases {
        let answer = caller.arm(method, rest, &Value::Null).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{method} {rest}");
        assert!(!answer.has("x-ms-failure-cause"), "the provider itself said so");
    }
    let nothing = caller.ask("GET", "/history/v1.0/private/nothing", &Value::Null).await;
    assert_eq!((nothing.status, nothing.code()), (404, "InvalidResourceType"));
    // Who stands above is not there.
    let elsewhere = [
        ("resourceGroups/test-rg", "resourceGroups/none", "ResourceGroupNotFound"),
        ("workspaces/my-aml-workspace", "workspaces/none", "ResourceNotFound"),
        ("subscriptions/00000000", "subscriptions/11111111", "SubscriptionNotFound"),
    ];
    for (own, other, code) in elsewhere {
        let answer = caller.ask("GET", &arm("jobs").replace(own, other), &Value::Null).await;
        assert_eq!((answer.status, answer.code()), (404, code));
        assert_eq!(answer.header("x-ms-failure-cause"), "gateway");
    }
    assert_eq!(caller.status("computes/attached-k8s").await, 200);
}

#[tokio::test]
async fn each_fault_comes_where_it_is_planned() {
    let (simulator, caller) = start().await;
    let scope = arm("computes/hanako-ci");
    let faults = [
        (Fault::locked(&scope), 409, "ScopeLocked"),
        (Fault::in_progress(), 409, "ConflictingOperation"),
        (Fault::too_many(30), 429, "SubscriptionRequestsThrottled"),
        (Fault::broken(500), 500, "InternalServerError"),
        (Fault::broken(504), 504, "InternalServerError"),
        (Fault::broken_silently(503), 503, ""),
    ];
    let rest = "computes/hanako-ci?underlyingResourceAction=Delete";
    for (number, (fault, ..)) in (1..).zip(&faults) {
        simulator.plan_nth(Verb::Delete, Kind::Compute, number, fault.clone());
    }
    for (_, status, code) in faults {
        assert_eq!(caller.status("computes/hanako-ci").await, 200, "others are not touched");
        let answer = caller.arm("DELETE", rest, &Value::Null).await;
        assert_eq!((answer.status, answer.code()), (status, code));
        assert_eq!(answer.has("retry-after"), status == 429);
    }
    let nested = Refusal::front_end(400, "Nested", "see below").because("Deep", "here");
    simulator.plan(Verb::Get, Kind::Job, Fault::Refused(nested));
    let nested = caller.arm("GET", "jobs/quiet_river_0a1b2c3d4e", &Value::Null).await.body;
    assert_eq!(nested["error"]["details"][0]["code"], "Deep");
    for fault in [Fault::Dropped, Fault::HalfAnswer] {
        simulator.plan(Verb::List, Kind::Job, fault);
        assert!(caller.send("GET", &arm("jobs"), &Value::Null).await.is_none());
    }
    simulator.plan_all(Verb::Delete, Kind::Compute, Some(Fault::locked(&scope)));
    for _ in 0..3 {
        assert_eq!(caller.arm("DELETE", rest, &Value::Null).await.status, 409);
    }
    simulator.plan_all(Verb::Delete, Kind::Compute, None);
    assert_eq!(caller.arm("DELETE", rest, &Value::Null).await.status, 202);
}

#[tokio::test]
async fn the_data_plane_refuses_in_its_own_words() {
    let (simulator, caller) = start().await;
    let (churn, empty) = {
        let mut state = simulator.state();
        let workspace = state.live(&sample_id()).unwrap();
        (workspace.experiment_id("churn").unwrap(), workspace.experiment_id("empty").unwrap())
    };
    let cases = [
        ("GET", "history/v1.0", "runs/none".to_owned(), 404, "RunNotFoundError"),
        ("DELETE", "history/v1.0", format!("experimentids/{churn}"), 400, "ExperimentNotEmpty"),
        ("DELETE", "history/v1.0", format!("experimentids/{empty}"), 200, ""),
        ("GET", "history/v1.0", format!("experimentids/{empty}"), 404, "ExperimentNotFound"),
        ("DELETE", "history/v1.0", "runs/quiet_river_0a1b2c3d4e".to_owned(), 404, "NotFound"),
        ("GET", "nothing/v1.0", "runs/none".to_owned(), 404, "NotFound"),
    ];
    for (method, service, rest, status, code) in cases {
        let answer = caller.data(method, service, &rest, &Value::Null).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{method} {rest}");
        if status != 200 {
            assert!(answer.body["correlation"].is_object() && answer.body["time"].is_string());
        }
    }
    let used = "models/churn-model:2";
    let answer = caller.data("DELETE", "modelmanagement/v1.0", used, &Value::Null).await;
    assert_eq!(answer.status, 412);
    assert!(answer.body["message"].as_str().unwrap().contains("DeletionRequired"));
    let filter = json!({"filter": "CreatedBy/UserName eq 'hanako'"});
    let answer = caller.data("POST", "history/v1.0", "runs:query", &filter).await;
    assert_eq!((answer.status, answer.code()), (400, "ValidationError"));
    let fault = Fault::not_found_with_operation("https://example.test/operations/1");
    simulator.plan(Verb::Delete, Kind::WebService, fault);
    let answer =
        caller.data("DELETE", "modelmanagement/v1.0", "services/churn-aci", &Value::Null).await;
    assert_eq!((answer.status, answer.has("operation-location")), (404, true));
}

async fn start() -> (Simulator, Caller) {
    let simulator = Simulator::start(Seed { is_plain: true, ..Seed::default() }).await;
    let caller = Caller::of(&simulator);
    (simulator, caller)
}
