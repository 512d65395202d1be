//! Short streams that are packed and do not say so: deflate without a header, as caches keep it,
//! and Brotli, as web servers do. Long ones are as dense as nothing else; short ones are tried.

use std::io::{Cursor, Read};

use flate2::{Decompress, FlushDecompress, Status};

use crate::matching::views::spelling::noise::is_clean;
use crate::matching::work;

/// What is read of one.
const BYTES_MAX: usize = 1 << 20;

/// What a decoder of Brotli takes in at once.
pub const BROTLI_BUFFER_BYTES: usize = 4 << 10;

/// What all of these bytes are packed from, and how, if that is text.
pub fn unpacked(bytes: &[u8]) -> Option<(&'static str, Vec<u8>)> {
    if std::str::from_utf8(bytes).is_ok() {
        return None;
    }
    let tries = [("deflate", inflated as fn(&[u8]) -> Option<Vec<u8>>), ("brotli", unbrotlied)];
    tries.into_iter().find_map(|(name, unpack)| {
        let unpacked = unpack(bytes)?;
        work::charge(unpacked.len());
        is_clean(&unpacked).then_some((name, unpacked))
    })
}

fn inflated(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut inflate = Decompress::new(false);
    let mut unpacked = Vec::with_capacity(bytes.len() * 4);
    loop {
        let (taken, given) = (inflate.total_in() as usize, unpacked.len());
        let status = inflate.decompress_vec(&bytes[taken..], &mut unpacked, FlushDecompress::None);
        let is_stuck = inflate.total_in() as usize == taken && unpacked.len() == given;
        match status.ok()? {
            Status::StreamEnd => {
                return (inflate.total_in() as usize == bytes.len()).then_some(unpacked);
            }
            _ if unpacked.len() == unpacked.capacity() && given < BYTES_MAX => {
                unpacked.reserve(unpacked.len().max(64));
            }
            _ if is_stuck || given >= BYTES_MAX => return None,
            _ => {}
        }
    }
}

fn unbrotlied(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut unpacked = Vec::new();
    let decoder = brotli::Decompressor::new(Cursor::new(bytes), BROTLI_BUFFER_BYTES);
    decoder.take(BYTES_MAX as u64).read_to_end(&mut unpacked).ok()?;
    Some(unpacked)
}

/// Whether bytes that a name says to be Brotli may be: they are no text, and some of them decodes.
pub fn begins_brotli(head: &[u8]) -> bool {
    let mut some = [0; 64];
    let mut decoder = brotli::Decompressor::new(Cursor::new(head), BROTLI_BUFFER_BYTES);
    std::str::from_utf8(head).is_err() && matches!(decoder.read(&mut some), Ok(read) if read > 0)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn what_does_not_say_how_it_is_packed_is_tried() {
        let text = "id,name\n1,ann@contoso.com\n2,bob@contoso.com\n";
        let mut deflate =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        deflate.write_all(text.as_bytes()).unwrap();
        let mut brotli = Vec::new();
        brotli::CompressorWriter::new(&mut brotli, 4096, 9, 20).write_all(text.as_bytes()).unwrap();
        for (name, bytes) in [("deflate", deflate.finish().unwrap()), ("brotli", brotli)] {
            assert_eq!(unpacked(&bytes), Some((name, text.as_bytes().to_vec())));
            assert_eq!(unpacked(&bytes[..bytes.len() - 2]), None);
            assert_eq!(
                unpacked(&[&bytes[..], b"\xff\0\xff\0"].concat()).filter(|_| name == "deflate"),
                None
            );
        }
        for bytes in [&b"\x03\x01"[..], &[0xff; 90], b"\x93NUMPY\x01\0v\0", text.as_bytes()] {
            assert_eq!(unpacked(bytes), None);
        }
    }
}
