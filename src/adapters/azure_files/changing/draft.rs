//! A file that is written beside the one whose place it will take.
//!
//! No listing shows it while the file is as it was ([`drafts`]): it is nothing yet. One that was
//! left behind is removed by the next attempt at the same file, whose own one is called otherwise,
//! or by a listing once its file is another or nobody has written to it for a while; one that then
//! stays all the same is listed. Whose draft is removed that way fails, with the old file as it
//! was, and begins anew. What a snapshot keeps of them stays in it and is listed.

use azure_core::http::Method;
use jiff::SignedDuration;

use crate::adapters::azure::drafts::{self, is_one, stem};
use crate::adapters::azure::wire::answer::Trouble;
use crate::adapters::azure_files::file::{Standing, is_absence, look};
use crate::adapters::azure_files::lister::{Entered, Lister};
use crate::adapters::azure_files::listing::Listed;
use crate::adapters::azure_files::share::Share;
use crate::domain::failure::Failure;

/// Longer than a draft is without a further piece.
const WRITTEN_WITHIN: SignedDuration = SignedDuration::from_hours(1);
const REMOVING: &str = "removing a draft beside a file";

/// Removes those that earlier attempts at a file left.
///
/// # Errors
/// Where the share does not answer, and where one of them stays: that may pass.
pub async fn remove_others(share: &Share, lister: &Lister, path: &str) -> Result<(), Failure> {
    let stem = stem(path);
    let (directory, prefix) = match stem.rsplit_once('/') {
        Some((directory, prefix)) => (format!("{directory}/"), prefix.to_owned()),
        None => (String::new(), stem),
    };
    let mut marker = None;
    loop {
        let page = lister.page(&directory, None, &prefix, marker.as_deref(), None).await?;
        let page = match page {
            Entered::In(page) => page,
            Entered::Absent => return Ok(()),
            Entered::Closed(status, code) => {
                return Err(Trouble::Refused { status, code }.failure(REMOVING));
            }
        };
        for listed in page.entries.iter().filter(|it| is_one(&it.key)) {
            if listed.key.starts_with(&prefix) {
                let removed = remove(share, &format!("{directory}{}", listed.key)).await;
                removed.map_err(|failure| Failure::transient(REMOVING).because(failure))?;
            }
        }
        marker = page.next_marker;
        if marker.is_none() {
            return Ok(());
        }
    }
}

/// Removes one that nobody has written to for a while, or whose file is another by now.
///
/// # Errors
/// Where that does not work, or nobody tells when it was written.
pub async fn remove_if_left(share: &Share, lister: &Lister, path: &str) -> Result<(), Failure> {
    match look(share, path, None).await? {
        Standing::There(said) => match said.idle {
            Some(idle) if idle <= WRITTEN_WITHIN && is_for_what_is_there(lister, path).await? => {
                Ok(())
            }
            Some(_) => remove(share, path).await,
            None => Err(Failure::permanent(REMOVING)),
        },
        Standing::Absent => Ok(()),
        Standing::Pending => Err(Failure::transient(REMOVING)),
        Standing::Closed(status, code) => Err(Trouble::Refused { status, code }.failure(REMOVING)),
    }
}

/// Whether the file is there still in the state from which a draft was begun.
async fn is_for_what_is_there(lister: &Lister, path: &str) -> Result<bool, Failure> {
    let directory = drafts::directory(path);
    let is_it = |it: &Listed| drafts::is_of(path, &format!("{directory}{}", it.key), &it.etag);
    match lister.window(directory, None, "", is_it).await? {
        Entered::In(window) => Ok(!window.entries.is_empty()),
        Entered::Absent => Ok(false),
        Entered::Closed(status, code) => Err(Trouble::Refused { status, code }.failure(REMOVING)),
    }
}

/// Removes one.
///
/// # Errors
/// Where the share does not answer.
pub async fn remove(share: &Share, path: &str) -> Result<(), Failure> {
    let Some(url) = share.file_url(path, None) else { return Ok(()) };
    let answer = share.call(REMOVING, Method::Delete, url, &[]).await?;
    match answer.status {
        200..300 => Ok(()),
        _ if is_absence(&answer, false) => Ok(()),
        _ => Err(answer.failure(REMOVING)),
    }
}
