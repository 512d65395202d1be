//! Who vouches for which bytes: detached signatures as compact JWS (RFC 7515, appendix F).
//!
//! `header..signature`, where the payload that is left out is the exact bytes that were signed, so
//! that nobody has to agree on how JSON is written. Of the many algorithms of JWS two are spoken,
//! Ed25519 and ECDSA on P-256; which one a signature is checked by follows from the key, never from
//! the signature, and a header that says otherwise is refused.

use std::fmt;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, Ed25519KeyPair, KeyPair, ParsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use rustls_pki_types::pem::{PemObject, SectionKind};
use rustls_pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

/// Longest signature that is looked at, in bytes. Ours are under 300.
pub const SIGNATURE_BYTES_MAX: usize = 4096;

/// Bytes that an Ed25519 key is made of.
pub const SEED_BYTES: usize = 32;

/// Bytes of its public half.
const PUBLIC_BYTES: usize = 32;

/// An Ed25519 key to sign with. The library wipes it when it is dropped.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    id: String,
}

/// A key to check signatures by.
pub struct PublicKey {
    algorithm: Algorithm,
    key: ParsedPublicKey,
    id: Option<String>,
}

/// A detached signature, taken apart and not yet believed.
pub struct Detached<'a> {
    /// Which key it claims to be made with.
    pub key_id: String,
    /// When it claims to be made.
    pub signed_at: Timestamp,
    algorithm: Algorithm,
    protected: &'a str,
    signature: Vec<u8>,
}

/// The text is no private key that we can sign with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a signing key is an Ed25519 key as PKCS#8 PEM (openssl genpkey -algorithm ed25519)")]
pub struct IllegalSigningKey;

/// The text is no public key that we can check by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a public key is Ed25519 or P-256, as PEM (openssl pkey -pubout)")]
pub struct IllegalPublicKey;

/// What keeps a text from being a signature that could be checked. Nothing of it is quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Longer than any honest one.
    #[error("the signature is longer than {SIGNATURE_BYTES_MAX} bytes")]
    TooLong,
    /// Not three parts with nothing in the middle, or not base64url.
    #[error(
        "the signature is no detached compact JWS: header..signature, base64url without padding"
    )]
    Form,
    /// The header is not what we read.
    #[error("the header of the signature must be a JSON object with alg, kid and iat, each once")]
    Header,
    /// `none`, or an algorithm that we do not speak.
    #[error("alg in the header of the signature is neither EdDSA nor ES256")]
    Algorithm,
    /// The header asks for an extension, such as an unencoded payload.
    #[error("the header of the signature asks by crit or b64 for what is not understood here")]
    Extension,
}

/// The signature was not made over these bytes with this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not fit the key and the bytes")]
pub struct WrongSignature;

impl SigningKey {
    /// A key from fresh random bytes.
    pub fn from_seed(seed: &[u8; SEED_BYTES]) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed);
        Self::new(pair.expect("every seed of this length is a key"))
    }

    /// A key from PKCS#8 PEM.
    ///
    /// # Errors
    /// [`IllegalSigningKey`] for anything else, and for other kinds of keys.
    pub fn from_pem(text: &str) -> Result<Self, IllegalSigningKey> {
        let mut der = PrivatePkcs8KeyDer::from_pem_slice(text.as_bytes())
            .map_err(|_unquoted| IllegalSigningKey)?;
        let pair = Ed25519KeyPair::from_pkcs8(der.secret_pkcs8_der());
        der.zeroize();
        pair.map(Self::new).map_err(|_unspecific| IllegalSigningKey)
    }

    /// The key as PKCS#8 PEM, for its file.
    pub fn to_pem(&self) -> Zeroizing<String> {
        let der = self.pair.to_pkcs8v1().expect("a key in memory can be written");
        pem("PRIVATE KEY", der.as_ref())
    }

    /// The public half as PEM (SPKI), as `openssl pkey -pubout` prints it.
    pub fn public_pem(&self) -> String {
        let der = self.pair.public_key().as_der().expect("a key in memory can be written");
        pem("PUBLIC KEY", der.as_ref()).to_string()
    }

    /// The public half, to check by.
    pub fn public(&self) -> PublicKey {
        PublicKey::from_pem(&self.public_pem()).expect("what was just written can be read")
    }

    /// Its id: the thumbprint of RFC 7638, so that whoever has the public key can tell it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// A detached signature over `payload`, made at `now`; its time is cut to whole seconds.
    pub fn sign(&self, payload: &[u8], now: Timestamp) -> String {
        let header = Written { alg: "EdDSA", kid: &self.id, iat: now.as_second() };
        let header = serde_json::to_vec(&header).expect("strings and a number are always JSON");
        let protected = URL_SAFE_NO_PAD.encode(header);
        let signature = self.pair.sign(signing_input(&protected, payload).as_bytes());
        format!("{protected}..{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn new(pair: Ed25519KeyPair) -> Self {
        let id = thumbprint(pair.public_key().as_ref());
        Self { pair, id }
    }
}

impl PublicKey {
    /// A key from PEM (SPKI), of either kind that we speak.
    ///
    /// # Errors
    /// [`IllegalPublicKey`] for anything else.
    pub fn from_pem(text: &str) -> Result<Self, IllegalPublicKey> {
        let der = SubjectPublicKeyInfoDer::from_pem_slice(text.as_bytes())
            .map_err(|_unquoted| IllegalPublicKey)?;
        Self::from_spki(&der)
    }

    fn from_spki(der: &[u8]) -> Result<Self, IllegalPublicKey> {
        let ed25519 = ParsedPublicKey::new(&ED25519, der);
        // SPKI of an Ed25519 key ends with the key (RFC 8410, section 4).
        let id = || der.last_chunk::<PUBLIC_BYTES>().map(|public| thumbprint(public));
        let key = ed25519.map(|key| Self { algorithm: Algorithm::EdDsa, key, id: id() });
        let p256 = |_other| ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, der);
        let es256 = |key| Self { algorithm: Algorithm::Es256, key, id: None };
        key.or_else(|other| p256(other).map(es256)).map_err(|_unspecific| IllegalPublicKey)
    }

    /// All keys of a file of PEM, at least one; what stands between them is passed over.
    ///
    /// # Errors
    /// [`IllegalPublicKey`] where one of them is none.
    pub fn all_from_pem(text: &str) -> Result<Vec<Self>, IllegalPublicKey> {
        let sections = <(SectionKind, Vec<u8>)>::pem_slice_iter(text.as_bytes());
        let keys = sections.map(|section| match section {
            Ok((SectionKind::PublicKey, der)) => Self::from_spki(&der),
            // Another kind of section, or what is cut off.
            Ok(_) | Err(_) => Err(IllegalPublicKey),
        });
        let keys: Vec<Self> = keys.collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(IllegalPublicKey) } else { Ok(keys) }
    }

    /// The key as PEM, in the one way that we write it.
    pub fn to_pem(&self) -> String {
        let der = self.key.as_der().expect("a key in memory can be written");
        pem("PUBLIC KEY", der.as_ref()).to_string()
    }

    /// Its id as [`SigningKey::id`] has it; `None` for a kind of key that we do not sign with.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

impl<'a> Detached<'a> {
    /// Takes a signature apart.
    ///
    /// # Errors
    /// [`Malformed`] with the first thing that is wrong.
    pub fn parse(text: &'a str) -> Result<Self, Malformed> {
        if text.len() > SIGNATURE_BYTES_MAX {
            return Err(Malformed::TooLong);
        }
        let (protected, signature) = text.split_once("..").ok_or(Malformed::Form)?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Malformed::Form);
        let (header, signature) = (decode(protected)?, decode(signature)?);
        let header: Header = serde_json::from_slice(&header).map_err(|_| Malformed::Header)?;
        if header.crit.is_some() || header.b64.is_some() {
            return Err(Malformed::Extension);
        }
        Ok(Self {
            algorithm: Algorithm::parse(&header.alg).ok_or(Malformed::Algorithm)?,
            key_id: header.kid,
            signed_at: header.iat.time().ok_or(Malformed::Header)?,
            protected,
            signature,
        })
    }

    /// Checks that it was made over `payload` with `key`.
    ///
    /// # Errors
    /// [`WrongSignature`] otherwise, and where the header claims an algorithm that is not the
    /// key's.
    pub fn verify(&self, payload: &[u8], key: &PublicKey) -> Result<(), WrongSignature> {
        if self.algorithm != key.algorithm {
            return Err(WrongSignature);
        }
        let input = signing_input(self.protected, payload);
        let checked = key.key.verify_sig(input.as_bytes(), &self.signature);
        checked.map_err(|_unspecific| WrongSignature)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, not shown)", self.id)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({:?})", self.algorithm)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    EdDsa,
    Es256,
}

impl Algorithm {
    /// By its name in a header. RFC 9864 renames `EdDSA` to `Ed25519` where that is what is meant.
    fn parse(name: &str) -> Option<Self> {
        match name {
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            "ES256" => Some(Self::Es256),
            _ => None,
        }
    }
}

/// The header as we write it.
#[derive(Serialize)]
struct Written<'a> {
    alg: &'static str,
    kid: &'a str,
    iat: i64,
}

/// The header as others write it. Reading refuses a field that stands twice; others are ignored, as
/// RFC 7515 demands, unless `crit` names them.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
    iat: NumericDate,
    crit: Option<serde::de::IgnoredAny>,
    b64: Option<serde::de::IgnoredAny>,
}

/// Seconds since 1970, which some write with a fraction (RFC 7519, section 2).
#[derive(Deserialize)]
struct NumericDate(f64);

impl NumericDate {
    #[expect(clippy::cast_possible_truncation, reason = "saturates, and then is no time")]
    fn time(&self) -> Option<Timestamp> {
        Timestamp::from_second(self.0.floor() as i64).ok()
    }
}

/// What is signed (RFC 7515, section 5.1).
fn signing_input(protected: &str, payload: &[u8]) -> String {
    let mut input = format!("{protected}.");
    // Without a copy in between: a payload may have many megabytes.
    URL_SAFE_NO_PAD.encode_string(payload, &mut input);
    input
}

/// RFC 7638 over the members that RFC 8037 names for an Ed25519 key.
fn thumbprint(public: &[u8]) -> String {
    let x = URL_SAFE_NO_PAD.encode(public);
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(Sha256::digest(members))
}

/// PEM of so few bytes that their base64 stands in one line.
fn pem(what: &str, der: &[u8]) -> Zeroizing<String> {
    let body = Zeroizing::new(STANDARD.encode(der));
    format!("-----BEGIN {what}-----\n{}\n-----END {what}-----\n", *body).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037, appendix A.1 and A.2.
    const RFC_SEED: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
    const RFC_PUBLIC: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn decode(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    fn key() -> SigningKey {
        SigningKey::from_seed(&decode(RFC_SEED).try_into().unwrap())
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    /// RFC 7515, appendix A.3.1: the key as SPKI.
    fn rfc_p256() -> PublicKey {
        let prefix = hex::decode("3059301306072a8648ce3d020106082a8648ce3d03010703420004").unwrap();
        let x = decode("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU");
        let y = decode("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
        let body = STANDARD.encode([prefix, x, y].concat());
        let (first, rest) = body.split_at(64);
        let text =
            format!("-----BEGIN PUBLIC KEY-----\n{first}\n{rest}\n-----END PUBLIC KEY-----\n");
        PublicKey::from_pem(&text).unwrap()
    }

    fn detached<'a>(algorithm: Algorithm, protected: &'a str, signature: &str) -> Detached<'a> {
        let (key_id, signed_at) = (String::new(), at(0));
        Detached { key_id, signed_at, algorithm, protected, signature: decode(signature) }
    }

    /// With a header as the RFCs' examples have it, which says neither who nor when.
    #[test]
    fn published_signatures_hold_and_altered_ones_do_not() {
        let table = [
            // RFC 8037, appendix A.4.
            (
                key().public(),
                detached(
                    Algorithm::EdDsa,
                    "eyJhbGciOiJFZERTQSJ9",
                    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvp\
                     Ar_MuM0KAg",
                ),
                b"Example of Ed25519 signing".to_vec(),
            ),
            // RFC 7515, appendix A.3.
            (
                rfc_p256(),
                detached(
                    Algorithm::Es256,
                    "eyJhbGciOiJFUzI1NiJ9",
                    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqP\
                     P3-Kg6NU1Q",
                ),
                decode(
                    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9p\
                     c19yb290Ijp0cnVlfQ",
                ),
            ),
        ];
        for (key, mut signature, payload) in table {
            assert_eq!(signature.verify(&payload, &key), Ok(()));
            assert_eq!(signature.verify(&payload[1..], &key), Err(WrongSignature));
            assert_eq!(signature.verify(b"", &key), Err(WrongSignature));
            for place in 0..signature.signature.len() {
                signature.signature[place] ^= 1;
                assert_eq!(signature.verify(&payload, &key), Err(WrongSignature), "{place}");
                signature.signature[place] ^= 1;
            }
            for length in [0, 1, 63] {
                let cut = signature.signature[..length].to_vec();
                let cut = Detached { signature: cut, key_id: String::new(), ..signature };
                assert_eq!(cut.verify(&payload, &key), Err(WrongSignature), "{length}");
            }
        }
    }

    #[test]
    fn a_key_has_the_id_that_others_compute() {
        // RFC 8037, appendix A.3.
        assert_eq!(key().id(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        let public = hex::decode("302a300506032b6570032100").unwrap();
        let public = STANDARD.encode([public, decode(RFC_PUBLIC)].concat());
        assert_eq!(key().public_pem().lines().nth(1), Some(public.as_str()));
        assert_eq!((key().public().id(), rfc_p256().id()), (Some(key().id()), None));
    }

    #[test]
    fn what_we_sign_says_who_and_when() {
        let text = key().sign(b"body", at(1_800_000_000));
        let read = Detached::parse(&text).unwrap();
        assert_eq!((read.key_id.as_str(), read.signed_at), (key().id(), at(1_800_000_000)));
        assert_eq!(read.verify(b"body", &key().public()), Ok(()));
        assert_eq!(read.verify(b"bodY", &key().public()), Err(WrongSignature));
        let other = SigningKey::from_seed(&[7; SEED_BYTES]);
        assert_eq!(read.verify(b"body", &other.public()), Err(WrongSignature));
        assert_eq!(read.verify(b"body", &rfc_p256()), Err(WrongSignature));
    }

    #[test]
    fn headers_are_read_strictly() {
        let good = r#"{"alg":"EdDSA","kid":"k","iat":1}"#;
        let table = [
            (good, None),
            (r#"{"alg":"ES256","kid":"k","iat":1.9,"typ":"x"}"#, None),
            (r#"{"alg":"Ed25519","kid":"k","iat":1}"#, None),
            (r#"{"alg":"none","kid":"k","iat":1}"#, Some(Malformed::Algorithm)),
            (r#"{"alg":"HS256","kid":"k","iat":1}"#, Some(Malformed::Algorithm)),
            (r#"{"alg":"eddsa","kid":"k","iat":1}"#, Some(Malformed::Algorithm)),
            (r#"{"alg":"EdDSA","kid":"k","iat":1,"crit":["b64"]}"#, Some(Malformed::Extension)),
            (r#"{"alg":"EdDSA","kid":"k","iat":1,"crit":[]}"#, Some(Malformed::Extension)),
            (r#"{"alg":"EdDSA","kid":"k","iat":1,"b64":false}"#, Some(Malformed::Extension)),
            (r#"{"alg":"EdDSA","kid":"k","iat":1,"kid":"l"}"#, Some(Malformed::Header)),
            (r#"{"alg":"EdDSA","alg":"none","kid":"k","iat":1}"#, Some(Malformed::Header)),
            (r#"{"alg":"EdDSA","kid":"k","iat":1,"\u006bid":"l"}"#, Some(Malformed::Header)),
            (r#"{"alg":"EdDSA","iat":1}"#, Some(Malformed::Header)),
            (r#"{"alg":"EdDSA","kid":"k"}"#, Some(Malformed::Header)),
            (r#"{"alg":"EdDSA","kid":"k","iat":"1"}"#, Some(Malformed::Header)),
            (r#"{"alg":"EdDSA","kid":"k","iat":1e300}"#, Some(Malformed::Header)),
            (r#"{"alg":"EdDSA","kid":7,"iat":1}"#, Some(Malformed::Header)),
            (r#"{"alg":"EdDSA","kid":"k","iat":1} {}"#, Some(Malformed::Header)),
            ("[]", Some(Malformed::Header)),
            ("", Some(Malformed::Header)),
        ];
        for (header, expected) in table {
            let text = format!("{}..AAAA", URL_SAFE_NO_PAD.encode(header));
            assert_eq!(Detached::parse(&text).err(), expected, "{header}");
        }
        let header = URL_SAFE_NO_PAD.encode(good);
        let table = [
            (format!("{header}.Ym9keQ.AAAA"), Malformed::Form),
            (format!("{header}.AAAA"), Malformed::Form),
            (format!("{header}..AAAA..AAAA"), Malformed::Form),
            (format!("{header}..AAAA=="), Malformed::Form),
            (format!("{header}..AA+A"), Malformed::Form),
            (format!("{header}..AAAA\n"), Malformed::Form),
            (format!("{header}..A"), Malformed::Form),
            ("ann@contoso.com".to_owned(), Malformed::Form),
            (String::new(), Malformed::Form),
            (format!("{header}..{}", "A".repeat(SIGNATURE_BYTES_MAX)), Malformed::TooLong),
        ];
        for (text, expected) in table {
            assert_eq!(Detached::parse(&text).err(), Some(expected), "{text}");
        }
    }

    #[test]
    fn keys_are_read_as_they_are_written_and_others_are_refused() {
        let pem = key().to_pem();
        assert_eq!(SigningKey::from_pem(&pem).unwrap().id(), key().id());
        assert!(SigningKey::from_pem(&key().public_pem()).is_err());
        assert!(SigningKey::from_pem("").is_err());
        assert!(PublicKey::from_pem(&pem).is_err());
        assert!(PublicKey::from_pem(&key().public_pem().replace("MCow", "MCoX")).is_err());
        assert_eq!(rfc_p256().algorithm, Algorithm::Es256);
        assert_eq!(key().public().algorithm, Algorithm::EdDsa);
    }

    #[test]
    fn keys_do_not_print() {
        let shown = format!("{:?}", key());
        assert_eq!(shown, "SigningKey(kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k, not shown)");
    }
}
