//! Lists: page by page, sort by sort, and what is below a resource after the page that it is on.
//!
//! The service gives links to next pages. Of those only the query is kept, and only where the rest
//! leads to the very list that was asked for: a link can lead anywhere.

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::adapters::azure::wire::address::add_query;
use crate::adapters::azureml::document::Document;
use crate::adapters::azureml::kinds::{Below, SORTS, Sort};
use crate::adapters::azureml::names::Address;
use crate::adapters::azureml::wire::entry::Entry;
use crate::domain::asked::thing::ThingKind;
use crate::domain::failure::Failure;
use crate::domain::item::Item;
use crate::ports::sources::Page;

const LISTING: &str = "listing the resources of a workspace";

/// Items on a page of ours, unless so many requests were made for it before.
const PAGE_ITEMS_MIN: usize = 200;
const PAGE_REQUESTS_MAX: u32 = 20;

/// Pages of one sort: a list that goes on for ever ends there, and is told.
const SORT_PAGES_MAX: u32 = 1_000_000;

/// Where a listing is to go on.
#[derive(Serialize, Deserialize)]
struct Cursor {
    kind: ThingKind,
    /// The query of the next page of the sort; empty for the first, `None` after the last.
    next: Option<String>,
    /// What was on the last page and has something below it that was not listed yet, the next one
    /// last.
    parents: Vec<String>,
    /// The query of the next page of what is below the next one; empty for the first.
    below: String,
    /// Pages of the sort so far.
    pages: u32,
}

/// A page as the service gives it.
struct Listed {
    values: Vec<Value>,
    next: Option<String>,
}

/// One page of all that is in the workspace under names that begin with `prefix`.
///
/// # Errors
/// Where the service does not answer, or answers what is no list.
pub async fn page(
    entry: &Entry,
    source: &str,
    prefix: &str,
    marker: Option<&str>,
) -> Result<Page, Failure> {
    let mut cursor = match marker {
        Some(marker) => Some(serde_json::from_str(marker).map_err(|_| strange("a marker"))?),
        None => Cursor::at(SORTS.iter().find(|sort| holds(sort, prefix))),
    };
    let mut items = Vec::new();
    for _ in 0..PAGE_REQUESTS_MAX {
        let Some(at) = &mut cursor else { break };
        let found = at.step(entry, source, prefix).await?;
        items.extend(found.into_iter().filter(|item| item.name.starts_with(prefix)));
        if at.next.is_none() && at.parents.is_empty() {
            let mut later = SORTS.iter().skip_while(|sort| sort.kind != at.kind).skip(1);
            cursor = Cursor::at(later.find(|sort| holds(sort, prefix)));
        }
        if items.len() >= PAGE_ITEMS_MIN {
            break;
        }
    }
    let next = cursor
        .map(|cursor| serde_json::to_string(&cursor).expect("strings and a number can be written"));
    Ok(Page { items, next })
}

/// All that is below a resource.
///
/// # Errors
/// As [`page`].
pub async fn below(entry: &Entry, address: &Address) -> Result<Vec<Document>, Failure> {
    let (mut found, mut next) = (Vec::new(), Some(String::new()));
    for _ in 0..SORT_PAGES_MAX {
        let Some(query) = next else { return Ok(found) };
        let Some(listed) = list_below(entry, address, &query).await? else { return Ok(found) };
        for value in listed.values {
            let name = name_of(&value)?;
            found.push(Document::new(&address.with(&name), value));
        }
        next = listed.next;
    }
    Err(endless())
}

/// Whether something of that sort can have a name that begins so.
fn holds(sort: &Sort, prefix: &str) -> bool {
    overlap(&format!("{}/", sort.kind.word()), prefix)
}

fn overlap(one: &str, other: &str) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

impl Cursor {
    fn at(sort: Option<&Sort>) -> Option<Self> {
        let kind = sort?.kind;
        let next = Some(String::new());
        Some(Self { kind, next, parents: Vec::new(), below: String::new(), pages: 0 })
    }

    /// One page further.
    async fn step(
        &mut self,
        entry: &Entry,
        source: &str,
        prefix: &str,
    ) -> Result<Vec<Item>, Failure> {
        let sort = Sort::of(self.kind).ok_or_else(|| strange("a marker"))?;
        self.pages += 1;
        if self.pages > SORT_PAGES_MAX {
            return Err(endless());
        }
        let item = |address: Address, value| Document::new(&address, value).item(source);
        let mut items = Vec::new();
        if let Some(parent) = self.parents.last() {
            let parent = Address::whole(sort, parent);
            // It may have gone since.
            let listed = list_below(entry, &parent, &self.below).await?;
            let (values, next) = listed.map_or_else(Default::default, |it| (it.values, it.next));
            for value in values {
                items.push(item(parent.with(&name_of(&value)?), value));
            }
            match next {
                Some(next) => self.below = next,
                None => drop((self.parents.pop(), std::mem::take(&mut self.below))),
            }
            return Ok(items);
        }
        let Some(query) = self.next.take() else { return Ok(items) };
        let listed = list(entry, sort.collection, sort.is_viewed, &query).await?;
        let listed = listed.ok_or_else(|| strange("no list"))?;
        self.next = listed.next;
        for value in listed.values {
            let name = name_of(&value)?;
            let address = Address::whole(sort, &name);
            if sort.below != Below::Nothing && overlap(&below_name(&address), prefix) {
                self.parents.push(name);
            }
            items.push(item(address, value));
        }
        self.parents.reverse();
        Ok(items)
    }
}

fn below_name(address: &Address) -> String {
    format!("{}/", address.item_name())
}

async fn list_below(
    entry: &Entry,
    address: &Address,
    query: &str,
) -> Result<Option<Listed>, Failure> {
    let Some(path) = address.path_below() else { return Ok(None) };
    list(entry, &path, address.sort.below == Below::Versions, query).await
}

/// One page of the list at `path`; `None` where there is no such list.
async fn list(
    entry: &Entry,
    path: &str,
    is_viewed: bool,
    query: &str,
) -> Result<Option<Listed>, Failure> {
    let mut url = entry.url(path);
    match query {
        "" if is_viewed => add_query(&mut url, "listViewType", "All"),
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

/// The query of the link to the page after that of `url`.
fn next_query(entry: &Entry, url: &Url, link: &str) -> Result<String, Failure> {
    let path = |url: &Url| percent_decode_str(url.path()).decode_utf8_lossy().to_lowercase();
    let next = entry.own(link).filter(|next| path(next) == path(url));
    let query = next.as_ref().and_then(Url::query).filter(|query| !query.is_empty());
    let query = query.ok_or_else(|| strange("a link to another place"))?;
    match Some(query) == url.query() {
        true => Err(strange("a link to the same page")),
        false => Ok(query.to_owned()),
    }
}

fn name_of(value: &Value) -> Result<String, Failure> {
    let name = value["name"].as_str().map(str::to_owned);
    name.ok_or_else(|| strange("something without a name"))
}

fn strange(what: &str) -> Failure {
    Failure::permanent(format!("{LISTING}: there is {what}"))
}

fn endless() -> Failure {
    strange("no end")
}
