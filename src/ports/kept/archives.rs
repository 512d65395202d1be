//! Which archives are kept, and until when.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::ports::tasks::Lease;

/// The part of the ledger that knows of archives. All methods are atomic.
///
/// An archive is known from before it is written, so that none is left behind by whoever dies while
/// writing. The record that verifies it says until when it is kept; a record by which the request
/// fails or is cancelled, that it is not kept any more. That is noted with the record, at once.
#[async_trait]
pub trait Archives: Send + Sync {
    /// Notes that the archive of a request is about to be written, under this name or the one that
    /// it is known under already, and returns which. It is kept until a record says otherwise,
    /// whatever was said of the one before it. A name that is another request's is refused for
    /// good; and so is, as what may pass, any while the request is at an end: somebody stopped it,
    /// and nobody would fetch what is written.
    async fn keep(&self, lease: &Lease, id: &RequestId, name: &str) -> Result<String, Failure>;

    /// Archives that are not to be kept any more now, by the ledger's clock, the longest overdue
    /// first, at most `limit`. Of those that share a name, as earlier versions let them, none
    /// before all.
    async fn expired(&self, limit: u32) -> Result<Vec<KeptArchive>, Failure>;

    /// The archive of a request; `None` where there was never one, or it was removed.
    async fn kept(&self, id: &RequestId) -> Result<Option<KeptArchive>, Failure>;

    /// Notes that the archive of a request was removed.
    async fn removed(&self, lease: &Lease, id: &RequestId) -> Result<(), Failure>;
}

/// An archive in the store, or on its way there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptArchive {
    /// Whose.
    pub request: RequestId,
    /// Name in the store.
    pub name: String,
    /// When it is to be removed; `None` for no time yet, or never.
    pub until: Option<Timestamp>,
}
