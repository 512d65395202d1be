//! Listings as XML, element by element in the order of the published interface.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::support::blob_server::conditions::{Refusal, refusal};
use crate::support::blob_server::form::http_date;
use crate::support::blob_server::listing::{escaped, name, text};
use crate::support::blob_server::wire::Request;
use crate::support::file_server::account::{Account, RETENTION_DAYS, Share};
use crate::support::file_server::operation::Addressed;
use crate::support::file_server::tree::{Entry, File, Info, Node, folded};

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>";
/// Stands in a name for half a character, which Windows lets into names and no text can hold.
pub const HALF: char = '\u{f8ff}';
/// What may be asked of a listing.
const INCLUDES: [&str; 4] = ["timestamps", "etag", "attributes", "permissionkey"];
const SHARE_INCLUDES: [&str; 3] = ["snapshots", "metadata", "deleted"];

/// A page of what is in a directory: in the order of names without their case, as the service has
/// no published one.
pub fn entries(
    account: &Account,
    place: &Addressed,
    endpoint: &str,
    request: &Request,
) -> Result<String, Refusal> {
    let snapshot = request.query("sharesnapshot");
    let directory = account.root(&place.share, snapshot)?.at(&place.path)?;
    let include = includes(request, &INCLUDES)?;
    let prefix = folded(request.query("prefix").unwrap_or_default());
    let after = request.query("marker").map(read_marker).transpose()?.unwrap_or_default();
    let page_max = page_max(account, request)?;
    let mut xml = format!(
        "{DECLARATION}<EnumerationResults ServiceEndpoint=\"{}\" ShareName=\"{}\"",
        escaped(endpoint),
        escaped(&place.share)
    );
    if let Some(snapshot) = snapshot {
        write!(xml, " ShareSnapshot=\"{snapshot}\"").unwrap();
    }
    write!(xml, " DirectoryPath=\"{}\">", escaped(&place.path)).unwrap();
    echo(&mut xml, request);
    xml.push_str("<Entries>");
    let wanted = directory.entries.iter().filter(|(key, _)| key.starts_with(&prefix));
    let mut ahead = wanted.filter(|(key, _)| **key > after);
    let page: Vec<_> = ahead.by_ref().take(page_max).collect();
    page.iter().for_each(|(_, it)| entry(&mut xml, it, &include));
    xml.push_str("</Entries>");
    let next = ahead.next().and(page.last()).map(|(key, _)| marker(key));
    text(&mut xml, "NextMarker", &next.unwrap_or_default());
    text(&mut xml, "DirectoryId", &directory.info.id.to_string());
    xml.push_str("</EnumerationResults>");
    Ok(xml)
}

fn entry(xml: &mut String, entry: &Entry, include: &[String]) {
    let (element, info, length) = match &entry.node {
        Node::File(file) => {
            ("File", &file.info, Some(file.listed_size.unwrap_or(file.bytes.len())))
        }
        Node::Directory(directory) => ("Directory", &directory.info, None),
    };
    write!(xml, "<{element}>").unwrap();
    match entry.name.contains(HALF) {
        false => name(xml, "Name", &entry.name),
        true => {
            let encoded = utf8_percent_encode(&entry.name, NON_ALPHANUMERIC).to_string();
            let halved = encoded.replace("%EF%A3%BF", "%ED%A0%80");
            write!(xml, "<Name Encoded=\"true\">{halved}</Name>").unwrap();
        }
    }
    let asks = |word: &str| include.iter().any(|it| it == word);
    if !include.is_empty() {
        text(xml, "FileId", &info.id.to_string());
    }
    xml.push_str("<Properties>");
    if let Some(length) = length {
        text(xml, "Content-Length", &length.to_string());
    }
    if asks("timestamps") {
        text(xml, "CreationTime", &file_time(info.created));
        text(xml, "LastAccessTime", &file_time(info.written));
        text(xml, "LastWriteTime", &file_time(info.written));
        text(xml, "ChangeTime", &file_time(info.changed));
        text(xml, "Last-Modified", &http_date(info.modified));
    }
    if asks("etag") {
        text(xml, "Etag", &info.etag);
    }
    xml.push_str("</Properties>");
    if asks("attributes") {
        text(xml, "Attributes", &info.attributes);
    }
    if asks("permissionkey") {
        text(xml, "PermissionKey", &info.permission);
    }
    write!(xml, "</{element}>").unwrap();
}

/// A page of the shares.
pub fn shares(account: &Account, endpoint: &str, request: &Request) -> Result<String, Refusal> {
    let include = includes(request, &SHARE_INCLUDES)?;
    let asks = |word: &str| include.iter().any(|it| it == word);
    let prefix = request.query("prefix").unwrap_or_default();
    let after = request.query("marker").map(read_marker).transpose()?.unwrap_or_default();
    let page_max = page_max(account, request)?;
    let mut all: Vec<(String, &str, &Share, Option<&str>)> = Vec::new();
    let wanted = account.shares.iter().filter(|(name, _)| name.starts_with(prefix));
    for (name, share) in wanted.filter(|(_, share)| share.deleted.is_none() || asks("deleted")) {
        if asks("snapshots") {
            let snapshots = share.snapshots.keys();
            all.extend(snapshots.map(|at| (format!("{name} {at}"), &**name, share, Some(&**at))));
        }
        all.push((format!("{name} ~"), name, share, None));
    }
    let mut xml =
        format!("{DECLARATION}<EnumerationResults ServiceEndpoint=\"{}\">", escaped(endpoint));
    echo(&mut xml, request);
    xml.push_str("<Shares>");
    let mut ahead = all.iter().filter(|(key, ..)| *key > after);
    let page: Vec<_> = ahead.by_ref().take(page_max).collect();
    for (_, name, share, snapshot) in &page {
        one_share(&mut xml, account, name, share, *snapshot);
    }
    xml.push_str("</Shares>");
    let next = ahead.next().and(page.last()).map(|(key, ..)| marker(key));
    text(&mut xml, "NextMarker", &next.unwrap_or_default());
    xml.push_str("</EnumerationResults>");
    Ok(xml)
}

fn one_share(
    xml: &mut String,
    account: &Account,
    name: &str,
    share: &Share,
    snapshot: Option<&str>,
) {
    xml.push_str("<Share>");
    text(xml, "Name", name);
    if let Some(snapshot) = snapshot {
        text(xml, "Snapshot", snapshot);
    }
    if share.deleted.is_some() {
        text(xml, "Deleted", "true");
        text(xml, "Version", "01D0000000000000");
    }
    xml.push_str("<Properties>");
    text(xml, "Last-Modified", &http_date(share.root.info.modified));
    text(xml, "Etag", &share.root.info.etag);
    text(xml, "Quota", "5120");
    if let Some(deleted) = share.deleted {
        text(xml, "DeletedTime", &http_date(deleted));
        let days = account.now.duration_since(deleted).as_hours() / 24;
        text(xml, "RemainingRetentionDays", &(RETENTION_DAYS - days).to_string());
    }
    text(xml, "AccessTier", "TransactionOptimized");
    xml.push_str("</Properties></Share>");
}

/// A page of what is open in a directory and all below it, by the order of paths.
pub fn all_handles(
    account: &Account,
    place: &Addressed,
    request: &Request,
) -> Result<String, Refusal> {
    if request.header("x-ms-recursive") != Some("true") {
        return Ok(handles(&[], ""));
    }
    let found = account.root(&place.share, None)?.walk();
    let files = found.iter().filter_map(|(path, node)| match node {
        Node::File(file) => Some((path.as_str(), file)),
        Node::Directory(_) => None,
    });
    let after = request.query("marker").map(read_marker).transpose()?.unwrap_or_default();
    let mut ahead = files.filter(|(path, file)| *path > after.as_str() && !file.handles.is_empty());
    let page: Vec<_> = ahead.by_ref().take(page_max(account, request)?).collect();
    let next = ahead.next().and(page.last()).map(|(path, _)| marker(path));
    Ok(handles(&page, &next.unwrap_or_default()))
}

/// What is open of files.
pub fn handles(files: &[(&str, &File)], next_marker: &str) -> String {
    let mut xml = format!("{DECLARATION}<EnumerationResults><Entries>");
    let all =
        files.iter().flat_map(|(path, file)| file.handles.iter().map(|it| (*path, *file, it)));
    for (path, file, handle) in all {
        xml.push_str("<Handle>");
        text(&mut xml, "HandleId", &handle.id.to_string());
        name(&mut xml, "Path", path);
        text(&mut xml, "FileId", &file.info.id.to_string());
        text(&mut xml, "ParentId", "0");
        text(&mut xml, "SessionId", "9385737614310506553");
        text(&mut xml, "ClientIp", "10.0.0.4:49152");
        text(&mut xml, "ClientName", "instance");
        text(&mut xml, "OpenTime", &http_date(file.info.changed));
        xml.push_str("</Handle>");
    }
    xml.push_str("</Entries>");
    text(&mut xml, "NextMarker", next_marker);
    xml.push_str("</EnumerationResults>");
    xml
}

/// Which bytes of a file were ever written.
pub fn ranges(file: &File) -> String {
    let mut xml = format!("{DECLARATION}<Ranges>");
    if !file.bytes.is_empty() {
        let end = file.bytes.len() - 1;
        write!(xml, "<Range><Start>0</Start><End>{end}</End></Range>").unwrap();
    }
    xml + "</Ranges>"
}

/// The properties of the service: none is set.
pub fn service() -> String {
    format!("{DECLARATION}<StorageServiceProperties><Cors /></StorageServiceProperties>")
}

/// Times of a file, to a tenth of a microsecond.
pub fn file_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%9f").to_string()[..27].to_owned() + "Z"
}

/// Headers that say what `info` says.
pub fn headers(info: &Info) -> Vec<(&'static str, String)> {
    vec![
        ("x-ms-file-permission-key", info.permission.clone()),
        ("x-ms-file-attributes", info.attributes.clone()),
        ("x-ms-file-creation-time", file_time(info.created)),
        ("x-ms-file-last-write-time", file_time(info.written)),
        ("x-ms-file-change-time", file_time(info.changed)),
        ("x-ms-file-id", info.id.to_string()),
        ("x-ms-file-parent-id", "0".to_owned()),
    ]
}

fn includes(request: &Request, known: &[&str]) -> Result<Vec<String>, Refusal> {
    let include = request.query("include").unwrap_or_default().to_lowercase();
    let words: Vec<String> =
        include.split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect();
    let is_known = |word: &String| known.contains(&word.as_str());
    if !words.iter().all(is_known) {
        return Err(refusal(400, "InvalidQueryParameterValue"));
    }
    Ok(words)
}

fn echo(xml: &mut String, request: &Request) {
    name(xml, "Prefix", request.query("prefix").unwrap_or_default());
    if let Some(value) = request.query("marker") {
        text(xml, "Marker", value);
    }
    if let Some(value) = request.query("maxresults") {
        text(xml, "MaxResults", value);
    }
}

fn page_max(account: &Account, request: &Request) -> Result<usize, Refusal> {
    let Some(asked) = request.query("maxresults") else { return Ok(account.page_max) };
    match asked.parse() {
        Ok(count @ 1..) => Ok(account.page_max.min(count)),
        Ok(_) => Err(refusal(400, "OutOfRangeQueryParameterValue")),
        Err(_) => Err(refusal(400, "InvalidQueryParameterValue")),
    }
}

/// Opaque, as the service's own are.
fn marker(key: &str) -> String {
    format!("3!{}", URL_SAFE_NO_PAD.encode(key))
}

fn read_marker(marker: &str) -> Result<String, Refusal> {
    let encoded = marker.strip_prefix("3!").and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    let key = encoded.and_then(|bytes| String::from_utf8(bytes).ok());
    key.ok_or(refusal(400, "InvalidQueryParameterValue"))
}
