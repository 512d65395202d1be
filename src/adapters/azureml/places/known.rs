//! The places that a workspace knows of: what its services keep, its datastores, what else is in
//! its default account, and what nobody can look at.
//!
//! Containers and shares are listed by Azure Resource Manager, as their names are by it alone: the
//! keys of the account open more than we are to see. Who may not list them is told so.

use serde_json::Value;

use crate::adapters::azureml::dependents::sorts::STORAGE_VERSION;
use crate::adapters::azureml::kinds::{Listed, SORTS, Sort};
use crate::adapters::azureml::names::own_name;
use crate::adapters::azureml::pages;
use crate::adapters::azureml::places::stores;
use crate::adapters::azureml::wire::answer::Answer;
use crate::adapters::azureml::wire::entry::Entry;
use crate::adapters::azureml::wire::lists::{PAGES_MAX, next_query, strange};
use crate::domain::coverage::place::{Known, Looked, PlaceSort};
use crate::domain::failure::Failure;
use crate::domain::layout::Location;

/// Why what a service holds cannot be looked through that is not there.
pub const UNSERVED: &str = "service_absent";

const LISTING: &str = "listing what is in the account of a workspace";

/// Why nobody can look: images are pulled and not searched; copies elsewhere are no place of ours.
const IMAGES: &str = "images";
const COPIES: &str = "copies_elsewhere";
const FORBIDDEN: &str = "forbidden";

/// All of them, in a stable order.
///
/// # Errors
/// Where the workspace does not answer, or nobody can say for now.
pub async fn known(entry: &Entry) -> Result<Vec<Known>, Failure> {
    let mut found = services(entry).await?;
    found.extend(stores::known(entry).await?);
    let answer = entry.get(LISTING, entry.url("")).await?;
    if answer.status != 200 {
        return Err(answer.failure(LISTING));
    }
    let properties = &answer.body["properties"];
    if let Some(id) = properties["storageAccount"].as_str().filter(|id| is_id(id)) {
        for (below, sort) in [
            ("blobServices/default/containers", PlaceSort::Container),
            ("fileServices/default/shares", PlaceSort::FileShare),
        ] {
            found.extend(listed(entry, id, below, sort).await?);
        }
        found.push(beyond(PlaceSort::Backup, own_name(id), COPIES));
    }
    if let Some(id) = properties["containerRegistry"].as_str().filter(|id| is_id(id)) {
        found.push(beyond(PlaceSort::Registry, own_name(id), IMAGES));
    }
    Ok(found)
}

/// What the services keep, sort by sort.
async fn services(entry: &Entry) -> Result<Vec<Known>, Failure> {
    let mut found = Vec::new();
    for sort in SORTS.iter().filter(|sort| sort.listed != Listed::Never) {
        let is_absent = sort.may_be_unserved() && is_absent(entry, sort).await?;
        found.push(Known {
            sort: PlaceSort::Service,
            name: sort.word.to_owned(),
            place: None,
            looked: if is_absent { Looked::CannotBeLookedAt } else { Looked::Looked },
            why: if is_absent { UNSERVED.to_owned() } else { String::new() },
        });
    }
    Ok(found)
}

async fn is_absent(entry: &Entry, sort: &Sort) -> Result<bool, Failure> {
    let page = pages::page(entry, &format!("{}/", sort.word), None).await?;
    Ok(page.unserved.contains(&sort.word))
}

/// What is listed below an account; one line without a name where nobody lists it for us.
async fn listed(
    entry: &Entry,
    id: &str,
    below: &str,
    sort: PlaceSort,
) -> Result<Vec<Known>, Failure> {
    let account = own_name(id);
    let mut url = entry.url_of(id, below, STORAGE_VERSION);
    let mut found = Vec::new();
    for _ in 0..PAGES_MAX {
        let answer = entry.get(LISTING, url.clone()).await?;
        if answer.status != 200 {
            return Ok(vec![unlisted(&answer, account, sort)?]);
        }
        let values = answer.body["value"].as_array().map(Vec::as_slice).unwrap_or_default();
        found.extend(values.iter().filter_map(|value| one(value, account, sort)));
        let Some(link) = answer.body["nextLink"].as_str().filter(|link| !link.is_empty()) else {
            return Ok(found);
        };
        let query = next_query(entry, &url, link)?;
        url.set_query(Some(&query));
    }
    Err(strange("no end"))
}

/// What is told where there is no list: whoever hinders it for a while is asked again.
fn unlisted(answer: &Answer, account: &str, sort: PlaceSort) -> Result<Known, Failure> {
    let (looked, why) = match answer.status {
        401 | 403 => (Looked::Refused, FORBIDDEN.to_owned()),
        408 | 429 | 500.. => return Err(answer.failure(LISTING)),
        _ => (Looked::CannotBeLookedAt, stores::word(&answer.code)),
    };
    Ok(Known { sort, name: format!("{account}/*"), place: None, looked, why })
}

fn one(value: &Value, account: &str, sort: PlaceSort) -> Option<Known> {
    let name = value["name"].as_str()?;
    let (account, container) = (account.to_owned(), name.to_owned());
    Some(Known {
        sort,
        name: name.to_owned(),
        place: Some(Location { account, container, path: String::new() }),
        looked: Looked::NotConfigured,
        why: String::new(),
    })
}

fn beyond(sort: PlaceSort, name: &str, why: &str) -> Known {
    let (name, why) = (name.to_owned(), why.to_owned());
    Known { sort, name, place: None, looked: Looked::CannotBeLookedAt, why }
}

/// Whether it is an id of Azure Resource Manager, and no link to elsewhere.
fn is_id(id: &str) -> bool {
    id.starts_with("/subscriptions/") && !id.contains(['?', '#', '\\']) && !id.contains("..")
}
