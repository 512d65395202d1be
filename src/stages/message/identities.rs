//! `subject_identities`, in the array form of `OpenDSR` 2.0 and the dictionary form of mParticle's
//! v3.

use serde_json::{Map, Value};

use crate::domain::subject::{Identity, IdentityFormat, IdentityType, Subject};
use crate::matching::identity::weakness::weakness;
use crate::stages::message::fault::{Faults, Terms};

/// Fields of one identity in the array form.
pub const ARRAY_FIELDS: [&str; 3] = ["identity_type", "identity_value", "identity_format"];
/// Fields of one identity in the dictionary form.
pub const DICTIONARY_FIELDS: [&str; 2] = ["value", "encoding"];

/// Reads the identities; `None` if any of them is at fault.
pub fn read(value: Option<&Value>, terms: &Terms, faults: &mut Faults) -> Option<Subject> {
    let at = "/subject_identities";
    let found: Vec<Option<Identity>> = match value {
        None => {
            faults.add(at, "missing", "subject_identities is missing");
            return None;
        }
        Some(Value::Array(list)) => {
            bounded(list.len(), terms, faults)?;
            let each = list.iter().enumerate();
            each.map(|(index, one)| from_array(one, &format!("{at}/{index}"), terms, faults))
                .collect()
        }
        Some(Value::Object(by_type)) => {
            bounded(by_type.len(), terms, faults)?;
            let each = by_type.iter();
            each.map(|(word, one)| from_dictionary(word, one, terms, faults)).collect()
        }
        Some(_) => {
            faults.wrong_type(at, "a list or an object");
            return None;
        }
    };
    let identities: Option<Vec<Identity>> = found.into_iter().collect();
    Some(Subject { identities: identities? })
}

fn bounded(count: usize, terms: &Terms, faults: &mut Faults) -> Option<()> {
    let at = "/subject_identities";
    if count == 0 {
        faults.add(at, "empty", "a request without identities is about nobody");
        return None;
    }
    if count > terms.identities_max {
        let most = terms.identities_max;
        faults.add(at, "too_many", format!("more than {most} identities"));
        return None;
    }
    Some(())
}

fn from_array(one: &Value, at: &str, terms: &Terms, faults: &mut Faults) -> Option<Identity> {
    let Value::Object(object) = one else {
        faults.wrong_type(at, "an object");
        return None;
    };
    faults.strays(object, at, &ARRAY_FIELDS);
    let kind = kind(object.get("identity_type"), &format!("{at}/identity_type"), faults);
    let spelling =
        Spelling { at: at.to_owned(), value: "identity_value", format: "identity_format" };
    spelling.identity(object, kind, terms, faults)
}

fn from_dictionary(
    word: &str,
    one: &Value,
    terms: &Terms,
    faults: &mut Faults,
) -> Option<Identity> {
    let at = match IdentityType::parse(word) {
        Some(_) => format!("/subject_identities/{word}"),
        None => faults.pointer_to("/subject_identities", word),
    };
    let kind = kind(Some(&Value::from(word)), &at, faults);
    let Value::Object(object) = one else {
        faults.wrong_type(&at, "an object with value and encoding");
        return None;
    };
    faults.strays(object, &at, &DICTIONARY_FIELDS);
    Spelling { at, value: "value", format: "encoding" }.identity(object, kind, terms, faults)
}

fn kind(value: Option<&Value>, at: &str, faults: &mut Faults) -> Option<IdentityType> {
    let word = string(value, at, "identity_type", faults)?;
    let kind = IdentityType::parse(word);
    if kind.is_none() {
        let known = IdentityType::ALL.map(IdentityType::as_str).join(", ");
        faults.add(at, "unknown_identity_type", format!("the type is none of {known}"));
    }
    kind
}

fn string<'a>(
    value: Option<&'a Value>,
    at: &str,
    field: &str,
    faults: &mut Faults,
) -> Option<&'a str> {
    match value {
        None => faults.add(at, "missing", format!("{field} is missing")),
        Some(Value::String(text)) => return Some(text),
        Some(_) => faults.wrong_type(at, "a string"),
    }
    None
}

/// Where one identity stands in the message and what its fields are called there.
struct Spelling {
    at: String,
    value: &'static str,
    format: &'static str,
}

impl Spelling {
    fn identity(
        &self,
        object: &Map<String, Value>,
        kind: Option<IdentityType>,
        terms: &Terms,
        faults: &mut Faults,
    ) -> Option<Identity> {
        let format = self.format(object.get(self.format), kind, faults);
        let at = format!("{}/{}", self.at, self.value);
        let value = string(object.get(self.value), &at, self.value, faults)?;
        let (kind, format) = (kind?, format?);
        let identity = Identity::new(kind, format, value.trim().to_owned());
        // What was accepted once is searched for, whatever this version thinks of it.
        match terms.now.and_then(|_| weakness(&identity, terms.identity_chars_min)) {
            None => Some(identity),
            Some((code, text)) => {
                faults.add(&at, code, text);
                None
            }
        }
    }

    fn format(
        &self,
        value: Option<&Value>,
        kind: Option<IdentityType>,
        faults: &mut Faults,
    ) -> Option<IdentityFormat> {
        let at = format!("{}/{}", self.at, self.format);
        if value.is_none() {
            return Some(IdentityFormat::Raw);
        }
        match (string(value, &at, self.format, faults)?, kind) {
            ("raw", _) => return Some(IdentityFormat::Raw),
            ("sha256", Some(IdentityType::Email | IdentityType::Upn)) => {
                return Some(IdentityFormat::Sha256);
            }
            ("sha256", Some(_)) => {
                let text = "sha256 is understood for email and upn only";
                faults.add(&at, "format_not_supported", text);
            }
            // The type is at fault, and was told.
            ("sha256", None) => {}
            _ => faults.add(&at, "unknown_format", "the format is neither raw nor sha256"),
        }
        None
    }
}
