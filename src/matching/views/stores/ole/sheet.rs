//! The texts of an Excel sheet, row by row (BIFF8).

use crate::matching::views::columns::rows::Row;
use crate::matching::views::stores::numbers::little;

/// Texts of a book, in bytes.
const TEXTS_BYTES_MAX: usize = 24 << 20;

/// What a book says.
#[derive(Default)]
pub struct Book {
    /// Whether it is encrypted.
    pub is_encrypted: bool,
    /// Texts by their number.
    texts: Vec<String>,
    /// Cells that have text: row, column, and which.
    pub rows: Vec<Row>,
}

/// A record, with those that continue it.
struct Record<'b> {
    kind: u64,
    parts: Vec<&'b [u8]>,
}

/// Reads a book; `None` if it is of another version, or too large.
pub fn book(bytes: &[u8]) -> Option<Book> {
    const LISTED: u64 = 0xfc;
    const CELL: u64 = 0xfd;
    const LABEL: u64 = 0x204;
    const RESULT: u64 = 0x207;
    const ENCRYPTED: u64 = 0x2f;
    let mut book = Book::default();
    let (mut held, mut row_before) = (0, None);
    for record in records(bytes) {
        let data = record.parts[0];
        let number = |at, width| little(data, at, width).map(|number| number as usize);
        match record.kind {
            ENCRYPTED => book.is_encrypted = true,
            LISTED => book.texts = Texts::new(&record.parts, 8).list(number(4, 4)?)?,
            CELL | LABEL | RESULT => {
                let text = match record.kind {
                    CELL => number(6, 4).and_then(|index| book.texts.get(index)).cloned(),
                    LABEL => Texts::new(&record.parts, 6).next(),
                    _ => Texts::new(&record.parts, 0).next(),
                };
                let Some(text) = text else { continue };
                // The result of a formula follows the cell that has it.
                let row = if record.kind == RESULT { row_before } else { number(0, 2) };
                held += text.len() + 64;
                if held > TEXTS_BYTES_MAX {
                    return None;
                }
                let column = number(2, 2).filter(|_| record.kind != RESULT).unwrap_or(0);
                match book.rows.last_mut().filter(|_| row == row_before) {
                    Some(row) => row.push((column, text)),
                    None => {
                        book.rows.push(Row::default());
                        book.rows.last_mut()?.push((column, text));
                    }
                }
                row_before = row;
            }
            _ => {}
        }
    }
    Some(book)
}

fn records(bytes: &[u8]) -> Vec<Record<'_>> {
    const CONTINUED: u64 = 0x3c;
    let mut all: Vec<Record<'_>> = Vec::new();
    let mut at = 0;
    while let (Some(kind), Some(len)) = (little(bytes, at, 2), little(bytes, at + 2, 2)) {
        let Some(data) = bytes.get(at + 4..at + 4 + len as usize) else { break };
        match all.last_mut().filter(|_| kind == CONTINUED) {
            Some(last) => last.parts.push(data),
            None => all.push(Record { kind, parts: vec![data] }),
        }
        at += 4 + len as usize;
    }
    all
}

/// Texts one behind the other, over the parts of a record.
struct Texts<'p, 'b> {
    parts: &'p [&'b [u8]],
    part: usize,
    at: usize,
}

impl<'p, 'b> Texts<'p, 'b> {
    fn new(parts: &'p [&'b [u8]], at: usize) -> Self {
        Self { parts, part: 0, at }
    }

    fn list(mut self, count: usize) -> Option<Vec<String>> {
        let (mut all, mut held) = (Vec::new(), 0);
        for _ in 0..count {
            let Some(text) = self.next() else { break };
            held += text.len() + size_of::<String>();
            if held > TEXTS_BYTES_MAX {
                return None;
            }
            all.push(text);
        }
        Some(all)
    }

    fn next(&mut self) -> Option<String> {
        let (len, flags) = (self.number(2)?, self.number(1)?);
        let runs = if flags & 8 != 0 { self.number(2)? } else { 0 };
        let extra = if flags & 4 != 0 { self.number(4)? } else { 0 };
        let mut units = Vec::new();
        let (mut is_wide, mut left) = (flags & 1 != 0, len);
        while left > 0 {
            if self.at >= self.parts.get(self.part)?.len() {
                // Where a text is continued, it says anew how wide it is.
                (self.part, self.at) = (self.part + 1, 1);
                is_wide = self.parts.get(self.part)?.first()? & 1 != 0;
                continue;
            }
            let width = if is_wide { 2 } else { 1 };
            units.push(little(self.parts[self.part], self.at, width)? as u16);
            self.at += width;
            left -= 1;
        }
        self.skip(4 * runs + extra);
        Some(String::from_utf16_lossy(&units))
    }

    fn number(&mut self, width: usize) -> Option<usize> {
        if self.at >= self.parts.get(self.part)?.len() {
            (self.part, self.at) = (self.part + 1, 0);
        }
        let number = little(self.parts.get(self.part)?, self.at, width)?;
        self.at += width;
        Some(number as usize)
    }

    fn skip(&mut self, mut len: usize) {
        while let Some(part) = self.parts.get(self.part) {
            let here = part.len().saturating_sub(self.at);
            if len <= here {
                self.at += len;
                return;
            }
            len -= here;
            (self.part, self.at) = (self.part + 1, 0);
        }
    }
}
