//! Archives that only those they are meant for can read: age files, encrypted as they are written.
//!
//! An archive counts as written once it was read back whole, and nobody but the recipients has
//! their keys. So it is encrypted to one more recipient, whose private key is derived from the key
//! of the request and destroyed with it: once the request rests we can read the archive no more
//! than others can. A passphrase stands alone in an age file; that one is in the sealed request,
//! and goes with it too.

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use age::secrecy::SecretString;
use age::stream::{StreamReader, StreamWriter};
use age::{DecryptError, Decryptor, EncryptError, Encryptor, Identity, Recipient, scrypt, x25519};
use aws_lc_rs::agreement::{PrivateKey, UnparsedPublicKey, X25519, agree};
use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32, Hrp};
use bytes::{Bytes, BytesMut};
use zeroize::Zeroizing;

use crate::domain::request::EncryptTo;

/// How one archive is encrypted, and read back.
pub struct Encryption {
    to: EncryptTo,
    own: x25519::Identity,
}

/// An archive on its way through the cipher.
pub struct Encrypting {
    writer: StreamWriter<Ready>,
    ready: Ready,
}

/// By what an encrypted archive is opened.
pub struct ArchiveKey(Vec<Box<dyn Identity + Send + Sync>>);

/// Why a text is no recipient that archives are encrypted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRecipient {
    /// No recipient at all, or one with a slip in it.
    Malformed,
    /// One of a plugin, or an SSH key.
    OtherKind,
    /// The half that is nobody else's business.
    PrivateKey,
}

/// Why an archive does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It may be sound; we cannot look.
    #[error("the archive is encrypted, and not for the key that was given")]
    OtherKey,
    /// It may be sound; none of ours asks for so much.
    #[error(
        "the archive is encrypted, and to try a passphrase on it takes more work than is allowed"
    )]
    ExcessiveWork,
    /// Not an age file any more, or not yet one that we know.
    #[error("the archive begins like an encrypted one, and is damaged")]
    Damaged,
}

/// The text holds no private keys of age.
#[derive(Debug, thiserror::Error)]
#[error("it holds no age identity, a line that begins with AGE-SECRET-KEY-1")]
pub struct IllegalIdentity;

/// Logarithm of what a guess at a passphrase costs: 128 MiB and about half a second, which is what
/// OWASP's "Password Storage Cheat Sheet" asks of scrypt at least. We pay it twice an archive.
const WORK_FACTOR: u8 = 17;

/// What a guess may cost when an archive is read: eight times as much as our own take. Left to
/// itself age measures how fast the machine is just then, and refuses sound archives on a busy one.
const WORK_FACTOR_MAX: u8 = WORK_FACTOR + 3;

/// How an age file begins.
const MAGIC: &[u8] = b"age-encryption.org/";

/// What age's texts begin with (BIP 173's "human-readable part").
const RECIPIENT: &str = "age";
const IDENTITY: &str = "age-secret-key-";

impl Encryption {
    /// Encrypts to these and to ourselves. `secret` is the request's own.
    pub fn new(to: &EncryptTo, secret: &[u8; 32]) -> Self {
        let text = bech32::encode_upper::<Bech32>(Hrp::parse_unchecked(IDENTITY), secret);
        let text = Zeroizing::new(text.expect("32 bytes are short enough for Bech32"));
        let own = text.parse().expect("any 32 bytes are a private key of X25519");
        Self { to: to.clone(), own }
    }

    /// Whether to begin takes long, as it is meant to with a passphrase.
    pub fn is_slow(&self) -> bool {
        matches!(self.to, EncryptTo::Passphrase(_))
    }

    /// Begins an archive. The keys of the file are age's own to draw.
    ///
    /// # Errors
    /// A recipient that an earlier version took and this one does not.
    pub fn begin(&self) -> Result<Encrypting, EncryptError> {
        let encryptor = match &self.to {
            EncryptTo::Recipients(texts) => {
                let mut all = vec![self.own.to_public()];
                for text in texts {
                    all.push(recipient(text).map_err(|_| EncryptError::MissingRecipients)?);
                }
                Encryptor::with_recipients(all.iter().map(|one| one as &dyn Recipient))?
            }
            EncryptTo::Passphrase(passphrase) => {
                let mut one = scrypt::Recipient::new(secret(passphrase));
                one.set_work_factor(WORK_FACTOR);
                Encryptor::with_recipients(std::iter::once(&one as &dyn Recipient))?
            }
        };
        let ready = Ready::default();
        let writer = encryptor.wrap_output(ready.clone())?;
        Ok(Encrypting { writer, ready })
    }

    /// By what the archive is read back.
    pub fn key(&self) -> ArchiveKey {
        match &self.to {
            EncryptTo::Recipients(_) => ArchiveKey(vec![Box::new(self.own.clone())]),
            EncryptTo::Passphrase(passphrase) => ArchiveKey::passphrase(passphrase),
        }
    }
}

impl Encrypting {
    /// Takes bytes of the archive and gives those of the file that are ready. What is kept is a
    /// chunk of 64 KiB at most.
    ///
    /// # Errors
    /// None that is known of.
    pub fn write(&mut self, plain: &[u8]) -> io::Result<Bytes> {
        self.writer.write_all(plain)?;
        Ok(self.ready.take())
    }

    /// The last bytes of the file.
    ///
    /// # Errors
    /// None that is known of.
    pub fn finish(self) -> io::Result<Bytes> {
        Ok(self.writer.finish()?.take())
    }
}

impl ArchiveKey {
    /// A passphrase.
    pub fn passphrase(passphrase: &str) -> Self {
        let mut identity = scrypt::Identity::new(secret(passphrase));
        identity.set_max_work_factor(WORK_FACTOR_MAX);
        Self(vec![Box::new(identity)])
    }

    /// The private keys in a file of age's, as `age-keygen` writes it.
    ///
    /// # Errors
    /// [`IllegalIdentity`] where it holds anything else, or none.
    pub fn identities(text: &str) -> Result<Self, IllegalIdentity> {
        let lines = text.lines().map(str::trim);
        let keys = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let keys: Result<Vec<_>, _> = keys
            .map(|line| match line.parse::<x25519::Identity>() {
                Ok(key) => Ok(Box::new(key) as Box<dyn Identity + Send + Sync>),
                Err(_) => Err(IllegalIdentity),
            })
            .collect();
        keys.and_then(|keys| if keys.is_empty() { Err(IllegalIdentity) } else { Ok(Self(keys)) })
    }

    /// The archive in the clear, to be read and sought in. Nothing but the first chunks has been
    /// looked at.
    ///
    /// # Errors
    /// [`OpenError`]
    pub fn open<R: Read>(&self, encrypted: R) -> Result<StreamReader<R>, OpenError> {
        let decryptor = Decryptor::new(encrypted).map_err(|_| OpenError::Damaged)?;
        let keys = self.0.iter().map(|key| &**key as &dyn Identity);
        decryptor.decrypt(keys).map_err(|error| match error {
            DecryptError::NoMatchingKeys
            | DecryptError::KeyDecryptionFailed
            | DecryptError::DecryptionFailed => OpenError::OtherKey,
            DecryptError::ExcessiveWork { .. } => OpenError::ExcessiveWork,
            _ => OpenError::Damaged,
        })
    }
}

/// Whether a file that begins like this is encrypted.
pub fn is_encrypted(start: &[u8]) -> bool {
    start.starts_with(MAGIC)
}

/// The recipient that a text names.
///
/// # Errors
/// [`NoRecipient`]
pub fn recipient(text: &str) -> Result<x25519::Recipient, NoRecipient> {
    if text.to_ascii_lowercase().starts_with(IDENTITY) {
        return Err(NoRecipient::PrivateKey);
    }
    // A `1` ends the human-readable part, and there is none behind it.
    let is_plugin = text.strip_prefix("age1").is_some_and(|rest| rest.contains('1'));
    if is_plugin || text.starts_with("ssh-") || text.starts_with("ecdsa-") {
        return Err(NoRecipient::OtherKind);
    }
    let bytes = point(text).ok_or(NoRecipient::Malformed)?;
    if !is_usable(&bytes) {
        return Err(NoRecipient::Malformed);
    }
    text.parse().map_err(|_| NoRecipient::Malformed)
}

/// The public key in a recipient's text.
fn point(text: &str) -> Option<Vec<u8>> {
    let parsed = CheckedHrpstring::new::<Bech32>(text).ok()?;
    let is_ours = parsed.hrp() == Hrp::parse_unchecked(RECIPIENT);
    // One spelling of each, so that a schema can say it.
    let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    (is_ours && is_lower).then(|| parsed.byte_iter().collect())
}

/// Whether anything can be encrypted to a public key. There are a few points with which every
/// private key agrees on zero: age would take our random numbers to be broken, and panic.
fn is_usable(bytes: &[u8]) -> bool {
    let ours = PrivateKey::from_private_key(&X25519, &[1; 32]);
    let ours = ours.expect("any 32 bytes are a private key of X25519");
    agree(&ours, UnparsedPublicKey::new(&X25519, bytes), (), |_| Ok(())).is_ok()
}

fn secret(passphrase: &str) -> SecretString {
    SecretString::from(passphrase.to_owned())
}

/// Encrypted bytes that nobody took yet; shared with the writer, which gives no way to what is
/// below it.
#[derive(Clone, Default)]
struct Ready(Arc<Mutex<BytesMut>>);

impl Ready {
    fn take(&self) -> Bytes {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).split().freeze()
    }
}

impl Write for Ready {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Seek, SeekFrom};

    use super::*;

    fn encrypted(encryption: &Encryption, plain: &[u8]) -> Vec<u8> {
        let mut encrypting = encryption.begin().unwrap();
        let mut file = Vec::new();
        for piece in plain.chunks(7_000) {
            file.extend_from_slice(&encrypting.write(piece).unwrap());
        }
        file.extend_from_slice(&encrypting.finish().unwrap());
        file
    }

    fn read(file: &[u8], key: &ArchiveKey) -> Result<Vec<u8>, OpenError> {
        let mut plain = Vec::new();
        let mut reader = key.open(Cursor::new(file))?;
        reader.read_to_end(&mut plain).map_err(|_| OpenError::Damaged)?;
        Ok(plain)
    }

    fn identity(byte: u8) -> String {
        bech32::encode_upper::<Bech32>(Hrp::parse_unchecked(IDENTITY), &[byte; 32]).unwrap()
    }

    fn public(byte: u8) -> String {
        identity(byte).parse::<x25519::Identity>().unwrap().to_public().to_string()
    }

    #[test]
    fn the_recipients_and_we_can_read_it_and_nobody_else() {
        let to = EncryptTo::Recipients(vec![public(1), public(2)]);
        let encryption = Encryption::new(&to, &[3; 32]);
        for size in [0, 1, 65_536, 200_000] {
            let plain: Vec<u8> = (0..size).map(|n: u32| (n % 251) as u8).collect();
            let file = encrypted(&encryption, &plain);
            assert!(is_encrypted(&file));
            for key in [1, 2, 3] {
                let key = ArchiveKey::identities(&format!("# a key\n\n{}\n", identity(key)));
                assert_eq!(read(&file, &key.unwrap()).unwrap(), plain);
            }
            assert_eq!(read(&file, &encryption.key()).unwrap(), plain);
            for key in [ArchiveKey::identities(&identity(4)).unwrap(), ArchiveKey::passphrase("4")]
            {
                assert!(matches!(read(&file, &key), Err(OpenError::OtherKey)));
            }
            let cut = &file[..file.len() - 1];
            assert!(matches!(read(cut, &encryption.key()), Err(OpenError::Damaged)));
        }
    }

    #[test]
    fn a_passphrase_stands_alone() {
        let passphrase = Zeroizing::new("four words are a start".to_owned());
        let encryption = Encryption::new(&EncryptTo::Passphrase(passphrase), &[3; 32]);
        assert!(encryption.is_slow());
        let file = encrypted(&encryption, b"plain");
        assert_eq!(read(&file, &encryption.key()).unwrap(), b"plain");
        let own = ArchiveKey::identities(&identity(3)).unwrap();
        assert!(matches!(read(&file, &own), Err(OpenError::OtherKey)));
        let other = ArchiveKey::passphrase("four words are a star");
        assert!(matches!(read(&file, &other), Err(OpenError::OtherKey)));
    }

    /// What may be read does not hang on how fast the machine is while it reads: more than our own
    /// archives take is read, and what nobody should wait for is refused before it is begun.
    #[test]
    fn the_work_that_is_allowed_is_a_number_and_no_measurement() {
        let harder = |work_factor| {
            let mut one = scrypt::Recipient::new(secret("four words are a start"));
            one.set_work_factor(work_factor);
            let ready = Ready::default();
            let encryptor = Encryptor::with_recipients(std::iter::once(&one as &dyn Recipient));
            let writer = encryptor.unwrap().wrap_output(ready.clone()).unwrap();
            writer.finish().unwrap().take().to_vec()
        };
        let key = ArchiveKey::passphrase("four words are a start");
        let file = harder(WORK_FACTOR + 1);
        assert_eq!(read(&file, &key).unwrap(), b"");
        let head = file.windows(4).position(|at| at == b" 18\n").unwrap();
        for (work_factor, is_allowed) in [(b" 20\n", true), (b" 21\n", false), (b" 63\n", false)] {
            let mut asked = file.clone();
            asked[head..head + 4].copy_from_slice(work_factor);
            let refused = matches!(read(&asked, &key), Err(OpenError::ExcessiveWork));
            assert_eq!(refused, !is_allowed);
        }
    }

    #[test]
    fn a_reader_can_seek() {
        let encryption = Encryption::new(&EncryptTo::Recipients(vec![public(1)]), &[3; 32]);
        let file = encrypted(&encryption, &[vec![0; 100_000], b"end".to_vec()].concat());
        let mut reader = encryption.key().open(Cursor::new(file)).unwrap();
        reader.seek(SeekFrom::End(-3)).unwrap();
        let mut end = String::new();
        reader.read_to_string(&mut end).unwrap();
        assert_eq!(end, "end");
    }

    #[test]
    fn recipients_are_told_from_what_is_none() {
        let low_order = |bytes: [u8; 32]| {
            bech32::encode_lower::<Bech32>(Hrp::parse_unchecked(RECIPIENT), &bytes).unwrap()
        };
        let one: [u8; 32] = std::array::from_fn(|place| u8::from(place == 0));
        // Test vector of the age crate.
        let good = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa";
        assert!(recipient(good).is_ok());
        for (text, why) in [
            (String::new(), NoRecipient::Malformed),
            ("ann@contoso.com".to_owned(), NoRecipient::Malformed),
            (good.to_uppercase(), NoRecipient::Malformed),
            (good.replace('7', "8"), NoRecipient::Malformed),
            (format!("{good}q"), NoRecipient::Malformed),
            (format!(" {good}"), NoRecipient::Malformed),
            (low_order([0; 32]), NoRecipient::Malformed),
            (low_order(one), NoRecipient::Malformed),
            ("age1yubikey1qwertz".to_owned(), NoRecipient::OtherKind),
            ("ssh-ed25519 AAAA".to_owned(), NoRecipient::OtherKind),
            (identity(1), NoRecipient::PrivateKey),
            (identity(1).to_lowercase(), NoRecipient::PrivateKey),
        ] {
            assert_eq!(recipient(&text).err(), Some(why), "{text}");
        }
    }

    #[test]
    fn a_file_of_identities_holds_nothing_else() {
        for text in ["", "# nothing\n", "AGE-SECRET-KEY-1", &public(1), "four words are a start"] {
            assert!(ArchiveKey::identities(text).is_err(), "{text}");
        }
    }
}
