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

impl Untouched {
    /// Compares two looks, leaving out the names that are part of the plan. What only the second
    /// look saw is new and does not count.
    pub fn new(mut before: Vec<Print>, mut after: Vec<Print>, planned: &HashSet<u64>) -> Self {
        before.sort_unstable();
        after.sort_unstable();
        let mut untouched = Self::default();
        let mut after = after.into_iter().peekable();
        for print in before.into_iter().filter(|print| !planned.contains(&print.name)) {
            while after.next_if(|now| now.name < print.name).is_some() {}
            untouched.items += 1;
            match after.peek() {
                Some(now) if *now == print => untouched.unchanged += 1,
                Some(now) if now.name == print.name => untouched.changed += 1,
                Some(_) | None => untouched.gone += 1,
            }
        }
        untouched
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_item_is_counted_once() {
        let prints = |pairs: &[(u64, u64)]| -> Vec<Print> {
            pairs.iter().map(|(name, etag)| Print { name: *name, etag: *etag }).collect()
        };
        let before = prints(&[(9, 1), (1, 1), (5, 1), (3, 1), (7, 1)]);
        let after = prints(&[(2, 9), (9, 1), (1, 1), (5, 2), (8, 1)]);
        let untouched = Untouched::new(before.clone(), after, &[7].into());
        assert_eq!(untouched, Untouched { items: 4, unchanged: 2, changed: 1, gone: 1 });
        let none = Untouched::new(before, Vec::new(), &[1, 3, 5, 7, 9].into());
        assert_eq!(none, Untouched::default());
    }
}
