//! Runs of base64: decoded, rewritten and encoded again, in the same alphabet and the same lines.

use std::io::Cursor;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use crate::matching::put::Put;
use crate::matching::redact::refusal::Stop;
use crate::matching::redact::rewriting::Rewriting;
use crate::matching::redact::sheet::Piece;
use crate::matching::views::tour::Look;

impl<L: Look<What = Put>> Rewriting<'_, L> {
    /// The run in this range of a window, rewritten, with the range that it takes the place of;
    /// `None` if it cannot be rewritten within.
    pub(super) fn run(
        &mut self,
        window: &[u8],
        range: &Range<usize>,
        depth: usize,
    ) -> Result<Option<Piece>, Stop> {
        let Some(run) = Run::of(&window[range.clone()]) else { return Ok(None) };
        let rest = &window[range.end..];
        let pads = rest.iter().take(2).take_while(|byte| **byte == b'=').count();
        let is_padded = pads > 0 && (run.digits.len() + pads).is_multiple_of(4);
        // A pad that is spelled as an escape would no longer fit.
        let is_whole = run.digits.len().is_multiple_of(4);
        let pad_is_escaped = !is_padded && !is_whole && rest.first().is_some_and(is_escape);
        // It goes on behind an escaped slash.
        let goes_on = matches!(rest, [b'\\', b'/' | b'u' | b'x', ..]);
        if pad_is_escaped || goes_on {
            return Ok(None);
        }
        // The parts of a token are in the alphabet for URLs, without pads.
        let is_part = rest.first() == Some(&b'.') || window[..range.start].last() == Some(&b'.');
        let is_for_urls = is_part || run.is_for_urls();
        let (engine, padded) =
            if is_for_urls { (URL_SAFE_NO_PAD, URL_SAFE) } else { (STANDARD_NO_PAD, STANDARD) };
        let Ok(bytes) = engine.decode(&run.digits) else { return Ok(None) };
        let Some(rewritten) = self.inner(&bytes, depth + 1)? else { return Ok(None) };
        let pads = if is_padded { pads } else { 0 };
        // What had whole groups without a pad may need one now; where none is used, none is.
        let engine = if is_padded || is_whole && !is_for_urls { padded } else { engine };
        let encoded = engine.encode(rewritten).into_bytes();
        let range = range.start..range.end + pads;
        Ok(Some(Piece { range, bytes: run.wrapped(&encoded) }))
    }

    /// Bytes within others, rewritten; `None` if nothing was replaced or they cannot be rewritten.
    fn inner(&mut self, bytes: &[u8], depth: usize) -> Result<Option<Vec<u8>>, Stop> {
        if depth > self.limits.depth_max {
            return Ok(None);
        }
        let before = self.replaced;
        let mut out = Vec::new();
        match self.bytes(&mut Cursor::new(bytes), &mut out, depth) {
            Ok(()) if self.replaced != before => Ok(Some(out)),
            Ok(()) | Err(Stop::Not(_) | Stop::Read(_)) => {
                self.replaced = before;
                Ok(None)
            }
            Err(stop) => Err(stop),
        }
    }
}

fn is_escape(byte: &u8) -> bool {
    b"=\\%&".contains(byte)
}

/// A run as it stands.
struct Run {
    digits: Vec<u8>,
    /// Digits in a line and what ends it, if there is more than one line.
    lines: Option<(usize, Vec<u8>)>,
}

impl Run {
    /// The run, if all of its lines but the last are of one length and end alike.
    fn of(raw: &[u8]) -> Option<Self> {
        let gap = ["\\r\\n", "\\n", "\r\n", "\n"]
            .into_iter()
            .find(|gap| memchr::memmem::find(raw, gap.as_bytes()).is_some());
        let mut run = Self { digits: Vec::new(), lines: None };
        match gap {
            None => run.digits = raw.to_vec(),
            Some(gap) => {
                let first = memchr::memmem::find(raw, gap.as_bytes())?;
                let indent = raw[first + gap.len()..].iter().take_while(|b| **b == b' ').count();
                let gap = [gap.as_bytes(), &vec![b' '; indent]].concat();
                let mut rest = raw;
                while let Some(end) = memchr::memmem::find(rest, &gap) {
                    if end != first {
                        return None;
                    }
                    run.digits.extend_from_slice(&rest[..end]);
                    rest = &rest[end + gap.len()..];
                }
                run.digits.extend_from_slice(rest);
                run.lines = (rest.len() <= first).then_some((first, gap));
                run.lines.as_ref()?;
            }
        }
        let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
        run.digits.iter().all(is_digit).then_some(run)
    }

    fn is_for_urls(&self) -> bool {
        self.digits.iter().any(|byte| matches!(byte, b'-' | b'_'))
    }

    fn wrapped(&self, encoded: &[u8]) -> Vec<u8> {
        match &self.lines {
            None => encoded.to_vec(),
            Some((width, gap)) => encoded.chunks(*width).collect::<Vec<_>>().join(gap.as_slice()),
        }
    }
}
