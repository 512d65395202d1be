//! Bytes that are not all UTF-8, in every reading that they may have: of a binary only what is
//! near what may speak of somebody.

use std::collections::BTreeSet;

use memchr::memchr_iter;

use crate::matching::views::regions::{Region, byte_regions, structures_around};
use crate::matching::views::spelling::charset::{
    Labelled, framed_readings, mixed_readings, unlikely_readings,
};
use crate::matching::views::spelling::reading::Hold;
use crate::matching::views::tour::{Look, Tour};
use crate::matching::views::unsure::lines::names_in_lines;
use crate::matching::views::windows::Found;
use crate::matching::work;

/// What is known, by the line in which it begins.
type Known<W> = BTreeSet<(usize, W)>;

/// The readings that bytes have, where all of them may be a binary.
type Readings = fn(&[u8], bool) -> Vec<Labelled>;

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
        let mut known: Known<L::What> = BTreeSet::new();
        let mut lines: Option<Vec<usize>> = None;
        let regions = match binary {
            true => byte_regions(&*self.look, &mut self.worthless, bytes, nested),
            false => vec![Region::whole(bytes.len())],
        };
        if regions.is_empty() {
            return;
        }
        let framed = match binary {
            true => structures_around(bytes, &regions),
            false => vec![Region::whole(bytes.len())],
        };
        let has_unlikely = nested == 0 || binary && bytes.contains(&0);
        let unlikely = if has_unlikely { &regions[..] } else { &[] };
        let readings: [(&[Region], Readings); 3] =
            [(&regions, mixed_readings), (&framed, framed_readings), (unlikely, unlikely_readings)];
        let parts = readings.into_iter().flat_map(|(regions, readings)| {
            regions.iter().flat_map(move |region| {
                readings(&bytes[region.read.clone()], binary)
                    .into_iter()
                    .map(move |one| (region, one))
            })
        });
        for (region, (label, hold, reading)) in parts {
            work::charge(region.read.len());
            let mut seen = Vec::new();
            self.selected(&reading.text, &format!("{via}{label}"), nested, &mut seen);
            for found in &mut seen {
                found.lead_back(&reading, region.read.len());
                found.shift(region.read.start);
                found.hold = found.hold.max(hold);
            }
            seen.retain(|found| region.core.contains(&found.start));
            if seen.is_empty() {
                continue;
            }
            let lines = lines.get_or_insert_with(|| memchr_iter(b'\n', bytes).collect());
            let line = |at: usize| lines.partition_point(|end| *end < at);
            if !label.is_empty() {
                // A charset that is unlikely leads back to a line at best.
                seen.retain(|found| !known.contains(&(line(found.start), found.what.clone())));
            }
            known.extend(seen.iter().map(|found| (line(found.start), found.what.clone())));
            all.extend(seen);
        }
        if !binary && nested == 0 {
            self.named(bytes, via, &known, all);
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
