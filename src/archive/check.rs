//! An archive read back whole, by its manifest: is everything there, is it unchanged, is nothing
//! else there. Needs nothing but the archive.

use std::collections::HashSet;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use serde::Deserialize;
use sha2::{Digest, Sha256};
use zip::ZipArchive;
use zip::result::ZipError;

use crate::archive::manifest::{
    FILES_PATH, FORMAT, MANIFEST_PATH, Manifest, ManifestCounts, ManifestFile, ManifestRequest,
    REPORT_PATH, RUNS_PATH,
};
use crate::archive::names::{is_safe, key};

/// What a sound archive says of itself.
#[derive(Clone)]
pub struct Checked {
    /// The request it answers.
    pub request: ManifestRequest,
    /// Name and version of the program that wrote it.
    pub program: String,
    /// The sums of its manifest, all of them checked but `items_seen`.
    pub counts: ManifestCounts,
}

/// Why an archive is not to be trusted. Entry names may speak of the person, so a file is told by
/// its place in the manifest, counted from 1.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveFault {
    /// Also a zip that was cut off.
    #[error("the file is not a whole zip archive")]
    NotZip(#[source] ZipError),
    /// Not one of ours.
    #[error("the archive has no readable manifest.json")]
    NoManifest(#[source] ZipError),
    /// Not one of ours, or damaged.
    #[error("the manifest is not of the form dsrd-manifest/1 (line {line})")]
    Manifest {
        /// Where it stops making sense.
        line: usize,
    },
    /// It would be written outside the folder it is unpacked in, or not at all.
    #[error("file {0} of the manifest has an unsafe name")]
    UnsafeName(usize),
    /// Listed twice, or so that some file system takes it for one before it.
    #[error("file {0} of the manifest has the name of one before it")]
    Repeated(usize),
    /// Listed, and not there or not readable.
    #[error("file {0} of the manifest cannot be read from the archive")]
    Missing(usize, #[source] ZipError),
    /// There, and other bytes than were written.
    #[error("file {0} of the manifest is not what was written: its size or SHA-256 differs")]
    Differs(usize),
    /// Ours to write, and other ones than we write.
    #[error("the manifest does not list files.csv, runs.csv and report.html as they are")]
    Parts,
    /// Listed, and not there or not readable.
    #[error("{0} cannot be read from the archive")]
    PartMissing(&'static str, #[source] ZipError),
    /// There, and other bytes than were written.
    #[error("{0} is not what was written: its size or SHA-256 differs")]
    PartDiffers(&'static str),
    /// There, and not listed.
    #[error("the archive has {0} entries that its manifest does not list")]
    Extra(usize),
    /// The manifest contradicts itself.
    #[error("the counts of the manifest do not add up")]
    Counts,
}

/// What is kept in memory of each file of the manifest.
#[derive(Deserialize)]
#[serde(try_from = "ManifestFile")]
struct Listed {
    path: Box<str>,
    is: Digested,
    complete: bool,
    masked: bool,
}

/// Which bytes an entry should have.
struct Digested {
    sha256: [u8; 32],
    size: u64,
}

/// Reads the whole archive and compares it with its manifest.
///
/// # Errors
/// The first fault found.
pub fn check(reader: impl Read + Seek) -> Result<Checked, ArchiveFault> {
    let mut zip = ZipArchive::new(reader).map_err(ArchiveFault::NotZip)?;
    let manifest = read_manifest(&mut zip)?;
    check_names(&manifest.files)?;
    for (index, listed) in manifest.files.iter().enumerate() {
        let number = index + 1;
        let missing = |error| ArchiveFault::Missing(number, error);
        if !holds(&mut zip, &listed.path, &listed.is).map_err(missing)? {
            return Err(ArchiveFault::Differs(number));
        }
    }
    let parts = parts(&manifest).ok_or(ArchiveFault::Parts)?;
    for (path, is) in &parts {
        let missing = |error| ArchiveFault::PartMissing(path, error);
        if !holds(&mut zip, path, is).map_err(missing)? {
            return Err(ArchiveFault::PartDiffers(path));
        }
    }
    check_counts(&manifest)?;
    // The names are all different and all there, so what is more is not listed.
    let entries = directory_entries(zip).map_err(|error| ArchiveFault::NotZip(error.into()))?;
    match entries.abs_diff(manifest.files.len() + parts.len() + 1) {
        0 => {}
        extra => return Err(ArchiveFault::Extra(extra)),
    }
    let Manifest { request, program, counts, .. } = manifest;
    Ok(Checked { request, program, counts })
}

fn read_manifest<R: Read + Seek>(
    zip: &mut ZipArchive<R>,
) -> Result<Manifest<Listed>, ArchiveFault> {
    let entry = zip.by_name(MANIFEST_PATH).map_err(ArchiveFault::NoManifest)?;
    // The parser's own message could quote the manifest, so only its line goes on.
    let manifest: Manifest<Listed> = serde_json::from_reader(BufReader::new(entry))
        .map_err(|error| ArchiveFault::Manifest { line: error.line() })?;
    match manifest.format.as_str() {
        FORMAT => Ok(manifest),
        _ => Err(ArchiveFault::Manifest { line: 2 }),
    }
}

fn check_names(files: &[Listed]) -> Result<(), ArchiveFault> {
    let mut seen = HashSet::new();
    for (index, listed) in files.iter().enumerate() {
        if !listed.path.starts_with("data/") || !is_safe(&listed.path) {
            return Err(ArchiveFault::UnsafeName(index + 1));
        }
        if !seen.insert(key(&listed.path)) {
            return Err(ArchiveFault::Repeated(index + 1));
        }
    }
    Ok(())
}

/// Whether an entry has these bytes.
fn holds<R: Read + Seek>(
    zip: &mut ZipArchive<R>,
    path: &str,
    is: &Digested,
) -> Result<bool, ZipError> {
    // One byte more than listed is enough to know; a bomb gets no further.
    let mut entry = zip.by_name(path)?.take(is.size.saturating_add(1));
    let mut hash = Sha256::new();
    let mut size = 0;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = entry.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        size += read as u64;
        hash.update(&buffer[..read]);
    }
    Ok(size == is.size && hash.finalize()[..] == is.sha256)
}

/// What there is besides the files: exactly these three, one row in the table for each file.
fn parts(manifest: &Manifest<Listed>) -> Option<[(&'static str, Digested); 3]> {
    let (report, tables) = (&manifest.report, &manifest.tables);
    let [files, runs] = tables.as_slice() else { return None };
    let paths = [files.path.as_str(), runs.path.as_str(), report.path.as_str()];
    if paths != [FILES_PATH, RUNS_PATH, REPORT_PATH] || files.rows != manifest.files.len() as u64 {
        return None;
    }
    Some([
        (FILES_PATH, Digested::new(&files.sha256, files.size).ok()?),
        (RUNS_PATH, Digested::new(&runs.sha256, runs.size).ok()?),
        (REPORT_PATH, Digested::new(&report.sha256, report.size).ok()?),
    ])
}

fn check_counts(manifest: &Manifest<Listed>) -> Result<(), ArchiveFault> {
    let count = |is: fn(&&Listed) -> bool| manifest.files.iter().filter(is).count() as u64;
    let counted = ManifestCounts {
        items_seen: manifest.counts.items_seen,
        files: manifest.files.len() as u64,
        bytes: manifest.files.iter().map(|listed| listed.is.size).sum(),
        incomplete: count(|listed| !listed.complete),
        masked: count(|listed| listed.masked),
        unreadable: manifest.unreadable.len() as u64,
        unsearched: manifest.unsearched.iter().map(|unsearched| unsearched.items).sum(),
    };
    if counted == manifest.counts { Ok(()) } else { Err(ArchiveFault::Counts) }
}

/// How many entries the zip's directory has. The reader keeps only the last one of a name, while
/// who unpacks may be shown the first.
fn directory_entries<R: Read + Seek>(zip: ZipArchive<R>) -> io::Result<usize> {
    const ENTRY: &[u8] = b"PK\x01\x02";
    let start = zip.central_directory_start();
    let mut directory = BufReader::new(zip.into_inner());
    directory.seek(SeekFrom::Start(start))?;
    let mut entries = 0;
    let mut header = [0; 46];
    while directory.fill_buf()?.starts_with(&ENTRY[..1]) {
        directory.read_exact(&mut header[..4])?;
        if header[..4] != *ENTRY {
            break;
        }
        directory.read_exact(&mut header[4..])?;
        let length = |at: usize| i64::from(u16::from_le_bytes([header[at], header[at + 1]]));
        // Name, extra fields and comment.
        directory.seek_relative(length(28) + length(30) + length(32))?;
        entries += 1;
    }
    Ok(entries)
}

impl Digested {
    fn new(sha256: &str, size: u64) -> Result<Self, hex::FromHexError> {
        let mut digest = [0; 32];
        hex::decode_to_slice(sha256, &mut digest)?;
        Ok(Self { sha256: digest, size })
    }
}

impl TryFrom<ManifestFile> for Listed {
    type Error = hex::FromHexError;
    fn try_from(file: ManifestFile) -> Result<Self, Self::Error> {
        Ok(Self {
            path: file.path.into(),
            is: Digested::new(&file.sha256, file.size)?,
            complete: file.complete,
            masked: !file.masked.is_empty(),
        })
    }
}
