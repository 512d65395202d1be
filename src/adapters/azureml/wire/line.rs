//! The line to a service of Azure: one transport and one authorisation, with tokens of one
//! audience. Whoever speaks by it sees to where its requests go.

use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use azure_core::http::policies::Policy;
use azure_core::http::policies::auth::BearerTokenAuthorizationPolicy;
use azure_core::http::{
    ClientOptions, Context, Method, Pipeline, PipelineStreamOptions, Request, RetryOptions,
    Transport,
};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use serde_json::Value;
use url::Url;

use crate::adapters::azure::wire::transport::retries;
use crate::adapters::azureml::wire::answer::{Answer, Trouble};

/// Time for one request with all its tries; it also bounds what a `Retry-After` makes one call
/// wait.
const CALL_TIME_MAX: Duration = Duration::from_secs(120);
/// Bytes of an answer: a page of large documents is some mebibytes.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// Tries of a read whose answer broke off.
const READS_MAX: u32 = 3;

/// The line.
pub struct Line {
    pipeline: Pipeline,
    call_time_max: Duration,
}

/// What signs requests: a token of this identity, for the service at this URL.
pub fn token(identity: &Arc<dyn TokenCredential>, audience: &Url) -> Arc<dyn Policy> {
    let scope = format!("{}/.default", audience.as_str().trim_end_matches('/'));
    Arc::new(BearerTokenAuthorizationPolicy::new(Arc::clone(identity), [scope]))
}

/// A request with a document.
pub fn with_body(url: Url, method: Method, body: &Value) -> Request {
    let mut request = Request::new(url, method);
    request.insert_header("content-type", "application/json");
    request.set_body(Bytes::from(body.to_string()));
    request
}

impl Line {
    /// A line on which each try passes these policies, the last of which signs it.
    pub fn new(policies: Vec<Arc<dyn Policy>>, transport: Transport) -> Self {
        Self { pipeline: pipeline(policies, retries(), transport), call_time_max: CALL_TIME_MAX }
    }

    /// One on which nothing is tried again by itself and an answer may take that long.
    pub fn of_one_try(
        policies: Vec<Arc<dyn Policy>>,
        transport: Transport,
        call_time_max: Duration,
    ) -> Self {
        Self { pipeline: pipeline(policies, RetryOptions::none(), transport), call_time_max }
    }

    /// Sends what changes something.
    ///
    /// # Errors
    /// Where there is no answer: it may have been done.
    pub async fn once(&self, mut request: Request) -> Result<Answer, Trouble> {
        let call = async {
            let options = PipelineStreamOptions { skip_checks: true, ..Default::default() };
            let sent = self.pipeline.stream(&Context::new(), &mut request, Some(options)).await;
            let sent = sent.map_err(|error| Trouble::of(&error))?;
            let (status, headers, mut body) = sent.deconstruct();
            let mut bytes = BytesMut::new();
            while let Some(chunk) = body.next().await {
                bytes.extend_from_slice(&chunk.map_err(|error| Trouble::silent(&error))?);
                if bytes.len() > ANSWER_BYTES_MAX {
                    return Err(Trouble::Large);
                }
            }
            Ok(Answer::new(status.into(), headers, &bytes.freeze()))
        };
        tokio::time::timeout(self.call_time_max, call).await.map_err(|_| Trouble::Late)?
    }

    /// Sends what changes nothing. The pipeline does not try again what breaks off in the body.
    ///
    /// # Errors
    /// Where there is no answer.
    pub async fn read(&self, request: &Request) -> Result<Answer, Trouble> {
        let mut tries = 1;
        loop {
            match self.once(request.clone()).await {
                Err(Trouble::Broken(_)) if tries < READS_MAX => tries += 1,
                answer => return answer,
            }
        }
    }
}

fn pipeline(
    per_try_policies: Vec<Arc<dyn Policy>>,
    retry: RetryOptions,
    transport: Transport,
) -> Pipeline {
    let transport = Some(transport);
    let options = ClientOptions { per_try_policies, retry, transport, ..ClientOptions::default() };
    let (name, version) = (option_env!("CARGO_PKG_NAME"), option_env!("CARGO_PKG_VERSION"));
    Pipeline::new(name, version, options, Vec::new(), Vec::new(), None)
}
