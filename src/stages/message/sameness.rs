//! What makes two messages the same request: what they ask, not how they write it.
//!
//! Key order, white space, escapes, offsets of times, synonyms, and the two forms of
//! `subject_identities` are a producer's serialiser; so are fields that we do not act on. Whoever
//! is not sure whether a request arrived sends it again, perhaps from another program.

use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::domain::request::{EncryptTo, Request};
use crate::domain::subject::IdentityFormat;
use crate::ports::messages::inbox::Label;
use crate::stages::message::fault::Terms;
use crate::stages::message::options::callbacks;
use crate::stages::message::read::{self, Message};

/// One text for all messages that ask the same under one id. It names the person: it is for a keyed
/// digest, and for nothing else.
pub fn essence(request: &Request) -> Zeroizing<String> {
    let Request { id, kind, regulation, submitted, subject, callbacks, options } = request;
    let identities = subject.identities.iter();
    let identities = identities
        .map(|one| json!([one.kind.as_str(), one.format == IdentityFormat::Sha256, one.expose()]));
    let encrypt_to = match &options.encrypt_to {
        None => Value::Null,
        Some(EncryptTo::Recipients(recipients)) => set(recipients.iter().map(|one| json!(one))),
        Some(EncryptTo::Passphrase(passphrase)) => json!({ "passphrase": passphrase.as_str() }),
    };
    let text = json!([
        "dsrd/request/v1",
        id.as_str(),
        kind.word(),
        regulation,
        submitted.to_string(),
        set(identities),
        set(callbacks.iter().map(|url| json!(url.expose()))),
        set(options.sources.iter().map(|source| json!(source))),
        options.dry_run,
        options.redact,
        encrypt_to,
        options.language,
        options.due_time.map(|due| due.to_string()),
    ]);
    Zeroizing::new(text.to_string())
}

/// The same of a message that was not accepted by this process; `None` where it asks for nothing.
pub fn essence_of(body: &[u8]) -> Option<Zeroizing<String>> {
    let message = read::read(body, &Label::default(), &Terms::of_the_ledger());
    let Ok(Message::Request(mut request)) = message else { return None };
    // Who they may go to was decided where it came in.
    request.callbacks = callbacks::named(body);
    Some(essence(&request))
}

/// In one order, and each once.
fn set(values: impl Iterator<Item = Value>) -> Value {
    let mut texts: Vec<String> = values.map(|value| value.to_string()).collect();
    texts.sort_unstable();
    texts.dedup();
    json!(texts)
}
