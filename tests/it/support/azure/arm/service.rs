//! Verbs by kind.

use crate::support::azure::arm::{jobs, resources, workspaces};
use crate::support::azure::entry::Call;
use crate::support::azure::faults::Verb;
use crate::support::azure::kind::Kind;
use crate::support::azure::operations::{Course, Effect, Links, Shape};
use crate::support::azure::place::{Arm, WorkspaceId};
use crate::support::azure::refusal::{Answer, Refusal};
use crate::support::azure::state::State;
use crate::support::blob_server::wire::Reply;

/// Answers for a workspace, or something in it.
pub fn answer(state: &mut State, place: &Arm, call: &Call<'_>) -> Answer {
    if place.kind == Kind::Workspace {
        return workspaces::answer(state, place, call);
    }
    workspaces::live(state, &place.workspace)?;
    if place.kind == Kind::Job {
        return jobs::answer(state, place, call);
    }
    match (call.verb, &place.action) {
        (Verb::List, None) => resources::list(state, place, call.request),
        (Verb::Get, None) => resources::get(state, place),
        (Verb::Put, None) => resources::put(state, place, call.request),
        (Verb::Delete, None) => resources::delete(state, place, call),
        _ => Err(no_such_verb(place)),
    }
}

/// A refusal of what the kind does not do.
pub fn no_such_verb(place: &Arm) -> Refusal {
    let action = place.action.as_deref().unwrap_or("it");
    let text = format!("The resource type '{}' does not do {action}.", place.kind.type_name());
    Refusal::gateway(405, "MethodNotAllowed", text)
}

/// Begins what ends later, and answers with where to look for the end.
pub fn begin(
    state: &mut State,
    kind: Kind,
    workspace: &WorkspaceId,
    effect: Effect,
    course: Course,
) -> Reply {
    let now = state.now;
    let shape = course.shape;
    let id = state.operations.begin(kind, workspace, effect, course, now);
    state.settle();
    if shape == Shape::AtOnce {
        return Reply::new(200);
    }
    let base_url = state.base_url.clone();
    let region = state.switches.operations_region.clone();
    let links = Links { base_url: &base_url, region: &region };
    state.operations.with_links(Reply::new(202), &id, &links)
}

/// How the end of a kind goes: as planned for this request, as switched, or as it was seen to go.
pub fn course(state: &State, kind: Kind, call: &Call<'_>) -> Course {
    let switched = || state.switches.courses.get(&kind).cloned();
    call.course.clone().or_else(switched).unwrap_or_else(|| kind.course())
}
