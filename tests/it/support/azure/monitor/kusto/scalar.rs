//! One value from one row. What is asked here was checked before.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::support::azure::monitor::kusto::syntax::{Compare, Expr, How, Text};
use crate::support::azure::monitor::kusto::text::{Reading, order};
use crate::support::azure::monitor::kusto::value::{Column, Value};

/// What a value is taken from.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    pub columns: &'a [Column],
    pub values: &'a [Value],
    pub now: Timestamp,
    pub reading: Reading,
}

impl Row<'_> {
    pub fn value(self, expr: &Expr) -> Value {
        let of = |expr: &Expr| self.value(expr);
        match expr {
            Expr::Literal(value, _) => value.clone(),
            Expr::Name(name) => {
                let at = self.columns.iter().position(|column| column.name == *name);
                at.map_or(Value::Null, |at| self.values[at].clone())
            }
            Expr::Inside(it, key) => inside(&of(it), &of(key)),
            Expr::Minus(it) => match of(it) {
                Value::Long(number) => Value::Long(-number),
                Value::Real(number) => Value::Real(-number),
                Value::TimeSpan(span) => Value::TimeSpan(-span),
                _ => Value::Null,
            },
            Expr::Both(left, right) => Value::Bool(self.is(left) && self.is(right)),
            Expr::Either(left, right) => Value::Bool(self.is(left) || self.is(right)),
            Expr::Compare(compare, left, right) => compared(*compare, &of(left), &of(right)),
            Expr::Text(text, left, right) => {
                Value::Bool(self.text(*text, &of(left).text(), &of(right).text()))
            }
            Expr::Among { it, list, folds, is_not } => {
                let (it, list) = (of(it), self.flat(list));
                let found = list.iter().any(|one| match folds {
                    true => self.reading.fold(&it.text()) == self.reading.fold(&one.text()),
                    false => order(&it, one) == Some(Ordering::Equal),
                });
                Value::Bool(found != *is_not)
            }
            Expr::HasAny { it, list } => {
                let (it, list) = (self.reading.fold(&of(it).text()), self.flat(list));
                let mut terms = list.iter().map(|one| self.reading.fold(&one.text()));
                Value::Bool(terms.any(|term| self.reading.has(&it, &term)))
            }
            Expr::Between { it, low, high, is_not } => {
                let (it, low, high) = (of(it), of(low), of(high));
                let high = match (&low, high) {
                    (Value::DateTime(from), Value::TimeSpan(span)) => {
                        from.checked_add(span).map_or(Value::Null, Value::DateTime)
                    }
                    (_, high) => high,
                };
                let is_in = order(&it, &low).is_some_and(Ordering::is_ge)
                    && order(&it, &high).is_some_and(Ordering::is_le);
                Value::Bool(is_in != *is_not)
            }
            Expr::Sum(sign, left, right) => sum(*sign, &of(left), &of(right)),
            Expr::Call(word, arguments) => self.call(word, arguments),
        }
    }

    /// Whether a value is true; null is not.
    pub fn is(self, expr: &Expr) -> bool {
        self.value(expr) == Value::Bool(true)
    }

    /// What a list holds, lists in it opened.
    fn flat(self, list: &[Expr]) -> Vec<Value> {
        let mut flat = Vec::new();
        for one in list {
            match self.value(one) {
                Value::Dynamic(Json::Array(inner)) => flat.extend(inner.iter().map(scalar)),
                Value::Dynamic(json) => flat.push(scalar(&json)),
                value => flat.push(value),
            }
        }
        flat
    }

    fn text(self, text: Text, left: &str, right: &str) -> bool {
        let (left, right) = match text.folds {
            true => (self.reading.fold(left), self.reading.fold(right)),
            false => (left.to_owned(), right.to_owned()),
        };
        let found = match text.how {
            How::Equals => left == right,
            How::Contains => left.contains(&right),
            How::Has => self.reading.has(&left, &right),
            How::Starts => left.starts_with(&right),
            How::Ends => left.ends_with(&right),
        };
        found != text.is_not
    }

    fn call(self, word: &str, arguments: &[Expr]) -> Value {
        let first = arguments.first().map_or(Value::Null, |expr| self.value(expr));
        let text = || first.text();
        match word {
            "tostring" => Value::String(text()),
            "tolower" => Value::String(text().to_lowercase()),
            "toupper" => Value::String(text().to_uppercase()),
            "hash_sha256" => Value::String(hex::encode(Sha256::digest(text()))),
            "strcat" => {
                let parts = arguments.iter().map(|expr| self.value(expr).text());
                Value::String(parts.collect())
            }
            "isempty" => Value::Bool(text().is_empty()),
            "isnotempty" => Value::Bool(!text().is_empty()),
            "isnull" => Value::Bool(is_null(&first)),
            "isnotnull" => Value::Bool(!is_null(&first)),
            "not" => match first {
                Value::Null => Value::Null,
                _ => Value::Bool(!self.is(&arguments[0])),
            },
            "strlen" => long(text().chars().count()),
            "array_length" => match first {
                Value::Dynamic(Json::Array(list)) => long(list.len()),
                _ => Value::Null,
            },
            "tolong" | "toint" => match first {
                Value::Long(_) => first,
                Value::Real(number) => Value::Long(number as i64),
                _ => text().parse().map_or(Value::Null, Value::Long),
            },
            "bag_keys" => match first {
                Value::Dynamic(Json::Object(bag)) => {
                    Value::Dynamic(bag.keys().cloned().collect::<Vec<_>>().into())
                }
                _ => Value::Null,
            },
            "todynamic" | "parse_json" => match &first {
                Value::Dynamic(_) => first,
                _ => {
                    let text = text();
                    let json = serde_json::from_str(&text).unwrap_or_else(|_| text.into());
                    Value::Dynamic(json)
                }
            },
            "substring" => self.part(&text(), &arguments[1..]),
            "now" => Value::DateTime(self.now),
            "ago" => match first {
                Value::TimeSpan(span) => {
                    self.now.checked_sub(span).map_or(Value::Null, Value::DateTime)
                }
                _ => Value::Null,
            },
            "todatetime" => Value::time(&text()),
            "iff" | "iif" => {
                let chosen = if self.is(&arguments[0]) { 1 } else { 2 };
                self.value(&arguments[chosen])
            }
            "coalesce" => {
                let mut values = arguments.iter().map(|expr| self.value(expr));
                values.find(|value| !value.text().is_empty()).unwrap_or(Value::Null)
            }
            _ => first,
        }
    }

    fn part(self, text: &str, bounds: &[Expr]) -> Value {
        let bound = |at: usize| match bounds.get(at).map(|expr| self.value(expr)) {
            Some(Value::Long(number)) => usize::try_from(number).unwrap_or(0),
            _ => usize::MAX,
        };
        Value::String(text.chars().skip(bound(0)).take(bound(1)).collect())
    }
}

fn is_null(value: &Value) -> bool {
    matches!(value, Value::Null | Value::Dynamic(Json::Null))
}

fn long(count: usize) -> Value {
    i64::try_from(count).map_or(Value::Null, Value::Long)
}

fn scalar(json: &Json) -> Value {
    match json {
        Json::String(text) => Value::String(text.clone()),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::Long(number),
            None => number.as_f64().map_or(Value::Null, Value::Real),
        },
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Null => Value::Null,
        other => Value::Dynamic(other.clone()),
    }
}

fn inside(it: &Value, key: &Value) -> Value {
    let found = match (it, key) {
        (Value::Dynamic(Json::Object(bag)), Value::String(key)) => bag.get(key),
        (Value::Dynamic(Json::Array(list)), Value::Long(at)) => {
            let length = i64::try_from(list.len()).unwrap_or(0);
            let at = if *at < 0 { length + at } else { *at };
            usize::try_from(at).ok().and_then(|at| list.get(at))
        }
        _ => None,
    };
    found.map_or(Value::Null, |json| Value::Dynamic(json.clone()))
}

fn compared(compare: Compare, left: &Value, right: &Value) -> Value {
    let Some(order) = order(left, right) else { return Value::Null };
    Value::Bool(match compare {
        Compare::Same => order.is_eq(),
        Compare::Other => order.is_ne(),
        Compare::Less => order.is_lt(),
        Compare::LessOrSame => order.is_le(),
        Compare::More => order.is_gt(),
        Compare::MoreOrSame => order.is_ge(),
    })
}

fn sum(sign: char, left: &Value, right: &Value) -> Value {
    match (left, right) {
        (Value::DateTime(left), Value::DateTime(right)) => {
            Value::TimeSpan(left.duration_since(*right))
        }
        (Value::DateTime(left), Value::TimeSpan(right)) => {
            let right = if sign == '-' { -*right } else { *right };
            left.checked_add(right).map_or(Value::Null, Value::DateTime)
        }
        (Value::TimeSpan(left), Value::TimeSpan(right)) => {
            Value::TimeSpan(if sign == '-' { *left - *right } else { *left + *right })
        }
        (Value::Long(left), Value::Long(right)) => {
            let made = match sign {
                '+' => left.checked_add(*right),
                '-' => left.checked_sub(*right),
                '*' => left.checked_mul(*right),
                '/' => left.checked_div(*right),
                _ => left.checked_rem(*right),
            };
            made.map_or(Value::Null, Value::Long)
        }
        _ => Value::Null,
    }
}
