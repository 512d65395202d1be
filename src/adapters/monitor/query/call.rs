//! One query, asked until there is an answer or a reason why there is none.

use std::error::Error;
use std::time::Duration;

use serde_json::Value;

use crate::adapters::azureml::wire::answer::{Answer, Trouble};
use crate::adapters::monitor::tables::table::Door;
use crate::adapters::monitor::wire::way::{Service, Way};
use crate::domain::coverage::unanswered::Unanswered;
use crate::domain::failure::Failure;

const ASKING: &str = "asking telemetry";

/// Tries of one query, and how long is waited for the next where the service does not say.
const TRIES_MAX: u32 = 5;
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// What came of a query.
pub enum Answered {
    /// All of it.
    Whole(Rows),
    /// Some of it: the service gave up in the middle, or there was too much.
    Part(Rows),
    /// Nothing: it took too long, or was too much for one answer.
    TooMuch(Unanswered),
    /// The service does not take it; its code.
    Refused {
        /// HTTP status.
        status: u16,
        /// Its code.
        code: String,
    },
}

/// Rows of an answer.
#[derive(Default)]
pub struct Rows {
    /// Names and types of columns.
    pub columns: Vec<(String, String)>,
    /// Values, in the order of the columns.
    pub rows: Vec<Vec<Value>>,
}

impl Rows {
    /// Which column has that name.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|(own, _)| own == name)
    }

    /// Bytes of text in it.
    pub fn bytes(&self) -> usize {
        self.rows.iter().flatten().filter_map(Value::as_str).map(str::len).sum()
    }
}

/// Where a store is asked.
#[derive(Clone, Debug)]
pub struct Address {
    /// Which query service has it.
    pub service: Service,
    /// How that calls it.
    pub path: String,
}

/// Asks a store.
///
/// # Errors
/// It does not answer, however often it is asked.
pub async fn ask(way: &Way, store: &Address, door: Door, text: &str) -> Result<Answered, Failure> {
    let word = if door == Door::Query { "query" } else { "search" };
    let path = format!("{}/{word}", store.path);
    let mut tries = 1;
    loop {
        let answer = way.query(store.service, &path, text).await;
        let pause = match &answer {
            Ok(answer) if matches!(answer.status, 408 | 429 | 500 | 502 | 503) => {
                Duration::from_millis(answer.wait_ms()).min(PAUSE_MAX)
            }
            Err(Trouble::Broken(_) | Trouble::Unreachable(_)) => {
                Duration::from_millis(200 << tries)
            }
            Err(Trouble::Late) => return Ok(Answered::TooMuch(Unanswered::TimedOut)),
            Err(Trouble::Large) => return Ok(Answered::TooMuch(Unanswered::TooMany)),
            _ => return answer.map_err(|trouble| trouble.failure(ASKING)).and_then(read),
        };
        tries += 1;
        if tries > TRIES_MAX {
            let failure = |trouble: Trouble| trouble.failure(ASKING);
            return Err(answer.map_or_else(failure, |answer| answer.failure(ASKING)));
        }
        tokio::time::sleep(pause).await;
    }
}

/// Why a store cannot be asked, if a failure says that: nobody is there, or lets us in, and asking
/// again will not change that.
pub fn shut(failure: &Failure) -> Option<Unanswered> {
    match failure.source()?.downcast_ref::<Trouble>()? {
        Trouble::Unreachable(_) => Some(Unanswered::Unreachable),
        Trouble::NoToken(_) => Some(Unanswered::NoToken),
        Trouble::Refused { status: 408 | 429, .. } => None,
        Trouble::Refused { status: 400..500, .. } => Some(Unanswered::Refused),
        Trouble::Refused { .. }
        | Trouble::Broken(_)
        | Trouble::Late
        | Trouble::Large
        | Trouble::Garbled => None,
    }
}

fn read(mut answer: Answer) -> Result<Answered, Failure> {
    match answer.status {
        200 => {}
        504 => return Ok(Answered::TooMuch(Unanswered::TimedOut)),
        status => return Ok(Answered::Refused { status, code: innermost(&answer) }),
    }
    let strange = || Failure::permanent(format!("{ASKING}: the answer has no table"));
    let is_whole = answer.body["error"].is_null();
    let mut table = answer.body["tables"][0].take();
    let columns = table["columns"].as_array().ok_or_else(strange)?.iter();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let columns: Vec<_> =
        columns.map(|column| (word(&column["name"]), word(&column["type"]))).collect();
    let Value::Array(rows) = table["rows"].take() else { return Err(strange()) };
    let row = |row: Value| match row {
        Value::Array(values) if values.len() == columns.len() => Ok(values),
        _ => Err(strange()),
    };
    let rows = Rows { rows: rows.into_iter().map(row).collect::<Result<_, _>>()?, columns };
    Ok(if is_whole { Answered::Whole(rows) } else { Answered::Part(rows) })
}

/// The code of an error of the query service: what is innermost says what was wrong.
fn innermost(answer: &Answer) -> String {
    let mut error = &answer.body["error"];
    while error["innererror"]["code"].is_string() {
        error = &error["innererror"];
    }
    let code = error["code"].as_str().unwrap_or_default();
    let is_plain = code.len() <= 64 && code.bytes().all(|b| b.is_ascii_alphanumeric());
    if is_plain && !code.is_empty() { code.to_owned() } else { answer.code.clone() }
}
