//! Letters and signs that a reader takes for others: apostrophes and hyphens of every kind, marks
//! that may be written or left out, letters of one alphabet that stand for each other.
//!
//! What is sought is written the plain way; a text is looked at as it stands and in this way.

use std::sync::LazyLock;

use memchr::{memchr, memchr2, memmem};

use crate::matching::views::spelling::reading::Reading;

/// The text written the plain way; `None` where it is.
pub fn alike(text: &str) -> Option<Reading> {
    if text.is_ascii() && !has_doubtful_quotes(text.as_bytes()) {
        return None;
    }
    let mut reading: Option<Reading> = None;
    let (mut copied, mut at) = (0, 0);
    // The letter before a place where something was left out.
    let mut last: (usize, Option<char>) = (0, None);
    let may_stand = |byte: &u8| *byte >= 0x80 || matches!(byte, b'\'' | b'`');
    while let Some(skipped) = text.as_bytes()[at..].iter().position(may_stand) {
        at += skipped;
        let Some(c) = text[at..].chars().next() else { break };
        if !DIFFERS.get(c as usize).is_none_or(|differs| *differs) {
            at += c.len_utf8();
            continue;
        }
        let before = if last.0 == at { last.1 } else { text[..at].chars().next_back() };
        let Some((written, len)) = plain(before, &text[at..]) else {
            at += c.len_utf8();
            continue;
        };
        let reading = reading.get_or_insert_with(|| Reading::with_capacity(text.len()));
        reading.copy(&text[copied..at], copied);
        at += len;
        last = match written {
            Written::For(c) => {
                reading.replace_char(c, at - len);
                (at, Some(c))
            }
            Written::Nothing => (at, before),
        };
        copied = at;
    }
    let mut reading = reading?;
    reading.copy(&text[copied..], copied);
    Some(reading)
}

/// Whether quotes of ASCII may be written for an apostrophe.
fn has_doubtful_quotes(text: &[u8]) -> bool {
    // Most lines have neither, and to prepare a search takes longer than to look through one.
    let Some(first) = memchr2(b'\'', b'`', text) else { return false };
    let rest = &text[first..];
    memchr(b'`', rest).is_some() || QUOTES.iter().any(|quotes| memmem::find(rest, quotes).is_some())
}

/// Whether a character of the first plane may be written for another.
static DIFFERS: LazyLock<Vec<bool>> = LazyLock::new(|| {
    let differs =
        |c: char| c == '\'' || ['\u{308}', '\u{301}'].contains(&c) || stands_for(c).is_some();
    (0..=0xffff).map(|code| char::from_u32(code).is_some_and(differs)).collect()
});

/// A text that is to be sought, written the plain way.
pub fn written_plainly(text: &str) -> String {
    alike(text).map_or_else(|| text.to_owned(), |reading| reading.text)
}

/// The same of its signs alone; letters stay.
pub fn with_plain_signs(text: &str) -> String {
    let sign = |c| match c {
        _ if is_apostrophe(c) => '\'',
        _ if is_hyphen(c) => '-',
        _ => c,
    };
    text.chars().map(sign).collect()
}

/// What a character may be written for, to know by it whether it matters.
pub fn stands_for(c: char) -> Option<Stands> {
    match c {
        _ if is_apostrophe(c) => Some(Stands::For('\'')),
        _ if is_hyphen(c) => Some(Stands::For('-')),
        _ if is_left_out(c) => Some(Stands::ForNothing),
        _ => letter(c).map(Stands::For),
    }
}

/// What a character stands for.
pub enum Stands {
    /// Another one.
    For(char),
    /// It may be left out.
    ForNothing,
}

enum Written {
    For(char),
    Nothing,
}

/// An apostrophe as SQL writes it, and within quotes of a shell.
const QUOTES: [&[u8]; 2] = [b"''", br"'\''"];

/// How what a text begins with is written plainly, and its length.
fn plain(before: Option<char>, text: &str) -> Option<(Written, usize)> {
    let mut chars = text.chars();
    let c = chars.next()?;
    let next = chars.next();
    let is_letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    match c {
        '\'' => {
            let quotes = ["''", "'\\''"].into_iter().find(|quotes| {
                text.strip_prefix(quotes).is_some_and(|rest| rest.starts_with(char::is_alphabetic))
            })?;
            is_letter(before).then_some((Written::For('\''), quotes.len()))
        }
        _ if is_apostrophe(c) => {
            (is_letter(before) && is_letter(next)).then_some((Written::For('\''), c.len_utf8()))
        }
        _ if is_hyphen(c) => {
            (is_word(before) && is_word(next)).then_some((Written::For('-'), c.len_utf8()))
        }
        _ if is_left_out(c) => Some((Written::Nothing, c.len_utf8())),
        // A letter and its mark apart: `е` with two dots, `s` with a comma below.
        '\u{308}' if matches!(before, Some('е' | 'Е')) => Some((Written::Nothing, 2)),
        '\u{301}' if before.is_some_and(is_greek) => Some((Written::Nothing, 2)),
        _ => letter(c).map(|other| (Written::For(other), c.len_utf8())),
    }
}

fn is_apostrophe(c: char) -> bool {
    matches!(
        c,
        '`' | '´'
            | '‘'
            | '’'
            | '‛'
            | '′'
            | 'ʹ'
            | 'ʻ'
            | 'ʼ'
            | 'ʽ'
            | 'ʾ'
            | 'ʿ'
            | 'ˈ'
            | '՚'
            | '\u{5f3}'
            | 'ꞌ'
            | '＇'
            | '｀'
    )
}

fn is_hyphen(c: char) -> bool {
    matches!(
        c,
        '\u{2010}'
            ..='\u{2015}'
                | '\u{2212}'
                | '\u{2043}'
                | '\u{5be}'
                | '\u{fe58}'
                | '\u{fe63}'
                | '\u{ff0d}'
    )
}

/// What lengthens a word and what tells its vowels, in Arabic and Hebrew.
fn is_left_out(c: char) -> bool {
    matches!(c, '\u{640}' | '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}' | '\u{670}'
        | '\u{6d6}'..='\u{6dc}' | '\u{6df}'..='\u{6e4}' | '\u{6e7}' | '\u{6e8}'
        | '\u{6ea}'..='\u{6ed}' | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}' | '\u{5c2}'
        | '\u{5c4}' | '\u{5c5}' | '\u{5c7}')
}

fn is_greek(c: char) -> bool {
    matches!(c, 'Α'..='ω')
}

/// The letter or digit that one stands for.
fn letter(c: char) -> Option<char> {
    Some(match c {
        // Arabic: of keyboards of its neighbours, and with a hamza that is seldom typed.
        'أ' | 'إ' | 'آ' | 'ٱ' => 'ا',
        'ى' | 'ی' | 'ې' | 'ئ' => 'ي',
        'ؤ' => 'و',
        'ک' | 'ڪ' => 'ك',
        'ة' | 'ہ' | 'ھ' | 'ە' | 'ۀ' | 'ۃ' => 'ه',
        '\u{660}'..='\u{669}' => char::from(b'0' + (c as u32 - 0x660) as u8),
        '\u{6f0}'..='\u{6f9}' => char::from(b'0' + (c as u32 - 0x6f0) as u8),
        // Cyrillic, where the dots are written for learners.
        'ё' => 'е',
        'Ё' => 'Е',
        // Greek capitals have no accents.
        'ά' | '\u{1f71}' => 'α',
        'έ' | '\u{1f73}' => 'ε',
        'ή' | '\u{1f75}' => 'η',
        'ί' | '\u{1f77}' => 'ι',
        'ό' | '\u{1f79}' => 'ο',
        'ύ' | '\u{1f7b}' => 'υ',
        'ώ' | '\u{1f7d}' => 'ω',
        'ΐ' => 'ϊ',
        'ΰ' => 'ϋ',
        'Ά' => 'Α',
        'Έ' => 'Ε',
        'Ή' => 'Η',
        'Ί' => 'Ι',
        'Ό' => 'Ο',
        'Ύ' => 'Υ',
        'Ώ' => 'Ω',
        // Romanian with a cedilla, as old fonts had it; the same apart from their letter.
        'ș' => 'ş',
        'Ș' => 'Ş',
        'ț' => 'ţ',
        'Ț' => 'Ţ',
        '\u{326}' => '\u{327}',
        // Three letters that look the same in capitals.
        'ð' | 'ɖ' => 'đ',
        'Ð' | 'Ɖ' => 'Đ',
        // Japanese: forms that only registers of families have.
        '髙' => '高',
        '﨑' => '崎',
        '𠮷' => '吉',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_for_the_same() {
        for (written, meant) in [
            ("Sean O’Brien", "Sean O'Brien"),
            ("O''Brien, 'O''Brien'", "O'Brien, 'O'Brien'"),
            ("'O'\\''Brien'", "'O'Brien'"),
            ("O`Brien O´Brien Oʼbrien", "O'Brien O'Brien O'brien"),
            ("Anne‑Marie Anne–Marie", "Anne-Marie Anne-Marie"),
            ("مُحَمَّد محـــمد", "محمد محمد"),
            ("یک", "يك"),
            ("שָׁלוֹם", "שלום"),
            ("Семён", "Семен"),
            ("Σταύρου", "Σταυρου"),
            ("Ștefan", "Ştefan"),
            ("٠١٢٣", "0123"),
        ] {
            assert_eq!(written_plainly(written), meant, "{written}");
        }
        for plain in ["'ann'", "''", "x = ''", "'' or ''", "a – b", "‘ann’", "`x`", "Lefèvre"]
        {
            assert!(alike(plain).is_none(), "{plain}");
        }
    }
}
