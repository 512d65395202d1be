//! Finding subjects in one item: its name, metadata and tags, and every reading of its content.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::ops::Range;

use super::boundaries::{Boundary, stands_alone};
use super::limits::Limits;
use super::matcher::{Matcher, Occurrence, Owner, SubjectHit};
use super::views::meter::Meter;
use super::views::spelling::cut::floor;
use super::views::spelling::escapes::{ESCAPE_BYTES_MAX, unescape};
use super::views::spelling::fold::{fold, folded};
use super::views::walk::{Look, Sight, Walk};
use crate::domain::item::{Hit, Item};

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
    limits: &Limits,
) -> io::Result<Scan> {
    let meter = Meter::default();
    let mut search = Search::new(matcher, limits);
    let mut walk = Walk::new(&mut search, limits, &meter);
    walk.head(item);
    walk.content(content)?;
    let unreadable = std::mem::take(&mut walk.unreadable).into_iter().collect();
    Ok(Scan { hits: hits(walk.sights), unreadable, bytes: meter.stored() })
}

/// Scans what is known of an item without its content: name, metadata and tags.
pub fn scan_head(item: &Item, matcher: &Matcher) -> Vec<SubjectHit> {
    let (limits, meter) = (Limits::default(), Meter::default());
    let mut search = Search::new(matcher, &limits);
    let mut walk = Walk::new(&mut search, &limits, &meter);
    walk.head(item);
    hits(walk.sights)
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
    /// How many more hits are kept for each subject.
    room: Vec<usize>,
}

impl<'a> Search<'a> {
    fn new(matcher: &'a Matcher, limits: &Limits) -> Self {
        Self { matcher, room: vec![limits.hits_per_item_max; matcher.subjects()] }
    }
}

impl Look for Search<'_> {
    type What = Owner;

    fn look(&mut self, text: &str, seen: &mut dyn FnMut(Owner, Range<usize>)) {
        let reading = fold(text);
        self.matcher.find(&reading.text, &mut |occurrence: Occurrence| {
            let range = reading.origin(occurrence.range.start)
                ..reading.origin_end(occurrence.range.end, text.len());
            if self.room[occurrence.owner.subject] > 0
                && stands_alone_unescaped(
                    text,
                    &range,
                    &reading.text[occurrence.range],
                    occurrence.boundary,
                )
            {
                seen(occurrence.owner, range);
            }
        });
    }

    fn hint(&self, text: &str, found: &mut dyn FnMut(usize)) -> bool {
        self.matcher.hint(text, found);
        true
    }

    fn keep(&mut self, owner: &Owner) -> bool {
        let room = &mut self.room[owner.subject];
        let keeps = *room > 0;
        *room = room.saturating_sub(1);
        keeps
    }
}

/// An escape beside an occurrence may spell what makes it part of something longer:
/// `x&#46;ann@contoso.com` speaks of `x.ann@contoso.com`.
fn stands_alone_unescaped(text: &str, range: &Range<usize>, hit: &str, boundary: Boundary) -> bool {
    let before = &text[floor(text, range.start.saturating_sub(2 * ESCAPE_BYTES_MAX))..range.start];
    let after = &text[range.end..floor(text, range.end + 4 * ESCAPE_BYTES_MAX)];
    let (plain_before, plain_after) = (unescape(before), unescape(after));
    if plain_before.is_none() && plain_after.is_none() {
        return true;
    }
    let spelled = |plain: Option<super::views::spelling::reading::Reading>, text: &str| {
        folded(&plain.map_or_else(|| text.to_owned(), |reading| reading.text))
    };
    stands_alone(boundary, &spelled(plain_before, before), hit, &spelled(plain_after, after))
}
