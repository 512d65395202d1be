//! Records stepped through as their schema says: what text they hold, and where.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io;
use std::ops::Range;

use serde_json::Value;

use crate::matching::keys::parts::part_of;
use crate::matching::keys::users::speaks_of_users;
use crate::matching::views::columns::avro::container::{broken, read_long};
use crate::matching::views::meter::Exceeded;
use crate::matching::work;

/// Nesting of types that is followed: a list of a list of … is no table.
const NESTING_MAX: usize = 64;

/// What stepping over a value counts as.
const STEP_BYTES: usize = 16;

/// How records are made up.
pub struct Schema<'s> {
    whole: &'s Value,
    /// Named types, with and without their namespace.
    named: HashMap<&'s str, &'s Value>,
}

/// What is met in records, in order.
#[derive(Debug)]
pub enum Met<'a, 'c> {
    /// Something that may be text.
    Cell(Cell<'a, 'c>),
    /// How many items follow, told with their size.
    Sized {
        /// Where both stand.
        place: Range<usize>,
        /// How many.
        count: u64,
    },
    /// One of several things begins that a record has a list of.
    Begin,
    /// The end of the one that began last: what follows is of another.
    Part,
    /// The end of a record.
    End,
}

/// Something that may be text.
#[derive(Debug)]
pub struct Cell<'a, 'c> {
    /// The path of its field.
    pub column: &'c str,
    /// What it says.
    pub bytes: &'a [u8],
    /// Where it stands, with its length before it.
    pub place: Range<usize>,
    /// What it is.
    pub kind: Kind,
    /// Whether it is spelled as a type of its own has it.
    pub is_logical: bool,
}

/// What a cell is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A string.
    Text,
    /// Bytes.
    Bytes,
    /// Bytes of which there are always as many.
    Fixed,
    /// The key of an entry of the map of this number.
    Key(usize),
}

impl<'s> Schema<'s> {
    /// As it is written.
    pub fn new(whole: &'s Value) -> Self {
        let mut named = HashMap::new();
        collect_named(whole, &mut named);
        Self { whole, named }
    }

    /// Steps over so many records, and tells how many bytes they have.
    ///
    /// # Errors
    /// They are none, or `pace` says that it is enough.
    pub fn records<'a>(
        &self,
        records: &'a [u8],
        count: u64,
        pace: &dyn Fn() -> Result<(), Exceeded>,
        told: &mut dyn FnMut(Met<'a, '_>),
    ) -> io::Result<usize> {
        let bytes = records.len();
        let mut steps = Steps { named: &self.named, bytes, maps: 0, pace, told };
        let mut rest = records;
        for _ in 0..count {
            let before = rest.len();
            steps.value(self.whole, "", &mut rest, 0)?;
            (steps.told)(Met::End);
            if rest.len() == before {
                break; // records without bytes, of which a file may claim any number
            }
        }
        Ok(bytes - rest.len())
    }
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

/// The way through a block.
struct Steps<'a, 's, 'f> {
    named: &'f HashMap<&'s str, &'s Value>,
    /// Bytes of the block.
    bytes: usize,
    /// Maps met so far.
    maps: usize,
    pace: &'f dyn Fn() -> Result<(), Exceeded>,
    told: &'f mut dyn FnMut(Met<'a, '_>),
}

impl<'a> Steps<'a, '_, '_> {
    /// Steps over one value of this type and tells of its strings.
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
            "bytes" => self.cell(column, Kind::Bytes, false, rest),
            "string" => self.cell(column, Kind::Text, false, rest),
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
                let start = self.bytes - rest.len();
                let bytes = take(rest, schema["size"].as_i64().ok_or_else(broken)?)?;
                let place = start..start + bytes.len();
                let is_logical = is_logical(schema);
                let cell = Cell { column, bytes, place, kind: Kind::Fixed, is_logical };
                (self.told)(Met::Cell(cell));
                Ok(())
            }
            "bytes" => self.cell(column, Kind::Bytes, is_logical(schema), rest),
            "string" => self.cell(column, Kind::Text, is_logical(schema), rest),
            "array" => self.items(rest, &mut |steps, rest| {
                (steps.told)(Met::Begin);
                steps.value(&schema["items"], column, rest, nesting + 1)?;
                (steps.told)(Met::Part);
                Ok(())
            }),
            "map" => {
                self.maps += 1;
                let key = Kind::Key(self.maps);
                self.items(rest, &mut |steps, rest| {
                    let before = *rest;
                    steps.cell(column, key, false, rest)?;
                    let column = keyed(column, &before[..before.len() - rest.len()]);
                    steps.value(&schema["values"], &column, rest, nesting + 1)
                })
            }
            _ => self.simple(kind, column, rest, nesting),
        }
    }

    /// Tells of a cell that stands behind its length.
    fn cell(
        &mut self,
        column: &str,
        kind: Kind,
        is_logical: bool,
        rest: &mut &'a [u8],
    ) -> io::Result<()> {
        let start = self.bytes - rest.len();
        let len = long(rest)?;
        let bytes = take(rest, len)?;
        let place = start..self.bytes - rest.len();
        (self.told)(Met::Cell(Cell { column, bytes, place, kind, is_logical }));
        Ok(())
    }

    /// Items come in blocks, each with its count; a negative one is followed by a size.
    fn items(
        &mut self,
        rest: &mut &'a [u8],
        item: &mut dyn FnMut(&mut Self, &mut &'a [u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        loop {
            let start = self.bytes - rest.len();
            let count = long(rest)?;
            if count == 0 {
                return Ok(());
            }
            if count < 0 {
                long(rest)?;
                let place = start..self.bytes - rest.len();
                (self.told)(Met::Sized { place, count: count.unsigned_abs() });
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

/// The path of a value in a map, which is its key's where that says whose it is: of others there
/// may be any number.
fn keyed<'c>(column: &'c str, mut key: &[u8]) -> Cow<'c, str> {
    let known = long(&mut key).ok().and_then(|_| std::str::from_utf8(key).ok());
    let known = known.filter(|key| key.len() <= KEY_BYTES_MAX).map(str::to_lowercase);
    match known.filter(|key| speaks_of_users(key) || part_of(key).is_some()) {
        Some(key) => Cow::Owned(format!("{column}.{key}")),
        None => Cow::Borrowed(column),
    }
}

/// Bytes of a key that says whose its value is.
const KEY_BYTES_MAX: usize = 64;

/// Whether values of this type are spelled as another type has it.
fn is_logical(schema: &Value) -> bool {
    schema.get("logicalType").is_some()
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
