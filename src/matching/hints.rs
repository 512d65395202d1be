//! Where in a text the matcher would find something, without folding all of it.
//!
//! The promise: if [`Matcher::find`] finds an occurrence in the folded text, then a hint points
//! into it or beside it. Hints that lead to nothing cost time and do no harm.
//!
//! Of bytes that are no text nobody knows yet where a string ends, so there [`Ends::Open`] asks of
//! an occurrence only that it stands there.

use std::ops::Range;

use memchr::{memchr_iter, memchr2_iter};

use crate::matching::blocks::signs::Signs;
use crate::matching::identity::addresses::{addresses_at, may_be_respelled, respelled_at};
use crate::matching::identity::candidates::is_guest;
use crate::matching::matcher::{Matcher, Occurrence};
use crate::matching::views::as_read::alike::alike;
use crate::matching::views::as_read::folds::may_be_address;
use crate::matching::views::charsets::letters::Letters;
use crate::matching::views::hinting::{Ends, Hinting, Sifted};
use crate::matching::views::spelling::cut::{ceil, floor, next_beyond_ascii};
use crate::matching::views::spelling::fold::fold;

/// Bytes on either side of a pattern that judging it may need.
const NEAR_BYTES: usize = 420;

/// Bytes on either side of a foreign character that are folded with it: a name with its gaps.
const FOREIGN_BYTES: usize = 160;

impl Hinting for Matcher {
    fn hint(&self, text: &str, ends: Ends, found: &mut dyn FnMut(usize)) {
        let signs = Signs::of(text.as_bytes());
        self.hint_plain(text, ends, found);
        let foreign = signs.has(Signs::BEYOND_ASCII).then(|| self.foreign_parts(text));
        let foreign = foreign.into_iter().flatten();
        // To fold takes far longer than to see that no letters would be those of anybody sought.
        for part in foreign.filter(|part| self.sift.may_fold_to_any(&text[part.clone()])) {
            let reading = fold(&text[part.clone()]);
            self.hint_plain(&reading.text, ends, &mut |at| found(part.start + reading.origin(at)));
            self.hint_alike(text, part, ends, found);
        }
        if self.foreign.has_apostrophe() && signs.has(Signs::QUOTE.or(Signs::BACKTICK)) {
            for at in memchr2_iter(b'\'', b'`', text.as_bytes()) {
                let bytes = text.as_bytes();
                let is_sign = bytes[at] == b'`' || matches!(bytes.get(at + 1), Some(b'\'' | b'\\'));
                let has_before =
                    at > 0 && (bytes[at - 1].is_ascii_alphabetic() || bytes[at - 1] > 0x7f);
                if is_sign && has_before {
                    let part = floor(text, at.saturating_sub(FOREIGN_BYTES))
                        ..ceil(text, at + FOREIGN_BYTES);
                    self.hint_alike(text, part, ends, found);
                }
            }
        }
    }

    fn hint_bytes(&self, bytes: &[u8], found: &mut dyn FnMut(usize)) {
        self.each_pattern(bytes, &mut |_, start| found(start));
        if let Some(watch) = &self.watch {
            watch.digits(bytes, &mut |_, range| found(range.start));
        }
        if self.seeks_addresses() {
            for at in memchr_iter(b'@', bytes) {
                if self.signs.may_stand(bytes, at)
                    || self.signs.admits_any() && self.may_be_sought_in(bytes, at)
                {
                    found(at);
                }
            }
        }
    }

    fn hint_guids(&self, bytes: &[u8], found: &mut dyn FnMut(usize)) {
        self.guids.find(bytes, found);
    }

    fn sifted(&self, bytes: &[u8]) -> Sifted {
        self.sift.sifted(bytes)
    }

    fn goes_on(&self, before: &str, after: &str) -> bool {
        if self.knows_no_address() && may_be_address(before, after) {
            return true;
        }
        if !self.pieces.may_adjoin(before, after) {
            return false;
        }
        let mut any = false;
        self.hint(&format!("{before}{after}"), Ends::Told, &mut |_| any = true);
        any
    }

    fn reach(&self) -> usize {
        self.reach
    }
}

impl Matcher {
    /// The same of a part of it written the plain way.
    fn hint_alike(&self, text: &str, part: Range<usize>, ends: Ends, found: &mut dyn FnMut(usize)) {
        let Some(plain) = alike(&text[part.clone()]) else { return };
        let reading = fold(&plain.text);
        self.hint_plain(&reading.text, ends, &mut |at| {
            found(part.start + plain.origin(reading.origin(at)));
        });
    }

    /// The letters beyond ASCII of all that is sought.
    pub fn letters(&self) -> &Letters {
        self.letters.get_or_init(|| Letters::new(self.foreign.letters()))
    }

    fn may_be_sought_in(&self, bytes: &[u8], at: usize) -> bool {
        let is_letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        if !is_letter(bytes[..at].last()) || !is_letter(bytes.get(at + 1)) {
            return false;
        }
        let is_part = |byte: &&u8| matches!(byte, b'!'..=b'~');
        let before = bytes[..at].iter().rev().take(NEAR_BYTES).take_while(is_part).count();
        let after = bytes[at..].iter().take(NEAR_BYTES).take_while(is_part).count();
        let token = std::str::from_utf8(&bytes[at - before..at + after]);
        token.is_ok_and(|token| self.may_be_sought(token, before))
    }

    /// As if the text were folded but for the case of ASCII letters.
    fn hint_plain(&self, text: &str, ends: Ends, found: &mut dyn FnMut(usize)) {
        if ends == Ends::Open {
            return self.hint_bytes(text.as_bytes(), found);
        }
        // Many may have a name in common.
        let (mut folded, mut folded_from) = (String::new(), 0..0);
        let mut last = None;
        let mut judge = |pattern: usize, start: usize| {
            // Most candidates are in the midst of a word.
            let end = start + self.lengths[pattern];
            if last == Some(start) || adjoins(text.as_bytes(), start..end) {
                return;
            }
            let near = floor(text, start.saturating_sub(NEAR_BYTES))
                ..ceil(text, start + self.lengths[pattern] + NEAR_BYTES);
            if folded_from != near {
                folded = text[near.clone()].to_ascii_lowercase();
                folded_from = near.clone();
            }
            let at = start - near.start..end - near.start;
            let mut is_there = self.may_be_part(&folded, pattern, at.clone());
            if !is_there {
                self.judge(&folded, pattern, at, &mut |_: Occurrence| is_there = true);
            }
            if is_there {
                last = Some(start);
                found(start);
            }
        };
        self.each_pattern(text.as_bytes(), &mut judge);
        if let Some(watch) = &self.watch {
            watch.digits(text.as_bytes(), &mut |_, range| found(range.start));
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
        if is_guest(folded.as_bytes(), at) {
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
