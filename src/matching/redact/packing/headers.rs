//! What headers of a tar say of a member, and the notes before it.
//!
//! A header holds the beginning of what a note has in full, and in a beginning nobody may be told
//! who is told in the whole. So what is changed in a note is written into the header anew.

use std::io::Write;
use std::ops::Range;

use crate::matching::redact::refusal::Stop;
use crate::matching::views::packing::tar::{BLOCK_BYTES, Block, field, is_posix, name_in, records};

/// Where a header says what it heads.
pub const KIND: usize = 156;

const SIZE: Range<usize> = 124..136;
const SUM: Range<usize> = 148..156;
const PREFIX: Range<usize> = 345..500;

/// Octal digits of a size.
const DIGITS: usize = 11;

/// A field that names somebody or something.
pub struct Field {
    range: Range<usize>,
    /// The kind of GNU's notes that have it in full; 0 if there are none.
    pub kind: u8,
    /// The key of its record in notes of pax.
    pub key: &'static str,
}

/// All of them.
pub const FIELDS: [Field; 4] = [
    Field { range: 0..100, kind: b'L', key: "path" },
    Field { range: 157..257, kind: b'K', key: "linkpath" },
    Field { range: 265..297, kind: 0, key: "uname" },
    Field { range: 297..329, kind: 0, key: "gname" },
];

/// Which of them is the name.
pub const NAME: usize = 0;

/// Which of them is what a link is to.
pub const LINK: usize = 1;

/// Keys of POSIX. Others may be anything: the name of an attribute stands in them.
pub const POSIX_KEYS: [&str; 12] = [
    "atime", "charset", "comment", "ctime", "gid", "gname", "linkpath", "mtime", "path", "size",
    "uid", "uname",
];

/// What is said of a member in one of the fields.
pub struct Said {
    /// What is said now.
    pub stored: Vec<u8>,
    /// What is to be said.
    pub anew: Vec<u8>,
    /// Whether a note says it, in full.
    pub is_noted: bool,
}

impl Said {
    /// Whether something else is to be said.
    pub fn is_changed(&self) -> bool {
        self.stored != self.anew
    }
}

impl Field {
    /// What a header says in it.
    pub fn of(&self, block: &Block) -> Vec<u8> {
        match self.kind {
            b'L' => name_in(block),
            _ => field(&block[self.range.clone()]).to_vec(),
        }
    }

    /// Writes it: its beginning, where a note has all of it.
    ///
    /// # Errors
    /// There is no room for it.
    pub fn write(&self, block: &mut Block, text: &[u8], is_noted: bool) -> Result<(), Stop> {
        let is_note = is_note(block);
        let (mut prefix, mut own) = (&b""[..], text);
        if self.kind == b'L' && is_note {
            // It is called after the member, and nobody reads that.
            own = if is_pax(block) { b"././@PaxHeader" } else { b"././@LongLink" };
        } else if text.len() > self.range.len() {
            let parted = parted(text).filter(|_| self.kind == b'L' && is_posix(block));
            (prefix, own) = match parted {
                Some(parted) => parted,
                None if is_noted || is_note => (prefix, beginning(text, self.range.len())),
                None => return Err(Stop::not("tar: name too long")),
            };
        }
        set(&mut block[self.range.clone()], own);
        // In other headers times and sizes stand there.
        if self.kind == b'L' && is_posix(block) {
            set(&mut block[PREFIX], prefix);
        }
        Ok(())
    }
}

/// A member that says something of the next.
pub struct Note {
    /// Its header.
    pub block: Block,
    /// What it says.
    pub text: Vec<u8>,
}

impl Note {
    /// Its records, if it is one of pax.
    pub fn records(&self) -> Vec<(&[u8], &[u8])> {
        if is_pax(&self.block) { records(&self.text) } else { Vec::new() }
    }

    /// What it says in the place of a field.
    pub fn says(&self, of: &Field) -> Option<Vec<u8>> {
        if self.block[KIND] == of.kind {
            return Some(field(&self.text).to_vec());
        }
        let mut records = self.records().into_iter();
        records.rfind(|(key, _)| *key == of.key.as_bytes()).map(|(_, value)| value.to_vec())
    }

    /// Whether the member has holes.
    pub fn is_sparse(&self) -> bool {
        self.records().iter().any(|(key, _)| key.starts_with(b"GNU.sparse"))
    }

    /// Writes it.
    ///
    /// # Errors
    /// Writing failed.
    pub fn write(&self, out: &mut dyn Write) -> Result<(), Stop> {
        out.write_all(&self.block).map_err(Stop::Write)?;
        out.write_all(&self.text).map_err(Stop::Write)?;
        pad(out, self.text.len() as u64)
    }
}

fn is_pax(block: &Block) -> bool {
    matches!(block[KIND], b'x' | b'X' | b'g')
}

fn is_note(block: &Block) -> bool {
    is_pax(block) || matches!(block[KIND], b'L' | b'K')
}

/// A long name as POSIX parts it, at a slash.
fn parted(name: &[u8]) -> Option<(&[u8], &[u8])> {
    let slash = memchr::memchr_iter(b'/', name).find(|at| name.len() - at - 1 <= 100)?;
    let (prefix, own) = (&name[..slash], &name[slash + 1..]);
    (!prefix.is_empty() && prefix.len() <= PREFIX.len() && !own.is_empty()).then_some((prefix, own))
}

/// What fits of a text, without a part of a character.
fn beginning(text: &[u8], room: usize) -> &[u8] {
    let is_start = |at: &usize| text.get(*at).is_none_or(|byte| byte & 0xc0 != 0x80);
    &text[..(0..=room.min(text.len())).rev().find(is_start).unwrap_or(0)]
}

fn set(field: &mut [u8], text: &[u8]) {
    field.fill(0);
    field[..text.len()].copy_from_slice(text);
}

/// A record of a pax header: its length counts itself.
pub fn record(key: &[u8], value: &[u8]) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let with = |digits: usize| rest + digits;
    // Ends: a number has few digits.
    let digits = (1..).find(|digits| with(*digits).to_string().len() == *digits).unwrap_or(1);
    [with(digits).to_string().as_bytes(), b" ", key, b"=", value, b"\n"].concat()
}

/// Writes the size of what a header heads.
pub fn write_size(block: &mut Block, size: u64) {
    let octal = format!("{size:0DIGITS$o}\0");
    if octal.len() == SIZE.len() {
        block[SIZE].copy_from_slice(octal.as_bytes());
    } else {
        // As GNU writes what is too long.
        block[SIZE].fill(0);
        block[SIZE.start] = 0x80;
        block[SIZE.end - 8..SIZE.end].copy_from_slice(&size.to_be_bytes());
    }
}

/// Writes the sum of a header.
pub fn write_sum(block: &mut Block) {
    block[SUM].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[SUM].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

/// How many bytes fill up what is of this size.
pub fn padding(size: u64) -> u64 {
    size.next_multiple_of(BLOCK_BYTES as u64) - size
}

/// Fills up what is of this size.
///
/// # Errors
/// Writing failed.
pub fn pad(out: &mut dyn Write, size: u64) -> Result<(), Stop> {
    out.write_all(&vec![0; padding(size) as usize]).map_err(Stop::Write)
}

/// It is no tar.
pub fn broken() -> Stop {
    Stop::not("tar: broken")
}
