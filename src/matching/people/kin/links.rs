//! Which names of people are of one person.
//!
//! Groups that share an address, an object id or another id of their own are one person. A name or
//! an alias joins two groups only if they do not have object ids that differ: people may be called
//! alike. Nobody becomes the subject by a name whose address spells somebody else. A name that
//! exactly one person's address spells is that person's, and so is what stands beside one person
//! and nobody else.

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap, HashSet};

use crate::domain::asked::subject::{Identity, IdentityType, Subject};
use crate::matching::identity::patterns::canonical;
use crate::matching::people::kin::own::{Own, has_domain};
use crate::matching::people::kin::words::words;
use crate::matching::people::named::{Group, Identifier};
use crate::matching::people::who::Who;
use crate::matching::views::spelling::fold::folded;

/// Who each group is, and `beside` of whom it stands.
pub fn linked(subject: &Subject, groups: &[Group], beside: &[[Identifier; 2]]) -> Vec<Who> {
    let mut links = Links::new(subject, groups);
    links.join_by(|kind| !is_weak(kind) && !is_shared(kind), |_, _, _| true);
    links.join_by(is_shared, Links::have_one_address);
    let mut own = Own::of(subject);
    let is_own = |index: &usize| links.root(index + 1) == 0;
    own.add((0..groups.len()).filter(is_own).flat_map(|index| &groups[index]));
    links.note_strangers(groups, &own);
    links.join_by(is_weak, Links::may_be_one);
    links.join_spelled();
    links.join_own(groups, &own);
    links.join_beside(beside);
    links.numbered()
}

/// Whether two people may have the same.
fn is_weak(kind: IdentityType) -> bool {
    matches!(kind, IdentityType::Name | IdentityType::Username)
}

/// Whether several may have the same, as the telephone of an office, or stand beside another's, as
/// whoever is in charge of a customer does.
fn is_shared(kind: IdentityType) -> bool {
    kind == IdentityType::ControllerCustomerId
}

/// Groups being joined; the first is the subject.
struct Links {
    /// Kind, canonical form and folded value of each name of each group.
    names: Vec<Vec<(IdentityType, String, String)>>,
    parents: Vec<Cell<usize>>,
    /// What the group that a parent stands for has.
    has: Vec<Has>,
}

#[derive(Clone, Copy, Default)]
struct Has {
    object_id: bool,
    puid: bool,
    address: bool,
    /// An address that cannot be the subject's.
    stranger: bool,
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
        let has = |names: &Vec<(IdentityType, String, String)>| {
            let any = |kind| names.iter().any(|(other, ..)| *other == kind);
            let mut values = names.iter().map(|(_, _, value)| value);
            Has {
                object_id: any(IdentityType::ObjectId),
                puid: any(IdentityType::Puid),
                address: values.any(|value| has_domain(value)),
                stranger: false,
            }
        };
        Self {
            parents: (0..names.len()).map(Cell::new).collect(),
            has: names.iter().map(has).collect(),
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
            let (has, more) = (self.has[first], self.has[second]);
            self.has[first] = Has {
                object_id: has.object_id || more.object_id,
                puid: has.puid || more.puid,
                address: has.address || more.address,
                stranger: has.stranger || more.stranger,
            };
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

    /// Notes which groups have an address that cannot be the subject's.
    fn note_strangers(&mut self, groups: &[Group], own: &Own) {
        for (index, group) in groups.iter().enumerate() {
            let root = self.root(index + 1);
            let is_stranger = |identifier: &Identifier| {
                has_domain(&identifier.value) && !own.has_local(&identifier.value)
            };
            if root != 0 && group.iter().any(is_stranger) {
                self.has[root].stranger = true;
            }
        }
    }

    /// Whether no two addresses tell two groups apart: those that share one are joined already.
    fn have_one_address(&self, one: usize, other: usize) -> bool {
        let (one, other) = (self.root(one), self.root(other));
        one == other || !(self.has[one].address && self.has[other].address)
    }

    /// Whether two groups that share a name may be one: they have no object ids that differ, and
    /// neither is the subject where the other is somebody else. What shares an object id has been
    /// joined before.
    fn may_be_one(&self, one: usize, other: usize) -> bool {
        let (one, other) = (self.root(one), self.root(other));
        let (first, second) = (one.min(other), one.max(other));
        let differ = self.has[one].object_id && self.has[other].object_id;
        let is_parted = differ || first == 0 && self.has[second].stranger;
        one == other || !is_parted
    }

    /// Joins names and aliases with the one person in whose address they are spelled.
    fn join_spelled(&mut self) {
        let mut named: HashMap<String, BTreeSet<usize>> = HashMap::new();
        let mut spelling: HashMap<String, BTreeSet<usize>> = HashMap::new();
        for group in 0..self.names.len() {
            let root = self.root(group);
            for (kind, _, value) in &self.names[group] {
                let local = value.split_once('@').map(|(local, _)| local);
                match (kind, local) {
                    (_, Some(local)) => {
                        spelling.entry(local.to_owned()).or_default().insert(root);
                        let words = words(local);
                        if words.len() > 1 {
                            spelling.entry(sorted(words)).or_default().insert(root);
                        }
                    }
                    (IdentityType::Username, None) => {
                        spelling.entry(value.clone()).or_default().insert(root);
                        named.entry(value.clone()).or_default().insert(root);
                    }
                    (IdentityType::Name, None) => {
                        for form in forms(value, root == 0) {
                            named.entry(form).or_default().insert(root);
                        }
                    }
                    _ => {}
                }
            }
        }
        let mut forms: Vec<&String> = named.keys().collect();
        forms.sort();
        for form in forms {
            let Some(spelled) = spelling.get(form) else { continue };
            let both: BTreeSet<usize> =
                named[form].union(spelled).map(|group| self.root(*group)).collect();
            // Of two whom it may be, it is neither.
            let is_full = form.contains(' ');
            if let [one, other] = *both.iter().copied().collect::<Vec<_>>()
                && (is_full
                    || one != 0
                    || self.names_alias(named[form].iter().chain(spelled), form))
                && self.may_be_one(one, other)
            {
                self.join(one, other);
            }
        }
    }

    /// Whether one of these groups is called by just this alias.
    fn names_alias<'a>(&self, mut groups: impl Iterator<Item = &'a usize>, form: &str) -> bool {
        groups.any(|group| {
            self.names[*group]
                .iter()
                .any(|(kind, _, value)| *kind == IdentityType::Username && value == form)
        })
    }

    /// Joins what may be the subject by its words, and has nothing that says otherwise.
    fn join_own(&mut self, groups: &[Group], own: &Own) {
        let mut spelled: HashSet<String> = HashSet::new();
        for group in (1..self.names.len()).filter(|group| self.root(*group) != 0) {
            for (_, _, value) in &self.names[group] {
                if let Some((local, _)) = value.split_once('@') {
                    spelled.extend([local.to_owned(), sorted(words(local))]);
                }
            }
        }
        // Of two whom it may be, it is neither.
        let is_anothers = |identifier: &Identifier| {
            let words = sorted(words(&identifier.value));
            spelled.contains(&identifier.value) || spelled.contains(&words)
        };
        for (index, group) in groups.iter().enumerate() {
            let root = self.root(index + 1);
            let has = self.has[root];
            let is_bare = !has.address && !has.object_id && !has.puid;
            let is_free = !group.iter().any(is_anothers);
            if root != 0 && is_bare && is_free && own.may_be(group) {
                self.join(0, root);
            }
        }
    }

    /// Joins what stands beside one person and nobody else.
    fn join_beside(&mut self, beside: &[[Identifier; 2]]) {
        let mut places: HashMap<String, usize> = HashMap::new();
        for (group, names) in self.names.iter().enumerate() {
            for (_, canonical, _) in names {
                places.entry(canonical.clone()).or_insert(group);
            }
        }
        let mut anchors: HashMap<usize, BTreeSet<usize>> = HashMap::new();
        let mut pairs: Vec<(usize, usize, IdentityType)> = Vec::new();
        for [one, other] in beside {
            let both = [one, other].map(|it| places.get(&it.canonical()).copied());
            if let [Some(one), Some(beside)] = both {
                let (one, beside) = (self.root(one), self.root(beside));
                anchors.entry(beside).or_default().insert(one);
                pairs.push((one, beside, other.kind));
            }
        }
        for (one, beside, kind) in pairs {
            let (anchor, companion) = (self.root(one), self.root(beside));
            let (has, more) = (self.has[anchor], self.has[companion]);
            let differ = has.object_id && more.object_id || has.puid && more.puid || more.address;
            // A name beside the subject is theirs only if it says so itself.
            let is_doubtful = anchor == 0 && is_weak(kind) || companion == 0;
            if anchors[&beside].len() == 1 && !differ && !is_doubtful {
                self.join(anchor, companion);
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

/// How a full name may be spelled in an address: its words, or run into one, with initials.
fn forms(name: &str, is_subject: bool) -> Vec<String> {
    let words = words(name);
    let [first, .., last] = words.as_slice() else { return Vec::new() };
    let initial = |word: &str| word.chars().take(1).collect::<String>();
    let mut forms = vec![sorted(words.clone())];
    if !is_subject {
        forms.extend([
            format!("{first}{last}"),
            format!("{last}{first}"),
            format!("{}{last}", initial(first)),
            format!("{}.{last}", initial(first)),
            format!("{first}{}", initial(last)),
            format!("{last}{}", initial(first)),
        ]);
    }
    forms
}

fn sorted(mut words: Vec<String>) -> String {
    words.sort();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::asked::subject::IdentityFormat;

    fn linked_to(kind: IdentityType, value: &str, groups: &[&[&str]]) -> Vec<bool> {
        let identity = Identity::new(kind, IdentityFormat::Raw, value.to_owned());
        let identifier = |value: &&str| {
            let is_address = value.contains('@');
            let kind =
                if is_address { IdentityType::Email } else { IdentityType::ControllerCustomerId };
            Identifier { kind, value: (*value).to_owned() }
        };
        let groups: Vec<Group> =
            groups.iter().map(|group| group.iter().map(identifier).collect()).collect();
        let who = linked(&Subject { identities: vec![identity] }, &groups, &[]);
        who.into_iter().map(|who| who == Who::Subject).collect()
    }

    #[test]
    fn a_number_that_several_share_makes_nobody_another() {
        let rows: [&[&str]; 5] = [
            &["ann@contoso.com", "+49 30 1234-0"],
            &["kofi@contoso.com", "+49 30 1234-0", "c01x00t47"],
            &["c01x00t47"],
            &["+49 30 1234-0"],
            &["ann@contoso.com", "c-1029384"],
        ];
        let of_address = linked_to(IdentityType::Email, "ann@contoso.com", &rows);
        assert_eq!(of_address, [true, false, false, true, true]);
        let of_number = linked_to(IdentityType::ControllerCustomerId, "c-1029384", &rows);
        assert_eq!(of_number, [true, false, false, true, true]);
    }
}
