//! What whoever looks for something known can tell without looking: where it may stand.

use std::ops::Range;

use crate::matching::views::spelling::reading::Reading;

/// Where in bytes that are no text somebody may be named, in no order; they may meet.
#[derive(Default)]
pub struct Texts {
    /// All such places.
    pub all: Vec<Range<usize>>,
    /// Those of several bytes a character.
    pub wide: Vec<Range<usize>>,
}

/// Whether the ends of what is met are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// They are what the text has.
    Told,
    /// A string may begin or end anywhere.
    Open,
}

/// What of bytes that are no text may be text, by the width of its characters; stretches are apart.
#[derive(Default)]
pub struct Sifted {
    /// Of one byte a character, or UTF-8.
    pub narrow: Reading,
    /// Of two bytes a character.
    pub two: Reading,
    /// Of four bytes a character.
    pub four: Reading,
}

/// Tells where something that is sought may stand. What it says nothing of need not be read.
pub trait Hinting {
    /// Offsets in this text, which is not folded, where something may stand.
    fn hint(&self, text: &str, ends: Ends, found: &mut dyn FnMut(usize));
    /// Offsets in bytes of any kind where something may stand that is spelled in ASCII, or byte for
    /// byte as it is folded.
    fn hint_bytes(&self, bytes: &[u8], found: &mut dyn FnMut(usize));
    /// Where in bytes a GUID that is sought stands in sixteen of them.
    fn hint_guids(&self, bytes: &[u8], found: &mut dyn FnMut(usize));
    /// What of bytes that are no text is to be read as text.
    fn sifted(&self, bytes: &[u8]) -> Sifted;
    /// Whether something that is sought may begin before a break in a text and go on after it.
    fn goes_on(&self, before: &str, after: &str) -> bool;
    /// Bytes on either side of any byte of an occurrence that may belong to it.
    fn reach(&self) -> usize;
}
