//! Daemons: a row each, while they are at work.

use async_trait::async_trait;
use sqlx::AssertSqlSafe;

use crate::adapters::sql::clock::span;
use crate::adapters::sql::refusal::while_doing;
use crate::adapters::sql::rows::{Columns, get, read, time};
use crate::adapters::sql::store::{SqlLedger, commit};
use crate::domain::failure::Failure;
use crate::ports::kept::daemons::{Daemons, GONE_AFTER_MS, SeenDaemon};

const NOTING: &str = "noting that a daemon is at work";

const FORGOTTEN_AFTER_MS: u64 = 3_600_000;

/// All columns of `daemons`.
const DAEMON: Columns<SeenDaemon> = Columns::new("reading which daemons are at work", |row| {
    Ok(SeenDaemon {
        id: get(row, "id")?,
        version: get(row, "version")?,
        started: time(get(row, "started")?)?,
        seen: time(get(row, "seen")?)?,
    })
});

#[async_trait]
impl Daemons for SqlLedger {
    async fn note_daemon(&self, id: &str, version: &str) -> Result<(), Failure> {
        let now = self.clock.now(3);
        let mut transaction = self.begin().await?;
        let note = format!(
            "INSERT INTO daemons (id, version, started, seen) VALUES ($1, $2, {now}, {now}) \
             ON CONFLICT (id) DO UPDATE SET seen = excluded.seen"
        );
        sqlx::query(AssertSqlSafe(note))
            .bind(id)
            .bind(version)
            .bind(self.clock.value())
            .execute(&mut *transaction)
            .await
            .map_err(while_doing(NOTING))?;
        let now = self.clock.now(1);
        // What was seen in what is to come was noted by a clock that was wrong.
        let forget = format!("DELETE FROM daemons WHERE ABS({now} - seen) > $2");
        sqlx::query(AssertSqlSafe(forget))
            .bind(self.clock.value())
            .bind(span(FORGOTTEN_AFTER_MS))
            .execute(&mut *transaction)
            .await
            .map_err(while_doing(NOTING))?;
        commit(transaction).await
    }

    async fn forget_daemon(&self, id: &str) -> Result<(), Failure> {
        let mut transaction = self.begin().await?;
        sqlx::query("DELETE FROM daemons WHERE id = $1")
            .bind(id)
            .execute(&mut *transaction)
            .await
            .map_err(while_doing("noting that a daemon stops"))?;
        commit(transaction).await
    }

    async fn daemons(&self) -> Result<Vec<SeenDaemon>, Failure> {
        let now = self.clock.now(1);
        let statement = format!(
            "SELECT id, version, started, seen FROM daemons WHERE ABS({now} - seen) <= $2 \
             ORDER BY started, id"
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(self.clock.value())
            .bind(span(GONE_AFTER_MS))
            .fetch_all(&mut *self.read().await?)
            .await;
        read(rows, DAEMON)
    }
}
