//! Shares, what was kept of them at a moment, and those that were deleted; and the clock.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use crate::support::blob_server::conditions::{Refusal, refusal};
use crate::support::file_server::tree::{
    Directory, Entry, File, Info, NOT_FOUND, Node, PENDING, folded,
};

/// How long a deleted share is kept.
pub const RETENTION_DAYS: i64 = 7;
/// The security descriptor that everything has unless it is told another.
pub const INHERITED: &str = "1111111111111111111*2222222222222222222";

/// A share as it is now, or as it was when it was deleted.
#[derive(Clone, Debug)]
pub struct Share {
    pub root: Directory,
    /// By their timestamps.
    pub snapshots: BTreeMap<String, Directory>,
    pub deleted: Option<Timestamp>,
    /// Security descriptors by their keys.
    pub permissions: BTreeMap<String, String>,
}

/// The account.
pub struct Account {
    pub now: Timestamp,
    pub shares: BTreeMap<String, Share>,
    /// Whether the shares may be listed by who may read and write in them.
    pub lists_shares: bool,
    /// Whether it is told what is open.
    pub lists_handles: bool,
    /// Whether directories may be deleted by who may delete files.
    pub deletes_directories: bool,
    /// Most entries of a page of a listing.
    pub page_max: usize,
    count: u64,
}

impl Account {
    pub fn new() -> Self {
        Self {
            now: "2026-11-23T12:00:00Z".parse().unwrap(),
            shares: BTreeMap::new(),
            lists_shares: true,
            lists_handles: true,
            deletes_directories: true,
            page_max: 5000,
            count: 0,
        }
    }

    pub fn advance_clock(&mut self, time: SignedDuration) {
        self.now += time;
        let now = self.now;
        let kept = SignedDuration::from_hours(24 * RETENTION_DAYS);
        self.shares.retain(|_, share| share.deleted.is_none_or(|at| at + kept > now));
    }

    pub fn create_share(&mut self, name: &str) -> Result<(), Refusal> {
        match self.shares.get(name) {
            Some(share) if share.deleted.is_some() => {
                return Err(refusal(409, "ShareBeingDeleted"));
            }
            Some(_) => return Err(refusal(409, "ShareAlreadyExists")),
            None => {}
        }
        let root = Directory { info: self.info("Directory"), entries: BTreeMap::new() };
        let share =
            Share { root, snapshots: BTreeMap::new(), deleted: None, permissions: BTreeMap::new() };
        self.shares.insert(name.to_owned(), share);
        Ok(())
    }

    pub fn share(&self, name: &str) -> Result<&Share, Refusal> {
        let share = self.shares.get(name).filter(|share| share.deleted.is_none());
        share.ok_or(refusal(404, "ShareNotFound"))
    }

    pub fn share_mut(&mut self, name: &str) -> Result<&mut Share, Refusal> {
        let share = self.shares.get_mut(name).filter(|share| share.deleted.is_none());
        share.ok_or(refusal(404, "ShareNotFound"))
    }

    /// The tree of a share, or what a snapshot kept of it.
    pub fn root(&self, share: &str, snapshot: Option<&str>) -> Result<&Directory, Refusal> {
        let share = self.share(share)?;
        match snapshot {
            None => Ok(&share.root),
            Some(at) => share.snapshots.get(at).ok_or(refusal(404, "ShareNotFound")),
        }
    }

    pub fn root_mut(&mut self, share: &str) -> Result<&mut Directory, Refusal> {
        Ok(&mut self.share_mut(share)?.root)
    }

    /// Keeps what a share is now, and gives the moment.
    pub fn snapshot(&mut self, share: &str) -> Result<String, Refusal> {
        self.now += SignedDuration::from_millis(1);
        let at = self.now.strftime("%Y-%m-%dT%H:%M:%S.%3f0000Z").to_string();
        let share = self.share_mut(share)?;
        let mut root = share.root.clone();
        unlock(&mut root);
        share.snapshots.insert(at.clone(), root);
        Ok(at)
    }

    pub fn delete_share(
        &mut self,
        name: &str,
        snapshot: Option<&str>,
        with_snapshots: bool,
    ) -> Result<(), Refusal> {
        let now = self.now;
        let share = self.share_mut(name)?;
        if let Some(at) = snapshot {
            return share.snapshots.remove(at).map(drop).ok_or(refusal(404, "ShareNotFound"));
        }
        if !share.snapshots.is_empty() && !with_snapshots {
            return Err(refusal(409, "ShareHasSnapshots"));
        }
        share.deleted = Some(now);
        Ok(())
    }

    /// What is said of something new.
    pub fn info(&mut self, attributes: &str) -> Info {
        let (etag, id) = (self.etag(), self.count);
        Info {
            id,
            etag,
            modified: self.now,
            created: self.now,
            written: self.now,
            changed: self.now,
            attributes: attributes.to_owned(),
            permission: INHERITED.to_owned(),
            metadata: BTreeMap::new(),
        }
    }

    /// One that nothing has had.
    pub fn etag(&mut self) -> String {
        self.count += 1;
        format!("\"0x8DE{:011X}\"", self.count)
    }

    /// A file of these bytes.
    pub fn file(&mut self, bytes: Bytes) -> File {
        let content = [("content-type", "application/octet-stream")];
        File {
            info: self.info("Archive"),
            bytes,
            content: content.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            lease: None,
            handles: Vec::new(),
            listed_size: None,
            is_pending: false,
            is_forbidden: false,
        }
    }

    /// Makes all directories on the way to a path that are missing.
    pub fn create_parents(&mut self, share: &str, path: &str) {
        let mut made = String::new();
        let parts: Vec<&str> = path.split('/').collect();
        for part in &parts[..parts.len() - 1] {
            let info = self.info("Directory");
            let here = self.root_mut(share).unwrap().at_mut(&made).unwrap();
            let entries = BTreeMap::new();
            here.entries.entry(folded(part)).or_insert_with(|| Entry {
                name: (*part).to_owned(),
                node: Node::Directory(Directory { info, entries }),
            });
            made = format!("{made}{part}/");
        }
    }

    /// Puts something in the place of what had the name.
    pub fn insert(&mut self, share: &str, path: &str, node: Node) -> Result<(), Refusal> {
        let (parent, name) = self.root_mut(share)?.parent_mut(path)?;
        let had = parent.entries.get(&folded(&name)).map(|entry| entry.name.clone());
        let name = had.unwrap_or(name);
        parent.entries.insert(folded(&name), Entry { name, node });
        Ok(())
    }

    /// Takes a file away, or marks it where somebody has it open.
    pub fn delete_file(
        &mut self,
        share: &str,
        path: &str,
        lease: Option<&str>,
    ) -> Result<(), Refusal> {
        let root = self.root_mut(share)?;
        let file = root.file_mut(path)?;
        file.check_delete(lease)?;
        if !file.handles.is_empty() {
            file.is_pending = true;
            return Ok(());
        }
        let (parent, name) = root.parent_mut(path)?;
        parent.entries.remove(&folded(&name));
        Ok(())
    }

    pub fn delete_directory(&mut self, share: &str, path: &str) -> Result<(), Refusal> {
        let root = self.root_mut(share)?;
        let directory = root.at(path)?;
        if directory.info.is_read_only() {
            return Err(refusal(409, "ReadOnlyAttribute"));
        }
        if !directory.entries.is_empty() {
            return Err(refusal(409, "DirectoryNotEmpty"));
        }
        let (parent, name) = root.parent_mut(path)?;
        parent.entries.remove(&folded(&name)).map(drop).ok_or(NOT_FOUND)
    }

    /// Closes what is open of a file: what was written meanwhile is told from then on, and one that
    /// was deleted meanwhile goes.
    pub fn close(&mut self, share: &str, path: &str) -> Result<usize, Refusal> {
        let (etag, now) = (self.etag(), self.now);
        let root = self.root_mut(share)?;
        let file = root.file_mut(path)?;
        let count = file.handles.len();
        file.handles.clear();
        if file.listed_size.take().is_some() {
            file.info.etag = etag;
            (file.info.written, file.info.modified, file.info.changed) = (now, now, now);
        }
        if file.check_open() == Err(PENDING) {
            let (parent, name) = root.parent_mut(path)?;
            parent.entries.remove(&folded(&name));
        }
        Ok(count)
    }
}

/// A snapshot keeps neither leases nor handles.
fn unlock(directory: &mut Directory) {
    for entry in directory.entries.values_mut() {
        match &mut entry.node {
            Node::Directory(directory) => unlock(directory),
            Node::File(file) => {
                file.lease = None;
                file.handles.clear();
            }
        }
    }
}
