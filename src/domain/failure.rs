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
        Self { kind, doing: doing.into(), source: None }
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

    /// Whether trying again as it is makes sense.
    pub fn is_transient(&self) -> bool {
        self.kind == FailureKind::Transient
    }

    /// The whole chain in one line, outermost first, for the one place that logs it.
    pub fn chain(&self) -> String {
        chain(self)
    }
}

/// The messages of an error and of all its sources, joined by `: `.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
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
