//! Tickets: work that services finish by themselves.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::adapters::sql::clock::span;
use crate::adapters::sql::refusal::while_doing;
use crate::adapters::sql::rows::{ALL_TICKETS, OPEN_TICKETS, TICKET, read, stored};
use crate::adapters::sql::statement::{ROWS_MAX, places};
use crate::adapters::sql::store::{SqlLedger, commit};
use crate::domain::failure::Failure;
use crate::domain::outcome::{ItemOutcome, OutcomeKind};
use crate::domain::request::RequestId;
use crate::ports::kept::tickets::{NewTicket, OpenTickets, PutOff, SealedTicket, Tickets};
use crate::ports::tasks::Lease;

const NOTING: &str = "noting work that a service has begun";
const ENDING: &str = "noting how work at a service ended";

#[async_trait]
impl Tickets for SqlLedger {
    async fn add_tickets(
        &self,
        lease: &Lease,
        id: &RequestId,
        tickets: &[NewTicket],
    ) -> Result<(), Failure> {
        let mut transaction = self.begin_under(lease).await?;
        let statement = format!(
            "INSERT INTO tickets (request, ordinal, sealed, begun_at, look_at, set_at) \
             VALUES ($1, $2, $3, {now}, {now} + $4, {now}) \
             ON CONFLICT (request, ordinal) DO UPDATE SET sealed = excluded.sealed, \
             look_at = excluded.look_at, set_at = excluded.set_at, purge = NULL",
            now = self.clock.now(5)
        );
        for ticket in tickets {
            sqlx::query(AssertSqlSafe(statement.as_str()))
                .bind(id.as_str())
                .bind(stored(ticket.ordinal))
                .bind(ticket.sealed.as_slice())
                .bind(span(ticket.look_in_ms))
                .bind(self.clock.value())
                .execute(&mut *transaction)
                .await
                .map_err(while_doing(NOTING))?;
        }
        let ordinals: Vec<u64> = tickets.iter().map(|ticket| ticket.ordinal).collect();
        become_so(&mut transaction, id, &ordinals, Some(&ItemOutcome::Pending)).await?;
        commit(transaction).await
    }

    async fn due_tickets(
        &self,
        id: &RequestId,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<SealedTicket>, Failure> {
        let statement = format!(
            "SELECT ordinal, sealed, begun_at, purge FROM tickets \
             WHERE request = $1 AND ordinal > $2 AND {} ORDER BY ordinal LIMIT 0 + $3",
            self.clock.is_past("look_at", "set_at", 4)
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(id.as_str())
            .bind(after.map_or(-1, stored))
            .bind(i64::from(limit))
            .bind(self.clock.value())
            .fetch_all(&mut *self.read().await?)
            .await;
        read(rows, TICKET)
    }

    async fn open_tickets(&self, id: &RequestId) -> Result<OpenTickets, Failure> {
        let statement = format!(
            "SELECT COUNT(*) AS count, CAST(COALESCE(MIN(look_at), 0) AS BIGINT) AS look_at, \
             {} AS now FROM tickets WHERE request = $1",
            self.clock.now(2)
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(id.as_str())
            .bind(self.clock.value())
            .fetch_all(&mut *self.read().await?)
            .await;
        Ok(read(rows, OPEN_TICKETS)?.pop().unwrap_or_default())
    }

    async fn all_tickets(&self) -> Result<(u64, Option<Timestamp>), Failure> {
        let statement = "SELECT COUNT(*) AS count, MIN(begun_at) AS begun_at FROM tickets";
        let rows = sqlx::query(statement).fetch_all(&mut *self.read().await?).await;
        Ok(read(rows, ALL_TICKETS)?.pop().unwrap_or_default())
    }

    async fn put_off_tickets(
        &self,
        lease: &Lease,
        id: &RequestId,
        later: &[PutOff],
    ) -> Result<(), Failure> {
        let mut transaction = self.begin_under(lease).await?;
        let statement = format!(
            "UPDATE tickets SET look_at = {now} + $1, set_at = {now}, \
             sealed = COALESCE($4, sealed) WHERE request = $2 AND ordinal = $3",
            now = self.clock.now(5)
        );
        for PutOff { ordinal, look_in_ms, sealed } in later {
            sqlx::query(AssertSqlSafe(statement.as_str()))
                .bind(span(*look_in_ms))
                .bind(id.as_str())
                .bind(stored(*ordinal))
                .bind(sealed.as_deref())
                .bind(self.clock.value())
                .execute(&mut *transaction)
                .await
                .map_err(while_doing("putting off the look after a ticket"))?;
        }
        commit(transaction).await
    }

    async fn end_tickets(
        &self,
        lease: &Lease,
        id: &RequestId,
        ends: &[(u64, Option<ItemOutcome>)],
    ) -> Result<(), Failure> {
        let mut transaction = self.begin_under(lease).await?;
        for (ordinal, outcome) in ends {
            sqlx::query("DELETE FROM tickets WHERE request = $1 AND ordinal = $2")
                .bind(id.as_str())
                .bind(stored(*ordinal))
                .execute(&mut *transaction)
                .await
                .map_err(while_doing(ENDING))?;
            become_so(&mut transaction, id, &[*ordinal], outcome.as_ref()).await?;
        }
        commit(transaction).await
    }
}

/// Sets the outcome of items that are open, or pending; what is known of others stands.
///
/// # Errors
/// Whatever the database refuses.
pub async fn become_so(
    connection: &mut AnyConnection,
    id: &RequestId,
    ordinals: &[u64],
    outcome: Option<&ItemOutcome>,
) -> Result<(), Failure> {
    for ordinals in ordinals.chunks(ROWS_MAX) {
        let statement = format!(
            "UPDATE items SET outcome = $1, detail = $2 WHERE request = $3 \
             AND COALESCE(outcome, $4) = $4 AND ordinal IN {}",
            places(4, 1, ordinals.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(statement))
            .persistent(false)
            .bind(outcome.map(ItemOutcome::word))
            .bind(outcome.map(ItemOutcome::detail))
            .bind(id.as_str())
            .bind(OutcomeKind::Pending.word());
        for ordinal in ordinals {
            query = query.bind(stored(*ordinal));
        }
        query.execute(&mut *connection).await.map_err(while_doing(ENDING))?;
    }
    Ok(())
}
