//! The published schemas: they take what the design shows and what we write, and nothing else.

use dsrd::domain::asked::subject::IdentityType;
use dsrd::domain::asked::thing::ThingKind;
use dsrd::domain::event::{Content, Correspondence, Envelope};
use dsrd::domain::outcome::{ItemOutcome, OutcomeKind};
use dsrd::domain::request::{RequestId, RequestKind};
use dsrd::evidence::certificate::document::Certificate;
use dsrd::evidence::certificate::hashes::HowHashed;
use dsrd::evidence::signature::{SEED_BYTES, SigningKey};
use serde_json::{Value, json};

use crate::archive;
use crate::support::contract::{ASYNCAPI, CERTIFICATE, EVENT, MANIFEST, REQUEST, faults, parsed};

#[track_caller]
fn taken(schema: &'static str, value: &Value) {
    assert_eq!(faults(schema, value), [""; 0], "{value}");
}

#[track_caller]
fn refused(schema: &'static str, value: &Value) {
    assert!(!faults(schema, value).is_empty(), "{value}");
}

/// The request of the design.
pub fn request() -> Value {
    json!({
        "regulation": "gdpr",
        "api_version": "2.0",
        "subject_request_id": "a7551968-d5d6-44b2-9831-815ac9017798",
        "subject_request_type": "erasure",
        "submitted_time": "2026-11-23T09:00:00Z",
        "subject_identities": [
            { "identity_type": "email", "identity_value": "ann@contoso.com",
              "identity_format": "raw" },
            { "identity_type": "object_id",
              "identity_value": "6f9619ff-8b86-d011-b42d-00cf4fc964ff", "identity_format": "raw" }
        ],
        "status_callback_urls": ["https://crm.example:8443/hook?token=t0ken"],
        "extensions": { "dsrd": { "sources": ["run-history"], "dry_run": false,
                                  "on_erase": "redact", "language": "ja", "due_time": "2026-12-20T00:00:00Z" } }
    })
}

fn with(mut value: Value, pointer: &str, new: Value) -> Value {
    *value.pointer_mut(pointer).unwrap() = new;
    value
}

#[test]
fn requests_of_the_design_are_taken() {
    taken(REQUEST, &request());
    let recipient = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa";
    for encrypt_to in
        [json!([recipient]), json!([{ "passphrase": "correct horse battery staple" }])]
    {
        taken(REQUEST, &with(request(), "/extensions/dsrd", json!({ "encrypt_to": encrypt_to })));
    }
    let hash = "a".repeat(64);
    for identities in [
        json!({"email": {"value": "ann@contoso.com", "encoding": "raw"}}),
        json!({"upn": {"value": hash, "encoding": "sha256"}, "puid": {"value": "0003BFFD12345678"}}),
        json!([{"identity_type": "upn", "identity_value": hash, "identity_format": "sha256"}]),
    ] {
        taken(REQUEST, &with(request(), "/subject_identities", identities));
    }
    taken(
        REQUEST,
        &json!({"resource_request_id": "r-2", "resource_request_type": "delete",
                "resource": {"type": "run", "name": "quiet_river_1"}, "no_wait": true}),
    );
    for control in ["cancel", "approve", "reject", "retry"] {
        taken(
            REQUEST,
            &json!({"control": control, "subject_request_id": "r-1", "actor": "dpo",
                    "reason": "seen"}),
        );
    }
}

#[test]
fn requests_of_the_docs_are_taken() {
    let page = include_str!("../../docs/requests.md");
    let examples: Vec<Value> = page
        .split("```json\n")
        .skip(1)
        .map(|rest| parsed(rest.split("```").next().unwrap()))
        .filter(|example| example.get("specversion").is_none())
        .collect();
    assert!(!examples.is_empty());
    examples.iter().for_each(|example| taken(REQUEST, example));
}

#[test]
fn other_requests_are_refused() {
    for (pointer, new) in [
        ("/subject_request_id", json!("../x")),
        ("/subject_request_id", json!("")),
        ("/subject_request_type", json!("forget")),
        ("/submitted_time", json!("yesterday")),
        ("/status_callback_urls", json!("https://crm.example/")),
        ("/status_callback_urls", json!(vec!["https://crm.example/"; 9])),
        ("/status_callback_urls/0", json!("crm.example")),
        ("/status_callback_urls/0", json!("ftp://crm.example/")),
        ("/status_callback_urls/0", json!("https://user@crm.example/")),
        ("/status_callback_urls/0", json!("https://crm.example/#part")),
        ("/subject_identities", json!([])),
        ("/subject_identities", json!({})),
        ("/subject_identities", json!({"shoe_size": {"value": "42"}})),
        ("/subject_identities", json!({"puid": {"value": "a", "encoding": "sha256"}})),
        ("/subject_identities/0/identity_type", json!("shoe_size")),
        ("/subject_identities/0/identity_value", json!("")),
        ("/subject_identities/0/identity_format", json!("sha256")),
        ("/subject_identities/1/identity_format", json!("sha256")),
        ("/extensions/dsrd", json!({"dry_runn": true})),
        ("/extensions/dsrd/on_erase", json!("shred")),
        ("/extensions/dsrd/on_erase", json!("keep")),
        ("", json!("not an object")),
        ("", json!({"control": "cancel", "subject_request_id": "r-1"})),
        ("", json!({"control": "pause", "subject_request_id": "r-1", "actor": "dpo"})),
        (
            "",
            json!({"resource_request_id": "r-2", "resource_request_type": "delete",
                    "resource": {"type": "planet", "name": "mars"}}),
        ),
        (
            "",
            json!({"resource_request_id": "r-2", "resource_request_type": "delete",
                    "resource": {"type": "run", "name": "a", "id": "b"}}),
        ),
        (
            "",
            json!({"resource_request_id": "r-2", "resource_request_type": "export",
                    "resource": {"type": "pipeline_output", "name": "a"}}),
        ),
    ] {
        refused(REQUEST, &with(request(), pointer, new));
    }
}

#[test]
fn the_words_of_the_schema_are_the_words_of_the_program() {
    let words = |schema: &str, pointer: &str| -> Vec<String> {
        serde_json::from_value(parsed(schema).pointer(pointer).unwrap().clone()).unwrap()
    };
    let types = IdentityType::ALL.map(IdentityType::as_str);
    assert_eq!(words(REQUEST, "/$defs/identity_type/enum"), types);
    for word in words(REQUEST, "/$defs/subject_request/properties/subject_request_type/enum") {
        assert!(RequestKind::of_person(&word).is_some(), "{word}");
    }
    for (schema, pointer) in [
        (REQUEST, "/$defs/resource_request/properties/resource_request_type/enum"),
        (EVENT, "/$defs/data/properties/resource_request_type/enum"),
    ] {
        let things = RequestKind::ALL.into_iter().filter(|kind| kind.is_about_a_thing());
        assert_eq!(words(schema, pointer), things.map(RequestKind::word).collect::<Vec<_>>());
    }
    for (schema, pointer) in [
        (REQUEST, "/$defs/resource_request/properties/resource/properties/type/enum"),
        (CERTIFICATE, "/properties/thing/properties/type/enum"),
        (MANIFEST, "/properties/request/properties/resource/properties/type/enum"),
    ] {
        assert_eq!(words(schema, pointer), ThingKind::ALL.map(ThingKind::word));
    }
    let outcomes = words(EVENT, "/$defs/counts/properties/outcomes/propertyNames/enum");
    assert_eq!(outcomes.len(), OutcomeKind::ALL.len());
    for word in outcomes {
        assert!(ItemOutcome::parse(&word, "lease").is_some(), "{word}");
    }
    assert_eq!(words(CERTIFICATE, "/properties/subject/items/properties/type/enum"), types);
    let item = words(CERTIFICATE, "/$defs/item/properties/outcome/enum");
    assert_eq!(
        words(CERTIFICATE, "/properties/counts/properties/outcomes/propertyNames/enum"),
        item
    );
}

fn event(name: &str, details: Value) -> Value {
    let id = RequestId::new("a7551968-d5d6-44b2-9831-815ac9017798").unwrap();
    let content = Content {
        request: &id,
        subject: &id,
        sequence: 7,
        name,
        at: "2026-11-23T09:00:00Z".parse().unwrap(),
        kind: Some(RequestKind::Erasure),
        regulation: Some("gdpr"),
        due: Some("2026-12-23T23:00:00Z".parse().unwrap()),
        details: details.as_object().unwrap().clone(),
    };
    let envelope = Envelope { source: "urn:dsrd:contoso".into(), controller_id: "contoso".into() };
    let to = Correspondence {
        correlation_id: Some("42".into()),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
        ..Correspondence::default()
    };
    parsed(&envelope.announce(content, &to).body)
}

#[test]
fn events_that_we_write_are_taken() {
    let counts = json!({"seen": 5_000, "found": 3, "outcomes": {"erased": 2, "blocked": 1}});
    let digest = "0".repeat(64);
    for (name, details) in [
        ("accepted", json!({})),
        ("progressed", json!({"progress": {"stage": "finding", "done": 5, "total": 0}})),
        ("held", json!({"outcome": "held", "held_reason": "31 % of run-history; 20 % allowed"})),
        (
            "rejected",
            json!({"outcome": "rejected", "refusals": [
                {"pointer": "/subject_identities/0/identity_type", "code": "unknown_identity_type",
                 "message": "the identity type is not one of those we know"},
                {"pointer": "", "code": "not_json", "message": "the message is not JSON"}]}),
        ),
        (
            "completed",
            json!({"outcome": "completed", "counts": counts, "results_count": 3,
                   "results_url": "https://a.blob.core.windows.net/dsr-exports/a.zip",
                   "results_url_expire_time": "2026-11-30T08:45:00Z",
                   "results_expire_time": "2026-12-23T09:00:00Z",
                   "archive_sha256": digest, "certificate_digest": digest,
                   "certificate_url": "https://a.blob.core.windows.net/x/a.certificate.json"}),
        ),
        (
            "partially_completed",
            json!({"outcome": "partially_completed", "counts": counts,
                   "refusals": [{"source": "run-history", "outcome": "blocked",
                                 "reason": "lease: LeaseIdMissing", "items": 2}],
                   "horizon": {"logically_erased_at": "2026-11-23T10:00:00Z",
                               "unrecoverable_after": "2026-11-30T10:00:00Z"},
                   "coverage": [{"sort": "container", "looked": "not_configured", "at": "a/c",
                                 "name": "c", "source": "workspace"},
                                {"sort": "service", "looked": "looked", "places": 14}],
                   "manual_steps": [{"system": "Azure Privacy portal", "what": "ask there",
                                     "who": "an administrator", "steps": ["ask"],
                                     "takes": "days", "url": "https://portal.azure.com/"}]}),
        ),
        ("failed", json!({"outcome": "failed", "failed_reason": "forbidden: grant the role"})),
        ("cancelled", json!({"outcome": "cancelled"})),
        (
            "returned",
            json!({"outcome": "completed", "returned": {"items": 2, "sources": [
                {"source": "run-history", "items": 2}]}}),
        ),
    ] {
        taken(EVENT, &event(name, details));
    }
}

#[test]
fn other_events_are_refused() {
    refused(EVENT, &event("paused", json!({})));
    refused(EVENT, &event("rejected", json!({})));
    refused(EVENT, &event("returned", json!({"outcome": "completed"})));
    refused(EVENT, &event("completed", json!({"outcome": "completed"})));
    refused(EVENT, &event("accepted", json!({"email": "ann@contoso.com"})));
    let reason = "forbidden: grant the role";
    let failed = json!({"outcome": "failed", "failed_reason": reason});
    let step = json!({"system": "Azure Privacy portal", "what": "ask", "object_ids": ["6f96"]});
    let place = json!({"sort": "cellar", "looked": "looked"});
    taken(EVENT, &event("failed", failed.clone()));
    for (field, value) in [("manual_steps", step), ("coverage", place)] {
        let mut more = failed.clone();
        more[field] = json!([value]);
        refused(EVENT, &event("failed", more));
    }
    let counts = json!({"seen": 1, "found": 1, "outcomes": {"ann@contoso.com": 1}});
    refused(EVENT, &event("completed", json!({"outcome": "completed", "counts": counts})));
}

#[test]
fn manifests_that_we_write_are_taken() {
    let manifest = archive::manifest(&archive::sample());
    taken(MANIFEST, &manifest);
    refused(MANIFEST, &with(manifest.clone(), "/files/0/sha256", json!("00")));
    refused(MANIFEST, &with(manifest.clone(), "/files/0/path", json!("../x")));
    refused(MANIFEST, &with(manifest, "/files/0/version", json!({"form": "snapshot"})));
}

#[test]
fn certificates_that_we_write_are_taken() {
    let sample = parsed(include_str!("../../src/evidence/certificate/sample.json"));
    let mut certificate: Certificate = serde_json::from_value(sample).unwrap();
    certificate.hashes = HowHashed::now();
    let key = SigningKey::from_seed(&[7; SEED_BYTES]);
    let document = certificate.sign(&key, certificate.request.verified);
    let document: Value = serde_json::from_slice(&document).unwrap();
    taken(CERTIFICATE, &document);
    for (pointer, new) in [
        ("/format", json!("dsrd-certificate/2")),
        ("/items/0/item", json!("azureml/Users/ann")),
        ("/items/0/outcome", json!("gone")),
        ("/items/0/size", json!(1.5)),
        ("/subject/0/hash", json!("ann@contoso.com")),
        ("/subject", json!([])),
        ("/request/type", json!("access")),
        ("/state", json!("failed")),
        ("/signature/jws", json!("a.b.c")),
        ("/hashes/algorithm", json!("none")),
        ("/untouched", Value::Null),
    ] {
        refused(CERTIFICATE, &with(document.clone(), pointer, new));
    }
}

#[test]
fn the_asyncapi_document_points_at_things_that_are_there() {
    let document = parsed(ASYNCAPI);
    assert_eq!(document["asyncapi"], "3.0.0");
    let mut pointers = Vec::new();
    collect_references(&document, &mut pointers);
    assert!(pointers.len() > 8);
    for pointer in pointers {
        match pointer.split_once('#') {
            Some(("", inside)) => assert!(document.pointer(inside).is_some(), "{pointer}"),
            _ => {
                let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/config/schema");
                assert!(std::path::Path::new(folder).join(&pointer).is_file(), "{pointer}");
            }
        }
    }
}

pub fn collect_references(value: &Value, into: &mut Vec<String>) {
    if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
        into.push(reference.to_owned());
    }
    let children: Vec<&Value> = match value {
        Value::Object(fields) => fields.values().collect(),
        Value::Array(elements) => elements.iter().collect(),
        _ => Vec::new(),
    };
    for child in children {
        collect_references(child, into);
    }
}
