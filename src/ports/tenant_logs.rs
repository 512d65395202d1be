//! Who copies the logs that Microsoft's services write about a tenant's users.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::ports::sources::{Followed, Ticket};

/// Who copies a person's logs, for a request, to a container that is that request's alone. It works
/// for hours or days, and nobody can give it a new way in meanwhile.
#[async_trait]
pub trait TenantLogs: Send + Sync {
    /// Where the copy of a request lies: `ACCOUNT/CONTAINER`. Made of the request id alone.
    fn at(&self, id: &RequestId) -> String;

    /// Until when at most a copy can be written that is asked for now.
    fn until_at_most(&self, now: Timestamp) -> Option<Timestamp>;

    /// Has it begun: a copy of the logs of whoever the tenant knows by this object id, which is
    /// written until then. Each call that comes through begins another copy; they come to lie side
    /// by side. After a failure it may have been begun.
    async fn ask(
        &self,
        id: &RequestId,
        object_id: &str,
        until: Timestamp,
    ) -> Result<Asked, Failure>;

    /// How far the work of this handle has come. [`Followed::Done`] once something lies there.
    async fn look(
        &self,
        id: &RequestId,
        object_id: &str,
        handle: &str,
    ) -> Result<Followed, Failure>;

    /// Removes whatever was copied for a request, and with it the way in for what is still under
    /// way; none there is success.
    async fn remove(&self, id: &RequestId) -> Result<(), Failure>;

    /// Whether we may ask for copies.
    async fn ping(&self) -> Result<(), Failure>;
}

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It was begun.
    Begun(Ticket),
    /// Nothing was begun, and it may be asked again.
    Later {
        /// In how many milliseconds.
        look_in_ms: u64,
        /// A stable word of what keeps it.
        why: String,
    },
    /// It is not done; a stable word says why, and behind a colon may stand the service's own code.
    Refused(String),
}
