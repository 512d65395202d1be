//! Cells of pages, and the records in them.

use std::ops::Range;

use crate::matching::views::stores::numbers::big;

/// What a page holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Where the rows of a table are.
    Branch,
    /// Rows of a table.
    Rows,
    /// Entries of an index, and where more of them are.
    IndexBranch,
    /// Entries of an index.
    Index,
}

/// A page with cells.
pub struct Cells {
    /// What they are.
    pub content: Content,
    /// Where what tells of them begins: two bytes each.
    pub first: usize,
    /// Where they begin.
    pub starts: Vec<usize>,
    /// The last child, of a page that has children.
    pub last: Option<u32>,
}

/// Where a record begins, and how it goes on.
pub struct Cell {
    /// The page before it, in a page that has children.
    pub child: Option<u32>,
    /// The key of a row.
    pub key: Option<i64>,
    /// Bytes of the record.
    pub len: u64,
    /// Those of them that stand here.
    pub here: Range<usize>,
    /// The page that has more.
    pub next: u32,
}

/// A value of a record.
pub enum Value<'r> {
    /// A whole number.
    Number(i64),
    /// Text, in the encoding of the database.
    Text(&'r [u8]),
    /// Bytes.
    Bytes(&'r [u8]),
    /// Nothing, or a number with a fraction.
    Other,
}

/// The cells of a page of this number; `None` if it has none.
pub fn cells(page: &[u8], number: u32) -> Option<Cells> {
    let head = if number == 1 { 100 } else { 0 };
    let (content, has_children) = match page.get(head)? {
        2 => (Content::IndexBranch, true),
        5 => (Content::Branch, true),
        10 => (Content::Index, false),
        13 => (Content::Rows, false),
        _ => return None,
    };
    let count = big(page, head + 3, 2)? as usize;
    let first = head + if has_children { 12 } else { 8 };
    let starts: Option<Vec<usize>> = (0..count)
        .map(|index| big(page, first + 2 * index, 2).map(|start| start as usize))
        .collect();
    let starts =
        starts.filter(|starts| starts.iter().all(|start| (1..page.len()).contains(start)))?;
    let last = if has_children { Some(big(page, head + 8, 4)? as u32) } else { None };
    Some(Cells { content, first, starts, last })
}

/// The cell that begins here in a page of which so many bytes are used.
pub fn cell(page: &[u8], content: Content, start: usize, usable: usize) -> Option<Cell> {
    let mut at = start;
    let mut child = None;
    if matches!(content, Content::Branch | Content::IndexBranch) {
        child = Some(big(page, at, 4)? as u32);
        at += 4;
    }
    if content == Content::Branch {
        return Some(Cell { child, key: None, len: 0, here: at..at, next: 0 });
    }
    let len = varint(page, &mut at)?;
    let key = match content {
        Content::Rows => Some(varint(page, &mut at)? as i64),
        _ => None,
    };
    let local = local(len, usable, content == Content::Rows)?;
    let end = at + local;
    page.get(at..end)?;
    let next = if local as u64 == len { 0 } else { big(page, end, 4)? as u32 };
    Some(Cell { child, key, len, here: at..end, next })
}

/// How many bytes of a record stand in its page.
fn local(len: u64, usable: usize, is_row: bool) -> Option<usize> {
    let usable = usable as u64;
    let share = |of: u64| (usable.checked_sub(12)? * of / 255).checked_sub(23);
    let most = if is_row { usable.checked_sub(35)? } else { share(64)? };
    if len <= most {
        return usize::try_from(len).ok();
    }
    let least = share(32)?;
    let kept = least + (len - least) % (usable - 4);
    usize::try_from(if kept <= most { kept } else { least }).ok()
}

/// The values of a record; of one that is cut, those that are there.
pub fn values(record: &[u8]) -> Option<Vec<Value<'_>>> {
    let mut at = 0;
    let head = usize::try_from(varint(record, &mut at)?).ok()?;
    let mut body = head;
    let mut values = Vec::new();
    while at < head {
        let kind = varint(record.get(..head.min(record.len()))?, &mut at)?;
        let end = body.saturating_add(width(kind)?);
        let bytes = record.get(body..end.min(record.len())).unwrap_or_default();
        values.push(value(kind, bytes)?);
        body = end;
    }
    Some(values)
}

/// The values whose kinds stand here, and where they end, if all of them are there.
pub fn values_from(
    bytes: &[u8],
    kinds: Range<usize>,
    values_max: usize,
) -> Option<(Vec<Value<'_>>, usize)> {
    let (mut at, mut body) = (kinds.start, kinds.end);
    let mut values = Vec::new();
    while at < kinds.end {
        let kind = varint(&bytes[..kinds.end], &mut at)?;
        let end = body.checked_add(width(kind)?)?;
        if matches!(kind, 10 | 11) || values.len() == values_max {
            return None;
        }
        values.push(value(kind, bytes.get(body..end)?)?);
        body = end;
    }
    Some((values, body))
}

/// Bytes of a value of this kind.
fn width(kind: u64) -> Option<usize> {
    let width = match kind {
        0 | 8..=11 => 0,
        1..=4 => kind,
        5 => 6,
        6 | 7 => 8,
        _ => (kind - 12) / 2,
    };
    usize::try_from(width).ok()
}

fn value(kind: u64, bytes: &[u8]) -> Option<Value<'_>> {
    Some(match kind {
        1..=6 if Some(bytes.len()) == width(kind) => {
            let unsigned = big(bytes, 0, bytes.len())?;
            let shift = 64 - 8 * bytes.len() as u32;
            Value::Number(((unsigned << shift) as i64) >> shift)
        }
        8 | 9 => Value::Number(kind as i64 - 8),
        12.. if kind % 2 == 1 => Value::Text(bytes),
        12.. => Value::Bytes(bytes),
        _ => Value::Other,
    })
}

/// Bytes of the longest number.
pub const NUMBER_BYTES: usize = 9;

/// A number of seven bits a byte, the high ones first; the ninth byte has eight.
pub fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0u64;
    for index in 0..NUMBER_BYTES {
        let byte = *bytes.get(*at)?;
        *at += 1;
        if index == 8 {
            return Some(value << 8 | u64::from(byte));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte < 0x80 {
            break;
        }
    }
    Some(value)
}
