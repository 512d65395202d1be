//! The columns of a table, as its schema tells them, and which buffers each has.

use crate::matching::views::spelling::charset::utf8_or_western;
use crate::matching::views::stores::arrow::flat::Table;

/// Nesting of types that is followed.
const NESTING_MAX: usize = 64;

/// Fields of a schema.
const FIELDS_MAX: usize = 100_000;

/// A column, or a part of one.
#[derive(Clone, Debug)]
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
#[derive(Clone, Copy, Debug)]
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

/// The fields of a schema.
pub fn fields(schema: &Table<'_>, is_old: bool) -> Vec<Field> {
    let mut left = FIELDS_MAX;
    schema.tables(1).filter_map(|field| read(&field, "", true, is_old, &mut left)).collect()
}

fn read(
    field: &Table<'_>,
    above: &str,
    is_of_rows: bool,
    is_old: bool,
    left: &mut usize,
) -> Option<Field> {
    *left = left.checked_sub(1)?;
    let dot = if above.is_empty() { "" } else { "." };
    let path = format!("{above}{dot}{}", utf8_or_western(field.text(0).unwrap_or_default()));
    if path.matches('.').count() > NESTING_MAX || above.len() > 1 << 12 {
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
        .filter_map(|child| read(&child, &path, is_of_rows && kind == 13, is_old, left))
        .collect();
    Some(Field { path, layout, dictionary, is_of_rows, children })
}
