//! Dumps of bytes as `xxd`, `hexdump -C` and `od` write them, and pairs of digits in a row.
//!
//! A line of a dump has an offset, some bytes in hexadecimal, and often the same as text. An
//! occurrence may stand over two lines.

use std::ops::Range;

use crate::matching::views::spelling::digits::openings::is_promising;
use crate::matching::work;

/// Digits of the offset that the first line has: six to eight.
const ZEROS: &[u8] = b"000000";

/// Where dumps may begin.
pub const OFFSETS: &[&[u8]] = &[ZEROS];

/// Digits of the offset where words of two bytes have the low byte first.
const SWAPPED_DIGITS: usize = 7;

/// The longest line of a dump.
const LINE_BYTES_MAX: usize = 200;

/// Bytes of a dump that are read.
const DUMP_BYTES_MAX: usize = 1 << 20;

/// What stands in rows of pairs.
pub const SIGNS: &[&[u8]] = &[b" 40 ", b":40:", b",40,", b" 20 ", b":20:"];

/// Pairs of digits in a row that are bytes, and no numbers.
const PAIRS_MIN: usize = 8;

/// Every dump in a text, with what it spells; `rows`: where rows of pairs have their signs;
/// `offsets`: where the first line of one may begin.
pub fn dumps(
    bytes: &[u8],
    rows: &[Range<usize>],
    offsets: &[Range<usize>],
    found: &mut dyn FnMut(Range<usize>, Vec<u8>),
) {
    let mut from = 0;
    for at in rows.iter().map(|sign| sign.start) {
        if at >= from
            && let Some(range) = pairs(bytes, at)
        {
            // Whatever it spells, it is looked at once.
            from = range.end;
            if let Some(spelled) = spelled(bytes, range.clone()) {
                found(range, spelled);
            }
        }
    }
    let mut from = 0;
    for at in offsets.iter().map(|offset| offset.start) {
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

/// The pairs of digits around the sign between two of them: `6d 69 72`, `6D:69:72`. A row with
/// commas may go on behind a backslash at the end of a line, as files of the registry have it.
fn pairs(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let sign = bytes[at];
    let is_pair =
        |at: usize| bytes.get(at..at + 2).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
    let mut start = at.checked_sub(2).filter(|start| is_pair(*start))?;
    while let Some(before) = end_before(&bytes[..start], sign).and_then(|end| end.checked_sub(2))
        && is_pair(before)
        && at - start < DUMP_BYTES_MAX
    {
        start = before;
    }
    let mut end = start + 2;
    while let Some(next) = start_behind(bytes, end, sign)
        && is_pair(next)
        && end - start < 3 * DUMP_BYTES_MAX
    {
        end = next + 2;
    }
    work::charge(end - start);
    Some(start..end)
}

/// Where the pair ends that stands before this one.
fn end_before(before: &[u8], sign: u8) -> Option<usize> {
    if let Some(rest) = before.strip_suffix(&[sign]) {
        return Some(rest.len());
    }
    let line = &before[before.len().saturating_sub(INDENT_BYTES_MAX)..];
    let broken = line.trim_ascii_end().strip_suffix(b",\\").filter(|_| sign == b',')?;
    Some(before.len() - line.len() + broken.len())
}

/// Where the pair begins that stands behind this one.
fn start_behind(bytes: &[u8], end: usize, sign: u8) -> Option<usize> {
    let rest = bytes[end..].strip_prefix(&[sign])?;
    let line = &rest[..rest.len().min(INDENT_BYTES_MAX)];
    let Some(next) = line.strip_prefix(b"\\").filter(|_| sign == b',') else {
        return Some(end + 1);
    };
    Some(end + 2 + next.len() - next.trim_ascii_start().len())
}

/// The end of a line and the indent of the next.
const INDENT_BYTES_MAX: usize = 16;

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
    let digits = bytes[start..end].iter().filter(|byte| byte.is_ascii_hexdigit()).copied();
    let digits: Vec<u8> = digits.collect();
    if is_dump || adjoins || digits.len() < 2 * PAIRS_MIN {
        return None;
    }
    let spelled = hex::decode(digits).ok()?;
    is_promising(&spelled).then_some(spelled)
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
    fn rows_of_pairs_are_read() {
        for (text, expected) in [
            ("id 6d 69 72 61 20 6f 73 65 69\n", "mira osei"),
            ("6D:69:72:61:20:6F:73:65:69", "mira osei"),
            ("\"x\"=hex:6d,69,72,61,40,6f,73,65,69", "mira@osei"),
            ("\"x\"=hex:6d,69,72,\\\r\n  61,40,6f,\\\r\n  73,65,69\r\n", "mira@osei"),
        ] {
            let mut all = Vec::new();
            let lists = Few::new(SIGNS).all(text.as_bytes());
            dumps(text.as_bytes(), &lists, &[], &mut |_, bytes| all.push(bytes));
            assert_eq!(all, [expected.as_bytes()], "{text}");
        }
    }

    #[test]
    fn pairs_are_looked_at_once() {
        let noise = "ff 20 ".repeat(DUMP_BYTES_MAX / 3);
        let lists = Few::new(SIGNS).all(noise.as_bytes());
        let before = work::done();
        dumps(noise.as_bytes(), &lists, &[], &mut |_, _| {});
        let looked_at = work::done() - before;
        assert!(lists.len() > DUMP_BYTES_MAX / 4 && looked_at <= 4 * noise.len() as u64);
    }

    #[test]
    fn dumps_are_read_over_lines() {
        let expected = "by mira.osei@nordlicht.example";
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
            let text = format!("{head}{dump}done\n");
            let offsets = Few::new(OFFSETS).all(text.as_bytes());
            dumps(text.as_bytes(), &[], &offsets, &mut |_, bytes| all.push(bytes));
            assert_eq!(all, [expected.as_bytes()], "{dump}");
        }
    }
}
