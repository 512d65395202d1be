//! Elements of an array as rows, their texts after the names of their fields.

use std::io;

use crate::matching::views::columns::rows::{Row, Rows};
use crate::matching::views::spelling::maps::arrays::{
    Field, described, fields, has_objects, rows_of_columns,
};
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
        if has_objects(&text) {
            return self.pickle(spool, at, &format!("{chain}npy > "), name_of(chain));
        }
        let (fields, len) = fields(&text).ok_or_else(broken)?;
        let names = match (&fields[..], name_of(chain)) {
            ([field], Some(name)) if field.name.is_empty() => vec![name.to_owned()],
            _ => fields.iter().map(|field| field.name.clone()).collect(),
        };
        let is_lone = fields.len() == 1 && fields[0].name.is_empty();
        // Without a name they are read with the bytes.
        if is_lone && name_of(chain).is_none() {
            return Ok(());
        }
        let mut rows = Rows::new(&format!("{chain}npy"), "", names).apart();
        if let Some(count) = rows_of_columns(&text) {
            return self.by_column((spool, at), count, (fields.len(), &fields[0]), rows);
        }
        while at < spool.size() {
            let part = spool.some(at, (PART_BYTES / len).max(1) * len)?;
            for record in part.chunks_exact(len) {
                let cells = fields.iter().enumerate().filter_map(|(number, field)| {
                    let text = field.text(record)?;
                    (!text.is_empty()).then_some((number, text))
                });
                let row: Row = cells.collect();
                // Those of another array may stand beside.
                if (is_lone || !row.is_empty()) && rows.add(row) {
                    self.rows(&mut rows);
                }
            }
            at += part.len() as u64;
        }
        self.rows(&mut rows);
        Ok(())
    }

    /// Looks at rows whose cells lie apart: those of each column one behind the other.
    fn by_column(
        &mut self,
        (spool, at): (&mut Spool<'_>, u64),
        count: usize,
        (columns, field): (usize, &Field),
        mut rows: Rows,
    ) -> io::Result<()> {
        let len = field.width();
        let many = (PART_BYTES / (columns * len).max(1)).max(1);
        // A file may say that it has more than it has.
        let count = count.min((spool.size() / (columns * len).max(1) as u64) as usize + 1);
        for start in (0..count).step_by(many) {
            let many = many.min(count - start);
            let mut parts = Vec::new();
            for column in 0..columns {
                let place = at + ((column * count + start) * len) as u64;
                parts.push(spool.some(place, many * len)?);
            }
            for row in 0..many {
                let cell = |(number, part): (usize, &Vec<u8>)| {
                    let text = field.text(part.get(row * len..(row + 1) * len)?)?;
                    (!text.is_empty()).then_some((number, text))
                };
                let row: Row = parts.iter().enumerate().filter_map(cell).collect();
                if !row.is_empty() && rows.add(row) {
                    self.rows(&mut rows);
                }
            }
        }
        self.rows(&mut rows);
        Ok(())
    }
}

/// What an array is called that is a member of an archive.
fn name_of(chain: &str) -> Option<&str> {
    chain.strip_suffix(".npy > ")?.rsplit("zip:").next()
}
