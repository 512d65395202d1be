//! Strings one behind the other whose ends are told elsewhere, as Arrow keeps them: an array of
//! offsets that begins with zero, in thirty-two or sixty-four bits, and one stretch of text.

use std::collections::HashMap;
use std::ops::Range;

use memchr::memmem;

use crate::matching::views::spelling::strings::runs::is_text;

/// Strings that must be told of: fewer offsets may be other numbers.
const STRINGS_MIN: usize = 3;

/// Shorter stretches hold no identity.
const TEXT_BYTES_MIN: usize = 6;

/// Letters behind a text that do not belong to it.
const STRAY_BYTES_MAX: usize = 3;

/// Texts of one length that are tried: those that come next.
const TEXTS_MAX: usize = 4;

/// Bytes behind the offsets in which the text of a pickle begins.
const NEAR_BYTES: usize = 1 << 10;

/// Last offsets that may be the end of the text: others may follow that are none.
const ENDS_MAX: usize = 4;

/// The strings that offsets cut out of runs of text, each with text before or behind it.
pub fn fields(bytes: &[u8], runs: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut by_len: HashMap<usize, Vec<usize>> = HashMap::new();
    for run in runs.iter().filter(|run| run.len() >= TEXT_BYTES_MIN) {
        by_len.entry(run.len()).or_default().push(run.start);
    }
    let cut_run = runs.last().filter(|run| run.end == bytes.len());
    let mut fields = Vec::new();
    for (at, offsets) in arrays(bytes) {
        let mut ends: Vec<usize> = offsets.iter().rev().copied().collect();
        ends.dedup();
        let near = at..bytes.len().min(at + offsets.len() * 8 + NEAR_BYTES);
        let texts = ends.iter().take(ENDS_MAX).flat_map(|end| texts(bytes, &near, *end, &by_len));
        let mut starts: Vec<usize> = texts.collect();
        // A text that goes on beyond the window.
        starts.extend(cut_run.filter(|run| run.start > at).map(|run| run.start));
        for start in starts {
            let ends = offsets.iter().map(|end| start + end);
            let next = runs.partition_point(|run| run.end <= start);
            let Some(run) = runs.get(next).filter(|run| run.start <= start) else { continue };
            let mut from = start;
            for end in ends.take_while(|end| *end <= run.end) {
                fields.push(std::mem::replace(&mut from, end)..end);
            }
        }
    }
    fields.retain(|field| !field.is_empty());
    fields
}

/// Where texts of this length may begin behind the offsets: with a run, or behind the sign and the
/// length of bytes in a pickle, which may be letters.
fn texts(
    bytes: &[u8],
    near: &Range<usize>,
    len: usize,
    by_len: &HashMap<usize, Vec<usize>>,
) -> Vec<usize> {
    let behind = |starts: &Vec<usize>| {
        let next = starts.partition_point(|start| *start < near.start);
        starts[next..].iter().take(TEXTS_MAX).copied().collect::<Vec<_>>()
    };
    let runs = (len..=len + STRAY_BYTES_MAX).filter_map(|len| by_len.get(&len));
    let mut starts: Vec<usize> = runs.flat_map(behind).collect();
    if let Ok(short) = u8::try_from(len)
        && is_text(short)
    {
        let sign = [b'C', short];
        let signs = memmem::find_iter(&bytes[near.clone()], &sign);
        starts.extend(signs.take(TEXTS_MAX).map(|at| near.start + at + 2));
    }
    starts
}

/// Ascending numbers behind a zero, with where they begin.
fn arrays(bytes: &[u8]) -> Vec<(usize, Vec<usize>)> {
    let mut arrays = Vec::new();
    let mut at = 0;
    let finder = memmem::Finder::new(&[0; 4]);
    while let Some(zeros) = finder.find(&bytes[at..]) {
        let from = at + zeros;
        let end = from + bytes[from..].iter().take_while(|byte| **byte == 0).count();
        // The lowest byte of the first number may be a zero itself.
        for first in [end, end.saturating_sub(1)] {
            let before = first - first.min(from);
            for width in [4, 8].into_iter().filter(|width| *width <= before) {
                let offsets = ascending(&bytes[first..], width, bytes.len());
                if offsets.len() >= STRINGS_MIN {
                    arrays.push((first, offsets));
                }
            }
        }
        at = end;
    }
    arrays
}

fn ascending(bytes: &[u8], width: usize, max: usize) -> Vec<usize> {
    let mut last = 0;
    let mut offsets = Vec::new();
    for number in bytes.chunks_exact(width) {
        let (low, high) = number.split_at(4);
        let value = low.iter().rev().fold(0, |all, byte| all << 8 | usize::from(*byte));
        if high.iter().any(|byte| *byte != 0) || value < last || value > max || value == 0 {
            break;
        }
        last = value;
        offsets.push(value);
    }
    offsets
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::views::spelling::strings::runs::runs;

    #[test]
    fn offsets_cut_a_text() {
        let text = b"annbenedictcarl";
        let offsets = |width: usize| {
            let number = |end: u64| end.to_le_bytes()[..width].to_vec();
            [0u64, 3, 11, 15].map(number).concat()
        };
        for width in [4, 8] {
            for (before, behind) in [(&b"\x96\x0f\0\0\0"[..], &b"\x94"[..]), (b"C\x0f", b"q\x01")] {
                let bytes = [&offsets(width), before, text, behind].concat();
                let fields = fields(&bytes, &runs(&bytes));
                let texts: Vec<_> = fields.into_iter().map(|field| &bytes[field]).collect();
                let expected = [&b"ann"[..], b"benedict", b"carl"];
                assert!(expected.iter().all(|text| texts.contains(text)), "{width}: {before:?}");
            }
        }
    }
}
