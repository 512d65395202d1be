//! What most kinds have in common: get, list, put, delete, and the rules of assets and endpoints.

use std::ops::Bound;

use serde_json::{Map, Value, json};

use crate::support::azure::arm::service::{begin, course};
use crate::support::azure::arm::{defaults, paging};
use crate::support::azure::entry::Call;
use crate::support::azure::kind::Kind;
use crate::support::azure::operations::Effect;
use crate::support::azure::place::Arm;
use crate::support::azure::refusal::{Answer, Envelope, Refusal};
use crate::support::azure::state::{Resource, State, Workspace};
use crate::support::blob_server::form::stamp;
use crate::support::blob_server::wire::{Reply, Request};

/// Who changes what clients change.
const CLIENT: &str = "77777777-0000-4000-8000-000000000077";

/// One.
pub fn get(state: &State, place: &Arm) -> Answer {
    let workspace = workspace(state, place)?;
    let resource = workspace.get(place.kind, &place.names).ok_or_else(|| not_found(place))?;
    Ok(Reply::new(200).json(&document(state, workspace, place.kind, resource)))
}

/// All, by pages.
pub fn list(state: &State, place: &Arm, request: &Request) -> Answer {
    let workspace = workspace(state, place)?;
    let parent = place.kind.parent().unwrap_or(Kind::Workspace);
    if parent != Kind::Workspace && workspace.get(parent, &place.names).is_none() {
        let place = Arm { kind: parent, ..place.clone() };
        return Err(not_found(&place));
    }
    let prefix = match &place.names[..] {
        [] => String::new(),
        names => format!("{}/", names.join("/").to_lowercase()),
    };
    let (kind, begins) = (place.kind, prefix.clone());
    let from = |behind: Bound<String>| {
        let first = match behind {
            Bound::Excluded(key) => Bound::Excluded((kind, key)),
            _ => Bound::Included((kind, prefix)),
        };
        let there = workspace.resources.range((first, Bound::Unbounded));
        let own = there.take_while(move |(key, _)| key.0 == kind && key.1.starts_with(&begins));
        own.filter(move |(_, resource)| is_listed(state, kind, resource, request))
            .map(move |(key, resource)| (key.1.clone(), document(state, workspace, kind, resource)))
    };
    paging::answer(state, request, "$skip", from)
}

fn is_listed(state: &State, kind: Kind, resource: &Resource, request: &Request) -> bool {
    if resource.gone.is_some_and(|gone| state.now >= gone + state.switches.list_lag) {
        return false;
    }
    let flag = |name: &str| resource.properties.get(name).and_then(Value::as_bool);
    let view = request.query("listviewtype").unwrap_or("default").to_lowercase();
    let is_asset = kind.is_container() || kind.is_version();
    match (kind, view.as_str()) {
        (_, "all") => true,
        (Kind::Schedule, "disabledonly") => flag("isEnabled") == Some(false),
        (Kind::Schedule, _) => flag("isEnabled") != Some(false),
        (_, "archivedonly") if is_asset => flag("isArchived") == Some(true),
        _ if is_asset => flag("isArchived") != Some(true),
        _ => true,
    }
}

/// Creates or replaces. What archives where archiving is ignored is answered, and not done.
pub fn put(state: &mut State, place: &Arm, request: &Request) -> Answer {
    let mut body: Value = serde_json::from_slice(&request.body).map_err(|_| invalid())?;
    let (kind, now) = (place.kind, state.now);
    let properties = body["properties"].as_object_mut().ok_or_else(invalid)?;
    defaults::add(kind, properties, now);
    let is_ignored = body["properties"]["isArchived"] == true
        && state.switches.archive_is_ignored.contains(&kind);
    let workspace = state.live(&place.workspace).ok_or_else(|| not_found(place))?;
    let is_new = workspace.get(kind, &place.names).is_none();
    if let Some(parent) = kind.parent().filter(|parent| *parent != Kind::Workspace) {
        let above = place.names.split_last().map_or(&[][..], |(_, above)| above);
        if !kind.is_version() && workspace.get(parent, above).is_none() {
            let names = above.to_vec();
            return Err(not_found(&Arm { kind: parent, names, ..place.clone() }));
        }
    }
    if !is_ignored {
        let names: Vec<&str> = place.names.iter().map(String::as_str).collect();
        workspace.put(kind, &names, &body, CLIENT, now);
    }
    let mut reply = get(state, place)?;
    reply.status = if is_new { 201 } else { 200 };
    Ok(reply)
}

/// Begins the end of one.
pub fn delete(state: &mut State, place: &Arm, call: &Call<'_>) -> Answer {
    let kind = place.kind;
    let action = match kind {
        Kind::Compute => Some(underlying_action(call.request)?),
        _ => None,
    };
    let workspace = workspace(state, place)?;
    let Some(resource) = workspace.get(kind, &place.names) else {
        return Ok(Reply::new(204));
    };
    if let Some(action) = action {
        let type_of = resource.properties.get("computeType").and_then(Value::as_str);
        let only_detached = type_of.is_some_and(|word| state.switches.detach_only.contains(word));
        if action == "delete" && only_detached {
            let text = "The compute was attached and cannot be deleted: detach it.";
            return Err(Refusal::front_end(400, "DeleteNotSupported", text));
        }
    }
    if matches!(kind, Kind::OnlineEndpoint | Kind::BatchEndpoint) && has_children(workspace, place)
    {
        let text = "The endpoint still has deployments. Delete them first.";
        return Err(Refusal::front_end(409, "EndpointHasDeployments", text));
    }
    let effect = Effect::Delete { kind, names: place.names.clone() };
    if state.operations.is_under_way(&place.workspace, &effect) {
        let text = "The resource is being deleted already.";
        return Err(Refusal::front_end(409, "ConflictingOperation", text));
    }
    let course = course(state, kind, call);
    Ok(begin(state, kind, &place.workspace, effect, course))
}

fn underlying_action(request: &Request) -> Result<String, Refusal> {
    let action = request.query("underlyingresourceaction").unwrap_or_default().to_lowercase();
    if matches!(action.as_str(), "delete" | "detach") {
        return Ok(action);
    }
    let text = "The query parameter underlyingResourceAction must be Delete or Detach.";
    Err(Refusal::front_end(400, "InvalidUnderlyingResourceAction", text))
}

fn has_children(workspace: &Workspace, place: &Arm) -> bool {
    let Some(child) = place.kind.child() else { return false };
    let below = format!("{}/", place.names.join("/").to_lowercase());
    let mut all = workspace.resources.iter();
    all.any(|(key, it)| key.0 == child && it.gone.is_none() && key.1.starts_with(&below))
}

fn workspace<'a>(state: &'a State, place: &Arm) -> Result<&'a Workspace, Refusal> {
    state.workspaces.get(&place.workspace.key()).ok_or_else(|| not_found(place))
}

/// The refusal of what is not there.
pub fn not_found(place: &Arm) -> Refusal {
    let names = place.names.join("/");
    let text = format!("{} {names} not found.", place.kind.type_name());
    match place.kind {
        Kind::Compute => Refusal::new(Envelope::Gateway, 404, "ComputeNotFound", text),
        Kind::Connection => Refusal::new(Envelope::Gateway, 404, "NotFound", text),
        _ => Refusal::front_end(404, "NotFound", text),
    }
}

fn invalid() -> Refusal {
    Refusal::front_end(400, "ValidationError", "The request body is missing or invalid.")
}

/// The id that answers give, in another case where the switch says so.
pub fn id(state: &State, workspace: &Workspace, kind: Kind, names: &[String]) -> String {
    let id = format!("{}/{}", workspace.id.path(), kind.path(names));
    match state.switches.odd_case {
        true => id.replace("resourceGroups", "resourcegroups").replace(".Machine", ".machine"),
        false => id,
    }
}

/// As it is answered.
fn document(state: &State, workspace: &Workspace, kind: Kind, resource: &Resource) -> Value {
    let mut document = Map::new();
    document.insert("id".to_owned(), id(state, workspace, kind, &resource.names).into());
    document.insert("name".to_owned(), resource.names.last().cloned().into());
    document.insert("type".to_owned(), kind.type_name().into());
    if kind.is_tracked() && !resource.beside.contains_key("location") {
        document.insert("location".to_owned(), state.switches.region.clone().into());
    }
    document.extend(resource.beside.clone());
    let mut properties = resource.properties.clone();
    if kind.is_container() {
        versions(workspace, kind, resource, &mut properties);
    }
    let effect = Effect::Delete { kind, names: resource.names.clone() };
    if state.operations.is_under_way(&workspace.id, &effect)
        && properties.contains_key("provisioningState")
    {
        properties.insert("provisioningState".to_owned(), "Deleting".into());
    }
    document.insert("properties".to_owned(), properties.into());
    if kind != Kind::Compute {
        document.insert("systemData".to_owned(), system_data(resource));
    }
    document.into()
}

/// A container's newest version, and the one that comes next.
fn versions(
    workspace: &Workspace,
    kind: Kind,
    container: &Resource,
    into: &mut Map<String, Value>,
) {
    let Some(child) = kind.child() else { return };
    let name = container.names.join("/").to_lowercase();
    let below = format!("{name}/");
    let versions = workspace.resources.iter().filter(|(key, version)| {
        key.0 == child && version.gone.is_none() && key.1.starts_with(&below)
    });
    let newest = versions.max_by_key(|(_, version)| version.created);
    if let Some(newest) = newest.and_then(|(_, version)| version.names.last()) {
        into.insert("latestVersion".to_owned(), newest.as_str().into());
    }
    let next = workspace.next_versions.get(&(kind, name)).copied().unwrap_or(1);
    into.insert("nextVersion".to_owned(), next.to_string().into());
}

fn system_data(resource: &Resource) -> Value {
    json!({
        "createdAt": stamp(resource.created),
        "createdBy": resource.created_by,
        "createdByType": "User",
        "lastModifiedAt": stamp(resource.modified),
        "lastModifiedBy": resource.created_by,
        "lastModifiedByType": "User",
    })
}
