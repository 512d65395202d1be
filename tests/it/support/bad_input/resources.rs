//! Requests about a resource that are wrong, or that nobody here can carry out.

use serde_json::{Value, json};

use crate::support::bad_input::row::{Row, good, put, text};

const VERB: &str = "/resource_request_type";
const SORT: &str = "/resource/type";

fn about(verb: &str, resource: Value) -> Value {
    json!({ "resource_request_id": "ROW", "resource_request_type": verb, "resource": resource })
}

/// What is wrong with it, and that no configured source holds such a thing.
fn unheld(name: &str, message: Value, faults: &[(&str, &'static str)]) -> Row {
    let unheld = (SORT, "resource_not_supported");
    let mut faults = faults.to_vec();
    // In the order in which they are met.
    let at = faults.iter().position(|(at, _)| at.starts_with("/resource/"));
    faults.insert(at.unwrap_or(faults.len()), unheld);
    text(name, message.to_string(), "").at(&faults)
}

fn model(name: &str) -> Value {
    json!({ "type": "model", "name": name })
}

pub fn resources() -> Vec<Row> {
    let run = json!({ "type": "run", "name": "CANARY" });
    let mut no_flag = about("delete", run.clone());
    put(&mut no_flag, "/permanently", json!("CANARY"));
    let mut output = about("delete", json!({ "type": "run", "name": "a", "output": "CANARY" }));
    put(&mut output, "/delete_dependent_resources", json!(true));
    let mut softly = about("delete", model("CANARY"));
    put(&mut softly, "/permanently", json!(false));
    let two = json!({ "type": "model", "name": "CANARY", "id": "CANARY" });
    let mut dependents = about("delete", json!({ "type": "workspace", "name": "CANARY" }));
    put(&mut dependents, "/delete_dependent_resources", json!(true));
    let mut rows = vec![
        unheld("a workspace with what depends on it", dependents, &[])
            .beyond_schema("which sources are configured"),
        unheld("a run that nobody holds", about("delete", run), &[])
            .beyond_schema("which sources are configured"),
        unheld(
            "an export of a workspace",
            about("export", json!({ "type": "workspace", "id": "/subscriptions/CANARY" })),
            &[],
        )
        .beyond_schema("which sources are configured"),
        unheld(
            "an export of an output without its name",
            about("export", json!({ "type": "pipeline_output", "name": "CANARY" })),
            &[("/resource/output", "missing")],
        ),
        unheld("a resource of two names", about("delete", two), &[("/resource/id", "name_and_id")]),
        unheld(
            "a resource without a name",
            about("delete", json!({ "type": "model" })),
            &[("/resource/name", "missing")],
        ),
        unheld(
            "a resource of an endless name",
            about("delete", model(&"CANARY".repeat(400))),
            &[("/resource/name", "too_long")],
        ),
        unheld(
            "a resource that moves a cursor",
            about("delete", model("CANARY\u{1b}[2J")),
            &[("/resource/name", "control_characters")],
        ),
        unheld("a flag that is no flag", no_flag, &[("/permanently", "wrong_type")]),
        unheld(
            "an output of a whole run, and what depends on it",
            output,
            &[
                ("/resource/output", "not_of_a_resource"),
                ("/delete_dependent_resources", "not_of_a_resource"),
            ],
        ),
        unheld(
            "a model that is to be deleted softly",
            softly,
            &[("/permanently", "not_of_a_resource")],
        ),
    ];
    rows.extend(others());
    rows
}

fn others() -> Vec<Row> {
    let row = |name: &str, message: Value, at: &str, code: &'static str| {
        text(name, message.to_string(), "").at(&[(at, code)])
    };
    let mut both = good();
    put(&mut both, VERB, json!("delete"));
    vec![
        row(
            "a workspace that is to be archived",
            about("archive", json!({ "type": "workspace", "name": "CANARY" })),
            VERB,
            "verb_not_supported",
        ),
        row(
            "a sort of resource that is none",
            about("delete", json!({ "type": "CANARY", "name": "a" })),
            SORT,
            "unknown_resource",
        ),
        row("a resource in a list", about("delete", json!(["CANARY"])), "/resource", "wrong_type"),
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
