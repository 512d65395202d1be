//! Stretches of bytes that may be text of two or four bytes a character: where their zeros and high
//! bytes stand in a row as those of characters do.

use std::ops::Range;
use std::sync::LazyLock;

use crate::matching::blocks::masks::{Set, WORD_BYTES, masks};
use crate::matching::identity::candidates::Foreign;
use crate::matching::identity::scripts::separates;

/// What each pair of bytes may be, low byte first: one bit for each order of the two.
pub struct Units {
    kinds: Box<[u8; 1 << 16]>,
    /// Bytes that are a character with a zero for its other byte.
    latin: Set,
    /// High bytes of the others.
    highs: Set,
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

/// What each pair of bytes may be, as it is told character by character.
#[derive(Clone)]
struct Kinds {
    of: Box<[u8; 1 << 16]>,
    /// Which high bytes any of the pairs has.
    highs: [bool; 1 << 8],
}

impl Kinds {
    fn add(&mut self, code: u16) {
        self.of[usize::from(code)] |= LITTLE;
        self.of[usize::from(code.swap_bytes())] |= BIG;
        self.highs[usize::from(code >> 8)] = true;
    }
}

/// What is a unit of any text; each matcher needs it.
static OF_ANY: LazyLock<Kinds> = LazyLock::new(|| {
    let mut kinds = Kinds { of: Box::new([0; 1 << 16]), highs: [false; 1 << 8] };
    let is_plain = |c: char| matches!(c, ' '..='~' | '\t' | '\n' | '\r' | '\u{1b}');
    let is_any = |c: &char| is_plain(*c) || !c.is_ascii() && separates(*c);
    ('\0'..='\u{ffff}').filter(is_any).for_each(|c| kinds.add(c as u16));
    // Halves of characters beyond the first plane: styled letters, and signs that nobody sees.
    let halves = [0xd835..=0xd83c, 0xdb40..=0xdb43, 0xdc00..=0xdfff];
    halves.into_iter().flatten().for_each(|code| kinds.add(code));
    kinds
});

/// Planes of characters beyond the first that matter.
static PLANES: LazyLock<Set> = LazyLock::new(|| Set::new(is_plane));

fn is_plane(byte: u8) -> bool {
    matches!(byte, 1 | 2 | 14)
}

static ZERO: LazyLock<Set> = LazyLock::new(|| Set::new(|byte| byte == 0));

impl Units {
    /// For texts of ASCII, of what separates words and of these characters.
    pub fn new(foreign: &Foreign) -> Self {
        let mut kinds = OF_ANY.clone();
        foreign.codes().for_each(|code| kinds.add(code));
        if foreign.has_high() {
            (0xd800..=0xdbff).for_each(|code| kinds.add(code));
        }
        let Kinds { of: kinds, highs } = kinds;
        let latin = Set::new(|byte| kinds[usize::from(byte)] & LITTLE != 0);
        let highs = Set::new(|high| high != 0 && highs[usize::from(high)]);
        Self { kinds, latin, highs }
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
        let sets = [&*ZERO, &self.latin, &self.highs, &*PLANES];
        let bits = masks(bytes, sets);
        for word in 0..bits[0].len() {
            // A stretch reaches into the next word.
            let [zero, latin, highs, planes] = bits.each_ref().map(|bits| {
                let next = bits.get(word + 1).copied().unwrap_or(0);
                u128::from(bits[word]) | u128::from(next) << WORD_BYTES
            });
            let at = word * WORD_BYTES;
            // Low byte first, and high byte first.
            let unit = [zero >> 1 & latin | highs >> 1, zero & latin >> 1 | highs];
            if in_row::<2>(zero | highs, least) != 0 {
                for (order, unit) in unit.into_iter().enumerate() {
                    two.begin(at, in_row::<2>(unit, least) as u64, order, found);
                }
            }
            if in_row::<4>(zero, least) != 0 {
                let little = zero >> 3 & (zero >> 2 & unit[0] | planes >> 2);
                let big = zero & (zero >> 1 & unit[1] >> 2 | planes >> 1);
                for (order, character) in [little, big].into_iter().enumerate() {
                    four.begin(at, in_row::<4>(character, least) as u64, order, found);
                }
            }
        }
    }
}

/// Where so many bits begin that stand so far apart.
fn in_row<const APART: usize>(bits: u128, count: usize) -> u128 {
    (1..count).fold(bits, |all, by| all & bits >> (by * APART))
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
    /// Looks at the places of a word where a stretch of this order may begin.
    fn begin(
        &mut self,
        from: usize,
        mut places: u64,
        order: usize,
        found: &mut dyn FnMut(Range<usize>, Width),
    ) {
        let bit = [LITTLE, BIG][order];
        while places != 0 {
            let at = from + places.trailing_zeros() as usize;
            places &= places - 1;
            let done = &mut self.done[at % BYTES][order];
            if at < *done {
                continue;
            }
            let end = self.units.end::<BYTES>(self.bytes, at, bit);
            if end - at >= self.least * BYTES {
                *done = end;
                found(at..end, Width { bytes: BYTES, little: bit == LITTLE });
            }
        }
    }
}

impl Units {
    /// Where the characters of one order end that begin here.
    fn end<const BYTES: usize>(&self, bytes: &[u8], at: usize, bit: u8) -> usize {
        let mut end = at;
        while self.kinds_at::<BYTES>(bytes, end) & bit != 0 {
            end += BYTES;
        }
        end
    }

    #[inline]
    fn kinds_at<const BYTES: usize>(&self, bytes: &[u8], at: usize) -> u8 {
        let Some(bytes) = bytes.get(at..at + BYTES) else { return 0 };
        let pair = |at: usize| usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
        if BYTES == 2 {
            return self.kinds[pair(0)];
        }
        // Of four bytes the first plane has two that are nothing; of others three matter.
        let (low, high) = (pair(0), pair(2));
        let little = match high {
            0 => self.kinds[low],
            _ => LITTLE * u8::from(is_plane(bytes[2]) && bytes[3] == 0),
        };
        let big = match low {
            0 => self.kinds[high],
            _ => BIG * u8::from(is_plane(bytes[1]) && bytes[0] == 0),
        };
        little & LITTLE | big & BIG
    }
}
