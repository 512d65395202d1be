//! Whether an item names anybody but each of its subjects: what decides between deleting it and
//! taking one person out of it. Where a doubt stays it does: what was deleted is gone.

use std::collections::{BTreeSet, HashSet};
use std::io::{self, Read};
use std::ops::Range;

use crate::domain::asked::subject::Subject;
use crate::domain::item::Item;
use crate::matching::bytes::texts::texts;
use crate::matching::encoding::Undone;
use crate::matching::limits::{ItemLimits, PeopleLimits};
use crate::matching::matcher::Matcher;
use crate::matching::people::beside::{Beside, beside};
use crate::matching::people::census::Census;
use crate::matching::people::crowd::Crowd;
use crate::matching::people::doubts::doubts_in;
use crate::matching::people::kin::known::Known;
use crate::matching::people::kin::own::Own;
use crate::matching::people::named::{Group, named_in};
use crate::matching::scan::occurrences;
use crate::matching::views::charsets::letters::Letters;
use crate::matching::views::hinting::{Hinting, Texts};
use crate::matching::views::meter::Meter;
use crate::matching::views::tour::{Look, Tour};

/// Doubts that are told apart for one subject: nobody has as many names.
const DOUBTS_MAX: usize = 256;

/// For each of these subjects whether an item names others too.
///
/// In its name, metadata, tags or content; by what it says itself, or as one of those whom the
/// workspace knows. Where a part of it cannot be looked through it does. Fails only if `content`
/// does.
pub fn names_others(
    item: &Item,
    content: &mut dyn Read,
    subjects: &[&Subject],
    known: &Known,
    limits: &ItemLimits,
    people: &PeopleLimits,
) -> io::Result<Vec<bool>> {
    let meter = Meter::default();
    let matcher = Matcher::new(subjects);
    let mut telling = Telling {
        matcher: &matcher,
        known,
        subjects: subjects.len(),
        groups: HashSet::new(),
        census: Census::default(),
        beside: vec![BTreeSet::new(); subjects.len()],
        room: people.people_max,
    };
    let mut tour = Tour::new(&mut telling, limits, &meter);
    tour.head(item);
    let mut undone = Undone::new(item.content_encoding.as_deref(), content, limits)?;
    tour.content(&mut undone)?;
    // Who is named where nobody could look is not known.
    let is_whole = tour.unreadable.is_empty() && undone.trouble().is_none();
    telling.census.overflowed |= !is_whole;
    let told = subjects.iter().zip(&telling.beside);
    Ok(told.map(|(subject, beside)| has_others(subject, &telling.census, beside, people)).collect())
}

fn has_others(
    subject: &Subject,
    census: &Census,
    beside: &BTreeSet<Beside>,
    people: &PeopleLimits,
) -> bool {
    if beside.len() >= DOUBTS_MAX {
        return true;
    }
    let mut crowd = Crowd::new(subject, people);
    crowd.add(census);
    let mut own = Own::of(subject);
    own.add(crowd.own().into_iter().flatten());
    own.add(beside.iter().filter_map(|beside| match beside {
        Beside::Own(identifier) => Some(identifier),
        Beside::Other(_) => None,
    }));
    crowd.overflowed()
        || crowd.others().any(|group| !own.may_be(group))
        || beside.iter().any(|beside| match beside {
            Beside::Other(identifier) => !own.has(identifier),
            Beside::Own(_) => false,
        })
}

struct Telling<'a> {
    matcher: &'a Matcher,
    known: &'a Known,
    subjects: usize,
    groups: HashSet<Group>,
    census: Census,
    beside: Vec<BTreeSet<Beside>>,
    /// How many more identifiers can be held.
    room: usize,
}

/// What is seen in a text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Seen {
    Group(Group),
    /// One of those whom the workspace knows, by number.
    Known(usize),
    Beside(usize, Beside),
}

impl Telling<'_> {
    fn note(&mut self, seen: &Seen) {
        match seen {
            Seen::Beside(subject, beside) => {
                let held = &mut self.beside[*subject];
                if held.len() < DOUBTS_MAX {
                    held.insert(beside.clone());
                }
            }
            Seen::Group(group) => self.note_group(group),
            Seen::Known(person) => self.note_group(self.known.names(*person)),
        }
    }

    fn note_group(&mut self, group: &Group) {
        if self.groups.contains(group) {
            return;
        }
        match self.room.checked_sub(group.len()) {
            Some(room) => {
                self.room = room;
                self.groups.insert(group.clone());
                self.census.groups.push(group.clone());
            }
            None => self.census.overflowed = true,
        }
    }
}

impl Look for Telling<'_> {
    type What = Seen;

    fn look(&mut self, text: &str, seen: &mut dyn FnMut(Seen, Range<usize>)) {
        let mut own = vec![Vec::new(); self.subjects];
        occurrences(self.matcher, text, &mut |owner, range| own[owner.subject].push(range));
        named_in(text, &mut |named| {
            let start = named.iter().map(|(_, range)| range.start).min().unwrap_or_default();
            let end = named.iter().map(|(_, range)| range.end).max().unwrap_or_default();
            let group = named.into_iter().map(|(identifier, _)| identifier).collect();
            seen(Seen::Group(group), start..end);
        });
        for (subject, own) in own.iter().enumerate() {
            doubts_in(text, own, &mut |identifier, range| {
                seen(Seen::Beside(subject, Beside::Other(identifier)), range);
            });
            beside(text, own, &mut |beside, range| seen(Seen::Beside(subject, beside), range));
        }
        self.look_for_names(text, seen);
    }

    fn letters(&self) -> Option<&Letters> {
        self.known.letters()
    }

    fn look_for_names(&mut self, text: &str, seen: &mut dyn FnMut(Seen, Range<usize>)) {
        self.known.met_in(text, &mut |person, range| seen(Seen::Known(person), range));
    }

    fn goes_on(&self, before: &str, after: &str) -> bool {
        self.known.goes_on(before, after)
    }

    fn texts(&self, bytes: &[u8]) -> Option<Texts> {
        Some(texts(bytes))
    }

    fn known(&self) -> Vec<&dyn Hinting> {
        [self.matcher as &dyn Hinting].into_iter().chain(self.known.hinting()).collect()
    }

    fn wants(&mut self, what: &Seen) -> bool {
        self.note(what);
        false
    }

    fn keep(&mut self, what: &Seen) -> bool {
        self.note(what);
        false
    }
}
