//! Copies of what Microsoft's services logged about a user, by `exportPersonalData` of Microsoft
//! Graph and its data policy operations, as Microsoft documents both for v1.0.
//!
//! A call that comes through begins a copy, and nothing tells afterwards of one whose answer was
//! lost: nothing is sent twice by itself. The URL that is sent lets in whoever has it; it is sent
//! to the endpoint alone, over https, and kept nowhere.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::TokenCredential;
use azure_core::http::policies::Policy;
use azure_core::http::{Method, Request, Transport};
use jiff::Timestamp;
use serde_json::json;
use url::Url;
use zeroize::Zeroizing;

use crate::adapters::azure::wire::answer::{self as storage, plain};
use crate::adapters::azure::wire::pace::Paced;
use crate::adapters::azure::wire::signing::credential::identity;
use crate::adapters::azure::wire::transport::transport;
use crate::adapters::azureml::wire::answer::{Answer, Trouble};
use crate::adapters::azureml::wire::line::{Line, token, with_body};
use crate::adapters::graph::containers::{Containers, Made};
use crate::config::settings::Graph;
use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::ports::sources::{Followed, Ticket};
use crate::ports::system::Clock;
use crate::ports::tenant_logs::{Asked, TenantLogs};

const ASKING: &str = "having Microsoft Graph copy logs";
const LOOKING: &str = "asking Microsoft Graph how far a copy is";

/// Time for the answer to what begins a copy.
const CALL_TIME_MAX: std::time::Duration = std::time::Duration::from_secs(120);

/// An operation that nobody has: who may ask for it is told so.
const NO_OPERATION: &str = "00000000-0000-0000-0000-000000000000";

/// How long is waited where nobody says.
const LATER_MS: u64 = 30_000;

/// Microsoft Graph, and where it copies to.
pub struct GraphCopies {
    endpoint: Url,
    reads: Line,
    asks: Line,
    look_ms_min: u64,
    containers: Containers,
    clock: Arc<dyn Clock>,
}

impl GraphCopies {
    /// Prepares the way. Asks nobody yet.
    ///
    /// # Errors
    /// Where the settings are malformed, or what the identity relies on is not there.
    pub fn open(graph: &Graph, clock: Arc<dyn Clock>) -> Result<Self, Failure> {
        let transport = transport()?;
        Self::through(graph, &identity(&graph.credential, &transport)?, &transport, clock)
    }

    /// By another transport and identity.
    ///
    /// # Errors
    /// Where the settings are malformed.
    pub fn through(
        graph: &Graph,
        identity: &Arc<dyn TokenCredential>,
        transport: &Transport,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Failure> {
        let pace: Arc<dyn Policy> = Arc::new(Paced::default());
        let policies = vec![pace, token(identity, &graph.endpoint)];
        Ok(Self {
            endpoint: graph.endpoint.clone(),
            asks: Line::of_one_try(policies.clone(), transport.clone(), CALL_TIME_MAX),
            reads: Line::new(policies, transport.clone()),
            look_ms_min: graph.look_ms_min,
            containers: Containers::open(graph)?,
            clock,
        })
    }

    /// An id is one segment, whatever it holds.
    fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.endpoint.clone();
        url.path_segments_mut().expect("https URLs have a path").clear().extend(segments);
        url
    }

    /// The id of the operation that an answer says was begun. It leads to where we are, or it is
    /// not followed: a token goes nowhere else.
    fn operation(&self, answer: &Answer) -> Option<String> {
        let link = Url::parse(answer.header("location")?).ok()?;
        let id = link.path_segments()?.next_back()?.to_owned();
        let is_id = (1..=128).contains(&id.len())
            && id.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_".contains(&it));
        (link.origin() == self.endpoint.origin() && is_id).then_some(id)
    }

    fn wait_ms(&self, answer: &Answer) -> u64 {
        answer.wait_ms().max(self.look_ms_min)
    }

    /// What an answer to the call means.
    fn asked(&self, answer: &Answer) -> Result<Asked, Failure> {
        let later = |why: &str| {
            let (look_in_ms, why) = (answer.wait_ms(), why.to_owned());
            tracing::warn!(status = answer.status, "Microsoft Graph takes no copy for now");
            Ok(Asked::Later { look_in_ms, why })
        };
        let why = match answer.status {
            200..300 => match self.operation(answer) {
                Some(handle) => {
                    let look_in_ms = self.wait_ms(answer);
                    return Ok(Asked::Begun(Ticket { handle, look_in_ms }));
                }
                None => "no_operation".to_owned(),
            },
            429 => return later("throttled"),
            503 => return later("unavailable"),
            401 | 403 => "forbidden".to_owned(),
            404 => "no_such_user".to_owned(),
            400..500 => format!("refused: {} {}", answer.status, answer.code).trim().to_owned(),
            // It may have been begun.
            _ => {
                let (status, code) = (answer.status, answer.code.as_str());
                tracing::warn!(status, code, "Microsoft Graph does not say whether it copies");
                return Err(answer.failure(ASKING));
            }
        };
        tracing::warn!(status = answer.status, why, "Microsoft Graph copies nothing");
        Ok(Asked::Refused(why))
    }
}

#[async_trait]
impl TenantLogs for GraphCopies {
    fn at(&self, id: &RequestId) -> String {
        self.containers.at(id)
    }

    fn until_at_most(&self, now: Timestamp) -> Option<Timestamp> {
        self.containers.until_at_most(now)
    }

    async fn ask(
        &self,
        id: &RequestId,
        object_id: &str,
        until: Timestamp,
    ) -> Result<Asked, Failure> {
        let later = |why: &str| Asked::Later { look_in_ms: LATER_MS, why: why.to_owned() };
        let storage = match self.containers.make(id, self.clock.now(), until).await {
            Ok(Made::Open(url)) => Zeroizing::new(String::from(url)),
            Ok(Made::NotYet) => return Ok(later("container_being_deleted")),
            Err(storage::Trouble::Refused { status: status @ (401 | 403 | 404), code }) => {
                let why = format!("container_forbidden: {status} {code}");
                tracing::warn!(why, "no container can be made for Microsoft Graph");
                return Ok(Asked::Refused(why.trim().to_owned()));
            }
            Err(trouble) => {
                let error = trouble.failure("making a container for Microsoft Graph").chain();
                tracing::warn!(error, "no container can be made for Microsoft Graph for now");
                return Ok(later("no_container"));
            }
        };
        let url = self.url(&["v1.0", "users", object_id, "exportPersonalData"]);
        let body = json!({ "storageLocation": storage.as_str() });
        match self.asks.once(with_body(url, Method::Post, &body)).await {
            Ok(answer) => self.asked(&answer),
            // It was not heard.
            Err(Trouble::Unreachable(_)) => Ok(later("unreachable")),
            Err(Trouble::NoToken(_)) => Ok(later("no_token")),
            Err(trouble) => Err(trouble.failure(ASKING)),
        }
    }

    async fn look(
        &self,
        id: &RequestId,
        object_id: &str,
        handle: &str,
    ) -> Result<Followed, Failure> {
        let url = self.url(&["v1.0", "dataPolicyOperations", handle]);
        let answer = self.reads.read(&Request::new(url, Method::Get)).await;
        let answer = answer.map_err(|trouble| trouble.failure(LOOKING))?;
        match answer.status {
            200 => {}
            404 => return Ok(Followed::Unknown),
            _ => {
                let (status, code) = (answer.status, answer.code.as_str());
                tracing::warn!(status, code, "Microsoft Graph does not say how far a copy is");
                return Err(answer.failure(LOOKING));
            }
        }
        let text = |field: &str| answer.body[field].as_str().unwrap_or_default();
        let user = text("userId");
        if !user.is_empty() && !user.eq_ignore_ascii_case(object_id) {
            return Ok(Followed::Failed("copy_of_another".to_owned()));
        }
        Ok(match text("status") {
            "complete" if self.containers.has_any(id).await? => Followed::Done,
            "complete" => Followed::Failed("nothing_written".to_owned()),
            "failed" => Followed::Failed("failed".to_owned()),
            state => Followed::Running {
                look_in_ms: self.wait_ms(&answer),
                handle: None,
                state: Some(plain(state)),
            },
        })
    }

    async fn remove(&self, id: &RequestId) -> Result<(), Failure> {
        self.containers.remove(id).await
    }

    async fn ping(&self) -> Result<(), Failure> {
        const DOING: &str = "asking Microsoft Graph whether we may have logs copied";
        let url = self.url(&["v1.0", "dataPolicyOperations", NO_OPERATION]);
        let answer = self.reads.read(&Request::new(url, Method::Get)).await;
        let answer = answer.map_err(|trouble| trouble.failure(DOING))?;
        match answer.status {
            200..300 | 400 | 404 => Ok(()),
            401 | 403 => Err(answer.failure(
                "asking Microsoft Graph for a copy: the application needs User.Export.All",
            )),
            _ => Err(answer.failure(DOING)),
        }
    }
}
