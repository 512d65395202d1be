//! Texts that are no JSON, or JSON that no two programs read alike.

use serde_json::{Value, json};

use crate::support::bad_input::row::{Row, good, put, text};

/// Why a schema cannot see it.
const ONE_VALUE: &str = "a schema sees one value, in which every key stands once";

pub fn not_json() -> Vec<Row> {
    let good = good().to_string();
    let with = |from: &str, to: &str| good.replacen(from, to, 1);
    let date = "\"2026-11-23T09:00:00Z\"";
    let list = |name, body: String| text(name, body, "not_json");
    let mut rows = vec![
        text("nothing", "", "empty"),
        text("white space", " \r\n\t ", "empty"),
        text("a byte order mark alone", "\u{feff}", "empty"),
        list("a sentence", "erase CANARY please".into()),
        list("a message cut short", good[..good.len() - 20].to_owned()),
        list("a comma too many", with("\"extensions\"", ",\"extensions\"")),
        list("a comma before the end", with("{}}}", "{}},}")),
        list("single quotes", good.replace('"', "'")),
        list("keys without quotes", good.replace("\"regulation\"", "regulation")),
        list("a comment to the end of the line", format!("// CANARY\n{good}")),
        list("a comment within", with("{", "{ /* CANARY */ ")),
        list("not a number", with(date, "NaN")),
        list("infinity", with(date, "Infinity")),
        list("minus infinity", with(date, "-Infinity")),
        list("a plus sign", with(date, "+1")),
        list("a leading zero", with(date, "0123")),
        list("a hexadecimal number", with(date, "0x1F")),
        list("a number without its fraction", with(date, "1.")),
        list("a word of Python", with(date, "None")),
        list("garbage after the end", format!("{good} CANARY")),
        list("two documents", format!("{good}{good}")),
        list("two documents on two lines", format!("{good}\n{good}\n")),
        list("a bracket too many", format!("{good}}}")),
        list("a raw line break in a text", with("CANARY@", "CANARY\n@")),
        list("a raw NUL in a text", with("CANARY@", "CANARY\0@")),
        list("half a surrogate pair", with("CANARY@", "CANARY\\ud83d@")),
        list("the other half", with("CANARY@", "CANARY\\ude00@")),
        list("a pair the wrong way round", with("CANARY@", "CANARY\\ude00\\ud83d@")),
        list("an escape of C", with("CANARY@", "\\x41CANARY@")),
        list("an escape cut short", with("CANARY@", "\\u12CANARY@")),
        list("two byte order marks", format!("\u{feff}\u{feff}{good}")),
        list("XML", "<?xml version=\"1.0\"?><request who=\"CANARY\"/>".into()),
        list("YAML", "regulation: gdpr\nsubject: CANARY\n".into()),
        list("a form", "regulation=gdpr&subject=CANARY".into()),
    ];
    for (name, value) in [
        ("a number alone", json!(7)),
        ("a text alone", json!("CANARY")),
        ("null alone", Value::Null),
        ("true alone", json!(true)),
        ("a list of requests", json!([super::row::good()])),
    ] {
        rows.push(text(name, value.to_string(), "not_an_object"));
    }
    rows
}

pub fn encodings() -> Vec<Row> {
    let written = |name, encode| text(name, good().to_string(), "not_utf8").encoded(encode);
    vec![
        written("UTF-16, little end first, marked", |t| {
            utf16(&format!("\u{feff}{t}"), u16::to_le_bytes)
        }),
        written("UTF-16, big end first, marked", |t| {
            utf16(&format!("\u{feff}{t}"), u16::to_be_bytes)
        }),
        written("UTF-16, little end first", |t| utf16(t, u16::to_le_bytes)),
        written("UTF-16, big end first", |t| utf16(t, u16::to_be_bytes)),
        written("UTF-32", |t| t.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect()),
        written("Latin-1", |t| amid(t, b"\xe9")),
        written("an overlong slash", |t| amid(t, b"\xc0\xaf")),
        written("an overlong NUL", |t| amid(t, b"\xc0\x80")),
        written("a surrogate in UTF-8", |t| amid(t, b"\xed\xa0\x80")),
        written("a character beyond Unicode", |t| amid(t, b"\xf4\x90\x80\x80")),
        written("a character cut short", |t| amid(t, b"\xe5\xb1")),
        written("bytes of no text", |_| vec![0xff; 64]),
        written("gzip", |t| [b"\x1f\x8b\x08\0".as_slice(), t.as_bytes()].concat()),
        written("a NUL before it", |t| format!("\0{t}").into_bytes()),
    ]
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

/// The text with bytes inside of its address.
fn amid(text: &str, bytes: &[u8]) -> Vec<u8> {
    let (before, after) = text.split_once('@').unwrap();
    [before.as_bytes(), bytes, b"@", after.as_bytes()].concat()
}

pub fn too_much() -> Vec<Row> {
    let date = "\"2026-11-23T09:00:00Z\"";
    let number = |number: &str| good().to_string().replacen(date, number, 1);
    let deep = |depth: usize| (0..depth).fold(json!("CANARY"), |inner, _| json!([inner]));
    let mut extension = good();
    put(&mut extension, "/extensions/other", deep(80));
    let padded = |bytes: usize| format!("{}{}", good(), " ".repeat(bytes));
    vec![
        text("ten thousand lists", "[".repeat(10_000), "too_deep"),
        text("ten thousand objects", "{\"a\":".repeat(10_000), "too_deep"),
        text("lists and objects in turn", "[{\"a\":".repeat(10_000), "too_deep"),
        text("a well-formed depth", deep(100).to_string(), "too_deep"),
        text("an extension of others, too deep", extension.to_string(), "too_deep")
            .beyond_schema("a schema has no bound for depth"),
        text("a number out of range", number("1e999"), "bad_number"),
        text("a number out of range below", number("-1e999"), "bad_number"),
        text("a number of 400 digits", number(&"9".repeat(400)), "bad_number"),
        text("a good request in a mebibyte of blanks", padded(1 << 20), "too_large")
            .beyond_schema("a schema sees no bytes"),
        text("a mebibyte and more of nothing", "x".repeat((1 << 20) + 1), "too_large"),
    ]
}

/// The good request with the first `from` written as `to`, which has the key at `at` twice.
fn twice(name: &str, from: &str, to: &str, at: &str) -> Row {
    let good = good().to_string();
    assert!(good.contains(from), "{from}");
    text(name, good.replacen(from, to, 1), "duplicate_key")
        .at(&[(at, "duplicate_key")])
        .beyond_schema(ONE_VALUE)
}

pub fn duplicates() -> Vec<Row> {
    let first = |name, fields: &str, at| twice(name, "{", &format!("{{{fields},"), at);
    let value = r#""identity_value":"CANARY@leaky.example""#;
    let again = format!(r#"{value},"identity_value":"x.CANARY@leaky.example""#);
    let decision = r#""control":"approve","subject_request_id":"ROW","actor":"op""#;
    let decisions = format!(r#"{{"control":"cancel",{decision}}}"#);
    let mut person = first("the person as a key, twice", r#""CANARY":1,"CANARY":2"#, "")
        .at(&[("", "duplicate_key"), ("", "unknown_field")]);
    // The stray key is enough for the schema.
    person.beyond_schema = None;
    vec![
        first("a field twice", r#""regulation":"gdpr""#, "/regulation"),
        first("a field three times", r#""api_version":"2","api_version":"3""#, "/api_version"),
        first("a field twice, once in escapes", r#""\u0072egulation":"gdpr""#, "/regulation"),
        first("the id twice", r#""subject_request_id":"row-x""#, "/subject_request_id"),
        twice("a value twice", value, &again, "/subject_identities/0/identity_value"),
        twice("a decision twice", &good().to_string(), &decisions, "/control"),
        person,
    ]
}

pub fn duplicate_people() -> Vec<Row> {
    let list = good()["subject_identities"].to_string();
    let entry = r#""email":{"value":"CANARY@leaky.example"}"#;
    let values = r#"{"email":{"value":"CANARY@leaky.example","value":"b@leaky.example"}}"#;
    let people = format!(r#"{{"subject_identities":{list},"#);
    let types = format!("{{{entry},{entry}}}");
    vec![
        twice("two people", "{", &people, "/subject_identities"),
        twice("a type twice", &list, &types, "/subject_identities/email"),
        twice("two values of a type", &list, values, "/subject_identities/email/value"),
    ]
}

pub fn duplicate_options() -> Vec<Row> {
    let ours = |name, options: &str, at| twice(name, r#""dsrd":{}"#, options, at);
    let many: String = (0..100).map(|n| format!(r#""k{n}":1,"k{n}":2,"#)).collect();
    let mut crowd = ours("a hundred keys", &format!(r#""other":{{{many}"z":0}}"#), "");
    crowd.faults = (0..64).map(|n| (format!("/extensions/other/k{n}"), "duplicate_key")).collect();
    crowd.faults.push((String::new(), "more_faults"));
    let deep = r#""other":{"list":[0,{"a":1,"a":2}]}"#;
    vec![
        ours(
            "an option twice",
            r#""dsrd":{"dry_run":true,"dry_run":false}"#,
            "/extensions/dsrd/dry_run",
        ),
        ours("all options twice", r#""dsrd":{"dry_run":true},"dsrd":{}"#, "/extensions/dsrd"),
        ours("deep in an extension of others", deep, "/extensions/other/list/1/a"),
        ours("below a key that is no field", r#""X CANARY":{"a":1,"a":2}"#, "/extensions"),
        crowd,
    ]
}
