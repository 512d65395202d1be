//! What the names of a source mean: which container an item is in, and what of a workspace the
//! rest of its name, its path, tells. Nothing else cuts names at slashes.
//!
//! A source tells of each item where its container is. What is below it is laid out by the
//! workspace (azureml-core's `Run`, azure-ai-ml's `_job_operations.py`):
//!
//! | container | path | what it is |
//! | --- | --- | --- |
//! | any | `ExperimentRun/dcid.RUN/…` | artifacts of a run, its document too |
//! | | `ArtifactZip/ExperimentRun/dcid.RUN.zip` | a zipped copy of these |
//! | | `ComputeRecord/dcid.RUN` | what computed it |
//! | any but `azureml` | `azureml/RUN/OUTPUT…`, `dataset/RUN/OUTPUT…` | outputs of a run |
//! | any | `LocalUpload/…`, `WebUpload/…`, `Dataset/…` | uploads |
//! | any | `Users/ALIAS/…` | the folder of a user |
//!
//! As a rule the first three are in the container `azureml`, outputs in the default datastore
//! `azureml-blobstore-GUID`, and user folders in the file share `code-GUID`.
//!
//! What the services of a workspace keep is in no container, and its names are `TYPE/NAME…`, with
//! the words of requests: of those `run/ID` and all that begins with `run/ID/` is of a run,
//! whatever an `ExperimentRun` among them may be called.
//!
//! `azureml` is a container's name and a folder's in another, so that a name alone does not tell
//! which. Where the container is not known, `azureml/WORD/…` is nobody's output if a container
//! `azureml` may have a folder of that name: what is in doubt belongs to no run.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use crate::domain::asked::thing::{Thing, ThingKind};

/// Where in an item's name its container is.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is", content = "name")]
pub enum Container {
    /// Nowhere; the source does not know it.
    #[default]
    Unknown,
    /// Nowhere; the source is the container of this name.
    Named(String),
    /// Before its first slash.
    Leading,
    /// Nowhere: the names are those of what the services of a workspace keep.
    Resources,
}

/// What a folder of this machine is a copy of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FolderLayout {
    /// A container.
    Container,
    /// An account: each folder in it is a container.
    Containers,
}

/// The containers that a source has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Containers {
    /// The account that they are in. Runs have ids of their own within a workspace only; what is in
    /// one account is taken to be of one workspace.
    pub account: String,
    /// Each of them.
    pub each: Vec<OneContainer>,
    /// Whether they are shares of files: one of blobs may have the same name.
    pub are_shares: bool,
}

/// Where the bytes of a thing lie. It may speak of a person, so there is no `Debug`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The storage account by its name; empty where they are in none.
    pub account: String,
    /// The container there, or the share.
    pub container: String,
    /// One name, or all that begin with it where it is empty or ends in `/`. In no account: the
    /// whole address, as the thing's document has it.
    pub path: String,
}

/// A container of a source.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct OneContainer {
    /// Its name, where that is known.
    pub name: Option<String>,
    /// What the names of its items begin with: nothing, or its name and a slash.
    pub prefix: String,
}

/// The name of an item, read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Layout<'a> {
    /// The container, where it is known.
    pub container: Option<&'a str>,
    /// The name within it.
    pub path: &'a str,
    /// Whether it is that of a directory: a folder, and not what is in one.
    pub is_directory: bool,
    /// Whether it is that of what a service of a workspace keeps.
    pub is_resource: bool,
}

/// The container of run histories.
const HISTORY: &str = "azureml";

/// How the containers of default datastores are called.
const DATASTORE: &str = "azureml-blobstore-";

const ARTIFACTS: &str = "ExperimentRun/dcid.";
const ZIPPED: &str = "ArtifactZip/ExperimentRun/dcid.";
const RECORD: &str = "ComputeRecord/dcid.";
const OUTPUTS: [&str; 2] = ["azureml/", "dataset/"];
const UPLOADS: [&str; 3] = ["LocalUpload", "WebUpload", "Dataset"];
const USERS: &str = "Users";
/// Where Jupyter keeps what a notebook was.
const CHECKPOINTS: &str = ".ipynb_checkpoints";
/// What a repository of git has in it that is known by digests.
const GIT_PARTS: [&str; 4] = ["objects", "index", "refs", "packed-refs"];

/// Folders that a container `azureml` has: origins of artifacts.
pub const ORIGINS: [&str; 8] = [
    "ExperimentRun",
    "ArtifactZip",
    "ComputeRecord",
    "LocalUpload",
    "WebUpload",
    "Dataset",
    "Metric",
    "az-ml-artifacts",
];

/// Sorts of resources, as items' names begin.
const RUN: &str = "run";
const SNAPSHOT: &str = "snapshot";
const EXPERIMENT: &str = "experiment";
const WORKSPACE: &str = "workspace";
const COMPUTE: &str = "compute";
const DEPLOYMENTS: &str = "deployments/";
/// Those that hold others of their sort: versions, or deployments.
const HOLDERS: [&str; 6] =
    ["batch_endpoint", "component", "dataset", "environment", "model", "online_endpoint"];
/// What the run history says of a run.
const HISTORY_OF_RUN: &str = "history";
/// The step in which goes what belongs to a run: after its job and those of its children.
pub const OF_A_RUN: u16 = 2;

/// What ends the id of a child run after its parent's and `_`, beside a number
/// (azureml-train-automl makes them).
const CHILDREN: [&str; 5] = ["setup", "featurize", "preparation", "ModelExplain", "worker"];

impl FolderLayout {
    /// The layout of that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Container, Self::Containers].into_iter().find(|each| each.word() == word)
    }

    /// The word in settings.
    pub fn word(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::Containers => "containers",
        }
    }
}

impl Container {
    /// What a name means whose container is there.
    pub fn of<'a>(&'a self, name: &'a str) -> Layout<'a> {
        match self {
            Self::Unknown => Layout::new(None, name),
            Self::Named(container) => Layout::new(Some(container), name),
            Self::Leading => match name.split_once('/') {
                Some((container, path)) => Layout::new(Some(container), path),
                None => Layout::new(None, name),
            },
            Self::Resources => Layout { is_resource: true, ..Layout::new(None, name) },
        }
    }

    /// Whether nothing is known; what is usual is not written down.
    pub fn is_unknown(&self) -> bool {
        *self == Self::Unknown
    }
}

impl Containers {
    /// What the names of this source begin with of all that lies there, or the one name of it;
    /// `None` where no container of it is meant.
    pub fn prefix_of(&self, location: &Location) -> Option<String> {
        let Location { account, container, path } = location;
        let is_meant = |one: &&OneContainer| one.name.as_ref() == Some(container);
        let one = self.each.iter().find(is_meant)?;
        let is_here = account_name(&self.account).eq_ignore_ascii_case(account);
        is_here.then(|| format!("{}{path}", one.prefix))
    }
}

impl Location {
    /// Whether it is that of many names.
    pub fn is_folder(&self) -> bool {
        self.path.is_empty() || self.path.ends_with('/')
    }
}

/// The name of a storage account whose blobs have this URL.
///
/// It is the first label of the host, or, where the host is no account's (an emulator's), the first
/// part of the path. What is no URL stays as it is.
pub fn account_name(account: &str) -> &str {
    let Some((_, rest)) = account.split_once("://") else { return account };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (domain, _) = host.split_once(':').unwrap_or((host, ""));
    let is_address = host.starts_with('[') || domain.parse::<Ipv4Addr>().is_ok();
    match domain.split_once('.') {
        Some((label, _)) if !is_address => label,
        Some(_) | None => path.split('/').next().unwrap_or_default(),
    }
}

impl OneContainer {
    /// What the names begin with of what is in the folders of users.
    pub fn prefix_of_users(&self) -> String {
        format!("{}{USERS}/", self.prefix)
    }

    /// The only container of a source, which names do not begin with.
    pub fn whole(name: Option<&str>) -> Self {
        Self { name: name.map(str::to_owned), prefix: String::new() }
    }

    /// One of several.
    pub fn leading(name: &str) -> Self {
        Self { name: Some(name.to_owned()), prefix: format!("{name}/") }
    }

    /// What the names begin with of all that belongs to this run, or to one that is named as its
    /// child.
    pub fn prefixes_of(&self, run: &str) -> Vec<String> {
        self.prefixes(|stem| format!("{stem}{run}"))
    }

    /// The same for every run.
    pub fn prefixes_of_runs(&self) -> Vec<String> {
        self.prefixes(str::to_owned)
    }

    fn prefixes(&self, path: impl Fn(&str) -> String) -> Vec<String> {
        let name = self.name.as_deref();
        let outputs = OUTPUTS.into_iter().filter(|_| has_outputs(name));
        let stems = [ARTIFACTS, ZIPPED, RECORD].into_iter().chain(outputs);
        stems.map(|stem| format!("{}{}", self.prefix, path(stem))).collect()
    }
}

impl<'a> Layout<'a> {
    /// What is in a container under this path.
    pub fn new(container: Option<&'a str>, path: &'a str) -> Self {
        Self { container, path, is_directory: false, is_resource: false }
    }

    /// The id of the run that the item belongs to.
    pub fn run(&self) -> Option<&'a str> {
        if self.is_resource {
            return self.resource().filter(|(word, ..)| *word == RUN).map(|(_, run, _)| run);
        }
        let run = if let Some(rest) = self.path.strip_prefix(ZIPPED) {
            rest.strip_suffix(".zip").filter(|run| !run.contains('/'))?
        } else if let Some(rest) = self.path.strip_prefix(ARTIFACTS) {
            self.first_folder(rest)?
        } else if let Some(rest) = self.path.strip_prefix(RECORD) {
            rest.split('/').next()?
        } else {
            self.output()?
        };
        (!run.is_empty()).then_some(run)
    }

    /// Whether it is a zip of a run's artifacts, which lie there too.
    pub fn is_zipped_copy(&self) -> bool {
        !self.is_resource && self.path.starts_with(ZIPPED)
    }

    /// The run whose own document this may be: what a service says of it, or one of its artifacts,
    /// not in a folder among them. Others may lie there too, so the document has to say so itself.
    pub fn run_document(&self) -> Option<&'a str> {
        if self.is_resource {
            let (word, run, below) = self.resource()?;
            return (word == RUN && matches!(below, None | Some(HISTORY_OF_RUN))).then_some(run);
        }
        let (run, file) = self.path.strip_prefix(ARTIFACTS)?.split_once('/')?;
        let is_document = !file.contains('/') && file.ends_with(".json");
        (is_document && !run.is_empty()).then_some(run)
    }

    /// The run that this is an output of.
    pub fn output_of(&self) -> Option<&'a str> {
        if self.is_resource {
            return None;
        }
        let in_outputs = || {
            let (run, file) = self.path.strip_prefix(ARTIFACTS)?.split_once('/')?;
            file.split('/').rev().skip(1).any(|folder| folder == "outputs").then_some(run)
        };
        self.output().or_else(in_outputs).filter(|run| !run.is_empty())
    }

    /// Whose folder of the workspace's file share it is in, by the alias that the folder is called.
    pub fn user_folder(&self) -> Option<&'a str> {
        let (users, rest) = self.path.split_once('/')?;
        let (alias, _) = rest.split_once('/')?;
        (users == USERS && !alias.is_empty()).then_some(alias)
    }

    /// The path of the notebook that this is a checkpoint of: Jupyter keeps one beside each.
    pub fn notebook(&self) -> Option<String> {
        let (folder, file) = self.path.rsplit_once('/').unwrap_or(("", self.path));
        let above = folder.strip_suffix(CHECKPOINTS)?;
        let is_whole = above.is_empty() || above.ends_with('/');
        let (stem, ending) = file.rsplit_once('.')?;
        let stem = stem.strip_suffix("-checkpoint")?;
        is_whole.then(|| format!("{above}{stem}.{ending}"))
    }

    /// Whether it is a part of a repository of git that is known by a digest of its bytes, or holds
    /// one: written anew, it breaks the repository. Settings and logs of one are plain text.
    pub fn is_of_git(&self) -> bool {
        let mut segments = self.path.split('/');
        let is_inside = segments.any(|segment| segment.ends_with(".git"));
        is_inside && segments.next().is_some_and(|part| GIT_PARTS.contains(&part))
    }

    /// How many steps of other resources go before it, as far as names tell: what is in it or needs
    /// it is none any more when its turn comes.
    ///
    /// A run goes before what is kept of it beside its job, and before its children, which the
    /// service removes with it; then come experiments, and the workspace at last.
    pub fn waits_for(&self) -> u16 {
        let Some((word, name, below)) = self.resource().filter(|_| self.is_resource) else {
            return 0;
        };
        match (word, below) {
            (RUN, None) => u16::from(parents(name).next().is_some()),
            (RUN, Some(_)) | (SNAPSHOT, _) => OF_A_RUN,
            (EXPERIMENT, None) => OF_A_RUN + 1,
            (WORKSPACE, None) => OF_A_RUN + 2,
            (word, None) => u16::from(HOLDERS.contains(&word)),
            (_, Some(_)) => 0,
        }
    }

    /// Whether lists show it: what belongs to a run beside its documents is found by that run only.
    pub fn is_listed(&self) -> bool {
        let is_hidden = |(word, _, below): (&str, _, Option<&str>)| match word {
            RUN => below.is_some_and(|below| below != HISTORY_OF_RUN),
            word => word == SNAPSHOT,
        };
        !self.is_resource || !self.resource().is_some_and(is_hidden)
    }

    /// Whether it is a compute's.
    pub fn is_compute(&self) -> bool {
        self.is_resource && self.resource().is_some_and(|(word, ..)| word == COMPUTE)
    }

    /// Whether other resources may be in it or under its name, which go with it or keep it from
    /// going: versions, deployments, runs.
    pub fn is_holder(&self) -> bool {
        let holds = |word| word == EXPERIMENT || HOLDERS.contains(&word);
        let whole = self.resource().filter(|(.., below)| self.is_resource && below.is_none());
        whole.is_some_and(|(word, ..)| holds(word))
    }

    /// Whether it answers for an endpoint, and is nothing by itself.
    pub fn is_deployment(&self) -> bool {
        let below = self.resource().filter(|_| self.is_resource).and_then(|(.., below)| below);
        below.is_some_and(|below| below.starts_with(DEPLOYMENTS))
    }

    /// What requests call the resource that the name begins with.
    pub fn thing(&self) -> Option<Thing> {
        let (word, name, _) = self.resource().filter(|_| self.is_resource)?;
        Some(thing(ThingKind::parse(word)?, name))
    }

    /// Whether this resource is in its turn once that one, of the same source, is gone.
    pub fn comes_after(&self, other: &Self) -> bool {
        let Some((word, name, below)) = self.resource() else { return false };
        match (word, other.resource()) {
            (RUN, Some((RUN, run, None))) => {
                let is_same = run == name && below.is_some();
                is_same || parents(name).any(|parent| parent == run)
            }
            (RUN, _) => false,
            _ => other.path.strip_prefix(self.path).is_some_and(|rest| rest.starts_with('/')),
        }
    }

    /// Whether somebody uploaded it.
    pub fn is_upload(&self) -> bool {
        self.path.split_once('/').is_some_and(|(folder, _)| UPLOADS.contains(&folder))
    }

    /// The last part of the path.
    pub fn file(&self) -> &'a str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// The sort of a resource, its name, and what stands behind that.
    fn resource(&self) -> Option<(&'a str, &'a str, Option<&'a str>)> {
        let (word, rest) = self.path.split_once('/')?;
        let (name, below) = match rest.split_once('/') {
            Some((name, below)) => (name, Some(below)),
            None => (rest, None),
        };
        (!name.is_empty()).then_some((word, name, below))
    }

    /// The first folder of the rest of a path.
    fn first_folder(&self, rest: &'a str) -> Option<&'a str> {
        let folder = rest.split_once('/').map(|(folder, _)| folder);
        folder.or(self.is_directory.then_some(rest))
    }

    /// The run that this is an output of, in a datastore.
    fn output(&self) -> Option<&'a str> {
        if !has_outputs(self.container) {
            return None;
        }
        let folder = OUTPUTS.iter().find(|folder| self.path.starts_with(**folder))?;
        let run = self.first_folder(self.path.strip_prefix(folder)?)?;
        let in_doubt = self.container.is_none() && ORIGINS.contains(&run);
        (!in_doubt).then_some(run)
    }
}

/// Whether a container may be a datastore of outputs.
fn has_outputs(container: Option<&str>) -> bool {
    container != Some(HISTORY)
}

/// Whether only a container of a workspace has this name.
pub fn is_container(name: &str) -> bool {
    name == HISTORY || is_datastore(name)
}

/// Whether only the container of a default datastore has this name.
pub fn is_datastore(name: &str) -> bool {
    name.strip_prefix(DATASTORE).is_some_and(|id| !id.is_empty())
}

/// What requests call the run of this id, as names of items have it.
pub fn run_thing(run: &str) -> Thing {
    thing(ThingKind::Run, run)
}

/// The names of the documents that services have of the run of this id.
pub fn documents_of(run: &str) -> [String; 2] {
    [format!("{RUN}/{run}"), format!("{RUN}/{run}/{HISTORY_OF_RUN}")]
}

fn thing(kind: ThingKind, name: &str) -> Thing {
    let name = name.replace("%2F", "/").replace("%25", "%");
    Thing { kind, name, output: None, with_dependents: false, permanently: true }
}

/// The ids of the run that this one is a child of by its name, and of that one's, nearest first.
/// A child run is named after its parent: `PARENT_3`, `PARENT_setup`, `HD_GUID_0`.
pub fn parents(run: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(parent(run), |run| parent(run))
}

fn parent(run: &str) -> Option<&str> {
    let (parent, part) = run.rsplit_once('_')?;
    let is_number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_child = is_number || CHILDREN.contains(&part);
    (is_child && !parent.is_empty()).then_some(parent)
}

/// Whether the name of a container is of a pattern in which `*` stands for anything.
pub fn is_match(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(head) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let tail = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = name.find(part) else { return false };
        name = &name[at + part.len()..];
    }
    name.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOBSTORE: &str = "azureml-blobstore-0f3a";

    #[test]
    fn a_name_is_read_by_its_container() {
        let history = Some(HISTORY);
        let store = Some(BLOBSTORE);
        let table = [
            (history, "ExperimentRun/dcid.r1/logs/a.txt", Some("r1")),
            (history, "ExperimentRun/dcid.r1", None),
            (history, "ExperimentRun/dcid./x", None),
            (history, "ExperimentRun/r1/x", None),
            (history, "ArtifactZip/ExperimentRun/dcid.r1.zip", Some("r1")),
            (history, "ArtifactZip/ExperimentRun/dcid.r1.zip.zip", Some("r1.zip")),
            (history, "ArtifactZip/ExperimentRun/dcid.r1.zip/x", None),
            (history, "ArtifactZip/ExperimentRun/dcid.r1/x.zip", None),
            (history, "ComputeRecord/dcid.r1", Some("r1")),
            (history, "ComputeRecord/dcid.r1/x", Some("r1")),
            (history, "ExperimentRun/dcid.ExperimentRun/x", Some("ExperimentRun")),
            (history, "ExperimentRun/dcid.dcid.x/x", Some("dcid.x")),
            (history, "ExperimentRun/dcid.r1./x", Some("r1.")),
            (history, "ExperimentRun/dcid.[a-z]*/x", Some("[a-z]*")),
            (history, "ExperimentRun/dcid.山田/x", Some("山田")),
            (history, "azureml/ExperimentRun/dcid.r2/x", None),
            (history, "azureml/r1/out/x", None),
            (history, "dataset/r1/out/x", None),
            (store, "azureml/r1/out/part.csv", Some("r1")),
            (store, "azureml/r1/out", Some("r1")),
            (store, "azureml/ExperimentRun/out/x", Some("ExperimentRun")),
            (store, "azureml/azureml/out/x", Some("azureml")),
            (store, "azureml/dcid.x/out/x", Some("dcid.x")),
            (store, "dataset/r1/out", Some("r1")),
            (store, "azureml/r1", None),
            (store, "azureml//x", None),
            (store, "Azureml/r1/x", None),
            (store, "ExperimentRun/dcid.r1/x", Some("r1")),
            (Some("mine"), "azureml/r1/out", Some("r1")),
            (None, "azureml/r1/out", Some("r1")),
            (None, "azureml/ExperimentRun/dcid.r2/x", None),
            (None, "azureml/LocalUpload/r2/x", None),
            (None, "ExperimentRun/dcid.r1/x", Some("r1")),
            (None, "LocalUpload/r1/x", None),
        ];
        for (container, path, run) in table {
            let layout = Layout::new(container, path);
            assert_eq!(layout.run(), run, "{container:?} {path}");
            let (Some(container), Some(run)) = (container, run) else { continue };
            let one = OneContainer::leading(container);
            let name = format!("{container}/{path}");
            for prefixes in [one.prefixes_of(run), one.prefixes_of_runs()] {
                assert!(prefixes.iter().any(|prefix| name.starts_with(prefix)), "{name}");
            }
        }
    }

    #[test]
    fn a_container_stands_before_the_path_or_for_the_whole_source() {
        let named = Container::Named(HISTORY.to_owned());
        let table = [
            (&Container::Unknown, "azureml/a/b", None, "azureml/a/b"),
            (&named, "azureml/a/b", Some(HISTORY), "azureml/a/b"),
            (&Container::Leading, "azureml/a/b", Some(HISTORY), "a/b"),
            (&Container::Leading, "azureml", None, "azureml"),
        ];
        for (container, name, expected, path) in table {
            let layout = container.of(name);
            assert_eq!((layout.container, layout.path), (expected, path), "{container:?}");
        }
    }

    #[test]
    fn an_account_is_known_by_its_name() {
        let table = [
            ("https://contoso.blob.core.windows.net/", "contoso"),
            ("https://contoso.blob.core.windows.net", "contoso"),
            ("https://contoso.blob.core.chinacloudapi.cn:443/", "contoso"),
            ("https://contoso.z12.blob.storage.azure.net/", "contoso"),
            ("http://127.0.0.1:10000/devstoreaccount1", "devstoreaccount1"),
            ("http://127.0.0.1:10000/devstoreaccount1/", "devstoreaccount1"),
            ("http://[::1]:10000/devstoreaccount1", "devstoreaccount1"),
            ("http://localhost:10000/devstoreaccount1", "devstoreaccount1"),
            ("http://azurite:10000/devstoreaccount1", "devstoreaccount1"),
            ("/srv/copies/contoso", "/srv/copies/contoso"),
            ("", ""),
        ];
        for (account, expected) in table {
            assert_eq!(account_name(account), expected, "{account}");
        }
    }

    #[test]
    fn a_location_is_in_the_source_that_has_its_container_and_account() {
        let account = || "https://contoso.blob.core.windows.net/".to_owned();
        let containers = |each| Containers { account: account(), each, are_shares: false };
        let one = containers(vec![OneContainer::whole(Some("a"))]);
        let leading = ["a", "ab"].map(OneContainer::leading).to_vec();
        let many = containers(leading);
        let unknown = containers(vec![OneContainer::whole(None)]);
        let table = [
            (&one, "contoso", "a", "x/", Some("x/")),
            (&one, "Contoso", "a", "", Some("")),
            (&one, "contoso", "ab", "x/", None),
            (&one, "contoso2", "a", "x/", None),
            (&one, "", "a", "x/", None),
            (&many, "contoso", "a", "x/y.csv", Some("a/x/y.csv")),
            (&many, "contoso", "ab", "", Some("ab/")),
            (&many, "contoso", "abc", "", None),
            (&unknown, "contoso", "a", "x/", None),
            (&unknown, "contoso", "", "x/", None),
        ];
        for (containers, account, container, path, expected) in table {
            let [account, container, path] = [account, container, path].map(str::to_owned);
            let location = Location { account, container, path };
            let prefix = containers.prefix_of(&location);
            assert_eq!(prefix.as_deref(), expected, "{}", location.path);
        }
    }

    #[test]
    fn a_document_is_a_runs_own_where_it_lies() {
        let table = [
            ("ExperimentRun/dcid.r1/run.json", Some("r1")),
            ("ExperimentRun/dcid.r1/outputs/run.json", None),
            ("ExperimentRun/dcid.r1/run.txt", None),
            ("LocalUpload/run.json", None),
        ];
        for (path, run) in table {
            assert_eq!(Layout::new(None, path).run_document(), run, "{path}");
        }
    }

    #[test]
    fn a_directory_is_of_the_run_that_it_is_called_after() {
        let table = [
            ("ExperimentRun/dcid.r1", Some("r1")),
            ("ExperimentRun/dcid.r1/", Some("r1")),
            ("ExperimentRun/dcid.r1/outputs", Some("r1")),
            ("azureml/r1", Some("r1")),
            ("azureml/ExperimentRun", None),
            ("ExperimentRun", None),
            ("azureml/", None),
        ];
        for (path, run) in table {
            let layout = Layout { is_directory: true, ..Layout::new(None, path) };
            assert_eq!(layout.run(), run, "{path}");
        }
    }

    #[test]
    fn what_services_keep_is_of_a_run_where_its_name_begins_so() {
        let table = [
            // name, its run, the run whose document it is, the steps that go before it
            ("run/r1", Some("r1"), Some("r1"), 0),
            ("run/r1_2", Some("r1_2"), Some("r1_2"), 1),
            ("run/r1/history", Some("r1"), Some("r1"), 2),
            ("run/r1/metrics", Some("r1"), None, 2),
            ("run/r1/artifacts", Some("r1"), None, 2),
            ("run/", None, None, 0),
            ("run", None, None, 0),
            ("snapshot/0f", None, None, 2),
            ("experiment/e", None, None, 3),
            ("workspace/w", None, None, 4),
            ("model/m", None, None, 1),
            ("model/m/1", None, None, 0),
            ("online_endpoint/e", None, None, 1),
            ("online_endpoint/e/deployments/blue", None, None, 0),
            ("compute/c", None, None, 0),
            ("schedule/s", None, None, 0),
            ("runs/r1", None, None, 0),
            ("ExperimentRun/dcid.r1/run.json", None, None, 0),
            ("ComputeRecord/dcid.r1", None, None, 0),
            ("azureml/r1/out", None, None, 0),
            ("dataset/r1/out", None, None, 0),
        ];
        for (name, run, document, waits_for) in table {
            let layout = Container::Resources.of(name);
            assert_eq!((layout.run(), layout.run_document()), (run, document), "{name}");
            assert_eq!((layout.waits_for(), layout.output_of()), (waits_for, None), "{name}");
            assert_eq!(Layout::new(None, name).waits_for(), 0, "{name}");
        }
        assert_eq!(Layout::new(None, "run/r1/history").run(), None);
    }

    #[test]
    fn what_belongs_to_a_run_alone_is_in_no_list() {
        let table = [
            ("run/r1", true),
            ("run/r1/history", true),
            ("run/r1/metrics", false),
            ("run/r1/artifacts", false),
            ("snapshot/0f", false),
            ("model/m", true),
        ];
        for (name, expected) in table {
            assert_eq!(Container::Resources.of(name).is_listed(), expected, "{name}");
            assert!(Layout::new(None, name).is_listed(), "{name}");
        }
    }

    #[test]
    fn what_goes_first_is_told_by_names() {
        let table = [
            ("model/m", "model/m/1", true),
            ("model/m", "model/m2/1", false),
            ("model/m/1", "model/m", false),
            ("online_endpoint/e", "online_endpoint/e/deployments/blue", true),
            ("run/r1/history", "run/r1", true),
            ("run/r1", "run/r1/history", false),
            ("run/r1", "run/r1", false),
            ("run/r1_2", "run/r1", true),
            ("run/r1_2/metrics", "run/r1", true),
            ("run/r10", "run/r1", false),
            ("run/r10/history", "run/r1", false),
            ("run/r1", "model/m", false),
        ];
        for (later, earlier, expected) in table {
            let [later, earlier] = [later, earlier].map(|name| Container::Resources.of(name));
            assert_eq!(later.comes_after(&earlier), expected, "{} {}", later.path, earlier.path);
        }
        let holders = ["model/m", "model/m/1", "experiment/e", "run/r1", "compute/c"];
        let holds = holders.map(|name| Container::Resources.of(name).is_holder());
        assert_eq!(holds, [true, false, true, false, false]);
        let deployment = Container::Resources.of("online_endpoint/e/deployments/blue");
        assert!(deployment.is_deployment());
        let thing = deployment.thing().unwrap();
        assert_eq!((thing.kind, thing.name.as_str()), (ThingKind::OnlineEndpoint, "e"));
        assert_eq!(run_thing("a%2Fb%25").name, "a/b%");
    }

    #[test]
    fn people_and_what_they_upload_have_their_folders() {
        let layout = |path| Layout::new(None, path);
        assert_eq!(layout("Users/ann@contoso.com/a.ipynb").user_folder(), Some("ann@contoso.com"));
        assert_eq!(layout("Users/ann").user_folder(), None);
        assert_eq!(layout("a/Users/ann/x").user_folder(), None);
        assert_eq!(OneContainer::leading("code-1").prefix_of_users(), "code-1/Users/");
        for (path, notebook) in [
            (".ipynb_checkpoints/a-checkpoint.ipynb", Some("a.ipynb")),
            ("Users/ann/.ipynb_checkpoints/a-checkpoint.py", Some("Users/ann/a.py")),
            ("Users/ann/my.ipynb_checkpoints/a-checkpoint.py", None),
            ("Users/ann/.ipynb_checkpoints/a.ipynb", None),
            ("Users/ann/a-checkpoint.ipynb", None),
        ] {
            assert_eq!(layout(path).notebook().as_deref(), notebook, "{path}");
        }
        for (path, is_of_git) in [
            ("Users/bob/repo/.git/objects/0f/3a", true),
            ("Users/bob/repo.git/packed-refs", true),
            ("Users/bob/.git/index", true),
            ("Users/bob/.git/logs/HEAD", false),
            ("Users/bob/.git/config", false),
            ("Users/bob/.gitignore", false),
            ("Users/bob/objects/.git", false),
            ("Users/bob/objects/x", false),
        ] {
            assert_eq!(layout(path).is_of_git(), is_of_git, "{path}");
        }
        assert!(layout("LocalUpload/0f/a.csv").is_upload());
        assert!(!layout("LocalUpload").is_upload());
        assert_eq!(layout("ExperimentRun/dcid.r1/a/outputs/x").output_of(), Some("r1"));
        assert_eq!(layout("ExperimentRun/dcid.outputs/x").output_of(), None);
        assert_eq!(layout("ExperimentRun/dcid.r1/outputs").output_of(), None);
    }

    #[test]
    fn children_are_named_after_their_parents() {
        let table: [(&str, &[&str]); 9] = [
            ("run1", &[]),
            ("run1_3", &["run1"]),
            ("run1_3_setup", &["run1_3", "run1"]),
            ("HD_7_0", &["HD_7", "HD"]),
            ("run1_v2", &[]),
            ("run1_", &[]),
            ("_1", &[]),
            ("run1_v2_1", &["run1_v2"]),
            ("run10", &[]),
        ];
        for (run, expected) in table {
            assert_eq!(parents(run).collect::<Vec<_>>(), expected, "{run}");
        }
    }

    #[test]
    fn containers_have_names_that_nothing_else_has() {
        for name in ["azureml", BLOBSTORE] {
            assert!(is_container(name), "{name}");
        }
        for name in ["azureml2", "azureml-blobstore-", "my-azureml", "Azureml", ""] {
            assert!(!is_container(name), "{name}");
        }
    }

    #[test]
    fn a_star_stands_for_anything() {
        let cases = [
            ("azureml", "azureml", true),
            ("azureml", "azureml-x", false),
            ("azureml-blobstore-*", "azureml-blobstore-1", true),
            ("azureml-blobstore-*", "azureml-blobstore-", true),
            ("azureml-blobstore-*", "my-azureml-blobstore-1", false),
            ("*", "anything", true),
            ("*-x-*-y", "a-x-b-y", true),
            ("*-x-*-y", "a-x-y", false),
            ("a*a", "a", false),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(is_match(pattern, name), expected, "{pattern} {name}");
        }
    }
}
