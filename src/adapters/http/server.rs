//! Six addresses, all of them to be looked at and none to be written to.

use std::collections::BTreeMap;
use std::future::{Future, pending};
use std::io;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::{StatusCode, Uri};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use url::{Host, Url};

use crate::adapters::http::connections;
use crate::adapters::http::health;
use crate::adapters::http::pages::frame::{REFRESH_OFF, STYLE};
use crate::adapters::http::pages::list::{self, Listing, Wanted};
use crate::adapters::http::pages::overview::{self as page, Overview};
use crate::adapters::http::pages::request::{self, Told};
use crate::adapters::http::readiness::Readiness;
use crate::adapters::http::site::Site;
use crate::domain::event::Facts;
use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::domain::state;
use crate::ports::register::{Listed, Order, Sought};
use crate::ports::standing::Standing;
use crate::telemetry::exposition::Form;

/// Open requests shown on the page.
const OPEN_ROWS_MAX: u32 = 200;

/// Plans shown on the page: each is opened for it.
const TREES_MAX: usize = 10;

/// Requests that are looked through for a part of an id at once.
const SEARCHED_MAX: u32 = 5_000;

/// Requests on a page of those that are looked for.
const LISTED_MAX: u32 = 100;

const HTML: &str = "text/html; charset=utf-8";

/// Ended requests shown on the page.
const ENDED_ROWS_MAX: u32 = 20;

/// Answers until `stopped`, and then the answers that are under way.
///
/// # Errors
/// Those of the listener; a broken connection is none.
pub async fn serve(
    listener: TcpListener,
    site: Arc<Site>,
    stopped: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let addresses = Router::new()
        .route("/", get(show_page))
        .route("/requests", get(show_list))
        .route("/requests/{id}", get(show_request))
        .route("/healthz", get(show_alive))
        .route("/readyz", get(show_ready))
        .route("/metrics", get(show_metrics))
        .with_state(site);
    let addresses = guarded(addresses, &listener)?;
    connections::serve(listener, addresses, stopped).await
}

/// Answers while the daemon is put together and its ledger waited for: it is alive, and can do
/// nothing yet. Ends with whoever waits for it.
///
/// # Errors
/// Those of the listener.
pub async fn serve_start(listener: &TcpListener) -> io::Result<()> {
    let addresses = Router::new()
        .route("/healthz", get(show_alive))
        .route("/readyz", get(async || answer_ready(&Readiness::at_the_start())))
        .fallback(async || (StatusCode::SERVICE_UNAVAILABLE, "starting\n"));
    connections::serve(listener, guarded(addresses, listener)?, pending()).await
}

async fn show_alive() -> &'static str {
    "alive\n"
}

fn guarded(addresses: Router, listener: &TcpListener) -> io::Result<Router> {
    let is_local = listener.local_addr()?.ip().is_loopback();
    let here = from_fn_with_state(IsLocal(is_local), keep_to_this_machine);
    Ok(addresses.layer(from_fn(guard)).layer(here))
}

/// Whether the listener can be reached from this machine alone.
#[derive(Clone, Copy)]
struct IsLocal(bool);

async fn keep_to_this_machine(
    State(IsLocal(is_local)): State<IsLocal>,
    request: Request,
    next: Next,
) -> Response {
    if is_local && !is_for_this_machine(&request) {
        return (StatusCode::MISDIRECTED_REQUEST, "only for this machine\n").into_response();
    }
    next.run(request).await
}

/// Whether the request names this machine as its host. A page from elsewhere, whose name leads here
/// (DNS rebinding), names itself, and would read the answers as its own.
fn is_for_this_machine(request: &Request) -> bool {
    let Some(host) = request.headers().get(header::HOST) else { return true };
    let Some(host) = host.to_str().ok().and_then(|host| Url::parse(&format!("http://{host}")).ok())
    else {
        return false;
    };
    match host.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
        None => false,
    }
}

async fn show_ready(State(site): State<Arc<Site>>) -> Response {
    answer_ready(&*health::last(&site).await)
}

fn answer_ready(readiness: &Readiness) -> Response {
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CONTENT_TYPE, "application/json")], readiness.to_json()).into_response()
}

async fn show_metrics(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let form = Form::asked_for(accept.unwrap_or_default());
    ([(header::CONTENT_TYPE, form.media_type())], form.of(site.metrics.render())).into_response()
}

async fn show_page(State(site): State<Arc<Site>>, uri: Uri) -> Response {
    let refresh = uri.query() != Some(REFRESH_OFF);
    let (status, html) = match overview(&site).await {
        Ok(overview) => (StatusCode::OK, page::page(&overview, refresh)),
        Err(failure) => unread(&failure, refresh),
    };
    (status, [(header::CONTENT_TYPE, HTML)], html).into_response()
}

async fn show_list(State(site): State<Arc<Site>>, uri: Uri) -> Response {
    let wanted = Wanted::of(uri.query().unwrap_or_default());
    let (status, html) = match listing(&site, wanted).await {
        Ok(listing) => (StatusCode::OK, list::page(&listing)),
        Err(failure) => unread(&failure, false),
    };
    (status, [(header::CONTENT_TYPE, HTML)], html).into_response()
}

/// The next of those that are wanted. By a part of the id they are looked for among so many: nobody
/// is asked here who he is, and a look must cost little.
async fn listing(site: &Site, wanted: Wanted) -> Result<Listing, Failure> {
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

async fn show_request(State(site): State<Arc<Site>>, Path(id): Path<String>, uri: Uri) -> Response {
    let refresh = uri.query() != Some(REFRESH_OFF);
    let (status, html) = match told(&site, &id).await {
        Ok(Some(told)) => (StatusCode::OK, request::page(&told, refresh)),
        Ok(None) => (StatusCode::NOT_FOUND, request::unknown(&id)),
        Err(failure) => unread(&failure, refresh),
    };
    (status, [(header::CONTENT_TYPE, HTML)], html).into_response()
}

fn unread(failure: &Failure, refresh: bool) -> (StatusCode, String) {
    tracing::debug!(reason = failure.chain(), "the page cannot read the ledger");
    (StatusCode::SERVICE_UNAVAILABLE, page::unavailable(refresh))
}

/// What the ledger says of a request; `None` if it does not know it, or if this is no id.
async fn told(site: &Site, id: &str) -> Result<Option<Told>, Failure> {
    let Ok(id) = RequestId::new(id) else { return Ok(None) };
    let Some(described) = site.plans.describe(&id).await? else { return Ok(None) };
    let held = site.ledger.standing(&id).await?;
    let tree = match held.filter(|standing| standing.state == state::State::Held) {
        // One that rests meanwhile, or that another key sealed, has none to be shown.
        Some(held) => site.plans.tree(&held).await.unwrap_or_default(),
        None => Vec::new(),
    };
    Ok(Some(Told { now: site.clock.now(), id, described, tree }))
}

async fn overview(site: &Site) -> Result<Overview, Failure> {
    let held = site.ledger.standings(&[state::State::Held], OPEN_ROWS_MAX).await?;
    let mut trees = BTreeMap::new();
    for standing in held.iter().take(TREES_MAX) {
        // One that rests meanwhile, or that another key sealed, has none to be shown.
        if let Ok(tree) = site.plans.tree(standing).await
            && !tree.is_empty()
        {
            trees.insert(standing.id.clone(), tree);
        }
    }
    let running = site.ledger.standings(&page::RUNNING, OPEN_ROWS_MAX).await?;
    let mut waiting = BTreeMap::new();
    for standing in running.iter().filter(|standing| standing.state == state::State::Waiting) {
        let records = site.ledger.records(&standing.id).await?;
        let last = records.last().map(|last| (Facts::of(&last.event), last.at));
        let told = last.and_then(|(facts, at)| facts.waits_for(at));
        waiting.extend(told.map(|told| (standing.id.clone(), told)));
    }
    Ok(Overview {
        now: site.clock.now(),
        down: site.down.parts(),
        overdue: u64::try_from(site.metrics.requests_overdue.get()).unwrap_or_default(),
        waiting,
        held,
        trees,
        running,
        ended: site.ledger.recently_ended(ENDED_ROWS_MAX).await?,
        left: site.ledger.left_counts(site.clock.now()).await?.into_iter().collect(),
        census: site.ledger.census().await?,
        backlog: site.ledger.backlog().await?,
        obstacles: site.ledger.obstacles(OPEN_ROWS_MAX).await?.into_iter().collect(),
    })
}

/// What every answer says to browsers: nothing from elsewhere, nothing kept, shown nowhere else.
async fn guard(request: Request, next: Next) -> Response {
    static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
        let style = STANDARD.encode(Sha256::digest(STYLE));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; \
             form-action 'self'; frame-ancestors 'none'"
        );
        HeaderValue::try_from(policy).expect("base64 and words of ours are ASCII")
    });
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY.clone());
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
