//! Files that appear whole or not at all, and are on disk when a call returns.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

/// Longest part of a file name that is kept when more is added to it; names end at 255 bytes.
pub const NAME_BYTES_MAX: usize = 200;

/// Makes a file appear whole and durably, replacing what was there.
pub fn write_whole(folder: &Path, name: &str, body: &[u8]) -> io::Result<()> {
    written(folder, body)?.persist(folder.join(name)).map_err(|error| error.error)?;
    sync_folder(folder)
}

/// The same, but beside what is there: under the first free number. `first` is an ending and the
/// content of a file that appears before, under the name with the ending. Returns the name.
pub fn place_beside(
    folder: &Path,
    name: &str,
    body: &[u8],
    first: Option<(&str, &[u8])>,
) -> io::Result<String> {
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, "json"));
    let mut file = written(folder, body)?;
    for number in 1.. {
        let name = numbered(stem, number, &format!(".{extension}"));
        // Looked for before, lest another's file were seen with what goes with ours.
        if fs::symlink_metadata(folder.join(&name)).is_ok() {
            continue;
        }
        let beside = match first {
            Some((ending, content)) => {
                let path = folder.join(format!("{name}{ending}"));
                match written(folder, content)?.persist_noclobber(&path) {
                    Err(taken) if taken.error.kind() == io::ErrorKind::AlreadyExists => continue,
                    placed => placed.map_err(|error| error.error)?,
                };
                Some(path)
            }
            None => None,
        };
        match file.persist_noclobber(folder.join(&name)) {
            Err(taken) if taken.error.kind() == io::ErrorKind::AlreadyExists => file = taken.file,
            Err(other) => return Err(other.error),
            Ok(_file) => return sync_folder(folder).map(|()| name),
        }
        if let Some(path) = beside {
            found(fs::remove_file(path))?;
        }
    }
    unreachable!("some number is free");
}

/// A hidden file with that content, on disk; removed again unless it is given a name.
fn written(folder: &Path, body: &[u8]) -> io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new().prefix(".").suffix(".tmp").tempfile_in(folder)?;
    file.write_all(body)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Makes renames and removals in a folder durable.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// "Not found" is an answer here: other programs may move files of the queue.
pub fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}

/// `stem`, cut where more would not fit beside it, then the number from 2 on, then `end`.
pub fn numbered(stem: &str, number: u32, end: &str) -> String {
    let stem = &stem[..stem.floor_char_boundary(NAME_BYTES_MAX)];
    match number {
        1 => format!("{stem}{end}"),
        _ => format!("{stem}.{number}{end}"),
    }
}
