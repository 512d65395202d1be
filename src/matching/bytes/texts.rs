//! Where in bytes that are no text somebody may be named, whoever it is.
//!
//! Whoever is not sought is known by the shape of an address, by a key that speaks of people or by
//! a text around it. Noise and numbers have none of these, and reading them in every way that
//! they have takes a thousand times as long as to see that.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use memchr::memchr_iter;

use crate::matching::blocks::bits::{count, next_clear, next_set, runs};
use crate::matching::blocks::masks::{Set, TEXTY, masks};
use crate::matching::bytes::sift::Characters;
use crate::matching::bytes::units::Units;
use crate::matching::identity::candidates::{Foreign, is_address_like};
use crate::matching::keys::users::USERS;

/// Bytes that are judged together.
const BLOCK_BYTES: usize = 512;

/// Of so many bytes in a hundred that text has, it is text with something between.
const TEXTY_PERCENT: usize = 55;

/// Noise has so many characters of words in a row once in forty thousand bytes.
const WORD_CHARS: usize = 10;

/// The same of characters of two or four bytes.
const WIDE_CHARS: usize = 5;

static WORDY: LazyLock<Set> =
    LazyLock::new(|| Set::new(|byte| byte.is_ascii_alphanumeric() || b" ._-@/'".contains(&byte)));

static CHARACTERS: LazyLock<Characters> = LazyLock::new(Characters::default);

static UNITS: LazyLock<Units> = LazyLock::new(|| Units::new(&Foreign::new([].iter())));

/// Keys that speak of people and are too short to be seen otherwise.
const SHORT_KEYS: [&str; 6] = ["name", "first", "last", "given", "family", "mail"];

static KEYS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let keys = USERS.into_iter().chain(SHORT_KEYS);
    let built = AhoCorasick::builder().ascii_case_insensitive(true).build(keys);
    built.expect("few and short patterns")
});

/// All such places, in no order; they may meet.
pub fn texts(bytes: &[u8]) -> Vec<Range<usize>> {
    let [mut texty, mut wordy] = masks(bytes, [&TEXTY, &WORDY]);
    let characters = CHARACTERS.of(bytes);
    for bits in [&mut texty, &mut wordy] {
        bits.iter_mut().zip(&characters).for_each(|(word, characters)| *word |= characters);
    }
    let mut all: Vec<Range<usize>> = (0..bytes.len())
        .step_by(BLOCK_BYTES)
        .map(|start| start..bytes.len().min(start + BLOCK_BYTES))
        .filter(|block| count(&texty, block.clone()) * 100 >= block.len() * TEXTY_PERCENT)
        .collect();
    let words = runs(&wordy, WORD_CHARS);
    let mut at = 0;
    while let Some(start) = next_set(&words, at) {
        at = next_clear(&wordy, start).unwrap_or(bytes.len()).min(bytes.len());
        all.push(start..at);
    }
    let signs = memchr_iter(b'@', bytes).filter(|at| is_address_like(bytes, *at));
    all.extend(signs.map(|at| at..at + 1));
    all.extend(KEYS.find_iter(bytes).map(|key| key.range()));
    UNITS.stretches(bytes, WIDE_CHARS, &mut |range, _| all.push(range));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(len: usize) -> Vec<u8> {
        let mut state = 1u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as u8
        };
        (0..len).map(|_| random()).collect()
    }

    #[test]
    fn noise_is_left_out_and_whoever_is_in_it_is_not() {
        let len = 1 << 17;
        let covered: usize = texts(&noise(len)).iter().map(|range| range.len() + 2048).sum();
        assert!(covered * 4 < len, "{covered} of {len}");
        let wide: Vec<u8> = "Kofi Mensa".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for text in [
            &b"k@fab.example"[..],
            b"\x8c\x04user\x94\x8c\x03kof\x94",
            b"\x8c\x05Owner\x94\x8c\x03kof\x94",
            b"\xa4name\xa5Kofi ",
            "Кофи Менса".as_bytes(),
            b"/home/kofi",
            &wide,
        ] {
            for filler in [noise(3000), vec![0; 3000], vec![0xff; 3000]] {
                let bytes = [&filler, text, &filler].concat();
                let range = filler.len()..filler.len() + text.len();
                let all = texts(&bytes);
                let is_in = |one: &Range<usize>| one.start < range.end && range.start < one.end;
                assert!(all.iter().any(is_in), "{}", String::from_utf8_lossy(text));
            }
        }
    }
}
