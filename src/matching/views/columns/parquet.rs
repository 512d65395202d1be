//! Parquet files: every column of byte arrays, and the notes in the footer.
//!
//! The footer stands at the end, so the file goes through a spool first.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek};

use parquet::basic::Type;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};

use crate::matching::keys::parts::{Part, part_of};
use crate::matching::views::columns::cells::BATCH_CELLS;
use crate::matching::views::columns::pages::{self, Checked, Defect};
use crate::matching::views::meter::{Exceeded, Spooling};
use crate::matching::views::packing::zip::copy;
use crate::matching::views::tour::{Look, Tour};
use crate::matching::work;

impl<L: Look> Tour<'_, L> {
    /// Looks into a file.
    pub(in crate::matching::views) fn parquet(
        &mut self,
        reader: &mut dyn Read,
        chain: &str,
    ) -> io::Result<()> {
        let mut spool = self.meter.own(tempfile::tempfile())?;
        copy(reader, &mut Spooling::new(&mut spool, self.meter))?;
        self.meter.own(spool.rewind())?;
        if let Err(defect) = pages::check_footer(&mut spool) {
            self.unreadable(told(&defect), chain);
            return Ok(());
        }
        self.meter.own(spool.rewind())?;
        match self.row_groups(spool, chain) {
            Err(ParquetError::NYI(_)) => {
                self.unreadable("parquet: compression not supported", chain)
            }
            Err(ParquetError::External(error)) => {
                let refused = error.downcast_ref::<Exceeded>();
                self.unreadable(refused.map_or("parquet: broken", |refused| refused.0), chain);
            }
            Err(_) => self.unreadable("parquet: broken", chain),
            Ok(()) => {}
        }
        Ok(())
    }

    fn row_groups(&mut self, file: File, chain: &str) -> Result<(), ParquetError> {
        let view = format!("{chain}parquet");
        let mut pages_of = file.try_clone()?;
        let file = SerializedFileReader::new(file)?;
        let notes = file.metadata().file_metadata().key_value_metadata();
        for note in notes.into_iter().flatten() {
            let value = note.value.as_deref().unwrap_or_default();
            self.cells([value.as_bytes()].into_iter(), &view, &note.key);
        }
        for group in 0..file.num_row_groups() {
            let group = file.get_row_group(group)?;
            let mut all_checked: Vec<Option<Checked>> = vec![None; group.num_columns()];
            for (column, checked) in all_checked.iter_mut().enumerate() {
                let stated = group.metadata().column(column);
                let path = stated.column_path().string();
                self.cells([path.as_bytes()].into_iter(), &view, &path);
                let is_text =
                    matches!(stated.column_type(), Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY);
                if !is_text {
                    continue;
                }
                // Pages are decoded whole, so a bomb must end before.
                let pages = match pages::check(&mut pages_of, stated) {
                    Ok(pages) => pages,
                    Err(defect) => {
                        self.unreadable(told(&defect), chain);
                        continue;
                    }
                };
                *checked = Some(pages);
                self.meter.charge(pages.decoded, self.limits).map_err(external)?;
                let reader = group.get_column_reader(column)?;
                self.column(reader, records_of(pages), &view, &path)?;
            }
            self.names(&*group, &all_checked, &view)?;
            self.people_of_rows(&*group, &all_checked, &view)?;
        }
        Ok(())
    }

    /// The two parts of names, where each has a column of its own, row by row, and entries of maps
    /// as keys with values.
    fn names(
        &mut self,
        group: &dyn RowGroupReader,
        checked: &[Option<Checked>],
        view: &str,
    ) -> Result<(), ParquetError> {
        for Pair { columns: [one, other], is_entry } in pairs(group, checked) {
            let path = |column: usize| group.metadata().column(column).column_path().string();
            let (key, other_key) = (path(one), path(other));
            // Both are read in the same steps, or what is repeated would not stand side by side.
            let one_by_one = |pages: Checked| pages.has_prefixes;
            let has_prefixes = [one, other].iter().any(|at| checked[*at].is_some_and(one_by_one));
            let column = |at: usize| {
                let pages = checked[at].map(|pages| Checked { has_prefixes, ..pages });
                Sparse::of(group, at, pages)
            };
            let mut columns = [column(one)?, column(other)?];
            loop {
                let [first, second] = &mut columns;
                let (cells, others) = (first.cells()?, second.cells()?);
                if cells.is_empty() || others.is_empty() {
                    break;
                }
                self.repeat(cells.len(), cells.iter().chain(&others).map(Vec::len))?;
                let row = |(mut cell, other): (Vec<u8>, Vec<u8>)| {
                    match is_entry {
                        true => cell.extend_from_slice(b": "),
                        false => cell.extend_from_slice(format!("\n{other_key}: ").as_bytes()),
                    }
                    cell.extend(other);
                    cell
                };
                let rows: Vec<Vec<u8>> = cells.into_iter().zip(others).map(row).collect();
                self.cells(rows.iter().map(Vec::as_slice), view, &key);
            }
        }
        Ok(())
    }

    pub(super) fn repeat(
        &self,
        records: usize,
        lens: impl Iterator<Item = usize>,
    ) -> Result<(), ParquetError> {
        // A byte may stand for a thousand million rows of nothing.
        work::charge(records);
        self.meter.pace(self.limits).map_err(external)?;
        self.meter.repeat(lens.sum::<usize>() as u64, self.limits).map_err(external)
    }

    fn column(
        &mut self,
        reader: ColumnReader,
        records_max: usize,
        view: &str,
        path: &str,
    ) -> Result<(), ParquetError> {
        match reader {
            ColumnReader::ByteArrayColumnReader(mut reader) => loop {
                let mut values: Vec<ByteArray> = Vec::new();
                let (records, ..) = reader.read_records(
                    records_max,
                    Some(&mut Vec::new()),
                    Some(&mut Vec::new()),
                    &mut values,
                )?;
                self.repeat(records, values.iter().map(ByteArray::len))?;
                self.cells(values.iter().map(ByteArray::data), view, path);
                if records == 0 {
                    return Ok(());
                }
            },
            ColumnReader::FixedLenByteArrayColumnReader(mut reader) => loop {
                let mut values = Vec::new();
                let (records, ..) = reader.read_records(
                    records_max,
                    Some(&mut Vec::new()),
                    Some(&mut Vec::new()),
                    &mut values,
                )?;
                self.repeat(records, values.iter().map(|value| value.len()))?;
                self.cells(values.iter().map(|value| value.data()), view, path);
                if records == 0 {
                    return Ok(());
                }
            },
            _ => Ok(()),
        }
    }
}

/// Two columns of which each cell belongs to one of the other.
struct Pair {
    columns: [usize; 2],
    /// Whether one has keys and the other their values.
    is_entry: bool,
}

/// Cells of columns with any number of them in a row that are put together.
const REPEATED_MAX: i64 = 1 << 20;

/// The parts of names, and keys with values, of what lies side by side.
fn pairs(group: &dyn RowGroupReader, checked: &[Option<Checked>]) -> Vec<Pair> {
    // By what they lie in, if there may be any number of them in a row.
    let mut lying: BTreeMap<String, Vec<(usize, String)>> = BTreeMap::new();
    for (column, pages) in checked.iter().enumerate() {
        let stated = group.metadata().column(column);
        let path = stated.column_path().string();
        if stated.column_type() != Type::BYTE_ARRAY || pages.is_none() {
            continue;
        }
        let (above, name) = path.rsplit_once('.').unwrap_or(("", &path));
        match stated.column_descr().max_rep_level() {
            0 => lying.entry(String::new()).or_default().push((column, path)),
            _ if stated.num_values() > REPEATED_MAX => {}
            _ => lying.entry(format!("{above}.")).or_default().push((column, name.to_owned())),
        }
    }
    let mut pairs = Vec::new();
    for (above, columns) in lying {
        let of = |name: &str| Some(columns.iter().find(|(_, own)| own == name)?.0);
        let entry = if above.is_empty() { None } else { of("key").zip(of("value")) };
        let column_of = |part: Part| {
            let is_it = |name: &String| part_of(&name.to_lowercase()) == Some(part);
            Some(columns.iter().find(|(_, name)| is_it(name))?.0)
        };
        let (given, family) = (column_of(Part::Given), column_of(Part::Family));
        let either = || column_of(Part::Either);
        let named = given.zip(family).or_else(|| Some((given.or(family)?, either()?)));
        for (pair, is_entry) in [(entry, true), (named, false)] {
            pairs.extend(pair.map(|(one, other)| Pair { columns: [one, other], is_entry }));
        }
    }
    pairs
}

/// Records that are read together.
fn records_of(pages: Checked) -> usize {
    if pages.has_prefixes { 1 } else { BATCH_CELLS }
}

/// Bytes of a part of a name.
const NAME_BYTES_MAX: usize = 1 << 10;

/// A column of text in which cells may be left out.
pub(super) struct Sparse {
    reader: Option<ColumnReaderImpl<ByteArrayType>>,
    present: i16,
    /// Records that are read together.
    records_max: usize,
}

impl Sparse {
    pub(super) fn of(
        group: &dyn RowGroupReader,
        column: usize,
        pages: Option<Checked>,
    ) -> Result<Self, ParquetError> {
        let present = group.metadata().column(column).column_descr().max_def_level();
        let reader = match group.get_column_reader(column)? {
            ColumnReader::ByteArrayColumnReader(reader) => Some(reader),
            _ => None,
        };
        Ok(Self { reader, present, records_max: pages.map_or(1, records_of) })
    }

    /// The next cells, as many as are looked at together; empty where one was left out.
    pub(super) fn cells(&mut self) -> Result<Vec<Vec<u8>>, ParquetError> {
        let mut all = Vec::new();
        while all.len() < BATCH_CELLS {
            let more = self.some(self.records_max.min(BATCH_CELLS - all.len()))?;
            if more.is_empty() {
                break;
            }
            all.extend(more);
        }
        Ok(all)
    }

    fn some(&mut self, records_max: usize) -> Result<Vec<Vec<u8>>, ParquetError> {
        let Some(reader) = &mut self.reader else { return Ok(Vec::new()) };
        let (mut levels, mut values) = (Vec::new(), Vec::new());
        let (records, ..) = reader.read_records(
            records_max,
            Some(&mut levels),
            Some(&mut Vec::new()),
            &mut values,
        )?;
        work::charge(values.iter().map(ByteArray::len).sum());
        let mut values = values.iter();
        // What is longer is no part of a name; a dictionary may give it for each row.
        let name = |value: &ByteArray| match value.len() {
            0..=NAME_BYTES_MAX => value.data().to_vec(),
            _ => Vec::new(),
        };
        let mut next = || values.next().map(name).unwrap_or_default();
        // Where none may be left out there are no levels.
        let is_there = |row: usize| levels.get(row).is_none_or(|level| *level == self.present);
        let count = records.max(levels.len());
        Ok((0..count).map(|row| if is_there(row) { next() } else { Vec::new() }).collect())
    }
}

fn told(defect: &Defect) -> &'static str {
    match defect {
        Defect::Over(reason) => reason,
        Defect::Broken => "parquet: broken",
    }
}

fn external(refused: Exceeded) -> ParquetError {
    ParquetError::External(Box::new(refused))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parquet::basic::Encoding;
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use super::*;
    use crate::matching::limits::ItemLimits;
    use crate::matching::views::columns::tests::Texts;
    use crate::matching::views::meter::Meter;

    #[test]
    fn parts_of_names_are_read_together_in_whatever_encoding() {
        let schema = "message m { REQUIRED BYTE_ARRAY first; OPTIONAL BYTE_ARRAY last; }";
        let (plain, prefixes) = (Encoding::PLAIN, Encoding::DELTA_BYTE_ARRAY);
        for encodings in [[plain, plain], [prefixes, plain], [plain, prefixes], [prefixes; 2]] {
            let mut properties = WriterProperties::builder().set_dictionary_enabled(false);
            for (column, encoding) in ["first", "last"].into_iter().zip(encodings) {
                properties = properties.set_column_encoding(column.into(), encoding);
            }
            let schema = Arc::new(parse_message_type(schema).unwrap());
            let mut bytes = Vec::new();
            let mut writer =
                SerializedFileWriter::new(&mut bytes, schema, Arc::new(properties.build()))
                    .unwrap();
            let mut group = writer.next_row_group().unwrap();
            let names = |of: fn(usize) -> String| (0..2 * BATCH_CELLS).map(of);
            let value = |name: String| ByteArray::from(name.into_bytes());
            let firsts: Vec<_> = names(|row| format!("First{row}")).map(value).collect();
            let lasts: Vec<_> = names(|row| format!("Last{row}")).skip(1).map(value).collect();
            let mut levels = vec![1; firsts.len()];
            levels[0] = 0;
            for (values, levels) in [(firsts, None), (lasts, Some(levels.as_slice()))] {
                let mut column = group.next_column().unwrap().unwrap();
                column.typed::<ByteArrayType>().write_batch(&values, levels, None).unwrap();
                column.close().unwrap();
            }
            group.close().unwrap();
            writer.close().unwrap();
            let (limits, meter, mut texts) =
                (ItemLimits::default(), Meter::default(), Texts::default());
            Tour::new(&mut texts, &limits, &meter).parquet(&mut bytes.as_slice(), "").unwrap();
            for row in [1, BATCH_CELLS, 2 * BATCH_CELLS - 1] {
                let row = format!("first: First{row}\nlast: Last{row}");
                assert!(texts.0.contains(&row), "{encodings:?} {row}");
            }
        }
    }
}
