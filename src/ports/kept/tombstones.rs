//! Whom erasures were about, by keyed hashes alone, and what came back of them.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::domain::state::Regained;
use crate::ports::tasks::Lease;

/// The part of the ledger that remembers erased people for a while. All methods are atomic.
#[async_trait]
pub trait Tombstones: Send + Sync {
    /// Remembers whom a request was about, in the place of what was remembered for it before.
    async fn bury(
        &self,
        lease: &Lease,
        id: &RequestId,
        tombstone: &Tombstone,
    ) -> Result<(), Failure>;

    /// Who is to be looked for now, by the ledger's clock, one row a mark: of the requests that
    /// came to rest.
    async fn buried(&self) -> Result<Vec<Buried>, Failure>;

    /// Notes items in which they were met; what is known already stays as it is.
    async fn note_returned(&self, lease: &Lease, items: &[ReturnedItem]) -> Result<(), Failure>;

    /// What was noted and not announced yet, by request. The record that says so of a request marks
    /// all of it as announced.
    async fn returned(&self) -> Result<Vec<(RequestId, Regained)>, Failure>;

    /// Forgets whom nobody is to look for any more, by the ledger's clock.
    async fn forget_buried(&self, lease: &Lease) -> Result<(), Failure>;
}

/// What is remembered of an erasure.
pub struct Tombstone {
    /// Keyed hashes of the identities that can be met.
    pub marks: Vec<String>,
    /// The sources in which nothing was left.
    pub sources: Vec<String>,
    /// Keyed hashes of the items that were left there nevertheless: they do not come back.
    pub left: Vec<String>,
    /// How long they are looked for.
    pub until: Timestamp,
}

/// A person who is to be looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buried {
    /// By whose erasure.
    pub request: RequestId,
    /// Keyed hash of an identity.
    pub mark: String,
    /// Where.
    pub sources: Vec<String>,
}

/// An item in which somebody was met again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReturnedItem {
    /// By whose erasure.
    pub request: RequestId,
    /// Keyed hash of its place.
    pub item: String,
    /// The source that holds it.
    pub source: String,
}
