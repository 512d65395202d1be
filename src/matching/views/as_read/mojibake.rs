//! UTF-8 that was taken for another charset and written as UTF-8 once more: `ZoÃ«`.

use std::sync::LazyLock;

use unicode_normalization::char::is_combining_mark;

use crate::matching::views::charsets::legacy::LEGACY;
use crate::matching::views::spelling::charset::western;
use crate::matching::views::spelling::cut::next_beyond_ascii;
use crate::matching::views::spelling::reading::Reading;

/// The text with that undone once; `None` where there is none of it.
pub fn undone(text: &str) -> Option<Reading> {
    let mut reading: Option<Reading> = None;
    let (mut copied, mut at) = (0, 0);
    while let Some(next) = next_beyond_ascii(text.as_bytes(), at) {
        at = next;
        let Some(first) = text[at..].chars().next() else { break };
        match spelled(first, &text[at..]) {
            Some((c, len)) => {
                let reading = reading.get_or_insert_with(|| Reading::with_capacity(text.len()));
                reading.copy(&text[copied..at], copied);
                reading.replace_char(c, at);
                at += len;
                copied = at;
            }
            None => at += first.len_utf8(),
        }
    }
    let mut reading = reading?;
    reading.copy(&text[copied..], copied);
    Some(reading)
}

/// A character whose bytes are spelled by the characters at the start, and their length.
fn spelled(first: char, text: &str) -> Option<(char, usize)> {
    if !LEADS.get(first as usize).is_some_and(|leads| *leads) {
        return None;
    }
    TAKEN_FOR.iter().find_map(|bytes| {
        let byte = |c: char| bytes.get(c as usize).copied().filter(|byte| *byte != 0);
        let lead = byte(first)?;
        let wanted = match lead {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => return None,
        };
        let mut utf8 = [0; 4];
        let mut len = 0;
        let mut chars = text.chars();
        for place in utf8.iter_mut().take(wanted) {
            let c = chars.next()?;
            *place = byte(c)?;
            len += c.len_utf8();
        }
        let c = std::str::from_utf8(&utf8[..wanted]).ok()?.chars().next()?;
        // Two letters that happen to spell a rare sign are letters.
        let is_usual = c.is_alphanumeric() || is_combining_mark(c) || is_sign(c);
        is_usual.then_some((c, len))
    })
}

/// Signs that stand in names and between words.
fn is_sign(c: char) -> bool {
    matches!(c, '\u{a0}'..='\u{bf}' | '\u{2010}'..='\u{203a}' | '\u{3000}'..='\u{303f}' | '・')
}

/// Beyond it no character stands for a byte.
const CHARS: usize = 0x2600;

/// For each character the byte that it stands for, in charsets that UTF-8 is taken for.
static TAKEN_FOR: LazyLock<[Vec<u8>; 5]> = LazyLock::new(|| {
    let table = |of: &dyn Fn(u8) -> char| {
        let mut bytes = vec![0; CHARS];
        for byte in 0x80..=0xff {
            if let Some(place) = bytes.get_mut(of(byte) as usize) {
                *place = byte;
            }
        }
        bytes
    };
    let legacy = |name: &str| {
        let charset = LEGACY.iter().find(|(known, _)| *known == name);
        let charset = charset.map(|(_, charset)| charset);
        let of = |byte: u8| {
            let text = charset.map(|charset| charset.decode(&[byte]).0.into_owned());
            text.and_then(|text| text.chars().next()).unwrap_or(char::REPLACEMENT_CHARACTER)
        };
        table(&of)
    };
    let mut western = table(&western);
    // Latin-1 has control characters there.
    for byte in 0x80..0xa0 {
        western[usize::from(byte)] = byte;
    }
    [
        western,
        legacy("windows-1251 > "),
        legacy("cp850 > "),
        legacy("cp437 > "),
        legacy("macintosh > "),
    ]
});

/// Whether a character stands for the first byte of another, in any of these.
static LEADS: LazyLock<Vec<bool>> = LazyLock::new(|| {
    let is_lead = |c: usize| TAKEN_FOR.iter().any(|bytes| matches!(bytes[c], 0xc2..=0xf4));
    (0..CHARS).map(is_lead).collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_for_something_else() {
        for (written, meant) in [
            ("ZoÃ« LefÃ¨vre", "Zoë Lefèvre"),
            ("Ã\u{89}ric", "Éric"),
            ("РњРёСЂР°", "Мира"),
            ("Zo├½", "Zoë"),
            ("Zo√´", "Zoë"),
            ("å±±ç”°", "山田"),
        ] {
            assert_eq!(undone(written).map(|reading| reading.text).as_deref(), Some(meant));
        }
        let twice = undone("ZoÃƒÂ«").unwrap().text;
        assert_eq!(undone(&twice).unwrap().text, "Zoë");
        for plain in ["Lefèvre", "Мира", "山田", "« Zoé »", "Ann", "ÿéann"] {
            assert!(undone(plain).is_none(), "{plain}");
        }
    }
}
