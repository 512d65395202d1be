//! `dsrd status`: where requests stand, read from the ledger.

use std::ops::ControlFlow;
use std::task::Poll;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use serde_json::{Map, Value, json};

use crate::app::{self, Errand};
use crate::cli::args::Listing;
use crate::cli::ledger::days::midnight;
use crate::cli::output::{self, CliError, End, line};
use crate::cli::preview::plan::Table;
use crate::config::settings::Settings;
use crate::domain::request::RequestId;
use crate::domain::state::State;

/// How often a waiting `submit` looks at the ledger.
const LOOK_EVERY: Duration = Duration::from_millis(150);

/// What is shown of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Where it stands, and why.
    Standing,
    /// What is planned for it.
    Plan,
    /// Which items it left.
    Left,
}

/// Prints one request, or all that are sought.
///
/// # Errors
/// The ledger cannot be read, or does not know the id.
pub async fn status(
    settings: &Settings,
    id: Option<&str>,
    shown: Shown,
    sought: &Listing,
    as_json: bool,
) -> Result<End, CliError> {
    let Some(id) = id else { return list(settings, sought, as_json).await };
    let status = app::status(settings).await?;
    let id = RequestId::new(id).map_err(|error| CliError::Usage(error.to_string()))?;
    match shown {
        Shown::Standing => {}
        Shown::Plan => return plan(settings, &id, as_json).await,
        Shown::Left => return left(settings, &id, as_json).await,
    }
    match status.describe(&id).await? {
        Some(described) => print(described, as_json).map(|()| End::Done),
        None => Err(CliError::Unknown(id)),
    }
}

/// Prints what is planned for a request that does not rest: it names items, and so may name the
/// person.
async fn plan(settings: &Settings, id: &RequestId, as_json: bool) -> Result<End, CliError> {
    let (mut table, mut printed) = (Table::new(as_json), Ok(()));
    let plans = app::plans(settings).await?;
    let found = plans.show(id, |planned| {
        if printed.is_ok() {
            printed = table.row(&planned);
        }
    });
    let found = found.await?;
    printed?;
    table.end()?;
    if found { Ok(End::Done) } else { Err(CliError::Unknown(id.clone())) }
}

/// Prints which items a request left, and why; they may name the person as well.
async fn left(settings: &Settings, id: &RequestId, as_json: bool) -> Result<End, CliError> {
    let (mut count, mut printed) = (0_u64, Ok(()));
    let plans = app::plans(settings).await?;
    let found = plans.left(id, |left| {
        count += 1;
        if printed.is_err() {
            return;
        }
        let (form, form_id) = left.version.parts();
        printed = if as_json {
            output::json_line(&json!({
                "source": left.source, "item": left.item, "form": form, "form_id": form_id,
                "outcome": left.outcome, "reason": left.reason,
            }))
        } else {
            // Names come from strangers: quoted, so that they cannot drive the terminal.
            let form =
                if form == "current" { String::new() } else { format!(" ({form} {form_id})") };
            let (source, item, outcome) = (&left.source, &left.item, &left.outcome);
            line(format!("{outcome:<11} {source}  {item:?}{form}  {:?}", left.reason))
        };
    });
    let found = found.await?;
    printed?;
    let state = found.ok_or_else(|| CliError::Unknown(id.clone()))?;
    if count == 0 && !as_json {
        let so_far = if state.rests() { "" } else { " so far" };
        line(format!("it left nothing{so_far}; it is {}", state.word()))?;
    }
    Ok(End::Done)
}

/// Waits until the request ended that a message was sent for, with a progress bar on a terminal and
/// plain lines elsewhere, and prints it; or the refusal of the message.
///
/// # Errors
/// The ledger cannot be read.
pub async fn wait(
    settings: &Settings,
    id: &RequestId,
    errand: &Errand,
    as_json: bool,
) -> Result<End, CliError> {
    if let Some(refusal) = refusal(errand).await? {
        let described = app::status(settings).await?.describe(&refusal).await?;
        print(described.unwrap_or_default(), as_json)?;
        output::note(&format!("{id}: this message was refused, whatever became of others"));
        return Ok(End::Refused);
    }
    let bar = output::bar();
    let state = follow(settings, id, &bar).await?;
    bar.finish_and_clear();
    let described = app::status(settings).await?.describe(id).await?;
    print(described.unwrap_or_default(), as_json)?;
    Ok(End::of(state))
}

/// Waits until the message was taken; under which id it was refused, if it was.
async fn refusal(errand: &Errand) -> Result<Option<RequestId>, CliError> {
    let mut patience = Patience::begun();
    // Ends with a daemon that takes it; where there is none, with Ctrl-C.
    loop {
        match errand.taken().await? {
            Poll::Ready(refusal) => return Ok(refusal.and_then(|id| RequestId::new(&id).ok())),
            Poll::Pending => patience.pause().await,
        }
    }
}

/// How long somebody waits for a daemon without a word.
pub struct Patience(Option<Instant>);

impl Patience {
    /// All of it.
    pub fn begun() -> Self {
        Self(Some(Instant::now()))
    }

    /// Waits a little; says once what may be wrong where that has gone on for long.
    pub async fn pause(&mut self) {
        const SILENCE: Duration = Duration::from_secs(5);
        if self.0.is_some_and(|begun| begun.elapsed() > SILENCE) {
            output::note("it is on the queue, and no daemon has taken it yet: does one run?");
            self.0 = None;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Follows a request to its end, or until it is held, showing on `bar` what it is at.
///
/// # Errors
/// The ledger cannot be read.
pub async fn follow(
    settings: &Settings,
    id: &RequestId,
    bar: &ProgressBar,
) -> Result<State, CliError> {
    let status = app::status_once_there(settings).await?;
    let (mut shown, mut kept_by, mut waits) = (None, None, Vec::new());
    // Ends with the request; one that no daemon serves is waited for until Ctrl-C.
    loop {
        let glance = status.glance(id).await?;
        let (state, progress) = glance.unwrap_or((State::Received, Default::default()));
        if shown != Some(state) {
            shown = Some(state);
            bar.set_message(format!("{id}: {}", state.word()));
            if bar.is_hidden() {
                output::note(&format!("{id}: {}", state.word()));
            }
        }
        let obstacle = status.obstacle(id).await?.map(|obstacle| obstacle.what());
        if kept_by != obstacle {
            if let Some(what) = &obstacle {
                output::note(&format!("{id}: {}: {what}", state.word()));
            }
            kept_by = obstacle;
        }
        if state == State::Accepted {
            let failed = status.failed_before(id).await?;
            if failed != waits {
                failed.iter().for_each(|other| output::note(&waits_for(id, other)));
                waits = failed;
            }
        }
        if progress.total == 0 {
            bar.set_style(output::counting());
        } else {
            bar.set_style(output::measured());
            bar.set_length(progress.total);
        }
        bar.set_position(progress.done);
        if state.is_end() || state == State::Held {
            return Ok(state);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn waits_for(id: &RequestId, other: &RequestId) -> String {
    format!("{id} waits for {other}, which failed: dsrd retry {other}, or dsrd cancel {other}")
}

/// Prints all requests that are sought, as they are read.
async fn list(settings: &Settings, sought: &Listing, as_json: bool) -> Result<End, CliError> {
    let states: Vec<State> = State::ALL.into_iter().filter(|state| sought.has(*state)).collect();
    let zone = &settings.mandate.calendar.zone;
    let since = sought.since.map(|day| midnight(day, zone)).transpose()?;
    let status = app::status(settings).await?;
    let (mut count, mut printed) = (0_u64, Ok(()));
    if as_json {
        output::text("{ \"requests\": [")?;
    }
    let listed = status.list(&states, sought.overdue, since, |request| {
        count += 1;
        printed = if as_json {
            output::element(count, &Value::Object(request))
        } else {
            output::titled(text(&request, "subject_request_id"), &summary(&request))
        };
        if printed.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    listed.await?;
    printed?;
    if as_json {
        line("\n] }")?;
    } else if count == 0 {
        line(if sought.is_all() { "no requests yet" } else { "no such requests" })?;
    }
    Ok(End::Done)
}

fn text<'a>(of: &'a Map<String, Value>, key: &str) -> &'a str {
    of[key].as_str().unwrap_or("-")
}

/// A request as one line, but for its id.
fn summary(request: &Map<String, Value>) -> String {
    let text = |key: &str| text(request, key);
    let overdue = if request["overdue"] == true { ", overdue" } else { "" };
    let kept = request.get("obstacle").map(|obstacle| format!("  {}", kept_by(obstacle)));
    format!(
        "{:<12} {:<20} due {}{overdue}{}",
        text("subject_request_type"),
        text("state"),
        text("due_time"),
        kept.unwrap_or_default()
    )
}

/// What keeps a request from going on.
fn kept_by(obstacle: &Value) -> String {
    let text = |key: &str| obstacle[key].as_str().unwrap_or_default();
    let source = match text("source") {
        "" => String::new(),
        source => format!("source {source}, "),
    };
    let (kind, reason, since) = (text("kind"), text("reason"), text("since"));
    format!("{source}{kind} since {since}: {reason}")
}

fn print(described: Map<String, Value>, as_json: bool) -> Result<(), CliError> {
    if as_json {
        return output::json(&Value::Object(described));
    }
    for (key, value) in &described {
        match value {
            Value::String(text) => line(format!("{key:<22} {text}"))?,
            Value::Array(list) if list.iter().any(Value::is_object) => {
                line(key)?;
                for element in list {
                    line(format!("  {}", row(key, element)))?;
                }
            }
            Value::Array(ids) => {
                let ids: Vec<&str> = ids.iter().filter_map(Value::as_str).collect();
                if !ids.is_empty() {
                    line(format!("{key:<22} {}", ids.join(", ")))?;
                }
            }
            Value::Object(left) if key == "left" => {
                let (items, until) = (&left["items"], left["known_until"].as_str());
                let until = until.unwrap_or_default();
                let id = described["subject_request_id"].as_str().unwrap_or_default();
                let which = format!("which, until {until}: dsrd status {id} --left");
                line(format!("{key:<22} {items} items; {which}"))?;
            }
            Value::Object(far) if key == "progress" && far["total"] == 0 => {}
            Value::Object(_) if key == "waiting" => {
                for text in waiting(value) {
                    line(format!("{key:<22} {text}"))?;
                }
            }
            Value::Object(_) if key == "obstacle" => {
                line(format!("{key:<22} {}", kept_by(value)))?;
            }
            other => {
                let words = words(other);
                if !words.is_empty() {
                    line(format!("{key:<22} {words}"))?;
                }
            }
        }
    }
    if described["state"] == State::Held.word() {
        let id = described["subject_request_id"].as_str().unwrap_or_default();
        line(format!("{:<22} dsrd approve {id}, or dsrd reject {id}", "decide with"))?;
    }
    Ok(())
}

/// What is told by names and numbers, for people; what is not known is left out.
fn words(told: &Value) -> String {
    match told {
        Value::Null => String::new(),
        // Whoever wrote it, it must not drive the terminal.
        Value::String(text) => text.escape_debug().to_string(),
        Value::Object(parts) => {
            let part = |(key, part): (&String, &Value)| match words(part) {
                words if words.is_empty() => words,
                words if part.is_object() => format!("{} ({words})", key.replace('_', " ")),
                words => format!("{} {words}", key.replace('_', " ")),
            };
            let parts = parts.iter().map(part).filter(|words| !words.is_empty());
            parts.collect::<Vec<String>>().join(", ")
        }
        Value::Array(parts) => parts.iter().map(words).collect::<Vec<String>>().join(", "),
        other => other.to_string(),
    }
}

/// What a request waits for, as lines.
fn waiting(told: &Value) -> Vec<String> {
    let text = |of: &Value, key: &str| of[key].as_str().unwrap_or_default().to_owned();
    let list = |key: &str| told[key].as_array().cloned().unwrap_or_default();
    let of_source = |of: Value| format!("{} in {}", of["items"], text(&of, "source"));
    let sources: Vec<String> = list("for").into_iter().map(of_source).collect();
    let (since, until) = (text(told, "since"), text(told, "until_at_most"));
    let whole = format!("{}, since {since}, until {until} at most", sources.join(", "));
    let purges = list("purges").into_iter().map(|purge| {
        let delay = match text(&purge, "delay") {
            delay if delay.is_empty() => delay,
            delay => format!(": {delay}"),
        };
        let (source, stage) = (text(&purge, "source"), text(&purge, "stage"));
        format!("a removal in {source}, {stage} since {}{delay}", text(&purge, "since"))
    });
    std::iter::once(whole).chain(purges).collect()
}

/// One element of a list, as a line; one of a list that we do not know, as JSON.
fn row(list: &str, element: &Value) -> String {
    let text = |key: &str| element[key].as_str().unwrap_or_default();
    match list {
        "events" => {
            let sequence = &element["sequence"];
            format!("{sequence:>3}  {:<26} {}", text("at"), text("event"))
        }
        "refusals" => {
            let (items, outcome) = (&element["items"], text("outcome"));
            format!("{items} {outcome} in {}: {}", text("source"), text("reason"))
        }
        "coverage" => {
            // Names come from strangers: quoted, so that they cannot drive the terminal.
            let (looked, sort) = (text("looked"), text("sort"));
            let name = element["name"].as_str().map(|name| format!(" {name:?}"));
            let places = element["places"].as_u64().map(|places| format!(" ({places} places)"));
            let at = element["at"].as_str().map(|at| format!(" ({at:?})"));
            let why = element["why"].as_str().map(|why| format!(": {why}"));
            let parts = [name, places, at, why].map(Option::unwrap_or_default).concat();
            format!("{looked:<19} {sort}{parts}")
        }
        "declared" => text("says").to_owned(),
        "decisions" => {
            // What people wrote may hold line breaks.
            let (actor, reason) = (text("actor"), text("reason"));
            let key = match text("key") {
                "" => String::new(),
                key => format!(", signed with {key}"),
            };
            format!("{:<26} {} by {actor:?}{key}: {reason:?}", text("at"), text("decision"))
        }
        "returned" => {
            let sources = element["sources"].as_array().into_iter().flatten();
            let sources: Vec<String> = sources
                .map(|each| {
                    let source = each["source"].as_str().unwrap_or_default();
                    format!("{} in {source}", each["items"])
                })
                .collect();
            format!("{:<26} {} items: {}", text("at"), element["items"], sources.join(", "))
        }
        _ => element.to_string(),
    }
}
