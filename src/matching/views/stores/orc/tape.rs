//! A stream of a column, read from front to back beside others.

use std::io;
use std::ops::Range;

use crate::matching::views::stores::spool::{Spool, broken};

/// Bytes that are read at once, of one stream and of all together.
const PART_BYTES: Range<usize> = 512..32 << 10;
const PARTS_BYTES: usize = 8 << 20;

/// A part of a spool, and how far it was read.
#[derive(Clone, Default)]
pub struct Tape {
    at: u64,
    end: u64,
    part: usize,
    held: Vec<u8>,
    given: usize,
}

impl Tape {
    /// From a place to another, beside so many others.
    pub fn new((at, end): (u64, u64), others: usize) -> Self {
        let part = (PARTS_BYTES / (others + 1)).clamp(PART_BYTES.start, PART_BYTES.end);
        Self { at, end, part, held: Vec::new(), given: 0 }
    }

    /// The next byte, or `None` at the end.
    pub fn next(&mut self, spool: &mut Spool<'_>) -> io::Result<Option<u8>> {
        if self.given == self.held.len() {
            let len = self.end.saturating_sub(self.at).min(self.part as u64);
            self.held = spool.some(self.at, len as usize)?;
            self.at += self.held.len() as u64;
            self.given = 0;
        }
        let byte = self.held.get(self.given).copied();
        self.given += 1;
        self.given = self.given.min(self.held.len());
        Ok(byte)
    }

    /// The next byte.
    pub fn byte(&mut self, spool: &mut Spool<'_>) -> io::Result<u8> {
        self.next(spool)?.ok_or_else(broken)
    }

    /// So many bytes.
    pub fn bytes(&mut self, spool: &mut Spool<'_>, len: usize) -> io::Result<Vec<u8>> {
        let here = &self.held[self.given..];
        if len <= here.len() {
            let bytes = here[..len].to_vec();
            self.given += len;
            return Ok(bytes);
        }
        let mut bytes = here.to_vec();
        let more = len - bytes.len();
        if more as u64 > self.end.saturating_sub(self.at) {
            return Err(broken());
        }
        bytes.extend(spool.all(self.at, more)?);
        self.at += more as u64;
        self.given = self.held.len();
        Ok(bytes)
    }

    /// A number of seven bits a byte, the low ones first.
    pub fn varint(&mut self, spool: &mut Spool<'_>) -> io::Result<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte(spool)?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(broken())
    }

    /// A number of so many bytes, the high one first.
    pub fn big(&mut self, spool: &mut Spool<'_>, width: usize) -> io::Result<u64> {
        let mut value = 0;
        for _ in 0..width {
            value = value << 8 | u64::from(self.byte(spool)?);
        }
        Ok(value)
    }
}
