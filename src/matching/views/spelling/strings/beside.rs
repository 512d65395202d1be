//! Strings that stand side by side in a binary with nothing between them.
//!
//! They are told apart by every sign of a structure that there is: one width, offsets elsewhere,
//! lengths that happen to be letters, or their own shapes.
//!
//! Signs may contradict one another. So the reading is no text cut into pieces but a list of all
//! pieces, each led back to its place.

use std::ops::Range;

use crate::matching::views::spelling::reading::Reading;
use crate::matching::views::spelling::strings::frames::Frames;
use crate::matching::views::spelling::strings::records::columns;
use crate::matching::views::spelling::strings::runs::{is_text, runs};
use crate::matching::views::spelling::strings::widths::widths;
use crate::matching::views::spelling::strings::{fixed, joined, offsets, tiles};
use crate::matching::work;

/// Bytes listed for each byte read: what is listed more often is made to be.
const RATIO_MAX: usize = 4;

/// Shorter strings hold no identity.
const STRING_BYTES_MIN: usize = 3;

/// The strings that adjoin text on either side, if there are any. The bytes of the frames begin at
/// `from` in what is around them, where their widths and ends may be told.
pub fn side_by_side(frames: &Frames<'_>, around: &[u8], from: usize) -> Option<Reading> {
    let bytes = frames.bytes;
    work::charge(8 * bytes.len());
    let runs = runs(bytes);
    let mut fields = told_around(around, from..from + bytes.len(), &runs);
    // A string that has its length before it holds no others.
    let whole = frames.whole_strings();
    let is_whole =
        |run: &Range<usize>| whole.binary_search_by(|string| string.start.cmp(&run.start)).is_ok();
    let open: Vec<_> = runs.iter().filter(|run| !is_whole(run)).cloned().collect();
    fields.extend(tiles::fields(bytes, &open, &frames.records));
    fields.retain(|field| field.len() >= STRING_BYTES_MIN && adjoins(bytes, field));
    fields.sort_unstable_by_key(|field| (field.start, field.end));
    fields.dedup();
    // Where a structure tells, shapes need not.
    let is_told = |run: &Range<usize>| {
        let next = fields.partition_point(|field| field.end <= run.start);
        fields.get(next).is_some_and(|field| field.start < run.end)
    };
    let untold = runs.iter().filter(|run| !is_told(run));
    let shaped: Vec<_> = untold.flat_map(|run| joined::fields(bytes, run)).collect();
    fields.extend(shaped);
    listed(bytes, &fields)
}

/// The strings of a part of which something around it tells the width or the ends.
fn told_around(around: &[u8], part: Range<usize>, runs: &[Range<usize>]) -> Vec<Range<usize>> {
    work::charge(2 * around.len());
    let bytes = &around[part.clone()];
    let padding_end = |at: usize| at + bytes[at..].iter().take_while(|byte| **byte == 0).count();
    // The header of an array ends with a line.
    let lines: Vec<_> = runs.iter().flat_map(|run| lines(bytes, run)).collect();
    let mut fields = fixed::fields(&lines, &widths(around).narrow, &padding_end);
    let within = |field: &Range<usize>| part.start <= field.start && field.end <= part.end;
    let moved = |field: Range<usize>| field.start - part.start..field.end - part.start;
    let columns = columns(around);
    let narrow = columns.iter().filter(|column| column.wide.is_none());
    fields.extend(narrow.flat_map(|column| column.strings(&part)).map(|string| {
        let zeros = around[string.clone()].iter().rev().take_while(|byte| **byte == 0).count();
        moved(string.start..string.end - zeros)
    }));
    let runs: Vec<_> =
        runs.iter().map(|run| run.start + part.start..run.end + part.start).collect();
    fields.extend(offsets::fields(around, &runs).into_iter().filter(within).map(moved));
    fields
}

fn lines(bytes: &[u8], run: &Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut from = run.start;
    let lines = bytes[run.clone()].split(|byte| *byte == b'\n').map(move |line| {
        let start = from;
        from += line.len() + 1;
        start..start + line.len()
    });
    lines.filter(|line| !line.is_empty())
}

fn listed(bytes: &[u8], fields: &[Range<usize>]) -> Option<Reading> {
    if fields.is_empty() {
        return None;
    }
    let mut reading = Reading::default();
    let mut left = RATIO_MAX * bytes.len();
    for field in fields {
        let Some(rest) = left.checked_sub(field.len()) else { break };
        left = rest;
        let mut at = field.start;
        for chunk in bytes[field.clone()].utf8_chunks() {
            reading.copy(chunk.valid(), at);
            at += chunk.valid().len() + chunk.invalid().len();
        }
        reading.replace_char(char::REPLACEMENT_CHARACTER, field.end);
    }
    Some(reading)
}

fn adjoins(bytes: &[u8], field: &Range<usize>) -> bool {
    let is_word = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at))
            .is_some_and(|byte| is_text(*byte) && !byte.is_ascii_whitespace())
    };
    is_word(field.start.checked_sub(1)) || is_word(Some(field.end))
}
