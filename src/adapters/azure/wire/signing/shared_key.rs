//! Signs requests with a storage account's key, which the SDK does not do. The scheme is
//! Microsoft's "Authorize with Shared Key"; emulators and tests use it, production has identities.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{Context, Request};
use azure_core::time::{OffsetDateTime, to_rfc7231};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::config::secret::Secret;
use crate::domain::failure::Failure;

/// Standard headers in the order in which they are signed, `content-length` and `date` apart.
const SIGNED_BEFORE_LENGTH: [&str; 2] = ["content-encoding", "content-language"];
const SIGNED_AFTER_LENGTH: [&str; 8] = [
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
];

/// A policy that signs each try anew, because the signature covers its date.
pub struct SharedKey {
    account: String,
    key: Hmac<Sha256>,
}

impl SharedKey {
    /// Signs for `account` with its base64 key.
    ///
    /// # Errors
    /// Where the key is not base64.
    pub fn new(account: &str, key: &Secret) -> Result<Self, Failure> {
        let doing = "reading the storage account's key: it is not base64";
        let key = STANDARD.decode(key.expose()).map_err(|_| Failure::needs_person(doing))?;
        let key = Hmac::new_from_slice(&key).expect("HMAC takes keys of any length");
        Ok(Self { account: account.to_owned(), key })
    }

    /// The signature over a text, base64.
    pub fn signature(&self, text: &str) -> String {
        STANDARD.encode(self.key.clone().chain_update(text).finalize().into_bytes())
    }

    fn sign(&self, request: &mut Request) {
        // The signature's own date: the server compares it with its clock, not with ours.
        request.insert_header("x-ms-date", to_rfc7231(&OffsetDateTime::now_utc()));
        let signature = self.signature(&string_to_sign(&self.account, request));
        let value = format!("SharedKey {}:{signature}", self.account);
        request.insert_header("authorization", value);
    }
}

#[async_trait]
impl Policy for SharedKey {
    async fn send(
        &self,
        ctx: &Context,
        request: &mut Request,
        next: &[Arc<dyn Policy>],
    ) -> PolicyResult {
        self.sign(request);
        next[0].send(ctx, request, &next[1..]).await
    }
}

impl fmt::Debug for SharedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedKey(***)")
    }
}

fn string_to_sign(account: &str, request: &Request) -> String {
    let mut headers: Vec<(&str, &str)> =
        request.headers().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    headers.sort_unstable();
    let value = |name: &&str| headers.iter().find(|(found, _)| found == name).map_or("", |h| h.1);

    let mut lines = vec![request.method().to_string()];
    lines.extend(SIGNED_BEFORE_LENGTH.iter().map(|name| value(name).to_owned()));
    // The length of the body and not the header, which the transport may add later; none for none.
    let length = request.body().len().filter(|length| *length > 0);
    lines.push(length.map(|length| length.to_string()).unwrap_or_default());
    lines.extend(SIGNED_AFTER_LENGTH.iter().map(|name| value(name).to_owned()));
    for (name, value) in headers.iter().filter(|(name, _)| name.starts_with("x-ms-")) {
        lines.push(format!("{name}:{}", value.trim()));
    }
    lines.push(format!("/{account}{}", request.url().path()));
    let mut query: Vec<(String, String)> = request
        .url()
        .query_pairs()
        .map(|(name, value)| (name.to_lowercase(), value.into_owned()))
        .collect();
    query.sort_unstable();
    lines.extend(query.into_iter().map(|(name, value)| format!("{name}:{value}")));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use azure_core::http::{Method, Url};

    use super::*;

    #[test]
    fn what_is_signed_is_what_the_documentation_shows() {
        let url = "https://myaccount.blob.core.windows.net/mycontainer?restype=container&comp=list";
        let mut request = Request::new(Url::parse(url).unwrap(), Method::Get);
        request.insert_header("x-ms-version", "2015-02-21");
        request.insert_header("x-ms-date", "Fri, 26 Jun 2015 23:39:12 GMT");
        let expected = "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\n\
                        x-ms-version:2015-02-21\n/myaccount/mycontainer\n\
                        comp:list\nrestype:container";
        assert_eq!(string_to_sign("myaccount", &request), expected);
    }
}
