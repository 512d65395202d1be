//! A removal of rows that requests share, as a model in which every order of steps and faults is
//! tried: who comes while it gathers or is begun, who is stopped, kills between any two steps, a
//! lease that runs out under who still works, a service that says it is done and is not. The design
//! keeps its promises in every state; then one rule at a time is left out, to see that the promise
//! which rests on it breaks.

use std::collections::{BTreeMap, BTreeSet};

use stateright::{Checker, HasDiscoveries, Model, Property};

/// A rule of the design, left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Flaw {
    /// What the service says is done counts as gone.
    DoneIsGone,
    /// That values were handed over is noted before they are.
    NotedBeforeCalled,
    /// Whoever comes joins what is begun.
    EnrolledWhenBegun,
    /// Who came until it was begun is not asked for.
    MembersReadOnce,
    /// It is forgotten whoever came since nobody waited for it.
    UnaskedForgetting,
    /// How far it is is noted without a look at the fence.
    UnfencedNote,
}

/// Whose rows, of the two people.
type Whose = [bool; 2];

/// All there is at one moment, around one place where two people have a row each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct State {
    flaw: Option<Flaw>,
    /// How many more workers are killed, or lose the lease while they work.
    faults_left: usize,
    /// How often more the service says that it has removed what it has not.
    lies_left: usize,
    /// Whether somebody stops the first request while it waits.
    stopping: bool,
    /// The rows that are there.
    rows: Whose,
    /// What the service was called for, and whether it says that it is done.
    calls: Vec<(Whose, bool)>,
    /// What workers do, sorted.
    jobs: BTreeSet<Job>,
    /// Whether a write went through under an old fence. Only the model knows.
    stale_write: bool,
    // What follows is the ledger.
    members: [Member; 2],
    /// How often each was begun anew.
    rounds: [usize; 2],
    purges: BTreeMap<usize, Purge>,
    /// How many were opened.
    opened: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Member {
    #[default]
    Planned,
    /// For the purge of that number.
    Waiting(usize),
    Erased,
    GivenUp,
    Stopped,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Purge {
    stage: Stage,
    handed: Whose,
    /// The calls that are followed.
    running: BTreeSet<usize>,
    is_called: bool,
    fence: usize,
    leased: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Stage {
    #[default]
    Gathering,
    Begun,
    Done,
}

/// What a worker is at, and all that it knows; a kill takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Job {
    purge: usize,
    fence: usize,
    next: Step,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Step {
    /// Read how it stands.
    Look,
    /// Close it; for these it was looked, and these rows were there.
    Begin { members: Whose, values: Whose },
    /// Ask which rows there are of those who wait.
    AskAgain,
    /// Call the service for these.
    Call { values: Whose },
    /// Note that it was called; which call that was.
    Note { values: Whose, call: usize },
    /// Note that nothing is left to be handed over.
    NoteCalled,
    /// Ask the service.
    Follow,
    /// Forget it: nobody waited.
    Forget,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Action {
    Enrol(usize),
    Start(usize),
    Do(Job),
    Kill(Job),
    LeaseRunsOut(usize),
    /// The service says that it is done.
    Serve {
        call: usize,
        lies: bool,
    },
    /// A member looks by itself.
    Look(usize),
    Stop,
}

/// How often a request goes back.
const ROUNDS_MAX: usize = 2;

impl State {
    fn lacks(&self, rule: Flaw) -> bool {
        self.flaw == Some(rule)
    }

    fn waiting(&self, purge: usize) -> Whose {
        self.members.map(|member| member == Member::Waiting(purge))
    }

    fn theirs(&self, members: Whose) -> Whose {
        [0, 1].map(|person| members[person] && self.rows[person])
    }

    /// Whether there is something to do for a purge.
    fn is_due(&self, number: usize, purge: &Purge) -> bool {
        let is_free = !purge.leased;
        let nobody_waits = self.waiting(number) == [false; 2];
        let goes_on = match purge.stage {
            Stage::Gathering => true,
            Stage::Begun => !purge.is_called || purge.running.iter().all(|it| self.calls[*it].1),
            Stage::Done => false,
        };
        is_free && (nobody_waits || goes_on)
    }

    fn choices(&self) -> Vec<Action> {
        let people = [0, 1].into_iter();
        let enrols = people.clone().filter(|it| self.members[*it] == Member::Planned);
        let looks = people.filter(|person| match self.members[*person] {
            Member::Waiting(number) => {
                self.purges.get(&number).is_none_or(|purge| purge.stage == Stage::Done)
            }
            _ => false,
        });
        let due = self.purges.iter().filter(|(number, purge)| self.is_due(**number, purge));
        let has_holder = |number: usize, purge: &Purge| {
            self.jobs.iter().any(|job| job.purge == number && job.fence == purge.fence)
        };
        let leased = self.purges.iter().filter(|(_, purge)| purge.leased);
        let run_out =
            leased.filter(|(number, purge)| self.faults_left > 0 || !has_holder(**number, purge));
        let open = self.calls.iter().enumerate().filter(|(_, call)| !call.1);
        let lies: &[bool] = if self.lies_left > 0 { &[false, true] } else { &[false] };
        let serves = open
            .flat_map(|(call, _)| lies.iter().map(move |lies| Action::Serve { call, lies: *lies }));
        let kills = self.jobs.iter().filter(|_| self.faults_left > 0);
        let may_stop = self.stopping && matches!(self.members[0], Member::Waiting(_));
        enrols
            .map(Action::Enrol)
            .chain(looks.map(Action::Look))
            .chain(due.map(|(number, _)| Action::Start(*number)))
            .chain(self.jobs.iter().copied().map(Action::Do))
            .chain(kills.copied().map(Action::Kill))
            .chain(run_out.map(|(number, _)| Action::LeaseRunsOut(*number)))
            .chain(serves)
            .chain(may_stop.then_some(Action::Stop))
            .collect()
    }

    fn enrol(&mut self, person: usize) {
        let begun_too = self.lacks(Flaw::EnrolledWhenBegun);
        let admits = |stage| stage == Stage::Gathering || begun_too && stage == Stage::Begun;
        let open = self.purges.iter().find(|(_, purge)| admits(purge.stage));
        let number = open.map(|(number, _)| *number).unwrap_or_else(|| {
            self.opened += 1;
            self.opened
        });
        self.purges.entry(number).or_default();
        self.members[person] = Member::Waiting(number);
    }

    /// Somebody who waits looks at what became of the row.
    fn look(&mut self, person: usize, number: usize) {
        let is_done = self.purges.contains_key(&number);
        if is_done && (!self.rows[person] || self.lacks(Flaw::DoneIsGone)) {
            self.members[person] = Member::Erased;
            return;
        }
        self.rounds[person] += 1;
        let is_over = self.rounds[person] > ROUNDS_MAX;
        self.members[person] = if is_over { Member::GivenUp } else { Member::Planned };
    }

    /// The purge, if a write under this fence goes through.
    fn admitted(&mut self, Job { purge, fence, .. }: Job) -> Option<&mut Purge> {
        let is_checked = !self.lacks(Flaw::UnfencedNote);
        let purge = self.purges.get_mut(&purge)?;
        let is_stale = fence != purge.fence;
        self.stale_write |= is_stale && !is_checked;
        (!(is_stale && is_checked)).then_some(purge)
    }

    /// One step of a job, and what comes after it.
    fn work(&mut self, job: Job) -> Option<Step> {
        let waiting = self.waiting(job.purge);
        match job.next {
            Step::Look => self.next(job.purge),
            Step::Begin { members, values } => {
                let purge = self.admitted(job)?;
                purge.stage = Stage::Begun;
                match members == waiting || self.lacks(Flaw::MembersReadOnce) {
                    true => Some(self.call(values)),
                    false => Some(Step::AskAgain),
                }
            }
            Step::AskAgain => {
                let handed = self.purges.get(&job.purge)?.handed;
                let theirs = self.theirs(waiting);
                let values = [0, 1].map(|person| theirs[person] && !handed[person]);
                Some(self.call(values))
            }
            Step::Call { values } => {
                self.calls.push((values, false));
                let call = self.calls.len() - 1;
                if !self.lacks(Flaw::NotedBeforeCalled) {
                    return Some(Step::Note { values, call });
                }
                self.admitted(job)?.running.insert(call);
                None
            }
            Step::Note { values, call } => {
                let is_early = self.lacks(Flaw::NotedBeforeCalled);
                let purge = self.admitted(job)?;
                purge.is_called = true;
                purge.handed = [0, 1].map(|person| purge.handed[person] || values[person]);
                if is_early {
                    return Some(Step::Call { values });
                }
                purge.running.insert(call);
                None
            }
            Step::NoteCalled => {
                self.admitted(job)?.is_called = true;
                Some(Step::Follow)
            }
            Step::Follow => {
                let calls = self.calls.clone();
                let purge = self.admitted(job)?;
                if purge.running.iter().all(|call| calls[*call].1) {
                    purge.stage = Stage::Done;
                }
                None
            }
            Step::Forget => {
                let is_asked = !self.lacks(Flaw::UnaskedForgetting);
                self.admitted(job)?;
                if waiting == [false; 2] || !is_asked {
                    self.purges.remove(&job.purge);
                }
                None
            }
        }
    }

    fn next(&self, number: usize) -> Option<Step> {
        let members = self.waiting(number);
        let purge = self.purges.get(&number)?;
        Some(match purge.stage {
            _ if members == [false; 2] => Step::Forget,
            Stage::Gathering => Step::Begin { members, values: self.theirs(members) },
            Stage::Begun if !purge.is_called => Step::AskAgain,
            Stage::Begun => Step::Follow,
            Stage::Done => return None,
        })
    }

    fn call(&self, values: Whose) -> Step {
        match values {
            [false, false] => Step::NoteCalled,
            values if self.lacks(Flaw::NotedBeforeCalled) => {
                Step::Note { values, call: self.calls.len() }
            }
            values => Step::Call { values },
        }
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
            Action::Enrol(person) => state.enrol(person),
            Action::Look(person) => {
                let Member::Waiting(number) = state.members[person] else { return None };
                state.look(person, number);
            }
            Action::Start(number) => {
                let purge = state.purges.get_mut(&number)?;
                (purge.fence, purge.leased) = (purge.fence + 1, true);
                let job = Job { purge: number, fence: purge.fence, next: Step::Look };
                state.jobs.insert(job);
            }
            Action::Do(job) => {
                state.jobs.remove(&job);
                let next = state.work(job);
                state.jobs.extend(next.map(|next| Job { next, ..job }));
                if let Some(purge) = state.purges.get_mut(&job.purge) {
                    purge.leased &= next.is_some() || job.fence != purge.fence;
                }
            }
            Action::Kill(job) => {
                state.jobs.remove(&job);
                state.faults_left -= 1;
            }
            Action::LeaseRunsOut(number) => {
                let purge = state.purges.get_mut(&number)?;
                let fence = purge.fence;
                purge.leased = false;
                let has_holder =
                    state.jobs.iter().any(|job| job.purge == number && job.fence == fence);
                state.faults_left -= usize::from(has_holder);
            }
            Action::Serve { call, lies } => {
                state.calls[call].1 = true;
                state.lies_left -= usize::from(lies);
                let whose = state.calls[call].0;
                state.rows = [0, 1].map(|it| state.rows[it] && (lies || !whose[it]));
            }
            Action::Stop => {
                state.stopping = false;
                state.members[0] = Member::Stopped;
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

const GONE: &str = "what is called erased is gone";
const ROUNDS: &str = "a round is lost to the service alone";
const FENCES: &str = "nobody writes under an old fence";

const PROMISES: &[(&str, Condition)] = &[
    (GONE, |_, now| (0..2).all(|it| now.members[it] != Member::Erased || !now.rows[it])),
    // One that lies may do so to both.
    (ROUNDS, |first, now| {
        now.rounds.iter().sum::<usize>() <= 2 * (first.lies_left - now.lies_left)
    }),
    (FENCES, |_, now| !now.stale_write),
    ("each fault costs a call at most", |first, now| {
        now.calls.len() <= now.opened + first.faults_left - now.faults_left
    }),
    ("everybody ends at last", |_, now| {
        let is_open = |member: &Member| matches!(member, Member::Planned | Member::Waiting(_));
        !now.choices().is_empty() || !now.members.iter().any(is_open)
    }),
    ("nobody is given up whom the service serves", |first, now| {
        first.lies_left > ROUNDS_MAX || !now.members.contains(&Member::GivenUp)
    }),
];

/// What does happen, so that no promise is kept for want of a trial.
const WITNESSES: &[(&str, Condition)] = &[
    ("one call is for both", |_, now| now.calls.contains(&([true; 2], true))),
    ("who comes too late has a purge of their own", |_, now| now.purges.len() > 1),
    ("a call is made twice, if somebody is killed", |first, now| {
        first.faults_left == 0 || now.calls.len() > now.opened
    }),
    ("both are erased", |_, now| now.members == [Member::Erased; 2]),
    ("rows stay that are said to be gone", |first, now| {
        first.lies_left == 0 || now.rounds != [0; 2]
    }),
    ("somebody is stopped and keeps the row, if somebody does", |first, now| {
        !first.stopping || now.members[0] == Member::Stopped && now.rows[0] && now.jobs.is_empty()
    }),
    ("a purge is forgotten, if nobody waits", |first, now| {
        !first.stopping || now.purges.len() < now.opened
    }),
];

fn first(flaw: Option<Flaw>, faults_left: usize, lies_left: usize, stopping: bool) -> State {
    State { flaw, faults_left, lies_left, stopping, rows: [true; 2], ..State::default() }
}

/// Tries everything: no promise breaks, and each witness is found.
fn holds(first: State, states_min: usize) {
    let checker = first.checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    checker.assert_properties();
    let states = checker.unique_state_count();
    assert!(states >= states_min, "{states} states are fewer than the {states_min} there were");
}

/// Without that rule, the promise breaks.
fn breaks(flaw: Flaw, stopping: bool, promise: &'static str) {
    let until = HasDiscoveries::AnyOf(BTreeSet::from([promise]));
    let first = first(Some(flaw), 1, 1, stopping);
    let checker = first.checker().finish_when(until).spawn_bfs().join();
    checker.assert_any_discovery(promise);
}

#[test]
fn a_purge_that_is_shared_keeps_its_promises() {
    holds(first(None, 1, 0, true), 70_000);
    holds(first(None, 0, 1, false), 14_000);
}

#[test]
fn each_rule_of_a_purge_is_needed() {
    breaks(Flaw::DoneIsGone, false, GONE);
    breaks(Flaw::NotedBeforeCalled, false, ROUNDS);
    breaks(Flaw::EnrolledWhenBegun, false, ROUNDS);
    breaks(Flaw::MembersReadOnce, false, ROUNDS);
    breaks(Flaw::UnaskedForgetting, true, ROUNDS);
    breaks(Flaw::UnfencedNote, false, FENCES);
}
