//! Lists: page by page, sort by sort, and what is below a resource after the page that it is on.
//! The history of runs is listed below their experiments.
//!
//! Azure Resource Manager gives links to next pages. Of those only the query is kept, and only
//! where the rest leads to the very list that was asked for: a link can lead anywhere.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::adapters::azure::wire::address::add_query;
use crate::adapters::azureml::documents::document::Document;
use crate::adapters::azureml::kinds::{
    Below, EXPERIMENT, HISTORY, Keeper, Listed as How, REGISTERED_DATASET, SORTS, Sort,
};
use crate::adapters::azureml::names::Address;
use crate::adapters::azureml::wire::entry::Entry;
use crate::adapters::azureml::wire::lists::{
    self, LISTING, List, Listed, PAGES_MAX, next_query, strange,
};
use crate::domain::failure::Failure;

/// Items on a page of ours, unless so many requests were made for it before.
const PAGE_ITEMS_MIN: usize = 200;
const PAGE_REQUESTS_MAX: u32 = 20;

/// Where a listing is to go on.
#[derive(Serialize, Deserialize)]
struct Cursor {
    /// The word of the sort.
    sort: String,
    /// What asks for the next page of the sort; empty for the first, `None` after the last.
    next: Option<String>,
    /// What was on the last page and has something below it that was not listed yet, the next one
    /// last: a name, or the id of an experiment.
    parents: Vec<String>,
    /// What asks for the next page of what is below the next one; empty for the first.
    below: String,
    /// Pages of the sort so far.
    pages: u32,
}

/// A page of ours.
pub struct Documents {
    /// What is on it.
    pub documents: Vec<Document>,
    /// The words of sorts whose service is not there: what it holds, nobody can tell.
    pub unserved: Vec<&'static str>,
    /// Where the next one starts; `None` after the last.
    pub next: Option<String>,
}

/// One page of all that is in the workspace under names that begin with `prefix`.
///
/// # Errors
/// Where the service does not answer, or answers what is no list.
pub async fn page(entry: &Entry, prefix: &str, marker: Option<&str>) -> Result<Documents, Failure> {
    let mut cursor = match marker {
        Some(marker) => Some(serde_json::from_str(marker).map_err(|_| strange("a marker"))?),
        None => Cursor::at(SORTS.iter().find(|sort| holds(sort, prefix))),
    };
    let (mut documents, mut unserved) = (Vec::new(), Vec::new());
    for _ in 0..PAGE_REQUESTS_MAX {
        let Some(at) = &mut cursor else { break };
        let (found, absent) = at.step(entry, prefix).await?;
        unserved.extend(absent);
        let meant = |document: &Document| document.address.item_name().starts_with(prefix);
        documents.extend(found.into_iter().filter(meant));
        if at.next.is_none() && at.parents.is_empty() {
            let mut later = SORTS.iter().skip_while(|sort| sort.word != at.sort).skip(1);
            cursor = Cursor::at(later.find(|sort| holds(sort, prefix)));
        }
        if documents.len() >= PAGE_ITEMS_MIN {
            break;
        }
    }
    let next = cursor
        .map(|cursor| serde_json::to_string(&cursor).expect("strings and a number can be written"));
    Ok(Documents { documents, unserved, next })
}

/// All that is below a resource of Azure Resource Manager.
///
/// # Errors
/// As [`page`].
pub async fn below(entry: &Entry, address: &Address) -> Result<Vec<Document>, Failure> {
    let (mut found, mut next) = (Vec::new(), Some(String::new()));
    for _ in 0..PAGES_MAX {
        let Some(query) = next else { return Ok(found) };
        let Some(listed) = list_below(entry, address, &query).await? else { return Ok(found) };
        for value in listed.values {
            let name = text_of(&value, "name")?;
            found.push(Document::new(&address.with(&name), value));
        }
        next = listed.next;
    }
    Err(strange("no end"))
}

/// Whether something of that sort, or listed with it, can have a name that begins so.
fn holds(sort: &Sort, prefix: &str) -> bool {
    let is_run = sort.below == Below::Runs && overlap(RUNS, prefix);
    sort.listed != How::Never && (is_run || overlap(&format!("{}/", sort.word), prefix))
}

/// What names of runs begin with.
const RUNS: &str = "run/";

fn overlap(one: &str, other: &str) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

impl Cursor {
    fn at(sort: Option<&Sort>) -> Option<Self> {
        let sort = sort?.word.to_owned();
        let next = Some(String::new());
        Some(Self { sort, next, parents: Vec::new(), below: String::new(), pages: 0 })
    }

    /// One page further; the word of the sort, where its service is not there.
    async fn step(
        &mut self,
        entry: &Entry,
        prefix: &str,
    ) -> Result<(Vec<Document>, Option<&'static str>), Failure> {
        let sort = Sort::named(&self.sort).ok_or_else(|| strange("a marker"))?;
        self.pages += 1;
        if self.pages > PAGES_MAX {
            return Err(strange("no end"));
        }
        if let Some(parent) = self.parents.last() {
            let (listed, documents) = below_one(entry, sort, parent, &self.below).await?;
            match listed {
                Some(next) => self.below = next,
                None => drop((self.parents.pop(), std::mem::take(&mut self.below))),
            }
            return Ok((documents, None));
        }
        let Some(token) = self.next.take() else { return Ok((Vec::new(), None)) };
        let listed = match list(entry, sort, &token).await? {
            Some(listed) => listed,
            None if sort.may_be_unserved() && token.is_empty() => {
                return Ok((Vec::new(), Some(sort.word)));
            }
            None => return Err(strange("no list")),
        };
        self.next = listed.next;
        let mut documents = Vec::new();
        for value in listed.values {
            let address = Address::whole(sort, &text_of(&value, "name")?);
            match sort.below {
                Below::Versions | Below::Deployments
                    if overlap(&format!("{}/", address.item_name()), prefix) =>
                {
                    self.parents.push(address.name.clone());
                }
                Below::Runs if overlap(RUNS, prefix) => {
                    self.parents.push(text_of(&value, "experimentId")?);
                }
                _ => {}
            }
            documents.push(Document::new(&address, value));
        }
        self.parents.reverse();
        Ok((documents, None))
    }
}

/// One page of what is below one of the sort, which may have gone since: then there is nothing.
async fn below_one(
    entry: &Entry,
    sort: &'static Sort,
    parent: &str,
    token: &str,
) -> Result<(Option<String>, Vec<Document>), Failure> {
    let mut documents = Vec::new();
    if *sort == EXPERIMENT {
        let listed = lists::page(entry, List::Runs(parent), token).await?.unwrap_or_default();
        for run in listed.values {
            let address = Address::of_run(&text_of(&run, "runId")?, HISTORY);
            documents.push(Document::new(&address, run));
        }
        return Ok((listed.next, documents));
    }
    let parent = Address::whole(sort, parent);
    let listed = list_below(entry, &parent, token).await?.unwrap_or_default();
    for value in listed.values {
        let address = parent.with(&text_of(&value, "name")?);
        documents.push(Document::new(&address, value));
    }
    Ok((listed.next, documents))
}

/// One page of all of a sort.
async fn list(entry: &Entry, sort: &Sort, token: &str) -> Result<Option<Listed>, Failure> {
    match sort.keeper {
        Keeper::Manager => list_at(entry, sort.collection, sort.listed, token).await,
        Keeper::Service(_) if *sort == EXPERIMENT => {
            lists::page(entry, List::Experiments, token).await
        }
        Keeper::Service(_) if *sort == REGISTERED_DATASET => {
            lists::page(entry, List::Datasets, token).await
        }
        Keeper::Service(_) => lists::page(entry, List::WebServices, token).await,
    }
}

async fn list_below(
    entry: &Entry,
    address: &Address,
    token: &str,
) -> Result<Option<Listed>, Failure> {
    let Some(path) = address.path_below() else { return Ok(None) };
    let how = match address.sort.below {
        Below::Versions => How::Viewed,
        _ => How::Whole,
    };
    list_at(entry, &path, how, token).await
}

/// One page of the list that Azure Resource Manager has at `path`; `None` where there is none.
async fn list_at(
    entry: &Entry,
    path: &str,
    how: How,
    query: &str,
) -> Result<Option<Listed>, Failure> {
    let mut url = entry.url(path);
    match query {
        "" if how == How::Viewed => add_query(&mut url, "listViewType", "All"),
        "" => {}
        query => url.set_query(Some(query)),
    }
    let mut answer = entry.get(LISTING, url.clone()).await?;
    if answer.is_absent() {
        return Ok(None);
    }
    if answer.status != 200 {
        return Err(answer.failure(LISTING));
    }
    let next = match &answer.body["nextLink"] {
        Value::Null => None,
        Value::String(link) if link.is_empty() => None,
        Value::String(link) => Some(next_query(entry, &url, link)?),
        _ => return Err(strange("a link that is none")),
    };
    match answer.body["value"].take() {
        Value::Array(values) => Ok(Some(Listed { values, next })),
        _ => Err(strange("no list")),
    }
}

fn text_of(value: &Value, field: &str) -> Result<String, Failure> {
    let text = value[field].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    text.ok_or_else(|| strange("something without a name"))
}
