//! Decisions, ids and resources: what names a request rather than a person.

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

pub fn resources() -> Vec<Row> {
    let (verb, sort) = ("/resource_request_type", "/resource/type");
    let about = |verb: &str, resource: Value| {
        json!({ "resource_request_id": "ROW", "resource_request_type": verb,
                "resource": resource })
    };
    let row = |name: &str, message: Value, at: &str, code: &'static str| {
        text(name, message.to_string(), "").at(&[(at, code)])
    };
    let mut strict = about("delete", json!({ "type": "run", "name": "CANARY" }));
    put(&mut strict, "/permanently", json!("CANARY"));
    let mut both = good();
    put(&mut both, verb, json!("delete"));
    let named = |name: &str| json!({ "type": "model", "name": name });
    vec![
        row(
            "a request about a run that nobody holds",
            about("delete", json!({ "type": "run", "name": "CANARY" })),
            sort,
            "resource_not_supported",
        )
        .beyond_schema("which sources are configured"),
        row(
            "an export of a workspace",
            about("export", json!({ "type": "workspace", "id": "/subscriptions/CANARY" })),
            verb,
            "resource_not_supported",
        )
        .at(&[(verb, "resource_not_supported"), (sort, "resource_not_supported")]),
        row(
            "a workspace that is to be archived",
            about("archive", json!({ "type": "workspace", "name": "CANARY" })),
            verb,
            "verb_not_supported",
        )
        .beyond_schema("which operations a service has"),
        row(
            "a sort of resource that is none",
            about("delete", json!({ "type": "CANARY", "name": "a" })),
            sort,
            "unknown_resource",
        ),
        row(
            "a resource of two names",
            about(
                "delete",
                json!({ "type": "model", "name": "CANARY",
            "id": "CANARY" }),
            ),
            sort,
            "",
        )
        .at(&[(sort, "resource_not_supported"), ("/resource/id", "name_and_id")]),
        row("a resource without a name", about("delete", json!({ "type": "model" })), sort, "")
            .at(&[(sort, "resource_not_supported"), ("/resource/name", "missing")]),
        row(
            "a resource of an endless name",
            about("delete", named(&"CANARY".repeat(400))),
            sort,
            "",
        )
        .at(&[(sort, "resource_not_supported"), ("/resource/name", "too_long")]),
        row("a resource that moves a cursor", about("delete", named("CANARY\u{1b}[2J")), sort, "")
            .at(&[(sort, "resource_not_supported"), ("/resource/name", "control_characters")]),
        row("a resource in a list", about("delete", json!(["CANARY"])), "/resource", "wrong_type"),
        row("a flag that is no flag", strict, sort, "")
            .at(&[("/permanently", "wrong_type"), (sort, "resource_not_supported")]),
        text(
            "a resource request without an id",
            json!({ "resource_request_type": "archive" }).to_string(),
            "",
        )
        .at(&[("/resource_request_id", "missing"), ("/resource", "missing")]),
        text("a request about a person and a resource", both.to_string(), "").at(&[
            ("/resource_request_id", "missing"),
            ("/subject_request_id", "unknown_field"),
            ("/subject_request_type", "unknown_field"),
            ("/subject_identities", "unknown_field"),
            ("/resource", "missing"),
        ]),
    ]
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
