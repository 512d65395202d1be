//! A blob container as a source: current blobs, their snapshots and their earlier versions.
//!
//! Soft-deleted blobs are not items: nobody can read or erase them, they only expire.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use azure_core::http::Method;
use azure_storage_blob::clients::{BlobServiceClient, BlobServiceClientOptions};
use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::adapters::azure::address::add_query;
use crate::adapters::azure::answer::{Answer, Trouble};
use crate::adapters::azure::container::{Container, in_time};
use crate::adapters::azure::download;
use crate::adapters::azure::listing::{self, ListedBlob, Listing};
use crate::config::settings::Blob;
use crate::domain::failure::Failure;
use crate::domain::item::{Item, Version};
use crate::domain::outcome::Block;
use crate::ports::sources::{Erased, Page, Read, Source};

/// Blobs on a page of a listing of everything; the service's own bound.
const PAGE_BLOBS_MAX: u32 = 5000;
/// Blobs on a page where one name is looked for, which comes first and seldom has many forms.
const REMAINS_PAGE_BLOBS_MAX: u32 = 100;

/// What is asked of a listing, most first. Accounts with a hierarchical namespace know neither tags
/// nor versions, and tags need a permission of their own: what an account does not know is left out
/// from then on. Names that are soft-deleted are never asked for.
const INCLUDES: [&str; 4] = [
    "metadata,snapshots,versions,tags",
    "metadata,snapshots,versions",
    "metadata,snapshots",
    "metadata",
];

/// The source.
pub struct BlobSource {
    name: String,
    container: Arc<Container>,
    /// Index of the first of [`INCLUDES`] that the account is not known to refuse.
    include: AtomicUsize,
}

impl BlobSource {
    /// The container of `blob` under the configured `name`. Asks nobody yet.
    ///
    /// # Errors
    /// Where the URL is no container's or the credential is malformed.
    pub fn open(name: &str, blob: &Blob) -> Result<Self, Failure> {
        let container = Arc::new(Container::open(blob)?);
        Ok(Self { name: name.to_owned(), container, include: AtomicUsize::new(0) })
    }
}

#[async_trait]
impl Source for BlobSource {
    fn name(&self) -> &str {
        &self.name
    }

    async fn list(&self, marker: Option<&str>) -> Result<Page, Failure> {
        let listing = self.listing(None, marker, PAGE_BLOBS_MAX).await?;
        let items = listing.blobs.into_iter().filter(|blob| !blob.is_deleted);
        Ok(Page { items: items.map(|blob| self.item(blob)).collect(), next: listing.next_marker })
    }

    async fn read(&self, item: &Item) -> Result<Read, Failure> {
        const DOING: &str = "reading a blob";
        let Some(url) = self.item_url(item) else {
            return Ok(Read::Refused("name".to_owned()));
        };
        let etag = quoted(&item.etag);
        let condition = condition(item, &etag);
        let answer = self.call(DOING, Method::Get, url.clone(), &condition).await?;
        if answer.is_unwelcome() || answer.is_container_missing() {
            return Err(answer.failure(DOING));
        }
        Ok(match (answer.status, answer.code.as_str()) {
            (200, _) => Read::Bytes(download::bytes(Arc::clone(&self.container), url, answer)),
            (404, _) => Read::Absent,
            (412, _) => match self.look_again(item, url).await? {
                Standing::Absent => Read::Absent,
                Standing::Changed => Read::Changed,
                Standing::Same => return Err(answer.failure(DOING)),
            },
            (403, _) => Read::Refused("forbidden".to_owned()),
            (409, "BlobArchived" | "BlobBeingRehydrated") => Read::Refused("archived".to_owned()),
            (409, "BlobUsesCustomerSpecifiedEncryption") => {
                Read::Refused("customer_key".to_owned())
            }
            _ => return Err(answer.failure(DOING)),
        })
    }

    async fn erase(&self, item: &Item) -> Result<Erased, Failure> {
        const DOING: &str = "erasing a blob";
        let url = self.item_url(item).ok_or_else(|| {
            Failure::permanent("erasing a blob: no URL addresses exactly that name")
        })?;
        let etag = quoted(&item.etag);
        let mut headers = condition(item, &etag);
        if item.version == Version::Current {
            headers.push(("x-ms-delete-snapshots", "include"));
        }
        let answer = self.call(DOING, Method::Delete, url.clone(), &headers).await?;
        if answer.is_unwelcome() || answer.is_container_missing() {
            return Err(answer.failure(DOING));
        }
        Ok(match (answer.status, answer.code.as_str()) {
            (200..300, _) => Erased::Done,
            (404, _) => Erased::AlreadyAbsent,
            (412, code) if code.starts_with("Lease") => Erased::Blocked(Block::Lease),
            // Also what a try gets whose forerunner erased the blob and whose answer was lost.
            (412, _) => match self.look_again(item, url).await? {
                Standing::Absent => Erased::AlreadyAbsent,
                Standing::Changed => Erased::Changed,
                Standing::Same => return Err(answer.failure(DOING)),
            },
            (409, code) if code.contains("Immutable") || code.contains("LegalHold") => {
                Erased::Blocked(self.what_holds(url).await?)
            }
            // An earlier version that has become the current one.
            (403, "OperationNotAllowedOnRootBlob") => Erased::Changed,
            (403, _) => Erased::Blocked(Block::Lock),
            _ => return Err(answer.failure(DOING)),
        })
    }

    async fn remains(&self, name: &str) -> Result<Vec<Item>, Failure> {
        let (mut remains, mut marker) = (Vec::new(), None);
        loop {
            let marked = marker.as_deref();
            let listing = self.listing(Some(name), marked, REMAINS_PAGE_BLOBS_MAX).await?;
            // Listings are sorted, and of all names with this prefix the name itself comes first:
            // another name means that there is no more of this one.
            let has_others = listing.blobs.iter().any(|blob| blob.name != name);
            let own = listing.blobs.into_iter().filter(|blob| blob.name == name);
            remains.extend(own.filter(|blob| !blob.is_deleted).map(|blob| self.item(blob)));
            marker = listing.next_marker;
            if has_others || marker.is_none() {
                return Ok(remains);
            }
        }
    }

    /// Read from the account's soft-delete policy. A credential for one container may not be
    /// allowed to see it, as with a SAS of the container; the horizon is then not known, and `None`
    /// says no more than that we know of none. A warning tells the operator.
    async fn unrecoverable_after(
        &self,
        erased_at: Timestamp,
    ) -> Result<Option<Timestamp>, Failure> {
        let days = match self.retention_days().await {
            Ok(days) => days,
            Err(Trouble::Refused { status: 400..=403, code }) => {
                let source = self.name.as_str();
                tracing::warn!(source, code, "the account's soft-delete policy cannot be read");
                None
            }
            Err(trouble) => return Err(trouble.failure("reading the account's soft-delete policy")),
        };
        let kept = days.map(|days| SignedDuration::from_hours(24 * i64::from(days)));
        Ok(kept.map(|kept| erased_at.checked_add(kept).unwrap_or(Timestamp::MAX)))
    }

    async fn ping(&self) -> Result<(), Failure> {
        self.listing(None, None, 1).await.map(drop)
    }
}

/// What a second look at a blob shows that was not as expected.
enum Standing {
    Absent,
    Changed,
    Same,
}

impl BlobSource {
    async fn call(
        &self,
        doing: &str,
        method: Method,
        url: Url,
        headers: &[(&'static str, &str)],
    ) -> Result<Answer, Failure> {
        let call = self.container.call(method, url, headers).await;
        call.map_err(|trouble| trouble.failure(doing))
    }

    /// The URL of exactly this form of the name.
    fn item_url(&self, item: &Item) -> Option<Url> {
        let mut url = self.container.blob_url(&item.name)?;
        match &item.version {
            Version::Current => {}
            Version::Snapshot(timestamp) => add_query(&mut url, "snapshot", timestamp),
            Version::Previous(id) => add_query(&mut url, "versionid", id),
        }
        Some(url)
    }

    /// Asks a blob for its state after a condition did not hold.
    async fn look_again(&self, item: &Item, url: Url) -> Result<Standing, Failure> {
        const DOING: &str = "looking at a blob again";
        let answer = self.call(DOING, Method::Head, url, &[]).await?;
        match answer.status {
            200 if answer.etag().as_deref() == Some(item.etag.as_str()) => Ok(Standing::Same),
            200 => Ok(Standing::Changed),
            404 if !answer.is_container_missing() => Ok(Standing::Absent),
            _ => Err(answer.failure(DOING)),
        }
    }

    /// One error code stands for both kinds of immutability; the blob itself says which.
    async fn what_holds(&self, url: Url) -> Result<Block, Failure> {
        let answer = self.call("asking what holds a blob", Method::Head, url, &[]).await?;
        let has_hold = answer.header("x-ms-legal-hold") == Some("true");
        Ok(if has_hold { Block::LegalHold } else { Block::Immutable })
    }

    async fn listing(
        &self,
        prefix: Option<&str>,
        marker: Option<&str>,
        blobs_max: u32,
    ) -> Result<Listing, Failure> {
        const DOING: &str = "listing a container";
        let known = self.include.load(Ordering::Relaxed);
        let mut include = known;
        loop {
            let url = self.listing_url(prefix, marker, blobs_max, INCLUDES[include]);
            let answer = self.call(DOING, Method::Get, url, &[]).await?;
            if answer.status == 200 {
                if include > known {
                    self.settle_for(include);
                }
                let body = answer.collect().await.map_err(|trouble| trouble.failure(DOING))?;
                return listing::parse(&body).map_err(|e| Failure::transient(DOING).because(e));
            }
            include += 1;
            if include == INCLUDES.len() || !asks_too_much(&answer, include) {
                return Err(answer.failure(DOING));
            }
        }
    }

    /// Remembers what the account does not know.
    fn settle_for(&self, include: usize) {
        self.include.fetch_max(include, Ordering::Relaxed);
        let (source, include) = (self.name.as_str(), INCLUDES[include]);
        tracing::warn!(source, include, "the account lists less than was asked for");
    }

    fn listing_url(
        &self,
        prefix: Option<&str>,
        marker: Option<&str>,
        blobs_max: u32,
        include: &str,
    ) -> Url {
        let mut url = self.container.authorised_url();
        add_query(&mut url, "comp", "list");
        add_query(&mut url, "include", include);
        add_query(&mut url, "maxresults", &blobs_max.to_string());
        for (name, value) in [("prefix", prefix), ("marker", marker)] {
            if let Some(value) = value {
                add_query(&mut url, name, value);
            }
        }
        url
    }

    fn item(&self, blob: ListedBlob) -> Item {
        let modified = jiff::fmt::rfc2822::parse(&blob.modified).ok();
        Item {
            source: self.name.clone(),
            version: version(&blob),
            name: blob.name,
            etag: blob.etag,
            size: blob.size,
            modified: modified.map(|time| time.timestamp()),
            content_type: blob.content_type,
            metadata: blob.metadata,
            tags: blob.tags,
        }
    }

    /// Days for which the account keeps what is deleted; `None` if it does not.
    async fn retention_days(&self) -> Result<Option<i32>, Trouble> {
        let options = BlobServiceClientOptions {
            client_options: self.container.options(),
            ..BlobServiceClientOptions::default()
        };
        let url = self.container.account_url();
        let client = BlobServiceClient::new(url, None, Some(options));
        let client = client.map_err(|error| Trouble::of(&error))?;
        let answer = in_time(client.get_properties(None)).await?;
        let properties = answer.and_then(|answer| answer.into_model());
        let policy = properties.map_err(|error| Trouble::of(&error))?.delete_retention_policy;
        Ok(policy.filter(|policy| policy.enabled == Some(true)).and_then(|policy| policy.days))
    }
}

/// Whether a smaller listing may be answered where this one was refused: a missing permission is
/// about tags, the last thing that was asked for; an unknown parameter about any of it.
fn asks_too_much(answer: &Answer, next: usize) -> bool {
    let is_unknown = answer.code.contains("QueryParameter") || answer.code.contains("NotSupported");
    (answer.is_not_permitted() && next == 1) || is_unknown
}

fn version(blob: &ListedBlob) -> Version {
    match (&blob.snapshot, &blob.version_id) {
        (Some(snapshot), _) => Version::Snapshot(snapshot.clone()),
        (None, Some(id)) if !blob.is_current_version => Version::Previous(id.clone()),
        (None, _) => Version::Current,
    }
}

/// A snapshot and a version are named by the moment they were made and never change; the current
/// form is whatever was written last and needs its `ETag`.
fn condition<'a>(item: &Item, etag: &'a str) -> Vec<(&'static str, &'a str)> {
    match item.version {
        Version::Current => vec![("if-match", etag)],
        Version::Snapshot(_) | Version::Previous(_) => Vec::new(),
    }
}

fn quoted(etag: &str) -> String {
    format!("\"{etag}\"")
}
