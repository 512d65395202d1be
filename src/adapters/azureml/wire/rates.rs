//! How fast Azure Resource Manager is asked: slower than it allows, so that others who work in the
//! subscription under the same identity are not refused because of us.
//!
//! It counts with token buckets: a call takes a token, and so many come back each second. Ours are
//! a share of its own. What it says that it has left counts too: others draw from the same buckets.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use azure_core::http::headers::HeaderName;
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{Context, Method, Request};
use url::{Host, Url};

/// What of the service's buckets is ours.
const SHARE: f64 = 0.8;

/// The buckets of the service: for each principal in each subscription.
const READS: Limit =
    Limit { size: 250.0, refill: 25.0, header: "x-ms-ratelimit-remaining-subscription-reads" };
const WRITES: Limit =
    Limit { size: 200.0, refill: 10.0, header: "x-ms-ratelimit-remaining-subscription-writes" };
const DELETES: Limit =
    Limit { size: 200.0, refill: 10.0, header: "x-ms-ratelimit-remaining-subscription-deletes" };

struct Limit {
    size: f64,
    /// Tokens in a second.
    refill: f64,
    /// Which header says how many are left.
    header: &'static str,
}

/// One of ours.
#[derive(Debug)]
struct Bucket {
    left: f64,
    at: Duration,
}

impl Bucket {
    fn full(limit: &Limit) -> Self {
        Self { left: limit.size * SHARE, at: Duration::ZERO }
    }

    /// Takes a token, and tells in how long it is there.
    fn take(&mut self, limit: &Limit, now: Duration) -> Duration {
        let refill = limit.refill * SHARE;
        let passed = now.saturating_sub(self.at).as_secs_f64();
        self.left = (self.left + passed * refill).min(limit.size * SHARE);
        self.at = self.at.max(now);
        self.left -= 1.0;
        Duration::from_secs_f64((-self.left).max(0.0) / refill)
    }

    /// The service has so many left for everybody.
    fn heed(&mut self, left: f64) {
        self.left = self.left.min(left * SHARE);
    }
}

/// Whether what answers there is on this machine.
pub fn is_here(endpoint: &Url) -> bool {
    match endpoint.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => true,
    }
}

/// A policy that makes each try wait for its token.
pub struct Rates {
    endpoint: Url,
    begun: Instant,
    buckets: Mutex<[Bucket; 3]>,
}

impl Rates {
    /// For what is asked of this endpoint. What answers on this machine is not Azure, and counts
    /// nothing.
    pub fn of(endpoint: &Url) -> Option<Self> {
        let buckets = [&READS, &WRITES, &DELETES].map(Bucket::full);
        let (endpoint, begun) = (endpoint.clone(), Instant::now());
        (!is_here(&endpoint)).then(|| Self { endpoint, begun, buckets: Mutex::new(buckets) })
    }

    fn with<T>(&self, number: usize, change: impl FnOnce(&mut Bucket) -> T) -> T {
        change(&mut self.buckets.lock().unwrap_or_else(PoisonError::into_inner)[number])
    }
}

#[async_trait]
impl Policy for Rates {
    async fn send(
        &self,
        ctx: &Context,
        request: &mut Request,
        next: &[Arc<dyn Policy>],
    ) -> PolicyResult {
        if request.url().origin() != self.endpoint.origin() {
            return next[0].send(ctx, request, &next[1..]).await;
        }
        let (number, limit) = match request.method() {
            Method::Get | Method::Head => (0, READS),
            Method::Delete => (2, DELETES),
            _ => (1, WRITES),
        };
        let now = self.begun.elapsed();
        tokio::time::sleep(self.with(number, |bucket| bucket.take(&limit, now))).await;
        let answer = next[0].send(ctx, request, &next[1..]).await?;
        let left = answer.headers().get_optional_str(&HeaderName::from_static(limit.header));
        if let Some(left) = left.and_then(|text| text.trim().parse::<u32>().ok()) {
            self.with(number, |bucket| bucket.heed(f64::from(left)));
        }
        Ok(answer)
    }
}

impl fmt::Debug for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rates")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use azure_core::http::headers::Headers;
    use azure_core::http::{AsyncRawResponse, StatusCode};

    use super::*;

    /// A service that says how many tokens it has left.
    #[derive(Debug)]
    struct Service {
        header: &'static str,
        left: AtomicU32,
    }

    #[async_trait]
    impl Policy for Service {
        async fn send(&self, _: &Context, _: &mut Request, _: &[Arc<dyn Policy>]) -> PolicyResult {
            let mut headers = Headers::new();
            headers.insert(self.header, self.left.load(Ordering::Relaxed).to_string());
            Ok(AsyncRawResponse::from_bytes(StatusCode::Ok, headers, Vec::new()))
        }
    }

    /// Seconds that so many calls take, one after the other, at a service that has so many left.
    fn seconds(limit: &Limit, calls: u32, left: f64) -> f64 {
        let (mut bucket, mut now) = (Bucket::full(limit), Duration::ZERO);
        for _ in 0..calls {
            now += bucket.take(limit, now);
            bucket.heed(left);
        }
        now.as_secs_f64()
    }

    #[test]
    fn calls_stay_below_what_the_service_takes() {
        let table = [
            // limit, calls, what the service has left, seconds at least, and at most
            (&READS, 200, 250.0, 0.0, 0.1),
            (&READS, 400, 250.0, 9.9, 10.1),
            (&DELETES, 160, 200.0, 0.0, 0.1),
            (&DELETES, 240, 200.0, 9.9, 10.1),
            (&WRITES, 240, 200.0, 9.9, 10.1),
            // Others have drawn it down.
            (&READS, 41, 0.0, 1.9, 2.1),
            (&DELETES, 17, 0.0, 1.9, 2.1),
        ];
        for (limit, calls, left, least, most) in table {
            let took = seconds(limit, calls, left);
            assert!((least..=most).contains(&took), "{calls} at {left}: {took}");
        }
        // Who has waited has what has come back meanwhile, and no more than the whole.
        let mut bucket = Bucket::full(&READS);
        for _ in 0..200 {
            bucket.take(&READS, Duration::ZERO);
        }
        assert!(bucket.take(&READS, Duration::from_secs(3)).is_zero());
        assert!(bucket.left > 58.0 && bucket.left < 60.0);
        bucket.take(&READS, Duration::from_secs(3_600));
        assert!(bucket.left < 200.0);
    }

    /// What is said is heeded, of that kind of call and at that service alone.
    #[tokio::test]
    async fn what_the_service_has_left_is_heeded() {
        let endpoint = Url::parse("https://management.azure.com").unwrap();
        let rates = Rates::of(&endpoint).unwrap();
        let service = Service { header: DELETES.header, left: AtomicU32::new(10) };
        let service: Arc<dyn Policy> = Arc::new(service);
        let left = |number| rates.with(number, |bucket| bucket.left);
        for (method, url, reads, deletes) in [
            (Method::Get, "https://management.azure.com/a", 199.0, 160.0),
            (Method::Delete, "https://westeurope.api.azureml.ms/a", 199.0, 160.0),
            (Method::Delete, "https://management.azure.com/a", 199.0, 8.0),
        ] {
            let mut request = Request::new(Url::parse(url).unwrap(), method);
            rates.send(&Context::new(), &mut request, &[Arc::clone(&service)]).await.unwrap();
            assert!((left(0) - reads).abs() < 0.5 && (left(2) - deletes).abs() < 0.5, "{url}");
        }
    }

    #[test]
    fn what_answers_on_this_machine_counts_nothing() {
        for (endpoint, expected) in [
            ("https://management.azure.com", true),
            ("https://127.0.0.1:8443", false),
            ("https://[::1]:8443", false),
            ("https://localhost", false),
            ("https://127.0.0.1.example", true),
        ] {
            assert_eq!(Rates::of(&Url::parse(endpoint).unwrap()).is_some(), expected, "{endpoint}");
        }
    }
}
