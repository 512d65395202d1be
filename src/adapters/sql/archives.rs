//! Which archives are kept, and until when: one row each, which records of the request change.

use async_trait::async_trait;
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::adapters::sql::ledger::{SqlLedger, commit};
use crate::adapters::sql::refusal::while_doing;
use crate::adapters::sql::rows::{ARCHIVE, millis, read};
use crate::adapters::sql::sharing::clock::LedgerClock;
use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::domain::state::Event;
use crate::ports::archives::{Archives, Kept};
use crate::ports::ledger::Record;
use crate::ports::tasks::Lease;

const KEEP: &str = "INSERT INTO archives (request, name, expire_at) VALUES ($1, $2, NULL) \
     ON CONFLICT (request) DO UPDATE SET name = $2, expire_at = NULL";

/// What a record says of the request's archive; the caller commits.
///
/// It is kept until the time that was announced, and for as long as was meant by the ledger's clock
/// too: the clock of who announced it may be slow by more than an archive is kept.
///
/// # Errors
/// Whatever the database refuses.
pub async fn settle(
    connection: &mut AnyConnection,
    clock: &LedgerClock,
    record: &Record,
) -> Result<(), Failure> {
    let (life, expires) = match &record.event {
        Event::Verified { archive: Some(archive), .. } => {
            let expires = archive.expires.map(millis);
            (expires.map(|expires| expires - millis(record.at)), expires)
        }
        // Nobody will fetch it, and it is full of personal data.
        Event::Failed { .. } | Event::Stopped(_) | Event::Cancelled(_) | Event::Refused(_) => {
            (Some(0), Some(0))
        }
        _ => return Ok(()),
    };
    let statement = format!(
        "UPDATE archives SET expire_at = CASE WHEN {now} + $1 > $2 THEN {now} + $1 ELSE $2 END \
         WHERE request = $3",
        now = clock.now(4)
    );
    sqlx::query(AssertSqlSafe(statement))
        .bind(life)
        .bind(expires)
        .bind(record.id.as_str())
        .bind(clock.value())
        .execute(connection)
        .await
        .map(drop)
        .map_err(while_doing("noting until when an archive is kept"))
}

#[async_trait]
impl Archives for SqlLedger {
    async fn keep(&self, lease: &Lease, id: &RequestId, name: &str) -> Result<(), Failure> {
        let mut transaction = self.begin_under(lease).await?;
        sqlx::query(KEEP)
            .bind(id.as_str())
            .bind(name)
            .execute(&mut *transaction)
            .await
            .map_err(while_doing("noting that an archive is about to be written"))?;
        commit(transaction).await
    }

    async fn expired(&self, limit: u32) -> Result<Vec<Kept>, Failure> {
        let statement = format!(
            "SELECT * FROM archives WHERE expire_at <= {} ORDER BY expire_at, request LIMIT $2",
            self.clock.now(1)
        );
        let rows = sqlx::query(AssertSqlSafe(statement)).bind(self.clock.value());
        read(rows.bind(i64::from(limit)).fetch_all(&mut *self.read().await?).await, ARCHIVE)
    }

    async fn kept(&self, id: &RequestId) -> Result<Option<Kept>, Failure> {
        let rows = sqlx::query("SELECT * FROM archives WHERE request = $1").bind(id.as_str());
        Ok(read(rows.fetch_all(&mut *self.read().await?).await, ARCHIVE)?.pop())
    }

    async fn removed(&self, lease: &Lease, id: &RequestId) -> Result<(), Failure> {
        let mut transaction = self.begin_under(lease).await?;
        sqlx::query("DELETE FROM archives WHERE request = $1")
            .bind(id.as_str())
            .execute(&mut *transaction)
            .await
            .map_err(while_doing("noting that an archive was removed"))?;
        commit(transaction).await
    }
}
