//! Base64 that is too short to be told from other words, where something says that it is base64:
//! the two colons of LDIF, a pad at its end, a word before it.

use std::ops::Range;

use memchr::memchr_iter;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::matching::keys::users::speaks_of_users;

/// Fewer digits spell no name: two letters of Chinese have six bytes.
const DIGITS_MIN: usize = 8;

/// Longer runs are decoded wherever they stand.
const DIGITS_MAX: usize = 15;

/// Whatever the bits that are left over say.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::RequireNone);

const PLAIN: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);

const FOR_URLS: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// What LDIF has before base64 (RFC 2849).
const OF_LDIF: &[u8] = b":: ";

/// Words that speak of base64, and that.
pub const SIGNS: &[&[u8]] = &[b"base64", b"Base64", b"b64", b"BASE64", OF_LDIF];

/// Bytes between such a word and what it speaks of.
const WORD_REACH: usize = 24;

/// Every such run, with what it spells; `words`: where words and signs stand that speak of one.
pub fn runs(bytes: &[u8], words: &[Range<usize>], found: &mut dyn FnMut(Range<usize>, Vec<u8>)) {
    let mut done = 0;
    let mut tell = |run: Range<usize>| {
        let digits = &bytes[run.clone()];
        let is_new = run.start >= done && (DIGITS_MIN - 2..=DIGITS_MAX).contains(&run.len());
        let spelled = PLAIN.decode(digits).or_else(|_| FOR_URLS.decode(digits)).ok();
        if let Some(spelled) = spelled.filter(|_| is_new) {
            done = run.end;
            found(run, spelled);
        }
    };
    let mut signs: Vec<usize> = pads(bytes).collect();
    for word in words {
        signs.extend(if bytes[word.clone()] == *OF_LDIF {
            Some(word.end)
        } else {
            behind(bytes, word.end)
        });
    }
    signs.sort_unstable();
    signs.into_iter().for_each(|at| tell(run_at(bytes, at)));
}

/// What digits spell behind the key before them, if it speaks of users: a word alone would say
/// nothing of one.
pub fn after_key(before: &[u8], spelled: &[u8]) -> Option<Vec<u8>> {
    // What has other signs says for itself what it is.
    let is_word =
        |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte) || !byte.is_ascii();
    if !(2..=WORD_BYTES_MAX).contains(&spelled.len()) || !spelled.iter().all(is_word) {
        return None;
    }
    let before = &before[before.len().saturating_sub(KEY_BYTES_MAX)..];
    let before =
        before.strip_suffix(b"0x").or_else(|| before.strip_suffix(b"\\x")).unwrap_or(before);
    let is_quote = |byte: &u8| matches!(byte, b'"' | b'\'' | b' ' | b'\\');
    let opened = &before[..before.iter().rposition(|byte| !is_quote(byte))? + 1];
    let signs = opened.iter().rev().take_while(|byte| matches!(byte, b':' | b'=')).count();
    let signed = &opened[..opened.len() - signs];
    let named = &signed[..signed.iter().rposition(|byte| !is_quote(byte))? + 1];
    let is_key = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
    let key = &named[named.iter().rposition(|byte| !is_key(byte)).map_or(0, |at| at + 1)..];
    let key = String::from_utf8_lossy(key).to_lowercase();
    let speaks = signs > 0 && speaks_of_users(&key) && std::str::from_utf8(spelled).is_ok();
    speaks.then(|| [key.as_bytes(), b": ", spelled].concat())
}

/// Bytes before digits in which their key stands.
const KEY_BYTES_MAX: usize = 48;

/// Longest word that is read after its key.
const WORD_BYTES_MAX: usize = 64;

/// Where runs begin that end with a pad and are whole with it.
fn pads(bytes: &[u8]) -> impl Iterator<Item = usize> {
    memchr_iter(b'=', bytes).filter_map(|at| {
        let is_first = at > 0 && is_digit(bytes[at - 1]);
        let pads = bytes[at..].iter().take(2).take_while(|byte| **byte == b'=').count();
        // In `key=value` a value follows.
        if !is_first || bytes.get(at + pads).is_some_and(|byte| is_digit(*byte)) {
            return None;
        }
        let digits = bytes[..at]
            .iter()
            .rev()
            .take(DIGITS_MAX + 1)
            .take_while(|byte| is_digit(**byte))
            .count();
        (digits >= DIGITS_MIN - 2 && (digits + pads).is_multiple_of(4)).then_some(at - digits)
    })
}

/// Where a run begins behind a word that speaks of it.
fn behind(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..bytes.len().min(at + WORD_REACH)];
    // The rest of its own word: `b64decode`.
    let word = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let gap = rest[word..].iter().take_while(|byte| !is_digit(**byte)).count();
    (gap > 0 && word + gap < rest.len()).then_some(at + word + gap)
}

fn run_at(bytes: &[u8], at: usize) -> Range<usize> {
    at..at + bytes[at..].iter().take(DIGITS_MAX + 1).take_while(|byte| is_digit(**byte)).count()
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::blocks::few::Few;

    #[test]
    fn words_are_read_behind_their_keys() {
        for (before, expected) in [
            ("uid:: ", Some("uid: mosei")),
            ("{\"user\": \"", Some("user: mosei")),
            ("{\\\"user\\\": \\\"", Some("user: mosei")),
            ("owner=0x", Some("owner: mosei")),
            ("user: \\x", Some("user: mosei")),
            ("model: ", None),
            ("user ", None),
            ("", None),
        ] {
            let spelled = after_key(before.as_bytes(), b"mosei");
            assert_eq!(spelled.as_deref(), expected.map(str::as_bytes), "{before}");
        }
    }

    #[test]
    fn short_runs_are_told_by_what_stands_around_them() {
        let all = |text: &str| {
            let mut all = Vec::new();
            let words = Few::new(SIGNS).all(text.as_bytes());
            runs(text.as_bytes(), &words, &mut |_, bytes| {
                all.push(String::from_utf8_lossy(&bytes).into_owned());
            });
            all
        };
        for (text, expected) in [
            ("displayName:: 5bGx55Sw6Iqx\n", "山田花"),
            ("cn:: 5p6X5LiA", "林一"),
            ("username: bW9zZWk=\n", "mosei"),
            ("{\"name_b64\": \"5bGx55Sw6Iqx\"}", "山田花"),
            ("data:text/plain;base64,5bGx55Sw6Iqx", "山田花"),
        ] {
            assert_eq!(all(text), [expected], "{text}");
        }
        for text in ["key=value other=thing", "a == b", "std::vec::Vec", "5bGx55Sw6Iqx"] {
            assert_eq!(all(text), [""; 0], "{text}");
        }
    }
}
