//! Keys that are given out to sign links with, and the links: who comes with one needs nothing
//! else.
//!
//! The text that is signed has the fields and the order of Microsoft's `azure-storage-blob` for
//! Python, `_shared_access_signature.py`, for user delegation.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use sha2::Sha256;

use crate::support::blob_server::conditions::{Refusal, refusal};
use crate::support::blob_server::operation::{Addressed, texts};
use crate::support::blob_server::server::ACCOUNT;
use crate::support::blob_server::wire::{Reply, Request};

const KEY: &[u8] = b"a key for links of thirty-two b.";
const OBJECT: &str = "0b1c2d3e-0000-4000-8000-00000000000a";
const TENANT: &str = "0b1c2d3e-0000-4000-8000-00000000000b";

/// Gives out the key for the times that are asked for.
pub fn key(request: &Request, now: Timestamp) -> Result<Reply, Refusal> {
    let times = texts(&request.body, &["Start", "Expiry"])?;
    let invalid = refusal(400, "InvalidInput");
    let find = |name: &str| times.iter().find(|(element, _)| element == name);
    let time =
        |name| find(name).and_then(|(_, text)| text.parse::<Timestamp>().ok()).ok_or(invalid);
    let (start, expiry) = (time("Start")?, time("Expiry")?);
    let week = SignedDuration::from_hours(7 * 24);
    if start > now || expiry <= now || expiry.duration_since(start) > week {
        return Err(invalid);
    }
    let version = request.header("x-ms-version").unwrap_or_default();
    let value = STANDARD.encode(KEY);
    Ok(Reply::new(200).xml(format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><UserDelegationKey>\
         <SignedOid>{OBJECT}</SignedOid><SignedTid>{TENANT}</SignedTid>\
         <SignedStart>{start}</SignedStart><SignedExpiry>{expiry}</SignedExpiry>\
         <SignedService>b</SignedService><SignedVersion>{version}</SignedVersion>\
         <Value>{value}</Value></UserDelegationKey>"
    )))
}

/// Whether the link of a request that comes by one is right, and for what it asks.
pub fn check(request: &Request, place: &Addressed, now: Timestamp) -> Result<(), Refusal> {
    let field = |name| request.query(name).unwrap_or_default();
    let is_whole = field("sr") == "c";
    let blob = if is_whole { String::new() } else { format!("/{}", place.blob) };
    let resource = format!("/blob/{ACCOUNT}/{}{blob}", place.container);
    let key = ["skoid", "sktid", "skt", "ske", "sks", "skv", "saoid", "suoid", "scid"];
    let (first, rest) = (["sp", "st", "se"], ["skdutid", "sduoid", "sip", "spr", "sv", "sr"]);
    let mut fields: Vec<&str> = first.map(field).to_vec();
    fields.push(&resource);
    fields.extend(key.map(field));
    fields.extend(rest.map(field));
    // Snapshot, scope, signed headers and parameters, and five headers to answer with.
    fields.extend([""; 9]);
    let mut hmac = Hmac::<Sha256>::new_from_slice(KEY).unwrap();
    hmac.update(fields.join("\n").as_bytes());
    let is_right = STANDARD.encode(hmac.finalize().into_bytes()) == field("sig");
    let ends = |name| field(name).parse::<Timestamp>().ok();
    let is_over = [ends("se"), ends("ske")].iter().any(|end| end.is_none_or(|end| end <= now));
    // A list takes another right than a read.
    let right = match (request.method.as_str(), place.blob.is_empty()) {
        ("GET" | "HEAD", false) => 'r',
        ("PUT", false) => 'w',
        (_, true) => 'l',
        _ => 'd',
    };
    match (is_right && !is_over, field("sp").contains(right)) {
        (false, _) => Err(refusal(403, "AuthenticationFailed")),
        (true, false) => Err(refusal(403, "AuthorizationPermissionMismatch")),
        (true, true) => Ok(()),
    }
}
