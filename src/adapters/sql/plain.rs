//! Text of producers as any database takes it.
//!
//! What producers write beside a request may hold any character: PostgreSQL has no NUL in a text,
//! and a database in an older encoding has few letters. So whatever is not printable ASCII is
//! escaped as JSON does it, and comes back as it was.

use std::fmt::Write;

/// JSON text with the same meaning.
pub fn json(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() { plain.push(c) } else { escape(&mut plain, c) }
    }
    plain
}

/// A text, escaped.
pub fn encoded(text: Option<&String>) -> Option<String> {
    let mut plain = String::new();
    for c in text?.chars() {
        if matches!(c, ' '..='~') && c != '\\' { plain.push(c) } else { escape(&mut plain, c) }
    }
    Some(plain)
}

/// The text that was escaped. One that an earlier version kept as it came has no escapes.
pub fn decoded(text: &str) -> String {
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let digits = rest.strip_prefix("\\u").and_then(|rest| rest.get(..4));
        match digits.and_then(|digits| u16::from_str_radix(digits, 16).ok()) {
            Some(unit) => {
                units.push(unit);
                rest = &rest[6..];
            }
            None => {
                units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    String::from_utf16_lossy(&units)
}

fn escape(plain: &mut String, c: char) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        write!(plain, "\\u{unit:04x}").expect("a string takes all that is written to it");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_escaped_is_ascii_and_comes_back() {
        for text in [
            "",
            "ticket-7",
            "a\0b",
            "Ω",
            "日本",
            "😀",
            "\u{7f}\u{80}\u{ffff}\n\t\"'",
            "a\\b",
            "\\u0041",
            "\\",
            "\\u",
            "\\u00",
            "\\\\u0041",
            "é\\u00e9",
        ] {
            let plain = encoded(Some(&text.to_owned())).unwrap();
            assert!(plain.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{plain}");
            assert_eq!(decoded(&plain), text);
        }
        assert_eq!(encoded(None), None);
        for kept_before in ["ticket-7", "a\\b", "Ω", "\\", "\\u12", "\\uzzzz"] {
            assert_eq!(decoded(kept_before), kept_before);
        }
    }

    #[test]
    fn json_keeps_its_meaning() {
        let value = serde_json::json!({ "ключ\0": "税法 😀 \\ \" \n \u{7f}", "n": [1, null] });
        let plain = json(&value.to_string());
        assert!(plain.is_ascii());
        assert_eq!(serde_json::from_str::<serde_json::Value>(&plain).unwrap(), value);
    }
}
