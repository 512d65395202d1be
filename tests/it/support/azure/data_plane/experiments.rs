//! Experiments: only empty ones can be deleted (MachineLearningNotebooks#196).

use std::ops::Bound;

use serde_json::{Value, json};

use crate::support::azure::arm::paging;
use crate::support::azure::arm::service::{begin, course};
use crate::support::azure::data_plane::service::{body, no_such_address, workspace, workspace_mut};
use crate::support::azure::entry::Call;
use crate::support::azure::kind::Kind;
use crate::support::azure::operations::Effect;
use crate::support::azure::place::WorkspaceId;
use crate::support::azure::refusal::{Answer, Refusal};
use crate::support::azure::state::{Experiment, State};
use crate::support::blob_server::form::stamp;
use crate::support::blob_server::wire::{Reply, Request};

/// Answers for experiments.
pub fn answer(state: &mut State, id: &WorkspaceId, words: &[&str], call: &Call<'_>) -> Answer {
    let request = call.request;
    match (request.method.as_str(), words) {
        ("POST", ["experiments:query"]) => query(state, id, request),
        ("GET", ["experiments", name]) => {
            let experiment = workspace(state, id)?.experiment_id(name);
            get(state, id, &experiment.ok_or_else(|| not_found(name))?)
        }
        ("POST", ["experiments", name]) => create(state, id, name),
        ("GET", ["experimentids", experiment]) => get(state, id, experiment),
        ("PATCH", ["experimentids", experiment]) => patch(state, id, experiment, request),
        ("DELETE", ["experimentids", experiment]) => delete(state, id, experiment, call),
        ("POST", ["experimentids", experiment, "tags:delete"])
        | ("DELETE", ["experimentids", experiment, "tags"]) => {
            delete_tags(state, id, experiment, request)
        }
        _ => Err(no_such_address(request)),
    }
}

fn not_found(name: &str) -> Refusal {
    Refusal::history(404, "ExperimentNotFound", format!("Experiment {name} was not found"))
}

fn get(state: &State, id: &WorkspaceId, experiment: &str) -> Answer {
    let found = workspace(state, id)?.experiments.get(experiment);
    let found = found.ok_or_else(|| not_found(experiment))?;
    Ok(Reply::new(200).json(&document(experiment, found)))
}

fn document(id: &str, experiment: &Experiment) -> Value {
    json!({
        "experimentId": id,
        "name": experiment.name,
        "description": experiment.description,
        "createdUtc": stamp(experiment.created),
        "tags": experiment.tags,
        "archivedTime": experiment.archived.map(stamp),
        "retainForLifetimeOfWorkspace": false,
        "artifactLocation": null,
    })
}

fn query(state: &State, id: &WorkspaceId, request: &Request) -> Answer {
    let asked = body(request)?;
    let view = asked["viewType"].as_str().unwrap_or("ActiveOnly");
    // One filter is written by clients: the name.
    let name = asked["filter"].as_str().unwrap_or_default().to_lowercase();
    let name = name.strip_prefix("name eq ").map(|name| name.trim_matches('\'').to_owned());
    let is_meant = |experiment: &Experiment| {
        let in_view = match view {
            "All" => true,
            "ArchivedOnly" => experiment.archived.is_some(),
            _ => experiment.archived.is_none(),
        };
        in_view && name.as_ref().is_none_or(|name| experiment.name.to_lowercase() == *name)
    };
    let workspace = workspace(state, id)?;
    let from = |behind: Bound<String>| {
        let there = workspace.experiments.range((behind, Bound::Unbounded));
        let meant = there.filter(|(_, experiment)| is_meant(experiment));
        meant.map(|(id, experiment)| (id.clone(), document(id, experiment)))
    };
    let size = asked["top"].as_u64().and_then(|top| usize::try_from(top).ok());
    let page = paging::page(state, asked["continuationToken"].as_str(), size, from);
    let page = page.ok_or_else(|| {
        Refusal::history(400, "ValidationError", "The continuation token is not one of ours.")
    })?;
    let body = json!({"value": page.items, "continuationToken": page.token, "nextLink": null});
    Ok(Reply::new(200).json(&body))
}

fn create(state: &mut State, id: &WorkspaceId, name: &str) -> Answer {
    let now = state.now;
    let of_workspace = workspace_mut(state, id)?;
    let found = of_workspace.experiment_id(name);
    let experiment = found.unwrap_or_else(|| of_workspace.add_experiment(name, now));
    get(state, id, &experiment)
}

fn patch(state: &mut State, id: &WorkspaceId, experiment: &str, request: &Request) -> Answer {
    let changes = body(request)?;
    let now = state.now;
    let changed = workspace_mut(state, id)?.experiments.get_mut(experiment);
    let changed = changed.ok_or_else(|| not_found(experiment))?;
    if let Some(description) = changes["description"].as_str() {
        changed.description = Some(description.to_owned());
    }
    if let Some(tags) = changes["tags"].as_object() {
        changed.tags.extend(tags.clone());
    }
    match changes["archive"].as_bool() {
        Some(true) => changed.archived = Some(now),
        Some(false) => changed.archived = None,
        None => {}
    }
    get(state, id, experiment)
}

fn delete(state: &mut State, id: &WorkspaceId, experiment: &str, call: &Call<'_>) -> Answer {
    let of_workspace = workspace(state, id)?;
    let found = of_workspace.experiments.get(experiment).ok_or_else(|| not_found(experiment))?;
    let mut runs = of_workspace.runs.values().filter(|run| run.gone.is_none());
    if runs.any(|run| run.experiment == found.name) {
        let text =
            "Only empty Experiments can be deleted. This experiment contains run(s)".to_owned();
        return Err(Refusal::history(400, "ExperimentNotEmpty", text));
    }
    let effect = Effect::Delete { kind: Kind::Experiment, names: vec![experiment.to_owned()] };
    let course = course(state, Kind::Experiment, call);
    Ok(begin(state, Kind::Experiment, id, effect, course))
}

/// `{"tags": […]}`, or the list alone as in 2019.
fn delete_tags(state: &mut State, id: &WorkspaceId, experiment: &str, request: &Request) -> Answer {
    let asked = body(request)?;
    let names = asked.as_array().or(asked["tags"].as_array()).cloned().unwrap_or_default();
    let changed = workspace_mut(state, id)?.experiments.get_mut(experiment);
    let changed = changed.ok_or_else(|| not_found(experiment))?;
    changed.tags.retain(|name, _| !names.iter().any(|gone| gone == name.as_str()));
    get(state, id, experiment)
}
