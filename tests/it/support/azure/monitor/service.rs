//! Verbs of the control plane: workspaces and their tables, components, diagnostic settings.

use std::ops::Bound;

use serde_json::{Map, Value as Json, json};

use crate::support::azure::arm::paging;
use crate::support::azure::arm::service::begin;
use crate::support::azure::entry::Call;
use crate::support::azure::faults::Verb;
use crate::support::azure::kind::Kind;
use crate::support::azure::monitor::purge::{self, not_found};
use crate::support::azure::monitor::query;
use crate::support::azure::monitor::spot::{Owner, Part, Spot};
use crate::support::azure::operations::Effect;
use crate::support::azure::place::WorkspaceId;
use crate::support::azure::refusal::{Answer, Refusal};
use crate::support::azure::rights;
use crate::support::azure::state::State;
use crate::support::blob_server::wire::{Reply, Request};

/// Answers for something of Azure Monitor.
pub fn answer(state: &mut State, spot: &Spot, call: &Call<'_>) -> Answer {
    if spot.is_query() {
        return query::answer(state, spot, call.request);
    }
    if let Spot::One(_, id) | Spot::Tables(id) | Spot::Table(id, _) | Spot::Purge(_, id) = spot {
        group_is_there(state, &id.subscription, Some(&id.group))?;
    }
    match (spot, call.request.method.as_str()) {
        (Spot::All { owner, subscription, group }, "GET") => {
            group_is_there(state, subscription, group.as_deref())?;
            list(state, *owner, subscription, group.as_deref(), call.request)
        }
        (Spot::Deleted { subscription, group }, "GET") => {
            group_is_there(state, subscription, group.as_deref())?;
            let gone =
                state.monitor.workspaces.values().filter(|it| {
                    it.deleted.is_some() && is_in(&it.id, subscription, group.as_deref())
                });
            let gone: Vec<Json> = gone.map(|it| it.document()).collect();
            Ok(Reply::new(200).json(&json!({"value": gone})))
        }
        (Spot::One(owner, id), "GET") => Ok(Reply::new(200).json(&document(state, *owner, id)?)),
        (Spot::Permissions(owner, id), "GET") => {
            document(state, *owner, id)?;
            Ok(rights::permissions(state, id))
        }
        (Spot::One(owner, id), "PUT") => put(state, *owner, id, call.request),
        (Spot::One(owner, id), "DELETE") => delete(state, *owner, id, call),
        (Spot::Tables(id), "GET") => tables(state, id, None),
        (Spot::Table(id, name), "GET") => tables(state, id, Some(name)),
        (Spot::Purge(owner, id), "POST") => purge::begin(state, *owner, id, call.request),
        (Spot::Purged(owner, id, purge), "GET") => purge::look(state, *owner, id, purge),
        (Spot::Settings(resource, None), "GET") => {
            let known = state.monitor.settings.get(&resource.to_lowercase());
            Ok(Reply::new(200).json(&json!({"value": known.cloned().unwrap_or_default()})))
        }
        (Spot::Settings(resource, Some(name)), "GET") => {
            let known = state.monitor.settings.get(&resource.to_lowercase());
            let mut known = known.into_iter().flatten();
            let setting = known.find(|it| it["name"] == name.as_str()).ok_or_else(|| {
                Refusal::gateway(404, "ResourceNotFound", "The diagnostic setting was not found.")
            })?;
            Ok(Reply::new(200).json(setting))
        }
        _ => {
            let text = "The requested resource does not support this method.";
            Err(Refusal::gateway(405, "MethodNotAllowed", text))
        }
    }
}

fn group_is_there(state: &State, subscription: &str, group: Option<&str>) -> Result<(), Refusal> {
    match (state.knows(subscription, group), group) {
        ((false, _), _) => {
            let text = format!("The subscription '{subscription}' could not be found.");
            Err(Refusal::gateway(404, "SubscriptionNotFound", text))
        }
        ((_, false), Some(group)) => {
            let text = format!("Resource group '{group}' could not be found.");
            Err(Refusal::gateway(404, "ResourceGroupNotFound", text))
        }
        _ => Ok(()),
    }
}

fn is_in(id: &WorkspaceId, subscription: &str, group: Option<&str>) -> bool {
    id.subscription.eq_ignore_ascii_case(subscription)
        && group.is_none_or(|group| id.group.eq_ignore_ascii_case(group))
}

/// Workspaces come at once, components by pages.
fn list(
    state: &State,
    owner: Owner,
    subscription: &str,
    group: Option<&str>,
    request: &Request,
) -> Answer {
    let store = &state.monitor;
    if owner == Owner::Workspace {
        let all = store.workspaces.values().filter(|it| it.deleted.is_none());
        let own = all.filter(|it| is_in(&it.id, subscription, group));
        let value: Vec<Json> = own.map(|it| it.document()).collect();
        return Ok(Reply::new(200).json(&json!({"value": value})));
    }
    paging::answer(state, request, "$skiptoken", |behind: Bound<String>| {
        let all = store.components.range((behind, Bound::Unbounded));
        all.filter(|(_, it)| is_in(&it.id, subscription, group))
            .map(|(key, it)| (key.clone(), it.document()))
    })
}

fn document(state: &State, owner: Owner, id: &WorkspaceId) -> Result<Json, Refusal> {
    let store = &state.monitor;
    let found = match owner {
        Owner::Workspace => {
            let live = store.workspaces.get(&id.key()).filter(|it| it.deleted.is_none());
            live.map(|it| it.document())
        }
        Owner::Component => store.components.get(&id.key()).map(|it| it.document()),
    };
    found.ok_or_else(|| not_found(owner, id))
}

/// Creates, or has back what was deleted softly.
fn put(state: &mut State, owner: Owner, id: &WorkspaceId, request: &Request) -> Answer {
    let body: Map<String, Json> = serde_json::from_slice(&request.body).map_err(|_| {
        Refusal::gateway(400, "InvalidRequestContent", "The request content is not valid JSON.")
    })?;
    let now = state.now;
    let store = &mut state.monitor;
    let is_new = match owner {
        Owner::Workspace => {
            let is_new = !store.workspaces.contains_key(&id.key());
            if is_new {
                store.add_workspace(id, now);
            }
            if let Some(workspace) = store.workspaces.get_mut(&id.key()) {
                workspace.deleted = None;
                workspace.document.extend(body);
            }
            is_new
        }
        Owner::Component => {
            let is_new = !store.components.contains_key(&id.key());
            if is_new {
                store.add_component(id, None, now);
            }
            if let Some(component) = store.components.get_mut(&id.key()) {
                let named =
                    body.get("properties").and_then(|it| it["WorkspaceResourceId"].as_str());
                component.workspace = named.map(str::to_owned).or(component.workspace.take());
                component.document.extend(body);
            }
            is_new
        }
    };
    // Components are answered with 200 either way.
    let status = if is_new && owner == Owner::Workspace { 201 } else { 200 };
    Ok(Reply::new(status).json(&document(state, owner, id)?))
}

/// Begins the end of one. Without `force` a workspace can be had back for 14 days.
fn delete(state: &mut State, owner: Owner, id: &WorkspaceId, call: &Call<'_>) -> Answer {
    let is_forced = call.request.query("force").is_some_and(|it| it.eq_ignore_ascii_case("true"));
    let part = if owner == Owner::Workspace { Part::Workspace } else { Part::Component };
    let is_there = match owner {
        Owner::Workspace => {
            // What is softly deleted can be ended for good.
            let known = state.monitor.workspaces.get(&id.key());
            known.is_some_and(|it| it.deleted.is_none() || is_forced)
        }
        Owner::Component => state.monitor.components.contains_key(&id.key()),
    };
    if !is_there {
        return Ok(Reply::new(204));
    }
    let kind = Kind::Telemetry(part);
    let switched = state.switches.courses.get(&kind).cloned();
    let course = call.course.clone().or(switched).unwrap_or_default();
    let names = if is_forced { vec!["force".to_owned()] } else { Vec::new() };
    let effect = Effect::Delete { kind, names };
    Ok(begin(state, kind, id, effect, course))
}

fn tables(state: &mut State, id: &WorkspaceId, name: Option<&str>) -> Answer {
    let names_hidden = state.monitor.switches.lists_name_hidden_columns;
    let path = Owner::Workspace.path(id);
    let workspace = state.monitor.workspace(id).ok_or_else(|| not_found(Owner::Workspace, id))?;
    let Some(name) = name else {
        let all: Vec<Json> =
            workspace.tables.values().map(|it| it.document(&path, names_hidden)).collect();
        return Ok(Reply::new(200).json(&json!({"value": all})));
    };
    let table = workspace.tables.get(&name.to_lowercase()).ok_or_else(|| {
        Refusal::gateway(404, "ResourceNotFound", format!("The table '{name}' was not found."))
    })?;
    Ok(Reply::new(200).json(&table.document(&path, names_hidden)))
}

/// What a verb of a method is called where a fault is planned for it.
pub fn kind(spot: &Spot, method: Verb) -> (Verb, Kind) {
    let (verb, part) = spot.meaning(method);
    (verb, Kind::Telemetry(part))
}
