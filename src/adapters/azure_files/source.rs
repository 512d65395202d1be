//! A file share as a source: its files and empty directories, and those that snapshots of it keep.
//!
//! Pages are in the byte order of paths, the share as it is now first, then snapshot by snapshot,
//! oldest first. Erasing a file takes none of its forms in snapshots along, so that they need not
//! stand beside it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use azure_core::http::Method;
use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;

use crate::adapters::azure::download::{self, Ranged, Rest};
use crate::adapters::azure::plain::Plain;
use crate::adapters::azure_files::changing::eraser::Eraser;
use crate::adapters::azure_files::changing::rewriter::Rewriter;
use crate::adapters::azure_files::changing::{draft, lease};
use crate::adapters::azure_files::file::{
    Said, Standing, is_absence, is_closed, is_of_the_name, look, refusal, snapshot_of,
};
use crate::adapters::azure_files::lister::{Entered, Lister};
use crate::adapters::azure_files::rights;
use crate::adapters::azure_files::share::Share;
use crate::adapters::azure_files::snapshots::{Snapshots, Told};
use crate::adapters::azure_files::walk::{Found, Walk};
use crate::config::settings::Blob;
use crate::domain::coverage::place::{Known, Looked, PlaceSort};
use crate::domain::failure::Failure;
use crate::domain::item::{Item, Kind, Version};
use crate::domain::layout::{Containers, Location, OneContainer, account_name};
use crate::ports::sources::{
    ByteStream, Erased, Finds, Followed, Lack, NewForm, Page, Read, Rewritten, Source, Walked,
};

/// Items of a page.
const PAGE_ITEMS_MAX: usize = 1000;
/// Files that are asked about at once.
const ASKED_AT_ONCE: usize = 16;
/// Walks that may go on where they are, and for how long they can.
const WALKS_MAX: usize = 16;
const WALK_KEPT: Duration = Duration::from_secs(300);
/// Files with more bytes are looked at once more when all have come: the service may have given
/// them out piece by piece.
const ONE_PIECE_BYTES: u64 = 4 * 1024 * 1024;

const READING: &str = "reading a file";

/// The source.
pub struct ShareSource {
    name: String,
    share: Arc<Share>,
    lister: Arc<Lister>,
    snapshots: Snapshots,
    plain: Plain,
    eraser: Eraser,
    rewriter: Rewriter,
    walks: Mutex<Vec<Kept>>,
}

/// A walk that has come to the end of a page, by its prefix and the marker of the next.
struct Kept {
    prefix: String,
    marker: String,
    at: Instant,
    walk: Walk,
}

impl ShareSource {
    /// The share under the configured `name`. Asks nobody yet.
    ///
    /// # Errors
    /// Where the URL is no share's or the credential is malformed.
    pub fn open(name: &str, share: &Blob) -> Result<Self, Failure> {
        Ok(Self::within(name, Share::open(share)?))
    }

    /// A share of which the way in is known.
    pub fn within(name: &str, share: Share) -> Self {
        let share = Arc::new(share);
        let lister = Arc::new(Lister::new(Arc::clone(&share)));
        let snapshots = Snapshots::of(share.name(), Arc::clone(&lister));
        let eraser = Eraser::new(Arc::clone(&share), Arc::clone(&lister));
        let rewriter = Rewriter::new(Arc::clone(&share), Arc::clone(&lister));
        let (plain, walks) = Default::default();
        Self { name: name.to_owned(), share, lister, snapshots, plain, eraser, rewriter, walks }
    }

    /// What is known of its own snapshots, as places of it; `at` is where it is.
    pub fn places_of(&self, told: &Told) -> Vec<Known> {
        let at = Location {
            account: account_name(&self.share.entry().account()).to_owned(),
            container: self.share.name().to_owned(),
            path: String::new(),
        };
        let own = Known {
            sort: PlaceSort::FileShare,
            name: self.share.name().to_owned(),
            place: Some(at.clone()),
            looked: Looked::Looked,
            why: String::new(),
        };
        let beside = match told {
            Told::All { is_deleted_before: false, .. } => None,
            Told::All { is_deleted_before: true, .. } => Some(deleted(self.share.name(), at)),
            Told::Nothing(code) => Some(Known {
                sort: PlaceSort::Backup,
                name: format!("snapshots of {}", self.share.name()),
                place: None,
                looked: Looked::Refused,
                why: code.clone(),
            }),
        };
        std::iter::once(own).chain(beside).collect()
    }

    /// The walk that goes on behind a marker, and the snapshot that it is in.
    fn walk(&self, prefix: &str, marker: &str) -> (Option<String>, Walk) {
        let (snapshot, after) = marker.split_once('/').unwrap_or_default();
        let snapshot = Some(snapshot).filter(|it| !it.is_empty()).map(str::to_owned);
        let mut walks = self.walks.lock().unwrap_or_else(PoisonError::into_inner);
        walks.retain(|kept| kept.at.elapsed() < WALK_KEPT);
        let is_it = |kept: &Kept| kept.prefix == prefix && kept.marker == marker;
        let walk = match walks.iter().position(is_it) {
            Some(index) => walks.swap_remove(index).walk,
            None => Walk::new(snapshot.as_deref(), prefix, after),
        };
        (snapshot, walk)
    }

    fn keep(&self, prefix: &str, marker: &str, walk: Walk) {
        let (prefix, marker, at) = (prefix.to_owned(), marker.to_owned(), Instant::now());
        let mut walks = self.walks.lock().unwrap_or_else(PoisonError::into_inner);
        walks.retain(|kept| kept.prefix != prefix || kept.marker != marker);
        if walks.len() >= WALKS_MAX {
            walks.remove(0);
        }
        walks.push(Kept { prefix, marker, at, walk });
    }

    /// The items of what was found, each asked for what a listing does not show.
    async fn items(&self, found: Vec<Found>, snapshot: Option<&str>) -> Result<Vec<Item>, Failure> {
        let items: Vec<Option<Item>> = stream::iter(found)
            .map(|found| async move { self.item(found, snapshot).await })
            .buffered(ASKED_AT_ONCE)
            .try_collect()
            .await?;
        Ok(items.into_iter().flatten().collect())
    }

    /// `None` where it is gone. What is not shown of one keeps nobody from listing the others: its
    /// bytes will be refused as well, and that is told.
    async fn item(
        &self,
        Found { path, listed, is_draft, is_open }: Found,
        snapshot: Option<&str>,
    ) -> Result<Option<Item>, Failure> {
        // One that stays although nobody writes it is a file like others.
        if is_draft && draft::remove_if_left(&self.share, &self.lister, &path).await.is_ok() {
            return Ok(None);
        }
        // What is open may be longer by now than it was listed.
        let said = if !is_open && self.plain.holds(&path, &listed.etag) {
            Said::plain(&listed)
        } else {
            match look(&self.share, &path, snapshot).await? {
                Standing::There(said) => {
                    if said.is_plain() {
                        self.plain.add(&path, &said.etag);
                    }
                    *said
                }
                Standing::Absent => return Ok(None),
                // Not remembered: nobody told what there is to be said.
                Standing::Pending | Standing::Closed(..) => Said::plain(&listed),
            }
        };
        Ok(Some(self.item_of(said, &path, snapshot)))
    }

    fn item_of(&self, said: Said, path: &str, snapshot: Option<&str>) -> Item {
        let version = match snapshot {
            Some(at) => Version::ShareSnapshot(at.to_owned()),
            None => Version::Current,
        };
        said.item(&self.name, self.share.name(), path, version)
    }

    /// The form of a path in the share as it is now, or in a snapshot.
    async fn form(&self, path: &str, snapshot: Option<&str>) -> Result<Option<Item>, Failure> {
        if path.ends_with('/') {
            match self.lister.is_empty(path, snapshot).await? {
                Entered::In(true) => {}
                Entered::In(false) | Entered::Absent => return Ok(None),
                Entered::Closed(..) => return self.as_listed(path, snapshot).await,
            }
        }
        match look(&self.share, path, snapshot).await? {
            Standing::There(said) => Ok(Some(self.item_of(*said, path, snapshot))),
            Standing::Absent => Ok(None),
            Standing::Closed(status, _) if is_of_the_name(status) => {
                self.as_listed(path, snapshot).await
            }
            // There is something, and no more is told of it.
            Standing::Pending | Standing::Closed(..) => {
                Ok(Some(self.item_of(Said::default(), path, snapshot)))
            }
        }
    }

    /// The form that a listing shows of a path of which no more is told.
    async fn as_listed(&self, path: &str, snapshot: Option<&str>) -> Result<Option<Item>, Failure> {
        let listed = self.lister.listed(path, snapshot).await?;
        Ok(listed.map(|listed| self.item_of(Said::plain(&listed), path, snapshot)))
    }

    /// A directory has no bytes; it may have something in it by now.
    async fn read_directory(&self, item: &Item) -> Result<Read, Failure> {
        let snapshot = snapshot_of(&item.version);
        match self.lister.is_empty(&item.name, snapshot).await? {
            Entered::In(true) => {}
            Entered::In(false) | Entered::Absent => return Ok(Read::Absent),
            Entered::Closed(status, code) => return Ok(Read::Refused(refusal(status, &code))),
        }
        Ok(match look(&self.share, &item.name, snapshot).await? {
            Standing::There(now) if now.etag == item.etag => Read::Bytes(stream::empty().boxed()),
            Standing::There(_) => Read::Changed,
            Standing::Absent => Read::Absent,
            Standing::Pending => Read::Refused(refusal(409, "DeletePending")),
            Standing::Closed(status, code) => Read::Refused(refusal(status, &code)),
        })
    }

    /// What is left of the bytes of a file that changed while they were read.
    fn checked(&self, item: &Item, bytes: ByteStream) -> ByteStream {
        if item.size <= ONE_PIECE_BYTES || item.version != Version::Current {
            return bytes;
        }
        let (share, item) = (Arc::clone(&self.share), item.clone());
        let look_again = async move {
            match look(&share, &item.name, None).await? {
                Standing::There(said) if said.is(&item) => Ok(bytes::Bytes::new()),
                _ => Err(Failure::transient("reading a file: it was written meanwhile")),
            }
        };
        bytes.chain(stream::once(look_again)).boxed()
    }

    async fn read_file(&self, item: &Item) -> Result<Read, Failure> {
        let snapshot = snapshot_of(&item.version);
        let Some(url) = self.share.file_url(&item.name, snapshot) else {
            return Ok(Read::Refused("name".to_owned()));
        };
        let answer = self.share.call(READING, Method::Get, url.clone(), &[]).await?;
        if is_absence(&answer, snapshot.is_some()) {
            return Ok(Read::Absent);
        }
        if answer.is_unwelcome() || answer.is_container_missing() {
            return Err(answer.failure(READING));
        }
        let is_leased = answer.header("x-ms-lease-state") == Some("leased");
        if is_leased && snapshot.is_none() {
            // One of ours that ended too early may have left it.
            let etag = answer.etag().unwrap_or_default();
            lease::give_back(&self.share, &item.name, &etag).await;
        }
        let size = answer.header("content-length").and_then(|length| length.parse().ok());
        let is_it = answer.etag().as_deref() == Some(item.etag.as_str()) && size == Some(item.size);
        Ok(match (answer.status, answer.code.as_str()) {
            (200, _) if is_it => {
                let headers = self.share.headers();
                let asked = Ranged::Compared;
                let rest = Rest { doing: READING, url, headers, asked };
                let bytes = download::bytes(Arc::clone(self.share.entry()), rest, answer);
                Read::Bytes(self.checked(item, bytes))
            }
            (200, _) => Read::Changed,
            (status, code) if is_closed(&answer) => Read::Refused(refusal(status, code)),
            _ => return Err(answer.failure(READING)),
        })
    }
}

/// A share that was deleted and can be restored: nobody can look into it.
pub fn deleted(name: &str, at: Location) -> Known {
    Known {
        sort: PlaceSort::FileShare,
        name: format!("{name} (soft-deleted)"),
        place: Some(at),
        looked: Looked::CannotBeLookedAt,
        why: "soft_deleted".to_owned(),
    }
}

#[async_trait]
impl Source for ShareSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn place(&self) -> String {
        self.share.entry().url().to_string()
    }

    fn finds(&self) -> Finds<'_> {
        Finds::Walk(self)
    }

    /// What is erased here is gone at once.
    async fn follow(&self, _: &Item, _: &str) -> Result<Followed, Failure> {
        Ok(Followed::Unknown)
    }

    /// The service keeps no deleted files; what snapshots keep goes with them, whenever that is.
    async fn unrecoverable_after(
        &self,
        _: &[String],
        erased_at: Timestamp,
    ) -> Result<Option<Timestamp>, Failure> {
        let is_kept = match self.snapshots.now().await? {
            Told::All { snapshots, .. } => !snapshots.is_empty(),
            Told::Nothing(_) => true,
        };
        Ok((!is_kept).then_some(erased_at))
    }

    async fn ping(&self) -> Result<(), Failure> {
        self.lister.is_empty("", None).await.map(drop)
    }

    async fn lacks(&self) -> Result<Vec<Lack>, Failure> {
        rights::lacks(&self.share, &self.lister, &self.snapshots).await
    }

    async fn places(&self) -> Result<Vec<Known>, Failure> {
        let told = self.snapshots.lately().await?;
        Ok(self.places_of(&told))
    }
}

#[async_trait]
impl Walked for ShareSource {
    async fn containers(&self) -> Result<Containers, Failure> {
        let each = vec![OneContainer::whole(Some(self.share.name()))];
        Ok(Containers { account: self.share.entry().account(), each, are_shares: true })
    }

    /// A marker is the timestamp of a snapshot, or nothing, and behind a slash the path that the
    /// listing has come to.
    async fn list(&self, prefix: &str, marker: Option<&str>) -> Result<Page, Failure> {
        let marker = marker.unwrap_or("/");
        let (snapshot, mut walk) = self.walk(prefix, marker);
        let (found, is_over) = walk.page(&self.lister, PAGE_ITEMS_MAX).await?;
        let open = found.iter().filter(|found| found.is_open);
        let in_use = open.map(|found| found.path.clone()).collect();
        let items = self.items(found, snapshot.as_deref()).await?;
        if !is_over {
            let next = format!("{}/{}", snapshot.unwrap_or_default(), walk.after());
            self.keep(prefix, &next, walk);
            return Ok(Page { items, next: Some(next), in_use });
        }
        let told = self.snapshots.now().await?;
        if let (Told::Nothing(_), Some(_)) = (&told, &snapshot) {
            // There may be more of them, and whoever asked knows of some already.
            return Err(Failure::transient("listing the snapshots of a share: refused meanwhile"));
        }
        let is_next = |at: &&String| snapshot.as_ref().is_none_or(|snapshot| *at > snapshot);
        let next = told.timestamps().iter().find(is_next).map(|at| format!("{at}/"));
        Ok(Page { items, next, in_use })
    }

    async fn read(&self, item: &Item) -> Result<Read, Failure> {
        match item.kind {
            Kind::Directory => self.read_directory(item).await,
            _ => self.read_file(item).await,
        }
    }

    async fn erase(&self, item: &Item) -> Result<Erased, Failure> {
        self.eraser.erase(item).await
    }

    async fn rewrite(&self, item: &Item, form: NewForm) -> Result<Rewritten, Failure> {
        self.rewriter.rewrite(item, form).await
    }

    /// Nothing is kept of a file whose path was taken, but what snapshots keep.
    async fn erase_replaced(&self, _: &Item) -> Result<Erased, Failure> {
        Ok(Erased::AlreadyAbsent)
    }

    async fn remains(&self, name: &str) -> Result<Vec<Item>, Failure> {
        let told = self.snapshots.lately().await?;
        let snapshots = told.timestamps().iter().cloned().map(Some);
        let all: Vec<Option<String>> = std::iter::once(None).chain(snapshots).collect();
        let forms: Vec<Option<Item>> = stream::iter(all)
            .map(|at| async move { self.form(name, at.as_deref()).await })
            .buffered(ASKED_AT_ONCE)
            .try_collect()
            .await?;
        Ok(forms.into_iter().flatten().collect())
    }
}
