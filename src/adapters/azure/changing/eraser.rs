//! Erases forms of blobs, and for good where the account allows it.
//!
//! The service keeps what is deleted. With versioning, deleting the current form leaves it as an
//! earlier version; with soft delete, every deleted form stays until it expires. So there are three
//! steps, in the only order that the service admits: delete the form; delete the version that it
//! has become; where the account allows permanent deletion, delete the soft-deleted copies. A
//! soft-deleted current form cannot be deleted for good; it expires. Each step is safe to repeat,
//! and "not there" is as good as done.
//!
//! Sources: the published specification (`BlobDeleteType`, `DeleteRetentionPolicy`) and "Soft
//! delete for blobs" in Microsoft's documentation.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use azure_core::http::Method;
use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::adapters::azure::changing::retention::{Retention, Retentions};
use crate::adapters::azure::form::{self, Standing, barrier, call, look_again};
use crate::adapters::azure::lister::Lister;
use crate::adapters::azure::listing::ListedBlob;
use crate::adapters::azure::wire::address::add_query;
use crate::adapters::azure::wire::container::Container;
use crate::domain::failure::Failure;
use crate::domain::item::{Item, Kind, Version};
use crate::domain::outcome::{Barrier, Block};
use crate::ports::sources::Erased;

const DOING: &str = "erasing a blob";
/// Time for which it is believed that an account keeps no versions: people change that seldom.
const BELIEVED: Duration = Duration::from_secs(10);
/// Names asked for their soft-deleted copies at the same time.
const NAMES_AT_ONCE: usize = 8;

/// Erases in one container.
pub struct Eraser {
    source: String,
    container: Arc<Container>,
    lister: Arc<Lister>,
    retentions: Retentions,
    /// Whether somebody was told that copies cannot be deleted for good.
    warned: AtomicBool,
    /// When a deletion last left no version behind.
    no_versions_at: Mutex<Option<Instant>>,
}

impl Eraser {
    /// Erases for the source of that name.
    pub fn new(source: &str, container: Arc<Container>, lister: Arc<Lister>) -> Self {
        let retentions = Retentions::new(source, Arc::clone(&container));
        let source = source.to_owned();
        Self {
            source,
            container,
            lister,
            retentions,
            warned: AtomicBool::new(false),
            no_versions_at: Mutex::default(),
        }
    }

    /// See `Source::erase`.
    ///
    /// # Errors
    /// See `Source::erase`.
    pub async fn erase(&self, item: &Item) -> Result<Erased, Failure> {
        let url = form::url(&self.container, item).ok_or_else(|| {
            Failure::permanent("erasing a blob: no URL addresses exactly that name")
        })?;
        let mut erased = self.delete(item, url).await?;
        if let Some(id) = self.version_left(item, &erased).await? {
            erased = match self.delete_version(item, &id).await? {
                Erased::AlreadyAbsent => erased,
                other => other,
            };
        }
        if matches!(erased, Erased::Done | Erased::AlreadyAbsent) {
            self.purge(item).await?;
        }
        Ok(erased)
    }

    /// See `Source::erase_replaced`.
    ///
    /// # Errors
    /// See `Source::erase_replaced`.
    pub async fn erase_replaced(&self, item: &Item) -> Result<Erased, Failure> {
        let url = form::url(&self.container, item).ok_or_else(|| {
            Failure::permanent("erasing a blob: no URL addresses exactly that name")
        })?;
        match look_again(&self.container, item, url).await? {
            Standing::Same => Ok(Erased::AlreadyAbsent),
            Standing::Absent | Standing::Changed => self.erase_behind(item, true).await,
        }
    }

    /// The same for a form that does not stand any more, in an account that may keep versions.
    ///
    /// # Errors
    /// See `Source::erase_replaced`.
    pub async fn erase_behind(&self, item: &Item, versions: bool) -> Result<Erased, Failure> {
        let version = match &item.version_id {
            Some(id) => Some(id.clone()),
            None if versions => self.version_of(item).await?,
            None => None,
        };
        let erased = match version {
            Some(id) => self.delete_version(item, &id).await?,
            None => Erased::AlreadyAbsent,
        };
        let is_purged = match erased {
            Erased::Done | Erased::AlreadyAbsent => self.purge(item).await?,
            Erased::Blocked(_) | Erased::Changed | Erased::Begun(_) => false,
        };
        Ok(if is_purged { Erased::Done } else { erased })
    }

    /// The version that a form has become which was deleted. One that was written before the
    /// account kept versions has no id before: it is looked for, unless a deletion showed a moment
    /// ago that the account keeps none.
    async fn version_left(&self, item: &Item, erased: &Erased) -> Result<Option<String>, Failure> {
        if !matches!(erased, Erased::Done | Erased::AlreadyAbsent)
            || item.version != Version::Current
        {
            return Ok(None);
        }
        if item.version_id.is_some() {
            return Ok(item.version_id.clone());
        }
        let keeps_none = || {
            let none_at = self.no_versions_at.lock().unwrap_or_else(PoisonError::into_inner);
            none_at.is_some_and(|at: Instant| at.elapsed() < BELIEVED)
        };
        if *erased == Erased::Done && keeps_none() {
            return Ok(None);
        }
        let version = self.version_of(item).await?;
        if version.is_none() && *erased == Erased::Done {
            let none_at = self.no_versions_at.lock();
            *none_at.unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
        Ok(version)
    }

    /// What was written before the account kept versions became one when it was written over.
    async fn version_of(&self, item: &Item) -> Result<Option<String>, Failure> {
        let is_it = |form: &ListedBlob| {
            form.snapshot.is_none() && !form.is_current_version && form.etag == item.etag
        };
        let forms = self.lister.forms(&item.name).await?;
        Ok(forms.into_iter().find(is_it).and_then(|form| form.version_id))
    }

    async fn delete_version(&self, item: &Item, id: &str) -> Result<Erased, Failure> {
        let past = Item { version: Version::Previous(id.to_owned()), ..item.clone() };
        let url = form::url(&self.container, &past).expect("the name has a URL");
        self.delete(&past, url).await
    }

    /// See `Source::unrecoverable_after`. Where copies can be deleted for good it counts what is
    /// really left of each name, and else what the account's policy says.
    ///
    /// # Errors
    /// Where the account does not answer.
    pub async fn unrecoverable_after(
        &self,
        names: &[String],
        erased_at: Timestamp,
    ) -> Result<Option<Timestamp>, Failure> {
        let (days, purges) = match self.retentions.now().await? {
            Retention::None => return Ok(Some(erased_at)),
            Retention::Unknown => return Ok(None),
            Retention::Days { days, purges } => (days, purges),
        };
        if !purges {
            return Ok(Some(later(erased_at, days)));
        }
        let latest: Vec<Timestamp> = stream::iter(names.to_vec())
            .map(|name| async move { self.expiry(&name, erased_at, days).await })
            .buffer_unordered(NAMES_AT_ONCE)
            .try_collect()
            .await?;
        Ok(Some(latest.into_iter().max().unwrap_or(erased_at)))
    }

    /// When the last soft-deleted copy of a name expires.
    async fn expiry(
        &self,
        name: &str,
        erased_at: Timestamp,
        days: i32,
    ) -> Result<Timestamp, Failure> {
        let Some(copies) = self.lister.deleted(name).await? else {
            return Ok(later(erased_at, days));
        };
        let expiry = |copy: ListedBlob| {
            let deleted = jiff::fmt::rfc2822::parse(&copy.deleted);
            later(deleted.map_or(erased_at, |time| time.timestamp()), days)
        };
        Ok(copies.into_iter().map(expiry).max().map_or(erased_at, |last| last.max(erased_at)))
    }

    async fn delete(&self, item: &Item, url: Url) -> Result<Erased, Failure> {
        let condition = form::condition(item);
        let mut headers: Vec<(&'static str, &str)> =
            condition.iter().map(|(name, value)| (*name, value.as_str())).collect();
        // A directory has none, and may not be asked about them.
        if item.version == Version::Current && item.kind != Kind::Directory {
            headers.push(("x-ms-delete-snapshots", "include"));
        }
        let mut answer =
            call(&self.container, DOING, Method::Delete, url.clone(), &headers).await?;
        // A blob that is marked as a directory, in an account that has none.
        if answer.code == "SnapshotsPresent" {
            headers.push(("x-ms-delete-snapshots", "include"));
            answer = call(&self.container, DOING, Method::Delete, url.clone(), &headers).await?;
        }
        if answer.is_unwelcome() || answer.is_container_missing() {
            return Err(answer.failure(DOING));
        }
        // An earlier version that has become the current one.
        if answer.code == "OperationNotAllowedOnRootBlob" {
            return Ok(Erased::Changed);
        }
        // Of a directory: what is in it is not ours, or came meanwhile.
        if answer.status == 409 && answer.code.contains("NotEmpty") {
            return Ok(Erased::Blocked(Barrier::new(Block::Lock, &answer.code)));
        }
        if let Some(barrier) = barrier(&self.container, answer.status, &answer.code, &url).await? {
            return Ok(Erased::Blocked(barrier));
        }
        // A try whose forerunner erased the blob, and whose answer was lost, finds it gone.
        let gone = if answer.is_repeat { Erased::Done } else { Erased::AlreadyAbsent };
        Ok(match answer.status {
            200..300 => Erased::Done,
            404 => gone,
            412 => match look_again(&self.container, item, url).await? {
                Standing::Absent => gone,
                Standing::Changed => Erased::Changed,
                Standing::Same => return Err(answer.failure(DOING)),
            },
            _ => return Err(answer.failure(DOING)),
        })
    }

    /// Deletes for good what the account keeps of an erased form. What was soft-deleted under the
    /// name before goes too when its current form is erased: nobody can read it to judge it, and
    /// its owners deleted it already. Says whether there was anything.
    async fn purge(&self, item: &Item) -> Result<bool, Failure> {
        if !matches!(self.retentions.now().await?, Retention::Days { purges: true, .. }) {
            return Ok(false);
        }
        let Some(copies) = self.lister.deleted(&item.name).await? else {
            self.warn("");
            return Ok(false);
        };
        let mut is_purged = false;
        for copy in copies {
            let version = match (copy.snapshot, copy.version_id) {
                (Some(timestamp), _) => Version::Snapshot(timestamp),
                (None, Some(id)) => Version::Previous(id),
                (None, None) => continue,
            };
            if item.version != Version::Current && item.version != version {
                continue;
            }
            let form = Item { version, ..item.clone() };
            let mut url = form::url(&self.container, &form).expect("the name has a URL");
            add_query(&mut url, "deletetype", "permanent");
            let answer = call(&self.container, DOING, Method::Delete, url, &[]).await?;
            match answer.status {
                200..300 => is_purged = true,
                404 => {}
                // It stays soft-deleted until it expires, and the horizon says so.
                400..=403 | 409 | 412 if !answer.is_unwelcome() => self.warn(&answer.code),
                _ => return Err(answer.failure(DOING)),
            }
        }
        Ok(is_purged)
    }

    fn warn(&self, code: &str) {
        if !self.warned.swap(true, Ordering::Relaxed) {
            let source = self.source.as_str();
            tracing::warn!(
                source,
                code,
                "soft-deleted copies cannot be deleted for good, they expire: grant the data \
                 action blobs/permanentDelete, or the SAS permission y"
            );
        }
    }
}

fn later(time: Timestamp, days: i32) -> Timestamp {
    time.checked_add(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MAX)
}
