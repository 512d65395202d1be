//! Which plans a person must see first.

use serde::{Deserialize, Serialize};

use crate::domain::asked::thing::{Thing, ThingKind};
use crate::domain::request::RequestKind;

/// What an erasure may take of one source before a person has looked at its plan: a wrong identity
/// in a request must not empty a workspace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Guard {
    /// Most items.
    pub items_max: u64,
    /// Largest share of the items, between 0 and 1.
    pub share_max: f64,
    /// Fewer items than this are no share to speak of.
    pub share_items_min: u64,
}

/// What a plan takes of one source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Its name.
    pub source: String,
    /// Items looked at.
    pub seen: u64,
    /// Items of those that were known, and not read.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub known: u64,
    /// Items that would be removed. Plans of earlier versions have those here too that would be
    /// written anew.
    pub removed: u64,
    /// Items that would be written anew.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rewritten: u64,
}

impl Guard {
    /// Why the plan must wait for a person, with the numbers of each source that is over a limit;
    /// `None` if it need not.
    pub fn objection(&self, plan: &[Share]) -> Option<String> {
        let objections: Vec<String> = plan.iter().filter_map(|share| self.over(share)).collect();
        (!objections.is_empty()).then(|| objections.join("; "))
    }

    /// The same of what is done with a thing. Nothing was looked at but what belongs to it, so that
    /// there is no share to speak of.
    pub fn objection_to(&self, kind: RequestKind, thing: &Thing, plan: &[Share]) -> Option<String> {
        if kind == RequestKind::DeleteThing && thing.kind == ThingKind::Workspace {
            return Some("a whole workspace would be deleted".to_owned());
        }
        Self { share_items_min: u64::MAX, ..*self }.objection(plan)
    }

    fn over(&self, share: &Share) -> Option<String> {
        let Share { source, seen, removed, rewritten, .. } = share;
        let taken = removed + rewritten;
        if taken > self.items_max {
            let max = self.items_max;
            let done = match (removed, rewritten) {
                (_, 0) => format!("{removed} items would be removed"),
                (0, _) => format!("{rewritten} items would be rewritten"),
                _ => format!("{removed} items would be removed and {rewritten} rewritten"),
            };
            return Some(format!("{source}: {done}, over {max}"));
        }
        #[expect(clippy::cast_precision_loss, reason = "a share of 2^52 items may be off by one")]
        let is_over = taken as f64 > self.share_max * *seen as f64;
        // Of a source that is asked nobody knows how much there is: the number alone counts.
        let is_over = is_over && *seen > 0;
        (is_over && taken >= self.share_items_min).then(|| {
            let percent = self.share_max * 100.0;
            let done = match (removed, rewritten) {
                (_, 0) => "removed".to_owned(),
                (0, _) => "rewritten".to_owned(),
                _ => format!("removed ({removed}) or rewritten ({rewritten})"),
            };
            format!("{source}: {taken} of {seen} items would be {done}, over {percent}%")
        })
    }
}

/// Whether a count need not be written.
pub fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guard_looks_at_each_source_alone() {
        let guard = Guard { items_max: 1_000, share_max: 0.5, share_items_min: 100 };
        let table = [
            // seen, removed, rewritten, objection
            (0, 0, 0, ""),
            (0, 1_000, 0, ""),
            (0, 1_001, 0, "blobs: 1001 items would be removed, over 1000"),
            (99, 99, 0, ""),
            (100, 100, 0, "blobs: 100 of 100 items would be removed, over 50%"),
            (200, 100, 0, ""),
            (200, 101, 0, "blobs: 101 of 200 items would be removed, over 50%"),
            (200, 19, 80, ""),
            (
                200,
                21,
                80,
                "blobs: 101 of 200 items would be removed (21) or rewritten (80), over 50%",
            ),
            (1_000_000, 1_000, 0, ""),
            (1_000_000, 1_001, 0, "blobs: 1001 items would be removed, over 1000"),
            (1_000_000, 0, 1_001, "blobs: 1001 items would be rewritten, over 1000"),
            (1_000_000, 19, 982, "blobs: 19 items would be removed and 982 rewritten, over 1000"),
        ];
        let share = |source: &str, seen, removed, rewritten| Share {
            source: source.into(),
            seen,
            known: 0,
            removed,
            rewritten,
        };
        for (seen, removed, rewritten, objection) in table {
            let plan = [share("other", 1_000_000, 0, 0), share("blobs", seen, removed, rewritten)];
            let expected = (!objection.is_empty()).then(|| objection.to_owned());
            assert_eq!(guard.objection(&plan), expected, "{removed} and {rewritten} of {seen}");
        }
        let both = [share("a", 200, 200, 0), share("b", 9_999, 5_000, 0)];
        assert_eq!(guard.objection(&both).unwrap().matches("; ").count(), 1);
    }

    #[test]
    fn of_a_thing_the_number_counts_and_no_share() {
        let guard = Guard { items_max: 1_000, share_max: 0.5, share_items_min: 100 };
        let thing = |kind| {
            let name = "t".to_owned();
            Thing { kind, name, output: None, with_dependents: false, permanently: true }
        };
        let plan = |removed| {
            let source = "blobs".to_owned();
            vec![Share { source, seen: removed, known: 0, removed, rewritten: 0 }]
        };
        let (delete, run) = (RequestKind::DeleteThing, thing(ThingKind::Run));
        assert_eq!(guard.objection_to(delete, &run, &plan(1_000)), None);
        assert!(guard.objection_to(delete, &run, &plan(1_001)).is_some());
        assert!(guard.objection_to(delete, &thing(ThingKind::Workspace), &plan(1)).is_some());
    }
}
