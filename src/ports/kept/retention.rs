//! What is forgotten of requests that rest, and what is kept of them for a while.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::ports::tasks::Lease;

/// The part of the ledger that forgets. All methods are atomic.
///
/// The account of a request stays, with all that a repetition of it is answered by, and how many of
/// its items ended how. Its items themselves, and the announcements before the last one, are its
/// details.
#[async_trait]
pub trait Retention: Send + Sync {
    /// Whether there are details of requests that came to rest at least so long ago, by the
    /// ledger's clock.
    async fn has_details(&self, kept_ms: u64) -> Result<bool, Failure>;

    /// Forgets some of them: as many as keep nobody waiting.
    async fn forget_details(&self, lease: &Lease, kept_ms: u64) -> Result<(), Failure>;
}

/// The part of the ledger that knows for a while what was left. It sees sealed bytes alone. All
/// methods are atomic.
#[async_trait]
pub trait FollowUps: Send + Sync {
    /// Keeps one more part of what a request left, in the place of that part and all after it. They
    /// are written before the record that brings the request to rest, so that whoever finds it at
    /// rest finds them whole. It is kept until the time that was announced, and for so long by the
    /// ledger's clock too: that of who announced it may be slow.
    async fn keep_left(
        &self,
        lease: &Lease,
        id: &RequestId,
        part: &FollowUp,
        kept_ms: u64,
    ) -> Result<(), Failure>;

    /// The first part from this one on that is kept at `now`.
    async fn left(
        &self,
        id: &RequestId,
        part: u64,
        now: Timestamp,
    ) -> Result<Option<FollowUp>, Failure>;

    /// Of how many items of each request it is kept at `now` which they are, of those requests that
    /// left any.
    async fn left_counts(&self, now: Timestamp) -> Result<Vec<(RequestId, u64)>, Failure>;

    /// Forgets what was to be kept until now, by the ledger's clock, for good, and says how many
    /// parts that were.
    async fn forget_left(&self) -> Result<u64, Failure>;
}

/// Some of the items that a request left.
#[derive(Clone, PartialEq, Eq)]
pub struct FollowUp {
    /// Counts from 0 without gaps.
    pub part: u64,
    /// The key of these items and of no others, wrapped by the master key.
    pub wrapped_key: Vec<u8>,
    /// The items under that key.
    pub sealed: Vec<u8>,
    /// How many these are.
    pub items: u64,
    /// Until when they are kept.
    pub until: Timestamp,
}
