//! Tells browsers that something has changed, and nothing else: they then look at their page again.
//! (Server-sent events, <https://html.spec.whatwg.org/multipage/server-sent-events.html>.)
//!
//! The ledger is asked whether something has changed, every two seconds while somebody listens, and
//! once for all of them. Who listens holds a connection and a place; there are few places, so that
//! those who look leave connections to those who probe.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{self, HeaderName};
use axum::response::{IntoResponse, Response};
use futures::stream;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::adapters::http::site::Site;

/// Listeners at once. Others look by themselves from time to time.
pub const LISTENERS_MAX: usize = 32;

/// How long nobody asks the ledger again.
const ASK_EVERY_MS: u64 = 2_000;

/// How often a word is said, so that a proxy keeps the connection and a listener that is gone is
/// noticed.
const BEAT_MS: u64 = 15_000;

/// How long somebody listens before he must come again: less than a connection is kept.
const LISTEN_MAX: SignedDuration = SignedDuration::from_secs(90);

const EVENT: &str = "data: changed\n\n";
const BEAT: &str = ":\n\n";
/// Whoever loses the connection comes again after so many milliseconds.
const FIRST: &str = "retry: 3000\n\n";

/// Who listens, and what there is to be heard.
pub struct Changes {
    site: Arc<Site>,
    places: Arc<Semaphore>,
    changed: watch::Sender<u64>,
    came: Notify,
    stopping: CancellationToken,
}

/// Somebody who listens.
struct Listener {
    site: Arc<Site>,
    changed: watch::Receiver<u64>,
    stopping: CancellationToken,
    /// When he came, once he was answered.
    since: Option<Timestamp>,
    _place: OwnedSemaphorePermit,
}

impl Changes {
    /// Nobody listens yet.
    pub fn new(site: Arc<Site>) -> Self {
        Self {
            site,
            places: Arc::new(Semaphore::new(LISTENERS_MAX)),
            changed: watch::Sender::new(0),
            came: Notify::new(),
            stopping: CancellationToken::new(),
        }
    }

    /// Sends everybody away, and lets nobody in any more.
    pub fn stop(&self) {
        self.stopping.cancel();
    }

    /// Asks the ledger while somebody listens, until stopped.
    pub async fn watch(&self) {
        let watching = async {
            let mut last = None;
            loop {
                if self.changed.receiver_count() == 0 {
                    // Whoever comes looks at his page first.
                    last = None;
                    self.came.notified().await;
                    continue;
                }
                // That it cannot be asked is news too.
                let now = (self.site.ledger.pulse().await.ok(), self.site.lately.down.parts());
                if last.as_ref().is_some_and(|last| *last != now) {
                    self.changed.send_modify(|count| *count += 1);
                }
                last = Some(now);
                self.site.clock.sleep_ms(ASK_EVERY_MS).await;
            }
        };
        self.stopping.run_until_cancelled(watching).await;
    }

    fn listen(&self) -> Option<Body> {
        let listener = Listener {
            site: Arc::clone(&self.site),
            changed: self.changed.subscribe(),
            stopping: self.stopping.clone(),
            since: None,
            _place: Arc::clone(&self.places).try_acquire_owned().ok()?,
        };
        self.came.notify_one();
        Some(Body::from_stream(stream::unfold(listener, Listener::next)))
    }
}

impl Listener {
    /// What he hears next; `None` once he is to go.
    async fn next(mut self) -> Option<(Result<&'static str, Infallible>, Self)> {
        let now = self.site.clock.now();
        let Some(since) = self.since else {
            self.since = Some(now);
            return Some((Ok(FIRST), self));
        };
        if now.duration_since(since).abs() >= LISTEN_MAX {
            return None;
        }
        let clock = Arc::clone(&self.site.clock);
        let told = tokio::select! {
            biased;
            () = self.stopping.cancelled() => return None,
            changed = self.changed.changed() => {
                changed.ok()?;
                EVENT
            }
            () = clock.sleep_ms(BEAT_MS) => BEAT,
        };
        Some((Ok(told), self))
    }
}

/// `/changes`
pub async fn show_changes(State(changes): State<Arc<Changes>>) -> Response {
    match changes.listen() {
        Some(body) => {
            // Which nginx takes as said to it: it would gather them up.
            let at_once = HeaderName::from_static("x-accel-buffering");
            let headers = [(header::CONTENT_TYPE, "text/event-stream"), (at_once, "no")];
            (headers, body).into_response()
        }
        None => (StatusCode::SERVICE_UNAVAILABLE, "too many listen\n").into_response(),
    }
}
