//! What a plan says of places, and what it gets beyond that: what goes along with something else,
//! and what stays because others would go along with it.

use std::collections::{HashMap, HashSet};

use crate::domain::failure::Failure;
use crate::domain::item::{Kind, Place};
use crate::domain::outcome::{ItemOutcome, OutcomeKind};
use crate::domain::plan::Planned;
use crate::domain::policy::action::{Action, ActionWord};
use crate::domain::policy::rules::Policy;
use crate::stages::account::case::Case;
use crate::stages::account::records::Account;

/// Lines that are written at a time.
const AT_ONCE: usize = 256;

/// By place.
#[derive(Default)]
pub struct Known(HashMap<Place, Line>);

/// A line of a plan.
struct Line {
    ordinal: u64,
    action: ActionWord,
    /// What became of it.
    outcome: Option<OutcomeKind>,
    waits_for: u16,
    is_thing: bool,
    /// Whether no rule is about it.
    is_default: bool,
}

/// What a plan gets beyond what it has.
#[derive(Default)]
pub struct More {
    /// Each with the line of the plan, if there is one, that told of it so far, and tells no more.
    pub new: Vec<(Planned, Option<u64>)>,
    /// Lines of the plan that come to something else now.
    pub amended: Vec<Amendment>,
}

/// A line of a plan that comes to something else now.
pub struct Amendment {
    /// Which line.
    pub ordinal: u64,
    /// What is done instead.
    pub action: Action,
    /// Why, where that is another reason now.
    pub why: Option<String>,
    /// How many steps go before.
    pub waits_for: u16,
}

impl Known {
    /// Takes note of a line.
    pub fn note(
        &mut self,
        policy: &Policy,
        ordinal: u64,
        planned: &Planned,
        outcome: Option<&ItemOutcome>,
    ) {
        let item = &planned.finding.item;
        let line = Line {
            ordinal,
            action: planned.action.word(),
            outcome: outcome.map(ItemOutcome::kind),
            waits_for: planned.waits_for,
            is_thing: item.kind == Kind::Thing,
            is_default: policy.fitting(item).is_none(),
        };
        // Of several about one place that one counts by which something is to be done there, or
        // which says why nothing is.
        match self.0.get(&item.place()) {
            Some(before) if before.counts() && !line.counts() => {}
            Some(_) | None => drop(self.0.insert(item.place(), line)),
        }
    }

    /// Whether nothing is to be planned for a place any more. What a service has still, although it
    /// was erased, is planned anew: no search meets it.
    pub fn holds(&self, place: &Place) -> bool {
        self.0.get(place).is_some_and(Line::counts)
    }

    /// Whether something that stands at a place now, and goes with the folder that it is in, is to
    /// be planned; with the line, if there is one, that tells no more of it then. Others may have
    /// written it since it was planned first, or over what was erased.
    pub fn joins(&self, place: &Place) -> Option<Option<u64>> {
        let Some(line) = self.0.get(place) else { return Some(None) };
        match line.outcome {
            Some(OutcomeKind::Changed | OutcomeKind::AlreadyAbsent) => Some(Some(line.ordinal)),
            Some(OutcomeKind::Erased) => Some(None),
            _ => line.action.is_unsearched().then_some(Some(line.ordinal)),
        }
    }

    /// Whether what is there is to be removed.
    pub fn goes(&self, place: &Place) -> bool {
        self.0.get(place).is_some_and(|line| {
            let is_open = line.outcome.is_none();
            line.action == ActionWord::Delete && (is_open || !line.counts())
        })
    }

    /// Whether one of these lines is about a place.
    pub fn is_among(&self, place: &Place, ordinals: &HashSet<u64>) -> bool {
        self.0.get(place).is_some_and(|line| ordinals.contains(&line.ordinal))
    }

    /// The line that tells no more of a place once that is planned anew.
    pub fn superseded(&self, place: &Place) -> Option<u64> {
        let line = self.0.get(place)?;
        let was_not_ours =
            matches!(line.outcome, Some(OutcomeKind::Changed | OutcomeKind::AlreadyAbsent));
        (line.action.is_unsearched() || (line.is_thing && was_not_ours)).then_some(line.ordinal)
    }

    /// What becomes of an open line about something of a service that goes with something else:
    /// what the operator decided stands.
    pub fn amended(&self, place: &Place, waits_for: u16, why: &str) -> Option<Amendment> {
        let line = self.0.get(place).filter(|line| line.is_thing && line.outcome.is_none())?;
        let deletes = line.action == ActionWord::Delete;
        let is_of_others = line.action == ActionWord::Redact && line.is_default;
        let is_new = is_of_others || (deletes && line.waits_for != waits_for);
        let (ordinal, why) = (line.ordinal, is_of_others.then(|| why.to_owned()));
        is_new.then_some(Amendment { ordinal, action: Action::Delete, why, waits_for })
    }
}

impl Amendment {
    /// Whether nothing is done with it any more.
    pub fn is_kept(&self) -> bool {
        matches!(self.action, Action::Keep(_))
    }

    /// The line as it is then.
    pub fn of(self, planned: Planned) -> Planned {
        let Self { action, why, waits_for, .. } = self;
        Planned { action, why: why.unwrap_or(planned.why), waits_for, ..planned }
    }
}

/// Changes lines of a request's plan, with the outcome that is told of each.
///
/// # Errors
/// The ledger's failure.
pub async fn amend(
    account: &Account,
    case: &Case,
    amended: Vec<Amendment>,
    settled: fn(&Planned) -> Option<ItemOutcome>,
) -> Result<(), Failure> {
    let mut lines = Vec::new();
    for amendment in amended {
        let before = amendment.ordinal.checked_sub(1);
        let line = account.items(case, before, false, 1).await?.pop();
        if let Some(line) = line.filter(|line| line.ordinal == amendment.ordinal) {
            lines.push((line.ordinal, amendment.of(line.planned)));
        }
    }
    for lines in lines.chunks(AT_ONCE) {
        account.amend_items(case, lines, settled).await?;
    }
    Ok(())
}

impl Line {
    fn counts(&self) -> bool {
        let is_over = self.is_thing && self.outcome.is_some_and(|outcome| !outcome.stays());
        !self.action.is_unsearched() && !is_over
    }
}
