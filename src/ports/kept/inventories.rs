//! What each sweep saw, kept until it has served to prove that nothing else was touched; and how
//! far it came.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::failure::Failure;
use crate::domain::inventory::Print;
use crate::domain::request::RequestId;
use crate::ports::tasks::{Lease, Shard};

/// How far the walk of a shard came: what is before it was ledgered, and nothing behind it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Where the listing goes on; sealed, for it may hold a name.
    pub marker: Vec<u8>,
    /// Under which terms it was walked: under others it is walked anew.
    pub terms: String,
    /// How many ordinals of its range were given away, for each request.
    pub drafted: u64,
    /// Items looked at.
    pub items: u64,
    /// Stored bytes read.
    pub bytes: u64,
    /// Items of those that were known, and not read.
    pub known: u64,
}

/// What was noted of the walk of a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// How far it came.
    pub checkpoint: Checkpoint,
    /// When that was noted.
    pub at: Timestamp,
    /// What it had seen.
    pub seen: Vec<Print>,
}

/// The part of the ledger that keeps inventories. All methods are atomic. What no request needs any
/// more goes when a sweep is closed.
#[async_trait]
pub trait Inventories: Send + Sync {
    /// Keeps what the walk of a shard saw, in the place of what an earlier walk of it saw.
    async fn keep_seen(&self, lease: &Lease, shard: &Shard, seen: &[Print]) -> Result<(), Failure>;

    /// Notes how far the walk of a shard came, in the place of what was noted before, and adds what
    /// it saw since then.
    async fn note_checkpoint(
        &self,
        lease: &Lease,
        shard: &Shard,
        checkpoint: &Checkpoint,
        seen: &[Print],
    ) -> Result<(), Failure>;

    /// How far the walk of a shard came, when that was noted by the ledger's own clock, and what it
    /// saw by then; `None` where nothing was noted, or the shard was walked to its end.
    async fn checkpoint(&self, shard: &Shard) -> Result<Option<Noted>, Failure>;

    /// Forgets how far the walk of a shard came, and what it saw: it begins anew.
    async fn forget_checkpoint(&self, lease: &Lease, shard: &Shard) -> Result<(), Failure>;

    /// What a sweep saw in a source, in no order.
    async fn seen(&self, sweep: u64, source: &str) -> Result<Vec<Print>, Failure>;

    /// On what ground the source at a place stood when it last held anything; see
    /// [`crate::ports::sources::Ground`].
    async fn ground(&self, place: &str) -> Result<Option<String>, Failure>;

    /// Notes it, in the place of what was noted before.
    async fn note_ground(&self, place: &str, id: &str) -> Result<(), Failure>;

    /// The sweep that a request was last found by.
    async fn found_by(&self, id: &RequestId) -> Result<Option<u64>, Failure>;
}
