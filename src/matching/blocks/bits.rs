//! Rows of bits, one for each byte.

use std::ops::Range;

use crate::matching::blocks::masks::WORD_BYTES;

/// Where so many bits in a row begin.
pub fn runs(bits: &[u64], len: usize) -> Vec<u64> {
    let mut all = bits.to_vec();
    let mut done = 1;
    while done < len {
        let by = done.min(len - done) as u32;
        for at in 0..all.len() {
            let next = all.get(at + 1).copied().unwrap_or(0);
            all[at] &= all[at] >> by | next << (WORD_BYTES as u32 - by);
        }
        done += by as usize;
    }
    all
}

/// Whether a bit in the range is set.
pub fn any(bits: &[u64], range: Range<usize>) -> bool {
    let (first, last) = (range.start / WORD_BYTES, range.end / WORD_BYTES);
    let from = u64::MAX << (range.start % WORD_BYTES);
    let to = (1 << (range.end % WORD_BYTES)) - 1;
    if first == last {
        return bits.get(first).is_some_and(|word| word & from & to != 0);
    }
    bits[first] & from != 0
        || bits[first + 1..last].iter().any(|word| *word != 0)
        || bits.get(last).is_some_and(|word| word & to != 0)
}

/// How many bits in the range are set.
pub fn count(bits: &[u64], range: Range<usize>) -> usize {
    let (first, last) = (range.start / WORD_BYTES, range.end / WORD_BYTES);
    let from = u64::MAX << (range.start % WORD_BYTES);
    let to = (1 << (range.end % WORD_BYTES)) - 1;
    let ones = |word: u64| word.count_ones() as usize;
    let of_last = |from: u64| bits.get(last).map_or(0, |word| ones(word & from & to));
    if first == last {
        return of_last(from);
    }
    let between: usize = bits[first + 1..last].iter().map(|word| ones(*word)).sum();
    ones(bits[first] & from) + between + of_last(u64::MAX)
}

/// The next bit from `at` on that is set.
pub fn next_set(bits: &[u64], at: usize) -> Option<usize> {
    next(bits, at, 0)
}

/// The next bit from `at` on that is not set.
pub fn next_clear(bits: &[u64], at: usize) -> Option<usize> {
    next(bits, at, u64::MAX)
}

#[inline]
fn next(bits: &[u64], at: usize, turned: u64) -> Option<usize> {
    let mut word = at / WORD_BYTES;
    let mut rest = (bits.get(word)? ^ turned) & u64::MAX << (at % WORD_BYTES);
    while rest == 0 {
        word += 1;
        rest = bits.get(word)? ^ turned;
    }
    Some(word * WORD_BYTES + rest.trailing_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_over_the_ends_of_words() {
        let mut bits = [0; 4];
        let set = [3..10, 60..70, 100..192, 250..256];
        for at in set.clone().into_iter().flatten() {
            bits[at / 64] |= 1 << (at % 64);
        }
        for len in 1..100 {
            let begins = runs(&bits, len);
            let starts: Vec<usize> =
                (0..256).filter(|at| begins[at / 64] >> (at % 64) & 1 == 1).collect();
            let is_run = |at: &usize| set.iter().any(|run| run.start <= *at && at + len <= run.end);
            assert_eq!(starts, (0..256).filter(is_run).collect::<Vec<_>>(), "{len}");
        }
        assert_eq!((next_set(&bits, 10), next_set(&bits, 256)), (Some(60), None));
        assert_eq!((next_clear(&bits, 100), next_clear(&bits, 250)), (Some(192), None));
        for (range, expected) in
            [(10..60, false), (10..61, true), (192..250, false), (70..256, true)]
        {
            assert_eq!(any(&bits, range), expected);
        }
        for range in [0..256, 4..8, 5..61, 64..128, 69..100, 100..251, 10..10, 192..250] {
            let expected = set.clone().into_iter().flatten().filter(|at| range.contains(at));
            assert_eq!(count(&bits, range.clone()), expected.count(), "{range:?}");
        }
    }
}
