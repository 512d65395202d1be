//! Where archives and certificates are kept.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::domain::failure::Failure;
use crate::ports::sources::ByteStream;

/// Where archives are kept for the person to fetch; certificates too, which never expire.
/// What is said here of archives goes for both.
#[async_trait]
pub trait Exports: Send + Sync {
    /// Starts an archive under this name (made of a request id; a plain file name). Nothing is
    /// visible under the name until [`Upload::finish`]; an archive already there is then replaced,
    /// unless the store keeps it as it is.
    ///
    /// `attempt` grows from one try of the same archive to the next. What an earlier one left is
    /// cleared away, and if its writer still lives its `finish` fails once a later one is whole.
    async fn create(&self, name: &str, attempt: u64) -> Result<Box<dyn Upload>, Failure>;
    /// Reads an archive back; `None` if there is none.
    async fn open(&self, name: &str) -> Result<Option<ByteStream>, Failure>;
    /// Removes an archive; none there is success. Where the store can tell, an upload that was
    /// begun before does not bring it back; elsewhere its writer must know that it may still
    /// finish.
    async fn remove(&self, name: &str) -> Result<(), Failure>;
    /// Where a person fetches it. Holds no secret.
    fn url(&self, name: &str) -> String;
    /// A link by which whoever has it can fetch this archive and nothing else, over an encrypted
    /// connection: until `until`, or sooner where the store bounds that. `None` where the store
    /// makes no such links, or is not to.
    async fn link(
        &self,
        name: &str,
        now: Timestamp,
        until: Option<Timestamp>,
    ) -> Result<Option<SignedLink>, Failure>;
    /// Whether archives can be written now.
    async fn ping(&self) -> Result<(), Failure>;
}

/// A URL that opens an archive by itself: a secret, for whom it is sent to.
#[derive(Clone)]
pub struct SignedLink {
    url: Zeroizing<String>,
    /// When it ends.
    pub until: Timestamp,
}

impl SignedLink {
    /// A link that works until then.
    pub fn new(url: String, until: Timestamp) -> Self {
        Self { url: Zeroizing::new(url), until }
    }

    /// The URL, for the event that brings it to the person.
    pub fn expose(&self) -> &str {
        &self.url
    }
}

impl fmt::Debug for SignedLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignedLink(not shown, until {})", self.until)
    }
}

/// What became of an archive that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Stored {
    /// It stands under its name.
    Whole,
    /// What stood there stands there still: a hold or a policy keeps it from being written over.
    Fixed,
}

/// An archive being written, in bounded memory.
#[async_trait]
pub trait Upload: Send {
    /// Takes the next bytes.
    async fn write(&mut self, bytes: Bytes) -> Result<(), Failure>;
    /// Makes the whole visible at once, durably, where the store lets it. Dropping an upload
    /// instead leaves nothing.
    async fn finish(self: Box<Self>) -> Result<Stored, Failure>;
}
