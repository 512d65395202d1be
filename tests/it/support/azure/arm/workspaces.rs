//! The workspaces themselves: softly deleted ones, purged ones, and those that are neither.

use std::collections::BTreeSet;
use std::ops::Bound;

use serde_json::{Map, Value, json};

use crate::support::azure::arm::paging;
use crate::support::azure::arm::service::{begin, course, no_such_verb};
use crate::support::azure::entry::Call;
use crate::support::azure::faults::Verb;
use crate::support::azure::kind::Kind;
use crate::support::azure::operations::Effect;
use crate::support::azure::place::{Arm, WorkspaceId};
use crate::support::azure::refusal::{Answer, Refusal};
use crate::support::azure::rights;
use crate::support::azure::state::{Phase, State, Workspace};
use crate::support::blob_server::wire::{Reply, Request};

/// All subscriptions, or one.
pub fn subscriptions(state: &State, id: Option<&str>) -> Answer {
    let known: BTreeSet<&String> =
        state.groups.iter().map(|(subscription, _)| subscription).collect();
    let document = |subscription: &str| {
        json!({
            "id": format!("/subscriptions/{subscription}"),
            "subscriptionId": subscription,
            "tenantId": state.tenant,
            "displayName": "simulated",
            "state": "Enabled",
            "authorizationSource": "RoleBased",
        })
    };
    match id {
        None => {
            let all: Vec<Value> = known.into_iter().map(|id| document(id)).collect();
            let count = json!({"type": "Total", "value": all.len()});
            Ok(Reply::new(200).json(&json!({"value": all, "count": count})))
        }
        Some(id) => {
            check_group(state, id, None)?;
            Ok(Reply::new(200).json(&document(id)))
        }
    }
}

/// Workspaces of a subscription, or of one group.
pub fn list(state: &State, request: &Request, subscription: &str, group: Option<&str>) -> Answer {
    check_group(state, subscription, group)?;
    let is_meant = |workspace: &Workspace| {
        workspace.phase == Phase::Live
            && rights::shows(state, &workspace.id)
            && workspace.id.subscription.eq_ignore_ascii_case(subscription)
            && group.is_none_or(|group| workspace.id.group.eq_ignore_ascii_case(group))
    };
    let from = |behind: Bound<String>| {
        let there = state.workspaces.range((behind, Bound::Unbounded));
        let meant = there.filter(move |(_, workspace)| is_meant(workspace));
        meant.map(move |(key, workspace)| (key.clone(), document(state, workspace)))
    };
    paging::answer(state, request, "$skip", from)
}

/// Answers for one workspace.
pub fn answer(state: &mut State, place: &Arm, call: &Call<'_>) -> Answer {
    match (call.verb, &place.action) {
        (Verb::Get, None) => {
            live(state, &place.workspace)?;
            let workspace = state.workspaces.get(&place.workspace.key());
            let workspace = workspace.ok_or_else(|| not_found(&place.workspace))?;
            Ok(Reply::new(200).json(&document(state, workspace)))
        }
        (Verb::Put, None) => put(state, place, call.request),
        (Verb::Patch, None) => patch(state, place, call.request),
        (Verb::Delete, None) => delete(state, place, call),
        _ => Err(no_such_verb(place)),
    }
}

/// Lets through what asks for a workspace that is there.
pub fn live(state: &State, id: &WorkspaceId) -> Result<(), Refusal> {
    check_group(state, &id.subscription, Some(&id.group))?;
    let workspace = state.workspaces.get(&id.key());
    match workspace.map(|workspace| workspace.phase) {
        Some(Phase::Live) => Ok(()),
        _ => Err(not_found(id)),
    }
}

fn check_group(state: &State, subscription: &str, group: Option<&str>) -> Result<(), Refusal> {
    match state.knows(subscription, group) {
        (false, _) => {
            let text = format!("The subscription '{subscription}' could not be found.");
            Err(Refusal::gateway(404, "SubscriptionNotFound", text))
        }
        (true, false) => {
            let text =
                format!("Resource group '{}' could not be found.", group.unwrap_or_default());
            Err(Refusal::gateway(404, "ResourceGroupNotFound", text))
        }
        (true, true) => Ok(()),
    }
}

fn not_found(id: &WorkspaceId) -> Refusal {
    let text = format!(
        "The Resource 'Microsoft.MachineLearningServices/workspaces/{}' under resource group '{}' \
         was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        id.name, id.group
    );
    Refusal::gateway(404, "ResourceNotFound", text)
}

fn put(state: &mut State, place: &Arm, request: &Request) -> Answer {
    let id = &place.workspace;
    check_group(state, &id.subscription, Some(&id.group))?;
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let Some(document) = body.as_object().filter(|body| body.contains_key("location")) else {
        let text = "The location property is required for this definition.";
        return Err(Refusal::gateway(400, "LocationRequired", text));
    };
    let phase = state.workspaces.get(&id.key()).map(|workspace| workspace.phase);
    if matches!(phase, Some(Phase::SoftDeleted(_) | Phase::Deadlocked)) {
        let text = format!(
            "Soft-deleted workspace exists. Please purge or recover it. \
             https://aka.ms/wsoftdelete, workspace: {}",
            id.name
        );
        return Err(Refusal::gateway(409, "Conflict", text));
    }
    let key = id.key();
    let entry = state.workspaces.entry(key);
    let workspace = entry.or_insert_with(|| Workspace::new(id.clone(), Map::new()));
    merge(&mut workspace.document, document);
    let status = if phase.is_some() { 200 } else { 201 };
    let workspace = &state.workspaces[&id.key()];
    Ok(Reply::new(status).json(&self::document(state, workspace)))
}

fn patch(state: &mut State, place: &Arm, request: &Request) -> Answer {
    live(state, &place.workspace)?;
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let changes = body.as_object().cloned().unwrap_or_default();
    let workspace = state.live(&place.workspace);
    let workspace = workspace.ok_or_else(|| not_found(&place.workspace))?;
    merge(&mut workspace.document, &changes);
    let workspace = &state.workspaces[&place.workspace.key()];
    Ok(Reply::new(200).json(&document(state, workspace)))
}

fn merge(into: &mut Map<String, Value>, changes: &Map<String, Value>) {
    for (name, value) in changes {
        match (into.get_mut(name), value) {
            (Some(Value::Object(old)), Value::Object(new)) => old.extend(new.clone()),
            _ => {
                into.insert(name.clone(), value.clone());
            }
        }
    }
}

/// Softly at first; for good with `forceToPurge`, and where it was deleted before.
fn delete(state: &mut State, place: &Arm, call: &Call<'_>) -> Answer {
    let id = &place.workspace;
    check_group(state, &id.subscription, Some(&id.group))?;
    let purges =
        call.request.query("forcetopurge").is_some_and(|it| it.eq_ignore_ascii_case("true"));
    let phase = state.workspaces.get(&id.key()).map(|workspace| workspace.phase);
    match phase {
        Some(Phase::Live) => {}
        Some(Phase::SoftDeleted(_)) if purges => {}
        Some(Phase::Deadlocked) if purges => return Err(not_found(id)),
        _ => return Ok(Reply::new(204)),
    }
    let for_good = purges || !state.switches.soft_delete;
    let effect = Effect::DeleteWorkspace { for_good };
    if state.operations.is_under_way(id, &effect) {
        let text = "The workspace is being deleted already.";
        return Err(Refusal::gateway(409, "Conflict", text));
    }
    let course = course(state, Kind::Workspace, call);
    Ok(begin(state, Kind::Workspace, id, effect, course))
}

/// As it is answered.
fn document(state: &State, workspace: &Workspace) -> Value {
    let mut document = Map::new();
    let path = workspace.id.path();
    let id = match state.switches.odd_case {
        true => path.replace("resourceGroups", "resourcegroups"),
        false => path,
    };
    document.insert("id".to_owned(), id.into());
    document.insert("name".to_owned(), workspace.id.name.clone().into());
    document.insert("type".to_owned(), Kind::Workspace.type_name().into());
    document.extend(workspace.document.clone());
    let properties = document.entry("properties").or_insert_with(|| Map::new().into());
    if let Some(properties) = properties.as_object_mut() {
        let discovery = format!("{}/discovery", state.base_url);
        properties.entry("discoveryUrl").or_insert_with(|| discovery.into());
        properties.entry("provisioningState").or_insert_with(|| "Succeeded".into());
        properties.entry("softDeleteEnabled").or_insert(state.switches.soft_delete.into());
    }
    document.into()
}
