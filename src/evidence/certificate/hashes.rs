//! Keyed hashes: what the operator can recognise in a certificate, and nobody else.
//!
//! A bare hash would give itself away: there are few names and addresses, and a small file that
//! holds one of them can be guessed whole. So everything that could be guessed is hashed under a
//! key of the deployment. The request's id is hashed along, so that two certificates cannot be
//! compared either.

use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::item::Item;
use crate::domain::request::RequestId;
use crate::evidence::seal::{HashKey, MasterKey};

/// What the key is derived for.
const PURPOSE: &str = "certificate";

/// HMAC-SHA-256, in documents as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyedHash([u8; 32]);

/// Hashes what the certificate of one request is about.
#[derive(Debug)]
pub struct Hashes<'a> {
    key: HashKey,
    id: &'a RequestId,
}

/// How a reader who has the key makes these hashes again; a part of every certificate.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HowHashed {
    /// Which function.
    pub algorithm: String,
    /// Of what a content's hash is made.
    pub content: String,
    /// Of what an identity's hash is made.
    pub identity: String,
    /// Of what an item's hash is made.
    pub item: String,
    /// The key, and how fields are put together.
    pub key: String,
}

impl<'a> Hashes<'a> {
    /// Of the request with this id.
    pub fn new(master_key: &MasterKey, id: &'a RequestId) -> Self {
        Self { key: master_key.hash_key(PURPOSE), id }
    }

    /// Of an identity in its canonical form.
    pub fn identity(&self, canonical: &str) -> KeyedHash {
        self.hash(&["identity", self.id.as_str(), canonical])
    }

    /// Of the place where an item is.
    pub fn item(&self, item: &Item) -> KeyedHash {
        let (form, version) = item.version.parts();
        self.hash(&["item", self.id.as_str(), &item.source, &item.name, form, version])
    }

    /// Of an item's bytes, by their SHA-256 in hexadecimal digits.
    pub fn content(&self, sha256: &str) -> KeyedHash {
        self.hash(&["content", self.id.as_str(), sha256])
    }

    fn hash(&self, fields: &[&str]) -> KeyedHash {
        let fields: Vec<&[u8]> = fields.iter().map(|field| field.as_bytes()).collect();
        KeyedHash(self.key.hash(&fields))
    }
}

impl HowHashed {
    /// How this version does it.
    pub fn now() -> Self {
        Self {
            algorithm: "HMAC-SHA-256".into(),
            content: "\"content\", request id, SHA-256 of the bytes in hexadecimal digits".into(),
            identity: "\"identity\", request id, the identity in its canonical form".into(),
            item: "\"item\", request id, source, name, form, version or snapshot id".into(),
            key:
                "The key is HMAC-SHA-256 of \"dsrd/certificate/v1\" under the deployment's master \
                  key. Hashed are the named fields, each after its length in bytes as an unsigned \
                  64-bit number, big-endian."
                    .into(),
        }
    }
}

impl KeyedHash {
    /// The hash in these 64 hexadecimal digits.
    pub fn parse(digits: &str) -> Option<Self> {
        let is_lower = !digits.contains(|c: char| c.is_ascii_uppercase());
        let mut bytes = [0; 32];
        hex::decode_to_slice(digits, &mut bytes).ok().filter(|()| is_lower).map(|()| Self(bytes))
    }
}

impl fmt::Display for KeyedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyedHash({self})")
    }
}

impl Serialize for KeyedHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyedHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let digits = String::deserialize(deserializer)?;
        Self::parse(&digits).ok_or_else(|| D::Error::custom("a hash is 64 hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::item::Version;

    #[test]
    fn hashes_are_those_that_the_certificate_describes() {
        let master = MasterKey::from_hex(&"5a".repeat(32)).unwrap();
        let id = RequestId::new("r-1").unwrap();
        // Made with Python's hmac, as `HowHashed` says.
        let expected = "9592919afd3e5026991e8ec2b12f22038d5698cfaf8495d3b0b1d0f5954ad95f";
        assert_eq!(Hashes::new(&master, &id).identity("name ann").to_string(), expected);
    }

    #[test]
    fn fields_do_not_run_into_each_other_and_requests_not_together() {
        let master = MasterKey::from_hex(&"5a".repeat(32)).unwrap();
        let (one, other) = (RequestId::new("r-1").unwrap(), RequestId::new("r-2").unwrap());
        let item = |source: &str, name: &str, version| Item::bare(source, name, version);
        let hashes = Hashes::new(&master, &one);
        let mut all = vec![
            hashes.identity("ab"),
            hashes.content("ab"),
            Hashes::new(&master, &other).identity("ab"),
            hashes.item(&item("ab", "c", Version::Current)),
            hashes.item(&item("a", "bc", Version::Current)),
            hashes.item(&item("a", "bc", Version::Snapshot("1".into()))),
            hashes.item(&item("a", "bc", Version::Previous("1".into()))),
        ];
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
