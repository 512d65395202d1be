//! Whether the daemon could do its work now: everything outside is asked from time to time, all at
//! the same time, and whoever wants to know is told the last answers.
//!
//! A probe is answered at once so, whatever hangs, and asks nothing of the outside however often it
//! comes.

use std::sync::Arc;
use std::time::Instant;

use futures::FutureExt;
use futures::future::{BoxFuture, Either, join_all, select};
use tracing::info;

use crate::adapters::http::readiness::{Check, Readiness, word};
use crate::adapters::http::site::Site;
use crate::domain::failure::Failure;
use crate::ports::sources::Source;
use crate::telemetry::metrics::Part;

/// Whoever has not answered by then is not ready.
const PING_MS_MAX: u64 = 5_000;
const LATE: &str = "no answer within 5 s";

/// How long nothing is asked after all was well, and after something was not: that it works again
/// is to be seen soon.
const WELL_MS: u64 = 10_000;
const UNWELL_MS: u64 = 2_000;

/// Asks again and again, until dropped.
pub async fn watch(site: &Site) {
    let mut told = false;
    loop {
        let readiness = ask(site).await;
        if readiness.ready && !told {
            told = true;
            info!("everything outside answers");
        }
        let pause_ms = if readiness.ready { WELL_MS } else { UNWELL_MS };
        site.clock.sleep_ms(pause_ms).await;
    }
}

/// The last answers; asks where nobody has asked yet.
pub async fn last(site: &Site) -> Arc<Readiness> {
    let last = site.last();
    match last {
        Some(last) => last,
        None => ask(site).await,
    }
}

/// Asks everything that the site knows.
async fn ask(site: &Site) -> Arc<Readiness> {
    let mut pings = vec![
        check(site, "ledger".to_owned(), ledger(site).boxed()),
        check(site, "queue".to_owned(), queue(site).boxed()),
        check(site, "exports".to_owned(), site.exports.ping()),
    ];
    for source in &site.sources {
        pings.push(check(
            site,
            format!("source {}", source.name()),
            entered(site, &**source).boxed(),
        ));
    }
    let checks = join_all(pings).await;
    for Check { name, error, reason } in &checks {
        site.lately.down.note(name, error.is_some().then_some(reason.as_str()));
        let part = Part { part: name.clone() };
        site.metrics.ready.get_or_create(&part).set(i64::from(error.is_none()));
    }
    let readiness = Arc::new(Readiness::new(checks));
    site.keep(Arc::clone(&readiness));
    readiness
}

/// It may answer and take nothing all the same.
async fn ledger(site: &Site) -> Result<(), Failure> {
    site.ledger.ping().await?;
    match site.metrics.ledger_troubles.lately(Instant::now()) {
        Some(why) => Err(Failure::transient("working with the ledger").because(why)),
        None => Ok(()),
    }
}

/// Something else may stand where a source stood.
async fn entered(site: &Site, source: &dyn Source) -> Result<(), Failure> {
    source.ping().await?;
    let Some(ground) = source.ground().await? else { return Ok(()) };
    let known = site.ledger.ground(&ground.place).await?;
    if ground.is_anothers(known.as_deref()) { Err(ground.failure(source.name())) } else { Ok(()) }
}

/// Requests come in by the queue and events go out by it; either way may be closed alone.
async fn queue(site: &Site) -> Result<(), Failure> {
    site.inbox.ping().await?;
    site.announcer.ping().await
}

fn check<'a>(
    site: &'a Site,
    name: String,
    ping: BoxFuture<'a, Result<(), Failure>>,
) -> BoxFuture<'a, Check> {
    async move {
        let asked = site.clock.now();
        let (error, reason) = match select(ping, site.clock.sleep_ms(PING_MS_MAX)).await {
            Either::Left((Ok(()), _)) => (None, String::new()),
            Either::Left((Err(failure), _)) => (Some(word(failure.kind)), failure.chain()),
            Either::Right(_) => (Some(LATE), LATE.to_owned()),
        };
        let took = site.clock.now().duration_since(asked).as_secs_f64();
        let part = Part { part: name.clone() };
        site.metrics.ping_time.get_or_create(&part).observe(took.max(0.0));
        Check { name, error, reason }
    }
    .boxed()
}
