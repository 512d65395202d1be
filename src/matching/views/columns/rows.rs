//! Rows of a table, looked at in batches: each cell after its column, and the row as a whole, since
//! what speaks of one person may stand in two columns.

use std::collections::BTreeSet;
use std::io::{self, Cursor, Read};
use std::ops::{Deref, Range};

use crate::matching::keys::lone::Pairs;
use crate::matching::keys::users::speaks_of_users;
use crate::matching::views::columns::cells::cell_text;
use crate::matching::views::forms::is_packed;
use crate::matching::views::regions::regions;
use crate::matching::views::spelling::charset::{Charset, guess};
use crate::matching::views::tour::{Kind, Look, Tour, shown};
use crate::matching::views::windows::parts;
use crate::matching::views::written::heads::speaking;

/// Bytes of rows that are held at a time.
const BATCH_BYTES_MAX: usize = 256 << 10;

/// What a cell takes beside its bytes.
const CELL_BYTES: usize = 48;

/// Fewer bytes in a cell are looked at as text alone, unless something is packed in them.
const OPENED_BYTES_MIN: usize = 64;

/// Bytes of a cell that stands with its row; a longer one is looked at by itself.
const CELL_BYTES_MAX: usize = 256 << 10;

/// Bytes of a row that is looked at as a whole; what goes beyond is looked at by itself.
const ROW_BYTES_MAX: usize = 1 << 20;

/// Cells of a row that is looked at as a whole, where a file may have any number of them.
const ROW_CELLS_MAX: usize = 64 << 10;

/// The cells of a row that hold text, each with the number of its column.
#[derive(Clone, Debug, Default)]
pub struct Row {
    cells: Vec<(usize, String)>,
    bytes: usize,
}

impl Row {
    /// Bytes of one more cell that there is room for.
    pub fn room(&self) -> usize {
        ROW_BYTES_MAX.saturating_sub(self.bytes).min(CELL_BYTES_MAX)
    }

    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a cell.
    pub fn push(&mut self, (column, cell): (usize, String)) {
        self.bytes += cell.len();
        self.cells.push((column, cell));
    }

    /// Takes out the cells behind so many.
    pub fn split_off(&mut self, cells: usize) -> Self {
        let taken: Self = self.cells.split_off(cells.min(self.cells.len())).into_iter().collect();
        self.bytes -= taken.bytes;
        taken
    }

    /// The cell of a column.
    pub fn cell(&self, column: usize) -> Option<&str> {
        self.cells.iter().find(|(number, _)| *number == column).map(|(_, cell)| cell.as_str())
    }
}

impl Deref for Row {
    type Target = [(usize, String)];

    fn deref(&self) -> &Self::Target {
        &self.cells
    }
}

impl Extend<(usize, String)> for Row {
    fn extend<T: IntoIterator<Item = (usize, String)>>(&mut self, cells: T) {
        cells.into_iter().for_each(|cell| self.push(cell));
    }
}

impl FromIterator<(usize, String)> for Row {
    fn from_iter<T: IntoIterator<Item = (usize, String)>>(cells: T) -> Self {
        let mut row = Self::new();
        row.extend(cells);
        row
    }
}

/// Cells as they are written together.
pub struct Spelled {
    /// All of it.
    pub text: String,
    /// Where each cell stands in the line that has them all, byte for byte.
    pub places: Vec<Range<usize>>,
    /// Where the value of an entry stands behind its key, and which of the cells it is.
    pub entry: Option<(usize, Range<usize>)>,
}

/// Rows that are held.
pub struct Rows {
    view: String,
    table: String,
    columns: Vec<String>,
    /// Whether they are a column of a table whose columns lie apart, row by row.
    apart: bool,
    held: Vec<Row>,
    bytes: usize,
}

impl Rows {
    /// Of a table with these columns, as far as they are known; `view` is that of the file.
    pub fn new(view: &str, table: &str, columns: Vec<String>) -> Self {
        let (view, table) = (view.to_owned(), shown(table));
        Self { view, table, columns, apart: false, held: Vec::new(), bytes: 0 }
    }

    /// Of columns that lie apart from others, which have their cells in the same order.
    pub fn apart(self) -> Self {
        Self { apart: true, ..self }
    }

    /// Adds one, and tells whether it is time to look at them.
    pub fn add(&mut self, row: Row) -> bool {
        let bytes = |(column, cell): &(usize, String)| {
            CELL_BYTES + 2 * cell.len() + self.column(*column).len()
        };
        self.bytes += CELL_BYTES + row.cells.iter().map(bytes).sum::<usize>();
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

    /// What an entry of a map says, or a row of keys and values, where the key says whose it is.
    /// The key, and which cell its value is.
    fn entry<'r>(&self, row: &'r Row) -> Option<(&'r str, usize)> {
        let of = |names: &[&str]| {
            let last = |number| self.column(number).rsplit('.').next().unwrap_or_default();
            row.iter().position(|(number, _)| names.contains(&last(*number)))
        };
        let (key, value) = match row.len() {
            // Nothing says what its two columns are.
            2 if self.columns.is_empty() => (0, 1),
            _ => (of(&["key", "name", "k", "tag", "property"])?, of(&["value", "val", "v"])?),
        };
        let key = &row[key].1;
        speaks_of_users(&key.to_lowercase()).then_some((key, value))
    }

    /// Each cell in a line of its own, and all in one below the heads, as a table is written.
    pub fn spelled(&self, row: &Row) -> Spelled {
        let mut lines: Vec<String> =
            row.iter().map(|(column, cell)| self.after_column(*column, cell)).collect();
        let entry = self.entry(row).map(|(key, cell)| {
            let start = lines.iter().map(|line| line.len() + 1).sum::<usize>() + key.len() + 2;
            lines.push(format!("{key}: {}", row[cell].1));
            (cell, start..start + row[cell].1.len())
        });
        let heads = row.iter().map(|(column, _)| (*column, self.column(*column)));
        lines.push(String::new());
        lines.push(together(heads).text);
        let cells = together(row.iter().map(|(column, cell)| (*column, cell.as_str())));
        let before = lines.join("\n") + "\n";
        let moved = |place: Range<usize>| place.start + before.len()..place.end + before.len();
        let places = cells.places.into_iter().map(moved).collect();
        Spelled { text: before + &cells.text + "\n", places, entry }
    }
}

/// Rows of a sheet, of which one may head those below it.
pub struct Sheet {
    /// What is held of them.
    pub rows: Rows,
    /// Rows that may still be the head, and the cells of the one that was taken for it.
    heads_left: usize,
    head_cells: usize,
}

/// Rows of a sheet of which one may be its head: titles stand above it.
const HEAD_ROWS_MAX: usize = 16;

impl Sheet {
    /// As [`Rows::new`].
    pub fn new(view: &str, table: &str) -> Self {
        let rows = Rows::new(view, table, Vec::new());
        Self { rows, heads_left: HEAD_ROWS_MAX, head_cells: 0 }
    }

    /// What the columns are called, if this row heads those that follow. A title has fewer cells
    /// than the head below it.
    fn columns(&mut self, row: &Row) -> Option<Vec<String>> {
        self.heads_left = self.heads_left.checked_sub(1)?;
        if row.len() <= self.head_cells {
            return None;
        }
        let mut columns = Vec::new();
        for head in speaking(row.iter().map(|(_, cell)| cell.as_str())) {
            let number = row[head.column].0;
            columns.resize(columns.len().max(number + 1), String::new());
            columns[number] = head.text;
        }
        if columns.is_empty() {
            return None;
        }
        self.head_cells = row.len();
        Some(columns)
    }
}

impl<L: Look> Tour<'_, L> {
    /// Tells the names of the columns of the rows that follow.
    pub(in crate::matching::views) fn columns_are(&mut self, rows: &mut Rows, names: &[String]) {
        if rows.columns != names {
            self.rows(rows);
            rows.columns = names.to_vec();
        }
    }

    /// Takes the next row of a sheet; one that heads others is looked at alone.
    pub(in crate::matching::views) fn sheet_row(&mut self, sheet: &mut Sheet, row: Row) {
        let columns = if row.is_empty() { return } else { sheet.columns(&row) };
        if columns.is_some() {
            self.rows(&mut sheet.rows);
            sheet.rows.columns = Vec::new();
        }
        if sheet.rows.add(row) || columns.is_some() {
            self.rows(&mut sheet.rows);
        }
        if let Some(columns) = columns {
            sheet.rows.columns = columns;
        }
    }

    /// Looks at the rows that are held, and holds none.
    pub(in crate::matching::views) fn rows(&mut self, rows: &mut Rows) {
        let held = std::mem::take(&mut rows.held);
        rows.bytes = 0;
        if let ([column], true) = (&rows.columns[..], rows.apart) {
            let is_named = !column.is_empty() && !rows.table.is_empty();
            let place = if is_named { rows.place(0) } else { column.clone() };
            let cells = held.iter().map(|row| row.first().map_or("", |(_, cell)| cell.as_str()));
            let cells: Vec<&str> = cells.collect();
            for Pairs { above, names, cells } in self.lone.pairs(&rows.view, &place, &cells) {
                let mut pairs = Rows::new(&rows.view, &above, names.to_vec());
                for row in cells {
                    let row = row.into_iter().enumerate().filter(|(_, cell)| !cell.is_empty());
                    pairs.add(row.collect());
                }
                self.rows(&mut pairs);
            }
        }
        let whole: String = held.iter().map(|row| rows.spelled(row).text).collect();
        if !self.may_speak(&whole) {
            return;
        }
        for row in held {
            let spelled = rows.spelled(&row).text;
            if self.may_speak(&spelled) {
                self.row(&row, &spelled, rows);
            }
        }
    }

    fn row(&mut self, row: &Row, spelled: &str, rows: &Rows) {
        let mut seen = BTreeSet::new();
        for (column, cell) in &row.cells {
            for what in self.seen_in(&rows.after_column(*column, cell)) {
                seen.insert(what.clone());
                self.see(what, rows.view.clone(), rows.place(*column));
            }
        }
        let place = if rows.table.is_empty() { "row" } else { &rows.table };
        // What two columns say of one person stands in no cell.
        for what in self.seen_in(spelled) {
            if !seen.contains(&what) {
                self.see(what, rows.view.clone(), place.to_owned());
            }
        }
    }

    /// Makes room for one more cell of so many bytes: a row that has none goes to the others, and
    /// another one begins.
    pub(in crate::matching::views) fn make_room(
        &mut self,
        rows: &mut Rows,
        row: &mut Row,
        bytes: usize,
    ) {
        let is_full = bytes > row.room() || row.len() >= ROW_CELLS_MAX;
        if is_full && !row.is_empty() && rows.add(std::mem::take(row)) {
            self.rows(rows);
        }
    }

    /// Adds a cell of bytes to its row, if it is text; looks into it, if it is not.
    pub(in crate::matching::views) fn bytes_in_cell(
        &mut self,
        bytes: &[u8],
        (row, column): (&mut Row, usize),
        chain: &dyn Fn() -> String,
        depth: usize,
    ) -> io::Result<()> {
        let is_text = guess(bytes) == Charset::Bytes || bytes.len() < OPENED_BYTES_MIN;
        if !is_text || is_packed(bytes) {
            return self.opened(&mut Cursor::new(bytes), chain, depth);
        }
        if bytes.len() > row.room() {
            return self.stream(&mut Cursor::new(bytes), &chain(), Kind::Text, depth);
        }
        row.push((column, cell_text(bytes)));
        Ok(())
    }

    /// Adds a cell of text to its row, or looks at it, if it is long.
    pub(in crate::matching::views) fn text_in_cell(
        &mut self,
        text: String,
        (row, column): (&mut Row, usize),
        chain: &dyn Fn() -> String,
        depth: usize,
    ) -> io::Result<()> {
        if text.len() > row.room() {
            return self.stream(&mut text.as_bytes(), &chain(), Kind::Text, depth);
        }
        row.push((column, text));
        Ok(())
    }

    /// Looks into a cell of anything.
    pub(in crate::matching::views) fn opened(
        &mut self,
        cell: &mut dyn Read,
        chain: &dyn Fn() -> String,
        depth: usize,
    ) -> io::Result<()> {
        if depth >= self.limits.depth_max {
            self.unreadable("depth limit", &chain());
            return Ok(());
        }
        self.bytes(cell, &chain(), depth + 1)
    }

    /// Whether a text may speak of anybody.
    pub(in crate::matching::views) fn may_speak(&mut self, text: &str) -> bool {
        let (look, worthless) = (&*self.look, &mut self.worthless);
        parts(text).any(|part| !regions(look, worthless, &text[part.read], 0).is_empty())
    }
}

/// Cells with the border of a table between them, and something where there is no text.
fn together<'c>(cells: impl Iterator<Item = (usize, &'c str)>) -> Spelled {
    let (mut text, mut places, mut next) = (String::new(), Vec::new(), 0);
    for (column, cell) in cells {
        if column > next {
            text.push_str("0|");
        }
        next = column + 1;
        let start = text.len();
        text.extend(cell.chars().map(|c| if matches!(c, '|' | '\n' | '\r') { ' ' } else { c }));
        places.push(start..text.len());
        text.push('|');
    }
    Spelled { text, places, entry: None }
}
