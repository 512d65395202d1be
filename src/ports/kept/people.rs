//! Whom the documents of a workspace name, kept while somebody needs to know who else is a person.

use async_trait::async_trait;

use crate::domain::failure::Failure;
use crate::ports::tasks::{Lease, Shard};

/// Most of them that are kept of one sweep. Whoever finds as many cannot know that these are all.
pub const PEOPLE_MAX: u64 = 200_000;

/// What a document calls one person.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedPerson {
    /// Keyed digest of what is sealed, by which it is kept once.
    pub mark: String,
    /// The names.
    pub sealed: Vec<u8>,
}

/// The part of the ledger that keeps people whom nobody asked about. All methods are atomic.
///
/// Of the requests that a sweep finds for exports need them until they rest, and erasures until
/// they are planned; with the last of these they go, in the same transaction.
#[async_trait]
pub trait People: Send + Sync {
    /// Keeps whom the walk of a shard met, each mark once a sweep and no more than [`PEOPLE_MAX`]
    /// of them; nobody where no request needs them any more.
    async fn keep_people(
        &self,
        lease: &Lease,
        shard: &Shard,
        people: &[SealedPerson],
    ) -> Result<(), Failure>;

    /// Whom that sweep met, in the order of their marks, at most `limit` behind `after`.
    async fn people(
        &self,
        sweep: u64,
        after: &str,
        limit: u32,
    ) -> Result<Vec<SealedPerson>, Failure>;
}
