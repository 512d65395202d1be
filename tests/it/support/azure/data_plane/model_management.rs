//! Models and web services of SDK v1. Its models are the versions that the control plane knows:
//! `name:version` here is `models/name/versions/version` there.

use std::ops::Bound;

use serde_json::{Value, json};

use crate::support::azure::arm::paging;
use crate::support::azure::arm::service::course;
use crate::support::azure::data_plane::service::{no_such_address, workspace, workspace_mut};
use crate::support::azure::entry::Call;
use crate::support::azure::kind::Kind;
use crate::support::azure::operations::{Effect, End, Shape};
use crate::support::azure::place::WorkspaceId;
use crate::support::azure::refusal::{Answer, Refusal};
use crate::support::azure::state::{Resource, State, Workspace};
use crate::support::blob_server::form::stamp;
use crate::support::blob_server::wire::{Reply, Request};

/// Answers for models, web services and what goes on with these.
pub fn answer(state: &mut State, id: &WorkspaceId, words: &[&str], call: &Call<'_>) -> Answer {
    let request = call.request;
    match (request.method.as_str(), words) {
        ("GET", ["models"]) | ("POST", ["models", "list"]) => models(state, id, request),
        ("GET", ["models", name]) => model(state, id, name),
        ("DELETE", ["models", model]) => delete_model(state, id, model),
        ("GET", ["services"]) | ("POST", ["services", "list"]) => services(state, id, request),
        ("GET", ["services", name]) => {
            let found = workspace(state, id)?.web_services.get(*name);
            let found = found.ok_or_else(|| not_found("Service", name))?;
            Ok(Reply::new(200).json(&Value::Object(found.clone())))
        }
        ("DELETE", ["services", name]) => delete_service(state, id, name, call),
        ("GET", ["operations", operation]) => look(state, operation),
        _ => Err(no_such_address(request)),
    }
}

fn not_found(what: &str, name: &str) -> Refusal {
    Refusal::model_management(404, "NotFound", format!("{what} {name} was not found."))
}

fn models(state: &State, id: &WorkspaceId, request: &Request) -> Answer {
    let workspace = workspace(state, id)?;
    let (name, run) = (request.query("name"), request.query("runid"));
    let is_meant = |resource: &Resource| {
        let job = resource.properties.get("jobName").and_then(Value::as_str);
        resource.gone.is_none()
            && name.is_none_or(|name| resource.names.first().is_some_and(|own| own == name))
            && run.is_none_or(|run| job == Some(run))
    };
    let from = |behind: Bound<String>| {
        let first = match behind {
            Bound::Excluded(key) => Bound::Excluded((Kind::ModelVersion, key)),
            _ => Bound::Included((Kind::ModelVersion, String::new())),
        };
        let there = workspace.resources.range((first, Bound::Unbounded));
        let own = there.take_while(|(key, _)| key.0 == Kind::ModelVersion);
        own.filter(|(_, resource)| is_meant(resource))
            .map(|(key, resource)| (key.1.clone(), model_document(resource)))
    };
    paging::answer(state, request, "$skipToken", from)
}

fn names(model: &str) -> Option<Vec<String>> {
    let (name, version) = model.rsplit_once(':')?;
    Some(vec![name.to_owned(), version.to_owned()])
}

fn model(state: &State, id: &WorkspaceId, model: &str) -> Answer {
    let workspace = workspace(state, id)?;
    let names = names(model).unwrap_or_default();
    let found = workspace.get(Kind::ModelVersion, &names);
    let found = found.ok_or_else(|| not_found("Model", model))?;
    Ok(Reply::new(200).json(&model_document(found)))
}

/// A model that a web service uses is not deleted: 412.
fn delete_model(state: &mut State, id: &WorkspaceId, model: &str) -> Answer {
    let now = state.now;
    let workspace = workspace_mut(state, id)?;
    let names = names(model).unwrap_or_default();
    if workspace.get(Kind::ModelVersion, &names).is_none() {
        return Ok(Reply::new(204));
    }
    if is_used(workspace, model) {
        let text = format!("DeletionRequired: the model {model} is used by a service or an image.");
        return Err(Refusal::model_management(412, "PreconditionFailed", text));
    }
    workspace.remove(Kind::ModelVersion, &names, now);
    Ok(Reply::new(200))
}

fn is_used(workspace: &Workspace, model: &str) -> bool {
    workspace.web_services.values().any(|service| {
        let models = service.get("modelIds").and_then(Value::as_array);
        models.is_some_and(|models| models.iter().any(|used| used == model))
    })
}

fn model_document(resource: &Resource) -> Value {
    let (name, version) = match &resource.names[..] {
        [name, version] => (name.as_str(), version.as_str()),
        _ => ("", ""),
    };
    let properties = &resource.properties;
    json!({
        "id": format!("{name}:{version}"),
        "name": name,
        "framework": "Custom",
        "frameworkVersion": null,
        "version": version.parse::<u64>().unwrap_or(1),
        "datasets": [],
        "url": properties.get("modelUri").and_then(Value::as_str).unwrap_or("aml://asset/0"),
        "mimeType": "application/x-python",
        "description": properties.get("description"),
        "createdTime": stamp(resource.created),
        "modifiedTime": stamp(resource.modified),
        "unpack": false,
        "parentModelId": null,
        "runId": properties.get("jobName"),
        "experimentName": null,
        "kvTags": properties.get("tags").cloned().unwrap_or_else(|| json!({})),
        "properties": properties.get("properties").cloned().unwrap_or_else(|| json!({})),
        "createdBy": {"userObjectId": null, "userName": resource.created_by},
    })
}

fn services(state: &State, id: &WorkspaceId, request: &Request) -> Answer {
    let workspace = workspace(state, id)?;
    let named = request.query("name");
    let from = |behind: Bound<String>| {
        let there = workspace.web_services.range((behind, Bound::Unbounded));
        let meant = there.filter(|(name, _)| named.is_none_or(|named| named == *name));
        meant.map(|(name, service)| (name.clone(), Value::Object(service.clone())))
    };
    paging::answer(state, request, "$skipToken", from)
}

/// 200 where it is over, 202 with `Operation-Location` where it goes on, 204 where there is none.
fn delete_service(state: &mut State, id: &WorkspaceId, name: &str, call: &Call<'_>) -> Answer {
    if !workspace(state, id)?.web_services.contains_key(name) {
        return Ok(Reply::new(204));
    }
    let (course, now) = (course(state, Kind::WebService, call), state.now);
    let is_at_once = course.shape == Shape::AtOnce;
    let effect = Effect::Delete { kind: Kind::WebService, names: vec![name.to_owned()] };
    let operation = state.operations.begin(Kind::WebService, id, effect, course, now);
    state.settle();
    if is_at_once {
        return Ok(Reply::new(200));
    }
    let path = format!("/modelmanagement/v1.0{}/operations/{operation}", id.path());
    Ok(Reply::new(202).with("Operation-Location", format!("{}{path}", state.base_url)))
}

fn look(state: &mut State, id: &str) -> Answer {
    let now = state.now;
    let Some((is_over, operation)) = state.operations.look(id) else {
        return Err(not_found("Operation", id));
    };
    let (word, error) = match &operation.course.end {
        End::Forgotten if is_over => return Err(not_found("Operation", id)),
        _ if !is_over => ("Running", Value::Null),
        End::Failed { code, message } => {
            let error = json!({"code": code, "statusCode": 500, "message": message, "details": []});
            ("Failed", error)
        }
        End::Canceled => ("Cancelled", Value::Null),
        _ => ("Succeeded", Value::Null),
    };
    Ok(Reply::new(200).json(&json!({
        "id": id,
        "operationType": "Service",
        "state": word,
        "createdTime": stamp(operation.started),
        "endTime": is_over.then(|| stamp(now)),
        "error": error,
        "resourceLocation": format!("{}/services", operation.workspace.path()),
    })))
}
