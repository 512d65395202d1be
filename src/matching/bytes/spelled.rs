//! Whether a short stretch of bytes has a few letters in a row of anything that is sought.
//!
//! Noise has letters too; the more people are sought, the fewer of its stretches can be told by
//! counting them. That it has four of them as they stand in somebody's name is rare.

use crate::matching::identity::candidates::Bits;
use crate::matching::views::as_read::alike::{Stands, stands_for};
use crate::matching::views::spelling::charset::western;
use crate::matching::views::spelling::fold::{folded_char, is_glue};

/// Letters and digits in a row by which a text is known.
const GRAM_CHARS: usize = 4;

/// Texts with fewer are in most noise.
const GRAM_CHARS_MIN: usize = 3;

/// Bits of a letter in a gram.
const CHAR_BITS: usize = 16;

/// The grams of all texts.
pub struct Spelled {
    grams: Bits,
    /// The last letters of a key.
    mask: u64,
    chars: usize,
}

impl Spelled {
    /// Those of these folded texts; `None` if one is too short.
    pub fn new<'a>(texts: impl Iterator<Item = &'a String>) -> Option<Self> {
        let letters =
            |text: &String| -> Vec<char> { text.chars().filter(|c| c.is_alphanumeric()).collect() };
        let texts: Vec<Vec<char>> = texts.map(letters).collect();
        let chars = texts.iter().map(Vec::len).min().unwrap_or(GRAM_CHARS).min(GRAM_CHARS);
        if chars < GRAM_CHARS_MIN {
            return None;
        }
        let grams = texts.iter().flat_map(|text| text.windows(chars));
        let key = |gram: &[char]| gram.iter().fold(0, |key, c| joined(key, *c));
        let mask = u64::MAX >> (u64::BITS as usize - CHAR_BITS * chars);
        Some(Self { grams: Bits::of(grams.map(key).collect()), mask, chars })
    }

    /// Whether a stretch may have one, in UTF-8 or Windows-1252, with signs between its letters.
    /// What may be written for other letters in more ways may have any.
    pub fn may_be_in(&self, stretch: &[u8]) -> bool {
        let (mut key, mut len, mut at) = (0, 0, 0);
        let mut is_in = |c: char| {
            key = joined(key, c) & self.mask;
            len += 1;
            len >= self.chars && self.grams.has(key)
        };
        let mut after_wide = false;
        while let Some(byte) = stretch.get(at) {
            let (c, width) = match byte {
                _ if is_spelling(&stretch[at..]) => return true,
                byte if byte.is_ascii() => (char::from(byte.to_ascii_lowercase()), 1),
                byte => match two_bytes(&stretch[at..]) {
                    Width::Two(c) => (c, 2),
                    Width::More => return true,
                    Width::None => (western(*byte), 1),
                },
            };
            at += width;
            if width == 2 && std::mem::replace(&mut after_wide, true) {
                return true;
            }
            after_wide &= width == 2;
            if c.is_ascii() {
                if c.is_ascii_alphanumeric() && is_in(c) {
                    return true;
                }
                continue;
            }
            let is_other =
                matches!(stands_for(c), Some(Stands::For(other)) if other.is_alphanumeric());
            if is_glue(c) || is_other {
                return true;
            }
            let any = match folded_char(c) {
                Some(text) => text.chars().filter(|c| c.is_alphanumeric()).any(&mut is_in),
                None => c.is_alphanumeric() && is_in(c),
            };
            if any {
                return true;
            }
        }
        false
    }
}

/// Whether a control character or a sign stands here that hides what is behind it: it takes a
/// letter back, colours, begins a tag, or tells of base64.
fn is_spelling(rest: &[u8]) -> bool {
    match rest {
        [b'\x08', next, ..] => !next.is_ascii_control(),
        [b'\x1b', next, ..] => b"[](){}$#%PX^_c".contains(next),
        [b'<', rest @ ..] => rest.contains(&b'>'),
        [b':', b':', ..] => true,
        _ => false,
    }
}

fn joined(key: u64, c: char) -> u64 {
    // Letters beyond the first plane share their bits with others, which does no harm.
    key << CHAR_BITS | u64::from(c as u32 & 0xffff)
}

/// How many bytes of UTF-8 a character has.
enum Width {
    None,
    Two(char),
    More,
}

fn two_bytes(bytes: &[u8]) -> Width {
    let follows = |at: usize| bytes.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
    match bytes[0] {
        lead @ 0xc2..=0xdf if follows(1) => {
            let code = u32::from(lead & 0x1f) << 6 | u32::from(bytes[1] & 0x3f);
            char::from_u32(code).map_or(Width::More, Width::Two)
        }
        0xe0..=0xef if follows(1) && follows(2) => Width::More,
        0xf0..=0xf4 if follows(1) && follows(2) && follows(3) => Width::More,
        _ => Width::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_spells_a_text_may_be_it() {
        let texts = ["lefèvre", "ann@contoso.com", "петров", "gross"].map(str::to_owned);
        let spelled = Spelled::new(texts.iter()).unwrap();
        for stretch in [
            "Lefèvre".as_bytes(),
            b"LEF\xe8VRE",
            "Lefe\u{300}vre".as_bytes(),
            b"xann@con\"toso",
            "Петров".as_bytes(),
            b"gro\xdf",
            b"GROSS",
            "\u{ff4c}\u{ff45}\u{ff46}".as_bytes(),
            "Ã¨vre".as_bytes(),
            b"\x1b[1m",
        ] {
            assert!(spelled.may_be_in(stretch), "{stretch:?}");
        }
        for stretch in [&b"abcdefgh"[..], b"ann\xe8\xe9\xea", b"lef vro", b"x\xc3\xa8y"] {
            assert!(!spelled.may_be_in(stretch), "{stretch:?}");
        }
        assert!(Spelled::new(["an".to_owned()].iter()).is_none());
    }
}
