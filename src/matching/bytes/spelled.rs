//! Whether a short stretch of bytes has a few letters in a row of anything that is sought.
//!
//! Noise has letters too; the more people are sought, the fewer of its stretches can be told by
//! counting them. That it has several of them as they stand in somebody's name is rare.

use std::collections::HashSet;

use unicode_normalization::char::decompose_canonical;

use crate::matching::identity::candidates::Bits;
use crate::matching::views::as_read::alike::{Stands, stands_for};
use crate::matching::views::as_read::mojibake::undone;
use crate::matching::views::spelling::charset::{mix, western};
use crate::matching::views::spelling::fold::{folded_char, is_glue, is_invisible};
use crate::matching::views::spelling::reading::Reading;

/// Letters and digits in a row by which a text is known, at most: the more, the rarer in noise.
const GRAM_CHARS: usize = 6;

/// Texts with fewer are in most noise.
const GRAM_CHARS_MIN: usize = 3;

/// Bits by which the letters of a gram stand apart.
const CHAR_BITS: usize = 10;

/// The grams of all texts.
pub struct Spelled {
    grams: Bits,
    /// The last letters of a key.
    mask: u64,
    chars: usize,
    /// What letters of the texts have above and below them, written apart.
    marks: HashSet<char>,
    /// Whether letters beyond the first plane matter.
    has_far: bool,
}

impl Spelled {
    /// Those of these folded texts; `None` if one is too short.
    pub fn new(texts: &[&String], has_far: bool) -> Option<Self> {
        let mut marks = HashSet::new();
        for c in texts.iter().flat_map(|text| text.chars()).filter(|c| !c.is_ascii()) {
            decompose_canonical(c, |part| marks.extend(is_glue(part).then_some(part)));
        }
        let letters = |text: &&String| -> Vec<char> {
            text.chars().filter(|c| c.is_alphanumeric()).collect()
        };
        let texts: Vec<Vec<char>> = texts.iter().map(letters).collect();
        let chars = texts.iter().map(Vec::len).min().unwrap_or(GRAM_CHARS).min(GRAM_CHARS);
        if chars < GRAM_CHARS_MIN {
            return None;
        }
        let grams = texts.iter().flat_map(|text| text.windows(chars));
        let mask = u64::MAX >> (u64::BITS as usize - CHAR_BITS * chars);
        let key = |gram: &[char]| gram.iter().fold(0, |key, c| joined(key, *c)) & mask;
        let both = grams.map(key).flat_map(|key| [key, turned(key)]);
        Some(Self { grams: Bits::of(both.collect()), mask, chars, marks, has_far })
    }

    /// Whether a stretch may have one, in UTF-8 or Windows-1252, with signs between its letters.
    /// What may be written for other letters in more ways may have any.
    pub fn may_be_in(&self, stretch: &[u8]) -> bool {
        let is_back = |byte: &u8| *byte == BACK;
        self.may_spell(stretch, true)
            || stretch.iter().any(is_back) && self.may_spell(&stepped_back(stretch), true)
    }

    /// Whether a text may have one once it is folded, or written the plain way.
    pub fn may_fold_to_one(&self, text: &str) -> bool {
        self.may_spell(text.as_bytes(), false)
    }

    /// `is_raw`: what hides letters was not undone.
    fn may_spell(&self, stretch: &[u8], is_raw: bool) -> bool {
        let (mut key, mut len, mut at) = (0, 0, 0);
        let mut is_in = |c: char| {
            key = joined(key, c) & self.mask;
            len += 1;
            len >= self.chars && self.grams.has(key) && self.grams.has(turned(key))
        };
        let (mut after_wide, mut may_be_misread) = (false, false);
        while let Some(byte) = stretch.get(at) {
            let (c, width) = match byte {
                _ if is_raw && is_spelling(&stretch[at..]) => return true,
                byte if byte.is_ascii() => (char::from(byte.to_ascii_lowercase()), 1),
                byte => match spelled_char(&stretch[at..]) {
                    Width::One => (western(*byte), 1),
                    Width::More(c) => (c, c.len_utf8()),
                },
            };
            at += width;
            // Two may be one that was misread.
            may_be_misread |= width > 1 && after_wide;
            after_wide = width > 1;
            if c.is_ascii() {
                if c.is_ascii_alphanumeric() && is_in(c) {
                    return true;
                }
                continue;
            }
            if is_invisible(c) {
                continue;
            }
            let other = match stands_for(c) {
                Some(Stands::For(other)) => other,
                Some(Stands::ForNothing) => continue,
                None => c,
            };
            // A letter that is read as an apostrophe stands between letters as any sign does.
            if other != c && !other.is_alphanumeric() {
                continue;
            }
            let is_mark = is_glue(c) && folded_char(c).is_none();
            if is_mark && !self.marks.contains(&c) && !self.marks.contains(&other) {
                continue;
            }
            let is_far = c as u32 > 0xffff && (self.has_far || is_styled(c));
            if is_glue(c) || is_far || other != c && other.is_alphanumeric() {
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
        is_raw && may_be_misread && {
            let mut text = Reading::with_capacity(2 * stretch.len());
            mix(stretch, 0, western, &mut text);
            undone(&text.text).is_some()
        }
    }
}

/// Whether it may fold to letters or digits, and stands beyond the first plane: modifier letters,
/// outlined ones, those of mathematics, digits of segments, ideographs for compatibility.
fn is_styled(c: char) -> bool {
    matches!(
        c,
        '\u{10780}'..='\u{107bf}'
            | '\u{1ccd6}'..='\u{1ccf9}'
            | '\u{1d400}'..='\u{1f2ff}'
            | '\u{1fbf0}'..='\u{1fbf9}'
            | '\u{2f800}'..='\u{2fa1f}'
    )
}

/// Takes back the letter before it, as terminals have it.
const BACK: u8 = b'\x08';

/// What is left of a stretch where letters were taken back.
fn stepped_back(stretch: &[u8]) -> Vec<u8> {
    let (mut left, mut starts, mut at) = (Vec::new(), Vec::new(), 0);
    while let Some(byte) = stretch.get(at) {
        if *byte == BACK {
            // Under a letter that is underlined afterwards it goes nowhere.
            let is_line = stretch.get(at + 1) == Some(&b'_') && left.last() != Some(&b'_');
            at += 1 + usize::from(is_line);
            if !is_line && let Some(start) = starts.pop_if(|start| left[*start] != b'\n') {
                left.truncate(start);
            }
            continue;
        }
        let len = match spelled_char(&stretch[at..]) {
            Width::More(c) => c.len_utf8(),
            Width::One => 1,
        };
        starts.push(left.len());
        left.extend_from_slice(&stretch[at..at + len]);
        at += len;
    }
    left
}

/// Whether a control character or a sign stands here that hides what is behind it, or has letters
/// that are none of the text: it colours, breaks a line, begins a tag, or tells of base64.
fn is_spelling(rest: &[u8]) -> bool {
    match rest {
        [b'\\', next, ..] => b"nrtfbve".contains(next),
        [b'[', next, ..] => next.is_ascii_digit(),
        [b'^', next, ..] => b"H[".contains(next),
        [b'.', rest @ ..] => rest.starts_with(b"py:"),
        [b'\x1b', next, ..] => b"[](){}$#%PX^_c".contains(next),
        [b'<', rest @ ..] => rest.contains(&b'>'),
        [b':', b':', ..] => true,
        _ => false,
    }
}

fn joined(key: u64, c: char) -> u64 {
    // Some letters beyond ASCII share their bits with others, which does no harm.
    key << CHAR_BITS ^ u64::from(c as u32 & 0xffff)
}

/// A second key of a gram: that both are in by chance is rare.
fn turned(key: u64) -> u64 {
    !key.rotate_left(u64::BITS / 2)
}

/// How a character is spelled.
enum Width {
    /// In one byte, of Windows-1252.
    One,
    /// In several, of UTF-8.
    More(char),
}

fn spelled_char(bytes: &[u8]) -> Width {
    let (len, lead) = match bytes[0] {
        lead @ 0xc2..=0xdf => (2, lead & 0x1f),
        lead @ 0xe0..=0xef => (3, lead & 0xf),
        lead @ 0xf0..=0xf4 => (4, lead & 7),
        _ => return Width::One,
    };
    let follows = |byte: &u8| byte & 0xc0 == 0x80;
    let Some(rest) = bytes.get(1..len).filter(|rest| rest.iter().all(follows)) else {
        return Width::One;
    };
    let code = rest.iter().fold(u32::from(lead), |code, byte| code << 6 | u32::from(byte & 0x3f));
    // What is longer than it need be is none, and is read byte by byte.
    let c = char::from_u32(code).filter(|c| c.len_utf8() == len);
    c.map_or(Width::One, Width::More)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_spells_a_text_may_be_it() {
        let texts = ["lefèvre", "ann@contoso.com", "петров", "gross"].map(str::to_owned);
        let spelled = Spelled::new(&texts.iter().collect::<Vec<_>>(), false).unwrap();
        for stretch in [
            "Lefèvre".as_bytes(),
            b"LEF\xe8VRE",
            "Lefe\u{300}vre".as_bytes(),
            b"xann@con\"toso",
            "Петров".as_bytes(),
            b"gro\xdf",
            b"GROSS",
            "\u{ff4c}\u{ff45}\u{ff46}èvre".as_bytes(),
            "lef\u{309}e\u{300}vre".as_bytes(),
            "пе\u{302}тро".as_bytes(),
            "Ã¨vre".as_bytes(),
            b"\x1b[1m",
            b"lef\\n\xe8vre",
            b"lef[0m\xe8vre",
            b"lefx\x08\xe8vre",
            b"le_\x08f\xe8_\x08vre",
            b"lef\x08_\xe8v\x08_re",
            b"lef\xad\xe8vre",
            "le\u{1d41f}".as_bytes(),
        ] {
            assert!(spelled.may_be_in(stretch), "{stretch:?}");
        }
        for stretch in [
            &b"abcdefgh"[..],
            b"ann\xe8\xe9\xea",
            b"lef vro",
            b"x\xc3\xa8y",
            b"lef\xad vro",
            b"lefe\x08\xe8",
            "left\u{4e00}".as_bytes(),
            "lef\u{301}vro".as_bytes(),
            "ab\u{4e00}\u{4e01}cd".as_bytes(),
            "abcd\u{2a700}".as_bytes(),
            b"lef\xe0\x80\x80vro",
        ] {
            assert!(!spelled.may_be_in(stretch), "{stretch:?}");
        }
        for text in [
            "LEF\u{c8}VRE",
            "\\n [0m lefe\u{300}vre",
            "\u{41f}\u{415}\u{422}\u{420}\u{41e}\u{412}",
            "gro\u{df}",
        ] {
            assert!(spelled.may_fold_to_one(text), "{text}");
        }
        for text in ["\\n [0m <b> :: r\u{e9}sum\u{e9}", "\u{c3}\u{a8}vre", "lefe\u{302}vro"] {
            assert!(!spelled.may_fold_to_one(text), "{text}");
        }
        assert!(Spelled::new(&[&"an".to_owned()], false).is_none());
    }
}
