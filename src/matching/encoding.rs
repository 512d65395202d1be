//! What HTTP calls the encoding of some content, undone before anybody looks at it, and done again.
//!
//! Two of the encodings have no sign that the bytes themselves would show: without the word of the
//! source nobody would know that they say anything. Sources are wrong, too: text is labelled
//! `gzip`. So the beginning is tried first, and what is not encoded as it is said to be is looked
//! at as it stands; where it is no text either, that is named as something that could not be read.

use std::cell::{Cell, RefCell};
use std::io::{self, BufRead, BufReader, Cursor, Read, Write};
use std::rc::Rc;

use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::bufread::{DeflateDecoder, GzDecoder, ZlibDecoder};
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use crate::matching::limits::ItemLimits;
use crate::matching::views::meter::is_over_memory;

/// Bytes of the beginning by which an encoding is tried, before and after decoding.
const TRIED_BYTES: usize = 64 << 10;
/// Encodings one over the other.
const CODINGS_MAX: usize = 4;
/// Decoded bytes that no ratio forbids.
const FREE_BYTES: u64 = 1 << 20;
/// Largest window of Zstandard, as a power of two: what decoders must take by RFC 9659, and more.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;
const BROTLI_BUFFER_BYTES: usize = 16 << 10;

/// One encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// `gzip`.
    Gzip,
    /// `deflate` as RFC 9110 means it: with a head and a sum.
    Zlib,
    /// `deflate` as some write it: without.
    Deflate,
    /// `br`.
    Brotli,
    /// `zstd`.
    Zstd,
}

/// Content with its encodings undone. Reading fails only if the content does: what cannot be
/// decoded ends it, and [`Self::trouble`] says so.
pub struct Undone<'a> {
    reader: Box<dyn Read + 'a>,
    bottom: Bottom<'a>,
    codings: Vec<Coding>,
    trouble: Trouble,
}

/// Why something could not be decoded: the first reason counts.
#[derive(Clone, Default)]
struct Trouble(Rc<RefCell<Option<&'static str>>>);

impl<'a> Undone<'a> {
    /// Content of which its source says this.
    ///
    /// # Errors
    /// Where the content cannot be read.
    pub fn new(
        said: Option<&str>,
        content: &'a mut dyn Read,
        limits: &ItemLimits,
    ) -> io::Result<Self> {
        let bottom = Bottom::of(content);
        let mut undone = Self {
            reader: Box::new(bottom.clone()),
            bottom,
            codings: Vec::new(),
            trouble: Trouble::default(),
        };
        let Some(words) = words(said.unwrap_or_default()) else {
            undone.trouble.be("content encoding: unknown");
            return Ok(undone);
        };
        for word in words.into_iter().rev() {
            if !undone.undo(word, limits)? {
                break;
            }
        }
        Ok(undone)
    }

    /// What was undone, in the order in which it was done.
    pub fn codings(&self) -> Vec<Coding> {
        self.codings.iter().rev().copied().collect()
    }

    /// What could not be read, once all of it was.
    pub fn trouble(&self) -> Option<&'static str> {
        self.trouble.get()
    }

    /// Undoes one more; `false` where the content is not encoded so.
    fn undo(&mut self, word: Word, limits: &ItemLimits) -> io::Result<bool> {
        let mut head = Vec::new();
        self.reader.by_ref().take(TRIED_BYTES as u64).read_to_end(&mut head)?;
        let is_whole = head.len() < TRIED_BYTES;
        let coding = word.coding(&head);
        let is_so = head.is_empty() || fits(coding, &head, is_whole);
        if !is_so && !is_text(&head, is_whole) {
            self.trouble.be("content encoding: not so encoded");
        }
        let is_so = is_so && !head.is_empty();
        let below = std::mem::replace(&mut self.reader, Box::new(io::empty()));
        let whole = Cursor::new(head).chain(below);
        if !is_so {
            self.reader = Box::new(whole);
            return Ok(false);
        }
        let decoded = Decoded {
            decoder: Decoder::new(coding, Box::new(whole))?,
            bottom: self.bottom.clone(),
            trouble: self.trouble.clone(),
            size: 0,
            size_max: limits.decoded_bytes_max,
            ratio_max: limits.decoded_ratio_max,
        };
        self.reader = Box::new(decoded);
        self.codings.push(coding);
        Ok(true)
    }
}

impl Read for Undone<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer)
    }
}

impl Trouble {
    fn be(&self, reason: &'static str) {
        self.0.borrow_mut().get_or_insert(reason);
    }

    fn get(&self) -> Option<&'static str> {
        *self.0.borrow()
    }
}

/// The content as it is stored.
#[derive(Clone)]
struct Bottom<'a> {
    content: Rc<RefCell<&'a mut dyn Read>>,
    size: Rc<Cell<u64>>,
    /// Whether it was the content that failed, and not what decodes it.
    has_failed: Rc<Cell<bool>>,
}

impl<'a> Bottom<'a> {
    fn of(content: &'a mut dyn Read) -> Self {
        let content = Rc::new(RefCell::new(content));
        Self { content, size: Rc::default(), has_failed: Rc::default() }
    }
}

impl Read for Bottom<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.content.borrow_mut().read(buffer);
        match &read {
            Ok(read) => self.size.set(self.size.get() + *read as u64),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => self.has_failed.set(true),
        }
        read
    }
}

/// One encoding, undone within bounds.
struct Decoded<'a> {
    decoder: Decoder<'a>,
    bottom: Bottom<'a>,
    trouble: Trouble,
    size: u64,
    size_max: u64,
    ratio_max: u64,
}

impl Read for Decoded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.trouble.get().is_some() {
            return Ok(0);
        }
        match self.decoder.read(buffer) {
            Ok(read) => {
                self.size += read as u64;
                let by_ratio = self.bottom.size.get().saturating_mul(self.ratio_max);
                if self.size > self.size_max || self.size > by_ratio.saturating_add(FREE_BYTES) {
                    self.trouble.be("content encoding: over its limit");
                    return Ok(0);
                }
                Ok(read)
            }
            Err(error) if self.bottom.has_failed.get() => Err(error),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) if is_over_memory(&error) => {
                self.trouble.be("content encoding: over its limit");
                Ok(0)
            }
            Err(_) => {
                self.trouble.be("content encoding: broken");
                Ok(0)
            }
        }
    }
}

/// An encoding as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Word {
    /// Which of the two that are called `deflate` begins so.
    fn coding(self, head: &[u8]) -> Coding {
        match self {
            Self::Gzip => Coding::Gzip,
            Self::Deflate => match head {
                // No stored block, which is what this would begin without a head, says its length
                // so.
                [method, flags, ..]
                    if method & 0x0f == 8
                        && u16::from_be_bytes([*method, *flags]).is_multiple_of(31) =>
                {
                    Coding::Zlib
                }
                _ => Coding::Deflate,
            },
            Self::Brotli => Coding::Brotli,
            Self::Zstd => Coding::Zstd,
        }
    }
}

/// The encodings of a list in the order in which they were done; `None` where one is not known.
/// What is no encoding at all, but often written there, changes nothing.
fn words(said: &str) -> Option<Vec<Word>> {
    let mut words = Vec::new();
    for word in said.split(',').map(|word| word.trim().to_ascii_lowercase()) {
        words.extend(match word.as_str() {
            "gzip" | "x-gzip" => Some(Word::Gzip),
            "deflate" | "x-deflate" => Some(Word::Deflate),
            "br" => Some(Word::Brotli),
            "zstd" => Some(Word::Zstd),
            "" | "identity" | "none" | "binary" | "7bit" | "8bit" => None,
            charset if encoding_rs::Encoding::for_label(charset.as_bytes()).is_some() => None,
            _ => return None,
        });
    }
    (words.len() <= CODINGS_MAX).then_some(words)
}

type Stored<'a> = BufReader<Box<dyn Read + 'a>>;

/// Decodes, and takes what lies behind the end for broken, unless it fills a block up.
enum Decoder<'a> {
    Gzip(Option<GzDecoder<Stored<'a>>>),
    Zlib(ZlibDecoder<Stored<'a>>),
    Deflate(DeflateDecoder<Stored<'a>>),
    Brotli(Box<brotli::Decompressor<Stored<'a>>>),
    Zstd(zstd::stream::read::Decoder<'static, Stored<'a>>),
}

impl<'a> Decoder<'a> {
    fn new(coding: Coding, bytes: Box<dyn Read + 'a>) -> io::Result<Self> {
        let stored = BufReader::new(bytes);
        Ok(match coding {
            Coding::Gzip => Self::Gzip(Some(GzDecoder::new(stored))),
            Coding::Zlib => Self::Zlib(ZlibDecoder::new(stored)),
            Coding::Deflate => Self::Deflate(DeflateDecoder::new(stored)),
            Coding::Brotli => {
                let decoder = brotli::Decompressor::new(stored, BROTLI_BUFFER_BYTES);
                Self::Brotli(Box::new(decoder))
            }
            Coding::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(stored)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                Self::Zstd(decoder)
            }
        })
    }
}

impl Read for Decoder<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (read, stored) = match self {
            Self::Gzip(decoder) => return members(decoder, buffer),
            Self::Zlib(decoder) => (decoder.read(buffer)?, decoder.get_mut()),
            Self::Deflate(decoder) => (decoder.read(buffer)?, decoder.get_mut()),
            Self::Brotli(decoder) => {
                let read = decoder.read(buffer)?;
                if read == 0 && !buffer.is_empty() {
                    // Says only now whether something of what it has taken is left.
                    decoder.read(buffer)?;
                }
                (read, decoder.get_mut())
            }
            // Frames follow each other, and anything else is refused.
            Self::Zstd(decoder) => return decoder.read(buffer),
        };
        if read == 0 && !buffer.is_empty() && !is_over(stored)? {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(read)
    }
}

/// Reads members of gzip, one after the other.
fn members<'a>(
    decoder: &mut Option<GzDecoder<Stored<'a>>>,
    buffer: &mut [u8],
) -> io::Result<usize> {
    // Ends: each round reads something, or begins a member that has a head of its own.
    while let Some(member) = decoder {
        let read = member.read(buffer)?;
        if read > 0 || buffer.is_empty() {
            return Ok(read);
        }
        let mut stored = decoder.take().expect("it was there").into_inner();
        if is_over(&mut stored)? {
            break;
        }
        if stored.fill_buf()?.first() != Some(&0x1f) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        *decoder = Some(GzDecoder::new(stored));
    }
    Ok(0)
}

/// Whether nothing follows but zeros.
fn is_over(stored: &mut Stored<'_>) -> io::Result<bool> {
    loop {
        let bytes = stored.fill_buf()?;
        if bytes.is_empty() {
            return Ok(true);
        }
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        let is_done = zeros < bytes.len();
        stored.consume(zeros);
        if is_done {
            return Ok(false);
        }
    }
}

/// Whether a beginning is encoded so. One that shows it by its first bytes is, even where it is
/// broken further on.
fn fits(coding: Coding, head: &[u8], is_whole: bool) -> bool {
    match coding {
        Coding::Gzip => return head.starts_with(b"\x1f\x8b"),
        // Frames, and frames to be skipped.
        Coding::Zstd => {
            return head.starts_with(b"\x28\xb5\x2f\xfd")
                || head.get(1..4) == Some(b"\x2a\x4d\x18");
        }
        Coding::Zlib | Coding::Deflate | Coding::Brotli => {}
    }
    let Ok(mut decoder) = Decoder::new(coding, Box::new(head)) else { return false };
    let (mut buffer, mut size) = (vec![0; 4096], 0);
    loop {
        match decoder.read(&mut buffer) {
            Ok(0) => return true,
            Ok(read) => size += read,
            // Cut off: by us, or else it says something all the same.
            Err(_) => return size > 0 && (!is_whole || !is_text(head, is_whole)),
        }
        if size >= TRIED_BYTES {
            return true;
        }
    }
}

fn is_text(head: &[u8], is_whole: bool) -> bool {
    match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => !is_whole && error.error_len().is_none(),
    }
}

/// Writes content encoded so.
///
/// # Errors
/// Those of either side.
pub fn encode(coding: Coding, content: &mut dyn Read, out: &mut dyn Write) -> io::Result<()> {
    match coding {
        Coding::Gzip => {
            let mut encoder = GzEncoder::new(out, Compression::default());
            io::copy(content, &mut encoder)?;
            encoder.finish()?;
        }
        Coding::Zlib => {
            let mut encoder = ZlibEncoder::new(out, Compression::default());
            io::copy(content, &mut encoder)?;
            encoder.finish()?;
        }
        Coding::Deflate => {
            let mut encoder = DeflateEncoder::new(out, Compression::default());
            io::copy(content, &mut encoder)?;
            encoder.finish()?;
        }
        Coding::Brotli => {
            // The strongest, which is the default, takes a hundred times as long.
            let parameters = BrotliEncoderParams { quality: 5, ..BrotliEncoderParams::default() };
            let mut content = content;
            let mut out = out;
            brotli::BrotliCompress(&mut content, &mut out, &parameters)?;
        }
        Coding::Zstd => {
            let mut encoder = zstd::stream::write::Encoder::new(out, 0)?;
            io::copy(content, &mut encoder)?;
            encoder.finish()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
