//! The buffers of a batch: where they stand, and unpacked where they are packed.

use std::io::{self, Read};

use crate::matching::views::packing::lz4::Lz4;
use crate::matching::views::packing::signs::ZSTD_WINDOW_LOG_MAX;
use crate::matching::views::stores::arrow::flat::Table;
use crate::matching::views::stores::numbers::little;
use crate::matching::views::stores::spool::{Part, Spool, broken};

/// A part of the file, or of what was unpacked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Buffer {
    at: u64,
    len: u64,
    is_unpacked: bool,
}

/// The buffers of one batch.
pub struct Buffers<'s, 'a> {
    file: &'s mut Spool<'a>,
    unpacked: Spool<'a>,
    body: u64,
    all: Vec<(u64, u64)>,
    packing: Option<u64>,
}

impl<'s, 'a> Buffers<'s, 'a> {
    /// Of a batch whose body begins here.
    pub fn new(file: &'s mut Spool<'a>, batch: &Table<'_>, body: u64) -> Self {
        let of = |item: &[u8], at| little(item, at, 8).unwrap_or(0);
        let all = batch.items(2, 16).map(|item| (of(item, 0), of(item, 8))).collect();
        let packing = batch.table(3).map(|packing| packing.number(0, 1));
        let unpacked = file.beside();
        Self { file, unpacked, body, all, packing }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.all.len()
    }

    /// What each is packed with.
    pub fn packing(&self) -> Option<u64> {
        self.packing
    }

    /// Whether all of them begin at multiples of this.
    pub fn are_aligned(&self, to: u64) -> bool {
        self.all.iter().all(|(offset, _)| offset.is_multiple_of(to))
    }

    /// The buffer of this number as it is packed.
    ///
    /// # Errors
    /// There is none.
    pub fn stored(&mut self, number: usize) -> io::Result<Part<'_, 'a>> {
        let (at, len) = self.place(number)?;
        Ok(self.file.part(at, len))
    }

    fn place(&self, number: usize) -> io::Result<(u64, u64)> {
        let (offset, len) = *self.all.get(number).ok_or_else(broken)?;
        let at = self.body.checked_add(offset).ok_or_else(broken)?;
        let is_there = at.checked_add(len).is_some_and(|end| end <= self.file.size());
        if is_there { Ok((at, len)) } else { Err(broken()) }
    }

    /// The buffer of this number.
    pub fn open(&mut self, number: usize) -> io::Result<Buffer> {
        let (at, len) = self.place(number)?;
        let Some(packing) = self.packing.filter(|_| len > 0) else {
            return Ok(Buffer { at, len, is_unpacked: false });
        };
        // Its length unpacked stands before it; -1 where packing would not have made it shorter.
        let (at, len) = (at + 8, len.checked_sub(8).ok_or_else(broken)?);
        if little(&self.file.all(at - 8, 8)?, 0, 8) == Some(u64::MAX) {
            return Ok(Buffer { at, len, is_unpacked: false });
        }
        let packed = self.file.part(at, len);
        let start = self.unpacked.size();
        let decoder: Box<dyn Read + '_> = match packing {
            0 => Box::new(Lz4::new(packed)),
            1 => {
                let mut decoder = zstd::stream::read::Decoder::new(packed)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                Box::new(decoder)
            }
            _ => return Err(io::ErrorKind::Unsupported.into()),
        };
        self.unpacked.decode(decoder)?;
        Ok(Buffer { at: start, len: self.unpacked.size() - start, is_unpacked: true })
    }

    /// So many bytes of a buffer from a place on.
    pub fn bytes(&mut self, buffer: Buffer, at: u64, len: u64) -> io::Result<Vec<u8>> {
        if at.checked_add(len).is_none_or(|end| end > buffer.len) {
            return Err(broken());
        }
        let len = usize::try_from(len).map_err(|_| broken())?;
        let spool = if buffer.is_unpacked { &mut self.unpacked } else { &mut *self.file };
        spool.all(buffer.at + at, len)
    }

    /// The same as a stream.
    pub fn stream(&mut self, buffer: Buffer, at: u64, len: u64) -> Part<'_, 'a> {
        let spool = if buffer.is_unpacked { &mut self.unpacked } else { &mut *self.file };
        let len = len.min(buffer.len.saturating_sub(at));
        spool.part(buffer.at + at, len)
    }
}
