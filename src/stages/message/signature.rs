//! Who may ask: once the operator named keys, a message is heard only if one of them signed its
//! bytes, and lately.
//!
//! Nothing of a message is read before its signature was found right, so that whoever holds no key
//! can change nothing and learns nothing but what was wrong with the signature.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::domain::failure::Failure;
use crate::domain::state::{Event, Extension, Signed};
use crate::evidence::signature::{Detached, PublicKey};
use crate::ports::ledger::Record;
use crate::stages::signing::Signer;

/// Whose messages are heard.
#[derive(Debug)]
pub struct Trust {
    keys: BTreeMap<String, PublicKey>,
    age_max: SignedDuration,
}

/// Why a message is not heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distrust {
    /// Stable code.
    pub code: &'static str,
    /// A sentence that says what to do.
    pub message: String,
}

/// By how much the clocks of those who sign may differ from ours.
pub const SIGNATURE_SKEW: SignedDuration = SignedDuration::from_mins(5);

impl Trust {
    /// Trusts public keys (PEM) by their ids, and what this deployment itself signs, for `age_max`
    /// after the signing.
    ///
    /// # Errors
    /// `NeedsPerson` where a text is no key; it names the id.
    pub fn new(
        keys: &BTreeMap<String, String>,
        own: &Signer,
        age_max: SignedDuration,
    ) -> Result<Self, Failure> {
        let read = |(id, pem): (&String, &String)| {
            let taking = || Failure::needs_person(format!("taking [queue] trusted_keys.{id}"));
            let key = PublicKey::from_pem(pem).map_err(|error| taking().because(error))?;
            Ok((id.clone(), key))
        };
        let mut keys = keys.iter().map(read).collect::<Result<BTreeMap<_, _>, Failure>>()?;
        keys.insert(own.key_id().to_owned(), own.public());
        Ok(Self { keys, age_max })
    }

    /// Who signed these bytes, and when.
    ///
    /// # Errors
    /// [`Distrust`], where nobody who is trusted vouches for them.
    pub fn check(
        &self,
        body: &[u8],
        signature: Option<&str>,
        now: Timestamp,
    ) -> Result<Signed, Distrust> {
        let missing = "messages must be signed here: send a detached JWS over the body along";
        let text = signature.ok_or_else(|| distrust("signature_missing", missing))?;
        let detached = Detached::parse(text)
            .map_err(|malformed| distrust("signature_malformed", &malformed.to_string()))?;
        let unknown = "kid in the header of the signature names no key that is trusted here";
        let key = self.keys.get(&detached.key_id);
        let key = key.ok_or_else(|| distrust("signature_key_unknown", unknown))?;
        let wrong = "the signature was not made over exactly this body with that key, or by \
                     another alg than the key is for";
        detached.verify(body, key).map_err(|_wrong| distrust("signature_wrong", wrong))?;
        let age = now.duration_since(detached.signed_at);
        if age > self.age_max {
            let text = "the signature is too old (iat); sign again and send again";
            return Err(distrust("signature_expired", text));
        }
        if age < -SIGNATURE_SKEW {
            let text = "the signature lies in the future (iat); set the clock that it was made by";
            return Err(distrust("signature_early", text));
        }
        Ok(Signed { key: detached.key_id, at: detached.signed_at })
    }
}

/// Whether a decision was signed before there was what it decides: a hold, a failure or, for a
/// withdrawal, the latest retry. One that was caught on its way must not decide what came up since.
///
/// A withdrawal may be signed even before its request came in: both may wait in the queue.
pub fn is_stale(event: &Event, records: &[Record]) -> bool {
    let Some(signed) = signed(event) else { return false };
    let asks = |record: &&Record| match event {
        Event::Retried(_) => matches!(record.event, Event::Failed { .. } | Event::Stopped(_)),
        Event::Cancelled(_) | Event::Stopped(_) => matches!(record.event, Event::Retried(_)),
        // There is one at most, and it can be decided as soon as the request is there.
        Event::Extended(_) => false,
        _ => matches!(record.event, Event::Held { .. }),
    };
    let asked = records.iter().rev().find(asks);
    asked.is_some_and(|record| record.at.duration_since(signed.at) > SIGNATURE_SKEW)
}

/// Whether somebody vouched for a decision.
pub fn is_signed(event: &Event) -> bool {
    signed(event).is_some()
}

fn signed(event: &Event) -> Option<&Signed> {
    match event {
        Event::Approved(decision)
        | Event::Refused(decision)
        | Event::Cancelled(decision)
        | Event::Stopped(decision)
        | Event::Retried(decision)
        | Event::Extended(Extension { decision, .. }) => decision.signed.as_ref(),
        _ => None,
    }
}

fn distrust(code: &'static str, message: &str) -> Distrust {
    Distrust { code, message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::domain::request::RequestId;
    use crate::domain::state::Decision;
    use crate::evidence::signature::{SEED_BYTES, SigningKey};

    const AGE_MAX: SignedDuration = SignedDuration::from_hours(1);

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(&[seed; SEED_BYTES])
    }

    fn signer(seed: u8) -> Signer {
        Signer::new(&key(seed).to_pem()).unwrap()
    }

    fn now() -> Timestamp {
        "2026-11-23T12:00:00Z".parse().unwrap()
    }

    fn after(seconds: i64) -> Timestamp {
        now() + SignedDuration::from_secs(seconds)
    }

    #[test]
    fn only_trusted_keys_are_heard_and_only_lately() {
        let keys = BTreeMap::from([(key(1).id().to_owned(), key(1).public_pem())]);
        let trust = Trust::new(&keys, &signer(2), AGE_MAX).unwrap();
        let table = [
            (Some(key(1).sign(b"body", now())), Ok(now())),
            (Some(key(2).sign(b"body", now())), Ok(now())),
            (Some(key(1).sign(b"body", after(-3600))), Ok(after(-3600))),
            (Some(key(1).sign(b"body", after(300))), Ok(after(300))),
            (None, Err("signature_missing")),
            (Some(String::new()), Err("signature_malformed")),
            (Some(key(3).sign(b"body", now())), Err("signature_key_unknown")),
            (Some(key(1).sign(b"bodY", now())), Err("signature_wrong")),
            (Some(key(1).sign(b"body", after(-3601))), Err("signature_expired")),
            (Some(key(1).sign(b"body", after(301))), Err("signature_early")),
            // Whether it is old is nobody's business who did not sign it.
            (Some(key(1).sign(b"bodY", after(-3601))), Err("signature_wrong")),
        ];
        for (signature, expected) in table {
            let checked = trust.check(b"body", signature.as_deref(), now());
            let checked = checked.map(|signed| signed.at).map_err(|distrust| distrust.code);
            assert_eq!(checked, expected);
        }
    }

    #[test]
    fn another_key_under_a_known_id_is_not_that_key() {
        let keys = BTreeMap::from([(key(1).id().to_owned(), key(3).public_pem())]);
        let trust = Trust::new(&keys, &signer(2), AGE_MAX).unwrap();
        let signature = key(1).sign(b"body", now());
        let distrust = trust.check(b"body", Some(&signature), now()).unwrap_err();
        assert_eq!(distrust.code, "signature_wrong");
        let keys = BTreeMap::from([("billing".to_owned(), "5ecret".to_owned())]);
        let failure = Trust::new(&keys, &signer(2), AGE_MAX).unwrap_err().chain();
        assert!(failure.contains("trusted_keys.billing") && !failure.contains("5ecret"));
    }

    #[test]
    fn a_decision_is_about_what_came_up_before_it() {
        let held = || Event::Held { reason: String::new() };
        let failed = || Event::Failed { reason: String::new() };
        let decision = |seconds| {
            let signed = Some(Signed { key: "k".to_owned(), at: after(seconds) });
            Decision { actor: String::new(), reason: String::new(), signed }
        };
        let unsigned = || Decision { signed: None, ..decision(0) };
        let table = [
            (vec![(0, held())], Event::Approved(decision(0)), false),
            (vec![(0, held())], Event::Approved(decision(-300)), false),
            (vec![(0, held())], Event::Approved(decision(-301)), true),
            (vec![(0, held())], Event::Refused(decision(-301)), true),
            (vec![(0, held())], Event::Approved(unsigned()), false),
            (vec![(0, held()), (900, held())], Event::Approved(decision(10)), true),
            (vec![(0, failed()), (900, failed())], Event::Retried(decision(10)), true),
            (vec![(0, failed())], Event::Retried(decision(10)), false),
            (vec![(0, Event::Accepted)], Event::Cancelled(decision(-9_000)), false),
            (vec![(0, Event::Retried(unsigned()))], Event::Cancelled(decision(-301)), true),
        ];
        for (number, (records, event, expected)) in table.into_iter().enumerate() {
            let record = |(seconds, event): (i64, Event)| Record {
                id: RequestId::new("r-1").unwrap(),
                sequence: 1,
                at: after(seconds),
                event,
                previous: String::new(),
                hash: String::new(),
            };
            let records: Vec<Record> = records.into_iter().map(record).collect();
            assert_eq!(is_stale(&event, &records), expected, "{number}");
        }
    }
}
