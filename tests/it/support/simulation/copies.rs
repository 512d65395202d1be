//! Whoever copies the logs of a tenant, in memory: what it answers, and what it has written.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use dsrd::domain::failure::Failure;
use dsrd::domain::request::RequestId;
use dsrd::ports::sources::{Followed, Ticket};
use dsrd::ports::tenant_logs::{Asked, TenantLogs};
use jiff::{SignedDuration, Timestamp};

/// The service, and the containers that it writes to.
#[derive(Default)]
pub struct Copies {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What the next calls are answered, in order; all others begin a copy.
    answers: VecDeque<Answer>,
    /// How a copy ends, after how many looks.
    end: End,
    looks: u32,
    /// How long a way in lasts.
    lasts: Option<SignedDuration>,
    /// Whose logs it was asked for, call by call.
    asked: Vec<String>,
    /// Looks at each copy so far.
    copies: Vec<u32>,
    /// What lies there, by container.
    written: BTreeMap<String, Vec<String>>,
}

/// How a call is answered.
#[derive(Clone, Debug)]
pub enum Answer {
    /// It is heard, and the answer is lost.
    Lost,
    /// Nothing is begun.
    Says(Asked),
}

/// How a copy ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    #[default]
    Done,
    Failed,
    Never,
    Forgotten,
}

impl Copies {
    /// One that is done after so many looks.
    pub fn after(looks: u32) -> Self {
        let copies = Self::default();
        copies.lock().looks = looks;
        copies
    }

    /// The same with another end.
    #[must_use]
    pub fn ending(self, end: End) -> Self {
        self.lock().end = end;
        self
    }

    /// The next calls are answered so.
    #[must_use]
    pub fn answering(self, answers: &[Answer]) -> Self {
        self.lock().answers = answers.iter().cloned().collect();
        self
    }

    /// A way in lasts so long.
    #[must_use]
    pub fn lasting(self, time: SignedDuration) -> Self {
        self.lock().lasts = Some(time);
        self
    }

    /// Whose logs it was asked for, call by call.
    pub fn asked(&self) -> Vec<String> {
        self.lock().asked.clone()
    }

    /// Where anything lies.
    pub fn containers(&self) -> Vec<String> {
        self.lock().written.keys().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

#[async_trait]
impl TenantLogs for Copies {
    fn at(&self, id: &RequestId) -> String {
        format!("account/logs-{id}")
    }

    fn until_at_most(&self, now: Timestamp) -> Option<Timestamp> {
        self.lock().lasts.map(|time| now + time)
    }

    async fn ask(&self, id: &RequestId, user: &str, until: Timestamp) -> Result<Asked, Failure> {
        assert!(until > Timestamp::UNIX_EPOCH);
        let mut state = self.lock();
        state.asked.push(user.to_owned());
        let answer = state.answers.pop_front();
        if let Some(Answer::Says(says)) = answer {
            return Ok(says);
        }
        state.written.entry(self.at(id)).or_default();
        state.copies.push(0);
        let handle = (state.copies.len() - 1).to_string();
        match answer {
            Some(Answer::Lost) => Err(Failure::transient("asking for a copy")),
            _ => Ok(Asked::Begun(Ticket { handle, look_in_ms: 2_000 })),
        }
    }

    async fn look(&self, id: &RequestId, user: &str, handle: &str) -> Result<Followed, Failure> {
        let mut state = self.lock();
        let number: usize = handle.parse().unwrap();
        state.copies[number] += 1;
        let is_over = state.copies[number] > state.looks;
        let running = || Followed::Running { look_in_ms: 2_000, handle: None, state: None };
        Ok(match (is_over, state.end) {
            (false, _) | (_, End::Never) => running(),
            (true, End::Failed) => Followed::Failed("failed".to_owned()),
            (true, End::Forgotten) => Followed::Unknown,
            (true, End::Done) => {
                let container = state.written.get_mut(&self.at(id)).expect("nobody removed it");
                container.push(user.to_owned());
                Followed::Done
            }
        })
    }

    async fn remove(&self, id: &RequestId) -> Result<(), Failure> {
        self.lock().written.remove(&self.at(id));
        Ok(())
    }

    async fn ping(&self) -> Result<(), Failure> {
        Ok(())
    }
}
