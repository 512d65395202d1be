//! What was to be deleted as speaking of one person alone, and names somebody of whom another
//! document of the workspace says that they are a person: that is known once all was walked.

use std::collections::HashSet;
use std::sync::Arc;

use futures::stream::{self, StreamExt, TryStreamExt};

use crate::domain::asked::subject::Subject;
use crate::domain::failure::Failure;
use crate::domain::item::{Finding, Item};
use crate::domain::plan::Planned;
use crate::domain::policy::action::ActionWord;
use crate::domain::policy::limits::Limits;
use crate::domain::policy::rules::Policy;
use crate::domain::request::Request;
use crate::matching::limits::ItemLimits;
use crate::matching::people::kin::known::Known;
use crate::ports::sources::Source;
use crate::stages::account::people::Acquainted;
use crate::stages::walk::content::shared_of;
use crate::stages::walk::learned::Learned;

/// Items looked at again at the same time.
pub const READS_MAX: usize = 8;

/// What a plan is judged by.
#[derive(Clone, Copy)]
pub struct Judged<'a> {
    /// The request.
    pub request: &'a Request,
    /// What the operator decided.
    pub policy: &'a Policy,
    /// Where items are.
    pub sources: &'a [Arc<dyn Source>],
}

/// The lines of a plan that nobody acts on, once it is known whom documents name.
///
/// # Errors
/// A failure of a source that may pass.
pub async fn spared(
    judged: Judged<'_>,
    limits: &Limits,
    learned: &Learned,
    plan: Vec<Planned>,
) -> Result<Vec<Planned>, Failure> {
    let acquainted = Acquainted::of(learned.news()).await?;
    let limits = limits.into();
    let among = &Among::new(judged, acquainted, &limits);
    let along = &along(plan.iter());
    let spared = stream::iter(plan).map(|planned| async move {
        if along.contains(&name(&planned)) {
            return Ok(planned);
        }
        Ok(among.spared(&planned).await?.unwrap_or(planned))
    });
    spared.buffered(READS_MAX).try_collect().await
}

/// What goes along with something else, by source and name: where snapshots go along with an item
/// they were planned together, and it stays so.
pub fn along<'a>(plan: impl Iterator<Item = &'a Planned>) -> HashSet<(String, String)> {
    plan.filter(|planned| planned.action.word() == ActionWord::Along).map(name).collect()
}

/// Source and name of the item of a line.
pub fn name(planned: &Planned) -> (String, String) {
    let Item { source, name, .. } = &planned.finding.item;
    (source.clone(), name.clone())
}

/// Whom the workspace knows, for one erasure.
pub struct Among<'a> {
    judged: Judged<'a>,
    people: Arc<[Subject]>,
    known: Arc<Known>,
    overflowed: bool,
    limits: &'a ItemLimits,
}

impl<'a> Among<'a> {
    /// Those who were met.
    pub fn new(judged: Judged<'a>, acquainted: Acquainted, limits: &'a ItemLimits) -> Self {
        let Acquainted { known, overflowed } = acquainted;
        let people = judged.request.people().into();
        Self { judged, people, known, overflowed, limits }
    }

    /// The plan of an item that others are named in too; `None` if the one that is there stays.
    ///
    /// # Errors
    /// A failure of its source that may pass.
    pub async fn spared(&self, planned: &Planned) -> Result<Option<Planned>, Failure> {
        let Finding { item, hits, others, .. } = &planned.finding;
        let is_alone = planned.action.word() == ActionWord::Delete && !others && !hits.is_empty();
        if !is_alone || self.known.is_empty() {
            return Ok(None);
        }
        let of_both = Finding { others: true, ..planned.finding.clone() };
        let shared = Planned::new(self.judged.request, self.judged.policy, of_both);
        let is_asked = shared.action != planned.action;
        Ok((is_asked && self.names_others(item).await?).then_some(shared))
    }

    /// Whether an item names one of them who is not the person; where that cannot be told it does.
    async fn names_others(&self, item: &Item) -> Result<bool, Failure> {
        let source = self.judged.sources.iter().find(|source| source.name() == item.source);
        let Some(source) = source.and_then(|source| source.finds().walked()) else {
            return Ok(false);
        };
        if self.overflowed {
            return Ok(true);
        }
        match shared_of(source, item, &self.people, &[0], &self.known, self.limits).await {
            Ok(shared) => Ok(!shared.is_empty()),
            Err(failure) if failure.is_transient() => Err(failure.of_source(&item.source)),
            Err(_) => Ok(true),
        }
    }
}
