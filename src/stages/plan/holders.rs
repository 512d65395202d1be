//! What other things are below: a model with its versions, an endpoint with its deployments, an
//! experiment with its runs.
//!
//! It goes only if all of that goes: a service removes it with whatever is below, or refuses to.

use std::collections::HashSet;
use std::sync::Arc;

use crate::domain::failure::Failure;
use crate::domain::item::{Item, Place, Version};
use crate::domain::layout::{OF_A_RUN, documents_of};
use crate::domain::plan::Planned;
use crate::domain::policy::action::Action;
use crate::domain::policy::rules::{Policy, Treatment};
use crate::ports::sources::{Belonging, Things};
use crate::stages::plan::document::{Claimant, is_of_others};
use crate::stages::plan::finding::silent;
use crate::stages::plan::haunts::Haunts;
use crate::stages::plan::known::{Amendment, Known, More};

/// What is to be removed and may have others below it, by the lines of the plan.
pub type Holders = Vec<(u64, Item)>;

const STAYS: &str = "what is below it stays, and would go along";
const JOINS: &str = "what it is below goes";

/// Keeps what would take along what stays. What is below something that goes, and is not planned,
/// joins it where a rule would have it removed and nobody else made it.
///
/// # Errors
/// A source cannot be asked.
pub async fn hold(
    holders: &Holders,
    known: &Known,
    haunts: &Haunts<'_>,
    policy: &Policy,
    claimant: &Arc<Claimant>,
    more: &mut More,
) -> Result<(), Failure> {
    let plan = Plan {
        known,
        new: more
            .new
            .iter()
            .filter(|(planned, _)| goes(planned))
            .map(|(it, _)| it.finding.item.place())
            .collect(),
        amended: more.amended.iter().map(|amendment| amendment.ordinal).collect(),
        policy,
        claimant,
    };
    let mut kept = Vec::new();
    for (ordinal, item) in holders {
        let joining = match haunts.named(&item.source).and_then(|haunt| haunt.things) {
            Some(things) => {
                let blame = |failure: Failure| failure.of_source(things.name());
                plan.joining(things, item).await.map_err(blame)?
            }
            None => None,
        };
        match joining {
            Some(joining) => more.new.extend(joining),
            None => kept.push(Amendment {
                ordinal: *ordinal,
                action: Action::Keep(STAYS.to_owned()),
                why: Some(STAYS.to_owned()),
                waits_for: item.layout().waits_for(),
            }),
        }
    }
    more.amended.extend(kept);
    Ok(())
}

fn goes(planned: &Planned) -> bool {
    matches!(planned.action, Action::Delete)
}

/// The plan so far.
struct Plan<'a> {
    known: &'a Known,
    new: HashSet<Place>,
    /// Lines that come to a removal only now.
    amended: HashSet<u64>,
    policy: &'a Policy,
    claimant: &'a Arc<Claimant>,
}

impl Plan<'_> {
    /// What has to be planned so that all goes that is below this; `None` if something stays.
    async fn joining(
        &self,
        things: &dyn Things,
        holder: &Item,
    ) -> Result<Option<Vec<(Planned, Option<u64>)>>, Failure> {
        let Some(thing) = holder.layout().thing() else { return Ok(None) };
        let mut joining = Vec::new();
        for Belonging { item, waits_for } in things.look_up(&thing, None).await? {
            let layout = item.layout();
            // What belongs to a run goes or stays with it.
            let is_nothing_by_itself = layout.run().is_none() && waits_for == OF_A_RUN;
            if item.name == holder.name || is_nothing_by_itself || self.takes(&item) {
                continue;
            }
            let Some(why) = self.may_join(&item) else { return Ok(None) };
            if !layout.is_deployment() && is_of_others(things, &item, self.claimant).await? {
                return Ok(None);
            }
            let superseded = self.known.superseded(&item.place());
            let finding = silent(item);
            joining.push((Planned { finding, action: Action::Delete, why, waits_for }, superseded));
        }
        Ok(Some(joining))
    }

    /// Whether it goes by the plan; of a run, whether that does.
    fn takes(&self, item: &Item) -> bool {
        let goes = |place: &Place| {
            let is_amended = || self.known.is_among(place, &self.amended);
            self.new.contains(place) || self.known.goes(place) || is_amended()
        };
        let at = |name: String| (item.source.clone(), name, Version::Current);
        match item.layout().run() {
            Some(run) => documents_of(run).map(at).iter().any(goes),
            None => goes(&item.place()),
        }
    }

    /// Why it may go along, if it may: nothing else is planned for it, and a rule removes such
    /// things.
    fn may_join(&self, item: &Item) -> Option<String> {
        if self.known.holds(&item.place()) {
            return None;
        }
        let (number, rule) = self.policy.fitting(item)?;
        (rule.action == Treatment::Delete).then(|| format!("rule {number}; {JOINS}"))
    }
}
