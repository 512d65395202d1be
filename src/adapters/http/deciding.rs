//! The page of one request, and the decisions that are taken on it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::header::{self, HeaderMap};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;

use crate::adapters::http::looking::{in_time, told};
use crate::adapters::http::operators::bearer::Stranger;
use crate::adapters::http::operators::desk::{Denied, said};
use crate::adapters::http::pages::counter::Counter;
use crate::adapters::http::pages::frame::{HTML, REFRESH_OFF, path_of};
use crate::adapters::http::pages::overview::unavailable;
use crate::adapters::http::pages::request::{self, Told};
use crate::adapters::http::site::Site;
use crate::domain::failure::Failure;
use crate::domain::request::RequestId;

/// Longest form: a reason of the longest sort, each of its characters as twelve.
const FORM_BYTES_MAX: usize = 64 * 1024;

/// How long a form may take to come.
const FORM_TIME_MAX: Duration = Duration::from_secs(10);

/// `GET /requests/ID`
pub async fn show_request(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let refresh = uri.query() != Some(REFRESH_OFF);
    let (status, html) = match in_time(looked_at(&site, &id, &headers)).await {
        Ok(Some(told)) => (StatusCode::OK, request::page(&told, Some(refresh))),
        Ok(None) => (StatusCode::NOT_FOUND, request::unknown(&id)),
        Err(failure) => (StatusCode::SERVICE_UNAVAILABLE, unread(&failure, refresh)),
    };
    (status, [(header::CONTENT_TYPE, HTML)], html).into_response()
}

/// `POST /requests/ID/decisions`: what was decided leads back to the page of the request, so that
/// loading that again sends nothing again.
pub async fn decide(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    // Whoever sends it drop by drop keeps a connection from others.
    let body = match timeout(FORM_TIME_MAX, to_bytes(body, FORM_BYTES_MAX)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => {
            return (StatusCode::PAYLOAD_TOO_LARGE, "the form is too long\n").into_response();
        }
        Err(_) => {
            return (StatusCode::REQUEST_TIMEOUT, "the form came too slowly\n").into_response();
        }
    };
    let denied = match (RequestId::new(&id), &site.desk) {
        (Ok(id), Some(desk)) => match desk.decide(&headers, &id, &body).await {
            Ok(()) => {
                let place = format!("{}#decisions", path_of(&id));
                return (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response();
            }
            Err(denied) => denied,
        },
        (_, None) => Denied::new(
            StatusCode::FORBIDDEN,
            "decisions are not taken on this page: [http.operators] in the settings names nobody",
        ),
        (Err(_), _) => Denied::new(StatusCode::NOT_FOUND, "there is no such request"),
    };
    tracing::debug!(http.status = denied.status.as_u16(), "a decision on the page was not taken");
    let (status, html) = match in_time(looked_at(&site, &id, &headers)).await {
        Ok(Some(told)) => {
            let told = Told { denied: denied.why, reason: denied.reason, ..told };
            (denied.status, request::page(&told, None))
        }
        Ok(None) => (StatusCode::NOT_FOUND, request::unknown(&id)),
        Err(failure) => (StatusCode::SERVICE_UNAVAILABLE, unread(&failure, false)),
    };
    let mut answer = (status, [(header::CONTENT_TYPE, HTML)], html).into_response();
    if status == StatusCode::UNAUTHORIZED {
        let bearer = header::HeaderValue::from_static("Bearer");
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, bearer);
    }
    answer
}

/// What is told of a request, and what whoever looks may decide.
async fn looked_at(site: &Site, id: &str, headers: &HeaderMap) -> Result<Option<Told>, Failure> {
    let Some((told, standing)) = told(site, id).await? else { return Ok(None) };
    let (Some(desk), Some(standing)) = (&site.desk, standing) else { return Ok(Some(told)) };
    let counter = match desk.who(headers).await {
        Ok(actor) => desk.offer(&actor, &standing).await?.map_or(Counter::Closed, Counter::Open),
        Err(Stranger::Nobody) => Counter::Closed,
        Err(stranger) => Counter::Shut(said(stranger)),
    };
    Ok(Some(Told { counter, ..told }))
}

/// The page where the ledger cannot be read.
pub fn unread(failure: &Failure, refresh: bool) -> String {
    tracing::debug!(reason = failure.chain(), "the page cannot read the ledger");
    unavailable(refresh)
}
