//! Runs of base64 and of other digits in a text, decoded.

use std::ops::{Range, RangeInclusive};
use std::sync::LazyLock;

use crate::matching::blocks::bits;
use crate::matching::blocks::few::Few;
use crate::matching::blocks::masks::{Set, masks};
use crate::matching::views::spelling::digits::openings::is_promising;
use crate::matching::views::spelling::digits::{
    armour, base32, base85, dump, guids, hex, numbers, short,
};
use crate::matching::views::spelling::noise::is_clean;
use crate::matching::work;

/// Shortest run that is decoded: shorter ones hold fewer than twelve bytes.
pub const RUN_CHARS_MIN: usize = 16;

/// A run of base64 in a text.
pub struct Run {
    /// Where it starts in the text.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// What it decodes to.
    pub bytes: Vec<u8>,
    /// The digits that it is in.
    pub form: &'static str,
}

/// Every run of the text that may hold text or something packed, in order, decoded from the start
/// of the run and from each of the three places after it: other words may stand before it.
///
/// Line breaks within a run are skipped, as mail and PEM files have them. A run of one case alone
/// is a number or a path: text of twelve bytes gives letters of both.
///
/// `is_wanted` is asked of each run before it is decoded.
pub fn runs(text: &str, is_wanted: &dyn Fn(Range<usize>) -> bool, found: &mut dyn FnMut(Run)) {
    let bytes = text.as_bytes();
    let found = &mut |run: Run| {
        if let Some(spelled) = short::after_key(&bytes[..run.start], &run.bytes) {
            found(Run::new(run.start..run.end, spelled, run.form));
        }
        found(run);
    };
    let [digits, listed, hexes] = masks(bytes, [&DIGITS, &LISTED, &HEXES]);
    in_hex(bytes, &hexes, is_wanted, found);
    let long = bits::runs(&digits, RUN_CHARS_MIN);
    let mut done = 0;
    let mut buffers = Buffers::default();
    while let Some(start) = bits::next_set(&long, done) {
        let end = bits::next_clear(&digits, start).unwrap_or(bytes.len()).min(bytes.len());
        // Most runs are of one case: nothing of them need be looked at.
        if end - start < LINE_CHARS_MIN && !has_capitals(&bytes[start..end]) {
            done = end;
            continue;
        }
        let (end, seen) = run_end(bytes, start);
        done = end;
        if !is_wanted(start..end) {
            continue;
        }
        if end - start == guids::BASE64_DIGITS
            && let Some(spelled) = guid(&bytes[start..end], &mut buffers)
        {
            found(Run::new(start..end, spelled, "base64"));
        }
        if is_mixed(seen) {
            alphabets(&bytes[start..end], start, seen, &mut buffers, found);
        } else if let Some(spelled) = base32::decoded(&bytes[start..end]) {
            found(Run::new(start..end, spelled, "base32"));
        }
    }
    told_otherwise(bytes, &listed, &hexes, is_wanted, found);
}

/// Runs of hexadecimal digits.
fn in_hex(
    bytes: &[u8],
    hexes: &[u64],
    is_wanted: &dyn Fn(Range<usize>) -> bool,
    found: &mut dyn FnMut(Run),
) {
    let long = bits::runs(hexes, hex::DIGITS_MIN);
    let mut done = 0;
    while let Some(start) = bits::next_set(&long, done) {
        done = bits::next_clear(hexes, start).unwrap_or(bytes.len()).min(bytes.len());
        if is_wanted(start..done)
            && let Some((run, spelled)) = hex::decoded(bytes, start..done)
        {
            found(Run::new(run, spelled, "hex"));
        }
    }
}

/// Signs of digits, by what they are signs of.
const SIGNS: [&[&[u8]]; 6] =
    [short::SIGNS, dump::SIGNS, numbers::SIGNS, armour::SIGNS, dump::OFFSETS, base85::CALLS];

/// All of them at once.
static ANY: LazyLock<Few> = LazyLock::new(|| Few::new(&SIGNS.concat()));

/// What each of them is a sign of.
static OF: LazyLock<Vec<usize>> = LazyLock::new(|| {
    let all = SIGNS.iter().enumerate();
    all.flat_map(|(of, signs)| std::iter::repeat_n(of, signs.len())).collect()
});

/// Digits that are told by what stands around them.
fn told_otherwise(
    bytes: &[u8],
    listed: &[u64],
    hexes: &[u64],
    is_wanted: &dyn Fn(Range<usize>) -> bool,
    found: &mut dyn FnMut(Run),
) {
    let mut signs: [Vec<Range<usize>>; SIGNS.len()] = Default::default();
    ANY.each(bytes, &mut |sign, range| signs[OF[sign]].push(range));
    let [words, rows, lists, armours, offsets, calls] = signs;
    let mut tell = |run: Range<usize>, spelled: Vec<u8>, form| {
        if is_wanted(run.clone()) {
            found(Run::new(run, spelled, form));
        }
    };
    short::runs(bytes, &words, &mut |run, spelled| tell(run, spelled, "base64"));
    dump::dumps(bytes, &rows, &offsets, &mut |run, spelled| tell(run, spelled, "dump"));
    numbers::lists(bytes, listed, hexes, &lists, &mut |run, spelled| tell(run, spelled, "dump"));
    base85::texts(bytes, &calls, &mut |run, spelled| tell(run, spelled, "base85"));
    armour::texts(bytes, &armours, &mut |run, spelled| tell(run, spelled, "armour"));
}

impl Run {
    fn new(run: Range<usize>, bytes: Vec<u8>, form: &'static str) -> Self {
        Self { start: run.start, end: run.end, bytes, form }
    }
}

/// Whether a byte may stand in a run, as a digit or in a line break.
pub fn may_belong(byte: u8) -> bool {
    may_be_digit(byte) || matches!(byte, b'\r' | b'\n' | b'\\')
}

/// Whether a byte may be a digit, in either alphabet.
pub fn may_be_digit(byte: u8) -> bool {
    class(byte) != NONE
}

/// Lines of base64 are at least so long if another follows: mail breaks at 76, PEM at 64.
const LINE_CHARS_MIN: usize = 60;

/// What a run is made of.
pub static DIGITS: LazyLock<Set> = LazyLock::new(|| Set::new(may_be_digit));

static LISTED: LazyLock<Set> = LazyLock::new(|| Set::new(numbers::may_be_listed));

/// All are looked at: to stop at the first takes longer.
fn has_capitals(run: &[u8]) -> bool {
    run.iter().fold(false, |any, byte| any | byte.is_ascii_uppercase())
}

static HEXES: LazyLock<Set> = LazyLock::new(|| Set::new(|byte| byte.is_ascii_hexdigit()));

/// The runs of each of the two alphabets in a run of both.
fn alphabets(
    run: &[u8],
    start: usize,
    seen: u8,
    buffers: &mut Buffers,
    found: &mut dyn FnMut(Run),
) {
    if seen & (PLAIN | URL) != PLAIN | URL {
        return decode_run(run, start, buffers, found);
    }
    // What has no sign of either is decoded once.
    for (strange, is_own) in [(URL, NONE), (PLAIN, URL)] {
        let mut at = start;
        for part in run.split(|byte| class(*byte) == strange) {
            let seen = part.iter().fold(NONE, |seen, byte| seen | class(*byte));
            if part.len() >= RUN_CHARS_MIN && is_mixed(seen) && seen & is_own == is_own {
                decode_run(part, at, buffers, found);
            }
            at += part.len() + 1;
        }
    }
}

/// What a byte is in base64; a run has the classes of all its bytes.
const NONE: u8 = 0;
const NUMBER: u8 = 1;
const LOWER: u8 = 2;
const UPPER: u8 = 4;
/// `+` and `/`.
const PLAIN: u8 = 8;
/// `-` and `_`, in their place in URLs.
const URL: u8 = 16;

fn class(byte: u8) -> u8 {
    CLASSES[usize::from(byte)]
}

fn is_mixed(seen: u8) -> bool {
    seen & (LOWER | UPPER) == LOWER | UPPER
}

/// Where the run ends, over line breaks, and the classes of its bytes.
fn run_end(bytes: &[u8], start: usize) -> (usize, u8) {
    let (mut at, mut seen) = (start, NONE);
    loop {
        let line = at;
        at += bytes[at..]
            .iter()
            .take_while(|byte| {
                seen |= class(**byte);
                class(**byte) != NONE
            })
            .count();
        let gap = line_break(&bytes[at..]);
        let goes_on = bytes.get(at + gap).is_some_and(|byte| class(*byte) != NONE);
        if gap == 0 || at - line < LINE_CHARS_MIN || !goes_on || is_hash(&bytes[line..at]) {
            return (at, seen);
        }
        at += gap;
    }
}

/// Whether a line ends with hexadecimal digits of one case, as many different ones as no line of
/// base64 has, be it of zeros.
fn is_hash(line: &[u8]) -> bool {
    const DIFFERENT_MIN: u32 = 8;
    let last = &line[line.len() - LINE_CHARS_MIN..];
    let is_of = |letters: RangeInclusive<u8>| {
        last.iter().all(|byte| byte.is_ascii_digit() || letters.contains(byte))
    };
    (is_of(b'a'..=b'f') || is_of(b'A'..=b'F'))
        && last.iter().fold(0u64, |seen, byte| seen | 1 << (byte & 0x3f)).count_ones()
            >= DIFFERENT_MIN
}

/// A line break at the start, written as such or as an escape, with the indent after it.
fn line_break(rest: &[u8]) -> usize {
    if !matches!(rest.first(), Some(b'\r' | b'\n' | b'\\')) {
        return 0;
    }
    let gap = ["\r\n", "\n", "\\r\\n", "\\n"].iter().find(|gap| rest.starts_with(gap.as_bytes()));
    let Some(gap) = gap else { return 0 };
    let indent = rest[gap.len()..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    gap.len() + indent
}

/// What digits spell as a GUID.
fn guid(run: &[u8], buffers: &mut Buffers) -> Option<Vec<u8>> {
    buffers.take(run);
    guids::spelled(&buffers.decoded[0]).map(String::into_bytes)
}

/// What the digits of a run stand for, and what it decodes to from each of four places.
#[derive(Default)]
struct Buffers {
    values: Vec<u8>,
    decoded: [Vec<u8>; 4],
}

impl Buffers {
    /// Decodes a run.
    fn take(&mut self, run: &[u8]) {
        self.values.clear();
        let mut rest = run;
        while !rest.is_empty() {
            let value = |byte: &u8| VALUES[usize::from(*byte)];
            let digits = rest.iter().take_while(|byte| value(byte) != OTHER).count();
            self.values.extend(rest[..digits].iter().map(value));
            rest = &rest[digits..];
            // Nothing but breaks stands between digits.
            rest = &rest[line_break(rest).max(usize::from(digits == 0))..];
        }
        for (skip, decoded) in self.decoded.iter_mut().enumerate() {
            decode(self.values.get(skip..).unwrap_or_default(), decoded);
        }
    }
}

fn decode_run(run: &[u8], start: usize, buffers: &mut Buffers, found: &mut dyn FnMut(Run)) {
    work::charge(buffers.decoded.len() * run.len());
    buffers.take(run);
    let decoded = &buffers.decoded;
    // Where one place to start gives text throughout, the others give noise.
    let clean = decoded.iter().position(|bytes| is_clean(bytes));
    for (skip, bytes) in decoded.iter().enumerate() {
        if clean.map_or_else(|| is_promising(bytes), |clean| clean == skip) {
            // Breaks may stand among the first digits.
            let mut digits =
                run.iter().enumerate().filter(|(_, b)| VALUES[usize::from(**b)] != OTHER);
            let first = digits.nth(skip).map_or(skip, |(first, _)| first);
            found(Run::new(start + first..start + run.len(), bytes.clone(), "base64"));
        }
    }
}

/// What digits of these values decode to; of a last one alone nothing.
fn decode(values: &[u8], bytes: &mut Vec<u8>) {
    let (fours, rest) = values.as_chunks::<4>();
    bytes.clear();
    bytes.resize(fours.len() * 3, 0);
    for (three, [a, b, c, d]) in bytes.as_chunks_mut::<3>().0.iter_mut().zip(fours) {
        *three = [a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d];
    }
    match rest {
        [a, b] => bytes.push(a << 2 | b >> 4),
        [a, b, c] => bytes.extend([a << 2 | b >> 4, b << 4 | c >> 2]),
        _ => {}
    }
}

/// Values beyond the sixty-four.
const OTHER: u8 = 64;

/// The class of each byte.
const CLASSES: [u8; 256] = {
    let mut classes = [NONE; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'0'..=b'9' => NUMBER,
            b'a'..=b'z' => LOWER,
            b'A'..=b'Z' => UPPER,
            b'+' | b'/' => PLAIN,
            b'-' | b'_' => URL,
            _ => NONE,
        };
        byte += 1;
    }
    classes
};

/// What each byte stands for, in both alphabets.
const VALUES: [u8; 256] = {
    let mut values = [OTHER; 256];
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut at = 0;
    while at < 64 {
        values[alphabet[at] as usize] = at as u8;
        at += 1;
    }
    values[b'-' as usize] = 62;
    values[b'_' as usize] = 63;
    values
};

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        runs(text, &|_| true, &mut |run| {
            all.push(String::from_utf8_lossy(&run.bytes).into_owned())
        });
        all
    }

    #[test]
    fn runs_are_found_wherever_they_start() {
        for text in [
            "\"YW5uQGNvbnRvc28uY29tIHNhaWQ=\"",
            "key=YW5uQGNvbnRvc28uY29tIHNhaWQ",
            "path/to/YW5uQGNvbnRvc28uY29tIHNhaWQ=",
        ] {
            let found = texts(text);
            assert!(found.iter().any(|text| text.contains("ann@contoso.com said")), "{text}");
        }
        let long =
            "bWFpbCBhbm5AY29udG9zby5jb20gZm9yIG1vcmUgb2YgdGhpcyB0ZXh0LCB0aGF0IGlz\r\nIGxvbmc=";
        assert!(texts(long).iter().any(|text| text.ends_with("that is long")));
    }
}
