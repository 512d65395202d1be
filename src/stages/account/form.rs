//! The form in which a request is sealed. It is ours, and no message's: what was accepted once
//! stays what it was, whatever a later reader of messages would say of it.
//!
//! A form is never changed once released, only followed by another; each stays readable for as long
//! as a request may be open that was sealed in it. Nothing here leaves this file but sealed.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::domain::request::{EncryptTo, Options, Request, RequestId, RequestKind};
use crate::domain::subject::{Identity, IdentityFormat, IdentityType, Subject};

/// The request, to be sealed; without its callbacks, which the ledger has apart.
pub fn written(request: &Request) -> Zeroizing<Vec<u8>> {
    let form = Form::First(First::of(request));
    Zeroizing::new(serde_json::to_vec(&form).expect("a form has text keys only"))
}

/// The request of that form, unsealed; `None` where only a later version knows it.
pub fn read(plain: &[u8]) -> Option<Request> {
    // The error would quote the person.
    let Form::First(first) = serde_json::from_slice(plain).ok()?;
    first.request()
}

/// Every form there ever was, by its name.
#[derive(Serialize, Deserialize)]
enum Form<'a> {
    #[serde(rename = "v1")]
    First(First<'a>),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct First<'a> {
    id: RequestId,
    kind: RequestKind,
    regulation: Cow<'a, str>,
    submitted: Timestamp,
    asked: Asked<'a>,
    sources: Cow<'a, [String]>,
    dry_run: bool,
    redact: bool,
    encrypt_to: Option<To<'a>>,
    language: Option<Cow<'a, str>>,
    due_time: Option<Timestamp>,
}

/// What it asks about.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Asked<'a> {
    /// A person, by identities in the order of the message.
    Person(Vec<Named<'a>>),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named<'a> {
    /// The word of its type.
    by: Cow<'a, str>,
    format: Format,
    value: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Format {
    Raw,
    Sha256,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum To<'a> {
    Recipients(Cow<'a, [String]>),
    Passphrase(Cow<'a, str>),
}

impl<'a> First<'a> {
    fn of(request: &'a Request) -> Self {
        // No field may be forgotten here: it would be lost to the request for good.
        let Request { id, kind, regulation, submitted, subject, callbacks: _, options } = request;
        let Options { sources, dry_run, redact, encrypt_to, language, due_time } = options;
        Self {
            id: id.clone(),
            kind: *kind,
            regulation: regulation.into(),
            submitted: *submitted,
            asked: Asked::Person(subject.identities.iter().map(Named::of).collect()),
            sources: sources.into(),
            dry_run: *dry_run,
            redact: *redact,
            encrypt_to: encrypt_to.as_ref().map(To::of),
            language: language.as_deref().map(Cow::from),
            due_time: *due_time,
        }
    }

    fn request(self) -> Option<Request> {
        let Asked::Person(identities) = self.asked;
        let identities = identities.into_iter().map(Named::identity).collect::<Option<_>>()?;
        Some(Request {
            id: self.id,
            kind: self.kind,
            regulation: self.regulation.into_owned(),
            submitted: self.submitted,
            subject: Subject { identities },
            callbacks: Vec::new(),
            options: Options {
                sources: self.sources.into_owned(),
                dry_run: self.dry_run,
                redact: self.redact,
                encrypt_to: self.encrypt_to.map(To::encrypt_to),
                language: self.language.map(Cow::into_owned),
                due_time: self.due_time,
            },
        })
    }
}

impl<'a> Named<'a> {
    fn of(identity: &'a Identity) -> Self {
        let format = match identity.format {
            IdentityFormat::Raw => Format::Raw,
            IdentityFormat::Sha256 => Format::Sha256,
        };
        Self { by: identity.kind.as_str().into(), format, value: identity.expose().into() }
    }

    fn identity(self) -> Option<Identity> {
        let format = match self.format {
            Format::Raw => IdentityFormat::Raw,
            Format::Sha256 => IdentityFormat::Sha256,
        };
        Some(Identity::new(IdentityType::parse(&self.by)?, format, self.value.into_owned()))
    }
}

impl<'a> To<'a> {
    fn of(encrypt_to: &'a EncryptTo) -> Self {
        match encrypt_to {
            EncryptTo::Recipients(recipients) => Self::Recipients(recipients.into()),
            EncryptTo::Passphrase(passphrase) => Self::Passphrase(passphrase.as_str().into()),
        }
    }

    fn encrypt_to(self) -> EncryptTo {
        match self {
            Self::Recipients(recipients) => EncryptTo::Recipients(recipients.into_owned()),
            Self::Passphrase(text) => EncryptTo::Passphrase(Zeroizing::new(text.into_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::ports::messages::inbox::Label;
    use crate::stages::message::fault::Terms;
    use crate::stages::message::read::{self as reader, Message};
    use crate::stages::message::sameness::essence;

    const HASH: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const RECIPIENT: &str = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa";

    fn accepted(message: &Value) -> Request {
        let body = message.to_string();
        let now = Some("2026-11-23T12:00:00Z".parse().unwrap());
        let terms = Terms { identity_chars_min: 3, now, ..Terms::of_the_ledger() };
        match reader::read(body.as_bytes(), &Label::default(), &terms) {
            Ok(Message::Request(request)) => *request,
            other => panic!("{body}: {other:?}"),
        }
    }

    /// All of a request that is to come back, in the order in which it is kept.
    fn all(request: &Request) -> String {
        let Request { id, kind, regulation, submitted, subject, callbacks: _, options } = request;
        let Options { sources, dry_run, redact, encrypt_to, language, due_time } = options;
        let identities = subject.identities.iter();
        let identities: Vec<_> =
            identities.map(|one| (one.kind, one.format, one.expose().to_owned())).collect();
        let to = encrypt_to.as_ref().map(|to| match to {
            EncryptTo::Recipients(recipients) => recipients.clone(),
            EncryptTo::Passphrase(passphrase) => vec!["passphrase".into(), passphrase.to_string()],
        });
        format!(
            "{id} {kind:?} {regulation} {submitted} {identities:?} {sources:?} {dry_run} \
             {redact} {to:?} {language:?} {due_time:?}"
        )
    }

    fn identity() -> impl Strategy<Value = (&'static str, &'static str, String)> {
        let raw =
            |kind, value: &'static str| (Just(kind), Just("raw"), value.prop_map(String::from));
        prop_oneof![
            raw("email", "[a-z]{3,9}\\.[a-z]{2,9}@contoso\\.com"),
            raw("upn", " [a-z]{3,9}_[0-9]{3}@fabrikam\\.org "),
            (prop_oneof![Just("email"), Just("upn")], Just("sha256"), Just(HASH.to_owned())),
            raw("object_id", "[1-9a-f]{8}-[1-9a-f]{4}-4[1-9a-f]{3}-8[1-9a-f]{3}-[1-9a-f]{12}"),
            raw("puid", "[1-9A-F]{16}"),
            raw(
                "name",
                "[A-Z][a-z]{3,9} [A-Z][a-z]{3,9}|山田太郎|Zoë \"Q\" O'Neill\\\\|\u{1f600}Maria"
            ),
            raw("username", "[a-z]{4,9}[0-9]{3}"),
            raw("controller_customer_id", "C-[0-9]{5,12}/[a-z]{2}"),
        ]
    }

    fn options() -> impl Strategy<Value = Value> {
        let to = prop_oneof![
            Just(Value::Null),
            Just(json!([RECIPIENT])),
            "[a-zäß \"]{9,20}-[0-9]{4} qwertzuiop".prop_map(|text| json!([{ "passphrase": text }])),
        ];
        let sources = proptest::collection::vec("[a-z]{1,9}(-[0-9])?|ü\"x", 1..4);
        let sources = proptest::option::of(sources);
        let language = proptest::option::of("[a-z]{2}(-[A-Z]{2})?");
        let due = proptest::option::of("2026-12-2[0-9]T0[0-9]:00:00\\.[0-9]{9}[+-]0[0-9]:30");
        let redact = prop_oneof![Just(Value::Null), Just(json!("redact")), Just(json!("delete"))];
        (sources, any::<bool>(), redact, to, language, due).prop_map(
            |(sources, dry_run, on_erase, encrypt_to, language, due_time)| {
                let mut ours = json!({
                    "dry_run": dry_run, "on_erase": on_erase, "encrypt_to": encrypt_to,
                    "language": language, "due_time": due_time,
                });
                if let Some(sources) = sources {
                    ours["sources"] = json!(sources);
                }
                ours
            },
        )
    }

    fn message() -> impl Strategy<Value = Value> {
        let kind =
            prop_oneof![Just("access"), Just("export"), Just("portability"), Just("erasure")];
        let law = prop_oneof![Just("gdpr"), Just("GDPR"), Just("ccpa"), Just("uk_gdpr")];
        let submitted = "2026-11-2[0-3]T0[0-9]:00:00(\\.[0-9]{1,9})?Z";
        let identities = proptest::collection::vec(identity(), 1..9);
        ("[A-Za-z0-9][A-Za-z0-9._:-]{0,40}", kind, law, submitted, identities, options()).prop_map(
            |(id, kind, law, submitted, identities, options)| {
                let identities = identities.into_iter();
                let identities: Vec<Value> = identities
                    .map(|(kind, format, value)| {
                        json!({ "identity_type": kind, "identity_value": value,
                                "identity_format": format })
                    })
                    .collect();
                json!({
                    "regulation": law, "subject_request_id": id, "subject_request_type": kind,
                    "submitted_time": submitted, "subject_identities": identities,
                    "extensions": { "dsrd": options },
                })
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn what_is_sealed_is_what_was_accepted(message in message()) {
            let request = accepted(&message);
            let again = read(&written(&request)).unwrap();
            prop_assert_eq!(all(&again), all(&request));
            prop_assert_eq!(essence(&again), essence(&request));
        }
    }

    /// Written down as it is released, so that nobody changes it unawares.
    #[test]
    fn the_first_form_stays_as_it_is() {
        let request = accepted(&json!({
            "regulation": "gdpr", "subject_request_id": "r-1", "subject_request_type": "erasure",
            "submitted_time": "2026-11-23T09:00:00Z",
            "subject_identities": { "email": { "value": HASH, "encoding": "sha256" } },
            "extensions": { "dsrd": { "sources": ["a"], "encrypt_to": [RECIPIENT] } },
        }));
        let form = json!({ "v1": {
            "id": "r-1", "kind": "erasure", "regulation": "gdpr",
            "submitted": "2026-11-23T09:00:00Z",
            "asked": { "person": [{ "by": "email", "format": "sha256", "value": HASH }] },
            "sources": ["a"], "dry_run": false, "redact": false,
            "encrypt_to": { "recipients": [RECIPIENT] }, "language": null, "due_time": null,
        } });
        assert_eq!(serde_json::from_slice::<Value>(&written(&request)).unwrap(), form);
        let mut of_later = form.clone();
        of_later["v1"]["asked"] = json!({ "planet": "mars" });
        assert!(read(of_later.to_string().as_bytes()).is_none());
        let mut of_later = form;
        of_later["v1"]["extent"] = json!("half");
        assert!(read(of_later.to_string().as_bytes()).is_none());
    }
}
