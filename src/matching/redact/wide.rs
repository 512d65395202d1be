//! UTF-16 and UTF-32: decoded, rewritten as text and encoded back.
//!
//! What was decoded is also encoded back as it is, and must give the stored bytes: half a surrogate
//! pair, or a byte too many at the end, would be lost without a word.

use std::io::{self, Read, Write};

use sha2::{Digest, Sha256};

use crate::matching::put::Put;
use crate::matching::redact::refusal::Stop;
use crate::matching::redact::rewriting::Rewriting;
use crate::matching::views::spelling::charset::{Charset, Wide};
use crate::matching::views::tour::Look;

impl<L: Look<What = Put>> Rewriting<'_, L> {
    /// Rewrites a stream in this charset; `mark` says whether a byte order mark opens it.
    pub(super) fn wide(
        &mut self,
        reader: &mut dyn Read,
        out: &mut dyn Write,
        charset: Charset,
        mark: bool,
        depth: usize,
    ) -> Result<(), Stop> {
        // Of UTF-16 the decoder takes the mark away; in UTF-32 it is a character like others.
        let mark = mark && matches!(charset, Charset::Utf16(_));
        let mut stored = HashOf(Sha256::new());
        let mut again = Encoder::new(HashOf(Sha256::new()), charset, mark).map_err(Stop::Write)?;
        let mut encoder = Encoder::new(out, charset, mark).map_err(Stop::Write)?;
        let text = Wide::new(Tee(reader, &mut stored), charset);
        let mut text = Tee(text, &mut again);
        self.text(&mut text, &mut encoder, depth)?;
        let same = again.out.0.finalize() == stored.0.finalize();
        let whole = encoder.carried.is_empty();
        if same && whole { Ok(()) } else { Err(Stop::not("charset: broken characters")) }
    }
}

/// Reads and passes on what was read.
struct Tee<R, W>(R, W);

impl<R: Read, W: Write> Read for Tee<R, &mut W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        self.1.write_all(&buffer[..read])?;
        Ok(read)
    }
}

struct HashOf(Sha256);

impl Write for HashOf {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// UTF-8 written in another charset.
struct Encoder<W> {
    out: W,
    charset: Charset,
    /// Bytes of a character that is not whole yet.
    carried: Vec<u8>,
}

impl<W: Write> Encoder<W> {
    fn new(out: W, charset: Charset, mark: bool) -> io::Result<Self> {
        let mut encoder = Self { out, charset, carried: Vec::new() };
        if mark {
            encoder.write_all("\u{feff}".as_bytes())?;
        }
        Ok(encoder)
    }

    fn encode(&self, text: &str) -> Vec<u8> {
        match self.charset {
            Charset::Utf16(true) => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Charset::Utf16(false) => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            Charset::Utf32(true) => text.chars().flat_map(|c| (c as u32).to_le_bytes()).collect(),
            Charset::Utf32(false) => text.chars().flat_map(|c| (c as u32).to_be_bytes()).collect(),
            Charset::Bytes | Charset::Ebcdic | Charset::Binary => text.into(),
        }
    }
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.carried.extend_from_slice(bytes);
        let valid = match std::str::from_utf8(&self.carried) {
            Ok(text) => text.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
        };
        let text = String::from_utf8_lossy(&self.carried[..valid]);
        let encoded = self.encode(&text);
        self.out.write_all(&encoded)?;
        self.carried.drain(..valid);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
