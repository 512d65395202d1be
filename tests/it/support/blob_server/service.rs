//! Requests in, answers out: headers to what the account's rules take, and what they say to
//! headers.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use uuid::Uuid;

use crate::support::blob_server::account::{Account, Deletion};
use crate::support::blob_server::conditions::{BLOB_NOT_FOUND, Refusal, refusal};
use crate::support::blob_server::container::Container;
use crate::support::blob_server::delegation;
use crate::support::blob_server::form::{Draft, Form, Which, http_date};
use crate::support::blob_server::listing::{self, archive_status};
use crate::support::blob_server::operation::{
    Addressed, CONTENT, Operation, conditions, draft, place, range, tags_of_xml, texts, which,
};
use crate::support::blob_server::wire::{Reply, Request};

/// The interface that is spoken where the request names none.
const VERSION: &str = "2026-04-06";
/// Parts of a batch.
const PARTS_MAX: usize = 256;
type Answer = Result<Reply, Refusal>;

/// Answers one request.
pub fn answer(
    account: &mut Account,
    endpoint: &str,
    request: &Request,
    place: &Addressed,
    operation: Operation,
) -> Reply {
    let answered = act(account, endpoint, request, place, operation);
    let mut reply = answered.unwrap_or_else(|refused| refused_reply(refused, request));
    for (name, value) in common(account.now, request) {
        reply.headers.push((name.to_owned(), value));
    }
    reply
}

/// An answer for what was not even looked at.
pub fn refused_reply(refused: Refusal, request: &Request) -> Reply {
    let reply = Reply::new(refused.status).with("x-ms-error-code", refused.code);
    if request.method == "HEAD" || refused.status == 304 {
        return reply;
    }
    reply.xml(listing::error(refused.code))
}

/// Headers of every answer.
pub fn common(now: Timestamp, request: &Request) -> Vec<(&'static str, String)> {
    let mut headers = vec![
        ("Server", "Windows-Azure-Blob/1.0".to_owned()),
        ("x-ms-request-id", Uuid::new_v4().to_string()),
        ("x-ms-version", request.header("x-ms-version").unwrap_or(VERSION).to_owned()),
        ("Date", http_date(now)),
    ];
    if let Some(id) = request.header("x-ms-client-request-id") {
        headers.push(("x-ms-client-request-id", id.to_owned()));
    }
    headers
}

fn act(
    account: &mut Account,
    endpoint: &str,
    request: &Request,
    place: &Addressed,
    operation: Operation,
) -> Answer {
    let (container, name) = (place.container.as_str(), place.blob.as_str());
    if matches!(request.method.as_str(), "PUT" | "POST")
        && request.header("content-length").is_none()
    {
        return Err(refusal(411, "MissingContentLengthHeader"));
    }
    if request.query("sig").is_some() {
        delegation::check(request, place, account.now)?;
    }
    match operation {
        Operation::ServiceGetUserDelegationKey => delegation::key(request, account.now),
        Operation::ServiceGetProperties => {
            Ok(Reply::new(200).xml(listing::properties(account.policy)))
        }
        Operation::ServiceListContainers => {
            Ok(Reply::new(200).xml(listing::containers(account, endpoint, request)?))
        }
        Operation::SubmitBatch => batch(account, endpoint, request),
        Operation::ContainerCreate => create(account, container),
        Operation::ContainerGetProperties => {
            account.container(container)?;
            let reply = dated(Reply::new(200), "\"0x8DC0000000000\"", account.now);
            let reply = reply.with("x-ms-lease-status", "unlocked");
            Ok(reply.with("x-ms-lease-state", "available"))
        }
        Operation::ContainerListBlobs => {
            Ok(Reply::new(200).xml(listing::blobs(account, container, endpoint, request)?))
        }
        Operation::BlobDownload => read(account, container, name, request),
        Operation::BlobGetProperties => head(account, container, name, request),
        Operation::BlobDelete => delete(account, container, name, request),
        Operation::BlobUpload => upload(account, container, name, request),
        Operation::BlockStage => stage(account, container, name, request),
        Operation::BlockCommitList => commit(account, container, name, request),
        Operation::BlobSnapshot => {
            let form = account.snapshot(container, name, &conditions(request))?;
            let Which::Snapshot(id) = &form.which else {
                return Err(refusal(500, "InternalError"));
            };
            let reply = Reply::new(201).with("x-ms-snapshot", id);
            Ok(dated(reply, &form.etag, form.modified))
        }
        Operation::BlobUndelete => {
            account.undelete(container, name)?;
            Ok(Reply::new(200))
        }
        Operation::BlobSetMetadata => set_metadata(account, container, name, request),
        Operation::BlobGetTags => {
            let form = account.live(container, name, &which(request))?;
            Ok(Reply::new(200).xml(listing::tags(&form)))
        }
        Operation::BlobSetTags => {
            let tags = tags_of_xml(&request.body)?;
            account.live(container, name, &which(request))?;
            account.alter(container, name, &which(request), |form| form.draft.tags = tags)?;
            Ok(Reply::new(204))
        }
        Operation::BlobSetTier => {
            let tier = request.header("x-ms-access-tier");
            let tier = tier.ok_or(refusal(400, "MissingRequiredHeader"))?;
            let takes_time = account.set_tier(container, name, &which(request), tier)?;
            Ok(Reply::new(if takes_time { 202 } else { 200 }))
        }
        Operation::BlobLease => lease(account, container, name, request),
        Operation::Unknown => Err(refusal(400, "InvalidUri")),
    }
}

fn create(account: &mut Account, container: &str) -> Answer {
    if account.containers.contains_key(container) {
        return Err(refusal(409, "ContainerAlreadyExists"));
    }
    account.containers.insert(container.to_owned(), Container::default());
    Ok(dated(Reply::new(201), "\"0x8DC0000000000\"", account.now))
}

fn read(account: &mut Account, container: &str, name: &str, request: &Request) -> Answer {
    let form = account.live(container, name, &which(request))?;
    conditions(request).check_read(&form)?;
    if form.rehydration.is_some() {
        return Err(refusal(409, "BlobBeingRehydrated"));
    }
    if form.is_archived() {
        return Err(refusal(409, "BlobArchived"));
    }
    let key = request.header("x-ms-encryption-key-sha256");
    if form.draft.customer_key.is_some() && form.draft.customer_key.as_deref() != key {
        return Err(refusal(409, "BlobUsesCustomerSpecifiedEncryption"));
    }
    let size = form.draft.bytes.len();
    let asked = request.header("x-ms-range").or_else(|| request.header("range"));
    let Some((start, end)) = asked.and_then(range) else {
        let mut reply = described(Reply::new(200), &form);
        reply.body = form.draft.bytes;
        return Ok(reply);
    };
    if start >= size || end < start {
        return Err(refusal(416, "InvalidRange"));
    }
    let end = end.min(size - 1);
    let mut reply = described(Reply::new(206), &form);
    reply = reply.with("Content-Range", format!("bytes {start}-{end}/{size}"));
    reply.body = form.draft.bytes.slice(start..=end);
    Ok(reply)
}

/// What is said of a blob under a customer's key to who has not got the key is not published; here
/// it is all but the metadata.
fn head(account: &mut Account, container: &str, name: &str, request: &Request) -> Answer {
    let form = account.live(container, name, &which(request))?;
    conditions(request).check_read(&form)?;
    let mut reply = described(Reply::new(200), &form).with("x-ms-access-tier", form.tier());
    if form.draft.tier.is_none() {
        reply = reply.with("x-ms-access-tier-inferred", "true");
    }
    if let Some(status) = archive_status(&form) {
        reply = reply.with("x-ms-archive-status", status);
    }
    reply.length = Some(form.draft.bytes.len());
    Ok(reply)
}

fn delete(account: &mut Account, container: &str, name: &str, request: &Request) -> Answer {
    let kind = request.query("deletetype");
    let is_permanent = kind.is_some_and(|kind| kind.eq_ignore_ascii_case("permanent"));
    if kind.is_some() && !is_permanent {
        return Err(refusal(400, "InvalidQueryParameterValue"));
    }
    let deletion = Deletion {
        which: which(request),
        conditions: conditions(request),
        snapshots: request.header("x-ms-delete-snapshots").map(str::to_owned),
        is_permanent,
    };
    account.delete(container, name, &deletion)?;
    Ok(Reply::new(202))
}

fn upload(account: &mut Account, container: &str, name: &str, request: &Request) -> Answer {
    match request.header("x-ms-blob-type") {
        Some("BlockBlob") => {}
        Some(_) => return Err(refusal(400, "InvalidBlobType")),
        None => return Err(refusal(400, "MissingRequiredHeader")),
    }
    let draft = draft(request, request.body.clone());
    let form = account.write(container, name, draft, &conditions(request))?;
    Ok(written(Reply::new(201), &form))
}

fn stage(account: &mut Account, container: &str, name: &str, request: &Request) -> Answer {
    let id = request.query("blockid").ok_or(refusal(400, "MissingRequiredQueryParameter"))?;
    if STANDARD.decode(id).is_err() {
        return Err(refusal(400, "InvalidQueryParameterValue"));
    }
    match account.live(container, name, &Which::Current) {
        Ok(form) if form.kind() != "BlockBlob" => return Err(refusal(409, "InvalidBlobType")),
        Ok(form) if form.is_archived() => return Err(refusal(409, "BlobArchived")),
        Ok(form) => conditions(request).check_change(&form)?,
        Err(refused) if refused == BLOB_NOT_FOUND => {}
        Err(refused) => return Err(refused),
    }
    let container = account.open(container, name)?;
    let blocks = container.blocks.entry(name.to_owned()).or_default();
    if blocks.keys().next().is_some_and(|other| other.len() != id.len()) {
        return Err(refusal(400, "InvalidBlobOrBlock"));
    }
    blocks.insert(id.to_owned(), request.body.clone());
    Ok(Reply::new(201).with("x-ms-request-server-encrypted", "true"))
}

/// Takes uncommitted blocks only.
fn commit(account: &mut Account, container: &str, name: &str, request: &Request) -> Answer {
    let ids = texts(&request.body, &["Latest", "Uncommitted"])?;
    let opened = account.open(container, name)?;
    let mut bytes = BytesMut::new();
    let none = BTreeMap::new();
    let blocks = opened.blocks.get(name).unwrap_or(&none);
    for (_, id) in &ids {
        bytes.extend_from_slice(blocks.get(id).ok_or(refusal(400, "InvalidBlockList"))?);
    }
    let draft = draft(request, bytes.freeze());
    let form = account.write(container, name, draft, &conditions(request))?;
    Ok(written(Reply::new(201), &form))
}

/// A write like any other: it leaves what a write leaves.
fn set_metadata(account: &mut Account, container: &str, name: &str, request: &Request) -> Answer {
    let old = account.live(container, name, &Which::Current)?;
    let draft = Draft { metadata: draft(request, Bytes::new()).metadata, ..old.draft };
    let form = account.write(container, name, draft, &conditions(request))?;
    Ok(written(Reply::new(200), &form))
}

/// Endless leases alone.
fn lease(account: &mut Account, container: &str, name: &str, request: &Request) -> Answer {
    let form = account.live(container, name, &Which::Current)?;
    let named = request.header("x-ms-lease-id").map(str::to_owned);
    let proposed = request.header("x-ms-proposed-lease-id").map(str::to_owned);
    let (status, lease) = match (request.header("x-ms-lease-action"), &form.lease) {
        (Some("acquire"), Some(_)) => return Err(refusal(409, "LeaseAlreadyPresent")),
        (Some("acquire"), None) => {
            (201, Some(proposed.unwrap_or_else(|| Uuid::new_v4().to_string())))
        }
        (Some("break" | "release"), None) => {
            return Err(refusal(409, "LeaseNotPresentWithLeaseOperation"));
        }
        (Some("release"), Some(_)) if form.lease != named => {
            return Err(refusal(409, "LeaseIdMismatchWithLeaseOperation"));
        }
        (Some("release"), Some(_)) => (200, None),
        (Some("break"), Some(_)) => (202, None),
        _ => return Err(refusal(400, "InvalidHeaderValue")),
    };
    let reply = dated(Reply::new(status), &form.etag, form.modified);
    let reply = match &lease {
        Some(id) => reply.with("x-ms-lease-id", id),
        None if status == 202 => reply.with("x-ms-lease-time", "0"),
        None => reply,
    };
    account.alter(container, name, &Which::Current, |form| form.lease = lease)?;
    Ok(reply)
}

/// Deletions in one request; each is answered for itself.
fn batch(account: &mut Account, endpoint: &str, request: &Request) -> Answer {
    let invalid = refusal(400, "InvalidInput");
    let boundary = request.header("content-type").and_then(|kind| kind.split_once("boundary="));
    let boundary = boundary.ok_or(invalid)?.1.trim_matches('"');
    let body = std::str::from_utf8(&request.body).map_err(|_| invalid)?;
    let parts: Vec<&str> = body.split(&format!("--{boundary}")).skip(1).collect();
    let (end, parts) = parts.split_last().ok_or(invalid)?;
    if !end.starts_with("--") || parts.is_empty() || parts.len() > PARTS_MAX {
        return Err(invalid);
    }
    let own_account = request.path.split('/').nth(1).unwrap_or_default();
    let mut answers = String::new();
    for part in parts {
        let (head, inner) = part.trim_start().split_once("\r\n\r\n").ok_or(invalid)?;
        let mut part = Request::parse(inner.trim_end()).ok_or(invalid)?;
        // A part of a batch has no length of its own to give.
        part.headers.insert("content-length".to_owned(), "0".to_owned());
        // Paths in a batch begin with the container; some clients leave the account before it.
        let is_full = part.path.split('/').nth(1) == Some(own_account);
        let path = if is_full { part.path.clone() } else { format!("/{own_account}{}", part.path) };
        let place = place(&path).ok_or(invalid)?;
        let operation = Operation::of(&part, &place);
        if !matches!(operation, Operation::BlobDelete | Operation::BlobSetTier) {
            return Err(invalid);
        }
        let reply = answer(account, endpoint, &part, &place, operation);
        answers.push_str("--batchresponse\r\nContent-Type: application/http\r\n");
        if let Some(id) = content_id(head) {
            answers.extend(["Content-ID: ", id, "\r\n"]);
        }
        let body = std::str::from_utf8(&reply.body).map_err(|_| invalid)?;
        answers.extend(["\r\n", &reply.head(), body, "\r\n"]);
    }
    answers.push_str("--batchresponse--\r\n");
    let mut reply = Reply::new(202).with("Content-Type", "multipart/mixed; boundary=batchresponse");
    reply.body = answers.into();
    Ok(reply)
}

fn content_id(head: &str) -> Option<&str> {
    let line = head.lines().find(|line| line.to_lowercase().starts_with("content-id:"))?;
    Some(line.split_once(':')?.1.trim())
}

/// Everything that is said of what was read.
fn described(reply: Reply, form: &Form) -> Reply {
    let mut reply = dated(reply, &form.etag, form.modified)
        .with("x-ms-creation-time", http_date(form.created))
        .with("x-ms-blob-type", form.kind())
        .with("Accept-Ranges", "bytes")
        .with("x-ms-server-encrypted", "true");
    for name in CONTENT {
        let is_type = name == "content-type";
        let fallback = is_type.then_some("application/octet-stream");
        if let Some(value) = form.draft.content.get(name).map(String::as_str).or(fallback) {
            reply = reply.with(name, value);
        }
    }
    match &form.draft.customer_key {
        Some(hash) => reply = reply.with("x-ms-encryption-key-sha256", hash),
        None => {
            for (name, value) in form.draft.metadata.iter().chain(&form.draft.unlistable) {
                reply = reply.with(&format!("x-ms-meta-{name}"), value);
            }
        }
    }
    if form.draft.is_directory {
        reply = reply.with("x-ms-resource-type", "directory");
    }
    if !form.draft.tags.is_empty() {
        reply = reply.with("x-ms-tag-count", form.draft.tags.len().to_string());
    }
    if let Some(id) = &form.version_id {
        reply = reply.with("x-ms-version-id", id);
        if form.is_current() {
            reply = reply.with("x-ms-is-current-version", "true");
        }
    }
    if form.is_current() {
        let (status, state) = listing::lease(form);
        reply = reply.with("x-ms-lease-status", status).with("x-ms-lease-state", state);
        if form.lease.is_some() {
            reply = reply.with("x-ms-lease-duration", "infinite");
        }
    }
    if let Some(until) = form.immutable_until {
        reply = reply.with("x-ms-immutability-policy-until-date", http_date(until));
        reply = reply.with("x-ms-immutability-policy-mode", "unlocked");
    }
    if form.legal_hold {
        reply = reply.with("x-ms-legal-hold", "true");
    }
    reply
}

fn written(reply: Reply, form: &Form) -> Reply {
    let reply =
        dated(reply, &form.etag, form.modified).with("x-ms-request-server-encrypted", "true");
    match &form.version_id {
        Some(id) => reply.with("x-ms-version-id", id),
        None => reply,
    }
}

fn dated(reply: Reply, etag: &str, modified: Timestamp) -> Reply {
    reply.with("ETag", etag).with("Last-Modified", http_date(modified))
}
