//! Services by their first word.

use serde_json::Value;

use crate::support::azure::data_plane::{
    artifacts, datasets, experiments, leavings, model_management, runs,
};
use crate::support::azure::entry::Call;
use crate::support::azure::faults::Verb;
use crate::support::azure::kind::Kind;
use crate::support::azure::place::WorkspaceId;
use crate::support::azure::refusal::{Answer, Refusal};
use crate::support::azure::state::{State, Workspace};
use crate::support::blob_server::wire::Request;

/// Answers for something that a service of a workspace serves: service, workspace, and the words
/// behind it.
pub fn answer(
    state: &mut State,
    (service, id, rest): (&str, &WorkspaceId, &[String]),
    call: &Call<'_>,
) -> Answer {
    if state.live(id).is_none() {
        let text = format!("The workspace {} was not found.", id.name);
        return Err(Refusal::history(404, "WorkspaceNotFound", text));
    }
    let words: Vec<&str> = rest.iter().map(String::as_str).collect();
    match (service, &words[..]) {
        ("history", ["experiments:query", ..] | ["experiments", _]) => {
            experiments::answer(state, id, &words, call)
        }
        ("history", ["experimentids", _] | ["experimentids", _, "tags:delete" | "tags"]) => {
            experiments::answer(state, id, &words, call)
        }
        ("history", ["experiments", _, "runs", run, "artifacts", ..])
        | ("history", ["experimentids", _, "runs", run, "artifacts", ..]) => {
            artifacts::of_run(state, id, (run, &words[5..]), call)
        }
        ("history", _) => runs::answer(state, id, &words, call),
        ("artifact", _) => artifacts::answer(state, id, &words, call),
        ("modelmanagement" | "modelregistry", _) => {
            model_management::answer(state, id, &words, call)
        }
        ("content", _) => leavings::snapshots(state, id, &words, call),
        ("metric", _) => leavings::metrics(state, id, &words, call),
        ("pipelines", _) => leavings::outputs(state, id, &words, call),
        ("dataset", _) => datasets::answer(state, id, &words, call),
        _ => Err(no_such_address(call.request)),
    }
}

/// What is asked of what kind.
pub fn meaning(method: Verb, service: &str, rest: &[String]) -> Option<(Verb, Kind)> {
    let words: Vec<&str> = rest.iter().map(String::as_str).collect();
    let last = *words.last()?;
    let is_query = last.ends_with(":query") || matches!(last, "children" | "runIds");
    match (service, &words[..]) {
        ("history", ["experiments:query"]) => Some((Verb::List, Kind::Experiment)),
        ("history", ["experimentids" | "experiments", _]) => Some((method, Kind::Experiment)),
        ("history", ["experimentids", _, "tags:delete" | "tags"]) => {
            Some((Verb::Patch, Kind::Experiment))
        }
        ("history", [.., "artifacts"]) => Some((Verb::List, Kind::Artifact)),
        ("history", _) if words.contains(&"artifacts") => Some((method, Kind::Artifact)),
        ("history", _) if is_query => Some((Verb::List, Kind::Run)),
        ("history", [.., "tags"]) => Some((Verb::Patch, Kind::Run)),
        ("history", _) => Some((method, Kind::Run)),
        ("artifact", ["artifacts", _, _]) if method == Verb::Get => {
            Some((Verb::List, Kind::Artifact))
        }
        ("artifact", _) => Some((method, Kind::Artifact)),
        (_, ["models", _]) => Some((method, Kind::V1Model)),
        (_, ["models", ..]) => Some((Verb::List, Kind::V1Model)),
        (_, ["services", _]) => Some((method, Kind::WebService)),
        (_, ["services", ..]) => Some((Verb::List, Kind::WebService)),
        (_, ["operations", _]) => Some((Verb::Poll, Kind::WebService)),
        ("content", _) => Some((method, Kind::Snapshot)),
        ("metric", ["runs", _, "list" | "full"]) => Some((Verb::List, Kind::Metrics)),
        ("metric", _) => Some((method, Kind::Metrics)),
        ("pipelines", _) => Some((method, Kind::PipelineOutput)),
        ("dataset", [_]) if method == Verb::Get => Some((Verb::List, Kind::V1Dataset)),
        ("dataset", _) => Some((method, Kind::V1Dataset)),
        _ => None,
    }
}

/// The workspace, which `answer` has seen to be there.
pub fn workspace<'a>(state: &'a State, id: &WorkspaceId) -> Result<&'a Workspace, Refusal> {
    let workspace = state.workspaces.get(&id.key());
    workspace.ok_or_else(|| Refusal::history(404, "WorkspaceNotFound", "No such workspace."))
}

/// The same, to be changed.
pub fn workspace_mut<'a>(
    state: &'a mut State,
    id: &WorkspaceId,
) -> Result<&'a mut Workspace, Refusal> {
    let workspace = state.workspaces.get_mut(&id.key());
    workspace.ok_or_else(|| Refusal::history(404, "WorkspaceNotFound", "No such workspace."))
}

/// The refusal of an address that no service knows.
pub fn no_such_address(request: &Request) -> Refusal {
    let text = format!("Nothing is served at {} {}.", request.method, request.path);
    Refusal::history(404, "NotFound", text)
}

/// A body of JSON; an empty one is `null`.
pub fn body(request: &Request) -> Result<Value, Refusal> {
    if request.body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&request.body)
        .map_err(|_| Refusal::history(400, "ValidationError", "The body is no JSON."))
}
