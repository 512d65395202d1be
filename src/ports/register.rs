//! Requests as people ask for them: by state, by when they came, by when they are due.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::failure::Failure;
use crate::domain::request::{RequestId, RequestKind};
use crate::domain::state::State;
use crate::ports::standing::Standing;

/// The part of the ledger that lists requests. It has no limit but the pages it is read in.
#[async_trait]
pub trait Register: Send + Sync {
    /// Those that are sought, in that order, which ids complete; at most `limit` of those that come
    /// after `after`. One whose place in the order changes meanwhile may be missed or come twice.
    async fn listed(
        &self,
        sought: &Sought,
        order: Order,
        after: Option<&Listed>,
        limit: u32,
    ) -> Result<Vec<Listed>, Failure>;

    /// Requests that came to rest and have changed then or later, the latest first, at most
    /// `limit`; of what never was a request none.
    async fn answered(&self, from: Timestamp, limit: u32) -> Result<Vec<AnsweredRequest>, Failure>;

    /// Those that were not answered and are due by then: they wait, are under way or failed.
    /// Earliest due first, at most `limit`.
    async fn unanswered(
        &self,
        by: Timestamp,
        limit: u32,
    ) -> Result<Vec<(RequestId, Timestamp)>, Failure>;

    /// How many those are.
    async fn count_unanswered(&self, by: Timestamp) -> Result<u64, Failure>;

    /// In which states requests are that have not come to an end, and since when the first of them
    /// has been in its own.
    async fn longest(&self) -> Result<Vec<(State, Timestamp)>, Failure>;

    /// What differs once any request has another record or has come further.
    async fn pulse(&self) -> Result<Pulse, Failure>;
}

/// A request that rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnsweredRequest {
    /// What was asked.
    pub kind: RequestKind,
    /// How it ended.
    pub state: State,
    /// When its first record was written.
    pub received: Timestamp,
    /// When it came to rest; what comes back later changes nothing of it.
    pub ended: Timestamp,
    /// By when it was to be done.
    pub due: Option<Timestamp>,
}

/// How far all requests are together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pulse {
    /// When the last record was written, in milliseconds since 1970.
    pub changed: i64,
    /// Items that open requests have dealt with.
    pub done: i64,
}

/// Which requests are sought.
#[derive(Clone, Debug)]
pub struct Sought {
    /// Those in any of these states.
    pub states: Vec<State>,
    /// That came then or later.
    pub from: Timestamp,
    /// That came before then.
    pub to: Timestamp,
    /// That were to be done by then; all, where it is `None`.
    pub due_by: Option<Timestamp>,
}

/// What comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// What came first.
    Received,
    /// What is due first; what has no due date (a rejected message) comes last.
    Due,
}

/// A request, and when it came.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Where it stands.
    pub standing: Standing,
    /// When its first record was written.
    pub received: Timestamp,
}
