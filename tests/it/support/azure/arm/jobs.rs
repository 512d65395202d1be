//! Jobs: the control plane's view of runs. What is changed here is changed in run history, and the
//! other way round.

use std::ops::Bound;

use serde_json::{Map, Value, json};

use crate::support::azure::arm::resources::id;
use crate::support::azure::arm::service::{begin, course, no_such_verb};
use crate::support::azure::arm::{paging, resources};
use crate::support::azure::data_plane::run::Run;
use crate::support::azure::entry::Call;
use crate::support::azure::faults::Verb;
use crate::support::azure::kind::Kind;
use crate::support::azure::operations::{Course, Effect, RetryAfter, Shape};
use crate::support::azure::place::Arm;
use crate::support::azure::refusal::{Answer, Refusal};
use crate::support::azure::state::{State, Workspace};
use crate::support::blob_server::form::stamp;
use crate::support::blob_server::wire::{Reply, Request};

/// Answers for jobs.
pub fn answer(state: &mut State, place: &Arm, call: &Call<'_>) -> Answer {
    let is_cancel = place.action.as_deref().is_some_and(|word| word.eq_ignore_ascii_case("cancel"));
    match (call.verb, &place.action) {
        (Verb::List, None) => list(state, place, call.request),
        (Verb::Get, None) => get(state, place),
        (Verb::Put, None) => put(state, place, call.request),
        (Verb::Delete, None) => delete(state, place, call),
        (Verb::Act, Some(_)) if is_cancel => cancel(state, place, call),
        _ => Err(no_such_verb(place)),
    }
}

fn get(state: &State, place: &Arm) -> Answer {
    let workspace = state.workspaces.get(&place.workspace.key());
    let workspace = workspace.ok_or_else(|| resources::not_found(place))?;
    let name = place.names.join("/");
    let run = workspace.run(&name).ok_or_else(|| resources::not_found(place))?;
    let mut document = document(state, workspace, &name, run);
    if run.parent().is_some() && state.switches.children_are_hidden {
        document["properties"] = Value::Null;
    }
    Ok(Reply::new(200).json(&document))
}

fn list(state: &State, place: &Arm, request: &Request) -> Answer {
    let workspace = state.workspaces.get(&place.workspace.key());
    let workspace = workspace.ok_or_else(|| resources::not_found(place))?;
    let from = |behind: Bound<String>| {
        let there = workspace.runs.range((behind, Bound::Unbounded));
        let listed = there.filter(move |(_, run)| is_listed(state, run, request));
        listed.map(move |(name, run)| (name.clone(), document(state, workspace, name, run)))
    };
    paging::answer(state, request, "$skip", from)
}

fn is_listed(state: &State, run: &Run, request: &Request) -> bool {
    if run.gone.is_some_and(|gone| state.now >= gone + state.switches.list_lag) {
        return false;
    }
    if run.parent().is_some() && state.switches.children_are_hidden {
        return false;
    }
    let is_in_view = match request.query("listviewtype").map(str::to_lowercase).as_deref() {
        Some("all") => true,
        Some("archivedonly") => run.is_archived(),
        _ => !run.is_archived(),
    };
    let is_type = request.query("jobtype").is_none_or(|type_of| {
        run.job
            .get("jobType")
            .and_then(Value::as_str)
            .is_some_and(|own| own.eq_ignore_ascii_case(type_of))
    });
    let is_tagged = request
        .query("tag")
        .is_none_or(|tag| run.said("tags").is_some_and(|tags| tags.get(tag).is_some()));
    is_in_view && is_type && is_tagged
}

/// Of a job that is there, changes tags, names and archiving: tags are merged, and never taken away
/// (azure-sdk-for-python#30671). One that is not there is made, and does not start.
fn put(state: &mut State, place: &Arm, request: &Request) -> Answer {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let Some(properties) = body["properties"].as_object() else {
        let text = "The request body is missing or invalid.";
        return Err(Refusal::front_end(400, "ValidationError", text));
    };
    if !properties.contains_key("jobType") {
        let text = "The job needs a jobType.";
        return Err(Refusal::front_end(400, "ValidationError", text));
    }
    let is_ignored = state.switches.archive_is_ignored.contains(&Kind::Job);
    let (name, now) = (place.names.join("/"), state.now);
    let tells_others = state.switches.notifications_change;
    let workspace = state.live(&place.workspace).ok_or_else(|| resources::not_found(place))?;
    let is_new = workspace.run(&name).is_none();
    if is_new {
        let experiment = properties.get("experimentName").and_then(Value::as_str);
        workspace.add_run(&name, experiment.unwrap_or("Default"), &json!({}), properties, now);
    }
    if let Some(run) = workspace.run_mut(&name) {
        change(run, properties, is_ignored, tells_others);
        run.written(now);
    }
    let mut reply = get(state, place)?;
    reply.status = if is_new { 201 } else { 200 };
    Ok(reply)
}

fn change(run: &mut Run, properties: &Map<String, Value>, is_ignored: bool, tells_others: bool) {
    if let Some(setting) = properties.get("notificationSetting").filter(|_| tells_others) {
        run.job.insert("notificationSetting".to_owned(), setting.clone());
    }
    if let Some(tags) = properties.get("tags").and_then(Value::as_object) {
        run.object("tags").extend(tags.clone());
    }
    for field in ["displayName", "description"] {
        if let Some(value) = properties.get(field) {
            run.say(field, value.clone());
        }
    }
    if let Some(archived) = properties.get("isArchived").filter(|_| !is_ignored) {
        run.say("hidden", archived.clone());
    }
}

fn delete(state: &mut State, place: &Arm, call: &Call<'_>) -> Answer {
    let name = place.names.join("/");
    let can_run = state.switches.running_jobs_can_be_deleted;
    let workspace = state.live(&place.workspace).ok_or_else(|| resources::not_found(place))?;
    let Some(run) = workspace.run(&name) else { return Ok(Reply::new(204)) };
    if !run.is_terminal() && !can_run {
        let text = format!("The job is in status {} and cannot be deleted.", run.status());
        return Err(Refusal::front_end(409, "JobNotInTerminalState", text));
    }
    let effect = Effect::Delete { kind: Kind::Job, names: vec![name] };
    if state.operations.is_under_way(&place.workspace, &effect) {
        let text = "The job is being deleted already.";
        return Err(Refusal::front_end(409, "ConflictingOperation", text));
    }
    let course = course(state, Kind::Job, call);
    Ok(begin(state, Kind::Job, &place.workspace, effect, course))
}

/// Cancelling: not what is about to be over, and in time.
fn cancel(state: &mut State, place: &Arm, call: &Call<'_>) -> Answer {
    let name = place.names.join("/");
    let workspace = state.live(&place.workspace).ok_or_else(|| resources::not_found(place))?;
    let run = workspace.run_mut(&name).ok_or_else(|| resources::not_found(place))?;
    if run.is_terminal() {
        return Ok(Reply::new(200));
    }
    if run.status() == "Finalizing" {
        let text = "The job is in status Finalizing and cannot be canceled.";
        return Err(Refusal::front_end(409, "JobCannotBeCanceled", text));
    }
    // It is taken, and stays as it is (cloud-custodian#10980).
    let effect = match run.status() {
        "NotResponding" => Effect::Nothing,
        _ => {
            run.say("status", "CancelRequested".into());
            Effect::CancelJob(name)
        }
    };
    let seconds = RetryAfter::Seconds(10);
    let usual = Course { shape: Shape::Location, retry_after: seconds, ..Course::default() };
    let course = call.course.clone().unwrap_or(usual);
    Ok(begin(state, Kind::Job, &place.workspace, effect, course))
}

/// As it is answered.
fn document(state: &State, workspace: &Workspace, name: &str, run: &Run) -> Value {
    // Not the whole document, for lists are long.
    let of_run = |field: &str| match (run.said(field), field) {
        (Some(value), _) => value.clone(),
        (None, "displayName") => name.into(),
        (None, "status") => run.status().into(),
        (None, _) => Value::Null,
    };
    let object = |field: &str| match of_run(field) {
        Value::Object(object) => Value::Object(object),
        _ => json!({}),
    };
    let mut properties = usual(workspace);
    properties.extend(run.job.clone());
    properties.insert("experimentName".to_owned(), run.experiment.clone().into());
    properties.insert("tags".to_owned(), object("tags"));
    properties.insert("properties".to_owned(), object("properties"));
    for field in ["displayName", "description", "status"] {
        properties.insert(field.to_owned(), of_run(field));
    }
    properties.insert("isArchived".to_owned(), run.is_archived().into());
    let by = of_run("createdBy");
    // The field says UPN where there is one.
    let by = by["upn"].as_str().or(by["userName"].as_str()).unwrap_or_default();
    json!({
        "id": id(state, workspace, Kind::Job, &[name.to_owned()]),
        "name": name,
        "type": Kind::Job.type_name(),
        "properties": properties,
        "systemData": {
            "createdAt": stamp(run.created),
            "createdBy": by,
            "createdByType": "User",
            "lastModifiedAt": stamp(run.modified),
            "lastModifiedBy": run.said("lastModifiedBy").map_or(by, |by| by["userName"].as_str().unwrap_or_default()),
            "lastModifiedByType": "User",
        },
    })
}

/// What the control plane says of a job that nothing was said of.
fn usual(workspace: &Workspace) -> Map<String, Value> {
    let environment = format!("{}/environments/env/versions/1", workspace.id.path());
    let job = [
        ("jobType", Value::from("Command")),
        ("command", "python train.py".into()),
        ("environmentId", environment.into()),
    ];
    job.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}
