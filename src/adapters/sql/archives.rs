//! Which archives are kept, and until when: one row each, which records of the request change.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::AnyConnection;

use crate::adapters::sql::ledger::{SqlLedger, commit};
use crate::adapters::sql::refusal::while_doing;
use crate::adapters::sql::rows::{ARCHIVE, millis, read};
use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::domain::state::Event;
use crate::ports::archives::{Archives, Kept};
use crate::ports::ledger::Record;
use crate::ports::tasks::Lease;

const KEEP: &str = "INSERT INTO archives (request, name, expire_at) VALUES ($1, $2, NULL) \
     ON CONFLICT (request) DO UPDATE SET name = $2, expire_at = NULL";

const EXPIRED: &str = "SELECT * FROM archives WHERE expire_at <= $1 \
     ORDER BY expire_at, request LIMIT $2";

/// What a record says of the request's archive; the caller commits.
///
/// # Errors
/// Whatever the database refuses.
pub async fn settle(connection: &mut AnyConnection, record: &Record) -> Result<(), Failure> {
    let expire_at = match &record.event {
        Event::Verified { archive: Some(archive), .. } => archive.expires,
        // Nobody will fetch it, and it is full of personal data.
        Event::Failed { .. } | Event::Stopped(_) | Event::Cancelled(_) | Event::Refused(_) => {
            Some(record.at)
        }
        _ => return Ok(()),
    };
    sqlx::query("UPDATE archives SET expire_at = $1 WHERE request = $2")
        .bind(expire_at.map(millis))
        .bind(record.id.as_str())
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

    async fn expired(&self, now: Timestamp, limit: u32) -> Result<Vec<Kept>, Failure> {
        let rows = sqlx::query(EXPIRED).bind(millis(now)).bind(i64::from(limit));
        read(rows.fetch_all(self.read()).await, ARCHIVE)
    }

    async fn kept(&self, id: &RequestId) -> Result<Option<Kept>, Failure> {
        let rows = sqlx::query("SELECT * FROM archives WHERE request = $1").bind(id.as_str());
        Ok(read(rows.fetch_all(self.read()).await, ARCHIVE)?.pop())
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
