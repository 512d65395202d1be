//! Tar: POSIX ustar and pax, GNU, and the older ones.
//!
//! Read here and not by a crate, since a long name is a member of its own, of any length, and must
//! not be taken into memory whole. What stands behind an end is read on: archives are put together
//! with `cat`.

use std::io::{self, Read};

use crate::matching::views::spelling::charset::utf8_or_western;
use crate::matching::views::tour::{Look, Tour, shown};

/// What headers and contents are counted in.
pub const BLOCK_BYTES: usize = 512;

/// The longest name, and the longest header of pax, that is read. A longer one is named.
pub const NOTE_BYTES_MAX: u64 = 1 << 20;

/// A header, or a part of a content.
pub type Block = [u8; BLOCK_BYTES];

/// What members before another say of it.
#[derive(Default)]
struct Notes {
    name: Option<Vec<u8>>,
    size: Option<u64>,
    /// Other texts: links, owners, comments.
    labels: Vec<String>,
}

impl<L: Look> Tour<'_, L> {
    /// Looks into an archive.
    pub(in crate::matching::views) fn tar(
        &mut self,
        reader: &mut dyn Read,
        chain: &str,
        depth: usize,
    ) -> io::Result<()> {
        let walked = self.tar_members(reader, chain, depth);
        self.settle(walked, "tar: broken", chain)
    }

    fn tar_members(&mut self, reader: &mut dyn Read, chain: &str, depth: usize) -> io::Result<()> {
        let mut notes = Notes::default();
        let mut is_behind_end = false;
        loop {
            let bytes = block_or_less(reader)?;
            if bytes.is_empty() {
                return Ok(());
            }
            self.meter.pace(self.limits)?;
            if bytes == [0; BLOCK_BYTES] {
                is_behind_end = true;
                continue;
            }
            let block = Block::try_from(bytes.as_slice()).ok();
            let header = block.and_then(|block| Some((block, checked_size(&block)?)));
            let Some((block, size)) = header else {
                if is_behind_end {
                    let mut rest = bytes.as_slice().chain(reader);
                    return self.bytes(&mut rest, &format!("{chain}tar tail > "), depth + 1);
                }
                return Err(broken());
            };
            is_behind_end = false;
            match block[156] {
                kind @ (b'L' | b'K' | b'x' | b'g' | b'X') => {
                    self.note_of(reader, kind, size, &mut notes, chain)?;
                }
                kind => {
                    let notes = std::mem::take(&mut notes);
                    let mut is_extended = kind == b'S' && block[482] != 0;
                    while is_extended {
                        let more = self::block(reader)?.ok_or_else(broken)?;
                        is_extended = more[504] != 0;
                    }
                    // A hard link states the size of what it links to.
                    let size = if kind == b'1' { 0 } else { notes.size.unwrap_or(size) };
                    self.tar_member(reader, &block, size, &notes, chain, depth)?;
                }
            }
        }
    }

    fn tar_member(
        &mut self,
        reader: &mut dyn Read,
        block: &Block,
        size: u64,
        notes: &Notes,
        chain: &str,
        depth: usize,
    ) -> io::Result<()> {
        let own = name_in(block);
        let raw = notes.name.as_ref().unwrap_or(&own);
        let name = utf8_or_western(raw);
        let view = format!("{chain}tar");
        let place = shown(&name);
        self.label_bytes(raw, &view, &place);
        if !raw.starts_with(&own) {
            // It says something else than the note that stands for it.
            self.label_bytes(&own, &view, &place);
        }
        let fields = [field(&block[157..257]), field(&block[265..297]), field(&block[297..329])];
        let labels = fields.into_iter().filter(|field| !field.is_empty()).map(utf8_or_western);
        for label in labels.chain(notes.labels.iter().cloned()) {
            self.label(&label, &view, &place);
        }
        let mut content = reader.take(size);
        self.bytes(&mut content, &format!("{chain}tar:{place} > "), depth + 1)?;
        pass(&mut content, size)?;
        pass_padding(reader, size)
    }

    /// A member that says something of the next one, or of all others.
    fn note_of(
        &mut self,
        reader: &mut dyn Read,
        kind: u8,
        size: u64,
        notes: &mut Notes,
        chain: &str,
    ) -> io::Result<()> {
        if size > NOTE_BYTES_MAX {
            self.unreadable("tar: name too long", chain);
        }
        let mut content = reader.take(size);
        let mut text = Vec::new();
        content.by_ref().take(NOTE_BYTES_MAX).read_to_end(&mut text)?;
        pass(&mut content, size)?;
        pass_padding(reader, size)?;
        match kind {
            b'L' => notes.name = Some(field(&text).to_vec()),
            b'K' => notes.labels.push(utf8_or_western(field(&text))),
            _ => {
                for (key, value) in records(&text) {
                    match key {
                        b"path" if kind != b'g' => notes.name = Some(value.to_vec()),
                        b"size" if kind != b'g' => {
                            let stated = std::str::from_utf8(value).ok();
                            notes.size = stated.and_then(|size| size.parse().ok());
                        }
                        _ => {
                            let (key, value) = (utf8_or_western(key), utf8_or_western(value));
                            notes.labels.push(format!("{key}: {value}"));
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

/// The records of a pax header: a length, a key and a value.
pub fn records(mut text: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut records = Vec::new();
    while let Some(space) = text.iter().take(20).position(|byte| *byte == b' ')
        && let Some(len) = std::str::from_utf8(&text[..space]).ok().and_then(|len| len.parse().ok())
        && len > space + 1
        && let Some((record, rest)) = text.split_at_checked(len)
    {
        let record = record[space + 1..].strip_suffix(b"\n").unwrap_or(&record[space + 1..]);
        if let Some(sign) = memchr::memchr(b'=', record) {
            records.push((&record[..sign], &record[sign + 1..]));
        }
        text = rest;
    }
    records
}

/// The next block; `None` at the end.
fn block(reader: &mut dyn Read) -> io::Result<Option<Block>> {
    let bytes = block_or_less(reader)?;
    match bytes.len() {
        0 => Ok(None),
        _ => bytes.try_into().map(Some).map_err(|_| io::ErrorKind::UnexpectedEof.into()),
    }
}

/// The next block; fewer bytes at the end.
///
/// # Errors
/// Reading failed.
pub fn block_or_less(reader: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(BLOCK_BYTES);
    reader.take(BLOCK_BYTES as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The size that a header states, if its check sum holds.
pub fn checked_size(block: &Block) -> Option<u64> {
    has_sum(block).then(|| number(&block[124..136])).flatten()
}

/// Whether a block is a header: its check sum holds.
pub fn has_sum(block: &Block) -> bool {
    let stated = std::str::from_utf8(&block[148..156]).ok();
    let stated = stated.map(|field| u64::from_str_radix(field.trim_matches(['\0', ' ']), 8));
    let sum = |value: fn(u8) -> i64| -> i64 {
        let bytes = block.iter().enumerate();
        bytes.map(|(at, byte)| if (148..156).contains(&at) { 32 } else { value(*byte) }).sum()
    };
    let Some(Ok(stated)) = stated else { return false };
    // Some old programs took bytes for signed.
    let stated = i64::try_from(stated).unwrap_or(i64::MAX);
    stated == sum(i64::from) || stated == sum(|byte| i64::from(byte as i8))
}

/// A number in octal, or in base 256 where that is too short.
fn number(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 != 0 {
        let (high, low) = field.split_at(field.len() - 8);
        let is_small = high[0] == 0x80 && high[1..].iter().all(|byte| *byte == 0);
        return is_small.then(|| low.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)));
    }
    let text = std::str::from_utf8(field).ok()?.trim_matches(['\0', ' ']);
    if text.is_empty() { Some(0) } else { u64::from_str_radix(text, 8).ok() }
}

/// The bytes of a field, up to its zero.
pub fn field(bytes: &[u8]) -> &[u8] {
    &bytes[..memchr::memchr(0, bytes).unwrap_or(bytes.len())]
}

/// Whether a header is one of POSIX, in which more of a name may stand behind all else.
pub fn is_posix(block: &Block) -> bool {
    &block[257..263] == b"ustar\0"
}

/// The name in a header.
pub fn name_in(block: &Block) -> Vec<u8> {
    let name = field(&block[..100]);
    let prefix = field(&block[345..500]);
    if is_posix(block) && !prefix.is_empty() {
        return [prefix, b"/", name].concat();
    }
    name.to_vec()
}

/// Passes by what is left of a member of this size.
fn pass(content: &mut io::Take<impl Read>, size: u64) -> io::Result<()> {
    let is_read = size - content.limit();
    let passed = io::copy(content, &mut io::sink())?;
    if is_read + passed == size { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

fn pass_padding(reader: &mut dyn Read, size: u64) -> io::Result<()> {
    let padding = (BLOCK_BYTES as u64 - size % BLOCK_BYTES as u64) % BLOCK_BYTES as u64;
    io::copy(&mut reader.take(padding), &mut io::sink()).map(drop)
}

fn broken() -> io::Error {
    io::ErrorKind::InvalidData.into()
}
