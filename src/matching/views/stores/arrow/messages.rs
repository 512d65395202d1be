//! The messages of a file or stream, one behind the other: a schema, lists of values, batches.

use std::collections::HashMap;
use std::io;

use crate::matching::views::columns::rows::{Row, Rows};
use crate::matching::views::spelling::charset::utf8_or_western;
use crate::matching::views::stores::arrow::buffers::Buffers;
use crate::matching::views::stores::arrow::columns::{Cell, Column, columns};
use crate::matching::views::stores::arrow::flat::Table;
use crate::matching::views::stores::arrow::frames::{foot, next, start};
use crate::matching::views::stores::arrow::schema::{Field, fields_of, has_high_bytes_first};
use crate::matching::views::stores::numbers::little;
use crate::matching::views::stores::spool::{Spool, broken};
use crate::matching::views::tour::{Kind, Look, Tour};
use crate::matching::work;

/// Cells whose places are read together.
pub const CELLS: u64 = 1 << 14;

/// Bytes of lists of values that are kept, to be put in the place of their numbers. Those of the
/// rest are read by themselves alone.
const LISTED_BYTES_MAX: usize = 8 << 20;

/// What is known of a stream so far.
#[derive(Default)]
struct Known {
    fields: Vec<Field>,
    listed: HashMap<u64, Vec<String>>,
    listed_bytes: usize,
}

/// Where a stream lies.
struct Place<'p> {
    chain: &'p str,
    view: String,
    depth: usize,
}

/// Notes that are read together, and bytes of one of them.
const NOTES_MAX: usize = 64;
const NOTE_BYTES_MAX: usize = 1 << 10;

impl<L: Look> Tour<'_, L> {
    /// Looks into a file or stream.
    pub(in crate::matching::views) fn arrow(
        &mut self,
        spool: &mut Spool<'_>,
        chain: &str,
        depth: usize,
    ) -> io::Result<()> {
        let place = Place { chain, view: format!("{chain}arrow"), depth };
        let mut known = Known::default();
        let mut at = start(spool)?;
        if at > 0 && !opens_with_schema(spool, at) {
            (known.fields, at) = by_foot(spool)?;
        }
        while let Some(framed) = next(spool, at)? {
            let message = framed.table()?;
            self.arrow_message(spool, &message, framed.body, &mut known, &place)?;
            at = framed.end()?;
        }
        Ok(())
    }

    fn arrow_message(
        &mut self,
        spool: &mut Spool<'_>,
        message: &Table<'_>,
        body: u64,
        known: &mut Known,
        place: &Place<'_>,
    ) -> io::Result<()> {
        self.arrow_notes(message, 4, place);
        let Some(header) = message.table(2) else { return Ok(()) };
        match message.number(1, 1) {
            1 => {
                if has_high_bytes_first(&header) {
                    self.unreadable("arrow: byte order not supported", place.chain);
                }
                self.arrow_notes(&header, 2, place);
                for field in header.tables(1) {
                    self.arrow_notes(&field, 6, place);
                }
                known.fields = fields_of(message, &header)?;
                Ok(())
            }
            2 => self.arrow_list(spool, &header, body, known, place),
            3 => {
                let wanted = std::mem::take(&mut known.fields);
                let read = self.arrow_batch(spool, (&header, body), &wanted, known, place);
                known.fields = wanted;
                read
            }
            _ => Ok(()),
        }
    }

    /// Looks at notes: keys with values.
    fn arrow_notes(&mut self, table: &Table<'_>, field: usize, place: &Place<'_>) {
        let (mut keys, mut row) = (Vec::new(), Row::new());
        for note in table.tables(field) {
            let key = utf8_or_western(note.text(0).unwrap_or_default());
            let value = note.text(1).unwrap_or_default();
            self.cells([value].into_iter(), &place.view, &key);
            if value.len() <= NOTE_BYTES_MAX && keys.len() < NOTES_MAX {
                row.push((keys.len(), utf8_or_western(value)));
                keys.push(key);
            }
        }
        // What is said of one person stands side by side.
        let mut rows = Rows::new(&place.view, "", keys);
        rows.add(row);
        self.rows(&mut rows);
    }

    /// Looks at a list of values, and keeps it.
    fn arrow_list(
        &mut self,
        spool: &mut Spool<'_>,
        list: &Table<'_>,
        body: u64,
        known: &mut Known,
        place: &Place<'_>,
    ) -> io::Result<()> {
        let (id, batch) = (list.number(0, 8), list.table(1).ok_or_else(broken)?);
        let Some(field) = listed(&known.fields, id).cloned() else { return Ok(()) };
        let (mut buffers, columns) = columns(spool, (&batch, body), &[field], false)?;
        let is_more = list.number(2, 1) != 0;
        if !is_more {
            known.listed.remove(&id);
        }
        for column in &columns {
            let mut rows = Rows::new(&place.view, "", vec![column.path.clone()]);
            let mut from = 0;
            while from < column.len {
                self.arrow_step(CELLS)?;
                for cell in column.cells(&mut buffers, from, CELLS)? {
                    let mut row = Row::default();
                    self.arrow_cell(&mut buffers, cell, (&mut row, 0, column), known, place)?;
                    let text = row.cell(0).unwrap_or_default();
                    known.listed_bytes += text.len() + size_of::<String>();
                    if columns.len() == 1 && known.listed_bytes < LISTED_BYTES_MAX {
                        known.listed.entry(id).or_default().push(text.to_owned());
                    }
                    if rows.add(row) {
                        self.rows(&mut rows);
                    }
                }
                from += CELLS;
            }
            self.rows(&mut rows);
        }
        Ok(())
    }

    fn arrow_batch(
        &mut self,
        spool: &mut Spool<'_>,
        batch: (&Table<'_>, u64),
        fields: &[Field],
        known: &Known,
        place: &Place<'_>,
    ) -> io::Result<()> {
        let (mut buffers, columns) = columns(spool, batch, fields, true)?;
        let (of_rows, apart): (Vec<_>, Vec<_>) =
            columns.into_iter().partition(|column| column.is_of_rows);
        let count = batch.0.number(0, 8);
        self.arrow_rows(&mut buffers, &of_rows, count, known, place)?;
        // What lies in one thing lies side by side: key and value, or the fields of a structure.
        let above = |column: &Column| {
            let (above, _) = column.path.rsplit_once('.').unwrap_or_default();
            (above.to_owned(), column.len)
        };
        for columns in apart.chunk_by(|one, other| above(one) == above(other)) {
            self.arrow_rows(&mut buffers, columns, columns[0].len, known, place)?;
        }
        Ok(())
    }

    fn arrow_rows(
        &mut self,
        buffers: &mut Buffers<'_, '_>,
        columns: &[Column],
        count: u64,
        known: &Known,
        place: &Place<'_>,
    ) -> io::Result<()> {
        let names = columns.iter().map(|column| column.path.clone()).collect();
        let mut rows = Rows::new(&place.view, "", names);
        let mut from = 0;
        while from < count && !columns.is_empty() {
            let len = (CELLS / columns.len() as u64).max(1).min(count - from);
            self.arrow_step(len * columns.len() as u64)?;
            let mut places = Vec::new();
            for column in columns {
                places.push(column.cells(buffers, from, len)?.into_iter());
            }
            for _ in 0..len {
                let mut row = Row::default();
                for (number, column) in columns.iter().enumerate() {
                    let Some(cell) = places[number].next() else { continue };
                    self.arrow_cell(buffers, cell, (&mut row, number, column), known, place)?;
                }
                if rows.add(row) {
                    self.rows(&mut rows);
                }
            }
            from += len;
        }
        self.rows(&mut rows);
        Ok(())
    }

    /// Goes on by so many cells, which a file may claim without having any.
    fn arrow_step(&self, cells: u64) -> io::Result<()> {
        const STEP_BYTES: usize = 16;
        work::charge(STEP_BYTES * cells as usize);
        Ok(self.meter.pace(self.limits)?)
    }

    /// Adds the text of a cell to its row; another one, or a long one, is looked into here.
    fn arrow_cell(
        &mut self,
        buffers: &mut Buffers<'_, '_>,
        cell: Cell,
        (row, number, column): (&mut Row, usize, &Column),
        known: &Known,
        place: &Place<'_>,
    ) -> io::Result<()> {
        let chain = || format!("{}arrow:{} > ", place.chain, column.path);
        let (bytes, is_text) = match cell {
            Cell::Here { bytes, is_text } => (bytes, is_text),
            Cell::There { values, at, len, is_text } if len > row.room() as u64 => {
                let mut stream = buffers.stream(values, at, len);
                return match is_text {
                    true => self.stream(&mut stream, &chain(), Kind::Text, place.depth),
                    false => self.opened(&mut stream, &chain, place.depth),
                };
            }
            Cell::There { values, at, len, is_text } => (buffers.bytes(values, at, len)?, is_text),
            Cell::Listed { id, number: at } => {
                let list = known.listed.get(&id);
                let text = list.and_then(|list| list.get(at as usize));
                // A longer one was read with its list.
                if let Some(text) = text.filter(|text| text.len() <= row.room()) {
                    row.push((number, text.clone()));
                }
                return Ok(());
            }
        };
        if is_text {
            row.push((number, utf8_or_western(&bytes)));
            return Ok(());
        }
        self.bytes_in_cell(&bytes, (row, number), &chain, place.depth)
    }
}

/// Whether the first message of a file is a schema.
fn opens_with_schema(spool: &mut Spool<'_>, at: u64) -> bool {
    let first = next(spool, at).ok().flatten();
    let table = first.as_ref().and_then(|first| first.table().ok());
    table.is_some_and(|message| message.number(1, 1) == 1 && message.table(2).is_some())
}

/// The fields, and where the first list or batch begins, as the foot of a file has them. Polars
/// writes the schema at the start without what stands before every message; readers go by the foot.
fn by_foot(spool: &mut Spool<'_>) -> io::Result<(Vec<Field>, u64)> {
    let foot = foot(spool)?.ok_or_else(broken)?;
    let foot = Table::root(&foot).ok_or_else(broken)?;
    let schema = foot.table(1).ok_or_else(broken)?;
    // A block: where its message begins, and two lengths.
    let blocks = foot.items(2, 24).chain(foot.items(3, 24));
    let starts = blocks.filter_map(|block| little(block, 0, 8));
    let end = spool.size();
    Ok((fields_of(&foot, &schema)?, starts.min().unwrap_or(end)))
}

/// The field whose values stand in the list of this number.
pub fn listed(fields: &[Field], id: u64) -> Option<&Field> {
    fields.iter().find_map(|field| match field.dictionary {
        Some(dictionary) if dictionary.id == id => Some(field),
        _ => listed(&field.children, id),
    })
}
