//! Escapes undone: backslashes (JSON, Python, Java, C), percent-encoding and HTML entities.
//!
//! One round undoes all of them at once, each where it stands; what one round leaves, such as a
//! JSON text within a JSON string, the next round undoes. Bytes that escapes spell are read as
//! UTF-8 where they are UTF-8 and as Windows-1252 where they are not.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memchr3_iter;

use crate::matching::views::spelling::charset::western;
use crate::matching::views::spelling::cut::floor;
use crate::matching::views::spelling::reading::Reading;

/// Rounds that a text is unescaped at most: JSON in JSON strings, eight deep.
pub const ROUNDS_MAX: usize = 8;

/// The longest escape that is undone in one piece.
pub const ESCAPE_BYTES_MAX: usize = 40;

/// The text with one round of escapes undone; `None` where there are none.
pub fn unescape(text: &str) -> Option<Reading> {
    let mut undone: Option<Reading> = None;
    let mut copied = 0;
    for at in memchr3_iter(b'\\', b'%', b'&', text.as_bytes()) {
        if at < copied {
            continue;
        }
        let Some((meaning, len)) = escape_at(&text[at..]) else { continue };
        let reading = undone.get_or_insert_with(|| Reading::with_capacity(text.len()));
        reading.copy(&text[copied..at], copied);
        match meaning {
            Meaning::Char(c) => reading.replace_char(c, at),
            Meaning::Text(s) => reading.replace(&s, at),
        }
        copied = at + len;
    }
    let mut reading = undone?;
    reading.copy(&text[copied..], copied);
    Some(reading)
}

/// The escape that begins before `at` and ends after it, as a range of the text.
pub fn escape_around(text: &str, at: usize) -> Option<Range<usize>> {
    let from = floor(text, at.saturating_sub(BEFORE_BYTES));
    let mut next = from;
    for start in memchr3_iter(b'\\', b'%', b'&', &text.as_bytes()[from..at]) {
        let start = from + start;
        if start < next {
            continue;
        }
        let Some((_, len)) = escape_at(&text[start..]) else { continue };
        next = start + len;
        if next > at {
            return Some(start..next);
        }
    }
    None
}

/// Bytes before a place that are looked at to tell whether a backslash there is itself escaped.
const BEFORE_BYTES: usize = 200;

enum Meaning {
    Char(char),
    Text(String),
}

/// What the escape at the start of the text means, and its length.
fn escape_at(text: &str) -> Option<(Meaning, usize)> {
    match text.as_bytes()[0] {
        b'\\' => backslash(text),
        b'%' => percent(text),
        _ => entity(text),
    }
}

fn backslash(text: &str) -> Option<(Meaning, usize)> {
    let bytes = text.as_bytes();
    let short = |c| Some((Meaning::Char(c), 2));
    match *bytes.get(1)? {
        b'n' => short('\n'),
        b'r' => short('\r'),
        b't' => short('\t'),
        b'f' => short('\u{c}'),
        b'b' => short('\u{8}'),
        b'v' => short('\u{b}'),
        quoted @ (b'"' | b'\'' | b'/' | b'\\' | b'`') => short(char::from(quoted)),
        b'u' if bytes.get(2) == Some(&b'{') => braced(text),
        b'u' => utf16_units(bytes),
        b'U' => {
            hexadecimal(bytes.get(2..10)?).and_then(char::from_u32).map(|c| (Meaning::Char(c), 10))
        }
        b'x' => spelled_bytes(bytes, |rest| {
            rest.strip_prefix(b"\\x").and_then(|hex| Some((hexadecimal(hex.get(..2)?)? as u8, 4)))
        }),
        b'0'..=b'3' => spelled_bytes(bytes, octal),
        _ => None,
    }
}

/// `\u{1F600}`, as in Rust and JavaScript.
fn braced(text: &str) -> Option<(Meaning, usize)> {
    let end = text.bytes().take(12).position(|byte| byte == b'}')?;
    let c = char::from_u32(hexadecimal(text.as_bytes().get(3..end)?)?)?;
    Some((Meaning::Char(c), end + 1))
}

/// `\u` with four digits, and a second one after it where the two are a surrogate pair.
fn utf16_units(bytes: &[u8]) -> Option<(Meaning, usize)> {
    let unit = |at: usize| {
        let escape = bytes.get(at..at + 6)?;
        escape.starts_with(b"\\u").then(|| hexadecimal(&escape[2..])).flatten()
    };
    let first = unit(0)?;
    if let Some(c) = char::from_u32(first) {
        return Some((Meaning::Char(c), 6));
    }
    let pair = [first as u16, unit(6).unwrap_or(0) as u16];
    match char::decode_utf16(pair).next() {
        Some(Ok(c)) => Some((Meaning::Char(c), 12)),
        _ => Some((Meaning::Char(char::REPLACEMENT_CHARACTER), 6)),
    }
}

fn octal(rest: &[u8]) -> Option<(u8, usize)> {
    let digits = rest.strip_prefix(b"\\")?.get(..3)?;
    let value = digits.iter().try_fold(0u32, |value, digit| {
        matches!(digit, b'0'..=b'7').then(|| value * 8 + u32::from(digit - b'0'))
    })?;
    Some((u8::try_from(value).ok()?, 4))
}

fn percent(text: &str) -> Option<(Meaning, usize)> {
    let bytes = text.as_bytes();
    if bytes.get(1) == Some(&b'u') {
        // What JavaScript's old `escape` writes.
        let c = char::from_u32(hexadecimal(bytes.get(2..6)?)?)?;
        return Some((Meaning::Char(c), 6));
    }
    spelled_bytes(bytes, |rest| {
        rest.strip_prefix(b"%").and_then(|hex| Some((hexadecimal(hex.get(..2)?)? as u8, 3)))
    })
}

fn spelled_bytes(
    bytes: &[u8],
    next: impl Fn(&[u8]) -> Option<(u8, usize)>,
) -> Option<(Meaning, usize)> {
    spelled_char(bytes, next).map(|(c, len)| (Meaning::Char(c), len))
}

/// A character whose bytes are spelled in a row, with the bytes that it takes; `next` reads one of
/// them. What is no UTF-8 is Windows-1252.
pub fn spelled_char(
    bytes: &[u8],
    next: impl Fn(&[u8]) -> Option<(u8, usize)>,
) -> Option<(char, usize)> {
    let (first, mut len) = next(bytes)?;
    let mut spelled = [first, 0, 0, 0];
    let wanted = match first {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    for byte in spelled.iter_mut().take(wanted).skip(1) {
        let Some((value, taken)) = next(&bytes[len..]) else { break };
        *byte = value;
        len += taken;
    }
    match std::str::from_utf8(&spelled[..wanted]).ok().and_then(|text| text.chars().next()) {
        Some(c) => Some((c, len)),
        None => Some((western(first), next(bytes)?.1)),
    }
}

/// Whether a text begins with an entity of HTML.
pub fn is_entity(text: &str) -> bool {
    entity(text).is_some()
}

/// An entity; HTML reads some without their semicolon (Living Standard, section 13.5).
fn entity(text: &str) -> Option<(Meaning, usize)> {
    let rest = &text.as_bytes()[1..];
    if let Some(number) = rest.strip_prefix(b"#") {
        return numeric(number);
    }
    let name = rest.iter().take(ESCAPE_BYTES_MAX).take_while(|byte| byte.is_ascii_alphanumeric());
    let end = 1 + name.count();
    if text.as_bytes().get(end) == Some(&b';') && end > 1 {
        let whole = &text[..=end];
        let meaning = html_escape::decode_html_entities(whole);
        return (meaning != whole).then(|| (Meaning::Text(meaning.into_owned()), end + 1));
    }
    let name = bare_name(&text[1..end])?;
    let is_parameter = text[1 + name.len()..].starts_with('=');
    let meaning = html_escape::decode_html_entities(&format!("&{name};")).into_owned();
    (!is_parameter).then(|| (Meaning::Text(meaning), 1 + name.len()))
}

/// The digits after `&#`.
fn numeric(number: &[u8]) -> Option<(Meaning, usize)> {
    let (is_hex, digits) = match number {
        [b'x' | b'X', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let radix = if is_hex { 16 } else { 10 };
    let digit = |byte: &&u8| char::from(**byte).is_digit(radix);
    let len = digits.iter().take(ESCAPE_BYTES_MAX).take_while(digit).count();
    let text = std::str::from_utf8(&digits[..len]).ok()?;
    let c = char::from_u32(u32::from_str_radix(text, radix).ok()?)?;
    let ended = usize::from(digits.get(len) == Some(&b';'));
    Some((Meaning::Char(c), 2 + usize::from(is_hex) + len + ended))
}

/// The entity without a semicolon that a word begins with.
fn bare_name(word: &str) -> Option<&'static str> {
    const NAMES: &str = "AElig AMP Aacute Acirc Agrave Aring Atilde Auml COPY Ccedil ETH Eacute \
        Ecirc Egrave Euml GT Iacute Icirc Igrave Iuml LT Ntilde Oacute Ocirc Ograve Oslash Otilde \
        Ouml QUOT REG THORN Uacute Ucirc Ugrave Uuml Yacute aacute acirc acute aelig agrave amp \
        aring atilde auml brvbar ccedil cedil cent copy curren deg divide eacute ecirc egrave eth \
        euml frac12 frac14 frac34 gt iacute icirc iexcl igrave iquest iuml laquo lt macr micro \
        middot nbsp not ntilde oacute ocirc ograve ordf ordm oslash otilde ouml para plusmn pound \
        quot raquo reg sect shy sup1 sup2 sup3 szlig thorn times uacute ucirc ugrave uml uuml \
        yacute yen yuml";
    static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| NAMES.split(' ').collect());
    let first = word.as_bytes().first()?;
    let mut alike = WORDS.iter().filter(|name| name.as_bytes()[0] == *first);
    alike.find(|name| word.starts_with(**name)).copied()
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    digits
        .iter()
        .try_fold(0, |value: u32, digit| Some(value << 4 | char::from(*digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_escape() {
        for (written, meant) in [
            (r"Lef\u00e8vre", "Lefèvre"),
            (r"\ud83d\ude00!", "😀!"),
            (r"a\/b\\c", r"a/b\c"),
            (r"b'Lef\xc3\xa8vre'", "b'Lefèvre'"),
            (r"Lef\xe8vre", "Lefèvre"),
            (r"Lef\303\250vre", "Lefèvre"),
            (r"\U00005c71\u{7530}", "山田"),
            ("ann%40contoso.com", "ann@contoso.com"),
            ("Lef%c3%A8vre Lef%E8vre %u5c71", "Lefèvre Lefèvre 山"),
            ("Lef&egrave;vre &#64; &#x5c71; &amp;", "Lefèvre @ 山 &"),
            ("&commat;&nbsp;", "@\u{a0}"),
            ("Zo&eumlx ann&#64contoso &#X5c71.", "Zoëx ann@contoso 山."),
            (r"\xe8x \xe5\xb1x", "èx å±x"),
        ] {
            assert_eq!(unescape(written).map(|reading| reading.text).as_deref(), Some(meant));
        }
        for plain in [
            "100% sure",
            r"C:\Users\ann",
            "R&D; &;",
            "a & b",
            r"\",
            "%",
            "%4",
            "&",
            "?a&copy=1",
            "&#",
            "&#x;",
        ] {
            assert!(unescape(plain).is_none(), "{plain}");
        }
    }
}
