//! Who is taken out: the subject of an erasure; other people and secrets in an export.

use std::ops::Range;

use crate::matching::bytes::texts::texts;
use crate::matching::matcher::Matcher;
use crate::matching::people::mask::{Mask, Memory};
use crate::matching::put::{Put, Rewritten};
use crate::matching::scan::occurrences;
use crate::matching::secrets::secrets_in;
use crate::matching::views::charsets::letters::Letters;
use crate::matching::views::hinting::{Hinting, Texts};
use crate::matching::views::tour::Look;

/// Sees the subjects of a matcher, to be erased.
pub struct Erasing<'a>(pub &'a Matcher);

impl Look for Erasing<'_> {
    type What = Put;

    fn look(&mut self, text: &str, seen: &mut dyn FnMut(Put, Range<usize>)) {
        occurrences(self.0, text, &mut |_, range| seen(Put::Erased, range));
    }

    fn hinting(&self) -> Option<&dyn Hinting> {
        Some(self.0)
    }

    fn letters(&self) -> Option<&Letters> {
        Some(self.0.letters())
    }

    fn look_for_names(&mut self, text: &str, seen: &mut dyn FnMut(Put, Range<usize>)) {
        self.look(text, seen);
    }

    fn goes_on(&self, before: &str, after: &str) -> bool {
        self.0.goes_on(before, after)
    }

    fn keep(&mut self, _: &Put) -> bool {
        true
    }
}

/// Sees the people of a mask, and secrets, to be replaced in an export.
pub struct Masking<'a> {
    mask: &'a Mask,
    memory: Memory,
}

impl<'a> Masking<'a> {
    /// By this mask.
    pub fn of(mask: &'a Mask) -> Self {
        Self { mask, memory: mask.memories.lend() }
    }
}

impl Drop for Masking<'_> {
    fn drop(&mut self) {
        self.mask.memories.take_back(std::mem::take(&mut self.memory));
    }
}

impl Look for Masking<'_> {
    type What = Put;

    fn look(&mut self, text: &str, seen: &mut dyn FnMut(Put, Range<usize>)) {
        let Self { mask, memory: Memory { told, met, .. } } = self;
        told.each(text, seen, &mut |seen| {
            mask.others_in(text, met, &mut |number, range| {
                // Whoever was in no census has no number, and is shown even less.
                seen(number.map_or(Put::Removed, Put::Person), range);
            });
            secrets_in(text, mask.secrets, &mut |range| seen(Put::Removed, range));
        });
    }

    fn texts(&self, bytes: &[u8]) -> Option<Texts> {
        Some(texts(bytes))
    }

    fn known(&self) -> Vec<&dyn Hinting> {
        self.mask.hinting().into_iter().collect()
    }

    fn letters(&self) -> Option<&Letters> {
        self.mask.letters()
    }

    fn look_for_names(&mut self, text: &str, seen: &mut dyn FnMut(Put, Range<usize>)) {
        self.mask.known_in(text, &mut |number, range| seen(Put::Person(number), range));
    }

    fn goes_on(&self, before: &str, after: &str) -> bool {
        self.mask.goes_on(before, after)
    }

    fn remembered(&mut self) -> Rewritten {
        std::mem::take(&mut self.memory.rewritten)
    }

    fn remember(&mut self, rewritten: Rewritten) {
        self.memory.rewritten = rewritten;
    }

    fn keep(&mut self, _: &Put) -> bool {
        true
    }
}

/// Sees what another look sees, and keeps nothing but what was seen first.
pub(super) struct First<'a, L: Look> {
    look: &'a mut L,
    first: Option<L::What>,
}

impl<'a, L: Look> First<'a, L> {
    pub(super) fn of(look: &'a mut L) -> Self {
        Self { look, first: None }
    }

    /// Whether anything was seen.
    pub(super) fn any(&self) -> bool {
        self.first.is_some()
    }

    /// What was seen first.
    pub(super) fn what(self) -> Option<L::What> {
        self.first
    }
}

impl<L: Look> Look for First<'_, L> {
    type What = L::What;

    fn look(&mut self, text: &str, seen: &mut dyn FnMut(L::What, Range<usize>)) {
        self.look.look(text, seen);
    }

    fn hinting(&self) -> Option<&dyn Hinting> {
        self.look.hinting()
    }

    fn texts(&self, bytes: &[u8]) -> Option<Texts> {
        self.look.texts(bytes)
    }

    fn known(&self) -> Vec<&dyn Hinting> {
        self.look.known()
    }

    fn letters(&self) -> Option<&Letters> {
        self.look.letters()
    }

    fn look_for_names(&mut self, text: &str, seen: &mut dyn FnMut(L::What, Range<usize>)) {
        self.look.look_for_names(text, seen);
    }

    fn goes_on(&self, before: &str, after: &str) -> bool {
        self.look.goes_on(before, after)
    }

    fn has_done(&self) -> bool {
        self.any()
    }

    fn wants(&mut self, what: &L::What) -> bool {
        self.first.get_or_insert_with(|| what.clone());
        false
    }

    fn keep(&mut self, what: &L::What) -> bool {
        self.wants(what)
    }
}
