//! What is encrypted in the midst of a text and says so: nobody can tell whom it speaks of.
//!
//! A text may speak of such a form without having any: behind the sign must stand what only the
//! form has there.

use std::sync::LazyLock;

use memchr::memmem;

use crate::matching::blocks::few::Few;

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

/// All signs, asked for at once.
static ANY: LazyLock<Few> = LazyLock::new(|| Few::new(&SIGNS.map(|(sign, _)| sign)));

/// What is encrypted in these bytes, each form once.
pub fn sealed(bytes: &[u8]) -> impl Iterator<Item = &'static str> {
    let any = ANY.any(bytes);
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
}
