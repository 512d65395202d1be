//! Several containers or shares of one account as one source: a name is that of the container, a
//! slash, and the name there.

use std::sync::Arc;

use async_trait::async_trait;

use crate::domain::failure::Failure;
use crate::domain::item::Item;
use crate::domain::layout::Container;
use crate::ports::sources::{Erased, NewForm, Page, Read, Rewritten, Walked};

/// Those of an account that belong to a source.
#[async_trait]
pub trait Several: Send + Sync {
    /// One of them as a source of its own.
    type One: Walked;

    /// What is wrong with an item that is in none of them.
    const STRAY: &'static str;

    /// Those that there are now, in the order of their names.
    async fn names(&self) -> Result<Vec<String>, Failure>;

    /// Whether one of that name belongs to the source.
    fn is_ours(&self, name: &str) -> bool;

    /// The one of that name.
    fn one(&self, name: &str) -> Arc<Self::One>;
}

/// See [`Walked::list`].
///
/// A marker is the container's name and, behind a slash, the marker within it; without a slash that
/// container was the last to be listed whole. A prefix with a slash is of one container.
///
/// # Errors
/// Those of the containers.
pub async fn list<S: Several>(
    several: &S,
    prefix: &str,
    marker: Option<&str>,
) -> Result<Page, Failure> {
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
            let all = several.names().await?;
            let is_next =
                |name: &&String| is_wanted(name) && last.is_none_or(|last| name.as_str() > last);
            let next = all.iter().find(is_next).cloned();
            let Some(next) = next else { return Ok(Page::default()) };
            (next, None)
        }
    };
    let page = match several.one(&container).list(prefix_within, within).await {
        Ok(page) => page,
        // Deleted since it was found: it holds nothing.
        Err(_) if !several.names().await?.contains(&container) => Page::default(),
        Err(failure) => return Err(failure),
    };
    let items = page.items.into_iter().map(|item| outside(&container, item)).collect();
    let next = match page.next {
        Some(within) => format!("{container}/{within}"),
        None => container,
    };
    Ok(Page { items, next: Some(next) })
}

/// See [`Walked::read`].
///
/// # Errors
/// Those of the container.
pub async fn read<S: Several>(several: &S, item: &Item) -> Result<Read, Failure> {
    match placed(several, item) {
        Some((one, item)) => one.read(&item).await,
        None => Ok(Read::Refused("name".to_owned())),
    }
}

/// See [`Walked::erase`].
///
/// # Errors
/// It is in none of them; those of the container.
pub async fn erase<S: Several>(several: &S, item: &Item) -> Result<Erased, Failure> {
    match placed(several, item) {
        Some((one, item)) => one.erase(&item).await,
        None => Err(Failure::permanent(S::STRAY)),
    }
}

/// See [`Walked::rewrite`].
///
/// # Errors
/// Those of the container.
pub async fn rewrite<S: Several>(
    several: &S,
    item: &Item,
    form: NewForm,
) -> Result<Rewritten, Failure> {
    match placed(several, item) {
        Some((one, item)) => one.rewrite(&item, form).await,
        None => Ok(Rewritten::Refused("name".to_owned())),
    }
}

/// See [`Walked::erase_replaced`].
///
/// # Errors
/// It is in none of them; those of the container.
pub async fn erase_replaced<S: Several>(several: &S, item: &Item) -> Result<Erased, Failure> {
    match placed(several, item) {
        Some((one, item)) => one.erase_replaced(&item).await,
        None => Err(Failure::permanent(S::STRAY)),
    }
}

/// See [`Walked::remains`].
///
/// # Errors
/// Those of the container.
pub async fn remains<S: Several>(several: &S, name: &str) -> Result<Vec<Item>, Failure> {
    let Some((container, within)) = place(several, name) else { return Ok(Vec::new()) };
    let items = several.one(container).remains(within).await?;
    Ok(items.into_iter().map(|item| outside(container, item)).collect())
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
