//! Who is named in one item, in every reading of it.

use std::collections::HashSet;
use std::io::{self, Read};
use std::ops::Range;

use crate::domain::item::{Item, Version};
use crate::domain::layout::Layout;
use crate::matching::bytes::texts::texts;
use crate::matching::encoding::Undone;
use crate::matching::limits::{ItemLimits, PeopleLimits};
use crate::matching::people::kin::known::Known;
use crate::matching::people::named::{Group, Identifier, Named};
use crate::matching::people::records::everyone::everyone_in;
use crate::matching::people::records::near::Bond;
use crate::matching::people::records::remembered::{Remembered, Seen};
use crate::matching::views::charsets::letters::Letters;
use crate::matching::views::hinting::{Hinting, Texts};
use crate::matching::views::meter::{Decoded, Meter};
use crate::matching::views::packing::zip::Archive;
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
        told: known.remembered.lend(),
        seen: HashSet::new(),
        census: Census::default(),
        room: people.people_max,
    };
    let mut tour = Tour::new(&mut counting, limits, &meter);
    tour.head(item);
    let mut undone = Undone::new(item.content_encoding.as_deref(), content, limits)?;
    tour.content(&mut undone)?;
    known.remembered.take_back(counting.told);
    Ok(counting.census)
}

/// Who is named in the documents of a run of whose artifacts this is a zipped copy. What else lies
/// there says nothing of who works here, and neither does what cannot be read.
///
/// # Errors
/// Those of `content`, and our own disk's.
pub fn census_of_copy(
    item: &Item,
    content: &mut dyn Read,
    limits: &ItemLimits,
    people: &PeopleLimits,
    bytes_max: u64,
) -> io::Result<Vec<Group>> {
    let meter = Meter::default();
    let mut groups = Vec::new();
    let Ok(mut archive) = Archive::open(content, &meter)? else { return Ok(groups) };
    let run = item.layout().run();
    let is_document = |name: &str| {
        let of = Layout::new(None, name).run_document();
        of.map_or(!name.contains('/') && name.ends_with(".json"), |of| Some(of) == run)
    };
    for index in 0..archive.members.len() {
        let Ok(member) = archive.members.by_index(index) else { continue };
        let Some(name) = member.name().ok().map(|name| name.into_owned()) else { continue };
        if !is_document(&name) || member.size() > bytes_max {
            continue;
        }
        let mut bytes = Vec::new();
        let mut whole = Decoded::new(member, &meter, limits).take(bytes_max + 1);
        if whole.read_to_end(&mut bytes).is_err() || bytes.len() as u64 > bytes_max {
            // A limit was reached, or it is not what it says.
            continue;
        }
        let document = Item::bare(&item.source, &name, Version::Current);
        groups.extend(census(&document, &mut bytes.as_slice(), limits, people)?.groups);
    }
    Ok(groups)
}

struct Counting<'a> {
    known: &'a Known,
    told: Remembered<Seen>,
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
        let Self { known, told, .. } = self;
        told.each(text, seen, &mut |seen| seen_in(known, text, seen));
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

/// Everyone in a text, and whom the workspace knows of them.
fn seen_in(known: &Known, text: &str, seen: &mut dyn FnMut(Seen, Range<usize>)) {
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
    known.met_in(text, &mut |person, range| seen(Seen::Known(person), range));
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    #[test]
    fn only_documents_of_the_run_name_people_and_only_short_ones() {
        let document = br#"{"createdBy":{"userName":"Kofi Mensa"}}"#;
        for (name, bytes_max, expected) in [
            ("run.json", 100, 1),
            ("ExperimentRun/dcid.r3/run.json", 100, 1),
            ("ExperimentRun/dcid.r4/run.json", 100, 0),
            ("ExperimentRun/dcid.r3/logs/run.json", 100, 0),
            ("logs/run.json", 100, 0),
            ("run.txt", 100, 0),
            ("run.json", 20, 0),
        ] {
            let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
            zip.start_file(name, SimpleFileOptions::default()).unwrap();
            zip.write_all(document).unwrap();
            let bytes = zip.finish().unwrap().into_inner();
            let copy = "ArtifactZip/ExperimentRun/dcid.r3.zip";
            let copy = Item::bare("test", copy, Version::Current);
            let (limits, people) = (ItemLimits::default(), PeopleLimits::default());
            for (bytes, expected) in [(&bytes[..], expected), (&bytes[..bytes.len() / 2], 0)] {
                let groups = census_of_copy(&copy, &mut &*bytes, &limits, &people, bytes_max);
                assert_eq!(groups.unwrap().len(), expected, "{name} {bytes_max}");
            }
        }
    }
}
