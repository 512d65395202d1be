//! What was seen in short texts: the cells of a column and the lines of a log are often alike, and
//! what stands in one need be asked once.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use crate::matching::people::named::{Group, Identifier};

/// Longest text that is remembered, in bytes.
const TEXT_BYTES_MAX: usize = 256;

/// Bytes that are remembered: of texts, and of what was seen in them.
const BYTES_MAX: usize = 4 << 20;

/// Memories that are kept for the next items; as many items are read at a time.
const LENT_MAX: usize = 8;

/// What is seen of people in a text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Seen {
    /// They name one person.
    Group(Group),
    /// They stand side by side, and may be one person.
    Beside([Identifier; 2]),
    /// One of those whom the workspace knows, by number.
    Known(usize),
}

/// Memories that are lent to whoever looks through an item, and come back for the next one: the
/// items of an archive have the same cells.
pub struct Lent<T>(Mutex<Vec<T>>);

impl<T> Default for Lent<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Default> Lent<T> {
    /// One that came back, or one of nothing.
    pub fn lend(&self) -> T {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    /// Takes one back.
    pub fn take_back(&self, memory: T) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < LENT_MAX {
            all.push(memory);
        }
    }
}

/// Receives what is seen, and where.
type Tell<'a, W> = &'a mut dyn FnMut(W, Range<usize>);

/// All that was seen in one text.
type All<W> = Box<[(W, Range<usize>)]>;

/// Texts with what was seen in them. `Debug` is not implemented: they name people.
pub struct Remembered<W> {
    texts: HashMap<Box<str>, All<W>>,
    bytes: usize,
}

impl<W> Default for Remembered<W> {
    fn default() -> Self {
        Self { texts: HashMap::new(), bytes: 0 }
    }
}

impl<W: Clone> Remembered<W> {
    /// What `look` sees in a text, which depends on nothing but the text.
    pub fn each(&mut self, text: &str, seen: Tell<'_, W>, look: &mut dyn FnMut(Tell<'_, W>)) {
        if text.len() > TEXT_BYTES_MAX {
            return look(seen);
        }
        if let Some(told) = self.texts.get(text) {
            return told.iter().cloned().for_each(|(what, range)| seen(what, range));
        }
        let mut told = Vec::new();
        look(&mut |what, range| told.push((what, range)));
        if self.bytes > BYTES_MAX {
            *self = Self::default();
        }
        // What was seen in a text is hardly longer than the text.
        self.bytes += (told.len() + 1) * (text.len() + size_of::<(W, Range<usize>)>());
        told.iter().cloned().for_each(|(what, range)| seen(what, range));
        self.texts.insert(text.into(), told.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_is_looked_at_once() {
        let mut told = Remembered::default();
        let long = "x".repeat(TEXT_BYTES_MAX + 1);
        for (text, times) in [("ann", 1), (long.as_str(), 3)] {
            let mut looks = 0;
            for _ in 0..3 {
                let mut all = Vec::new();
                told.each(text, &mut |what, range| all.push((what, range)), &mut |seen| {
                    looks += 1;
                    seen(text.len(), 0..1);
                    seen(7, 1..2);
                });
                assert_eq!(all, [(text.len(), 0..1), (7, 1..2)]);
            }
            assert_eq!(looks, times, "{}", text.len());
        }
        for number in 0..2 * BYTES_MAX / 100 {
            let text = format!("{number:200}");
            told.each(&text, &mut |_, _| {}, &mut |_| {});
            assert!(told.bytes <= BYTES_MAX + 1000);
        }
    }
}
