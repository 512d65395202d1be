//! Workspaces and what they hold, the switches, and the time. Tests look into it and fill it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::support::azure::data_plane::run::Run;
use crate::support::azure::dependents::store::Store as Dependents;
use crate::support::azure::entry::Rates;
use crate::support::azure::faults::{Faults, Verb};
use crate::support::azure::graph::Graph;
use crate::support::azure::kind::Kind;
use crate::support::azure::monitor::store::Store;
use crate::support::azure::operations::{Course, Effect, Operations};
use crate::support::azure::place::WorkspaceId;
use crate::support::azure::rights::Role;
use crate::support::blob_server::form::stamp;

/// How long a softly deleted workspace can be had back.
const SOFT_DELETE_TIME: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Everything.
pub struct State {
    pub now: Timestamp,
    /// Where it is served.
    pub base_url: String,
    pub tenant: String,
    /// Subscriptions and resource groups in them, in lower case.
    pub groups: BTreeSet<(String, String)>,
    pub workspaces: BTreeMap<String, Workspace>,
    pub monitor: Store,
    pub operations: Operations,
    pub faults: Faults,
    pub rates: Rates,
    pub switches: Switches,
    pub dependents: Dependents,
    pub graph: Graph,
}

/// What can be one way or another: some of it by how a workspace is set up, some because nobody
/// outside Microsoft knows.
pub struct Switches {
    /// Items of a page.
    pub page_items: usize,
    /// Whether an empty page with a link comes before the second page.
    pub empty_page: bool,
    /// A host that links to next pages lead to: nobody should follow.
    pub next_link_host: Option<String>,
    /// A host that discovery says all services are at: nobody should ask there.
    pub discovery_host: Option<String>,
    /// Whether pages begin at an offset, so that items are passed over when others before them go;
    /// else behind the last item that was seen. Unknown; real links are opaque.
    pub pages_by_offset: bool,
    /// How long lists still name what is gone.
    pub list_lag: SignedDuration,
    /// Whether ids are answered in another case than they were asked for.
    pub odd_case: bool,
    /// Whether requests beyond the buckets are refused; they are always counted.
    pub is_throttled: bool,
    /// Whether a job that still runs can be deleted. Unknown.
    pub running_jobs_can_be_deleted: bool,
    /// Whether a PUT of a job changes to whom its end is told. Unknown.
    pub notifications_change: bool,
    /// Whether the end of a job is the end of its artifacts. Unknown: documentation and users
    /// disagree.
    pub job_delete_takes_artifacts: bool,
    /// Whether the control plane answers for children of pipelines with `properties: null`, as
    /// `azure-ai-ml` expects, and does not list them.
    pub children_are_hidden: bool,
    /// Whether a workspace is at first deleted softly.
    pub soft_delete: bool,
    /// Kinds whose archiving is answered with success, and does nothing (azure-sdk-for-python#36527).
    pub archive_is_ignored: BTreeSet<Kind>,
    /// Computes of these types can only be detached (SDK v1 refuses to ask for more).
    pub detach_only: BTreeSet<String>,
    /// How the end of a kind goes from now on, where it is not planned for one request.
    pub courses: BTreeMap<Kind, Course>,
    /// Which roles the caller has; `None` may do everything.
    pub roles: Option<Vec<Role>>,
    /// Which it has beside these in one workspace.
    pub narrow: Option<(WorkspaceId, Vec<Role>)>,
    /// What the caller has no right to all the same: a verb of a kind.
    pub denied: BTreeSet<(Verb, Kind)>,
    /// Time that every request takes.
    pub latency: Duration,
    /// Region of what is created, and of polling links, which may be another.
    pub region: String,
    pub operations_region: String,
}

impl Default for Switches {
    fn default() -> Self {
        let detach_only =
            ["Kubernetes", "HDInsight", "Databricks", "VirtualMachine", "SynapseSpark"];
        Self {
            page_items: 30,
            empty_page: false,
            next_link_host: None,
            discovery_host: None,
            pages_by_offset: false,
            list_lag: SignedDuration::ZERO,
            odd_case: false,
            is_throttled: false,
            running_jobs_can_be_deleted: false,
            notifications_change: true,
            job_delete_takes_artifacts: false,
            children_are_hidden: true,
            soft_delete: true,
            archive_is_ignored: BTreeSet::new(),
            detach_only: detach_only.map(str::to_owned).into(),
            courses: BTreeMap::new(),
            roles: None,
            narrow: None,
            denied: BTreeSet::new(),
            latency: Duration::ZERO,
            region: "westeurope".to_owned(),
            operations_region: "northeurope".to_owned(),
        }
    }
}

/// Whether a workspace is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Live,
    /// Since then.
    SoftDeleted(Timestamp),
    /// Creating says that it is softly deleted, purging that it is not there (azure-cli#33756).
    Deadlocked,
}

/// A workspace.
pub struct Workspace {
    pub id: WorkspaceId,
    pub phase: Phase,
    /// The document that a GET answers, without `id`, `name` and `type`.
    pub document: Map<String, Value>,
    pub resources: BTreeMap<(Kind, String), Resource>,
    /// By run id.
    pub runs: BTreeMap<String, Run>,
    /// By experiment id.
    pub experiments: BTreeMap<String, Experiment>,
    /// By origin, container and path.
    pub artifacts: BTreeMap<(String, String, String), Artifact>,
    /// Files of the source of runs, by the id of the snapshot: several runs may have one.
    pub snapshots: BTreeMap<String, Vec<String>>,
    /// By run id.
    pub metrics: BTreeMap<String, Value>,
    /// Datastore and path, by run id and name.
    pub outputs: BTreeMap<(String, String), (String, String)>,
    /// By name.
    pub web_services: BTreeMap<String, Map<String, Value>>,
    /// By dataset id.
    pub datasets: BTreeMap<String, Map<String, Value>>,
    /// The next version of each container that ever was: a name is not freed.
    pub next_versions: BTreeMap<(Kind, String), u64>,
}

/// What stands below a workspace, jobs apart.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Names from the workspace down, as they were given.
    pub names: Vec<String>,
    pub properties: Map<String, Value>,
    /// What stands beside `properties`: `location`, `tags`, `identity`, `sku`, `kind`.
    pub beside: Map<String, Value>,
    pub created_by: String,
    pub created: Timestamp,
    pub modified: Timestamp,
    pub gone: Option<Timestamp>,
}

/// An experiment.
#[derive(Clone, Debug)]
pub struct Experiment {
    pub name: String,
    pub description: Option<String>,
    pub tags: Map<String, Value>,
    pub archived: Option<Timestamp>,
    pub created: Timestamp,
}

/// What a run left, as the artifact service knows it.
#[derive(Clone, Debug)]
pub struct Artifact {
    pub created: Timestamp,
    /// Path in the container `azureml`.
    pub blob: String,
}

impl State {
    /// Adds a workspace, its resource group too.
    pub fn add_workspace(
        &mut self,
        id: &WorkspaceId,
        document: Map<String, Value>,
    ) -> &mut Workspace {
        self.groups.insert((id.subscription.to_lowercase(), id.group.to_lowercase()));
        let workspace = Workspace::new(id.clone(), document);
        self.workspaces.entry(id.key()).insert_entry(workspace).into_mut()
    }

    /// The workspace that a client may ask for.
    pub fn live(&mut self, id: &WorkspaceId) -> Option<&mut Workspace> {
        self.workspaces.get_mut(&id.key()).filter(|workspace| workspace.phase == Phase::Live)
    }

    /// Whether the subscription is known, and the group in it.
    pub fn knows(&self, subscription: &str, group: Option<&str>) -> (bool, bool) {
        let subscription = subscription.to_lowercase();
        let mut groups = self.groups.iter().filter(|(known, _)| *known == subscription);
        let group = group.map(str::to_lowercase);
        let knows_subscription = groups.clone().next().is_some();
        (knows_subscription, groups.any(|(_, known)| group.as_ref().is_none_or(|it| it == known)))
    }

    /// Moves the clock, and does what is due by then.
    pub fn advance(&mut self, time: SignedDuration) {
        self.now += time;
        self.settle();
    }

    /// Does what is due.
    pub fn settle(&mut self) {
        for (id, effect) in self.operations.due(self.now) {
            self.carry_out(&id, effect);
        }
        let now = self.now;
        self.monitor.settle(now);
        self.workspaces.retain(|_, workspace| match workspace.phase {
            Phase::SoftDeleted(since) => now < since + SOFT_DELETE_TIME,
            Phase::Live | Phase::Deadlocked => true,
        });
    }

    fn carry_out(&mut self, id: &WorkspaceId, effect: Effect) {
        let (now, takes) = (self.now, self.switches.job_delete_takes_artifacts);
        if self.monitor.carry_out(id, &effect, now) || self.dependents.carry_out(&effect, now) {
            return;
        }
        let Some(workspace) = self.workspaces.get_mut(&id.key()) else { return };
        match effect {
            Effect::Delete { kind: Kind::Job, names } => {
                workspace.remove_run(&names.join("/"), takes, now);
            }
            Effect::Delete { kind: Kind::Experiment, names } => {
                workspace.experiments.remove(&names.join("/"));
            }
            Effect::Delete { kind: Kind::WebService, names } => {
                workspace.web_services.remove(&names.join("/"));
            }
            Effect::Delete { kind, names } => workspace.remove(kind, &names, now),
            Effect::DeleteWorkspace { for_good: true } => {
                self.workspaces.remove(&id.key());
            }
            Effect::DeleteWorkspace { for_good: false } => {
                workspace.phase = Phase::SoftDeleted(now);
                // These do not wait for the fourteen days (concept-soft-delete).
                workspace.runs.clear();
                workspace.resources.retain(|(kind, _), _| !ends_at_once(*kind));
            }
            Effect::Nothing => {}
            Effect::CancelJob(run) => {
                if let Some(run) = workspace.runs.get_mut(&run) {
                    run.say("status", "Canceled".into());
                    run.say("endTimeUtc", stamp(now).into());
                }
            }
        }
    }
}

fn ends_at_once(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Compute
            | Kind::OnlineEndpoint
            | Kind::OnlineDeployment
            | Kind::BatchEndpoint
            | Kind::BatchDeployment
    )
}

impl Workspace {
    pub fn new(id: WorkspaceId, document: Map<String, Value>) -> Self {
        Self {
            id,
            phase: Phase::Live,
            document,
            resources: BTreeMap::new(),
            runs: BTreeMap::new(),
            experiments: BTreeMap::new(),
            artifacts: BTreeMap::new(),
            snapshots: BTreeMap::new(),
            metrics: BTreeMap::new(),
            outputs: BTreeMap::new(),
            web_services: BTreeMap::new(),
            datasets: BTreeMap::new(),
            next_versions: BTreeMap::new(),
        }
    }

    /// Where a resource is kept: names are compared without case.
    pub fn key(kind: Kind, names: &[String]) -> (Kind, String) {
        (kind, names.join("/").to_lowercase())
    }

    /// A resource that is there.
    pub fn get(&self, kind: Kind, names: &[String]) -> Option<&Resource> {
        self.resources.get(&Self::key(kind, names)).filter(|resource| resource.gone.is_none())
    }

    /// Names of what there is of a kind, sorted.
    pub fn names(&self, kind: Kind) -> Vec<String> {
        let there = self.resources.iter().filter(|(key, it)| key.0 == kind && it.gone.is_none());
        there.map(|(_, resource)| resource.names.join("/")).collect()
    }

    /// Puts a resource over what was there; a version makes its container with itself.
    pub fn put(&mut self, kind: Kind, names: &[&str], body: &Value, by: &str, now: Timestamp) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let created = self.get(kind, &names).map_or(now, |resource| resource.created);
        let mut beside = body.as_object().cloned().unwrap_or_default();
        let properties = beside.shift_remove("properties").unwrap_or_default();
        if let (true, Some(parent), [container, version]) =
            (kind.is_version(), kind.parent(), &names[..])
        {
            let container = std::slice::from_ref(container);
            if self.get(parent, container).is_none() {
                let body =
                    json!({"properties": {"isArchived": false, "properties": {}, "tags": {}}});
                self.put(parent, &[container[0].as_str()], &body, by, now);
            }
            let next = self.next_versions.entry(Self::key(parent, container)).or_insert(1);
            *next = (*next).max(version.parse().unwrap_or(0) + 1);
        }
        let resource = Resource {
            names: names.clone(),
            properties: properties.as_object().cloned().unwrap_or_default(),
            beside,
            created_by: by.to_owned(),
            created,
            modified: now,
            gone: None,
        };
        self.resources.insert(Self::key(kind, &names), resource);
    }

    /// Takes a resource away, and what stands below it.
    pub fn remove(&mut self, kind: Kind, names: &[String], now: Timestamp) {
        let below = format!("{}/", names.join("/").to_lowercase());
        let own = Self::key(kind, names);
        for (key, resource) in &mut self.resources {
            let is_below = Some(key.0) == kind.child() && key.1.starts_with(&below);
            if *key == own || is_below {
                resource.gone.get_or_insert(now);
            }
        }
    }

    /// A run that is there.
    pub fn run(&self, id: &str) -> Option<&Run> {
        self.runs.get(id).filter(|run| run.gone.is_none())
    }

    /// The same, to be changed.
    pub fn run_mut(&mut self, id: &str) -> Option<&mut Run> {
        self.runs.get_mut(id).filter(|run| run.gone.is_none())
    }

    /// Ids of the runs that are there, sorted.
    pub fn run_ids(&self) -> Vec<String> {
        let there = self.runs.iter().filter(|(_, run)| run.gone.is_none());
        there.map(|(id, _)| id.clone()).collect()
    }

    /// Takes a run away, and its descendants.
    pub fn remove_run(&mut self, id: &str, takes_artifacts: bool, now: Timestamp) {
        let children: Vec<String> = self
            .runs
            .iter()
            .filter(|(_, run)| run.parent() == Some(id))
            .map(|(id, _)| id.clone())
            .collect();
        for child in children {
            self.remove_run(&child, takes_artifacts, now);
        }
        if let Some(run) = self.runs.get_mut(id) {
            run.gone.get_or_insert(now);
        }
        if takes_artifacts {
            let container = format!("dcid.{id}");
            self.artifacts.retain(|(_, held, _), _| *held != container);
        }
    }

    /// The id of the experiment with a name.
    pub fn experiment_id(&self, name: &str) -> Option<String> {
        let mut all = self.experiments.iter();
        all.find(|(_, experiment)| experiment.name == name).map(|(id, _)| id.clone())
    }
}
