//! Things in memory: items named `TYPE/NAME`, with what belongs to them below that name. Of those
//! with versions a version is one of these.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::SignedDuration;

use crate::adapters::memory::sources::store::MemorySource;
use crate::domain::asked::thing::{Aside, Thing, ThingKind};
use crate::domain::failure::Failure;
use crate::domain::item::{Item, Version};
use crate::domain::layout::Location;
use crate::domain::outcome::Barrier;
use crate::ports::sources::{Belonging, Erased, Things, Walked};

/// How long a workspace that was not deleted for good can be had back.
const SOFT_DELETE_TIME: SignedDuration = SignedDuration::from_hours(14 * 24);

/// What a thing that is hidden has among its properties.
const ARCHIVED: &str = "archived";

#[async_trait]
impl Things for MemorySource {
    fn kinds(&self) -> &[ThingKind] {
        self.kinds
    }

    async fn look_up(
        &self,
        thing: &Thing,
        aside: Option<Aside>,
    ) -> Result<Vec<Belonging>, Failure> {
        let name = name(thing);
        let mut found = self.list(&name, None).await?.items;
        found.retain(|item| is_of(&item.name, &name));
        if aside.is_some() {
            found.retain(|item| item.name == name);
        }
        let belonging = |item: Item| Belonging { waits_for: self.waits_for(&item), item };
        Ok(found.into_iter().map(belonging).collect())
    }

    async fn files(&self, thing: &Thing) -> Result<Vec<Location>, Failure> {
        let whole = name(thing);
        let shelves = self.called()?;
        let theirs = shelves.files.iter().filter(|(name, _)| is_of(name, &whole));
        let files: BTreeSet<Location> = theirs.flat_map(|(_, files)| files.clone()).collect();
        Ok(files.into_iter().collect())
    }

    /// As a workspace that is not deleted for good.
    fn recoverable_for(&self, thing: &Thing) -> SignedDuration {
        let is_soft = thing.kind == ThingKind::Workspace && !thing.permanently;
        if is_soft { SOFT_DELETE_TIME } else { SignedDuration::ZERO }
    }

    async fn put_aside(&self, item: &Item, how: Aside) -> Result<Erased, Failure> {
        if how == Aside::Unregistered {
            return self.erase(item).await;
        }
        let mut shelves = self.called()?;
        let Some(stored) = shelves.find(item).cloned() else { return Ok(Erased::AlreadyAbsent) };
        if stored.etag != item.etag {
            return Ok(Erased::Changed);
        }
        if let Some(block) = shelves.block(&item.name) {
            return Ok(Erased::Blocked(Barrier::new(block, "")));
        }
        let mut content = stored.content;
        content.properties.insert(ARCHIVED.to_owned(), "true".to_owned());
        shelves.put(&item.name, content);
        Ok(Erased::Done)
    }

    async fn is_aside(&self, item: &Item, how: Aside) -> Result<bool, Failure> {
        let shelves = self.called()?;
        let current = Item { version: Version::Current, ..item.clone() };
        let Some(stored) = shelves.find(&current) else { return Ok(true) };
        Ok(how == Aside::Archived && stored.content.properties.contains_key(ARCHIVED))
    }
}

/// The name of the item that a thing is.
fn name(thing: &Thing) -> String {
    let name = format!("{}/{}", thing.kind.word(), thing.name.replace(':', "/"));
    match &thing.output {
        Some(output) => format!("{name}/{output}"),
        None => name,
    }
}

/// Whether a name is this one, or of what belongs to it.
fn is_of(name: &str, whole: &str) -> bool {
    name.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
