//! Pictures of PNG: the texts beside them, packed or not.

use std::io::{self, Cursor, Read};

use memchr::memchr;

use crate::matching::views::spelling::charset::utf8_or_western;
use crate::matching::views::stores::numbers::big;
use crate::matching::views::stores::spool::{Spool, broken};
use crate::matching::views::tour::{Look, Tour, shown};

/// Bytes of a text, packed or not.
const TEXT_BYTES_MAX: u64 = 16 << 20;

/// Bytes of a text that is read after its keyword.
const LABEL_BYTES_MAX: usize = 64 << 10;

/// Before the first chunk.
const SIGN_BYTES: u64 = 8;

impl<L: Look> Tour<'_, L> {
    /// Looks into a picture, and at what stands behind it.
    pub(in crate::matching::views) fn png(
        &mut self,
        spool: &mut Spool<'_>,
        chain: &str,
        depth: usize,
    ) -> io::Result<()> {
        let mut at = SIGN_BYTES;
        // Ends: each chunk takes twelve bytes at least.
        while at < spool.size() {
            let head = spool.some(at, 8)?;
            let (Some(len), Some(kind)) = (big(&head, 0, 4), head.get(4..)) else { break };
            if matches!(kind, b"tEXt" | b"zTXt" | b"iTXt") {
                if len > TEXT_BYTES_MAX {
                    return Err(io::ErrorKind::FileTooLarge.into());
                }
                let chunk = spool.all(at + 8, len as usize)?;
                self.png_text(kind, &chunk, chain, depth)?;
            }
            at += 12 + len;
            if kind == b"IEND" {
                break;
            }
        }
        if at < spool.size() && depth < self.limits.depth_max {
            self.bytes(&mut spool.from(at), &format!("{chain}png tail > "), depth + 1)?;
        }
        Ok(())
    }

    fn png_text(&mut self, kind: &[u8], chunk: &[u8], chain: &str, depth: usize) -> io::Result<()> {
        let (key, rest) = cut(chunk)?;
        let (is_packed, text) = match kind {
            b"tEXt" => (false, rest),
            b"zTXt" => (true, rest.get(1..).ok_or_else(broken)?),
            _ => {
                let (flags, rest) = rest.split_at_checked(2).ok_or_else(broken)?;
                let (_, rest) = cut(rest)?;
                (flags[0] == 1, cut(rest)?.1)
            }
        };
        let mut bytes = text.to_vec();
        if is_packed {
            bytes.clear();
            let decoder = flate2::read::ZlibDecoder::new(text);
            decoder.take(TEXT_BYTES_MAX + 1).read_to_end(&mut bytes)?;
            self.meter.charge(bytes.len() as u64, self.limits)?;
        }
        if bytes.len() as u64 > TEXT_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let key = shown(&utf8_or_western(key));
        if bytes.len() < LABEL_BYTES_MAX || depth >= self.limits.depth_max {
            let text = format!("{key}: {}", utf8_or_western(&bytes));
            self.label(&text, &format!("{chain}png"), &key);
            return Ok(());
        }
        self.bytes(&mut Cursor::new(bytes), &format!("{chain}png:{key} > "), depth + 1)
    }
}

/// What stands before a zero, and behind it.
fn cut(bytes: &[u8]) -> io::Result<(&[u8], &[u8])> {
    let end = memchr(0, bytes).ok_or_else(broken)?;
    Ok((&bytes[..end], &bytes[end + 1..]))
}
