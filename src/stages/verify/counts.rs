//! What became of the items of a request, as announced at its end, and what of them it left.

use std::collections::BTreeMap;
use std::pin::pin;

use futures::StreamExt;
use jiff::Timestamp;

use crate::domain::coverage::covered::{Coverage, EVENT_BYTES_MAX, within};
use crate::domain::failure::Failure;
use crate::domain::outcome::{ItemOutcome, OutcomeKind};
use crate::domain::policy::action::Action;
use crate::domain::policy::declared::{Declared, DeclaredItems};
use crate::domain::state::{Counts, Refusal};
use crate::ports::ledger::SealedItem;
use crate::stages::account::case::Case;
use crate::stages::account::entries::Entry;
use crate::stages::account::records::Account;
use crate::stages::follow_up::Keeping;

/// Reasons told apart; events are bounded, and a failing store can have many.
const REASONS_MAX: usize = 50;
/// The reason of what changed: it was written anew faster than it could be erased.
const REWRITTEN: &str = "rewritten";
/// The reason of all that are not told apart.
const OTHER_REASONS: &str = "other reasons";

/// The numbers of a request, each reason why something was not done, and how much of that is kept
/// until then; `None` keeps nothing.
///
/// # Errors
/// A failure of the ledger.
pub async fn counts(
    account: &Account,
    case: &Case,
    left_until: Option<Timestamp>,
) -> Result<Counts, Failure> {
    let mut telling = Telling::new(account, case, left_until);
    let mut entries = pin!(account.entries_if(case, is_told));
    while let Some(entry) = entries.next().await {
        telling.note(entry?).await?;
    }
    telling.end().await
}

/// Whether an item stands in more than the sums.
fn is_told(item: &SealedItem) -> bool {
    let outcome = item.outcome.as_ref();
    outcome.is_some_and(|o| o.is_refusal() || o.kind() == OutcomeKind::Declared)
}

/// Takes down what was not done, and what was not looked through because somebody declared that it
/// need not be, as the plan goes by.
pub struct Telling<'a> {
    account: &'a Account,
    case: &'a Case,
    refusals: BTreeMap<(String, &'static str, String), u64>,
    declared: BTreeMap<(Declared, String, String), u64>,
    keeping: Option<Keeping<'a>>,
}

impl<'a> Telling<'a> {
    /// Of the plan of a case; which items it left is kept until then.
    pub fn new(account: &'a Account, case: &'a Case, left_until: Option<Timestamp>) -> Self {
        let keeping = left_until.map(|until| Keeping::new(account, case, until));
        let (refusals, declared) = (BTreeMap::new(), BTreeMap::new());
        Self { account, case, refusals, declared, keeping }
    }

    /// Takes down an item.
    ///
    /// # Errors
    /// A failure of the ledger.
    pub async fn note(&mut self, entry: Entry) -> Result<(), Failure> {
        let (item, outcome) = (&entry.planned.finding.item, &entry.outcome);
        if let (Action::Declare { declared, .. }, Some(ItemOutcome::Declared(form))) =
            (&entry.planned.action, outcome)
        {
            let kind = (declared.clone(), form.clone(), item.source.clone());
            *self.declared.entry(kind).or_default() += 1;
            return Ok(());
        }
        let Some(outcome) = outcome.as_ref().filter(|outcome| outcome.is_refusal()) else {
            return Ok(());
        };
        let reason = match outcome.detail() {
            "" => REWRITTEN,
            detail => detail,
        };
        let mut kind = (item.source.clone(), outcome.word(), reason.to_owned());
        if self.refusals.len() >= REASONS_MAX && !self.refusals.contains_key(&kind) {
            kind.2 = OTHER_REASONS.to_owned();
        }
        *self.refusals.entry(kind).or_default() += 1;
        match &mut self.keeping {
            Some(keeping) => keeping.note(entry).await,
            None => Ok(()),
        }
    }

    /// All of it.
    ///
    /// # Errors
    /// A failure of the ledger.
    pub async fn end(self) -> Result<Counts, Failure> {
        let mut counts = self.account.counts(self.case).await?;
        let coverage = self.account.coverage(self.case).await?;
        counts.coverage = Coverage::of(within(&coverage, EVENT_BYTES_MAX));
        if let Some(keeping) = self.keeping {
            counts.left = keeping.end().await?;
        }
        let refusals = self.refusals.into_iter();
        counts.refusals = refusals
            .map(|((source, outcome, reason), items)| Refusal {
                source,
                outcome: outcome.to_owned(),
                reason,
                items,
            })
            .collect();
        let declared = self.declared.into_iter();
        counts.declared = declared
            .map(|((declared, form, source), items)| DeclaredItems {
                declared,
                form,
                items,
                source,
            })
            .collect();
        Ok(counts)
    }
}
