//! Inventories, some thousand prints a row.

use async_trait::async_trait;
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::adapters::sql::refusal::while_doing;
use crate::adapters::sql::rows::{NUMBER, PRINTS, read, stored};
use crate::adapters::sql::store::{SqlLedger, commit};
use crate::domain::failure::Failure;
use crate::domain::inventory::Print;
use crate::domain::request::RequestId;
use crate::domain::state::State;
use crate::ports::kept::inventories::Inventories;
use crate::ports::tasks::{Lease, Shard};

/// Prints in one row: 64 KiB of them.
const PRINTS_PER_ROW: usize = 4096;

const DOING: &str = "keeping what a sweep saw";

#[async_trait]
impl Inventories for SqlLedger {
    async fn keep_seen(&self, lease: &Lease, shard: &Shard, seen: &[Print]) -> Result<(), Failure> {
        let mut transaction = self.begin_under(lease).await?;
        sqlx::query("DELETE FROM inventories WHERE sweep = $1 AND shard = $2")
            .bind(stored(shard.sweep))
            .bind(stored(shard.number))
            .execute(&mut *transaction)
            .await
            .map_err(while_doing(DOING))?;
        for (part, prints) in (0..).zip(seen.chunks(PRINTS_PER_ROW)) {
            let statement = "INSERT INTO inventories (sweep, shard, part, source, prints) \
                 VALUES ($1, $2, $3, $4, $5)";
            sqlx::query(statement)
                .bind(stored(shard.sweep))
                .bind(stored(shard.number))
                .bind(stored(part))
                .bind(shard.source.as_str())
                .bind(bytes(prints))
                .execute(&mut *transaction)
                .await
                .map_err(while_doing(DOING))?;
        }
        commit(transaction).await
    }

    async fn seen(&self, sweep: u64, source: &str) -> Result<Vec<Print>, Failure> {
        let statement = "SELECT prints FROM inventories WHERE sweep = $1 AND source = $2";
        let rows = sqlx::query(statement).bind(stored(sweep)).bind(source);
        let rows = rows.fetch_all(&mut *self.read().await?).await;
        Ok(read(rows, PRINTS)?.into_iter().flatten().collect())
    }

    async fn found_by(&self, id: &RequestId) -> Result<Option<u64>, Failure> {
        let statement =
            "SELECT found_by AS number FROM requests WHERE id = $1 AND found_by IS NOT NULL";
        let rows =
            sqlx::query(statement).bind(id.as_str()).fetch_all(&mut *self.read().await?).await;
        Ok(read(rows, NUMBER)?.pop())
    }
}

/// Forgets what closed sweeps saw that nobody will ask for: those that they found for have ended,
/// and those that they looked again for were concluded. The caller commits.
///
/// # Errors
/// Whatever the database refuses.
pub async fn forget(connection: &mut AnyConnection, closed: u64) -> Result<(), Failure> {
    let states: Vec<String> = State::ALL
        .into_iter()
        .filter(|state| state.is_end())
        .map(|state| format!("'{}'", state.word()))
        .collect();
    let statement = format!(
        "DELETE FROM inventories \
         WHERE (sweep = $1 OR sweep IN (SELECT id FROM sweeps WHERE closed = 1)) \
         AND sweep NOT IN (SELECT found_by FROM requests \
         WHERE found_by IS NOT NULL AND state NOT IN ({})) \
         AND sweep NOT IN (SELECT sweep FROM requests WHERE sweep IS NOT NULL)",
        states.join(", ")
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
