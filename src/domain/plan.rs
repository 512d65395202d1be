//! Findings and policy in, exactly one action per item out. Leaves nothing for the executor to
//! choose.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::item::{Finding, Item, Unreadable};
use crate::domain::outcome::ItemOutcome;
use crate::domain::policy::declared::{Declared, form};
use crate::domain::policy::rules::{Decision, Otherwise, Policy};
use crate::domain::request::Request;

/// One item of a plan. Names an item, so it is serialised only to be sealed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// What is acted on and why.
    pub finding: Finding,
    /// What is done with it.
    pub action: Action,
    /// Why, for people who look at the plan.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// What is done with one item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do", content = "why")]
pub enum Action {
    /// Its bytes go into the archive.
    Export,
    /// It is removed under the ETag seen.
    Delete,
    /// It is a snapshot, and goes if its current form does: the store removes none without the
    /// other. Nothing is done with it.
    Along,
    /// It is written anew without the subject, under the ETag seen; or this is done.
    Redact(Otherwise),
    /// It stays, for this reason.
    Keep(String),
    /// Nothing can be done with what could not be read; it is listed. A stable word, then ` in `
    /// and the place, which may speak of the subject.
    List(String),
    /// Nothing is done with what could not be read, because somebody declared that it holds no
    /// person.
    Declare {
        /// As of [`Action::List`].
        reason: String,
        /// Who declared it, when and why.
        declared: Declared,
    },
}

/// [`Action`] as a word that says nothing of the item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ActionWord {
    /// Goes into the archive.
    Export,
    /// Is removed.
    Delete,
    /// Goes if its current form does.
    Along,
    /// Is written anew.
    Redact,
    /// Stays.
    Keep,
    /// Is listed as unreadable.
    List,
    /// Was not looked through, and is declared to hold no person.
    Declare,
}

impl ActionWord {
    /// Every word.
    pub const ALL: [Self; 7] = [
        Self::Export,
        Self::Delete,
        Self::Along,
        Self::Redact,
        Self::Keep,
        Self::List,
        Self::Declare,
    ];

    /// The word in the ledger.
    pub fn word(self) -> &'static str {
        match self {
            Self::Export => "export",
            Self::Delete => "delete",
            Self::Along => "along",
            Self::Redact => "redact",
            Self::Keep => "keep",
            Self::List => "list",
            Self::Declare => "declare",
        }
    }

    /// Whether nothing was found in the item, because it could not be looked through. Such lines of
    /// a plan are those of the last look.
    pub fn is_unsearched(self) -> bool {
        match self {
            Self::List | Self::Declare => true,
            Self::Export | Self::Delete | Self::Along | Self::Redact | Self::Keep => false,
        }
    }

    /// The action of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.word() == word)
    }
}

impl Action {
    /// Which it is, without its reason.
    pub fn word(&self) -> ActionWord {
        match self {
            Self::Export => ActionWord::Export,
            Self::Delete => ActionWord::Delete,
            Self::Along => ActionWord::Along,
            Self::Redact(_) => ActionWord::Redact,
            Self::Keep(_) => ActionWord::Keep,
            Self::List(_) => ActionWord::List,
            Self::Declare { .. } => ActionWord::Declare,
        }
    }
}

impl Planned {
    /// The plan for a finding.
    pub fn new(request: &Request, policy: &Policy, finding: Finding) -> Self {
        let Decision { action, why } = policy.decide(request, &finding);
        Self { finding, action, why }
    }

    /// The entry for an item that could not be read and in which nothing was found.
    pub fn unreadable(unreadable: Unreadable) -> Self {
        let Unreadable { item, reason } = unreadable;
        let finding = Finding { item, hits: Vec::new(), digest: None, others: false };
        Self { finding, action: Action::List(reason), why: String::new() }
    }

    /// The entry for an item in which nothing was found and that could not be read for these
    /// reasons, as the policy has it; `None` without a reason.
    pub fn unsearched(policy: &Policy, item: Item, reasons: &[String]) -> Option<Self> {
        let reason = reasons.first()?.clone();
        let Some(declared) = policy.declared(&item, reasons) else {
            return Some(Self::unreadable(Unreadable { item, reason }));
        };
        let Declared { by, on, reason: why } = declared;
        let why = format!("{by} declared on {on} that it holds no person: {why}");
        let action = Action::Declare { reason, declared: declared.clone() };
        let finding = Finding { item, hits: Vec::new(), digest: None, others: false };
        Some(Self { finding, action, why })
    }

    /// The outcome that the action has by itself, where nothing needs doing. Outcomes are kept in
    /// the clear, so of a reason it has what stands before the place: that names members of the
    /// item.
    pub fn settled(&self) -> Option<ItemOutcome> {
        match &self.action {
            Action::Keep(why) => Some(ItemOutcome::Kept(why.clone())),
            Action::List(why) => Some(ItemOutcome::Unreadable(without_place(why).to_owned())),
            Action::Declare { reason, .. } => {
                Some(ItemOutcome::Declared(without_place(reason).to_owned()))
            }
            Action::Export | Action::Delete | Action::Along | Action::Redact(_) => None,
        }
    }
}

/// Reasons that begin so end with the chain of a failure, which names no place.
const OF_FAILURES: [&str; 2] = ["could not be read: ", "the source could not be listed: "];

/// A reason without what tells where: that names members of the item.
pub fn without_place(reason: &str) -> &str {
    if OF_FAILURES.iter().any(|lead| reason.starts_with(lead)) {
        return reason;
    }
    form(reason)
}

impl fmt::Debug for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Planned({:?}, {})", self.finding, self.action.word().word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_left_out_of_reasons() {
        let table = [
            ("gzip: broken", "gzip: broken"),
            ("zip: encrypted member in zip:Users/ann in zip:b > text", "zip: encrypted member"),
            ("could not be read: breaking off in the middle", ""),
        ];
        for (reason, word) in table {
            let expected = if word.is_empty() { reason } else { word };
            assert_eq!(without_place(reason), expected);
        }
    }
}
