//! Where what belongs to runs may be: the containers of the sources that a request is about, and
//! the services of workspaces.
//!
//! Blobs of runs are listed by the names that a workspace gives them. Services are never listed for
//! that: they are asked for one run or another.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::failure::Failure;
use crate::domain::homes::claim::folded;
use crate::domain::homes::own::Aliases;
use crate::domain::item::{Item, Version};
use crate::domain::layout::{Containers, OneContainer, account_name, documents_of};
use crate::domain::policy::runs::{Home, Runs};
use crate::domain::request::Request;
use crate::ports::sources::{Page, Source, Things, Walked};

/// Runs up to which each is listed by its own names; for more, one listing of all runs is cheaper.
const LISTED_ALONE_MAX: usize = 50;

/// A source, with its containers as they are now.
pub struct Haunt<'a> {
    /// The source.
    pub source: &'a dyn Walked,
    /// The same as services of a workspace, if it is that.
    pub things: Option<&'a dyn Things>,
    containers: Containers,
    /// Whether the request is about it. A service that it is not about is asked all the same whose
    /// a run is: it may be another workspace's, and its blobs lie beside ours.
    is_concerned: bool,
}

/// All of them.
pub struct Haunts<'a>(Vec<Haunt<'a>>);

impl<'a> Haunts<'a> {
    /// Those of the sources that a request is about, and all services.
    ///
    /// # Errors
    /// A source's failure.
    pub async fn of(sources: &'a [Arc<dyn Source>], request: &Request) -> Result<Self, Failure> {
        let mut all = Vec::new();
        for source in sources {
            let (things, Some(source)) = (source.things(), source.finds().walked()) else {
                continue;
            };
            let is_concerned = request.concerns(source.name());
            if !is_concerned && things.is_none() {
                continue;
            }
            let blame = |failure: Failure| failure.of_source(source.name());
            let containers = source.containers().await.map_err(blame)?;
            all.push(Haunt { source, things, containers, is_concerned });
        }
        Ok(Self(all))
    }

    /// Whether there are blobs or files among the sources that a request is about. Asks nobody.
    pub fn have_files(sources: &[Arc<dyn Source>], request: &Request) -> bool {
        let is_one = |source: &Arc<dyn Source>| {
            source.things().is_none() && source.finds().walked().is_some()
        };
        sources.iter().any(|source| is_one(source) && request.concerns(source.name()))
    }

    /// The one of that name, if the request is about it.
    pub fn named(&self, source: &str) -> Option<&Haunt<'a>> {
        self.0.iter().find(|haunt| haunt.is_concerned && haunt.source.name() == source)
    }

    /// Which source and container an item is in.
    pub fn home(&self, item: &Item) -> Option<(&Haunt<'a>, Home)> {
        let haunt = self.0.iter().find(|haunt| haunt.source.name() == item.source)?;
        let path = item.layout().path;
        Some((haunt, haunt.home(&item.name[..item.name.len() - path.len()])))
    }

    /// The services that are near a place.
    pub fn services_near<'b>(&'b self, home: &'b Home) -> impl Iterator<Item = &'b Haunt<'a>> {
        let services = self.0.iter().filter(|haunt| haunt.things.is_some());
        services.filter(|haunt| haunt.home("").is_near(home))
    }

    /// Everything among blobs that belongs to these runs by its name, or to what is named as a
    /// child of theirs, each once, and where it is.
    ///
    /// # Errors
    /// A source's failure.
    pub async fn blobs_of(&self, runs: &Runs) -> Result<Vec<(Item, Home)>, Failure> {
        let mut all = Vec::new();
        for haunt in self.0.iter().filter(|haunt| haunt.things.is_none()) {
            let blame = |failure: Failure| failure.of_source(haunt.source.name());
            all.extend(haunt.listed(runs).await.map_err(blame)?);
        }
        Ok(all)
    }

    /// Those of blobs and files that the request is about.
    pub fn of_files(&self) -> impl Iterator<Item = &Haunt<'a>> {
        self.0.iter().filter(|haunt| haunt.things.is_none() && haunt.is_concerned)
    }
}

impl Haunt<'_> {
    /// Everything that is in folders of users of the aliases `whole`, each once; and of those of
    /// `touched` something in each container, if there is anything.
    ///
    /// # Errors
    /// The source's failure.
    pub async fn in_folders(
        &self,
        whole: &Aliases,
        touched: &Aliases,
    ) -> Result<Vec<Item>, Failure> {
        let mut all = Vec::new();
        if whole.is_empty() && touched.is_empty() {
            return Ok(all);
        }
        for container in &self.containers.each {
            let found = self.in_users(container, whole, touched).await;
            all.extend(found.map_err(|it| it.of_source(self.source.name()))?);
        }
        Ok(all)
    }

    /// The same of one container. All folders of users are listed: however one is spelled there, by
    /// people or by a service, it is met.
    async fn in_users(
        &self,
        container: &OneContainer,
        whole: &Aliases,
        touched: &Aliases,
    ) -> Result<Vec<Item>, Failure> {
        let (mut items, mut met) = (BTreeMap::new(), BTreeSet::new());
        let (prefix, mut marker) = (container.prefix_of_users(), None);
        loop {
            let Page { items: page, next, .. } =
                self.source.list(&prefix, marker.as_deref()).await?;
            for item in page {
                let Some(alias) = item.layout().user_folder().map(folded) else { continue };
                if whole.contains(&alias) || touched.contains(&alias) && met.insert(alias) {
                    items.insert(item.place(), item);
                }
            }
            marker = next;
            if marker.is_none() {
                break;
            }
        }
        let mut items: Vec<Item> = items.into_values().collect();
        in_order(&mut items, |item| item);
        Ok(items)
    }

    /// What a service says of that run now: its job, its history.
    ///
    /// # Errors
    /// The service's failure.
    pub async fn records_of(&self, run: &str) -> Result<Vec<Item>, Failure> {
        let mut records = Vec::new();
        for name in documents_of(run) {
            let left = self.source.remains(&name).await;
            records.extend(left.map_err(|failure| failure.of_source(self.source.name()))?);
        }
        Ok(records)
    }

    /// What is in this source under names that begin so.
    pub fn home(&self, prefix: &str) -> Home {
        Home {
            account: account_name(&self.containers.account).to_ascii_lowercase(),
            source: self.source.name().to_owned(),
            prefix: prefix.to_owned(),
            is_service: self.things.is_some(),
        }
    }

    async fn listed(&self, runs: &Runs) -> Result<Vec<(Item, Home)>, Failure> {
        let mut items = BTreeMap::new();
        for container in &self.containers.each {
            let home = self.home(&container.prefix);
            for prefix in prefixes(container, runs, &home) {
                let mut marker = None;
                loop {
                    let Page { items: page, next, .. } =
                        self.source.list(&prefix, marker.as_deref()).await?;
                    for item in page {
                        let run = item.layout().run();
                        if run.and_then(|run| runs.belongs(run, &home)).is_some() {
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
        in_order(&mut items, |(item, _)| item);
        Ok(items)
    }
}

/// The current form last: the snapshots of a name go with it, and ours to remove come before.
fn in_order<T>(items: &mut [T], item: impl Fn(&T) -> &Item) {
    items.sort_by_key(|one| item(one).version == Version::Current);
}

/// What the names begin with of what belongs to runs and is in a container.
fn prefixes(container: &OneContainer, runs: &Runs, home: &Home) -> BTreeSet<String> {
    match runs.ids_at(home).count() {
        0..=LISTED_ALONE_MAX => {
            runs.ids_at(home).flat_map(|run| container.prefixes_of(run)).collect()
        }
        _ => container.prefixes_of_runs().into_iter().collect(),
    }
}
