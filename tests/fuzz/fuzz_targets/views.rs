//! Any bytes through all views: nothing panics, limits hold, and whatever is found the catalogue's
//! filter admits.

#![no_main]

use dsrd::matching::limits::PeopleLimits;
use dsrd::matching::people::census::census;
use dsrd::matching::scan::scan;
use dsrd::matching::terms::{TermKey, terms};
use dsrd_fuzz::{ANN, MATCHER, item, limits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    let (item, limits) = (item(content.len()), limits());
    let found = scan(&item, &mut &*content, &MATCHER, &limits).expect("bytes in memory can be read");
    assert!(found.hits.len() <= limits.hits_per_item_max);
    let key = TermKey([7; 32]);
    let filter = terms(&item, &mut &*content, &key, &limits).expect("bytes in memory can be read");
    assert!(found.hits.is_empty() || filter.admits(&ANN, &key));
    let people = PeopleLimits { people_max: 1000, ..PeopleLimits::default() };
    census(&item, &mut &*content, &limits, &people).expect("bytes in memory can be read");
});
