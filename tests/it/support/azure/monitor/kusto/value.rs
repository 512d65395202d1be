//! Types and values. A string is never null; everything else may be.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    Bool,
    Int,
    Long,
    Real,
    String,
    DateTime,
    TimeSpan,
    Guid,
    Dynamic,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Long(i64),
    Real(f64),
    /// A guid, too.
    String(String),
    DateTime(Timestamp),
    TimeSpan(SignedDuration),
    Dynamic(Json),
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    pub kind: Type,
}

impl Type {
    /// By its word in answers.
    pub fn named(word: &str) -> Option<Self> {
        Some(match word.to_lowercase().as_str() {
            "bool" | "boolean" => Self::Bool,
            "int" => Self::Int,
            "long" => Self::Long,
            "real" | "double" | "decimal" => Self::Real,
            "string" => Self::String,
            "datetime" | "date" => Self::DateTime,
            "timespan" | "time" => Self::TimeSpan,
            "guid" => Self::Guid,
            "dynamic" => Self::Dynamic,
            _ => return None,
        })
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Long => "long",
            Self::Real => "real",
            Self::String => "string",
            Self::DateTime => "datetime",
            Self::TimeSpan => "timespan",
            Self::Guid => "guid",
            Self::Dynamic => "dynamic",
        }
    }

    /// What stands where nothing does.
    pub fn empty(self) -> Value {
        if self == Self::String { Value::String(String::new()) } else { Value::Null }
    }

    pub fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Long | Self::Real)
    }

    /// Whether operators on texts take it.
    pub fn is_text(self) -> bool {
        matches!(self, Self::String | Self::Dynamic)
    }

    /// What a column holds of a JSON value.
    pub fn take(self, json: &Json) -> Value {
        match (self, json) {
            (Self::String, Json::Null) => Value::String(String::new()),
            (_, Json::Null) => Value::Null,
            (Self::Dynamic, json) => Value::Dynamic(json.clone()),
            (Self::Bool, json) => json.as_bool().map_or(Value::Null, Value::Bool),
            (Self::Int | Self::Long, json) => json.as_i64().map_or(Value::Null, Value::Long),
            (Self::Real, json) => json.as_f64().map_or(Value::Null, Value::Real),
            (Self::DateTime, json) => json.as_str().map_or(Value::Null, Value::time),
            (_, Json::String(text)) => Value::String(text.clone()),
            (_, json) => Value::String(json.to_string()),
        }
    }

    /// The value of a typed literal.
    pub fn literal(self, text: &str) -> Option<Value> {
        if text == "null" {
            return Some(Value::Null);
        }
        match self {
            Self::DateTime => Some(Value::time(text)).filter(|value| *value != Value::Null),
            Self::Bool => text.parse().ok().map(Value::Bool),
            Self::Int | Self::Long => text.parse().ok().map(Value::Long),
            Self::Real => text.parse().ok().map(Value::Real),
            Self::Guid => uuid::Uuid::parse_str(text).ok().map(|id| Value::String(id.to_string())),
            Self::TimeSpan => span(text).map(Value::TimeSpan),
            Self::String | Self::Dynamic => None,
        }
    }
}

/// `1d`, or `[d.]hh:mm:ss`.
fn span(text: &str) -> Option<SignedDuration> {
    let (days, clock) = match text.split_once('.') {
        Some((days, clock)) if clock.contains(':') => (days.parse::<i64>().ok()?, clock),
        _ => (0, text),
    };
    let mut seconds = 0_i64;
    for part in clock.split(':') {
        seconds = seconds * 60 + part.parse::<i64>().ok()?;
    }
    clock.contains(':').then(|| SignedDuration::from_secs(days * 86_400 + seconds))
}

impl Value {
    /// A time by what is written of it: a date will do, and UTC is meant where nothing is said.
    pub fn time(text: &str) -> Self {
        let text = text.trim();
        let whole = match text.len() {
            10 => format!("{text}T00:00:00Z"),
            _ => text.replacen(' ', "T", 1),
        };
        let utc = format!("{whole}Z");
        let parsed = whole.parse::<Timestamp>().or_else(|_| utc.parse());
        parsed.map_or(Self::Null, Self::DateTime)
    }

    /// As `tostring()` says it.
    pub fn text(&self) -> String {
        match self {
            Self::Null | Self::Dynamic(Json::Null) => String::new(),
            Self::Bool(flag) => flag.to_string(),
            Self::Long(number) => number.to_string(),
            Self::Real(number) => number.to_string(),
            Self::String(text) | Self::Dynamic(Json::String(text)) => text.clone(),
            Self::DateTime(time) => time.strftime("%Y-%m-%dT%H:%M:%S.%7fZ").to_string(),
            Self::TimeSpan(span) => clock(*span),
            Self::Dynamic(json) => json.to_string(),
        }
    }

    /// As answers say it: bags as their text, times without what is nothing.
    pub fn answer(&self, kind: Type) -> Json {
        match (self, kind) {
            (Self::Null, Type::String) => "".into(),
            (Self::Null, _) => Json::Null,
            (Self::Bool(flag), _) => (*flag).into(),
            (Self::Long(number), _) => (*number).into(),
            (Self::Real(number), _) => (*number).into(),
            (Self::DateTime(time), _) => time.to_string().into(),
            (Self::TimeSpan(_) | Self::String(_) | Self::Dynamic(_), _) => self.text().into(),
        }
    }

    /// The same as JSON, for what is dynamic.
    pub fn json(&self) -> Json {
        match self {
            Self::Dynamic(json) => json.clone(),
            Self::String(text) => text.as_str().into(),
            other => other.answer(Type::Dynamic),
        }
    }
}

fn clock(span: SignedDuration) -> String {
    let seconds = span.as_secs();
    let days = match seconds / 86_400 {
        0 => String::new(),
        days => format!("{days}."),
    };
    format!("{days}{:02}:{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60)
}
