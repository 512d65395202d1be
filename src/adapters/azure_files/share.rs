//! A share and the way in: the headers that this service wants with every request, and exact URLs.

use std::sync::Arc;

use azure_core::http::Method;
use bytes::Bytes;
use url::Url;

use crate::adapters::azure::wire::address::add_query;
use crate::adapters::azure::wire::answer::Answer;
use crate::adapters::azure::wire::container::Container;
use crate::config::settings::{Blob, Credential};
use crate::domain::failure::Failure;

/// A dot at the end of a name belongs to it. The service drops it otherwise, and means another
/// file.
const DOTS: (&str, &str) = ("x-ms-allow-trailing-dot", "true");
/// Whoever has a token is let in past the rights that files themselves grant to people.
const INTENT: (&str, &str) = ("x-ms-file-request-intent", "backup");

/// The share.
pub struct Share {
    entry: Arc<Container>,
    headers: Vec<(&'static str, &'static str)>,
}

impl Share {
    /// Prepares the way in. Asks nobody yet.
    ///
    /// # Errors
    /// Where the URL is no share's or the credential is malformed.
    pub fn open(share: &Blob) -> Result<Self, Failure> {
        let has_token =
            !matches!(share.credential, Credential::Sas(_) | Credential::AccountKey { .. });
        let headers = [DOTS].into_iter().chain(has_token.then_some(INTENT)).collect();
        Ok(Self { entry: Arc::new(Container::open(share)?), headers })
    }

    /// Another share of the same account, by the same way in.
    pub fn beside(&self, name: &str) -> Self {
        Self { entry: Arc::new(self.entry.beside(name)), headers: self.headers.clone() }
    }

    /// The way in by itself.
    pub fn entry(&self) -> &Arc<Container> {
        &self.entry
    }

    /// Headers of every request.
    pub fn headers(&self) -> Vec<(&'static str, &'static str)> {
        self.headers.clone()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.entry.name()
    }

    /// The URL for requests to a file; `None` where none addresses exactly that path. Secret.
    pub fn file_url(&self, path: &str, snapshot: Option<&str>) -> Option<Url> {
        let is_path = path.split('/').all(|part| !part.is_empty()) && !path.contains('\\');
        let url = self.entry.blob_url(path).filter(|_| is_path);
        url.map(|url| of_snapshot(url, snapshot))
    }

    /// The URL for requests to a directory, whose path ends in `/`, or is empty for that of the
    /// share. Secret.
    pub fn directory_url(&self, path: &str, snapshot: Option<&str>) -> Option<Url> {
        let mut url = match path.strip_suffix('/') {
            Some(path) => self.file_url(path, snapshot)?,
            None if path.is_empty() => of_snapshot(self.entry.entered_url(), snapshot),
            None => return None,
        };
        add_query(&mut url, "restype", "directory");
        Some(url)
    }

    /// A `GET` of something of the account, which knows nothing of files.
    ///
    /// # Errors
    /// Where there is no answer.
    pub async fn of_account(&self, doing: &str, url: Url) -> Result<Answer, Failure> {
        let headers: Vec<(&'static str, &str)> =
            self.headers.iter().copied().filter(|header| *header != DOTS).collect();
        let call = self.entry.call(Method::Get, url, &headers).await;
        call.map_err(|trouble| trouble.failure(doing))
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
        let all: Vec<(&'static str, &str)> =
            self.headers.iter().chain(headers).map(|(name, value)| (*name, *value)).collect();
        let call = self.entry.call(method, url, &all).await;
        call.map_err(|trouble| trouble.failure(doing))
    }

    /// The same for a `PUT` of something.
    ///
    /// # Errors
    /// Where there is no answer.
    pub async fn put(
        &self,
        doing: &str,
        url: Url,
        headers: Vec<(String, String)>,
        body: Bytes,
    ) -> Result<Answer, Failure> {
        let own = self.headers.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let call = self.entry.put(url, own.chain(headers).collect(), body).await;
        call.map_err(|trouble| trouble.failure(doing))
    }
}

fn of_snapshot(mut url: Url, snapshot: Option<&str>) -> Url {
    if let Some(snapshot) = snapshot {
        add_query(&mut url, "sharesnapshot", snapshot);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::secret::Secret;

    fn share(credential: Credential) -> Share {
        let url = Url::parse("https://a.file.core.windows.net/code-1").unwrap();
        Share::open(&Blob { url, credential }).unwrap()
    }

    fn signed() -> Share {
        share(Credential::Sas(Secret::new("sv=1&sig=x".to_owned())))
    }

    #[test]
    fn every_path_gets_its_own_url_and_what_none_addresses_gets_none() {
        let share = signed();
        let root = "https://a.file.core.windows.net/code-1";
        let url = share.file_url("Users/käse #1?/a%20.ipynb.", None).unwrap();
        let encoded = format!("{root}/Users/k%C3%A4se%20%231%3F/a%2520.ipynb.?sv=1&sig=x");
        assert_eq!(url.as_str(), encoded);
        let past = share.directory_url("Users/ann/", Some("2026-11-23T12:00:00.0000000Z"));
        let at = "sharesnapshot=2026-11-23T12%3A00%3A00.0000000Z&restype=directory";
        assert_eq!(past.unwrap().as_str(), format!("{root}/Users/ann?sv=1&sig=x&{at}"));
        let own = share.directory_url("", None).unwrap();
        assert_eq!(own.as_str(), format!("{root}?sv=1&sig=x&restype=directory"));
        for path in ["", "/a", "a/", "a//b", "a\\b", ".", "a/../b", "./a"] {
            assert!(share.file_url(path, None).is_none(), "{path}");
        }
        for path in ["a", "/", "//", "a/../", "a//"] {
            assert!(share.directory_url(path, None).is_none(), "{path}");
        }
    }

    #[test]
    fn a_token_goes_with_its_intent_and_nothing_else_does() {
        let says = |share: Share| share.headers().contains(&INTENT);
        assert!(says(share(Credential::ManagedIdentity { client_id: None })));
        assert!(!says(signed()));
        assert!(signed().headers().contains(&DOTS));
    }
}
