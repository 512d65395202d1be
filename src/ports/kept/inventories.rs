//! What each sweep saw, kept until it has served to prove that nothing else was touched.

use async_trait::async_trait;

use crate::domain::failure::Failure;
use crate::domain::inventory::Print;
use crate::domain::request::RequestId;
use crate::ports::tasks::{Lease, Shard};

/// The part of the ledger that keeps inventories. All methods are atomic. What no request needs any
/// more goes when a sweep is closed.
#[async_trait]
pub trait Inventories: Send + Sync {
    /// Keeps what the walk of a shard saw, in the place of what an earlier walk of it saw.
    async fn keep_seen(&self, lease: &Lease, shard: &Shard, seen: &[Print]) -> Result<(), Failure>;

    /// What a sweep saw in a source, in no order.
    async fn seen(&self, sweep: u64, source: &str) -> Result<Vec<Print>, Failure>;

    /// The sweep that a request was last found by.
    async fn found_by(&self, id: &RequestId) -> Result<Option<u64>, Failure>;
}
