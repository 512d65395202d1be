//! Requests that change a path: headers to what its file system takes.

use std::collections::BTreeMap;

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use uuid::Uuid;

use crate::support::blob_server::conditions::{Refusal, refusal};
use crate::support::blob_server::operation::CONTENT;
use crate::support::blob_server::wire::Request;
use crate::support::lake_server::account::{Account, key, path_of};
use crate::support::lake_server::node::{File, NOT_FOUND, NOT_MET, Node};
use crate::support::lake_server::operation::{Addressed, is_path};

const BAD_HEADER: Refusal = refusal(400, "InvalidHeaderValue");
const BAD_POSITION: Refusal = refusal(400, "InvalidFlushPosition");

/// An empty file, or a directory, in the place of what had the path.
pub fn create(account: &mut Account, at: &Addressed, request: &Request) -> Result<Node, Refusal> {
    if !is_path(&at.path) {
        return Err(refusal(400, "InvalidResourceName"));
    }
    let is_file = match request.query("resource") {
        Some("file") => true,
        Some("directory") => false,
        _ => return Err(refusal(400, "MissingRequiredQueryParameter")),
    };
    match account.node(&at.lake, &at.path) {
        Ok(node) => {
            node.check_change(request)?;
            if node.is_directory() {
                return Err(refusal(409, "PathAlreadyExists"));
            }
        }
        Err(NOT_FOUND) if request.header("if-match").is_some() => return Err(NOT_MET),
        Err(NOT_FOUND) => {}
        Err(refused) => return Err(refused),
    }
    let mut node = account.made(is_file.then(Bytes::new));
    node.content.extend(content(request));
    node.properties = properties(request)?.unwrap_or_default();
    own(account, &mut node, request)?;
    account.insert(&at.lake, &at.path, node.clone())?;
    Ok(node)
}

/// Bytes that belong to a file once they are flushed.
pub fn append(account: &mut Account, at: &Addressed, request: &Request) -> Result<(), Refusal> {
    let position = position(request)?;
    let node = account.node_mut(&at.lake, &at.path)?;
    node.check_change(request)?;
    let file = node.file.as_mut().ok_or(refusal(409, "ResourceTypeMismatch"))?;
    if request.body.is_empty() {
        return Err(refusal(400, "InvalidInput"));
    }
    if position < file.bytes.len() {
        return Err(refusal(400, "InvalidAppendPosition"));
    }
    file.appended.insert(position, request.body.clone());
    Ok(())
}

/// Writes down what was appended.
pub fn flush(account: &mut Account, at: &Addressed, request: &Request) -> Result<Node, Refusal> {
    let position = position(request)?;
    let (now, etag) = (account.now, account.etag());
    let node = account.node_mut(&at.lake, &at.path)?;
    node.check_change(request)?;
    let file = node.file.as_mut().ok_or(refusal(409, "ResourceTypeMismatch"))?;
    let mut bytes = file.bytes.to_vec();
    for (at, piece) in &file.appended {
        if *at != bytes.len() {
            return Err(BAD_POSITION);
        }
        bytes.extend_from_slice(piece);
    }
    if bytes.len() != position {
        return Err(BAD_POSITION);
    }
    *file = File { bytes: bytes.into(), appended: BTreeMap::new() };
    (node.etag, node.modified) = (etag, now);
    node.content.extend(content(request));
    Ok(node.clone())
}

/// Rights that are changed leave the `ETag` as it is.
pub fn set_rights(
    account: &mut Account,
    at: &Addressed,
    request: &Request,
) -> Result<Node, Refusal> {
    let mut node = account.node(&at.lake, &at.path)?.clone();
    node.check_change(request)?;
    own(account, &mut node, request)?;
    *account.node_mut(&at.lake, &at.path)? = node.clone();
    Ok(node)
}

pub fn set_properties(
    account: &mut Account,
    at: &Addressed,
    request: &Request,
) -> Result<Node, Refusal> {
    let (now, etag) = (account.now, account.etag());
    let properties = properties(request)?;
    let node = account.node_mut(&at.lake, &at.path)?;
    node.check_change(request)?;
    if let Some(properties) = properties {
        node.properties = properties;
    }
    node.content.extend(content(request));
    (node.etag, node.modified) = (etag, now);
    Ok(node.clone())
}

/// Gives a path another name, with all that is in it, that of another where there is one.
pub fn rename(account: &mut Account, at: &Addressed, request: &Request) -> Result<Node, Refusal> {
    let source = request.header("x-ms-rename-source").ok_or(BAD_HEADER)?;
    let (source, query) = source.split_once('?').unwrap_or((source, ""));
    if request.query("sig").is_some() && !query.contains("sig=") {
        return Err(refusal(403, "AuthenticationFailed"));
    }
    let source = percent_decode_str(source).decode_utf8().map_err(|_| BAD_HEADER)?;
    let (lake, from) =
        source.strip_prefix('/').and_then(|it| it.split_once('/')).ok_or(BAD_HEADER)?;
    if !is_path(&at.path) || lake != at.lake {
        return Err(refusal(400, "InvalidResourceName"));
    }
    let gone = refusal(404, "SourcePathNotFound");
    let node = account.node(lake, from).map_err(|it| if it == NOT_FOUND { gone } else { it })?;
    let not_met = refusal(412, "SourceConditionNotMet");
    node.check_match(request.header("x-ms-source-if-match"), not_met)?;
    // Microsoft's client says so where there is none.
    let lease = request.header("x-ms-source-lease-id").filter(|it| !it.is_empty());
    node.check_lease(lease)?;
    let mut node = node.clone();
    match account.node(&at.lake, &at.path) {
        Ok(old) if old.is_directory() != node.is_directory() => {
            return Err(refusal(409, "PathAlreadyExists"));
        }
        Ok(old) => old.check_change(request)?,
        Err(NOT_FOUND) if request.header("if-match").is_some() => return Err(NOT_MET),
        Err(NOT_FOUND) => {}
        Err(refused) => return Err(refused),
    }
    if let Some(properties) = properties(request)? {
        node.properties = properties;
    }
    let below = format!("{}\0", key(from));
    let nodes = &mut account.lake_mut(lake)?.nodes;
    nodes.remove(&key(from));
    let inside: Vec<String> = nodes.keys().filter(|it| it.starts_with(&below)).cloned().collect();
    for key in inside {
        let moved = account.lake_mut(lake)?.nodes.remove(&key).ok_or(NOT_FOUND)?;
        let path = format!("{}/{}", at.path, path_of(&key[below.len()..]));
        account.insert(&at.lake, &path, moved)?;
    }
    account.insert(&at.lake, &at.path, node.clone())?;
    Ok(node)
}

pub fn delete(account: &mut Account, at: &Addressed, request: &Request) -> Result<(), Refusal> {
    let node = account.node(&at.lake, &at.path)?;
    node.check_change(request)?;
    if node.is_directory() {
        let is_recursive = request.query("recursive");
        let is_recursive = is_recursive.ok_or(refusal(400, "MissingRequiredQueryParameter"))?;
        if is_recursive != "true" && account.lake(&at.lake)?.has_below(&at.path) {
            return Err(refusal(409, "DirectoryNotEmpty"));
        }
    }
    account.remove(&at.lake, &at.path)
}

/// Brings back what was deleted.
pub fn undelete(account: &mut Account, at: &Addressed, request: &Request) -> Result<Node, Refusal> {
    let source = request.header("x-ms-undelete-source").ok_or(BAD_HEADER)?;
    let id = source.rsplit_once("deletionid=").and_then(|(_, id)| id.parse::<u64>().ok());
    let id = id.ok_or(BAD_HEADER)?;
    let lake = account.lake_mut(&at.lake)?;
    let index = lake.deleted.iter().position(|it| it.id == id && it.path == at.path);
    let deleted = lake.deleted.remove(index.ok_or(NOT_FOUND)?);
    account.insert(&at.lake, &at.path, deleted.node.clone())?;
    Ok(deleted.node)
}

/// Status and path after a lease was taken, renewed or given back.
pub fn lease(
    account: &mut Account,
    at: &Addressed,
    request: &Request,
) -> Result<(u16, Node), Refusal> {
    let node = account.node_mut(&at.lake, &at.path)?;
    let named = request.header("x-ms-lease-id").map(str::to_owned);
    let proposed = request.header("x-ms-proposed-lease-id").map(str::to_owned);
    let (status, lease) = match (request.header("x-ms-lease-action"), &node.lease) {
        (Some("acquire"), Some(held)) if proposed.as_ref() != Some(held) => {
            return Err(refusal(409, "LeaseAlreadyPresent"));
        }
        (Some("acquire"), _) => (201, Some(proposed.unwrap_or_else(|| Uuid::new_v4().to_string()))),
        (Some("break" | "release" | "renew"), None) => {
            return Err(refusal(409, "LeaseNotPresentWithLeaseOperation"));
        }
        (Some("release" | "renew"), Some(_)) if node.lease != named => {
            return Err(refusal(409, "LeaseIdMismatchWithLeaseOperation"));
        }
        (Some("renew"), Some(_)) => (200, named),
        (Some("release"), Some(_)) => (200, None),
        (Some("break"), Some(_)) => (202, None),
        _ => return Err(BAD_HEADER),
    };
    node.lease = lease;
    Ok((status, node.clone()))
}

/// Owner, group and rights, if a request says any.
fn own(account: &Account, node: &mut Node, request: &Request) -> Result<(), Refusal> {
    let mut is_said = false;
    for (header, field) in [
        ("x-ms-owner", &mut node.owner),
        ("x-ms-group", &mut node.group),
        ("x-ms-acl", &mut node.acl),
    ] {
        if let Some(value) = request.header(header) {
            value.clone_into(field);
            is_said = true;
        }
    }
    let is_entry = |entry: &str| {
        let parts: Vec<&str> = entry.strip_prefix("default:").unwrap_or(entry).split(':').collect();
        parts.len() == 3 && ["user", "group", "mask", "other"].contains(&parts[0])
    };
    if !node.acl.split(',').all(is_entry) {
        return Err(refusal(400, "InvalidInput"));
    }
    match is_said && !account.lets_own {
        true => Err(refusal(403, "AuthorizationPermissionMismatch")),
        false => Ok(()),
    }
}

fn position(request: &Request) -> Result<usize, Refusal> {
    let position =
        request.query("position").ok_or(refusal(400, "MissingRequiredQueryParameter"))?;
    position.parse().map_err(|_| refusal(400, "InvalidQueryParameterValue"))
}

/// Names and values, as they are sent; `None` if a request says nothing of them.
fn properties(request: &Request) -> Result<Option<BTreeMap<String, String>>, Refusal> {
    let Some(header) = request.header("x-ms-properties") else { return Ok(None) };
    let pairs = header.split(',').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| {
        let (name, value) = pair.split_once('=').ok_or(BAD_HEADER)?;
        Ok((name.to_owned(), value.to_owned()))
    });
    pairs.collect::<Result<_, _>>().map(Some)
}

fn content(request: &Request) -> BTreeMap<String, String> {
    let content = CONTENT.iter().filter_map(|name| {
        Some(((*name).to_owned(), request.header(&format!("x-ms-{name}"))?.to_owned()))
    });
    content.collect()
}
