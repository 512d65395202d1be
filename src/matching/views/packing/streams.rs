//! Packed streams one behind the other, and what stands behind the last: read on, since whoever put
//! files together meant both.
//!
//! Streams of one form go on as one, with zeros between them as tapes and blocks have them.
//! Anything else is a stream of its own, and so is what Zstandard's frames say that readers skip.

use std::io::{self, BufRead, Read};

use liblzma::bufread::XzDecoder;
use liblzma::stream::Stream;

use crate::matching::limits::ItemLimits;
use crate::matching::views::meter::{Decoded, Meter};
use crate::matching::views::packing::signs::{XZ_BYTES_MAX, ZSTD_WINDOW_LOG_MAX};
use crate::matching::views::tour::{Look, Tour};
use crate::matching::work;

/// Bytes of frames to be skipped that are kept.
const SKIPPED_BYTES_MAX: usize = 4 << 20;

/// Frames to be skipped that are kept: each is a stream of its own.
const SKIPPED_MAX: usize = 1 << 8;

/// What it costs to set a decoder up.
const SETUP_BYTES: usize = 64 << 10;

/// Bytes that tell what a stream is.
const HEAD_BYTES: usize = 4 << 10;

/// A form of packing that holds one stream.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// RFC 1950.
    Zlib,
    /// As `bzip2` writes it.
    Bzip2,
    /// As `xz` writes it.
    Xz,
    /// As `lzma` wrote it before xz.
    Lzma,
    /// RFC 8878.
    Zstd,
}

impl<L: Look> Tour<'_, L> {
    /// Looks into a stream, and those of its form behind it; `is_same` tells those by their heads.
    pub(in crate::matching::views) fn streams(
        &mut self,
        reader: &mut dyn Read,
        codec: Codec,
        is_same: &dyn Fn(&[u8]) -> bool,
        chain: &str,
        depth: usize,
    ) -> io::Result<()> {
        let (meter, limits): (&Meter, &ItemLimits) = (self.meter, self.limits);
        let mut streams = Streams::new(reader, codec, is_same, (meter, limits));
        self.packed_stream(&mut streams, codec.name(), chain, depth)?;
        // Whoever looked may have stopped early.
        let passed = io::copy(&mut Decoded::new(&mut streams, meter, limits), &mut io::sink());
        self.settle(passed.map(|_| ()), &format!("{}: broken", codec.name()), chain)?;
        for frame in std::mem::take(&mut streams.skipped) {
            self.bytes(&mut frame.as_slice(), &format!("{chain}zstd skippable > "), depth + 1)?;
        }
        if streams.has_more_skipped {
            self.unreadable("zstd: skippable frames too large", chain);
        }
        if let Some(State::Behind(mut rest)) = streams.state
            && !rest.fill_buf()?.is_empty()
        {
            self.bytes(&mut rest, &format!("{chain}{} tail > ", codec.name()), depth + 1)?;
        }
        Ok(())
    }
}

impl Codec {
    fn name(self) -> &'static str {
        match self {
            Self::Zlib => "zlib",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Lzma => "lzma",
            Self::Zstd => "zstd",
        }
    }
}

/// All streams of one form as one.
pub struct Streams<'a> {
    codec: Codec,
    is_same: &'a dyn Fn(&[u8]) -> bool,
    bounds: (&'a Meter, &'a ItemLimits),
    /// Nothing once it is broken.
    state: Option<State<'a>>,
    skipped: Vec<Vec<u8>>,
    skipped_bytes: usize,
    has_more_skipped: bool,
}

enum State<'a> {
    Before(Input<'a>),
    Within(Box<Decoder<'a>>),
    Behind(Input<'a>),
}

enum Decoder<'a> {
    Zlib(flate2::bufread::ZlibDecoder<Input<'a>>),
    Bzip2(bzip2::bufread::BzDecoder<Input<'a>>),
    Xz(XzDecoder<Input<'a>>),
    Zstd(zstd::stream::read::Decoder<'static, Input<'a>>),
}

impl<'a> Streams<'a> {
    /// Those that a reader begins with; `is_same` tells them by their heads.
    pub fn new(
        reader: &'a mut dyn Read,
        codec: Codec,
        is_same: &'a dyn Fn(&[u8]) -> bool,
        bounds: (&'a Meter, &'a ItemLimits),
    ) -> Self {
        let state = Some(State::Before(Input { reader, buffer: Vec::new(), at: 0 }));
        let (skipped, skipped_bytes, has_more_skipped) = (Vec::new(), 0, false);
        Self { codec, is_same, bounds, state, skipped, skipped_bytes, has_more_skipped }
    }

    /// Whether nothing else stood between or stands behind them, once they were read.
    ///
    /// # Errors
    /// Reading failed.
    pub fn is_over(&mut self) -> io::Result<bool> {
        let is_end = match &mut self.state {
            Some(State::Behind(rest)) => rest.fill_buf()?.is_empty(),
            _ => false,
        };
        Ok(is_end && self.skipped.is_empty() && !self.has_more_skipped)
    }

    /// Goes on to the next stream, if there is one.
    fn open(&mut self, mut input: Input<'a>) -> io::Result<State<'a>> {
        // Ends: each turn takes a frame.
        while let Some(len) = self.skippable(&mut input)? {
            let (meter, limits) = self.bounds;
            meter.pace(limits)?;
            self.skip(&mut input, len)?;
        }
        input.skip_zeros()?;
        if !(self.is_same)(input.peek(HEAD_BYTES)?) {
            return Ok(State::Behind(input));
        }
        work::charge(SETUP_BYTES);
        let (meter, limits) = self.bounds;
        meter.pace(limits)?;
        let lzma = |stream: Result<Stream, liblzma::stream::Error>| stream.map_err(io::Error::from);
        let decoder = match self.codec {
            Codec::Zlib => Decoder::Zlib(flate2::bufread::ZlibDecoder::new(input)),
            Codec::Bzip2 => Decoder::Bzip2(bzip2::bufread::BzDecoder::new(input)),
            Codec::Xz => {
                let stream = lzma(Stream::new_stream_decoder(XZ_BYTES_MAX, 0))?;
                Decoder::Xz(XzDecoder::new_stream(input, stream))
            }
            Codec::Lzma => {
                let stream = lzma(Stream::new_lzma_decoder(XZ_BYTES_MAX))?;
                Decoder::Xz(XzDecoder::new_stream(input, stream))
            }
            Codec::Zstd => {
                let decoder = zstd::stream::read::Decoder::with_buffer(input)?;
                let mut decoder = decoder.single_frame();
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                Decoder::Zstd(decoder)
            }
        };
        Ok(State::Within(Box::new(decoder)))
    }

    /// How long the frame is that stands here and is to be skipped, RFC 8878 section 3.1.2.
    fn skippable(&self, input: &mut Input<'a>) -> io::Result<Option<u32>> {
        if self.codec != Codec::Zstd {
            return Ok(None);
        }
        Ok(match input.peek(8)? {
            [sign, 0x2a, 0x4d, 0x18, a, b, c, d, ..] if sign & 0xf0 == 0x50 => {
                Some(u32::from_le_bytes([*a, *b, *c, *d]))
            }
            _ => None,
        })
    }

    fn skip(&mut self, input: &mut Input<'a>, len: u32) -> io::Result<()> {
        input.consume(8);
        let mut frame = input.take(u64::from(len));
        let left = SKIPPED_BYTES_MAX - self.skipped_bytes;
        let mut kept = Vec::new();
        if self.skipped.len() < SKIPPED_MAX {
            frame.by_ref().take(left as u64).read_to_end(&mut kept)?;
        }
        self.has_more_skipped |= io::copy(&mut frame, &mut io::sink())? > 0;
        // Many files have one of a few bytes before each stream.
        if kept.iter().any(|byte| *byte != 0) && !self.skipped.contains(&kept) {
            self.skipped_bytes += kept.len();
            self.skipped.push(kept);
        }
        Ok(())
    }
}

impl Read for Streams<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Ends: each turn opens a stream or ends one.
        loop {
            match self.state.take() {
                Some(State::Before(input)) => self.state = Some(self.open(input)?),
                Some(State::Within(mut decoder)) => {
                    let read = decoder.read(buffer)?;
                    if read > 0 || buffer.is_empty() {
                        self.state = Some(State::Within(decoder));
                        return Ok(read);
                    }
                    self.state = Some(State::Before(decoder.into_inner()));
                }
                end => {
                    self.state = end;
                    return Ok(0);
                }
            }
        }
    }
}

impl<'a> Decoder<'a> {
    fn into_inner(self) -> Input<'a> {
        match self {
            Self::Zlib(decoder) => decoder.into_inner(),
            Self::Bzip2(decoder) => decoder.into_inner(),
            Self::Xz(decoder) => decoder.into_inner(),
            Self::Zstd(decoder) => decoder.finish(),
        }
    }
}

impl Read for Decoder<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Zlib(decoder) => decoder.read(buffer),
            Self::Bzip2(decoder) => decoder.read(buffer),
            Self::Xz(decoder) => decoder.read(buffer),
            Self::Zstd(decoder) => decoder.read(buffer),
        }
    }
}

/// A reader that shows what comes before it is taken.
struct Input<'a> {
    reader: &'a mut dyn Read,
    buffer: Vec<u8>,
    at: usize,
}

impl Input<'_> {
    /// The next bytes: so many, or all that there are.
    fn peek(&mut self, len: usize) -> io::Result<&[u8]> {
        if self.buffer.len() - self.at < len {
            self.buffer.drain(..self.at);
            self.at = 0;
            let more = (len - self.buffer.len()) as u64;
            (&mut *self.reader).take(more).read_to_end(&mut self.buffer)?;
        }
        Ok(&self.buffer[self.at..])
    }

    fn skip_zeros(&mut self) -> io::Result<()> {
        loop {
            let bytes = self.fill_buf()?;
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            let is_end = zeros < bytes.len() || zeros == 0;
            self.consume(zeros);
            if is_end {
                return Ok(());
            }
        }
    }
}

impl Read for Input<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Input<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        const CHUNK_BYTES: usize = 32 << 10;
        if self.at == self.buffer.len() {
            self.buffer.resize(CHUNK_BYTES, 0);
            self.at = 0;
            let read = self.reader.read(&mut self.buffer);
            self.buffer.truncate(*read.as_ref().unwrap_or(&0));
            read?;
        }
        Ok(&self.buffer[self.at..])
    }

    fn consume(&mut self, amount: usize) {
        self.at += amount;
    }
}
