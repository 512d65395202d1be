//! What a message is checked against, and what is wrong with it.
//!
//! A fault names its place by JSON Pointer, a stable code and a sentence; none quotes a value, and
//! a pointer holds only names that look like field names, because a hostile or clumsy producer may
//! put a person's address where a key belongs.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::domain::callbacks::rule::CallbackRule;
use crate::stages::message::signature::Trust;

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
    /// Whom callbacks may go to; `None` takes no URLs, and refuses none.
    pub callbacks: Option<CallbackRule>,
    /// When the message is read.
    pub now: Timestamp,
    /// Who must have signed it; `None` asks for no signature.
    pub trust: Option<Arc<Trust>>,
}

/// Collects faults while a message is read.
#[derive(Default)]
pub struct Faults(pub Vec<Fault>);

/// Clocks of producers may run ahead of ours by this much.
pub const CLOCK_SKEW: SignedDuration = SignedDuration::from_hours(24);

impl Terms {
    /// The terms for a request that was accepted once: whatever was admitted then is admitted now.
    pub fn of_the_ledger() -> Self {
        Self {
            message_bytes_max: usize::MAX,
            identities_max: usize::MAX,
            identity_chars_min: 1,
            // A source may have been taken out of the configuration since.
            sources: None,
            callbacks: None,
            now: Timestamp::MAX - CLOCK_SKEW,
            // It was checked when it came in.
            trust: None,
        }
    }
}

impl Faults {
    /// Adds a fault.
    pub fn add(&mut self, pointer: &str, code: &'static str, message: impl Into<String>) {
        self.0.push(Fault { pointer: pointer.to_owned(), code, message: message.into() });
    }

    /// Adds the fault that the value at `pointer` should have been `wanted`.
    pub fn wrong_type(&mut self, pointer: &str, wanted: &str) {
        self.add(pointer, "wrong_type", format!("this must be {wanted}"));
    }

    /// Adds a fault for each field that is not among `known`.
    pub fn strays(&mut self, object: &Map<String, Value>, at: &str, known: &[&str]) {
        for field in object.keys().filter(|field| !known.contains(&field.as_str())) {
            let text = format!("unknown field; known are {}", known.join(", "));
            self.add(&pointer_to(at, field), "unknown_field", text);
        }
    }
}

/// The pointer to `field` under `at`; where the name does not look like a field's, to `at` itself.
pub fn pointer_to(at: &str, field: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if (1..=64).contains(&field.len()) && field.chars().all(plain) {
        format!("{at}/{field}")
    } else {
        at.to_owned()
    }
}
