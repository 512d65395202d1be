//! Removals of rows that several requests share: a service takes few in an hour, and many values in
//! one (DESIGN section 5).

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::failure::Failure;
use crate::domain::outcome::{Barrier, ItemOutcome};
use crate::domain::request::RequestId;
use crate::ports::tasks::Lease;

/// The part of the ledger that keeps purges. All methods are atomic.
///
/// The members of a purge are tickets: a request that rests, or is tried anew, is a member no more.
/// Times are those of the ledger's own clock.
#[async_trait]
pub trait Purges: Send + Sync {
    /// Makes planned items members of the purge that gathers at their place, or of one that is
    /// opened there: their outcome is `pending` from now on. What was noted of the same item before
    /// is forgotten.
    async fn enrol(
        &self,
        lease: &Lease,
        id: &RequestId,
        members: &[NewMember],
    ) -> Result<(), Failure>;

    /// Purges to work on: those that have gathered for so long, or have so many members, those that
    /// were begun and have not ended, and those that no ticket is of any more. Not those that
    /// somebody works on or that are put off. The oldest first, at most `limit`.
    async fn due_purges(&self, when: Gathered, limit: u32) -> Result<Vec<Purge>, Failure>;

    /// A purge; `None` if it was forgotten.
    async fn purge(&self, id: &str) -> Result<Option<Purge>, Failure>;

    /// The planned items that wait for a purge, of requests that are acting or waiting, in the
    /// order in which they came.
    async fn members(&self, id: &str) -> Result<Vec<Member>, Failure>;

    /// Lets a purge take no more members, and notes when it was begun.
    async fn begin_purge(&self, lease: &Lease, id: &str) -> Result<(), Failure>;

    /// Notes how far a purge has come. Without anything sealed that stays as it is.
    async fn note_purge(
        &self,
        lease: &Lease,
        id: &str,
        stage: &Stage,
        sealed: Option<&[u8]>,
    ) -> Result<(), Failure>;

    /// Notes why a purge does not go on for now.
    async fn note_delay(&self, lease: &Lease, id: &str, why: &str) -> Result<(), Failure>;

    /// Forgets a purge that no ticket is of any more, and the lease on it.
    async fn forget_purge(&self, lease: &Lease, id: &str) -> Result<(), Failure>;

    /// How the purges stand that a request waits for, each once.
    async fn purges_of(&self, id: &RequestId) -> Result<Vec<Purge>, Failure>;
}

/// A planned item that is to be removed together with others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMember {
    /// Its place in the plan.
    pub ordinal: u64,
    /// Name of the source.
    pub source: String,
    /// Keyed digest of where it is.
    pub place: String,
    /// What the purge is called that is opened if none gathers there.
    pub purge: String,
}

/// When a purge has gathered enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gathered {
    /// Milliseconds since it was opened.
    pub for_ms: u64,
    /// Members.
    pub members: u64,
}

/// A planned item that waits for a purge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Whose.
    pub request: RequestId,
    /// Its place in the plan.
    pub ordinal: u64,
}

/// A purge as it stands in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purge {
    /// Which.
    pub id: String,
    /// Name of the source.
    pub source: String,
    /// How far it is.
    pub stage: Stage,
    /// Why it does not go on for now, where something keeps it.
    pub delay: Option<String>,
    /// What its work at the service is known by, sealed; empty before it was begun.
    pub sealed: Vec<u8>,
    /// When its first member came.
    pub opened: Timestamp,
    /// When it was begun.
    pub begun: Option<Timestamp>,
    /// When it came to this stage, or was noted last.
    pub noted: Timestamp,
}

/// How far a purge is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It takes members.
    Gathering,
    /// The service is called, or at it.
    Begun,
    /// The service says that it has removed all.
    Done,
    /// Something outside our authority forbids it.
    Blocked(Barrier),
    /// It came to nothing; a stable word says why.
    Failed(String),
}

impl Stage {
    /// The word in the ledger.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Gathering => "gathering",
            Self::Begun => "begun",
            Self::Done => "done",
            Self::Blocked(_) => "blocked",
            Self::Failed(_) => "failed",
        }
    }

    /// The way back; `None` where it is none of ours.
    pub fn parse(word: &str, detail: &str) -> Option<Self> {
        Some(match word {
            "gathering" => Self::Gathering,
            "begun" => Self::Begun,
            "done" => Self::Done,
            "failed" => Self::Failed(detail.to_owned()),
            _ => match ItemOutcome::parse(word, detail)? {
                ItemOutcome::Blocked(barrier) => Self::Blocked(barrier),
                _ => return None,
            },
        })
    }
}

/// The work of a purge.
pub fn work_on_purge(id: &str) -> String {
    format!("purge/{id}")
}
