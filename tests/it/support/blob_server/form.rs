//! One state of one blob: the current one, a snapshot, or a version.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

/// How long bringing a blob back from the archive takes: the service promises 15 hours at most.
pub const REHYDRATION_TIME: SignedDuration = SignedDuration::from_hours(15);

/// Which state of a blob.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Which {
    /// What stands under the plain name, or stood there when it was soft-deleted.
    Current,
    /// A snapshot, by its timestamp.
    Snapshot(String),
    /// An earlier version, by its id.
    Version(String),
}

/// What a writer brings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    pub bytes: Bytes,
    pub metadata: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
    /// `content-type`, `content-encoding` and so on, names in lower case.
    pub content: BTreeMap<String, String>,
    /// `Hot` where nothing is said.
    pub tier: Option<String>,
    /// `BlockBlob` where nothing is said; bytes are put into others by operations not spoken here.
    pub kind: Option<String>,
    /// Whether it is a directory of an account with a hierarchical namespace.
    pub is_directory: bool,
    /// Metadata that a listing cannot show.
    pub unlistable: BTreeMap<String, String>,
    /// What it was copied from.
    pub copy_source: Option<String>,
    /// Hash of the customer's key.
    pub customer_key: Option<String>,
}

/// One state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    pub which: Which,
    /// Where the account keeps versions; the current one has it too.
    pub version_id: Option<String>,
    /// With quotes.
    pub etag: String,
    pub draft: Draft,
    pub created: Timestamp,
    pub modified: Timestamp,
    /// Under way from the archive to this tier, there at that time.
    pub rehydration: Option<(String, Timestamp)>,
    /// Soft-deleted at that time, and gone for good at this one.
    pub deleted: Option<Deleted>,
    pub legal_hold: bool,
    pub immutable_until: Option<Timestamp>,
    /// Id of an endless lease.
    pub lease: Option<String>,
}

/// When a form was soft-deleted, and when that ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deleted {
    pub at: Timestamp,
    pub until: Timestamp,
}

impl Form {
    /// A new current form.
    pub fn new(draft: Draft, etag: String, version_id: Option<String>, now: Timestamp) -> Self {
        Self {
            which: Which::Current,
            version_id,
            etag,
            draft,
            created: now,
            modified: now,
            rehydration: None,
            deleted: None,
            legal_hold: false,
            immutable_until: None,
            lease: None,
        }
    }

    /// Whether requests that do not ask for deleted ones see it.
    pub fn is_live(&self) -> bool {
        self.deleted.is_none()
    }

    pub fn is_current(&self) -> bool {
        self.which == Which::Current
    }

    /// Whether the request that says `which` means it. A current form can be asked for by its
    /// version, too.
    pub fn is(&self, which: &Which) -> bool {
        match which {
            Which::Version(id) if self.is_current() => self.version_id.as_ref() == Some(id),
            _ => self.which == *which,
        }
    }

    /// Where it stands among the forms of its name: by age, the current one last.
    pub fn rank(&self) -> &str {
        match &self.which {
            Which::Current => "current",
            Which::Snapshot(id) | Which::Version(id) => id,
        }
    }

    pub fn kind(&self) -> &str {
        self.draft.kind.as_deref().unwrap_or("BlockBlob")
    }

    pub fn tier(&self) -> &str {
        self.draft.tier.as_deref().unwrap_or("Hot")
    }

    pub fn is_archived(&self) -> bool {
        self.tier() == "Archive"
    }

    pub fn is_held(&self, now: Timestamp) -> bool {
        self.legal_hold || self.immutable_until.is_some_and(|until| until > now)
    }
}

/// A moment as snapshots and versions are named.
pub fn stamp(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.7fZ").to_string()
}

/// A moment as HTTP writes it.
pub fn http_date(time: Timestamp) -> String {
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
