//! Collects the terms of an item while somebody looks through it.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use memchr::memchr;
use sha2::{Digest, Sha256};

use crate::matching::identity::addresses::each_address;
use crate::matching::identity::watch::each_id;
use crate::matching::terms::filter::{
    BEFORE, BEHIND, BETWEEN, EQUALS, Salt, TERMS_MAX, Term, TermKey, Terms,
};
use crate::matching::terms::words::{first_word, last_word, words};
use crate::matching::views::as_read::alike::alike;
use crate::matching::views::as_read::domains::{in_ascii, in_letters};
use crate::matching::views::spelling::fold::folded;

/// The terms of an item, as far as it was looked through.
pub struct Collector<'a> {
    key: &'a TermKey,
    terms: HashSet<Term, BuildHasherDefault<AsItIs>>,
    /// Whether it may have others.
    any: bool,
    /// Bytes of text that were taken in, in all readings.
    taken: u64,
}

/// Bytes of text beyond which an item is read for everybody: without knowing who is sought every
/// text is read in every way, which takes long.
const TEXT_BYTES_MAX: u64 = 256 << 20;

/// Bytes of text that have a new term, about, and terms for which there is room at once.
const BYTES_PER_TERM: usize = 8;
const TERMS_AT_ONCE: usize = 1 << 10;

/// A comma as directories write it (RFC 4514).
const COMMA: &str = "\\2c";

/// A term is a hash already.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0 << 8 | u64::from(*byte));
    }

    fn write_u64(&mut self, term: u64) {
        self.0 = term;
    }
}

impl<'a> Collector<'a> {
    /// Of an item of which nothing was seen yet.
    pub fn new(key: &'a TermKey) -> Self {
        Self { key, terms: HashSet::default(), any: false, taken: 0 }
    }

    /// Takes in a text as it is folded.
    pub fn take(&mut self, text: &str) {
        if self.any {
            return;
        }
        let (key, terms) = (self.key, &mut self.terms);
        // Few items have more, and to grow step by step takes longer than to begin with room.
        terms.reserve((text.len() / BYTES_PER_TERM).min(TERMS_AT_ONCE).saturating_sub(terms.len()));
        words(text, &mut |word| terms.extend(key.word(word)));
        // A comma between two words, as directories write it, is glued to the second.
        if memchr(b'\\', text.as_bytes()).is_some_and(|at| text[at..].contains(COMMA)) {
            words(&text.replace(COMMA, ","), &mut |word| terms.extend(key.word(word)));
        }
        each_address(text, &mut |address, _, _| self.take_address(address));
        each_id(text.as_bytes(), &mut |shape, digits, _| self.take_mark(&shape.canonical(digits)));
        self.taken += text.len() as u64;
        if self.terms.len() > TERMS_MAX || self.taken > TEXT_BYTES_MAX {
            self.give_up();
        }
    }

    /// Takes in what stands on either side of a break, which may be pieces of one word.
    pub fn take_break(&mut self, before: &str, after: &str) {
        if self.any {
            return;
        }
        // Of ASCII the words alone need be folded.
        match before.is_ascii() && after.is_ascii() {
            true => {
                self.take_sign(before, after);
                self.take_pieces(&folded(last_word(before)), &folded(first_word(after)));
            }
            false => self.take_sides(&folded(before), &folded(after)),
        }
        for plain in [alike(before), alike(after)].into_iter().flatten() {
            let plain = folded(&plain.text);
            self.take_sides(&plain, &plain);
        }
        if before.contains('@') || after.contains('@') {
            let joined = format!("{before}{after}");
            let plain = alike(&joined).map(|plain| folded(&plain.text));
            plain.iter().for_each(|plain| {
                each_address(plain, &mut |address, _, _| self.take_address(address));
            });
            let joined = folded(&joined);
            each_address(&joined, &mut |address, _, _| self.take_address(address));
        }
    }

    fn take_sides(&mut self, before: &str, after: &str) {
        self.take_sign(before, after);
        self.take_pieces(last_word(before), first_word(after));
    }

    /// Before its domain an address has its sign, but where another one carries it.
    fn take_sign(&mut self, before: &str, after: &str) {
        if before.ends_with('=') || after.starts_with('=') {
            self.terms.insert(self.key.piece("", EQUALS));
        }
    }

    fn take_pieces(&mut self, last: &str, first: &str) {
        if !last.is_empty() {
            self.terms.insert(self.key.piece(last, BEFORE));
        }
        if !first.is_empty() {
            self.terms.insert(self.key.piece(first, BEHIND));
            self.terms.insert(self.key.piece(first, BETWEEN));
        }
    }

    /// Gives up: what the item has cannot be known without knowing who is sought.
    pub fn give_up(&mut self) {
        self.any = true;
        self.terms = HashSet::default();
    }

    /// Whether it gave up.
    pub fn has_given_up(&self) -> bool {
        self.any
    }

    /// What was collected, as the filter of an item of this salt.
    pub fn terms(self, salt: Salt) -> Terms {
        if self.any { Terms::Any } else { Terms::of(self.terms.into_iter(), salt) }
    }

    fn take_address(&mut self, address: &str) {
        // To make a mark takes long, and most addresses are met again and again.
        if !self.terms.insert(self.key.piece(address, b'@')) {
            return;
        }
        let letters = in_letters(address);
        let again = letters.as_deref().and_then(in_ascii);
        let others = [letters, in_ascii(address), again];
        for address in others.iter().flatten().map(String::as_str).chain([address]) {
            self.take_mark(&hex::encode(Sha256::digest(address)));
        }
    }

    fn take_mark(&mut self, canonical: &str) {
        self.terms.extend(self.key.mark(&self.key.marks.of(canonical)));
    }
}
