//! Arrays of numpy whose elements are records: what stands before a string or behind it is a
//! number, and may be a letter. The header says where each string stands.

use std::ops::Range;

use memchr::memmem;

/// A string of every record.
pub struct Column {
    /// The first one.
    pub first: Range<usize>,
    /// Bytes from one to the next.
    pub stride: usize,
    /// Whether a character has four bytes, and of these the low one first.
    pub wide: Option<bool>,
}

impl Column {
    /// Those within a part of the bytes.
    pub fn strings(&self, part: &Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let passed = part.start.saturating_sub(self.first.start).div_ceil(self.stride);
        let ranges = (passed..).map(|number| number * self.stride);
        let ranges = ranges.map(|by| self.first.start + by..self.first.end + by);
        let end = part.end;
        ranges.take_while(move |range| range.end <= end)
    }
}

/// The strings of the arrays that begin in these bytes.
pub fn columns(bytes: &[u8]) -> Vec<Column> {
    memmem::find_iter(bytes, b"\x93NUMPY").filter_map(|at| array(bytes, at)).flatten().collect()
}

fn array(bytes: &[u8], at: usize) -> Option<Vec<Column>> {
    let (width, size) = match bytes.get(at + 6..)? {
        [1, _, low, high, ..] => (2, usize::from(u16::from_le_bytes([*low, *high]))),
        [2..=3, _, low, high, 0, 0, ..] => (4, usize::from(u16::from_le_bytes([*low, *high]))),
        _ => return None,
    };
    let header = at + 8 + width;
    let text = std::str::from_utf8(bytes.get(header..header + size)?).ok()?;
    let (_, fields) = text.split_once("'descr': [")?;
    let (fields, _) = fields.split_once(")]")?;
    let mut columns = Vec::new();
    let mut offset = 0;
    for field in fields.split("), (") {
        let mut words = field.split('\'').skip(3);
        let (kind, shape) = (words.next()?, words.next()?);
        let (len, wide) = sized(kind)?;
        let count = counted(shape)?;
        if len > 0 && kind.contains(['S', 'U']) {
            let of = |number: usize| {
                let start = header + size + offset + number * len;
                Column { first: start..start + len, stride: 0, wide }
            };
            columns.extend((0..count.min(COUNT_MAX)).map(of));
        }
        offset = offset.checked_add(len.checked_mul(count)?)?;
    }
    columns.iter_mut().for_each(|column| column.stride = offset);
    (offset > 0).then_some(columns)
}

/// Strings of one field that are read.
const COUNT_MAX: usize = 64;

/// The bytes of a type, and whether its characters have four, with their order.
fn sized(kind: &str) -> Option<(usize, Option<bool>)> {
    let is_little = !kind.starts_with('>');
    let kind = kind.trim_start_matches(['<', '>', '|', '=']);
    let digits: String = kind.chars().skip(1).take_while(char::is_ascii_digit).collect();
    let number: usize = digits.parse().ok()?;
    let wide = kind.starts_with('U');
    let len = if wide { number.checked_mul(4)? } else { number };
    (len < 1 << 20).then_some((len, wide.then_some(is_little)))
}

/// How many of a field there are, by its shape: `, (3,)`.
fn counted(shape: &str) -> Option<usize> {
    let numbers = shape.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty());
    numbers
        .map(|digits| digits.parse::<usize>().ok())
        .try_fold(1, |all: usize, number| all.checked_mul(number?).filter(|count| *count < 1 << 20))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_stand_where_the_header_says() {
        let header =
            "{'descr': [('id', '<i4'), ('who', '|S3'), ('x', '<f4', (2,)), ('n', '<U2')], }\n";
        let records: Vec<u8> =
            [&b"AAAAann12345678n\0\0\0x\0\0\0"[..], b"BBBBbob12345678y\0\0\0\0\0\0\0"].concat();
        let start = [b"\x93NUMPY\x01\0", &(header.len() as u16).to_le_bytes()[..]].concat();
        let bytes = [&start, header.as_bytes(), &records].concat();
        let strings: Vec<Vec<&[u8]>> = columns(&bytes)
            .iter()
            .map(|column| column.strings(&(0..bytes.len())).map(|range| &bytes[range]).collect())
            .collect();
        assert_eq!(
            strings,
            [vec![&b"ann"[..], b"bob"], vec![b"n\0\0\0x\0\0\0", b"y\0\0\0\0\0\0\0"],]
        );
    }
}
