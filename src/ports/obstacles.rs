//! What keeps requests from going on for now.

use async_trait::async_trait;

use crate::domain::failure::Failure;
use crate::domain::obstacle::Obstacle;
use crate::domain::request::RequestId;
use crate::ports::tasks::Lease;

/// The part of the ledger that says what requests wait for beyond their turn. All methods are
/// atomic. The next record of a request takes its obstacle away.
#[async_trait]
pub trait Obstacles: Send + Sync {
    /// Notes what keeps a request, in the place of what kept it before.
    async fn note_obstacle(
        &self,
        lease: &Lease,
        id: &RequestId,
        obstacle: &Obstacle,
    ) -> Result<(), Failure>;

    /// What keeps a request; `None` if nothing does.
    async fn obstacle(&self, id: &RequestId) -> Result<Option<Obstacle>, Failure>;

    /// What keeps each request that is kept, those kept longest first, at most `limit`.
    async fn obstacles(&self, limit: u32) -> Result<Vec<(RequestId, Obstacle)>, Failure>;
}
