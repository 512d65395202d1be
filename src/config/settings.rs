//! What the daemon runs with: checked, complete, with units as types and secrets resolved.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::secret::Secret;
use crate::domain::callbacks::rule::CallbackRule;
use crate::domain::layout::FolderLayout;
use crate::domain::policy::guard::Guard;
use crate::domain::policy::rules::Policy;
use crate::domain::regulation::due::Calendar;
use crate::domain::request::Controller;

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
    /// `[http]`
    pub http: Http,
    /// `[erasure] tombstone_days`
    pub tombstone_days: u16,
    /// `[erasure] follow_up_days`
    pub follow_up_days: u16,
    /// `[guard]`
    pub guard: Guard,
    /// `[callbacks]`
    pub callbacks: Callbacks,
    /// `[limits]`
    pub limits: Limits,
    /// `[due]`
    pub calendar: Calendar,
    /// `[[policy]]`
    pub policy: Policy,
}

/// Who we are in events.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// `source` of every `CloudEvent`: a URI.
    pub source: String,
    /// `controller_id` of the `OpenDSR` body.
    pub controller_id: String,
    /// Who is responsible for the data, as people are told.
    pub controller: Controller,
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
    /// How long the details of requests that rest are kept; 0 for good.
    pub details_days: u16,
}

/// Where archives are kept, and how long.
#[derive(Clone, Debug)]
pub struct Exports {
    /// Where.
    pub place: Place,
    /// How long after they were verified; 0 for good.
    pub expire_after_ms: u64,
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
    pub place: Place,
    /// What a folder is a copy of; `None` where that is told by what is in it.
    pub layout: Option<FolderLayout>,
}

/// Where a store is.
#[derive(Clone, Debug)]
pub enum Place {
    /// A local folder.
    Folder(PathBuf),
    /// A blob container.
    Blob(Blob),
}

/// A blob container and how to enter it.
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
    /// Whether it stands for all containers of an account whose names match.
    pub fn is_pattern(&self) -> bool {
        self.url.path().contains('*')
    }
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
}

/// Whom to tell by HTTP, and how patiently.
#[derive(Clone, Debug)]
pub struct Callbacks {
    /// Whom callbacks may go to.
    pub rule: CallbackRule,
    /// How long one try may take.
    pub timeout: Duration,
    /// How long a callback is tried again after it first failed.
    pub give_up_after_ms: u64,
}

/// Every bound, by name: `[limits]`, as the operator wrote it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Limits {
    /// Longest message taken from the queue, in bytes.
    pub message_bytes_max: usize,
    /// Identities in one request.
    pub identities_max: usize,
    /// Shortest identity taken, in characters.
    pub identity_chars_min: usize,
    /// Requests that share one sweep.
    pub sweep_requests_max: u32,
    /// Parts that each source is cut into, for as many daemons to walk side by side.
    pub source_parts: u64,
    /// Items read at the same time.
    pub read_concurrency_max: usize,
    /// Bytes of the items that are read at the same time, an item counting as 8 MiB at most.
    pub read_bytes_max: u64,
    /// Items acted on at the same time.
    pub act_concurrency_max: usize,
    /// Hits kept for one subject in one item.
    pub hits_per_item_max: usize,
    /// How deep containers are opened.
    pub depth_max: usize,
    /// Bytes that one item may decode to.
    pub decoded_bytes_max: u64,
    /// Decoded bytes per stored byte, checked once an item has decoded to more than a mebibyte.
    pub decoded_ratio_max: u64,
    /// Bytes looked at for each byte of an item, stored or decoded, over all its readings.
    pub work_ratio_max: u64,
    /// How long one item may be worked on, in milliseconds, apart from waiting for its bytes.
    pub item_time_ms_max: u64,
    /// How long a daemon may be silent before another takes its work over.
    pub lease_ms: u64,
    /// Rounds of act and verify before what still changes is reported as it is.
    pub verify_rounds_max: u32,
    /// First pause after a transient failure.
    pub retry_delay_ms_min: u64,
    /// Longest pause between tries.
    pub retry_delay_ms_max: u64,
    /// Tries of one step before the request fails.
    pub tries_max: u32,
    /// How long a request waits for a source that cannot be entered.
    pub source_patience_ms: u64,
    /// How long before its due time an erasure waits for a failed export of its person no longer.
    pub failed_export_margin_ms: u64,
}
