//! Requests in, answers out: what the account says, to headers and XML.

use serde_json::{Value, json};

use crate::support::blob_server::conditions::{Refusal, refusal};
use crate::support::blob_server::form::http_date;
use crate::support::blob_server::service::{common, refused_reply};
use crate::support::blob_server::wire::{Reply, Request};
use crate::support::file_server::account::Account;
use crate::support::file_server::operation::{
    Addressed, Operation, is_private, is_too_long, range,
};
use crate::support::file_server::tree::{File, Info};
use crate::support::file_server::writing::{self, permission};
use crate::support::file_server::{entry, listing};

type Answer = Result<Reply, Refusal>;

/// Conditions that this interface does not know.
const CONDITIONS: [&str; 4] =
    ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"];

/// Answers one request.
pub fn answer(
    account: &mut Account,
    endpoint: &str,
    request: &Request,
    place: &Addressed,
    operation: Operation,
) -> Reply {
    let answered =
        entry::check(request).and_then(|()| act(account, endpoint, request, place, operation));
    let mut reply = answered.unwrap_or_else(|refused| refused_reply(refused, request));
    for (name, value) in common(account.now, request) {
        reply.headers.push((name.to_owned(), value));
    }
    reply
}

fn act(
    account: &mut Account,
    endpoint: &str,
    request: &Request,
    at: &Addressed,
    operation: Operation,
) -> Answer {
    if request.method == "PUT" && request.header("content-length").is_none() {
        return Err(refusal(411, "MissingContentLengthHeader"));
    }
    if CONDITIONS.iter().any(|name| request.header(name).is_some()) {
        return Err(refusal(400, "ConditionHeadersNotSupported"));
    }
    if at.path.contains(is_private) || is_too_long(&at.path) {
        return Err(refusal(400, "InvalidResourceName"));
    }
    match operation {
        Operation::ServiceGetProperties => Ok(Reply::new(200).xml(listing::service())),
        Operation::ServiceListShares if !account.lists_shares => {
            Err(refusal(403, "AuthorizationPermissionMismatch"))
        }
        Operation::ServiceListShares => {
            Ok(Reply::new(200).xml(listing::shares(account, endpoint, request)?))
        }
        Operation::ShareCreate
        | Operation::ShareGetProperties
        | Operation::ShareDelete
        | Operation::ShareCreateSnapshot
        | Operation::ShareCreatePermission
        | Operation::ShareGetPermission => of_share(account, at, request, operation),
        Operation::DirectoryCreate
        | Operation::DirectoryGetProperties
        | Operation::DirectoryDelete
        | Operation::DirectorySetMetadata
        | Operation::DirectoryListHandles
        | Operation::DirectoryList => of_directory(account, at, endpoint, request, operation),
        Operation::Unknown => Err(refusal(400, "InvalidUri")),
        _ => of_file(account, at, request, operation),
    }
}

fn of_file(
    account: &mut Account,
    at: &Addressed,
    request: &Request,
    operation: Operation,
) -> Answer {
    let lease = request.header("x-ms-lease-id");
    match operation {
        Operation::FileCreate => {
            Ok(written(Reply::new(201), &writing::create(account, at, request)?))
        }
        Operation::FileUploadRange => {
            let file = writing::upload(account, at, request)?;
            let written = listing::file_time(file.info.written);
            let reply = dated(Reply::new(201), &file.info);
            let reply = reply.with("x-ms-file-last-write-time", written);
            Ok(reply.with("x-ms-request-server-encrypted", "true"))
        }
        Operation::FileSetHttpHeaders => {
            Ok(written(Reply::new(200), &writing::set_headers(account, at, request)?))
        }
        Operation::FileSetMetadata => {
            let file = writing::set_metadata(account, at, request)?;
            let reply = Reply::new(200).with("ETag", &file.info.etag);
            Ok(reply.with("x-ms-request-server-encrypted", "true"))
        }
        Operation::FileRename => {
            Ok(written(Reply::new(200), &writing::rename(account, at, request)?))
        }
        Operation::FileDownload => read(account, at, request),
        Operation::FileGetProperties => head(account, at, request),
        Operation::FileDelete => {
            account.delete_file(&at.share, &at.path, lease)?;
            Ok(Reply::new(202))
        }
        Operation::FileLease => {
            let (status, file) = writing::lease(account, at, request)?;
            let reply = dated(Reply::new(status), &file.info);
            Ok(match &file.lease {
                Some(id) => reply.with("x-ms-lease-id", id),
                None => reply,
            })
        }
        Operation::FileGetRangeList => {
            let file = account.root(&at.share, request.query("sharesnapshot"))?.file(&at.path)?;
            let reply = dated(Reply::new(200), &file.info);
            let reply = reply.with("x-ms-content-length", file.bytes.len().to_string());
            Ok(reply.xml(listing::ranges(file)))
        }
        Operation::FileListHandles => {
            let file = account.root(&at.share, None)?.file(&at.path)?;
            Ok(Reply::new(200).xml(listing::handles(&[(&at.path, file)], "")))
        }
        Operation::FileForceCloseHandles => {
            let count = account.close(&at.share, &at.path)?;
            let reply = Reply::new(200).with("x-ms-number-of-handles-closed", count.to_string());
            Ok(reply.with("x-ms-number-of-handles-failed", "0"))
        }
        _ => Err(refusal(400, "InvalidUri")),
    }
}

fn of_share(
    account: &mut Account,
    at: &Addressed,
    request: &Request,
    operation: Operation,
) -> Answer {
    let snapshot = request.query("sharesnapshot");
    match operation {
        Operation::ShareCreate => {
            account.create_share(&at.share)?;
            Ok(dated(Reply::new(201), &account.share(&at.share)?.root.info))
        }
        Operation::ShareDelete => {
            let with = request.header("x-ms-delete-snapshots") == Some("include");
            account.delete_share(&at.share, snapshot, with)?;
            Ok(Reply::new(202))
        }
        Operation::ShareCreateSnapshot => {
            let at_time = account.snapshot(&at.share)?;
            let reply = dated(Reply::new(201), &account.share(&at.share)?.root.info);
            Ok(reply.with("x-ms-snapshot", at_time))
        }
        Operation::ShareCreatePermission => {
            let body: Value =
                serde_json::from_slice(&request.body).map_err(|_| refusal(400, "InvalidInput"))?;
            let sddl = body["permission"].as_str().ok_or(refusal(400, "InvalidInput"))?;
            let key = permission(account, &at.share, sddl)?;
            Ok(Reply::new(201).with("x-ms-file-permission-key", key))
        }
        Operation::ShareGetPermission => {
            let key = request.header("x-ms-file-permission-key").unwrap_or_default();
            let permissions = &account.share(&at.share)?.permissions;
            let sddl = permissions.get(key).ok_or(refusal(404, "ResourceNotFound"))?;
            Ok(Reply::new(200).json(&json!({ "permission": sddl })))
        }
        _ => {
            let root = account.root(&at.share, snapshot)?;
            let reply = dated(Reply::new(200), &root.info).with("x-ms-share-quota", "5120");
            let reply = reply.with("x-ms-lease-status", "unlocked");
            let reply = reply.with("x-ms-lease-state", "available");
            Ok(reply.with("x-ms-access-tier", "TransactionOptimized"))
        }
    }
}

fn of_directory(
    account: &mut Account,
    at: &Addressed,
    endpoint: &str,
    request: &Request,
    operation: Operation,
) -> Answer {
    match operation {
        Operation::DirectoryCreate => {
            let info = writing::create_directory(account, at, request)?;
            Ok(described(dated(Reply::new(201), &info), &info))
        }
        Operation::DirectoryListHandles if !account.lists_handles => {
            Err(refusal(403, "AuthorizationPermissionMismatch"))
        }
        Operation::DirectoryListHandles => {
            Ok(Reply::new(200).xml(listing::all_handles(account, at, request)?))
        }
        Operation::DirectoryDelete if !account.deletes_directories => {
            Err(refusal(403, "AuthorizationFailure"))
        }
        Operation::DirectoryDelete => {
            account.delete_directory(&at.share, &at.path)?;
            Ok(Reply::new(202))
        }
        Operation::DirectorySetMetadata => {
            let metadata = writing::metadata(request)?;
            let etag = account.etag();
            let directory = account.root_mut(&at.share)?.at_mut(&at.path)?;
            (directory.info.metadata, directory.info.etag) = (metadata, etag);
            Ok(dated(Reply::new(200), &directory.info))
        }
        Operation::DirectoryList => {
            let xml = listing::entries(account, at, endpoint, request)?;
            Ok(Reply::new(200).xml(xml))
        }
        _ => {
            let root = account.root(&at.share, request.query("sharesnapshot"))?;
            let info = &root.at(&at.path)?.info;
            let reply = described(dated(Reply::new(200), info), info);
            Ok(with_metadata(reply, info).with("x-ms-server-encrypted", "true"))
        }
    }
}

fn read(account: &mut Account, at: &Addressed, request: &Request) -> Answer {
    let file = account.root(&at.share, request.query("sharesnapshot"))?.file(&at.path)?;
    file.check_read()?;
    let size = file.bytes.len();
    let asked = request.header("x-ms-range").or_else(|| request.header("range"));
    let Some((start, end)) = asked.and_then(range) else {
        let mut reply = said_of(Reply::new(200), file);
        reply.body = file.bytes.clone();
        return Ok(reply);
    };
    if start >= size || end < start {
        return Err(refusal(416, "InvalidRange"));
    }
    let end = end.min(size - 1);
    let mut reply = said_of(Reply::new(206), file);
    reply = reply.with("Content-Range", format!("bytes {start}-{end}/{size}"));
    reply.body = file.bytes.slice(start..=end);
    Ok(reply)
}

fn head(account: &mut Account, at: &Addressed, request: &Request) -> Answer {
    let file = account.root(&at.share, request.query("sharesnapshot"))?.file(&at.path)?;
    file.check_open()?;
    let mut reply = said_of(Reply::new(200), file).with("x-ms-type", "File");
    reply.length = Some(file.bytes.len());
    Ok(reply)
}

/// Everything that is said of what was read.
fn said_of(reply: Reply, file: &File) -> Reply {
    let mut reply = described(dated(reply, &file.info), &file.info)
        .with("Accept-Ranges", "bytes")
        .with("x-ms-server-encrypted", "true");
    for (name, value) in &file.content {
        reply = reply.with(name, value);
    }
    let (status, state) =
        if file.lease.is_some() { ("locked", "leased") } else { ("unlocked", "available") };
    reply = reply.with("x-ms-lease-status", status).with("x-ms-lease-state", state);
    if file.lease.is_some() {
        reply = reply.with("x-ms-lease-duration", "infinite");
    }
    with_metadata(reply, &file.info)
}

fn with_metadata(mut reply: Reply, info: &Info) -> Reply {
    for (name, value) in &info.metadata {
        reply = reply.with(&format!("x-ms-meta-{name}"), value);
    }
    reply
}

fn written(reply: Reply, file: &File) -> Reply {
    let reply = described(dated(reply, &file.info), &file.info);
    reply.with("x-ms-request-server-encrypted", "true")
}

fn described(mut reply: Reply, info: &Info) -> Reply {
    for (name, value) in listing::headers(info) {
        reply = reply.with(name, value);
    }
    reply
}

fn dated(reply: Reply, info: &Info) -> Reply {
    reply.with("ETag", &info.etag).with("Last-Modified", http_date(info.modified))
}
