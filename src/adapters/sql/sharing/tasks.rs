//! The `Tasks` port: where each write begins and commits.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::adapters::sql::ledger::{SqlLedger, commit};
use crate::adapters::sql::sharing::{leases, persons, sweeps};
use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::domain::state::State;
use crate::ports::ledger::Standing;
use crate::ports::tasks::{End, Lease, Purpose, Shard, Sweep, Tasks};

#[async_trait]
impl Tasks for SqlLedger {
    async fn claim(
        &self,
        work: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Lease>, Failure> {
        let mut transaction = self.begin().await?;
        let lease = leases::claim(&mut transaction, work, now, until).await?;
        commit(transaction).await?;
        Ok(lease)
    }

    async fn renew(&self, lease: &Lease, until: Timestamp) -> Result<bool, Failure> {
        let mut transaction = self.begin().await?;
        let renewed = leases::renew(&mut transaction, lease, until).await?;
        commit(transaction).await?;
        Ok(renewed)
    }

    async fn let_go(&self, lease: &Lease, end: End) -> Result<(), Failure> {
        let mut transaction = self.begin().await?;
        leases::let_go(&mut transaction, lease, end).await?;
        commit(transaction).await
    }

    async fn free_all(&self) -> Result<(), Failure> {
        let mut transaction = self.begin().await?;
        leases::free_all(&mut transaction).await?;
        commit(transaction).await
    }

    async fn agrees_on_key(&self, digest: &str) -> Result<bool, Failure> {
        let mut transaction = self.begin().await?;
        let agrees = leases::agrees_on_key(&mut transaction, digest).await?;
        commit(transaction).await?;
        Ok(agrees)
    }

    async fn free(
        &self,
        states: &[State],
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Standing>, Failure> {
        leases::free(self.read(), states, now, limit).await
    }

    async fn ready(
        &self,
        now: Timestamp,
        pressed: Timestamp,
        limit: u32,
    ) -> Result<Vec<Standing>, Failure> {
        persons::ready(self.read(), now, pressed, limit).await
    }

    async fn in_the_way(&self, id: &RequestId) -> Result<Vec<RequestId>, Failure> {
        persons::in_the_way(self.read(), id).await
    }

    async fn sweep(&self, purpose: Purpose) -> Result<Option<Sweep>, Failure> {
        sweeps::sweep(self.read(), purpose).await
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
        sweeps::open(&mut transaction, purpose, requests, sources, parts).await?;
        commit(transaction).await
    }

    async fn swept(&self, sweep: u64) -> Result<Vec<Standing>, Failure> {
        sweeps::swept(self.read(), sweep).await
    }

    async fn unswept(
        &self,
        purpose: Purpose,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Standing>, Failure> {
        sweeps::unswept(self.read(), purpose, now, limit).await
    }

    async fn walked(&self, now: Timestamp, limit: u32) -> Result<Vec<Standing>, Failure> {
        sweeps::walked(self.read(), now, limit).await
    }

    async fn sweep_of(&self, id: &RequestId) -> Result<Option<Sweep>, Failure> {
        sweeps::sweep_of(self.read(), id).await
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

    async fn close_sweep(&self, lease: &Lease, sweep: u64) -> Result<(), Failure> {
        let mut transaction = self.begin_under(lease).await?;
        sweeps::close(&mut transaction, sweep).await?;
        commit(transaction).await
    }
}
