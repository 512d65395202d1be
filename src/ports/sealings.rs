//! What the deployment's keys have sealed and signed, and how others take their place.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::failure::Failure;
use crate::domain::request::RequestId;

/// A place in the ledger that is sealed under the master key. What is sealed under the key of a
/// request needs no place here: that key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sealing {
    /// The key of a request.
    RequestKey(RequestId),
    /// The key of what a request left.
    LeftKey {
        /// The request.
        id: RequestId,
        /// Which part of it.
        part: u64,
    },
    /// Where the walk of a shard goes on.
    Marker {
        /// Its sweep.
        sweep: u64,
        /// Its number in the sweep.
        number: u64,
    },
    /// How far a purge is.
    Purge(String),
    /// What a document calls one person.
    Person {
        /// The sweep that met the document.
        sweep: u64,
        /// Keyed digest of what is sealed.
        mark: String,
    },
}

/// Seals what is sealed there under another key.
pub type Anew<'a> = &'a (dyn Fn(&Sealing, &[u8]) -> Result<Vec<u8>, Failure> + Sync);

/// A master key that takes the place of another.
pub struct Successor<'a> {
    /// Digest of the key that was.
    pub former: &'a str,
    /// Digest of the key that is to be.
    pub digest: &'a str,
    /// Seals anew.
    pub anew: Anew<'a>,
}

/// What became of a replacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaced {
    /// The successor is the ledger's key now.
    Now {
        /// How many places were sealed anew.
        sealed: u64,
    },
    /// It was before.
    Before,
    /// The ledger has a third key.
    Other,
    /// No daemon has ever begun with this ledger.
    Unkeyed,
}

/// A key that this deployment signs with, or signed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKey {
    /// Its id in signatures.
    pub id: String,
    /// The public half, SPKI PEM.
    pub pem: String,
    /// When the ledger first heard of it.
    pub since: Timestamp,
}

/// The part of the ledger that knows of keys.
#[async_trait]
pub trait Sealings: Send + Sync {
    /// Seals everything anew, all of it or nothing. Whoever has the ledger open with the former key
    /// writes nothing more: that fails and needs a person.
    async fn replace_key(&self, successor: &Successor<'_>) -> Result<Replaced, Failure>;

    /// Notes a key that this deployment signs with; one that is known stays as it is.
    async fn note_signing_key(&self, id: &str, pem: &str) -> Result<(), Failure>;

    /// All of them, first the one that was heard of first.
    async fn signing_keys(&self) -> Result<Vec<SigningKey>, Failure>;
}
