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
use crate::support::file_server::account::Account;
use crate::support::file_server::entry::{ACCOUNT, KEY};
use crate::support::file_server::operation::{Operation, addressed};
use crate::support::file_server::service::answer;
use crate::support::file_server::tree::{Entry, File, Handle, Node, folded, split};
use crate::support::ports::free_port;
use crate::support::serving::{Serving, Shape, Shapes, serve};

/// A running server. It ends with the test's runtime.
pub struct FileServer {
    shared: Arc<Shared>,
}

struct Shared {
    endpoint: String,
    account: Mutex<Account>,
    faults: Mutex<Faults<Operation>>,
    shapes: Mutex<Shapes<Operation>>,
}

impl FileServer {
    /// Starts one with nothing in it.
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

    /// A share, or a pattern of shares, with a way into it.
    pub fn share(&self, share: &str) -> Blob {
        let key = Secret::new(KEY.to_owned());
        self.share_by(share, Credential::AccountKey { account: ACCOUNT.to_owned(), key })
    }

    /// The same with another way into it.
    pub fn share_by(&self, share: &str, credential: Credential) -> Blob {
        let url = Url::parse(&format!("{}/{share}", self.shared.endpoint)).unwrap();
        Blob { url, credential }
    }

    // ------------------------------------------------------------ filling

    pub fn create_share(&self, share: &str) {
        self.account().create_share(share).unwrap();
    }

    /// Deletes a share with its snapshots, as a client would: it can be restored for a while.
    pub fn delete_share(&self, share: &str) {
        self.account().delete_share(share, None, true).unwrap();
    }

    /// Writes a file over what was there, in directories that are made if need be.
    pub fn put(&self, share: &str, path: &str, bytes: &[u8]) {
        self.put_with(share, path, bytes, |_| {});
    }

    /// The same with everything that a writer can say.
    pub fn put_with(&self, share: &str, path: &str, bytes: &[u8], say: impl FnOnce(&mut File)) {
        let mut account = self.account();
        account.create_parents(share, path);
        let mut file = account.file(Bytes::copy_from_slice(bytes));
        say(&mut file);
        account.insert(share, path, Node::File(file)).unwrap();
    }

    /// Makes a directory, with all that are above it.
    pub fn create_directory(&self, share: &str, path: &str) {
        self.account().create_parents(share, &format!("{path}/"));
    }

    /// Takes a snapshot, and gives its timestamp.
    pub fn snapshot(&self, share: &str) -> String {
        self.account().snapshot(share).unwrap()
    }

    /// Removes a snapshot.
    pub fn delete_snapshot(&self, share: &str, at: &str) {
        self.account().delete_share(share, Some(at), false).unwrap();
    }

    /// Deletes a file, whoever has it.
    pub fn delete(&self, share: &str, path: &str) {
        let mut account = self.account();
        let (parent, name) = split(path);
        let parent = account.root_mut(share).unwrap().at_mut(parent).unwrap();
        parent.entries.remove(&folded(name)).unwrap();
    }

    /// Changes a file as it stands.
    pub fn alter(&self, share: &str, path: &str, alter: impl FnOnce(&mut File)) {
        alter(self.account().root_mut(share).unwrap().file_mut(path).unwrap());
    }

    /// Changes the account's own state.
    pub fn alter_account(&self, alter: impl FnOnce(&mut Account)) {
        alter(&mut self.account());
    }

    /// Opens a file as a program on a mounted share does, which lets others do nothing or all.
    pub fn open(&self, share: &str, path: &str, lets: bool) {
        let (lets_read, lets_write, lets_delete) = (lets, lets, lets);
        let handle = Handle { id: 7, lets_read, lets_write, lets_delete };
        self.alter(share, path, |file| file.handles.push(handle));
    }

    /// Writes in a file that is open: readers see it, and nothing else tells of it before it is
    /// closed.
    pub fn write_open(&self, share: &str, path: &str, bytes: &[u8]) {
        self.alter(share, path, |file| {
            assert!(!file.handles.is_empty(), "it is open");
            file.listed_size.get_or_insert(file.bytes.len());
            file.bytes = Bytes::copy_from_slice(bytes);
        });
    }

    /// Closes it again.
    pub fn close(&self, share: &str, path: &str) {
        self.account().close(share, path).unwrap();
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
    pub fn names(&self, share: &str) -> Vec<String> {
        let names = self.everything(share).into_iter();
        names.map(|(name, _)| name).filter(|name| !name.ends_with('/')).collect()
    }

    /// Every path, that of a directory with a slash at its end, with its file.
    pub fn everything(&self, share: &str) -> Vec<(String, Option<File>)> {
        let account = self.account();
        let found = account.root(share, None).unwrap().walk().into_iter();
        found
            .map(|(path, node)| match node {
                Node::File(file) => (path, Some(file.clone())),
                Node::Directory(_) => (path, None),
            })
            .collect()
    }

    /// A file as it stands.
    pub fn file(&self, share: &str, path: &str) -> Option<File> {
        self.account().root(share, None).unwrap().file(path).ok().cloned()
    }

    /// The bytes of a file.
    pub fn get(&self, share: &str, path: &str) -> Option<Vec<u8>> {
        self.file(share, path).map(|file| file.bytes.to_vec())
    }

    /// How a file is called, in its own case.
    pub fn called(&self, share: &str, path: &str) -> Option<String> {
        let account = self.account();
        let (parent, name) = split(path);
        let entry: Option<&Entry> =
            account.root(share, None).unwrap().at(parent).ok()?.entries.get(&folded(name));
        entry.map(|entry| entry.name.clone())
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
