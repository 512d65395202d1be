//! What must hold of anything that a reader is given.

use dsrd::matching::identity::watch::MarkKey;
use dsrd::matching::limits::PeopleLimits;
use dsrd::matching::matcher::Matcher;
use dsrd::matching::people::census::census;
use dsrd::matching::scan::{scan, scan_and_collect};
use dsrd::matching::terms::filter::{Question, TermKey};
use zeroize::Zeroizing;

use crate::seeds::FOLDERS;
use crate::{ANN, MATCHER, item, limits};

/// Reads an input of a folder of readers.
///
/// # Panics
/// A reader gives up over it, or finds what the catalogue's filter denies.
pub fn read(folder: &str, input: &[u8]) {
    let folder = FOLDERS.iter().find(|known| known.name == folder).expect("targets are of these");
    anything(&folder.item(input));
}

/// Reads any bytes in all views.
///
/// # Panics
/// As [`read`].
pub fn anything(content: &[u8]) {
    let (item, limits) = (item(content.len()), limits());
    let memory = "bytes in memory can be read";
    let found = scan(&item, &mut &*content, &MATCHER, &limits).expect(memory);
    assert!(found.hits.len() <= limits.hits_per_item_max);
    // A panic within is caught where it costs no more than the part that it is in.
    let gave_up = found.unreadable.iter().find(|told| told.contains("gave up"));
    assert_eq!(gave_up, None);
    let secret = Zeroizing::new([7; 32]);
    let key = TermKey::new(&secret, MarkKey::new(&secret));
    let salt = key.salt(1);
    let strangers = Matcher::new(&[]);
    let (_, terms) = scan_and_collect(&item, &mut &*content, &strangers, &limits, &key, salt)
        .expect(memory);
    let question = Question::new(std::iter::once(&*ANN), std::iter::empty(), &key);
    assert!(found.hits.is_empty() || question.is_admitted_by(&terms, salt));
    let people = PeopleLimits { people_max: 1000, ..PeopleLimits::default() };
    census(&item, &mut &*content, &limits, &people).expect(memory);
}
