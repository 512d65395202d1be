//! Spans of time, in halves of which is asked what is too much for one answer.

use jiff::Timestamp;

use crate::adapters::monitor::query::call::{Answered, ask};
use crate::adapters::monitor::query::text::{FIRST, LAST, Window, span};
use crate::adapters::monitor::stores::store::Store;
use crate::adapters::monitor::tables::table::{Door, Table};
use crate::adapters::monitor::wire::way::Way;
use crate::domain::failure::Failure;

/// A span is halved no further.
const WINDOW_MS_MIN: i64 = 1_000;

/// From when to when a table has rows of ours; `None` where that cannot be told.
///
/// # Errors
/// The store does not answer.
pub async fn whole(way: &Way, store: &Store, table: &Table) -> Result<Option<Window>, Failure> {
    if table.plan.door() == Door::Search {
        return Ok(None);
    }
    let text = span(table, &store.scope);
    let Answered::Whole(rows) = ask(way, &store.address, Door::Query, &text).await? else {
        return Ok(None);
    };
    let at = |name| -> Option<Timestamp> {
        rows.rows.first()?[rows.column(name)?].as_str()?.parse().ok()
    };
    let beyond = |last: Timestamp| Timestamp::from_millisecond(last.as_millisecond() + 1).ok();
    Ok(at(FIRST).zip(at(LAST).and_then(beyond)))
}

/// The halves of a span, the later one first; `None` of one that is too short.
pub fn halves((from, to): Window) -> Option<[Window; 2]> {
    let (first, last) = (from.as_millisecond(), to.as_millisecond());
    if last - first < 2 * WINDOW_MS_MIN {
        return None;
    }
    let middle = Timestamp::from_millisecond(first + (last - first) / 2).ok()?;
    Some([(middle, to), (from, middle)])
}
