//! The addresses: all of them to be looked at, and one, where decisions go, to be written to.

use std::future::{Future, pending};
use std::io;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::{StatusCode, Uri};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use url::{Host, Url};

use crate::adapters::http::changes::{Changes, show_changes};
use crate::adapters::http::connections;
use crate::adapters::http::deciding::{decide, show_request, unread};
use crate::adapters::http::health;
use crate::adapters::http::looking::{in_time, listing, overview};
use crate::adapters::http::pages::frame::{HTML, REFRESH_OFF, SCRIPT, STYLE};
use crate::adapters::http::pages::list::{self, Wanted};
use crate::adapters::http::pages::overview as page;
use crate::adapters::http::readiness::Readiness;
use crate::adapters::http::site::Site;
use crate::telemetry::exposition::Form;
use crate::telemetry::metrics::Metrics;

/// Answers until `stopped`, and then the answers that are under way.
///
/// # Errors
/// Those of the listener; a broken connection is none.
pub async fn serve(
    listener: TcpListener,
    site: Arc<Site>,
    stopped: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let changes = Arc::new(Changes::new(Arc::clone(&site)));
    let host = site.desk.as_ref().and_then(|desk| desk.origin().host_str().map(str::to_owned));
    let addresses = Router::new()
        .route("/", get(show_page))
        .route("/requests", get(show_list))
        .route("/requests/{id}", get(show_request))
        .route("/requests/{id}/decisions", post(decide))
        .route("/changes", get(show_changes).with_state(Arc::clone(&changes)))
        .route("/healthz", get(show_alive))
        .route("/readyz", get(show_ready))
        .route("/metrics", get(show_metrics))
        .with_state(site);
    let addresses = guarded(addresses, &listener, host)?;
    let until = {
        let changes = Arc::clone(&changes);
        async move {
            stopped.await;
            changes.stop();
        }
    };
    let (served, ()) =
        tokio::join!(connections::serve(listener, addresses, until), changes.watch());
    served
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
        .route(
            "/metrics",
            get(async |headers: HeaderMap| counted(&headers, Metrics::render_start())),
        )
        .fallback(async || (StatusCode::SERVICE_UNAVAILABLE, "starting\n"));
    connections::serve(listener, guarded(addresses, listener, None)?, pending()).await
}

async fn show_alive() -> &'static str {
    "alive\n"
}

/// `host`: what else than this machine may be asked for, because a proxy sends it so.
fn guarded(addresses: Router, listener: &TcpListener, host: Option<String>) -> io::Result<Router> {
    let is_local = listener.local_addr()?.ip().is_loopback();
    let here = from_fn_with_state(Asked { is_local, host }, keep_to_this_machine);
    Ok(addresses.layer(from_fn(guard)).layer(here))
}

/// Which hosts may be asked for.
#[derive(Clone)]
struct Asked {
    /// Whether the listener can be reached from this machine alone.
    is_local: bool,
    host: Option<String>,
}

async fn keep_to_this_machine(
    State(asked): State<Asked>,
    request: Request,
    next: Next,
) -> Response {
    if asked.is_local && !is_for_this_machine(&request, asked.host.as_deref()) {
        return (StatusCode::MISDIRECTED_REQUEST, "only for this machine\n").into_response();
    }
    next.run(request).await
}

/// Whether the request names this machine, or what a proxy is known by, as its host. A page from
/// elsewhere, whose name leads here (DNS rebinding), names itself, and would read the answers as
/// its own.
fn is_for_this_machine(request: &Request, known: Option<&str>) -> bool {
    let Some(host) = request.headers().get(header::HOST) else { return true };
    let Some(host) = host.to_str().ok().and_then(|host| Url::parse(&format!("http://{host}")).ok())
    else {
        return false;
    };
    if known.is_some() && host.host_str() == known {
        return true;
    }
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
    counted(&headers, site.metrics.render())
}

/// Numbers in the form that is asked for.
fn counted(headers: &HeaderMap, text: String) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let form = Form::asked_for(accept.unwrap_or_default());
    ([(header::CONTENT_TYPE, form.media_type())], form.of(text)).into_response()
}

async fn show_page(State(site): State<Arc<Site>>, uri: Uri) -> Response {
    let refresh = uri.query() != Some(REFRESH_OFF);
    let (status, html) = match in_time(overview(&site)).await {
        Ok(overview) => (StatusCode::OK, page::page(&overview, refresh)),
        Err(failure) => (StatusCode::SERVICE_UNAVAILABLE, unread(&failure, refresh)),
    };
    (status, [(header::CONTENT_TYPE, HTML)], html).into_response()
}

async fn show_list(State(site): State<Arc<Site>>, uri: Uri) -> Response {
    let (status, html) = match Wanted::of(uri.query().unwrap_or_default()) {
        None => (StatusCode::BAD_REQUEST, list::unknown()),
        Some(wanted) => match in_time(listing(&site, wanted)).await {
            Ok(listing) => (StatusCode::OK, list::page(&listing)),
            Err(failure) => (StatusCode::SERVICE_UNAVAILABLE, unread(&failure, false)),
        },
    };
    (status, [(header::CONTENT_TYPE, HTML)], html).into_response()
}

/// What every answer says to browsers: nothing from elsewhere, nothing kept, shown nowhere else.
async fn guard(request: Request, next: Next) -> Response {
    static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
        let [style, script] = [STYLE, SCRIPT].map(|text| STANDARD.encode(Sha256::digest(text)));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; \
             connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        );
        HeaderValue::try_from(policy).expect("base64 and words of ours are ASCII")
    });
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY.clone());
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // With `no-referrer` a form of ours would come with the origin `null`, as that of anybody.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
