//! What was asked, for whom, and by when.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::domain::callbacks::url::CallbackUrl;
use crate::domain::subject::Subject;

/// A valid request of a data subject (DESIGN 4.1). Holds the subject, so it has no `Serialize`.
#[derive(Clone, Debug)]
pub struct Request {
    /// The producer's id for it.
    pub id: RequestId,
    /// What was asked.
    pub kind: RequestKind,
    /// The law it invokes, as written: `gdpr`, `ccpa`, ….
    pub regulation: String,
    /// When the person asked.
    pub submitted: Timestamp,
    /// Who it is about.
    pub subject: Subject,
    /// Whom to tell by HTTP; none once the request is read from the ledger, which has them apart.
    pub callbacks: Vec<CallbackUrl>,
    /// What `extensions.dsrd` says.
    pub options: Options,
}

/// The part of a request that is ours: `extensions.dsrd`.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Only these sources; all when empty.
    pub sources: Vec<String>,
    /// Find and plan, touch nothing.
    pub dry_run: bool,
    /// Redact where the policy would delete.
    pub redact: bool,
    /// Whom an archive is encrypted to; in the clear without.
    pub encrypt_to: Option<EncryptTo>,
    /// BCP 47 language of what the person reads.
    pub language: Option<String>,
    /// Wins over the due date that the law gives.
    pub due_time: Option<Timestamp>,
}

/// Who is responsible for the data, as the person is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Controller {
    /// The organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whom to ask there: an address, a page, a telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
}

/// Whom an archive is encrypted to, checked when the request was read.
#[derive(Clone)]
pub enum EncryptTo {
    /// Whoever holds the private key of one of these age recipients, `age1…`.
    Recipients(Vec<String>),
    /// Whoever knows the passphrase.
    Passphrase(Zeroizing<String>),
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// A copy of what is held (Art. 15).
    Access,
    /// A copy in structured form (Art. 20).
    Portability,
    /// Erasure (Art. 17).
    Erasure,
}

/// An id that is safe as a file name, a header value and a log field: 1 to 128 characters out of
/// `A-Z a-z 0-9 . _ : -`, beginning with a letter or digit.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RequestId(String);

/// The text is not a [`RequestId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a request id has 1 to 128 characters out of A-Z a-z 0-9 . _ : - and begins with a letter or \
     digit"
)]
pub struct IllegalRequestId;

/// Longest id, in bytes.
pub const REQUEST_ID_BYTES_MAX: usize = 128;

impl RequestId {
    /// Checks and takes an id.
    ///
    /// # Errors
    /// [`IllegalRequestId`] where the text has another form.
    pub fn new(text: &str) -> Result<Self, IllegalRequestId> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-');
        let begins_well = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        if begins_well && text.len() <= REQUEST_ID_BYTES_MAX && text.chars().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(IllegalRequestId)
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as a file name that every system takes: `:` becomes `_`.
    pub fn file_name(&self) -> String {
        self.0.replace(':', "_")
    }
}

impl TryFrom<String> for RequestId {
    type Error = IllegalRequestId;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text)
    }
}

impl From<RequestId> for String {
    fn from(id: RequestId) -> Self {
        id.0
    }
}

impl fmt::Debug for EncryptTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EncryptTo(not shown)")
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl RequestKind {
    /// The kind of that word; `export` and `delete` are synonyms.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "access" | "export" => Some(Self::Access),
            "portability" => Some(Self::Portability),
            "erasure" | "delete" => Some(Self::Erasure),
            _ => None,
        }
    }

    /// The word of the design.
    pub fn word(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Portability => "portability",
            Self::Erasure => "erasure",
        }
    }

    /// Whether it ends in an archive.
    pub fn is_export(self) -> bool {
        matches!(self, Self::Access | Self::Portability)
    }
}
