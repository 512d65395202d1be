//! Connections of whoever looks: so many at once, and none for long, lest somebody who opens many
//! and says nothing keeps the daemon from what it needs connections and files for.

use std::borrow::Borrow;
use std::future::{Future, pending};
use std::io;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use futures::stream::{FuturesUnordered, StreamExt};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Connections at once; more wait to be accepted. A process may have 1,024 files open by default.
const MAX: usize = 128;

/// How long the head of a request may take, or the next request be waited for.
const HEAD_TIME_MAX: Duration = Duration::from_secs(5);

/// How long a connection is kept, however busy.
const LIFE_MAX: Duration = Duration::from_secs(120);

/// How long the answer that is under way may take then.
const LAST_ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// How long no connection is accepted after one could not be: too many files are open.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// Answers until `stopped`, and then the answers that are under way.
///
/// # Errors
/// None that is known of: a connection that breaks concerns nobody else.
pub async fn serve(
    listener: impl Borrow<TcpListener>,
    router: Router,
    stopped: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let stopping = CancellationToken::new();
    let mut stopped = pin!(stopped);
    let mut connections = FuturesUnordered::new();
    loop {
        tokio::select! {
            () = &mut stopped => break,
            accepted = listener.borrow().accept(), if connections.len() < MAX => match accepted {
                Ok((stream, _)) => {
                    connections.push(converse(stream, router.clone(), stopping.clone()));
                }
                Err(error) => {
                    tracing::warn!(reason = %error, "no connection can be accepted");
                    let meanwhile = async {
                        while connections.next().await.is_some() {}
                        pending::<()>().await;
                    };
                    timeout(ACCEPT_PAUSE, meanwhile).await.ok();
                }
            },
            Some(()) = connections.next() => {}
        }
    }
    drop(listener);
    stopping.cancel();
    while connections.next().await.is_some() {}
    Ok(())
}

/// One connection to its end.
async fn converse(stream: TcpStream, router: Router, stopping: CancellationToken) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME_MAX);
    let service = TowerToHyperService::new(router);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    // What breaks a connection is the other side's affair.
    tokio::select! {
        _ended = connection.as_mut() => return,
        () = stopping.cancelled() => {}
        () = sleep(LIFE_MAX) => {}
    }
    connection.as_mut().graceful_shutdown();
    timeout(LAST_ANSWER_TIME_MAX, connection).await.ok();
}
