//! The issuer's keys, from its own address or from a file, kept for a while.
//!
//! Issuers change their keys without a word, and withdraw one that was lost: so they are asked for
//! again from time to time, and when a token names a key that is not known. That anybody can make
//! tokens up must not make us ask all the time, and that the issuer is away for a while must not
//! shut the operators out.

use std::path::Path;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use reqwest::Client;
use reqwest::redirect::Policy;
use tokio::sync::Mutex as AsyncMutex;

use crate::adapters::http::operators::bearer::Stranger;
use crate::config::settings::KeySet;
use crate::domain::failure::Failure;

/// How long keys are taken as they are.
const FRESH: SignedDuration = SignedDuration::from_mins(10);

/// How long they are taken where no others can be had.
const USABLE: SignedDuration = SignedDuration::from_hours(24);

/// How often they are asked for at most.
const ASK_EVERY: SignedDuration = SignedDuration::from_secs(30);

/// How long the answer may take.
const TIME_MAX: Duration = Duration::from_secs(5);

/// How long it may be. Entra's has about 20 KiB.
const BYTES_MAX: usize = 512 * 1024;

/// The keys.
pub struct Keys {
    place: KeySet,
    client: Client,
    held: Mutex<Held>,
    /// Whoever asks holds this; who needs no answer does not wait for it.
    asking: AsyncMutex<()>,
}

#[derive(Default)]
struct Held {
    keys: Option<(JwkSet, Timestamp)>,
    asked: Option<Timestamp>,
}

impl Keys {
    /// Those there. Nobody is asked yet.
    ///
    /// # Errors
    /// The system has no usable TLS roots.
    pub fn new(place: KeySet) -> Result<Self, Failure> {
        let client = Client::builder()
            .user_agent(concat!("dsrd/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .timeout(TIME_MAX)
            .build();
        let client = client.map_err(|error| {
            Failure::needs_person("preparing TLS for [http.operators] keys_url").because(error)
        })?;
        Ok(Self { place, client, held: Mutex::default(), asking: AsyncMutex::default() })
    }

    /// The one with this id. Whoever comes while its issuer is asked waits for the same answer.
    ///
    /// # Errors
    /// There is none, or nobody can say.
    pub async fn find(&self, id: &str, now: Timestamp) -> Result<Jwk, Stranger> {
        if let Some(key) = self.held().get(id, now, FRESH) {
            return Ok(key);
        }
        let _one_asks = self.asking.lock().await;
        if self.held().is_to_be_asked(id, now) {
            match self.fetch().await {
                Ok(keys) => self.held().keys = Some((keys, now)),
                Err(failure) => {
                    let reason = failure.chain();
                    tracing::warn!(reason, "the keys of [http.operators] cannot be had");
                }
            }
        }
        let held = self.held();
        match &held.keys {
            Some((_, at)) if age(*at, now) < USABLE => {
                let none = Stranger::Distrusted("the issuer has no such key");
                held.get(id, now, USABLE).ok_or(none)
            }
            _ => Err(Stranger::Unsure),
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().expect("nobody panics with the keys in hand")
    }

    async fn fetch(&self) -> Result<JwkSet, Failure> {
        let (doing, bytes) = match &self.place {
            KeySet::File(path) => (format!("reading {}", path.display()), read(path).await?),
            KeySet::Url(url) => {
                let doing = format!("asking {} for its keys", url.host_str().unwrap_or_default());
                let bytes = self.ask(url, &doing).await?;
                (doing, bytes)
            }
        };
        serde_json::from_slice(&bytes).map_err(|error| {
            Failure::needs_person(doing).because(format!("it is no JSON Web Key Set: {error}"))
        })
    }

    async fn ask(&self, url: &url::Url, doing: &str) -> Result<Vec<u8>, Failure> {
        let failed = |error: reqwest::Error| Failure::transient(doing).because(error.without_url());
        let answer = self.client.get(url.clone()).send().await.map_err(failed)?;
        let answer = answer.error_for_status().map_err(failed)?;
        if !answer.status().is_success() {
            return Err(Failure::needs_person(doing).because("it leads elsewhere"));
        }
        let (mut bytes, mut pieces) = (Vec::new(), answer.bytes_stream());
        while let Some(piece) = pieces.next().await {
            bytes.extend_from_slice(&piece.map_err(failed)?);
            if bytes.len() > BYTES_MAX {
                return Err(Failure::needs_person(doing).because("the answer is too long"));
            }
        }
        Ok(bytes)
    }
}

impl Held {
    /// Whether the issuer is to be asked for that key now; who hears yes asks.
    fn is_to_be_asked(&mut self, id: &str, now: Timestamp) -> bool {
        let is_known = self.get(id, now, FRESH).is_some();
        let is_time = self.asked.is_none_or(|asked| age(asked, now) >= ASK_EVERY);
        if !is_known && is_time {
            self.asked = Some(now);
        }
        !is_known && is_time
    }

    /// That key, if it is known and was so lately.
    fn get(&self, id: &str, now: Timestamp, within: SignedDuration) -> Option<Jwk> {
        let (keys, at) = self.keys.as_ref()?;
        keys.find(id).filter(|_| age(*at, now) < within).cloned()
    }
}

async fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    tokio::fs::read(path).await.map_err(|error| {
        Failure::needs_person(format!("reading {}", path.display())).because(error)
    })
}

/// Clocks step back: how far apart it is, whichever came first.
fn age(then: Timestamp, now: Timestamp) -> SignedDuration {
    now.duration_since(then).abs()
}
