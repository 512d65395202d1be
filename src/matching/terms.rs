//! The terms of an item as a small filter that the catalogue keeps, so that a later sweep reads
//! only what may speak of a subject.
//!
//! A filter may say yes wrongly and never no wrongly. It is made of the same readings as the
//! matcher sees: every stretch of letters and digits of every folded reading, as a keyed hash, in a
//! Bloom filter. Without the key it tells nothing; with it, it can only be asked.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::ops::Range;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::domain::asked::subject::{Identity, Subject};
use crate::domain::item::Item;
use crate::matching::encoding::Undone;
use crate::matching::identity::patterns::{Sought, sought};
use crate::matching::limits::ItemLimits;
use crate::matching::views::as_read::alike::alike;
use crate::matching::views::meter::Meter;
use crate::matching::views::spelling::fold::fold;
use crate::matching::views::spelling::spaceless::is_spaceless;
use crate::matching::views::tour::{Look, Tour};

/// Bits set for each term.
const PROBES: u32 = 7;

/// Bits kept for each term: with seven probes one in a hundred strange terms is admitted.
const BITS_PER_TERM: usize = 10;

/// Terms beyond which an item is admitted always: a filter of more would be no saving.
const TERMS_MAX: usize = 1 << 20;

/// The filter of one item.
#[derive(Clone, PartialEq, Eq)]
pub struct Terms {
    /// The bits; none of them if everything is to be admitted.
    bits: Vec<u8>,
}

/// The deployment's key for terms.
#[derive(Clone)]
pub struct TermKey(pub [u8; 32]);

/// The filter of an item's name, metadata, tags and content. Fails only if `content` does; what
/// cannot be decoded makes a filter that admits everyone.
pub fn terms(
    item: &Item,
    content: &mut dyn Read,
    key: &TermKey,
    limits: &ItemLimits,
) -> io::Result<Terms> {
    let meter = Meter::default();
    let mut collector = Collector { key, hashes: BTreeSet::new(), addresses: false };
    let mut tour = Tour::new(&mut collector, limits, &meter);
    tour.head(item);
    let mut undone = Undone::new(item.content_encoding.as_deref(), content, limits)?;
    tour.content(&mut undone)?;
    let whole = tour.unreadable.is_empty() && undone.trouble().is_none();
    Ok(if whole { Terms::of(&collector.hashes) } else { Terms { bits: Vec::new() } })
}

impl Terms {
    /// Whether an item with these terms may speak of the subject.
    pub fn admits(&self, subject: &Subject, key: &TermKey) -> bool {
        self.bits.is_empty()
            || subject.identities.iter().any(|identity| self.admits_one(identity, key))
    }

    /// The filter as bytes, for the catalogue.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bits
    }

    /// The filter that those bytes are.
    pub fn from_bytes(bits: Vec<u8>) -> Self {
        Self { bits }
    }

    fn of(hashes: &BTreeSet<u64>) -> Self {
        if hashes.len() > TERMS_MAX {
            return Self { bits: Vec::new() };
        }
        let mut bits = vec![0; (hashes.len() * BITS_PER_TERM / 8).max(8)];
        let len = bits.len() as u64 * 8;
        for bit in hashes.iter().flat_map(|hash| probes(*hash, len)) {
            bits[bit / 8] |= 1 << (bit % 8);
        }
        Self { bits }
    }

    fn admits_one(&self, identity: &Identity, key: &TermKey) -> bool {
        sought(identity).iter().any(|thing| match thing {
            // Only the item itself can be asked which of its addresses has that hash; where it has
            // none at all there is nothing to ask.
            Sought::Hash(_) => self.has(ANY_ADDRESS, key),
            Sought::Address(text) | Sought::Text(text, _) => self.has_words(text, key),
            Sought::Name(name) => name.words.iter().all(|word| self.has_words(word, key)),
        })
    }

    fn has_words(&self, text: &str, key: &TermKey) -> bool {
        let mut all = true;
        words(text, &mut |word| all &= self.has(word, key));
        all
    }

    fn has(&self, word: &str, key: &TermKey) -> bool {
        let len = self.bits.len() as u64 * 8;
        probes(hash(word, key), len).all(|bit| self.bits[bit / 8] & 1 << (bit % 8) != 0)
    }
}

/// Stands for an address, whichever; no word has a sign in it.
const ANY_ADDRESS: &str = "@";

struct Collector<'a> {
    key: &'a TermKey,
    hashes: BTreeSet<u64>,
    addresses: bool,
}

impl Look for Collector<'_> {
    type What = ();

    fn look(&mut self, text: &str, _: &mut dyn FnMut((), Range<usize>)) {
        let plain = alike(text).map_or(String::new(), |plain| fold(&plain.text).text);
        let folded = format!("{} {plain}", fold(text).text);
        if folded.contains('@') && !self.addresses {
            self.addresses = true;
            self.hashes.insert(hash(ANY_ADDRESS, self.key));
        }
        words(&folded, &mut |word| {
            if self.hashes.len() <= TERMS_MAX {
                self.hashes.insert(hash(word, self.key));
            }
        });
    }

    fn keep(&mut self, (): &()) -> bool {
        false
    }
}

/// The words of a folded text: stretches of letters and digits of scripts with spaces between
/// words, and every single character of scripts without, where a name may start anywhere.
fn words(text: &str, found: &mut dyn FnMut(&str)) {
    for stretch in text.split(|c: char| !c.is_alphanumeric()) {
        let mut start = 0;
        for (at, c) in stretch.char_indices().filter(|(_, c)| is_spaceless(*c)) {
            if start < at {
                found(&stretch[start..at]);
            }
            start = at + c.len_utf8();
            found(&stretch[at..start]);
        }
        if start < stretch.len() {
            found(&stretch[start..]);
        }
    }
}

fn hash(word: &str, key: &TermKey) -> u64 {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.0).expect("HMAC takes keys of any length");
    mac.update(word.as_bytes());
    let digest = mac.finalize().into_bytes();
    u64::from_le_bytes(std::array::from_fn(|at| digest[at]))
}

/// Bits of a hash in a filter of `len` bits.
fn probes(hash: u64, len: u64) -> impl Iterator<Item = usize> {
    let (start, step) = (hash >> 32, hash & 0xffff_ffff | 1);
    (0..u64::from(PROBES)).map(move |probe| (start.wrapping_add(probe * step) % len) as usize)
}
