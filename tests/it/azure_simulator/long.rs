//! What goes on after the answer: shapes, words, ends, links, and time.

use jiff::SignedDuration;
use serde_json::Value;

use crate::azure_simulator::caller::{Answer, Caller};
use crate::support::azure::faults::{Fault, Verb};
use crate::support::azure::kind::Kind;
use crate::support::azure::operations::{Course, End, RetryAfter, Shape};
use crate::support::azure::seed::Seed;
use crate::support::azure::simulator::Simulator;

const COMPUTE: &str = "computes/hanako-ci";
const DELETE: &str = "computes/hanako-ci?underlyingResourceAction=Delete";

#[tokio::test]
async fn every_shape_names_its_links() {
    let shapes = [
        (Shape::AtOnce, 200, [false, false]),
        (Shape::AsyncOperation, 202, [true, false]),
        (Shape::Location, 202, [false, true]),
        (Shape::Both, 202, [true, true]),
    ];
    for (shape, status, links) in shapes {
        let (simulator, caller) = start().await;
        let course = Course { shape, retry_after: RetryAfter::Seconds(15), ..Course::default() };
        simulator.plan(Verb::Delete, Kind::Compute, Fault::Goes(course));
        let answer = caller.arm("DELETE", DELETE, &Value::Null).await;
        assert_eq!(answer.status, status, "{shape:?}");
        assert_eq!([answer.has("azure-asyncoperation"), answer.has("location")], links);
        assert_eq!(caller.status(COMPUTE).await, 404);
        if status == 202 {
            assert_eq!(answer.header("retry-after"), "15");
            let words = follow(&caller, &answer, 5).await;
            let expected = match shape {
                Shape::Location => ["202", "200"],
                _ => ["InProgress", "Succeeded"],
            };
            assert_eq!(words, expected, "{shape:?}");
        }
    }
}

#[tokio::test]
async fn links_are_long_and_signed_and_change() {
    let (simulator, caller) = start().await;
    let course = Course { polls: 3, shape: Shape::AsyncOperation, ..Course::default() };
    simulator.plan(Verb::Delete, Kind::Compute, Fault::Goes(course));
    let answer = caller.arm("DELETE", DELETE, &Value::Null).await;
    let first = answer.header("azure-asyncoperation").to_owned();
    assert!(first.len() > 3000 && first.contains("/locations/northeurope/"), "{first}");
    let second = caller.ask("GET", &first, &Value::Null).await;
    let second = second.header("azure-asyncoperation").to_owned();
    assert_ne!(first, second);
    let forged = first.replace("&s=", "&s=0");
    let answer = caller.ask("GET", &forged, &Value::Null).await;
    assert_eq!((answer.status, answer.code()), (403, "InvalidAsyncOperationToken"));
    let unsigned = first.split("&t=").next().unwrap();
    assert_eq!(caller.ask("GET", unsigned, &Value::Null).await.status, 403);
    // An old one is good, but where only the newest is.
    assert_eq!(caller.ask("GET", &first, &Value::Null).await.status, 200);
    simulator.state().operations.newest_link_only = true;
    assert_eq!(caller.ask("GET", &second, &Value::Null).await.status, 403);
}

#[tokio::test]
async fn every_end_is_told() {
    let failed = End::Failed { code: "Boom".to_owned(), message: "it broke".to_owned() };
    let ends: [(End, &[&str], &[&str], u16); 6] = [
        (End::Succeeded, &["InProgress", "Succeeded"], &["202", "200"], 404),
        (failed, &["InProgress", "Failed"], &["202", "400"], 200),
        (End::Canceled, &["InProgress", "Canceled"], &["202", "409"], 200),
        (End::Never, &["InProgress"; 5], &["202"; 5], 200),
        (End::Forgotten, &["InProgress", "404"], &["202", "404"], 404),
        (End::NotDone, &["InProgress", "Succeeded"], &["202", "200"], 200),
    ];
    for (end, words, statuses, after) in ends {
        for (shape, expected) in [(Shape::AsyncOperation, words), (Shape::Location, statuses)] {
            let (simulator, caller) = start().await;
            let course = Course { shape, end: end.clone(), ..Course::default() };
            simulator.plan(Verb::Delete, Kind::Compute, Fault::Goes(course));
            let answer = caller.arm("DELETE", DELETE, &Value::Null).await;
            assert_eq!(follow(&caller, &answer, 5).await, expected, "{end:?}");
            assert_eq!(caller.status(COMPUTE).await, after, "{end:?}");
        }
    }
}

#[tokio::test]
async fn every_kind_can_go_every_way() {
    let kinds = [
        (Kind::Job, "jobs/quiet_river_0a1b2c3d4e"),
        (Kind::Compute, COMPUTE),
        (Kind::ModelVersion, "models/churn-model/versions/1"),
        (Kind::Model, "models/churn-model"),
        (Kind::Data, "data/customers"),
        (Kind::EnvironmentVersion, "environments/env/versions/1"),
        (Kind::Component, "components/train"),
        (Kind::Code, "codes/source"),
        (Kind::OnlineDeployment, "onlineEndpoints/churn-endpoint/deployments/blue"),
        (Kind::OnlineEndpoint, "onlineEndpoints/churn-endpoint"),
        (Kind::BatchDeployment, "batchEndpoints/churn-batch/deployments/one"),
        (Kind::BatchEndpoint, "batchEndpoints/churn-batch"),
        (Kind::Schedule, "schedules/nightly"),
        (Kind::Datastore, "datastores/workspaceblobstore"),
        (Kind::Connection, "connections/shared-blobs"),
        (Kind::Workspace, ""),
    ];
    let (simulator, caller) = start().await;
    for (kind, rest) in kinds {
        let delete = format!("{rest}?underlyingResourceAction=Delete");
        simulator.plan(Verb::Delete, kind, Fault::locked(rest));
        assert_eq!(caller.arm("DELETE", &delete, &Value::Null).await.status, 409, "{kind:?}");
        let broken = End::Failed { code: "Boom".to_owned(), message: String::new() };
        for (end, word, after) in [(broken, "Failed", 200), (End::Succeeded, "Succeeded", 404)] {
            let course = Course { shape: Shape::Both, end, ..Course::default() };
            simulator.plan(Verb::Delete, kind, Fault::Goes(course));
            let answer = caller.arm("DELETE", &delete, &Value::Null).await;
            assert_eq!(follow(&caller, &answer, 5).await, ["InProgress", word], "{kind:?}");
            assert_eq!(caller.status(rest).await, after, "{kind:?}");
        }
        assert_eq!(simulator.state().faults.count(Verb::Delete, kind), 3, "{kind:?}");
    }
}

#[tokio::test]
async fn words_may_be_any() {
    let (simulator, caller) = start().await;
    let words = ["Accepted", "Deleting", "Updating"].map(str::to_owned).to_vec();
    let course = Course { polls: 4, words, shape: Shape::AsyncOperation, ..Course::default() };
    simulator.plan(Verb::Delete, Kind::Compute, Fault::Goes(course));
    let answer = caller.arm("DELETE", DELETE, &Value::Null).await;
    let expected = ["Accepted", "Deleting", "Updating", "Updating", "Succeeded"];
    assert_eq!(follow(&caller, &answer, 9).await, expected);
}

#[tokio::test]
async fn it_goes_on_while_nobody_looks() {
    let (simulator, caller) = start().await;
    let lasting = Kind::Compute.course().lasting(SignedDuration::from_mins(5));
    simulator.state().switches.courses.insert(Kind::Compute, lasting);
    caller.arm("DELETE", DELETE, &Value::Null).await;
    let document = caller.arm("GET", COMPUTE, &Value::Null).await.body;
    assert_eq!(document["properties"]["provisioningState"], "Deleting");
    let again = caller.arm("DELETE", DELETE, &Value::Null).await;
    assert_eq!((again.status, again.code()), (409, "ConflictingOperation"));
    simulator.advance(SignedDuration::from_mins(5));
    assert_eq!(caller.status(COMPUTE).await, 404);
    assert_eq!(caller.arm("DELETE", DELETE, &Value::Null).await.status, 204);
}

#[tokio::test]
async fn an_answer_may_be_lost_and_a_look_may_fail() {
    let (simulator, caller) = start().await;
    simulator.plan(Verb::Delete, Kind::Compute, Fault::LostAnswer);
    assert!(caller.send("DELETE", &super::caller::arm(DELETE), &Value::Null).await.is_none());
    assert_eq!(caller.status(COMPUTE).await, 404, "it was done");
    let rest = "onlineEndpoints/churn-endpoint/deployments/blue";
    let answer = caller.arm("DELETE", rest, &Value::Null).await;
    assert_eq!(answer.header("x-ms-async-operation-timeout"), "PT30M");
    for fault in [Fault::too_many(7), Fault::broken(500), Fault::broken_silently(503)] {
        simulator.plan(Verb::Poll, Kind::OnlineDeployment, fault);
        let look = caller.ask("GET", answer.header("location"), &Value::Null).await;
        assert!(matches!(look.status, 429 | 500 | 503));
    }
    assert_eq!(follow(&caller, &answer, 5).await, ["InProgress", "Succeeded"]);
    // Retry-After may be nonsense.
    let odd = RetryAfter::Odd("Wed, 21 Oct 2099 07:28:00 GMT");
    let course = Course { retry_after: odd, ..Kind::Job.course() };
    simulator.plan(Verb::Delete, Kind::Job, Fault::Goes(course));
    let answer = caller.arm("DELETE", "jobs/quiet_river_0a1b2c3d4e", &Value::Null).await;
    assert!(answer.header("retry-after").contains("2099"));
}

/// What an operation says, look by look, on the newest link each time, until it is over: words of
/// its status, or the HTTP statuses of its result.
async fn follow(caller: &Caller, answer: &Answer, looks_max: usize) -> Vec<String> {
    let by_status = answer.has("azure-asyncoperation");
    let name = if by_status { "azure-asyncoperation" } else { "location" };
    let mut link = answer.header(name).to_owned();
    let mut words = Vec::new();
    while words.len() < looks_max {
        let look = caller.ask("GET", &link, &Value::Null).await;
        match look.body["status"].as_str().filter(|_| by_status) {
            Some(word) => words.push(word.to_owned()),
            None => words.push(look.status.to_string()),
        }
        if !look.has(name) {
            break;
        }
        look.header(name).clone_into(&mut link);
    }
    words
}

async fn start() -> (Simulator, Caller) {
    let simulator = Simulator::start(Seed { is_plain: true, ..Seed::default() }).await;
    let caller = Caller::of(&simulator);
    (simulator, caller)
}
