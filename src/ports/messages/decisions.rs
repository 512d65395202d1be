//! Decisions that people take where they look at a request, and are answered at once.

use async_trait::async_trait;

use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::ports::standing::Standing;

/// Takes decisions.
#[async_trait]
pub trait Decisions: Send + Sync {
    /// The words of those that a request which stands there admits.
    async fn admitted(&self, standing: &Standing) -> Result<Vec<&'static str>, Failure>;

    /// Takes one as if it had come by the queue: it is read, carried out and ledgered in the same
    /// way. What cannot be is told, and leaves nothing behind. Repeating it changes nothing.
    async fn decide(&self, decision: &TakenDecision) -> Result<Answered, Failure>;
}

/// A decision that somebody took.
pub struct TakenDecision {
    /// About which request.
    pub id: RequestId,
    /// The number of its last record when he looked at it.
    pub seen: u64,
    /// The word of what he decided.
    pub word: String,
    /// Who he is.
    pub actor: String,
    /// Why, in his words.
    pub reason: String,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It is in the ledger.
    Taken,
    /// It was not taken: the request has moved on, or does not admit it.
    Impossible(String),
    /// It was not taken: something is wrong with what was written.
    Faulty(Vec<String>),
}
