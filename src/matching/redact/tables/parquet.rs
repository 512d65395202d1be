//! Tables in Parquet: columns of text written anew, all others copied as they are packed.
//!
//! What a column of text was packed with is kept, and so are its rows in their groups, the schema
//! and the notes. Its statistics are made anew: in the old ones stands what was replaced.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::sync::Arc;

use parquet::basic::{Encoding, Type};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::column::writer::{ColumnCloseResult, ColumnWriterImpl};
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, KeyValue, RowGroupMetaData};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;

use crate::domain::failure::Failure;
use crate::matching::put::Put;
use crate::matching::redact::refusal::Stop;
use crate::matching::redact::rewriting::Rewriting;
use crate::matching::redact::tables::edits::Edits;
use crate::matching::redact::tables::parquet_rows::{Column, broken};
use crate::matching::views::columns::cells::BATCH_CELLS;
use crate::matching::views::columns::pages::{self, Checked};
use crate::matching::views::meter::Spooling;
use crate::matching::views::packing::zip::copy;
use crate::matching::views::tour::Look;
use crate::matching::work;

/// Where Arrow keeps its own schema, in a form that is not rewritten.
const ARROW: &str = "ARROW:schema";

/// Bytes of cells that are written together: a page, or a dictionary, may give a large one many
/// times, and each is written anew.
const BATCH_BYTES: usize = 4 << 20;

/// Bytes of the cells of one row, in lists.
const ROW_BYTES_MAX: usize = 64 << 20;

/// One cell of so many that speaks of somebody makes it likely of those that follow.
const LIKELY_SHARE: usize = 16;

impl<L: Look<What = Put>> Rewriting<'_, L> {
    /// Rewrites a table.
    pub(in crate::matching::redact) fn parquet(
        &mut self,
        reader: &mut dyn Read,
        out: &mut dyn Write,
        depth: usize,
    ) -> Result<(), Stop> {
        let before = self.replaced;
        let mut stored = self.meter.own(tempfile::tempfile()).map_err(Stop::Read)?;
        copy(reader, &mut Spooling::new(&mut stored, self.meter)).map_err(Stop::Read)?;
        pages::check_footer(&mut stored).map_err(|_| broken())?;
        let mut written = self.meter.own(tempfile::tempfile()).map_err(Stop::Read)?;
        self.row_groups(&stored, &written, depth)?;
        let file = if self.replaced == before { &mut stored } else { &mut written };
        file.rewind().map_err(Stop::Write)?;
        copy(file, out).map_err(Stop::Write)
    }

    fn row_groups(&mut self, stored: &File, written: &File, depth: usize) -> Result<(), Stop> {
        let clone = |file: &File| file.try_clone().map_err(Stop::Write);
        let mut pages_of = clone(stored)?;
        let file = SerializedFileReader::new(clone(stored)?)?;
        let schema = file.metadata().file_metadata().schema_descr().root_schema_ptr();
        let properties = Arc::new(self.properties(&file)?);
        let mut writer = SerializedFileWriter::new(clone(written)?, schema, properties)?;
        for group in 0..file.num_row_groups() {
            let group = file.get_row_group(group)?;
            let rows = group.metadata().num_rows() as u64;
            let mut group_writer = writer.next_row_group()?;
            let columns = self.columns_of_text(group.metadata(), &mut pages_of)?;
            let mut changed = self.parquet_rows(&*group, &columns, depth)?;
            let mut columns = columns.into_iter().peekable();
            for column in 0..group.num_columns() {
                let told = group.metadata().column(column);
                let Some(of_text) = columns.next_if(|of_text| of_text.number == column) else {
                    group_writer.append_column(stored, copied(told, rows))?;
                    continue;
                };
                let reader = group.get_column_reader(column)?;
                let ColumnReader::ByteArrayColumnReader(cells) = reader else {
                    return Err(broken());
                };
                let column_writer = group_writer.next_column()?;
                let Some(mut column_writer) = column_writer else { return Err(broken()) };
                let has_levels = told.column_descr().max_def_level() > 0;
                let Column { name, step, .. } = of_text;
                let changed = changed.remove(&column);
                let text = Text { cells, name, has_levels, step, changed };
                self.column(text, column_writer.typed::<ByteArrayType>(), depth)?;
                column_writer.close()?;
            }
            group_writer.close()?;
        }
        writer.close().map(drop).map_err(Stop::from)
    }

    /// The columns that are written anew: in the dictionary of one values may stand that no row
    /// has.
    fn columns_of_text(
        &mut self,
        group: &RowGroupMetaData,
        pages_of: &mut File,
    ) -> Result<Vec<Column>, Stop> {
        let mut columns = Vec::new();
        for (number, told) in group.columns().iter().enumerate() {
            let name = told.column_path().string();
            if self.sees(&name) {
                return Err(Stop::not("parquet: name of a column"));
            }
            if told.column_type() != Type::BYTE_ARRAY {
                continue;
            }
            let pages = pages::check(pages_of, told).map_err(|_| broken())?;
            let charged = self.meter.charge(pages.decoded, self.limits);
            charged.map_err(|refused| Stop::Read(refused.into()))?;
            let is_listed = told.column_descr().max_rep_level() > 0;
            let list = name.rsplit_once('.').map(|(list, _)| list.to_owned());
            let list = list.filter(|_| is_listed).or(is_listed.then(String::new));
            columns.push(Column { number, name, list, step: step(pages) });
        }
        Ok(columns)
    }

    /// How the table is to be written, with its notes.
    fn properties(&mut self, file: &SerializedFileReader<File>) -> Result<WriterProperties, Stop> {
        let mut notes = Vec::new();
        let metadata = file.metadata();
        for note in metadata.file_metadata().key_value_metadata().into_iter().flatten() {
            let before = self.replaced;
            let value = note.value.as_deref().unwrap_or_default();
            let said = self.short(Some(&note.key), value)?.text;
            if self.replaced != before && note.key == ARROW {
                return Err(Stop::not("parquet: schema of arrow"));
            }
            notes.push(KeyValue { value: note.value.as_ref().map(|_| said), ..note.clone() });
        }
        let has_notes = metadata.file_metadata().key_value_metadata().is_some();
        let mut properties =
            WriterProperties::builder().set_key_value_metadata(has_notes.then_some(notes));
        let Some(group) = metadata.row_groups().first() else { return Ok(properties.build()) };
        properties = properties.set_sorting_columns(group.sorting_columns().cloned());
        for column in group.columns() {
            let path = column.column_path();
            let is_dictionary = |encoding| {
                matches!(encoding, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY)
            };
            properties = properties
                .set_column_compression(path.clone(), column.compression())
                .set_column_dictionary_enabled(path.clone(), column.encodings().any(is_dictionary));
        }
        Ok(properties.build())
    }

    fn sees_any(&mut self, values: &[ByteArray], name: &str) -> bool {
        let before = format!("\n{name}: ").into_bytes();
        let all: Vec<u8> =
            values.iter().flat_map(|value| [&before, value.data()].concat()).collect();
        match std::str::from_utf8(&all) {
            Ok(text) => self.sees(text),
            // Bytes that are no text may be anything.
            Err(_) => true,
        }
    }

    fn column(
        &mut self,
        text: Text,
        writer: &mut ColumnWriterImpl<'_, ByteArrayType>,
        depth: usize,
    ) -> Result<(), Stop> {
        let Text { mut cells, name, has_levels, step, changed } = text;
        let mut changed = changed.as_ref().map(|changed| changed.iter().peekable());
        let mut number = 0;
        // Where many cells of a batch speak of somebody, those of the next do: asking them all at
        // once first would be for nothing.
        let mut is_likely = false;
        loop {
            let (mut values, mut rows, mut bytes) = (Vec::new(), 0, 0);
            let (mut present, mut lists) = (Vec::new(), Vec::new());
            while rows < BATCH_CELLS && bytes < BATCH_BYTES {
                let known = values.len();
                let read =
                    cells.read_records(step, Some(&mut present), Some(&mut lists), &mut values);
                let (read, ..) = read?;
                if read == 0 {
                    break;
                }
                let more = values[known..].iter().map(ByteArray::len).sum();
                // What was looked at with others was counted there.
                self.parquet_repeat(read, if changed.is_some() { 0 } else { more })?;
                if more > ROW_BYTES_MAX {
                    return Err(Stop::not("parquet: row too large"));
                }
                (rows, bytes) = (rows + read, bytes + more);
            }
            if rows == 0 {
                return Ok(());
            }
            let mut count = 0;
            if let Some(changed) = &mut changed {
                for (value, at) in values.iter_mut().zip(number..) {
                    if let Some((_, anew)) = changed.next_if(|(number, _)| *number == at) {
                        *value = anew.to_vec().into();
                    }
                }
                number += values.len() as u64;
            } else if is_likely || self.sees_any(&values, &name) {
                for value in &mut values {
                    if let Some(anew) = self.table_cell(&name, value.data(), depth)? {
                        *value = anew.into();
                        count += 1;
                    }
                }
            }
            is_likely = count * LIKELY_SHARE > values.len();
            let present = has_levels.then_some(present.as_slice());
            let lists = (!lists.is_empty()).then_some(lists.as_slice());
            writer.write_batch(&values, present, lists)?;
        }
    }

    pub(super) fn parquet_repeat(&self, records: usize, bytes: usize) -> Result<(), Stop> {
        // A byte may stand for a thousand million rows of nothing.
        work::charge(records);
        let paced = self.meter.pace(self.limits);
        let counted = paced.and_then(|()| self.meter.repeat(bytes as u64, self.limits));
        counted.map_err(|refused| Stop::Read(refused.into()))
    }
}

/// A column that is copied as it is packed.
fn copied(told: &ColumnChunkMetaData, rows: u64) -> ColumnCloseResult {
    ColumnCloseResult {
        bytes_written: u64::try_from(told.compressed_size()).unwrap_or(0),
        rows_written: rows,
        metadata: told.clone(),
        bloom_filter: None,
        column_index: None,
        offset_index: None,
    }
}

/// A column of text.
struct Text {
    cells: ColumnReaderImpl<ByteArrayType>,
    name: String,
    /// Whether cells may be left out, or be lists.
    has_levels: bool,
    /// Rows that are read at a time.
    step: usize,
    /// What changes, if it was looked at with the columns beside it.
    changed: Option<Edits>,
}

/// As many rows as are no more than a batch, whatever is in them; but for lists.
fn step(pages: Checked) -> usize {
    let largest = usize::try_from(pages.largest).unwrap_or(usize::MAX);
    if pages.has_prefixes { 1 } else { (BATCH_BYTES / largest.max(1)).clamp(1, BATCH_CELLS) }
}

impl From<ParquetError> for Stop {
    fn from(error: ParquetError) -> Self {
        match error {
            ParquetError::NYI(_) => Self::not("parquet: compression not supported"),
            ParquetError::External(error) => match error.downcast::<io::Error>() {
                // Our own disk says so, and not a decoder of what it reads.
                Ok(error) if Failure::of_io("", &error).is_transient() => Self::Write(*error),
                _ => broken(),
            },
            _ => broken(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn a_step_is_no_more_than_a_batch() {
        for (largest, has_prefixes, expected) in [
            (24 << 20, false, 1),
            (1 << 20, false, 4),
            (0, false, BATCH_CELLS),
            (100, false, BATCH_CELLS),
            (100, true, 1),
        ] {
            assert_eq!(step(Checked { decoded: 0, largest, has_prefixes }), expected, "{largest}");
        }
    }

    #[test]
    fn a_full_disk_is_no_broken_table() {
        let of = |kind: ErrorKind| Stop::from(ParquetError::from(io::Error::from(kind)));
        for kind in [ErrorKind::StorageFull, ErrorKind::QuotaExceeded] {
            assert!(matches!(of(kind), Stop::Write(error) if error.kind() == kind), "{kind}");
        }
        assert!(matches!(of(ErrorKind::UnexpectedEof), Stop::Not(_)));
    }
}
