//! What a request asks for, by its method and query.

use crate::support::blob_server::wire::Request;

/// The operations that are spoken, by their names in the published interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    ServiceGetProperties,
    ServiceListContainers,
    SubmitBatch,
    ContainerCreate,
    ContainerGetProperties,
    ContainerListBlobs,
    BlobUpload,
    BlockStage,
    BlockCommitList,
    BlobDownload,
    BlobGetProperties,
    BlobDelete,
    BlobSnapshot,
    BlobUndelete,
    BlobSetMetadata,
    BlobGetTags,
    BlobSetTags,
    BlobSetTier,
    BlobLease,
    /// Nothing that is spoken here.
    Unknown,
}

/// Where a request goes: the account, a container or a blob, percent-decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub container: String,
    pub blob: String,
}

impl Operation {
    pub fn of(request: &Request, place: &Place) -> Self {
        let comp = request.query("comp").unwrap_or_default();
        let is_service = request.query("restype") == Some("service");
        let is_container = request.query("restype") == Some("container");
        match (request.method.as_str(), place.container.is_empty(), place.blob.is_empty()) {
            ("GET", true, _) if is_service && comp == "properties" => Self::ServiceGetProperties,
            ("GET", true, _) if comp == "list" => Self::ServiceListContainers,
            ("POST", _, true) if comp == "batch" => Self::SubmitBatch,
            ("GET", false, true) if is_container && comp == "list" => Self::ContainerListBlobs,
            ("PUT", false, true) if is_container && comp.is_empty() => Self::ContainerCreate,
            ("GET" | "HEAD", false, true) if is_container && comp.is_empty() => {
                Self::ContainerGetProperties
            }
            (method, false, false) => Self::of_blob(method, comp),
            _ => Self::Unknown,
        }
    }

    fn of_blob(method: &str, comp: &str) -> Self {
        match (method, comp) {
            ("PUT", "") => Self::BlobUpload,
            ("PUT", "block") => Self::BlockStage,
            ("PUT", "blocklist") => Self::BlockCommitList,
            ("PUT", "snapshot") => Self::BlobSnapshot,
            ("PUT", "undelete") => Self::BlobUndelete,
            ("PUT", "metadata") => Self::BlobSetMetadata,
            ("PUT", "tags") => Self::BlobSetTags,
            ("PUT", "tier") => Self::BlobSetTier,
            ("PUT", "lease") => Self::BlobLease,
            ("GET", "tags") => Self::BlobGetTags,
            ("GET", "") => Self::BlobDownload,
            ("HEAD", "" | "metadata") => Self::BlobGetProperties,
            ("DELETE", "") => Self::BlobDelete,
            _ => Self::Unknown,
        }
    }
}
