//! JSON in the one spelling that is signed: RFC 8785 (JCS).
//!
//! Of JSON the part that certificates are made of is taken: objects whose members have different
//! names, arrays, strings, `true`, `false`, `null`, and whole numbers that a double holds exactly.
//! Of other numbers the RFC asks for ECMAScript's spelling, which nobody needs here.

use std::fmt;
use std::ops::Range;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Largest whole number whose neighbours a double tells apart from it.
pub const INTEGER_MAX: u64 = (1 << 53) - 1;

/// The text is not JSON, or not of the kind that certificates are made of. Nothing is quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "line {line} column {column} is no JSON, has a member twice, or a number that is not whole or \
     too large"
)]
pub struct NotCanonical {
    line: usize,
    column: usize,
}

/// The text in canonical form, without the member `left_out` of its outermost object.
///
/// # Errors
/// [`NotCanonical`] with the first place that is not as it should be.
pub fn canonical(json: &[u8], left_out: Option<&str>) -> Result<Vec<u8>, NotCanonical> {
    let at = |error: serde_json::Error| NotCanonical { line: error.line(), column: error.column() };
    let mut reader = serde_json::Deserializer::from_slice(json);
    let mut out = Vec::with_capacity(json.len());
    Into { out: &mut out, left_out }.deserialize(&mut reader).map_err(at)?;
    reader.end().map_err(at)?;
    Ok(out)
}

/// Reads one value and appends its canonical form.
struct Into<'a> {
    out: &'a mut Vec<u8>,
    left_out: Option<&'a str>,
}

impl<'de> DeserializeSeed<'de> for Into<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Into<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without fractions")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.out.extend_from_slice(b"null");
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
        Ok(())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        number(self.out, value, "")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        number(self.out, value.unsigned_abs(), if value < 0 { "-" } else { "" })
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        string(self.out, value);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        self.out.push(b'[');
        let start = self.out.len();
        loop {
            let end = self.out.len();
            if end > start {
                self.out.push(b',');
            }
            if elements.next_element_seed(Into { out: self.out, left_out: None })?.is_none() {
                self.out.truncate(end);
                break;
            }
        }
        self.out.push(b']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        self.out.push(b'{');
        let start = self.out.len();
        let mut places: Vec<(String, Range<usize>)> = Vec::new();
        while let Some(name) = members.next_key::<String>()? {
            let before = self.out.len();
            if before > start {
                self.out.push(b',');
            }
            let from = self.out.len();
            string(self.out, &name);
            self.out.push(b':');
            members.next_value_seed(Into { out: self.out, left_out: None })?;
            if self.left_out == Some(name.as_str()) {
                self.out.truncate(before);
            } else {
                places.push((name, from..self.out.len()));
            }
        }
        // Section 3.2.3: by UTF-16 code units.
        let order = |(name, _): &(String, Range<usize>)| name.encode_utf16().collect::<Vec<u16>>();
        if !places.is_sorted_by_key(order) {
            places.sort_by_cached_key(order);
            let sorted: Vec<&[u8]> =
                places.iter().map(|(_, place)| &self.out[place.clone()]).collect();
            let sorted = sorted.join(&b',');
            self.out.truncate(start);
            self.out.extend_from_slice(&sorted);
        }
        if places.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(A::Error::custom("a member twice"));
        }
        self.out.push(b'}');
        Ok(())
    }
}

fn number<E: Error>(out: &mut Vec<u8>, magnitude: u64, sign: &str) -> Result<(), E> {
    if magnitude > INTEGER_MAX {
        return Err(E::custom("a number too large"));
    }
    out.extend_from_slice(format!("{sign}{magnitude}").as_bytes());
    Ok(())
}

/// Section 3.2.2.2. Written by `serde_json`, which escapes the same characters in the same way.
fn string(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("a Vec takes any bytes, and text is always JSON");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Option<String> {
        let bytes = canonical(json.as_bytes(), None).ok()?;
        Some(String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn one_value_has_one_spelling() {
        let table = [
            ("[ ]", "[]"),
            ("{ }", "{}"),
            ("\t[1 ,-2, 0,\n9007199254740991]", "[1,-2,0,9007199254740991]"),
            ("[null,true , false]", "[null,true,false]"),
            (r#"{"b":[{"d":1,"c":2},[]],"a":""}"#, r#"{"a":"","b":[{"c":2,"d":1},[]]}"#),
            (r#"{"":1,"a":{},"A":0}"#, r#"{"":1,"A":0,"a":{}}"#),
            // The RFC's own strings: sections 3.2.2 and 3.2.3.
            (r#""\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/""#, r#""€$\u000f\nA'B\"\\\\\"/""#),
            (
                "{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\",\"\\ufb33\":\"Hebrew \
                 Letter Dalet With Dagesh\",\"1\":\"One\",\"\\ud83d\\ude00\":\"Emoji: Grinning \
                 Face\",\"\\u0080\":\"Control\",\"\\u00f6\":\"Latin Small Letter O \
                 With Diaeresis\"}",
                "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\"ö\":\"Latin \
                 Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning \
                 Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}",
            ),
        ];
        for (json, expected) in table {
            assert_eq!(of(json).as_deref(), Some(expected), "{json}");
            assert_eq!(of(expected).as_deref(), Some(expected), "the form of the form");
        }
    }

    #[test]
    fn what_has_no_one_meaning_is_refused() {
        for json in [
            "",
            "[1,]",
            "[] []",
            "[1.5]",
            "[1.0]",
            "[1e3]",
            "[-0]",
            "[9007199254740992]",
            "[-9007199254740992]",
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"b":2,"\u0061":3}"#,
            r#"[{"z":{"b":1,"a":1,"b":1}}]"#,
            "\"\u{1}\"",
            r#""\ud800""#,
        ] {
            assert_eq!(of(json), None, "{json}");
        }
        assert_eq!(canonical(b"\"\xff\"", None).ok(), None);
    }

    #[test]
    fn a_member_of_the_outermost_object_is_left_out_and_no_other() {
        let table = [
            (r#"{"s":1}"#, "{}"),
            (r#"{"s":1,"a":{"s":2}}"#, r#"{"a":{"s":2}}"#),
            (r#"{"z":[{"s":3}],"s":{"x":1},"b":0}"#, r#"{"b":0,"z":[{"s":3}]}"#),
        ];
        for (json, expected) in table {
            let bytes = canonical(json.as_bytes(), Some("s")).unwrap();
            assert_eq!(String::from_utf8(bytes).unwrap(), expected);
        }
    }
}
