//! What needs no daemon: the checks of `dsrd verify`, signing as the deployment does, and keys that
//! take the place of others.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::domain::asked::subject::{Identity, IdentityFormat, IdentityType};
use crate::domain::failure::Failure;
use crate::ports::kept::daemons::Daemons;
use crate::ports::ledger::Ledger;
use crate::ports::sealings::{Replaced, Sealing as Place, Sealings, Successor};
use crate::ports::system::{Clock, Entropy};
use crate::stages::account::keys::Keys as Sealing;
use crate::stages::signing::{self, Signer};
use crate::stages::verify::archive::{self, Unsound};
use crate::stages::verify::certificate;
use crate::stages::verify::ledger;

/// What a sound archive says of itself.
pub struct Archive {
    /// The request that it answers.
    pub request: String,
    /// Name and version of the program that wrote it.
    pub program: String,
    /// Files under `data/`.
    pub files: u64,
    /// Their bytes, unpacked.
    pub bytes: u64,
    /// Items that could not be read, or not whole.
    pub unreadable: u64,
}

/// By what an archive is opened if it is encrypted.
#[derive(Default)]
pub struct Keys {
    /// Text of a file of age identities.
    pub identities: Option<Zeroizing<String>>,
    /// A passphrase.
    pub passphrase: Option<Zeroizing<String>>,
}

/// Reads an archive whole and compares it with its manifest.
///
/// # Errors
/// `Permanent` for the first fault of the archive; `NeedsPerson` where it could not be looked into.
pub fn verify_archive(file: File, keys: &Keys) -> Result<Archive, Failure> {
    let identities = keys.identities.as_ref().map(|text| text.as_str());
    let passphrase = keys.passphrase.as_ref().map(|text| text.as_str());
    let checked = archive::check_with(file, identities, passphrase);
    let checked = checked.map_err(|unsound| match unsound {
        Unsound::Fault(fault) => Failure::permanent("the archive does not hold").because(fault),
        unsound if unsound.is_of_archive() => {
            Failure::permanent("the archive does not hold").because(unsound)
        }
        Unsound::NoKey => Failure::needs_person(
            "the archive is encrypted: give its key by --identity FILE (an age identity) or \
             --passphrase-file FILE",
        ),
        Unsound::Open(_) | Unsound::Key(_) | Unsound::File(_) => {
            Failure::needs_person("the archive could not be looked into").because(unsound)
        }
    })?;
    Ok(Archive {
        request: checked.request.id.as_str().to_owned(),
        program: checked.program,
        files: checked.counts.files,
        bytes: checked.counts.bytes,
        unreadable: checked.counts.unreadable,
    })
}

/// What a sound certificate says of itself.
pub struct Certificate {
    /// The erasure that it is about.
    pub request: String,
    /// Who erased: the `source` of the deployment's events.
    pub deployment: String,
    /// How the erasure ended.
    pub state: String,
    /// Word of the outcome to number of items.
    pub outcomes: BTreeMap<String, u64>,
    /// Id of the key that signed it.
    pub key_id: String,
    /// When it was signed.
    pub signed_at: Timestamp,
    /// Whether it is about the person who was asked for, where somebody was.
    pub is_about: Option<bool>,
}

/// Checks a certificate: with the public key given as PEM, or else with the one in it. With the
/// type and value of an identity and the deployment's master key it also tells whether that person
/// is meant.
///
/// # Errors
/// `NeedsPerson` where one of the keys is none; else the first fault of the certificate.
pub fn verify_certificate(
    json: &[u8],
    public_key: Option<&str>,
    asked_for: Option<((&str, &str), &str)>,
) -> Result<Certificate, Failure> {
    let checked = certificate::check_document(json, public_key)?;
    let said = &checked.certificate;
    let is_about = asked_for
        .map(|(who, master_key)| certificate::is_about(said, &identity(who)?, master_key))
        .transpose()?;
    Ok(Certificate {
        request: said.request.id.as_str().to_owned(),
        deployment: said.deployment.source.clone(),
        state: said.state.clone(),
        outcomes: said.counts.outcomes.clone(),
        key_id: checked.key_id,
        signed_at: checked.signed_at,
        is_about,
    })
}

/// An identity by its type and value.
fn identity((kind, value): (&str, &str)) -> Result<Identity, Failure> {
    let kind = IdentityType::parse(kind);
    let kind = kind.ok_or_else(|| Failure::needs_person("taking an identity of unknown type"))?;
    Ok(Identity::new(kind, IdentityFormat::Raw, value.trim().to_owned()))
}

/// What a sound ledger says of itself.
pub struct SoundLedger {
    /// Requests and rejected messages.
    pub requests: u64,
    /// Records of them all.
    pub records: u64,
    /// Hex SHA-256 over the ids and last hashes of all requests.
    pub heads: String,
}

/// Walks the whole ledger; `seen` is told how many requests were.
///
/// # Errors
/// The first link that does not hold; the ledger cannot be read.
pub async fn verify_ledger(
    ledger: &dyn Ledger,
    seen: impl FnMut(u64),
) -> Result<SoundLedger, Failure> {
    let checked = ledger::check(ledger, seen).await?;
    let ledger::Sound { requests, records, heads } =
        checked.map_err(|broken| Failure::permanent("the ledger does not hold").because(broken))?;
    Ok(SoundLedger { requests, records, heads })
}

/// By what others check this deployment's signatures.
pub struct PublicKey {
    /// Its id in signatures.
    pub id: String,
    /// SPKI PEM.
    pub pem: String,
}

/// A fresh signing key as PKCS#8 PEM.
pub fn fresh_signing_key(entropy: &dyn Entropy) -> Zeroizing<String> {
    signing::fresh_key(entropy)
}

/// The public half of a signing key.
///
/// # Errors
/// `NeedsPerson` where it is no such key.
pub fn public_key(signing_key: &str) -> Result<PublicKey, Failure> {
    let signer = Signer::new(signing_key)?;
    Ok(PublicKey { id: signer.key_id().to_owned(), pem: signer.public_pem() })
}

/// The text of a master key that can take the place of this one.
///
/// # Errors
/// `NeedsPerson` where it is none.
pub fn successor(
    master_key: &str,
    entropy: Arc<dyn Entropy>,
) -> Result<Zeroizing<String>, Failure> {
    Ok(Sealing::new(master_key, entropy)?.successor())
}

/// Tells which master key it is, and nothing of it.
///
/// # Errors
/// `NeedsPerson` where it is none.
pub fn digest_of(master_key: &str, entropy: Arc<dyn Entropy>) -> Result<String, Failure> {
    Ok(Sealing::new(master_key, entropy)?.own_digest())
}

/// Seals a ledger anew under a master key that takes the place of another, and says how many places
/// of it; `None` where that was done before.
///
/// # Errors
/// `NeedsPerson` where one of them is none, the one cannot take the place of the other, or neither
/// is the ledger's; what is sealed in the ledger does not open; whatever the ledger refuses.
pub async fn replace_master_key(
    ledger: &dyn Sealings,
    former: &str,
    next: &str,
    entropy: Arc<dyn Entropy>,
) -> Result<Option<u64>, Failure> {
    let former = Sealing::new(former, Arc::clone(&entropy))?;
    let next = Sealing::new(next, entropy)?;
    if !former.is_succeeded_by(&next) {
        let text = "it was made to take the place of another one";
        return Err(Failure::needs_person("taking the new master key").because(text));
    }
    let anew = |place: &Place, sealed: &[u8]| {
        next.seal_anew(&former, place, sealed)
            .map_err(|error| Failure::permanent("sealing the ledger anew").because(error))
    };
    let (from, to) = (former.own_digest(), next.own_digest());
    let successor = Successor { former: &from, digest: &to, anew: &anew };
    let refused = |text: &str| Failure::needs_person("replacing the master key").because(text);
    match ledger.replace_key(&successor).await? {
        Replaced::Now { sealed } => Ok(Some(sealed)),
        Replaced::Before => Ok(None),
        Replaced::Other => Err(refused("the ledger is sealed under neither of them")),
        Replaced::Unkeyed => Err(refused("no daemon has ever begun with this ledger")),
    }
}

/// When a daemon that works on the ledger was seen last, if there is any.
///
/// # Errors
/// Whatever the ledger refuses.
pub async fn at_work(ledger: &dyn Daemons) -> Result<Option<Timestamp>, Failure> {
    Ok(ledger.daemons().await?.into_iter().map(|daemon| daemon.seen).max())
}

/// Notes in the ledger by what others check what is signed with this key.
///
/// # Errors
/// `NeedsPerson` where the key is none; whatever the ledger refuses.
pub async fn note_signing_key(ledger: &dyn Sealings, signing_key: &str) -> Result<(), Failure> {
    let PublicKey { id, pem } = public_key(signing_key)?;
    ledger.note_signing_key(&id, &pem).await
}

/// By what others check what this deployment has signed, each with the time at which the ledger
/// heard of it, the first one first.
///
/// # Errors
/// Whatever the ledger refuses.
pub async fn signing_keys(ledger: &dyn Sealings) -> Result<Vec<(PublicKey, Timestamp)>, Failure> {
    let keys = ledger.signing_keys().await?.into_iter();
    Ok(keys.map(|key| (PublicKey { id: key.id, pem: key.pem }, key.since)).collect())
}

/// A detached signature over a message's body, made now.
///
/// # Errors
/// `NeedsPerson` where the key is none.
pub fn sign(signing_key: &str, body: &[u8], clock: &dyn Clock) -> Result<String, Failure> {
    Ok(Signer::new(signing_key)?.sign(body, clock.now()))
}
