//! Where a handful of patterns may stand, at the speed of wide instructions.
//!
//! Of each pattern the few bytes are taken that are rarest in logs and documents, in every case
//! that ASCII letters may have, and all of these are searched for at once. What is found is
//! compared in full. This needs few patterns; for many there are `candidates`.

use std::ops::Range;

use aho_corasick::packed::{Config, MatchKind, Searcher};

/// Finds a few patterns in text that was not folded.
pub struct Rare {
    searcher: Searcher,
    /// Each pattern, and where in it the bytes stand that are searched for.
    patterns: Vec<(Vec<u8>, Range<usize>)>,
}

/// Bytes of a pattern that are searched for, at most and at least.
const GRAM_BYTES_MAX: usize = 4;
const GRAM_BYTES_MIN: usize = 3;

/// More texts than these are not searched for at once with wide instructions.
const TEXTS_MAX: usize = 64;

impl Rare {
    /// For these folded patterns, which are known by their index; `None` where they are too many or
    /// too short, or where the machine has no such instructions.
    pub fn new(patterns: &[String]) -> Option<Self> {
        let whole = |text: &String| Some((text.as_bytes().to_vec(), rarest(text.as_bytes())?));
        let patterns: Vec<_> = patterns.iter().map(whole).collect::<Option<_>>()?;
        let mut texts: Vec<Vec<u8>> = Vec::new();
        for (pattern, gram) in &patterns {
            texts.extend(in_every_case(&pattern[gram.clone()]));
            if texts.len() > TEXTS_MAX {
                return None;
            }
        }
        texts.sort_unstable();
        texts.dedup();
        let mut builder = Config::new().match_kind(MatchKind::LeftmostFirst).builder();
        let searcher = builder.extend(&texts).build()?;
        Some(Self { searcher, patterns })
    }

    /// Each place where a pattern stands but for the case of ASCII letters.
    pub fn find(&self, text: &[u8], found: &mut dyn FnMut(usize, usize)) {
        let mut from = 0;
        while let Some(seen) = self.searcher.find_in(text, (from..text.len()).into()) {
            // One must not hide another that begins within it.
            from = seen.start() + 1;
            for (index, (pattern, gram)) in self.patterns.iter().enumerate() {
                if let Some(start) = seen.start().checked_sub(gram.start)
                    && let Some(there) = text.get(start..start + pattern.len())
                    && there.eq_ignore_ascii_case(pattern)
                {
                    found(index, start);
                }
            }
        }
    }
}

/// Where the rarest bytes of a pattern stand; `None` if it is too short.
fn rarest(pattern: &[u8]) -> Option<Range<usize>> {
    let len = pattern.len().min(GRAM_BYTES_MAX);
    let common =
        |at: usize| pattern[at..at + len].iter().map(|byte| commonness(*byte)).sum::<u32>();
    let at = (0..=pattern.len() - len).min_by_key(|at| common(*at))?;
    (len >= GRAM_BYTES_MIN).then_some(at..at + len)
}

/// How common a byte is in logs, identifiers and prose, roughly.
fn commonness(byte: u8) -> u32 {
    match byte {
        b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' | b' ' | b'0' => 6,
        b'-' | b'.' | b'1' | b'2' => 5,
        b'l' | b'c' | b'd' | b'm' | b'u' | b'p' => 4,
        b'b' | b'f' | b'g' | b'h' | b'w' | b'y' | b'v' | b'k' | b'_' | b'/' => 3,
        b'3'..=b'9' => 2,
        _ => 1,
    }
}

/// The bytes in every case that their ASCII letters may have.
fn in_every_case(gram: &[u8]) -> Vec<Vec<u8>> {
    let mut all = vec![Vec::new()];
    for byte in gram {
        let cases = [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()];
        let cases = if cases[0] == cases[1] { &cases[..1] } else { &cases[..] };
        all = all
            .iter()
            .flat_map(|text| cases.iter().map(|case| [text, &[*case][..]].concat()))
            .collect();
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_is_found_in_every_case() {
        let patterns = ["6f9619ff-8b86", "lefèvre", "aaaa", "aaab", "nnx"].map(str::to_owned);
        let rare = Rare::new(&patterns).unwrap();
        for (text, expected) in [
            ("x6F9619FF-8B86.", vec![(0, 1)]),
            ("LEFèVRE LEFÈVRE lefèvre", vec![(1, 0), (1, 18)]),
            ("AaAaAb", vec![(2, 0), (2, 1), (3, 2)]),
            ("annX", vec![(4, 1)]),
        ] {
            let mut found = Vec::new();
            rare.find(text.as_bytes(), &mut |index, start| found.push((index, start)));
            assert_eq!(found, expected, "{text}");
        }
        assert!(Rare::new(&["an".to_owned()]).is_none());
    }
}
