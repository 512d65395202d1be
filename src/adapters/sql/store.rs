//! The database as all statements see it: where each read and each write begins, and commits.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sqlx::AnyConnection;

use crate::adapters::sql::clock::LedgerClock;
use crate::adapters::sql::connecting::connect::{Connections, Dialect};
use crate::adapters::sql::connecting::hands::InHand;
use crate::adapters::sql::connecting::writing::Writing;
use crate::adapters::sql::key;
use crate::adapters::sql::migrate;
use crate::adapters::sql::refusal::while_doing;
use crate::adapters::sql::rows::stored;
use crate::adapters::system::SystemClock;
use crate::config::secret::Secret;
use crate::domain::failure::Failure;
use crate::ports::system::Clock;
use crate::ports::tasks::Lease;

/// The account in a database.
pub struct SqlLedger {
    connections: Connections,
    /// By which leases lapse, archives expire and what was put off comes back.
    pub(super) clock: LedgerClock,
    /// Whether the WAL may still hold sealed bytes of a request that rests.
    shreds_linger: AtomicBool,
    /// Digest of the master key that whoever writes here has, once the ledger agreed on it.
    key: OnceLock<String>,
}

impl SqlLedger {
    /// Opens the ledger at `sqlite:PATH` or `postgres://…`, and brings its tables up to date. A
    /// file that is missing is made.
    ///
    /// # Errors
    /// An unusable URL, an unreachable server, a ledger of a later program.
    pub async fn open(url: &Secret) -> Result<Self, Failure> {
        let connections = Connections::open(url.expose()).await?;
        let clock = LedgerClock::of_ledger(connections.dialect, Arc::new(SystemClock));
        Self::prepare(connections, clock).await
    }

    /// The same, with time in the caller's hand, whatever clock the ledger has.
    ///
    /// # Errors
    /// As [`SqlLedger::open`].
    pub async fn open_by(url: &Secret, clock: Arc<dyn Clock>) -> Result<Self, Failure> {
        let connections = Connections::open(url.expose()).await?;
        let clock = LedgerClock::by_hand(connections.dialect, clock);
        Self::prepare(connections, clock).await
    }

    async fn prepare(connections: Connections, clock: LedgerClock) -> Result<Self, Failure> {
        migrate::migrate(&connections).await?;
        // The program before us may have died between a rest and the shredding of its traces.
        let ledger =
            Self { connections, clock, shreds_linger: AtomicBool::new(true), key: OnceLock::new() };
        ledger.shred_traces().await;
        Ok(ledger)
    }

    /// The URL of the ledger in a file.
    pub fn url_of(path: &Path) -> Secret {
        let path = utf8_percent_encode(&path.to_string_lossy(), NON_ALPHANUMERIC).to_string();
        Secret::new(format!("sqlite:{path}"))
    }

    /// Opens a ledger to read it and change nothing, not even its version.
    ///
    /// # Errors
    /// An unusable URL, no file there, an unreachable server, a ledger of another version.
    pub async fn inspect(url: &Secret) -> Result<Self, Failure> {
        let connections = Connections::inspect(url.expose()).await?;
        if !migrate::is_begun(&connections).await? {
            return Err(Failure::needs_person(
                "there is no ledger in this database; the first `dsrd run` makes one",
            ));
        }
        Self::begun(connections).await
    }

    /// The same; `None` where the first start has still to make it.
    ///
    /// # Errors
    /// As [`Self::inspect`]; the first start may not make it.
    pub async fn find(url: &Secret) -> Result<Option<Self>, Failure> {
        let file = url.expose().strip_prefix("sqlite:");
        if file.is_some_and(|path| !Path::new(path).exists()) {
            return Ok(None);
        }
        let connections = Connections::inspect(url.expose()).await?;
        if !migrate::is_begun(&connections).await? {
            return migrate::assert_may_begin(&connections).await.map(|()| None);
        }
        Self::begun(connections).await.map(Some)
    }

    async fn begun(connections: Connections) -> Result<Self, Failure> {
        migrate::assert_current(&connections).await?;
        let clock = LedgerClock::of_ledger(connections.dialect, Arc::new(SystemClock));
        let (shreds_linger, key) = (AtomicBool::new(false), OnceLock::new());
        Ok(Self { connections, clock, shreds_linger, key })
    }

    /// Begins a write.
    ///
    /// Whoever replaces the master key waits for those that have begun, and keeps others from
    /// beginning; of a file that somebody serves nobody can.
    ///
    /// # Errors
    /// The master key was replaced meanwhile; whatever the database refuses.
    pub(super) async fn begin(&self) -> Result<Writing, Failure> {
        let mut transaction = self.begin_anyway().await?;
        if let (Some(ours), Dialect::Postgres) = (self.key.get(), self.dialect())
            && key::keyed_by(&mut transaction).await?.iter().any(|key| key != ours)
        {
            let replaced = "its master key was replaced; start the daemon again with the new one";
            return Err(Failure::needs_person("writing to the ledger").because(replaced));
        }
        Ok(transaction)
    }

    /// The same, whatever the ledger's master key is.
    ///
    /// # Errors
    /// Whatever the database refuses.
    pub(super) async fn begin_anyway(&self) -> Result<Writing, Failure> {
        self.connections.begin().await
    }

    /// Notes the digest of the master key that the ledger agreed on.
    pub(super) fn has_key(&self, digest: &str) {
        self.key.get_or_init(|| digest.to_owned());
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.connections.dialect
    }

    /// Begins a write that is committed only while the lease is ours.
    ///
    /// # Errors
    /// The lease is another's; whatever the database refuses.
    pub(super) async fn begin_under(&self, lease: &Lease) -> Result<Writing, Failure> {
        let mut transaction = self.begin().await?;
        let ours = match self.dialect() {
            // Whoever writes to a file is alone.
            Dialect::Sqlite => OURS,
            Dialect::Postgres => OURS_LOCKED,
        };
        fence(&mut transaction, lease, ours).await?;
        Ok(transaction)
    }

    /// Refuses what is done under a lease that is not ours any more, though nothing is written.
    ///
    /// # Errors
    /// The lease is another's; whatever the database refuses.
    pub(super) async fn assert_held(&self, lease: &Lease) -> Result<(), Failure> {
        fence(&mut *self.read().await?, lease, OURS).await
    }

    /// A connection to read by.
    ///
    /// # Errors
    /// None can be had.
    pub(super) async fn read(&self) -> Result<InHand, Failure> {
        self.connections.read().await
    }

    /// Notes that what is deleted is to be taken out of the traces that the database leaves as
    /// well.
    pub(super) fn shred_later(&self) {
        self.shreds_linger.store(true, Ordering::Relaxed);
    }

    /// Takes what was deleted out of those traces.
    pub(super) async fn shred(&self) {
        self.shred_later();
        self.shred_traces().await;
    }

    /// Best effort: a reader in the way means that the next write tries again.
    pub(super) async fn shred_traces(&self) {
        if self.shreds_linger.load(Ordering::Relaxed) {
            let emptied = self.connections.empty_wal().await;
            self.shreds_linger.store(!emptied.unwrap_or(false), Ordering::Relaxed);
        }
    }
}

/// Ends a write.
///
/// # Errors
/// Whatever the database refuses.
pub(super) async fn commit(transaction: Writing) -> Result<(), Failure> {
    transaction.commit().await.map_err(while_doing("committing to the ledger"))
}

/// The lease, if it is ours.
const OURS: &str = "SELECT 1 FROM leases WHERE work = $1 AND fence = $2";

/// The same, which nobody takes before the transaction ends.
const OURS_LOCKED: &str = "SELECT 1 FROM leases WHERE work = $1 AND fence = $2 FOR UPDATE";

/// Refuses what a daemon does under a lease that another has taken.
///
/// # Errors
/// The lease is another's; whatever the database refuses.
async fn fence(
    connection: &mut AnyConnection,
    lease: &Lease,
    ours: &'static str,
) -> Result<(), Failure> {
    let doing = "writing to the ledger under a lease";
    let ours = sqlx::query(ours).bind(&lease.work).bind(stored(lease.fence));
    let ours = ours.fetch_optional(connection).await.map_err(while_doing(doing))?;
    if ours.is_some() {
        return Ok(());
    }
    // Transient: whoever has the work now goes on with it.
    let taken = "another daemon has taken the work over";
    Err(Failure::transient(doing).because(taken).of_the_ledger())
}
