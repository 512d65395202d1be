//! Whether what stands on either side of a break may be two pieces of one thing that is sought:
//! four bytes over the break, one to three of them before it, must stand in it together.

use std::collections::HashSet;

/// Bytes that are looked at together.
const GRAM_BYTES: usize = 4;

/// All of what is sought, four bytes at a time.
pub struct Pieces {
    /// One bit for each two bytes that stand beside each other: of nearly every break nothing more
    /// need be asked.
    pairs: Box<[u64; 1 << 10]>,
    /// One bit for each value of a hash; most lines end with nothing of the kind.
    bits: Vec<u64>,
    grams: HashSet<[u8; GRAM_BYTES]>,
}

/// Bits for each gram.
const BITS: usize = 64;

impl Pieces {
    /// Of these folded texts.
    pub fn new<'a>(texts: impl Iterator<Item = &'a String>) -> Self {
        let grams = texts.flat_map(|text| text.as_bytes().array_windows::<GRAM_BYTES>().copied());
        let grams: HashSet<_> = grams.collect();
        let mut bits = vec![0; (grams.len() * BITS / 64).next_power_of_two()];
        for gram in &grams {
            let (word, bit) = place(*gram, bits.len());
            bits[word] |= 1 << bit;
        }
        let mut pairs = Box::new([0; 1 << 10]);
        for [one, other] in grams.iter().flat_map(|gram| gram.array_windows::<2>()) {
            let (word, bit) = of_pair(*one, *other);
            pairs[word] |= 1 << bit;
        }
        Self { pairs, bits, grams }
    }

    /// Whether the end of one text and the beginning of another may be pieces of one thing.
    pub fn may_adjoin(&self, before: &str, after: &str) -> bool {
        let (before, after) = (before.as_bytes(), after.as_bytes());
        let (Some(last), Some(first)) = (before.last(), after.first()) else { return false };
        let (word, bit) = of_pair(last.to_ascii_lowercase(), first.to_ascii_lowercase());
        if self.pairs[word] >> bit & 1 == 0 {
            return false;
        }
        (1..GRAM_BYTES).any(|len| {
            let (Some(start), Some(rest)) =
                (before.len().checked_sub(len), after.get(..GRAM_BYTES - len))
            else {
                return false;
            };
            let mut gram = [0; GRAM_BYTES];
            gram[..len].copy_from_slice(&before[start..]);
            gram[len..].copy_from_slice(rest);
            let gram = gram.map(|byte| byte.to_ascii_lowercase());
            let (word, bit) = place(gram, self.bits.len());
            self.bits[word] >> bit & 1 != 0 && self.grams.contains(&gram)
        })
    }
}

fn of_pair(one: u8, other: u8) -> (usize, u32) {
    let pair = u16::from_le_bytes([one, other]);
    (usize::from(pair >> 6), u32::from(pair & 63))
}

/// The word and the bit of a gram among so many words, a power of two.
fn place(gram: [u8; GRAM_BYTES], words: usize) -> (usize, u32) {
    let hash = u64::from(u32::from_le_bytes(gram)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((hash >> 40) as usize & (words - 1), (hash >> 34) as u32 & 63)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_one_thing() {
        let pieces = Pieces::new(["ann@contoso.com".to_owned()].iter());
        for (before, after) in [("x A", "nn@c"), ("ann@con", "toso"), ("ann@contoso.co", "m)")] {
            assert!(pieces.may_adjoin(before, after), "{before}|{after}");
        }
        for (before, after) in [("ann@con", " toso"), ("", "ann@"), ("ann@contoso.com", "")] {
            assert!(!pieces.may_adjoin(before, after), "{before}|{after}");
        }
    }
}
