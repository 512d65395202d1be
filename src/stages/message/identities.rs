//! `subject_identities`, in the array form of `OpenDSR` 2.0 and the dictionary form of mParticle's
//! v3.
//!
//! Each value is checked against what its type looks like, and against a floor: an identity that is
//! too short or too common would find other people.

use serde_json::{Map, Value};

use crate::domain::subject::{Identity, IdentityFormat, IdentityType, Subject};
use crate::stages::message::fault::{Faults, Terms, pointer_to};

/// Longest identity, in characters. RFC 5321 bounds an address at 254; names can be longer.
const IDENTITY_CHARS_MAX: usize = 512;

/// Words that name nobody: searching for them would find everybody.
const COMMON: [&str; 22] = [
    "admin",
    "administrator",
    "anonymous",
    "azureuser",
    "default",
    "guest",
    "john doe",
    "n/a",
    "nobody",
    "none",
    "null",
    "root",
    "service",
    "system",
    "test",
    "unknown",
    "user",
    "username",
    "undefined",
    "azureml",
    "data",
    "shared",
];

const ARRAY_FIELDS: [&str; 3] = ["identity_type", "identity_value", "identity_format"];
const DICTIONARY_FIELDS: [&str; 2] = ["value", "encoding"];

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
    let place = Place { at: at.to_owned(), value: "identity_value", format: "identity_format" };
    place.identity(object, kind, terms, faults)
}

fn from_dictionary(
    word: &str,
    one: &Value,
    terms: &Terms,
    faults: &mut Faults,
) -> Option<Identity> {
    let at = pointer_to("/subject_identities", word);
    let kind = kind(Some(&Value::from(word)), &at, faults);
    let Value::Object(object) = one else {
        faults.wrong_type(&at, "an object with value and encoding");
        return None;
    };
    faults.strays(object, &at, &DICTIONARY_FIELDS);
    Place { at, value: "value", format: "encoding" }.identity(object, kind, terms, faults)
}

fn kind(value: Option<&Value>, at: &str, faults: &mut Faults) -> Option<IdentityType> {
    let kind = value.and_then(Value::as_str).and_then(IdentityType::parse);
    if kind.is_none() {
        let known = IdentityType::ALL.map(IdentityType::as_str).join(", ");
        faults.add(at, "unknown_identity_type", format!("the type is none of {known}"));
    }
    kind
}

/// Where one identity stands in the message and what its fields are called there.
struct Place {
    at: String,
    value: &'static str,
    format: &'static str,
}

impl Place {
    fn identity(
        &self,
        object: &Map<String, Value>,
        kind: Option<IdentityType>,
        terms: &Terms,
        faults: &mut Faults,
    ) -> Option<Identity> {
        let format = self.format(object.get(self.format), kind, faults);
        let at = format!("{}/{}", self.at, self.value);
        let Some(value) = object.get(self.value).and_then(Value::as_str) else {
            faults.wrong_type(&at, "a string");
            return None;
        };
        let (kind, format) = (kind?, format?);
        let identity = Identity::new(kind, format, value.trim().to_owned());
        match weakness(&identity, terms.identity_chars_min) {
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
        match value.map(|value| value.as_str().unwrap_or_default()) {
            None | Some("raw") => Some(IdentityFormat::Raw),
            Some("sha256") => match kind {
                Some(IdentityType::Email | IdentityType::Upn) => Some(IdentityFormat::Sha256),
                _ => {
                    let text = "sha256 is understood for email and upn only";
                    faults.add(&at, "format_not_supported", text);
                    None
                }
            },
            Some(_) => {
                faults.add(&at, "unknown_format", "the format is neither raw nor sha256");
                None
            }
        }
    }
}

/// Why an identity cannot be searched for safely.
fn weakness(identity: &Identity, chars_min: usize) -> Option<(&'static str, String)> {
    let value = identity.expose();
    let chars = value.chars().count();
    if value.is_empty() {
        return Some(("empty", "the identity is empty".into()));
    }
    if chars > IDENTITY_CHARS_MAX {
        return Some(("too_long", format!("longer than {IDENTITY_CHARS_MAX} characters")));
    }
    if value.chars().any(|c| c.is_control() || is_invisible(c)) {
        let text = "the identity has control or invisible characters";
        return Some(("control_characters", text.into()));
    }
    if identity.format == IdentityFormat::Sha256 {
        return (!is_hex(value, 64)).then(|| ("bad_hash", "not 64 hexadecimal digits".into()));
    }
    if COMMON.contains(&value.to_lowercase().as_str()) || is_blank_id(identity) {
        let text = "too common: it would find other people";
        return Some(("too_common", text.into()));
    }
    match identity.kind {
        IdentityType::Email | IdentityType::Upn => {
            (!is_address(value)).then(|| ("bad_address", "not of the form local@domain".into()))
        }
        IdentityType::ObjectId => {
            (!is_guid(value)).then(|| ("bad_guid", "not a GUID of 32 hexadecimal digits".into()))
        }
        IdentityType::Puid => (!is_hex(bare_puid(value), 16))
            .then(|| ("bad_puid", "not 16 hexadecimal digits".into())),
        // Two Han characters make a whole name; three Latin letters hardly do.
        IdentityType::Name if value.chars().all(is_wide) => (chars < 2).then(|| too_short(2)),
        IdentityType::Name | IdentityType::Username | IdentityType::ControllerCustomerId => {
            (chars < chars_min).then(|| too_short(chars_min))
        }
    }
}

/// Ids of zeros stand for "nobody" wherever a document has no id to give.
fn is_blank_id(identity: &Identity) -> bool {
    matches!(identity.kind, IdentityType::ObjectId | IdentityType::Puid)
        && bare_puid(identity.expose()).chars().all(|c| matches!(c, '0' | '-' | '{' | '}'))
}

fn too_short(chars_min: usize) -> (&'static str, String) {
    ("too_short", format!("shorter than {chars_min} characters: it would find other people"))
}

/// Zero-width and directional characters, which make two unlike texts look alike.
fn is_invisible(c: char) -> bool {
    const RANGES: [(char, char); 4] = [
        ('\u{200b}', '\u{200f}'),
        ('\u{202a}', '\u{202e}'),
        ('\u{2060}', '\u{2069}'),
        ('\u{feff}', '\u{feff}'),
    ];
    RANGES.iter().any(|(first, last)| (*first..=*last).contains(&c))
}

/// Scripts written without spaces, in which a name is two characters or more.
fn is_wide(c: char) -> bool {
    const RANGES: [(char, char); 4] = [
        ('\u{3040}', '\u{30ff}'),
        ('\u{3400}', '\u{9fff}'),
        ('\u{ac00}', '\u{d7af}'),
        ('\u{20000}', '\u{3ffff}'),
    ];
    RANGES.iter().any(|(first, last)| (*first..=*last).contains(&c))
}

fn is_address(value: &str) -> bool {
    let Some((local, domain)) = value.rsplit_once('@') else { return false };
    !local.is_empty()
        && domain.len() >= 3
        && domain.contains('.')
        && !value.contains(char::is_whitespace)
        && !domain.starts_with('.')
        && !domain.ends_with('.')
}

fn is_guid(value: &str) -> bool {
    let bare = value.strip_prefix('{').and_then(|v| v.strip_suffix('}')).unwrap_or(value);
    match bare.len() {
        32 => is_hex(bare, 32),
        36 => {
            [8, 13, 18, 23].iter().all(|at| bare.as_bytes()[*at] == b'-')
                && is_hex(&bare.replace('-', ""), 32)
        }
        _ => false,
    }
}

fn bare_puid(value: &str) -> &str {
    value.rsplit(':').next().unwrap_or(value)
}

fn is_hex(value: &str, digits: usize) -> bool {
    value.len() == digits && value.bytes().all(|byte| byte.is_ascii_hexdigit())
}
