//! Things in memory: items named `TYPE/NAME`, with what belongs to them below that name. Of those
//! with versions a version is one of these.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::SignedDuration;

use crate::adapters::memory::sources::store::MemorySource;
use crate::domain::asked::thing::{Aside, Thing, ThingKind};
use crate::domain::dependents::dependent::{
    self, Dependent, Dependents, Fate, PARENT, Stay, UNKNOWN,
};
use crate::domain::failure::Failure;
use crate::domain::item::{Item, Kind, Version};
use crate::domain::layout::{Container, Location};
use crate::domain::outcome::Barrier;
use crate::ports::sources::{Belonging, Erased, Source, Things, Walked};

/// How long a workspace that was not deleted for good can be had back.
const SOFT_DELETE_TIME: SignedDuration = SignedDuration::from_hours(14 * 24);

/// What something that others use has among its metadata.
pub const SHARED: &str = "shared";

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
        let whole = name(thing);
        let runs = match (thing.kind, aside) {
            (ThingKind::Run, None) => BTreeSet::from([thing.name.clone()]),
            (ThingKind::Experiment, None) => self.called()?.runs_of(&thing.name),
            _ => BTreeSet::new(),
        };
        let mut found = self.kept_of(&runs, |name| is_of(name, &whole))?;
        if aside.is_some() {
            found.retain(|belonging| belonging.item.name == whole);
        }
        Ok(found)
    }

    async fn look_up_runs(&self, ids: &[String]) -> Result<Vec<Belonging>, Failure> {
        self.kept_of(&ids.iter().cloned().collect(), |_| false)
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

    /// All that has the name of a dependent is one of every workspace.
    async fn dependents(&self, thing: &Thing) -> Result<Dependents, Failure> {
        let shelves = self.called()?;
        let workspace = name(thing);
        if !shelves.forms.contains_key(&workspace) {
            let stored = Item::bare(self.name(), &format!("{UNKNOWN}/all"), Version::Current);
            let item = Item { kind: Kind::Thing, container: Container::Resources, ..stored };
            let each = vec![Dependent { item, fate: Fate::Unread("workspace_gone") }];
            return Ok(Dependents { own: None, each });
        }
        let forms = shelves.forms.iter().filter(|(name, _)| dependent::is_one(name));
        let forms = forms.flat_map(|(name, forms)| forms.iter().map(move |form| (name, form)));
        let each = forms.map(|(name, (version, stored))| {
            let mut item = self.item(name, version, stored);
            item.properties.entry(PARENT.to_owned()).or_insert_with(|| workspace.clone());
            let fate = match item.metadata.contains_key(SHARED) {
                true => {
                    Fate::Stays(Stay { reason: SHARED.into(), why: "shared: by w2".to_owned() })
                }
                false => Fate::Goes(String::new()),
            };
            Dependent { item, fate }
        });
        Ok(Dependents { own: None, each: each.collect() })
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

impl MemorySource {
    /// What belongs to these runs, and whatever has such a name.
    fn kept_of(
        &self,
        runs: &BTreeSet<String>,
        is_named: impl Fn(&str) -> bool,
    ) -> Result<Vec<Belonging>, Failure> {
        let shelves = self.called()?;
        let children: BTreeSet<String> =
            runs.iter().flat_map(|run| shelves.children_of(run)).collect();
        let runs: BTreeSet<String> = runs.union(&children).cloned().collect();
        let snapshots = shelves.snapshots_of(&runs);
        let is_theirs = |item: &Item| {
            let of_run = item.layout().run().is_some_and(|run| runs.contains(run));
            let snapshot = item.name.strip_prefix("snapshot/");
            of_run || snapshot.is_some_and(|snapshot| snapshots.contains(snapshot))
        };
        let belonging = |item: Item| {
            let is_child = item.layout().run().is_some_and(|run| children.contains(run));
            Belonging { waits_for: self.waits_for(&item).max(u16::from(is_child)), item }
        };
        let forms = shelves.forms.iter();
        let items = forms.flat_map(|(name, forms)| forms.iter().map(move |form| (name, form)));
        let items = items.map(|(name, (version, stored))| self.item(name, version, stored));
        let found = items.filter(|item| is_named(&item.name) || is_theirs(item));
        Ok(found.map(belonging).collect())
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
