//! The page for people, as a pure function of what the ledger says. Shows request ids, words,
//! counts and times, and nothing of the subject.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Write};

use jiff::Timestamp;

use crate::domain::dependents::tree::Branch;
use crate::domain::failure::Obstacle;
use crate::domain::request::RequestId;
use crate::domain::state::State;
use crate::ports::standing::{Progress, Standing};

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

/// The query that asks for a page that stays as it is.
pub const REFRESH_OFF: &str = "refresh=off";

/// The whole style sheet; the content security policy allows it by its hash and no other.
pub const STYLE: &str = include_str!("page.css");

/// Seconds between two looks.
const REFRESH_SECONDS: u32 = 10;

/// The page.
pub fn page(overview: &Overview, refresh: bool) -> String {
    document(overview, refresh).expect("writing to a string does not fail")
}

/// The page when there is nothing to be shown.
pub fn unavailable(refresh: bool) -> String {
    let body = "<header><h1>dsrd</h1></header>\n<main><p class=\"alert\" role=\"alert\">The ledger \
                cannot be read now; the log tells why</p></main>\n";
    frame(body, refresh)
}

fn document(overview: &Overview, refresh: bool) -> Result<String, fmt::Error> {
    let Overview { now, held, running, ended, .. } = overview;
    let mut body = String::new();
    let out = &mut body;
    let as_of = time(*now);
    writeln!(out, "<header><h1>dsrd</h1><p>Requests of data subjects, as of {as_of}</p></header>")?;
    writeln!(out, "<main>")?;
    figures(out, overview)?;
    writeln!(out, "<section aria-labelledby=\"open\"><h2 id=\"open\">Open requests</h2>")?;
    let open: Vec<&Standing> = held.iter().chain(running).collect();
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
        writeln!(out, "<p><small>and {more} more, due later</small></p>")?;
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
    writeln!(out, "</main>")?;
    Ok(frame(&body, refresh))
}

/// The whole of an HTML document around its body.
fn frame(body: &str, refresh: bool) -> String {
    let (again, toggle) = if refresh {
        (
            format!("<meta http-equiv=\"refresh\" content=\"{REFRESH_SECONDS}\">\n"),
            format!(
                "Looks again every {REFRESH_SECONDS} seconds. \
                 <a href=\"/?{REFRESH_OFF}\">Stop that</a>"
            ),
        )
    } else {
        (String::new(), "<a href=\"/\">Look again by itself</a>".to_owned())
    };
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n{again}\
         <title>dsrd</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\
         <footer><span>dsrd {version} · <a href=\"/readyz\">readiness</a> · \
         <a href=\"/metrics\">metrics</a></span><span>{toggle}</span></footer>\n</body>\n</html>\n",
        version = env!("CARGO_PKG_VERSION"),
    )
}

fn figures(out: &mut String, overview: &Overview) -> fmt::Result {
    let overdue = |standing: &&Standing| standing.due.is_some_and(|due| due < overview.now);
    let late = overview.held.iter().chain(&overview.running).filter(overdue).count() as u64;
    let of = |wanted: State| count(overview, |state| state == wanted);
    writeln!(out, "<dl>")?;
    figure(out, "Open", count(overview, |state| !state.is_end()), "")?;
    figure(out, "Waiting for a person", of(State::Held), "warn")?;
    figure(out, "Overdue", late, "bad")?;
    figure(out, "Completed", of(State::Completed), "")?;
    figure(out, "Partially completed", of(State::PartiallyCompleted), "warn")?;
    figure(out, "Failed", of(State::Failed), "bad")?;
    figure(out, "Events to send", overview.backlog, "")?;
    writeln!(out, "</dl>")
}

/// A number with its name; it takes on its colour once it is not zero.
fn figure(out: &mut String, name: &str, number: u64, class: &str) -> fmt::Result {
    let class = if number == 0 { "" } else { class };
    writeln!(out, "<div class=\"{class}\"><dt>{name}</dt><dd>{}</dd></div>", grouped(number))
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
    // A region that scrolls must be reachable with the keyboard.
    let region = format!("role=\"region\" aria-labelledby=\"{label}\" tabindex=\"0\"");
    write!(out, "<div class=\"scroll\" {region}><table>\n<thead><tr>")?;
    for column in columns {
        write!(out, "<th scope=\"col\">{column}</th>")?;
    }
    writeln!(out, "</tr></thead>\n<tbody>")?;
    for standing in standings {
        let id = escape(standing.id.as_str());
        let kind = standing.kind.map_or("–", |kind| kind.word());
        let state = word(standing.state);
        let rest = rest(standing);
        writeln!(out, "<tr><th scope=\"row\">{id}</th><td>{kind}</td><td>{state}</td>{rest}</tr>")?;
    }
    writeln!(out, "</tbody></table></div>")
}

/// What would become of a workspace and of what depends on it: names of resources alone.
fn plan(out: &mut String, id: &RequestId, tree: &[Branch]) -> fmt::Result {
    let (label, id) = (format!("plan-{id}"), escape(id.as_str()));
    let label = escape(&label);
    writeln!(out, "<section aria-labelledby=\"{label}\"><h2 id=\"{label}\">Plan of {id}</h2>")?;
    let region = format!("role=\"region\" aria-labelledby=\"{label}\" tabindex=\"0\"");
    write!(out, "<div class=\"scroll\" {region}><table>\n<thead><tr>")?;
    for column in ["Resource", "Action", "Reason", "Can be had back"] {
        write!(out, "<th scope=\"col\">{column}</th>")?;
    }
    writeln!(out, "</tr></thead>\n<tbody>")?;
    for Branch { lead, action, name, why, recoverable } in tree {
        let lead = lead.replace(' ', "\u{a0}");
        let (name, why, recoverable) = (escape(name), escape(why), escape(recoverable));
        writeln!(
            out,
            "<tr><th scope=\"row\">{lead}{name}</th><td>{action}</td><td>{why}</td>\
             <td>{recoverable}</td></tr>"
        )?;
    }
    writeln!(out, "</tbody></table></div></section>")
}

fn word(state: State) -> String {
    let class = match state {
        State::Completed => " good",
        State::Held | State::PartiallyCompleted => " warn",
        State::Failed | State::Rejected => " bad",
        _ => "",
    };
    format!("<span class=\"word{class}\">{}</span>", state.word().replace('_', " "))
}

fn progress(Progress { done, total }: Progress) -> String {
    if total == 0 {
        return "–".to_owned();
    }
    format!(
        "<progress aria-label=\"progress\" max=\"{total}\" value=\"{done}\"></progress>\
         <small>{} of {}</small>",
        grouped(done),
        grouped(total)
    )
}

/// Why a request stands still. The whole reason is for `dsrd status`.
fn obstacle(obstacle: Option<&Obstacle>, now: Timestamp) -> String {
    let Some(obstacle) = obstacle else { return String::new() };
    let (what, since) = (escape(&obstacle.what()), distance(obstacle.since, now));
    format!("<small class=\"late\">{what}, for {since}</small>")
}

fn due(due: Option<Timestamp>, now: Timestamp) -> String {
    let Some(due) = due else { return "–".to_owned() };
    let distance = distance(due, now);
    if due < now {
        format!("{}<small class=\"late\">overdue by {distance}</small>", time(due))
    } else {
        format!("{}<small>in {distance}</small>", time(due))
    }
}

/// How far apart two times are, in the largest unit that says enough.
fn distance(one: Timestamp, other: Timestamp) -> String {
    let minutes = one.duration_since(other).as_secs().unsigned_abs() / 60;
    let (number, unit) = match minutes {
        0..120 => (minutes, "minute"),
        120..2_880 => (minutes / 60, "hour"),
        _ => (minutes / 1_440, "day"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

fn time(time: Timestamp) -> impl Display {
    let shown = time.strftime("%Y-%m-%d %H:%M UTC");
    format!("<time datetime=\"{time}\">{shown}</time>")
}

/// A number with commas between its thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let mut text = digits[..first].to_owned();
    for (index, digit) in digits[first..].chars().enumerate() {
        if index % 3 == 0 && !text.is_empty() {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}
