//! Purges: removals of rows that requests share.

use async_trait::async_trait;
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::adapters::sql::clock::span;
use crate::adapters::sql::kept::tickets::become_so;
use crate::adapters::sql::refusal::while_doing;
use crate::adapters::sql::rows::{MEMBER, PURGE, PURGE_ID, read, stored};
use crate::adapters::sql::sharing::leases::{self, Settled};
use crate::adapters::sql::store::{SqlLedger, commit};
use crate::domain::failure::Failure;
use crate::domain::outcome::ItemOutcome;
use crate::domain::request::RequestId;
use crate::ports::kept::purges::{Gathered, Member, NewMember, Purge, Purges, Stage};
use crate::ports::tasks::Lease;

const ENROLLING: &str = "enrolling what is to be removed together with others";
const NOTING: &str = "noting how far a purge is";

#[async_trait]
impl Purges for SqlLedger {
    async fn enrol(
        &self,
        lease: &Lease,
        id: &RequestId,
        members: &[NewMember],
    ) -> Result<(), Failure> {
        let mut transaction = self.begin_under(lease).await?;
        // In one order, so that of two that enrol at once neither waits for the other's row.
        let mut sorted: Vec<&NewMember> = members.iter().collect();
        sorted.sort_by(|one, other| one.place.cmp(&other.place));
        for member in sorted {
            let purge = self.gathering(&mut transaction, member).await?;
            self.add_member(&mut transaction, id, member.ordinal, &purge).await?;
        }
        let ordinals: Vec<u64> = members.iter().map(|member| member.ordinal).collect();
        become_so(&mut transaction, id, &ordinals, Some(&ItemOutcome::Pending)).await?;
        commit(transaction).await
    }

    async fn due_purges(&self, when: Gathered, limit: u32) -> Result<Vec<Purge>, Failure> {
        let statement = format!(
            "SELECT purges.* FROM purges \
             LEFT JOIN leases ON leases.work = 'purge/' || purges.id \
             WHERE (leases.free_at IS NULL OR {free}) AND (stage = 'begun' \
             OR (stage = 'gathering' AND (opened_at + $2 <= {now} OR opened_at > {now} \
             OR (SELECT COUNT(*) FROM tickets WHERE purge = purges.id) >= $3)) \
             OR NOT EXISTS (SELECT 1 FROM tickets WHERE purge = purges.id)) \
             ORDER BY opened_at, id LIMIT 0 + $1",
            free = self.clock.is_past("leases.free_at", "leases.set_at", 4),
            now = self.clock.now(4)
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(i64::from(limit))
            .bind(span(when.for_ms))
            .bind(stored(when.members.min(1 << 48)))
            .bind(self.clock.value())
            .fetch_all(&mut *self.read().await?)
            .await;
        read(rows, PURGE)
    }

    async fn purge(&self, id: &str) -> Result<Option<Purge>, Failure> {
        let rows = sqlx::query("SELECT * FROM purges WHERE id = $1").bind(id);
        Ok(read(rows.fetch_all(&mut *self.read().await?).await, PURGE)?.pop())
    }

    async fn members(&self, id: &str) -> Result<Vec<Member>, Failure> {
        let statement = "SELECT request, ordinal FROM tickets \
             JOIN requests ON requests.id = tickets.request \
             WHERE purge = $1 AND state IN ('acting', 'waiting') \
             ORDER BY begun_at, request, ordinal";
        let rows = sqlx::query(statement).bind(id).fetch_all(&mut *self.read().await?).await;
        read(rows, MEMBER)
    }

    async fn begin_purge(&self, lease: &Lease, id: &str) -> Result<(), Failure> {
        let mut transaction = self.begin_under(lease).await?;
        let statement = format!(
            "UPDATE purges SET stage = 'begun', delay = '', begun_at = {now}, noted_at = {now} \
             WHERE id = $1 AND stage = 'gathering'",
            now = self.clock.now(2)
        );
        let query = sqlx::query(AssertSqlSafe(statement)).bind(id).bind(self.clock.value());
        query.execute(&mut *transaction).await.map_err(while_doing(NOTING))?;
        commit(transaction).await
    }

    async fn note_purge(
        &self,
        lease: &Lease,
        id: &str,
        stage: &Stage,
        sealed: Option<&[u8]>,
    ) -> Result<(), Failure> {
        let mut transaction = self.begin_under(lease).await?;
        let statement = format!(
            "UPDATE purges SET stage = $2, detail = $3, sealed = COALESCE($4, sealed), \
             delay = '', noted_at = {} WHERE id = $1",
            self.clock.now(5)
        );
        let detail = match stage {
            Stage::Blocked(barrier) => barrier.detail(),
            Stage::Failed(why) => why,
            Stage::Gathering | Stage::Begun | Stage::Done => "",
        };
        let query = sqlx::query(AssertSqlSafe(statement)).bind(id).bind(stage.word()).bind(detail);
        let query = query.bind(sealed).bind(self.clock.value());
        query.execute(&mut *transaction).await.map_err(while_doing(NOTING))?;
        commit(transaction).await
    }

    async fn note_delay(&self, lease: &Lease, id: &str, why: &str) -> Result<(), Failure> {
        let mut transaction = self.begin_under(lease).await?;
        let query = sqlx::query("UPDATE purges SET delay = $2 WHERE id = $1").bind(id).bind(why);
        query.execute(&mut *transaction).await.map_err(while_doing(NOTING))?;
        commit(transaction).await
    }

    async fn forget_purge(&self, lease: &Lease, id: &str) -> Result<(), Failure> {
        let mut transaction = self.begin_under(lease).await?;
        // Whoever enrols meanwhile holds its row, and then it has a member.
        let statement = "DELETE FROM purges WHERE id = $1 \
             AND NOT EXISTS (SELECT 1 FROM tickets WHERE purge = purges.id)";
        let gone = sqlx::query(statement).bind(id).execute(&mut *transaction).await;
        if gone.map_err(while_doing("forgetting a purge"))?.rows_affected() > 0 {
            leases::forget(&mut transaction, &Settled::Purge(id)).await?;
        }
        commit(transaction).await
    }

    async fn purges_of(&self, id: &RequestId) -> Result<Vec<Purge>, Failure> {
        let statement = "SELECT * FROM purges WHERE id IN \
             (SELECT purge FROM tickets WHERE request = $1) ORDER BY opened_at, id";
        let rows = sqlx::query(statement).bind(id.as_str());
        read(rows.fetch_all(&mut *self.read().await?).await, PURGE)
    }
}

impl SqlLedger {
    /// The purge that gathers at a place; its row is held until the transaction ends.
    async fn gathering(
        &self,
        connection: &mut AnyConnection,
        member: &NewMember,
    ) -> Result<String, Failure> {
        let statement = format!(
            "INSERT INTO purges (id, source, place, stage, opened_at, noted_at) \
             VALUES ($1, $2, $3, 'gathering', {now}, {now}) \
             ON CONFLICT (place) WHERE stage = 'gathering' \
             DO UPDATE SET source = excluded.source RETURNING id",
            now = self.clock.now(4)
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(&member.purge)
            .bind(&member.source)
            .bind(&member.place)
            .bind(self.clock.value())
            .fetch_all(connection)
            .await;
        let purge = read(rows, PURGE_ID)?.pop();
        purge.ok_or_else(|| Failure::transient(ENROLLING).of_the_ledger())
    }

    async fn add_member(
        &self,
        connection: &mut AnyConnection,
        id: &RequestId,
        ordinal: u64,
        purge: &str,
    ) -> Result<(), Failure> {
        let statement = format!(
            "INSERT INTO tickets (request, ordinal, sealed, begun_at, look_at, set_at, purge) \
             VALUES ($1, $2, $3, {now}, {now}, {now}, $4) \
             ON CONFLICT (request, ordinal) DO UPDATE SET sealed = excluded.sealed, \
             begun_at = excluded.begun_at, look_at = excluded.look_at, set_at = excluded.set_at, \
             purge = excluded.purge",
            now = self.clock.now(5)
        );
        sqlx::query(AssertSqlSafe(statement))
            .bind(id.as_str())
            .bind(stored(ordinal))
            .bind([].as_slice())
            .bind(purge)
            .bind(self.clock.value())
            .execute(connection)
            .await
            .map(drop)
            .map_err(while_doing(ENROLLING))
    }
}
