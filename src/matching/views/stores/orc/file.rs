//! The foot of a file, and what it says of columns and stripes.

use std::io::{self, Read};

use crate::matching::views::packing::signs::ZSTD_WINDOW_LOG_MAX;
use crate::matching::views::spelling::charset::utf8_or_western;
use crate::matching::views::stores::numbers::little;
use crate::matching::views::stores::orc::wire::{fields, varint};
use crate::matching::views::stores::spool::{Spool, broken, too_large};
use crate::matching::work;

/// Bytes of a foot, packed or not.
const FOOT_BYTES_MAX: u64 = 16 << 20;

/// Bytes of a block, unpacked.
const BLOCK_BYTES_MAX: usize = 24 << 20;

/// Columns of a file, stripes, and notes: each takes more memory than it has bytes.
const THINGS_MAX: usize = 1 << 17;

/// Columns with their paths, in bytes; several may be told by one type.
const COLUMNS_BYTES_MAX: usize = 8 << 20;

/// What a column takes beside its path.
const COLUMN_BYTES: usize = 64;

/// Nesting of columns.
const NESTING_MAX: usize = 64;

/// What a file says of itself.
#[derive(Default)]
pub struct Foot {
    /// How blocks are packed.
    pub packing: u64,
    /// Its columns, by their number.
    pub columns: Vec<Column>,
    /// Its stripes.
    pub stripes: Vec<Stripe>,
    /// Notes, by their keys.
    pub notes: Vec<(String, Vec<u8>)>,
}

/// A column.
#[derive(Clone, Default)]
pub struct Column {
    /// Its path.
    pub path: String,
    /// Its type, as the format numbers it.
    pub kind: u64,
    /// The columns that it lies in, all of them structs, if they are.
    pub structs: Option<Vec<usize>>,
    /// The list or map that it lies in, and it and the structs between them: what lies there has
    /// as many values, where none is missing.
    pub listed: Option<(usize, Vec<usize>)>,
}

impl Column {
    /// Whether it holds text, or bytes.
    pub fn has_text(&self) -> bool {
        matches!(self.kind, 7 | 8 | 16 | 17)
    }
}

/// Rows that are stored together.
#[derive(Clone, Copy, Default)]
pub struct Stripe {
    /// Where they begin.
    pub at: u64,
    /// Bytes of their foot, and where it begins.
    pub foot: (u64, u64),
    /// How many.
    pub rows: u64,
}

/// Reads the foot.
///
/// # Errors
/// There is none, or it cannot be read.
pub fn foot(spool: &mut Spool<'_>) -> io::Result<Foot> {
    let size = spool.size();
    let last = spool.all(size.saturating_sub(1), 1)?;
    let tail = u64::from(*last.first().ok_or_else(broken)?);
    let script_at = size.checked_sub(1 + tail).ok_or_else(broken)?;
    let script = spool.all(script_at, tail as usize)?;
    let mut foot = Foot::default();
    let mut len = 0;
    for field in fields(&script) {
        match field.number {
            1 => len = field.value,
            2 => foot.packing = field.value,
            _ => {}
        }
    }
    if len > FOOT_BYTES_MAX {
        return Err(broken());
    }
    let at = script_at.checked_sub(len).ok_or_else(broken)?;
    let bytes = unpacked(spool, (at, len), foot.packing, FOOT_BYTES_MAX as usize)?;
    let (mut types, mut left) = (Vec::new(), THINGS_MAX);
    for field in fields(&bytes) {
        match field.number {
            3 => foot.stripes.push(stripe(field.bytes)),
            4 => types.push(Type::read(field.bytes, &mut left).ok_or_else(too_large)?),
            5 => foot.notes.push(note(field.bytes)),
            _ => {}
        }
        left = left.checked_sub(1).ok_or_else(too_large)?;
    }
    let columns = vec![Column::default(); types.len()];
    let mut naming = Naming { types: &types, columns, left: COLUMNS_BYTES_MAX };
    let root = Column { structs: Some(Vec::new()), ..Column::default() };
    naming.name(0, root, 0).ok_or_else(too_large)?;
    foot.columns = naming.columns;
    Ok(foot)
}

fn stripe(bytes: &[u8]) -> Stripe {
    let (mut stripe, mut before) = (Stripe::default(), 0u64);
    for field in fields(bytes) {
        match field.number {
            1 => stripe.at = field.value,
            2 | 3 => before = before.saturating_add(field.value),
            4 => stripe.foot.1 = field.value,
            5 => stripe.rows = field.value,
            _ => {}
        }
    }
    stripe.foot.0 = stripe.at.saturating_add(before);
    stripe
}

fn note(bytes: &[u8]) -> (String, Vec<u8>) {
    let of = |number| {
        let field = fields(bytes).find(|field| field.number == number);
        field.map(|field| field.bytes.to_vec()).unwrap_or_default()
    };
    (utf8_or_western(&of(1)), of(2))
}

/// A type, with those of its parts.
#[derive(Default)]
struct Type {
    kind: u64,
    parts: Vec<usize>,
    names: Vec<String>,
}

impl Type {
    /// `None` if there are too many parts.
    fn read(bytes: &[u8], left: &mut usize) -> Option<Self> {
        let mut read = Self::default();
        for field in fields(bytes) {
            *left = left.checked_sub(1)?;
            match field.number {
                1 => read.kind = field.value,
                2 if field.bytes.is_empty() => read.parts.push(field.value as usize),
                2 => {
                    let mut rest = field.bytes;
                    while let Some(part) = varint(&mut rest) {
                        *left = left.checked_sub(1)?;
                        read.parts.push(part as usize);
                    }
                }
                3 => read.names.push(utf8_or_western(field.bytes)),
                _ => {}
            }
        }
        Some(read)
    }
}

/// Names columns after the types that they are of.
struct Naming<'t> {
    types: &'t [Type],
    columns: Vec<Column>,
    left: usize,
}

impl Naming<'_> {
    /// Names a column and its parts; `None` if there are too many.
    fn name(&mut self, number: usize, column: Column, nesting: usize) -> Option<()> {
        const STRUCT: u64 = 12;
        const LIST: u64 = 10;
        const MAP: u64 = 11;
        let Column { path, structs, listed, .. } = column;
        let Some(this) = self.types.get(number) else { return Some(()) };
        let between = listed.as_ref().map_or(0, |(_, structs)| structs.len());
        let above = (structs.as_ref().map_or(0, Vec::len) + between) * size_of::<usize>();
        self.left = self.left.checked_sub(COLUMN_BYTES + path.len() + above)?;
        self.columns[number] = Column {
            path: path.clone(),
            kind: this.kind,
            structs: structs.clone(),
            listed: listed.clone(),
        };
        if nesting > NESTING_MAX {
            return Some(());
        }
        let inner = structs.filter(|_| this.kind == STRUCT).map(|mut structs| {
            structs.push(number);
            structs
        });
        let listed = match (inner.is_some(), this.kind) {
            (true, _) => None,
            (false, STRUCT) => listed.map(|(of, mut structs)| {
                structs.push(number);
                (of, structs)
            }),
            (false, LIST | MAP) => Some((number, Vec::new())),
            _ => None,
        };
        for (index, part) in this.parts.iter().enumerate().filter(|(_, part)| **part > number) {
            let dot = if path.is_empty() { "" } else { "." };
            let own = match (this.kind, index) {
                (MAP, 0) => "key",
                (MAP, _) => "value",
                _ => this.names.get(index).map_or("item", String::as_str),
            };
            let path = format!("{path}{dot}{own}");
            let (structs, listed) = (inner.clone(), listed.clone());
            let column = Column { path, structs, listed, ..Column::default() };
            self.name(*part, column, nesting + 1)?;
        }
        Some(())
    }
}

/// A part of the file unpacked, into memory.
pub fn unpacked(
    spool: &mut Spool<'_>,
    part: (u64, u64),
    packing: u64,
    most: usize,
) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    blocks(spool, part, packing, &mut |_, block| {
        all.extend(block);
        if all.len() > most { Err(broken()) } else { Ok(()) }
    })?;
    Ok(all)
}

/// The blocks of a part of the file, each unpacked.
///
/// # Errors
/// They are broken, packed in a way that is not known, or cannot be read.
pub fn blocks(
    spool: &mut Spool<'_>,
    (mut at, len): (u64, u64),
    packing: u64,
    take: &mut dyn FnMut(&mut Spool<'_>, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    const PLAIN_BYTES: u64 = 1 << 20;
    let end = at.checked_add(len).filter(|end| *end <= spool.size()).ok_or_else(broken)?;
    while at < end {
        if packing == 0 {
            let bytes = spool.all(at, PLAIN_BYTES.min(end - at) as usize)?;
            at += bytes.len() as u64;
            take(spool, &bytes)?;
            continue;
        }
        let head = little(&spool.all(at, 3)?, 0, 3).unwrap_or(0);
        let bytes = spool.all(at + 3, (head >> 1) as usize)?;
        at += 3 + (head >> 1);
        match head & 1 {
            1 => take(spool, &bytes)?,
            _ => {
                let unpacked = block(&bytes, packing)?;
                work::charge(unpacked.len());
                take(spool, &unpacked)?;
            }
        }
    }
    Ok(())
}

fn block(bytes: &[u8], packing: u64) -> io::Result<Vec<u8>> {
    let all = |decoder: &mut dyn Read| {
        let mut all = Vec::new();
        decoder.take(BLOCK_BYTES_MAX as u64 + 1).read_to_end(&mut all)?;
        if all.len() > BLOCK_BYTES_MAX { Err(broken()) } else { Ok(all) }
    };
    match packing {
        1 => all(&mut flate2::read::DeflateDecoder::new(bytes)),
        2 => {
            let len = snap::raw::decompress_len(bytes).map_err(|_| broken())?;
            if len > BLOCK_BYTES_MAX {
                return Err(broken());
            }
            snap::raw::Decoder::new().decompress_vec(bytes).map_err(|_| broken())
        }
        4 => {
            // How long it is unpacked stands nowhere; at most 255 times as long, LZ4 says.
            let most = bytes.len().saturating_mul(255).min(BLOCK_BYTES_MAX);
            let mut all = vec![0; most];
            let len = lz4_flex::block::decompress_into(bytes, &mut all).map_err(|_| broken())?;
            all.truncate(len);
            Ok(all)
        }
        5 => {
            let mut decoder = zstd::stream::read::Decoder::new(bytes)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
            all(&mut decoder)
        }
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}
