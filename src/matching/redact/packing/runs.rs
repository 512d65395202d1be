//! Runs of base64: decoded, rewritten and encoded again, in the same alphabet and the same lines.

use std::io::Cursor;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use crate::matching::put::Put;
use crate::matching::redact::edits::{Edit, Piece};
use crate::matching::redact::refusal::Stop;
use crate::matching::redact::rewriting::Rewriting;
use crate::matching::views::tour::Look;

impl<L: Look<What = Put>> Rewriting<'_, L> {
    /// The run in this range of a window, rewritten, with the range that it takes the place of;
    /// `None` if it cannot be rewritten within.
    pub(in crate::matching::redact) fn run(
        &mut self,
        window: &[u8],
        range: &Range<usize>,
        depth: usize,
    ) -> Result<Option<Piece>, Stop> {
        let raw = &window[range.clone()];
        let Some(run) = Run::of(raw).filter(|run| run.is_all_of(raw)) else { return Ok(None) };
        let range = &(range.start..range.start + run.len);
        if let Some(piece) = self.hexadecimal(&run, range, depth)? {
            return Ok(Some(piece));
        }
        let rest = &window[range.end..];
        let pads = pads(rest);
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

    fn hexadecimal(
        &mut self,
        run: &Run,
        range: &Range<usize>,
        depth: usize,
    ) -> Result<Option<Piece>, Stop> {
        let Ok(bytes) = hex::decode(&run.digits) else { return Ok(None) };
        let Some(rewritten) = self.inner(&bytes, depth + 1)? else { return Ok(None) };
        let is_upper = run.digits.iter().any(u8::is_ascii_uppercase);
        let digits = if is_upper { hex::encode_upper(rewritten) } else { hex::encode(rewritten) };
        Ok(Some(Piece { range: range.clone(), bytes: run.wrapped(digits.as_bytes()) }))
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

/// Digits of a line that may be one of several.
const LINE_DIGITS_MIN: usize = 60;

fn is_escape(byte: &u8) -> bool {
    b"=\\%&".contains(byte)
}

/// Pads at the start.
fn pads(rest: &[u8]) -> usize {
    rest.iter().take(2).take_while(|byte| **byte == b'=').count()
}

/// A run that cannot be rewritten within, with its pads; where something says that it is base64, so
/// is what is put.
pub fn instead(window: &[u8], edit: &Edit) -> (Edit, Option<Piece>) {
    let pads = pads(&window[edit.range.end..]);
    let range = edit.range.start..edit.range.end + pads;
    let is_told = SIGNS.iter().any(|sign| window[..range.start].ends_with(sign));
    let piece = (is_told || pads > 0).then(|| Piece {
        range: range.clone(),
        bytes: STANDARD.encode(edit.put.text()).into_bytes(),
    });
    (Edit { range, ..edit.clone() }, piece)
}

/// What stands before base64 and says that it is: in LDIF, in a URL, in YAML.
const SIGNS: [&[u8]; 3] = [b":: ", b"base64,", b"!!binary "];

/// A run as it stands.
struct Run {
    digits: Vec<u8>,
    /// Bytes of it, with its breaks.
    len: usize,
    /// What ends its lines, if there is more than one.
    lines: Option<Lines>,
}

/// Lines of a run.
struct Lines {
    /// Digits in the first: other words may stand before them.
    first: usize,
    /// Digits in each line after it.
    width: usize,
    /// What stands between lines.
    gap: Vec<u8>,
}

impl Run {
    /// The run whose lines, all but the first and the last, are of one length and end alike. What
    /// stands behind a shorter line, or another break, is something else that looks like base64.
    fn of(raw: &[u8]) -> Option<Self> {
        let line_len = |at: usize| raw[at..].iter().take_while(|byte| is_digit(byte)).count();
        let first = line_len(0);
        if first == raw.len() {
            return Some(Self { digits: raw.to_vec(), len: first, lines: None });
        }
        let gap = raw[first..first + gap_len(&raw[first..])?].to_vec();
        let (mut digits, mut at) = (raw[..first].to_vec(), first);
        let mut width = None;
        while let Some(rest) = raw[at..].strip_prefix(gap.as_slice()) {
            let start = raw.len() - rest.len();
            let len = line_len(start);
            if len == 0 || width.is_some_and(|width| len > width) {
                break;
            }
            digits.extend_from_slice(&raw[start..start + len]);
            at = start + len;
            if *width.get_or_insert(len.max(first)) > len {
                break;
            }
        }
        let lines = width.map(|width| Lines { first, width, gap });
        Some(Self { digits, len: at, lines })
    }

    /// Whether what stands behind it is not of the same digits: whoever is in those would stay.
    fn is_all_of(&self, raw: &[u8]) -> bool {
        let rest = &raw[self.len..];
        let gap = self.lines.as_ref().map_or(&[][..], |lines| &lines.gap);
        let goes_on = rest.strip_prefix(gap).is_some_and(|rest| rest.first().is_some_and(is_digit));
        let has_line = rest.split(|byte| !is_digit(byte)).any(|line| line.len() >= LINE_DIGITS_MIN);
        !goes_on && !has_line
    }

    fn is_for_urls(&self) -> bool {
        self.digits.iter().any(|byte| matches!(byte, b'-' | b'_'))
    }

    fn wrapped(&self, encoded: &[u8]) -> Vec<u8> {
        match &self.lines {
            Some(Lines { first, width, gap }) if encoded.len() > *first => {
                let (head, tail) = encoded.split_at(*first);
                let lines = std::iter::once(head).chain(tail.chunks(*width));
                lines.collect::<Vec<_>>().join(gap.as_slice())
            }
            _ => encoded.to_vec(),
        }
    }
}

fn is_digit(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/-_".contains(byte)
}

/// What ends a line here, as it is written in a string of whatever depth, with the indent after it.
fn gap_len(rest: &[u8]) -> Option<usize> {
    let slashes = rest.iter().take_while(|byte| **byte == b'\\').count();
    let (carriage, line) = if slashes > 0 { (b'r', b'n') } else { (b'\r', b'\n') };
    let part = |at: usize, sign: u8| {
        let is_part = rest.get(at..at + slashes + 1)?.split_last()? == (&sign, &rest[..slashes]);
        is_part.then_some(slashes + 1)
    };
    let first = part(0, carriage).unwrap_or(0);
    let len = first + part(first, line)?;
    Some(len + rest[len..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count())
}
