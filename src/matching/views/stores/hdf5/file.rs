//! The file as a whole: where it begins, how wide its numbers are, and what stands in it by signs.

use std::collections::HashMap;
use std::io;

use memchr::memmem;

use crate::matching::views::forms::HDF5;
use crate::matching::views::stores::numbers::little;
use crate::matching::views::stores::spool::{Spool, broken};

/// Bytes looked through for signs at once.
const PART_BYTES: usize = 1 << 20;

/// Places of signs that are kept.
const SIGNS_MAX: usize = 1 << 20;

/// A file.
pub struct File<'s, 'a> {
    /// Its bytes.
    pub spool: &'s mut Spool<'a>,
    /// Where it begins in them: others may put something before it.
    base: u64,
    /// Bytes of an address, and of a length.
    pub wide: usize,
    pub long: usize,
    /// The head of the first group.
    pub root: u64,
}

impl<'s, 'a> File<'s, 'a> {
    /// Of these bytes.
    ///
    /// # Errors
    /// They are none, or cannot be read.
    pub fn open(spool: &'s mut Spool<'a>) -> io::Result<Self> {
        let mut base = 0;
        let head = loop {
            let head = spool.some(base, 256)?;
            if head.starts_with(HDF5) {
                break head;
            }
            base = if base == 0 { 512 } else { base * 2 };
            if base >= spool.size() {
                return Err(broken());
            }
        };
        let byte = |at: usize| head.get(at).map_or(0, |byte| usize::from(*byte));
        let version = byte(8);
        let (widths, root) = match version {
            0 | 1 => (13, 24 + 4 * version + 4 * byte(13) + byte(13)),
            2 | 3 => (9, 12 + 3 * byte(9)),
            _ => return Err(io::ErrorKind::Unsupported.into()),
        };
        let (wide, long) = (byte(widths), byte(widths + 1));
        if !matches!(wide, 2 | 4 | 8) || !matches!(long, 2 | 4 | 8) {
            return Err(broken());
        }
        let root = little(&head, root, wide).ok_or_else(broken)?;
        Ok(Self { spool, base, wide, long, root })
    }

    /// So many bytes at an address, or as many as there are.
    pub fn some(&mut self, address: u64, len: usize) -> io::Result<Vec<u8>> {
        match self.base.checked_add(address) {
            Some(at) if at < self.spool.size() => self.spool.some(at, len),
            _ => Ok(Vec::new()),
        }
    }

    /// So many bytes at an address.
    pub fn all(&mut self, address: u64, len: usize) -> io::Result<Vec<u8>> {
        self.spool.all(self.base.checked_add(address).ok_or_else(broken)?, len)
    }

    /// Whether an address is one of this file.
    pub fn has(&self, address: u64) -> bool {
        self.base.checked_add(address).is_some_and(|at| at < self.spool.size())
    }

    /// The addresses at which signs stand: what nothing leads to is found by them.
    pub fn signs(&mut self) -> io::Result<HashMap<&'static [u8], Vec<u64>>> {
        let mut all: HashMap<&'static [u8], Vec<u64>> = HashMap::new();
        let (mut at, mut left) = (self.base, SIGNS_MAX);
        while at < self.spool.size() {
            let part = self.spool.some(at, PART_BYTES + 3)?;
            for sign in SIGNS {
                for found in memmem::find_iter(&part, sign).filter(|found| *found < PART_BYTES) {
                    left = left.checked_sub(1).ok_or(io::ErrorKind::FileTooLarge)?;
                    all.entry(sign).or_default().push(at - self.base + found as u64);
                }
            }
            at += PART_BYTES as u64;
        }
        Ok(all)
    }
}

/// Before what else begins with a sign: heads of objects, nodes of groups, blocks of heaps and of
/// arrays that grow.
pub const HEAD: &[u8] = b"OHDR";
pub const NODE: &[u8] = b"SNOD";
pub const HEAP_BLOCK: &[u8] = b"FHDB";
pub const ARRAY_BLOCK: &[u8] = b"EADB";
const SIGNS: [&[u8]; 4] = [HEAD, NODE, HEAP_BLOCK, ARRAY_BLOCK];
