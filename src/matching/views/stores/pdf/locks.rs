//! Files that are encrypted, and open without a password: what the standard handler does with the
//! empty one (ISO 32000-2, 7.6). Whoever opens such a file sees its text.

use aes::cipher::{BlockDecrypt, BlockEncrypt, KeyInit};
use aes::{Aes128, Aes256, Block};
use md5::Md5;
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::matching::views::stores::pdf::objects::{Dict, Object};

/// What stands for the rest of a short password.
const PAD: [u8; 32] = [
    0x28, 0xbf, 0x4e, 0x5e, 0x4e, 0x75, 0x8a, 0x41, 0x64, 0x00, 0x4e, 0x56, 0xff, 0xfa, 0x01, 0x08,
    0x2e, 0x2e, 0x00, 0xb6, 0xd0, 0x68, 0x3e, 0x80, 0x2f, 0x0c, 0xa9, 0xfe, 0x64, 0x53, 0x69, 0x7a,
];

const BLOCK_BYTES: usize = 16;

/// How something is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cipher {
    None,
    Rc4,
    /// Each object with a key of its own.
    Aes128,
    Aes256,
}

/// What opens a file.
pub struct Key {
    bytes: Vec<u8>,
    streams: Cipher,
    strings: Cipher,
    /// Whether what is said of the document is encrypted too.
    with_metadata: bool,
}

impl Key {
    /// The key of a file that this is said of, whose first identifier is `id`, if no password is
    /// needed.
    pub fn open(dict: &Dict, id: &[u8]) -> Option<Self> {
        if dict.get("Filter").and_then(Object::name) != Some("Standard") {
            return None;
        }
        let number = |key: &str| dict.get(key).and_then(Object::count);
        let (version, revision) = (number("V")?, number("R")?);
        let with_metadata = dict.get("EncryptMetadata") != Some(&Object::Word("false".into()));
        let bytes = match revision {
            2..=4 => old_key(dict, id, revision, with_metadata)?,
            5 | 6 => new_key(dict, revision)?,
            _ => return None,
        };
        let of = |key: &str| match version {
            1..=3 => Some(Cipher::Rc4),
            4 | 5 => filter(dict, dict.get(key).and_then(Object::name).unwrap_or("Identity")),
            _ => None,
        };
        Some(Self { bytes, streams: of("StmF")?, strings: of("StrF")?, with_metadata })
    }

    /// What a stream of this object was.
    pub fn stream(&self, bytes: Vec<u8>, dict: &Dict, object: (u32, u16)) -> Vec<u8> {
        let kind = dict.get("Type").and_then(Object::name);
        let is_plain = kind == Some("XRef") || kind == Some("Metadata") && !self.with_metadata;
        if is_plain { bytes } else { self.undo(self.streams, bytes, object) }
    }

    /// An object with its strings as they were.
    pub fn object(&self, object: Object, id: (u32, u16)) -> Object {
        match object {
            Object::Text(bytes) => Object::Text(self.undo(self.strings, bytes, id)),
            Object::List(list) => {
                Object::List(list.into_iter().map(|one| self.object(one, id)).collect())
            }
            Object::Dict(dict) => Object::Dict(
                dict.into_iter().map(|(key, one)| (key, self.object(one, id))).collect(),
            ),
            other => other,
        }
    }

    fn undo(&self, cipher: Cipher, bytes: Vec<u8>, (number, generation): (u32, u16)) -> Vec<u8> {
        let own = |salt: &[u8]| {
            let number = &number.to_le_bytes()[..3];
            let parts = [&self.bytes, number, &generation.to_le_bytes(), salt].concat();
            let len = BLOCK_BYTES.min(self.bytes.len() + 5);
            Md5::digest(parts)[..len].to_vec()
        };
        match cipher {
            Cipher::None => bytes,
            Cipher::Rc4 => rc4(&own(b""), bytes),
            Cipher::Aes128 => unpadded(&own(b"sAlT"), &bytes),
            Cipher::Aes256 => unpadded(&self.bytes, &bytes),
        }
    }
}

/// The cipher of a filter of this name.
fn filter(dict: &Dict, name: &str) -> Option<Cipher> {
    if name == "Identity" {
        return Some(Cipher::None);
    }
    let filter = dict.get("CF")?.dict()?.get(name)?.dict()?;
    match filter.get("CFM").and_then(Object::name)? {
        "None" => Some(Cipher::None),
        "V2" => Some(Cipher::Rc4),
        "AESV2" => Some(Cipher::Aes128),
        "AESV3" => Some(Cipher::Aes256),
        _ => None,
    }
}

fn text<'d>(dict: &'d Dict, key: &str) -> Option<&'d [u8]> {
    match dict.get(key)? {
        Object::Text(bytes) => Some(bytes),
        _ => None,
    }
}

/// Algorithm 2, and 6 to see whether it is the right one.
fn old_key(dict: &Dict, id: &[u8], revision: usize, with_metadata: bool) -> Option<Vec<u8>> {
    let (owner, user) = (text(dict, "O")?.get(..32)?, text(dict, "U")?.get(..BLOCK_BYTES)?);
    let Some(Object::Number(rights)) = dict.get("P") else { return None };
    let rights = (*rights as i64 as u32).to_le_bytes();
    let len = match (revision, dict.get("Length").and_then(Object::count)) {
        (2, _) => 5,
        (4, None) => BLOCK_BYTES,
        (_, bits) => (bits.unwrap_or(40) / 8).clamp(5, BLOCK_BYTES),
    };
    let mut parts = [&PAD[..], owner, &rights, id].concat();
    if revision >= 4 && !with_metadata {
        parts.extend([0xff; 4]);
    }
    let mut key = Md5::digest(parts)[..len].to_vec();
    if revision == 2 {
        return (rc4(&key, PAD.to_vec())[..BLOCK_BYTES] == *user).then_some(key);
    }
    for _ in 0..50 {
        key = Md5::digest(&key)[..len].to_vec();
    }
    let mut told = Md5::digest([&PAD, id].concat()).to_vec();
    for round in 0..20 {
        let turned: Vec<u8> = key.iter().map(|byte| byte ^ round).collect();
        told = rc4(&turned, told);
    }
    (told == user).then_some(key)
}

/// Algorithm 2.A.
fn new_key(dict: &Dict, revision: usize) -> Option<Vec<u8>> {
    let (user, packed) = (text(dict, "U")?.get(..48)?, text(dict, "UE")?.get(..32)?);
    let hash = |salt: &[u8]| match revision {
        5 => Sha256::digest(salt).to_vec(),
        _ => hardened(salt),
    };
    if hash(&user[32..40]) != user[..32] {
        return None;
    }
    let cipher = Aes256::new_from_slice(&hash(&user[40..48])).ok()?;
    Some(unchained(packed, &[0; BLOCK_BYTES], |block| cipher.decrypt_block(block)))
}

/// Algorithm 2.B, of the empty password.
fn hardened(salt: &[u8]) -> Vec<u8> {
    /// Rounds that are gone through whatever comes of them.
    const ROUNDS: usize = 64;
    let mut key = Sha256::digest(salt).to_vec();
    // Ends: a round in eight does, once there were enough.
    for round in 1.. {
        let Ok(cipher) = Aes128::new_from_slice(&key[..BLOCK_BYTES]) else { break };
        let mut before = [0; BLOCK_BYTES];
        before.copy_from_slice(&key[BLOCK_BYTES..2 * BLOCK_BYTES]);
        let mut mixed = key.repeat(64);
        for part in mixed.as_chunks_mut::<BLOCK_BYTES>().0 {
            before.iter_mut().zip(&*part).for_each(|(byte, other)| *byte ^= other);
            let mut block = Block::from(before);
            cipher.encrypt_block(&mut block);
            before = block.into();
            *part = before;
        }
        let sum: u32 = mixed[..BLOCK_BYTES].iter().map(|byte| u32::from(*byte)).sum();
        key = match sum % 3 {
            0 => Sha256::digest(&mixed).to_vec(),
            1 => Sha384::digest(&mixed).to_vec(),
            _ => Sha512::digest(&mixed).to_vec(),
        };
        let last = usize::from(mixed[mixed.len() - 1]);
        if round >= ROUNDS && last + 32 <= round {
            break;
        }
    }
    key.truncate(32);
    key
}

fn rc4(key: &[u8], mut bytes: Vec<u8>) -> Vec<u8> {
    let mut state: [u8; 256] = std::array::from_fn(|at| at as u8);
    let mut other = 0u8;
    for at in 0..256 {
        other = other.wrapping_add(state[at]).wrapping_add(key[at % key.len()]);
        state.swap(at, usize::from(other));
    }
    let (mut one, mut other) = (0u8, 0u8);
    for byte in &mut bytes {
        one = one.wrapping_add(1);
        other = other.wrapping_add(state[usize::from(one)]);
        state.swap(usize::from(one), usize::from(other));
        let sum = state[usize::from(one)].wrapping_add(state[usize::from(other)]);
        *byte ^= state[usize::from(sum)];
    }
    bytes
}

/// What was encrypted block by block behind a first one, without what fills up the last.
fn unpadded(key: &[u8], bytes: &[u8]) -> Vec<u8> {
    let Some((first, rest)) = bytes.split_first_chunk::<BLOCK_BYTES>() else { return Vec::new() };
    let mut text = match key.len() {
        BLOCK_BYTES => match Aes128::new_from_slice(key) {
            Ok(cipher) => unchained(rest, first, |block| cipher.decrypt_block(block)),
            Err(_) => return Vec::new(),
        },
        _ => match Aes256::new_from_slice(key) {
            Ok(cipher) => unchained(rest, first, |block| cipher.decrypt_block(block)),
            Err(_) => return Vec::new(),
        },
    };
    let filled = text.last().map_or(0, |last| usize::from(*last));
    if (1..=BLOCK_BYTES).contains(&filled) && filled <= text.len() {
        text.truncate(text.len() - filled);
    }
    text
}

fn unchained(bytes: &[u8], first: &[u8; BLOCK_BYTES], undo: impl Fn(&mut Block)) -> Vec<u8> {
    let mut all = Vec::with_capacity(bytes.len());
    let mut before: &[u8] = first;
    for part in bytes.as_chunks::<BLOCK_BYTES>().0 {
        let mut block = Block::from(*part);
        undo(&mut block);
        all.extend(block.iter().zip(before).map(|(byte, other)| byte ^ other));
        before = part;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ciphers_undo_what_is_known() {
        // The first vectors of RFC 6229's cipher by Wikipedia, and of SP 800-38A, F.2.1.
        assert_eq!(hex::encode(rc4(b"Key", b"Plaintext".to_vec())), "bbf316e8d940af0ad3");
        let key = hex::decode("2b7e151628aed2a6abf7158809cf4f3c").unwrap();
        let text = "000102030405060708090a0b0c0d0e0f7649abac8119b246cee98e9b12e9197d";
        let told = unpadded(&key, &hex::decode(text).unwrap());
        assert_eq!(hex::encode(told), "6bc1bee22e409f96e93d7e117393172a");
    }

    #[test]
    fn rounds_end_where_other_readers_end_them() {
        // By pypdf; one round more comes to something else.
        let told = hardened(&hex::decode("73616c740000002e").unwrap());
        let expected = "46c318e7051ff9c9f8c61bdb1b107a4eb6011c8a7ae8813a30b415a649b92453";
        assert_eq!(hex::encode(told), expected);
    }

    #[test]
    fn what_is_broken_opens_nothing() {
        assert!(Key::open(&Dict::new(), b"").is_none());
        let mut dict = Dict::new();
        dict.insert("Filter".into(), Object::Name("Standard".into()));
        for (version, revision) in [(1.0, 2.0), (2.0, 3.0), (5.0, 6.0), (9.0, 9.0)] {
            dict.insert("V".into(), Object::Number(version));
            dict.insert("R".into(), Object::Number(revision));
            dict.insert("P".into(), Object::Number(-4.0));
            for key in ["O", "U", "UE"] {
                dict.insert(key.into(), Object::Text(vec![7; 48]));
            }
            assert!(Key::open(&dict, b"x").is_none());
        }
        assert!(unpadded(&[1; 16], b"short").is_empty());
    }
}
