//! What stands before a value and says which part of a name it is, whatever the syntax.
//!
//! Works on folded text.

use std::ops::Range;

use crate::matching::keys::lengths::before_length;
use crate::matching::keys::parts::{Part, part_of};
use crate::matching::views::spelling::cut::floor;
use crate::matching::views::spelling::spaceless::continues_word;

/// Longest key with its signs, in bytes.
pub const KEY_BYTES: usize = 96;

/// A key that says which part of a name its value is.
pub struct Key {
    /// Which.
    pub part: Part,
    /// Where it begins.
    pub start: usize,
}

/// The key of the value that begins at `at`, if it says which part of a name that is.
pub fn key_before(text: &str, at: usize) -> Option<Key> {
    let from = floor(text, at.saturating_sub(KEY_BYTES));
    let before = &text[from..at];
    let opened = before.trim_end_matches(['"', '\'', '`', '[', '(', '\\', ' ', '\t', '\n', '\r']);
    if let Some(tag) = opened.strip_suffix('>') {
        let open = tag.rfind('<')?;
        let name = tag[open + 1..].split_whitespace().next().unwrap_or_default();
        let name = name.rsplit(':').next().unwrap_or(name);
        let part = part_of(name).filter(|_| !tag[open + 1..].starts_with('/'))?;
        return Some(Key { part, start: from + open });
    }
    let counted = before_length(opened);
    let signed = counted.unwrap_or(opened).trim_end_matches(['=', ':', '>', '~']);
    let quotes = ['"', '\'', '`', '\\', ' ', '\t', ']'];
    let named = signed.trim_end_matches(quotes);
    let word = named.len() - last_word(named).len();
    if signed.len() == opened.len() {
        // An option of a command.
        let part = part_of(&named[word..]).filter(|_| named[word..].starts_with("--"))?;
        return before.ends_with([' ', '"', '\'']).then_some(Key { part, start: from + word });
    }
    let own = part_of(&named[word..]).map(|part| Key { part, start: from + word });
    if own.as_ref().is_some_and(|key| key.part != Part::Either) {
        return own;
    }
    // `First name: `
    let phrase = named[..word].strip_suffix(' ').and_then(|earlier| {
        let start = earlier.len() - last_word(earlier).len();
        let part = part_of(&named[start..]).filter(|_| start < earlier.len())?;
        Some(Key { part, start: from + start })
    });
    phrase.or(own)
}

fn last_word(text: &str) -> &str {
    let joins = |c: char| {
        continues_word(c) || matches!(c, '.' | '_' | '-') || !c.is_ascii() && c.is_alphabetic()
    };
    text.rsplit(|c| !joins(c)).next().unwrap_or_default()
}

/// Keys of parts of a name in this range of a text, in order.
pub fn keys_in(text: &str, range: Range<usize>) -> impl Iterator<Item = Key> {
    let signs = text[range.clone()].match_indices(['=', ':', '>']);
    let ends = signs.map(move |(at, sign)| range.start + at + sign.len());
    ends.filter_map(|end| key_before(text, end))
}
