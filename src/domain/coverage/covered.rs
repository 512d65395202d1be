//! What is told of a place: in the ledger for good, in events, certificates and archives.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::coverage::place::{Looked, PlaceSort};

/// A place, or several of which the same is to be said. Members stand in the order of their names:
/// certificates are signed so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Covered {
    /// Where what has a name of its own leads to: `ACCOUNT/CONTAINER`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Whether it was looked at.
    pub looked: Looked,
    /// What it is called, or [`WITHHELD`]; none where these are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How many, where these are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub places: Option<u64>,
    /// What sort of place it is.
    pub sort: PlaceSort,
    /// Configured name of the source that tells of it, or looks at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// A stable word of why not, or the service's own code.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// All that is told of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Coverage(pub Vec<Covered>);

/// In place of a name that may speak of a person.
pub const WITHHELD: &str = "(name withheld)";

/// Bytes of the list in a record and in a certificate.
pub const RECORD_BYTES_MAX: usize = 256 << 10;

/// Bytes of the list in an event, which has other things to say.
pub const EVENT_BYTES_MAX: usize = 12 << 10;

/// A line of which only the sort is told, in the order of telling.
type Group = (bool, Looked, PlaceSort, Option<String>, String);

impl Coverage {
    /// Of this list; `None` where nothing is told.
    pub fn of(list: Vec<Covered>) -> Option<Box<Self>> {
        (!list.is_empty()).then(|| Box::new(Self(list)))
    }

    /// Whether a place was to be looked at and was not.
    pub fn is_short(&self) -> bool {
        self.0.iter().any(Covered::is_short)
    }
}

impl Covered {
    /// Whether it was to be looked at and was not: who was sent there was not let in.
    pub fn is_short(&self) -> bool {
        self.looked == Looked::Refused && self.sort.is_its_own()
    }

    /// How many places the line is about.
    pub fn count(&self) -> u64 {
        self.places.unwrap_or(1)
    }

    fn group(&self) -> Group {
        let Self { looked, sort, source, why, .. } = self;
        (*looked == Looked::Looked, *looked, *sort, source.clone(), why.clone())
    }
}

/// In the order of telling: what was not looked at first.
pub fn sorted(mut list: Vec<Covered>) -> Vec<Covered> {
    list.sort_by_cached_key(|one| (one.group(), one.name.clone(), one.at.clone()));
    list
}

/// A list that is no longer than so many bytes: with all names, or only how many places of a sort
/// there are. However many sources and reasons there are, an end is found by telling less of them.
pub fn within(list: &[Covered], bytes_max: usize) -> Vec<Covered> {
    let fits =
        |list: &[Covered]| serde_json::to_vec(list).is_ok_and(|written| written.len() <= bytes_max);
    if fits(list) {
        return list.to_vec();
    }
    let grouped = grouped(list, |_| {});
    if fits(&grouped) {
        return grouped;
    }
    // Sorts and answers are few.
    self::grouped(list, |group| (group.3, group.4) = (None, String::new()))
}

fn grouped(list: &[Covered], blur: impl Fn(&mut Group)) -> Vec<Covered> {
    let mut groups: BTreeMap<Group, u64> = BTreeMap::new();
    // Of these there is one line, and where it leads to is to be done by hand.
    let is_kept = |one: &&Covered| one.sort == PlaceSort::TenantLogs;
    let kept = list.iter().filter(is_kept).take(1).cloned();
    for one in list.iter().filter(|one| !is_kept(one)) {
        let mut group = one.group();
        blur(&mut group);
        *groups.entry(group).or_default() += one.count();
    }
    let told = |((_, looked, sort, source, why), places): (Group, u64)| {
        let (at, name, places) = (None, None, Some(places));
        Covered { at, looked, name, places, sort, source, why }
    };
    kept.chain(groups.into_iter().map(told)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(number: usize, looked: Looked) -> Covered {
        Covered {
            at: Some(format!("account/container-{number:05}")),
            looked,
            name: Some(format!("container-{number:05}")),
            places: None,
            sort: PlaceSort::Container,
            source: Some(format!("source-{:04}", number / 10)),
            why: String::new(),
        }
    }

    #[test]
    fn a_list_is_told_whole_or_counted_and_never_too_long() {
        for places in [0, 1, 10, 100, 1_000, 10_000] {
            let list: Vec<Covered> =
                (0..places).map(|number| place(number, Looked::NotConfigured)).collect();
            for bytes_max in [EVENT_BYTES_MAX, RECORD_BYTES_MAX] {
                let told = within(&list, bytes_max);
                assert!(serde_json::to_vec(&told).unwrap().len() <= bytes_max, "{places}");
                assert_eq!(told.iter().map(Covered::count).sum::<u64>(), places as u64);
            }
        }
    }

    #[test]
    fn what_was_not_looked_at_comes_first_and_keeps_its_word_in_a_group() {
        let looks = [Looked::Looked, Looked::Refused, Looked::NotConfigured, Looked::NotAsked];
        let list: Vec<Covered> = (0..4_000).map(|at| place(at, looks[at % 4])).collect();
        let told = within(&sorted(list), EVENT_BYTES_MAX);
        let words: Vec<&str> = told.iter().map(|one| one.looked.word()).collect();
        assert_eq!(words, ["not_configured", "not_asked", "refused", "looked"]);
        assert!(told.iter().all(|one| one.places == Some(1_000)));
    }

    #[test]
    fn who_was_not_let_in_where_it_was_sent_fell_short() {
        for (sort, looked, expected) in [
            (PlaceSort::Service, Looked::Refused, true),
            (PlaceSort::TelemetryTable, Looked::Refused, true),
            (PlaceSort::TenantLogs, Looked::Refused, true),
            (PlaceSort::TenantLogs, Looked::CannotBeLookedAt, false),
            (PlaceSort::Service, Looked::CannotBeLookedAt, false),
            (PlaceSort::Container, Looked::Refused, false),
            (PlaceSort::Container, Looked::NotConfigured, false),
            (PlaceSort::Source, Looked::NotAsked, false),
        ] {
            let one = Covered { sort, ..place(1, looked) };
            assert_eq!(one.is_short(), expected, "{sort:?} {looked:?}");
        }
    }
}
