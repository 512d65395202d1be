//! Which signs bytes have at all, told in one look at all of them: readings that need a sign are
//! not asked of bytes without it.

/// Signs that some reading begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signs(u16);

/// Rows of bytes by their high half, and which of a row's by their low half.
const CLASSES: [(&[u8], &[u8]); 11] = [
    // Control characters but for tab, line feed and return.
    (&[0], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 0xb, 0xc, 0xe, 0xf]),
    (&[1], &ALL),
    (&[5], &[0xb, 0xd]),
    (&[5], &[0xc]),
    (&[2], &[5, 6]),
    (&[3], &[0xc]),
    (&[3], &[0xd]),
    (&[2], &[2, 7]),
    (&[8, 9, 0xa, 0xb, 0xc, 0xd, 0xe, 0xf], &ALL),
    (&[6], &[0]),
    (&[5], &[0xe]),
];

const ALL: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

impl Signs {
    /// Control characters that text rarely has: all but tab, line feed and return.
    pub const CONTROL: Self = Self(0b11);
    /// `[` and `]`.
    pub const BRACKET: Self = Self(1 << 2);
    /// `\`, `%` and `&`.
    pub const ESCAPE: Self = Self(0b11 << 3);
    /// `<`.
    pub const ANGLE: Self = Self(1 << 5);
    /// `=`.
    pub const EQUALS: Self = Self(1 << 6);
    /// `"` and `'`.
    pub const QUOTE: Self = Self(1 << 7);
    /// What is not ASCII.
    pub const BEYOND_ASCII: Self = Self(1 << 8);
    /// A backtick.
    pub const BACKTICK: Self = Self(1 << 9);
    /// `^`.
    pub const CARET: Self = Self(1 << 10);

    /// Those of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(simd) = pulp::x86::V3::try_new() {
            return Self(wide::signs(simd, bytes));
        }
        Self(bytes.iter().fold(0, |all, byte| all | of_byte(*byte)))
    }

    /// These and the others.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether any of these is among them.
    pub fn has(self, any: Self) -> bool {
        self.0 & any.0 != 0
    }
}

/// For each half of a byte the classes that have it: a byte is in those of both halves.
const fn halves() -> ([u16; 16], [u16; 16]) {
    let (mut low, mut high) = ([0; 16], [0; 16]);
    let mut class = 0;
    while class < CLASSES.len() {
        let (rows, columns) = CLASSES[class];
        let mut at = 0;
        while at < rows.len() {
            high[rows[at] as usize] |= 1 << class;
            at += 1;
        }
        at = 0;
        while at < columns.len() {
            low[columns[at] as usize] |= 1 << class;
            at += 1;
        }
        class += 1;
    }
    (low, high)
}

const HALVES: ([u16; 16], [u16; 16]) = halves();

fn of_byte(byte: u8) -> u16 {
    HALVES.0[usize::from(byte & 15)] & HALVES.1[usize::from(byte >> 4)]
}

#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::x86_64::__m256i;

    use pulp::x86::V3;

    use super::{HALVES, of_byte};

    const VECTOR_BYTES: usize = 32;

    pub(super) fn signs(simd: V3, bytes: &[u8]) -> u16 {
        let (vectors, rest) = bytes.as_chunks::<VECTOR_BYTES>();
        let avx2 = simd.avx2;
        let of_vectors = simd.vectorize(
            #[inline(always)]
            || {
                let tables =
                    [half(HALVES.0, 0), half(HALVES.1, 0), half(HALVES.0, 8), half(HALVES.1, 8)];
                let nibble = simd.avx._mm256_set1_epi8(15);
                let mut all = [simd.avx._mm256_setzero_si256(); 2];
                for vector in vectors {
                    let bytes: __m256i = pulp::cast(*vector);
                    let low = avx2._mm256_and_si256(bytes, nibble);
                    let high = avx2._mm256_and_si256(avx2._mm256_srli_epi16::<4>(bytes), nibble);
                    for (all, [by_low, by_high]) in
                        all.iter_mut().zip([[tables[0], tables[1]], [tables[2], tables[3]]])
                    {
                        let both = avx2._mm256_and_si256(
                            avx2._mm256_shuffle_epi8(by_low, low),
                            avx2._mm256_shuffle_epi8(by_high, high),
                        );
                        *all = avx2._mm256_or_si256(*all, both);
                    }
                }
                all.map(|all| {
                    let bytes: [u8; VECTOR_BYTES] = pulp::cast(all);
                    bytes.iter().fold(0, |all, byte| all | byte)
                })
            },
        );
        let rest = rest.iter().fold(0, |all, byte| all | of_byte(*byte));
        rest | u16::from(of_vectors[0]) | u16::from(of_vectors[1]) << 8
    }

    /// Eight bits of each of sixteen entries, twice.
    #[inline(always)]
    fn half(table: [u16; 16], shift: u32) -> __m256i {
        let bytes = table.map(|entry| (entry >> shift) as u8);
        pulp::cast([bytes, bytes])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_has_its_sign() {
        for byte in 0..=u8::MAX {
            let expected: [(Signs, bool); 9] = [
                (Signs::CONTROL, byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r')),
                (Signs::BRACKET, matches!(byte, b'[' | b']')),
                (Signs::ESCAPE, matches!(byte, b'\\' | b'%' | b'&')),
                (Signs::ANGLE, byte == b'<'),
                (Signs::EQUALS, byte == b'='),
                (Signs::QUOTE, matches!(byte, b'"' | b'\'')),
                (Signs::BEYOND_ASCII, byte >= 0x80),
                (Signs::BACKTICK, byte == b'`'),
                (Signs::CARET, byte == b'^'),
            ];
            for len in [1, 31, 32, 33, 100] {
                for at in [0, len / 2, len - 1] {
                    let mut bytes = vec![b'a'; len];
                    bytes[at] = byte;
                    let signs = Signs::of(&bytes);
                    for (sign, has) in expected {
                        assert_eq!(signs.has(sign), has, "{byte} {sign:?}");
                    }
                }
            }
        }
        assert!(!Signs::of(b"").has(Signs(u16::MAX)));
    }
}
