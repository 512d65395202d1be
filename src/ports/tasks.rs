//! How several daemons share the work of one ledger.
//!
//! Whoever works on something claims a lease on it first, and renews it meanwhile. A lease that was
//! not renewed lapses, and the next daemon takes the work over. Each claim has a higher fence than
//! the one before, and every write under a lease is committed only if its fence is still the last:
//! a daemon that was asleep while another took over cannot write any more, whatever it believes.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::domain::state::State;
use crate::ports::ledger::Standing;

/// The part of the ledger that says who works on what. All methods are atomic.
///
/// Times are those of the caller's clock. Clocks that disagree make daemons take work from each
/// other too early or too late; the fence keeps that harmless.
#[async_trait]
pub trait Tasks: Send + Sync {
    /// Claims a work until `until`; `None` while it is another's, or put off beyond `now`.
    async fn claim(
        &self,
        work: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Lease>, Failure>;

    /// Holds on to a lease until `until`; `false` if another has claimed the work meanwhile.
    async fn renew(&self, lease: &Lease, until: Timestamp) -> Result<bool, Failure>;

    /// Lets go of a lease that is still ours; of another's, nothing.
    async fn let_go(&self, lease: &Lease, end: End) -> Result<(), Failure>;

    /// Frees every lease. Only for who is sure to be alone with the ledger: what a daemon that died
    /// held need not lapse first.
    async fn free_all(&self) -> Result<(), Failure>;

    /// Whether a digest made with the master key is that of this ledger; who asks first decides.
    async fn agrees_on_key(&self, digest: &str) -> Result<bool, Failure>;

    /// Requests of these states whose work nobody holds and that are not put off beyond `now`,
    /// earliest due first, at most `limit`. Not erasures that are being verified: those are the
    /// work of a sweep.
    async fn free(
        &self,
        states: &[State],
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Standing>, Failure>;

    /// Accepted requests that no other request about the same person stands in the way of, earliest
    /// due first, at most `limit`. See [`Tasks::in_the_way`].
    async fn ready(&self, limit: u32) -> Result<Vec<Standing>, Failure>;

    /// The open requests that an accepted one waits for: they name the same person, and either are
    /// under way or were accepted before it. Exports stand in no export's way.
    async fn in_the_way(&self, id: &RequestId) -> Result<Vec<RequestId>, Failure>;

    /// The sweep for this purpose that is open; there is at most one.
    async fn sweep(&self, purpose: Purpose) -> Result<Option<Sweep>, Failure>;

    /// Opens a sweep through these sources for these requests, under the lease on the purpose.
    async fn open_sweep(
        &self,
        lease: &Lease,
        purpose: Purpose,
        requests: &[RequestId],
        sources: &[String],
    ) -> Result<(), Failure>;

    /// The requests that a sweep was opened for, and that had no record since.
    async fn swept(&self, sweep: u64) -> Result<Vec<Standing>, Failure>;

    /// Marks the shard done that the lease is on.
    async fn finish_shard(&self, lease: &Lease, shard: &Shard) -> Result<(), Failure>;

    /// Closes a sweep, under the lease on its purpose.
    async fn close_sweep(&self, lease: &Lease, sweep: u64) -> Result<(), Failure>;
}

/// A claim on a work. Says nothing of a person: works are named by ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// On what.
    pub work: String,
    /// Which claim on it this is, counted from 1.
    pub fence: u64,
    /// How often in a row the work failed before this claim.
    pub tries: u32,
}

/// How a lease ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The work was done, or there was none: it is free, and its failures are forgotten.
    Done,
    /// The work was left as it is: it is free.
    Left,
    /// It failed, and is put off until then.
    Failed(Timestamp),
}

/// Why the sources are walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To find what is held.
    Find,
    /// To prove that it is gone.
    Verify,
}

/// One pass over the sources for many requests, cut into shards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sweep {
    /// Which; never used again.
    pub id: u64,
    /// In order of their numbers.
    pub shards: Vec<Shard>,
}

/// What one daemon walks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shard {
    /// The sweep it is part of.
    pub sweep: u64,
    /// Counts the shards of a sweep from 0.
    pub number: u64,
    /// Name of the source.
    pub source: String,
    /// Whether it was walked to its end.
    pub done: bool,
    /// Items looked at, once done.
    pub items: u64,
    /// Stored bytes read, once done.
    pub bytes: u64,
}

impl Purpose {
    /// The word in the ledger, in logs and in metrics; also the work of opening and closing its
    /// sweeps.
    pub fn word(self) -> &'static str {
        match self {
            Self::Find => "find",
            Self::Verify => "verify",
        }
    }
}

impl Sweep {
    /// Whether every shard was walked.
    pub fn is_walked(&self) -> bool {
        self.shards.iter().all(|shard| shard.done)
    }
}

impl Shard {
    /// The work of walking it.
    pub fn work(&self) -> String {
        format!("sweep/{}/{}", self.sweep, self.number)
    }
}

/// The work of carrying out the plan of a request.
pub fn work_on(id: &RequestId) -> String {
    format!("request/{id}")
}
