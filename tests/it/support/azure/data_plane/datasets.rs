//! Datasets of SDK v1. Unregistering one changes no data. No specification of this service was ever
//! published: addresses and fields are those of SDK v1 (`_restclient/dataset_*`).

use std::ops::Bound;

use serde_json::{Value, json};

use crate::support::azure::arm::paging;
use crate::support::azure::data_plane::service::{body, no_such_address, workspace, workspace_mut};
use crate::support::azure::entry::Call;
use crate::support::azure::place::WorkspaceId;
use crate::support::azure::refusal::{Answer, Refusal};
use crate::support::azure::state::{State, Workspace};
use crate::support::blob_server::wire::{Reply, Request};

/// Answers for datasets.
pub fn answer(state: &mut State, id: &WorkspaceId, words: &[&str], call: &Call<'_>) -> Answer {
    let request = call.request;
    match (request.method.as_str(), words) {
        ("GET", ["datasets"]) => list(state, id, request),
        ("GET", ["datasets", "query", name]) => get(state, id, &name.replace("name=", "")),
        ("GET", ["datasets", dataset]) => get(state, id, dataset),
        ("DELETE", ["datasets"]) => {
            workspace_mut(state, id)?.datasets.clear();
            Ok(Reply::new(200))
        }
        ("DELETE", ["datasets", name]) => delete(state, id, name),
        ("PUT", ["datasets", dataset, "state"]) => {
            let to = body(request)?;
            let dataset = workspace_mut(state, id)?.datasets.get_mut(*dataset);
            let dataset = dataset.ok_or_else(|| not_found("of that id"))?;
            dataset.insert("datasetState".to_owned(), json!({"state": to["state"]}));
            Ok(Reply::new(200))
        }
        _ => Err(no_such_address(request)),
    }
}

/// The id of what was asked for by id or by name.
fn find(workspace: &Workspace, asked: &str) -> Option<String> {
    let mut all = workspace.datasets.iter();
    let is_meant = |name: Option<&Value>| name.and_then(Value::as_str) == Some(asked);
    all.find(|(id, dataset)| *id == asked || is_meant(dataset.get("name"))).map(|it| it.0.clone())
}

fn not_found(asked: &str) -> Refusal {
    Refusal::history(404, "DatasetNotFound", format!("Cannot find dataset {asked}"))
}

fn get(state: &State, id: &WorkspaceId, asked: &str) -> Answer {
    let workspace = workspace(state, id)?;
    let found = find(workspace, asked).ok_or_else(|| not_found(asked))?;
    Ok(Reply::new(200).json(&Value::Object(workspace.datasets[&found].clone())))
}

fn list(state: &State, id: &WorkspaceId, request: &Request) -> Answer {
    let workspace = workspace(state, id)?;
    let named = request.query("searchtext");
    let from = |behind: Bound<String>| {
        let there = workspace.datasets.range((behind, Bound::Unbounded));
        let meant = there.filter(|(_, dataset)| {
            named.is_none_or(|text| {
                dataset.get("name").and_then(Value::as_str).is_some_and(|own| own.contains(text))
            })
        });
        meant.map(|(id, dataset)| (id.clone(), Value::Object(dataset.clone())))
    };
    let size = request.query("pagesize").and_then(|text| text.parse().ok());
    let page = paging::page(state, request.query("continuationtoken"), size, from);
    let page = page.ok_or_else(|| {
        Refusal::history(400, "ValidationError", "The continuation token is not one of ours.")
    })?;
    let body = json!({"value": page.items, "continuationToken": page.token, "nextLink": null});
    Ok(Reply::new(200).json(&body))
}

fn delete(state: &mut State, id: &WorkspaceId, asked: &str) -> Answer {
    let workspace = workspace_mut(state, id)?;
    let found = find(workspace, asked).ok_or_else(|| not_found(asked))?;
    workspace.datasets.remove(&found);
    Ok(Reply::new(200))
}

impl Workspace {
    /// Registers a dataset of one version at a path of a datastore.
    pub fn add_dataset(&mut self, name: &str, datastore: &str, path: &str, created_by: &Value) {
        let id = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, name.as_bytes()).to_string();
        let document = json!({
            "datasetId": id,
            "name": name,
            "description": "",
            "datasetState": {"state": "active"},
            "datasetType": "tabular",
            "latest": {
                "datasetId": id,
                "versionId": "1",
                "dataPath": {"datastoreName": datastore, "relativePath": path},
                "createdBy": created_by,
                "tags": {},
            },
            "tags": {},
            "isVisible": true,
            "createdBy": created_by,
        });
        self.datasets.insert(id, document.as_object().cloned().unwrap_or_default());
    }
}
