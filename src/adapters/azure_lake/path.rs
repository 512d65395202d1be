//! A file or a directory: what the service says of it now, and the item that this is.

use std::collections::BTreeMap;

use azure_core::http::Method;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};

use crate::adapters::azure::wire::address::add_query;
use crate::adapters::azure::wire::answer::Answer;
use crate::adapters::azure_lake::file_system::FileSystem;
use crate::adapters::azure_lake::listing::Listed;
use crate::adapters::azure_lake::rights::Rights;
use crate::domain::failure::Failure;
use crate::domain::item::{Item, Kind, Version};
use crate::domain::layout::Container;
use crate::domain::outcome::{Barrier, Block};

const LOOKING: &str = "looking at a path";
const ASKING_RIGHTS: &str = "asking for the rights of a path";

/// The status for a path that no URL addresses: the service would say so of its name.
pub const NO_URL: u16 = 400;

/// The media type of whatever was given none.
const NO_TYPE: &str = "application/octet-stream";

/// What the service says itself of a directory, as blobs do.
const MARK: &str = "hdi_isfolder";

/// What is said beside the bytes and may speak of somebody: the header, and the name of it.
const PROPERTIES: [(&str, &str); 3] = [
    ("content-language", "Content-Language"),
    ("content-disposition", "Content-Disposition"),
    ("cache-control", "Cache-Control"),
];

/// What stands under a path.
pub enum Standing {
    /// This.
    There(Box<Said>),
    /// Nothing, or a directory where a file was meant, or a file where a directory was.
    Absent,
    /// Something that is not shown to us, or that no request can name: the status and the service's
    /// code.
    Closed(u16, String),
}

/// What the service says of a path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Without quotes.
    pub etag: String,
    /// Bytes.
    pub size: u64,
    /// When it was last written.
    pub modified: Option<Timestamp>,
    /// The media type.
    pub content_type: Option<String>,
    /// How the bytes are encoded.
    pub content_encoding: Option<String>,
    /// See [`PROPERTIES`].
    pub properties: BTreeMap<String, String>,
    /// Names and values that people have written.
    pub metadata: BTreeMap<String, String>,
    /// Whose it is, and who may do what.
    pub rights: Rights,
    /// Why a rewrite would lose something of it: a word of `Rewritten::Refused`.
    pub lost: Option<&'static str>,
    /// What an application keeps beside it for the sake of its encryption.
    pub encryption: Option<String>,
    /// How long ago it was last changed, by the service's own clock.
    pub idle: Option<SignedDuration>,
}

/// Asks what stands under a path: that of a directory ends in a slash.
///
/// # Errors
/// Where the service does not answer, or does not let us in at all.
pub async fn look(lake: &FileSystem, path: &str) -> Result<Standing, Failure> {
    let Some(url) = lake.url(path) else { return Ok(Standing::Closed(NO_URL, String::new())) };
    let answer = lake.call(LOOKING, Method::Head, url, &[]).await?;
    let is_directory = answer.header("x-ms-resource-type") == Some("directory");
    Ok(match answer.status {
        200 if is_directory == path.ends_with('/') => Standing::There(Box::new(Said::of(&answer))),
        200 => Standing::Absent,
        _ if is_absence(&answer) => Standing::Absent,
        _ if is_closed(&answer) => Standing::Closed(answer.status, answer.code),
        _ => return Err(answer.failure(LOOKING)),
    })
}

/// Asks for all rights of a path; `None` where it is gone, or they are not shown to us.
///
/// # Errors
/// Where the service does not answer.
pub async fn rights(lake: &FileSystem, path: &str) -> Result<Option<Rights>, Failure> {
    let Some(mut url) = lake.url(path) else { return Ok(None) };
    add_query(&mut url, "action", "getAccessControl");
    add_query(&mut url, "upn", "false");
    let answer = lake.call(ASKING_RIGHTS, Method::Head, url, &[]).await?;
    match answer.status {
        200 => Ok(Some(Rights::of(&answer))),
        403 if !answer.is_unwelcome() => Ok(None),
        _ if is_absence(&answer) => Ok(None),
        _ => Err(answer.failure(ASKING_RIGHTS)),
    }
}

/// Whether an answer says that nothing is under a path. A file system that is not there says
/// nothing of a path.
pub fn is_absence(answer: &Answer) -> bool {
    let codes = ["PathNotFound", "SourcePathNotFound", "BlobNotFound", "ResourceNotFound"];
    answer.status == 404 && codes.contains(&answer.code.as_str())
}

/// Whether an answer, which is no [absence](is_absence), is a word about this one path alone:
/// another may be answered.
pub fn is_closed(answer: &Answer) -> bool {
    let is_of_all = answer.is_unwelcome() || answer.is_container_missing();
    !is_of_all && (400..500).contains(&answer.status) && !matches!(answer.status, 408 | 412 | 429)
}

/// Why a closed one is not given out, in the words of `Read::Refused`.
pub fn refusal(status: u16, code: &str) -> String {
    let word = match status {
        403 => "forbidden",
        409 if code.contains("Archived") || code.contains("Rehydrated") => "archived",
        409 if code.contains("CustomerSpecifiedEncryption") => "customer_key",
        409 => "locked",
        _ => "name",
    };
    if code.is_empty() { word.to_owned() } else { format!("{word}: {code}") }
}

/// What forbids a change, by status and code of the answer to it.
pub fn barrier(status: u16, code: &str) -> Option<Barrier> {
    let block = match (status, code) {
        (409 | 412, code) if code.starts_with("Lease") => Block::Lease,
        (409, code) if code.contains("LegalHold") => Block::LegalHold,
        (409, code) if code.contains("Immutable") => Block::Immutable,
        // What is in it is not ours, or came meanwhile.
        (409, "DirectoryNotEmpty") | (403, _) => Block::Lock,
        _ => return None,
    };
    Some(Barrier::new(block, code))
}

impl Said {
    fn of(answer: &Answer) -> Self {
        let text = |name| answer.given(name).map(str::to_owned);
        let (metadata, is_odd) = written(answer.given("x-ms-properties").unwrap_or_default());
        let has_tier = answer.given("x-ms-access-tier").is_some()
            && answer.given("x-ms-access-tier-inferred") != Some("true");
        let checks = [
            ("archived", answer.given("x-ms-access-tier") == Some("Archive")),
            ("customer_key", answer.given("x-ms-encryption-key-sha256").is_some()),
            ("expiry", answer.given("x-ms-expiry-time").is_some()),
            ("metadata", is_odd),
            ("properties", has_tier),
        ];
        Self {
            etag: answer.etag().unwrap_or_default(),
            size: answer.size(),
            modified: answer.time("last-modified"),
            content_type: text("content-type"),
            content_encoding: text("content-encoding"),
            properties: answer.named(&PROPERTIES),
            metadata,
            rights: Rights::of(answer),
            lost: checks.into_iter().find(|(_, is_lost)| *is_lost).map(|(word, _)| word),
            encryption: text("x-ms-encryption-context"),
            idle: answer.idle(),
        }
    }

    /// What is said of a path of which nobody said more, as it is listed.
    pub fn plain(listed: &Listed) -> Self {
        let (etag, size, modified) = (listed.etag.clone(), listed.size, listed.modified);
        let content_type = Some(NO_TYPE.to_owned());
        Self { etag, size, modified, content_type, ..Self::default() }
    }

    /// Whether nothing is said beside the bytes and the rights.
    pub fn is_plain(&self) -> bool {
        self.content_type.as_deref().is_none_or(|it| it == NO_TYPE)
            && self.content_encoding.is_none()
            && self.properties.is_empty()
            && self.metadata.is_empty()
    }

    /// The item of this path.
    pub fn item(self, source: &str, lake: &str, path: &str) -> Item {
        let is_directory = path.ends_with('/');
        let mut properties = self.properties;
        properties.extend(self.rights.properties());
        Item {
            container: Container::Named(lake.to_owned()),
            kind: if is_directory { Kind::Directory } else { Kind::Bytes },
            etag: self.etag,
            size: if is_directory { 0 } else { self.size },
            modified: self.modified,
            content_type: self.content_type.filter(|_| !is_directory),
            content_encoding: self.content_encoding.filter(|_| !is_directory),
            properties,
            metadata: self.metadata,
            ..Item::bare(source, path, Version::Current)
        }
    }
}

/// The names and values in the header of properties, and whether one of the values is no text that
/// could be written again as it was.
fn written(header: &str) -> (BTreeMap<String, String>, bool) {
    let (mut pairs, mut is_odd) = (BTreeMap::new(), false);
    for pair in header.split(',').filter(|pair| !pair.trim().is_empty()) {
        let (name, value) = pair.trim().split_once('=').unwrap_or((pair.trim(), ""));
        let bytes = STANDARD.decode(value).unwrap_or_else(|_| {
            is_odd = true;
            value.as_bytes().to_vec()
        });
        let value = String::from_utf8(bytes).unwrap_or_else(|error| {
            is_odd = true;
            // What it is in the character set of HTTP.
            error.into_bytes().into_iter().map(char::from).collect()
        });
        if !name.eq_ignore_ascii_case(MARK) {
            pairs.insert(name.to_owned(), value);
        }
    }
    (pairs, is_odd)
}

/// The header that says these names and values.
pub fn said_of(metadata: &BTreeMap<String, String>) -> String {
    let pairs = metadata.iter().map(|(name, value)| format!("{name}={}", STANDARD.encode(value)));
    pairs.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_forbids_a_change_is_told_by_its_code() {
        let table = [
            (412, "LeaseIdMissing", Some(Block::Lease)),
            (409, "LeaseIdMismatchWithBlobOperation", Some(Block::Lease)),
            (409, "PathImmutableDueToPolicy", Some(Block::Immutable)),
            (409, "PathImmutableDueToLegalHold", Some(Block::LegalHold)),
            (409, "DirectoryNotEmpty", Some(Block::Lock)),
            (403, "AuthorizationPermissionMismatch", Some(Block::Lock)),
            (409, "FilesystemBeingDeleted", None),
            (412, "ConditionNotMet", None),
            (404, "PathNotFound", None),
            (503, "ServerBusy", None),
        ];
        for (status, code, block) in table {
            let found = barrier(status, code);
            assert_eq!(found.as_ref().map(|barrier| barrier.block), block, "{status} {code}");
        }
        assert_eq!(refusal(NO_URL, ""), "name");
        assert_eq!(refusal(403, "X"), "forbidden: X");
        assert_eq!(refusal(409, "BlobArchived"), "archived: BlobArchived");
        assert_eq!(refusal(409, "PathConflict"), "locked: PathConflict");
    }

    #[test]
    fn what_people_write_is_read_and_written_alike() {
        let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let pairs = map(&[("owner", "ann=山, b"), ("stage", "")]);
        let header = said_of(&pairs);
        assert_eq!(header, "owner=YW5uPeWxsSwgYg==,stage=");
        assert_eq!(written(&header), (pairs, false));
        assert_eq!(written(""), (BTreeMap::new(), false));
        assert_eq!(written("hdi_isfolder=dHJ1ZQ==, a=YQ=="), (map(&[("a", "a")]), false));
        assert_eq!(written("a=Yf8="), (map(&[("a", "aÿ")]), true));
        assert_eq!(written("a=not base64"), (map(&[("a", "not base64")]), true));
    }
}
