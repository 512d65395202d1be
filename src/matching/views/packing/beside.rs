//! What stands in a zip beside the members that its directory tells of: those that were taken out
//! of the directory and not out of the file, and anything before, between or behind.

use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;

use tempfile::SpooledTempFile;
use zip::ZipArchive;

use crate::matching::views::tour::{Kind, Look, Tour};

/// A spool that an archive lies in.
pub type Spool = BufReader<SpooledTempFile>;

/// What a member takes of a file.
pub struct Taken {
    /// From its header to the end of its content.
    pub range: Range<u64>,
    /// The check sum and the sizes that may be told again behind it.
    pub sum: u32,
    /// Packed, and not.
    pub sizes: [u64; 2],
}

impl Taken {
    /// What this member takes.
    pub fn of<R: Read + Seek>(member: &zip::read::ZipFile<'_, R>) -> Self {
        let (packed, start) = (member.compressed_size(), member.header_start());
        let content = member.data_start().unwrap_or(start);
        Self {
            range: start..content.saturating_add(packed),
            sum: member.crc32(),
            sizes: [packed, member.size()],
        }
    }
}

/// Bytes of the longest descriptor behind a member.
const DESCRIPTOR_BYTES_MAX: usize = 24;

/// The end of a directory without its comment.
const END_BYTES: usize = 22;

/// The end with the longest comment.
const END_BYTES_MAX: u64 = END_BYTES as u64 + 0xffff;

impl<L: Look> Tour<'_, L> {
    /// Looks at what no member takes.
    pub(super) fn beside_members(
        &mut self,
        members: ZipArchive<Spool>,
        mut taken: Vec<Taken>,
        chain: &str,
        depth: usize,
    ) -> io::Result<()> {
        let directory = members.central_directory_start();
        let comment = members.comment().len();
        let mut spool = members.into_inner();
        taken.sort_unstable_by_key(|taken| taken.range.start);
        let mut at = 0;
        for taken in &taken {
            self.gap(&mut spool, at..taken.range.start, chain, depth)?;
            at = at.max(taken.range.end);
            if at == taken.range.end {
                at += self.meter.own(descriptor(&mut spool, taken))?;
            }
        }
        self.gap(&mut spool, at..directory, chain, depth)?;
        let size = self.meter.own(spool.seek(SeekFrom::End(0)))?;
        let end = self.meter.own(end_of(&mut spool, directory, size, comment))?;
        self.gap(&mut spool, end..size, chain, depth)
    }

    fn gap(
        &mut self,
        spool: &mut Spool,
        range: Range<u64>,
        chain: &str,
        depth: usize,
    ) -> io::Result<()> {
        if range.is_empty() {
            return Ok(());
        }
        self.meter.pace(self.limits)?;
        let mut head = [0; 512];
        let read = self.meter.own(head_of(spool, &range, &mut head))?;
        let head = &head[..read];
        if head.iter().all(|byte| *byte == 0) && range.end - range.start <= head.len() as u64 {
            return Ok(()); // filled up, so that the next one begins where it is wanted
        }
        self.meter.own(spool.seek(SeekFrom::Start(range.start)))?;
        let mut gap = spool.take(range.end - range.start);
        let chain = format!("{chain}zip beside its members > ");
        if head.starts_with(b"PK") {
            // Read as an archive it would have no directory.
            return self.stream(&mut gap, &chain, Kind::Binary, depth + 1);
        }
        self.bytes(&mut gap, &chain, depth + 1)
    }
}

fn head_of(spool: &mut Spool, range: &Range<u64>, head: &mut [u8]) -> io::Result<usize> {
    spool.seek(SeekFrom::Start(range.start))?;
    let mut rest = head;
    let len = rest.len();
    let mut gap = spool.take(range.end - range.start);
    while !rest.is_empty() {
        let read = gap.read(rest)?;
        if read == 0 {
            break;
        }
        rest = &mut rest[read..];
    }
    Ok(len - rest.len())
}

/// How long what tells the sizes of a member again is, APPNOTE 4.3.9.
fn descriptor(spool: &mut Spool, taken: &Taken) -> io::Result<u64> {
    let mut bytes = [0; DESCRIPTOR_BYTES_MAX];
    let end = taken.range.end;
    head_of(spool, &(end..end + DESCRIPTOR_BYTES_MAX as u64), &mut bytes)?;
    let sign = if bytes.starts_with(b"PK\x07\x08") { 4 } else { 0 };
    let rest = &bytes[sign..];
    if !rest.starts_with(&taken.sum.to_le_bytes()) {
        return Ok(0);
    }
    let long: Vec<u8> = taken.sizes.iter().flat_map(|size| size.to_le_bytes()).collect();
    let short: Vec<u8> = taken.sizes.iter().flat_map(|size| (*size as u32).to_le_bytes()).collect();
    let sizes = [long, short].into_iter().find(|sizes| rest[4..].starts_with(sizes));
    Ok(sizes.map_or(0, |sizes| sign + 4 + sizes.len()) as u64)
}

/// Where an archive ends whose directory begins there.
fn end_of(spool: &mut Spool, directory: u64, size: u64, comment: usize) -> io::Result<u64> {
    // The last one that could have such a comment; more than that is searched by nobody.
    let from = directory.max(size.saturating_sub(END_BYTES_MAX + 0xffff));
    spool.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    spool.read_to_end(&mut tail)?;
    let len = (comment as u16).to_le_bytes();
    let is_end = |at: &usize| tail.get(at + 20..at + END_BYTES) == Some(&len);
    let ends = memchr::memmem::find_iter(&tail, b"PK\x05\x06").filter(is_end);
    Ok(ends.last().map_or(size, |at| from + (at + END_BYTES + comment) as u64).min(size))
}
