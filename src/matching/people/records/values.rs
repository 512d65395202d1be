//! What the value of a key, or a cell, names.

use std::ops::Range;

use crate::domain::asked::subject::IdentityType;
use crate::matching::keys::people::Speaks;
use crate::matching::keys::sorts::{Key, Sort};
use crate::matching::people::doubts::{full_name, identifier, may_be_alias, named_by, trimmed};
use crate::matching::people::named::{Identifier, Named, SERVICES, is_hexadecimal};
use crate::matching::put::stands_at;
use crate::matching::views::spelling::cut::floor;

/// Longest name, in bytes.
const NAME_BYTES_MAX: usize = 120;

/// Shortest number of a person, in bytes.
const NUMBER_BYTES_MIN: usize = 4;

/// What the value of a key names, in a record that is a person's, and where.
pub fn value_of(text: &str, key: &Key, value: &Range<usize>) -> Option<Named> {
    let value = match key.sort {
        // It has blanks, wherever another value would end.
        Sort::Phone => phone(&text[value.start..]),
        // In a line of assignments others follow.
        Sort::Number => trimmed(&text[value.clone()]).split(' ').next().expect("one at least"),
        _ => trimmed(&text[value.clone()]),
    };
    let range = range_of(text, value);
    if value.is_empty() || stands_at(text, range.start) {
        return None;
    }
    if let Some(id) = id(value) {
        let is_id = !matches!(key.sort, Sort::Name | Sort::Label | Sort::Part(_));
        return is_id.then_some((id, range));
    }
    let by = |speaks| {
        let named = named_by(value, speaks)?;
        // An address in a sentence is told by itself.
        let is_whole = !value.contains('@') || !value.contains(char::is_whitespace);
        is_whole.then_some(named)
    };
    let named = match key.sort {
        Sort::Role if !key.surely => by(Speaks::Perhaps),
        Sort::Address => by(Speaks::Perhaps),
        Sort::Mail | Sort::Alias | Sort::Role => by(Speaks::Surely),
        Sort::Id if key.surely => by(Speaks::Surely),
        Sort::ObjectId | Sort::Puid | Sort::Id => None,
        Sort::Number => {
            is_number(value).then(|| identifier(IdentityType::ControllerCustomerId, value))
        }
        Sort::Phone => {
            is_anyones(value).then(|| identifier(IdentityType::ControllerCustomerId, value))
        }
        Sort::Name => is_name(value).then(|| identifier(IdentityType::Name, value)),
        Sort::Label => by(Speaks::Perhaps).filter(|found| found.kind == IdentityType::Name),
        Sort::Part(_) => is_part(value).then(|| identifier(IdentityType::Name, value)),
    };
    named.map(|named| (named, range))
}

/// Whether a value is a name of two words or more that somebody may have written small.
pub fn is_written_small(value: &str) -> bool {
    let words = || value.split([' ', ',']).filter(|word| !word.is_empty());
    (2..=4).contains(&words().count()) && words().all(|word| word.len() > 1) && is_part(value)
}

/// Where a part of a text stands in it.
pub fn range_of(text: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - text.as_ptr() as usize;
    start..start + part.len()
}

/// An object id or a passport id, by its form.
pub fn id(value: &str) -> Option<Identifier> {
    let digits = value.trim_matches(['{', '}']);
    let is_puid = || {
        let bare = value.rsplit(':').next().unwrap_or_default();
        is_hexadecimal(bare, 16) && bare.bytes().all(|byte| byte != b'-')
    };
    let is_id = is_hexadecimal(digits, 32) || is_puid();
    is_id.then(|| named_by(value, Speaks::Perhaps))?
}

/// Whether a key that says so is followed by a name, however it is written.
fn is_name(value: &str) -> bool {
    let lower = value.to_lowercase();
    let is_whole = full_name(value) || value.contains(' ');
    is_whole && is_part(value) && !SERVICES.contains(&lower.as_str())
}

fn is_part(value: &str) -> bool {
    value.len() <= NAME_BYTES_MAX
        && value.chars().filter(|c| c.is_alphabetic()).count() >= 2
        && value.chars().all(|c| {
            c.is_alphabetic()
                || c.is_whitespace()
                || unicode_normalization::char::is_combining_mark(c)
                || matches!(c, '.' | ',' | '\'' | '’' | '-' | '・')
        })
}

fn is_number(value: &str) -> bool {
    value.len() >= NUMBER_BYTES_MIN
        && value.len() <= NAME_BYTES_MAX
        && value.bytes().filter(u8::is_ascii_digit).count() >= 3
        && is_anyones(value)
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// Whether a number stands for anybody: zeros stand where there is none.
fn is_anyones(number: &str) -> bool {
    number.bytes().any(|byte| byte.is_ascii_alphanumeric() && byte != b'0')
}

/// The number of a telephone that a text begins with; nothing if it is none.
fn phone(text: &str) -> &str {
    const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;
    const BYTES_MAX: usize = 40;
    let text = text[..floor(text, BYTES_MAX)].trim_start_matches([' ', '\t', '"', '\'']);
    let is_such = |c: char| c.is_ascii_digit() || matches!(c, '+' | ' ' | '-' | '(' | ')' | '/');
    let end = text.find(|c| !is_such(c)).unwrap_or(text.len());
    let number = text[..end].trim_end_matches([' ', '-', '(', '/']);
    let rest = &text[number.len()..];
    let is_whole = !rest.starts_with(|c: char| c.is_alphanumeric() || c == '.');
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    if is_whole && DIGITS.contains(&digits) { number } else { &text[..0] }
}

/// A number of a person that nothing but its form tells: of a telephone, with the code of its
/// country, or of a passport.
pub fn number_by_form(value: &str) -> Option<Identifier> {
    let is_such = is_phone_abroad(value) || is_passport(value);
    is_such.then(|| identifier(IdentityType::ControllerCustomerId, value))
}

fn is_phone_abroad(value: &str) -> bool {
    const DIGITS_MIN: usize = 9;
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    value.starts_with('+') && digits >= DIGITS_MIN && is_anyones(value) && phone(value) == value
}

/// Whether a value has the form of a passport's number: eight or nine capitals and digits of which
/// most are digits. No word is among them, as there is in what tickets and machines are called by.
pub fn is_passport(value: &str) -> bool {
    const DIGITS_MIN: usize = 6;
    let bytes = value.as_bytes();
    let is_letter = |byte: &u8| byte.is_ascii_uppercase();
    (8..=9).contains(&bytes.len())
        && bytes.first().is_some_and(is_letter)
        && bytes.iter().all(|byte| is_letter(byte) || byte.is_ascii_digit())
        && bytes.iter().filter(|byte| byte.is_ascii_digit()).count() >= DIGITS_MIN
        && is_anyones(&value[1..])
        && !bytes.windows(3).any(|three| three.iter().all(is_letter))
}

/// Whether a cell without a head is an alias that stands beside the address that spells it.
pub fn is_alias_of(value: &str, local: &str) -> bool {
    may_be_alias(value) && value.eq_ignore_ascii_case(local)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_their_form_tells() {
        for value in ["+49 30 1234567", "+4930123456789", "+81-3-1234-5678", "C01X00T47"] {
            assert!(number_by_form(value).is_some(), "{value}");
        }
        assert!(number_by_form("TK1234567").is_some());
        for value in [
            "",
            "+12345",
            "+0.12345678",
            "+00000000000",
            "12345678",
            "2026-11-03",
            "NC24",
            "V100",
            "JOB123456",
            "RTX309012",
            "c01x00t47",
            "A0000000",
            "INC1234567",
            "+49 30 1234567 x",
            "1.2.3.4",
            "ABCDEFGH",
            "éC01X00T",
        ] {
            assert!(number_by_form(value).is_none(), "{value}");
        }
    }
}
