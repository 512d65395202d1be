//! What the storage service answered, and what a caller does about it.
//!
//! Errors of the SDK and its transport are never passed on: their texts hold URLs, and those hold
//! blob names and SAS signatures. What passes is a status and a checked error code.

use std::collections::BTreeMap;

use azure_core::error::ErrorKind;
use azure_core::http::headers::Headers;
use azure_core::http::{AsyncRawResponse, AsyncResponseBody};
use bytes::Bytes;
use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use crate::adapters::azure::wire::signing::credential::Refusal;
use crate::adapters::silence::{Silence, broken};
use crate::domain::failure::{Failure, FailureKind};

/// Longest error code that is believed.
const CODE_BYTES_MAX: usize = 80;

/// An answer of the service, good or bad.
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The service's word for what went wrong, `BlobNotFound`; empty where it gave none.
    pub code: String,
    /// Whether the request was sent before, and may have been done then: its answer was lost.
    pub is_repeat: bool,
    headers: Headers,
    /// What is left of the body.
    pub body: AsyncResponseBody,
}

/// Why there is no good answer. Holds neither URL nor name.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Trouble {
    /// The service said no.
    #[error("the storage service answered {status} {code}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The service's error code.
        code: String,
    },
    /// Nobody answered.
    #[error(transparent)]
    Unreachable(Silence),
    /// The connection broke, or took too long; by whom, as far as it is known.
    #[error("{}", broken(.0.as_ref(), "the storage service"))]
    Broken(Option<Silence>),
    /// The identity provider gave no token.
    #[error("{0}")]
    NoToken(Refusal),
    /// The answer, or our request, was not what both sides agreed on.
    #[error("the storage service and we do not understand each other")]
    Garbled,
}

/// The value of a header, by its name in lower case. The library's own question makes an error of
/// each that is missing, with a trace of the stack where those are asked for.
fn value_of<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    headers.iter().find(|(found, _)| found.as_str() == name).map(|(_, value)| value.as_str())
}

impl Answer {
    /// Takes the parts of a response that count.
    pub fn new(response: AsyncRawResponse, is_repeat: bool) -> Self {
        let (status, headers, body) = response.deconstruct();
        let code = plain(value_of(&headers, "x-ms-error-code").unwrap_or_default());
        Self { status: status.into(), code, is_repeat, headers, body }
    }

    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &'static str) -> Option<&str> {
        value_of(&self.headers, name)
    }

    /// The same, if it is not empty.
    pub fn given(&self, name: &'static str) -> Option<&str> {
        self.header(name).filter(|value| !value.is_empty())
    }

    /// The time that a header says, as HTTP writes times.
    pub fn time(&self, name: &'static str) -> Option<Timestamp> {
        Some(rfc2822::parse(self.given(name)?).ok()?.timestamp())
    }

    /// How many bytes what was asked for has; 0 where that is not said.
    pub fn size(&self) -> u64 {
        self.given("content-length").and_then(|it| it.parse().ok()).unwrap_or_default()
    }

    /// How long ago what was asked for was last changed, by the service's own clock.
    pub fn idle(&self) -> Option<SignedDuration> {
        let (now, changed) = self.time("date").zip(self.time("last-modified"))?;
        Some(now.duration_since(changed))
    }

    /// The values of these headers, under the names that stand beside them.
    pub fn named(&self, headers: &[(&'static str, &str)]) -> BTreeMap<String, String> {
        let named = |(header, name): &(&'static str, &str)| {
            Some(((*name).to_owned(), self.given(header)?.to_owned()))
        };
        headers.iter().filter_map(named).collect()
    }

    /// Names and values of metadata, names in lower case.
    pub fn metadata(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().filter_map(|(name, value)| {
            Some((name.as_str().strip_prefix("x-ms-meta-")?, value.as_str()))
        })
    }

    /// The `ETag` as listings write it, without quotes.
    pub fn etag(&self) -> Option<String> {
        self.header("etag").map(|etag| etag.trim_matches('"').to_owned())
    }

    /// The whole body; only for answers whose size is bounded by what was asked.
    pub async fn collect(self) -> Result<Bytes, Trouble> {
        self.body.collect().await.map_err(|error| Trouble::silent(&error))
    }

    /// The answer as the reason why something did not work.
    pub fn failure(&self, doing: &str) -> Failure {
        Trouble::Refused { status: self.status, code: self.code.clone() }.failure(doing)
    }

    /// Whether it was refused because of who we are or where we come from: not a word about any
    /// one blob, because every other request would be refused too.
    pub fn is_unwelcome(&self) -> bool {
        let is_ours = [
            "AuthenticationFailed",
            "AuthorizationFailure",
            "AuthorizationProtocolMismatch",
            "AuthorizationResourceTypeMismatch",
            "AuthorizationServiceMismatch",
            "AuthorizationSourceIPMismatch",
            "InvalidAuthenticationInfo",
            "NoAuthenticationInformation",
        ];
        self.status == 401 || (self.status == 403 && is_ours.contains(&self.code.as_str()))
    }

    /// Whether we are known but may not do that.
    pub fn is_not_permitted(&self) -> bool {
        self.status == 403 && self.code.starts_with("Authorization")
    }

    /// Whether the whole container, file system or share is not there: not a word about anything in
    /// it.
    pub fn is_container_missing(&self) -> bool {
        matches!(
            self.code.as_str(),
            "ContainerNotFound"
                | "ContainerBeingDeleted"
                | "ContainerDisabled"
                | "FilesystemNotFound"
                | "FilesystemBeingDeleted"
                | "ShareNotFound"
                | "ShareBeingDeleted"
                | "ShareDisabled"
                | "AccountBeingCreated"
        )
    }
}

impl Trouble {
    /// The trouble behind an error of the SDK.
    pub fn of(error: &azure_core::Error) -> Self {
        match error.kind() {
            ErrorKind::HttpResponse { status, error_code, .. } => Self::Refused {
                status: (*status).into(),
                code: plain(error_code.as_deref().unwrap_or_default()),
            },
            ErrorKind::Connection | ErrorKind::Io => Self::silent(error),
            // Where nobody answered there either, it says nothing of who we are.
            ErrorKind::Credential if Silence::behind(error).is_some() => Self::silent(error),
            ErrorKind::Credential => Self::NoToken(Refusal::behind(error)),
            _ => Self::Garbled,
        }
    }

    /// That there is no answer.
    pub fn silent(error: &azure_core::Error) -> Self {
        match Silence::behind(error) {
            Some(silence @ Silence::Unreachable { .. }) => Self::Unreachable(silence),
            silence => Self::Broken(silence),
        }
    }

    /// Whether a condition on what stands under the name does not hold (any more).
    pub fn is_overtaken(&self) -> bool {
        match self {
            Self::Refused { status: 412, .. } => true,
            Self::Refused { status: 409, code } => code == "BlobAlreadyExists",
            _ => false,
        }
    }

    /// Whether a hold or a policy keeps what stands there as it is.
    pub fn is_fixed(&self) -> bool {
        matches!(self, Self::Refused { status: 409, code } if keeps_as_it_is(code))
    }

    /// The failure of `doing` something because of it.
    pub fn failure(self, doing: &str) -> Failure {
        Failure::new(self.kind(), doing).because(self)
    }

    fn kind(&self) -> FailureKind {
        match self {
            Self::Unreachable(_) | Self::Broken(_) => FailureKind::Transient,
            Self::NoToken(refusal) if refusal.passes => FailureKind::Transient,
            Self::NoToken(_) => FailureKind::NeedsPerson,
            Self::Garbled => FailureKind::Permanent,
            Self::Refused { status, code } => match status {
                408 | 429 | 500.. => FailureKind::Transient,
                401 | 403 | 404 => FailureKind::NeedsPerson,
                409 => kind_of_conflict(code),
                412 => FailureKind::Transient,
                _ => FailureKind::Permanent,
            },
        }
    }
}

/// By the codes that Azurite and the service's specification have for 409. Most are states that
/// pass: a copy that runs, a lease, a blob that is being rehydrated.
fn kind_of_conflict(code: &str) -> FailureKind {
    match code {
        "BlockCountExceedsLimit"
        | "BlobTypeNotSupported"
        | "FeatureVersionMismatch"
        | "InvalidBlobType"
        | "SnapshotCountExceeded"
        | "UncommittedBlockCountExceedsLimit" => FailureKind::Permanent,
        "ContainerBeingDeleted"
        | "ContainerDisabled"
        | "FilesystemBeingDeleted"
        | "ShareBeingDeleted"
        | "ShareDisabled"
        | "AccountIsDisabled" => FailureKind::NeedsPerson,
        _ if keeps_as_it_is(code) => FailureKind::NeedsPerson,
        _ => FailureKind::Transient,
    }
}

/// A hold, or a policy, under which nothing is written over.
fn keeps_as_it_is(code: &str) -> bool {
    code.contains("Immutable") || code.contains("LegalHold")
}

/// A code is a word of letters and digits; anything else is not one and might be anything.
pub fn plain(code: &str) -> String {
    let is_code = code.len() <= CODE_BYTES_MAX && code.bytes().all(|b| b.is_ascii_alphanumeric());
    if is_code { code.to_owned() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_will_not_pass_is_not_waited_for() {
        use FailureKind::{NeedsPerson, Permanent, Transient};
        let table = [
            (409, "BlockCountExceedsLimit", Permanent),
            (409, "SnapshotCountExceeded", Permanent),
            (409, "BlobImmutableDueToPolicy", NeedsPerson),
            (409, "BlobImmutableDueToLegalHold", NeedsPerson),
            (409, "ContainerBeingDeleted", NeedsPerson),
            (409, "PendingCopyOperation", Transient),
            (409, "BlobBeingRehydrated", Transient),
            (409, "", Transient),
            (412, "LeaseIdMissing", Transient),
            (403, "AuthenticationFailed", NeedsPerson),
            (404, "ContainerNotFound", NeedsPerson),
            (413, "RequestBodyTooLarge", Permanent),
            (429, "", Transient),
            (503, "ServerBusy", Transient),
        ];
        for (status, code, kind) in table {
            let trouble = Trouble::Refused { status, code: code.to_owned() };
            assert_eq!(trouble.failure("writing").kind, kind, "{status} {code}");
        }
        let is_overtaken =
            |status, code: &str| Trouble::Refused { status, code: code.to_owned() }.is_overtaken();
        assert!(is_overtaken(412, "ConditionNotMet") && is_overtaken(409, "BlobAlreadyExists"));
        assert!(!is_overtaken(409, "BlobImmutableDueToPolicy"));
    }
}
