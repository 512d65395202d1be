//! Whether an item names anybody but each of its subjects: what decides between deleting it and
//! taking one person out of it. Where a doubt stays it does: what was deleted is gone.

use std::collections::{BTreeSet, HashSet};
use std::io::{self, Read};
use std::ops::Range;

use crate::domain::item::Item;
use crate::domain::subject::{IdentityType, Subject};
use crate::matching::encoding::Undone;
use crate::matching::identity::patterns::canonical;
use crate::matching::limits::{ItemLimits, PeopleLimits};
use crate::matching::matcher::Matcher;
use crate::matching::people::beside::{Beside, beside};
use crate::matching::people::census::{Census, Group};
use crate::matching::people::crowd::Crowd;
use crate::matching::people::doubts::doubts_in;
use crate::matching::people::named::{Identifier, named_in};
use crate::matching::scan::occurrences;
use crate::matching::views::meter::Meter;
use crate::matching::views::spelling::fold::folded;
use crate::matching::views::tour::{Look, Tour};

/// Doubts that are told apart for one subject: nobody has as many names.
const DOUBTS_MAX: usize = 256;

/// For each of these subjects whether an item names others too: in its name, metadata, tags or
/// content. Where a part of it cannot be looked through it does. Fails only if `content` does.
pub fn names_others(
    item: &Item,
    content: &mut dyn Read,
    subjects: &[&Subject],
    limits: &ItemLimits,
    people: &PeopleLimits,
) -> io::Result<Vec<bool>> {
    let meter = Meter::default();
    let matcher = Matcher::new(subjects);
    let mut telling = Telling {
        matcher: &matcher,
        subjects: subjects.len(),
        groups: HashSet::new(),
        census: Census { groups: Vec::new(), overflowed: false },
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

/// What names the subject, as far as the item and the request tell.
struct Own {
    canonical: HashSet<String>,
    has_object_id: bool,
    /// The words of each name, alias and local part.
    words: Vec<Vec<String>>,
}

impl Own {
    fn of(subject: &Subject) -> Self {
        let mut own = Self { canonical: HashSet::new(), has_object_id: false, words: Vec::new() };
        for identity in &subject.identities {
            own.canonical.insert(canonical(identity));
            own.learn(identity.kind, &folded(identity.expose()));
        }
        own
    }

    fn add<'a>(&mut self, identifiers: impl Iterator<Item = &'a Identifier>) {
        for identifier in identifiers {
            self.canonical.insert(identifier.canonical());
            self.learn(identifier.kind, &identifier.value);
        }
    }

    fn learn(&mut self, kind: IdentityType, value: &str) {
        self.has_object_id |= kind == IdentityType::ObjectId;
        let words = match kind {
            IdentityType::Name | IdentityType::Username => words(value),
            IdentityType::Email | IdentityType::Upn => {
                words(value.split('@').next().unwrap_or_default())
            }
            IdentityType::ObjectId | IdentityType::Puid | IdentityType::ControllerCustomerId => {
                return;
            }
        };
        if !words.is_empty() {
            self.words.push(words);
        }
    }

    /// Whether a group that shares no identifier of its own with the subject may be the subject all
    /// the same: by a name, where nothing that only one person has says otherwise.
    fn may_be(&self, group: &Group) -> bool {
        let says_otherwise = |identifier: &Identifier| match identifier.kind {
            IdentityType::Email | IdentityType::Upn => true,
            IdentityType::ObjectId => self.has_object_id,
            _ => false,
        };
        !group.iter().any(says_otherwise) && group.iter().any(|identifier| self.has(identifier))
    }

    /// Whether this names the subject too. A name or an alias may be spelled in their address:
    /// `mira.osei@…` and `mosei` are Mira Osei.
    fn has(&self, identifier: &Identifier) -> bool {
        let is_loose = matches!(identifier.kind, IdentityType::Name | IdentityType::Username);
        let of_host = || {
            // `mosei@gpu-01`: whoever is logged in there.
            let (local, host) = identifier.value.split_once('@')?;
            (!host.contains('.')).then(|| words(local))
        };
        let spelled = if is_loose { Some(words(&identifier.value)) } else { of_host() };
        self.canonical.contains(&identifier.canonical())
            || spelled.is_some_and(|words| self.words.iter().any(|own| are_one(own, &words)))
    }
}

/// The words of a name, alias or local part, without accents and initials.
fn words(value: &str) -> Vec<String> {
    use unicode_normalization::UnicodeNormalization;
    let plain: String =
        value.nfd().filter(|c| !unicode_normalization::char::is_combining_mark(*c)).collect();
    let value = plain.rsplit('\\').next().unwrap_or_default();
    let words = value.split(|c: char| !c.is_alphabetic()).filter(|word| word.chars().count() > 1);
    words.map(str::to_owned).collect()
}

/// Whether the words of two names may be of one person: every word of the one is in the other, or
/// the one is written together (`mosei`, `miraosei`, `oseim`).
fn are_one(own: &[String], other: &[String]) -> bool {
    if other.is_empty() {
        return false;
    }
    let all_in = |few: &[String], many: &[String]| few.iter().all(|word| many.contains(word));
    let joined = |words: &[String], together: &str| {
        words.iter().any(|whole| {
            let rest =
                together.strip_suffix(whole.as_str()).or(together.strip_prefix(whole.as_str()));
            rest.is_some_and(|rest| {
                !rest.is_empty() && words.iter().any(|word| word != whole && word.starts_with(rest))
            })
        })
    };
    all_in(other, own)
        || own.len() == 1 && other.len() > 1 && joined(other, &own[0])
        || other.len() == 1 && own.len() > 1 && joined(own, &other[0])
}

struct Telling<'a> {
    matcher: &'a Matcher,
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
            Seen::Group(group) if !self.groups.contains(group) => {
                match self.room.checked_sub(group.len()) {
                    Some(room) => {
                        self.room = room;
                        self.groups.insert(group.clone());
                        self.census.groups.push(group.clone());
                    }
                    None => self.census.overflowed = true,
                }
            }
            Seen::Group(_) => {}
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_one_person() {
        for (own, other, expected) in [
            ("mira.osei", "mira osei", true),
            ("mira.osei", "osei, mira k.", true),
            ("mosei", "mira osei", true),
            ("oseim", "mira osei", true),
            ("miraosei", "mira osei", true),
            ("mira osei", "mosei", true),
            ("mira osei", "mira", true),
            ("jose.pena", "josé peña", true),
            ("mira.osei", "kofi osei", false),
            ("mira.osei", "mira brandt", false),
            ("mira.osei", "mira adwoa osei", false),
            ("mosei", "kofi osei", false),
            ("ann", "ann miller", false),
            ("mira osei", "kosei", false),
        ] {
            assert_eq!(are_one(&words(own), &words(other)), expected, "{own} {other}");
        }
    }
}
