//! Why an identity cannot be searched for safely: each value is checked against what its type looks
//! like, and against a floor, since one that is too short or too common would find other people.

use unicode_normalization::UnicodeNormalization;
use unicode_script::{Script, UnicodeScript};

use crate::domain::asked::subject::{Identity, IdentityFormat, IdentityType};

/// Longest identity, in characters. RFC 5321 bounds an address at 254; names can be longer.
pub const IDENTITY_CHARS_MAX: usize = 512;

/// Words that name nobody: searching for them would find everybody. Compared after NFKC, in lower
/// case.
pub const COMMON: [&str; 24] = [
    "admin",
    "administrator",
    "anonymous",
    "azureuser",
    "default",
    "guest",
    "jane doe",
    "john doe",
    "n/a",
    "nobody",
    "none",
    "null",
    "root",
    "service",
    "system",
    "test",
    "test user",
    "unknown",
    "user",
    "username",
    "undefined",
    "azureml",
    "data",
    "shared",
];

/// Why an identity cannot be searched for safely.
pub fn weakness(identity: &Identity, chars_min: usize) -> Option<(&'static str, String)> {
    let value = identity.expose();
    let chars = value.chars().count();
    if value.is_empty() {
        return Some(("empty", "the identity is empty".into()));
    }
    if chars > IDENTITY_CHARS_MAX {
        return Some(("too_long", format!("longer than {IDENTITY_CHARS_MAX} characters")));
    }
    if value.contains(|c: char| c.is_control() || is_invisible(c, identity.kind)) {
        let text = "the identity has control or invisible characters";
        return Some(("control_characters", text.into()));
    }
    if identity.format == IdentityFormat::Sha256 {
        return (!is_hex(value, 64)).then(|| ("bad_hash", "not 64 hexadecimal digits".into()));
    }
    if is_common(value) || is_blank_id(identity) {
        let text = "too common: it would find other people";
        return Some(("too_common", text.into()));
    }
    if mixes_scripts(identity) {
        let text = "letters of scripts that look alike are mixed: it may not be what it seems";
        return Some(("mixed_scripts", text.into()));
    }
    match identity.kind {
        IdentityType::Email | IdentityType::Upn => {
            (!is_address(value)).then(|| ("bad_address", "not of the form local@domain".into()))
        }
        IdentityType::ObjectId => {
            (!is_guid(value)).then(|| ("bad_guid", "not a GUID of 32 hexadecimal digits".into()))
        }
        IdentityType::Puid => (!is_hex(bare_puid(value), 16))
            .then(|| ("bad_puid", "not 16 hexadecimal digits".into())),
        // Two Han characters make a whole name; three Latin letters hardly do.
        IdentityType::Name if value.chars().all(is_wide) => (chars < 2).then(|| too_short(2)),
        IdentityType::Name | IdentityType::Username | IdentityType::ControllerCustomerId => {
            (chars < chars_min).then(|| too_short(chars_min))
        }
    }
}

/// Whether a value is a word for nobody, or has nothing that could be searched for.
fn is_common(value: &str) -> bool {
    let folded = value.nfkc().collect::<String>().to_lowercase();
    let words: Vec<&str> = folded.split_whitespace().collect();
    COMMON.contains(&words.join(" ").as_str()) || !value.contains(char::is_alphanumeric)
}

/// Ids of zeros, or of `f` alone, stand for "nobody" wherever a document has no id to give.
fn is_blank_id(identity: &Identity) -> bool {
    let digits = || {
        let digits = bare_puid(identity.expose()).chars();
        digits.filter(|c| !matches!(c, '-' | '{' | '}')).map(|c| c.to_ascii_lowercase())
    };
    match identity.kind {
        IdentityType::ObjectId | IdentityType::Puid => {
            digits().all(|c| c == '0') || digits().all(|c| c == 'f')
        }
        IdentityType::ControllerCustomerId => digits().all(|c| c == '0'),
        IdentityType::Email | IdentityType::Upn | IdentityType::Name | IdentityType::Username => {
            false
        }
    }
}

/// Whether a part of an address or an alias mixes Latin, Cyrillic and Greek, whose letters look
/// alike: `аnn` with a Cyrillic а is not `ann`. Each part of an address may have a script of its
/// own, and names may have several: people write `Анна Smith`, and Japanese has three and Latin.
fn mixes_scripts(identity: &Identity) -> bool {
    if !matches!(identity.kind, IdentityType::Email | IdentityType::Upn | IdentityType::Username) {
        return false;
    }
    let (local, domain) = identity.expose().rsplit_once('@').unwrap_or((identity.expose(), ""));
    let is_mixed = |part: &str| {
        let folded: String = part.nfkc().collect();
        let has = |script| folded.chars().any(|c| c.script() == script);
        let alike = [Script::Latin, Script::Cyrillic, Script::Greek];
        alike.into_iter().filter(|script| has(*script)).count() > 1
    };
    local.split('\\').chain(domain.split('.')).any(is_mixed)
}

fn too_short(chars_min: usize) -> (&'static str, String) {
    ("too_short", format!("shorter than {chars_min} characters: it would find other people"))
}

/// Zero-width and directional characters, which make two unlike texts look alike. In a name the two
/// joiners are spelling: Persian and the scripts of India need them.
fn is_invisible(c: char, kind: IdentityType) -> bool {
    const RANGES: [(char, char); 11] = [
        ('\u{ad}', '\u{ad}'),
        ('\u{34f}', '\u{34f}'),
        ('\u{61c}', '\u{61c}'),
        ('\u{115f}', '\u{1160}'),
        ('\u{180e}', '\u{180e}'),
        ('\u{200b}', '\u{200f}'),
        ('\u{2028}', '\u{202e}'),
        ('\u{2060}', '\u{206f}'),
        ('\u{3164}', '\u{3164}'),
        ('\u{feff}', '\u{feff}'),
        ('\u{e0000}', '\u{e007f}'),
    ];
    let is_joiner = matches!(c, '\u{200c}' | '\u{200d}');
    let is_spelling = is_joiner && kind == IdentityType::Name;
    !is_spelling && RANGES.iter().any(|(first, last)| (*first..=*last).contains(&c))
}

/// Scripts written without spaces, in which a name is two characters or more.
fn is_wide(c: char) -> bool {
    const RANGES: [(char, char); 4] = [
        ('\u{3040}', '\u{30ff}'),
        ('\u{3400}', '\u{9fff}'),
        ('\u{ac00}', '\u{d7af}'),
        ('\u{20000}', '\u{3ffff}'),
    ];
    RANGES.iter().any(|(first, last)| (*first..=*last).contains(&c))
}

fn is_address(value: &str) -> bool {
    let Some((local, domain)) = value.rsplit_once('@') else { return false };
    !local.is_empty()
        && domain.len() >= 3
        && domain.contains('.')
        && !value.contains(char::is_whitespace)
        && !domain.starts_with('.')
        && !domain.ends_with('.')
}

fn is_guid(value: &str) -> bool {
    let bare = value.strip_prefix('{').and_then(|v| v.strip_suffix('}')).unwrap_or(value);
    match bare.len() {
        32 => is_hex(bare, 32),
        36 => {
            [8, 13, 18, 23].iter().all(|at| bare.as_bytes()[*at] == b'-')
                && is_hex(&bare.replace('-', ""), 32)
        }
        _ => false,
    }
}

fn bare_puid(value: &str) -> &str {
    value.rsplit(':').next().unwrap_or(value)
}

fn is_hex(value: &str, digits: usize) -> bool {
    value.len() == digits && value.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_has_its_weakness_or_none() {
        use IdentityType::{ControllerCustomerId, Email, Name, ObjectId, Puid, Upn, Username};
        for (kind, value, expected) in [
            (Name, "Ann Lefèvre", None),
            (Name, "Анна Каренина", None),
            (Name, "Анна Smith", None),
            (Name, "山田 はなこ Hanako ハナコ", None),
            (Name, "علی\u{200c}رضا", None),
            (Name, "葛\u{e0100}城 花", None),
            (Name, "山田", None),
            (Name, "山", Some("too_short")),
            (Name, "Ann\u{202e}erdnA", Some("control_characters")),
            (Name, "ＪＯＨＮ　Ｄｏｅ", Some("too_common")),
            (Name, "-- --", Some("too_common")),
            (Username, "annlef", None),
            (Username, "анна.каренина", None),
            (Username, "CONTOSO\\анна", None),
            (Username, "аnnlef", Some("mixed_scripts")),
            (Username, "annle\u{3bf}", Some("mixed_scripts")),
            (Username, "an\u{200c}nlef", Some("control_characters")),
            (Email, "анна@contoso.com", None),
            (Email, "анна@почта.рф", None),
            (Email, "花子@例え.jp", None),
            (Email, "аnn@contoso.com", Some("mixed_scripts")),
            (Upn, "ann@cοntoso.com", Some("mixed_scripts")),
            (Email, "ann@contoso", Some("bad_address")),
            (ObjectId, "00000000-0000-0000-0000-000000000000", Some("too_common")),
            (ObjectId, "{FFFFFFFF-ffff-ffff-ffff-ffffffffffff}", Some("too_common")),
            (Puid, "MSA:0000000000000000", Some("too_common")),
            (Puid, "MSA:0003BFFD12345678", None),
            (ControllerCustomerId, "00000", Some("too_common")),
            (ControllerCustomerId, "00001", None),
        ] {
            let identity = Identity::new(kind, IdentityFormat::Raw, value.to_owned());
            let found = weakness(&identity, 4).map(|(code, _)| code);
            assert_eq!(found, expected, "{value}");
        }
    }
}
