//! A few short texts looked for all at once.

use std::ops::Range;

use aho_corasick::packed::Searcher;
use aho_corasick::{AhoCorasick, Match};

/// Looks for them with wide instructions, or without where the machine has none.
pub struct Few {
    wide: Option<Searcher>,
    narrow: AhoCorasick,
}

impl Few {
    /// Of these texts none may begin within another.
    pub fn new(texts: &[&[u8]]) -> Self {
        let narrow = AhoCorasick::new(texts).expect("few and short patterns");
        Self { wide: Searcher::new(texts), narrow }
    }

    /// Each place of one of them, with which it is.
    pub fn each(&self, bytes: &[u8], found: &mut dyn FnMut(usize, Range<usize>)) {
        let mut tell = |seen: Match| found(seen.pattern().as_usize(), seen.range());
        match &self.wide {
            Some(wide) => wide.find_iter(bytes).for_each(&mut tell),
            None => self.narrow.find_iter(bytes).for_each(&mut tell),
        }
    }

    /// All of these places.
    pub fn all(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let mut all = Vec::new();
        self.each(bytes, &mut |_, range| all.push(range));
        all
    }

    /// Whether any of them is there.
    pub fn any(&self, bytes: &[u8]) -> bool {
        match &self.wide {
            Some(wide) => wide.find(bytes).is_some(),
            None => self.narrow.is_match(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_both_ways() {
        let texts: [&[u8]; 3] = [b"b64", b":: ", b"base64"];
        let mut few = Few::new(&texts);
        let bytes = [&b"x:: base64 b64b64"[..], &[b'x'; 100], b"b64"].concat();
        for _ in 0..2 {
            let mut all = Vec::new();
            few.each(&bytes, &mut |index, range| all.push((index, range.start)));
            assert_eq!(all, [(1, 1), (2, 4), (0, 11), (0, 14), (0, 117)]);
            assert!(few.any(&bytes) && !few.any(b"base 6"));
            few.wide = None;
        }
    }
}
