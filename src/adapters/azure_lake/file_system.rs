//! A file system and the way in: exact URLs of its paths, and the host that serves it as blobs.

use std::sync::Arc;

use azure_core::http::Method;
use bytes::Bytes;
use url::Url;

use crate::adapters::azure::wire::address::add_query;
use crate::adapters::azure::wire::answer::Answer;
use crate::adapters::azure::wire::container::Container;
use crate::config::settings::Blob;
use crate::domain::failure::Failure;

/// What stands in the host of an account behind its name, and what stands there where the same
/// account serves blobs.
const LAKE: &str = "dfs";
const BLOBS: &str = "blob";

/// The file system.
pub struct FileSystem {
    entry: Arc<Container>,
    blobs: Arc<Container>,
}

impl FileSystem {
    /// Prepares the way in. Asks nobody yet.
    ///
    /// # Errors
    /// Where the URL is no file system's or the credential is malformed.
    pub fn open(lake: &Blob) -> Result<Self, Failure> {
        Ok(Self::within(Container::open(lake)?))
    }

    /// Another file system of the same account, by the same way in.
    pub fn beside(&self, name: &str) -> Self {
        Self::within(self.entry.beside(name))
    }

    fn within(entry: Container) -> Self {
        let host = entry.url().host_str().unwrap_or_default();
        let blobs = Arc::new(entry.on_host(&host_of_blobs(host)));
        Self { entry: Arc::new(entry), blobs }
    }

    /// The way in by itself.
    pub fn entry(&self) -> &Arc<Container> {
        &self.entry
    }

    /// The same as a container of blobs.
    pub fn blobs(&self) -> &Arc<Container> {
        &self.blobs
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.entry.name()
    }

    /// The URL for requests to a path, with or without a slash at its end; `None` where none
    /// addresses exactly that path. Secret.
    pub fn url(&self, path: &str) -> Option<Url> {
        let path = path.strip_suffix('/').unwrap_or(path);
        self.entry.blob_url(path).filter(|_| path.split('/').all(|part| !part.is_empty()))
    }

    /// What a rename calls the path that is renamed: with a signature, if that is what lets us in.
    /// Secret.
    pub fn renamed(&self, path: &str) -> Option<String> {
        let url = self.url(path)?;
        let below = url.path().strip_prefix(self.entry.url().path().trim_end_matches('/'))?;
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        Some(format!("/{}{below}{query}", self.name()))
    }

    /// A request without a body, whose trouble is a failure of `doing` something.
    ///
    /// # Errors
    /// Where there is no answer.
    pub async fn call(
        &self,
        doing: &str,
        method: Method,
        url: Url,
        headers: &[(&'static str, &str)],
    ) -> Result<Answer, Failure> {
        let call = self.entry.call(method, url, headers).await;
        call.map_err(|trouble| trouble.failure(doing))
    }

    /// A `PUT` of a path.
    ///
    /// # Errors
    /// Where there is no answer.
    pub async fn put(
        &self,
        doing: &str,
        url: Url,
        headers: Vec<(String, String)>,
    ) -> Result<Answer, Failure> {
        let call = self.entry.put(url, headers, Bytes::new()).await;
        call.map_err(|trouble| trouble.failure(doing))
    }

    /// Does something with a path.
    ///
    /// # Errors
    /// Where there is no answer.
    pub async fn act(
        &self,
        doing: &str,
        (mut url, action): (Url, &str),
        headers: Vec<(String, String)>,
        body: Bytes,
    ) -> Result<Answer, Failure> {
        add_query(&mut url, "action", action);
        let call = self.entry.send_body(Method::Patch, url, headers, body).await;
        call.map_err(|trouble| trouble.failure(doing))
    }
}

/// The host that serves the same account as blobs; one that does not tell serves both.
fn host_of_blobs(host: &str) -> String {
    let mut labels: Vec<&str> = host.split('.').collect();
    if let Some(label) = labels.iter_mut().skip(1).find(|label| **label == LAKE) {
        *label = BLOBS;
    }
    labels.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::secret::Secret;
    use crate::config::settings::Credential;

    fn open(url: &str) -> FileSystem {
        let credential = Credential::Sas(Secret::new("sv=1&sig=x".to_owned()));
        FileSystem::open(&Blob { url: Url::parse(url).unwrap(), credential }).unwrap()
    }

    #[test]
    fn every_path_gets_its_own_url_and_what_none_addresses_gets_none() {
        let lake = open("https://a.dfs.core.windows.net/data");
        let url = lake.url("Users/käse #1?/a%20.csv").unwrap();
        let encoded = "Users/k%C3%A4se%20%231%3F/a%2520.csv";
        assert_eq!(
            url.as_str(),
            format!("https://a.dfs.core.windows.net/data/{encoded}?sv=1&sig=x")
        );
        assert_eq!(lake.url("Users/ann/").unwrap(), lake.url("Users/ann").unwrap());
        let renamed = lake.renamed("Users/käse #1?/a%20.csv").unwrap();
        assert_eq!(renamed, format!("/data/{encoded}?sv=1&sig=x"));
        for path in ["", "/", "/a", "a//", "a//b", ".", "a/../b", "./a"] {
            assert!(lake.url(path).is_none() && lake.renamed(path).is_none(), "{path}");
        }
        let emulated = open("http://127.0.0.1:10004/acct/data");
        assert_eq!(emulated.renamed("a").unwrap(), "/data/a?sv=1&sig=x");
    }

    #[test]
    fn the_same_account_serves_blobs_beside() {
        let table = [
            ("a.dfs.core.windows.net", "a.blob.core.windows.net"),
            ("a.privatelink.dfs.core.windows.net", "a.privatelink.blob.core.windows.net"),
            ("a.z12.dfs.storage.azure.net", "a.z12.blob.storage.azure.net"),
            ("a-secondary.dfs.core.chinacloudapi.cn", "a-secondary.blob.core.chinacloudapi.cn"),
            ("dfs.dfs.core.windows.net", "dfs.blob.core.windows.net"),
            ("lake.contoso.com", "lake.contoso.com"),
            ("127.0.0.1", "127.0.0.1"),
        ];
        for (host, expected) in table {
            assert_eq!(host_of_blobs(host), expected);
        }
        let lake = open("https://a.dfs.core.windows.net/data");
        assert_eq!(lake.blobs().url().as_str(), "https://a.blob.core.windows.net/data");
        assert_eq!(lake.blobs().authorised_url().query(), Some("sv=1&sig=x&restype=container"));
        let other = lake.beside("other");
        assert_eq!(other.blobs().url().as_str(), "https://a.blob.core.windows.net/other");
    }
}
