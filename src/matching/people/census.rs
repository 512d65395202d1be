//! Who is named in one item, in every reading of it.

use std::collections::HashSet;
use std::io::{self, Read};
use std::ops::Range;

use crate::domain::item::Item;
use crate::matching::bytes::texts::texts;
use crate::matching::encoding::Undone;
use crate::matching::limits::{ItemLimits, PeopleLimits};
use crate::matching::people::kin::known::Known;
use crate::matching::people::named::{Group, Identifier, Named};
use crate::matching::people::records::everyone::everyone_in;
use crate::matching::people::records::near::Bond;
use crate::matching::views::charsets::letters::Letters;
use crate::matching::views::hinting::Hinting;
use crate::matching::views::meter::Meter;
use crate::matching::views::tour::{Look, Tour};

/// Everyone named in an item, the subject too. `Debug` is not implemented: it names people.
#[derive(Default)]
pub struct Census {
    /// Each group once, by first appearance.
    pub groups: Vec<Group>,
    /// Who stands beside whom, and may be the same person.
    pub beside: Vec<[Identifier; 2]>,
    /// Whether there were, or may be, more than could be held.
    pub overflowed: bool,
}

/// Who is named in an item: its name, metadata, tags and content. Fails only if `content` does.
pub fn census(
    item: &Item,
    content: &mut dyn Read,
    limits: &ItemLimits,
    people: &PeopleLimits,
) -> io::Result<Census> {
    census_among(&Known::default(), item, content, limits, people)
}

/// The same; of those whom the workspace knows, whoever is named in it by whatever document.
pub fn census_among(
    known: &Known,
    item: &Item,
    content: &mut dyn Read,
    limits: &ItemLimits,
    people: &PeopleLimits,
) -> io::Result<Census> {
    let meter = Meter::default();
    let mut counting = Counting {
        known,
        seen: HashSet::new(),
        census: Census::default(),
        room: people.people_max,
    };
    let mut tour = Tour::new(&mut counting, limits, &meter);
    tour.head(item);
    let mut undone = Undone::new(item.content_encoding.as_deref(), content, limits)?;
    tour.content(&mut undone)?;
    Ok(counting.census)
}

/// What is seen of people in a text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Seen {
    Group(Group),
    Beside([Identifier; 2]),
    /// One of those whom the workspace knows, by number.
    Known(usize),
}

struct Counting<'a> {
    known: &'a Known,
    seen: HashSet<Seen>,
    census: Census,
    /// How many more identifiers can be held.
    room: usize,
}

impl Counting<'_> {
    fn count(&mut self, seen: &Seen) {
        if self.seen.contains(seen) {
            return;
        }
        let size = match seen {
            Seen::Group(group) => group.len(),
            Seen::Beside(both) => both.len(),
            Seen::Known(person) => self.known.names(*person).len(),
        };
        let Some(room) = self.room.checked_sub(size) else {
            self.census.overflowed = true;
            return;
        };
        self.room = room;
        self.seen.insert(seen.clone());
        match seen {
            Seen::Group(group) => self.census.groups.push(group.clone()),
            Seen::Beside(both) => self.census.beside.push(both.clone()),
            Seen::Known(person) => self.census.groups.push(self.known.names(*person).clone()),
        }
    }
}

impl Look for Counting<'_> {
    type What = Seen;

    fn look(&mut self, text: &str, seen: &mut dyn FnMut(Seen, Range<usize>)) {
        everyone_in(text, &mut |bond, named| {
            let start = named.iter().map(|(_, range)| range.start).min().unwrap_or_default();
            let end = named.iter().map(|(_, range)| range.end).max().unwrap_or_default();
            match (bond, <[Named; 2]>::try_from(named)) {
                (Bond::Beside, Ok([one, other])) => {
                    // Whoever it is, it is somebody.
                    seen(Seen::Group(vec![other.0.clone()]), other.1);
                    seen(Seen::Beside([one.0, other.0]), start..end);
                }
                (_, named) => {
                    let named = named.map_or_else(|named| named, Vec::from);
                    let group = named.into_iter().map(|(identifier, _)| identifier).collect();
                    seen(Seen::Group(group), start..end);
                }
            }
        });
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

    fn texts(&self, bytes: &[u8]) -> Option<Vec<Range<usize>>> {
        Some(texts(bytes))
    }

    fn known(&self) -> Vec<&dyn Hinting> {
        self.known.hinting().into_iter().collect()
    }

    fn wants(&mut self, seen: &Seen) -> bool {
        self.count(seen);
        false
    }

    fn keep(&mut self, seen: &Seen) -> bool {
        self.count(seen);
        false
    }
}
