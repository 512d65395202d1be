//! Inventories, some thousand prints a row, and how far the walks came that make them.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::adapters::sql::clock::LedgerClock;
use crate::adapters::sql::refusal::while_doing;
use crate::adapters::sql::rows::{CHECKPOINT, NUMBER, PRINTS, read, stored};
use crate::adapters::sql::statement::states;
use crate::adapters::sql::store::{SqlLedger, commit};
use crate::domain::failure::Failure;
use crate::domain::inventory::Print;
use crate::domain::request::RequestId;
use crate::domain::state::State;
use crate::ports::kept::inventories::{Checkpoint, Inventories, Noted};
use crate::ports::tasks::{Lease, Shard};

/// Prints in one row: 64 KiB of them.
const PRINTS_PER_ROW: usize = 4096;

const DOING: &str = "keeping what a sweep saw";

#[async_trait]
impl Inventories for SqlLedger {
    async fn keep_seen(&self, lease: &Lease, shard: &Shard, seen: &[Print]) -> Result<(), Failure> {
        let mut transaction = self.begin_under(lease).await?;
        forget_walk(&mut transaction, shard).await?;
        add(&mut transaction, shard, 0, seen).await?;
        commit(transaction).await
    }

    async fn note_checkpoint(
        &self,
        lease: &Lease,
        shard: &Shard,
        checkpoint: &Checkpoint,
        seen: &[Print],
    ) -> Result<(), Failure> {
        let mut transaction = self.begin_under(lease).await?;
        note(&mut transaction, &self.clock, shard, checkpoint).await?;
        let parts = sqlx::query(
            "SELECT COUNT(*) AS number FROM inventories WHERE sweep = $1 AND shard = $2",
        );
        let parts = parts.bind(stored(shard.sweep)).bind(stored(shard.number));
        let parts = read(parts.fetch_all(&mut *transaction).await, NUMBER)?.pop();
        add(&mut transaction, shard, parts.unwrap_or_default(), seen).await?;
        commit(transaction).await
    }

    async fn checkpoint(&self, shard: &Shard) -> Result<Option<Noted>, Failure> {
        let mut connection = self.read().await?;
        let Some((checkpoint, at)) = noted(&mut connection, shard).await? else {
            return Ok(None);
        };
        let statement =
            "SELECT prints FROM inventories WHERE sweep = $1 AND shard = $2 ORDER BY part";
        let rows = sqlx::query(statement).bind(stored(shard.sweep)).bind(stored(shard.number));
        let seen = read(rows.fetch_all(&mut *connection).await, PRINTS)?.into_iter().flatten();
        Ok(Some(Noted { checkpoint, at, seen: seen.collect() }))
    }

    async fn forget_checkpoint(&self, lease: &Lease, shard: &Shard) -> Result<(), Failure> {
        let mut transaction = self.begin_under(lease).await?;
        unnote(&mut transaction, shard).await?;
        forget_walk(&mut transaction, shard).await?;
        commit(transaction).await
    }

    async fn seen(&self, sweep: u64, source: &str) -> Result<Vec<Print>, Failure> {
        let statement = "SELECT prints FROM inventories WHERE sweep = $1 AND source = $2";
        let rows = sqlx::query(statement).bind(stored(sweep)).bind(source);
        let rows = rows.fetch_all(&mut *self.read().await?).await;
        Ok(read(rows, PRINTS)?.into_iter().flatten().collect())
    }

    async fn ground(&self, place: &str) -> Result<Option<String>, Failure> {
        let row = sqlx::query_scalar("SELECT id FROM grounds WHERE place = $1")
            .bind(place)
            .fetch_optional(&mut *self.read().await?)
            .await;
        row.map_err(while_doing("reading on what a source stood"))
    }

    async fn note_ground(&self, place: &str, id: &str) -> Result<(), Failure> {
        let mut transaction = self.begin().await?;
        let note = "INSERT INTO grounds (place, id) VALUES ($1, $2) \
                    ON CONFLICT (place) DO UPDATE SET id = excluded.id";
        sqlx::query(note)
            .bind(place)
            .bind(id)
            .execute(&mut *transaction)
            .await
            .map_err(while_doing("noting on what a source stands"))?;
        commit(transaction).await
    }

    async fn found_by(&self, id: &RequestId) -> Result<Option<u64>, Failure> {
        let statement =
            "SELECT found_by AS number FROM requests WHERE id = $1 AND found_by IS NOT NULL";
        let rows =
            sqlx::query(statement).bind(id.as_str()).fetch_all(&mut *self.read().await?).await;
        Ok(read(rows, NUMBER)?.pop())
    }
}

async fn forget_walk(connection: &mut AnyConnection, shard: &Shard) -> Result<(), Failure> {
    sqlx::query("DELETE FROM inventories WHERE sweep = $1 AND shard = $2")
        .bind(stored(shard.sweep))
        .bind(stored(shard.number))
        .execute(connection)
        .await
        .map(drop)
        .map_err(while_doing(DOING))
}

/// Adds prints in rows that are numbered from `first` on.
async fn add(
    connection: &mut AnyConnection,
    shard: &Shard,
    first: u64,
    seen: &[Print],
) -> Result<(), Failure> {
    for (part, prints) in (first..).zip(seen.chunks(PRINTS_PER_ROW)) {
        let statement = "INSERT INTO inventories (sweep, shard, part, source, prints) \
             VALUES ($1, $2, $3, $4, $5)";
        sqlx::query(statement)
            .bind(stored(shard.sweep))
            .bind(stored(shard.number))
            .bind(stored(part))
            .bind(shard.source.as_str())
            .bind(bytes(prints))
            .execute(&mut *connection)
            .await
            .map_err(while_doing(DOING))?;
    }
    Ok(())
}

async fn note(
    connection: &mut AnyConnection,
    clock: &LedgerClock,
    shard: &Shard,
    checkpoint: &Checkpoint,
) -> Result<(), Failure> {
    let statement = format!(
        "UPDATE shards SET marker = $1, terms = $2, drafted = $3, items = $4, bytes = $5, \
         known = $6, noted_at = {} WHERE sweep = $8 AND number = $9 AND done = 0",
        clock.now(7)
    );
    sqlx::query(AssertSqlSafe(statement))
        .bind(checkpoint.marker.as_slice())
        .bind(checkpoint.terms.as_str())
        .bind(stored(checkpoint.drafted))
        .bind(stored(checkpoint.items))
        .bind(stored(checkpoint.bytes))
        .bind(stored(checkpoint.known))
        .bind(clock.value())
        .bind(stored(shard.sweep))
        .bind(stored(shard.number))
        .execute(connection)
        .await
        .map(drop)
        .map_err(while_doing("noting how far a walk came"))
}

async fn noted(
    connection: &mut AnyConnection,
    shard: &Shard,
) -> Result<Option<(Checkpoint, Timestamp)>, Failure> {
    let statement = "SELECT marker, terms, drafted, items, bytes, known, noted_at FROM shards \
         WHERE sweep = $1 AND number = $2 AND done = 0 AND marker IS NOT NULL";
    let rows = sqlx::query(statement).bind(stored(shard.sweep)).bind(stored(shard.number));
    Ok(read(rows.fetch_all(&mut *connection).await, CHECKPOINT)?.pop())
}

async fn unnote(connection: &mut AnyConnection, shard: &Shard) -> Result<(), Failure> {
    sqlx::query(
        "UPDATE shards SET marker = NULL, items = 0, bytes = 0, known = 0 \
         WHERE sweep = $1 AND number = $2 AND done = 0",
    )
    .bind(stored(shard.sweep))
    .bind(stored(shard.number))
    .execute(connection)
    .await
    .map(drop)
    .map_err(while_doing("forgetting how far a walk came"))
}

/// Forgets what closed sweeps saw that nobody will ask for: those that they found for have ended,
/// and those that they looked again for were concluded. The caller commits.
///
/// # Errors
/// Whatever the database refuses.
pub async fn forget(connection: &mut AnyConnection, closed: u64) -> Result<(), Failure> {
    let statement = format!(
        "DELETE FROM inventories \
         WHERE (sweep = $1 OR sweep IN (SELECT id FROM sweeps WHERE closed = 1)) \
         AND sweep NOT IN (SELECT found_by FROM requests \
         WHERE found_by IS NOT NULL AND state NOT IN {}) \
         AND sweep NOT IN (SELECT sweep FROM requests WHERE sweep IS NOT NULL)",
        states(State::is_end)
    );
    sqlx::query(AssertSqlSafe(statement))
        .bind(stored(closed))
        .execute(connection)
        .await
        .map(drop)
        .map_err(while_doing("forgetting what sweeps saw"))
}

fn bytes(prints: &[Print]) -> Vec<u8> {
    let each = prints.iter();
    each.flat_map(|print| [print.name.to_be_bytes(), print.etag.to_be_bytes()]).flatten().collect()
}
