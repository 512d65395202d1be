//! Why an item speaks of a person, or does not: what was read as what, and what was passed over.
//!
//! Something of her identities may stand where it was not taken for her. For people who ask; it
//! reads everything in every view, so it takes its time.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::ops::Range;

use memchr::memmem;

use crate::domain::asked::subject::{IdentityType, Subject};
use crate::domain::explained::{Explained, Passed};
use crate::domain::item::Item;
use crate::matching::encoding::Undone;
use crate::matching::limits::ItemLimits;
use crate::matching::matcher::{Matcher, Owner};
use crate::matching::scan::{Room, occurrences, scan};
use crate::matching::views::meter::Meter;
use crate::matching::views::spelling::fold::{fold, folded};
use crate::matching::views::tour::{Look, Tour};

/// Places that are told of one identity.
const PLACES_MAX: usize = 50;

/// Shorter words of a name stand everywhere.
const WORD_CHARS_MIN: usize = 3;

/// Explains an item whose content `open` gives, as often as it is asked to.
///
/// # Errors
/// The content cannot be read.
pub fn explain(
    item: &Item,
    open: &dyn Fn() -> io::Result<Box<dyn Read>>,
    subject: &Subject,
    limits: &ItemLimits,
) -> io::Result<Explained> {
    let matcher = Matcher::new(&[subject]);
    let found = scan(item, &mut *open()?, &matcher, limits)?;
    let mut passing = Passing::new(&matcher, subject);
    let meter = Meter::default();
    let mut tour = Tour::new(&mut passing, limits, &meter);
    tour.streams = Some(Vec::new());
    tour.head(item);
    let mut content = open()?;
    let mut undone = Undone::new(item.content_encoding.as_deref(), &mut *content, limits)?;
    tour.content(&mut undone)?;
    let streams = tour.streams.take().unwrap_or_default();
    let passed = tour.sights.into_iter().map(|sight| Passed {
        identity: sight.what.0,
        is_whole: sight.what.1,
        view: sight.view,
        place: sight.place,
    });
    Ok(Explained {
        hits: found.hits.into_iter().map(|found| found.hit).collect(),
        unreadable: found.unreadable,
        streams,
        passed: passed.collect(),
    })
}

/// Looks for what is like an identity and is none.
struct Passing<'a> {
    matcher: &'a Matcher,
    /// What is looked for: whose it is, whether it is all of it, and its folded text.
    sought: Vec<(usize, bool, String)>,
    room: Room,
}

impl<'a> Passing<'a> {
    fn new(matcher: &'a Matcher, subject: &Subject) -> Self {
        let mut sought = BTreeSet::new();
        for (index, identity) in subject.identities.iter().enumerate() {
            let value = folded(identity.expose().trim());
            if identity.kind == IdentityType::Name {
                let words = value.split(|c: char| !c.is_alphanumeric());
                let long = words.filter(|word| word.chars().count() >= WORD_CHARS_MIN);
                sought.extend(long.map(|word| (index, false, word.to_owned())));
            }
            if !value.is_empty() {
                sought.insert((index, true, value));
            }
        }
        let sought = sought.into_iter().collect();
        let room = Room::new(vec![PLACES_MAX; subject.identities.len()]);
        Self { matcher, sought, room }
    }
}

impl Look for Passing<'_> {
    type What = (usize, bool);

    fn look(&mut self, text: &str, seen: &mut dyn FnMut((usize, bool), Range<usize>)) {
        let mut taken: Vec<Range<usize>> = Vec::new();
        occurrences(self.matcher, text, &mut |_: Owner, range| taken.push(range));
        let reading = fold(text);
        for (identity, is_whole, sought) in &self.sought {
            for at in memmem::find_iter(reading.text.as_bytes(), sought.as_bytes()) {
                let start = reading.origin(at);
                let end = reading.origin_end(at + sought.len(), text.len());
                let is_taken = taken.iter().any(|hit| hit.start <= start && end <= hit.end);
                let stands = *is_whole || is_word(&reading.text, at..at + sought.len());
                if !is_taken && stands && self.room.is_left(*identity) {
                    seen((*identity, *is_whole), start..end);
                }
            }
        }
    }

    fn wants(&mut self, (identity, _): &(usize, bool)) -> bool {
        self.room.put_aside(*identity)
    }

    fn keep(&mut self, (identity, _): &(usize, bool)) -> bool {
        self.room.keep(*identity)
    }
}

/// Whether no letter or digit adjoins.
fn is_word(text: &str, at: Range<usize>) -> bool {
    let (before, after) = (text[..at.start].chars().next_back(), text[at.end..].chars().next());
    !before.into_iter().chain(after).any(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::domain::asked::subject::{Identity, IdentityFormat};
    use crate::domain::item::Version;
    use crate::matching::scan::PLACES_PER_HIT;

    #[test]
    fn what_was_passed_over_is_told() {
        let raw = |kind, value: &str| Identity::new(kind, IdentityFormat::Raw, value.to_owned());
        let identities = vec![
            raw(IdentityType::Name, "Ann Lee-Woods"),
            raw(IdentityType::Username, "annl"),
            raw(IdentityType::Email, "ann@contoso.com"),
        ];
        let text = "by Ann Lee-Woods\nA. Woods\nthe annl model\nxann@contoso.com user=annl\n";
        let open = || Ok(Box::new(Cursor::new(text)) as Box<dyn Read>);
        let item = Item::bare("s", "x", Version::Current);
        let subject = Subject { identities };
        let matcher = Matcher::new(&[&subject]);
        let told = explain(&item, &open, &subject, &ItemLimits::default()).unwrap();
        let places: Vec<_> =
            told.passed.iter().map(|one| (one.identity, one.is_whole, &*one.place)).collect();
        assert_eq!(
            places,
            [
                (0, false, "line 2 column 4"),
                (1, true, "line 3 column 5"),
                (2, true, "line 4 column 2")
            ]
        );
        assert_eq!(told.hits.len(), 2);
        let mut passing = Passing::new(&matcher, &subject);
        let wanted = (0..10 * PLACES_MAX).filter(|_| passing.wants(&(0, true))).count();
        assert_eq!(wanted, PLACES_PER_HIT * PLACES_MAX, "memory cannot hold every place");
        assert_eq!(told.streams, [(String::new(), "text")]);
    }
}
