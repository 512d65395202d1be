//! Leases: who works on what, and until when.
//!
//! A lease stays when its work is done, or else the highest fence of those that are forgotten does:
//! with none the next claim would have the fence of the first, and a daemon that slept since then
//! could write again.

use jiff::Timestamp;
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::adapters::sql::clock::{LedgerClock, span};
use crate::adapters::sql::refusal::while_doing;
use crate::adapters::sql::rows::{LEASE, STANDING, millis, read, stored};
use crate::adapters::sql::sharing::persons;
use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::domain::state::State;
use crate::ports::kept::purges::work_on_purge;
use crate::ports::standing::Standing;
use crate::ports::tasks::{End, Lease, work_on};

/// See `Tasks::claim`; the caller commits. Of two claims at once one waits for the other's row, and
/// then finds it taken.
///
/// # Errors
/// Whatever the database refuses.
pub async fn claim(
    connection: &mut AnyConnection,
    clock: &LedgerClock,
    work: &str,
    for_ms: u64,
) -> Result<Option<Lease>, Failure> {
    let statement = format!(
        "INSERT INTO leases (work, fence, free_at, set_at, tries) \
         VALUES ($1, 1 + COALESCE((SELECT fence FROM leases WHERE work = ''), 0), \
         {now} + $2, {now}, 0) \
         ON CONFLICT (work) DO UPDATE SET fence = leases.fence + 1, \
         free_at = excluded.free_at, set_at = excluded.set_at WHERE {lapsed} \
         RETURNING work, fence, free_at, set_at, tries",
        now = clock.now(3),
        lapsed = clock.is_past("leases.free_at", "leases.set_at", 3)
    );
    let claim = sqlx::query(AssertSqlSafe(statement)).bind(work).bind(span(for_ms));
    let claimed = claim.bind(clock.value()).fetch_all(connection).await;
    Ok(read(claimed, LEASE)?.pop())
}

/// See `Tasks::renew`; the caller commits.
///
/// # Errors
/// Whatever the database refuses.
pub async fn renew(
    connection: &mut AnyConnection,
    clock: &LedgerClock,
    lease: &Lease,
    for_ms: u64,
) -> Result<bool, Failure> {
    let statement = format!(
        "UPDATE leases SET free_at = {now} + $1, set_at = {now} WHERE work = $2 AND fence = $3",
        now = clock.now(4)
    );
    let renewed = sqlx::query(AssertSqlSafe(statement))
        .bind(span(for_ms))
        .bind(&lease.work)
        .bind(stored(lease.fence))
        .bind(clock.value())
        .execute(connection)
        .await
        .map_err(while_doing("renewing a lease"))?;
    Ok(renewed.rows_affected() == 1)
}

/// See `Tasks::let_go`; the caller commits.
///
/// # Errors
/// Whatever the database refuses.
pub async fn let_go(
    connection: &mut AnyConnection,
    clock: &LedgerClock,
    lease: &Lease,
    end: End,
) -> Result<(), Failure> {
    let (for_ms, tries) = match end {
        End::Done => (0, 0),
        End::Left => (0, lease.tries),
        End::Failed(for_ms) => (for_ms, lease.tries.saturating_add(1)),
        End::Waiting(for_ms) => (for_ms, lease.tries),
    };
    let statement = format!(
        "UPDATE leases SET free_at = {now} + $1, set_at = {now}, tries = $2 \
         WHERE work = $3 AND fence = $4",
        now = clock.now(5)
    );
    sqlx::query(AssertSqlSafe(statement))
        .bind(span(for_ms))
        .bind(i64::from(tries))
        .bind(&lease.work)
        .bind(stored(lease.fence))
        .bind(clock.value())
        .execute(connection)
        .await
        .map(drop)
        .map_err(while_doing("letting go of a lease"))
}

/// Forgets how often the work on a request failed before somebody had it tried again; the caller
/// commits.
///
/// # Errors
/// Whatever the database refuses.
pub async fn begin_anew(connection: &mut AnyConnection, id: &RequestId) -> Result<(), Failure> {
    sqlx::query("UPDATE leases SET tries = 0 WHERE work = $1")
        .bind(work_on(id))
        .execute(connection)
        .await
        .map(drop)
        .map_err(while_doing("trying a request anew"))
}

/// See `Tasks::free_all`; the caller commits.
///
/// # Errors
/// Whatever the database refuses.
pub async fn free_all(connection: &mut AnyConnection) -> Result<(), Failure> {
    sqlx::query("UPDATE leases SET free_at = 0 WHERE free_at > 0")
        .execute(connection)
        .await
        .map(drop)
        .map_err(while_doing("freeing the leases of a daemon that ended"))
}

/// Which leases are forgotten.
pub enum Settled<'a> {
    /// Those on the shards of a sweep.
    Sweep(u64),
    /// That on a request.
    Request(&'a RequestId),
    /// That on a purge.
    Purge(&'a str),
}

/// Forgets leases on what nobody will work on any more; the caller commits. No work is called
/// nothing: under that name the highest fence of those that were forgotten stays.
///
/// # Errors
/// Whatever the database refuses.
pub async fn forget(connection: &mut AnyConnection, settled: &Settled<'_>) -> Result<(), Failure> {
    let (which, named) = match settled {
        Settled::Sweep(sweep) => (
            "work IN (SELECT 'sweep/' || sweep || '/' || number FROM shards \
             WHERE CAST(sweep AS TEXT) = $1)",
            sweep.to_string(),
        ),
        Settled::Request(id) => ("work = $1", work_on(id)),
        Settled::Purge(id) => ("work = $1", work_on_purge(id)),
    };
    let keep = format!(
        "INSERT INTO leases (work, fence, free_at, set_at, tries) \
         SELECT '', MAX(fence), 0, 0, 0 FROM leases WHERE {which} HAVING COUNT(*) > 0 \
         ON CONFLICT (work) DO UPDATE SET fence = excluded.fence \
         WHERE excluded.fence > leases.fence"
    );
    for statement in [keep, format!("DELETE FROM leases WHERE {which}")] {
        sqlx::query(AssertSqlSafe(statement))
            .bind(&named)
            .execute(&mut *connection)
            .await
            .map_err(while_doing("forgetting leases"))?;
    }
    Ok(())
}

/// See `Tasks::free`.
///
/// # Errors
/// Whatever the database refuses; a row that is not ours.
pub async fn free(
    connection: &mut AnyConnection,
    clock: &LedgerClock,
    states: &[State],
    pressed: Timestamp,
    limit: u32,
) -> Result<Vec<Standing>, Failure> {
    let places: Vec<String> = (4..states.len() + 4).map(|place| format!("${place}")).collect();
    let statement = format!(
        "SELECT standings.* FROM standings \
         LEFT JOIN leases ON leases.work = 'request/' || standings.id \
         WHERE (leases.free_at IS NULL OR {}) \
         AND (state <> 'verifying' OR kind IN ('access', 'portability', 'export')) \
         AND state IN ({}) AND NOT {} \
         ORDER BY due, id LIMIT 0 + $1",
        clock.is_past("leases.free_at", "leases.set_at", 2),
        places.join(", "),
        persons::must_not_act(3),
    );
    let query = sqlx::query(AssertSqlSafe(statement)).bind(i64::from(limit));
    let mut query = query.bind(clock.value()).bind(millis(pressed));
    for state in states {
        query = query.bind(state.word());
    }
    read(query.fetch_all(&mut *connection).await, STANDING)
}
