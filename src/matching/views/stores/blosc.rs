//! Buffers of Blosc (format 1 and 2), in which Zarr keeps each chunk and HDF5 may: blocks, each
//! packed by itself, the bytes or bits of its numbers sorted by their place before.

use std::io::{self, Read};

use crate::matching::views::packing::signs::ZSTD_WINDOW_LOG_MAX;
use crate::matching::views::spelling::maps::blosc::{COPIED, HEAD_BYTES, Head};
use crate::matching::views::stores::numbers::little;
use crate::matching::views::stores::spool::{Spool, broken, too_large};
use crate::matching::views::tour::{Kind, Look, Tour};
use crate::matching::work;

/// Bytes of a block.
const BLOCK_BYTES_MAX: usize = 32 << 20;

/// Wider numbers are not packed place by place.
const SPLITS_MAX: usize = 16;

/// Nor are fewer of them in a block.
const SPLIT_COUNT_MIN: usize = 128;

/// How the numbers of a block are sorted.
const BY_BYTES: u8 = 1;
const BY_BITS: u8 = 4;

/// Each block is packed as a whole.
const WHOLE: u8 = 0x10;

impl Head {
    /// Gives what is in a buffer, block by block, of which `part` gives so many bytes from a place.
    ///
    /// # Errors
    /// It is broken or a block is too large; what `part` and `give` answer.
    pub fn unpack(
        &self,
        part: &mut dyn FnMut(u64, usize) -> io::Result<Vec<u8>>,
        give: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let copied = self.flags & COPIED != 0;
        let block = if copied { BLOCK_BYTES_MAX } else { self.block };
        if block > BLOCK_BYTES_MAX {
            return Err(too_large());
        }
        let mut left = self.bytes;
        for number in 0..self.bytes.div_ceil(block as u64) {
            let len = left.min(block as u64) as usize;
            left -= len as u64;
            if copied {
                give(&part(HEAD_BYTES as u64 + number * block as u64, len)?)?;
                continue;
            }
            let at = part(HEAD_BYTES as u64 + 4 * number, 4)?;
            let at = little(&at, 0, 4).filter(|at| *at < self.packed).ok_or_else(broken)?;
            give(&self.sorted_back(self.unpacked(part, at, len)?))?;
        }
        Ok(())
    }

    /// The block that is packed there.
    fn unpacked(
        &self,
        part: &mut dyn FnMut(u64, usize) -> io::Result<Vec<u8>>,
        mut at: u64,
        len: usize,
    ) -> io::Result<Vec<u8>> {
        let is_split = self.flags & WHOLE == 0
            && self.width <= SPLITS_MAX
            && self.block / self.width >= SPLIT_COUNT_MIN
            && len == self.block;
        let splits = if is_split { self.width } else { 1 };
        let mut all = Vec::new();
        for _ in 0..splits {
            let packed = little(&part(at, 4)?, 0, 4).unwrap_or(0);
            let end = at.checked_add(4 + packed).filter(|end| *end <= self.packed);
            let end = end.ok_or_else(broken)?;
            let packed = part(at + 4, packed as usize)?;
            at = end;
            let size = len / splits;
            all.extend(if packed.len() == size { packed } else { self.decoded(&packed, size)? });
        }
        if all.len() == len { Ok(all) } else { Err(broken()) }
    }

    fn decoded(&self, packed: &[u8], size: usize) -> io::Result<Vec<u8>> {
        match self.flags >> 5 {
            0 => blosclz(packed, size),
            1 => lz4_flex::block::decompress(packed, size).map_err(|_| broken()),
            2 => match snap::raw::decompress_len(packed) {
                Ok(len) if len == size => {
                    snap::raw::Decoder::new().decompress_vec(packed).map_err(|_| broken())
                }
                _ => Err(broken()),
            },
            3 => read(flate2::read::ZlibDecoder::new(packed), size),
            _ => {
                let mut decoder = zstd::stream::read::Decoder::new(packed)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                read(decoder, size)
            }
        }
    }

    fn sorted_back(&self, block: Vec<u8>) -> Vec<u8> {
        match self.flags & (BY_BYTES | BY_BITS) {
            _ if self.width < 2 && self.flags & BY_BITS == 0 => block,
            BY_BYTES => unshuffled(&block, self.width),
            BY_BITS => bits_unshuffled(&block, self.width),
            _ => block,
        }
    }
}

impl<L: Look> Tour<'_, L> {
    /// Looks into a buffer.
    pub(in crate::matching::views) fn blosc(
        &mut self,
        spool: &mut Spool<'_>,
        chain: &str,
        depth: usize,
    ) -> io::Result<()> {
        let mut at = 0;
        // One behind the other, as in a shard of Zarr. Ends: each takes more than its head.
        while let Some(head) = Head::read(&spool.some(at, 4 << 10)?) {
            let mut unpacked = spool.beside();
            head.unpack(&mut |within, len| spool.all(at + within, len), &mut |block| {
                work::charge(block.len());
                self.meter.charge(block.len() as u64, self.limits)?;
                self.meter.pace(self.limits)?;
                unpacked.add(block)
            })?;
            self.bytes(&mut unpacked.from(0), &format!("{chain}blosc > "), depth + 1)?;
            at += head.packed;
        }
        if at < spool.size() && depth < self.limits.depth_max {
            self.stream(
                &mut spool.from(at),
                &format!("{chain}blosc tail > "),
                Kind::Binary,
                depth,
            )?;
        }
        Ok(())
    }
}

fn read(decoder: impl Read, size: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    decoder.take(size as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// First bytes of all numbers stood together, then all second ones, and so on.
pub fn unshuffled(bytes: &[u8], width: usize) -> Vec<u8> {
    let count = bytes.len() / width.max(1);
    if width < 2 || count < 2 {
        return bytes.to_vec();
    }
    let mut all = vec![0; bytes.len()];
    for (place, same) in bytes[..count * width].chunks_exact(count).enumerate() {
        for (index, byte) in same.iter().enumerate() {
            all[index * width + place] = *byte;
        }
    }
    all[count * width..].copy_from_slice(&bytes[count * width..]);
    all
}

/// The same of bits: the first ones of eight numbers stand in a byte, the lowest first. What is
/// left over eight numbers stands as it is.
fn bits_unshuffled(bytes: &[u8], width: usize) -> Vec<u8> {
    let count = bytes.len() / width / 8 * 8;
    let row = count / 8;
    let mut all = bytes.to_vec();
    all[..count * width].fill(0);
    for bit in 0..8 * width {
        for index in 0..count {
            let set = bytes[bit * row + index / 8] >> (index % 8) & 1;
            all[index * width + bit / 8] |= set << (bit % 8);
        }
    }
    all
}

/// `BloscLZ`: runs of bytes, and copies of what came before.
fn blosclz(bytes: &[u8], size: usize) -> io::Result<Vec<u8>> {
    /// As far back as thirteen bits reach.
    const NEAR: usize = 8191;
    let mut all: Vec<u8> = Vec::with_capacity(size);
    let mut rest = bytes.iter();
    let mut is_first = true;
    while let Some(&control) = rest.next() {
        let control = usize::from(if is_first { control & 31 } else { control });
        is_first = false;
        let mut next = || rest.next().map(|byte| usize::from(*byte)).ok_or_else(broken);
        if control < 32 {
            for _ in 0..control + 1 {
                all.push(next()? as u8);
            }
        } else {
            let mut len = (control >> 5) + 2;
            if len == 9 {
                // Ends: each turn takes a byte.
                loop {
                    let more = next()?;
                    len += more;
                    if more != 255 {
                        break;
                    }
                }
            }
            let high = (control & 31) << 8;
            let mut back = high + next()?;
            if back == NEAR {
                back += next()? << 8 | next()?;
            }
            let from = all.len().checked_sub(back + 1).ok_or_else(broken)?;
            if all.len() + len > size {
                return Err(broken());
            }
            for index in from..from + len {
                all.push(all[index]);
            }
        }
        if all.len() > size {
            return Err(broken());
        }
    }
    Ok(all)
}
