//! How texts are compared. By the documentation, operators that look over case do so for ASCII
//! alone; for the rest one has to say `tolower()`.

use std::cmp::Ordering;

use crate::support::azure::monitor::kusto::value::Value;

/// What can be read in two ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Whether case is looked over for ASCII alone, as documented.
    pub folds_ascii_only: bool,
    /// Whether a letter beyond ASCII ends a term. The documentation says "alphanumeric" today, and
    /// said "ASCII alphanumeric" before.
    pub terms_are_ascii: bool,
}

impl Default for Reading {
    fn default() -> Self {
        Self { folds_ascii_only: true, terms_are_ascii: false }
    }
}

impl Reading {
    pub fn fold(self, text: &str) -> String {
        if self.folds_ascii_only { text.to_ascii_lowercase() } else { text.to_lowercase() }
    }

    /// Whether a text has another as a whole term, or as several that stand together.
    pub fn has(self, text: &str, term: &str) -> bool {
        if term.is_empty() {
            return true;
        }
        let is_part = |sign: Option<char>| {
            sign.is_some_and(|sign| match self.terms_are_ascii {
                true => sign.is_ascii_alphanumeric(),
                false => sign.is_alphanumeric(),
            })
        };
        let begins = is_part(term.chars().next());
        let ends = is_part(term.chars().next_back());
        let mut from = 0;
        while let Some(found) = text[from..].find(term) {
            let (at, end) = (from + found, from + found + term.len());
            let before = begins && is_part(text[..at].chars().next_back());
            let after = ends && is_part(text[end..].chars().next());
            if !before && !after {
                return true;
            }
            from = at + text[at..].chars().next().map_or(1, char::len_utf8);
        }
        false
    }
}

/// How two values stand to each other; `None` where they do not, as with null.
pub fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Null, _) | (_, Value::Null) => None,
        (Value::Dynamic(json), _) if json.is_null() => None,
        (_, Value::Dynamic(json)) if json.is_null() => None,
        (Value::Long(left), Value::Long(right)) => Some(left.cmp(right)),
        (Value::DateTime(left), Value::DateTime(right)) => Some(left.cmp(right)),
        (Value::TimeSpan(left), Value::TimeSpan(right)) => Some(left.cmp(right)),
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        _ => match (number(left), number(right)) {
            (Some(left), Some(right)) => left.partial_cmp(&right),
            _ => Some(left.text().cmp(&right.text())),
        },
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        #[expect(clippy::cast_precision_loss, reason = "as Kusto does it")]
        Value::Long(number) => Some(*number as f64),
        Value::Real(number) => Some(*number),
        Value::Dynamic(json) => json.as_f64(),
        _ => None,
    }
}
