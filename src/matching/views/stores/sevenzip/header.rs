//! What the end of an archive says: how it is packed, and what it holds.

use crate::matching::views::stores::numbers::little;

/// Things of one kind: folders, members, coders.
const THINGS_MAX: u64 = 1 << 20;

/// Folders, each of which takes more memory than it has bytes.
const FOLDERS_MAX: u64 = 1 << 17;

/// What is stored, and how.
#[derive(Debug, Default)]
pub struct Streams {
    /// Where the first packed stream begins, and how long each is.
    pub start: u64,
    pub packed: Vec<u64>,
    /// What they are unpacked by.
    pub folders: Vec<Folder>,
}

/// Streams that are unpacked together to one.
#[derive(Clone, Debug, Default)]
pub struct Folder {
    /// How.
    pub coders: Vec<Coder>,
    /// The order in which they are undone, where each takes what one other gives.
    pub line: Option<Vec<usize>>,
    /// Packed streams that it takes.
    pub takes: usize,
    /// Bytes that it unpacks to.
    pub len: u64,
    has_sum: bool,
    /// Bytes of each member in it.
    pub members: Vec<u64>,
}

/// A way of packing.
#[derive(Clone, Debug, Default)]
pub struct Coder {
    /// Its number.
    pub id: Vec<u8>,
    /// What it was told.
    pub properties: Vec<u8>,
    outputs: u64,
}

/// What an archive holds.
#[derive(Debug, Default)]
pub struct Header {
    /// What is stored.
    pub streams: Streams,
    /// Names of all members.
    pub names: Vec<String>,
    /// Whether each has no bytes.
    pub empty: Vec<bool>,
}

/// Reads numbers and bytes one by one.
pub struct Bytes<'b> {
    /// What is left.
    pub rest: &'b [u8],
}

impl<'b> Bytes<'b> {
    /// The next byte.
    pub fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn take(&mut self, len: u64) -> Option<&'b [u8]> {
        let (taken, rest) = self.rest.split_at_checked(usize::try_from(len).ok()?)?;
        self.rest = rest;
        Some(taken)
    }

    /// A number whose first byte says how many follow.
    fn number(&mut self) -> Option<u64> {
        let first = self.byte()?;
        let more = first.leading_ones() as usize;
        let low = little(self.take(more as u64)?, 0, more.min(8))?;
        let high = if more >= 7 { 0 } else { u64::from(first) & ((1 << (7 - more)) - 1) };
        Some(if more >= 8 { low } else { low | high << (8 * more) })
    }

    fn count(&mut self) -> Option<u64> {
        self.number().filter(|count| *count <= THINGS_MAX)
    }

    fn bits(&mut self, count: u64) -> Option<Vec<bool>> {
        let bytes = self.take(count.div_ceil(8))?;
        let bit = |index: u64| bytes[(index / 8) as usize] >> (7 - index % 8) & 1 != 0;
        Some((0..count).map(bit).collect())
    }

    /// Passes over check sums of so many things, and tells which of them have one.
    fn sums(&mut self, count: u64) -> Option<Vec<bool>> {
        let defined = match self.byte()? {
            0 => self.bits(count)?,
            _ => vec![true; usize::try_from(count).ok()?],
        };
        self.take(4 * defined.iter().filter(|bit| **bit).count() as u64)?;
        Some(defined)
    }
}

/// Reads a header.
pub fn header(bytes: &mut Bytes<'_>) -> Option<Header> {
    let mut header = Header::default();
    loop {
        match bytes.number()? {
            0 => return Some(header),
            2 => {
                while bytes.number()? != 0 {
                    let len = bytes.number()?;
                    bytes.take(len)?;
                }
            }
            3 => drop(streams(bytes)?),
            4 => header.streams = streams(bytes)?,
            5 => files(bytes, &mut header)?,
            _ => return None,
        }
    }
}

/// Reads what is stored, and how.
pub fn streams(bytes: &mut Bytes<'_>) -> Option<Streams> {
    let mut streams = Streams::default();
    loop {
        match bytes.number()? {
            0 => return Some(streams),
            6 => packed(bytes, &mut streams)?,
            7 => folders(bytes, &mut streams)?,
            8 => members(bytes, &mut streams)?,
            _ => return None,
        }
    }
}

fn packed(bytes: &mut Bytes<'_>, streams: &mut Streams) -> Option<()> {
    streams.start = bytes.number()?;
    let count = bytes.count()?;
    loop {
        match bytes.number()? {
            0 => return Some(()),
            9 => {
                for _ in 0..count {
                    streams.packed.push(bytes.number()?);
                }
            }
            10 => drop(bytes.sums(count)?),
            _ => return None,
        }
    }
}

fn folders(bytes: &mut Bytes<'_>, streams: &mut Streams) -> Option<()> {
    loop {
        match bytes.number()? {
            0 => return Some(()),
            11 => {
                let count = bytes.number().filter(|count| *count <= FOLDERS_MAX)?;
                if bytes.byte()? != 0 {
                    return None; // it stands elsewhere
                }
                for _ in 0..count {
                    streams.folders.push(folder(bytes)?);
                }
            }
            12 => {
                for folder in &mut streams.folders {
                    let last = folder.line.as_ref().and_then(|line| line.last()).copied();
                    for coder in 0..folder.coders.len() {
                        for _ in 0..folder.coders[coder].outputs {
                            let len = bytes.number()?;
                            folder.len = if last == Some(coder) { len } else { folder.len };
                        }
                    }
                    folder.members = vec![folder.len];
                }
            }
            10 => {
                let sums = bytes.sums(streams.folders.len() as u64)?;
                for (folder, has_sum) in streams.folders.iter_mut().zip(sums) {
                    folder.has_sum = has_sum;
                }
            }
            _ => return None,
        }
    }
}

fn folder(bytes: &mut Bytes<'_>) -> Option<Folder> {
    const CODERS_MAX: u64 = 32;
    let count = bytes.number().filter(|count| *count <= CODERS_MAX)?;
    let mut folder = Folder::default();
    let (mut inputs, mut outputs) = (0, 0);
    for _ in 0..count {
        let flags = bytes.byte()?;
        let id = bytes.take(u64::from(flags & 15))?.to_vec();
        let (takes, gives) = if flags & 16 != 0 {
            let small = |count: &u64| *count <= CODERS_MAX;
            (bytes.number().filter(small)?, bytes.number().filter(small)?)
        } else {
            (1, 1)
        };
        let len = if flags & 32 != 0 { bytes.number()? } else { 0 };
        let properties = bytes.take(len)?.to_vec();
        folder.coders.push(Coder { id, properties, outputs: gives });
        inputs += takes;
        outputs += gives;
    }
    let bound = u64::checked_sub(outputs, 1)?;
    let mut bonds = Vec::new();
    for _ in 0..bound {
        bonds.push((bytes.number()?, bytes.number()?));
    }
    folder.line = line(&bonds, count).filter(|_| inputs == count && outputs == count);
    folder.takes = inputs.checked_sub(bound)? as usize;
    if folder.takes > 1 {
        for _ in 0..folder.takes {
            bytes.number()?;
        }
    }
    Some(folder)
}

/// The coders from the one that takes what is stored to the one that gives what is wanted.
fn line(bonds: &[(u64, u64)], count: u64) -> Option<Vec<usize>> {
    let mut now = (0..count).find(|coder| bonds.iter().all(|(_, gives)| gives != coder))?;
    let mut line = vec![now as usize];
    while let Some((_, gives)) = bonds.iter().find(|(takes, _)| *takes == now) {
        now = *gives;
        line.push(now as usize);
        if line.len() as u64 > count {
            return None;
        }
    }
    line.reverse();
    (line.len() as u64 == count).then_some(line)
}

fn members(bytes: &mut Bytes<'_>, streams: &mut Streams) -> Option<()> {
    let mut counts: Vec<u64> = vec![1; streams.folders.len()];
    let mut left = THINGS_MAX;
    loop {
        match bytes.number()? {
            0 => break,
            13 => {
                for count in &mut counts {
                    *count = bytes.count()?;
                    left = left.checked_sub(*count)?;
                }
                share(streams, &counts);
            }
            9 => {
                for (folder, count) in streams.folders.iter_mut().zip(&counts) {
                    let mut rest = folder.len;
                    for at in 0..count.saturating_sub(1) as usize {
                        folder.members[at] = bytes.number()?;
                        rest = rest.checked_sub(folder.members[at])?;
                    }
                    if let Some(last) = folder.members.last_mut() {
                        *last = rest;
                    }
                }
            }
            10 => {
                // A member that is a whole folder has the sum of that.
                let of = |folder: &Folder| match folder.members.len() {
                    1 if folder.has_sum => 0,
                    count => count as u64,
                };
                drop(bytes.sums(streams.folders.iter().map(of).sum())?);
            }
            _ => return None,
        }
    }
    Some(())
}

fn share(streams: &mut Streams, counts: &[u64]) {
    for (folder, count) in streams.folders.iter_mut().zip(counts) {
        folder.members = match count {
            1 => vec![folder.len],
            count => vec![0; *count as usize],
        };
    }
}

fn files(bytes: &mut Bytes<'_>, header: &mut Header) -> Option<()> {
    let count = bytes.count()?;
    loop {
        let kind = bytes.number()?;
        if kind == 0 {
            return Some(());
        }
        let len = bytes.number()?;
        let mut data = Bytes { rest: bytes.take(len)? };
        match kind {
            14 => header.empty = data.bits(count)?,
            17 if data.byte()? == 0 => {
                let (units, _) = data.rest.as_chunks();
                let names = units.split(|unit| *unit == [0, 0]).take(count as usize);
                let name = |units: &[[u8; 2]]| {
                    let units: Vec<_> = units.iter().copied().map(u16::from_le_bytes).collect();
                    String::from_utf16_lossy(&units)
                };
                header.names = names.map(name).collect();
            }
            _ => {}
        }
    }
}
