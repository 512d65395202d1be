//! What is on the shelves of a source in memory, and how it misbehaves.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::SignedDuration;
use serde_json::Value;

use crate::adapters::memory::sources::slow::Slow;
use crate::domain::coverage::place::Known;
use crate::domain::failure::Failure;
use crate::domain::homes::claim::Claim;
use crate::domain::item::{Item, Version};
use crate::domain::layout::Location;
use crate::domain::outcome::Block;

/// What is stored under one name.
#[derive(Clone, Default)]
pub struct Content {
    /// The bytes.
    pub bytes: Bytes,
    /// The media type.
    pub content_type: Option<String>,
    /// Whether it is a directory.
    pub is_directory: bool,
    /// How the bytes are encoded.
    pub content_encoding: Option<String>,
    /// What is said of them beside that.
    pub properties: BTreeMap<String, String>,
    /// Kept beside the bytes.
    pub metadata: BTreeMap<String, String>,
    /// Index tags.
    pub tags: BTreeMap<String, String>,
}

/// How a name misbehaves.
#[derive(Clone)]
pub enum Fault {
    /// Reads and rewrites are refused with this word.
    Refuses(String),
    /// Reads break off, transiently, after so many bytes.
    BreaksAfter(usize),
    /// Erasures and rewrites are blocked.
    Blocks(Block),
    /// So many erasures and rewrites are blocked, and then no more.
    BlocksFor(Block, u32),
    /// Somebody else writes it anew, with the same bytes, before each of so many reads.
    RewrittenFor(u32),
    /// Rewrites of this field of a document are not done, and said to be forbidden; the rest is
    /// done.
    Fixes(&'static str),
    /// Rewrites are done, and answered as to one who asks again because the answer was lost.
    LosesAnswers,
    /// Erasures are begun, and finished by and by.
    Takes(Slow),
}

/// Everything, by name.
#[derive(Default)]
pub struct Shelves {
    pub(super) forms: BTreeMap<String, BTreeMap<Version, Stored>>,
    pub(super) faults: BTreeMap<String, Fault>,
    /// Where the files of things lie, by the things' names.
    pub(super) files: BTreeMap<String, Vec<Location>>,
    /// Places that it knows of and does not hold.
    pub(super) places: Vec<Known>,
    /// What it knows of whose folders are.
    pub(super) claims: Vec<Claim>,
    /// Whether these are things, some of which go with others.
    pub(super) of_things: bool,
    pub(super) written: u64,
    pub(super) page_names: usize,
    pub(super) failing_calls: u32,
    /// Calls until nobody is let in any more.
    pub(super) open_calls: Option<u32>,
    pub(super) kept_for: Option<SignedDuration>,
    /// What is removed or written over stays behind as a copy, by its name, until it is purged.
    pub(super) copies: Option<Vec<String>>,
    pub(super) failing_purges: u32,
}

/// One form of a name.
#[derive(Clone)]
pub struct Stored {
    pub(super) content: Content,
    pub(super) etag: String,
}

impl Shelves {
    /// Gives the new `ETag`.
    pub(super) fn put(&mut self, name: &str, content: Content) -> String {
        self.written += 1;
        let etag = format!("{:#x}", self.written);
        let forms = self.forms.entry(name.to_owned()).or_default();
        let before = forms.insert(Version::Current, Stored { content, etag: etag.clone() });
        if let (Some(_), Some(copies)) = (before, &mut self.copies) {
            copies.push(name.to_owned());
        }
        etag
    }

    /// What forbids to erase or rewrite now.
    pub(super) fn block(&mut self, name: &str) -> Option<Block> {
        match self.faults.get_mut(name) {
            Some(Fault::Blocks(block)) => Some(*block),
            Some(Fault::BlocksFor(block, left)) => {
                let block = (*left > 0).then_some(*block);
                *left = left.saturating_sub(1);
                block
            }
            Some(
                Fault::Refuses(_)
                | Fault::BreaksAfter(_)
                | Fault::LosesAnswers
                | Fault::Fixes(_)
                | Fault::Takes(_)
                | Fault::RewrittenFor(_),
            )
            | None => None,
        }
    }

    /// The document that comes of a rewrite where a field is fixed; `None` where none is.
    pub(super) fn fixed(&self, name: &str, old: &[u8], new: &[u8]) -> Option<Bytes> {
        let Some(Fault::Fixes(field)) = self.faults.get(name) else { return None };
        let old: Value = serde_json::from_slice(old).ok()?;
        let mut new: Value = serde_json::from_slice(new).ok()?;
        new[*field] = old[*field].clone();
        Some(Bytes::from(new.to_string()))
    }

    pub(super) fn rewrite_as_others_do(&mut self, name: &str) {
        let Some(Fault::RewrittenFor(left @ 1..)) = self.faults.get_mut(name) else { return };
        *left -= 1;
        let current = self.forms.get(name).and_then(|forms| forms.get(&Version::Current));
        if let Some(content) = current.map(|stored| stored.content.clone()) {
            self.put(name, content);
        }
    }

    pub(super) fn find(&self, item: &Item) -> Option<&Stored> {
        self.forms.get(&item.name)?.get(&item.version)
    }

    /// Whether copies of that name were kept.
    pub(super) fn purge(&mut self, item: &Item) -> Result<bool, Failure> {
        let Some(copies) = &mut self.copies else { return Ok(false) };
        let before = copies.len();
        if copies.contains(&item.name) && self.failing_purges > 0 {
            self.failing_purges -= 1;
            return Err(Failure::transient("purging copies in memory: told to fail"));
        }
        copies.retain(|name| *name != item.name);
        Ok(copies.len() < before)
    }

    /// As in a blob container, the snapshots of a name go with its current form; as at the services
    /// of a workspace, other things go with some.
    pub(super) fn remove(&mut self, item: &Item) {
        if self.of_things {
            for name in self.gone_with(&item.name) {
                self.forms.remove(&name);
            }
        }
        if let Some(copies) = &mut self.copies {
            copies.push(item.name.clone());
        }
        if let Some(forms) = self.forms.get_mut(&item.name) {
            match item.version {
                Version::Current => forms.clear(),
                Version::Snapshot(_) | Version::Previous(_) | Version::ShareSnapshot(_) => {
                    drop(forms.remove(&item.version));
                }
            }
        }
        self.forms.retain(|_, forms| !forms.is_empty());
    }
}
