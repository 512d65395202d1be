//! One bad message of the table, and how it is made.

use dsrd::ports::messages::inbox::Label;
use serde_json::{Value, json};

use crate::support::bad_input::{
    callbacks, decisions, fields, identities, properties, resources, texts,
};

/// A message at fault.
#[derive(Clone)]
pub struct Row {
    /// What is wrong, in words.
    pub name: String,
    /// The message; `CANARY` stands for a word of the person's, `ROW` for an id.
    pub text: String,
    /// How the text is written.
    pub encode: fn(&str) -> Vec<u8>,
    /// Media type and coding.
    pub label: Label,
    /// Other AMQP properties: reply queue, correlation id, message id.
    pub reply_to: String,
    pub correlation_id: Option<String>,
    pub message_id: Option<String>,
    /// Pointer and code of each fault, in order.
    pub faults: Vec<(String, &'static str)>,
    /// Why a schema admits it; `None` where it refuses it, or where it is no JSON.
    pub beyond_schema: Option<&'static str>,
    /// Whether only what is in the ledger shows the fault.
    pub is_of_ledger: bool,
    /// Its place in the table.
    pub number: usize,
}

/// Where producers of the table want their answers.
pub const ANSWERS: &str = "answers";

/// The id of the good request that stands in the ledger before any row.
pub const FIRST_ID: &str = "good-0";

/// The whole table.
pub fn rows() -> Vec<Row> {
    let mut rows = [
        texts::not_json(),
        texts::encodings(),
        texts::too_much(),
        texts::duplicates(),
        texts::duplicate_people(),
        texts::duplicate_options(),
        fields::wrong_types(),
        fields::missing(),
        fields::values(),
        fields::times(),
        fields::unknown(),
        fields::options(),
        fields::recipients(),
        callbacks::urls(),
        identities::lists(),
        identities::dictionaries(),
        identities::values(),
        identities::look_alikes(),
        decisions::controls(),
        decisions::ids(),
        resources::resources(),
        decisions::of_the_ledger(),
        properties::labels(),
        properties::hostile(),
    ]
    .concat();
    for (number, row) in rows.iter_mut().enumerate() {
        row.number = number;
    }
    rows
}

/// A request that is good until something in it is changed.
pub fn good() -> Value {
    json!({
        "regulation": "gdpr",
        "api_version": "2.0",
        "subject_request_id": "ROW",
        "subject_request_type": "access",
        "submitted_time": "2026-11-23T09:00:00Z",
        "subject_identities": [
            { "identity_type": "email", "identity_value": "CANARY@leaky.example",
              "identity_format": "raw" },
        ],
        "extensions": { "dsrd": {} },
    })
}

/// A text with one fault of the whole.
pub fn text(name: &str, text: impl Into<String>, code: &'static str) -> Row {
    Row {
        name: name.to_owned(),
        text: text.into(),
        encode: |text| text.as_bytes().to_vec(),
        label: Label::default(),
        reply_to: ANSWERS.to_owned(),
        correlation_id: None,
        message_id: None,
        faults: vec![(String::new(), code)],
        beyond_schema: None,
        is_of_ledger: false,
        number: 0,
    }
}

/// The good request with another value at `pointer`, which is its fault.
pub fn set(pointer: &str, value: Value, code: &'static str) -> Row {
    let shown: String = value.to_string().chars().take(40).collect();
    let mut message = good();
    put(&mut message, pointer, value);
    text(&format!("{pointer} is {shown}"), message.to_string(), code).at(&[(pointer, code)])
}

/// Writes a value into a message; the last step of `pointer` may be new.
pub fn put(message: &mut Value, pointer: &str, value: Value) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match message.pointer_mut(parent).unwrap() {
        Value::Object(object) => drop(object.insert(key.to_owned(), value)),
        Value::Array(list) => list[key.parse::<usize>().unwrap()] = value,
        _ => panic!("nothing can be put below {parent}"),
    }
}

impl Row {
    /// With these faults.
    pub fn at(mut self, faults: &[(&str, &'static str)]) -> Self {
        self.faults = faults.iter().map(|(at, code)| ((*at).to_owned(), *code)).collect();
        self
    }

    /// Under another name.
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Written in another way.
    pub fn encoded(mut self, encode: fn(&str) -> Vec<u8>) -> Self {
        self.encode = encode;
        self
    }

    /// Admitted by the schema all the same.
    pub fn beyond_schema(mut self, why: &'static str) -> Self {
        self.beyond_schema = Some(why);
        self
    }

    /// The message as it is sent.
    pub fn body(&self) -> Vec<u8> {
        let text = self.text.replace("CANARY", &self.canary());
        (self.encode)(&text.replace("ROW", &format!("row-{:03}", self.number)))
    }

    /// The word of the person's: it may stand in the message and nowhere else.
    pub fn canary(&self) -> String {
        format!("zyx{:03}canary", self.number)
    }

    /// What its producer knows the answer by.
    pub fn correlation(&self) -> String {
        let number = self.number;
        self.correlation_id
            .clone()
            .map_or_else(|| format!("c-{number}"), |id| format!("{id}{number}"))
    }

    /// The reason in the headers of the dead letter.
    pub fn reason(&self) -> String {
        let reasons: Vec<String> = self
            .faults
            .iter()
            .map(|(pointer, code)| format!("{code} {pointer}").trim_end().to_owned())
            .collect();
        reasons.join("; ")
    }
}
