//! What stood where, item by item, in a form that names nothing: by it two looks at a source are
//! held against each other.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

/// One form of one name under one `ETag`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Print {
    /// Keyed digest of source, name and version, cut to 64 bits: among a million names two are
    /// taken for one another once in thirty million looks.
    pub name: u64,
    /// Digest of the `ETag`, cut likewise.
    pub etag: u64,
}

/// What became of the items that are no part of an erasure's plan, from its find to its second
/// look. It touches none of them: what is not as it was, others have changed.
///
/// What is planned to be kept, or could not be read, and what was blocked, is part of the plan: the
/// find has seen as many items as are planned and untouched together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Untouched {
    /// How many the find saw.
    pub items: u64,
    /// Those that have the `ETag` that they had.
    pub unchanged: u64,
    /// Those that have another one.
    pub changed: u64,
    /// Those that are not there any more.
    pub gone: u64,
}

/// What became of an item between two looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Unchanged,
    Changed,
    Gone,
}

/// Two looks at a source, held against each other once for all whom both are about.
pub struct Comparison {
    /// What became of each item that the first saw, in the order of their names.
    fates: Vec<(u64, Fate)>,
    /// All of them.
    all: Untouched,
}

impl Comparison {
    /// Compares two looks. What only the second saw is new and does not count.
    pub fn new(mut before: Vec<Print>, mut after: Vec<Print>) -> Self {
        before.sort_unstable();
        after.sort_unstable();
        let mut after = after.into_iter().peekable();
        let fate = |print: Print| {
            while after.next_if(|now| now.name < print.name).is_some() {}
            match after.peek() {
                Some(now) if *now == print => (print.name, Fate::Unchanged),
                Some(now) if now.name == print.name => (print.name, Fate::Changed),
                Some(_) | None => (print.name, Fate::Gone),
            }
        };
        let fates: Vec<(u64, Fate)> = before.into_iter().map(fate).collect();
        let mut all = Untouched::default();
        fates.iter().for_each(|(_, fate)| *all.of(*fate) += 1);
        all.items = fates.len() as u64;
        Self { fates, all }
    }

    /// How many items the first look saw.
    pub fn items(&self) -> usize {
        self.fates.len()
    }

    /// What became of all but a plan; and which names of the plan the first look saw.
    pub fn without(&self, plan: &HashSet<u64>) -> (Untouched, HashSet<u64>) {
        let (mut untouched, mut seen) = (self.all, HashSet::new());
        for name in plan {
            let first = self.fates.partition_point(|(known, _)| known < name);
            let theirs = self.fates[first..].iter().take_while(|(known, _)| known == name);
            for (_, fate) in theirs {
                *untouched.of(*fate) -= 1;
                untouched.items -= 1;
                seen.insert(*name);
            }
        }
        (untouched, seen)
    }
}

impl Untouched {
    /// Counts others too.
    pub fn add(&mut self, others: Self) {
        self.items += others.items;
        self.unchanged += others.unchanged;
        self.changed += others.changed;
        self.gone += others.gone;
    }

    fn of(&mut self, fate: Fate) -> &mut u64 {
        match fate {
            Fate::Unchanged => &mut self.unchanged,
            Fate::Changed => &mut self.changed,
            Fate::Gone => &mut self.gone,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn prints(pairs: &[(u64, u64)]) -> Vec<Print> {
        pairs.iter().map(|(name, etag)| Print { name: *name, etag: *etag }).collect()
    }

    #[test]
    fn each_item_is_counted_once() {
        let before = prints(&[(9, 1), (1, 1), (5, 1), (3, 1), (7, 1)]);
        let after = prints(&[(2, 9), (9, 1), (1, 1), (5, 2), (8, 1)]);
        let (untouched, seen) = Comparison::new(before.clone(), after).without(&[7, 8].into());
        assert_eq!(untouched, Untouched { items: 4, unchanged: 2, changed: 1, gone: 1 });
        assert_eq!(seen, [7].into());
        let plan = [1, 3, 5, 7, 9].into();
        let (none, seen) = Comparison::new(before, Vec::new()).without(&plan);
        assert_eq!((none, seen), (Untouched::default(), plan));
    }

    proptest! {
        /// Of two looks that leave the plan out from the start the rest is the same.
        #[test]
        fn a_plan_is_left_out_of_a_comparison_as_of_the_looks(
            before in proptest::collection::vec((0_u64..20, 0_u64..3), 0..30),
            after in proptest::collection::vec((0_u64..20, 0_u64..3), 0..30),
            plan in proptest::collection::hash_set(0_u64..25, 0..10),
        ) {
            let (before, after) = (prints(&before), prints(&after));
            let (untouched, seen) = Comparison::new(before.clone(), after.clone()).without(&plan);
            let names: HashSet<u64> = before.iter().map(|print| print.name).collect();
            prop_assert_eq!(seen, names.intersection(&plan).copied().collect());
            let mut rest = before;
            rest.retain(|print| !plan.contains(&print.name));
            let (expected, none) = Comparison::new(rest, after).without(&plan);
            prop_assert_eq!((untouched, HashSet::new()), (expected, none));
        }
    }
}
