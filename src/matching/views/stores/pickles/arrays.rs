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

/// Arrays of Arrow that stand in one another: the array of a frame, its parts, and those.
const ARROW_NESTING_MAX: usize = 8;

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
    /// As `NumPy` has them.
    Fixed(Fixed),
    /// By their number among others, as pandas has categories: where the numbers lie, of how many
    /// bytes, and how many there are.
    Coded(u64, usize, usize, Box<Self>),
}

/// Texts of which each is as wide as all.
#[derive(Clone)]
pub struct Fixed {
    /// Where the first lies.
    at: u64,
    /// What each of them is.
    pub field: Field,
    rows: usize,
    /// Bytes from one to the next, and from all of them to those that stand beside.
    step: usize,
    beside: usize,
}

impl Column {
    /// How many there are.
    pub fn rows(&self) -> usize {
        match self {
            Self::Listed(_, _, rows) | Self::Coded(_, _, rows, _) => *rows,
            Self::Fixed(fixed) => fixed.rows,
            Self::Arrow(parts) => parts.iter().map(|(.., rows)| rows).sum(),
        }
    }

    /// The one that lies so many times its length behind it: an array may have more of them than
    /// can be held.
    pub fn further(&self, number: usize) -> Self {
        match self {
            Self::Listed(list, from, rows) => Self::Listed(*list, from + number * rows, *rows),
            Self::Fixed(fixed) => {
                let at = fixed.at + (number * fixed.beside) as u64;
                Self::Fixed(Fixed { at, ..fixed.clone() })
            }
            Self::Arrow(_) | Self::Coded(..) => self.clone(),
        }
    }
}

/// How long an array is to each side.
struct Sides {
    shape: Vec<usize>,
    /// Whether its columns lie one behind the other.
    turned: bool,
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
        let plain = self.plain_columns(array);
        if plain.is_empty() { self.categories(array).into_iter().collect() } else { plain }
    }

    /// The same of an array whose texts are not told by their number.
    fn plain_columns(&mut self, array: Value) -> Vec<Column> {
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
        if let Some((sides, at, field)) = self.texts(array) {
            let [rows] = sides.shape[..] else { return Vec::new() };
            let step = field.width();
            return vec![Column::Fixed(Fixed { at, field, rows, step, beside: 0 })];
        }
        self.arrow(array, ARROW_NESTING_MAX).map(Column::Arrow).into_iter().collect()
    }

    /// The columns of an array of records, with the names of their fields.
    pub fn structured(&mut self, array: Value) -> Option<Vec<(String, Column)>> {
        let (sides, kind, texts) = self.elements(array)?;
        let state = self.made(kind)?[2];
        let [_, _, _, names, fields, Value::Number(size), ..] = self.list(state)[..] else {
            return None;
        };
        let rows = sides.shape.iter().try_fold(1usize, |all, side| all.checked_mul(*side))?;
        let step = usize::try_from(size).ok().filter(|size| *size > 0)?;
        let mut columns = Vec::new();
        for (number, name) in self.list(names).to_vec().into_iter().take(COLUMNS_MAX).enumerate() {
            let name = self.name(name);
            let told = self.entry(fields, &name)?;
            let [kind, Value::Number(offset), ..] = self.list(told)[..] else { continue };
            let column = match texts {
                Value::Text(at, len) if step.checked_mul(rows) == Some(len as usize) => {
                    let Some(field) = Field::of_texts(&self.kind(kind)) else { continue };
                    let offset = usize::try_from(offset).ok()?;
                    if offset.checked_add(field.width())? > step {
                        continue;
                    }
                    let at = at + offset as u64;
                    Column::Fixed(Fixed { at, field, rows, step, beside: 0 })
                }
                // Records of objects are a list of tuples.
                records => {
                    let cells = self.list(records).to_vec();
                    let cell = |record| self.list(record).get(number).copied();
                    let cells: Vec<Value> = cells
                        .into_iter()
                        .map(|record| cell(record).unwrap_or(Value::Other))
                        .collect();
                    let rows = cells.len();
                    Column::Listed(self.held(cells).ok()?, 0, rows)
                }
            };
            columns.push((name, column));
        }
        (!columns.is_empty()).then_some(columns)
    }

    /// The column that categories are, which their rows have by number.
    fn categories(&mut self, array: Value) -> Option<Column> {
        let [_, _, state] = self.made(array)?;
        let [kind, codes, ..] = self.list(state)[..] else { return None };
        let told = self.made(kind)?[2];
        let index = self.entry(told, "categories")?;
        let [_, with, _] = self.made(index)?;
        let data = self.list(with).get(1).copied()?;
        let data = self.entry(data, "data")?;
        let known = self.plain_columns(data).into_iter().next()?;
        let (sides, kind, texts) = self.elements(codes)?;
        let width = match self.kind(kind).as_str() {
            "i1" => 1,
            "i2" => 2,
            "i4" => 4,
            _ => return None,
        };
        let ([rows], Value::Text(at, len)) = (&sides.shape[..], texts) else { return None };
        let is_whole = rows.checked_mul(width) == Some(len as usize);
        is_whole.then(|| Column::Coded(at, width, *rows, Box::new(known)))
    }

    /// The sides of an array of texts of one width, where they lie, and what each of them is.
    fn texts(&mut self, array: Value) -> Option<(Sides, u64, Field)> {
        let (sides, kind, texts) = self.elements(array)?;
        let field = Field::of_texts(&self.kind(kind))?;
        let Value::Text(at, len) = texts else { return None };
        let count =
            sides.shape.iter().try_fold(field.width(), |len, side| len.checked_mul(*side))?;
        (count == len as usize && field.width() > 0).then_some((sides, at, field))
    }

    /// The sides of an array, what its elements are, and what holds them.
    fn elements(&mut self, array: Value) -> Option<(Sides, Value, Value)> {
        let [of, with, state] = self.made(array)?;
        let of = self.global(of).to_owned();
        let (shape, kind, turned, texts) = if of == WRAPPED {
            let order = self.entry(state, "order").map(|order| self.name(order));
            let turned = order.as_deref() == Some("F");
            (self.entry(state, "shape")?, self.entry(state, "dtype")?, turned, with)
        } else if of.ends_with(".multiarray _reconstruct") {
            let [_, shape, kind, turned, texts] = self.list(state)[..] else { return None };
            (shape, kind, turned == Value::True, texts)
        } else if of.ends_with(".numeric _frombuffer") {
            let [texts, kind, shape, ref order @ ..] = self.list(with)[..] else { return None };
            let order = order.first().copied().unwrap_or(Value::Other);
            (shape, kind, self.name(order) == "F", texts)
        } else {
            return None;
        };
        Some((Sides { shape: self.numbers(shape), turned }, kind, texts))
    }

    /// Where the text of a cell lies.
    pub fn cell(&mut self, column: &Column, row: usize) -> io::Result<Option<(u64, u32)>> {
        match column {
            Column::Fixed(Fixed { at, field, step, .. }) => {
                Ok(Some((at + (row * step) as u64, field.width() as u32)))
            }
            Column::Coded(at, width, _, known) => {
                let code = little(&self.some(at + (row * width) as u64, *width)?, 0, *width);
                match code.and_then(|code| usize::try_from(code).ok()) {
                    Some(code) if code < known.rows() => self.cell(known, code),
                    _ => Ok(None),
                }
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
                    let both = self.some(ends + (row * width) as u64, 2 * width)?;
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
        let Some(Value::Text(at, len)) = bytes else { return Ok(Vec::new()) };
        let bytes = self.some(at, (len as usize).min(8 * COLUMNS_MAX))?;
        Ok(bytes.as_chunks::<8>().0.iter().map(long).collect())
    }

    /// The first row of an array of two sides whose rows are records, as a column, and how many
    /// rows there are.
    pub fn records(&mut self, array: Value) -> Option<(Column, usize)> {
        if let Some((shape, list)) = self.objects(array) {
            let [rows, width @ 2..=RECORD_CELLS_MAX] = shape[..] else { return None };
            let is_whole = rows.checked_mul(width) == Some(self.list(list).len());
            return is_whole.then_some((Column::Listed(list, 0, width), rows));
        }
        let (sides, at, field) = self.texts(array)?;
        let [rows, width @ 2..=RECORD_CELLS_MAX] = sides.shape[..] else { return None };
        let one = field.width();
        let (step, beside) = if sides.turned { (rows * one, one) } else { (one, width * one) };
        Some((Column::Fixed(Fixed { at, field, rows: width, step, beside }), rows))
    }

    /// The sides of an array of objects, and the list of them.
    fn objects(&mut self, array: Value) -> Option<(Vec<usize>, Value)> {
        let [of, _, state] = self.made(array)?;
        if self.global(of).ends_with(".multiarray _reconstruct") {
            let [_, shape, _, _, list @ Value::Node(_)] = self.list(state)[..] else { return None };
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
    fn arrow(&mut self, array: Value, left: usize) -> Option<Vec<(u64, usize, u64, usize)>> {
        let left = left.checked_sub(1)?;
        let [of, with, state] = self.made(array)?;
        let of = self.global(of);
        if of.ends_with(" ArrowStringArray") || of.ends_with(" ArrowExtensionArray") {
            let inner = match self.entry(state, "_pa_array") {
                Some(inner) => inner,
                None => self.entry(state, "_data")?,
            };
            return self.arrow(inner, left);
        }
        if of == "pyarrow.lib chunked_array" {
            let parts = self.list(*self.list(with).first()?).to_vec();
            return parts
                .into_iter()
                .map(|part| self.arrow(part, left))
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
