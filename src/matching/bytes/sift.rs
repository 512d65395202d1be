//! What of bytes that are no text may be text nevertheless, as one text that leads back.
//!
//! Whatever speaks of somebody is some characters long, and each of them is one that texts have.
//! Noise and numbers have few such stretches. What is ASCII alone is looked for in the bytes as
//! they stand; here are the stretches that must be decoded, folded or unescaped first, each once
//! for each width of its characters.

use std::ops::Range;

use crate::matching::bytes::masks::{Set, WORD_BYTES, masks};
use crate::matching::bytes::units::{Units, Width};
use crate::matching::identity::candidates::Foreign;
use crate::matching::views::spelling::base64_runs::{RUN_CHARS_MIN, may_be_digit};
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
    digits: Set,
    capitals: Set,
    units: Units,
    /// The shortest stretch that matters, in characters.
    least: usize,
}

/// What every way to write something in other letters has in it: escapes, mail, tags, terminals,
/// broken lines, strings in pieces.
const SIGNS: &[u8] = b"\\%&=<][\"'`\x1b\x07\x08\r\n";

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
            digits: Set::new(may_be_digit),
            capitals: Set::new(|byte| byte.is_ascii_uppercase()),
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
        let sets = [
            &self.texty,
            &self.signs,
            &self.follows,
            two,
            three,
            four,
            &self.digits,
            &self.capitals,
        ];
        let classes = masks(bytes, sets);
        let wide = characters(&classes);
        let of = |word: usize, set: usize| classes[word][set] | wide[word];
        let texts: Vec<u64> = (0..classes.len()).map(|word| of(word, 0)).collect();
        let signs: Vec<u64> = (0..classes.len()).map(|word| of(word, 1)).collect();
        let long = runs(&texts, self.least);
        let packed = base64(&classes);
        let mut at = 0;
        while let Some(start) = next(&long, at, 0) {
            let end = next(&texts, start, u64::MAX).unwrap_or(bytes.len()).min(bytes.len());
            if any(&signs, start..end) || any(&packed, start..end) {
                found(start..end);
            }
            at = end;
        }
    }
}

/// Sets by which bytes are told.
const SETS: usize = 8;

/// Where something begins that may be base64: a run of digits with a capital letter in it.
fn base64(classes: &[[u64; SETS]]) -> Vec<u64> {
    let digits: Vec<u64> = classes.iter().map(|classes| classes[6]).collect();
    let capitals: Vec<u64> = classes.iter().map(|classes| classes[7]).collect();
    let mut all = runs(&digits, RUN_CHARS_MIN);
    let mut at = 0;
    while let Some(start) = next(&all, at, 0) {
        let end = next(&digits, start, u64::MAX).unwrap_or(digits.len() * WORD_BYTES);
        at = next(&all, start, u64::MAX).unwrap_or(end);
        if !any(&capitals, start..end) {
            (start..at).for_each(|bit| all[bit / WORD_BYTES] &= !(1 << (bit % WORD_BYTES)));
        }
    }
    all
}

/// The bytes of whole characters of UTF-8 beyond ASCII.
fn characters(classes: &[[u64; SETS]]) -> Vec<u64> {
    let word = |at: usize, set: usize| classes.get(at).map_or(0, |classes| classes[set]);
    // What begins a character: each of so many bytes after it follows.
    let begins = |at: usize| {
        let after = |by: u32| word(at, 2) >> by | word(at + 1, 2) << (WORD_BYTES as u32 - by);
        let [_, _, _, two, three, four, ..] = classes[at];
        let two = two & after(1);
        let three = three & after(1) & after(2);
        [two, three, four & after(1) & after(2) & after(3)]
    };
    let mut before = [0; 3];
    let mut all = Vec::with_capacity(classes.len());
    for at in 0..classes.len() {
        let now = begins(at);
        let spread = |from: usize, by: u32| {
            let of = |begins: [u64; 3]| begins[from..].iter().fold(0, |all, one| all | one);
            of(now) << by | of(before) >> (WORD_BYTES as u32 - by)
        };
        all.push(now[0] | now[1] | now[2] | spread(0, 1) | spread(1, 2) | spread(2, 3));
        before = now;
    }
    all
}

/// Where so many bits in a row begin.
fn runs(bits: &[u64], len: usize) -> Vec<u64> {
    let mut all = bits.to_vec();
    let mut done = 1;
    while done < len {
        let by = done.min(len - done) as u32;
        for at in 0..all.len() {
            let next = all.get(at + 1).copied().unwrap_or(0);
            all[at] &= all[at] >> by | next << (WORD_BYTES as u32 - by);
        }
        done += by as usize;
    }
    all
}

/// Whether a bit in the range is set.
fn any(bits: &[u64], range: Range<usize>) -> bool {
    let (first, last) = (range.start / WORD_BYTES, range.end / WORD_BYTES);
    let from = u64::MAX << (range.start % WORD_BYTES);
    let to = (1 << (range.end % WORD_BYTES)) - 1;
    if first == last {
        return bits.get(first).is_some_and(|word| word & from & to != 0);
    }
    bits[first] & from != 0
        || bits[first + 1..last].iter().any(|word| *word != 0)
        || bits.get(last).is_some_and(|word| word & to != 0)
}

/// The next bit from `at` on that is set; of turned bits, that is not.
fn next(bits: &[u64], at: usize, turned: u64) -> Option<usize> {
    let mut word = at / WORD_BYTES;
    let mut rest = (bits.get(word)? ^ turned) & u64::MAX << (at % WORD_BYTES);
    while rest == 0 {
        word += 1;
        rest = bits.get(word)? ^ turned;
    }
    Some(word * WORD_BYTES + rest.trailing_zeros() as usize)
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
