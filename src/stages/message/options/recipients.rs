//! `encrypt_to`: whom the archive of a request is encrypted to.
//!
//! Either age recipients, or one passphrase in an object of its own. What is written here is
//! never quoted: a passphrase is a secret, and a recipient may be a private key by mistake.

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::domain::request::EncryptTo;
use crate::evidence::encryption::{NoRecipient, recipient};
use crate::stages::message::fault::Faults;
use crate::stages::message::fields::ObjectAt;

/// Fields of an element that is a passphrase.
pub const PASSPHRASE_FIELDS: [&str; 1] = ["passphrase"];

/// Most recipients of one archive. Each costs 200 bytes of its head and whoever opens it a try.
pub const RECIPIENTS_MAX: usize = 20;

/// Shortest passphrase, in characters, and the fewest that differ in it. Whoever has the archive
/// can guess for years: `age -p` makes them of ten words itself, and sixteen characters are four.
pub const PASSPHRASE_CHARS_MIN: usize = 16;
const PASSPHRASE_CHARS_DIFFERENT_MIN: usize = 8;

/// Longest passphrase, in characters.
pub const PASSPHRASE_CHARS_MAX: usize = 1024;

const AT: &str = "/extensions/dsrd/encrypt_to";

/// Reads the recipients; without the field, none.
pub fn read(value: Option<&Value>, faults: &mut Faults) -> Option<EncryptTo> {
    let all = match value? {
        Value::Array(all) => all,
        _ => {
            faults.wrong_type(AT, "a list of age recipients, or of one passphrase");
            return None;
        }
    };
    if all.is_empty() {
        faults.add(AT, "empty", "nobody is named; leave the field out for an archive in the clear");
        return None;
    }
    if all.len() > RECIPIENTS_MAX {
        faults.add(AT, "too_many", format!("more than {RECIPIENTS_MAX} recipients"));
        return None;
    }
    if all.len() > 1 && all.iter().any(Value::is_object) {
        let text = "a passphrase must be the only element: an archive opens by it or by the keys \
                    of recipients, not by both";
        faults.add(AT, "passphrase_not_alone", text);
        return None;
    }
    if let [Value::Object(object)] = all.as_slice() {
        return passphrase(object, faults);
    }
    let each = all.iter().enumerate();
    let texts =
        each.filter_map(|(index, one)| one_recipient(one, &format!("{AT}/{index}"), faults));
    Some(EncryptTo::Recipients(texts.collect()))
}

fn one_recipient(value: &Value, at: &str, faults: &mut Faults) -> Option<String> {
    let Some(text) = value.as_str() else {
        faults.wrong_type(at, "an age recipient, as text");
        return None;
    };
    let (code, message) = match recipient(text) {
        Ok(_) => return Some(text.to_owned()),
        Err(NoRecipient::Malformed) => {
            ("bad_recipient", "no age recipient, age1 and 58 characters, or one with a slip in it")
        }
        Err(NoRecipient::OtherKind) => {
            let text = "neither recipients of age's plugins nor SSH keys are served; make a key \
                        with age-keygen";
            ("not_supported", text)
        }
        Err(NoRecipient::PrivateKey) => {
            let text = "this is a private key, which is known to others now: make another, and \
                        send the recipient that age-keygen prints for it";
            ("private_key", text)
        }
    };
    faults.add(at, code, message);
    None
}

fn passphrase(object: &Map<String, Value>, faults: &mut Faults) -> Option<EncryptTo> {
    let at = &format!("{AT}/0");
    faults.strays(object, at, &PASSPHRASE_FIELDS);
    let fields = ObjectAt { object, at };
    let text = fields.text("passphrase", faults)?;
    let pointer = fields.pointer("passphrase");
    let chars = text.chars().count();
    let mut different: Vec<char> = text.chars().collect();
    different.sort_unstable();
    different.dedup();
    if chars < PASSPHRASE_CHARS_MIN || different.len() < PASSPHRASE_CHARS_DIFFERENT_MIN {
        let text = format!(
            "a passphrase has {PASSPHRASE_CHARS_MIN} characters at least, of which \
             {PASSPHRASE_CHARS_DIFFERENT_MIN} differ"
        );
        faults.add(&pointer, "weak_passphrase", text);
    }
    if chars > PASSPHRASE_CHARS_MAX {
        let text = format!("longer than {PASSPHRASE_CHARS_MAX} characters");
        faults.add(&pointer, "too_long", text);
    }
    // Nobody could type it, and a file that holds it ends with one.
    if text.contains(char::is_control) {
        faults.add(&pointer, "control_characters", "the passphrase has control characters");
    }
    Some(EncryptTo::Passphrase(Zeroizing::new(text.to_owned())))
}
