//! Where requests stand, as the account and those who share its work tell it.

use jiff::Timestamp;

use crate::domain::event::Correspondence;
use crate::domain::request::{RequestId, RequestKind};
use crate::domain::state::State;

/// Where a request stands: everything `status` shows, and nothing about the subject.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Whose.
    pub id: RequestId,
    /// Keyed digest of what it asks for.
    pub digest: String,
    /// The fold of its records.
    pub state: State,
    /// Sequence of its last record.
    pub sequence: u64,
    /// Hash of its last record.
    pub head: String,
    /// What was asked; `None` for a rejected message.
    pub kind: Option<RequestKind>,
    /// The law it invokes; `None` for a rejected message.
    pub regulation: Option<String>,
    /// When it was submitted.
    pub submitted: Option<Timestamp>,
    /// By when it must be done.
    pub due: Option<Timestamp>,
    /// When the last record was written.
    pub changed: Timestamp,
    /// Whom to answer.
    pub correspondence: Correspondence,
    /// How far the current stage has come.
    pub progress: Progress,
}

/// How far a stage has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Items dealt with.
    pub done: u64,
    /// Items in all; 0 while unknown.
    pub total: u64,
}
