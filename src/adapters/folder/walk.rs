//! Lists the files, links, pipes and empty directories below a folder page by page, in the byte
//! order of their whole paths; and directories that do not let us in.
//!
//! A page starts behind a name and not at a position, so it does not matter what was erased or
//! written between two pages. No more than a page of names of each directory on the way is held in
//! memory; a directory with more is read again for its next page.

use std::collections::BinaryHeap;
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::adapters::folder::draft;
use crate::adapters::folder::path::{is_absence, is_closed, is_denied, name_of, path_bytes};

/// One page.
pub struct FilePage {
    /// Names and what the file system says of them.
    pub files: Vec<(String, Metadata)>,
    /// The name behind which the next page starts; `None` after the last.
    pub next: Option<String>,
}

/// At most `files_max` regular files, links and empty directories below `root` whose names begin
/// with `prefix`, in order, behind the name `marker`.
pub fn page(
    root: &Path,
    prefix: &str,
    marker: Option<&str>,
    files_max: usize,
) -> io::Result<FilePage> {
    let after = marker.map(path_bytes).unwrap_or_default();
    let mut walk = Walk { root, prefix, after, files: Vec::new(), files_max };
    walk.directory(b"", true)?;
    let full = walk.files.len() == files_max;
    let next = if full { walk.files.last().map(|(name, _)| name.clone()) } else { None };
    Ok(FilePage { files: walk.files, next })
}

struct Walk<'a> {
    root: &'a Path,
    /// Of names, which are not always the bytes of their paths.
    prefix: &'a str,
    /// Path bytes of the last file of the page before.
    after: Vec<u8>,
    files: Vec<(String, Metadata)>,
    files_max: usize,
}

impl Walk<'_> {
    /// Takes the files below `prefix` (empty, or ending in `/`) until the page is full. Each round
    /// goes on behind the last entry of the one before, so the loop ends with the directory.
    fn directory(&mut self, prefix: &[u8], is_root: bool) -> io::Result<()> {
        let mut done: Option<Vec<u8>> = None;
        loop {
            let (entries, is_empty) = match self.entries(prefix, done.as_deref()) {
                Ok(entries) => entries,
                // Gone since its parent was read, with all that was in it.
                Err(error) if is_absence(&error) && !is_root => return Ok(()),
                Err(error) if is_denied(&error) && !is_root => return self.closed(prefix, error),
                Err(error) => return Err(error),
            };
            if is_empty && !is_root {
                return self.whole(prefix);
            }
            let is_last_round = entries.len() < self.files_max;
            for entry in &entries {
                match self.entry(entry) {
                    // Its names are told, and none of them leads anywhere.
                    Err(error) if is_denied(&error) && !is_root && self.is_closed(prefix) => {
                        return self.closed(prefix, error);
                    }
                    taken => taken?,
                }
                if self.files.len() == self.files_max {
                    return Ok(());
                }
            }
            if is_last_round {
                return Ok(());
            }
            done = entries.into_iter().next_back();
        }
    }

    fn entry(&mut self, path: &[u8]) -> io::Result<()> {
        if path.ends_with(b"/") {
            return self.directory(path, false);
        }
        let full = self.root.join(OsStr::from_bytes(path));
        match fs::symlink_metadata(&full) {
            Ok(_) if draft::is_one(&full) => draft::remove_if_left(&full),
            Ok(metadata) if !metadata.is_dir() => self.files.push((name_of(path), metadata)),
            Ok(_) => {}
            Err(error) if is_absence(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn is_closed(&self, prefix: &[u8]) -> bool {
        is_closed(&self.root.join(OsStr::from_bytes(prefix)))
    }

    /// Takes a directory that does not let us in: an item that cannot be read, and so is told of.
    /// But what is sought within it, or goes on there, is not there for that.
    fn closed(&mut self, prefix: &[u8], error: io::Error) -> io::Result<()> {
        let is_sought_within =
            self.prefix.len() > prefix.len() && self.prefix.as_bytes().starts_with(prefix);
        match self.after.starts_with(prefix) || is_sought_within {
            true => Err(error),
            false => self.whole(prefix),
        }
    }

    /// Takes a directory itself: nothing is in it that could be told of.
    fn whole(&mut self, path: &[u8]) -> io::Result<()> {
        let name = name_of(path);
        if path > self.after.as_slice() && name.starts_with(self.prefix) {
            let full = self.root.join(OsStr::from_bytes(&path[..path.len() - 1]));
            match fs::symlink_metadata(&full) {
                Ok(metadata) if metadata.is_dir() => self.files.push((name, metadata)),
                Ok(_) => {}
                Err(error) if is_absence(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The first entries of a directory in order, at most a page of them, behind `done` and behind
    /// the page before. A directory ends in `/`, which puts it where its files belong: `a.txt`
    /// stands before `a/b`. A heap keeps the smallest ones while the directory passes by. Also says
    /// whether nothing at all is in it.
    fn entries(&self, prefix: &[u8], done: Option<&[u8]>) -> io::Result<(Vec<Vec<u8>>, bool)> {
        let (mut smallest, mut is_empty) = (BinaryHeap::new(), true);
        for entry in fs::read_dir(self.root.join(OsStr::from_bytes(prefix)))? {
            let entry = entry?;
            is_empty = false;
            let kind = entry.file_type()?;
            let mut path = [prefix, entry.file_name().as_bytes()].concat();
            if kind.is_dir() {
                path.push(b'/');
            }
            if !self.is_wanted(&path) {
                continue;
            }
            if done.is_some_and(|done| path.as_slice() <= done) || !self.is_ahead(&path) {
                continue;
            }
            smallest.push(path);
            if smallest.len() > self.files_max {
                smallest.pop();
            }
        }
        Ok((smallest.into_sorted_vec(), is_empty))
    }

    /// Whether this file, or maybe a file in this directory, begins with the prefix. Where a path
    /// is written otherwise in a name, its files are asked one by one.
    fn is_wanted(&self, path: &[u8]) -> bool {
        if !path.ends_with(b"/") {
            return name_of(path).starts_with(self.prefix);
        }
        let prefix = self.prefix.as_bytes();
        let is_plain = std::str::from_utf8(path).is_ok() && !path.contains(&b'%');
        !is_plain || path.starts_with(prefix) || prefix.starts_with(path)
    }

    /// Whether this file, or a file in this directory, may stand behind the page before.
    fn is_ahead(&self, path: &[u8]) -> bool {
        path > self.after.as_slice() || (path.ends_with(b"/") && self.after.starts_with(path))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn names(root: &Path, files_max: usize) -> Vec<String> {
        let (mut names, mut marker) = (Vec::new(), None);
        loop {
            let page = page(root, "", marker.as_deref(), files_max).unwrap();
            assert!(page.files.len() <= files_max);
            names.extend(page.files.into_iter().map(|(name, _)| name));
            marker = page.next;
            if marker.is_none() {
                return names;
            }
        }
    }

    #[test]
    fn pages_of_any_size_make_the_same_listing() {
        let root = tempfile::tempdir().unwrap();
        let all = [
            "a.txt",
            "a/.hidden",
            "a/b",
            "a/b.c/d",
            "a/b.c/e",
            "a/c",
            "a/empty.txt",
            "a/empty/",
            "a/link",
            "ab",
            "b",
            "none/",
            "z/y/x",
        ];
        for name in all {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            match name {
                "a/link" => symlink("/", path).unwrap(),
                _ if name.ends_with('/') => fs::create_dir_all(path).unwrap(),
                _ => fs::write(path, name).unwrap(),
            }
        }
        for files_max in [1, 2, 3, 5, 9, 10, 100] {
            assert_eq!(names(root.path(), files_max), all, "{files_max} a page");
        }
        for (prefix, expected) in
            [("a/em", &all[6..8]), ("no", &all[11..12]), ("none/", &all[11..12])]
        {
            let page = page(root.path(), prefix, None, 100).unwrap();
            let names: Vec<String> = page.files.into_iter().map(|(name, _)| name).collect();
            assert_eq!(names, expected, "{prefix}");
        }
    }
}
