//! The server as tests use it: start it, fill it, let things go wrong, look into it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use dsrd::config::secret::Secret;
use dsrd::config::settings::{Blob, Credential};
use jiff::{SignedDuration, Timestamp};
use tokio::net::TcpListener;
use url::Url;

use crate::support::blob_server::account::{Account, Deletion, Policy};
use crate::support::blob_server::conditions::Conditions;
use crate::support::blob_server::container::{Container, Generated};
use crate::support::blob_server::faults::{Fault, Faults};
use crate::support::blob_server::form::{Draft, Form, Which};
use crate::support::blob_server::operation::{Operation, place};
use crate::support::blob_server::service::answer;
use crate::support::blob_server::wire::{Reply, Request};
use crate::support::ports::free_port;
use crate::support::serving::{Serving, serve};

/// The account's name.
pub const ACCOUNT: &str = "ownstore";
/// Any key is taken.
pub const KEY: &str = "a2V5";

/// A running server. It ends with the test's runtime.
pub struct BlobServer {
    shared: Arc<Shared>,
}

struct Shared {
    endpoint: String,
    account: Mutex<Account>,
    faults: Mutex<Faults<Operation>>,
}

impl BlobServer {
    /// Starts one with nothing in it.
    pub async fn start(policy: Policy) -> Self {
        let port = free_port();
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let shared = Arc::new(Shared {
            endpoint: format!("http://127.0.0.1:{port}/{ACCOUNT}"),
            account: Mutex::new(Account::new(policy)),
            faults: Mutex::default(),
        });
        serve(Arc::clone(&shared), listener);
        Self { shared }
    }

    /// A container with a way into it.
    pub fn blob(&self, container: &str) -> Blob {
        let url = Url::parse(&format!("{}/{container}", self.shared.endpoint)).unwrap();
        let key = Secret::new(KEY.to_owned());
        Blob { url, credential: Credential::AccountKey { account: ACCOUNT.to_owned(), key } }
    }

    // ------------------------------------------------------------ filling

    /// Makes a container.
    pub fn create_container(&self, container: &str) {
        self.account().containers.insert(container.to_owned(), Container::default());
    }

    /// Makes a container whose blobs are computed when they are asked for.
    pub fn generate_container(&self, container: &str, generated: Generated) {
        let container = (container.to_owned(), Container::new(Some(generated)));
        self.account().containers.extend([container]);
    }

    /// Writes a blob over what was there.
    pub fn put(&self, container: &str, name: &str, bytes: &[u8]) {
        self.put_with(container, name, bytes, &[], &[]);
    }

    /// Writes a blob with metadata and tags.
    pub fn put_with(
        &self,
        container: &str,
        name: &str,
        bytes: &[u8],
        metadata: &[(&str, &str)],
        tags: &[(&str, &str)],
    ) {
        let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
        };
        let bytes = Bytes::copy_from_slice(bytes);
        let draft = Draft { bytes, metadata: map(metadata), tags: map(tags), ..Draft::default() };
        self.put_draft(container, name, draft);
    }

    /// Writes a blob with everything that a writer can say.
    pub fn put_draft(&self, container: &str, name: &str, draft: Draft) {
        self.account().write(container, name, draft, &Conditions::default()).unwrap();
    }

    /// Takes a snapshot, and gives its timestamp.
    pub fn snapshot(&self, container: &str, name: &str) -> String {
        let form = self.account().snapshot(container, name, &Conditions::default()).unwrap();
        form.rank().to_owned()
    }

    /// Deletes what stands under a name, its snapshots too, as a client would.
    pub fn delete(&self, container: &str, name: &str) {
        let deletion = Deletion {
            which: Which::Current,
            conditions: Conditions::default(),
            snapshots: Some("include".to_owned()),
            is_permanent: false,
        };
        self.account().delete(container, name, &deletion).unwrap();
    }

    /// Puts an endless lease on a blob.
    pub fn lease(&self, container: &str, name: &str) {
        self.alter(container, name, &Which::Current, |form| form.lease = Some("lease".to_owned()));
    }

    /// Puts a legal hold on one form, or lifts it.
    pub fn legal_hold(&self, container: &str, name: &str, which: &Which, holds: bool) {
        self.alter(container, name, which, |form| form.legal_hold = holds);
    }

    /// Keeps one form from being changed for that long.
    pub fn immutable(&self, container: &str, name: &str, which: &Which, time: SignedDuration) {
        let until = self.now() + time;
        self.alter(container, name, which, |form| form.immutable_until = Some(until));
    }

    /// Moves a blob to the archive.
    pub fn archive(&self, container: &str, name: &str) {
        let tier = Some("Archive".to_owned());
        self.alter(container, name, &Which::Current, |form| form.draft.tier = tier);
    }

    /// Encrypts a blob with a key that nobody here has.
    pub fn customer_key(&self, container: &str, name: &str) {
        let hash = Some("c2hhMjU2IG9mIGEga2V5".to_owned());
        self.alter(container, name, &Which::Current, |form| form.draft.customer_key = hash);
    }

    /// Changes one live form as it stands.
    pub fn alter(&self, container: &str, name: &str, which: &Which, alter: impl FnOnce(&mut Form)) {
        self.account().alter(container, name, which, alter).unwrap();
    }

    /// Refuses every request for a name, listings apart.
    pub fn forbid(&self, container: &str, name: &str) {
        let mut account = self.account();
        account.container(container).unwrap().forbidden.insert(name.to_owned());
    }

    // ------------------------------------------------------------ time and policy

    /// The account's clock.
    pub fn now(&self) -> Timestamp {
        self.account().now
    }

    /// Moves the account's clock.
    pub fn advance_clock(&self, time: SignedDuration) {
        self.account().advance_clock(time);
    }

    /// Changes the policy for what is deleted and written from now on.
    pub fn set_policy(&self, policy: Policy) {
        self.account().policy = policy;
    }

    // ------------------------------------------------------------ faults

    /// Lets the `number`-th request from now on go wrong; 1 is the next.
    pub fn fail(&self, number: u64, fault: Fault) {
        self.faults().fail(number, fault);
    }

    /// Lets the `number`-th request of a kind from now on go wrong; 1 is the next.
    pub fn fail_of(&self, operation: Operation, number: u64, fault: Fault) {
        self.faults().fail_of(operation, number, fault);
    }

    /// Answers 503 to what comes while so many others are under way.
    pub fn throttle(&self, in_flight_max: Option<usize>) {
        self.faults().in_flight_max = in_flight_max;
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

    /// Names that have a current form, sorted.
    pub fn names(&self, container: &str) -> Vec<String> {
        let mut account = self.account();
        let blobs = account.container(container).unwrap().from("");
        let is_there = |form: &Form| form.is_current() && form.is_live();
        blobs.filter(|(_, forms)| forms.iter().any(is_there)).map(|b| b.0.into_owned()).collect()
    }

    /// Every name with every form that the service still holds, soft-deleted ones too.
    pub fn everything(&self, container: &str) -> Vec<(String, Vec<Form>)> {
        let mut account = self.account();
        let blobs = account.container(container).unwrap().from("");
        blobs.map(|(name, forms)| (name.into_owned(), forms.into_owned())).collect()
    }

    /// Every form of a name, oldest first and the current one last, soft-deleted ones too.
    pub fn forms(&self, container: &str, name: &str) -> Vec<Form> {
        self.account().container(container).unwrap().forms(name).into_owned()
    }

    /// The bytes of the current form.
    pub fn get(&self, container: &str, name: &str) -> Option<Vec<u8>> {
        let forms = self.forms(container, name);
        let form = forms.into_iter().find(|form| form.is_current() && form.is_live());
        form.map(|form| form.draft.bytes.to_vec())
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
        let place = place(&request.path);
        place.map_or(Operation::Unknown, |place| Operation::of(request, &place))
    }

    fn faults(&self) -> &Mutex<Faults<Operation>> {
        &self.faults
    }

    fn now(&self) -> Timestamp {
        self.account.lock().unwrap().now
    }

    fn answer(&self, request: &Request, operation: Operation) -> Reply {
        let place = place(&request.path).unwrap_or_default();
        let mut account = self.account.lock().unwrap();
        answer(&mut account, &self.endpoint, request, &place, operation)
    }
}
