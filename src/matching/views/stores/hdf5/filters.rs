//! What a chunk went through before it was stored, undone.

use std::io::{self, Read};

use crate::matching::views::packing::signs::ZSTD_WINDOW_LOG_MAX;
use crate::matching::views::spelling::maps::blosc::Head;
use crate::matching::views::stores::blosc::unshuffled;
use crate::matching::views::stores::numbers::{big, little};
use crate::matching::views::stores::spool::{broken, too_large};

/// Bytes of a chunk, packed or not.
pub const CHUNK_BYTES_MAX: usize = 40 << 20;

/// A filter, with what it was told.
#[derive(Clone, Debug)]
pub struct Filter {
    id: u64,
    values: Vec<u64>,
}

/// The filters that a message tells, in the order in which they were used.
pub fn filters(message: &[u8]) -> Option<Vec<Filter>> {
    let (version, count) = (*message.first()?, *message.get(1)?);
    let mut at = if version == 1 { 8 } else { 2 };
    let mut all = Vec::new();
    for _ in 0..count {
        let id = little(message, at, 2)?;
        let has_name = version == 1 || id >= 256;
        let name = if has_name { little(message, at + 2, 2)? as usize } else { 0 };
        at += if has_name { 4 } else { 2 };
        let values = little(message, at + 2, 2)? as usize;
        at += 4 + if version == 1 { name.next_multiple_of(8) } else { name };
        let of = |index| little(message, at + 4 * index, 4);
        all.push(Filter { id, values: (0..values).map(of).collect::<Option<_>>()? });
        at += 4 * (values + if version == 1 { values % 2 } else { 0 });
    }
    Some(all)
}

/// What a chunk was before these filters, but for those that its mask says were left out.
///
/// # Errors
/// It is broken, too large, or a filter is not known.
pub fn undo(mut chunk: Vec<u8>, filters: &[Filter], mask: u64) -> io::Result<Vec<u8>> {
    for (index, filter) in filters.iter().enumerate().rev() {
        if mask >> index & 1 != 0 {
            continue;
        }
        chunk = match filter.id {
            1 => unpacked(flate2::read::ZlibDecoder::new(chunk.as_slice()))?,
            2 => unshuffled(&chunk, filter.values.first().map_or(1, |size| *size as usize)),
            3 => {
                chunk.truncate(chunk.len().saturating_sub(4));
                chunk
            }
            307 => unpacked(bzip2::read::BzDecoder::new(chunk.as_slice()))?,
            32_000 => lzf(&chunk, filter.values.get(2).map_or(0, |size| *size as usize))?,
            32_001 => blosc(&chunk)?,
            32_004 => lz4_blocks(&chunk)?,
            32_015 => {
                let mut decoder = zstd::stream::read::Decoder::new(chunk.as_slice())?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                unpacked(decoder)?
            }
            _ => return Err(io::ErrorKind::Unsupported.into()),
        };
    }
    Ok(chunk)
}

fn unpacked(decoder: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    decoder.take(CHUNK_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > CHUNK_BYTES_MAX { Err(too_large()) } else { Ok(bytes) }
}

/// `LibLZF`: runs of bytes, and copies of what came before.
fn lzf(bytes: &[u8], most: usize) -> io::Result<Vec<u8>> {
    let most = if most == 0 { CHUNK_BYTES_MAX } else { most };
    if most > CHUNK_BYTES_MAX {
        return Err(too_large());
    }
    let mut all: Vec<u8> = Vec::new();
    let mut rest = bytes.iter();
    while let Some(&control) = rest.next() {
        let control = usize::from(control);
        let mut next = || rest.next().map(|byte| usize::from(*byte)).ok_or_else(broken);
        if control < 32 {
            for _ in 0..control + 1 {
                all.push(next()? as u8);
            }
        } else {
            let mut len = control >> 5;
            if len == 7 {
                len += next()?;
            }
            let back = ((control & 31) << 8 | next()?) + 1;
            let from = all.len().checked_sub(back).ok_or_else(broken)?;
            for index in from..from + len + 2 {
                all.push(all[index]);
            }
        }
        if all.len() > most {
            return Err(broken());
        }
    }
    Ok(all)
}

fn blosc(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    let mut part = |at: u64, len: usize| {
        let bytes = bytes.get(at as usize..).and_then(|rest| rest.get(..len));
        bytes.map(<[u8]>::to_vec).ok_or_else(broken)
    };
    Head::read(bytes).ok_or_else(broken)?.unpack(&mut part, &mut |block| {
        all.extend_from_slice(block);
        if all.len() > CHUNK_BYTES_MAX { Err(too_large()) } else { Ok(()) }
    })?;
    Ok(all)
}

/// A length, a size of blocks, and each block with its own length; the high byte first.
fn lz4_blocks(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let number = |at, width| big(bytes, at, width).map(|n| n as usize).ok_or_else(broken);
    let (whole, block) = (number(0, 8)?, number(8, 4)?);
    if whole > CHUNK_BYTES_MAX || block == 0 {
        return Err(too_large());
    }
    let (mut all, mut at) = (Vec::new(), 12);
    while all.len() < whole {
        let len = number(at, 4)?;
        let packed = bytes.get(at + 4..at + 4 + len).ok_or_else(broken)?;
        let size = block.min(whole - all.len());
        if len == size {
            all.extend_from_slice(packed);
        } else {
            let unpacked = lz4_flex::block::decompress(packed, size).map_err(|_| broken())?;
            if unpacked.is_empty() {
                return Err(broken());
            }
            all.extend(unpacked);
        }
        at += 4 + len;
    }
    Ok(all)
}
