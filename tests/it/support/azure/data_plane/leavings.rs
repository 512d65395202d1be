//! What runs leave beside artifacts: snapshots of their source, metrics, outputs of pipelines. No
//! specification of these services was ever published: addresses and fields are those of SDK v1
//! (`_restclient/operations/snapshot_operations`, `azureml-pipeline-core` `_restclients/aeva`) and
//! of `azure-ai-ml` (`_restclient/runhistory`).

use std::ops::Bound;

use serde_json::{Value, json};

use crate::support::azure::arm::paging;
use crate::support::azure::data_plane::runs::link;
use crate::support::azure::data_plane::service::{body, no_such_address, workspace, workspace_mut};
use crate::support::azure::entry::Call;
use crate::support::azure::place::WorkspaceId;
use crate::support::azure::refusal::{Answer, Refusal};
use crate::support::azure::state::{State, Workspace};
use crate::support::blob_server::wire::Reply;

/// Answers for snapshots: the service's word is `content`.
pub fn snapshots(state: &mut State, id: &WorkspaceId, words: &[&str], call: &Call<'_>) -> Answer {
    let request = call.request;
    let ["snapshots", snapshot, rest @ ..] = words else { return Err(no_such_address(request)) };
    let not_found = || Refusal::history(404, "SnapshotNotFound", format!("No snapshot {snapshot}"));
    let of_workspace = workspace_mut(state, id)?;
    let files = of_workspace.snapshots.get(*snapshot).cloned().ok_or_else(not_found)?;
    let zip = format!("snapshotzips/{snapshot}.zip");
    match (request.method.as_str(), rest) {
        ("GET", []) | ("POST", ["zip"]) => Ok(Reply::new(200).json(&json!({"zipSas": link(&zip)}))),
        ("GET", ["metadata"]) => {
            let files = files.iter().map(|name| json!({"name": name, "type": "File"}));
            let root = json!({"name": "", "children": files.collect::<Vec<_>>()});
            Ok(Reply::new(200).json(&json!({"id": snapshot, "root": root})))
        }
        ("GET", ["sas"]) => {
            let linked = files.iter().map(|name| (name.clone(), link(name).into()));
            Ok(Reply::new(200).json(&json!({"files": Value::Object(linked.collect())})))
        }
        ("DELETE", []) => {
            of_workspace.snapshots.remove(*snapshot);
            Ok(Reply::new(200))
        }
        _ => Err(no_such_address(request)),
    }
}

/// Answers for metrics: by run, or by the container of its data. 204 where there are none.
pub fn metrics(state: &mut State, id: &WorkspaceId, words: &[&str], call: &Call<'_>) -> Answer {
    let request = call.request;
    if let ("POST", ["runs", run, what @ ("list" | "full")]) = (request.method.as_str(), words) {
        return measured(state, id, run, *what == "full", &body(request)?);
    }
    let run = match words {
        ["runs", run, "deleteMetrics"] => *run,
        ["experiments", _, "containers", container, "deleteMetrics"] => {
            container.strip_prefix("dcid.").unwrap_or(container)
        }
        _ => return Err(no_such_address(request)),
    };
    if request.method != "DELETE" {
        return Err(no_such_address(request));
    }
    match workspace_mut(state, id)?.metrics.remove(run) {
        Some(_) => Ok(Reply::new(200)),
        None => Ok(Reply::new(204)),
    }
}

/// What is measured of a run: the names, or the values under one of them.
fn measured(state: &State, id: &WorkspaceId, run: &str, is_full: bool, asked: &Value) -> Answer {
    let metrics = workspace(state, id)?.metrics.get(run).and_then(Value::as_object);
    let named = asked["metricName"].as_str().unwrap_or_default();
    let values: Vec<(String, Value)> = match (metrics, is_full) {
        (None, false) => Vec::new(),
        (Some(metrics), false) => metrics
            .keys()
            .map(|name| (name.clone(), json!({"metricKey": {"name": name}, "columns": {}})))
            .collect(),
        (metrics, true) => {
            let values = metrics.and_then(|metrics| metrics.get(named)).and_then(Value::as_array);
            let values = values.ok_or_else(|| {
                Refusal::history(404, "MetricNotFound", format!("No metric {named}"))
            })?;
            let numbered = values.iter().enumerate();
            numbered
                .map(|(step, value)| {
                    let value = json!({"step": step, "data": {named: value}});
                    (format!("{step:06}"), value)
                })
                .collect()
        }
    };
    let from = |behind: Bound<String>| {
        values.clone().into_iter().filter(move |(key, _)| match &behind {
            Bound::Excluded(last) => key > last,
            _ => true,
        })
    };
    let page = paging::page(state, asked["continuationToken"].as_str(), None, from);
    let page = page.ok_or_else(|| {
        Refusal::history(400, "ValidationError", "The continuation token is not one of ours.")
    })?;
    Ok(Reply::new(200).json(&json!({"value": page.items, "continuationToken": page.token})))
}

/// Answers for outputs of pipelines: where `get_pipeline_output` finds what it downloads.
pub fn outputs(state: &State, id: &WorkspaceId, words: &[&str], call: &Call<'_>) -> Answer {
    let request = call.request;
    let ("GET", ["PipelineRuns", run, "PipelineRunOutputs", name]) =
        (request.method.as_str(), words)
    else {
        return Err(no_such_address(request));
    };
    let key = ((*run).to_owned(), (*name).to_owned());
    let found = workspace(state, id)?.outputs.get(&key);
    let (datastore, path) = found.ok_or_else(|| {
        Refusal::history(404, "NotFound", format!("Pipeline run {run} has no output {name}"))
    })?;
    Ok(Reply::new(200).json(&json!({
        "DataTypeId": "AnyDirectory",
        "LogicalSizeInBytes": 0,
        "PhysicalSizeInBytes": 0,
        "DataLocation": {
            "StorageType": "DataReference",
            "DataReference": {
                // A number in text, or a name: both were met.
                "Type": "1",
                "AzureBlobReference": {"RelativePath": path, "AmlDataStoreName": datastore},
            },
        },
    })))
}

impl Workspace {
    /// Keeps the source of a run.
    pub fn add_snapshot(&mut self, snapshot: &str, files: &[&str]) {
        let files = files.iter().map(|name| (*name).to_owned()).collect();
        self.snapshots.insert(snapshot.to_owned(), files);
    }

    /// Says where an output of a pipeline is.
    pub fn add_output(&mut self, run: &str, name: &str, datastore: &str, path: &str) {
        let place = (datastore.to_owned(), path.to_owned());
        self.outputs.insert((run.to_owned(), name.to_owned()), place);
    }
}
