//! What services take in an hour, whoever asks (DESIGN section 5).

use async_trait::async_trait;

use crate::domain::failure::Failure;
use crate::ports::sources::Budget;
use crate::ports::tasks::Lease;

/// The part of the ledger that counts calls, for all daemons on it together. All methods are
/// atomic.
#[async_trait]
pub trait Budgets: Send + Sync {
    /// Notes one call as made; or gives in how many milliseconds, by the ledger's own clock, the
    /// service takes another, and notes nothing.
    async fn spend(&self, lease: &Lease, budget: &Budget) -> Result<Option<u64>, Failure>;
}
