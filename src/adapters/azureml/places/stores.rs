//! Datastores: names of this workspace for containers, file systems and shares.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::adapters::azureml::documents::document::look;
use crate::adapters::azureml::kinds::Sort;
use crate::adapters::azureml::names::Address;
use crate::adapters::azureml::pages;
use crate::adapters::azureml::wire::entry::Entry;
use crate::domain::asked::thing::ThingKind;
use crate::domain::coverage::place::{Known, Looked, PlaceSort};
use crate::domain::failure::Failure;
use crate::domain::layout::{Location, account_name};

/// Fields of a datastore that name a container, by its sort.
const CONTAINERS: [&str; 3] = ["containerName", "filesystem", "fileShareName"];

/// The datastore of artifacts, which the service has made and may not show, and its container in
/// the workspace's own account (azure-ai-ml's `_job_operations.py`).
const ARTIFACTS: (&str, &str) = ("workspaceartifactstore", "azureml");

/// Bytes of a word that a service says of itself.
const WORD_BYTES_MAX: usize = 64;

/// Datastores that were looked up.
#[derive(Default)]
pub struct Stores(BTreeMap<String, Option<Location>>);

impl Stores {
    /// Where a datastore is; `None` where there is none, or it is in no storage account.
    ///
    /// # Errors
    /// Where the service does not answer.
    pub async fn find(&mut self, entry: &Entry, name: &str) -> Result<Option<Location>, Failure> {
        if let Some(found) = self.0.get(name) {
            return Ok(found.clone());
        }
        let address = Sort::of(ThingKind::Datastore).map(|sort| Address::whole(sort, name));
        let address = address.filter(|address| address.path().is_some());
        let document = match address {
            Some(address) => look(entry, &address).await?,
            None => None,
        };
        let found = match document {
            Some(document) => location(&document.value),
            None if name == ARTIFACTS.0 => artifacts(entry).await?,
            None => None,
        };
        self.0.insert(name.to_owned(), found.clone());
        Ok(found)
    }
}

async fn artifacts(entry: &Entry) -> Result<Option<Location>, Failure> {
    let account = entry.account().await?;
    Ok(account.map(|account| Location {
        account: account_name(&account).to_owned(),
        container: ARTIFACTS.1.to_owned(),
        path: String::new(),
    }))
}

/// All datastores, and where they lead.
///
/// # Errors
/// Where the service does not answer.
pub async fn known(entry: &Entry) -> Result<Vec<Known>, Failure> {
    let (mut found, mut marker) = (Vec::new(), None);
    loop {
        let page = pages::page(entry, "datastore/", marker.as_deref()).await?;
        found.extend(page.documents.iter().map(|document| {
            let (place, sort) = (location(&document.value), sort(&document.value));
            let is_share = document.value["properties"]["fileShareName"].is_string();
            Known {
                sort: if is_share { PlaceSort::FileShare } else { PlaceSort::Datastore },
                name: document.address.name.clone(),
                looked: match place {
                    Some(_) => Looked::NotConfigured,
                    None => Looked::CannotBeLookedAt,
                },
                place,
                why: word(sort),
            }
        }));
        marker = page.next;
        if marker.is_none() {
            return Ok(found);
        }
    }
}

fn sort(value: &Value) -> &str {
    value["properties"]["datastoreType"].as_str().unwrap_or_default()
}

/// A word that a service says, if it is one.
pub fn word(said: &str) -> String {
    let is_word = said.len() <= WORD_BYTES_MAX && said.bytes().all(|it| it.is_ascii_alphanumeric());
    if is_word { said.to_owned() } else { String::new() }
}

fn location(value: &Value) -> Option<Location> {
    let properties = &value["properties"];
    let account = properties["accountName"].as_str()?.to_owned();
    let container = CONTAINERS.iter().find_map(|field| properties[*field].as_str())?.to_owned();
    Some(Location { account, container, path: String::new() })
}
