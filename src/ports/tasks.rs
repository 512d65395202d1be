//! How several daemons share the work of one ledger.
//!
//! Whoever works on something claims a lease on it first, and renews it meanwhile. A lease that was
//! not renewed lapses, and the next daemon takes the work over. Each claim has a higher fence than
//! the one before, and every write under a lease is committed only if its fence is still the last:
//! a daemon that was asleep while another took over cannot write any more, whatever it believes.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::failure::{Failure, FailureKind, Obstacle};
use crate::domain::request::RequestId;
use crate::domain::state::State;
use crate::ports::standing::Standing;

/// The part of the ledger that says who works on what. All methods are atomic.
///
/// Times are those of the ledger's own clock, which is one for all daemons: a server's, or that of
/// the one daemon of a file. What was set by it in what is now the future is void: that clock was
/// wrong then.
#[async_trait]
pub trait Tasks: Send + Sync {
    /// What time it is by the ledger's own clock.
    async fn now(&self) -> Result<Timestamp, Failure>;

    /// Claims a work for so long; `None` while it is another's, or put off.
    async fn claim(&self, work: &str, for_ms: u64) -> Result<Option<Lease>, Failure>;

    /// Holds on to a lease for so long from now; `false` if another has claimed the work meanwhile.
    async fn renew(&self, lease: &Lease, for_ms: u64) -> Result<bool, Failure>;

    /// Lets go of a lease that is still ours; of another's, nothing.
    async fn let_go(&self, lease: &Lease, end: End) -> Result<(), Failure>;

    /// Frees every lease. Only for who is sure to be alone with the ledger: what a daemon that died
    /// held need not lapse first.
    async fn free_all(&self) -> Result<(), Failure>;

    /// Whether a digest made with the master key is that of this ledger; who asks first decides.
    async fn agrees_on_key(&self, digest: &str) -> Result<bool, Failure>;

    /// Requests of these states whose work nobody holds and that are not put off, earliest due
    /// first, at most `limit`. Not erasures that are being verified: those are the work of a sweep.
    /// Nor those that [`Tasks::begin_act`] would refuse.
    async fn free(
        &self,
        states: &[State],
        pressed: Timestamp,
        limit: u32,
    ) -> Result<Vec<Standing>, Failure>;

    /// Begins to carry out a plan, or goes on with it; `false` while an export of the same person
    /// goes before an erasure. Once it has begun none does any more, and one that was not begun
    /// waits for it.
    async fn begin_act(
        &self,
        lease: &Lease,
        id: &RequestId,
        pressed: Timestamp,
    ) -> Result<bool, Failure>;

    /// Requests about a thing that nobody works on and that wait for a look at it, earliest due
    /// first, at most `limit`. What stands in the way of accepted ones is as in [`Tasks::ready`].
    async fn about_things(&self, pressed: Timestamp, limit: u32) -> Result<Vec<Standing>, Failure>;

    /// Accepted requests that no other request about the same person stands in the way of and that
    /// are not put off, earliest due first, at most `limit`. See [`Tasks::in_the_way`]; erasures
    /// that are due before `pressed` wait for no failed export.
    async fn ready(&self, pressed: Timestamp, limit: u32) -> Result<Vec<Standing>, Failure>;

    /// The open requests that one waits for: they name the same person, and either are under way or
    /// come before it. An erasure is in line from when it was taken, an export from when it was
    /// submitted, if that was earlier; it goes before an erasure that did not begin to act yet,
    /// also one that is planned, held or approved.
    /// Exports stand in no export's way. An export that failed stands in the way of a later
    /// erasure, which would take what it is to give, until somebody tries it again or gives it up.
    async fn in_the_way(&self, id: &RequestId) -> Result<Vec<RequestId>, Failure>;

    /// The sweep for this purpose that is open; there is at most one.
    async fn sweep(&self, purpose: Purpose) -> Result<Option<Sweep>, Failure>;

    /// Opens a sweep through these sources for these requests, under the lease on the purpose. Each
    /// source is cut into so many shards, which are numbered one after the other.
    async fn open_sweep(
        &self,
        lease: &Lease,
        purpose: Purpose,
        requests: &[RequestId],
        sources: &[String],
        parts: u64,
    ) -> Result<(), Failure>;

    /// The requests that a sweep was opened for, and that had no record since.
    async fn swept(&self, sweep: u64) -> Result<Vec<Standing>, Failure>;

    /// Requests that are to be swept for this purpose again: they are in no sweep, though they are
    /// in the state for it. Not those whose work somebody holds or that are put off. Earliest due
    /// first, at most `limit`.
    async fn unswept(&self, purpose: Purpose, limit: u32) -> Result<Vec<Standing>, Failure>;

    /// Requests whose sweep was closed and that had no record since: each is to be concluded. Not
    /// those whose work somebody holds or that are put off. Earliest due first, at most `limit`.
    async fn walked(&self, limit: u32) -> Result<Vec<Standing>, Failure>;

    /// The sweep that a request is part of, open or closed.
    async fn sweep_of(&self, id: &RequestId) -> Result<Option<Sweep>, Failure>;

    /// Takes a request out of its sweep, under the lease on its work, to be swept for again.
    async fn leave_sweep(&self, lease: &Lease, id: &RequestId) -> Result<(), Failure>;

    /// Marks the shard done that the lease is on.
    async fn finish_shard(&self, lease: &Lease, shard: &Shard) -> Result<(), Failure>;

    /// Notes what keeps a request from going on for now, in the place of what kept it before. The
    /// next record of the request takes it away.
    async fn note_obstacle(
        &self,
        lease: &Lease,
        id: &RequestId,
        obstacle: &Obstacle,
    ) -> Result<(), Failure>;

    /// What keeps a request; `None` if nothing does.
    async fn obstacle(&self, id: &RequestId) -> Result<Option<Obstacle>, Failure>;

    /// What keeps each request that is kept, those kept longest first, at most `limit`.
    async fn obstacles(&self, limit: u32) -> Result<Vec<(RequestId, Obstacle)>, Failure>;

    /// Closes a sweep, under the lease on its purpose: another may be opened. What it saw is kept
    /// until its requests are concluded.
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
    /// It failed, and is put off for so many milliseconds.
    Failed(u64),
    /// It waits for so many milliseconds for something outside, which is no failure of the work.
    Waiting(u64),
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
    /// When it was opened.
    pub opened: Timestamp,
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
    /// Which part of the source.
    pub part: Part,
    /// Whether it was walked to its end, or given up.
    pub done: bool,
    /// Items looked at, as far as was noted.
    pub items: u64,
    /// Stored bytes read, as far as was noted.
    pub bytes: u64,
    /// Items of those that were known, and not read, as far as was noted.
    pub known: u64,
    /// Why it was given up, if it was: its source cannot be entered.
    pub lost: Option<Lost>,
}

/// Why a source could not be entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Whether that may pass by itself.
    pub kind: FailureKind,
    /// The whole chain of errors.
    pub reason: String,
}

/// A part of what a source holds.
///
/// Which part a name is in follows from the name alone, so each is in exactly one whatever the
/// source, the order in which it lists and who else walks it. Names sort differently in different
/// services, and one that fell between two ranges of names would never be read. The price is that
/// each part lists all names; it reads only its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Counts the parts from 0.
    pub number: u64,
    /// How many there are.
    pub of: u64,
}

impl Part {
    /// All of a source.
    pub const WHOLE: Self = Self { number: 0, of: 1 };

    /// Whether this name, in all its forms, is in this part. Daemons of any version agree on it:
    /// the digest is FNV-1a of 64 bits.
    pub fn holds(self, name: &str) -> bool {
        let step = |digest: u64, byte| (digest ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        let digest = name.bytes().fold(0xcbf2_9ce4_8422_2325, step);
        (u128::from(digest) * u128::from(self.of)) >> 64 == u128::from(self.number)
    }
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
    /// Whether every shard was walked, or given up.
    pub fn is_walked(&self) -> bool {
        self.shards.iter().all(|shard| shard.done)
    }
}

impl Shard {
    /// The work of walking it.
    pub fn work(&self) -> String {
        work_on_shard(self.sweep, self.number)
    }

    /// Number of the first shard of the same source.
    pub fn first(&self) -> u64 {
        self.number - self.part.number
    }
}

/// The work of walking the shard of this number in a sweep.
pub fn work_on_shard(sweep: u64, number: u64) -> String {
    format!("sweep/{sweep}/{number}")
}

/// The work of carrying out the plan of a request.
pub fn work_on(id: &RequestId) -> String {
    format!("request/{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_in_exactly_one_part_and_the_parts_are_alike() {
        let mut names: Vec<String> =
            (0..20_000).map(|n| format!("ExperimentRun/dcid.run{n:06}/run.json")).collect();
        names.extend(["", "a", "a\tb", "a//b", "😀", "\u{ffff}"].map(str::to_owned));
        for of in [1, 2, 3, 7, 64] {
            let parts = (0..of).map(|number| Part { number, of });
            let counts: Vec<usize> =
                parts.map(|part| names.iter().filter(|name| part.holds(name)).count()).collect();
            assert_eq!(counts.iter().sum::<usize>(), names.len(), "of {of}");
            let even = names.len() / counts.len();
            assert!(counts.iter().all(|count| count.abs_diff(even) < even / 3), "{counts:?}");
            for name in names.iter().rev().take(1000) {
                let holders = (0..of).filter(|number| Part { number: *number, of }.holds(name));
                assert_eq!(holders.count(), 1, "{name:?} of {of}");
            }
        }
    }

    #[test]
    fn the_digest_is_what_it_is_elsewhere() {
        // FNV-1a of "foobar" is 0x85944171f73967e8: in the upper half.
        assert!(Part { number: 1, of: 2 }.holds("foobar"));
        assert!(Part { number: 0x85, of: 256 }.holds("foobar"));
    }
}
