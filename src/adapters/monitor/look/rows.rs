//! Rows as lines of JSON, a part of them at a time: what is too much for one answer is asked in
//! halves, of the values and then of the time, in the order of both.

use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::{Map, Value};

use crate::adapters::monitor::look::windows;
use crate::adapters::monitor::query::call::{Answered, Rows, ask};
use crate::adapters::monitor::query::text::{Window, rows};
use crate::adapters::monitor::stores::store::Store;
use crate::adapters::monitor::tables::names::Spot;
use crate::adapters::monitor::tables::table::{Door, Table};
use crate::adapters::monitor::wire::way::Way;
use crate::domain::coverage::unanswered::Unanswered;
use crate::domain::failure::Failure;
use crate::ports::sources::Read;

const READING: &str = "reading rows of telemetry";

/// Rows in an answer.
const ANSWER_ROWS_MAX: usize = 2_000;
/// Values, and bytes of them, in a question.
const VALUES_MAX: usize = 200;
const VALUES_BYTES_MAX: usize = 20_000;

/// Where the rows are.
#[derive(Clone)]
pub struct Place {
    /// The way there.
    pub way: Arc<Way>,
    /// The store.
    pub store: Arc<Store>,
    /// The table.
    pub table: Table,
    /// The column.
    pub spot: Spot,
}

/// What is still to be read.
struct Reading {
    place: Place,
    /// The next one last.
    open: Vec<(Vec<String>, Option<Window>)>,
    /// When there are rows, once that was asked.
    span: Option<Option<Window>>,
}

/// What came of a question.
enum Part {
    Lines(Bytes),
    Refused(String),
}

/// The rows whose column has one of these values.
///
/// # Errors
/// The store does not answer.
pub async fn read(place: Place, values: &[String]) -> Result<Read, Failure> {
    let mut open = parts(values);
    open.reverse();
    let mut reading = Reading { place, open, span: None };
    let first = match reading.next().await? {
        None => return Ok(Read::Absent),
        Some(Part::Refused(why)) => return Ok(Read::Refused(why)),
        Some(Part::Lines(lines)) => lines,
    };
    let rest = stream::try_unfold(reading, |mut reading| async {
        match reading.next().await? {
            None => Ok(None),
            Some(Part::Lines(lines)) => Ok(Some((lines, reading))),
            Some(Part::Refused(why)) => Err(Failure::permanent(READING).because(why)),
        }
    });
    let whole = stream::iter([Ok(first)]).chain(rest.into_stream());
    Ok(Read::Bytes(whole.boxed()))
}

/// The values, as many at a time as fit a question, in their order.
fn parts(values: &[String]) -> Vec<(Vec<String>, Option<Window>)> {
    let mut sorted = values.to_vec();
    sorted.sort();
    sorted.dedup();
    let (mut parts, mut part, mut bytes) = (Vec::new(), Vec::new(), 0);
    for value in sorted {
        bytes += value.len();
        if !part.is_empty() && (part.len() >= VALUES_MAX || bytes > VALUES_BYTES_MAX) {
            parts.push((std::mem::take(&mut part), None));
            bytes = value.len();
        }
        part.push(value);
    }
    if !part.is_empty() {
        parts.push((part, None));
    }
    parts
}

impl Reading {
    /// The next lines.
    async fn next(&mut self) -> Result<Option<Part>, Failure> {
        while let Some((values, window)) = self.open.pop() {
            let Place { way, store, table, spot } = &self.place;
            let within = (window, ANSWER_ROWS_MAX);
            let text = rows(table, spot, &store.scope, &values, within);
            let door = table.plan.door();
            match ask(way, &store.address, door, &text).await? {
                Answered::Whole(rows)
                    if rows.rows.len() <= ANSWER_ROWS_MAX || door == Door::Search =>
                {
                    if !rows.rows.is_empty() {
                        return Ok(Some(Part::Lines(lines(&rows, table.time))));
                    }
                }
                Answered::Refused { status, code } => {
                    let why = Unanswered::refused(status).coded(&code);
                    return Ok(Some(Part::Refused(why)));
                }
                Answered::Whole(_) | Answered::Part(_) | Answered::TooMuch(_) => {
                    match self.halves(values, window).await? {
                        Some(halves) => self.open.extend(halves),
                        None => {
                            return Ok(Some(Part::Refused(Unanswered::TooMany.word().to_owned())));
                        }
                    }
                }
            }
        }
        Ok(None)
    }

    async fn halves(
        &mut self,
        mut values: Vec<String>,
        window: Option<Window>,
    ) -> Result<Option<[(Vec<String>, Option<Window>); 2]>, Failure> {
        if values.len() > 1 {
            let later = values.split_off(values.len() / 2);
            return Ok(Some([(later, window), (values, window)]));
        }
        if self.span.is_none() {
            let Place { way, store, table, .. } = &self.place;
            self.span = Some(windows::whole(way, store, table).await?);
        }
        let halves = window.or(self.span.flatten()).and_then(windows::halves);
        Ok(halves.map(|[later, earlier]| [(values.clone(), Some(later)), (values, Some(earlier))]))
    }
}

/// Each row as a line: what it says, without what it leaves empty, in the order of time.
fn lines(rows: &Rows, time: &str) -> Bytes {
    let when = rows.column(time);
    let line = |row: &Vec<Value>| {
        let columns = rows.columns.iter().zip(row);
        let said = columns.filter(|(_, value)| !value.is_null() && **value != "");
        let object: Map<String, Value> =
            said.map(|((name, kind), value)| (name.clone(), plain(kind, value))).collect();
        let when = when.and_then(|when| row[when].as_str()).unwrap_or_default();
        (when.to_owned(), Value::Object(object).to_string())
    };
    let mut lines: Vec<(String, String)> = rows.rows.iter().map(line).collect();
    // Those of one moment come in any order.
    lines.sort();
    lines.into_iter().map(|(_, line)| line + "\n").collect::<String>().into()
}

/// JSON in a string is told as what it is.
fn plain(kind: &str, value: &Value) -> Value {
    let text = value.as_str().filter(|_| kind == "dynamic");
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| value.clone())
}
