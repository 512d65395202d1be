//! Which archives are kept, and until when: one row each, which records of the request change.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::AnyConnection;

use crate::adapters::sql::ledger::{SqlLedger, commit};
use crate::adapters::sql::refusal::while_doing;
use crate::adapters::sql::rows::{ARCHIVE, REQUEST_ID, millis, read};
use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::domain::state::Event;
use crate::ports::archives::{Archives, Kept};
use crate::ports::ledger::Record;
use crate::ports::tasks::Lease;

/// One that is being written keeps its name: an earlier version may have given it another. Where two
/// share one, as those versions let them, each gets its own.
const KEEP: &str = "INSERT INTO archives (request, name, expire_at, shared) \
     VALUES ($1, $2, NULL, 0) ON CONFLICT (request) DO UPDATE SET expire_at = NULL, shared = 0, \
     name = CASE WHEN archives.shared = 0 AND archives.expire_at IS NULL \
     THEN archives.name ELSE $2 END";

const ANOTHERS: &str = "SELECT request AS id FROM archives WHERE name = $1 AND request <> $2";

/// What shares its name is in the store once, and stays until nobody is promised it any more.
const EXPIRED: &str = "SELECT * FROM archives WHERE expire_at <= $1 AND (shared = 0 \
     OR NOT EXISTS (SELECT 1 FROM archives AS other WHERE other.name = archives.name \
     AND other.request <> archives.request \
     AND (other.expire_at IS NULL OR other.expire_at > $1))) \
     ORDER BY expire_at, request LIMIT $2";

/// What a record says of the request's archive; the caller commits.
///
/// # Errors
/// Whatever the database refuses.
pub async fn settle(connection: &mut AnyConnection, record: &Record) -> Result<(), Failure> {
    let expire_at = match &record.event {
        Event::Verified { archive: Some(archive), .. } => archive.expires,
        // Nobody will fetch it, and it is full of personal data.
        Event::Failed { .. } | Event::Cancelled(_) | Event::Refused(_) => Some(record.at),
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
    async fn keep(&self, lease: &Lease, id: &RequestId, name: &str) -> Result<String, Failure> {
        let doing = "noting that an archive is about to be written";
        let mut transaction = self.begin_under(lease).await?;
        let others = sqlx::query(ANOTHERS).bind(name).bind(id.as_str());
        if !read(others.fetch_all(&mut *transaction).await, REQUEST_ID)?.is_empty() {
            return Err(Failure::permanent(doing).because("another request's has that name"));
        }
        let keeping = sqlx::query(KEEP).bind(id.as_str()).bind(name);
        keeping.execute(&mut *transaction).await.map_err(while_doing(doing))?;
        let rows = sqlx::query("SELECT * FROM archives WHERE request = $1").bind(id.as_str());
        let kept = read(rows.fetch_all(&mut *transaction).await, ARCHIVE)?.pop();
        commit(transaction).await?;
        kept.map(|kept| kept.name).ok_or_else(|| Failure::permanent(doing))
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
