//! Rows rewritten: each cell after the name of its column, and what cells of one row say together,
//! of which each keeps its part. Read as `views::columns::rows` reads them.

use std::cmp::Reverse;
use std::iter;
use std::ops::Range;

use crate::matching::put::Put;
use crate::matching::redact::refusal::Stop;
use crate::matching::redact::rewriting::{Rewriting, Short};
use crate::matching::views::columns::rows::{Row, Rows};
use crate::matching::views::spelling::reading::Hold;
use crate::matching::views::tour::Look;
use crate::matching::views::written::tables::Tables;

/// Bytes of rows that are looked at together: most speak of nobody.
pub const BATCH_BYTES: usize = 256 << 10;

/// Rows that are looked at together.
pub const BATCH_ROWS: usize = 1024;

/// A cell.
pub struct Cell {
    /// The number of its column.
    pub column: usize,
    /// What stood in it.
    pub stored: Vec<u8>,
    /// What stands in it from now on; `None` if that is the same.
    pub anew: Option<Vec<u8>>,
}

impl Cell {
    /// A cell as it stands.
    pub fn new(column: usize, stored: Vec<u8>) -> Self {
        Self { column, stored, anew: None }
    }

    fn is_same(&self) -> bool {
        self.anew.is_none()
    }

    fn is_text(&self) -> bool {
        std::str::from_utf8(self.now()).is_ok()
    }

    fn now(&self) -> &[u8] {
        self.anew.as_ref().unwrap_or(&self.stored)
    }
}

impl<L: Look<What = Put>> Rewriting<'_, L> {
    /// Rewrites the rows of a table whose columns are called so.
    pub(super) fn rows(
        &mut self,
        columns: &[String],
        rows: &mut [Vec<Cell>],
        depth: usize,
    ) -> Result<(), Stop> {
        self.meter.pace(self.limits).map_err(|refused| Stop::Read(refused.into()))?;
        let table = Rows::new("", "", columns.to_vec());
        // Bytes that are no text may be anything.
        for cell in rows.iter_mut().flatten() {
            if std::str::from_utf8(&cell.stored).is_err() {
                cell.anew = self.table_cell(&columns[cell.column], &cell.stored, depth)?;
            }
        }
        let spelled: Vec<String> = rows.iter().map(|row| table.spelled(&texts(row)).text).collect();
        if !self.sees(&spelled.concat()) {
            return Ok(());
        }
        for (row, spelled) in rows.iter_mut().zip(spelled) {
            if self.sees(&spelled) {
                // What tells of whom the others speak is still there.
                let told = self.together(&table, row);
                for cell in row.iter_mut().filter(|cell| cell.anew.is_none()) {
                    cell.anew = self.table_cell(&columns[cell.column], &cell.stored, depth)?;
                }
                self.put(row, told, Cell::is_same);
                let told = self.together(&table, row);
                self.put(row, told, |_| true);
            }
        }
        Ok(())
    }

    /// A cell without what is not to be in it; `None` if that is the same.
    pub(super) fn table_cell(
        &mut self,
        column: &str,
        stored: &[u8],
        depth: usize,
    ) -> Result<Option<Vec<u8>>, Stop> {
        let Ok(text) = std::str::from_utf8(stored) else {
            let (before, mut anew) = (self.replaced, Vec::new());
            self.bytes(&mut &*stored, &mut anew, depth + 1)?;
            return Ok((self.replaced != before).then_some(anew));
        };
        let hash = self.rewritten.hash(column, text);
        if let Some((anew, replaced)) = self.rewritten.of(hash) {
            self.replaced.add(*replaced);
            return Ok(anew.clone());
        }
        let column = Some(column).filter(|column| !column.is_empty());
        let Short { text: anew, replaced } = self.short(column, text)?;
        let anew = (replaced.places() > 0).then(|| anew.into_bytes());
        self.rewritten.keep(hash, text, (anew.clone(), replaced));
        Ok(anew)
    }

    /// What the cells of a row say together: a first name in one and the last in another. For each
    /// cell that is text, its parts in order.
    fn together(&mut self, table: &Rows, row: &[Cell]) -> Vec<Vec<(Range<usize>, Put)>> {
        let spelled = table.spelled(&texts(row));
        let text = spelled.text.as_bytes();
        let mut seen = self.seen(text, &(0..text.len()), &Tables::default());
        // What is seen in no stretch of it is seen again in what was written.
        seen.retain(|found| found.hold == Hold::Exact);
        let parts = |(number, place): (usize, &Range<usize>)| {
            // A value stands behind its key too.
            let of_entry = spelled.entry.iter().filter(|(value, _)| *value == number);
            let places = iter::once(place).chain(of_entry.map(|(_, place)| place));
            let mut parts: Vec<(Range<usize>, Put)> = places
                .flat_map(|place| {
                    seen.iter().filter_map(|found| {
                        let start = found.span.start.max(place.start);
                        let end = found.span.end.min(place.end);
                        (start < end).then(|| (start - place.start..end - place.start, found.what))
                    })
                })
                .collect();
            parts.sort_by_key(|(part, _)| (part.start, Reverse(part.end)));
            parts
        };
        spelled.places.iter().enumerate().map(parts).collect()
    }

    /// Replaces parts of the cells that are text, where that may be done.
    fn put(
        &mut self,
        row: &mut [Cell],
        told: Vec<Vec<(Range<usize>, Put)>>,
        may: impl Fn(&Cell) -> bool,
    ) {
        let cells = row.iter_mut().filter(|cell| cell.is_text());
        for (cell, parts) in cells.zip(told).filter(|(cell, parts)| !parts.is_empty() && may(cell))
        {
            let (mut anew, mut at) = (Vec::new(), 0);
            for (part, put) in parts {
                if part.start >= at {
                    self.replaced.count(put);
                    anew.extend_from_slice(&cell.now()[at..part.start]);
                    anew.extend_from_slice(put.text().as_bytes());
                }
                at = at.max(part.end);
            }
            anew.extend_from_slice(&cell.now()[at..]);
            cell.anew = Some(anew);
        }
    }
}

/// A value without what fills it up: that is no part of what it says.
pub fn unfilled(stored: &[u8]) -> &[u8] {
    let end = stored.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    &stored[..end]
}

/// What was written, in a place of this width; `None` if there is no room for it.
pub fn fitted(mut written: Vec<u8>, width: usize) -> Option<Vec<u8>> {
    // Of nothing but what is put, the beginning says enough.
    let end = written.iter().position(|byte| *byte == b']');
    let is_put = written.starts_with(b"[") && end == Some(written.len() - 1);
    let has_room = written.len() <= width || is_put;
    written.resize(width, 0);
    has_room.then_some(written)
}

/// The cells of a row that are text now.
fn texts(row: &[Cell]) -> Row {
    let text = |cell: &Cell| Some((cell.column, std::str::from_utf8(cell.now()).ok()?.to_owned()));
    row.iter().filter_map(text).collect()
}
