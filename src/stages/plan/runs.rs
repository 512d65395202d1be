//! What goes with the runs that the subject created, where the policy says so: their folders,
//! zipped copies, compute records and outputs, and those of their child runs.
//!
//! Most of these items do not name the subject, so that no search finds them: they are listed by
//! the names that a workspace gives them. A child run is told by its name alone as well, unless its
//! own document says that somebody else created it and names another parent.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use futures::TryStreamExt;
use serde_json::Value;

use crate::domain::failure::Failure;
use crate::domain::item::{Finding, Item, Place};
use crate::domain::plan::{Action, Planned};
use crate::domain::policy::rules::{Policy, Treatment};
use crate::domain::policy::runs::{Belongs, Runs, prefixes, run_of};
use crate::domain::request::Request;
use crate::matching::matcher::Matcher;
use crate::matching::scan::occurrences;
use crate::ports::sources::{Page, Read, Source};
use crate::stages::find::concerns;

/// Largest document that is read for what it says of a child run, in bytes.
const DOCUMENT_BYTES_MAX: u64 = 4 << 20;

/// What was planned for a request so far, as far as runs are concerned.
#[derive(Default)]
pub struct Company {
    runs: Runs,
    planned: HashSet<Place>,
}

impl Company {
    /// Takes note of an item of the plan. One that cannot be read can go with its run all the same.
    pub fn note(&mut self, policy: &Policy, planned: &Planned) {
        let Planned { finding, action, .. } = planned;
        if !matches!(action, Action::List(_)) {
            self.planned.insert(finding.item.place());
        }
        if matches!(action, Action::Delete) && policy.takes_the_run(finding) {
            self.runs.learn(finding);
        }
    }

    /// What the runs that were learned of take along, beyond what is planned.
    ///
    /// # Errors
    /// A source cannot be listed or read.
    pub async fn more(
        &self,
        sources: &[Arc<dyn Source>],
        policy: &Policy,
        request: &Request,
    ) -> Result<Vec<Planned>, Failure> {
        if self.runs.is_empty() {
            return Ok(Vec::new());
        }
        let matcher = Matcher::new(&[&request.subject]);
        let (mut theirs, mut of_others) = (Vec::new(), BTreeSet::new());
        for source in sources.iter().filter(|source| concerns(request, source.name())) {
            let blame = |failure: Failure| failure.of_source(source.name());
            for item in listed(&**source, &self.runs).await.map_err(blame)? {
                if self.runs.belongs(&item.name) == Some(Belongs::ToChild)
                    && is_document(&item)
                    && self.denies(&**source, &item, &matcher).await?
                {
                    of_others.extend(run_of(&item.name).map(str::to_owned));
                }
                theirs.push(item);
            }
        }
        let is_theirs =
            |item: &Item| run_of(&item.name).is_some_and(|run| !of_others.contains(run));
        let new = theirs
            .into_iter()
            .filter(|item| is_theirs(item) && !self.planned.contains(&item.place()));
        Ok(new.filter_map(|item| planned(policy, item)).collect())
    }

    /// Whether a run's own document says that it is somebody else's.
    async fn denies(
        &self,
        source: &dyn Source,
        document: &Item,
        matcher: &Matcher,
    ) -> Result<bool, Failure> {
        let Read::Bytes(bytes) = source.read(document).await? else { return Ok(false) };
        let bytes: Vec<u8> = bytes
            .try_fold(Vec::new(), |mut all, more| async move {
                all.extend_from_slice(&more);
                Ok(all)
            })
            .await?;
        let Ok(run) = serde_json::from_slice::<Value>(&bytes) else { return Ok(false) };
        let Some(creator) = run.get("createdBy").filter(|creator| !creator.is_null()) else {
            return Ok(false);
        };
        let mut is_subject = false;
        occurrences(matcher, &creator.to_string(), &mut |_, _| is_subject = true);
        let parents = ["parentRunId", "rootRunId"].map(|key| run.get(key).and_then(Value::as_str));
        let is_child = parents.into_iter().flatten().any(|parent| self.runs.contains(parent));
        Ok(!is_subject && !is_child)
    }
}

/// Everything that belongs to the runs by its name, each once.
async fn listed(source: &dyn Source, runs: &Runs) -> Result<Vec<Item>, Failure> {
    let mut items = BTreeMap::new();
    for prefix in runs.ids().flat_map(prefixes) {
        let mut marker = None;
        loop {
            let Page { items: page, next } = source.list(&prefix, marker.as_deref()).await?;
            for item in page.into_iter().filter(|item| runs.belongs(&item.name).is_some()) {
                items.insert(item.place(), item);
            }
            match next {
                Some(next) => marker = Some(next),
                None => break,
            }
        }
    }
    Ok(items.into_values().collect())
}

/// What an item gets that says nothing of the subject itself.
fn planned(policy: &Policy, item: Item) -> Option<Planned> {
    let (treatment, reason, why) = match policy.fitting(&item.source, &item.name) {
        Some((number, rule)) => (rule.action, rule.reason.clone(), format!("rule {number}")),
        None => (Treatment::Delete, String::new(), "no rule".to_owned()),
    };
    let action = match treatment {
        Treatment::Delete => Action::Delete,
        Treatment::Keep => Action::Keep(reason),
        // There is nothing to take out of it.
        Treatment::Redact => return None,
    };
    let why = format!("{why}; belongs to a run that the person created");
    let finding = Finding { item, hits: Vec::new(), digest: None, others: false };
    Some(Planned { finding, action, why })
}

/// `ExperimentRun/dcid.RUN/anything.json`, of a size that documents have.
fn is_document(item: &Item) -> bool {
    let is_root = item.name.starts_with("ExperimentRun/") && item.name.matches('/').count() == 2;
    is_root && item.name.ends_with(".json") && item.size <= DOCUMENT_BYTES_MAX
}
