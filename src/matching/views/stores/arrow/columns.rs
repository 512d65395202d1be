//! The values of a column in one batch.

use std::io;

use crate::matching::views::stores::arrow::buffers::{Buffer, Buffers};
use crate::matching::views::stores::arrow::flat::Table;
use crate::matching::views::stores::arrow::schema::{Field, Layout};
use crate::matching::views::stores::numbers::little;
use crate::matching::views::stores::spool::{Spool, broken};

/// A column with its buffers.
pub struct Column {
    /// The path of its field.
    pub path: String,
    /// Whether it has as many values as the table has rows.
    pub is_of_rows: bool,
    /// How many it has.
    pub len: u64,
    /// The number of its first buffer, which tells where there is a value.
    pub first: usize,
    /// Where its values are.
    pub values: Values,
}

/// Where values are.
pub enum Values {
    /// Ends, and all of them in a row.
    Ends { width: usize, ends: Buffer, values: Buffer, is_text: bool },
    /// Each in its place, or in one of several buffers.
    Views { places: Buffer, values: Vec<Buffer>, is_text: bool },
    /// All of one width.
    Fixed { width: usize, values: Buffer },
    /// In a list of values, by their number.
    Listed { id: u64, width: usize, numbers: Buffer },
}

/// A value: text, or bytes that are to be looked into.
#[derive(Clone, Debug)]
pub enum Cell {
    /// A short one.
    Here { bytes: Vec<u8>, is_text: bool },
    /// Where it stands; what it says is read once it is looked at.
    There { values: Buffer, at: u64, len: u64, is_text: bool },
    /// One of a list.
    Listed { id: u64, number: u64 },
}

/// Takes the columns with text out of a batch, field by field.
struct Taking<'f> {
    /// Lengths of the fields, in order.
    lens: &'f mut dyn Iterator<Item = u64>,
    /// Numbers of buffers that come in several, in order.
    several: &'f mut dyn Iterator<Item = u64>,
    /// The next buffer.
    next: usize,
    columns: Vec<Column>,
}

/// The columns of a batch that may have text, with its buffers.
pub fn columns<'s, 'a>(
    spool: &'s mut Spool<'a>,
    (batch, body): (&Table<'_>, u64),
    fields: &[Field],
    listed: bool,
) -> io::Result<(Buffers<'s, 'a>, Vec<Column>)> {
    let mut buffers = Buffers::new(spool, batch, body);
    let mut lens = batch.items(1, 16).map(|node| little(node, 0, 8).unwrap_or(0));
    let mut several = batch.items(4, 8).map(|count| little(count, 0, 8).unwrap_or(0));
    let (lens, several) = (&mut lens, &mut several);
    let mut taking = Taking { lens, several, next: 0, columns: Vec::new() };
    for field in fields {
        taking.take(field, listed, &mut buffers)?;
    }
    Ok((buffers, taking.columns))
}

impl Taking<'_> {
    /// Takes a field with its parts; `listed` where its values stand in a list of their own.
    fn take(
        &mut self,
        field: &Field,
        listed: bool,
        buffers: &mut Buffers<'_, '_>,
    ) -> io::Result<()> {
        let len = self.lens.next().ok_or_else(broken)?;
        let first = self.next;
        let values = match (field.dictionary.filter(|_| listed), field.layout) {
            (Some(dictionary), _) => {
                self.next += 2;
                let (id, width) = (dictionary.id, dictionary.width);
                Some(Values::Listed { id, width, numbers: buffers.open(first + 1)? })
            }
            (None, Layout::Values { width, is_text }) => {
                self.next += 3;
                let (ends, values) = (buffers.open(first + 1)?, buffers.open(first + 2)?);
                Some(Values::Ends { width, ends, values, is_text })
            }
            (None, Layout::Views { is_text }) => {
                let several = self.several.next().ok_or_else(broken)? as usize;
                self.next = first.checked_add(several).ok_or_else(broken)? + 2;
                let values: io::Result<_> =
                    (first + 2..self.next).map(|number| buffers.open(number)).collect();
                Some(Values::Views { places: buffers.open(first + 1)?, values: values?, is_text })
            }
            (None, Layout::Fixed { width }) => {
                self.next += 2;
                Some(Values::Fixed { width, values: buffers.open(first + 1)? })
            }
            (None, Layout::Other(count)) => {
                self.next += count;
                None
            }
        };
        let (path, is_of_rows) = (field.path.clone(), field.is_of_rows);
        let column = |values| Column { path, is_of_rows, len, first, values };
        self.columns.extend(values.map(column));
        if field.dictionary.is_none() || !listed {
            for child in &field.children {
                self.take(child, listed, buffers)?;
            }
        }
        Ok(())
    }
}

impl Column {
    /// Values from one on, so many at most.
    pub fn cells(
        &self,
        buffers: &mut Buffers<'_, '_>,
        from: u64,
        count: u64,
    ) -> io::Result<Vec<Cell>> {
        let count = count.min(self.len.saturating_sub(from));
        match &self.values {
            Values::Ends { width, ends, values, is_text } => {
                let wide = *width as u64;
                let bytes = buffers.bytes(*ends, from * wide, (count + 1) * wide)?;
                let end = |index: usize| little(&bytes, index * width, *width).unwrap_or(0);
                let mut cells = Vec::new();
                for index in 0..count as usize {
                    let len = end(index + 1).checked_sub(end(index)).ok_or_else(broken)?;
                    let (values, at, is_text) = (*values, end(index), *is_text);
                    cells.push(Cell::There { values, at, len, is_text });
                }
                Ok(cells)
            }
            Values::Views { places, values, is_text } => {
                let bytes = buffers.bytes(*places, from * 16, count * 16)?;
                Ok(bytes.chunks_exact(16).map(|view| seen(view, values, *is_text)).collect())
            }
            Values::Fixed { width, values } => {
                let (len, values, is_text) = (*width as u64, *values, false);
                let places = (from..from + count).map(|index| index.saturating_mul(len));
                Ok(places.map(|at| Cell::There { values, at, len, is_text }).collect())
            }
            Values::Listed { id, width, numbers } => {
                let wide = *width as u64;
                let bytes = buffers.bytes(*numbers, from * wide, count * wide)?;
                let number = |bytes: &[u8]| little(bytes, 0, *width).unwrap_or(u64::MAX);
                let each = |bytes| Cell::Listed { id: *id, number: number(bytes) };
                Ok(bytes.chunks_exact(*width).map(each).collect())
            }
        }
    }
}

fn seen(view: &[u8], values: &[Buffer], is_text: bool) -> Cell {
    let number = |at| little(view, at, 4).unwrap_or(0);
    let len = number(0);
    if len <= 12 {
        return Cell::Here { bytes: view[4..4 + len as usize].to_vec(), is_text };
    }
    // What stands at a place that is null may be anything.
    match values.get(number(8) as usize) {
        Some(values) => Cell::There { values: *values, at: number(12), len, is_text },
        None => Cell::Here { bytes: Vec::new(), is_text },
    }
}
