//! Why something was not redacted.

use std::io;

use crate::matching::views::containers::reason_of;
use crate::matching::views::meter::{Meter, refusal};

/// Why an item was not redacted. What was written until then is worthless.
#[derive(Debug, thiserror::Error)]
pub enum Unredacted {
    /// It cannot be rewritten without the person; a stable word first, and nothing of the item.
    #[error("{0}")]
    NotRewritable(String),
    /// The store failed, or what is written to did.
    #[error("reading or writing failed")]
    Failed(#[source] io::Error),
}

/// What ends a rewriting.
#[derive(Debug)]
pub enum Stop {
    /// It cannot be done.
    Not(String),
    /// A decoder broke, a limit was reached, or the store failed.
    Read(io::Error),
    /// What is written to failed.
    Write(io::Error),
}

impl Stop {
    /// Something that cannot be done.
    pub fn not(reason: &str) -> Self {
        Self::Not(reason.to_owned())
    }

    /// A decoder's own error is the reason why it cannot be done; a failing store goes on up.
    pub fn of_decoder(self, reason: &str, meter: &Meter) -> Self {
        match self {
            Self::Read(error) if !meter.has_failed() => {
                let broken = || reason_of(&error, reason);
                Self::Not(refusal(&error).map_or_else(broken, |refused| refused.0.to_owned()))
            }
            other => other,
        }
    }

    /// For the caller.
    pub fn told(self, meter: &Meter) -> Unredacted {
        match (meter.take_failure(), self) {
            (Some(failure), _) => Unredacted::Failed(failure),
            (None, Self::Not(reason)) => Unredacted::NotRewritable(reason),
            (None, Self::Read(error)) => {
                let reason = refusal(&error).map_or("broken", |refused| refused.0);
                Unredacted::NotRewritable(reason.to_owned())
            }
            (None, Self::Write(error)) => Unredacted::Failed(error),
        }
    }
}
