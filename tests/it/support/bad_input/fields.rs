//! Fields of a wrong type, missing, unknown, or with a value that cannot be.

use serde_json::{Value, json};

use crate::support::bad_input::row::{Row, good, put, set, text};

/// Why a schema cannot tell.
const CLOCK: &str = "a schema knows no clock and compares no times";
const SETTINGS: &str = "the settings decide";

pub fn wrong_types() -> Vec<Row> {
    let texts = [
        "regulation",
        "api_version",
        "subject_request_id",
        "subject_request_type",
        "submitted_time",
    ];
    let wrong = [json!(3), Value::Null, json!(["CANARY"]), json!({ "CANARY": true })];
    let mut rows = Vec::new();
    for field in texts {
        // What may be missing may be null or empty.
        let is_optional = field == "api_version";
        for value in wrong.iter().filter(|value| !is_optional || !value.is_null()) {
            rows.push(set(&format!("/{field}"), value.clone(), "wrong_type"));
        }
        if !is_optional {
            rows.push(set(&format!("/{field}"), json!(""), "empty"));
        }
    }
    rows.push(set("/regulation", json!("  "), "empty"));
    for value in [json!(3), Value::Null, json!("CANARY"), json!(true)] {
        rows.push(set("/subject_identities", value, "wrong_type"));
    }
    for field in ["property_id", "group_id"] {
        rows.push(set(&format!("/{field}"), json!({ "CANARY": 1 }), "wrong_type"));
        rows.push(set(&format!("/{field}"), json!(7), "wrong_type"));
    }
    for value in [json!("CANARY"), json!(1), json!({ "CANARY": true })] {
        rows.push(set("/skip_waiting_period", value, "wrong_type"));
    }
    for pointer in ["/extensions", "/extensions/dsrd"] {
        for value in [json!("CANARY"), json!([]), json!(true)] {
            rows.push(set(pointer, value, "wrong_type"));
        }
    }
    rows
}

pub fn missing() -> Vec<Row> {
    let required = [
        "regulation",
        "subject_request_id",
        "subject_request_type",
        "submitted_time",
        "subject_identities",
    ];
    let without = |field: &str| {
        let mut message = good();
        message.as_object_mut().unwrap().shift_remove(field);
        let at = format!("/{field}");
        text(&format!("without {field}"), message.to_string(), "missing").at(&[(&at, "missing")])
    };
    let mut rows: Vec<Row> = required.into_iter().map(without).collect();
    let order = [
        "subject_request_id",
        "regulation",
        "subject_request_type",
        "submitted_time",
        "subject_identities",
    ]
    .map(|field| format!("/{field}"));
    let all: Vec<(&str, &'static str)> = order.iter().map(|at| (at.as_str(), "missing")).collect();
    rows.push(text("an empty object", "{}", "missing").at(&all));
    rows
}

pub fn values() -> Vec<Row> {
    vec![
        set("/regulation", json!("data protection"), "bad_regulation"),
        set("/regulation", json!("CANARY@leaky.example"), "bad_regulation"),
        set("/regulation", json!("g".repeat(33)), "bad_regulation"),
        set("/regulation", json!(" gdpr"), "bad_regulation"),
        set("/regulation", json!("banana"), "unknown_regulation"),
        set("/regulation", json!("uk-gdpr"), "unknown_regulation"),
        set("/api_version", json!("4.0"), "unknown_version"),
        set("/api_version", json!("two"), "unknown_version"),
        set("/api_version", json!("2.0-CANARY"), "unknown_version"),
        set("/api_version", json!("2."), "unknown_version"),
        set("/subject_request_type", json!("forget"), "unknown_type"),
        set("/subject_request_type", json!("ERASURE"), "unknown_type"),
        set("/subject_request_type", json!("access "), "unknown_type"),
        set("/subject_request_type", json!("CANARY"), "unknown_type"),
    ]
}

pub fn times() -> Vec<Row> {
    let at = "/submitted_time";
    let mut rows: Vec<Row> = [
        "yesterday",
        "2026-11-23",
        "2026-11-23T09:00:00",
        "2026-11-23 09:00:00Z",
        "2026-11-23T09:00Z",
        "20261123T090000Z",
        "23.11.2026 09:00",
        "2026-13-01T09:00:00Z",
        "2026-02-30T09:00:00Z",
        "2026-11-23T25:00:00Z",
        "2026-11-23T09:00:61Z",
        "2026-11-23T09:00:60Z",
        "2026-11-23T09:00:00+24:00",
        "2026-11-23T09:00:00+0100",
        "2026-11-23T09:00:00+01:00[Europe/Berlin]",
        "+002026-11-23T09:00:00Z",
        "1795424400",
        "CANARY",
    ]
    .into_iter()
    .map(|time| set(at, json!(time), "bad_time"))
    .collect();
    for (time, code) in [
        ("2018-05-23T23:59:59Z", "too_old"),
        ("1970-01-01T00:00:00Z", "too_old"),
        ("0001-01-01T00:00:00Z", "too_old"),
        ("2999-01-01T00:00:00Z", "in_the_future"),
        ("9999-12-01T00:00:00Z", "in_the_future"),
    ] {
        rows.push(set(at, json!(time), code).beyond_schema(CLOCK));
    }
    let due = "/extensions/dsrd/due_time";
    rows.push(set(due, json!("2026-11-22T09:00:00Z"), "before_submitted").beyond_schema(CLOCK));
    rows.push(set(due, json!("2999-01-01T00:00:00Z"), "too_far_ahead").beyond_schema(CLOCK));
    rows.push(set(due, json!("next week"), "bad_time"));
    rows.push(set(due, json!(1_795_424_400), "wrong_type"));
    rows
}

pub fn unknown() -> Vec<Row> {
    let identity = "/subject_identities/0";
    let stray = |at: &str, key: &str, named: &str| {
        set(&format!("{at}/{key}"), json!("CANARY"), "unknown_field")
            .named(&format!("the unknown key {key} below {at:?}"))
            .at(&[(named, "unknown_field")])
    };
    let mut dictionary = good();
    put(
        &mut dictionary,
        "/subject_identities",
        json!({ "email": { "value": "CANARY@leaky.example", "colour": 1 } }),
    );
    let mut crowd = good();
    for n in 0..200 {
        put(&mut crowd, &format!("/stray_{n}"), json!(n));
    }
    let crowded: Vec<String> = (0..64).map(|n| format!("/stray_{n}")).collect();
    let mut crowded: Vec<(&str, &'static str)> =
        crowded.iter().map(|at| (at.as_str(), "unknown_field")).collect();
    crowded.push(("", "more_faults"));
    vec![
        stray("", "subject_id", "/subject_id"),
        stray("", "Regulation", ""),
        stray("", "CANARY", ""),
        stray("", "note_of_CANARY", ""),
        stray("", "CANARY@leaky.example", ""),
        stray("", "leaky", ""),
        stray("", "", ""),
        stray("", "a key\nof two lines", ""),
        stray("", "__proto__", "/__proto__"),
        stray("", &"k".repeat(65), ""),
        stray(identity, "identity_kind", "/subject_identities/0/identity_kind"),
        stray(identity, "CANARY", identity),
        stray("/extensions/dsrd", "dry_runn", "/extensions/dsrd/dry_runn"),
        stray("/extensions/dsrd", "CANARY", "/extensions/dsrd"),
        text("an unknown key in a dictionary", dictionary.to_string(), "unknown_field")
            .at(&[("/subject_identities/email/colour", "unknown_field")]),
        text("two hundred unknown keys", crowd.to_string(), "unknown_field").at(&crowded),
    ]
}

pub fn options() -> Vec<Row> {
    let at = |option: &str| format!("/extensions/dsrd/{option}");
    let sources = |names: Value, place: &str, code| {
        set(&at("sources"), names, code).at(&[(&at(&format!("sources{place}")), code)])
    };
    vec![
        sources(json!("run-history"), "", "wrong_type"),
        sources(json!([]), "", "empty"),
        sources(json!([3]), "/0", "wrong_type"),
        sources(json!(["run-history", "CANARY"]), "/1", "unknown_source").beyond_schema(SETTINGS),
        set(&at("dry_run"), json!("true"), "wrong_type"),
        set(&at("dry_run"), json!(1), "wrong_type"),
        set(&at("on_erase"), json!("shred"), "unknown_action"),
        set(&at("on_erase"), json!("keep"), "unknown_action"),
        set(&at("on_erase"), json!(true), "wrong_type"),
        set(&at("language"), json!("ja_JP"), "bad_language"),
        set(&at("language"), json!("x"), "bad_language"),
        set(&at("language"), json!("CANARY-CANARY"), "bad_language"),
        set(&at("language"), json!(81), "wrong_type"),
    ]
}

pub fn recipients() -> Vec<Row> {
    const CHECKSUM: &str = "a schema computes no checksum and no curve";
    let good = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa";
    let at = "/extensions/dsrd/encrypt_to";
    let fault = |value: Value, place: &str, code| {
        set(at, value, code).at(&[(&format!("{at}{place}"), code)])
    };
    let passphrase =
        |value: Value, code| fault(json!([{ "passphrase": value }]), "/0/passphrase", code);
    vec![
        fault(json!("age1CANARY"), "", "wrong_type"),
        fault(json!({ "passphrase": "CANARY likes long words" }), "", "wrong_type"),
        fault(json!([]), "", "empty"),
        fault(json!(vec![good; 21]), "", "too_many"),
        fault(json!([7]), "/0", "wrong_type"),
        fault(json!([good, Value::Null]), "/1", "wrong_type"),
        fault(json!(["CANARY"]), "/0", "bad_recipient"),
        fault(json!(["age1nonsense"]), "/0", "bad_recipient"),
        fault(json!([good, "CANARY@leaky.example"]), "/1", "bad_recipient"),
        fault(json!([good.to_uppercase()]), "/0", "bad_recipient"),
        fault(json!([format!("{good} ")]), "/0", "bad_recipient"),
        fault(json!([good.replace('7', "8")]), "/0", "bad_recipient").beyond_schema(CHECKSUM),
        // The point of order one: age would panic.
        fault(
            json!(["age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqelnpm"]),
            "/0",
            "bad_recipient",
        )
        .beyond_schema(CHECKSUM),
        fault(json!(["age1yubikey1CANARY"]), "/0", "not_supported"),
        fault(json!(["ssh-ed25519 AAAA CANARY"]), "/0", "not_supported"),
        fault(json!([good, "AGE-SECRET-KEY-1CANARY"]), "/1", "private_key"),
        fault(
            json!([good, { "passphrase": "CANARY likes long words" }]),
            "",
            "passphrase_not_alone",
        ),
        fault(
            json!([{ "passphrase": "CANARY likes long words" }, { "passphrase": "another one" }]),
            "",
            "passphrase_not_alone",
        ),
        fault(json!([{}]), "/0/passphrase", "missing"),
        passphrase(json!(7), "wrong_type"),
        passphrase(json!("  "), "empty"),
        passphrase(json!("CANARY"), "weak_passphrase"),
        passphrase(json!("abcabcabcabcabcabcabc"), "weak_passphrase")
            .beyond_schema("a schema counts characters, but not how many of them differ"),
        passphrase(json!("CANARY\nlikes long words"), "control_characters"),
        passphrase(json!(format!("CANARY {}", "long ".repeat(250))), "too_long"),
        set(at, json!([{ "passphrase": "CANARY likes long words", "work": 30 }]), "unknown_field")
            .at(&[(&format!("{at}/0/work"), "unknown_field")]),
    ]
}
