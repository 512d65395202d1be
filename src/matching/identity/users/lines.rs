//! The line that something stands in, and its words.

use crate::matching::identity::addresses::continues_word;

/// What of its line stands before.
pub fn line_before(before: &str) -> &str {
    before.rsplit(['\n', '\r']).next().unwrap_or(before)
}

/// What of its line stands after.
pub fn line_after(after: &str) -> &str {
    after.split(['\n', '\r']).next().unwrap_or(after)
}

/// Whether a text ends in this word or these words, whatever white space parts them.
pub fn ends_with_words(text: &str, words: &str) -> bool {
    let mut rest = text;
    for word in words.rsplit(' ') {
        let trimmed = rest.trim_end_matches([' ', '\t', '_']);
        let Some(before) = trimmed.strip_suffix(word) else { return false };
        if before.ends_with(continues_word) {
            return false;
        }
        rest = before;
    }
    true
}

/// The word at the end, with what joins the parts of a key.
pub fn last_word(text: &str) -> &str {
    text.rsplit(|c| !joins_key(c)).next().unwrap_or_default()
}

/// Whether a character belongs to a key.
pub fn joins_key(c: char) -> bool {
    continues_word(c) || matches!(c, '.' | '_' | '-')
}

/// Whether nothing goes on with the word that ends before this text.
pub fn ends_word(after: &str) -> bool {
    const ENDS: [char; 17] = [
        ',',
        ';',
        '&',
        ')',
        '}',
        ']',
        '|',
        '"',
        '\'',
        '`',
        '<',
        '>',
        '(',
        ':',
        '!',
        '?',
        char::REPLACEMENT_CHARACTER,
    ];
    let ends = |c: char| c.is_whitespace() || c.is_control() || ENDS.contains(&c);
    let bare = after.strip_prefix('.').unwrap_or(after);
    after.is_empty()
        || after.starts_with(ends)
        || bare.is_empty()
        || bare.starts_with(char::is_whitespace)
}
