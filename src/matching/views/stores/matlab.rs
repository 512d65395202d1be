//! Files of MATLAB, level 5: a table of characters is kept column by column, so that no line of it
//! stands anywhere as it is read.
//!
//! <https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf>

use std::io;

use crate::matching::views::columns::rows::{Row, Rows};
use crate::matching::views::spelling::charset::utf8_or_western;
use crate::matching::views::stores::numbers::{big, little};
use crate::matching::views::stores::spool::{Spool, broken, too_large};
use crate::matching::views::tour::{Kind, Look, Tour};

/// Bytes before the first element; the last two say which byte of a number comes first.
const HEAD_BYTES: u64 = 128;

/// Characters of a table.
const CHARS_MAX: u64 = 16 << 20;

/// Fields of a structure whose names are remembered.
const NAMES_MAX: usize = 64 << 10;

/// Cells in cells, and what is packed in each other.
const NESTING_MAX: usize = 32;

/// Kinds of elements.
const MATRIX: u64 = 14;
const PACKED: u64 = 15;

/// Of matrices, those of fields and those of characters.
const STRUCT: u64 = 2;
const CHARS: u64 = 4;

/// Where an element stands.
struct Element {
    kind: u64,
    at: u64,
    len: u64,
    /// Where the next one begins.
    next: u64,
}

/// How a file is read.
#[derive(Clone, Copy)]
struct Reading<'r> {
    view: &'r str,
    number: fn(&[u8], usize, usize) -> Option<u64>,
    depth: usize,
}

impl<L: Look> Tour<'_, L> {
    /// Looks into a file.
    pub(in crate::matching::views) fn matlab(
        &mut self,
        spool: &mut Spool<'_>,
        chain: &str,
        depth: usize,
    ) -> io::Result<()> {
        let order = spool.all(HEAD_BYTES - 2, 2)?;
        let number = if order == b"MI" { big } else { little };
        let view = format!("{chain}matlab");
        let (reading, end) = (Reading { view: &view, number, depth }, spool.size());
        self.matlab_elements(spool, (HEAD_BYTES, end), reading, 0)
    }

    fn matlab_elements(
        &mut self,
        spool: &mut Spool<'_>,
        (mut at, end): (u64, u64),
        reading: Reading<'_>,
        nesting: usize,
    ) -> io::Result<()> {
        // Ends: each element takes eight bytes at least.
        while at + 8 <= end {
            let element = element(spool, at, reading)?;
            at = element.next;
            match element.kind {
                _ if nesting > NESTING_MAX => return Err(too_large()),
                MATRIX => self.matlab_matrix(spool, &element, reading, nesting)?,
                PACKED => {
                    let mut unpacked = spool.beside();
                    let packed = spool.part(element.at, element.len);
                    unpacked.decode(flate2::read::ZlibDecoder::new(packed))?;
                    let size = unpacked.size();
                    self.matlab_elements(&mut unpacked, (0, size), reading, nesting + 1)?;
                    // Names, and texts of objects, are no tables of characters.
                    let within = format!("{} > ", reading.view);
                    self.stream(&mut unpacked.from(0), &within, Kind::Binary, reading.depth)?;
                    // After what is packed nothing is filled up.
                    at = element.at + element.len;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Looks at the texts of structures, each after the name of its field.
    fn matlab_struct(
        &mut self,
        spool: &mut Spool<'_>,
        (at, end): (u64, u64),
        reading: Reading<'_>,
    ) -> io::Result<()> {
        let dimensions = element(spool, at, reading)?;
        let name = element(spool, dimensions.next, reading)?;
        let width = element(spool, name.next, reading)?;
        let names = element(spool, width.next, reading)?;
        let width = (reading.number)(&spool.some(width.at, 4)?, 0, 4).unwrap_or(0) as usize;
        if width == 0 || names.len > CHARS_MAX {
            return Ok(());
        }
        let told = spool.all(names.at, names.len as usize)?;
        let name = |one: &[u8]| utf8_or_western(one.split(|byte| *byte == 0).next().unwrap_or(one));
        let names_told: Vec<String> = told.chunks_exact(width).take(NAMES_MAX).map(name).collect();
        let fields = told.len() / width;
        let mut rows = Rows::new(reading.view, "", names_told);
        let (mut at, mut row, mut number) = (names.next, Row::new(), 0);
        while at + 8 <= end && fields > 0 {
            let field = element(spool, at, reading)?;
            at = field.next;
            if let Some(text) = line_of(spool, &field, reading)? {
                self.make_room(&mut rows, &mut row, text.len());
                // A longer one is looked at as a table by itself.
                if text.len() <= row.room() {
                    row.push((number, text));
                }
            }
            number += 1;
            if number == fields {
                number = 0;
                if rows.add(std::mem::take(&mut row)) {
                    self.rows(&mut rows);
                }
            }
        }
        self.rows(&mut rows);
        Ok(())
    }

    /// Looks at the lines of a table of characters, or at what is in a matrix of others.
    fn matlab_matrix(
        &mut self,
        spool: &mut Spool<'_>,
        matrix: &Element,
        reading: Reading<'_>,
        nesting: usize,
    ) -> io::Result<()> {
        let end = matrix.at + matrix.len;
        if matrix.len < 8 {
            return Ok(());
        }
        let flags = element(spool, matrix.at, reading)?;
        let class = (reading.number)(&spool.some(flags.at, 4)?, 0, 4).unwrap_or(0) & 0xff;
        if class == STRUCT {
            self.matlab_struct(spool, (flags.next, end), reading)?;
        }
        if class != CHARS {
            return self.matlab_elements(spool, (flags.next, end), reading, nesting + 1);
        }
        let dimensions = element(spool, flags.next, reading)?;
        let name = element(spool, dimensions.next, reading)?;
        let text = element(spool, name.next, reading)?;
        if text.len > CHARS_MAX || name.len > 4 << 10 {
            return Err(too_large());
        }
        let lines = (reading.number)(&spool.some(dimensions.at, 4)?, 0, 4).unwrap_or(0) as usize;
        let name = utf8_or_western(&spool.all(name.at, name.len as usize)?);
        let chars = chars(text.kind, &spool.all(text.at, text.len as usize)?, reading)?;
        let mut rows = Rows::new(reading.view, "", vec![name]).apart();
        for line in 0..lines.min(chars.len()) {
            let text: String = chars.iter().skip(line).step_by(lines).collect();
            let mut row = Row::new();
            row.push((0, text.trim_end().to_owned()));
            if rows.add(row) {
                self.rows(&mut rows);
            }
        }
        self.rows(&mut rows);
        Ok(())
    }
}

/// The text of an element, if it is a line of characters.
fn line_of(
    spool: &mut Spool<'_>,
    matrix: &Element,
    reading: Reading<'_>,
) -> io::Result<Option<String>> {
    if matrix.kind != MATRIX || matrix.len < 8 {
        return Ok(None);
    }
    let flags = element(spool, matrix.at, reading)?;
    let class = (reading.number)(&spool.some(flags.at, 4)?, 0, 4).unwrap_or(0) & 0xff;
    if class != CHARS {
        return Ok(None);
    }
    let dimensions = element(spool, flags.next, reading)?;
    let lines = (reading.number)(&spool.some(dimensions.at, 4)?, 0, 4).unwrap_or(0);
    let name = element(spool, dimensions.next, reading)?;
    let text = element(spool, name.next, reading)?;
    if lines != 1 || text.len > CHARS_MAX {
        return Ok(None);
    }
    let chars = chars(text.kind, &spool.all(text.at, text.len as usize)?, reading)?;
    Ok(Some(chars.into_iter().collect::<String>().trim_end().to_owned()))
}

/// The element that begins there; a short one has its bytes in its own head.
fn element(spool: &mut Spool<'_>, at: u64, reading: Reading<'_>) -> io::Result<Element> {
    let head = spool.all(at, 8)?;
    let number = |at, width| (reading.number)(&head, at, width).unwrap_or(0);
    let first = number(0, 4);
    if first >> 16 != 0 {
        return Ok(Element { kind: first & 0xffff, at: at + 4, len: first >> 16, next: at + 8 });
    }
    let (at, len) = (at + 8, number(4, 4));
    let next = at + len.next_multiple_of(8);
    if at + len > spool.size() { Err(broken()) } else { Ok(Element { kind: first, at, len, next }) }
}

/// Characters by how they are written: bytes, UTF-8, sixteen bits or thirty-two.
fn chars(kind: u64, bytes: &[u8], reading: Reading<'_>) -> io::Result<Vec<char>> {
    let wide = |width: usize| -> Vec<u64> {
        let number = |at| (reading.number)(bytes, at, width);
        (0..bytes.len() / width).filter_map(|index| number(index * width)).collect()
    };
    let lossy = |number: u64| char::from_u32(number as u32).unwrap_or(char::REPLACEMENT_CHARACTER);
    Ok(match kind {
        1 | 2 | 16 => utf8_or_western(bytes).chars().collect(),
        3 | 4 | 17 => {
            let units = wide(2).into_iter().map(|unit| unit as u16);
            char::decode_utf16(units)
                .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect()
        }
        5 | 6 | 18 => wide(4).into_iter().map(lossy).collect(),
        _ => return Err(broken()),
    })
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

    fn element(kind: u32, bytes: &[u8]) -> Vec<u8> {
        let mut all = [kind.to_le_bytes(), (bytes.len() as u32).to_le_bytes()].concat();
        all.extend(bytes);
        all.resize(all.len().next_multiple_of(8), 0);
        all
    }

    fn matrix(class: u8, parts: &[Vec<u8>]) -> Vec<u8> {
        let (flags, sides) = (element(6, &[class, 0, 0, 0, 0, 0, 0, 0]), [1, 0, 0, 0].repeat(2));
        element(14, &[flags, element(5, &sides), element(1, b""), parts.concat()].concat())
    }

    /// What is looked at in a file of a structure.
    fn seen(width: u8, names: &[u8], fields: Vec<Vec<u8>>) -> Vec<String> {
        let parts = [vec![element(5, &[width, 0, 0, 0]), element(1, names)], fields].concat();
        let bytes = [vec![0; 126], b"IM".to_vec(), matrix(2, &parts)].concat();
        let (limits, meter, mut seen) = (ItemLimits::default(), Meter::default(), Seen::default());
        let mut tour = Tour::new(&mut seen, &limits, &meter);
        let (mut spool, _) = Spool::take(&mut &*bytes, &meter, &limits).unwrap();
        tour.matlab(&mut spool, "", 0).unwrap();
        seen.0
    }

    #[test]
    fn structures_of_many_fields_are_held_in_parts() {
        let line = |text: &str| matrix(4, &[element(16, text.as_bytes())]);
        let long = line(&"mira osei, ".repeat(6000));
        let texts = seen(4, &b"who\0".repeat(40), vec![long; 40]);
        // A part that is not the first has something in the place of what is before it.
        assert!(texts.iter().any(|text| text.contains("0|who|who|")));
        assert!(!texts.iter().any(|text| text.contains(&"who|".repeat(20))));
        let fields = NAMES_MAX + 10;
        let mut all = vec![element(14, b""); fields];
        (all[0], all[fields - 1]) = (line("mira osei"), line("kofi mensa"));
        let texts = seen(1, &vec![b'w'; fields], all).concat();
        assert!(texts.contains("w: mira osei") && texts.contains("kofi mensa"));
        assert!(!texts.contains("w: kofi mensa"));
    }
}
