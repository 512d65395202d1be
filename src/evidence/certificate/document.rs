//! The certificate as a document: `ID.certificate.json`, published as
//! `config/schema/certificate.schema.json`.
//!
//! Nothing in it speaks of the person. Members stand in the order of their names, so that what is
//! written is canonical as it stands, and stays so once it is signed: the signature is the member
//! `signature`, made over the canonical form of all others.
//!
//! It is held in memory whole while it is made, under 1 KiB for each item: Ed25519 signs a message
//! in one piece.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::asked::thing::ThingKind;
use crate::domain::coverage::covered::Covered;
use crate::domain::policy::guard::is_zero;
use crate::domain::request::{RequestId, RequestKind};
use crate::evidence::certificate::hashes::{HowHashed, KeyedHash};
use crate::evidence::signature::SigningKey;

/// The member `format` of every certificate of this form.
pub const FORMAT: &str = "dsrd-certificate/1";

/// The whole certificate.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// What the items add up to.
    pub counts: CertifiedCounts,
    /// Where it was looked, and where not; of a person. Certificates of earlier versions do not
    /// say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub coverage: Vec<Covered>,
    /// What people decided about the request, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Decided>,
    /// What was not looked through, because somebody declared that it holds no person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub declared: Vec<DeclaredOf>,
    /// Who vouches.
    pub deployment: Deployment,
    /// [`FORMAT`].
    pub format: String,
    /// How the hashes are made that stand in place of names and contents.
    pub hashes: HowHashed,
    /// When what was erased is gone for good.
    pub horizon: Horizon,
    /// Every item of the plan, in its order.
    pub items: Vec<CertifiedItem>,
    /// Where in the ledger this was said.
    pub ledger: LedgerHead,
    /// What only a person can do; no part of the outcome.
    pub manual_steps: Vec<Manual>,
    /// Hex SHA-256 of the policy that the plan was made by.
    pub policy: String,
    /// What carried it out.
    pub program: Program,
    /// What was not read or not erased, and why; like refusals are one entry.
    pub refusals: Vec<NotDone>,
    /// What was asked, and when what happened.
    pub request: Asked,
    /// Who signed it; `None` until it is signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    /// What was looked at.
    pub sources: Vec<Searched>,
    /// `completed` or `partially_completed`.
    pub state: String,
    /// Whom it is about: each identity by type and hash. Nobody where it is about a thing.
    pub subject: Vec<Person>,
    /// The thing that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thing: Option<NamedThing>,
    /// What became of the items that were no part of the plan, between find and second look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untouched: Option<Others>,
}

/// See [`Certificate::counts`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertifiedCounts {
    /// Items that spoke of the person, whatever became of them.
    pub found: u64,
    /// Word of the outcome to number of items.
    pub outcomes: BTreeMap<String, u64>,
    /// Items of the plan that the find looked at: with the untouched ones they are all of these.
    /// Certificates of earlier versions do not say, and count as untouched what was left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned: Option<u64>,
    /// Items that the find looked at; rows that were asked for are none of them.
    pub seen: u64,
}

/// See [`Certificate::decisions`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decided {
    /// Who, as the message named them.
    pub actor: String,
    /// When it was ledgered.
    pub at: Timestamp,
    /// The word of the decision: `approved`, `stopped`, `retried`.
    pub decision: String,
    /// Id of the key that signed the message, where messages must be signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// See [`Certificate::declared`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredOf {
    /// Who declared it.
    pub by: String,
    /// Which form.
    pub form: String,
    /// How many.
    pub items: u64,
    /// On which day.
    pub on: Date,
    /// Why such items hold no person.
    pub reason: String,
    /// The same as a sentence.
    pub says: String,
    /// Configured name of the source.
    pub source: String,
}

/// See [`Certificate::deployment`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// Who answers for the data.
    pub controller_id: String,
    /// The `source` of the deployment's events.
    pub source: String,
}

/// See [`Certificate::horizon`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Horizon {
    /// When the last item was erased, or nothing was found to erase.
    pub logically_erased_at: Timestamp,
    /// When soft-deleted copies have expired; absent where nothing was erased or a source does not
    /// tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unrecoverable_after: Option<Timestamp>,
}

/// What became of one item.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertifiedItem {
    /// The word of what was planned.
    pub action: Cow<'static, str>,
    /// Hash of the bytes that took the place of its own, where it was rewritten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<KeyedHash>,
    /// Hash of its bytes as the find read them, where they were read whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<KeyedHash>,
    /// Why, where the outcome has a reason.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// Places that spoke of the person; of very many the configured number. 0 also for what was
    /// planned because of its run.
    pub hits: u64,
    /// Hash of source, name and version.
    pub item: KeyedHash,
    /// The word of what became of it.
    pub outcome: Cow<'static, str>,
    /// Bytes.
    pub size: u64,
    /// Configured name of the source that holds or held it.
    pub source: String,
    /// Whether it was not among the items that the find looked at: it was met by a second look
    /// only, or in an earlier try of the request, or stands for a source that could not be listed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unseen: bool,
}

/// The last record before the one that names the certificate.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerHead {
    /// Its hash.
    pub head: String,
    /// Which of the request's records it is.
    pub sequence: u64,
}

/// See [`Certificate::manual_steps`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manual {
    /// How, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
    /// Where.
    pub system: String,
    /// How long it may take.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub takes: String,
    /// The page to do it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What to do there.
    pub what: String,
    /// Who can do it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub who: String,
}

/// See [`Certificate::program`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// `dsrd`.
    pub name: String,
    /// As `dsrd --version` prints it.
    pub version: String,
}

/// See [`Certificate::refusals`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotDone {
    /// How many items.
    pub items: u64,
    /// The word of what became of them.
    pub outcome: String,
    /// A stable word first; what the source answered may follow a colon.
    pub reason: String,
    /// Configured name of the source.
    pub source: String,
}

/// See [`Certificate::request`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// When it was taken into the ledger.
    pub accepted: Timestamp,
    /// When the last of its plan was carried out.
    pub acted: Timestamp,
    /// The producer's id for it.
    pub id: RequestId,
    /// The law it invokes.
    pub regulation: String,
    /// When the person asked, as the producer says.
    pub submitted: Timestamp,
    /// Always an erasure.
    #[serde(rename = "type")]
    pub kind: RequestKind,
    /// When the second look ended.
    pub verified: Timestamp,
}

/// A detached JWS over the canonical form of everything else.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// Header and signature in compact form, the payload left out.
    pub jws: String,
    /// Thumbprint of the key (RFC 7638).
    pub key_id: String,
    /// The key to check by, PEM; whether it is the right one is to be known from elsewhere.
    pub public_key: String,
}

/// See [`Certificate::sources`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Searched {
    /// What the second look did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<LookedAgain>,
    /// Items that the find did not read: they are, under the same `ETag`, what an earlier look had
    /// read, and what it learned of them admits nobody who was sought.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub known: u64,
    /// Items that the find looked at; rows that were asked for are none of them.
    pub seen: u64,
    /// Configured name of the source.
    pub source: String,
}

/// See [`Searched::again`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookedAgain {
    /// Items that it did not read, for the same reason as the find.
    pub known: u64,
    /// Items that it looked at.
    pub seen: u64,
}

/// See [`Certificate::thing`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedThing {
    /// Hash of its type, a space and its name, made as that of an identity.
    pub hash: KeyedHash,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: ThingKind,
}

/// See [`Certificate::subject`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Hash of the identity.
    pub hash: KeyedHash,
    /// The word of its type.
    #[serde(rename = "type")]
    pub kind: String,
}

/// See [`Certificate::untouched`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Others {
    /// There under another validator: somebody else wrote to them.
    pub changed: u64,
    /// Not there any more: somebody else removed them.
    pub gone: u64,
    /// All of them.
    pub items: u64,
    /// There under the validator that the find saw.
    pub unchanged: u64,
}

impl Certificate {
    /// Signs it, and gives the document.
    pub fn sign(&mut self, key: &SigningKey, now: Timestamp) -> Vec<u8> {
        self.signature = None;
        let jws = key.sign(&self.written(), now);
        let (key_id, public_key) = (key.id().to_owned(), key.public_pem());
        self.signature = Some(Signature { jws, key_id, public_key });
        self.written()
    }

    fn written(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("text keys and whole numbers are always JSON")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::certificate::canonical::canonical;
    use crate::evidence::signature::SEED_BYTES;

    #[test]
    fn what_is_written_is_canonical_and_is_what_was_signed() {
        // Has every member that there is.
        let sample = include_bytes!("sample.json");
        let mut certificate: Certificate = serde_json::from_slice(sample).unwrap();
        let unsigned = certificate.written();
        assert_eq!(canonical(sample, None).unwrap(), unsigned);
        let key = SigningKey::from_seed(&[7; SEED_BYTES]);
        let signed = certificate.sign(&key, certificate.request.verified);
        assert_eq!(canonical(&signed, None).unwrap(), signed);
        assert_eq!(canonical(&signed, Some("signature")).unwrap(), unsigned);
        let read: Certificate = serde_json::from_slice(&signed).unwrap();
        assert_eq!(read.written(), signed);
    }
}
