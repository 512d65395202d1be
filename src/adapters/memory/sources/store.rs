//! A source in memory, with snapshots, and with the faults that a test wants it to have.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::{SignedDuration, Timestamp};

use crate::adapters::memory::sources::shelves::{Content, Fault, Shelves, Stored};
use crate::adapters::memory::sources::slow::Progress;
use crate::domain::asked::subject::Subject;
use crate::domain::asked::thing::ThingKind;
use crate::domain::coverage::place::Known;
use crate::domain::failure::Failure;
use crate::domain::homes::claim::Claim;
use crate::domain::item::{Item, Kind, Version};
use crate::domain::layout::{Container, Containers, Location, OneContainer};
use crate::domain::outcome::{Barrier, Block, FIXED};
use crate::ports::sources::{
    Directory, Erased, Finds, Followed, NewForm, Page, Read, Rewritten, Source, Things, Ticket,
    Walked, held,
};

/// Names on one page unless told otherwise.
const PAGE_NAMES: usize = 1000;
/// Bytes handed out at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// The source. A test keeps a reference to it and changes it while others use it as a port.
pub struct MemorySource {
    name: String,
    container: Container,
    account: String,
    /// What sorts of things requests can name of what it holds; none where it holds no things.
    pub(super) kinds: &'static [ThingKind],
    shelves: Mutex<Shelves>,
}

impl MemorySource {
    /// An empty source under the configured `name`.
    pub fn new(name: &str) -> Self {
        let shelves = Shelves { page_names: PAGE_NAMES, ..Shelves::default() };
        Self {
            name: name.to_owned(),
            container: Container::Unknown,
            account: String::new(),
            kinds: &[],
            shelves: Mutex::new(shelves),
        }
    }

    /// The same, which knows where in names their containers are.
    pub fn laid_out(self, container: Container) -> Self {
        Self { container, ..self }
    }

    /// The same, whose containers are in this account.
    pub fn in_account(self, account: &str) -> Self {
        Self { account: account.to_owned(), ..self }
    }

    /// The same, whose items are things that requests can name.
    pub fn of_things(self) -> Self {
        self.of_kinds(&ThingKind::ALL)
    }

    /// The same, whose items are things of these sorts.
    pub fn of_kinds(self, kinds: &'static [ThingKind]) -> Self {
        self.shelves().of_things = true;
        Self { kinds, container: Container::Resources, ..self }
    }

    /// Says where the files of a thing lie, by the name that it has as an item.
    pub fn set_files(&self, name: &str, files: Vec<Location>) {
        self.shelves().files.insert(name.to_owned(), files);
    }

    /// Says of which other places it knows.
    pub fn set_places(&self, places: Vec<Known>) {
        self.shelves().places = places;
    }

    /// Says what it knows of whose folders are.
    pub fn set_claims(&self, claims: Vec<Claim>) {
        self.shelves().claims = claims;
    }

    /// Stores bytes under a name, over what was there.
    pub fn put(&self, name: &str, bytes: impl Into<Bytes>) {
        self.put_content(name, Content { bytes: bytes.into(), ..Content::default() });
    }

    /// Stores bytes and all that is kept beside them.
    pub fn put_content(&self, name: &str, content: Content) {
        self.shelves().put(name, content);
    }

    /// Takes a snapshot of a name that is there.
    pub fn snapshot(&self, name: &str) {
        let mut shelves = self.shelves();
        shelves.written += 1;
        let version = Version::Snapshot(format!("{:08}", shelves.written));
        if let Some(forms) = shelves.forms.get_mut(name)
            && let Some(current) = forms.get(&Version::Current).cloned()
        {
            forms.insert(version, current);
        }
    }

    /// Takes a name away in every form, as somebody else would.
    pub fn remove(&self, name: &str) {
        self.shelves().forms.remove(name);
    }

    /// Takes the current form of a name away, as somebody else would who leaves a copy.
    pub fn let_go(&self, name: &str) {
        self.shelves().remove(&Item::bare(&self.name, name, Version::Current));
    }

    /// The current bytes of a name.
    pub fn get(&self, name: &str) -> Option<Bytes> {
        let shelves = self.shelves();
        Some(shelves.forms.get(name)?.get(&Version::Current)?.content.bytes.clone())
    }

    /// All names that have any form, in order.
    pub fn names(&self) -> Vec<String> {
        self.shelves().forms.keys().cloned().collect()
    }

    /// Lets a name misbehave, or behave again.
    pub fn set_fault(&self, name: &str, fault: Option<Fault>) {
        let mut shelves = self.shelves();
        match fault {
            Some(fault) => shelves.faults.insert(name.to_owned(), fault),
            None => shelves.faults.remove(name),
        };
    }

    /// Lets the next `calls` calls of the port fail transiently.
    pub fn fail_next(&self, calls: u32) {
        self.shelves().failing_calls = calls;
    }

    /// Lets nobody in after so many more calls of the port; `None` lets everybody in.
    pub fn shut_after(&self, calls: Option<u32>) {
        self.shelves().open_calls = calls;
    }

    /// Puts at most `names` names on a page.
    pub fn set_page_names(&self, names: usize) {
        self.shelves().page_names = names;
    }

    /// Pretends that what is erased stays recoverable for so long.
    pub fn keep_erased_for(&self, time: SignedDuration) {
        self.shelves().kept_for = Some(time);
    }

    /// Keeps copies of what goes, as an account with soft delete does. Who erases purges them; the
    /// next `failing` purges fail transiently.
    pub fn keep_copies(&self, failing: u32) {
        let mut shelves = self.shelves();
        shelves.copies = Some(Vec::new());
        shelves.failing_purges = failing;
    }

    /// The names of which copies are kept.
    pub fn copies(&self) -> Vec<String> {
        self.shelves().copies.clone().unwrap_or_default()
    }

    /// No call leaves the shelves half changed, so a panic of another test thread is no reason
    /// to stop here.
    fn shelves(&self) -> MutexGuard<'_, Shelves> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The shelves for a call of the port, unless it is told to fail.
    pub(super) fn called(&self) -> Result<MutexGuard<'_, Shelves>, Failure> {
        let mut shelves = self.shelves();
        if shelves.failing_calls > 0 {
            shelves.failing_calls -= 1;
            return Err(Failure::transient("asking a source in memory: told to fail"));
        }
        match &mut shelves.open_calls {
            Some(0) => Err(Failure::needs_person("asking a source in memory: nobody is let in")),
            Some(calls) => {
                *calls -= 1;
                Ok(shelves)
            }
            None => Ok(shelves),
        }
    }

    pub(super) fn item(&self, name: &str, version: &Version, stored: &Stored) -> Item {
        Item {
            source: self.name.clone(),
            name: name.to_owned(),
            container: self.container.clone(),
            version: version.clone(),
            version_id: None,
            etag: stored.etag.clone(),
            size: stored.content.bytes.len() as u64,
            modified: None,
            kind: match stored.content.is_directory {
                true => Kind::Directory,
                false if self.kinds.is_empty() => Kind::Bytes,
                false => Kind::Thing,
            },
            content_type: stored.content.content_type.clone(),
            content_encoding: stored.content.content_encoding.clone(),
            properties: stored.content.properties.clone(),
            metadata: stored.content.metadata.clone(),
            tags: stored.content.tags.clone(),
        }
    }
}

#[async_trait]
impl Source for MemorySource {
    fn name(&self) -> &str {
        &self.name
    }

    fn place(&self) -> String {
        format!("{} {:?}", self.name, self.container)
    }

    fn finds(&self) -> Finds<'_> {
        Finds::Walk(self)
    }

    fn things(&self) -> Option<&dyn Things> {
        (!self.kinds.is_empty()).then_some(self)
    }

    fn directory(&self) -> Option<&dyn Directory> {
        (!self.shelves().claims.is_empty()).then_some(self)
    }

    async fn follow(&self, item: &Item, handle: &str) -> Result<Followed, Failure> {
        let mut shelves = self.called()?;
        if handle != format!("https://service.example/{}", item.name) {
            return Err(Failure::permanent("following in memory: another handle"));
        }
        let Some(Fault::Takes(slow)) = shelves.faults.get_mut(&item.name) else {
            return Ok(Followed::Unknown);
        };
        let Progress { answer, removes, is_over } = slow.ask();
        if removes {
            shelves.remove(item);
        }
        if is_over {
            shelves.faults.remove(&item.name);
        }
        Ok(answer)
    }

    async fn unrecoverable_after(
        &self,
        _: &[String],
        erased_at: Timestamp,
    ) -> Result<Option<Timestamp>, Failure> {
        let kept_for = self.called()?.kept_for.unwrap_or_default();
        Ok(Some(erased_at.checked_add(kept_for).unwrap_or(Timestamp::MAX)))
    }

    async fn ping(&self) -> Result<(), Failure> {
        self.called().map(drop)
    }

    async fn places(&self) -> Result<Vec<Known>, Failure> {
        let mut places = held(self).await?;
        places.extend(self.shelves().places.iter().cloned());
        Ok(places)
    }
}

#[async_trait]
impl Directory for MemorySource {
    async fn claims(&self, _: &[Subject]) -> Result<Vec<Claim>, Failure> {
        Ok(self.called()?.claims.clone())
    }
}

impl MemorySource {
    /// A page of those whose names are sought.
    fn page(
        &self,
        marker: Option<&str>,
        is_sought: impl Fn(&str) -> bool,
    ) -> Result<Page, Failure> {
        let shelves = self.called()?;
        let mut page = Page::default();
        let mut last = None;
        let is_next = |name: &&String| {
            let is_listed = self.container.of(name).is_listed();
            is_listed && is_sought(name) && marker.is_none_or(|marker| name.as_str() > marker)
        };
        for (count, name) in shelves.forms.keys().filter(is_next).enumerate() {
            if count == shelves.page_names {
                page.next = last;
                break;
            }
            for (version, stored) in &shelves.forms[name] {
                page.items.push(self.item(name, version, stored));
            }
            last = Some(name.clone());
        }
        Ok(page)
    }
}

#[async_trait]
impl Walked for MemorySource {
    async fn containers(&self) -> Result<Containers, Failure> {
        let shelves = self.called()?;
        let each = match &self.container {
            Container::Unknown | Container::Resources => vec![OneContainer::whole(None)],
            Container::Named(name) => vec![OneContainer::whole(Some(name))],
            Container::Leading => {
                let names = shelves.forms.keys().filter_map(|name| name.split_once('/'));
                let names: BTreeSet<&str> = names.map(|(container, _)| container).collect();
                names.into_iter().map(OneContainer::leading).collect()
            }
        };
        Ok(Containers { account: self.account.clone(), each, are_shares: false })
    }

    async fn list(&self, prefix: &str, marker: Option<&str>) -> Result<Page, Failure> {
        self.page(marker, |name| name.starts_with(prefix))
    }

    async fn list_from(&self, first: &str, marker: Option<&str>) -> Result<Option<Page>, Failure> {
        self.page(marker, |name| name >= first).map(Some)
    }

    async fn read(&self, item: &Item) -> Result<Read, Failure> {
        let mut shelves = self.called()?;
        shelves.rewrite_as_others_do(&item.name);
        let fault = shelves.faults.get(&item.name).cloned();
        if let Some(Fault::Refuses(word)) = fault {
            return Ok(Read::Refused(word));
        }
        let Some(stored) = shelves.find(item) else { return Ok(Read::Absent) };
        if stored.etag != item.etag {
            return Ok(Read::Changed);
        }
        let bytes = &stored.content.bytes;
        let (whole, broken) = match fault {
            Some(Fault::BreaksAfter(length)) => (bytes.slice(..length.min(bytes.len())), true),
            Some(
                Fault::Refuses(_)
                | Fault::Blocks(_)
                | Fault::BlocksFor(..)
                | Fault::LosesAnswers
                | Fault::Fixes(_)
                | Fault::Takes(_)
                | Fault::RewrittenFor(_),
            )
            | None => (bytes.clone(), false),
        };
        let starts = (0..whole.len()).step_by(CHUNK_BYTES);
        let chunk = |start| Ok(whole.slice(start..whole.len().min(start + CHUNK_BYTES)));
        let mut chunks: Vec<Result<Bytes, Failure>> = starts.map(chunk).collect();
        if broken {
            chunks.push(Err(Failure::transient("reading from memory: told to break off")));
        }
        Ok(Read::Bytes(stream::iter(chunks).boxed()))
    }

    async fn erase(&self, item: &Item) -> Result<Erased, Failure> {
        let mut shelves = self.called()?;
        let Some(stored) = shelves.find(item) else {
            shelves.purge(item)?;
            return Ok(Erased::AlreadyAbsent);
        };
        if stored.etag != item.etag {
            return Ok(Erased::Changed);
        }
        if let Some(Fault::Takes(slow)) = shelves.faults.get(&item.name) {
            return Ok(Erased::Begun(Ticket {
                handle: format!("https://service.example/{}", item.name),
                look_in_ms: slow.look_in_ms,
            }));
        }
        let is_directory = stored.content.is_directory;
        if let Some(block) = shelves.block(&item.name) {
            return Ok(Erased::Blocked(Barrier::new(block, "")));
        }
        if shelves.of_things && shelves.is_needed(&item.name) {
            return Ok(Erased::Blocked(Barrier::new(Block::Lock, "")));
        }
        let below = format!("{}/", item.name);
        let is_below = |name: &String| name.starts_with(&below);
        if is_directory && shelves.forms.keys().any(is_below) {
            return Ok(Erased::Blocked(Barrier::new(Block::Lock, "DirectoryIsNotEmpty")));
        }
        shelves.remove(item);
        shelves.purge(item)?;
        Ok(Erased::Done)
    }

    async fn rewrite(&self, item: &Item, form: NewForm) -> Result<Rewritten, Failure> {
        let bytes = form.bytes.try_collect::<Vec<_>>().await?.concat();
        if bytes.len() as u64 != form.size {
            return Err(Failure::permanent("rewriting in memory: not as many bytes as said"));
        }
        let mut shelves = self.called()?;
        if item.version != Version::Current {
            return Ok(Rewritten::Refused("earlier_form".to_owned()));
        }
        let Some(stored) = shelves.find(item).cloned() else {
            return Ok(Rewritten::AlreadyAbsent);
        };
        if stored.etag != item.etag {
            return Ok(Rewritten::Changed);
        }
        if let Some(Fault::Refuses(word)) = shelves.faults.get(&item.name) {
            return Ok(Rewritten::Refused(word.clone()));
        }
        if let Some(block) = shelves.block(&item.name) {
            return Ok(Rewritten::Blocked(Barrier::new(block, "")));
        }
        if stored.content.is_directory {
            return Ok(Rewritten::Refused("directory".to_owned()));
        }
        let is_lost = matches!(shelves.faults.get(&item.name), Some(Fault::LosesAnswers));
        let content_encoding = stored.content.content_encoding.clone();
        let NewForm { content_type, properties, metadata, tags, .. } = form;
        let old = stored.content.bytes.clone();
        let fixed = shelves.fixed(&item.name, &old, &bytes);
        let is_fixed = fixed.is_some();
        let bytes: Bytes = fixed.unwrap_or_else(|| bytes.into());
        if is_fixed && bytes == old {
            return Ok(Rewritten::Blocked(Barrier::new(Block::Immutable, FIXED)));
        }
        let content = Content {
            bytes,
            is_directory: false,
            content_type,
            content_encoding,
            properties,
            metadata,
            tags,
        };
        let etag = shelves.put(&item.name, content);
        shelves.purge(item)?;
        if is_fixed {
            return Ok(Rewritten::Blocked(Barrier::new(Block::Immutable, FIXED)));
        }
        Ok(if is_lost { Rewritten::Changed } else { Rewritten::Done { etag } })
    }

    /// Nothing is kept of what is written over, unless [`MemorySource::keep_copies`] was called.
    async fn erase_replaced(&self, item: &Item) -> Result<Erased, Failure> {
        let is_purged = self.called()?.purge(item)?;
        Ok(if is_purged { Erased::Done } else { Erased::AlreadyAbsent })
    }

    async fn remains(&self, name: &str) -> Result<Vec<Item>, Failure> {
        let shelves = self.called()?;
        let forms = shelves.forms.get(name).into_iter().flatten();
        Ok(forms.map(|(version, stored)| self.item(name, version, stored)).collect())
    }
}
