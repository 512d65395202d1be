//! `extensions.dsrd`: the part of a request that is ours.
//!
//! An unknown option is refused: a misspelt `dry_run` must not erase.

use jiff::SignedDuration;
use serde_json::{Map, Value};

use crate::domain::request::Options;
use crate::stages::message::fault::{Faults, Terms};
use crate::stages::message::fields::{ObjectAt, is_blank};
use crate::stages::message::options::recipients;

/// Its fields.
pub const OPTION_FIELDS: [&str; 6] =
    ["sources", "dry_run", "on_erase", "encrypt_to", "language", "due_time"];

/// Where it stands.
const AT: &str = "/extensions/dsrd";

/// The farthest due time. The law gives three months at the very most (Art. 12(3)); what lies
/// beyond a year is a slip, and would let a request wait unseen.
const DUE_MAX: SignedDuration = SignedDuration::from_hours(366 * 24);

/// Longest language tag, as RFC 5646 advises (section 4.4.1).
const LANGUAGE_BYTES_MAX: usize = 35;

/// Reads the options of a request; without any, the defaults.
pub fn read(object: &Map<String, Value>, terms: &Terms, faults: &mut Faults) -> Options {
    // Extensions of others are theirs; only ours is read.
    let ours = inner(object, "extensions", "/extensions", faults)
        .and_then(|extensions| inner(extensions, "dsrd", AT, faults));
    let Some(ours) = ours else { return Options::default() };
    faults.strays(ours, AT, &OPTION_FIELDS);
    let fields = ObjectAt { object: ours, at: AT };
    Options {
        sources: sources(fields.given("sources"), terms, faults),
        dry_run: dry_run(fields, faults),
        redact: redact(fields, faults),
        encrypt_to: recipients::read(fields.given("encrypt_to"), faults),
        language: language(fields, faults),
        due_time: due_time(fields, terms, faults),
    }
}

/// The object in `field`, which stands at `pointer`; null or an empty text is as good as none.
fn inner<'a>(
    object: &'a Map<String, Value>,
    field: &str,
    pointer: &str,
    faults: &mut Faults,
) -> Option<&'a Map<String, Value>> {
    match object.get(field)? {
        blank if is_blank(blank) => None,
        Value::Object(inner) => Some(inner),
        _ => {
            faults.wrong_type(pointer, "an object");
            None
        }
    }
}

fn dry_run(fields: ObjectAt<'_>, faults: &mut Faults) -> bool {
    match fields.given("dry_run") {
        None => false,
        Some(Value::Bool(dry)) => *dry,
        Some(_) => {
            faults.wrong_type(&fields.pointer("dry_run"), "true or false");
            false
        }
    }
}

fn redact(fields: ObjectAt<'_>, faults: &mut Faults) -> bool {
    if fields.given("on_erase").is_none() {
        return false;
    }
    let word = fields.text("on_erase", faults);
    if word.is_some_and(|word| !matches!(word, "delete" | "redact")) {
        let text = "on_erase is delete or redact";
        faults.add(&fields.pointer("on_erase"), "unknown_action", text);
    }
    word == Some("redact")
}

fn language(fields: ObjectAt<'_>, faults: &mut Faults) -> Option<String> {
    fields.given("language")?;
    let tag = fields.text("language", faults)?;
    if !is_language(tag) {
        let text = "language is no BCP 47 tag such as ja";
        faults.add(&fields.pointer("language"), "bad_language", text);
    }
    Some(tag.to_owned())
}

fn due_time(fields: ObjectAt<'_>, terms: &Terms, faults: &mut Faults) -> Option<jiff::Timestamp> {
    fields.given("due_time")?;
    let due = fields.time("due_time", faults)?;
    if terms.now.is_some_and(|now| due.duration_since(now) > DUE_MAX) {
        let text = "due_time lies more than a year ahead";
        faults.add(&fields.pointer("due_time"), "too_far_ahead", text);
    }
    Some(due)
}

fn sources(value: Option<&Value>, terms: &Terms, faults: &mut Faults) -> Vec<String> {
    let at = "/extensions/dsrd/sources";
    let names = match value {
        None => return Vec::new(),
        Some(Value::Array(names)) if !names.is_empty() => names,
        Some(Value::Array(_)) => {
            faults.add(at, "empty", "no source is named; leave the field out for all of them");
            return Vec::new();
        }
        Some(_) => {
            faults.wrong_type(at, "a list of source names");
            return Vec::new();
        }
    };
    let each = names.iter().enumerate();
    each.filter_map(|(index, name)| source(name, &format!("{at}/{index}"), terms, faults)).collect()
}

fn source(name: &Value, at: &str, terms: &Terms, faults: &mut Faults) -> Option<String> {
    let Some(name) = name.as_str() else {
        faults.wrong_type(at, "a string");
        return None;
    };
    if let Some(known) = &terms.sources
        && !known.iter().any(|known| known == name)
    {
        let text = format!("no source of that name; there are {}", known.join(", "));
        faults.add(at, "unknown_source", text);
        return None;
    }
    Some(name.to_owned())
}

/// A language of letters, then parts of letters and digits; each has eight at most.
fn is_language(tag: &str) -> bool {
    let part = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let first = tag.split('-').next().unwrap_or_default();
    let is_word = first.len() >= 2 && first.bytes().all(|byte| byte.is_ascii_alphabetic());
    tag.len() <= LANGUAGE_BYTES_MAX && is_word && tag.split('-').all(part)
}
