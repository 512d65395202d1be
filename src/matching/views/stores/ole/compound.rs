//! A compound file: streams by their names, in sectors that are chained.

use std::io::{self, Read};

use crate::matching::views::stores::numbers::little;
use crate::matching::views::stores::spool::{Spool, broken};

/// Sectors of a file, for each of which a number is held.
const SECTORS_MAX: usize = 1 << 22;

/// Streams of a file.
const STREAMS_MAX: usize = 1 << 16;

/// Sectors that are none.
const LAST_SECTOR: u32 = 0xffff_fffa;

/// A file.
pub struct Compound<'s, 'a> {
    spool: &'s mut Spool<'a>,
    sector: u64,
    /// The next sector of each.
    next: Vec<u32>,
    small: u64,
    next_small: Vec<u32>,
    /// Where small streams lie, sector by sector.
    small_at: Vec<u32>,
    /// Streams shorter than this are small.
    small_max: u64,
    /// What it holds.
    pub entries: Vec<Entry>,
}

/// A stream, or what holds streams.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Whether it is a stream.
    pub is_stream: bool,
    start: u32,
    /// Bytes of it.
    pub len: u64,
}

impl<'s, 'a> Compound<'s, 'a> {
    /// Of these bytes.
    ///
    /// # Errors
    /// They are none, or cannot be read.
    pub fn open(spool: &'s mut Spool<'a>) -> io::Result<Self> {
        let head = spool.all(0, 512)?;
        let number = |at, width| little(&head, at, width).unwrap_or(0);
        let (shift, small) = (number(30, 2), number(32, 2));
        if !(7..=16).contains(&shift) || !(4..=12).contains(&small) {
            return Err(broken());
        }
        let mut file = Self {
            spool,
            sector: 1 << shift,
            next: Vec::new(),
            small: 1 << small,
            next_small: Vec::new(),
            small_at: Vec::new(),
            small_max: number(56, 4),
            entries: Vec::new(),
        };
        file.table(&head)?;
        let (directory, small) = (number(48, 4) as u32, number(60, 4) as u32);
        file.next_small = file.numbers(small)?;
        let mut bytes = Vec::new();
        for sector in file.chain(directory, &file.next) {
            bytes.extend(file.sector(sector)?);
            if bytes.len() / 128 > STREAMS_MAX {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
        }
        file.entries = bytes.chunks_exact(128).filter_map(entry).collect();
        let root = bytes.get(..128).ok_or_else(broken)?;
        let start = little(root, 116, 4).unwrap_or(0) as u32;
        file.small_at = file.chain(start, &file.next);
        Ok(file)
    }

    /// Reads which sector follows which.
    fn table(&mut self, head: &[u8]) -> io::Result<()> {
        let of = |bytes: &[u8], at| little(bytes, at, 4).unwrap_or(u64::MAX) as u32;
        let mut tables: Vec<u32> = (0..109).map(|index| of(head, 76 + 4 * index)).collect();
        let mut more = of(head, 68);
        let entries = (self.sector / 4 - 1) as usize;
        let mut left = self.spool.size() / self.sector + 1;
        while more < LAST_SECTOR && left > 0 {
            let bytes = self.sector(more)?;
            tables.extend((0..entries).map(|index| of(&bytes, 4 * index)));
            if tables.len() > SECTORS_MAX {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            more = of(&bytes, 4 * entries);
            left -= 1;
        }
        for table in tables.into_iter().filter(|table| *table < LAST_SECTOR) {
            let bytes = self.sector(table)?;
            self.next.extend(bytes.chunks_exact(4).map(|four| of(four, 0)));
            if self.next.len() as u64 > self.spool.size() / self.sector + entries as u64 {
                break; // what it says of sectors beyond the end is of no use
            }
            if self.next.len() > SECTORS_MAX {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
        }
        Ok(())
    }

    fn numbers(&mut self, start: u32) -> io::Result<Vec<u32>> {
        let mut all = Vec::new();
        for sector in self.chain(start, &self.next) {
            let bytes = self.sector(sector)?;
            let of = |four: &[u8]| little(four, 0, 4).unwrap_or(u64::MAX) as u32;
            all.extend(bytes.chunks_exact(4).map(of));
        }
        Ok(all)
    }

    /// The sectors from one on; each once at most.
    fn chain(&self, start: u32, next: &[u32]) -> Vec<u32> {
        let mut all = Vec::new();
        let mut now = start;
        while now < LAST_SECTOR && all.len() < next.len() {
            all.push(now);
            now = next.get(now as usize).copied().unwrap_or(u32::MAX);
        }
        all
    }

    fn sector(&mut self, number: u32) -> io::Result<Vec<u8>> {
        let at = (u64::from(number) + 1) * self.sector;
        self.spool.some(at, self.sector as usize)
    }

    /// What a stream holds.
    pub fn stream(&mut self, entry: &Entry) -> Stream<'_, 's, 'a> {
        let is_small = entry.len < self.small_max;
        let next = if is_small { &self.next_small } else { &self.next };
        let more = next.len();
        Stream {
            file: self,
            now: entry.start,
            more,
            is_small,
            left: entry.len,
            held: Vec::new(),
            given: 0,
        }
    }

    /// The stream of this name, into memory.
    pub fn named(&mut self, name: &str, most: u64) -> io::Result<Option<Vec<u8>>> {
        let of = |entry: &&Entry| entry.is_stream && entry.name == name;
        let Some(entry) = self.entries.iter().find(of).cloned() else { return Ok(None) };
        if entry.len > most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut bytes = Vec::new();
        self.stream(&entry).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }
}

fn entry(bytes: &[u8]) -> Option<Entry> {
    let kind = bytes[66];
    let len = usize::from(u16::from_le_bytes([bytes[64], bytes[65]])).min(64);
    let units = bytes[..len.saturating_sub(2)].chunks_exact(2);
    let units: Vec<u16> = units.map(|two| u16::from_le_bytes([two[0], two[1]])).collect();
    let start = little(bytes, 116, 4)? as u32;
    let name = String::from_utf16_lossy(&units);
    matches!(kind, 1 | 2 | 5).then(|| Entry {
        name: name.trim_start_matches(char::is_control).to_owned(),
        is_stream: kind == 2,
        start,
        // Of the older version the high half means nothing.
        len: little(bytes, 120, 4).unwrap_or(0),
    })
}

/// What a stream holds, sector by sector.
pub struct Stream<'f, 's, 'a> {
    file: &'f mut Compound<'s, 'a>,
    /// The sector that is read next.
    now: u32,
    /// So many sectors may follow: one after itself has no end.
    more: usize,
    is_small: bool,
    left: u64,
    held: Vec<u8>,
    given: usize,
}

impl Stream<'_, '_, '_> {
    fn refill(&mut self) -> io::Result<()> {
        if self.now >= LAST_SECTOR || self.more == 0 {
            self.left = 0;
            return Ok(());
        }
        let (file, sector) = (&mut *self.file, self.now);
        let next = if self.is_small { &file.next_small } else { &file.next };
        self.now = next.get(sector as usize).copied().unwrap_or(u32::MAX);
        self.more -= 1;
        let mut bytes = if self.is_small {
            let at = u64::from(sector) * file.small;
            let place = file.small_at.get((at / file.sector) as usize).copied();
            let start = (u64::from(place.ok_or_else(broken)?) + 1) * file.sector;
            file.spool.some(start + at % file.sector, file.small as usize)?
        } else {
            file.sector(sector)?
        };
        bytes.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= bytes.len() as u64;
        (self.held, self.given) = (bytes, 0);
        Ok(())
    }
}

impl Read for Stream<'_, '_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Ends: each turn takes a sector, of which there are so many.
        while self.given == self.held.len() && self.left > 0 {
            self.refill()?;
        }
        let read = (&self.held[self.given..]).read(buffer)?;
        self.given += read;
        Ok(read)
    }
}
