//! JSON text to a value, strictly: a key that stands twice in one object is told, and nesting has a
//! bound.
//!
//! JSON itself admits a key twice, and programs differ in which one they take (RFC 8259 section 4):
//! a ticketing system that shows the first and a daemon that obeys the last would serve two people.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::stages::message::path::{FAULTS_MAX, Step};

/// What a text holds.
#[derive(Debug)]
pub struct Document {
    /// Its value; of a key that stands twice, the first.
    pub value: Value,
    /// Paths to keys that stand twice, one more than can be told at most.
    pub twice: Vec<Vec<Step>>,
    /// The values of such keys that are not in `value`.
    pub dropped: Vec<Value>,
}

/// Why a text cannot be read at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// Objects and lists in each other, over [`DEPTH_MAX`].
    TooDeep,
    /// A number that no program could hold.
    BadNumber,
    /// No JSON, from this place on; both count from 1.
    NotJson {
        /// Line.
        line: usize,
        /// Column in bytes.
        column: usize,
    },
}

/// RFC 8259 section 8.1 lets a parser ignore it.
pub const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Most objects and lists in each other. A request has four; extensions of others may have more.
pub const DEPTH_MAX: usize = 64;

/// Reads a text.
///
/// # Errors
/// [`Defect`]: the first, since what follows one has no meaning.
pub fn parse(text: &str) -> Result<Document, Defect> {
    let mut reading = Reading::default();
    let mut json = serde_json::Deserializer::from_str(text);
    let value = Reader(&mut reading).deserialize(&mut json);
    let value = value.and_then(|value| json.end().map(|()| value));
    match value {
        Ok(value) => Ok(Document { value, twice: reading.twice, dropped: reading.dropped }),
        Err(_) if reading.is_too_deep => Err(Defect::TooDeep),
        // The parser tells its reasons apart in words only. Its words quote nothing of the text.
        Err(error) if error.to_string().starts_with("number out of range") => {
            Err(Defect::BadNumber)
        }
        Err(error) => Err(Defect::NotJson { line: error.line(), column: error.column() }),
    }
}

/// Where the reader is and what it met so far.
#[derive(Default)]
struct Reading {
    path: Vec<Step>,
    twice: Vec<Vec<Step>>,
    dropped: Vec<Value>,
    is_too_deep: bool,
}

struct Reader<'a>(&'a mut Reading);

impl Reader<'_> {
    /// Insists that one more object or list is not too many.
    fn enter<E: Error>(&mut self) -> Result<(), E> {
        self.0.is_too_deep = self.0.path.len() >= DEPTH_MAX;
        if self.0.is_too_deep { Err(E::custom("nested too deeply")) } else { Ok(()) }
    }

    /// The value one step further in.
    fn child(&mut self, step: Step) -> Reader<'_> {
        self.0.path.push(step);
        Reader(self.0)
    }

    fn leave(&mut self) {
        self.0.path.pop();
    }

    /// Notes the key at the end of the path as one that stands twice.
    fn met_again(&mut self, dropped: Value, is_first: bool) {
        self.0.dropped.push(dropped);
        // A long path for each of a hundred thousand keys would be gigabytes.
        let is_new = || !self.0.twice.contains(&self.0.path);
        if is_first && self.0.twice.len() <= FAULTS_MAX && is_new() {
            self.0.twice.push(self.0.path.clone());
        }
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<Value, A::Error> {
        self.enter()?;
        let mut values = Vec::new();
        loop {
            let value = list.next_element_seed(self.child(Step::Index(values.len())))?;
            self.leave();
            match value {
                Some(value) => values.push(value),
                None => return Ok(values.into()),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut object: A) -> Result<Value, A::Error> {
        self.enter()?;
        let mut fields = Map::new();
        // Keys that were noted: to compare whole paths for each of them would take as long as the
        // paths are.
        let mut noted = HashSet::new();
        while let Some(key) = object.next_key::<String>()? {
            let value = object.next_value_seed(self.child(Step::Field(key.clone())))?;
            if fields.contains_key(&key) {
                let is_first = noted.insert(key);
                self.met_again(value, is_first);
            } else {
                fields.insert(key, value);
            }
            self.leave();
        }
        Ok(fields.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_what_the_parser_below_reads() {
        for text in [
            "null",
            "true",
            "[]",
            "{}",
            "-7",
            "18446744073709551615",
            "-0.5e-3",
            r#""\ud83d\ude00 \u5c71 山""#,
            r#" {"b": [1, {"a": null}, "x"], "a": {"": 2}} "#,
        ] {
            let document = parse(text).unwrap();
            let expected: Value = serde_json::from_str(text).unwrap();
            assert_eq!(document.value.to_string(), expected.to_string(), "{text}");
            assert!(document.twice.is_empty());
        }
    }

    #[test]
    fn keys_that_stand_twice_are_told_with_their_path() {
        let text = r#"{"a": 1, "b": [{}, {"c": 1, "\u0063": 2, "c": 3}], "a": {"x": 1, "x": 2}}"#;
        let document = parse(text).unwrap();
        let field = |name: &str| Step::Field(name.to_owned());
        let expected = vec![
            vec![field("b"), Step::Index(1), field("c")],
            vec![field("a"), field("x")],
            vec![field("a")],
        ];
        assert_eq!(document.twice, expected);
        assert_eq!(document.value.to_string(), r#"{"a":1,"b":[{},{"c":1}]}"#);
        assert_eq!(document.dropped.len(), 4);
    }

    #[test]
    fn nesting_and_numbers_have_bounds() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(&nested(DEPTH_MAX)).is_ok());
        assert!(parse(&format!("{}{{}}", r#"{"a":"#.repeat(DEPTH_MAX))).is_err());
        for (text, expected) in [
            (nested(DEPTH_MAX + 1), Defect::TooDeep),
            ("[".repeat(100_000), Defect::TooDeep),
            (r#"{"a":"#.repeat(100_000), Defect::TooDeep),
            ("1e999".to_owned(), Defect::BadNumber),
            ("9".repeat(400), Defect::BadNumber),
            ("[".repeat(10), Defect::NotJson { line: 1, column: 10 }),
            ("{} {}".to_owned(), Defect::NotJson { line: 1, column: 4 }),
        ] {
            assert_eq!(parse(&text).unwrap_err(), expected);
        }
    }
}
