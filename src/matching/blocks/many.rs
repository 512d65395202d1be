//! Many short texts looked for all at once, wherever they stand: one may begin within another.
//!
//! An automaton that sees them all takes each byte by itself. Wide instructions tell quickly where
//! it need not be asked at all.

use std::ops::Range;

use aho_corasick::packed::Searcher;
use aho_corasick::{AhoCorasick, AhoCorasickKind, Input};
use memchr::memmem::Finder;

/// As many texts as are told apart well by a few of their bytes.
const TOGETHER_MAX: usize = 40;

/// Bytes of the shortest text that wide instructions are good for.
const WIDE_BYTES_MIN: usize = 3;

/// In fewer bytes the automaton is through before a search was prepared.
const TEXT_BYTES_MIN: usize = 64;

/// Looks for them, which are all in lower case or have none.
pub struct Many {
    all: AhoCorasick,
    /// Bytes of the longest.
    longest: usize,
    /// `None` where the machine has no wide instructions.
    wide: Option<Vec<Searcher>>,
    short: Vec<Finder<'static>>,
}

impl Many {
    /// For these texts.
    pub fn new<'t>(texts: impl Iterator<Item = &'t str>) -> Self {
        let texts: Vec<&str> = texts.collect();
        debug_assert!(texts.iter().all(|text| !text.contains(|c: char| c.is_ascii_uppercase())));
        let all = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::DFA))
            .prefilter(false)
            .build(&texts)
            .expect("few and short patterns");
        let longest = texts.iter().map(|text| text.len()).max().unwrap_or_default();
        let (long, short): (Vec<&str>, Vec<&str>) =
            texts.into_iter().partition(|text| text.len() >= WIDE_BYTES_MIN);
        let short = short.into_iter().map(|text| Finder::new(text).into_owned()).collect();
        let wide = long.chunks(TOGETHER_MAX).map(Searcher::new).collect();
        Self { all, longest, wide, short }
    }

    /// Each place of one of them, with which it is, in the order in which they end.
    pub fn each(&self, text: &str, found: &mut dyn FnMut(usize, Range<usize>)) {
        for part in self.parts(text.as_bytes()) {
            let input = Input::new(text).span(part);
            for seen in self.all.find_overlapping_iter(input) {
                found(seen.pattern().as_usize(), seen.range());
            }
        }
    }

    /// The parts that have all of them, apart and in order.
    fn parts(&self, text: &[u8]) -> Vec<Range<usize>> {
        let whole = 0..text.len();
        let Some(wide) = self.wide.as_ref().filter(|_| text.len() >= TEXT_BYTES_MIN) else {
            return vec![whole];
        };
        let long = wide.iter().flat_map(|wide| wide.find_iter(text)).map(|seen| seen.range());
        let short = self
            .short
            .iter()
            .flat_map(|short| short.find_iter(text).map(|at| at..at + short.needle().len()));
        let mut seen: Vec<Range<usize>> = long.chain(short).collect();
        seen.sort_unstable_by_key(|range| range.start);
        let mut parts: Vec<Range<usize>> = Vec::new();
        for range in seen {
            // What was passed over begins or ends within what was seen.
            let start = range.start.saturating_sub(self.longest);
            let end = whole.end.min(range.end + self.longest);
            match parts.last_mut() {
                Some(last) if last.end >= start => last.end = last.end.max(end),
                _ => parts.push(start..end),
            }
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_found_both_ways() {
        let texts: Vec<String> = (0..90).map(|number| format!("key{number}x")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let texts = texts.into_iter().chain(["==", "3x key", "ey3", "7x=", "a longer one of them"]);
        let texts: Vec<&str> = texts.collect();
        let mut state = 1usize;
        let mut random = |bound: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % bound
        };
        for len in [0, 3, 10, 60, 300] {
            let mut text = String::new();
            for _ in 0..len {
                match random(4) {
                    0 => text.push_str(texts[random(texts.len())]),
                    1 => text.push_str(["key", "é", "=", "3", "x", " "][random(6)]),
                    2 => text.push_str(&"-".repeat(random(60))),
                    _ => text.push_str(&texts[random(90)][..3]),
                }
            }
            let mut expected = Vec::new();
            for (index, one) in texts.iter().enumerate() {
                let at =
                    (0..text.len()).filter(|at| text.as_bytes()[*at..].starts_with(one.as_bytes()));
                expected.extend(at.map(|at| (at + one.len(), at, index)));
            }
            expected.sort_unstable();
            let mut many = Many::new(texts.iter().copied());
            for _ in 0..2 {
                let mut all = Vec::new();
                many.each(&text, &mut |index, range| all.push((range.end, range.start, index)));
                assert!(all.is_sorted_by_key(|(end, ..)| *end));
                all.sort_unstable();
                assert_eq!(all, expected, "{text}");
                many.wide = None;
            }
        }
    }
}
