//! The file: its head, its blocks and how they are packed, and numbers as they are written.

use std::io::{self, Read, Write};

use liblzma::stream::Stream;

use crate::matching::views::packing::signs::{XZ_BYTES_MAX, ZSTD_WINDOW_LOG_MAX};

/// What a file begins with.
pub const MAGIC: &[u8; 4] = b"Obj\x01";

/// Where the head has the schema, and what blocks are packed with.
pub const SCHEMA: &str = "avro.schema";
pub const CODEC: &str = "avro.codec";

/// Bytes of one block, packed or not; writers make blocks of some kilobytes.
pub const BLOCK_BYTES_MAX: u64 = 32 << 20;

/// Bytes of what stands before the first block; the schema is the most of it.
const HEAD_BYTES_MAX: u64 = 4 << 20;

/// How strongly is packed: what the program does if nobody says.
const XZ_LEVEL: u32 = 6;

/// What stands between blocks.
pub type Sync = [u8; 16];

/// What is said before the first block.
pub struct Head {
    /// Notes by their keys, in order.
    pub notes: Vec<(String, Vec<u8>)>,
    /// What follows it, and each block.
    pub sync: Sync,
}

/// A block as it is packed.
pub struct Block {
    /// How many records it has.
    pub count: u64,
    /// They themselves.
    pub packed: Vec<u8>,
}

impl Head {
    /// Reads what a file begins with.
    ///
    /// # Errors
    /// It is none.
    pub fn read(reader: &mut dyn Read) -> io::Result<Self> {
        let mut magic = [0; MAGIC.len()];
        reader.read_exact(&mut magic)?;
        let notes = read_notes(&mut reader.take(HEAD_BYTES_MAX))?;
        let mut sync = [0; 16];
        reader.read_exact(&mut sync)?;
        Ok(Self { notes, sync })
    }

    /// What is said of this; of several, the last counts.
    pub fn note(&self, key: &str) -> Option<&[u8]> {
        self.notes.iter().rev().find(|(known, _)| known == key).map(|(_, note)| note.as_slice())
    }

    /// What blocks are packed with.
    pub fn codec(&self) -> &[u8] {
        self.note(CODEC).unwrap_or(b"null")
    }
}

impl Block {
    /// The next one; `None` at the end of the file.
    ///
    /// # Errors
    /// It is none.
    pub fn read(reader: &mut dyn Read) -> io::Result<Option<Self>> {
        let Some(count) = read_first_long(reader)? else { return Ok(None) };
        let packed = read_bytes(reader)?;
        reader.read_exact(&mut Sync::default())?;
        Ok(Some(Self { count: count.unsigned_abs(), packed }))
    }
}

fn read_notes(reader: &mut dyn Read) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut notes = Vec::new();
    loop {
        let count = read_long(reader)?;
        if count == 0 {
            return Ok(notes);
        }
        if count < 0 {
            read_long(reader)?; // the size of the part in bytes, for those who skip it
        }
        // Ends: each takes two bytes of the head at least.
        for _ in 0..count.unsigned_abs() {
            let key = String::from_utf8_lossy(&read_bytes(reader)?).into_owned();
            notes.push((key, read_bytes(reader)?));
        }
    }
}

/// What a block is once it is unpacked.
///
/// # Errors
/// It cannot be.
pub fn unpack<'b>(codec: &[u8], block: &'b [u8]) -> io::Result<Box<dyn Read + 'b>> {
    Ok(match codec {
        b"null" => Box::new(block),
        b"deflate" => Box::new(flate2::read::DeflateDecoder::new(block)),
        b"bzip2" => Box::new(bzip2::read::MultiBzDecoder::new(block)),
        b"xz" => {
            let stream = Stream::new_stream_decoder(XZ_BYTES_MAX, 0)?;
            Box::new(liblzma::bufread::XzDecoder::new_stream(block, stream))
        }
        b"zstandard" => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(block)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
            Box::new(decoder)
        }
        b"snappy" => {
            // Four bytes of checksum follow each block.
            let packed = block.len().checked_sub(4).map(|len| &block[..len]).ok_or_else(broken)?;
            // The length is stated, and made room for, before anything is unpacked.
            let stated = snap::raw::decompress_len(packed).map_err(|_| broken())?;
            if stated as u64 > BLOCK_BYTES_MAX {
                return Err(too_large());
            }
            let bytes = snap::raw::Decoder::new().decompress_vec(packed).map_err(|_| broken())?;
            Box::new(io::Cursor::new(bytes))
        }
        _ => return Err(io::ErrorKind::Unsupported.into()),
    })
}

/// Packs what is no longer than a block may be.
///
/// # Errors
/// Nothing packs so.
pub fn pack(codec: &[u8], records: &[u8]) -> io::Result<Vec<u8>> {
    match codec {
        b"null" => Ok(records.to_vec()),
        b"deflate" => {
            let level = flate2::Compression::default();
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), level);
            encoder.write_all(records)?;
            encoder.finish()
        }
        b"bzip2" => {
            let level = bzip2::Compression::best();
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), level);
            encoder.write_all(records)?;
            encoder.finish()
        }
        b"xz" => {
            let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), XZ_LEVEL);
            encoder.write_all(records)?;
            encoder.finish()
        }
        b"zstandard" => zstd::bulk::compress(records, 0),
        b"snappy" => {
            let mut packed =
                snap::raw::Encoder::new().compress_vec(records).map_err(|_| broken())?;
            let mut sum = flate2::Crc::new();
            sum.update(records);
            packed.extend(sum.sum().to_be_bytes());
            Ok(packed)
        }
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// Bytes behind their number.
fn read_bytes(reader: &mut dyn Read) -> io::Result<Vec<u8>> {
    let len = u64::try_from(read_long(reader)?).map_err(|_| broken())?;
    if len > BLOCK_BYTES_MAX {
        return Err(broken());
    }
    let mut bytes = Vec::new();
    reader.take(len).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == len { Ok(bytes) } else { Err(broken()) }
}

/// A number, or `None` at the end of the file.
fn read_first_long(reader: &mut dyn Read) -> io::Result<Option<i64>> {
    let mut first = [0];
    match reader.read(&mut first)? {
        0 => Ok(None),
        _ => read_long(&mut first.chain(reader)).map(Some),
    }
}

/// A zig-zag number of seven bits a byte.
///
/// # Errors
/// It is none.
pub fn read_long(reader: &mut (impl Read + ?Sized)) -> io::Result<i64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let mut byte = [0];
        reader.read_exact(&mut byte)?;
        value |= u64::from(byte[0] & 0x7f) << shift;
        if byte[0] < 0x80 {
            return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
        }
    }
    Err(broken())
}

/// Writes such a number.
pub fn write_long(value: i64, into: &mut Vec<u8>) {
    let mut rest = (value << 1 ^ value >> 63) as u64;
    while rest >= 0x80 {
        into.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    into.push(rest as u8);
}

/// Writes bytes behind their number.
pub fn write_bytes(bytes: &[u8], into: &mut Vec<u8>) {
    write_long(bytes.len() as i64, into);
    into.extend_from_slice(bytes);
}

/// It is not what it says it is.
pub fn broken() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

/// It is larger than it may be.
pub fn too_large() -> io::Error {
    io::ErrorKind::FileTooLarge.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for value in [0, 1, -1, 63, -64, 64, 1 << 40, i64::MAX, i64::MIN] {
            let mut written = Vec::new();
            write_long(value, &mut written);
            assert_eq!(read_long(&mut written.as_slice()).unwrap(), value);
        }
        let records = b"by kofi@contoso.com, ".repeat(99);
        for codec in ["null", "deflate", "bzip2", "xz", "zstandard", "snappy"] {
            let packed = pack(codec.as_bytes(), &records).unwrap();
            let mut unpacked = Vec::new();
            unpack(codec.as_bytes(), &packed).unwrap().read_to_end(&mut unpacked).unwrap();
            assert_eq!(unpacked, records, "{codec}");
        }
    }
}
