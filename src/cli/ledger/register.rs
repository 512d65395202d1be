//! `dsrd register`: the requests of a period, with which a controller accounts for how they were
//! answered (GDPR Art. 5(2)). Nothing in it says who the people are.

use std::ops::ControlFlow;

use jiff::civil::Date;
use serde_json::{Map, Value};

use crate::app;
use crate::cli::ledger::days::midnight;
use crate::cli::output::{self, CliError, End, line};
use crate::config::settings::Settings;
use crate::domain::tables::csv;

/// How it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For people.
    Lines,
    /// For spreadsheets.
    Csv,
    /// For programs.
    Json,
}

/// Prints the requests that came from the first day to the last, as they are read, and what they
/// come to: behind them as JSON, else on standard error.
///
/// # Errors
/// The ledger cannot be read; the last day is before the first; standard output went away.
pub async fn register(
    settings: &Settings,
    (from, to): (Date, Date),
    form: Form,
) -> Result<End, CliError> {
    if to < from {
        return Err(CliError::Usage(format!("--to {to} is before --from {from}")));
    }
    let zone = &settings.mandate.calendar.zone;
    let behind = to.tomorrow().map_err(|error| CliError::Usage(error.to_string()))?;
    let period = midnight(from, zone)?..midnight(behind, zone)?;
    let status = app::status(settings).await?;
    begin(form, (from, to))?;
    let (mut count, mut printed) = (0_u64, Ok(()));
    let told = status.register(period, |entry| {
        count += 1;
        printed = match form {
            Form::Lines => {
                let id = entry.get("subject_request_id").map(text_of).unwrap_or_default();
                output::titled(&id, &summary(&entry))
            }
            Form::Csv => output::text(&csv::row(&cells(&entry).each_ref().map(String::as_str))),
            Form::Json => output::element(count, &Value::Object(entry)),
        };
        if printed.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    let sums = told.await?;
    printed?;
    match form {
        Form::Json => line(format!("\n],\n\"statistics\": {sums:#}\n}}"))?,
        Form::Lines | Form::Csv => output::note(&in_a_line(&sums)),
    }
    Ok(End::Done)
}

fn begin(form: Form, (from, to): (Date, Date)) -> Result<(), CliError> {
    match form {
        Form::Lines => Ok(()),
        Form::Csv => output::text(&format!("{}{}", csv::MARK, csv::row(&COLUMNS))),
        Form::Json => {
            output::text(&format!("{{\n\"from\": \"{from}\",\n\"to\": \"{to}\",\n\"requests\": ["))
        }
    }
}

const COLUMNS: [&str; 17] = [
    "id",
    "type",
    "regulation",
    "received_time",
    "submitted_time",
    "due_time",
    "extended_time",
    "ended_time",
    "days",
    "in_time",
    "state",
    "seen",
    "found",
    "outcomes",
    "reason",
    "decisions",
    "certificate_digest",
];

fn cells(entry: &Map<String, Value>) -> [String; COLUMNS.len()] {
    COLUMNS.map(|column| {
        let counts = |key: &str| entry.get("counts").and_then(|counts| counts.get(key));
        match column {
            "id" => text(entry.get("subject_request_id")),
            "type" => text(entry.get("subject_request_type")),
            "seen" | "found" => text(counts(column)),
            "outcomes" => counted(counts(column)),
            "reason" => match entry.get("faults") {
                Some(codes) => listed(codes, text_of),
                None => text(entry.get(column)),
            },
            "decisions" => entry.get(column).map(|all| listed(all, decision)).unwrap_or_default(),
            column => text(entry.get(column)),
        }
    })
}

/// A request as one line, but for its id.
fn summary(entry: &Map<String, Value>) -> String {
    let of = |key: &str| entry.get(key).map(text_of).filter(|text| !text.is_empty());
    let dash = |key: &str| of(key).unwrap_or_else(|| "-".to_owned());
    let in_time = match entry.get("in_time").and_then(Value::as_bool) {
        Some(true) => ", in time",
        Some(false) => ", late",
        None => "",
    };
    let decisions = entry.get("decisions").map(|all| format!("; {}", listed(all, decision)));
    format!(
        "{:<12} {:<20} received {}, due {}, ended {}{in_time}{}",
        dash("subject_request_type"),
        dash("state"),
        dash("received_time"),
        dash("due_time"),
        dash("ended_time"),
        decisions.unwrap_or_default()
    )
}

fn in_a_line(sums: &Value) -> String {
    let states = counted(sums.get("by_state"));
    let share = match sums["share_in_time"].as_f64() {
        Some(share) => format!(" ({:.0} %)", share * 100.0),
        None => String::new(),
    };
    let days = match (&sums["days_median"], &sums["days_max"]) {
        (Value::Null, _) => String::new(),
        (median, max) => format!(", in {median} days (median), {max} at most"),
    };
    format!(
        "{} requests{}; answered {} in time{share}, {} late{days}; not answered and late: {}",
        sums["requests"],
        if states.is_empty() { states } else { format!(": {states}") },
        sums["answered_in_time"],
        sums["answered_late"],
        sums["unanswered_late"]
    )
}

/// Numbers by their words.
fn counted(numbers: Option<&Value>) -> String {
    let numbers = numbers.and_then(Value::as_object).into_iter().flatten();
    let numbers: Vec<String> = numbers.map(|(word, number)| format!("{word} {number}")).collect();
    numbers.join(", ")
}

/// Who decided what and why, as they wrote it but for line breaks and what drives a terminal.
fn decision(told: &Value) -> String {
    let text = |key: &str| told[key].as_str().unwrap_or_default();
    let (at, word, actor, reason) = (text("at"), text("decision"), text("actor"), text("reason"));
    format!("{word} by {actor:?} at {at}: {reason:?}")
}

fn listed(all: &Value, each: fn(&Value) -> String) -> String {
    let all: Vec<String> = all.as_array().into_iter().flatten().map(each).collect();
    all.join("; ")
}

fn text(value: Option<&Value>) -> String {
    value.map(text_of).unwrap_or_default()
}

fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
