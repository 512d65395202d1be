//! What speaks of the subject is sealed under a key of its request's own; to destroy the key is to
//! destroy the data, wherever copies of the sealed bytes went.
//!
//! XChaCha20-Poly1305, whose 24-byte nonces may be drawn at random without a count. Sealed bytes
//! are the nonce and then the ciphertext with its tag. The request's id and the purpose are bound
//! in as associated data: sealed bytes moved to another request or another row do not open.

use std::fmt;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::domain::request::RequestId;

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;

/// Bytes of a nonce.
pub const NONCE_BYTES: usize = 24;

/// Fresh random bytes, drawn by the caller for one seal and never used again.
pub type Nonce = [u8; NONCE_BYTES];

/// The deployment's key: wraps the keys of requests, and keys the digests that leave the seal.
///
/// Once it was replaced it is two: what is sealed is sealed under the present one, and digests are
/// keyed by the first for ever. Whom they stand for nobody knows any more, so that none of them
/// could be made anew.
#[derive(Clone)]
pub struct MasterKey {
    present: Zeroizing<[u8; KEY_BYTES]>,
    first: Zeroizing<[u8; KEY_BYTES]>,
}

/// Keys the prints that inventories are made of.
#[derive(Clone)]
pub struct PrintKey(HashKey);

/// The key of one request.
#[derive(Clone)]
pub struct RequestKey {
    id: RequestId,
    key: Zeroizing<[u8; KEY_BYTES]>,
}

/// Keys the digests of one use.
#[derive(Clone)]
pub struct HashKey(Zeroizing<[u8; KEY_BYTES]>);

/// What is sealed; no two things of one request have the same purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The request, in a form of ours.
    Request,
    /// The message of the request as it came, which is what earlier versions sealed.
    Body,
    /// The planned item at this place in the plan.
    Item(u64),
    /// What a service knows its work on the planned item at this place by.
    Ticket(u64),
    /// This part of what the request left; under a key of its own.
    Left(u64),
}

/// The text is not a master key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a master key is 64 hexadecimal digits, and those of the first one once it was replaced")]
pub struct IllegalMasterKey;

/// The sealed bytes were altered, belong elsewhere, or were sealed under another key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the seal does not open: other key, other place, or altered bytes")]
pub struct BrokenSeal;

impl MasterKey {
    /// Takes 64 hexadecimal digits, with white space around them as a file has it; after those of a
    /// key that took another's place the ones of the first.
    ///
    /// # Errors
    /// [`IllegalMasterKey`] for anything else.
    pub fn from_hex(text: &str) -> Result<Self, IllegalMasterKey> {
        let mut words = text.split_ascii_whitespace();
        let present = key_from_hex(words.next().unwrap_or_default())?;
        let first = words.next().map_or_else(|| Ok(present.clone()), key_from_hex)?;
        match words.next() {
            None => Ok(Self { present, first }),
            Some(_) => Err(IllegalMasterKey),
        }
    }

    /// The text of a key that takes the place of this one, from fresh random bytes.
    pub fn successor(&self, fresh: &[u8; KEY_BYTES]) -> Zeroizing<String> {
        let [present, first] = [fresh, &*self.first].map(|key| Zeroizing::new(hex::encode(key)));
        Zeroizing::new(format!("{}\n{}\n", *present, *first))
    }

    /// Whether the other may take the place of this one: what was keyed by the one is known by the
    /// other.
    pub fn is_of_one_line(&self, other: &Self) -> bool {
        self.first == other.first
    }

    /// Hex digest that tells which key this is, and nothing of it.
    pub fn own_digest(&self) -> String {
        let of_first = self.derive("line");
        let is_first = self.first == self.present;
        let line: &[u8] = if is_first { &[] } else { of_first.as_slice() };
        let named = [b"dsrd/master-key/v1", line].concat();
        hex::encode(mac(&self.derive_present("digest"), &named))
    }

    /// The request's key, sealed for the ledger.
    pub fn wrap(&self, key: &RequestKey, nonce: Nonce) -> Vec<u8> {
        seal(&self.derive_present("wrap"), nonce, &key.key[..], &format!("dsrd/key/v1/{}", key.id))
    }

    /// The key of the request with this id.
    ///
    /// # Errors
    /// [`BrokenSeal`] where it was wrapped for another request or by another master key.
    pub fn unwrap_key(&self, id: &RequestId, wrapped: &[u8]) -> Result<RequestKey, BrokenSeal> {
        let key = open(&self.derive_present("wrap"), wrapped, &format!("dsrd/key/v1/{id}"))?;
        let key = <[u8; KEY_BYTES]>::try_from(key.as_slice()).map_err(|_| BrokenSeal)?;
        Ok(RequestKey::new(id.clone(), key))
    }

    /// The key of what a request left, sealed for the ledger. It is none of the request's, which is
    /// destroyed when the request rests.
    pub fn wrap_left(&self, key: &RequestKey, nonce: Nonce) -> Vec<u8> {
        seal(
            &self.derive_present("left"),
            nonce,
            &key.key[..],
            &format!("dsrd/left-key/v1/{}", key.id),
        )
    }

    /// The key of what the request with this id left.
    ///
    /// # Errors
    /// [`BrokenSeal`] where it was wrapped for another request or by another master key.
    pub fn unwrap_left(&self, id: &RequestId, wrapped: &[u8]) -> Result<RequestKey, BrokenSeal> {
        let key = open(&self.derive_present("left"), wrapped, &format!("dsrd/left-key/v1/{id}"))?;
        let key = <[u8; KEY_BYTES]>::try_from(key.as_slice()).map_err(|_| BrokenSeal)?;
        Ok(RequestKey::new(id.clone(), key))
    }

    /// Seals where a listing goes on: it may hold a name. `work` is that of the walk.
    pub fn seal_marker(&self, work: &str, nonce: Nonce, marker: &str) -> Vec<u8> {
        let place = format!("dsrd/marker/v1/{work}");
        seal(&self.derive_present("marker"), nonce, marker.as_bytes(), &place)
    }

    /// Where a listing goes on.
    ///
    /// # Errors
    /// [`BrokenSeal`] where it was sealed for another walk or by another master key.
    pub fn open_marker(&self, work: &str, sealed: &[u8]) -> Result<String, BrokenSeal> {
        let marker =
            open(&self.derive_present("marker"), sealed, &format!("dsrd/marker/v1/{work}"))?;
        String::from_utf8(marker.to_vec()).map_err(|_| BrokenSeal)
    }

    /// Hex HMAC-SHA-256: the same bytes can be known again, and without the key nobody can test a
    /// guess.
    pub fn keyed_digest(&self, bytes: &[u8]) -> String {
        hex::encode(mac(&self.derive("digest"), bytes))
    }

    /// The same for what names a person, under a key of its own: digests of bodies leave the house,
    /// and whoever chooses a body must not learn the digest of a person by it.
    pub fn person_digest(&self, canonical: &str) -> String {
        hex::encode(mac(&self.derive("person"), canonical.as_bytes()))
    }

    /// What prints of items are made with.
    pub fn print_key(&self) -> PrintKey {
        PrintKey(self.hash_key("print"))
    }

    /// The key that erased people are recognised by.
    pub fn tombstone_key(&self) -> Zeroizing<[u8; KEY_BYTES]> {
        self.derive("tombstone")
    }

    /// The key that the terms of items are hashed with.
    pub fn term_key(&self) -> Zeroizing<[u8; KEY_BYTES]> {
        self.derive("terms")
    }

    /// The key that forms of the page are sealed with.
    pub fn form_key(&self) -> Zeroizing<[u8; KEY_BYTES]> {
        self.derive_present("form")
    }

    /// The key for digests of this use.
    pub fn hash_key(&self, purpose: &str) -> HashKey {
        HashKey(self.derive(purpose))
    }

    /// One key for each use, so that no two uses can be played against each other: to digest with.
    fn derive(&self, purpose: &str) -> Zeroizing<[u8; KEY_BYTES]> {
        derived(&self.first, purpose)
    }

    /// The same to seal with.
    fn derive_present(&self, purpose: &str) -> Zeroizing<[u8; KEY_BYTES]> {
        derived(&self.present, purpose)
    }
}

impl PrintKey {
    /// The first 64 bits of a hash of the parts: tells them apart, and names nothing.
    pub fn print(&self, parts: &[&str]) -> u64 {
        let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
        let digest = self.0.hash(&parts);
        digest[..8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}

impl HashKey {
    /// HMAC-SHA-256 over these fields, each after its length as eight bytes, big-endian: no two
    /// different lists of fields are hashed alike.
    pub fn hash(&self, fields: &[&[u8]]) -> [u8; 32] {
        let mut framed = Vec::new();
        for field in fields {
            framed.extend_from_slice(&(field.len() as u64).to_be_bytes());
            framed.extend_from_slice(field);
        }
        mac(&self.0, &framed)
    }
}

impl RequestKey {
    /// The key of a new request, from fresh random bytes.
    pub fn new(id: RequestId, key: [u8; KEY_BYTES]) -> Self {
        Self { id, key: key.into() }
    }

    /// Seals `plain` for this purpose.
    pub fn seal(&self, purpose: Purpose, nonce: Nonce, plain: &[u8]) -> Vec<u8> {
        seal(&self.key, nonce, plain, &self.place(purpose))
    }

    /// Opens what was sealed for this purpose.
    ///
    /// # Errors
    /// [`BrokenSeal`] where the bytes are not exactly what was sealed here.
    pub fn open(&self, purpose: Purpose, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, BrokenSeal> {
        open(&self.key, sealed, &self.place(purpose))
    }

    /// The private key that is ours of the request's archive, should it be encrypted: it is derived
    /// and never stored, so that it is gone with this one when the request rests.
    pub fn archive_secret(&self) -> Zeroizing<[u8; KEY_BYTES]> {
        mac(&self.key, format!("dsrd/archive/v1/{}", self.id).as_bytes()).into()
    }

    /// Ids hold no `/`, so no two places are written alike.
    fn place(&self, purpose: Purpose) -> String {
        match purpose {
            Purpose::Request => format!("dsrd/request/v1/{}", self.id),
            Purpose::Body => format!("dsrd/body/v1/{}", self.id),
            Purpose::Item(ordinal) => format!("dsrd/item/v1/{}/{ordinal}", self.id),
            Purpose::Ticket(ordinal) => format!("dsrd/ticket/v1/{}/{ordinal}", self.id),
            Purpose::Left(part) => format!("dsrd/left/v1/{}/{part}", self.id),
        }
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(not shown)")
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey(not shown)")
    }
}

impl fmt::Debug for RequestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestKey({}, not shown)", self.id)
    }
}

fn seal(key: &[u8; KEY_BYTES], nonce: Nonce, plain: &[u8], place: &str) -> Vec<u8> {
    let ciphertext = XChaCha20Poly1305::new(&Key::from(*key))
        .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: place.as_bytes() })
        .expect("the cipher refuses messages above 256 GiB only, and they would not fit in memory");
    [&nonce, ciphertext.as_slice()].concat()
}

fn open(
    key: &[u8; KEY_BYTES],
    sealed: &[u8],
    place: &str,
) -> Result<Zeroizing<Vec<u8>>, BrokenSeal> {
    let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(BrokenSeal)?;
    XChaCha20Poly1305::new(&Key::from(*key))
        .decrypt(&XNonce::from(*nonce), Payload { msg: ciphertext, aad: place.as_bytes() })
        .map(Zeroizing::new)
        .map_err(|_| BrokenSeal)
}

fn key_from_hex(text: &str) -> Result<Zeroizing<[u8; KEY_BYTES]>, IllegalMasterKey> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    hex::decode_to_slice(text, key.as_mut_slice()).map_err(|_| IllegalMasterKey)?;
    Ok(key)
}

fn derived(key: &[u8; KEY_BYTES], purpose: &str) -> Zeroizing<[u8; KEY_BYTES]> {
    mac(key, format!("dsrd/{purpose}/v1").as_bytes()).into()
}

fn mac(key: &[u8; KEY_BYTES], bytes: &[u8]) -> [u8; 32] {
    let mut mac =
        <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(bytes);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> RequestId {
        RequestId::new(text).unwrap()
    }

    fn key(name: &str) -> RequestKey {
        RequestKey::new(id(name), [7; KEY_BYTES])
    }

    fn master(digit: &str) -> MasterKey {
        MasterKey::from_hex(&digit.repeat(64)).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_in_its_own_place_only() {
        let table = [
            // sealed for, opened for, opens
            (("r-1", Purpose::Body), ("r-1", Purpose::Body), true),
            (("r-1", Purpose::Item(3)), ("r-1", Purpose::Item(3)), true),
            (("r-1", Purpose::Body), ("r-2", Purpose::Body), false),
            (("r-1", Purpose::Item(3)), ("r-1", Purpose::Item(4)), false),
            (("r-1", Purpose::Item(3)), ("r-1", Purpose::Body), false),
            (("r-1", Purpose::Body), ("r-1", Purpose::Request), false),
            (("r-1", Purpose::Item(12)), ("r-11", Purpose::Item(2)), false),
            (("r-1", Purpose::Left(3)), ("r-1", Purpose::Left(3)), true),
            (("r-1", Purpose::Left(3)), ("r-1", Purpose::Item(3)), false),
            (("r-1", Purpose::Ticket(3)), ("r-1", Purpose::Ticket(3)), true),
            (("r-1", Purpose::Ticket(3)), ("r-1", Purpose::Item(3)), false),
        ];
        for ((sealer, purpose), (opener, place), opens) in table {
            let sealed = key(sealer).seal(purpose, [1; NONCE_BYTES], b"ann@contoso.com");
            let opened = key(opener).open(place, &sealed);
            assert_eq!(opened.is_ok(), opens, "{sealer} {purpose:?} as {opener} {place:?}");
            assert!(opened.is_err() || &opened.unwrap()[..] == b"ann@contoso.com");
        }
    }

    #[test]
    fn every_altered_byte_and_every_cut_is_noticed() {
        let sealed = key("r-1").seal(Purpose::Body, [1; NONCE_BYTES], b"x");
        assert!(!sealed.is_empty());
        for place in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[place] ^= 1;
            assert_eq!(key("r-1").open(Purpose::Body, &altered).err(), Some(BrokenSeal), "{place}");
            let cut = &sealed[..place];
            assert_eq!(key("r-1").open(Purpose::Body, cut).err(), Some(BrokenSeal), "{place}");
        }
    }

    #[test]
    fn a_wrapped_key_opens_for_its_request_under_its_master_only() {
        let wrapped = master("a").wrap(&key("r-1"), [2; NONCE_BYTES]);
        let sealed = key("r-1").seal(Purpose::Body, [1; NONCE_BYTES], b"hello");
        let unwrapped = master("a").unwrap_key(&id("r-1"), &wrapped).unwrap();
        assert_eq!(&unwrapped.open(Purpose::Body, &sealed).unwrap()[..], b"hello");
        assert!(master("b").unwrap_key(&id("r-1"), &wrapped).is_err());
        assert!(master("a").unwrap_key(&id("r-2"), &wrapped).is_err());
        assert!(master("a").unwrap_key(&id("r-1"), b"").is_err());
        let left = master("a").wrap_left(&key("r-1"), [2; NONCE_BYTES]);
        assert!(master("a").unwrap_left(&id("r-1"), &left).is_ok());
        assert!(master("a").unwrap_left(&id("r-2"), &left).is_err());
        assert!(master("b").unwrap_left(&id("r-1"), &left).is_err());
        assert!(master("a").unwrap_key(&id("r-1"), &left).is_err());
        assert!(master("a").unwrap_left(&id("r-1"), &wrapped).is_err());
    }

    #[test]
    fn a_marker_opens_for_its_walk_under_its_master_only() {
        let sealed = master("a").seal_marker("sweep/1/0", [3; NONCE_BYTES], "Users/ann/");
        assert_eq!(master("a").open_marker("sweep/1/0", &sealed).unwrap(), "Users/ann/");
        assert!(master("a").open_marker("sweep/1/1", &sealed).is_err());
        assert!(master("b").open_marker("sweep/1/0", &sealed).is_err());
        assert!(!sealed.windows(3).any(|part| part == b"ann"));
    }

    #[test]
    fn the_secret_of_an_archive_is_of_one_request_and_its_key() {
        let secret = key("r-1").archive_secret();
        assert_eq!(secret, key("r-1").archive_secret());
        assert_ne!(secret, key("r-2").archive_secret());
        assert_ne!(secret, RequestKey::new(id("r-1"), [8; KEY_BYTES]).archive_secret());
        assert_ne!(*secret, [7; KEY_BYTES]);
    }

    #[test]
    fn digests_depend_on_key_and_bytes() {
        let digest = master("a").keyed_digest(b"body");
        assert_eq!(digest, master("A").keyed_digest(b"body"));
        assert_eq!(digest.len(), 64);
        assert_ne!(digest, master("b").keyed_digest(b"body"));
        assert_ne!(digest, master("a").keyed_digest(b"bodY"));
    }

    #[test]
    fn master_keys_are_64_digits() {
        let table = [
            ("0123456789abcdefABCDEF".to_owned() + &"0".repeat(42), true),
            (format!(" {}\n", "f".repeat(64)), true),
            (format!("{}\n{}\n", "f".repeat(64), "a".repeat(64)), true),
            (format!("{} {} {}", "f".repeat(64), "a".repeat(64), "b".repeat(64)), false),
            (format!("{}{}", "f".repeat(64), "a".repeat(64)), false),
            (format!("{} {}", "f".repeat(64), "a".repeat(63)), false),
            ("f".repeat(63), false),
            ("f".repeat(66), false),
            ("g".repeat(64), false),
            (String::new(), false),
        ];
        for (text, legal) in table {
            assert_eq!(MasterKey::from_hex(&text).is_ok(), legal, "{text:?}");
        }
    }

    #[test]
    fn a_successor_seals_by_itself_and_digests_as_the_first() {
        let first = master("a");
        let second = MasterKey::from_hex(&first.successor(&[1; KEY_BYTES])).unwrap();
        let third = MasterKey::from_hex(&second.successor(&[2; KEY_BYTES])).unwrap();
        let other = MasterKey::from_hex(&master("b").successor(&[1; KEY_BYTES])).unwrap();
        let alone = MasterKey::from_hex(&hex::encode([1; KEY_BYTES])).unwrap();
        for (one, next) in [(&first, &second), (&second, &third)] {
            assert!(one.is_of_one_line(next) && !one.is_of_one_line(&other));
            assert_eq!(one.keyed_digest(b"body"), next.keyed_digest(b"body"));
            assert_eq!(one.print_key().print(&["a"]), next.print_key().print(&["a"]));
            assert_eq!(one.tombstone_key(), next.tombstone_key());
            assert_eq!(one.term_key(), next.term_key());
            let wrapped = next.wrap(&key("r-1"), [2; NONCE_BYTES]);
            assert!(one.unwrap_key(&id("r-1"), &wrapped).is_err());
            assert!(next.unwrap_key(&id("r-1"), &wrapped).is_ok());
            let marker = next.seal_marker("w", [2; NONCE_BYTES], "m");
            assert!(
                one.open_marker("w", &marker).is_err() && next.open_marker("w", &marker).is_ok()
            );
        }
        let all = [&first, &second, &third, &other, &alone].map(MasterKey::own_digest);
        for (number, digest) in all.iter().enumerate() {
            assert!(!all[..number].contains(digest), "{number}");
        }
        assert_eq!(all[0], first.keyed_digest(b"dsrd/master-key/v1"), "as earlier versions");
    }

    #[test]
    fn keys_do_not_print() {
        assert_eq!(format!("{:?}", master("a")), "MasterKey(not shown)");
        assert_eq!(format!("{:?}", key("r-1")), "RequestKey(r-1, not shown)");
    }
}
