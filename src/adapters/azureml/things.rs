//! Resources as things that requests name: looked up by name or id, and put aside.

use async_trait::async_trait;
use serde_json::{Value, json};

use crate::adapters::azureml::document::{Document, look};
use crate::adapters::azureml::kinds::{Below, KINDS, Sort};
use crate::adapters::azureml::names::asked;
use crate::adapters::azureml::pages;
use crate::adapters::azureml::removal::{address, barrier, remove};
use crate::adapters::azureml::source::WorkspaceSource;
use crate::domain::asked::thing::{Aside, Thing, ThingKind};
use crate::domain::failure::Failure;
use crate::domain::item::Item;
use crate::domain::layout::Location;
use crate::ports::sources::{Belonging, Erased, Source, Things};

const ARCHIVING: &str = "archiving a resource";

#[async_trait]
impl Things for WorkspaceSource {
    fn kinds(&self) -> &[ThingKind] {
        &KINDS
    }

    async fn look_up(
        &self,
        thing: &Thing,
        aside: Option<Aside>,
    ) -> Result<Vec<Belonging>, Failure> {
        let sort = Sort::of(thing.kind);
        let address = sort.and_then(|sort| asked(sort, thing, self.entry.id()));
        let Some(address) = address.filter(|address| address.path().is_some()) else {
            return Ok(Vec::new());
        };
        let Some(document) = look(&self.entry, &address).await? else { return Ok(Vec::new()) };
        let address = &document.address;
        let has_below = address.below.is_none() && address.sort.below != Below::Nothing;
        // Hiding what versions have in common hides them.
        let below = match aside {
            Some(Aside::Archived) => Vec::new(),
            Some(Aside::Unregistered) | None if has_below => {
                pages::below(&self.entry, address).await?
            }
            Some(Aside::Unregistered) | None => Vec::new(),
        };
        let belonging = |document: &Document| {
            let item = document.item(self.name());
            Belonging { waits_for: self.waits_for(&item), item }
        };
        Ok(below.iter().chain([&document]).map(belonging).collect())
    }

    async fn files(&self, _thing: &Thing) -> Result<Vec<Location>, Failure> {
        Ok(Vec::new())
    }

    async fn put_aside(&self, item: &Item, how: Aside) -> Result<Erased, Failure> {
        let sort = address(item)?.sort;
        match how {
            Aside::Unregistered if sort.is_detached || sort.below == Below::Versions => {
                remove(&self.entry, item, true).await
            }
            Aside::Archived if sort.is_archived => self.archive(item).await,
            Aside::Unregistered => {
                Err(Failure::permanent("a resource of this sort is no register"))
            }
            Aside::Archived => {
                Err(Failure::permanent("a resource of this sort cannot be archived"))
            }
        }
    }

    async fn is_aside(&self, item: &Item, how: Aside) -> Result<bool, Failure> {
        let document = look(&self.entry, &address(item)?).await?;
        Ok(document.is_none_or(|document| how == Aside::Archived && is_archived(&document)))
    }
}

impl WorkspaceSource {
    /// Hides a resource, and looks whether it is hidden: a service may say so and do nothing.
    async fn archive(&self, item: &Item) -> Result<Erased, Failure> {
        let address = address(item)?;
        let Some(document) = look(&self.entry, &address).await? else {
            return Ok(Erased::AlreadyAbsent);
        };
        if document.etag != item.etag {
            return Ok(Erased::Changed);
        }
        let mut properties = document.value["properties"].clone();
        let (Some(path), Some(fields)) = (address.path(), properties.as_object_mut()) else {
            return Err(Failure::permanent("archiving a resource: it shows nothing of itself"));
        };
        fields.insert("isArchived".to_owned(), true.into());
        let body = json!({ "properties": properties });
        let answer = self.entry.put(ARCHIVING, self.entry.url(&path), &body).await?;
        match (answer.status, barrier(&answer)) {
            (200..=299, _) => {}
            (_, Some(barrier)) => return Ok(Erased::Blocked(barrier)),
            _ if answer.is_absent() => return Ok(Erased::AlreadyAbsent),
            _ => return Err(answer.failure(ARCHIVING)),
        }
        match look(&self.entry, &address).await? {
            None => Ok(Erased::AlreadyAbsent),
            Some(document) if is_archived(&document) => Ok(Erased::Done),
            Some(_) => Err(Failure::permanent("archiving a resource: it was taken and not done")),
        }
    }
}

fn is_archived(document: &Document) -> bool {
    document.value["properties"]["isArchived"] == Value::Bool(true)
}
