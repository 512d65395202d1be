//! The sorts of what a workspace holds: who keeps each, where it is listed, what is below it, and
//! what can be done with it.

use crate::adapters::azureml::wire::discovery::Service;
use crate::domain::asked::thing::ThingKind;

/// A sort.
#[derive(Debug, PartialEq, Eq)]
pub struct Sort {
    /// The first segment of its items' names: the word of requests, where they can name it.
    pub word: &'static str,
    /// What requests call it.
    pub kind: Option<ThingKind>,
    /// Who keeps it.
    pub keeper: Keeper,
    /// The segment of the path under which all of it are.
    pub collection: &'static str,
    /// What is below each of it.
    pub below: Below,
    /// How all of it is listed.
    pub listed: Listed,
    /// Whether it can be hidden.
    pub is_archived: bool,
    /// Whether what it stands for can be left when it is registered no more.
    pub is_detached: bool,
}

/// Who keeps a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeper {
    /// Azure Resource Manager.
    Manager,
    /// A service of the workspace's own.
    Service(Service),
}

/// How all of a sort is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// Whole.
    Whole,
    /// Without what is hidden, unless it is asked for all.
    Viewed,
    /// Not: it is found by who has it.
    Never,
}

/// What is below a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Below {
    /// Nothing.
    Nothing,
    /// Its versions: it is what they have in common.
    Versions,
    /// What answers for an endpoint.
    Deployments,
    /// What other services keep of a run: [`HISTORY`] and the like.
    Leavings,
    /// The runs of an experiment, whose history is listed there.
    Runs,
}

/// What run history keeps of a run.
pub const HISTORY: &str = "history";
/// What is measured of a run.
pub const METRICS: &str = "metrics";
/// What is known of a run's files.
pub const ARTIFACTS: &str = "artifacts";

const PLAIN: Sort = Sort {
    word: "",
    kind: None,
    keeper: Keeper::Manager,
    collection: "",
    below: Below::Nothing,
    listed: Listed::Whole,
    is_archived: false,
    is_detached: false,
};

/// A run.
pub const RUN: Sort = Sort {
    collection: "jobs",
    below: Below::Leavings,
    listed: Listed::Viewed,
    is_archived: true,
    ..requested(ThingKind::Run)
};

/// An experiment.
pub const EXPERIMENT: Sort = Sort {
    keeper: Keeper::Service(Service::History),
    collection: "experiments",
    below: Below::Runs,
    is_archived: true,
    ..requested(ThingKind::Experiment)
};

/// The source of runs.
pub const SNAPSHOT: Sort = Sort {
    word: "snapshot",
    keeper: Keeper::Service(Service::Content),
    collection: "snapshots",
    listed: Listed::Never,
    ..PLAIN
};

/// A data set of the first SDK. Requests call it as they call the others.
pub const REGISTERED_DATASET: Sort = Sort {
    word: "registered_dataset",
    keeper: Keeper::Service(Service::Dataset),
    collection: "datasets",
    is_archived: true,
    is_detached: true,
    ..PLAIN
};

/// A web service of the first SDK.
pub const WEB_SERVICE: Sort = Sort {
    keeper: Keeper::Service(Service::ModelManagement),
    collection: "services",
    ..requested(ThingKind::WebService)
};

/// All sorts, in the order of their words.
pub const SORTS: [Sort; 16] = [
    Sort {
        collection: "batchEndpoints",
        below: Below::Deployments,
        ..requested(ThingKind::BatchEndpoint)
    },
    versioned(ThingKind::Component, "components"),
    Sort { collection: "computes", is_detached: true, ..requested(ThingKind::Compute) },
    Sort { word: "connection", collection: "connections", ..PLAIN },
    versioned(ThingKind::Dataset, "data"),
    Sort { collection: "datastores", is_detached: true, ..requested(ThingKind::Datastore) },
    versioned(ThingKind::Environment, "environments"),
    EXPERIMENT,
    versioned(ThingKind::Model, "models"),
    Sort {
        collection: "onlineEndpoints",
        below: Below::Deployments,
        ..requested(ThingKind::OnlineEndpoint)
    },
    REGISTERED_DATASET,
    RUN,
    Sort { collection: "schedules", listed: Listed::Viewed, ..requested(ThingKind::Schedule) },
    SNAPSHOT,
    WEB_SERVICE,
    Sort { listed: Listed::Never, ..requested(ThingKind::Workspace) },
];

/// The same as requests name them.
pub const KINDS: [ThingKind; 13] = [
    ThingKind::BatchEndpoint,
    ThingKind::Component,
    ThingKind::Compute,
    ThingKind::Dataset,
    ThingKind::Datastore,
    ThingKind::Environment,
    ThingKind::Experiment,
    ThingKind::Model,
    ThingKind::OnlineEndpoint,
    ThingKind::Run,
    ThingKind::Schedule,
    ThingKind::WebService,
    ThingKind::Workspace,
];

impl Sort {
    /// That of a kind.
    pub fn of(kind: ThingKind) -> Option<&'static Self> {
        SORTS.iter().find(|sort| sort.kind == Some(kind))
    }

    /// That of a word.
    pub fn named(word: &str) -> Option<&'static Self> {
        SORTS.iter().find(|sort| sort.word == word)
    }

    /// Whether a region may have switched off what keeps it: services of the first SDK, which is
    /// out of support since 2026-06-30.
    pub fn may_be_unserved(&self) -> bool {
        matches!(self.keeper, Keeper::Service(_)) && *self != EXPERIMENT
    }

    /// Whether it is of that kind.
    pub fn is(&self, kind: ThingKind) -> bool {
        self.kind == Some(kind)
    }
}

impl Below {
    /// The segment of the path under which it is.
    pub fn collection(self) -> &'static str {
        match self {
            Self::Nothing | Self::Leavings => "",
            Self::Versions => "versions",
            Self::Deployments => "deployments",
            Self::Runs => "runs",
        }
    }
}

const fn requested(kind: ThingKind) -> Sort {
    Sort { word: kind.word(), kind: Some(kind), ..PLAIN }
}

const fn versioned(kind: ThingKind, collection: &'static str) -> Sort {
    Sort {
        collection,
        below: Below::Versions,
        listed: Listed::Viewed,
        is_archived: true,
        ..requested(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_tables_are_one_and_in_order() {
        assert!(SORTS.iter().filter_map(|sort| sort.kind).eq(KINDS));
        assert!(SORTS.iter().map(|sort| sort.word).is_sorted());
        assert!(SORTS.iter().all(|sort| sort.kind.is_none_or(|kind| kind.word() == sort.word)));
    }
}
