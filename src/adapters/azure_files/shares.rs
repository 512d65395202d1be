//! All shares of an account whose names match a pattern, as one source: `code-*` is where a
//! workspace has notebooks.
//!
//! Shares are looked up anew whenever a listing begins or ends one. An item's name is the share's,
//! a slash, the path. Shares that were deleted and could be restored are told: nobody can look into
//! them.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::adapters::azure::several::{self, Opened, Several};
use crate::adapters::azure_files::lister::Lister;
use crate::adapters::azure_files::listing::ListedShare;
use crate::adapters::azure_files::share::Share;
use crate::adapters::azure_files::source::{ShareSource, deleted};
use crate::config::settings::Blob;
use crate::domain::coverage::place::Known;
use crate::domain::failure::Failure;
use crate::domain::item::Item;
use crate::domain::layout::{Location, account_name, is_match};
use crate::ports::sources::{Finds, Followed, Lack, Source};

const LISTING: &str = "listing the shares of an account";

/// The source.
pub struct Shares {
    name: String,
    /// Stands for all of them: same account, same way in.
    entry: Arc<Share>,
    lister: Lister,
    pattern: String,
    opened: Opened<ShareSource>,
}

impl Shares {
    /// The shares of `share`, whose URL ends in a pattern, under the configured `name`. Asks nobody
    /// yet.
    ///
    /// # Errors
    /// Where the URL is no share's or the credential is malformed.
    pub fn open(name: &str, share: &Blob) -> Result<Self, Failure> {
        let pattern = share.container().to_owned();
        let entry = Arc::new(Share::open(share)?);
        let (lister, opened) = (Lister::new(Arc::clone(&entry)), Opened::default());
        Ok(Self { name: name.to_owned(), entry, lister, pattern, opened })
    }

    /// Those that match, as the account lists them.
    async fn listed(&self) -> Result<Vec<ListedShare>, Failure> {
        let prefix = self.pattern.split('*').next().unwrap_or_default();
        let listed = self.lister.shares(prefix).await?;
        let listed = listed.map_err(|answer| answer.failure(LISTING))?;
        Ok(listed.into_iter().filter(|it| is_match(&self.pattern, &it.name)).collect())
    }
}

#[async_trait]
impl Several for Shares {
    type One = ShareSource;

    const STRAY: &'static str = "finding a file: its share is not ours";

    const ARE_SHARES: bool = true;

    fn account(&self) -> String {
        self.entry.entry().account()
    }

    async fn names(&self) -> Result<Vec<String>, Failure> {
        let listed = self.listed().await?.into_iter();
        let is_there = |share: &ListedShare| share.snapshot.is_none() && !share.is_deleted;
        let mut names: Vec<String> = listed.filter(is_there).map(|share| share.name).collect();
        names.sort();
        Ok(names)
    }

    fn is_ours(&self, share: &str) -> bool {
        is_match(&self.pattern, share)
    }

    fn one(&self, name: &str) -> Arc<ShareSource> {
        self.opened.one(name, || ShareSource::within(&self.name, self.entry.beside(name)))
    }
}

#[async_trait]
impl Source for Shares {
    fn name(&self) -> &str {
        &self.name
    }

    fn place(&self) -> String {
        format!("{} {}", self.account(), self.pattern)
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
        several::unrecoverable_after(self, names, erased_at).await
    }

    async fn ping(&self) -> Result<(), Failure> {
        self.names().await.map(drop)
    }

    async fn lacks(&self) -> Result<Vec<Lack>, Failure> {
        match self.names().await?.first() {
            Some(first) => self.one(first).lacks().await,
            None => Ok(Vec::new()),
        }
    }

    async fn places(&self) -> Result<Vec<Known>, Failure> {
        let listed = self.listed().await?;
        let (gone, there): (Vec<ListedShare>, Vec<ListedShare>) =
            listed.into_iter().filter(|it| it.snapshot.is_none()).partition(|it| it.is_deleted);
        let mut places = Vec::new();
        for share in &there {
            places.extend(self.one(&share.name).places().await?);
        }
        let account = account_name(&self.account()).to_owned();
        // Of one that is there again its own source tells.
        for share in gone.iter().filter(|gone| there.iter().all(|it| it.name != gone.name)) {
            let (account, container) = (account.clone(), share.name.clone());
            places.push(deleted(&share.name, Location { account, container, path: String::new() }));
        }
        Ok(places)
    }
}
