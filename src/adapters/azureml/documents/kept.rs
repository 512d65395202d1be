//! Documents that a list gave, kept until they are read: to walk a workspace costs its lists alone,
//! and no GET for each document.
//!
//! Each is given once, and only as the very bytes that were listed. What we act on is not given any
//! more: a list may lag behind, and show what is gone.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::adapters::azureml::documents::document::Document;

/// Bytes of documents that are kept; the oldest go first.
const BYTES_MAX: usize = 32 << 20;

/// Names of what we acted on. Beyond that nothing is kept any more: it is dearer, and never wrong.
const ACTED_MAX: usize = 100_000;

/// The documents.
#[derive(Default)]
pub struct Kept(Mutex<Shelf>);

#[derive(Default)]
struct Shelf {
    by_name: HashMap<String, (String, Bytes)>,
    /// Names in the order in which they came; some are gone already.
    order: VecDeque<(String, String)>,
    bytes: usize,
    acted: HashSet<String>,
}

impl Kept {
    /// Keeps a document under its item's name.
    pub fn put(&self, name: &str, document: &Document) {
        let mut shelf = self.shelf();
        if document.bytes.len() > BYTES_MAX || shelf.is_distrusted(name) {
            return;
        }
        shelf.take(name);
        shelf.bytes += document.bytes.len();
        let kept = (document.etag.clone(), document.bytes.clone());
        shelf.by_name.insert(name.to_owned(), kept);
        shelf.order.push_back((name.to_owned(), document.etag.clone()));
        // Names that were given out stand in line too, and are no more than what came since.
        while shelf.bytes > BYTES_MAX || shelf.order.len() > 2 * shelf.by_name.len() + 1_000 {
            let Some((name, etag)) = shelf.order.pop_front() else { break };
            if shelf.by_name.get(&name).is_some_and(|(kept, _)| *kept == etag) {
                shelf.take(&name);
            }
        }
    }

    /// The bytes under that name, if they are those of the digest.
    pub fn give(&self, name: &str, etag: &str) -> Option<Bytes> {
        let mut shelf = self.shelf();
        let is_it = shelf.by_name.get(name).is_some_and(|(kept, _)| kept == etag);
        if is_it { shelf.take(name) } else { None }
    }

    /// That something is done with what has this name: only its service knows it from now on.
    pub fn act_on(&self, name: &str) {
        let mut shelf = self.shelf();
        shelf.take(name);
        if shelf.acted.len() < ACTED_MAX {
            shelf.acted.insert(name.to_owned());
        }
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    fn is_distrusted(&self, name: &str) -> bool {
        self.acted.len() >= ACTED_MAX || self.acted.contains(name)
    }

    fn take(&mut self, name: &str) -> Option<Bytes> {
        let (_, bytes) = self.by_name.remove(name)?;
        self.bytes -= bytes.len();
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::adapters::azureml::names::Address;

    fn document(text: &str) -> Document {
        Document::new(&Address::of("run/a").unwrap(), json!({ "text": text }))
    }

    #[test]
    fn each_is_given_once_and_as_it_was_listed() {
        let kept = Kept::default();
        let (one, other) = (document("one"), document("other"));
        kept.put("run/a", &one);
        assert!(kept.give("run/a", &other.etag).is_none());
        assert!(kept.give("run/b", &one.etag).is_none());
        assert_eq!(kept.give("run/a", &one.etag), Some(one.bytes.clone()));
        assert!(kept.give("run/a", &one.etag).is_none());
        kept.put("run/a", &one);
        kept.put("run/a", &other);
        assert!(kept.give("run/a", &one.etag).is_none());
        assert_eq!(kept.give("run/a", &other.etag), Some(other.bytes.clone()));
        kept.put("run/a", &one);
        kept.act_on("run/a");
        kept.put("run/a", &one);
        assert!(kept.give("run/a", &one.etag).is_none());
    }

    #[test]
    fn no_more_is_kept_than_the_bound() {
        let kept = Kept::default();
        let large = document(&"a".repeat(1 << 20));
        for number in 0..100 {
            kept.put(&format!("run/{number}"), &large);
        }
        let shelf = kept.shelf();
        assert!(shelf.bytes <= BYTES_MAX && shelf.by_name.len() == 31, "{}", shelf.by_name.len());
        assert!(shelf.by_name.contains_key("run/99") && !shelf.by_name.contains_key("run/0"));
        drop(shelf);
        for number in 0..10_000 {
            kept.put("run/x", &document(&number.to_string()));
            kept.give("run/x", &document(&number.to_string()).etag).unwrap();
        }
        assert!(kept.shelf().order.len() < 1_100);
    }
}
