//! Posting to callback URLs.
//!
//! Producers choose the URLs, so this is where the daemon could be made to speak to places that
//! only it can reach. The rule is asked here as well as at the door. An address in the URL is
//! checked before the connection is made; a name is resolved by us, checked, and connected to at
//! the very addresses that were checked. There are no redirects and no proxies to get round that.
//!
//! Errors of the HTTP client are not passed on as they are: they quote the URL.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use thiserror::Error;

use crate::adapters::silence::{Silence, chain};
use crate::domain::callbacks::rule::CallbackRule;
use crate::domain::callbacks::url::CallbackUrl;
use crate::domain::failure::Failure;
use crate::ports::messages::callbacks::{Answer, Callbacks, Letter};

/// Posts over HTTP.
pub struct HttpCallbacks {
    rule: Arc<CallbackRule>,
    secure: Client,
    plain: Client,
}

/// Why there is no answer. Holds nothing of the URL but what its host made of it.
#[derive(Debug, Error)]
enum Trouble {
    #[error("the host's name leads to an address that callbacks may not go to")]
    Address,
    #[error(transparent)]
    Silent(Silence),
    #[error("the connection broke")]
    Broken,
}

impl HttpCallbacks {
    /// Posts where the rule allows it, and waits so long for an answer.
    ///
    /// # Errors
    /// The system has no usable TLS roots.
    pub fn open(rule: &CallbackRule, timeout: Duration) -> Result<Self, Failure> {
        let rule = Arc::new(rule.clone());
        let client = |is_plain: bool| {
            Client::builder()
                .user_agent(concat!("dsrd/", env!("CARGO_PKG_VERSION")))
                .redirect(Policy::none())
                .no_proxy()
                .https_only(!is_plain)
                .timeout(timeout)
                .dns_resolver(Arc::new(Guarded { rule: Arc::clone(&rule), is_plain }))
                .build()
                .map_err(|error| {
                    Failure::needs_person("preparing TLS for callbacks").because(error)
                })
        };
        Ok(Self { secure: client(false)?, plain: client(true)?, rule: Arc::clone(&rule) })
    }
}

#[async_trait]
impl Callbacks for HttpCallbacks {
    async fn post(&self, url: &CallbackUrl, letter: &Letter) -> Result<Answer, Failure> {
        let doing = || format!("posting a callback to {}", url.host());
        self.rule.check(url).map_err(|refused| Failure::needs_person(doing()).because(refused))?;
        let client = if url.is_plain() { &self.plain } else { &self.secure };
        let mut request = client.post(url.parts().clone()).body(letter.body.clone());
        for (name, value) in &letter.headers {
            request = request.header(name, value);
        }
        let response = request.send().await.map_err(|error| match trouble(&error) {
            trouble @ Trouble::Address => Failure::needs_person(doing()).because(trouble),
            trouble => Failure::transient(doing()).because(trouble),
        })?;
        // The body is of no interest, and dropped unread: it might be endless.
        Ok(answer(response.status(), response.headers()))
    }
}

fn answer(status: StatusCode, headers: &HeaderMap) -> Answer {
    match status {
        StatusCode::GONE => Answer::Gone,
        status if status.is_success() => Answer::Taken,
        status => {
            let after = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            let seconds: Option<u64> = after.and_then(|seconds| seconds.trim().parse().ok());
            let retry_after_ms = seconds.map(|seconds| seconds.saturating_mul(1000));
            Answer::Refused { status: status.as_u16(), retry_after_ms }
        }
    }
}

fn trouble(error: &reqwest::Error) -> Trouble {
    if chain(error).any(|error| error.is::<AddressRefused>()) {
        return Trouble::Address;
    }
    Silence::behind(error).map_or(Trouble::Broken, Trouble::Silent)
}

/// Resolves names as the system does, and refuses those that lead astray.
struct Guarded {
    rule: Arc<CallbackRule>,
    is_plain: bool,
}

/// One of a name's addresses is not admitted. Then none is used: a name that is public and private
/// at once is a trick or a mistake.
#[derive(Debug, Error)]
#[error("an address is not admitted")]
struct AddressRefused;

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (rule, is_plain) = (Arc::clone(&self.rule), self.is_plain);
        Box::pin(async move {
            // The port is filled in by whoever asks.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let found: Vec<SocketAddr> = found.collect();
            if !found.iter().all(|address| rule.admits(address.ip(), is_plain)) {
                return Err(AddressRefused.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}
