//! File paths below a folder as item names, and back.
//!
//! A name is the path with `/` between segments. Unix file names are bytes: a path that is not
//! UTF-8 would otherwise be dropped or, worse, stand for another file. Such a path is written with
//! `%XX` for its `%` and its invalid bytes, and ends in `//`, which no path does; all other names
//! are the path itself, that of a directory with `/` behind it. So the two directions undo each
//! other and no name stands for two things.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// Ends the name of a path that is not UTF-8.
const ESCAPED: &str = "//";

/// The item name of a path below the folder, given as its bytes.
pub fn name_of(path: &[u8]) -> String {
    if let Ok(name) = std::str::from_utf8(path) {
        return name.to_owned();
    }
    let mut name = String::with_capacity(path.len() + 8);
    for chunk in path.utf8_chunks() {
        name.push_str(&chunk.valid().replace('%', "%25"));
        for byte in chunk.invalid() {
            write!(name, "%{byte:02X}").expect("a String takes whatever is written to it");
        }
    }
    name + ESCAPED
}

/// The bytes of the path that has this name.
pub fn path_bytes(name: &str) -> Vec<u8> {
    match name.strip_suffix(ESCAPED) {
        Some(escaped) => percent_encoding::percent_decode_str(escaped).collect(),
        None => name.as_bytes().to_vec(),
    }
}

/// The path below the folder that has this name; `None` for a name that nothing there can have: one
/// that would climb out of the folder, or is not a path in its plainest form.
pub fn relative(name: &str) -> Option<Below> {
    let mut bytes = path_bytes(name);
    let is_same = name_of(&bytes) == name;
    let is_directory = bytes.last() == Some(&b'/');
    bytes.truncate(bytes.len() - usize::from(is_directory));
    let plain = |segment: &[u8]| !segment.is_empty() && segment != b"." && segment != b"..";
    let lives = bytes.split(|byte| *byte == b'/').all(plain) && !bytes.contains(&0);
    let below = Below { path: PathBuf::from(OsString::from_vec(bytes)), is_directory };
    (lives && is_same).then_some(below)
}

/// A path below a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Below {
    /// Without a slash behind it: with one, a link would be followed.
    pub path: PathBuf,
    /// Whether it is that of a directory.
    pub is_directory: bool,
}

/// Whether nothing is there: a file where a folder should be means that nothing is below it.
pub fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// Whether we may not do that.
pub fn is_denied(error: &io::Error) -> bool {
    error.kind() == ErrorKind::PermissionDenied
}

/// Whether we may not know what is in a directory: its names, or what they stand for.
pub fn is_closed(directory: &Path) -> bool {
    // Of a directory without the right to pass through it the names alone are told.
    fs::read_dir(directory).is_err_and(|error| is_denied(&error))
        || fs::symlink_metadata(directory.join(".")).is_err_and(|error| is_denied(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths_undo_each_other() {
        let paths: [(&[u8], &str); 7] = [
            (b"a/b.txt", "a/b.txt"),
            (b"100%", "100%"),
            (b"a%FF", "a%FF"),
            (b"tab\tline\n", "tab\tline\n"),
            ("käse/山".as_bytes(), "käse/山"),
            (b"a\xff", "a%FF//"),
            (b"50%/a\xffb\xc3", "50%25/a%FFb%C3//"),
        ];
        for (path, name) in paths {
            assert_eq!(name_of(path), name);
            assert_eq!(path_bytes(name), path);
            let below = relative(name).unwrap();
            assert_eq!(below.path.as_os_str().as_encoded_bytes(), path);
            assert!(!below.is_directory);
            let (path, directory) = ([path, b"/"].concat(), below.path);
            let below = relative(&name_of(&path)).unwrap();
            assert!(below.is_directory && below.path == directory, "{name}");
        }
    }

    #[test]
    fn names_that_climb_or_are_not_plain_have_no_path() {
        for name in
            ["", ".", "..", "../a", "a/../b", "/etc", "/", "a//b", "//", "///", "a\0b", "a%41//"]
        {
            assert!(relative(name).is_none(), "{name:?}");
        }
    }
}
