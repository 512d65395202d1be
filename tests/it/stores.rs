//! Stores of data scientists, each written by its own library (`tests/it/foreign/stores.py`): who
//! stands in them is found, whoever stands beside them is not, and nothing of them is unread.

use std::collections::BTreeMap;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::matching::told;

/// Every file, by its name.
pub fn files() -> BTreeMap<&'static str, Vec<u8>> {
    let unpacked = |packed: &str| {
        let packed = STANDARD.decode(packed).unwrap();
        let mut bytes = Vec::new();
        flate2::read::ZlibDecoder::new(packed.as_slice()).read_to_end(&mut bytes).unwrap();
        bytes
    };
    let lines = include_str!("stores/files.txt").lines().map(|line| line.split_once(' ').unwrap());
    lines.map(|(name, packed)| (name, unpacked(packed))).collect()
}

#[test]
fn what_is_found_in_which_store() {
    let mut table = String::new();
    for (name, bytes) in files() {
        let mut told = told(&bytes);
        // What the bytes tell as well depends on how the library lays them out.
        told.retain(|line| !line.contains(" | binary"));
        table.push_str(&format!("{name}\n    {}\n", told.join("\n    ")));
    }
    insta::assert_snapshot!(table);
}

/// Of a damaged file something may be missing, which is told; no reader gives up over it.
#[test]
fn damage_is_no_surprise() {
    let mut state = 1u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % below.max(1)
    };
    for (name, mut bytes) in files() {
        for _ in 0..1 + random(6) {
            // What is said of the rest stands at the ends.
            let near = bytes.len().min(400);
            let at = [random(near), bytes.len() - 1 - random(near), random(bytes.len())][random(3)];
            let end = bytes.len().min(at + [1, 1, 8][random(3)]);
            let value = [0xff, 0, random(256) as u8][random(3)];
            bytes[at..end].fill(value);
        }
        if random(4) == 0 {
            bytes.truncate(random(bytes.len()));
        }
        let told = told(&bytes);
        assert!(!told.iter().any(|told| told.contains("gave up")), "{name}: {told:?}");
    }
}
