//! Records that were deleted, as far as they are left between the cells of a page.
//!
//! Whoever deletes writes four bytes over the beginning of a record: where the next freed block is,
//! and how long this one. What is left tells of the values in most cases.

use std::ops::Range;

use crate::matching::views::stores::numbers::big;
use crate::matching::views::stores::sqlite::records::{NUMBER_BYTES, Value, values_from, varint};

/// What a freed block has in the place of what began a record.
const BLOCK_BYTES: usize = 4;

/// Values of a record that is looked for.
const VALUES_MAX: usize = 64;

/// Bytes of a text that tells a record from something else.
const TEXT_BYTES_MIN: usize = 3;

/// The parts of a page that none of these use.
pub fn gaps(mut used: Vec<Range<usize>>, len: usize) -> Vec<Range<usize>> {
    used.sort_unstable_by_key(|range| range.start);
    let (mut gaps, mut at) = (Vec::new(), 0);
    for range in used {
        if range.start > at {
            gaps.push(at..range.start);
        }
        at = at.max(range.end);
    }
    if at < len {
        gaps.push(at..len);
    }
    gaps
}

/// Bytes of a page, as most databases have it.
const PAGE_BYTES: usize = 4096;

/// Bytes that are looked at for each byte of a part, at most: what may be the head of a record
/// anywhere is none.
const LOOKS_MAX: usize = 64;

/// The values of each record that is left in a part of a page.
pub fn carved<'p>(page: &'p [u8], gap: Range<usize>, is_wide: bool) -> Vec<Vec<Value<'p>>> {
    let part = &page[..gap.end.min(page.len())];
    let left = (part.len().saturating_sub(gap.start) + PAGE_BYTES) * LOOKS_MAX;
    Carver { part, is_wide, left }.records(gap.start)
}

/// Looks for records.
struct Carver<'p> {
    /// A page, up to where what is looked at ends.
    part: &'p [u8],
    /// Whether its texts have two bytes a character.
    is_wide: bool,
    /// Bytes that may still be looked at.
    left: usize,
}

impl<'p> Carver<'p> {
    /// The values of each from there on.
    fn records(&mut self, start: usize) -> Vec<Vec<Value<'p>>> {
        let (mut all, mut at) = (Vec::new(), start);
        // Where a block may begin: at the start, behind each record, and amid zeros, of which it
        // has some where no other follows.
        let mut block = at;
        while at < self.part.len() && self.left > 0 {
            let is_first = self.part[at] != 0 && at > start && self.part[at - 1] == 0;
            let blocks = match () {
                () if is_first => at.saturating_sub(3).max(start)..at + 1,
                () if at == block => at..at + 1,
                () => 0..0,
            };
            let freed = blocks.rev().find_map(|block| self.freed(block));
            match freed.or_else(|| self.whole(at)) {
                Some((values, end)) if end > at => {
                    all.push(values);
                    (at, block) = (end, end);
                }
                _ => at += 1,
            }
        }
        all
    }

    /// The record whose head stands here, and where it ends. How long it is stands before it, or
    /// before the number of its row.
    fn whole(&mut self, at: usize) -> Option<(Vec<Value<'p>>, usize)> {
        let part = self.part;
        let head = usize::from(part[at]);
        if !(3..0x80).contains(&head) {
            return None;
        }
        let types = at + 1..at + head;
        part.get(types.clone())?;
        self.left = self.left.saturating_sub(head);
        let (values, end) = values_from(part, types, VALUES_MAX)?;
        let number = |from: usize, to: usize| {
            let mut at = from;
            varint(&part[..to], &mut at).filter(|_| at == to)
        };
        let length = Some((end - at) as u64);
        let is_length =
            |to: usize| (1..=NUMBER_BYTES.min(to)).any(|len| number(to - len, to) == length);
        let is_so_long = is_length(at)
            || (1..=NUMBER_BYTES.min(at))
                .any(|row| number(at - row, at).is_some() && is_length(at - row));
        (is_so_long && self.is_record(&values)).then_some((values, end))
    }

    /// The record of a freed block that begins here: of its head the kinds of its values are left,
    /// but for the first.
    fn freed(&mut self, at: usize) -> Option<(Vec<Value<'p>>, usize)> {
        let part = self.part;
        let stated = at + big(part, at + 2, 2)? as usize;
        let start = at + BLOCK_BYTES;
        if stated <= start || stated > part.len() {
            return None;
        }
        let mut longest = None;
        for end in start + 1..(start + 2 * VALUES_MAX).min(stated) {
            self.left = self.left.saturating_sub(end - start);
            let found = values_from(part, start..end, VALUES_MAX);
            // What is longer is made of several blocks.
            let Some((values, ends)) = found.filter(|(_, ends)| *ends <= stated) else { continue };
            // Text that was left may look like the head of a record that ends somewhere.
            let is_text = part[start..end].iter().all(|byte| (b' '..=b'~').contains(byte));
            if ends != stated && is_text || !self.is_record(&values) {
                continue;
            }
            if ends == stated {
                return Some((values, ends));
            }
            longest = Some((values, ends));
        }
        longest
    }

    /// Whether values may be those of a record, and say anything.
    fn is_record(&mut self, values: &[Value<'_>]) -> bool {
        let mut says = false;
        for value in values {
            if let Value::Text(bytes) = value {
                self.left = self.left.saturating_sub(bytes.len());
                if !self.is_text(bytes) {
                    return false;
                }
                says |= bytes.len() >= TEXT_BYTES_MIN;
            }
        }
        says
    }

    fn is_text(&self, bytes: &[u8]) -> bool {
        let is_control = |c: char| c.is_control() && !c.is_whitespace();
        match self.is_wide {
            true => bytes.len().is_multiple_of(2),
            false => std::str::from_utf8(bytes).is_ok_and(|text| !text.contains(is_control)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(page: &[u8], gap: Range<usize>) -> Vec<Vec<String>> {
        let text = |value: &Value<'_>| match value {
            Value::Text(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            _ => None,
        };
        let all = carved(page, gap, false);
        all.iter().map(|values| values.iter().filter_map(text).collect()).collect()
    }

    #[test]
    fn deleted_records_are_read_by_what_is_left() {
        // As they were, and with four bytes of each written over; the last is cut off.
        let record = |given: &str, family: &str| {
            let kind = |text: &str| 13 + 2 * text.len() as u8;
            let head = [4, 0, kind(given), kind(family)];
            [
                &[(4 + given.len() + family.len()) as u8, 1],
                &head[..],
                given.as_bytes(),
                family.as_bytes(),
            ]
            .concat()
        };
        let (one, other) = (record("Mira", "Osei"), record("Kofi", "Brandt"));
        let mut both = [&one[..], &other].concat();
        let len = both.len();
        let expected = vec![vec!["Mira", "Osei"], vec!["Kofi", "Brandt"]];
        assert_eq!(texts(&both, 0..len), expected);
        both[..4].copy_from_slice(&[0, 0, 0, one.len() as u8]);
        assert_eq!(texts(&both, 0..len), expected);
        both[one.len()..one.len() + 4].copy_from_slice(&[0, 0, 0, other.len() as u8]);
        assert_eq!(texts(&both, 0..len), expected);
        let apart = [&[0; 40][..], &both].concat();
        assert_eq!(texts(&apart, 0..apart.len()), expected);
        assert_eq!(texts(&both, 0..len - 1), expected[..1]);
        assert!(texts(&[0; 64], 0..64).is_empty());
        assert!(texts(&[0xff; 64], 0..64).is_empty());
    }

    #[test]
    fn prose_is_no_record_and_what_looks_like_heads_everywhere_ends() {
        let prose = "Joannes wrote to 21029384 about it, and nobody answered him at all. ";
        let prose = prose.repeat(60);
        assert!(texts(prose.as_bytes(), 0..prose.len()).is_empty());
        let heads = [0, 0x7f].repeat(1 << 15);
        assert!(texts(&heads, 0..heads.len()).is_empty());
    }

    #[test]
    fn what_no_cell_uses_is_a_gap() {
        assert_eq!(gaps(vec![8..10, 0..4, 3..5], 12), [5..8, 10..12]);
        assert_eq!(gaps(vec![], 3), vec![0..3; 1]);
    }
}
