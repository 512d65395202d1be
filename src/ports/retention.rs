//! What is forgotten of requests that rest.

use async_trait::async_trait;

use crate::domain::failure::Failure;
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
