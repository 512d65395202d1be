//! The composition root: settings in, a running world out. The only file that names every adapter,
//! and the one way from the command line to everything below.

pub mod checking;
pub mod learning;
pub mod rekeying;
pub mod storage;
pub mod verifying;

use std::error::Error;
use std::future::pending;
use std::path::Path;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpListener;
use zeroize::Zeroizing;

use crate::adapters::amqp::announcer::AmqpAnnouncer;
use crate::adapters::amqp::inbox::AmqpInbox;
use crate::adapters::amqp::submit as amqp_submit;
use crate::adapters::azureml::kinds::KINDS;
use crate::adapters::collector::Collector;
use crate::adapters::folder::queue::{self as folder_queue, FolderQueue};
use crate::adapters::graph::copies::GraphCopies;
use crate::adapters::http::callbacks::HttpCallbacks;
use crate::adapters::http::operators::desk::Desk;
use crate::adapters::http::site::{Lately, Site};
use crate::adapters::http::{health, scrape, server};
use crate::adapters::keys;
use crate::adapters::memory::sources::store::MemorySource;
use crate::adapters::sql::store::SqlLedger;
use crate::adapters::stores;
use crate::adapters::supervisor::Supervisor;
use crate::adapters::system::{self, Alone, SystemClock, SystemEntropy};
use crate::config::settings::{Operators, Queue, Settings, Store};
use crate::worker::offline;
use crate::worker::pace::retry::once_there;
use crate::worker::pace::stopper::Stopper;
use crate::worker::preview::Preview;
use crate::worker::runner;
use crate::worker::status::{Plans, Sent, Status};
use crate::worker::world::{Copying, Door, KeyRing, Parts, Sources, World};

/// How often a ledger that is there is asked whether its tables are, too, and how long after the
/// last time.
const TABLES_TRIES_MAX: u32 = 20;
const TABLES_PAUSE: Duration = Duration::from_millis(150);

/// How long answers may take once we stop.
const HTTP_GRACE_MS: u64 = 2_000;

/// Why something could not be put together or done; for people to read.
#[derive(Debug)]
pub struct AppError(pub Box<dyn Error + Send + Sync>);

impl<E: Error + Send + Sync + 'static> From<E> for AppError {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

/// Sources that no settings name.
#[derive(Clone, Default)]
pub struct Beside(Sources);

impl Beside {
    /// What the services of a workspace would say of things, by name, in memory.
    pub fn workspace(name: &str, documents: Vec<(String, Vec<u8>)>) -> Self {
        let source = MemorySource::new(name).of_kinds(&KINDS);
        documents.into_iter().for_each(|(name, bytes)| source.put(&name, bytes));
        Self(vec![Arc::new(source)])
    }
}

/// A daemon, put together and not yet running.
pub struct Daemon {
    world: World,
    alone: Option<Alone>,
    page: Option<TcpListener>,
    /// Opens plans for the page.
    plans: Arc<Plans>,
    /// Who may decide from the page.
    operators: Option<Operators>,
    collector: Option<Collector>,
}

impl Daemon {
    /// Opens everything. Meanwhile the page says that the daemon is alive and not ready.
    ///
    /// # Errors
    /// Whatever cannot be opened.
    pub async fn open(settings: &Settings, beside: Beside) -> Result<Self, AppError> {
        let page = match settings.http.listen {
            Some(address) => Some(TcpListener::bind(address).await.map_err(|error| {
                AppError(format!("listening on {address} ([http] listen): {error}").into())
            })?),
            None => None,
        };
        let meanwhile = async {
            match &page {
                Some(listener) => server::serve_start(listener).await,
                None => pending().await,
            }
        };
        let (mut world, alone, plans) = tokio::select! {
            biased;
            opened = Self::put_together(settings, beside) => opened?,
            served = meanwhile => return Err(AppError(match served {
                Ok(()) => "the page ended before the daemon began".into(),
                Err(error) => error.into(),
            })),
        };
        let operators = settings.http.operators.clone();
        let collector = collector(settings)?;
        if let Some(collector) = &collector {
            world.shift.traces = collector.traces(&world.shift.metrics);
        }
        Ok(Self { world, alone, page, plans, operators, collector })
    }

    async fn put_together(
        settings: &Settings,
        beside: Beside,
    ) -> Result<(World, Option<Alone>, Arc<Plans>), AppError> {
        let alone = match settings.ledger.url.expose().strip_prefix("sqlite:") {
            Some(path) => Some(system::alone(path.as_ref())?),
            None => None,
        };
        let settings = &storage::completed(settings, true).await.map_err(AppError)?;
        let entropy = Arc::new(SystemEntropy);
        let ledger =
            Arc::new(once_there(&SystemClock, || SqlLedger::open(&settings.ledger.url)).await?);
        let is_new = !once_there(&SystemClock, || ledger.is_keyed()).await?;
        let master_key = match &settings.ledger.master_key {
            Some(key) => key.expose().to_owned().into(),
            None => keys::master(&settings.ledger.master_key_file)
                .kept(is_new, &keys::fresh_master_key(&*entropy))?,
        };
        let signing_key = keys::signing(&settings.deployment.signing_key_file)
            .kept(is_new, &offline::fresh_signing_key(&*entropy))?;
        let plans = Arc::new(opening(Arc::clone(&ledger), Zeroizing::clone(&master_key)));
        let (own, signs_with) = (Arc::clone(&ledger), Zeroizing::clone(&signing_key));
        let world = World::new(Parts {
            door: door(settings)?,
            sources: sources(settings, beside)?,
            directories: stores::directories(settings)?,
            exports: stores::exports(settings)?,
            tenant_logs: tenant_logs(settings)?,
            alone: alone.is_some(),
            ledger,
            clock: Arc::new(SystemClock),
            entropy,
            key_ring: KeyRing {
                master_key,
                signing_key,
                trusted_keys: settings.trust.keys.clone(),
                signature_age_ms_max: settings.trust.signature_age_ms_max,
            },
            envelope: settings.deployment.envelope.clone(),
            mandate: settings.mandate.clone(),
        })?;
        // The ledger's own, whatever was found here.
        once_there(&SystemClock, || world.account.assert_key()).await?;
        once_there(&SystemClock, || offline::note_signing_key(&*own, &signs_with)).await?;
        Ok((world, alone, plans))
    }

    /// Who started it and is told how it is.
    pub fn supervisor(&self) -> Supervisor {
        Supervisor::of_the_environment()
    }

    /// What ends it.
    pub fn stopper(&self) -> Stopper {
        self.world.shift.stopper.clone()
    }

    /// Serves until stopped; returns once everything in hand is ledgered.
    ///
    /// # Errors
    /// The page broke down, without which the daemon would be blind to its operators, or the
    /// ledger's master key was replaced.
    pub async fn run(self) -> Result<(), AppError> {
        let Self { world, alone: _alone, page, plans, operators, collector } = self;
        let world = Arc::new(world);
        let (decisions, clock) = (Arc::clone(&world), Arc::clone(&world.account.clock));
        let form_key = world.account.keys.form_key();
        let desk = Desk::open(operators, decisions, clock, &form_key)?;
        let site = Arc::new(Site {
            ledger: Arc::clone(&world.account.ledger),
            inbox: Arc::clone(&world.door.inbox),
            announcer: Arc::clone(&world.door.announcer),
            exports: Arc::clone(&world.exports),
            sources: world.sources.clone(),
            plans,
            clock: Arc::clone(&world.account.clock),
            metrics: Arc::clone(&world.shift.metrics),
            desk,
            lately: Lately::default(),
        });
        let (stopper, clock) = (world.shift.stopper.clone(), Arc::clone(&world.account.clock));
        let serve = async {
            let Some(listener) = page else { return Ok(()) };
            let until = stopper.clone();
            let serving =
                server::serve(listener, Arc::clone(&site), async move { until.stopped().await });
            // Whoever keeps a connection open keeps nobody from stopping.
            let served = stopper.run_with_grace(&clock, HTTP_GRACE_MS, serving).await;
            stopper.stop();
            served.unwrap_or(Ok(()))
        };
        let watch = stopper.run_until_stopped(health::watch(&site));
        let (traces, metrics) = (&world.shift.traces, &*world.shift.metrics);
        let work = async {
            let worked = Box::pin(runner::run(&world)).await;
            traces.close();
            worked
        };
        let tell = async {
            if let Some(collector) = &collector {
                collector.tell(traces, metrics, &*world.account.clock).await;
            }
        };
        let (served, _, worked, ()) = tokio::join!(serve, watch, work, tell);
        worked?;
        Ok(served?)
    }
}

/// Reads the ledger alone, and changes nothing: neither its version, nor whether there is one.
///
/// # Errors
/// It cannot be opened.
pub async fn status(settings: &Settings) -> Result<Status, AppError> {
    Ok(Status { ledger: Arc::new(SqlLedger::inspect(&settings.ledger.url).await?) })
}

/// The same, once a daemon that begins just now has made the ledger.
///
/// # Errors
/// As [`status`].
pub async fn status_once_there(settings: &Settings) -> Result<Status, AppError> {
    let mut tries = 0;
    // Where no daemon ever begins, it ends with Ctrl-C; its tables it makes at once.
    loop {
        match status(settings).await {
            Err(_) if !has_ledger(settings) || tries < TABLES_TRIES_MAX => {
                tries += u32::from(has_ledger(settings));
                tokio::time::sleep(TABLES_PAUSE).await;
            }
            opened => return opened,
        }
    }
}

/// Whether there is a ledger: of a server nobody knows before it is asked.
fn has_ledger(settings: &Settings) -> bool {
    let file = settings.ledger.url.expose().strip_prefix("sqlite:");
    file.is_none_or(|path| Path::new(path).exists())
}

/// What shows the plans of requests that do not rest.
///
/// # Errors
/// The ledger or the master key cannot be read.
pub async fn plans(settings: &Settings) -> Result<Plans, AppError> {
    let ledger = Arc::new(SqlLedger::inspect(&settings.ledger.url).await?);
    Ok(opening(ledger, keys::master_key(&settings.ledger)?))
}

/// What opens plans with that key.
fn opening(ledger: Arc<SqlLedger>, master_key: Zeroizing<String>) -> Plans {
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    Plans { ledger, master_key, clock, entropy }
}

/// Puts a message on the queue as any producer would, signed if we can read the deployment's key,
/// and gives the signature.
///
/// # Errors
/// The queue did not take it; or it would refuse it, because signatures are asked for and there is
/// no key to sign with.
pub async fn submit(
    settings: &Settings,
    body: Bytes,
    name: &str,
) -> Result<Option<String>, AppError> {
    let signed = signature(settings, &body)?;
    let signature = signed.as_deref();
    match &settings.queue {
        Queue::Folder(path) => {
            folder_queue::submit(path, &body, &format!("{name}.json"), signature)?;
        }
        Queue::Amqp(amqp) => amqp_submit::submit(amqp, body, name, signature).await?,
    }
    Ok(signed)
}

/// A message that somebody sends and waits for.
pub struct Errand {
    /// Only the master key tells what becomes of this very message.
    plans: Option<Plans>,
    sent: Sent,
}

impl Errand {
    /// Puts a message on the queue that claims this id, under the name.
    ///
    /// # Errors
    /// See [`submit`]; the ledger cannot be read.
    pub async fn send(
        settings: &Settings,
        id: &str,
        body: Bytes,
        name: &str,
    ) -> Result<Self, AppError> {
        let plans = plans(settings).await.ok();
        let was_refused = match &plans {
            // Of what is signed each is another.
            Some(plans) => plans.was_refused(&body, None).await?,
            None => false,
        };
        let signature = submit(settings, body.clone(), name).await?;
        Ok(Self { plans, sent: Sent { id: id.to_owned(), body, signature, was_refused } })
    }

    /// Whether the message was taken, and under which id it was refused, if it was: as far as we
    /// can tell.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn taken(&self) -> Result<Poll<Option<String>>, AppError> {
        match &self.plans {
            Some(plans) => {
                Ok(plans.taken(&self.sent).await?.map(|refusal| refusal.map(|id| id.to_string())))
            }
            None => Ok(Poll::Ready(None)),
        }
    }
}

/// By what others check what this deployment signs; the key is made where there is none yet.
///
/// # Errors
/// The key's file cannot be read or written, or holds another kind of key.
pub fn public_key(settings: &Settings) -> Result<offline::PublicKey, AppError> {
    let file = keys::signing(&settings.deployment.signing_key_file);
    Ok(offline::public_key(&file.made(&offline::fresh_signing_key(&SystemEntropy))?)?)
}

/// What finds without a queue, and needs no ledger; one that is there it reads alone.
///
/// # Errors
/// A source cannot be opened.
pub async fn preview(settings: &Settings, beside: Beside) -> Result<Preview, AppError> {
    let settings = &storage::completed(settings, false).await.map_err(AppError)?;
    Ok(Preview {
        sources: sources(settings, beside)?,
        directories: stores::directories(settings)?,
        mandate: settings.mandate.clone(),
        clock: Arc::new(SystemClock),
        learned: learned(settings).await,
    })
}

/// The ledger with what sweeps learned. Without it everything is read, which is said where there
/// should be one.
async fn learned(settings: &Settings) -> Option<Plans> {
    settings.mandate.catalogue_age_max.filter(|_| has_ledger(settings))?;
    let unused = "what sweeps learned cannot be used: everything is read";
    let unused = |error: &AppError| tracing::warn!(error = %error.0, "{unused}");
    plans(settings).await.inspect_err(unused).ok()
}

/// What the daemon of these settings counts, where it serves a page.
///
/// # Errors
/// It serves none, or does not answer.
pub async fn metrics(settings: &Settings) -> Result<String, AppError> {
    match settings.http.listen {
        Some(address) => Ok(scrape::metrics(address).await?),
        None => Err(AppError("it serves no page ([http] listen is empty)".into())),
    }
}

/// One thing that is wrong with a request.
pub struct Fault {
    /// JSON Pointer to the place.
    pub pointer: String,
    /// Stable code.
    pub code: &'static str,
    /// A sentence.
    pub message: String,
}

/// What the daemon will find wrong with a message; nothing of a sound one.
///
/// # Errors
/// None that is known of: nothing is opened.
pub async fn faults(settings: &Settings, body: &[u8]) -> Result<Vec<Fault>, AppError> {
    // A preview of sources that have only their names looks at the request alone.
    let named = |store: &Store| Arc::new(MemorySource::new(&store.name)) as _;
    let workspaces = settings.workspaces.iter();
    let workspaces =
        workspaces.map(|one| Arc::new(MemorySource::new(&one.name).of_kinds(&KINDS)) as _);
    let telemetry = settings.telemetry.iter();
    let telemetry = telemetry.map(|one| Arc::new(MemorySource::new(&one.name)) as _);
    let preview = Preview {
        sources: settings.sources.iter().map(named).chain(workspaces).chain(telemetry).collect(),
        directories: Vec::new(),
        mandate: settings.mandate.clone(),
        clock: Arc::new(SystemClock),
        learned: None,
    };
    let looked = preview.run(body, Arc::default(), |_| {}, |_| {}).await?;
    let faults = looked.err().unwrap_or_default().into_iter();
    // A decision is no request, and no fault on its way to the queue.
    let faults = faults.filter(|fault| fault.code != "no_request");
    // Only workspaces know what they make sources of.
    let knows_all = !settings.workspaces.iter().any(|workspace| workspace.brings_storage);
    let faults = faults.filter(|fault| knows_all || fault.code != "unknown_source");
    Ok(faults
        .map(|fault| Fault { pointer: fault.pointer, code: fault.code, message: fault.message })
        .collect())
}

/// The key is not made here: whoever runs this first may not be the one that the daemon runs as.
fn signature(settings: &Settings, body: &[u8]) -> Result<Option<String>, AppError> {
    let path = &settings.deployment.signing_key_file;
    let key = match keys::signing(path).found() {
        Ok(Some(key)) => key,
        // Unsigned will do.
        _ if settings.trust.keys.is_empty() => return Ok(None),
        Ok(None) => {
            let path = path.display();
            let text = format!(
                "messages must be signed ([queue] trusted_keys), and there is no key in {path} to \
                 sign with; the daemon's first start makes it, or dsrd config --public-key"
            );
            return Err(AppError(text.into()));
        }
        Err(failure) => return Err(failure.into()),
    };
    Ok(Some(offline::sign(&key, body, &SystemClock)?))
}

fn door(settings: &Settings) -> Result<Door, AppError> {
    let message_bytes_max = settings.mandate.limits.message_bytes_max;
    let (rule, timeout) = (&settings.mandate.callbacks, settings.callback_timeout);
    let callbacks = Arc::new(HttpCallbacks::open(rule, timeout)?);
    Ok(match &settings.queue {
        Queue::Folder(path) => {
            let queue = Arc::new(FolderQueue::open(path, message_bytes_max)?);
            Door { inbox: Arc::<FolderQueue>::clone(&queue), announcer: queue, callbacks }
        }
        Queue::Amqp(amqp) => {
            let inbox = AmqpInbox::new(amqp, Arc::new(SystemClock), message_bytes_max)?;
            let announcer = Arc::new(AmqpAnnouncer::new(amqp)?);
            Door { inbox: Arc::new(inbox), announcer, callbacks }
        }
    })
}

fn collector(settings: &Settings) -> Result<Option<Collector>, AppError> {
    let Some(otlp) = &settings.otlp else { return Ok(None) };
    Ok(Some(Collector::open(otlp, &settings.deployment.envelope.source)?))
}

fn tenant_logs(settings: &Settings) -> Result<Copying, AppError> {
    let Some(graph) = &settings.graph else { return Ok(None) };
    Ok(Some(Arc::new(GraphCopies::open(graph, Arc::new(SystemClock))?)))
}

fn sources(settings: &Settings, beside: Beside) -> Result<Sources, AppError> {
    Ok(stores::sources(settings)?.into_iter().chain(beside.0).collect())
}
