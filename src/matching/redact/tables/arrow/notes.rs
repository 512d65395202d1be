//! Notes in messages: keys with values. A changed value stands behind all else that the message
//! says, and what led to the old one leads there.

use std::ops::Range;

use crate::matching::put::Put;
use crate::matching::redact::refusal::Stop;
use crate::matching::redact::rewriting::Rewriting;
use crate::matching::views::spelling::charset::utf8_or_western;
use crate::matching::views::stores::arrow::flat::Table;
use crate::matching::views::tour::Look;

/// Where a message, and its schema, and a field of that have notes.
pub const OF_MESSAGE: usize = 4;
const OF_SCHEMA: usize = 2;
const OF_FIELD: usize = 6;

/// Nesting of types that is followed.
const NESTING_MAX: usize = 64;

/// A note.
struct Note {
    key: Vec<u8>,
    value: Vec<u8>,
    /// Where it is told how far it is to the value.
    link: usize,
    /// Where the value stands.
    place: Range<usize>,
}

impl<L: Look<What = Put>> Rewriting<'_, L> {
    /// What a message, or the foot of a file, says without what is not to be in its notes. Its
    /// schema, if it has one, is `schema`.
    pub(super) fn arrow_notes(
        &mut self,
        said: &[u8],
        message: &Table<'_>,
        schema: Option<&Table<'_>>,
        depth: usize,
    ) -> Result<Vec<u8>, Stop> {
        let notes = notes(message, schema)?;
        let mut anew = said.to_vec();
        for note in &notes {
            let key = utf8_or_western(&note.key);
            if self.sees(&key) {
                return Err(Stop::not("arrow: key of a note"));
            }
            let Some(value) = self.table_cell(&key, &note.value, depth)? else { continue };
            anew.resize(anew.len().next_multiple_of(4), 0);
            let way = u32::try_from(anew.len() - note.link).map_err(|_| broken())?;
            anew.get_mut(note.link..note.link + 4)
                .ok_or_else(broken)?
                .copy_from_slice(&way.to_le_bytes());
            let len = u32::try_from(value.len()).map_err(|_| broken())?;
            anew.extend(len.to_le_bytes());
            anew.extend(value);
            anew.push(0);
            anew[note.place.clone()].fill(0);
        }
        Ok(anew)
    }
}

/// The keys of all notes, in order.
pub fn keys(message: &Table<'_>, schema: Option<&Table<'_>>) -> Result<Vec<Vec<u8>>, Stop> {
    Ok(notes(message, schema)?.into_iter().map(|note| note.key).collect())
}

fn notes(message: &Table<'_>, schema: Option<&Table<'_>>) -> Result<Vec<Note>, Stop> {
    let mut notes = Vec::new();
    take(message, OF_MESSAGE, &mut notes);
    if let Some(schema) = schema {
        take(schema, OF_SCHEMA, &mut notes);
        for field in schema.tables(1) {
            of_field(&field, 0, &mut notes)?;
        }
    }
    Ok(notes)
}

fn of_field(field: &Table<'_>, nesting: usize, notes: &mut Vec<Note>) -> Result<(), Stop> {
    if nesting > NESTING_MAX {
        return Err(broken());
    }
    take(field, OF_FIELD, notes);
    field.tables(5).try_for_each(|child| of_field(&child, nesting + 1, notes))
}

fn take(table: &Table<'_>, field: usize, notes: &mut Vec<Note>) {
    for note in table.tables(field) {
        let Some((link, (start, len))) = note.place(1).zip(note.vector(1, 1)) else { continue };
        let text = |field| note.text(field).unwrap_or_default().to_vec();
        notes.push(Note { key: text(0), value: text(1), link, place: start..start + len });
    }
}

fn broken() -> Stop {
    Stop::not("arrow: broken")
}
