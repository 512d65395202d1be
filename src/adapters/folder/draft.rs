//! A file that is written beside the one whose place it will take.
//!
//! It is hidden, and locked while it is being written; listings leave it out: it is nothing yet.
//! One that a killed process left behind is locked no more, and whoever lists the folder next
//! removes it: what it holds, or a part of it, stands beside it still.

use std::fs::{self, File, FileTimes, Metadata, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::Path;
use std::time::Duration;

use tempfile::NamedTempFile;

const PREFIX: &str = ".dsrd-";
const SUFFIX: &str = ".new";
const ID_CHARS: usize = 6;
/// Longer than it takes from making a draft to locking it.
const BEING_LOCKED: Duration = Duration::from_secs(1);
/// Longer than any draft takes to be written.
const WRITTEN_WITHIN: Duration = Duration::from_secs(24 * 60 * 60);

/// The file; removed again unless it is put in its place.
pub struct Draft {
    file: NamedTempFile,
}

impl Draft {
    /// An empty one beside `path`, with the owner and the mode of what is there. One that could not
    /// have the same owner is refused: who could read the file before must be able to after.
    pub fn beside(path: &Path, metadata: &Metadata) -> io::Result<Self> {
        let folder = path.parent().expect("a path below a folder has a parent");
        let mut named = tempfile::Builder::new();
        named.prefix(PREFIX).suffix(SUFFIX).rand_bytes(ID_CHARS);
        let file = named.tempfile_in(folder)?;
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
        let put = self.file.persist(path).map_err(|error| match error.error.kind() {
            // Somebody took it for one that was left behind.
            io::ErrorKind::NotFound => io::ErrorKind::ResourceBusy.into(),
            _ => error.error,
        });
        put?.metadata()
    }
}

/// Whether this is a draft, by its name.
pub fn is_one(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_str();
    let id = name.and_then(|name| name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX));
    id.is_some_and(|id| id.len() == ID_CHARS && id.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// Removes a draft that nobody is writing any more. A failure leaves it to whoever comes next.
pub fn remove_if_left(path: &Path) {
    if is_left(path).unwrap_or(false) {
        fs::remove_file(path).ok();
    }
}

/// Whoever writes it has locked it, a moment after it was made. Where a file system has no locks
/// nothing tells but its age.
fn is_left(path: &Path) -> io::Result<bool> {
    let file = File::open(path)?;
    let age = file.metadata()?.modified()?.elapsed().unwrap_or_default();
    Ok(match file.try_lock() {
        Ok(()) => age > BEING_LOCKED,
        Err(TryLockError::WouldBlock) => false,
        Err(TryLockError::Error(_)) => age > WRITTEN_WITHIN,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_that_nobody_writes_goes_and_one_that_somebody_writes_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.txt");
        fs::write(&file, "a").unwrap();
        let draft = Draft::beside(&file, &fs::metadata(&file).unwrap()).unwrap();
        let being_written = draft.file.path().to_owned();
        let left = folder.path().join(".dsrd-aB3xY9.new");
        fs::write(&left, "of a killed process").unwrap();
        let old = FileTimes::new().set_modified(std::time::UNIX_EPOCH);
        for path in [&being_written, &left] {
            assert!(is_one(path));
            File::options().write(true).open(path).unwrap().set_times(old).unwrap();
            remove_if_left(path);
        }
        assert!(being_written.exists() && !left.exists());
        for other in [".dsrd-.new", ".dsrd-a b.new", "x.dsrd-aB3xY9.new", ".dsrd-aB3xY9.new.txt"] {
            assert!(!is_one(&folder.path().join(other)), "{other}");
        }
    }
}
