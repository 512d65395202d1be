//! What became of the items of a request, as announced at its end.

use std::collections::BTreeMap;
use std::pin::pin;

use futures::StreamExt;

use crate::domain::failure::Failure;
use crate::domain::outcome::{ItemOutcome, OutcomeKind};
use crate::domain::policy::action::Action;
use crate::domain::policy::declared::{Declared, DeclaredItems};
use crate::domain::state::{Counts, Refusal};
use crate::ports::ledger::SealedItem;
use crate::stages::account::case::Case;
use crate::stages::account::entries::Entry;
use crate::stages::account::records::Account;

/// Reasons told apart; events are bounded, and a failing store can have many.
const REASONS_MAX: usize = 50;
/// The reason of what changed: it was written anew faster than it could be erased.
const REWRITTEN: &str = "rewritten";
/// The reason of all that are not told apart.
const OTHER_REASONS: &str = "other reasons";

/// The numbers of a request, and each reason why something was not done.
///
/// # Errors
/// A failure of the ledger.
pub async fn counts(account: &Account, case: &Case) -> Result<Counts, Failure> {
    let mut counts = account.counts(&case.request.id).await?;
    let is_told = |word: &String| {
        OutcomeKind::parse(word)
            .is_none_or(|kind| kind.is_refusal() || kind == OutcomeKind::Declared)
    };
    // Most requests have nothing to tell, and their plans need not be read again.
    if counts.outcomes.keys().any(is_told) {
        (counts.refusals, counts.declared) = told(account, case).await?;
    }
    Ok(counts)
}

/// What was not done, and what was not looked through because somebody declared that it need not
/// be.
async fn told(
    account: &Account,
    case: &Case,
) -> Result<(Vec<Refusal>, Vec<DeclaredItems>), Failure> {
    let mut items: BTreeMap<(String, &str, String), u64> = BTreeMap::new();
    let mut declarations: BTreeMap<(Declared, String, String), u64> = BTreeMap::new();
    let is_told = |item: &SealedItem| {
        let outcome = item.outcome.as_ref();
        outcome.is_some_and(|o| o.is_refusal() || o.kind() == OutcomeKind::Declared)
    };
    let mut entries = pin!(account.entries_if(case, is_told));
    while let Some(entry) = entries.next().await {
        let Entry { planned, outcome, .. } = entry?;
        let source = planned.finding.item.source;
        if let (Action::Declare { declared, .. }, Some(ItemOutcome::Declared(form))) =
            (planned.action, &outcome)
        {
            *declarations.entry((declared, form.clone(), source)).or_default() += 1;
            continue;
        }
        let Some(outcome) = outcome.filter(ItemOutcome::is_refusal) else { continue };
        let reason = match outcome.detail() {
            "" => REWRITTEN,
            detail => detail,
        };
        let mut kind = (source, outcome.word(), reason.to_owned());
        if items.len() >= REASONS_MAX && !items.contains_key(&kind) {
            kind.2 = OTHER_REASONS.to_owned();
        }
        *items.entry(kind).or_default() += 1;
    }
    let declared = declarations
        .into_iter()
        .map(|((declared, form, source), items)| DeclaredItems { declared, form, items, source });
    let refusals = items.into_iter().map(|((source, outcome, reason), items)| Refusal {
        source,
        outcome: outcome.to_owned(),
        reason,
        items,
    });
    Ok((refusals.collect(), declared.collect()))
}
