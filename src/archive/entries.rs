//! The zip itself, entry by entry, as bytes that can be taken while it is written.
//!
//! Whether an entry needs 64-bit sizes has to be said before its bytes, and what a listing says of
//! its size is not to be relied on: what is masked changes its size. So the first bytes of an entry
//! are held back. An entry that ends within them has a known size; a longer one gets 64 bits, which
//! cost it 20 bytes.

use std::io::{self, Write};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};
use zip::result::ZipResult;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, System, ZipWriter};

/// Bytes of an entry that are held back. Whoever wants to read a small entry whole finds it here.
pub const HELD_BYTES_MAX: usize = 4 << 20;

/// A zip on its way out.
pub struct Entries {
    zip: ZipWriter<StreamWriter<Ready>>,
    ready: Ready,
}

/// An entry that is being written.
pub struct Entry {
    path: String,
    /// The bytes so far, as long as none of them is in the zip.
    held: Option<Vec<u8>>,
    hash: Sha256,
    size: u64,
}

/// An entry that was written.
pub struct Written {
    /// Its name.
    pub path: String,
    /// How many bytes it has, unpacked.
    pub size: u64,
    /// Hex SHA-256 of these.
    pub sha256: String,
}

impl Entries {
    /// An empty zip.
    pub fn new() -> Self {
        let ready = Ready::default();
        Self { zip: ZipWriter::new_stream(ready.clone()), ready }
    }

    /// Adds bytes to an entry; of all entries, only one may have some at a time.
    ///
    /// # Errors
    /// None that a caller could cause.
    pub fn write(&mut self, entry: &mut Entry, bytes: &[u8]) -> ZipResult<()> {
        entry.hash.update(bytes);
        entry.size += bytes.len() as u64;
        if let Some(held) = &mut entry.held
            && held.len() + bytes.len() <= HELD_BYTES_MAX
        {
            held.extend_from_slice(bytes);
            return Ok(());
        }
        if let Some(held) = entry.held.take() {
            self.zip.start_file(&*entry.path, options(true))?;
            self.zip.write_all(&held)?;
        }
        Ok(self.zip.write_all(bytes)?)
    }

    /// Ends an entry.
    ///
    /// # Errors
    /// None that a caller could cause.
    pub fn end(&mut self, entry: Entry) -> ZipResult<Written> {
        if let Some(held) = entry.held {
            self.zip.start_file(&*entry.path, options(false))?;
            self.zip.write_all(&held)?;
        }
        let sha256 = hex::encode(entry.hash.finalize());
        Ok(Written { path: entry.path, size: entry.size, sha256 })
    }

    /// Writes a whole entry.
    ///
    /// # Errors
    /// Those of `write`.
    pub fn add(
        &mut self,
        path: &str,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> ZipResult<Written> {
        let mut entry = Entry::new(path.to_owned());
        write(&mut Filling { entries: self, entry: &mut entry })?;
        self.end(entry)
    }

    /// The next bytes of the zip.
    pub fn take(&mut self) -> Bytes {
        self.ready.lock(BytesMut::split).freeze()
    }

    /// How many bytes wait to be taken.
    pub fn ready_bytes(&self) -> usize {
        self.ready.lock(|bytes| bytes.len())
    }

    /// Writes the zip's directory, in which this entry stands first, as whoever opens it sees it;
    /// the bytes are the last ones.
    ///
    /// # Errors
    /// None that a caller could cause.
    pub fn finish(self, first: &str) -> ZipResult<Bytes> {
        self.zip.finish()?;
        let mut bytes = self.ready.lock(BytesMut::split);
        if let Some(directory) = directory(&bytes) {
            put_first(&mut bytes[directory], first);
        }
        Ok(bytes.freeze())
    }
}

impl Entry {
    /// An entry of that name, without bytes.
    pub fn new(path: String) -> Self {
        Self { path, held: Some(Vec::new()), hash: Sha256::new(), size: 0 }
    }

    /// Its name.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// All its bytes, if they are few.
    pub fn small(&self) -> Option<&[u8]> {
        self.held.as_deref()
    }
}

/// Where the directory stands in bytes that end with it and no comment, APPNOTE 4.3.14 to 4.3.16.
fn directory(bytes: &[u8]) -> Option<Range<usize>> {
    const END_BYTES: usize = 22;
    const LOCATOR_BYTES: usize = 20;
    const LARGE_END_BYTES: usize = 56;
    let end = bytes.len().checked_sub(END_BYTES)?;
    let large = end.checked_sub(LOCATOR_BYTES + LARGE_END_BYTES);
    let large = large.filter(|at| bytes[*at..].starts_with(b"PK\x06\x06"));
    let (end, size) = match large {
        Some(at) => (at, u64::from_le_bytes(bytes[at + 40..at + 48].try_into().ok()?)),
        None => (end, u32::from_le_bytes(bytes[end + 12..end + 16].try_into().ok()?).into()),
    };
    Some(end.checked_sub(usize::try_from(size).ok()?)?..end)
}

/// Puts the header of an entry before all others, APPNOTE 4.3.12. Each says itself where its entry
/// stands.
fn put_first(directory: &mut [u8], name: &str) {
    const HEADER_BYTES: usize = 46;
    let mut at = 0;
    while let Some(header) = directory.get(at..at + HEADER_BYTES) {
        let len = |at: usize| usize::from(u16::from_le_bytes([header[at], header[at + 1]]));
        let (own, end) = (len(28), at + HEADER_BYTES + len(28) + len(30) + len(32));
        let start = at + HEADER_BYTES;
        if directory.get(start..start + own) == Some(name.as_bytes()) && end <= directory.len() {
            directory[..end].rotate_right(end - at);
            return;
        }
        at = end;
    }
}

/// Everything that could differ between two machines or two days, fixed.
fn options(large: bool) -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(6))
        .last_modified_time(DateTime::DEFAULT)
        .system(System::Unix)
        .unix_permissions(0o644)
        .large_file(large)
}

/// An entry as something to write to.
struct Filling<'a> {
    entries: &'a mut Entries,
    entry: &'a mut Entry,
}

impl Write for Filling<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.entries.write(self.entry, bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Bytes written and not yet taken. Shared with the zip writer, which has no way to reach its
/// output in the middle of an entry; the lock is never waited for.
#[derive(Clone, Default)]
struct Ready(Arc<Mutex<BytesMut>>);

impl Ready {
    fn lock<T>(&self, use_bytes: impl FnOnce(&mut BytesMut) -> T) -> T {
        use_bytes(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Ready {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lock(|ready| ready.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
