//! All shares of an account whose names match a pattern, as one source: `code-*` is where a
//! workspace has notebooks.
//!
//! Shares are looked up anew whenever a listing begins or ends one. An item's name is the share's,
//! a slash, the path. Shares that were deleted and could be restored are told: nobody can look into
//! them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;

use crate::adapters::azure_files::lister::Lister;
use crate::adapters::azure_files::listing::ListedShare;
use crate::adapters::azure_files::share::Share;
use crate::adapters::azure_files::source::{ShareSource, deleted};
use crate::config::settings::Blob;
use crate::domain::coverage::place::Known;
use crate::domain::failure::Failure;
use crate::domain::item::Item;
use crate::domain::layout::{
    Container as Where, Containers, Location, OneContainer, account_name, is_match,
};
use crate::ports::sources::{
    Erased, Finds, Followed, Lack, NewForm, Page, Read, Rewritten, Source, Walked,
};

const LISTING: &str = "listing the shares of an account";

/// The source.
pub struct Shares {
    name: String,
    /// Stands for all of them: same account, same way in.
    entry: Arc<Share>,
    lister: Lister,
    pattern: String,
    opened: Mutex<BTreeMap<String, Arc<ShareSource>>>,
}

impl Shares {
    /// The shares of `share`, whose URL ends in a pattern, under the configured `name`. Asks nobody
    /// yet.
    ///
    /// # Errors
    /// Where the URL is no share's or the credential is malformed.
    pub fn open(name: &str, share: &Blob) -> Result<Self, Failure> {
        let pattern = share.url.path().trim_end_matches('/').rsplit('/').next();
        let pattern = pattern.unwrap_or_default().to_owned();
        let entry = Arc::new(Share::open(share)?);
        let (lister, opened) = (Lister::new(Arc::clone(&entry)), Mutex::default());
        Ok(Self { name: name.to_owned(), entry, lister, pattern, opened })
    }

    /// Those that match, as the account lists them.
    async fn listed(&self) -> Result<Vec<ListedShare>, Failure> {
        let prefix = self.pattern.split('*').next().unwrap_or_default();
        let listed = self.lister.shares(prefix).await?;
        let listed = listed.map_err(|answer| answer.failure(LISTING))?;
        Ok(listed.into_iter().filter(|it| is_match(&self.pattern, &it.name)).collect())
    }

    /// The names of those that are there, in order.
    async fn names(&self) -> Result<Vec<String>, Failure> {
        let listed = self.listed().await?.into_iter();
        let is_there = |share: &ListedShare| share.snapshot.is_none() && !share.is_deleted;
        let mut names: Vec<String> = listed.filter(is_there).map(|share| share.name).collect();
        names.sort();
        Ok(names)
    }

    fn share(&self, name: &str) -> Arc<ShareSource> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let open = || Arc::new(ShareSource::within(&self.name, self.entry.beside(name)));
        Arc::clone(opened.entry(name.to_owned()).or_insert_with(open))
    }

    /// The share of an item, and the item there.
    fn placed(&self, item: &Item) -> Result<(Arc<ShareSource>, Item), Failure> {
        let place = item.name.split_once('/').filter(|(it, _)| is_match(&self.pattern, it));
        let (share, name) =
            place.ok_or_else(|| Failure::permanent("finding a file: its share is not ours"))?;
        Ok((self.share(share), Item { name: name.to_owned(), ..item.clone() }))
    }
}

#[async_trait]
impl Source for Shares {
    fn name(&self) -> &str {
        &self.name
    }

    fn place(&self) -> String {
        format!("{} {}", self.entry.entry().account(), self.pattern)
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
        let shares = names.iter().filter_map(|name| name.split_once('/')).map(|(share, _)| share);
        let shares: std::collections::BTreeSet<&str> = shares.collect();
        let mut latest = Some(erased_at);
        for share in shares {
            let after = self.share(share).unrecoverable_after(&[], erased_at).await?;
            latest = latest.zip(after).map(|(latest, after)| latest.max(after));
        }
        Ok(latest)
    }

    async fn ping(&self) -> Result<(), Failure> {
        self.names().await.map(drop)
    }

    async fn lacks(&self) -> Result<Vec<Lack>, Failure> {
        match self.names().await?.first() {
            Some(first) => self.share(first).lacks().await,
            None => Ok(Vec::new()),
        }
    }

    async fn places(&self) -> Result<Vec<Known>, Failure> {
        let listed = self.listed().await?;
        let (gone, there): (Vec<ListedShare>, Vec<ListedShare>) =
            listed.into_iter().filter(|it| it.snapshot.is_none()).partition(|it| it.is_deleted);
        let mut places = Vec::new();
        for share in &there {
            places.extend(self.share(&share.name).places().await?);
        }
        let account = account_name(&self.entry.entry().account()).to_owned();
        // Of one that is there again its own source tells.
        for share in gone.iter().filter(|gone| there.iter().all(|it| it.name != gone.name)) {
            let (account, container) = (account.clone(), share.name.clone());
            places.push(deleted(&share.name, Location { account, container, path: String::new() }));
        }
        Ok(places)
    }
}

#[async_trait]
impl Walked for Shares {
    async fn containers(&self) -> Result<Containers, Failure> {
        let names = self.names().await?;
        let each = names.iter().map(|name| OneContainer::leading(name)).collect();
        Ok(Containers { account: self.entry.entry().account(), each, are_shares: true })
    }

    /// A marker is the share's name and, behind a slash, the marker within it; without a slash that
    /// share was the last to be listed whole. A prefix with a slash is of one share.
    async fn list(&self, prefix: &str, marker: Option<&str>) -> Result<Page, Failure> {
        let (of_share, within) = match prefix.split_once('/') {
            Some((share, within)) => (Some(share), within),
            None => (None, ""),
        };
        let is_wanted = |name: &str| match of_share {
            Some(share) => name == share,
            None => name.starts_with(prefix),
        };
        let (share, at) = match marker.map(|marker| marker.split_once('/')) {
            Some(Some((share, at))) => (share.to_owned(), Some(at)),
            whole => {
                let last = whole.and(marker);
                let is_next = |name: &&String| {
                    is_wanted(name) && last.is_none_or(|last| name.as_str() > last)
                };
                let next = self.names().await?.iter().find(is_next).cloned();
                let Some(next) = next else { return Ok(Page::default()) };
                (next, None)
            }
        };
        let page = match self.share(&share).list(within, at).await {
            Ok(page) => page,
            // Deleted since it was found: that is told of it as a place.
            Err(_) if !self.names().await?.contains(&share) => Page::default(),
            Err(failure) => return Err(failure),
        };
        let items = page.items.into_iter().map(|item| outside(&share, item)).collect();
        let next = page.next.map_or_else(|| share.clone(), |at| format!("{share}/{at}"));
        Ok(Page { items, next: Some(next) })
    }

    async fn read(&self, item: &Item) -> Result<Read, Failure> {
        match self.placed(item) {
            Ok((share, item)) => share.read(&item).await,
            Err(_) => Ok(Read::Refused("name".to_owned())),
        }
    }

    async fn erase(&self, item: &Item) -> Result<Erased, Failure> {
        let (share, item) = self.placed(item)?;
        share.erase(&item).await
    }

    async fn rewrite(&self, item: &Item, form: NewForm) -> Result<Rewritten, Failure> {
        match self.placed(item) {
            Ok((share, item)) => share.rewrite(&item, form).await,
            Err(_) => Ok(Rewritten::Refused("name".to_owned())),
        }
    }

    async fn erase_replaced(&self, item: &Item) -> Result<Erased, Failure> {
        let (share, item) = self.placed(item)?;
        share.erase_replaced(&item).await
    }

    async fn remains(&self, name: &str) -> Result<Vec<Item>, Failure> {
        let place = name.split_once('/').filter(|(share, _)| is_match(&self.pattern, share));
        let Some((share, within)) = place else { return Ok(Vec::new()) };
        let items = self.share(share).remains(within).await?;
        Ok(items.into_iter().map(|item| outside(share, item)).collect())
    }
}

/// An item of a share under its name in the account.
fn outside(share: &str, item: Item) -> Item {
    Item { name: format!("{share}/{}", item.name), container: Where::Leading, ..item }
}
