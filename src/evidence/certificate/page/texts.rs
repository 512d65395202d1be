//! What the page says, in each of its languages. `{…}` is filled in.

use std::collections::BTreeSet;

use crate::domain::outcome::{FIXED, IN_A_SHARE_SNAPSHOT};

/// The sentences and words of one language.
pub struct Texts {
    /// BCP 47 tag of the language.
    pub tag: &'static str,
    /// Heading of the page.
    pub title: &'static str,
    /// All was erased.
    pub all_erased: &'static str,
    /// All was erased but what is kept for a reason.
    pub all_but_kept: &'static str,
    /// Nothing was found.
    pub nothing_found: &'static str,
    /// Something is left.
    pub something_left: &'static str,
    /// The heading and the verdicts of a page about a thing.
    pub title_of_thing: &'static str,
    pub thing_gone: &'static str,
    pub thing_aside: &'static str,
    pub thing_unfound: &'static str,
    pub thing_kept: &'static str,
    /// Heading and labels of the request.
    pub request: &'static str,
    pub request_id: &'static str,
    pub thing: &'static str,
    pub regulation: &'static str,
    pub controller: &'static str,
    pub submitted: &'static str,
    pub accepted: &'static str,
    pub acted: &'static str,
    pub verified: &'static str,
    /// Heading, caption and columns of the outcome.
    pub outcome: &'static str,
    pub outcome_intro: &'static str,
    pub source: &'static str,
    pub became: &'static str,
    pub reason: &'static str,
    pub items: &'static str,
    pub total: &'static str,
    pub more_rows: &'static str,
    /// Words of outcomes, in the order of [`OUTCOMES`].
    pub outcomes: [&'static str; 11],
    /// What codes of reasons mean, in the order of [`MEANT`].
    pub meanings: [&'static str; MEANT.len()],
    /// What was declared.
    pub declared: &'static str,
    /// Heading and columns of what people decided.
    pub decisions: &'static str,
    pub who: &'static str,
    pub when: &'static str,
    pub decision: &'static str,
    /// Words of decisions, in the order of [`DECISIONS`].
    pub decided: [&'static str; 6],
    /// What was looked at.
    pub looked_at: &'static str,
    /// How much of it was known already, in the find and in the second look.
    pub known: &'static str,
    /// The proof that nothing else was touched.
    pub untouched: &'static str,
    /// Heading and sentences of the horizon.
    pub horizon: &'static str,
    pub gone_at_once: &'static str,
    pub gone_later: &'static str,
    pub gone_unknown: &'static str,
    pub gone_nothing: &'static str,
    /// Heading and sentence of what lies outside.
    pub outside: &'static str,
    pub outside_intro: &'static str,
    pub privacy_portal: &'static str,
    /// Heading and sentences on checking.
    pub checking: &'static str,
    pub checking_intro: &'static str,
    pub checking_key: &'static str,
    pub key_id: &'static str,
    pub digest: &'static str,
    pub ledger: &'static str,
    pub policy: &'static str,
    pub hashed: &'static str,
    /// Who wrote it.
    pub written_by: &'static str,
}

/// The words of outcomes that a certificate has, in the order of the tables of words.
pub const OUTCOMES: [&str; 11] = [
    "erased",
    "redacted",
    "already_absent",
    "kept",
    "blocked",
    "unreadable",
    "changed",
    "failed",
    "declared",
    "unregistered",
    "archived",
];

/// Codes in reasons that are not plain to whoever is told them, in the order of the tables of
/// meanings. What leases and holds are called tells of itself.
pub const MEANT: [&[&str]; 8] = [
    &[FIXED],
    &[IN_A_SHARE_SNAPSHOT],
    &[
        "SharingViolation",
        "FileLockConflict",
        "FileOpenBySmbClient",
        "ClientCacheFlushDelay",
        "CannotDeleteFileOrDirectory",
    ],
    &["ReadOnlyAttribute"],
    &["DeletePending"],
    &["DirectoryNotEmpty"],
    &["name"],
    &[
        "AuthorizationPermissionMismatch",
        "AuthorizationFailure",
        "InsufficientAccountPermissions",
        "forbidden",
    ],
];

/// The words of decisions, in the order of the tables of words.
pub const DECISIONS: [&str; 6] =
    ["approved", "refused", "cancelled", "stopped", "retried", "extended"];

impl Texts {
    /// The outcome in words; a word that is not ours stays as it is.
    pub fn outcome<'a>(&'a self, word: &'a str) -> &'a str {
        let known = OUTCOMES.iter().position(|outcome| *outcome == word);
        known.map_or(word, |index| self.outcomes[index])
    }

    /// What the codes in these reasons mean: those that mean the same, and their sentence.
    pub fn meant<'a>(
        &self,
        reasons: impl Iterator<Item = &'a str>,
    ) -> Vec<(BTreeSet<&'a str>, &'static str)> {
        let parts: BTreeSet<&str> = reasons.flat_map(|reason| reason.split(": ")).collect();
        let of = |codes: &&[&str]| {
            let mine = parts.iter().copied().filter(|part| codes.contains(part));
            mine.collect::<BTreeSet<&str>>()
        };
        let all = MEANT.iter().map(of).zip(self.meanings);
        all.filter(|(codes, _)| !codes.is_empty()).collect()
    }

    /// The decision in words, likewise.
    pub fn decision<'a>(&'a self, word: &'a str) -> &'a str {
        let known = DECISIONS.iter().position(|decision| *decision == word);
        known.map_or(word, |index| self.decided[index])
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::state::{Decision, Event, Extension};

    #[test]
    fn every_decision_has_words() {
        let decided = |event: fn(Decision) -> Event| {
            let decision = Decision { actor: "a".into(), reason: String::new(), signed: None };
            event(decision).word()
        };
        for word in [
            decided(Event::Approved),
            decided(Event::Refused),
            decided(Event::Cancelled),
            decided(Event::Stopped),
            decided(Event::Retried),
            decided(|decision| Event::Extended(Extension { decision, due: Timestamp::MAX })),
        ] {
            assert!(DECISIONS.contains(&word), "{word}");
        }
    }
}
