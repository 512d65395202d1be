//! Text of four bytes a character in the midst of a binary, as arrays of numpy have it: at any
//! offset, in both orders.
//!
//! Read the wrong way round or from the wrong place, three zeros between letters give nearly the
//! same letters: what is read of more characters is believed.

use std::ops::Range;

use memchr::memmem;

use crate::matching::views::spelling::reading::Reading;
use crate::matching::views::spelling::strings::fixed;
use crate::matching::views::spelling::strings::records::columns;
use crate::matching::views::spelling::strings::widths::widths;

/// Fewer characters are no name.
const RUN_CHARS_MIN: usize = 2;

const CHAR_BYTES: usize = 4;

/// Text of one order at one offset.
struct Run {
    bytes: Range<usize>,
    little: bool,
    /// Characters of ASCII: read from the wrong place, letters are of other scripts.
    ascii: usize,
}

impl Run {
    fn is_likelier(&self, other: &Self) -> bool {
        self.bytes.len() > other.bytes.len() && self.ascii >= other.ascii
    }
}

/// All such text, each stretch for itself, and each string of one width where they adjoin.
pub fn four_bytes_each(bytes: &[u8]) -> Option<Reading> {
    memmem::find(bytes, &[0; 2])?;
    let runs = likeliest(bytes);
    if runs.is_empty() {
        return None;
    }
    let mut reading = Reading::default();
    for run in runs.iter().chain(&adjoining(bytes, &runs)) {
        for at in run.bytes.clone().step_by(CHAR_BYTES) {
            let c = scalar(bytes, at, run.little).unwrap_or(char::REPLACEMENT_CHARACTER);
            reading.replace_char(c, at);
        }
        reading.replace_char(char::REPLACEMENT_CHARACTER, run.bytes.end);
    }
    Some(reading)
}

/// Runs of which none lies within a longer one.
fn likeliest(bytes: &[u8]) -> Vec<Run> {
    let mut runs: Vec<Run> = (0..CHAR_BYTES)
        .flat_map(|skip| [(skip, true), (skip, false)])
        .flat_map(|(skip, little)| runs_of(bytes, skip, little))
        .collect();
    runs.sort_by_key(|run| (run.bytes.start, run.bytes.end));
    let mut is_within = vec![false; runs.len()];
    // One for each offset and order, at most.
    let mut open: Vec<usize> = Vec::new();
    for (at, run) in runs.iter().enumerate() {
        open.retain(|other| runs[*other].bytes.end > run.bytes.start);
        for other in open.iter().copied() {
            let (one, two) = (&runs[other], run);
            if holds(&one.bytes, &two.bytes) || holds(&two.bytes, &one.bytes) {
                is_within[at] |= one.is_likelier(two);
                is_within[other] |= two.is_likelier(one);
            }
        }
        open.push(at);
    }
    let mut is_within = is_within.into_iter();
    runs.retain(|_| !is_within.next().unwrap_or_default());
    runs
}

/// Whether one lies within the other, but for less than a character.
fn holds(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    inner.start + CHAR_BYTES > outer.start && inner.end < outer.end + CHAR_BYTES
}

fn runs_of(bytes: &[u8], skip: usize, little: bool) -> Vec<Run> {
    let mut runs = Vec::new();
    let (mut from, mut at, mut ascii) = (skip, skip, 0);
    let run = |bytes: Range<usize>, ascii: usize| {
        (bytes.len() >= RUN_CHARS_MIN * CHAR_BYTES).then_some(Run { bytes, little, ascii })
    };
    for four in bytes.get(skip..).unwrap_or_default().as_chunks::<CHAR_BYTES>().0 {
        let value = if little { u32::from_le_bytes(*four) } else { u32::from_be_bytes(*four) };
        if !is_text(value) || from == at && value < u32::from(b' ') {
            runs.extend(run(from..at, ascii));
            (from, ascii) = (at + CHAR_BYTES, 0);
        } else {
            ascii += usize::from(value < 0x80);
        }
        at += CHAR_BYTES;
    }
    runs.extend(run(from..at, ascii));
    runs
}

fn is_text(value: u32) -> bool {
    // Most numbers are none by their size.
    (0x09..0x11_0000).contains(&value)
        && char::from_u32(value).is_some_and(|c| {
            !matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{fff0}'..='\u{ffff}')
                && (!c.is_control() || matches!(c, '\t' | '\n' | '\r'))
        })
}

fn scalar(bytes: &[u8], at: usize, little: bool) -> Option<char> {
    let four = *bytes.get(at..)?.first_chunk()?;
    char::from_u32(if little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) })
}

/// The strings of one width that adjoin others.
fn adjoining(bytes: &[u8], runs: &[Run]) -> Vec<Run> {
    let told = widths(bytes).wide;
    let mut all = Vec::new();
    for (skip, little) in (0..CHAR_BYTES).flat_map(|skip| [(skip, true), (skip, false)]) {
        let chars = runs
            .iter()
            .filter(|run| run.little == little && run.bytes.start % CHAR_BYTES == skip)
            .map(|run| run.bytes.start / CHAR_BYTES..run.bytes.end / CHAR_BYTES);
        let padding_end = |at: usize| {
            let rest = bytes.get(at * CHAR_BYTES + skip..).unwrap_or_default();
            at + rest.iter().take_while(|byte| **byte == 0).count() / CHAR_BYTES
        };
        let fields = fixed::fields(&chars.collect::<Vec<_>>(), &told, &padding_end);
        all.extend(fields.into_iter().map(|field| Run {
            bytes: field.start * CHAR_BYTES + skip..field.end * CHAR_BYTES + skip,
            little,
            ascii: 0,
        }));
    }
    all.extend(in_records(bytes));
    all
}

/// The strings of records that adjoin what is taken for characters.
fn in_records(bytes: &[u8]) -> Vec<Run> {
    let mut all = Vec::new();
    for column in columns(bytes) {
        let Some(little) = column.wide else { continue };
        for string in column.strings(&(0..bytes.len())) {
            let zeros =
                bytes[string.clone()].rchunks(CHAR_BYTES).take_while(|four| **four == [0; 4]);
            let string = string.start..string.end - zeros.count() * CHAR_BYTES;
            let is_char = |at: Option<usize>| {
                at.and_then(|at| scalar(bytes, at, little)).is_some_and(|c| is_text(c as u32))
            };
            if is_char(string.start.checked_sub(CHAR_BYTES)) || is_char(Some(string.end)) {
                all.push(Run { bytes: string, little, ascii: 0 });
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(texts: &[&str], width: usize, little: bool) -> Vec<u8> {
        let of = |value: u32| if little { value.to_le_bytes() } else { value.to_be_bytes() };
        let field = |text: &&str| {
            let zeros = std::iter::repeat_n(0, width - text.chars().count());
            text.chars().map(|c| c as u32).chain(zeros).flat_map(of).collect::<Vec<u8>>()
        };
        texts.iter().flat_map(field).collect()
    }

    #[test]
    fn text_is_read_at_every_offset_in_both_orders() {
        let texts = ["jann@contoso.com", "Ann Lefèvre", "林一", "jann@contoso.com", "ben", "𠮷田"];
        for little in [true, false] {
            for skip in 0..5 {
                for head in [&b"'<U17', }    \n"[..], b"\x01\x02\x7b", b"\0\0\0\0\0", b"AAAA"] {
                    let bytes =
                        [&head[head.len().min(skip)..], &array(&texts, 17, little), b"\x94"];
                    let bytes = bytes.concat();
                    let read = four_bytes_each(&bytes).unwrap().text;
                    let read: Vec<&str> = read.split('\u{fffd}').collect();
                    for text in texts {
                        assert!(read.contains(&text), "{text} in {read:?}, {little}");
                    }
                    assert!(!read.contains(&"ann@contoso.com"));
                }
            }
        }
    }

    #[test]
    fn full_strings_of_one_width_are_cut_apart() {
        for told in [&b"<U5"[..], b""] {
            let bytes =
                [told, &array(&["adele", "berta", "carl", "ada", "eve", "dora", "ella"], 5, true)];
            let read = four_bytes_each(&bytes.concat()).unwrap().text;
            assert_eq!(read.split('\u{fffd}').any(|text| text == "berta"), !told.is_empty());
        }
    }
}
