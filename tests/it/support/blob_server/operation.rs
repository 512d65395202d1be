//! What a request asks for, and with what: read from its path, query, headers and body.

use std::collections::BTreeMap;

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use quick_xml::Reader;
use quick_xml::events::Event;
use url::form_urlencoded;

use crate::support::blob_server::conditions::{Conditions, Refusal, refusal};
use crate::support::blob_server::form::{Draft, Which};
use crate::support::blob_server::wire::Request;

/// The operations that are spoken, by their names in the published interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    ServiceGetProperties,
    ServiceGetUserDelegationKey,
    ServiceListContainers,
    SubmitBatch,
    ContainerCreate,
    ContainerGetProperties,
    ContainerListBlobs,
    BlobUpload,
    BlockStage,
    BlockCommitList,
    BlobDownload,
    BlobGetProperties,
    BlobDelete,
    BlobSnapshot,
    BlobUndelete,
    BlobSetMetadata,
    BlobGetTags,
    BlobSetTags,
    BlobSetTier,
    BlobLease,
    /// Nothing that is spoken here.
    Unknown,
}

/// Where a request goes: the account, a container or a blob, percent-decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addressed {
    pub container: String,
    pub blob: String,
}

/// Headers that describe the bytes, as a `GET` gives them; a writer says `x-ms-blob-` before each.
pub const CONTENT: [&str; 5] = [
    "content-type",
    "content-encoding",
    "content-language",
    "content-disposition",
    "cache-control",
];

impl Operation {
    pub fn of(request: &Request, place: &Addressed) -> Self {
        let comp = request.query("comp").unwrap_or_default();
        let is_service = request.query("restype") == Some("service");
        let is_container = request.query("restype") == Some("container");
        match (request.method.as_str(), place.container.is_empty(), place.blob.is_empty()) {
            ("GET", true, _) if is_service && comp == "properties" => Self::ServiceGetProperties,
            ("POST", true, _) if is_service && comp == "userdelegationkey" => {
                Self::ServiceGetUserDelegationKey
            }
            ("GET", true, _) if comp == "list" => Self::ServiceListContainers,
            ("POST", _, true) if comp == "batch" => Self::SubmitBatch,
            ("GET", false, true) if is_container && comp == "list" => Self::ContainerListBlobs,
            ("PUT", false, true) if is_container && comp.is_empty() => Self::ContainerCreate,
            ("GET" | "HEAD", false, true) if is_container && comp.is_empty() => {
                Self::ContainerGetProperties
            }
            (method, false, false) => Self::of_blob(method, comp),
            _ => Self::Unknown,
        }
    }

    fn of_blob(method: &str, comp: &str) -> Self {
        match (method, comp) {
            ("PUT", "") => Self::BlobUpload,
            ("PUT", "block") => Self::BlockStage,
            ("PUT", "blocklist") => Self::BlockCommitList,
            ("PUT", "snapshot") => Self::BlobSnapshot,
            ("PUT", "undelete") => Self::BlobUndelete,
            ("PUT", "metadata") => Self::BlobSetMetadata,
            ("PUT", "tags") => Self::BlobSetTags,
            ("PUT", "tier") => Self::BlobSetTier,
            ("PUT", "lease") => Self::BlobLease,
            ("GET", "tags") => Self::BlobGetTags,
            ("GET", "") => Self::BlobDownload,
            ("HEAD", "" | "metadata") => Self::BlobGetProperties,
            ("DELETE", "") => Self::BlobDelete,
            _ => Self::Unknown,
        }
    }
}

/// Where a path leads; `None` where its bytes are no text.
pub fn place(path: &str) -> Option<Addressed> {
    let mut segments = path.strip_prefix('/')?.splitn(3, '/').skip(1);
    let mut decoded = || {
        let segment = segments.next().unwrap_or_default();
        Some(percent_decode_str(segment).decode_utf8().ok()?.into_owned())
    };
    Some(Addressed { container: decoded()?, blob: decoded()? })
}

/// Which form of the blob is meant.
pub fn which(request: &Request) -> Which {
    match (request.query("snapshot"), request.query("versionid")) {
        (Some(snapshot), _) => Which::Snapshot(snapshot.to_owned()),
        (None, Some(id)) => Which::Version(id.to_owned()),
        (None, None) => Which::Current,
    }
}

/// Its conditions.
pub fn conditions(request: &Request) -> Conditions {
    let header = |name| request.header(name).map(str::to_owned);
    Conditions {
        if_match: header("if-match"),
        if_none_match: header("if-none-match"),
        lease_id: header("x-ms-lease-id"),
    }
}

/// What it would write, but for the bytes.
pub fn draft(request: &Request, bytes: Bytes) -> Draft {
    let metadata = request.headers.iter().filter_map(|(name, value)| {
        Some((name.strip_prefix("x-ms-meta-")?.to_owned(), value.clone()))
    });
    let content = CONTENT.iter().filter_map(|name| {
        let own = request.header(&format!("x-ms-blob-{name}"));
        let plain = request.header(name).filter(|_| request.query("comp").is_none());
        Some(((*name).to_owned(), own.or(plain)?.to_owned()))
    });
    let tags = request.header("x-ms-tags").unwrap_or_default();
    Draft {
        bytes,
        metadata: metadata.collect(),
        tags: form_urlencoded::parse(tags.as_bytes()).into_owned().collect(),
        content: content.collect(),
        tier: request.header("x-ms-access-tier").map(str::to_owned),
        kind: None,
        customer_key: request.header("x-ms-encryption-key-sha256").map(str::to_owned),
        ..Draft::default()
    }
}

/// First and last byte of `bytes=1-2` or `bytes=1-`.
pub fn range(text: &str) -> Option<(usize, usize)> {
    let (start, end) = text.strip_prefix("bytes=")?.split_once('-')?;
    let end = if end.is_empty() { usize::MAX } else { end.parse().ok()? };
    Some((start.parse().ok()?, end))
}

/// The tags in a body.
pub fn tags_of_xml(xml: &[u8]) -> Result<BTreeMap<String, String>, Refusal> {
    let texts = texts(xml, &["Key", "Value"])?;
    Ok(texts.chunks_exact(2).map(|pair| (pair[0].1.clone(), pair[1].1.clone())).collect())
}

/// The texts of these elements, in order, with the element's name.
pub fn texts(xml: &[u8], elements: &[&str]) -> Result<Vec<(String, String)>, Refusal> {
    let invalid = refusal(400, "InvalidXmlDocument");
    let mut reader = Reader::from_reader(xml);
    let (mut texts, mut text) = (Vec::new(), String::new());
    loop {
        match reader.read_event().map_err(|_| invalid)? {
            Event::Start(_) => text.clear(),
            Event::Text(part) => text.push_str(&part.decode().map_err(|_| invalid)?),
            Event::GeneralRef(part) => {
                let entity = part.decode().map_err(|_| invalid)?;
                let resolved =
                    html_escape::decode_html_entities(&format!("&{entity};")).into_owned();
                text.push_str(&resolved);
            }
            Event::End(tag) => {
                let name = String::from_utf8_lossy(tag.name().into_inner()).into_owned();
                if elements.contains(&name.as_str()) {
                    texts.push((name, std::mem::take(&mut text)));
                }
            }
            Event::Eof => return Ok(texts),
            _ => {}
        }
    }
}
