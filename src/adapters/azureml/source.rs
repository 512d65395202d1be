//! A workspace as a source: its resources are listed and read like items.

use std::time::Duration;

use async_trait::async_trait;
use futures::stream::{self, StreamExt};
use jiff::Timestamp;

use crate::adapters::azure::wire::lately::Lately;
use crate::adapters::azureml::dependents::around::Lookout;
use crate::adapters::azureml::dependents::removal::Removal;
use crate::adapters::azureml::documents::document::{Document, look};
use crate::adapters::azureml::documents::kept::Kept;
use crate::adapters::azureml::kinds::Sort;
use crate::adapters::azureml::names::Address;
use crate::adapters::azureml::places::known::{self, UNSERVED};
use crate::adapters::azureml::plane::scrub;
use crate::adapters::azureml::wire::entry::Entry;
use crate::adapters::azureml::{dependents, pages, removal, rights, users};
use crate::config::settings;
use crate::domain::asked::subject::Subject;
use crate::domain::coverage::place::Known;
use crate::domain::dependents::dependent;
use crate::domain::dependents::ours::Ours;
use crate::domain::failure::Failure;
use crate::domain::homes::claim::Claim;
use crate::domain::item::{Item, Kind, Version};
use crate::domain::layout::{Container, Containers, OneContainer};
use crate::ports::sources::{
    Directory, Erased, Finds, Followed, Lack, NewForm, Page, Read, Rewritten, Source, Things,
    Walked,
};

/// How long what a workspace knows of places is taken for true: about a sweep, each request of
/// which asks for them.
const KNOWN_TIME: Duration = Duration::from_secs(60);

/// The source.
pub struct WorkspaceSource {
    name: String,
    /// The way into the workspace.
    pub entry: Entry,
    /// What lists gave and nobody read yet.
    pub kept: Kept,
    /// What of ours does not go with what the workspace depends on.
    pub ours: Ours,
    lookout: Lookout,
    places: Lately<Vec<Known>>,
    users: Lately<Vec<Claim>>,
}

impl WorkspaceSource {
    /// The workspace under its configured name. Asks nobody yet.
    ///
    /// # Errors
    /// Where its identity cannot be prepared.
    pub fn open(workspace: &settings::Workspace, ours: Ours) -> Result<Self, Failure> {
        Ok(Self { ours, ..Self::within(&workspace.name, Entry::open(workspace)?) })
    }

    /// A workspace of which the way in is known, and where nothing is ours.
    pub fn within(name: &str, entry: Entry) -> Self {
        Self {
            name: name.to_owned(),
            entry,
            kept: Kept::default(),
            ours: Ours::default(),
            lookout: Lookout::default(),
            places: Lately::of(KNOWN_TIME),
            users: Lately::of(KNOWN_TIME),
        }
    }

    fn removal(&self) -> Removal<'_> {
        Removal { entry: &self.entry, ours: &self.ours, lookout: &self.lookout }
    }

    /// What stands for all of a sort whose service is not there: nobody can look through it.
    fn unserved(&self, word: &str) -> Item {
        let (kind, container) = (Kind::Thing, Container::Resources);
        Item { kind, container, ..Item::bare(&self.name, word, Version::Current) }
    }
}

#[async_trait]
impl Source for WorkspaceSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn place(&self) -> String {
        self.entry.place()
    }

    fn finds(&self) -> Finds<'_> {
        Finds::Walk(self)
    }

    fn things(&self) -> Option<&dyn Things> {
        Some(self)
    }

    fn directory(&self) -> Option<&dyn Directory> {
        Some(self)
    }

    async fn follow(&self, item: &Item, handle: &str) -> Result<Followed, Failure> {
        if dependent::is_one(&item.name) {
            return dependents::removal::follow(self.removal(), item, handle).await;
        }
        removal::follow(&self.entry, item, handle).await
    }

    /// What Resource Manager has deleted of a workspace it gives back to nobody. How long the
    /// workspace itself can be had back tells who asks for it to be deleted.
    async fn unrecoverable_after(
        &self,
        _: &[String],
        erased_at: Timestamp,
    ) -> Result<Option<Timestamp>, Failure> {
        Ok(Some(erased_at))
    }

    async fn ping(&self) -> Result<(), Failure> {
        const DOING: &str = "asking for a workspace";
        let answer = self.entry.get(DOING, self.entry.url("")).await?;
        if answer.status == 200 { Ok(()) } else { Err(answer.failure(DOING)) }
    }

    async fn lacks(&self) -> Result<Vec<Lack>, Failure> {
        rights::lacks(&self.entry).await
    }

    async fn places(&self) -> Result<Vec<Known>, Failure> {
        let places = self.places.get(|_| known::known(&self.entry)).await?;
        Ok(places.to_vec())
    }
}

#[async_trait]
impl Directory for WorkspaceSource {
    async fn claims(&self, _: &[Subject]) -> Result<Vec<Claim>, Failure> {
        let users = self.users.get(|_| users::claims(&self.entry)).await?;
        Ok(users.to_vec())
    }
}

#[async_trait]
impl Walked for WorkspaceSource {
    /// What is in its default account is of this workspace.
    async fn containers(&self) -> Result<Containers, Failure> {
        let each = vec![OneContainer::whole(None)];
        let account = self.entry.account().await?.unwrap_or_else(|| self.entry.place());
        Ok(Containers { account, each, are_shares: false })
    }

    async fn list(&self, prefix: &str, marker: Option<&str>) -> Result<Page, Failure> {
        let page = pages::page(&self.entry, prefix, marker).await?;
        let item = |document: &Document| {
            let item = document.item(&self.name);
            self.kept.put(&item.name, document);
            item
        };
        let mut items: Vec<Item> = page.documents.iter().map(item).collect();
        items.extend(page.unserved.iter().map(|word| self.unserved(word)));
        Ok(Page { items, next: page.next, ..Page::default() })
    }

    async fn read(&self, item: &Item) -> Result<Read, Failure> {
        let address = Address::of(&item.name).filter(|address| address.path().is_some());
        if Sort::named(&item.name).is_some() {
            return Ok(Read::Refused(UNSERVED.to_owned()));
        }
        let Some(address) = address else { return Ok(Read::Refused("name".to_owned())) };
        if let Some(bytes) = self.kept.give(&item.name, &item.etag) {
            return Ok(Read::Bytes(stream::iter([Ok(bytes)]).boxed()));
        }
        Ok(match look(&self.entry, &address).await? {
            None => Read::Absent,
            Some(document) if document.etag != item.etag => Read::Changed,
            Some(document) => Read::Bytes(stream::iter([Ok(document.bytes)]).boxed()),
        })
    }

    async fn erase(&self, item: &Item) -> Result<Erased, Failure> {
        if dependent::is_one(&item.name) {
            return dependents::removal::remove(self.removal(), item).await;
        }
        self.kept.act_on(&item.name);
        removal::remove(&self.entry, item, false).await
    }

    /// Records of runs are written as far as the service lets them be; other documents are the
    /// service's own.
    async fn rewrite(&self, item: &Item, form: NewForm) -> Result<Rewritten, Failure> {
        self.kept.act_on(&item.name);
        scrub::rewrite(&self.entry, item, form).await
    }

    async fn erase_replaced(&self, _: &Item) -> Result<Erased, Failure> {
        Ok(Erased::AlreadyAbsent)
    }

    async fn remains(&self, name: &str) -> Result<Vec<Item>, Failure> {
        if dependent::is_one(name) {
            return dependents::removal::remains(&self.entry, &self.name, name).await;
        }
        let address = Address::of(name).filter(|address| address.path().is_some());
        let Some(address) = address else { return Ok(Vec::new()) };
        let document = look(&self.entry, &address).await?;
        Ok(document.into_iter().map(|document| document.item(&self.name)).collect())
    }
}
