//! Names of drafts: files that are written beside the one whose place they will take.
//!
//! A name tells what it is, for which file and in which state of that, is an attempt's own, and has
//! digits that check the others: nobody calls a file so by chance.
//!
//! **What a draft may hide.** While its file is in the state that it was begun from, it says of
//! nobody what the file does not say: whoever looks for a person finds him in the file. Once the
//! file is another, or gone, a draft can take nobody's place any more, whoever writes it, and may
//! be the last to speak of somebody: it goes at once, or is an item as others are.

use sha2::{Digest, Sha256};
use uuid::Uuid;

const PREFIX: &str = ".dsrd-";
const SUFFIX: &str = ".new";
/// Digits that tell the file, its state, and the attempt, and those that check all of them.
const FILE_DIGITS: usize = 10;
const STATE_DIGITS: usize = 8;
const ATTEMPT_DIGITS: usize = 16;
const CHECK_DIGITS: usize = 8;
const CHECKED_DIGITS: usize = FILE_DIGITS + STATE_DIGITS + ATTEMPT_DIGITS;

/// The path of a new one beside this path, for what has this `ETag` there.
pub fn beside(path: &str, etag: &str) -> String {
    let attempt = &Uuid::new_v4().simple().to_string()[..ATTEMPT_DIGITS];
    let begun = format!("{}{}{attempt}", stem(path), state(etag));
    let check = check(&begun[begun.len() - CHECKED_DIGITS..]);
    format!("{begun}{check}{SUFFIX}")
}

/// Whether this is one, by its name.
pub fn is_one(name: &str) -> bool {
    let digits = name.strip_prefix(PREFIX).and_then(|name| name.strip_suffix(SUFFIX));
    digits.is_some_and(|digits| {
        digits.len() == CHECKED_DIGITS + CHECK_DIGITS
            && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
            && digits.ends_with(&check(&digits[..CHECKED_DIGITS]))
    })
}

/// Whether a draft of this path was begun for this file in this state.
pub fn is_of(draft: &str, path: &str, etag: &str) -> bool {
    draft.strip_prefix(&stem(path)).is_some_and(|rest| rest.starts_with(&state(etag)))
}

/// The directory that a path is in, with a slash at its end; empty for the uppermost.
pub fn directory(path: &str) -> &str {
    path.rfind('/').map_or("", |at| &path[..=at])
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

fn state(etag: &str) -> String {
    hex::encode(Sha256::digest(etag))[..STATE_DIGITS].to_owned()
}

fn check(digits: &str) -> String {
    hex::encode(Sha256::digest(format!("{PREFIX}{digits}")))[..CHECK_DIGITS].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_tells_what_it_is_and_for_which_file() {
        let new = |path| beside(path, "0x1");
        let (one, other) = (new("Users/ann/a.ipynb"), new("Users/ann/a.ipynb"));
        assert_ne!(one, other);
        let name = one.strip_prefix("Users/ann/").unwrap();
        assert!(is_one(name) && !name.contains("ipynb"), "{name}");
        assert!(one.starts_with(&stem("Users/ann/a.ipynb")));
        assert!(!one.starts_with(&stem("Users/ann/b.ipynb")));
        assert!(is_one(&new("a")) && new("a").starts_with(PREFIX));
        assert!(is_of(&one, "Users/ann/a.ipynb", "0x1") && is_of(&new("a"), "a", "0x1"));
        for (path, etag) in [
            ("Users/ann/a.ipynb", "0x2"),
            ("Users/ann/b.ipynb", "0x1"),
            ("Users/bob/a.ipynb", "0x1"),
            ("a.ipynb", "0x1"),
        ] {
            assert!(!is_of(&one, path, etag), "{path} {etag}");
        }
        assert_eq!((directory("a/b/c"), directory("c")), ("a/b/", ""));
        let like_one = ".dsrd-0123456789abcdef0123456789abcdef0123456789.new";
        for other in ["", "a", like_one, ".dsrd-.new", ".dsrd-aB3xY9.new", &format!("{name}.txt")] {
            assert!(!is_one(other), "{other}");
        }
    }
}
