//! All containers of an account whose names match a pattern, as one source.
//!
//! A workspace gets containers as it grows (`azureml-blobstore-GUID`), so they are looked up anew
//! whenever a listing begins or ends one. An item's name is the container's, a slash, the blob's.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::http::Method;
use jiff::Timestamp;
use url::Url;

use crate::adapters::azure::blob::BlobSource;
use crate::adapters::azure::form::call;
use crate::adapters::azure::listing;
use crate::adapters::azure::several::{self, Opened, Several};
use crate::adapters::azure::wire::address::add_query;
use crate::adapters::azure::wire::container::Container;
use crate::config::settings::{Blob, Graph};
use crate::domain::dependents::ours::is_of;
use crate::domain::failure::Failure;
use crate::domain::item::Item;
use crate::domain::layout::{account_name, is_match};
use crate::ports::sources::{Finds, Followed, Source};

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
    opened: Opened<BlobSource>,
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
        let (name, opened) = (name.to_owned(), Opened::default());
        Ok(Self { name, entry, pattern, except, copies, opened })
    }
}

#[async_trait]
impl Several for BlobContainers {
    type One = BlobSource;

    const STRAY: &'static str = "erasing a blob: its container is not ours";

    fn account(&self) -> String {
        self.entry.account()
    }

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
            containers.extend(page.containers.into_iter().filter(|name| self.is_ours(name)));
            marker = page.next_marker;
            if marker.is_none() {
                containers.sort();
                return Ok(containers);
            }
        }
    }

    fn is_ours(&self, container: &str) -> bool {
        let is_copy = self.copies.as_ref().is_some_and(|copies| copies.is_copy(container));
        is_match(&self.pattern, container) && self.except.as_deref() != Some(container) && !is_copy
    }

    fn one(&self, name: &str) -> Arc<BlobSource> {
        self.opened.one(name, || BlobSource::within(&self.name, self.entry.beside(name)))
    }
}

#[async_trait]
impl Source for BlobContainers {
    fn name(&self) -> &str {
        &self.name
    }

    fn place(&self) -> String {
        format!("{} {} {:?}", self.account(), self.pattern, self.except)
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
}

fn last_segment(url: &Url) -> &str {
    url.path().trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

/// The part of the path that says which account it is; emulators have one.
fn account(url: &Url) -> &str {
    url.path().trim_end_matches('/').rsplit_once('/').map_or("", |(account, _)| account)
}
