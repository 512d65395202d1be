//! Requests that change a file: headers to what its share takes.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use url::Url;
use uuid::Uuid;

use crate::support::blob_server::conditions::{Refusal, refusal};
use crate::support::blob_server::operation::CONTENT;
use crate::support::blob_server::wire::Request;
use crate::support::file_server::account::{Account, INHERITED};
use crate::support::file_server::operation::{Addressed, is_path, place, range};
use crate::support::file_server::tree::{
    Directory, File, Info, NOT_FOUND, Node, READ_ONLY, folded, split,
};

/// Bytes that one range may have.
const RANGE_BYTES_MAX: usize = 4 * 1024 * 1024;

const BAD_HEADER: Refusal = refusal(400, "InvalidHeaderValue");
const MISSING: Refusal = refusal(400, "MissingRequiredHeader");

/// A file of zeros in the place of what had the name.
pub fn create(account: &mut Account, at: &Addressed, request: &Request) -> Result<File, Refusal> {
    let length = request.header("x-ms-content-length").ok_or(MISSING)?;
    let length: usize = length.parse().map_err(|_| BAD_HEADER)?;
    match request.header("x-ms-type") {
        Some(kind) if kind.eq_ignore_ascii_case("file") => {}
        Some(_) => return Err(BAD_HEADER),
        None => return Err(MISSING),
    }
    if !is_path(&at.path) {
        return Err(refusal(400, "InvalidResourceName"));
    }
    match account.root(&at.share, None)?.file(&at.path) {
        Ok(file) => {
            file.check_write(request.header("x-ms-lease-id"))?;
            if file.info.is_read_only() {
                return Err(READ_ONLY);
            }
        }
        Err(refused) if refused == NOT_FOUND => {}
        Err(refused) => return Err(refused),
    }
    let mut file = account.file(Bytes::from(vec![0; length]));
    file.content.extend(content(request));
    file.info.metadata = metadata(request)?;
    said(account, &at.share, &mut file.info, request)?;
    account.insert(&at.share, &at.path, Node::File(file.clone()))?;
    Ok(file)
}

/// Bytes into a file, or zeros in their place.
pub fn upload(account: &mut Account, at: &Addressed, request: &Request) -> Result<File, Refusal> {
    let (start, end) = request.header("x-ms-range").and_then(range).ok_or(MISSING)?;
    let (now, etag) = (account.now, account.etag());
    let file = account.root_mut(&at.share)?.file_mut(&at.path)?;
    file.check_write(request.header("x-ms-lease-id"))?;
    if end < start || end >= file.bytes.len() {
        return Err(refusal(416, "InvalidRange"));
    }
    let mut bytes = file.bytes.to_vec();
    match request.header("x-ms-write") {
        Some("update") if request.body.len() > RANGE_BYTES_MAX => {
            return Err(refusal(413, "RequestBodyTooLarge"));
        }
        Some("update") if request.body.len() == end - start + 1 => {
            bytes[start..=end].copy_from_slice(&request.body);
        }
        Some("clear") if request.body.is_empty() => bytes[start..=end].fill(0),
        Some(_) => return Err(BAD_HEADER),
        None => return Err(MISSING),
    }
    file.bytes = bytes.into();
    (file.info.etag, file.info.modified, file.info.changed) = (etag, now, now);
    if request.header("x-ms-file-last-write-time").is_none_or(|it| it != "preserve") {
        file.info.written = now;
    }
    Ok(file.clone())
}

pub fn set_headers(
    account: &mut Account,
    at: &Addressed,
    request: &Request,
) -> Result<File, Refusal> {
    let mut file = account.root(&at.share, None)?.file(&at.path)?.clone();
    file.check_write(request.header("x-ms-lease-id"))?;
    if let Some(length) = request.header("x-ms-content-length") {
        let length = length.parse().map_err(|_| BAD_HEADER)?;
        let mut bytes = file.bytes.to_vec();
        bytes.resize(length, 0);
        file.bytes = bytes.into();
    }
    file.content = content(request);
    said(account, &at.share, &mut file.info, request)?;
    touched(account, &mut file.info);
    account.insert(&at.share, &at.path, Node::File(file.clone()))?;
    Ok(file)
}

pub fn set_metadata(
    account: &mut Account,
    at: &Addressed,
    request: &Request,
) -> Result<File, Refusal> {
    let metadata = metadata(request)?;
    let mut file = account.root(&at.share, None)?.file(&at.path)?.clone();
    file.check_write(request.header("x-ms-lease-id"))?;
    file.info.metadata = metadata;
    touched(account, &mut file.info);
    account.insert(&at.share, &at.path, Node::File(file.clone()))?;
    Ok(file)
}

/// Gives a file another name, that of another where that is said.
pub fn rename(account: &mut Account, at: &Addressed, request: &Request) -> Result<File, Refusal> {
    let is_true = |name: &str| request.header(name) == Some("true");
    let source = request.header("x-ms-file-rename-source").ok_or(MISSING)?;
    let source = Url::parse(source).map_err(|_| BAD_HEADER)?;
    let is_signed = source.query_pairs().any(|(name, _)| name == "sig");
    if request.query("sig").is_some() && !is_signed {
        return Err(refusal(403, "AuthenticationFailed"));
    }
    let from = place(source.path(), is_true("x-ms-source-allow-trailing-dot"));
    let from = from.filter(|from| from.share == at.share).ok_or(BAD_HEADER)?;
    if !is_path(&at.path) {
        return Err(refusal(400, "InvalidResourceName"));
    }
    let root = account.root(&at.share, None)?;
    let mut file = root.file(&from.path)?.clone();
    file.check_open()?;
    file.check_write(request.header("x-ms-source-lease-id"))?;
    file.check_shared(|handle| handle.lets_delete)?;
    match root.file(&at.path) {
        Ok(_) if !is_true("x-ms-file-rename-replace-if-exists") => {
            return Err(refusal(409, "ResourceAlreadyExists"));
        }
        Ok(old) => {
            old.check_write(request.header("x-ms-destination-lease-id"))?;
            old.check_shared(|handle| handle.lets_delete)?;
            if old.info.is_read_only() && !is_true("x-ms-file-rename-ignore-readonly") {
                return Err(READ_ONLY);
            }
        }
        Err(refused) if refused == NOT_FOUND => {}
        Err(refused) => return Err(refused),
    }
    said(account, &at.share, &mut file.info, request)?;
    let metadata = metadata(request)?;
    if !metadata.is_empty() {
        file.info.metadata = metadata;
    }
    if let Some(kind) = request.header("x-ms-content-type") {
        file.content.insert("content-type".to_owned(), kind.to_owned());
    }
    touched(account, &mut file.info);
    let (parent, name) = account.root_mut(&at.share)?.parent_mut(&from.path)?;
    parent.entries.remove(&folded(&name));
    account.insert(&at.share, &at.path, Node::File(file.clone()))?;
    // It is called as it is said now, in this case too.
    let (parent, _) = account.root_mut(&at.share)?.parent_mut(&at.path)?;
    let entry = parent.entries.get_mut(&folded(split(&at.path).1));
    entry.ok_or(NOT_FOUND)?.name = split(&at.path).1.to_owned();
    Ok(file)
}

pub fn create_directory(
    account: &mut Account,
    at: &Addressed,
    request: &Request,
) -> Result<Info, Refusal> {
    if !is_path(&at.path) {
        return Err(refusal(400, "InvalidResourceName"));
    }
    let mut info = account.info("Directory");
    info.metadata = metadata(request)?;
    said(account, &at.share, &mut info, request)?;
    let (parent, name) = account.root_mut(&at.share)?.parent_mut(&at.path)?;
    if parent.entries.contains_key(&folded(&name)) {
        return Err(refusal(409, "ResourceAlreadyExists"));
    }
    let directory = Directory { info: info.clone(), entries: BTreeMap::new() };
    account.insert(&at.share, &at.path, Node::Directory(directory))?;
    Ok(info)
}

/// Status and file after an endless lease was taken or given back: files have no others.
pub fn lease(
    account: &mut Account,
    at: &Addressed,
    request: &Request,
) -> Result<(u16, File), Refusal> {
    let file = account.root_mut(&at.share)?.file_mut(&at.path)?;
    file.check_open()?;
    let named = request.header("x-ms-lease-id").map(str::to_owned);
    let proposed = request.header("x-ms-proposed-lease-id").map(str::to_owned);
    if proposed.as_ref().is_some_and(|id| Uuid::parse_str(id).is_err()) {
        return Err(BAD_HEADER);
    }
    let (status, lease) = match (request.header("x-ms-lease-action"), &file.lease) {
        (Some("acquire"), _) if request.header("x-ms-lease-duration") != Some("-1") => {
            return Err(BAD_HEADER);
        }
        (Some("acquire"), Some(held)) if proposed.as_ref() == Some(held) => (201, proposed),
        (Some("acquire"), Some(_)) => return Err(refusal(409, "LeaseAlreadyPresent")),
        (Some("acquire"), None) => {
            file.check_shared(|handle| handle.lets_write && handle.lets_delete)?;
            (201, Some(proposed.unwrap_or_else(|| Uuid::new_v4().to_string())))
        }
        (Some("break" | "release" | "change"), None) => {
            return Err(refusal(409, "LeaseNotPresentWithLeaseOperation"));
        }
        (Some("release" | "change"), Some(_)) if file.lease != named => {
            return Err(refusal(409, "LeaseIdMismatchWithLeaseOperation"));
        }
        (Some("change"), Some(_)) => (200, Some(proposed.ok_or(MISSING)?)),
        (Some("release"), Some(_)) => (200, None),
        (Some("break"), Some(_)) => (202, None),
        _ => return Err(BAD_HEADER),
    };
    file.lease = lease;
    Ok((status, file.clone()))
}

/// What a request says of a file beside its bytes.
fn said(
    account: &mut Account,
    share: &str,
    info: &mut Info,
    request: &Request,
) -> Result<(), Refusal> {
    let time = |name: &str| -> Result<Option<Timestamp>, Refusal> {
        let written = request.header(name).filter(|it| *it != "now" && *it != "preserve");
        written.map(|it| it.parse().map_err(|_| BAD_HEADER)).transpose()
    };
    if let Some(attributes) = request.header("x-ms-file-attributes").filter(|it| *it != "preserve")
    {
        let is_none = attributes.eq_ignore_ascii_case("none");
        let attributes = if is_none { "Archive" } else { attributes };
        attributes.clone_into(&mut info.attributes);
    }
    info.created = time("x-ms-file-creation-time")?.unwrap_or(info.created);
    info.written = time("x-ms-file-last-write-time")?.unwrap_or(info.written);
    info.changed = time("x-ms-file-change-time")?.unwrap_or(account.now);
    if let Some(key) = request.header("x-ms-file-permission-key") {
        let is_known = account.share(share)?.permissions.contains_key(key) || key == INHERITED;
        key.clone_into(&mut info.permission);
        return if is_known { Ok(()) } else { Err(BAD_HEADER) };
    }
    match request.header("x-ms-file-permission").map(str::to_lowercase).as_deref() {
        None | Some("inherit" | "preserve") => Ok(()),
        Some(_) => {
            let sddl = request.header("x-ms-file-permission").unwrap_or_default();
            info.permission = permission(account, share, sddl)?;
            Ok(())
        }
    }
}

/// The key under which a share keeps a security descriptor.
pub fn permission(account: &mut Account, share: &str, sddl: &str) -> Result<String, Refusal> {
    let permissions = &mut account.share_mut(share)?.permissions;
    if let Some((key, _)) = permissions.iter().find(|(_, kept)| *kept == sddl) {
        return Ok(key.clone());
    }
    let key = format!("{}*3333333333333333333", 4_000_000_000_000_000_000 + permissions.len());
    permissions.insert(key.clone(), sddl.to_owned());
    Ok(key)
}

fn touched(account: &mut Account, info: &mut Info) {
    info.etag = account.etag();
    info.modified = account.now;
    info.changed = account.now;
}

/// A name of metadata is one of a variable in C#.
pub fn metadata(request: &Request) -> Result<BTreeMap<String, String>, Refusal> {
    let pairs = request.headers.iter().filter_map(|(name, value)| {
        Some((name.strip_prefix("x-ms-meta-")?.to_owned(), value.clone()))
    });
    let metadata: BTreeMap<String, String> = pairs.collect();
    let is_name = |name: &String| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    if metadata.keys().all(is_name) { Ok(metadata) } else { Err(refusal(400, "InvalidMetadata")) }
}

fn content(request: &Request) -> BTreeMap<String, String> {
    let content = CONTENT.iter().filter_map(|name| {
        Some(((*name).to_owned(), request.header(&format!("x-ms-{name}"))?.to_owned()))
    });
    content.collect()
}
