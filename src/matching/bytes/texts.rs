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
use crate::matching::blocks::few::Few;
use crate::matching::blocks::masks::{Set, TEXTY, masks};
use crate::matching::bytes::sift::Characters;
use crate::matching::bytes::units::Units;
use crate::matching::identity::addresses::literal_len;
use crate::matching::identity::candidates::{Foreign, is_address_like};
use crate::matching::keys::users::{SPEAKING, USERS};
use crate::matching::views::hinting::Texts;
use crate::matching::views::spelling::digits::base64_runs::RUN_CHARS_MIN;

/// Bytes that are judged together.
const BLOCK_BYTES: usize = 512;

/// Of so many bytes in a hundred that text has, it is text with something between.
const TEXTY_PERCENT: usize = 55;

/// Noise has so many characters of words in a row once in forty thousand bytes, and hardly ever as
/// many as the shortest run of base64 has.
const WORD_CHARS: usize = 10;

/// In such a row noise goes from one sort of characters to another at nearly every step. Words do
/// not: `Kofi Mensa` does four times, where a name begins and where it goes on.
const STEPS_MAX: usize = 4;

/// The same of characters of two or four bytes.
const WIDE_CHARS: usize = 5;

static WORDY: LazyLock<Set> =
    LazyLock::new(|| Set::new(|byte| byte.is_ascii_alphanumeric() || b" ._-@/'".contains(&byte)));

static CHARACTERS: LazyLock<Characters> = LazyLock::new(Characters::default);

static UNITS: LazyLock<Units> = LazyLock::new(|| Units::new(&Foreign::new([].iter())));

/// Keys that speak of people and are too short to be seen otherwise.
const SHORT_KEYS: [&str; 6] = ["name", "first", "last", "given", "family", "mail"];

static KEYS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let keys = USERS.into_iter().chain(SHORT_KEYS).chain(SPEAKING.map(|(sign, _)| sign));
    let built = AhoCorasick::builder().ascii_case_insensitive(true).build(keys);
    built.expect("few and short patterns")
});

/// Keys of people in letters that noise has as well, in two bytes each, both ways.
static WIDE_KEYS: LazyLock<Few> = LazyLock::new(|| {
    let spelled = |key: &str| {
        let units = || key.encode_utf16();
        [units().flat_map(u16::to_le_bytes).collect(), units().flat_map(u16::to_be_bytes).collect()]
    };
    let keys: Vec<Vec<u8>> = ["氏名", "姓名", "メール"].into_iter().flat_map(spelled).collect();
    Few::new(&keys.iter().map(Vec::as_slice).collect::<Vec<_>>())
});

/// All such places, in no order; they may meet.
pub fn texts(bytes: &[u8]) -> Texts {
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
        if at - start >= RUN_CHARS_MIN || are_words(&bytes[start..at]) {
            all.push(start..at);
        }
    }
    let signs = memchr_iter(b'@', bytes)
        .filter(|at| is_address_like(bytes, *at) || literal_len(&bytes[at + 1..]).is_some());
    all.extend(signs.map(|at| at..at + 1));
    all.extend(KEYS.find_iter(bytes).map(|key| key.range()));
    let mut wide = WIDE_KEYS.all(bytes);
    UNITS.stretches(bytes, WIDE_CHARS, &mut |range, _| wide.push(range));
    all.extend(wide.iter().cloned());
    Texts { all, wide }
}

/// Whether a short row of characters is written like words.
fn are_words(row: &[u8]) -> bool {
    let sort = |byte: u8| match byte {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        0x80.. => 3,
        _ => 4,
    };
    // What parts the words of paths and logins parts no more than a blank does.
    let mut sorts = row.iter().filter(|byte| !b"/\\._-@'".contains(byte)).map(|byte| sort(*byte));
    let mut before = sorts.next();
    sorts.filter(|sort| before.replace(*sort) != Some(*sort)).count() <= STEPS_MAX
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
        let covered: usize = texts(&noise(len)).all.iter().map(|range| range.len() + 2048).sum();
        assert!(covered * 4 < len, "{covered} of {len}");
        let wide: Vec<u8> = "Kofi Mensa".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let keys: Vec<u8> = "氏名山田".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for text in [
            &b"k@fab.example"[..],
            b"\x8c\x04user\x94\x8c\x03kof\x94",
            b"\x8c\x05Owner\x94\x8c\x03kof\x94",
            b"\xa4name\xa5Kofi ",
            "Кофи Менса".as_bytes(),
            b"/home/kofi",
            b"/home/k.osei",
            b"/home/kofi_b/",
            b"/homes/ko-os",
            b"k@[10.0.0.4]",
            b"uid=1(kofi)",
            b"ssh kofi",
            &wide,
            &keys,
        ] {
            for filler in [noise(3000), vec![0; 3000], vec![0xff; 3000]] {
                let bytes = [&filler, text, &filler].concat();
                let range = filler.len()..filler.len() + text.len();
                let Texts { all, wide: spelled_wide } = texts(&bytes);
                let is_in = |one: &Range<usize>| one.start < range.end && range.start < one.end;
                assert!(all.iter().any(is_in), "{}", String::from_utf8_lossy(text));
                let is_wide = text == wide || text == keys;
                assert!(!is_wide || spelled_wide.iter().any(is_in), "{text:?}");
            }
        }
    }
}
