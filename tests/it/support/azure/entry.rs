//! What every request passes before it is looked at: who asks, in which version, with what right,
//! and how often; then what goes wrong by plan.

use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;

use crate::support::azure::arm;
use crate::support::azure::data_plane;
use crate::support::azure::dependents;
use crate::support::azure::entra::{self, Door};
use crate::support::azure::faults::{Fault, Verb};
use crate::support::azure::graph;
use crate::support::azure::kind::Kind;
use crate::support::azure::monitor;
use crate::support::azure::operations::{Course, Links};
use crate::support::azure::place::{Arm, Place};
use crate::support::azure::refusal::{Answer, Refusal};
use crate::support::azure::rights;
use crate::support::azure::state::State;
use crate::support::blob_server::form::http_date;
use crate::support::blob_server::wire::{Cut, Reply, Request};

/// What is answered, and how much of it is sent.
pub struct Answered {
    pub reply: Reply,
    pub cut: Option<Cut>,
    /// What was asked of what kind, where that could be told.
    pub meant: Option<(Verb, Kind)>,
}

/// A request that came through, to be carried out.
pub struct Call<'a> {
    pub request: &'a Request,
    pub verb: Verb,
    /// How it goes where it is planned for this request.
    pub course: Option<Course>,
}

/// The buckets of one subscription: per principal, and over all of them.
#[derive(Debug, Default)]
pub struct Rates {
    /// What is left of each bucket, and when that was.
    left: BTreeMap<(String, &'static str), (f64, Timestamp)>,
}

/// Name, size and refill a second.
type Bucket = (&'static str, f64, f64);
const READS: Bucket = ("reads", 250.0, 25.0);
const WRITES: Bucket = ("writes", 200.0, 10.0);
const DELETES: Bucket = ("deletes", 200.0, 10.0);
/// Buckets over all principals are so much larger.
const GLOBAL_FACTOR: f64 = 15.0;

/// Answers one request.
pub fn answer(state: &mut State, request: &Request) -> Answered {
    state.settle();
    let place = Place::of(&request.path);
    let meant = meaning(state, request, &place);
    let is_open = matches!(place, Place::Login { .. } | Place::Cloud | Place::Discovery);
    let gate = if is_open { Ok(Vec::new()) } else { pass(state, request, &place, meant) };
    let fault = meant.filter(|_| gate.is_ok());
    let fault = fault.and_then(|(verb, kind)| state.faults.begin(verb, kind));
    let (mut reply, cut) = match (gate, fault) {
        (Err(refusal), _) => (refusal.reply(state.now), None),
        (Ok(_), Some(Fault::Dropped)) => (Reply::new(500), Some(Cut::Nothing)),
        (Ok(headers), fault) => {
            let cut = match &fault {
                Some(Fault::LostAnswer) => Some(Cut::Nothing),
                Some(Fault::HalfAnswer) => Some(Cut::Half),
                _ => None,
            };
            let mut reply = carry_out(state, request, &place, meant, fault)
                .unwrap_or_else(|refusal| refusal.reply(state.now));
            reply.headers.extend(headers);
            (reply, cut)
        }
    };
    reply.headers.extend(common(state, request));
    Answered { reply, cut, meant }
}

fn carry_out(
    state: &mut State,
    request: &Request,
    place: &Place,
    meant: Option<(Verb, Kind)>,
    fault: Option<Fault>,
) -> Answer {
    let course = match fault {
        Some(Fault::Refused(refusal)) => return Err(refusal),
        Some(Fault::Goes(course)) => Some(course),
        _ => None,
    };
    let verb = meant.map_or(Verb::Get, |(verb, _)| verb);
    let call = Call { request, verb, course };
    match place {
        Place::Login { tenant, rest } => entra::answer(state, request, tenant, rest),
        Place::Cloud => Ok(entra::cloud(state)),
        Place::Discovery => Ok(entra::discovery(state)),
        Place::Subscriptions(id) => arm::workspaces::subscriptions(state, id.as_deref()),
        Place::Workspaces { subscription, group } => {
            arm::workspaces::list(state, request, subscription, group.as_deref())
        }
        Place::Arm(place) => arm::service::answer(state, place, &call),
        Place::Permissions(workspace) => {
            if !workspace.name.is_empty() {
                arm::workspaces::live(state, workspace)?;
            }
            Ok(rights::permissions(state, workspace))
        }
        Place::Operation { id, is_result } => {
            let base_url = state.base_url.clone();
            let region = state.switches.operations_region.clone();
            let links = Links { base_url: &base_url, region: &region };
            state.operations.poll(id, *is_result, request, &links, state.now)
        }
        Place::Data { service, workspace, rest } => {
            data_plane::service::answer(state, (service, workspace, rest), &call)
        }
        Place::Dependent(spot) => dependents::service::answer(state, spot, &call),
        Place::Monitor(spot) => monitor::service::answer(state, spot, &call),
        Place::Graph(words) => graph::answer(state, words, &call),
        Place::Unknown => Err(nothing_there(request)),
    }
}

/// What is asked of what kind.
fn meaning(state: &State, request: &Request, place: &Place) -> Option<(Verb, Kind)> {
    let method = match request.method.as_str() {
        "GET" => Verb::Get,
        "PUT" => Verb::Put,
        "PATCH" => Verb::Patch,
        "POST" => Verb::Act,
        "DELETE" => Verb::Delete,
        _ => return None,
    };
    match place {
        Place::Workspaces { .. } => Some((Verb::List, Kind::Workspace)),
        Place::Arm(place) if place.is_list => Some((Verb::List, place.kind)),
        Place::Arm(place) => Some((method, place.kind)),
        Place::Operation { id, .. } => state.operations.kind(id).map(|kind| (Verb::Poll, kind)),
        Place::Data { service, rest, .. } => data_plane::service::meaning(method, service, rest),
        Place::Dependent(spot) => Some(dependents::service::meaning(method, spot)),
        Place::Monitor(spot) => Some(monitor::service::kind(spot, method)),
        Place::Graph(_) => Some((method, Kind::Copy)),
        _ => None,
    }
}

/// Lets a request through, with headers for its answer.
fn pass(
    state: &mut State,
    request: &Request,
    place: &Place,
    meant: Option<(Verb, Kind)>,
) -> Result<Vec<(String, String)>, Refusal> {
    let door = door(place);
    entra::check(state, request, door)?;
    if door == Door::ControlPlane {
        check_version(request)?;
    }
    if let Some((verb, kind)) = meant.filter(|meant| state.switches.denied.contains(meant)) {
        return Err(denied(request, verb, kind));
    }
    if door == Door::Graph {
        return Ok(Vec::new());
    }
    rights::check(state, request)?;
    dependents::service::check_locks(state, request)?;
    match place {
        Place::Workspaces { subscription, .. } => draw(state, request, subscription),
        Place::Arm(Arm { workspace, .. }) | Place::Permissions(workspace) => {
            draw(state, request, &workspace.subscription)
        }
        Place::Dependent(spot) => draw(state, request, spot.subscription()),
        Place::Monitor(spot) => match spot.subscription() {
            Some(subscription) => draw(state, request, subscription),
            None => Ok(Vec::new()),
        },
        _ => Ok(Vec::new()),
    }
}

fn door(place: &Place) -> Door {
    match place {
        Place::Data { .. } | Place::Unknown => Door::DataPlane,
        Place::Monitor(spot) if spot.is_query() => Door::Queries,
        Place::Graph(_) => Door::Graph,
        _ => Door::ControlPlane,
    }
}

fn check_version(request: &Request) -> Result<(), Refusal> {
    let Some(version) = request.query("api-version") else {
        let text = "The api-version query parameter (?api-version=) is required for all requests.";
        return Err(Refusal::gateway(400, "MissingApiVersionParameter", text));
    };
    let is_date = version.get(..10).is_some_and(|date| {
        date.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
    });
    let known = is_date && version.get(..4).is_some_and(|year| ("2018"..="2026").contains(&year));
    if known {
        return Ok(());
    }
    let text = format!(
        "No registered resource provider found for location 'westeurope' and API version \
         '{version}' for type 'workspaces'. The supported api-versions are '2024-10-01'."
    );
    Err(Refusal::gateway(400, "NoRegisteredProviderFound", text))
}

fn denied(request: &Request, verb: Verb, kind: Kind) -> Refusal {
    let word = match verb {
        Verb::Get | Verb::List | Verb::Poll => "read",
        Verb::Put | Verb::Patch => "write",
        Verb::Act => "action",
        Verb::Delete => "delete",
    };
    rights::denied(&format!("{}/{word}", kind.type_name()), &request.path)
}

/// Takes a token out of the bucket, and tells what is left.
fn draw(
    state: &mut State,
    request: &Request,
    subscription: &str,
) -> Result<Vec<(String, String)>, Refusal> {
    let bucket = match request.method.as_str() {
        "GET" | "HEAD" => READS,
        "DELETE" => DELETES,
        _ => WRITES,
    };
    let (name, size, refill) = bucket;
    let subscription = subscription.to_lowercase();
    let now = state.now;
    let left = state.rates.left.entry((subscription, name)).or_insert((size, now));
    let passed = now.duration_since(left.1).as_secs_f64();
    *left = ((left.0 + passed * refill).min(size), now);
    if left.0 < 1.0 && state.switches.is_throttled {
        let wait = ((1.0 - left.0) / refill).ceil();
        let text = "Number of requests for the subscription and operation exceeded the limit.";
        let refusal = Refusal::gateway(429, "SubscriptionRequestsThrottled", text);
        let seconds = format!("{wait:.0}");
        let header = format!("x-ms-ratelimit-remaining-subscription-{name}");
        return Err(refusal.with("Retry-After", seconds).with(&header, "0"));
    }
    left.0 = (left.0 - 1.0).max(0.0);
    let global = size * GLOBAL_FACTOR - (size - left.0);
    Ok(vec![
        (format!("x-ms-ratelimit-remaining-subscription-{name}"), format!("{:.0}", left.0)),
        (format!("x-ms-ratelimit-remaining-subscription-global-{name}"), format!("{global:.0}")),
    ])
}

fn nothing_there(request: &Request) -> Refusal {
    let text = format!("No HTTP resource was found that matches the request '{}'.", request.path);
    Refusal::gateway(404, "InvalidResourceType", text)
}

/// Headers of every answer. `x-ms-operation-identifier` tells who asked: nobody should log it.
fn common(state: &State, request: &Request) -> Vec<(String, String)> {
    let id = Uuid::new_v4().to_string();
    let mut headers = vec![
        ("Date", http_date(state.now)),
        ("x-ms-request-id", id.clone()),
        ("x-ms-correlation-request-id", id.clone()),
        ("x-ms-routing-request-id", format!("WESTEUROPE:{id}")),
        (
            "x-ms-operation-identifier",
            format!("tenantId={},objectId={}", state.tenant, entra::CALLER),
        ),
        ("Strict-Transport-Security", "max-age=31536000; includeSubDomains".to_owned()),
    ];
    if let Some(id) = request.header("x-ms-client-request-id") {
        headers.push(("x-ms-client-request-id", id.to_owned()));
    }
    headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
