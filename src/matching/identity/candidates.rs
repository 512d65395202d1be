//! Where in a text an identity may stand, told at the speed of memory.
//!
//! Reading a text in every view is slow, and most text speaks of nobody. So every pattern gives up
//! a few grams of its bytes such that any occurrence, wherever it starts, has one of them at a
//! multiple of the stride. Only those positions are looked at, each with one hash and one bit; what
//! passes is compared in full. The number of patterns adds bits to a table, not work to a byte.
//!
//! Text is taken as it is apart from the case of ASCII; [`Foreign`] says which characters must be
//! folded first before nothing can be missed.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use memchr::memrchr;
use unicode_normalization::char::{compose, decompose_canonical};

use crate::matching::identity::addresses::literal_len;
use crate::matching::views::as_read::alike::{Stands, stands_for};
use crate::matching::views::spelling::fold::{FOLDING, folded_char, is_glue};

/// Finds patterns in text that was not folded.
pub struct Grams {
    tiers: Vec<Tier>,
}

/// Patterns that are found by grams of one length.
struct Tier {
    stride: usize,
    /// Which bytes of a word of eight belong to the gram.
    mask: u64,
    bits: Bits,
    /// Gram to the patterns it may belong to: index, offset in the pattern.
    patterns: HashMap<u64, Vec<(usize, usize)>>,
    texts: Vec<(usize, Vec<u8>)>,
}

/// One bit for each value of a hash: few patterns in a table that fits the first cache, many in one
/// that fits the second.
pub enum Bits {
    Few(Box<[u64; 1 << 9]>),
    Many(Box<[u64; 1 << 14]>),
}

impl Bits {
    /// Those of these keys.
    pub fn of(keys: HashSet<u64>) -> Self {
        if keys.len() <= FEW_GRAMS_MAX {
            let mut bits = Box::new([0; 1 << 9]);
            keys.into_iter().for_each(|key| set(&mut bits, key));
            Self::Few(bits)
        } else {
            let mut bits = Box::new([0; 1 << 14]);
            keys.into_iter().for_each(|key| set(&mut bits, key));
            Self::Many(bits)
        }
    }

    /// Whether a key may be among them.
    pub fn has(&self, key: u64) -> bool {
        let bit = match self {
            Self::Few(bits) => probe(bits, key),
            Self::Many(bits) => probe(bits, key),
        };
        bit & 1 != 0
    }
}

/// Grams beyond which the larger table is taken: one bit in sixteen is set at most.
const FEW_GRAMS_MAX: usize = 1 << 11;

/// Length of the shortest pattern, of a gram, and of the stride; longest first. A pattern is long
/// enough for its tier if every stride has a whole gram: `gram + stride - 1`.
const TIERS: [(usize, usize, usize); 7] =
    [(12, 5, 8), (7, 4, 4), (5, 4, 2), (4, 4, 1), (3, 3, 1), (2, 2, 1), (1, 1, 1)];

/// Makes letters of both cases one; what else it makes one is told apart by the comparison.
const CASE: u64 = 0x2020_2020_2020_2020;

impl Grams {
    /// For these folded patterns, which are known by their index.
    pub fn new(patterns: &[String]) -> Self {
        let mut tiers: [Vec<(usize, Vec<u8>)>; TIERS.len()] = Default::default();
        for (index, pattern) in patterns.iter().enumerate() {
            if let Some(tier) = TIERS.iter().position(|(least, ..)| pattern.len() >= *least) {
                tiers[tier].push((index, pattern.as_bytes().to_vec()));
            }
        }
        let tiers = tiers.into_iter().zip(TIERS).filter(|(texts, _)| !texts.is_empty());
        Self {
            tiers: tiers.map(|(texts, (_, gram, stride))| Tier::new(gram, stride, texts)).collect(),
        }
    }

    /// Each place where a pattern stands but for the case of ASCII letters.
    pub fn find(&self, text: &[u8], found: &mut dyn FnMut(usize, usize)) {
        for tier in &self.tiers {
            match (&tier.bits, tier.stride) {
                (Bits::Few(bits), 8) => tier.find::<8, _>(text, bits, found),
                (Bits::Few(bits), 4) => tier.find::<4, _>(text, bits, found),
                (Bits::Few(bits), 2) => tier.find::<2, _>(text, bits, found),
                (Bits::Few(bits), _) => tier.find::<1, _>(text, bits, found),
                (Bits::Many(bits), 8) => tier.find::<8, _>(text, bits, found),
                (Bits::Many(bits), 4) => tier.find::<4, _>(text, bits, found),
                (Bits::Many(bits), 2) => tier.find::<2, _>(text, bits, found),
                (Bits::Many(bits), _) => tier.find::<1, _>(text, bits, found),
            }
        }
    }
}

impl Tier {
    fn new(gram: usize, stride: usize, texts: Vec<(usize, Vec<u8>)>) -> Self {
        let mask = if gram == 8 { u64::MAX } else { (1 << (8 * gram)) - 1 };
        let mut patterns: HashMap<u64, Vec<(usize, usize)>> = HashMap::new();
        for (number, (_, text)) in texts.iter().enumerate() {
            // The end of an identifier is where it differs from its like.
            let window = text.len() - (gram + stride - 1);
            for offset in window..window + stride {
                let mut bytes = [0; 8];
                bytes[..gram].copy_from_slice(&text[offset..offset + gram]);
                let key = (u64::from_le_bytes(bytes) | CASE) & mask;
                patterns.entry(key).or_default().push((number, offset));
            }
        }
        let bits = Bits::of(patterns.keys().copied().collect());
        Self { stride, mask, bits, patterns, texts }
    }

    fn find<const STRIDE: usize, const LEN: usize>(
        &self,
        text: &[u8],
        bits: &[u64; LEN],
        found: &mut dyn FnMut(usize, usize),
    ) {
        let mut at = 0;
        // Blocks of sixteen bytes: of fixed size, so that nothing is checked inside.
        while let Some(block) = text.get(at..).and_then(<[u8]>::first_chunk::<{ BLOCK_BYTES + 7 }>)
        {
            let mut seen = 0;
            for offset in (0..BLOCK_BYTES).step_by(STRIDE) {
                seen |= probe(bits, (word_at(block, offset) | CASE) & self.mask);
            }
            if seen & 1 != 0 {
                for offset in (0..BLOCK_BYTES).step_by(STRIDE) {
                    self.look_up(word_at(block, offset), bits, text, at + offset, found);
                }
            }
            at += BLOCK_BYTES;
        }
        while at < text.len() {
            let mut bytes = [0; 8];
            let len = bytes.len().min(text.len() - at);
            bytes[..len].copy_from_slice(&text[at..at + len]);
            self.look_up(u64::from_le_bytes(bytes), bits, text, at, found);
            at += STRIDE;
        }
    }

    fn look_up<const LEN: usize>(
        &self,
        word: u64,
        bits: &[u64; LEN],
        text: &[u8],
        at: usize,
        found: &mut dyn FnMut(usize, usize),
    ) {
        let key = (word | CASE) & self.mask;
        if probe(bits, key) & 1 != 0 {
            self.compare(key, text, at, found);
        }
    }

    #[cold]
    fn compare(&self, key: u64, text: &[u8], at: usize, found: &mut dyn FnMut(usize, usize)) {
        for (number, offset) in self.patterns.get(&key).into_iter().flatten() {
            let (index, pattern) = &self.texts[*number];
            if let Some(start) = at.checked_sub(*offset)
                && let Some(there) = text.get(start..start + pattern.len())
                && there.eq_ignore_ascii_case(pattern)
            {
                found(*index, start);
            }
        }
    }
}

/// Positions are looked at in blocks of so many bytes.
const BLOCK_BYTES: usize = 16;

#[inline]
fn word_at(block: &[u8; BLOCK_BYTES + 7], offset: usize) -> u64 {
    let bytes = block[offset..].first_chunk().expect("seven bytes follow the last offset");
    u64::from_le_bytes(*bytes)
}

/// The bit of a key, lowest; the others are of no meaning.
#[inline]
fn probe<const LEN: usize>(bits: &[u64; LEN], key: u64) -> u64 {
    let hash = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits[(hash >> 40) as usize % LEN] >> (hash >> 34 & 63)
}

fn set<const LEN: usize>(bits: &mut [u64; LEN], key: u64) {
    let hash = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits[(hash >> 40) as usize % LEN] |= 1 << (hash >> 34 & 63);
}

/// The eight bytes around the sign of each address that is sought: three before it, four after it.
pub struct Signs {
    bits: Box<[u64; 1 << 14]>,
    /// The addresses by those bytes, each with the place of its sign.
    addresses: HashMap<u64, Vec<(String, usize)>>,
    /// Some address is too short to have them.
    any: bool,
}

impl Signs {
    /// For these folded addresses; with `any`, for addresses that are not known.
    pub fn new<'a>(addresses: impl Iterator<Item = &'a String>, any: bool) -> Self {
        let mut signs = Self { bits: Box::new([0; 1 << 14]), addresses: HashMap::new(), any };
        for address in addresses {
            let at = address.find('@');
            match at.and_then(|at| Some((at, key_around(address.as_bytes(), at)?))) {
                Some((at, key)) => {
                    set(&mut signs.bits, key);
                    signs.addresses.entry(key).or_default().push((address.clone(), at));
                }
                None => signs.any = true,
            }
        }
        signs
    }

    /// Takes in addresses that are not known.
    pub fn admit_any(&mut self) {
        self.any = true;
    }

    /// Whether the sign at `at` may be that of an address that is sought, or of one that spells
    /// another; in bytes of which nobody knows where a string begins.
    pub fn may_stand(&self, bytes: &[u8], at: usize) -> bool {
        key_around(bytes, at).is_some_and(|key| self.has(key) && self.stands(key, bytes, at))
            || is_guest(bytes, at)
            || self.any && is_address_like(bytes, at)
            || literal_len(&bytes[at + 1..]).is_some()
            || may_respell(bytes, at)
    }

    /// Whether any address may be sought.
    pub fn admits_any(&self) -> bool {
        self.any
    }

    /// Whether the sign at `at` may be that of an address that is sought.
    pub fn may_have(&self, text: &[u8], at: usize) -> bool {
        self.any || is_guest(text, at) || key_around(text, at).is_some_and(|key| self.has(key))
    }

    fn has(&self, key: u64) -> bool {
        probe(&self.bits, key) & 1 != 0
    }

    /// Whether one of the addresses of this key stands here, whatever stands beside it.
    fn stands(&self, key: u64, bytes: &[u8], at: usize) -> bool {
        let is_here = |(address, sign): &(String, usize)| {
            let start = at.checked_sub(*sign);
            let there = start.and_then(|start| bytes.get(start..start + address.len()));
            there.is_some_and(|there| there.eq_ignore_ascii_case(address.as_bytes()))
        };
        self.addresses.get(&key).is_some_and(|all| all.iter().any(is_here))
    }
}

/// Bytes of an address on either side of its sign.
const PART_BYTES_MAX: usize = 320;

/// Whether what stands around a sign has the shape of an address.
pub fn is_address_like(bytes: &[u8], at: usize) -> bool {
    let part = |byte: &&u8| BARE[usize::from(**byte)];
    let after = &bytes[at + 1..];
    let domain = after.iter().take(PART_BYTES_MAX).take_while(part).count();
    let valid = match std::str::from_utf8(&after[..domain]) {
        Ok(domain) => domain.len(),
        // Something else may begin behind it.
        Err(error) => error.valid_up_to(),
    };
    let dotted = after[..valid]
        .windows(3)
        .any(|three| three[1] == b'.' && [three[0], three[2]].iter().all(|byte| is_letter(*byte)));
    dotted && bytes[..at].last().is_some_and(|byte| part(&byte) || *byte == b'"')
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

/// Whether an address may spell another one in what stands before its sign: a quoted one, or one
/// with an equals sign for its own. More is asked of it than of text, where there is no noise.
fn may_respell(bytes: &[u8], at: usize) -> bool {
    let before = &bytes[at.saturating_sub(2 * PART_BYTES_MAX)..at];
    let is_local = |byte: &&u8| BARE[usize::from(**byte)];
    if let Some(quoted) = before.strip_suffix(b"\"") {
        return memrchr(b'"', quoted).is_some_and(|open| {
            let local = &quoted[open + 1..];
            !local.iter().any(u8::is_ascii_control) && is_address_like(bytes, at)
        });
    }
    let right = before.iter().rev().take_while(is_local).count();
    let (rest, right) = before.split_at(before.len() - right);
    let Some(rest) = rest.strip_suffix(b"=") else { return false };
    let left = &rest[rest.len() - rest.iter().rev().take_while(is_local).count()..];
    !right.is_empty()
        && !left.is_empty()
        && (right.contains(&b'.') || left.contains(&b'.'))
        && is_address_like(bytes, at)
}

/// Whether a byte may stand on either side of the sign of an address without quotes around it.
const BARE: [bool; 256] = {
    let mut bare = [false; 256];
    let mut byte = 0;
    while byte < bare.len() {
        let is_sign = matches!(byte as u8, b'.' | b'_' | b'-' | b'+');
        bare[byte] = byte >= 0x80 || (byte as u8).is_ascii_alphanumeric() || is_sign;
        byte += 1;
    }
    bare
};

/// Whether the sign at `at` parts a guest from its tenant.
pub fn is_guest(text: &[u8], at: usize) -> bool {
    const MARK: &[u8] = b"#ext#";
    let mark = at.checked_sub(MARK.len()).map(|start| &text[start..at]);
    mark.is_some_and(|mark| mark.eq_ignore_ascii_case(MARK))
}

fn key_around(text: &[u8], at: usize) -> Option<u64> {
    let bytes = text.get(at.checked_sub(3)?..at + 5)?;
    Some(u64::from_le_bytes(bytes.try_into().ok()?) | CASE)
}

/// The characters beyond ASCII that may be part of an occurrence of some pattern: those that fold
/// to a letter of it, and those that fold away or melt into their neighbours.
#[derive(Clone)]
pub struct Foreign {
    bits: Vec<u64>,
    high: bool,
    /// Those that were added for the patterns.
    letters: Vec<char>,
    has_apostrophe: bool,
}

/// The same without any pattern: what folds to ASCII, and what melts. Tens of thousands of
/// characters are looked at, and each matcher needs it.
static OF_ANY: LazyLock<Foreign> = LazyLock::new(|| {
    let mut foreign = Foreign {
        bits: vec![0; 0x1_0000 / 64],
        high: false,
        letters: Vec::new(),
        has_apostrophe: false,
    };
    for (c, folded) in FOLDING.iter() {
        if folded.chars().any(|c| c.is_ascii_graphic()) {
            foreign.add(*c);
        }
    }
    for c in ('\u{80}'..='\u{ffff}').filter(|c| is_glue(*c)) {
        foreign.add(c);
    }
    foreign
});

/// Characters that may be written for others, or be left out.
static ALIKE: LazyLock<Vec<(char, Stands)>> = LazyLock::new(|| {
    let all = ('\u{80}'..='\u{ffff}').chain(['𠮷']);
    all.filter_map(|c| Some((c, stands_for(c)?))).collect()
});

impl Foreign {
    /// For these folded patterns; a letter may be written with its marks apart.
    pub fn new<'a>(patterns: impl Iterator<Item = &'a String>) -> Self {
        let mut foreign = OF_ANY.clone();
        let all: HashSet<char> = patterns.flat_map(|text| text.chars()).collect();
        foreign.has_apostrophe = all.contains(&'\'');
        let letters: HashSet<char> = all.iter().copied().filter(|c| !c.is_ascii()).collect();
        let has_marks = letters.iter().any(|c| ('\u{590}'..'\u{700}').contains(c));
        for (c, stands) in ALIKE.iter() {
            let matters = match stands {
                // The patterns are folded, and what it stands for may be a capital.
                Stands::For(other) => folded_char(*other).map_or_else(
                    || all.contains(other),
                    |text| text.chars().any(|c| all.contains(&c)),
                ),
                Stands::ForNothing => has_marks,
            };
            if matters {
                foreign.add(*c);
                foreign.letters.push(*c);
            }
        }
        if letters.is_empty() {
            return foreign;
        }
        // What is left of a letter where its marks are written apart.
        for c in &letters {
            let mut parts = Vec::new();
            decompose_canonical(*c, |part| parts.push(part));
            let melted = parts.iter().skip(1).filter_map(|mark| compose(parts[0], *mark));
            let parts: Vec<char> = melted.chain(parts.iter().copied()).collect();
            parts.into_iter().filter(|part| !part.is_ascii()).for_each(|part| foreign.add(part));
        }
        for c in &letters {
            foreign.add(*c);
            foreign.letters.push(*c);
        }
        for (c, folded) in FOLDING.iter() {
            if folded.chars().any(|c| letters.contains(&c)) {
                foreign.add(*c);
                foreign.letters.push(*c);
            }
        }
        foreign
    }

    /// The letters of the patterns, and what folds to them or stands for them.
    pub fn letters(&self) -> impl Iterator<Item = char> {
        self.letters.iter().copied()
    }

    /// Whether some pattern has an apostrophe, which ASCII spells in several ways.
    pub fn has_apostrophe(&self) -> bool {
        self.has_apostrophe
    }

    /// Whether this character matters.
    pub fn has(&self, c: char) -> bool {
        match self.bits.get(c as usize / 64) {
            Some(bits) => bits >> (c as usize % 64) & 1 != 0,
            None => {
                self.high || (0x1_d400..=0x1_f2ff).contains(&(c as u32)) || c as u32 >= 0xe_0000
            }
        }
    }

    /// Those of the first plane.
    pub fn codes(&self) -> impl Iterator<Item = u16> {
        let words = self.bits.iter().enumerate().filter(|(_, word)| **word != 0);
        words.flat_map(|(number, word)| {
            let bits = (0..64).filter(move |bit| word >> bit & 1 == 1);
            bits.map(move |bit| (number * 64 + bit) as u16)
        })
    }

    /// Whether letters beyond the first plane matter.
    pub fn has_high(&self) -> bool {
        self.high
    }

    fn add(&mut self, c: char) {
        match self.bits.get_mut(c as usize / 64) {
            Some(bits) => *bits |= 1 << (c as usize % 64),
            None => self.high = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_is_found_at_every_offset() {
        let long = "0123456789abcdefghij";
        for len in 1..long.len() {
            let pattern = &long[long.len() - len..];
            let grams = Grams::new(&[pattern.to_owned()]);
            for offset in 0..40 {
                let text = format!(
                    "{}{}{}",
                    "-".repeat(offset),
                    pattern.to_uppercase(),
                    "-".repeat(offset % 9)
                );
                let mut found = Vec::new();
                grams.find(text.as_bytes(), &mut |index, start| found.push((index, start)));
                assert_eq!(found, [(0, offset)], "{len}");
            }
        }
    }

    #[test]
    fn foreign_characters_are_those_that_fold_into_a_pattern() {
        let foreign = Foreign::new([&"lefèvre".to_owned()].into_iter());
        for c in ['è', 'È', '\u{300}', 'Ａ', '\u{200b}', 'ſ', 'ﬁ'] {
            assert!(foreign.has(c), "{c}");
        }
        for c in ['é', '山', 'あ', '–', '’'] {
            assert!(!foreign.has(c), "{c}");
        }
    }
}
