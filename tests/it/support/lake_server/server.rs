//! The server as tests use it: start it, fill it, let things go wrong, look into it.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use dsrd::config::secret::Secret;
use dsrd::config::settings::{Blob, Credential};
use jiff::{SignedDuration, Timestamp};
use tokio::net::TcpListener;
use url::Url;

use crate::support::blob_server::faults::{Fault, Faults};
use crate::support::blob_server::wire::{Reply, Request};
use crate::support::file_server::entry::KEY;
use crate::support::lake_server::account::{Account, path_of};
use crate::support::lake_server::node::Node;
use crate::support::lake_server::operation::{Operation, addressed};
use crate::support::lake_server::service::answer;
use crate::support::ports::free_port;
use crate::support::serving::{Serving, Shape, Shapes, serve};

/// The account's name.
pub const ACCOUNT: &str = "ownlake.dfs.test";

/// A running server. It ends with the test's runtime.
pub struct LakeServer {
    shared: Arc<Shared>,
}

struct Shared {
    endpoint: String,
    account: Mutex<Account>,
    faults: Mutex<Faults<Operation>>,
    shapes: Mutex<Shapes<Operation>>,
}

impl LakeServer {
    /// Starts one with nothing in it. Microsoft's client finds the endpoint of blobs by putting
    /// `.blob.` in the place of `.dfs.`: here it stands in the path.
    pub async fn start() -> Self {
        let port = free_port();
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let shared = Arc::new(Shared {
            endpoint: format!("http://127.0.0.1:{port}/{ACCOUNT}"),
            account: Mutex::new(Account::new()),
            faults: Mutex::default(),
            shapes: Mutex::default(),
        });
        serve(Arc::clone(&shared), listener);
        Self { shared }
    }

    /// The URL of the account.
    pub fn endpoint(&self) -> &str {
        &self.shared.endpoint
    }

    /// A file system, or a pattern of them, with a way into it.
    pub fn lake(&self, lake: &str) -> Blob {
        let key = Secret::new(KEY.to_owned());
        self.lake_by(lake, Credential::AccountKey { account: ACCOUNT.to_owned(), key })
    }

    /// The same with another way into it.
    pub fn lake_by(&self, lake: &str, credential: Credential) -> Blob {
        let url = Url::parse(&format!("{}/{lake}", self.shared.endpoint)).unwrap();
        Blob { url, credential }
    }

    // ------------------------------------------------------------ filling

    pub fn create(&self, lake: &str) {
        self.account().create(lake).unwrap();
    }

    /// Writes a file over what was there, in directories that are made if need be.
    pub fn put(&self, lake: &str, path: &str, bytes: &[u8]) {
        self.put_with(lake, path, bytes, |_| {});
    }

    /// The same with everything that a writer can say.
    pub fn put_with(&self, lake: &str, path: &str, bytes: &[u8], say: impl FnOnce(&mut Node)) {
        let mut account = self.account();
        let mut node = account.made(Some(Bytes::copy_from_slice(bytes)));
        say(&mut node);
        account.insert(lake, path, node).unwrap();
    }

    /// Makes a directory, with all that are above it.
    pub fn create_directory(&self, lake: &str, path: &str) {
        let mut account = self.account();
        let node = account.made(None);
        account.insert(lake, path, node).unwrap();
    }

    /// Changes a path as it stands.
    pub fn alter(&self, lake: &str, path: &str, alter: impl FnOnce(&mut Node)) {
        alter(self.account().node_mut(lake, path).unwrap());
    }

    /// Changes the account's own state.
    pub fn alter_account(&self, alter: impl FnOnce(&mut Account)) {
        alter(&mut self.account());
    }

    // ------------------------------------------------------------ time and faults

    /// The account's clock.
    pub fn now(&self) -> Timestamp {
        self.account().now
    }

    /// Moves the account's clock.
    pub fn advance_clock(&self, time: SignedDuration) {
        self.account().advance_clock(time);
    }

    /// Lets the `number`-th request from now on go wrong; 1 is the next.
    pub fn fail(&self, number: u64, fault: Fault) {
        self.faults().fail(number, fault);
    }

    /// Lets every request take that long.
    pub fn slow_down(&self, latency: Duration) {
        self.faults().latency = latency;
    }

    // ------------------------------------------------------------ looking

    /// Requests so far.
    pub fn requests(&self) -> u64 {
        self.faults().total()
    }

    /// Requests of a kind so far.
    pub fn requests_of(&self, operation: Operation) -> u64 {
        self.faults().count(operation)
    }

    /// Most requests that were ever under way at once.
    pub fn in_flight_seen_max(&self) -> usize {
        self.faults().in_flight_seen_max
    }

    /// Paths of files, sorted.
    pub fn names(&self, lake: &str) -> Vec<String> {
        let mut names: Vec<String> =
            self.everything(lake).into_iter().map(|(path, _)| path).collect();
        names.retain(|path| !path.ends_with('/'));
        names.sort();
        names
    }

    /// Every path, that of a directory with a slash at its end, in the order of the service.
    pub fn everything(&self, lake: &str) -> Vec<(String, Node)> {
        let account = self.account();
        let nodes = account.lake(lake).unwrap().nodes.iter();
        nodes
            .map(|(key, node)| {
                let slash = if node.is_directory() { "/" } else { "" };
                (format!("{}{slash}", path_of(key)), node.clone())
            })
            .collect()
    }

    /// A path as it stands.
    pub fn node(&self, lake: &str, path: &str) -> Option<Node> {
        self.account().node(lake, path).ok().cloned()
    }

    /// The bytes of a file.
    pub fn get(&self, lake: &str, path: &str) -> Option<Vec<u8>> {
        Some(self.node(lake, path)?.file?.bytes.to_vec())
    }

    /// What was asked and answered so far, each shape once.
    pub fn shapes(&self) -> Shapes<Operation> {
        self.shared.shapes.lock().unwrap().clone()
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.shared.account.lock().unwrap()
    }

    fn faults(&self) -> MutexGuard<'_, Faults<Operation>> {
        self.shared.faults.lock().unwrap()
    }
}

impl Serving for Shared {
    type Operation = Operation;

    fn operation(&self, request: &Request) -> Operation {
        let place = addressed(request);
        place.map_or(Operation::Unknown, |place| Operation::of(request, &place))
    }

    fn faults(&self) -> &Mutex<Faults<Operation>> {
        &self.faults
    }

    fn now(&self) -> Timestamp {
        self.account.lock().unwrap().now
    }

    fn answer(&self, request: &Request, operation: Operation) -> Reply {
        let place = addressed(request).unwrap_or_default();
        let mut account = self.account.lock().unwrap();
        answer(&mut account, &self.endpoint, request, &place, operation)
    }

    fn note(&self, operation: Operation, request: &Request, reply: &Reply) {
        self.shapes.lock().unwrap().insert(Shape::of(operation, request, reply));
    }
}
