//! A small world, a policy and some messages; the real loops run over it until nothing more
//! happens.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};
use std::task::Poll;

use dsrd::adapters::memory::announcer::MemoryAnnouncer;
use dsrd::adapters::memory::callbacks::MemoryCallbacks;
use dsrd::adapters::memory::clock::MemoryClock;
use dsrd::adapters::memory::exports::MemoryExports;
use dsrd::adapters::memory::inbox::MemoryInbox;
use dsrd::adapters::memory::sources::rows::MemoryRows;
use dsrd::adapters::memory::sources::shelves::Fault;
use dsrd::adapters::memory::sources::store::MemorySource;
use dsrd::adapters::sql::store::SqlLedger;
use dsrd::adapters::system::SystemEntropy;
use dsrd::config::reading::layers;
use dsrd::domain::callbacks::rule::{CallbackHost, CallbackRule};
use dsrd::domain::event::{Correspondence, Envelope};
use dsrd::domain::outcome::Block;
use dsrd::domain::policy::action::Otherwise;
use dsrd::domain::policy::declared::{Declaration, Declared};
use dsrd::domain::policy::guard::Guard;
use dsrd::domain::policy::keeping::Keeping;
use dsrd::domain::policy::limits::Limits;
use dsrd::domain::policy::mandate::{Ahead, Mandate};
use dsrd::domain::policy::pattern::Pattern;
use dsrd::domain::policy::rules::{Policy, Rule, Treatment, Unit};
use dsrd::domain::regulation::due::Calendar;
use dsrd::domain::request::Controller;
use dsrd::domain::state::State;
use dsrd::ports::ledger::Ledger;
use dsrd::ports::sources::Source;
use dsrd::ports::tenant_logs::TenantLogs;
use dsrd::telemetry::logging::{Format, layer};
use dsrd::telemetry::otlp::resource::Teller;
use dsrd::telemetry::otlp::spans;
use dsrd::telemetry::traces::Traces;
use dsrd::worker::offline::fresh_signing_key;
use dsrd::worker::runner;
use dsrd::worker::world::{Directories, Door, KeyRing, Parts, Sources, World};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;
use zeroize::Zeroizing;

use crate::support::simulation::copies::Copies;
use crate::support::simulation::leaks::{CONTENT, CUSTOMER, EMAIL, NAME, OBJECT_ID};
use crate::support::simulation::ports::Wired;
use crate::support::simulation::tripwire::Tripwire;

/// Everything around a daemon; it outlives the daemons that are started in it.
pub struct Scenario {
    pub wire: Arc<Tripwire>,
    pub inbox: Arc<MemoryInbox>,
    pub announcer: Arc<MemoryAnnouncer>,
    pub callbacks: Arc<MemoryCallbacks>,
    pub exports: Arc<MemoryExports>,
    pub sources: Vec<Arc<MemorySource>>,
    /// Sources that are asked.
    pub tables: Vec<Arc<MemoryRows>>,
    /// Who knows people, beside these.
    pub directories: Directories,
    /// Who copies the logs of the tenant.
    pub copies: Option<Arc<Copies>>,
    pub limits: Limits,
    pub keeping: Keeping,
    /// How long what was learned of an item is relied on; none where nothing is learned.
    pub catalogue_age_max: Option<SignedDuration>,
    /// How it is learned ahead of requests.
    pub ahead: Option<Ahead>,
    /// It goes on until so many items are known.
    pub until_known: u64,
    /// Where callbacks may go to.
    trusted_hosts: Vec<CallbackHost>,
    pub guard: Guard,
    pub logs: Lines,
    /// How far the clock moves when everybody waits.
    pub tick_ms: u64,
    /// Whether time passes also while somebody works.
    pub hasty: bool,
    /// Callbacks that nobody will ever take.
    pub left_owed: u64,
    /// Whether it goes on until no archive is kept any more.
    pub until_expired: bool,
    /// The metrics of each daemon, as it ended.
    pub metrics: Mutex<Vec<String>>,
    /// What each would have told a collector.
    pub spans: Mutex<Vec<Vec<u8>>>,
    /// Whose messages are heard, PEM by key id; empty hears everybody.
    pub trusted_keys: BTreeMap<String, String>,
    pub clock: Arc<MemoryClock>,
    signing_key: Zeroizing<String>,
    policy: Policy,
    ledger: OnceCell<Arc<dyn Ledger>>,
    folder: TempDir,
}

/// When the second daemon of a pair starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With the first.
    Together,
    /// Once the first stopped.
    Late,
}

/// Log lines, kept.
#[derive(Clone, Default)]
pub struct Lines(Arc<Mutex<Vec<u8>>>);

/// The source that every scenario has.
pub const SOURCE: &str = "azureml";

/// The source of [`Scenario::with_tables`].
pub const TABLES: &str = "telemetry";

/// The source of [`Scenario::with_things`].
pub const THINGS: &str = "workspace";

/// Who the daemons are in events.
const DEPLOYMENT: &str = "urn:dsrd:simulated";

/// How far the clock moves unless told otherwise.
const TICK_MS: u64 = 250;

/// Ticks after which a life has gone round in circles.
const TICKS_MAX: u32 = 3_000;

/// Ticks that an outage lasts.
const OUTAGE_TICKS: u32 = 20;

/// Ticks that a frozen process stands still: twice as long as a lease lasts.
const FROZEN_TICKS: u32 = 24;

/// Stack of a simulation.
const STACK_BYTES: usize = 16 << 20;

impl Scenario {
    /// An empty workspace.
    pub fn new() -> Self {
        let now = "2026-11-23T12:00:00Z".parse().unwrap();
        Self {
            wire: Arc::default(),
            inbox: Arc::default(),
            announcer: Arc::default(),
            callbacks: Arc::default(),
            exports: Arc::default(),
            sources: vec![Arc::new(MemorySource::new(SOURCE))],
            tables: Vec::new(),
            directories: Vec::new(),
            copies: None,
            limits: *LIMITS,
            keeping: KEEPING,
            catalogue_age_max: Some(SignedDuration::from_hours(24 * 30)),
            ahead: None,
            until_known: 0,
            trusted_hosts: Vec::new(),
            guard: Guard { items_max: 1_000, share_max: 1.0, share_items_min: 0 },
            logs: Lines::default(),
            tick_ms: TICK_MS,
            hasty: false,
            left_owed: 0,
            until_expired: false,
            metrics: Mutex::default(),
            spans: Mutex::default(),
            trusted_keys: BTreeMap::new(),
            signing_key: fresh_signing_key(&SystemEntropy),
            policy: Policy::default(),
            clock: Arc::new(MemoryClock::at(now)),
            ledger: OnceCell::new(),
            folder: folder(),
        }
    }

    /// A workspace with two items that speak of the subject and one that does not.
    pub fn small() -> Self {
        let scenario = Self::new();
        let source = scenario.source(SOURCE);
        source.put("ExperimentRun/dcid.r1/run.json", run_document());
        source.put("LocalUpload/zyxcanary.q7/notes.txt", notes("first"));
        source.put("ComputeRecord/dcid.r2", "{\"nodes\":1}");
        scenario
    }

    /// The same, and items that an erasure cannot or may not take: one is kept by law, one held,
    /// one archived.
    pub fn obstructed(law: &str) -> Self {
        let scenario = Self::small().with_source("billing").keeping("billing", law);
        scenario.source("billing").put("invoice.txt", notes("invoice"));
        let source = scenario.source(SOURCE);
        source.put("held.txt", notes("held"));
        source.set_fault("held.txt", Some(Fault::Blocks(Block::LegalHold)));
        source.put("archived.txt", notes("cold"));
        source.set_fault("archived.txt", Some(Fault::Refuses("archived".into())));
        scenario
    }

    /// The source of that name; made where there is none.
    pub fn with_source(mut self, name: &str) -> Self {
        self.sources.push(Arc::new(MemorySource::new(name)));
        self
    }

    /// Tables that are asked, with two rows of the subject in one, one in another, and rows of
    /// others.
    pub fn with_tables(mut self) -> Self {
        let tables = MemoryRows::new(TABLES);
        tables.add("AppRequests", &[("UserId", EMAIL), ("Url", "/score")]);
        tables.add("AppRequests", &[("UserId", "bob@example.org"), ("Url", "/score")]);
        tables.add("AppRequests", &[("UserId", EMAIL), ("Url", "/train")]);
        tables.add("AppTraces", &[("Message", "ready"), ("AuthenticatedId", EMAIL)]);
        self.tables.push(Arc::new(tables));
        self
    }

    /// A workspace of things, one of which speaks of the subject.
    pub fn with_things(mut self) -> Self {
        let things = MemorySource::new(THINGS).of_things();
        for name in [
            "compute/ci-7",
            "experiment/e1",
            "experiment/e1/first",
            "experiment/e10",
            "model/churn/1",
            "model/churn/2",
            "model/churn2/1",
            "online_endpoint/score",
            "online_endpoint/score/blue",
            "run/r10",
        ] {
            things.put(name, format!("{{\"name\":\"{name}\"}}"));
        }
        things.put("run/r1", run_document());
        self.sources.push(Arc::new(things));
        self
    }

    /// Somebody copies the logs of the tenant.
    pub fn with_copies(mut self, copies: Copies) -> Self {
        self.copies = Some(Arc::new(copies));
        self
    }

    /// Each source is walked in so many parts.
    pub fn in_parts(mut self, parts: u64) -> Self {
        self.limits.source_parts = parts;
        self
    }

    /// Listings show so many names at a time.
    pub fn paged(self, names: usize) -> Self {
        for source in &self.sources {
            source.set_page_names(names);
        }
        self
    }

    /// Erasures keep what is in that source.
    pub fn keeping(mut self, source: &str, keep: &str) -> Self {
        self.policy.rules.push(Rule {
            source: Some(Pattern::new(source).unwrap()),
            reason: keep.to_owned(),
            ..rule(Treatment::Keep)
        });
        self
    }

    /// Erasures are made by these rules.
    pub fn ruled_by(mut self, rules: Vec<Rule>) -> Self {
        self.policy.rules = rules;
        self
    }

    /// What the operator declares to hold no person, by path, in these forms.
    pub fn declaring(mut self, path: &str, forms: &[&str]) -> Self {
        self.policy.declarations.push(Declaration {
            source: None,
            path: Some(Pattern::new(path).unwrap()),
            forms: forms.iter().map(|form| (*form).to_owned()).collect(),
            declared: Declared {
                by: "DPO of Contoso".into(),
                on: "2026-11-01".parse().unwrap(),
                reason: "weights of models".into(),
            },
        });
        self
    }

    /// Callbacks may go to these hosts.
    pub fn trusting(mut self, hosts: &[&str]) -> Self {
        let hosts = hosts.iter().map(|host| CallbackHost::parse(host).unwrap());
        self.trusted_hosts = hosts.collect();
        self
    }

    /// A message waits in the queue.
    pub fn sent(self, message: Value) -> Self {
        self.inbox.push(message.to_string(), correspondence());
        self
    }

    /// A source, to be filled and looked into.
    pub fn source(&self, name: &str) -> Arc<MemorySource> {
        Arc::clone(self.sources.iter().find(|source| source.name() == name).unwrap())
    }

    /// A daemon starts, lives until nothing more happens, and ends; or it dies before that.
    pub async fn live(&self) {
        let lines = self.logs.clone();
        let layer = layer(Format::Json, "trace", false, move || lines.clone()).unwrap();
        let _logging = tracing::subscriber::set_default(Registry::default().with(layer));
        let (ledger, mut world) = (self.ledger().await, self.world().await);
        world.shift.traces =
            Traces::of(DEPLOYMENT, "1", 1.0, world.shift.metrics.spans_dropped.clone());
        tokio::select! {
            biased;
            () = self.wire.dead() => {}
            served = Box::pin(runner::run(&world)) => served.unwrap(),
            () = self.pass_time(&world, &*ledger) => {}
        }
        self.metrics.lock().unwrap().push(world.shift.metrics.render());
        let teller = Teller { deployment: DEPLOYMENT.to_owned(), instance: "1".to_owned() };
        let pieces = world.shift.traces.take(usize::MAX);
        self.spans.lock().unwrap().push(spans::encoded(&teller, &pieces));
    }

    /// A daemon that nobody has started.
    pub async fn world(&self) -> World {
        World::new(self.parts(self.opened().await, &self.wire)).unwrap()
    }

    /// Two daemons on one ledger live until nothing more happens. The first may be stopped; the
    /// second is not, and starts with it or once it stopped.
    pub async fn live_in_pair(&self, start: Start) {
        let lines = self.logs.clone();
        let layer = layer(Format::Json, "trace", false, move || lines.clone()).unwrap();
        let _logging = tracing::subscriber::set_default(Registry::default().with(layer));
        let ledger = self.ledger().await;
        let healthy = Arc::<Tripwire>::default();
        let world = async |wire: &Arc<Tripwire>| {
            let parts = self.parts(self.opened().await, wire);
            World::new(Parts { alone: false, ..parts }).unwrap()
        };
        let (first, second) = (world(&self.wire).await, world(&healthy).await);
        let mortal = async {
            let mut running = Box::pin(runner::run(&first));
            let unless_frozen = std::future::poll_fn(|context| {
                if self.wire.is_frozen() { Poll::Pending } else { running.as_mut().poll(context) }
            });
            tokio::select! {
                biased;
                () = self.wire.dead() => self.inbox.take_back(),
                served = unless_frozen => served.unwrap(),
            }
        };
        let relief = async {
            if start == Start::Late {
                tokio::select! {
                    () = self.wire.tripped() => {}
                    () = first.shift.stopper.stopped() => {}
                }
            }
            Box::pin(runner::run(&second)).await.unwrap();
        };
        let until_stopped = async { tokio::join!(mortal, relief) };
        let daemons: [(&World, &Tripwire); 2] = [(&first, &self.wire), (&second, &healthy)];
        tokio::select! {
            biased;
            _ = until_stopped => {}
            () = self.pass_time_for(&daemons, &*ledger) => {}
        }
    }

    /// The ledger as those who look from outside have it: without the tripwire, and open for as long
    /// as the scenario is there.
    pub async fn ledger(&self) -> Arc<dyn Ledger> {
        Arc::clone(self.ledger.get_or_init(async || self.opened().await).await)
    }

    /// The ledger, opened by one more program.
    async fn opened(&self) -> Arc<dyn Ledger> {
        let path = self.path().join("ledger.db");
        if !path.exists() {
            std::fs::write(&path, EMPTY_LEDGER.get_or_init(empty_ledger).await).unwrap();
        }
        let url = SqlLedger::url_of(&path);
        let clock = Arc::<MemoryClock>::clone(&self.clock);
        let ledger = SqlLedger::open_by(&url, clock).await;
        Arc::new(ledger.map_err(|failure| failure.chain()).unwrap())
    }

    /// Where the ledger is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn parts(&self, ledger: Arc<dyn Ledger>, wire: &Arc<Tripwire>) -> Parts {
        let walked = self.sources.iter().map(|source| wired(wire, source) as Arc<dyn Source>);
        let asked = self.tables.iter().map(|source| wired(wire, source) as Arc<dyn Source>);
        let sources: Sources = walked.chain(asked).collect();
        Parts {
            door: Door {
                inbox: wired(wire, &self.inbox),
                announcer: wired(wire, &self.announcer),
                callbacks: wired(wire, &self.callbacks),
            },
            sources,
            directories: self.directories.clone(),
            exports: wired(wire, &self.exports),
            tenant_logs: self.copies.as_ref().map(|it| wired(wire, it) as Arc<dyn TenantLogs>),
            alone: true,
            ledger: wired(wire, &ledger),
            clock: Arc::<MemoryClock>::clone(&self.clock),
            entropy: Arc::new(SystemEntropy),
            key_ring: KeyRing {
                master_key: MASTER_KEY.repeat(32).into(),
                signing_key: self.signing_key.clone(),
                trusted_keys: self.trusted_keys.clone(),
                signature_age_ms_max: 3_600_000,
            },
            envelope: Envelope {
                source: DEPLOYMENT.to_owned(),
                controller_id: "controller".to_owned(),
            },
            mandate: self.mandate(),
        }
    }

    /// What the operator decided.
    pub fn mandate(&self) -> Mandate {
        let hosts = self.trusted_hosts.clone();
        Mandate {
            controller: Controller::default(),
            policy: self.policy.clone(),
            guard: self.guard,
            calendar: Calendar::default(),
            callbacks: CallbackRule { hosts, ..CallbackRule::default() },
            limits: self.limits,
            keeping: self.keeping,
            catalogue_age_max: self.catalogue_age_max,
            ahead: self.ahead,
        }
    }

    /// Moves the clock whenever everybody waits for it, and stops the daemon when all is done.
    async fn pass_time(&self, world: &World, ledger: &dyn Ledger) {
        self.pass_time_for(&[(world, &self.wire)], ledger).await;
    }

    async fn pass_time_for(&self, daemons: &[(&World, &Tripwire)], ledger: &dyn Ledger) {
        let (mut downtime, mut frozen) = (0, 0);
        let ticks = if self.hasty { TICKS_MAX * 100 } else { TICKS_MAX };
        for _ in 0..ticks {
            if self.hasty {
                tokio::task::yield_now().await;
            } else {
                for (_, wire) in daemons {
                    tokio::select! {
                        () = wire.quiet() => {}
                        () = wire.frozen() => {}
                    }
                }
            }
            downtime += u32::from(self.wire.is_down());
            frozen += u32::from(self.wire.is_frozen());
            if frozen > FROZEN_TICKS {
                self.wire.thaw();
            }
            let over = downtime > OUTAGE_TICKS;
            let up = !self.wire.is_down() && !self.wire.is_frozen();
            if over || (up && self.at_rest(ledger).await) {
                daemons.iter().for_each(|(world, _)| world.shift.stopper.stop());
            }
            self.clock.advance_ms(self.tick_ms);
        }
        panic!("went round in circles after {:?}:\n{}", self.wire.blown(), self.logs.text());
    }

    /// Asked at every tick: what mostly tells comes first.
    async fn at_rest(&self, ledger: &dyn Ledger) -> bool {
        // First of all: what is settled after this look may not be in the ledger that we see.
        if !self.inbox.is_empty() || (self.until_expired && !self.exports.names().is_empty()) {
            return false;
        }
        if self.until_known > 0 {
            let known = ledger.catalogued().await.unwrap();
            if known.iter().map(|of| of.items).sum::<u64>() < self.until_known {
                return false;
            }
        }
        let census = ledger.census().await.unwrap();
        census.iter().all(|(state, _)| state.is_end() || *state == State::Held)
            && ledger.backlog().await.unwrap() == 0
            && ledger.callback_backlog().await.unwrap() <= self.left_owed
            && ledger.expired(1).await.unwrap().is_empty()
    }
}

/// What the master key repeats.
pub const MASTER_KEY: &str = "5a";

/// A rule for everything.
pub fn rule(action: Treatment) -> Rule {
    Rule {
        source: None,
        path: None,
        action,
        shared: None,
        otherwise: Otherwise::Leave,
        unit: Unit::Item,
        reason: String::new(),
    }
}

impl Lines {
    /// All lines so far.
    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn wired<P: ?Sized>(wire: &Arc<Tripwire>, port: &Arc<P>) -> Arc<Wired<P>> {
    Arc::new(Wired { wire: Arc::clone(wire), port: Arc::clone(port) })
}

/// Runs a test's work with one thread for everything, and one for what would keep it, so that it
/// goes the same way each time. Without optimisation a compressor takes more stack than test
/// threads have.
pub fn simulate<T: Send>(work: impl AsyncFnOnce() -> T + Send) -> T {
    let run = || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().max_blocking_threads(1).build();
        runtime.unwrap().block_on(work())
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
        thread.spawn_scoped(scope, run).unwrap().join()
    })
    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// What fails because of a stop is tried again as often as it takes.
pub fn patient(mut scenario: Scenario) -> Scenario {
    scenario.limits.tries_max = u32::MAX;
    scenario
}

/// A request about the subject.
pub fn request(id: &str, kind: &str) -> Value {
    let identity = |kind: &str, value: &str| json!({ "identity_type": kind, "identity_value": value, "identity_format": "raw" });
    json!({
        "regulation": "gdpr",
        "api_version": "2.0",
        "subject_request_id": id,
        "subject_request_type": kind,
        "submitted_time": "2026-11-23T09:00:00Z",
        "subject_identities": [
            identity("email", EMAIL),
            identity("object_id", OBJECT_ID),
            identity("name", NAME),
            identity("controller_customer_id", CUSTOMER),
        ],
    })
}

/// The same with options of ours.
pub fn request_with(id: &str, kind: &str, options: Value) -> Value {
    let mut request = request(id, kind);
    request["extensions"] = json!({ "dsrd": options });
    request
}

/// The same, wishing to be told by HTTP.
pub fn request_told(id: &str, kind: &str, urls: &[&str]) -> Value {
    let mut request = request(id, kind);
    request["status_callback_urls"] = json!(urls);
    request
}

/// A person's decision.
pub fn control(verb: &str, id: &str) -> Value {
    json!({ "control": verb, "subject_request_id": id, "actor": "op", "reason": "asked for" })
}

/// A producer that wants an answer.
pub fn correspondence() -> Correspondence {
    Correspondence {
        reply_to: Some("answers".to_owned()),
        correlation_id: Some("c-1".to_owned()),
        ..Correspondence::default()
    }
}

/// A run's document that speaks of the subject.
pub fn run_document() -> String {
    let user = json!({ "upn": EMAIL, "userObjectId": OBJECT_ID, "userName": NAME });
    json!({ "runId": "r1", "createdBy": user, "description": CONTENT }).to_string()
}

/// A text that speaks of the subject.
pub fn notes(what: &str) -> String {
    format!("{what} {CONTENT}\nask {EMAIL} or {CUSTOMER}\n")
}

/// Of the defaults those made small that a test meets, or that would make it long.
pub static LIMITS: LazyLock<Limits> = LazyLock::new(|| Limits {
    identities_max: 20,
    identity_chars_min: 4,
    sweep_requests_max: 100,
    read_concurrency_max: 4,
    read_bytes_max: 1 << 20,
    act_requests_max: 1,
    act_concurrency_max: 1,
    hits_per_item_max: 20,
    depth_max: 4,
    decoded_bytes_max: 1 << 24,
    verify_rounds_max: 2,
    lease_ms: 3_000,
    retry_delay_ms_min: 100,
    retry_delay_ms_max: 1_000,
    tries_max: 5,
    source_patience_ms: 5_000,
    verify_gather_ms: 0,
    purge_gather_ms: 1_000,
    service_days_max: 45,
    failed_export_margin_ms: 86_400_000,
    ..layers::read(None, []).unwrap().limits
});

const KEEPING: Keeping = Keeping {
    archive_life_ms: 2_592_000_000,
    tombstone_days: 0,
    follow_up_days: 30,
    details_days: 0,
    callback_give_up_after_ms: 3_600_000,
};

/// A ledger in which nothing is: its tables are made once, and not for each of thousands of lives.
static EMPTY_LEDGER: OnceCell<Vec<u8>> = OnceCell::const_new();

async fn empty_ledger() -> Vec<u8> {
    let folder = folder();
    let path = folder.path().join("ledger.db");
    SqlLedger::open(&SqlLedger::url_of(&path)).await.map_err(|failure| failure.chain()).unwrap();
    // It was opened whole: its WAL is empty.
    std::fs::read(&path).unwrap()
}

/// In memory where the system has such a place: the ledger waits for the disk at every record.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}
