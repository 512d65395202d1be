//! The page of one request: what `dsrd status ID` tells of it but for free text, in words and in
//! order.

use std::fmt::{self, Write};

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::adapters::http::pages::counter::{Counter, counter};
use crate::adapters::http::pages::frame::{
    self, Again, distance, due, escape, frame, grouped, link, notice, path_of, progress, span,
    time, word,
};
use crate::adapters::http::pages::overview::plan;
use crate::domain::dependents::tree::Branch;
use crate::domain::request::RequestId;
use crate::domain::state::State;
use crate::ports::standing::Progress;

/// Everything that the page shows.
pub struct Told {
    /// When it was looked up.
    pub now: Timestamp,
    /// Of which request.
    pub id: RequestId,
    /// What the ledger says of it, as `dsrd status ID --json` prints it.
    pub described: Map<String, Value>,
    /// What would become of a workspace, if it is about one and waits for a person.
    pub tree: Vec<Branch>,
    /// What whoever looks may decide.
    pub counter: Counter,
    /// Why what he decided was not taken.
    pub denied: Vec<String>,
    /// What he wrote as a reason for it.
    pub reason: String,
}

/// The page; `refresh` is `None` of an answer to a form, which is found nowhere again.
pub fn page(told: &Told, refresh: Option<bool>) -> String {
    let body = body(told).expect("writing to a string does not fail");
    let (path, is_written) = (path_of(&told.id), told.counter.is_open());
    let again = refresh.map(|is_on| Again { path: &path, is_on, is_written });
    frame(&body, &escape(told.id.as_str()), again)
}

/// The page of a request that the ledger does not know.
pub fn unknown(id: &str) -> String {
    let says = format!("The ledger knows no request {}.", escape(id));
    notice("dsrd", &says, "<p><a href=\"/\">All requests</a></p>", None)
}

fn body(told: &Told) -> Result<String, fmt::Error> {
    let Told { now, id, tree, .. } = told;
    let mut of = told.described.clone();
    let state = of["state"].as_str().unwrap_or_default().to_owned();
    let is_open = State::parse(&state).is_some_and(|state| !state.is_end());
    let mut body = String::new();
    let out = &mut body;
    let shown = escape(id.as_str());
    writeln!(out, "<header><h1>{shown}</h1><p><a href=\"/\">All requests</a></p></header>")?;
    writeln!(out, "<main id=\"main\">")?;
    denied(out, told)?;
    figures(out, &mut of, *now, is_open)?;
    if let Some(kept) = of.shift_remove("obstacle") {
        // What the outside told us is for those who may read the ledger.
        let told = ["source", "kind"].map(|key| text(&kept, key));
        let told: Vec<String> = told.into_iter().filter(|told| !told.is_empty()).collect();
        let (told, since) = (told.join(": ").replace('_', " "), at(&kept, "since"));
        writeln!(
            out,
            "<p class=\"alert\" role=\"alert\">It does not go on since {since}: {told}</p>"
        )?;
    }
    waits(out, &mut of, id, &state, told.counter.is_open())?;
    if !tree.is_empty() {
        plan(out, id, tree)?;
    }
    counter(out, id, &told.counter, &told.reason)?;
    items(out, &mut of)?;
    decisions(out, &mut of, id)?;
    course(out, &mut of, *now, is_open)?;
    coverage(out, &mut of)?;
    rest(out, &of)?;
    writeln!(out, "</main>")?;
    Ok(body)
}

/// Why what was decided was not taken.
fn denied(out: &mut String, Told { id, denied, .. }: &Told) -> fmt::Result {
    if denied.is_empty() {
        return Ok(());
    }
    let (why, path) = (escape(&denied.join("; ")), path_of(id));
    writeln!(
        out,
        "<p id=\"denied\" class=\"alert\" role=\"alert\">It was not decided: {why}. \
         <a href=\"{path}\">Look at the request again</a></p>"
    )
}

/// What it is, how far, and until when.
fn figures(
    out: &mut String,
    of: &mut Map<String, Value>,
    now: Timestamp,
    is_open: bool,
) -> fmt::Result {
    let mut word_of = |key: &str| match of.shift_remove(key) {
        Some(Value::String(told)) => told,
        _ => String::new(),
    };
    let (state, kind) = (word_of("state"), word_of("subject_request_type"));
    let [submitted, until, changed] = ["submitted_time", "due_time", "changed_time"]
        .map(|key| word_of(key).parse::<Timestamp>().ok());
    let far = of.shift_remove("progress").unwrap_or_default();
    let number = |key: &str| far[key].as_u64().unwrap_or_default();
    let far = Progress { done: number("done"), total: number("total") };
    for key in ["subject_request_id", "outcome"] {
        of.shift_remove(key);
    }
    let when = |at: Option<Timestamp>| at.map_or("–".to_owned(), |at| time(at).to_string());
    let mut since = when(changed);
    if let Some(changed) = changed.filter(|_| is_open) {
        write!(since, "<small>for {}</small>", distance(changed, now))?;
    }
    let state = State::parse(&state).map_or_else(|| escape(&state), word);
    let kind = if kind.is_empty() { "–".to_owned() } else { escape(&kind) };
    let mut told = vec![
        ("State", state),
        ("Since", since),
        ("Kind", kind),
        ("Submitted", when(submitted)),
        ("Due", if is_open { due(until, now) } else { when(until) }),
    ];
    if is_open && far.total > 0 {
        told.push(("Progress", progress(far) + &left(far, changed, now)));
    }
    writeln!(out, "<dl>")?;
    for (name, what) in told {
        writeln!(out, "<div><dt>{name}</dt><dd class=\"said\">{what}</dd></div>")?;
    }
    writeln!(out, "</dl>")
}

/// How fast it goes and how long it may take, if it goes on as it did since its state began.
fn left(far: Progress, since: Option<Timestamp>, now: Timestamp) -> String {
    let took = since.map_or(0, |since| now.duration_since(since).as_secs());
    let (Ok(took), done) = (u64::try_from(took), far.done.min(far.total)) else {
        return String::new();
    };
    if took == 0 || done == 0 || done == far.total {
        return String::new();
    }
    let seconds = (far.total - done).saturating_mul(took) / done;
    let rate = grouped(done.saturating_mul(60) / took);
    format!("<small>{rate} a minute, {} to go</small>", span(seconds / 60))
}

/// Why it stands where it does, and what people can do about it.
fn waits(
    out: &mut String,
    of: &mut Map<String, Value>,
    id: &RequestId,
    state: &str,
    is_decided_here: bool,
) -> fmt::Result {
    let others = of.shift_remove("waits_for").unwrap_or_default();
    let others = others.as_array().into_iter().flatten().filter_map(Value::as_str);
    let others: Vec<String> =
        others.filter_map(|id| RequestId::new(id).ok()).map(|id| link(&id)).collect();
    let mut said = Vec::new();
    let reason = of.shift_remove("reason");
    match (reason, State::parse(state)) {
        // Ours: how much would be removed.
        (Some(reason), Some(State::Held)) => said.push(format!("Reason: {}", value(&reason))),
        // People's words, or what the outside told us: either may name somebody.
        (Some(_), _) => said.push(format!("Reason: {}", in_status(id))),
        (None, _) => {}
    }
    if !others.is_empty() {
        said.push(format!("It waits for {}.", others.join(", ")));
    }
    if let Some(waiting) = of.shift_remove("waiting") {
        let sources = list(&waiting, "for");
        let sources: Vec<String> = sources
            .iter()
            .map(|each| format!("{} items in {}", each["items"], text(each, "source")))
            .collect();
        let (since, until) = (text(&waiting, "since"), text(&waiting, "until_at_most"));
        said.push(format!(
            "It waits for services ({}) since {since}, until {until} at most.",
            sources.join(", ")
        ));
    }
    let decide = match State::parse(state) {
        _ if is_decided_here => None,
        Some(State::Held) => Some(["approve", "reject"].as_slice()),
        Some(State::Failed) => Some(["retry", "cancel"].as_slice()),
        _ => None,
    };
    for verb in decide.into_iter().flatten() {
        said.push(format!("<code>dsrd {verb} {} --reason TEXT</code>", escape(id.as_str())));
    }
    if said.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<section aria-labelledby=\"waits\"><h2 id=\"waits\">Why, and what next</h2>\n<ul>"
    )?;
    for line in said {
        writeln!(out, "<li>{line}</li>")?;
    }
    writeln!(out, "</ul></section>")
}

/// How many items there were and what became of them; what was refused, and why.
fn items(out: &mut String, of: &mut Map<String, Value>) -> fmt::Result {
    let counts = of.shift_remove("counts").unwrap_or_default();
    // What could not be read is an outcome too, once there are some.
    let is_told = counts["outcomes"].get("unreadable").is_some();
    let mut rows: Vec<(String, u64)> = ["seen", "known", "found", "unreadable", "open"]
        .into_iter()
        .filter(|name| !(is_told && *name == "unreadable"))
        .filter_map(|name| Some((name.to_owned(), counts[name].as_u64()?)))
        .collect();
    for (outcome, count) in counts["outcomes"].as_object().into_iter().flatten() {
        rows.push((outcome.replace('_', " "), count.as_u64().unwrap_or_default()));
    }
    if !rows.is_empty() {
        writeln!(out, "<section aria-labelledby=\"items\"><h2 id=\"items\">Items</h2>\n<dl>")?;
        for (name, count) in rows {
            let (name, count) = (escape(&name), grouped(count));
            writeln!(out, "<div><dt>{name}</dt><dd>{count}</dd></div>")?;
        }
        writeln!(out, "</dl></section>")?;
    }
    let rows = taken(of, "refusals").into_iter().map(|each| {
        [
            each["items"].to_string(),
            text(&each, "outcome"),
            text(&each, "source"),
            text(&each, "reason"),
        ]
    });
    table(out, ("refusals", "Not done, and why"), &["Items", "Outcome", "Source", "Reason"], rows)
}

/// What was decided.
fn decisions(out: &mut String, of: &mut Map<String, Value>, id: &RequestId) -> fmt::Result {
    let rows = taken(of, "decisions")
        .into_iter()
        .map(|each| [at(&each, "at"), text(&each, "decision"), in_status(id)]);
    table(out, ("decisions", "Decisions"), &["When", "Decision", "By whom and why"], rows)
}

/// Where free text is to be had, which may name somebody: nobody is asked here who he is.
fn in_status(id: &RequestId) -> String {
    format!("<code>dsrd status {}</code> tells it", escape(id.as_str()))
}

/// Its records, and how long it took from each to the next.
fn course(
    out: &mut String,
    of: &mut Map<String, Value>,
    now: Timestamp,
    is_open: bool,
) -> fmt::Result {
    let events = taken(of, "events");
    let time_of = |event: &Value| event["at"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
    let rows = events.iter().enumerate().map(|(index, event)| {
        let next = match events.get(index + 1) {
            Some(next) => time_of(next),
            None => is_open.then_some(now),
        };
        let took = time_of(event).zip(next).map(|(from, to)| lasted(from, to));
        let what = escape(&event["event"].as_str().unwrap_or_default().replace('_', " "));
        [event["sequence"].to_string(), at(event, "at"), what, took.unwrap_or_else(|| "–".into())]
    });
    let columns = ["Record", "When", "What", "Until the next"];
    table(out, ("course", "How it went"), &columns, rows)
}

/// Where was looked, and where not.
fn coverage(out: &mut String, of: &mut Map<String, Value>) -> fmt::Result {
    let rows = taken(of, "coverage").into_iter().map(|each| {
        let places = each["places"].as_u64().map(|places| format!(" ({places} places)"));
        let name = text(&each, "name") + &places.unwrap_or_default();
        let [looked, sort, why] =
            ["looked", "sort", "why"].map(|key| text(&each, key).replace('_', " "));
        [looked, sort, name, why]
    });
    table(out, ("coverage", "Where was looked"), &["Looked", "What", "Name", "Why"], rows)
}

/// Whatever else is told of it, as it is.
fn rest(out: &mut String, of: &Map<String, Value>) -> fmt::Result {
    if of.is_empty() {
        return Ok(());
    }
    let rows = of.iter().map(|(key, told)| [escape(&key.replace('_', " ")), value(told)]);
    table(out, ("more", "Evidence and more"), &["What", "Told"], rows)
}

/// A section with a table; nothing if it has no rows. The cells are HTML.
fn table<const N: usize>(
    out: &mut String,
    (label, heading): (&str, &str),
    columns: &[&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> fmt::Result {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return Ok(());
    }
    writeln!(out, "<section aria-labelledby=\"{label}\"><h2 id=\"{label}\">{heading}</h2>")?;
    let mut written = String::new();
    for row in rows {
        let cells = row.map(|cell| format!("<td class=\"wrap\">{cell}</td>"));
        writeln!(written, "<tr>{}</tr>", cells.concat())?;
    }
    frame::table(out, label, columns, &written)?;
    writeln!(out, "</section>")
}

fn taken(of: &mut Map<String, Value>, key: &str) -> Vec<Value> {
    match of.shift_remove(key) {
        Some(Value::Array(all)) => all,
        _ => Vec::new(),
    }
}

fn list<'a>(of: &'a Value, key: &str) -> &'a [Value] {
    of[key].as_array().map_or(&[], Vec::as_slice)
}

/// A member, as HTML.
fn text(of: &Value, key: &str) -> String {
    escape(of[key].as_str().unwrap_or_default())
}

fn at(of: &Value, key: &str) -> String {
    let told = of[key].as_str().unwrap_or_default();
    told.parse::<Timestamp>().map_or_else(|_| escape(told), to_the_second)
}

/// Anything, as HTML.
fn value(told: &Value) -> String {
    match told {
        Value::String(text) => escape(text),
        Value::Object(members) => {
            let told = members
                .iter()
                .map(|(key, told)| format!("{}: {}", escape(&key.replace('_', " ")), value(told)));
            told.collect::<Vec<_>>().join("; ")
        }
        Value::Array(all) => all.iter().map(value).collect::<Vec<_>>().join("<br>"),
        other => escape(&other.to_string()),
    }
}

/// Of records some follow each other within a minute.
fn to_the_second(at: Timestamp) -> String {
    format!("<time datetime=\"{at}\">{}</time>", at.strftime("%Y-%m-%d %H:%M:%S UTC"))
}

/// How long something took, to the second where it was short.
fn lasted(from: Timestamp, to: Timestamp) -> String {
    let millis = to.duration_since(from).as_millis();
    match millis {
        ..1_000 => format!("{} ms", millis.max(0)),
        1_000..120_000 => format!("{} s", millis / 1_000),
        _ => distance(from, to),
    }
}
