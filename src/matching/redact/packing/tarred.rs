//! Members of a tar, each rewritten in its order, with all that is said of it.
//!
//! A member in which nothing is replaced stays as it is, byte for byte, with its header.

use std::io::{Read, Seek, Write};

use crate::matching::put::Put;
use crate::matching::redact::packing::zipped::Names;
use crate::matching::redact::refusal::Stop;
use crate::matching::redact::rewriting::Rewriting;
use crate::matching::views::packing::tar::{
    BLOCK_BYTES, Block, NOTE_BYTES_MAX, block_or_less, checked_size, field, name_in, records,
};
use crate::matching::views::packing::zip::{SPOOL_BYTES_MAX, copy};
use crate::matching::views::spelling::charset::utf8_or_western;
use crate::matching::views::tour::Look;

/// Fields of a header.
const NAME: std::ops::Range<usize> = 0..100;
const SIZE: std::ops::Range<usize> = 124..136;
const SUM: std::ops::Range<usize> = 148..156;
const KIND: usize = 156;
const LINK: std::ops::Range<usize> = 157..257;
const USER: std::ops::Range<usize> = 265..297;
const GROUP: std::ops::Range<usize> = 297..329;
const PREFIX: std::ops::Range<usize> = 345..500;

/// Octal digits of a size.
const DIGITS: usize = 11;

/// A member that says something of the next.
struct Note {
    block: Block,
    text: Vec<u8>,
}

impl<L: Look<What = Put>> Rewriting<'_, L> {
    /// Rewrites a tar.
    pub(in crate::matching::redact) fn tar(
        &mut self,
        reader: &mut dyn Read,
        out: &mut dyn Write,
        depth: usize,
    ) -> Result<(), Stop> {
        let mut notes: Vec<Note> = Vec::new();
        let mut names = Names::default();
        loop {
            self.meter.pace(self.limits).map_err(|refused| Stop::Read(refused.into()))?;
            let bytes = block_or_less(reader).map_err(Stop::Read)?;
            if bytes.iter().all(|byte| *byte == 0) {
                out.write_all(&bytes).map_err(Stop::Write)?;
                if bytes.is_empty() {
                    return if notes.is_empty() { Ok(()) } else { Err(broken()) };
                }
                continue;
            }
            let block = Block::try_from(bytes.as_slice()).map_err(|_| broken())?;
            let Some(size) = checked_size(&block) else {
                return Err(Stop::not("tar: trailing bytes"));
            };
            match block[KIND] {
                b'L' | b'K' | b'x' | b'X' if size <= NOTE_BYTES_MAX => {
                    let text = content(reader, size)?;
                    notes.push(Note { block, text });
                }
                b'g' if size <= NOTE_BYTES_MAX => {
                    let mut note = Note { block, text: content(reader, size)? };
                    self.note(&mut note, None)?;
                    note.write(out)?;
                }
                b'L' | b'K' | b'x' | b'X' | b'g' => return Err(Stop::not("tar: name too long")),
                _ => {
                    let notes = std::mem::take(&mut notes);
                    self.tar_member(reader, out, (block, notes), &mut names, depth)?;
                }
            }
        }
    }

    fn tar_member(
        &mut self,
        reader: &mut dyn Read,
        out: &mut dyn Write,
        (mut block, mut notes): (Block, Vec<Note>),
        names: &mut Names,
        depth: usize,
    ) -> Result<(), Stop> {
        let before = self.replaced;
        let extended = extensions(reader, &block)?;
        let size = stated_size(&block, &notes)?;
        let stored = spooled(reader, size)?;
        let (mut stored, mut written) = (stored, tempfile::spooled_tempfile(SPOOL_BYTES_MAX));
        stored.rewind().map_err(Stop::Write)?;
        let name = notes.iter().find_map(Note::name).unwrap_or_else(|| name_in(&block));
        self.member_bytes(&utf8_or_western(&name), &mut stored, &mut written, depth + 1)?;
        let is_rewritten = self.replaced != before;
        let is_sparse = block[KIND] == b'S' || notes.iter().any(Note::is_sparse);
        if is_rewritten && is_sparse {
            return Err(Stop::not("tar: sparse file"));
        }
        let content = if is_rewritten { &mut written } else { &mut stored };
        let new_size = content.stream_position().map_err(Stop::Write)?;
        let has_own = notes.iter().any(|note| note.name().is_some());
        for note in &mut notes {
            self.note(note, Some(new_size))?;
        }
        self.fields(&mut block, !has_own, names)?;
        if self.replaced != before {
            if is_rewritten {
                write_size(&mut block, new_size);
            }
            write_sum(&mut block);
        }
        for note in &notes {
            note.write(out)?;
        }
        out.write_all(&block).map_err(Stop::Write)?;
        out.write_all(&extended).map_err(Stop::Write)?;
        content.rewind().map_err(Stop::Write)?;
        copy(content, out).map_err(Stop::Write)?;
        pad(out, new_size)
    }

    /// Rewrites the names in a header; the member's own only if no note has it.
    fn fields(&mut self, block: &mut Block, own: bool, names: &mut Names) -> Result<(), Stop> {
        if own {
            let name = name_in(block);
            let label = self.label(&name)?;
            let label = if label == name { name.clone() } else { names.unique_of(label) };
            names.take(label.clone());
            if label != name {
                block[PREFIX].fill(0);
                set(&mut block[NAME], &label)?;
            }
        }
        for range in [LINK, USER, GROUP] {
            let stored = field(&block[range.clone()]).to_vec();
            let label = self.label(&stored)?;
            if label != stored {
                set(&mut block[range], &label)?;
            }
        }
        Ok(())
    }

    /// Rewrites what a note says; `size` is what it is to say of the member's.
    fn note(&mut self, note: &mut Note, size: Option<u64>) -> Result<(), Stop> {
        let before = self.replaced;
        let text = match note.block[KIND] {
            b'L' | b'K' => {
                let stored = field(&note.text).to_vec();
                [self.label(&stored)?, vec![0]].concat()
            }
            _ => {
                let mut text = Vec::new();
                for (key, value) in records(&note.text) {
                    let value = match (key, size) {
                        (b"size", Some(size)) => size.to_string().into_bytes(),
                        _ => self.value(&utf8_or_western(key), value)?,
                    };
                    text.extend(record(key, &value));
                }
                text
            }
        };
        let has_size = size.is_some() && note.records().iter().any(|(key, _)| *key == b"size");
        if self.replaced != before || has_size {
            write_size(&mut note.block, text.len() as u64);
            write_sum(&mut note.block);
            note.text = text;
        }
        Ok(())
    }

    fn value(&mut self, key: &str, value: &[u8]) -> Result<Vec<u8>, Stop> {
        self.refuse_legacy(value)?;
        let Ok(text) = std::str::from_utf8(value) else { return Ok(value.to_vec()) };
        Ok(self.short(Some(key), text)?.text.into_bytes())
    }
}

impl Note {
    fn records(&self) -> Vec<(&[u8], &[u8])> {
        let is_pax = matches!(self.block[KIND], b'x' | b'X' | b'g');
        if is_pax { records(&self.text) } else { Vec::new() }
    }

    /// The name that it gives the member.
    fn name(&self) -> Option<Vec<u8>> {
        if self.block[KIND] == b'L' {
            return Some(field(&self.text).to_vec());
        }
        let records = self.records().into_iter();
        records.filter(|(key, _)| *key == b"path").map(|(_, name)| name.to_vec()).next_back()
    }

    fn is_sparse(&self) -> bool {
        self.records().iter().any(|(key, _)| key.starts_with(b"GNU.sparse"))
    }

    fn write(&self, out: &mut dyn Write) -> Result<(), Stop> {
        out.write_all(&self.block).map_err(Stop::Write)?;
        out.write_all(&self.text).map_err(Stop::Write)?;
        pad(out, self.text.len() as u64)
    }
}

/// The size of a member as its notes or its header state it; a hard link has nothing of its own.
fn stated_size(block: &Block, notes: &[Note]) -> Result<u64, Stop> {
    let mut records = notes.iter().flat_map(Note::records);
    let noted = records.rfind(|(key, _)| *key == b"size");
    let noted = noted.and_then(|(_, size)| std::str::from_utf8(size).ok()?.parse().ok());
    match block[KIND] {
        b'1' => Ok(0),
        _ => noted.or_else(|| checked_size(block)).ok_or_else(broken),
    }
}

/// Headers that go on for a sparse file.
fn extensions(reader: &mut dyn Read, block: &Block) -> Result<Vec<u8>, Stop> {
    let mut all = Vec::new();
    let mut goes_on = block[KIND] == b'S' && block[482] != 0;
    while goes_on {
        let more = block_or_less(reader).map_err(Stop::Read)?;
        let more = Block::try_from(more.as_slice()).map_err(|_| broken())?;
        goes_on = more[504] != 0;
        all.extend_from_slice(&more);
    }
    Ok(all)
}

fn content(reader: &mut dyn Read, size: u64) -> Result<Vec<u8>, Stop> {
    let mut bytes = Vec::new();
    reader.take(size).read_to_end(&mut bytes).map_err(Stop::Read)?;
    if bytes.len() as u64 != size {
        return Err(broken());
    }
    skip_padding(reader, size)?;
    Ok(bytes)
}

fn spooled(reader: &mut dyn Read, size: u64) -> Result<tempfile::SpooledTempFile, Stop> {
    let mut spool = tempfile::spooled_tempfile(SPOOL_BYTES_MAX);
    let mut content = reader.take(size);
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = content.read(&mut buffer).map_err(Stop::Read)?;
        if read == 0 {
            break;
        }
        spool.write_all(&buffer[..read]).map_err(Stop::Write)?;
    }
    if content.limit() > 0 {
        return Err(broken());
    }
    skip_padding(reader, size)?;
    Ok(spool)
}

fn padding(size: u64) -> u64 {
    size.next_multiple_of(BLOCK_BYTES as u64) - size
}

fn skip_padding(reader: &mut dyn Read, size: u64) -> Result<(), Stop> {
    let mut padding = reader.take(padding(size));
    std::io::copy(&mut padding, &mut std::io::sink()).map(drop).map_err(Stop::Read)
}

fn pad(out: &mut dyn Write, size: u64) -> Result<(), Stop> {
    out.write_all(&vec![0; padding(size) as usize]).map_err(Stop::Write)
}

/// A record of a pax header: its length counts itself.
fn record(key: &[u8], value: &[u8]) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let with = |digits: usize| rest + digits;
    // Ends: a number has few digits.
    let digits = (1..).find(|digits| with(*digits).to_string().len() == *digits).unwrap_or(1);
    [with(digits).to_string().as_bytes(), b" ", key, b"=", value, b"\n"].concat()
}

fn set(field: &mut [u8], text: &[u8]) -> Result<(), Stop> {
    if text.len() > field.len() {
        return Err(Stop::not("tar: name too long"));
    }
    field.fill(0);
    field[..text.len()].copy_from_slice(text);
    Ok(())
}

fn write_size(block: &mut Block, size: u64) {
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

fn write_sum(block: &mut Block) {
    block[SUM].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[SUM].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

fn broken() -> Stop {
    Stop::not("tar: broken")
}
