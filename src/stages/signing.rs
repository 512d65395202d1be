//! The deployment's own key: what it vouches with for its messages and its evidence.

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::domain::failure::Failure;
use crate::evidence::certificate::document::Certificate;
use crate::evidence::signature::{PublicKey, SEED_BYTES, SigningKey};
use crate::ports::system::Entropy;

/// Signs for this deployment.
#[derive(Debug)]
pub struct Signer {
    key: SigningKey,
}

impl Signer {
    /// Signs with the key in this PKCS#8 PEM.
    ///
    /// # Errors
    /// `NeedsPerson` where it is no Ed25519 key.
    pub fn new(signing_key: &str) -> Result<Self, Failure> {
        let key = SigningKey::from_pem(signing_key)
            .map_err(|error| Failure::needs_person("taking the signing key").because(error))?;
        Ok(Self { key })
    }

    /// A detached signature over the bytes.
    pub fn sign(&self, bytes: &[u8], now: Timestamp) -> String {
        self.key.sign(bytes, now)
    }

    /// Signs a certificate, and gives the document.
    pub fn certify(&self, certificate: &mut Certificate, now: Timestamp) -> Vec<u8> {
        certificate.sign(&self.key, now)
    }

    /// The key's id in signatures.
    pub fn key_id(&self) -> &str {
        self.key.id()
    }

    /// The public half as PEM.
    pub fn public_pem(&self) -> String {
        self.key.public_pem()
    }

    /// The public half, to check by.
    pub fn public(&self) -> PublicKey {
        self.key.public()
    }
}

/// A fresh key as PKCS#8 PEM.
pub fn fresh_key(entropy: &dyn Entropy) -> Zeroizing<String> {
    let mut seed = Zeroizing::new([0; SEED_BYTES]);
    entropy.fill(&mut *seed);
    SigningKey::from_seed(&seed).to_pem()
}
