//! Purges: rows go for good, in days or weeks, and the service says `completed` when it has taken
//! them up. Whether they are gone, only a query tells.
//!
//! The other way to remove rows, Delete Data, is not gone: it only marks them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::adapters::azureml::wire::answer::{Answer, Trouble};
use crate::adapters::monitor::look::rows::Place;
use crate::adapters::monitor::query::call::{Answered, ask};
use crate::adapters::monitor::query::text::{RESOURCE, resources};
use crate::adapters::monitor::stores::store::{COMPONENTS_VERSION, LOGS_VERSION};
use crate::adapters::monitor::tables::table::{Door, Holds};
use crate::adapters::monitor::wire::way::{Service, Way};
use crate::domain::failure::Failure;
use crate::domain::outcome::{Barrier, Block};
use crate::ports::sources::{Erased, Followed, Ticket};

const PURGING: &str = "purging rows of telemetry";
const OWNING: &str = "asking whose rows of telemetry are";
const FOLLOWING: &str = "asking how far a purge is";

/// When to look after a purge: it takes days, unless what simulates it is on this machine.
const LOOK_MS_MIN: u64 = 15 * 60 * 1_000;

/// Purges that a store takes in an hour.
pub const PER_HOUR: u32 = 50;
/// Values of a purge. How many it takes, no source says.
pub const VALUES_MAX: usize = 100;
/// Bytes of them, in a purge and in a question.
pub const VALUES_BYTES_MAX: usize = 20_000;

/// What a ticket keeps.
#[derive(Serialize, Deserialize)]
struct Handle {
    /// Where the service says how far it is. What it calls the purge in its body is another id.
    url: Option<String>,
}

/// Purges the rows whose column has one of these values.
///
/// # Errors
/// The store does not answer, or refuses for a reason that has no word.
pub async fn erase(place: &Place, values: &[String]) -> Result<Erased, Failure> {
    let Place { way, store, table, spot } = place;
    if let Some(barrier) = barrier(place) {
        return Ok(Erased::Blocked(barrier));
    }
    let mut filters = vec![filter(&spot.column, &written(place, values))];
    if let Some(key) = &spot.key {
        filters[0]["key"] = key.as_str().into();
    }
    if !store.scope.is_all() {
        let own = owners(place, values).await?;
        if own.is_empty() {
            return Ok(Erased::AlreadyAbsent);
        }
        let own: Vec<Value> = own.into_iter().map(Value::from).collect();
        filters.push(filter(RESOURCE, &own));
    }
    let version = match store.address.service {
        Service::Logs => LOGS_VERSION,
        Service::Apps => COMPONENTS_VERSION,
    };
    let body = json!({ "table": table.name, "filters": filters });
    let answer = way.post(PURGING, way.url(&store.id, "purge", version), &body).await?;
    match answer.status {
        200..=202 => Ok(Erased::Begun(ticket(way, &answer))),
        404 if answer.is_absent_itself() => Ok(Erased::AlreadyAbsent),
        _ => match answer.barrier() {
            Some(barrier) => Ok(Erased::Blocked(barrier)),
            None => Err(answer.failure(PURGING)),
        },
    }
}

/// What a purge of these values comes to, if the service need not be called for that.
///
/// # Errors
/// The store does not answer.
pub async fn settled(place: &Place, values: &[String]) -> Result<Option<Erased>, Failure> {
    if let Some(barrier) = barrier(place) {
        return Ok(Some(Erased::Blocked(barrier)));
    }
    if values.is_empty() || place.store.scope.is_all() {
        return Ok(None);
    }
    let is_absent = owners(place, values).await?.is_empty();
    Ok(is_absent.then_some(Erased::AlreadyAbsent))
}

/// What forbids a purge there, as far as that can be told without a call.
fn barrier(place: &Place) -> Option<Barrier> {
    let Place { table, spot, .. } = place;
    if let Some(code) = table.plan.barrier() {
        return Some(Barrier::new(Block::Immutable, code));
    }
    let holds = table.column(&spot.column).map(|column| column.holds);
    // A purge compares a bag by one of its keys only.
    let is_kept = holds.is_none_or(|holds| (holds == Holds::Dynamic) != spot.key.is_some());
    is_kept.then(|| Barrier::new(Block::Immutable, "ColumnType"))
}

/// How far a purge is.
///
/// # Errors
/// That cannot be learned now.
pub async fn follow(way: &Way, handle: &str) -> Result<Followed, Failure> {
    let handle: Handle = serde_json::from_str(handle)
        .map_err(|_| Failure::permanent("reading a ticket's handle"))?;
    let Some(url) = handle.url.and_then(|url| way.own(&url)) else { return Ok(Followed::Unknown) };
    let answer = way.get(FOLLOWING, url).await?;
    match answer.status {
        200 => {}
        404 if answer.is_absent_itself() => return Ok(Followed::Unknown),
        _ => return Err(answer.failure(FOLLOWING)),
    }
    let word = answer.body["status"].as_str().unwrap_or_default().to_ascii_lowercase();
    Ok(match word.as_str() {
        "completed" | "succeeded" => Followed::Done,
        "failed" | "canceled" | "cancelled" => Followed::Failed(word),
        _ => {
            let is_plain = word.bytes().all(|b| b.is_ascii_alphabetic()) && word.len() <= 32;
            let state = Some(word).filter(|_| is_plain);
            Followed::Running { look_in_ms: look_in_ms(way, &answer), handle: None, state }
        }
    })
}

fn ticket(way: &Way, answer: &Answer) -> Ticket {
    let url = answer.header("x-ms-status-location").and_then(|link| way.own(link));
    let handle = Handle { url: url.map(String::from) };
    let handle = serde_json::to_string(&handle).expect("strings can be written");
    Ticket { handle, look_in_ms: look_in_ms(way, answer) }
}

fn look_in_ms(way: &Way, answer: &Answer) -> u64 {
    answer.wait_ms().max(if way.is_here { 0 } else { LOOK_MS_MIN })
}

/// Values as the column holds them.
fn written(Place { table, spot, .. }: &Place, values: &[String]) -> Vec<Value> {
    let holds = table.column(&spot.column).map(|column| column.holds);
    let one = |value: &String| match holds {
        Some(Holds::Number) => value.parse::<i64>().ok().map(Value::from),
        _ => Some(Value::from(value.as_str())),
    };
    values.iter().filter_map(one).collect()
}

fn filter(column: &str, values: &[Value]) -> Value {
    json!({ "column": column, "operator": "in", "value": values })
}

/// Whose the rows are, exactly as they say it: a purge takes nobody else's.
async fn owners(place: &Place, values: &[String]) -> Result<Vec<String>, Failure> {
    let Place { way, store, table, spot } = place;
    let (mut own, mut open) = (BTreeSet::new(), vec![values]);
    while let Some(some) = open.pop() {
        let text = resources(table, spot, &store.scope, some);
        let is_long = some.iter().map(String::len).sum::<usize>() > VALUES_BYTES_MAX;
        if some.len() > 1 && is_long {
            let (one, other) = some.split_at(some.len() / 2);
            open.extend([one, other]);
            continue;
        }
        match ask(way, &store.address, Door::Query, &text).await? {
            Answered::Whole(rows) => {
                let said = rows.rows.iter().filter_map(|row| row.first()?.as_str());
                // Asked for and looked at: what is another's must not go.
                own.extend(said.filter(|id| store.scope.admits(id)).map(str::to_owned));
            }
            Answered::Refused { status: status @ (401 | 403), code } => {
                return Err(Trouble::Refused { status, code }.failure(OWNING));
            }
            _ if some.len() > 1 => {
                let (one, other) = some.split_at(some.len() / 2);
                open.extend([one, other]);
            }
            Answered::Refused { status, code } => {
                return Err(Trouble::Refused { status, code }.failure(OWNING));
            }
            Answered::Part(_) | Answered::TooMuch(_) => {
                return Err(Failure::transient(OWNING).because("no whole answer"));
            }
        }
    }
    Ok(own.into_iter().collect())
}
