//! Archives in a folder, each readable by our own user alone.
//!
//! An archive is written beside its place under `.NAME.ATTEMPT.part` and renamed when it is whole
//! and on disk. What a killed process leaves there is removed when the export is tried again, and
//! with the archive.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;
use tokio_util::io::ReaderStream;
use url::Url;

use crate::domain::failure::Failure;
use crate::ports::exports::{Exports, SignedLink, Stored, Upload};
use crate::ports::sources::ByteStream;

/// Bytes read at a time.
const READ_BYTES: usize = 256 * 1024;

/// Attempts whose files are tried by name: nearly all archives are written at one of the first.
const TRIED_MAX: u64 = 32;

/// The folder; made when it is first needed.
pub struct FolderExports {
    root: PathBuf,
}

impl FolderExports {
    /// Archives in the folder at `path`. Touches nothing yet.
    ///
    /// # Errors
    /// Where a relative path cannot be made absolute, because the working folder is gone.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let absolute = std::path::absolute(path);
        let root = absolute.map_err(|error| failure("finding the export folder", error))?;
        Ok(Self { root })
    }

    async fn make_root(&self) -> Result<(), Failure> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(&self.root).await.map_err(|error| failure("making the export folder", error))
    }

    /// Where the archive of this name is.
    fn place(&self, name: &str) -> Result<PathBuf, Failure> {
        let is_plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\0']);
        if !is_plain {
            return Err(Failure::permanent("naming an archive: not a plain file name"));
        }
        Ok(self.root.join(name))
    }

    /// Removes what attempts at this archive left half written, up to this one. One that still
    /// writes loses its file's name, and cannot publish it any more.
    async fn clear(&self, name: &str, last: u64) -> io::Result<()> {
        let (root, name) = (self.root.clone(), name.to_owned());
        let clearing = tokio::task::spawn_blocking(move || {
            // Among thousands of archives to try a few names is quicker than to look at all.
            match last <= TRIED_MAX {
                true => (0..=last).try_for_each(|attempt| remove(&part(&root, &name, attempt))),
                false => remove_parts(&root, &name, last),
            }
        });
        clearing.await.map_err(io::Error::other)?
    }
}

#[async_trait]
impl Exports for FolderExports {
    async fn create(&self, name: &str, attempt: u64) -> Result<Box<dyn Upload>, Failure> {
        let place = self.place(name)?;
        let part = part(&self.root, name, attempt);
        self.make_root().await?;
        self.clear(name, attempt).await.map_err(|error| failure(WRITING, error))?;
        let mut options = fs::OpenOptions::new();
        let opened = options.write(true).create_new(true).mode(0o600).open(&part).await;
        let file = opened.map_err(|error| failure(WRITING, error))?;
        Ok(Box::new(FolderUpload { file, place, part: Some(part) }))
    }

    async fn open(&self, name: &str) -> Result<Option<ByteStream>, Failure> {
        let place = self.place(name)?;
        match File::open(place).await {
            Ok(file) => {
                let bytes = ReaderStream::with_capacity(file, READ_BYTES);
                Ok(Some(bytes.map_err(|error| failure("reading an archive", error)).boxed()))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failure("opening an archive", error)),
        }
    }

    async fn remove(&self, name: &str) -> Result<(), Failure> {
        let place = self.place(name)?;
        let removing = async {
            self.clear(name, u64::MAX).await?;
            if_there(fs::remove_file(&place).await)
        };
        removing.await.map_err(|error| failure("removing an archive", error))
    }

    fn url(&self, name: &str) -> String {
        Url::from_file_path(self.root.join(name)).map(String::from).unwrap_or_default()
    }

    /// Whoever may read the folder needs none.
    async fn link(
        &self,
        _name: &str,
        _now: Timestamp,
        _until: Option<Timestamp>,
    ) -> Result<Option<SignedLink>, Failure> {
        Ok(None)
    }

    async fn ping(&self) -> Result<(), Failure> {
        self.make_root().await?;
        let writable = tempfile::tempfile_in(&self.root).map(drop);
        writable.map_err(|error| failure("writing to the export folder", error))
    }
}

struct FolderUpload {
    file: File,
    place: PathBuf,
    /// `None` once it was renamed.
    part: Option<PathBuf>,
}

#[async_trait]
impl Upload for FolderUpload {
    async fn write(&mut self, bytes: Bytes) -> Result<(), Failure> {
        self.file.write_all(&bytes).await.map_err(|error| failure(WRITING, error))
    }

    async fn finish(mut self: Box<Self>) -> Result<Stored, Failure> {
        let published = self.publish().await;
        published.map(|()| Stored::Whole).map_err(|error| failure("finishing an archive", error))
    }
}

impl FolderUpload {
    /// The bytes reach the disk before the name does, and the name before we say so.
    async fn publish(&mut self) -> io::Result<()> {
        self.file.flush().await?;
        self.file.sync_all().await?;
        if let Some(part) = &self.part {
            fs::rename(part, &self.place).await?;
        }
        self.part = None;
        let folder = self.place.parent().expect("an archive lies in a folder");
        File::open(folder).await?.sync_all().await
    }
}

impl Drop for FolderUpload {
    /// An archive that was given up is personal data that nobody asked for any more. If the file
    /// cannot be removed now, the next try of the same export will.
    fn drop(&mut self) {
        if let Some(part) = self.part.take() {
            std::fs::remove_file(part).ok();
        }
    }
}

const WRITING: &str = "writing an archive";

/// What came of removing a file, which may have been gone.
fn if_there(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Where an attempt at an archive is written.
fn part(root: &Path, name: &str, attempt: u64) -> PathBuf {
    root.join(format!(".{name}.{attempt}.part"))
}

/// Removes what these attempts at an archive wrote, whichever there are.
fn remove_parts(root: &Path, name: &str, last: u64) -> io::Result<()> {
    let files = match std::fs::read_dir(root) {
        Ok(files) => files,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let (start, end) = (format!(".{name}."), ".part");
    for file in files {
        let file = file?;
        let file_name = file.file_name();
        let attempt = file_name.to_str().and_then(|name| name.strip_prefix(&start));
        let attempt = attempt.and_then(|rest| rest.strip_suffix(end));
        let attempt = attempt.and_then(|text| text.parse::<u64>().ok());
        if attempt.is_some_and(|attempt| attempt <= last) {
            remove(&file.path())?;
        }
    }
    Ok(())
}

fn remove(path: &Path) -> io::Result<()> {
    if_there(std::fs::remove_file(path))
}

/// A full disk may be emptied by itself; a missing permission is not given by itself.
fn failure(doing: &'static str, error: io::Error) -> Failure {
    match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::NotADirectory | ErrorKind::ReadOnlyFilesystem => {
            Failure::needs_person(doing).because(error)
        }
        _ => Failure::transient(doing).because(error),
    }
}
