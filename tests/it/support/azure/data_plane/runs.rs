//! Run history: runs by id or by query, their details, their children, their tags.
//!
//! There is no way to delete a run here: the control plane deletes the job.

use std::ops::Bound;

use serde_json::{Map, Value, json};

use crate::support::azure::arm::paging;
use crate::support::azure::data_plane::filters::Filter;
use crate::support::azure::data_plane::run::Run;
use crate::support::azure::data_plane::service::{body, no_such_address, workspace, workspace_mut};
use crate::support::azure::entry::Call;
use crate::support::azure::place::WorkspaceId;
use crate::support::azure::refusal::{Answer, Refusal};
use crate::support::azure::state::{State, Workspace};
use crate::support::blob_server::wire::{Reply, Request};

/// What a `RunDetails` says of a run's document.
const DETAILS: [&str; 22] = [
    "runId",
    "runUuid",
    "parentRunUuid",
    "rootRunUuid",
    "target",
    "status",
    "parentRunId",
    "dataContainerId",
    "createdTimeUtc",
    "startTimeUtc",
    "endTimeUtc",
    "error",
    "warnings",
    "tags",
    "properties",
    "parameters",
    "services",
    "inputDatasets",
    "outputDatasets",
    "runDefinition",
    "revision",
    "createdBy",
];
/// What a `PATCH` may change (`CreateRun`); properties are added and never changed.
const CHANGEABLE: [&str; 6] =
    ["description", "displayName", "hidden", "status", "endTimeUtc", "name"];

/// Answers for runs.
pub fn answer(state: &mut State, id: &WorkspaceId, words: &[&str], call: &Call<'_>) -> Answer {
    let request = call.request;
    // Runs stand below an experiment, by name or id, and below the workspace itself.
    let (experiment, rest) = match words {
        ["experiments", name, rest @ ..] => (Some(Below::Name(name)), rest),
        ["experimentids", id, rest @ ..] => (Some(Below::Id(id)), rest),
        _ => (None, words),
    };
    match (request.method.as_str(), rest) {
        ("POST", ["runs:query"]) => query(state, id, experiment, request),
        ("POST", ["runs", "runIds"]) => by_ids(state, id, request),
        ("POST", ["rundata"]) => run_data(state, id, request),
        ("GET", ["runs", run]) => found(state, id, run, |run| run.document().into()),
        ("GET", ["runs", run, "details"]) => details(state, id, run),
        ("GET", ["runs", run, "children"]) => children(state, id, run, request),
        ("PATCH", ["runs", run]) => patch(state, id, run, request),
        ("DELETE" | "PATCH", ["runs", run, "tags"]) => tags(state, id, run, request),
        _ => Err(no_such_address(request)),
    }
}

enum Below<'a> {
    Name(&'a str),
    Id(&'a str),
}

fn not_found(id: &str) -> Refusal {
    Refusal::history(404, "RunNotFoundError", format!("Run {id} was not found"))
}

fn found(state: &State, id: &WorkspaceId, run: &str, view: impl Fn(&Run) -> Value) -> Answer {
    let run = workspace(state, id)?.run(run).ok_or_else(|| not_found(run))?;
    Ok(Reply::new(200).json(&view(run)))
}

fn query(
    state: &State,
    id: &WorkspaceId,
    experiment: Option<Below<'_>>,
    request: &Request,
) -> Answer {
    let asked = body(request)?;
    let workspace = workspace(state, id)?;
    let name = match experiment {
        None => None,
        Some(Below::Name(name)) => Some(name.to_owned()),
        Some(Below::Id(id)) => {
            let found = workspace.experiments.get(id).map(|experiment| experiment.name.clone());
            Some(found.ok_or_else(|| Refusal::history(404, "NotFound", "No such experiment."))?)
        }
    };
    let filter = Filter::parse(asked["filter"].as_str().unwrap_or_default())?;
    let view = asked["viewType"].as_str().unwrap_or("All").to_owned();
    let is_meant = move |run: &Run| {
        let in_view = match view.as_str() {
            "ActiveOnly" => !run.is_archived(),
            "ArchivedOnly" => run.is_archived(),
            _ => true,
        };
        in_view && name.as_ref().is_none_or(|name| *name == run.experiment)
    };
    page(state, workspace, &asked, move |run| is_meant(run) && filter.holds(&run.document().into()))
}

/// One page of runs, with a token for the rest.
fn page(
    state: &State,
    workspace: &Workspace,
    asked: &Value,
    is_meant: impl Fn(&Run) -> bool,
) -> Answer {
    let from = |behind: Bound<String>| {
        let there = workspace.runs.range((behind, Bound::Unbounded));
        let there = there.filter(|(_, run)| run.gone.is_none() && is_meant(run));
        there.map(|(id, run)| (id.clone(), run.document().into()))
    };
    let size = asked["top"].as_u64().and_then(|top| usize::try_from(top).ok());
    let page = paging::page(state, asked["continuationToken"].as_str(), size, from);
    let page = page.ok_or_else(|| {
        Refusal::history(400, "ValidationError", "The continuation token is not one of ours.")
    })?;
    let body = json!({"value": page.items, "continuationToken": page.token, "nextLink": null});
    Ok(Reply::new(200).json(&body))
}

fn children(state: &State, id: &WorkspaceId, run: &str, request: &Request) -> Answer {
    let workspace = workspace(state, id)?;
    workspace.run(run).ok_or_else(|| not_found(run))?;
    let top = request.query("$top").and_then(|text| text.parse::<u64>().ok());
    let asked = json!({"continuationToken": request.query("$continuationtoken"), "top": top});
    let filter = Filter::parse(request.query("$filter").unwrap_or_default())?;
    page(state, workspace, &asked, |child| {
        child.parent() == Some(run) && filter.holds(&child.document().into())
    })
}

fn by_ids(state: &State, id: &WorkspaceId, request: &Request) -> Answer {
    let asked = body(request)?;
    let workspace = workspace(state, id)?;
    let ids = asked["runIds"].as_array().cloned().unwrap_or_default();
    let found = |id: &Value| {
        let run = id.as_str().and_then(|id| workspace.run(id));
        json!({"runId": id, "run": run.map(Run::document)})
    };
    Ok(Reply::new(200).json(&json!({"runs": ids.iter().map(found).collect::<Vec<_>>()})))
}

/// What `azure-ai-ml` asks for before it downloads or streams.
fn run_data(state: &State, id: &WorkspaceId, request: &Request) -> Answer {
    let asked = body(request)?;
    let run = asked["runId"].as_str().unwrap_or_default();
    found(state, id, run, |run| {
        json!({
            "runMetadata": run.document(),
            "runDefinition": run.said("runDefinition"),
            "jobSpecification": null,
            "systemSettings": null,
        })
    })
}

fn details(state: &State, id: &WorkspaceId, run: &str) -> Answer {
    let container = format!("dcid.{run}");
    let artifacts = workspace(state, id)?.artifacts.iter();
    // Links to logs are secrets: they open the blob to whoever has them.
    let logs: Map<String, Value> = artifacts
        .filter(|((_, own, path), _)| *own == container && path.contains("log"))
        .map(|((.., path), artifact)| (path.clone(), link(&artifact.blob).into()))
        .collect();
    found(state, id, run, |run| {
        let (document, mut details) = (run.document(), Map::new());
        for field in DETAILS {
            if let Some(value) = document.get(field) {
                details.insert(field.to_owned(), value.clone());
            }
        }
        details.insert("createdTimeUtc".to_owned(), document["createdUtc"].clone());
        details.insert("logFiles".to_owned(), logs.clone().into());
        details.into()
    })
}

/// A link that opens a blob, as the services hand them out.
pub fn link(blob: &str) -> String {
    format!(
        "https://examplews0000000001.blob.core.windows.net/azureml/{blob}?sv=2019-07-07&sr=b\
         &sig=c2lnbmF0dXJl&skoid={}&se=2026-01-02T00%3A00%3A00Z&sp=r",
        crate::support::azure::entra::CALLER
    )
}

fn patch(state: &mut State, id: &WorkspaceId, run: &str, request: &Request) -> Answer {
    let changes = body(request)?;
    let now = state.now;
    let of_workspace = workspace_mut(state, id)?;
    let changed = of_workspace.run_mut(run).ok_or_else(|| not_found(run))?;
    if changed.parent().is_some() && changes["hidden"] == true {
        let text = "Children of a pipeline cannot be archived.";
        return Err(Refusal::history(400, "ValidationError", text));
    }
    for field in CHANGEABLE {
        if let Some(value) = changes.get(field).filter(|value| !value.is_null()) {
            changed.say(field, value.clone());
        }
    }
    add(changed, "tags", &changes["tags"], true);
    add(changed, "properties", &changes["properties"], false);
    changed.written(now);
    found(state, id, run, |run| run.document().into())
}

/// Adds entries to an object of the document; those that are there stay unless they may change.
fn add(run: &mut Run, field: &str, entries: &Value, may_change: bool) {
    let Some(entries) = entries.as_object() else { return };
    let own = run.object(field);
    for (name, value) in entries {
        if may_change || !own.contains_key(name) {
            own.insert(name.clone(), value.clone());
        }
    }
}

/// `DELETE` with a list of names, `PATCH` with what to change and what to take away.
fn tags(state: &mut State, id: &WorkspaceId, run: &str, request: &Request) -> Answer {
    let asked = body(request)?;
    let gone = match request.method.as_str() {
        "DELETE" => &asked,
        _ => &asked["tagsToDelete"],
    };
    let gone: Vec<&str> = gone.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let now = state.now;
    let changed = workspace_mut(state, id)?.run_mut(run).ok_or_else(|| not_found(run))?;
    add(changed, "tags", &asked["tagsToModify"], true);
    changed.object("tags").retain(|name, _| !gone.contains(&name.as_str()));
    changed.written(now);
    found(state, id, run, |run| run.document().into())
}
