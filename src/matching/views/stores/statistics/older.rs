//! Files of Stata up to version 12, and SAS's transport files.

use std::io;
use std::ops::Range;

use crate::matching::views::spelling::charset::utf8_or_western;
use crate::matching::views::spelling::maps::signs::{HEAD_BYTES, filled};
use crate::matching::views::stores::numbers::{big, little};
use crate::matching::views::stores::spool::{Spool, broken, too_large};
use crate::matching::views::stores::statistics::stata::{Field, Kind, Layout, Longs};
use crate::matching::views::tour::{Look, Tour};

/// Columns of a table.
const COLUMNS_MAX: usize = 1 << 15;

/// Lines of a transport file.
const LINE_BYTES: usize = 80;

/// Where a line tells how many columns there are.
const COUNT: Range<usize> = 54..58;

/// What is told of a column of a transport file.
const NAMED_BYTES: usize = 140;

impl<L: Look> Tour<'_, L> {
    /// Looks at the rows of a file of Stata.
    pub(in crate::matching::views) fn older_stata(
        &mut self,
        spool: &mut Spool<'_>,
        chain: &str,
    ) -> io::Result<()> {
        let head = spool.all(0, HEAD_BYTES)?;
        let is_little = head[1] == 2;
        let number = |bytes: &[u8], at: usize, width: usize| {
            let number = if is_little { little } else { big };
            number(bytes, at, width).ok_or_else(broken)
        };
        let (columns, rows) = (number(&head, 4, 2)? as usize, number(&head, 6, 4)?);
        let mut at = HEAD_BYTES as u64;
        let kinds = spool.all(at, columns)?;
        let names = spool.all(at + columns as u64, 33 * columns)?;
        let (mut fields, mut len) = (Vec::new(), 0);
        for (kind, name) in kinds.iter().zip(names.chunks_exact(33)) {
            let (kind, bytes) = match kind {
                1..=244 => (Kind::Text, usize::from(*kind)),
                251 => (Kind::Number, 1),
                252 => (Kind::Number, 2),
                253 | 254 => (Kind::Number, 4),
                255 => (Kind::Number, 8),
                _ => return Err(broken()),
            };
            let name = utf8_or_western(filled(name));
            fields.push(Field { name, at: len, len: bytes, kind });
            len += bytes;
        }
        // Kinds and names, how it is sorted, formats, names and words for labels.
        let formats = if head[0] == 113 { 12 } else { 49 };
        at += ((1 + 33 + 2 + formats + 33 + 81) * columns + 2) as u64;
        // What programs add; a part without a kind ends it.
        loop {
            let part = spool.all(at, 5)?;
            let bytes = number(&part, 1, 4)?;
            at += 5 + bytes;
            if part[0] == 0 {
                break;
            }
        }
        let layout = Layout { fields, len, at, rows };
        self.fixed_rows(spool, &layout, &Longs::new(), &format!("{chain}stata"))
    }

    /// Looks at the rows of the tables of a transport file.
    pub(in crate::matching::views) fn transport(
        &mut self,
        spool: &mut Spool<'_>,
        chain: &str,
    ) -> io::Result<()> {
        let mut at = 0;
        let mut fields = Vec::new();
        let mut any = false;
        loop {
            let line = spool.some(at, LINE_BYTES)?;
            if line.len() < LINE_BYTES {
                return if any { Ok(()) } else { Err(broken()) };
            }
            at += LINE_BYTES as u64;
            let Some(part) = line.strip_prefix(b"HEADER RECORD*******") else { continue };
            if part.starts_with(b"NAMESTR") || part.starts_with(b"NAMSTV8") {
                let count = std::str::from_utf8(&line[COUNT]).ok();
                let count = count.and_then(|count| count.trim().parse().ok());
                let count: usize = count.ok_or_else(broken)?;
                if count > COLUMNS_MAX {
                    return Err(too_large());
                }
                let named = spool.all(at, count * NAMED_BYTES)?;
                fields = named.chunks_exact(NAMED_BYTES).filter_map(field).collect();
                at += (count * NAMED_BYTES).next_multiple_of(LINE_BYTES) as u64;
            } else if part.starts_with(b"OBS") {
                any = true;
                at = self.transported(spool, std::mem::take(&mut fields), at, chain)?;
            }
        }
    }

    /// Looks at the rows from a place on, and tells where the next part begins.
    fn transported(
        &mut self,
        spool: &mut Spool<'_>,
        fields: Vec<Field>,
        at: u64,
        chain: &str,
    ) -> io::Result<u64> {
        let mut end = at;
        loop {
            let line = spool.some(end, LINE_BYTES)?;
            if line.is_empty() || line.starts_with(b"HEADER RECORD*******MEMB") {
                break;
            }
            end += line.len() as u64;
        }
        let len = fields.iter().map(|field| field.at + field.len).max().unwrap_or(0);
        let rows = (end - at) / len.max(1) as u64;
        let layout = Layout { fields, len, at, rows };
        if len > 0 {
            self.fixed_rows(spool, &layout, &Longs::new(), &format!("{chain}xport"))?;
        }
        Ok(end)
    }
}

/// A column, by what is told of it.
fn field(named: &[u8]) -> Option<Field> {
    let kind = if big(named, 0, 2)? == 2 { Kind::Text } else { Kind::Number };
    let (len, at) = (big(named, 4, 2)? as usize, big(named, 84, 4)? as usize);
    let name = utf8_or_western(filled(&named[8..16]));
    (at < 1 << 20).then_some(Field { name, at, len, kind })
}
