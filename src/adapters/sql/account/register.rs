//! Requests as people ask for them, in pages: each begins behind the last row of the one before,
//! so that none costs more than the first.

use async_trait::async_trait;
use sqlx::AssertSqlSafe;

use crate::adapters::sql::rows::{LISTED, millis, read};
use crate::adapters::sql::statement::states;
use crate::adapters::sql::store::SqlLedger;
use crate::domain::failure::Failure;
use crate::ports::register::{Listed, Order, Register, Sought};

/// What has no due date comes after all that has one.
const NEVER: i64 = i64::MAX;

#[async_trait]
impl Register for SqlLedger {
    async fn listed(
        &self,
        sought: &Sought,
        order: Order,
        after: Option<&Listed>,
        limit: u32,
    ) -> Result<Vec<Listed>, Failure> {
        let due = format!("COALESCE(due, {NEVER})");
        let key = match order {
            Order::Received => "events.at",
            Order::Due => &due,
        };
        let place = |listed: &Listed| match order {
            Order::Received => millis(listed.received),
            Order::Due => listed.standing.due.map_or(NEVER, millis),
        };
        if sought.states.is_empty() {
            return Ok(Vec::new());
        }
        let statement = format!(
            "SELECT standings.*, events.at AS received FROM events \
             JOIN standings ON standings.id = events.request WHERE events.sequence = 1 \
             AND events.at >= $1 AND events.at < $2 AND {due} <= $3 AND state IN {} \
             AND ({key}, id) > ($4, $5) ORDER BY {key}, id LIMIT $6",
            states(|state| sought.states.contains(&state))
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(millis(sought.from))
            .bind(millis(sought.to))
            .bind(sought.due_by.map_or(NEVER, millis))
            .bind(after.map_or(i64::MIN, place))
            // No id is empty, so that all come after the empty text.
            .bind(after.map_or("", |after| after.standing.id.as_str()))
            .bind(i64::from(limit))
            .fetch_all(&mut *self.read().await?)
            .await;
        read(rows, LISTED)
    }
}
