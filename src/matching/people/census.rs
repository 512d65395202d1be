//! Who is named in one item, in every reading of it.

use std::collections::HashSet;
use std::io::{self, Read};
use std::ops::Range;

use crate::domain::item::Item;
use crate::matching::bytes::texts::texts;
use crate::matching::encoding::Undone;
use crate::matching::limits::{ItemLimits, PeopleLimits};
use crate::matching::people::named::{Identifier, Named};
use crate::matching::people::records::everyone::everyone_in;
use crate::matching::people::records::near::Bond;
use crate::matching::views::meter::Meter;
use crate::matching::views::tour::{Look, Tour};

/// Identifiers that belong to one person.
pub type Group = Vec<Identifier>;

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
    let meter = Meter::default();
    let mut counting =
        Counting { known: HashSet::new(), census: Census::default(), room: people.people_max };
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
}

struct Counting {
    known: HashSet<Seen>,
    census: Census,
    /// How many more identifiers can be held.
    room: usize,
}

impl Counting {
    fn count(&mut self, seen: &Seen) {
        if self.known.contains(seen) {
            return;
        }
        let size = match seen {
            Seen::Group(group) => group.len(),
            Seen::Beside(both) => both.len(),
        };
        let Some(room) = self.room.checked_sub(size) else {
            self.census.overflowed = true;
            return;
        };
        self.room = room;
        self.known.insert(seen.clone());
        match seen {
            Seen::Group(group) => self.census.groups.push(group.clone()),
            Seen::Beside(both) => self.census.beside.push(both.clone()),
        }
    }
}

impl Look for Counting {
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
    }

    fn texts(&self, bytes: &[u8]) -> Option<Vec<Range<usize>>> {
        Some(texts(bytes))
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
