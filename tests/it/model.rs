//! The protocol of broker, workers, ledger and outbox as a model in which every order of steps and
//! faults is tried: crashes, leases that run out under a worker that still works, a message sent
//! twice, a person who cancels or stops, a service that takes its time, an item that goes after
//! another. The design keeps its promises in every state; then one rule at a time is left out, to
//! see that the promise which rests on it breaks.

use std::collections::BTreeSet;

use Event::{Accepted, ActStarted, Cancelled, Completed, LeftOver, Stopped, WaitStarted};
use stateright::{Checker, HasDiscoveries, Model, Property};

use crate::support::sample::is_everything_tried;

/// A rule of the design, left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Flaw {
    /// A message counts as acknowledged once it is delivered.
    AckBeforeCommit,
    /// An account is opened without asking whether the id is known.
    UnaskedOpening,
    /// A record is appended whatever was appended since its writer looked.
    UnconditionalAppend,
    /// That an item is about to be erased is noted without a look at the fence.
    UnfencedIntent,
    /// What became of an item is recorded without a look at the fence.
    UnfencedOutcome,
    /// A worker that stops frees the lease, whoever has it.
    UnaskedRelease,
    /// An announcement reaches the outbox in a transaction of its own, after that of its record.
    AnnouncedApart,
    /// An announcement is marked sent before it is published.
    SentBeforePublished,
    /// What a service has begun counts as done.
    BegunIsDone,
    /// What a service knows nothing of any more counts as done.
    ForgottenIsDone,
    /// What goes after something else is begun at once.
    OutOfOrder,
}

/// All there is at one moment, around one request with two items. Other requests share no row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct State {
    flaw: Option<Flaw>,
    /// A worker does one thing at a time; what a daemon does side by side are several workers.
    workers: usize,
    /// What those who are not idle do, sorted: it makes no difference who is who.
    jobs: Vec<Job>,
    /// How many more workers crash, or lose the lease while they work.
    faults_left: usize,
    /// Messages with the request at the broker, apart from those that workers hold.
    queued: usize,
    acked: bool,
    /// Whether a person who saw the request as accepted will cancel it; too late counts as never.
    cancelling: bool,
    /// Whether a person who sees the request being carried out will stop it.
    stopping: bool,
    /// What the consumer has; it knows an announcement that comes again by its id.
    received: BTreeSet<Record>,
    /// Which items are gone from the store.
    gone: [bool; 2],
    /// Whether the second item is removed by a service, in its own time.
    slow: bool,
    /// Whether the first item goes after the second.
    ordered: bool,
    /// How often the service will forget what it was to do.
    forgets: usize,
    /// Whether the service is at it.
    at_work: bool,
    // What follows is the ledger.
    records: Vec<Record>,
    /// Announcements not yet marked sent.
    outbox: BTreeSet<Record>,
    /// Which items a worker was about to erase.
    begun: [bool; 2],
    /// Every outcome that was recorded of an item: whether we erased it, or else it was gone.
    outcomes: [Vec<bool>; 2],
    /// Whether a ticket of the service is kept.
    ticket: bool,
    /// How often the lease was taken.
    fence: usize,
    /// Whether the lease is neither free nor run out.
    leased: bool,
    /// Whether a write went through under an old fence. Only the model knows.
    stale_write: bool,
}

/// A record and its announcement: the sequence is the id, the event is what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Record {
    sequence: usize,
    event: Event,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Event {
    Accepted,
    ActStarted,
    WaitStarted,
    LeftOver,
    Completed,
    Cancelled,
    Stopped,
}

/// The item that a service removes.
const SLOW: usize = 1;

/// What a worker is at, and all that it knows; a crash takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Job {
    next: Step,
    /// That of its lease; 0 if it needs none.
    fence: usize,
}

/// What a worker does next. It was decided by what was read before, and that may be old.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Step {
    /// Commit the request of a message.
    Commit,
    /// Acknowledge the message.
    Ack,
    /// Publish an announcement. That its confirm gets lost is a crash after this.
    Publish(Record),
    /// Mark the announcement sent.
    MarkSent(Record),
    /// Read where the request stands, to act on it.
    Look,
    /// Append a record under the sequence that was free at the look.
    Append(Record),
    /// Put the announcement of a record into the outbox.
    Deposit(Record),
    /// Note that an item is about to be erased; `begun` says whether that was noted at the look.
    Begin { item: usize, begun: bool },
    /// Erase it. No fence can prevent this: the store knows of none.
    Erase { item: usize, begun: bool },
    /// Record what became of it.
    Settle { item: usize, is_ours: bool },
    /// Keep the ticket of the service.
    Keep,
    /// Ask the service, and look at the item where it knows nothing.
    Ask,
    /// Forget the ticket: the item is to be acted on again.
    Reopen,
}

/// What happens next. The job says to which of the workers.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Action {
    Start(Job),
    Do(Job),
    Crash(Job),
    LeaseRunsOut,
    Cancel,
    Stop,
    /// The service ends its work: done, or forgotten.
    Serve {
        done: bool,
    },
}

impl State {
    fn lacks(&self, rule: Flaw) -> bool {
        self.flaw == Some(rule)
    }

    fn has(&self, event: Event) -> bool {
        self.records.iter().any(|record| record.event == event)
    }

    /// The record that would come next.
    fn following(&self, event: Event) -> Record {
        Record { sequence: self.records.len() + 1, event }
    }

    /// Whether the worker that took the lease last still works.
    fn has_holder(&self) -> bool {
        self.jobs.iter().any(|job| job.fence == self.fence)
    }

    /// What an idle worker may turn to.
    fn starts(&self) -> impl Iterator<Item = Job> {
        let message = (self.queued > 0).then_some(Step::Commit);
        let announcements = self.outbox.iter().copied().map(Step::Publish);
        let unleased = message.into_iter().chain(announcements).map(|next| Job { next, fence: 0 });
        let is_due = !self.leased && self.look().is_some();
        unleased.chain(is_due.then_some(Job { next: Step::Look, fence: self.fence + 1 }))
    }

    /// All that may happen now. The lease of a worker that crashed runs out for certain.
    fn choices(&self) -> impl Iterator<Item = Action> {
        let jobs = self.jobs.iter().copied();
        let starts = self.starts().filter(|_| self.jobs.len() < self.workers);
        let crashes = jobs.clone().filter(|_| self.faults_left > 0);
        let may_run_out = self.leased && (self.faults_left > 0 || !self.has_holder());
        let may_cancel = self.cancelling && self.has(Accepted);
        let works = jobs.map(Action::Do).chain(starts.map(Action::Start));
        let faults = crashes.map(Action::Crash).chain(may_run_out.then_some(Action::LeaseRunsOut));
        let carries_out = [ActStarted, WaitStarted, LeftOver];
        let is_acting = self.records.last().is_some_and(|last| carries_out.contains(&last.event));
        let may_stop = self.stopping && is_acting;
        let serves = [true, false].into_iter().filter(|done| *done || self.forgets > 0);
        let serves = serves.filter(|_| self.at_work).map(|done| Action::Serve { done });
        let decisions = may_cancel.then_some(Action::Cancel).into_iter();
        works.chain(faults).chain(decisions).chain(may_stop.then_some(Action::Stop)).chain(serves)
    }

    /// Whether anything is left to do, or to go wrong: faults befall those who are at work.
    fn goes_on(&self) -> bool {
        !self.jobs.is_empty() || self.choices().next().is_some()
    }

    /// An idle worker turns to a job.
    fn start(&mut self, job: Job) {
        match job.next {
            Step::Commit => {
                self.queued -= 1;
                self.acked |= self.lacks(Flaw::AckBeforeCommit);
            }
            Step::Look => (self.fence, self.leased) = (job.fence, true),
            Step::Publish(record) if self.lacks(Flaw::SentBeforePublished) => {
                self.outbox.remove(&record);
            }
            _ => {}
        }
        self.turn(None, Some(job));
    }

    /// A worker turns from one job to another; `None` is idling.
    fn turn(&mut self, from: Option<Job>, to: Option<Job>) {
        if let Some(index) = from.and_then(|job| self.jobs.binary_search(&job).ok()) {
            self.jobs.remove(index);
        }
        self.jobs.extend(to);
        self.jobs.sort_unstable();
    }

    /// One step of a job, and what comes after it. Who was overtaken or fenced off drops its work.
    fn work(&mut self, Job { next, fence }: Job) -> Option<Step> {
        match next {
            Step::Commit => {
                if self.records.is_empty() || self.lacks(Flaw::UnaskedOpening) {
                    self.append(self.following(Accepted), true);
                }
                Some(Step::Ack)
            }
            Step::Ack => {
                self.acked = true;
                None
            }
            Step::Publish(record) => {
                self.received.insert(record);
                Some(Step::MarkSent(record))
            }
            Step::MarkSent(record) => {
                self.outbox.remove(&record);
                None
            }
            Step::Look => self.look(),
            Step::Append(record) => {
                let apart = self.lacks(Flaw::AnnouncedApart);
                let done = self.admits(fence, true) && self.append(record, !apart);
                done.then_some(if apart { Step::Deposit(record) } else { Step::Look })
            }
            Step::Deposit(record) => {
                self.outbox.insert(record);
                Some(Step::Look)
            }
            Step::Begin { item, begun } => {
                let done = self.admits(fence, !self.lacks(Flaw::UnfencedIntent));
                self.begun[item] |= done;
                done.then_some(Step::Erase { item, begun })
            }
            Step::Erase { item: SLOW, .. } if self.slow && !self.gone[SLOW] => {
                self.at_work = true;
                Some(Step::Keep)
            }
            Step::Keep => {
                let done = self.admits(fence, true);
                self.ticket |= done;
                done.then_some(Step::Look)
            }
            Step::Ask if self.gone[SLOW] || self.lacks(Flaw::ForgottenIsDone) => {
                Some(Step::Settle { item: SLOW, is_ours: true })
            }
            Step::Ask => Some(Step::Reopen),
            Step::Reopen => {
                let done = self.admits(fence, true);
                self.ticket &= !done;
                done.then_some(Step::Look)
            }
            Step::Erase { item, begun } => {
                let is_ours = begun || !self.gone[item];
                self.gone[item] = true;
                Some(Step::Settle { item, is_ours })
            }
            Step::Settle { item, is_ours } => {
                let done = self.admits(fence, !self.lacks(Flaw::UnfencedOutcome));
                self.outcomes[item].extend(done.then_some(is_ours));
                self.ticket &= !(done && item == SLOW);
                done.then_some(Step::Look)
            }
        }
    }

    /// What a worker that reads the ledger now does next; nothing once the request rests.
    fn look(&self) -> Option<Step> {
        let is_pending = |item| item == SLOW && self.ticket;
        let has_its_turn = |item| {
            item == SLOW
                || !self.ordered
                || !self.outcomes[SLOW].is_empty()
                || self.lacks(Flaw::OutOfOrder)
        };
        let is_open = |item: &usize| self.outcomes[*item].is_empty() && !is_pending(*item);
        let open = (0..2).find(|item| is_open(item) && has_its_turn(*item));
        let waits = self.ticket && !self.lacks(Flaw::BegunIsDone);
        match (self.records.last()?.event, open) {
            (Accepted, _) => Some(Step::Append(self.following(ActStarted))),
            (ActStarted | LeftOver, Some(item)) => {
                Some(Step::Begin { item, begun: self.begun[item] })
            }
            (ActStarted | LeftOver, None) if waits => {
                Some(Step::Append(self.following(WaitStarted)))
            }
            // It is put off until the service has something to say.
            (WaitStarted, _) if waits => (!self.at_work).then_some(Step::Ask),
            // What waited for the service goes on; what it did not do is begun anew.
            (WaitStarted, Some(item)) => {
                let event = if self.begun[item] { LeftOver } else { ActStarted };
                Some(Step::Append(self.following(event)))
            }
            (ActStarted | LeftOver | WaitStarted, None) => {
                Some(Step::Append(self.following(Completed)))
            }
            (Completed | Cancelled | Stopped, _) => None,
        }
    }

    /// Whether a write under this fence goes through.
    fn admits(&mut self, fence: usize, is_checked: bool) -> bool {
        let is_stale = fence != self.fence;
        self.stale_write |= is_stale && !is_checked;
        !(is_stale && is_checked)
    }

    /// Appends a record and its announcement in one transaction, unless somebody was first.
    fn append(&mut self, record: Record, announced: bool) -> bool {
        let done = record == self.following(record.event) || self.lacks(Flaw::UnconditionalAppend);
        self.records.extend(done.then_some(record));
        self.outbox.extend((done && announced).then_some(record));
        done
    }
}

/// A state is the model of all that may come of it.
impl Model for State {
    type State = Self;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![self.clone()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        actions.extend(state.choices());
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Start(job) => state.start(job),
            Action::Do(job) => {
                let next = state.work(job).map(|next| Job { next, ..job });
                // Somebody else may have the lease by now.
                let may_free = job.fence == state.fence || state.lacks(Flaw::UnaskedRelease);
                state.leased &= next.is_some() || !may_free;
                state.turn(Some(job), next);
            }
            Action::Crash(job) => {
                state.turn(Some(job), None);
                state.faults_left -= 1;
                let is_delivery = matches!(job.next, Step::Commit | Step::Ack);
                state.queued += usize::from(is_delivery && !state.lacks(Flaw::AckBeforeCommit));
            }
            Action::LeaseRunsOut => {
                state.faults_left -= usize::from(state.has_holder());
                state.leased = false;
            }
            Action::Cancel => {
                state.cancelling = false;
                state.append(Record { sequence: 2, event: Cancelled }, true);
            }
            Action::Serve { done } => {
                state.at_work = false;
                state.gone[SLOW] |= done;
                state.forgets -= usize::from(!done);
            }
            Action::Stop => {
                state.stopping = false;
                state.append(state.following(Stopped), true);
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let promises = PROMISES.iter().map(|(name, holds)| Property::always(name, *holds));
        let witnesses = WITNESSES.iter().map(|(name, shows)| Property::sometimes(name, *shows));
        promises.chain(witnesses).collect()
    }
}

type Condition = fn(&State, &State) -> bool;

/// What holds in every state. "At last" is where nothing is left to do: the checker's own
/// `eventually` loses sight of paths that meet.
const PROMISES: &[(&str, Condition)] = &[
    ("what is acknowledged is in the ledger", |_, now| !now.acked || now.has(Accepted)),
    ("a request is opened once", |_, now| now.records.iter().skip(1).all(|r| r.event != Accepted)),
    ("nobody writes under an old fence", |_, now| !now.stale_write),
    ("no lease is stolen", |first, now| {
        // Who waits for a service lets go, and takes it anew for each look.
        first.slow || now.fence <= 1 + first.faults_left - now.faults_left
    }),
    ("an item gets one outcome", |_, now| now.outcomes.iter().all(|each| each.len() <= 1)),
    ("what we erased is accounted as erased", |_, now| !now.outcomes.concat().contains(&false)),
    ("a cancelled request loses nothing", |_, now| !now.has(Cancelled) || now.gone == [false; 2]),
    ("a completed request has nothing left", |_, now| !now.has(Completed) || now.gone == [true; 2]),
    ("what goes first is gone first", |first, now| {
        !first.ordered || !now.gone[0] || now.gone[SLOW]
    }),
    ("an id says one thing", |_, now| {
        now.received.iter().is_sorted_by(|a, b| a.sequence < b.sequence)
    }),
    ("a request ends at last, in one way", |_, now| {
        let ends = [Completed, Cancelled, Stopped].into_iter().filter(|end| now.has(*end));
        now.goes_on() || ends.count() == 1
    }),
    ("a retry knows what was begun before a stop", |_, now| {
        (0..2).all(|item| !now.gone[item] || now.begun[item])
    }),
    ("all is announced at last", |_, now| now.goes_on() || now.received.iter().eq(&now.records)),
];

/// What does happen, so that no promise is kept for want of a trial.
const WITNESSES: &[(&str, Condition)] = &[
    ("a request is completed", |_, now| now.has(Completed)),
    ("a request is cancelled", |_, now| now.has(Cancelled)),
    ("a request is stopped, if a person does", |first, now| !first.stopping || now.has(Stopped)),
    ("a cancellation comes too late", |_, now| now.cancelling && now.has(ActStarted)),
    ("an outcome is refused for its fence", |_, now| {
        now.jobs.iter().any(|job| job.fence != now.fence && matches!(job.next, Step::Settle { .. }))
    }),
    ("an item is erased after the request is completed", |_, now| {
        now.has(Completed) && now.jobs.iter().any(|job| matches!(job.next, Step::Erase { .. }))
    }),
    ("a request waits, if a service takes its time", |first, now| {
        !first.slow || now.has(WaitStarted) && now.has(Completed)
    }),
    ("a service forgets, if it does", |first, now| first.forgets == 0 || now.has(LeftOver)),
    ("a service is done before its ticket is kept", |first, now| {
        let keeps = now.jobs.iter().any(|job| job.next == Step::Keep);
        !first.slow || keeps && now.gone[SLOW]
    }),
    ("what waited for a service goes on, if something did", |first, now| {
        !first.ordered || now.records.iter().filter(|r| r.event == ActStarted).count() > 1
    }),
    ("an announcement is overtaken", |_, now| now.received.first().is_some_and(|r| r.sequence > 1)),
];

/// The request was sent so often, to so many workers, of whom so many will fail.
fn first(flaw: Option<Flaw>, queued: usize, workers: usize, faults_left: usize) -> State {
    State { flaw, queued, workers, faults_left, cancelling: true, ..State::default() }
}

/// Tries everything: no promise breaks, and each witness is found.
fn holds(first: State, states_min: usize) {
    let checker = first.checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    checker.assert_properties();
    let states = checker.unique_state_count();
    assert!(states >= states_min, "{states} states are fewer than the {states_min} there were");
}

/// The same of a service that forgets nothing; and of one that does only where everything is tried,
/// for that has a dozen times as many states.
fn holds_for(first: State, states_min: [usize; 2]) {
    holds(State { forgets: 0, ..first.clone() }, states_min[0]);
    if is_everything_tried() {
        holds(first, states_min[1]);
    }
}

/// Without that rule, the promise breaks.
fn breaks(flaw: Flaw, promise: &'static str) {
    breaks_from(first(Some(flaw), 2, 2, 2), promise);
}

fn breaks_from(first: State, promise: &'static str) {
    let until = HasDiscoveries::AnyOf(BTreeSet::from([promise]));
    let checker = first.checker().finish_when(until).spawn_bfs().join();
    checker.assert_any_discovery(promise);
}

/// The second item is removed by a service, which forgets it once.
fn slow(first: State) -> State {
    State { slow: true, forgets: 1, ..first }
}

/// The first item goes after the second.
fn ordered(first: State) -> State {
    State { ordered: true, ..first }
}

/// Each line a test.
macro_rules! trials {
    ($($name:ident: $trial:expr;)*) => {$(
        #[test]
        fn $name() {
            $trial;
        }
    )*};
}

trials! {
    two_workers: holds(first(None, 2, 2, 2), 98_000);
    one_is_stopped: holds(State { stopping: true, ..first(None, 1, 2, 2) }, 20_000);
    two_workers_that_fail_often: holds(first(None, 1, 2, 3), 149_000);
    three_workers: holds(first(None, 2, 3, 1), 90_000);
    a_service_takes_its_time: holds(slow(first(None, 1, 2, 1)), 703_000);
    a_wait_is_stopped: holds_for(
        State { stopping: true, ..slow(first(None, 1, 2, 1)) },
        [148_000, 2_091_000]
    );
    an_item_waits_for_another: holds_for(ordered(slow(first(None, 1, 2, 1))), [137_000, 1_766_000]);
    begun_out_of_order: breaks_from(
        ordered(slow(first(Some(Flaw::OutOfOrder), 1, 1, 0))),
        "what goes first is gone first"
    );
    begun_is_not_done: breaks_from(
        slow(first(Some(Flaw::BegunIsDone), 1, 1, 0)),
        "a completed request has nothing left"
    );
    forgotten_is_not_done: breaks_from(
        slow(first(Some(Flaw::ForgottenIsDone), 1, 1, 0)),
        "a completed request has nothing left"
    );
    acked_too_early: breaks(Flaw::AckBeforeCommit, "what is acknowledged is in the ledger");
    lost: breaks(Flaw::AckBeforeCommit, "a request ends at last, in one way");
    opened_unasked: breaks(Flaw::UnaskedOpening, "a request is opened once");
    appended_blindly: breaks(Flaw::UnconditionalAppend, "a cancelled request loses nothing");
    numbered_twice: breaks(Flaw::UnconditionalAppend, "an id says one thing");
    begun_unfenced: breaks(Flaw::UnfencedIntent, "what we erased is accounted as erased");
    settled_unfenced: breaks(Flaw::UnfencedOutcome, "nobody writes under an old fence");
    settled_twice: breaks(Flaw::UnfencedOutcome, "an item gets one outcome");
    freed_unasked: breaks(Flaw::UnaskedRelease, "no lease is stolen");
    announced_apart: breaks(Flaw::AnnouncedApart, "all is announced at last");
    sent_unpublished: breaks(Flaw::SentBeforePublished, "all is announced at last");
}
