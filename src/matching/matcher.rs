//! All identities of all waiting requests, compiled once and looked for together.
//!
//! Addresses are found from their `@` by looking the whole token up; everything else by a few of
//! its bytes. Neither grows slower with the number of subjects.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

use crate::domain::asked::subject::Subject;
use crate::domain::item::Hit;
use crate::matching::bytes::guids::Guids;
use crate::matching::bytes::sift::Sift;
use crate::matching::identity::addresses::{Spelled, each_address};
use crate::matching::identity::boundaries::{Boundary, goes_on_in_binary, stands_alone};
use crate::matching::identity::candidates::{Foreign, Grams, Signs};
use crate::matching::identity::names::fields::may_be_part;
use crate::matching::identity::names::joints::BETWEEN_BYTES_MAX;
use crate::matching::identity::names::met::Met;
use crate::matching::identity::names::orders::name_around;
use crate::matching::identity::patterns::{Name, Sought, sought};
use crate::matching::identity::rare::Rare;
use crate::matching::identity::watch::Watch;
use crate::matching::views::as_read::domains::{in_ascii, in_letters};
use crate::matching::views::as_read::pieces::Pieces;
use crate::matching::views::charsets::letters::Letters;

/// What may belong to an address of which nothing is known but its hash.
const UNKNOWN_REACH_BYTES: usize = 700;

/// Characters of the shortest address, of which nothing is known but its hash.
const ADDRESS_CHARS_MIN: usize = 3;

/// Looks for many subjects at once. Compiled once; shared by all scans.
pub struct Matcher {
    subjects: usize,
    identities: usize,
    addresses: HashMap<String, Vec<Owner>>,
    hashes: HashMap<[u8; 32], Vec<Owner>>,
    pub(super) watch: Option<Watch>,
    patterns: Vec<Pattern>,
    /// What the patterns' texts are long, in bytes.
    pub(super) lengths: Vec<usize>,
    pub(super) reach: usize,
    rare: Option<Rare>,
    grams: Grams,
    pub(super) signs: Signs,
    pub(super) foreign: Foreign,
    pub(super) sift: Sift,
    pub(super) guids: Guids,
    pub(super) letters: OnceLock<Letters>,
    pub(super) pieces: Pieces,
}

/// A hit with the subject it speaks of.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SubjectHit {
    /// Index into the subjects that the matcher was made of.
    pub subject: usize,
    /// Which identity, in which reading, where.
    pub hit: Hit,
}

/// Whose identity something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner {
    /// Index of the subject.
    pub subject: usize,
    /// Index of the identity in the subject.
    pub identity: usize,
}

/// An identity seen in a text.
pub struct Occurrence {
    /// Whose.
    pub owner: Owner,
    /// Where, in the folded text.
    pub range: Range<usize>,
    /// How its ends were judged.
    pub boundary: Boundary,
    /// Each word of a name where something else stands between them; else none.
    pub words: Vec<Range<usize>>,
}

impl Occurrence {
    fn new(owner: Owner, range: Range<usize>, boundary: Boundary) -> Self {
        Self { owner, range, boundary, words: Vec::new() }
    }
}

struct Pattern {
    owners: Vec<Owner>,
    form: Form,
}

impl Pattern {
    /// Characters that it takes at least where it stands for itself, if this is searched for.
    fn least(&self, text: &str) -> usize {
        match &self.form {
            // Something before it says that it names a user.
            Form::Text(Boundary::Alias) => text.chars().count() + 1,
            // Of a name this is one word; the others may stand in strings of their own.
            Form::Text(_) | Form::Name(_) => text.chars().count(),
        }
    }
}

enum Form {
    Text(Boundary),
    Name(Name),
}

impl Matcher {
    /// Compiles the identities of these subjects.
    pub fn new(subjects: &[&Subject]) -> Self {
        let mut building = Building::default();
        for (subject, person) in subjects.iter().enumerate() {
            for (identity, value) in person.identities.iter().enumerate() {
                for thing in sought(value) {
                    building.add(thing, Owner { subject, identity });
                }
            }
        }
        let identities = subjects.iter().map(|subject| subject.identities.len()).sum();
        building.finish(subjects.len(), identities)
    }

    /// Looks for these people too; hits number them on from the last subject.
    pub fn watch(&mut self, watch: Watch) {
        self.signs.admit_any();
        self.sift.admit(ADDRESS_CHARS_MIN);
        self.reach = self.reach.max(UNKNOWN_REACH_BYTES);
        self.watch = Some(watch);
    }

    /// Hits of the subjects, and the people who were watched for and met.
    pub fn parted(&self, hits: Vec<SubjectHit>) -> (Vec<SubjectHit>, Vec<usize>) {
        let (ours, others): (Vec<_>, Vec<_>) =
            hits.into_iter().partition(|hit| hit.subject < self.subjects);
        let mut met: Vec<usize> =
            others.into_iter().map(|hit| hit.subject - self.subjects).collect();
        met.dedup();
        (ours, met)
    }

    /// How many hits are kept of each subject; of who is watched for one says all.
    pub fn room(&self, hits_max: usize) -> Vec<usize> {
        let watched = self.watch.as_ref().map_or(0, Watch::persons);
        [vec![hits_max; self.subjects], vec![1.min(hits_max); watched]].concat()
    }

    /// Everything that stands in this folded text, in no order.
    pub fn find(&self, text: &str, found: &mut dyn FnMut(Occurrence)) {
        self.find_addresses(text, found);
        if let Some(watch) = &self.watch {
            watch.digits(text.as_bytes(), &mut |person, range| {
                let (before, hit, after) =
                    (&text[..range.start], &text[range.clone()], &text[range.end..]);
                let boundary = Boundary::Digits;
                if stands_alone(boundary, before, hit, after) {
                    found(Occurrence::new(self.watched(person), range, boundary));
                }
            });
        }
        self.each_pattern(text.as_bytes(), &mut |pattern, start| {
            self.judge(text, pattern, start..start + self.lengths[pattern], found);
        });
    }

    /// Each place where a pattern stands but for the case of ASCII letters, and which it is.
    pub(super) fn each_pattern(&self, text: &[u8], found: &mut dyn FnMut(usize, usize)) {
        match &self.rare {
            Some(rare) => rare.find(text, found),
            None => self.grams.find(text, found),
        }
    }

    /// Judges a pattern that stands at this range of a folded text.
    pub(super) fn judge(
        &self,
        text: &str,
        pattern: usize,
        at: Range<usize>,
        found: &mut dyn FnMut(Occurrence),
    ) {
        let pattern = &self.patterns[pattern];
        let mut report = |met: Met| {
            let Met { range, boundary, words } = met;
            let (before, hit, after) =
                (&text[..range.start], &text[range.clone()], &text[range.end..]);
            if stands_alone(boundary, before, hit, after) {
                for owner in &pattern.owners {
                    let (range, words) = (range.clone(), words.clone());
                    found(Occurrence { owner: *owner, range, boundary, words });
                }
            }
        };
        match &pattern.form {
            Form::Text(boundary) => {
                report(Met { range: at, boundary: *boundary, words: Vec::new() });
            }
            Form::Name(name) => name_around(text, name, at, &mut report),
        }
    }

    /// Whether a pattern at this range of a folded text may be a part of a name whose other part
    /// is spelled in another way.
    pub(super) fn may_be_part(&self, text: &str, pattern: usize, at: Range<usize>) -> bool {
        matches!(&self.patterns[pattern].form, Form::Name(name) if name.words.len() > 1)
            && may_be_part(text, at)
    }

    /// Whether any address is sought.
    pub(super) fn seeks_addresses(&self) -> bool {
        !self.addresses.is_empty() || !self.hashes.is_empty() || self.watch.is_some()
    }

    fn watched(&self, person: usize) -> Owner {
        Owner { subject: self.subjects + person, identity: 0 }
    }

    /// Whether this folded address is sought, as such or by its hash.
    pub(super) fn knows(&self, address: &str) -> bool {
        let knows = |address: &str| {
            self.addresses.contains_key(address)
                || self.by_hash(address).is_some()
                || self.watch.as_ref().is_some_and(|watch| !watch.address(address).is_empty())
        };
        knows(address) || in_letters(address).is_some_and(|address| knows(&address))
    }

    /// Whether addresses are sought of which nothing is known but a hash.
    pub(super) fn knows_no_address(&self) -> bool {
        !self.hashes.is_empty() || self.watch.is_some()
    }

    fn by_hash(&self, address: &str) -> Option<&Vec<Owner>> {
        if self.hashes.is_empty() {
            return None;
        }
        let of = |address: &str| self.hashes.get(Sha256::digest(address).as_slice());
        of(address).or_else(|| of(&in_ascii(address)?))
    }

    fn find_addresses(&self, text: &str, found: &mut dyn FnMut(Occurrence)) {
        if !self.seeks_addresses() {
            return;
        }
        each_address(text, &mut |address, range, spelled| {
            let boundary = match spelled {
                Spelled::Plainly => Boundary::Address,
                Spelled::Within => Boundary::Respelled,
                Spelled::AsGuest => Boundary::Guest,
            };
            let after = &text[range.end..];
            self.look_up(address, range.clone(), boundary, &mut |occurrence| {
                if !goes_on_in_binary(after) {
                    found(occurrence);
                }
            });
        });
    }

    fn look_up(
        &self,
        address: &str,
        range: Range<usize>,
        boundary: Boundary,
        found: &mut dyn FnMut(Occurrence),
    ) {
        let in_letters = in_letters(address);
        for address in [Some(address), in_letters.as_deref()].into_iter().flatten() {
            let sought = [self.addresses.get(address), self.by_hash(address)];
            for owner in sought.into_iter().flatten().flatten() {
                found(Occurrence::new(*owner, range.clone(), boundary));
            }
            for person in self.watch.iter().flat_map(|watch| watch.address(address)) {
                found(Occurrence::new(self.watched(*person), range.clone(), boundary));
            }
        }
    }
}

impl fmt::Debug for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Matcher({} subjects, {} identities, not shown)", self.subjects, self.identities)
    }
}

impl fmt::Debug for SubjectHit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SubjectHit(subject {}, {:?})", self.subject, self.hit)
    }
}

#[derive(Default)]
struct Building {
    addresses: HashMap<String, Vec<Owner>>,
    hashes: HashMap<[u8; 32], Vec<Owner>>,
    texts: Vec<String>,
    /// Words of names other than the one that is searched for.
    words: Vec<String>,
    patterns: Vec<Pattern>,
}

impl Building {
    fn add(&mut self, thing: Sought, owner: Owner) {
        match thing {
            Sought::Address(address) => self.addresses.entry(address).or_default().push(owner),
            Sought::Hash(hash) => self.hashes.entry(hash).or_default().push(owner),
            Sought::Text(text, boundary) if !text.is_empty() => {
                self.texts.push(text);
                self.patterns.push(Pattern { owners: vec![owner], form: Form::Text(boundary) });
            }
            Sought::Text(..) => {}
            Sought::Name(name) => {
                self.texts.push(name.words[name.anchor].clone());
                self.words.extend(name.words.iter().cloned());
                self.patterns.push(Pattern { owners: vec![owner], form: Form::Name(name) });
            }
        }
    }

    fn finish(self, subjects: usize, identities: usize) -> Matcher {
        let ascii: Vec<String> = self.addresses.keys().filter_map(|one| in_ascii(one)).collect();
        let addresses = || self.addresses.keys().chain(&ascii);
        let signs = Signs::new(addresses(), !self.hashes.is_empty());
        let words = || self.texts.iter().chain(&self.words).chain(addresses());
        let longest = words().map(String::len).max().unwrap_or(0);
        let (foreign, pieces) = (Foreign::new(words()), Pieces::new(words()));
        let least =
            self.patterns.iter().zip(&self.texts).map(|(pattern, text)| pattern.least(text));
        let least = least.chain(addresses().map(|address| address.chars().count()));
        let sought = self.texts.iter().chain(addresses());
        let mut sift = Sift::new(sought, &foreign, least.min().unwrap_or(1));
        if !self.hashes.is_empty() {
            sift.admit(ADDRESS_CHARS_MIN);
        }
        Matcher {
            // A name has its words and gaps on either side; an alias has its key before it. Of a
            // hash nobody knows how long the address is.
            reach: if self.hashes.is_empty() {
                3 * longest.max(BETWEEN_BYTES_MAX / 2)
            } else {
                UNKNOWN_REACH_BYTES
            },
            subjects,
            identities,
            foreign,
            sift,
            guids: Guids::new(self.texts.iter()),
            letters: OnceLock::new(),
            pieces,
            addresses: self.addresses,
            hashes: self.hashes,
            watch: None,
            lengths: self.texts.iter().map(String::len).collect(),
            rare: Rare::new(&self.texts),
            grams: Grams::new(&self.texts),
            signs,
            patterns: self.patterns,
        }
    }
}
