//! Arrays in a pickle: those of `NumPy`, in joblib's wrapping too, and those of Arrow.

use std::io;

use crate::matching::views::spelling::maps::arrays::Field;
use crate::matching::views::stores::numbers::little;
use crate::matching::views::stores::pickles::machine::{Machine, Value};
use crate::matching::views::stores::spool::broken;

/// Columns of one array.
const COLUMNS_MAX: usize = 1 << 14;

/// Cells of a record that is a row of an array.
const RECORD_CELLS_MAX: usize = 64;

/// What joblib has in the place of an array.
const WRAPPED: &str = "joblib.numpy_pickle NumpyArrayWrapper";

/// Texts in the order of their rows.
#[derive(Clone)]
pub enum Column {
    /// Of a list, from a place on.
    Listed(Value, usize, usize),
    /// As Arrow has them: where their ends lie, in how many bytes, where the texts lie, and how
    /// many there are; one part behind the other.
    Arrow(Vec<(u64, usize, u64, usize)>),
    /// As `NumPy` has them: where they lie, each as wide as all, and how many there are.
    Fixed(u64, Field, usize),
}

impl Column {
    /// How many there are.
    pub fn rows(&self) -> usize {
        match self {
            Self::Listed(_, _, rows) | Self::Fixed(_, _, rows) => *rows,
            Self::Arrow(parts) => parts.iter().map(|(.., rows)| rows).sum(),
        }
    }

    /// The one that lies so many times its length behind it: an array may have more of them than
    /// can be held.
    pub fn further(&self, number: usize) -> Self {
        match self {
            Self::Listed(list, from, rows) => Self::Listed(*list, from + number * rows, *rows),
            Self::Fixed(at, field, rows) => {
                Self::Fixed(at + (number * rows * field.width()) as u64, field.clone(), *rows)
            }
            Self::Arrow(_) => self.clone(),
        }
    }
}

impl Machine<'_, '_> {
    /// What stands behind an object that was told what it holds: joblib has the elements of arrays
    /// there, those of objects as a pickle of their own.
    pub(super) fn behind(&mut self, object: Value, nested: usize) -> io::Result<Value> {
        let Some([of, _, state]) = self.made(object) else { return Ok(object) };
        if self.global(of) != WRAPPED {
            return Ok(object);
        }
        let kind = self.entry(state, "dtype").map(|kind| self.kind(kind)).unwrap_or_default();
        if kind.starts_with('O') {
            return self.undone(nested.checked_sub(1).ok_or_else(broken)?);
        }
        let aligned = self.entry(state, "numpy_array_alignment_bytes");
        if matches!(aligned, Some(Value::Number(_))) {
            let filled = self.byte()?;
            self.skip(u64::from(filled))?;
        }
        let shape = self.entry(state, "shape").map(|shape| self.numbers(shape)).unwrap_or_default();
        let len = size_of(&kind).and_then(|size| {
            shape.iter().try_fold(size, |len, side| len.checked_mul(*side as u64))
        });
        let (len, at) = (len.ok_or_else(broken)?, self.place());
        self.skip(len)?;
        let elements = u32::try_from(len).map_or(Value::Other, |len| Value::Text(at, len));
        self.holds(object, elements);
        Ok(object)
    }

    /// The columns of texts of an array: of one side, it is one.
    pub fn columns(&mut self, array: Value) -> Vec<Column> {
        if let Some((shape, list)) = self.objects(array) {
            let cells = self.list(list).len();
            let (columns, rows) = match shape[..] {
                [rows] => (1, rows),
                [columns, rows] => (columns, rows),
                _ => return Vec::new(),
            };
            if columns.checked_mul(rows) != Some(cells) {
                return Vec::new();
            }
            let column = |number| Column::Listed(list, number * rows, rows);
            return (0..columns.min(COLUMNS_MAX)).map(column).collect();
        }
        if let Some((shape, at, field)) = self.texts(array) {
            let [rows] = shape[..] else { return Vec::new() };
            return vec![Column::Fixed(at, field, rows)];
        }
        self.arrow(array).map(Column::Arrow).into_iter().collect()
    }

    /// The sides of an array of texts of one width, where they lie, and what each of them is.
    fn texts(&mut self, array: Value) -> Option<(Vec<usize>, u64, Field)> {
        let [of, with, state] = self.made(array)?;
        let of = self.global(of).to_owned();
        let (shape, kind, texts) = if of == WRAPPED {
            (self.entry(state, "shape")?, self.entry(state, "dtype")?, with)
        } else if of.ends_with(".multiarray _reconstruct") {
            let [_, shape, kind, _, texts] = self.list(state)[..] else { return None };
            (shape, kind, texts)
        } else if of.ends_with(".numeric _frombuffer") {
            let [texts, kind, shape, ..] = self.list(with)[..] else { return None };
            (shape, kind, texts)
        } else {
            return None;
        };
        let (shape, kind) = (self.numbers(shape), self.kind(kind));
        let field = Field::of_texts(&kind)?;
        let Value::Text(at, len) = texts else { return None };
        let count = shape.iter().try_fold(field.width(), |len, side| len.checked_mul(*side))?;
        (count == len as usize && field.width() > 0).then_some((shape, at, field))
    }

    /// Where the text of a cell lies.
    pub fn cell(&mut self, column: &Column, row: usize) -> io::Result<Option<(u64, u32)>> {
        match column {
            Column::Fixed(at, field, _) => {
                Ok(Some((at + (row * field.width()) as u64, field.width() as u32)))
            }
            Column::Listed(list, from, _) => match self.list(*list).get(from + row) {
                Some(Value::Text(at, len)) => Ok(Some((*at, *len))),
                _ => Ok(None),
            },
            Column::Arrow(parts) => {
                let mut row = row;
                for (ends, width, texts, rows) in parts {
                    if row >= *rows {
                        row -= rows;
                        continue;
                    }
                    let both = self.spool.all(ends + (row * width) as u64, 2 * width)?;
                    let (from, to) = (little(&both, 0, *width), little(&both, *width, *width));
                    let (Some(from), Some(to)) = (from, to) else { return Ok(None) };
                    let len = to.checked_sub(from).and_then(|len| u32::try_from(len).ok());
                    return Ok(len.and_then(|len| Some((texts.checked_add(from)?, len))));
                }
                Ok(None)
            }
        }
    }

    /// The whole numbers of a tuple.
    pub fn numbers(&self, tuple: Value) -> Vec<usize> {
        let number = |value: &Value| match value {
            Value::Number(number) => usize::try_from(*number).ok(),
            _ => None,
        };
        self.list(tuple).iter().filter_map(number).collect()
    }

    /// What an array of numbers holds, if they are of eight bytes.
    pub fn longs(&mut self, array: Value) -> io::Result<Vec<usize>> {
        let Some([of, with, state]) = self.made(array) else { return Ok(Vec::new()) };
        let bytes = match self.global(of) {
            WRAPPED => Some(with),
            of if of.ends_with(" _frombuffer") => self.list(with).first().copied(),
            _ => self.list(state).get(4).copied(),
        };
        let long = |eight: &[u8; 8]| u64::from_le_bytes(*eight) as usize;
        let bytes = bytes.map(|bytes| self.elements(bytes)).transpose()?.unwrap_or_default();
        Ok(bytes.as_chunks::<8>().0.iter().map(long).collect())
    }

    /// Some bytes, which older protocols have as a text of Latin-1.
    fn elements(&mut self, bytes: Value) -> io::Result<Vec<u8>> {
        let is_encoded = |of| self.global(of) == "_codecs encode";
        let text = self.made(bytes).filter(|[of, ..]| is_encoded(*of));
        let text = text.and_then(|[_, with, _]| self.list(with).first().copied());
        match (bytes, text) {
            (Value::Text(at, len), _) => self.spool.all(at, (len as usize).min(8 * COLUMNS_MAX)),
            (_, Some(Value::Text(at, len))) => {
                let text = self.spool.all(at, (len as usize).min(16 * COLUMNS_MAX))?;
                let text = String::from_utf8_lossy(&text).into_owned();
                Ok(text.chars().map(|c| c as u32 as u8).collect())
            }
            _ => Ok(Vec::new()),
        }
    }

    /// The first row of an array of two sides whose rows are records, as a column, and how many
    /// rows there are.
    pub fn records(&mut self, array: Value) -> Option<(Column, usize)> {
        if let Some((shape, list)) = self.objects(array) {
            let [rows, width @ 2..=RECORD_CELLS_MAX] = shape[..] else { return None };
            let is_whole = rows.checked_mul(width) == Some(self.list(list).len());
            return is_whole.then_some((Column::Listed(list, 0, width), rows));
        }
        let (shape, at, field) = self.texts(array)?;
        let [rows, width @ 2..=RECORD_CELLS_MAX] = shape[..] else { return None };
        Some((Column::Fixed(at, field, width), rows))
    }

    /// The sides of an array of objects, and the list of them.
    fn objects(&mut self, array: Value) -> Option<(Vec<usize>, Value)> {
        let [of, _, state] = self.made(array)?;
        if self.global(of).ends_with(".multiarray _reconstruct") {
            let [_, shape, _, _, list] = self.list(state)[..] else { return None };
            return Some((self.numbers(shape), list));
        }
        // An array of another kind may hold it, as pandas's of texts does.
        let held = self.list(state).to_vec();
        held.into_iter().find_map(|held| {
            let [of, ..] = self.made(held)?;
            let is_array = self.global(of).ends_with(".multiarray _reconstruct");
            if is_array { self.objects(held) } else { None }
        })
    }

    /// What an array of texts of Arrow lies in, part by part.
    fn arrow(&mut self, array: Value) -> Option<Vec<(u64, usize, u64, usize)>> {
        let [of, with, state] = self.made(array)?;
        let of = self.global(of);
        if of.ends_with(" ArrowStringArray") || of.ends_with(" ArrowExtensionArray") {
            let inner = match self.entry(state, "_pa_array") {
                Some(inner) => inner,
                None => self.entry(state, "_data")?,
            };
            return self.arrow(inner);
        }
        if of == "pyarrow.lib chunked_array" {
            let parts = self.list(*self.list(with).first()?).to_vec();
            return parts
                .into_iter()
                .map(|part| self.arrow(part))
                .collect::<Option<Vec<_>>>()
                .map(|parts| parts.concat());
        }
        if of != "pyarrow.lib _restore_array" {
            return None;
        }
        let told = self.list(*self.list(with).first()?);
        let [kind, rows, _, from, buffers, ..] = *told else { return None };
        let (Value::Number(rows), Value::Number(from)) = (rows, from) else { return None };
        let [_, kind, _] = self.made(kind)?;
        let kind = self.list(kind).first().copied()?;
        let width = match self.name(kind).as_str() {
            "string" | "binary" => 4,
            "large_string" | "large_binary" => 8,
            _ => return None,
        };
        let [_, ends, texts] = *self.list(buffers) else { return None };
        let place = |buffer| match *self.list(self.made(buffer)?[1]).first()? {
            Value::Text(at, _) => Some(at),
            // Before protocol 5 there is an array of bytes around them.
            bytes => match *self.list(self.made(bytes)?[1]).first()? {
                Value::Text(at, _) => Some(at),
                _ => None,
            },
        };
        let (rows, from) = (usize::try_from(rows).ok()?, u64::try_from(from).ok()?);
        let ends = place(ends)?.checked_add(from.checked_mul(width)?)?;
        Some(vec![(ends, width as usize, place(texts)?, rows)])
    }

    /// What an element is, as `NumPy` writes it: `O8`, `i8`, `U10`.
    fn kind(&mut self, dtype: Value) -> String {
        let name = self.made(dtype).and_then(|[_, with, _]| self.list(with).first().copied());
        name.map(|name| self.name(name)).unwrap_or_default()
    }
}

/// Bytes of an element.
fn size_of(kind: &str) -> Option<u64> {
    let count: u64 = kind.get(1..)?.parse().ok()?;
    match kind.as_bytes()[0] {
        b'U' => count.checked_mul(4),
        b'O' => None,
        _ => Some(count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::limits::ItemLimits;
    use crate::matching::views::meter::Meter;
    use crate::matching::views::stores::spool::Spool;

    #[test]
    fn rows_of_an_array_are_told_one_by_one() {
        const ROWS: usize = 1 << 20;
        let (limits, meter) = (ItemLimits::default(), Meter::default());
        let texts = vec![b'x'; 2 * ROWS];
        let head = b"cnumpy.core.numeric\n_frombuffer\n(T";
        let start = head.len() as u64 + 4;
        let kind = b"cnumpy\ndtype\nU\x02S1\x85RJ\0\0\x10\0K\x02\x86U\x01CtR.";
        let len = (2 * ROWS as u32).to_le_bytes();
        let pickle = [&head[..], &len, &texts, kind].concat();
        let (mut spool, _) = Spool::take(&mut &*pickle, &meter, &limits).unwrap();
        let mut machine = Machine::new(&mut spool);
        machine.run().unwrap();
        let mut nodes = (0..machine.nodes.len() as u32).map(Value::Node);
        let (first, rows) = nodes.find_map(|node| machine.records(node)).unwrap();
        assert_eq!((rows, first.rows()), (ROWS, 2));
        for row in [0, 1, ROWS - 1] {
            let cell = machine.cell(&first.further(row), 1).unwrap();
            assert_eq!(cell, Some((start + 2 * row as u64 + 1, 1)), "{row}");
        }
    }
}
