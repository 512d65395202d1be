//! Cells of one column, looked at in batches: most batches speak of nobody.

use crate::matching::views::regions::regions;
use crate::matching::views::spelling::charset::utf8_or_western;
use crate::matching::views::walk::{Look, Walk};

/// Cells that are looked at together.
pub const BATCH_CELLS: usize = 4096;

impl<L: Look> Walk<'_, L> {
    /// Looks at cells of a column; `view` is that of the table.
    pub(super) fn cells<'c>(
        &mut self,
        cells: impl Iterator<Item = &'c [u8]>,
        view: &str,
        column: &str,
    ) {
        let cells: Vec<String> = cells.map(utf8_or_western).collect();
        // A cell ends what stands in it, as the end of a line does.
        let all = cells.join("\n");
        if regions(self.look, &all).is_empty() {
            return;
        }
        for cell in cells {
            self.label(&cell, view, column);
        }
    }
}
