//! What changes in the text columns of a group of Parquet, row by row: what stands in one column
//! may be told of whom it speaks by another.

use std::collections::HashMap;

use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::reader::RowGroupReader;

use crate::matching::put::Put;
use crate::matching::redact::refusal::Stop;
use crate::matching::redact::rewriting::Rewriting;
use crate::matching::redact::tables::edits::Edits;
use crate::matching::redact::tables::rows::Cell;
use crate::matching::views::tour::Look;

/// Columns that are put together.
const COLUMNS_MAX: usize = 64;

/// Bytes of rows that are held at a time, and what a cell takes beside its bytes.
const ROWS_BYTES_MAX: usize = 64 << 20;
const CELL_BYTES: usize = 64;

/// A column of text of a group.
pub struct Column {
    /// Its number.
    pub number: usize,
    /// Its path.
    pub name: String,
    /// The list that it stands in; `None` if it has a cell for each row.
    pub list: Option<String>,
    /// Rows that may be read at a time.
    pub step: usize,
}

/// The cells of a column, from where it was read up to.
struct Reading {
    cells: ColumnReaderImpl<ByteArrayType>,
    /// The level of a cell that is there; 0 if all are.
    level: i16,
    number: usize,
    /// Values that were read before.
    passed: u64,
}

impl<L: Look<What = Put>> Rewriting<'_, L> {
    /// What changes in each of these columns, by its number, with the number of the value; columns
    /// that stand with no other are not looked at.
    pub(super) fn parquet_rows(
        &mut self,
        group: &dyn RowGroupReader,
        columns: &[Column],
        depth: usize,
    ) -> Result<HashMap<usize, Edits>, Stop> {
        let mut lists: Vec<(&Option<String>, Vec<&Column>)> = Vec::new();
        for column in columns {
            match lists
                .iter_mut()
                .rev()
                .take(COLUMNS_MAX)
                .find(|(list, beside)| *list == &column.list && beside.len() < COLUMNS_MAX)
            {
                Some((_, beside)) => beside.push(column),
                None => lists.push((&column.list, vec![column])),
            }
        }
        let mut changed = HashMap::new();
        for (_, beside) in lists.into_iter().filter(|(_, beside)| beside.len() > 1) {
            self.beside(group, &beside, &mut changed, depth)?;
        }
        Ok(changed)
    }

    fn beside(
        &mut self,
        group: &dyn RowGroupReader,
        columns: &[&Column],
        changed: &mut HashMap<usize, Edits>,
        depth: usize,
    ) -> Result<(), Stop> {
        let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        let least = columns.iter().map(|column| column.step).min().unwrap_or_default();
        let step = (least / columns.len()).max(1);
        let open = |column: &&Column| Reading::open(group, column.number);
        let mut readings = columns.iter().map(open).collect::<Result<Vec<_>, Stop>>()?;
        changed.extend(columns.iter().map(|column| (column.number, Edits::default())));
        let replaced = self.replaced;
        loop {
            let before: Vec<u64> = readings.iter().map(|reading| reading.passed).collect();
            let (mut read, mut held) = (Vec::new(), 0);
            for reading in &mut readings {
                let (records, cells) = reading.next(step)?;
                let bytes = cells.iter().flatten().map(ByteArray::len).sum();
                self.parquet_repeat(records, bytes)?;
                held += bytes + CELL_BYTES * cells.len();
                read.push(cells);
            }
            let count = read.first().map_or(0, Vec::len);
            let is_listed = columns.iter().all(|column| column.list.is_some());
            if held > ROWS_BYTES_MAX && !is_listed {
                return Err(Stop::not("parquet: row too large"));
            }
            // Two lists, or one that is too long to be held: each column is looked at by itself.
            if held > ROWS_BYTES_MAX || read.iter().any(|cells| cells.len() != count) {
                self.replaced = replaced;
                columns.iter().for_each(|column| drop(changed.remove(&column.number)));
                return Ok(());
            }
            if count == 0 {
                return Ok(());
            }
            let mut rows: Vec<Vec<Cell>> = (0..count).map(|_| Vec::new()).collect();
            for (column, cells) in read.into_iter().enumerate() {
                for (row, cell) in rows.iter_mut().zip(cells) {
                    row.extend(cell.map(|cell| Cell::new(column, cell.data().to_vec())));
                }
            }
            self.rows(&names, &mut rows, depth)?;
            let mut at = before;
            for cell in rows.into_iter().flatten() {
                let (number, value) = (readings[cell.column].number, &mut at[cell.column]);
                if let Some(anew) = cell.anew {
                    changed.entry(number).or_default().push(*value, &anew)?;
                }
                *value += 1;
            }
        }
    }
}

impl Reading {
    fn open(group: &dyn RowGroupReader, number: usize) -> Result<Self, Stop> {
        let level = group.metadata().column(number).column_descr().max_def_level();
        match group.get_column_reader(number)? {
            ColumnReader::ByteArrayColumnReader(cells) => {
                Ok(Self { cells, level, number, passed: 0 })
            }
            _ => Err(broken()),
        }
    }

    /// The next cells of so many rows, of which those of a list have several, and how many rows
    /// they were.
    fn next(&mut self, rows: usize) -> Result<(usize, Vec<Option<ByteArray>>), Stop> {
        let (mut values, mut levels, mut lists) = (Vec::new(), Vec::new(), Vec::new());
        let mut records = 0;
        while records < rows {
            let (read, ..) = self.cells.read_records(
                rows - records,
                Some(&mut levels),
                Some(&mut lists),
                &mut values,
            )?;
            if read == 0 {
                break;
            }
            records += read;
        }
        self.passed += values.len() as u64;
        if self.level == 0 {
            return Ok((records, values.into_iter().map(Some).collect()));
        }
        let mut values = values.into_iter();
        let cell = |level: i16| if level == self.level { values.next() } else { None };
        Ok((records, levels.into_iter().map(cell).collect()))
    }
}

/// What is no table, or a damaged one.
pub fn broken() -> Stop {
    Stop::not("parquet: broken")
}
