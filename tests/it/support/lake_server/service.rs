//! Requests in, answers out: what the account says, to headers and JSON.

use serde_json::json;

use crate::support::blob_server::conditions::{Refusal, refusal};
use crate::support::blob_server::form::http_date;
use crate::support::blob_server::service::{common, refused_reply};
use crate::support::blob_server::wire::{Reply, Request};
use crate::support::file_server::entry::{TOKEN, is_signed};
use crate::support::file_server::operation::range;
use crate::support::lake_server::account::Account;
use crate::support::lake_server::node::Node;
use crate::support::lake_server::operation::{Addressed, Operation};
use crate::support::lake_server::server::ACCOUNT;
use crate::support::lake_server::{as_blobs, listing, writing};

pub type Answer = Result<Reply, Refusal>;

/// Answers one request.
pub fn answer(
    account: &mut Account,
    endpoint: &str,
    request: &Request,
    place: &Addressed,
    operation: Operation,
) -> Reply {
    let answered = enter(request).and_then(|()| act(account, endpoint, request, place, operation));
    let is_blobs = place.is_blobs || operation == Operation::OfBlobs;
    let mut reply = answered.unwrap_or_else(|refused| match is_blobs {
        true => refused_reply(refused, request),
        false => refused_as_json(refused, request),
    });
    for (name, value) in common(account.now, request) {
        reply.headers.push((name.to_owned(), value));
    }
    reply
}

/// Lets in whoever signs with the account's key, has a signature in the URL, or a token.
fn enter(request: &Request) -> Result<(), Refusal> {
    let token = request.header("authorization").and_then(|it| it.strip_prefix("Bearer "));
    let is_good = match token {
        Some(token) => token == TOKEN,
        None => request.query("sig") == Some("good") || is_signed(request, ACCOUNT),
    };
    if is_good { Ok(()) } else { Err(refusal(403, "AuthenticationFailed")) }
}

fn refused_as_json(refused: Refusal, request: &Request) -> Reply {
    let reply = Reply::new(refused.status).with("x-ms-error-code", refused.code);
    if request.method == "HEAD" {
        return reply;
    }
    reply.json(&json!({ "error": { "code": refused.code, "message": "Not now." } }))
}

fn act(
    account: &mut Account,
    endpoint: &str,
    request: &Request,
    at: &Addressed,
    operation: Operation,
) -> Answer {
    if matches!(request.method.as_str(), "PUT" | "PATCH")
        && request.header("content-length").is_none()
    {
        return Err(refusal(411, "MissingContentLengthHeader"));
    }
    match operation {
        Operation::ServiceListFileSystems => listing::file_systems(account, request),
        Operation::FileSystemCreate => {
            account.create(&at.lake)?;
            Ok(of_lake(account, Reply::new(201)).with("x-ms-namespace-enabled", "true"))
        }
        Operation::FileSystemGetProperties => {
            account.lake(&at.lake)?;
            let reply = of_lake(account, Reply::new(200)).with("x-ms-properties", "");
            Ok(reply.with("x-ms-namespace-enabled", "true"))
        }
        Operation::FileSystemDelete => {
            account.lake(&at.lake)?;
            account.delete(&at.lake);
            Ok(Reply::new(202))
        }
        Operation::FileSystemListPaths => {
            Ok(of_lake(account, listing::paths(account, at, request)?))
        }
        Operation::FileSystemListBlobs => {
            Ok(Reply::new(200).xml(listing::deleted(account, at, endpoint, request)?))
        }
        Operation::OfBlobs => as_blobs::act(account, at, endpoint, request),
        Operation::Unknown => Err(refusal(400, "UnsupportedQueryParameter")),
        _ => of_path(account, at, request, operation),
    }
}

fn of_path(
    account: &mut Account,
    at: &Addressed,
    request: &Request,
    operation: Operation,
) -> Answer {
    let encrypted = |reply: Reply| reply.with("x-ms-request-server-encrypted", "true");
    match operation {
        Operation::PathCreate => {
            let node = writing::create(account, at, request)?;
            Ok(encrypted(dated(Reply::new(201), &node)))
        }
        Operation::PathRename => {
            let node = writing::rename(account, at, request)?;
            Ok(encrypted(dated(Reply::new(201), &node)))
        }
        Operation::PathAppendData => {
            writing::append(account, at, request)?;
            Ok(encrypted(Reply::new(202)))
        }
        Operation::PathFlushData => {
            let node = writing::flush(account, at, request)?;
            Ok(encrypted(dated(Reply::new(200), &node)))
        }
        Operation::PathSetAccessControl => {
            Ok(dated(Reply::new(200), &writing::set_rights(account, at, request)?))
        }
        Operation::PathSetProperties => {
            Ok(dated(Reply::new(200), &writing::set_properties(account, at, request)?))
        }
        Operation::PathLease => {
            let (status, node) = writing::lease(account, at, request)?;
            let reply = dated(Reply::new(status), &node);
            Ok(match (status, &node.lease) {
                (202, _) => reply.with("x-ms-lease-time", "0"),
                (_, Some(id)) => reply.with("x-ms-lease-id", id),
                (_, None) => reply,
            })
        }
        Operation::PathRead => {
            read(account.node(&at.lake, &at.path)?, request, said_of).map(encrypted)
        }
        Operation::PathGetProperties => head(account.node(&at.lake, &at.path)?, request),
        Operation::PathDelete => {
            writing::delete(account, at, request)?;
            Ok(Reply::new(200))
        }
        Operation::PathUndelete => {
            let node = writing::undelete(account, at, request)?;
            Ok(Reply::new(200).with("x-ms-resource-type", kind(&node)))
        }
        _ => Err(refusal(400, "UnsupportedQueryParameter")),
    }
}

/// The bytes, or a range of them, with what an endpoint says of them.
pub fn read(node: &Node, request: &Request, say: impl Fn(Reply, &Node) -> Reply) -> Answer {
    node.check_read(request)?;
    let file = node.file.as_ref().ok_or(refusal(409, "ResourceTypeMismatch"))?;
    let size = file.bytes.len();
    let asked = request.header("x-ms-range").or_else(|| request.header("range"));
    let Some((start, end)) = asked.and_then(range) else {
        let mut reply = say(Reply::new(200), node);
        reply.body = file.bytes.clone();
        return Ok(reply);
    };
    if start >= size || end < start {
        return Err(refusal(416, "InvalidRange"));
    }
    let end = end.min(size - 1);
    let reply = say(Reply::new(206), node);
    let mut reply = reply.with("Content-Range", format!("bytes {start}-{end}/{size}"));
    reply.body = file.bytes.slice(start..=end);
    Ok(reply)
}

/// Everybody's rights are told to who asks for them alone.
fn head(node: &Node, request: &Request) -> Answer {
    node.check_read(request)?;
    let rights = |reply: Reply| {
        let reply = reply.with("x-ms-owner", &node.owner).with("x-ms-group", &node.group);
        reply.with("x-ms-permissions", node.permissions())
    };
    let mut reply = match request.query("action") {
        Some("getAccessControl") => {
            rights(dated(Reply::new(200), node)).with("x-ms-acl", &node.acl)
        }
        Some("getStatus") => rights(dated(Reply::new(200), node)),
        Some(_) => return Err(refusal(400, "InvalidQueryParameterValue")),
        None => rights(said_of(Reply::new(200), node)),
    };
    if let Some(expires) = node.expires {
        reply = reply.with("x-ms-expiry-time", http_date(expires));
    }
    reply.length = Some(node.size());
    Ok(reply)
}

/// Everything that is said of what was read.
fn said_of(reply: Reply, node: &Node) -> Reply {
    let pairs: Vec<String> =
        node.properties.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let reply = described(reply, node).with("x-ms-properties", pairs.join(","));
    reply.with("x-ms-resource-type", kind(node))
}

/// What both endpoints say of a path.
pub fn described(reply: Reply, node: &Node) -> Reply {
    let mut reply = dated(reply, node).with("Accept-Ranges", "bytes");
    for (name, value) in &node.content {
        reply = reply.with(name, value);
    }
    let (status, state) =
        if node.lease.is_some() { ("locked", "leased") } else { ("unlocked", "available") };
    reply = reply.with("x-ms-lease-status", status).with("x-ms-lease-state", state);
    if node.lease.is_some() {
        reply = reply.with("x-ms-lease-duration", "infinite");
    }
    reply
}

pub fn kind(node: &Node) -> &'static str {
    if node.is_directory() { "directory" } else { "file" }
}

pub fn dated(reply: Reply, node: &Node) -> Reply {
    reply.with("ETag", &node.etag).with("Last-Modified", http_date(node.modified))
}

pub fn of_lake(account: &Account, reply: Reply) -> Reply {
    let reply = reply.with("ETag", "\"0x8DE00000000\"");
    reply.with("Last-Modified", http_date(account.now))
}
