//! Requests as people ask for them: by state, by when they came, by when they are due.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::failure::Failure;
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
