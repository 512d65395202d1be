//! One form of a file, or of a directory in which nothing is: what the service says of it now, and
//! the item that this is.

use std::collections::BTreeMap;

use azure_core::http::Method;
use jiff::{SignedDuration, Timestamp};

use crate::adapters::azure::listing::keep;
use crate::adapters::azure::wire::answer::Answer;
use crate::adapters::azure_files::listing::Listed;
use crate::adapters::azure_files::share::Share;
use crate::domain::failure::Failure;
use crate::domain::item::{Item, Kind, Version};
use crate::domain::layout::Container;
use crate::domain::outcome::{Barrier, Block};

const LOOKING: &str = "looking at a file";

/// The status for a path that no URL addresses: the service would say so of its name.
pub const NO_URL: u16 = 400;

/// The media type of whatever was given none.
pub const NO_TYPE: &str = "application/octet-stream";

/// What is said beside the bytes and may speak of somebody: the header, and the name of it.
const PROPERTIES: [(&str, &str); 5] = [
    ("content-language", "Content-Language"),
    ("content-disposition", "Content-Disposition"),
    ("cache-control", "Cache-Control"),
    ("x-ms-copy-source", "CopySource"),
    ("x-ms-copy-status-description", "CopyStatusDescription"),
];

/// What stands under a path.
pub enum Standing {
    /// This.
    There(Box<Said>),
    /// Nothing.
    Absent,
    /// A file that was deleted, and is there until whoever has it open closes it.
    Pending,
    /// Something that is not shown to us, or that no request can name: the status and the service's
    /// code.
    Closed(u16, String),
}

/// What the service says of a file or a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Without quotes.
    pub etag: String,
    /// Bytes.
    pub size: u64,
    /// When it was last written.
    pub written: Option<Timestamp>,
    /// The media type.
    pub content_type: Option<String>,
    /// How the bytes are encoded.
    pub content_encoding: Option<String>,
    /// See [`PROPERTIES`].
    pub properties: BTreeMap<String, String>,
    /// Names and values.
    pub metadata: BTreeMap<String, String>,
    /// What a rewrite says anew as it was: headers and values.
    pub kept: Vec<(&'static str, String)>,
    /// Whether somebody has a lease on it.
    pub is_leased: bool,
    /// Whether nobody may change or delete it before that attribute goes.
    pub is_read_only: bool,
    /// Whether it leads to another file.
    pub is_link: bool,
    /// How long ago it was last changed, by the service's own clock.
    pub idle: Option<SignedDuration>,
}

/// Headers that a rewrite says anew.
const KEPT: [&str; 5] = [
    "content-encoding",
    "x-ms-file-attributes",
    "x-ms-file-creation-time",
    "x-ms-file-last-write-time",
    "x-ms-file-permission-key",
];

/// Asks what stands under a path: that of a directory ends in a slash.
///
/// # Errors
/// Where the service does not answer, or does not let us in at all.
pub async fn look(share: &Share, path: &str, snapshot: Option<&str>) -> Result<Standing, Failure> {
    let is_directory = path.ends_with('/');
    let (method, url) = match is_directory {
        true => (Method::Get, share.directory_url(path, snapshot)),
        false => (Method::Head, share.file_url(path, snapshot)),
    };
    let Some(url) = url else { return Ok(Standing::Closed(NO_URL, String::new())) };
    let answer = share.call(LOOKING, method, url, &[]).await?;
    Ok(match (answer.status, answer.code.as_str()) {
        (200, _) => Standing::There(Box::new(Said::of(&answer))),
        _ if is_absence(&answer, snapshot.is_some()) => Standing::Absent,
        (409, "DeletePending") => Standing::Pending,
        _ if is_closed(&answer) => Standing::Closed(answer.status, answer.code),
        _ => return Err(answer.failure(LOOKING)),
    })
}

/// Whether an answer says that nothing of that sort is under a path.
///
/// A share that is not there says nothing of a file, unless it is a snapshot. Whoever mounts one
/// can give names that no request can say: what is answered to those says nothing of what is there.
pub fn is_absence(answer: &Answer, is_snapshot: bool) -> bool {
    says_absent(answer.status, &answer.code, is_snapshot)
}

fn says_absent(status: u16, code: &str, is_snapshot: bool) -> bool {
    match (status, code) {
        (404, "ResourceNotFound" | "ParentNotFound") | (409, "ResourceTypeMismatch") => true,
        (404, "ShareNotFound" | "ShareSnapshotNotFound") => is_snapshot,
        _ => false,
    }
}

/// Whether an answer, which is no [absence](is_absence), is a word about this one path alone:
/// another may be answered.
pub fn is_closed(answer: &Answer) -> bool {
    let is_of_all = answer.is_unwelcome() || answer.is_container_missing();
    !is_of_all && says_closed(answer.status, &answer.code)
}

fn says_closed(status: u16, code: &str) -> bool {
    match status {
        401 | 408 | 429 => false,
        400..500 => true,
        // Whoever has it open does not give back what it has not written yet.
        500 => code == "ClientCacheFlushDelay",
        _ => false,
    }
}

/// Whether a closed one may not be there at all: no request can say its name.
pub fn is_of_the_name(status: u16) -> bool {
    !matches!(status, 403 | 409 | 500)
}

/// Why a closed one is not given out, in the words of `Read::Refused`.
pub fn refusal(status: u16, code: &str) -> String {
    let word = match status {
        403 => "forbidden",
        409 | 500 => "locked",
        _ => "name",
    };
    if code.is_empty() { word.to_owned() } else { format!("{word}: {code}") }
}

/// What forbids a change, by status and code of the answer to it.
pub fn barrier(status: u16, code: &str) -> Option<Barrier> {
    let block = match (status, code) {
        (409 | 412, code) if code.starts_with("Lease") => Block::Lease,
        // Somebody has it open, has bytes of it locked, or gave it the attribute; or it is deleted
        // and open still.
        (
            409,
            "SharingViolation"
            | "FileLockConflict"
            | "ReadOnlyAttribute"
            | "DeletePending"
            | "CannotDeleteFileOrDirectory"
            | "FileOpenBySmbClient",
        ) => Block::Lock,
        (409 | 500, "ClientCacheFlushDelay") | (403, _) => Block::Lock,
        _ => return None,
    };
    Some(Barrier::new(block, code))
}

impl Said {
    fn of(answer: &Answer) -> Self {
        let text = |name| answer.given(name).map(str::to_owned);
        let has = |name, word: &str| {
            answer.given(name).is_some_and(|it| it.split('|').any(|each| each.trim() == word))
        };
        let mut metadata = BTreeMap::new();
        for (name, value) in answer.metadata() {
            keep(&mut metadata, name, value.to_owned());
        }
        Self {
            etag: answer.etag().unwrap_or_default(),
            size: answer.size(),
            written: answer.given("x-ms-file-last-write-time").and_then(|it| it.parse().ok()),
            content_type: text("content-type"),
            content_encoding: text("content-encoding"),
            properties: answer.named(&PROPERTIES),
            metadata,
            kept: KEPT.iter().filter_map(|name| Some((*name, text(name)?))).collect(),
            is_leased: answer.given("x-ms-lease-state") == Some("leased"),
            is_read_only: has("x-ms-file-attributes", "ReadOnly"),
            is_link: answer.given("x-ms-file-file-type").is_some_and(|it| it != "Regular"),
            idle: answer.idle(),
        }
    }

    /// What is said of a file of which nobody said anything, as it is listed.
    pub fn plain(listed: &Listed) -> Self {
        let content_type = (!listed.is_directory()).then(|| NO_TYPE.to_owned());
        let (etag, size, written) = (listed.etag.clone(), listed.size, listed.written);
        Self { etag, size, written, content_type, ..Self::default() }
    }

    /// Whether nothing is said beside the bytes.
    pub fn is_plain(&self) -> bool {
        self.content_type.as_deref() == Some(NO_TYPE)
            && self.content_encoding.is_none()
            && self.properties.is_empty()
            && self.metadata.is_empty()
    }

    /// Whether it is what was seen. The `ETag` alone says so; size and time beside it, because a
    /// program on a mounted share may hold back what it has written.
    pub fn is(&self, item: &Item) -> bool {
        let is_as_old = item.modified.is_none() || self.written == item.modified;
        self.etag == item.etag && self.size == item.size && is_as_old
    }

    /// The item of this form.
    pub fn item(self, source: &str, share: &str, path: &str, version: Version) -> Item {
        let is_directory = path.ends_with('/');
        Item {
            container: Container::Named(share.to_owned()),
            kind: if is_directory { Kind::Directory } else { Kind::Bytes },
            etag: self.etag,
            size: if is_directory { 0 } else { self.size },
            modified: self.written,
            content_type: self.content_type.filter(|_| !is_directory),
            content_encoding: self.content_encoding.filter(|_| !is_directory),
            properties: self.properties,
            metadata: self.metadata,
            ..Item::bare(source, path, version)
        }
    }
}

/// The snapshot that a form is of.
pub fn snapshot_of(version: &Version) -> Option<&str> {
    match version {
        Version::ShareSnapshot(at) => Some(at),
        Version::Current | Version::Snapshot(_) | Version::Previous(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_forbids_a_change_is_told_by_its_code() {
        let table = [
            (412, "LeaseIdMissing", Some(Block::Lease)),
            (409, "LeaseAlreadyPresent", Some(Block::Lease)),
            (409, "SharingViolation", Some(Block::Lock)),
            (409, "ReadOnlyAttribute", Some(Block::Lock)),
            (409, "DeletePending", Some(Block::Lock)),
            (409, "FileOpenBySmbClient", Some(Block::Lock)),
            (500, "ClientCacheFlushDelay", Some(Block::Lock)),
            (500, "InternalError", None),
            (403, "AuthorizationPermissionMismatch", Some(Block::Lock)),
            (409, "ShareBeingDeleted", None),
            (404, "ResourceNotFound", None),
            (503, "ServerBusy", None),
        ];
        for (status, code, block) in table {
            let found = barrier(status, code);
            assert_eq!(found.as_ref().map(|barrier| barrier.block), block, "{status} {code}");
        }
    }

    #[test]
    fn only_who_says_that_nothing_is_there_is_believed() {
        let table = [
            (404, "ResourceNotFound", [true, true], true),
            (404, "ParentNotFound", [true, true], true),
            (409, "ResourceTypeMismatch", [true, true], true),
            (404, "ShareNotFound", [false, true], true),
            (404, "ShareSnapshotNotFound", [false, true], true),
            (404, "", [false, false], true),
            (400, "InvalidResourceName", [false, false], true),
            (400, "InvalidUri", [false, false], true),
            (500, "ClientCacheFlushDelay", [false, false], true),
            (500, "InternalError", [false, false], false),
            (429, "TooManyRequests", [false, false], false),
            (503, "ServerBusy", [false, false], false),
        ];
        for (status, code, is_absent, is_closed) in table {
            let found = [false, true].map(|is_snapshot| says_absent(status, code, is_snapshot));
            assert_eq!(found, is_absent, "{status} {code}");
            assert_eq!(says_closed(status, code), is_closed, "{status} {code}");
        }
        assert_eq!(refusal(400, "InvalidResourceName"), "name: InvalidResourceName");
        assert_eq!(refusal(NO_URL, ""), "name");
        assert_eq!(refusal(500, "ClientCacheFlushDelay"), "locked: ClientCacheFlushDelay");
    }
}
