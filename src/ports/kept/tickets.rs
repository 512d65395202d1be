//! Work that services finish by themselves, minutes or weeks later (DESIGN section 5).

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::failure::Failure;
use crate::domain::outcome::ItemOutcome;
use crate::domain::request::RequestId;
use crate::ports::tasks::Lease;

/// The part of the ledger that keeps tickets. All methods are atomic. A ticket goes when its work
/// has ended, and with the rest of its request at the latest.
///
/// When to look next is kept by the ledger's own clock.
#[async_trait]
pub trait Tickets: Send + Sync {
    /// Notes that work on planned items was begun: their outcome is `pending` from now on. What was
    /// noted of the same item before is forgotten.
    async fn add_tickets(
        &self,
        lease: &Lease,
        id: &RequestId,
        tickets: &[NewTicket],
    ) -> Result<(), Failure>;

    /// Tickets behind this ordinal that are to be looked after now, in the order of the plan, at
    /// most `limit`.
    async fn due_tickets(
        &self,
        id: &RequestId,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<SealedTicket>, Failure>;

    /// How many tickets a request has, and when the next is to be looked after.
    async fn open_tickets(&self, id: &RequestId) -> Result<OpenTickets, Failure>;

    /// How many tickets there are of all requests, and when the work of the oldest was begun.
    async fn all_tickets(&self) -> Result<(u64, Option<Timestamp>), Failure>;

    /// Looks after these again later.
    async fn put_off_tickets(
        &self,
        lease: &Lease,
        id: &RequestId,
        later: &[PutOff],
    ) -> Result<(), Failure>;

    /// Forgets tickets whose work has ended, and records what became of the items; without an
    /// outcome an item is to be acted on again.
    async fn end_tickets(
        &self,
        lease: &Lease,
        id: &RequestId,
        ends: &[(u64, Option<ItemOutcome>)],
    ) -> Result<(), Failure>;
}

/// A ticket as it comes into the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTicket {
    /// Of which planned item.
    pub ordinal: u64,
    /// What the service knows it by, sealed under the key of the request.
    pub sealed: Vec<u8>,
    /// After how many milliseconds to look first.
    pub look_in_ms: u64,
}

/// A ticket that is to be looked after again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutOff {
    /// Of which planned item.
    pub ordinal: u64,
    /// After how many milliseconds to look.
    pub look_in_ms: u64,
    /// What the service knows it by from now on, sealed, where that is another.
    pub sealed: Option<Vec<u8>>,
}

/// A ticket as it stands in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedTicket {
    /// Of which planned item.
    pub ordinal: u64,
    /// What the service knows it by, sealed.
    pub sealed: Vec<u8>,
    /// When the work was begun, by the ledger's own clock.
    pub begun: Timestamp,
    /// The purge that it is a member of, where it is one's; then nothing is sealed.
    pub purge: Option<String>,
}

/// What a request waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenTickets {
    /// How many tickets.
    pub count: u64,
    /// In how many milliseconds the next is to be looked after; 0 if one is now, or there is none.
    pub next_in_ms: u64,
}
