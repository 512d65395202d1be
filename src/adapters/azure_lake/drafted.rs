//! Drafts that a listing has met and nobody has finished yet.
//!
//! A draft stands beside the file whose place it will take, and no listing shows it while that file
//! is as it was ([`drafts`]): it is nothing yet. One whose file is another, or that nobody has
//! written to for a while, is removed by the listing that meets it; one that then stays all the
//! same is listed. A younger one may be somebody's who is at it: it is
//! remembered, and goes before its file is changed or erased, whose attempt that ends then and
//! begins anew. The service has no listing by the beginning of a name, so that nobody looks for
//! drafts in a whole directory each time; the second look lists all, and meets what was left.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use azure_core::http::Method;
use jiff::SignedDuration;

use crate::adapters::azure::drafts::{self, is_one, stem};
use crate::adapters::azure::wire::answer::Trouble;
use crate::adapters::azure_lake::file_system::FileSystem;
use crate::adapters::azure_lake::lister::Lister;
use crate::adapters::azure_lake::listing::Listed;
use crate::adapters::azure_lake::path::{Standing, is_absence, look};
use crate::domain::failure::Failure;

/// Longer than a draft is without a further piece.
const WRITTEN_WITHIN: SignedDuration = SignedDuration::from_hours(1);
/// Drafts that are remembered; what is more is met by a listing again.
const REMEMBERED_MAX: usize = 10_000;
const REMOVING: &str = "removing a draft beside a file";

/// Those of one file system.
pub struct Drafts {
    lake: Arc<FileSystem>,
    met: Mutex<BTreeSet<String>>,
}

impl Drafts {
    /// Those in that file system.
    pub fn new(lake: Arc<FileSystem>) -> Self {
        Self { lake, met: Mutex::default() }
    }

    /// Whether a path that a listing shows is a draft and nobody's item: one that was left goes.
    pub async fn is_hidden(&self, path: &str) -> bool {
        if !path.rsplit('/').next().is_some_and(is_one) {
            return false;
        }
        let is_done = self.remove_if_left(path).await.is_ok();
        if is_done {
            let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
            if met.len() < REMEMBERED_MAX {
                met.insert(path.to_owned());
            }
        }
        is_done
    }

    /// Removes those of a file that were met.
    ///
    /// # Errors
    /// Where one of them stays: that may pass.
    pub async fn remove_of(&self, path: &str) -> Result<(), Failure> {
        let stem = stem(path);
        let of_it: Vec<String> = {
            let met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
            met.range(stem.clone()..).take_while(|it| it.starts_with(&stem)).cloned().collect()
        };
        for draft in of_it {
            let removed = self.remove(&draft).await;
            removed.map_err(|failure| Failure::transient(REMOVING).because(failure))?;
        }
        Ok(())
    }

    /// Removes one.
    ///
    /// # Errors
    /// Where the file system does not answer.
    pub async fn remove(&self, path: &str) -> Result<(), Failure> {
        let Some(url) = self.lake.url(path) else { return Ok(()) };
        let answer = self.lake.call(REMOVING, Method::Delete, url, &[]).await?;
        match answer.status {
            200..300 => {}
            _ if is_absence(&answer) => {}
            _ => return Err(answer.failure(REMOVING)),
        }
        self.met.lock().unwrap_or_else(PoisonError::into_inner).remove(path);
        Ok(())
    }

    /// Whether the file is there still in the state from which a draft was begun.
    async fn is_for_what_is_there(&self, path: &str) -> Result<bool, Failure> {
        let directory = drafts::directory(path).trim_end_matches('/');
        let is_it = |listed: &Listed| drafts::is_of(path, &listed.path, &listed.etag);
        Lister::new(Arc::clone(&self.lake)).has(directory, is_it).await
    }

    async fn remove_if_left(&self, path: &str) -> Result<(), Failure> {
        match look(&self.lake, path).await? {
            Standing::There(said) => match said.idle {
                Some(idle) if idle <= WRITTEN_WITHIN && self.is_for_what_is_there(path).await? => {
                    Ok(())
                }
                Some(_) => self.remove(path).await,
                None => Err(Failure::permanent(REMOVING)),
            },
            Standing::Absent => Ok(()),
            Standing::Closed(status, code) => {
                Err(Trouble::Refused { status, code }.failure(REMOVING))
            }
        }
    }
}
