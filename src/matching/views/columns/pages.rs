//! What the pages of a Parquet file claim, checked before they are decoded.
//!
//! The crate makes room for what a header states and unpacks whatever comes out, so that a page of
//! some bytes may take gigabytes. Here the headers are walked first, and where the packing itself
//! has no bound, the page is unpacked once into nothing.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use parquet::basic::Compression;
use parquet::file::metadata::ColumnChunkMetaData;

/// Bytes of one page, packed or not; writers make pages of a mebibyte. Up to three are in memory
/// together: a dictionary, and a page before and after it is unpacked.
const PAGE_BYTES_MAX: u64 = 24 << 20;

/// Bytes of the header of a page, in which statistics have values of the page.
const HEADER_BYTES_MAX: u64 = 4 << 20;

/// Bytes of the footer.
const FOOTER_BYTES_MAX: u32 = 16 << 20;

/// Values of a column of lists: all that are in one row are taken into memory together.
const LISTED_MAX: u64 = 1 << 20;

/// Values of a dictionary, each of which takes more memory than it may have bytes.
const DICTIONARY_VALUES_MAX: u64 = 1 << 20;

/// `DELTA_BYTE_ARRAY`.
const PREFIXES: u64 = 7;

/// Nesting in a header.
const NESTING_MAX: usize = 8;

/// Why a page is not decoded.
#[derive(Debug)]
pub enum Defect {
    /// It is over a bound; a stable reason.
    Over(&'static str),
    /// It is no page.
    Broken,
}

/// Checks the length of the footer.
///
/// # Errors
/// It is over its bound, or there is none.
pub fn check_footer(file: &mut File) -> Result<(), Defect> {
    let mut tail = [0; 8];
    file.seek(SeekFrom::End(-8))?;
    file.read_exact(&mut tail)?;
    let [a, b, c, d, ..] = tail;
    let len = u32::from_le_bytes([a, b, c, d]);
    if len > FOOTER_BYTES_MAX { Err(Defect::Over("parquet: footer too large")) } else { Ok(()) }
}

/// What the pages of a column are, as far as it matters before they are decoded.
#[derive(Clone, Copy)]
pub struct Checked {
    /// What they decode to, in bytes.
    pub decoded: u64,
    /// Bytes of the largest: no value is longer.
    pub largest: u64,
    /// Whether a value may be told by how it begins as the one before: of some bytes each, any
    /// number of values may be as long as a page.
    pub has_prefixes: bool,
}

/// Checks the pages of a column.
///
/// # Errors
/// One is over its bound, or is none.
pub fn check(file: &mut File, column: &ColumnChunkMetaData) -> Result<Checked, Defect> {
    let start = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
    let start = u64::try_from(start).map_err(|_| Defect::Broken)?;
    let len = u64::try_from(column.compressed_size()).map_err(|_| Defect::Broken)?;
    let end = start.checked_add(len).ok_or(Defect::Broken)?;
    let is_listed = column.column_descr().max_rep_level() > 0;
    let (mut at, mut values) = (start, 0);
    let mut checked = Checked { decoded: 0, largest: 0, has_prefixes: false };
    while at < end {
        let (page, header) = page_at(file, at, end)?;
        at += header;
        if page.packed > PAGE_BYTES_MAX || page.unpacked > PAGE_BYTES_MAX {
            return Err(Defect::Over("parquet: page too large"));
        }
        let body = at.checked_add(page.packed).filter(|next| *next <= end).ok_or(Defect::Broken)?;
        page.check_body(file, at, column.compression())?;
        if page.listed > DICTIONARY_VALUES_MAX {
            return Err(Defect::Over("parquet: dictionary too large"));
        }
        checked.decoded += page.unpacked;
        checked.largest = checked.largest.max(page.unpacked);
        checked.has_prefixes |= page.encoding == PREFIXES;
        values += page.values;
        if is_listed && values > LISTED_MAX {
            return Err(Defect::Over("parquet: too many values in lists"));
        }
        at = body;
    }
    Ok(checked)
}

/// What a header states.
#[derive(Default)]
struct Page {
    unpacked: u64,
    packed: u64,
    values: u64,
    /// Those of a dictionary.
    listed: u64,
    encoding: u64,
    /// Bytes before the packed ones.
    levels: u64,
    is_plain: bool,
}

/// The header at this place, and its length.
fn page_at(file: &mut File, at: u64, end: u64) -> Result<(Page, u64), Defect> {
    const USUAL_BYTES: u64 = 4 << 10;
    for most in [USUAL_BYTES, HEADER_BYTES_MAX] {
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(at))?;
        file.take(most.min(end - at)).read_to_end(&mut bytes)?;
        let mut rest = bytes.as_slice();
        let mut page = Page::default();
        if fields(&mut rest, &mut Vec::new(), &mut page).is_some() {
            return Ok((page, (bytes.len() - rest.len()) as u64));
        }
        if bytes.len() as u64 == end - at {
            break;
        }
    }
    Err(Defect::Broken)
}

impl Page {
    fn take(&mut self, path: &[i64], value: i64) -> Option<()> {
        let value = u64::try_from(value).ok();
        match path {
            [2] => self.unpacked = value?,
            [3] => self.packed = value?,
            [5 | 8, 1] => self.values = value?,
            [7, 1] => self.listed = value?,
            [5, 2] | [8, 4] => self.encoding = value?,
            [8, 5 | 6] => self.levels += value?,
            _ => {}
        }
        Some(())
    }

    /// Unpacks the page into nothing, where its packing has no bound of its own.
    fn check_body(&self, file: &mut File, at: u64, packing: Compression) -> Result<(), Defect> {
        if self.is_plain {
            return Ok(());
        }
        file.seek(SeekFrom::Start(at + self.levels))?;
        let mut packed = file.take(self.packed.saturating_sub(self.levels));
        let most = self.unpacked.saturating_sub(self.levels) + 1;
        let unpacked = match packing {
            Compression::GZIP(_) => {
                let unpacking = flate2::read::MultiGzDecoder::new(packed);
                io::copy(&mut unpacking.take(most), &mut io::sink())
            }
            Compression::BROTLI(_) => {
                const BUFFER_BYTES: usize = 4 << 10;
                let unpacking = brotli::Decompressor::new(packed, BUFFER_BYTES);
                io::copy(&mut unpacking.take(most), &mut io::sink())
            }
            Compression::LZ4 => {
                // Frames are what some old programs wrote by mistake.
                let mut sign = [0; 4];
                let is_frame = packed.read_exact(&mut sign).is_ok() && sign[2..] == *b"\x4d\x18";
                if is_frame {
                    return Err(Defect::Over("parquet: compression not supported"));
                }
                return Ok(());
            }
            _ => return Ok(()),
        };
        match unpacked {
            Ok(unpacked) if unpacked < most => Ok(()),
            Ok(_) => Err(Defect::Over("parquet: page larger than stated")),
            Err(_) => Err(Defect::Broken),
        }
    }
}

impl From<io::Error> for Defect {
    fn from(_: io::Error) -> Self {
        Self::Broken
    }
}

/// Passes over the fields of a struct in Thrift's compact protocol and takes their numbers; `None`
/// where the bytes end before it does, or are none.
fn fields(rest: &mut &[u8], path: &mut Vec<i64>, page: &mut Page) -> Option<()> {
    if path.len() > NESTING_MAX {
        return None;
    }
    path.push(0);
    loop {
        let (&head, tail) = rest.split_first()?;
        *rest = tail;
        if head == 0 {
            path.pop();
            return Some(());
        }
        let own = path.last_mut()?;
        *own = match head >> 4 {
            0 => zigzag(rest)?,
            delta => *own + i64::from(delta),
        };
        if matches!(head & 15, 1 | 2) {
            // A bool stands in its head; that of the eighth field says whether it is packed.
            page.is_plain |= path.as_slice() == [8, 7] && head & 15 == 2;
            continue;
        }
        value(head & 15, rest, path, page)?;
    }
}

fn value(kind: u8, rest: &mut &[u8], path: &mut Vec<i64>, page: &mut Page) -> Option<()> {
    match kind {
        1..=3 => skip(rest, 1),
        4..=6 => {
            let number = zigzag(rest)?;
            page.take(path, number)
        }
        7 => skip(rest, 8),
        8 => {
            let len = varint(rest)?;
            skip(rest, usize::try_from(len).ok()?)
        }
        9 | 10 => {
            let (&head, tail) = rest.split_first()?;
            *rest = tail;
            let count = if head >> 4 == 15 { varint(rest)? } else { u64::from(head >> 4) };
            path.push(-1);
            // Ends: each takes a byte at least.
            for _ in 0..count {
                value(head & 15, rest, path, page)?;
            }
            path.pop();
            Some(())
        }
        12 => fields(rest, path, page),
        _ => None,
    }
}

fn skip(rest: &mut &[u8], len: usize) -> Option<()> {
    *rest = rest.get(len..)?;
    Some(())
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, tail) = rest.split_first()?;
        *rest = tail;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn zigzag(rest: &mut &[u8]) -> Option<i64> {
    varint(rest).map(|value| (value >> 1) as i64 ^ -((value & 1) as i64))
}
