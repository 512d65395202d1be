//! Any bytes through all views: nothing panics, limits hold, and whatever is found the catalogue's
//! filter admits.

#![no_main]

use dsrd::matching::matcher::Matcher;
use dsrd::matching::people::people;
use dsrd::matching::scan::scan;
use dsrd::matching::terms::{TermKey, terms};
use dsrd_fuzz::{ann, item, limits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    let (subject, item, limits) = (ann(), item(content.len()), limits());
    let matcher = Matcher::new(&[&subject]);
    let found = scan(&item, &mut &*content, &matcher, &limits).expect("bytes in memory can be read");
    assert!(found.hits.len() <= limits.hits_per_item_max);
    let key = TermKey([7; 32]);
    let filter = terms(&item, &mut &*content, &key, &limits).expect("bytes in memory can be read");
    assert!(found.hits.is_empty() || filter.admits(&subject, &key));
    people(&item, &mut &*content, &limits).expect("bytes in memory can be read");
});
