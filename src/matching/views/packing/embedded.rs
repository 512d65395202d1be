//! What is packed in the midst of something unknown: a compressed array in a pickle, a zip behind
//! a script, a chunk of a scientific file.
//!
//! A packed stream is known by how it begins and opened where it stands. What is as dense as only
//! packed or encrypted bytes are, and could not be opened, is named: nobody can say whom it speaks
//! of.

use std::cell::Cell;
use std::io::{self, Read};
use std::ops::Range;

use crate::matching::views::meter::{Decoded, refusal};
use crate::matching::views::packing::signs::{Packing, Slice, Trials, Tried, starts};
use crate::matching::views::tour::{Look, Tour};

/// Why something in a binary cannot be read.
const DENSE: &str = "binary: compressed or encrypted content";

/// Why signs in a window were passed over.
const TOO_MANY: &str = "binary: too many signs of packed content";

/// A window of a stream of unknown bytes.
pub struct Part<'a> {
    /// The bytes, with neighbours on either side.
    pub window: &'a [u8],
    /// Those that are answered for.
    pub range: Range<usize>,
    /// Bytes of the stream before the range.
    pub passed: u64,
    /// Whether the stream ends with the window.
    pub last: bool,
    /// Whether the window before ended early for what begins this one. Not twice in a row: streams
    /// that begin one behind the other would each have a window of their own.
    pub shifted: bool,
    /// Whether nothing is known of the stream: else it is dense by itself, and short signs stand in
    /// it by chance.
    pub is_unknown: bool,
}

impl<L: Look> Tour<'_, L> {
    /// Looks into what is packed in a window and tells how far the window was answered for: a
    /// stream that goes on beyond the window is left to the next one, which begins with it.
    pub fn embedded(&mut self, part: &Part<'_>, chain: &str, depth: usize) -> io::Result<usize> {
        let Range { start, mut end } = part.range;
        let mut opened: Vec<Range<usize>> = Vec::new();
        let mut trials = Trials::new(part.window.len());
        let starts = starts(part.window, part.range.clone());
        let is_sign =
            |(_, packing): &(usize, Packing)| part.is_unknown || *packing != Packing::Zlib;
        for (at, packing) in starts.into_iter().filter(is_sign) {
            if opened.last().is_some_and(|before| at < before.end) {
                continue;
            }
            if trials.are_over() {
                self.unreadable(TOO_MANY, chain);
                break;
            }
            let bytes = &part.window[at..];
            let tried = self.guarded(chain, |_| trials.run(bytes, packing));
            let view = || {
                let byte = part.passed + (at - start) as u64 + 1;
                format!("{chain}binary at byte {byte} > {} > ", packing.name())
            };
            let named = std::mem::take(&mut self.unreadable);
            let walked = match tried.unwrap_or(Tried::Nothing) {
                Tried::Nothing => Ok(None),
                Tried::Whole(content, len) => {
                    self.packed_here(&mut content.as_slice(), &view, depth).map(|()| Some(len))
                }
                Tried::Stream => self.packed_at(bytes, packing, &view, depth),
            };
            let told = std::mem::replace(&mut self.unreadable, named);
            let Ok(len) = walked else {
                told.into_iter().for_each(|told| self.note(told));
                return walked.map(|_| end);
            };
            let is_cut = len.is_some_and(|len| !part.last && at + len == part.window.len());
            let may_shift = at - start >= part.window.len() / 2 || !part.shifted;
            if is_cut && at > start && may_shift {
                // What seems broken now may be whole in the next window.
                end = at;
                break;
            }
            told.into_iter().for_each(|told| self.note(told));
            if is_cut {
                self.unreadable(DENSE, &view());
            }
            opened.extend(len.map(|len| at..at + len));
        }
        if !part.is_unknown {
            return Ok(end);
        }
        let len = part.window.len();
        let blocks = (start..end).step_by(BLOCK_BYTES).map(|at| at..len.min(at + BLOCK_BYTES));
        let is_all = part.passed == 0 && start == 0 && part.last && len < BLOCK_BYTES_MIN;
        let least = if is_all { STREAM_BYTES_MIN } else { BLOCK_BYTES_MIN };
        let is_open = |block: &Range<usize>| {
            let next = opened.partition_point(|open| open.end <= block.start);
            opened.get(next).is_some_and(|open| open.start < block.end)
        };
        if blocks
            .filter(|block| block.len() >= least && !is_open(block))
            .any(|block| is_dense(&part.window[block]))
        {
            self.unreadable(DENSE, chain);
        }
        Ok(end)
    }

    /// Looks into a stream at the start of the bytes and tells how many of them it took.
    fn packed_at(
        &mut self,
        bytes: &[u8],
        packing: Packing,
        view: &dyn Fn() -> String,
        depth: usize,
    ) -> io::Result<Option<usize>> {
        let left = Cell::new(bytes.len());
        let Some(mut decoder) = packing.decoder(Slice { bytes, left: &left }) else {
            return Ok(None);
        };
        match self.packed_here(&mut decoder, view, depth) {
            Err(error) if refusal(&error).is_some() => return Err(error),
            // It went on beyond the window, which the caller sees, or it is broken.
            Err(_) if left.get() > 0 => self.unreadable(DENSE, &view()),
            Ok(()) | Err(_) => {}
        }
        drop(decoder);
        Ok(Some(bytes.len() - left.get()))
    }

    fn packed_here(
        &mut self,
        decoder: &mut dyn Read,
        view: &dyn Fn() -> String,
        depth: usize,
    ) -> io::Result<()> {
        if depth >= self.limits.depth_max {
            self.unreadable("depth limit", &view());
            return Ok(());
        }
        let mut whole = Decoded::new(decoder, self.meter, self.limits);
        self.bytes(&mut whole, &view(), depth + 1)
    }
}

/// Bytes whose density is judged together.
const BLOCK_BYTES: usize = 4 << 10;

/// Fewer bytes of a longer stream tell nothing.
const BLOCK_BYTES_MIN: usize = 512;

/// Fewer bytes that are all of a stream tell nothing.
const STREAM_BYTES_MIN: usize = 128;

/// Whether all byte values are about equally frequent. Numbers are not: the exponents of floats and
/// the high bytes of integers are of few values.
fn is_dense(block: &[u8]) -> bool {
    // Some of it tells most of what is not; the step has no factor in common with what numbers
    // take.
    const STEP: usize = 7;
    spread(block.iter().step_by(STEP), 6) && spread(block.iter(), 5)
}

/// Whether the values of these bytes are spread as by chance, or at most so many quarters of it.
fn spread<'a>(bytes: impl Iterator<Item = &'a u8>, quarters: u64) -> bool {
    let mut counts = [0u16; 256];
    let mut len = 0;
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
        len += 1;
    }
    let squares: u64 = counts.iter().map(|count| u64::from(*count).pow(2)).sum();
    let expected = len + len * len / 256;
    squares * 4 < expected * quarters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dense_is_what_is_packed() {
        let mut state = 1u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state >> 33
        };
        let noise: Vec<u8> = (0..BLOCK_BYTES).map(|_| random() as u8).collect();
        assert!(is_dense(&noise));
        let floats: Vec<u8> = (0..BLOCK_BYTES / 4)
            .flat_map(|_| (random() as f32 / 1e9 - 1.0).to_le_bytes())
            .collect();
        assert!(!is_dense(&floats));
        let halves: Vec<u8> = (0..BLOCK_BYTES / 2)
            .flat_map(|_| [random() as u8, 0x3c ^ (random() % 8) as u8])
            .collect();
        assert!(!is_dense(&halves));
        assert!(!is_dense(&b"some text, in words. ".repeat(200)[..BLOCK_BYTES]));
    }
}
