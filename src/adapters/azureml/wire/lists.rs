//! Lists of the workspace's own services, page by page.
//!
//! They go on by tokens. Where a service gives a link to the next page instead, only the token in
//! it is taken, and only if it leads to the very list that was asked for: a link can lead anywhere.

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use url::Url;

use crate::adapters::azure::wire::address::{add_query, encoded};
use crate::adapters::azureml::wire::answer::Answer;
use crate::adapters::azureml::wire::discovery::Service;
use crate::adapters::azureml::wire::entry::Entry;
use crate::domain::failure::Failure;

/// What is done when a list fails.
pub const LISTING: &str = "listing what a workspace holds";

/// Pages of one list: one that goes on for ever ends there, and is told.
pub const PAGES_MAX: u32 = 1_000_000;

/// Entries of a page, where a service can be told: the first SDK's own number.
const PAGE_ENTRIES: u32 = 500;

/// A list.
#[derive(Clone, Copy)]
pub enum List<'a> {
    /// All experiments, hidden ones too.
    Experiments,
    /// All runs of the experiment of that id: children and hidden ones too.
    Runs(&'a str),
    /// Those of them for which the filter holds, as far as the service heeds it.
    RunsWhere(&'a str, &'a str),
    /// The runs that a run began.
    Children(&'a str),
    /// What is known of a run's files.
    Artifacts(&'a str),
    /// What is measured of a run.
    Metrics(&'a str),
    /// The values of that.
    Values(&'a str, &'a str),
    /// All web services.
    WebServices,
    /// All data sets of the first SDK.
    Datasets,
}

/// A page as the service gives it.
#[derive(Default)]
pub struct Listed {
    /// What is on it.
    pub values: Vec<Value>,
    /// What asks for the next one.
    pub next: Option<String>,
}

/// One page; the empty token is that of the first. `None` where there is no such list.
///
/// # Errors
/// Where the service does not answer, or answers what is no list.
pub async fn page(entry: &Entry, list: List<'_>, token: &str) -> Result<Option<Listed>, Failure> {
    let (service, path) = list.place();
    let mut url = entry.service_url(service, &path).await?;
    let answer = match list.body(token) {
        Some(body) => entry.query(LISTING, url.clone(), &body).await?,
        None => {
            for (name, value) in list.asks() {
                add_query(&mut url, name, value);
            }
            if !token.is_empty() {
                add_query(&mut url, list.parameter(), token);
            }
            entry.get(LISTING, url.clone()).await?
        }
    };
    if answer.is_absent_there() || answer.status == 410 {
        return Ok(None);
    }
    read(entry, list, &url, token, answer).map(Some)
}

/// The whole list; `None` where there is none.
///
/// # Errors
/// As [`page`].
pub async fn all(entry: &Entry, list: List<'_>) -> Result<Option<Vec<Value>>, Failure> {
    let (mut found, mut token) = (Vec::new(), String::new());
    for _ in 0..PAGES_MAX {
        let listed = match page(entry, list, &token).await? {
            Some(listed) => listed,
            None if token.is_empty() => return Ok(None),
            None => return Err(strange("no page where one was said to be")),
        };
        found.extend(listed.values);
        match listed.next {
            Some(next) => token = next,
            None => return Ok(Some(found)),
        }
    }
    Err(strange("no end"))
}

/// The failure of a list that has what no list has.
pub fn strange(what: &str) -> Failure {
    Failure::permanent(format!("{LISTING}: there is {what}"))
}

/// The query of a link to the page after that of `url`, if it leads to the same list.
///
/// # Errors
/// It does not.
pub fn next_query(entry: &Entry, url: &Url, link: &str) -> Result<String, Failure> {
    let path = |url: &Url| percent_decode_str(url.path()).decode_utf8_lossy().to_lowercase();
    let next = entry.own(link).filter(|next| path(next) == path(url));
    let query = next.as_ref().and_then(Url::query).filter(|query| !query.is_empty());
    let query = query.ok_or_else(|| strange("a link to another place"))?;
    match Some(query) == url.query() {
        true => Err(strange("a link to the same page")),
        false => Ok(query.to_owned()),
    }
}

fn read(
    entry: &Entry,
    list: List<'_>,
    url: &Url,
    token: &str,
    mut answer: Answer,
) -> Result<Listed, Failure> {
    if answer.status != 200 {
        return Err(answer.failure(LISTING));
    }
    let text = |field: &str| match &answer.body[field] {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
        _ => Err(strange("a link that is none")),
    };
    let next = match (text("continuationToken")?, text("nextLink")?) {
        (Some(token), _) => Some(token),
        (None, Some(link)) => {
            let query = next_query(entry, url, &link)?;
            let pairs = url::form_urlencoded::parse(query.as_bytes());
            let mut pairs = pairs.filter(|(name, _)| name.eq_ignore_ascii_case(list.parameter()));
            let found = pairs.next().map(|(_, value)| value.into_owned());
            Some(found.ok_or_else(|| strange("a link to another place"))?)
        }
        (None, None) => None,
    };
    if next.as_deref() == Some(token) {
        return Err(strange("a link to the same page"));
    }
    match answer.body["value"].take() {
        Value::Array(values) => Ok(Listed { values, next }),
        _ => Err(strange("no list")),
    }
}

impl List<'_> {
    fn place(&self) -> (Service, String) {
        match self {
            Self::Experiments => (Service::History, "experiments:query".to_owned()),
            Self::Runs(id) | Self::RunsWhere(id, _) => {
                (Service::History, format!("experimentids/{}/runs:query", encoded(id)))
            }
            Self::Children(run) => (Service::History, format!("runs/{}/children", encoded(run))),
            Self::Artifacts(run) => {
                (Service::Artifact, format!("artifacts/ExperimentRun/dcid.{}", encoded(run)))
            }
            Self::Metrics(run) => (Service::Metric, format!("runs/{}/list", encoded(run))),
            Self::Values(run, _) => (Service::Metric, format!("runs/{}/full", encoded(run))),
            Self::WebServices => (Service::ModelManagement, "services".to_owned()),
            Self::Datasets => (Service::Dataset, "datasets".to_owned()),
        }
    }

    /// What is posted, where the list is asked for so.
    fn body(&self, token: &str) -> Option<Value> {
        let token = (!token.is_empty()).then_some(token);
        let query = |filter: Option<&str>| {
            let top = PAGE_ENTRIES;
            json!({"filter": filter, "continuationToken": token, "top": top})
        };
        match self {
            Self::Experiments => {
                let mut query = query(None);
                query["viewType"] = "All".into();
                Some(query)
            }
            // Runs are asked for without a view: hidden ones are among them.
            Self::Runs(_) => Some(query(None)),
            Self::RunsWhere(_, filter) => Some(query(Some(filter))),
            Self::Metrics(_) => Some(json!({"continuationToken": token})),
            Self::Values(_, name) => Some(json!({"metricName": name, "continuationToken": token})),
            Self::Children(_) | Self::Artifacts(_) | Self::WebServices | Self::Datasets => None,
        }
    }

    /// What is asked of all pages.
    fn asks(&self) -> &'static [(&'static str, &'static str)] {
        match self {
            // What was put aside is there all the same; where its data is stands in the definition.
            Self::Datasets => &[("includeInvisible", "true"), ("includeLatestDefinition", "true")],
            _ => &[],
        }
    }

    /// The name of the token in a query.
    fn parameter(&self) -> &'static str {
        match self {
            Self::Children(_) => "$continuationtoken",
            Self::WebServices => "$skipToken",
            _ => "continuationToken",
        }
    }
}
