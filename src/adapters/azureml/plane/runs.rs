//! What the workspace keeps of runs: of each its job, its history, its metrics and what is known of
//! its files; the same of the runs that it began; and the source that no other run has.

use std::collections::{BTreeSet, HashSet};

use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::Value;

use crate::adapters::azureml::documents::document::{Document, look};
use crate::adapters::azureml::kinds::{ARTIFACTS, HISTORY, METRICS, RUN, SNAPSHOT};
use crate::adapters::azureml::names::Address;
use crate::adapters::azureml::wire::entry::Entry;
use crate::adapters::azureml::wire::lists::{List, all, strange};
use crate::domain::failure::Failure;
use crate::domain::item::Item;

/// Runs that are looked at side by side.
const SIDE_BY_SIDE: usize = 8;

/// Runs of one look: more are told, and not planned by halves.
const RUNS_MAX: usize = 100_000;

/// Properties of a run that name the snapshot of its source.
const SNAPSHOTS: [&str; 2] = ["ContentSnapshotId", "snapshotId"];

/// A run to be looked at.
pub struct Asked {
    /// Its id.
    pub id: String,
    /// What run history says of it, where that is known.
    pub history: Option<Value>,
    /// Whether another run began it.
    pub is_child: bool,
}

/// Something that is kept of a run.
pub struct Kept {
    /// What it is.
    pub item: Item,
    /// Whether it is a job that goes with that of another run.
    pub goes_along: bool,
}

/// What was learned of one run.
struct Learned {
    kept: Vec<Kept>,
    children: Vec<Asked>,
    snapshots: Vec<String>,
}

impl Asked {
    /// A run of that id.
    pub fn named(id: &str) -> Self {
        Self { id: id.to_owned(), history: None, is_child: false }
    }

    /// A run that a list showed.
    ///
    /// # Errors
    /// It has no id.
    pub fn listed(history: Value) -> Result<Self, Failure> {
        let id =
            history["runId"].as_str().ok_or_else(|| strange("a run without an id"))?.to_owned();
        let is_child = history["parentRunId"].as_str().is_some_and(|parent| !parent.is_empty());
        Ok(Self { id, history: Some(history), is_child })
    }
}

/// All that is kept of these runs and of those that they began, as items of `source`.
///
/// # Errors
/// Where a service does not answer; there are too many.
pub async fn kept_of(
    entry: &Entry,
    source: &str,
    mut asked: Vec<Asked>,
) -> Result<Vec<Kept>, Failure> {
    let (mut kept, mut snapshots) = (Vec::new(), BTreeSet::new());
    let mut runs: HashSet<String> = asked.iter().map(|run| run.id.clone()).collect();
    // Each run is looked at once, so this ends.
    while !asked.is_empty() {
        let learning = asked.into_iter().map(|run| learn(entry, source, run));
        let learned: Vec<Learned> =
            stream::iter(learning).buffered(SIDE_BY_SIDE).try_collect().await?;
        asked = Vec::new();
        for one in learned {
            kept.extend(one.kept);
            snapshots.extend(one.snapshots);
            asked.extend(one.children.into_iter().filter(|child| runs.insert(child.id.clone())));
        }
        if runs.len() > RUNS_MAX {
            return Err(Failure::permanent("looking up runs: there are too many of them"));
        }
    }
    for snapshot in own_snapshots(entry, snapshots, &runs).await? {
        if let Some(document) = look(entry, &Address::whole(&SNAPSHOT, &snapshot)).await? {
            kept.push(Kept { item: document.item(source), goes_along: false });
        }
    }
    Ok(kept)
}

async fn learn(entry: &Entry, source: &str, run: Asked) -> Result<Learned, Failure> {
    let Asked { id, history, is_child } = run;
    let (mut kept, mut snapshots) = (Vec::new(), Vec::new());
    let job = look(entry, &Address::whole(&RUN, &id)).await?;
    kept.extend(job.map(|job| Kept { item: job.item(source), goes_along: is_child }));
    let address = Address::of_run(&id, HISTORY);
    let history = match history {
        Some(said) => Some(Document::new(&address, said)),
        None => look(entry, &address).await?,
    };
    if let Some(history) = &history {
        snapshots = snapshots_of(&history.value);
    }
    let mut beside = vec![history];
    for leaving in [METRICS, ARTIFACTS] {
        beside.push(look(entry, &Address::of_run(&id, leaving)).await?);
    }
    let beside = beside.into_iter().flatten().map(|document| document.item(source));
    kept.extend(beside.map(|item| Kept { item, goes_along: false }));
    let children = all(entry, List::Children(&id)).await?.unwrap_or_default();
    // Whatever a service answers: a child names its parent.
    let children = children.into_iter().filter(|child| child["parentRunId"] == id.as_str());
    let children = children.map(Asked::listed).collect::<Result<_, _>>()?;
    Ok(Learned { kept, children, snapshots })
}

fn snapshots_of(history: &Value) -> Vec<String> {
    let named = SNAPSHOTS.iter().filter_map(|name| history["properties"][*name].as_str());
    // It is written into a filter.
    let is_plain = |id: &&str| {
        !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    named.filter(is_plain).map(str::to_owned).collect()
}

/// Those of the snapshots that no other run uses.
async fn own_snapshots(
    entry: &Entry,
    snapshots: BTreeSet<String>,
    runs: &HashSet<String>,
) -> Result<Vec<String>, Failure> {
    let mut own: Vec<String> = snapshots.into_iter().collect();
    if own.is_empty() {
        return Ok(own);
    }
    // Runs are asked for below their experiments.
    let experiments = all(entry, List::Experiments).await?;
    // Nobody knows then who uses what.
    let experiments = experiments.ok_or_else(|| strange("no list of experiments"))?;
    for experiment in experiments {
        let Some(id) = experiment["experimentId"].as_str() else { continue };
        let used = own.iter().cloned().map(|snapshot| is_used_in(entry, id, snapshot, runs));
        let used: Vec<bool> = stream::iter(used).buffered(SIDE_BY_SIDE).try_collect().await?;
        let mut used = used.into_iter();
        own.retain(|_| !used.next().unwrap_or(true));
    }
    Ok(own)
}

/// Whether any run uses a snapshot.
///
/// # Errors
/// A service does not answer.
pub async fn is_in_use(entry: &Entry, snapshot: &str) -> Result<bool, Failure> {
    let one = BTreeSet::from([snapshot.to_owned()]);
    Ok(own_snapshots(entry, one, &HashSet::new()).await?.is_empty())
}

/// Whether another run of the experiment uses the snapshot.
async fn is_used_in(
    entry: &Entry,
    experiment: &str,
    snapshot: String,
    runs: &HashSet<String>,
) -> Result<bool, Failure> {
    for name in SNAPSHOTS {
        let filter = format!("Properties/{name} eq '{snapshot}'");
        let found = all(entry, List::RunsWhere(experiment, &filter)).await?.unwrap_or_default();
        let others = found.iter().filter(|run| run["properties"][name] == snapshot.as_str());
        let mut others = others.filter_map(|run| run["runId"].as_str());
        if others.any(|run| !runs.contains(run)) {
            return Ok(true);
        }
    }
    Ok(false)
}
