//! Requests as people ask for them, in pages: each begins behind the last row of the one before,
//! so that none costs more than the first.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use crate::adapters::sql::rows::{
    Columns, LISTED, RowError, count, get, millis, read, request_id, state, time,
};
use crate::adapters::sql::statement::states;
use crate::adapters::sql::store::SqlLedger;
use crate::domain::failure::Failure;
use crate::domain::request::{RequestId, RequestKind};
use crate::domain::state::State;
use crate::ports::register::{AnsweredRequest, Listed, Order, Pulse, Register, Sought};

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
             AND ({key}, id) > ($4, $5) ORDER BY {key}, id LIMIT 0 + $6",
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

    async fn answered(&self, from: Timestamp, limit: u32) -> Result<Vec<AnsweredRequest>, Failure> {
        let statement = format!(
            "SELECT kind, state, due, events.at AS received, \
             (SELECT MAX(at) FROM events AS ends WHERE ends.request = id \
              AND ends.event NOT LIKE '{{\"event\":\"returned\"%') AS ended \
             FROM requests JOIN events ON events.request = id AND events.sequence = 1 \
             WHERE changed >= $1 AND kind IS NOT NULL AND state IN {} \
             ORDER BY changed DESC, id LIMIT 0 + $2",
            states(State::rests)
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(millis(from))
            .bind(i64::from(limit))
            .fetch_all(&mut *self.read().await?)
            .await;
        read(rows, ANSWERED)
    }

    async fn unanswered(
        &self,
        by: Timestamp,
        limit: u32,
    ) -> Result<Vec<(RequestId, Timestamp)>, Failure> {
        let statement = format!(
            "SELECT id, due FROM requests WHERE state IN {} AND due <= $1 \
             ORDER BY due, id LIMIT 0 + $2",
            states(|state| !state.rests())
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(millis(by))
            .bind(i64::from(limit))
            .fetch_all(&mut *self.read().await?)
            .await;
        read(rows, DUE)
    }

    async fn count_unanswered(&self, by: Timestamp) -> Result<u64, Failure> {
        let statement = format!(
            "SELECT COUNT(*) AS count FROM requests WHERE state IN {} AND due <= $1",
            states(|state| !state.rests())
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(millis(by))
            .fetch_all(&mut *self.read().await?)
            .await;
        Ok(read(rows, COUNT)?.pop().unwrap_or_default())
    }

    async fn longest(&self) -> Result<Vec<(State, Timestamp)>, Failure> {
        let statement = format!(
            "SELECT state, MIN(changed) AS changed FROM requests WHERE state IN {} GROUP BY state",
            states(|state| !state.is_end())
        );
        let rows = sqlx::query(AssertSqlSafe(statement)).fetch_all(&mut *self.read().await?).await;
        read(rows, LONGEST)
    }

    async fn pulse(&self) -> Result<Pulse, Failure> {
        let statement = format!(
            "SELECT COALESCE((SELECT MAX(changed) FROM requests), 0) AS changed, \
             CAST(COALESCE( \
             (SELECT SUM(done) FROM requests WHERE state IN {}), 0) AS BIGINT) AS done",
            states(|state| !state.is_end())
        );
        let rows = sqlx::query(AssertSqlSafe(statement)).fetch_all(&mut *self.read().await?).await;
        Ok(read(rows, PULSE)?.pop().unwrap_or_default())
    }
}

/// `kind`, `state`, `due`, `received` and `ended` of one that rests.
const ANSWERED: Columns<AnsweredRequest> = Columns::new("reading how requests ended", |row| {
    let due: Option<i64> = get(row, "due")?;
    Ok(AnsweredRequest {
        kind: RequestKind::parse(&get::<String>(row, "kind")?).ok_or(RowError::Kind)?,
        state: state(row)?,
        received: time(get(row, "received")?)?,
        ended: time(get(row, "ended")?)?,
        due: due.map(time).transpose()?,
    })
});

/// `id` and `due` of one that was not answered.
const DUE: Columns<(RequestId, Timestamp)> = Columns::new("reading when requests are due", |row| {
    Ok((request_id(row, "id")?, time(get(row, "due")?)?))
});

/// `count` of those.
const COUNT: Columns<u64> = Columns::new("counting what is due", count);

/// `state` and `changed` of the one that has been longest in it.
const LONGEST: Columns<(State, Timestamp)> =
    Columns::new("reading how long requests wait", |row| {
        Ok((state(row)?, time(get(row, "changed")?)?))
    });

/// `changed` and `done` of all requests together.
const PULSE: Columns<Pulse> = Columns::new("asking whether anything has changed", |row| {
    Ok(Pulse { changed: get(row, "changed")?, done: get(row, "done")? })
});
