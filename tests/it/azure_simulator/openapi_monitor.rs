//! Microsoft's specification of Log Analytics and Application Insights as a judge: every example of
//! an operation that we serve is answered in its shape, and so is everything in the sample.

use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use crate::azure_simulator::caller::{Answer, Caller};
use crate::azure_simulator::openapi::{differs, fill, invalid, query};
use crate::support::azure::monitor::kusto::value::{Column, Type};
use crate::support::azure::monitor::people::{classic_id, insights_id, logs_id, own_insights};
use crate::support::azure::monitor::purge::Purge;
use crate::support::azure::monitor::spot::Owner;
use crate::support::azure::monitor::store::Store;
use crate::support::azure::monitor::tables::Table;
use crate::support::azure::place::WorkspaceId;
use crate::support::azure::seed::{GROUP, SUBSCRIPTION, Seed};
use crate::support::azure::simulator::Simulator;
use crate::support::azure::state::State;

const SPECIFICATION: &str = include_str!("../../openapi/azure-monitor.json");
/// What tables of searches alone have, and what the examples alone say.
const LEFT_OUT: [&str; 3] = ["resultStatistics", "searchResults", "systemData"];

#[tokio::test]
async fn every_example_of_logs_is_answered_in_its_shape() {
    let specification: Value = serde_json::from_str(SPECIFICATION).unwrap();
    let simulator = Simulator::start(Seed { is_plain: true, ..Seed::empty() }).await;
    let (mut faults, mut asked) = (Vec::new(), 0);
    for (name, operation) in specification["operations"].as_object().unwrap() {
        for (index, example) in operation["examples"].as_array().unwrap().iter().enumerate() {
            prepare(&mut simulator.state(), name, example);
            let answer = ask(&simulator, operation, &example["parameters"]).await;
            asked += 1;
            let mut fault = |text: String| faults.push(format!("{name} {index}: {text}"));
            let Some(expected) = example["responses"].get(answer.status.to_string()) else {
                fault(format!("{} {}", answer.status, answer.body));
                continue;
            };
            differs("", &trimmed(&expected["body"]), &answer.body, &mut fault);
            let schema = &operation["answers"][answer.status.to_string()];
            invalid(&specification, schema, &without_cells(&answer.body), &mut fault);
            let link = answer.header("x-ms-status-location");
            let is_link = link.contains("/operations/purge-") && link.contains("?api-version=");
            if is_link == expected["headers"]["x-ms-status-location"].is_null() {
                fault(format!("not the link of a purge: {link}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(asked > 18, "{asked}");
}

#[tokio::test]
async fn everything_of_logs_in_the_sample_is_valid() {
    let specification: Value = serde_json::from_str(SPECIFICATION).unwrap();
    let simulator = Simulator::start(Seed { is_plain: true, ..Seed::default() }).await;
    let guid = simulator.state().monitor.workspaces[&logs_id().key()].customer_id.clone();
    let filters = json!([{"column": "itemId", "operator": "==", "value": "none"}]);
    let rows = json!([{"column": "UserId", "operator": "in", "value": ["none"]}]);
    let text = "AppTraces | take 1";
    let requests = json!([{"id": "1", "body": {"query": text}, "workspace": guid,
        "method": "POST", "path": "/query"}]);
    let (mut faults, mut asked) = (Vec::new(), 0);
    for (name, operation) in specification["operations"].as_object().unwrap() {
        if ["PUT", "DELETE"].contains(&operation["method"].as_str().unwrap()) {
            continue;
        }
        let (component, body) = match name.as_str() {
            "Components_Purge" => (classic_id(), json!({"table": "traces", "filters": filters})),
            "WorkspacePurge_Purge" => {
                (insights_id(), json!({"table": "AppTraces", "filters": rows}))
            }
            "Query_Batch" => (insights_id(), json!({"requests": requests})),
            _ if operation["plane"] == "data" => (insights_id(), json!({"query": text})),
            _ => (insights_id(), Value::Null),
        };
        let purge = {
            let mut state = simulator.state();
            let is_component = name.starts_with("Components");
            let (owner, id) = match is_component {
                true => (Owner::Component, component.clone()),
                false => (Owner::Workspace, logs_id()),
            };
            let now = state.now;
            add_purge(&mut state.monitor, owner, &id, now);
            "purge-1"
        };
        let mut parameters = json!({
            "subscriptionId": SUBSCRIPTION, "resourceGroupName": GROUP, "purgeId": purge,
            "workspaceName": logs_id().name, "resourceName": component.name,
            "tableName": "AppTraces", "workspaceId": guid, "api-version": "2023-09-01",
            "resourceId": own_insights().trim_start_matches('/'), "body": body,
        });
        let answer = ask(&simulator, operation, &parameters).await;
        asked += 1;
        let mut fault = |text: String| faults.push(format!("{name}: {text}"));
        let schema = &operation["answers"][answer.status.to_string()];
        if answer.status >= 300 || schema.is_null() {
            fault(format!("{} {}", answer.status, answer.body));
            continue;
        }
        invalid(&specification, schema, &without_cells(&answer.body), &mut fault);
        for absent in ["workspaceName", "resourceName", "workspaceId"] {
            parameters[absent] = "none".into();
        }
        parameters["body"] = json!({"query": "AppTraces | wher"});
        let refused = ask(&simulator, operation, &parameters).await;
        if refused.status >= 400 {
            invalid(&specification, &operation["answers"]["default"], &refused.body, &mut fault);
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(asked > 15, "{asked}");
}

/// Asks for an operation, the query service with a token of its own.
async fn ask(simulator: &Simulator, operation: &Value, parameters: &Value) -> Answer {
    let mut caller = Caller::of(simulator);
    let resource = parameters["resourceId"].as_str().unwrap_or_default();
    let path = operation["path"].as_str().unwrap().replace("{resourceId}", resource);
    let mut path = fill(&path, parameters);
    if operation["plane"] == "data" {
        caller.token = simulator.token("https://api.loganalytics.io");
        path = format!("/v1{path}");
    } else {
        path = format!("{path}?{}", query(parameters));
    }
    caller.ask(operation["method"].as_str().unwrap(), &path, &parameters["body"]).await
}

/// Makes the world of an example: what it answers, and what it asks for.
fn prepare(state: &mut State, name: &str, example: &Value) {
    let parameters = &example["parameters"];
    let text = |name: &str| parameters[name].as_str().unwrap_or("any").to_owned();
    let (subscription, group) = (text("subscriptionId"), text("resourceGroupName"));
    state.groups.insert((subscription.to_lowercase(), group.to_lowercase()));
    let now = state.now;
    state.monitor = Store::default();
    let body = &example["responses"]["200"]["body"];
    let bodies = body["value"].as_array().cloned().unwrap_or_else(|| vec![body.clone()]);
    let id = WorkspaceId { subscription, group, name: text("workspaceName") };
    let component = WorkspaceId { name: text("resourceName"), ..id.clone() };
    let store = &mut state.monitor;
    for body in bodies {
        let own = own(&body);
        let named = |id: &WorkspaceId| match body["name"].as_str() {
            Some(name) => WorkspaceId { name: name.to_owned(), ..id.clone() },
            None => id.clone(),
        };
        if name.starts_with("Components") {
            let made = store.add_component(&named(&component), None, now);
            let columns = vec![Column { name: "TimeGenerated".to_owned(), kind: Type::DateTime }];
            made.tables.insert("heartbeat".to_owned(), Table::new("Heartbeat", columns));
            made.document.extend(own);
        } else if name.starts_with("Tables") {
            let known = store.workspaces.contains_key(&id.key());
            if !known {
                store.add_workspace(&id, now).tables.clear();
            }
            let name = body["name"].as_str().unwrap();
            let columns = vec![Column { name: "TenantId".to_owned(), kind: Type::String }];
            let tables = &mut store.workspaces.get_mut(&id.key()).unwrap().tables;
            tables.insert(name.to_lowercase(), Table::new(name, columns));
        } else {
            let is_deleted = name.starts_with("Deleted");
            let made = store.add_workspace(&named(&id), now);
            made.deleted = is_deleted.then_some(now);
            made.document.extend(own);
        }
    }
    add_purge(store, Owner::Workspace, &id, now);
    if name == "Components_GetPurgeStatus" {
        add_purge(store, Owner::Component, &component, now);
    }
    if let Some(wanted) = parameters["purgeId"].as_str() {
        let purge = store.purges.remove("purge-1").unwrap();
        store.purges.insert(wanted.to_owned(), purge);
    }
    if name.starts_with("Query") {
        answers(store, parameters, &body["tables"][0], now);
    }
}

/// A purge that was begun long ago.
fn add_purge(store: &mut Store, owner: Owner, id: &WorkspaceId, now: jiff::Timestamp) {
    let begun = now - SignedDuration::from_hours(48);
    let purge = Purge { owner, key: id.key(), begun, rows: 0 };
    store.purges.insert("purge-1".to_owned(), purge);
}

/// Rows that answer a query as an example does.
fn answers(store: &mut Store, parameters: &Value, table: &Value, now: jiff::Timestamp) {
    let (_, mut workspace) = store.workspaces.pop_first().unwrap();
    let text = parameters["body"]["query"].as_str().unwrap();
    let name = match text.split(' ').next().unwrap() {
        "union" => "Usage",
        name => name,
    };
    let kind = |column: &Value| Type::named(column["type"].as_str().unwrap()).unwrap();
    let mut columns: Vec<Column> = Vec::new();
    let told = table["columns"].as_array().unwrap();
    for column in told {
        columns.push(Column { name: column["name"].as_str().unwrap().into(), kind: kind(column) });
    }
    for (name, kind) in [("TimeGenerated", Type::DateTime), ("_ResourceId", Type::String)] {
        if !columns.iter().any(|column| column.name == name) {
            columns.push(Column { name: name.to_owned(), kind });
        }
    }
    let mut made = Table::new(name, columns);
    for row in table["rows"].as_array().unwrap() {
        let cells = told.iter().zip(row.as_array().unwrap());
        let mut row: Map<String, Value> = cells
            .map(|(column, cell)| (column["name"].as_str().unwrap().to_owned(), cell.clone()))
            .collect();
        row.insert("TimeGenerated".to_owned(), now.to_string().into());
        let resource = parameters["resourceId"].as_str().unwrap_or_default();
        row.insert("_ResourceId".to_owned(), format!("/{resource}").into());
        made.add(&row.into(), now);
    }
    workspace.tables = [(name.to_lowercase(), made)].into();
    workspace.customer_id = parameters["workspaceId"].as_str().unwrap_or("any").to_owned();
    let more = parameters["body"]["workspaces"].as_array().cloned().unwrap_or_default();
    let group = workspace.id.clone();
    store.workspaces.insert(workspace.id.key(), workspace);
    for name in more {
        let id = WorkspaceId { name: name.as_str().unwrap().to_owned(), ..group.clone() };
        store.add_workspace(&id, now);
    }
}

/// The document of an example without what we say ourselves.
fn own(body: &Value) -> Map<String, Value> {
    let mut own = body.as_object().cloned().unwrap_or_default();
    let ours = ["id", "name", "type", "systemData", "value", "tables"];
    own.retain(|name, _| !ours.contains(&name.as_str()));
    own
}

/// What of an example is looked for.
fn trimmed(expected: &Value) -> Value {
    match expected {
        Value::Object(object) => {
            let kept = object.iter().filter(|(name, _)| !LEFT_OUT.contains(&name.as_str()));
            Value::Object(kept.map(|(name, value)| (name.clone(), trimmed(value))).collect())
        }
        Value::Array(list) => list.iter().map(trimmed).collect(),
        other => other.clone(),
    }
}

/// The specification has every cell be an object, which none is.
fn without_cells(answer: &Value) -> Value {
    let mut answer = answer.clone();
    for table in answer["tables"].as_array_mut().into_iter().flatten() {
        table["rows"] = json!([]);
    }
    for response in answer["responses"].as_array_mut().into_iter().flatten() {
        response["body"] = without_cells(&response["body"]);
    }
    answer
}
