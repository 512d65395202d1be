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

impl Texts {
    /// Where one of them begins.
    fn place(&self, number: u64) -> u64 {
        let (record, within) = (number / self.per_record, number % self.per_record);
        let at = self.at.saturating_add(record.saturating_mul(self.step));
        at.saturating_add(within.saturating_mul(self.width))
    }
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
                let mut is_behind = true;
                for (column, texts) in all.iter().enumerate() {
                    let at = texts.place(number);
                    is_behind &= at >= spool.size();
                    let bytes = spool.some(at, texts.width as usize)?;
                    let end = bytes.iter().rposition(|byte| !matches!(byte, 0 | b' '));
                    let text = utf8_or_western(&bytes[..end.map_or(0, |end| end + 1)]);
                    if !text.is_empty() {
                        self.make_room(&mut rows, &mut row, text.len());
                        row.push((column, text));
                    }
                }
                self.meter.pace(self.limits)?;
                if !row.is_empty() && rows.add(row) {
                    self.rows(&mut rows);
                }
                // Behind the end there is no more, whatever the head says.
                if is_behind {
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
        let (mut step, mut by_records) = (0u64, 0);
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
            by_records += usize::from(by_record);
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
        for texts in &mut all {
            // Records of one variable alone are not filled up, whatever its size says.
            let bytes = texts.per_record.saturating_mul(texts.width);
            texts.step *= if by_records == 1 { bytes } else { step };
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;
    use crate::matching::limits::ItemLimits;
    use crate::matching::views::meter::Meter;

    /// Whatever is looked at.
    #[derive(Default)]
    struct Seen(Vec<String>);

    impl Look for Seen {
        type What = ();

        fn look(&mut self, text: &str, _: &mut dyn FnMut((), Range<usize>)) {
            self.0.push(text.to_owned());
        }

        fn keep(&mut self, (): &()) -> bool {
            true
        }
    }

    /// What is looked at in a file, and whether it ended well.
    fn seen(bytes: &[u8]) -> (Vec<String>, io::Result<()>) {
        let (limits, meter, mut seen) = (ItemLimits::default(), Meter::default(), Seen::default());
        let mut tour = Tour::new(&mut seen, &limits, &meter);
        let (mut spool, _) = Spool::take(&mut &*bytes, &meter, &limits).unwrap();
        let ended = tour.netcdf(&mut spool, "");
        (seen.0, ended)
    }

    fn name(name: &str) -> Vec<u8> {
        let mut bytes = (name.len() as u32).to_be_bytes().to_vec();
        bytes.extend(name.as_bytes());
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn numbers(all: &[u32]) -> Vec<u8> {
        all.iter().flat_map(|one| one.to_be_bytes()).collect()
    }

    /// A file of records of texts of so many bytes, by so many variables that begin at these places
    /// behind the head.
    fn of_records(records: u32, width: u32, places: &[u32], texts: &[u8]) -> Vec<u8> {
        let count = places.len() as u32;
        let head = [b"CDF\x01".to_vec(), numbers(&[records, 10, 2]), name("time"), numbers(&[0])];
        let sides = [name("width"), numbers(&[width, 0, 0, 11, count])];
        let mut bytes = [head.concat(), sides.concat()].concat();
        let len = bytes.len() as u32 + count * 40;
        for place in places {
            bytes.extend(name("who"));
            let size = width.next_multiple_of(4);
            bytes.extend(numbers(&[2, 0, 1, 0, 0, 2, size, len + place]));
        }
        bytes.extend(texts);
        bytes
    }

    #[test]
    fn records_of_one_variable_are_not_filled_up() {
        let texts = b"mira oseiadisa olukofi mensa";
        for records in [3, u32::MAX] {
            let (seen, ended) = seen(&of_records(records, 9, &[0], texts));
            assert!(ended.is_ok(), "{ended:?}");
            let seen = seen.concat();
            for text in ["mira osei", "adisa olu", "kofi mens"] {
                assert!(seen.contains(&format!("who: {text}\n")), "{seen}");
            }
        }
        let two = b"mira osei\0\0\0adisa olu\0\0\0kofi mens\0\0\0olu mensa\0\0\0";
        let (seen, ended) = seen(&of_records(u32::MAX, 9, &[0, 12], two));
        assert!(ended.is_ok() && seen.concat().contains("who: kofi mens\nwho: olu mensa\n"));
    }

    #[test]
    fn variables_at_one_place_are_not_all_held_in_one_row() {
        let mut text = b"mira osei, ".repeat(6000);
        text.truncate(64 << 10);
        let (seen, ended) = seen(&of_records(1, 64 << 10, &[0; 40], &text));
        assert!(ended.is_ok() && seen.iter().any(|text| text.contains("who|who|")));
        assert!(!seen.iter().any(|text| text.contains(&"who|".repeat(20))));
    }

    #[test]
    fn a_head_tells_of_its_texts() {
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
