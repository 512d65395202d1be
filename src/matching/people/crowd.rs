//! Everyone named in the items of one request: which names are of one person, which of them is the
//! subject, and what number each of the others has.
//!
//! Groups that share an address, an object id or another id of their own are one person. A name or
//! an alias joins two groups only if they do not have object ids that differ: people may be called
//! alike. An alias that is the local part of exactly one person's address is that person's.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use crate::domain::asked::subject::{Identity, IdentityType, Subject};
use crate::matching::identity::patterns::canonical;
use crate::matching::identity::weakness::weakness;
use crate::matching::limits::PeopleLimits;
use crate::matching::matcher::Matcher;
use crate::matching::people::census::{Census, Group};
use crate::matching::people::mask::Mask;
use crate::matching::people::named::Identifier;
use crate::matching::people::who::Who;
use crate::matching::views::spelling::fold::folded;

/// The people of a request. `Debug` is not implemented: it names people.
pub struct Crowd {
    subject: Subject,
    known: HashSet<Group>,
    groups: Vec<Group>,
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
        for identifier in self.groups.iter().flatten() {
            let (key, identity) = (identifier.canonical(), identifier.identity());
            let Some(who) = whose.get(&key).copied() else { continue };
            if !told.insert(key) || weakness(&identity, self.identity_chars_min).is_some() {
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
        Some(Mask::new(matcher, numbers, whose))
    }

    /// Who each group is.
    fn linked(&self) -> Vec<Who> {
        let mut links = Links::new(&self.subject, &self.groups);
        links.join_by(|kind| !is_weak(kind), |_, _, _| true);
        links.join_by(is_weak, Links::may_be_one);
        links.join_aliases();
        links.numbered()
    }
}

/// Whether two people may have the same.
fn is_weak(kind: IdentityType) -> bool {
    matches!(kind, IdentityType::Name | IdentityType::Username)
}

/// Groups being joined; the first is the subject.
struct Links {
    /// Kind, canonical form and folded value of each name of each group.
    names: Vec<Vec<(IdentityType, String, String)>>,
    parents: Vec<Cell<usize>>,
    /// Whether the group that a parent stands for has an object id.
    has_object_id: Vec<bool>,
}

impl Links {
    fn new(subject: &Subject, groups: &[Group]) -> Self {
        let of_identity =
            |identity: &Identity| (identity.kind, canonical(identity), folded(identity.expose()));
        let of_identifier = |identifier: &Identifier| {
            (identifier.kind, identifier.canonical(), identifier.value.clone())
        };
        let first = subject.identities.iter().map(of_identity).collect();
        let rest = groups.iter().map(|group| group.iter().map(of_identifier).collect());
        let names: Vec<Vec<_>> = std::iter::once(first).chain(rest).collect();
        let has_id = |names: &Vec<(IdentityType, String, String)>| {
            names.iter().any(|(kind, ..)| *kind == IdentityType::ObjectId)
        };
        Self {
            parents: (0..names.len()).map(Cell::new).collect(),
            has_object_id: names.iter().map(has_id).collect(),
            names,
        }
    }

    fn root(&self, mut group: usize) -> usize {
        // Short ways: many groups of one person would make a long chain, and each search for its
        // end halves it.
        while self.parents[group].get() != group {
            let above = self.parents[group].get();
            self.parents[group].set(self.parents[above].get());
            group = self.parents[group].get();
        }
        group
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        // The earlier one stands for both, so that the subject stays the first.
        let (first, second) = (one.min(other), one.max(other));
        if first != second {
            self.parents[second].set(first);
            self.has_object_id[first] |= self.has_object_id[second];
        }
    }

    /// Joins groups that share a name of such a kind, where they may be one person.
    fn join_by(
        &mut self,
        is_such: impl Fn(IdentityType) -> bool,
        may_join: impl Fn(&Self, usize, usize) -> bool,
    ) {
        // The first of those that share a name stands for all: another is kept apart only if both
        // have an object id, and then it would not be joined with what comes later either.
        let mut first: HashMap<String, usize> = HashMap::new();
        for group in 0..self.names.len() {
            let names: Vec<String> = self.names[group]
                .iter()
                .filter(|(kind, ..)| is_such(*kind))
                .map(|(_, canonical, _)| canonical.clone())
                .collect();
            for name in names {
                let other = *first.entry(name).or_insert(group);
                if may_join(self, other, group) {
                    self.join(other, group);
                }
            }
        }
    }

    /// Whether two groups that share a name may be one: they have no object ids that differ. What
    /// shares an object id has been joined before.
    fn may_be_one(&self, one: usize, other: usize) -> bool {
        let (one, other) = (self.root(one), self.root(other));
        one == other || !(self.has_object_id[one] && self.has_object_id[other])
    }

    /// Joins an alias with the one person in whose address it is the local part.
    fn join_aliases(&mut self) {
        let mut locals: HashMap<String, Vec<usize>> = HashMap::new();
        for group in 0..self.names.len() {
            for (_, _, value) in &self.names[group] {
                if let Some((local, _)) = value.split_once('@') {
                    let root = self.root(group);
                    let roots = locals.entry(local.to_owned()).or_default();
                    // Two are as good as many: then it is nobody's.
                    if roots.len() < 2 && !roots.contains(&root) {
                        roots.push(root);
                    }
                }
            }
        }
        for group in 0..self.names.len() {
            let [(IdentityType::Username, _, alias)] = self.names[group].as_slice() else {
                continue;
            };
            if let Some([one]) = locals.get(alias).map(Vec::as_slice) {
                let one = *one;
                if self.may_be_one(one, group) {
                    self.join(one, group);
                }
            }
        }
    }

    fn numbered(&self) -> Vec<Who> {
        let mut numbers: HashMap<usize, u32> = HashMap::new();
        let mut next = 1;
        (1..self.names.len())
            .map(|group| match self.root(group) {
                0 => Who::Subject,
                root => Who::Person(*numbers.entry(root).or_insert_with(|| {
                    next += 1;
                    next
                })),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::asked::subject::IdentityFormat;

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
        crowd.add(&Census { groups, overflowed: false });
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
