//! Whether the daemon could do its work now: everything outside is asked, all at the same time.

use std::collections::BTreeMap;
use std::sync::Mutex;

use futures::FutureExt;
use futures::future::{BoxFuture, Either, join_all, select};
use serde_json::json;
use tracing::{info, warn};

use crate::adapters::http::server::Site;
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

/// The parts that were not ready when they were asked last, and why: each change is logged once.
#[derive(Default)]
pub struct Down(Mutex<BTreeMap<String, String>>);

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
    checks.iter().for_each(|check| site.down.note(check));
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

impl Down {
    fn note(&self, check: &Check) {
        let mut down = self.0.lock().expect("nobody panics with the parts in hand");
        if check.error.is_none() {
            if down.remove(&check.name).is_some() {
                info!(part = check.name, "ready again");
            }
        } else if down.get(&check.name) != Some(&check.reason) {
            down.insert(check.name.clone(), check.reason.clone());
            warn!(part = check.name, reason = check.reason, "not ready");
        }
    }
}

impl Readiness {
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
