//! Blocks of Snappy and LZ4 without a frame, as Kafka, Zarr and caches keep them.
//!
//! They have no sign. The first says how much it unpacks to, and so does the second where a program
//! wrote that before it. A stream that unpacks to just so much, to its last byte, is one.

use std::ops::Range;

use crate::matching::views::spelling::noise::{holds_text, is_clean};
use crate::matching::work;

/// What a block unpacks to at most.
pub const UNPACKED_MAX: usize = 32 << 20;

/// Smaller ones hold nobody.
const BYTES_MIN: usize = 8;

/// How a block is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// Snappy.
    Snappy,
    /// LZ4 behind its size, and without.
    SizedLz4,
    /// As above.
    Lz4,
}

const BLOCKS: [Block; 3] = [Block::Snappy, Block::SizedLz4, Block::Lz4];

impl Block {
    /// What a stream that begins like this may be; `is_whole`: nothing follows.
    pub fn of(head: &[u8], is_whole: bool) -> Option<Self> {
        let is_utf8 = std::str::from_utf8(head).map_or_else(|e| e.error_len().is_none(), |_| true);
        if is_utf8 || head.len() < BYTES_MIN {
            return None;
        }
        BLOCKS.into_iter().find(|block| block.may_begin(head, is_whole))
    }

    fn may_begin(self, head: &[u8], is_whole: bool) -> bool {
        let Some((start, len)) = self.start(head) else { return false };
        let Some(unpacked) = self.undone(&head[start..], len.unwrap_or(UNPACKED_MAX)) else {
            return false;
        };
        let is_all = unpacked.is_ended && len.is_none_or(|len| len == unpacked.bytes.len());
        match (is_whole, self) {
            (true, Self::Lz4) => is_all && unpacked.has_copies && is_clean(&unpacked.bytes),
            (true, _) => is_all && unpacked.has_copies,
            (false, Self::Lz4) => false,
            (false, _) => {
                unpacked.has_copies
                    && len.is_some_and(|len| len > unpacked.bytes.len())
                    && holds_text(&unpacked.bytes)
            }
        }
    }

    /// What all of these bytes unpack to.
    pub fn unpacked(self, bytes: &[u8]) -> Option<Vec<u8>> {
        let (start, len) = self.start(bytes)?;
        let unpacked = self.undone(bytes.get(start..)?, len.unwrap_or(UNPACKED_MAX))?;
        let is_all = unpacked.is_ended && len.is_none_or(|len| len == unpacked.bytes.len());
        is_all.then_some(unpacked.bytes)
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        if self == Self::Snappy { "snappy" } else { "lz4" }
    }

    /// Where the block begins, and how much it unpacks to, if that is told.
    fn start(self, bytes: &[u8]) -> Option<(usize, Option<usize>)> {
        let (start, len) = match self {
            Self::Lz4 => return Some((0, None)),
            Self::SizedLz4 => (4, u32::from_le_bytes(*bytes.first_chunk::<4>()?) as usize),
            Self::Snappy => {
                let width = bytes.iter().take(5).take_while(|byte| **byte >= 0x80).count() + 1;
                let number = bytes.get(..width)?.iter().rev();
                (width, number.fold(0, |all, byte| all << 7 | usize::from(byte & 0x7f)))
            }
        };
        (BYTES_MIN..=UNPACKED_MAX).contains(&len).then_some((start, Some(len)))
    }

    fn undone(self, bytes: &[u8], max: usize) -> Option<Undone> {
        let mut undone = Undone { bytes: Vec::new(), is_ended: false, has_copies: false, max };
        let (mut rest, mut is_sound) = (bytes, true);
        while let Some((first, tail)) = rest.split_first().filter(|_| is_sound) {
            let left = match self {
                Self::Snappy => undone.snappy(*first, tail),
                _ => undone.lz4(*first, tail),
            };
            is_sound = left.is_some();
            rest = left.flatten().unwrap_or_default();
        }
        // Whatever came of it.
        work::charge(bytes.len() - rest.len() + undone.bytes.len());
        is_sound.then_some(undone)
    }
}

/// What was unpacked so far.
struct Undone {
    bytes: Vec<u8>,
    /// Whether it ended where a part ends.
    is_ended: bool,
    has_copies: bool,
    max: usize,
}

/// What is left; nothing if what there is was cut off. An error is none.
type Rest<'b> = Option<Option<&'b [u8]>>;

impl Undone {
    fn snappy<'b>(&mut self, tag: u8, rest: &'b [u8]) -> Rest<'b> {
        let number = |width: usize| {
            let bytes = rest.get(..width)?.iter().rev();
            Some(bytes.fold(0, |all, byte| all << 8 | usize::from(*byte)))
        };
        self.is_ended = false;
        let high = usize::from(tag >> 2);
        let (width, len, back) = match tag & 3 {
            0 => {
                let width = high.saturating_sub(59);
                let Some(more) = number(width) else { return Some(None) };
                return self.literal(rest, width..width + if width == 0 { high } else { more } + 1);
            }
            1 => {
                let Some(low) = number(1) else { return Some(None) };
                (1, 4 + (high & 7), usize::from(tag >> 5) << 8 | low)
            }
            kind => {
                let width = if kind == 2 { 2 } else { 4 };
                let Some(back) = number(width) else { return Some(None) };
                (width, 1 + high, back)
            }
        };
        self.copy(back, len)?;
        Some(Some(&rest[width..]))
    }

    fn lz4<'b>(&mut self, tag: u8, rest: &'b [u8]) -> Rest<'b> {
        self.is_ended = false;
        let Some((literals, at)) = long(usize::from(tag >> 4), rest, 0) else {
            return Some(None);
        };
        let Some(tail) = self.literal(rest, at..at.checked_add(literals)?)? else {
            return Some(None);
        };
        // The last part has literals alone.
        let [low, high, more @ ..] = tail else { return Some(tail.is_empty().then_some(tail)) };
        self.is_ended = false;
        let Some((len, at)) = long(usize::from(tag & 15), more, 0) else { return Some(None) };
        self.copy(usize::from(*high) << 8 | usize::from(*low), len + 4)?;
        self.is_ended = false;
        Some(Some(&more[at..]))
    }

    /// Takes some bytes as they are.
    fn literal<'b>(&mut self, rest: &'b [u8], range: Range<usize>) -> Rest<'b> {
        if self.bytes.len().checked_add(range.len())? > self.max {
            return None;
        }
        let end = range.end.min(rest.len());
        self.bytes.extend_from_slice(rest.get(range.start..end)?);
        self.is_ended = end == range.end;
        Some(self.is_ended.then(|| &rest[end..]))
    }

    /// Takes some of what was unpacked again, which may be what is being taken.
    fn copy(&mut self, back: usize, len: usize) -> Option<()> {
        let from = self.bytes.len().checked_sub(back).filter(|_| back > 0)?;
        if self.bytes.len() + len > self.max {
            return None;
        }
        for at in from..from + len {
            self.bytes.push(self.bytes[at]);
        }
        (self.is_ended, self.has_copies) = (true, true);
        Some(())
    }
}

/// A length of four bits that may go on in bytes, and where what follows begins.
fn long(len: usize, rest: &[u8], mut at: usize) -> Option<(usize, usize)> {
    let mut len = len;
    if len < 15 {
        return Some((len, at));
    }
    loop {
        let byte = *rest.get(at)?;
        (len, at) = (len + usize::from(byte), at + 1);
        if byte < 255 {
            return Some((len, at));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "owner kofi.brandt@nordlicht.example; owner mira.osei@nordlicht.example; \
        owner ines.falk@contoso.com";

    /// As the programs themselves write them.
    fn packed() -> [(Block, Vec<u8>); 3] {
        let snappy = snap::raw::Encoder::new().compress_vec(TEXT.as_bytes()).unwrap();
        let lz4 = b"\xf2\x16owner kofi.brandt@nordlicht.example; %\0\x9fmira.osei#\0\x07\xf0\x06\
            ines.falk@contoso.com";
        let sized = [&(TEXT.len() as u32).to_le_bytes()[..], lz4].concat();
        [(Block::Snappy, snappy), (Block::SizedLz4, sized), (Block::Lz4, lz4.to_vec())]
    }

    #[test]
    fn blocks_are_known_and_unpacked() {
        for (block, bytes) in packed() {
            assert_eq!(Block::of(&bytes, true), Some(block));
            let unpacked = block.unpacked(&bytes).unwrap();
            assert!(String::from_utf8_lossy(&unpacked).contains("owner mira.osei@nordlicht"));
            // Where nothing tells how long it is, it may end with any of its parts.
            for len in (0..bytes.len()).filter(|_| block != Block::Lz4) {
                assert_eq!(Block::of(&bytes[..len], true), None, "{block:?} {len}");
            }
        }
    }

    #[test]
    fn what_is_cut_off_may_be_one() {
        let text = TEXT.repeat(100);
        let snappy = snap::raw::Encoder::new().compress_vec(text.as_bytes()).unwrap();
        assert_eq!(Block::of(&snappy[..200], false), Some(Block::Snappy));
        assert_eq!(Block::Snappy.unpacked(&snappy).as_deref(), Some(text.as_bytes()));
    }

    #[test]
    fn others_are_none() {
        for bytes in [
            &b"plain text of some length"[..],
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x80\x04\x95\x10\0\0\0\0\0\0\0\x8c\x04user\x94.",
            b"\x20\0\0\0mira.osei@nordlicht.example\xff\xff\xff",
            b"\0\0\0\0\0\0\0\0\0\0\0\0",
            b"",
        ] {
            for is_whole in [true, false] {
                assert_eq!(Block::of(bytes, is_whole), None, "{bytes:?}");
            }
        }
    }
}
