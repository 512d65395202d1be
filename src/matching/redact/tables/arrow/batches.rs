//! Batches: what changes in their columns, and the body that comes of it.

use std::collections::{HashMap, HashSet};
use std::io::{Read, Seek, Write};

use tempfile::SpooledTempFile;

use crate::matching::put::{BEGINNINGS, Put};
use crate::matching::redact::packing::zipped::Names;
use crate::matching::redact::refusal::Stop;
use crate::matching::redact::rewriting::Rewriting;
use crate::matching::redact::tables::edits::Edits;
use crate::matching::redact::tables::rows::{self, BATCH_BYTES, fitted, unfilled};
use crate::matching::views::meter::Spooling;
use crate::matching::views::packing::zip::{SPOOL_BYTES_MAX, copy};
use crate::matching::views::stores::arrow::buffers::Buffers;
use crate::matching::views::stores::arrow::columns::{Cell, Column, Values, columns};
use crate::matching::views::stores::arrow::flat::Table;
use crate::matching::views::stores::arrow::messages::CELLS;
use crate::matching::views::stores::arrow::schema::Field;
use crate::matching::views::stores::spool::Spool;
use crate::matching::views::tour::Look;
use crate::matching::work;

/// Bytes of one value.
const VALUE_BYTES_MAX: u64 = 64 << 20;

/// What a value counts as, which a file may claim without having any.
const STEP_BYTES: usize = 16;

/// Lists that are looked at for the one of which a column is a part.
const BESIDE_MAX: usize = 64;

/// What buffers begin at multiples of: some programs write one, some the other.
const ALIGNMENTS: [u64; 2] = [64, 8];

/// A body, and where its buffers lie in it.
pub struct Body {
    /// The bytes.
    pub bytes: SpooledTempFile,
    /// How many they are.
    pub len: u64,
    /// Where each buffer begins, and its bytes.
    pub places: Vec<(u64, u64)>,
}

/// What changes in some columns.
struct Changing<'c> {
    columns: Vec<&'c Column>,
    names: Vec<String>,
    edits: Vec<Edits>,
    /// Cells of each.
    count: u64,
    /// Values that stay and say what may be put.
    taken: HashSet<Vec<u8>>,
}

impl<L: Look<What = Put>> Rewriting<'_, L> {
    /// The body of a batch; `None` if nothing of it changes. Of a list of values, `names` has those
    /// that may not come again.
    pub(super) fn arrow_batch(
        &mut self,
        spool: &mut Spool<'_>,
        batch: (&Table<'_>, u64),
        fields: &[Field],
        names: Option<&mut Names>,
        depth: usize,
    ) -> Result<Option<Body>, Stop> {
        let count = batch.0.number(0, 8);
        let (mut buffers, columns) =
            columns(spool, batch, fields, names.is_none()).map_err(Stop::Read)?;
        let is_alone = columns.len() == 1;
        let (of_rows, apart): (Vec<_>, Vec<_>) =
            columns.iter().partition(|column| column.is_of_rows && names.is_none());
        let mut all = vec![Changing::new(of_rows, count)];
        // What a list holds has rows of its own.
        for column in apart {
            let list = list_of(column).filter(|_| names.is_none());
            let is_beside = |changing: &&mut Changing<'_>| {
                list.is_some() && changing.count == column.len && changing.list() == list
            };
            match all[1..].iter_mut().rev().take(BESIDE_MAX).find(is_beside) {
                Some(changing) => changing.add(column),
                None => all.push(Changing::new(vec![column], column.len)),
            }
        }
        for changing in &mut all {
            let count = changing.count;
            self.arrow_rows(&mut buffers, changing, count, depth)?;
        }
        if let Some(names) = names.filter(|_| is_alone) {
            all.iter_mut().try_for_each(|changing| changing.keep_apart(names))?;
        }
        let changed = all.iter().flat_map(|changing| changing.columns.iter().zip(&changing.edits));
        let changed: HashMap<usize, (&Column, &Edits)> = changed
            .filter(|(_, edits)| !edits.is_empty())
            .map(|(column, edits)| (column.first + 1, (*column, edits)))
            .collect();
        if changed.is_empty() {
            Ok(None)
        } else {
            self.arrow_body(&mut buffers, &changed).map(Some)
        }
    }

    fn arrow_rows(
        &mut self,
        buffers: &mut Buffers<'_, '_>,
        changing: &mut Changing<'_>,
        count: u64,
        depth: usize,
    ) -> Result<(), Stop> {
        let width = changing.columns.len() as u64;
        let mut from = 0;
        while from < count && width > 0 {
            let len = (CELLS / width).max(1).min(count - from);
            work::charge(STEP_BYTES * (len * width) as usize);
            let mut cells = Vec::new();
            for column in &changing.columns {
                cells.push(column.cells(buffers, from, len).map_err(Stop::Read)?.into_iter());
            }
            let (mut held, mut bytes) = (Vec::new(), 0);
            for index in from..from + len {
                let mut row = Vec::new();
                for (number, cells) in cells.iter_mut().enumerate() {
                    let stored = match cells.next() {
                        Some(Cell::Here { bytes, .. }) => bytes,
                        Some(Cell::There { len, .. }) if len > VALUE_BYTES_MAX => {
                            return Err(Stop::not("arrow: value too large"));
                        }
                        Some(Cell::There { values, at, len, .. }) => {
                            buffers.bytes(values, at, len).map_err(Stop::Read)?
                        }
                        // Those of a list change with it.
                        Some(Cell::Listed { .. }) | None => continue,
                    };
                    let is_fixed = matches!(changing.columns[number].values, Values::Fixed { .. });
                    let stored = if is_fixed { unfilled(&stored).to_vec() } else { stored };
                    bytes += stored.len();
                    row.push(rows::Cell::new(number, stored));
                }
                held.push(row);
                if bytes > BATCH_BYTES {
                    let first = index + 1 - held.len() as u64;
                    self.arrow_held(std::mem::take(&mut held), first, changing, depth)?;
                    bytes = 0;
                }
            }
            let first = from + len - held.len() as u64;
            self.arrow_held(held, first, changing, depth)?;
            from += len;
        }
        Ok(())
    }

    fn arrow_held(
        &mut self,
        mut held: Vec<Vec<rows::Cell>>,
        first: u64,
        changing: &mut Changing<'_>,
        depth: usize,
    ) -> Result<(), Stop> {
        self.rows(&changing.names, &mut held, depth)?;
        for (index, row) in (first..).zip(held) {
            for cell in row {
                let Some(anew) = cell.anew else {
                    changing.take(cell.stored);
                    continue;
                };
                let anew = match changing.columns[cell.column].values {
                    Values::Fixed { width, .. } => {
                        fitted(anew, width).ok_or_else(|| Stop::not("arrow: no room"))?
                    }
                    _ => anew,
                };
                changing.edits[cell.column].push(index, &anew)?;
            }
        }
        Ok(())
    }

    /// A body with the changed buffers, by the number of the first of each column.
    fn arrow_body(
        &mut self,
        buffers: &mut Buffers<'_, '_>,
        changed: &HashMap<usize, (&Column, &Edits)>,
    ) -> Result<Body, Stop> {
        let alignment = ALIGNMENTS.into_iter().find(|to| buffers.are_aligned(*to)).unwrap_or(8);
        let mut bytes = tempfile::spooled_tempfile(SPOOL_BYTES_MAX);
        let mut out = Spooling::new(&mut bytes, self.meter);
        let (mut places, mut len, mut ready) = (Vec::new(), 0u64, Vec::new().into_iter());
        for number in 0..buffers.count() {
            if let Some((column, edits)) = changed.get(&number) {
                ready = edits.written(column, buffers)?.into_iter();
            }
            let mut packed = tempfile::spooled_tempfile(SPOOL_BYTES_MAX);
            match ready.next() {
                Some(anew) => pack(anew, buffers.packing(), &mut packed)?,
                None => {
                    let mut stored = buffers.stored(number).map_err(Stop::Read)?;
                    copy(&mut stored, &mut packed).map_err(Stop::Read)?;
                }
            }
            let size = packed.stream_position().map_err(Stop::Write)?;
            packed.rewind().map_err(Stop::Write)?;
            copy(&mut packed, &mut out).map_err(Stop::Write)?;
            places.push((len, size));
            let end = (len + size).next_multiple_of(alignment);
            let mut gap = std::io::repeat(0).take(end - len - size);
            copy(&mut gap, &mut out).map_err(Stop::Write)?;
            len = end;
        }
        bytes.rewind().map_err(Stop::Write)?;
        Ok(Body { bytes, len, places })
    }
}

impl<'c> Changing<'c> {
    fn new(columns: Vec<&'c Column>, count: u64) -> Self {
        let names = columns.iter().map(|column| column.path.clone()).collect();
        let edits = columns.iter().map(|_| Edits::default()).collect();
        Self { columns, names, edits, count, taken: HashSet::new() }
    }

    fn list(&self) -> Option<&'c str> {
        self.columns.first().and_then(|first| list_of(first))
    }

    fn add(&mut self, column: &'c Column) {
        self.columns.push(column);
        self.names.push(column.path.clone());
        self.edits.push(Edits::default());
    }

    fn take(&mut self, stored: Vec<u8>) {
        let is_put =
            |beginning: &&str| memchr::memmem::find(&stored, beginning.as_bytes()).is_some();
        if BEGINNINGS.iter().any(is_put) {
            self.taken.insert(stored);
        }
    }

    /// Numbers what would have become one in a list of values: there each stands once.
    fn keep_apart(&mut self, names: &mut Names) -> Result<(), Stop> {
        let twice = || Stop::not("arrow: values of one name");
        for value in &self.taken {
            names.renamed(value, value).ok_or_else(twice)?;
        }
        for (column, edits) in self.columns.iter().zip(&mut self.edits) {
            let before = std::mem::take(edits);
            for (index, anew) in before.iter() {
                let label = std::str::from_utf8(anew).map_err(|_| twice())?;
                let anew = names.another(label);
                if matches!(column.values, Values::Fixed { width, .. } if width != anew.len()) {
                    return Err(twice());
                }
                edits.push(index, &anew)?;
            }
        }
        Ok(())
    }
}

/// The list that a column is a part of, by its path.
fn list_of(column: &Column) -> Option<&str> {
    column.path.rsplit_once('.').map(|(list, _)| list)
}

/// Packs a buffer as the others are packed.
fn pack(
    mut anew: SpooledTempFile,
    packing: Option<u64>,
    mut out: &mut dyn Write,
) -> Result<(), Stop> {
    let len = anew.stream_position().map_err(Stop::Write)?;
    anew.rewind().map_err(Stop::Write)?;
    let Some(packing) = packing.filter(|_| len > 0) else {
        return copy(&mut anew, out).map_err(Stop::Write);
    };
    out.write_all(&len.to_le_bytes()).map_err(Stop::Write)?;
    let packed = match packing {
        0 => {
            let mut encoder = lz4_flex::frame::FrameEncoder::new(&mut out);
            copy(&mut anew, &mut encoder).and_then(|()| Ok(encoder.finish().map(drop)?))
        }
        1 => zstd::stream::copy_encode(&mut anew, out, 0),
        _ => return Err(Stop::not("arrow: compression not supported")),
    };
    packed.map_err(Stop::Write)
}
