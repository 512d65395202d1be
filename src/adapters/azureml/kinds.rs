//! The sorts of resources: where each is listed, what is below it, and what can be done with it.

use crate::domain::asked::thing::ThingKind;

/// A sort.
#[derive(Debug, PartialEq, Eq)]
pub struct Sort {
    /// What requests call it, and the first segment of its items' names.
    pub kind: ThingKind,
    /// The segment of the path under which all of it are.
    pub collection: &'static str,
    /// What is below each of it.
    pub below: Below,
    /// Whether its list leaves out what is hidden, unless it is asked for all.
    pub is_viewed: bool,
    /// Whether it can be hidden.
    pub is_archived: bool,
    /// Whether what it stands for can be left when it is registered no more.
    pub is_detached: bool,
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
}

const PLAIN: Sort = Sort {
    kind: ThingKind::Run,
    collection: "",
    below: Below::Nothing,
    is_viewed: false,
    is_archived: false,
    is_detached: false,
};

/// All sorts, in the order of their words.
pub const SORTS: [Sort; 9] = [
    Sort {
        kind: ThingKind::BatchEndpoint,
        collection: "batchEndpoints",
        below: Below::Deployments,
        ..PLAIN
    },
    versioned(ThingKind::Component, "components"),
    Sort { kind: ThingKind::Compute, collection: "computes", is_detached: true, ..PLAIN },
    versioned(ThingKind::Dataset, "data"),
    versioned(ThingKind::Environment, "environments"),
    versioned(ThingKind::Model, "models"),
    Sort {
        kind: ThingKind::OnlineEndpoint,
        collection: "onlineEndpoints",
        below: Below::Deployments,
        ..PLAIN
    },
    Sort { kind: ThingKind::Run, collection: "jobs", is_viewed: true, is_archived: true, ..PLAIN },
    Sort { kind: ThingKind::Schedule, collection: "schedules", is_viewed: true, ..PLAIN },
];

/// The same as requests name them.
pub const KINDS: [ThingKind; 9] = [
    ThingKind::BatchEndpoint,
    ThingKind::Component,
    ThingKind::Compute,
    ThingKind::Dataset,
    ThingKind::Environment,
    ThingKind::Model,
    ThingKind::OnlineEndpoint,
    ThingKind::Run,
    ThingKind::Schedule,
];

impl Sort {
    /// That of a kind.
    pub fn of(kind: ThingKind) -> Option<&'static Self> {
        SORTS.iter().find(|sort| sort.kind == kind)
    }
}

impl Below {
    /// The segment of the path under which it is.
    pub fn collection(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Versions => "versions",
            Self::Deployments => "deployments",
        }
    }
}

const fn versioned(kind: ThingKind, collection: &'static str) -> Sort {
    let below = Below::Versions;
    Sort { kind, collection, below, is_viewed: true, is_archived: true, is_detached: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_tables_are_one_and_in_order() {
        assert!(SORTS.iter().map(|sort| sort.kind).eq(KINDS));
        assert!(SORTS.iter().map(|sort| sort.kind.word()).is_sorted());
    }
}
