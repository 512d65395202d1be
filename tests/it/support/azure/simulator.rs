//! The simulator as tests use it: start it, fill it, let things go wrong, look into it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::SignedDuration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;

use crate::support::azure::entra;
use crate::support::azure::entry::{Answered, answer};
use crate::support::azure::faults::{Fault, Verb};
use crate::support::azure::kind::Kind;
use crate::support::azure::seed::Seed;
use crate::support::azure::state::State;
use crate::support::azure::tls::{certified, run};
use crate::support::blob_server::wire::{Connection, Request};

const HOST: &str = "127.0.0.1";

/// A running simulator. It ends with the test's runtime.
pub struct Simulator {
    /// Where everything is: login, control plane, data plane.
    pub base_url: String,
    /// Whom a client must trust; empty where it is served without TLS.
    pub ca_pem: String,
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    requests: Mutex<Vec<Recorded>>,
    in_flight: AtomicUsize,
    in_flight_seen_max: AtomicUsize,
}

/// A request that came in, and what was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    pub method: String,
    /// As it was sent.
    pub path: String,
    /// Everything behind the question mark.
    pub query: String,
    pub status: u16,
    /// What was asked of what kind, where that could be told.
    pub meant: Option<(Verb, Kind)>,
    pub body: Vec<u8>,
}

impl Simulator {
    /// Starts one with what the seed says.
    pub async fn start(seed: Seed) -> Self {
        let listener = TcpListener::bind((HOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tls, ca_pem) = match seed.is_plain {
            true => (None, String::new()),
            false => {
                let (acceptor, pem) = certified("simulator", vec![HOST.to_owned()]);
                (Some(acceptor), pem)
            }
        };
        let scheme = if seed.is_plain { "http" } else { "https" };
        let base_url = format!("{scheme}://{HOST}:{port}");
        let state = Mutex::new(seed.grow(&base_url));
        let shared = Arc::new(Shared {
            state,
            requests: Mutex::default(),
            in_flight: AtomicUsize::new(0),
            in_flight_seen_max: AtomicUsize::new(0),
        });
        let serving = Arc::clone(&shared);
        run(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).ok();
                let (shared, tls) = (Arc::clone(&serving), tls.clone());
                run(async move {
                    match tls {
                        None => serve(shared, Connection::new(stream)).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(shared, Connection::new(stream)).await;
                            }
                        }
                    }
                });
            }
        });
        Self { base_url, ca_pem, shared }
    }

    /// What there is, to be looked at or changed. Nothing is answered as long as it is held.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }

    /// Lets the next such request go wrong.
    pub fn plan(&self, verb: Verb, kind: Kind, fault: Fault) {
        self.plan_nth(verb, kind, 1, fault);
    }

    /// Lets the `number`-th such request from now on go wrong; 1 is the next.
    pub fn plan_nth(&self, verb: Verb, kind: Kind, number: u64, fault: Fault) {
        self.state().faults.plan(verb, kind, number, fault);
    }

    /// Lets all such requests go wrong until `None` is planned.
    pub fn plan_all(&self, verb: Verb, kind: Kind, fault: Option<Fault>) {
        self.state().faults.stand(verb, kind, fault);
    }

    /// Moves the clock, and with it everything that was begun.
    pub fn advance(&self, time: SignedDuration) {
        self.state().advance(time);
    }

    /// What came in so far, in order.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// Most requests that were ever under way at once; only latency lets them meet.
    pub fn in_flight_seen_max(&self) -> usize {
        self.shared.in_flight_seen_max.load(Ordering::SeqCst)
    }

    /// A token for the doors of this audience, such as `https://management.azure.com`.
    pub fn token(&self, audience: &str) -> String {
        entra::issue(&self.state(), audience)
    }
}

impl Shared {
    fn answer(&self, request: &Request) -> Answered {
        let answered = answer(&mut self.state.lock().unwrap(), request);
        self.requests.lock().unwrap().push(Recorded {
            method: request.method.clone(),
            path: request.path.clone(),
            query: request.query_text.clone(),
            status: answered.reply.status,
            meant: answered.meant,
            body: request.body.to_vec(),
        });
        answered
    }
}

/// One connection, until it ends or is ended.
async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    shared: Arc<Shared>,
    mut connection: Connection<S>,
) {
    while let Some(request) = connection.read().await {
        let in_flight = InFlight::new(&shared);
        let latency = shared.state.lock().unwrap().switches.latency;
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        let answered = shared.answer(&request);
        let written = connection.write(&answered.reply, answered.cut).await;
        drop(in_flight);
        if written.is_none() {
            return;
        }
    }
}

/// A request that is under way; the end of its connection ends it, too.
struct InFlight<'a>(&'a Shared);

impl<'a> InFlight<'a> {
    fn new(shared: &'a Shared) -> Self {
        let now = shared.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        shared.in_flight_seen_max.fetch_max(now, Ordering::SeqCst);
        Self(shared)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}
