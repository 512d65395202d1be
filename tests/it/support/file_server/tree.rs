//! Directories and files of one share. Names keep their case and are compared without it.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;

use crate::support::blob_server::conditions::{Refusal, refusal};

pub const NOT_FOUND: Refusal = refusal(404, "ResourceNotFound");
pub const NO_PARENT: Refusal = refusal(404, "ParentNotFound");
pub const SHARED: Refusal = refusal(409, "SharingViolation");
pub const PENDING: Refusal = refusal(409, "DeletePending");
pub const READ_ONLY: Refusal = refusal(409, "ReadOnlyAttribute");

/// What every directory and file has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    pub id: u64,
    /// With quotes.
    pub etag: String,
    pub modified: Timestamp,
    pub created: Timestamp,
    pub written: Timestamp,
    pub changed: Timestamp,
    /// `Archive`, `ReadOnly | Hidden`.
    pub attributes: String,
    pub permission: String,
    pub metadata: BTreeMap<String, String>,
}

impl Info {
    pub fn is_read_only(&self) -> bool {
        self.attributes.split('|').any(|word| word.trim() == "ReadOnly")
    }
}

/// What a program on a mounted share has open, and what it lets others do meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handle {
    pub id: u64,
    pub lets_read: bool,
    pub lets_write: bool,
    pub lets_delete: bool,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub info: Info,
    pub bytes: Bytes,
    /// `content-type`, `content-encoding` and so on, names in lower case.
    pub content: BTreeMap<String, String>,
    pub lease: Option<String>,
    pub handles: Vec<Handle>,
    /// How long a listing says it is while somebody writes who has it open, until it is closed.
    pub listed_size: Option<usize>,
    /// Deleted, and there until its last handle is closed.
    pub is_pending: bool,
    /// Nobody is let in.
    pub is_forbidden: bool,
}

impl File {
    /// For reading it.
    pub fn check_read(&self) -> Result<(), Refusal> {
        self.check_open()?;
        self.check_shared(|handle| handle.lets_read)
    }

    /// For changing it, or taking its name.
    pub fn check_write(&self, lease: Option<&str>) -> Result<(), Refusal> {
        self.check_open()?;
        self.check_lease(lease)?;
        self.check_shared(|handle| handle.lets_write)
    }

    pub fn check_delete(&self, lease: Option<&str>) -> Result<(), Refusal> {
        self.check_open()?;
        self.check_lease(lease)?;
        if self.info.is_read_only() {
            return Err(READ_ONLY);
        }
        self.check_shared(|handle| handle.lets_delete)
    }

    pub fn check_open(&self) -> Result<(), Refusal> {
        if self.is_pending {
            return Err(PENDING);
        }
        if self.is_forbidden {
            return Err(refusal(403, "AuthorizationPermissionMismatch"));
        }
        Ok(())
    }

    pub fn check_shared(&self, lets: impl Fn(&Handle) -> bool) -> Result<(), Refusal> {
        if self.handles.iter().all(lets) { Ok(()) } else { Err(SHARED) }
    }

    fn check_lease(&self, named: Option<&str>) -> Result<(), Refusal> {
        match (&self.lease, named) {
            (Some(_), None) => Err(refusal(412, "LeaseIdMissing")),
            (Some(lease), Some(named)) if lease != named => {
                Err(refusal(412, "LeaseIdMismatchWithFileOperation"))
            }
            (None, Some(_)) => Err(refusal(412, "LeaseNotPresentWithFileOperation")),
            _ => Ok(()),
        }
    }
}

/// A directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    pub info: Info,
    /// By name without its case.
    pub entries: BTreeMap<String, Entry>,
}

/// Something in a directory, under the name that it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    pub node: Node,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    File(File),
    Directory(Directory),
}

/// What a name is compared by.
pub fn folded(name: &str) -> String {
    name.to_lowercase()
}

/// The directory of a path, and its last part.
pub fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

impl Directory {
    /// The directory at a path; the empty one is this.
    pub fn at(&self, path: &str) -> Result<&Self, Refusal> {
        let mut here = self;
        for part in path.split('/').filter(|part| !part.is_empty()) {
            here = match here.entries.get(&folded(part)).map(|entry| &entry.node) {
                Some(Node::Directory(directory)) => directory,
                Some(Node::File(_)) => return Err(refusal(409, "ResourceTypeMismatch")),
                None => return Err(NOT_FOUND),
            };
        }
        Ok(here)
    }

    pub fn at_mut(&mut self, path: &str) -> Result<&mut Self, Refusal> {
        let mut here = self;
        for part in path.split('/').filter(|part| !part.is_empty()) {
            here = match here.entries.get_mut(&folded(part)).map(|entry| &mut entry.node) {
                Some(Node::Directory(directory)) => directory,
                Some(Node::File(_)) => return Err(refusal(409, "ResourceTypeMismatch")),
                None => return Err(NOT_FOUND),
            };
        }
        Ok(here)
    }

    /// The directory in which the last part of a path is, or is to be.
    pub fn parent_mut(&mut self, path: &str) -> Result<(&mut Self, String), Refusal> {
        let (parent, name) = split(path);
        let parent = self.at_mut(parent);
        let parent = parent.map_err(|it| if it == NOT_FOUND { NO_PARENT } else { it })?;
        Ok((parent, name.to_owned()))
    }

    pub fn file(&self, path: &str) -> Result<&File, Refusal> {
        let (parent, name) = split(path);
        let parent = self.at(parent);
        let parent = parent.map_err(|it| if it == NOT_FOUND { NO_PARENT } else { it })?;
        match parent.entries.get(&folded(name)).map(|entry| &entry.node) {
            Some(Node::File(file)) => Ok(file),
            Some(Node::Directory(_)) => Err(refusal(409, "ResourceTypeMismatch")),
            None => Err(NOT_FOUND),
        }
    }

    pub fn file_mut(&mut self, path: &str) -> Result<&mut File, Refusal> {
        let (parent, name) = self.parent_mut(path)?;
        match parent.entries.get_mut(&folded(&name)).map(|entry| &mut entry.node) {
            Some(Node::File(file)) => Ok(file),
            Some(Node::Directory(_)) => Err(refusal(409, "ResourceTypeMismatch")),
            None => Err(NOT_FOUND),
        }
    }

    /// Every file with its path, in the byte order of the paths, and every directory, whose path
    /// ends in `/`.
    pub fn walk(&self) -> Vec<(String, &Node)> {
        let mut found = Vec::new();
        self.walk_below("", &mut found);
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        found
    }

    fn walk_below<'a>(&'a self, prefix: &str, found: &mut Vec<(String, &'a Node)>) {
        for Entry { name, node } in self.entries.values() {
            match node {
                Node::File(_) => found.push((format!("{prefix}{name}"), node)),
                Node::Directory(directory) => {
                    let path = format!("{prefix}{name}/");
                    directory.walk_below(&path, found);
                    found.push((path, node));
                }
            }
        }
    }
}
