//! The rules of erasure as the operator wrote them, made into those that plans are made by; and
//! what has to wait for a person.

use jiff::civil::Date;

use crate::config::faults::Faults;
use crate::config::file;
use crate::config::reading::unknown::nearest;
use crate::domain::policy::action::Otherwise;
use crate::domain::policy::declared::{Declaration, Declared, FORMS};
use crate::domain::policy::guard::Guard;
use crate::domain::policy::pattern::Pattern;
use crate::domain::policy::rules::{Policy, Rule, Treatment, Unit};

/// Longest reason, in characters: it stands in every plan, event and certificate.
const REASON_CHARS_MAX: usize = 200;

/// The rules and declarations, in their order. Every fault is added.
pub fn policy(
    rules: &[file::Rule],
    declarations: &[file::Declaration],
    faults: &mut Faults,
) -> Policy {
    let rules = rules.iter().enumerate();
    let rules = rules.filter_map(|(index, written)| rule(index, written, faults)).collect();
    let each = declarations.iter().enumerate();
    let declarations =
        each.filter_map(|(index, written)| declaration(index, written, faults)).collect();
    Policy { rules, declarations }
}

/// Every part of a declaration is asked for: it ends requests as completed, and somebody has to
/// answer for that.
/// Builds what has to wait for a person.
pub fn guard(written: &file::Guard, faults: &mut Faults) -> Guard {
    let file::Guard { items_max, share_max, share_items_min } = *written;
    if !(0.0..=1.0).contains(&share_max) {
        faults.add("guard.share_max must be between 0 and 1".into());
    }
    Guard { items_max, share_max, share_items_min }
}

fn declaration(
    index: usize,
    written: &file::Declaration,
    faults: &mut Faults,
) -> Option<Declaration> {
    let key = |key: &str| format!("declared[{index}].{key}");
    for form in written.forms.iter().filter(|form| !FORMS.contains(&form.as_str())) {
        let near = FORMS.map(str::to_owned);
        let near = nearest(form, near.iter())
            .map_or(String::new(), |near| format!(" (did you mean {near:?}?)"));
        faults.add(format!("{} has a form that nobody knows: {form:?}{near}", key("forms")));
    }
    if written.forms.is_empty() {
        let known = FORMS.join("; ");
        faults.add(format!("{} is missing: one or more of {known}", key("forms")));
    }
    let mut text = |name: &str, value: &Option<String>, what: &str| {
        let value = value.clone().unwrap_or_default();
        let is_line = !value.contains(char::is_control);
        let is_short = value.chars().count() <= REASON_CHARS_MAX;
        if value.trim().is_empty() {
            faults.add(format!("{} is missing: {what}", key(name)));
        } else if !is_line || !is_short {
            faults.add(format!(
                "{} must be one line of at most {REASON_CHARS_MAX} characters",
                key(name)
            ));
        }
        value
    };
    let reason = text("reason", &written.reason, "say why such items hold no person");
    let by = text("by", &written.by, "say who declares it");
    let on = text("on", &written.on, "the day on which it was declared, YYYY-MM-DD");
    let day = on.parse::<Date>();
    if day.is_err() && !on.trim().is_empty() {
        faults.add(format!("{} must be a day, YYYY-MM-DD", key("on")));
    }
    let source = pattern(&key("source"), written.source.as_deref(), faults);
    let path = pattern(&key("path"), written.path.as_deref(), faults);
    let declared = Declared { by, on: day.ok()?, reason };
    Some(Declaration { source, path, forms: written.forms.clone(), declared })
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
    let units = "item, run or user_folder";
    let unit = word(&key("unit"), written.unit.as_deref(), units, faults, Unit::parse);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn sound() -> file::Declaration {
        file::Declaration {
            source: None,
            path: Some("**/*.pt".into()),
            forms: vec![FORMS[0].into()],
            reason: Some("weights of models".into()),
            by: Some("DPO".into()),
            on: Some("2026-11-01".into()),
        }
    }

    fn faults(written: file::Declaration) -> String {
        let mut faults = Faults::default();
        policy(&[], &[written], &mut faults);
        faults.0.join("\n")
    }

    #[test]
    fn a_declaration_says_what_why_who_and_when() {
        assert_eq!(faults(sound()), "");
        let table = [
            (file::Declaration { forms: Vec::new(), ..sound() }, "declared[0].forms is missing"),
            (
                file::Declaration { forms: vec!["rar: not suported".into()], ..sound() },
                "did you mean \"rar: not supported\"?",
            ),
            (
                file::Declaration { forms: vec!["gzip: broken".into()], ..sound() },
                "declared[0].forms has a form that nobody knows",
            ),
            (file::Declaration { reason: None, ..sound() }, "declared[0].reason is missing"),
            (file::Declaration { by: Some(" ".into()), ..sound() }, "declared[0].by is missing"),
            (file::Declaration { on: None, ..sound() }, "declared[0].on is missing"),
            (
                file::Declaration { on: Some("1 Nov".into()), ..sound() },
                "declared[0].on must be a day",
            ),
            (
                file::Declaration { path: Some("[".into()), ..sound() },
                "declared[0].path: a pattern",
            ),
        ];
        for (written, fault) in table {
            let told = faults(written);
            assert!(told.contains(fault), "{fault} is not in:\n{told}");
        }
    }
}
