//! Walks the tree of a share page by page, in the byte order of whole paths.
//!
//! The service lists one directory at a time and promises no order, so each is put into order here.
//! A walk goes on behind a path and not at a position: it does not matter what was erased or
//! written meanwhile, nor who goes on. Directories that come next are asked for ahead, some at a
//! time, and of a directory no more is held than a window.

use std::collections::{BTreeMap, VecDeque};

use futures::future::join_all;

use crate::adapters::azure::drafts;
use crate::adapters::azure::wire::answer::Trouble;
use crate::adapters::azure_files::lister::{Entered, Lister, Window};
use crate::adapters::azure_files::listing::{Listed, Open};
use crate::domain::failure::Failure;

/// Directories that are asked for at once.
const AHEAD: usize = 8;
/// Directories that are held before their turn.
const AHEAD_HELD_MAX: usize = 16;
/// Entries among which directories are looked for that come next.
const AHEAD_ENTRIES_MAX: usize = 64;
/// Entries that are held of all directories on the way, and what of a directory stays beyond that.
const HELD_ENTRIES_MAX: usize = 50_000;
const KEPT_ENTRIES: usize = 500;

/// A walk that has come to some path.
pub struct Walk {
    snapshot: Option<String>,
    prefix: String,
    /// The path that it has come to.
    after: String,
    stack: Vec<Frame>,
    /// Directories that come next, by their paths.
    ahead: BTreeMap<String, Window>,
    /// What was open at any moment of it before the directory was listed.
    open: Open,
    has_begun: bool,
}

/// A directory on the way.
struct Frame {
    /// Its path with a slash at the end; empty for the share's own.
    path: String,
    entries: VecDeque<Listed>,
    /// The entry behind which there may be more.
    rest: Option<String>,
}

/// A file, or a directory in which nothing is or which does not let us in.
pub struct Found {
    /// Its path; that of a directory ends in a slash.
    pub path: String,
    /// What the listing says of it.
    pub listed: Listed,
    /// Whether it is a draft, which may be nobody's. One that a snapshot keeps stays in it.
    pub is_draft: bool,
    /// Whether somebody has it open, or may have.
    pub is_open: bool,
}

impl Walk {
    /// Through all paths that begin with `prefix` and come behind `after`, as they are now or as a
    /// snapshot kept them.
    pub fn new(snapshot: Option<&str>, prefix: &str, after: &str) -> Self {
        Self {
            snapshot: snapshot.map(str::to_owned),
            prefix: prefix.to_owned(),
            after: after.to_owned(),
            stack: Vec::new(),
            ahead: BTreeMap::new(),
            open: Open::default(),
            has_begun: false,
        }
    }

    /// The path that it has come to.
    pub fn after(&self) -> &str {
        &self.after
    }

    /// The next paths, at most so many; and whether there are no more.
    ///
    /// # Errors
    /// Where the share cannot be listed.
    pub async fn page(
        &mut self,
        lister: &Lister,
        found_max: usize,
    ) -> Result<(Vec<Found>, bool), Failure> {
        let mut found = Vec::new();
        if self.snapshot.is_none() {
            lister.add_open(&mut self.open).await?;
        }
        if !self.has_begun {
            let window = self.window(lister, "").await?;
            self.has_begun = true;
            if let Entered::In(window) = window {
                self.push(String::new(), window);
            }
        }
        while let Some(frame) = self.stack.last_mut() {
            let Some(listed) = frame.entries.pop_front() else {
                let (path, rest) = (frame.path.clone(), frame.rest.take());
                self.stack.pop();
                if rest.is_some() {
                    match self.ask(lister, &path, rest.as_deref()).await? {
                        Entered::In(window) => self.push(path, window),
                        Entered::Absent => {}
                        Entered::Closed(status, code) => return Err(closed(status, code)),
                    }
                }
                continue;
            };
            let path = format!("{}{}", frame.path, listed.key);
            if listed.is_directory() && !self.is_found(lister, &path).await? {
                continue;
            }
            self.after.clone_from(&path);
            let is_draft = self.snapshot.is_none() && drafts::is_one(&listed.key);
            let is_open = !listed.is_directory() && self.open.holds(&path, &listed);
            found.push(Found { path, listed, is_draft, is_open });
            if found.len() == found_max {
                return Ok((found, false));
            }
        }
        Ok((found, true))
    }

    /// Goes into a directory; whether it is something by itself instead.
    async fn is_found(&mut self, lister: &Lister, path: &str) -> Result<bool, Failure> {
        let window = self.window(lister, path).await?;
        let is_next = path > self.after.as_str() && path.starts_with(&self.prefix);
        match window {
            Entered::In(window) if !window.is_empty => self.push(path.to_owned(), window),
            // Gone since the one above it was listed, with all that was in it.
            Entered::Absent => {}
            Entered::In(_) => return Ok(is_next),
            Entered::Closed(..) if is_next || path == self.after => return Ok(is_next),
            // What is wanted of it would be missing, and nobody would know.
            Entered::Closed(status, code) => return Err(closed(status, code)),
        }
        Ok(false)
    }

    /// Goes into a directory.
    fn push(&mut self, path: String, window: Window) {
        let entries = VecDeque::from(window.entries);
        let last = entries.back().map(|listed| listed.key.clone());
        self.stack.push(Frame { path, entries, rest: last.filter(|_| window.is_cut) });
        let held: usize = self.stack.iter().map(|frame| frame.entries.len()).sum();
        if held <= HELD_ENTRIES_MAX {
            return;
        }
        let above = self.stack.len() - 1;
        for frame in &mut self.stack[..above] {
            if frame.entries.len() > KEPT_ENTRIES {
                frame.entries.truncate(KEPT_ENTRIES);
                frame.rest = frame.entries.back().map(|listed| listed.key.clone());
            }
        }
    }

    /// What is in a directory and still to come.
    async fn window(&mut self, lister: &Lister, path: &str) -> Result<Entered<Window>, Failure> {
        if let Some(window) = self.ahead.remove(path) {
            return Ok(Entered::In(window));
        }
        let next = self.next_directories(path);
        let asked = std::iter::once(path).chain(next.iter().map(String::as_str));
        let windows = join_all(asked.map(|path| self.ask(lister, path, None))).await;
        let mut windows = windows.into_iter();
        let first = windows.next().expect("there is one that was asked for");
        // Of those that are not there, are closed, or did not answer it is asked again in their
        // turn.
        for (path, window) in next.into_iter().zip(windows) {
            if let Ok(Entered::In(window)) = window {
                self.ahead.insert(path, window);
            }
        }
        first
    }

    /// What is in a directory behind one of its entries.
    async fn ask(
        &self,
        lister: &Lister,
        path: &str,
        behind: Option<&str>,
    ) -> Result<Entered<Window>, Failure> {
        let is_wanted = |listed: &Listed| {
            behind.is_none_or(|behind| listed.key.as_str() > behind)
                && self.is_wanted(&format!("{path}{}", listed.key))
        };
        let prefix = self.prefix.strip_prefix(path).and_then(|rest| rest.split('/').next());
        lister.window(path, self.snapshot.as_deref(), prefix.unwrap_or_default(), is_wanted).await
    }

    /// Paths of directories that come behind this one in the one above it.
    fn next_directories(&self, path: &str) -> Vec<String> {
        let Some(frame) = self.stack.last() else { return Vec::new() };
        let room = AHEAD_HELD_MAX.saturating_sub(self.ahead.len()).min(AHEAD - 1);
        let near = frame.entries.iter().take(AHEAD_ENTRIES_MAX).filter(|it| it.is_directory());
        let paths = near.map(|listed| format!("{}{}", frame.path, listed.key));
        paths.filter(|it| it != path && !self.ahead.contains_key(it)).take(room).collect()
    }

    /// Whether a file of this path, or anything in a directory of this path, is in the walk and
    /// still to come.
    fn is_wanted(&self, path: &str) -> bool {
        let (after, prefix) = (self.after.as_str(), self.prefix.as_str());
        let is_directory = path.ends_with('/');
        let is_meant = path.starts_with(prefix) || (is_directory && prefix.starts_with(path));
        let is_ahead = path > after || (is_directory && after.starts_with(path));
        is_meant && is_ahead
    }
}

/// A directory that does not let us in while what is in it is asked for.
fn closed(status: u16, code: String) -> Failure {
    Trouble::Refused { status, code }.failure("listing what is in a directory that is closed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_is_under_the_prefix_and_behind_the_place() {
        let walk = Walk::new(None, "Users/ann", "Users/ann/b.txt");
        let table = [
            ("Users/", true),
            ("Users/ann/", true),
            ("Users/ann/a.txt", false),
            ("Users/ann/b.txt", false),
            ("Users/ann/b/", true),
            ("Users/ann/c.txt", true),
            ("Users/anna/", true),
            ("Users/an/", false),
            ("Users/bob/", false),
            ("Other/", false),
        ];
        for (path, expected) in table {
            assert_eq!(walk.is_wanted(path), expected, "{path}");
        }
    }

    #[test]
    fn no_more_is_held_of_a_wide_tree_than_may_be() {
        let mut walk = Walk::new(None, "", "");
        let entries = |count: usize| {
            let listed = |n| Listed { key: format!("{n:06}"), ..Listed::default() };
            Window { entries: (0..count).map(listed).collect(), ..Window::default() }
        };
        for depth in 0..20 {
            walk.push(format!("{depth}/"), entries(9_000));
        }
        let held: usize = walk.stack.iter().map(|frame| frame.entries.len()).sum();
        assert!(held <= HELD_ENTRIES_MAX + 9_000, "{held}");
        assert_eq!(walk.stack[0].rest.as_deref(), Some("000499"));
        assert_eq!(walk.stack[19].rest, None);
    }
}
