//! A file that is written beside the one whose place it will take.
//!
//! It is hidden and locked while it is being written, and listings leave a locked one out: it is
//! nothing yet. One that a killed process left behind is locked no more and is a file like any
//! other: what it holds may speak of somebody, and must be found.

use std::fs::{File, FileTimes, Metadata, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::Path;

use tempfile::NamedTempFile;

const PREFIX: &str = ".dsrd-";
const SUFFIX: &str = ".new";

/// The file; removed again unless it is put in its place.
pub struct Draft {
    file: NamedTempFile,
}

impl Draft {
    /// An empty one beside `path`, with the owner and the mode of what is there. One that could not
    /// have the same owner is refused: who could read the file before must be able to after.
    pub fn beside(path: &Path, metadata: &Metadata) -> io::Result<Self> {
        let folder = path.parent().expect("a path below a folder has a parent");
        let file = tempfile::Builder::new().prefix(PREFIX).suffix(SUFFIX).tempfile_in(folder)?;
        // Some file systems have no locks: there a draft is seen as a file that comes and goes.
        file.as_file().lock().ok();
        let own = file.as_file().metadata()?;
        if (own.uid(), own.gid()) != (metadata.uid(), metadata.gid()) {
            fchown(file.as_file(), Some(metadata.uid()), Some(metadata.gid()))?;
        }
        file.as_file().set_permissions(metadata.permissions())?;
        Ok(Self { file })
    }

    /// Goes on with these bytes.
    pub fn write(mut self, bytes: &[u8]) -> io::Result<Self> {
        self.file.write_all(bytes)?;
        Ok(self)
    }

    /// All bytes on disk, as old as what it takes the place of.
    pub fn finished(self, replaced: &Metadata) -> io::Result<Self> {
        let times = FileTimes::new().set_modified(replaced.modified()?);
        self.file.as_file().set_times(times)?;
        self.file.as_file().sync_all()?;
        Ok(self)
    }

    /// Takes the place of what is at `path`.
    pub fn put(self, path: &Path) -> io::Result<Metadata> {
        self.file.persist(path).map_err(|error| error.error)?.metadata()
    }
}

/// Whether this is a draft that somebody is writing.
pub fn is_open(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    if !name.starts_with(PREFIX.as_bytes()) || !name.ends_with(SUFFIX.as_bytes()) {
        return false;
    }
    let locked = File::open(path).map(|file| file.try_lock_shared());
    matches!(locked, Ok(Err(TryLockError::WouldBlock)))
}
