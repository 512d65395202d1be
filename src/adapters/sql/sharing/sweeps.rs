//! Sweeps and their shards.

use jiff::Timestamp;
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::adapters::sql::clock::LedgerClock;
use crate::adapters::sql::refusal::while_doing;
use crate::adapters::sql::rows::{NOW, NUMBER, SHARD, STANDING, millis, read, stored};
use crate::adapters::sql::sharing::leases::{self, Settled};
use crate::adapters::sql::sharing::{inventories, people, persons};
use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::ports::standing::Standing;
use crate::ports::tasks::{Lost, Purpose, Shard, Sweep};

/// There are two purposes, so that the second try finds a number.
const OPENINGS_MAX: u32 = 5;

const OPENED: &str = "SELECT id AS number FROM sweeps WHERE purpose = $1 AND closed = 0";

const ADD_SHARD: &str = "INSERT INTO shards \
     (sweep, number, source, part, parts, done, items, bytes) \
     VALUES ($1, $2, $3, $4, $5, 0, 0, 0)";

/// The shards of a closed sweep go when all its requests were concluded, and the sweeps before it.
/// The last one stays, so that nothing is ever named like an earlier shard.
const FORGET_SHARDS: &str = "DELETE FROM shards \
     WHERE sweep NOT IN (SELECT id FROM sweeps WHERE closed = 0) \
     AND sweep NOT IN (SELECT sweep FROM requests WHERE sweep IS NOT NULL)";

/// Requests whose work is as the condition says.
const WHOSE_WORK: &str = "SELECT standings.* FROM standings \
     JOIN requests ON requests.id = standings.id \
     LEFT JOIN leases ON leases.work = 'request/' || standings.id WHERE";

const FORGET: &str = "DELETE FROM sweeps WHERE closed = 1 AND id < (SELECT MAX(id) FROM sweeps) \
     AND id NOT IN (SELECT sweep FROM inventories) AND id NOT IN (SELECT sweep FROM shards) \
     AND id NOT IN (SELECT sweep FROM people)";

/// See `Tasks::sweep`.
///
/// # Errors
/// Whatever the database refuses; a row that is not ours.
pub async fn sweep(
    connection: &mut AnyConnection,
    purpose: Purpose,
) -> Result<Option<Sweep>, Failure> {
    let ids = sqlx::query(OPENED).bind(purpose.word()).fetch_all(&mut *connection).await;
    let Some(id) = read(ids, NUMBER)?.pop() else { return Ok(None) };
    with_shards(connection, id).await.map(Some)
}

async fn with_shards(connection: &mut AnyConnection, id: u64) -> Result<Sweep, Failure> {
    let shards = sqlx::query("SELECT * FROM shards WHERE sweep = $1 ORDER BY number");
    let shards = read(shards.bind(stored(id)).fetch_all(&mut *connection).await, SHARD)?;
    let opened = sqlx::query("SELECT opened_at AS now FROM sweeps WHERE id = $1").bind(stored(id));
    let opened = read(opened.fetch_all(&mut *connection).await, NOW)?.pop();
    Ok(Sweep { id, opened: opened.unwrap_or_default(), shards })
}

/// See `Tasks::sweep_of`.
///
/// # Errors
/// Whatever the database refuses; a row that is not ours.
pub async fn sweep_of(
    connection: &mut AnyConnection,
    id: &RequestId,
) -> Result<Option<Sweep>, Failure> {
    let statement = "SELECT sweep AS number FROM requests WHERE id = $1 AND sweep IS NOT NULL";
    let sweeps = sqlx::query(statement).bind(id.as_str()).fetch_all(&mut *connection).await;
    let Some(sweep) = read(sweeps, NUMBER)?.pop() else { return Ok(None) };
    with_shards(connection, sweep).await.map(Some)
}

/// See `Tasks::unswept`.
///
/// # Errors
/// Whatever the database refuses; a row that is not ours.
pub async fn unswept(
    connection: &mut AnyConnection,
    clock: &LedgerClock,
    purpose: Purpose,
    limit: u32,
) -> Result<Vec<Standing>, Failure> {
    let whose = match purpose {
        Purpose::Find => {
            "standings.state = 'finding' \
             AND standings.kind IN ('access', 'portability', 'erasure')"
        }
        // Archives are read back without a sweep.
        Purpose::Verify => "standings.state = 'verifying' AND standings.kind = 'erasure'",
    };
    let whose = format!("requests.sweep IS NULL AND {whose}");
    free(connection, clock, &whose, None, limit).await
}

/// See `Tasks::about_things`.
///
/// # Errors
/// Whatever the database refuses; a row that is not ours.
pub async fn about_things(
    connection: &mut AnyConnection,
    clock: &LedgerClock,
    pressed: Timestamp,
    limit: u32,
) -> Result<Vec<Standing>, Failure> {
    // Archives are read back without a look.
    let whose = format!(
        "standings.kind IN ('export', 'delete', 'unregister', 'archive') \
         AND (standings.state = 'finding' \
         OR standings.state = 'verifying' AND standings.kind <> 'export' \
         OR standings.state = 'accepted' AND {})",
        persons::nothing_in_the_way(3)
    );
    free(connection, clock, &whose, Some(pressed), limit).await
}

/// See `Tasks::walked`.
///
/// # Errors
/// Whatever the database refuses; a row that is not ours.
pub async fn walked(
    connection: &mut AnyConnection,
    clock: &LedgerClock,
    limit: u32,
) -> Result<Vec<Standing>, Failure> {
    let whose = "standings.state IN ('finding', 'verifying') AND requests.sweep IS NOT NULL \
         AND requests.sweep NOT IN (SELECT id FROM sweeps WHERE closed = 0)";
    free(connection, clock, whose, None, limit).await
}

async fn free(
    connection: &mut AnyConnection,
    clock: &LedgerClock,
    whose: &str,
    pressed: Option<Timestamp>,
    limit: u32,
) -> Result<Vec<Standing>, Failure> {
    let statement = format!(
        "{WHOSE_WORK} (leases.free_at IS NULL OR {}) AND {whose} \
         ORDER BY standings.due, standings.id LIMIT 0 + $1",
        clock.is_past("leases.free_at", "leases.set_at", 2)
    );
    let query = sqlx::query(AssertSqlSafe(statement)).bind(i64::from(limit)).bind(clock.value());
    let query = match pressed {
        Some(pressed) => query.bind(millis(pressed)),
        None => query,
    };
    read(query.fetch_all(&mut *connection).await, STANDING)
}

/// See `Tasks::leave_sweep`; the caller commits.
///
/// # Errors
/// Whatever the database refuses.
pub async fn leave(connection: &mut AnyConnection, id: &RequestId) -> Result<(), Failure> {
    sqlx::query("UPDATE requests SET sweep = NULL WHERE id = $1")
        .bind(id.as_str())
        .execute(connection)
        .await
        .map(drop)
        .map_err(while_doing("leaving a sweep"))
}

/// See `Tasks::open_sweep`; the caller commits.
///
/// # Errors
/// Whatever the database refuses: a sweep for this purpose that is open already among it.
pub async fn open(
    connection: &mut AnyConnection,
    clock: &LedgerClock,
    purpose: Purpose,
    requests: &[RequestId],
    (sources, parts): (&[String], u64),
) -> Result<(), Failure> {
    let doing = "opening a sweep";
    // Of two that open sweeps for two purposes at once one may find its number taken, and tries
    // again.
    let statement = format!(
        "INSERT INTO sweeps (id, purpose, closed, opened_at) \
         VALUES ((SELECT COALESCE(MAX(id), 0) + 1 FROM sweeps), $1, 0, {}) \
         ON CONFLICT (id) DO NOTHING",
        clock.now(2)
    );
    for _ in 0..OPENINGS_MAX {
        let query = sqlx::query(AssertSqlSafe(statement.as_str())).bind(purpose.word());
        let opened = query.bind(clock.value()).execute(&mut *connection).await;
        if opened.map_err(while_doing(doing))?.rows_affected() == 1 {
            break;
        }
    }
    let ids = sqlx::query(OPENED).bind(purpose.word()).fetch_all(&mut *connection).await;
    let id = read(ids, NUMBER)?.pop().unwrap_or_default();
    let shards = sources.iter().flat_map(|source| (0..parts).map(move |part| (source, part)));
    for (number, (source, part)) in (0..).zip(shards) {
        let shard = sqlx::query(ADD_SHARD).bind(stored(id)).bind(stored(number)).bind(source);
        let shard = shard.bind(stored(part)).bind(stored(parts));
        shard.execute(&mut *connection).await.map_err(while_doing(doing))?;
    }
    let join = match purpose {
        Purpose::Find => "UPDATE requests SET sweep = $1, found_by = $1 WHERE id = $2",
        Purpose::Verify => "UPDATE requests SET sweep = $1 WHERE id = $2",
    };
    for request in requests {
        sqlx::query(join)
            .bind(stored(id))
            .bind(request.as_str())
            .execute(&mut *connection)
            .await
            .map_err(while_doing(doing))?;
    }
    Ok(())
}

/// See `Tasks::swept`.
///
/// # Errors
/// Whatever the database refuses; a row that is not ours.
pub async fn swept(connection: &mut AnyConnection, sweep: u64) -> Result<Vec<Standing>, Failure> {
    let statement = "SELECT standings.* FROM standings \
         JOIN requests ON requests.id = standings.id AND requests.sweep = $1 \
         ORDER BY standings.due, standings.id";
    read(sqlx::query(statement).bind(stored(sweep)).fetch_all(&mut *connection).await, STANDING)
}

/// See `Tasks::finish_shard`; the caller commits.
///
/// # Errors
/// Whatever the database refuses.
pub async fn finish(connection: &mut AnyConnection, shard: &Shard) -> Result<(), Failure> {
    let statement = "UPDATE shards SET done = 1, items = $1, bytes = $2, known = $3, lost = $4, \
         marker = NULL WHERE sweep = $5 AND number = $6";
    let lost = shard.lost.as_ref();
    let lost = lost.map(|Lost { kind, reason }| format!("{} {reason}", kind.word()));
    sqlx::query(statement)
        .bind(stored(shard.items))
        .bind(stored(shard.bytes))
        .bind(stored(shard.known))
        .bind(lost.unwrap_or_default())
        .bind(stored(shard.sweep))
        .bind(stored(shard.number))
        .execute(connection)
        .await
        .map(drop)
        .map_err(while_doing("ending a shard of a sweep"))
}

/// See `Tasks::close_sweep`; the caller commits. Says whether anybody was forgotten by that.
///
/// # Errors
/// Whatever the database refuses.
pub async fn close(connection: &mut AnyConnection, sweep: u64) -> Result<bool, Failure> {
    let doing = "closing a sweep";
    leases::forget(connection, &Settled::Sweep(sweep)).await?;
    let close = sqlx::query("UPDATE sweeps SET closed = 1 WHERE id = $1").bind(stored(sweep));
    close.execute(&mut *connection).await.map_err(while_doing(doing))?;
    inventories::forget(connection, sweep).await?;
    let forgot_people = people::forget(connection).await?;
    for statement in [FORGET_SHARDS, FORGET] {
        let forgot = sqlx::query(statement).execute(&mut *connection).await;
        forgot.map_err(while_doing(doing))?;
    }
    Ok(forgot_people)
}
