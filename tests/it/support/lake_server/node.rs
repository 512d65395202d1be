//! A file or a directory, and what must hold before it is touched.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;

use crate::support::blob_server::conditions::{Refusal, refusal};
use crate::support::blob_server::wire::Request;

pub const NOT_FOUND: Refusal = refusal(404, "PathNotFound");
pub const NOT_MET: Refusal = refusal(412, "ConditionNotMet");

/// A path's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// With quotes.
    pub etag: String,
    pub modified: Timestamp,
    pub created: Timestamp,
    pub owner: String,
    pub group: String,
    /// `user::rw-,group::r--,other::---`, with what is said by name and by default.
    pub acl: String,
    /// Names and values that people write, base64.
    pub properties: BTreeMap<String, String>,
    /// `content-type`, `content-encoding` and so on, names in lower case.
    pub content: BTreeMap<String, String>,
    pub lease: Option<String>,
    /// Nobody is let in.
    pub is_forbidden: bool,
    /// A policy keeps it.
    pub is_immutable: bool,
    /// When it goes by itself.
    pub expires: Option<Timestamp>,
    /// `None` of a directory.
    pub file: Option<File>,
}

/// The bytes of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    pub bytes: Bytes,
    /// What was appended and is not yet flushed, by its place.
    pub appended: BTreeMap<usize, Bytes>,
}

impl Node {
    pub fn is_directory(&self) -> bool {
        self.file.is_none()
    }

    pub fn size(&self) -> usize {
        self.file.as_ref().map_or(0, |file| file.bytes.len())
    }

    /// What a listing shows of the rights.
    pub fn permissions(&self) -> String {
        let entries: Vec<&str> = self.acl.split(',').collect();
        let of = |lead: &str| entries.iter().find_map(|it| it.strip_prefix(lead)).unwrap_or("---");
        // The mask stands in the place of the group where there is one.
        let group = entries.iter().find_map(|it| it.strip_prefix("mask::"));
        let is_named = |entry: &&&str| {
            let entry = entry.strip_prefix("default:").unwrap_or(entry);
            entry.split(':').nth(1).is_some_and(|id| !id.is_empty())
        };
        let more = if entries.iter().any(|entry| is_named(&entry)) { "+" } else { "" };
        let group = group.unwrap_or_else(|| of("group::"));
        format!("{}{group}{}{more}", of("user::"), of("other::"))
    }

    /// For reading it.
    pub fn check_read(&self, request: &Request) -> Result<(), Refusal> {
        if self.is_forbidden {
            return Err(refusal(403, "AuthorizationPermissionMismatch"));
        }
        self.check_match(request.header("if-match"), NOT_MET)
    }

    /// For changing or erasing it.
    pub fn check_change(&self, request: &Request) -> Result<(), Refusal> {
        self.check_read(request)?;
        if request.header("if-none-match") == Some("*") {
            return Err(refusal(409, "PathAlreadyExists"));
        }
        self.check_lease(request.header("x-ms-lease-id"))?;
        self.check_policy()
    }

    pub fn check_policy(&self) -> Result<(), Refusal> {
        match self.is_immutable {
            true => Err(refusal(409, "PathImmutableDueToPolicy")),
            false => Ok(()),
        }
    }

    pub fn check_match(&self, tag: Option<&str>, refused: Refusal) -> Result<(), Refusal> {
        let is_it = |tag: &str| tag == "*" || tag.trim_matches('"') == self.etag.trim_matches('"');
        if tag.is_none_or(is_it) { Ok(()) } else { Err(refused) }
    }

    pub fn check_lease(&self, named: Option<&str>) -> Result<(), Refusal> {
        match (&self.lease, named) {
            (Some(_), None) => Err(refusal(412, "LeaseIdMissing")),
            (Some(lease), Some(named)) if lease != named => {
                Err(refusal(412, "LeaseIdMismatchWithBlobOperation"))
            }
            (None, Some(_)) => Err(refusal(412, "LeaseNotPresentWithBlobOperation")),
            _ => Ok(()),
        }
    }
}
