//! The archive as a pure function of its entries: same findings and bytes, same archive to the
//! byte.
//!
//! Order is the caller's, times and permissions are fixed, hashes are taken while the bytes pass.
//! The tables, the report and the manifest come last. It is a zip, because everybody can open one,
//! and written without seeking, each entry's sizes after its bytes, so that what is ready can be
//! uploaded and forgotten ([`ArchiveWriter::take`]). What stays in memory is the zip's directory,
//! what the manifest will say of each file, packed, and the runs. An item of 20 GB takes 12 MB in
//! all, 200,000 small ones take 180 MB, a third of it for the last entries.

use std::collections::BTreeMap;
use std::io::{self, Write};

use bytes::Bytes;
use serde::Serialize;

use crate::archive::about::About;
use crate::archive::entries::{Entries, Entry};
use crate::archive::manifest::{
    FILES_PATH, FORMAT, LegalTag, MANIFEST_PATH, ManifestCounts, ManifestFile, ManifestReport,
    ManifestRequest, ManifestResource, ManifestTable, ManifestUnreadable, ManifestUnsearched,
    Masked, NOBODY_MASKED, REPORT_PATH, RUNS_PATH,
};
use crate::archive::names::Names;
use crate::archive::packed::{Packed, Sealed};
use crate::archive::report::contents::Contents;
use crate::archive::report::page;
use crate::archive::report::texts::choice;
use crate::archive::runs::Runs;
use crate::archive::tables;
use crate::archive::tally::Tally;
use crate::domain::item::{Finding, Item};
use crate::domain::policy::declared::Declared;
use crate::domain::request::{Asked, Controller};

/// Writes one archive.
pub struct ArchiveWriter {
    entries: Entries,
    open: Option<OpenEntry>,
    names: Names,
    files: Packed<ManifestFile>,
    unreadable: Packed<ManifestUnreadable>,
    unsearched: BTreeMap<(String, String, Option<Declared>), u64>,
    tally: Tally,
    runs: Runs,
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
    #[error("packing what the archive says of its entries")]
    Pack(#[from] io::Error),
}

struct OpenEntry {
    file: ManifestFile,
    entry: Entry,
}

impl ArchiveWriter {
    /// An empty archive.
    pub fn new() -> Self {
        Self {
            entries: Entries::new(),
            open: None,
            names: Names::default(),
            files: Packed::new(),
            unreadable: Packed::new(),
            unsearched: BTreeMap::new(),
            tally: Tally::default(),
            runs: Runs::default(),
        }
    }

    /// Starts the entry for a finding; its name is made of the item's. All that the finding says
    /// goes into the archive as it is, so the caller has masked it. What is masked in the bytes is
    /// said here, or while they pass by [`ArchiveWriter::add_masked`].
    ///
    /// # Errors
    /// [`ArchiveError::EntryOpen`].
    pub fn begin(&mut self, finding: &Finding, masked: &[Masked]) -> Result<(), ArchiveError> {
        if self.open.is_some() {
            return Err(ArchiveError::EntryOpen);
        }
        let path = self.names.name(&finding.item);
        let file = file(finding, path.clone());
        self.open = Some(OpenEntry { file, entry: Entry::new(path) });
        masked.iter().try_for_each(|masked| self.add_masked(masked.clone()))
    }

    /// Says that something is masked in the open entry.
    ///
    /// # Errors
    /// [`ArchiveError::NoEntry`].
    pub fn add_masked(&mut self, masked: Masked) -> Result<(), ArchiveError> {
        let open = self.open.as_mut().ok_or(ArchiveError::NoEntry)?;
        let mut before = open.file.masked.iter_mut();
        match before.find(|before| (before.what, &before.why) == (masked.what, &masked.why)) {
            Some(before) => before.count += masked.count,
            None if masked.count > 0 => open.file.masked.push(masked),
            None => {}
        }
        Ok(())
    }

    /// Says how the open entry came to be held; without that it is not known.
    ///
    /// # Errors
    /// [`ArchiveError::NoEntry`].
    pub fn set_tag(&mut self, tag: LegalTag) -> Result<(), ArchiveError> {
        self.open.as_mut().ok_or(ArchiveError::NoEntry)?.file.legal_tag = tag;
        Ok(())
    }

    /// Adds bytes to the open entry. Packs them, so it may take some milliseconds for each
    /// megabyte.
    ///
    /// # Errors
    /// [`ArchiveError::NoEntry`].
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        let open = self.open.as_mut().ok_or(ArchiveError::NoEntry)?;
        Ok(self.entries.write(&mut open.entry, bytes)?)
    }

    /// Closes the open entry: these were all its bytes. If it is a run document, its runs are kept
    /// for the table and the timeline.
    ///
    /// # Errors
    /// [`ArchiveError::NoEntry`].
    pub fn end(&mut self) -> Result<(), ArchiveError> {
        let open = self.open.as_ref().ok_or(ArchiveError::NoEntry)?;
        if let Some(bytes) = open.entry.small() {
            self.runs.read(bytes, open.entry.path(), &open.file.places);
        }
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
        let open = self.open.as_ref().ok_or(ArchiveError::NoEntry)?;
        self.unreadable.push(&ManifestUnreadable {
            source: open.file.source.clone(),
            item: open.file.item.clone(),
            version: open.file.version.clone(),
            reason: reason.to_owned(),
        })?;
        self.close(false)
    }

    /// Lists an item that could not be read at all, or not be masked; it gets no entry.
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

    /// Counts an item that could not be looked through and that nothing connects with the person:
    /// its name is not theirs to read. `reason` is without a place.
    pub fn count_unsearched(&mut self, source: &str, reason: &str, declared: Option<Declared>) {
        let kind = (source.to_owned(), reason.to_owned(), declared);
        *self.unsearched.entry(kind).or_default() += 1;
    }

    /// The next bytes of the archive, to be uploaded; all of them in order, with the tail, are it.
    pub fn take(&mut self) -> Bytes {
        self.entries.take()
    }

    /// How many bytes wait to be taken.
    pub fn ready_bytes(&self) -> usize {
        self.entries.ready_bytes()
    }

    /// Writes the tables, the report, the manifest and the zip's directory.
    ///
    /// # Errors
    /// [`ArchiveError::EntryOpen`].
    pub fn finish(self, about: &About) -> Result<Finished, ArchiveError> {
        if self.open.is_some() {
            return Err(ArchiveError::EntryOpen);
        }
        let Self { mut entries, files, unreadable, unsearched, tally, runs, .. } = self;
        let (files, unreadable) = (files.seal()?, unreadable.seal()?);
        let unsearched = unsearched.into_iter().map(|((source, reason, declared), items)| {
            ManifestUnsearched { source, reason, items, declared }
        });
        let unsearched: Vec<ManifestUnsearched> = unsearched.collect();
        let counts = ManifestCounts {
            items_seen: about.items_seen,
            files: files.count,
            bytes: tally.bytes,
            incomplete: tally.incomplete,
            masked: tally.masked,
            unreadable: unreadable.count,
            unsearched: unsearched.iter().map(|unsearched| unsearched.items).sum(),
        };
        let mut listed = Vec::new();
        let table = entries.add(FILES_PATH, |out| tables::write_files(out, &files))?;
        listed.push((table, files.count));
        let table = entries.add(RUNS_PATH, |out| tables::write_runs(out, &runs))?;
        listed.push((table, runs.count()));
        let tables = listed.into_iter().map(|(table, rows)| ManifestTable {
            path: table.path,
            rows,
            sha256: table.sha256,
            size: table.size,
        });
        let tables = tables.collect();

        let texts = choice::of(about.language.as_deref(), about.kind);
        let contents = Contents {
            about,
            counts,
            tally: &tally,
            files: &files,
            unreadable: &unreadable,
            unsearched: &unsearched,
            runs: &runs,
        };
        let page = entries.add(REPORT_PATH, |out| page::write(out, texts, &contents))?;
        let report = ManifestReport {
            path: page.path,
            language: texts.language.to_owned(),
            sha256: page.sha256,
            size: page.size,
        };
        let last = Last { files, unreadable, unsearched, report, tables, counts };
        entries.add(MANIFEST_PATH, |out| write_manifest(out, about, &last))?;
        Ok(Finished { tail: entries.finish(REPORT_PATH)?, counts })
    }

    fn close(&mut self, complete: bool) -> Result<(), ArchiveError> {
        let OpenEntry { mut file, entry } = self.open.take().ok_or(ArchiveError::NoEntry)?;
        let written = self.entries.end(entry)?;
        file.sha256 = written.sha256;
        file.size = written.size;
        file.complete = complete;
        self.tally.add(&file);
        Ok(self.files.push(&file)?)
    }
}

impl Default for ArchiveWriter {
    fn default() -> Self {
        Self::new()
    }
}

fn file(finding: &Finding, path: String) -> ManifestFile {
    let item = finding.item.clone();
    let run = item.layout().run().map(str::to_owned);
    ManifestFile {
        path,
        legal_tag: LegalTag::NotKnown,
        source: item.source,
        item: item.name,
        version: item.version,
        run,
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

/// What the manifest says besides what it is about.
struct Last {
    files: Sealed<ManifestFile>,
    unreadable: Sealed<ManifestUnreadable>,
    unsearched: Vec<ManifestUnsearched>,
    report: ManifestReport,
    tables: Vec<ManifestTable>,
    counts: ManifestCounts,
}

/// Writes the fields of [`crate::archive::manifest::Manifest`] one by one, so that the whole is
/// never in memory unpacked.
fn write_manifest(out: &mut dyn Write, about: &About, last: &Last) -> io::Result<()> {
    let request = ManifestRequest {
        id: about.request.clone(),
        kind: about.kind,
        regulation: about.regulation.clone(),
        submitted_time: about.submitted,
        language: about.language.clone(),
        resource: match &about.asked {
            Asked::Person(_) => None,
            Asked::Thing(thing) => Some(ManifestResource::of(thing)),
        },
    };
    write!(out, "{{\n\"format\":{}", json(FORMAT)?)?;
    write!(out, ",\n\"request\":{}", json(&request)?)?;
    if about.controller != Controller::default() {
        write!(out, ",\n\"controller\":{}", json(&about.controller)?)?;
    }
    write!(out, ",\n\"program\":{}", json(&about.program)?)?;
    if request.resource.is_some() {
        write!(out, ",\n\"masking\":{}", json(NOBODY_MASKED)?)?;
    }
    write!(out, ",\n\"files\":")?;
    last.files.write_to(out)?;
    write!(out, ",\n\"unreadable\":")?;
    last.unreadable.write_to(out)?;
    write!(out, ",\n\"unsearched\":{}", json(&last.unsearched)?)?;
    if !about.coverage.is_empty() {
        write!(out, ",\n\"coverage\":{}", json(&about.coverage)?)?;
    }
    write!(out, ",\n\"manual_steps\":{}", json(&about.manual_steps)?)?;
    write!(out, ",\n\"report\":{}", json(&last.report)?)?;
    write!(out, ",\n\"tables\":{}", json(&last.tables)?)?;
    writeln!(out, ",\n\"counts\":{}\n}}", json(&last.counts)?)
}

fn json(value: &(impl Serialize + ?Sized)) -> io::Result<String> {
    Ok(serde_json::to_string(value)?)
}
