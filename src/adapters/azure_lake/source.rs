//! A file system as a source: its files and its directories.
//!
//! Pages are those of the service, in its order: it promises none, and nothing needs one but that
//! it is the same each time. A directory is an item of its own, empty or not: its name may speak of
//! somebody when nothing is in it any more.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::http::Method;
use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;

use crate::adapters::azure::download::{self, Ranged, Rest};
use crate::adapters::azure::plain::Plain;
use crate::adapters::azure_lake::changing::eraser::{Eraser, quoted};
use crate::adapters::azure_lake::changing::rewriter::Rewriter;
use crate::adapters::azure_lake::deleted::{self, Deleted};
use crate::adapters::azure_lake::drafted::Drafts;
use crate::adapters::azure_lake::file_system::FileSystem;
use crate::adapters::azure_lake::lacks;
use crate::adapters::azure_lake::lister::Lister;
use crate::adapters::azure_lake::listing::Listed;
use crate::adapters::azure_lake::path::{
    self, Said, Standing, is_absence, is_closed, look, refusal,
};
use crate::adapters::azure_lake::rights::Rights;
use crate::config::settings::Blob;
use crate::domain::coverage::place::Known;
use crate::domain::failure::Failure;
use crate::domain::item::{Item, Kind, Version};
use crate::domain::layout::{Containers, OneContainer};
use crate::ports::sources::{
    Erased, Finds, Followed, Lack, NewForm, Page, Read, Rewritten, Source, Walked, held,
};

/// Paths that are asked about at once.
const ASKED_AT_ONCE: usize = 16;

const READING: &str = "reading a file";

/// The source.
pub struct LakeSource {
    name: String,
    lake: Arc<FileSystem>,
    lister: Lister,
    plain: Plain,
    drafts: Arc<Drafts>,
    deleted: Deleted,
    eraser: Eraser,
    rewriter: Rewriter,
}

impl LakeSource {
    /// The file system under the configured `name`. Asks nobody yet.
    ///
    /// # Errors
    /// Where the URL is no file system's or the credential is malformed.
    pub fn open(name: &str, lake: &Blob) -> Result<Self, Failure> {
        Ok(Self::within(name, FileSystem::open(lake)?))
    }

    /// A file system of which the way in is known.
    pub fn within(name: &str, lake: FileSystem) -> Self {
        let lake = Arc::new(lake);
        let drafts = Arc::new(Drafts::new(Arc::clone(&lake)));
        Self {
            name: name.to_owned(),
            lister: Lister::new(Arc::clone(&lake)),
            plain: Plain::default(),
            deleted: Deleted::of(name, Arc::clone(&lake)),
            eraser: Eraser::new(Arc::clone(&lake), Arc::clone(&drafts)),
            rewriter: Rewriter::new(Arc::clone(&lake), Arc::clone(&drafts)),
            drafts,
            lake,
        }
    }

    /// `None` where it is gone, or a draft. What is not shown of one keeps nobody from listing the
    /// others: its bytes will be refused as well, and that is told.
    async fn item(&self, listed: Listed) -> Result<Option<Item>, Failure> {
        let path = listed.path.as_str();
        if self.drafts.is_hidden(path).await {
            return Ok(None);
        }
        let mut said = if self.plain.holds(path, &listed.etag) {
            Said::plain(&listed)
        } else {
            match look(&self.lake, path).await? {
                Standing::There(said) => {
                    if said.is_plain() {
                        self.plain.add(path, &said.etag);
                    }
                    *said
                }
                Standing::Absent => return Ok(None),
                // Not remembered: nobody told what there is to be said.
                Standing::Closed(..) => Said::plain(&listed),
            }
        };
        if !said.rights.is_whole() {
            said.rights = self.rights(&listed).await?;
        }
        Ok(Some(said.item(&self.name, self.lake.name(), path)))
    }

    /// Those that a listing shows, and where somebody has some by name all of them.
    async fn rights(&self, listed: &Listed) -> Result<Rights, Failure> {
        let shown = Rights::listed(listed);
        if !listed.has_rights_by_name {
            return Ok(shown);
        }
        Ok(path::rights(&self.lake, &listed.path).await?.unwrap_or(shown))
    }

    /// The directory that a prefix means, which no listing of it shows.
    async fn own(&self, prefix: &str) -> Result<Option<Item>, Failure> {
        if !prefix.ends_with('/') || self.lake.url(prefix).is_none() {
            return Ok(None);
        }
        self.form(prefix).await
    }

    async fn form(&self, path: &str) -> Result<Option<Item>, Failure> {
        let mut said = match look(&self.lake, path).await? {
            Standing::There(said) => *said,
            Standing::Absent => return Ok(None),
            // There is something, and no more is told of it.
            Standing::Closed(..) => Said::default(),
        };
        if !said.rights.is_whole()
            && let Some(rights) = path::rights(&self.lake, path).await?
        {
            said.rights = rights;
        }
        Ok(Some(said.item(&self.name, self.lake.name(), path)))
    }

    /// A directory has no bytes.
    async fn read_directory(&self, item: &Item) -> Result<Read, Failure> {
        Ok(match look(&self.lake, &item.name).await? {
            Standing::There(now) if now.etag == item.etag => Read::Bytes(stream::empty().boxed()),
            Standing::There(_) => Read::Changed,
            Standing::Absent => Read::Absent,
            Standing::Closed(status, code) => Read::Refused(refusal(status, &code)),
        })
    }

    async fn read_file(&self, item: &Item) -> Result<Read, Failure> {
        let Some(url) = self.lake.url(&item.name) else {
            return Ok(Read::Refused("name".to_owned()));
        };
        let condition = quoted(&item.etag);
        let headers = [("if-match", condition.as_str())];
        let answer = self.lake.call(READING, Method::Get, url.clone(), &headers).await?;
        Ok(match answer.status {
            200 => {
                let asked = Ranged::Conditional("range");
                let rest = Rest { doing: READING, url, headers: Vec::new(), asked };
                Read::Bytes(download::bytes(Arc::clone(self.lake.entry()), rest, answer))
            }
            _ if is_absence(&answer) => Read::Absent,
            412 => match look(&self.lake, &item.name).await? {
                Standing::There(now) if now.etag == item.etag => {
                    return Err(answer.failure(READING));
                }
                Standing::There(_) => Read::Changed,
                Standing::Absent => Read::Absent,
                Standing::Closed(status, code) => Read::Refused(refusal(status, &code)),
            },
            status if is_closed(&answer) => Read::Refused(refusal(status, &answer.code)),
            _ => return Err(answer.failure(READING)),
        })
    }
}

#[async_trait]
impl Source for LakeSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn place(&self) -> String {
        self.lake.entry().url().to_string()
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
        _: &[String],
        erased_at: Timestamp,
    ) -> Result<Option<Timestamp>, Failure> {
        self.deleted.unrecoverable_after(erased_at).await
    }

    async fn ping(&self) -> Result<(), Failure> {
        self.lister.page("", None).await.map(drop)
    }

    async fn lacks(&self) -> Result<Vec<Lack>, Failure> {
        lacks::lacks(&self.lake, self.deleted.is_policy_known().await?).await
    }

    async fn places(&self) -> Result<Vec<Known>, Failure> {
        let mut places = held(self).await?;
        places.extend(self.deleted.place().await?);
        // Who may not list the account may well be one who may all that is needed here.
        let gone = deleted::file_systems(&self.lake, self.lake.name()).await?.unwrap_or_default();
        if gone.iter().any(|name| name == self.lake.name()) {
            places.push(deleted::gone(&self.lake.entry().account(), self.lake.name()));
        }
        Ok(places)
    }
}

#[async_trait]
impl Walked for LakeSource {
    async fn containers(&self) -> Result<Containers, Failure> {
        let each = vec![OneContainer::whole(Some(self.lake.name()))];
        Ok(Containers { account: self.lake.entry().account(), each, are_shares: false })
    }

    /// A marker is the service's own.
    async fn list(&self, prefix: &str, marker: Option<&str>) -> Result<Page, Failure> {
        let directory = prefix.rsplit_once('/').map_or("", |(directory, _)| directory);
        if prefix.contains('/') && self.lake.url(directory).is_none() {
            return Ok(Page::default());
        }
        let page = self.lister.page(directory, marker).await?;
        let own = match marker {
            None => self.own(prefix).await?,
            Some(_) => None,
        };
        let wanted = page.paths.into_iter().filter(|listed| listed.path.starts_with(prefix));
        let items: Vec<Option<Item>> = stream::iter(wanted)
            .map(|listed| async move { self.item(listed).await })
            .buffered(ASKED_AT_ONCE)
            .try_collect()
            .await?;
        let items = own.into_iter().chain(items.into_iter().flatten()).collect();
        Ok(Page { items, next: page.next, ..Page::default() })
    }

    async fn read(&self, item: &Item) -> Result<Read, Failure> {
        match item.kind {
            _ if item.version != Version::Current => Ok(Read::Absent),
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

    /// Such accounts keep no versions; what soft delete keeps of a file whose path was taken
    /// nobody can remove before its time.
    async fn erase_replaced(&self, _: &Item) -> Result<Erased, Failure> {
        Ok(Erased::AlreadyAbsent)
    }

    async fn remains(&self, name: &str) -> Result<Vec<Item>, Failure> {
        Ok(self.form(name).await?.into_iter().collect())
    }
}
