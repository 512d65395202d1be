//! The append-only account.

use std::fmt;
use std::ops::Range;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::callbacks::url::CallbackUrl;
use crate::domain::event::{Announcement, Correspondence};
use crate::domain::failure::Failure;
use crate::domain::outcome::{ItemOutcome, Tally};
use crate::domain::policy::action::ActionWord;
use crate::domain::request::{RequestId, RequestKind};
use crate::domain::state::{Event, State};
use crate::ports::kept::archives::Archives;
use crate::ports::kept::budgets::Budgets;
use crate::ports::kept::catalogue::Catalogue;
use crate::ports::kept::daemons::Daemons;
use crate::ports::kept::inventories::Inventories;
use crate::ports::kept::people::People;
use crate::ports::kept::purges::Purges;
use crate::ports::kept::retention::{FollowUps, Retention};
use crate::ports::kept::tickets::Tickets;
use crate::ports::kept::tombstones::Tombstones;
use crate::ports::register::Register;
use crate::ports::standing::{Progress, Standing};
use crate::ports::tasks::{Lease, Tasks};

/// The append-only account. All methods are atomic: after a crash each either happened whole or
/// not.
///
/// The ledger never sees personal data in the clear: bodies and planned items come to it sealed,
/// and it forgets seals, sealed bytes and items without an outcome in the transaction in which a
/// request comes to rest.
///
/// What a daemon writes in the course of its work it writes under a lease (see [`Tasks`]): if
/// another has taken the work over nothing is written, and a transient failure comes back.
#[async_trait]
pub trait Ledger:
    Tasks
    + Archives
    + Inventories
    + Tombstones
    + Retention
    + FollowUps
    + Tickets
    + Budgets
    + Purges
    + People
    + Catalogue
    + Register
    + Daemons
{
    /// Commits first records with their sealed requests and announcements, all at once, and says
    /// of each, in that order, what it found. Of one whose id is known nothing is written; if it is
    /// a repetition, its last announcement becomes unsent again, and owed to its URLs again: its
    /// producer asked twice.
    async fn open(&self, openings: &[&Opening]) -> Result<Vec<Opened>, Failure>;

    /// Commits the next record, the state it leads to and the announcement. If another writer
    /// took the sequence first nothing is written and [`Appended::Overtaken`] comes back. What
    /// follows from work comes with the lease on it; a person's decision has none.
    async fn append(
        &self,
        record: &Record,
        announcement: Option<&Announcement>,
        lease: Option<&Lease>,
    ) -> Result<Appended, Failure>;

    /// Where a request stands.
    async fn standing(&self, id: &RequestId) -> Result<Option<Standing>, Failure>;

    /// The latest message that was rejected and named this request.
    async fn rejected_for(&self, claimed: &RequestId) -> Result<Option<RequestId>, Failure>;

    /// Requests in any of these states, earliest due first, at most `limit`.
    async fn standings(&self, states: &[State], limit: u32) -> Result<Vec<Standing>, Failure>;

    /// Requests whose ids come after `after`, in the order of their ids, at most `limit`.
    async fn page(&self, after: Option<&RequestId>, limit: u32) -> Result<Vec<Standing>, Failure>;

    /// Requests that ended, the latest changed first, at most `limit`; refused messages, which
    /// never were requests, are none.
    async fn recently_ended(&self, limit: u32) -> Result<Vec<Standing>, Failure>;

    /// How many requests are in each state.
    async fn census(&self) -> Result<Vec<(State, u64)>, Failure>;

    /// All records of a request in order.
    async fn records(&self, id: &RequestId) -> Result<Vec<Record>, Failure>;

    /// The sealed request; `None` once it rests.
    async fn sealed(&self, id: &RequestId) -> Result<Option<SealedRequest>, Failure>;

    /// Adds planned items, sealed; items whose ordinal is there already are left as they are. Takes
    /// none, and says so, if the request rests or has a later record than `sequence`: it may have
    /// been cancelled, or tried anew, while a sweep was under way.
    async fn add_items(
        &self,
        lease: &Lease,
        id: &RequestId,
        sequence: u64,
        items: &[SealedItem],
    ) -> Result<bool, Failure>;

    /// Puts other plans in the place of those under the same ordinals that have no outcome, and
    /// leaves the rest. Takes none, and says so, as [`Self::add_items`] does.
    async fn amend_items(
        &self,
        lease: &Lease,
        id: &RequestId,
        sequence: u64,
        items: &[SealedItem],
    ) -> Result<bool, Failure>;

    /// Forgets planned items: a look that did not end starts anew. Where there is none of them,
    /// whose the lease is need not be asked.
    async fn clear_items(
        &self,
        lease: &Lease,
        id: &RequestId,
        which: Cleared,
    ) -> Result<(), Failure>;

    /// How many items each shard planned for a request, by what is to be done with them.
    async fn drafted(&self, id: &RequestId) -> Result<Vec<Drafted>, Failure>;

    /// Notes that these items are about to be acted on. One that was begun and is then found gone
    /// was removed by us, even if the process died before it could say so.
    async fn begin_items(
        &self,
        lease: &Lease,
        id: &RequestId,
        ordinals: &[u64],
    ) -> Result<(), Failure>;

    /// Planned items after that ordinal, in order, at most `limit`; with `open_only` those that
    /// have no outcome yet. The sealed bytes are empty once the request rests.
    async fn items(
        &self,
        id: &RequestId,
        after: Option<u64>,
        open_only: bool,
        limit: u32,
    ) -> Result<Vec<SealedItem>, Failure>;

    /// Records what became of items; what is there already is replaced.
    async fn record_outcomes(
        &self,
        lease: &Lease,
        id: &RequestId,
        ends: &[ItemEnd],
    ) -> Result<(), Failure>;

    /// How the items ended so far.
    async fn tally(&self, id: &RequestId) -> Result<Tally, Failure>;

    /// Notes how far a stage has come, for people to see; not part of the account.
    async fn note_progress(&self, ids: &[RequestId], progress: Progress) -> Result<(), Failure>;

    /// Announcements not yet confirmed and due to be tried now, by the ledger's clock (see
    /// [`Tasks`]), oldest first.
    async fn unsent(&self, limit: u32) -> Result<Vec<Announcement>, Failure>;

    /// Marks announcements confirmed.
    async fn mark_sent(&self, ids: &[Uuid]) -> Result<(), Failure>;

    /// Puts announcements off for so long, and counts the try of each.
    async fn put_off(&self, ids: &[Uuid], for_ms: u64) -> Result<(), Failure>;

    /// Announcements not yet confirmed.
    async fn backlog(&self) -> Result<u64, Failure>;

    /// Callbacks due to be tried now, by the ledger's clock, oldest first, at most `each_host` of
    /// each host. Each announcement is owed to each URL of its request from the moment it is
    /// committed.
    async fn owed(&self, each_host: u32) -> Result<Vec<Callback>, Failure>;

    /// Puts a callback off for so long, counts the try, and keeps when the first one failed.
    async fn put_off_callback(&self, id: &CallbackId, for_ms: u64) -> Result<(), Failure>;

    /// Owes a callback no longer: it was delivered, or given up.
    async fn forget_callback(&self, id: &CallbackId) -> Result<(), Failure>;

    /// Callbacks not yet delivered or given up.
    async fn callback_backlog(&self) -> Result<u64, Failure>;

    /// Whether the ledger can be written now.
    async fn ping(&self) -> Result<(), Failure>;
}

/// What the first record of a request comes with.
pub struct Opening {
    /// The record; its sequence is 1.
    pub record: Record,
    /// Keyed digest of what is asked: the same request sent twice has the same.
    pub digest: String,
    /// The digest that an earlier version kept of the same request: that of its bytes.
    pub former_digest: Option<String>,
    /// `None` for a message that was rejected.
    pub request: Option<OpeningRequest>,
    /// The request id that a rejected message named, if it had a sound one.
    pub claimed: Option<RequestId>,
    /// Whom to answer, now and later.
    pub correspondence: Correspondence,
    /// What is announced with it.
    pub announcement: Announcement,
}

/// The part of an opening that only valid requests have.
pub struct OpeningRequest {
    /// What was asked.
    pub kind: RequestKind,
    /// The law it invokes.
    pub regulation: String,
    /// When it was submitted, as the producer says.
    pub submitted: Timestamp,
    /// By when it must be done.
    pub due: Timestamp,
    /// When we took it, to the nanosecond: what came earlier about a person goes first.
    pub taken: Timestamp,
    /// Keyed digests of the subject's identities: requests that share one are about one person.
    pub persons: Vec<String>,
    /// Whom to tell by HTTP of this and of each later announcement.
    pub callbacks: Vec<CallbackUrl>,
    /// The body, sealed.
    pub sealed: SealedRequest,
}

/// An announcement that is owed to a URL.
#[derive(Clone, PartialEq, Eq)]
pub struct Callback {
    /// What it is known by.
    pub id: CallbackId,
    /// Where to.
    pub url: CallbackUrl,
    /// The `CloudEvent` as JSON, the same to the byte at every try.
    pub event: String,
    /// How often it was tried and put off.
    pub tries: u32,
    /// How long ago the first of these tries failed, by the ledger's clock; 0 where none did.
    pub failing_ms: u64,
}

/// What a callback is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackId {
    /// Which request.
    pub request: RequestId,
    /// Ledger sequence of the record that is announced.
    pub sequence: u64,
    /// Which of the request's URLs, counted from 0.
    pub number: u64,
}

/// A request under its own key.
#[derive(Clone)]
pub struct SealedRequest {
    /// The request's key, wrapped by the master key.
    pub wrapped_key: Vec<u8>,
    /// The request under that key.
    pub body: Vec<u8>,
}

/// What [`Ledger::open`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// It is new and committed.
    New,
    /// The id was there with this very body.
    Repeated,
    /// The id was there with another body.
    Conflict,
}

/// What [`Ledger::append`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// Committed.
    Done,
    /// Another writer was there first; load again.
    Overtaken,
}

/// One line of the account, chained to the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Whose.
    pub id: RequestId,
    /// Counts from 1 without gaps.
    pub sequence: u64,
    /// When, to the millisecond.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
    /// Hex hash of the record before; empty for the first.
    pub previous: String,
    /// Hex hash of this record.
    pub hash: String,
}

/// A planned item under its request's key.
#[derive(Clone)]
pub struct SealedItem {
    /// Its place in the plan, from 0.
    pub ordinal: u64,
    /// What is to be done with it.
    pub action: ActionWord,
    /// The planned item, sealed.
    pub sealed: Vec<u8>,
    /// Whether acting on it has begun.
    pub begun: bool,
    /// What became of it, once known.
    pub outcome: Option<ItemOutcome>,
    /// Keyed digest of the bytes that took the place of its own, where it was rewritten.
    pub rewritten: Option<String>,
}

/// What became of a planned item.
#[derive(Clone, Debug)]
pub struct ItemEnd {
    /// Its place in the plan.
    pub ordinal: u64,
    /// What became of it.
    pub outcome: ItemOutcome,
    /// Keyed digest of the bytes that took the place of its own, where it was rewritten.
    pub rewritten: Option<String>,
}

impl From<(u64, ItemOutcome)> for ItemEnd {
    fn from((ordinal, outcome): (u64, ItemOutcome)) -> Self {
        Self { ordinal, outcome, rewritten: None }
    }
}

/// Which planned items are forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cleared {
    /// All of the request.
    All,
    /// Those without an outcome.
    Open,
    /// Those with these ordinals.
    Ordinals(Range<u64>),
    /// Of these ordinals those that are only listed, because they could not be read.
    Listed(Range<u64>),
    /// Those with which nothing was done. What was erased, rewritten or found gone stays as it is.
    /// What was to be and was begun with, and has no outcome or failed, stays too and has none any
    /// more: it may be gone by our hand, and copies of it may be kept.
    Undone,
}

impl fmt::Debug for Callback {
    /// Without the event: it may hold a link that opens an archive.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, url, event: _, tries, failing_ms } = self;
        write!(f, "Callback({id:?}, {url:?}, {tries} tries in {failing_ms} ms)")
    }
}

/// A count over a plan: number of the shard, counted on through all rounds; what is to be done; how
/// many items.
pub type Drafted = (u64, ActionWord, u64);

/// Ordinals that one shard may give out in one round.
pub const SHARD_ORDINALS: u64 = 1 << 32;

/// Numbers of a round: half of them for its shards, and half for what is said of whole sources.
const ROUND_SHARDS: u64 = 1 << 16;

/// Stands for no shard: what is planned because it goes with something else has its ordinals.
pub const RUNS_SHARD: u64 = ROUND_SHARDS - 1;

/// The ordinals of what this shard plans in this round.
///
/// Finds and second looks are rounds, counted through the whole life of a request from the first
/// find, which is round 0. Shards are walked side by side and each time anew, so each has ordinals
/// of its own.
pub fn ordinals(round: u64, shard: u64) -> Range<u64> {
    let first = (round * ROUND_SHARDS + shard) * SHARD_ORDINALS;
    first..first + SHARD_ORDINALS
}

/// The number that a shard has in this round, as [`ordinals`] takes it, by how [`Drafted`] counts;
/// `None` for one of another round.
pub fn numbered(round: u64, counted: u64) -> Option<u64> {
    counted.checked_sub(round * ROUND_SHARDS).filter(|number| *number < ROUND_SHARDS)
}

/// Whether an ordinal is that of something planned because it goes with something else.
pub fn goes_along(ordinal: u64) -> bool {
    (ordinal / SHARD_ORDINALS) % ROUND_SHARDS == RUNS_SHARD
}
