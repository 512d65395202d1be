//! Whether what stands on either side of a break may be two pieces of one thing that is sought:
//! four bytes over the break, one to three of them before it, must stand in it together.

use std::collections::HashSet;

/// Bytes that are looked at together.
const GRAM_BYTES: usize = 4;

/// All of what is sought, four bytes at a time.
pub struct Pieces {
    grams: HashSet<[u8; GRAM_BYTES]>,
    /// One bit for each hash of them: every end of a line is asked, and nearly none has any.
    bits: Box<[u64; 1 << 10]>,
}

impl Pieces {
    /// Of these folded texts.
    pub fn new<'a>(texts: impl Iterator<Item = &'a String>) -> Self {
        let grams = texts.flat_map(|text| text.as_bytes().array_windows::<GRAM_BYTES>().copied());
        let mut pieces = Self { grams: grams.collect(), bits: Box::new([0; 1 << 10]) };
        for gram in &pieces.grams {
            let (word, bit) = place(*gram);
            pieces.bits[word] |= bit;
        }
        pieces
    }

    /// Whether the end of one text and the beginning of another may be pieces of one thing.
    pub fn may_adjoin(&self, before: &str, after: &str) -> bool {
        let (before, after) = (before.as_bytes(), after.as_bytes());
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
            let (word, bit) = place(gram);
            self.bits[word] & bit != 0 && self.grams.contains(&gram)
        })
    }
}

fn place(gram: [u8; GRAM_BYTES]) -> (usize, u64) {
    let hash = u32::from_le_bytes(gram).wrapping_mul(0x9e37_79b1) >> 16;
    (hash as usize / 64, 1 << (hash % 64))
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
