//! Reads a message: bytes in, a request, a decision or every fault out.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::domain::request::{Options, Request, RequestId, RequestKind};
use crate::domain::state::Signed;
use crate::stages::message::fault::{CLOCK_SKEW, Fault, Faults, Terms, pointer_to};
use crate::stages::message::{callbacks, identities};

/// What a producer sent.
#[derive(Debug)]
pub enum Message {
    /// A request of a data subject.
    Request(Box<Request>),
    /// A person's decision about an earlier request.
    Control(Control),
}

/// A decision about an earlier request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// What is to be done.
    pub verb: Verb,
    /// With which request.
    pub id: RequestId,
    /// Who decided.
    pub actor: String,
    /// Why; may be empty.
    pub reason: String,
    /// Who vouched for it, where messages must be signed.
    pub signed: Option<Signed>,
}

/// The decisions that people take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Withdraw the request.
    Cancel,
    /// Let a held request go on.
    Approve,
    /// Stop a held request.
    Reject,
    /// Try a failed request again.
    Retry,
}

/// Everything that was wrong, and what could be told of the message all the same.
#[derive(Debug)]
pub struct Refusal {
    /// All faults, in the order of the message.
    pub faults: Vec<Fault>,
    /// The request id, if the message had a sound one.
    pub id: Option<RequestId>,
}

/// Longest actor and reason of a control message, in characters.
const DECISION_CHARS_MAX: usize = 1000;

const REQUEST_FIELDS: [&str; 10] = [
    "regulation",
    "api_version",
    "subject_request_id",
    "subject_request_type",
    "submitted_time",
    "subject_identities",
    "property_id",
    "group_id",
    "status_callback_urls",
    "extensions",
];
const CONTROL_FIELDS: [&str; 4] = ["control", "subject_request_id", "actor", "reason"];
const OPTION_FIELDS: [&str; 6] =
    ["sources", "dry_run", "on_erase", "encrypt_to", "language", "due_time"];

/// Reads a message, of which `signature` came beside the body. Where the terms ask for none, one
/// that comes is not looked at: it would vouch for nothing that somebody relies on.
///
/// # Errors
/// [`Refusal`] with every fault; of a message that nobody vouches for with that one alone.
pub fn read(body: &[u8], signature: Option<&str>, terms: &Terms) -> Result<Message, Refusal> {
    let signed = vouched(body, signature, terms)
        .map_err(|fault| Refusal { faults: vec![fault], id: None })?;
    let mut faults = Faults::default();
    let Some(object) = object(body, &mut faults) else {
        return Err(Refusal { faults: faults.0, id: None });
    };
    let id = id(&object, &mut faults);
    let message = if object.contains_key("control") {
        control(&object, id.clone(), signed, &mut faults).map(Message::Control)
    } else {
        request(&object, id.clone(), terms, &mut faults).map(|r| Message::Request(Box::new(r)))
    };
    match message {
        Some(message) if faults.0.is_empty() => Ok(message),
        _ => Err(Refusal { faults: faults.0, id }),
    }
}

/// Who signed the message, where somebody must have. A message that is too long comes cut, and then
/// its signature is no longer right: it is told its length first.
fn vouched(body: &[u8], signature: Option<&str>, terms: &Terms) -> Result<Option<Signed>, Fault> {
    let most = terms.message_bytes_max;
    let fault = |code, message| Fault { pointer: String::new(), code, message };
    if body.len() > most {
        return Err(fault("too_large", format!("the message is longer than {most} bytes")));
    }
    let checked = terms.trust.as_ref().map(|trust| trust.check(body, signature, terms.now));
    checked.transpose().map_err(|distrust| fault(distrust.code, distrust.message))
}

fn object(body: &[u8], faults: &mut Faults) -> Option<Map<String, Value>> {
    // RFC 8259 section 8.1 lets a parser ignore a byte order mark.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let Ok(text) = std::str::from_utf8(body) else {
        faults.add("", "not_utf8", "the message is not UTF-8");
        return None;
    };
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Some(object),
        Ok(_) => {
            faults.add("", "not_an_object", "the message is JSON, but not an object");
            None
        }
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            let text = format!("the message is not JSON: line {line} column {column}");
            faults.add("", "not_json", text);
            None
        }
    }
}

fn id(object: &Map<String, Value>, faults: &mut Faults) -> Option<RequestId> {
    let pointer = "/subject_request_id";
    if let Some(key) = object.keys().find(|key| key.starts_with("resource_request_")) {
        // Refused rather than ignored: a resource that silently stayed would be counted as gone.
        let text = "requests about a resource are not served by this version";
        faults.add(&pointer_to("", key), "resource_not_supported", text);
        return None;
    }
    let text = text(object, "subject_request_id", faults)?;
    match RequestId::new(text) {
        Ok(id) => Some(id),
        Err(error) => {
            faults.add(pointer, "bad_id", error.to_string());
            None
        }
    }
}

fn control(
    object: &Map<String, Value>,
    id: Option<RequestId>,
    signed: Option<Signed>,
    faults: &mut Faults,
) -> Option<Control> {
    faults.strays(object, "", &CONTROL_FIELDS);
    let verb = match text(object, "control", faults) {
        Some("cancel") => Some(Verb::Cancel),
        Some("approve") => Some(Verb::Approve),
        Some("reject") => Some(Verb::Reject),
        Some("retry") => Some(Verb::Retry),
        Some(_) => {
            let text = "control is none of cancel, approve, reject, retry";
            faults.add("/control", "unknown_control", text);
            None
        }
        None => None,
    };
    let mut words = |field| {
        let words = text(object, field, faults)?;
        if words.chars().count() > DECISION_CHARS_MAX {
            let text = format!("{field} is longer than {DECISION_CHARS_MAX} characters");
            faults.add(&pointer_to("", field), "too_long", text);
        }
        Some(words.to_owned())
    };
    let actor = words("actor");
    let reason = if object.contains_key("reason") { words("reason") } else { Some(String::new()) };
    Some(Control { verb: verb?, id: id?, actor: actor?, reason: reason?, signed })
}

fn request(
    object: &Map<String, Value>,
    id: Option<RequestId>,
    terms: &Terms,
    faults: &mut Faults,
) -> Option<Request> {
    faults.strays(object, "", &REQUEST_FIELDS);
    let regulation = regulation(object, faults);
    version(object, faults);
    let kind = kind(object, faults);
    let submitted = time(object, "", "submitted_time", faults);
    if submitted.is_some_and(|time| time > terms.now + CLOCK_SKEW) {
        let text = "submitted_time lies in the future";
        faults.add("/submitted_time", "in_the_future", text);
    }
    let subject = identities::read(object.get("subject_identities"), terms, faults);
    let urls = object.get("status_callback_urls");
    let callbacks = callbacks::read(urls, subject.as_ref(), terms, faults);
    let options = options(object, terms, faults);
    if let (Some(id), Some(subject)) = (&id, &subject) {
        let id = id.as_str().to_lowercase();
        if subject.identities.iter().any(|one| id.contains(&one.expose().to_lowercase())) {
            let text = "the id contains an identity of the subject, and ids are not secret";
            faults.add("/subject_request_id", "id_names_subject", text);
        }
    }
    let (id, regulation, kind) = (id?, regulation?, kind?);
    let (submitted, subject) = (submitted?, subject?);
    Some(Request { id, kind, regulation, submitted, subject, callbacks, options })
}

fn regulation(object: &Map<String, Value>, faults: &mut Faults) -> Option<String> {
    let word = text(object, "regulation", faults)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if word.len() > 32 || !word.chars().all(plain) {
        let text = "regulation is no short word such as gdpr";
        faults.add("/regulation", "bad_regulation", text);
        return None;
    }
    Some(word.to_ascii_lowercase())
}

/// Versions 1 to 3 of the protocol name the fields that we read alike.
fn version(object: &Map<String, Value>, faults: &mut Faults) {
    if !object.contains_key("api_version") {
        return;
    }
    let version = text(object, "api_version", faults);
    if version.is_some_and(|v| !matches!(v.split('.').next(), Some("1" | "2" | "3"))) {
        let text = "api_version is none of 1.0, 2.0, 3.0";
        faults.add("/api_version", "unknown_version", text);
    }
}

fn kind(object: &Map<String, Value>, faults: &mut Faults) -> Option<RequestKind> {
    let kind = RequestKind::parse(text(object, "subject_request_type", faults)?);
    if kind.is_none() {
        let text = "subject_request_type is none of access, portability, erasure";
        faults.add("/subject_request_type", "unknown_type", text);
    }
    kind
}

fn options(object: &Map<String, Value>, terms: &Terms, faults: &mut Faults) -> Options {
    let mut options = Options::default();
    let extensions = match object.get("extensions") {
        None | Some(Value::Null) => return options,
        Some(Value::Object(extensions)) => extensions,
        Some(_) => {
            faults.wrong_type("/extensions", "an object");
            return options;
        }
    };
    // Extensions of others are theirs; only ours is read.
    let ours = match extensions.get("dsrd") {
        None | Some(Value::Null) => return options,
        Some(Value::Object(ours)) => ours,
        Some(_) => {
            faults.wrong_type("/extensions/dsrd", "an object");
            return options;
        }
    };
    let at = "/extensions/dsrd";
    faults.strays(ours, at, &OPTION_FIELDS);
    options.sources = sources(ours.get("sources"), terms, faults);
    match ours.get("dry_run") {
        None => {}
        Some(Value::Bool(dry)) => options.dry_run = *dry,
        Some(_) => faults.wrong_type(&format!("{at}/dry_run"), "true or false"),
    }
    match ours.get("on_erase") {
        None => {}
        Some(Value::String(word)) if word == "delete" => {}
        Some(_) => {
            // To delete where redaction was asked for would destroy what others still need.
            let text = "on_erase can only be delete in this version";
            faults.add(&format!("{at}/on_erase"), "not_supported", text);
        }
    }
    if ours.contains_key("encrypt_to") {
        let text = "archives cannot be encrypted by this version, and are not written in the clear \
                    where encryption was asked for";
        faults.add(&format!("{at}/encrypt_to"), "not_supported", text);
    }
    match ours.get("language") {
        None => {}
        Some(Value::String(tag)) if is_language(tag) => options.language = Some(tag.clone()),
        Some(_) => {
            let text = "language is no BCP 47 tag such as ja";
            faults.add(&format!("{at}/language"), "bad_language", text);
        }
    }
    if ours.contains_key("due_time") {
        options.due_time = time(ours, at, "due_time", faults);
    }
    options
}

fn sources(value: Option<&Value>, terms: &Terms, faults: &mut Faults) -> Vec<String> {
    let at = "/extensions/dsrd/sources";
    let names = match value {
        None => return Vec::new(),
        Some(Value::Array(names)) if !names.is_empty() => names,
        Some(_) => {
            faults.wrong_type(at, "a list of source names");
            return Vec::new();
        }
    };
    let mut wanted = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let known = |name: &&str| {
            terms.sources.as_ref().is_none_or(|known| known.iter().any(|known| known == name))
        };
        match name.as_str().filter(known) {
            Some(name) => wanted.push(name.to_owned()),
            None => {
                let known = terms.sources.as_deref().unwrap_or_default().join(", ");
                let text = format!("no source of that name; there are {known}");
                faults.add(&format!("{at}/{index}"), "unknown_source", text);
            }
        }
    }
    wanted
}

fn is_language(tag: &str) -> bool {
    let part =
        |part: &str| (1..=8).contains(&part.len()) && part.chars().all(char::is_alphanumeric);
    tag.is_ascii() && tag.len() <= 35 && tag.split('-').all(part)
}

fn text<'a>(object: &'a Map<String, Value>, field: &str, faults: &mut Faults) -> Option<&'a str> {
    let pointer = pointer_to("", field);
    match object.get(field) {
        Some(Value::String(text)) if !text.trim().is_empty() => Some(text.trim()),
        Some(Value::String(_)) => {
            faults.add(&pointer, "empty", format!("{field} is empty"));
            None
        }
        Some(_) => {
            faults.wrong_type(&pointer, "a string");
            None
        }
        None => {
            faults.add(&pointer, "missing", format!("{field} is missing"));
            None
        }
    }
}

fn time(
    object: &Map<String, Value>,
    at: &str,
    field: &str,
    faults: &mut Faults,
) -> Option<Timestamp> {
    let pointer = pointer_to(at, field);
    let Some(text) = object.get(field).and_then(Value::as_str) else {
        let code = if object.contains_key(field) { "wrong_type" } else { "missing" };
        faults.add(&pointer, code, format!("{field} must be an RFC 3339 time"));
        return None;
    };
    let time = text.parse().ok();
    if time.is_none() {
        let text = format!("{field} is no RFC 3339 time such as 2026-11-23T09:00:00Z");
        faults.add(&pointer, "bad_time", text);
    }
    time
}

impl Verb {
    /// The word of the message.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Retry => "retry",
        }
    }
}
