//! What a message is checked against, and what is wrong with it.
//!
//! A fault names its place by JSON Pointer, a stable code and a sentence; none quotes a value, and
//! a pointer holds only names that look like field names and none of a person's, because a hostile
//! or clumsy producer may put a person where a key belongs.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::domain::asked::thing::ThingKind;
use crate::domain::callbacks::rule::CallbackRule;
use crate::stages::message::path::{FAULTS_MAX, Step};
use crate::stages::message::signature::Trust;
use crate::stages::message::unspoken::Unspoken;

/// One thing that is wrong with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// JSON Pointer (RFC 6901) to the place.
    pub pointer: String,
    /// Stable code.
    pub code: &'static str,
    /// A sentence for people, free of personal data.
    pub message: String,
}

/// Bounds and circumstances that a message is checked against.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Longest body in bytes.
    pub message_bytes_max: usize,
    /// Most identities.
    pub identities_max: usize,
    /// Shortest identity in characters.
    pub identity_chars_min: usize,
    /// Names of the configured sources; `None` admits any name.
    pub sources: Option<Vec<String>>,
    /// The sorts of things that the configured sources hold, by source; `None` admits any.
    pub things: Option<Vec<(String, ThingKind)>>,
    /// Whom callbacks may go to; `None` takes no URLs, and refuses none.
    pub callbacks: Option<CallbackRule>,
    /// When the message is read; `None` admits any time.
    pub now: Option<Timestamp>,
    /// Who must have signed it; `None` asks for no signature.
    pub trust: Option<Arc<Trust>>,
}

/// Collects faults while a message is read.
#[derive(Default)]
pub struct Faults {
    listed: Vec<Fault>,
    has_more: bool,
    unspoken: Unspoken,
}

/// Clocks of producers may run ahead of ours by this much.
pub const CLOCK_SKEW: SignedDuration = SignedDuration::from_hours(24);

/// Longest pointer in bytes; a deeper place is named by one above it.
const POINTER_BYTES_MAX: usize = 256;

/// Longest key that can be a field name, in bytes.
const FIELD_BYTES_MAX: usize = 64;

impl Terms {
    /// The terms for a request that was accepted once: no setting and no clock refuses it now.
    pub fn of_the_ledger() -> Self {
        Self {
            message_bytes_max: usize::MAX,
            identities_max: usize::MAX,
            identity_chars_min: 1,
            // A source may have been taken out of the configuration since.
            sources: None,
            things: None,
            callbacks: None,
            now: None,
            // It was checked when it came in.
            trust: None,
        }
    }
}

impl Faults {
    /// No fault yet, in a message whose identities are these.
    pub fn in_a_message_about(unspoken: Unspoken) -> Self {
        Self { unspoken, ..Self::default() }
    }

    /// Adds a fault. The same one a second time, of places that share a pointer, says no more.
    pub fn add(&mut self, pointer: &str, code: &'static str, message: impl Into<String>) {
        let fault = Fault { pointer: pointer.to_owned(), code, message: message.into() };
        if self.listed.contains(&fault) {
            return;
        }
        if self.is_full() {
            self.has_more = true;
        } else {
            self.listed.push(fault);
        }
    }

    /// Adds the fault that the value at `pointer` should have been `wanted`.
    pub fn wrong_type(&mut self, pointer: &str, wanted: &str) {
        self.add(pointer, "wrong_type", format!("this must be {wanted}"));
    }

    /// Adds a fault for each field that is not among `known`.
    pub fn strays(&mut self, object: &Map<String, Value>, at: &str, known: &[&str]) {
        for field in object.keys().filter(|field| !known.contains(&field.as_str())) {
            let text = format!("unknown field; known are {}", known.join(", "));
            self.add(&self.pointer_to(at, field), "unknown_field", text);
            // A message of nothing but strays costs no more than one of a few.
            if self.has_more {
                return;
            }
        }
    }

    /// The pointer to a field that is none of ours, under `at`; to `at` itself where the name does
    /// not look like a field's, or may be the person's.
    pub fn pointer_to(&self, at: &str, field: &str) -> String {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let is_field = (1..=FIELD_BYTES_MAX).contains(&field.len()) && field.chars().all(plain);
        let fits = at.len() + 1 + field.len() <= POINTER_BYTES_MAX;
        if is_field && fits && !self.unspoken.is_in_key(field) {
            format!("{at}/{field}")
        } else {
            at.to_owned()
        }
    }

    /// The pointer to the place at the end of `path`, or to the last on the way that can be named.
    /// Fields among `known` are named in any case.
    pub fn pointer_along(&self, path: &[Step], known: &[&str]) -> String {
        let mut pointer = String::new();
        for step in path {
            let next = match step {
                Step::Field(field) if known.contains(&field.as_str()) => {
                    format!("{pointer}/{field}")
                }
                Step::Field(field) => self.pointer_to(&pointer, field),
                Step::Index(index) => format!("{pointer}/{index}"),
            };
            if next == pointer || next.len() > POINTER_BYTES_MAX {
                break;
            }
            pointer = next;
        }
        pointer
    }

    /// Whether an id holds what an identity of the message says.
    pub fn id_is_personal(&self, id: &str) -> bool {
        self.unspoken.is_in_id(id)
    }

    /// Whether no fault was added.
    pub fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    /// The faults, in the order of the message. Where there are more than [`FAULTS_MAX`], a last
    /// one says so.
    pub fn into_list(mut self) -> Vec<Fault> {
        if self.has_more {
            let message = format!("there are more faults than the {FAULTS_MAX} listed");
            self.listed.push(Fault { pointer: String::new(), code: "more_faults", message });
        }
        self.listed
    }

    fn is_full(&self) -> bool {
        self.listed.len() >= FAULTS_MAX
    }
}
