//! What runs left, as the artifact service knows it: ids are `{origin}/{container}/{path}`, and
//! name a blob of the container `azureml`. What is deleted here is what the service knows of it;
//! the blob stays (unknown; clients of ours should delete it themselves).

use std::ops::Bound;

use serde_json::{Value, json};

use crate::support::azure::arm::paging;
use crate::support::azure::data_plane::runs::link;
use crate::support::azure::data_plane::service::{body, no_such_address, workspace, workspace_mut};
use crate::support::azure::entry::Call;
use crate::support::azure::place::WorkspaceId;
use crate::support::azure::refusal::{Answer, Refusal};
use crate::support::azure::state::{Artifact, State, Workspace};
use crate::support::blob_server::form::stamp;
use crate::support::blob_server::wire::{Reply, Request};

type Key = (String, String, String);

/// Answers at the artifact service: paths in the query as in the specification, or behind the
/// container as SDK v1 writes them.
pub fn answer(state: &mut State, id: &WorkspaceId, words: &[&str], call: &Call<'_>) -> Answer {
    let request = call.request;
    let path = |words: &[&str]| match words {
        [] => request.query("path").unwrap_or_default().to_owned(),
        words => words.join("/"),
    };
    match (request.method.as_str(), words) {
        ("DELETE", ["artifacts", "metadata", origin, container, rest @ ..]) => {
            delete(state, id, &key(origin, container, &path(rest)))
        }
        ("DELETE", ["artifacts", origin, container, "metadata"]) => {
            delete(state, id, &key(origin, container, &path(&[])))
        }
        ("DELETE", ["artifacts", "batch", origin, container])
        | ("DELETE", ["artifacts", origin, container, "batch"]) => {
            delete_all(state, id, origin, container)
        }
        ("POST", ["artifacts", origin, container, "batch", "metadata:delete"]) => {
            let asked = body(request)?;
            let paths = asked["paths"].as_array().cloned().unwrap_or_default();
            for path in paths.iter().filter_map(Value::as_str) {
                delete(state, id, &key(origin, container, path))?;
            }
            Ok(Reply::new(200))
        }
        ("GET", ["artifacts", origin, container, "metadata"])
        | ("GET", ["artifacts", "metadata", origin, container, ..]) => {
            let rest = if words[1] == "metadata" { &words[4..] } else { &[] };
            get(state, id, &key(origin, container, &path(rest)), document)
        }
        ("GET", ["artifacts", origin, container, "contentinfo"])
        | ("GET", ["artifacts", "contentinfo", origin, container, ..]) => {
            let rest = if words[1] == "contentinfo" { &words[4..] } else { &[] };
            get(state, id, &key(origin, container, &path(rest)), content)
        }
        ("GET", ["artifacts", "prefix", "contentinfo", origin, container, rest @ ..]) => {
            list(state, id, (origin, container, &path(rest)), request, content)
        }
        ("GET", ["artifacts", origin, container, "prefix", "contentinfo"]) => {
            list(state, id, (origin, container, &path(&[])), request, content)
        }
        ("GET", ["artifacts", origin, container, rest @ ..]) => {
            list(state, id, (origin, container, &path(rest)), request, document)
        }
        _ => Err(no_such_address(request)),
    }
}

/// Answers for the artifacts of one run: `rest` is what stands behind `artifacts`.
pub fn of_run(
    state: &mut State,
    id: &WorkspaceId,
    (run, rest): (&str, &[&str]),
    call: &Call<'_>,
) -> Answer {
    let request = call.request;
    if workspace(state, id)?.run(run).is_none() {
        return Err(Refusal::history(404, "RunNotFoundError", format!("Run {run} was not found")));
    }
    let container = format!("dcid.{run}");
    let origin = "ExperimentRun";
    let asked = |words: &[&str]| match words {
        [] => request.query("path").unwrap_or_default().to_owned(),
        words => words.join("/"),
    };
    match (request.method.as_str(), rest) {
        ("GET", []) => list(state, id, (origin, &container, ""), request, document),
        ("GET", ["path", rest @ ..]) => {
            list(state, id, (origin, &container, &asked(rest)), request, document)
        }
        ("GET", ["prefix", "contentinfo", rest @ ..]) => {
            list(state, id, (origin, &container, &asked(rest)), request, content)
        }
        ("GET", ["metadata", rest @ ..]) => {
            get(state, id, &key(origin, &container, &asked(rest)), document)
        }
        ("GET", ["contentinfo", rest @ ..]) => {
            get(state, id, &key(origin, &container, &asked(rest)), content)
        }
        ("GET", ["artifacturi", rest @ ..]) => {
            get(state, id, &key(origin, &container, &asked(rest)), |_, artifact| {
                link(&artifact.blob).into()
            })
        }
        _ => Err(no_such_address(request)),
    }
}

fn key(origin: &str, container: &str, path: &str) -> Key {
    (origin.to_owned(), container.to_owned(), path.trim_start_matches('/').to_owned())
}

fn not_found(key: &Key) -> Refusal {
    let text = format!("The artifact {}/{}/{} was not found.", key.0, key.1, key.2);
    Refusal::history(404, "ArtifactNotFound", text)
}

fn get(
    state: &State,
    id: &WorkspaceId,
    key: &Key,
    view: impl Fn(&Key, &Artifact) -> Value,
) -> Answer {
    let artifact = workspace(state, id)?.artifacts.get(key).ok_or_else(|| not_found(key))?;
    Ok(Reply::new(200).json(&view(key, artifact)))
}

fn list(
    state: &State,
    id: &WorkspaceId,
    (origin, container, prefix): (&str, &str, &str),
    request: &Request,
    view: impl Fn(&Key, &Artifact) -> Value,
) -> Answer {
    let workspace = workspace(state, id)?;
    let begin = |path: String| (origin.to_owned(), container.to_owned(), path);
    let from = |behind: Bound<String>| {
        let first = match behind {
            Bound::Excluded(path) => Bound::Excluded(begin(path)),
            _ => Bound::Included(begin(prefix.to_owned())),
        };
        let there = workspace.artifacts.range((first, Bound::Unbounded));
        let own = there.take_while(move |(key, _)| {
            key.0 == origin && key.1 == container && key.2.starts_with(prefix)
        });
        own.map(|(key, artifact)| (key.2.clone(), view(key, artifact)))
    };
    let token = request.query("continuationtoken").or(request.query("$continuationtoken"));
    let page = paging::page(state, token, None, from).ok_or_else(|| {
        Refusal::history(400, "ValidationError", "The continuation token is not one of ours.")
    })?;
    let body = json!({"value": page.items, "continuationToken": page.token, "nextLink": null});
    Ok(Reply::new(200).json(&body))
}

fn delete(state: &mut State, id: &WorkspaceId, key: &Key) -> Answer {
    match workspace_mut(state, id)?.artifacts.remove(key) {
        Some(_) => Ok(Reply::new(200)),
        None => Err(not_found(key)),
    }
}

fn delete_all(state: &mut State, id: &WorkspaceId, origin: &str, container: &str) -> Answer {
    let artifacts = &mut workspace_mut(state, id)?.artifacts;
    artifacts.retain(|key, _| key.0 != origin || key.1 != container);
    Ok(Reply::new(200))
}

fn document(key: &Key, artifact: &Artifact) -> Value {
    let (origin, container, path) = key;
    json!({
        "artifactId": format!("{origin}/{container}/{path}"),
        "origin": origin,
        "container": container,
        "path": path,
        "etag": "\"0x8DC0000000000\"",
        "createdTime": stamp(artifact.created),
        "dataPath": {"dataStoreName": "workspaceartifactstore", "relativePath": artifact.blob},
    })
}

fn content(key: &Key, artifact: &Artifact) -> Value {
    let (origin, container, path) = key;
    json!({
        "contentUri": link(&artifact.blob),
        "origin": origin,
        "container": container,
        "path": path,
    })
}

impl Workspace {
    /// Lets a run have left something.
    pub fn add_artifact(&mut self, run: &str, path: &str, created: jiff::Timestamp) {
        let container = format!("dcid.{run}");
        let blob = format!("ExperimentRun/{container}/{path}");
        self.artifacts.insert(key("ExperimentRun", &container, path), Artifact { created, blob });
    }
}
