//! Characters of netCDF's classic files: arrays whose last side is as long as the longest text, so
//! that texts which fill it have nothing between them.
//!
//! <https://docs.unidata.ucar.edu/netcdf-c/current/file_format_specifications.html>

use std::collections::BTreeMap;
use std::io;

use crate::matching::views::columns::rows::{Row, Rows};
use crate::matching::views::spelling::charset::utf8_or_western;
use crate::matching::views::stores::numbers::big;
use crate::matching::views::stores::spool::{Spool, broken, too_large};
use crate::matching::views::tour::{Look, Tour};

/// Bytes of the head that are read.
const HEAD_BYTES_MAX: usize = 8 << 20;

/// Characters, among the types of values.
const CHARS: u64 = 2;

/// Bytes of values of each type, from the first on.
const WIDTHS: [usize; 11] = [1, 1, 2, 4, 4, 8, 1, 2, 4, 8, 8];

/// Bytes of a text.
const TEXT_BYTES_MAX: u64 = 64 << 10;

/// A variable of texts.
struct Texts {
    name: String,
    at: u64,
    width: u64,
    /// Texts of one record, and how far records are apart.
    per_record: u64,
    step: u64,
    count: u64,
}

impl<L: Look> Tour<'_, L> {
    /// Looks at the texts of all variables, those of one place together.
    pub(in crate::matching::views) fn netcdf(
        &mut self,
        spool: &mut Spool<'_>,
        chain: &str,
    ) -> io::Result<()> {
        let head = spool.some(0, HEAD_BYTES_MAX)?;
        let mut all: BTreeMap<u64, Vec<Texts>> = BTreeMap::new();
        for texts in (Head { bytes: &head, at: 0, wide: 4 }).texts()? {
            all.entry(texts.count).or_default().push(texts);
        }
        for (count, all) in all {
            let names = all.iter().map(|texts| texts.name.clone()).collect();
            let mut rows = Rows::new(&format!("{chain}netcdf"), "", names);
            for number in 0..count {
                let mut row = Row::new();
                for (column, texts) in all.iter().enumerate() {
                    let (record, within) = (number / texts.per_record, number % texts.per_record);
                    let at = record.checked_mul(texts.step).ok_or_else(broken)?;
                    let at = texts.at.saturating_add(at).saturating_add(within * texts.width);
                    let bytes = spool.some(at, texts.width as usize)?;
                    let end = bytes.iter().rposition(|byte| !matches!(byte, 0 | b' '));
                    let text = &bytes[..end.map_or(0, |end| end + 1)];
                    if !text.is_empty() {
                        row.push((column, utf8_or_western(text)));
                    }
                }
                self.meter.pace(self.limits)?;
                if !row.is_empty() && rows.add(row) {
                    self.rows(&mut rows);
                }
                // Behind the end there is no more, whatever the head says.
                if all.iter().all(|texts| texts.at > spool.size()) {
                    break;
                }
            }
            self.rows(&mut rows);
        }
        Ok(())
    }
}

/// The head of a file while it is read.
struct Head<'h> {
    bytes: &'h [u8],
    at: usize,
    /// Bytes of a count.
    wide: usize,
}

impl Head<'_> {
    fn number(&mut self, width: usize) -> io::Result<u64> {
        let number = big(self.bytes, self.at, width).ok_or_else(broken)?;
        self.at += width;
        Ok(number)
    }

    fn count(&mut self) -> io::Result<u64> {
        self.number(self.wide)
    }

    fn skip(&mut self, len: u64) -> io::Result<()> {
        let len = usize::try_from(len).ok().and_then(|len| len.checked_next_multiple_of(4));
        let end = len.and_then(|len| self.at.checked_add(len));
        self.at = end.filter(|end| *end <= self.bytes.len()).ok_or_else(broken)?;
        Ok(())
    }

    fn name(&mut self) -> io::Result<String> {
        let len = self.count()?;
        let at = self.at;
        self.skip(len)?;
        Ok(utf8_or_western(&self.bytes[at..at + len as usize]))
    }

    /// How many things a list has.
    fn list(&mut self) -> io::Result<u64> {
        self.number(4)?;
        let count = self.count()?;
        if count > self.bytes.len() as u64 { Err(broken()) } else { Ok(count) }
    }

    fn attributes(&mut self) -> io::Result<()> {
        for _ in 0..self.list()? {
            self.name()?;
            let kind = self.number(4)?;
            let count = self.count()?;
            let width = kind.checked_sub(1).and_then(|kind| WIDTHS.get(kind as usize));
            self.skip(count.saturating_mul(*width.ok_or_else(broken)? as u64))?;
        }
        Ok(())
    }

    /// The variables of texts.
    fn texts(&mut self) -> io::Result<Vec<Texts>> {
        let version = self.bytes.get(3).copied().ok_or_else(broken)?;
        (self.at, self.wide) = (4, if version == 5 { 8 } else { 4 });
        let records = self.count()?;
        let mut sides = Vec::new();
        for _ in 0..self.list()? {
            self.name()?;
            sides.push(self.count()?);
        }
        self.attributes()?;
        let mut all = Vec::new();
        let mut step = 0u64;
        for _ in 0..self.list()? {
            let name = self.name()?;
            let rank = self.count()?.min(self.bytes.len() as u64);
            let sides: Vec<u64> = (0..rank)
                .map(|_| {
                    let side = usize::try_from(self.count()?).map_err(|_| broken())?;
                    sides.get(side).copied().ok_or_else(broken)
                })
                .collect::<io::Result<_>>()?;
            self.attributes()?;
            let kind = self.number(4)?;
            let size = self.count()?;
            let at = self.number(if version == 1 { 4 } else { 8 })?;
            let by_record = sides.first() == Some(&0);
            step = step.saturating_add(if by_record { size } else { 0 });
            let Some((width, before)) = sides.split_last().filter(|_| kind == CHARS) else {
                continue;
            };
            if *width > TEXT_BYTES_MAX {
                return Err(too_large());
            }
            let before = before.iter().skip(usize::from(by_record));
            let per_record = before.fold(1u64, |all, side| all.saturating_mul(*side));
            let count = per_record.saturating_mul(if by_record { records } else { 1 });
            if *width > 0 && per_record > 0 {
                let step = u64::from(by_record);
                all.push(Texts { name, at, width: *width, per_record, step, count });
            }
        }
        all.iter_mut().for_each(|texts| texts.step *= step);
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_tells_of_its_texts() {
        let name = |name: &str| {
            let mut bytes = (name.len() as u32).to_be_bytes().to_vec();
            bytes.extend(name.as_bytes());
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            bytes
        };
        let numbers =
            |all: &[u32]| all.iter().flat_map(|one| one.to_be_bytes()).collect::<Vec<_>>();
        let bytes = [
            b"CDF\x01".to_vec(),
            numbers(&[0, 10, 2]),
            name("n"),
            numbers(&[3]),
            name("width"),
            numbers(&[29]),
            numbers(&[12, 1]),
            name("by"),
            numbers(&[2, 3]),
            b"ann\0".to_vec(),
            numbers(&[11, 1]),
            name("who"),
            numbers(&[2, 0, 1, 0, 0, 2, 88, 200]),
        ]
        .concat();
        let all = (Head { bytes: &bytes, at: 0, wide: 4 }).texts().unwrap();
        let told: Vec<_> =
            all.iter().map(|one| (&*one.name, one.at, one.width, one.count)).collect();
        assert_eq!(told, [("who", 200, 29, 3)]);
        for len in 0..bytes.len() {
            assert!((Head { bytes: &bytes[..len], at: 0, wide: 4 }).texts().is_err(), "{len}");
        }
    }
}
