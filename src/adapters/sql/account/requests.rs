//! The account of requests: the records after the first, and what is forgotten when one rests.
//!
//! Two writers may meet at one request. Each write is conditional on the sequence and head that its
//! record follows, so the database lets one of them through and the other finds nothing to update.

use sqlx::{AnyConnection, AssertSqlSafe};

use crate::adapters::sql::clock::LedgerClock;
use crate::adapters::sql::kept::archives;
use crate::adapters::sql::refusal::while_doing;
use crate::adapters::sql::rows::{
    CENSUS, RECORD, REQUEST_ID, SEALED, STANDING, millis, read, stored, written,
};
use crate::adapters::sql::sharing::{leases, obstacles, people, persons, tombstones};
use crate::adapters::sql::statement::places;
use crate::adapters::sql::telling::{callbacks, outbox};
use crate::domain::event::Announcement;
use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::domain::state::{Event, Extension, State};
use crate::ports::ledger::{Record, SealedRequest};
use crate::ports::standing::{Progress, Standing};

const BY_ID: &str = "SELECT * FROM standings WHERE id = $1";

/// A record also ends the part that a request had in a sweep.
const ADVANCE: &str = "UPDATE requests SET state = $1, sequence = $2, head = $3, changed = $4, \
     done = 0, total = 0, sweep = NULL, tidied = 0 WHERE id = $5 AND sequence = $6 AND head = $7";

/// What a request forgets when it comes to rest. Items without an outcome are the plan of a sweep
/// that a person overtook: nothing was done with them, and how many there were is chance. Of one
/// that was begun somebody may still say what became of it.
const SHRED: [&str; 5] = [
    "UPDATE requests SET wrapped_key = NULL, body = NULL WHERE id = $1",
    "DELETE FROM items WHERE request = $1 AND outcome IS NULL AND begun = 0",
    "UPDATE items SET sealed = NULL WHERE request = $1",
    "DELETE FROM persons WHERE request = $1",
    "DELETE FROM tickets WHERE request = $1",
];

/// The writes of `Ledger::append`; the caller commits. Returns the state that the record led to, or
/// nothing where another writer was first.
///
/// # Errors
/// An unknown request, an event that its state does not admit; whatever the database refuses.
pub async fn append(
    connection: &mut AnyConnection,
    clock: &LedgerClock,
    record: &Record,
    announcement: Option<&Announcement>,
) -> Result<Option<State>, Failure> {
    let doing = "writing a record to the ledger";
    let rows = sqlx::query(BY_ID).bind(record.id.as_str()).fetch_all(&mut *connection).await;
    let Some(standing) = read(rows, STANDING)?.pop() else {
        return Err(Failure::permanent("writing a record for a request that was never opened"));
    };
    if (record.sequence, &record.previous) != (standing.sequence + 1, &standing.head) {
        return Ok(None);
    }
    let state = next(standing.state, record)?;
    let looks =
        record.event == Event::FindStarted && standing.kind.is_some_and(|kind| kind.is_export());
    if looks && !persons::may_look(connection, &record.id).await? {
        return Ok(None);
    }
    // Clocks step back; the order of the account does not.
    let changed = millis(record.at.max(standing.changed));
    let advance = sqlx::query(ADVANCE)
        .bind(state.word())
        .bind(stored(record.sequence))
        .bind(&record.hash)
        .bind(changed)
        .bind(record.id.as_str())
        .bind(stored(standing.sequence))
        .bind(&standing.head);
    let advanced = advance.execute(&mut *connection).await.map_err(while_doing(doing))?;
    if advanced.rows_affected() == 0 {
        return Ok(None);
    }
    write_records(connection, &[record]).await?;
    archives::settle(connection, clock, record).await?;
    tombstones::settle(connection, record).await?;
    obstacles::forget(connection, &record.id).await?;
    if let Event::Extended(Extension { due, .. }) = &record.event {
        let lengthen = sqlx::query("UPDATE requests SET due = $1 WHERE id = $2");
        let lengthen = lengthen.bind(millis(*due)).bind(record.id.as_str());
        lengthen.execute(&mut *connection).await.map_err(while_doing(doing))?;
    }
    if matches!(record.event, Event::Retried(_)) {
        leases::begin_anew(connection, &record.id).await?;
        persons::begin_anew(connection, &record.id).await?;
    }
    if let Some(announcement) = announcement {
        outbox::add(connection, &[(announcement, changed)]).await?;
        callbacks::owe(connection, &record.id).await?;
    }
    if state.rests() {
        for statement in SHRED {
            let shred = sqlx::query(statement).bind(record.id.as_str());
            shred.execute(&mut *connection).await.map_err(while_doing(doing))?;
        }
    }
    if state.is_end() || state == State::Planned {
        people::settle(connection, &record.id).await?;
    }
    Ok(Some(state))
}

/// See `Ledger::standing`.
///
/// # Errors
/// Whatever the database refuses; a row that is not ours.
pub async fn standing(
    connection: &mut AnyConnection,
    id: &RequestId,
) -> Result<Option<Standing>, Failure> {
    let rows = sqlx::query(BY_ID).bind(id.as_str()).fetch_all(&mut *connection).await;
    Ok(read(rows, STANDING)?.pop())
}

/// See `Ledger::rejected_for`.
///
/// # Errors
/// Whatever the database refuses; a row that is not ours.
pub async fn rejected_for(
    connection: &mut AnyConnection,
    claimed: &RequestId,
) -> Result<Option<RequestId>, Failure> {
    let statement = "SELECT id FROM requests WHERE claimed = $1 ORDER BY changed DESC, id LIMIT 1";
    let rows = sqlx::query(statement).bind(claimed.as_str()).fetch_all(connection).await;
    Ok(read(rows, REQUEST_ID)?.pop())
}

/// See `Ledger::standings`.
///
/// # Errors
/// Whatever the database refuses; a row that is not ours.
pub async fn standings(
    connection: &mut AnyConnection,
    states: &[State],
    order: &'static str,
    limit: u32,
) -> Result<Vec<Standing>, Failure> {
    if states.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<String> = (2..states.len() + 2).map(|place| format!("${place}")).collect();
    let statement = format!(
        "SELECT * FROM standings WHERE state IN ({}) ORDER BY {order} LIMIT 0 + $1",
        places.join(", ")
    );
    let mut query = sqlx::query(AssertSqlSafe(statement)).bind(i64::from(limit));
    for state in states {
        query = query.bind(state.word());
    }
    read(query.fetch_all(&mut *connection).await, STANDING)
}

/// See `Ledger::page`.
///
/// # Errors
/// Whatever the database refuses; a row that is not ours.
pub async fn page(
    connection: &mut AnyConnection,
    after: Option<&RequestId>,
    limit: u32,
) -> Result<Vec<Standing>, Failure> {
    // No id is empty, so that all come after the empty text.
    let query = sqlx::query("SELECT * FROM standings WHERE id > $1 ORDER BY id LIMIT 0 + $2")
        .bind(after.map_or("", RequestId::as_str))
        .bind(i64::from(limit));
    read(query.fetch_all(&mut *connection).await, STANDING)
}

/// Earliest due first. What has no due date (a rejected message) comes last; left alone, the two
/// databases differ.
pub const BY_DUE: &str = "CASE WHEN due IS NULL THEN 1 ELSE 0 END, due, id";

/// Latest changed first.
pub const BY_CHANGE: &str = "changed DESC, id";

/// See `Ledger::census`.
///
/// # Errors
/// Whatever the database refuses; a row that is not ours.
pub async fn census(connection: &mut AnyConnection) -> Result<Vec<(State, u64)>, Failure> {
    let statement = "SELECT state, COUNT(*) AS count FROM requests GROUP BY state";
    let mut census = read(sqlx::query(statement).fetch_all(&mut *connection).await, CENSUS)?;
    census.sort_unstable();
    Ok(census)
}

/// See `Ledger::records`.
///
/// # Errors
/// Whatever the database refuses; a row that is not ours.
pub async fn records(
    connection: &mut AnyConnection,
    id: &RequestId,
) -> Result<Vec<Record>, Failure> {
    let statement = "SELECT * FROM events WHERE request = $1 ORDER BY sequence";
    read(sqlx::query(statement).bind(id.as_str()).fetch_all(&mut *connection).await, RECORD)
}

/// See `Ledger::sealed`.
///
/// # Errors
/// Whatever the database refuses.
pub async fn sealed(
    connection: &mut AnyConnection,
    id: &RequestId,
) -> Result<Option<SealedRequest>, Failure> {
    let statement = "SELECT wrapped_key, body FROM requests WHERE id = $1";
    let rows = sqlx::query(statement).bind(id.as_str()).fetch_all(&mut *connection).await;
    Ok(read(rows, SEALED)?.pop().flatten())
}

/// See `Ledger::note_progress`; the caller commits.
///
/// # Errors
/// Whatever the database refuses.
pub async fn note_progress(
    connection: &mut AnyConnection,
    ids: &[RequestId],
    progress: Progress,
) -> Result<(), Failure> {
    for id in ids {
        sqlx::query("UPDATE requests SET done = $1, total = $2 WHERE id = $3")
            .bind(stored(progress.done))
            .bind(stored(progress.total))
            .bind(id.as_str())
            .execute(&mut *connection)
            .await
            .map_err(while_doing("noting progress in the ledger"))?;
    }
    Ok(())
}

/// The one place where a record moves a state.
///
/// # Errors
/// A record that the state does not admit.
pub fn next(state: State, record: &Record) -> Result<State, Failure> {
    state.next(&record.event).map_err(|illegal| {
        Failure::permanent("writing a record that does not follow").because(illegal)
    })
}

/// Writes records, no more than a statement takes; the caller commits.
///
/// # Errors
/// Whatever the database refuses.
pub async fn write_records(
    connection: &mut AnyConnection,
    records: &[&Record],
) -> Result<(), Failure> {
    let statement = format!(
        "INSERT INTO events (request, sequence, at, event, previous, hash) VALUES {}",
        places(0, records.len(), 6)
    );
    let mut query = sqlx::query(AssertSqlSafe(statement));
    for record in records {
        query = query
            .bind(record.id.as_str())
            .bind(stored(record.sequence))
            .bind(millis(record.at))
            .bind(written(&record.event))
            .bind(&record.previous)
            .bind(&record.hash);
    }
    let added = query.execute(connection).await;
    added.map(drop).map_err(while_doing("writing records to the ledger"))
}
