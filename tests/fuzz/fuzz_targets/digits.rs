//! The readers of `digits`.

#![no_main]

use dsrd_fuzz::readers::read;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| read("digits", input));
