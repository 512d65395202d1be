//! Cells of one column, looked at in batches: most batches speak of nobody.

use crate::matching::views::meter::refusal;
use crate::matching::views::spelling::charset::utf8_or_western;
use crate::matching::views::spelling::digits::guids;
use crate::matching::views::tour::{Kind, Look, Tour, shown};

/// Cells that are looked at together.
pub const BATCH_CELLS: usize = 4096;

/// Parts of a batch that may speak of somebody, each of which is asked again.
const PARTS: usize = 16;

/// Bytes of cells that are held at a time: a dictionary may give one large value many times.
const BATCH_BYTES_MAX: usize = 1 << 20;

/// What a cell takes beside its bytes.
const CELL_BYTES: usize = 32;

/// What a cell of bytes says: its text, and what it spells if it is a GUID in sixteen bytes.
pub fn cell_text(bytes: &[u8]) -> String {
    let text = utf8_or_western(bytes);
    match guids::spelled(bytes) {
        Some(guids) if text.contains(char::is_control) => guids,
        Some(guids) => format!("{text}\n{guids}"),
        None => text,
    }
}

impl<L: Look> Tour<'_, L> {
    /// Looks at cells of a column; `view` is that of the table.
    pub(in crate::matching::views) fn cells<'c>(
        &mut self,
        cells: impl Iterator<Item = &'c [u8]>,
        view: &str,
        column: &str,
    ) {
        let column = &shown(column);
        let (mut batch, mut bytes) = (Vec::new(), 0);
        for cell in cells {
            if cell.len() > BATCH_BYTES_MAX {
                self.long_cell(cell, view, column);
                continue;
            }
            // Each is read after its column; a cell without bytes takes room too.
            bytes += cell.len() + column.len() + CELL_BYTES;
            batch.push(cell_text(cell));
            if bytes > BATCH_BYTES_MAX {
                self.batch(&batch, view, column);
                (batch, bytes) = (Vec::new(), 0);
            }
        }
        self.batch(&batch, view, column);
    }

    /// Looks at a cell that is too long to be held in other forms beside.
    fn long_cell(&mut self, mut cell: &[u8], view: &str, column: &str) {
        let (chain, depth) = (format!("{view}:{column} > "), self.level);
        let walked = self.stream(&mut cell, &chain, Kind::Text, depth);
        if let Some(refused) = walked.err().as_ref().and_then(refusal) {
            self.unreadable(refused.0, &chain);
        }
    }

    fn batch(&mut self, cells: &[String], view: &str, column: &str) {
        if self.look.asks_for_everybody() {
            for cell in cells {
                self.label(&format!("{column}: {cell}"), view, column);
            }
            return;
        }
        // A cell ends what stands in it, as the end of a line does; its column may say what it is.
        let all = cells.join(&format!("\n{column}: "));
        if !self.may_speak(&format!("{column}: {all}")) {
            return;
        }
        if cells.len() > PARTS {
            let parts = cells.chunks(cells.len().div_ceil(PARTS));
            parts.for_each(|part| self.batch(part, view, column));
            return;
        }
        for cell in cells {
            self.label(&format!("{column}: {cell}"), view, column);
        }
    }
}
