//! Collections of YAML in brackets.

use crate::matching::redact::syntax::languages::lines::{is_blank, kind_of, line_end, quoted};
use crate::matching::redact::syntax::tokens::{Kind, Token};

/// Collections in each other.
const NESTING_MAX: usize = 200;

/// Adds the scalars of the collection that opens here, and tells where it ends.
pub fn collection(text: &str, start: usize, tokens: &mut Vec<Token>) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut open: Vec<u8> = Vec::new();
    let mut at = start;
    // Ends: each turn passes something by.
    loop {
        match *bytes.get(at)? {
            byte @ (b'[' | b'{') => {
                open.push(if byte == b'[' { b']' } else { b'}' });
                at += 1;
            }
            byte @ (b']' | b'}') => {
                if open.pop() != Some(byte) {
                    return None;
                }
                at += 1;
            }
            b',' => at += 1,
            byte if byte.is_ascii_whitespace() => at += 1,
            b'#' if at > start && bytes[at - 1].is_ascii_whitespace() => {
                tokens.push(Token::new(at..line_end(text, at), Kind::Text));
                at = line_end(text, at);
            }
            quote @ (b'"' | b'\'') => {
                let (inner, end) = quoted(text, at, quote)?;
                tokens.push(Token::new(inner, kind_of(quote)));
                at = end;
            }
            b':' if at > start && ends_key(bytes, at) => {
                tokens.last_mut()?.is_key = true;
                at += 1;
            }
            b'@' | b'`' | b'%' | b'|' | b'>' => return None,
            b'?' | b'-' if is_blank(text, at + 1) => return None,
            byte => {
                let end = plain_end(text, at);
                let is_name = matches!(byte, b'&' | b'*');
                let kind = if is_name { Kind::Word } else { Kind::Plain { in_flow: true } };
                let said = text[at..end].trim_end();
                if byte != b'!' && !said.is_empty() {
                    let range = at + usize::from(is_name)..at + said.len();
                    tokens.push(Token { range, kind, is_key: is_name });
                }
                at = end.max(at + 1);
            }
        }
        if open.is_empty() {
            return Some(at);
        }
        if open.len() > NESTING_MAX {
            return None;
        }
    }
}

/// Whether a colon here ends a key: after a string in quotes nothing need follow it.
fn ends_key(bytes: &[u8], at: usize) -> bool {
    let is_end = |byte: &u8| byte.is_ascii_whitespace() || b",[]{}".contains(byte);
    bytes.get(at + 1).is_none_or(is_end) || matches!(bytes[at - 1], b'"' | b'\'')
}

fn plain_end(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let is_word = |byte: u8| matches!(byte, b'&' | b'*' | b'!');
    let mut at = start;
    while at < bytes.len() {
        let ends = match bytes[at] {
            b',' | b'[' | b']' | b'{' | b'}' => true,
            b':' => at > start && ends_key(bytes, at),
            b'#' => at > start && bytes[at - 1].is_ascii_whitespace(),
            byte => is_word(bytes[start]) && byte.is_ascii_whitespace(),
        };
        if ends {
            break;
        }
        at += 1;
    }
    at
}
