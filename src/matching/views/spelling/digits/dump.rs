//! Dumps of bytes as `xxd`, `hexdump -C` and `od` write them, and lists of bytes as numbers.
//!
//! A line of a dump has an offset, some bytes in hexadecimal, and often the same as text; lists are
//! such as sources and JSON have them. An occurrence may stand over two lines.

use std::ops::Range;

use memchr::memmem;

use crate::matching::views::spelling::digits::openings::is_promising;
use crate::matching::work;

/// Digits of the offset that the first line has: six to eight.
const ZEROS: &[u8] = b"000000";

/// Digits of the offset where words of two bytes have the low byte first.
const SWAPPED_DIGITS: usize = 7;

/// The longest number, with the line break and the indent before it.
const NUMBER_BYTES_MAX: usize = 80;

/// The longest line of a dump.
const LINE_BYTES_MAX: usize = 200;

/// Numbers that are a list of bytes.
const NUMBERS_MIN: usize = 6;

/// Bytes of a dump that are read.
const DUMP_BYTES_MAX: usize = 1 << 20;

/// What stands in or before lists of bytes.
pub const SIGNS: &[&[u8]] = &[b", 0x", b"\"Buffer\"", b" 40 ", b":40:", b" 20 ", b":20:"];

/// Pairs of digits in a row that are bytes, and no numbers.
const PAIRS_MIN: usize = 8;

/// Every dump in a text, with what it spells; `lists`: where lists have their signs.
pub fn dumps(bytes: &[u8], lists: &[Range<usize>], found: &mut dyn FnMut(Range<usize>, Vec<u8>)) {
    let mut from = 0;
    for at in lists.iter().map(|sign| sign.start) {
        if matches!(bytes[at], b' ' | b':') {
            if at >= from
                && let Some(range) = pairs(bytes, at)
            {
                // Whatever it spells, it is looked at once.
                from = range.end;
                if let Some(spelled) = spelled(bytes, range.clone()) {
                    found(range, spelled);
                }
            }
            continue;
        }
        let start = match bytes[at] {
            b',' => at.checked_sub(4).filter(|start| *start >= from),
            _ => bytes.get(at..at + 32).and_then(|near| Some(at + memchr::memchr(b'[', near)? + 1)),
        };
        if let Some((range, spelled)) = start.and_then(|start| numbers(bytes, start)) {
            from = range.end;
            found(range, spelled);
        }
    }
    let mut from = 0;
    for at in memmem::find_iter(bytes, ZEROS) {
        if at < from || at > 0 && bytes[at - 1] != b'\n' && bytes[at - 1] != b' ' {
            continue;
        }
        let (mut end, mut spelled) = (at, Vec::new());
        while end < bytes.len() {
            let rest = &bytes[end..bytes.len().min(end + LINE_BYTES_MAX)];
            let line = &rest[..memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1)];
            let Some(more) = line_of(line.trim_ascii()) else { break };
            let is_last = more.is_empty() || spelled.len() > DUMP_BYTES_MAX;
            spelled.extend(more);
            end += line.len();
            if is_last {
                break;
            }
        }
        if !spelled.is_empty() {
            found(at..end, spelled);
            from = end;
        }
    }
}

/// The pairs of digits around the sign between two of them: `6d 69 72`, `6D:69:72`.
fn pairs(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let sign = bytes[at];
    let is_pair =
        |at: usize| bytes.get(at..at + 2).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
    let mut start = at.checked_sub(2).filter(|start| is_pair(*start))?;
    while let Some(before) = start.checked_sub(3)
        && bytes[before + 2] == sign
        && is_pair(before)
        && at - start < DUMP_BYTES_MAX
    {
        start = before;
    }
    let mut end = start + 2;
    while bytes.get(end) == Some(&sign) && is_pair(end + 1) && end - start < 3 * DUMP_BYTES_MAX {
        end += 3;
    }
    work::charge(end - start);
    Some(start..end)
}

/// The bytes that pairs of digits spell, if they are no part of something else.
fn spelled(bytes: &[u8], pairs: Range<usize>) -> Option<Vec<u8>> {
    let Range { start, end } = pairs;
    // A line of a dump has an offset before its bytes, and two blanks in their midst.
    let before = bytes[..start].trim_ascii_end();
    let digits = before.iter().rev().take(9).take_while(|byte| byte.is_ascii_alphanumeric());
    let digits = &before[before.len() - digits.count()..];
    let is_dump = digits.iter().all(u8::is_ascii_hexdigit) && matches!(digits.len(), 2 | 6..);
    let is_word = |at: Option<&u8>| at.is_some_and(u8::is_ascii_alphanumeric);
    let adjoins = before.len() == start && !digits.is_empty() || is_word(bytes.get(end));
    if is_dump || adjoins || (end - start + 1) / 3 < PAIRS_MIN {
        return None;
    }
    let digits = bytes[start..end].chunks(3).flat_map(|pair| &pair[..2]).copied();
    let spelled = hex::decode(digits.collect::<Vec<u8>>()).ok()?;
    is_promising(&spelled).then_some(spelled)
}

/// The bytes that numbers spell, with commas between them.
fn numbers(bytes: &[u8], start: usize) -> Option<(Range<usize>, Vec<u8>)> {
    let (mut end, mut spelled) = (start, Vec::new());
    while spelled.len() < DUMP_BYTES_MAX {
        let rest = &bytes[end..bytes.len().min(end + NUMBER_BYTES_MAX)];
        let before = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let digits = rest[before..].iter().take_while(|byte| byte.is_ascii_alphanumeric());
        let word = &rest[before..before + digits.count()];
        let text = std::str::from_utf8(word).ok()?;
        let value = match text.strip_prefix("0x") {
            Some(digits) => u8::from_str_radix(digits, 16),
            None => text.parse(),
        };
        let Ok(value) = value else { break };
        spelled.push(value);
        end += before + word.len();
        let gap = bytes[end..].iter().take(2).take_while(|byte| byte.is_ascii_whitespace()).count();
        if bytes.get(end + gap) != Some(&b',') {
            break;
        }
        end += gap + 1;
    }
    (spelled.len() >= NUMBERS_MIN).then_some((start..end, spelled))
}

/// The bytes of one line; `None` if it is none of a dump.
fn line_of(line: &[u8]) -> Option<Vec<u8>> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    if digits < ZEROS.len() {
        return None;
    }
    let rest = &line[digits..];
    let rest = rest.strip_prefix(b":").unwrap_or(rest);
    let mut bytes = Vec::new();
    let mut gap = 0;
    for word in rest.split(|byte| *byte == b' ') {
        // Two spaces in the midst or before the text; three before it in a last line.
        gap = if word.is_empty() { gap + 1 } else { 0 };
        let decoded = hex::decode(word).map(|mut more| {
            if digits == SWAPPED_DIGITS && more.len() == 2 {
                more.reverse();
            }
            more
        });
        match decoded {
            Ok(more) if bytes.len() + more.len() <= 32 && gap < 3 => bytes.extend(more),
            _ => break,
        }
        if bytes.len() == 16 {
            break;
        }
    }
    (!rest.is_empty() || digits >= ZEROS.len()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::blocks::few::Few;

    #[test]
    fn lists_of_numbers_are_read() {
        for text in [
            "unsigned char x[] = {\n  0x6d, 0x69, 0x72, 0x61, 0x20, 0x6f,\n  0x73, 0x65, 0x69\n};",
            "{\"type\":\"Buffer\",\"data\":[109,105,114,97,32,111,115,101,105]}",
            "id 6d 69 72 61 20 6f 73 65 69\n",
            "6D:69:72:61:20:6F:73:65:69",
        ] {
            let mut all = Vec::new();
            let lists = Few::new(SIGNS).all(text.as_bytes());
            dumps(text.as_bytes(), &lists, &mut |_, bytes| all.push(bytes));
            assert_eq!(all, [b"mira osei"], "{text}");
        }
    }

    #[test]
    fn pairs_are_looked_at_once() {
        let noise = "ff 20 ".repeat(DUMP_BYTES_MAX / 3);
        let lists = Few::new(SIGNS).all(noise.as_bytes());
        let before = work::done();
        dumps(noise.as_bytes(), &lists, &mut |_, _| {});
        let looked_at = work::done() - before;
        assert!(lists.len() > DUMP_BYTES_MAX / 4 && looked_at <= 4 * noise.len() as u64);
    }

    #[test]
    fn dumps_are_read_over_lines() {
        let text = "by mira.osei@nordlicht.example";
        for (head, dump) in [
            (
                "$ xxd x\n",
                concat!(
                    "00000000: 6279 206d 6972 612e 6f73 6569 406e 6f72  by mira.osei@nor\n",
                    "00000010: 646c 6963 6874 2e65 7861 6d70 6c65       dlicht.example\n",
                ),
            ),
            (
                "",
                concat!(
                    "00000000  62 79 20 6d 69 72 61 2e  6f 73 65 69 40 6e 6f 72 ",
                    " |by mira.osei@nor|\n",
                    "00000010  64 6c 69 63 68 74 2e 65  78 61 6d 70 6c 65       ",
                    " |dlicht.example|\n",
                    "0000001e\n",
                ),
            ),
            (
                "x\n",
                concat!(
                    "0000000 62 79 20 6d 69 72 61 2e 6f 73 65 69 40 6e 6f 72\n",
                    "0000020 64 6c 69 63 68 74 2e 65 78 61 6d 70 6c 65\n",
                    "0000036\n",
                ),
            ),
        ] {
            let mut all = Vec::new();
            dumps(format!("{head}{dump}done\n").as_bytes(), &[], &mut |_, bytes| all.push(bytes));
            assert_eq!(all, [text.as_bytes()], "{dump}");
        }
    }
}
