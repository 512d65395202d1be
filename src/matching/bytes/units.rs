//! Stretches of bytes that may be text of two or four bytes a character, told by looking at one
//! place in each stretch of the shortest length.

use std::ops::Range;
use std::sync::LazyLock;

use crate::matching::identity::candidates::Foreign;
use crate::matching::identity::scripts::separates;

/// What each pair of bytes may be, low byte first: one bit for each order of the two.
pub struct Units {
    kinds: Box<[u8; 1 << 16]>,
}

/// How characters are spelled in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Width {
    /// Bytes of a character.
    pub bytes: usize,
    /// Whether the low byte comes first.
    pub little: bool,
}

const LITTLE: u8 = 1;
const BIG: u8 = 2;

/// What is a unit of any text; each matcher needs it.
static OF_ANY: LazyLock<Units> = LazyLock::new(|| {
    let mut units = Units { kinds: Box::new([0; 1 << 16]) };
    let is_plain = |c: char| matches!(c, ' '..='~' | '\t' | '\n' | '\r' | '\u{1b}');
    let is_any = |c: &char| is_plain(*c) || !c.is_ascii() && separates(*c);
    ('\0'..='\u{ffff}').filter(is_any).for_each(|c| units.add(c as u16));
    // Halves of characters beyond the first plane: styled letters, and signs that nobody sees.
    [0xd835..=0xd83c, 0xdb40..=0xdb43, 0xdc00..=0xdfff]
        .into_iter()
        .flatten()
        .for_each(|code| units.add(code));
    units
});

impl Units {
    /// For texts of ASCII, of what separates words and of these characters.
    pub fn new(foreign: &Foreign) -> Self {
        let mut units = Self { kinds: OF_ANY.kinds.clone() };
        foreign.codes().for_each(|code| units.add(code));
        if foreign.has_high() {
            (0xd800..=0xdbff).for_each(|code| units.add(code));
        }
        units
    }

    fn add(&mut self, code: u16) {
        self.kinds[usize::from(code)] |= LITTLE;
        self.kinds[usize::from(code.swap_bytes())] |= BIG;
    }

    /// Each stretch of at least so many characters that may be text.
    pub fn stretches(
        &self,
        bytes: &[u8],
        least: usize,
        found: &mut dyn FnMut(Range<usize>, Width),
    ) {
        let mut two = Stretches::<2> { units: self, bytes, least, done: [[0; 2]; 2] };
        let mut four = Stretches::<4> { units: self, bytes, least, done: [[0; 2]; 4] };
        for at in (0..bytes.len()).step_by(least * 2) {
            let word = word_at(bytes, at);
            let kinds = |word: u64| self.kinds[usize::from(word as u16)];
            if kinds(word) | kinds(word >> 8) != 0 {
                two.sample(at, found);
            }
            // Of four bytes one at least is nothing.
            if at % (least * 4) == 0 && has_zero(word) {
                four.sample(at, found);
            }
        }
    }
}

/// Eight bytes, as far as there are any.
#[inline]
fn word_at(bytes: &[u8], at: usize) -> u64 {
    match bytes[at..].first_chunk() {
        Some(word) => u64::from_le_bytes(*word),
        None => {
            let mut word = [0; 8];
            word[..bytes.len() - at].copy_from_slice(&bytes[at..]);
            u64::from_le_bytes(word)
        }
    }
}

#[inline]
fn has_zero(word: u64) -> bool {
    word.wrapping_sub(0x0101_0101_0101_0101) & !word & 0x8080_8080_8080_8080 != 0
}

/// Stretches of one width.
struct Stretches<'a, const BYTES: usize> {
    units: &'a Units,
    bytes: &'a [u8],
    least: usize,
    /// Where the last one ended, by where characters begin and by the order of their bytes.
    done: [[usize; 2]; BYTES],
}

impl<const BYTES: usize> Stretches<'_, BYTES> {
    /// Looks at every character that begins here, or less than a character later.
    fn sample(&mut self, from: usize, found: &mut dyn FnMut(Range<usize>, Width)) {
        for skip in 0..BYTES {
            let at = from + skip;
            let kinds = self.kinds(at);
            for (order, bit) in [LITTLE, BIG].into_iter().enumerate() {
                if kinds & bit == 0 || at < self.done[skip][order] {
                    continue;
                }
                let stretch = self.around(at, self.done[skip][order], bit);
                if stretch.len() >= self.least * BYTES {
                    self.done[skip][order] = stretch.end;
                    found(stretch, Width { bytes: BYTES, little: bit == LITTLE });
                }
            }
        }
    }

    #[inline]
    fn kinds(&self, at: usize) -> u8 {
        let Some(bytes) = self.bytes.get(at..at + BYTES) else { return 0 };
        let pair = |at: usize| usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
        if BYTES == 2 {
            return self.units.kinds[pair(0)];
        }
        // Of four bytes the first plane has two that are nothing; of others three matter.
        let (low, high) = (pair(0), pair(2));
        let is_plane = |byte: usize| matches!(byte, 1 | 2 | 14);
        let little = match high {
            0 => self.units.kinds[low],
            _ => u8::from(is_plane(high)),
        };
        let big = match low {
            0 => self.units.kinds[high],
            _ => BIG * u8::from(is_plane(low >> 8) && low & 255 == 0),
        };
        little & LITTLE | big & BIG
    }

    fn around(&self, at: usize, done: usize, bit: u8) -> Range<usize> {
        let is_in = |at: usize| self.kinds(at) & bit != 0;
        let (mut start, mut end) = (at, at + BYTES);
        while start >= done + BYTES && is_in(start - BYTES) {
            start -= BYTES;
        }
        while is_in(end) {
            end += BYTES;
        }
        start..end
    }
}
