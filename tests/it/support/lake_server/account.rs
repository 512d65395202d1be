//! File systems, what was deleted in them and can be restored, and the clock.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use crate::support::blob_server::conditions::{Refusal, refusal};
use crate::support::lake_server::node::{File, NOT_FOUND, Node};

/// Whose everything is unless it is told another.
pub const NOBODY: &str = "$superuser";

/// A file system.
#[derive(Clone, Debug, Default)]
pub struct FileSystem {
    /// By [`key`]s, so that what is in a directory comes right behind it.
    pub nodes: BTreeMap<String, Node>,
    pub deleted: Vec<Deleted>,
}

/// What was deleted and is kept for a while.
#[derive(Clone, Debug)]
pub struct Deleted {
    pub path: String,
    pub id: u64,
    pub at: Timestamp,
    pub node: Node,
}

/// The account.
pub struct Account {
    pub now: Timestamp,
    pub file_systems: BTreeMap<String, FileSystem>,
    /// Names of those that were deleted and can be restored; `None` if there are none ever.
    pub deleted: Option<BTreeSet<String>>,
    /// How long deleted paths are kept; `None` if not at all.
    pub retention_days: Option<u32>,
    /// Whether we are told of that, and of deleted paths.
    pub tells_of_deleted: bool,
    /// Whether owners and rights may be changed by who may write.
    pub lets_own: bool,
    /// Most paths of a page of a listing.
    pub page_max: usize,
    count: u64,
}

/// What a path is sorted by.
pub fn key(path: &str) -> String {
    path.replace('/', "\0")
}

/// The path of a key.
pub fn path_of(key: &str) -> String {
    key.replace('\0', "/")
}

impl Account {
    pub fn new() -> Self {
        Self {
            now: "2026-11-23T12:00:00Z".parse().unwrap(),
            file_systems: BTreeMap::new(),
            deleted: None,
            retention_days: None,
            tells_of_deleted: true,
            lets_own: true,
            page_max: 5000,
            count: 0,
        }
    }

    pub fn advance_clock(&mut self, time: SignedDuration) {
        self.now += time;
        let (now, days) = (self.now, self.retention_days.unwrap_or_default());
        let kept = SignedDuration::from_hours(24 * i64::from(days));
        for lake in self.file_systems.values_mut() {
            lake.deleted.retain(|deleted| deleted.at + kept > now);
        }
    }

    pub fn create(&mut self, name: &str) -> Result<(), Refusal> {
        if self.file_systems.contains_key(name) {
            return Err(refusal(409, "FilesystemAlreadyExists"));
        }
        self.file_systems.insert(name.to_owned(), FileSystem::default());
        Ok(())
    }

    pub fn delete(&mut self, name: &str) {
        self.file_systems.remove(name);
        if let Some(deleted) = &mut self.deleted {
            deleted.insert(name.to_owned());
        }
    }

    pub fn lake(&self, name: &str) -> Result<&FileSystem, Refusal> {
        self.file_systems.get(name).ok_or(refusal(404, "FilesystemNotFound"))
    }

    pub fn lake_mut(&mut self, name: &str) -> Result<&mut FileSystem, Refusal> {
        self.file_systems.get_mut(name).ok_or(refusal(404, "FilesystemNotFound"))
    }

    pub fn node(&self, lake: &str, path: &str) -> Result<&Node, Refusal> {
        self.lake(lake)?.nodes.get(&key(path)).ok_or(NOT_FOUND)
    }

    pub fn node_mut(&mut self, lake: &str, path: &str) -> Result<&mut Node, Refusal> {
        self.lake_mut(lake)?.nodes.get_mut(&key(path)).ok_or(NOT_FOUND)
    }

    /// One that nothing has had.
    pub fn etag(&mut self) -> String {
        self.count += 1;
        format!("\"0x8DE{:011X}\"", self.count)
    }

    /// A new file of these bytes, or a directory.
    pub fn made(&mut self, bytes: Option<Bytes>) -> Node {
        let content = [("content-type", "application/octet-stream")];
        let is_file = bytes.is_some();
        Node {
            etag: self.etag(),
            modified: self.now,
            created: self.now,
            owner: NOBODY.to_owned(),
            group: NOBODY.to_owned(),
            acl: if is_file {
                "user::rw-,group::r--,other::---"
            } else {
                "user::rwx,group::r-x,other::---"
            }
            .to_owned(),
            properties: BTreeMap::new(),
            content: content.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            lease: None,
            is_forbidden: false,
            is_immutable: false,
            expires: None,
            file: bytes.map(|bytes| File { bytes, appended: BTreeMap::new() }),
        }
    }

    /// Puts something under a path, in directories that are made if need be.
    pub fn insert(&mut self, lake: &str, path: &str, node: Node) -> Result<(), Refusal> {
        let parts: Vec<&str> = path.split('/').collect();
        for depth in 1..parts.len() {
            let above = parts[..depth].join("/");
            match self.node(lake, &above) {
                Ok(node) if node.is_directory() => {}
                Ok(_) => return Err(refusal(409, "PathConflict")),
                Err(_) => {
                    let directory = self.made(None);
                    self.lake_mut(lake)?.nodes.insert(key(&above), directory);
                }
            }
        }
        self.lake_mut(lake)?.nodes.insert(key(path), node);
        Ok(())
    }

    /// Takes a path away with all that is in it, and keeps it for a while where that is the policy.
    pub fn remove(&mut self, lake: &str, path: &str) -> Result<(), Refusal> {
        let (now, keeps) = (self.now, self.retention_days.is_some());
        let (first, below) = (key(path), format!("{}\0", key(path)));
        let is_in = |it: &String| *it == first || it.starts_with(&below);
        let removed: Vec<String> =
            self.lake(lake)?.nodes.keys().filter(|it| is_in(it)).cloned().collect();
        for key in removed {
            self.count += 1;
            let id = self.count;
            let lake = self.lake_mut(lake)?;
            let node = lake.nodes.remove(&key).ok_or(NOT_FOUND)?;
            if keeps {
                lake.deleted.push(Deleted { path: path_of(&key), id, at: now, node });
            }
        }
        Ok(())
    }
}

impl FileSystem {
    /// Whether something is in a directory.
    pub fn has_below(&self, path: &str) -> bool {
        let below = format!("{}\0", key(path));
        self.nodes.range(below.clone()..).next().is_some_and(|(key, _)| key.starts_with(&below))
    }
}
