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

impl Thing {
    /// What it is called within its workspace: of an ARM id the last part.
    pub fn own_name(&self) -> &str {
        match self.name.strip_prefix('/') {
            Some(id) => id.trim_end_matches('/').rsplit('/').next().unwrap_or_default(),
            None => &self.name,
        }
    }
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

    /// What a source that has such things holds: an output of a pipeline is one of its run.
    pub fn held_as(self) -> Self {
        if self == Self::PipelineOutput { Self::Run } else { self }
    }

    /// Whether files belong to it, beside what its service says of it.
    pub fn has_files(self) -> bool {
        matches!(self, Self::Run | Self::Model | Self::Dataset | Self::PipelineOutput)
    }

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

impl Thing {
    /// What requests about one thing have in common, however they name it: its name in lower case,
    /// without a version and what leads to it. Others may share it.
    pub fn stem(&self) -> String {
        let mut parts = self.name.split('/').filter(|part| !part.is_empty());
        let is_workspaces = |part: &str| part.eq_ignore_ascii_case("workspaces");
        let name = if !self.name.starts_with('/') {
            self.name.split(':').next()
        } else if parts.any(is_workspaces) {
            // `…/workspaces/WS/models/NAME/versions/1`
            let workspace = parts.next();
            parts.nth(1).or(workspace)
        } else {
            self.name.rsplit('/').next()
        };
        name.unwrap_or_default().trim().to_lowercase()
    }
}

impl fmt::Debug for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Thing({}, name not shown)", self.kind.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_about_one_thing_have_a_stem_in_common() {
        let of = |name: &str| {
            let (name, kind) = (name.to_owned(), ThingKind::Model);
            Thing { kind, name, output: None, with_dependents: false, permanently: true }.stem()
        };
        let workspace = "/subscriptions/0/resourceGroups/g/providers/\
                         Microsoft.MachineLearningServices/workspaces/Ws";
        for name in ["churn", "Churn", " churn ", "churn:1", "churn:1:2"] {
            assert_eq!(of(name), "churn", "{name}");
        }
        for below in ["models/churn", "models/Churn/versions/1", "models/churn/"] {
            assert_eq!(of(&format!("{workspace}/{below}")), "churn", "{below}");
        }
        assert_eq!(of(workspace), "ws");
        assert_eq!(of("/odd/id"), "id");
        assert_eq!(of(""), "");
    }
}
