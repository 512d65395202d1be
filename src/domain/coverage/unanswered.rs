//! Why a source that is asked gave no answer, or not all of it. The words are stable: they stand in
//! outcomes and manifests, and reports have a sentence for each.

/// A reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// There is more than is looked through.
    TooMany,
    /// Answers stayed cut short.
    Partial,
    /// Answers did not come in time.
    TimedOut,
    /// It is kept beyond the time in which it can be asked for.
    LongTermRetention,
    /// What is searched is listed without columns.
    NoSchema,
    /// Nobody is there.
    Unreachable,
    /// Nobody vouches for us.
    NoToken,
    /// It says nothing of where its rows are.
    NoId,
    /// It is not there.
    Absent,
    /// We are not let in.
    Forbidden,
    /// The question is refused.
    Refused,
}

impl Unanswered {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::TooMany,
        Self::Partial,
        Self::TimedOut,
        Self::LongTermRetention,
        Self::NoSchema,
        Self::Unreachable,
        Self::NoToken,
        Self::NoId,
        Self::Absent,
        Self::Forbidden,
        Self::Refused,
    ];

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::TooMany => "too_many",
            Self::Partial => "partial",
            Self::TimedOut => "timed_out",
            Self::LongTermRetention => "long_term_retention",
            Self::NoSchema => "no_schema",
            Self::Unreachable => "unreachable",
            Self::NoToken => "no_token",
            Self::NoId => "no_id",
            Self::Absent => "absent",
            Self::Forbidden => "forbidden",
            Self::Refused => "refused",
        }
    }

    /// What it means that a service refuses with this HTTP status.
    pub fn refused(status: u16) -> Self {
        if matches!(status, 401 | 403) { Self::Forbidden } else { Self::Refused }
    }

    /// The word, and the service's own code where it gave one.
    pub fn coded(self, code: &str) -> String {
        let word = self.word();
        if code.is_empty() { word.to_owned() } else { format!("{word}: {code}") }
    }

    /// What a reason begins with, if it is one of these.
    pub fn of(reason: &str) -> Option<Self> {
        let word = reason.split(':').next().unwrap_or_default();
        Self::ALL.into_iter().find(|it| it.word() == word)
    }
}
