//! The buffers that come of what changes in a column of one batch.

use std::io::{self, Write};

use tempfile::SpooledTempFile;

use crate::matching::redact::refusal::Stop;
use crate::matching::redact::tables::edits::Edits;
use crate::matching::views::packing::zip::{SPOOL_BYTES_MAX, copy};
use crate::matching::views::stores::arrow::buffers::{Buffer, Buffers};
use crate::matching::views::stores::arrow::columns::{Cell, Column, Values};
use crate::matching::views::stores::arrow::messages::CELLS;
use crate::matching::views::stores::numbers::little;

/// Bytes of a view, and of a value that stands in it.
const VIEW_BYTES: usize = 16;
const SHORT_BYTES_MAX: usize = 12;

impl Edits {
    /// The buffers of the column that change, behind the first.
    ///
    /// # Errors
    /// There is no room for what is put, or a buffer is none.
    pub fn written(
        &self,
        column: &Column,
        buffers: &mut Buffers<'_, '_>,
    ) -> Result<Vec<SpooledTempFile>, Stop> {
        match &column.values {
            Values::Ends { width, ends, values, .. } => {
                self.behind_ends(*width, (*ends, *values), column.len, buffers)
            }
            Values::Views { values, .. } => self.behind_views(values.len(), column, buffers),
            Values::Fixed { width, values } => {
                let mut out = spool();
                let mut from = 0;
                for (index, anew) in self.iter() {
                    let at = index * *width as u64;
                    part(buffers, *values, from..at, &mut out)?;
                    out.write_all(anew).map_err(Stop::Write)?;
                    from = at + anew.len() as u64;
                }
                part(buffers, *values, from..column.len.saturating_mul(*width as u64), &mut out)?;
                Ok(vec![out])
            }
            Values::Listed { .. } => Err(broken()),
        }
    }

    fn behind_ends(
        &self,
        width: usize,
        (ends, values): (Buffer, Buffer),
        len: u64,
        buffers: &mut Buffers<'_, '_>,
    ) -> Result<Vec<SpooledTempFile>, Stop> {
        let (mut ends_out, mut values_out) = (spool(), spool());
        let most = if width == 4 { i32::MAX as u64 } else { i64::MAX as u64 };
        let mut edits = self.iter().peekable();
        let (mut written, mut copied, mut number, mut last) = (0, None, 0, 0);
        ends_out.write_all(&vec![0; width]).map_err(Stop::Write)?;
        while number < len {
            let count = CELLS.min(len - number);
            let wide = width as u64;
            let bytes =
                buffers.bytes(ends, number * wide, (count + 1) * wide).map_err(Stop::Read)?;
            let end = |index: usize| little(&bytes, index * width, width).unwrap_or(0);
            for index in 0..count as usize {
                let (start, end) = (end(index), end(index + 1));
                let from = *copied.get_or_insert(start);
                written += end.checked_sub(start).ok_or_else(broken)?;
                if let Some((_, anew)) = edits.next_if(|(at, _)| *at == number + index as u64) {
                    part(buffers, values, from..start, &mut values_out)?;
                    values_out.write_all(anew).map_err(Stop::Write)?;
                    written = written - (end - start) + anew.len() as u64;
                    copied = Some(end);
                }
                if written > most {
                    return Err(no_room());
                }
                ends_out.write_all(&written.to_le_bytes()[..width]).map_err(Stop::Write)?;
                last = end;
            }
            number += count;
        }
        part(buffers, values, copied.unwrap_or(0)..last, &mut values_out)?;
        Ok(vec![ends_out, values_out])
    }

    /// All that does not stand in its place is written into the first of the other buffers: others
    /// may have pointed into the midst of what is changed.
    fn behind_views(
        &self,
        several: usize,
        column: &Column,
        buffers: &mut Buffers<'_, '_>,
    ) -> Result<Vec<SpooledTempFile>, Stop> {
        let (mut places, mut values) = (spool(), spool());
        let mut edits = self.iter().peekable();
        let (mut number, mut at) = (0, 0u64);
        while number < column.len {
            for cell in column.cells(buffers, number, CELLS).map_err(Stop::Read)? {
                let anew = edits.next_if(|(index, _)| *index == number).map(|(_, anew)| anew);
                let bytes = match (anew, cell) {
                    (Some(anew), _) => anew.to_vec(),
                    (None, Cell::Here { bytes, .. }) => bytes,
                    (None, Cell::There { values, at, len, .. }) => {
                        buffers.bytes(values, at, len).map_err(Stop::Read)?
                    }
                    (None, Cell::Listed { .. }) => return Err(broken()),
                };
                let mut view = [0; VIEW_BYTES];
                view[..4].copy_from_slice(&(bytes.len() as u32).to_le_bytes());
                if bytes.len() <= SHORT_BYTES_MAX {
                    view[4..4 + bytes.len()].copy_from_slice(&bytes);
                } else {
                    let place = i32::try_from(at).map_err(|_| no_room())?;
                    view[4..8].copy_from_slice(&bytes[..4]);
                    view[12..].copy_from_slice(&place.to_le_bytes());
                    values.write_all(&bytes).map_err(Stop::Write)?;
                    at += bytes.len() as u64;
                }
                places.write_all(&view).map_err(Stop::Write)?;
                number += 1;
            }
        }
        if several == 0 && at > 0 || at > i32::MAX as u64 {
            return Err(no_room());
        }
        let others = (1..several).map(|_| spool());
        let first = (several > 0).then_some(values);
        Ok([places].into_iter().chain(first).chain(others).collect())
    }
}

/// Copies a part of a buffer.
fn part(
    buffers: &mut Buffers<'_, '_>,
    buffer: Buffer,
    range: std::ops::Range<u64>,
    out: &mut dyn Write,
) -> Result<(), Stop> {
    let len = range.end.checked_sub(range.start).ok_or_else(broken)?;
    copy(&mut buffers.stream(buffer, range.start, len), out).map_err(|error| match error.kind() {
        io::ErrorKind::StorageFull => Stop::Write(error),
        _ => Stop::Read(error),
    })
}

fn spool() -> SpooledTempFile {
    tempfile::spooled_tempfile(SPOOL_BYTES_MAX)
}

fn no_room() -> Stop {
    Stop::not("arrow: no room")
}

fn broken() -> Stop {
    Stop::not("arrow: broken")
}
