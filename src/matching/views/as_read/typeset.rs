//! Letters and signs as TeX, Markdown and patterns write them: `{\"U}nal`, `Lef\'evre`,
//! `ann\_lee@x.org`, `ann@x\.org`.
//!
//! The same backslashes are escapes elsewhere, so what is meant is read beside the text.

use std::ops::Range;

use memchr::memchr_iter;
use unicode_normalization::char::compose;

use crate::matching::views::spelling::reading::Reading;

/// Accents as TeX writes them, and the combining characters that they are.
const ACCENTS: [(u8, char); 15] = [
    (b'`', '\u{300}'),
    (b'\'', '\u{301}'),
    (b'^', '\u{302}'),
    (b'~', '\u{303}'),
    (b'=', '\u{304}'),
    (b'u', '\u{306}'),
    (b'.', '\u{307}'),
    (b'"', '\u{308}'),
    (b'r', '\u{30a}'),
    (b'H', '\u{30b}'),
    (b'v', '\u{30c}'),
    (b'd', '\u{323}'),
    (b'c', '\u{327}'),
    (b'k', '\u{328}'),
    (b'b', '\u{331}'),
];

/// Letters with a name of their own.
const LETTERS: [(&str, char); 13] = [
    ("ss", 'ß'),
    ("o", 'ø'),
    ("O", 'Ø'),
    ("l", 'ł'),
    ("L", 'Ł'),
    ("ae", 'æ'),
    ("AE", 'Æ'),
    ("oe", 'œ'),
    ("OE", 'Œ'),
    ("aa", 'å'),
    ("AA", 'Å'),
    ("i", 'i'),
    ("j", 'j'),
];

/// The text with such letters and signs as they are meant; `None` where there are none.
pub fn typeset(text: &str) -> Option<Reading> {
    let mut meant: Option<Reading> = None;
    let mut done = 0;
    for at in memchr_iter(b'\\', text.as_bytes()) {
        if at < done {
            continue;
        }
        let Some((range, c)) = letter_around(text, at).or_else(|| sign_at(text, at)) else {
            continue;
        };
        let reading = meant.get_or_insert_with(|| Reading::with_capacity(text.len()));
        reading.copy(&text[done..range.start], done);
        reading.replace_char(c, range.start);
        done = range.end;
    }
    let mut reading = meant?;
    reading.copy(&text[done..], done);
    Some(reading)
}

/// The letter that a backslash begins, with the braces around it.
fn letter_around(text: &str, at: usize) -> Option<(Range<usize>, char)> {
    let rest = &text[at + 1..];
    let (c, len, braced) = accented(rest).or_else(|| named(rest))?;
    let end = at + 1 + len;
    if text[..at].ends_with('{') && text[end..].starts_with('}') {
        return Some((at - 1..end + 1, c));
    }
    // Elsewhere a quote before a letter is the end of a string.
    let is_within = text[..at].ends_with(char::is_alphabetic);
    // A point is one of a pattern there.
    let is_sign = rest.starts_with(|c: char| c.is_ascii_punctuation() && c != '.');
    (braced || is_within && is_sign).then_some((at..end, c))
}

/// A letter under its accent, how long that is, and whether it stands in braces of its own.
fn accented(rest: &str) -> Option<(char, usize, bool)> {
    let sign = *rest.as_bytes().first()?;
    let (_, accent) = ACCENTS.iter().find(|(known, _)| *known == sign)?;
    let inner = &rest[1..];
    let (letter, len, braced) = match inner.strip_prefix('{') {
        Some(inner) => {
            let (letter, len) = letter(inner)?;
            (letter, inner[len..].starts_with('}').then_some(len + 2)?, true)
        }
        None if sign.is_ascii_alphabetic() => return None,
        None => letter(inner).map(|(letter, len)| (letter, len, false))?,
    };
    Some((compose(letter, *accent)?, 1 + len, braced))
}

/// A letter, or one without its dot.
fn letter(text: &str) -> Option<(char, usize)> {
    if let Some(letter) = ["\\i", "\\j"].iter().find(|name| text.starts_with(**name)) {
        return Some((char::from(letter.as_bytes()[1]), 2));
    }
    text.chars().next().filter(char::is_ascii_alphabetic).map(|letter| (letter, 1))
}

/// `\o{}`, or `\ss` that something else holds in braces.
fn named(rest: &str) -> Option<(char, usize, bool)> {
    let len = rest.bytes().take(3).take_while(u8::is_ascii_alphabetic).count();
    let (_, c) = LETTERS.iter().find(|(name, _)| *name == &rest[..len])?;
    let braced = rest[len..].starts_with("{}");
    Some((*c, if braced { len + 2 } else { len }, braced))
}

/// A sign of an address or a name that a backslash keeps from meaning something else.
fn sign_at(text: &str, at: usize) -> Option<(Range<usize>, char)> {
    let sign = text[at + 1..].chars().next().filter(|sign| "._-+@".contains(*sign))?;
    let is_word = |c: char| c.is_alphanumeric();
    let is_within = text[..at].ends_with(is_word) && text[at + 2..].starts_with(is_word);
    is_within.then_some((at..at + 2, sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_meant() {
        for (written, meant) in [
            (r"Mira Lef\`evre", "Mira Lefèvre"),
            (r"Mira Lef\`{e}vre", "Mira Lefèvre"),
            (r"Mira Lef{\`e}vre", "Mira Lefèvre"),
            (r"Mira Lef{\`{e}}vre", "Mira Lefèvre"),
            (r#"{\"U}nal M\"uller"#, "Ünal Müller"),
            (r"Fran\c{c}ois Nov\'ak \v{S}iml", "François Novák Šiml"),
            (r"Garc{\'\i}a", "García"),
            (r"Stra{\ss}e S{\o}ren \L{}ukasz", "Straße Søren Łukasz"),
            (r"ann\_lee@contoso\.example", "ann_lee@contoso.example"),
        ] {
            assert_eq!(typeset(written).map(|reading| reading.text).as_deref(), Some(meant));
        }
        for plain in [
            r#"{"a":"{\"user\":\"ann\"}"}"#,
            r"C:\users\ann",
            r"\section{x} \o \\",
            r"a\.",
            r"\'e",
            "\\",
            "{\\",
            r"x\`",
            r"x\`{",
            r"x\c{\i",
        ] {
            assert!(typeset(plain).is_none(), "{plain}");
        }
    }
}
