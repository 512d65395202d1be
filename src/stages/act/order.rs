//! Whose turn it is among what goes after other things.
//!
//! Of a thing that a request names nothing goes from under what could not be removed. In a plan
//! about a person things have nothing to do with each other unless their names say so, and work
//! that a service has begun keeps only what it serves itself waiting: the blobs of a run go
//! meanwhile.

use std::pin::pin;
use std::sync::Arc;

use futures::StreamExt;

use crate::domain::failure::Failure;
use crate::domain::item::{Item, Kind};
use crate::domain::outcome::{ItemOutcome, OutcomeKind};
use crate::domain::policy::action::{Action, ActionWord};
use crate::ports::ledger::SealedItem;
use crate::ports::sources::Source;
use crate::stages::account::case::Case;
use crate::stages::account::entries::Entry;
use crate::stages::account::records::Account;
use crate::stages::act::target::source_of;

/// What order is kept in.
pub struct Order<'a> {
    /// The plan, and what became of it.
    pub account: &'a Account,
    /// What may be below others.
    pub sources: &'a [Arc<dyn Source>],
    /// Whose plan.
    pub case: &'a Case,
}

/// What has become of the earlier steps.
#[derive(Default)]
pub struct Before {
    /// What becomes of everything that comes next.
    all: Option<ItemOutcome>,
    /// Things that were to go and stand where they were, or others in their place.
    standing: Vec<(Item, OutcomeKind)>,
    /// Whether a service is at something.
    is_under_way: bool,
}

/// When an item has its turn.
pub enum Turn {
    /// It has.
    Now,
    /// Once services have ended what they have begun.
    Later,
    /// Not while something is there that had to go first; what becomes of it.
    Never(ItemOutcome),
}

impl Order<'_> {
    /// Looks at the plan so far.
    ///
    /// # Errors
    /// The ledger's failure.
    pub async fn before(&self) -> Result<Before, Failure> {
        if self.case.request.thing().is_some() {
            return Ok(Before { all: self.obstruction().await?, ..Before::default() });
        }
        let concerns = |item: &SealedItem| {
            let is_clear = |outcome: &ItemOutcome| outcome.kind().is_clear();
            item.action == ActionWord::Delete && !item.outcome.as_ref().is_none_or(is_clear)
        };
        let mut before = Before::default();
        let mut entries = pin!(self.account.entries_if(self.case, concerns));
        while let Some(entry) = entries.next().await {
            let Entry { planned, outcome, .. } = entry?;
            let item = planned.finding.item;
            let Some(outcome) = outcome.filter(|_| item.kind == Kind::Thing) else { continue };
            match outcome.kind() {
                OutcomeKind::Pending => before.is_under_way = true,
                kind => before.standing.push((item, kind)),
            }
        }
        Ok(before)
    }

    /// Whose turn it is.
    ///
    /// # Errors
    /// A source does not say what is below the item.
    pub async fn turn(&self, entry: &Entry, before: &Before) -> Result<Turn, Failure> {
        let planned = &entry.planned;
        if planned.settled().is_some() {
            return Ok(Turn::Now);
        }
        if let Some(outcome) = &before.all {
            return Ok(Turn::Never(outcome.clone()));
        }
        let item = &planned.finding.item;
        if item.kind != Kind::Thing {
            return Ok(Turn::Now);
        }
        if before.is_under_way {
            return Ok(Turn::Later);
        }
        if !matches!(planned.action, Action::Delete) {
            return Ok(Turn::Now);
        }
        let stands = before.standing.iter().find(|(other, _)| {
            other.source == item.source && item.layout().comes_after(&other.layout())
        });
        Ok(match stands {
            Some((_, OutcomeKind::Changed)) => Turn::Never(ItemOutcome::Changed),
            Some(_) => Turn::Never(out_of_order()),
            None if self.has_below(entry).await? => Turn::Never(ItemOutcome::Changed),
            None => Turn::Now,
        })
    }

    /// Whether something is below a thing although all that was is said to have gone: others have
    /// put it there, or a service claims what is not so. It would go along, and nobody has looked
    /// at it.
    async fn has_below(&self, entry: &Entry) -> Result<bool, Failure> {
        let item = &entry.planned.finding.item;
        let layout = item.layout();
        let things = source_of(self.sources, entry).and_then(|source| source.things());
        let (Some(things), Some(thing)) = (things, layout.thing()) else { return Ok(false) };
        if !layout.is_holder() {
            return Ok(false);
        }
        let found = things.look_up(&thing, None).await;
        let found = found.map_err(|failure| failure.of_source(things.name()))?;
        Ok(found.iter().any(|other| layout.comes_after(&other.item.layout())))
    }

    /// What becomes of what comes next, if something that had to go first is still there: a store
    /// is not removed from under what could not be erased in it.
    async fn obstruction(&self) -> Result<Option<ItemOutcome>, Failure> {
        let tally = self.account.ledger.tally(&self.case.request.id).await?;
        let left = |kind: OutcomeKind| tally.of(kind.word()) > 0;
        // What a workspace depends on and shares stays by plan, and the workspace goes without it.
        let thing = self.case.request.thing();
        let kept_alone = thing.is_some_and(|thing| thing.with_dependents);
        let is_left = left(OutcomeKind::Failed)
            || left(OutcomeKind::Blocked)
            || (left(OutcomeKind::Kept) && !kept_alone);
        Ok(match is_left {
            true => Some(out_of_order()),
            false => left(OutcomeKind::Changed).then_some(ItemOutcome::Changed),
        })
    }
}

fn out_of_order() -> ItemOutcome {
    ItemOutcome::Failed("order: what goes before it is still there".into())
}
