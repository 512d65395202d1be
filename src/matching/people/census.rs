//! Who is named in one item, in every reading of it.

use std::collections::HashSet;
use std::io::{self, Read};
use std::ops::Range;

use crate::domain::item::Item;
use crate::matching::encoding::Undone;
use crate::matching::limits::{ItemLimits, PeopleLimits};
use crate::matching::people::named::{Identifier, named_in};
use crate::matching::views::meter::Meter;
use crate::matching::views::tour::{Look, Tour};

/// Identifiers that belong to one person.
pub type Group = Vec<Identifier>;

/// Everyone named in an item, the subject too. `Debug` is not implemented: it names people.
pub struct Census {
    /// Each group once, by first appearance.
    pub groups: Vec<Group>,
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
    let census = Census { groups: Vec::new(), overflowed: false };
    let mut counting = Counting { known: HashSet::new(), census, room: people.people_max };
    let mut tour = Tour::new(&mut counting, limits, &meter);
    tour.head(item);
    let mut undone = Undone::new(item.content_encoding.as_deref(), content, limits)?;
    tour.content(&mut undone)?;
    Ok(counting.census)
}

struct Counting {
    known: HashSet<Group>,
    census: Census,
    /// How many more identifiers can be held.
    room: usize,
}

impl Counting {
    fn count(&mut self, group: &Group) {
        if self.known.contains(group) {
            return;
        }
        match self.room.checked_sub(group.len()) {
            Some(room) => {
                self.room = room;
                self.known.insert(group.clone());
                self.census.groups.push(group.clone());
            }
            None => self.census.overflowed = true,
        }
    }
}

impl Look for Counting {
    type What = Group;

    fn look(&mut self, text: &str, seen: &mut dyn FnMut(Group, Range<usize>)) {
        named_in(text, &mut |named| {
            let start = named.iter().map(|(_, range)| range.start).min().unwrap_or_default();
            let end = named.iter().map(|(_, range)| range.end).max().unwrap_or_default();
            seen(named.into_iter().map(|(identifier, _)| identifier).collect(), start..end);
        });
    }

    fn wants(&mut self, group: &Group) -> bool {
        self.count(group);
        false
    }

    fn keep(&mut self, group: &Group) -> bool {
        self.count(group);
        false
    }
}
