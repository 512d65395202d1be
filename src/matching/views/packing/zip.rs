//! Zip (PKWARE's APPNOTE). Needs to seek, and goes through a spool that lies in memory while it is
//! small and in an unlinked file beyond that.

use std::io::{self, BufReader, Read, Seek, Write};

use liblzma::bufread::XzDecoder;
use liblzma::stream::Stream;
use memchr::memmem;
use tempfile::SpooledTempFile;
use zip::read::ZipFile;
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use crate::matching::limits::ItemLimits;
use crate::matching::views::meter::{Decoded, Meter, Spooling};
use crate::matching::views::packing::beside::Taken;
use crate::matching::views::packing::signs::XZ_BYTES_MAX;
use crate::matching::views::spelling::charset::utf8_or_western;
use crate::matching::views::tour::{Look, Tour, shown};

/// Bytes of a zip that are held in memory; beyond, it lies in a file.
pub const SPOOL_BYTES_MAX: usize = 4 << 20;

/// Members of one archive: all that is said of them lies in memory.
const MEMBERS_MAX: usize = 1_000_000;

/// How the entry of a member begins in the directory.
const ENTRY: &[u8] = b"PK\x01\x02";

/// An archive of known size.
pub struct Archive {
    /// What it holds.
    pub members: ZipArchive<BufReader<SpooledTempFile>>,
    /// Bytes that its members may still take, packed: they lie side by side, so that all together
    /// are no longer than the archive. One in the other, they would be read again and again.
    left: u64,
    /// What its members take of it, as far as they were looked at.
    taken: Vec<Taken>,
}

impl Archive {
    /// Takes an archive in.
    ///
    /// # Errors
    /// The stream's, or our own disk's; within, why the archive cannot be opened.
    pub fn open(reader: &mut dyn Read, meter: &Meter) -> io::Result<Result<Self, &'static str>> {
        let mut spool = tempfile::spooled_tempfile(SPOOL_BYTES_MAX);
        let mut counting = Counting { reader, tail: Vec::new(), entries: 0, size: 0 };
        copy(&mut counting, &mut Spooling::new(&mut spool, meter))?;
        let (entries, left) = (counting.entries, counting.size);
        if entries > MEMBERS_MAX {
            return Ok(Err("zip: too many members"));
        }
        meter.own(spool.rewind())?;
        let opened = ZipArchive::new(BufReader::new(spool));
        Ok(opened
            .map(|members| Self { members, left, taken: Vec::new() })
            .map_err(|_| "zip: broken"))
    }

    /// Counts a member that takes so many bytes.
    ///
    /// # Errors
    /// It cannot lie beside the others.
    pub fn count(&mut self, packed: u64) -> Result<(), &'static str> {
        let left = self.left.checked_sub(packed);
        self.left = left.ok_or("zip: overlapping members")?;
        Ok(())
    }
}

impl<L: Look> Tour<'_, L> {
    /// Looks into an archive.
    pub(in crate::matching::views) fn zip(
        &mut self,
        reader: &mut dyn Read,
        chain: &str,
        depth: usize,
    ) -> io::Result<()> {
        let mut archive = match Archive::open(reader, self.meter)? {
            Ok(archive) => archive,
            Err(reason) => {
                self.unreadable(reason, chain);
                return Ok(());
            }
        };
        self.label_bytes(archive.members.comment(), &format!("{chain}zip"), "comment");
        for index in 0..archive.members.len() {
            self.meter.pace(self.limits)?;
            let Some(inner) = self.zip_entry(&mut archive, index, chain) else { continue };
            let inner = match inner {
                Ok(inner) => inner,
                Err(reason) => {
                    self.unreadable(reason, chain);
                    return Ok(());
                }
            };
            self.zip_member(&mut archive, index, &inner, depth)?;
        }
        self.workbook(&mut archive.members, chain, depth)?;
        self.beside_members(archive.members, archive.taken, chain, depth)
    }

    /// Looks at what the directory says of a member, and tells the way into it; within, why no more
    /// is to be read. `None` if there is no way.
    fn zip_entry(
        &mut self,
        archive: &mut Archive,
        index: usize,
        chain: &str,
    ) -> Option<Result<String, &'static str>> {
        let Ok(member) = archive.members.by_index_raw(index) else {
            self.unreadable("zip: broken member", chain);
            return None;
        };
        let name = member
            .name()
            .map_or_else(|_| utf8_or_western(member.name_raw()), |name| name.into_owned());
        let raw = member.name_raw().to_vec();
        let (encrypted, comment) = (member.encrypted(), utf8_or_western(member.comment_raw()));
        let packed = member.compressed_size();
        archive.taken.push(Taken::of(&member));
        drop(member);
        let (view, place) = (format!("{chain}zip"), shown(&name));
        let inner = format!("{chain}zip:{place} > ");
        self.label(&name, &view, &place);
        self.label_bytes(&raw, &view, &place);
        self.label(&comment, &view, &place);
        if encrypted {
            self.unreadable("zip: encrypted member", &inner);
            return None;
        }
        Some(archive.count(packed).map(|()| inner))
    }

    fn zip_member(
        &mut self,
        archive: &mut Archive,
        index: usize,
        inner: &str,
        depth: usize,
    ) -> io::Result<()> {
        let (meter, limits): (&Meter, &ItemLimits) = (self.meter, self.limits);
        if let Ok(member) = archive.members.by_index_raw(index)
            && member.compression() == CompressionMethod::LZMA
        {
            let walked = of_lzma(member).and_then(|mut member| {
                self.bytes(&mut Decoded::new(&mut member, meter, limits), inner, depth + 1)
            });
            return self.settle(walked, "zip: broken member", inner);
        }
        let reason = match archive.members.by_index(index) {
            Ok(member) => {
                let walked = self.bytes(&mut Decoded::new(member, meter, limits), inner, depth + 1);
                return self.settle(walked, "zip: broken member", inner);
            }
            Err(ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_)) => {
                "zip: compression not supported"
            }
            Err(_) => "zip: broken member",
        };
        self.unreadable(reason, inner);
        Ok(())
    }
}

/// A member of method 14 (APPNOTE 5.8), decoded by a library whose memory is bounded: before its
/// stream stand a version, the length of the properties, and those.
fn of_lzma(mut member: ZipFile<'_, impl Read>) -> io::Result<impl Read> {
    let (mut lead, mut properties) = ([0; 4], [0; 5]);
    member.read_exact(&mut lead)?;
    member.read_exact(&mut properties)?;
    if lead[2..] != [5, 0] {
        return Err(io::ErrorKind::InvalidData.into());
    }
    // As a file of its own would begin; where an end is marked the size is not needed.
    let size = member.size().to_le_bytes();
    let alone = io::Cursor::new([&properties[..], &size].concat()).chain(member);
    let stream = Stream::new_lzma_decoder(XZ_BYTES_MAX).map_err(io::Error::other)?;
    Ok(XzDecoder::new_stream(BufReader::new(alone), stream))
}

/// Copies all that is left of a stream.
pub fn copy(reader: &mut dyn Read, spool: &mut dyn Write) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = reader.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        spool.write_all(&buffer[..read])?;
    }
}

/// Counts what may be entries of a directory in what is read through it.
struct Counting<'a> {
    reader: &'a mut dyn Read,
    /// The last bytes, in which an entry may begin.
    tail: Vec<u8>,
    entries: usize,
    size: u64,
}

impl Read for Counting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        let cut = ENTRY.len() - 1;
        let joint = [&self.tail, &buffer[..read.min(cut)]].concat();
        self.entries += memmem::find_iter(&joint, ENTRY).count();
        self.entries += memmem::find_iter(&buffer[..read], ENTRY).count();
        let end = if read < cut { joint.as_slice() } else { &buffer[..read] };
        self.tail = end[end.len().saturating_sub(cut)..].to_vec();
        self.size += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time, or all at once.
    struct By<'a>(&'a [u8], usize);

    impl Read for By<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let len = self.1.min(buffer.len());
            self.0.read(&mut buffer[..len])
        }
    }

    #[test]
    fn entries_are_counted_wherever_they_are_cut() {
        let bytes = [b"xPK\x01PK\x01\x02", ENTRY, b"PK\x01"].concat();
        for step in 1..bytes.len() + 1 {
            let mut by = By(&bytes, step);
            let mut counting = Counting { reader: &mut by, tail: Vec::new(), entries: 0, size: 0 };
            copy(&mut counting, &mut io::sink()).unwrap();
            assert_eq!((counting.entries, counting.size), (2, bytes.len() as u64), "{step}");
        }
    }
}
