//! Fields of one form each: texts and times.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::stages::message::fault::Faults;

/// An object of the message, and where it stands.
#[derive(Clone, Copy)]
pub struct ObjectAt<'a> {
    /// Its fields.
    pub object: &'a Map<String, Value>,
    /// JSON Pointer to it.
    pub at: &'a str,
}

impl<'a> ObjectAt<'a> {
    /// What stands in an optional field. Serialisers of many languages write null or an empty text
    /// for what is not there.
    pub fn given(self, field: &str) -> Option<&'a Value> {
        self.object.get(field).filter(|value| !is_blank(value))
    }

    /// The text in `field`, as it was written; blank is a fault.
    pub fn text(self, field: &str, faults: &mut Faults) -> Option<&'a str> {
        let pointer = self.pointer(field);
        match self.object.get(field) {
            Some(Value::String(text)) if !text.trim().is_empty() => Some(text),
            Some(Value::String(_)) => {
                faults.add(&pointer, "empty", format!("{field} is empty"));
                None
            }
            Some(_) => {
                faults.wrong_type(&pointer, "a string");
                None
            }
            None => {
                faults.add(&pointer, "missing", format!("{field} is missing"));
                None
            }
        }
    }

    /// The RFC 3339 time in `field`.
    pub fn time(self, field: &str, faults: &mut Faults) -> Option<Timestamp> {
        let time = rfc3339(self.text(field, faults)?);
        if time.is_none() {
            let text = format!("{field} is no RFC 3339 time such as 2026-11-23T09:00:00Z");
            faults.add(&self.pointer(field), "bad_time", text);
        }
        time
    }

    /// The pointer to `field`, which must be a name of ours.
    pub fn pointer(self, field: &str) -> String {
        format!("{}/{field}", self.at)
    }
}

/// Whether a value says no more than that there is none.
pub fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// The time that a text of RFC 3339 says. Our time library reads many more forms, which other
/// programs would read in another way or not at all.
fn rfc3339(text: &str) -> Option<Timestamp> {
    let time: Timestamp = text.parse().ok().filter(|_| is_rfc3339(text))?;
    // A leap second is the last of a day in UTC, and counts as the one before it.
    let is_leap = text.get(17..19) == Some("60");
    (!is_leap || time.as_second().rem_euclid(86_400) == 86_399).then_some(time)
}

/// Whether the text has the shape: `2026-11-23T09:00:00`, perhaps a fraction, `Z` or an offset.
fn is_rfc3339(text: &str) -> bool {
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '9' } else { c.to_ascii_uppercase() })
        .collect();
    let Some(rest) = shape.strip_prefix("9999-99-99T99:99:99") else { return false };
    let zone = match rest.strip_prefix(".9") {
        Some(fraction) => fraction.trim_start_matches('9'),
        None => rest,
    };
    let hours = text.get(text.len() - zone.len() + 1..).and_then(|offset| offset.get(..2));
    zone == "Z" || matches!(zone, "+99:99" | "-99:99") && hours <= Some("23")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_one_form() {
        for (text, is_good) in [
            ("2026-11-23T09:00:00Z", true),
            ("2026-11-23t09:00:00z", true),
            ("2026-11-23T09:00:00.1234567+09:00", true),
            ("2016-12-31T23:59:60Z", true),
            ("2017-01-01T08:59:60+09:00", true),
            ("2016-12-31T22:59:60Z", false),
            ("2016-12-31T23:59:61Z", false),
            ("2026-11-23T09:00:00", false),
            ("2026-11-23T09:00Z", false),
            ("2026-11-23 09:00:00Z", false),
            ("20261123T090000Z", false),
            ("2026-11-23T09:00:00.Z", false),
            ("2026-11-23T09:00:00+01", false),
            ("2026-11-23T09:00:00+24:00", false),
            ("2026-11-23T09:00:00+01:00[Europe/Berlin]", false),
            ("2026-11-23T24:00:00Z", false),
            ("2026-02-30T09:00:00Z", false),
            ("2026-W47-1T09:00:00Z", false),
            ("1795424400", false),
            ("２026-11-23T09:00:00Z", false),
            ("", false),
        ] {
            assert_eq!(rfc3339(text).is_some(), is_good, "{text}");
        }
    }
}
