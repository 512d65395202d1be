//! Purges: what is asked of them, and when rows go. What the body takes is documented; what the
//! service says of a body that it does not take is not recorded anywhere.

use std::cmp::Ordering;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::support::azure::monitor::kusto::text::{Reading, order};
use crate::support::azure::monitor::kusto::value::{Type, Value};
use crate::support::azure::monitor::spot::Owner;
use crate::support::azure::monitor::store::{Store, Switches};
use crate::support::azure::monitor::tables::{Plan, Row, Table};
use crate::support::azure::place::WorkspaceId;
use crate::support::azure::refusal::{Answer, Refusal};
use crate::support::azure::state::State;
use crate::support::blob_server::wire::{Reply, Request};

/// A purge that was begun.
#[derive(Clone, Debug)]
pub struct Purge {
    pub owner: Owner,
    /// The key of whose rows go.
    pub key: String,
    pub begun: Timestamp,
    /// How many rows it took.
    pub rows: usize,
}

/// A condition on a row.
struct Filter {
    column: String,
    kind: Type,
    key: Option<String>,
    operator: String,
    value: Json,
}

const OPERATORS: [&str; 9] = ["==", "=~", "in", "in~", ">", ">=", "<", "<=", "between"];

/// Begins one.
pub fn begin(state: &mut State, owner: Owner, id: &WorkspaceId, request: &Request) -> Answer {
    let (now, base_url) = (state.now, state.base_url.clone());
    let store = &mut state.monitor;
    let body: Json = serde_json::from_slice(&request.body)
        .map_err(|_| refused("InvalidRequestContent", "The request content is not valid JSON."))?;
    let name = body["table"].as_str().unwrap_or_default().to_owned();
    throttle(store, owner, id, now)?;
    if let Some(refusal) = store.switches.purge_refused.get(&name.to_lowercase()) {
        return Err(refusal.clone());
    }
    let is_elsewhere = owner == Owner::Component
        && store.components.get(&id.key()).is_some_and(|it| it.workspace.is_some());
    let (lasts, reading) = (leaving(&store.switches, now), store.switches.reading);
    let tables = store.tables(owner, id).ok_or_else(|| not_found(owner, id))?;
    let table = tables.get_mut(&name.to_lowercase()).ok_or_else(|| {
        refused("BadArgument", &format!("The table '{name}' is not a table of this resource."))
    })?;
    if table.plan != Plan::Analytics {
        return Err(refused("BadArgument", &format!("The plan of '{name}' takes no purge.")));
    }
    let filters = filters(&body["filters"], table)?;
    let mut count = 0;
    // The purge of a component whose rows are in a workspace is "intended for Classic resources":
    // it is taken, and takes nothing.
    if !is_elsewhere {
        let fits = |row: &&mut Row| {
            row.is_seen(now) && filters.iter().all(|filter| filter.fits(row, reading))
        };
        for row in table.rows.iter_mut().filter(fits) {
            count += 1;
            (row.gone, row.back) = lasts;
        }
    }
    let number = store.purges.len();
    let guid = |what: &str| {
        let name = format!("{what} {number}");
        Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes())
    };
    let purge = format!("purge-{}", guid("purge"));
    let version = request.query("api-version").unwrap_or_default();
    let link = format!("{base_url}{}/operations/{purge}?api-version={version}", owner.path(id));
    let begun = Purge { owner, key: id.key(), begun: now, rows: count };
    store.purges.insert(purge, begun);
    // In Microsoft's own example this id is another than the link's.
    let reply = Reply::new(202).with("x-ms-status-location", link);
    Ok(reply.json(&json!({"operationId": guid("operation").to_string()})))
}

/// How one goes.
pub fn look(state: &State, owner: Owner, id: &WorkspaceId, purge: &str) -> Answer {
    let store = &state.monitor;
    let known = store.purges.get(&purge.to_lowercase());
    let known = known.filter(|it| it.owner == owner && it.key == id.key()).ok_or_else(|| {
        Refusal::gateway(404, "ResourceNotFound", format!("There is no purge '{purge}'."))
    })?;
    let is_over = store.switches.purge_lasts.is_some_and(|lasts| state.now >= known.begun + lasts);
    let status = if is_over { "completed" } else { "pending" };
    Ok(Reply::new(200).json(&json!({"status": status})))
}

/// When rows that are purged now go, and come back.
fn leaving(switches: &Switches, now: Timestamp) -> (Option<Timestamp>, Option<Timestamp>) {
    let whole = switches.purge_lasts.zip(switches.rows_vanish_after);
    let gone = whole.map(|(lasts, after)| now + lasts + after);
    (gone, gone.zip(switches.rows_return_after).map(|(gone, after)| gone + after))
}

fn throttle(store: &Store, owner: Owner, id: &WorkspaceId, now: Timestamp) -> Result<(), Refusal> {
    let hour = SignedDuration::from_hours(1);
    let own = store.purges.values().filter(|it| it.owner == owner && it.key == id.key());
    let mut recent: Vec<Timestamp> =
        own.map(|it| it.begun).filter(|begun| now < *begun + hour).collect();
    recent.sort();
    if recent.len() < store.switches.purges_per_hour {
        return Ok(());
    }
    let text = "Too many purges were asked for in the last hour.";
    let refusal = Refusal::gateway(429, "TooManyRequests", text);
    let wait = recent.first().map_or(hour, |first| (*first + hour).duration_since(now));
    Err(match store.switches.purge_says_retry_after {
        true => refusal.with("Retry-After", wait.as_secs().to_string()),
        false => refusal,
    })
}

fn filters(written: &Json, table: &Table) -> Result<Vec<Filter>, Refusal> {
    let written = written.as_array().filter(|list| !list.is_empty());
    let written = written.ok_or_else(|| refused("BadArgument", "There are no filters."))?;
    let one = |filter: &Json| {
        let text = |field: &str| filter[field].as_str().unwrap_or_default().to_owned();
        let (column, operator) = (text("column"), text("operator"));
        let known = table.columns.iter().find(|known| known.name == column);
        let known = known.ok_or_else(|| {
            refused("BadArgument", &format!("'{column}' is not a column of '{}'.", table.name))
        })?;
        let value = filter["value"].clone();
        let count = value.as_array().map(Vec::len);
        let is_good = OPERATORS.contains(&operator.as_str())
            && match operator.as_str() {
                "in" | "in~" => count.is_some_and(|count| count > 0),
                "between" => count == Some(2),
                _ => count.is_none() && !value.is_null(),
            };
        if !is_good {
            return Err(refused("BadArgument", &format!("'{operator}' takes another value.")));
        }
        let key = filter["key"].as_str().map(str::to_owned);
        if key.is_some() && known.kind != Type::Dynamic {
            return Err(refused("BadArgument", &format!("'{column}' has no keys.")));
        }
        Ok(Filter { column, kind: known.kind, key, operator, value })
    };
    written.iter().map(one).collect()
}

impl Filter {
    fn fits(&self, row: &Row, reading: Reading) -> bool {
        let held = row.values.get(&self.column).unwrap_or(&Json::Null);
        let held = match &self.key {
            Some(key) => Value::String(Type::String.take(&held[key.as_str()]).text()),
            None => self.kind.take(held),
        };
        let kind = if self.kind == Type::Dynamic { Type::String } else { self.kind };
        let values: Vec<Value> = match &self.value {
            Json::Array(list) => list.iter().map(|one| kind.take(one)).collect(),
            one => vec![kind.take(one)],
        };
        let fold = |value: &Value| reading.fold(&value.text());
        let stands = |value: &Value| order(&held, value);
        let first = values.first().and_then(&stands);
        match self.operator.as_str() {
            "==" | "in" => values.iter().any(|value| stands(value) == Some(Ordering::Equal)),
            "=~" | "in~" => values.iter().any(|value| fold(value) == fold(&held)),
            ">" => first.is_some_and(Ordering::is_gt),
            ">=" => first.is_some_and(Ordering::is_ge),
            "<" => first.is_some_and(Ordering::is_lt),
            "<=" => first.is_some_and(Ordering::is_le),
            _ => {
                first.is_some_and(Ordering::is_ge)
                    && values.get(1).and_then(stands).is_some_and(Ordering::is_le)
            }
        }
    }
}

fn refused(code: &str, text: &str) -> Refusal {
    Refusal::gateway(400, code, text)
}

/// The refusal of what is not there.
pub fn not_found(owner: Owner, id: &WorkspaceId) -> Refusal {
    let text = format!(
        "The Resource '{}/{}' under resource group '{}' was not found. For more details please go \
         to https://aka.ms/ARMResourceNotFoundFix",
        owner.type_name(),
        id.name,
        id.group
    );
    Refusal::gateway(404, "ResourceNotFound", text)
}
