//! Rows of a Parquet file that name somebody: whoever has the address in one column has what stands
//! in the others.
//!
//! Who is sought is found column by column. Rows are put together only for whoever does not know
//! beforehand who may be named.

use memchr::memchr;
use parquet::basic::Type;
use parquet::errors::ParquetError;
use parquet::file::reader::RowGroupReader;

use crate::matching::views::columns::pages::Checked;
use crate::matching::views::columns::parquet::Sparse;
use crate::matching::views::columns::rows::{Row, Rows};
use crate::matching::views::spelling::charset::utf8_or_western;
use crate::matching::views::tour::{Look, Tour};

/// Columns that are put together.
const COLUMNS_MAX: usize = 64;

impl<L: Look> Tour<'_, L> {
    /// Looks at the rows of a group in which an address or an id stands.
    pub(super) fn people_of_rows(
        &mut self,
        group: &dyn RowGroupReader,
        checked: &[Option<Checked>],
        view: &str,
    ) -> Result<(), ParquetError> {
        if !self.look.asks_for_everybody() {
            return Ok(());
        }
        let (mut columns, mut names) = (Vec::new(), Vec::new());
        for (column, checked) in checked.iter().enumerate() {
            let stated = group.metadata().column(column);
            let is_flat = stated.column_type() == Type::BYTE_ARRAY
                && checked.is_some()
                && stated.column_descr().max_rep_level() == 0;
            if is_flat && columns.len() < COLUMNS_MAX {
                columns.push(Sparse::of(group, column, *checked)?);
                names.push(stated.column_path().string());
            }
        }
        if columns.len() < 2 {
            return Ok(());
        }
        let mut rows = Rows::new(view, "", names);
        loop {
            let cells = columns.iter_mut().map(Sparse::cells).collect::<Result<Vec<_>, _>>()?;
            let count = cells.iter().map(Vec::len).min().unwrap_or_default();
            if count == 0 {
                self.rows(&mut rows);
                return Ok(());
            }
            self.repeat(count, cells.iter().flatten().map(Vec::len))?;
            for number in 0..count {
                let row = || cells.iter().map(|column| &column[number]);
                if !row().any(|cell| names_somebody(cell)) {
                    continue;
                }
                let texts = row().enumerate().filter(|(_, cell)| !cell.is_empty());
                let row: Row = texts.map(|(at, cell)| (at, utf8_or_western(cell))).collect();
                if rows.add(row) {
                    self.rows(&mut rows);
                }
            }
        }
    }
}

/// Whether a cell has an address, or is the id of somebody or something.
fn names_somebody(cell: &[u8]) -> bool {
    const ID_BYTES: [usize; 2] = [32, 36];
    let is_digit = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b'-';
    memchr(b'@', cell).is_some() || ID_BYTES.contains(&cell.len()) && cell.iter().all(is_digit)
}
