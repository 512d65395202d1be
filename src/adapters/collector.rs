//! A collector of traces and numbers, told over OTLP/HTTP (protobuf).
//!
//! It may be away, slow, full or wrong, and nothing else notices: what is told waits within bounds,
//! and what cannot wait is dropped and counted. That it takes nothing is logged once, and that it
//! does so again. Numbers are never tried again: the next ones say what they said.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use tokio::time::sleep;
use url::Url;
use uuid::Uuid;

use crate::adapters::silence::{Silence, broken};
use crate::config::secret::Secret;
use crate::config::settings::Otlp;
use crate::domain::failure::Failure;
use crate::ports::system::Clock;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::otlp::resource::Teller;
use crate::telemetry::otlp::{numbers, spans};
use crate::telemetry::traces::Traces;

/// How long one answer is waited for.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// How long spans gather, so that they go together.
const GATHER_TIME: Duration = Duration::from_secs(2);

/// Spans that go together.
const TOGETHER_MAX: usize = 512;

/// Tries of the same spans; before the next the pause is doubled, unless the collector names one.
const TRIES_MAX: u32 = 5;
const PAUSE: Duration = Duration::from_secs(1);

/// A longer pause is not kept to.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// How long telling the rest may take once we stop.
const FLUSH_TIME_MAX: Duration = Duration::from_secs(2);

/// Bytes of an answer that are looked at.
const ANSWER_BYTES_MAX: usize = 65_536;

/// A collector.
pub struct Collector {
    client: Client,
    /// Host and port, for people.
    host: String,
    headers: HeaderMap,
    traces: Way,
    metrics: Way,
    traces_share: f64,
    metrics_every: Option<Duration>,
    teller: Teller,
    /// Spans under way.
    in_hand: AtomicU64,
}

/// Where something is posted, and whether it was taken the last time.
struct Way {
    what: &'static str,
    url: Url,
    is_shut: AtomicBool,
}

/// What came of a post.
enum Answer {
    /// Taken, with what was said.
    Taken(Bytes),
    /// Not now: why, and how long to wait if that was said.
    Later(String, Option<Duration>),
    /// Not this.
    Refused(String),
}

impl Collector {
    /// A collector that is told of this deployment. Asks nobody yet.
    ///
    /// # Errors
    /// The system has no usable TLS roots.
    pub fn open(settings: &Otlp, deployment: &str) -> Result<Self, Failure> {
        let client = Client::builder()
            .user_agent(concat!("dsrd/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .timeout(ANSWER_TIME_MAX)
            .build()
            .map_err(|error| Failure::needs_person("preparing TLS for otlp.url").because(error))?;
        let url = &settings.url;
        let port = url.port_or_known_default().unwrap_or_default();
        let header = |(name, value): &(String, Secret)| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            let mut value = HeaderValue::from_str(value.expose()).ok()?;
            value.set_sensitive(true);
            Some((name, value))
        };
        Ok(Self {
            client,
            host: format!("{}:{port}", url.host_str().unwrap_or_default()),
            headers: settings.headers.iter().filter_map(header).collect(),
            traces: Way::to(url, "traces"),
            metrics: Way::to(url, "metrics"),
            traces_share: settings.traces_share,
            metrics_every: settings.metrics_every,
            teller: Teller {
                deployment: deployment.to_owned(),
                instance: Uuid::new_v4().to_string(),
            },
            in_hand: AtomicU64::new(0),
        })
    }

    /// What is to be told to it.
    pub fn traces(&self, metrics: &Metrics) -> Traces {
        let Teller { deployment, instance } = &self.teller;
        Traces::of(deployment, instance, self.traces_share, metrics.spans_dropped.clone())
    }

    /// Whether it takes what it would be sent.
    ///
    /// # Errors
    /// It does not, or is not there.
    pub async fn ping(&self) -> Result<(), Failure> {
        let none = spans::encoded(&self.teller, &[]);
        let traces = Some((&self.traces, none));
        let none = numbers::encoded(&self.teller, "", Default::default());
        let metrics = self.metrics_every.map(|_| (&self.metrics, none));
        for (way, body) in [traces, metrics].into_iter().flatten() {
            let doing = || format!("sending {} to the collector", way.what);
            match self.post(way, body.into()).await {
                Answer::Taken(_) => {}
                Answer::Later(why, _) => return Err(Failure::transient(doing()).because(why)),
                Answer::Refused(why) => return Err(Failure::needs_person(doing()).because(why)),
            }
        }
        Ok(())
    }

    /// Tells it until nothing more will come, and of what is left for so long as there is time.
    pub async fn tell(&self, traces: &Traces, metrics: &Metrics, clock: &dyn Clock) {
        let telling = async {
            tokio::join!(self.tell_spans(traces), self.tell_numbers(traces, metrics, clock))
        };
        let late = async {
            traces.closed().await;
            sleep(FLUSH_TIME_MAX).await;
        };
        tokio::select! {
            _ = telling => {}
            () = late => {}
        }
        let left = traces.take(usize::MAX).len() as u64 + self.in_hand.load(Ordering::Relaxed);
        if left > 0 {
            traces.dropped(left);
            let text = "the collector took not all before the end";
            tracing::warn!(collector.host = self.host, span.count = left, "{text}");
        }
    }

    async fn tell_spans(&self, traces: &Traces) {
        // Ends once nothing more will come and nothing is left.
        loop {
            let is_closed = traces.is_closed();
            let pieces = traces.take(TOGETHER_MAX);
            if !pieces.is_empty() {
                self.in_hand.store(pieces.len() as u64, Ordering::Relaxed);
                let body = Bytes::from(spans::encoded(&self.teller, &pieces));
                traces.dropped(self.send(traces, body).await.unwrap_or(pieces.len() as u64));
                self.in_hand.store(0, Ordering::Relaxed);
                continue;
            }
            if is_closed {
                return;
            }
            traces.news().await;
            unless_closed(traces, GATHER_TIME).await;
        }
    }

    /// Gives how many of the spans were refused, or nothing if all were.
    async fn send(&self, traces: &Traces, body: Bytes) -> Option<u64> {
        for tries in 0..TRIES_MAX {
            match self.post(&self.traces, body.clone()).await {
                Answer::Taken(answer) => {
                    self.traces.opens(&self.host);
                    return Some(spans::refused(&answer));
                }
                Answer::Refused(why) => {
                    self.traces.shuts(&self.host, &why);
                    return None;
                }
                Answer::Later(why, pause) => {
                    self.traces.shuts(&self.host, &why);
                    if tries + 1 < TRIES_MAX {
                        let pause = pause.unwrap_or(PAUSE * 2_u32.pow(tries)).min(PAUSE_MAX);
                        unless_closed(traces, pause).await;
                    }
                }
            }
        }
        None
    }

    async fn tell_numbers(&self, traces: &Traces, metrics: &Metrics, clock: &dyn Clock) {
        let Some(every) = self.metrics_every else { return };
        let began = clock.now();
        // Ends with the numbers as they are at the end.
        loop {
            unless_closed(traces, every).await;
            let is_closed = traces.is_closed();
            let times: (Timestamp, Timestamp) = (began, clock.now());
            let body = numbers::encoded(&self.teller, &metrics.render(), times);
            match self.post(&self.metrics, body.into()).await {
                Answer::Taken(_) => self.metrics.opens(&self.host),
                Answer::Later(why, _) | Answer::Refused(why) => {
                    self.metrics.shuts(&self.host, &why);
                }
            }
            if is_closed {
                return;
            }
        }
    }

    async fn post(&self, way: &Way, body: Bytes) -> Answer {
        let request = self.client.post(way.url.clone()).headers(self.headers.clone());
        let request = request.header(CONTENT_TYPE, "application/x-protobuf").body(body);
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Answer::Later(trouble(&self.host, &error), None),
        };
        let status = response.status();
        if status.is_success() {
            return Answer::Taken(answered(response).await);
        }
        // The bodies of others are dropped unread: what they say is not ours to repeat.
        let why = format!("{} answered {}", self.host, status.as_u16());
        let is_passing = matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS
                | StatusCode::BAD_GATEWAY
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::GATEWAY_TIMEOUT
        );
        match is_passing {
            true => Answer::Later(why, pause(response.headers())),
            false => Answer::Refused(why),
        }
    }
}

impl Way {
    fn to(collector: &Url, what: &'static str) -> Self {
        let mut url = collector.clone();
        url.set_path(&format!("{}/v1/{what}", collector.path().trim_end_matches('/')));
        Self { what, url, is_shut: AtomicBool::new(false) }
    }

    fn opens(&self, host: &str) {
        if self.is_shut.swap(false, Ordering::Relaxed) {
            let text = "the collector takes them again";
            tracing::info!(collector.host = host, signal = self.what, "{text}");
        }
    }

    fn shuts(&self, host: &str, why: &str) {
        if !self.is_shut.swap(true, Ordering::Relaxed) {
            let text = "the collector takes none; requests go on, what is not told is counted";
            tracing::warn!(collector.host = host, signal = self.what, error = why, "{text}");
        }
    }
}

/// Waits that long, or until nothing more will come.
async fn unless_closed(traces: &Traces, time: Duration) {
    tokio::select! {
        () = sleep(time) => {}
        () = traces.closed() => {}
    }
}

/// What was said, as far as it is short.
async fn answered(mut response: Response) -> Bytes {
    let mut said = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        if said.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Bytes::new();
        }
        said.extend_from_slice(&chunk);
    }
    said.into()
}

/// Seconds; a date is not understood, and then the usual pause will do.
fn pause(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// Errors of the HTTP client are not passed on as they are: they quote the URL.
fn trouble(host: &str, error: &reqwest::Error) -> String {
    broken(Silence::behind(error).as_ref(), host)
}
