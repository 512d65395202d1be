//! `dsrd status`: where requests stand, read from the ledger.

use indicatif::ProgressBar;
use serde_json::{Map, Value, json};

use crate::app;
use crate::cli::output::{self, CliError, End, line};
use crate::config::settings::Settings;
use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::domain::state::{Event, State};
use crate::ports::{Ledger, Record, Standing};

/// Most requests that a listing shows.
const LISTED_MAX: u32 = 1000;

/// How often a waiting `submit` looks at the ledger.
const LOOK_EVERY_MS: u64 = 150;

/// Prints one request, or all.
///
/// # Errors
/// The ledger cannot be read, or does not know the id.
pub async fn status(
    settings: &Settings,
    id: Option<&str>,
    as_json: bool,
) -> Result<End, CliError> {
    let ledger = app::ledger(settings).await?;
    match id {
        Some(id) => {
            let id = RequestId::new(id).map_err(|error| CliError::Usage(error.to_string()))?;
            let Some(standing) = ledger.standing(&id).await? else {
                let text = format!("there is no request {id} in the ledger");
                return Err(Failure::permanent(text).into());
            };
            print(&*ledger, &standing, as_json).await?;
        }
        None => list(&*ledger, as_json).await?,
    }
    Ok(End::Done)
}

/// Waits until the request ended, with a progress bar on a terminal and plain lines elsewhere, and
/// prints it.
///
/// # Errors
/// The ledger cannot be read.
pub async fn wait(settings: &Settings, id: &RequestId, as_json: bool) -> Result<End, CliError> {
    let ledger = app::ledger(settings).await?;
    let bar = output::bar();
    let standing = follow(&*ledger, id, &bar, &format!("{id}: ")).await?;
    bar.finish_and_clear();
    print(&*ledger, &standing, as_json).await?;
    Ok(End::of(standing.state))
}

/// Follows a request to its end, showing on `bar` what it is at.
///
/// # Errors
/// The ledger cannot be read.
pub async fn follow(
    ledger: &dyn Ledger,
    id: &RequestId,
    bar: &ProgressBar,
    label: &str,
) -> Result<Standing, CliError> {
    let clock = app::clock();
    let mut shown = None;
    // Ends with the request; a request that no daemon serves is waited for until Ctrl-C.
    loop {
        let standing = ledger.standing(id).await?;
        let state = standing.as_ref().map_or(State::Received, |standing| standing.state);
        if shown != Some(state) {
            shown = Some(state);
            bar.set_message(format!("{label}{}", state.word()));
            if bar.is_hidden() {
                // Progress is for people; standard output is kept for the answer.
                tracing::warn!(request.id = %id, state = state.word(), "waiting");
            }
        }
        if let Some(standing) = standing {
            draw(bar, &standing);
            if state.is_end() || state == State::Held {
                return Ok(standing);
            }
        }
        clock.sleep_ms(LOOK_EVERY_MS).await;
    }
}

fn draw(bar: &ProgressBar, standing: &Standing) {
    let progress = standing.progress;
    if progress.total == 0 {
        bar.set_style(output::counting());
    } else {
        bar.set_style(output::measured());
        bar.set_length(progress.total);
    }
    bar.set_position(progress.done);
}

async fn list(ledger: &dyn Ledger, as_json: bool) -> Result<(), CliError> {
    let standings = ledger.standings(&State::ALL, LISTED_MAX).await?;
    if as_json {
        let requests: Vec<Value> = standings.iter().map(|s| Value::Object(fields(s))).collect();
        return output::json(&json!({ "requests": requests }));
    }
    if standings.is_empty() {
        return line("no requests yet");
    }
    for standing in &standings {
        let kind = standing.kind.map_or("-", |kind| kind.word());
        let due = standing.due.map_or_else(|| "-".to_owned(), |due| due.to_string());
        let state = standing.state.word();
        line(format!("{:<40} {kind:<12} {state:<20} due {due}", standing.id.as_str()))?;
    }
    Ok(())
}

async fn print(ledger: &dyn Ledger, standing: &Standing, as_json: bool) -> Result<(), CliError> {
    let described = describe(ledger, standing).await?;
    if as_json {
        return output::json(&described);
    }
    let Value::Object(described) = described else { return Ok(()) };
    for (key, value) in &described {
        match value {
            Value::String(text) => line(format!("{key:<24} {text}"))?,
            Value::Array(events) if key == "events" => {
                line("events")?;
                for event in events {
                    let text = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
                    line(format!("  {:>3} {:<26} {}", event["sequence"], text("at"), text("event")))?;
                }
            }
            other => line(format!("{key:<24} {other}"))?,
        }
    }
    Ok(())
}

/// Everything that the ledger says of a request, none of it about the subject.
///
/// # Errors
/// The ledger cannot be read.
pub async fn describe(ledger: &dyn Ledger, standing: &Standing) -> Result<Value, CliError> {
    let records = ledger.records(&standing.id).await?;
    let tally = ledger.tally(&standing.id).await?;
    let mut fields = fields(standing);
    let mut counts = json!({ "outcomes": tally.by_outcome, "open": tally.open });
    for record in &records {
        describe_record(record, &mut counts, &mut fields);
    }
    fields.insert("counts".into(), counts);
    let events = records.iter().map(|record| {
        json!({
            "sequence": record.sequence,
            "at": record.at.to_string(),
            "event": record.event.word(),
            "event_id": crate::domain::event::event_id(&record.id, record.sequence).to_string(),
        })
    });
    fields.insert("events".into(), events.collect());
    Ok(Value::Object(fields))
}

/// What one record adds; later records win.
fn describe_record(record: &Record, counts: &mut Value, fields: &mut Map<String, Value>) {
    match &record.event {
        Event::Planned { items, unreadable, seen, .. } => {
            counts["seen"] = (*seen).into();
            counts["found"] = (*items).into();
            counts["unreadable"] = (*unreadable).into();
        }
        Event::Acted { archive: Some(archive) } => {
            fields.insert("results_url".into(), archive.url.as_str().into());
            fields.insert("results_count".into(), archive.files.into());
            fields.insert("archive_sha256".into(), archive.sha256.as_str().into());
        }
        Event::Verified { counts: verified, logically_erased_at, unrecoverable_after, .. } => {
            counts["seen"] = verified.seen.into();
            counts["found"] = verified.found.into();
            if let Some(at) = logically_erased_at {
                let after = unrecoverable_after.map(|at| at.to_string());
                let horizon = json!({
                    "logically_erased_at": at.to_string(), "unrecoverable_after": after,
                });
                fields.insert("horizon".into(), horizon);
            }
        }
        Event::Held { reason } | Event::Failed { reason } => {
            fields.insert("reason".into(), reason.as_str().into());
        }
        Event::Rejected { codes } => {
            fields.insert("faults".into(), json!(codes));
        }
        _ => {}
    }
}

fn fields(standing: &Standing) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut put = |key: &str, value: Value| fields.insert(key.into(), value);
    put("subject_request_id", standing.id.as_str().into());
    put("state", standing.state.word().into());
    let outcome = if standing.state.is_end() { standing.state.word().into() } else { Value::Null };
    put("outcome", outcome);
    put("subject_request_type", standing.kind.map(|kind| kind.word()).into());
    put("submitted_time", standing.submitted.map(|at| at.to_string()).into());
    put("due_time", standing.due.map(|at| at.to_string()).into());
    put("changed_time", standing.changed.to_string().into());
    let progress = standing.progress;
    put("progress", json!({ "done": progress.done, "total": progress.total }));
    fields
}
