//! Folders unpacked.

use std::io::{self, Read};

use liblzma::read::XzDecoder;
use liblzma::stream::{Filters, Stream};

use crate::matching::views::packing::signs::ZSTD_WINDOW_LOG_MAX;
use crate::matching::views::stores::numbers::little;
use crate::matching::views::stores::sevenzip::header::{Coder, Folder};

/// Memory that a dictionary may take.
const DICTIONARY_BYTES_MAX: u64 = 80 << 20;

/// Why a folder is not unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// It is encrypted.
    Encrypted,
    /// It is packed in a way that is not known.
    Unknown,
    /// It would take more memory than it may.
    TooLarge,
}

/// What unpacks a folder of which this is the packed stream.
///
/// # Errors
/// It is not to be unpacked; within, it is broken.
pub fn unpacking<'r>(
    folder: &Folder,
    packed: Box<dyn Read + 'r>,
) -> io::Result<Result<Box<dyn Read + 'r>, Closed>> {
    if folder.coders.iter().any(|coder| coder.id.starts_with(&[6, 0xf1, 7])) {
        return Ok(Err(Closed::Encrypted));
    }
    let Some(line) = folder.line.as_ref().filter(|_| folder.takes == 1) else {
        return Ok(Err(Closed::Unknown));
    };
    let mut reader = packed;
    let mut coders = line.iter().map(|coder| &folder.coders[*coder]).peekable();
    while let Some(coder) = coders.next() {
        reader = match coder.id.as_slice() {
            [0] => reader,
            [0x21] | [3, 1, 1] => {
                if dictionary(coder) > DICTIONARY_BYTES_MAX {
                    return Ok(Err(Closed::TooLarge));
                }
                let mut filters = Filters::new();
                // Filters are undone with what they were packed by.
                let more: Vec<&Coder> =
                    std::iter::from_fn(|| coders.next_if(|coder| is_filter(coder))).collect();
                for coder in more.into_iter().rev() {
                    filter(&mut filters, coder)?;
                }
                match coder.id.as_slice() {
                    [0x21] => filters.lzma2_properties(&coder.properties)?,
                    _ => filters.lzma1_properties(&coder.properties)?,
                };
                Box::new(XzDecoder::new_stream(reader, Stream::new_raw_decoder(&filters)?))
            }
            [4, 1, 8] => Box::new(flate2::read::DeflateDecoder::new(reader)),
            [4, 2, 2] => Box::new(bzip2::read::MultiBzDecoder::new(reader)),
            [4, 0xf7, 0x11, 1] => {
                let mut decoder = zstd::stream::read::Decoder::new(reader)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                Box::new(decoder)
            }
            _ => return Ok(Err(Closed::Unknown)),
        };
    }
    Ok(Ok(reader))
}

fn dictionary(coder: &Coder) -> u64 {
    match (coder.id.as_slice(), coder.properties.as_slice()) {
        ([0x21], [size, ..]) => (2 | u64::from(size & 1)) << (size / 2 + 11).min(40),
        (_, properties) => little(properties, 1, 4).unwrap_or(u64::MAX),
    }
}

fn is_filter(coder: &Coder) -> bool {
    matches!(coder.id.as_slice(), [3 | 4] | [3, 3, 1, 3])
}

fn filter(filters: &mut Filters, coder: &Coder) -> io::Result<()> {
    match coder.id.as_slice() {
        [3] => filters.delta_properties(&coder.properties)?,
        _ => filters.x86(),
    };
    Ok(())
}
