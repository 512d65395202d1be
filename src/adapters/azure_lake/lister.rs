//! Asks a file system for its paths, page by page, and an account for its file systems.

use std::sync::Arc;

use azure_core::http::Method;

use crate::adapters::azure::lister::asked;
use crate::adapters::azure::wire::address::add_query;
use crate::adapters::azure::wire::answer::Answer;
use crate::adapters::azure_lake::file_system::FileSystem;
use crate::adapters::azure_lake::listing::{self, Listed};
use crate::domain::failure::Failure;

/// Paths of a page; the service's own bound.
const PAGE_PATHS_MAX: &str = "5000";

const LISTING: &str = "listing a file system";
const LISTING_ALL: &str = "listing the file systems of an account";

/// Lists one file system.
pub struct Lister {
    lake: Arc<FileSystem>,
}

/// A page.
#[derive(Default)]
pub struct Paths {
    /// In the order of the service.
    pub paths: Vec<Listed>,
    /// Where the next page starts.
    pub next: Option<String>,
}

impl Lister {
    /// Lists that file system.
    pub fn new(lake: Arc<FileSystem>) -> Self {
        Self { lake }
    }

    /// One page of all that is below a directory, whatever is between; empty where there is no such
    /// directory. The directory has no slash at its end, and is empty for all.
    ///
    /// # Errors
    /// Where the file system cannot be listed.
    pub async fn page(&self, directory: &str, after: Option<&str>) -> Result<Paths, Failure> {
        self.paths(directory, after, "true").await
    }

    async fn paths(
        &self,
        directory: &str,
        after: Option<&str>,
        is_recursive: &str,
    ) -> Result<Paths, Failure> {
        let mut url = self.lake.entry().entered_url();
        for (name, value) in [
            ("resource", "filesystem"),
            ("recursive", is_recursive),
            ("maxResults", PAGE_PATHS_MAX),
            ("directory", directory),
            ("continuation", after.unwrap_or_default()),
        ] {
            if !value.is_empty() {
                add_query(&mut url, name, value);
            }
        }
        let ask = || self.lake.call(LISTING, Method::Get, url.clone(), &[]);
        match asked(LISTING, ask, listing::paths).await? {
            Ok((paths, next)) => Ok(Paths { paths, next }),
            // Nothing is there, or a file is.
            Err(answer) if !directory.is_empty() && is_no_directory(&answer) => {
                Ok(Paths::default())
            }
            Err(answer) => Err(answer.failure(LISTING)),
        }
    }

    /// Whether something in a directory itself is so. The directory is as in [`Self::page`].
    ///
    /// # Errors
    /// Where the file system cannot be listed.
    pub async fn has(
        &self,
        directory: &str,
        is_so: impl Fn(&Listed) -> bool,
    ) -> Result<bool, Failure> {
        let mut after = None;
        loop {
            let page = self.paths(directory, after.as_deref(), "false").await?;
            if page.paths.iter().any(&is_so) {
                return Ok(true);
            }
            after = page.next;
            if after.is_none() {
                return Ok(false);
            }
        }
    }

    /// The names of all file systems of the account that begin so.
    ///
    /// # Errors
    /// Where the account cannot be listed.
    pub async fn file_systems(&self, prefix: &str) -> Result<Vec<String>, Failure> {
        let (mut names, mut after) = (Vec::new(), String::new());
        loop {
            let mut url = self.lake.entry().account_url();
            for (name, value) in
                [("resource", "account"), ("prefix", prefix), ("continuation", &after)]
            {
                if !value.is_empty() {
                    add_query(&mut url, name, value);
                }
            }
            let ask = || self.lake.call(LISTING_ALL, Method::Get, url.clone(), &[]);
            match asked(LISTING_ALL, ask, listing::file_systems).await? {
                Ok((page, next)) => {
                    names.extend(page);
                    let Some(next) = next else { return Ok(names) };
                    after = next;
                }
                Err(answer) => return Err(answer.failure(LISTING_ALL)),
            }
        }
    }
}

fn is_no_directory(answer: &Answer) -> bool {
    matches!(answer.status, 404 | 409) && !answer.is_container_missing()
}
