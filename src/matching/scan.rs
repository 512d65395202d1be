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
use crate::matching::views::as_read::alike::alike;
use crate::matching::views::charsets::letters::Letters;
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

    fn matcher(&self) -> Option<&Matcher> {
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
    occurrences_as_is(matcher, text, seen);
    if let Some(plain) = alike(text) {
        occurrences_as_is(matcher, &plain.text, &mut |owner, range| {
            seen(owner, plain.origin(range.start)..plain.origin_end(range.end, text.len()));
        });
    }
}

fn occurrences_as_is(matcher: &Matcher, text: &str, seen: &mut dyn FnMut(Owner, Range<usize>)) {
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

        fn goes_on(&self, before: &str, after: &str) -> bool {
            self.0.goes_on(before, after)
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
            "\u{1b}[1m",
            "\\u001b[0m",
            "[32m",
            "\u{8}",
            "\u{1b}]0;",
            "ann@con\n  toso.com",
            "ann\" \"@contoso.com",
            "Ann Lef\u{c3}\u{a8}vre",
            "C\u{2011}1029384",
            "\u{7}",
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

    fn wide(text: &str, little: bool) -> Vec<u8> {
        let bytes = |unit: u16| if little { unit.to_le_bytes() } else { unit.to_be_bytes() };
        text.encode_utf16().flat_map(bytes).collect()
    }

    fn western(text: &str) -> Vec<u8> {
        text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(0xad)).collect()
    }

    fn framed(text: &str, head: u8) -> Vec<u8> {
        let len = text.len() as u8;
        let head = match head {
            0 => vec![0x8c, len],
            1 => vec![len, 0, 0, 0],
            2 => vec![0x0a, len],
            _ => vec![0xd9, len],
        };
        [&head, text.as_bytes(), b"\x94"].concat()
    }

    /// Something unknown, with texts in it that are spelled in many ways.
    fn binaries() -> impl Strategy<Value = Vec<u8>> {
        let text = proptest::sample::select(vec![
            "ann@contoso.com",
            "Ann Lefèvre",
            "LEFÈVRE, ANN",
            "An\u{ad}n Lef\u{e8}vre",
            "ann@contoso.com, and what else there is to say of this, over a hundred bytes or more of it",
            "Ａｎｎ＠ｃｏｎｔｏｓｏ．ｃｏｍ",
            "Lefe\u{300}vre Ann",
            "山田太郎",
            "山田 太郎",
            "user=ann",
            "/home/ann/x",
            "~ann",
            "C-1029384",
            "\\u0061nn@contoso.com",
            "ann%40contoso.com",
            "ann&#64;contoso.com",
            "ann=40contoso=2Ecom",
            "YW5uQGNvbnRvc28uY29tIQ==",
            "YQBuAG4AQABjAG8AbgB0AG8AcwBvAC4AYwBvAG0A",
            "a<b>nn</b>@contoso.com",
            "list+ann=contoso.com@lists.org",
            "\"ann\"@contoso.com",
            "ann_contoso.com#EXT#@tenant.onmicrosoft.com",
            "joann@contoso.com",
            "@",
            "=",
            "\\n",
            "A",
            " ",
            "x",
        ]);
        let spelled = (text, 0..9u8).prop_map(|(text, way)| match way {
            0 | 1 => wide(text, way == 0),
            2 => western(text),
            3..=6 => framed(text, way - 3),
            _ => text.as_bytes().to_vec(),
        });
        let noise = proptest::collection::vec(any::<u8>(), 0..60);
        let long = proptest::collection::vec(any::<u8>(), 0..4000);
        let zeros = (0..40usize).prop_map(|len| vec![0; len]);
        let numbers = proptest::collection::vec(0..90u64, 0..40)
            .prop_map(|all| all.into_iter().flat_map(u64::to_le_bytes).collect::<Vec<u8>>());
        let filler = prop_oneof![3 => noise, 1 => long, 2 => zeros, 1 => numbers];
        let pair = (spelled, filler).prop_map(|(piece, filler)| [piece, filler].concat());
        proptest::collection::vec(pair, 0..12)
            .prop_map(|pairs| [&b"\0\x01"[..], &pairs.concat()].concat())
    }

    /// What is told of an item by the fast road and by the whole one.
    fn both(content: &[u8]) -> [Vec<(usize, String, String)>; 2] {
        let (subject, limits) = (subject(), ItemLimits::default());
        let matcher = Matcher::new(&[&subject]);
        let search = || Search::new(&matcher, &limits);
        let (mut fast, mut whole) = (search(), Whole(search()));
        let told = |sights: BTreeSet<Sight<Owner>>| {
            let parts = |hit: Hit| (hit.identity, hit.view, hit.place);
            hits(sights).into_iter().map(|found| parts(found.hit)).collect()
        };
        let (one, other) = (Meter::default(), Meter::default());
        let mut tour = Tour::new(&mut fast, &limits, &one);
        tour.content(&mut &*content).unwrap();
        let fast = told(tour.sights);
        let mut tour = Tour::new(&mut whole, &limits, &other);
        tour.content(&mut &*content).unwrap();
        [fast, told(tour.sights)]
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(200)
        })]

        #[test]
        fn regions_leave_nothing_out(text in pieces()) {
            let [fast, whole] = both(text.as_bytes());
            prop_assert_eq!(fast, whole);
        }

        #[test]
        fn regions_of_binaries_leave_nothing_out(bytes in binaries()) {
            let [fast, whole] = both(&bytes);
            prop_assert_eq!(fast, whole);
        }
    }
}
