//! Which daemons work on one ledger: each says so from time to time.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::failure::Failure;

/// How long after a daemon was seen last it counts as gone.
pub const GONE_AFTER_MS: u64 = 60_000;

/// The part of the ledger that says who works on it. Times are those of the ledger's own clock.
#[async_trait]
pub trait Daemons: Send + Sync {
    /// Notes that a daemon is at work now, since now if it was not noted yet; and forgets those
    /// that are gone for an hour.
    async fn note_daemon(&self, id: &str, version: &str) -> Result<(), Failure>;

    /// Forgets a daemon, which stops.
    async fn forget_daemon(&self, id: &str) -> Result<(), Failure>;

    /// Those that are not gone (see [`GONE_AFTER_MS`]), the oldest first.
    async fn daemons(&self) -> Result<Vec<SeenDaemon>, Failure>;
}

/// A daemon that is at work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenDaemon {
    /// Drawn at its start.
    pub id: String,
    /// Of the program.
    pub version: String,
    /// When it was noted first.
    pub started: Timestamp,
    /// When it was noted last.
    pub seen: Timestamp,
}
