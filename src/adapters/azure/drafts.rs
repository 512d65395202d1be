//! Names of drafts: files that are written beside the one whose place they will take.
//!
//! A name tells what it is and for which file, is an attempt's own, and has digits that check the
//! others: nobody calls a file so by chance.

use sha2::{Digest, Sha256};
use uuid::Uuid;

const PREFIX: &str = ".dsrd-";
const SUFFIX: &str = ".new";
/// Digits that tell the file, those that tell the attempt, and those that check both.
const FILE_DIGITS: usize = 10;
const ATTEMPT_DIGITS: usize = 16;
const CHECK_DIGITS: usize = 8;

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

/// What the paths of all drafts for a file begin with.
pub fn stem(path: &str) -> String {
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
