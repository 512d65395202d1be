//! What a caller branches on when something did not work: exactly as many kinds as there are
//! branches. What people read is the chain of sources beneath it.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};

use jiff::Timestamp;

/// Why an effect could not be had, and what may be done about it.
#[derive(Debug)]
pub struct Failure {
    /// Which branch the caller takes.
    pub kind: FailureKind,
    doing: String,
    source: Option<Box<dyn Error + Send + Sync>>,
    of_the_ledger: bool,
    blame: Option<Blame>,
}

/// What is at fault where it is not the one thing at hand: whatever is done there next fails too,
/// so that nothing is said of an item by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blame {
    /// A whole source, by its name: it cannot be reached, or does not let us in.
    Source(String),
    /// The disk on which we put bytes aside.
    OwnDisk,
}

/// The three branches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// May work when tried again as it is.
    Transient,
    /// Will not work however often it is tried.
    Permanent,
    /// Will work once a person changed something: a permission, a setting, a hold.
    NeedsPerson,
}

impl Failure {
    /// A failure of `kind` while `doing` something: lower case, what to what, no personal data.
    pub fn new(kind: FailureKind, doing: impl Into<String>) -> Self {
        Self { kind, doing: doing.into(), source: None, blame: None, of_the_ledger: false }
    }

    /// A failure that may pass.
    pub fn transient(doing: impl Into<String>) -> Self {
        Self::new(FailureKind::Transient, doing)
    }

    /// A failure that will stay.
    pub fn permanent(doing: impl Into<String>) -> Self {
        Self::new(FailureKind::Permanent, doing)
    }

    /// A failure that a person can mend.
    pub fn needs_person(doing: impl Into<String>) -> Self {
        Self::new(FailureKind::NeedsPerson, doing)
    }

    /// Adds the cause, which must itself be free of personal data and secrets.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What the operating system, or a decoder, answered. What our own disk cannot do now it may do
    /// later; bytes that a decoder does not take stay as they are. Of the error its kind alone is
    /// told: its text may hold a path.
    pub fn of_io(doing: impl Into<String>, error: &io::Error) -> Self {
        let stays = matches!(
            error.kind(),
            ErrorKind::InvalidData
                | ErrorKind::InvalidInput
                | ErrorKind::InvalidFilename
                | ErrorKind::Other
                | ErrorKind::UnexpectedEof
                | ErrorKind::Unsupported
                | ErrorKind::WriteZero
        );
        let failure = match stays {
            true => Self::permanent(doing),
            false => Self { blame: Some(Blame::OwnDisk), ..Self::transient(doing) },
        };
        failure.because(error.kind().to_string())
    }

    /// Blames the whole source of that name.
    #[must_use]
    pub fn of_source(self, name: &str) -> Self {
        Self { blame: Some(Blame::Source(name.to_owned())), ..self }
    }

    /// What is to blame, where it is more than the one thing at hand.
    pub fn blame(&self) -> Option<&Blame> {
        self.blame.as_ref()
    }

    /// The source that is to blame as a whole.
    pub fn blamed_source(&self) -> Option<&str> {
        match &self.blame {
            Some(Blame::Source(name)) => Some(name),
            Some(Blame::OwnDisk) | None => None,
        }
    }

    /// The same once more, for somebody who cannot have the original.
    #[must_use]
    pub fn retold(&self, doing: impl Into<String>) -> Self {
        Self { blame: self.blame.clone(), ..Self::new(self.kind, doing).because(self.chain()) }
    }

    /// Says that the ledger itself failed, whatever it was asked: a disk is full, a server is away,
    /// a login is refused.
    #[must_use]
    pub fn of_the_ledger(mut self) -> Self {
        self.of_the_ledger = true;
        self
    }

    /// Whether the ledger itself failed. That tells nothing of a request: none is ended by it, and
    /// none of its tries is spent.
    pub fn is_of_the_ledger(&self) -> bool {
        self.of_the_ledger
    }

    /// Whether nobody needs to do anything about it, but wait.
    pub fn passes_by_itself(&self) -> bool {
        self.kind == FailureKind::Transient
    }

    /// Whether trying again as it is makes sense. It does where the ledger failed, also where a
    /// person must mend that first: without a ledger nothing else can be done, and an end could not
    /// even be written down.
    pub fn is_transient(&self) -> bool {
        self.kind == FailureKind::Transient || self.of_the_ledger
    }

    /// The whole chain in one line, outermost first, for the one place that logs it.
    pub fn chain(&self) -> String {
        chain(self)
    }
}

impl FailureKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Transient, Self::Permanent, Self::NeedsPerson];

    /// The stable word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Permanent => "permanent",
            Self::NeedsPerson => "needs_person",
        }
    }

    /// The kind of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// The last failure of a request that is tried again: told to people while it lasts, and no part of
/// the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// The source that is to blame as a whole, if one is.
    pub source: Option<String>,
    /// Whether it may pass by itself.
    pub kind: FailureKind,
    /// What did not work, and why; free of personal data, as all failures are.
    pub reason: String,
    /// Since when the request has not gone on.
    pub since: Timestamp,
}

impl Obstacle {
    /// What a failure is to a request that has not gone on since then.
    pub fn new(failure: &Failure, since: Timestamp) -> Self {
        let source = failure.blamed_source().map(str::to_owned);
        Self { source, kind: failure.kind, reason: failure.chain(), since }
    }

    /// What is waited for, in a few words.
    pub fn what(&self) -> String {
        match (&self.source, self.kind) {
            (Some(source), FailureKind::NeedsPerson) => {
                format!("the source {source} does not let us in: somebody must mend that")
            }
            (Some(source), FailureKind::Transient | FailureKind::Permanent) => {
                format!("the source {source} cannot be entered")
            }
            (None, FailureKind::NeedsPerson) => "somebody must mend the cause".to_owned(),
            (None, FailureKind::Transient | FailureKind::Permanent) => {
                "did not work and is tried again".to_owned()
            }
        }
    }
}

/// The messages of an error and of all its sources, joined by `: `. Many libraries repeat the
/// source in the message; that is said once.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        source = error.source();
    }
    text
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.doing)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_disk_cannot_do_now_it_may_do_later() {
        use ErrorKind::{
            Interrupted, InvalidData, NotFound, OutOfMemory, PermissionDenied, QuotaExceeded,
            ReadOnlyFilesystem, StorageFull, TimedOut, UnexpectedEof, Unsupported,
        };
        let disk = [
            StorageFull,
            QuotaExceeded,
            Interrupted,
            TimedOut,
            OutOfMemory,
            NotFound,
            PermissionDenied,
            ReadOnlyFilesystem,
        ];
        let passing = disk.map(io::Error::from);
        // Too many open files, here and in the system; an error of the device.
        let uncategorised = [24, 23, 5].map(io::Error::from_raw_os_error);
        for error in passing.into_iter().chain(uncategorised) {
            let failure = Failure::of_io("reading", &error);
            let told = (failure.kind, failure.blame());
            assert_eq!(told, (FailureKind::Transient, Some(&Blame::OwnDisk)), "{error}");
        }
        let broken = [InvalidData, UnexpectedEof, Unsupported].map(io::Error::from);
        for error in broken.into_iter().chain([io::Error::other("bad block")]) {
            let failure = Failure::of_io("reading", &error);
            assert_eq!((failure.kind, failure.blame()), (FailureKind::Permanent, None), "{error}");
        }
    }

    #[test]
    fn nothing_is_said_twice() {
        #[derive(Debug, thiserror::Error)]
        #[error("reaching the server: {0}")]
        struct Repeating(#[source] io::Error);
        let failure =
            Failure::transient("asking").because(Repeating(io::Error::other("connection refused")));
        assert_eq!(failure.chain(), "asking: reaching the server: connection refused");
        let failure = Failure::transient("asking").because(io::Error::other("refused"));
        assert_eq!(failure.chain(), "asking: refused");
    }

    #[test]
    fn a_failure_of_the_ledger_is_never_the_last_word() {
        for kind in [FailureKind::Transient, FailureKind::Permanent, FailureKind::NeedsPerson] {
            let failure = Failure::new(kind, "writing");
            assert_eq!(failure.is_transient(), kind == FailureKind::Transient);
            assert!(failure.of_the_ledger().is_transient());
        }
    }
}
