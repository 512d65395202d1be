//! Any bytes through all views: nothing panics, limits hold, and whatever is found the catalogue's
//! filter admits.

#![no_main]

use dsrd_fuzz::readers::anything;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| anything(content));
