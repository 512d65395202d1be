//! A blob container as a source: current blobs, their snapshots and their earlier versions.
//!
//! Soft-deleted blobs are not items: nobody can read them. What the account keeps of an erased one
//! is the business of [`crate::adapters::azure::changing::eraser`].

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::http::Method;
use jiff::Timestamp;

use crate::adapters::azure::changing::eraser::Eraser;
use crate::adapters::azure::changing::rewriter::Rewriter;
use crate::adapters::azure::download::{self, Ranged, Rest};
use crate::adapters::azure::form::{self, Standing, call, look_again};
use crate::adapters::azure::lister::Lister;
use crate::adapters::azure::listing::{INVALID_NAME, ListedBlob, Listing, keep};
use crate::adapters::azure::wire::container::Container;
use crate::config::settings::Blob;
use crate::domain::failure::Failure;
use crate::domain::item::{Item, Kind, Version};
use crate::domain::layout::{Container as Where, Containers, OneContainer};
use crate::ports::sources::{
    Erased, Finds, Followed, NewForm, Page, Read, Rewritten, Source, Walked,
};

/// Blobs on a page of a listing of everything; the service's own bound.
const PAGE_BLOBS_MAX: u32 = 5000;

/// The source.
pub struct BlobSource {
    name: String,
    container: Arc<Container>,
    lister: Arc<Lister>,
    eraser: Arc<Eraser>,
    rewriter: Rewriter,
}

impl BlobSource {
    /// The container of `blob` under the configured `name`. Asks nobody yet.
    ///
    /// # Errors
    /// Where the URL is no container's or the credential is malformed.
    pub fn open(name: &str, blob: &Blob) -> Result<Self, Failure> {
        Ok(Self::within(name, Container::open(blob)?))
    }

    /// A container of which the way in is known.
    pub fn within(name: &str, container: Container) -> Self {
        let container = Arc::new(container);
        let lister = Arc::new(Lister::new(name, Arc::clone(&container)));
        let eraser = Arc::new(Eraser::new(name, Arc::clone(&container), Arc::clone(&lister)));
        let rewriter = Rewriter::new(Arc::clone(&container), Arc::clone(&eraser));
        Self { name: name.to_owned(), container, lister, eraser, rewriter }
    }

    async fn page(&self, listing: Listing) -> Result<Page, Failure> {
        let blobs = listing.blobs.into_iter().filter(|blob| !blob.is_deleted);
        let items = self.items(blobs.collect()).await?;
        Ok(Page { items, next: listing.next_marker, ..Page::default() })
    }

    async fn items(&self, blobs: Vec<ListedBlob>) -> Result<Vec<Item>, Failure> {
        let mut items = Vec::with_capacity(blobs.len());
        for blob in blobs {
            let mut item = self.item(blob);
            if item.metadata.contains_key(INVALID_NAME) {
                self.ask_metadata(&mut item).await?;
            }
            items.push(item);
        }
        Ok(items)
    }

    /// Asks for metadata that the listing could not show. What a refusal hides is nobody's loss:
    /// the bytes will be refused as well, and that is told.
    async fn ask_metadata(&self, item: &mut Item) -> Result<(), Failure> {
        const DOING: &str = "reading the metadata of a blob";
        let Some(url) = form::url(&self.container, item) else { return Ok(()) };
        let answer = call(&self.container, DOING, Method::Head, url, &[]).await?;
        match answer.status {
            200 => {}
            404 if !answer.is_container_missing() => return Ok(()),
            403 if !answer.is_unwelcome() => return Ok(()),
            _ => return Err(answer.failure(DOING)),
        }
        let is_listed = |metadata: &BTreeMap<String, String>, name: &str| {
            metadata.keys().any(|listed| listed.eq_ignore_ascii_case(name))
        };
        for (name, value) in answer.metadata() {
            if !is_listed(&item.metadata, name) {
                keep(&mut item.metadata, name, value.to_owned());
            }
        }
        Ok(())
    }

    fn item(&self, blob: ListedBlob) -> Item {
        let modified = jiff::fmt::rfc2822::parse(&blob.modified).ok();
        let version = version(&blob);
        Item {
            source: self.name.clone(),
            version_id: blob.version_id.filter(|_| version == Version::Current),
            version,
            name: blob.name,
            container: Where::Named(self.container.name().to_owned()),
            etag: blob.etag,
            size: blob.size,
            modified: modified.map(|time| time.timestamp()),
            kind: if blob.is_directory { Kind::Directory } else { Kind::Bytes },
            content_type: blob.content_type,
            content_encoding: blob.content_encoding,
            properties: blob.properties,
            metadata: blob.metadata,
            tags: blob.tags,
        }
    }
}

#[async_trait]
impl Source for BlobSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn place(&self) -> String {
        self.container.url().to_string()
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
        self.eraser.unrecoverable_after(names, erased_at).await
    }

    async fn ping(&self) -> Result<(), Failure> {
        self.lister.page("", None, 1).await.map(drop)
    }
}

#[async_trait]
impl Walked for BlobSource {
    async fn containers(&self) -> Result<Containers, Failure> {
        let each = vec![OneContainer::whole(Some(self.container.name()))];
        Ok(Containers { account: self.container.account(), each, are_shares: false })
    }

    async fn list(&self, prefix: &str, marker: Option<&str>) -> Result<Page, Failure> {
        self.page(self.lister.page(prefix, marker, PAGE_BLOBS_MAX).await?).await
    }

    async fn list_from(&self, first: &str, marker: Option<&str>) -> Result<Option<Page>, Failure> {
        match self.lister.page_from(first, marker, PAGE_BLOBS_MAX).await? {
            Some(listing) => self.page(listing).await.map(Some),
            None => Ok(None),
        }
    }

    async fn read(&self, item: &Item) -> Result<Read, Failure> {
        const DOING: &str = "reading a blob";
        let Some(url) = form::url(&self.container, item) else {
            return Ok(Read::Refused("name".to_owned()));
        };
        let condition = form::condition(item);
        let headers: Vec<(&'static str, &str)> =
            condition.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = call(&self.container, DOING, Method::Get, url.clone(), &headers).await?;
        if answer.is_unwelcome() || answer.is_container_missing() {
            return Err(answer.failure(DOING));
        }
        let refused = |word: &str| Read::Refused(format!("{word}: {}", answer.code));
        Ok(match (answer.status, answer.code.as_str()) {
            (200, _) => {
                let asked = Ranged::Conditional("x-ms-range");
                let rest = Rest { doing: DOING, url, headers: Vec::new(), asked };
                Read::Bytes(download::bytes(Arc::clone(&self.container), rest, answer))
            }
            (404, _) => Read::Absent,
            (412, _) => match look_again(&self.container, item, url).await? {
                Standing::Absent => Read::Absent,
                Standing::Changed => Read::Changed,
                Standing::Same => return Err(answer.failure(DOING)),
            },
            (403, _) => refused("forbidden"),
            (409, "BlobArchived" | "BlobBeingRehydrated") => refused("archived"),
            (409, "BlobUsesCustomerSpecifiedEncryption") => refused("customer_key"),
            _ => return Err(answer.failure(DOING)),
        })
    }

    async fn erase(&self, item: &Item) -> Result<Erased, Failure> {
        self.eraser.erase(item).await
    }

    async fn rewrite(&self, item: &Item, form: NewForm) -> Result<Rewritten, Failure> {
        self.rewriter.rewrite(item, form).await
    }

    async fn erase_replaced(&self, item: &Item) -> Result<Erased, Failure> {
        self.eraser.erase_replaced(item).await
    }

    async fn remains(&self, name: &str) -> Result<Vec<Item>, Failure> {
        let forms = self.lister.forms(name).await?;
        self.items(forms).await
    }
}

fn version(blob: &ListedBlob) -> Version {
    match (&blob.snapshot, &blob.version_id) {
        (Some(snapshot), _) => Version::Snapshot(snapshot.clone()),
        (None, Some(id)) if !blob.is_current_version => Version::Previous(id.clone()),
        (None, _) => Version::Current,
    }
}
