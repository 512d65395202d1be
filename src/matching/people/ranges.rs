//! Ranges of a text, to be asked whether one of them holds another: a text may have as many of them
//! as it has words.

use std::ops::Range;

/// Ranges in order.
pub struct Ranges {
    /// Where each starts, and where the furthest ends of those that start there or before.
    ends: Vec<(usize, usize)>,
}

impl Ranges {
    /// Of these, in any order.
    pub fn new(mut ranges: Vec<Range<usize>>) -> Self {
        ranges.sort_unstable_by_key(|range| range.start);
        let mut furthest = 0;
        let mut furthest_of = |range: Range<usize>| {
            furthest = range.end.max(furthest);
            (range.start, furthest)
        };
        Self { ends: ranges.into_iter().map(&mut furthest_of).collect() }
    }

    /// Whether one of them holds the whole of this one.
    pub fn hold(&self, range: &Range<usize>) -> bool {
        let after = self.ends.partition_point(|(start, _)| *start <= range.start);
        after.checked_sub(1).is_some_and(|last| self.ends[last].1 >= range.end)
    }

    /// Whether one of them has a part of this one.
    pub fn meet(&self, range: &Range<usize>) -> bool {
        let before = self.ends.partition_point(|(start, _)| *start < range.end);
        before.checked_sub(1).is_some_and(|last| self.ends[last].1 > range.start)
    }

    /// Where the one that starts here ends, the furthest if several do.
    pub fn end_of(&self, start: usize) -> Option<usize> {
        let after = self.ends.partition_point(|(other, _)| *other <= start);
        let (other, end) = *self.ends.get(after.checked_sub(1)?)?;
        (other == start).then_some(end)
    }

    /// Whether one of them starts here.
    pub fn start_at(&self, at: usize) -> bool {
        self.ends.binary_search_by_key(&at, |(start, _)| *start).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn as_if_each_were_asked(
            all in proptest::collection::vec((0usize..30, 0usize..10), 0..12),
            (start, len) in (0usize..30, 0usize..10),
        ) {
            let all: Vec<Range<usize>> =
                all.into_iter().map(|(start, len)| start..start + len).collect();
            let asked = start..start + len;
            let held = all.iter().any(|one| one.start <= asked.start && asked.end <= one.end);
            let starts = all.iter().any(|one| one.start == start);
            let met = all.iter().any(|one| one.start < asked.end && asked.start < one.end);
            let ranges = Ranges::new(all);
            prop_assert_eq!((ranges.hold(&asked), ranges.start_at(start)), (held, starts));
            prop_assert_eq!(ranges.meet(&asked), met);
        }
    }
}
