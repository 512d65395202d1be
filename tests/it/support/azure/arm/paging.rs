//! Lists in pages: links to the next ones, empty ones between, and links that lead elsewhere.

use std::ops::Bound;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::support::azure::refusal::{Answer, Refusal};
use crate::support::azure::state::State;
use crate::support::blob_server::wire::{Reply, Request};

/// A page of items.
pub struct Page {
    pub items: Vec<Value>,
    /// What asks for the rest.
    pub token: Option<String>,
}

/// Answers with one page of a list; where it begins, and where to go on, stands in `parameter`.
/// `from` gives the items behind a key, in order, each with its key.
pub fn answer<I: Iterator<Item = (String, Value)>>(
    state: &State,
    request: &Request,
    parameter: &str,
    from: impl FnOnce(Bound<String>) -> I,
) -> Answer {
    let size = request.query("$top").or(request.query("count"));
    let size = size.and_then(|text| text.parse().ok());
    let token = request.query(&parameter.to_lowercase());
    let page = page(state, token, size, from).ok_or_else(|| {
        Refusal::front_end(400, "ValidationError", "The token is not one of ours.")
    })?;
    let mut body = json!({"value": page.items});
    if let Some(token) = page.token {
        body["nextLink"] = link(state, request, parameter, &token).into();
    }
    Ok(Reply::new(200).json(&body))
}

/// Cuts a page out of a list; `None` where the token means nothing.
pub fn page<I: Iterator<Item = (String, Value)>>(
    state: &State,
    token: Option<&str>,
    size: Option<usize>,
    from: impl FnOnce(Bound<String>) -> I,
) -> Option<Page> {
    // Who asks for more than a page holds is given a page.
    let size = size.unwrap_or(usize::MAX).min(state.switches.page_items).clamp(1, 1000);
    let mark = match token {
        None => None,
        Some(token) => Some(Mark::read(token)?),
    };
    let (skipped, behind) = match mark {
        Some(Mark { offset, after, is_empty: true }) => {
            let token = Mark { offset, after, is_empty: false }.write();
            return Some(Page { items: Vec::new(), token: Some(token) });
        }
        Some(mark) if state.switches.pages_by_offset => (mark.offset, Bound::Unbounded),
        Some(mark) => (0, Bound::Excluded(mark.after)),
        None => (0, Bound::Unbounded),
    };
    // Only once: before the second page.
    let is_empty = state.switches.empty_page && token.is_none();
    let mut rest = from(behind).skip(skipped);
    let mut page = Page { items: Vec::new(), token: None };
    let mut after = String::new();
    for (key, item) in rest.by_ref().take(size) {
        page.items.push(item);
        after = key;
    }
    if rest.next().is_some() {
        page.token = Some(Mark { offset: skipped + size, after, is_empty }.write());
    }
    Some(page)
}

/// Where a page begins.
struct Mark {
    offset: usize,
    after: String,
    /// Whether an empty page comes first.
    is_empty: bool,
}

impl Mark {
    fn write(&self) -> String {
        let text = format!("{}|{}|{}", self.offset, u8::from(self.is_empty), self.after);
        URL_SAFE_NO_PAD.encode(text)
    }

    fn read(token: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        let mut parts = text.splitn(3, '|');
        let offset = parts.next()?.parse().ok()?;
        let is_empty = parts.next()? == "1";
        Some(Self { offset, is_empty, after: parts.next()?.to_owned() })
    }
}

fn link(state: &State, request: &Request, parameter: &str, token: &str) -> String {
    let host = state.switches.next_link_host.as_ref().unwrap_or(&state.base_url);
    let pairs = form_urlencoded::parse(request.query_text.as_bytes());
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs.filter(|(name, _)| !name.eq_ignore_ascii_case(parameter)) {
        query.append_pair(&name, &value);
    }
    query.append_pair(parameter, token);
    format!("{host}{}?{}", request.path, query.finish())
}
