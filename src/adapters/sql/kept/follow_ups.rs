//! Which items requests left, sealed, a row for each thousand of them.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use crate::adapters::sql::refusal::while_doing;
use crate::adapters::sql::rows::{FOLLOW_UP, LEFT_COUNT, millis, read, stored};
use crate::adapters::sql::sharing::clock::span;
use crate::adapters::sql::store::{SqlLedger, commit};
use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::ports::kept::retention::{FollowUp, FollowUps};
use crate::ports::tasks::Lease;

const KEEPING: &str = "keeping which items a request left";

const NEXT: &str = "SELECT part, wrapped_key, sealed, items, ends_at FROM follow_ups \
     WHERE request = $1 AND part >= $2 AND ends_at > $3 ORDER BY part LIMIT 1";

/// Cast, since PostgreSQL adds up to a type that is none of ours.
const COUNTS: &str = "SELECT request, CAST(SUM(items) AS BIGINT) AS count FROM follow_ups \
     WHERE ends_at > $1 GROUP BY request ORDER BY request";

#[async_trait]
impl FollowUps for SqlLedger {
    async fn keep_left(
        &self,
        lease: &Lease,
        id: &RequestId,
        part: &FollowUp,
        kept_ms: u64,
    ) -> Result<(), Failure> {
        let add = format!(
            "INSERT INTO follow_ups (request, part, wrapped_key, sealed, items, ends_at) \
             VALUES ($1, $2, $3, $4, $5, CASE WHEN {now} + $7 > $6 THEN {now} + $7 ELSE $6 END)",
            now = self.clock.now(8)
        );
        let mut transaction = self.begin_under(lease).await?;
        sqlx::query("DELETE FROM follow_ups WHERE request = $1 AND part >= $2")
            .bind(id.as_str())
            .bind(stored(part.part))
            .execute(&mut *transaction)
            .await
            .map_err(while_doing(KEEPING))?;
        sqlx::query(AssertSqlSafe(add))
            .bind(id.as_str())
            .bind(stored(part.part))
            .bind(part.wrapped_key.as_slice())
            .bind(part.sealed.as_slice())
            .bind(stored(part.items))
            .bind(millis(part.until))
            .bind(span(kept_ms))
            .bind(self.clock.value())
            .execute(&mut *transaction)
            .await
            .map_err(while_doing(KEEPING))?;
        commit(transaction).await
    }

    async fn left(
        &self,
        id: &RequestId,
        part: u64,
        now: Timestamp,
    ) -> Result<Option<FollowUp>, Failure> {
        let next = sqlx::query(NEXT).bind(id.as_str()).bind(stored(part)).bind(millis(now));
        Ok(read(next.fetch_all(&mut *self.read().await?).await, FOLLOW_UP)?.pop())
    }

    async fn left_counts(&self, now: Timestamp) -> Result<Vec<(RequestId, u64)>, Failure> {
        let counts =
            sqlx::query(COUNTS).bind(millis(now)).fetch_all(&mut *self.read().await?).await;
        read(counts, LEFT_COUNT)
    }

    async fn forget_left(&self) -> Result<u64, Failure> {
        let forget = format!("DELETE FROM follow_ups WHERE ends_at <= {}", self.clock.now(1));
        let mut transaction = self.begin().await?;
        let forgotten = sqlx::query(AssertSqlSafe(forget))
            .bind(self.clock.value())
            .execute(&mut *transaction)
            .await
            .map_err(while_doing("forgetting which items requests left"))?;
        commit(transaction).await?;
        let parts = forgotten.rows_affected();
        if parts > 0 {
            self.shred().await;
        }
        Ok(parts)
    }
}
