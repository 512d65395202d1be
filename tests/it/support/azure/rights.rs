//! Rights: the actions that each request needs, what roles grant, and what Resource Manager tells of
//! it.
//!
//! The actions of the control plane follow from the type and the verb. Those of the data plane are
//! from Microsoft's list of provider operations (azure-docs, "Azure permissions for AI + machine
//! learning") and its table of what each operation of `MLflow` needs; where neither names an
//! operation it is marked.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::azure::kind::Kind;
use crate::support::azure::place::{Arm, Place, WorkspaceId};
use crate::support::azure::refusal::Refusal;
use crate::support::azure::simulator::Simulator;
use crate::support::azure::state::State;
use crate::support::blob_server::wire::{Reply, Request};

const PROVIDER: &str = "Microsoft.MachineLearningServices";

/// What an assignment of a role grants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    pub actions: Vec<String>,
    pub not_actions: Vec<String>,
}

impl Role {
    /// One of `deploy/roles`.
    pub fn published(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/roles");
        let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
        let definition: Value = serde_json::from_str(&text).unwrap();
        let list = |field: &str| {
            let list = definition[field].as_array().unwrap().iter();
            list.map(|action| action.as_str().unwrap().to_owned()).collect()
        };
        Self { actions: list("Actions"), not_actions: list("NotActions") }
    }

    /// All that are published: what a daemon has that may do everything it can.
    pub fn all_published() -> Vec<Self> {
        ["find", "erase", "delete-workspace", "delete-dependents", "places", "telemetry", "purge"]
            .map(Self::published)
            .into()
    }

    /// Whether it grants an action.
    pub fn grants(&self, action: &str) -> bool {
        let any = |patterns: &[String]| patterns.iter().any(|pattern| fits(pattern, action));
        any(&self.actions) && !any(&self.not_actions)
    }
}

/// Whether an action is one that a pattern of a role means: without case, `*` for anything.
fn fits(pattern: &str, action: &str) -> bool {
    fn is_one(pattern: &str, action: &str) -> bool {
        match pattern.split_once('*') {
            None => pattern == action,
            Some((head, tail)) => action.strip_prefix(head).is_some_and(|rest| {
                rest.char_indices()
                    .map(|(at, _)| at)
                    .chain([rest.len()])
                    .any(|at| is_one(tail, &rest[at..]))
            }),
        }
    }
    is_one(&pattern.to_lowercase(), &action.to_lowercase())
}

/// Actions, each once.
pub type Actions = BTreeSet<String>;

/// What a published role grants.
pub fn granted(role: &str) -> Actions {
    Role::published(role).actions.into_iter().collect()
}

/// The actions that the calls so far needed.
pub fn called(simulator: &Simulator) -> Actions {
    let requests = simulator.requests().into_iter();
    requests.flat_map(|request| needed(&request.method, &request.path)).collect()
}

/// Insists that `deploy/README.md` lists the actions of these roles as their files do.
#[track_caller]
pub fn assert_listed(roles: &[&str]) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/README.md");
    let page = std::fs::read_to_string(page).unwrap();
    for role in roles {
        let file = format!("`{role}.json`");
        let rows =
            page.lines().filter(|line| line.split('|').nth(2).is_some_and(|it| it.trim() == file));
        let cells = rows.filter_map(|row| row.split('|').nth(3));
        let listed: Actions = cells
            .flat_map(|cell| cell.split('`').skip(1).step_by(2))
            .map(|word| match word.starts_with("Microsoft.") {
                true => word.to_owned(),
                false => format!("{PROVIDER}/workspaces/{word}"),
            })
            .collect();
        assert_eq!(listed, granted(role), "{role}");
    }
}

/// The actions that a request needs, each of them.
fn needed(method: &str, path: &str) -> Vec<String> {
    match &Place::of(path) {
        Place::Login { .. } | Place::Cloud | Place::Discovery => Vec::new(),
        Place::Permissions(_) => vec!["Microsoft.Authorization/permissions/read".to_owned()],
        Place::Subscriptions(_) => vec!["Microsoft.Resources/subscriptions/read".to_owned()],
        Place::Workspaces { .. } => vec![format!("{PROVIDER}/workspaces/read")],
        Place::Arm(place) => of_resource(place, method),
        Place::Operation { is_result, .. } => vec![of_operation(path, *is_result)],
        Place::Data { service, rest, .. } => of_service(service, rest, method)
            .into_iter()
            .map(|action| format!("{PROVIDER}/workspaces/{action}"))
            .collect(),
        Place::Dependent(spot) => vec![spot.action(method)],
        Place::Monitor(spot) => vec![spot.action(method)],
        Place::Graph(_) => Vec::new(),
        Place::Unknown => vec!["nobody/knows/action".to_owned()],
    }
}

fn of_resource(place: &Arm, method: &str) -> Vec<String> {
    // The provider lists no such action, so that no role can name it: what asks for it is unknown.
    if (place.kind, method) == (Kind::Environment, "DELETE") {
        return Vec::new();
    }
    let type_name = place.kind.type_name();
    vec![match (method, &place.action) {
        ("POST", Some(action)) => format!("{type_name}/{action}/action"),
        ("DELETE", _) => format!("{type_name}/delete"),
        ("PUT" | "PATCH", _) => format!("{type_name}/write"),
        _ => format!("{type_name}/read"),
    }]
}

/// Whether a signed link asks for a right as well is unknown; these are the ones there are.
fn of_operation(path: &str, is_result: bool) -> String {
    let provider = path.split('/').nth(4).unwrap_or_default();
    if !provider.eq_ignore_ascii_case(PROVIDER) {
        return format!("{provider}/locations/operationResults/read");
    }
    let word = match (path.to_lowercase(), is_result) {
        (path, _) if path.contains("/workspaceoperations") => "workspaceOperationsStatus",
        (path, _) if path.contains("/computeoperations") => "computeoperationsstatus",
        (_, true) => "mfeOperationResults",
        (_, false) => "mfeOperationsStatus",
    };
    format!("{PROVIDER}/locations/{word}/read")
}

fn of_service(service: &str, rest: &[String], method: &str) -> Vec<&'static str> {
    let words: Vec<&str> = rest.iter().map(String::as_str).collect();
    match (service, method, &words[..]) {
        ("history", "POST", ["experiments:query"])
        | ("history", "GET", ["experiments" | "experimentids", _]) => vec!["experiments/read"],
        ("history", "DELETE", ["experiments" | "experimentids", _]) => vec!["experiments/delete"],
        ("history", "PATCH", ["experiments" | "experimentids", _])
        | ("history", _, [.., "tags:delete"]) => vec!["experiments/write"],
        ("history", "PATCH" | "DELETE", _) => vec!["experiments/runs/write"],
        ("history", ..) => vec!["experiments/runs/read"],
        ("artifact", "GET", _) => vec!["metadata/artifacts/read"],
        ("artifact", ..) => vec!["metadata/artifacts/delete"],
        ("content", "DELETE", _) => vec!["metadata/snapshots/delete"],
        ("content", ..) => vec!["metadata/snapshots/read"],
        // Not in the table: logging metrics is.
        ("metric", "DELETE", _) => vec!["experiments/runs/write"],
        ("metric", ..) => vec!["experiments/runs/read"],
        // Not in the table: what a run of a pipeline left.
        ("pipelines", ..) => vec!["experiments/runs/read"],
        ("dataset", "GET", _) => vec!["datasets/registered/read"],
        ("dataset", "PUT", _) => vec!["datasets/registered/write"],
        ("dataset", "DELETE", _) => vec!["datasets/registered/delete"],
        (_, "GET" | "POST", ["services" | "operations", ..]) => vec!["services/read"],
        (_, "DELETE", ["services", ..]) => vec!["services/aci/delete", "services/aks/delete"],
        (_, "DELETE", ["models", ..]) => vec!["models/delete"],
        (_, _, ["models", ..]) => vec!["models/read"],
        _ => vec!["nobody/knows"],
    }
}

/// Lets through who may do it.
pub fn check(state: &State, request: &Request) -> Result<(), Refusal> {
    let Some(roles) = &state.switches.roles else { return Ok(()) };
    for action in needed(&request.method, &request.path) {
        let is_list = matches!(Place::of(&request.path), Place::Workspaces { .. });
        let here = narrow(state).filter(|(scope, _)| is_list || is_in(scope, &request.path));
        let here = here.into_iter().flat_map(|(_, roles)| roles);
        if !roles.iter().chain(here).any(|role| role.grants(&action)) {
            return Err(denied(&action, &request.path));
        }
    }
    Ok(())
}

fn narrow(state: &State) -> Option<(&WorkspaceId, &Vec<Role>)> {
    state.switches.narrow.as_ref().map(|(scope, roles)| (scope, roles))
}

fn is_in(scope: &WorkspaceId, path: &str) -> bool {
    path.to_lowercase().starts_with(&scope.path().to_lowercase())
}

/// Whether a list shows a workspace: it leaves out what the caller may not read, and does not say
/// that there is more.
pub fn shows(state: &State, workspace: &WorkspaceId) -> bool {
    let Some(roles) = &state.switches.roles else { return true };
    let action = format!("{PROVIDER}/workspaces/read");
    let here = narrow(state).filter(|(scope, _)| scope.key() == workspace.key());
    let here = here.into_iter().flat_map(|(_, roles)| roles);
    roles.iter().chain(here).any(|role| role.grants(&action))
}

/// The refusal of who may not. Nobody recorded what the data plane's own services say.
pub fn denied(action: &str, scope: &str) -> Refusal {
    let text = format!(
        "The client '{caller}' with object id '{caller}' does not have authorization to perform \
         action '{action}' over scope '{scope}' or the scope is invalid. If access was recently \
         granted, please refresh your credentials.",
        caller = crate::support::azure::entra::CALLER,
    );
    Refusal::gateway(403, "AuthorizationFailed", text)
}

/// What the caller may do, assignment by assignment.
pub fn permissions(state: &State, scope: &WorkspaceId) -> Reply {
    let one = |actions: &[String], not_actions: &[String]| {
        json!({
            "actions": actions, "notActions": not_actions,
            "dataActions": [], "notDataActions": [],
        })
    };
    let all: Vec<Value> = match &state.switches.roles {
        None => vec![one(&["*".to_owned()], &[])],
        Some(roles) => {
            let here = narrow(state).filter(|(narrow, _)| narrow.key() == scope.key());
            let all = roles.iter().chain(here.into_iter().flat_map(|(_, roles)| roles));
            all.map(|role| one(&role.actions, &role.not_actions)).collect()
        }
    };
    Reply::new(200).json(&json!({"value": all}))
}
