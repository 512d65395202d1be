//! Which regions of a text are worth reading in every view.
//!
//! Whoever looks can hint where in a text as it stands something may be seen. Here the hints are
//! gathered from the text and from what its escapes, mail encodings and base64 decode to, decoding
//! only where there is any. What lies in no region speaks of nobody, in any reading.

use std::ops::Range;

use memchr::{memchr_iter, memchr3_iter};

use crate::matching::views::forms::is_packed;
use crate::matching::views::known::Worthless;
use crate::matching::views::markup::tags::{self, between_tags};
use crate::matching::views::spelling::base64_runs::{may_belong, runs};
use crate::matching::views::spelling::charset::{cut_out, unknown, utf8_or_western};
use crate::matching::views::spelling::cut::{ceil, floor};
use crate::matching::views::spelling::escapes::{ROUNDS_MAX, is_entity, unescape};
use crate::matching::views::spelling::mail;
use crate::matching::views::spelling::noise::{is_western, may_be_wide, texts};
use crate::matching::views::spelling::reading::Reading;
use crate::matching::views::spelling::strings::frames::cuts;
use crate::matching::views::tour::Look;
use crate::matching::work;

/// Bytes around a hint that are read in every view.
const NEAR_BYTES: usize = 1 << 10;

/// The same where the hint came out of a decoded text, which was shorter.
const NEAR_DECODED_BYTES: usize = 6 << 10;

/// How deep base64 within base64 is followed.
pub const NESTED_RUNS_MAX: usize = 3;

/// A region of a text.
pub struct Region {
    /// What is to be read.
    pub read: Range<usize>,
    /// What of it is answered for: at the edges a word may be cut.
    pub core: Range<usize>,
}

/// Bytes at a cut edge that are not answered for.
const EDGE_BYTES: usize = 420;

/// The regions of a text, in order and apart; all of it if whoever looks has no hints to give. The
/// text lies in so many runs of base64, one in the other.
pub fn regions<L: Look>(
    look: &L,
    worthless: &mut Worthless,
    text: &str,
    nested: usize,
) -> Vec<Region> {
    let mut spots = Vec::new();
    let mut gathering = Gathering { look, worthless, nested, spots: &mut spots };
    if !gathering.gather(text, 0, true, None) {
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

/// Whether anything may be seen in bytes that were decoded from base64, from so many runs of it,
/// one in the other.
pub fn is_worth<L: Look>(look: &L, worthless: &mut Worthless, bytes: &[u8], nested: usize) -> bool {
    work::charge(bytes.len());
    let hash = worthless.hash(bytes, nested);
    if worthless.has(hash) {
        return false;
    }
    let worth = may_hold(look, worthless, bytes, nested);
    if !worth {
        worthless.insert(hash);
    }
    worth
}

fn may_hold<L: Look>(look: &L, worthless: &mut Worthless, bytes: &[u8], nested: usize) -> bool {
    let mut may = |text: &str| {
        let mut spots = Vec::new();
        let mut gathering = Gathering { look, worthless, nested, spots: &mut spots };
        !gathering.gather(text, 0, true, None) || !spots.is_empty()
    };
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.contains('\0') || is_packed(bytes) || may(text);
    }
    is_packed(bytes)
        || may_be_wide(bytes)
        || is_western(bytes) && may(&utf8_or_western(bytes))
        || may(&joined(texts(bytes)))
        || cut_out(bytes, &cuts(bytes), unknown).is_some_and(|reading| may(&reading.text))
}

/// Texts in a row, apart as in the stream that they were cut out of: noise has thousands of them.
fn joined<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    let mut all = String::new();
    for text in texts {
        all.push_str(text);
        all.push(char::REPLACEMENT_CHARACTER);
    }
    all
}

struct Gathering<'a, L> {
    look: &'a L,
    worthless: &'a mut Worthless,
    /// How many runs of base64 the text lies in.
    nested: usize,
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
    /// Gathers from a text; `false` if there are no hints to be had. Of a text that was decoded
    /// from another only those runs of base64 count that the other did not have.
    fn gather(
        &mut self,
        text: &str,
        rounds: usize,
        outer: bool,
        decoded: Option<&Reading>,
    ) -> bool {
        work::charge(text.len());
        let near = if rounds == 0 && outer { NEAR_BYTES } else { NEAR_DECODED_BYTES };
        let spots = &mut *self.spots;
        if !self.look.hint(text, &mut |at| spots.push(Spot { at: at..at, near })) {
            return false;
        }
        let reach = self.look.reach();
        if rounds < ROUNDS_MAX {
            for part in parts(escapes(text), text, reach) {
                let Some(reading) = unescape(&text[part.clone()]) else { continue };
                self.inner(&reading, part.start, rounds + 1, outer);
            }
        }
        for part in parts(tags::signs(text), text, reach) {
            let Some(reading) = between_tags(&text[part.clone()]) else { continue };
            self.inner(&reading, part.start, rounds, outer);
        }
        if outer {
            for part in parts(mail_signs(text), text, reach) {
                let Some(reading) = mail::undo(&text[part.clone()]) else { continue };
                self.inner(&reading, part.start, rounds, false);
            }
        }
        if decoded.is_some_and(|reading| !reading.spells(may_belong)) {
            return true;
        }
        if self.nested == NESTED_RUNS_MAX {
            return true;
        }
        let is_new = |run| decoded.is_none_or(|reading| !reading.is_copy(run));
        let spots = &mut *self.spots;
        runs(text, &is_new, &mut |run| {
            if is_worth(self.look, self.worthless, &run.bytes, self.nested + 1) {
                spots.push(Spot { at: run.start..run.end, near: NEAR_BYTES });
            }
        });
        true
    }

    /// Gathers from what was decoded from `from` on and leads the spots back.
    fn inner(&mut self, reading: &Reading, from: usize, rounds: usize, outer: bool) {
        let mut spots = Vec::new();
        let mut gathering = Gathering {
            look: self.look,
            worthless: self.worthless,
            nested: self.nested,
            spots: &mut spots,
        };
        gathering.gather(&reading.text, rounds, outer, Some(reading));
        let origin = |at| from + reading.origin(at);
        self.spots.extend(spots.into_iter().map(|spot| Spot {
            at: origin(spot.at.start)..origin(spot.at.end),
            near: NEAR_DECODED_BYTES,
        }));
    }
}

/// Where an escape may stand.
fn escapes(text: &str) -> impl Iterator<Item = usize> {
    let bytes = text.as_bytes();
    memchr3_iter(b'\\', b'%', b'&', bytes).filter(|at| match (bytes[*at], &bytes[at + 1..]) {
        (b'\\', [next, ..]) => b"nrtfbv\"'/\\`uUx0123".contains(next),
        (b'%', [high, low, ..]) => {
            *high == b'u' || high.is_ascii_hexdigit() && low.is_ascii_hexdigit()
        }
        (b'&', [b'#' | b'a'..=b'z' | b'A'..=b'Z', ..]) => is_entity(&text[*at..]),
        _ => false,
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
fn parts(signs: impl Iterator<Item = usize>, text: &str, reach: usize) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> = Vec::new();
    for at in signs {
        match parts.last_mut() {
            Some(last) if last.end >= at.saturating_sub(reach) => last.end = at + reach,
            _ => parts.push(at.saturating_sub(reach)..at + reach),
        }
    }
    for part in &mut parts {
        *part = floor(text, part.start)..ceil(text, part.end);
    }
    parts
}
