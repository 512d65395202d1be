//! A stream of text searched window by window: memory stays bounded, and windows overlap so far
//! that every occurrence stands whole, with its neighbours, in exactly one window that answers for
//! it.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::ops::Range;

use crate::matching::blocks::signs::Signs;
use crate::matching::views::as_read::spellings::AsRead;
use crate::matching::views::as_read::spoken::spoken;
use crate::matching::views::json::Shape;
use crate::matching::views::markup::tags::between_tags;
use crate::matching::views::meter::fill;
use crate::matching::views::packing::embedded::Part;
use crate::matching::views::packing::sealed::sealed;
use crate::matching::views::places::{Found, Places, Position};
use crate::matching::views::regions::{NESTED_RUNS_MAX, Region, is_worth, regions};
use crate::matching::views::spelling::charset::odd_readings;
use crate::matching::views::spelling::cut::{ceil, floor, is_utf8, whole_characters};
use crate::matching::views::spelling::digits::base64_runs::{Run, runs};
use crate::matching::views::spelling::escapes::{ROUNDS_MAX, unescape};
use crate::matching::views::spelling::mail;
use crate::matching::views::spelling::reading::{Hold, Reading};
use crate::matching::views::tour::{Kind, Look, Tour};
use crate::matching::work;

/// Bytes searched at once.
pub const WINDOW_BYTES: usize = 256 << 10;

/// Bytes at either end of a window that only serve as neighbours; longer than any identity, with
/// room for escapes of six bytes a character.
pub const MARGIN_BYTES: usize = 8 << 10;

/// Bytes of a stream that may be the value of its name.
const VALUE_BYTES_MAX: usize = 256;

struct Placed<W> {
    found: Found<W>,
    place: Position,
    byte: u64,
}

impl<L: Look> Tour<'_, L> {
    /// Searches a stream of text, or of binary with text in it.
    pub(super) fn stream(
        &mut self,
        reader: &mut dyn Read,
        chain: &str,
        kind: Kind,
        depth: usize,
    ) -> io::Result<()> {
        let around = std::mem::take(&mut self.tables);
        let walked = self.walked(reader, chain, kind, depth);
        self.tables = around;
        walked
    }

    fn walked(
        &mut self,
        reader: &mut dyn Read,
        chain: &str,
        kind: Kind,
        depth: usize,
    ) -> io::Result<()> {
        let binary = kind != Kind::Text;
        let mut window = Vec::new();
        let mut places = None;
        let mut kept = Vec::new();
        let (mut lead, mut passed, mut shifted) = (0, 0u64, false);
        let result = loop {
            if let Err(refused) = self.meter.pace(self.limits) {
                break Err(refused.into());
            }
            if self.look.has_done() {
                break Ok(());
            }
            let filled = fill(reader, &mut window, WINDOW_BYTES);
            let last = !matches!(filled, Ok(true));
            let mut limit = if last { window.len() } else { window.len() - MARGIN_BYTES };
            let places = places.get_or_insert_with(|| {
                if binary { Places::of_binary() } else { Places::new(&window) }
            });
            let is_unknown = kind == Kind::Binary || kind == Kind::Text && !is_utf8(&window);
            if is_unknown || kind == Kind::Dense {
                let (whole, range) = (limit, lead..limit);
                let part = Part { window: &window, range, passed, last, shifted, is_unknown };
                limit = self.embedded(&part, chain, depth)?;
                shifted = limit < whole && limit - lead < WINDOW_BYTES / 2;
            }
            if kind == Kind::Text {
                sealed(&window).for_each(|form| self.unreadable(form, chain));
            }
            let searched = self.guarded(chain, |tour| tour.window(&window, lead..limit, binary));
            let mut found = searched.unwrap_or_default();
            if !binary && !last {
                self.guarded(chain, |tour| tour.tables.pass(&window, &(lead..limit)));
            }
            found.retain(|found| self.look.wants(&found.what));
            if last && found.is_empty() && kept.is_empty() {
                return filled.map(|_| ());
            }
            let offsets: Vec<_> = found.iter().map(|found| found.start - lead).collect();
            let told = places.pass(&window[lead..], limit - lead, &offsets);
            for ((found, place), offset) in found.into_iter().zip(told).zip(offsets) {
                kept.push(Placed { found, place, byte: passed + offset as u64 });
            }
            passed += (limit - lead) as u64;
            if last {
                break filled.map(|_| ());
            }
            let cut = limit.saturating_sub(MARGIN_BYTES);
            lead = limit - cut;
            window.drain(..cut);
        };
        let shape = match places {
            Some(places) if !kept.is_empty() => places.shape(),
            _ => Shape::Text,
        };
        for kept in kept {
            self.place(kept, chain, if binary { None } else { Some(shape) });
        }
        result
    }

    /// Whatever is seen in all readings of a text that stands beside the content, or in a cell.
    pub(super) fn seen_in(&mut self, text: &str) -> BTreeSet<L::What> {
        let mut seen = BTreeSet::new();
        for Region { read, core } in parts(text) {
            let mut found = Vec::new();
            self.selected(&text[read.clone()], "", 0, &mut found);
            found.retain(|found| core.contains(&(read.start + found.start)));
            seen.extend(found.into_iter().map(|found| found.what));
        }
        seen
    }

    /// What is seen in a window and starts in the range, in order, each thing once.
    fn window(&mut self, bytes: &[u8], range: Range<usize>, binary: bool) -> Vec<Found<L::What>> {
        let mut all = self.spans(bytes, &range, binary);
        all.retain(|found| range.contains(&found.start));
        all.sort_by(|one, other| {
            let key = |found: &Found<L::What>| (found.start, found.via.len(), found.rounds);
            key(one).cmp(&key(other)).then_with(|| one.what.cmp(&other.what))
        });
        let mut seen = BTreeSet::new();
        all.retain(|found| seen.insert((found.start, found.what.clone())));
        all
    }

    /// Everything seen in a window of which the range is answered for, in no order.
    pub fn spans(
        &mut self,
        bytes: &[u8],
        range: &Range<usize>,
        binary: bool,
    ) -> Vec<Found<L::What>> {
        let mut all = Vec::new();
        // Where the window was cut out of a stream, a character may have been cut too.
        let (start, end) = whole_characters(bytes);
        let start = if range.start == 0 { 0 } else { start };
        let end = if range.end == bytes.len() { bytes.len() } else { end };
        self.any_bytes(&bytes[start..end], binary, "", 0, &mut all);
        all.iter_mut().for_each(|found| found.shift(start));
        if !binary {
            let cells = self.tables.reading(bytes, range);
            let value = self.value(bytes, range);
            let marked = self.tables.marked(bytes, range);
            let spoken = std::str::from_utf8(&bytes[start..end]).ok().and_then(spoken);
            if let Some(reading) = spoken {
                let from = all.len();
                self.made(&reading, end - start, "", 0, Hold::Exact, &mut all);
                all[from..].iter_mut().for_each(|found| found.shift(start));
            }
            let framed = self.tables.framed(bytes, range);
            let readings = [
                ("table > ", cells, Hold::Exact),
                ("table > ", framed, Hold::Exact),
                ("table > ", marked, Hold::Marked),
                ("", value, Hold::Exact),
            ];
            for (via, reading, hold) in readings {
                let Some(reading) = reading else { continue };
                self.made(&reading, bytes.len(), via, 0, hold, &mut all);
            }
        }
        all
    }

    /// A word alone after the name of the item, where that is a key.
    fn value(&self, bytes: &[u8], range: &Range<usize>) -> Option<Reading> {
        let key = self.key.as_ref()?;
        let is_whole = *range == (0..bytes.len()) && bytes.len() <= VALUE_BYTES_MAX;
        let text = std::str::from_utf8(bytes).ok().filter(|_| is_whole)?;
        let is_word = text.split_whitespace().count() == 1;
        let mut reading = Reading::default();
        reading.replace(&format!("{key}: "), 0);
        reading.copy(text, 0);
        is_word.then_some(reading)
    }

    fn any_bytes(
        &mut self,
        bytes: &[u8],
        binary: bool,
        via: &str,
        nested: usize,
        all: &mut Vec<Found<L::What>>,
    ) {
        if let Ok(text) = std::str::from_utf8(bytes)
            && !binary
        {
            self.selected(text, via, nested, all);
            for (label, hold, reading) in odd_readings(text) {
                let via = format!("{via}{label}");
                self.made(&reading, text.len(), &via, nested, hold, all);
            }
            return;
        }
        self.unsure(bytes, binary, via, nested, all);
    }

    /// A reading that was made of a text of this length, and may be held no better than that.
    fn made(
        &mut self,
        reading: &Reading,
        len: usize,
        via: &str,
        nested: usize,
        hold: Hold,
        all: &mut Vec<Found<L::What>>,
    ) {
        let from = all.len();
        self.selected(&reading.text, via, nested, all);
        for found in &mut all[from..] {
            found.lead_back(reading, len);
            found.hold = found.hold.max(hold);
        }
    }

    /// The regions of a text that are worth it, in every reading.
    pub(super) fn selected(
        &mut self,
        text: &str,
        via: &str,
        nested: usize,
        all: &mut Vec<Found<L::What>>,
    ) {
        for region in regions(&*self.look, &mut self.worthless, text, nested) {
            let mut found = Vec::new();
            self.text(&text[region.read.clone()], via, nested, &mut found);
            found.iter_mut().for_each(|found| found.shift(region.read.start));
            all.extend(found.into_iter().filter(|found| region.core.contains(&found.start)));
        }
    }

    /// A text, its escapes undone round by round, its mail encodings undone, and its base64.
    fn text(&mut self, text: &str, via: &str, nested: usize, all: &mut Vec<Found<L::What>>) {
        self.plain(text, via, 0, all);
        self.marked(text, via, 0, all);
        self.base64(text, &|_| true, via, nested, all);
        self.rounds(text, via, nested, all);
        if let Some(reading) = mail::undo(text) {
            let from = all.len();
            let via = format!("{via}quoted-printable > ");
            self.plain(&reading.text, &via, 0, all);
            self.marked(&reading.text, &via, 0, all);
            let is_new = |run| !reading.is_copy(run);
            self.base64(&reading.text, &is_new, &via, nested, all);
            self.rounds(&reading.text, &via, nested, all);
            all[from..].iter_mut().for_each(|found| found.lead_back(&reading, text.len()));
        }
    }

    fn rounds(&mut self, text: &str, via: &str, nested: usize, all: &mut Vec<Found<L::What>>) {
        let mut chain: Vec<Reading> = Vec::new();
        while chain.len() < ROUNDS_MAX {
            let before = chain.last().map_or(text, |reading| reading.text.as_str());
            let Some(reading) = unescape(before) else { break };
            chain.push(reading);
            let undone = &chain[chain.len() - 1];
            let from = all.len();
            self.plain(&undone.text, via, chain.len(), all);
            self.marked(&undone.text, via, chain.len(), all);
            // What the round before it had was looked at there.
            self.base64(&undone.text, &|run| !undone.is_copy(run), via, nested, all);
            for found in &mut all[from..] {
                for (index, reading) in chain.iter().enumerate().rev() {
                    let len = index.checked_sub(1).map_or(text.len(), |by| chain[by].text.len());
                    found.lead_back(reading, len);
                }
            }
        }
    }

    fn plain(&mut self, text: &str, via: &str, rounds: usize, all: &mut Vec<Found<L::What>>) {
        work::charge(text.len());
        let as_read = AsRead::of(text, Signs::of(text.as_bytes()), &|before, after| {
            self.look.goes_on(before, after)
        });
        as_read.each(text, &mut |read, way, hold| {
            self.look.look(read, &mut |what, range| {
                let (start, via) = (range.start, via.to_owned());
                let mut found = Found { what, span: range, hold, start, via, rounds };
                way.iter().for_each(|(reading, len)| found.lead_back(reading, *len));
                all.push(found);
            });
        });
    }

    /// What stands between the tags of a text.
    fn marked(&mut self, text: &str, via: &str, rounds: usize, all: &mut Vec<Found<L::What>>) {
        let Some(reading) = between_tags(text) else { return };
        let from = all.len();
        self.plain(&reading.text, &format!("{via}markup > "), rounds, all);
        for found in &mut all[from..] {
            if !reading.is_copy(found.span.clone()) {
                found.hold = Hold::Marked;
            }
            found.lead_back(&reading, text.len());
        }
    }

    fn base64(
        &mut self,
        text: &str,
        is_wanted: &dyn Fn(Range<usize>) -> bool,
        via: &str,
        nested: usize,
        all: &mut Vec<Found<L::What>>,
    ) {
        if nested == NESTED_RUNS_MAX {
            return;
        }
        runs(text, is_wanted, &mut |run| {
            let via = format!("{via}{} > ", run.form);
            let found = self.guarded(&via, |tour| tour.run(&run, &via, nested));
            for mut found in found.into_iter().flatten() {
                found.start = (run.start + found.start / 3 * 4).min(run.end.saturating_sub(1));
                (found.span, found.hold) = (run.start..run.end, Hold::Packed);
                all.push(found);
            }
        });
    }

    /// What is seen in what a run of base64 holds; places are those in what it decodes to.
    fn run(&mut self, run: &Run, via: &str, nested: usize) -> Vec<Found<L::What>> {
        let mut all = Vec::new();
        if !is_worth(&*self.look, &mut self.worthless, &run.bytes, nested + 1) {
            return all;
        }
        if let Some(seen) = self.packed(&run.bytes, nested) {
            let found = |(what, view)| Found {
                what,
                span: 0..0,
                hold: Hold::Packed,
                start: 0,
                via: format!("{via}{view} > "),
                rounds: 0,
            };
            all.extend(seen.into_iter().map(found));
            return all;
        }
        let binary = run.bytes.contains(&0) || std::str::from_utf8(&run.bytes).is_err();
        self.any_bytes(&run.bytes, binary, via, nested + 1, &mut all);
        all
    }

    fn place(&mut self, kept: Placed<L::What>, chain: &str, shape: Option<Shape>) {
        let Placed { found, place, byte } = kept;
        let mut via = found.via;
        let pointer =
            place.pointer.filter(|_| matches!(shape, Some(Shape::Json | Shape::JsonLines)));
        let undone = if pointer.is_some() { 1 } else { 0 };
        if found.rounds > undone {
            via.push_str("escaped > ");
        }
        let inner = if via.is_empty() { String::new() } else { format!(" > {via}text") };
        let (view, place) = match (shape, pointer) {
            (None, _) => (format!("{chain}binary{inner}"), format!("byte {}", byte + 1)),
            (Some(Shape::JsonLines), Some((_, pointer))) => {
                (format!("{chain}jsonl{inner}"), format!("line {} {pointer}", place.line))
            }
            (Some(_), Some((_, pointer))) => (format!("{chain}json{inner}"), pointer),
            (Some(_), None) => {
                let position = format!("line {} column {}", place.line, place.column);
                (format!("{chain}{via}text"), position)
            }
        };
        self.see(found.what, view, place);
    }
}

/// A text window by window, as a stream of it would be read: what its readings take in memory is
/// many times what it takes itself.
pub(super) fn parts(text: &str) -> impl Iterator<Item = Region> {
    (0..text.len()).step_by(WINDOW_BYTES).map(|start| {
        let end = (start + WINDOW_BYTES).min(text.len());
        let read = floor(text, start.saturating_sub(MARGIN_BYTES))..ceil(text, end + MARGIN_BYTES);
        Region { read, core: start..end }
    })
}
