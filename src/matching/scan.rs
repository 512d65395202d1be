//! Finding subjects in one item: its name, metadata and tags, and every reading of its content.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{self, Read};
use std::ops::Range;

use crate::domain::item::{Hit, Item};
use crate::matching::encoding::Undone;
use crate::matching::identity::boundaries::{Boundary, stands_alone};
use crate::matching::identity::names::belonging::belong_together;
use crate::matching::identity::users::aliases::BESIDE_BYTES;
use crate::matching::limits::ItemLimits;
use crate::matching::matcher::{Matcher, Occurrence, Owner, SubjectHit};
use crate::matching::terms::collect::Collector;
use crate::matching::terms::filter::{Salt, TermKey, Terms};
use crate::matching::views::as_read::alike::alike;
use crate::matching::views::charsets::letters::Letters;
use crate::matching::views::hinting::Hinting;
use crate::matching::views::meter::Meter;
use crate::matching::views::spelling::cut::floor;
use crate::matching::views::spelling::escapes::{ESCAPE_BYTES_MAX, unescape};
use crate::matching::views::spelling::fold::{fold, folded};
use crate::matching::views::spelling::reading::Reading;
use crate::matching::views::tour::{Look, Sight, Tour};

/// What an item says of the subjects.
pub struct Scan {
    /// Sorted; at most `hits_per_item_max` for one subject.
    pub hits: Vec<SubjectHit>,
    /// What could not be read: a stable reason, then where (`zip: encrypted member in zip:a.txt`).
    pub unreadable: Vec<String>,
    /// Stored bytes read.
    pub bytes: u64,
}

/// Scans an item with its content. Fails only if `content` does: a part that cannot be decoded is
/// named in [`Scan::unreadable`] instead.
pub fn scan(
    item: &Item,
    content: &mut dyn Read,
    matcher: &Matcher,
    limits: &ItemLimits,
) -> io::Result<Scan> {
    scan_with(&mut Search::new(matcher, limits), item, content, limits)
}

fn scan_with(
    look: &mut impl Look<What = Owner>,
    item: &Item,
    content: &mut dyn Read,
    limits: &ItemLimits,
) -> io::Result<Scan> {
    let meter = Meter::default();
    let mut tour = Tour::new(look, limits, &meter);
    tour.head(item);
    let mut undone = Undone::new(item.content_encoding.as_deref(), content, limits)?;
    tour.content(&mut undone)?;
    let mut unreadable: Vec<String> = std::mem::take(&mut tour.unreadable).into_iter().collect();
    unreadable.extend(undone.trouble().map(str::to_owned));
    Ok(Scan { hits: hits(tour.sights), unreadable, bytes: meter.stored() })
}

/// The same, and the terms of the item, from the same texts. Whoever collects terms must see all
/// texts; once it gave up, only those are read in which a subject may stand.
pub fn scan_and_collect(
    item: &Item,
    content: &mut dyn Read,
    matcher: &Matcher,
    limits: &ItemLimits,
    key: &TermKey,
    salt: Salt,
) -> io::Result<(Scan, Terms)> {
    let collector = RefCell::new(Collector::new(key));
    let mut both = Both { search: Search::new(matcher, limits), collector };
    let scan = scan_with(&mut both, item, content, limits)?;
    let mut collector = both.collector.into_inner();
    // What could not be read is told of each time.
    if !scan.unreadable.is_empty() {
        collector.give_up();
    }
    Ok((scan, collector.terms(salt)))
}

/// Scans what is known of an item without its content: name, metadata and tags.
pub fn scan_head(item: &Item, matcher: &Matcher) -> Vec<SubjectHit> {
    let (limits, meter) = (ItemLimits::default(), Meter::default());
    let mut search = Search::new(matcher, &limits);
    let mut tour = Tour::new(&mut search, &limits, &meter);
    tour.head(item);
    hits(tour.sights)
}

fn hits(sights: BTreeSet<Sight<Owner>>) -> Vec<SubjectHit> {
    let hit = |sight: Sight<Owner>| SubjectHit {
        subject: sight.what.subject,
        hit: Hit { identity: sight.what.identity, view: sight.view, place: sight.place },
    };
    sights.into_iter().map(hit).collect()
}

/// Looks for subjects.
struct Search<'a> {
    matcher: &'a Matcher,
    room: Room,
}

/// How much more is held of each of some things.
pub struct Room {
    /// Hits that are kept.
    hits: Vec<usize>,
    /// Places in streams that are put aside: several may be of one hit.
    aside: Vec<usize>,
}

/// Places in a stream that are put aside for each hit that is kept.
pub const PLACES_PER_HIT: usize = 4;

impl Room {
    /// For so many hits of each.
    pub fn new(hits: Vec<usize>) -> Self {
        let aside = hits.iter().map(|hits| hits.saturating_mul(PLACES_PER_HIT)).collect();
        Self { hits, aside }
    }

    /// Whether there is any for a hit of this.
    pub fn is_left(&self, of: usize) -> bool {
        self.hits[of] > 0
    }

    /// Takes some for a place in a stream, if there is.
    pub fn put_aside(&mut self, of: usize) -> bool {
        take_one(&mut self.aside[of])
    }

    /// Takes some for a hit, if there is.
    pub fn keep(&mut self, of: usize) -> bool {
        take_one(&mut self.hits[of])
    }
}

fn take_one(left: &mut usize) -> bool {
    let any = *left > 0;
    *left = left.saturating_sub(1);
    any
}

impl<'a> Search<'a> {
    fn new(matcher: &'a Matcher, limits: &ItemLimits) -> Self {
        Self { matcher, room: Room::new(matcher.room(limits.hits_per_item_max)) }
    }
}

impl Look for Search<'_> {
    type What = Owner;

    fn look(&mut self, text: &str, seen: &mut dyn FnMut(Owner, Range<usize>)) {
        occurrences(self.matcher, text, &mut |owner, range| {
            if self.room.is_left(owner.subject) {
                seen(owner, range);
            }
        });
    }

    fn hinting(&self) -> Option<&dyn Hinting> {
        Some(self.matcher)
    }

    fn letters(&self) -> Option<&Letters> {
        Some(self.matcher.letters())
    }

    fn look_for_names(&mut self, text: &str, seen: &mut dyn FnMut(Owner, Range<usize>)) {
        self.look(text, seen);
    }

    fn goes_on(&self, before: &str, after: &str) -> bool {
        self.matcher.goes_on(before, after)
    }

    fn wants(&mut self, owner: &Owner) -> bool {
        self.room.put_aside(owner.subject)
    }

    fn keep(&mut self, owner: &Owner) -> bool {
        self.room.keep(owner.subject)
    }
}

/// Looks for subjects, and collects the terms of what it is shown.
struct Both<'a> {
    search: Search<'a>,
    /// Told of breaks too, by whoever asks whether something goes on behind them.
    collector: RefCell<Collector<'a>>,
}

impl Look for Both<'_> {
    type What = Owner;

    fn look(&mut self, text: &str, seen: &mut dyn FnMut(Owner, Range<usize>)) {
        let Search { matcher, room } = &self.search;
        let collector = self.collector.get_mut();
        occurrences_in(
            matcher,
            text,
            &mut |owner, range| {
                if room.is_left(owner.subject) {
                    seen(owner, range);
                }
            },
            &mut |folded| collector.take(folded),
        );
    }

    fn hinting(&self) -> Option<&dyn Hinting> {
        self.collector.borrow().has_given_up().then_some(self.search.matcher as &dyn Hinting)
    }

    /// The terms of rows are those of their cells.
    fn asks_for_everybody(&self) -> bool {
        false
    }

    fn letters(&self) -> Option<&Letters> {
        self.search.letters()
    }

    fn look_for_names(&mut self, text: &str, seen: &mut dyn FnMut(Owner, Range<usize>)) {
        self.search.look_for_names(text, seen);
    }

    fn goes_on(&self, before: &str, after: &str) -> bool {
        self.collector.borrow_mut().take_break(before, after);
        self.search.goes_on(before, after)
    }

    fn meets_unsure(&mut self) {
        self.collector.get_mut().give_up();
    }

    fn wants(&mut self, owner: &Owner) -> bool {
        self.search.wants(owner)
    }

    fn keep(&mut self, owner: &Owner) -> bool {
        self.search.keep(owner)
    }
}

/// Everything of the matcher that stands in a text, with what of the text spells it.
pub fn occurrences(matcher: &Matcher, text: &str, seen: &mut dyn FnMut(Owner, Range<usize>)) {
    occurrences_in(matcher, text, seen, &mut |_| ());
}

/// The same of a text that was folded.
pub fn occurrences_folded(
    matcher: &Matcher,
    text: &str,
    folded: &Reading,
    seen: &mut dyn FnMut(Owner, Range<usize>),
) {
    occurrences_both(matcher, text, folded, seen, &mut |_| ());
}

/// The same; also tells the folded texts that it looks into.
fn occurrences_in(
    matcher: &Matcher,
    text: &str,
    seen: &mut dyn FnMut(Owner, Range<usize>),
    told: &mut dyn FnMut(&str),
) {
    occurrences_both(matcher, text, &fold(text), seen, told);
}

fn occurrences_both(
    matcher: &Matcher,
    text: &str,
    folded: &Reading,
    seen: &mut dyn FnMut(Owner, Range<usize>),
    told: &mut dyn FnMut(&str),
) {
    occurrences_as_is(matcher, text, folded, seen, told);
    if let Some(plain) = alike(text) {
        let mut led_back = |owner, range: Range<usize>| {
            seen(owner, plain.origin(range.start)..plain.origin_end(range.end, text.len()));
        };
        occurrences_as_is(matcher, &plain.text, &fold(&plain.text), &mut led_back, told);
    }
}

fn occurrences_as_is(
    matcher: &Matcher,
    text: &str,
    reading: &Reading,
    seen: &mut dyn FnMut(Owner, Range<usize>),
    told: &mut dyn FnMut(&str),
) {
    told(&reading.text);
    matcher.find(&reading.text, &mut |occurrence: Occurrence| {
        let origin = |range: Range<usize>| {
            reading.origin(range.start)..reading.origin_end(range.end, text.len())
        };
        let range = origin(occurrence.range.clone());
        let hit = &reading.text[occurrence.range];
        if !stands(text, &range, hit, occurrence.boundary) {
            return;
        }
        if occurrence.words.is_empty() {
            seen(occurrence.owner, range);
        }
        for word in occurrence.words {
            seen(occurrence.owner, origin(word));
        }
    });
}

/// Whether an occurrence is no part of something longer, and one person's. An escape beside it may
/// spell what makes it so: `x&#46;ann@contoso.com` speaks of `x.ann@contoso.com`.
fn stands(text: &str, range: &Range<usize>, hit: &str, boundary: Boundary) -> bool {
    let before = &text[floor(text, range.start.saturating_sub(BESIDE_BYTES))..range.start];
    let after = &text[range.end..floor(text, range.end + 4 * ESCAPE_BYTES_MAX)];
    let (plain_before, plain_after) = (unescape(before), unescape(after));
    let is_plain = plain_before.is_none() && plain_after.is_none();
    let spelled = |plain: Option<Reading>, text: &str| {
        plain.map_or_else(|| text.to_owned(), |reading| reading.text)
    };
    let (before, after) = (spelled(plain_before, before), spelled(plain_after, after));
    belong_together(boundary, &before, &text[range.clone()], &after)
        && (is_plain || stands_alone(boundary, &folded(&before), hit, &folded(&after)))
}

#[cfg(test)]
mod tests;
