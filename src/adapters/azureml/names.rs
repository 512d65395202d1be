//! From an item's name to the place of its document, and back.
//!
//! | name | document |
//! | --- | --- |
//! | `TYPE/NAME` | `COLLECTION/NAME`, of the keeper of the sort |
//! | `TYPE/NAME/VERSION`, of what has versions | `COLLECTION/NAME/versions/VERSION` |
//! | `TYPE/NAME/deployments/DEPLOYMENT`, of endpoints | `COLLECTION/NAME/deployments/DEPLOYMENT` |
//! | `run/ID/history`, `run/ID/metrics`, `run/ID/artifacts` | what other services keep of the run |
//! | `workspace/NAME` | the workspace's own |
//!
//! The service lets no name have a slash; should one have it, it is `%2F`, and `%` is `%25`. Names
//! that a URL would resolve (`..`) are items, and nothing is asked about them.

use percent_encoding::{AsciiSet, percent_decode_str, utf8_percent_encode};

use crate::adapters::azure::wire::address::encoded;
use crate::adapters::azureml::kinds::{
    ARTIFACTS, Below, EXPERIMENT, HISTORY, Keeper, METRICS, REGISTERED_DATASET, RUN, SNAPSHOT, Sort,
};
use crate::adapters::azureml::wire::discovery::Service;
use crate::domain::asked::thing::{Thing, ThingKind};

const ESCAPED: &AsciiSet = &AsciiSet::EMPTY.add(b'/').add(b'%');

/// Where a resource is. Its name may be a person's, so that it cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// What it is, or is below.
    pub sort: &'static Sort,
    /// Its name, or that of what it is below.
    pub name: String,
    /// Its version, or its own name below that.
    pub below: Option<String>,
}

impl Address {
    /// That of an item's name.
    pub fn of(item_name: &str) -> Option<Self> {
        let mut segments = item_name.split('/');
        let word = segments.next()?;
        let sort = Sort::named(word)?;
        let name = decoded(segments.next()?)?;
        let below = match sort.below {
            Below::Versions => segments.next().map(decoded),
            Below::Deployments => match segments.next() {
                None => None,
                Some("deployments") => Some(decoded(segments.next()?)),
                Some(_) => return None,
            },
            Below::Leavings => match segments.next() {
                None => None,
                Some(word) => Some(Some(leaving(word)?.to_owned())),
            },
            Below::Nothing | Below::Runs => None,
        };
        let below = match below {
            Some(below) => Some(below?),
            None => None,
        };
        segments.next().is_none().then_some(Self { sort, name, below })
    }

    /// That of what is directly in the workspace.
    pub fn whole(sort: &'static Sort, name: &str) -> Self {
        Self { sort, name: name.to_owned(), below: None }
    }

    /// That of what a service of the workspace's own keeps of a run.
    pub fn of_run(run: &str, leaving: &'static str) -> Self {
        Self::whole(&RUN, run).with(leaving)
    }

    /// That of something below it.
    pub fn with(&self, below: &str) -> Self {
        Self { below: Some(below.to_owned()), ..self.clone() }
    }

    /// The same, its name as the service writes it: it compares without case.
    pub fn written(&self, name: Option<&str>) -> Self {
        let mut address = self.clone();
        let own = address.below.as_mut().unwrap_or(&mut address.name);
        if let Some(name) = name.filter(|name| name.eq_ignore_ascii_case(own)) {
            name.clone_into(own);
        }
        address
    }

    /// The name as an item.
    pub fn item_name(&self) -> String {
        let name = format!("{}/{}", self.sort.word, escaped(&self.name));
        match (&self.below, self.sort.below) {
            (None, _) => name,
            (Some(below), Below::Deployments) => format!("{name}/deployments/{}", escaped(below)),
            (Some(below), _) => format!("{name}/{}", escaped(below)),
        }
    }

    /// Who keeps its document.
    pub fn keeper(&self) -> Keeper {
        match (self.sort.below, self.below.as_deref()) {
            (Below::Leavings, Some(HISTORY)) => Keeper::Service(Service::History),
            (Below::Leavings, Some(METRICS)) => Keeper::Service(Service::Metric),
            (Below::Leavings, Some(ARTIFACTS)) => Keeper::Service(Service::Artifact),
            _ => self.sort.keeper,
        }
    }

    /// The path of its document below the workspace, at its keeper; `None` where no URL addresses
    /// exactly that.
    pub fn path(&self) -> Option<String> {
        let is_dots = |text: &str| text.is_empty() || text == "." || text == "..";
        let segment = |text: &str| (!is_dots(text)).then(|| encoded(text).to_string());
        let name = segment(&self.name)?;
        let path = format!("{}/{name}", self.sort.collection);
        if self.sort.is(ThingKind::Workspace) {
            return Some(String::new());
        }
        let Some(below) = &self.below else {
            return Some(match self.sort {
                sort if *sort == SNAPSHOT => format!("{path}/metadata"),
                sort if *sort == REGISTERED_DATASET => {
                    format!("{}/query/name={name}", sort.collection)
                }
                _ => path,
            });
        };
        match (self.sort.below, below.as_str()) {
            (Below::Leavings, HISTORY) => Some(format!("runs/{name}")),
            (Below::Leavings, METRICS) => Some(format!("runs/{name}/full")),
            (Below::Leavings, ARTIFACTS) => Some(format!("artifacts/ExperimentRun/dcid.{name}")),
            (below_of, below) => {
                Some(format!("{path}/{}/{}", below_of.collection(), segment(below)?))
            }
        }
    }

    /// The path under which all that is below it is.
    pub fn path_below(&self) -> Option<String> {
        Some(format!("{}/{}", self.path()?, self.sort.below.collection()))
    }
}

/// What a request names.
pub enum Asked {
    /// Something here, whether it is there or not.
    Here(Address),
    /// Something of another workspace.
    Elsewhere,
    /// No name that any of the sort can have.
    NoName,
}

/// What a request names: a name, `NAME:VERSION`, or an id of this workspace.
pub fn asked(sort: &'static Sort, thing: &Thing, workspace: &str) -> Asked {
    let name = thing.name.as_str();
    if !name.starts_with('/') {
        return by_name(sort, name, workspace);
    }
    let (head, tail) = name.split_at_checked(workspace.len()).unwrap_or((name, ""));
    if !head.eq_ignore_ascii_case(workspace) || !(tail.is_empty() || tail.starts_with('/')) {
        return if is_in_a_workspace(name) { Asked::Elsewhere } else { Asked::NoName };
    }
    let tail = tail.trim_matches('/');
    if sort.is(ThingKind::Workspace) {
        let own = own_name(workspace);
        return if tail.is_empty() { by_name(sort, own, workspace) } else { Asked::NoName };
    }
    let segments: Vec<&str> = tail.split('/').collect();
    // Experiments and web services have ids of a shape that nobody published; of those that are
    // met, the last two segments tell.
    let found = match segments[..] {
        [collection, name] if collection.eq_ignore_ascii_case(sort.collection) => {
            Some(Address::whole(sort, name))
        }
        // The portal's and the first SDK's word for a job.
        [experiments, _, runs, name]
            if *sort == RUN
                && experiments.eq_ignore_ascii_case(EXPERIMENT.collection)
                && runs.eq_ignore_ascii_case("runs") =>
        {
            Some(Address::whole(sort, name))
        }
        [collection, name, word, below]
            if collection.eq_ignore_ascii_case(sort.collection)
                && matches!(sort.below, Below::Versions | Below::Deployments)
                && word.eq_ignore_ascii_case(sort.below.collection()) =>
        {
            Some(Address::whole(sort, name).with(below))
        }
        _ => None,
    };
    found.filter(|address| address.path().is_some()).map_or(Asked::NoName, Asked::Here)
}

fn by_name(sort: &'static Sort, name: &str, workspace: &str) -> Asked {
    if sort.is(ThingKind::Workspace) {
        let own = own_name(workspace);
        let is_own = own.eq_ignore_ascii_case(name);
        return if is_own { Asked::Here(Address::whole(sort, own)) } else { Asked::Elsewhere };
    }
    let versioned = name.split_once(':').filter(|_| sort.below == Below::Versions);
    let address = match versioned {
        Some((name, version)) => Address::whole(sort, name).with(version),
        None => Address::whole(sort, name),
    };
    let is_name = !name.contains('/') && address.path().is_some();
    if is_name { Asked::Here(address) } else { Asked::NoName }
}

/// Whether it is the id of a workspace or of something in one.
fn is_in_a_workspace(id: &str) -> bool {
    let segments: Vec<&str> = id.split('/').skip(1).collect();
    let has = |index: usize, word: &str| {
        segments.get(index).is_some_and(|segment| segment.eq_ignore_ascii_case(word))
    };
    segments.len() >= 8
        && has(0, "subscriptions")
        && has(5, "Microsoft.MachineLearningServices")
        && has(6, "workspaces")
}

/// What an id in Azure Resource Manager calls the resource itself: its last segment.
pub fn own_name(id: &str) -> &str {
    id.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

fn leaving(word: &str) -> Option<&'static str> {
    [HISTORY, METRICS, ARTIFACTS].into_iter().find(|known| *known == word)
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

fn decoded(text: &str) -> Option<String> {
    let text = percent_decode_str(text).decode_utf8().ok()?;
    Some(text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_documents_and_back() {
        let table = [
            ("compute/ann-ci", Some("computes/ann-ci")),
            ("model/m", Some("models/m")),
            ("model/m/1", Some("models/m/versions/1")),
            ("dataset/d/2024-01", Some("data/d/versions/2024-01")),
            ("online_endpoint/e", Some("onlineEndpoints/e")),
            ("online_endpoint/e/deployments/blue", Some("onlineEndpoints/e/deployments/blue")),
            ("run/a%2Fb%25", Some("jobs/a%2Fb%25")),
            ("run/a b?c", Some("jobs/a%20b%3Fc")),
            ("run/..", None),
            ("model/m/.", None),
            ("run/", None),
            ("run/a/history", Some("runs/a")),
            ("run/a/metrics", Some("runs/a/full")),
            ("run/a/artifacts", Some("artifacts/ExperimentRun/dcid.a")),
            ("run/../history", None),
            ("experiment/churn", Some("experiments/churn")),
            ("web_service/s", Some("services/s")),
            ("registered_dataset/d d", Some("datasets/query/name=d%20d")),
            ("snapshot/s", Some("snapshots/s/metadata")),
            ("datastore/d", Some("datastores/d")),
            ("connection/c", Some("connections/c")),
            ("workspace/w", Some("")),
            ("workspace/..", None),
        ];
        for (name, path) in table {
            let address = Address::of(name).unwrap();
            assert_eq!(address.item_name(), name);
            assert_eq!(address.path().as_deref(), path, "{name}");
        }
        let strange = [
            "",
            "run",
            "runs/a",
            "run/a/1",
            "model/m/1/2",
            "online_endpoint/e/blue",
            "online_endpoint/e/deployments",
            "run/a/History",
            "run/a/history/1",
            "experiment/churn/runs",
            "snapshot/s/metadata",
            "ExperimentRun/dcid.a",
        ];
        for name in strange {
            assert!(Address::of(name).is_none(), "{name}");
        }
    }

    #[test]
    fn requests_name_what_is_in_this_workspace() {
        let id = "/subscriptions/S-1/resourceGroups/g/providers/\
                  Microsoft.MachineLearningServices/workspaces/ws";
        let low = id.to_lowercase();
        let here = |name: &str| Some(name.to_owned());
        let elsewhere = || Some("elsewhere".to_owned());
        let cases: [(ThingKind, String, Option<String>); 32] = [
            (ThingKind::Model, "m".into(), here("model/m")),
            (ThingKind::Model, "m:1".into(), here("model/m/1")),
            (ThingKind::Compute, "c:1".into(), here("compute/c:1")),
            (ThingKind::Model, format!("{id}/models/m"), here("model/m")),
            (ThingKind::Model, format!("{low}/MODELS/m/Versions/2/"), here("model/m/2")),
            (ThingKind::Dataset, format!("{id}/data/d/versions/2"), here("dataset/d/2")),
            (
                ThingKind::OnlineEndpoint,
                format!("{id}/onlineEndpoints/e/deployments/blue"),
                here("online_endpoint/e/deployments/blue"),
            ),
            (ThingKind::Run, format!("{id}/jobs/r"), here("run/r")),
            (ThingKind::Run, format!("{id}/experiments/e/runs/r"), here("run/r")),
            (ThingKind::Experiment, format!("{id}/experiments/e"), here("experiment/e")),
            (ThingKind::Workspace, "WS".into(), here("workspace/ws")),
            (ThingKind::Workspace, format!("{low}/"), here("workspace/ws")),
            (ThingKind::Workspace, "ws2".into(), elsewhere()),
            (ThingKind::Workspace, format!("{id}/models/m"), None),
            (ThingKind::Model, format!("{id}2/models/m"), elsewhere()),
            (ThingKind::Model, format!("{}/models/m", id.replace("S-1", "S-2")), elsewhere()),
            (ThingKind::Workspace, id.replace("S-1", "S-2"), elsewhere()),
            (ThingKind::Model, format!("{id}/data/m"), None),
            (ThingKind::Model, format!("{id}/models"), None),
            (ThingKind::Model, id.into(), None),
            (ThingKind::Compute, format!("{id}/computes/c/versions/1"), None),
            (ThingKind::Run, format!("{id}/jobs/r/history"), None),
            (ThingKind::Run, "r/history".into(), None),
            (ThingKind::Model, format!("{id}/models/m/versions/1/x"), None),
            (ThingKind::Model, format!("{id}/models/.."), None),
            (ThingKind::Model, "/subscriptions".into(), None),
            (ThingKind::Model, "https://ml.azure.com/model/m".into(), None),
            (ThingKind::Model, "a/b".into(), None),
            (ThingKind::Model, "..".into(), None),
            (ThingKind::Model, "m:".into(), None),
            (ThingKind::Model, ":1".into(), None),
            (ThingKind::Run, "".into(), None),
        ];
        for (kind, name, expected) in cases {
            let thing =
                Thing { kind, name, output: None, with_dependents: false, permanently: true };
            let found = match asked(Sort::of(kind).unwrap(), &thing, id) {
                Asked::Here(address) => Some(address.item_name()),
                Asked::Elsewhere => elsewhere(),
                Asked::NoName => None,
            };
            assert_eq!(found, expected, "{}", thing.name);
        }
    }
}
