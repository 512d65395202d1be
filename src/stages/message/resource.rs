//! Requests about a thing: a resource of the workspace instead of a person (DESIGN 4.1).

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::domain::asked::thing::{Thing, ThingKind};
use crate::domain::request::{Asked, Request, RequestId, RequestKind};
use crate::stages::message::fault::{Faults, Terms};
use crate::stages::message::fields::ObjectAt;
use crate::stages::message::options::{callbacks, extension};

/// Fields by which a request about a thing is known, the first that can be named first.
pub const MARKS: [&str; 2] = ["resource_request_type", "resource_request_id"];

/// Fields of a request about a thing.
pub const FIELDS: [&str; 11] = [
    "resource_request_id",
    "resource_request_type",
    "resource",
    "delete_dependent_resources",
    "permanently",
    "no_wait",
    "regulation",
    "api_version",
    "submitted_time",
    "status_callback_urls",
    "extensions",
];

/// Fields of `resource`.
pub const RESOURCE_FIELDS: [&str; 4] = ["type", "name", "id", "output"];

/// Longest name, in characters. An ARM id of the longest names has some 500.
const NAME_CHARS_MAX: usize = 2048;

/// The terms, and the sources that the request names.
type Within<'a> = (&'a Terms, &'a [String]);

/// Whether a message is about a thing.
pub fn is_one(object: &Map<String, Value>) -> bool {
    MARKS.iter().any(|mark| object.contains_key(*mark))
}

/// What such a request says beyond what all requests say.
pub struct Common {
    /// Its id.
    pub id: Option<RequestId>,
    /// The law it invokes, where it says.
    pub regulation: Option<String>,
    /// When it was asked, where it says.
    pub submitted: Option<Timestamp>,
}

/// Reads it.
pub fn read(
    fields: ObjectAt<'_>,
    common: Common,
    terms: &Terms,
    faults: &mut Faults,
) -> Option<Request> {
    let object = fields.object;
    faults.strays(object, "", &FIELDS);
    let kind = kind(fields, faults);
    let with_dependents = flag(fields, "delete_dependent_resources", false, faults);
    let permanently = flag(fields, "permanently", true, faults);
    // Read and dropped it would delete for good what was to be had back.
    if !permanently && sort_of(object).is_some_and(|sort| sort != ThingKind::Workspace) {
        let text = "only a workspace can be deleted so that it can be had back";
        faults.add("/permanently", "not_of_a_resource", text);
    }
    // Whoever sends it learns of what is under way by `progressed` in any case.
    let _no_wait = flag(fields, "no_wait", false, faults);
    let options = extension::read(object, terms, faults);
    let is_export = kind == Some(RequestKind::ExportThing);
    if options.redact {
        let text = "on_erase is about what is held about a person";
        faults.add("/extensions/dsrd", "not_of_a_resource", text);
    }
    if options.encrypt_to.is_some() && !is_export {
        let text = "encrypt_to is about an archive, and only an export comes to one";
        faults.add("/extensions/dsrd", "not_of_a_resource", text);
    }
    let thing = match object.get("resource") {
        Some(Value::Object(resource)) => {
            let resource = ObjectAt { object: resource, at: "/resource" };
            thing(resource, kind, (terms, &options.sources), faults)
        }
        Some(_) => {
            faults.wrong_type("/resource", "an object");
            None
        }
        None => {
            faults.add("/resource", "missing", "resource is missing");
            None
        }
    };
    if with_dependents {
        dependents(object, kind, faults);
    }
    let callbacks = callbacks::read(fields.given("status_callback_urls"), None, terms, faults);
    let Common { id, regulation, submitted } = common;
    let (id, kind, thing) = (id?, kind?, thing?);
    let asked = Asked::Thing(Thing { with_dependents, permanently, ..thing });
    let regulation = regulation.unwrap_or_else(|| "gdpr".to_owned());
    let submitted = submitted.or(terms.now).unwrap_or_default();
    Some(Request { id, kind, regulation, submitted, asked, callbacks, options })
}

/// What sort of resource a message names, whatever else is wrong with it.
fn sort_of(object: &Map<String, Value>) -> Option<ThingKind> {
    let sort = object.get("resource").and_then(|resource| resource.get("type"));
    sort.and_then(Value::as_str).and_then(ThingKind::parse)
}

/// What is wrong with it that what depends on the resource is to go with it.
fn dependents(object: &Map<String, Value>, kind: Option<RequestKind>, faults: &mut Faults) {
    let (code, text) = match sort_of(object) {
        Some(ThingKind::Workspace) if kind.is_some_and(|kind| kind != RequestKind::DeleteThing) => {
            ("not_of_a_resource", "only what is deleted takes along what depends on it")
        }
        Some(ThingKind::Workspace) => return,
        Some(_) => ("not_of_a_resource", "only a workspace has resources that depend on it"),
        None => return,
    };
    faults.add("/delete_dependent_resources", code, text);
}

fn kind(fields: ObjectAt<'_>, faults: &mut Faults) -> Option<RequestKind> {
    let word = fields.text("resource_request_type", faults)?;
    let kind = RequestKind::of_thing(word);
    if kind.is_none() {
        let text = "resource_request_type is none of export, delete, unregister, archive";
        faults.add("/resource_request_type", "unknown_type", text);
    }
    kind
}

fn flag(fields: ObjectAt<'_>, field: &str, otherwise: bool, faults: &mut Faults) -> bool {
    match fields.given(field) {
        None => otherwise,
        Some(Value::Bool(flag)) => *flag,
        Some(_) => {
            faults.wrong_type(&fields.pointer(field), "true or false");
            otherwise
        }
    }
}

fn thing(
    fields: ObjectAt<'_>,
    kind: Option<RequestKind>,
    within: Within<'_>,
    faults: &mut Faults,
) -> Option<Thing> {
    faults.strays(fields.object, fields.at, &RESOURCE_FIELDS);
    let sort = sort(fields, kind, within, faults);
    let named = fields.object.get("type").and_then(Value::as_str).and_then(ThingKind::parse);
    let output = match fields.given("output") {
        None if named != Some(ThingKind::PipelineOutput) => None,
        Some(_) | None => name(fields, "output", faults),
    };
    // Read and dropped it would delete more than was asked for.
    if output.is_some() && named.is_some_and(|kind| kind != ThingKind::PipelineOutput) {
        let text = "only a pipeline_output has an output";
        faults.add("/resource/output", "not_of_a_resource", text);
    }
    let name = match (fields.given("name"), fields.given("id")) {
        (Some(_), Some(_)) => {
            let text = "resource has a name and an id, and they may be of two things";
            faults.add("/resource/id", "name_and_id", text);
            None
        }
        (None, Some(_)) => name(fields, "id", faults),
        (Some(_) | None, None) => name(fields, "name", faults),
    };
    Some(Thing { kind: sort?, name: name?, output, with_dependents: false, permanently: false })
}

/// What sort of thing it is, if that can be asked of it here.
fn sort(
    fields: ObjectAt<'_>,
    kind: Option<RequestKind>,
    (terms, wanted): Within<'_>,
    faults: &mut Faults,
) -> Option<ThingKind> {
    let pointer = fields.pointer("type");
    let Some(sort) = ThingKind::parse(fields.text("type", faults)?) else {
        let known = ThingKind::ALL.map(ThingKind::word).join(", ");
        faults.add(&pointer, "unknown_resource", format!("type is none of {known}"));
        return None;
    };
    if let Some(kind) = kind.filter(|kind| !kind.suits(sort)) {
        let admitted = RequestKind::ALL.into_iter().filter(|each| each.suits(sort));
        let admitted: Vec<&str> = admitted.map(RequestKind::word).collect();
        let sort = sort.word();
        let (admitted, verb) = (admitted.join(", "), kind.word());
        let text = format!(
            "of a {sort} only {admitted} can be asked; its service has no operation for {verb}"
        );
        faults.add("/resource_request_type", "verb_not_supported", text);
        return None;
    }
    // Refused rather than ignored: a resource that silently stayed would be counted as gone.
    let holds = |(source, kind): &(String, ThingKind)| {
        *kind == sort.held_as() && (wanted.is_empty() || wanted.contains(source))
    };
    if terms.things.as_ref().is_some_and(|known| !known.iter().any(holds)) {
        let sort = sort.word();
        let text = match wanted {
            [] => format!("no configured source holds resources of the type {sort}"),
            _ => format!("none of the sources named holds resources of the type {sort}"),
        };
        faults.add(&pointer, "resource_not_supported", text);
        return None;
    }
    Some(sort)
}

/// A name, as the service has it. Names are compared whole, so that nothing of one is cut off.
fn name(fields: ObjectAt<'_>, field: &str, faults: &mut Faults) -> Option<String> {
    let name = fields.text(field, faults)?;
    if name.chars().count() > NAME_CHARS_MAX {
        let text = format!("{field} is longer than {NAME_CHARS_MAX} characters");
        faults.add(&fields.pointer(field), "too_long", text);
        return None;
    }
    if name.contains(char::is_control) {
        let text = format!("{field} has control characters");
        faults.add(&fields.pointer(field), "control_characters", text);
        return None;
    }
    Some(name.trim().to_owned())
}
