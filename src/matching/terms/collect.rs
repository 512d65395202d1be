//! Collects the terms of an item while somebody looks through it.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use sha2::{Digest, Sha256};

use crate::matching::identity::addresses::each_address;
use crate::matching::identity::watch::each_id;
use crate::matching::terms::filter::{
    BEFORE, BEHIND, BETWEEN, Salt, TERMS_MAX, Term, TermKey, Terms,
};
use crate::matching::terms::words::{first_word, last_word, words};
use crate::matching::views::as_read::domains::{in_ascii, in_letters};
use crate::matching::views::spelling::fold::folded;

/// The terms of an item, as far as it was looked through.
pub struct Collector<'a> {
    key: &'a TermKey,
    terms: HashSet<Term, BuildHasherDefault<AsItIs>>,
    /// Whether it may have others.
    any: bool,
}

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
        Self { key, terms: HashSet::default(), any: false }
    }

    /// Takes in a text as it is folded.
    pub fn take(&mut self, text: &str) {
        if self.any {
            return;
        }
        let (key, terms) = (self.key, &mut self.terms);
        words(text, &mut |word| terms.extend(key.word(word)));
        each_address(text, &mut |address, _, _| self.take_address(address));
        each_id(text.as_bytes(), &mut |shape, digits, _| self.take_mark(&shape.canonical(digits)));
        self.any |= self.terms.len() > TERMS_MAX;
        if self.any {
            self.terms.clear();
        }
    }

    /// Takes in what stands on either side of a break, which may be pieces of one word.
    pub fn take_break(&mut self, before: &str, after: &str) {
        if self.any {
            return;
        }
        // Of ASCII the words alone need be folded.
        match before.is_ascii() && after.is_ascii() {
            true => self.take_pieces(&folded(last_word(before)), &folded(first_word(after))),
            false => self.take_pieces(last_word(&folded(before)), first_word(&folded(after))),
        }
        if before.contains('@') || after.contains('@') {
            let joined = folded(&format!("{before}{after}"));
            each_address(&joined, &mut |address, _, _| self.take_address(address));
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
        let others = [in_letters(address), in_ascii(address)];
        for address in others.iter().flatten().map(String::as_str).chain([address]) {
            self.take_mark(&hex::encode(Sha256::digest(address)));
        }
    }

    fn take_mark(&mut self, canonical: &str) {
        self.terms.extend(self.key.mark(&self.key.marks.of(canonical)));
    }
}
