//! What the pages show, asked of the ledger: so much of it that a look costs little, whoever it is
//! that looks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::timeout;

use crate::adapters::http::pages::counter::Counter;
use crate::adapters::http::pages::list::{Listing, Wanted};
use crate::adapters::http::pages::overview::{self, AnsweredLately, Overview};
use crate::adapters::http::pages::request::Told;
use crate::adapters::http::site::Site;
use crate::domain::event::Facts;
use crate::domain::failure::Failure;
use crate::domain::request::{RequestId, RequestKind};
use crate::domain::state::State;
use crate::ports::register::{Listed, Order, Sought};
use crate::ports::standing::Standing;
use crate::telemetry::metrics::{KindState, Metrics};

/// Open requests shown on the page.
const OPEN_ROWS_MAX: u32 = 200;

/// Plans shown on the page: each is opened for it.
const TREES_MAX: usize = 10;

/// Requests that are looked through for a part of an id at once.
const SEARCHED_MAX: u32 = 5_000;

/// Requests on a page of those that are looked for.
const LISTED_MAX: u32 = 100;

/// How long all who look at the page of all requests are told the same.
const SHOWN_FOR: SignedDuration = SignedDuration::from_secs(1);

const DAY_SECONDS: f64 = 86_400.0;

/// Ended requests shown on the page.
const ENDED_ROWS_MAX: u32 = 20;

/// How long a page waits for the ledger: whoever looks at one is to be told that it is away.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(4);

/// What a page asks of the ledger, as long as that is worth waiting for.
///
/// # Errors
/// There is no answer in time; as what is asked.
pub async fn in_time<T>(asked: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let late = |_| Failure::transient("asking the ledger for a page: it gave no answer in time");
    timeout(ANSWER_TIME_MAX, asked).await.map_err(late)?
}

/// The next of those that are wanted. By a part of the id they are looked for among so many: nobody
/// is asked here who he is, and a look must cost little.
///
/// # Errors
/// The ledger cannot be read.
pub async fn listing(site: &Site, wanted: Wanted) -> Result<Listing, Failure> {
    let now = site.clock.now();
    let sought = Sought {
        states: wanted.states(),
        from: Timestamp::MIN,
        to: Timestamp::MAX,
        due_by: wanted.overdue.then_some(now),
    };
    let mut after = match &wanted.after {
        Some(id) => site.ledger.standing(id).await?,
        None => None,
    };
    // Another ledger's, or typed: it would begin anew without a word.
    if wanted.after.is_some() && after.is_none() {
        return Ok(Listing { now, wanted, found: Vec::new(), next: None });
    }
    let from = after.take().map(|standing| Listed { standing, received: now });
    let most = if wanted.id.is_empty() { LISTED_MAX } else { SEARCHED_MAX };
    let page = site.ledger.listed(&sought, Order::Due, from.as_ref(), most).await?;
    let is_last = page.len() < most as usize;
    let (mut found, mut passed): (Vec<Standing>, _) = (Vec::new(), None);
    for Listed { standing, .. } in page {
        if found.len() == LISTED_MAX as usize {
            let next = passed.take();
            return Ok(Listing { now, wanted, found, next });
        }
        passed = Some(standing.id.clone());
        if wanted.has(&standing.id) {
            found.push(standing);
        }
    }
    let next = passed.filter(|_| !is_last);
    Ok(Listing { now, wanted, found, next })
}

/// What the ledger says of a request, and where it stands, if it was ever accepted; `None` if it
/// does not know it, or if this is no id.
///
/// # Errors
/// The ledger cannot be read.
pub async fn told(site: &Site, id: &str) -> Result<Option<(Told, Option<Standing>)>, Failure> {
    let Ok(id) = RequestId::new(id) else { return Ok(None) };
    // Before the rest: of what has moved on in between nobody decides what he has not seen.
    let standing = site.ledger.standing(&id).await?;
    let Some(described) = site.plans.describe(&id).await? else { return Ok(None) };
    let tree = match standing.as_ref().filter(|standing| standing.state == State::Held) {
        // One that rests meanwhile, or that another key sealed, has none to be shown.
        Some(held) => site.plans.tree(held).await.unwrap_or_default(),
        None => Vec::new(),
    };
    let told = Told {
        now: site.clock.now(),
        id,
        described,
        tree,
        counter: Counter::default(),
        denied: Vec::new(),
        reason: String::new(),
    };
    Ok(Some((told, standing)))
}

/// All requests in short, as they were a moment ago: all who look at once are told the same.
///
/// # Errors
/// The ledger cannot be read.
pub async fn overview(site: &Site) -> Result<Arc<Overview>, Failure> {
    let mut shown = site.lately.shown.lock().await;
    let now = site.clock.now();
    let is_recent = |shown: &&Arc<Overview>| now.duration_since(shown.now).abs() < SHOWN_FOR;
    if let Some(recent) = shown.as_ref().filter(is_recent) {
        return Ok(Arc::clone(recent));
    }
    let looked = Arc::new(look(site, now).await?);
    *shown = Some(Arc::clone(&looked));
    Ok(looked)
}

async fn look(site: &Site, now: Timestamp) -> Result<Overview, Failure> {
    let held = site.ledger.standings(&[State::Held], OPEN_ROWS_MAX).await?;
    let mut trees = BTreeMap::new();
    for standing in held.iter().take(TREES_MAX) {
        // One that rests meanwhile, or that another key sealed, has none to be shown.
        if let Ok(tree) = site.plans.tree(standing).await
            && !tree.is_empty()
        {
            trees.insert(standing.id.clone(), tree);
        }
    }
    let running = site.ledger.standings(&overview::RUNNING, OPEN_ROWS_MAX).await?;
    let mut waiting = BTreeMap::new();
    for standing in running.iter().filter(|standing| standing.state == State::Waiting) {
        let records = site.ledger.records(&standing.id).await?;
        let last = records.last().map(|last| (Facts::of(&last.event), last.at));
        let told = last.and_then(|(facts, at)| facts.waits_for(at));
        waiting.extend(told.map(|told| (standing.id.clone(), told)));
    }
    Ok(Overview {
        now,
        down: site.lately.down.parts(),
        parts: parts(site),
        overdue: u64::try_from(site.metrics.requests_overdue.get()).unwrap_or_default(),
        waiting,
        held,
        trees,
        running,
        ended: site.ledger.recently_ended(ENDED_ROWS_MAX).await?,
        left: site.ledger.left_counts(now).await?.into_iter().collect(),
        census: site.ledger.census().await?,
        backlog: site.ledger.backlog().await?,
        obstacles: site.ledger.obstacles(OPEN_ROWS_MAX).await?.into_iter().collect(),
        daemons: site.ledger.daemons().await?,
        answered: answered(&site.metrics),
        in_time: Some(site.metrics.answered_in_time.get()).filter(|share| !share.is_nan()),
    })
}

/// What everything outside answered last; nothing yet, where nobody has asked.
fn parts(site: &Site) -> Vec<(String, Option<&'static str>)> {
    let Some(last) = site.last() else { return Vec::new() };
    last.checks.iter().map(|check| (check.name.clone(), check.error)).collect()
}

/// How requests were answered lately, as it was reckoned last.
fn answered(metrics: &Metrics) -> Vec<AnsweredLately> {
    let kinds = RequestKind::ALL.into_iter();
    let both = kinds.flat_map(|kind| State::ALL.into_iter().map(move |state| (kind, state)));
    let row = |(kind, state): (RequestKind, State)| {
        let labels = KindState { kind: kind.word(), state: state.word() };
        let count = u64::try_from(metrics.answered.get(&labels)?.get()).ok()?;
        let median = metrics.answered_median.get(&labels)?.get();
        Some(AnsweredLately { kind, state, count, days: median / DAY_SECONDS })
    };
    both.filter_map(row).collect()
}
