//! What a request asks for, read from its path and query.

use percent_encoding::percent_decode_str;

use crate::support::blob_server::wire::Request;

/// The operations that are spoken, by their names in the published interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    ServiceListFileSystems,
    FileSystemCreate,
    FileSystemGetProperties,
    FileSystemDelete,
    FileSystemListPaths,
    FileSystemListBlobs,
    PathCreate,
    PathRename,
    PathAppendData,
    PathFlushData,
    PathSetAccessControl,
    PathSetProperties,
    PathLease,
    PathRead,
    PathGetProperties,
    PathDelete,
    PathUndelete,
    /// Something of the other endpoint.
    OfBlobs,
    /// Nothing that is spoken here.
    Unknown,
}

/// Where a request goes: the account, a file system, or a path in it, percent-decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addressed {
    pub lake: String,
    pub path: String,
    /// Whether it is the endpoint of blobs that is asked.
    pub is_blobs: bool,
}

impl Operation {
    pub fn of(request: &Request, place: &Addressed) -> Self {
        let word = |name| request.query(name).unwrap_or_default();
        let (method, comp) = (request.method.as_str(), word("comp"));
        // Both endpoints answer this one, as far as the published interface tells.
        if word("restype") == "container" && comp == "list" {
            return Self::FileSystemListBlobs;
        }
        if comp == "undelete" {
            return Self::PathUndelete;
        }
        let is_of_blobs = !comp.is_empty() || !word("restype").is_empty();
        match (place.lake.is_empty(), place.path.is_empty()) {
            _ if place.is_blobs || is_of_blobs => Self::OfBlobs,
            (true, _) if method == "GET" && word("resource") == "account" => {
                Self::ServiceListFileSystems
            }
            (true, _) => Self::Unknown,
            (false, true) if word("resource") == "filesystem" => match method {
                "PUT" => Self::FileSystemCreate,
                "HEAD" => Self::FileSystemGetProperties,
                "DELETE" => Self::FileSystemDelete,
                "GET" if !word("recursive").is_empty() => Self::FileSystemListPaths,
                _ => Self::Unknown,
            },
            (false, true) => Self::Unknown,
            (false, false) => match (method, word("action")) {
                ("PUT", "") if request.header("x-ms-rename-source").is_some() => Self::PathRename,
                ("PUT", "") => Self::PathCreate,
                ("PATCH", "append") => Self::PathAppendData,
                ("PATCH", "flush") => Self::PathFlushData,
                ("PATCH", "setAccessControl") => Self::PathSetAccessControl,
                ("PATCH", "setProperties") => Self::PathSetProperties,
                ("POST", "") => Self::PathLease,
                ("GET", "") => Self::PathRead,
                ("HEAD", _) => Self::PathGetProperties,
                ("DELETE", "") => Self::PathDelete,
                _ => Self::Unknown,
            },
        }
    }
}

/// Where a request leads; `None` where its bytes are no text.
pub fn addressed(request: &Request) -> Option<Addressed> {
    let mut segments = request.path.strip_prefix('/')?.splitn(3, '/');
    let mut decoded = || {
        let segment = segments.next().unwrap_or_default();
        Some(percent_decode_str(segment).decode_utf8().ok()?.into_owned())
    };
    let (account, lake, path) = (decoded()?, decoded()?, decoded()?);
    let path = path.trim_end_matches('/').to_owned();
    Some(Addressed { lake, path, is_blobs: account.contains(".blob.") })
}

/// Whether the service takes a path: no part is empty or made of one or two dots.
pub fn is_path(path: &str) -> bool {
    path.chars().count() <= 1024 && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}
