//! What the operator wrote: a flat mirror of the TOML, key by key. `config/reference.toml` says
//! what each key means; `settings` says what it becomes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::policy::limits::Limits;

/// The whole file.
#[derive(Deserialize, Serialize)]
pub struct File {
    pub deployment: Deployment,
    pub queue: Queue,
    pub ledger: Ledger,
    pub exports: Exports,
    pub sources: Vec<Store>,
    #[serde(default)]
    pub workspaces: Vec<Workspace>,
    #[serde(default)]
    pub telemetry: Vec<Telemetry>,
    pub graph: Graph,
    pub people: People,
    pub http: Http,
    pub otlp: Otlp,
    pub due: Due,
    pub erasure: Erasure,
    pub catalogue: Catalogue,
    pub policy: Vec<Rule>,
    #[serde(default)]
    pub declared: Vec<Declaration>,
    pub guard: Guard,
    pub callbacks: Callbacks,
    pub limits: Limits,
}

/// `[deployment]`
#[derive(Deserialize, Serialize)]
pub struct Deployment {
    pub source: String,
    pub controller_id: String,
    pub controller_name: String,
    pub contact: String,
    pub signing_key_file: String,
}

/// `[queue]`
#[derive(Deserialize, Serialize)]
pub struct Queue {
    pub url: Option<String>,
    pub url_file: Option<String>,
    pub ca_file: Option<String>,
    pub client_cert_file: Option<String>,
    pub client_key_file: Option<String>,
    pub declare: bool,
    pub requests: String,
    pub dead_letters: String,
    pub events: String,
    pub prefetch: u16,
    pub signature_age_ms_max: i64,
    pub trusted_keys: BTreeMap<String, String>,
}

/// `[ledger]`
#[derive(Deserialize, Serialize)]
pub struct Ledger {
    pub url: Option<String>,
    pub url_file: Option<String>,
    pub master_key_file: Option<String>,
    pub master_key: Option<String>,
    pub details_days: u16,
}

/// `[exports]`
#[derive(Deserialize, Serialize)]
pub struct Exports {
    #[serde(flatten)]
    pub store: Store,
    pub expire_after_ms: u64,
    pub links: String,
}

/// Where things are, of `[exports]` and of each of `[[sources]]`
#[derive(Default, Deserialize, Serialize)]
pub struct Store {
    pub name: Option<String>,
    pub url: Option<String>,
    pub url_file: Option<String>,
    pub credential: Option<String>,
    pub account_key: Option<String>,
    pub account_key_file: Option<String>,
    pub tenant_id: Option<String>,
    pub client_id: Option<String>,
    pub client_secret: Option<String>,
    pub client_secret_file: Option<String>,
    pub layout: Option<String>,
    pub service: Option<String>,
}

/// Each of `[[workspaces]]`
#[derive(Default, Deserialize, Serialize)]
pub struct Workspace {
    pub name: Option<String>,
    pub id: Option<String>,
    pub subscription: Option<String>,
    pub group: Option<String>,
    pub workspace: Option<String>,
    pub cloud: Option<String>,
    pub endpoint: Option<String>,
    #[serde(default)]
    pub data_plane: Vec<String>,
    pub telemetry: Option<bool>,
    pub storage: Option<String>,
    pub credential: Option<String>,
    pub tenant_id: Option<String>,
    pub client_id: Option<String>,
    pub client_secret: Option<String>,
    pub client_secret_file: Option<String>,
}

/// Each of `[[telemetry]]`
#[derive(Default, Deserialize, Serialize)]
pub struct Telemetry {
    pub name: Option<String>,
    pub id: Option<String>,
    #[serde(default)]
    pub resources: Vec<String>,
    pub cloud: Option<String>,
    pub endpoint: Option<String>,
    pub query_endpoint: Option<String>,
    pub credential: Option<String>,
    pub tenant_id: Option<String>,
    pub client_id: Option<String>,
    pub client_secret: Option<String>,
    pub client_secret_file: Option<String>,
}

/// `[graph]`
#[derive(Default, Deserialize, Serialize)]
pub struct Graph {
    pub container: String,
    pub cloud: Option<String>,
    pub endpoint: Option<String>,
    pub look_ms_min: u64,
    pub credential: Option<String>,
    pub tenant_id: Option<String>,
    pub client_id: Option<String>,
    pub client_secret: Option<String>,
    pub client_secret_file: Option<String>,
}

/// `[people]`
#[derive(Default, Deserialize, Serialize)]
pub struct People {
    pub aliases: String,
    pub graph: bool,
    pub cloud: Option<String>,
    pub endpoint: Option<String>,
    pub credential: Option<String>,
    pub tenant_id: Option<String>,
    pub client_id: Option<String>,
    pub client_secret: Option<String>,
    pub client_secret_file: Option<String>,
}

/// Each of `[[policy]]`
#[derive(Default, Deserialize, Serialize)]
pub struct Rule {
    pub source: Option<String>,
    pub path: Option<String>,
    pub action: Option<String>,
    pub shared: Option<String>,
    pub otherwise: Option<String>,
    pub unit: Option<String>,
    pub reason: Option<String>,
}

/// Each of `[[declared]]`
#[derive(Default, Deserialize, Serialize)]
pub struct Declaration {
    pub source: Option<String>,
    pub path: Option<String>,
    #[serde(default)]
    pub forms: Vec<String>,
    pub reason: Option<String>,
    pub by: Option<String>,
    pub on: Option<String>,
}

/// `[http]`
#[derive(Deserialize, Serialize)]
pub struct Http {
    pub listen: String,
    #[serde(default)]
    pub operators: Operators,
}

/// `[http.operators]`
#[derive(Default, Deserialize, Serialize)]
pub struct Operators {
    pub origin: Option<String>,
    pub issuer: Option<String>,
    pub audience: Option<String>,
    pub keys_url: Option<String>,
    pub keys_file: Option<String>,
    pub header: Option<String>,
    pub actor_claim: Option<String>,
    #[serde(default)]
    pub actors: Vec<String>,
    pub group_claim: Option<String>,
    #[serde(default)]
    pub groups: Vec<String>,
}

/// `[otlp]`
#[derive(Deserialize, Serialize)]
pub struct Otlp {
    pub url: String,
    pub headers: Option<String>,
    pub headers_file: Option<String>,
    pub traces_share: f64,
    pub metrics_every_ms: u64,
}

/// `[due]`
#[derive(Deserialize, Serialize)]
pub struct Due {
    pub time_zone: String,
    pub holidays: Vec<String>,
}

/// `[erasure]`
#[derive(Deserialize, Serialize)]
pub struct Erasure {
    pub tombstone_days: u16,
    pub follow_up_days: u16,
}

/// `[catalogue]`
#[derive(Deserialize, Serialize)]
pub struct Catalogue {
    pub enabled: bool,
    pub max_age_ms: u64,
    pub learn_hours: String,
    pub learn_items_per_second_max: u64,
    pub learn_bytes_per_second_max: u64,
}

/// `[guard]`
#[derive(Deserialize, Serialize)]
pub struct Guard {
    pub items_max: u64,
    pub share_max: f64,
    pub share_items_min: u64,
}

/// `[callbacks]`
#[derive(Deserialize, Serialize)]
pub struct Callbacks {
    pub hosts: Vec<String>,
    pub private_networks: Vec<String>,
    pub timeout_ms: u64,
    pub give_up_after_ms: u64,
}
