//! Identities of no known form, and such as would find other people.

use serde_json::{Value, json};

use crate::support::bad_input::row::{Row, set};

/// Why a schema cannot tell.
const SPELLING: &str = "a schema does not fold spellings";
const SETTINGS: &str = "the settings decide";
const SCRIPTS: &str = "a schema does not count scripts";

const ALL: &str = "/subject_identities";
const VALUE: &str = "/subject_identities/0/identity_value";

pub fn lists() -> Vec<Row> {
    let one = |identity: Value, place: &str, code| {
        set(ALL, json!([identity]), code).at(&[(&format!("{ALL}/0{place}"), code)])
    };
    let email = |format: Value| json!({ "identity_type": "email", "identity_value": "CANARY@leaky.example", "identity_format": format });
    let crowd: Vec<Value> = (0..65).map(|_| email(json!("raw"))).collect();
    vec![
        set(ALL, json!([]), "empty"),
        set(ALL, json!({}), "empty"),
        set(ALL, json!(crowd), "too_many").beyond_schema(SETTINGS),
        one(json!("CANARY"), "", "wrong_type"),
        one(Value::Null, "", "wrong_type"),
        one(json!(["CANARY"]), "", "wrong_type"),
        one(
            json!({ "identity_type": "shoe_size", "identity_value": "CANARY" }),
            "/identity_type",
            "unknown_identity_type",
        ),
        one(
            json!({ "identity_type": "Email", "identity_value": "CANARY@leaky.example" }),
            "/identity_type",
            "unknown_identity_type",
        ),
        one(
            json!({ "identity_type": "CANARY", "identity_value": "CANARY" }),
            "/identity_type",
            "unknown_identity_type",
        ),
        one(
            json!({ "identity_type": 3, "identity_value": "CANARY" }),
            "/identity_type",
            "wrong_type",
        ),
        one(json!({ "identity_value": "CANARY" }), "/identity_type", "missing"),
        one(json!({ "identity_type": "email" }), "/identity_value", "missing"),
        one(
            json!({ "identity_type": "email", "identity_value": 3 }),
            "/identity_value",
            "wrong_type",
        ),
        one(
            json!({ "identity_type": "email", "identity_value": ["CANARY"] }),
            "/identity_value",
            "wrong_type",
        ),
        one(email(json!("md5")), "/identity_format", "unknown_format"),
        one(email(Value::Null), "/identity_format", "wrong_type"),
        one(email(json!("sha256")), "/identity_value", "bad_hash"),
        one(
            json!({ "identity_type": "name", "identity_value": "CANARY", "identity_format": "sha256" }),
            "/identity_format",
            "format_not_supported",
        ),
    ]
}

pub fn dictionaries() -> Vec<Row> {
    let entry = |key: &str, entry: Value, place: &str, code| {
        set(ALL, json!({ key: entry }), code).at(&[(&format!("{ALL}{place}"), code)])
    };
    let value = json!({ "value": "CANARY@leaky.example" });
    vec![
        entry("shoe_size", value.clone(), "/shoe_size", "unknown_identity_type"),
        entry("CANARY", value.clone(), "", "unknown_identity_type"),
        entry("CANARY@leaky.example", value, "", "unknown_identity_type"),
        entry("email", json!("CANARY@leaky.example"), "/email", "wrong_type"),
        entry("email", json!({}), "/email/value", "missing"),
        entry(
            "email",
            json!({ "value": "CANARY@leaky.example", "encoding": "md5" }),
            "/email/encoding",
            "unknown_format",
        ),
        entry(
            "puid",
            json!({ "value": "CANARY", "encoding": "sha256" }),
            "/puid/encoding",
            "format_not_supported",
        ),
    ]
}

/// A request about one identity of that type and value.
fn about(kind: &str, value: &str, code: &'static str) -> Row {
    let shown: String = value.escape_debug().take(40).collect();
    let identity = json!([{ "identity_type": kind, "identity_value": value }]);
    set(ALL, identity, code).named(&format!("the {kind} {shown:?}")).at(&[(VALUE, code)])
}

pub fn values() -> Vec<Row> {
    let long = format!("CANARY {}", "x".repeat(512));
    let mut rows = vec![
        about("name", "", "empty"),
        about("name", " \u{3000} ", "empty"),
        about("name", &long, "too_long"),
        about("email", &format!("{}CANARY@leaky.example", "x".repeat(512)), "too_long"),
        about("name", "An", "too_short").beyond_schema(SETTINGS),
        about("name", "山", "too_short").beyond_schema(SETTINGS),
        about("username", "al", "too_short").beyond_schema(SETTINGS),
        about("controller_customer_id", "7", "too_short").beyond_schema(SETTINGS),
        about("name", "- -", "too_common"),
        about("name", "...", "too_common"),
        about("object_id", "CANARY", "bad_guid"),
        about("object_id", "6f9619ff-8b86-d011-b42d-00cf4fc964f", "bad_guid"),
        about("object_id", "6f9619ff8b86-d011-b42d-00cf4fc964ff", "bad_guid"),
        about("object_id", "{6f9619ff-8b86-d011-b42d-00cf4fc964ff", "bad_guid"),
        about("object_id", "6f9619fg-8b86-d011-b42d-00cf4fc964ff", "bad_guid"),
        about("object_id", "00000000-0000-0000-0000-000000000000", "too_common"),
        about("object_id", "{00000000-0000-0000-0000-000000000000}", "too_common"),
        about("object_id", "ffffffffffffffffffffffffffffffff", "too_common"),
        about("puid", "CANARY", "bad_puid"),
        about("puid", "0003BFFD1234567", "bad_puid"),
        about("puid", "0000000000000000", "too_common"),
        about("controller_customer_id", "00000000", "too_common").beyond_schema(SPELLING),
        about("email", "CANARY", "bad_address"),
        about("email", "CANARY@leaky", "bad_address"),
        about("email", "@leaky.example", "bad_address"),
        about("email", "CANARY@.example", "bad_address"),
        about("email", "CANARY@leaky.", "bad_address"),
        about("email", "C ANARY@leaky.example", "bad_address"),
        about("upn", "CANARY at leaky.example", "bad_address"),
        about("email", "ＣＡＮＡＲＹ＠ｌｅａｋｙ．ｅｘａｍｐｌｅ", "bad_address"),
    ];
    for word in ["admin", "test", "unknown", "john doe", "n/a"] {
        rows.push(about("name", word, "too_common"));
    }
    for word in ["ADMIN", " Root ", "ｔｅｓｔ", "John  Doe", "Ｎｕｌｌ"] {
        rows.push(about("username", word, "too_common").beyond_schema(SPELLING));
    }
    rows
}

pub fn look_alikes() -> Vec<Row> {
    let hidden = |kind, value: &str| about(kind, value, "control_characters");
    let mixed = |kind, value: &str| about(kind, value, "mixed_scripts").beyond_schema(SCRIPTS);
    vec![
        hidden("name", "CANARY\u{0}x"),
        hidden("name", "CANARY\nBcc: all"),
        hidden("name", "CANARY\u{1b}[2J"),
        hidden("name", "CANARY\u{85}x"),
        hidden("name", "CANARY\u{202e}x"),
        hidden("name", "CANARY\u{2066}x"),
        hidden("name", "CANARY\u{200b}x"),
        hidden("name", "CANARY\u{feff}x"),
        hidden("name", "CANARY\u{ad}x"),
        hidden("username", "CANARY\u{200d}x"),
        hidden("email", "CANARY\u{200c}@leaky.example"),
        hidden("email", "CANARY@leaky\u{2060}.example"),
        mixed("email", "CANARYа@leaky.example"),
        mixed("email", "CANARY@lеaky.example"),
        mixed("email", "CANARY@leaky.exαmple"),
        mixed("upn", "CANARY.ν@leaky.example"),
        mixed("username", "CANARYо"),
        mixed("username", "CONTOSO\\CANARYο"),
    ]
}
