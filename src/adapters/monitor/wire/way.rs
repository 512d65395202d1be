//! The way to telemetry: Azure Resource Manager, which knows where it is and purges it, and the two
//! query services. Each has tokens of its own, and no token goes anywhere else.

use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use azure_core::http::policies::Policy;
use azure_core::http::{Method, Request, Transport};
use serde_json::{Value, json};
use url::Url;

use crate::adapters::azure::wire::address::add_query;
use crate::adapters::azure::wire::pace::Paced;
use crate::adapters::azure::wire::signing::credential::identity;
use crate::adapters::azure::wire::transport::transport;
use crate::adapters::azureml::wire::answer::{Answer, Trouble};
use crate::adapters::azureml::wire::line::{Line, token, with_body};
use crate::adapters::azureml::wire::rates::{Rates, is_here};
use crate::adapters::monitor::wire::pace::Pace;
use crate::config::settings::Telemetry;
use crate::domain::failure::Failure;

/// How many seconds the service may take for a query. It could take longer, but then half of the
/// question is asked rather than all of it again.
const QUERY_TIME_S: u64 = 45;
/// Time for one try of a query, its answer read.
const QUERY_CALL_TIME_MAX: Duration = Duration::from_secs(120);
/// Time for what changes something.
const CHANGE_TIME_MAX: Duration = Duration::from_secs(120);

/// The way.
pub struct Way {
    endpoint: Url,
    /// Whether it leads to this machine, which is no service that counts and takes its time.
    pub is_here: bool,
    manager: Line,
    /// For what changes something and is counted: nothing is sent twice by itself.
    changes: Line,
    logs: QueryService,
    apps: QueryService,
    pace: Pace,
}

/// Which query service holds something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// That of Log Analytics workspaces.
    Logs,
    /// That of components that hold their rows themselves.
    Apps,
}

struct QueryService {
    host: Url,
    line: Line,
}

impl Way {
    /// Prepares the way. Asks nobody yet.
    ///
    /// # Errors
    /// What the identity relies on is not there.
    pub fn open(telemetry: &Telemetry) -> Result<Self, Failure> {
        let transport = transport()?;
        Ok(Self::through(telemetry, &identity(&telemetry.credential, &transport)?, &transport))
    }

    /// By another transport and identity.
    pub fn through(
        telemetry: &Telemetry,
        identity: &Arc<dyn TokenCredential>,
        transport: &Transport,
    ) -> Self {
        let endpoint = telemetry.endpoint.clone();
        let rates = Rates::of(&endpoint).map(|rates| Arc::new(rates) as Arc<dyn Policy>);
        let pace: Arc<dyn Policy> = Arc::new(Paced::default());
        let policies: Vec<Arc<dyn Policy>> =
            rates.into_iter().chain([pace, token(identity, &endpoint)]).collect();
        let service = |service| {
            let host = telemetry.query_host(service == Service::Apps);
            let audience = telemetry.query_audience(service == Service::Apps);
            let policies = vec![token(identity, &audience)];
            let line = Line::of_one_try(policies, transport.clone(), QUERY_CALL_TIME_MAX);
            QueryService { host, line }
        };
        Self {
            changes: Line::of_one_try(policies.clone(), transport.clone(), CHANGE_TIME_MAX),
            manager: Line::new(policies, transport.clone()),
            logs: service(Service::Logs),
            apps: service(Service::Apps),
            pace: Pace::new(!is_here(&endpoint)),
            is_here: is_here(&endpoint),
            endpoint,
        }
    }

    /// Where it leads, for people.
    pub fn place(&self, id: &str) -> String {
        format!("{}{id}", self.endpoint.as_str().trim_end_matches('/'))
    }

    /// The URL of a resource, or of something below it.
    pub fn url(&self, id: &str, path: &str, version: &str) -> Url {
        let mut url = self.endpoint.clone();
        let slash = if path.is_empty() { "" } else { "/" };
        url.set_path(&format!("{id}{slash}{path}"));
        add_query(&mut url, "api-version", version);
        url
    }

    /// A link that Resource Manager gave, if it leads to itself.
    pub fn own(&self, link: &str) -> Option<Url> {
        let url = Url::parse(link).ok()?;
        let has_user = !url.username().is_empty() || url.password().is_some();
        (!has_user && url.origin() == self.endpoint.origin()).then_some(url)
    }

    /// Reads something of Resource Manager.
    ///
    /// # Errors
    /// Where there is no answer.
    pub async fn get(&self, doing: &str, url: Url) -> Result<Answer, Failure> {
        let answer = self.manager.read(&Request::new(url, Method::Get)).await;
        answer.map_err(|trouble| trouble.failure(doing))
    }

    /// Has Resource Manager do something.
    ///
    /// # Errors
    /// Where there is no answer: it may have been done.
    pub async fn post(&self, doing: &str, url: Url, body: &Value) -> Result<Answer, Failure> {
        let answer = self.changes.once(with_body(url, Method::Post, body)).await;
        answer.map_err(|trouble| trouble.failure(doing))
    }

    /// Sends one query, when it is its turn.
    ///
    /// # Errors
    /// Where there is no answer.
    pub async fn query(&self, service: Service, path: &str, text: &str) -> Result<Answer, Trouble> {
        let service = match service {
            Service::Logs => &self.logs,
            Service::Apps => &self.apps,
        };
        let mut url = service.host.clone();
        url.set_path(&format!("v1/{path}"));
        let mut request = with_body(url, Method::Post, &json!({ "query": text }));
        request.insert_header("prefer", format!("wait={QUERY_TIME_S}"));
        let _turn = self.pace.turn().await;
        service.line.once(request).await
    }
}
