//! `dsrd schema`: the documents of the contract, which are built in.

use serde_json::Value;

use crate::cli::args::Schema;
use crate::cli::output::{CliError, End, line};

const REQUEST: &str = include_str!("../../config/schema/request.schema.json");
const EVENT: &str = include_str!("../../config/schema/event.schema.json");
const ASYNCAPI: &str = include_str!("../../config/schema/asyncapi.json");

/// Prints one of them.
///
/// # Errors
/// Standard output went away.
pub fn schema(which: Schema) -> Result<End, CliError> {
    let text = match which {
        Schema::Request => REQUEST.to_owned(),
        Schema::Event => EVENT.to_owned(),
        Schema::Manifest => include_str!("../../config/schema/manifest.schema.json").to_owned(),
        Schema::Certificate => {
            include_str!("../../config/schema/certificate.schema.json").to_owned()
        }
        Schema::Asyncapi => format!("{:#}", bundled()),
    };
    line(text.trim_end())?;
    Ok(End::Done)
}

/// The document of the queue with the schemas that it points at within it: one file is all that a
/// generator needs.
fn bundled() -> Value {
    let parsed = |text| serde_json::from_str::<Value>(text).expect("it is built in, and tested");
    let mut document = parsed(ASYNCAPI);
    for (name, schema) in [("request", REQUEST), ("event", EVENT)] {
        let within = format!("#/components/schemas/{name}");
        let mut schema = parsed(schema);
        // By an id of its own it would be a document of its own.
        for key in ["$id", "$schema"] {
            schema.as_object_mut().expect("a schema is an object").shift_remove(key);
        }
        point(&mut schema, "#/", &format!("{within}/"));
        point(&mut document, &format!("./{name}.schema.json"), &within);
        document["components"]["schemas"][name] = schema;
    }
    document
}

/// Has all references that begin so begin otherwise.
fn point(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get_mut("$ref")
                && let Some(rest) = reference.strip_prefix(from)
            {
                *reference = format!("{to}{rest}");
            }
            members.values_mut().for_each(|member| point(member, from, to));
        }
        Value::Array(elements) => elements.iter_mut().for_each(|each| point(each, from, to)),
        _ => {}
    }
}
