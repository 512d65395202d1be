//! The terms of an item, and what the catalogue may conclude of them: whatever is found in any test
//! of the reader is asked of the filter too.

use std::collections::BTreeSet;
use std::io::Read;
use std::iter::{empty, once};

use dsrd::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};
use dsrd::domain::item::Item;
use dsrd::matching::identity::watch::MarkKey;
use dsrd::matching::limits::ItemLimits;
use dsrd::matching::matcher::Matcher;
use dsrd::matching::scan::{Scan, scan, scan_and_collect};
use dsrd::matching::terms::filter::{Question, Salt, TermKey, Terms};
use zeroize::Zeroizing;

fn secret() -> Zeroizing<[u8; 32]> {
    Zeroizing::new([7; 32])
}

pub fn key() -> TermKey {
    TermKey::new(&secret(), MarkKey::new(&secret()))
}

/// Scans an item. Of each identity that stands in it the filter says so, which was made while
/// nobody was sought, or somebody else; and by its mark, where it has one.
pub fn scanned(item: &Item, content: &mut dyn Read, subject: &Subject) -> Scan {
    let mut bytes = Vec::new();
    content.read_to_end(&mut bytes).unwrap();
    let limits = ItemLimits::default();
    let found = scan(item, &mut &*bytes, &Matcher::new(&[subject]), &limits).unwrap();
    let identities: BTreeSet<usize> = found.hits.iter().map(|hit| hit.hit.identity).collect();
    if identities.is_empty() {
        return found;
    }
    let (key, salt) = (key(), key().salt(1));
    for stranger in [None, Some(stranger())] {
        let matcher = Matcher::new(&stranger.iter().collect::<Vec<_>>());
        let terms = collected(item, &bytes, &matcher, &key, salt);
        for identity in &identities {
            let identity = &subject.identities[*identity];
            let said = String::from_utf8_lossy(&bytes[..bytes.len().min(400)]);
            let alone = Subject { identities: vec![identity.clone()] };
            let by_name = Question::new(once(&alone), empty(), &key);
            assert!(by_name.is_admitted_by(&terms, salt), "{}: {said}", identity.expose());
        }
    }
    found
}

fn collected(item: &Item, bytes: &[u8], with: &Matcher, key: &TermKey, salt: Salt) -> Terms {
    let limits = ItemLimits::default();
    scan_and_collect(item, &mut &*bytes, with, &limits, key, salt).unwrap().1
}

fn stranger() -> Subject {
    let raw = |kind, value: &str| Identity::new(kind, IdentityFormat::Raw, value.to_owned());
    Subject {
        identities: vec![
            raw(IdentityType::Email, "quentin.vasseur@fabrikam.example"),
            raw(IdentityType::Name, "Quentin Vasseur"),
        ],
    }
}
