//! The texts of all stripes, row by row.

use std::collections::{BTreeMap, HashMap};
use std::io;

use crate::matching::views::columns::rows::{Row, Rows};
use crate::matching::views::stores::orc::file::{Column, Foot, Stripe, blocks, foot, unpacked};
use crate::matching::views::stores::orc::runs::{Bits, Numbers};
use crate::matching::views::stores::orc::tape::Tape;
use crate::matching::views::stores::orc::wire::fields;
use crate::matching::views::stores::spool::{Spool, broken};
use crate::matching::views::tour::{Look, Tour};
use crate::matching::work;

/// Bytes of the foot of a stripe.
const FOOT_BYTES_MAX: usize = 16 << 20;

/// What a cell counts as that may have no bytes.
const STEP_BYTES: usize = 16;

/// Bytes of one text.
const TEXT_BYTES_MAX: u64 = 16 << 20;

/// Bytes of a list of values that is held.
const LISTED_BYTES_MAX: usize = 16 << 20;

/// Where streams of a stripe stand once they are unpacked, by column and kind.
type Streams = HashMap<(usize, u64), (u64, u64)>;

/// Kinds of streams.
const PRESENT: u64 = 0;
const DATA: u64 = 1;
const LENGTH: u64 = 2;
const LIST: u64 = 3;

/// What is read, and where it lies.
struct Place<'p> {
    chain: &'p str,
    view: String,
    depth: usize,
}

/// The texts of one column in one stripe.
struct Texts {
    number: usize,
    present: Vec<Bits>,
    data: Tape,
    lens: Numbers,
    /// Values that are told by their place here.
    list: Option<Vec<Vec<u8>>>,
}

impl<L: Look> Tour<'_, L> {
    /// Looks into a file.
    pub(in crate::matching::views) fn orc(
        &mut self,
        spool: &mut Spool<'_>,
        chain: &str,
        depth: usize,
    ) -> io::Result<()> {
        let foot = foot(spool)?;
        let place = Place { chain, view: format!("{chain}orc"), depth };
        for (key, value) in &foot.notes {
            self.cells([value.as_slice()].into_iter(), &place.view, key);
        }
        for column in &foot.columns {
            self.label(&column.path, &place.view, &column.path);
        }
        for stripe in &foot.stripes {
            self.orc_stripe(spool, &foot, *stripe, &place)?;
        }
        Ok(())
    }

    fn orc_stripe(
        &mut self,
        spool: &mut Spool<'_>,
        foot: &Foot,
        stripe: Stripe,
        place: &Place<'_>,
    ) -> io::Result<()> {
        let said = unpacked(spool, stripe.foot, foot.packing, FOOT_BYTES_MAX)?;
        let mut store = spool.beside();
        let mut streams = Streams::new();
        let mut encodings = Vec::new();
        let mut at = stripe.at;
        for field in fields(&said) {
            let of = |number| {
                let found = fields(field.bytes).find(|field| field.number == number);
                found.map_or(0, |field| field.value)
            };
            match field.number {
                1 => {
                    let (kind, column, len) = (of(1), of(2) as usize, of(3));
                    let is_wanted = kind == PRESENT
                        || kind <= LIST && foot.columns.get(column).is_some_and(Column::has_text);
                    if is_wanted {
                        let start = store.size();
                        let (limits, meter) = (self.limits, self.meter);
                        blocks(spool, (at, len), foot.packing, &mut |_, block| {
                            meter.charge(block.len() as u64, limits)?;
                            store.add(block)
                        })?;
                        streams.insert((column, kind), (start, store.size()));
                    }
                    at = at.checked_add(len).ok_or_else(broken)?;
                }
                2 if encodings.len() < foot.columns.len() => encodings.push((of(1), of(2))),
                _ => {}
            }
        }
        let (mut of_rows, mut of_lists) = (Vec::new(), BTreeMap::<_, Vec<Texts>>::new());
        for (number, column) in foot.columns.iter().enumerate().filter(|(_, c)| c.has_text()) {
            let encoding = encodings.get(number).copied().unwrap_or_default();
            let above = column.structs.clone().unwrap_or_default();
            let texts = texts(&mut store, &streams, (number, &above), encoding)?;
            match column.structs {
                Some(_) => of_rows.push(texts),
                None => of_lists.entry(whole(&streams, number, column)).or_default().push(texts),
            }
        }
        for (list, mut columns) in of_lists {
            if list.is_none() || columns.len() == 1 {
                for texts in columns {
                    let path = foot.columns[texts.number].path.clone();
                    let rows = Rows::new(&place.view, "", vec![path]);
                    self.orc_cells(&mut store, texts, rows, place)?;
                }
            } else {
                columns.iter_mut().for_each(|texts| texts.present.clear());
                self.orc_rows(&mut store, columns, (&foot.columns, u64::MAX), place)?;
            }
        }
        self.orc_rows(&mut store, of_rows, (&foot.columns, stripe.rows), place)
    }

    /// The texts of columns that have one for each row, or for each entry of a list.
    fn orc_rows(
        &mut self,
        store: &mut Spool<'_>,
        mut columns: Vec<Texts>,
        (named, count): (&[Column], u64),
        place: &Place<'_>,
    ) -> io::Result<()> {
        let names = columns.iter().map(|texts| named[texts.number].path.clone()).collect();
        let mut rows = Rows::new(&place.view, "", names);
        let is_listed = count == u64::MAX;
        let mut ended = None;
        'rows: for _ in 0..if columns.is_empty() { 0 } else { count } {
            work::charge(STEP_BYTES * columns.len());
            self.meter.pace(self.limits)?;
            let mut row = Row::default();
            for (number, texts) in columns.iter_mut().enumerate() {
                // Where lists end nothing says but the end of their values.
                let next = match texts.next(store) {
                    Err(_) if is_listed => {
                        ended = Some(number);
                        rows.add(row);
                        break 'rows;
                    }
                    next => next?,
                };
                let Some(bytes) = next else { continue };
                work::charge(bytes.len());
                let chain = || format!("{}orc:{} > ", place.chain, rows.place(number));
                self.bytes_in_cell(&bytes, (&mut row, number), &chain, place.depth)?;
            }
            if rows.add(row) {
                self.rows(&mut rows);
            }
        }
        self.rows(&mut rows);
        // Where one is damaged the others may go on.
        for (number, texts) in columns.into_iter().enumerate() {
            if ended.is_some_and(|ended| ended != number) {
                let rows = Rows::new(&place.view, "", vec![named[texts.number].path.clone()]);
                self.orc_cells(store, texts, rows, place)?;
            }
        }
        Ok(())
    }

    /// The texts of a column that may have any number for a row.
    fn orc_cells(
        &mut self,
        store: &mut Spool<'_>,
        mut texts: Texts,
        mut rows: Rows,
        place: &Place<'_>,
    ) -> io::Result<()> {
        // A list has them all; else there are as many as there are lengths.
        let mut list = texts.list.take().map(Vec::into_iter);
        texts.present.clear();
        loop {
            self.meter.pace(self.limits)?;
            let bytes = match &mut list {
                Some(list) => list.next(),
                None => texts.next(store).ok().flatten(),
            };
            let Some(bytes) = bytes else { break };
            work::charge(bytes.len() + 1);
            let chain = || format!("{}orc:{} > ", place.chain, rows.place(0));
            let mut row = Row::default();
            self.bytes_in_cell(&bytes, (&mut row, 0), &chain, place.depth)?;
            if rows.add(row) {
                self.rows(&mut rows);
            }
        }
        self.rows(&mut rows);
        Ok(())
    }
}

/// The list or map that a column lies in, if it has a value for each of its entries.
fn whole(streams: &Streams, number: usize, column: &Column) -> Option<usize> {
    let (list, structs) = column.listed.as_ref()?;
    let mut all = structs.iter().chain([&number]);
    all.all(|column| !streams.contains_key(&(*column, PRESENT))).then_some(*list)
}

/// The texts of a column, which lies in these structs.
fn texts(
    store: &mut Spool<'_>,
    streams: &Streams,
    (number, above): (usize, &[usize]),
    (encoding, listed): (u64, u64),
) -> io::Result<Texts> {
    let of = |column, kind| {
        let place = streams.get(&(column, kind))?;
        Some(Tape::new(*place, streams.len()))
    };
    let tape = |kind| of(number, kind);
    let of = |column: &usize| Bits::new(of(*column, PRESENT));
    let present = above.iter().chain([&number]).map(of).collect();
    let (is_listed, is_second) = (encoding % 2 == 1, encoding >= 2);
    let (data, lens) = (tape(DATA).unwrap_or_default(), tape(LENGTH).unwrap_or_default());
    let lens = Numbers::new(lens, is_second);
    if !is_listed {
        return Ok(Texts { number, present, data, lens, list: None });
    }
    let (mut values, mut lens) = (tape(LIST).unwrap_or_default(), lens);
    let (mut list, mut held) = (Vec::new(), 0);
    for _ in 0..listed {
        let len = lens.next(store)?;
        let value = text(store, &mut values, len)?;
        held += value.len() + size_of::<Vec<u8>>();
        if held > LISTED_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        list.push(value);
    }
    let places = Numbers::new(data, is_second);
    Ok(Texts { number, present, data: Tape::default(), lens: places, list: Some(list) })
}

impl Texts {
    /// The next one; `None` where there is no value.
    fn next(&mut self, store: &mut Spool<'_>) -> io::Result<Option<Vec<u8>>> {
        for bits in &mut self.present {
            // What lies in nothing has no bit of its own.
            if !bits.next(store)? {
                return Ok(None);
            }
        }
        let number = self.lens.next(store)?;
        match &self.list {
            Some(list) => Ok(usize::try_from(number).ok().and_then(|at| list.get(at)).cloned()),
            None => text(store, &mut self.data, number).map(Some),
        }
    }
}

fn text(store: &mut Spool<'_>, tape: &mut Tape, len: u64) -> io::Result<Vec<u8>> {
    if len > TEXT_BYTES_MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    tape.bytes(store, len as usize)
}
