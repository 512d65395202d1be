//! A file that is written beside the one whose place it will take.
//!
//! Its name tells what it is and for which file, is this attempt's own, and has digits that check
//! the others: nobody calls a file so by chance. No listing shows it: it is nothing yet. One that
//! was left behind is removed by the next attempt at the same file, whose own one is called
//! otherwise, or by a listing once nobody has written to it for a while; one that then stays all
//! the same is listed. Whose draft is removed that way fails, with the old file as it was, and
//! begins anew. What a snapshot keeps of them stays in it and is listed.

use azure_core::http::Method;
use jiff::SignedDuration;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::adapters::azure::wire::answer::Trouble;
use crate::adapters::azure_files::file::{Standing, is_absence, look};
use crate::adapters::azure_files::lister::{Entered, Lister};
use crate::adapters::azure_files::share::Share;
use crate::domain::failure::Failure;

const PREFIX: &str = ".dsrd-";
const SUFFIX: &str = ".new";
/// Digits that tell the file, those that tell the attempt, and those that check both.
const FILE_DIGITS: usize = 10;
const ATTEMPT_DIGITS: usize = 16;
const CHECK_DIGITS: usize = 8;
/// Longer than a draft is without a further piece.
const WRITTEN_WITHIN: SignedDuration = SignedDuration::from_hours(1);
const REMOVING: &str = "removing a draft beside a file";

/// The path of a new one beside this path.
pub fn beside(path: &str) -> String {
    let attempt = &Uuid::new_v4().simple().to_string()[..ATTEMPT_DIGITS];
    let begun = format!("{}{attempt}", stem(path));
    let check = check(&begun[begun.len() - FILE_DIGITS - ATTEMPT_DIGITS..]);
    format!("{begun}{check}{SUFFIX}")
}

/// Whether this is one, by its name.
pub fn is_one(name: &str) -> bool {
    let digits = name.strip_prefix(PREFIX).and_then(|name| name.strip_suffix(SUFFIX));
    digits.is_some_and(|digits| {
        digits.len() == FILE_DIGITS + ATTEMPT_DIGITS + CHECK_DIGITS
            && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
            && digits.ends_with(&check(&digits[..FILE_DIGITS + ATTEMPT_DIGITS]))
    })
}

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

/// Removes one that nobody has written to for a while.
///
/// # Errors
/// Where that does not work, or nobody tells when it was written.
pub async fn remove_if_left(share: &Share, path: &str) -> Result<(), Failure> {
    match look(share, path, None).await? {
        Standing::There(said) => match said.idle {
            Some(idle) if idle > WRITTEN_WITHIN => remove(share, path).await,
            Some(_) => Ok(()),
            None => Err(Failure::permanent(REMOVING)),
        },
        Standing::Absent => Ok(()),
        Standing::Pending => Err(Failure::transient(REMOVING)),
        Standing::Closed(status, code) => Err(Trouble::Refused { status, code }.failure(REMOVING)),
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

/// What the paths of all drafts for a file begin with.
fn stem(path: &str) -> String {
    let (directory, name) = match path.rsplit_once('/') {
        Some((directory, name)) => (format!("{directory}/"), name),
        None => (String::new(), path),
    };
    let hash = hex::encode(Sha256::digest(name.to_lowercase()));
    format!("{directory}{PREFIX}{}", &hash[..FILE_DIGITS])
}

fn check(digits: &str) -> String {
    hex::encode(Sha256::digest(format!("{PREFIX}{digits}")))[..CHECK_DIGITS].to_owned()
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
        let like_one = ".dsrd-0123456789abcdef0123456789abcdef01.new";
        for other in ["", "a", like_one, ".dsrd-.new", ".dsrd-aB3xY9.new", &format!("{name}.txt")] {
            assert!(!is_one(other), "{other}");
        }
    }
}
