//! `dsrd status`: where requests stand, read from the ledger.

use std::time::Duration;

use indicatif::ProgressBar;
use serde_json::{Map, Value, json};

use crate::app;
use crate::cli::output::{self, CliError, End, line};
use crate::cli::preview::Table;
use crate::config::settings::Settings;
use crate::domain::request::RequestId;
use crate::domain::state::State;

/// How often a waiting `submit` looks at the ledger.
const LOOK_EVERY: Duration = Duration::from_millis(150);

/// Prints one request, or all.
///
/// # Errors
/// The ledger cannot be read, or does not know the id.
pub async fn status(
    settings: &Settings,
    id: Option<&str>,
    with_plan: bool,
    as_json: bool,
) -> Result<End, CliError> {
    let status = app::status(settings).await?;
    let Some(id) = id else {
        list(&status.list().await?, as_json)?;
        return Ok(End::Done);
    };
    let id = RequestId::new(id).map_err(|error| CliError::Usage(error.to_string()))?;
    if with_plan {
        return plan(settings, &id, as_json).await;
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
    if found { Ok(End::Done) } else { Err(CliError::Unknown(id.clone())) }
}

/// Waits until the request ended, with a progress bar on a terminal and plain lines elsewhere, and
/// prints it.
///
/// # Errors
/// The ledger cannot be read.
pub async fn wait(settings: &Settings, id: &RequestId, as_json: bool) -> Result<End, CliError> {
    let bar = output::bar();
    let state = follow(settings, id, &bar).await?;
    bar.finish_and_clear();
    let described = app::status(settings).await?.describe(id).await?;
    print(described.unwrap_or_default(), as_json)?;
    Ok(End::of(state))
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
    let status = app::status(settings).await?;
    let (mut shown, mut kept_by) = (None, None);
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

fn list(requests: &[Map<String, Value>], as_json: bool) -> Result<(), CliError> {
    if as_json {
        return output::json(&json!({ "requests": requests }));
    }
    if requests.is_empty() {
        return line("no requests yet");
    }
    for request in requests {
        let text = |key: &str| request[key].as_str().unwrap_or("-");
        line(format!(
            "{:<40} {:<12} {:<20} due {}",
            text("subject_request_id"),
            text("subject_request_type"),
            text("state"),
            text("due_time")
        ))?;
    }
    Ok(())
}

fn print(described: Map<String, Value>, as_json: bool) -> Result<(), CliError> {
    if as_json {
        return output::json(&Value::Object(described));
    }
    for (key, value) in &described {
        match value {
            Value::String(text) => line(format!("{key:<22} {text}"))?,
            Value::Array(events) if key == "events" => {
                line("events")?;
                for event in events {
                    let text = |key: &str| event[key].as_str().unwrap_or_default();
                    let sequence = &event["sequence"];
                    line(format!("  {sequence:>3}  {:<26} {}", text("at"), text("event")))?;
                }
            }
            Value::Array(ids) => {
                let ids: Vec<&str> = ids.iter().filter_map(Value::as_str).collect();
                if !ids.is_empty() {
                    line(format!("{key:<22} {}", ids.join(", ")))?;
                }
            }
            Value::Object(obstacle) if key == "obstacle" => {
                let text = |key: &str| obstacle[key].as_str().unwrap_or_default();
                let source = match text("source") {
                    "" => String::new(),
                    source => format!("source {source}, "),
                };
                let (kind, reason, since) = (text("kind"), text("reason"), text("since"));
                line(format!("{key:<22} {source}{kind} since {since}: {reason}"))?;
            }
            other => line(format!("{key:<22} {other}"))?,
        }
    }
    if described["state"] == State::Held.word() {
        let id = described["subject_request_id"].as_str().unwrap_or_default();
        line(format!("{:<22} dsrd approve {id}, or dsrd reject {id}", "decide with"))?;
    }
    Ok(())
}
