//! What is forgotten of requests that came to rest a while ago.
//!
//! The account stays whole, and so do the last announcement of a request, which a repetition is
//! answered with, where its callbacks go, and how its items ended. What goes is the bulk: a row for
//! each item, announcements that were sent long ago, and the lease.

use async_trait::async_trait;
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::adapters::sql::clock::span;
use crate::adapters::sql::refusal::while_doing;
use crate::adapters::sql::rows::{REQUEST_ID, read};
use crate::adapters::sql::sharing::leases::{self, Settled};
use crate::adapters::sql::statement::states;
use crate::adapters::sql::store::{SqlLedger, commit};
use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::domain::state::State;
use crate::ports::kept::retention::Retention;
use crate::ports::tasks::Lease;

/// Requests looked at in one transaction.
const REQUESTS_MAX: i64 = 100;

/// Items forgotten in one transaction: others wait for it to end.
const ITEMS_MAX: u64 = 5_000;

const FIRST_ITEMS: &str = "request = $1 AND ordinal IN \
     (SELECT ordinal FROM items WHERE request = $1 ORDER BY ordinal LIMIT 0 + $2)";

/// Of what is still owed to a URL the announcement stays.
const ANNOUNCEMENTS: &str = "DELETE FROM outbox WHERE request = $1 AND sent = 1 \
     AND sequence < (SELECT MAX(sequence) FROM outbox WHERE request = $1) \
     AND NOT EXISTS (SELECT 1 FROM callbacks WHERE callbacks.request = outbox.request \
     AND callbacks.sequence = outbox.sequence)";

const DOING: &str = "forgetting the details of requests that rest";

#[async_trait]
impl Retention for SqlLedger {
    async fn has_details(&self, kept_ms: u64) -> Result<bool, Failure> {
        let statement = self.resting();
        let rows = sqlx::query(AssertSqlSafe(statement)).bind(span(kept_ms)).bind(1_i64);
        let rows = rows.bind(self.clock.value()).fetch_all(&mut *self.read().await?).await;
        Ok(!read(rows, REQUEST_ID)?.is_empty())
    }

    async fn forget_details(&self, lease: &Lease, kept_ms: u64) -> Result<(), Failure> {
        let mut transaction = self.begin_under(lease).await?;
        let statement = self.resting();
        let rows = sqlx::query(AssertSqlSafe(statement)).bind(span(kept_ms)).bind(REQUESTS_MAX);
        let rows = rows.bind(self.clock.value()).fetch_all(&mut *transaction).await;
        let mut left = ITEMS_MAX;
        for id in read(rows, REQUEST_ID)? {
            left -= forget_items(&mut transaction, &id, left).await?;
            if left == 0 {
                break;
            }
            forget_rest(&mut transaction, &id).await?;
        }
        commit(transaction).await
    }
}

impl SqlLedger {
    /// Requests that came to rest before `$1` milliseconds, of which something may be left; `$2` of
    /// them.
    fn resting(&self) -> String {
        format!(
            "SELECT id FROM requests WHERE tidied = 0 AND changed <= {} - $1 AND state IN {} \
             ORDER BY changed, id LIMIT 0 + $2",
            self.clock.now(3),
            states(State::rests)
        )
    }
}

/// The first items of a request become numbers; how many did.
async fn forget_items(
    connection: &mut AnyConnection,
    id: &RequestId,
    limit: u64,
) -> Result<u64, Failure> {
    let count = format!(
        "INSERT INTO tallies (request, outcome, count) \
         SELECT request, outcome, COUNT(*) FROM items WHERE {FIRST_ITEMS} \
         AND outcome IS NOT NULL GROUP BY request, outcome \
         ON CONFLICT (request, outcome) DO UPDATE SET count = tallies.count + excluded.count"
    );
    let mut forgotten = 0;
    for statement in [count, format!("DELETE FROM items WHERE {FIRST_ITEMS}")] {
        let done = sqlx::query(AssertSqlSafe(statement))
            .bind(id.as_str())
            .bind(span(limit))
            .execute(&mut *connection)
            .await
            .map_err(while_doing(DOING))?;
        forgotten = done.rows_affected();
    }
    Ok(forgotten)
}

async fn forget_rest(connection: &mut AnyConnection, id: &RequestId) -> Result<(), Failure> {
    leases::forget(connection, &Settled::Request(id)).await?;
    for statement in [ANNOUNCEMENTS, "UPDATE requests SET tidied = 1 WHERE id = $1"] {
        let done = sqlx::query(statement).bind(id.as_str()).execute(&mut *connection).await;
        done.map_err(while_doing(DOING))?;
    }
    Ok(())
}
