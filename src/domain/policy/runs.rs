//! Which run a name belongs to, and which runs the subject created.
//!
//! A workspace keeps a run under its id in several places (azureml-core's `Run`, azure-ai-ml's
//! `_job_operations.py`): `ExperimentRun/dcid.RUN/…`, `ArtifactZip/ExperimentRun/dcid.RUN.zip`,
//! `ComputeRecord/dcid.RUN`, and in the default datastore `azureml/RUN/OUTPUT/…` and
//! `dataset/RUN/OUTPUT/…`. Ids are compared whole: `run1` is not `run10`. A child run is named
//! after its parent: `PARENT_3`, `PARENT_setup`, `HD_GUID_0`.

use std::collections::BTreeSet;

use crate::domain::item::{Finding, Hit};

/// The runs of one subject, by id. The ids may speak of the subject, so there is no `Debug`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Runs(BTreeSet<String>);

/// How a name belongs to runs of the subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belongs {
    /// To a run that the subject created.
    ToRun,
    /// To a run that is named as a child of such a run is.
    ToChild,
}

/// Where a run document says who created the run: first segments of JSON Pointers.
const CREATORS: [&str; 3] = ["/createdBy", "/userId", "/systemData/createdBy"];

/// What ends the id of a child run after its parent's and `_`, beside a number
/// (azureml-train-automl makes them).
const CHILDREN: [&str; 5] = ["setup", "featurize", "preparation", "ModelExplain", "worker"];

impl Runs {
    /// Adds the run that a finding's own document says the subject created, if it says so.
    pub fn learn(&mut self, finding: &Finding) {
        if let Some(run) = run_of(&finding.item.name).filter(|_| finding.hits.iter().any(creates)) {
            self.0.insert(run.to_owned());
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this run is one of them.
    pub fn contains(&self, run: &str) -> bool {
        self.0.contains(run)
    }

    /// Each run's id.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// How a name belongs to these runs, if it does.
    pub fn belongs(&self, name: &str) -> Option<Belongs> {
        let run = run_of(name)?;
        if self.0.contains(run) {
            return Some(Belongs::ToRun);
        }
        let is_child = self.0.iter().any(|parent| is_child(run, parent));
        is_child.then_some(Belongs::ToChild)
    }
}

/// What names that belong to this run, or to one that is named as its child, begin with.
pub fn prefixes(run: &str) -> [String; 5] {
    [
        format!("ExperimentRun/dcid.{run}"),
        format!("ArtifactZip/ExperimentRun/dcid.{run}"),
        format!("ComputeRecord/dcid.{run}"),
        format!("azureml/{run}"),
        format!("dataset/{run}"),
    ]
}

/// The id of the run that a name belongs to.
pub fn run_of(name: &str) -> Option<&str> {
    let run = if let Some(rest) = name.strip_prefix("ArtifactZip/ExperimentRun/dcid.") {
        rest.strip_suffix(".zip")?
    } else if let Some(rest) = name.strip_prefix("ExperimentRun/dcid.") {
        rest.split_once('/')?.0
    } else if let Some(rest) = name.strip_prefix("ComputeRecord/dcid.") {
        rest.split('/').next()?
    } else {
        let rest = name.strip_prefix("azureml/").or_else(|| name.strip_prefix("dataset/"))?;
        rest.split_once('/')?.0
    };
    (!run.is_empty() && !run.contains('/')).then_some(run)
}

/// Whether a run's id is that of a child, or a child's child, of `parent`.
pub fn is_child(run: &str, parent: &str) -> bool {
    let Some(rest) = run.strip_prefix(parent).and_then(|rest| rest.strip_prefix('_')) else {
        return false;
    };
    rest.split('_').all(|part| {
        let is_number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        is_number || CHILDREN.contains(&part)
    })
}

fn creates(hit: &Hit) -> bool {
    let says = |creator: &str| {
        hit.place.strip_prefix(creator).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    hit.view.starts_with("json") && CREATORS.iter().any(|creator| says(creator))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::item::{Item, Version};

    fn finding(name: &str, view: &str, place: &str) -> Finding {
        let item = Item::bare("runs", name, Version::Current);
        let hit = Hit { identity: 0, view: view.into(), place: place.into() };
        Finding { item, hits: vec![hit], digest: None, others: false }
    }

    #[test]
    fn names_lead_to_runs() {
        let table = [
            ("ExperimentRun/dcid.r1/logs/a.txt", Some("r1")),
            ("ExperimentRun/dcid.r1", None),
            ("ExperimentRun/dcid./x", None),
            ("ExperimentRun/r1/x", None),
            ("ArtifactZip/ExperimentRun/dcid.r1.zip", Some("r1")),
            ("ArtifactZip/ExperimentRun/dcid.r1.zip/x", None),
            ("ComputeRecord/dcid.r1", Some("r1")),
            ("ComputeRecord/dcid.r1/x", Some("r1")),
            ("azureml/r1/out/part.csv", Some("r1")),
            ("dataset/r1/out", Some("r1")),
            ("azureml/r1", None),
            ("LocalUpload/r1/x", None),
        ];
        for (name, run) in table {
            assert_eq!(run_of(name), run, "{name}");
        }
    }

    #[test]
    fn a_run_is_the_subjects_where_its_document_says_who_created_it() {
        let table = [
            ("ExperimentRun/dcid.r1/run.json", "json", "/createdBy/upn", true),
            ("ExperimentRun/dcid.r1/run.json", "json", "/userId", true),
            ("ExperimentRun/dcid.r1/run.json", "json", "/systemData/createdBy", true),
            ("ExperimentRun/dcid.r1/run.json", "json", "/createdByMe", false),
            ("ExperimentRun/dcid.r1/run.json", "json", "/lastModifiedBy/upn", false),
            ("ExperimentRun/dcid.r1/run.json", "json", "/tags/createdBy", false),
            ("ExperimentRun/dcid.r1/a.txt", "text", "line 1 column 1", false),
            ("LocalUpload/run.json", "json", "/createdBy/upn", false),
        ];
        for (name, view, place, learns) in table {
            let mut runs = Runs::default();
            runs.learn(&finding(name, view, place));
            assert_eq!(!runs.is_empty(), learns, "{name} {view} {place}");
        }
    }

    #[test]
    fn neighbours_by_name_are_left_alone() {
        let runs = Runs(["run1".to_owned(), "HD_7".to_owned()].into());
        let table = [
            ("ExperimentRun/dcid.run1/x", Some(Belongs::ToRun)),
            ("ArtifactZip/ExperimentRun/dcid.run1.zip", Some(Belongs::ToRun)),
            ("ComputeRecord/dcid.run1", Some(Belongs::ToRun)),
            ("azureml/run1/out/x", Some(Belongs::ToRun)),
            ("ExperimentRun/dcid.run1_3/x", Some(Belongs::ToChild)),
            ("ExperimentRun/dcid.run1_3_setup/x", Some(Belongs::ToChild)),
            ("ComputeRecord/dcid.HD_7_0", Some(Belongs::ToChild)),
            ("ExperimentRun/dcid.run10/x", None),
            ("ExperimentRun/dcid.run1_v2/x", None),
            ("ExperimentRun/dcid.run1_/x", None),
            ("ExperimentRun/dcid.run/x", None),
            ("ExperimentRun/dcid.HD_70/x", None),
            ("azureml/run10/out/x", None),
        ];
        for (name, belongs) in table {
            assert_eq!(runs.belongs(name), belongs, "{name}");
        }
    }
}
