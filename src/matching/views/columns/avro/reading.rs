//! Container files looked into. Only what holds text is kept of a record.

use std::collections::HashMap;
use std::io::{self, Read};

use serde_json::Value;

use crate::matching::limits::ItemLimits;
use crate::matching::views::columns::avro::container::{
    BLOCK_BYTES_MAX, Block, Head, SCHEMA, broken, too_large, unpack,
};
use crate::matching::views::columns::avro::records::{Met, Schema};
use crate::matching::views::columns::cells::BATCH_CELLS;
use crate::matching::views::columns::cells::cell_text;
use crate::matching::views::columns::rows::{Row, Rows};
use crate::matching::views::containers::reason_of;
use crate::matching::views::meter::{Decoded, Meter, refusal};
use crate::matching::views::tour::{Look, Tour};

/// Cells of one record that are held at a time.
const CELLS_MAX: usize = BATCH_CELLS;

impl<L: Look> Tour<'_, L> {
    /// Looks into a container file.
    pub(in crate::matching::views) fn avro(
        &mut self,
        reader: &mut dyn Read,
        chain: &str,
    ) -> io::Result<()> {
        match self.avro_blocks(reader, chain) {
            Err(error) if self.meter.has_failed() || refusal(&error).is_some() => Err(error),
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                self.unreadable("avro: compression not supported", chain);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                self.unreadable("avro: block too large", chain);
                Ok(())
            }
            Err(error) => {
                self.unreadable(&reason_of(&error, "avro: broken"), chain);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    fn avro_blocks(&mut self, reader: &mut dyn Read, chain: &str) -> io::Result<()> {
        let view = format!("{chain}avro");
        let head = Head::read(reader)?;
        for (key, value) in &head.notes {
            self.cells([value.as_slice()].into_iter(), &view, key);
        }
        let schema = head.note(SCHEMA).ok_or_else(broken)?;
        let schema: Value = serde_json::from_slice(schema).map_err(|_| broken())?;
        let schema = Schema::new(&schema);
        let (mut rows, mut columns) = (Rows::new(&view, "", Vec::new()), Columns::default());
        while let Some(block) = Block::read(reader)? {
            let (meter, limits): (&Meter, &ItemLimits) = (self.meter, self.limits);
            let mut records = Vec::new();
            let unpacked = Decoded::new(unpack(head.codec(), &block.packed)?, meter, limits);
            unpacked.take(BLOCK_BYTES_MAX + 1).read_to_end(&mut records)?;
            if records.len() as u64 > BLOCK_BYTES_MAX {
                return Err(too_large());
            }
            let (mut row, mut begun) = (Row::new(), Vec::new());
            let pace = || meter.pace(limits);
            schema.records(&records, block.count, &pace, &mut |met| match met {
                Met::Cell(cell) if cell.bytes.len() > row.room() => {
                    self.cells([cell.bytes].into_iter(), &view, cell.column);
                }
                Met::Cell(cell) => {
                    row.push((columns.number(cell.column), cell_text(cell.bytes)));
                    if row.len() == CELLS_MAX {
                        self.avro_row(&mut rows, &columns, std::mem::take(&mut row));
                        begun.fill(0);
                    }
                }
                Met::Sized { .. } => {}
                Met::Begin => begun.push(row.len()),
                // Of one person and another nothing is said together, but what stands above both
                // is said of each.
                Met::Part => {
                    let part = row.split_off(begun.pop().unwrap_or_default());
                    if part.len() < 2 {
                        row.extend(part.iter().cloned());
                    } else {
                        let above = row.iter().filter(|_| part.room() > 0).take(ABOVE_MAX);
                        let together = above.chain(part.iter()).cloned().collect();
                        self.avro_row(&mut rows, &columns, together);
                    }
                }
                Met::End => self.avro_row(&mut rows, &columns, std::mem::take(&mut row)),
            })?;
        }
        self.rows(&mut rows);
        Ok(())
    }

    fn avro_row(&mut self, rows: &mut Rows, columns: &Columns, row: Row) {
        rows.name(&columns.names);
        if !row.is_empty() && rows.add(row) {
            self.rows(rows);
        }
    }
}

/// Cells above a list that are told with each of its things.
const ABOVE_MAX: usize = 16;

/// Columns that are told apart wherever they lie.
const NAMES_MAX: usize = 1 << 14;

/// Columns, as they were met.
#[derive(Default)]
pub struct Columns {
    of: HashMap<String, usize>,
    /// What they are called.
    pub names: Vec<String>,
}

impl Columns {
    /// The number of a column.
    pub fn number(&mut self, column: &str) -> usize {
        // Keys of maps may be any number.
        let is_full = self.names.len() > NAMES_MAX && !self.of.contains_key(column);
        let above = column.split_once('.').filter(|_| is_full);
        let column = above.map_or(column, |(above, _)| above);
        if let Some(number) = self.of.get(column) {
            return *number;
        }
        self.of.insert(column.to_owned(), self.names.len());
        self.names.push(column.to_owned());
        self.names.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::views::columns::avro::container::write_bytes;
    use crate::matching::views::columns::tests::Texts;

    #[test]
    fn a_long_cell_is_looked_at_by_itself() {
        let schema = r#"{"type": "record", "name": "r", "fields":
            [{"name": "user", "type": "string"}, {"name": "text", "type": "string"}]}"#;
        let mut records = Vec::new();
        let long = "x".repeat(3 << 20);
        write_bytes(b"mosei", &mut records);
        write_bytes(format!("{long} mira {long}").as_bytes(), &mut records);
        let mut bytes = b"Obj\x01\x02".to_vec();
        write_bytes(b"avro.schema", &mut bytes);
        write_bytes(schema.as_bytes(), &mut bytes);
        bytes.push(0);
        bytes.extend([7; 16]);
        bytes.push(2);
        write_bytes(&records, &mut bytes);
        bytes.extend([7; 16]);
        let limits = ItemLimits { decoded_ratio_max: u64::MAX, ..ItemLimits::default() };
        let (meter, mut texts) = (Meter::default(), Texts::default());
        let mut tour = Tour::new(&mut texts, &limits, &meter);
        tour.avro(&mut bytes.as_slice(), "").unwrap();
        assert!(tour.unreadable.is_empty(), "{:?}", tour.unreadable);
        assert!(texts.0.contains("user: mosei\n") && texts.0.contains(" mira "));
        assert!(!texts.0.contains(&long));
    }
}
