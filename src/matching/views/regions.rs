//! Which regions of a text are worth reading in every view.
//!
//! Whoever looks can hint where in a text as it stands something may be seen. Here the hints are
//! gathered from the text and from what its escapes, mail encodings and base64 decode to, decoding
//! only where there is any. What lies in no region speaks of nobody, in any reading.

use std::ops::Range;

use memchr::{memchr_iter, memchr3_iter, memmem};

use crate::matching::blocks::bits;
use crate::matching::blocks::masks::{TEXTY, masks};
use crate::matching::blocks::signs::Signs;
use crate::matching::views::as_read::spellings::AsRead;
use crate::matching::views::forms::is_packed;
use crate::matching::views::hinting::{Ends, Hinting, Texts};
use crate::matching::views::known::Worthless;
use crate::matching::views::markup::tags::{self, between_tags};
use crate::matching::views::spelling::cut::{ceil, floor};
use crate::matching::views::spelling::digits::base64_runs::{may_belong, runs};
use crate::matching::views::spelling::escapes::{ROUNDS_MAX, is_entity, unescape};
use crate::matching::views::spelling::mail;
use crate::matching::views::spelling::reading::Reading;
use crate::matching::views::spelling::strings::runs::is_text;
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

impl Region {
    /// All of it.
    pub fn whole(len: usize) -> Self {
        Self::of(0..len)
    }

    /// That is answered for wholly.
    pub fn of(read: Range<usize>) -> Self {
        Self { core: read.clone(), read }
    }
}

/// Bytes at a cut edge that are not answered for.
const EDGE_BYTES: usize = 420;

/// The regions of a text, in order and apart; all of it if more may be seen than what is sought.
/// The text lies in so many runs of base64, one in the other.
pub fn regions<L: Look>(
    look: &L,
    worthless: &mut Worthless,
    text: &str,
    nested: usize,
) -> Vec<Region> {
    let Some(hinting) = look.hinting() else { return vec![Region::whole(text.len())] };
    let mut spots = Vec::new();
    let mut gathering =
        Gathering { hinting, ends: Ends::Told, worthless, nested, spots: &mut spots };
    gathering.gather(text, 0, true, None);
    apart(spots.iter(), text.len(), |spot| floor(text, spot.start)..ceil(text, spot.end))
}

/// Where something may be seen in bytes that are no text, or not all of them, by the width of its
/// characters.
pub struct Candidates {
    /// Spelled in one byte a character, or in UTF-8.
    pub narrow: Vec<Spot>,
    /// Spelled in two bytes a character.
    pub two: Vec<Spot>,
    /// Spelled in four.
    pub four: Vec<Spot>,
}

/// What of that which this tells of may be seen in such bytes.
pub fn candidates(
    hinting: &dyn Hinting,
    worthless: &mut Worthless,
    bytes: &[u8],
    nested: usize,
) -> Candidates {
    work::charge(bytes.len());
    let sifted = hinting.sifted(bytes);
    let mut led_back = |reading: &Reading| {
        let mut spots = Vec::new();
        if !reading.text.is_empty() {
            let mut gathering =
                Gathering { hinting, ends: Ends::Open, worthless, nested, spots: &mut spots };
            gathering.gather(&reading.text, 0, true, None);
        }
        spots.into_iter().map(|spot| spot.led_back(reading, 0)).collect::<Vec<_>>()
    };
    let [mut narrow, two, four] = [&sifted.narrow, &sifted.two, &sifted.four].map(&mut led_back);
    hinting.hint_bytes(bytes, &mut |at| narrow.push(Spot { at: at..at, near: NEAR_BYTES }));
    Candidates { narrow, two, four }
}

/// The regions of such bytes with these texts in them, or with something that may be seen of what
/// this tells of.
pub fn regions_of_texts(
    texts: Texts,
    known: &[&dyn Hinting],
    worthless: &mut Worthless,
    bytes: &[u8],
    nested: usize,
) -> RegionsOfTexts {
    work::charge(bytes.len());
    let spots = |texts: Vec<Range<usize>>| {
        texts.into_iter().map(|at| Spot { at, near: NEAR_BYTES }).collect::<Vec<_>>()
    };
    let (mut all, mut wide) = (spots(texts.all), spots(texts.wide));
    for known in known {
        let Candidates { narrow, two, four } = candidates(*known, worthless, bytes, nested);
        wide.extend(two.iter().cloned());
        all.extend([narrow, two, four].into_iter().flatten());
    }
    let [all, wide] = [all, wide].map(|spots| byte_regions(spots.iter(), bytes.len()));
    RegionsOfTexts { all, wide }
}

/// Where somebody may be seen in bytes that are no text.
pub struct RegionsOfTexts {
    /// However it is spelled.
    pub all: Vec<Region>,
    /// In two bytes a character.
    pub wide: Vec<Region>,
}

/// The regions around spots in bytes.
pub fn byte_regions<'a>(spots: impl Iterator<Item = &'a Spot>, len: usize) -> Vec<Region> {
    apart(spots, len, |spot| spot.start..spot.end.min(len))
}

/// All around the regions that may tell where their strings begin and end: up to numbers in which
/// there is no structure.
pub fn structures_around(bytes: &[u8], regions: &[Region]) -> Vec<Range<usize>> {
    let is_mere: Vec<bool> = match regions {
        [] => return Vec::new(),
        _ => bytes.chunks(BLOCK_BYTES).map(are_mere_numbers).collect(),
    };
    let mut all: Vec<Range<usize>> = Vec::new();
    for region in regions {
        let first = (region.read.start / BLOCK_BYTES).saturating_sub(1);
        let last = region.read.end / BLOCK_BYTES + 1;
        let start = is_mere[..first].iter().rposition(|mere| *mere).map_or(0, |mere| mere + 1);
        let end = is_mere.iter().skip(last + 1).position(|mere| *mere);
        let end = end.map_or(bytes.len(), |mere| bytes.len().min((last + 1 + mere) * BLOCK_BYTES));
        match all.last_mut() {
            Some(last) if last.end >= start * BLOCK_BYTES => last.end = last.end.max(end),
            _ => all.push(start * BLOCK_BYTES..end),
        }
    }
    all
}

/// The regions in a structure with the strings around them: in whole stretches of text, which may
/// be many strings side by side.
pub fn strings_around(bytes: &[u8], structure: &Range<usize>, regions: &[Region]) -> Vec<Region> {
    let mut all: Vec<Region> = Vec::new();
    let within = regions.iter().filter(|region| structure.contains(&region.read.start));
    for Region { read, core } in within {
        let start = read.start.saturating_sub(STRINGS_BYTES).max(structure.start);
        let end = (read.end + STRINGS_BYTES).min(structure.end);
        let (before, after) = (&bytes[structure.start..start], &bytes[end..structure.end]);
        let start = start - before.iter().rev().take_while(|byte| is_text(**byte)).count();
        let end = end + after.iter().take_while(|byte| is_text(**byte)).count();
        match all.last_mut() {
            Some(last) if last.read.end >= start => {
                last.read.end = last.read.end.max(end);
                last.core.end = core.end;
            }
            _ => all.push(Region { read: start..end, core: core.clone() }),
        }
    }
    all
}

/// Bytes around a region in which the frames of its strings, and strings like them, are looked for.
const STRINGS_BYTES: usize = 4 << 10;

/// Bytes that are judged together.
const BLOCK_BYTES: usize = 4 << 10;

/// Whether bytes are numbers or noise: offsets begin with zeros, and what tells of strings is text.
fn are_mere_numbers(block: &[u8]) -> bool {
    const TEXT_BYTES_MIN: usize = 12;
    let [texty] = masks(block, [&TEXTY]);
    memmem::find(block, &[0; 4]).is_none()
        && bits::runs(&texty, TEXT_BYTES_MIN).iter().all(|word| *word == 0)
}

/// Spots with what is near them, joined where they meet.
fn apart<'a>(
    spots: impl Iterator<Item = &'a Spot>,
    len: usize,
    fitted: impl Fn(Range<usize>) -> Range<usize>,
) -> Vec<Region> {
    let mut spots: Vec<Range<usize>> = spots.map(Spot::widened).collect();
    spots.sort_unstable_by_key(|spot| spot.start);
    let mut reads: Vec<Range<usize>> = Vec::new();
    for spot in spots {
        let read = fitted(spot);
        match reads.last_mut() {
            Some(last) if last.end >= read.start => last.end = last.end.max(read.end),
            _ => reads.push(read),
        }
    }
    let core = |read: &Range<usize>| {
        let start = if read.start == 0 { 0 } else { read.start + EDGE_BYTES };
        let end = if read.end == len { len } else { read.end - EDGE_BYTES };
        start..end
    };
    reads.into_iter().map(|read| Region { core: core(&read), read }).collect()
}

/// Whether anything may be seen in bytes that were decoded from base64, from so many runs of it,
/// one in the other.
pub fn is_worth<L: Look>(look: &L, worthless: &mut Worthless, bytes: &[u8], nested: usize) -> bool {
    look.hinting().is_none_or(|hinting| is_worth_to(hinting, worthless, bytes, nested))
}

fn is_worth_to(
    hinting: &dyn Hinting,
    worthless: &mut Worthless,
    bytes: &[u8],
    nested: usize,
) -> bool {
    work::charge(bytes.len());
    let hash = worthless.hash(bytes, nested);
    if worthless.has(hash) {
        return false;
    }
    let worth = is_packed(bytes) || may_hold(hinting, worthless, bytes, nested);
    if !worth {
        worthless.insert(hash);
    }
    worth
}

fn may_hold(hinting: &dyn Hinting, worthless: &mut Worthless, bytes: &[u8], nested: usize) -> bool {
    let mut spots = Vec::new();
    let mut may = |text: &str, ends: Ends| {
        let mut gathering = Gathering { hinting, ends, worthless, nested, spots: &mut spots };
        gathering.gather(text, 0, true, None);
        !spots.is_empty()
    };
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => may(text, Ends::Told),
        _ => {
            let mut any = false;
            hinting.hint_bytes(bytes, &mut |_| any = true);
            any || {
                let sifted = hinting.sifted(bytes);
                [sifted.narrow, sifted.two, sifted.four]
                    .iter()
                    .any(|reading| may(&reading.text, Ends::Open))
            }
        }
    }
}

struct Gathering<'a> {
    hinting: &'a dyn Hinting,
    ends: Ends,
    worthless: &'a mut Worthless,
    /// How many runs of base64 the text lies in.
    nested: usize,
    spots: &'a mut Vec<Spot>,
}

/// Where something may be seen.
#[derive(Clone)]
pub struct Spot {
    /// The place, or the stretch that holds it.
    pub at: Range<usize>,
    /// Bytes on either side that are read with it.
    near: usize,
}

impl Spot {
    /// The spot in what was decoded, from `from` on, to the text that this one is in.
    fn led_back(self, reading: &Reading, from: usize) -> Self {
        let origin = |at| from + reading.origin(at);
        Self { at: origin(self.at.start)..origin(self.at.end), near: NEAR_DECODED_BYTES }
    }

    fn widened(&self) -> Range<usize> {
        self.at.start.saturating_sub(self.near)..self.at.end + self.near
    }
}

impl Gathering<'_> {
    /// Gathers from a text. Of a text that was decoded from another only those runs of base64 count
    /// that the other did not have.
    fn gather(&mut self, text: &str, rounds: usize, outer: bool, decoded: Option<&Reading>) {
        work::charge(text.len());
        let near = if rounds == 0 && outer { NEAR_BYTES } else { NEAR_DECODED_BYTES };
        let (reach, signs) = (self.hinting.reach(), Signs::of(text.as_bytes()));
        self.hints(text, signs, near);
        if rounds < ROUNDS_MAX && signs.has(Signs::ESCAPE) {
            for part in parts(escapes(text), text, reach) {
                let Some(reading) = unescape(&text[part.clone()]) else { continue };
                self.inner(&reading, part.start, rounds + 1, outer);
            }
        }
        if signs.has(Signs::ANGLE.or(Signs::BRACKET)) {
            for part in parts(tags::signs(text), text, reach) {
                let Some(reading) = between_tags(&text[part.clone()]) else { continue };
                self.inner(&reading, part.start, rounds, outer);
            }
        }
        if outer && signs.has(Signs::EQUALS) {
            for part in parts(mail_signs(text), text, reach) {
                let Some(reading) = mail::undo(&text[part.clone()]) else { continue };
                self.inner(&reading, part.start, rounds, false);
            }
        }
        if decoded.is_some_and(|reading| !reading.spells(may_belong))
            || self.nested == NESTED_RUNS_MAX
        {
            return;
        }
        let is_new = |run| decoded.is_none_or(|reading| !reading.is_copy(run));
        let spots = &mut *self.spots;
        runs(text, &is_new, &mut |run| {
            if is_worth_to(self.hinting, self.worthless, &run.bytes, self.nested + 1) {
                spots.push(Spot { at: run.start..run.end, near: NEAR_BYTES });
            }
        });
    }

    /// Gathers the hints of a text as it is read.
    fn hints(&mut self, text: &str, signs: Signs, near: usize) {
        let as_read = AsRead::of(text, signs, &|before, after| self.hinting.goes_on(before, after));
        as_read.each(text, &mut |read, way, _| {
            self.hinting.hint(read, self.ends, &mut |at| {
                let near = if way.is_empty() { near } else { NEAR_DECODED_BYTES };
                let at = way.iter().fold(at, |at, (reading, _)| reading.origin(at));
                self.spots.push(Spot { at: at..at, near });
            });
        });
    }

    /// Gathers from what was decoded from `from` on and leads the spots back.
    fn inner(&mut self, reading: &Reading, from: usize, rounds: usize, outer: bool) {
        let mut spots = Vec::new();
        let mut gathering = Gathering {
            hinting: self.hinting,
            ends: self.ends,
            worthless: self.worthless,
            nested: self.nested,
            spots: &mut spots,
        };
        gathering.gather(&reading.text, rounds, outer, Some(reading));
        self.spots.extend(spots.into_iter().map(|spot| spot.led_back(reading, from)));
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
