//! The page of all requests: who waits for a person, what goes on, what ended last.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use jiff::Timestamp;

use crate::adapters::http::pages::frame::{
    self, Again, distance, due, escape, figure, frame, grouped, link, notice, progress, row_id,
    time, word,
};
use crate::adapters::http::pages::list::Wanted;
use crate::domain::dependents::tree::Branch;
use crate::domain::failure::Obstacle;
use crate::domain::request::{RequestId, RequestKind};
use crate::domain::state::State;
use crate::ports::kept::daemons::SeenDaemon;
use crate::ports::standing::Standing;

/// Everything that the page shows.
pub struct Overview {
    /// When it was looked up.
    pub now: Timestamp,
    /// Requests that wait for a person, earliest due first.
    pub held: Vec<Standing>,
    /// What would become of the workspaces that some of these are about.
    pub trees: BTreeMap<RequestId, Vec<Branch>>,
    /// Requests that go on by themselves, earliest due first.
    pub running: Vec<Standing>,
    /// Requests that ended, the latest first.
    pub ended: Vec<Standing>,
    /// How many items requests left of which the operator can still learn which they are.
    pub left: BTreeMap<RequestId, u64>,
    /// How many requests are in each state.
    pub census: Vec<(State, u64)>,
    /// Events not yet confirmed.
    pub backlog: u64,
    /// What keeps requests from going on.
    pub obstacles: BTreeMap<RequestId, Obstacle>,
    /// What requests wait for at services.
    pub waiting: BTreeMap<RequestId, String>,
    /// How many requests were overdue when all of them were looked through last.
    pub overdue: u64,
    /// The daemons that work on this ledger, the oldest first.
    pub daemons: Vec<SeenDaemon>,
    /// How requests were answered lately.
    pub answered: Vec<AnsweredLately>,
    /// Which share of those that were to be answered by a time were, if there were any.
    pub in_time: Option<f64>,
    /// The parts of the outside that did not answer well when they were asked last.
    pub down: Vec<String>,
    /// All parts, and what is wrong with each, as they were asked last.
    pub parts: Vec<(String, Option<&'static str>)>,
}

/// How requests of one kind that ended in one way were answered in the last 90 days.
pub struct AnsweredLately {
    /// The kind.
    pub kind: RequestKind,
    /// The way.
    pub state: State,
    /// How many.
    pub count: u64,
    /// How many days half of them took at most.
    pub days: f64,
}

/// The states of requests that go on by themselves.
pub const RUNNING: [State; 6] = [
    State::Accepted,
    State::Finding,
    State::Planned,
    State::Acting,
    State::Waiting,
    State::Verifying,
];

/// The page.
pub fn page(overview: &Overview, refresh: bool) -> String {
    document(overview, refresh).expect("writing to a string does not fail")
}

/// The page when there is nothing to be shown.
pub fn unavailable(refresh: bool) -> String {
    let says = "The ledger cannot be read now; the log tells why";
    notice("dsrd", says, "", Some(again(refresh)))
}

fn document(overview: &Overview, refresh: bool) -> Result<String, fmt::Error> {
    let Overview { now, held, running, ended, .. } = overview;
    let mut body = String::new();
    let out = &mut body;
    let as_of = time(*now);
    writeln!(out, "<header><h1>dsrd</h1><p>Requests of data subjects, as of {as_of}</p></header>")?;
    writeln!(out, "<main id=\"main\">")?;
    if !overview.down.is_empty() {
        let down = escape(&overview.down.join(", "));
        writeln!(
            out,
            "<p class=\"alert\" role=\"alert\">Not ready: {down}. <a href=\"/readyz\">More</a></p>"
        )?;
    }
    figures(out, overview)?;
    writeln!(out, "<section aria-labelledby=\"open\"><h2 id=\"open\">Open requests</h2>")?;
    let mut open: Vec<&Standing> = held.iter().chain(running).collect();
    open.sort_by_key(|standing| standing.due.is_none_or(|due| due >= *now));
    if open.is_empty() {
        writeln!(out, "<div class=\"scroll\"><p class=\"empty\">No request is open.</p></div>")?;
    } else {
        table(out, "open", &["Request", "Kind", "State", "Progress", "Due"], &open, |standing| {
            let kept = obstacle(overview.obstacles.get(&standing.id), *now);
            let progress = progress(standing.progress);
            let waits = overview.waiting.get(&standing.id).map(|what| escape(what));
            let waits = waits.map(|what| format!("<small>{what}</small>")).unwrap_or_default();
            format!("<td>{progress}{kept}{waits}</td><td>{}</td>", due(standing.due, *now))
        })?;
    }
    let more = count(overview, |state| !state.is_end()).saturating_sub(open.len() as u64);
    if more > 0 {
        writeln!(
            out,
            "<p><small>and <a href=\"/requests\">{more} more</a>, due later</small></p>"
        )?;
    }
    writeln!(out, "</section>")?;
    for (id, tree) in &overview.trees {
        plan(out, id, tree)?;
    }
    if !ended.is_empty() {
        writeln!(out, "<section aria-labelledby=\"ended\"><h2 id=\"ended\">Ended last</h2>")?;
        let ended: Vec<&Standing> = ended.iter().collect();
        let columns = ["Request", "Kind", "State", "Ended", "Items left"];
        table(out, "ended", &columns, &ended, |standing| {
            let left = overview.left.get(&standing.id).map_or("–".to_owned(), |n| grouped(*n));
            format!("<td>{}</td><td>{left}</td>", time(standing.changed))
        })?;
        writeln!(out, "</section>")?;
    }
    answered(out, overview)?;
    daemons(out, overview)?;
    parts(out, overview)?;
    writeln!(out, "</main>")?;
    Ok(frame(&body, "dsrd", Some(again(refresh))))
}

fn again(is_on: bool) -> Again<'static> {
    Again { path: "/", is_on, is_written: false }
}

fn figures(out: &mut String, overview: &Overview) -> fmt::Result {
    let overdue = |standing: &&Standing| standing.due.is_some_and(|due| due < overview.now);
    let shown = overview.held.iter().chain(&overview.running).filter(overdue).count() as u64;
    writeln!(out, "<dl>")?;
    let state = |state: State| Wanted { state: Some(state), ..Wanted::default() }.path();
    let late = Wanted { overdue: true, ..Wanted::default() }.path();
    let open = count(overview, |state| !state.is_end());
    figure(out, "Open", open, "", None)?;
    let mut of = |name: &str, one: State, class: &str| {
        let number = count(overview, |state| state == one);
        figure(out, name, number, class, Some(&state(one)))
    };
    of("Waiting for a person", State::Held, "warn")?;
    of("Completed", State::Completed, "")?;
    of("Partially completed", State::PartiallyCompleted, "warn")?;
    of("Failed", State::Failed, "bad")?;
    of("Refused messages", State::Rejected, "")?;
    figure(out, "Overdue", shown.max(overview.overdue), "bad", Some(&late))?;
    figure(out, "Events to send", overview.backlog, "", None)?;
    writeln!(out, "</dl>")
}

fn count(overview: &Overview, wanted: impl Fn(State) -> bool) -> u64 {
    overview.census.iter().filter(|(state, _)| wanted(*state)).map(|(_, count)| count).sum()
}

fn table(
    out: &mut String,
    label: &str,
    columns: &[&str],
    standings: &[&Standing],
    rest: impl Fn(&Standing) -> String,
) -> fmt::Result {
    let mut rows = String::new();
    for standing in standings {
        let (row, id) = (row_id(&standing.id), link(&standing.id));
        let kind = standing.kind.map_or("–", |kind| kind.word());
        let state = word(standing.state);
        let rest = rest(standing);
        writeln!(
            rows,
            "<tr id=\"{row}\"><th scope=\"row\">{id}</th><td>{kind}</td><td>{state}</td>{rest}</tr>"
        )?;
    }
    frame::table(out, label, columns, &rows)
}

/// What would become of a workspace and of what depends on it: names of resources alone.
pub(super) fn plan(out: &mut String, id: &RequestId, tree: &[Branch]) -> fmt::Result {
    let (label, id) = (format!("plan-{id}"), escape(id.as_str()));
    let label = escape(&label);
    writeln!(out, "<section aria-labelledby=\"{label}\"><h2 id=\"{label}\">Plan of {id}</h2>")?;
    let mut rows = String::new();
    for Branch { lead, action, name, why, recoverable } in tree {
        let lead = lead.replace(' ', "\u{a0}");
        let (name, why, recoverable) = (escape(name), escape(why), escape(recoverable));
        writeln!(
            rows,
            "<tr><th scope=\"row\">{lead}{name}</th><td>{action}</td><td>{why}</td>\
             <td>{recoverable}</td></tr>"
        )?;
    }
    let columns = ["Resource", "Action", "Reason", "Can be had back"];
    frame::table(out, &label, &columns, &rows)?;
    writeln!(out, "</section>")
}

/// How long it took to answer lately.
fn answered(out: &mut String, Overview { answered, in_time, .. }: &Overview) -> fmt::Result {
    if answered.is_empty() {
        return Ok(());
    }
    let heading = "Answered in the last 90 days";
    writeln!(out, "<section aria-labelledby=\"answered\"><h2 id=\"answered\">{heading}</h2>")?;
    if let Some(share) = in_time {
        writeln!(out, "<p>{:.0} % of them by their due time.</p>", share * 100.0)?;
    }
    let mut rows = String::new();
    for AnsweredLately { kind, state, count, days } in answered {
        let (kind, state, count) = (kind.word(), word(*state), grouped(*count));
        writeln!(
            rows,
            "<tr><th scope=\"row\">{kind}</th><td>{state}</td><td>{count}</td>\
             <td>{days:.1}</td></tr>"
        )?;
    }
    frame::table(out, "answered", &["Kind", "How it ended", "Requests", "Days, median"], &rows)?;
    writeln!(out, "</section>")
}

/// Who works on this ledger.
fn daemons(out: &mut String, Overview { daemons, now, .. }: &Overview) -> fmt::Result {
    writeln!(out, "<section aria-labelledby=\"daemons\"><h2 id=\"daemons\">Daemons</h2>")?;
    if daemons.is_empty() {
        writeln!(out, "<div class=\"scroll\"><p class=\"empty\">None was seen lately.</p></div>")?;
        return writeln!(out, "</section>");
    }
    let mut rows = String::new();
    for SeenDaemon { id, version, started, seen } in daemons {
        let (short, version) = (escape(&id.chars().take(8).collect::<String>()), escape(version));
        let (since, running, ago) =
            (time(*started), distance(*started, *now), distance(*seen, *now));
        writeln!(
            rows,
            "<tr id=\"daemon-{short}\"><th scope=\"row\">{short}</th><td>{version}</td>\
             <td>{since}<small>for {running}</small></td><td>{ago} ago</td></tr>"
        )?;
    }
    frame::table(out, "daemons", &["Daemon", "Version", "Since", "Last seen"], &rows)?;
    writeln!(out, "</section>")
}

/// What everything outside answered last.
fn parts(out: &mut String, Overview { parts, .. }: &Overview) -> fmt::Result {
    if parts.is_empty() {
        return Ok(());
    }
    writeln!(out, "<section aria-labelledby=\"parts\"><h2 id=\"parts\">What it works with</h2>")?;
    let mut rows = String::new();
    for (number, (name, error)) in parts.iter().enumerate() {
        let name = escape(name);
        let state = match error {
            None => "<span class=\"word good\">answers</span>".to_owned(),
            Some(error) => format!("<span class=\"word bad\">not ready</span> {}", escape(error)),
        };
        writeln!(
            rows,
            "<tr id=\"part-{number}\"><th scope=\"row\">{name}</th>\
             <td class=\"wrap\">{state}</td></tr>"
        )?;
    }
    frame::table(out, "parts", &["Part", "State"], &rows)?;
    writeln!(out, "</section>")
}

/// Why a request stands still. The whole reason is for `dsrd status`.
fn obstacle(obstacle: Option<&Obstacle>, now: Timestamp) -> String {
    let Some(obstacle) = obstacle else { return String::new() };
    let (what, since) = (escape(&obstacle.what()), distance(obstacle.since, now));
    format!("<small class=\"late\">{what}, for {since}</small>")
}
