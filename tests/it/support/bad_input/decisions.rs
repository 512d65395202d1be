//! Decisions and ids: what names a request rather than a person.

use serde_json::{Value, json};

use crate::support::bad_input::row::{FIRST_ID, Row, good, put, set, text};

pub fn controls() -> Vec<Row> {
    let control = |change: &str, value: Value, code| {
        let mut message =
            json!({ "control": "cancel", "subject_request_id": "ROW", "actor": "CANARY" });
        put(&mut message, change, value);
        let shown: String = message[&change[1..]].to_string().chars().take(40).collect();
        text(&format!("a decision with {change} of {shown}"), message.to_string(), code)
            .at(&[(change, code)])
    };
    let without = |field: &str| {
        let mut message =
            json!({ "control": "cancel", "subject_request_id": "ROW", "actor": "CANARY" });
        message.as_object_mut().unwrap().shift_remove(field);
        let at = format!("/{field}");
        text(&format!("a decision without {field}"), message.to_string(), "missing")
            .at(&[(&at, "missing")])
    };
    vec![
        control("/control", json!("pause"), "unknown_control"),
        control("/control", json!("Cancel"), "unknown_control"),
        control("/control", json!(true), "wrong_type"),
        control("/control", Value::Null, "wrong_type"),
        control("/control", json!(""), "empty"),
        control("/actor", json!(" "), "empty"),
        control("/actor", json!(["CANARY"]), "wrong_type"),
        control("/actor", json!("a".repeat(1001)), "too_long"),
        control("/actor", json!("CANARY\u{1b}]0;x\u{7}"), "control_characters"),
        control("/reason", json!("r".repeat(1001)), "too_long"),
        control("/reason", json!("CANARY\r\nx"), "control_characters"),
        control("/reason", Value::Null, "wrong_type"),
        control("/reason", json!(""), "empty"),
        control("/subject_request_id", json!("../CANARY"), "bad_id"),
        control("/when", json!("now"), "unknown_field"),
        without("actor"),
        without("subject_request_id"),
    ]
}

pub fn ids() -> Vec<Row> {
    let at = "/subject_request_id";
    let long = "r".repeat(300);
    let mut rows: Vec<Row> = [
        "..",
        ".",
        "../../etc/passwd",
        "a/b",
        "a\\b",
        "-rf",
        "_x",
        ":x",
        "a b",
        " ROW",
        "ROW ",
        "a\0b",
        "a\nb",
        "a\r\nb",
        "a%2fb",
        "a;b",
        "a'b",
        "a\"b",
        "a<b>",
        "$(id)",
        "{{7*7}}",
        "🦀",
        "ｒ-1",
        "é",
        "CANARY@leaky.example",
        &long,
    ]
    .into_iter()
    .map(|id| set(at, json!(id), "bad_id"))
    .collect();
    for id in ["CANARY", "t-CANARY-1", "CANARY-leaky.example"] {
        let mut message = good();
        put(&mut message, at, json!(id));
        put(
            &mut message,
            "/subject_identities/0",
            json!({ "identity_type": "username", "identity_value": "CANARY" }),
        );
        let row = text(
            &format!("the id {id}, which names the person"),
            message.to_string(),
            "id_names_subject",
        )
        .at(&[(at, "id_names_subject")]);
        rows.push(row.beyond_schema("a schema compares no fields"));
    }
    // The identity is at fault, and the id names the person all the same.
    let mut message = good();
    put(&mut message, at, json!("CANARY"));
    put(&mut message, "/subject_identities/0/identity_value", json!("CANARY"));
    let faults =
        [(at, "id_names_subject"), ("/subject_identities/0/identity_value", "bad_address")];
    rows.push(text("an id that names a person at fault", message.to_string(), "").at(&faults));
    rows
}

/// Well formed, and wrong because of what was accepted before.
pub fn of_the_ledger() -> Vec<Row> {
    let mut other = good();
    put(&mut other, "/subject_request_id", json!(FIRST_ID));
    let decision =
        |verb: &str, id: &str| json!({ "control": verb, "subject_request_id": id, "actor": "op" });
    let rows = [
        ("another request under the same id", other, "/subject_request_id", "conflict"),
        (
            "a decision about no request",
            decision("cancel", "ROW"),
            "/subject_request_id",
            "unknown_request",
        ),
        (
            "an approval of what is not held",
            decision("approve", FIRST_ID),
            "/control",
            "not_possible",
        ),
    ];
    let known = "a schema knows no ledger";
    rows.map(|(name, message, at, code)| {
        let row = text(name, message.to_string(), code).at(&[(at, code)]).beyond_schema(known);
        Row { is_of_ledger: true, ..row }
    })
    .into()
}
