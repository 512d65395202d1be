//! An archive read back whole, by its manifest: is everything there, is it unchanged, is nothing
//! else there. Needs nothing but the archive.

use std::collections::HashSet;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use serde::Deserialize;
use sha2::{Digest, Sha256};
use zip::ZipArchive;
use zip::result::ZipError;

use crate::archive::manifest::{
    FORMAT, MANIFEST_PATH, Manifest, ManifestCounts, ManifestFile, ManifestRequest,
};
use crate::archive::names::is_safe;

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
    /// Listed twice.
    #[error("file {0} of the manifest has the name of one before it")]
    Repeated(usize),
    /// Listed, and not there or not readable.
    #[error("file {0} of the manifest cannot be read from the archive")]
    Missing(usize, #[source] ZipError),
    /// There, and other bytes than were written.
    #[error("file {0} of the manifest is not what was written: its size or SHA-256 differs")]
    Differs(usize),
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
    sha256: [u8; 32],
    size: u64,
    complete: bool,
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
        check_file(&mut zip, index + 1, listed)?;
    }
    check_counts(&manifest)?;
    // The names are all different and all there, so what is more is not listed.
    let entries = directory_entries(zip).map_err(|error| ArchiveFault::NotZip(error.into()))?;
    match entries.abs_diff(manifest.files.len() + 1) {
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
        if !seen.insert(&*listed.path) {
            return Err(ArchiveFault::Repeated(index + 1));
        }
    }
    Ok(())
}

fn check_file<R: Read + Seek>(
    zip: &mut ZipArchive<R>,
    number: usize,
    listed: &Listed,
) -> Result<(), ArchiveFault> {
    let entry = zip.by_name(&listed.path).map_err(|error| ArchiveFault::Missing(number, error))?;
    // One byte more than listed is enough to know; a bomb gets no further.
    let mut entry = entry.take(listed.size.saturating_add(1));
    let mut hash = Sha256::new();
    let mut size = 0;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = entry.read(&mut buffer);
        let read = read.map_err(|error| ArchiveFault::Missing(number, error.into()))?;
        if read == 0 {
            break;
        }
        size += read as u64;
        hash.update(&buffer[..read]);
    }
    let same = size == listed.size && hash.finalize()[..] == listed.sha256;
    if same { Ok(()) } else { Err(ArchiveFault::Differs(number)) }
}

fn check_counts(manifest: &Manifest<Listed>) -> Result<(), ArchiveFault> {
    let counted = ManifestCounts {
        items_seen: manifest.counts.items_seen,
        files: manifest.files.len() as u64,
        bytes: manifest.files.iter().map(|listed| listed.size).sum(),
        incomplete: manifest.files.iter().filter(|listed| !listed.complete).count() as u64,
        unreadable: manifest.unreadable.len() as u64,
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

impl TryFrom<ManifestFile> for Listed {
    type Error = hex::FromHexError;
    fn try_from(file: ManifestFile) -> Result<Self, Self::Error> {
        let mut sha256 = [0; 32];
        hex::decode_to_slice(&file.sha256, &mut sha256)?;
        Ok(Self { path: file.path.into(), sha256, size: file.size, complete: file.complete })
    }
}
