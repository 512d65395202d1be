//! Who is let in: whoever signs with the account's key, has a signature in the URL, or has a token
//! and says that it is for a backup.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use url::form_urlencoded;

use crate::support::blob_server::conditions::{Refusal, refusal};
use crate::support::blob_server::wire::Request;

/// The account's name, and its key.
pub const ACCOUNT: &str = "ownfiles";
pub const KEY: &str = "b3duIGtleQ==";
/// The one token that is good.
pub const TOKEN: &str = "token-of-the-tests";

/// Headers that are signed, in this order, between the method and those of Azure.
const SIGNED: [&str; 11] = [
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
];

/// Refuses whoever is not let in.
pub fn check(request: &Request) -> Result<(), Refusal> {
    if let Some(token) = request.header("authorization").and_then(|it| it.strip_prefix("Bearer ")) {
        if request.header("x-ms-file-request-intent") != Some("backup") {
            return Err(refusal(400, "MissingRequiredHeader"));
        }
        return if token == TOKEN {
            Ok(())
        } else {
            Err(refusal(401, "InvalidAuthenticationInfo"))
        };
    }
    if request.query("sig").is_some_and(|signature| signature == "good") {
        return Ok(());
    }
    if is_signed(request, ACCOUNT) {
        return Ok(());
    }
    Err(refusal(403, "AuthenticationFailed"))
}

/// Whether a request is signed with the key of an account of this name.
pub fn is_signed(request: &Request, account: &str) -> bool {
    let signature = signature(&string_to_sign(request, account));
    let expected = format!("SharedKey {account}:{signature}");
    request.header("authorization").is_some_and(|given| given == expected)
}

fn signature(text: &str) -> String {
    let key = STANDARD.decode(KEY).unwrap();
    let mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    STANDARD.encode(mac.chain_update(text).finalize().into_bytes())
}

/// As Microsoft's page "Authorize with Shared Key" has it.
fn string_to_sign(request: &Request, account: &str) -> String {
    let mut lines = vec![request.method.clone()];
    for name in SIGNED {
        let value = request.header(name).unwrap_or_default();
        let is_left_out = name == "content-length" && value == "0";
        lines.push(if is_left_out { String::new() } else { value.to_owned() });
    }
    for (name, value) in request.headers.iter().filter(|(name, _)| name.starts_with("x-ms-")) {
        lines.push(format!("{name}:{value}"));
    }
    lines.push(format!("/{account}{}", request.path));
    let pairs = form_urlencoded::parse(request.query_text.as_bytes());
    let mut query: Vec<(String, String)> =
        pairs.map(|(name, value)| (name.to_lowercase(), value.into_owned())).collect();
    query.sort_unstable();
    lines.extend(query.into_iter().map(|(name, value)| format!("{name}:{value}")));
    lines.join("\n")
}
