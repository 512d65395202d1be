//! The way into a workspace: one transport, one pipeline and one authorisation for all requests.

use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use azure_core::http::policies::Policy;
use azure_core::http::policies::auth::BearerTokenAuthorizationPolicy;
use azure_core::http::{
    ClientOptions, Context, Method, Pipeline, PipelineStreamOptions, Request, Transport,
};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use serde_json::Value;
use url::Url;

use crate::adapters::azure::wire::address::add_query;
use crate::adapters::azure::wire::container::{retries, transport};
use crate::adapters::azure::wire::credential::identity;
use crate::adapters::azure::wire::pace::Paced;
use crate::adapters::azureml::wire::answer::{Answer, Trouble};
use crate::adapters::azureml::wire::rates::Rates;
use crate::config::settings;
use crate::domain::failure::Failure;

/// The version of the service's interface that we speak.
const API_VERSION: &str = "2024-10-01";
/// Time for one request with all its tries; it also bounds what a `Retry-After` makes one call
/// wait.
const CALL_TIME_MAX: Duration = Duration::from_secs(120);
/// Bytes of an answer: a page of large documents is some mebibytes.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// Tries of a read whose answer broke off.
const READS_MAX: u32 = 3;

/// The way in.
pub struct Entry {
    endpoint: Url,
    id: String,
    pipeline: Pipeline,
}

impl Entry {
    /// Prepares the way in. Asks nobody yet.
    ///
    /// # Errors
    /// Where tokens would not go over https, or what the identity relies on is not there.
    pub fn open(workspace: &settings::Workspace) -> Result<Self, Failure> {
        if workspace.endpoint.scheme() != "https" {
            return Err(Failure::needs_person("entering a workspace: tokens go over https alone"));
        }
        Ok(Self::through(workspace, identity(&workspace.credential)?, transport()?))
    }

    /// By another transport and identity.
    pub fn through(
        workspace: &settings::Workspace,
        identity: Arc<dyn TokenCredential>,
        transport: Transport,
    ) -> Self {
        let endpoint = workspace.endpoint.clone();
        let scope = format!("{}/.default", endpoint.as_str().trim_end_matches('/'));
        let pace: Arc<dyn Policy> = Arc::new(Paced::default());
        let rates = Rates::of(&endpoint).map(|rates| Arc::new(rates) as Arc<dyn Policy>);
        let token = Arc::new(BearerTokenAuthorizationPolicy::new(identity, [scope]));
        let options = ClientOptions {
            per_try_policies: rates.into_iter().chain([pace, token]).collect(),
            retry: retries(),
            transport: Some(transport),
            ..ClientOptions::default()
        };
        let pipeline = Pipeline::new(
            option_env!("CARGO_PKG_NAME"),
            option_env!("CARGO_PKG_VERSION"),
            options,
            Vec::new(),
            Vec::new(),
            None,
        );
        Self { endpoint, id: workspace.id.clone(), pipeline }
    }

    /// The workspace's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where it is, without anything secret.
    pub fn place(&self) -> String {
        format!("{}{}", self.endpoint.as_str().trim_end_matches('/'), self.id)
    }

    /// The URL of something below the workspace: `models/m`, or the workspace itself.
    pub fn url(&self, path: &str) -> Url {
        self.url_in(path, API_VERSION)
    }

    /// The same, of another service and in the version of that one's interface.
    pub fn url_in(&self, path: &str, version: &str) -> Url {
        let mut url = self.endpoint.clone();
        let slash = if path.is_empty() { "" } else { "/" };
        url.set_path(&format!("{}{slash}{path}", self.id));
        add_query(&mut url, "api-version", version);
        url
    }

    /// A link that the service gave, if it leads to where we are: a token goes nowhere else.
    pub fn own(&self, link: &str) -> Option<Url> {
        let url = Url::parse(link).ok()?;
        let has_user = !url.username().is_empty() || url.password().is_some();
        (url.origin() == self.endpoint.origin() && !has_user).then_some(url)
    }

    /// Reads something.
    ///
    /// # Errors
    /// Where there is no answer.
    pub async fn get(&self, doing: &str, url: Url) -> Result<Answer, Failure> {
        let mut tries = 1;
        loop {
            match self.send(Request::new(url.clone(), Method::Get)).await {
                // The pipeline does not try again what breaks off in the body.
                Err(Trouble::Broken) if tries < READS_MAX => tries += 1,
                answer => return answer.map_err(|trouble| trouble.failure(doing)),
            }
        }
    }

    /// Removes something, or begins to.
    ///
    /// # Errors
    /// Where there is no answer: it may have been done.
    pub async fn delete(&self, doing: &str, url: Url) -> Result<Answer, Failure> {
        let answer = self.send(Request::new(url, Method::Delete)).await;
        answer.map_err(|trouble| trouble.failure(doing))
    }

    /// Has something done with what is there.
    ///
    /// # Errors
    /// Where there is no answer: it may have been done.
    pub async fn post(&self, doing: &str, url: Url) -> Result<Answer, Failure> {
        let mut request = Request::new(url, Method::Post);
        request.insert_header("content-length", "0");
        self.send(request).await.map_err(|trouble| trouble.failure(doing))
    }

    /// Writes something over what is there.
    ///
    /// # Errors
    /// Where there is no answer: it may have been done.
    pub async fn put(&self, doing: &str, url: Url, body: &Value) -> Result<Answer, Failure> {
        let mut request = Request::new(url, Method::Put);
        request.insert_header("content-type", "application/json");
        request.set_body(Bytes::from(body.to_string()));
        self.send(request).await.map_err(|trouble| trouble.failure(doing))
    }

    async fn send(&self, mut request: Request) -> Result<Answer, Trouble> {
        let call = async {
            let options = PipelineStreamOptions { skip_checks: true, ..Default::default() };
            let sent = self.pipeline.stream(&Context::new(), &mut request, Some(options)).await;
            let (status, headers, mut body) =
                sent.map_err(|error| Trouble::of(&error))?.deconstruct();
            let mut bytes = BytesMut::new();
            while let Some(chunk) = body.next().await {
                bytes.extend_from_slice(&chunk.map_err(|_| Trouble::Broken)?);
                if bytes.len() > ANSWER_BYTES_MAX {
                    return Err(Trouble::Garbled);
                }
            }
            Ok(Answer::new(status.into(), headers, &bytes.freeze()))
        };
        tokio::time::timeout(CALL_TIME_MAX, call).await.map_err(|_| Trouble::Late)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings::Credential;

    fn entry(endpoint: &str) -> Result<Entry, Failure> {
        Entry::open(&settings::Workspace {
            name: "ws".to_owned(),
            id: "/subscriptions/s/resourceGroups/g".to_owned(),
            endpoint: Url::parse(endpoint).unwrap(),
            credential: Credential::ManagedIdentity { client_id: None },
        })
    }

    #[test]
    fn tokens_go_to_the_configured_cloud_alone() {
        assert!(entry("http://127.0.0.1:1/").is_err());
        let entry = entry("https://management.azure.com").unwrap();
        let url = entry.url("models/m");
        let expected = "https://management.azure.com/subscriptions/s/resourceGroups/g/models/m\
                        ?api-version=2024-10-01";
        assert_eq!(url.as_str(), expected);
        let own = [
            "https://management.azure.com/subscriptions/x?t=1",
            "https://MANAGEMENT.azure.com:443/a",
        ];
        assert!(own.iter().all(|link| entry.own(link).is_some()));
        let strange = [
            "http://management.azure.com/a",
            "https://management.azure.com.evil.example/a",
            "https://management.azure.com@evil.example/a",
            "https://evil@management.azure.com/a",
            "https://management.azure.com:444/a",
            "//management.azure.com/a",
            "/subscriptions/x",
            "",
        ];
        for link in strange {
            assert!(entry.own(link).is_none(), "{link}");
        }
    }
}
