//! Bytes that are not all UTF-8, in every reading that they may have: of a binary only what is
//! near what may speak of somebody.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use memchr::memchr_iter;

use crate::matching::views::places::Found;
use crate::matching::views::regions::{
    Candidates, Region, RegionsOfTexts, Spot, byte_regions, candidates, regions_of_texts,
    strings_around, structures_around,
};
use crate::matching::views::spelling::charset::{
    Labelled, framed_readings, mixed_readings, unlikely_readings, wide_readings,
};
use crate::matching::views::spelling::digits::guids::{BYTES, spelled};
use crate::matching::views::spelling::reading::Hold;
use crate::matching::views::tour::{Look, Tour};
use crate::matching::views::unsure::lines::names_in_lines;
use crate::matching::work;

/// What is known, by the line in which it begins.
type Known<W> = BTreeSet<(usize, W)>;

/// The readings that some of the bytes have.
type Readings<'a> = &'a dyn Fn(&Range<usize>) -> Vec<Labelled>;

/// Bytes that are read in several ways, and what is known of them.
struct Unsure<'a, W> {
    bytes: &'a [u8],
    via: &'a str,
    nested: usize,
    /// Where lines end, once anything was seen.
    lines: Option<Vec<usize>>,
    known: Known<W>,
    told: Told<W>,
}

impl<W: Clone + Ord> Unsure<'_, W> {
    /// Takes in what was seen; of what is known already nothing is left.
    fn take_in(&mut self, label: &str, seen: &mut Vec<Found<W>>) {
        seen.retain(|found| found.hold != Hold::Framed || !self.told.has(found));
        if seen.is_empty() {
            return;
        }
        let lines = self.lines.get_or_insert_with(|| memchr_iter(b'\n', self.bytes).collect());
        let line = |at: usize| lines.partition_point(|end| *end < at);
        if !label.is_empty() {
            // A charset that is unlikely leads back to a line at best.
            seen.retain(|found| !self.known.contains(&(line(found.start), found.what.clone())));
        }
        self.known.extend(seen.iter().map(|found| (line(found.start), found.what.clone())));
    }
}

/// What spells something that was seen without asking for structures, which cannot tell that it
/// begins or ends elsewhere.
struct Told<W> {
    /// Where it is known exactly what spells it, nothing else is spelled within.
    exact: Reaches,
    /// Elsewhere something else may be: in a column that a word was broken around, in a tag.
    of: BTreeMap<W, Reaches>,
}

impl<W> Default for Told<W> {
    fn default() -> Self {
        Self { exact: Reaches::default(), of: BTreeMap::new() }
    }
}

impl<W: Clone + Ord> Told<W> {
    fn new(seen: &[Found<W>]) -> Self {
        let mut of: BTreeMap<W, Vec<&Range<usize>>> = BTreeMap::new();
        for found in seen {
            of.entry(found.what.clone()).or_default().push(&found.span);
        }
        let exact = seen.iter().filter(|found| found.hold == Hold::Exact);
        Self {
            exact: Reaches::new(exact.map(|found| &found.span)),
            of: of.into_iter().map(|(what, spans)| (what, Reaches::new(spans))).collect(),
        }
    }

    /// Whether what holds this spells something, and nothing else or the same.
    fn has(&self, found: &Found<W>) -> bool {
        let is_same = |reaches: &Reaches| reaches.hold(&found.span);
        self.exact.hold(&found.span) || self.of.get(&found.what).is_some_and(is_same)
    }
}

/// Ranges: for each, in order, where it starts and how far it and all before it reach.
#[derive(Default)]
struct Reaches(Vec<(usize, usize)>);

impl Reaches {
    fn new<'r>(ranges: impl IntoIterator<Item = &'r Range<usize>>) -> Self {
        let mut all: Vec<_> = ranges.into_iter().map(|range| (range.start, range.end)).collect();
        all.sort_unstable();
        let mut reach = 0;
        for (_, end) in &mut all {
            reach = reach.max(*end);
            *end = reach;
        }
        Self(all)
    }

    /// Whether one of them holds this.
    fn hold(&self, range: &Range<usize>) -> bool {
        let next = self.0.partition_point(|(start, _)| *start <= range.start);
        next.checked_sub(1).is_some_and(|last| self.0[last].1 >= range.end)
    }
}

impl<L: Look> Tour<'_, L> {
    /// Everything seen in such bytes.
    pub(in crate::matching::views) fn unsure(
        &mut self,
        bytes: &[u8],
        binary: bool,
        via: &str,
        nested: usize,
        all: &mut Vec<Found<L::What>>,
    ) {
        self.look.meets_unsure();
        self.guids(bytes, via, nested, all);
        let (lines, known, told) = (None, Known::new(), Told::default());
        let mut reading = Unsure { bytes, via, nested, lines, known, told };
        let candidates = self
            .look
            .hinting()
            .filter(|_| binary)
            .map(|hinting| candidates(hinting, &mut self.worthless, bytes, nested));
        let has_unlikely = nested == 0 || binary && bytes.contains(&0);
        let from = all.len();
        let mixed: Readings<'_> = &|part| mixed_readings(&bytes[part.clone()], binary);
        let wide: Readings<'_> = &|part| wide_readings(&bytes[part.clone()]);
        let unlikely: Readings<'_> = &|part| unlikely_readings(&bytes[part.clone()], binary);
        let Some(candidates) = candidates else {
            let texts = if binary { self.look.texts(bytes) } else { None };
            let RegionsOfTexts { all: regions, wide: of_wide } = match texts {
                Some(texts) => {
                    let worthless = &mut self.worthless;
                    regions_of_texts(texts, &self.look.known(), worthless, bytes, nested)
                }
                None => {
                    let [all, wide] = [(); 2].map(|()| vec![Region::whole(bytes.len())]);
                    RegionsOfTexts { all, wide }
                }
            };
            self.read(&mut reading, &regions, mixed, all);
            reading.told = Told::new(&all[from..]);
            let framed =
                |part: &Range<usize>| framed_readings(&bytes[part.clone()], 0..part.len(), binary);
            self.read(&mut reading, &regions, &framed, all);
            if binary {
                self.read(&mut reading, &regions, wide, all);
            }
            if has_unlikely {
                self.read(&mut reading, &of_wide, unlikely, all);
            }
            if !binary && nested == 0 {
                self.named(bytes, via, &reading.known, all);
            }
            return;
        };
        let Candidates { narrow, two, four } = candidates;
        let around = |spots: &[Spot]| byte_regions(spots.iter(), bytes.len());
        self.read(&mut reading, &around(&narrow), mixed, all);
        reading.told = Told::new(&all[from..]);
        let is_told = |spot: &&Spot| {
            let end = spot.at.end.max(spot.at.start + 1);
            reading.told.exact.hold(&(spot.at.start..end))
        };
        let untold = narrow.iter().filter(|spot| !is_told(spot));
        let untold = byte_regions(untold, bytes.len());
        for structure in structures_around(bytes, &untold) {
            let strings = strings_around(bytes, &structure, &untold);
            let framed = |part: &Range<usize>| {
                let part = part.start - structure.start..part.end - structure.start;
                framed_readings(&bytes[structure.clone()], part, binary)
            };
            self.read(&mut reading, &strings, &framed, all);
        }
        let structures = structures_around(bytes, &around(&four));
        let structures: Vec<Region> = structures.into_iter().map(Region::of).collect();
        self.read(&mut reading, &structures, wide, all);
        if has_unlikely {
            self.read(&mut reading, &around(&two), unlikely, all);
        }
    }

    /// Adds the GUIDs that are sought and stand in sixteen bytes.
    fn guids(&mut self, bytes: &[u8], via: &str, nested: usize, all: &mut Vec<Found<L::What>>) {
        let mut places = Vec::new();
        for known in self.look.known() {
            known.hint_guids(bytes, &mut |at| places.push(at));
        }
        for at in places {
            let Some(text) = spelled(&bytes[at..at + BYTES]) else { continue };
            let from = all.len();
            self.selected(&text, &format!("{via}guid > "), nested, all);
            for found in &mut all[from..] {
                (found.start, found.span, found.hold) = (at, at..at + BYTES, Hold::Framed);
            }
        }
    }

    /// Looks at the GUIDs that are sought and stand in bytes that are read in another way.
    pub(in crate::matching::views) fn guids_alone(&mut self, bytes: &[u8], chain: &str) {
        self.look.meets_unsure();
        let mut found = Vec::new();
        self.guids(bytes, "", 0, &mut found);
        for Found { what, start, .. } in found {
            self.see(what, format!("{chain}binary > guid"), format!("byte {}", start + 1));
        }
    }

    /// Adds what is seen in these regions, read in this way.
    fn read(
        &mut self,
        unsure: &mut Unsure<'_, L::What>,
        regions: &[Region],
        readings: Readings<'_>,
        all: &mut Vec<Found<L::What>>,
    ) {
        for region in regions {
            let len = region.read.len();
            for (label, hold, reading) in readings(&region.read) {
                work::charge(len);
                let mut seen = Vec::new();
                let via = format!("{}{label}", unsure.via);
                self.selected(&reading.text, &via, unsure.nested, &mut seen);
                for found in &mut seen {
                    found.lead_back(&reading, len);
                    found.shift(region.read.start);
                    found.hold = found.hold.max(hold);
                }
                seen.retain(|found| region.core.contains(&found.start));
                unsure.take_in(label, &mut seen);
                all.extend(seen);
            }
        }
    }

    /// Names in charsets in which each line may be.
    fn named(
        &mut self,
        bytes: &[u8],
        via: &str,
        known: &Known<L::What>,
        all: &mut Vec<Found<L::What>>,
    ) {
        let names = names_in_lines(&mut *self.look, bytes).into_iter().map(|told| Found {
            what: told.what,
            start: told.span.start,
            span: told.span,
            hold: Hold::Vague,
            via: format!("{via}{}", told.via),
            rounds: 0,
        });
        let ends: Vec<usize> = memchr_iter(b'\n', bytes).collect();
        let line = |at: usize| ends.partition_point(|end| *end < at);
        all.extend(names.filter(|name| !known.contains(&(line(name.start), name.what.clone()))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_somewhere_hides_nothing_else_there() {
        let found = |what, span: Range<usize>, hold| {
            let (start, via) = (span.start, String::new());
            Found { what, span, hold, start, via, rounds: 0 }
        };
        let told = Told::new(&[found(1, 4..20, Hold::Exact), found(2, 0..40, Hold::Packed)]);
        for (what, span, expected) in [
            (1, 4..20, true),
            (3, 6..9, true),
            (1, 6..21, false),
            (2, 6..21, true),
            (3, 20..24, false),
        ] {
            assert_eq!(told.has(&found(what, span.clone(), Hold::Framed)), expected, "{span:?}");
        }
        assert!(told.exact.hold(&(6..9)) && !told.exact.hold(&(20..21)));
    }
}
