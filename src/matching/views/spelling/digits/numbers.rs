//! Lists of numbers that are bytes, as sources, logs and JSON have them: `[109, 105]`,
//! `{0x6d,0x69}`, `(byte) 109, (byte) 105`, `109 105`, one in a line, with their places before
//! them.
//!
//! Between two numbers stands the same each time, white space aside; `[0] => 109` and `"0":109`
//! have a place before each, and two such gaps that take turns.

use std::ops::Range;

use crate::matching::blocks::bits;
use crate::matching::views::spelling::digits::openings::is_promising;
use crate::matching::work;

/// Numbers that are a list.
const NUMBERS_MIN: usize = 6;

/// Bytes between two numbers, line breaks and indents among them.
const GAP_BYTES_MAX: usize = 48;

/// Digits of a number, or of a place.
const DIGITS_MAX: usize = 7;

/// Numbers of a list that are read.
const NUMBERS_MAX: usize = 1 << 20;

/// Bytes behind a sign in which a list begins.
const BEHIND_BYTES: usize = 16;

/// Bytes before a sign that stands behind the first number.
const BEFORE_BYTES: usize = 8;

/// What stands in or before lists that have more than digits and white space.
pub const SIGNS: &[&[u8]] = &[b", 0x", b",0x", b"(byte)", b"[0] =", b"\"0\":"];

/// The shortest stretch of digits, commas, minuses and white space that may be a list.
pub const STRETCH_BYTES_MIN: usize = 16;

/// Of so many bytes of a stretch one is a digit at least; most have deep indents.
const DIGIT_IN: usize = 8;

/// Whether a byte may be of such a stretch.
pub fn may_be_listed(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b',' | b'-' | b' ' | b'\t' | b'\n' | b'\r')
}

/// Every list of numbers, with what it spells; `listed`: for each byte whether it may be of a list,
/// `digits`: whether it is a digit, and `signs`: where lists have theirs.
pub fn lists(
    bytes: &[u8],
    listed: &[u64],
    digits: &[u64],
    signs: &[Range<usize>],
    found: &mut dyn FnMut(Range<usize>, Vec<u8>),
) {
    let long = bits::runs(listed, STRETCH_BYTES_MIN);
    let mut done = 0;
    while let Some(start) = bits::next_set(&long, done) {
        done = bits::next_clear(listed, start).unwrap_or(bytes.len()).min(bytes.len());
        if bits::count(digits, start..done) * DIGIT_IN >= done - start
            && has_bytes(&bytes[start..done])
        {
            lists_in(bytes, start..done, found);
        }
    }
    let mut from = 0;
    for sign in signs {
        let until = (sign.end + BEHIND_BYTES).min(bytes.len());
        let start = sign.start.saturating_sub(BEFORE_BYTES).max(from);
        from = from.max(lists_in(bytes, start..until, found));
    }
}

/// Whether numbers are such as bytes are: of two digits or three, but for zeros between them and
/// few others.
fn has_bytes(stretch: &[u8]) -> bool {
    let (mut digits, mut numbers, mut len) = (0, 0, 0);
    let mut last = 0;
    for byte in stretch.iter().chain([&b',']) {
        if byte.is_ascii_digit() {
            (len, last) = (len + 1, *byte);
            continue;
        }
        if len > 0 && (len, last) != (1, b'0') {
            (digits, numbers) = (digits + len, numbers + 1);
        }
        len = 0;
    }
    4 * digits >= 7 * numbers && digits <= 3 * numbers && numbers >= NUMBERS_MIN - 2
}

/// The lists that begin in this range; where the last of them ends.
fn lists_in(
    bytes: &[u8],
    range: Range<usize>,
    found: &mut dyn FnMut(Range<usize>, Vec<u8>),
) -> usize {
    let mut at = range.start;
    while let Some(first) = number(bytes, at, range.end) {
        let (numbers, next) = list(bytes, first);
        work::charge(next - at);
        at = next;
        let ends = numbers.first().zip(numbers.last()).map(|(one, last)| one.start..last.end);
        if let Some((range, spelled)) = ends.zip(spelled(bytes, &numbers)) {
            at = range.end;
            found(range, spelled);
        }
    }
    at
}

/// A number with where it stands, its sign and prefix among it.
struct Number {
    start: usize,
    end: usize,
    value: i64,
}

/// The next number that begins in `at..until`.
fn number(bytes: &[u8], mut at: usize, until: usize) -> Option<Number> {
    let until = until.min(bytes.len());
    while at < until {
        let is_first = bytes[at].is_ascii_digit();
        if !is_first || at > 0 && is_word(bytes[at - 1]) {
            at += 1;
            continue;
        }
        if let Some((end, value)) = value_at(bytes, at) {
            let is_negative =
                at > 0 && bytes[at - 1] == b'-' && !(at > 1 && is_word(bytes[at - 2]));
            let (start, sign) = if is_negative { (at - 1, -1) } else { (at, 1) };
            return Some(Number { start, end, value: sign * value });
        }
        at += 1;
    }
    None
}

/// The value of the number that begins here, and where it ends.
fn value_at(bytes: &[u8], at: usize) -> Option<(usize, i64)> {
    let count = |from: usize, is_digit: fn(&u8) -> bool| {
        let rest = bytes.get(from..).unwrap_or_default();
        rest.iter().take(DIGITS_MAX + 1).take_while(|byte| is_digit(byte)).count()
    };
    let parsed = |start: usize, end: usize, radix| {
        let digits = std::str::from_utf8(&bytes[start..end]).ok()?;
        i64::from_str_radix(digits, radix).ok()
    };
    let prefix = bytes.get(at..at + 2)?;
    let hexes = |from: usize| from + count(from, u8::is_ascii_hexdigit);
    if matches!(prefix, b"0x" | b"0X") {
        let end = hexes(at + 2);
        let is_whole = end > at + 2 && end <= at + 2 + DIGITS_MAX;
        return is_whole.then(|| Some((end, parsed(at + 2, end, 16)?))).flatten();
    }
    let end = at + count(at, u8::is_ascii_digit);
    (end > at && end <= at + DIGITS_MAX).then(|| Some((end, parsed(at, end, 10)?))).flatten()
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The numbers of the list that begins with this one, and where to look for the next.
fn list(bytes: &[u8], first: Number) -> (Vec<Number>, usize) {
    let mut all = vec![first];
    let mut gaps: Vec<Range<usize>> = Vec::new();
    let mut turns = false;
    while all.len() < NUMBERS_MAX {
        let last = all.len() - 1;
        let Some(next) = number(bytes, all[last].end, all[last].end + GAP_BYTES_MAX) else { break };
        let gap = all[last].end..next.start;
        let between = &bytes[gap.clone()];
        let is_like = |number: usize| is_same(&bytes[gaps[number].clone()], between);
        let goes_on = match last {
            // Of a date, a time, a fraction.
            0 => !matches!(between, b"." | b":" | b"-" | b"/" | b""),
            1 if is_like(0) => true,
            1 => {
                turns = next.value == all[0].value + 1;
                turns
            }
            _ if turns => is_like(last - 2) && (last % 2 == 0 || is_next(&all, &next)),
            _ => is_like(0),
        };
        if !goes_on {
            break;
        }
        if gaps.len() < 2 || turns {
            gaps.push(gap);
        }
        all.push(next);
    }
    let next = match all.len() {
        1 => all[0].end,
        len if len < NUMBERS_MIN => all[1].start.max(all[0].end),
        len => all[len - 1].start,
    };
    if turns {
        let mut number = 0;
        all.retain(|_| {
            number += 1;
            number % 2 == 0
        });
    }
    (all, next)
}

/// Whether a number is the place behind the last one, where places and values take turns.
fn is_next(all: &[Number], next: &Number) -> bool {
    next.value == all[all.len() - 2].value + 1
}

/// Whether two gaps are the same but for white space.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let is_sign = |byte: &&u8| !byte.is_ascii_whitespace();
    one.iter().filter(|byte| is_sign(byte)).eq(other.iter().filter(|byte| is_sign(byte)))
}

/// What numbers spell as bytes, if that may be text or something packed.
fn spelled(bytes: &[u8], numbers: &[Number]) -> Option<Vec<u8>> {
    if numbers.len() < NUMBERS_MIN || !numbers.iter().all(|one| (-128..256).contains(&one.value)) {
        return None;
    }
    let octal = |one: &Number| {
        let digits = std::str::from_utf8(&bytes[one.start..one.end]).ok()?;
        u8::from_str_radix(digits, 8).ok().filter(|_| digits.len() == 3)
    };
    let octal: Option<Vec<u8>> = numbers.iter().map(octal).collect();
    let octal = octal.filter(|bytes| is_promising(bytes));
    // Digits and signs of ASCII have a zero before them there.
    let is_led = |one: &Number| bytes[one.start] == b'0';
    let plain: Vec<u8> = numbers.iter().map(|one| one.value as u8).collect();
    if is_promising(&plain) && !(octal.is_some() && numbers.iter().any(is_led)) {
        return Some(plain);
    }
    octal
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::blocks::few::Few;
    use crate::matching::blocks::masks::{Set, masks};

    fn all(text: &str) -> Vec<String> {
        let bytes = text.as_bytes();
        let sets = [Set::new(may_be_listed), Set::new(|byte| byte.is_ascii_digit())];
        let [listed, digits] = masks(bytes, [&sets[0], &sets[1]]);
        let signs = Few::new(SIGNS).all(bytes);
        let mut all = Vec::new();
        lists(bytes, &listed, &digits, &signs, &mut |_, spelled| {
            all.push(String::from_utf8_lossy(&spelled).into_owned());
        });
        all
    }

    /// `mira osei`, each byte written in this way.
    fn listed(each: impl Fn(usize, u8) -> String, sign: &str) -> String {
        let numbers: Vec<_> = b"mira osei".iter().enumerate().map(|(at, b)| each(at, *b)).collect();
        numbers.join(sign)
    }

    #[test]
    fn lists_are_read_however_they_are_written() {
        let decimal = |_: usize, byte: u8| byte.to_string();
        for text in [
            format!("[{}]", listed(decimal, ",")),
            format!("see [{}] there", listed(decimal, ", ")),
            format!("{{\n  \"data\": [\n    {}\n  ]\n}}", listed(decimal, ",\n    ")),
            format!("got {}\n", listed(decimal, " ")),
            format!("- {}\n", listed(decimal, "\n- ")),
            format!("{}\n", listed(decimal, "\n")),
            format!("{{{}}}", listed(|_, byte| format!("(byte) {byte}"), ", ")),
            format!("{{{}}}", listed(|_, byte| format!("(byte)0x{byte:x}"), ", ")),
            format!("{{{}}}", listed(|_, byte| format!("0x{byte:02x}"), ",")),
            format!("Array\n(\n{})", listed(|at, byte| format!("    [{at}] => {byte}\n"), "")),
            format!("{{{}}}", listed(|at, byte| format!("\"{at}\":{byte}"), ",")),
            listed(|_, byte| format!("{byte:03o}"), " "),
            format!("[1, 2, 3], [{}], [255, 255]", listed(decimal, ", ")),
        ] {
            assert!(all(&text).contains(&"mira osei".to_owned()), "{text}: {:?}", all(&text));
        }
        assert_eq!(all("[-61, -92, 32, 109, 105, 114, 97, 32, 111]"), ["ä mira o"]);
    }

    #[test]
    fn other_numbers_are_none() {
        for text in [
            "2026-11-20 09:00:00,123 2026-11-20 09:00:00,124",
            "0.12 0.13 0.14 0.15 0.16 0.17 0.18 0.19",
            "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13",
            "1204, 1105, 1114, 1097, 1032, 1111",
            "192.168.100.101 192.168.100.102",
            "ptr 0x7ffe12345678 0x7ffe12345679",
            "",
            "109",
            "109,",
            "U+",
        ] {
            assert_eq!(all(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn numbers_are_looked_at_a_few_times() {
        for part in ["10, 11 12, 13 14 ", "100,101,10 ", "[0] => 1 [1] = 2 ", " 0x61, 0x62 0x63 "] {
            let text = part.repeat(40_000);
            let before = work::done();
            all(&text);
            assert!(work::done() - before <= 16 * text.len() as u64, "{part}");
        }
    }
}
