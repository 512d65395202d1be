//! Which archives are kept, and until when: one row each, which records of the request change.

use async_trait::async_trait;
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::adapters::sql::clock::LedgerClock;
use crate::adapters::sql::refusal::while_doing;
use crate::adapters::sql::rows::{ARCHIVE, REQUEST_ID, millis, read};
use crate::adapters::sql::statement::states;
use crate::adapters::sql::store::{SqlLedger, commit};
use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::domain::state::{Event, State};
use crate::ports::kept::archives::{Archives, KeptArchive};
use crate::ports::ledger::Record;
use crate::ports::tasks::Lease;

/// One that is being written keeps its name: an earlier version may have given it another. Where
/// two share one, as those versions let them, each gets its own.
const KEEP: &str = "INSERT INTO archives (request, name, expire_at, shared) \
     VALUES ($1, $2, NULL, 0) ON CONFLICT (request) DO UPDATE SET expire_at = NULL, shared = 0, \
     name = CASE WHEN archives.shared = 0 AND archives.expire_at IS NULL \
     THEN archives.name ELSE $2 END";

const ANOTHERS: &str = "SELECT request AS id FROM archives WHERE name = $1 AND request <> $2";

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
    async fn keep(&self, lease: &Lease, id: &RequestId, name: &str) -> Result<String, Failure> {
        let doing = "noting that an archive is about to be written";
        let mut transaction = self.begin_under(lease).await?;
        // An update that changes nothing locks the row: no record can end the request before this
        // is noted, and what one said before is not forgotten.
        let open = format!(
            "UPDATE requests SET state = state WHERE id = $1 AND state NOT IN {}",
            states(State::is_end)
        );
        let open = sqlx::query(AssertSqlSafe(open)).bind(id.as_str());
        let open = open.execute(&mut *transaction).await.map_err(while_doing(doing))?;
        if open.rows_affected() == 0 {
            return Err(Failure::transient(doing).because("the request was ended meanwhile"));
        }
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

    async fn expired(&self, limit: u32) -> Result<Vec<KeptArchive>, Failure> {
        // What shares its name is in the store once, and stays until it is promised to nobody.
        let statement = format!(
            "SELECT * FROM archives WHERE expire_at <= {now} AND (shared = 0 \
             OR NOT EXISTS (SELECT 1 FROM archives AS other WHERE other.name = archives.name \
             AND other.request <> archives.request \
             AND (other.expire_at IS NULL OR other.expire_at > {now}))) \
             ORDER BY expire_at, request LIMIT 0 + $2",
            now = self.clock.now(1)
        );
        let rows = sqlx::query(AssertSqlSafe(statement)).bind(self.clock.value());
        read(rows.bind(i64::from(limit)).fetch_all(&mut *self.read().await?).await, ARCHIVE)
    }

    async fn kept(&self, id: &RequestId) -> Result<Option<KeptArchive>, Failure> {
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
