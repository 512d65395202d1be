//! Resources as things that requests name: looked up by name or id, and put aside.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::adapters::azureml::dependents;
use crate::adapters::azureml::dependents::found;
use crate::adapters::azureml::documents::document::{Document, look};
use crate::adapters::azureml::kinds::{Below, KINDS, REGISTERED_DATASET, Sort};
use crate::adapters::azureml::names::{Address, Asked, asked};
use crate::adapters::azureml::pages;
use crate::adapters::azureml::places::files;
use crate::adapters::azureml::plane::aside::{hide, is_hidden};
use crate::adapters::azureml::plane::removal::experiment_id;
use crate::adapters::azureml::plane::runs::{self, Kept};
use crate::adapters::azureml::removal::{address, remove};
use crate::adapters::azureml::source::WorkspaceSource;
use crate::adapters::azureml::wire::answer::Answer;
use crate::adapters::azureml::wire::lists::{List, all};
use crate::adapters::azureml::workspace;
use crate::domain::asked::thing::{Aside, Thing, ThingKind};
use crate::domain::dependents::dependent::{self, Dependents};
use crate::domain::failure::Failure;
use crate::domain::item::Item;
use crate::domain::layout::Location;
use crate::ports::sources::{Belonging, Erased, Source, Things, Walked};

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
        let Some(sort) = Sort::of(thing.kind) else { return Ok(Vec::new()) };
        let address = match asked(sort, thing, self.entry.id()) {
            Asked::Here(address) => address,
            Asked::Elsewhere => return Ok(Vec::new()),
            Asked::NoName => return Err(no_name()),
        };
        match (thing.kind, aside) {
            (ThingKind::Workspace, _) => self.workspace(&address, thing).await,
            (ThingKind::Run, None) => self.look_up_runs(&[address.name]).await,
            (ThingKind::Experiment, None) => self.experiment(&address).await,
            (ThingKind::Dataset, _) => {
                let mut found = self.resource(&address, aside).await?;
                if address.below.is_none() {
                    let registered = Address::whole(&REGISTERED_DATASET, &address.name);
                    found.extend(self.resource(&registered, aside).await?);
                }
                Ok(found)
            }
            _ => self.resource(&address, aside).await,
        }
    }

    fn is_named(&self, thing: &Thing) -> Result<bool, Failure> {
        let Some(sort) = Sort::of(thing.kind) else { return Ok(true) };
        match asked(sort, thing, self.entry.id()) {
            Asked::Here(_) => Ok(true),
            Asked::Elsewhere => Ok(false),
            Asked::NoName => Err(no_name()),
        }
    }

    async fn look_up_runs(&self, ids: &[String]) -> Result<Vec<Belonging>, Failure> {
        let asked = ids.iter().map(|id| runs::Asked::named(id)).collect();
        let kept = runs::kept_of(&self.entry, self.name(), asked).await?;
        Ok(kept.into_iter().map(|kept| self.of_a_run(kept)).collect())
    }

    async fn files(&self, thing: &Thing) -> Result<Vec<Location>, Failure> {
        files::of(&self.entry, thing).await
    }

    fn recoverable_for(&self, thing: &Thing) -> SignedDuration {
        let is_soft = thing.kind == ThingKind::Workspace && !thing.permanently;
        if is_soft { workspace::SOFT_DELETE_TIME } else { SignedDuration::ZERO }
    }

    async fn dependents(&self, thing: &Thing) -> Result<Dependents, Failure> {
        let Some(sort) = Sort::of(thing.kind).filter(|sort| sort.is(ThingKind::Workspace)) else {
            return Ok(Dependents::default());
        };
        let Asked::Here(address) = asked(sort, thing, self.entry.id()) else {
            return Ok(Dependents::default());
        };
        let seen = look(&self.entry, &address).await?;
        let workspace = seen.as_ref().map_or(address, |seen| seen.address.clone()).item_name();
        let asked = found::Asked {
            source: self.name(),
            workspace: &workspace,
            for_good: thing.permanently,
            ours: &self.ours,
        };
        found::found(&self.entry, &asked, seen.as_ref().map(|seen| &seen.value)).await
    }

    async fn stands(&self, item: &Item) -> Result<bool, Failure> {
        if dependent::is_one(&item.name) {
            return dependents::removal::stands(&self.entry, item).await;
        }
        Ok(self.remains(&item.name).await?.iter().any(|other| other.etag == item.etag))
    }

    async fn recoverable_until(
        &self,
        item: &Item,
        erased_at: Timestamp,
    ) -> Result<Option<Timestamp>, Failure> {
        match dependent::is_one(&item.name) {
            true => dependents::removal::recoverable_until(&self.entry, item, erased_at).await,
            false => Ok(None),
        }
    }

    async fn put_aside(&self, item: &Item, how: Aside) -> Result<Erased, Failure> {
        let sort = address(item)?.sort;
        self.kept.act_on(&item.name);
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
        Ok(document.is_none_or(|document| how == Aside::Archived && is_hidden(&document)))
    }
}

impl WorkspaceSource {
    /// A resource, and what is below it unless it is hidden with it.
    async fn resource(
        &self,
        address: &Address,
        aside: Option<Aside>,
    ) -> Result<Vec<Belonging>, Failure> {
        let Some(document) = look(&self.entry, address).await? else { return Ok(Vec::new()) };
        let address = &document.address;
        let has_below = matches!(address.sort.below, Below::Versions | Below::Deployments);
        let below = match aside {
            // Hiding what versions have in common hides them.
            Some(Aside::Unregistered) | None if has_below && address.below.is_none() => {
                pages::below(&self.entry, address).await?
            }
            Some(Aside::Archived | Aside::Unregistered) | None => Vec::new(),
        };
        let items = below.iter().chain([&document]).map(|document| document.item(self.name()));
        Ok(items.map(|item| Belonging { waits_for: self.waits_for(&item), item }).collect())
    }

    async fn workspace(&self, address: &Address, thing: &Thing) -> Result<Vec<Belonging>, Failure> {
        let seen = look(&self.entry, address).await?;
        let item = workspace::item(self.name(), address, seen.as_ref(), thing.permanently);
        let Some(mut item) = item else { return Ok(Vec::new()) };
        if thing.with_dependents {
            item = workspace::with_dependents(seen.as_ref(), item);
        }
        Ok(vec![Belonging { waits_for: self.waits_for(&item), item }])
    }

    /// An experiment and all its runs.
    async fn experiment(&self, address: &Address) -> Result<Vec<Belonging>, Failure> {
        let Some(document) = look(&self.entry, address).await? else { return Ok(Vec::new()) };
        let id = experiment_id(&document)?;
        let listed = all(&self.entry, List::Runs(&id)).await?.unwrap_or_default();
        let asked = listed.into_iter().map(runs::Asked::listed).collect::<Result<_, _>>()?;
        let kept = runs::kept_of(&self.entry, self.name(), asked).await?;
        let mut found: Vec<Belonging> = kept.into_iter().map(|kept| self.of_a_run(kept)).collect();
        let item = document.item(self.name());
        found.push(Belonging { waits_for: self.waits_for(&item), item });
        Ok(found)
    }

    /// The job of a child goes with that of its parent, so that it waits for it.
    fn of_a_run(&self, kept: Kept) -> Belonging {
        let waits_for = self.waits_for(&kept.item).max(u16::from(kept.goes_along));
        Belonging { item: kept.item, waits_for }
    }

    /// Hides a resource, and looks whether it is hidden: a service may say so and do nothing.
    async fn archive(&self, item: &Item) -> Result<Erased, Failure> {
        let address = address(item)?;
        let Some(document) = look(&self.entry, &address).await? else {
            return Ok(Erased::AlreadyAbsent);
        };
        if document.etag != item.etag {
            return Ok(Erased::Changed);
        }
        let answer = match hide(&self.entry, &document).await? {
            Some(answer) => answer,
            None => self.hide_by_manager(&document).await?,
        };
        match (answer.status, answer.barrier()) {
            (200..=299, _) => {}
            (_, Some(barrier)) => return Ok(Erased::Blocked(barrier)),
            _ if answer.is_absent() => return Ok(Erased::AlreadyAbsent),
            _ => return Err(answer.failure(ARCHIVING)),
        }
        match look(&self.entry, &address).await? {
            None => Ok(Erased::AlreadyAbsent),
            Some(document) if is_hidden(&document) => Ok(Erased::Done),
            Some(_) => Err(Failure::permanent("archiving a resource: it was taken and not done")),
        }
    }

    async fn hide_by_manager(&self, document: &Document) -> Result<Answer, Failure> {
        let mut properties = document.value["properties"].clone();
        let (Some(path), Some(fields)) = (document.address.path(), properties.as_object_mut())
        else {
            return Err(Failure::permanent("archiving a resource: it shows nothing of itself"));
        };
        fields.insert("isArchived".to_owned(), true.into());
        let body = json!({ "properties": properties });
        self.entry.put(ARCHIVING, self.entry.url(&path), &body).await
    }
}

fn no_name() -> Failure {
    Failure::needs_person(
        "looking up what a request names: no resource of its type has such a name or id",
    )
}
