//! Keys and values side by side in a binary, as pickles, `MessagePack`, CBOR, BSON and protobuf
//! have maps: `user` and behind it `mosei`.
//!
//! Between the two stands what says how long they are. Where a string is such a key, the one right
//! behind it is read as its value.

use std::collections::HashSet;
use std::ops::Range;

use memchr::{memchr, memchr_iter};

use crate::matching::keys::parts::part_of;
use crate::matching::keys::users::speaks_of_users;
use crate::matching::views::spelling::maps::java::fields;
use crate::matching::views::spelling::reading::Reading;
use crate::matching::views::spelling::strings::frames::{Frames, pickled_lines};

/// Bytes between a key and its value: lengths, and what a pickle remembers it by.
const GAP_BYTES_MAX: usize = 12;

/// The longest key.
const KEY_BYTES_MAX: usize = 40;

/// The shortest.
const KEY_BYTES_MIN: usize = 2;

/// Bytes between two keys of one record.
const RECORD_BYTES_MAX: usize = 300;

/// What keys and values say of people; `None` where there are none.
pub fn pairs(frames: &Frames<'_>) -> Option<Reading> {
    let bytes = frames.bytes;
    let lines = pickled_lines(bytes).into_iter();
    let lines = lines.filter_map(|at| Some(at..at + memchr(b'\n', &bytes[at..])?)).collect();
    let near = [frames.strings(), lines, headed(bytes), ended(bytes)];
    let near = near.map(|strings| (strings, GAP_BYTES_MAX)).into_iter();
    let objects = fields(bytes).into_iter().map(|fields| (fields, usize::MAX));
    let mut reading = Reading::default();
    for (strings, gap_max) in near.chain(objects) {
        let mut before: Option<(usize, HashSet<String>)> = None;
        for pair in strings.windows(2) {
            let [key, value] = pair else { continue };
            let Some((name, text)) = told(bytes, key, value, gap_max) else { continue };
            // Whatever is said again is said of somebody else.
            let goes_on = before
                .take()
                .filter(|(end, keys)| key.start < end + RECORD_BYTES_MAX && !keys.contains(&name));
            let parted = if goes_on.is_some() { "\n" } else { "\n\n" };
            // A field's name may stand far before it.
            let at = if gap_max > GAP_BYTES_MAX { value.start } else { key.start };
            reading.replace(&format!("{parted}{name}: "), at);
            reading.copy(text, value.start);
            let mut keys = goes_on.map_or_else(HashSet::new, |(_, keys)| keys);
            keys.insert(name);
            before = Some((value.end, keys));
        }
    }
    if reading.text.is_empty() {
        return None;
    }
    reading.replace("\n", bytes.len());
    Some(reading)
}

/// A key that speaks of people, and the text of its value.
fn told<'b>(
    bytes: &'b [u8],
    key: &Range<usize>,
    value: &Range<usize>,
    gap_max: usize,
) -> Option<(String, &'b str)> {
    let gap = value.start.checked_sub(key.end);
    if gap.is_none_or(|gap| gap > gap_max) || !(KEY_BYTES_MIN..=KEY_BYTES_MAX).contains(&key.len())
    {
        return None;
    }
    let name = &bytes[key.clone()];
    // Most strings are told by a byte to be no key.
    let may_be_word =
        |byte: &u8| byte.is_ascii_alphanumeric() || !byte.is_ascii() || b"_-. ".contains(byte);
    if !name.iter().all(may_be_word) {
        return None;
    }
    let name = std::str::from_utf8(name).ok()?.to_lowercase();
    let is_word = |c: char| c.is_alphanumeric() || "_-. ".contains(c);
    let speaks = || speaks_of_users(&name) || part_of(&name).is_some();
    if !name.chars().all(is_word) || !speaks() {
        return None;
    }
    let text = std::str::from_utf8(&bytes[value.clone()]).ok()?;
    Some((name, text))
}

/// Keys and values of which one byte says the kind and the length, however it reads: a key of four
/// bytes is headed by `d` in CBOR.
fn headed(bytes: &[u8]) -> Vec<Range<usize>> {
    let string = |at: usize| {
        let head = *bytes.get(at)?;
        let (start, len) = match head {
            0x60..=0x77 | 0xa0..=0xb7 => (at + 1, usize::from(head & 0x1f)),
            0x78 | 0xd9 => (at + 2, usize::from(*bytes.get(at + 1)?)),
            _ => return None,
        };
        let text = bytes.get(start..start + len)?;
        let is_text = len >= KEY_BYTES_MIN && !text.iter().any(u8::is_ascii_control);
        is_text.then_some(start..start + len)
    };
    let mut all = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let pair = string(at).and_then(|key| Some((string(key.end)?, key)));
        let Some((value, key)) =
            pair.filter(|(value, key)| told(bytes, key, value, GAP_BYTES_MAX).is_some())
        else {
            at += 1;
            continue;
        };
        at = value.end;
        all.extend([key, value]);
    }
    all
}

/// Keys and values of BSON: a byte for a string, a key that ends with a zero, and a string whose
/// length counts the zero behind it (bsonspec.org).
fn ended(bytes: &[u8]) -> Vec<Range<usize>> {
    const STRING: u8 = 0x02;
    let pair = |at: usize| {
        let head = &bytes[at + 1..bytes.len().min(at + 2 + KEY_BYTES_MAX)];
        let key = at + 1..at + 1 + memchr(0, head)?;
        let start = key.end + 5;
        let len = bytes.get(key.end + 1..start)?.try_into().ok().map(u32::from_le_bytes)?;
        let end = start + usize::try_from(len).ok()?.checked_sub(1)?;
        let is_string = bytes.get(end) == Some(&0) && !bytes[start..end].contains(&0);
        let pair = [key, start..end];
        (is_string && told(bytes, &pair[0], &pair[1], GAP_BYTES_MAX).is_some()).then_some(pair)
    };
    memchr_iter(STRING, bytes).filter_map(pair).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_behind_their_keys() {
        for (bytes, expected) in [
            (&b"\x80\x02}q\0X\x04\0\0\0userq\x01X\x05\0\0\0moseiq\x02s."[..], "\n\nuser: mosei\n"),
            (b"\x80\x04\x95\0}\x94\x8c\x04user\x94\x8c\x05mosei\x94s.", "\n\nuser: mosei\n"),
            (b"(dp0\nVuser\np1\nVmosei\np2\ns.", "\n\nuser: mosei\n"),
            (b"\x82\xa4user\xa5mosei\xa1n\x03", "\n\nuser: mosei\n"),
            (b"\xa2duseremoseian\x03", "\n\nuser: mosei\n"),
            (b"\x72\x0d\x0a\x04user\x12\x05mosei", "\n\nuser: mosei\n"),
            (b"\x82\xa5first\xa4Mira\xa4last\xa4Osei", "\n\nfirst: Mira\nlast: Osei\n"),
            (
                b"\x2a\0\0\0\x02first\0\x05\0\0\0Mira\0\x02last\0\x05\0\0\0Osei\0\0",
                "\n\nfirst: Mira\nlast: Osei\n",
            ),
        ] {
            let text = pairs(&Frames::new(bytes)).map(|reading| reading.text).unwrap_or_default();
            assert!(text.starts_with(expected), "{bytes:?}: {text:?}");
        }
        for bytes in [&b"\x82\xa5model\xa5mosei"[..], b"\xa4user", b"see the user mosei", b""] {
            assert!(pairs(&Frames::new(bytes)).is_none(), "{bytes:?}");
        }
    }
}
