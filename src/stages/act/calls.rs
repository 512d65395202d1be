//! How far the calls of a purge are: which values the service has taken, which it refuses, and how
//! many it is given next. Decides, and calls nobody.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::failure::Failure;
use crate::domain::item::Item;
use crate::ports::kept::purges::Purge;
use crate::stages::account::records::Account;

/// Refusals one after the other after which the rest is not tried: a value that the service does
/// not take is found in fewer, and each is a call of the budget.
const REFUSALS_MAX: u32 = 8;

/// How far the calls of a purge are, as the ledger keeps it, sealed.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// Where the rows are; none before the first call.
    pub item: Option<Item>,
    /// What the service has not finished.
    pub running: Vec<Call>,
    /// Keyed digests of the values that were handed over.
    handed: BTreeSet<String>,
    /// Why the service does not remove values, by their keyed digests.
    refused: BTreeMap<String, String>,
    /// Most values of the next call, since it refused more; none where it has not.
    part_max: Option<usize>,
    /// How many calls it has refused since it took one.
    refusals: u32,
    /// Whether all values were handed over.
    pub is_called: bool,
}

/// A call that the service has not finished.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// What it knows the call by.
    pub handle: String,
    /// Keyed digests of its values.
    pub values: Vec<String>,
}

/// A value, behind its keyed digest.
pub type Keyed = (String, String);

impl Work {
    /// Whether a value was handed over to the service.
    pub fn has_handed(&self, digest: &str) -> bool {
        self.handed.contains(digest)
    }

    /// Whether any value was.
    pub fn has_handed_any(&self) -> bool {
        !self.handed.is_empty()
    }

    /// Whether a value was neither handed over nor refused.
    pub fn is_open(&self, digest: &str) -> bool {
        !self.has_handed(digest) && self.refusal(digest).is_none()
    }

    /// The service has given up a call that it took.
    pub fn gave_up(&mut self, values: Vec<String>, why: &str) {
        self.refused.extend(values.into_iter().map(|digest| (digest, why.to_owned())));
    }

    /// Why the service does not remove a value, where it does not.
    pub fn refusal(&self, digest: &str) -> Option<&str> {
        self.refused.get(digest).map(String::as_str)
    }

    /// How many of the first of these values are handed over next.
    pub fn part(&self, values: &[Keyed], values_max: usize, bytes_max: usize) -> usize {
        let most = self.part_max.unwrap_or(values_max).min(values_max).max(1);
        let mut bytes = 0_usize;
        let fits = values.iter().take(most).take_while(|(_, value)| {
            bytes = bytes.saturating_add(value.len());
            bytes <= bytes_max
        });
        fits.count().max(1).min(values.len())
    }

    /// The service took a call, or needed none.
    pub fn took(&mut self, part: &[Keyed]) {
        self.handed.extend(part.iter().map(|(digest, _)| digest.clone()));
        self.part_max = self.part_max.map(|most| most.saturating_mul(2));
        self.refusals = 0;
    }

    /// The service refused a call for good: fewer are tried, and of one that is known which.
    pub fn was_refused(&mut self, values: &[Keyed], count: usize, why: &str) {
        self.refusals += 1;
        self.part_max = Some((count / 2).max(1));
        let known = match (count, self.refusals > REFUSALS_MAX) {
            (_, true) => values,
            (1, false) => &values[..1],
            _ => &[],
        };
        let known = known.iter().map(|(digest, _)| (digest.clone(), why.to_owned()));
        self.refused.extend(known);
    }
}

/// By what a value is known in a purge.
pub fn digest(account: &Account, value: &str) -> String {
    account.keys.digest(format!("value {value}").as_bytes())
}

/// How far the calls of a purge are.
///
/// # Errors
/// It cannot be unsealed.
pub fn work(account: &Account, purge: &Purge) -> Result<Work, Failure> {
    let (id, sealed) = (&purge.id, purge.sealed.as_slice());
    if sealed.is_empty() {
        return Ok(Work::default());
    }
    let doing = "unsealing a purge";
    let text = account.keys.open_purge(id, sealed);
    let text = text.map_err(|error| Failure::needs_person(doing).because(error))?;
    // The error would quote it.
    serde_json::from_str(&text).map_err(|_| Failure::permanent(doing))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyed(texts: &[&str]) -> Vec<Keyed> {
        texts.iter().map(|text| (format!("digest of {text}"), (*text).to_owned())).collect()
    }

    #[test]
    fn a_call_has_as_many_values_and_bytes_as_the_service_takes() {
        let table: [(&[&str], Option<usize>, usize, usize); 6] = [
            (&["a", "b", "c"], None, 100, 3),
            (&["a", "b", "c"], Some(2), 100, 2),
            (&["aaaa", "bbbb", "c"], None, 8, 2),
            (&["far more than it takes", "b"], None, 8, 1),
            (&["a", "far more than it takes"], None, 8, 1),
            (&["a", "b"], Some(usize::MAX), usize::MAX, 2),
        ];
        for (texts, part_max, bytes_max, expected) in table {
            let work = Work { part_max, ..Work::default() };
            assert_eq!(work.part(&keyed(texts), 10, bytes_max), expected, "{texts:?}");
        }
    }

    /// Whichever values a service does not take: those are told, all others are handed over, and
    /// where it takes none that is learned in few calls.
    #[test]
    fn values_that_are_refused_keep_no_others() {
        let texts: Vec<String> = (0..100).map(|number| format!("{number:02}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let all: Vec<&str> = texts.clone();
        let bad: [&[&str]; 6] = [&[], &["00"], &["57"], &["99"], &["03", "04", "80"], &all];
        for bad in bad {
            let values = keyed(&texts);
            let (mut work, mut left, mut calls) = (Work::default(), values.as_slice(), 0);
            while !left.is_empty() {
                let count = work.part(left, 100, usize::MAX);
                calls += 1;
                if left[..count].iter().any(|(_, text)| bad.contains(&text.as_str())) {
                    work.was_refused(left, count, "no");
                } else {
                    work.took(&left[..count]);
                }
                let is_over = |(digest, _): &&Keyed| !work.is_open(digest);
                left = &left[left.iter().take_while(is_over).count()..];
            }
            let bad: Vec<String> = bad.iter().map(|text| format!("digest of {text}")).collect();
            assert_eq!(work.refused.keys().cloned().collect::<Vec<_>>(), bad);
            assert_eq!(work.handed.len(), 100 - bad.len());
            assert!(calls <= 40 && (bad.len() < 100 || calls <= 10), "{calls} for {bad:?}");
        }
    }
}
