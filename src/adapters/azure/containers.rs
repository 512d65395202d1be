//! All containers of an account whose names match a pattern, as one source.
//!
//! A workspace gets containers as it grows (`azureml-blobstore-GUID`), so they are looked up anew
//! whenever a listing begins or ends one. An item's name is the container's, a slash, the blob's.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use azure_core::http::Method;
use jiff::Timestamp;
use url::Url;

use crate::adapters::azure::blob::BlobSource;
use crate::adapters::azure::form::call;
use crate::adapters::azure::listing;
use crate::adapters::azure::wire::address::add_query;
use crate::adapters::azure::wire::container::Container;
use crate::config::settings::{Blob, Graph};
use crate::domain::dependents::ours::is_of;
use crate::domain::failure::Failure;
use crate::domain::item::Item;
use crate::domain::layout::{Container as Where, Containers, OneContainer, account_name, is_match};
use crate::ports::sources::{
    Erased, Finds, Followed, NewForm, Page, Read, Rewritten, Source, Walked,
};

const LISTING: &str = "listing the containers of an account";

/// The source.
pub struct BlobContainers {
    name: String,
    /// Stands for all of them: same account, same way in.
    entry: Container,
    pattern: String,
    /// The container of the archives, which is nobody's data but ours.
    except: Option<String>,
    /// Whose containers lie beside that, and are its copy of what is in no source.
    copies: Option<Graph>,
    opened: Mutex<BTreeMap<String, Arc<BlobSource>>>,
}

impl BlobContainers {
    /// The containers of `blob`, whose URL ends in a pattern, under the configured `name`, but for
    /// the container of `archives` and those of `copies` beside it. Asks nobody yet.
    ///
    /// # Errors
    /// Where the URL is no container's or the credential is malformed.
    pub fn open(
        name: &str,
        blob: &Blob,
        archives: Option<&Url>,
        copies: Option<&Graph>,
    ) -> Result<Self, Failure> {
        let entry = Container::open(blob)?;
        let pattern = last_segment(&blob.url).to_owned();
        // Under another of its hosts it is the same account.
        let except = archives.filter(|archives| {
            let is_beside =
                archives.origin() == blob.url.origin() && account(archives) == account(&blob.url);
            is_beside || is_of(archives, account_name(blob.url.as_str()))
        });
        let copies = copies.filter(|_| except.is_some()).cloned();
        let except = except.map(|archives| last_segment(archives).to_owned());
        let (name, opened) = (name.to_owned(), Mutex::default());
        Ok(Self { name, entry, pattern, except, copies, opened })
    }

    fn matches(&self, container: &str) -> bool {
        let is_copy = self.copies.as_ref().is_some_and(|copies| copies.is_copy(container));
        is_match(&self.pattern, container) && self.except.as_deref() != Some(container) && !is_copy
    }

    /// The containers there are, in the order of the service, which is that of their names.
    async fn names(&self) -> Result<Vec<String>, Failure> {
        let prefix = self.pattern.split('*').next().unwrap_or_default();
        let (mut containers, mut marker) = (Vec::new(), None::<String>);
        loop {
            let mut url = self.entry.account_url();
            add_query(&mut url, "comp", "list");
            for (name, value) in [("prefix", Some(prefix)), ("marker", marker.as_deref())] {
                if let Some(value) = value.filter(|value| !value.is_empty()) {
                    add_query(&mut url, name, value);
                }
            }
            let answer = call(&self.entry, LISTING, Method::Get, url, &[]).await?;
            if answer.status != 200 {
                return Err(answer.failure(LISTING));
            }
            let body = answer.collect().await.map_err(|trouble| trouble.failure(LISTING))?;
            let page = listing::parse(&body);
            let page = page.map_err(|error| Failure::transient(LISTING).because(error))?;
            containers.extend(page.containers.into_iter().filter(|name| self.matches(name)));
            marker = page.next_marker;
            if marker.is_none() {
                containers.sort();
                return Ok(containers);
            }
        }
    }

    fn container(&self, name: &str) -> Arc<BlobSource> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let open = || Arc::new(BlobSource::within(&self.name, self.entry.beside(name)));
        Arc::clone(opened.entry(name.to_owned()).or_insert_with(open))
    }

    /// The container of a name, and its name there.
    fn place<'a>(&self, name: &'a str) -> Option<(Arc<BlobSource>, &'a str)> {
        let (container, name) = name.split_once('/')?;
        self.matches(container).then(|| (self.container(container), name))
    }

    /// The same for an item.
    fn placed(&self, item: &Item) -> Option<(Arc<BlobSource>, Item)> {
        let (container, name) = self.place(&item.name)?;
        Some((container, Item { name: name.to_owned(), ..item.clone() }))
    }
}

#[async_trait]
impl Source for BlobContainers {
    fn name(&self) -> &str {
        &self.name
    }

    fn place(&self) -> String {
        format!("{} {} {:?}", self.entry.account(), self.pattern, self.except)
    }

    fn finds(&self) -> Finds<'_> {
        Finds::Walk(self)
    }

    /// What is erased here is gone at once.
    async fn follow(&self, _: &Item, _: &str) -> Result<Followed, Failure> {
        Ok(Followed::Unknown)
    }

    async fn unrecoverable_after(
        &self,
        names: &[String],
        erased_at: Timestamp,
    ) -> Result<Option<Timestamp>, Failure> {
        let mut by_container: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (container, name) in names.iter().filter_map(|name| name.split_once('/')) {
            by_container.entry(container).or_default().push(name.to_owned());
        }
        let mut latest = Some(erased_at);
        for (container, names) in by_container {
            let after = self.container(container).unrecoverable_after(&names, erased_at).await?;
            latest = latest.zip(after).map(|(latest, after)| latest.max(after));
        }
        Ok(latest)
    }

    async fn ping(&self) -> Result<(), Failure> {
        self.names().await.map(drop)
    }
}

#[async_trait]
impl Walked for BlobContainers {
    async fn containers(&self) -> Result<Containers, Failure> {
        let names = self.names().await?;
        let each = names.iter().map(|name| OneContainer::leading(name)).collect();
        Ok(Containers { account: self.entry.account(), each, are_shares: false })
    }

    /// A marker is the container's name and, behind a slash, the marker within it; without a slash
    /// that container was the last to be listed whole. A prefix with a slash is of one container.
    async fn list(&self, prefix: &str, marker: Option<&str>) -> Result<Page, Failure> {
        let (of_container, prefix_within) = match prefix.split_once('/') {
            Some((container, prefix)) => (Some(container), prefix),
            None => (None, ""),
        };
        let is_wanted = |name: &str| match of_container {
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
        let page = match self.container(&container).list(prefix_within, within).await {
            Ok(page) => page,
            // Deleted since it was found: it holds nothing.
            Err(_) if !self.names().await?.contains(&container) => Page::default(),
            Err(failure) => return Err(failure),
        };
        let items = page.items.into_iter().map(|item| outside(&container, item)).collect();
        let next = match page.next {
            Some(within) => format!("{container}/{within}"),
            None => container,
        };
        Ok(Page { items, next: Some(next) })
    }

    async fn read(&self, item: &Item) -> Result<Read, Failure> {
        match self.placed(item) {
            Some((container, item)) => container.read(&item).await,
            None => Ok(Read::Refused("name".to_owned())),
        }
    }

    async fn erase(&self, item: &Item) -> Result<Erased, Failure> {
        match self.placed(item) {
            Some((container, item)) => container.erase(&item).await,
            None => Err(Failure::permanent("erasing a blob: its container is not ours")),
        }
    }

    async fn rewrite(&self, item: &Item, form: NewForm) -> Result<Rewritten, Failure> {
        match self.placed(item) {
            Some((container, item)) => container.rewrite(&item, form).await,
            None => Ok(Rewritten::Refused("name".to_owned())),
        }
    }

    async fn erase_replaced(&self, item: &Item) -> Result<Erased, Failure> {
        match self.placed(item) {
            Some((container, item)) => container.erase_replaced(&item).await,
            None => Err(Failure::permanent("erasing a blob: its container is not ours")),
        }
    }

    async fn remains(&self, name: &str) -> Result<Vec<Item>, Failure> {
        let Some((source, within)) = self.place(name) else { return Ok(Vec::new()) };
        let items = source.remains(within).await?;
        let container = name.split('/').next().unwrap_or_default();
        Ok(items.into_iter().map(|item| outside(container, item)).collect())
    }
}

/// An item of a container under its name in the account.
fn outside(container: &str, item: Item) -> Item {
    Item { name: format!("{container}/{}", item.name), container: Where::Leading, ..item }
}

fn last_segment(url: &Url) -> &str {
    url.path().trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

/// The part of the path that says which account it is; emulators have one.
fn account(url: &Url) -> &str {
    url.path().trim_end_matches('/').rsplit_once('/').map_or("", |(account, _)| account)
}
