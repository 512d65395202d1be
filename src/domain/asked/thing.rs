//! A resource of a workspace, which a request can name instead of a person (DESIGN 4.1).
//!
//! Its name may be a person's ("ci-ann"), so that `Debug` does not show it and there is no
//! `Display`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a request names.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thing {
    /// What sort of resource it is.
    pub kind: ThingKind,
    /// What it is called: a name, `NAME:VERSION`, a run id, or an ARM id.
    pub name: String,
    /// Which output of the run, where the resource is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Whether what depends on it goes with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub with_dependents: bool,
    /// Whether nothing of it may be left that could be brought back.
    pub permanently: bool,
}

/// The sorts of resources, by the words of the design.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThingKind {
    /// One execution of something.
    Run,
    /// A name that runs are gathered under.
    Experiment,
    /// A registered model, or a version of one.
    Model,
    /// Registered data, or a version of it.
    Dataset,
    /// A compute target.
    Compute,
    /// A web service of the first SDK.
    WebService,
    /// An online endpoint.
    OnlineEndpoint,
    /// A batch endpoint.
    BatchEndpoint,
    /// A workspace.
    Workspace,
    /// What one step of a pipeline wrote.
    PipelineOutput,
    /// A registered environment.
    Environment,
    /// A registered component.
    Component,
    /// A schedule.
    Schedule,
    /// A registered store.
    Datastore,
}

/// How a thing is put aside without being erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aside {
    /// It is registered no more; what it stood for stays.
    Unregistered,
    /// It is hidden, and stays.
    Archived,
}

impl ThingKind {
    /// Every sort, in the order of the design.
    pub const ALL: [Self; 14] = [
        Self::Run,
        Self::Experiment,
        Self::Model,
        Self::Dataset,
        Self::Compute,
        Self::WebService,
        Self::OnlineEndpoint,
        Self::BatchEndpoint,
        Self::Workspace,
        Self::PipelineOutput,
        Self::Environment,
        Self::Component,
        Self::Schedule,
        Self::Datastore,
    ];

    /// The word used in requests.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Experiment => "experiment",
            Self::Model => "model",
            Self::Dataset => "dataset",
            Self::Compute => "compute",
            Self::WebService => "web_service",
            Self::OnlineEndpoint => "online_endpoint",
            Self::BatchEndpoint => "batch_endpoint",
            Self::Workspace => "workspace",
            Self::PipelineOutput => "pipeline_output",
            Self::Environment => "environment",
            Self::Component => "component",
            Self::Schedule => "schedule",
            Self::Datastore => "datastore",
        }
    }

    /// The sort of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

impl fmt::Debug for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Thing({}, name not shown)", self.kind.word())
    }
}
