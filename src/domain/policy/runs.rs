//! Which runs the subject created, and what belongs to them.
//!
//! A run's document says who created it, and a name which run an item belongs to. Ids are compared
//! whole: `run1` is not `run10`. They are ids within a workspace, and another one may have a run of
//! the same id that somebody else created: where one document says so, what belongs to which of the
//! two is told by the container that it is in, or else by the account; what is in doubt stays. A
//! run that is known from the services of a workspace has its blobs in that workspace's account.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::item::Hit;
use crate::domain::layout::parents;

/// The runs of one subject, by id. The ids may speak of the subject, so there is no `Debug`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Runs {
    /// Where a document says that the subject created the run.
    created: BTreeMap<String, BTreeSet<Home>>,
    /// Where one says that somebody else did.
    of_others: BTreeMap<String, BTreeSet<Home>>,
}

/// A container, or the services of a workspace, as far as that tells whose runs are there.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Home {
    /// The name of the account that holds it, or in which the workspace keeps blobs; empty where
    /// that is not known.
    pub account: String,
    /// The source that reads it.
    pub source: String,
    /// What the names of its items begin with.
    pub prefix: String,
    /// Whether these are the services.
    pub is_service: bool,
}

/// How a run is one of the subject's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belongs {
    /// The subject created it.
    ToRun,
    /// It is named as a child of such a run is.
    ToChild,
}

/// Where a run document says who created the run: first segments of JSON Pointers.
const CREATORS: [&str; 3] = ["/createdBy", "/userId", "/systemData/createdBy"];

impl Home {
    /// Whether both are of one workspace, as far as accounts tell.
    pub fn is_near(&self, other: &Self) -> bool {
        self.account == other.account && !(self.account.is_empty() && self.is_service)
    }

    /// Whether what is there may belong to a run whose document is here.
    fn reaches(&self, there: &Self) -> bool {
        !self.is_service || self.is_near(there)
    }
}

impl Runs {
    /// Adds a run whose document, which is there, says that the subject created it.
    pub fn learn(&mut self, run: &str, home: &Home) {
        self.created.entry(run.to_owned()).or_default().insert(home.clone());
    }

    /// The same of a run that somebody else created.
    pub fn deny(&mut self, run: &str, home: &Home) {
        self.of_others.entry(run.to_owned()).or_default().insert(home.clone());
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.created.is_empty()
    }

    /// Whether the subject created this run.
    pub fn contains(&self, run: &str) -> bool {
        self.created.contains_key(run)
    }

    /// Whether a document that is there was found to say so.
    pub fn is_known(&self, run: &str, home: &Home) -> bool {
        self.created.get(run).is_some_and(|homes| homes.contains(home))
    }

    /// Each that the subject created, and where documents say so.
    pub fn created(&self) -> impl Iterator<Item = (&str, &BTreeSet<Home>)> {
        self.created.iter().map(|(run, homes)| (run.as_str(), homes))
    }

    /// The id of each to which something may belong that is there.
    pub fn ids_at<'a>(&'a self, home: &'a Home) -> impl Iterator<Item = &'a str> {
        self.created().map(|(run, _)| run).filter(|run| self.reach(run, home))
    }

    /// How a run is one of these by its id, if it is, and if what belongs to it may be there.
    pub fn belongs(&self, run: &str, home: &Home) -> Option<Belongs> {
        if self.reach(run, home) {
            return Some(Belongs::ToRun);
        }
        parents(run).any(|parent| self.reach(parent, home)).then_some(Belongs::ToChild)
    }

    /// Whether what belongs to this run, and is there, is the subject's.
    pub fn takes(&self, run: &str, home: &Home) -> bool {
        let settles = |run: &str| -> Option<bool> {
            let created = self.created.get(run).filter(|_| self.reach(run, home));
            let denied = self.of_others.get(run).filter(|homes| reach(homes, home));
            let Some(denied) = denied else { return created.map(|_| true) };
            let here = |homes: &BTreeSet<Home>| homes.iter().any(|each| each.is_near(home));
            let is_ours = created.is_some_and(|homes| homes.contains(home));
            Some(is_ours || (created.is_some_and(here) && !here(denied)))
        };
        std::iter::once(run).chain(parents(run)).find_map(settles).unwrap_or(false)
    }

    /// Whether a service said so of a run whose blobs are there, by its id or by that of a run that
    /// it is named as a child of.
    pub fn is_served(&self, run: &str, home: &Home) -> bool {
        let mut all = std::iter::once(run).chain(parents(run));
        all.any(|run| {
            let homes = self.created.get(run).into_iter().flatten();
            homes.filter(|each| each.is_service).any(|each| each.is_near(home))
        })
    }

    fn reach(&self, run: &str, home: &Home) -> bool {
        self.created.get(run).is_some_and(|homes| reach(homes, home))
    }
}

/// Whether what is there may belong to a run of which one of these documents speaks.
fn reach(homes: &BTreeSet<Home>, there: &Home) -> bool {
    homes.iter().any(|each| each.reaches(there))
}

/// Whether places in a run's document say that the subject created the run.
pub fn say_created<'a>(hits: impl IntoIterator<Item = &'a Hit>) -> bool {
    hits.into_iter().any(creates)
}

fn creates(hit: &Hit) -> bool {
    let says = |creator: &str| {
        hit.place.strip_prefix(creator).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let reading = hit.view.rsplit(" > ").next().unwrap_or_default();
    reading.starts_with("json") && CREATORS.iter().any(|creator| says(creator))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(account: &str, prefix: &str) -> Home {
        let (account, source, prefix) = (account.into(), "s".into(), prefix.into());
        Home { account, source, prefix, is_service: false }
    }

    fn service(account: &str, source: &str) -> Home {
        let (account, source) = (account.into(), source.into());
        Home { account, source, prefix: String::new(), is_service: true }
    }

    #[test]
    fn a_run_is_the_subjects_where_its_document_says_who_created_it() {
        let table = [
            ("json", "/createdBy/upn", true),
            ("json", "/userId", true),
            ("json", "/systemData/createdBy", true),
            ("json", "/createdByMe", false),
            ("json", "/lastModifiedBy/upn", false),
            ("json", "/tags/createdBy", false),
            ("text", "line 1 column 1", false),
        ];
        for (view, place, says) in table {
            let hit = Hit { identity: 0, view: view.into(), place: place.into() };
            assert_eq!(say_created(&[hit]), says, "{view} {place}");
        }
    }

    #[test]
    fn neighbours_by_name_are_left_alone() {
        let mut runs = Runs::default();
        let here = home("a", "azureml/");
        runs.learn("run1", &here);
        runs.learn("HD_7", &here);
        let table = [
            ("run1", Some(Belongs::ToRun)),
            ("run1_3", Some(Belongs::ToChild)),
            ("run1_3_setup", Some(Belongs::ToChild)),
            ("HD_7_0", Some(Belongs::ToChild)),
            ("run10", None),
            ("run1_v2", None),
            ("run1_", None),
            ("run", None),
            ("Run1", None),
            ("run1.", None),
            ("HD_70", None),
        ];
        for (run, belongs) in table {
            let elsewhere = home("b", "");
            assert_eq!(runs.belongs(run, &elsewhere), belongs, "{run}");
            assert_eq!(runs.takes(run, &elsewhere), belongs.is_some(), "{run}");
        }
    }

    #[test]
    fn runs_of_one_id_in_two_workspaces_are_told_apart() {
        let (ann, bob) = (home("a", "azureml/"), home("b", "azureml/"));
        let mut runs = Runs::default();
        runs.learn("train", &ann);
        runs.deny("train", &bob);
        runs.deny("train_2", &ann);
        let table = [
            ("train", &ann, true),
            ("train", &bob, false),
            ("train", &home("a", "azureml-blobstore-1/"), true),
            ("train", &home("b", "azureml-blobstore-1/"), false),
            ("train", &home("c", "azureml-blobstore-1/"), false),
            ("train_1", &home("a", "azureml-blobstore-1/"), true),
            ("train_2", &ann, false),
            ("train_2_1", &ann, false),
        ];
        for (run, home, takes) in table {
            assert_eq!(runs.takes(run, home), takes, "{run} in {} {}", home.account, home.prefix);
        }
        runs.deny("train", &home("a", "azureml-copy/"));
        assert!(runs.takes("train", &ann), "its document is there");
        assert!(
            !runs.takes("train", &home("a", "azureml-blobstore-1/")),
            "whose it is is in doubt"
        );
    }

    /// A workspace keeps what its runs write in its account, and who reads a container of another
    /// one has a run of the same id there that is another's.
    #[test]
    fn a_run_of_a_service_takes_what_is_in_its_account_alone() {
        let mut runs = Runs::default();
        let here = service("a", "ws");
        runs.learn("train", &here);
        runs.learn("lost", &service("", "strange"));
        let table = [
            ("train", &home("a", "azureml/"), true),
            ("train", &home("a", "azureml-blobstore-1/"), true),
            ("train_2", &home("a", "azureml/"), true),
            ("train", &home("b", "azureml/"), false),
            ("train_2", &home("b", "azureml/"), false),
            ("train", &home("", ""), false),
            ("lost", &home("", ""), false),
            ("trains", &home("a", "azureml/"), false),
        ];
        for (run, home, takes) in table {
            assert_eq!(runs.takes(run, home), takes, "{run} in {}", home.account);
            assert_eq!(runs.belongs(run, home).is_some(), takes, "{run} in {}", home.account);
            assert_eq!(runs.is_served(run, home), takes, "{run} in {}", home.account);
        }
        // What another says of a run of that id in its account is nothing of this one.
        runs.deny("train", &service("b", "other"));
        assert!(runs.takes("train", &home("a", "azureml/")));
        // Another workspace in the same account has one too: whose its blobs are is in doubt.
        runs.deny("train", &service("a", "other"));
        assert!(!runs.takes("train", &home("a", "azureml/")));
        assert!(runs.takes("train", &here), "the service says so itself");
    }
}
