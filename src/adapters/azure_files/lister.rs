//! Asks what is in a directory, and which shares and snapshots an account has.

use std::collections::BinaryHeap;
use std::sync::Arc;

use azure_core::http::Method;

use crate::adapters::azure::lister::asked;
use crate::adapters::azure::wire::address::add_query;
use crate::adapters::azure::wire::answer::Answer;
use crate::adapters::azure_files::file::{NO_URL, is_absence, is_closed};
use crate::adapters::azure_files::listing::{self, Entries, Listed, ListedShare, Open};
use crate::adapters::azure_files::share::Share;
use crate::domain::failure::Failure;

/// Entries of a directory that are held at once. One with more is asked again for the next of them.
const WINDOW_ENTRIES_MAX: usize = 10_000;

const LISTING: &str = "listing a directory of a share";
const LISTING_SHARES: &str = "listing the shares of an account";
const LISTING_OPEN: &str = "listing what is open in a share";

/// The first entries of a directory behind a place in it, in the byte order of their keys.
#[derive(Debug, Default)]
pub struct Window {
    /// The entries that are wanted.
    pub entries: Vec<Listed>,
    /// Whether there are more behind them.
    pub is_cut: bool,
    /// Whether the service said that nothing at all is in the directory.
    pub is_empty: bool,
}

/// What came of asking what is in a directory.
#[derive(Debug, PartialEq, Eq)]
pub enum Entered<T> {
    /// This.
    In(T),
    /// There is no such directory.
    Absent,
    /// It is not shown to us, or no request can name it: the status and the service's code.
    Closed(u16, String),
}

/// Lists one share, as it is now or as a snapshot kept it.
pub struct Lister {
    share: Arc<Share>,
}

impl Lister {
    /// Lists that share.
    pub fn new(share: Arc<Share>) -> Self {
        Self { share }
    }

    /// What is in a directory that `is_wanted`, of all whose names begin with `prefix`. The service
    /// has no order that it promises, so all of the directory passes by, and the smallest keys
    /// stay.
    ///
    /// # Errors
    /// Where the share cannot be listed.
    pub async fn window(
        &self,
        directory: &str,
        snapshot: Option<&str>,
        prefix: &str,
        is_wanted: impl Fn(&Listed) -> bool,
    ) -> Result<Entered<Window>, Failure> {
        let mut smallest = BinaryHeap::new();
        let (mut window, mut marker) = (Window { is_empty: true, ..Window::default() }, None);
        loop {
            let page = self.page(directory, snapshot, prefix, marker.as_deref(), None).await?;
            let page = match page {
                Entered::In(page) => page,
                Entered::Absent => return Ok(Entered::Absent),
                Entered::Closed(status, code) => return Ok(Entered::Closed(status, code)),
            };
            window.is_empty &= page.entries.is_empty();
            for listed in page.entries.into_iter().filter(&is_wanted) {
                smallest.push(listed);
                if smallest.len() > WINDOW_ENTRIES_MAX {
                    smallest.pop();
                    window.is_cut = true;
                }
            }
            marker = page.next_marker;
            if marker.is_none() {
                window.entries = smallest.into_sorted_vec();
                window.is_empty &= prefix.is_empty();
                return Ok(Entered::In(window));
            }
        }
    }

    /// Whether nothing is in a directory.
    ///
    /// # Errors
    /// Where the share cannot be listed.
    pub async fn is_empty(
        &self,
        directory: &str,
        snapshot: Option<&str>,
    ) -> Result<Entered<bool>, Failure> {
        let mut marker = None;
        loop {
            let page = self.page(directory, snapshot, "", marker.as_deref(), Some(1)).await?;
            let page = match page {
                Entered::In(page) => page,
                Entered::Absent => return Ok(Entered::Absent),
                Entered::Closed(status, code) => return Ok(Entered::Closed(status, code)),
            };
            marker = page.next_marker;
            // A page may be empty and not the last.
            if !page.entries.is_empty() || marker.is_none() {
                return Ok(Entered::In(page.entries.is_empty()));
            }
        }
    }

    /// What is told of a path where it is listed: whether anything is there whose name no request
    /// can say.
    ///
    /// # Errors
    /// Where the share cannot be listed.
    pub async fn listed(
        &self,
        path: &str,
        snapshot: Option<&str>,
    ) -> Result<Option<Listed>, Failure> {
        let mut below = path;
        loop {
            let bare = below.strip_suffix('/').unwrap_or(below);
            let (directory, key) = below.split_at(bare.rfind('/').map_or(0, |at| at + 1));
            let is_it = |listed: &Listed| listed.key == key;
            match self.window(directory, snapshot, "", is_it).await? {
                Entered::In(window) if below == path => {
                    return Ok(window.entries.into_iter().next());
                }
                // Something is there, and what is in it nobody can tell.
                Entered::In(window) => {
                    return Ok(window.entries.first().map(|_| Listed::default()));
                }
                Entered::Absent => return Ok(None),
                Entered::Closed(..) => below = directory,
            }
        }
    }

    /// One page.
    ///
    /// # Errors
    /// Where the share cannot be listed; what is told of one directory alone is none.
    pub async fn page(
        &self,
        directory: &str,
        snapshot: Option<&str>,
        prefix: &str,
        marker: Option<&str>,
        entries_max: Option<u32>,
    ) -> Result<Entered<Entries>, Failure> {
        let Some(mut url) = self.share.directory_url(directory, snapshot) else {
            return Ok(Entered::Closed(NO_URL, String::new()));
        };
        add_query(&mut url, "comp", "list");
        add_query(&mut url, "include", "Timestamps,Etag");
        for (name, value) in [("prefix", prefix), ("marker", marker.unwrap_or_default())] {
            if !value.is_empty() {
                add_query(&mut url, name, value);
            }
        }
        if let Some(entries_max) = entries_max {
            add_query(&mut url, "maxresults", &entries_max.to_string());
        }
        let ask = || self.share.call(LISTING, Method::Get, url.clone(), &[]);
        match asked(LISTING, ask, listing::entries).await? {
            Ok((page, _)) => Ok(Entered::In(page)),
            // The share's own directory is there as long as the share is, or the snapshot.
            Err(answer) if directory.is_empty() => {
                let is_gone = answer.status == 404 && answer.code != "ResourceNotFound";
                match is_gone && is_absence(&answer, snapshot.is_some()) {
                    true => Ok(Entered::Absent),
                    false => Err(answer.failure(LISTING)),
                }
            }
            Err(answer) if is_absence(&answer, snapshot.is_some()) => Ok(Entered::Absent),
            Err(answer) if is_closed(&answer) => Ok(Entered::Closed(answer.status, answer.code)),
            Err(answer) => Err(answer.failure(LISTING)),
        }
    }

    /// Takes in what is open now in all of the share, or that nobody tells us.
    ///
    /// # Errors
    /// Where the share does not answer.
    pub async fn add_open(&self, open: &mut Open) -> Result<(), Failure> {
        let mut marker = None::<String>;
        loop {
            let mut url = self.share.entry().entered_url();
            add_query(&mut url, "comp", "listhandles");
            if let Some(marker) = &marker {
                add_query(&mut url, "marker", marker);
            }
            let headers = [("x-ms-recursive", "true")];
            let ask = || self.share.call(LISTING_OPEN, Method::Get, url.clone(), &headers);
            let mut page = match asked(LISTING_OPEN, ask, listing::handles).await? {
                Ok((page, _)) => page,
                Err(answer) if is_passing(&answer) => return Err(answer.failure(LISTING_OPEN)),
                // We may not, or the service has no such request here.
                Err(_) => {
                    open.untold();
                    return Ok(());
                }
            };
            marker = page.next_marker.take();
            open.add(page);
            if marker.is_none() {
                return Ok(());
            }
        }
    }

    /// All shares of the account whose names begin with `prefix`, with snapshots of them and
    /// deleted ones; or the answer by which it was not told.
    ///
    /// # Errors
    /// Where the account does not answer.
    pub async fn shares(&self, prefix: &str) -> Result<Result<Vec<ListedShare>, Answer>, Failure> {
        let (mut shares, mut marker) = (Vec::new(), None::<String>);
        loop {
            let mut url = self.share.entry().account_url();
            add_query(&mut url, "comp", "list");
            add_query(&mut url, "include", "snapshots,deleted");
            for (name, value) in [("prefix", prefix), ("marker", &marker.unwrap_or_default())] {
                if !value.is_empty() {
                    add_query(&mut url, name, value);
                }
            }
            let ask = || self.share.of_account(LISTING_SHARES, url.clone());
            let page = match asked(LISTING_SHARES, ask, listing::shares).await? {
                Ok((page, _)) => page,
                Err(answer) => return Ok(Err(answer)),
            };
            shares.extend(page.shares);
            marker = page.next_marker;
            if marker.is_none() {
                return Ok(Ok(shares));
            }
        }
    }
}

/// Whether an answer is about the whole share, or passes.
fn is_passing(answer: &Answer) -> bool {
    answer.is_container_missing() || matches!(answer.status, 401 | 408 | 429 | 500 | 502..)
}
