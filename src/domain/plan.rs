//! Findings and policy in, exactly one action per item out. Leaves nothing for the executor to
//! choose.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::item::{Finding, Unreadable};
use crate::domain::outcome::ItemOutcome;
use crate::domain::policy::Policy;
use crate::domain::request::RequestKind;

/// One item of a plan. Names an item, so it is serialised only to be sealed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// What is acted on and why.
    pub finding: Finding,
    /// What is done with it.
    pub action: Action,
}

/// What is done with one item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do", content = "why")]
pub enum Action {
    /// Its bytes go into the archive.
    Export,
    /// It is removed under the ETag seen.
    Delete,
    /// It stays, for this reason.
    Keep(String),
    /// Nothing can be done with what could not be read; it is listed.
    List(String),
}

impl Planned {
    /// The plan for a finding.
    pub fn new(kind: RequestKind, policy: &Policy, finding: Finding) -> Self {
        let action = policy.action(kind, &finding.item.source);
        Self { finding, action }
    }

    /// The entry for an item that could not be read and in which nothing was found.
    pub fn unreadable(unreadable: Unreadable) -> Self {
        let finding = Finding { item: unreadable.item, hits: Vec::new() };
        Self { finding, action: Action::List(unreadable.reason) }
    }

    /// The outcome that the action has by itself, where nothing needs doing.
    pub fn settled(&self) -> Option<ItemOutcome> {
        match &self.action {
            Action::Keep(why) => Some(ItemOutcome::Kept(why.clone())),
            Action::List(why) => Some(ItemOutcome::Unreadable(why.clone())),
            Action::Export | Action::Delete => None,
        }
    }
}

impl fmt::Debug for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Planned({:?}, {:?})", self.finding, self.action)
    }
}
