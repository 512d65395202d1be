//! Several containers, shares or file systems of one account as one source: a name is that of the
//! container, a slash, and the name there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::failure::Failure;
use crate::domain::item::Item;
use crate::domain::layout::{Container, Containers, OneContainer};
use crate::ports::sources::{Erased, NewForm, Page, Read, Rewritten, Source, Walked};

/// Those of an account that belong to a source.
#[async_trait]
pub trait Several: Source {
    /// One of them as a source of its own.
    type One: Walked;

    /// What is wrong with an item that is in none of them.
    const STRAY: &'static str;

    /// Whether they are shares of files.
    const ARE_SHARES: bool = false;

    /// The URL of the account.
    fn account(&self) -> String;

    /// Those that there are now, in the order of their names.
    async fn names(&self) -> Result<Vec<String>, Failure>;

    /// Whether one of that name belongs to the source.
    fn is_ours(&self, name: &str) -> bool;

    /// The one of that name.
    fn one(&self, name: &str) -> Arc<Self::One>;
}

/// Those that were met, each opened once.
pub struct Opened<One>(Mutex<BTreeMap<String, Arc<One>>>);

impl<One> Default for Opened<One> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<One> Opened<One> {
    /// The one of that name, which `open` opens.
    pub fn one(&self, name: &str, open: impl FnOnce() -> One) -> Arc<One> {
        let mut opened = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(opened.entry(name.to_owned()).or_insert_with(|| Arc::new(open())))
    }
}

/// See [`Source::unrecoverable_after`]: the latest of the containers that these names are in.
///
/// # Errors
/// Those of the containers.
pub async fn unrecoverable_after<S: Several>(
    several: &S,
    names: &[String],
    erased_at: Timestamp,
) -> Result<Option<Timestamp>, Failure> {
    let mut by_container: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (container, name) in names.iter().filter_map(|name| name.split_once('/')) {
        by_container.entry(container).or_default().push(name.to_owned());
    }
    let mut latest = Some(erased_at);
    for (container, names) in by_container {
        let after = several.one(container).unrecoverable_after(&names, erased_at).await?;
        latest = latest.zip(after).map(|(latest, after)| latest.max(after));
    }
    Ok(latest)
}

#[async_trait]
impl<S: Several> Walked for S {
    async fn containers(&self) -> Result<Containers, Failure> {
        let names = self.names().await?;
        let each = names.iter().map(|name| OneContainer::leading(name)).collect();
        Ok(Containers { account: self.account(), each, are_shares: S::ARE_SHARES })
    }

    /// A marker is the container's name and, behind a slash, the marker within it; without a slash
    /// that container was the last to be listed whole. A prefix with a slash is of one container.
    async fn list(&self, prefix: &str, marker: Option<&str>) -> Result<Page, Failure> {
        let (of_one, prefix_within) = match prefix.split_once('/') {
            Some((container, prefix)) => (Some(container), prefix),
            None => (None, ""),
        };
        let is_wanted = |name: &str| match of_one {
            Some(container) => name == container,
            None => name.starts_with(prefix),
        };
        let (container, within) = match marker.map(|marker| marker.split_once('/')) {
            Some(Some((container, within))) => (container.to_owned(), Some(within)),
            whole => {
                let last = whole.and(marker);
                let all = self.names().await?;
                let is_next = |name: &&String| {
                    is_wanted(name) && last.is_none_or(|last| name.as_str() > last)
                };
                let next = all.iter().find(is_next).cloned();
                let Some(next) = next else { return Ok(Page::default()) };
                (next, None)
            }
        };
        let page = match self.one(&container).list(prefix_within, within).await {
            Ok(page) => page,
            // Deleted since it was found: it holds nothing.
            Err(_) if !self.names().await?.contains(&container) => Page::default(),
            Err(failure) => return Err(failure),
        };
        Ok(of_all(&container, page))
    }

    /// Within the container of the name, and all of those behind it.
    async fn list_from(&self, first: &str, marker: Option<&str>) -> Result<Option<Page>, Failure> {
        let Some((container, name)) = first.split_once('/') else { return Ok(None) };
        let within = match marker.map(|marker| marker.split_once('/')) {
            None => None,
            Some(Some((same, within))) if same == container => Some(within),
            Some(_) => return self.list("", marker).await.map(Some),
        };
        match self.one(container).list_from(name, within).await {
            Ok(page) => Ok(page.map(|page| of_all(container, page))),
            Err(_) if !self.names().await?.iter().any(|name| name == container) => {
                self.list("", Some(container)).await.map(Some)
            }
            Err(failure) => Err(failure),
        }
    }

    async fn read(&self, item: &Item) -> Result<Read, Failure> {
        match placed(self, item) {
            Some((one, item)) => one.read(&item).await,
            None => Ok(Read::Refused("name".to_owned())),
        }
    }

    async fn erase(&self, item: &Item) -> Result<Erased, Failure> {
        match placed(self, item) {
            Some((one, item)) => one.erase(&item).await,
            None => Err(Failure::permanent(S::STRAY)),
        }
    }

    async fn rewrite(&self, item: &Item, form: NewForm) -> Result<Rewritten, Failure> {
        match placed(self, item) {
            Some((one, item)) => one.rewrite(&item, form).await,
            None => Ok(Rewritten::Refused("name".to_owned())),
        }
    }

    async fn erase_replaced(&self, item: &Item) -> Result<Erased, Failure> {
        match placed(self, item) {
            Some((one, item)) => one.erase_replaced(&item).await,
            None => Err(Failure::permanent(S::STRAY)),
        }
    }

    async fn remains(&self, name: &str) -> Result<Vec<Item>, Failure> {
        let Some((container, within)) = place(self, name) else { return Ok(Vec::new()) };
        let items = self.one(container).remains(within).await?;
        Ok(items.into_iter().map(|item| outside(container, item)).collect())
    }
}

/// The container of a name, and its name there.
fn place<'a, S: Several>(several: &S, name: &'a str) -> Option<(&'a str, &'a str)> {
    name.split_once('/').filter(|(container, _)| several.is_ours(container))
}

/// The same for an item.
fn placed<S: Several>(several: &S, item: &Item) -> Option<(Arc<S::One>, Item)> {
    let (container, name) = place(several, &item.name)?;
    Some((several.one(container), Item { name: name.to_owned(), ..item.clone() }))
}

/// An item of a container under its name in the account.
fn outside(container: &str, item: Item) -> Item {
    Item { name: format!("{container}/{}", item.name), container: Container::Leading, ..item }
}

/// A page of one container, as one of all.
fn of_all(container: &str, page: Page) -> Page {
    let items = page.items.into_iter().map(|item| outside(container, item)).collect();
    let next = match page.next {
        Some(within) => format!("{container}/{within}"),
        None => container.to_owned(),
    };
    let in_use = page.in_use.into_iter().map(|name| format!("{container}/{name}")).collect();
    Page { items, next: Some(next), in_use }
}
