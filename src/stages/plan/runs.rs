//! What goes with the runs that the subject created, where the policy says so: their folders,
//! zipped copies, compute records and outputs, and those of their child runs.
//!
//! Most of these items do not name the subject, so that no search finds them: they are listed by
//! the names that a workspace gives them. A child run is told by its name alone as well, unless its
//! own document says that somebody else created it and names another parent. Who created a run is
//! read in its document: of what the find saw of it only so much is kept.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use futures::stream::{self, StreamExt, TryStreamExt};

use crate::domain::failure::Failure;
use crate::domain::item::{Finding, Item, Place, Version};
use crate::domain::layout::{Containers, OneContainer};
use crate::domain::plan::Planned;
use crate::domain::policy::action::Action;
use crate::domain::policy::rules::{Policy, Treatment};
use crate::domain::policy::runs::{Belongs, Home, Runs, say_created};
use crate::domain::request::Request;
use crate::matching::matcher::Matcher;
use crate::ports::sources::{Page, Source, Walked};
use crate::stages::plan::document::{Document, creator};

/// Documents that are read at the same time.
const DOCUMENTS_AT_ONCE: usize = 8;
/// Runs up to which each is listed by its own names; for more, one listing of all runs is cheaper.
const LISTED_ALONE_MAX: usize = 50;

/// What was planned for a request so far, as far as runs are concerned.
#[derive(Default)]
pub struct Company {
    planned: HashSet<Place>,
    documents: Vec<Noted>,
}

/// What may be the document of a run that the subject created.
struct Noted {
    item: Item,
    /// Whether the places that were kept of it say so.
    says: bool,
}

/// Where runs may be.
struct Haunts<'a> {
    sources: Vec<(&'a dyn Walked, Containers)>,
}

impl Company {
    /// Takes note of an item of the plan. One that cannot be read can go with its run all the same.
    pub fn note(&mut self, policy: &Policy, planned: &Planned) {
        let Planned { finding, action, .. } = planned;
        if !matches!(action, Action::List(_) | Action::Declare { .. }) {
            self.planned.insert(finding.item.place());
        }
        let is_document =
            !finding.hits.is_empty() && finding.item.layout().run_document().is_some();
        if is_document && matches!(action, Action::Delete) && policy.takes_the_run(finding) {
            let says = say_created(&finding.hits);
            self.documents.push(Noted { item: finding.item.clone(), says });
        }
    }

    /// What the runs that the subject created take along, beyond what is planned.
    ///
    /// # Errors
    /// A source cannot be listed or read.
    pub async fn more(
        &self,
        sources: &[Arc<dyn Source>],
        policy: &Policy,
        request: &Request,
    ) -> Result<Vec<Planned>, Failure> {
        if self.documents.is_empty() {
            return Ok(Vec::new());
        }
        let matcher = Arc::new(Matcher::new(&request.people().iter().collect::<Vec<_>>()));
        let haunts = Haunts::of(sources, request).await?;
        let mut runs = self.created(&haunts, &matcher).await?;
        if runs.is_empty() {
            return Ok(Vec::new());
        }
        let mut theirs = Vec::new();
        for (source, containers) in &haunts.sources {
            let blame = |failure: Failure| failure.of_source(source.name());
            theirs.extend(listed(*source, containers, &runs).await.map_err(blame)?);
        }
        hear_others(&haunts, &theirs, &matcher, &mut runs).await?;
        let is_theirs = |item: &Item, home: &Home| {
            let run = item.layout().run();
            run.is_some_and(|run| runs.takes(run, home)) && !self.planned.contains(&item.place())
        };
        let new = theirs.into_iter().filter(|(item, home)| is_theirs(item, home));
        Ok(new.filter_map(|(item, _)| planned(policy, item)).collect())
    }

    /// The runs whose documents, among those noted, say that the subject created them.
    async fn created(&self, haunts: &Haunts<'_>, matcher: &Arc<Matcher>) -> Result<Runs, Failure> {
        let reading = self.documents.iter().filter_map(|noted| {
            let (source, home) = haunts.home(&noted.item)?;
            let run = noted.item.layout().run_document()?;
            Some(async move {
                let document = creator(source, &noted.item, run, matcher).await?;
                let says = document.map_or(noted.says, |document| document == Document::OfSubject);
                Ok::<_, Failure>(says.then_some((run, home)))
            })
        });
        let reading: Vec<_> = reading.collect();
        let read: Vec<_> = stream::iter(reading).buffered(DOCUMENTS_AT_ONCE).try_collect().await?;
        let mut runs = Runs::default();
        for (run, home) in read.into_iter().flatten() {
            runs.learn(run, &home);
        }
        Ok(runs)
    }
}

impl<'a> Haunts<'a> {
    /// The sources that a request is about, and their containers.
    async fn of(sources: &'a [Arc<dyn Source>], request: &Request) -> Result<Self, Failure> {
        let mut found = Vec::new();
        let walked = sources.iter().filter_map(|source| source.finds().walked());
        for source in walked.filter(|source| request.concerns(source.name())) {
            let blame = |failure: Failure| failure.of_source(source.name());
            found.push((source, source.containers().await.map_err(blame)?));
        }
        Ok(Self { sources: found })
    }

    /// Which source and container an item is in.
    fn home(&self, item: &Item) -> Option<(&'a dyn Walked, Home)> {
        let (source, containers) =
            self.sources.iter().find(|(source, _)| source.name() == item.source)?;
        let path = item.layout().path;
        let prefix = &item.name[..item.name.len() - path.len()];
        let container = OneContainer { name: None, prefix: prefix.to_owned() };
        Some((*source, home(*source, containers, &container)))
    }
}

fn home(source: &dyn Walked, containers: &Containers, container: &OneContainer) -> Home {
    Home {
        account: containers.account.clone(),
        source: source.name().to_owned(),
        prefix: container.prefix.clone(),
    }
}

/// Everything that belongs to the runs by its name, each once.
async fn listed(
    source: &dyn Walked,
    containers: &Containers,
    runs: &Runs,
) -> Result<Vec<(Item, Home)>, Failure> {
    let mut items = BTreeMap::new();
    for container in &containers.each {
        let home = home(source, containers, container);
        let prefixes: BTreeSet<String> = match runs.count() {
            0..=LISTED_ALONE_MAX => runs.ids().flat_map(|run| container.prefixes_of(run)).collect(),
            _ => container.prefixes_of_runs().into_iter().collect(),
        };
        for prefix in prefixes {
            let mut marker = None;
            loop {
                let Page { items: page, next } = source.list(&prefix, marker.as_deref()).await?;
                for item in page {
                    if item.layout().run().and_then(|run| runs.belongs(run)).is_some() {
                        items.insert(item.place(), (item, home.clone()));
                    }
                }
                match next {
                    Some(next) => marker = Some(next),
                    None => break,
                }
            }
        }
    }
    let mut items: Vec<(Item, Home)> = items.into_values().collect();
    // The current form last: the snapshots of a name go with it, and ours to remove come before.
    items.sort_by_key(|(item, _)| item.version == Version::Current);
    Ok(items)
}

/// Hears from the documents of these runs, other than those that were heard, whether somebody else
/// created one: a child run by its name, or a run of the same id in another workspace.
async fn hear_others(
    haunts: &Haunts<'_>,
    theirs: &[(Item, Home)],
    matcher: &Arc<Matcher>,
    runs: &mut Runs,
) -> Result<(), Failure> {
    let asked =
        theirs.iter().filter_map(|(item, home)| {
            let run = item.layout().run_document().filter(|run| !runs.is_known(run, home))?;
            let (source, _) = haunts.home(item)?;
            Some(async move {
                Ok::<_, Failure>((run, home, creator(source, item, run, matcher).await?))
            })
        });
    let asked: Vec<_> = asked.collect();
    let heard: Vec<_> = stream::iter(asked).buffered(DOCUMENTS_AT_ONCE).try_collect().await?;
    for (run, home, document) in heard {
        let Some(Document::OfOthers { parents }) = document else { continue };
        let is_child = runs.belongs(run) == Some(Belongs::ToChild)
            && parents.iter().any(|parent| runs.contains(parent));
        if !is_child {
            runs.deny(run, home);
        }
    }
    Ok(())
}

/// What an item gets that says nothing of the subject itself.
fn planned(policy: &Policy, item: Item) -> Option<Planned> {
    let (treatment, reason, why) = match policy.fitting(&item) {
        Some((number, rule)) => (rule.action, rule.reason.clone(), format!("rule {number}")),
        None => (Treatment::Delete, String::new(), "no rule".to_owned()),
    };
    let action = match treatment {
        Treatment::Delete => Action::Delete,
        Treatment::Keep => Action::Keep(reason),
        // There is nothing to take out of it.
        Treatment::Redact => return None,
    };
    let why = format!("{why}; belongs to a run that the person created");
    let finding = Finding { item, hits: Vec::new(), digest: None, others: false };
    Some(Planned { finding, action, why, waits_for: 0 })
}
