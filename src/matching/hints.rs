//! Where in a text the matcher would find something, without folding all of it.
//!
//! The promise: if [`Matcher::find`] finds an occurrence in the folded text, then a hint points
//! into it or beside it. Hints that lead to nothing cost time and do no harm.

use std::ops::Range;

use memchr::memchr_iter;

use crate::matching::identity::addresses::{addresses_at, may_be_respelled, respelled_at};
use crate::matching::matcher::{Matcher, Occurrence};
use crate::matching::views::spelling::cut::{ceil, floor};
use crate::matching::views::spelling::fold::fold;

/// Bytes on either side of a pattern that judging it may need.
const NEAR_BYTES: usize = 420;

/// Bytes on either side of a foreign character that are folded with it: a name with its gaps.
const FOREIGN_BYTES: usize = 160;

impl Matcher {
    /// Offsets in this text, which is not folded, where something may stand.
    pub fn hint(&self, text: &str, found: &mut dyn FnMut(usize)) {
        self.hint_plain(text, found);
        for part in self.foreign_parts(text) {
            let reading = fold(&text[part.clone()]);
            self.hint_plain(&reading.text, &mut |at| found(part.start + reading.origin(at)));
        }
    }

    /// As if the text were folded but for the case of ASCII letters.
    fn hint_plain(&self, text: &str, found: &mut dyn FnMut(usize)) {
        let mut judge = |pattern: usize, start: usize| {
            // Most candidates are in the midst of a word.
            let end = start + self.lengths[pattern];
            if adjoins(text.as_bytes(), start..end) {
                return;
            }
            let near = floor(text, start.saturating_sub(NEAR_BYTES))
                ..ceil(text, start + self.lengths[pattern] + NEAR_BYTES);
            let folded = text[near.clone()].to_ascii_lowercase();
            let at = start - near.start..start - near.start + self.lengths[pattern];
            if self.may_be_part(&folded, pattern, at.clone()) {
                return found(start);
            }
            self.judge(&folded, pattern, at, &mut |_: Occurrence| found(start));
        };
        match &self.rare {
            Some(rare) => rare.find(text.as_bytes(), &mut judge),
            None => self.grams.find(text.as_bytes(), &mut judge),
        }
        if let Some(watch) = &self.watch {
            watch.digits(text, &mut |_, range| found(range.start));
        }
        if self.seeks_addresses() {
            for at in memchr_iter(b'@', text.as_bytes()) {
                let is_near =
                    self.signs.may_have(text.as_bytes(), at) && self.may_be_sought(text, at);
                if is_near || may_be_respelled(text, at) && self.may_be_spelled(text, at) {
                    found(at);
                }
            }
        }
    }

    fn may_be_sought(&self, text: &str, at: usize) -> bool {
        let near = token_around(text, at);
        let folded = text[near.clone()].to_ascii_lowercase();
        let at = at - near.start;
        if folded[..at].ends_with('#') {
            return true;
        }
        let knows_at =
            |text: &str, at| addresses_at(text, at).any(|range| self.knows(&text[range]));
        // A quote before the token may belong to it or not; both are tried.
        knows_at(&folded, at)
            || folded.contains('\'')
                && folded[..at]
                    .rfind('\'')
                    .is_some_and(|quote| knows_at(&folded[quote + 1..], at - quote - 1))
    }

    /// Whether the address with its sign at `at` spells one that is sought.
    fn may_be_spelled(&self, text: &str, at: usize) -> bool {
        let near = floor(text, at.saturating_sub(2 * NEAR_BYTES))..ceil(text, at + NEAR_BYTES);
        let folded = text[near.clone()].to_ascii_lowercase();
        respelled_at(&folded, at - near.start).iter().any(|(address, _)| self.knows(address))
    }

    /// Parts of the text that hold foreign characters, widened and joined.
    fn foreign_parts(&self, text: &str) -> Vec<Range<usize>> {
        let mut parts: Vec<Range<usize>> = Vec::new();
        let mut from = 0;
        while let Some(at) = next_beyond_ascii(text.as_bytes(), from) {
            for (offset, c) in text[at..].char_indices() {
                from = at + offset;
                if c.is_ascii() {
                    break;
                }
                from += c.len_utf8();
                if self.foreign.has(c) {
                    let start = floor(text, (at + offset).saturating_sub(FOREIGN_BYTES));
                    let end = ceil(text, from + FOREIGN_BYTES);
                    match parts.last_mut() {
                        Some(last) if last.end >= start => last.end = end,
                        _ => parts.push(start..end),
                    }
                }
            }
        }
        parts
    }
}

/// Whether an ASCII letter or digit before or after makes a longer word of a pattern.
fn adjoins(text: &[u8], at: Range<usize>) -> bool {
    let is_word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let (before, after) = (at.start.checked_sub(1).and_then(|at| text.get(at)), text.get(at.end));
    let (first, last) = (text.get(at.start), text.get(at.end - 1));
    is_word(before) && is_word(first) || is_word(last) && is_word(after)
}

/// The bytes that an address with its sign at `at` may reach over, and the few more that say where
/// it begins: `://` before the user of a URL.
fn token_around(text: &str, at: usize) -> Range<usize> {
    let bytes = text.as_bytes();
    let part = |byte: &&u8| {
        byte.is_ascii_alphanumeric()
            || !byte.is_ascii()
            || matches!(byte, b'.' | b'_' | b'-' | b'+' | b'\'' | b'#')
    };
    let before = bytes[..at].iter().rev().take(NEAR_BYTES).take_while(part).count();
    let after = bytes[at + 1..].iter().take(NEAR_BYTES).take_while(part).count();
    floor(text, (at - before).saturating_sub(3))..ceil(text, at + after + 2)
}

/// The first byte from `from` on that is not ASCII.
fn next_beyond_ascii(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    // In blocks, which the compiler turns into a few wide instructions.
    while let Some(block) = bytes.get(at..at + 128) {
        if block.iter().fold(0, |all, byte| all | byte) >= 0x80 {
            break;
        }
        at += 128;
    }
    bytes[at.min(bytes.len())..].iter().position(|byte| !byte.is_ascii()).map(|offset| at + offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_beyond_ascii() {
        let text = format!("{}é{}", "a".repeat(200), "b".repeat(300));
        assert_eq!(next_beyond_ascii(text.as_bytes(), 0), Some(200));
        assert_eq!(next_beyond_ascii(text.as_bytes(), 202), None);
    }
}
