//! The published schemas, as a consumer would use them.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::Validator;
use serde_json::Value;

pub const REQUEST: &str = include_str!("../../../config/schema/request.schema.json");
pub const EVENT: &str = include_str!("../../../config/schema/event.schema.json");
pub const MANIFEST: &str = include_str!("../../../config/schema/manifest.schema.json");
pub const CERTIFICATE: &str = include_str!("../../../config/schema/certificate.schema.json");
pub const ASYNCAPI: &str = include_str!("../../../config/schema/asyncapi.json");

static REQUESTS: LazyLock<Validator> = LazyLock::new(|| compiled(REQUEST));
static EVENTS: LazyLock<Validator> = LazyLock::new(|| compiled(EVENT));
/// Those of other schemas, by their texts. Compiling one takes far longer than using it.
static OTHERS: LazyLock<Mutex<HashMap<&'static str, Arc<Validator>>>> =
    LazyLock::new(Mutex::default);
static CODES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let at = "/$defs/fault/properties/code/examples";
    serde_json::from_value(parsed(EVENT).pointer(at).unwrap().clone()).unwrap()
});

/// Insists that an event is as the contract says. Every test that sees an event comes by here.
#[track_caller]
pub fn assert_event(event: &Value) {
    assert_eq!(all_of(&EVENTS, event), [""; 0], "{event:#}");
    for refusal in event["data"]["refusals"].as_array().into_iter().flatten() {
        let Some(code) = refusal["code"].as_str() else { continue };
        assert!(codes().iter().any(|known| known == code), "the event schema lacks {code}");
    }
}

/// What the request schema says against a message; empty if nothing.
pub fn request_faults(message: &Value) -> Vec<String> {
    all_of(&REQUESTS, message)
}

/// The codes of faults that the contract names.
pub fn codes() -> &'static [String] {
    &CODES
}

/// What a schema says against a value; empty if nothing.
pub fn faults(schema: &'static str, value: &Value) -> Vec<String> {
    let mut others = OTHERS.lock().unwrap();
    let validator = others.entry(schema).or_insert_with(|| Arc::new(compiled(schema)));
    let validator = Arc::clone(validator);
    drop(others);
    all_of(&validator, value)
}

pub fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn compiled(schema: &str) -> Validator {
    let schema = parsed(schema);
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap()
}

fn all_of(validator: &Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).map(|fault| fault.to_string()).collect()
}
