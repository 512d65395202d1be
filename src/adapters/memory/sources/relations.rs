//! What things in memory have to do with each other, as the services of a workspace have it: runs
//! have children, experiments have runs, and a name has what is below it.
//!
//! Run documents say it: `parentRunId`, `experimentName`, `properties.ContentSnapshotId`.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::adapters::memory::sources::shelves::Shelves;
use crate::domain::item::Version;
use crate::domain::layout::{Container, documents_of};

impl Shelves {
    /// The runs whose documents name this one as theirs, and theirs in turn.
    pub(super) fn children_of(&self, run: &str) -> BTreeSet<String> {
        let (mut all, mut parents) = (BTreeSet::new(), vec![run.to_owned()]);
        while let Some(parent) = parents.pop() {
            for child in self.runs_saying(|document| document["parentRunId"] == *parent) {
                if child != run && all.insert(child.clone()) {
                    parents.push(child);
                }
            }
        }
        all
    }

    /// The runs of an experiment.
    pub(super) fn runs_of(&self, experiment: &str) -> BTreeSet<String> {
        self.runs_saying(|document| document["experimentName"] == *experiment)
    }

    /// The snapshots that these runs use, and no others.
    pub(super) fn snapshots_of(&self, runs: &BTreeSet<String>) -> BTreeSet<String> {
        let used = |is_theirs: bool| -> BTreeSet<String> {
            let documents = self.run_documents().filter(|(run, _)| runs.contains(run) == is_theirs);
            let snapshot = |document: &Value| {
                Some(document["properties"]["ContentSnapshotId"].as_str()?.to_owned())
            };
            documents.filter_map(|(_, document)| snapshot(&document)).collect()
        };
        used(true).difference(&used(false)).cloned().collect()
    }

    /// What a service removes with a thing.
    pub(super) fn gone_with(&self, name: &str) -> Vec<String> {
        let layout = Container::Resources.of(name);
        if layout.run().is_some() {
            let [job, _] = layout.run().map(documents_of).unwrap_or_default();
            let children = layout.run().filter(|_| name == job).map(|run| self.children_of(run));
            let jobs = children.into_iter().flatten().map(|child| {
                let [job, _] = documents_of(&child);
                job
            });
            return jobs.collect();
        }
        match layout.is_holder() {
            true => self.below(name).map(str::to_owned).collect(),
            false => Vec::new(),
        }
    }

    /// Whether a service does not remove a thing for what it has.
    pub(super) fn is_needed(&self, name: &str) -> bool {
        let endpoint = name.starts_with("online_endpoint/") || name.starts_with("batch_endpoint/");
        let is_empty = |experiment: &str| self.runs_of(experiment).is_empty();
        (endpoint && self.below(name).next().is_some())
            || name.strip_prefix("experiment/").is_some_and(|experiment| !is_empty(experiment))
    }

    fn below(&self, name: &str) -> impl Iterator<Item = &str> {
        let start = format!("{name}/");
        self.forms.keys().map(String::as_str).filter(move |name| name.starts_with(&start))
    }

    fn runs_saying(&self, says: impl Fn(&Value) -> bool) -> BTreeSet<String> {
        let saying = self.run_documents().filter(|(_, document)| says(document));
        saying.map(|(run, _)| run).collect()
    }

    fn run_documents(&self) -> impl Iterator<Item = (String, Value)> {
        self.forms.iter().filter_map(|(name, forms)| {
            let run = Container::Resources.of(name).run_document()?;
            let bytes = &forms.get(&Version::Current)?.content.bytes;
            Some((run.to_owned(), serde_json::from_slice(bytes).unwrap_or_default()))
        })
    }
}
