//! Where one stored thing is and which version of it, and what was found in it.
//!
//! Names, places and metadata may themselves speak of the subject ("Users/ann/…"), so `Debug` shows
//! none of them. They are serialised in two places only: sealed in the ledger, and in the archive.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::layout::{Container, Layout};

/// One stored thing at one version, as a listing shows it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The configured name of the source that holds it.
    pub source: String,
    /// Its name within the source: a blob name, a path with `/` between segments.
    pub name: String,
    /// Where in that name its container is.
    #[serde(default, skip_serializing_if = "Container::is_unknown")]
    pub container: Container,
    /// What sort of thing has it.
    #[serde(default, skip_serializing_if = "Kind::is_bytes")]
    pub kind: Kind,
    /// Which of the forms under that name this is.
    pub version: Version,
    /// The id that the current form has, where the source keeps versions: under it the bytes stay
    /// when the current form is erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// Opaque validator of exactly these bytes; erasure is conditional on it.
    pub etag: String,
    /// Bytes.
    pub size: u64,
    /// When it was last written, where the source knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<Timestamp>,
    /// The media type that the source has for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// How the bytes are encoded, as HTTP says it (`Content-Encoding`): outermost last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
    /// What else the source says of the item, by the names of HTTP (`Content-Disposition`);
    /// searched as the bytes are.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, String>,
    /// Names and values kept beside the bytes; searched as the bytes are.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// Index tags; searched as the bytes are.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// The sorts of things that have a name in a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Bytes: a blob, a file.
    #[default]
    Bytes,
    /// A directory that is there by itself. It goes after what is in it, and only if that leaves it
    /// empty.
    Directory,
    /// A symbolic link. Its bytes are the text of its target, which is never followed.
    Link,
    /// A resource of a workspace. Its bytes are what its service says of it.
    Thing,
    /// Rows of a table, by the column that names the person, at a source that is asked. They have
    /// no bytes of their own and no `ETag`.
    Rows,
}

/// The forms that one name can have.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "form", content = "id")]
pub enum Version {
    /// What a plain read of the name gives.
    Current,
    /// A snapshot, by its timestamp as the source writes it.
    Snapshot(String),
    /// An earlier version, by its id.
    Previous(String),
    /// What a snapshot of the whole share keeps, by the snapshot's timestamp. It neither changes
    /// nor goes alone, nor with the current form.
    ShareSnapshot(String),
}

/// Source, name and form of an item: what it is known by, whatever its bytes.
pub type Place = (String, String, Version);

impl Item {
    /// An item of which nothing but its place is known.
    pub fn bare(source: &str, name: &str, version: Version) -> Self {
        Self {
            source: source.to_owned(),
            name: name.to_owned(),
            container: Container::Unknown,
            kind: Kind::Bytes,
            version,
            version_id: None,
            etag: String::new(),
            size: 0,
            modified: None,
            content_type: None,
            content_encoding: None,
            properties: BTreeMap::new(),
            metadata: BTreeMap::new(),
            tags: BTreeMap::new(),
        }
    }

    /// What its name means.
    pub fn layout(&self) -> Layout<'_> {
        let layout = self.container.of(&self.name);
        Layout { is_directory: self.kind == Kind::Directory, ..layout }
    }

    /// What rows are called that it is the column of: `TABLE.COLUMN`.
    pub fn column(&self) -> String {
        let mut ends = self.name.rsplitn(3, '/');
        let (column, table) = (ends.next().unwrap_or_default(), ends.next());
        table.map_or_else(|| column.to_owned(), |table| format!("{table}.{column}"))
    }

    /// What rows say that the value is of which they are the item: a column, or a key in its bag.
    pub fn key(&self) -> &str {
        let column = self.name.rsplit('/').next().unwrap_or_default();
        column.rsplit('.').next().unwrap_or_default()
    }

    /// Where it is.
    pub fn place(&self) -> Place {
        (self.source.clone(), self.name.clone(), self.version.clone())
    }
}

impl Kind {
    /// Whether it is what items usually are.
    pub fn is_bytes(&self) -> bool {
        *self == Self::Bytes
    }
}

impl Version {
    /// A word for the form, and its id; the current form has none. Digests are made of these.
    pub fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Current => ("current", ""),
            Self::Snapshot(id) => ("snapshot", id),
            Self::Previous(id) => ("previous", id),
            Self::ShareSnapshot(id) => ("share_snapshot", id),
        }
    }
}

/// A place in an item that speaks of the subject.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Hit {
    /// Index of the identity in the request.
    pub identity: usize,
    /// The chain of readings that led to it, outermost first: `json`, `gzip > text`, `zip:a.log >
    /// text`.
    pub view: String,
    /// Where in that reading: a JSON Pointer, `line 12 column 3`, a column name.
    pub place: String,
}

/// An item with what it says of one subject.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The item as listed when it was read.
    pub item: Item,
    /// At most the configured number; empty only for what is planned because of its run.
    pub hits: Vec<Hit>,
    /// Hex SHA-256 of the stored bytes that were read, where all were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Whether it names other people too, where the policy asks.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub others: bool,
}

impl Finding {
    /// Whether the item's own name speaks of the subject.
    pub fn names_the_subject(&self) -> bool {
        self.hits.iter().any(|hit| hit.view == NAME_VIEW)
    }

    /// Whether nothing speaks of the subject but who owns the item and who may do what with it, as
    /// a store notes them of whoever uploads anything.
    pub fn is_theirs_by_rights_alone(&self) -> bool {
        let is_right = |hit: &Hit| {
            hit.view == PROPERTIES_VIEW && [OWNER, GROUP, ACL].contains(&hit.place.as_str())
        };
        !self.hits.is_empty() && self.hits.iter().all(is_right)
    }
}

/// The view of a hit in what the source says of an item beside its name.
pub const PROPERTIES_VIEW: &str = "properties";

/// The property that says whose an item is, where its source has owners.
pub const OWNER: &str = "Owner";

/// The same of its group.
pub const GROUP: &str = "Group";

/// The property that says who has rights to an item by name.
pub const ACL: &str = "Acl";

/// The view of a hit in an item's own name.
pub const NAME_VIEW: &str = "name";

/// An item, or a part of one, that could not be read or decoded.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreadable {
    /// The item as listed.
    pub item: Item,
    /// What could not be read and why; stable word first, quotes no content.
    pub reason: String,
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Item({}, {} bytes, name not shown)", self.source, self.size)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Current => "Current",
            Self::Snapshot(_) => "Snapshot",
            Self::Previous(_) => "Previous",
            Self::ShareSnapshot(_) => "ShareSnapshot",
        })
    }
}

impl fmt::Debug for Hit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hit(identity {}, place not shown)", self.identity)
    }
}

impl fmt::Debug for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Finding({:?}, {} hits)", self.item, self.hits.len())
    }
}

impl fmt::Debug for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unreadable({:?}, reason not shown)", self.item)
    }
}
