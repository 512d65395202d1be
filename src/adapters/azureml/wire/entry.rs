//! The way into a workspace: one transport and one authorisation for all requests, to Azure
//! Resource Manager and to the workspace's own services.

use std::sync::Arc;

use azure_core::credentials::TokenCredential;
use azure_core::http::policies::Policy;
use azure_core::http::{Method, Request, Transport};
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use crate::adapters::azure::wire::address::add_query;
use crate::adapters::azure::wire::pace::Paced;
use crate::adapters::azure::wire::signing::credential::identity;
use crate::adapters::azure::wire::transport::transport;
use crate::adapters::azureml::wire::answer::{Answer, Trouble};
use crate::adapters::azureml::wire::discovery::{DISCOVERING, Discovered, Service, foreign};
use crate::adapters::azureml::wire::hosts::Hosts;
use crate::adapters::azureml::wire::line::{Line, token, with_body};
use crate::adapters::azureml::wire::rates::{Rates, is_here};
use crate::config::settings;
use crate::domain::failure::Failure;

/// The version of the service's interface that we speak.
pub const API_VERSION: &str = "2024-10-01";

/// The way in.
pub struct Entry {
    hosts: Hosts,
    id: String,
    line: Line,
    /// The same without a token: who asks where to go has not arrived.
    unsigned: Line,
    discovered: Mutex<Option<Arc<Discovered>>>,
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
        let transport = transport()?;
        Ok(Self::through(workspace, identity(&workspace.credential, &transport)?, transport))
    }

    /// By another transport and identity.
    pub fn through(
        workspace: &settings::Workspace,
        identity: Arc<dyn TokenCredential>,
        transport: Transport,
    ) -> Self {
        let hosts = Hosts::of(workspace);
        let pace: Arc<dyn Policy> = Arc::new(Paced::default());
        let rates = Rates::of(&hosts.endpoint).map(|rates| Arc::new(rates) as Arc<dyn Policy>);
        let token = token(&identity, &hosts.endpoint);
        let policies = rates.into_iter().chain([Arc::clone(&pace), token]).collect();
        Self {
            hosts,
            id: workspace.id.clone(),
            line: Line::new(policies, transport.clone()),
            unsigned: Line::new(vec![pace], transport),
            discovered: Mutex::new(None),
        }
    }

    /// Whether it leads to this machine, which is no service that takes its time.
    pub fn is_here(&self) -> bool {
        is_here(&self.hosts.endpoint)
    }

    /// The workspace's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where it is, without anything secret.
    pub fn place(&self) -> String {
        format!("{}{}", self.hosts.endpoint.as_str().trim_end_matches('/'), self.id)
    }

    /// The URL of something below the workspace in Azure Resource Manager: `models/m`, or the
    /// workspace itself.
    pub fn url(&self, path: &str) -> Url {
        self.url_in(path, API_VERSION)
    }

    /// The same, of another service and in the version of that one's interface.
    pub fn url_in(&self, path: &str, version: &str) -> Url {
        self.url_of(&self.id, path, version)
    }

    /// The URL of anything in Azure Resource Manager, by its whole path.
    pub fn at(&self, path: &str, version: &str) -> Url {
        self.url_of(path, "", version)
    }

    /// The URL of something below another resource in Azure Resource Manager.
    pub fn url_of(&self, id: &str, path: &str, version: &str) -> Url {
        let mut url = self.hosts.endpoint.clone();
        let slash = if path.is_empty() { "" } else { "/" };
        url.set_path(&format!("{id}{slash}{path}"));
        add_query(&mut url, "api-version", version);
        url
    }

    /// The URL of something that a service of the workspace's own has.
    ///
    /// # Errors
    /// It cannot be learned where the service is.
    pub async fn service_url(&self, service: Service, path: &str) -> Result<Url, Failure> {
        let mut url = self.discovered().await?.address(service)?.clone();
        let above = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{above}/{}{}/{path}", service.path(), self.id));
        Ok(url)
    }

    /// The URL of the default storage account, if the workspace names one.
    ///
    /// # Errors
    /// Where the workspace does not answer.
    pub async fn account(&self) -> Result<Option<String>, Failure> {
        let discovered = self.discovered().await?;
        Ok(discovered.account.as_ref().map(|name| {
            let storage = self.hosts.storage;
            format!("https://{name}.blob.{storage}/")
        }))
    }

    /// A link that the service gave, if it leads to where we are: a token goes nowhere else.
    pub fn own(&self, link: &str) -> Option<Url> {
        self.hosts.own(link)
    }

    /// Reads something.
    ///
    /// # Errors
    /// Where there is no answer.
    pub async fn get(&self, doing: &str, url: Url) -> Result<Answer, Failure> {
        self.read(doing, &Request::new(url, Method::Get)).await
    }

    /// Asks something that does not go into a URL; nothing is changed by it.
    ///
    /// # Errors
    /// Where there is no answer.
    pub async fn query(&self, doing: &str, url: Url, body: &Value) -> Result<Answer, Failure> {
        self.read(doing, &with_body(url, Method::Post, body)).await
    }

    /// Removes something, or begins to.
    ///
    /// # Errors
    /// Where there is no answer: it may have been done.
    pub async fn delete(&self, doing: &str, url: Url) -> Result<Answer, Failure> {
        self.once(doing, Request::new(url, Method::Delete)).await
    }

    /// Has something done with what is there.
    ///
    /// # Errors
    /// Where there is no answer: it may have been done.
    pub async fn post(&self, doing: &str, url: Url) -> Result<Answer, Failure> {
        let mut request = Request::new(url, Method::Post);
        request.insert_header("content-length", "0");
        self.once(doing, request).await
    }

    /// Writes something over what is there.
    ///
    /// # Errors
    /// Where there is no answer: it may have been done.
    pub async fn put(&self, doing: &str, url: Url, body: &Value) -> Result<Answer, Failure> {
        self.once(doing, with_body(url, Method::Put, body)).await
    }

    /// Changes what the body names.
    ///
    /// # Errors
    /// Where there is no answer: it may have been done.
    pub async fn patch(&self, doing: &str, url: Url, body: &Value) -> Result<Answer, Failure> {
        self.once(doing, with_body(url, Method::Patch, body)).await
    }

    async fn once(&self, doing: &str, request: Request) -> Result<Answer, Failure> {
        let answer = self.line.once(request).await;
        self.told(doing, answer).await
    }

    async fn read(&self, doing: &str, request: &Request) -> Result<Answer, Failure> {
        let answer = self.line.read(request).await;
        self.told(doing, answer).await
    }

    /// Where nobody is met, the service may have moved.
    async fn told(&self, doing: &str, answer: Result<Answer, Trouble>) -> Result<Answer, Failure> {
        if matches!(answer, Err(Trouble::Unreachable(_))) {
            *self.discovered.lock().await = None;
        }
        answer.map_err(|trouble| trouble.failure(doing))
    }

    /// Where the services are. Whoever comes meanwhile waits for the same answer.
    async fn discovered(&self) -> Result<Arc<Discovered>, Failure> {
        let mut kept = self.discovered.lock().await;
        if let Some(discovered) = &*kept {
            return Ok(Arc::clone(discovered));
        }
        let good = |answer: Result<Answer, Trouble>| match answer {
            Ok(answer) if answer.status == 200 => Ok(answer.body),
            Ok(answer) => Err(answer.failure(DISCOVERING)),
            Err(trouble) => Err(trouble.failure(DISCOVERING)),
        };
        let request = Request::new(self.url(""), Method::Get);
        let workspace = good(self.line.read(&request).await)?;
        let link = workspace["properties"]["discoveryUrl"].as_str().unwrap_or_default();
        let link = self.own(link).ok_or_else(foreign)?;
        let discovery = good(self.unsigned.read(&Request::new(link, Method::Get)).await)?;
        let discovered = Arc::new(Discovered::new(&workspace, &discovery, &self.hosts)?);
        *kept = Some(Arc::clone(&discovered));
        Ok(discovered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings::{Cloud, Credential};

    #[test]
    fn requests_go_over_https_to_the_endpoint() {
        let entry = |endpoint: &str| {
            Entry::open(&settings::Workspace {
                name: "ws".to_owned(),
                id: "/subscriptions/s/resourceGroups/g".to_owned(),
                endpoint: Url::parse(endpoint).unwrap(),
                cloud: Some(Cloud::Public),
                brings_storage: false,
                data_plane: Vec::new(),
                credential: Credential::ManagedIdentity { client_id: None },
            })
        };
        assert!(entry("http://127.0.0.1:1/").is_err());
        let url = entry("https://management.azure.com").unwrap().url("models/m");
        let expected = "https://management.azure.com/subscriptions/s/resourceGroups/g/models/m\
                        ?api-version=2024-10-01";
        assert_eq!(url.as_str(), expected);
        for (endpoint, is_here) in [
            ("https://management.azure.com", false),
            ("https://127.0.0.1:8443", true),
            ("https://localhost:8443", true),
        ] {
            assert_eq!(entry(endpoint).unwrap().is_here(), is_here, "{endpoint}");
        }
    }
}
