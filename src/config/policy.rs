//! The rules of erasure as the operator wrote them, made into those that plans are made by.

use crate::config::faults::Faults;
use crate::config::file;
use crate::domain::policy::pattern::Pattern;
use crate::domain::policy::rules::{Otherwise, Policy, Rule, Treatment, Unit};

/// Longest reason, in characters: it stands in every plan, event and certificate.
const REASON_CHARS_MAX: usize = 200;

/// The rules, in their order. Every fault is added.
pub fn policy(written: &[file::Rule], faults: &mut Faults) -> Policy {
    let rules = written.iter().enumerate();
    Policy { rules: rules.filter_map(|(index, written)| rule(index, written, faults)).collect() }
}

fn rule(index: usize, written: &file::Rule, faults: &mut Faults) -> Option<Rule> {
    let key = |key: &str| format!("policy[{index}].{key}");
    let treatments = "one of delete, redact, keep";
    let action = word(&key("action"), written.action.as_deref(), treatments, faults, |word| {
        Treatment::parse(word)
    });
    let shared = word(&key("shared"), written.shared.as_deref(), treatments, faults, |word| {
        Treatment::parse(word)
    });
    let otherwise = written.otherwise.as_deref();
    let otherwise = word(&key("otherwise"), otherwise, "delete or leave", faults, Otherwise::parse);
    let unit = word(&key("unit"), written.unit.as_deref(), "item or run", faults, Unit::parse);
    let reason = written.reason.clone().unwrap_or_default();
    if reason.chars().count() > REASON_CHARS_MAX || reason.contains(char::is_control) {
        faults.add(format!(
            "{} must be one line of at most {REASON_CHARS_MAX} characters",
            key("reason")
        ));
    }
    let source = pattern(&key("source"), written.source.as_deref(), faults);
    let path = pattern(&key("path"), written.path.as_deref(), faults);
    let Some(action) = action else {
        if written.action.is_none() {
            faults.add(format!("{} is missing: {treatments}", key("action")));
        }
        return None;
    };
    let keeps = action == Treatment::Keep || shared == Some(Treatment::Keep);
    if keeps && reason.trim().is_empty() {
        faults.add(format!("{} is missing: say by which law the data is kept", key("reason")));
    }
    Some(Rule {
        source,
        path,
        action,
        shared,
        otherwise: otherwise.unwrap_or(Otherwise::Leave),
        unit: unit.unwrap_or(Unit::Item),
        reason,
    })
}

fn word<T>(
    key: &str,
    written: Option<&str>,
    known: &str,
    faults: &mut Faults,
    parse: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    let parsed = parse(written?);
    if parsed.is_none() {
        faults.add(format!("{key} must be {known}"));
    }
    parsed
}

fn pattern(key: &str, written: Option<&str>, faults: &mut Faults) -> Option<Pattern> {
    match Pattern::new(written?) {
        Ok(pattern) => Some(pattern),
        Err(illegal) => {
            faults.add(format!("{key}: {illegal}"));
            None
        }
    }
}
