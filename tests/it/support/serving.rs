//! The loop of our own storage services: connections in, planned faults, answers out; and what was
//! asked and answered, but for values.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use tokio::net::TcpListener;

use crate::support::blob_server::conditions::refusal;
use crate::support::blob_server::faults::{Fault, Faults};
use crate::support::blob_server::service::{common, refused_reply};
use crate::support::blob_server::wire::{Connection, Cut, Reply, Request};

/// A service behind the loop.
pub trait Serving: Send + Sync + 'static {
    type Operation: Copy + Ord + Send;

    fn operation(&self, request: &Request) -> Self::Operation;
    fn faults(&self) -> &Mutex<Faults<Self::Operation>>;
    /// The service's own clock.
    fn now(&self) -> Timestamp;
    fn answer(&self, request: &Request, operation: Self::Operation) -> Reply;
    /// What was asked and answered.
    fn note(&self, _: Self::Operation, _: &Request, _: &Reply) {}
}

/// Serves until the test's runtime ends.
pub fn serve<S: Serving>(service: Arc<S>, listener: TcpListener) {
    run(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).ok();
            run(connected(Arc::clone(&service), Connection::new(stream)));
        }
    });
}

/// One connection, until it ends or is ended.
async fn connected<S: Serving>(service: Arc<S>, mut connection: Connection) {
    while let Some(request) = connection.read().await {
        let operation = service.operation(&request);
        let (fault, latency) = {
            let mut faults = service.faults().lock().unwrap();
            (faults.begin(operation), faults.latency)
        };
        let in_flight = InFlight(service.faults());
        let late = if let Some(Fault::Late(time)) = fault { time } else { Duration::ZERO };
        if !(latency + late).is_zero() {
            tokio::time::sleep(latency + late).await;
        }
        if fault == Some(Fault::Dropped) {
            return;
        }
        let reply = match fault.and_then(|fault| not_done(fault, &request)) {
            Some(reply) => complete(reply, service.now(), &request),
            None => service.answer(&request, operation),
        };
        service.note(operation, &request, &reply);
        let cut = match fault {
            Some(Fault::LostAnswer) => Some(Cut::Nothing),
            Some(Fault::HalfAnswer) => Some(Cut::Half),
            _ => None,
        };
        let written = connection.write(&reply, cut).await;
        drop(in_flight);
        if written.is_none() {
            return;
        }
    }
}

/// The answer to a request that is refused for no reason of its own.
fn not_done(fault: Fault, request: &Request) -> Option<Reply> {
    let (status, code) = match fault {
        Fault::Busy { .. } => (503, "ServerBusy"),
        Fault::TooMany => (429, "TooManyRequests"),
        Fault::TimedOut => (500, "OperationTimedOut"),
        _ => return None,
    };
    let reply = refused_reply(refusal(status, code), request);
    match fault {
        Fault::Busy { retry_after_s: Some(seconds) } => {
            Some(reply.with("Retry-After", seconds.to_string()))
        }
        _ => Some(reply),
    }
}

fn complete(mut reply: Reply, now: Timestamp, request: &Request) -> Reply {
    let headers = common(now, request);
    reply.headers.extend(headers.into_iter().map(|(name, value)| (name.to_owned(), value)));
    reply
}

/// A request that is under way; the end of its connection ends it, too.
struct InFlight<'a, O: Copy + Ord>(&'a Mutex<Faults<O>>);

impl<O: Copy + Ord> Drop for InFlight<'_, O> {
    fn drop(&mut self) {
        if let Ok(mut faults) = self.0.lock() {
            faults.end();
        }
    }
}

/// A request and its answer, but for values.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shape<O> {
    pub operation: O,
    pub method: String,
    /// What is done with a lease.
    pub action: Option<String>,
    /// Names of parameters, of headers, and of headers of the answer, these in lower case.
    pub queries: Vec<String>,
    pub headers: Vec<String>,
    pub status: u16,
    pub answered: Vec<String>,
    /// The error code.
    pub code: Option<String>,
}

/// Each once.
pub type Shapes<O> = BTreeSet<Shape<O>>;

impl<O> Shape<O> {
    pub fn of(operation: O, request: &Request, reply: &Reply) -> Self {
        let pairs = url::form_urlencoded::parse(request.query_text.as_bytes());
        let header = |name: &str| reply.headers.iter().find(|(it, _)| it == name);
        Self {
            operation,
            method: request.method.clone(),
            action: request.header("x-ms-lease-action").map(str::to_owned),
            queries: pairs.map(|(name, _)| name.into_owned()).collect(),
            headers: request.headers.keys().cloned().collect(),
            status: reply.status,
            answered: reply.headers.iter().map(|(name, _)| name.to_lowercase()).collect(),
            code: header("x-ms-error-code").map(|(_, code)| code.clone()),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the test's runtime ends it with the test")]
fn run(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}
