//! Everyone named in the items of one request: which names are of one person, which of them is the
//! subject, and what number each of the others has.

use std::collections::{HashMap, HashSet};

use crate::domain::asked::subject::{Identity, IdentityFormat, Subject};
use crate::matching::identity::patterns::canonical;
use crate::matching::limits::PeopleLimits;
use crate::matching::matcher::Matcher;
use crate::matching::people::census::Census;
use crate::matching::people::kin::glued::Addresses;
use crate::matching::people::kin::links::linked;
use crate::matching::people::kin::own::Own;
use crate::matching::people::kin::spelled::spelled_by;
use crate::matching::people::kin::words::words;
use crate::matching::people::mask::Mask;
use crate::matching::people::named::{Group, Identifier};
use crate::matching::people::who::Who;
use crate::matching::views::spelling::fold::folded;

/// The people of a request. `Debug` is not implemented: it names people.
pub struct Crowd {
    subject: Subject,
    known: HashSet<Group>,
    groups: Vec<Group>,
    known_beside: HashSet<[Identifier; 2]>,
    beside: Vec<[Identifier; 2]>,
    room: usize,
    overflowed: bool,
    identity_chars_min: usize,
}

impl Crowd {
    /// A crowd of the subject alone.
    pub fn new(subject: &Subject, limits: &PeopleLimits) -> Self {
        Self {
            subject: subject.clone(),
            known: HashSet::new(),
            groups: Vec::new(),
            known_beside: HashSet::new(),
            beside: Vec::new(),
            room: limits.people_max,
            overflowed: false,
            identity_chars_min: limits.identity_chars_min,
        }
    }

    /// Adds those named in an item. The numbers follow the order in which items are added.
    pub fn add(&mut self, census: &Census) {
        self.overflowed |= census.overflowed;
        for group in &census.groups {
            if self.known.contains(group) {
                continue;
            }
            match self.room.checked_sub(group.len()) {
                Some(room) => {
                    self.room = room;
                    self.known.insert(group.clone());
                    self.groups.push(group.clone());
                }
                None => self.overflowed = true,
            }
        }
        for both in &census.beside {
            if !self.known_beside.insert(both.clone()) {
                continue;
            }
            match self.room.checked_sub(both.len()) {
                Some(room) => {
                    self.room = room;
                    self.beside.push(both.clone());
                }
                None => self.overflowed = true,
            }
        }
    }

    /// Whether there were more people than could be held.
    pub fn overflowed(&self) -> bool {
        self.overflowed
    }

    /// What names the subject.
    pub fn own(&self) -> Vec<&Group> {
        let linked = self.linked();
        let all = self.groups.iter().zip(linked);
        all.filter(|(_, who)| *who == Who::Subject).map(|(group, _)| group).collect()
    }

    /// What names others.
    pub fn others(&self) -> impl Iterator<Item = &Group> {
        let all = self.groups.iter().zip(self.linked());
        all.filter(|(_, who)| *who != Who::Subject).map(|(group, _)| group)
    }

    /// What is to be masked; `None` if there were more people than could be held: then nobody knows
    /// whom an item would show.
    pub fn mask(&self) -> Option<Mask> {
        if self.overflowed {
            return None;
        }
        let linked = self.linked();
        let mut whose: HashMap<String, Who> = HashMap::new();
        for (group, who) in self.groups.iter().zip(&linked) {
            for identifier in group {
                whose.entry(identifier.canonical()).or_insert(*who);
            }
        }
        // Of a name that several have, the subject's use prevails.
        let of_subject = self.groups.iter().zip(&linked).filter(|(_, who)| **who == Who::Subject);
        for identifier in of_subject.flat_map(|(group, _)| group) {
            whose.insert(identifier.canonical(), Who::Subject);
        }
        for identity in &self.subject.identities {
            whose.insert(canonical(identity), Who::Subject);
        }
        let mut persons: Vec<Subject> = vec![self.subject.clone()];
        let mut numbers = vec![Who::Subject];
        let mut places: HashMap<u32, usize> = HashMap::new();
        let mut told = HashSet::new();
        let own = Own::of(&self.subject);
        let mut spelled: Vec<(Identifier, Who)> = Vec::new();
        for identifier in self.groups.iter().flatten() {
            let who = whose.get(&identifier.canonical()).filter(|who| **who != Who::Subject);
            spelled.extend(spelled_by(identifier).zip(who.copied()));
        }
        spelled.retain(|(name, _)| !own.has(name));
        for (name, who) in &spelled {
            whose.entry(name.canonical()).or_insert(*who);
        }
        let addresses = self.addresses(&whose);
        let names = spelled.iter().map(|(name, _)| name);
        for identifier in self.groups.iter().flatten().chain(names) {
            let (key, identity) = (identifier.canonical(), identifier.identity());
            let Some(who) = whose.get(&key).copied() else { continue };
            if !told.insert(key) || identifier.is_weak(self.identity_chars_min) {
                continue;
            }
            // Nobody is called so: whoever it holds is looked for instead.
            if !addresses.within(&identifier.value).is_empty() {
                continue;
            }
            let place = match who {
                Who::Subject => 0,
                Who::Person(number) => *places.entry(number).or_insert_with(|| {
                    persons.push(Subject { identities: Vec::new() });
                    numbers.push(who);
                    persons.len() - 1
                }),
            };
            persons[place].identities.push(identity);
        }
        let matcher = Matcher::new(&persons.iter().collect::<Vec<_>>());
        let written = |identity: &Identity| folded(identity.expose());
        let called = |value: String| words(value.split('@').next().unwrap_or_default());
        let own = self.subject.identities.iter().map(written).flat_map(called).collect();
        Some(Mask::new(matcher, numbers, whose, addresses).called(own))
    }

    /// All addresses that are of somebody, and whose they are.
    fn addresses(&self, whose: &HashMap<String, Who>) -> Addresses {
        let mut addresses = Addresses::default();
        let raw = |identity: &&Identity| identity.format == IdentityFormat::Raw;
        for identity in self.subject.identities.iter().filter(raw) {
            addresses.add(&folded(identity.expose()), Who::Subject);
        }
        for identifier in self.groups.iter().flatten() {
            if let Some(who) = whose.get(&identifier.canonical()) {
                addresses.add(&identifier.value, *who);
            }
        }
        addresses.settled()
    }

    /// Who each group is.
    fn linked(&self) -> Vec<Who> {
        linked(&self.subject, &self.groups, &self.beside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::asked::subject::{Identity, IdentityFormat, IdentityType};

    fn group(names: &[(IdentityType, &str)]) -> Group {
        let one = |(kind, value): &(IdentityType, &str)| Identifier {
            kind: *kind,
            value: (*value).to_owned(),
        };
        names.iter().map(one).collect()
    }

    fn linked(identities: &[(IdentityType, &str)], groups: Vec<Group>) -> Vec<Who> {
        let raw = |(kind, value): &(IdentityType, &str)| {
            Identity::new(*kind, IdentityFormat::Raw, (*value).to_owned())
        };
        let subject = Subject { identities: identities.iter().map(raw).collect() };
        let mut crowd = Crowd::new(&subject, &PeopleLimits::default());
        crowd.add(&Census { groups, ..Census::default() });
        crowd.linked()
    }

    #[test]
    fn names_of_one_person_are_joined() {
        use IdentityType::{Email, Name, ObjectId, Puid, Username};
        use Who::{Person, Subject};
        let (one, two) =
            ("11111111-2222-3333-4444-555555555555", "22222222-2222-3333-4444-555555555555");
        let ann = [(Email, "ann@contoso.com"), (Name, "Ann Lefèvre")];
        for (groups, expected) in [
            (
                vec![
                    group(&[(ObjectId, two), (Name, "bob b")]),
                    group(&[(ObjectId, one), (Email, "ann@contoso.com")]),
                    group(&[(ObjectId, one), (Puid, "1:live.com:0003000012345678")]),
                    group(&[(Puid, "0003000012345678")]),
                    group(&[(Email, "eve@contoso.com")]),
                    group(&[(Name, "bob b")]),
                    group(&[(Username, "eve")]),
                    group(&[(Username, "ann")]),
                    group(&[(Username, "bob")]),
                ],
                vec![
                    Person(2),
                    Subject,
                    Subject,
                    Subject,
                    Person(3),
                    Person(2),
                    Person(3),
                    Subject,
                    Person(4),
                ],
            ),
            // Two who are called alike, one of them the subject.
            (
                vec![
                    group(&[(ObjectId, one), (Email, "ann@contoso.com"), (Name, "ann lefèvre")]),
                    group(&[(ObjectId, two), (Name, "ann lefèvre")]),
                ],
                vec![Subject, Person(2)],
            ),
            // An alias that two may have.
            (
                vec![group(&[(Email, "ann@fabrikam.com")]), group(&[(Username, "ann")])],
                vec![Person(2), Person(3)],
            ),
        ] {
            assert_eq!(linked(&ann, groups), expected);
        }
    }
}
