//! A simulated world with telemetry, and our adapter before it.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::http::Transport;
use azure_core::time::{Duration, OffsetDateTime};
use bytes::Bytes;
use dsrd::adapters::monitor::source::TelemetrySource;
use dsrd::adapters::monitor::wire::way::Way;
use dsrd::config::settings::{Cloud, Credential, Of, Telemetry};
use dsrd::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};
use dsrd::domain::item::{Item, Kind, Version};
use dsrd::ports::sources::{Answers, Asked, Read};
use futures::TryStreamExt;
use jiff::SignedDuration;
use reqwest::{Certificate, Client};
use serde_json::{Value, json};
use url::Url;

use crate::support::azure::monitor::people::{classic_id, insights_id, logs_id, own_resource};
use crate::support::azure::monitor::spot::Owner;
use crate::support::azure::place::WorkspaceId;
use crate::support::azure::rights::Role;
use crate::support::azure::seed::{HANAKO, Seed, sample_id};
use crate::support::azure::simulator::Simulator;
use crate::support::azure::state::Switches;

/// The name of the source.
pub const NAME: &str = "telemetry";

/// Both.
pub struct World {
    pub simulator: Simulator,
    pub source: TelemetrySource,
}

/// What it is the telemetry of.
pub fn found() -> Of {
    Of::Workspace { id: sample_id().path() }
}

pub fn logs(resources: &[String]) -> Of {
    Of::Logs { id: Owner::Workspace.path(&logs_id()), resources: resources.to_vec() }
}

pub fn component(id: &WorkspaceId) -> Of {
    Of::Component { id: Owner::Component.path(id) }
}

pub fn classic() -> Of {
    component(&classic_id())
}

pub fn workspace_based() -> Of {
    component(&insights_id())
}

impl World {
    /// With the sample workspace, and the rights of the published roles.
    pub async fn new(of: Of) -> Self {
        Self::with(of, Role::all_published()).await
    }

    pub async fn with(of: Of, roles: Vec<Role>) -> Self {
        let switches = Switches { roles: Some(roles), ..Switches::default() };
        let simulator = Simulator::start(Seed { switches, ..Seed::default() }).await;
        // Within the time that a token is good.
        let lasts = Some(SignedDuration::from_mins(20));
        simulator.state().monitor.switches.purge_lasts = lasts;
        let source = source(&simulator, of);
        Self { simulator, source }
    }

    /// What the source says about somebody, a line for each value.
    pub async fn told(&self, person: &Subject) -> Vec<String> {
        let Answers { seen, mut unread, unread_of } =
            self.source.ask(&[person], None).await.unwrap();
        unread.extend(unread_of.into_iter().map(|(_, unread)| unread));
        let seen = seen.iter().map(|it| format!("{} {} {}", it.item.name, it.rows, it.value));
        seen.chain(unread.iter().map(|it| format!("{}: {}", it.item.name, it.reason))).collect()
    }

    /// The rows with these values, as lines.
    pub async fn rows(&self, item: &str, values: &[&str]) -> Vec<Value> {
        let values: Vec<String> = values.iter().map(|it| (*it).to_owned()).collect();
        match self.source.rows(&rows_of(item), &values).await.unwrap() {
            Read::Bytes(bytes) => {
                let bytes: Vec<Bytes> = bytes.try_collect().await.unwrap();
                let text = String::from_utf8(bytes.concat()).unwrap();
                text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
            }
            Read::Absent => Vec::new(),
            Read::Refused(why) => panic!("refused: {why}"),
            Read::Changed => panic!("rows do not change"),
        }
    }

    /// Adds a row of the sample workspace's own.
    pub fn add(&self, table: &str, mut values: Value) {
        if values.get("_ResourceId").is_none() {
            values["_ResourceId"] = own_resource().into();
        }
        let mut state = self.simulator.state();
        let now = state.now;
        state.monitor.add_row(&logs_id(), table, &values, now);
    }

    /// The rows of a table that are seen now.
    pub fn seen(&self, table: &str) -> Vec<Value> {
        let mut state = self.simulator.state();
        let now = state.now;
        let tables = state.monitor.tables(Owner::Workspace, &logs_id()).unwrap();
        let rows = tables[&table.to_lowercase()].rows.iter().filter(|row| row.is_seen(now));
        rows.map(|row| json!(row.values)).collect()
    }
}

/// A source over a simulator.
pub fn source(simulator: &Simulator, of: Of) -> TelemetrySource {
    source_asking(simulator, of, Url::parse(&simulator.base_url).unwrap())
}

/// The same, which asks another query service.
pub fn source_asking(simulator: &Simulator, of: Of, query_endpoint: Url) -> TelemetrySource {
    let endpoint = Url::parse(&simulator.base_url).unwrap();
    let telemetry = Telemetry {
        name: NAME.to_owned(),
        of,
        query_endpoint: Some(query_endpoint),
        endpoint,
        cloud: Some(Cloud::Public),
        credential: Credential::DeveloperTools,
    };
    let tokens = ["https://management.azure.com", "https://api.loganalytics.io"];
    let [manager, queries] = tokens.map(|audience| simulator.token(audience));
    let identity: Arc<dyn TokenCredential> = Arc::new(Tokens { manager, queries });
    let authority = Certificate::from_pem(simulator.ca_pem.as_bytes()).unwrap();
    let client = Client::builder().tls_certs_only([authority]).build().unwrap();
    let transport = Transport::new(Arc::new(client));
    TelemetrySource::within(&telemetry, Way::through(&telemetry, &identity, &transport))
}

/// An item of rows.
pub fn rows_of(name: &str) -> Item {
    Item { kind: Kind::Rows, ..Item::bare(NAME, name, Version::Current) }
}

/// Somebody who is called so.
pub fn called(kind: IdentityType, value: &str) -> Subject {
    let identity = Identity::new(kind, IdentityFormat::Raw, value.to_owned());
    Subject { identities: vec![identity] }
}

/// The person of the seed.
pub fn hanako() -> Subject {
    called(IdentityType::Email, HANAKO)
}

/// Tokens that somebody has, each for its service.
#[derive(Debug)]
struct Tokens {
    manager: String,
    queries: String,
}

#[async_trait]
impl TokenCredential for Tokens {
    async fn get_token(
        &self,
        scopes: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let is_query = |scope: &&str| scope.contains("loganalytics") || scope.contains("insights");
        let token = if scopes.iter().any(is_query) { &self.queries } else { &self.manager };
        Ok(AccessToken::new(token.clone(), OffsetDateTime::now_utc() + Duration::hours(1)))
    }
}
