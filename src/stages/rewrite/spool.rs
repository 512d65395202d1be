//! Bytes that wait until they were looked at as a whole: in memory while they are few, and beyond
//! that in a file without a name, which is gone with the process.

use std::io::{self, Read, Seek, Write};

use bytes::Bytes;
use futures::stream::{self, StreamExt};
use sha2::{Digest, Sha256};
use tempfile::SpooledTempFile;

use crate::domain::failure::Failure;
use crate::ports::sources::ByteStream;

/// Bytes that are held in memory.
const MEMORY_BYTES_MAX: usize = 1 << 20;

/// Bytes handed out at a time.
const CHUNK_BYTES: usize = 256 << 10;

/// Bytes, their number and their digest.
pub struct Spool {
    file: SpooledTempFile,
    hash: Sha256,
    size: u64,
}

impl Spool {
    /// Nothing yet.
    pub fn new() -> Self {
        Self { file: SpooledTempFile::new(MEMORY_BYTES_MAX), hash: Sha256::new(), size: 0 }
    }

    /// How many bytes were written.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Hex SHA-256 of what was written.
    pub fn digest(&self) -> String {
        hex::encode(self.hash.clone().finalize())
    }

    /// From its first byte on.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn reader(&mut self) -> io::Result<impl Read + '_> {
        self.file.rewind()?;
        Ok(&mut self.file)
    }

    /// From its first byte on, to be sent somewhere.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn into_stream(mut self) -> Result<ByteStream, Failure> {
        self.file.rewind().map_err(failing)?;
        let chunks = stream::try_unfold(self.file, |mut file| async move {
            let reading = tokio::task::spawn_blocking(move || {
                let mut chunk = Vec::with_capacity(CHUNK_BYTES);
                let read = (&mut file).take(CHUNK_BYTES as u64).read_to_end(&mut chunk);
                read.map(|_| (Bytes::from(chunk), file))
            });
            let (chunk, file) = reading
                .await
                .map_err(|_| Failure::permanent("reading what was put aside: broken off"))?
                .map_err(failing)?;
            Ok((!chunk.is_empty()).then_some((chunk, file)))
        });
        Ok(chunks.boxed())
    }
}

impl Default for Spool {
    fn default() -> Self {
        Self::new()
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn failing(error: io::Error) -> Failure {
    Failure::of_io("putting bytes aside on disk", &error)
}
