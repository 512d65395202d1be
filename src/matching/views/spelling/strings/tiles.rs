//! Strings one behind the other, each with its sign and length before it, where those happen to be
//! letters: CBOR, UBJSON, Smile, protobuf, Avro, lengths of one byte.
//!
//! One letter may be the length of a string by chance. A row of them that ends exactly where the
//! text ends is none.

use std::ops::Range;

use crate::matching::views::spelling::strings::runs::is_text;

/// Bytes before a text in which its header may begin.
const HEADER_BYTES_MAX: usize = 10;

/// Shorter strings hold no identity.
const STRING_BYTES_MIN: usize = 3;

/// Texts that are one such string each, if they are most of all texts.
const ALONE_MIN: usize = 3;

/// Headers of what holds strings in a row.
const OUTER_MAX: usize = 4;

/// A header and a string.
const TEXT_BYTES_MIN: usize = STRING_BYTES_MIN + 1;

/// Longer texts are no row of short strings.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// The width of a header and the length of the string behind it.
type Header = (usize, usize);

/// A form in which strings stand in a row.
struct Form {
    header: fn(&[u8]) -> Option<Header>,
    /// How much must fit, one behind the other.
    strings_min: usize,
    /// Whether what holds strings has its length before it.
    nests: bool,
}

const FORMS: [Form; 6] = [
    // One letter in three of a text may be such a header.
    Form { header: cbor, strings_min: 3, nests: false },
    Form { header: smile, strings_min: 3, nests: false },
    Form { header: ubjson, strings_min: 2, nests: false },
    Form { header: protobuf, strings_min: 2, nests: true },
    Form { header: avro, strings_min: 2, nests: false },
    Form { header: varint, strings_min: 2, nests: false },
];

/// Strings of rows, each with text before or behind it; `ends` is where something else is known to
/// end, in order.
pub fn fields(bytes: &[u8], runs: &[Range<usize>], ends: &[usize]) -> Vec<Range<usize>> {
    let is_row = |run: &&Range<usize>| (TEXT_BYTES_MIN..=TEXT_BYTES_MAX).contains(&run.len());
    let runs: Vec<&Range<usize>> = runs.iter().filter(is_row).collect();
    let mut fields = Vec::new();
    for form in &FORMS {
        let mut alone = Vec::new();
        for run in &runs {
            let row = Row { bytes, form, end: run.end, ends };
            for (start, needed) in form.starts(bytes, run) {
                let Some((strings, count)) = row.strings(start) else { continue };
                if count >= needed {
                    fields.extend(strings);
                } else if start == run.start {
                    alone.extend(strings);
                }
            }
        }
        // One alone fits by chance, but not one behind the other.
        if alone.len() >= ALONE_MIN && alone.len() * 2 >= runs.len() {
            fields.extend(alone);
        }
    }
    fields
}

impl Form {
    /// Where a row may begin, and how much must fit: at the text or with a header shortly before
    /// it, within something that has a header of its own, or behind one letter that is the head of
    /// a list.
    fn starts(&self, bytes: &[u8], run: &Range<usize>) -> Vec<(usize, usize)> {
        let before = run.start.saturating_sub(HEADER_BYTES_MAX)..run.start;
        let is_header = |at: &usize| {
            let header = (self.header)(&bytes[*at..]);
            header.is_some_and(|(width, len)| len > 0 && at + width >= run.start)
        };
        let is_list = run.start > 0 && matches!(bytes[run.start - 1], 0x81..=0xbf);
        let least = if is_list { 2 } else { self.strings_min };
        // A sign with its length behind it is no letter that happens to be one.
        let needed = |at: usize| match (self.header)(&bytes[at..]) {
            Some((2.., _)) => self.strings_min.min(2),
            _ => self.strings_min,
        };
        let mut starts: Vec<_> = before.filter(is_header).map(|at| (at, needed(at))).collect();
        starts.push((run.start, least));
        if self.nests
            && let Some((width, _)) = (self.header)(&bytes[run.clone()])
        {
            starts.push((run.start + width, self.strings_min));
        }
        // White space may be a sign or a number as well.
        let more = usize::from(!bytes[run.start].is_ascii_whitespace());
        starts.push((run.start + 1, self.strings_min + more));
        starts
    }
}

struct Row<'a> {
    bytes: &'a [u8],
    form: &'a Form,
    /// Where the text ends.
    end: usize,
    ends: &'a [usize],
}

impl Row<'_> {
    /// The strings of a row that begins here and ends with the text, and how much of it fits.
    fn strings(&self, start: usize) -> Option<(Vec<Range<usize>>, usize)> {
        let mut strings: Vec<Range<usize>> = Vec::new();
        let (mut at, mut outer) = (start, 0);
        while !self.is_end(at, start) {
            let (width, len) = (self.form.header)(self.bytes.get(at..)?)?;
            let string = at + width..at + width + len;
            if string.start > self.end && !strings.is_empty() {
                // The next header is no text: here ends what has to be told apart.
                break;
            }
            if string.end > self.end {
                // Something that holds others.
                outer += 1;
                if !self.form.nests || outer > OUTER_MAX {
                    return None;
                }
                at = string.start;
                continue;
            }
            at = string.end;
            strings.push(string);
        }
        let is_told = strings.iter().any(|string| string.len() >= STRING_BYTES_MIN);
        let count = strings.iter().filter(|string| !string.is_empty()).count();
        is_told.then_some((strings, count + usize::from(self.goes_on(at))))
    }

    /// Whether another string of the form stands here, beyond the text.
    fn goes_on(&self, at: usize) -> bool {
        let Some((width, len)) = self.bytes.get(at..).and_then(self.form.header) else {
            return false;
        };
        let text = self.bytes.get(at + width..at + width + len).unwrap_or_default();
        at + width > self.end
            && len >= STRING_BYTES_MIN
            && text.iter().all(|byte| is_text(*byte))
            && !text.is_empty()
    }

    fn is_end(&self, at: usize, start: usize) -> bool {
        at == self.end || self.ends.binary_search(&at).is_ok() || self.is_end_of_outer(at, start)
    }

    /// Whether something that holds the row, with its length before it, ends here.
    fn is_end_of_outer(&self, at: usize, start: usize) -> bool {
        let before = &self.bytes[..start];
        self.form.nests
            && at > start
            && match before {
                [.., low, high] if *low >= 0x80 && (1..0x80).contains(high) => {
                    start + (usize::from(low & 0x7f) | usize::from(*high) << 7) == at
                }
                [.., tag, len] => {
                    (!is_text(*len) || tag & 7 == 2) && start + usize::from(*len) == at
                }
                _ => false,
            }
    }
}

fn cbor(bytes: &[u8]) -> Option<Header> {
    match bytes {
        [head @ 0x60..=0x77, ..] => Some((1, usize::from(head - 0x60))),
        [head @ 0x40..=0x57, ..] => Some((1, usize::from(head - 0x40))),
        [0x78 | 0x58, len, ..] => Some((2, usize::from(*len))),
        [0x79 | 0x59, high, low, ..] => Some((3, big(&[*high, *low])?)),
        _ => None,
    }
}

fn ubjson(bytes: &[u8]) -> Option<Header> {
    // Closing signs, and one character.
    let passed = bytes.iter().take_while(|byte| b"{}[]TFZN".contains(byte)).count();
    let (sign, rest) = match &bytes[passed..] {
        [b'C', _, ..] => return Some((passed + 2, 0)),
        [b'S' | b'H', rest @ ..] => (1, rest),
        rest => (0, rest),
    };
    let width = match rest.first() {
        Some(b'i' | b'U') => 1,
        Some(b'I') => 2,
        Some(b'l') => 4,
        Some(b'L') => 8,
        _ => return (passed > 0).then_some((passed, 0)),
    };
    let rest = &rest[1..];
    Some((passed + sign + 1 + width, big(rest.get(..width)?)?))
}

fn protobuf(bytes: &[u8]) -> Option<Header> {
    let [tag, rest @ ..] = bytes else { return None };
    let is_field = tag & 7 == 2 && *tag >= 0x0a;
    let more = usize::from(is_field && *tag >= 0x80);
    if more == 1 && !matches!(rest.first(), Some(1..=0x7f)) {
        return None;
    }
    let (width, len) = varint(rest.get(more..)?)?;
    is_field.then_some((1 + more + width, len))
}

fn smile(bytes: &[u8]) -> Option<Header> {
    match bytes {
        [head @ 0x40..=0x5f, ..] => Some((1, usize::from(head - 0x40) + 1)),
        [head @ 0x60..=0x7f, ..] => Some((1, usize::from(head - 0x60) + 33)),
        [head @ 0x80..=0xbf, ..] => Some((1, usize::from(head - 0x80) + 1)),
        _ => None,
    }
}

/// Zigzag: twice the length.
fn avro(bytes: &[u8]) -> Option<Header> {
    varint(bytes).filter(|(_, len)| len % 2 == 0).map(|(width, len)| (width, len / 2))
}

fn varint(bytes: &[u8]) -> Option<Header> {
    match bytes {
        [len @ ..0x80, ..] => Some((1, usize::from(*len))),
        [low, high @ 1..0x80, ..] => Some((2, usize::from(low & 0x7f) | usize::from(*high) << 7)),
        _ => None,
    }
}

fn big(bytes: &[u8]) -> Option<usize> {
    let value = bytes.iter().fold(0u64, |all, byte| all << 8 | u64::from(*byte));
    usize::try_from(value).ok().filter(|value| *value < 1 << 30)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::views::spelling::strings::runs::runs;

    #[test]
    fn rows_of_strings_are_cut_apart() {
        let mail = "mosei@fab.example";
        let long = "mira.osei-lindqvist@nordlicht.example";
        for bytes in [
            [b"\xa3crun\x07bbyq", mail.as_bytes(), b"ax\x82"].concat(),
            [b"{U\x05ownerSU\x11", mail.as_bytes(), b"SU\x03bob]}"].concat(),
            [b"{U\x05ownerSU%", long.as_bytes(), b"SU\x03bobCz]U\x05other}"].concat(),
            [b"\x2a\x5a\x0a\x04keysJ%", long.as_bytes(), b"J%", &[b'x'; 37]].concat(),
            [b"\0\0\0\0\x01J", long.as_bytes(), b"\x0aclerk"].concat(),
            [b"\x01\x02%", long.as_bytes(), b"\x05clerk"].concat(),
        ] {
            let fields = fields(&bytes, &runs(&bytes), &[]);
            let is_told = |field: &Range<usize>| {
                [mail, long].iter().any(|text| *text.as_bytes() == bytes[field.clone()])
            };
            assert!(fields.iter().any(is_told), "{}", String::from_utf8_lossy(&bytes));
        }
        let text = b"\0joann@contoso.com signed in\0";
        assert!(fields(text, &runs(text), &[]).is_empty());
    }
}
