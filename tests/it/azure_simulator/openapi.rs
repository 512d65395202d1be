//! Microsoft's specification as a judge: every example of an operation that we serve is asked and
//! answered in its shape, and so is everything in the sample workspace.
//!
//! `tests/openapi/azure-machine-learning.json` is cut out of Azure/azure-rest-api-specs by
//! `tests/openapi/reduce.py`: the control plane of 2024-10-01, with examples, and the data plane of
//! 2019-09-30, which has none.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use jsonschema::Validator;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::azure_simulator::caller::{Answer, Caller};
use crate::support::azure::kind::Kind;
use crate::support::azure::place::{Arm, Place, WorkspaceId};
use crate::support::azure::seed::{GROUP, SUBSCRIPTION, Seed, WORKSPACE, workspace_document};
use crate::support::azure::simulator::Simulator;
use crate::support::azure::state::{State, Workspace};

const SPECIFICATION: &str = include_str!("../../openapi/azure-machine-learning.json");

#[tokio::test]
async fn every_example_is_answered_in_its_shape() {
    let specification: Value = serde_json::from_str(SPECIFICATION).unwrap();
    let simulator = Simulator::start(Seed { is_plain: true, ..Seed::empty() }).await;
    let caller = Caller::of(&simulator);
    let (mut faults, mut asked) = (Vec::new(), 0);
    for (name, operation) in specification["operations"].as_object().unwrap() {
        for (index, example) in operation["examples"].as_array().unwrap().iter().enumerate() {
            let path = fill(operation["path"].as_str().unwrap(), &example["parameters"]);
            prepare(&mut simulator.state(), operation, example, &path);
            let query = query(&example["parameters"]);
            let body = &example["parameters"]["body"];
            let method = operation["method"].as_str().unwrap();
            let answer = caller.ask(method, &format!("{path}?{query}"), body).await;
            asked += 1;
            let mut fault = |text: String| faults.push(format!("{name} {index}: {text}"));
            judge(&specification, operation, example, &answer, &mut fault);
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(asked > 80, "{asked}");
}

#[tokio::test]
async fn everything_in_the_sample_is_valid() {
    let specification: Value = serde_json::from_str(SPECIFICATION).unwrap();
    let simulator = Simulator::start(Seed { is_plain: true, ..Seed::default() }).await;
    let caller = Caller::of(&simulator);
    let experiment = {
        let mut state = simulator.state();
        let lasting = Kind::WebService.course().lasting(SignedDuration::from_hours(1));
        state.switches.courses.insert(Kind::WebService, lasting);
        let workspace = state.workspaces.values_mut().next().unwrap();
        workspace.experiment_id("churn").unwrap()
    };
    let service = "services/churn-aci";
    let begun = caller.data("DELETE", "modelmanagement/v1.0", service, &Value::Null).await;
    let begun = begun.header("operation-location").rsplit('/').next().unwrap().to_owned();
    let (mut faults, mut asked) = (Vec::new(), 0);
    for (name, operation) in specification["operations"].as_object().unwrap() {
        let method = operation["method"].as_str().unwrap();
        if matches!(method, "PUT")
            || name == "Jobs_Cancel"
            || method == "DELETE" && is_arm(operation)
        {
            continue;
        }
        let path = fill(
            operation["path"].as_str().unwrap(),
            &sample_parameters(name, &experiment, &begun),
        );
        let version = if is_arm(operation) { "?api-version=2024-10-01" } else { "" };
        let question = if version.is_empty() { "?" } else { "&" };
        let rest = match name.as_str() {
            "Artifacts_Get" => format!("{question}path=outputs/model.pkl"),
            "WorkspaceConnections_List" => format!("{question}category=AzureBlob&target=x"),
            _ => String::new(),
        };
        let body = match name.as_str() {
            "Runs_DeleteTags" => json!(["team"]),
            _ if method == "GET" => Value::Null,
            _ => json!({}),
        };
        let answer = caller.ask(method, &format!("{path}{version}{rest}"), &body).await;
        asked += 1;
        let mut fault = |text: String| faults.push(format!("{name}: {text}"));
        if answer.status != 200 {
            fault(format!("{method} {path}: {} {}", answer.status, answer.body));
            continue;
        }
        invalid(&specification, &operation["answers"]["200"], &answer.body, &mut fault);
        let refused = caller.ask(method, &format!("{path}-none{version}{rest}"), &body).await;
        if refused.status >= 400 && !refused.body.is_null() {
            let schema = &operation["answers"]["default"];
            invalid(&specification, schema, &refused.body, &mut fault);
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(asked > 50, "{asked}");
}

fn is_arm(operation: &Value) -> bool {
    operation["plane"] == "arm"
}

/// Names in the sample workspace for the parameters of an operation.
fn sample_parameters(operation: &str, experiment: &str, begun: &str) -> Value {
    let (name, endpoint, deployment) = match operation.split(['_', 'C', 'V']).next().unwrap() {
        "Model" => ("churn-model", "", ""),
        "Data" => ("customers", "", ""),
        "Environment" => ("env", "", ""),
        "Datastores" => ("workspaceblobstore", "", ""),
        "Schedules" => ("nightly", "", ""),
        "OnlineEndpoints" | "OnlineDeployments" => ("", "churn-endpoint", "blue"),
        "BatchEndpoints" | "BatchDeployments" => ("", "churn-batch", "one"),
        _ => ("", "", ""),
    };
    let name = match operation.get(..4) {
        Some("Comp") if operation.starts_with("Component") => "train",
        Some("Code") => "source",
        _ => name,
    };
    let id = match operation {
        "MLModels_QueryById" => "churn-model:2",
        "Services_QueryById" => "churn-aci",
        "Operations_Get" => begun,
        _ => "quiet_river_0a1b2c3d4e",
    };
    json!({
        "subscriptionId": SUBSCRIPTION, "resourceGroupName": GROUP, "workspaceName": WORKSPACE,
        "resourceGroup": GROUP, "workspace": WORKSPACE, "name": name, "version": "1",
        "endpointName": endpoint, "deploymentName": deployment, "computeName": "hanako-ci",
        "connectionName": "shared-blobs", "id": id, "runId": "quiet_river_0a1b2c3d4e",
        "experimentName": "churn", "experimentId": experiment, "origin": "ExperimentRun",
        "container": "dcid.quiet_river_0a1b2c3d4e",
    })
}

/// A path with its parameters in it.
pub fn fill(path: &str, parameters: &Value) -> String {
    let mut filled = path.to_owned();
    for (name, value) in parameters.as_object().unwrap() {
        let value = value.as_str().unwrap_or_default();
        let value = utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
        filled = filled.replace(&format!("{{{name}}}"), &value);
    }
    filled
}

/// What an example asks for in the query: not what stands in its path, and no made-up tokens.
pub fn query(parameters: &Value) -> String {
    let wanted = ["api-version", "underlyingResourceAction", "forceToPurge"];
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    // What examples list is not what they ask to be listed.
    query.append_pair("listViewType", "All");
    for name in wanted {
        match &parameters[name] {
            Value::String(text) => query.append_pair(name, text),
            Value::Bool(flag) => query.append_pair(name, &flag.to_string()),
            _ => &mut query,
        };
    }
    query.finish()
}

/// Makes the world of an example: a workspace, and in it what the example answers or asks for.
fn prepare(state: &mut State, operation: &Value, example: &Value, path: &str) {
    let parameters = &example["parameters"];
    let text = |name: &str| parameters[name].as_str().unwrap_or("any").to_owned();
    let (subscription, group) = (text("subscriptionId"), text("resourceGroupName"));
    state.groups.insert((subscription.to_lowercase(), group.to_lowercase()));
    let id = WorkspaceId { subscription, group, name: text("workspaceName") };
    state.workspaces.clear();
    let answer = &example["responses"]["200"]["body"];
    let mut document = workspace_document(&id);
    if let Place::Arm(Arm { kind: Kind::Workspace, .. }) = Place::of(path) {
        document = answer.as_object().cloned().unwrap_or(document);
    }
    if let (Place::Workspaces { .. }, Some(listed)) = (Place::of(path), answer["value"].as_array())
    {
        for listed in listed {
            let name = listed["name"].as_str().unwrap().to_owned();
            let id = WorkspaceId { name, ..id.clone() };
            let made = Workspace::new(id.clone(), own(listed));
            state.workspaces.insert(id.key(), made);
        }
        return;
    }
    let mut workspace = Workspace::new(id.clone(), document);
    if let Place::Arm(place) = Place::of(path)
        && place.kind != Kind::Workspace
        && operation["method"] != "PUT"
    {
        let bodies = answer["value"].as_array().cloned();
        for body in bodies.unwrap_or_else(|| vec![answer.clone()]) {
            fill_in(&mut workspace, &place, &body, state.now);
        }
    }
    state.workspaces.insert(id.key(), workspace);
}

/// The document of an example without what we say ourselves.
fn own(body: &Value) -> serde_json::Map<String, Value> {
    let mut own = body.as_object().cloned().unwrap_or_default();
    own.retain(|name, _| !matches!(name.as_str(), "id" | "name" | "type" | "systemData"));
    own
}

fn fill_in(workspace: &mut Workspace, place: &Arm, body: &Value, now: Timestamp) {
    let mut names = place.names.clone();
    if place.is_list {
        names.push(body["name"].as_str().unwrap_or("listed").to_owned());
    }
    let body = match body["properties"].is_object() {
        true => Value::Object(own(body)),
        false => json!({"properties": {}}),
    };
    if place.kind == Kind::Job {
        let properties = body["properties"].as_object().unwrap();
        // What is to be cancelled or deleted is in no example.
        let status = if place.action.is_some() { "Running" } else { "Completed" };
        let mut run = json!({"status": status});
        for field in ["displayName", "description", "tags", "properties", "status"] {
            if let Some(value) = properties.get(field) {
                run[field] = value.clone();
            }
        }
        let experiment = properties.get("experimentName").and_then(Value::as_str).unwrap_or("e");
        workspace.add_run(&names[0], experiment, &run, properties, now);
        return;
    }
    if let Some(parent) = place.kind.parent().filter(|kind| *kind != Kind::Workspace) {
        let above: Vec<&str> = names[..names.len() - 1].iter().map(String::as_str).collect();
        workspace.put(parent, &above, &json!({"properties": {}}), "string", now);
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    workspace.put(place.kind, &names, &body, "string", now);
}

/// Whether an answer is such as the example has, and as the specification says.
pub fn judge(
    specification: &Value,
    operation: &Value,
    example: &Value,
    answer: &Answer,
    fault: &mut impl FnMut(String),
) {
    let Some(expected) = example["responses"].get(answer.status.to_string()) else {
        fault(format!("{} {}", answer.status, answer.body));
        return;
    };
    differs("", &expected["body"], &answer.body, fault);
    let schema = &operation["answers"][answer.status.to_string()];
    invalid(specification, schema, &answer.body, fault);
    links(expected, &answer.headers, fault);
}

/// Everything that an example says, ours says, too, in the same kind of JSON.
pub fn differs(path: &str, expected: &Value, ours: &Value, fault: &mut impl FnMut(String)) {
    // Pages are of our own size, and the names in these objects are made up.
    if ["/nextLink", "/properties/tags", "/properties/componentSpec"].contains(&path) {
        return;
    }
    match (expected, ours) {
        (Value::Object(expected), Value::Object(ours)) => {
            for (name, value) in expected {
                let path = format!("{path}/{name}");
                match ours.get(name) {
                    Some(ours) => differs(&path, value, ours, fault),
                    None if path.ends_with("/nextLink") => {}
                    None => fault(format!("{path} is missing")),
                }
            }
        }
        (Value::Array(expected), Value::Array(ours)) => {
            if let (Some(expected), Some(ours)) = (expected.first(), ours.first()) {
                differs(&format!("{path}/0"), expected, ours, fault);
            } else if !expected.is_empty() {
                fault(format!("{path} is empty"));
            }
        }
        (Value::Null, _) => {}
        _ if std::mem::discriminant(expected) == std::mem::discriminant(ours) => {}
        _ => fault(format!("{path}: {expected} is {ours}")),
    }
}

/// Validates an answer against the schema of the specification. `null` counts as absent: the
/// services say it of whatever they have not, and the specification seldom does.
pub fn invalid(
    specification: &Value,
    schema: &Value,
    answer: &Value,
    fault: &mut impl FnMut(String),
) {
    if schema.is_null() {
        return;
    }
    let schema = json!({"allOf": [schema], "definitions": specification["definitions"]});
    let validator: Validator = jsonschema::draft4::options().build(&schema).unwrap();
    let answer = without_nulls(answer);
    for error in validator.iter_errors(&answer) {
        fault(format!("{} {error}", error.instance_path()));
    }
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let there = object.iter().filter(|(_, value)| !value.is_null());
            Value::Object(there.map(|(name, value)| (name.clone(), without_nulls(value))).collect())
        }
        Value::Array(list) => list.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

/// Where an example answers with a link, ours does, too.
fn links(expected: &Value, ours: &reqwest::header::HeaderMap, fault: &mut impl FnMut(String)) {
    let headers: BTreeMap<String, &Value> = expected["headers"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.to_lowercase(), value))
        .collect();
    let named = ["azure-asyncoperation", "location"];
    // Of a compute's two links only one was ever met.
    let any = named.iter().any(|name| headers.contains_key(*name));
    if any && !named.iter().any(|name| ours.contains_key(*name)) {
        fault(format!("no link in {ours:?}"));
    }
}
