//! Elements of an array as rows, their texts after the names of their fields.

use std::io;

use crate::matching::views::columns::rows::{Row, Rows};
use crate::matching::views::spelling::maps::arrays::{described, fields};
use crate::matching::views::stores::spool::{Spool, broken};
use crate::matching::views::tour::{Look, Tour};

/// Bytes of records that are taken in at a time.
const PART_BYTES: usize = 256 << 10;

/// Bytes that tell of the fields.
const HEAD_BYTES_MAX: usize = 64 << 10;

impl<L: Look> Tour<'_, L> {
    /// Looks at the records of an array.
    pub(in crate::matching::views) fn numpy(
        &mut self,
        spool: &mut Spool<'_>,
        chain: &str,
    ) -> io::Result<()> {
        let head = spool.some(0, HEAD_BYTES_MAX)?;
        let (text, mut at) = described(&head).ok_or_else(broken)?;
        let (fields, len) = fields(&text).ok_or_else(broken)?;
        let names = fields.iter().map(|field| field.name.clone()).collect();
        let mut rows = Rows::new(&format!("{chain}npy"), "", names);
        while at < spool.size() {
            let part = spool.some(at, (PART_BYTES / len).max(1) * len)?;
            for record in part.chunks_exact(len) {
                let cells = fields.iter().enumerate().filter_map(|(number, field)| {
                    let text = field.text(record)?;
                    (!text.is_empty()).then_some((number, text))
                });
                let row: Row = cells.collect();
                if !row.is_empty() && rows.add(row) {
                    self.rows(&mut rows);
                }
            }
            at += part.len() as u64;
        }
        self.rows(&mut rows);
        Ok(())
    }
}
