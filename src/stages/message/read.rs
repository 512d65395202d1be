//! Reads a message: bytes in, a request, a decision or every fault out.

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::regulation::law::Law;
use crate::domain::request::{Asked, Request, RequestId, RequestKind};
use crate::domain::state::Signed;
use crate::ports::messages::inbox::Label;
use crate::stages::message::fault::{CLOCK_SKEW, Fault, Faults, Terms};
use crate::stages::message::fields::ObjectAt;
use crate::stages::message::identities;
use crate::stages::message::json::{self, BYTE_ORDER_MARK, DEPTH_MAX, Defect, Document};
use crate::stages::message::options::{callbacks, extension, recipients};
use crate::stages::message::path::Step;
use crate::stages::message::resource::{self, Common};
use crate::stages::message::unspoken::Unspoken;

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
    /// Take more time for it, once.
    Extend,
}

/// Everything that was wrong, and what could be told of the message all the same.
#[derive(Debug)]
pub struct Refusal {
    /// All faults, in the order of the message.
    pub faults: Vec<Fault>,
    /// The request id, if the message had a sound one that may be repeated.
    pub id: Option<RequestId>,
}

/// Longest actor and reason of a control message, in characters.
const DECISION_CHARS_MAX: usize = 1000;

/// The day the GDPR applies from. An earlier request is a slip of a clock or of a converter.
const GDPR_APPLIES: Timestamp = Timestamp::constant(1_527_206_400, 0);

/// Fields of a request.
pub const REQUEST_FIELDS: [&str; 11] = [
    "regulation",
    "api_version",
    "subject_request_id",
    "subject_request_type",
    "submitted_time",
    "subject_identities",
    "skip_waiting_period",
    "property_id",
    "group_id",
    "status_callback_urls",
    "extensions",
];
/// Fields of a decision.
pub const CONTROL_FIELDS: [&str; 4] = ["control", "subject_request_id", "actor", "reason"];

/// Reads a message: what stands on it, then its body. Where the terms ask for no signature, one
/// that comes is not looked at: it would vouch for nothing that somebody relies on.
///
/// # Errors
/// [`Refusal`] with every fault; of a message that nobody vouches for with that one alone.
pub fn read(body: &[u8], label: &Label, terms: &Terms) -> Result<Message, Refusal> {
    let signed = vouched(body, label.signature.as_deref(), terms)
        .map_err(|fault| Refusal { faults: vec![fault], id: None })?;
    let mut faults = Faults::default();
    check(label, &mut faults);
    if !faults.is_empty() {
        // A body of another form, or packed, would add nothing but noise.
        return Err(Refusal { faults: faults.into_list(), id: None });
    }
    let Some(document) = document(body, &mut faults) else {
        return Err(Refusal { faults: faults.into_list(), id: None });
    };
    let mut faults = Faults::in_a_message_about(Unspoken::of(&document));
    let Value::Object(object) = &document.value else {
        faults.add("", "not_an_object", "the message is JSON, but not an object");
        return Err(Refusal { faults: faults.into_list(), id: None });
    };
    let fields = ObjectAt { object, at: "" };
    let id = id(fields, &document, &mut faults);
    tell_duplicates(&document, &mut faults);
    let message = if resource::is_one(object) {
        about_a_thing(fields, id.clone(), terms, &mut faults)
            .map(|request| Message::Request(Box::new(request)))
    } else if object.contains_key("control") {
        control(fields, id.clone(), signed, &mut faults).map(Message::Control)
    } else {
        request(fields, id.clone(), terms, &mut faults).map(|r| Message::Request(Box::new(r)))
    };
    match message {
        Some(message) if faults.is_empty() => Ok(message),
        _ => Err(Refusal { faults: faults.into_list(), id }),
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
    // What was accepted once is read again without a time, and asks for no signature either.
    let asked = terms.trust.as_ref().zip(terms.now);
    let checked = asked.map(|(trust, now)| trust.check(body, signature, now));
    checked.transpose().map_err(|distrust| fault(distrust.code, distrust.message))
}

fn check(label: &Label, faults: &mut Faults) {
    if !label.content_type.as_deref().is_none_or(is_json) {
        let text = "the content type is neither application/json nor another of JSON";
        faults.add("", "content_type", text);
    }
    if !label.content_encoding.as_deref().is_none_or(is_plain) {
        let text = "the body is packed or encoded (content_encoding, the header compression of \
                    kombu, or a section of AMQP 1.0 that is neither text nor bytes); only plain \
                    bodies are read";
        faults.add("", "content_encoding", text);
    }
}

/// Whether a content encoding leaves the body as it is. Well-known client libraries write the
/// charset there, in all its spellings.
fn is_plain(coding: &str) -> bool {
    let coding: String = coding.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = ["", "identity", "utf8", "ascii", "usascii", "7bit", "8bit", "binary", "none"];
    plain.iter().any(|plain| coding.eq_ignore_ascii_case(plain))
}

/// Whether a media type is one of JSON, as <https://mimesniff.spec.whatwg.org/#json-mime-type> has
/// it. A charset says nothing: JSON between systems is UTF-8.
fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.split_once('/') {
        Some((kind, subtype)) => {
            let is_named = matches!(kind, "application" | "text") && subtype == "json";
            is_named || !kind.is_empty() && subtype.len() > 5 && subtype.ends_with("+json")
        }
        None => essence.is_empty(),
    }
}

fn document(body: &[u8], faults: &mut Faults) -> Option<Document> {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    // No JSON begins with NUL, but UTF-16 and UTF-32 have one beside each of its first characters.
    let text = std::str::from_utf8(body).ok().filter(|text| !text.bytes().take(4).any(|b| b == 0));
    let Some(text) = text else {
        faults.add("", "not_utf8", "the message is not UTF-8");
        return None;
    };
    if text.trim().is_empty() {
        faults.add("", "empty", "the message is empty");
        return None;
    }
    let (code, text) = match json::parse(text) {
        Ok(document) => return Some(document),
        Err(Defect::TooDeep) => ("too_deep", format!("nested deeper than {DEPTH_MAX} levels")),
        Err(Defect::BadNumber) => ("bad_number", "a number is out of all range".to_owned()),
        Err(Defect::NotJson { line, column }) => {
            ("not_json", format!("the message is not JSON: line {line} column {column}"))
        }
    };
    faults.add("", code, text);
    None
}

fn tell_duplicates(document: &Document, faults: &mut Faults) {
    let known = [
        REQUEST_FIELDS.as_slice(),
        &CONTROL_FIELDS,
        &extension::OPTION_FIELDS,
        &identities::ARRAY_FIELDS,
        &identities::DICTIONARY_FIELDS,
        &recipients::PASSPHRASE_FIELDS,
        &resource::FIELDS,
        &resource::RESOURCE_FIELDS,
        &["dsrd"],
    ]
    .concat();
    for path in &document.twice {
        let text = "the key stands here more than once, and programs differ in which one they read";
        faults.add(&faults.pointer_along(path, &known), "duplicate_key", text);
    }
}

/// The id, if it is sound, stands once and does not name the person: it is repeated in events.
fn id(fields: ObjectAt<'_>, document: &Document, faults: &mut Faults) -> Option<RequestId> {
    let field = match resource::is_one(fields.object) {
        true => "resource_request_id",
        false => "subject_request_id",
    };
    let id = match RequestId::new(fields.text(field, faults)?) {
        Ok(id) => id,
        Err(error) => {
            faults.add(&fields.pointer(field), "bad_id", error.to_string());
            return None;
        }
    };
    if faults.id_is_personal(id.as_str()) {
        let text = "the id contains an identity of the subject, and ids are not secret";
        faults.add(&fields.pointer(field), "id_names_subject", text);
        return None;
    }
    Some(id).filter(|_| !document.twice.contains(&vec![Step::Field(field.to_owned())]))
}

fn control(
    fields: ObjectAt<'_>,
    id: Option<RequestId>,
    signed: Option<Signed>,
    faults: &mut Faults,
) -> Option<Control> {
    faults.strays(fields.object, "", &CONTROL_FIELDS);
    let verb = fields.text("control", faults).and_then(|word| {
        let verb = Verb::ALL.into_iter().find(|verb| verb.word() == word);
        if verb.is_none() {
            let known = Verb::ALL.map(Verb::word).join(", ");
            faults.add("/control", "unknown_control", format!("control is none of {known}"));
        }
        verb
    });
    let actor = words(fields, "actor", faults);
    let reason = match fields.object.get("reason") {
        // The person is to be told of it.
        None if verb == Some(Verb::Extend) => words(fields, "reason", faults),
        None => Some(String::new()),
        Some(_) => words(fields, "reason", faults),
    };
    Some(Control { verb: verb?, id: id?, actor: actor?, reason: reason?, signed })
}

/// What a person wrote. It is shown on terminals, so nothing in it may move a cursor.
fn words(fields: ObjectAt<'_>, field: &str, faults: &mut Faults) -> Option<String> {
    let words = fields.text(field, faults)?.trim();
    if words.chars().count() > DECISION_CHARS_MAX {
        let text = format!("{field} is longer than {DECISION_CHARS_MAX} characters");
        faults.add(&fields.pointer(field), "too_long", text);
    }
    if words.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t')) {
        let text = format!("{field} has control characters");
        faults.add(&fields.pointer(field), "control_characters", text);
    }
    Some(words.to_owned())
}

fn request(
    fields: ObjectAt<'_>,
    id: Option<RequestId>,
    terms: &Terms,
    faults: &mut Faults,
) -> Option<Request> {
    let object = fields.object;
    faults.strays(object, "", &REQUEST_FIELDS);
    let regulation = regulation(fields, terms, faults);
    version(fields, faults);
    let kind = kind(fields, faults);
    let submitted = submitted(fields, terms, faults);
    let subject = identities::read(object.get("subject_identities"), terms, faults);
    for field in ["property_id", "group_id"] {
        // Read by others; a person could hide in another form.
        if !matches!(object.get(field), None | Some(Value::Null | Value::String(_))) {
            faults.wrong_type(&fields.pointer(field), "a string");
        }
    }
    // Of mParticle, which waits before it erases.
    let skips = object.get("skip_waiting_period");
    if !matches!(skips, None | Some(Value::Null | Value::Bool(_))) {
        faults.wrong_type(&fields.pointer("skip_waiting_period"), "true or false");
    }
    let urls = fields.given("status_callback_urls");
    let callbacks = callbacks::read(urls, subject.as_ref(), terms, faults);
    let options = extension::read(object, terms, faults);
    if options.due_time.zip(submitted).is_some_and(|(due, submitted)| due < submitted) {
        let text = "due_time lies before submitted_time";
        faults.add("/extensions/dsrd/due_time", "before_submitted", text);
    }
    let (id, regulation, kind) = (id?, regulation?, kind?);
    let (submitted, subject) = (submitted?, subject?);
    let asked = Asked::Person(subject);
    Some(Request { id, kind, regulation, submitted, asked, callbacks, options })
}

/// A request about a thing. By which law and when it was asked nobody has to say.
fn about_a_thing(
    fields: ObjectAt<'_>,
    id: Option<RequestId>,
    terms: &Terms,
    faults: &mut Faults,
) -> Option<Request> {
    version(fields, faults);
    let given = |field| fields.given(field).is_some();
    let regulation = given("regulation").then(|| regulation(fields, terms, faults)).flatten();
    let submitted = given("submitted_time").then(|| submitted(fields, terms, faults)).flatten();
    resource::read(fields, Common { id, regulation, submitted }, terms, faults)
}

fn submitted(fields: ObjectAt<'_>, terms: &Terms, faults: &mut Faults) -> Option<Timestamp> {
    let time = fields.time("submitted_time", faults)?;
    let now = terms.now.unwrap_or(time);
    if time.duration_since(now) > CLOCK_SKEW {
        faults.add("/submitted_time", "in_the_future", "submitted_time lies in the future");
    }
    if GDPR_APPLIES.duration_since(time) > CLOCK_SKEW {
        let text = "submitted_time lies before 2018-05-25, when the GDPR began to apply";
        faults.add("/submitted_time", "too_old", text);
    }
    Some(time)
}

fn regulation(fields: ObjectAt<'_>, terms: &Terms, faults: &mut Faults) -> Option<String> {
    let word = fields.text("regulation", faults)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if word.len() > 32 || !word.chars().all(plain) {
        let text = "regulation is no short word such as gdpr";
        faults.add("/regulation", "bad_regulation", text);
        return None;
    }
    // What was accepted once stays readable, whichever laws this version knows.
    if Law::parse(word).is_none() && terms.now.is_some() {
        let known = Law::ALL.map(Law::word).join(", ");
        faults.add("/regulation", "unknown_regulation", format!("regulation is none of {known}"));
        return None;
    }
    Some(word.to_ascii_lowercase())
}

/// Versions 1 to 3 of the protocol name the fields that we read alike.
fn version(fields: ObjectAt<'_>, faults: &mut Faults) {
    if fields.given("api_version").is_none() {
        return;
    }
    let Some(version) = fields.text("api_version", faults) else { return };
    let is_number = |part: &str| {
        (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let mut parts = version.split('.');
    if !matches!(parts.next(), Some("1" | "2" | "3")) || !parts.all(is_number) {
        let text = "api_version is none of 1.0, 2.0, 3.0";
        faults.add("/api_version", "unknown_version", text);
    }
}

fn kind(fields: ObjectAt<'_>, faults: &mut Faults) -> Option<RequestKind> {
    let kind = RequestKind::of_person(fields.text("subject_request_type", faults)?);
    if kind.is_none() {
        let text = "subject_request_type is none of access, portability, erasure";
        faults.add("/subject_request_type", "unknown_type", text);
    }
    kind
}

impl Verb {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 5] =
        [Self::Approve, Self::Reject, Self::Retry, Self::Extend, Self::Cancel];

    /// The word of the message.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Retry => "retry",
            Self::Extend => "extend",
        }
    }
}
