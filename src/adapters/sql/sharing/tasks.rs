//! The `Tasks` port: where each write begins and commits.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use crate::adapters::sql::key;
use crate::adapters::sql::rows::{NOW, read};
use crate::adapters::sql::sharing::{leases, obstacles, persons, sweeps};
use crate::adapters::sql::store::{SqlLedger, commit};
use crate::domain::failure::{Failure, Obstacle};
use crate::domain::request::RequestId;
use crate::domain::state::State;
use crate::ports::standing::Standing;
use crate::ports::tasks::{End, Lease, Purpose, Shard, Sweep, Tasks};

#[async_trait]
impl Tasks for SqlLedger {
    async fn now(&self) -> Result<Timestamp, Failure> {
        let query = AssertSqlSafe(format!("SELECT {} AS now", self.clock.now(1)));
        let rows =
            sqlx::query(query).bind(self.clock.value()).fetch_all(&mut *self.read().await?).await;
        Ok(read(rows, NOW)?.pop().unwrap_or_default())
    }

    async fn claim(&self, work: &str, for_ms: u64) -> Result<Option<Lease>, Failure> {
        let mut transaction = self.begin().await?;
        let lease = leases::claim(&mut transaction, &self.clock, work, for_ms).await?;
        commit(transaction).await?;
        Ok(lease)
    }

    async fn renew(&self, lease: &Lease, for_ms: u64) -> Result<bool, Failure> {
        let mut transaction = self.begin().await?;
        let renewed = leases::renew(&mut transaction, &self.clock, lease, for_ms).await?;
        commit(transaction).await?;
        Ok(renewed)
    }

    async fn let_go(&self, lease: &Lease, end: End) -> Result<(), Failure> {
        let mut transaction = self.begin().await?;
        leases::let_go(&mut transaction, &self.clock, lease, end).await?;
        commit(transaction).await
    }

    async fn free_all(&self) -> Result<(), Failure> {
        let mut transaction = self.begin().await?;
        leases::free_all(&mut transaction).await?;
        commit(transaction).await
    }

    async fn agrees_on_key(&self, digest: &str) -> Result<bool, Failure> {
        let mut transaction = self.begin_anyway().await?;
        let agrees = key::agrees_on_key(&mut transaction, digest).await?;
        commit(transaction).await?;
        if agrees {
            self.has_key(digest);
        }
        Ok(agrees)
    }

    async fn free(
        &self,
        states: &[State],
        pressed: Timestamp,
        limit: u32,
    ) -> Result<Vec<Standing>, Failure> {
        leases::free(&mut *self.read().await?, &self.clock, states, pressed, limit).await
    }

    async fn begin_act(
        &self,
        lease: &Lease,
        id: &RequestId,
        pressed: Timestamp,
    ) -> Result<bool, Failure> {
        let mut transaction = self.begin_under(lease).await?;
        let begun = persons::begin_act(&mut transaction, id, pressed).await?;
        commit(transaction).await?;
        Ok(begun)
    }

    async fn about_things(&self, pressed: Timestamp, limit: u32) -> Result<Vec<Standing>, Failure> {
        sweeps::about_things(&mut *self.read().await?, &self.clock, pressed, limit).await
    }

    async fn ready(&self, pressed: Timestamp, limit: u32) -> Result<Vec<Standing>, Failure> {
        persons::ready(&mut *self.read().await?, &self.clock, pressed, limit).await
    }

    async fn in_the_way(&self, id: &RequestId) -> Result<Vec<RequestId>, Failure> {
        persons::in_the_way(&mut *self.read().await?, id).await
    }

    async fn sweep(&self, purpose: Purpose) -> Result<Option<Sweep>, Failure> {
        sweeps::sweep(&mut *self.read().await?, purpose).await
    }

    async fn open_sweep(
        &self,
        lease: &Lease,
        purpose: Purpose,
        requests: &[RequestId],
        sources: &[String],
        parts: u64,
    ) -> Result<(), Failure> {
        let mut transaction = self.begin_under(lease).await?;
        sweeps::open(&mut transaction, &self.clock, purpose, requests, (sources, parts)).await?;
        commit(transaction).await
    }

    async fn swept(&self, sweep: u64) -> Result<Vec<Standing>, Failure> {
        sweeps::swept(&mut *self.read().await?, sweep).await
    }

    async fn unswept(&self, purpose: Purpose, limit: u32) -> Result<Vec<Standing>, Failure> {
        sweeps::unswept(&mut *self.read().await?, &self.clock, purpose, limit).await
    }

    async fn walked(&self, limit: u32) -> Result<Vec<Standing>, Failure> {
        sweeps::walked(&mut *self.read().await?, &self.clock, limit).await
    }

    async fn sweep_of(&self, id: &RequestId) -> Result<Option<Sweep>, Failure> {
        sweeps::sweep_of(&mut *self.read().await?, id).await
    }

    async fn leave_sweep(&self, lease: &Lease, id: &RequestId) -> Result<(), Failure> {
        let mut transaction = self.begin_under(lease).await?;
        sweeps::leave(&mut transaction, id).await?;
        commit(transaction).await
    }

    async fn finish_shard(&self, lease: &Lease, shard: &Shard) -> Result<(), Failure> {
        let mut transaction = self.begin_under(lease).await?;
        sweeps::finish(&mut transaction, shard).await?;
        commit(transaction).await
    }

    async fn note_obstacle(
        &self,
        lease: &Lease,
        id: &RequestId,
        obstacle: &Obstacle,
    ) -> Result<(), Failure> {
        let mut transaction = self.begin_under(lease).await?;
        obstacles::note(&mut transaction, id, obstacle).await?;
        commit(transaction).await
    }

    async fn obstacle(&self, id: &RequestId) -> Result<Option<Obstacle>, Failure> {
        obstacles::one(&mut *self.read().await?, id).await
    }

    async fn obstacles(&self, limit: u32) -> Result<Vec<(RequestId, Obstacle)>, Failure> {
        obstacles::all(&mut *self.read().await?, limit).await
    }

    async fn close_sweep(&self, lease: &Lease, sweep: u64) -> Result<(), Failure> {
        let mut transaction = self.begin_under(lease).await?;
        if sweeps::close(&mut transaction, sweep).await? {
            self.shred_later();
        }
        commit(transaction).await?;
        self.shred_traces().await;
        Ok(())
    }
}

impl SqlLedger {
    /// Whether it was begun with a master key: then that is the one to open it with.
    ///
    /// # Errors
    /// Whatever the database refuses.
    pub async fn is_keyed(&self) -> Result<bool, Failure> {
        Ok(!key::keyed_by(&mut *self.read().await?).await?.is_empty())
    }

    /// Whether that is the digest of the master key that it was begun with.
    ///
    /// # Errors
    /// Whatever the database refuses.
    pub async fn is_keyed_by(&self, digest: &str) -> Result<bool, Failure> {
        let known = key::keyed_by(&mut *self.read().await?).await?;
        Ok(!known.is_empty() && known.iter().all(|known| known == digest))
    }
}
