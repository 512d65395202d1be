//! A file that is written beside the one whose place it will take.
//!
//! Its name tells what it is and for which file, and is this attempt's own. No listing shows it: it
//! is nothing yet. One that was left behind is removed by the next attempt at the same file, whose
//! own one is called otherwise, or by a listing once nobody has written to it for a while. Whose
//! draft is removed that way fails, with the old file as it was, and begins anew.

use azure_core::http::Method;
use jiff::SignedDuration;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::adapters::azure_files::file::{Standing, look};
use crate::adapters::azure_files::lister::Lister;
use crate::adapters::azure_files::share::Share;
use crate::domain::failure::Failure;

const PREFIX: &str = ".dsrd-";
const SUFFIX: &str = ".new";
/// Digits that tell the file, and those that tell the attempt.
const FILE_DIGITS: usize = 10;
const ATTEMPT_DIGITS: usize = 16;
/// Longer than a draft is without a further piece.
const WRITTEN_WITHIN: SignedDuration = SignedDuration::from_hours(1);
const REMOVING: &str = "removing a draft beside a file";

/// The path of a new one beside this path.
pub fn beside(path: &str) -> String {
    let attempt = &Uuid::new_v4().simple().to_string()[..ATTEMPT_DIGITS];
    format!("{}{attempt}{SUFFIX}", stem(path))
}

/// Whether this is one, by its name.
pub fn is_one(name: &str) -> bool {
    let digits = name.strip_prefix(PREFIX).and_then(|name| name.strip_suffix(SUFFIX));
    digits.is_some_and(|digits| {
        digits.len() == FILE_DIGITS + ATTEMPT_DIGITS
            && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// Removes those that earlier attempts at a file left.
///
/// # Errors
/// Where the share does not answer.
pub async fn remove_others(share: &Share, lister: &Lister, path: &str) -> Result<(), Failure> {
    let stem = stem(path);
    let (directory, prefix) = match stem.rsplit_once('/') {
        Some((directory, prefix)) => (format!("{directory}/"), prefix.to_owned()),
        None => (String::new(), stem),
    };
    let mut marker = None;
    loop {
        let page = lister.page(&directory, None, &prefix, marker.as_deref(), None).await?;
        let Some(page) = page else { return Ok(()) };
        for listed in page.entries.iter().filter(|it| is_one(&it.key)) {
            if listed.key.starts_with(&prefix) {
                remove(share, &format!("{directory}{}", listed.key)).await?;
            }
        }
        marker = page.next_marker;
        if marker.is_none() {
            return Ok(());
        }
    }
}

/// Removes one that nobody has written to for a while. A failure leaves it to whoever comes next.
pub async fn remove_if_left(share: &Share, path: &str) -> Result<(), Failure> {
    if let Standing::There(said) = look(share, path, None).await?
        && said.idle.is_some_and(|idle| idle > WRITTEN_WITHIN)
    {
        remove(share, path).await?;
    }
    Ok(())
}

/// Removes one.
///
/// # Errors
/// Where the share does not answer.
pub async fn remove(share: &Share, path: &str) -> Result<(), Failure> {
    let Some(url) = share.file_url(path, None) else { return Ok(()) };
    let answer = share.call(REMOVING, Method::Delete, url, &[]).await?;
    match answer.status {
        200..300 | 404 => Ok(()),
        _ => Err(answer.failure(REMOVING)),
    }
}

/// What the paths of all drafts for a file begin with.
fn stem(path: &str) -> String {
    let (directory, name) = match path.rsplit_once('/') {
        Some((directory, name)) => (format!("{directory}/"), name),
        None => (String::new(), path),
    };
    let hash = hex::encode(Sha256::digest(name.to_lowercase()));
    format!("{directory}{PREFIX}{}", &hash[..FILE_DIGITS])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_tells_what_it_is_and_for_which_file() {
        let (one, other) = (beside("Users/ann/a.ipynb"), beside("Users/ann/a.ipynb"));
        assert_ne!(one, other);
        let name = one.strip_prefix("Users/ann/").unwrap();
        assert!(is_one(name) && !name.contains("ipynb"), "{name}");
        assert!(one.starts_with(&stem("Users/ann/a.ipynb")));
        assert!(!one.starts_with(&stem("Users/ann/b.ipynb")));
        assert!(is_one(&beside("a")) && beside("a").starts_with(PREFIX));
        for other in ["", "a", ".dsrd-.new", ".dsrd-aB3xY9.new", &format!("{name}.txt")] {
            assert!(!is_one(other), "{other}");
        }
    }
}
