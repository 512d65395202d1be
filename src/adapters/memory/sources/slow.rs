//! A service that takes its time.

use crate::ports::sources::Followed;

/// How a service finishes by itself what was begun.
#[derive(Clone, Debug)]
pub struct Slow {
    /// How often it says that it is at it.
    pub looks: u32,
    /// In how many milliseconds it wants to be asked again.
    pub look_in_ms: u64,
    /// What comes of it.
    pub end: SlowEnd,
}

/// What comes of work at a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlowEnd {
    /// It is done, and said to be.
    Done,
    /// It is done, and the service knows nothing of it any more.
    DoneAndForgotten,
    /// It is not done, and the service knows nothing of it any more. To who begins it anew it is
    /// done at once.
    Forgotten,
    /// The service gives up, and does so each time.
    Failed,
    /// The service says that it has done it, and has not. To who begins it anew it is done at once.
    Claimed,
    /// The same each time.
    OnlyClaimed,
    /// The service says that it has done it, and has once somebody has looked so often.
    ClaimedTooEarly(u32),
}

/// What a service answers to who asks how far it is, and what it did.
pub struct Progress {
    /// The answer.
    pub answer: Followed,
    /// Whether it has removed what it was to remove.
    pub removes: bool,
    /// Whether it is slow no more.
    pub is_over: bool,
}

impl Slow {
    /// One that does what it is asked.
    pub const AT_ONCE: Self = Self { looks: 0, look_in_ms: 0, end: SlowEnd::Done };

    /// Somebody asks how far it is.
    pub fn ask(&mut self) -> Progress {
        if self.looks > 0 {
            self.looks -= 1;
            let look_in_ms = self.look_in_ms;
            let answer = Followed::Running { look_in_ms, handle: None, state: None };
            return Progress { answer, removes: false, is_over: false };
        }
        let asked = |answer, removes, is_over| Progress { answer, removes, is_over };
        match self.end {
            SlowEnd::Done => asked(Followed::Done, true, false),
            SlowEnd::DoneAndForgotten => asked(Followed::Unknown, true, true),
            SlowEnd::Forgotten => asked(Followed::Unknown, false, true),
            SlowEnd::Claimed => asked(Followed::Done, false, true),
            SlowEnd::OnlyClaimed | SlowEnd::ClaimedTooEarly(_) => {
                asked(Followed::Done, false, false)
            }
            SlowEnd::Failed => asked(Followed::Failed("gave_up".to_owned()), false, false),
        }
    }
}
