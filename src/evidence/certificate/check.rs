//! Whether a certificate holds: its form, its signature, its sums. Needs nothing but the document
//! and, to know who signed it, the deployment's public key from elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Deserialize;

use crate::domain::coverage::covered::Coverage;
use crate::domain::outcome::ItemOutcome;
use crate::domain::policy::action::ActionWord;
use crate::domain::state::{Counts, State};
use crate::evidence::certificate::canonical::{NotCanonical, canonical};
use crate::evidence::certificate::document::{Certificate, CertifiedItem, FORMAT, Others};
use crate::evidence::signature::{Detached, IllegalPublicKey, Malformed, PublicKey};

/// A certificate that holds.
pub struct Checked {
    /// What it says.
    pub certificate: Certificate,
    /// Id of the key that signed it.
    pub key_id: String,
    /// When, by the clock of whoever signed.
    pub signed_at: Timestamp,
}

/// Why a certificate does not hold: the first thing that is wrong. Nothing of it is quoted but ids,
/// words and counts.
#[derive(Debug, thiserror::Error)]
pub enum CertificateFault {
    /// No JSON that could be signed.
    #[error("it is no certificate")]
    Json(#[source] NotCanonical),
    /// JSON of another kind, or of another version.
    #[error("it is no certificate of the form {FORMAT}, or has other members than that has")]
    Form,
    /// Nobody vouches for it.
    #[error("it is not signed")]
    Unsigned,
    /// The signature cannot be read.
    #[error("its signature cannot be checked")]
    Signature(#[from] Malformed),
    /// The key in it is none.
    #[error("the key in it cannot be used")]
    Key(#[from] IllegalPublicKey),
    /// It names one key and was signed by another.
    #[error("the key ids in it do not agree with the key in it")]
    KeyId,
    /// It is not what was signed.
    #[error("it was changed after it was signed, or signed with another key than it names")]
    Altered,
    /// It holds by itself, and somebody else signed it.
    #[error("it was signed with the key {0}, and that is none of the given ones")]
    OtherKey(String),
    /// It was signed, and contradicts itself.
    #[error("its sums are wrong: {0}")]
    Sums(String),
}

/// Checks a document. Without a `given` key the one that stands in the document is believed, and
/// whether it is the deployment's is left to the reader; else it is to be one of them.
///
/// # Errors
/// The first fault.
pub fn check(json: &[u8], given: &[PublicKey]) -> Result<Checked, CertificateFault> {
    // The whole of it, for what stands twice; and then what was signed.
    let whole = canonical(json, None).map_err(CertificateFault::Json)?;
    let certificate = read(&whole)?;
    let payload = canonical(&whole, Some("signature")).map_err(CertificateFault::Json)?;
    drop(whole);
    let signature = certificate.signature.as_ref().ok_or(CertificateFault::Unsigned)?;
    let key = PublicKey::from_pem(&signature.public_key)?;
    let detached = Detached::parse(&signature.jws)?;
    let key_id = signature.key_id.clone();
    let is_plain = key.to_pem() == signature.public_key;
    if !is_plain || key.id() != Some(key_id.as_str()) || detached.key_id != key_id {
        return Err(CertificateFault::KeyId);
    }
    detached.verify(&payload, &key).map_err(|_wrong| CertificateFault::Altered)?;
    let signed_at = detached.signed_at;
    let is_given = |given: &PublicKey| given.id() == Some(key_id.as_str());
    if !given.is_empty() && !given.iter().any(is_given) {
        return Err(CertificateFault::OtherKey(key_id));
    }
    sums(&certificate).map_err(CertificateFault::Sums)?;
    Ok(Checked { certificate, key_id, signed_at })
}

fn read(json: &[u8]) -> Result<Certificate, CertificateFault> {
    #[derive(Deserialize)]
    struct Format {
        format: String,
    }
    // The error of a JSON reader quotes what it read.
    let format: Format = serde_json::from_slice(json).map_err(|_| CertificateFault::Form)?;
    let certificate: Certificate =
        serde_json::from_slice(json).map_err(|_| CertificateFault::Form)?;
    let known = certificate.items.iter().all(|item| {
        ActionWord::parse(&item.action).is_some()
            && ItemOutcome::parse(&item.outcome, &item.detail).is_some()
    });
    if format.format == FORMAT && known { Ok(certificate) } else { Err(CertificateFault::Form) }
}

/// Holds the sums against the items.
fn sums(certificate: &Certificate) -> Result<(), String> {
    let Certificate { counts, items, refusals, .. } = certificate;
    let mut outcomes: BTreeMap<String, u64> = BTreeMap::new();
    let mut refused: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for item in items {
        *outcomes.entry(item.outcome.clone().into_owned()).or_default() += 1;
        let outcome = ItemOutcome::parse(&item.outcome, &item.detail);
        if outcome.is_some_and(|outcome| outcome.is_refusal()) {
            *refused.entry((&item.source, &item.outcome)).or_default() += 1;
        }
    }
    if counts.outcomes != outcomes {
        return Err("the outcomes of the items are others than it counts".to_owned());
    }
    let of = |word: &str| outcomes.get(word).copied().unwrap_or_default();
    let is_found = |item: &&CertifiedItem| {
        ActionWord::parse(&item.action).is_some_and(|action| !action.is_unsearched())
    };
    let found = items.iter().filter(is_found).count() as u64;
    if counts.found != found {
        return Err(format!("{found} items spoke of the person, and it says {}", counts.found));
    }
    let declared: u64 = certificate.declared.iter().map(|declared| declared.items).sum();
    if declared != of("declared") {
        return Err("the declared items are others than those of the items".to_owned());
    }
    let mut told: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for refusal in refusals {
        *told.entry((&refusal.source, &refusal.outcome)).or_default() += refusal.items;
    }
    if refused != told {
        return Err("the refusals are others than those of the items".to_owned());
    }
    let seen: u64 = certificate.sources.iter().map(|source| source.seen).sum();
    // A plan that an earlier version made does not tell them apart.
    if seen != counts.seen && !certificate.sources.is_empty() {
        return Err(format!("{seen} items were looked at, and it says {}", counts.seen));
    }
    parts(certificate)?;
    let coverage = Coverage::of(certificate.coverage.clone());
    let ended = Counts { outcomes, coverage, ..Counts::default() };
    let state = if ended.is_clean() { State::Completed } else { State::PartiallyCompleted };
    if certificate.state != state.word() {
        return Err(format!("its items make it {}", state.word()));
    }
    Ok(())
}

/// Holds what the find saw against what was planned and what was left untouched: each item is in
/// one of them, and in one only. Certificates that do not count their planned items say nothing of
/// that kind.
fn parts(certificate: &Certificate) -> Result<(), String> {
    let Certificate { counts, items, untouched, .. } = certificate;
    if let Some(Others { changed, gone, items, unchanged }) = untouched
        && changed + gone + unchanged != *items
    {
        return Err("the untouched items are others than it counts".to_owned());
    }
    let Some(planned) = counts.planned else { return Ok(()) };
    let seen: Vec<_> = items.iter().filter(|item| !item.unseen).map(|item| item.item).collect();
    if seen.iter().collect::<BTreeSet<_>>().len() != seen.len() {
        return Err("an item that was looked at once stands in it twice".to_owned());
    }
    if seen.len() as u64 != planned {
        let seen = seen.len();
        return Err(format!("{seen} items of the plan were looked at, and it says {planned}"));
    }
    let untouched = untouched.as_ref().map_or(0, |others| others.items);
    if planned.checked_add(untouched) != Some(counts.seen) {
        let (seen, said) = (planned.saturating_add(untouched), counts.seen);
        return Err(format!("{seen} items are planned or untouched, and it says {said}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::evidence::signature::{SEED_BYTES, SigningKey};

    fn sample() -> Certificate {
        serde_json::from_slice(include_bytes!("sample.json")).unwrap()
    }

    fn key() -> SigningKey {
        SigningKey::from_seed(&[7; SEED_BYTES])
    }

    fn signed() -> Vec<u8> {
        let mut certificate = sample();
        certificate.sign(&key(), certificate.request.verified)
    }

    #[test]
    fn a_certificate_holds_however_its_json_is_written() {
        let document = signed();
        let checked = check(&document, &[key().public()]).map_err(|fault| fault.to_string());
        let checked = checked.unwrap();
        assert_eq!((checked.key_id.as_str(), checked.certificate.items.len()), (key().id(), 3));
        let value: Value = serde_json::from_slice(&document).unwrap();
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        assert!(check(pretty.as_bytes(), &[]).is_ok());
        let mut members: Vec<_> = value.as_object().unwrap().clone().into_iter().collect();
        members.reverse();
        let turned = Value::Object(members.into_iter().collect()).to_string();
        let escaped = turned.replace("urn:dsrd", "urn:\\u0064srd");
        assert!(turned != escaped && check(escaped.as_bytes(), &[]).is_ok());
    }

    #[test]
    fn whatever_is_changed_is_seen() {
        let document: Value = serde_json::from_slice(&signed()).unwrap();
        let mut pointers = Vec::new();
        collect(&document, String::new(), &mut pointers);
        assert!(pointers.len() > 60);
        for pointer in pointers {
            for change in [changed as fn(&mut Value), nothing, longer] {
                let mut altered = document.clone();
                change(altered.pointer_mut(&pointer).unwrap());
                if altered != document {
                    let text = altered.to_string();
                    assert!(check(text.as_bytes(), &[]).is_err(), "{pointer}");
                }
            }
            let mut altered = document.clone();
            remove(&mut altered, &pointer);
            assert!(check(altered.to_string().as_bytes(), &[]).is_err(), "without {pointer}");
        }
    }

    #[test]
    fn what_stands_twice_is_refused() {
        let document = String::from_utf8(signed()).unwrap();
        for (once, twice) in [
            ("\"state\":", "\"state\":\"completed\",\"state\":"),
            ("\"blocked\":1", "\"blocked\":0,\"blocked\":1"),
            ("{\"jws\":", "{\"jws\":\"\",\"jws\":"),
        ] {
            let altered = document.replace(once, twice);
            assert!(altered != document && check(altered.as_bytes(), &[]).is_err(), "{once}");
        }
    }

    #[test]
    fn whoever_else_signs_is_found_out() {
        let other = SigningKey::from_seed(&[8; SEED_BYTES]);
        let mut certificate = sample();
        let document = certificate.sign(&other, certificate.request.verified);
        assert!(check(&document, &[]).is_ok());
        let fault = check(&document, &[key().public()]).err().unwrap();
        assert!(matches!(fault, CertificateFault::OtherKey(id) if id == other.id()));
        let earlier_and_present = [key().public(), other.public()];
        assert!(check(&document, &earlier_and_present).is_ok());
        let mut value: Value = serde_json::from_slice(&document).unwrap();
        value["signature"]["public_key"] = key().public_pem().into();
        let fault = check(value.to_string().as_bytes(), &[]).err().unwrap();
        assert!(matches!(fault, CertificateFault::KeyId));
        value["signature"]["key_id"] = key().id().into();
        let fault = check(value.to_string().as_bytes(), &[]).err().unwrap();
        assert!(matches!(fault, CertificateFault::KeyId));
        value.as_object_mut().unwrap().remove("signature");
        let fault = check(value.to_string().as_bytes(), &[]).err().unwrap();
        assert!(matches!(fault, CertificateFault::Unsigned));
    }

    #[test]
    fn sums_are_added_up_again() {
        type Slip = fn(&mut Certificate);
        let table: [(&str, Slip); 13] = [
            ("an item too many", |c| c.items.push(c.items[0].clone())),
            ("an outcome", |c| c.items[0].outcome = "already_absent".into()),
            ("found", |c| c.counts.found = 3),
            ("seen", |c| c.counts.seen = 13),
            ("a refusal", |c| c.refusals.clear()),
            ("another refusal", |c| c.refusals[0].source = "elsewhere".into()),
            ("the state", |c| c.state = "completed".into()),
            ("the planned ones", |c| c.counts.planned = Some(1)),
            ("one that was not seen", |c| c.items[0].unseen = true),
            ("one that was seen twice", |c| c.items[1].item = c.items[0].item),
            ("the untouched ones", |c| c.untouched.as_mut().unwrap().items = 10),
            ("one of the untouched ones", |c| c.untouched.as_mut().unwrap().gone = 2),
            ("no untouched ones", |c| c.untouched = None),
        ];
        for (name, slip) in table {
            let mut certificate = sample();
            slip(&mut certificate);
            let document = certificate.sign(&key(), certificate.request.verified);
            let fault = check(&document, &[]).err().unwrap();
            assert!(matches!(fault, CertificateFault::Sums(_)), "{name}: {fault}");
        }
    }

    /// Those that were issued before the planned items were counted hold by the rules of then.
    #[test]
    fn certificates_of_earlier_versions_hold_as_they_did() {
        let mut certificate = sample();
        certificate.counts.planned = None;
        certificate.untouched.as_mut().unwrap().items = 13;
        certificate.untouched.as_mut().unwrap().unchanged = 11;
        let document = certificate.sign(&key(), certificate.request.verified);
        assert!(check(&document, &[]).is_ok());
        certificate.counts.seen = 13;
        let document = certificate.sign(&key(), certificate.request.verified);
        assert!(check(&document, &[]).is_err());
    }

    fn collect(value: &Value, pointer: String, into: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    collect(member, format!("{pointer}/{name}"), into);
                }
            }
            Value::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    collect(element, format!("{pointer}/{index}"), into);
                }
            }
            _ => {}
        }
        if !pointer.is_empty() {
            into.push(pointer);
        }
    }

    fn changed(value: &mut Value) {
        match value {
            Value::String(text) => {
                let last = if text.ends_with('0') { '1' } else { '0' };
                text.pop();
                text.push(last);
            }
            Value::Number(number) => *value = (number.as_u64().unwrap() + 1).into(),
            Value::Array(elements) => elements.reverse(),
            Value::Object(members) => drop(members.insert("more".into(), 1.into())),
            other => *other = true.into(),
        }
    }

    fn nothing(value: &mut Value) {
        *value = Value::Null;
    }

    fn longer(value: &mut Value) {
        match value {
            Value::String(text) => text.push(' '),
            Value::Array(elements) => elements.extend(elements.clone()),
            other => *other = "1".into(),
        }
    }

    fn remove(value: &mut Value, pointer: &str) {
        let (parent, last) = pointer.rsplit_once('/').unwrap();
        match value.pointer_mut(parent).unwrap() {
            Value::Object(members) => drop(members.shift_remove(last)),
            Value::Array(elements) => drop(elements.remove(last.parse().unwrap())),
            _ => unreachable!("a pointer leads through containers"),
        }
    }
}
