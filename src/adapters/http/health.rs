//! Whether the daemon could do its work now: everything outside is asked, all at the same time.

use futures::FutureExt;
use futures::future::{BoxFuture, Either, join_all, select};
use serde_json::json;

use crate::adapters::http::site::Site;
use crate::domain::failure::{Failure, FailureKind};
use crate::ports::system::Clock;

/// The answers of everything outside.
pub struct Readiness {
    /// Whether all of them were good.
    pub ready: bool,
    checks: Vec<Check>,
}

struct Check {
    name: String,
    /// Which kind of failure. No more of it: nobody is asked here who he is, and what the outside
    /// told us stands in the log.
    error: Option<&'static str>,
    /// What is logged of it.
    reason: String,
}

/// Whoever has not answered by then is not ready.
const PING_MS_MAX: u64 = 5_000;
const LATE: &str = "no answer within 5 s";

/// Asks everything that the site knows.
pub async fn readiness(site: &Site) -> Readiness {
    let clock = site.clock.as_ref();
    let mut pings = vec![
        check(clock, "ledger".to_owned(), site.ledger.ping()),
        check(clock, "queue".to_owned(), queue(site).boxed()),
        check(clock, "exports".to_owned(), site.exports.ping()),
    ];
    for source in &site.sources {
        pings.push(check(clock, format!("source {}", source.name()), source.ping()));
    }
    let checks = join_all(pings).await;
    for Check { name, error, reason } in &checks {
        site.down.note(name, error.is_some().then_some(reason.as_str()));
    }
    Readiness { ready: checks.iter().all(|check| check.error.is_none()), checks }
}

/// Requests come in by the queue and events go out by it; either way may be closed alone.
async fn queue(site: &Site) -> Result<(), Failure> {
    site.inbox.ping().await?;
    site.announcer.ping().await
}

fn check<'a>(
    clock: &'a dyn Clock,
    name: String,
    ping: BoxFuture<'a, Result<(), Failure>>,
) -> BoxFuture<'a, Check> {
    async move {
        let (error, reason) = match select(ping, clock.sleep_ms(PING_MS_MAX)).await {
            Either::Left((Ok(()), _)) => (None, String::new()),
            Either::Left((Err(failure), _)) => (Some(word(failure.kind)), failure.chain()),
            Either::Right(_) => (Some(LATE), LATE.to_owned()),
        };
        Check { name, error, reason }
    }
    .boxed()
}

fn word(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Transient => "it does not work now and may later",
        FailureKind::NeedsPerson => "it needs a person; see the log",
        FailureKind::Permanent => "it does not work; see the log",
    }
}

impl Readiness {
    /// Before there is anything to be asked: the ledger is waited for.
    pub fn at_the_start() -> Self {
        let (name, reason) = ("ledger".to_owned(), String::new());
        let error = Some(word(FailureKind::Transient));
        Self { ready: false, checks: vec![Check { name, error, reason }] }
    }

    /// Each part by its name, and whether its answer was good.
    pub fn parts(&self) -> impl Iterator<Item = (&str, bool)> {
        self.checks.iter().map(|check| (check.name.as_str(), check.error.is_none()))
    }

    /// `{"ready":…,"checks":[{"name":…,"ok":…,"error":…}]}`
    pub fn to_json(&self) -> String {
        let checks: Vec<_> = self.checks.iter().map(Check::to_json).collect();
        format!("{}\n", json!({ "ready": self.ready, "checks": checks }))
    }
}

impl Check {
    fn to_json(&self) -> serde_json::Value {
        match &self.error {
            None => json!({ "name": self.name, "ok": true }),
            Some(error) => json!({ "name": self.name, "ok": false, "error": error }),
        }
    }
}
