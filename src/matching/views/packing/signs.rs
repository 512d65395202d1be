//! How something packed begins, and whether a stream does begin there: tried within a budget.
//!
//! Two bytes of sign stand anywhere by chance, and a hostile file is made of nothing else. A sign
//! is believed only where some of the stream decodes; what was tried in vain is charged, and once
//! the budget is spent no more is tried.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, Input, MatchKind};
use flate2::{Crc, Decompress, FlushDecompress, Status};
use liblzma::stream::Stream;

use crate::matching::work;

/// Bytes that must decode before something is taken for a packed stream: two bytes of sign may
/// stand anywhere by chance.
const SAMPLE_BYTES: usize = 512;

/// What must be right of a stream of zlib that is not whole: its sign has two bytes, which stand in
/// every two thousandth hash. Hashes are shorter, and longer noise comes sooner to what cannot be.
pub const ZLIB_BYTES_MIN: usize = 72;

/// Memory that an xz stream may ask for.
pub const XZ_BYTES_MAX: u64 = 80 << 20;

/// Window that a zstd stream may ask for: 64 MiB.
pub const ZSTD_WINDOW_LOG_MAX: u32 = 26;

/// The longest name or comment of a gzip header.
const WORD_BYTES_MAX: usize = 64 << 10;

/// What may be tried in vain for each byte of a window: bytes taken in and given out, and what it
/// costs to set a decoder up.
const VAIN_RATIO_MAX: usize = 4;

/// A way in which something is packed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// A member of gzip.
    Gzip,
    /// A stream of zlib.
    Zlib,
    /// A frame of zstd.
    Zstd,
    /// A stream of bzip2.
    Bzip2,
    /// A stream of xz.
    Xz,
    /// A deflated member of a zip, with its own header.
    ZipMember,
}

/// What a stream turned out to be.
pub enum Tried {
    /// There is none.
    Nothing,
    /// A stream that goes on beyond the sample.
    Stream,
    /// A whole stream, with all that it holds and the bytes that it took.
    Whole(Vec<u8>, usize),
}

/// How something packed begins; of bzip2 what comes after its level.
const SIGNS: [(&[u8], Packing); 9] = [
    (b"\x1f\x8b\x08", Packing::Gzip),
    (b"\x78\x01", Packing::Zlib),
    (b"\x78\x5e", Packing::Zlib),
    (b"\x78\x9c", Packing::Zlib),
    (b"\x78\xda", Packing::Zlib),
    (b"\x28\xb5\x2f\xfd", Packing::Zstd),
    (b"1AY&SY", Packing::Bzip2),
    (b"\xfd7zXZ\0", Packing::Xz),
    (b"PK\x03\x04", Packing::ZipMember),
];

/// All signs at once: each window is searched for them.
static SEARCH: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostFirst)
        .build(SIGNS.map(|(sign, _)| sign))
        .expect("nine short patterns")
});

/// Where something packed may begin, in order.
pub fn starts(bytes: &[u8], range: Range<usize>) -> Vec<(usize, Packing)> {
    let mut all = Vec::new();
    let mut from = 0;
    while let Some(seen) = SEARCH.find(Input::new(bytes).range(from..)) {
        // One may begin within another.
        from = seen.start() + 1;
        let (_, packing) = SIGNS[seen.pattern().as_usize()];
        let before = if packing == Packing::Bzip2 { BZIP2_LEAD_BYTES } else { 0 };
        let at = seen.start().saturating_sub(before);
        if range.contains(&at) {
            all.push((at, packing));
        }
    }
    all.sort_by_key(|(at, _)| *at);
    all
}

/// `BZh` and the level.
const BZIP2_LEAD_BYTES: usize = 4;

/// Tries what may begin at signs of one window.
pub struct Trials {
    inflate: Option<Box<Decompress>>,
    left: usize,
}

impl Trials {
    /// For a window of this length.
    pub fn new(window: usize) -> Self {
        Self { inflate: None, left: window * VAIN_RATIO_MAX }
    }

    /// Whether too much was tried in vain.
    pub fn are_over(&self) -> bool {
        self.left == 0
    }

    /// Tries the stream at the start of these bytes.
    pub fn run(&mut self, bytes: &[u8], packing: Packing) -> Tried {
        let (cost, tried) = match packing {
            Packing::Gzip => self.deflated(bytes, gzip_header(bytes), false, 8),
            Packing::Zlib => self.deflated(bytes, Ok(0), true, 0),
            Packing::ZipMember => self.deflated(bytes, zip_header(bytes).ok_or(0), false, 0),
            Packing::Zstd | Packing::Bzip2 | Packing::Xz => sampled(bytes, packing),
        };
        work::charge(cost);
        if matches!(tried, Tried::Nothing) {
            self.left = self.left.saturating_sub(cost);
        }
        tried
    }

    /// Tries a deflated stream behind a header and before a trailer of so many bytes; of a header
    /// that is none, what was looked at of it.
    fn deflated(
        &mut self,
        bytes: &[u8],
        header: Result<usize, usize>,
        zlib: bool,
        trailer: usize,
    ) -> (usize, Tried) {
        const SETUP_BYTES: usize = 64;
        let body = match header.map(|header| bytes.get(header..)) {
            Ok(Some(body)) => body,
            Ok(None) => return (SETUP_BYTES, Tried::Nothing),
            Err(seen) => return (SETUP_BYTES + seen, Tried::Nothing),
        };
        let header = bytes.len() - body.len();
        let inflate = self.inflate.get_or_insert_with(|| Box::new(Decompress::new(zlib)));
        inflate.reset(zlib);
        let mut sample = vec![0; SAMPLE_BYTES];
        let ended = loop {
            let (taken, given) = (inflate.total_in() as usize, inflate.total_out() as usize);
            let (rest, room) = (&body[taken..], &mut sample[given..]);
            match inflate.decompress(rest, room, FlushDecompress::None) {
                Ok(Status::StreamEnd) => break Some(true),
                Err(_) => break None,
                Ok(_) => {}
            }
            let (taken_now, given_now) =
                (inflate.total_in() as usize, inflate.total_out() as usize);
            if given_now == SAMPLE_BYTES || (taken_now, given_now) == (taken, given) {
                break Some(false);
            }
        };
        let (taken, given) = (inflate.total_in() as usize, inflate.total_out() as usize);
        let cost = SETUP_BYTES + header + taken + given;
        let end = header + taken + trailer;
        let tried = match ended {
            Some(true) if end <= bytes.len() => {
                sample.truncate(given);
                Tried::Whole(sample, end)
            }
            Some(_) if given > 0 && (!zlib || goes_on(inflate, body)) => Tried::Stream,
            // What was given before an error may be the end of a window.
            None if given > 0 && taken == body.len() && (!zlib || taken >= ZLIB_BYTES_MIN) => {
                Tried::Stream
            }
            _ => Tried::Nothing,
        };
        (cost, tried)
    }
}

/// Whether a stream of zlib, of which some was right, is right for as long as noise is not.
fn goes_on(inflate: &mut Decompress, body: &[u8]) -> bool {
    let mut out = [0; SAMPLE_BYTES];
    let (mut taken, mut given) = (inflate.total_in() as usize, inflate.total_out());
    while taken < ZLIB_BYTES_MIN {
        let read = inflate.decompress(&body[taken..], &mut out, FlushDecompress::None);
        let now = (inflate.total_in() as usize, inflate.total_out());
        match read {
            Ok(Status::StreamEnd) => return true,
            Ok(_) if now != (taken, given) => (taken, given) = now,
            // One that waits for more ends so, RFC 1951 section 3.2.4.
            Ok(_) => return given > 0 && body.ends_with(b"\0\0\xff\xff"),
            Err(_) => return false,
        }
    }
    true
}

/// Whether a stream of zlib starts here: two bytes are too few to tell it from noise, so that it
/// must end well, or be right for a while.
pub fn is_zlib(bytes: &[u8]) -> bool {
    goes_on(&mut Decompress::new(true), bytes)
}

/// Tries a stream for which a decoder of its own is set up.
fn sampled(bytes: &[u8], packing: Packing) -> (usize, Tried) {
    const SIGN_BYTES: usize = 64;
    let Some(setup) = setup_bytes(bytes, packing) else { return (SIGN_BYTES, Tried::Nothing) };
    let left = Cell::new(bytes.len());
    let Some(mut decoder) = packing.decoder(Slice { bytes, left: &left }) else {
        return (setup, Tried::Nothing);
    };
    let mut sample = vec![0; SAMPLE_BYTES];
    let mut len = 0;
    let ended = loop {
        match decoder.read(&mut sample[len..]) {
            Ok(0) => break Some(len < SAMPLE_BYTES),
            Ok(read) => len += read,
            Err(_) => break None,
        }
    };
    let taken = bytes.len() - left.get();
    let tried = match ended {
        Some(true) => {
            sample.truncate(len);
            Tried::Whole(sample, taken)
        }
        Some(false) => Tried::Stream,
        None if left.get() == 0 && len > 0 => Tried::Stream,
        None => Tried::Nothing,
    };
    (setup + taken + len, tried)
}

/// What it costs to set a decoder up for a stream that begins like this; `None` if its header says
/// that there is none.
fn setup_bytes(bytes: &[u8], packing: Packing) -> Option<usize> {
    match packing {
        Packing::Bzip2 => {
            let level = bytes.get(3).filter(|level| matches!(level, b'1'..=b'9'))?;
            (bytes.starts_with(b"BZh")).then(|| usize::from(level - b'0') << 14)
        }
        Packing::Xz => {
            // The flags of the stream have a check sum of their own.
            let (flags, sum) = bytes.get(6..12)?.split_at(2);
            let mut crc = Crc::new();
            crc.update(flags);
            (sum == crc.sum().to_le_bytes()).then_some(64 << 10)
        }
        Packing::Zstd => {
            const RESERVED: u8 = 8;
            const SINGLE_SEGMENT: u8 = 32;
            let (descriptor, window) = (*bytes.get(4)?, *bytes.get(5)?);
            let log = 10 + u32::from(window >> 3);
            let is_single = descriptor & SINGLE_SEGMENT != 0;
            if descriptor & RESERVED != 0 || !is_single && log > ZSTD_WINDOW_LOG_MAX {
                return None;
            }
            let window = if is_single { 0 } else { 1usize << log };
            Some((64 << 10) + window / 16)
        }
        Packing::Gzip | Packing::Zlib | Packing::ZipMember => Some(0),
    }
}

/// Length of a gzip header, RFC 1952 section 2.3; if it is none, how much of it was looked at.
fn gzip_header(bytes: &[u8]) -> Result<usize, usize> {
    const RESERVED: u8 = 0xe0;
    let mut len = 10;
    let flags = *bytes.get(3).filter(|flags| *flags & RESERVED == 0).ok_or(len)?;
    if flags & 4 != 0 {
        let size = bytes.get(len..).and_then(<[u8]>::first_chunk).ok_or(len)?;
        len += 2 + usize::from(u16::from_le_bytes(*size));
    }
    for _ in 0..(flags >> 3 & 1) + (flags >> 4 & 1) {
        let word = bytes.get(len..).ok_or(len)?;
        let word = &word[..word.len().min(WORD_BYTES_MAX)];
        len += memchr::memchr(0, word).ok_or(len + word.len())? + 1;
    }
    Ok(len + if flags & 2 != 0 { 2 } else { 0 })
}

/// Length of a zip's local file header, if what it precedes is deflated; APPNOTE 4.3.7.
fn zip_header(bytes: &[u8]) -> Option<usize> {
    const DEFLATED: [u8; 2] = [8, 0];
    let header = bytes.first_chunk::<30>()?;
    let len = |at: usize| usize::from(u16::from_le_bytes([header[at], header[at + 1]]));
    (header[8..10] == DEFLATED && header[6] & 1 == 0).then(|| 30 + len(26) + len(28))
}

impl Packing {
    /// How it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zlib => "zlib",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::ZipMember => "zip",
        }
    }

    /// A decoder of the one stream that begins here.
    pub fn decoder<'a>(self, mut bytes: Slice<'a>) -> Option<Box<dyn Read + 'a>> {
        Some(match self {
            Self::Gzip => Box::new(flate2::bufread::GzDecoder::new(bytes)),
            Self::Zlib => Box::new(flate2::bufread::ZlibDecoder::new(bytes)),
            Self::Zstd => {
                let decoder = zstd::stream::read::Decoder::with_buffer(bytes).ok()?;
                let mut decoder = decoder.single_frame();
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).ok()?;
                Box::new(decoder)
            }
            Self::Bzip2 => Box::new(bzip2::bufread::BzDecoder::new(bytes)),
            Self::Xz => {
                let stream = Stream::new_stream_decoder(XZ_BYTES_MAX, 0).ok()?;
                Box::new(liblzma::bufread::XzDecoder::new_stream(bytes, stream))
            }
            Self::ZipMember => {
                bytes.bytes = bytes.bytes.get(zip_header(bytes.bytes)?..)?;
                Box::new(flate2::bufread::DeflateDecoder::new(bytes))
            }
        })
    }
}

/// Bytes that tell how many of them were not taken.
pub struct Slice<'a> {
    /// Those that were not taken.
    pub bytes: &'a [u8],
    /// How many.
    pub left: &'a Cell<usize>,
}

impl Read for Slice<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(buffer)?;
        self.left.set(self.bytes.len());
        Ok(read)
    }
}

impl BufRead for Slice<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(self.bytes)
    }

    fn consume(&mut self, amount: usize) {
        self.bytes.consume(amount);
        self.left.set(self.bytes.len());
    }
}
