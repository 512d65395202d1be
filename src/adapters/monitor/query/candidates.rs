//! What may name a person, as the query language can ask for it: never less than the matcher takes
//! for that person in a text as it is or in its usual disguises, perhaps more.
//!
//! An identity comes down to its runs of plain letters and digits, all of which a value must have,
//! in either case and in any order. So it does not matter what stands between them
//! (`ann@contoso.com`, `ann%40contoso.com`, `ann_contoso.com#EXT#`, `ann=contoso.com@lists…`,
//! `Lefèvre, Ann`), nor how letters beyond these are written (`Lef\u00e8vre`, `Lef%C3%A8vre`,
//! decomposed). Beside that stand the ways to write plain letters as others (full width, `ß` for
//! `ss`), and Base64.
//!
//! What is packed in a value (compressed, or in Base64 twice) no query finds.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use unicode_normalization::UnicodeNormalization;

use crate::adapters::monitor::query::literal::string;
use crate::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};

/// Runs of an identity that are asked for at most: more only narrow it down further.
const RUNS_MAX: usize = 6;
/// Fewest bytes of an identity that are looked for in Base64.
const PACKED_BYTES_MIN: usize = 8;

/// What may name one person.
#[derive(Clone, Default)]
pub struct Candidate {
    /// Of each of these all have to be there.
    any: Vec<Vec<String>>,
    /// Hashes of whole values in lower case.
    hashes: Vec<String>,
    /// Whether any address may be one of the hashes.
    takes_addresses: bool,
    /// Identities that are whole numbers.
    numbers: Vec<i64>,
}

/// How the sign of an address is written.
const SIGNS: [&str; 6] = ["@", "%40", "u0040", "＠", "&#64;", "#ext#"];

impl Candidate {
    /// That of a person.
    pub fn of(person: &Subject) -> Self {
        let mut candidate = Self::default();
        for identity in &person.identities {
            candidate.add(identity);
        }
        candidate.any.sort();
        candidate.any.dedup();
        candidate
    }

    /// The same without asking for every address because its hash may be one that is sought: only
    /// for values that are the address and nothing else. `None` where that is no difference.
    pub fn narrowed(&self) -> Option<Self> {
        self.takes_addresses.then(|| Self { takes_addresses: false, ..self.clone() })
    }

    /// Whether it can be asked for at all.
    pub fn is_empty(&self) -> bool {
        self.any.is_empty() && self.hashes.is_empty()
    }

    /// What a column of numbers may name them by.
    pub fn numbers(&self) -> impl Iterator<Item = i64> {
        self.numbers.iter().copied()
    }

    /// The condition on an expression that is a string.
    pub fn condition(&self, expression: &str) -> String {
        // The language knows the case of plain letters alone.
        let contains = |needle: &String| match needle.is_ascii() {
            true => format!("{expression} contains {}", string(needle)),
            false => {
                let lower = string(&needle.to_lowercase());
                format!("tolower({expression}) contains {lower}")
            }
        };
        let all = |needles: &Vec<String>| {
            let all: Vec<String> = needles.iter().map(contains).collect();
            if all.len() == 1 { all.concat() } else { format!("({})", all.join(" and ")) }
        };
        let mut terms: Vec<String> = self.any.iter().map(all).collect();
        let hashed =
            |hash: &String| format!("hash_sha256(tolower({expression})) == {}", string(hash));
        terms.extend(self.hashes.iter().map(hashed));
        if self.takes_addresses {
            terms.extend(SIGNS.map(|sign| contains(&sign.to_owned())));
        }
        format!("({})", terms.join(" or "))
    }

    /// Whether a value may be one that was asked for, as far as that can be told here.
    pub fn admits(&self, value: &str) -> bool {
        let value = value.to_lowercase();
        let has = |needle: &str| value.contains(&needle.to_lowercase());
        self.any.iter().any(|all| all.iter().all(|needle| has(needle)))
            // Whether a hash is that of the value is the matcher's to say.
            || !self.hashes.is_empty() && SIGNS.iter().any(|sign| has(sign))
    }

    fn add(&mut self, identity: &Identity) {
        let value = identity.expose().trim();
        if identity.format == IdentityFormat::Sha256 {
            // The hash itself may stand there too.
            self.any.push(vec![value.to_lowercase()]);
            self.hashes.push(value.to_lowercase());
            self.takes_addresses = true;
            return;
        }
        // Zeros that lead are lost in a number: what has them is another.
        let number = value.parse().ok().filter(|number: &i64| number.to_string() == value);
        self.numbers.extend(number);
        let value = match identity.kind {
            // Of a guest's name the tenant is left out, and of a passport id who gave it.
            IdentityType::Email | IdentityType::Upn => before_guest(value),
            IdentityType::Puid => value.rsplit(':').next().unwrap_or(value),
            _ => value,
        };
        let needles = match identity.kind {
            IdentityType::ObjectId => of_guid(value).unwrap_or_else(|| runs(value)),
            _ => runs(value),
        };
        if needles.is_empty() {
            self.any.extend(written(value));
        } else {
            self.any.extend(respelled(&needles));
            self.any.push(needles);
        }
        if value.len() >= PACKED_BYTES_MIN {
            let packed = [value.to_owned(), value.to_lowercase()].into_iter().flat_map(packed);
            self.any.extend(packed.map(|core| vec![core]));
        }
    }
}

/// What of a user principal name is the address that a guest was invited by.
fn before_guest(value: &str) -> &str {
    let at = value.to_ascii_lowercase().find("#ext#");
    at.map_or(value, |at| &value[..at])
}

/// Both ends of a GUID: dashes may be between any of its parts, or not.
fn of_guid(value: &str) -> Option<Vec<String>> {
    let digits: String = value.chars().filter(char::is_ascii_hexdigit).collect();
    (digits.len() == 32).then(|| vec![digits[..8].to_owned(), digits[20..].to_owned()])
}

/// Runs of plain letters and digits, the longest ones; those of one letter where there are no
/// others. Empty where what is left would say next to nothing.
fn runs(value: &str) -> Vec<String> {
    // `ﬁ` and full-width letters in the identity itself; its accents are no plain letters.
    let folded: String = value.nfkc().collect();
    let mut runs: Vec<&str> =
        folded.split(|c: char| !c.is_ascii_alphanumeric()).filter(|run| !run.is_empty()).collect();
    runs.sort_by_key(|run| std::cmp::Reverse(run.len()));
    runs.dedup();
    if runs.first().is_some_and(|longest| longest.len() > 1) {
        runs.retain(|run| run.len() > 1);
    }
    let letters: usize = runs.iter().map(|run| run.len()).sum();
    let foreign = folded.chars().filter(|c| c.is_alphanumeric() && !c.is_ascii()).count();
    // Of a name in another script the few plain letters say nothing.
    if foreign > letters {
        return Vec::new();
    }
    runs.into_iter().take(RUNS_MAX).map(str::to_owned).collect()
}

/// The same runs in letters that a reader takes for plain ones.
fn respelled(runs: &[String]) -> Vec<Vec<String>> {
    type Spelling = fn(&str) -> String;
    let spellings: [Spelling; 4] = [
        |run| run.chars().map(wide).collect(),
        |run| run.to_lowercase().replace("ss", "ß"),
        |run| run.to_lowercase().replace('i', "ı"),
        |run| {
            let ligatures = [("ffi", "ﬃ"), ("ffl", "ﬄ"), ("ff", "ﬀ"), ("fi", "ﬁ"), ("fl", "ﬂ")];
            ligatures.iter().fold(run.to_lowercase(), |run, (two, one)| run.replace(two, one))
        },
    ];
    let spelled =
        |spelling: Spelling| -> Vec<String> { runs.iter().map(|run| spelling(run)).collect() };
    let own: Vec<String> = runs.iter().map(|run| run.to_lowercase()).collect();
    spellings.into_iter().map(spelled).filter(|other| *other != own).collect()
}

fn wide(c: char) -> char {
    let wide = (c.is_ascii_graphic()).then(|| char::from_u32(c as u32 + 0xfee0));
    wide.flatten().unwrap_or(c)
}

/// How a text that has few plain letters may be written: its words by themselves, since their order
/// and what is between them are free; and letters of scripts that need no space between words.
fn written(value: &str) -> Vec<Vec<String>> {
    let composed: String = value.nfkc().collect();
    let (lower, upper) = (composed.to_lowercase(), composed.to_uppercase());
    let parted = composed.nfd().collect();
    let mut forms = Vec::new();
    for text in [value.to_owned(), composed, lower, upper, parted] {
        let mut words = words(&text);
        if words.is_empty() {
            words.push(text);
        }
        let percent = |word: &String| utf8_percent_encode(word, NON_ALPHANUMERIC).to_string();
        forms.push(words.iter().map(percent).collect());
        forms.push(words.iter().map(|word| escaped(word)).collect());
        forms.push(words);
    }
    forms.sort();
    forms.dedup();
    forms
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    // Han, kana, Hangul, and what is beside them.
    let is_spaceless = |c: char| matches!(c as u32, 0xe00..0xf00 | 0x1100..0x1200 | 0x2e80..);
    let parts = words.flat_map(|word| match word.chars().all(is_spaceless) {
        true => word.chars().map(String::from).collect(),
        false => vec![word.to_owned()],
    });
    let mut parts: Vec<String> = parts.collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
    parts.truncate(RUNS_MAX);
    parts
}

/// As JSON may write it.
fn escaped(text: &str) -> String {
    let unit = |unit: u16| match u8::try_from(unit) {
        Ok(byte) if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("\\u{unit:04x}"),
    };
    text.encode_utf16().map(unit).collect()
}

/// What of the Base64 of a text that has this value in it is the value's alone, at each of the
/// three places where it may begin.
fn packed(value: String) -> Vec<String> {
    let cores = (0..3).map(|before| {
        let bytes = [&vec![0; before][..], value.as_bytes()].concat();
        let whole = STANDARD_NO_PAD.encode(&bytes);
        // A letter is of six bits: those that have bits of what is around it are left out.
        let from = (before * 8).div_ceil(6);
        let to = bytes.len() * 8 / 6;
        whole[from..to].to_owned()
    });
    // In the alphabet for addresses too.
    let for_urls = |core: String| {
        let other = core.replace('+', "-").replace('/', "_");
        let other = (other != core).then_some(other);
        [core].into_iter().chain(other)
    };
    cores.flat_map(for_urls).collect()
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn candidate(kind: IdentityType, value: &str) -> Candidate {
        let identity = Identity::new(kind, IdentityFormat::Raw, value.to_owned());
        Candidate::of(&Subject { identities: vec![identity] })
    }

    #[test]
    fn whatever_may_name_somebody_is_asked_for() {
        use IdentityType::{ControllerCustomerId, Email, Name, ObjectId, Puid, Upn, Username};
        let encoded = |text: &str| STANDARD_NO_PAD.encode(text);
        let guid = "6F9619FF-8B86-D011-B42D-00CF4FC964FF";
        let table = [
            (Email, "Ann@Contoso.com", "by ANN@contoso.COM today".to_owned()),
            (Email, "ann@contoso.com", "q=ann%40contoso%2Ecom".to_owned()),
            (Email, "ann@contoso.com", r#"{"u":"ann\u0040contoso.com"}"#.to_owned()),
            (Email, "ann@contoso.com", "ann_contoso.com#EXT#@t.onmicrosoft.com".to_owned()),
            (Email, "ann@contoso.com", "l-bounce+ann=contoso.com@lists.org".to_owned()),
            (Email, "ann@contoso.com", "ａｎｎ＠ｃｏｎｔｏｓｏ．ｃｏｍ".to_owned()),
            (Email, "ann@contoso.com", encoded("x ann@contoso.com")),
            (Email, "ann@contoso.com", encoded("xyz ann@contoso.com and")),
            (Email, "ann@contoso.com", encoded("xy ann@contoso.com and")),
            (Email, "Ann@Contoso.com", encoded("xy ann@contoso.com and")),
            (Upn, "ann_contoso.com#EXT#@t.onmicrosoft.com", "ann@contoso.com".to_owned()),
            (ObjectId, guid, "6f9619ff-8b86-d011-b42d-00cf4fc964ff".to_owned()),
            (ObjectId, guid, "{6f9619ff8b86d011b42d00cf4fc964ff}".to_owned()),
            (Puid, "1:live.com:0006BFFD8A123456", "0006bffd8a123456".to_owned()),
            (Name, "Ann Lefèvre", "LEFÈVRE,  Ann".to_owned()),
            (Name, "Ann Lefèvre", "lefe\u{300}vre ann".to_owned()),
            (Name, "Ann Lefèvre", r"Lef\u00e8vre Ann".to_owned()),
            (Name, "Ann Lefèvre", "Lef%C3%A8vre+Ann".to_owned()),
            (Name, "Anne-Marie O'Brien", "O’Brien, Anne‐Marie".to_owned()),
            (Name, "Eva Strasse", "eva straße".to_owned()),
            (Name, "Eva Straße", "EVA STRASSE".to_owned()),
            (Name, "山田 太郎", "太郎　山田".to_owned()),
            (Name, "山田太郎", "太郎 山田".to_owned()),
            (Name, "Анна Иванова", "ИВАНОВА, Анна".to_owned()),
            (
                Name,
                "Анна Иванова",
                "%D0%B8%D0%B2%D0%B0%D0%BD%D0%BE%D0%B2%D0%B0+\
                %D0%B0%D0%BD%D0%BD%D0%B0"
                    .to_owned(),
            ),
            (Name, "山田太郎", r"\u5c71\u7530\u592a\u90ce".to_owned()),
            (Name, "山田太郎", "%E5%B1%B1%E7%94%B0%E5%A4%AA%E9%83%8E".to_owned()),
            (Username, "ann", "/home/ann/x".to_owned()),
            (ControllerCustomerId, "C>>>???1029", encoded("x C>>>???1029")),
            (ControllerCustomerId, "C>>>???1029", URL_SAFE_NO_PAD.encode("x C>>>???1029")),
            (ControllerCustomerId, "C>>>???1029", URL_SAFE_NO_PAD.encode("xyz C>>>???1029 b")),
            (ControllerCustomerId, "C-1029", "customer c-1029".to_owned()),
            (ControllerCustomerId, "\"; union (T)", "x \"; union (t)".to_owned()),
        ];
        for (kind, value, text) in table {
            assert!(candidate(kind, value).admits(&text), "{value} in {text}");
        }
    }

    #[test]
    fn what_does_not_name_them_is_rarely_asked_for() {
        use IdentityType::{Email, Name, ObjectId};
        let table = [
            (Email, "ann@contoso.com", "bob@contoso.com"),
            (Name, "Ann Lefèvre", "Ann Miller"),
            (Name, "山田太郎", "山本一郎"),
            (
                ObjectId,
                "6F9619FF-8B86-D011-B42D-00CF4FC964FF",
                "6f9619ff-8b86-d011-b42d-000000000000",
            ),
        ];
        for (kind, value, text) in table {
            assert!(!candidate(kind, value).admits(text), "{value} in {text}");
        }
    }

    #[test]
    fn whole_numbers_are_asked_for_as_numbers() {
        use IdentityType::{ControllerCustomerId, Name, Username};
        let table = [
            (ControllerCustomerId, "104239", vec![104_239]),
            (Username, " 104239 ", vec![104_239]),
            (ControllerCustomerId, "0104239", vec![]),
            (ControllerCustomerId, "+104239", vec![]),
            (ControllerCustomerId, "104239.5", vec![]),
            (ControllerCustomerId, "1e9", vec![]),
            (ControllerCustomerId, "99999999999999999999", vec![]),
            (ControllerCustomerId, "C-1029", vec![]),
            (Name, "Ann", vec![]),
        ];
        for (kind, value, expected) in table {
            assert_eq!(candidate(kind, value).numbers().collect::<Vec<_>>(), expected, "{value}");
        }
    }

    #[test]
    fn a_hash_asks_for_itself_and_for_every_address() {
        let hash = "a".repeat(64);
        let identity = Identity::new(IdentityType::Email, IdentityFormat::Sha256, hash.clone());
        let candidate = Candidate::of(&Subject { identities: vec![identity] });
        let whole = candidate.condition("['C']");
        assert!(whole.contains("contains \"@\""), "{whole}");
        let narrowed = candidate.narrowed().unwrap().condition("['C']");
        assert_eq!(
            narrowed,
            format!("(['C'] contains \"{hash}\" or hash_sha256(tolower(['C'])) == \"{hash}\")")
        );
        assert!(candidate.admits(&hash) && candidate.admits("bob%40contoso.com"));
    }
}
