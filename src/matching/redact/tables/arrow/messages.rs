//! The messages of a file or stream, one behind the other, and the foot of a file, which tells
//! where they stand.

use std::collections::HashMap;
use std::io::{self, Read, Write};

use crate::matching::put::Put;
use crate::matching::redact::packing::zipped::Names;
use crate::matching::redact::refusal::Stop;
use crate::matching::redact::rewriting::Rewriting;
use crate::matching::redact::tables::arrow::batches::Body;
use crate::matching::redact::tables::arrow::notes::keys;
use crate::matching::views::packing::zip::copy;
use crate::matching::views::stores::arrow::flat::Table;
use crate::matching::views::stores::arrow::frames::{FILE, Framed, MESSAGE_BYTES_MAX, next, start};
use crate::matching::views::stores::arrow::messages::listed;
use crate::matching::views::stores::arrow::schema::{Field, fields_of, has_high_bytes_first};
use crate::matching::views::stores::numbers::little;
use crate::matching::views::stores::spool::Spool;
use crate::matching::views::tour::Look;

/// Kinds of messages.
const SCHEMA: u64 = 1;
const LIST: u64 = 2;
const BATCH: u64 = 3;

/// What messages are padded to.
const ALIGNMENT: u64 = 8;

/// Bytes of what the foot of a file says of a message.
const ENTRY_BYTES: usize = 24;

/// What is known of a stream so far.
#[derive(Default)]
struct Known {
    fields: Vec<Field>,
    /// For each list of values, those that may not come again.
    names: HashMap<u64, Names>,
}

/// Where a message stands now.
#[derive(Clone, Copy)]
struct Moved {
    at: u64,
    /// Bytes of what it says, with what leads to it, and of its body.
    said: u64,
    body: u64,
}

/// What is written, and how far.
struct Written<'w> {
    out: &'w mut dyn Write,
    len: u64,
    /// How far of what was stored it went.
    copied: u64,
    /// Messages by where they stood.
    moved: HashMap<u64, Moved>,
}

impl<L: Look<What = Put>> Rewriting<'_, L> {
    /// Rewrites a file or stream.
    pub(in crate::matching::redact) fn arrow(
        &mut self,
        reader: &mut dyn Read,
        out: &mut dyn Write,
        depth: usize,
    ) -> Result<(), Stop> {
        let (mut spool, ended) =
            Spool::take(reader, self.meter, self.limits).map_err(Stop::Read)?;
        ended.map_err(Stop::Read)?;
        if self.first_in(&mut spool.from(0), "arrow", depth)?.is_none() {
            return copy(&mut spool.from(0), out).map_err(Stop::Write);
        }
        let rewritten = self.arrow_messages(&mut spool, out, depth);
        rewritten.map_err(|stop| match stop {
            Stop::Read(error) if error.kind() == io::ErrorKind::Unsupported => {
                Stop::not("arrow: compression not supported")
            }
            other => other.of_decoder("arrow: broken", self.meter),
        })
    }

    fn arrow_messages(
        &mut self,
        spool: &mut Spool<'_>,
        out: &mut dyn Write,
        depth: usize,
    ) -> Result<(), Stop> {
        let mut written = Written { out, len: 0, copied: 0, moved: HashMap::new() };
        let mut known = Known::default();
        let first = start(spool).map_err(Stop::Read)?;
        let mut at = first;
        while let Some(message) = next(spool, at).map_err(Stop::Read)? {
            at = message.end().map_err(Stop::Read)?;
            let (said, body) = self.arrow_message(spool, &message, &mut known, depth)?;
            written.copy(spool, message.at)?;
            written.message(spool, &message, said, body)?;
        }
        if first == 0 {
            // The end of a stream.
            return written.copy(spool, spool.size());
        }
        let end = spool.size().saturating_sub(FILE.len() as u64);
        let tail = end.checked_sub(4).ok_or_else(broken)?;
        let tail = spool.all(tail, 4 + FILE.len()).map_err(Stop::Read)?;
        let len = little(&tail, 0, 4).filter(|len| *len <= MESSAGE_BYTES_MAX && tail[4..] == *FILE);
        let foot_at = len.and_then(|len| (end - 4).checked_sub(len)).filter(|foot| *foot >= at);
        let foot_at = foot_at.ok_or_else(broken)?;
        written.copy(spool, foot_at)?;
        let foot = spool.all(foot_at, (end - 4 - foot_at) as usize).map_err(Stop::Read)?;
        let foot = self.arrow_foot(&foot, &written.moved, depth)?;
        written.add(&foot)?;
        written.add(&(foot.len() as u32).to_le_bytes())?;
        written.add(FILE)
    }

    /// What a message says from now on, and its body, if that changes.
    fn arrow_message(
        &mut self,
        spool: &mut Spool<'_>,
        message: &Framed,
        known: &mut Known,
        depth: usize,
    ) -> Result<(Vec<u8>, Option<Body>), Stop> {
        let told = message.table().map_err(Stop::Read)?;
        let header = told.table(2).ok_or_else(broken)?;
        let kind = told.number(1, 1);
        let mut schema = None;
        let (mut body, mut batch) = (None, None);
        match kind {
            SCHEMA => {
                if has_high_bytes_first(&header) {
                    return Err(Stop::not("arrow: byte order not supported"));
                }
                *known = Known::default();
                known.fields = fields_of(&told, &header).map_err(Stop::Read)?;
                self.refuse_columns(&known.fields)?;
                schema = Some(header);
            }
            LIST => {
                let id = header.number(0, 8);
                if header.number(2, 1) == 0 {
                    known.names.remove(&id);
                }
                let list = header.table(1).ok_or_else(broken)?;
                let field = listed(&known.fields, id).cloned().ok_or_else(broken)?;
                let names = known.names.entry(id).or_default();
                let of = (&list, message.body);
                body = self.arrow_batch(spool, of, &[field], Some(names), depth)?;
                batch = Some(list);
            }
            BATCH => {
                let of = (&header, message.body);
                body = self.arrow_batch(spool, of, &known.fields, None, depth)?;
                batch = Some(header);
            }
            _ => {}
        }
        let mut said = self.arrow_notes(&message.bytes, &told, schema.as_ref(), depth)?;
        check(&said, &told, schema.as_ref(), 2)?;
        if let Some((body, batch)) = body.as_ref().zip(batch) {
            let len = told.place(3).ok_or_else(broken)?;
            put(&mut said, len, body.len)?;
            let (first, _) = batch.vector(2, 16).ok_or_else(broken)?;
            for (number, (at, len)) in body.places.iter().enumerate() {
                put(&mut said, first + 16 * number, *at)?;
                put(&mut said, first + 16 * number + 8, *len)?;
            }
        }
        Ok((said, body))
    }

    fn refuse_columns(&mut self, fields: &[Field]) -> Result<(), Stop> {
        for field in fields {
            if self.sees(&field.path) {
                return Err(Stop::not("arrow: name of a column"));
            }
            self.refuse_columns(&field.children)?;
        }
        Ok(())
    }

    /// What the foot of a file says, with where messages stand now.
    fn arrow_foot(
        &mut self,
        foot: &[u8],
        moved: &HashMap<u64, Moved>,
        depth: usize,
    ) -> Result<Vec<u8>, Stop> {
        let told = Table::root(foot).ok_or_else(broken)?;
        let schema = told.table(1).ok_or_else(broken)?;
        let mut said = self.arrow_notes(foot, &told, Some(&schema), depth)?;
        check(&said, &told, Some(&schema), 1)?;
        for list in [2, 3] {
            let Some((first, count)) = told.vector(list, ENTRY_BYTES) else { continue };
            for at in (0..count).map(|number| first + ENTRY_BYTES * number) {
                let stood = little(foot, at, 8).ok_or_else(broken)?;
                let now = moved.get(&stood).ok_or_else(broken)?;
                put(&mut said, at, now.at)?;
                let bytes = (now.said as u32).to_le_bytes();
                said.get_mut(at + 8..at + 12).ok_or_else(broken)?.copy_from_slice(&bytes);
                put(&mut said, at + 16, now.body)?;
            }
        }
        said.resize(said.len().next_multiple_of(ALIGNMENT as usize), 0);
        Ok(said)
    }
}

impl Written<'_> {
    fn add(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        self.len += bytes.len() as u64;
        self.out.write_all(bytes).map_err(Stop::Write)
    }

    /// Copies what was stored up to here.
    fn copy(&mut self, spool: &mut Spool<'_>, to: u64) -> Result<(), Stop> {
        let len = to.checked_sub(self.copied).ok_or_else(broken)?;
        copy(&mut spool.part(self.copied, len), self.out).map_err(Stop::Write)?;
        (self.len, self.copied) = (self.len + len, to);
        Ok(())
    }

    fn message(
        &mut self,
        spool: &mut Spool<'_>,
        message: &Framed,
        mut said: Vec<u8>,
        body: Option<Body>,
    ) -> Result<(), Stop> {
        let at = self.len;
        if said.len() > message.bytes.len() {
            let end = message.lead + said.len() as u64;
            said.resize((end.next_multiple_of(ALIGNMENT) - message.lead) as usize, 0);
        }
        let mark = spool.all(message.at, message.lead as usize - 4).map_err(Stop::Read)?;
        self.add(&mark)?;
        self.add(&(said.len() as u32).to_le_bytes())?;
        self.add(&said)?;
        self.copied = message.body;
        let end = message.end().map_err(Stop::Read)?;
        let before = self.len;
        match body {
            Some(mut body) => {
                copy(&mut body.bytes, self.out).map_err(Stop::Write)?;
                (self.len, self.copied) = (self.len + body.len, end);
            }
            None => self.copy(spool, end)?,
        }
        let said = before - at;
        self.moved.insert(message.at, Moved { at, said, body: self.len - before });
        Ok(())
    }
}

/// Refuses a message in which more changed than the values of notes: strings may be shared.
fn check(
    said: &[u8],
    before: &Table<'_>,
    schema: Option<&Table<'_>>,
    place: usize,
) -> Result<(), Stop> {
    let after = Table::root(said).ok_or_else(broken)?;
    let schema_after = schema.and_then(|_| after.table(place));
    let same_keys = keys(&after, schema_after.as_ref())? == keys(before, schema)?;
    let fields = |table: &Table<'_>, schema: Option<&Table<'_>>| {
        schema.map(|schema| fields_of(table, schema)).transpose().map_err(Stop::Read)
    };
    let same_fields = fields(&after, schema_after.as_ref())? == fields(before, schema)?;
    if same_keys && same_fields { Ok(()) } else { Err(broken()) }
}

/// Writes a number of eight bytes over another.
fn put(said: &mut [u8], at: usize, number: u64) -> Result<(), Stop> {
    let bytes = said.get_mut(at..at + 8).ok_or_else(broken)?;
    bytes.copy_from_slice(&number.to_le_bytes());
    Ok(())
}

fn broken() -> Stop {
    Stop::not("arrow: broken")
}
