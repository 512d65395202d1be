//! Where the workspace's own services are: its document says where to ask, and that answers with an
//! address for each. Asked once, and again when nobody is met at an address.

use serde_json::Value;
use url::Url;

use crate::adapters::azureml::wire::hosts::Hosts;
use crate::domain::failure::Failure;

/// What is done when it fails.
pub const DISCOVERING: &str = "finding the services of a workspace";

/// A service of the data plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Runs and experiments.
    History,
    /// What is known of the files of runs.
    Artifact,
    /// Metrics of runs.
    Metric,
    /// The source of runs.
    Content,
    /// Models and web services of the first SDK.
    ModelManagement,
    /// Data sets of the first SDK.
    Dataset,
    /// Runs of pipelines.
    Pipelines,
}

/// What a workspace tells of where things are.
pub struct Discovered {
    addresses: Vec<(&'static str, Url)>,
    /// Its default storage account, by its name.
    pub account: Option<String>,
}

impl Service {
    /// Its word and version in paths.
    pub fn path(self) -> &'static str {
        match self {
            Self::History => "history/v1.0",
            Self::Artifact => "artifact/v2.0",
            Self::Metric => "metric/v2.0",
            Self::Content => "content/v1.0",
            Self::ModelManagement => "modelmanagement/v1.0",
            Self::Dataset => "dataset/v1.0",
            Self::Pipelines => "pipelines/v1.0",
        }
    }

    /// Under which word discovery has its address (azureml-core's `service_context.py`).
    fn key(self) -> &'static str {
        match self {
            Self::ModelManagement => MODELS,
            Self::Pipelines => API,
            Self::History | Self::Artifact | Self::Metric | Self::Content | Self::Dataset => {
                HISTORY
            }
        }
    }
}

const API: &str = "api";
const HISTORY: &str = "history";
const MODELS: &str = "modelmanagement";

impl Discovered {
    /// What the workspace's document and the answer of discovery say.
    ///
    /// # Errors
    /// An address is none of the cloud's.
    pub fn new(workspace: &Value, discovery: &Value, hosts: &Hosts) -> Result<Self, Failure> {
        let mut addresses = Vec::new();
        for key in [API, HISTORY, MODELS] {
            let Some(link) = discovery[key].as_str() else { continue };
            addresses.push((key, hosts.own(link).ok_or_else(foreign)?));
        }
        let account = workspace["properties"]["storageAccount"].as_str();
        let account = account.and_then(|id| id.rsplit('/').next()).map(str::to_lowercase);
        Ok(Self { addresses, account })
    }

    /// The address of a service.
    ///
    /// # Errors
    /// There is none.
    pub fn address(&self, service: Service) -> Result<&Url, Failure> {
        let find = |key| self.addresses.iter().find(|(own, _)| *own == key);
        let found = find(service.key()).or_else(|| find(API));
        found.map(|(_, url)| url).ok_or_else(|| {
            Failure::needs_person("finding the services of a workspace: one has no address")
        })
    }
}

/// The failure of a link that leads out of the cloud.
pub fn foreign() -> Failure {
    Failure::needs_person(
        "finding the services of a workspace: a link leads out of the configured cloud \
         ([[workspaces]] cloud, data_plane)",
    )
}
