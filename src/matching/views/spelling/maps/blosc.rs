//! How a buffer of Blosc begins (format 1 and 2).
//!
//! <https://github.com/Blosc/c-blosc/blob/main/README_CHUNK_FORMAT.rst>

/// Bytes before what is packed.
pub const HEAD_BYTES: usize = 16;

/// What a buffer says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// Bytes of what is packed.
    pub bytes: u64,
    /// Bytes of each block but the last.
    pub block: usize,
    /// Bytes of the buffer.
    pub packed: u64,
    /// Bytes of each number.
    pub width: usize,
    /// How it is packed.
    pub flags: u8,
}

/// Nothing is packed.
pub const COPIED: u8 = 2;

impl Head {
    /// Reads it, where what follows bears it out: the places of the blocks lie behind each other's
    /// and within the whole.
    pub fn read(head: &[u8]) -> Option<Self> {
        let &[1 | 2, 1, flags, width, ..] = head else { return None };
        let number = |at| number_at(head, at);
        let (bytes, block, packed) = (number(4)?, number(8)?, number(12)?);
        let read = Self { bytes, block: block as usize, packed, width: width.into(), flags };
        let is_sane = flags & 0x08 == 0 && flags >> 5 <= 4 && width > 0 && bytes > 0;
        if flags & COPIED != 0 {
            return (is_sane && packed == bytes + HEAD_BYTES as u64).then_some(read);
        }
        let places = HEAD_BYTES as u64 + 4 * read.count()?;
        let mut known = head.get(HEAD_BYTES..)?.chunks_exact(4).take(read.count()? as usize);
        let is_there = |at: &[u8]| (places..packed).contains(&number_at(at, 0).unwrap_or(0));
        (is_sane && known.len() > 0 && known.all(is_there)).then_some(read)
    }

    /// How many blocks there are.
    fn count(&self) -> Option<u64> {
        (self.block > 0).then(|| self.bytes.div_ceil(self.block as u64))
    }
}

/// A number of four bytes, the low one first.
fn number_at(bytes: &[u8], at: usize) -> Option<u64> {
    let number = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*number).into())
}
