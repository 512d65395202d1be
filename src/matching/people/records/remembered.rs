//! What was seen in short texts: the cells of a column and the lines of a log are often alike, and
//! what stands in one need be asked once.

use std::collections::HashMap;
use std::ops::Range;

/// Longest text that is remembered, in bytes.
const TEXT_BYTES_MAX: usize = 256;

/// Bytes that are remembered: of texts, and of what was seen in them.
const BYTES_MAX: usize = 2 << 20;

/// Receives what is seen, and where.
type Seen<'a, W> = &'a mut dyn FnMut(W, Range<usize>);

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
    pub fn each(&mut self, text: &str, seen: Seen<'_, W>, look: &mut dyn FnMut(Seen<'_, W>)) {
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
