//! Sheets of spreadsheets in XML: a cell that is no number any more says so, and the names of
//! sheets have no brackets.

use crate::matching::redact::edits::{Edit, Piece};
use crate::matching::redact::syntax::tokens::word;

/// Bytes before a value in which its cell begins.
const CELL_BYTES_MAX: usize = 4 << 10;

/// What stands in the place of this edit, if it is in such a sheet.
pub fn piece(window: &[u8], edit: &Edit) -> Option<Piece> {
    let before = &window[edit.range.start.saturating_sub(CELL_BYTES_MAX)..edit.range.start];
    let tag = &before[memchr::memrchr(b'<', before)?..];
    // In formulas names of sheets stand, too.
    let names: [&[u8]; 4] = [b"<sheet ", b"<f>", b"<f ", b"<definedName "];
    if names.iter().any(|name| tag.starts_with(name)) {
        let bytes = word(&edit.put.text()).into_bytes();
        return Some(Piece { range: edit.range.clone(), bytes });
    }
    let is_value = tag.starts_with(b"<v>") || tag.starts_with(b"<v ");
    let head_of_value = memchr::memchr(b'>', tag).filter(|_| is_value)? + 1;
    let opened = [b"<c ", b"<c>"].map(|tag| memchr::memmem::rfind(before, tag));
    let cell = opened.into_iter().flatten().max()?;
    let head = cell + memchr::memchr(b'>', &before[cell..])?;
    let attributes = std::str::from_utf8(&before[cell..head]).ok()?;
    let kind = attributes.split_once(" t=\"").map(|(_, rest)| rest.split('"').next());
    if attributes.ends_with('/') || kind.flatten().is_some_and(|kind| kind != "n") {
        return None;
    }
    // Nothing but text stands in a value; where it does not end, this is none.
    let behind = &window[edit.range.end..window.len().min(edit.range.end + CELL_BYTES_MAX)];
    let close = memchr::memchr(b'<', behind).filter(|at| behind[*at..].starts_with(b"</v>"))?;
    let end = edit.range.end + close;
    let start = edit.range.start - (before.len() - cell);
    let value = edit.range.start - (tag.len() - head_of_value);
    let between = &window[start + (head - cell)..value];
    let attributes = attributes.replace(" t=\"n\"", "");
    let bytes =
        [attributes.as_bytes(), b" t=\"str\"", between, edit.put.text().as_bytes()].concat();
    Some(Piece { range: start..end, bytes })
}
