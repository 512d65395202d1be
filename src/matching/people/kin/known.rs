//! Whom the documents of a workspace name, to be met again in the items of one request: a log may
//! call somebody by what only another run says is a person's.
//!
//! What one document says is looked for in everybody's items here, so that less counts than within
//! one archive: a name of one word is an alias, which names somebody only where the text says that
//! it speaks of a user, and the words of machines and methods name nobody.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;
use std::sync::OnceLock;

use zeroize::Zeroizing;

use crate::domain::asked::subject::{IdentityType, Subject};
use crate::matching::identity::watch::{MarkKey, Watch};
use crate::matching::identity::weakness::COMMON;
use crate::matching::limits::PeopleLimits;
use crate::matching::matcher::Matcher;
use crate::matching::people::doubts::{is_technical, may_be_alias};
use crate::matching::people::kin::own::has_domain;
use crate::matching::people::kin::spelled::spelled_by;
use crate::matching::people::kin::words::words;
use crate::matching::people::named::{Group, Identifier, NOBODY, SERVICES, is_cased};
use crate::matching::people::records::remembered::{Lent, Remembered, Seen};
use crate::matching::scan::occurrences;
use crate::matching::views::as_read::folds::may_be_address;
use crate::matching::views::charsets::letters::Letters;
use crate::matching::views::hinting::Hinting;
use crate::matching::views::spelling::fold::folded;

/// Names of one person that one document gives: whoever has more is none.
const NAMES_MAX: usize = 64;

/// Those people, to be looked for together. `Debug` is not implemented: it names them.
#[derive(Default)]
pub struct Known {
    people: Vec<Group>,
    /// `None` where nobody is known.
    matcher: Option<Matcher>,
    /// Each word of their names and addresses, hashed, once somebody asks.
    words: OnceLock<HashSet<u64>>,
    hasher: RandomState,
    /// What censuses saw in texts, of these people and of whoever else is named there.
    pub remembered: Lent<Remembered<Seen>>,
}

/// Letters of the shortest word by which somebody is known.
const WORD_CHARS_MIN: usize = 3;

impl Known {
    /// Those whom these groups are of. Groups that share what only one person has are one person.
    pub fn new(groups: impl Into<Vec<Group>>) -> Self {
        let people = joined(groups.into());
        if people.is_empty() {
            return Self::default();
        }
        // Ids have a shape by which they are met, and would make an automaton of gigabytes. Their
        // marks never leave the memory, so that the key is no secret.
        let key = MarkKey::new(&Zeroizing::new([0; 32]));
        let (mut subjects, mut marks) = (Vec::new(), Vec::new());
        for (number, names) in people.iter().enumerate() {
            let mut subject = Subject { identities: Vec::new() };
            let spelled: Vec<Identifier> = names.iter().filter_map(spelled_by).collect();
            for identity in names.iter().chain(&spelled).map(Identifier::identity) {
                match identity.kind {
                    IdentityType::ObjectId | IdentityType::Puid => {
                        marks.extend(key.mark(&identity).map(|mark| (mark, number)));
                    }
                    _ => subject.identities.push(identity),
                }
            }
            subjects.push(subject);
        }
        let mut matcher = Matcher::new(&subjects.iter().collect::<Vec<_>>());
        matcher.watch(Watch::new(key, marks));
        Self { people, matcher: Some(matcher), ..Self::default() }
    }

    /// Whether one of them has this word in a name or before the sign of an address.
    pub fn has_word(&self, word: &str) -> bool {
        if self.people.is_empty() || word.chars().count() < WORD_CHARS_MIN {
            return false;
        }
        let known = self.words.get_or_init(|| {
            let names =
                self.people.iter().flatten().filter(|name| {
                    !matches!(name.kind, IdentityType::ObjectId | IdentityType::Puid)
                });
            let local = |name: &Identifier| {
                let value = name.value.split('@').next().unwrap_or_default();
                words(value)
            };
            let is_nobody =
                |word: &str| [&COMMON[..], &SERVICES, &NOBODY].iter().any(|l| l.contains(&word));
            let own = names.flat_map(local).filter(|word| !is_technical(word) && !is_nobody(word));
            own.map(|word| self.hasher.hash_one(word)).collect()
        });
        words(&folded(word)).iter().any(|word| known.contains(&self.hasher.hash_one(word)))
    }

    /// Whether they are none.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// Everything that names this person.
    pub fn names(&self, person: usize) -> &Group {
        &self.people[person]
    }

    /// Who of them stands where in a text, by number.
    pub fn met_in(&self, text: &str, found: &mut dyn FnMut(usize, Range<usize>)) {
        let Some(matcher) = &self.matcher else { return };
        occurrences(matcher, text, &mut |owner, range| {
            // Whoever is watched for is numbered on from the last subject.
            found(owner.subject % self.people.len(), range);
        });
    }

    /// What tells of them.
    pub fn hinting(&self) -> Option<&dyn Hinting> {
        self.matcher.as_ref().map(|matcher| matcher as &dyn Hinting)
    }

    /// The letters beyond ASCII of their names.
    pub fn letters(&self) -> Option<&Letters> {
        self.matcher.as_ref().map(Matcher::letters)
    }

    /// Whether one of them, or an address, may go on after a break in a text.
    pub fn goes_on(&self, before: &str, after: &str) -> bool {
        self.matcher.as_ref().is_some_and(|matcher| matcher.goes_on(before, after))
            || may_be_address(before, after)
    }
}

/// What of the names that a document gives one person may be looked for in everybody's items, in a
/// stable order.
pub fn lasting(group: &Group) -> Group {
    let names: BTreeSet<Identifier> = group.iter().filter_map(lasts).collect();
    names.into_iter().take(NAMES_MAX).collect()
}

fn lasts(identifier: &Identifier) -> Option<Identifier> {
    let value = identifier.value.as_str();
    let kind = match identifier.kind {
        IdentityType::Name if value.contains(' ') || !value.contains(is_cased) => {
            let is_nobody =
                |word| [&COMMON[..], &SERVICES, &NOBODY].iter().any(|l| l.contains(&word));
            let names = !is_technical(value) && !value.split(' ').all(is_nobody);
            names.then_some(IdentityType::Name)
        }
        IdentityType::Name | IdentityType::Username => {
            may_be_alias(value).then_some(IdentityType::Username)
        }
        kind @ (IdentityType::Email | IdentityType::Upn) => has_domain(value).then_some(kind),
        kind @ (IdentityType::ObjectId | IdentityType::Puid) => Some(kind),
        // What a controller knows a customer by may be any number.
        IdentityType::ControllerCustomerId => None,
    };
    let identifier = Identifier { kind: kind?, value: value.to_owned() };
    let chars_min = PeopleLimits::default().identity_chars_min;
    (!identifier.is_weak(chars_min)).then_some(identifier)
}

/// The same groups, those of one person together.
fn joined(groups: Vec<Group>) -> Vec<Group> {
    let parents: Vec<Cell<usize>> = (0..groups.len()).map(Cell::new).collect();
    let root = |mut group: usize| {
        while parents[group].get() != group {
            parents[group].set(parents[parents[group].get()].get());
            group = parents[group].get();
        }
        group
    };
    // By hashes: there may be very many, and of two that are hashed alike, once in 2^64, people
    // would be one.
    let (mut first, hasher) = (HashMap::new(), RandomState::new());
    for (group, names) in groups.iter().enumerate() {
        let own =
            |name: &&Identifier| !matches!(name.kind, IdentityType::Name | IdentityType::Username);
        for name in names.iter().filter(own) {
            let other = *first.entry(hasher.hash_one(name.canonical())).or_insert(group);
            let (one, other) = (root(group), root(other));
            parents[one.max(other)].set(one.min(other));
        }
    }
    drop(first);
    let roots: Vec<usize> = (0..groups.len()).map(root).collect();
    let mut people: BTreeMap<usize, Group> = BTreeMap::new();
    for (names, root) in groups.into_iter().zip(roots) {
        people.entry(root).or_default().extend(names);
    }
    let each = |mut names: Group| {
        names.sort_unstable();
        names.dedup();
        names.shrink_to_fit();
        names
    };
    people.into_values().map(each).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use IdentityType::{ControllerCustomerId, Email, Name, ObjectId, Puid, Upn, Username};

    const ONE: &str = "11111111-2222-3333-4444-555555555555";

    fn group(names: &[(IdentityType, &str)]) -> Group {
        let one = |(kind, value): &(IdentityType, &str)| Identifier {
            kind: *kind,
            value: (*value).to_owned(),
        };
        names.iter().map(one).collect()
    }

    #[test]
    fn what_names_a_person_by_itself_lasts() {
        for (kind, value, expected) in [
            (Name, "kofi mensa", Some(Name)),
            (Name, "mensa, kofi", Some(Name)),
            (Name, "山田太郎", Some(Name)),
            (Name, "will", Some(Username)),
            (Name, "kofi", Some(Username)),
            (Name, "bob", None),
            (Name, "admin", None),
            (Name, "system admin", None),
            (Name, "test user", None),
            (Name, "guest user", None),
            (Name, "model trainer", None),
            (Name, "4711", None),
            (Username, "contoso\\kmensa", Some(Username)),
            (Username, "azureuser", None),
            (Email, "kofi@contoso.com", Some(Email)),
            (Upn, "kofi@contoso.com", Some(Upn)),
            (Email, "kofi@gpu-01", None),
            (ObjectId, ONE, Some(ObjectId)),
            (ObjectId, "00000000-0000-0000-0000-000000000000", None),
            (Puid, "1003200112345678", Some(Puid)),
            (ControllerCustomerId, "1029384756", None),
        ] {
            let lasting = lasting(&group(&[(kind, value)]));
            let lasting: Vec<IdentityType> = lasting.iter().map(|name| name.kind).collect();
            assert_eq!(lasting, Vec::from_iter(expected), "{value}");
        }
        let names: Vec<String> = (0..1000).map(|n| format!("kofi{n}@contoso.com")).collect();
        let names: Vec<_> = names.iter().map(|name| (Email, name.as_str())).collect();
        assert_eq!(lasting(&group(&names)).len(), NAMES_MAX);
    }

    #[test]
    fn whoever_is_known_is_met_by_any_of_their_names() {
        let known = Known::new(&[
            group(&[(Name, "ada boateng"), (Username, "aboateng")]),
            group(&[(Name, "kofi mensa"), (ObjectId, ONE)]),
            group(&[(Email, "kofi@contoso.com"), (ObjectId, ONE), (Puid, "1003200112345678")]),
            group(&[(Email, "yaw.owusu@contoso.com")]),
        ]);
        for (text, expected) in [
            ("then Kofi Mensa, or MENSA, KOFI", vec![1, 1]),
            ("from kofi@contoso.com to kofi@contoso.community", vec![1]),
            ("of {11111111-2222-3333-4444-555555555555} and 1003200112345678", vec![1, 1]),
            ("user=aboateng in aboateng.py", vec![0]),
            ("so says Yaw Owusu", vec![2]),
            ("Kofi and Ada, boatengs, mensa", vec![]),
        ] {
            let mut met = Vec::new();
            known.met_in(text, &mut |person, _| met.push(person));
            met.sort_unstable();
            assert_eq!(met, expected, "{text}");
        }
        let all = [(Name, "kofi mensa"), (Email, "kofi@contoso.com")];
        assert!(
            group(&all).iter().all(|name| known.names(1).contains(name)),
            "they are one person"
        );
        Known::default().met_in("Kofi Mensa", &mut |_, _| panic!("nobody is known"));
    }
}
