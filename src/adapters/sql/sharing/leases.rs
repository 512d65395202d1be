//! Leases: who works on what, and until when.
//!
//! A lease stays when its work is done: were it forgotten, the next claim would have the fence of
//! the first, and a daemon that slept since then could write again.

use jiff::Timestamp;
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe};

use crate::adapters::sql::refusal::while_doing;
use crate::adapters::sql::rows::{LEASE, STANDING, millis, read, stored};
use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::domain::state::State;
use crate::ports::ledger::Standing;
use crate::ports::tasks::{End, Lease, work_on};

/// Of two claims at once one waits for the other's row, and then finds it taken.
const CLAIM: &str = "INSERT INTO leases (work, fence, free_at, tries) VALUES ($1, 1, $2, 0) \
     ON CONFLICT (work) DO UPDATE SET fence = leases.fence + 1, free_at = $2 \
     WHERE leases.free_at <= $3";

const FREE: &str = "SELECT standings.* FROM standings \
     LEFT JOIN leases ON leases.work = 'request/' || standings.id \
     WHERE (leases.free_at IS NULL OR leases.free_at <= $2) \
     AND NOT (state = 'verifying' AND kind = 'erasure') AND state IN ";

/// Refuses what a daemon writes under a lease that another has taken; the caller commits. Locks the
/// lease, so that nobody takes it before then.
///
/// # Errors
/// The lease is another's; whatever the database refuses.
pub async fn fence(connection: &mut AnyConnection, lease: &Lease) -> Result<(), Failure> {
    let doing = "writing to the ledger under a lease";
    let ours = sqlx::query("UPDATE leases SET fence = fence WHERE work = $1 AND fence = $2")
        .bind(&lease.work)
        .bind(stored(lease.fence))
        .execute(connection)
        .await
        .map_err(while_doing(doing))?;
    if ours.rows_affected() == 1 {
        return Ok(());
    }
    // Transient: whoever has the work now goes on with it.
    Err(Failure::transient(doing).because("another daemon has taken the work over"))
}

/// See `Tasks::claim`; the caller commits.
///
/// # Errors
/// Whatever the database refuses.
pub async fn claim(
    connection: &mut AnyConnection,
    work: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<Lease>, Failure> {
    let claimed = sqlx::query(CLAIM)
        .bind(work)
        .bind(millis(until))
        .bind(millis(now))
        .execute(&mut *connection)
        .await
        .map_err(while_doing("claiming work"))?;
    if claimed.rows_affected() == 0 {
        return Ok(None);
    }
    let rows = sqlx::query("SELECT * FROM leases WHERE work = $1").bind(work);
    Ok(read(rows.fetch_all(connection).await, LEASE)?.pop())
}

/// See `Tasks::renew`; the caller commits.
///
/// # Errors
/// Whatever the database refuses.
pub async fn renew(
    connection: &mut AnyConnection,
    lease: &Lease,
    until: Timestamp,
) -> Result<bool, Failure> {
    let renewed = sqlx::query("UPDATE leases SET free_at = $1 WHERE work = $2 AND fence = $3")
        .bind(millis(until))
        .bind(&lease.work)
        .bind(stored(lease.fence))
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
    lease: &Lease,
    end: End,
) -> Result<(), Failure> {
    let (free_at, tries) = match end {
        End::Done => (0, 0),
        End::Left => (0, lease.tries),
        End::Failed(until) => (millis(until), lease.tries.saturating_add(1)),
        End::Waiting(until) => (millis(until), lease.tries),
    };
    sqlx::query("UPDATE leases SET free_at = $1, tries = $2 WHERE work = $3 AND fence = $4")
        .bind(free_at)
        .bind(i64::from(tries))
        .bind(&lease.work)
        .bind(stored(lease.fence))
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

/// See `Tasks::agrees_on_key`; the caller commits. Two that ask an empty ledger at once may both
/// leave a digest: then both are asked of everybody, and two that differ agree with nobody.
///
/// # Errors
/// Whatever the database refuses.
pub async fn agrees_on_key(connection: &mut AnyConnection, digest: &str) -> Result<bool, Failure> {
    let doing = "comparing the master key with the ledger's";
    let insert = "INSERT INTO master_key (digest) \
         SELECT $1 WHERE NOT EXISTS (SELECT 1 FROM master_key)";
    let inserted = sqlx::query(insert).bind(digest).execute(&mut *connection).await;
    inserted.map_err(while_doing(doing))?;
    let known: Vec<(String,)> = sqlx::query_as("SELECT digest FROM master_key")
        .fetch_all(connection)
        .await
        .map_err(while_doing(doing))?;
    Ok(known.iter().all(|(known,)| known == digest))
}

/// See `Tasks::free`.
///
/// # Errors
/// Whatever the database refuses; a row that is not ours.
pub async fn free(
    pool: &AnyPool,
    states: &[State],
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Standing>, Failure> {
    let places: Vec<String> = (3..states.len() + 3).map(|place| format!("${place}")).collect();
    let statement = format!("{FREE} ({}) ORDER BY due, id LIMIT $1", places.join(", "));
    let mut query = sqlx::query(AssertSqlSafe(statement)).bind(i64::from(limit)).bind(millis(now));
    for state in states {
        query = query.bind(state.word());
    }
    read(query.fetch_all(pool).await, STANDING)
}
