//! Where events go.

use async_trait::async_trait;

use crate::domain::event::Announcement;
use crate::domain::failure::Failure;

/// Where events go.
#[async_trait]
pub trait Announcer: Send + Sync {
    /// Publishes and waits for the confirm. Repeating it publishes again under the same id;
    /// consumers deduplicate.
    async fn announce(&self, announcement: &Announcement) -> Result<Announced, Failure>;

    /// Whether an event would be taken now.
    async fn ping(&self) -> Result<(), Failure>;
}

/// What the broker did with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Announced {
    /// Confirmed, and routed to at least one queue.
    Confirmed,
    /// Confirmed, but no queue was bound: it must be kept and tried again.
    Unroutable,
}
