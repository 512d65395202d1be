//! The account of requests: first records, later records, and what is forgotten when one rests.
//!
//! Two writers may meet at one request. Each write is conditional on the sequence and head that its
//! record follows, so the database lets one of them through and the other finds nothing to update.

use sqlx::{AnyConnection, AnyPool, AssertSqlSafe};

use crate::adapters::sql::refusal::while_doing;
use crate::adapters::sql::rows::{CENSUS, DIGEST, RECORD, SEALED, STANDING, millis, read, stored};
use crate::adapters::sql::sharing::persons;
use crate::adapters::sql::{callbacks, outbox};
use crate::domain::event::Announcement;
use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::domain::state::State;
use crate::ports::ledger::{Opened, Opening, Progress, Record, SealedRequest, Standing};

const OPEN: &str = "INSERT INTO requests (id, digest, kind, regulation, state, sequence, head, \
     submitted, due, changed, done, total, reply_to, correlation_id, traceparent, message_id, \
     wrapped_key, body) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, 0, $11, $12, $13, $14, $15, $16) \
     ON CONFLICT (id) DO NOTHING";

const BY_ID: &str = "SELECT * FROM standings WHERE id = $1";

/// A record also ends the part that a request had in a sweep.
const ADVANCE: &str = "UPDATE requests SET state = $1, sequence = $2, head = $3, changed = $4, \
     done = 0, total = 0, sweep = NULL WHERE id = $5 AND sequence = $6 AND head = $7";

const RECORD_EVENT: &str = "INSERT INTO events (request, sequence, at, event, previous, hash) \
     VALUES ($1, $2, $3, $4, $5, $6)";

/// What a request forgets when it comes to rest. Items without an outcome are the plan of a sweep
/// that a person overtook: nothing was done with them, and how many there were is chance.
const SHRED: [&str; 4] = [
    "UPDATE requests SET wrapped_key = NULL, body = NULL WHERE id = $1",
    "DELETE FROM items WHERE request = $1 AND outcome IS NULL",
    "UPDATE items SET sealed = NULL WHERE request = $1",
    "DELETE FROM persons WHERE request = $1",
];

/// The writes of `Ledger::open`; the caller commits.
///
/// # Errors
/// A first record that no request begins with; whatever the database refuses.
pub async fn open(connection: &mut AnyConnection, opening: &Opening) -> Result<Opened, Failure> {
    let doing = "opening a request in the ledger";
    let record = &opening.record;
    let state = next(State::Received, record)?;
    if insert(connection, opening, state).await.map_err(while_doing(doing))? {
        write_event(connection, record).await.map_err(while_doing(doing))?;
        if let Some(request) = &opening.request {
            persons::add(connection, &record.id, &request.persons).await?;
            callbacks::add_urls(connection, &record.id, &request.callbacks).await?;
        }
        outbox::add(connection, &opening.announcement, millis(record.at)).await?;
        callbacks::owe(connection, &record.id).await?;
        return Ok(Opened::New);
    }
    let row = sqlx::query(BY_ID).bind(record.id.as_str()).fetch_one(connection).await;
    let row = vec![row.map_err(while_doing(doing))?];
    let standing = read(Ok(row.clone()), STANDING)?.pop();
    let digest = read(Ok(row), DIGEST)?.pop();
    let (standing, digest) =
        Option::zip(standing, digest).expect("one row is read as one standing and one digest");
    Ok(Opened::Known { standing: Box::new(standing), digest })
}

/// The writes of `Ledger::append`; the caller commits. Returns the state that the record led to, or
/// nothing where another writer was first.
///
/// # Errors
/// An unknown request, an event that its state does not admit; whatever the database refuses.
pub async fn append(
    connection: &mut AnyConnection,
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
    // Clocks step back; the order of the account does not.
    let changed = millis(record.at.max(standing.changed));
    let advanced = sqlx::query(ADVANCE)
        .bind(state.word())
        .bind(stored(record.sequence))
        .bind(&record.hash)
        .bind(changed)
        .bind(record.id.as_str())
        .bind(stored(standing.sequence))
        .bind(&standing.head)
        .execute(&mut *connection)
        .await
        .map_err(while_doing(doing))?;
    if advanced.rows_affected() == 0 {
        return Ok(None);
    }
    write_event(connection, record).await.map_err(while_doing(doing))?;
    if let Some(announcement) = announcement {
        outbox::add(connection, announcement, changed).await?;
        callbacks::owe(connection, &record.id).await?;
    }
    if state.rests() {
        for statement in SHRED {
            let shred = sqlx::query(statement).bind(record.id.as_str());
            shred.execute(&mut *connection).await.map_err(while_doing(doing))?;
        }
    }
    Ok(Some(state))
}

/// See `Ledger::standing`.
///
/// # Errors
/// Whatever the database refuses; a row that is not ours.
pub async fn standing(pool: &AnyPool, id: &RequestId) -> Result<Option<Standing>, Failure> {
    let rows = sqlx::query(BY_ID).bind(id.as_str()).fetch_all(pool).await;
    Ok(read(rows, STANDING)?.pop())
}

/// See `Ledger::standings`.
///
/// # Errors
/// Whatever the database refuses; a row that is not ours.
pub async fn standings(
    pool: &AnyPool,
    states: &[State],
    order: &'static str,
    limit: u32,
) -> Result<Vec<Standing>, Failure> {
    if states.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<String> = (2..states.len() + 2).map(|place| format!("${place}")).collect();
    let statement = format!(
        "SELECT * FROM standings WHERE state IN ({}) ORDER BY {order} LIMIT $1",
        places.join(", ")
    );
    let mut query = sqlx::query(AssertSqlSafe(statement)).bind(i64::from(limit));
    for state in states {
        query = query.bind(state.word());
    }
    read(query.fetch_all(pool).await, STANDING)
}

/// See `Ledger::page`.
///
/// # Errors
/// Whatever the database refuses; a row that is not ours.
pub async fn page(
    pool: &AnyPool,
    after: Option<&RequestId>,
    limit: u32,
) -> Result<Vec<Standing>, Failure> {
    // No id is empty, so that all come after the empty text.
    let query = sqlx::query("SELECT * FROM standings WHERE id > $1 ORDER BY id LIMIT $2")
        .bind(after.map_or("", RequestId::as_str))
        .bind(i64::from(limit));
    read(query.fetch_all(pool).await, STANDING)
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
pub async fn census(pool: &AnyPool) -> Result<Vec<(State, u64)>, Failure> {
    let statement = "SELECT state, COUNT(*) AS count FROM requests GROUP BY state";
    let mut census = read(sqlx::query(statement).fetch_all(pool).await, CENSUS)?;
    census.sort_unstable();
    Ok(census)
}

/// See `Ledger::records`.
///
/// # Errors
/// Whatever the database refuses; a row that is not ours.
pub async fn records(pool: &AnyPool, id: &RequestId) -> Result<Vec<Record>, Failure> {
    let statement = "SELECT * FROM events WHERE request = $1 ORDER BY sequence";
    read(sqlx::query(statement).bind(id.as_str()).fetch_all(pool).await, RECORD)
}

/// See `Ledger::sealed`.
///
/// # Errors
/// Whatever the database refuses.
pub async fn sealed(pool: &AnyPool, id: &RequestId) -> Result<Option<SealedRequest>, Failure> {
    let statement = "SELECT wrapped_key, body FROM requests WHERE id = $1";
    let rows = sqlx::query(statement).bind(id.as_str()).fetch_all(pool).await;
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
fn next(state: State, record: &Record) -> Result<State, Failure> {
    state.next(&record.event).map_err(|illegal| {
        Failure::permanent("writing a record that does not follow").because(illegal)
    })
}

/// Whether the request is new.
async fn insert(
    connection: &mut AnyConnection,
    opening: &Opening,
    state: State,
) -> Result<bool, sqlx::Error> {
    let Opening { record, digest, request, correspondence, .. } = opening;
    let request = request.as_ref();
    let inserted = sqlx::query(OPEN)
        .bind(record.id.as_str())
        .bind(digest)
        .bind(request.map(|request| request.kind.word()))
        .bind(request.map(|request| request.regulation.as_str()))
        .bind(state.word())
        .bind(stored(record.sequence))
        .bind(&record.hash)
        .bind(request.map(|request| millis(request.submitted)))
        .bind(request.map(|request| millis(request.due)))
        .bind(millis(record.at))
        .bind(&correspondence.reply_to)
        .bind(&correspondence.correlation_id)
        .bind(&correspondence.traceparent)
        .bind(&correspondence.message_id)
        .bind(request.map(|request| request.sealed.wrapped_key.as_slice()))
        .bind(request.map(|request| request.sealed.body.as_slice()))
        .execute(connection)
        .await?;
    Ok(inserted.rows_affected() == 1)
}

async fn write_event(connection: &mut AnyConnection, record: &Record) -> Result<(), sqlx::Error> {
    let event = serde_json::to_string(&record.event)
        .expect("an event has string keys and finite numbers only, so it is always JSON");
    sqlx::query(RECORD_EVENT)
        .bind(record.id.as_str())
        .bind(stored(record.sequence))
        .bind(millis(record.at))
        .bind(event)
        .bind(&record.previous)
        .bind(&record.hash)
        .execute(connection)
        .await
        .map(drop)
}
