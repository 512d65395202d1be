//! What is packed in the midst of something unknown: a compressed array in a pickle, a zip behind
//! a script, a chunk of a scientific file.
//!
//! A packed stream is known by how it begins and opened where it stands. What is as dense as only
//! packed or encrypted bytes are, and could not be opened, is named: nobody can say whom it speaks
//! of.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::ops::Range;

use memchr::memmem;

use crate::matching::views::meter::{Decoded, refusal};
use crate::matching::views::walk::{Look, Walk};

/// Why something in a binary cannot be read.
const DENSE: &str = "binary: compressed or encrypted content";

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
}

impl<L: Look> Walk<'_, L> {
    /// Looks into what is packed in a window and tells how far the window was answered for: a
    /// stream that goes on beyond the window is left to the next one, which begins with it.
    pub fn embedded(&mut self, part: &Part<'_>, chain: &str, depth: usize) -> io::Result<usize> {
        let Range { start, mut end } = part.range;
        let mut opened: Vec<Range<usize>> = Vec::new();
        for (at, packing) in starts(part.window, part.range.clone()) {
            if opened.last().is_some_and(|before| at < before.end) {
                continue;
            }
            let byte = part.passed + (at - start) as u64 + 1;
            let view = format!("{chain}binary at byte {byte} > {} > ", packing.name());
            let named = self.unreadable.clone();
            let Some(len) = self.packed_at(&part.window[at..], packing, &view, depth)? else {
                continue;
            };
            let is_cut = !part.last && at + len == part.window.len();
            if is_cut && at > start {
                // What seems broken now may be whole in the next window.
                self.unreadable = named;
                end = at;
                break;
            }
            if is_cut {
                self.unreadable(DENSE, &view);
            }
            opened.push(at..at + len);
        }
        let len = part.window.len();
        let blocks = (start..end).step_by(BLOCK_BYTES).map(|at| at..len.min(at + BLOCK_BYTES));
        let is_open = |block: &Range<usize>| {
            opened.iter().any(|open| open.start < block.end && block.start < open.end)
        };
        if blocks
            .filter(|block| block.len() >= BLOCK_BYTES_MIN && !is_open(block))
            .any(|block| is_dense(&part.window[block]))
        {
            self.unreadable(DENSE, chain);
        }
        Ok(end)
    }

    /// Looks into a stream at the start of the bytes and tells how many of them it took; `None` if
    /// there is none after all.
    fn packed_at(
        &mut self,
        bytes: &[u8],
        packing: Packing,
        view: &str,
        depth: usize,
    ) -> io::Result<Option<usize>> {
        let left = Cell::new(bytes.len());
        let Some(mut decoder) = packing.decoder(Slice { bytes, left: &left }) else {
            return Ok(None);
        };
        let mut head = [0; SAMPLE_BYTES];
        let mut len = 0;
        let sound = loop {
            match decoder.read(&mut head[len..]) {
                Ok(0) => break true,
                Ok(read) => len += read,
                Err(_) => break left.get() == 0 && len > 0,
            }
        };
        if !sound {
            return Ok(None);
        }
        if depth >= self.limits.depth_max {
            self.unreadable("depth limit", view);
            return Ok(Some(bytes.len() - left.get()));
        }
        let mut whole = Decoded::new(head[..len].chain(decoder), self.meter, self.limits);
        match self.bytes(&mut whole, view, depth + 1) {
            Err(error) if refusal(&error).is_some() => return Err(error),
            // It went on beyond the window, which the caller sees, or it is broken.
            Err(_) if left.get() > 0 => self.unreadable(DENSE, view),
            Ok(()) | Err(_) => {}
        }
        drop(whole);
        Ok(Some(bytes.len() - left.get()))
    }
}

/// Bytes that must decode before something is taken for a packed stream: two bytes of sign may
/// stand anywhere by chance.
const SAMPLE_BYTES: usize = 512;

/// A way in which something is packed.
#[derive(Clone, Copy)]
enum Packing {
    Gzip,
    Zlib,
    Zstd,
    Bzip2,
    Xz,
    ZipMember,
}

/// Where something packed may begin, in order.
fn starts(bytes: &[u8], range: Range<usize>) -> Vec<(usize, Packing)> {
    const SIGNS: [(&[u8], Packing); 9] = [
        (b"\x1f\x8b\x08", Packing::Gzip),
        (b"\x78\x01", Packing::Zlib),
        (b"\x78\x5e", Packing::Zlib),
        (b"\x78\x9c", Packing::Zlib),
        (b"\x78\xda", Packing::Zlib),
        (b"\x28\xb5\x2f\xfd", Packing::Zstd),
        (b"1AY&SY", Packing::Bzip2),
        (b"\xfd7zXZ\0", Packing::Xz),
        (b"PK\x03\x04", Packing::ZipMember),
    ];
    let mut all = Vec::new();
    for (sign, packing) in SIGNS {
        for at in memmem::find_iter(bytes, sign) {
            let at = if matches!(packing, Packing::Bzip2) { at.saturating_sub(4) } else { at };
            if range.contains(&at) {
                all.push((at, packing));
            }
        }
    }
    all.sort_unstable_by_key(|(at, _)| *at);
    all
}

impl Packing {
    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zlib => "zlib",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::ZipMember => "zip",
        }
    }

    /// A decoder of the one stream that begins here.
    fn decoder<'a>(self, bytes: Slice<'a>) -> Option<Box<dyn Read + 'a>> {
        Some(match self {
            Self::Gzip => Box::new(flate2::bufread::GzDecoder::new(bytes)),
            Self::Zlib => Box::new(flate2::bufread::ZlibDecoder::new(bytes)),
            Self::Zstd => {
                Box::new(zstd::stream::read::Decoder::with_buffer(bytes).ok()?.single_frame())
            }
            Self::Bzip2 => Box::new(bzip2::bufread::BzDecoder::new(bytes)),
            Self::Xz => Box::new(liblzma::bufread::XzDecoder::new(bytes)),
            Self::ZipMember => {
                Box::new(flate2::bufread::DeflateDecoder::new(bytes.after_header()?))
            }
        })
    }
}

/// Bytes that tell how many of them were not taken.
struct Slice<'a> {
    bytes: &'a [u8],
    left: &'a Cell<usize>,
}

impl<'a> Slice<'a> {
    /// What a zip's local file header precedes, if it is deflated; APPNOTE 4.3.7.
    fn after_header(mut self) -> Option<Self> {
        const DEFLATED: [u8; 2] = [8, 0];
        let header = self.bytes.first_chunk::<30>()?;
        let len = |at: usize| usize::from(u16::from_le_bytes([header[at], header[at + 1]]));
        if header[8..10] != DEFLATED || header[6] & 1 != 0 {
            return None;
        }
        self.bytes = self.bytes.get(30 + len(26) + len(28)..)?;
        Some(self)
    }
}

impl Read for Slice<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(buffer)?;
        self.left.set(self.bytes.len());
        Ok(read)
    }
}

impl BufRead for Slice<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(self.bytes)
    }

    fn consume(&mut self, amount: usize) {
        self.bytes.consume(amount);
        self.left.set(self.bytes.len());
    }
}

/// Bytes whose density is judged together.
const BLOCK_BYTES: usize = 4 << 10;

/// Fewer bytes tell nothing.
const BLOCK_BYTES_MIN: usize = 512;

/// Whether all byte values are about equally frequent. Numbers are not: the exponents of floats and
/// the high bytes of integers are of few values.
fn is_dense(block: &[u8]) -> bool {
    let mut counts = [0u32; 256];
    for byte in block {
        counts[usize::from(*byte)] += 1;
    }
    let squares: u64 = counts.iter().map(|count| u64::from(*count).pow(2)).sum();
    let len = block.len() as u64;
    let expected = len + len * len / 256;
    squares * 4 < expected * 5
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
