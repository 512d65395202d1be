//! Bytes judged many at a time: one bit for each byte that is in a set.

use std::sync::LazyLock;

/// Bytes of a word of bits.
pub const WORD_BYTES: usize = 64;

/// A set of bytes, as two tables of sixteen: by the low half of a byte one bit for each of eight
/// high halves.
#[derive(Clone, Debug)]
pub struct Set {
    below: [u8; 16],
    above: [u8; 16],
}

impl Set {
    /// Those that the rule takes in.
    pub fn new(has: impl Fn(u8) -> bool) -> Self {
        let mut set = Self { below: [0; 16], above: [0; 16] };
        for byte in (0..=u8::MAX).filter(|byte| has(*byte)) {
            let half = if byte < 0x80 { &mut set.below } else { &mut set.above };
            half[usize::from(byte & 15)] |= 1 << (byte >> 4 & 7);
        }
        set
    }

    /// Whether a byte is in it.
    pub fn has(&self, byte: u8) -> bool {
        let half = if byte < 0x80 { &self.below } else { &self.above };
        half[usize::from(byte & 15)] >> (byte >> 4 & 7) & 1 == 1
    }
}

/// What text in ASCII is made of.
pub static TEXTY: LazyLock<Set> =
    LazyLock::new(|| Set::new(|byte| matches!(byte, b' '..=b'~' | b'\t'..=b'\r')));

/// For each set and word of bytes the bits of those that are in it; what is beyond the end is in
/// none.
pub fn masks<const SETS: usize>(bytes: &[u8], sets: [&Set; SETS]) -> [Vec<u64>; SETS] {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V3::try_new() {
        return wide::masks(simd, bytes, sets);
    }
    let bits = |word: &[u8], set: &Set| {
        word.iter().rev().fold(0, |bits, byte| bits << 1 | u64::from(set.has(*byte)))
    };
    sets.map(|set| bytes.chunks(WORD_BYTES).map(|word| bits(word, set)).collect())
}

#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::x86_64::__m256i;

    use pulp::x86::V3;

    use super::{Set, WORD_BYTES};

    pub(super) fn masks<const SETS: usize>(
        simd: V3,
        bytes: &[u8],
        sets: [&Set; SETS],
    ) -> [Vec<u64>; SETS] {
        let (words, rest) = bytes.as_chunks::<WORD_BYTES>();
        let mut last = [0; WORD_BYTES];
        last[..rest.len()].copy_from_slice(rest);
        let there = (1u64 << rest.len()) - 1;
        simd.vectorize(
            #[inline(always)]
            || {
                let mut all = sets.map(|_| vec![0; bytes.len().div_ceil(WORD_BYTES)]);
                for (of, set) in all.iter_mut().zip(sets) {
                    let (below, above) = (twice(set.below), twice(set.above));
                    for (bits, word) in of.iter_mut().zip(words) {
                        *bits = word_bits(simd, word, below, above);
                    }
                    if let Some(bits) = of.get_mut(words.len()) {
                        *bits = word_bits(simd, &last, below, above) & there;
                    }
                }
                all
            },
        )
    }

    #[inline(always)]
    fn word_bits(simd: V3, word: &[u8; WORD_BYTES], below: __m256i, above: __m256i) -> u64 {
        let [low, high]: [[u8; WORD_BYTES / 2]; 2] = pulp::cast(*word);
        let low = bits(simd, pulp::cast(low), below, above);
        let high = bits(simd, pulp::cast(high), below, above);
        u64::from(low) | u64::from(high) << 32
    }

    #[inline(always)]
    fn twice(table: [u8; 16]) -> __m256i {
        pulp::cast([table, table])
    }

    /// The shuffle looks up by the low half and gives nothing for bytes with the highest bit set.
    #[inline(always)]
    fn bits(simd: V3, bytes: __m256i, below: __m256i, above: __m256i) -> u32 {
        const POWERS: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];
        let (avx, avx2) = (simd.avx, simd.avx2);
        let turned = avx2._mm256_xor_si256(bytes, avx._mm256_set1_epi8(-128));
        let rows = avx2._mm256_or_si256(
            avx2._mm256_shuffle_epi8(below, bytes),
            avx2._mm256_shuffle_epi8(above, turned),
        );
        let high =
            avx2._mm256_and_si256(avx2._mm256_srli_epi16::<4>(bytes), avx._mm256_set1_epi8(15));
        let power = avx2._mm256_shuffle_epi8(twice(POWERS), high);
        let is_in = avx2._mm256_cmpeq_epi8(avx2._mm256_and_si256(rows, power), power);
        avx2._mm256_movemask_epi8(is_in) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_has_its_bit() {
        let sets = [
            Set::new(|byte| byte.is_ascii_graphic()),
            Set::new(|byte| byte >= 0xc2 && byte % 3 == 0),
            Set::new(|byte| byte == 0),
        ];
        let bytes: Vec<u8> = (0..700usize).map(|at| (at * 7 + at / 256) as u8).collect();
        for len in [0, 1, 63, 64, 65, 700] {
            let masks = masks(&bytes[..len], [&sets[0], &sets[1], &sets[2]]);
            for (masks, set) in masks.iter().zip(&sets) {
                assert_eq!(masks.len(), len.div_ceil(WORD_BYTES));
                for at in 0..masks.len() * WORD_BYTES {
                    let bit = masks[at / WORD_BYTES] >> (at % WORD_BYTES) & 1 == 1;
                    assert_eq!(bit, bytes[..len].get(at).is_some_and(|byte| set.has(*byte)));
                }
            }
        }
    }
}
