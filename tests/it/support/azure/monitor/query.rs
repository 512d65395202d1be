//! The query service: `/query`, `/search` and `/$batch`, with the bodies of errors as they were
//! recorded.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::{SignedDuration, Span, Timestamp};
use serde_json::{Value as Json, json};

use crate::support::azure::monitor::kusto::fault::Fault;
use crate::support::azure::monitor::kusto::parse::script;
use crate::support::azure::monitor::kusto::rows::Rows;
use crate::support::azure::monitor::kusto::syntax::{From, Script, Step};
use crate::support::azure::monitor::kusto::tabular::{World, run};
use crate::support::azure::monitor::kusto::text::order;
use crate::support::azure::monitor::kusto::value::{Type, Value};
use crate::support::azure::monitor::spot::{Owner, Spot, Whose};
use crate::support::azure::monitor::store::Store;
use crate::support::azure::monitor::tables::{Plan, Table, classic};
use crate::support::azure::refusal::{Answer, Envelope, Refusal};
use crate::support::azure::state::State;
use crate::support::blob_server::wire::{Reply, Request};

/// How long the service waits where nobody says for how long.
const WAIT: SignedDuration = SignedDuration::from_mins(3);

/// A refusal of the query service.
pub fn refused(status: u16, code: &str, text: &str) -> Refusal {
    Refusal::new(Envelope::Query, status, code, text)
}

/// 429: documented as 200 queries in 30 seconds.
pub fn too_many(retry_after_s: u64) -> Refusal {
    let text = "The request had exceeded the rate limit. Please retry after some time.";
    refused(429, "ThrottledError", text).with("Retry-After", retry_after_s.to_string())
}

/// 504: it took longer than one waits.
pub fn timed_out() -> Refusal {
    refused(504, "GatewayTimeout", "Gateway timeout")
}

pub fn answer(state: &mut State, spot: &Spot, request: &Request) -> Answer {
    let body: Json = serde_json::from_slice(&request.body).map_err(|_| no_query())?;
    let prefer = request.header("prefer").unwrap_or_default();
    let answer = match spot {
        Spot::Batch => return Ok(batch(state, &body)),
        Spot::Query(whose) => asked(state, whose, false, &body, prefer)?,
        Spot::Search(whose) => asked(state, whose, true, &body, prefer)?,
        _ => return Err(no_path()),
    };
    Ok(Reply::new(200).json(&answer))
}

/// Many at once, each with an answer of its own.
fn batch(state: &mut State, body: &Json) -> Reply {
    let mut responses = Vec::new();
    for one in body["requests"].as_array().into_iter().flatten() {
        let whose = Whose::Workspace(one["workspace"].as_str().unwrap_or_default().to_owned());
        let prefer = one["headers"]["Prefer"].as_str().or(one["headers"]["prefer"].as_str());
        let answered = asked(state, &whose, false, &one["body"], prefer.unwrap_or_default());
        let (status, body) = match answered {
            Ok(body) => (200, body),
            Err(refusal) => {
                let reply = refusal.reply(state.now);
                (refusal.status, serde_json::from_slice(&reply.body).unwrap_or_default())
            }
        };
        responses.push(json!({"id": one["id"], "status": status, "headers": {}, "body": body}));
    }
    Reply::new(200).json(&json!({"responses": responses}))
}

fn asked(
    state: &mut State,
    whose: &Whose,
    is_search: bool,
    body: &Json,
    prefer: &str,
) -> Result<Json, Refusal> {
    throttle(state)?;
    let text = body["query"].as_str().ok_or_else(no_query)?;
    let places = Places::find(&state.monitor, whose, body)?;
    let script = script(text).map_err(|fault| bad(&fault))?;
    let named = script.tables();
    allowed(state, whose, &named)?;
    let store = &state.monitor;
    fits_plans(&places, &named, &script, is_search)?;
    let waits = wait(prefer);
    if store.switches.query_takes > waits {
        return Err(timed_out());
    }
    let span = match body["timespan"].as_str() {
        Some(text) => Some(timespan(text, state.now).ok_or_else(|| {
            let refusal =
                refused(400, "BadArgumentError", "The request had some invalid properties");
            refusal.because("InvalidTimespan", "The timespan could not be parsed.")
        })?),
        None => None,
    };
    let now = state.now;
    let table = |name: &str| places.rows(name, now, span);
    let names = places.names();
    let world = World { names: &names, table: &table, now, reading: store.switches.reading };
    let rows = run(&script, &world).map_err(|fault| bad(&fault))?;
    let (mut whole, cut) = told(rows, store);
    let halved = halve(state, &named, &mut whole);
    let mut answer = json!({"tables": [whole]});
    if let Some(text) = cut.or(halved) {
        answer["error"] = partial(&text);
    }
    if prefer.contains("include-statistics") {
        answer["statistics"] = json!({"query": {"executionTime": 0.015_625,
            "resourceUsage": {"cpu": {"totalCpu": "00:00:00.0156250"}}}});
    }
    if prefer.contains("include-render") {
        answer["render"] = json!({"visualization": null, "title": null});
    }
    Ok(answer)
}

/// Counts a query, and refuses it where there were too many.
fn throttle(state: &mut State) -> Result<(), Refusal> {
    let window = SignedDuration::from_secs(30);
    let now = state.now;
    let store = &mut state.monitor;
    store.asked.retain(|asked| now < *asked + window);
    if store.switches.queries_max.is_some_and(|max| store.asked.len() >= max) {
        return Err(too_many(30));
    }
    store.asked.push(now);
    Ok(())
}

/// Where rows come from.
struct Places<'a> {
    /// Tables of each workspace or component that is asked.
    all: Vec<Cow<'a, BTreeMap<String, Table>>>,
    /// The only resource whose rows are meant, in lower case.
    resource: Option<String>,
}

impl<'a> Places<'a> {
    fn of(all: Vec<Cow<'a, BTreeMap<String, Table>>>) -> Self {
        Self { all, resource: None }
    }

    fn find(store: &'a Store, whose: &Whose, body: &Json) -> Result<Self, Refusal> {
        let workspace = |name: &str| {
            let mut live = store.workspaces.values().filter(|it| it.deleted.is_none());
            let found = live.find(|it| {
                let path = Owner::Workspace.path(&it.id);
                [&it.customer_id, &it.id.name, &path].iter().any(|it| it.eq_ignore_ascii_case(name))
            });
            let found = found.ok_or_else(no_path)?;
            let tables = Cow::Borrowed(&found.tables);
            if found.refuses_queries { Err(insufficient()) } else { Ok(tables) }
        };
        match whose {
            Whose::Workspace(id) => {
                let mut all = vec![workspace(id)?];
                for more in body["workspaces"].as_array().into_iter().flatten() {
                    all.push(workspace(more.as_str().unwrap_or_default())?);
                }
                Ok(Self::of(all))
            }
            Whose::App(id) => {
                let mut all = store.components.values();
                let found =
                    all.find(|it| it.app_id.eq_ignore_ascii_case(id)).ok_or_else(no_path)?;
                if found.refuses_queries {
                    return Err(insufficient());
                }
                let Some(workspace) = &found.workspace else {
                    return Ok(Self::of(vec![Cow::Borrowed(&found.tables)]));
                };
                // Its rows are in a workspace, and have there other names.
                let mut live = store.workspaces.values().filter(|it| it.deleted.is_none());
                let held = live
                    .find(|it| Owner::Workspace.path(&it.id).eq_ignore_ascii_case(workspace))
                    .ok_or_else(no_path)?;
                let resource = Owner::Component.path(&found.id);
                Ok(Self::of(vec![Cow::Owned(classic(&held.tables, &resource))]))
            }
            Whose::Resource(id) => {
                let live = store.workspaces.values().filter(|it| it.deleted.is_none());
                let all = live.filter(|it| !it.refuses_queries).map(|it| Cow::Borrowed(&it.tables));
                Ok(Self { all: all.collect(), resource: Some(id.to_lowercase()) })
            }
        }
    }

    fn table(&self, name: &str) -> Vec<&Table> {
        // Names of tables are told apart by case.
        let own = self.all.iter().filter_map(|tables| tables.get(&name.to_lowercase()));
        own.filter(|table| table.name == name).collect()
    }

    /// Names of all tables that a query may ask.
    fn names(&self) -> Vec<String> {
        let all = self.all.iter().flat_map(|tables| tables.values());
        let mut names: Vec<String> =
            all.filter(|it| it.plan == Plan::Analytics).map(|it| it.name.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// What is seen of a table by now, of that time.
    fn rows(
        &self,
        name: &str,
        now: Timestamp,
        span: Option<(Timestamp, Timestamp)>,
    ) -> Option<Rows> {
        let mut whole: Option<Rows> = None;
        for table in self.table(name) {
            let seen = table.seen(now);
            match &mut whole {
                None => whole = Some(seen),
                Some(whole) => whole.append(seen),
            }
        }
        let mut whole = whole?;
        let place = |name: &str| whole.columns.iter().position(|column| column.name == name);
        let time = place("TimeGenerated").or_else(|| place("timestamp"));
        let resource = place("_ResourceId");
        whole.rows.retain(|row| {
            let is_in = |(from, to): (Timestamp, Timestamp)| {
                time.is_none_or(|time| {
                    order(&row[time], &Value::DateTime(from)).is_some_and(|it| it.is_ge())
                        && order(&row[time], &Value::DateTime(to)).is_some_and(|it| it.is_le())
                })
            };
            let is_own = self.resource.as_ref().is_none_or(|id| {
                resource.is_some_and(|place| row[place].text().to_lowercase() == *id)
            });
            is_own && span.is_none_or(is_in)
        });
        Some(whole)
    }
}

/// Looks at rights to single tables.
fn allowed(state: &State, whose: &Whose, tables: &[String]) -> Result<(), Refusal> {
    for table in tables {
        let action = format!("Microsoft.OperationalInsights/workspaces/query/{table}/read");
        let roles = state.switches.roles.as_ref().filter(|_| matches!(whose, Whose::Workspace(_)));
        let is_granted = roles.is_none_or(|roles| roles.iter().any(|role| role.grants(&action)));
        if !is_granted || state.monitor.switches.denied_tables.contains(table) {
            return Err(insufficient());
        }
    }
    Ok(())
}

/// Basic and Auxiliary tables are for `/search` alone, which takes one table and few operators.
/// What the service says otherwise is not recorded.
fn fits_plans(
    places: &Places<'_>,
    named: &[String],
    script: &Script,
    is_search: bool,
) -> Result<(), Refusal> {
    let is_plain =
        |name: &String| places.table(name).iter().all(|table| table.plan == Plan::Analytics);
    let refusal = |text: &str| {
        let refusal = refused(400, "BadArgumentError", "The request had some invalid properties");
        refusal.because("SemanticError", text)
    };
    if !is_search {
        let cheap = named.iter().find(|name| !is_plain(name));
        return cheap.map_or(Ok(()), |name| {
            Err(refusal(&format!("The table '{name}' has a plan that takes no such query.")))
        });
    }
    let is_single = script.lets.is_empty() && matches!(script.query.from, From::Table(_));
    let fits = script.query.steps.iter().all(|step| {
        matches!(step, Step::Where(_) | Step::Extend(_) | Step::Project(_) | Step::ProjectAway(_))
    });
    match is_single && fits {
        true => Ok(()),
        false => Err(refusal("The query has operators that a search does not take.")),
    }
}

/// A table as it is answered, and why it is cut short where it is.
fn told(mut rows: Rows, store: &Store) -> (Json, Option<String>) {
    let mut cut = None;
    if rows.rows.len() > store.switches.rows_max {
        rows.rows.truncate(store.switches.rows_max);
        cut = Some(format!("the set limit of {} records", store.switches.rows_max));
    }
    let mut bytes = 0;
    let mut told = Vec::new();
    for row in &rows.rows {
        let row: Vec<Json> =
            row.iter().zip(&rows.columns).map(|(value, it)| cell(value, it.kind, store)).collect();
        bytes += Json::from(row.clone()).to_string().len();
        if bytes > store.switches.bytes_max {
            cut = Some(format!("the set limit of {} bytes", store.switches.bytes_max));
            break;
        }
        told.push(row);
    }
    let columns: Vec<Json> =
        rows.columns.iter().map(|it| json!({"name": it.name, "type": it.kind.word()})).collect();
    let cut = cut.map(|what| {
        format!(
            "The results of this query exceed {what}, so not all records were returned \
             (E_QUERY_RESULT_SET_TOO_LARGE, 0x80DA0003). See https://aka.ms/kustoquerylimits for \
             more information and possible solutions."
        )
    });
    (json!({"name": "PrimaryResult", "columns": columns, "rows": told}), cut)
}

fn cell(value: &Value, kind: Type, store: &Store) -> Json {
    let answer = value.answer(kind);
    let is_empty = answer == "" && store.switches.empty_texts_are_null;
    if is_empty { Json::Null } else { answer }
}

/// Takes half of the rows away where a switch says so.
fn halve(state: &mut State, named: &[String], whole: &mut Json) -> Option<String> {
    let partial = &mut state.monitor.switches.partial;
    let name = named.iter().find(|name| partial.get(*name).is_some_and(|left| *left > 0))?;
    if let Some(left) = partial.get_mut(name) {
        *left -= 1;
    }
    if let Some(rows) = whole["rows"].as_array_mut() {
        rows.truncate(rows.len() / 2);
    }
    Some("Something went wrong processing your query on the server.".to_owned())
}

fn partial(text: &str) -> Json {
    json!({
        "code": "PartialError",
        "message": "There were some errors when processing your query.",
        "details": [{
            "code": "EngineError",
            "message": "Something went wrong processing your query on the server.",
            "innererror": {"code": "-2133196797", "message": text, "severity": 2,
                "severityName": "Error"},
        }],
    })
}

/// `wait=…` of `Prefer`, ten minutes at most.
fn wait(prefer: &str) -> SignedDuration {
    let wait = prefer.split([',', ';']).find_map(|it| it.trim().strip_prefix("wait="));
    let seconds = wait.and_then(|text| text.parse::<i64>().ok());
    seconds.map_or(WAIT, |seconds| SignedDuration::from_secs(seconds.min(600)))
}

/// An ISO 8601 interval: a duration up to now, or two ends of which one may be a duration.
fn timespan(text: &str, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
    let time = |text: &str| match Value::time(text) {
        Value::DateTime(time) => Some(time),
        _ => None,
    };
    let long = |text: &str| {
        let span: Span = text.parse().ok()?;
        span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok()
    };
    match text.split_once('/') {
        None => Some((now.checked_sub(long(text)?).ok()?, now)),
        Some((from, to)) => match (time(from), time(to)) {
            (Some(from), Some(to)) => Some((from, to)),
            (Some(from), None) => Some((from, from.checked_add(long(to)?).ok()?)),
            (None, Some(to)) => Some((to.checked_sub(long(from)?).ok()?, to)),
            (None, None) => None,
        },
    }
}

fn bad(fault: &Fault) -> Refusal {
    let (code, text, inner, inner_text) = fault.words();
    let refusal = refused(400, "BadArgumentError", "The request had some invalid properties");
    refusal.because(code, text).because(inner, &inner_text)
}

fn no_query() -> Refusal {
    let refusal = refused(400, "BadArgumentError", "The request had some invalid properties");
    refusal.because("QueryValidationError", "Failed parsing the query")
}

fn no_path() -> Refusal {
    refused(404, "PathNotFoundError", "The requested path does not exist")
}

fn insufficient() -> Refusal {
    let text =
        "The provided credentials have insufficient access to perform the requested operation";
    refused(403, "InsufficientAccessError", text)
}
