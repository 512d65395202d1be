//! Messages where they stand, one behind the other.

use std::io;

use crate::matching::views::stores::arrow::flat::Table;
use crate::matching::views::stores::numbers::little;
use crate::matching::views::stores::spool::{Spool, broken};

/// What a file begins and ends with; a stream does not.
pub const FILE: &[u8] = b"ARROW1";

/// Bytes of what is said of a batch.
pub const MESSAGE_BYTES_MAX: u64 = 32 << 20;

/// Before the length of a message.
const MARK: u64 = 0xffff_ffff;

/// A message.
pub struct Framed {
    /// Where it begins: a mark, and its length.
    pub at: u64,
    /// Bytes of those.
    pub lead: u64,
    /// What it says.
    pub bytes: Vec<u8>,
    /// Where its body begins.
    pub body: u64,
}

impl Framed {
    /// What it says, as a table.
    ///
    /// # Errors
    /// It is none.
    pub fn table(&self) -> io::Result<Table<'_>> {
        Table::root(&self.bytes).ok_or_else(broken)
    }

    /// Where its body ends.
    ///
    /// # Errors
    /// As [`Self::table`].
    pub fn end(&self) -> io::Result<u64> {
        self.body.checked_add(self.table()?.number(3, 8)).ok_or_else(broken)
    }
}

/// Where the first message begins.
///
/// # Errors
/// Our own disk's.
pub fn start(spool: &mut Spool<'_>) -> io::Result<u64> {
    Ok(if spool.some(0, FILE.len())? == FILE { 8 } else { 0 })
}

/// What stands at the end of a file: its schema and where its batches begin. `None` where there is
/// no such thing, as behind a stream.
///
/// # Errors
/// Our own disk's.
pub fn foot(spool: &mut Spool<'_>) -> io::Result<Option<Vec<u8>>> {
    // Behind the foot stand its length and the word.
    let (size, tail) = (spool.size(), 4 + FILE.len());
    let Some(at) = size.checked_sub(tail as u64) else { return Ok(None) };
    let bytes = spool.some(at, tail)?;
    if bytes.get(4..) != Some(FILE) {
        return Ok(None);
    }
    let len = little(&bytes, 0, 4).unwrap_or(0);
    let start = at.checked_sub(len).filter(|start| *start >= 8 && len <= MESSAGE_BYTES_MAX);
    start.map(|start| spool.all(start, len as usize)).transpose()
}

/// The next message from a place on, if one follows: behind the end of a stream another may begin,
/// or there is the foot of a file.
///
/// # Errors
/// It is none.
pub fn next(spool: &mut Spool<'_>, mut at: u64) -> io::Result<Option<Framed>> {
    // Ends: each turn goes on by eight bytes.
    loop {
        let Some(first) = little(&spool.some(at, 4)?, 0, 4) else { return Ok(None) };
        let (lead, len) = match first {
            MARK => (8, little(&spool.some(at + 4, 4)?, 0, 4).unwrap_or(0)),
            len => (4, len),
        };
        if len == 0 {
            at += lead;
            if first == MARK && little(&spool.some(at, 4)?, 0, 4) == Some(MARK) {
                continue;
            }
            return Ok(None);
        }
        if len > MESSAGE_BYTES_MAX {
            return Err(broken());
        }
        let bytes = spool.all(at + lead, len as usize)?;
        return Ok(Some(Framed { at, lead, bytes, body: at + lead + len }));
    }
}
