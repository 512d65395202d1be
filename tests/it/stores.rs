//! Stores of data scientists, each written by its own library (`tests/it/foreign/stores.py`): who
//! stands in them is found, whoever stands beside them is not, and nothing of them is unread.

use std::collections::BTreeMap;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::matching::told;

/// Every file, by its name.
fn files() -> BTreeMap<&'static str, Vec<u8>> {
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
