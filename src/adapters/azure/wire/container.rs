//! A blob container and the way in: one transport, one pipeline and one authorisation for all
//! requests.

use std::sync::Arc;
use std::time::Duration;

use azure_core::http::policies::Policy;
use azure_core::http::{ClientOptions, Context, Method, Pipeline, PipelineStreamOptions, Request};
use bytes::Bytes;
use url::Url;
use uuid::Uuid;

use crate::adapters::azure::wire::address::{account_url, add_query, blob_url};
use crate::adapters::azure::wire::answer::{Answer, Trouble};
use crate::adapters::azure::wire::lost::{Heard, Lost};
use crate::adapters::azure::wire::pace::Paced;
use crate::adapters::azure::wire::signing::credential::authorisation;
use crate::adapters::azure::wire::transport::{retries, transport};
use crate::adapters::silence::Silence;
use crate::config::settings::{Blob, Credential};
use crate::domain::failure::Failure;

/// The version of the service's interface that we speak; the one that the SDK speaks too.
const API_VERSION: &str = "2026-04-06";

/// Time for one request with all its tries, up to the headers of the answer. It also bounds what a
/// `Retry-After` can make us wait: the pipeline would wait for hours if told so.
const CALL_TIME_MAX: Duration = Duration::from_secs(120);

/// Headers of a request, names in lower case.
pub type RequestHeaders<'a> = [(&'static str, &'a str)];

/// The container.
pub struct Container {
    url: Url,
    /// The container's URL with the signature, where that is the credential.
    authorised: Url,
    options: ClientOptions,
    pipeline: Pipeline,
}

impl Container {
    /// Prepares the way in. Asks nobody yet.
    ///
    /// # Errors
    /// Where the URL is no container's or the credential is malformed.
    pub fn open(blob: &Blob) -> Result<Self, Failure> {
        let mut url = blob.url.clone();
        url.set_query(None);
        url.set_fragment(None);
        if url.path().trim_matches('/').is_empty() || url.cannot_be_a_base() {
            return Err(Failure::needs_person("reading a container's URL: it names no container"));
        }
        let sends_token =
            !matches!(blob.credential, Credential::Sas(_) | Credential::AccountKey { .. });
        if sends_token && url.scheme() != "https" {
            return Err(Failure::needs_person("entering a container: tokens go over https alone"));
        }
        let transport = transport()?;
        let authorisation = authorisation(&blob.credential, &transport)?;
        let mut authorised = url.clone();
        authorised.set_query(authorisation.query.as_deref());
        // Before the signature: it covers the time at which a request is sent.
        let pace: Arc<dyn Policy> = Arc::new(Paced::default());
        let options = ClientOptions {
            per_try_policies: [pace, Arc::new(Heard)]
                .into_iter()
                .chain(authorisation.policy)
                .collect(),
            retry: retries(),
            transport: Some(transport),
            ..ClientOptions::default()
        };
        let pipeline = Pipeline::new(
            option_env!("CARGO_PKG_NAME"),
            option_env!("CARGO_PKG_VERSION"),
            options.clone(),
            Vec::new(),
            Vec::new(),
            None,
        );
        Ok(Self { url, authorised, options, pipeline })
    }

    /// Another container of the same account, by the same way in: what the credential and the
    /// account were found to be counts for all.
    pub fn beside(&self, name: &str) -> Self {
        let renamed = |url: &Url| {
            let mut url = url.clone();
            let path = url.path().trim_end_matches('/');
            let account = path.rsplit_once('/').map_or("", |(account, _)| account).to_owned();
            url.set_path(&format!("{account}/{name}"));
            url
        };
        Self {
            url: renamed(&self.url),
            authorised: renamed(&self.authorised),
            options: self.options.clone(),
            pipeline: self.pipeline.clone(),
        }
    }

    /// The same container where another host serves it, by the same way in.
    pub fn on_host(&self, host: &str) -> Self {
        let moved = |url: &Url| {
            let mut url = url.clone();
            // One that no URL can have leaves it where it is.
            url.set_host(Some(host)).ok();
            url
        };
        Self {
            url: moved(&self.url),
            authorised: moved(&self.authorised),
            options: self.options.clone(),
            pipeline: self.pipeline.clone(),
        }
    }

    /// Its name: the last segment of the URL.
    pub fn name(&self) -> &str {
        self.url.path().trim_end_matches('/').rsplit('/').next().unwrap_or_default()
    }

    /// The account that it is in: the URL without it.
    pub fn account(&self) -> String {
        account_url(&self.url).to_string()
    }

    /// The URL without anything secret.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The URL for requests to the container itself. Secret.
    pub fn authorised_url(&self) -> Url {
        let mut url = self.authorised.clone();
        add_query(&mut url, "restype", "container");
        url
    }

    /// The URL with what lets us in, and nothing more. Secret.
    pub fn entered_url(&self) -> Url {
        self.authorised.clone()
    }

    /// The URL for requests to a blob; `None` where none addresses exactly that name. Secret.
    pub fn blob_url(&self, name: &str) -> Option<Url> {
        blob_url(&self.authorised, name)
    }

    /// The URL for requests to the account. Secret.
    pub fn account_url(&self) -> Url {
        account_url(&self.authorised)
    }

    /// Options for the SDK's clients: our transport, retries and authorisation.
    pub fn options(&self) -> ClientOptions {
        self.options.clone()
    }

    /// Sends a request without a body, and tries again where that makes sense. Every answer of the
    /// service is an answer; its body has not been read.
    pub async fn call(
        &self,
        method: Method,
        url: Url,
        headers: &RequestHeaders<'_>,
    ) -> Result<Answer, Trouble> {
        let mut request = Request::new(url, method);
        if matches!(method, Method::Put | Method::Patch) {
            request.insert_header("content-length", "0");
        }
        for (name, value) in headers {
            request.insert_header(*name, (*value).to_owned());
        }
        self.send(request).await
    }

    /// The same for a `PUT` of something.
    pub async fn put(
        &self,
        url: Url,
        headers: Vec<(String, String)>,
        body: Bytes,
    ) -> Result<Answer, Trouble> {
        self.send_body(Method::Put, url, headers, body).await
    }

    /// The same for any method.
    pub async fn send_body(
        &self,
        method: Method,
        url: Url,
        headers: Vec<(String, String)>,
        body: Bytes,
    ) -> Result<Answer, Trouble> {
        let mut request = Request::new(url, method);
        if body.is_empty() && method == Method::Patch {
            request.insert_header("content-length", "0");
        }
        for (name, value) in headers {
            request.insert_header(name, value);
        }
        request.set_body(body);
        self.send(request).await
    }

    async fn send(&self, mut request: Request) -> Result<Answer, Trouble> {
        request.insert_header("x-ms-version", API_VERSION);
        // The library would ask for it first, and make an error of that it is not there.
        request.insert_header("x-ms-client-request-id", Uuid::new_v4().to_string());
        let options = PipelineStreamOptions { skip_checks: true, ..Default::default() };
        let lost = Lost::default();
        let context = Context::new().with_value(lost.clone());
        let sent = in_time(self.pipeline.stream(&context, &mut request, Some(options))).await;
        let late = |_| Trouble::Broken(Silence::late(request.url()));
        let response = sent.map_err(late)?.map_err(|error| Trouble::of(&error))?;
        Ok(Answer::new(response, lost.any()))
    }
}

/// Gives a request up after [`CALL_TIME_MAX`].
pub async fn in_time<T>(call: impl Future<Output = T>) -> Result<T, Trouble> {
    tokio::time::timeout(CALL_TIME_MAX, call).await.map_err(|_| Trouble::Broken(None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::secret::Secret;

    fn open(url: &str, credential: Credential) -> Result<Container, Failure> {
        Container::open(&Blob { url: Url::parse(url).unwrap(), credential })
    }

    #[test]
    fn every_credential_opens_a_container_over_https() {
        let secret = || Secret::new("SECRET".to_owned());
        let tenant = "6f9619ff-8b86-d011-b42d-00cf4fc964ff".to_owned();
        let credentials = [
            Credential::Sas(Secret::new("?sv=1&sig=SECRET".to_owned())),
            Credential::AccountKey { account: "a".to_owned(), key: Secret::new("a2V5".to_owned()) },
            Credential::ManagedIdentity { client_id: None },
            Credential::ManagedIdentity { client_id: Some("id".to_owned()) },
            Credential::ClientSecret {
                tenant_id: tenant,
                client_id: "a".to_owned(),
                secret: secret(),
            },
            Credential::DeveloperTools,
        ];
        for credential in credentials {
            let sends_token =
                !matches!(credential, Credential::Sas(_) | Credential::AccountKey { .. });
            let container =
                open("https://a.blob.core.windows.net/c?sig=SECRET", credential.clone()).unwrap();
            assert_eq!(container.url().as_str(), "https://a.blob.core.windows.net/c");
            assert_eq!(open("http://127.0.0.1/a/c", credential).is_err(), sends_token);
        }
    }

    #[test]
    fn what_cannot_work_is_refused_without_quoting_it() {
        let account = || "a".to_owned();
        let key = |key: &str| Credential::AccountKey {
            account: account(),
            key: Secret::new(key.to_owned()),
        };
        let cases = [
            open("https://a.blob.core.windows.net/", key("a2V5")),
            open("https://a.blob.core.windows.net/c", key("SECRET, not base64")),
        ];
        for case in cases {
            let failure = case.err().unwrap();
            assert!(!failure.is_transient());
            assert!(!failure.chain().contains("SECRET"));
        }
    }
}
