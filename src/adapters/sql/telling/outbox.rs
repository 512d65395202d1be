//! Announcements, committed with the records they announce and kept until a broker confirmed them.

use sqlx::{AnyConnection, AssertSqlSafe};
use uuid::Uuid;

use crate::adapters::sql::clock::{LedgerClock, span};
use crate::adapters::sql::plain;
use crate::adapters::sql::refusal::while_doing;
use crate::adapters::sql::rows::{ANNOUNCEMENT, BACKLOG, read, stored};
use crate::adapters::sql::statement::{ROWS_MAX, places};
use crate::domain::event::Announcement;
use crate::domain::failure::Failure;
use crate::domain::request::RequestId;

const AGAIN: &str = "UPDATE outbox SET sent = 0, tries = 0, retry_at = 0 WHERE request = $1 \
     AND sequence = (SELECT MAX(sequence) FROM outbox WHERE request = $1)";

/// Puts some in, no more than a statement takes; the caller commits. When each was made is in
/// milliseconds and never falls within a request, so that its announcements stay in order.
///
/// # Errors
/// Whatever the database refuses.
pub async fn add(
    connection: &mut AnyConnection,
    announced: &[(&Announcement, i64)],
) -> Result<(), Failure> {
    let statement = format!(
        "INSERT INTO outbox (id, request, sequence, made, name, body, reply_to, correlation_id, \
         traceparent, message_id, sent, tries, retry_at) VALUES {}",
        places(0, announced.len(), 13)
    );
    let mut query = sqlx::query(AssertSqlSafe(statement));
    for (announcement, made) in announced {
        let to = &announcement.correspondence;
        query = query
            .bind(announcement.id.to_string())
            .bind(announcement.request.as_str())
            .bind(stored(announcement.sequence))
            .bind(made)
            .bind(&announcement.name)
            .bind(plain::json(&announcement.body))
            .bind(plain::encoded(to.reply_to.as_ref()))
            .bind(plain::encoded(to.correlation_id.as_ref()))
            .bind(plain::encoded(to.traceparent.as_ref()))
            .bind(plain::encoded(to.message_id.as_ref()))
            .bind(0_i64)
            .bind(0_i64)
            .bind(0_i64);
    }
    let added = query.execute(connection).await;
    added.map(drop).map_err(while_doing("putting announcements into the outbox"))
}

/// See `Ledger::unsent`. One that was put off does not hold up the next of its request: a consumer
/// may have bound a queue to `completed` alone, and `accepted` stays unroutable for ever.
///
/// # Errors
/// Whatever the database refuses; a row that is not ours.
pub async fn unsent(
    connection: &mut AnyConnection,
    clock: &LedgerClock,
    limit: u32,
) -> Result<Vec<Announcement>, Failure> {
    let statement = format!(
        "SELECT * FROM outbox WHERE sent = 0 AND {} ORDER BY made, request, sequence LIMIT 0 + $2",
        clock.is_past("retry_at", "put_off_at", 1)
    );
    let rows = sqlx::query(AssertSqlSafe(statement)).bind(clock.value()).bind(i64::from(limit));
    read(rows.fetch_all(&mut *connection).await, ANNOUNCEMENT)
}

/// See `Ledger::mark_sent`; the caller commits.
///
/// # Errors
/// Whatever the database refuses.
pub async fn mark_sent(connection: &mut AnyConnection, ids: &[Uuid]) -> Result<(), Failure> {
    for ids in ids.chunks(ROWS_MAX) {
        let statement =
            format!("UPDATE outbox SET sent = 1 WHERE id IN {}", places(0, 1, ids.len()));
        let mut query = sqlx::query(AssertSqlSafe(statement)).persistent(false);
        for id in ids {
            query = query.bind(id.to_string());
        }
        let marked = query.execute(&mut *connection).await;
        marked.map_err(while_doing("marking announcements sent"))?;
    }
    Ok(())
}

/// See `Ledger::put_off`; the caller commits.
///
/// # Errors
/// Whatever the database refuses.
pub async fn put_off(
    connection: &mut AnyConnection,
    clock: &LedgerClock,
    ids: &[Uuid],
    for_ms: u64,
) -> Result<(), Failure> {
    for ids in ids.chunks(ROWS_MAX) {
        let statement = format!(
            "UPDATE outbox SET tries = tries + 1, retry_at = {now} + $1, put_off_at = {now} \
             WHERE id IN {places}",
            now = clock.now(2),
            places = places(2, 1, ids.len())
        );
        let query = sqlx::query(AssertSqlSafe(statement)).persistent(false);
        let mut query = query.bind(span(for_ms)).bind(clock.value());
        for id in ids {
            query = query.bind(id.to_string());
        }
        let put_off = query.execute(&mut *connection).await;
        put_off.map_err(while_doing("putting announcements off"))?;
    }
    Ok(())
}

/// Makes the last announcement of a request unsent again; the caller commits.
///
/// # Errors
/// Whatever the database refuses.
pub async fn announce_again(connection: &mut AnyConnection, id: &RequestId) -> Result<(), Failure> {
    sqlx::query(AGAIN)
        .bind(id.as_str())
        .execute(connection)
        .await
        .map(drop)
        .map_err(while_doing("announcing a request again"))
}

/// See `Ledger::backlog`.
///
/// # Errors
/// Whatever the database refuses.
pub async fn backlog(connection: &mut AnyConnection) -> Result<u64, Failure> {
    let statement = "SELECT COUNT(*) AS count FROM outbox WHERE sent = 0";
    let counts = read(sqlx::query(statement).fetch_all(&mut *connection).await, BACKLOG)?;
    Ok(counts.into_iter().sum())
}
