//! The archive as a pure function of its entries: same findings and bytes, same archive to the
//! byte.
//!
//! Order is the caller's, times and permissions are fixed, hashes are taken while the bytes pass,
//! and the manifest comes last. It is a zip, because everybody can open one, and written without
//! seeking, each entry's sizes after its bytes, so that what is ready can be uploaded and forgotten
//! ([`ArchiveWriter::take`]). What stays in memory is the zip's directory and the packed manifest:
//! 370 bytes an entry, 75 MB for 200,000 of them, and half as much again while it finishes.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, System, ZipWriter};

use crate::archive::manifest::{
    FORMAT, LegalTag, MANIFEST_PATH, ManifestCounts, ManifestFile, ManifestRequest,
    ManifestUnreadable, ManualStep,
};
use crate::archive::names::Names;
use crate::archive::packed::Packed;
use crate::domain::item::{Finding, Item};
use crate::domain::request::{RequestId, RequestKind};

/// Writes one archive.
pub struct ArchiveWriter {
    zip: ZipWriter<StreamWriter<Ready>>,
    ready: Ready,
    open: Option<OpenEntry>,
    names: Names,
    files: Packed,
    unreadable: Packed,
    counts: ManifestCounts,
}

/// What the manifest says beyond its files.
pub struct About {
    /// The request that the archive answers.
    pub request: RequestId,
    /// What it asked for.
    pub kind: RequestKind,
    /// Name and version of the program: `dsrd 0.1.0`.
    pub program: String,
    /// Items that the find looked at.
    pub items_seen: u64,
    /// What lies outside our reach.
    pub manual_steps: Vec<ManualStep>,
}

/// A finished archive. The manifest is not held here, since it may be long: it is in the archive,
/// and `check` reads it back.
pub struct Finished {
    /// The last bytes, after all that [`ArchiveWriter::take`] gave.
    pub tail: Bytes,
    /// The sums that the manifest ends with.
    pub counts: ManifestCounts,
}

/// Why an archive could not be written. The bytes taken so far are no archive; start again.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The caller's mistake.
    #[error("began an archive entry before the one before it was ended")]
    EntryOpen,
    /// The caller's mistake.
    #[error("wrote to an archive without an open entry")]
    NoEntry,
    /// The zip cannot hold it.
    #[error("packing an archive entry")]
    Zip(#[from] zip::result::ZipError),
    /// The zip cannot hold it.
    #[error("packing the bytes of an archive entry")]
    Pack(#[from] io::Error),
}

struct OpenEntry {
    file: ManifestFile,
    hash: Sha256,
}

/// From here on an entry gets 64-bit sizes, which cost it 20 bytes and some old readers their
/// nerve. Half of what 32 bits can say, since the sizes must be decided before the bytes are seen.
const LARGE_BYTES_MIN: u64 = 1 << 31;

impl ArchiveWriter {
    /// An empty archive.
    pub fn new() -> Self {
        let ready = Ready::default();
        Self {
            zip: ZipWriter::new_stream(ready.clone()),
            ready,
            open: None,
            names: Names::default(),
            files: Packed::new(),
            unreadable: Packed::new(),
            counts: ManifestCounts::default(),
        }
    }

    /// Starts the entry for a finding; its name is made of the item's.
    ///
    /// # Errors
    /// [`ArchiveError::EntryOpen`].
    pub fn begin(&mut self, finding: &Finding) -> Result<(), ArchiveError> {
        if self.open.is_some() {
            return Err(ArchiveError::EntryOpen);
        }
        let path = self.names.name(&finding.item);
        self.zip.start_file(&*path, options(finding.item.size))?;
        self.open = Some(OpenEntry { file: file(finding, path), hash: Sha256::new() });
        Ok(())
    }

    /// Adds bytes to the open entry. Packs them, so it may take some milliseconds for each
    /// megabyte.
    ///
    /// # Errors
    /// [`ArchiveError::NoEntry`]; more than 4 GiB in an item that was listed with less than 2.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        let entry = self.open.as_mut().ok_or(ArchiveError::NoEntry)?;
        entry.hash.update(bytes);
        entry.file.size += bytes.len() as u64;
        Ok(self.zip.write_all(bytes)?)
    }

    /// Closes the open entry: these were all its bytes.
    ///
    /// # Errors
    /// [`ArchiveError::NoEntry`].
    pub fn end(&mut self) -> Result<(), ArchiveError> {
        self.close(true)
    }

    /// Closes the open entry although its bytes broke off. What was sent cannot be called back, and
    /// part of the data is more to the person than none: the entry stays as it is, and the manifest
    /// says that it is not complete, and for which `reason` (a stable word first) among
    /// `unreadable`.
    ///
    /// # Errors
    /// [`ArchiveError::NoEntry`].
    pub fn abandon(&mut self, reason: &str) -> Result<(), ArchiveError> {
        let entry = self.open.as_ref().ok_or(ArchiveError::NoEntry)?;
        self.unreadable.push(&ManifestUnreadable {
            source: entry.file.source.clone(),
            item: entry.file.item.clone(),
            version: entry.file.version.clone(),
            reason: reason.to_owned(),
        })?;
        self.close(false)
    }

    /// Lists an item that could not be read at all; it gets no entry.
    ///
    /// # Errors
    /// None that a caller could cause.
    pub fn list_unreadable(&mut self, item: &Item, reason: &str) -> Result<(), ArchiveError> {
        Ok(self.unreadable.push(&ManifestUnreadable {
            source: item.source.clone(),
            item: item.name.clone(),
            version: item.version.clone(),
            reason: reason.to_owned(),
        })?)
    }

    /// The next bytes of the archive, to be uploaded; all of them in order, with the tail, are it.
    pub fn take(&mut self) -> Bytes {
        self.ready.take()
    }

    /// How many bytes wait to be taken.
    pub fn ready_bytes(&self) -> usize {
        self.ready.len()
    }

    /// Writes the manifest and the zip's directory.
    ///
    /// # Errors
    /// [`ArchiveError::EntryOpen`].
    pub fn finish(mut self, about: &About) -> Result<Finished, ArchiveError> {
        if self.open.is_some() {
            return Err(ArchiveError::EntryOpen);
        }
        self.counts.items_seen = about.items_seen;
        self.counts.files = self.files.count;
        self.counts.unreadable = self.unreadable.count;
        // Large, for its size is not known before it is written.
        self.zip.start_file(MANIFEST_PATH, options(u64::MAX))?;
        write_manifest(&mut self.zip, about, self.files, self.unreadable, self.counts)?;
        self.zip.finish()?;
        Ok(Finished { tail: self.ready.take(), counts: self.counts })
    }

    fn close(&mut self, complete: bool) -> Result<(), ArchiveError> {
        let OpenEntry { mut file, hash } = self.open.take().ok_or(ArchiveError::NoEntry)?;
        file.sha256 = hex::encode(hash.finalize());
        file.complete = complete;
        self.counts.bytes += file.size;
        self.counts.incomplete += u64::from(!complete);
        Ok(self.files.push(&file)?)
    }
}

impl Default for ArchiveWriter {
    fn default() -> Self {
        Self::new()
    }
}

/// Everything that could differ between two machines or two days, fixed.
fn options(size: u64) -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(6))
        .last_modified_time(DateTime::DEFAULT)
        .system(System::Unix)
        .unix_permissions(0o644)
        .large_file(size >= LARGE_BYTES_MIN)
}

fn file(finding: &Finding, path: String) -> ManifestFile {
    let item = finding.item.clone();
    ManifestFile {
        path,
        legal_tag: LegalTag::of(&item.name),
        source: item.source,
        item: item.name,
        version: item.version,
        etag: item.etag,
        last_modified: item.modified,
        sha256: String::new(),
        size: 0,
        content_type: item.content_type,
        metadata: item.metadata,
        tags: item.tags,
        places: finding.hits.clone(),
        masked: Vec::new(),
        complete: false,
    }
}

/// Writes the fields of [`crate::archive::manifest::Manifest`] one by one, so that the whole is
/// never in memory unpacked.
fn write_manifest(
    out: &mut impl Write,
    about: &About,
    files: Packed,
    unreadable: Packed,
    counts: ManifestCounts,
) -> io::Result<()> {
    let request = ManifestRequest { id: about.request.clone(), kind: about.kind };
    write!(out, "{{\n\"format\":{}", serde_json::to_string(FORMAT)?)?;
    write!(out, ",\n\"request\":{}", serde_json::to_string(&request)?)?;
    write!(out, ",\n\"program\":{}", serde_json::to_string(&about.program)?)?;
    write!(out, ",\n\"files\":")?;
    files.write_to(out)?;
    write!(out, ",\n\"unreadable\":")?;
    unreadable.write_to(out)?;
    write!(out, ",\n\"manual_steps\":{}", serde_json::to_string(&about.manual_steps)?)?;
    writeln!(out, ",\n\"counts\":{}\n}}", serde_json::to_string(&counts)?)
}

/// Bytes written and not yet taken. Shared with the zip writer, which has no way to reach its
/// output in the middle of an entry; the lock is never waited for.
#[derive(Clone, Default)]
struct Ready(Arc<Mutex<BytesMut>>);

impl Ready {
    fn take(&self) -> Bytes {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).split().freeze()
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Write for Ready {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
