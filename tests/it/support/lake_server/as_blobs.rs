//! The same data by the endpoint of blobs, as far as Microsoft's client and ours ask it: for file
//! systems as containers, files as blobs, leases, and how long deleted paths are kept.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::support::blob_server::account::Policy;
use crate::support::blob_server::conditions::{Refusal, refusal};
use crate::support::blob_server::form::http_date;
use crate::support::blob_server::listing::{escaped, properties, text};
use crate::support::blob_server::wire::{Reply, Request};
use crate::support::lake_server::account::Account;
use crate::support::lake_server::node::{NOT_FOUND, Node};
use crate::support::lake_server::operation::Addressed;
use crate::support::lake_server::service::{Answer, dated, described, kind, of_lake, read};
use crate::support::lake_server::writing;

pub fn act(account: &mut Account, at: &Addressed, endpoint: &str, request: &Request) -> Answer {
    let word = |name| request.query(name).unwrap_or_default();
    let (method, comp) = (request.method.as_str(), word("comp"));
    match (at.lake.is_empty(), at.path.is_empty()) {
        (true, _) if word("restype") == "service" && comp == "properties" => policy(account),
        (true, _) if comp == "list" => containers(account, endpoint, request),
        (false, true) if word("restype") == "container" => match method {
            "PUT" => {
                account.create(&at.lake).map_err(as_container)?;
                Ok(of_lake(account, Reply::new(201)))
            }
            "DELETE" => {
                account.delete(&at.lake);
                Ok(Reply::new(202))
            }
            _ => {
                account.lake(&at.lake).map_err(as_container)?;
                Ok(of_lake(account, Reply::new(200)))
            }
        },
        (false, false) => of_blob(account, at, (method, comp), request).map_err(as_container),
        _ => Err(refusal(400, "InvalidUri")),
    }
}

fn of_blob(
    account: &mut Account,
    at: &Addressed,
    (method, comp): (&str, &str),
    request: &Request,
) -> Answer {
    match (method, comp) {
        ("GET", "") => read(account.node(&at.lake, &at.path)?, request, said_of),
        ("HEAD", "") => {
            let node = account.node(&at.lake, &at.path)?;
            node.check_read(request)?;
            let mut reply = said_of(Reply::new(200), node);
            reply.length = Some(node.size());
            Ok(reply)
        }
        ("PUT", "lease") => {
            let (status, node) = writing::lease(account, at, request)?;
            let reply = dated(Reply::new(status), &node);
            Ok(match &node.lease {
                Some(id) => reply.with("x-ms-lease-id", id),
                None => reply,
            })
        }
        _ => Err(refusal(400, "InvalidUri")),
    }
}

fn said_of(reply: Reply, node: &Node) -> Reply {
    let mut reply = described(reply, node).with("x-ms-blob-type", "BlockBlob");
    reply = reply.with("x-ms-resource-type", kind(node)).with("x-ms-server-encrypted", "true");
    reply = reply.with("x-ms-owner", &node.owner).with("x-ms-group", &node.group);
    for (name, value) in &node.properties {
        let value = STANDARD.decode(value).map(|it| String::from_utf8_lossy(&it).into_owned());
        reply = reply.with(&format!("x-ms-meta-{name}"), value.unwrap_or_default());
    }
    if node.is_directory() {
        reply = reply.with("x-ms-meta-hdi_isfolder", "true");
    }
    reply
}

fn policy(account: &Account) -> Answer {
    if !account.tells_of_deleted {
        return Err(refusal(403, "AuthorizationPermissionMismatch"));
    }
    let retention_days = account.retention_days;
    Ok(Reply::new(200).xml(properties(Policy { retention_days, ..Policy::default() })))
}

fn containers(account: &Account, endpoint: &str, request: &Request) -> Answer {
    let asks_deleted = request.query("include") == Some("deleted");
    if asks_deleted && !account.tells_of_deleted {
        return Err(refusal(403, "AuthorizationPermissionMismatch"));
    }
    let prefix = request.query("prefix").unwrap_or_default();
    let gone = account.deleted.iter().flatten().filter(|_| asks_deleted).map(|name| (name, true));
    let there = account.file_systems.keys().map(|name| (name, false));
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults ServiceEndpoint=\"{}\">\
         <Containers>",
        escaped(endpoint)
    );
    for (name, is_gone) in there.chain(gone).filter(|(name, _)| name.starts_with(prefix)) {
        xml.push_str("<Container>");
        text(&mut xml, "Name", name);
        if is_gone {
            text(&mut xml, "Deleted", "true");
            text(&mut xml, "Version", "01D0000000000000");
        }
        xml.push_str("<Properties>");
        text(&mut xml, "Last-Modified", &http_date(account.now));
        text(&mut xml, "Etag", "\"0x8DE00000000\"");
        xml.push_str("</Properties></Container>");
    }
    Ok(Reply::new(200).xml(xml + "</Containers><NextMarker /></EnumerationResults>"))
}

/// The words of this endpoint.
fn as_container(refused: Refusal) -> Refusal {
    match refused.code {
        "FilesystemNotFound" => refusal(404, "ContainerNotFound"),
        "FilesystemAlreadyExists" => refusal(409, "ContainerAlreadyExists"),
        _ if refused == NOT_FOUND => refusal(404, "BlobNotFound"),
        _ => refused,
    }
}
