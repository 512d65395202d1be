//! Kinds of resources: how each of them is named, listed and ended.

use jiff::SignedDuration;

use crate::support::azure::dependents::spot::Part as DependentPart;
use crate::support::azure::monitor::spot::Part;
use crate::support::azure::operations::{Course, RetryAfter, Shape};

/// A kind. Those of the data plane have no place in the control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Workspace,
    Job,
    Compute,
    Model,
    ModelVersion,
    Data,
    DataVersion,
    Environment,
    EnvironmentVersion,
    Component,
    ComponentVersion,
    Code,
    CodeVersion,
    OnlineEndpoint,
    OnlineDeployment,
    BatchEndpoint,
    BatchDeployment,
    Schedule,
    Datastore,
    Connection,
    Run,
    Experiment,
    Artifact,
    Snapshot,
    Metrics,
    PipelineOutput,
    V1Model,
    WebService,
    V1Dataset,
    /// What workspaces depend on.
    Dependent(DependentPart),
    /// Of Azure Monitor.
    Telemetry(Part),
    /// What Microsoft Graph copies.
    Copy,
}

/// What stands below workspaces: the kind, the kind it stands below, and the word for many of it.
const COLLECTIONS: [(Kind, Kind, &str); 19] = [
    (Kind::Job, Kind::Workspace, "jobs"),
    (Kind::Compute, Kind::Workspace, "computes"),
    (Kind::Model, Kind::Workspace, "models"),
    (Kind::ModelVersion, Kind::Model, "versions"),
    (Kind::Data, Kind::Workspace, "data"),
    (Kind::DataVersion, Kind::Data, "versions"),
    (Kind::Environment, Kind::Workspace, "environments"),
    (Kind::EnvironmentVersion, Kind::Environment, "versions"),
    (Kind::Component, Kind::Workspace, "components"),
    (Kind::ComponentVersion, Kind::Component, "versions"),
    (Kind::Code, Kind::Workspace, "codes"),
    (Kind::CodeVersion, Kind::Code, "versions"),
    (Kind::OnlineEndpoint, Kind::Workspace, "onlineEndpoints"),
    (Kind::OnlineDeployment, Kind::OnlineEndpoint, "deployments"),
    (Kind::BatchEndpoint, Kind::Workspace, "batchEndpoints"),
    (Kind::BatchDeployment, Kind::BatchEndpoint, "deployments"),
    (Kind::Schedule, Kind::Workspace, "schedules"),
    (Kind::Datastore, Kind::Workspace, "datastores"),
    (Kind::Connection, Kind::Workspace, "connections"),
];

impl Kind {
    /// The kind that `word` lists below another.
    pub fn below(parent: Self, word: &str) -> Option<Self> {
        let mut all = COLLECTIONS.into_iter();
        all.find(|(_, above, name)| *above == parent && name.eq_ignore_ascii_case(word))
            .map(|(kind, ..)| kind)
    }

    /// What it stands below.
    pub fn parent(self) -> Option<Self> {
        self.collection().map(|(parent, _)| parent)
    }

    /// What stands below it, where something does.
    pub fn child(self) -> Option<Self> {
        let below = |parent: &Self| *parent == self && self != Self::Workspace;
        COLLECTIONS.into_iter().find(|(_, parent, _)| below(parent)).map(|(kind, ..)| kind)
    }

    fn collection(self) -> Option<(Self, &'static str)> {
        let mut all = COLLECTIONS.into_iter();
        all.find(|(kind, ..)| *kind == self).map(|(_, parent, word)| (parent, word))
    }

    /// The path of names below the workspace, such as `models/m/versions/1`.
    pub fn path(self, names: &[String]) -> String {
        let Some((parent, word)) = self.collection() else { return String::new() };
        let Some((last, above)) = names.split_last() else { return String::new() };
        match parent {
            Self::Workspace => format!("{word}/{last}"),
            _ => format!("{}/{word}/{last}", parent.path(above)),
        }
    }

    /// The word for it in `type`.
    pub fn type_name(self) -> String {
        if let Self::Dependent(part) = self {
            return part.type_name().to_owned();
        }
        if let Self::Telemetry(part) = self {
            return part.type_name().to_owned();
        }
        match self.collection() {
            None => "Microsoft.MachineLearningServices/workspaces".to_owned(),
            Some((parent, word)) => format!("{}/{word}", parent.type_name()),
        }
    }

    /// Whether it is a version of an asset, and makes its container with itself.
    pub fn is_version(self) -> bool {
        self.collection().is_some_and(|(_, word)| word == "versions")
    }

    /// Whether it is an asset's container.
    pub fn is_container(self) -> bool {
        self.child().is_some_and(Self::is_version)
    }

    /// Whether it has a region and tags of its own.
    pub fn is_tracked(self) -> bool {
        matches!(
            self,
            Self::OnlineEndpoint
                | Self::OnlineDeployment
                | Self::BatchEndpoint
                | Self::BatchDeployment
                | Self::Compute
        )
    }

    /// How its end goes where nothing else is planned: as it was seen to go, or as the specification
    /// says where nobody saw it.
    pub fn course(self) -> Course {
        if let Self::Dependent(part) = self {
            return part.course();
        }
        let shape = match self {
            Self::Compute => Shape::AsyncOperation,
            Self::OnlineEndpoint
            | Self::OnlineDeployment
            | Self::BatchEndpoint
            | Self::BatchDeployment => Shape::Both,
            Self::Workspace | Self::Job | Self::Schedule | Self::WebService => Shape::Location,
            _ => Shape::AtOnce,
        };
        let retry_after = match self {
            Self::Workspace => RetryAfter::Seconds(15),
            Self::Job | Self::Schedule => RetryAfter::Seconds(10),
            _ => RetryAfter::Absent,
        };
        let lasts = SignedDuration::ZERO;
        Course { shape, retry_after, lasts, ..Course::default() }
    }

    /// Who keeps it.
    pub fn provider(self) -> &'static str {
        match self {
            Self::Dependent(part) => part.provider(),
            _ => "Microsoft.MachineLearningServices",
        }
    }

    /// The word for it in the paths of its operations.
    pub fn operations_word(self) -> &'static str {
        match self {
            Self::Workspace => "workspaceOperations",
            Self::Compute => "computeOperations",
            Self::Dependent(_) => "operation",
            _ => "mfeOperations",
        }
    }
}
