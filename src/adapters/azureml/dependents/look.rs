//! What a dependent's service says of it now, and lists of what there is.

use serde_json::Value;
use sha2::{Digest, Sha256};
use url::Url;

use crate::adapters::azureml::dependents::spot::Spot;
use crate::adapters::azureml::wire::answer::Answer;
use crate::adapters::azureml::wire::entry::Entry;
use crate::adapters::azureml::wire::lists::next_query;
use crate::domain::failure::Failure;

const LOOKING: &str = "reading what a workspace depends on";
const LISTING: &str = "listing who uses what a workspace depends on";

/// Pages of one list; nobody has so many.
const PAGES_MAX: usize = 10_000;

/// A dependent that is there.
pub struct Seen {
    /// Its document.
    pub value: Value,
    /// By what it is known that it is the same one.
    pub print: String,
}

/// What came of asking.
pub enum Told<T> {
    /// That.
    So(T),
    /// We may not ask.
    Refused,
}

/// It, if it is there.
///
/// # Errors
/// Its service does not say.
pub async fn look(entry: &Entry, spot: &Spot) -> Result<Option<Seen>, Failure> {
    match ask(entry, spot).await? {
        Told::So(seen) => Ok(seen),
        Told::Refused => {
            Err(Failure::needs_person("reading what a workspace depends on: we have no right to"))
        }
    }
}

/// The same, where it may be that we have no right to see it.
///
/// # Errors
/// Its service does not say.
pub async fn ask(entry: &Entry, spot: &Spot) -> Result<Told<Option<Seen>>, Failure> {
    let around = match spot.around() {
        None => None,
        Some(around) => match document(entry, &around).await? {
            Told::So(Some(value)) => Some(value),
            other => return Ok(other.as_none()),
        },
    };
    Ok(match document(entry, spot).await? {
        Told::So(Some(value)) => {
            let print = print(spot, around.as_ref().unwrap_or(&value));
            Told::So(Some(Seen { value, print }))
        }
        other => other.as_none(),
    })
}

impl Told<Option<Value>> {
    fn as_none<T>(&self) -> Told<Option<T>> {
        if matches!(self, Self::Refused) { Told::Refused } else { Told::So(None) }
    }
}

async fn document(entry: &Entry, spot: &Spot) -> Result<Told<Option<Value>>, Failure> {
    let answer = entry.get(LOOKING, spot.url(entry)).await?;
    match answer.status {
        200 if answer.body.is_object() => Ok(Told::So(Some(answer.body))),
        200..=299 => Err(Failure::permanent(format!("{LOOKING}: it is no document"))),
        403 => Ok(Told::Refused),
        // Its id may be wrong about the group, or we may see nothing of that.
        404 if answer.code == "ResourceGroupNotFound" => Ok(Told::Refused),
        _ if is_absent(&answer) => Ok(Told::So(None)),
        _ => Err(answer.failure(LOOKING)),
    }
}

/// The codes by which services say that something is not there, or what it was in is not.
const ABSENT: [&str; 8] = [
    "ContainerNotFound",
    "DeletedVaultNotFound",
    "NotFound",
    "ParentResourceNotFound",
    "ResourceNotFound",
    "ShareNotFound",
    "StorageAccountNotFound",
    "VaultNotFound",
];

/// Whether it is not there, or what it was in is not. Nothing else says so: not a proxy's 404, not
/// one of a subscription or group that we cannot see.
pub fn is_absent(answer: &Answer) -> bool {
    answer.status == 404 && ABSENT.contains(&answer.code.as_str())
}

/// All that a list has, page by page.
///
/// # Errors
/// The service does not say, or its links lead elsewhere.
pub async fn all(entry: &Entry, url: Url) -> Result<Told<Vec<Value>>, Failure> {
    let (mut url, mut all) = (url, Vec::new());
    for _ in 0..PAGES_MAX {
        let mut answer = entry.get(LISTING, url.clone()).await?;
        match answer.status {
            200 => {}
            401 | 403 => return Ok(Told::Refused),
            // Nobody in the subscription has ever used such a thing.
            _ if answer.code == "MissingSubscriptionRegistration" => return Ok(Told::So(all)),
            _ => return Err(answer.failure(LISTING)),
        }
        match answer.body["value"].take() {
            Value::Array(values) => all.extend(values),
            _ => return Err(Failure::permanent(format!("{LISTING}: the answer is no list"))),
        }
        match answer.body["nextLink"].as_str().filter(|link| !link.is_empty()) {
            None => return Ok(Told::So(all)),
            Some(link) => {
                let query = next_query(entry, &url, link)?;
                url.set_query(Some(&query));
            }
        }
    }
    Err(Failure::permanent(format!("{LISTING}: it has no end")))
}

/// One of the same name that was made anew has another; `value` is its document, or that of what it
/// is in. What is in it is no part of it.
pub fn print(spot: &Spot, value: &Value) -> String {
    let mut text = spot.id();
    for mark in spot.sort.marks {
        text.push('\n');
        text.push_str(&value.pointer(mark).unwrap_or(&Value::Null).to_string());
    }
    hex::encode(Sha256::digest(text))
}
