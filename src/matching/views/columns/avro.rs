//! Avro object container files (specification 1.11): strings, bytes, enums and map keys.
//!
//! A file says in its head how its records are made up; blocks of records follow, each packed by
//! itself. Only what holds text is kept of a record; the rest is stepped over.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read};

use liblzma::stream::Stream;
use serde_json::Value;

use crate::matching::limits::ItemLimits;
use crate::matching::views::columns::cells::BATCH_CELLS;
use crate::matching::views::columns::rows::{Row, Rows};
use crate::matching::views::containers::reason_of;
use crate::matching::views::meter::{Decoded, Exceeded, Meter, refusal};
use crate::matching::views::packing::signs::{XZ_BYTES_MAX, ZSTD_WINDOW_LOG_MAX};
use crate::matching::views::spelling::charset::utf8_or_western;
use crate::matching::views::tour::{Look, Tour};
use crate::matching::work;

/// Bytes of one block, packed or not; writers make blocks of some kilobytes.
const BLOCK_BYTES_MAX: u64 = 32 << 20;

/// Bytes of what stands before the first block; the schema is the most of it.
const HEAD_BYTES_MAX: u64 = 4 << 20;

/// Nesting of types that is followed: a list of a list of … is no table.
const NESTING_MAX: usize = 64;

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
        let mut magic = [0; 4];
        reader.read_exact(&mut magic)?;
        let head = read_head(&mut reader.take(HEAD_BYTES_MAX))?;
        for (key, value) in &head {
            self.cells([value.as_slice()].into_iter(), &view, key);
        }
        let schema = head.get("avro.schema").ok_or_else(broken)?;
        let schema: Value = serde_json::from_slice(schema).map_err(|_| broken())?;
        let mut named = HashMap::new();
        collect_named(&schema, &mut named);
        let (mut rows, mut numbers) = (Rows::new(&view, "", Vec::new()), Numbers::default());
        let mut sync = [0; 16];
        reader.read_exact(&mut sync)?;
        let codec = head.get("avro.codec").map_or(b"null".as_slice(), Vec::as_slice);
        while let Some(count) = read_first_long(reader)? {
            let block = read_bytes(reader)?;
            reader.read_exact(&mut sync)?;
            let (meter, limits): (&Meter, &ItemLimits) = (self.meter, self.limits);
            let mut records = Vec::new();
            let unpacked = Decoded::new(unpack(codec, &block)?, meter, limits);
            unpacked.take(BLOCK_BYTES_MAX + 1).read_to_end(&mut records)?;
            if records.len() as u64 > BLOCK_BYTES_MAX {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            let mut columns = Columns {
                named: &named,
                numbers: &mut numbers,
                row: Row::new(),
                pace: &|| meter.pace(limits),
                flush: &mut |held, names| match held {
                    Held::Row(row) => {
                        rows.name(names);
                        if rows.add(row) {
                            self.rows(&mut rows);
                        }
                    }
                    Held::Cell(column, cell) => self.cells([cell].into_iter(), &view, column),
                },
            };
            columns.records(&schema, records.as_slice(), count.unsigned_abs())?;
        }
        self.rows(&mut rows);
        Ok(())
    }
}

fn read_head(reader: &mut dyn Read) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut head = BTreeMap::new();
    loop {
        let count = read_long(reader)?;
        if count == 0 {
            return Ok(head);
        }
        if count < 0 {
            read_long(reader)?; // the size of the part in bytes, for those who skip it
        }
        // Ends: each takes two bytes of the head at least.
        for _ in 0..count.unsigned_abs() {
            let key = String::from_utf8_lossy(&read_bytes(reader)?).into_owned();
            head.insert(key, read_bytes(reader)?);
        }
    }
}

fn unpack<'b>(codec: &[u8], block: &'b [u8]) -> io::Result<Box<dyn Read + 'b>> {
    Ok(match codec {
        b"null" => Box::new(block),
        b"deflate" => Box::new(flate2::read::DeflateDecoder::new(block)),
        b"bzip2" => Box::new(bzip2::read::MultiBzDecoder::new(block)),
        b"xz" => {
            let stream = Stream::new_stream_decoder(XZ_BYTES_MAX, 0)?;
            Box::new(liblzma::bufread::XzDecoder::new_stream(block, stream))
        }
        b"zstandard" => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(block)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
            Box::new(decoder)
        }
        b"snappy" => {
            // Four bytes of checksum follow each block.
            let packed = block.len().checked_sub(4).map(|len| &block[..len]).ok_or_else(broken)?;
            // The length is stated, and made room for, before anything is unpacked.
            let stated = snap::raw::decompress_len(packed).map_err(|_| broken())?;
            if stated as u64 > BLOCK_BYTES_MAX {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            let bytes = snap::raw::Decoder::new().decompress_vec(packed).map_err(|_| broken())?;
            Box::new(io::Cursor::new(bytes))
        }
        _ => return Err(io::ErrorKind::Unsupported.into()),
    })
}

/// Named types by their name, with and without their namespace.
fn collect_named<'s>(schema: &'s Value, named: &mut HashMap<&'s str, &'s Value>) {
    match schema {
        Value::Array(branches) => branches.iter().for_each(|branch| collect_named(branch, named)),
        Value::Object(object) => {
            let kind = object.get("type").and_then(Value::as_str);
            if matches!(kind, Some("record" | "enum" | "fixed" | "error"))
                && let Some(name) = object.get("name").and_then(Value::as_str)
            {
                named.insert(name.rsplit('.').next().unwrap_or(name), schema);
            }
            for inner in ["type", "items", "values", "fields"] {
                if let Some(inner) = object.get(inner) {
                    collect_named(inner, named);
                }
            }
        }
        _ => {}
    }
}

/// What stepping over a value counts as.
const STEP_BYTES: usize = 16;

/// Cells of one record that are held at a time.
const CELLS_MAX: usize = BATCH_CELLS;

/// Columns, as they were met.
#[derive(Default)]
struct Numbers {
    of: HashMap<String, usize>,
    names: Vec<String>,
}

impl Numbers {
    fn of(&mut self, column: &str) -> usize {
        if let Some(number) = self.of.get(column) {
            return *number;
        }
        self.of.insert(column.to_owned(), self.names.len());
        self.names.push(column.to_owned());
        self.names.len() - 1
    }
}

/// The strings of records, by column.
struct Columns<'a, 'f> {
    named: &'a HashMap<&'a str, &'a Value>,
    numbers: &'f mut Numbers,
    /// Those of the record that is read.
    row: Row,
    pace: &'f dyn Fn() -> Result<(), Exceeded>,
    flush: &'f mut dyn FnMut(Held<'_>, &[String]),
}

/// What is handed on.
enum Held<'h> {
    Row(Row),
    /// A cell for which no row has room, with its column.
    Cell(&'h str, &'h [u8]),
}

impl<'a> Columns<'a, '_> {
    /// Steps over so many records.
    fn records(&mut self, schema: &Value, mut rest: &'a [u8], count: u64) -> io::Result<()> {
        for _ in 0..count {
            let before = rest.len();
            self.value(schema, "", &mut rest, 0)?;
            self.empty();
            if rest.len() == before {
                break; // records without bytes, of which a file may claim any number
            }
        }
        Ok(())
    }

    /// Hands on what is held.
    fn empty(&mut self) {
        let row = std::mem::take(&mut self.row);
        if !row.is_empty() {
            (self.flush)(Held::Row(row), &self.numbers.names);
        }
    }

    fn keep(&mut self, column: &str, cell: &'a [u8]) {
        if cell.len() > self.row.room() {
            return (self.flush)(Held::Cell(column, cell), &self.numbers.names);
        }
        self.row.push((self.numbers.of(column), utf8_or_western(cell)));
        if self.row.len() == CELLS_MAX {
            self.empty();
        }
    }

    /// Steps over one value of this type and keeps its strings.
    fn value(
        &mut self,
        schema: &Value,
        column: &str,
        rest: &mut &'a [u8],
        nesting: usize,
    ) -> io::Result<()> {
        // A schema may say that a byte is a thousand values, or no byte a million.
        work::charge(STEP_BYTES + column.len());
        (self.pace)()?;
        if nesting > NESTING_MAX {
            return Err(broken());
        }
        match schema {
            Value::String(name) => self.simple(name, column, rest, nesting),
            Value::Array(branches) => {
                let branch = usize::try_from(long(rest)?).map_err(|_| broken())?;
                self.value(branches.get(branch).ok_or_else(broken)?, column, rest, nesting + 1)
            }
            Value::Object(object) => match object.get("type") {
                Some(Value::String(kind)) => self.complex(kind, schema, column, rest, nesting),
                Some(inner) => self.value(inner, column, rest, nesting + 1),
                None => Err(broken()),
            },
            _ => Err(broken()),
        }
    }

    fn simple(
        &mut self,
        name: &str,
        column: &str,
        rest: &mut &'a [u8],
        nesting: usize,
    ) -> io::Result<()> {
        match name {
            "null" => Ok(()),
            "boolean" => take(rest, 1).map(drop),
            "int" | "long" => long(rest).map(drop),
            "float" => take(rest, 4).map(drop),
            "double" => take(rest, 8).map(drop),
            "bytes" | "string" => {
                let len = long(rest)?;
                let cell = take(rest, len)?;
                self.keep(column, cell);
                Ok(())
            }
            _ => {
                let known = self.named.get(name.rsplit('.').next().unwrap_or(name));
                let schema = *known.ok_or_else(broken)?;
                self.value(schema, column, rest, nesting + 1)
            }
        }
    }

    fn complex(
        &mut self,
        kind: &str,
        schema: &Value,
        column: &str,
        rest: &mut &'a [u8],
        nesting: usize,
    ) -> io::Result<()> {
        match kind {
            "record" | "error" => {
                for field in schema["fields"].as_array().ok_or_else(broken)? {
                    let name = field["name"].as_str().ok_or_else(broken)?;
                    let dot = if column.is_empty() { "" } else { "." };
                    self.value(&field["type"], &format!("{column}{dot}{name}"), rest, nesting + 1)?;
                }
                Ok(())
            }
            "enum" => long(rest).map(drop), // its symbols stand in the schema
            "fixed" => {
                let cell = take(rest, schema["size"].as_i64().ok_or_else(broken)?)?;
                self.keep(column, cell);
                Ok(())
            }
            "array" => self.items(rest, &mut |columns, rest| {
                columns.value(&schema["items"], column, rest, nesting + 1)
            }),
            "map" => self.items(rest, &mut |columns, rest| {
                columns.simple("string", column, rest, nesting)?;
                columns.value(&schema["values"], column, rest, nesting + 1)
            }),
            _ => self.simple(kind, column, rest, nesting),
        }
    }

    /// Items come in blocks, each with its count; a negative one is followed by a size.
    fn items(
        &mut self,
        rest: &mut &'a [u8],
        item: &mut dyn FnMut(&mut Self, &mut &'a [u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        loop {
            let count = long(rest)?;
            if count == 0 {
                return Ok(());
            }
            if count < 0 {
                long(rest)?;
            }
            for _ in 0..count.unsigned_abs() {
                let before = rest.len();
                item(self, rest)?;
                if rest.len() == before {
                    break; // items without bytes, of which a broken file may claim any number
                }
            }
        }
    }
}

fn take<'a>(rest: &mut &'a [u8], len: i64) -> io::Result<&'a [u8]> {
    let len = usize::try_from(len).map_err(|_| broken())?;
    let (taken, left) = rest.split_at_checked(len).ok_or_else(broken)?;
    *rest = left;
    Ok(taken)
}

fn long(rest: &mut &[u8]) -> io::Result<i64> {
    read_long(rest)
}

fn read_bytes(reader: &mut dyn Read) -> io::Result<Vec<u8>> {
    let len = u64::try_from(read_long(reader)?).map_err(|_| broken())?;
    if len > BLOCK_BYTES_MAX {
        return Err(broken());
    }
    let mut bytes = Vec::new();
    reader.take(len).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == len { Ok(bytes) } else { Err(broken()) }
}

/// A number, or `None` at the end of the file.
fn read_first_long(reader: &mut dyn Read) -> io::Result<Option<i64>> {
    let mut first = [0];
    match reader.read(&mut first)? {
        0 => Ok(None),
        _ => read_long(&mut first.chain(reader)).map(Some),
    }
}

/// A zig-zag number of seven bits a byte.
fn read_long(reader: &mut (impl Read + ?Sized)) -> io::Result<i64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let mut byte = [0];
        reader.read_exact(&mut byte)?;
        value |= u64::from(byte[0] & 0x7f) << shift;
        if byte[0] < 0x80 {
            return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
        }
    }
    Err(broken())
}

fn broken() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::views::columns::tests::Texts;

    fn string(text: &[u8], into: &mut Vec<u8>) {
        let mut number = 2 * text.len() as u64;
        while number >= 0x80 {
            into.push(number as u8 | 0x80);
            number >>= 7;
        }
        into.push(number as u8);
        into.extend(text);
    }

    #[test]
    fn a_long_cell_is_looked_at_by_itself() {
        let schema = r#"{"type": "record", "name": "r", "fields":
            [{"name": "user", "type": "string"}, {"name": "text", "type": "string"}]}"#;
        let mut records = Vec::new();
        let long = "x".repeat(3 << 20);
        string(b"mosei", &mut records);
        string(format!("{long} mira {long}").as_bytes(), &mut records);
        let mut bytes = b"Obj\x01\x02".to_vec();
        string(b"avro.schema", &mut bytes);
        string(schema.as_bytes(), &mut bytes);
        bytes.push(0);
        bytes.extend([7; 16]);
        bytes.push(2);
        string(&records, &mut bytes);
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
