//! Listings: paths and file systems as JSON, which has numbers and truth as text, and deleted paths
//! as XML.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::support::blob_server::conditions::{Refusal, refusal};
use crate::support::blob_server::form::http_date;
use crate::support::blob_server::listing::{escaped, name, text};
use crate::support::blob_server::wire::{Reply, Request};
use crate::support::lake_server::account::{Account, key, path_of};
use crate::support::lake_server::node::{NOT_FOUND, Node};
use crate::support::lake_server::operation::Addressed;

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>";

/// A page of the paths below a directory.
pub fn paths(account: &Account, at: &Addressed, request: &Request) -> Result<Reply, Refusal> {
    let lake = account.lake(&at.lake)?;
    let directory = request.query("directory").unwrap_or_default().trim_matches('/');
    let is_recursive = request.query("recursive") == Some("true");
    let lead = if directory.is_empty() { String::new() } else { format!("{}\0", key(directory)) };
    if !directory.is_empty() && !account.node(&at.lake, directory)?.is_directory() {
        return Err(NOT_FOUND);
    }
    let after = request.query("continuation").map(read_marker).transpose()?.unwrap_or_default();
    let page_max = page_max(account, request, "maxresults")?;
    let is_wanted = |key: &str| {
        key.strip_prefix(&lead).is_some_and(|below| is_recursive || !below.contains('\0'))
    };
    let mut ahead = lake.nodes.iter().filter(|(key, _)| is_wanted(key) && **key > after);
    let page: Vec<(&String, &Node)> = ahead.by_ref().take(page_max).collect();
    let next = ahead.next().and(page.last()).map(|(key, _)| marker(key));
    let paths: Vec<Value> = page.iter().map(|(key, node)| path(&path_of(key), node)).collect();
    let reply = Reply::new(200).json(&json!({ "paths": paths }));
    Ok(continued(reply, next))
}

/// The published interface writes `eTag`; Microsoft's client reads `etag`.
fn path(path: &str, node: &Node) -> Value {
    // In steps of 100 nanoseconds since 1601.
    let created = (node.created.as_microsecond() + 11_644_473_600_000_000) * 10;
    let mut value = json!({
        "name": path, "contentLength": node.size().to_string(), "creationTime": created.to_string(),
        "etag": node.etag.trim_matches('"'), "group": node.group, "owner": node.owner,
        "lastModified": http_date(node.modified), "permissions": node.permissions(),
    });
    if node.is_directory() {
        value["isDirectory"] = "true".into();
    }
    value
}

/// A page of the file systems.
pub fn file_systems(account: &Account, request: &Request) -> Result<Reply, Refusal> {
    let prefix = request.query("prefix").unwrap_or_default();
    let after = request.query("continuation").map(read_marker).transpose()?.unwrap_or_default();
    let page_max = page_max(account, request, "maxresults")?;
    let wanted = account.file_systems.keys().filter(|name| name.starts_with(prefix));
    let mut ahead = wanted.filter(|name| **name > after);
    let page: Vec<&String> = ahead.by_ref().take(page_max).collect();
    let next = ahead.next().and(page.last()).map(|name| marker(name));
    let (date, etag) = (http_date(account.now), "0x8DE00000000");
    let each = |name: &&String| json!({ "name": name, "lastModified": date, "eTag": etag });
    let all: Vec<Value> = page.iter().map(each).collect();
    Ok(continued(Reply::new(200).json(&json!({ "filesystems": all })), next))
}

/// A page of what was deleted.
pub fn deleted(
    account: &Account,
    at: &Addressed,
    endpoint: &str,
    request: &Request,
) -> Result<String, Refusal> {
    if request.query("showonly") != Some("deleted") {
        return Err(refusal(400, "InvalidQueryParameterValue"));
    }
    if !account.tells_of_deleted {
        return Err(refusal(403, "AuthorizationPermissionMismatch"));
    }
    let prefix = request.query("prefix").unwrap_or_default();
    let after = request.query("marker").map(read_marker).transpose()?.unwrap_or_default();
    let page_max = page_max(account, request, "maxresults")?;
    let mut xml = format!(
        "{DECLARATION}<EnumerationResults ServiceEndpoint=\"{}\" ContainerName=\"{}\">",
        escaped(endpoint),
        escaped(&at.lake)
    );
    for (element, word) in [
        ("Prefix", "prefix"),
        ("Marker", "marker"),
        ("MaxResults", "maxresults"),
        ("Delimiter", "delimiter"),
    ] {
        if let Some(value) = request.query(word) {
            text(&mut xml, element, value);
        }
    }
    xml.push_str("<Blobs>");
    let wanted = account.lake(&at.lake)?.deleted.iter();
    let wanted = wanted.filter(|it| it.path.starts_with(prefix));
    let mut ahead = wanted.filter(|it| after.is_empty() || it.id > after.parse().unwrap_or(0));
    let page: Vec<_> = ahead.by_ref().take(page_max).collect();
    for deleted in &page {
        xml.push_str("<Blob>");
        name(&mut xml, "Name", &deleted.path);
        text(&mut xml, "Deleted", "true");
        text(&mut xml, "DeletionId", &deleted.id.to_string());
        xml.push_str("<Properties>");
        text(&mut xml, "Last-Modified", &http_date(deleted.node.modified));
        text(&mut xml, "Etag", deleted.node.etag.trim_matches('"'));
        text(&mut xml, "Content-Length", &deleted.node.size().to_string());
        text(&mut xml, "DeletedTime", &http_date(deleted.at));
        let gone = account.now.duration_since(deleted.at).as_hours() / 24;
        let days = i64::from(account.retention_days.unwrap_or_default()) - gone;
        text(&mut xml, "RemainingRetentionDays", &days.to_string());
        xml.push_str("</Properties></Blob>");
    }
    xml.push_str("</Blobs>");
    let next = ahead.next().and(page.last()).map(|it| marker(&it.id.to_string()));
    text(&mut xml, "NextMarker", &next.unwrap_or_default());
    write!(xml, "</EnumerationResults>").unwrap();
    Ok(xml)
}

fn continued(reply: Reply, next: Option<String>) -> Reply {
    match next {
        Some(next) => reply.with("x-ms-continuation", next),
        None => reply,
    }
}

fn page_max(account: &Account, request: &Request, word: &str) -> Result<usize, Refusal> {
    let asked = request.query(word).map(str::parse::<usize>);
    let asked = asked.transpose().map_err(|_| refusal(400, "InvalidQueryParameterValue"))?;
    Ok(asked.unwrap_or(5000).clamp(1, account.page_max))
}

fn marker(key: &str) -> String {
    URL_SAFE_NO_PAD.encode(key)
}

fn read_marker(marker: &str) -> Result<String, Refusal> {
    let key = URL_SAFE_NO_PAD.decode(marker).ok().and_then(|key| String::from_utf8(key).ok());
    key.ok_or(refusal(400, "InvalidQueryParameterValue"))
}
