//! The answers of everything outside, as they are shown.

use serde_json::{Value, json};

use crate::domain::failure::FailureKind;

/// The answers of everything outside.
pub struct Readiness {
    /// Whether all of them were good.
    pub ready: bool,
    /// Each of them.
    pub checks: Vec<Check>,
}

/// The answer of one part.
pub struct Check {
    /// Which.
    pub name: String,
    /// Which kind of failure. No more of it: nobody is asked here who he is, and what the outside
    /// told us stands in the log.
    pub error: Option<&'static str>,
    /// What is logged of it.
    pub reason: String,
}

/// What is shown of a failure.
pub fn word(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Transient => "it does not work now and may later",
        FailureKind::NeedsPerson => "it needs a person; see the log",
        FailureKind::Permanent => "it does not work; see the log",
    }
}

impl Readiness {
    /// These answers.
    pub fn new(checks: Vec<Check>) -> Self {
        Self { ready: checks.iter().all(|check| check.error.is_none()), checks }
    }

    /// Before there is anything to be asked: the ledger is waited for.
    pub fn at_the_start() -> Self {
        let (name, reason) = ("ledger".to_owned(), String::new());
        Self::new(vec![Check { name, error: Some(word(FailureKind::Transient)), reason }])
    }

    /// `{"ready":…,"checks":[{"name":…,"ok":…,"error":…}]}`
    pub fn to_json(&self) -> String {
        let checks: Vec<_> = self.checks.iter().map(Check::to_json).collect();
        format!("{}\n", json!({ "ready": self.ready, "checks": checks }))
    }
}

impl Check {
    fn to_json(&self) -> Value {
        match &self.error {
            None => json!({ "name": self.name, "ok": true }),
            Some(error) => json!({ "name": self.name, "ok": false, "error": error }),
        }
    }
}
