//! Files of Stata, from version 13 on: parts with a tag before and behind each. Long texts stand
//! behind the rows, which tell of them by number.

use std::collections::HashMap;
use std::io;

use memchr::memmem;

use crate::matching::views::columns::rows::{Row, Rows};
use crate::matching::views::spelling::charset::utf8_or_western;
use crate::matching::views::spelling::maps::signs::{SIGN, filled};
use crate::matching::views::stores::numbers::{big, little};
use crate::matching::views::stores::spool::{Spool, broken, too_large};
use crate::matching::views::tour::{Look, Tour};

/// Bytes that the header and the map of the parts are in.
const HEAD_BYTES_MAX: usize = 4 << 10;

/// Columns of a table.
const COLUMNS_MAX: usize = 120_000;

/// Bytes of a row.
const ROW_BYTES_MAX: usize = 4 << 20;

/// Bytes of rows that are read at a time.
const PART_BYTES: usize = 256 << 10;

/// Long texts whose places are remembered.
const LONG_MAX: usize = 1 << 20;

/// The longest text that a row has of them.
const LONG_BYTES_MAX: usize = 64 << 10;

/// A column, and where it stands in a row.
pub struct Field {
    /// How it is called.
    pub name: String,
    /// Where it begins.
    pub at: usize,
    /// Its bytes.
    pub len: usize,
    /// What it holds.
    pub kind: Kind,
}

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text, filled up with zeros.
    Text,
    /// The number of a long text.
    Long,
    /// A number.
    Number,
}

/// What rows lie in.
pub struct Layout {
    /// The columns.
    pub fields: Vec<Field>,
    /// Bytes of a row.
    pub len: usize,
    /// Where the first row begins.
    pub at: u64,
    /// How many there are.
    pub rows: u64,
}

/// How the numbers of a file are written.
struct Writing {
    release: u8,
    is_little: bool,
}

impl Writing {
    fn number(&self, bytes: &[u8], at: usize, width: usize) -> io::Result<u64> {
        let number = if self.is_little { little } else { big };
        number(bytes, at, width).ok_or_else(broken)
    }
}

/// Where the long texts lie, and how long they are.
pub type Longs = HashMap<Vec<u8>, (u64, usize)>;

impl<L: Look> Tour<'_, L> {
    /// Looks at the rows of a file.
    pub(in crate::matching::views) fn stata(
        &mut self,
        spool: &mut Spool<'_>,
        chain: &str,
    ) -> io::Result<()> {
        let head = spool.some(0, HEAD_BYTES_MAX)?;
        let release = *head.get(SIGN.len()).ok_or_else(broken)?;
        let is_little = memmem::find(&head, b"<byteorder>LSF").is_some();
        let writing = Writing { release, is_little };
        let columns = behind(&head, b"<K>")?;
        let columns = match release {
            b'9' => writing.number(&head, columns, 4)?,
            _ => writing.number(&head, columns, 2)?,
        } as usize;
        let rows = behind(&head, b"<N>")?;
        let rows = writing.number(&head, rows, if release == b'7' { 4 } else { 8 })?;
        let map = behind(&head, b"<map>")?;
        let place = |number: usize| writing.number(&head, map + 8 * number, 8);
        let (kinds, names, data, longs) = (place(2)?, place(3)?, place(9)?, place(10)?);
        if columns > COLUMNS_MAX {
            return Err(too_large());
        }
        let layout = writing.layout(spool, columns, [kinds, names])?;
        let at = data + b"<data>".len() as u64;
        let longs = writing.longs(spool, longs + b"<strls>".len() as u64)?;
        self.fixed_rows(spool, &Layout { at, rows, ..layout }, &longs, &format!("{chain}stata"))
    }

    /// Looks at rows of fields of fixed width.
    pub(in crate::matching::views) fn fixed_rows(
        &mut self,
        spool: &mut Spool<'_>,
        layout: &Layout,
        longs: &Longs,
        view: &str,
    ) -> io::Result<()> {
        let Layout { fields, len, at, rows: count } = layout;
        if *len == 0 || *len > ROW_BYTES_MAX {
            return Err(too_large());
        }
        let names = fields.iter().map(|field| field.name.clone()).collect();
        let mut rows = Rows::new(view, "", names);
        let (mut at, mut left) = (*at, *count);
        while left > 0 {
            let some = left.min((PART_BYTES / len).max(1) as u64) as usize;
            let part = spool.some(at, some * len)?;
            for record in part.chunks_exact(*len) {
                let mut row = Row::new();
                for (number, field) in fields.iter().enumerate() {
                    let cell = &record[field.at..field.at + field.len];
                    let text = match field.kind {
                        Kind::Number => continue,
                        Kind::Text => filled(cell).to_vec(),
                        Kind::Long => match longs.get(cell) {
                            Some((at, len)) => spool.some(*at, (*len).min(LONG_BYTES_MAX))?,
                            None => continue,
                        },
                    };
                    if !text.is_empty() {
                        row.push((number, utf8_or_western(filled(&text))));
                    }
                }
                if !row.is_empty() && rows.add(row) {
                    self.rows(&mut rows);
                }
            }
            if part.len() < some * len {
                break;
            }
            (at, left) = (at + part.len() as u64, left - some as u64);
        }
        self.rows(&mut rows);
        Ok(())
    }
}

impl Writing {
    fn layout(&self, spool: &mut Spool<'_>, columns: usize, at: [u64; 2]) -> io::Result<Layout> {
        let [kinds, names] = at;
        let kinds = spool.all(kinds + b"<variable_types>".len() as u64, 2 * columns)?;
        let width = if self.release == b'7' { 33 } else { 129 };
        let names = spool.all(names + b"<varnames>".len() as u64, width * columns)?;
        let (mut fields, mut at) = (Vec::new(), 0);
        for (number, name) in names.chunks_exact(width).enumerate() {
            let (kind, len) = match self.number(&kinds, 2 * number, 2)? {
                len @ 1..=2045 => (Kind::Text, len as usize),
                32768 => (Kind::Long, 8),
                65526 => (Kind::Number, 8),
                65527 | 65528 => (Kind::Number, 4),
                65529 => (Kind::Number, 2),
                65530 => (Kind::Number, 1),
                _ => return Err(broken()),
            };
            fields.push(Field { name: utf8_or_western(filled(name)), at, len, kind });
            at += len;
        }
        Ok(Layout { fields, len: at, at: 0, rows: 0 })
    }

    /// The long texts, by what a row has for them.
    fn longs(&self, spool: &mut Spool<'_>, mut at: u64) -> io::Result<Longs> {
        let of = if self.release == b'7' { 4 } else { 8 };
        let head = 4 + of + 5;
        let mut longs = Longs::new();
        while longs.len() < LONG_MAX {
            let bytes = spool.some(at, 3 + head)?;
            let told = bytes.strip_prefix(b"GSO").filter(|told| told.len() == head);
            let Some(told) = told else { break };
            let len = self.number(told, 4 + of + 1, 4)?;
            let (column, row) = (&told[..4], &told[4..4 + of]);
            let text = at + 3 + head as u64;
            longs.insert(self.key(column, row), (text, len as usize));
            at = text + len;
        }
        Ok(longs)
    }

    /// What a row has for the long text of this column and row: fewer bytes of each.
    fn key(&self, column: &[u8], row: &[u8]) -> Vec<u8> {
        let (columns, rows) = match self.release {
            b'7' => (4, 4),
            b'8' => (2, 6),
            _ => (3, 5),
        };
        match self.is_little {
            true => [&column[..columns], &row[..rows]].concat(),
            false => [&column[column.len() - columns..], &row[row.len() - rows..]].concat(),
        }
    }
}

/// Where a part begins whose tag this is.
fn behind(head: &[u8], tag: &[u8]) -> io::Result<usize> {
    memmem::find(head, tag).map(|at| at + tag.len()).ok_or_else(broken)
}
