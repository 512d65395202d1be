//! Findings and policy in, exactly one action per item out. Leaves nothing for the executor to
//! choose.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::item::{Finding, Item, Kind, Unreadable};
use crate::domain::outcome::ItemOutcome;
use crate::domain::policy::action::Action;
use crate::domain::policy::declared::{Declared, form};
use crate::domain::policy::rules::{Policy, Verdict};
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
    /// How many steps of the plan it waits for, where something else goes before it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub waits_for: u16,
}

/// The place of an item in the order of a plan: whatever has an earlier one has ended by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step(u32);

impl Step {
    /// That of almost everything.
    pub const FIRST: Self = Self(0);

    /// Directories go after all that is in them, and one that is in another before that one.
    fn of_directory(name: &str) -> Self {
        let depth = u32::try_from(name.matches('/').count()).unwrap_or(u32::MAX);
        Self(u32::MAX - depth)
    }
}

fn is_zero(number: &u16) -> bool {
    *number == 0
}

impl Planned {
    /// The plan for a finding.
    pub fn new(request: &Request, policy: &Policy, finding: Finding) -> Self {
        let Verdict { action, why } = policy.decide(request, &finding);
        let waits_for = finding.item.layout().waits_for();
        Self { finding, action, why, waits_for }
    }

    /// The entry for an item that could not be read and in which nothing was found.
    pub fn unreadable(unreadable: Unreadable) -> Self {
        let Unreadable { item, reason } = unreadable;
        let finding = Finding { item, hits: Vec::new(), digest: None, others: false };
        Self { finding, action: Action::List(reason), why: String::new(), waits_for: 0 }
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
        Some(Self { finding, action, why, waits_for: 0 })
    }

    /// Its place in the order of the plan.
    pub fn step(&self) -> Step {
        match self.finding.item.kind {
            Kind::Directory => Step::of_directory(&self.finding.item.name),
            Kind::Bytes | Kind::Link | Kind::Thing | Kind::Rows => Step(self.waits_for.into()),
        }
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
            Action::Export
            | Action::Delete
            | Action::Along
            | Action::Redact(_)
            | Action::PutAside(_) => None,
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
