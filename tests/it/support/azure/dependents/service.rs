//! Verbs.

use std::ops::Bound;

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::azure::arm::paging;
use crate::support::azure::arm::service::begin;
use crate::support::azure::dependents::spot::{Part, Spot};
use crate::support::azure::dependents::store::Resource;
use crate::support::azure::dependents::vaults;
use crate::support::azure::entry::Call;
use crate::support::azure::faults::Verb;
use crate::support::azure::kind::Kind;
use crate::support::azure::operations::Effect;
use crate::support::azure::place::WorkspaceId;
use crate::support::azure::refusal::{Answer, Refusal};
use crate::support::azure::state::State;
use crate::support::blob_server::form::stamp;
use crate::support::blob_server::wire::{Reply, Request};

/// Answers for one of them, or all of a part.
pub fn answer(state: &mut State, spot: &Spot, call: &Call<'_>) -> Answer {
    check_group(state, spot)?;
    let method = call.request.method.as_str();
    match (spot, method) {
        (Spot::All { part, within }, "GET") => list(state, *part, within, call.request),
        (Spot::One { part, id }, "GET") => {
            let found = state.dependents.all.get(&id.to_lowercase());
            let found = found.ok_or_else(|| not_found(*part, id))?;
            Ok(Reply::new(200).json(&found.answered(state.switches.odd_case)))
        }
        (Spot::One { part, id }, "PUT") => put(state, *part, id, call.request),
        (Spot::One { part, id }, "DELETE") => delete(state, *part, id, call),
        (Spot::DeletedVault { subscription, name, is_purge }, "GET" | "POST") => {
            vaults::answer(state, (subscription, name), *is_purge, call)
        }
        _ => {
            let text = "The requested resource does not support this method.";
            Err(Refusal::gateway(405, "MethodNotAllowed", text))
        }
    }
}

/// What is asked of what kind.
pub fn meaning(method: Verb, spot: &Spot) -> (Verb, Kind) {
    let verb = if spot.is_list() { Verb::List } else { method };
    (verb, Kind::Dependent(spot.part()))
}

/// Refuses the end of what somebody locked, whoever keeps it.
pub fn check_locks(state: &State, request: &Request) -> Result<(), Refusal> {
    let is_lock = request.path.to_lowercase().contains("/microsoft.authorization/locks/");
    if request.method != "DELETE" || is_lock {
        return Ok(());
    }
    let Some(scope) = state.dependents.locked(request.path.trim_end_matches('/')) else {
        return Ok(());
    };
    let text = format!(
        "The scope '{}' cannot perform delete operation because following scope(s) are locked: \
         '{scope}'. Please remove the lock and try again.",
        request.path
    );
    Err(Refusal::gateway(409, "ScopeLocked", text))
}

fn check_group(state: &State, spot: &Spot) -> Result<(), Refusal> {
    let id = match spot {
        Spot::All { within, .. } => within,
        Spot::One { id, .. } => id,
        Spot::DeletedVault { .. } => "",
    };
    let words: Vec<&str> = id.split('/').collect();
    let group = words.get(4).filter(|_| words.get(3).is_some_and(|it| it.starts_with("resource")));
    match state.knows(spot.subscription(), group.copied()) {
        (false, _) => {
            let text = format!("The subscription '{}' could not be found.", spot.subscription());
            Err(Refusal::gateway(404, "SubscriptionNotFound", text))
        }
        (true, false) => {
            let text = "Resource group could not be found.";
            Err(Refusal::gateway(404, "ResourceGroupNotFound", text))
        }
        (true, true) => Ok(()),
    }
}

pub fn not_found(part: Part, id: &str) -> Refusal {
    let text = format!(
        "The Resource '{}/{}' was not found. For more details please go to \
         https://aka.ms/ARMResourceNotFoundFix",
        part.type_name(),
        id.rsplit('/').next().unwrap_or_default()
    );
    Refusal::gateway(404, "ResourceNotFound", text)
}

fn list(state: &State, part: Part, within: &str, request: &Request) -> Answer {
    let is_odd = state.switches.odd_case;
    if part == Part::DeletedVault {
        let all = state.dependents.deleted_vaults.values();
        let all: Vec<Value> = all.map(|vault| vault.answered()).collect();
        return Ok(Reply::new(200).json(&json!({"value": all})));
    }
    if part == Part::DeletedAccount {
        let all: Vec<Value> = state.dependents.deleted_accounts.iter().map(deleted).collect();
        return Ok(Reply::new(200).json(&json!({"value": all})));
    }
    let is_inside = matches!(part, Part::Container | Part::Share);
    if is_inside && !state.dependents.all.contains_key(within) {
        return Err(not_found(part, within));
    }
    let is_within = |id: &str| id.strip_prefix(within).is_some_and(|rest| rest.starts_with('/'));
    paging::answer(state, request, "$skipToken", |behind: Bound<String>| {
        let all = state.dependents.all.range((behind, Bound::Unbounded));
        all.filter(move |(id, it)| it.part == part && is_within(id))
            .map(move |(id, it)| (id.clone(), it.answered(is_odd)))
    })
}

fn deleted((id, at): &(String, jiff::Timestamp)) -> Value {
    let name = id.rsplit('/').next().unwrap_or_default();
    let subscription = id.split('/').nth(2).unwrap_or_default();
    json!({
        "id": format!(
            "/subscriptions/{subscription}/providers/Microsoft.Storage/locations/westeurope/\
             deletedAccounts/{name}"
        ),
        "name": name,
        "type": "Microsoft.Storage/deletedAccounts",
        "properties": {
            "storageAccountResourceId": id,
            "location": "westeurope",
            "restoreReference": "reference",
            "creationTime": stamp(*at - SignedDuration::from_hours(24)),
            "deletionTime": stamp(*at),
        },
    })
}

fn put(state: &mut State, part: Part, id: &str, request: &Request) -> Answer {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let is_new = state.dependents.get(id).is_none();
    let made = state.dependents.add(part, id, &body).answered(false);
    Ok(Reply::new(if is_new { 201 } else { 200 }).json(&made))
}

fn delete(state: &mut State, part: Part, id: &str, call: &Call<'_>) -> Answer {
    let Some(found) = state.dependents.all.get(&id.to_lowercase()) else {
        return Ok(Reply::new(204));
    };
    if let Some(refusal) = held(found).or_else(|| holds_held(state, id)) {
        return Err(refusal);
    }
    let kind = Kind::Dependent(part);
    let effect = Effect::Delete { kind, names: vec![id.to_lowercase()] };
    let address = address(id);
    if state.operations.is_under_way(&address, &effect) {
        let text = "Another operation is in progress on the resource.";
        return Err(Refusal::gateway(409, "ResourceOperationInProgress", text));
    }
    let switched = state.switches.courses.get(&kind).cloned();
    let course = call.course.clone().or(switched).unwrap_or_else(|| part.course());
    Ok(begin(state, kind, &address, effect, course))
}

/// What forbids the end of a container. Nobody recorded the codes.
fn held(resource: &Resource) -> Option<Refusal> {
    let properties = &resource.document["properties"];
    let is = |field: &str| properties[field] == Value::Bool(true);
    if is("hasLegalHold") || is("hasImmutabilityPolicy") {
        let text = "The container is protected from deletion.";
        return Some(Refusal::gateway(409, "ContainerProtectedFromDeletion", text));
    }
    if properties["leaseStatus"] == "Locked" {
        let text = "There is currently a lease on the container.";
        return Some(Refusal::gateway(412, "LeaseIdMissing", text));
    }
    None
}

/// An account does not go from under such a container.
fn holds_held(state: &State, id: &str) -> Option<Refusal> {
    let below = format!("{}/", id.to_lowercase());
    let mut inside = state.dependents.all.iter().filter(|(id, _)| id.starts_with(&below));
    inside.any(|(_, it)| held(it).is_some()).then(|| {
        let text = "The storage account has containers that are protected from deletion.";
        Refusal::gateway(409, "StorageAccountProtectedFromDeletion", text)
    })
}

/// What operations know it by.
pub fn address(id: &str) -> WorkspaceId {
    let word = |index: usize| id.split('/').nth(index).unwrap_or_default().to_owned();
    let name = id.rsplit('/').next().unwrap_or_default().to_owned();
    WorkspaceId { subscription: word(2), group: word(4), name }
}
