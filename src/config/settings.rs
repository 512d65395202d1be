//! What the daemon runs with: checked, complete, with units as types and secrets resolved.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::config::secret::Secret;
use crate::domain::event::Envelope;
use crate::domain::homes::claim::Claim;
use crate::domain::layout::FolderLayout;
use crate::domain::policy::mandate::Mandate;

/// Everything that can be set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `[deployment]`
    pub deployment: Deployment,
    /// `[queue]`
    pub queue: Queue,
    /// Who may ask: `trusted_keys` and what goes with them, of `[queue]`.
    pub trust: Trust,
    /// `[ledger]`
    pub ledger: Ledger,
    /// `[exports]`
    pub exports: Exports,
    /// `[[sources]]`, in order, names unique.
    pub sources: Vec<Store>,
    /// `[[workspaces]]`, in order; their names are unique among all sources.
    pub workspaces: Vec<Workspace>,
    /// `[[telemetry]]`, or what workspaces bring; names as those.
    pub telemetry: Vec<Telemetry>,
    /// `[graph]`; `None` where nobody is to be asked.
    pub graph: Option<Graph>,
    /// `[people]`
    pub people: People,
    /// `[http]`
    pub http: Http,
    /// `[otlp]`; `None` where nobody is to be told.
    pub otlp: Option<Otlp>,
    /// How long one try of a callback may take: `[callbacks] timeout_ms`.
    pub callback_timeout: Duration,
    /// What the daemon is to do and to keep to: the rest.
    pub mandate: Mandate,
}

impl Settings {
    /// Whether one of the sources has this name.
    pub fn names(&self, source: &str) -> bool {
        self.sources.iter().any(|one| one.name == source)
            || self.workspaces.iter().any(|one| one.name == source)
            || self.telemetry.iter().any(|one| one.name == source)
    }
}

/// Who we are in events.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// What every event says of its sender.
    pub envelope: Envelope,
    /// File with the Ed25519 key that this deployment signs with, PKCS#8 PEM; made at the first
    /// start where missing.
    pub signing_key_file: PathBuf,
}

/// Where requests come from and events go.
#[derive(Clone, Debug)]
pub enum Queue {
    /// The embedded default: a folder.
    Folder(PathBuf),
    /// A broker.
    Amqp(Amqp),
}

/// Whose messages are heard.
#[derive(Clone, Debug)]
pub struct Trust {
    /// Public keys as PEM, by the id that signatures name them by. Empty asks for no signatures.
    pub keys: BTreeMap<String, String>,
    /// How long after its signing a message is heard.
    pub signature_age_ms_max: i64,
}

/// An AMQP 0-9-1 broker.
#[derive(Clone, Debug)]
pub struct Amqp {
    /// Nodes of the broker, tried in this order: `amqp://` or `amqps://`, with the credentials. At
    /// least one.
    pub urls: Vec<Secret>,
    /// How `amqps://` proves who is who.
    pub tls: Tls,
    /// Whether what is missing on the broker is made; else it is only looked for.
    pub declare: bool,
    /// Quorum queue of requests and control messages.
    pub requests: String,
    /// Queue of what was refused.
    pub dead_letters: String,
    /// Topic exchange of events.
    pub events: String,
    /// Unsettled deliveries that the broker may hand us.
    pub prefetch: u16,
}

/// Certificates as PEM, beyond those that the system trusts.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// Who may vouch for the broker.
    pub ca: Option<String>,
    /// Our own certificate and its private key (PKCS #8, PKCS #1 or SEC 1).
    pub client: Option<(String, Secret)>,
}

/// Where the account is kept.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// `sqlite:PATH` or `postgres://…`, with its credentials.
    pub url: Secret,
    /// File with the 32-byte master key, hexadecimal; made at the first start where missing.
    pub master_key_file: PathBuf,
    /// The master key itself, where it was given instead of a file.
    pub master_key: Option<Secret>,
}

/// Where archives are kept.
#[derive(Clone, Debug)]
pub struct Exports {
    /// Where.
    pub place: Location,
    /// What `results_url` in the last event is.
    pub links: Links,
}

/// What brings a person to the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    /// A URL that says where it is, and opens to whoever may read the store.
    Plain,
    /// A link that opens to whoever has it, for a time.
    Signed,
}

/// A place of items.
#[derive(Clone, Debug)]
pub struct Store {
    /// Its name in events, logs and findings.
    pub name: String,
    /// Where it is.
    pub place: Location,
    /// What a folder is a copy of; `None` where that is told by what is in it.
    pub layout: Option<FolderLayout>,
}

/// Where a store is.
#[derive(Clone, Debug)]
pub enum Location {
    /// A local folder.
    Folder(PathBuf),
    /// A blob container.
    Blob(Blob),
    /// A share of files: `https://ACCOUNT.file.core.windows.net/SHARE`. As a source the share can
    /// be a pattern: `code-*`.
    Share(Blob),
    /// A file system of a Data Lake account: `https://ACCOUNT.dfs.core.windows.net/FILESYSTEM`. As
    /// a source it can be a pattern.
    Lake(Blob),
}

/// A blob container, a share of files or a file system, and how to enter it.
#[derive(Clone, Debug)]
pub struct Blob {
    /// Container URL without query: `https://ACCOUNT.blob.core.windows.net/azureml`, or
    /// `http://127.0.0.1:10000/devstoreaccount1/azureml` for an emulator. As a source the container
    /// can be a pattern: `azureml-blobstore-*`.
    pub url: url::Url,
    /// How requests are authorised.
    pub credential: Credential,
}

impl Blob {
    /// What it is called in its account, or the pattern.
    pub fn container(&self) -> &str {
        self.url.path().trim_end_matches('/').rsplit('/').next().unwrap_or_default()
    }

    /// Whether it stands for all containers of an account whose names match.
    pub fn is_pattern(&self) -> bool {
        self.url.path().contains('*')
    }
}

/// A workspace whose services are a source, and how to enter them.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// Its name in events, logs and findings.
    pub name: String,
    /// Its id in Azure Resource Manager, without a slash at the end.
    pub id: String,
    /// Where its cloud is managed: `https://HOST/`.
    pub endpoint: url::Url,
    /// The cloud that it is in; `None` in one that only its endpoints tell of.
    pub cloud: Option<Cloud>,
    /// Whether the containers and shares that it knows of are sources too: `storage = "all"`.
    pub brings_storage: bool,
    /// Where its own services may be, beside the endpoint and the hosts of its cloud.
    pub data_plane: Vec<url::Url>,
    /// How requests are authorised: an identity.
    pub credential: Credential,
}

/// Telemetry that is a source, and how to enter it.
#[derive(Clone, Debug)]
pub struct Telemetry {
    /// Its name in events, logs and findings.
    pub name: String,
    /// What it is the telemetry of.
    pub of: Of,
    /// Where its cloud is managed: `https://HOST/`.
    pub endpoint: url::Url,
    /// The cloud that it is in; `None` in one that only its endpoints tell of.
    pub cloud: Option<Cloud>,
    /// Where queries go instead of where they go in that cloud.
    pub query_endpoint: Option<url::Url>,
    /// How requests are authorised: an identity.
    pub credential: Credential,
}

/// Whose telemetry it is, by ids in Azure Resource Manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Of {
    /// A Log Analytics workspace.
    Logs {
        /// Its own.
        id: String,
        /// The resources of whose rows there is talk; all where there are none.
        resources: Vec<String>,
    },
    /// A component of Application Insights.
    Component {
        /// Its own.
        id: String,
    },
    /// A workspace, which says itself where its telemetry is.
    Workspace {
        /// Its own.
        id: String,
    },
}

impl Of {
    /// The id that is written, or that of the workspace that brings it.
    pub fn id(&self) -> &str {
        let (Self::Logs { id, .. } | Self::Component { id } | Self::Workspace { id }) = self;
        id
    }
}

impl Telemetry {
    /// Where queries go: of rows in Log Analytics, or of those that components hold themselves.
    pub fn query_host(&self, is_components: bool) -> url::Url {
        let given = self.query_endpoint.as_ref();
        given.cloned().unwrap_or_else(|| self.query_audience(is_components))
    }

    /// What tokens for that are asked for: the cloud's own query service, however it is reached.
    pub fn query_audience(&self, is_components: bool) -> url::Url {
        let given = self.query_endpoint.as_ref().unwrap_or(&self.endpoint);
        let known = self.cloud.map(|cloud| cloud.query_host(is_components));
        known.map_or_else(|| given.clone(), |host| host.parse().expect("ours, and in a test"))
    }
}

/// Microsoft Graph, which copies a tenant's logs, and where to.
#[derive(Clone, Debug)]
pub struct Graph {
    /// Where it is: `https://HOST/`.
    pub endpoint: url::Url,
    /// How requests to it are authorised: an identity.
    pub credential: Credential,
    /// It is not asked about a copy more often than this.
    pub look_ms_min: u64,
    /// Where archives are: the copies go to containers of the same account, by the same way in.
    pub beside: Blob,
    /// What the names of these containers begin with.
    pub container: String,
}

/// Digits behind a dash in the name of a container of copies.
const COPY_DIGITS: usize = 32;

impl Graph {
    /// The container of the copies of what has this digest, in hexadecimal digits.
    pub fn copy(&self, digest: &str) -> String {
        format!("{}-{}", self.container, &digest[..COPY_DIGITS])
    }

    /// Whether a container beside archives is one of those.
    pub fn is_copy(&self, container: &str) -> bool {
        let digits = container.strip_prefix(&self.container).and_then(|it| it.strip_prefix('-'));
        digits
            .is_some_and(|it| it.len() == COPY_DIGITS && it.bytes().all(|b| b.is_ascii_hexdigit()))
    }
}

/// The clouds of Azure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cloud {
    /// That of everybody.
    Public,
    /// That of the government of the United States.
    UsGov,
    /// That of China.
    China,
}

impl Cloud {
    /// All, the usual one first.
    pub const ALL: [Self; 3] = [Self::Public, Self::UsGov, Self::China];

    /// The word in settings.
    pub fn word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::UsGov => "usgov",
            Self::China => "china",
        }
    }

    /// Where it is managed.
    pub fn endpoint(self) -> &'static str {
        match self {
            Self::Public => "https://management.azure.com",
            Self::UsGov => "https://management.usgovcloudapi.net",
            Self::China => "https://management.chinacloudapi.cn",
        }
    }

    /// What the hosts of a workspace's own services end in, as Microsoft's pages on firewalls and
    /// private links list them. Not all of a domain: below `instances.azureml.ms` anybody serves
    /// what he likes.
    pub fn service_hosts(self) -> &'static [&'static str] {
        match self {
            Self::Public => {
                &[".api.azureml.ms", ".experiments.azureml.net", ".modelmanagement.azureml.net"]
            }
            Self::UsGov => &[".api.ml.azure.us"],
            Self::China => &[".api.ml.azure.cn"],
        }
    }

    /// Where queries go: of rows in Log Analytics, or of those that components hold themselves.
    pub fn query_host(self, is_components: bool) -> &'static str {
        match (self, is_components) {
            (Self::Public, false) => "https://api.loganalytics.io",
            (Self::Public, true) => "https://api.applicationinsights.io",
            (Self::UsGov, false) => "https://api.loganalytics.us",
            (Self::UsGov, true) => "https://api.applicationinsights.us",
            (Self::China, false) => "https://api.loganalytics.azure.cn",
            (Self::China, true) => "https://api.applicationinsights.azure.cn",
        }
    }

    /// Where Microsoft Graph is, as Microsoft's page on national clouds lists it.
    pub fn graph(self) -> &'static str {
        match self {
            Self::Public => "https://graph.microsoft.com",
            Self::UsGov => "https://graph.microsoft.us",
            Self::China => "https://microsoftgraph.chinacloudapi.cn",
        }
    }

    /// What the hosts of storage accounts end in.
    pub fn storage_hosts(self) -> &'static str {
        match self {
            Self::Public => "core.windows.net",
            Self::UsGov => "core.usgovcloudapi.net",
            Self::China => "core.chinacloudapi.cn",
        }
    }
}

/// Who knows what folders of users are called.
#[derive(Clone, Debug, Default)]
pub struct People {
    /// The operator's own table: it names people.
    pub aliases: Vec<Claim>,
    /// Microsoft Graph; `None` where it is not to be asked.
    pub graph: Option<NamesAt>,
}

/// Microsoft Graph, where it is asked what people are called.
#[derive(Clone, Debug)]
pub struct NamesAt {
    /// Where it is: `https://HOST/`.
    pub endpoint: url::Url,
    /// How requests are authorised: an identity.
    pub credential: Credential,
}

/// How requests to Azure are authorised.
#[derive(Clone, Debug)]
pub enum Credential {
    /// A shared access signature: the query string without its `?`.
    Sas(Secret),
    /// A storage account key, base64. Meant for emulators.
    AccountKey {
        /// The account's name.
        account: String,
        /// Its key.
        key: Secret,
    },
    /// A managed identity; user-assigned where a client id is given.
    ManagedIdentity {
        /// Client id of a user-assigned identity.
        client_id: Option<String>,
    },
    /// Workload identity federation, as on AKS.
    WorkloadIdentity,
    /// An app registration's secret.
    ClientSecret {
        /// Entra tenant id.
        tenant_id: String,
        /// Application id.
        client_id: String,
        /// Its secret.
        secret: Secret,
    },
    /// What `az login` or `azd auth login` left on a developer's machine.
    DeveloperTools,
}

/// The page for people, health and metrics.
#[derive(Clone, Debug)]
pub struct Http {
    /// Where to listen; `None` turns it off.
    pub listen: Option<SocketAddr>,
    /// Who may decide from the page; `None` lets nobody.
    pub operators: Option<Operators>,
}

/// Who may decide from the page, and how it is known who somebody is: by a token that a proxy hands
/// on.
#[derive(Clone, Debug)]
pub struct Operators {
    /// What browsers call the place of the page by: scheme, host, and the port if it is not the
    /// usual one.
    pub origin: url::Url,
    /// Who must have issued a token.
    pub issuer: String,
    /// Whom it must be meant for.
    pub audience: String,
    /// Where the issuer's keys are.
    pub keys: KeySet,
    /// In which header it comes, in lower case.
    pub header: String,
    /// The claim that says who somebody is.
    pub actor_claim: String,
    /// Those who may, as that claim names them.
    pub actors: BTreeSet<String>,
    /// The claim that says in which groups or roles somebody is.
    pub group_claim: String,
    /// The groups or roles whose members may.
    pub groups: BTreeSet<String>,
}

/// A JSON Web Key Set.
#[derive(Clone, Debug)]
pub enum KeySet {
    /// In a file, which may be replaced.
    File(PathBuf),
    /// At the issuer's.
    Url(url::Url),
}

/// A collector of traces and numbers, and what it is told.
#[derive(Clone, Debug)]
pub struct Otlp {
    /// Where it is: what is posted goes to `/v1/traces` and `/v1/metrics` below.
    pub url: url::Url,
    /// What lets us in, by the names of headers.
    pub headers: Vec<(String, Secret)>,
    /// How many of the requests that come without a trace are told, between 0 and 1.
    pub traces_share: f64,
    /// How often it is sent all numbers; `None` if it gets none.
    pub metrics_every: Option<Duration>,
}
