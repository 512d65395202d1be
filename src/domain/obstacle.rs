//! What keeps a request from going on for now. Told to people while it lasts, and no part of the
//! account: the next record says how it went on.

use jiff::Timestamp;

use crate::domain::failure::{Failure, FailureKind};

/// The last failure of a request that is tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// The source that is to blame as a whole, if one is.
    pub source: Option<String>,
    /// Whether it may pass by itself.
    pub kind: FailureKind,
    /// What did not work, and why; free of personal data, as all failures are.
    pub reason: String,
    /// Since when the request has not gone on.
    pub since: Timestamp,
}

impl Obstacle {
    /// What a failure is to a request that has not gone on since then.
    pub fn new(failure: &Failure, since: Timestamp) -> Self {
        let source = failure.blamed_source().map(str::to_owned);
        Self { source, kind: failure.kind, reason: failure.chain(), since }
    }

    /// What is waited for, in a few words.
    pub fn what(&self) -> String {
        match (&self.source, self.kind) {
            (Some(source), FailureKind::NeedsPerson) => {
                format!("the source {source} does not let us in: somebody must mend that")
            }
            (Some(source), FailureKind::Transient | FailureKind::Permanent) => {
                format!("the source {source} cannot be entered")
            }
            (None, FailureKind::NeedsPerson) => "somebody must mend the cause".to_owned(),
            (None, FailureKind::Transient | FailureKind::Permanent) => {
                "did not work and is tried again".to_owned()
            }
        }
    }
}
