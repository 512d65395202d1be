//! What the operator decided about erasure, per source.

use sha2::{Digest, Sha256};

use crate::domain::plan::Action;
use crate::domain::request::RequestKind;

/// The rules that a plan is made by. First match wins; without a match an erasure deletes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// In the order of the configuration.
    pub rules: Vec<Rule>,
}

/// What to do with findings of one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Name of the source.
    pub source: String,
    /// The legal reason for which erasures keep its items.
    pub keep: String,
}

impl Policy {
    /// The one action for a finding in `source`.
    pub fn action(&self, kind: RequestKind, source: &str) -> Action {
        if kind.is_export() {
            return Action::Export;
        }
        match self.rules.iter().find(|rule| rule.source == source) {
            Some(rule) => Action::Keep(rule.keep.clone()),
            None => Action::Delete,
        }
    }

    /// Hex SHA-256 over the rules: two plans with the same digest were made by the same policy.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for rule in &self.rules {
            for part in [&rule.source, &rule.keep] {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part.as_bytes());
            }
        }
        hex::encode(hash.finalize())
    }
}
