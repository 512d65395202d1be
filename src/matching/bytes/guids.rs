//! GUIDs in sixteen bytes, wherever in bytes they stand.
//!
//! Four bytes in thirteen are looked at: of sixteen in a row, some four are always among them.
//! However many GUIDs are sought, it is one look into a table.

use std::collections::{BTreeSet, HashMap};

use uuid::Uuid;

use crate::matching::views::spelling::digits::guids::{BYTES, is_text};

/// Bytes that are looked at together.
const GRAM_BYTES: usize = 4;

/// From one look to the next.
const STRIDE: usize = BYTES - GRAM_BYTES + 1;

/// Bits of the table for each gram in it.
const BITS: usize = 64;

/// Different bytes of one that is no number, nor a name with zeros behind.
const DIFFERENT_MIN: usize = 8;

/// What is sought, in each order of its bytes.
#[derive(Default)]
pub struct Guids {
    all: Vec<[u8; BYTES]>,
    /// Whose grams they are, and how far in them they stand.
    grams: HashMap<u32, Vec<(u32, u8)>>,
    bits: Vec<u64>,
    shift: u32,
}

impl Guids {
    /// Of texts of thirty-two hexadecimal digits; others are left out.
    pub fn new<'t>(texts: impl Iterator<Item = &'t String>) -> Self {
        let mut guids = Self::default();
        let digits = texts.filter(|text| text.len() == 2 * BYTES);
        let known: BTreeSet<Uuid> = digits.filter_map(|text| text.parse().ok()).collect();
        for guid in known {
            let mut turned = *guid.as_bytes();
            turned.reverse();
            for bytes in [*guid.as_bytes(), guid.to_bytes_le(), turned] {
                let different: BTreeSet<&u8> = bytes.iter().collect();
                if different.len() >= DIFFERENT_MIN && !is_text(&bytes) {
                    guids.add(bytes);
                }
            }
        }
        let bits = (guids.grams.len() * BITS).next_power_of_two().max(1 << 12);
        guids.shift = u32::BITS - bits.trailing_zeros();
        guids.bits = vec![0; bits / 64];
        for gram in guids.grams.keys() {
            let slot = slot(*gram, guids.shift);
            guids.bits[slot / 64] |= 1 << (slot % 64);
        }
        guids
    }

    fn add(&mut self, bytes: [u8; BYTES]) {
        let number = self.all.len() as u32;
        for (offset, gram) in bytes.windows(GRAM_BYTES).enumerate() {
            let gram = u32::from_le_bytes([gram[0], gram[1], gram[2], gram[3]]);
            self.grams.entry(gram).or_default().push((number, offset as u8));
        }
        self.all.push(bytes);
    }

    /// Where one stands.
    pub fn find(&self, bytes: &[u8], found: &mut dyn FnMut(usize)) {
        if self.all.is_empty() {
            return;
        }
        for at in (0..bytes.len().saturating_sub(GRAM_BYTES - 1)).step_by(STRIDE) {
            let Some(gram) = bytes[at..].first_chunk() else { continue };
            let gram = u32::from_le_bytes(*gram);
            let slot = slot(gram, self.shift);
            if self.bits[slot / 64] & 1 << (slot % 64) == 0 {
                continue;
            }
            for (number, offset) in self.grams.get(&gram).into_iter().flatten() {
                let Some(start) = at.checked_sub(usize::from(*offset)) else { continue };
                if bytes[start..].starts_with(&self.all[*number as usize]) {
                    found(start);
                }
            }
        }
    }
}

/// Where in the table a gram has its bit.
fn slot(gram: u32, shift: u32) -> usize {
    (gram.wrapping_mul(0x9e37_79b1) >> shift) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guids_are_found_in_each_order_wherever_they_stand() {
        let texts: Vec<String> = (1..400u128)
            .map(|n| format!("{:032x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)))
            .collect();
        let guids = Guids::new(texts.iter());
        for text in &texts {
            let be = hex::decode(text).unwrap();
            let mut le = be.clone();
            le.reverse();
            let mixed = Uuid::parse_str(text).unwrap().to_bytes_le().to_vec();
            for guid in [be, le, mixed] {
                for before in 0..30 {
                    let bytes = [&vec![0xa5; before][..], &guid, &[0x5a; 3]].concat();
                    let mut found = Vec::new();
                    guids.find(&bytes, &mut |at| found.push(at));
                    assert_eq!(found, [before], "{text}");
                    let mut other = bytes.clone();
                    other[before + before % BYTES] ^= 1;
                    guids.find(&other, &mut |_| panic!("{text}"));
                }
            }
        }
    }

    #[test]
    fn what_may_be_anything_is_not_sought() {
        let texts = ["00000000000000000000000000000001", "6d6972612e6f736569406e6f72646c69", "ab"];
        assert!(Guids::new(texts.map(str::to_owned).iter()).all.is_empty());
    }
}
