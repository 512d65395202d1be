//! A place that is known of, and whether it is looked at.

use serde::{Deserialize, Serialize};

use crate::domain::layout::Location;

/// A place that a source knows of. Its name may speak of a person, so there is no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Known {
    /// What sort of place it is.
    pub sort: PlaceSort,
    /// What it is called there.
    pub name: String,
    /// Where it is; `None` where it is in no storage account.
    pub place: Option<Location>,
    /// Whether the source that tells of it looks at it. What another source covers is not its
    /// business: it says `not_configured`.
    pub looked: Looked,
    /// A stable word of why not, or the service's own code; empty where there is no more to say.
    pub why: String,
}

/// A sort of places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceSort {
    /// A whole source.
    Source,
    /// A container of blobs, a file system, a folder.
    Container,
    /// A share of files.
    FileShare,
    /// A workspace's name for a place.
    Datastore,
    /// What a service of a workspace keeps, by the sort of things.
    Service,
    /// A table of telemetry.
    TelemetryTable,
    /// A registry of container images.
    Registry,
    /// Copies that an account keeps elsewhere.
    Backup,
    /// What Microsoft's own services write about the users of a tenant.
    TenantLogs,
}

/// Whether a place was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Looked {
    /// It was.
    Looked,
    /// No source of the settings covers it.
    NotConfigured,
    /// The request names other sources.
    NotAsked,
    /// We were not let in.
    Refused,
    /// There is no way to look.
    CannotBeLookedAt,
}

impl PlaceSort {
    /// Every sort.
    pub const ALL: [Self; 9] = [
        Self::Source,
        Self::Container,
        Self::FileShare,
        Self::Datastore,
        Self::Service,
        Self::TelemetryTable,
        Self::Registry,
        Self::Backup,
        Self::TenantLogs,
    ];

    /// The word in events, certificates and manifests.
    pub fn word(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Container => "container",
            Self::FileShare => "file_share",
            Self::Datastore => "datastore",
            Self::Service => "service",
            Self::TelemetryTable => "telemetry_table",
            Self::Registry => "registry",
            Self::Backup => "backup",
            Self::TenantLogs => "tenant_logs",
        }
    }

    /// Whether who tells of it is there to look at it: the rest is of others.
    pub fn is_its_own(self) -> bool {
        matches!(self, Self::Source | Self::Service | Self::TelemetryTable | Self::TenantLogs)
    }
}

impl Looked {
    /// All answers.
    pub const ALL: [Self; 5] =
        [Self::Looked, Self::NotConfigured, Self::NotAsked, Self::Refused, Self::CannotBeLookedAt];

    /// The word in events, certificates and manifests.
    pub fn word(self) -> &'static str {
        match self {
            Self::Looked => "looked",
            Self::NotConfigured => "not_configured",
            Self::NotAsked => "not_asked",
            Self::Refused => "refused",
            Self::CannotBeLookedAt => "cannot_be_looked_at",
        }
    }
}
