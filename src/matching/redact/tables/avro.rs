//! Container files of Avro: the values of records, and what notes say.
//!
//! Blocks stay the blocks that they were, packed as they were; one in which nobody is met is
//! copied. What the schema calls something is not changed: others know it by that name.

use std::collections::{HashMap, HashSet};
use std::io::{self, Read, Write};
use std::ops::Range;

use serde_json::Value;

use crate::matching::put::Put;
use crate::matching::redact::packing::zipped::Names;
use crate::matching::redact::refusal::Stop;
use crate::matching::redact::rewriting::Rewriting;
use crate::matching::redact::tables::rows::{BATCH_BYTES, Cell, fitted, unfilled};
use crate::matching::views::columns::avro::container::{
    BLOCK_BYTES_MAX, Block, CODEC, Head, MAGIC, SCHEMA, pack, unpack, write_bytes, write_long,
};
use crate::matching::views::columns::avro::reading::Columns;
use crate::matching::views::columns::avro::records::{Kind, Met, Schema};
use crate::matching::views::meter::Decoded;
use crate::matching::views::tour::Look;

/// Texts of one record; what has more is no row of a table.
const CELLS_MAX: usize = 1 << 16;

/// What a cell takes beside its bytes.
const CELL_BYTES: usize = 128;

/// What a schema says that tells how values are written and what they are called.
const SHAPING: [&str; 14] = [
    "type",
    "name",
    "namespace",
    "aliases",
    "fields",
    "items",
    "values",
    "symbols",
    "size",
    "default",
    "order",
    "logicalType",
    "precision",
    "scale",
];

/// What of it is a schema again.
const NESTING: [&str; 4] = ["type", "fields", "items", "values"];

/// What is written otherwise in a record with a changed cell.
enum Mark {
    /// A cell, if it changed.
    Cell { place: Range<usize>, kind: Kind, is_logical: bool },
    /// How many items follow: their size is left out.
    Sized { place: Range<usize>, count: u64 },
}

/// A record whose cells are looked at.
#[derive(Default)]
struct Record {
    cells: Vec<Cell>,
    /// In the order in which they stand.
    marks: Vec<Mark>,
}

/// A block that is written anew.
struct Anew<'a> {
    records: &'a [u8],
    written: Vec<u8>,
    /// How far of the records it went.
    at: usize,
}

impl<L: Look<What = Put>> Rewriting<'_, L> {
    /// Rewrites a container file.
    pub(in crate::matching::redact) fn avro(
        &mut self,
        reader: &mut dyn Read,
        out: &mut dyn Write,
        depth: usize,
    ) -> Result<(), Stop> {
        let rewritten = self.avro_container(reader, out, depth);
        rewritten.map_err(|stop| match stop {
            Stop::Read(error) if error.kind() == io::ErrorKind::Unsupported => {
                Stop::not("avro: compression not supported")
            }
            other => other.of_decoder("avro: broken", self.meter),
        })
    }

    fn avro_container(
        &mut self,
        reader: &mut dyn Read,
        out: &mut dyn Write,
        depth: usize,
    ) -> Result<(), Stop> {
        let head = Head::read(reader).map_err(Stop::Read)?;
        let schema = head.note(SCHEMA).ok_or_else(broken)?;
        let schema: Value = serde_json::from_slice(schema).map_err(|_| broken())?;
        let schema = Schema::new(&schema);
        let mut start = MAGIC.to_vec();
        write_long(head.notes.len() as i64, &mut start);
        for (key, note) in &head.notes {
            let anew = self.avro_note(key, note, depth)?;
            write_bytes(key.as_bytes(), &mut start);
            write_bytes(anew.as_ref().unwrap_or(note), &mut start);
        }
        if !head.notes.is_empty() {
            write_long(0, &mut start);
        }
        out.write_all(&start).map_err(Stop::Write)?;
        out.write_all(&head.sync).map_err(Stop::Write)?;
        let mut columns = Columns::default();
        while let Some(block) = Block::read(reader).map_err(Stop::Read)? {
            let unpacked = unpack(head.codec(), &block.packed).map_err(Stop::Read)?;
            let unpacked = Decoded::new(unpacked, self.meter, self.limits);
            let mut records = Vec::new();
            let read = unpacked.take(BLOCK_BYTES_MAX + 1).read_to_end(&mut records);
            if read.map_err(Stop::Read)? as u64 > BLOCK_BYTES_MAX {
                return Err(Stop::not("avro: block too large"));
            }
            let anew = self.avro_block(&schema, &mut columns, &records, block.count, depth)?;
            let packed = match anew {
                Some(records) => pack(head.codec(), &records).map_err(Stop::Read)?,
                None => block.packed,
            };
            let mut written = Vec::new();
            write_long(block.count as i64, &mut written);
            write_bytes(&packed, &mut written);
            written.extend(head.sync);
            out.write_all(&written).map_err(Stop::Write)?;
        }
        Ok(())
    }

    fn avro_note(&mut self, key: &str, note: &[u8], depth: usize) -> Result<Option<Vec<u8>>, Stop> {
        if self.sees(key) {
            return Err(Stop::not("avro: key of a note"));
        }
        let anew = if key == CODEC { None } else { self.table_cell(key, note, depth)? };
        let shape = |text: &[u8]| serde_json::from_slice(text).ok().map(|schema| shape(&schema));
        if key == SCHEMA && anew.as_ref().is_some_and(|anew| shape(anew) != shape(note)) {
            return Err(Stop::not("avro: name in the schema"));
        }
        Ok(anew)
    }

    /// The records of a block as they are from now on; `None` if that is the same.
    fn avro_block(
        &mut self,
        schema: &Schema<'_>,
        columns: &mut Columns,
        records: &[u8],
        count: u64,
        depth: usize,
    ) -> Result<Option<Vec<u8>>, Stop> {
        let (meter, limits) = (self.meter, self.limits);
        let pace = || meter.pace(limits);
        let mut anew = Anew { records, written: Vec::new(), at: 0 };
        let (mut held, mut record, mut bytes) = (Vec::new(), Record::default(), 0);
        let (mut cells, mut done) = (0usize, Ok(()));
        let read = schema.records(records, count, &pace, &mut |met| match met {
            _ if done.is_err() => {}
            Met::Cell(_) if record.cells.len() >= CELLS_MAX => {
                done = Err(Stop::not("avro: record too large"));
            }
            Met::Cell(cell) => {
                let column = columns.number(cell.column);
                bytes += cell.bytes.len() + CELL_BYTES;
                cells += 1;
                let is_fixed = cell.kind == Kind::Fixed;
                let stored = if is_fixed { unfilled(cell.bytes) } else { cell.bytes };
                record.cells.push(Cell::new(column, stored.to_vec()));
                let (place, kind, is_logical) = (cell.place, cell.kind, cell.is_logical);
                record.marks.push(Mark::Cell { place, kind, is_logical });
            }
            Met::Begin | Met::Part => {}
            Met::Sized { place, count } => record.marks.push(Mark::Sized { place, count }),
            Met::End => {
                held.push(std::mem::take(&mut record));
                if bytes > BATCH_BYTES {
                    bytes = 0;
                    let names = &columns.names;
                    done = self.avro_records(names, std::mem::take(&mut held), &mut anew, depth);
                }
            }
        });
        done?;
        if read.map_err(Stop::Read)? != records.len() {
            return Err(broken());
        }
        self.avro_records(&columns.names, held, &mut anew, depth)?;
        if anew.at == 0 {
            return Ok(None);
        }
        anew.written.extend_from_slice(&records[anew.at..]);
        let mut again = 0;
        let read = schema.records(&anew.written, count, &pace, &mut |met| {
            again += usize::from(matches!(met, Met::Cell(_)));
        });
        let is_whole = read.map_err(Stop::Read)? == anew.written.len() && again == cells;
        if is_whole { Ok(Some(anew.written)) } else { Err(broken()) }
    }

    fn avro_records(
        &mut self,
        columns: &[String],
        records: Vec<Record>,
        anew: &mut Anew<'_>,
        depth: usize,
    ) -> Result<(), Stop> {
        let (mut cells, marks): (Vec<_>, Vec<_>) =
            records.into_iter().map(|record| (record.cells, record.marks)).unzip();
        self.rows(columns, &mut cells, depth)?;
        for (mut cells, marks) in cells.into_iter().zip(marks) {
            if cells.iter().all(|cell| cell.anew.is_none()) {
                continue;
            }
            keep_apart(&mut cells, &marks)?;
            let mut cells = cells.into_iter();
            for mark in marks {
                anew.mark(mark, &mut cells)?;
            }
        }
        Ok(())
    }
}

impl Anew<'_> {
    fn mark(&mut self, mark: Mark, cells: &mut dyn Iterator<Item = Cell>) -> Result<(), Stop> {
        let mut written = Vec::new();
        let place = match mark {
            Mark::Sized { place, count } => {
                write_long(count as i64, &mut written);
                place
            }
            Mark::Cell { place, kind, is_logical } => {
                let Some(anew) = cells.next().and_then(|cell| cell.anew) else { return Ok(()) };
                if is_logical {
                    return Err(Stop::not("avro: value with a type of its own"));
                }
                match kind {
                    Kind::Fixed => written = fitted(anew, place.len()).ok_or_else(no_room)?,
                    _ => write_bytes(&anew, &mut written),
                }
                place
            }
        };
        self.written.extend_from_slice(&self.records[self.at..place.start]);
        self.written.append(&mut written);
        self.at = place.end;
        Ok(())
    }
}

/// Numbers the keys of a map that would have become one.
fn keep_apart(cells: &mut [Cell], marks: &[Mark]) -> Result<(), Stop> {
    let map = |mark: &Mark| match mark {
        Mark::Cell { kind: Kind::Key(map), .. } => Some(Some(*map)),
        Mark::Cell { .. } => Some(None),
        Mark::Sized { .. } => None,
    };
    let keys: Vec<(usize, &mut Cell)> = marks
        .iter()
        .filter_map(map)
        .zip(cells)
        .filter_map(|(map, cell)| Some((map?, cell)))
        .collect();
    let changed: HashSet<usize> =
        keys.iter().filter(|(_, cell)| cell.anew.is_some()).map(|(map, _)| *map).collect();
    let mut names: HashMap<usize, Names> = HashMap::new();
    // Those that stay are there first.
    let (stay, change): (Vec<_>, Vec<_>) = keys
        .into_iter()
        .filter(|(map, _)| changed.contains(map))
        .partition(|(_, cell)| cell.anew.is_none());
    for (map, cell) in stay.into_iter().chain(change) {
        let label = cell.anew.as_deref().unwrap_or(&cell.stored);
        let anew = names.entry(map).or_default().renamed(&cell.stored, label);
        let anew = anew.ok_or_else(|| Stop::not("avro: keys of one name"))?;
        cell.anew = Some(anew).filter(|anew| *anew != cell.stored);
    }
    Ok(())
}

/// What a schema says that must stay.
fn shape(schema: &Value) -> Value {
    match schema {
        Value::Array(branches) => branches.iter().map(shape).collect(),
        Value::Object(object) => {
            let said = object.iter().filter(|(key, _)| SHAPING.contains(&key.as_str()));
            let each = |(key, value): (&String, &Value)| {
                let is_schema = NESTING.contains(&key.as_str());
                (key.clone(), if is_schema { shape(value) } else { value.clone() })
            };
            Value::Object(said.map(each).collect())
        }
        other => other.clone(),
    }
}

fn no_room() -> Stop {
    Stop::not("avro: no room")
}

fn broken() -> Stop {
    Stop::not("avro: broken")
}
