//! Asks a container what it holds, and as much about it as the account knows.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use azure_core::http::Method;
use url::Url;

use crate::adapters::azure::form::call;
use crate::adapters::azure::listing::{self, ListedBlob, Listing};
use crate::adapters::azure::wire::address::add_query;
use crate::adapters::azure::wire::answer::Answer;
use crate::adapters::azure::wire::container::Container;
use crate::domain::failure::Failure;

/// Blobs on a page where one name is looked for, which comes first and seldom has many forms.
const FORMS_PAGE_BLOBS_MAX: u32 = 100;

/// Tries of one page whose body breaks off.
const PAGE_TRIES_MAX: u32 = 3;

/// The header that says where the next page starts, where a page does not say so itself.
const CONTINUATION: &str = "x-ms-continuation";

/// What is asked of a listing, most first. Accounts with a hierarchical namespace know neither tags
/// nor versions, and tags need a permission of their own: what an account does not know is left out
/// from then on.
const INCLUDES: [&str; 5] = [
    "copy,metadata,snapshots,versions,tags",
    "copy,metadata,snapshots,versions",
    "copy,metadata,snapshots",
    "copy,metadata",
    "metadata",
];
/// Index of the first of [`INCLUDES`] without versions: an account with a hierarchical namespace.
const WITHOUT_VERSIONS: usize = 2;
/// What is asked for where soft-deleted forms are looked for.
const DELETED_INCLUDE: &str = "deleted,snapshots,versions";

const LISTING: &str = "listing a container";

/// Lists one container.
pub struct Lister {
    source: String,
    container: Arc<Container>,
    /// Index of the first of [`INCLUDES`] that the account is not known to refuse.
    include: AtomicUsize,
}

/// What of a container is listed.
#[derive(Clone, Copy, Default)]
struct Wanted<'a> {
    /// What the names begin with.
    prefix: &'a str,
    /// The first name, if it is not the first of all.
    first: &'a str,
    /// Where the page before it ended.
    marker: Option<&'a str>,
}

impl Lister {
    /// Lists for the source of that name.
    pub fn new(source: &str, container: Arc<Container>) -> Self {
        Self { source: source.to_owned(), container, include: AtomicUsize::new(0) }
    }

    /// One page of everything under this prefix that is not soft-deleted.
    ///
    /// # Errors
    /// Where the container cannot be listed.
    pub async fn page(
        &self,
        prefix: &str,
        marker: Option<&str>,
        blobs_max: u32,
    ) -> Result<Listing, Failure> {
        let wanted = Wanted { prefix, marker, ..Wanted::default() };
        self.listed(wanted, blobs_max).await?.map_err(|answer| answer.failure(LISTING))
    }

    /// One page of everything from this name on that is not soft-deleted; `None` where the account
    /// does not begin a listing at a name.
    ///
    /// The service knows `startFrom` since version 2026-02-06, and takes it for the first name that
    /// is shown (azure-rest-api-specs, pull request 34846). What order names have in a hierarchical
    /// namespace is not said anywhere, and nobody asks there.
    ///
    /// # Errors
    /// Where the container cannot be listed.
    pub async fn page_from(
        &self,
        first: &str,
        marker: Option<&str>,
        blobs_max: u32,
    ) -> Result<Option<Listing>, Failure> {
        let is_flat = || self.include.load(Ordering::Relaxed) < WITHOUT_VERSIONS;
        if !is_flat() {
            return Ok(None);
        }
        let wanted = Wanted { first, marker, ..Wanted::default() };
        match self.listed(wanted, blobs_max).await? {
            Ok(listing) => Ok(Some(listing).filter(|_| is_flat())),
            Err(answer) if answer.status == 400 && marker.is_none() => Ok(None),
            Err(answer) => Err(answer.failure(LISTING)),
        }
    }

    /// A page with as much about each blob as the account knows, or the answer that is none.
    async fn listed(
        &self,
        wanted: Wanted<'_>,
        blobs_max: u32,
    ) -> Result<Result<Listing, Answer>, Failure> {
        let known = self.include.load(Ordering::Relaxed);
        let mut include = known;
        loop {
            let answer = match self.ask(wanted, blobs_max, INCLUDES[include]).await? {
                Ok(listing) => {
                    if include > known {
                        self.settle_for(include);
                    }
                    return Ok(Ok(listing));
                }
                Err(answer) => answer,
            };
            include += 1;
            if include == INCLUDES.len() || !asks_too_much(&answer, include) {
                return Ok(Err(answer));
            }
        }
    }

    /// All forms of a name, soft-deleted ones excepted.
    ///
    /// # Errors
    /// Where the container cannot be listed.
    pub async fn forms(&self, name: &str) -> Result<Vec<ListedBlob>, Failure> {
        let (mut forms, mut marker) = (Vec::new(), None);
        loop {
            let page = self.page(name, marker.as_deref(), FORMS_PAGE_BLOBS_MAX).await?;
            marker = take(name, page, &mut forms);
            if marker.is_none() {
                forms.retain(|form| !form.is_deleted);
                return Ok(forms);
            }
        }
    }

    /// The soft-deleted forms of a name; `None` where the account does not show them to us.
    ///
    /// # Errors
    /// Where the container cannot be listed.
    pub async fn deleted(&self, name: &str) -> Result<Option<Vec<ListedBlob>>, Failure> {
        let (mut forms, mut marker) = (Vec::new(), None::<String>);
        loop {
            let wanted = Wanted { prefix: name, marker: marker.as_deref(), ..Wanted::default() };
            match self.ask(wanted, FORMS_PAGE_BLOBS_MAX, DELETED_INCLUDE).await? {
                Ok(page) => marker = take(name, page, &mut forms),
                Err(answer) if matches!(answer.status, 400 | 403) && !answer.is_unwelcome() => {
                    return Ok(None);
                }
                Err(answer) => return Err(answer.failure(LISTING)),
            }
            if marker.is_none() {
                forms.retain(|form| form.is_deleted);
                return Ok(Some(forms));
            }
        }
    }

    /// A page, or the answer that is none.
    async fn ask(
        &self,
        wanted: Wanted<'_>,
        blobs_max: u32,
        include: &str,
    ) -> Result<Result<Listing, Answer>, Failure> {
        let url = self.url(wanted, blobs_max, include);
        let ask = || call(&self.container, LISTING, Method::Get, url.clone(), &[]);
        let asked = asked(LISTING, ask, listing::parse).await?;
        Ok(asked.map(|(listing, _)| listing))
    }

    fn url(&self, wanted: Wanted<'_>, blobs_max: u32, include: &str) -> Url {
        let Wanted { prefix, first, marker } = wanted;
        let mut url = self.container.authorised_url();
        add_query(&mut url, "comp", "list");
        add_query(&mut url, "include", include);
        add_query(&mut url, "maxresults", &blobs_max.to_string());
        let marker = marker.unwrap_or_default();
        for (name, value) in [("prefix", prefix), ("startFrom", first), ("marker", marker)] {
            if !value.is_empty() {
                add_query(&mut url, name, value);
            }
        }
        url
    }

    /// Remembers what the account does not know.
    fn settle_for(&self, include: usize) {
        self.include.fetch_max(include, Ordering::Relaxed);
        let (source, include) = (self.source.as_str(), INCLUDES[include]);
        tracing::warn!(source, include, "the account lists less than was asked for");
    }
}

/// A page, and where a header says that the next one starts; or the answer that is none.
///
/// One that breaks off is asked for again: the pipeline tries requests again, but not bodies, and a
/// walk that fails here begins anew.
///
/// # Errors
/// Where there is no answer; the last try broke off, or was no page.
pub async fn asked<T, E, F>(
    doing: &str,
    ask: impl Fn() -> F,
    read: impl Fn(&[u8]) -> Result<T, E>,
) -> Result<Result<(T, Option<String>), Answer>, Failure>
where
    E: Error + Send + Sync + 'static,
    F: Future<Output = Result<Answer, Failure>>,
{
    let mut tries = 0;
    loop {
        let answer = ask().await?;
        if answer.status != 200 {
            return Ok(Err(answer));
        }
        tries += 1;
        let next = answer.given(CONTINUATION).map(str::to_owned);
        let page = match answer.collect().await {
            Ok(body) => read(&body).map_err(|error| Failure::transient(doing).because(error)),
            Err(trouble) => Err(trouble.failure(doing)),
        };
        match page {
            Err(failure) if tries == PAGE_TRIES_MAX => return Err(failure),
            Err(_) => {}
            Ok(page) => return Ok(Ok((page, next))),
        }
    }
}

/// Takes the forms of `name` from a page, and says where more of them may be. Listings are sorted,
/// and of all names with this prefix the name itself comes first: another name means that there is
/// no more of this one.
fn take(name: &str, page: Listing, forms: &mut Vec<ListedBlob>) -> Option<String> {
    let has_others = page.blobs.iter().any(|blob| blob.name != name);
    forms.extend(page.blobs.into_iter().filter(|blob| blob.name == name));
    page.next_marker.filter(|_| !has_others)
}

/// Whether a smaller listing may be answered where this one was refused: a missing permission is
/// about tags, the last thing that was asked for; an unknown parameter about any of it.
fn asks_too_much(answer: &Answer, next: usize) -> bool {
    let is_unknown = answer.code.contains("QueryParameter") || answer.code.contains("NotSupported");
    (answer.is_not_permitted() && next == 1) || is_unknown
}
