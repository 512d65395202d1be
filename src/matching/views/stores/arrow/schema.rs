//! The columns of a table, as its schema tells them, and which buffers each has.

use std::io;

use crate::matching::views::spelling::charset::utf8_or_western;
use crate::matching::views::stores::arrow::flat::Table;
use crate::matching::views::stores::spool::too_large;

/// Nesting of types that is followed.
const NESTING_MAX: usize = 64;

/// Fields of a schema, with their paths, in bytes: several may have one name, which is stored once.
const FIELDS_BYTES_MAX: usize = 8 << 20;

/// What a field takes beside its path.
const FIELD_BYTES: usize = 64;

/// A column, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its path: those that it lies in, with dots.
    pub path: String,
    /// What its buffers hold.
    pub layout: Layout,
    /// The list of values that it points into.
    pub dictionary: Option<Dictionary>,
    /// Whether it has as many values as the table has rows.
    pub is_of_rows: bool,
    /// Parts.
    pub children: Vec<Field>,
}

/// A list of values, told apart by a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dictionary {
    /// The number.
    pub id: u64,
    /// Bytes of an index into it.
    pub width: usize,
}

/// What the buffers of a field hold, beside its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Whether there is a value, where each ends in so many bytes, and all values in a row.
    Values { width: usize, is_text: bool },
    /// Whether there is a value, its place, and as many buffers as the batch says.
    Views { is_text: bool },
    /// Whether there is a value, and values of this width.
    Fixed { width: usize },
    /// So many buffers without text.
    Other(usize),
}

/// The first version whose unions say nothing of missing values.
const NO_VALIDITY: u64 = 4;

/// The fields of the schema that a message, or the foot of a file, has.
///
/// # Errors
/// There are too many.
pub fn fields_of(message: &Table<'_>, schema: &Table<'_>) -> io::Result<Vec<Field>> {
    let is_old = message.number(0, 2) < NO_VALIDITY;
    let mut left = FIELDS_BYTES_MAX;
    let fields = schema.tables(1).map(|field| read(&field, ("", 0), true, is_old, &mut left));
    fields.collect::<Option<_>>().ok_or_else(too_large)
}

/// Whether numbers are not as they are read here.
pub fn has_high_bytes_first(schema: &Table<'_>) -> bool {
    schema.number(0, 2) != 0
}

fn read(
    field: &Table<'_>,
    (above, nesting): (&str, usize),
    is_of_rows: bool,
    is_old: bool,
    left: &mut usize,
) -> Option<Field> {
    let dot = if above.is_empty() { "" } else { "." };
    let name = field.text(0).unwrap_or_default();
    *left = left.checked_sub(FIELD_BYTES + above.len() + name.len())?;
    let path = format!("{above}{dot}{}", utf8_or_western(name));
    if nesting > NESTING_MAX {
        return None;
    }
    let kind = field.number(2, 1);
    let width = field.table(3).map_or(0, |kind| kind.number(0, 4) as usize);
    let layout = match kind {
        1 | 22 => Layout::Other(0),
        4 => Layout::Values { width: 4, is_text: false },
        5 => Layout::Values { width: 4, is_text: true },
        19 => Layout::Values { width: 8, is_text: false },
        20 => Layout::Values { width: 8, is_text: true },
        23 => Layout::Views { is_text: false },
        24 => Layout::Views { is_text: true },
        15 => Layout::Fixed { width },
        13 | 16 => Layout::Other(1),
        14 => Layout::Other(1 + width % 2 + usize::from(is_old)),
        25 | 26 => Layout::Other(3),
        _ => Layout::Other(2),
    };
    let dictionary = field.table(4).map(|dictionary| Dictionary {
        id: dictionary.number(0, 8),
        width: match dictionary.table(1).map_or(32, |index| index.number(0, 4)) {
            8 => 1,
            16 => 2,
            64 => 8,
            _ => 4,
        },
    });
    let children = field
        .tables(5)
        .map(|child| read(&child, (&path, nesting + 1), is_of_rows && kind == 13, is_old, left))
        .collect::<Option<_>>()?;
    Some(Field { path, layout, dictionary, is_of_rows, children })
}
