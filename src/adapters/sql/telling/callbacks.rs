//! Callbacks: for each announcement and each URL of its request one row, committed with the
//! announcement and kept until it was delivered or given up.

use sqlx::{AnyConnection, AssertSqlSafe};

use crate::adapters::sql::clock::{LedgerClock, span};
use crate::adapters::sql::plain;
use crate::adapters::sql::refusal::while_doing;
use crate::adapters::sql::rows::{BACKLOG, CALLBACK, read, stored};
use crate::domain::callbacks::url::CallbackUrl;
use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::ports::ledger::{Callback, CallbackId};

const ADD_URL: &str = "INSERT INTO callback_urls (request, number, host, url) \
     VALUES ($1, $2, $3, $4)";

/// An announcement that is made again is owed again, and what is still owed of it is tried at once.
const OWE: &str = "INSERT INTO callbacks (request, sequence, number, made, host, tries, retry_at) \
     SELECT outbox.request, outbox.sequence, number, made, host, 0, 0 \
     FROM outbox JOIN callback_urls ON callback_urls.request = outbox.request \
     WHERE outbox.request = $1 \
     AND outbox.sequence = (SELECT MAX(sequence) FROM outbox WHERE request = $1) \
     ON CONFLICT (request, sequence, number) \
     DO UPDATE SET tries = 0, retry_at = 0, failed_at = NULL";

const FORGET: &str = "DELETE FROM callbacks WHERE request = $1 AND sequence = $2 AND number = $3";

/// Notes the URLs of a new request; the caller commits.
///
/// # Errors
/// Whatever the database refuses.
pub async fn add_urls(
    connection: &mut AnyConnection,
    id: &RequestId,
    urls: &[CallbackUrl],
) -> Result<(), Failure> {
    for (number, url) in (0..).zip(urls) {
        sqlx::query(ADD_URL)
            .bind(id.as_str())
            .bind(stored(number))
            .bind(url.host())
            .bind(plain::encoded(Some(&url.expose().to_owned())))
            .execute(&mut *connection)
            .await
            .map_err(while_doing("noting the callback URLs of a request"))?;
    }
    Ok(())
}

/// Owes the last announcement of a request to each of its URLs; the caller commits.
///
/// # Errors
/// Whatever the database refuses.
pub async fn owe(connection: &mut AnyConnection, id: &RequestId) -> Result<(), Failure> {
    sqlx::query(OWE)
        .bind(id.as_str())
        .execute(connection)
        .await
        .map(drop)
        .map_err(while_doing("noting the callbacks of an announcement"))
}

/// See `Ledger::owed`: so many of each host, so that one with many does not crowd out the others.
///
/// # Errors
/// Whatever the database refuses; a row that is not ours.
pub async fn owed(
    connection: &mut AnyConnection,
    clock: &LedgerClock,
    each_host: u32,
) -> Result<Vec<Callback>, Failure> {
    let statement = format!(
        "SELECT owed.*, outbox.body, callback_urls.url FROM (\
             SELECT callbacks.*, {now} - failed_at AS failing_ms, ROW_NUMBER() OVER \
                 (PARTITION BY host ORDER BY made, request, sequence, number) AS place \
             FROM callbacks WHERE {due}\
         ) AS owed \
         JOIN outbox ON outbox.request = owed.request AND outbox.sequence = owed.sequence \
         JOIN callback_urls ON callback_urls.request = owed.request \
         AND callback_urls.number = owed.number \
         WHERE place <= $2 ORDER BY owed.made, owed.request, owed.sequence, owed.number",
        now = clock.now(1),
        due = clock.is_past("retry_at", "put_off_at", 1)
    );
    let rows = sqlx::query(AssertSqlSafe(statement)).bind(clock.value()).bind(i64::from(each_host));
    read(rows.fetch_all(&mut *connection).await, CALLBACK)
}

/// See `Ledger::put_off_callback`; the caller commits.
///
/// # Errors
/// Whatever the database refuses.
pub async fn put_off(
    connection: &mut AnyConnection,
    clock: &LedgerClock,
    id: &CallbackId,
    for_ms: u64,
) -> Result<(), Failure> {
    let statement = format!(
        "UPDATE callbacks SET tries = tries + 1, retry_at = {now} + $1, put_off_at = {now}, \
         failed_at = COALESCE(failed_at, {now}) \
         WHERE request = $3 AND sequence = $4 AND number = $5",
        now = clock.now(2)
    );
    sqlx::query(AssertSqlSafe(statement))
        .bind(span(for_ms))
        .bind(clock.value())
        .bind(id.request.as_str())
        .bind(stored(id.sequence))
        .bind(stored(id.number))
        .execute(connection)
        .await
        .map(drop)
        .map_err(while_doing("putting a callback off"))
}

/// See `Ledger::forget_callback`; the caller commits.
///
/// # Errors
/// Whatever the database refuses.
pub async fn forget(connection: &mut AnyConnection, id: &CallbackId) -> Result<(), Failure> {
    sqlx::query(FORGET)
        .bind(id.request.as_str())
        .bind(stored(id.sequence))
        .bind(stored(id.number))
        .execute(connection)
        .await
        .map(drop)
        .map_err(while_doing("forgetting a callback"))
}

/// See `Ledger::callback_backlog`.
///
/// # Errors
/// Whatever the database refuses.
pub async fn backlog(connection: &mut AnyConnection) -> Result<u64, Failure> {
    let statement = "SELECT COUNT(*) AS count FROM callbacks";
    let counts = read(sqlx::query(statement).fetch_all(&mut *connection).await, BACKLOG)?;
    Ok(counts.into_iter().sum())
}
