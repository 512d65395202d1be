//! What of bytes that are no text may be text nevertheless, as one text that leads back.
//!
//! Whatever speaks of somebody is some characters long, and each of them is one that texts have.
//! Noise and numbers have few such stretches. What is ASCII alone is looked for in the bytes as
//! they stand; here are the stretches that must be decoded, folded or unescaped first, each once
//! for each width of its characters.

use std::ops::Range;

use crate::matching::bytes::bits::{any, next_clear, next_set, runs};
use crate::matching::bytes::masks::{Set, WORD_BYTES, masks};
use crate::matching::bytes::units::{Units, Width};
use crate::matching::identity::candidates::Foreign;
use crate::matching::views::spelling::charset::{mix, western, wide_into};
use crate::matching::views::spelling::reading::Reading;

/// Leaves out of bytes what cannot be text that matters.
pub struct Sift {
    /// ASCII, and what is a letter that matters in Windows-1252.
    texty: Set,
    /// Of these the letters, and what begins an escape.
    signs: Set,
    follows: Set,
    leads: [Set; 3],
    units: Units,
    /// The shortest stretch that matters, in characters.
    least: usize,
}

/// What every way to write something in other letters has in it: escapes, mail, tags, terminals,
/// broken lines, strings in pieces.
const SIGNS: &[u8] = b"\\%&=<][:,\"'`\x1b\x07\x08\r\n";

/// A stretch so long may be all digits that spell something, or numbers that do.
const RUN_BYTES: usize = 16;

/// Longer stretches need not be asked for: those that matter have one so long in them.
const LEAST_MAX: usize = 16;

/// Characters by which stretches of two or four bytes a character are known.
const WIDE_CHARS: usize = 4;

impl Sift {
    /// For what is spelled with these characters beyond ASCII, and is at least so many long.
    pub fn new(foreign: &Foreign, least: usize) -> Self {
        let is_foreign = |byte: u8| byte >= 0x80 && foreign.has(western(byte));
        let is_plain =
            |byte: u8| matches!(byte, b'\t'..=b'\r' | b' '..=b'~') || SIGNS.contains(&byte);
        Self {
            texty: Set::new(|byte| is_plain(byte) || is_foreign(byte)),
            signs: Set::new(|byte| is_foreign(byte) || SIGNS.contains(&byte)),
            follows: Set::new(|byte| byte & 0xc0 == 0x80),
            leads: [0xc2..=0xdf, 0xe0..=0xef, 0xf0..=0xf4]
                .map(|leads| Set::new(|byte| leads.contains(&byte))),
            units: Units::new(foreign),
            least: least.clamp(1, LEAST_MAX),
        }
    }

    /// Takes in what is so short.
    pub fn admit(&mut self, least: usize) {
        self.least = self.least.min(least.max(1));
    }

    /// The stretches, apart from each other.
    pub fn sifted(&self, bytes: &[u8]) -> Reading {
        let mut reading = Reading::default();
        self.stretches(bytes, &mut |range| {
            mix(&bytes[range.clone()], range.start, western, &mut reading);
            reading.replace_char(char::REPLACEMENT_CHARACTER, range.end);
        });
        self.units.stretches(bytes, self.least.min(WIDE_CHARS), &mut |range, width: Width| {
            wide_into(&bytes[range.clone()], range.start, width.bytes, width.little, &mut reading);
            reading.replace_char(char::REPLACEMENT_CHARACTER, range.end);
        });
        reading
    }

    /// Stretches of one byte a character, or UTF-8.
    fn stretches(&self, bytes: &[u8], found: &mut dyn FnMut(Range<usize>)) {
        let [two, three, four] = &self.leads;
        let [mut texts, follows, two, three, four] =
            masks(bytes, [&self.texty, &self.follows, two, three, four]);
        let letters = characters(&follows, [&two, &three, &four]);
        texts.iter_mut().zip(&letters).for_each(|(word, letters)| *word |= letters);
        let long = runs(&texts, self.least);
        if long.iter().all(|word| *word == 0) {
            return;
        }
        let [signs] = masks(bytes, [&self.signs]);
        let mut at = 0;
        while let Some(start) = next_set(&long, at) {
            let end = next_clear(&texts, start).unwrap_or(bytes.len()).min(bytes.len());
            if end - start >= RUN_BYTES
                || [&signs, &letters].into_iter().any(|bits| any(bits, start..end))
            {
                found(start..end);
            }
            at = end;
        }
    }
}

/// The bytes of whole characters of UTF-8 beyond ASCII, by what begins one of two, three and four
/// bytes.
fn characters(follows: &[u64], leads: [&[u64]; 3]) -> Vec<u64> {
    const LAST: u32 = WORD_BYTES as u32;
    let mut before = [0; 3];
    let mut all = Vec::with_capacity(follows.len());
    for (at, now) in follows.iter().enumerate() {
        let next = follows.get(at + 1).copied().unwrap_or(0);
        let after = |by: u32| now >> by | next << (LAST - by);
        let two = after(1);
        let three = two & after(2);
        let begun = [leads[0][at] & two, leads[1][at] & three, leads[2][at] & three & after(3)];
        // A character of so many bytes begins here, or before.
        let spread = |of: u64, before: u64, by: u32| of << by | before >> (LAST - by);
        let longer = [begun[0] | begun[1] | begun[2], begun[1] | begun[2], begun[2]];
        all.push(
            longer[0]
                | spread(longer[0], before[0], 1)
                | spread(longer[1], before[1], 2)
                | spread(longer[2], before[2], 3),
        );
        before = longer;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretches(sift: &Sift, bytes: &[u8]) -> Vec<String> {
        let text = sift.sifted(bytes).text;
        text.split_terminator(char::REPLACEMENT_CHARACTER).map(str::to_owned).collect()
    }

    #[test]
    fn stretches_stand_wherever_they_begin() {
        let sift = Sift::new(&Foreign::new(["lefèvre".to_owned()].iter()), 6);
        let wide = |text: &str, little: bool| -> Vec<u8> {
            let bytes = |unit: u16| if little { unit.to_le_bytes() } else { unit.to_be_bytes() };
            text.encode_utf16().flat_map(bytes).collect()
        };
        let four = |text: &str, little: bool| -> Vec<u8> {
            let bytes = |c: u32| if little { c.to_le_bytes() } else { c.to_be_bytes() };
            text.chars().map(u32::from).flat_map(bytes).collect()
        };
        for (spelled, text) in [
            ("Lefèvre".as_bytes().to_vec(), "Lefèvre"),
            (b"Lef\xe8vre".to_vec(), "Lefèvre"),
            (b"ann%40c".to_vec(), "ann%40c"),
            ("Ａｎｎ Ｌ".as_bytes().to_vec(), "Ａｎｎ Ｌ"),
            (wide("Lefèvre", true), "Lefèvre"),
            (wide("Ａｎｎ 𝐋", false), "Ａｎｎ 𝐋"),
            (four("Lefèvre 𝐋", true), "Lefèvre 𝐋"),
            (four("Lefèvre", false), "Lefèvre"),
        ] {
            for before in 0..130 {
                for after in [0, 1, 70] {
                    let bytes = [&vec![0xff; before], &spelled[..], &vec![0xff; after]].concat();
                    let all = stretches(&sift, &bytes);
                    assert!(all.iter().any(|one| one == text), "{text} {before} {all:?}");
                }
            }
        }
        assert!(stretches(&sift, b"\xffplain text\xff\0\x01\xe8\0\0\0\0\0").is_empty());
    }
}
