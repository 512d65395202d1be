//! Which files say nothing beside their bytes.
//!
//! A listing shows neither metadata nor media types: each file has to be asked. Most say nothing,
//! since most programs have no way to say it, and it is remembered of those, so that a sweep asks
//! no more files than are new or changed.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

/// Most files that are remembered; then it begins anew. Each takes some 20 bytes.
const REMEMBERED_MAX: usize = 2_000_000;

/// Those that are remembered, by a digest of path and `ETag`.
#[derive(Default)]
pub struct Plain {
    seen: Mutex<HashSet<u128>>,
}

impl Plain {
    /// Whether a file of this path and `ETag` is known to say nothing.
    pub fn holds(&self, path: &str, etag: &str) -> bool {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).contains(&digest(path, etag))
    }

    /// Remembers it.
    pub fn add(&self, path: &str, etag: &str) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= REMEMBERED_MAX {
            seen.clear();
        }
        seen.insert(digest(path, etag));
    }
}

fn digest(path: &str, etag: &str) -> u128 {
    let hash = Sha256::new().chain_update(path).chain_update([0]).chain_update(etag).finalize();
    let first: [u8; 16] = hash[..16].try_into().expect("a SHA-256 has 32 bytes");
    u128::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_path_and_its_state() {
        let plain = Plain::default();
        plain.add("a", "0x1");
        assert!(plain.holds("a", "0x1"));
        assert!(!plain.holds("a", "0x2") && !plain.holds("b", "0x1"));
    }
}
