//! What a caller branches on when something did not work: exactly as many kinds as there are
//! branches. What people read is the chain of sources beneath it.

use std::error::Error;
use std::fmt;

/// Why an effect could not be had, and what may be done about it.
#[derive(Debug)]
pub struct Failure {
    /// Which branch the caller takes.
    pub kind: FailureKind,
    doing: String,
    source: Option<Box<dyn Error + Send + Sync>>,
    of_the_ledger: bool,
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
        Self { kind, doing: doing.into(), source: None, of_the_ledger: false }
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
    fn nothing_is_said_twice() {
        #[derive(Debug, thiserror::Error)]
        #[error("reaching the server: {0}")]
        struct Repeating(#[source] std::io::Error);
        let failure = Failure::transient("asking")
            .because(Repeating(std::io::Error::other("connection refused")));
        assert_eq!(failure.chain(), "asking: reaching the server: connection refused");
        let failure = Failure::transient("asking").because(std::io::Error::other("refused"));
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
