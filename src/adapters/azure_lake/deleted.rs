//! What an account keeps of deleted paths and file systems, and for how long. Its `blob` endpoint
//! alone tells.
//!
//! Such accounts have neither versions nor snapshots that a deletion would leave, and nothing that
//! is soft-deleted can be deleted for good: it expires.

use std::sync::Arc;
use std::time::Duration;

use azure_core::http::Method;
use jiff::{SignedDuration, Timestamp};

use crate::adapters::azure::changing::retention::{Retention, Retentions};
use crate::adapters::azure::lister::asked;
use crate::adapters::azure::listing;
use crate::adapters::azure::wire::address::add_query;
use crate::adapters::azure::wire::lately::Lately;
use crate::adapters::azure_lake::file_system::FileSystem;
use crate::domain::coverage::place::{Known, Looked, PlaceSort};
use crate::domain::failure::Failure;
use crate::domain::layout::{Location, account_name};

const LISTING: &str = "listing the deleted paths of a file system";
const LISTING_ALL: &str = "listing the deleted file systems of an account";
/// Time for which it is believed that there are some.
const BELIEVED: Duration = Duration::from_secs(30);
/// Pages in a row that may have nothing on them.
const EMPTY_PAGES_MAX: u32 = 1_000;

/// Asks for those of one file system.
pub struct Deleted {
    lake: Arc<FileSystem>,
    retentions: Retentions,
    known: Lately<Kept>,
}

/// Whether there are deleted paths.
#[derive(Debug, PartialEq, Eq)]
enum Kept {
    Some,
    None,
    /// We may not see it. The service's own code.
    Untold(String),
}

/// The names of file systems of the account that begin so, were deleted and can be restored; or the
/// service's own code, where we may not see it.
///
/// # Errors
/// Where the account does not answer.
pub async fn file_systems(
    lake: &FileSystem,
    prefix: &str,
) -> Result<Result<Vec<String>, String>, Failure> {
    let (mut names, mut marker) = (Vec::new(), String::new());
    loop {
        let mut url = lake.blobs().account_url();
        for (name, value) in
            [("comp", "list"), ("include", "deleted"), ("prefix", prefix), ("marker", &marker)]
        {
            if !value.is_empty() {
                add_query(&mut url, name, value);
            }
        }
        let ask = || lake.call(LISTING_ALL, Method::Get, url.clone(), &[]);
        match asked(LISTING_ALL, ask, listing::parse).await? {
            Ok((page, _)) => {
                names.extend(page.deleted_containers);
                let Some(next) = page.next_marker else { return Ok(Ok(names)) };
                marker = next;
            }
            Err(answer) if matches!(answer.status, 400..=403) => return Ok(Err(answer.code)),
            Err(answer) => return Err(answer.failure(LISTING_ALL)),
        }
    }
}

/// A file system that was deleted and can be restored: nobody can look into it.
pub fn gone(account: &str, name: &str) -> Known {
    let (account, container) = (account_name(account).to_owned(), name.to_owned());
    Known {
        sort: PlaceSort::Container,
        name: format!("{name} (soft-deleted)"),
        place: Some(Location { account, container, path: String::new() }),
        looked: Looked::CannotBeLookedAt,
        why: "soft_deleted".to_owned(),
    }
}

impl Deleted {
    /// Asks for the source of that name.
    pub fn of(source: &str, lake: Arc<FileSystem>) -> Self {
        let retentions = Retentions::new(source, Arc::clone(lake.blobs()));
        Self { lake, retentions, known: Lately::of(BELIEVED) }
    }

    /// When the last can be restored of what was erased by then; `None` where nobody tells.
    ///
    /// # Errors
    /// Where the account does not answer.
    pub async fn unrecoverable_after(
        &self,
        erased_at: Timestamp,
    ) -> Result<Option<Timestamp>, Failure> {
        Ok(match self.retentions.now().await? {
            Retention::None => Some(erased_at),
            Retention::Days { days, .. } => {
                let days = SignedDuration::from_hours(24 * i64::from(days));
                Some(erased_at.checked_add(days).unwrap_or(Timestamp::MAX))
            }
            Retention::Unknown => None,
        })
    }

    /// Whether we are told for how long the account keeps what is deleted.
    ///
    /// # Errors
    /// Where it does not answer.
    pub async fn is_policy_known(&self) -> Result<bool, Failure> {
        Ok(self.retentions.now().await? != Retention::Unknown)
    }

    /// What there is of deleted paths, as a place that nobody can look at.
    ///
    /// # Errors
    /// Where the account does not answer.
    pub async fn place(&self) -> Result<Option<Known>, Failure> {
        let kept = self.known.get(|_| self.ask()).await?;
        let (looked, why) = match &*kept {
            Kept::None => return Ok(None),
            Kept::Some => (Looked::CannotBeLookedAt, "soft_deleted"),
            Kept::Untold(code) => (Looked::Refused, code.as_str()),
        };
        Ok(Some(Known {
            sort: PlaceSort::Backup,
            name: format!("deleted paths of {}", self.lake.name()),
            place: None,
            looked,
            why: why.to_owned(),
        }))
    }

    async fn ask(&self) -> Result<Kept, Failure> {
        let mut marker = None::<String>;
        for _ in 0..EMPTY_PAGES_MAX {
            let mut url = self.lake.blobs().authorised_url();
            for (name, value) in [("comp", "list"), ("showonly", "deleted"), ("maxResults", "1")] {
                add_query(&mut url, name, value);
            }
            if let Some(marker) = &marker {
                add_query(&mut url, "marker", marker);
            }
            let answer = self.lake.call(LISTING, Method::Get, url, &[]).await?;
            if matches!(answer.status, 400..=403) && !answer.is_unwelcome() {
                return Ok(Kept::Untold(answer.code));
            }
            if answer.status != 200 {
                return Err(answer.failure(LISTING));
            }
            let body = answer.collect().await.map_err(|trouble| trouble.failure(LISTING))?;
            let page = listing::parse(&body);
            let page = page.map_err(|error| Failure::transient(LISTING).because(error))?;
            if page.blobs.iter().any(|blob| blob.is_deleted) {
                return Ok(Kept::Some);
            }
            marker = page.next_marker;
            if marker.is_none() {
                return Ok(Kept::None);
            }
        }
        Err(Failure::transient("listing the deleted paths of a file system: no end"))
    }
}
