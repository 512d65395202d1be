//! A simulated workspace, and our adapter before it.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::http::Transport;
use azure_core::time::{Duration, OffsetDateTime};
use bytes::Bytes;
use dsrd::adapters::azureml::source::WorkspaceSource;
use dsrd::adapters::azureml::wire::entry::Entry;
use dsrd::config::settings::{Credential, Workspace};
use dsrd::domain::failure::Failure;
use dsrd::domain::item::Item;
use dsrd::ports::sources::{Erased, Followed, NewForm, Page, Read, Rewritten, Source, Walked};
use futures::stream::{self, StreamExt, TryStreamExt};
use reqwest::{Certificate, Client};
use serde_json::Value;
use url::Url;

use crate::source_contract::listing;
use crate::support::azure::rights::Role;
use crate::support::azure::seed::{Seed, sample_id};
use crate::support::azure::simulator::Simulator;
use crate::support::azure::state::Switches;

/// The name of the source.
pub const NAME: &str = "workspace";

/// Both.
pub struct World {
    pub simulator: Simulator,
    pub source: WorkspaceSource,
}

impl World {
    /// With the sample workspace, and the rights of the published roles.
    pub async fn new(mut switches: Switches) -> Self {
        switches.roles.get_or_insert_with(Role::all_published);
        Self::trusting(switches, &[]).await
    }

    /// The same, whose services may be at these addresses too.
    pub async fn trusting(switches: Switches, data_plane: &[&str]) -> Self {
        let seed = Seed { switches, ..Seed::default() };
        Self::over(Simulator::start(seed).await, data_plane)
    }

    fn over(simulator: Simulator, data_plane: &[&str]) -> Self {
        let workspace = Workspace {
            name: NAME.to_owned(),
            id: sample_id().path(),
            endpoint: Url::parse(&simulator.base_url).unwrap(),
            cloud: None,
            brings_storage: false,
            data_plane: data_plane.iter().map(|url| Url::parse(url).unwrap()).collect(),
            credential: Credential::DeveloperTools,
        };
        let token = Token(simulator.token("https://management.azure.com"));
        let authority = Certificate::from_pem(simulator.ca_pem.as_bytes()).unwrap();
        let client = Client::builder().tls_certs_only([authority]).build().unwrap();
        let transport = Transport::new(Arc::new(client));
        let entry = Entry::through(&workspace, Arc::new(token), transport);
        Self { source: WorkspaceSource::within(NAME, entry), simulator }
    }

    /// An item that is there.
    pub async fn item(&self, name: &str) -> Item {
        let mut forms = self.source.remains(name).await.unwrap();
        assert_eq!(forms.len(), 1, "{name}");
        forms.remove(0)
    }

    /// What is answered to who wants a document to say something else.
    pub async fn rewritten(
        &self,
        item: &Item,
        change: impl FnOnce(&mut Value),
    ) -> Result<Rewritten, Failure> {
        let Read::Bytes(bytes) = self.source.read(item).await? else { panic!("it is not there") };
        let bytes: Vec<Bytes> = bytes.try_collect().await?;
        let mut document: Value = serde_json::from_slice(&bytes.concat()).unwrap();
        change(&mut document);
        self.source.rewrite(item, form(document.to_string())).await
    }

    /// Names of all items, in the order of the source.
    pub async fn names(&self) -> Vec<String> {
        listing(&self.source).await.into_iter().map(|item| item.name).collect()
    }

    /// How an erasure of an item ends: the words of its answers, look by look, at most so many.
    pub async fn erased(&self, item: &Item, looks_max: usize) -> Vec<String> {
        let ticket = match self.source.erase(item).await.unwrap() {
            Erased::Begun(ticket) => ticket,
            erased => return vec![format!("{erased:?}")],
        };
        let (mut handle, mut words) = (ticket.handle, vec!["Begun".to_owned()]);
        while words.len() <= looks_max {
            let followed = self.source.follow(item, &handle).await.unwrap();
            let Followed::Running { handle: newer, .. } = followed else {
                words.push(format!("{followed:?}"));
                break;
            };
            words.push("Running".to_owned());
            handle = newer.unwrap_or(handle);
        }
        words
    }

    /// Pages of a listing, and how many there are.
    pub async fn pages(&self, prefix: &str) -> (Vec<Item>, usize) {
        let (mut items, mut marker, mut pages) = (Vec::new(), None, 0);
        loop {
            let Page { items: found, next, .. } =
                self.source.list(prefix, marker.as_deref()).await.unwrap();
            (pages, marker) = (pages + 1, next);
            items.extend(found);
            if marker.is_none() {
                return (items, pages);
            }
        }
    }
}

/// Bytes that are to take the place of others.
pub fn form(text: String) -> NewForm {
    let bytes = Bytes::from(text);
    NewForm {
        size: bytes.len() as u64,
        bytes: stream::iter([Ok(bytes)]).boxed(),
        properties: BTreeMap::new(),
        content_type: None,
        metadata: BTreeMap::new(),
        tags: BTreeMap::new(),
    }
}

/// A token that somebody has.
#[derive(Debug)]
struct Token(String);

#[async_trait]
impl TokenCredential for Token {
    async fn get_token(
        &self,
        _: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        Ok(AccessToken::new(self.0.clone(), OffsetDateTime::now_utc() + Duration::hours(1)))
    }
}
