//! Where archives and certificates are kept.

use async_trait::async_trait;
use bytes::Bytes;

use crate::domain::failure::Failure;
use crate::ports::sources::ByteStream;

/// Where archives are kept for the person to fetch; certificates too, which never expire.
/// What is said here of archives goes for both.
#[async_trait]
pub trait Exports: Send + Sync {
    /// Starts an archive under this name (made of a request id; a plain file name). Nothing is
    /// visible under the name until [`Upload::finish`]; an archive already there is then replaced.
    ///
    /// `attempt` grows from one try of the same archive to the next. What an earlier one left is
    /// cleared away, and if its writer still lives its `finish` fails once a later one is whole.
    async fn create(&self, name: &str, attempt: u64) -> Result<Box<dyn Upload>, Failure>;
    /// Reads an archive back; `None` if there is none.
    async fn open(&self, name: &str) -> Result<Option<ByteStream>, Failure>;
    /// Removes an archive; none there is success.
    async fn remove(&self, name: &str) -> Result<(), Failure>;
    /// Where a person fetches it. Holds no secret.
    fn url(&self, name: &str) -> String;
    /// Whether archives can be written now.
    async fn ping(&self) -> Result<(), Failure>;
}

/// An archive being written, in bounded memory.
#[async_trait]
pub trait Upload: Send {
    /// Takes the next bytes.
    async fn write(&mut self, bytes: Bytes) -> Result<(), Failure>;
    /// Makes the whole visible at once, durably. Dropping an upload instead leaves nothing.
    async fn finish(self: Box<Self>) -> Result<(), Failure>;
}
