//! A text made from other bytes that remembers where each of its parts came from.

use std::ops::Range;

/// Decoded text with a map back to the offsets it was decoded from.
#[derive(Default)]
pub struct Reading {
    /// The decoded text.
    pub text: String,
    marks: Vec<Mark>,
}

/// From `here` on, offsets come from `there`: one by one if `linear`, else all from that one place.
struct Mark {
    here: usize,
    there: usize,
    linear: bool,
}

/// How well it is known what spells something that was seen; the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hold {
    /// A stretch of the origin spells it and nothing else.
    Exact,
    /// Tags stand in the midst of what spells it.
    Marked,
    /// A run of base64 holds it among other things.
    Packed,
    /// Somewhere in a line, in a charset that the text may not be in.
    Vague,
    /// A string of a binary, whose length may stand before it.
    Framed,
}

impl Reading {
    /// An empty reading with room for `bytes`.
    pub fn with_capacity(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), marks: Vec::new() }
    }

    /// Adds text that stands byte for byte at `there` in the origin.
    pub fn copy(&mut self, text: &str, there: usize) {
        if !text.is_empty() {
            self.mark(there, true);
            self.text.push_str(text);
        }
    }

    /// The same, its ASCII letters in lower case.
    pub fn copy_in_lower_case(&mut self, text: &str, there: usize) {
        let from = self.text.len();
        self.copy(text, there);
        self.text[from..].make_ascii_lowercase();
    }

    /// Adds text that was made of something else that starts at `there`.
    pub fn replace(&mut self, text: &str, there: usize) {
        self.mark(there, false);
        self.text.push_str(text);
    }

    /// Adds one character that was made of something else that starts at `there`.
    pub fn replace_char(&mut self, c: char, there: usize) {
        self.mark(there, false);
        self.text.push(c);
    }

    /// Where the character at `here` came from.
    pub fn origin(&self, here: usize) -> usize {
        match self.marks.partition_point(|mark| mark.here <= here).checked_sub(1) {
            None => here,
            Some(index) => self.marks[index].origin(here),
        }
    }

    /// Where the origin of the text that ends at `here` ends, if the origin is `len` bytes long.
    pub fn origin_end(&self, here: usize, len: usize) -> usize {
        let next = self.marks.partition_point(|mark| mark.here < here);
        match next.checked_sub(1).map(|index| &self.marks[index]) {
            Some(mark) if !mark.linear => self.marks.get(next).map_or(len, |mark| mark.there),
            Some(mark) => mark.origin(here),
            None => here,
        }
    }

    /// Whether any byte is such among those that were decoded, or something was decoded to nothing.
    pub fn spells(&self, is_such: impl Fn(u8) -> bool) -> bool {
        let ends = self.marks.iter().skip(1).map(|mark| mark.here).chain([self.text.len()]);
        self.marks.iter().zip(ends).any(|(mark, end)| {
            !mark.linear
                && (mark.here == end
                    || self.text.as_bytes()[mark.here..end].iter().any(|byte| is_such(*byte)))
        })
    }

    /// Whether this range stands byte for byte in the origin.
    pub fn is_copy(&self, range: Range<usize>) -> bool {
        let next = self.marks.partition_point(|mark| mark.here <= range.start);
        let linear = next.checked_sub(1).is_none_or(|index| self.marks[index].linear);
        linear && self.marks.get(next).is_none_or(|mark| mark.here >= range.end)
    }

    fn mark(&mut self, there: usize, linear: bool) {
        let here = self.text.len();
        let continues = match self.marks.last() {
            Some(last) => linear && last.linear && last.origin(here) == there,
            None => linear && here == there,
        };
        if !continues {
            self.marks.push(Mark { here, there, linear });
        }
    }
}

impl Mark {
    fn origin(&self, here: usize) -> usize {
        if self.linear { self.there + (here - self.here) } else { self.there }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_lead_back() {
        // origin: "ab%40cd"
        let mut reading = Reading::default();
        reading.copy("ab", 0);
        reading.replace("@", 2);
        reading.copy("cd", 5);
        assert_eq!(reading.text, "ab@cd");
        let origins: Vec<_> = (0..5).map(|here| reading.origin(here)).collect();
        assert_eq!(origins, [0, 1, 2, 5, 6]);
        let ends: Vec<_> = (1..=5).map(|here| reading.origin_end(here, 7)).collect();
        assert_eq!(ends, [1, 2, 5, 6, 7]);
        let copies = [0..2, 3..5, 1..3, 2..3].map(|range| reading.is_copy(range));
        assert_eq!(copies, [true, true, false, false]);
    }
}
