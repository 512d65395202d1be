//! Pages by their number, wherever they stand: in a database one behind the other, in a log or a
//! journal each behind a header that says which one it is.

use std::collections::HashMap;
use std::io::{self, Read};

use crate::matching::views::stores::kind::Store;
use crate::matching::views::stores::numbers::big;
use crate::matching::views::stores::spool::{Spool, broken};
use crate::matching::work;

/// Pages of a log whose numbers are kept.
const NUMBERED_MAX: usize = 1 << 20;

/// Pages of which it is kept whether they were seen.
const SEEN_MAX: u64 = 1 << 28;

/// The pages of a file.
pub struct Pages<'s, 'a> {
    spool: &'s mut Spool<'a>,
    /// Bytes of a page, and of what of it is used.
    size: usize,
    usable: usize,
    /// How its texts are spelt: 1 for UTF-8, 2 and 3 for UTF-16; 0 if that is not known.
    pub encoding: u64,
    frames: Frames,
    /// In a log, which frame holds which page now.
    latest: HashMap<u32, u64>,
    seen: Vec<u8>,
}

/// How pages lie in the file.
struct Frames {
    start: u64,
    stride: u64,
    /// Bytes before the page, and bytes before its number; none, if it is told by its place.
    lead: u64,
    number: Option<u64>,
    count: u64,
}

impl<'s, 'a> Pages<'s, 'a> {
    /// Of a file of this kind.
    ///
    /// # Errors
    /// It is none, or cannot be read.
    pub fn open(store: Store, spool: &'s mut Spool<'a>) -> io::Result<Self> {
        let head = spool.some(0, 100)?;
        let (size, frames) = match store {
            Store::SqliteLog => (number(&head, 8, 4)?, (32, 24, 0, Some(0))),
            Store::SqliteJournal => (number(&head, 24, 4)?, (number(&head, 20, 4)?, 4, 4, Some(0))),
            _ => (number(&head, 16, 2)?, (0, 0, 0, None)),
        };
        let size = if size == 1 { 64 << 10 } else { size };
        if !size.is_power_of_two() || !(512..=64 << 10).contains(&size) {
            return Err(broken());
        }
        let (start, lead, tail, number) = frames;
        let stride = lead + size + tail;
        let count = spool.size().saturating_sub(start).div_ceil(stride);
        let frames = Frames { start, stride, lead, number, count };
        let seen = vec![0; (count.min(SEEN_MAX) / 8 + 1) as usize];
        let size = size as usize;
        let latest = HashMap::new();
        let mut pages = Self { spool, size, usable: size, encoding: 0, frames, latest, seen };
        pages.number()?;
        if let Some(first) = pages.page(1)? {
            pages.usable = size.saturating_sub(first.get(20).copied().unwrap_or(0).into());
            pages.encoding = big(&first, 56, 4).unwrap_or(0);
        }
        Ok(pages)
    }

    /// Takes note of which page stands where. Of frames that were overwritten in part the salt is
    /// another one; they are read as pages that belong to nothing.
    fn number(&mut self) -> io::Result<()> {
        let Some(at) = self.frames.number else { return Ok(()) };
        let is_log = self.frames.lead == 24;
        let salt = self.spool.some(16, 8)?;
        for frame in 0..self.frames.count.min(NUMBERED_MAX as u64) {
            let head = self.spool.some(self.frames.start + frame * self.frames.stride + at, 16)?;
            let Some(number) = big(&head, 0, 4) else { break };
            if !is_log || head.get(8..16) == Some(salt.as_slice()) {
                self.latest.insert(number as u32, frame);
            }
        }
        Ok(())
    }

    /// Places where pages stand.
    pub fn places(&self) -> u64 {
        self.frames.count
    }

    /// Bytes of a page that are used.
    pub fn usable(&self) -> usize {
        self.usable
    }

    /// Where the page of this number stands, if it does.
    pub fn place(&self, number: u32) -> Option<u64> {
        match self.frames.number {
            None => u64::from(number).checked_sub(1).filter(|place| *place < self.frames.count),
            Some(_) => self.latest.get(&number).copied(),
        }
    }

    /// The page at a place, and its number.
    pub fn at(&mut self, place: u64) -> io::Result<(u32, Vec<u8>)> {
        let at = self.frames.start + place * self.frames.stride;
        let number = match self.frames.number {
            None => place + 1,
            Some(before) => big(&self.spool.some(at + before, 4)?, 0, 4).unwrap_or(0),
        };
        let page = self.spool.some(at + self.frames.lead, self.size)?;
        Ok((number as u32, page))
    }

    /// The page of a number.
    pub fn page(&mut self, number: u32) -> io::Result<Option<Vec<u8>>> {
        let Some(place) = self.place(number) else { return Ok(None) };
        Ok(Some(self.at(place)?.1))
    }

    /// Notes that the page at a place is seen, and tells whether it was not before.
    pub fn see(&mut self, place: u64) -> bool {
        let Some(bits) = self.seen.get_mut((place / 8) as usize) else { return false };
        let bit = 1 << (place % 8);
        let is_new = *bits & bit == 0;
        *bits |= bit;
        is_new
    }
}

/// A payload: what of it stands in its page, then what stands in pages of its own.
pub struct Payload<'p, 's, 'a> {
    pages: &'p mut Pages<'s, 'a>,
    here: Vec<u8>,
    given: usize,
    next: u32,
    left: u64,
    /// Whether a page of it is not there.
    pub is_cut: bool,
}

impl<'p, 's, 'a> Payload<'p, 's, 'a> {
    /// Of so many bytes, some of which stand here and the rest from a page on.
    pub fn new(pages: &'p mut Pages<'s, 'a>, here: Vec<u8>, next: u32, len: u64) -> Self {
        let left = len.saturating_sub(here.len() as u64);
        Self { pages, here, given: 0, next, left, is_cut: false }
    }

    fn follow(&mut self) -> io::Result<()> {
        let page = if self.next == 0 { None } else { self.pages.page(self.next)? };
        let Some(page) = page.filter(|page| page.len() > 4) else {
            (self.is_cut, self.left) = (true, 0);
            return Ok(());
        };
        if let Some(place) = self.pages.place(self.next) {
            self.pages.see(place);
        }
        self.next = big(&page, 0, 4).unwrap_or(0) as u32;
        let end = self.pages.usable.min(page.len()).min(4 + self.left.min(1 << 17) as usize);
        self.here = page[4..end.max(4)].to_vec();
        (self.given, self.left) = (0, self.left - self.here.len() as u64);
        work::charge(self.here.len());
        Ok(())
    }
}

impl Read for Payload<'_, '_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Ends: each page takes some of what is left, which is bounded by its length.
        while self.given == self.here.len() && self.left > 0 {
            self.follow()?;
        }
        let read = (&self.here[self.given..]).read(buffer)?;
        self.given += read;
        Ok(read)
    }
}

fn number(bytes: &[u8], at: usize, width: usize) -> io::Result<u64> {
    big(bytes, at, width).ok_or_else(broken)
}
