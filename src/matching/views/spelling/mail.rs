//! What mail makes of text: quoted-printable bodies and `=?charset?…?=` words in headers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use encoding_rs::Encoding;
use memchr::memchr_iter;

use crate::matching::views::spelling::cut::floor;
use crate::matching::views::spelling::escapes::spelled_char;
use crate::matching::views::spelling::reading::Reading;

/// The longest encoded word that is read; RFC 2047 allows 75.
const WORD_BYTES_MAX: usize = 400;

/// The text with quoted-printable and encoded words undone; `None` where there are none.
///
/// Only upper-case digits count, as the standard has it: `user=ada` must stay.
pub fn undo(text: &str) -> Option<Reading> {
    let mut undone: Option<Reading> = None;
    let mut copied = 0;
    for at in memchr_iter(b'=', text.as_bytes()) {
        if at < copied {
            continue;
        }
        let Some((meaning, len)) = words(&text[at..]).or_else(|| quoted(&text[at..])) else {
            continue;
        };
        if meaning.is_empty() && ends_base64(&text[..=at]) {
            continue;
        }
        let reading = undone.get_or_insert_with(|| Reading::with_capacity(text.len()));
        reading.copy(&text[copied..at], copied);
        reading.replace(&meaning, at);
        copied = at + len;
    }
    let mut reading = undone?;
    reading.copy(&text[copied..], copied);
    Some(reading)
}

/// Whether a text ends with the pad of base64: no line break is soft that follows it.
fn ends_base64(text: &str) -> bool {
    const DIGITS_MIN: usize = 16;
    let digits = text.trim_end_matches('=');
    let is_digit = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let len = digits.bytes().rev().take_while(|byte| is_digit(&byte)).count();
    let run = &digits.as_bytes()[digits.len() - len..];
    // Words and paths are of one case for longer.
    let is_letter = |pair: &&[u8]| pair.iter().all(u8::is_ascii_alphabetic);
    let turns = |pair: &&[u8]| pair[0].is_ascii_uppercase() != pair[1].is_ascii_uppercase();
    let turns = run.windows(2).filter(is_letter).filter(turns).count();
    let has = |is_such: fn(&u8) -> bool| run.iter().any(is_such);
    let padded = len + text.len() - digits.len();
    len >= DIGITS_MIN
        && padded.is_multiple_of(4)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && (has(u8::is_ascii_digit) || turns * 4 > len)
}

/// A character in `=XX`, or a soft line break, at the start.
fn quoted(text: &str) -> Option<(String, usize)> {
    const SOFT: [&str; 4] = ["=\r\n", "=\n", "=\\r\\n", "=\\n"];
    if let Some(soft) = SOFT.iter().find(|soft| text.starts_with(**soft)) {
        return Some((String::new(), soft.len()));
    }
    // A character may be broken over lines between its bytes.
    let next = |bytes: &[u8]| {
        let soft = SOFT.iter().find(|soft| bytes.starts_with(soft.as_bytes()));
        let len = soft.map_or(0, |soft| soft.len());
        quoted_byte(&bytes[len..]).map(|byte| (byte, len + 3))
    };
    spelled_char(text.as_bytes(), next).map(|(c, len)| (c.to_string(), len))
}

fn quoted_byte(bytes: &[u8]) -> Option<u8> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    };
    match bytes {
        [b'=', high, low, ..] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    }
}

/// What encoded words at the start say, with the white space that parts one from the next, and how
/// long they are.
pub fn words(text: &str) -> Option<(String, usize)> {
    let (mut meaning, mut len) = one_word(text)?;
    loop {
        let space = text[len..].len() - text[len..].trim_start().len();
        match one_word(&text[len + space..]) {
            Some((more, taken)) => {
                meaning.extend(more);
                len += space + taken;
            }
            None => return Some((decode_all(&meaning), len)),
        }
    }
}

/// Charset label and bytes of one word; joined before decoding, since words may cut a character.
fn one_word(text: &str) -> Option<(Vec<(u8, &'static Encoding)>, usize)> {
    // What is longer is none: a text may be nothing but beginnings of words.
    let rest = text[..floor(text, WORD_BYTES_MAX)].strip_prefix("=?")?;
    let (label, rest) = rest.split_once('?')?;
    let (encoding, rest) = rest.split_once('?')?;
    let (body, _) = rest.split_once("?=")?;
    let len = label.len() + encoding.len() + body.len() + 6;
    if len > WORD_BYTES_MAX || body.contains([' ', '\n']) {
        return None;
    }
    let charset = Encoding::for_label(label.split('*').next()?.as_bytes())?;
    let bytes = match encoding {
        "B" | "b" => STANDARD.decode(body).ok()?,
        "Q" | "q" => q_bytes(body.as_bytes()),
        _ => return None,
    };
    Some((bytes.into_iter().map(|byte| (byte, charset)).collect(), len))
}

fn q_bytes(mut body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(body.len());
    while let [first, rest @ ..] = body {
        let upper = body.get(..3).map(<[u8]>::to_ascii_uppercase);
        match upper.as_deref().and_then(quoted_byte) {
            Some(byte) => {
                bytes.push(byte);
                body = &body[3..];
            }
            None => {
                bytes.push(if *first == b'_' { b' ' } else { *first });
                body = rest;
            }
        }
    }
    bytes
}

fn decode_all(bytes: &[(u8, &'static Encoding)]) -> String {
    bytes
        .chunk_by(|one, other| one.1 == other.1)
        .map(|run| {
            let plain: Vec<u8> = run.iter().map(|(byte, _)| *byte).collect();
            run[0].1.decode_without_bom_handling(&plain).0.into_owned()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_spellings() {
        for (written, meant) in [
            ("Lef=C3=A8vre", "Lefèvre"),
            ("Lef=E8vre", "Lefèvre"),
            ("ann=40contoso.=\r\ncom", "ann@contoso.com"),
            ("Lef=C3=\n=A8vre", "Lefèvre"),
            ("wrote /mnt/Users/annlefev=\nre/models", "wrote /mnt/Users/annlefevre/models"),
            ("=?utf-8?Q?Ann_Lef=C3=A8vre?= <", "Ann Lefèvre <"),
            ("=?UTF-8?B?QW5uIExlZsOo?=\r\n =?UTF-8?B?dnJl?=", "Ann Lefèvre"),
            ("=?iso-8859-1?q?Lef=E8vre?=", "Lefèvre"),
        ] {
            assert_eq!(undo(written).map(|reading| reading.text).as_deref(), Some(meant));
        }
        for text in [
            "user=ada&x=1&y==",
            "ann@contoso.com,3z9hmASpL9tAVxktxD3XSOp3itxSvEmM6AUkwBS4ERk=\nann@contoso.com,1\n",
            "rL0Y20zC+Fzt72VPzMSk2A==\nx\n",
        ] {
            assert!(undo(text).is_none(), "{text}");
        }
    }
}
