//! Rows of a table, looked at in batches: each cell after its column, and the row as a whole, since
//! what speaks of one person may stand in two columns.

use std::collections::BTreeSet;
use std::io::{self, Cursor};

use crate::matching::views::forms::is_packed;
use crate::matching::views::regions::regions;
use crate::matching::views::spelling::charset::{Charset, guess, utf8_or_western};
use crate::matching::views::tour::{Look, Tour, shown};

/// Bytes of rows that are held at a time.
const BATCH_BYTES_MAX: usize = 256 << 10;

/// What a cell takes beside its bytes.
const CELL_BYTES: usize = 48;

/// Fewer bytes in a cell are looked at as text alone, unless something is packed in them.
const OPENED_BYTES_MIN: usize = 64;

/// The cells of a row that hold text, each with the number of its column.
pub type Row = Vec<(usize, String)>;

/// Rows that are held.
pub struct Rows {
    view: String,
    table: String,
    columns: Vec<String>,
    held: Vec<Row>,
    bytes: usize,
}

impl Rows {
    /// Of a table with these columns, as far as they are known; `view` is that of the file.
    pub fn new(view: &str, table: &str, columns: Vec<String>) -> Self {
        let (view, table) = (view.to_owned(), shown(table));
        Self { view, table, columns, held: Vec::new(), bytes: 0 }
    }

    /// Adds one, and tells whether it is time to look at them.
    pub fn add(&mut self, row: Row) -> bool {
        let bytes = |(column, cell): &(usize, String)| {
            CELL_BYTES + 2 * cell.len() + self.column(*column).len()
        };
        self.bytes += CELL_BYTES + row.iter().map(bytes).sum::<usize>();
        self.held.push(row);
        self.bytes > BATCH_BYTES_MAX
    }

    /// Tells the names of columns, of which there may be more than before.
    pub fn name(&mut self, columns: &[String]) {
        if columns.len() > self.columns.len() {
            self.columns = columns.to_vec();
        }
    }

    /// The name of a column; nothing if it has none.
    pub fn column(&self, number: usize) -> &str {
        self.columns.get(number).map_or("", String::as_str)
    }

    /// Where a cell of this column stands.
    pub fn place(&self, column: usize) -> String {
        let column = shown(self.column(column));
        // An array is its own column.
        if column.is_empty() || self.table.rsplit('/').next() == Some(&column) {
            return self.table.clone();
        }
        let dot = if self.table.is_empty() { "" } else { "." };
        format!("{}{dot}{column}", self.table)
    }

    fn after_column(&self, column: usize, cell: &str) -> String {
        match self.column(column) {
            "" => cell.to_owned(),
            column => format!("{column}: {cell}"),
        }
    }

    /// Each cell in a line of its own, and all in one below the heads, as a table is written.
    fn spelled(&self, row: &Row) -> String {
        let mut lines: Vec<String> =
            row.iter().map(|(column, cell)| self.after_column(*column, cell)).collect();
        let heads = row.iter().map(|(column, _)| (*column, self.column(*column)));
        lines.push(String::new());
        lines.push(together(heads));
        lines.push(together(row.iter().map(|(column, cell)| (*column, cell.as_str()))));
        lines.join("\n") + "\n"
    }
}

impl<L: Look> Tour<'_, L> {
    /// Looks at the rows that are held, and holds none.
    pub(in crate::matching::views) fn rows(&mut self, rows: &mut Rows) {
        let held = std::mem::take(&mut rows.held);
        rows.bytes = 0;
        let whole: String = held.iter().map(|row| rows.spelled(row)).collect();
        if !self.may_speak(&whole) {
            return;
        }
        for row in held {
            let spelled = rows.spelled(&row);
            if self.may_speak(&spelled) {
                self.row(&row, &spelled, rows);
            }
        }
    }

    fn row(&mut self, row: &Row, spelled: &str, rows: &Rows) {
        let mut seen = BTreeSet::new();
        for (column, cell) in row {
            for found in self.readings(&rows.after_column(*column, cell)) {
                seen.insert(found.what.clone());
                self.see(found.what, rows.view.clone(), rows.place(*column));
            }
        }
        let place = if rows.table.is_empty() { "row" } else { &rows.table };
        // What two columns say of one person stands in no cell.
        for found in self.readings(spelled) {
            if !seen.contains(&found.what) {
                self.see(found.what, rows.view.clone(), place.to_owned());
            }
        }
    }

    /// Looks into what a cell of bytes holds, if it is no text; tells it if it is.
    pub(in crate::matching::views) fn bytes_in_cell(
        &mut self,
        bytes: &[u8],
        chain: &dyn Fn() -> String,
        depth: usize,
    ) -> io::Result<Option<String>> {
        let is_text = guess(bytes) == Charset::Bytes || bytes.len() < OPENED_BYTES_MIN;
        if is_text && !is_packed(bytes) {
            return Ok(Some(utf8_or_western(bytes)));
        }
        if depth >= self.limits.depth_max {
            self.unreadable("depth limit", &chain());
            return Ok(None);
        }
        self.bytes(&mut Cursor::new(bytes), &chain(), depth + 1)?;
        Ok(None)
    }

    pub(in crate::matching::views) fn may_speak(&mut self, text: &str) -> bool {
        !regions(&*self.look, &mut self.worthless, text, 0).is_empty()
    }
}

/// Cells with the border of a table between them, and something where there is no text.
fn together<'c>(cells: impl Iterator<Item = (usize, &'c str)>) -> String {
    let (mut line, mut next) = (String::new(), 0);
    for (column, cell) in cells {
        if column > next {
            line.push_str("0|");
        }
        next = column + 1;
        line.extend(cell.chars().map(|c| if matches!(c, '|' | '\n' | '\r') { ' ' } else { c }));
        line.push('|');
    }
    line
}
