//! Lines, words and strings in quotes, as many languages have them.

use std::ops::Range;

use crate::matching::redact::syntax::tokens::Kind;

/// How a string in such quotes is written.
pub fn kind_of(quote: u8) -> Kind {
    if quote == b'"' { Kind::Escaped } else { Kind::Text }
}

/// What stands in the quotes that open here, and where it goes on behind them.
pub fn quoted(text: &str, at: usize, quote: u8) -> Option<(Range<usize>, usize)> {
    let bytes = text.as_bytes();
    let mut end = at + 1;
    while end < bytes.len() {
        match bytes[end] {
            b'\\' if quote == b'"' => end += 1,
            byte if byte == quote && quote == b'\'' && bytes.get(end + 1) == Some(&b'\'') => {
                end += 1
            }
            byte if byte == quote => return Some((at + 1..end, end + 1)),
            _ => {}
        }
        end += 1;
    }
    None
}

/// Whether a word ends before this place.
pub fn is_blank(text: &str, at: usize) -> bool {
    text.as_bytes().get(at).is_none_or(u8::is_ascii_whitespace)
}

/// Where the line ends that this place is in.
pub fn line_end(text: &str, at: usize) -> usize {
    memchr::memchr(b'\n', &text.as_bytes()[at..]).map_or(text.len(), |end| at + end)
}

/// Where the line after it begins.
pub fn next_line(text: &str, at: usize) -> usize {
    (line_end(text, at) + 1).min(text.len())
}
