//! Which regions of a text are worth reading in every view.
//!
//! Whoever looks can hint where in a text as it stands something may be seen. Here the hints are
//! gathered from the text and from what its escapes, mail encodings and base64 decode to, decoding
//! only where there is any. What lies in no region speaks of nobody, in any reading.

use std::ops::Range;

use memchr::{memchr_iter, memchr3_iter};

use crate::matching::views::containers::is_packed;
use crate::matching::views::spelling::base64_runs::runs;
use crate::matching::views::spelling::charset::utf8_or_western;
use crate::matching::views::spelling::cut::{ceil, floor};
use crate::matching::views::spelling::escapes::{ROUNDS_MAX, unescape};
use crate::matching::views::spelling::mail;
use crate::matching::views::walk::Look;

/// Bytes around an escape that are decoded with it: longer than any word that is sought, escaped.
const REACH_BYTES: usize = 240;

/// Bytes around a hint that are read in every view.
const NEAR_BYTES: usize = 1 << 10;

/// The same where the hint came out of a decoded text, which was shorter.
const NEAR_DECODED_BYTES: usize = 6 << 10;

/// A region of a text.
pub struct Region {
    /// What is to be read.
    pub read: Range<usize>,
    /// What of it is answered for: at the edges a word may be cut.
    pub core: Range<usize>,
}

/// Bytes at a cut edge that are not answered for.
const EDGE_BYTES: usize = 420;

/// The regions of a text, in order and apart; all of it if whoever looks has no hints to give.
pub fn regions<L: Look>(look: &L, text: &str) -> Vec<Region> {
    let mut spots = Vec::new();
    if !(Gathering { look, spots: &mut spots }).gather(text, 0, true) {
        return vec![Region { read: 0..text.len(), core: 0..text.len() }];
    }
    let mut spots: Vec<Range<usize>> = spots.iter().map(Spot::widened).collect();
    spots.sort_unstable_by_key(|spot| spot.start);
    let mut reads: Vec<Range<usize>> = Vec::new();
    for spot in spots {
        let read = floor(text, spot.start)..ceil(text, spot.end);
        match reads.last_mut() {
            Some(last) if last.end >= read.start => last.end = last.end.max(read.end),
            _ => reads.push(read),
        }
    }
    let core = |read: &Range<usize>| {
        let start = if read.start == 0 { 0 } else { read.start + EDGE_BYTES };
        let end = if read.end == text.len() { text.len() } else { read.end - EDGE_BYTES };
        start..end
    };
    reads.into_iter().map(|read| Region { core: core(&read), read }).collect()
}

/// Whether anything may be seen in bytes that were decoded from base64.
pub fn is_worth<L: Look>(look: &L, bytes: &[u8]) -> bool {
    if bytes.contains(&0) || is_packed(bytes) {
        return true;
    }
    let may = |text: &str| {
        let mut spots = Vec::new();
        !(Gathering { look, spots: &mut spots }).gather(text, 0, true) || !spots.is_empty()
    };
    // Bytes beyond UTF-8 may be letters, or neighbours of no meaning.
    may(&utf8_or_western(bytes))
        || std::str::from_utf8(bytes).is_err() && may(&String::from_utf8_lossy(bytes))
}

struct Gathering<'a, L> {
    look: &'a L,
    spots: &'a mut Vec<Spot>,
}

/// Where something may be seen.
struct Spot {
    at: Range<usize>,
    /// Bytes on either side that are read with it.
    near: usize,
}

impl Spot {
    fn widened(&self) -> Range<usize> {
        self.at.start.saturating_sub(self.near)..self.at.end + self.near
    }
}

impl<L: Look> Gathering<'_, L> {
    /// Gathers from a text; `false` if there are no hints to be had.
    fn gather(&mut self, text: &str, rounds: usize, outer: bool) -> bool {
        let near = if rounds == 0 && outer { NEAR_BYTES } else { NEAR_DECODED_BYTES };
        let spots = &mut *self.spots;
        if !self.look.hint(text, &mut |at| spots.push(Spot { at: at..at, near })) {
            return false;
        }
        if rounds < ROUNDS_MAX {
            for part in parts(escapes(text), text) {
                let Some(reading) = unescape(&text[part.clone()]) else { continue };
                self.inner(&reading.text, rounds + 1, outer, |at| part.start + reading.origin(at));
            }
        }
        if outer {
            for part in parts(mail_signs(text), text) {
                let Some(reading) = mail::undo(&text[part.clone()]) else { continue };
                self.inner(&reading.text, rounds, false, |at| part.start + reading.origin(at));
            }
        }
        let spots = &mut *self.spots;
        runs(text, &mut |run| {
            if is_worth(self.look, &run.bytes) {
                spots.push(Spot { at: run.start..run.end, near: NEAR_BYTES });
            }
        });
        true
    }

    /// Gathers from a decoded text and leads the spots back.
    fn inner(&mut self, text: &str, rounds: usize, outer: bool, origin: impl Fn(usize) -> usize) {
        let mut spots = Vec::new();
        Gathering { look: self.look, spots: &mut spots }.gather(text, rounds, outer);
        self.spots.extend(spots.into_iter().map(|spot| Spot {
            at: origin(spot.at.start)..origin(spot.at.end),
            near: NEAR_DECODED_BYTES,
        }));
    }
}

/// Where an escape may stand.
fn escapes(text: &str) -> impl Iterator<Item = usize> {
    let bytes = text.as_bytes();
    memchr3_iter(b'\\', b'%', b'&', bytes).filter(|at| match (bytes[*at], bytes.get(at + 1)) {
        (_, None) => false,
        (b'%', Some(next)) => next.is_ascii_hexdigit() || *next == b'u',
        (b'&', Some(next)) => next.is_ascii_alphabetic() || *next == b'#',
        _ => true,
    })
}

/// Where mail may have encoded something.
fn mail_signs(text: &str) -> impl Iterator<Item = usize> {
    let bytes = text.as_bytes();
    memchr_iter(b'=', bytes).filter(|at| {
        matches!(
            (bytes.get(at + 1), bytes.get(at + 2)),
            (Some(b'?' | b'\r' | b'\n' | b'\\'), _)
                | (Some(b'0'..=b'9' | b'A'..=b'F'), Some(b'0'..=b'9' | b'A'..=b'F'))
        )
    })
}

/// The signs with what they may reach, joined where they meet.
fn parts(signs: impl Iterator<Item = usize>, text: &str) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> = Vec::new();
    for at in signs {
        match parts.last_mut() {
            Some(last) if last.end >= at.saturating_sub(REACH_BYTES) => last.end = at + REACH_BYTES,
            _ => parts.push(at.saturating_sub(REACH_BYTES)..at + REACH_BYTES),
        }
    }
    for part in &mut parts {
        *part = floor(text, part.start)..ceil(text, part.end);
    }
    parts
}
