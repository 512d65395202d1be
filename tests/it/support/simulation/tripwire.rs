//! What stands between a simulated daemon and its ports: it counts effects, stops the world at one
//! of them, lets a test act when something was ledgered, and knows when everybody waits.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use dsrd::domain::failure::Failure;
use dsrd::matching::work;
use tokio::sync::{Notify, watch};
use tokio::task::{spawn_blocking, yield_now};

use crate::support::sample::is_everything_tried;

/// Where a stage can be made to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// Before a source is listed.
    List,
    /// Before an item is erased.
    Erase,
}

impl Point {
    fn word(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Erase => "erase",
        }
    }
}

/// How the world stops at an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trip {
    /// The process dies.
    Kill,
    /// From then on every port fails.
    Outage,
    /// That one effect fails, and the next succeeds.
    Hiccup,
    /// The process stands still, for longer than its leases last, and then goes on as if nothing
    /// had been.
    Freeze,
}

/// Which effect, counted from 1, and whether it still happens.
#[derive(Clone, Copy, Debug)]
pub struct Fuse {
    pub at: usize,
    pub after: bool,
    pub trip: Trip,
}

/// Done when a record with this word was ledgered, or when somebody comes to the point of it.
type Hook = (&'static str, Box<dyn Fn() + Send + Sync>);

/// How calls of this name fail.
type Fault = (&'static str, fn() -> Failure);

/// The tripwire. Shared by all ports of a daemon, and by the daemon that is started after it.
#[derive(Default)]
pub struct Tripwire {
    effects: AtomicUsize,
    fuse: Mutex<Option<Fuse>>,
    /// The effects that count, if not all do.
    counted: Mutex<Option<&'static str>>,
    blown: watch::Sender<Option<&'static str>>,
    down: AtomicBool,
    frozen: watch::Sender<bool>,
    under_way: watch::Sender<usize>,
    dead: Notify,
    busy: watch::Sender<usize>,
    /// What the other thread had done when somebody last saw it idle.
    looked_at: AtomicU64,
    ledgered: watch::Sender<Vec<&'static str>>,
    hooks: Mutex<Vec<Hook>>,
    holds: Mutex<Vec<(Point, &'static str)>>,
    faults: Mutex<Vec<Fault>>,
    patience: AtomicUsize,
    reads: Mutex<Vec<ReadOfPlan>>,
    looks: Mutex<BTreeMap<&'static str, usize>>,
}

/// How somebody read planned items.
#[derive(Clone, Copy, Debug)]
pub struct ReadOfPlan {
    pub after: Option<u64>,
    pub open_only: bool,
    pub rows: usize,
}

/// At which effects a life is stopped. After one is before the next, so a process dies there in one
/// of the two ways, between two of nine pairs of effects; what fails for a while does so at every
/// twelfth, before it and, six later, after it. Lives begin to count at numbers of their own, so
/// that what they have in common is stopped everywhere.
pub fn is_tried(life: &str, at: usize, after: bool, trip: Trip) -> bool {
    let turn = at + usize::from(after) + life.bytes().map(usize::from).sum::<usize>();
    let stride = match trip {
        Trip::Kill | Trip::Freeze => 9,
        Trip::Hiccup | Trip::Outage => 12,
    };
    let is_sampled = turn % stride == if after { stride / 2 } else { 0 };
    is_sampled || is_everything_tried()
}

/// Effects that even the shortest life has, of the daemon that does less of it.
const EFFECTS_MIN: usize = 2;

/// Insists that a loop which stopped a life at each of its effects, and found none any more that
/// has this number, stopped it at all: a wire that counts nothing would let every test pass.
pub fn assert_stopped(at: usize) {
    assert!(at > EFFECTS_MIN, "only {} effects were met: the wire is broken", at - 1);
}

/// Lets everybody go on who was woken, and whom they wake.
async fn pass_on() {
    for _ in 0..3 {
        yield_now().await;
    }
}

/// While it lives, time stands still.
pub struct Busy(Arc<Tripwire>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.send_modify(|busy| *busy -= 1);
    }
}

/// Counts down a call that ended, or was dropped.
struct Done<'a>(&'a watch::Sender<usize>);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|calls| *calls -= 1);
    }
}

impl Tripwire {
    /// Stops the world at that effect.
    pub fn set(&self, fuse: Fuse) {
        *self.fuse.lock().unwrap() = Some(fuse);
    }

    /// Counts effects of this name alone.
    pub fn count(&self, effect: &'static str) {
        *self.counted.lock().unwrap() = Some(effect);
    }

    /// Somebody read planned items.
    pub fn has_read(&self, read: ReadOfPlan) {
        self.reads.lock().unwrap().push(read);
    }

    /// How planned items were read so far.
    pub fn reads(&self) -> Vec<ReadOfPlan> {
        self.reads.lock().unwrap().clone()
    }

    /// How often that was called which changes nothing.
    pub fn looks(&self, name: &str) -> usize {
        self.looks.lock().unwrap().get(name).copied().unwrap_or_default()
    }

    /// Everything works again.
    pub fn mend(&self) {
        *self.fuse.lock().unwrap() = None;
        self.down.store(false, Ordering::SeqCst);
    }

    /// What the world stopped at, if it did.
    pub fn blown(&self) -> Option<&'static str> {
        *self.blown.borrow()
    }

    /// Returns once the world stopped.
    pub async fn tripped(&self) {
        self.blown.subscribe().wait_for(|blown| blown.is_some()).await.unwrap();
    }

    /// Whether every port fails.
    pub fn is_down(&self) -> bool {
        self.down.load(Ordering::SeqCst)
    }

    /// Does this whenever a record with that word is ledgered, or somebody comes to the point of it.
    pub fn on(&self, word: &'static str, action: impl Fn() + Send + Sync + 'static) {
        self.hooks.lock().unwrap().push((word, Box::new(action)));
    }

    /// Makes stages wait at that point until a record with that word was ledgered.
    pub fn hold(&self, point: Point, until: &'static str) {
        self.holds.lock().unwrap().push((point, until));
    }

    /// Lets every effect of this name fail, until [`Self::heal`].
    pub fn fail(&self, effect: &'static str, failure: fn() -> Failure) {
        self.faults.lock().unwrap().push((effect, failure));
    }

    /// Ends what [`Self::fail`] began.
    pub fn heal(&self) {
        self.faults.lock().unwrap().clear();
    }

    /// Ends what [`Self::fail`] began, once it failed so often.
    pub fn heal_after(&self, times: usize) {
        self.patience.store(times, Ordering::SeqCst);
    }

    /// Returns once the process is dead.
    pub async fn dead(&self) {
        self.dead.notified().await;
    }

    /// Returns once everybody waits for time to pass or for a message to arrive: nothing was called
    /// since it was looked at first, and the other thread has nothing to do and did nothing.
    pub async fn quiet(&self) {
        let mut busy = self.busy.subscribe();
        // Ends: what happens while time stands still has an end.
        loop {
            busy.wait_for(|busy| *busy == 0).await.unwrap();
            pass_on().await;
            // It does one thing after the other: this comes after all that waits for it.
            let looked_at = spawn_blocking(work::done).await.unwrap();
            pass_on().await;
            let is_idle = self.looked_at.swap(looked_at, Ordering::SeqCst) == looked_at;
            if is_idle && !busy.has_changed().unwrap() {
                return;
            }
        }
    }

    /// Makes time stand still.
    pub fn busy(self: &Arc<Self>) -> Busy {
        self.busy.send_modify(|busy| *busy += 1);
        Busy(Arc::clone(self))
    }

    /// A record was ledgered.
    pub fn happened(&self, word: &'static str) {
        self.ledgered.send_modify(|words| words.push(word));
        self.act(word);
    }

    fn act(&self, word: &'static str) {
        for (_, action) in self.hooks.lock().unwrap().iter().filter(|hook| hook.0 == word) {
            action();
        }
    }

    /// Waits where a test wants it.
    pub async fn pass(&self, point: Point) {
        self.act(point.word());
        let holds = self.holds.lock().unwrap().clone();
        for (_, until) in holds.into_iter().filter(|hold| hold.0 == point) {
            let mut ledgered = self.ledgered.subscribe();
            ledgered.wait_for(|words| words.contains(&until)).await.unwrap();
        }
    }

    /// A call that changes nothing.
    pub async fn look<T>(
        self: &Arc<Self>,
        name: &'static str,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let _busy = self.busy();
        *self.looks.lock().unwrap().entry(name).or_default() += 1;
        self.check(name)?;
        self.underway(work).await
    }

    /// A call that changes something and is made as often as time passes: it is not counted.
    pub async fn unnoticed<T>(
        self: &Arc<Self>,
        name: &'static str,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        self.look(name, work).await
    }

    /// A call that changes something outside the process.
    pub async fn effect<T>(
        self: &Arc<Self>,
        name: &'static str,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let busy = self.busy();
        self.check(name)?;
        if self.counted.lock().unwrap().is_some_and(|counted| counted != name) {
            return self.underway(work).await;
        }
        let count = self.effects.fetch_add(1, Ordering::SeqCst) + 1;
        let fuse = self.fuse.lock().unwrap().filter(|fuse| fuse.at == count);
        match fuse {
            None => self.underway(work).await,
            Some(Fuse { after, trip: Trip::Freeze, .. }) => {
                self.blown.send_replace(Some(name));
                if !after {
                    drop(busy);
                    self.freeze().await;
                    let _busy = self.busy();
                    return work.await;
                }
                let done = work.await;
                drop(busy);
                self.freeze().await;
                done
            }
            Some(Fuse { after: false, trip, .. }) => self.blow(name, trip).await,
            Some(Fuse { after: true, trip, .. }) => {
                // It may fail by itself: it was met all the same, and its answer is lost.
                work.await.ok();
                self.blow(name, trip).await
            }
        }
    }

    /// What begins in the very moment in which the process freezes waits too: it could not end.
    async fn underway<T>(&self, work: impl Future<Output = T>) -> T {
        self.frozen.subscribe().wait_for(|frozen| !*frozen).await.unwrap();
        let _done = Done(&self.under_way);
        self.under_way.send_modify(|calls| *calls += 1);
        work.await
    }

    /// Whether the process stands still.
    pub fn is_frozen(&self) -> bool {
        *self.frozen.borrow()
    }

    /// The process goes on.
    pub fn thaw(&self) {
        self.frozen.send_replace(false);
    }

    /// Returns once the process stands still.
    pub async fn frozen(&self) {
        self.frozen.subscribe().wait_for(|frozen| *frozen).await.unwrap();
    }

    /// Not while another call is under way: it could be in the midst of a write to a ledger that
    /// has one writer, and the other daemon would wait for it in real time.
    async fn freeze(&self) {
        self.alone().await;
        self.frozen.send_replace(true);
        yield_now().await;
    }

    /// Returns once no other call is under way.
    async fn alone(&self) {
        self.under_way.subscribe().wait_for(|calls| *calls == 0).await.unwrap();
    }

    fn check(&self, name: &'static str) -> Result<(), Failure> {
        if self.is_down() {
            return Err(Failure::transient("reaching anything: there is an outage"));
        }
        let mut faults = self.faults.lock().unwrap();
        let Some(failure) = faults.iter().find(|fault| fault.0 == name).map(|fault| fault.1) else {
            return Ok(());
        };
        if self
            .patience
            .swap(self.patience.load(Ordering::SeqCst).saturating_sub(1), Ordering::SeqCst)
            == 1
        {
            faults.clear();
        }
        Err(failure())
    }

    async fn blow<T>(&self, name: &'static str, trip: Trip) -> Result<T, Failure> {
        self.blown.send_replace(Some(name));
        match trip {
            Trip::Kill => {
                // A write that is abandoned midway may be done in the end, and no hook would hear
                // of it.
                self.alone().await;
                self.dead.notify_one();
                std::future::pending().await
            }
            Trip::Outage => self.down.store(true, Ordering::SeqCst),
            Trip::Hiccup | Trip::Freeze => {}
        }
        Err(Failure::transient("waiting for an answer that was lost"))
    }
}
