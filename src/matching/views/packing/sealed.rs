//! What is encrypted in the midst of a text and says so: nobody can tell whom it speaks of.
//!
//! A text may speak of such a form without having any: behind the sign must stand what only the
//! form has there.

use std::sync::LazyLock;

use aho_corasick::packed::Searcher;
use memchr::memmem;

/// The signs, and what they are signs of.
const SIGNS: [(&[u8], &str); 13] = [
    (b"$ANSIBLE_VAULT;1.", "ansible-vault: encrypted"),
    (b"!vault", "ansible-vault: encrypted"),
    (b"ENC[AES256_GCM,data:", "sops: encrypted"),
    (b"-----BEGIN PGP MESSAGE-----", "pgp: encrypted"),
    (b"-----BEGIN AGE ENCRYPTED FILE-----", "age: encrypted"),
    (b"-----BEGIN ENCRYPTED PRIVATE KEY-----", "pem: encrypted"),
    (b"Proc-Type: 4,ENCRYPTED", "pem: encrypted"),
    (b"U2FsdGVkX1", "openssl: encrypted"),
    (b"gAAAAAB", "fernet: encrypted"),
    // `"enc":` in the head of a token, wherever it begins there.
    (b"ImVuYyI6", "jwe: encrypted"),
    (b"iZW5jIjo", "jwe: encrypted"),
    (b"JlbmMiO", "jwe: encrypted"),
    (b"{cipher}", "spring: encrypted"),
];

/// What may be told to be encrypted, each form once or more.
pub const REASONS: [&str; SIGNS.len()] = {
    let mut reasons = [""; SIGNS.len()];
    let mut at = 0;
    while at < SIGNS.len() {
        reasons[at] = SIGNS[at].1;
        at += 1;
    }
    reasons
};

/// Digits that must stand behind a sign, in a row: short secrets have as few.
const DIGITS_MIN: usize = 12;

/// The same where the sign says less.
const LONG_DIGITS_MIN: usize = 32;

/// Bytes behind a sign in which they begin: versions, headers, line breaks.
const REACH_BYTES: usize = 200;

/// All signs, asked for at once; `None` where the machine cannot.
static ANY: LazyLock<Option<Searcher>> =
    LazyLock::new(|| Searcher::new(SIGNS.iter().map(|(sign, _)| *sign)));

/// What is encrypted in these bytes, each form once.
pub fn sealed(bytes: &[u8]) -> impl Iterator<Item = &'static str> {
    let any = ANY.as_ref().is_none_or(|any| any.find(bytes).is_some());
    let mut told = Vec::new();
    for (sign, form) in SIGNS.iter().filter(|_| any) {
        let mut signs = memmem::find_iter(bytes, sign).map(|at| at + sign.len());
        if !told.contains(form) && signs.any(|at| is_followed(&bytes[at..], sign)) {
            told.push(*form);
        }
    }
    told.into_iter()
}

fn is_followed(rest: &[u8], sign: &[u8]) -> bool {
    let rest = &rest[..rest.len().min(REACH_BYTES)];
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    let digits = |is_digit: &dyn Fn(&u8) -> bool| {
        rest.iter().position(|byte| !is_digit(byte)).unwrap_or(rest.len())
    };
    match sign[0] {
        b'-' | b'$' | b'P' => {}
        // A short value is told by what belongs to it.
        b'E' if memmem::find(rest, b",iv:").is_some() => return true,
        b'!' => {
            let is_hex = |a: &u8, b: &u8| a.is_ascii_hexdigit() && b.is_ascii_hexdigit();
            return rest.chunk_by(is_hex).any(|run| run.len() >= LONG_DIGITS_MIN);
        }
        b'{' => return digits(&is_digit) >= LONG_DIGITS_MIN,
        b'g' => {
            return digits(&|byte| is_digit(byte) || b"-_".contains(byte)) >= LONG_DIGITS_MIN;
        }
        _ => return digits(&is_digit) >= DIGITS_MIN,
    }
    // The lines behind the first: in JSON their breaks are escapes.
    let broken = memmem::find(rest, b"\n").or_else(|| memmem::find(rest, b"\\n"));
    broken.is_some_and(|at| {
        rest[at..]
            .chunk_by(|a, b| is_digit(a) && is_digit(b))
            .any(|run| run.len() >= DIGITS_MIN && run.iter().any(u8::is_ascii_digit))
    })
}

/// Whether bytes begin as a message that is encrypted for somebody, RFC 5652: a sequence whose
/// first member says so, as S/MIME and PKCS #7 have it.
pub fn is_cms(bytes: &[u8]) -> bool {
    const ENVELOPED: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03";
    let [0x30, len, rest @ ..] = bytes else { return false };
    let width = if *len < 0x80 { 0 } else { usize::from(len & 0x7f) };
    width <= 4 && rest.get(width..).is_some_and(|body| body.starts_with(ENVELOPED))
}

/// Whether bytes begin as a message of `OpenPGP` that is encrypted, RFC 9580: a session key for
/// somebody or of a passphrase, or encrypted data itself.
pub fn is_openpgp(bytes: &[u8]) -> bool {
    let Some((tag, len, body)) = packet(bytes) else { return false };
    match (tag, body) {
        (1, [2..=6, ..]) | (3, [4..=6, ..]) => {
            // Another one, or the data.
            let next = len.and_then(|len| body.get(len..));
            next.is_some_and(|next| {
                packet(next).is_some_and(|(tag, _, _)| matches!(tag, 1 | 3 | 9 | 18 | 20))
            })
        }
        (18, [1 | 2, ..]) => len.is_none_or(|len| body.len() == len),
        _ => false,
    }
}

/// The type of a packet, the length of its body where it is known, and what follows its header.
fn packet(bytes: &[u8]) -> Option<(u8, Option<usize>, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let number =
        |bytes: &[u8]| bytes.iter().fold(0usize, |all, byte| all << 8 | usize::from(*byte));
    let header = |width: usize| Some((number(rest.get(..width)?), &rest[width..]));
    match (first & 0xc0, first & 3) {
        (0x80, 3) => Some((first >> 2 & 15, None, rest)),
        (0x80, kind) => {
            let (len, body) = header(1 << kind)?;
            Some((first >> 2 & 15, Some(len), body))
        }
        (0xc0, _) => {
            let tag = first & 63;
            match rest.first()? {
                len @ 0..=191 => Some((tag, Some(usize::from(*len)), &rest[1..])),
                192..=223 => {
                    let (len, body) = header(2)?;
                    Some((tag, Some(len - (192 << 8) + 192), body))
                }
                224..=254 => Some((tag, None, &rest[1..])),
                255 => Some((tag, Some(number(rest.get(1..5)?)), &rest[5..])),
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encrypted_says_so() {
        for (text, form) in [
            (
                "$ANSIBLE_VAULT;1.1;AES256\n66643034663662396232386538343433\n",
                Some("ansible-vault: encrypted"),
            ),
            (
                "key: !vault |\n  $ANSIBLE_VAULT;1.2;AES256;dev\n      6664303466366239\n",
                Some("ansible-vault: encrypted"),
            ),
            ("owner: ENC[AES256_GCM,data:9lYQPsXaDXzcvUCJ==,iv:+AY=]", Some("sops: encrypted")),
            ("-----BEGIN PGP MESSAGE-----\n\nhQEMA7sZ6fSz0oT1AQf/\n", Some("pgp: encrypted")),
            (
                r#"{"m": "-----BEGIN PGP MESSAGE-----\n\nhQEMA7sZ6fSz0oT1AQf/\n"}"#,
                Some("pgp: encrypted"),
            ),
            ("U2FsdGVkX1+7cTQm2oZ5wJ9p", Some("openssl: encrypted")),
            ("owner: ENC[AES256_GCM,data:9lY=,iv:+AYd,tag:x,type:str]", Some("sops: encrypted")),
            (
                "pw: !vault |\n  66643034663662396232386538343433\n",
                Some("ansible-vault: encrypted"),
            ),
            (
                "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A\n\nMIIEpAIBAAKCAQEA7\n",
                Some("pem: encrypted"),
            ),
            ("t=gAAAAABnR0x1-_AQIDBAUGBwgJCgsMDQ4PEBESExQVFg==", Some("fernet: encrypted")),
            ("pw: '{cipher}66643034663662396232386538343433'", Some("spring: encrypted")),
            ("eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.T0tBV09LQV", Some("jwe: encrypted")),
            ("key: !vault and more of it", None),
            ("{cipher} stands before such", None),
            ("files begin with $ANSIBLE_VAULT;1.1;AES256 and then digits", None),
            ("files that have `ENC[AES256_GCM,data:...` in them", None),
            ("-----BEGIN PGP MESSAGE-----\nand so on, as everybody knows it\n", None),
        ] {
            assert_eq!(sealed(text.as_bytes()).collect::<Vec<_>>(), Vec::from_iter(form), "{text}");
        }
    }

    #[test]
    fn messages_of_openpgp_are_told_by_their_packets() {
        let passphrase =
            b"\x8c\x0d\x04\x09\x03\x02\x45\x09\x65\x16\xae\x14\x23\xeb\xff\xd2\x81\x01KH";
        let key = [&b"\x85\x00\x06\x03abcde\xd2"[..], &[9, 1, 2]].concat();
        for bytes in [&passphrase[..], &key] {
            assert!(is_openpgp(bytes));
        }
        for bytes in
            [&b"\x89PNG\r\n\x1a\n"[..], b"\x8c\x0dann@contoso.com", b"\x80\x04\x95", b"text"]
        {
            assert!(!is_openpgp(bytes));
        }
    }
}
