//! The composition root: settings in, a running world out. The only file that names every adapter.

use std::sync::Arc;

use bytes::Bytes;

use crate::adapters::amqp::announcer::AmqpAnnouncer;
use crate::adapters::amqp::inbox::AmqpInbox;
use crate::adapters::amqp::publisher::Publisher;
use crate::adapters::amqp::submit as submit_amqp;
use crate::adapters::azure::blob::BlobSource;
use crate::adapters::azure::exports::BlobExports;
use crate::adapters::folder::exports::FolderExports;
use crate::adapters::folder::queue::{self as folder_queue, FolderQueue};
use crate::adapters::folder::source::FolderSource;
use crate::adapters::http;
use crate::adapters::sql::ledger::SqlLedger;
use crate::adapters::system::{self, SystemClock, SystemEntropy};
use crate::config::settings::{Limits, Place, Queue, Settings, Store};
use crate::domain::event::Envelope;
use crate::domain::failure::Failure;
use crate::ports::{Announcer, Clock, Entropy, Exports, Inbox, Ledger, Source};
use crate::stages::walk::WalkLimits;
use crate::telemetry::metrics::Metrics;
use crate::worker::preview::Preview;
use crate::worker::retry::Backoff;
use crate::worker::stopper::Stopper;
use crate::worker::world::{self, Parts, World};

/// Opens everything and puts it together.
///
/// # Errors
/// Whatever cannot be opened.
pub async fn world(settings: &Settings, stopper: Stopper) -> Result<World, Failure> {
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let (inbox, announcer) = queue(settings)?;
    World::new(Parts {
        inbox,
        announcer,
        sources: sources(settings).await?,
        exports: exports(settings).await?,
        ledger: ledger(settings).await?,
        clock: Arc::new(SystemClock),
        master_key: match &settings.ledger.master_key {
            Some(key) => key.expose().to_owned().into(),
            None => system::master_key(&settings.ledger.master_key_file, &*entropy)?,
        },
        entropy,
        envelope: Envelope {
            source: settings.deployment.source.clone(),
            controller_id: settings.deployment.controller_id.clone(),
        },
        policy: settings.policy.clone(),
        calendar: settings.calendar.clone(),
        limits: limits(&settings.limits),
        metrics: Arc::new(Metrics::new()),
        stopper,
    })
}

/// Serves the page, health and metrics until the world stops, where settings ask for it.
///
/// # Errors
/// The address cannot be listened on.
pub async fn serve_http(settings: &Settings, world: &World) -> Result<(), Failure> {
    let Some(address) = settings.http.listen else { return Ok(()) };
    let listener = tokio::net::TcpListener::bind(address).await.map_err(|error| {
        Failure::needs_person(format!("listening on {address}; set [http] listen")).because(error)
    })?;
    let metrics = Arc::clone(&world.metrics);
    let state = http::health::Reach {
        ledger: Arc::clone(&world.docket.ledger),
        inbox: Arc::clone(&world.inbox),
        exports: Arc::clone(&world.exports),
        sources: world.sources.clone(),
        clock: Arc::clone(&world.docket.clock),
        metrics,
    };
    let stopper = world.stopper.clone();
    http::server::serve(listener, state, async move { stopper.stopped().await })
        .await
        .map_err(|error| Failure::transient("serving the page").because(error))
}

/// Opens the ledger alone, for those who only read it.
///
/// # Errors
/// It cannot be opened.
pub async fn ledger(settings: &Settings) -> Result<Arc<dyn Ledger>, Failure> {
    Ok(Arc::new(SqlLedger::open(&settings.ledger.url).await?))
}

/// Real time.
pub fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

/// Puts a message on the queue as any producer would.
///
/// # Errors
/// The queue did not take it.
pub async fn submit(settings: &Settings, body: Bytes, name: &str) -> Result<(), Failure> {
    match &settings.queue {
        Queue::Folder(path) => folder_queue::submit(path, &body, &format!("{name}.json")).map(drop),
        Queue::Amqp(amqp) => submit_amqp::submit(amqp, body, name).await,
    }
}

/// What a preview needs: sources and bounds, no queue and no ledger.
///
/// # Errors
/// A source cannot be opened.
pub async fn preview(settings: &Settings) -> Result<Preview, Failure> {
    Ok(Preview {
        sources: sources(settings).await?,
        policy: settings.policy.clone(),
        limits: limits(&settings.limits),
        clock: clock(),
    })
}

type Door = (Arc<dyn Inbox>, Arc<dyn Announcer>);

fn queue(settings: &Settings) -> Result<Door, Failure> {
    let message_bytes_max = settings.limits.message_bytes_max;
    match &settings.queue {
        Queue::Folder(path) => {
            let queue = Arc::new(FolderQueue::open(path, message_bytes_max)?);
            Ok((Arc::clone(&queue) as Arc<dyn Inbox>, queue))
        }
        Queue::Amqp(amqp) => {
            let publisher = Arc::new(Publisher::new(amqp)?);
            let inbox = AmqpInbox::new(amqp, Arc::clone(&publisher), message_bytes_max)?;
            Ok((Arc::new(inbox), Arc::new(AmqpAnnouncer::new(publisher))))
        }
    }
}

async fn sources(settings: &Settings) -> Result<Vec<Arc<dyn Source>>, Failure> {
    let mut sources: Vec<Arc<dyn Source>> = Vec::new();
    for Store { name, place } in &settings.sources {
        sources.push(match place {
            Place::Folder(path) => Arc::new(FolderSource::open(name, path)),
            Place::Blob(blob) => Arc::new(BlobSource::open(name, blob)?),
        });
    }
    Ok(sources)
}

async fn exports(settings: &Settings) -> Result<Arc<dyn Exports>, Failure> {
    Ok(match &settings.exports.place {
        Place::Folder(path) => Arc::new(FolderExports::open(path)?),
        Place::Blob(blob) => Arc::new(BlobExports::open(blob)?),
    })
}

fn limits(limits: &Limits) -> world::Limits {
    world::Limits {
        message_bytes_max: limits.message_bytes_max,
        identities_max: limits.identities_max,
        identity_chars_min: limits.identity_chars_min,
        sweep_requests_max: limits.sweep_requests_max,
        act_concurrency_max: limits.act_concurrency_max,
        verify_rounds_max: limits.verify_rounds_max,
        walk: WalkLimits {
            concurrency: limits.read_concurrency_max,
            hits_per_item_max: limits.hits_per_item_max,
            depth_max: limits.depth_max,
            decoded_bytes_max: limits.decoded_bytes_max,
            decoded_ratio_max: limits.decoded_ratio_max,
        },
        backoff: Backoff {
            delay_ms_min: limits.retry_delay_ms_min,
            delay_ms_max: limits.retry_delay_ms_max,
            tries_max: limits.tries_max,
        },
    }
}
