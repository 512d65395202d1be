//! Any bytes through all views and the matcher: nothing may panic, and limits must hold.
//!
//! `cargo install cargo-fuzz`, then `cargo +nightly fuzz run --fuzz-dir tests/fuzz scan --
//! -max_total_time=60`; longer without the option, and with `-jobs=N` on N cores. On the stable
//! toolchain the property `no_bytes_are_too_strange` in `tests/it/matching.rs` runs the same.

#![no_main]

use std::collections::BTreeMap;

use dsrd::domain::item::{Item, Version};
use dsrd::domain::subject::{Identity, IdentityFormat, IdentityType, Subject};
use dsrd::matching::limits::Limits;
use dsrd::matching::matcher::Matcher;
use dsrd::matching::scan::scan;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    let raw = |kind, value: &str| Identity::new(kind, IdentityFormat::Raw, value.to_owned());
    let subject = Subject {
        identities: vec![
            raw(IdentityType::Email, "ann@contoso.com"),
            raw(IdentityType::Name, "Ann Lefèvre"),
            raw(IdentityType::Name, "山田太郎"),
            raw(IdentityType::Username, "ann"),
        ],
    };
    let item = Item {
        source: "fuzz".into(),
        name: "x".into(),
        version: Version::Current,
        etag: String::new(),
        size: content.len() as u64,
        modified: None,
        content_type: None,
        metadata: BTreeMap::new(),
        tags: BTreeMap::new(),
    };
    let limits = Limits { decoded_bytes_max: 1 << 24, ..Limits::default() };
    let matcher = Matcher::new(&[&subject]);
    let found = scan(&item, &mut &*content, &matcher, &limits).expect("bytes in memory can be read");
    assert!(found.hits.len() <= limits.hits_per_item_max);
});
