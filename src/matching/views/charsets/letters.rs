//! Which bytes may spell a letter that is sought, in which charset.
//!
//! A line is decoded in a charset only if it holds such a byte: there are dozens of charsets, and
//! nearly every line speaks of nobody in all of them.

use unicode_normalization::UnicodeNormalization;

use crate::matching::views::charsets::legacy::LEGACY;
use crate::matching::views::spelling::charset::western;

/// For each byte the charsets, by their place in [`LEGACY`], in which it begins such a letter.
pub struct Letters([u64; 256]);

impl Letters {
    /// For these letters; those of ASCII are the same everywhere.
    pub fn new(letters: impl Iterator<Item = char>) -> Self {
        let mut all: Vec<char> = letters
            .flat_map(|c| [c].into_iter().chain([c].into_iter().nfd()))
            .filter(|c| !c.is_ascii())
            .collect();
        all.sort_unstable();
        all.dedup();
        let mut leads = [0; 256];
        for (index, (_, charset)) in LEGACY.iter().enumerate() {
            for (c, lead) in all.iter().filter_map(|c| Some((*c, charset.lead(*c)?))) {
                // What Windows-1252 has there too is read anyway.
                if !charset.is_single_byte() || western(lead) != c {
                    leads[usize::from(lead)] |= 1 << index;
                }
            }
        }
        // Beside the lines of a table, words of ASCII end elsewhere too.
        let (drawing, page) = ("│║─═", LEGACY.iter().position(|(name, _)| *name == "cp437 > "));
        if let Some(index) = page {
            for lead in drawing.chars().filter_map(|c| LEGACY[index].1.lead(c)) {
                leads[usize::from(lead)] |= 1 << index;
            }
        }
        Self(leads)
    }

    /// The charsets in which bytes may spell such a letter, by their place in [`LEGACY`].
    pub fn charsets(&self, bytes: &[u8]) -> impl Iterator<Item = usize> {
        let all = bytes.iter().fold(0, |all, byte| all | self.0[usize::from(*byte)]);
        (0..LEGACY.len()).filter(move |index| all >> index & 1 != 0)
    }
}
