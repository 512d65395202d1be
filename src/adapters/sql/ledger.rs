//! The `Ledger` port: where each write begins and commits.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sqlx::pool::PoolConnection;
use sqlx::{Any, Transaction};
use uuid::Uuid;

use crate::adapters::sql::connect::Connections;
use crate::adapters::sql::refusal::while_doing;
use crate::adapters::sql::requests::{BY_CHANGE, BY_DUE};
use crate::adapters::sql::sharing::clock::LedgerClock;
use crate::adapters::sql::sharing::leases;
use crate::adapters::sql::telling::{callbacks, outbox};
use crate::adapters::sql::{items, migrate, openings, requests};
use crate::adapters::system::SystemClock;
use crate::config::secret::Secret;
use crate::domain::event::Announcement;
use crate::domain::failure::Failure;
use crate::domain::outcome::Tally;
use crate::domain::request::RequestId;
use crate::domain::state::State;
use crate::ports::ledger::{
    Appended, Callback, CallbackId, Cleared, Drafted, ItemEnd, Ledger, Opened, Opening, Progress,
    Record, SealedItem, SealedRequest, Standing,
};
use crate::ports::system::Clock;
use crate::ports::tasks::Lease;

/// The account in a database.
pub struct SqlLedger {
    connections: Connections,
    /// By which leases lapse, archives expire and what was put off comes back.
    pub(super) clock: LedgerClock,
    /// Whether the WAL may still hold sealed bytes of a request that rests.
    shreds_linger: AtomicBool,
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
        let ledger = Self { connections, clock, shreds_linger: AtomicBool::new(true) };
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
        migrate::assert_current(&connections).await?;
        let clock = LedgerClock::of_ledger(connections.dialect, Arc::new(SystemClock));
        Ok(Self { connections, clock, shreds_linger: AtomicBool::new(false) })
    }

    /// Begins a write.
    ///
    /// # Errors
    /// Whatever the database refuses.
    pub(super) async fn begin(&self) -> Result<Transaction<'static, Any>, Failure> {
        self.connections.begin().await
    }

    /// Begins a write that is committed only while the lease is ours.
    ///
    /// # Errors
    /// The lease is another's; whatever the database refuses.
    pub(super) async fn begin_under(
        &self,
        lease: &Lease,
    ) -> Result<Transaction<'static, Any>, Failure> {
        let mut transaction = self.begin().await?;
        leases::fence(&mut transaction, lease).await?;
        Ok(transaction)
    }

    /// A connection to read by.
    ///
    /// # Errors
    /// None can be had.
    pub(super) async fn read(&self) -> Result<PoolConnection<Any>, Failure> {
        self.connections.read().await
    }

    /// Takes what was deleted out of the traces that the database leaves as well.
    pub(super) async fn shred(&self) {
        self.shreds_linger.store(true, Ordering::Relaxed);
        self.shred_traces().await;
    }

    /// Best effort: a reader in the way means that the next write tries again.
    async fn shred_traces(&self) {
        if self.shreds_linger.load(Ordering::Relaxed) {
            let emptied = self.connections.empty_wal().await;
            self.shreds_linger.store(!emptied.unwrap_or(false), Ordering::Relaxed);
        }
    }
}

#[async_trait]
impl Ledger for SqlLedger {
    async fn open(&self, openings: &[&Opening]) -> Result<Vec<Opened>, Failure> {
        let mut transaction = self.begin().await?;
        let opened = openings::open(&mut transaction, openings).await?;
        commit(transaction).await?;
        Ok(opened)
    }

    async fn append(
        &self,
        record: &Record,
        announcement: Option<&Announcement>,
        lease: Option<&Lease>,
    ) -> Result<Appended, Failure> {
        let mut transaction = match lease {
            Some(lease) => self.begin_under(lease).await?,
            None => self.begin().await?,
        };
        let Some(state) =
            requests::append(&mut transaction, &self.clock, record, announcement).await?
        else {
            return Ok(Appended::Overtaken);
        };
        if state.rests() {
            // Noted first: a caller may stop waiting when the commit is through and this is not.
            self.shreds_linger.store(true, Ordering::Relaxed);
        }
        commit(transaction).await?;
        self.shred_traces().await;
        Ok(Appended::Done)
    }

    async fn standing(&self, id: &RequestId) -> Result<Option<Standing>, Failure> {
        requests::standing(&mut *self.read().await?, id).await
    }

    async fn rejected_for(&self, claimed: &RequestId) -> Result<Option<RequestId>, Failure> {
        requests::rejected_for(&mut *self.read().await?, claimed).await
    }

    async fn standings(&self, states: &[State], limit: u32) -> Result<Vec<Standing>, Failure> {
        requests::standings(&mut *self.read().await?, states, BY_DUE, limit).await
    }

    async fn page(&self, after: Option<&RequestId>, limit: u32) -> Result<Vec<Standing>, Failure> {
        requests::page(&mut *self.read().await?, after, limit).await
    }

    async fn recently_ended(&self, limit: u32) -> Result<Vec<Standing>, Failure> {
        let ended: Vec<State> = State::ALL.into_iter().filter(|state| state.is_end()).collect();
        requests::standings(&mut *self.read().await?, &ended, BY_CHANGE, limit).await
    }

    async fn census(&self) -> Result<Vec<(State, u64)>, Failure> {
        requests::census(&mut *self.read().await?).await
    }

    async fn records(&self, id: &RequestId) -> Result<Vec<Record>, Failure> {
        requests::records(&mut *self.read().await?, id).await
    }

    async fn sealed(&self, id: &RequestId) -> Result<Option<SealedRequest>, Failure> {
        requests::sealed(&mut *self.read().await?, id).await
    }

    async fn add_items(
        &self,
        lease: &Lease,
        id: &RequestId,
        sequence: u64,
        items: &[SealedItem],
    ) -> Result<bool, Failure> {
        let mut transaction = self.begin_under(lease).await?;
        let added = items::add(&mut transaction, id, sequence, items).await?;
        commit(transaction).await?;
        Ok(added)
    }

    async fn clear_items(
        &self,
        lease: &Lease,
        id: &RequestId,
        which: Cleared,
    ) -> Result<(), Failure> {
        let mut transaction = self.begin_under(lease).await?;
        items::clear(&mut transaction, id, &which).await?;
        commit(transaction).await
    }

    async fn drafted(&self, id: &RequestId) -> Result<Vec<Drafted>, Failure> {
        items::drafted(&mut *self.read().await?, id).await
    }

    async fn begin_items(
        &self,
        lease: &Lease,
        id: &RequestId,
        ordinals: &[u64],
    ) -> Result<(), Failure> {
        let mut transaction = self.begin_under(lease).await?;
        items::begin(&mut transaction, id, ordinals).await?;
        commit(transaction).await
    }

    async fn items(
        &self,
        id: &RequestId,
        after: Option<u64>,
        open_only: bool,
        limit: u32,
    ) -> Result<Vec<SealedItem>, Failure> {
        items::items(&mut *self.read().await?, id, after, open_only, limit).await
    }

    async fn record_outcomes(
        &self,
        lease: &Lease,
        id: &RequestId,
        ends: &[ItemEnd],
    ) -> Result<(), Failure> {
        let mut transaction = self.begin_under(lease).await?;
        items::record_outcomes(&mut transaction, id, ends).await?;
        commit(transaction).await
    }

    async fn tally(&self, id: &RequestId) -> Result<Tally, Failure> {
        items::tally(&mut *self.read().await?, id).await
    }

    async fn note_progress(&self, ids: &[RequestId], progress: Progress) -> Result<(), Failure> {
        let mut transaction = self.begin().await?;
        requests::note_progress(&mut transaction, ids, progress).await?;
        commit(transaction).await
    }

    async fn unsent(&self, limit: u32) -> Result<Vec<Announcement>, Failure> {
        outbox::unsent(&mut *self.read().await?, &self.clock, limit).await
    }

    async fn mark_sent(&self, ids: &[Uuid]) -> Result<(), Failure> {
        let mut transaction = self.begin().await?;
        outbox::mark_sent(&mut transaction, ids).await?;
        commit(transaction).await
    }

    async fn put_off(&self, ids: &[Uuid], for_ms: u64) -> Result<(), Failure> {
        let mut transaction = self.begin().await?;
        outbox::put_off(&mut transaction, &self.clock, ids, for_ms).await?;
        commit(transaction).await
    }

    async fn backlog(&self) -> Result<u64, Failure> {
        outbox::backlog(&mut *self.read().await?).await
    }

    async fn owed(&self, each_host: u32) -> Result<Vec<Callback>, Failure> {
        callbacks::owed(&mut *self.read().await?, &self.clock, each_host).await
    }

    async fn put_off_callback(&self, id: &CallbackId, for_ms: u64) -> Result<(), Failure> {
        let mut transaction = self.begin().await?;
        callbacks::put_off(&mut transaction, &self.clock, id, for_ms).await?;
        commit(transaction).await
    }

    async fn forget_callback(&self, id: &CallbackId) -> Result<(), Failure> {
        let mut transaction = self.begin().await?;
        callbacks::forget(&mut transaction, id).await?;
        commit(transaction).await
    }

    async fn callback_backlog(&self) -> Result<u64, Failure> {
        callbacks::backlog(&mut *self.read().await?).await
    }

    async fn ping(&self) -> Result<(), Failure> {
        let mut transaction = self.begin().await?;
        // Touches no row, but a database that takes no writes refuses it.
        sqlx::query("UPDATE outbox SET sent = sent WHERE id = ''")
            .execute(&mut *transaction)
            .await
            .map_err(while_doing("asking whether the ledger takes writes"))?;
        commit(transaction).await
    }
}

/// Ends a write.
///
/// # Errors
/// Whatever the database refuses.
pub(super) async fn commit(transaction: Transaction<'static, Any>) -> Result<(), Failure> {
    transaction.commit().await.map_err(while_doing("committing to the ledger"))
}
