//! The terms of an item as a small filter that the catalogue keeps, so that a later sweep reads
//! only what may speak of a subject.
//!
//! A filter may say yes wrongly and never no wrongly. It is made of the very texts that the matcher
//! looks into, and holds what any occurrence has in it whoever is sought: the words on either side
//! of which no occurrence may go on, the pieces of words beside a break, and the marks of addresses
//! and ids. Without the key it tells nothing, not even whether two items have a word in common:
//! each has a salt of its own.

use std::fmt;
use std::hash::Hasher;

use sha2::{Digest, Sha256};
use siphasher::sip::SipHasher13;
use zeroize::Zeroizing;

use crate::domain::asked::subject::Subject;
use crate::matching::identity::patterns::{Sought, sought};
use crate::matching::identity::watch::{Mark, MarkKey};
use crate::matching::terms::words::{first_word, last_word, words};

/// Bits set for each term.
const PROBES: u32 = 7;

/// Bits kept for each term: with seven probes one in a hundred strange terms is admitted.
const BITS_PER_TERM: usize = 10;

/// Bytes of the smallest filter that is not empty.
const BYTES_MIN: usize = 4;

/// Bytes of a word that two terms stand for.
const LONG_BYTES: usize = 12;

/// Stands before what is hashed a second time.
const AGAIN: u8 = 4;

/// Terms beyond which an item is admitted always: a filter of more would be no saving.
pub(super) const TERMS_MAX: usize = 1 << 17;

/// What is known of the terms of one item.
#[derive(Clone, PartialEq, Eq)]
pub enum Terms {
    /// It may have any: it is read for everybody.
    Any,
    /// It has those that the filter admits.
    Filter(Vec<u8>),
}

/// The deployment's keys for terms.
#[derive(Clone)]
pub struct TermKey {
    words: SipHasher13,
    salts: SipHasher13,
    pub(super) marks: MarkKey,
}

/// What makes the filter of an item unlike that of any other.
#[derive(Clone, Copy)]
pub struct Salt(u64);

/// A term, which tells nothing to whoever has no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term(u64);

impl TermKey {
    /// With keys that are used for nothing else; `marks` is that of tombstones.
    pub fn new(key: &Zeroizing<[u8; 32]>, marks: MarkKey) -> Self {
        let [words, salts] = [0, 16].map(|at| {
            let half = std::array::from_fn(|index| key[at + index]);
            SipHasher13::new_with_key(&half)
        });
        Self { words, salts, marks }
    }

    /// The salt of the item that is known by this print.
    pub fn salt(&self, print: u64) -> Salt {
        Salt(self.salts.hash(&print.to_le_bytes()))
    }

    /// Of a word; of a long one, which tells much, two.
    pub(super) fn word(&self, word: &str) -> impl Iterator<Item = Term> {
        let second = (word.len() >= LONG_BYTES).then(|| self.signed(word.as_bytes(), AGAIN));
        std::iter::once(Term(self.words.hash(word.as_bytes()))).chain(second)
    }

    /// Of a word that stands beside a break: `sign` says on which side of it.
    pub(super) fn piece(&self, word: &str, sign: u8) -> Term {
        self.signed(word.as_bytes(), sign)
    }

    /// Of a mark, which stands alone for somebody.
    pub(super) fn mark(&self, mark: &Mark) -> [Term; 2] {
        [Term(self.words.hash(mark)), self.signed(mark, AGAIN)]
    }

    fn signed(&self, bytes: &[u8], sign: u8) -> Term {
        let mut hasher = self.words;
        hasher.write_u8(sign);
        hasher.write(bytes);
        Term(hasher.finish())
    }
}

impl Terms {
    /// The filter of these terms.
    pub(super) fn of(terms: impl ExactSizeIterator<Item = Term>, salt: Salt) -> Self {
        if terms.len() > TERMS_MAX {
            return Self::Any;
        }
        let mut bits = vec![
            0;
            match terms.len() {
                0 => 0,
                count => (count * BITS_PER_TERM / 8).max(BYTES_MIN),
            }
        ];
        let len = bits.len() as u64 * 8;
        for bit in terms.flat_map(|term| probes(term, salt, len)) {
            bits[bit / 8] |= 1 << (bit % 8);
        }
        Self::Filter(bits)
    }
}

/// Whom a sweep looks for, as it is asked of filters.
pub struct Question {
    /// One of these is enough.
    ways: Vec<Way>,
}

/// What an item has all of that speaks of somebody in one way.
struct Way {
    terms: Vec<Vec<Spelling>>,
}

/// How a word may stand there: in these terms together.
type Spelling = Vec<Term>;

impl Question {
    /// About these subjects, and about those who are recognised by these marks.
    pub fn new<'a>(
        subjects: impl Iterator<Item = &'a Subject>,
        marks: impl Iterator<Item = Mark>,
        key: &TermKey,
    ) -> Self {
        let sought = subjects.flat_map(|subject| &subject.identities).flat_map(sought);
        let mut ways: Vec<Way> = sought.flat_map(|thing| Way::of(&thing, key)).collect();
        ways.extend(marks.map(|mark| Way::of_mark(&mark, key)));
        Self { ways }
    }

    /// Whether an item with these terms may speak of one of them.
    pub fn is_admitted_by(&self, terms: &Terms, salt: Salt) -> bool {
        match terms {
            Terms::Any => true,
            Terms::Filter(bits) => self.ways.iter().any(|way| way.is_admitted_by(bits, salt)),
        }
    }
}

impl Way {
    /// Each way in which a text may have this.
    fn of(thing: &Sought, key: &TermKey) -> Vec<Self> {
        let by_words = |texts: &mut dyn Iterator<Item = &str>| {
            let mut terms = Vec::new();
            let mut add = |word: &str| {
                if word.chars().count() <= CUT_CHARS_MAX {
                    terms.push(spellings(word, key));
                }
            };
            texts.for_each(|text| words(text, &mut add));
            Self { terms }
        };
        match thing {
            Sought::Hash(hash) => vec![Self::of_mark(&key.marks.of(&hex::encode(hash)), key)],
            Sought::Address(address) => {
                let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
                // Words may be glued to its ends, where it is known by its mark alone. Its domain
                // may be written in letters or in ASCII, label by label.
                let labels = domain.rsplit_once('.').map_or("", |(before, _)| before).split('.');
                let labels = labels.filter(|label| label.is_ascii() && !label.starts_with("xn--"));
                let canonical = hex::encode(Sha256::digest(address));
                let whole = Self::of_mark(&key.marks.of(&canonical), key);
                let mut in_pieces = by_words(&mut labels.chain([local]));
                if domain.is_ascii() && !domain.contains("xn--") {
                    in_pieces.terms.extend(breaks_within(address, key));
                }
                vec![whole, in_pieces]
            }
            Sought::Text(text, _) => vec![by_words(&mut [text.as_str()].into_iter())],
            Sought::Name(name) => vec![by_words(&mut name.words.iter().map(String::as_str))],
        }
    }

    fn of_mark(mark: &Mark, key: &TermKey) -> Self {
        Self { terms: vec![vec![key.mark(mark).to_vec()]] }
    }

    fn is_admitted_by(&self, bits: &[u8], salt: Salt) -> bool {
        let len = bits.len() as u64 * 8;
        let has = |term: &Term| {
            len > 0 && probes(*term, salt, len).all(|bit| bits[bit / 8] & 1 << (bit % 8) != 0)
        };
        self.terms.iter().all(|word| word.iter().any(|spelling| spelling.iter().all(has)))
    }
}

/// Characters of the longest word that is asked for: a longer one may be cut in too many ways, and
/// is taken to stand everywhere.
const CUT_CHARS_MAX: usize = 48;

/// Where a piece of a word stands: before a break, behind one, or between two.
pub(super) const BEFORE: u8 = 1;
pub(super) const BEHIND: u8 = 2;
pub(super) const BETWEEN: u8 = 3;

/// Says that a break stands beside an equals sign.
pub(super) const EQUALS: u8 = b'=';

/// Every way in which a word may stand in a text: whole, or in two or three pieces with a break
/// between them.
fn spellings(word: &str, key: &TermKey) -> Vec<Spelling> {
    let mut all = vec![key.word(word).collect::<Spelling>()];
    let cuts: Vec<usize> = word.char_indices().map(|(at, _)| at).skip(1).collect();
    for (index, cut) in cuts.iter().enumerate() {
        let before = key.piece(&word[..*cut], BEFORE);
        all.push(vec![before, key.piece(&word[*cut..], BEHIND)]);
        for next in &cuts[index + 1..] {
            let between = key.piece(&word[*cut..*next], BETWEEN);
            all.push(vec![before, between, key.piece(&word[*next..], BEHIND)]);
        }
    }
    all
}

/// What the first and the last break within an address leave beside them, whichever they are. An
/// address that no break parts is known by its mark, and its words may stand anywhere in the item.
fn breaks_within(address: &str, key: &TermKey) -> [Vec<Spelling>; 2] {
    // Where another address carries it, its domain may come first: `contoso.com=ann@…`.
    let (mut first, mut last) = (vec![vec![key.piece("", EQUALS)]], Vec::new());
    for (cut, _) in address.char_indices().skip(1) {
        let (before, after) = address.split_at(cut);
        let (before, after) = (last_word(before), first_word(after));
        // Of two breaks each cuts off what stands beside the other.
        if before.is_empty() {
            first.extend(starts(after).map(|start| vec![key.piece(start, BEHIND)]));
        } else {
            first.push(vec![key.piece(before, BEFORE)]);
        }
        if after.is_empty() {
            last.extend(ends(before).map(|end| vec![key.piece(end, BEFORE)]));
        } else {
            last.push(vec![key.piece(after, BEHIND)]);
        }
    }
    [first, last]
}

/// Every text that this one begins with.
fn starts(text: &str) -> impl Iterator<Item = &str> {
    text.char_indices().map(|(at, c)| &text[..at + c.len_utf8()])
}

/// Every text that this one ends with.
fn ends(text: &str) -> impl Iterator<Item = &str> {
    text.char_indices().map(|(at, _)| &text[at..])
}

/// Bits of a term in a filter of `len` bits.
fn probes(term: Term, salt: Salt, len: u64) -> impl Iterator<Item = usize> {
    // The finalizer of SplitMix64 (Steele, Lea, Flood 2014): a term and a salt are both secret.
    let mut mixed = term.0 ^ salt.0;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    let step = mixed.rotate_left(32) | 1;
    (0..u64::from(PROBES)).map(move |probe| {
        let spread = mixed.wrapping_add(probe.wrapping_mul(step));
        // Its share of all numbers of 64 bits, as one of `len`.
        ((u128::from(spread) * u128::from(len)) >> 64) as usize
    })
}

impl fmt::Debug for TermKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TermKey(not shown)")
    }
}

impl fmt::Debug for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("Any"),
            Self::Filter(bits) => write!(f, "Filter({} bytes)", bits.len()),
        }
    }
}
