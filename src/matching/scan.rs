//! Finding subjects in one item: its name, metadata and tags, and every reading of its content.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::ops::Range;

use crate::domain::item::{Hit, Item};
use crate::matching::encoding::Undone;
use crate::matching::identity::boundaries::{Boundary, stands_alone};
use crate::matching::identity::names::belonging::belong_together;
use crate::matching::identity::users::aliases::BEFORE_BYTES;
use crate::matching::limits::ItemLimits;
use crate::matching::matcher::{Matcher, Occurrence, Owner, SubjectHit};
use crate::matching::views::meter::Meter;
use crate::matching::views::spelling::cut::floor;
use crate::matching::views::spelling::escapes::{ESCAPE_BYTES_MAX, unescape};
use crate::matching::views::spelling::fold::{fold, folded};
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
    let meter = Meter::default();
    let mut search = Search::new(matcher, limits);
    let mut tour = Tour::new(&mut search, limits, &meter);
    tour.head(item);
    let mut undone = Undone::new(item.content_encoding.as_deref(), content, limits)?;
    tour.content(&mut undone)?;
    let mut unreadable: Vec<String> = std::mem::take(&mut tour.unreadable).into_iter().collect();
    unreadable.extend(undone.trouble().map(str::to_owned));
    Ok(Scan { hits: hits(tour.sights), unreadable, bytes: meter.stored() })
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
    /// How many more hits are kept for each subject.
    room: Vec<usize>,
    /// How many more places in streams are put aside for each: several may be of one hit.
    aside: Vec<usize>,
}

/// Places in a stream that are put aside for each hit that is kept.
const PLACES_PER_HIT: usize = 4;

impl<'a> Search<'a> {
    fn new(matcher: &'a Matcher, limits: &ItemLimits) -> Self {
        let room = matcher.room(limits.hits_per_item_max);
        let aside = room.iter().map(|hits| hits.saturating_mul(PLACES_PER_HIT)).collect();
        Self { matcher, room, aside }
    }
}

impl Look for Search<'_> {
    type What = Owner;

    fn look(&mut self, text: &str, seen: &mut dyn FnMut(Owner, Range<usize>)) {
        occurrences(self.matcher, text, &mut |owner, range| {
            if self.room[owner.subject] > 0 {
                seen(owner, range);
            }
        });
    }

    fn hint(&self, text: &str, found: &mut dyn FnMut(usize)) -> bool {
        self.matcher.hint(text, found);
        true
    }

    fn reach(&self) -> usize {
        self.matcher.reach()
    }

    fn wants(&mut self, owner: &Owner) -> bool {
        let aside = &mut self.aside[owner.subject];
        let wants = *aside > 0;
        *aside = aside.saturating_sub(1);
        wants
    }

    fn keep(&mut self, owner: &Owner) -> bool {
        let room = &mut self.room[owner.subject];
        let keeps = *room > 0;
        *room = room.saturating_sub(1);
        keeps
    }
}

/// Everything of the matcher that stands in a text, with what of the text spells it.
pub fn occurrences(matcher: &Matcher, text: &str, seen: &mut dyn FnMut(Owner, Range<usize>)) {
    let reading = fold(text);
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
    let before = &text[floor(text, range.start.saturating_sub(BEFORE_BYTES))..range.start];
    let after = &text[range.end..floor(text, range.end + 4 * ESCAPE_BYTES_MAX)];
    let (plain_before, plain_after) = (unescape(before), unescape(after));
    let is_plain = plain_before.is_none() && plain_after.is_none();
    let spelled = |plain: Option<super::views::spelling::reading::Reading>, text: &str| {
        plain.map_or_else(|| text.to_owned(), |reading| reading.text)
    };
    let (before, after) = (spelled(plain_before, before), spelled(plain_after, after));
    belong_together(boundary, &before, &text[range.clone()], &after)
        && (is_plain || stands_alone(boundary, &folded(&before), hit, &folded(&after)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};

    /// Looks at everything: what regions leave out must make no difference.
    struct Whole<'a>(Search<'a>);

    impl Look for Whole<'_> {
        type What = Owner;

        fn look(&mut self, text: &str, seen: &mut dyn FnMut(Owner, Range<usize>)) {
            self.0.look(text, seen);
        }

        fn keep(&mut self, owner: &Owner) -> bool {
            self.0.keep(owner)
        }
    }

    fn subject() -> Subject {
        let raw = |kind, value: &str| Identity::new(kind, IdentityFormat::Raw, value.to_owned());
        Subject {
            identities: vec![
                raw(IdentityType::Email, "ann@contoso.com"),
                raw(IdentityType::Name, "Ann Lefèvre"),
                raw(IdentityType::Name, "山田太郎"),
                raw(IdentityType::Username, "ann"),
                raw(IdentityType::ControllerCustomerId, "C-1029384"),
            ],
        }
    }

    fn pieces() -> impl Strategy<Value = String> {
        let piece = proptest::sample::select(vec![
            "ann@contoso.com",
            "ANN",
            "Lefèvre",
            "Lefe\u{300}vre",
            "山田",
            "太郎",
            "c-1029384",
            " ",
            "\n",
            "\\n",
            "\\u0061nn@contoso.com",
            "ann%40contoso.com",
            "&#64;",
            "&#46;",
            "ann=40contoso=2Ecom",
            "YW5uQGNvbnRvc28uY29tIQ==",
            "Y2FsbCBhbm5AY29udG9zby5jb20gbm93",
            "/home/",
            "/",
            "\"",
            "user=",
            "ａ",
            "\u{200b}",
            ".",
            "x",
            "%2541nn Lef%25C3%25A8vre",
            "=\n",
            "=?utf-8?Q?Ann_Lef=C3=A8vre?=",
            "# ",
            "**",
            "_",
            ",",
            "\\ ",
            "\"givenName\": \"Ann\"",
            "\"surname\": \"Lef\\u00e8vre\", ",
            "\0",
            "\u{1}",
            "\u{f}",
            "q",
            "bob@contoso.com",
            "a\0\0\0n\0\0\0n\0\0\0@\0\0\0",
            "Ann</b> <i class=\"x\">Lefèvre",
            "ann<wbr>@contoso.com",
            "&lt;td>Ann&lt;/td>\n&lt;td>Lef&egravevre",
            "user</span>=<span>ann</span>",
            "<w:t>",
        ]);
        let filler = "[ -~]{0,40}|[a-z ]{0,900}";
        let pair = (piece, filler).prop_map(|(piece, filler)| format!("{piece}{filler}"));
        proptest::collection::vec(pair, 0..20).prop_map(|pairs| pairs.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(200)
        })]

        #[test]
        fn regions_leave_nothing_out(text in pieces()) {
            let (subject, limits) = (subject(), ItemLimits::default());
            let matcher = Matcher::new(&[&subject]);
            let sights = |selective: bool| {
                let meter = Meter::default();
                let mut search = Search::new(&matcher, &limits);
                if selective {
                    let mut tour = Tour::new(&mut search, &limits, &meter);
                    tour.content(&mut text.as_bytes()).unwrap();
                    return hits(tour.sights);
                }
                let mut whole = Whole(search);
                let mut tour = Tour::new(&mut whole, &limits, &meter);
                tour.content(&mut text.as_bytes()).unwrap();
                hits(tour.sights)
            };
            let told = |hits: Vec<SubjectHit>| -> Vec<_> {
                let parts = |hit: Hit| (hit.identity, hit.view, hit.place);
                hits.into_iter().map(|found| parts(found.hit)).collect()
            };
            prop_assert_eq!(told(sights(true)), told(sights(false)));
        }
    }
}
