//! Whether what stands on either side of a break may be two pieces of one thing that is sought:
//! four bytes over the break, one to three of them before it, must stand in it together.

use std::collections::HashSet;

/// Bytes that are looked at together.
const GRAM_BYTES: usize = 4;

/// All of what is sought, four bytes at a time.
pub struct Pieces(HashSet<[u8; GRAM_BYTES]>);

impl Pieces {
    /// Of these folded texts.
    pub fn new<'a>(texts: impl Iterator<Item = &'a String>) -> Self {
        let grams = texts.flat_map(|text| text.as_bytes().array_windows::<GRAM_BYTES>().copied());
        Self(grams.collect())
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
            self.0.contains(&gram.map(|byte| byte.to_ascii_lowercase()))
        })
    }
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
